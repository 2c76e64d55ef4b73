/* A whole classifier in one screen: three spirals, one for each class, told apart by two hidden layers.
 *
 *     cc -std=c11 -I. classify.c zoo/zoo.c zoo/place.c $(pkg-config --cflags --libs activ) -lm -o classify
 *     ./classify [FUNCTION]
 *
 * zoo/ is for "@NAME" as FUNCTION, a published function's formula; in the source tree it is src/zoo.
 */
#include <activ/activ.h>
#include <math.h>
#include <stdio.h>
#include <zoo/zoo.h>

enum { CLASSES = 3, TRAIN = 3000, TEST = 600, BATCH = 100, EPOCHS = 40 };

static float points[TRAIN + TEST][2];
static int32_t labels[TRAIN + TEST];

/* Point i lies on the arm of its class, a little beside it. */
static void make_data(void)
{
    for (int i = 0; i < TRAIN + TEST; i++) {
        float place[1], noise[2];
        activ_random_uniform(1, 0, (uint64_t)i, 1, 0.05f, 1.0f, place);
        activ_random_normal(1, 1, 2 * (uint64_t)i, 2, 0.0f, 0.02f, noise);
        labels[i] = i % CLASSES;
        float angle = 6.0f * place[0] + 2.0944f * (float)labels[i];
        points[i][0] = place[0] * cosf(angle) + noise[0];
        points[i][1] = place[0] * sinf(angle) + noise[1];
    }
}

int main(int argc, char **argv)
{
    activ_message why = { "" };
    activ_fn *act = NULL;
    zoo all = { 0 };
    const char *spec = zoo_expand(&all, argc > 1 ? argv[1] : "mish", &why);
    if (spec)
        activ_fn_create_ex(NULL, spec, &act, &why);
    zoo_free(&all);
    if (!act) {
        fprintf(stderr, "quickstart_classify: %s\n", why.text);
        return 2;
    }
    activ_graph *g;
    activ_optimizer *adamw;
    if (activ_graph_create(NULL, &g) != ACTIV_OK)
        return 2;
    activ_node x = activ_graph_input(g, 2);
    x = activ_graph_apply(g, activ_graph_linear(g, x, 32), act);
    x = activ_graph_apply(g, activ_graph_linear(g, x, 32), act);
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, CLASSES));
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    options.lr = 0.01f;
    if (activ_graph_compile(g, TEST) != ACTIV_OK || activ_graph_init(g, 1) != ACTIV_OK ||
        activ_adamw_create(g, &options, &adamw) != ACTIV_OK) {
        fprintf(stderr, "quickstart_classify: %s\n", activ_graph_error(g));
        return 2;
    }

    make_data();
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        float loss = 0;
        for (int at = 0; at < TRAIN; at += BATCH)
            if (activ_graph_step(g, adamw, BATCH, points[at], labels + at, &loss) != ACTIV_OK)
                return 2;
        size_t right;
        activ_graph_evaluate(g, TEST, points[TRAIN], labels + TRAIN, NULL, &right);
        if (epoch % 10 == 0)
            printf("epoch %2d  loss %.4f  right %5.1f %%\n", epoch, (double)loss, 100.0 * (double)right / TEST);
    }

    float scores[CLASSES], where[2] = { 0.5f, 0.0f };
    activ_graph_forward(g, 1, where, scores);
    printf("(0.5, 0) scores %.2f %.2f %.2f\n", (double)scores[0], (double)scores[1], (double)scores[2]);
    activ_optimizer_destroy(adamw);
    activ_graph_destroy(g);
    activ_fn_destroy(act);
}
