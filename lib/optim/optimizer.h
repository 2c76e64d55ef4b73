/* Internals of optimisers: what all kinds share, and one table for each kind. */
#ifndef ACTIV_OPTIM_OPTIMIZER_H
#define ACTIV_OPTIM_OPTIMIZER_H

#include "activ/optim.h"
#include "base/checked.h"
#include "base/host.h"
#include "base/text.h"
#include "graph/graph.h"

/* The settings of all kinds, as in their options; those of other kinds are 0. */
typedef struct optimizer_settings {
    float lr, momentum, dampening, beta1, beta2, alpha, eps, weight_decay;
    int32_t nesterov, amsgrad, centered, maximize;
} optimizer_settings;

/* A setting by name, for files. */
typedef struct optimizer_setting {
    const char *name;
    size_t offset; /* in optimizer_settings */
    int is_flag;   /* int32_t, 0 or 1; else a float */
} optimizer_setting;

/* clang-format off */
#define OPTIMIZER_SETTING(name) { #name, offsetof(optimizer_settings, name), 0 }
#define OPTIMIZER_FLAG(name) { #name, offsetof(optimizer_settings, name), 1 }
/* clang-format on */

enum { OPTIMIZER_STATES = 3, OPTIMIZER_MAX_SETTINGS = 7 };

/* Options of one tensor. */
typedef struct optimizer_tensor {
    float lr_scale, weight_decay;
} optimizer_tensor;

/* A range of the parameters with the same options, and the same range of gradients and states. */
typedef struct optimizer_chunk {
    size_t n;
    const float *gradient;
    float *states[OPTIMIZER_STATES]; /* NULL if unused */
    float *params;
    optimizer_tensor options;
} optimizer_chunk;

typedef struct optimizer_kind {
    const char *name;                                   /* in files */
    const char *title;                                  /* in messages */
    optimizer_setting settings[OPTIMIZER_MAX_SETTINGS]; /* ended by a NULL name */
    /* State arrays, with one value per parameter, by PyTorch's names, up to NULL; and whether an optimiser with these
     * settings has them. */
    const char *states[OPTIMIZER_STATES];
    int (*has_state)(const optimizer_settings *settings, size_t state);
    /* The reason why settings are invalid, or NULL. They are finite and not negative (dampening may be). */
    const char *(*check)(const optimizer_settings *settings);
    void (*step)(const activ_optimizer *optimizer, const optimizer_chunk *chunk);
} optimizer_kind;

extern const optimizer_kind activ_optimizer_sgd, activ_optimizer_adamw, activ_optimizer_rmsprop;

struct activ_optimizer {
    activ_host host;
    activ_graph *graph;
    const optimizer_kind *kind;
    optimizer_settings settings;
    uint64_t steps;                  /* taken */
    size_t count;                    /* number of parameters */
    float *states[OPTIMIZER_STATES]; /* in one block, which starts at `block` */
    float *block;
    size_t block_bytes;
    size_t tensor_count;
    optimizer_tensor tensor[]; /* one for each tensor of the graph */
};

/* Creates an optimiser; fails as calls on the graph do, also for invalid settings. */
activ_status activ_optimizer_create(activ_graph *graph, const optimizer_kind *kind, const optimizer_settings *settings,
                                    activ_optimizer **out);

/* Copies a caller's options of `size` bytes to `own`; NULL: the defaults. The first step of a create call. */
activ_status activ_optimizer_read_options(activ_graph *graph, const optimizer_kind *kind, const void *options,
                                          const void *defaults, size_t size, void *own, activ_optimizer **out);

/* Fails if settings are invalid. */
activ_status activ_optimizer_check(const optimizer_kind *kind, const optimizer_settings *settings,
                                   activ_message *message);
int activ_optimizer_check_tensor(const optimizer_tensor *own);

/* What counts as 0 in averages of gradients by beta1 and of their squares by beta2: subnormal numbers, and what would
 * add one; nothing if eps is so small that it could be noticed (activ/optim.h). */
activ_least activ_optimizer_least(float eps, float beta1, float beta2);

/* An optimiser as text, and back: see describe.c. A message begins with "line N". */
void activ_optimizer_describe(const activ_optimizer *optimizer, activ_text *text);
activ_status activ_optimizer_parse(activ_graph *graph, const char *description, activ_optimizer **out,
                                   activ_message *message);

#endif
