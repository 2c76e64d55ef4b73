/* Fit a small network to a curve: y = sin(3x) on [-1, 1]. */
#include <activ/activ.h>
#include <math.h>
#include <stdio.h>

enum { SAMPLES = 128, STEPS = 4000 };

int main(void)
{
    static float x[SAMPLES], target[SAMPLES], fitted[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (SAMPLES - 1);
        target[i] = sinf(3.0f * x[i]);
    }

    activ_fn *mish = NULL;
    activ_graph *g = NULL;
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = ACTIV_SGD_DEFAULTS; /* PyTorch's; what is to be different is set */
    options.lr = 0.05f;
    options.momentum = 0.9f;
    if (activ_fn_create(NULL, "mish", &mish) != ACTIV_OK || activ_graph_create(NULL, &g) != ACTIV_OK)
        return 2;

    /* 1 -> 16 -> 16 -> 1. activ_graph_compile reports an error in any of these lines. */
    activ_node node = activ_graph_input(g, 1);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 16), mish);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 16), mish);
    activ_graph_mse(g, activ_graph_linear(g, node, 1));
    activ_status status = activ_graph_compile(g, SAMPLES);
    if (status != ACTIV_OK)
        fprintf(stderr, "quickstart_fit: %s\n", activ_graph_error(g));

    if (status == ACTIV_OK)
        status = activ_graph_init(g, 1); /* the seed of the initial values: the same seed gives the same network */
    if (status == ACTIV_OK)
        status = activ_sgd_create(g, &options, &sgd);
    for (int step = 0; status == ACTIV_OK && step <= STEPS; step++) {
        float loss;
        status = activ_graph_step_values(g, sgd, SAMPLES, x, target, &loss);
        if (status == ACTIV_OK && step % 500 == 0)
            printf("step %4d  loss %.6f\n", step, (double)loss);
    }
    if (status == ACTIV_OK)
        status = activ_graph_forward(g, SAMPLES, x, fitted);
    for (int i = 0; status == ACTIV_OK && i < SAMPLES; i += 18)
        printf("x %6.3f  sin(3x) %6.3f  network %6.3f\n", (double)x[i], (double)target[i], (double)fitted[i]);

    if (status != ACTIV_OK)
        fprintf(stderr, "quickstart_fit: %s\n", activ_status_string(status));
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_fn_destroy(mish);
    return status == ACTIV_OK ? 0 : 2;
}
