/* What others got: see references.h. */
#include "references.h"

#include <math.h>
#include <string.h>

const struct reference references[REFERENCES] = {
    { "sigmoid", NULL, 10.0, { 10.00, 10.00, 10.00 }, { 10.00, 10.00, 10.00 } },
    { "tanh", NULL, 82.3, { 82.23, 82.00, 82.46 }, { 84.85, 84.75, 84.93 } },
    { "relu", NULL, 81.3, { 81.48, 81.23, 81.87 }, { 84.72, 84.58, 84.85 } },
    { "gelu", NULL, 80.5, { 80.77, 80.55, 81.04 }, { 84.03, 83.94, 84.20 } },
    { "mish", NULL, 81.9, { 81.29, 81.00, 81.56 }, { 84.02, 83.87, 84.18 } },
    { "leaky_relu", NULL, 80.8, { 81.51, 81.23, 81.92 }, { 84.68, 84.56, 84.83 } },
    { "silu", NULL, 78.3, { 78.66, 78.18, 78.96 }, { 82.94, 82.77, 83.14 } },
    { "hardswish", NULL, 76.7, { 78.30, 77.66, 78.70 }, { 83.34, 82.80, 83.64 } },
    { "silu", "Swish", 78.5, { 78.66, 78.18, 78.96 }, { 82.94, 82.77, 83.14 } },
    { "prelu", NULL, 86.0, { 86.12, 85.72, 86.36 }, { 87.14, 86.92, 87.50 } },
    { "rrelu", NULL, 81.5, { 81.33, 80.74, 81.66 }, { 84.14, 83.66, 84.48 } },
    { "trainable_elu", "TeLU", 86.2, { 86.76, 86.43, 87.09 }, { 87.43, 87.33, 87.53 } },
    { "staf", NULL, 85.4, { 87.50, 87.50, 87.50 }, { 87.80, 87.80, 87.80 } },
    { "none", NULL, NAN, { 82.55, 82.51, 82.61 }, { 83.63, 83.47, 83.84 } },
};

const struct reference *reference_find(const char *spec)
{
    for (size_t i = 0; i < REFERENCES; i++)
        if (strcmp(references[i].spec, spec) == 0)
            return &references[i];
    return NULL;
}

activ_status references_specs(struct specs *out, activ_message *message)
{
    out->count = 0;
    for (size_t i = 0; i < REFERENCES; i++) {
        if (reference_find(references[i].spec) != &references[i])
            continue;
        activ_status status = network_spec(references[i].spec, &out->values[out->count], message);
        if (status != ACTIV_OK)
            return status;
        out->count++;
    }
    return ACTIV_OK;
}

static bool same(float a, float b)
{
    return a <= b && a >= b;
}

const struct measured *reference_pytorch(const struct reference *reference, const struct recipe *recipe)
{
    static const size_t hidden[] = { 256, 192, 128, 64 };
    const struct counts *widths = &recipe->architecture.hidden;
    if (reference == NULL || recipe->epochs != 15 || recipe->batch != 128 || recipe->architecture.batch_norm ||
        recipe->descent.init != NULL || strcmp(recipe->descent.optimizer, "sgd") != 0 ||
        !same(recipe->descent.lr, 0.001f) || widths->count != 4 || memcmp(widths->values, hidden, sizeof hidden) != 0)
        return NULL;
    if (same(recipe->descent.momentum, 0.8f))
        return &reference->momentum_08;
    return same(recipe->descent.momentum, 0.9f) ? &reference->momentum_09 : NULL;
}

double measured_distance(double mean, const struct measured *range)
{
    return mean > range->high ? mean - range->high : mean < range->low ? mean - range->low : 0;
}

bool is_close(double distance)
{
    /* Accuracies have two decimals; the rest allows for binary fractions. */
    return fabs(distance) <= CLOSE_POINTS + 5e-5;
}
