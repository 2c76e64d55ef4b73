/* A loss of one's own: a network that solves u' = -u, u(0) = 1 on [0, 2]. It never sees the solution.
 *
 * The loss is the mean of the squared residuals u'(t) + u(t) at points t, and of (u(0) - 1)^2; u' by central
 * differences: a batch holds t, t + h and t - h for each of the points, and 0. */
#include <activ/activ.h>
#include <math.h>
#include <stdio.h>

enum { POINTS = 32, BATCH = 3 * POINTS + 1, STEPS = 3000 };

static const float h = 0.01f;

/* The loss of a batch, and its gradient by each value of u. */
static float own_loss(const float *u, float *du)
{
    float loss = 0.0f;
    for (int i = 0; i < POINTS; i++) {
        const float *at = u + 3 * i;
        const float residual = (at[1] - at[2]) / (2.0f * h) + at[0];
        const float slope = 2.0f * residual / POINTS;
        loss += residual * residual / POINTS;
        du[3 * i] = slope;
        du[3 * i + 1] = slope / (2.0f * h);
        du[3 * i + 2] = -slope / (2.0f * h);
    }
    const float start = u[BATCH - 1] - 1.0f;
    du[BATCH - 1] = 2.0f * start;
    return loss + start * start;
}

int main(void)
{
    static float t[BATCH], u[BATCH], du[BATCH]; /* t[BATCH - 1] is 0 */
    for (int i = 0; i < POINTS; i++) {
        t[3 * i] = 2.0f * (float)i / (POINTS - 1);
        t[3 * i + 1] = t[3 * i] + h;
        t[3 * i + 2] = t[3 * i] - h;
    }

    activ_fn *tanh_fn = NULL;
    activ_graph *g = NULL;
    activ_optimizer *adamw = NULL;
    if (activ_fn_create(NULL, "tanh", &tanh_fn) != ACTIV_OK || activ_graph_create(NULL, &g) != ACTIV_OK)
        return 2;
    activ_node node = activ_graph_input(g, 1);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 16), tanh_fn);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 16), tanh_fn);
    activ_graph_linear(g, node, 1); /* no loss at its end */
    activ_status status = activ_graph_compile(g, BATCH);
    if (status == ACTIV_OK)
        status = activ_graph_init(g, 1);
    if (status == ACTIV_OK)
        status = activ_adamw_create(g, NULL, &adamw);

    for (int step = 0; status == ACTIV_OK && step <= STEPS; step++) {
        status = activ_graph_forward_train(g, BATCH, t, u);
        const float loss = own_loss(u, du);
        if (status == ACTIV_OK)
            status = activ_graph_backward(g, BATCH, du, NULL);
        if (status == ACTIV_OK)
            status = activ_optimizer_set_lr(adamw, activ_lr_cosine(0.01f, STEPS, 1e-5f, (uint64_t)step));
        if (status == ACTIV_OK)
            status = activ_optimizer_step(adamw);
        if (status == ACTIV_OK && step % 500 == 0)
            printf("step %4d  loss %.2e\n", step, (double)loss);
    }
    float error = 0.0f;
    for (int i = 0; status == ACTIV_OK && i < POINTS; i++)
        error = fmaxf(error, fabsf(u[3 * i] - expf(-t[3 * i])));
    if (status == ACTIV_OK)
        printf("largest error of u(t) = e^-t on [0, 2]: %.4f\n", (double)error);
    else
        fprintf(stderr, "quickstart_own_loss: %s\n", activ_graph_error(g));
    activ_optimizer_destroy(adamw);
    activ_graph_destroy(g);
    activ_fn_destroy(tanh_fn);
    return status == ACTIV_OK ? 0 : 2;
}
