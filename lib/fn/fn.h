/* Internals of an activation function. */
#ifndef ACTIV_FN_FN_H
#define ACTIV_FN_FN_H

#include <string.h>

#include "activ/fn.h"
#include "base/host.h"
#include "formula/formula.h"
#include "functions/definition.h"
#include "functions/kernel.h"

/* A function of the catalog: its name, shape, index in a tier's table for that shape, and definition. */
typedef struct activ_fn_entry {
    const char *name;
    int32_t shape;
    int index;
    const activ_fn_definition *definition;
} activ_fn_entry;

/* In the order of activ_fn_catalog. */
extern const activ_fn_entry activ_fn_registry[];
extern const size_t activ_fn_registry_count;

/* A function of the host's own code (fn/custom.c), with the entry that stands for the catalog's. */
#define ACTIV_CUSTOM_NAME 40
#define ACTIV_CUSTOM_PARAMS 48
typedef struct activ_custom {
    activ_fn_callbacks callbacks;
    void *user;
    char name[ACTIV_CUSTOM_NAME + 1];
    activ_fn_entry entry;
    activ_fn_definition definition;
} activ_custom;

/* A formula (fn/formula.c), with the entry that stands for the catalog's. */
typedef struct activ_fn_formula {
    activ_formula formula;
    activ_fn_entry entry;
    activ_fn_definition definition;
    char *text; /* canonical */
    size_t text_bytes;
} activ_fn_formula;

struct activ_fn {
    activ_host host;
    const activ_fn_entry *entry;
    activ_custom *custom;          /* NULL: it is not the host's own code */
    activ_fn_formula *formula;     /* NULL: it is no formula */
    const activ_fn_kernel *kernel; /* of an elementwise function; of a gated one: its gate's */
    const activ_rowwise_kernel *rowwise;

    size_t setting_count;
    activ_setting_value *settings;

    /* The functions that it is composed of, as the spec says; of a gated one its gate. */
    activ_fn **functions;
    activ_fn_component *components; /* the same, for kernels */
    size_t function_count;

    /* Parameters: vectors in one array. `scalars` of them are trainable settings, each with a value or one per
     * channel. Of a gated function they are its gate's. */
    size_t vectors, param_count, scalars, num_parameters;
    const char **names;
    char *name_texts; /* of names that are not in the definition, one after the other */
    size_t name_bytes;
    size_t *lengths;
    size_t *kernel_lengths;         /* the same to kernels, which see all parameters of a formula as one vector */
    unsigned char *scalar_settings; /* the index of each scalar among the settings */
    float *initial;                 /* initial values of all parameters, with seed 0 */

    int is_simple;         /* elementwise, without channels: for activ_forward's fast path */
    int is_static;         /* one of activ_fn_default's, in whose memory nothing else has a place */
    float *setting_values; /* the settings as float32, at least ACTIV_FN_SETTINGS of them */
    activ_fn_args args;    /* with the initial values of the parameters */
    char *spec;

    void *block; /* holds the arrays above */
    size_t block_bytes;
};

/* Functions that one is composed of, at most. And vectors of parameters: fn/sums.c has as many sums in one pass. */
#define ACTIV_FN_FUNCTIONS 16
#define ACTIV_FN_VECTORS 48

/* Threads that a call may use. */
static inline size_t activ_fn_threads(const activ_fn *fn)
{
    return (size_t)fn->host.executor.num_threads;
}

/* Creates the function of a spec, which need not be zero-terminated; the message says why it fails. Does not log. */
activ_status activ_fn_make(const activ_host *host, activ_slice spec, activ_message *message, activ_fn **out);

/* The same in two steps, for specs from a file. Its initial values are made in the second, as that may take longer than
 * finding out that the file has no values for them. *room: how many parameters there may be, ACTIV_ERROR_RANGE if it
 * has more; reduced by those that it has. NULL: any number. */
activ_status activ_fn_make_empty(const activ_host *host, activ_slice spec, size_t *room, activ_message *message,
                                 activ_fn **out);
void activ_fn_fill(activ_fn *fn);

/* A copy for another host, with its allocator and tier. NULL if out of memory. */
activ_fn *activ_fn_copy(const activ_host *host, const activ_fn *fn);

/* Size of all its memory, in bytes. */
size_t activ_fn_bytes(const activ_fn *fn);

/* fn/names.c: the entry of a name; NULL: there is none, or several, as the message says, which may be NULL. And whether
 * it is a name or alias, as it is spelled. */
const activ_fn_entry *activ_fn_find(activ_slice name, activ_message *message);
int activ_fn_is_in_catalog(activ_slice name);
/* The nearest name of an entry, or of `others`, which ends with NULL; NULL if none is near. */
const char *activ_fn_nearest(activ_slice name, const char *const *others);

/* fn/custom.c: checks and copies what the host gives; finds a function of this name among the host's
 * (ACTIV_ERROR_UNKNOWN_NAME, without a message, if there is none). */
activ_status activ_custom_read(const char *name, const activ_fn_callbacks *callbacks, void *user, activ_custom *custom,
                               activ_message *message);
activ_status activ_custom_find(const activ_host *host, activ_slice name, activ_custom *custom, activ_message *message);
extern const activ_fn_kernel activ_custom_kernel;

/* fn/formula.c: is the spec a formula, or the derivative of a function, rather than a name with settings? Makes it, for
 * an expert one that takes little of the stack; and whatever the catalog's functions have tables for: its parameters'
 * names, one after the other in `text`, lengths and initial values. */
int activ_fn_is_formula(const activ_host *host, activ_slice spec);
activ_status activ_fn_formula_make(const activ_host *host, activ_slice spec, int is_expert, activ_message *message,
                                   activ_fn_formula **out);
/* The formula of a function as nodes, for who looks at it: fn's own, or the catalog's with fn's settings. */
activ_status activ_fn_formula_open(const activ_host *host, const activ_fn *fn, activ_message *message,
                                   activ_fn_formula **out);
void activ_fn_formula_free(const activ_host *host, activ_fn_formula *formula);
size_t activ_fn_formula_vectors(const activ_fn_formula *formula, size_t *param_count, size_t *name_bytes);
void activ_fn_formula_name(const activ_fn_formula *formula, const char **names, size_t *lengths, char *text);
void activ_fn_formula_init(const activ_fn_formula *formula, float *params);

/* fn/spec.c: parses a spec: its function, its settings in an array of settings_bytes from the host, and, if it is one
 * of the host's own code, what is known of it, from the host too; else *custom is NULL. And writes the canonical
 * spec, returning its length even where it does not fit. */
activ_status activ_fn_parse(const activ_host *host, activ_slice spec, activ_message *message,
                            const activ_fn_entry **entry, activ_custom **custom, activ_setting_value **settings,
                            size_t *settings_bytes);
size_t activ_fn_write_spec(const activ_fn *fn, char *buffer, size_t size);

/* The arguments of a kernel, with the caller's parameters (NULL: the initial ones). `storage` holds the caller's
 * scalars and has to live as long as *args is used. */
typedef struct activ_fn_storage {
    float setting_values[ACTIV_FN_SETTINGS];
} activ_fn_storage;
static inline void activ_fn_prepare(const activ_fn *fn, const float *params, activ_fn_storage *storage,
                                    activ_fn_args *args)
{
    *args = fn->args;
    if (!params || fn->param_count == 0)
        return;
    args->params = params;
    if (fn->scalars == 0 || args->channels > 0)
        return;
    memcpy(storage->setting_values, fn->setting_values, sizeof storage->setting_values);
    for (size_t j = 0; j < fn->scalars; j++)
        storage->setting_values[fn->scalar_settings[j]] = params[j];
    args->setting_values = storage->setting_values;
}

/* The arguments for the elements from `first` on: with the arrays of training and its random index shifted. */
typedef struct activ_fn_shifted {
    activ_fn_args args;
    activ_fn_training training;
} activ_fn_shifted;
static inline const activ_fn_args *activ_fn_args_from(const activ_fn_args *args, size_t first,
                                                      activ_fn_shifted *shifted)
{
    if (!args->training || first == 0)
        return args;
    shifted->training = *args->training;
    shifted->args = *args;
    shifted->args.training = &shifted->training;
    shifted->training.index += first;
    if (shifted->training.save)
        shifted->training.save += first;
    if (shifted->training.saved)
        shifted->training.saved += first;
    return &shifted->args;
}

/* ---- fn/sums.c: the gradients of parameters -------------------------------------------------------- */

/* Elements as rows of `width` contiguous ones, with a row stride for each array: element e is x[e / width * x_stride +
 * e % width]. With a value (of a gated function), dy is multiplied by it. */
typedef struct activ_fn_elements {
    size_t n, width;
    const float *x, *dy, *value;
    size_t x_stride, dy_stride, value_stride;
    /* NULL: float32. Else the arrays are of dtype, and this converts it. */
    void (*widen)(activ_dtype dtype, size_t n, const uint16_t *x, float *y);
    activ_dtype dtype;
} activ_fn_elements;

/* dparams += sums over the elements of dy df/dparam, split among threads; dparams[v * vector_stride + i] is element i
 * of vector v; vector_stride 0: vectors are contiguous. If dx is not NULL, dx = dy f'(x) too: then the elements are
 * contiguous, without a value, and dx may be dy or x. */
void activ_fn_add_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                            const activ_fn_args *args, const activ_fn_elements *elements, float *dx, float *dparams,
                            size_t vector_stride);

/* ---- fn/channels.c: outer x channels x inner values --------------------------------------------- */

/* y = f(x), or dx = dy f'(x), of elements first .. first + count - 1 of an array of ... x channels x inner; y and dx
 * are those of the first of them. args has the scalars of all channels. */
void activ_fn_channels_forward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                               size_t count, const float *x, float *y);
void activ_fn_channels_backward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                                size_t count, const float *x, const float *dy, float *dx);
/* dparams += the sums of each channel. */
void activ_fn_channels_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                                 const activ_fn_args *args, size_t outer, size_t inner, const float *x, const float *dy,
                                 float *dparams);

/* ---- fn/apply.c: an array, split among threads ----------------------------------------- */

/* y = f(x); dx = dy f'(x) and dparams += ..., each if not NULL. inner: contiguous values of a channel; 1 without
 * channels. args->training is that of element 0; each part shifts it to its own elements. */
void activ_fn_run_forward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                          const activ_fn_args *args, size_t n, size_t inner, const float *x, float *y);
void activ_fn_run_backward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, size_t n, size_t inner, const float *x, const float *dy,
                           float *dx, int accumulate, float *dparams);

/* Elements at a time where dx is added to: their gradients are on the stack. */
#define ACTIV_FN_ADDED 256

/* ---- fn/rows.c: matrices, split among threads; row strides in elements -------------------------- */

/* Row-wise and gated functions, and elementwise ones on rows with gaps. Of the arguments, which have been checked, the
 * arrays, their sizes, accumulate and dparams count; parameters and training are those of `args`. Backward takes the
 * derivative from y if x is NULL. */
void activ_fn_run_rows(const activ_fn *fn, size_t threads, const activ_fn_args *args, const activ_forward_args *a);
void activ_fn_run_rows_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args,
                                const activ_backward_args *a);

/* ---- fn/half.c: float16 and bfloat16, split among threads ------------------------------------------- */

/* As activ_fn_run_rows, for functions of every shape, without accumulate. */
void activ_fn_run_half(const activ_fn *fn, size_t threads, const activ_fn_args *args, const activ_forward_args *a);
void activ_fn_run_half_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args,
                                const activ_backward_args *a);

/* ---- fn/gated.c ------------------------------------------------------------------------------------ */

/* y = w f(x); y may be x or w. */
void activ_fn_forward_times(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                            const float *x, const float *w, float *y);

/* dvalue = dy act(gate) and dgate = dy value act'(gate), each if not NULL, of n elements; each may alias any input. */
void activ_fn_gated_backward(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                             const float *value, const float *gate, const float *dy, float *dvalue, float *dgate,
                             int accumulate);

#endif
