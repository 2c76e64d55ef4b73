/* Gated functions: y = value act(gate), act being any elementwise function. Dauphin et al. 2016; the names of the usual
 * ones are Shazeer's, 2020. Kernels are those of act (fn/gated.c), so a file of definitions is all there is.
 *
 * dy/dvalue = act(gate), dy/dgate = value act'(gate). */
#ifndef ACTIV_FUNCTIONS_GATED_H
#define ACTIV_FUNCTIONS_GATED_H

#if defined(ACTIV_FN_DEFINITIONS)
#    include "functions/definition.h"

#    define GATED_SOURCE "Shazeer 2020, GLU variants improve Transformer, arXiv:2002.05202"

/* As tests/fn/test_shapes.c measures them, over all elementwise functions. (A product may double an error in ulp, but
 * not where act's is largest.) */
#    define GATED_BOUNDS .forward_ulp = 3.0f, .derivative_ulp = 4.0f

static const activ_setting gated_settings[] = {
    { .name = "fn", .kind = ACTIV_SETTING_KIND_FUNCTIONS, .positional = 1, .functions = "sigmoid" },
    { .name = NULL },
};

static const activ_fn_definition gated_definition = {
    .signature = "gated(fn=sigmoid)",
    .formula = "value act(gate), act = fn, any elementwise function",
    .source =
        "Dauphin, Fan, Auli, Grangier 2016, Language modeling with gated convolutional networks, arXiv:1612.08083",
    .settings = gated_settings,
    GATED_BOUNDS,
};

static const activ_fn_definition glu_definition = {
    .signature = "glu",
    .aliases = "GLU",
    .formula = "value sigmoid(gate)",
    .source =
        "Dauphin, Fan, Auli, Grangier 2016, Language modeling with gated convolutional networks, arXiv:1612.08083",
    .gate = "sigmoid",
    GATED_BOUNDS,
};

static const activ_fn_definition bilinear_definition = {
    .signature = "bilinear",
    .aliases = "Bilinear",
    .formula = "value gate",
    .source = GATED_SOURCE,
    .gate = "identity",
    GATED_BOUNDS,
};

static const activ_fn_definition reglu_definition = {
    .signature = "reglu",
    .aliases = "ReGLU",
    .formula = "value relu(gate)",
    .source = GATED_SOURCE,
    .gate = "relu",
    GATED_BOUNDS,
};

static const activ_fn_definition geglu_definition = {
    .signature = "geglu",
    .aliases = "GEGLU",
    .formula = "value gelu(gate)",
    .source = GATED_SOURCE,
    .gate = "gelu",
    GATED_BOUNDS,
};

static const activ_fn_definition geglu_tanh_definition = {
    .signature = "geglu_tanh",
    .formula = "value gelu_tanh(gate)",
    .source = GATED_SOURCE,
    .gate = "gelu_tanh",
    GATED_BOUNDS,
};

static const activ_fn_definition swiglu_definition = {
    .signature = "swiglu",
    .aliases = "SwiGLU",
    .formula = "value silu(gate)",
    .source = GATED_SOURCE,
    .gate = "silu",
    GATED_BOUNDS,
};
#endif
#endif
