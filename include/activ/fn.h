/* libactiv: activation functions, forward and backward, on arrays of float32.
 *
 * A function is made from a text, its spec: a name, and settings in brackets where the defaults are
 * not wanted:
 *
 *     "gelu"   "leaky_relu(negative_slope=0.2)"   "prelu(weight=0.1)"   "staf(tau=25)"
 *
 * For a trainable value that is where training starts. staf: tau 1 to 65536; init is book (C,
 * Omega, Phi normal), repo (the authors' start) or unit (repo's, scaled to variance 1). Names and
 * settings are PyTorch's where it has them. activ_fn_catalog() lists them all with formula and
 * source. An activ_fn never changes after its creation: any number of threads may use one at the
 * same time.
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

/* Makes the function that `spec` describes and stores it in *out; the caller destroys it. Blanks
 * are allowed around names, numbers and punctuation. Failures: ACTIV_ERROR_SYNTAX (malformed text),
 * ACTIV_ERROR_UNKNOWN_NAME (function or setting), ACTIV_ERROR_RANGE (a value that the function
 * does not allow); the context's log gets a line that names the thing. */
ACTIV_API activ_status activ_fn_create(const activ_context *context, const char *spec, activ_fn **out);

/* NULL is allowed. */
ACTIV_API void activ_fn_destroy(activ_fn *fn);

/* Would activ_fn_create accept this text? If not, the message says why. */
ACTIV_API activ_status activ_fn_check(const char *spec, activ_message *message);

/* The canonical text, with every setting that differs from its default; creating from it gives
 * the same function. Belongs to fn. NULL for NULL. */
ACTIV_API const char *activ_fn_spec(const activ_fn *fn);

/* Number of trainable float32 values; 0 for most functions. Their order is the order
 * in which the catalog's signature names them (staf: C, then Omega, then Phi). */
ACTIV_API size_t activ_fn_param_count(const activ_fn *fn);

/* Writes the initial values of the trainable parameters, param_count of them: those in the spec,
 * or, where the start is random (staf), values drawn with `seed`. */
ACTIV_API activ_status activ_fn_param_init(const activ_fn *fn, uint64_t seed, float *params);

/* y[i] = f(x[i]) for i < n. params: param_count values, or NULL for the initial
 * values (seed 0). y may be x; any other overlap is refused. n may be 0. */
ACTIV_API activ_status activ_forward(const activ_fn *fn, const float *params, size_t n,
                                     const float *x, float *y);

/* dx[i] = dy[i] * f'(x[i]), overwritten; dparams[j] += sum over i of dy[i] * df(x[i])/dparams[j].
 * x holds what the forward call got. Either output may be NULL. dx may be dy or x; any other
 * overlap is refused. Sums are kept in double, in sixteen partial sums of a fixed order. */
ACTIV_API activ_status activ_backward(const activ_fn *fn, const float *params, size_t n,
                                      const float *x, const float *dy, float *dx, float *dparams);

/* 1 if the function draws random numbers while training (rrelu), else 0. */
ACTIV_API int32_t activ_fn_is_random(const activ_fn *fn);

/* Training mode. A function that is not random does the same as activ_forward and leaves
 * `noise` alone (it may be NULL). A random one draws its value for element i from
 * (seed, stream, index + i) and stores in noise[i] what the backward call needs
 * (rrelu: the slope drawn where x <= 0, else 1). noise: n values. */
ACTIV_API activ_status activ_forward_train(const activ_fn *fn, const float *params, uint64_t seed,
                                           uint64_t stream, uint64_t index, size_t n,
                                           const float *x, float *y, float *noise);
ACTIV_API activ_status activ_backward_train(const activ_fn *fn, const float *params, size_t n,
                                            const float *x, const float *noise, const float *dy,
                                            float *dx, float *dparams);

/* What the library knows of one of its functions. All texts are static. Set size =
 * sizeof(activ_fn_info) before the call; a newer library may know more than the struct has room
 * for. */
typedef struct activ_fn_info {
    size_t size;
    const char *name;
    const char *signature;   /* with its settings and their defaults: "elu(alpha=1)" */
    const char *formula;
    const char *source;      /* who defined it, where */
    int32_t trainable;       /* 1 if it has trainable parameters */
    float forward_ulp;       /* bound of the forward error, in units in the last place */
    float derivative_ulp;    /* bound of the derivative's error */
} activ_fn_info;

/* Entry `index` of the catalog; ACTIV_ERROR_RANGE past its end. */
ACTIV_API activ_status activ_fn_catalog(size_t index, activ_fn_info *info);

#ifdef __cplusplus
}
#endif

#endif
