/* libactiv: looking inside a network: layers, histograms, running statistics, quantiles, dead neurons, surfaces.
 *
 * Accumulators are made once, with all the memory that they will ever take, fed with arrays, batch by batch, and asked
 * at any time:
 *
 *     activ_histogram   how many values lie in each of some bins
 *     activ_stats       count, mean, variance, norm, least and largest value, zeros, NaN
 *     activ_quantiles   median and other quantiles, within a relative error that is stated, in one pass
 *     activ_neurons     which neurons of a layer are dead: 0 for every input; activ_graph_neurons: of all layers
 *
 *     activ_layer_view view = ACTIV_LAYER_VIEW_INIT;
 *     activ_graph_train(g, batch, pixels, labels, NULL);             // a graph compiled with keep_values
 *     activ_graph_layer_view(g, activ_graph_find_node(g, "layers.0"), &view);
 *     activ_stats_add(stats, view.param_count, view.param_grads);    // no copy on the way
 *
 * What accumulators answer depends on the collection of values alone, to the last bit: not on their order, nor on how
 * they are cut into calls, nor on how accumulators are merged, nor on CPU, tier or rounding mode. Where the CPU flushes
 * denormals to zero, a histogram takes these for 0; the other accumulators look at the bits, and do not care.
 *
 * Calls that add, merge, reset or look allocate nothing. On failure neither accumulator nor outputs are changed.
 *
 * The calls that add n values at x: n may be 0, and then x NULL. ACTIV_ERROR_INVALID: NULL, an array at an address that
 * is no multiple of 4, or one in the accumulator's own memory; ACTIV_ERROR_RANGE: a size or a count that overflows.
 *
 * The calls that merge add to `into` all that was added to `from`, which stays as it is. ACTIV_ERROR_INVALID: NULL, or
 * both are the same; ACTIV_ERROR_SHAPE: they were made with other arguments; ACTIV_ERROR_RANGE: a count that
 * overflows. After a reset an accumulator is as new. NULL may be destroyed.
 *
 * Thread safety: an accumulator is used by one thread at a time, several threads may look at one that nobody changes.
 * Threads that share work have one each, and merge them at the end. activ_surface: from any thread, on different
 * arrays.
 */
#ifndef ACTIV_ANALYSIS_H
#define ACTIV_ANALYSIS_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "fn.h"
#include "graph.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layers ------------------------------------------------------------------------------------------------------ */

/* All that a graph holds of one node. Arrays are the graph's, not copied: values and gradients are valid until its next
 * call that computes, the rest until it is destroyed. */
typedef struct activ_layer_view {
    size_t size;        /* sizeof(activ_layer_view), set by the caller */
    const char *name;   /* "layers.0" */
    const char *kind;   /* "linear", as in activ_node_info */
    const activ_fn *fn; /* of an activation or gated layer; else NULL */
    size_t ndim;        /* of one sample */
    const size_t *shape;
    size_t width; /* values per sample: the product of the shape; the neurons of a layer */
    size_t batch; /* samples in `values`, which are batch x width; 0 if both arrays are NULL */
    /* As activ_graph_values and activ_graph_value_grads: outputs in the last call, and the loss's gradient by each of
     * them, for which the graph has to be compiled with keep_values. NULL: not there. An input has no values, as the
     * caller has them, nor has a flatten of it, but both have gradients; a loss has neither. */
    const float *values;
    const float *value_grads;
    /* Its parameters and their gradients; NULL and 0 if it has none, as a layer that shares another's. Gradients are
     * those of the last training call, NULL in a graph for predictions only. */
    const float *params;
    const float *param_grads;
    size_t param_count;
    /* Its tensors ("layers.0.weight") are numbers first_tensor .. first_tensor + tensor_count - 1 of
     * activ_graph_param_tensor_info; number i begins at params[info.offset - first_param]. */
    size_t first_param;
    size_t first_tensor;
    size_t tensor_count;
} activ_layer_view;

#define ACTIV_LAYER_VIEW_INIT                                                                         \
    {                                                                                                 \
        sizeof(activ_layer_view), NULL, NULL, NULL, 0, NULL, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0 \
    }

/* ACTIV_ERROR_RANGE: no such node; ACTIV_ERROR_STATE: not compiled; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_graph_layer_view(const activ_graph *graph, activ_node node, activ_layer_view *view);

/* ---- histograms -------------------------------------------------------------------------------------------------- */

typedef struct activ_histogram activ_histogram;

/* Larger ones are refused. */
#define ACTIV_HISTOGRAM_MAX_BINS 1048576

/* `bins` bins of equal width from low to high, as numpy.histogram has them: edge i is low + i ((high - low)/bins), in
 * double, and the last is high. A value belongs to bin i if edge[i] <= value < edge[i + 1], and to the last also if it
 * is high. Values are compared with the edges as they are stored: none ends on the wrong side by rounding.
 *
 * ACTIV_ERROR_RANGE: bins is 0 or above ACTIV_HISTOGRAM_MAX_BINS; unless low < high and low, high and high - low are
 * finite; or bins so narrow that two edges would be the same double. ACTIV_ERROR_INVALID: NULL;
 * ACTIV_ERROR_OUT_OF_MEMORY. The caller destroys *out. */
ACTIV_API activ_status activ_histogram_create(const activ_context *context, size_t bins, double low, double high,
                                              activ_histogram **out, activ_message *message);

/* An empty histogram with as many bins between the least and the largest of the finite values of x as the rule of
 * Freedman and Diaconis says (activ_histogram_bins), from their exact quartiles (numpy.percentile's: interpolated). If
 * all are the same value v, from v - d to v + d, d the larger of 1/2 and |v| 2^-20; if there is none, from 0 to 1: one
 * bin.
 *
 * x is not added. While it works, the call takes 512 KiB more. ACTIV_ERROR_RANGE: max_bins is 0 or above
 * ACTIV_HISTOGRAM_MAX_BINS, or n overflows; ACTIV_ERROR_INVALID: NULL, or x at an address that is no multiple of 4;
 * ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_histogram_create_auto(const activ_context *context, size_t n, const float *x,
                                                   size_t max_bins, activ_histogram **out, activ_message *message);

/* The rule by itself, for values that come batch by batch: n values between low and high with the quartiles q1 and q3,
 * as activ_stats and activ_quantiles have them. The bins' width is 2 (q3 - q1) n^(-1/3), their number (high - low) /
 * width rounded up, at least 1 and at most max_bins. If q1 = q3 (half of all values are the same) the number is that of
 * Sturges, log2(n) + 1 rounded up. 1 if n is 0, or low < high is not so; 0 if max_bins is 0, or an argument or a
 * difference of them is not finite; never above ACTIV_HISTOGRAM_MAX_BINS. Freedman, Diaconis 1981,
 * Zeitschrift fuer Wahrscheinlichkeitstheorie 57. */
ACTIV_API size_t activ_histogram_bins(uint64_t n, double low, double high, double q1, double q3, size_t max_bins);

ACTIV_API void activ_histogram_destroy(activ_histogram *histogram);

/* Counts n values. */
ACTIV_API activ_status activ_histogram_add(activ_histogram *histogram, size_t n, const float *x);
ACTIV_API activ_status activ_histogram_merge(activ_histogram *into, const activ_histogram *from);
ACTIV_API activ_status activ_histogram_reset(activ_histogram *histogram);

/* What is in it. Arrays are the histogram's, until it is destroyed. */
typedef struct activ_histogram_info {
    size_t size; /* sizeof(activ_histogram_info), set by the caller */
    size_t bins;
    const double *edges;    /* bins + 1 values */
    const uint64_t *counts; /* bins values; they follow what is added later */
    uint64_t total;         /* of all values: those in bins, under, over and NaN */
    uint64_t under;         /* below the first edge, -inf too */
    uint64_t over;          /* above the last edge, inf too */
    uint64_t nans;
} activ_histogram_info;

#define ACTIV_HISTOGRAM_INFO_INIT                               \
    {                                                           \
        sizeof(activ_histogram_info), 0, NULL, NULL, 0, 0, 0, 0 \
    }

/* ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_histogram_get(const activ_histogram *histogram, activ_histogram_info *info);

/* ---- running statistics ------------------------------------------------------------------------------------------ */

/* Sums of the values, their magnitudes and their squares are kept exactly, as integers of some hundred bits, so nothing
 * cancels and nothing overflows: variance and mean are as good for values around 1e6 as around 0. About 7 KiB. */
typedef struct activ_stats activ_stats;

/* The caller destroys *out. ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_stats_create(const activ_context *context, activ_stats **out);
ACTIV_API void activ_stats_destroy(activ_stats *stats);

ACTIV_API activ_status activ_stats_add(activ_stats *stats, size_t n, const float *x);
ACTIV_API activ_status activ_stats_merge(activ_stats *into, const activ_stats *from);
ACTIV_API activ_status activ_stats_reset(activ_stats *stats);

/* All values are counted. The numbers from `mean` on are of the finite ones alone, each within a relative 2^-50 of what
 * exact arithmetic gives; NaN where there is none. A caller that wants NaN for NaN looks at `nans`. */
typedef struct activ_stats_info {
    size_t size; /* sizeof(activ_stats_info), set by the caller */
    uint64_t count;
    uint64_t finite;
    uint64_t zeros; /* 0 and -0 */
    uint64_t nans;
    uint64_t positive_infinities;
    uint64_t negative_infinities;
    double mean;
    double mean_magnitude;  /* the mean of |x| */
    double variance;        /* the mean of (x - mean)^2 */
    double sample_variance; /* the sum of (x - mean)^2, divided by finite - 1; NaN for one value */
    double deviation;       /* the root of `variance` */
    double norm;            /* L2, the root of the sum of x^2; 0 if there is no value */
    double rms;             /* the root of the mean of x^2 */
    double least;           /* -0 is less than 0 */
    double largest;
} activ_stats_info;

#define ACTIV_STATS_INFO_INIT                                                                   \
    {                                                                                           \
        sizeof(activ_stats_info), 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 \
    }

/* ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_stats_get(const activ_stats *stats, activ_stats_info *info);

/* ---- quantiles --------------------------------------------------------------------------------------------------- */

/* Counts values by sign, exponent and the first `precision` bits of the mantissa; zeros, and the least and the largest
 * value, are kept exactly. Memory: 2^(precision + 12) bytes, 512 KiB for ACTIV_QUANTILES_PRECISION.
 *
 * The bound. Let v be the exact quantile: for a probability p the least value such that p n of the n values or more are
 * no larger (numpy.quantile's method "inverted_cdf"): the value of rank p n rounded up, with p n in double, and of rank
 * 1 for p = 0.
 *
 * The answer differs from v by at most 2^-(precision + 1) times the larger of |v| and 2^-126: for normal numbers a
 * relative error of 2^-8 = 0.4 % for ACTIV_QUANTILES_PRECISION. It is v itself if v is 0 or infinite, for p = 0 and
 * p = 1, and if all values are the same. */
typedef struct activ_quantiles activ_quantiles;

#define ACTIV_QUANTILES_PRECISION 7

/* precision: 1 to 15 (else ACTIV_ERROR_RANGE). The caller destroys *out. ACTIV_ERROR_INVALID: NULL;
 * ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_quantiles_create(const activ_context *context, int32_t precision, activ_quantiles **out);
ACTIV_API void activ_quantiles_destroy(activ_quantiles *quantiles);

/* NaN is counted apart; infinities are values. */
ACTIV_API activ_status activ_quantiles_add(activ_quantiles *quantiles, size_t n, const float *x);
ACTIV_API activ_status activ_quantiles_merge(activ_quantiles *into, const activ_quantiles *from);
ACTIV_API activ_status activ_quantiles_reset(activ_quantiles *quantiles);

/* How many values, NaN left out, and how many NaN; 0 for NULL. */
ACTIV_API uint64_t activ_quantiles_count(const activ_quantiles *quantiles);
ACTIV_API uint64_t activ_quantiles_nans(const activ_quantiles *quantiles);

/* values[i] = the quantile of probabilities[i], for i < count: 0 for the least value, 0.5 for the median, 1 for the
 * largest. NaN if there are no values. ACTIV_ERROR_RANGE: a probability that is not 0 to 1; ACTIV_ERROR_INVALID:
 * NULL. */
ACTIV_API activ_status activ_quantiles_get(const activ_quantiles *quantiles, size_t count, const double *probabilities,
                                           float *values);

/* ---- dead neurons ------------------------------------------------------------------------------------------------ */

/* What the `width` neurons of a layer did for all inputs so far. An output is *active* if its magnitude is above a
 * threshold, 0 unless set; NaN is active, -0 is 0. 12 bytes per neuron. */
typedef struct activ_neurons activ_neurons;

typedef struct activ_neurons_options {
    size_t size;
    float threshold; /* finite, >= 0 */
    int32_t reserved;
} activ_neurons_options;

#define ACTIV_NEURONS_DEFAULTS                 \
    {                                          \
        sizeof(activ_neurons_options), 0.0f, 0 \
    }

/* options: NULL means ACTIV_NEURONS_DEFAULTS. The caller destroys *out. ACTIV_ERROR_RANGE: width 0, the threshold, or a
 * size that overflows; ACTIV_ERROR_UNSUPPORTED: a field that this library does not know is not 0; ACTIV_ERROR_INVALID:
 * NULL, no size; ACTIV_ERROR_OUT_OF_MEMORY. */
ACTIV_API activ_status activ_neurons_create(const activ_context *context, size_t width,
                                            const activ_neurons_options *options, activ_neurons **out);
ACTIV_API void activ_neurons_destroy(activ_neurons *neurons);

/* The outputs for `rows` inputs: row r begins at values[r * stride]. ACTIV_ERROR_SHAPE: a stride below the width, if
 * there is more than one row. */
ACTIV_API activ_status activ_neurons_add(activ_neurons *neurons, size_t rows, const float *values, size_t stride);
ACTIV_API activ_status activ_neurons_merge(activ_neurons *into, const activ_neurons *from);
ACTIV_API activ_status activ_neurons_reset(activ_neurons *neurons);

/* What is known. Arrays are the accumulator's, until it is destroyed, and follow what is added later. */
typedef struct activ_neurons_info {
    size_t size; /* sizeof(activ_neurons_info), set by the caller */
    size_t width;
    uint64_t inputs;        /* rows so far */
    const uint64_t *active; /* for how many of them each neuron was active; by `inputs`, its share */
    const float *peaks;     /* the largest magnitude of each; infinity also for NaN */
    uint64_t dead;          /* how many are dead; 0 if there were no inputs */
} activ_neurons_info;

#define ACTIV_NEURONS_INFO_INIT                         \
    {                                                   \
        sizeof(activ_neurons_info), 0, 0, NULL, NULL, 0 \
    }

/* ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API activ_status activ_neurons_get(const activ_neurons *neurons, activ_neurons_info *info);

/* The neurons that are dead: 0 for every input so far; that are quiet: of a magnitude of at most `limit`, finite
 * and >= 0, for every input; that are rarely active: on a share of the inputs below `share`, 0 to 1. *count is their
 * number; the first `capacity` of them go to indices, in ascending order. indices may be NULL if capacity is 0.
 *
 * ACTIV_ERROR_STATE: there were no inputs; ACTIV_ERROR_RANGE: limit or share; ACTIV_ERROR_INVALID: NULL. */
ACTIV_API activ_status activ_neurons_dead(const activ_neurons *neurons, size_t capacity, size_t *indices,
                                          size_t *count);
ACTIV_API activ_status activ_neurons_quiet(const activ_neurons *neurons, float limit, size_t capacity, size_t *indices,
                                           size_t *count);
ACTIV_API activ_status activ_neurons_rarely_active(const activ_neurons *neurons, double share, size_t capacity,
                                                   size_t *indices, size_t *count);

/* The same for all layers of a graph that have a function (activ_graph_node_fn), each value of a sample being a neuron:
 *
 *     activ_graph_neurons_create(g, NULL, &all);
 *     for (...) {
 *         activ_graph_forward(g, batch, pixels, scores);
 *         activ_graph_neurons_add(all);
 *     }
 *     for (i = 0; i < activ_graph_neurons_count(all); i++)
 *         activ_neurons_get(activ_graph_neurons_at(all, i), &info);    // info.dead of info.width
 */
typedef struct activ_graph_neurons activ_graph_neurons;

/* For a graph that is compiled for batches, which has to live as long; with its allocator. options: for each layer. The
 * caller destroys *out. ACTIV_ERROR_STATE: not compiled, or for predictions only; and as activ_neurons_create. */
ACTIV_API activ_status activ_graph_neurons_create(const activ_graph *graph, const activ_neurons_options *options,
                                                  activ_graph_neurons **out);
ACTIV_API void activ_graph_neurons_destroy(activ_graph_neurons *neurons);

/* Adds what activ_graph_values has of each layer: to be called once after each call of the graph whose samples are to
 * count. ACTIV_ERROR_STATE: there are no values, as before the first call, or after a training call without
 * keep_values. */
ACTIV_API activ_status activ_graph_neurons_add(activ_graph_neurons *neurons);

/* `from`: of a graph with as many such layers, of the same widths: a copy that another thread has. */
ACTIV_API activ_status activ_graph_neurons_merge(activ_graph_neurons *into, const activ_graph_neurons *from);
ACTIV_API activ_status activ_graph_neurons_reset(activ_graph_neurons *neurons);

/* How many layers have a function, 0 for NULL; number i of them, in the order of the nodes: its node, -1 if there is
 * none; its accumulator, which belongs to `neurons`, NULL if there is none. */
ACTIV_API size_t activ_graph_neurons_count(const activ_graph_neurons *neurons);
ACTIV_API activ_node activ_graph_neurons_node(const activ_graph_neurons *neurons, size_t i);
ACTIV_API const activ_neurons *activ_graph_neurons_at(const activ_graph_neurons *neurons, size_t i);

/* ---- the gradient-flow surface ----------------------------------------------------------------------------------- */

/* z = f(x) + f(y) over the square [low, high]^2, and the magnitude of its gradient, sqrt(f'(x)^2 + f'(y)^2), for an
 * elementwise function; with f and f' themselves. n points along each side: points[i] = low + i ((high - low)/(n - 1)),
 * in double, rounded to float32; points[n - 1] = high. A random function takes its mean, as in evaluation.
 *
 * points, f, slopes: n values each: the points, f and f' there. z, gradient: n x n values, row-major: z[j * n + i] =
 * f[i] + f[j], in float32, and gradient[j * n + i], in double, rounded once: infinite only if it is above the largest
 * float32. Each may be NULL. NaN gives NaN, also beside an infinity.
 *
 * ACTIV_ERROR_SHAPE: fn is not elementwise, or has parameters per channel; ACTIV_ERROR_RANGE: n below 2, a size that
 * overflows, or low < high is not so, or one is not finite; ACTIV_ERROR_INVALID: fn, points, f or slopes is NULL, or
 * arrays that overlap or are misaligned. */
ACTIV_API activ_status activ_surface(const activ_fn *fn, const float *params, size_t n, float low, float high,
                                     float *points, float *f, float *slopes, float *z, float *gradient,
                                     activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
