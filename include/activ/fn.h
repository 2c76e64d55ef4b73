/* libactiv: activation functions, forward and backward, on arrays of float32.
 *
 * A function is made from a text, its spec: a name, and in brackets the settings that differ from their defaults:
 *
 *     "gelu"   "leaky_relu(negative_slope=0.2)"   "prelu(weight=0.1, num_parameters=64)"   "staf(tau=25)"
 *     "softmax"   "swiglu"   "gated(elu(alpha=0.5))"   "moe(relu, tanh, prelu(weight=0.1))"
 *
 * Blanks are allowed around names, numbers and punctuation. A setting that is a function may stand without its name;
 * names of settings are case-sensitive, those of functions may be aliases ("GELU": activ_fn_create). Names and settings
 * are PyTorch's where it has the function. activ_fn_catalog lists all functions with formula and source;
 * activ_fn_setting_info and activ_fn_param_tensor_info describe the settings and parameters of one.
 *
 * Shapes. A function has one of three (activ_fn_info), with its own pair of calls; another pair answers
 * ACTIV_ERROR_SHAPE:
 *
 *     elementwise   y[i] = f(x[i])                            activ_forward, activ_backward
 *     row-wise      of whole rows: softmax, log_softmax       activ_forward_rows, activ_backward_rows
 *     gated         y = value * act(gate): glu, swiglu ...    activ_forward_gated, activ_backward_gated
 *
 * Parameters. A trainable function has parameters, float32 values that belong to the caller: an array of
 * activ_fn_param_count values, which activ_fn_param_init fills. A trainable setting (prelu's weight) is the value at
 * which its parameter starts. Functions whose parameters are vectors start in ways of their own: staf with random
 * values (its setting init: book, C, Omega and Phi normal; repo, the authors' code; unit, repo scaled to variance 1),
 * fourier with the Fourier series of x on [-pi, pi], enn with that of x on [-1, 1] (or, init=unit, with normal values
 * of variance 2/k: its output has variance 1), rational_a and rational_book with the published fit of leaky_relu,
 * bspline with a fit of silu. NULL in place of the array stands for the initial values, with seed 0.
 *
 * A mixture of experts, "moe(SPEC, SPEC, ...)", in full "moe(experts=[SPEC, SPEC, ...])", is the sum of g_k(x) phi_k(x)
 * with g = softmax of w_k x + v_k. Experts are 2 to 16 elementwise functions, formulas too; ACTIV_ERROR_UNSUPPORTED:
 * one that is random, a mixture itself, or a formula that calls staf or another with vectors of parameters. Its
 * parameters are w (starting evenly from -1/2 to 1/2), v (0), and those of its experts in their order, as
 * "expert0_weight". Gradients of an expert's parameters are sums of (dy g) dphi/dparam, with dy g rounded to float32.
 * At an infinity the largest w x has all the weight; f' and gradients are limits too, but where experts with equal w
 * are infinite, the gradients of w and v are NaN.
 *
 * Values. Every function is evaluated as the real function of its float32 input, and rounded: the error is at most the
 * bound in the catalog, subnormal results and the far tails included. An infinity gives the one-sided limit, if there
 * is one, else NaN. NaN gives NaN, in the function and in its derivative; which one (sign and payload) is open. All
 * tiers, lengths, alignments, thread counts and rounding modes of the calling thread give the same bits, unless the CPU
 * flushes denormals to zero: then these are 0. For finite arrays the flags FE_INVALID and FE_DIVBYZERO are not raised,
 * so that a host may trap them.
 *
 * Arrays. None of a call's arrays may overlap another, except where a declaration allows two to be the same (in-place);
 * then they begin at the same address. An array of floats begins at a multiple of 4 bytes. Offenders
 * are refused: ACTIV_ERROR_INVALID.
 *
 * The calls on arrays: ACTIV_ERROR_INVALID: NULL, arrays that overlap or are misaligned; ACTIV_ERROR_SHAPE: another
 * shape of function, or sizes that do not fit; ACTIV_ERROR_RANGE: a size that overflows.
 *
 * Thread safety: an activ_fn never changes after its creation; any number of threads may use one at the same time. With
 * an executor in its context (context.h), calls on large arrays share their work out among the executor's threads.
 */
#ifndef ACTIV_FN_H
#define ACTIV_FN_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "dtype.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_fn activ_fn;

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* Makes the function that `spec` describes; the caller destroys *out.
 *
 * Names are those of the catalog ("gelu"), or PyTorch's classes and other aliases as spelled there ("GELU",
 * "LeakyReLU", "Swish" for silu, "TeLU" for trainable_elu), or either with other capitals or underscores, if that is
 * one function only: "TELU" may be telu or TeLU, and is refused. The message about an unknown name has the nearest one.
 *
 * ACTIV_ERROR_SYNTAX: malformed text; ACTIV_ERROR_UNKNOWN_NAME: no such function or setting; ACTIV_ERROR_RANGE: a value
 * that the function does not allow, or a list of functions where one belongs; ACTIV_ERROR_SHAPE: a function inside of
 * another that is not elementwise, or has parameters per channel; ACTIV_ERROR_UNSUPPORTED: one that moe cannot have;
 * ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_fn_create(const activ_context *context, const char *spec, activ_fn **out);
ACTIV_API activ_status activ_fn_create_ex(const activ_context *context, const char *spec, activ_fn **out,
                                          activ_message *message);

/* A function of the host's own code, elementwise. Callbacks get `user`, the parameters (param_count values), and n
 * elements, n > 0: any part of an array, in any thread of the context's executor, several at the same time. So each
 * value depends on its own element and the parameters alone; then results depend on threads and fusion no more than
 * others do. They cannot fail, and must not call the object that calls them. */
typedef struct activ_fn_callbacks {
    size_t size;
    /* y[i] = f(x[i]). y may be x. */
    void (*forward)(void *user, const float *params, size_t n, const float *x, float *y);
    /* dx[i] = dy[i] f'(x[i]), if dx is not NULL; sums[j] = the sum over i of dy[i] df(x[i])/dparams[j], if sums is not
     * NULL. dx may be dy or x. */
    void (*backward)(void *user, const float *params, size_t n, const float *x, const float *dy, float *dx,
                     double *sums);
    /* Initial values; NULL: there are no parameters. */
    void (*param_init)(void *user, uint64_t seed, float *params);
    size_t param_count; /* at most 48; the tensor "weight" of a layer */
} activ_fn_callbacks;

#define ACTIV_FN_CALLBACKS_DEFAULTS                     \
    {                                                   \
        sizeof(activ_fn_callbacks), NULL, NULL, NULL, 0 \
    }

/* Its name and callbacks, for activ_context_options.functions: specs of that context may then name it, alone or in
 * "gated(NAME)", and checkpoints that name it load. */
struct activ_custom_fn {
    size_t size;
    const char *name; /* 1 to 40 letters, digits and '_', no digit first; no name or alias of the catalog */
    const activ_fn_callbacks *callbacks;
    void *user;
};

#define ACTIV_CUSTOM_FN_DEFAULTS                  \
    {                                             \
        sizeof(activ_custom_fn), NULL, NULL, NULL \
    }

/* Makes such a function, whether or not the context names it; name and callbacks are copied. In graphs it works as
 * others do (fused too); a checkpoint of such a graph has its name, and loads with a context that has a function of
 * this name. ACTIV_ERROR_INVALID: NULL, a malformed name or one of the catalog's; ACTIV_ERROR_RANGE: more than 48
 * parameters; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_fn_create_custom(const activ_context *context, const char *name,
                                              const activ_fn_callbacks *callbacks, void *user, activ_fn **out);
ACTIV_API activ_status activ_fn_create_custom_ex(const activ_context *context, const char *name,
                                                 const activ_fn_callbacks *callbacks, void *user, activ_fn **out,
                                                 activ_message *message);

/* The derivative f' of a function as a function, whose own derivative is f'': also the spec "derivative(SPEC)", which
 * may be nested. Its values have the bits that activ_backward gives for dy = 1; its parameters are those of fn, in the
 * same order. For formulas and functions of the catalog that are elementwise, have no parameters per channel and are
 * not made of others; otherwise ACTIV_ERROR_UNSUPPORTED. Of a random function the derivative is that of its evaluation.
 * Allocates as fn did, that of activ_fn_default by malloc; *out is untouched after an error. */
ACTIV_API activ_status activ_fn_derivative(const activ_fn *fn, activ_fn **out);
ACTIV_API activ_status activ_fn_derivative_ex(const activ_fn *fn, activ_fn **out, activ_message *message);

/* The function of this name (of the catalog, an alias or another spelling, without settings) with its default
 * settings, for code that has no place for a handle. Made at the first call, in memory that the library has for it:
 * nothing is allocated, and it is never destroyed. It runs on the tier of activ_tier, without threads and without a
 * log. Any thread may call this at any time. NULL: no such function (activ_fn_create_ex has the reason), or NULL.
 *
 * Finding the name takes some hundred nanoseconds: a caller in a hurry keeps the pointer. */
ACTIV_API const activ_fn *activ_fn_default(const char *name);

/* NULL is allowed. */
ACTIV_API void activ_fn_destroy(activ_fn *fn);

/* The canonical text: the name, and every setting that differs from its default. Creating from it gives the same
 * function. The function's; NULL for NULL. */
ACTIV_API const char *activ_fn_spec(const activ_fn *fn);

/* How many parameters (trainable float32 values) the function has; 0 for most, and for NULL. */
ACTIV_API size_t activ_fn_param_count(const activ_fn *fn);

/* Writes the initial values of the parameters: those in the spec, or, if the start is random (staf), values drawn with
 * `seed`. params: activ_fn_param_count values. ACTIV_ERROR_INVALID: NULL. */
ACTIV_API activ_status activ_fn_param_init(const activ_fn *fn, uint64_t seed, float *params);

/* ---- elementwise functions --------------------------------------------------------------------------------------- */

/* y[i] = f(x[i]) for i < n, which may be 0. params: activ_fn_param_count values, or NULL. In-place: y may be x (of
 * which activ_backward then wants a copy). */
ACTIV_API activ_status activ_forward(const activ_fn *fn, const float *params, size_t n, const float *x, float *y);

/* dx[i] = dy[i] f'(x[i]), overwritten; dparams[j] += the sum over i of dy[i] df(x[i])/dparams[j]. x: what the forward
 * call got. dx or dparams may be NULL. In-place: dx may be dy or x. Sums are accumulated in double, in an order that
 * depends on n alone. */
ACTIV_API activ_status activ_backward(const activ_fn *fn, const float *params, size_t n, const float *x,
                                      const float *dy, float *dx, float *dparams);

/* The same with parameters per channel, as PyTorch's nn.PReLU(num_parameters) has them: the arrays are outer x channels
 * x inner values (a batch of images: N x C x (H W)), and channel c has its own parameters. A function with
 * num_parameters=C in its spec has C values of each trainable setting (prelu: weight[0 .. C-1]), a formula with
 * a[channels=C] of each parameter; channels has to be C, else ACTIV_ERROR_SHAPE. Others accept any number of channels.
 * Where num_parameters above 1 is refused, such a formula is, too. */
ACTIV_API activ_status activ_forward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                              size_t inner, const float *x, float *y);
ACTIV_API activ_status activ_backward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                               size_t inner, const float *x, const float *dy, float *dx,
                                               float *dparams);

/* activ_forward and activ_backward in training mode, where random functions (rrelu) draw: for element i from (seed,
 * stream, index + i), see random.h. noise: n values, written by the forward call and read by the backward call
 * (rrelu: the slope drawn where x <= 0, else 1); a function that is not random leaves it alone, and it may then be
 * NULL. In-place: y may be x; dx may be noise, dy or x. ACTIV_ERROR_SHAPE with num_parameters above 1. */
ACTIV_API activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed, uint64_t stream,
                                           uint64_t index, size_t n, const float *x, float *y, float *noise);
ACTIV_API activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n, const float *x,
                                            const float *noise, const float *dy, float *dx, float *dparams);

/* ---- row-wise functions ------------------------------------------------------------------------------------------ */

/* Each row of a matrix by itself: row r of x begins at x[r * x_stride]. Strides count elements and are at least
 * `columns`. rows may be 0, columns not. Elementwise functions work on matrices with gaps between their rows in the
 * same way. A row with NaN, or with an infinity where there is no limit (softmax: +inf, or nothing but -inf), becomes
 * NaN.
 *
 * In-place: y may be x, with the same stride. Two matrices of the same stride may interleave, as long as no element
 * belongs to both.
 * ACTIV_ERROR_SHAPE: a gated function, num_parameters above 1, columns 0, a stride below columns. */
ACTIV_API activ_status activ_forward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                          const float *x, size_t x_stride, float *y, size_t y_stride);

/* dx = the gradient, overwritten; dparams += as activ_backward. dx or dparams may be NULL. In-place: dx may be dy or x,
 * with the same stride. */
ACTIV_API activ_status activ_backward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                           const float *x, size_t x_stride, const float *dy, size_t dy_stride,
                                           float *dx, size_t dx_stride, float *dparams);

/* ---- gated functions --------------------------------------------------------------------------------------------- */

/* y = value * act(gate), element by element: the gated linear units (Dauphin et al. 2016, arXiv:1612.08083; Shazeer
 * 2020, arXiv:2002.05202). "gated(SPEC)", in full "gated(fn=SPEC)", makes one of any elementwise function, which is
 * act, and whose parameters are then its parameters; glu, reglu, geglu, geglu_tanh, swiglu and bilinear are the usual
 * ones.
 *
 * The halves of a matrix m of 2C columns are value = m and gate = m + C, each with stride 2C (PyTorch's F.glu), or the
 * other way round. In-place: y may be value or gate, with the same stride. A random act (rrelu) takes its mean, as in
 * evaluation. All else as activ_forward_rows. The bounds of the catalog hold while act(gate) and act'(gate) are normal
 * numbers; a subnormal one has been rounded before it is multiplied. */
ACTIV_API activ_status activ_forward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                           const float *value, size_t value_stride, const float *gate,
                                           size_t gate_stride, float *y, size_t y_stride);

/* dvalue = dy act(gate), dgate = dy value act'(gate), overwritten; dparams += the sums of (dy value) dact(gate)/dparam,
 * with dy value rounded to float32. Each output may be NULL. In-place: each may be one of the inputs, with the same
 * stride, but dvalue is not dgate. */
ACTIV_API activ_status activ_backward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                            const float *value, size_t value_stride, const float *gate,
                                            size_t gate_stride, const float *dy, size_t dy_stride, float *dvalue,
                                            size_t dvalue_stride, float *dgate, size_t dgate_stride, float *dparams);

/* ---- float16 and bfloat16 ---------------------------------------------------------------------------------------- */

/* The calls above on arrays of a 16-bit type: dtype is ACTIV_FLOAT16 or ACTIV_BFLOAT16, and x, y, dy, ... point to
 * uint16_t, or it is ACTIV_FLOAT32, which is the call above. Each value is read, computed with in float32, and rounded
 * once, to the nearest, ties to even: so the bits are those of activ_convert to float32, the call above, and
 * activ_convert back. A NaN stays one, subnormal numbers are kept, what is too large becomes infinite. params and
 * dparams are float32. Arrays of uint16_t begin at a multiple of 2 bytes. In-place, aliasing and statuses as there.
 *
 * ACTIV_ERROR_UNSUPPORTED: another dtype. ACTIV_ERROR_SHAPE: also num_parameters above 1. */
ACTIV_API activ_status activ_forward_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t n,
                                        const void *x, void *y);
ACTIV_API activ_status activ_backward_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t n,
                                         const void *x, const void *dy, void *dx, float *dparams);
ACTIV_API activ_status activ_forward_rows_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                             size_t columns, const void *x, size_t x_stride, void *y, size_t y_stride);
ACTIV_API activ_status activ_backward_rows_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                              size_t columns, const void *x, size_t x_stride, const void *dy,
                                              size_t dy_stride, void *dx, size_t dx_stride, float *dparams);
ACTIV_API activ_status activ_forward_gated_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                              size_t columns, const void *value, size_t value_stride, const void *gate,
                                              size_t gate_stride, void *y, size_t y_stride);
ACTIV_API activ_status activ_backward_gated_as(const activ_fn *fn, const float *params, activ_dtype dtype, size_t rows,
                                               size_t columns, const void *value, size_t value_stride, const void *gate,
                                               size_t gate_stride, const void *dy, size_t dy_stride, void *dvalue,
                                               size_t dvalue_stride, void *dgate, size_t dgate_stride, float *dparams);

/* ---- any function, all arguments, and the reason of a failure ---------------------------------------------------- */

/* All of the calls above in two, for those who want the reason of a failure in words, or do not know a function's shape
 * beforehand: language bindings, tools. The plain calls are these with fewer arguments, and give the same bits.
 *
 * An array of n elements is one row of n columns, or no row if n is 0. outer x channels x inner values are
 * rows = outer * channels, columns = inner, without gaps between the rows. The statuses are those of the plain calls;
 * ACTIV_ERROR_UNSUPPORTED: a field that this library does not know is not 0. */
typedef struct activ_forward_args {
    size_t size;
    const float *params; /* NULL: the initial values */
    size_t rows, columns;
    size_t channels; /* of a function with num_parameters above 1, row r being of channel r % channels; else 0 or any */
    const float *x;  /* of a gated function: value */
    size_t x_stride; /* strides may be anything where rows is 1 or less */
    const float *gate; /* of a gated function; else NULL */
    size_t gate_stride;
    float *y;
    size_t y_stride;
    float *noise; /* not NULL: training mode, with rows * columns values; x and y must have no gaps then. Ignored if the
                   * function is not random, or is gated */
    uint64_t seed, stream, index;
    /* 0 or ACTIV_FLOAT32; or ACTIV_FLOAT16, ACTIV_BFLOAT16: then x, gate and y point to uint16_t, and strides count
     * these; params are float32. Without noise and channels. */
    activ_dtype dtype;
    int32_t reserved;
} activ_forward_args;

#define ACTIV_FORWARD_ARGS_DEFAULTS                                                               \
    {                                                                                             \
        sizeof(activ_forward_args), NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0 \
    }

typedef struct activ_backward_args {
    size_t size;
    const float *params;
    size_t rows, columns, channels; /* as above */
    const float *x;                 /* of a gated function: value */
    size_t x_stride;
    const float *gate; /* of a gated function; else NULL */
    size_t gate_stride;
    const float *noise; /* from a forward call in training mode; else NULL */
    const float *dy;
    size_t dy_stride;
    float *dx; /* the outputs: each may be NULL. Of a gated function: dvalue */
    size_t dx_stride;
    float *dgate;
    size_t dgate_stride;
    float *dparams; /* added to */
    /* With x = NULL, the derivative from y = f(x): the values that the forward call gave. In-place: dx may be y. */
    const float *y;
    size_t y_stride;
    int32_t accumulate; /* 1: dx and dgate are added to, instead of being overwritten */
    /* As above, of all arrays but params and dparams. Without noise, channels and accumulate, and with x. */
    activ_dtype dtype;
} activ_backward_args;

#define ACTIV_BACKWARD_ARGS_DEFAULTS                                                                                  \
    {                                                                                                                 \
        sizeof(activ_backward_args), NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, 0, \
            0, 0                                                                                                      \
    }

/* From y, for code that keeps that alone: what is lost is in brackets, as the error relative to f'.
 *
 *     identity, step, relu, relu6, hard_tanh, hard_sigmoid; leaky_relu, prelu with a slope >= 0
 *                                                                   nothing: the same bits
 *     softplus with threshold >= 16; log_sigmoid                    nothing: 4 ULP
 *     softmax, log_softmax                                          (2^-23 of the largest addend)
 *     sigmoid  y (1 - y)                                            (2^-23 / (1 - y): no digit is left near y = 1)
 *     tanh  (1 - y)(1 + y), softsign  (1 - |y|)^2                   (2^-23 / (1 - |y|))
 *     elu, trainable_elu with alpha >= 0: y + alpha for y < 0       (2^-23 alpha / (y + alpha))
 *     selu: y + lambda alpha for y < 0                             (the same)
 *     celu: 1 + y/alpha for y < 0                                  (twice that)
 *
 * ACTIV_ERROR_UNSUPPORTED: another function or setting, parameters per channel, noise, or dparams of a function that
 * has parameters, as these need x. */
ACTIV_API activ_status activ_forward_ex(const activ_fn *fn, const activ_forward_args *args, activ_message *message);
ACTIV_API activ_status activ_backward_ex(const activ_fn *fn, const activ_backward_args *args, activ_message *message);

/* ---- what a function is ------------------------------------------------------------------------------------------ */

/* Shapes of functions; the numbers are part of the ABI, and a newer library may know more. */
enum {
    ACTIV_SHAPE_ELEMENTWISE = 0, /* y[i] = f(x[i]): activ_forward */
    ACTIV_SHAPE_ROWWISE = 1,     /* of whole rows: activ_forward_rows */
    ACTIV_SHAPE_GATED = 2        /* y = value * act(gate): activ_forward_gated */
};

/* A function's entry in the catalog. All texts are static. */
typedef struct activ_fn_info {
    size_t size; /* sizeof(activ_fn_info), set by the caller */
    const char *name;
    const char *aliases;   /* its other names, separated by ", ": "SiLU, Swish"; "" if there are none */
    const char *signature; /* with its settings and their defaults: "elu(alpha=1)" */
    const char *formula;   /* as one writes it, in the language of formulas where that has the words */
    const char *source;    /* who defined it, where */
    int32_t trainable;     /* 1 if it has parameters */
    float forward_ulp;     /* bound of the forward error, in units in the last place; infinity: none, as of formulas */
    float derivative_ulp;  /* bound of the derivative's error */
    int32_t shape;         /* ACTIV_SHAPE_... */
    int32_t random;        /* 1 if it draws random numbers in training mode, a gated one in graphs only */
    int32_t reserved;
} activ_fn_info;

#define ACTIV_FN_INFO_INIT                                                          \
    {                                                                               \
        sizeof(activ_fn_info), NULL, NULL, NULL, NULL, NULL, 0, 0.0f, 0.0f, 0, 0, 0 \
    }

/* Entry `index` of the catalog, from 0 on; the order may change between versions. ACTIV_ERROR_RANGE: past its end;
 * ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_fn_catalog(size_t index, activ_fn_info *info);

/* The entry of this function; a gated one is as trainable and as random as its act. ACTIV_ERROR_INVALID: NULL, no
 * size. */
ACTIV_API activ_status activ_fn_info_of(const activ_fn *fn, activ_fn_info *info);

/* 1 if the function draws random numbers in training mode (rrelu; gated(rrelu), which draws in graphs only), else 0;
 * 0 for NULL. */
ACTIV_API int32_t activ_fn_is_random(const activ_fn *fn);

/* How many channels have parameters of their own: num_parameters in the spec, or C of a formula's a[channels=C]; 1 for
 * most functions, also for those without parameters; 0 for NULL. */
ACTIV_API size_t activ_fn_channels(const activ_fn *fn);

/* Kinds of settings; the numbers are part of the ABI. */
enum {
    ACTIV_SETTING_REAL = 0,     /* a number */
    ACTIV_SETTING_COUNT = 1,    /* a whole number */
    ACTIV_SETTING_WORD = 2,     /* one of some words */
    ACTIV_SETTING_FUNCTIONS = 3 /* functions: activ_fn_function */
};

/* One of a function's settings. All texts are static. */
typedef struct activ_setting_info {
    size_t size; /* sizeof(activ_setting_info), set by the caller */
    const char *name;
    int32_t kind;             /* ACTIV_SETTING_... */
    int32_t trainable;        /* 1: the value is where a parameter starts */
    double value;             /* as the spec says; kernels use the float32 nearest to that text. A word's: its index */
    double initial;           /* its default */
    double minimum, maximum;  /* of a real or a count, inclusive; some combinations are refused beyond that */
    const char *word;         /* of a word; else NULL */
    const char *const *words; /* all that are possible, ended by NULL; else NULL */
} activ_setting_info;

#define ACTIV_SETTING_INFO_INIT                                                \
    {                                                                          \
        sizeof(activ_setting_info), NULL, 0, 0, 0.0, 0.0, 0.0, 0.0, NULL, NULL \
    }

/* The settings, in the order of the signature. ACTIV_ERROR_RANGE: past the last; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API size_t activ_fn_setting_count(const activ_fn *fn);
ACTIV_API activ_status activ_fn_setting_info(const activ_fn *fn, size_t index, activ_setting_info *info);

/* The functions that a function is made of: act of a gated function; none for most. They belong to fn; NULL past the
 * last. */
ACTIV_API size_t activ_fn_function_count(const activ_fn *fn);
ACTIV_API const activ_fn *activ_fn_function(const activ_fn *fn, size_t index);

/* The parameters by name: each is a tensor of one dimension, params[offset .. offset + count - 1]. */
typedef struct activ_fn_tensor_info {
    size_t size;      /* sizeof(activ_fn_tensor_info), set by the caller */
    const char *name; /* "weight"; the function's */
    size_t offset;
    size_t count;
} activ_fn_tensor_info;

#define ACTIV_FN_TENSOR_INFO_INIT                \
    {                                            \
        sizeof(activ_fn_tensor_info), NULL, 0, 0 \
    }

/* In the order of the array. ACTIV_ERROR_RANGE: past the last; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API size_t activ_fn_param_tensor_count(const activ_fn *fn);
ACTIV_API activ_status activ_fn_param_tensor_info(const activ_fn *fn, size_t index, activ_fn_tensor_info *info);

#ifdef __cplusplus
}
#endif

#endif
