/* Inside of an activation function. */
#ifndef ACTIV_FN_FN_H
#define ACTIV_FN_FN_H

#include <string.h>

#include "activ/fn.h"
#include "base/host.h"
#include "functions/definition.h"
#include "functions/kernel.h"

/* A function of the lists: its name, its shape, its place in a tier's table for that shape, and what its file says. */
typedef struct activ_fn_entry {
    const char *name;
    int32_t shape;
    int index;
    const activ_fn_definition *definition;
} activ_fn_entry;

/* In the order of the catalog. */
extern const activ_fn_entry activ_fn_registry[];
extern const size_t activ_fn_registry_count;

struct activ_fn {
    activ_host host;
    const activ_fn_entry *entry;
    const activ_fn_kernel *kernel; /* of an elementwise function; of a gated one: its gate's */
    const activ_rowwise_kernel *rowwise;

    size_t setting_count;
    activ_setting_value *settings;

    /* The functions that it is made of, as the spec says: of a gated one its gate. */
    activ_fn **functions;
    activ_fn_component *components; /* the same, for kernels */
    size_t function_count;

    /* Parameters: vectors in one array. `scalars` of them are trainable settings, each with a value or one per channel.
     * Of a gated function they are its gate's. */
    size_t vectors, param_count, scalars, num_parameters;
    const char **names;
    size_t *lengths;
    unsigned char *scalar_settings; /* of the scalars, among the settings */
    float *initial;                 /* of all parameters, with seed 0 */

    int is_simple;         /* elementwise, the same for all elements: of activ_forward's kind */
    float *setting_values; /* the settings as float32, at least ACTIV_FN_SETTINGS of them */
    activ_fn_args args;    /* with the initial values of the parameters */
    char *spec;

    void *block; /* all of these arrays */
    size_t block_bytes;
};

/* No function is made of more. */
#define ACTIV_FN_FUNCTIONS 16

/* How many threads a call may share its work among. */
static inline size_t activ_fn_threads(const activ_fn *fn)
{
    return (size_t)fn->host.executor.num_threads;
}

/* The function of a spec, which need not end with a zero byte; if there is none, the message says why. Logs nothing. */
activ_status activ_fn_make(const activ_host *host, activ_slice spec, activ_message *message, activ_fn **out);

/* The same function for another host: its memory, its tier. NULL if there is no memory. */
activ_fn *activ_fn_copy(const activ_host *host, const activ_fn *fn);

/* All its memory, in bytes. */
size_t activ_fn_memory(const activ_fn *fn);

/* fn/spec.c: which function a spec names, and its settings in an array that is `room` bytes of the host's. The
 * canonical text; its length also where it does not fit. */
activ_status activ_fn_parse(const activ_host *host, activ_slice spec, activ_message *message,
                            const activ_fn_entry **entry, activ_setting_value **settings, size_t *room);
size_t activ_fn_write_spec(const activ_fn *fn, char *buffer, size_t size);

/* What a kernel gets, with the caller's parameters (NULL: the initial ones). `room` has to live as long as *args is
 * used: it is where scalars of the caller's find their places. */
typedef struct activ_fn_room {
    float setting_values[ACTIV_FN_SETTINGS];
} activ_fn_room;
static inline void activ_fn_prepare(const activ_fn *fn, const float *params, activ_fn_room *room, activ_fn_args *args)
{
    *args = fn->args;
    if (!params || fn->param_count == 0)
        return;
    args->params = params;
    if (fn->scalars == 0 || args->channels > 0)
        return;
    memcpy(room->setting_values, fn->setting_values, sizeof room->setting_values);
    for (size_t j = 0; j < fn->scalars; j++)
        room->setting_values[fn->scalar_settings[j]] = params[j];
    args->setting_values = room->setting_values;
}

/* The arguments for the elements from `first` on: what training keeps and draws moves along. */
typedef struct activ_fn_moved {
    activ_fn_args args;
    activ_fn_training training;
} activ_fn_moved;
static inline const activ_fn_args *activ_fn_args_from(const activ_fn_args *args, size_t first, activ_fn_moved *moved)
{
    if (!args->training || first == 0)
        return args;
    moved->training = *args->training;
    moved->args = *args;
    moved->args.training = &moved->training;
    moved->training.index += first;
    if (moved->training.save)
        moved->training.save += first;
    if (moved->training.saved)
        moved->training.saved += first;
    return &moved->args;
}

/* ---- fn/sums.c: the gradients of parameters -------------------------------------------------------- */

/* Elements in pieces of `width`, so far apart in each array: element e is x[e / width * x_step + e % width]. With a
 * value (of a gated function), dy is multiplied by it. */
typedef struct activ_fn_elements {
    size_t n, width;
    const float *x, *dy, *value;
    size_t x_step, dy_step, value_step;
} activ_fn_elements;

/* dparams += sums over the elements of dy df/dparam, shared out among so many threads; dparams[v * apart + i] is
 * element i of vector v if `apart` is not 0, else vectors lie one after the other. If dx is not NULL, the elements lie
 * in one piece, and dx = dy f'(x) comes out of the same pass where that is possible: 1 if it did, or dx is NULL. dx may
 * be dy or x. */
int activ_fn_add_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, const activ_fn_elements *elements, float *dx, float *dparams,
                           size_t apart);

/* ---- fn/channels.c: outer x channels x inner values --------------------------------------------- */

/* y = f(x), or dx = dy f'(x), of elements first .. first + count - 1 of an array of ... x channels x inner. args has
 * the scalars of all channels. */
void activ_fn_channels_forward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                               size_t count, const float *x, float *y);
void activ_fn_channels_backward(const activ_fn_kernel *kernel, const activ_fn_args *args, size_t inner, size_t first,
                                size_t count, const float *x, const float *dy, float *dx);
/* dparams += the sums of each channel. */
void activ_fn_channels_gradients(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                                 const activ_fn_args *args, size_t outer, size_t inner, const float *x, const float *dy,
                                 float *dparams);

/* ---- fn/apply.c: an array, shared out among so many threads ----------------------------------------- */

/* y = f(x), and dx = dy f'(x), dparams += ..., each if it is not NULL. inner: with channels, else 1. With training in
 * args, of element 0, each part draws and keeps what belongs to its elements. */
void activ_fn_run_forward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                          const activ_fn_args *args, size_t n, size_t inner, const float *x, float *y);
void activ_fn_run_backward(const activ_host *host, size_t threads, const activ_fn_kernel *kernel,
                           const activ_fn_args *args, size_t n, size_t inner, const float *x, const float *dy,
                           float *dx, float *dparams);

/* ---- fn/rows.c: matrices, shared out; strides are from row to row in elements -------------------------- */

void activ_fn_run_rows(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows, size_t columns,
                       const float *x, size_t x_stride, float *y, size_t y_stride);
void activ_fn_run_rows_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows,
                                size_t columns, const float *x, size_t x_stride, const float *dy, size_t dy_stride,
                                float *dx, size_t dx_stride, float *dparams);
void activ_fn_run_gated(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows, size_t columns,
                        const float *value, size_t value_stride, const float *gate, size_t gate_stride, float *y,
                        size_t y_stride);
void activ_fn_run_gated_backward(const activ_fn *fn, size_t threads, const activ_fn_args *args, size_t rows,
                                 size_t columns, const float *value, size_t value_stride, const float *gate,
                                 size_t gate_stride, const float *dy, size_t dy_stride, float *dvalue,
                                 size_t dvalue_stride, float *dgate, size_t dgate_stride, float *dparams);

/* ---- fn/gated.c ------------------------------------------------------------------------------------ */

/* dvalue = dy act(gate) and dgate = dy value act'(gate), each if it is not NULL, of n elements; each may be any of the
 * inputs. */
void activ_fn_gated_backward(const activ_host *host, const activ_fn_kernel *kernel, const activ_fn_args *args, size_t n,
                             const float *value, const float *gate, const float *dy, float *dvalue, float *dgate);

#endif
