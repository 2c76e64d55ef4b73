/* Descriptions of networks, as a checkpoint has them: what is accepted can be compiled and run, and describes itself by
 * a text that gives the same network. The context has functions of the host's own, and memory that fails. */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "graph/graph.h"

enum { LARGEST = 1 << 14 }; /* values of all parameters and of a sample, so that no input takes long */

static char *describe(const activ_graph *g)
{
    activ_text text;
    activ_text_start(&text, NULL, 0);
    activ_graph_describe(g, &text);
    const size_t size = text.length + 1;
    char *own = malloc(size);
    if (own) {
        activ_text_start(&text, own, size);
        activ_graph_describe(g, &text);
    }
    return own;
}

static int is_small(activ_graph *g)
{
    size_t values = 0;
    for (activ_node i = 0; (size_t)i < activ_graph_node_count(g); i++) {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        CHECK(activ_graph_node_info(g, i, &info) == ACTIV_OK);
        size_t count = 1;
        for (size_t d = 0; d < info.ndim; d++)
            count = info.shape[d] > LARGEST || count > LARGEST ? LARGEST + 1 : count * info.shape[d];
        values += count + (info.multiply_adds > LARGEST ? LARGEST + 1 : info.multiply_adds);
        if (values > LARGEST)
            return 0;
    }
    return 1;
}

static void run(activ_graph *g)
{
    const activ_node input = activ_graph_input_node(g), output = activ_graph_output_node(g);
    if (activ_graph_compile(g, 2) != ACTIV_OK || activ_graph_init(g, 1) != ACTIV_OK || input < 0 || output < 0)
        return;
    float *x = calloc(2 * LARGEST, sizeof *x), *y = calloc(2 * LARGEST, sizeof *y);
    if (x && y)
        CHECK(activ_graph_forward(g, 2, x, y) == ACTIV_OK);
    free(x);
    free(y);
}

/* NULL: no memory. */
static activ_graph *parse(const char *text, activ_status *status)
{
    activ_graph *g = NULL;
    *status = activ_graph_create(fuzz_context(NULL), &g);
    if (*status != ACTIV_OK)
        return NULL;
    *status = activ_graph_parse(g, text, LARGEST);
    CHECK(*status == ACTIV_OK || activ_graph_error(g)[0] != '\0');
    if (*status == ACTIV_OK)
        activ_graph_fill_functions(g);
    return g;
}

/* What it describes itself by gives the same network. */
static void check_description(const activ_graph *g)
{
    activ_status status;
    char *own = describe(g);
    activ_graph *again = own ? parse(own, &status) : NULL;
    if (!again) {
        free(own);
        return;
    }
    if (status != ACTIV_OK) {
        fprintf(stderr, "%s\n%s\n", own, activ_graph_error(again));
        abort();
    }
    char *same = describe(again);
    CHECK(!same || strcmp(own, same) == 0);
    free(same);
    free(own);
    activ_graph_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    char *text = fuzz_text(data, size);
    if (!text)
        return 0;
    activ_status status, failed;
    (void)fuzz_context(NULL);
    const size_t live = fuzz_memory.live, calls = fuzz_memory.calls;
    activ_graph *g = parse(text, &status);
    const size_t allocations = fuzz_memory.calls - calls;
    if (status == ACTIV_OK) {
        check_description(g);
        if (is_small(g))
            run(g);
    }
    activ_graph_destroy(g);
    fuzz_fail(data, size, allocations);
    g = parse(text, &failed);
    fuzz_fail(data, size, 0);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    activ_graph_destroy(g);
    CHECK(fuzz_memory.live == live && fuzz_memory.mistakes == 0);
    free(text);
    return 0;
}
