/* libactiv: activation functions, forward and backward, on arrays of float32.
 *
 * A function is made from a text, its spec: a name, and settings in brackets where the defaults are
 * not wanted:
 *
 *     "gelu"   "leaky_relu(negative_slope=0.2)"   "prelu(weight=0.1, num_parameters=64)"   "staf(tau=25)"
 *     "softmax"   "swiglu"   "gated(elu(alpha=0.5))"
 *
 * A function has one of three shapes, which activ_fn_info tells: elementwise, y[i] = f(x[i]) (activ_forward); row-wise,
 * of whole rows (softmax, log_softmax: activ_forward_rows); gated, y = value act(gate) (glu, swiglu ..., and
 * gated(SPEC) of any elementwise SPEC: activ_forward_gated). A call for another shape is ACTIV_ERROR_SHAPE.
 *
 * For a trainable setting its value is where training starts; functions whose parameters are vectors have a start of
 * their own: staf is drawn (init is book: C, Omega, Phi normal; repo: the authors' start; unit: repo's, scaled to
 * variance 1), fourier is the Fourier series of x on [-pi, pi], rational_a the published fit of leaky_relu, bspline a
 * fit of silu. Names and settings are PyTorch's where it has them. activ_fn_catalog() lists all functions with formula
 * and source, activ_fn_setting_info() and activ_fn_param_info() tell settings and parameters of one. An activ_fn never
 * changes after its creation: any number of threads may use one at the same time.
 *
 * Values: each function is evaluated as the real function and rounded once as nearly as the bound
 * in the catalog says; infinities give the one-sided limit where there is one; NaN gives that NaN,
 * in the function and in its derivative. All tiers, lengths and alignments give the same bits. The
 * floating-point environment is expected to be the default one (round to nearest, no flush to zero)
 * and is left as it was.
 */
#ifndef ACTIV_FN_H
#define ACTIV_FN_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct activ_fn activ_fn;

/* Makes the function that `spec` describes and stores it in *out; the caller destroys it. Blanks are allowed around
 * names, numbers and punctuation. Failures: ACTIV_ERROR_SYNTAX (malformed text), ACTIV_ERROR_UNKNOWN_NAME (function or
 * setting), ACTIV_ERROR_RANGE (a value that the function does not allow), ACTIV_ERROR_SHAPE (a function inside of
 * another that is not elementwise, or has parameters per channel), RANGE also for functions inside of one another
 * eight times or more than one where one belongs, OUT_OF_MEMORY, INVALID (NULL); the context's log gets a line that
 * names the thing. */
ACTIV_API activ_status activ_fn_create(const activ_context *context, const char *spec, activ_fn **out);

/* NULL is allowed. */
ACTIV_API void activ_fn_destroy(activ_fn *fn);

/* Would activ_fn_create accept this text? If not, the message says why. (Makes the function and destroys it again, in
 * memory of malloc's.) */
ACTIV_API activ_status activ_fn_check(const char *spec, activ_message *message);

/* The canonical text, with every setting that differs from its default; creating from it gives
 * the same function. Belongs to fn. NULL for NULL. */
ACTIV_API const char *activ_fn_spec(const activ_fn *fn);

/* Number of trainable float32 values; 0 for most functions. activ_fn_param_info tells their names and order (staf: C,
 * then Omega, then Phi). */
ACTIV_API size_t activ_fn_param_count(const activ_fn *fn);

/* Writes the initial values of the trainable parameters, param_count of them: those in the spec,
 * or, where the start is random (staf), values drawn with `seed`. */
ACTIV_API activ_status activ_fn_param_init(const activ_fn *fn, uint64_t seed, float *params);

/* y[i] = f(x[i]) for i < n. params: param_count values, or NULL for the initial
 * values (seed 0). y may be x; any other overlap is refused. n may be 0. */
ACTIV_API activ_status activ_forward(const activ_fn *fn, const float *params, size_t n, const float *x, float *y);

/* dx[i] = dy[i] * f'(x[i]), overwritten; dparams[j] += sum over i of dy[i] * df(x[i])/dparams[j]. x holds what the
 * forward call got. Either output may be NULL. dx may be dy or x; any other overlap is refused. Sums are kept in
 * double; their order depends on n alone. With an executor in the function's context, large arrays are shared out
 * among its threads, here and in all calls below: the same bits. */
ACTIV_API activ_status activ_backward(const activ_fn *fn, const float *params, size_t n, const float *x,
                                      const float *dy, float *dx, float *dparams);

/* ---- functions of other shapes, and elementwise ones on other arrays ---------------------------------- */

/* Parameters per channel, as PyTorch has them: a function with num_parameters=C in its spec has C values of each of its
 * trainable scalars (prelu: weight[0 .. C-1]), and works on outer x channels x inner values, channel c having its own;
 * a batch of images is N x C x (H W). channels has to be num_parameters; a function whose parameters all elements share
 * takes any number. Otherwise as activ_forward and activ_backward, which answer ACTIV_ERROR_SHAPE for such a
 * function. */
ACTIV_API activ_status activ_forward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                              size_t inner, const float *x, float *y);
ACTIV_API activ_status activ_backward_channels(const activ_fn *fn, const float *params, size_t outer, size_t channels,
                                               size_t inner, const float *x, const float *dy, float *dx,
                                               float *dparams);

/* Row-wise functions (softmax), each row of a matrix by itself; and elementwise functions on a matrix with gaps
 * between its rows. Row r of x begins at x[r * x_stride], strides counting elements, no less than columns. y may be x
 * with the same stride; arrays of one stride may lie between each other's rows; any other overlap is
 * ACTIV_ERROR_INVALID, as are a NULL and params among the rows; too many elements are ACTIV_ERROR_RANGE. columns is at
 * least 1, rows may be 0. A NaN in a row, an infinity of which there is no limit (softmax: +inf, or -inf alone) make
 * the whole row NaN. ACTIV_ERROR_SHAPE: a gated function, num_parameters above 1, columns 0, a stride below columns. */
ACTIV_API activ_status activ_forward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                          const float *x, size_t x_stride, float *y, size_t y_stride);

/* dx = the gradient, overwritten; dparams += as in activ_backward; each may be NULL. dx may be dy or x with the same
 * stride. */
ACTIV_API activ_status activ_backward_rows(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                           const float *x, size_t x_stride, const float *dy, size_t dy_stride,
                                           float *dx, size_t dx_stride, float *dparams);

/* Gated functions: y = value act(gate), element by element. "gated(SPEC)" makes one of any elementwise function, whose
 * parameters are then its parameters; glu, reglu, geglu, geglu_tanh, swiglu and bilinear are the usual ones. The two
 * halves of a matrix of 2C columns are value = m and gate = m + C with strides 2C (PyTorch's F.glu) or the other way
 * round. y may be value or gate with the same stride; all else as in activ_forward_rows. Error bounds were measured,
 * over act's of the catalog; where act(gate) or its slope is subnormal, its own rounding is multiplied too. A random
 * act (rrelu) takes its mean, as in evaluation: it draws in graphs alone. */
ACTIV_API activ_status activ_forward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                           const float *value, size_t value_stride, const float *gate,
                                           size_t gate_stride, float *y, size_t y_stride);

/* dvalue = dy act(gate), dgate = dy value act'(gate), overwritten; dparams += the sums of dy value dact(gate)/dparam,
 * where dy value is rounded to float32. Each output may be NULL; each may be one of the inputs, with the same stride,
 * but not the other output. */
ACTIV_API activ_status activ_backward_gated(const activ_fn *fn, const float *params, size_t rows, size_t columns,
                                            const float *value, size_t value_stride, const float *gate,
                                            size_t gate_stride, const float *dy, size_t dy_stride, float *dvalue,
                                            size_t dvalue_stride, float *dgate, size_t dgate_stride, float *dparams);

/* ---- training mode ----------------------------------------------------------------------------------- */

/* 1 if the function draws random numbers while training (rrelu), else 0. */
ACTIV_API int32_t activ_fn_is_random(const activ_fn *fn);

/* Training mode. A function that is not random does the same as activ_forward and leaves `noise` alone (it may be
 * NULL). A random one draws its value for element i from (seed, stream, index + i) and stores in noise[i] what the
 * backward call needs (rrelu: the slope drawn where x <= 0, else 1). noise: n values, apart from x and y; dx may be
 * noise, dy or x. Elementwise functions with num_parameters 1; else ACTIV_ERROR_SHAPE. */
ACTIV_API activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed, uint64_t stream,
                                           uint64_t index, size_t n, const float *x, float *y, float *noise);
ACTIV_API activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n, const float *x,
                                            const float *noise, const float *dy, float *dx, float *dparams);

/* ---- what a function is -------------------------------------------------------------------------------- */

/* Shapes of functions; the numbers are part of the ABI, and a newer library may know more. */
enum {
    ACTIV_SHAPE_ELEMENTWISE = 0, /* y[i] = f(x[i]): activ_forward */
    ACTIV_SHAPE_ROWWISE = 1,     /* of whole rows: activ_forward_rows */
    ACTIV_SHAPE_GATED = 2        /* y = value act(gate): activ_forward_gated */
};

/* What the library knows of one of its functions. All texts are static. Set size =
 * sizeof(activ_fn_info) before the call; a newer library may know more than the struct has room
 * for. */
typedef struct activ_fn_info {
    size_t size;
    const char *name;
    const char *signature; /* with its settings and their defaults: "elu(alpha=1)" */
    const char *formula;
    const char *source;   /* who defined it, where */
    int32_t trainable;    /* 1 if it has trainable parameters */
    float forward_ulp;    /* bound of the forward error, in units in the last place */
    float derivative_ulp; /* bound of the derivative's error */
    int32_t shape;        /* ACTIV_SHAPE_... */
    int32_t random;       /* 1 if it draws random numbers while training */
} activ_fn_info;

/* Entry `index` of the catalog; ACTIV_ERROR_RANGE past its end. */
ACTIV_API activ_status activ_fn_catalog(size_t index, activ_fn_info *info);

/* The catalog's entry of a function that there is; of a gated one, `trainable` and `random` are what its gate is. */
ACTIV_API activ_status activ_fn_info_of(const activ_fn *fn, activ_fn_info *info);

/* Kinds of settings. */
enum {
    ACTIV_SETTING_REAL = 0,     /* a number */
    ACTIV_SETTING_COUNT = 1,    /* a whole number */
    ACTIV_SETTING_WORD = 2,     /* one of some words */
    ACTIV_SETTING_FUNCTIONS = 3 /* functions: activ_fn_function */
};

/* One of a function's settings, in the order of its signature; ACTIV_ERROR_RANGE past the last. The texts are static.
 * Counts here and below are 0 for NULL. */
typedef struct activ_fn_setting {
    size_t size; /* sizeof(activ_fn_setting), set by the caller */
    const char *name;
    int32_t kind;             /* ACTIV_SETTING_... */
    int32_t trainable;        /* the value is where training starts */
    double value;             /* as the spec says, of which kernels use the float32 nearest to that text; a word's:
                               * its index */
    double initial;           /* the default */
    double minimum, maximum;  /* of a real or a count, inclusive; combinations of settings may be refused beyond that */
    const char *word;         /* of a word; else NULL */
    const char *const *words; /* all that there are, ended by NULL; else NULL */
} activ_fn_setting;

ACTIV_API size_t activ_fn_setting_count(const activ_fn *fn);
ACTIV_API activ_status activ_fn_setting_info(const activ_fn *fn, size_t index, activ_fn_setting *setting);

/* The functions that a function is made of: one for a gated function, none for most. They belong to fn; NULL past
 * the last. */
ACTIV_API size_t activ_fn_function_count(const activ_fn *fn);
ACTIV_API const activ_fn *activ_fn_function(const activ_fn *fn, size_t index);

/* A vector of parameters, in their order: params[offset .. offset + count - 1]; ACTIV_ERROR_RANGE past the last. */
typedef struct activ_fn_param {
    size_t size;      /* sizeof(activ_fn_param), set by the caller */
    const char *name; /* "weight"; fn's */
    size_t offset, count;
} activ_fn_param;

ACTIV_API size_t activ_fn_param_vector_count(const activ_fn *fn);
ACTIV_API activ_status activ_fn_param_info(const activ_fn *fn, size_t index, activ_fn_param *param);

/* How many channels have parameters of their own; 1 for most functions. */
ACTIV_API size_t activ_fn_num_parameters(const activ_fn *fn);

#ifdef __cplusplus
}
#endif

#endif
