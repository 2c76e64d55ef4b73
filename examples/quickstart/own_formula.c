/* A function of your own: a formula, with parameters that are trained. It fits y = sin(3x) on [-1, 1] beside relu and
 * gelu. */
#include <activ/activ.h>
#include <math.h>
#include <stdio.h>
#include <zoo/zoo.h>

enum { SAMPLES = 128, STEPS = 1000 };

/* 1 -> 12 -> 12 -> 1, one activation behind both layers: its parameters are shared. */
static activ_status train(const activ_fn *fn, const float *x, const float *target)
{
    activ_graph *g = NULL;
    activ_optimizer *adamw = NULL;
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    float first = 0, last = 0;
    activ_status status = activ_graph_create(NULL, &g);
    if (status != ACTIV_OK)
        return status;
    activ_node node = activ_graph_input(g, 1);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 12), fn);
    node = activ_graph_apply_shared(g, activ_graph_linear(g, node, 12), node);
    activ_graph_mse(g, activ_graph_linear(g, node, 1));
    options.lr = 0.01f;
    status = activ_graph_compile(g, SAMPLES);
    if (status == ACTIV_OK)
        status = activ_graph_init(g, 1);
    if (status == ACTIV_OK)
        status = activ_adamw_create(g, &options, &adamw);
    for (int step = 0; status == ACTIV_OK && step < STEPS; step++)
        status = activ_graph_step_values(g, adamw, SAMPLES, x, target, step == 0 ? &first : &last);
    if (status == ACTIV_OK)
        printf("loss %.4f -> %.6f  %s\n", (double)first, (double)last, activ_fn_spec(fn));

    /* What has become of its parameters: tensors named after them. */
    activ_graph_tensor_info tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
    for (size_t i = 0; status == ACTIV_OK && activ_graph_param_tensor_info(g, i, &tensor) == ACTIV_OK; i++)
        if (activ_graph_node_fn(g, tensor.node) != NULL)
            printf("    %s = %.4f\n", tensor.name, (double)activ_graph_params(g)[tensor.offset]);
    activ_optimizer_destroy(adamw);
    activ_graph_destroy(g);
    return status;
}

int main(int argc, char **argv)
{
    const char *const specs[] = { "relu", "gelu", argc > 1 ? argv[1] : "x*tanh(a*exp(x)) + b*sin(x); a=1, b=0" };
    static float x[SAMPLES], target[SAMPLES];
    int failed = 0;
    zoo all = { 0 }; /* published functions: "@NAME" is the formula of that name */
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (SAMPLES - 1);
        target[i] = sinf(3.0f * x[i]);
    }
    for (size_t i = 0; !failed && i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = NULL;
        activ_message why;
        const char *spec = zoo_expand(&all, specs[i], &why);
        if (!spec || activ_fn_create_ex(NULL, spec, &fn, &why) != ACTIV_OK) /* parsed and derived here, once */
            fprintf(stderr, "quickstart_own_formula: %s\n", why.text);
        failed = !fn || train(fn, x, target) != ACTIV_OK;
        activ_fn_destroy(fn);
    }
    zoo_free(&all);
    return failed ? 2 : 0;
}
