/* Apply a function to an array, and differentiate it. */
#include <activ/activ.h>
#include <stdio.h>
#include <zoo/zoo.h>

int main(int argc, char **argv)
{
    const char *spec = argc > 1 ? argv[1] : "gelu"; /* or "leaky_relu(negative_slope=0.2)", "@logish", ... */
    const float x[] = { -3.0f, -1.0f, -0.5f, 0.0f, 0.5f, 1.0f, 3.0f };
    enum { COUNT = sizeof x / sizeof x[0] };
    float y[COUNT];
    float slope[COUNT];
    float one[COUNT];
    for (int i = 0; i < COUNT; i++)
        one[i] = 1.0f;

    activ_message why; /* filled in by activ_fn_create_ex: what is wrong with the spec */
    activ_fn *fn = NULL;
    zoo all = { 0 }; /* published functions: "@NAME" becomes the formula of that name */
    const char *expanded = zoo_expand(&all, spec, &why);
    if (expanded != NULL)
        activ_fn_create_ex(NULL, expanded, &fn, &why);
    zoo_free(&all);
    if (fn == NULL) {
        fprintf(stderr, "quickstart_apply: %s\n", why.text);
        return 2;
    }
    activ_status status = activ_forward(fn, NULL, COUNT, x, y);
    /* activ_backward computes dy * f'(x): with dy = 1, the derivative itself. NULL: no trainable parameters. */
    if (status == ACTIV_OK)
        status = activ_backward(fn, NULL, COUNT, x, one, slope, NULL);
    if (status != ACTIV_OK) {
        fprintf(stderr, "quickstart_apply: %s: %s\n", spec, activ_status_string(status));
        activ_fn_destroy(fn);
        return 2;
    }

    printf("f = %s, on the tier %s\n", activ_fn_spec(fn), activ_tier());
    printf("       x           f(x)          f'(x)\n");
    for (int i = 0; i < COUNT; i++)
        printf("%8.3f  %13.9f  %13.9f\n", (double)x[i], (double)y[i], (double)slope[i]);
    activ_fn_destroy(fn);
    return 0;
}
