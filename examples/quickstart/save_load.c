/* Save a network, load it again, and compare the outputs. */
#include <activ/activ.h>
#include <stdio.h>
#include <string.h>

enum { IN = 4, OUT = 3 };

/* 4 -> 8 -> 3 with PReLU, whose trainable slope is saved with the other parameters. */
static activ_status make_network(activ_graph **out)
{
    activ_fn *prelu = NULL;
    activ_graph *g = NULL;
    activ_status status = activ_fn_create(NULL, "prelu", &prelu);
    if (status == ACTIV_OK)
        status = activ_graph_create(NULL, &g);
    if (status == ACTIV_OK) {
        activ_node x = activ_graph_input(g, IN);
        x = activ_graph_apply(g, activ_graph_linear(g, x, 8), prelu);
        activ_graph_cross_entropy(g, activ_graph_linear(g, x, OUT));
        status = activ_graph_compile(g, 1);
    }
    if (status == ACTIV_OK)
        status = activ_graph_init(g, 7);
    activ_fn_destroy(prelu);
    if (status == ACTIV_OK)
        *out = g;
    else
        activ_graph_destroy(g);
    return status;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "quickstart.safetensors";
    const float x[IN] = { 0.5f, -1.0f, 2.0f, 0.25f };
    float before[OUT], after[OUT];
    activ_message why = { "" };
    activ_graph *made = NULL;
    activ_graph *loaded = NULL;

    activ_status status = make_network(&made);
    if (status == ACTIV_OK)
        status = activ_graph_forward(made, 1, x, before);
    if (status == ACTIV_OK)
        status = activ_checkpoint_save(made, path, &why);
    /* The file contains the architecture, too: its path is all that loading needs. */
    if (status == ACTIV_OK)
        status = activ_checkpoint_load(NULL, path, 1, &loaded, &why);
    if (status == ACTIV_OK)
        status = activ_graph_forward(loaded, 1, x, after);
    if (status != ACTIV_OK) {
        const char *text = why.text[0] != '\0' ? why.text : activ_status_string(status);
        fprintf(stderr, "quickstart_save_load: %s\n", text);
    } else {
        for (int i = 0; i < OUT; i++)
            printf("output %d: made %.9g, loaded %.9g\n", i, (double)before[i], (double)after[i]);
        printf("%s: %zu parameters, %s\n", path, activ_graph_param_count(loaded),
               memcmp(before, after, sizeof before) == 0 ? "the same to the last bit" : "DIFFERENT");
    }
    int same = status == ACTIV_OK && memcmp(before, after, sizeof before) == 0;
    activ_graph_destroy(loaded);
    activ_graph_destroy(made);
    return same ? 0 : 2;
}
