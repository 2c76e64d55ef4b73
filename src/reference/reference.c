/* References by name, with settings, for blocks: see reference.h. */
#include "reference.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "program.h"

static const ref_entry *const families[] = { ref_linear, ref_exponential, ref_logistic, ref_normal, ref_series };

/* What is known of any formula. */
static const ref_entry formula_entries[] = { { .name = "formula", .series = 1, .is_formula = 1 },
                                             { .name = "derivative", .series = 1, .is_formula = 1 } };

const ref_entry *ref_entry_at(size_t index)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        for (const ref_entry *entry = families[i]; entry->name; entry++)
            if (index-- == 0)
                return entry;
    return NULL;
}

const ref_entry *ref_find(const char *name)
{
    const ref_entry *entry;
    size_t i = 0;
    while ((entry = ref_entry_at(i++)) && strcmp(entry->name, name) != 0)
        ;
    for (i = 0; !entry && i < sizeof formula_entries / sizeof formula_entries[0]; i++)
        if (strcmp(formula_entries[i].name, name) == 0)
            entry = &formula_entries[i];
    return entry;
}

const char *ref_spec(const ref_entry *entry, size_t index)
{
    if (index == 0)
        return entry->name;
    for (size_t i = 0; entry->specs && entry->specs[i]; i++)
        if (i + 1 == index)
            return entry->specs[i];
    return NULL;
}

/* Of a function that is not written by hand; 0: there is no memory for it. */
static int open_program(ref_function *ref)
{
    ref->program_params = calloc(ref->args.param_count + activ_fn_setting_count(ref->fn) + 1, sizeof(double));
    ref->program = ref->program_params ? ref_program_create(ref->fn, 0, NULL) : NULL;
    return ref->program != NULL;
}

int ref_open(ref_function *ref, const activ_fn *fn, const float *params)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    memset(ref, 0, sizeof *ref);
    if (activ_fn_info_of(fn, &info) != ACTIV_OK || !(ref->entry = ref_find(info.name)))
        return -1;
    size_t settings = activ_fn_setting_count(fn), count = activ_fn_param_count(fn);
    float *start = calloc(count + 1, sizeof *start);
    ref->fn = fn;
    ref->values = calloc(settings + 1, sizeof *ref->values);
    ref->params = calloc(count + 1, sizeof *ref->params);
    ref->functions = calloc(activ_fn_function_count(fn) + 1, sizeof *ref->functions);
    ref->args = (ref_args){ ref->values, ref->params, count, ref->functions, 0 };
    if (!start || !ref->values || !ref->params || !ref->functions ||
        (!params && activ_fn_param_init(fn, 0, start) != ACTIV_OK) || (!ref->entry->at && !open_program(ref))) {
        free(start);
        ref_close(ref);
        return -1;
    }
    for (size_t i = 0; i < settings; i++) {
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        activ_fn_setting_info(fn, i, &setting);
        ref->values[i] = (double)(float)setting.value;
    }
    for (size_t j = 0; j < count; j++)
        ref->params[j] = (double)(params ? params[j] : start[j]);
    for (size_t k = 0; k < activ_fn_function_count(fn); k++)
        if (ref_open(&ref->functions[k], activ_fn_function(fn, k), NULL) != 0) {
            free(start);
            ref_close(ref);
            return -1;
        } else {
            ref->args.function_count++;
        }
    ref_set_params(ref, ref->params, 0);
    free(start);
    return 0;
}

void ref_close(ref_function *ref)
{
    for (size_t k = 0; k < ref->args.function_count; k++)
        ref_close(&ref->functions[k]);
    free(ref->functions);
    free(ref->values);
    free(ref->params);
    free(ref->program_params);
    ref_program_destroy(ref->program);
}

/* A channel's value of the trainable setting of that name. */
static double param_of(const ref_function *ref, const char *name, size_t channel)
{
    activ_fn_tensor_info param = ACTIV_FN_TENSOR_INFO_INIT;
    for (size_t i = 0; activ_fn_param_tensor_info(ref->fn, i, &param) == ACTIV_OK; i++)
        if (strcmp(param.name, name) == 0)
            return ref->params[param.offset + (channel < param.count ? channel : 0)];
    return NAN;
}

static void set_program_params(ref_function *ref)
{
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    size_t count = 0;
    for (size_t i = 0; activ_fn_setting_info(ref->fn, i, &setting) == ACTIV_OK; i++)
        if (setting.trainable)
            ref->program_params[count++] = ref->values[i];
    for (size_t j = count * activ_fn_channels(ref->fn); j < ref->args.param_count; j++)
        ref->program_params[count++] = ref->params[j];
}

void ref_set_params(ref_function *ref, const double *params, size_t channel)
{
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    memmove(ref->params, params, ref->args.param_count * sizeof *params);
    for (size_t i = 0; activ_fn_setting_info(ref->fn, i, &setting) == ACTIV_OK; i++)
        if (setting.trainable)
            ref->values[i] = param_of(ref, setting.name, channel);
    if (ref->program)
        set_program_params(ref);
    const double *end = ref->params + ref->args.param_count;
    for (size_t k = ref->args.function_count; k-- > 0;) {
        end -= ref->functions[k].args.param_count;
        ref_set_params(&ref->functions[k], end, channel);
    }
}

/* ---- values ---------------------------------------------------------------------------------------------- */

/* Infinite for float32, of any input that is not. */
#define VERY_LARGE 0x1p300

/* The unit of errors of a formula: an ulp of the value, or of its terms, if they cancel (REF_CANCELS). */
static double unit_of(double value, double size)
{
    const double counts = size > REF_CANCELS * fabs(value) ? size : fabs(value);
    return counts < INF ? ref_ulp(counts) : 1.0;
}

static ref_value at_by_formula(const ref_function *ref, double x)
{
    ref_value value = { 0.0, 0.0, 0.0, 1.0, 1.0 };
    double *const out[] = { &value.f, &value.d, &value.addends };
    double off[2], *const errors[] = { &off[0], &off[1] }, *const sizes[] = { &value.f_unit, &value.d_unit };
    if (!ref->entry->is_formula) {
        ref_program_run(ref->program, ref->program_params, 1, &x, out);
        return value;
    }
    ref_program_run_bounded(ref->program, ref->program_params, 1, &x, out, errors, sizes);
    value.f_unit = unit_of(value.f, value.f_unit);
    value.d_unit = unit_of(value.d, value.d_unit);
    return value;
}

/* The limit: what the formula has at infinity, or, if that is infinity minus infinity or the like, far out. */
static ref_value limit_by_formula(const ref_function *ref, double x)
{
    const ref_value value = at_by_formula(ref, x);
    if (!isnan(value.f) && !isnan(value.d))
        return value;
    ref_value far = at_by_formula(ref, copysign(VERY_LARGE, x));
    if (fabs(far.f) > (double)FLT_MAX)
        far.f = copysign(INF, far.f);
    if (fabs(far.d) > (double)FLT_MAX)
        far.d = copysign(INF, far.d);
    return far;
}

ref_value ref_at(const ref_function *ref, double x)
{
    if (isnan(x))
        return (ref_value){ x, x, 0.0, 1.0, 1.0 };
    if (!ref->program)
        return ref->entry->at(&ref->args, x);
    return isinf(x) && !ref->entry->is_formula ? limit_by_formula(ref, x) : at_by_formula(ref, x);
}

static void put(ref_value value, ref_values *out, size_t i)
{
    out->f[i] = value.f;
    out->d[i] = value.d;
    out->addends[i] = value.addends;
}

static void evaluate_formula(const ref_function *ref, size_t n, const float *x, ref_values *out)
{
    double wide[REF_BLOCK], *const values[] = { out->f, out->d, out->addends };
    double *const errors[] = { out->f_error, out->d_error }, *const sizes[] = { out->f_unit, out->d_unit };
    wide[0] = 0.0; /* should n be 0 */
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
    if (!ref->entry->is_formula) {
        ref_program_run(ref->program, ref->program_params, n, wide, values);
        for (size_t i = 0; i < n; i++)
            if (isinf(wide[i]))
                put(limit_by_formula(ref, wide[i]), out, i);
        return;
    }
    ref_program_run_bounded(ref->program, ref->program_params, n, wide, values, errors, sizes);
    for (size_t i = 0; i < n; i++) {
        out->addends[i] = 0.0;
        out->f_unit[i] = unit_of(out->f[i], out->f_unit[i]);
        out->d_unit[i] = unit_of(out->d[i], out->d_unit[i]);
    }
}

void ref_evaluate(const ref_function *ref, size_t n, const float *x, ref_values *out)
{
    if (ref->program)
        evaluate_formula(ref, n, x, out);
    else
        ref->entry->block(&ref->args, n, x, out);
    int nan = 0;
    for (size_t i = 0; i < n; i++)
        nan |= x[i] != x[i];
    for (size_t i = 0; nan && i < n; i++)
        if (isnan(x[i])) {
            out->f[i] = out->d[i] = NAN;
            out->addends[i] = 0.0;
            out->f_unit[i] = out->d_unit[i] = 1.0;
            out->f_error[i] = out->d_error[i] = 0.0;
        }
}

size_t ref_operations(const ref_function *ref)
{
    return ref->program ? ref_program_count(ref->program) : 0;
}

/* Landmarks for all functions. */
static const double general_landmarks[] = {
    0.0,          0x1p-149,   0x1p-126, /* the smallest number, the smallest normal one */
    0x1p-24,      0x1p-12,              /* where 1 + x and 1 + x^2 round to 1 */
    0.25,         0.34657359, 0.5,      0.6931471805599453,
    0.75,         1.0,        1.5,      2.0,
    3.0,          4.0,        5.0,      6.0,
    8.0,          9.0,        10.0,     12.0,
    16.0,         20.0,       25.0,     30.0,
    17.328680,                          /* e^-x is half an ulp of 1 */
    43.66827,     44.361419,  51.98604, /* e^2x reaches the subnormals, overflows, vanishes */
    87.33654,     88.02969,   88.72284, /* e^x: subnormal below, 2^127, overflow */
    103.27893,    103.97208,            /* and vanishes */
    104.0,        127.0,      128.0,    149.0,
    150.0,        0x1p14,     0x1p23,   0x1p24,
    0x1p31,       0x1p32,     0x1p63,   0x1p64,
    1.8446744e19, 1.7e38, /* x^2 and 2x overflow */
    0x1p127,      FLT_MAX,
};

typedef struct landmark_list {
    float *at;
    size_t count;
} landmark_list;

/* Adds a landmark with both signs. */
static void add_landmark(landmark_list *list, double value)
{
    if (!(fabs(value) <= (double)FLT_MAX))
        return;
    float size = fabsf((float)value);
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == size)
            return;
    if (list->count + 2 > REF_MAX_LANDMARKS)
        return;
    list->at[list->count++] = size;
    if (size > 0.0f)
        list->at[list->count++] = -size;
}

/* Of a formula: its numbers and parameters, each as it is and one over it, where its product with x is 1. */
static void add_numbers(const ref_function *ref, landmark_list *list)
{
    double numbers[64];
    const size_t count = ref_program_constants(ref->program, numbers, sizeof numbers / sizeof numbers[0]);
    for (size_t i = 0; i < count; i++) {
        add_landmark(list, numbers[i]);
        add_landmark(list, 1.0 / numbers[i]);
    }
    for (size_t i = 0; i < ref->args.param_count && i < 32; i++) {
        add_landmark(list, ref->params[i]);
        add_landmark(list, 1.0 / ref->params[i]);
    }
}

size_t ref_landmarks(const ref_function *ref, float *out)
{
    landmark_list list = { out, 0 };
    size_t settings = activ_fn_setting_count(ref->fn);
    if (ref->entry->is_formula)
        add_numbers(ref, &list);
    double unit = ref->entry->unit ? ref->entry->unit(&ref->args) : 1.0;
    for (int stretched = 0; stretched <= (unit != 1.0); stretched++) {
        double by = stretched ? unit : 1.0;
        for (size_t i = 0; ref->entry->landmarks && ref->entry->landmarks[i] != 0.0; i++)
            add_landmark(&list, by * ref->entry->landmarks[i]);
        for (size_t i = 0; i < settings; i++)
            add_landmark(&list, by * ref->values[i]);
        for (size_t i = 0; i < sizeof general_landmarks / sizeof general_landmarks[0]; i++)
            add_landmark(&list, by * general_landmarks[i]);
    }
    return list.count;
}
