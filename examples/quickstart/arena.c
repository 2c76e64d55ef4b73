/* Train without malloc: a custom allocator gives the library memory from one static array, an arena. */
#include <activ/activ.h>
#include <stdio.h>

enum { SAMPLES = 32, STEPS = 2000 };

static struct arena {
    unsigned char bytes[64 * 1024];
    size_t used;
} arena;

/* Allocates from the end of the arena. Freed memory is not reused, which is enough here: training steps do not
 * allocate. */
static void *arena_alloc(void *user, size_t bytes, size_t alignment)
{
    struct arena *a = user;
    size_t misaligned = ((size_t)a->bytes + a->used) % alignment;
    size_t start = a->used + (misaligned ? alignment - misaligned : 0);
    if (start > sizeof a->bytes || bytes > sizeof a->bytes - start)
        return NULL; /* the library call returns ACTIV_ERROR_OUT_OF_MEMORY */
    a->used = start + bytes;
    return a->bytes + start;
}

static void arena_free(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)memory;
    (void)bytes;
}

int main(void)
{
    static float x[SAMPLES], target[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (SAMPLES - 1);
        target[i] = x[i] * x[i] * x[i];
    }

    activ_allocator allocator = ACTIV_ALLOCATOR_DEFAULTS;
    allocator.user = &arena;
    allocator.alloc = arena_alloc;
    allocator.free = arena_free;
    activ_context_options context_options = ACTIV_CONTEXT_DEFAULTS;
    context_options.allocator = &allocator;
    activ_sgd_options sgd_options = ACTIV_SGD_DEFAULTS;
    sgd_options.lr = 0.1f;
    sgd_options.momentum = 0.9f;
    activ_context *context = NULL;
    activ_fn *tanh = NULL;
    activ_graph *g = NULL;
    activ_optimizer *sgd = NULL;
    activ_status status = activ_context_create(&context_options, &context);
    if (status == ACTIV_OK)
        status = activ_fn_create(context, "tanh", &tanh);
    if (status == ACTIV_OK)
        status = activ_graph_create(context, &g);
    if (status == ACTIV_OK) {
        activ_node node = activ_graph_apply(g, activ_graph_linear(g, activ_graph_input(g, 1), 8), tanh);
        activ_graph_mse(g, activ_graph_linear(g, node, 1));
        status = activ_graph_compile(g, SAMPLES);
    }
    if (status == ACTIV_OK)
        status = activ_graph_init(g, 1);
    if (status == ACTIV_OK)
        status = activ_sgd_create(g, &sgd_options, &sgd);

    size_t before = arena.used;
    float loss = 0.0f;
    for (int step = 0; status == ACTIV_OK && step < STEPS; step++)
        status = activ_graph_step_values(g, sgd, SAMPLES, x, target, &loss);
    if (status == ACTIV_OK)
        printf("loss %.6f; %zu of %zu bytes taken, %zu of them by %d steps\n", (double)loss, arena.used,
               sizeof arena.bytes, arena.used - before, STEPS);
    else
        fprintf(stderr, "quickstart_arena: %s\n", activ_status_string(status));
    /* No need to destroy anything: the arena is static. */
    return status == ACTIV_OK ? 0 : 2;
}
