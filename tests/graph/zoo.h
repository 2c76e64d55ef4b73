/* One network with every kind of layer, for tests of what does not depend on its meaning. */
#ifndef GRAPH_ZOO_H
#define GRAPH_ZOO_H

#include <stddef.h>
#include <stdint.h>

#include "activ/graph.h"

enum { ZOO_IN = 12, ZOO_CLASSES = 5, ZOO_BATCH = 37 };

/* Builds it, ending in cross-entropy or in mean squared error. The status of the first call that
 * failed other than by what the graph remembers; the graph itself may have failed too. */
activ_status zoo_build(const activ_context *context, activ_graph *g, int classes);

/* Samples, labels and targets of batch number `which`. */
void zoo_data(uint64_t which, size_t batch, float *x, int32_t *labels, float *targets);

/* Builds, compiles for ZOO_BATCH and initialises; fails the test if that fails. */
activ_graph *zoo_create(const activ_context *context, int classes, uint64_t seed);

/* `steps` steps of descent with momentum from the state that the graph is in. */
void zoo_train(activ_graph *g, int classes, uint64_t steps);

#endif
