/* What a program in C does with an installed libactiv: a function on an array, a training step, a file. C99. */
#include <activ/activ.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEATURES = 3, CLASSES = 2, BATCH = 4 };

static int failures;

static void check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "consumer: failed: %s\n", what);
        failures++;
    }
}

static int ok(activ_status status, const char *what)
{
    if (status != ACTIV_OK)
        fprintf(stderr, "consumer: %s: %s\n", what, activ_status_string(status));
    check(status == ACTIV_OK, what);
    return status == ACTIV_OK;
}

static void apply(void)
{
    const float x[3] = { -2.0f, 0.0f, 3.0f }, dy[3] = { 1.0f, 1.0f, 2.0f };
    float y[3], dx[3];
    activ_fn *silu = NULL;
    if (!ok(activ_fn_create(NULL, "silu", &silu), "activ_fn_create"))
        return;
    ok(activ_forward(silu, NULL, 3, x, y), "activ_forward");
    ok(activ_backward(silu, NULL, 3, x, dy, dx, NULL), "activ_backward");
    for (int i = 0; i < 3; i++) {
        double s = 1 / (1 + exp(-(double)x[i]));
        check(fabs(y[i] - x[i] * s) < 1e-6, "silu(x)");
        check(fabs(dx[i] - dy[i] * (s + x[i] * s * (1 - s))) < 1e-6, "dy silu'(x)");
    }
    activ_fn_destroy(silu);
}

static void set(void *argument, size_t i)
{
    ((int *)argument)[i]++;
}

/* The library's threads have to link, too. */
static void share_work(void)
{
    int calls[3] = { 0, 0, 0 };
    activ_pool *pool = NULL;
    const activ_executor *executor;
    if (!ok(activ_pool_create(NULL, 2, &pool), "activ_pool_create"))
        return;
    executor = activ_pool_executor(pool);
    executor->parallel_for(executor->user, 3, set, calls);
    check(calls[0] == 1 && calls[1] == 1 && calls[2] == 1, "each index once");
    activ_pool_destroy(pool);
}

static activ_graph *make_graph(void)
{
    activ_fn *prelu = NULL;
    activ_graph *g = NULL;
    activ_node x;
    if (!ok(activ_fn_create(NULL, "prelu", &prelu), "activ_fn_create") ||
        !ok(activ_graph_create(NULL, &g), "activ_graph_create"))
        return NULL;
    x = activ_graph_input(g, FEATURES);
    x = activ_graph_apply(g, activ_graph_linear(g, x, 5), prelu);
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, CLASSES));
    activ_fn_destroy(prelu);
    ok(activ_graph_compile(g, BATCH), activ_graph_error(g));
    ok(activ_graph_init(g, 1), "activ_graph_init");
    return g;
}

static void train(activ_graph *g)
{
    const float x[BATCH * FEATURES] = { 1, 0, -1, 0.5f, 2, 1, -1, -2, 0, 0, 1, 1 };
    const int32_t labels[BATCH] = { 0, 1, 0, 1 };
    float before = 0, after = 0;
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    options.lr = 0.05f;
    if (!ok(activ_sgd_create(g, &options, &sgd), "activ_sgd_create"))
        return;
    ok(activ_graph_train(g, BATCH, x, labels, &before), "activ_graph_train");
    ok(activ_optimizer_step(sgd), "activ_optimizer_step");
    ok(activ_graph_train(g, BATCH, x, labels, &after), "activ_graph_train");
    check(after < before, "a step lowers the loss");
    activ_optimizer_destroy(sgd);
}

static void save_and_load(activ_graph *g, const char *path)
{
    const float x[FEATURES] = { 0.25f, -0.5f, 2 };
    float before[CLASSES], after[CLASSES];
    activ_message message = { "" };
    activ_graph *loaded = NULL;
    ok(activ_checkpoint_save(g, path, &message), "activ_checkpoint_save");
    if (!ok(activ_checkpoint_load(NULL, path, 1, &loaded, &message), "activ_checkpoint_load")) {
        fprintf(stderr, "consumer: %s\n", message.text);
        return;
    }
    ok(activ_graph_forward(g, 1, x, before), "activ_graph_forward");
    ok(activ_graph_forward(loaded, 1, x, after), "activ_graph_forward");
    check(memcmp(before, after, sizeof before) == 0, "the loaded network gives the same bits");
    activ_graph_destroy(loaded);
}

int main(int argc, char **argv)
{
    activ_graph *g;
    if (argc != 2) {
        fprintf(stderr, "usage: consumer FILE\n");
        return 2;
    }
    check(activ_version_number() == ACTIV_VERSION_NUMBER, "headers and library have the same version");
    apply();
    share_work();
    g = make_graph();
    if (g) {
        train(g);
        save_and_load(g, argv[1]);
    }
    activ_graph_destroy(g);
    if (failures == 0)
        printf("%s %s\n", activ_version_string(), activ_tier());
    return failures == 0 ? 0 : 1;
}
