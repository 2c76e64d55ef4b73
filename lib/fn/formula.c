/* Functions that are formulas, and derivatives of functions: how they are told from a name with settings, and what a
 * definition would say of them. */
#include <string.h>

#include "fn/fn.h"
#include "kernels/kernels.h"

/* ---- is it a formula? ------------------------------------------------------------------------------- */

static int is_among(activ_slice name, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (activ_slice_is(name, words[i]))
            return 1;
    return 0;
}

/* Does x occur as a name? */
static int has_x(const char *at, const char *end)
{
    activ_reader r;
    activ_reader_start(&r, (activ_slice){ at, (size_t)(end - at) }, "spec", NULL);
    while (r.at < r.end) {
        const activ_slice name = activ_read_name(&r, 0);
        if (activ_slice_is(name, "x"))
            return 1;
        r.at += name.length == 0;
    }
    return 0;
}

/* Do the arguments behind the bracket at `at` begin with a setting, "alpha=0.5"? A formula's begin with a value. */
static int begins_with_setting(const char *at, const char *end)
{
    activ_reader r;
    activ_reader_start(&r, (activ_slice){ at + 1, (size_t)(end - at - 1) }, "spec", NULL);
    activ_read_blanks(&r);
    const activ_slice name = activ_read_name(&r, 0);
    activ_read_blanks(&r);
    return name.length > 0 && r.at < r.end && *r.at == '=' && (r.at + 1 == r.end || r.at[1] != '=');
}

/* The bracket that closes the one at `at`, or the end. */
static const char *closing(const char *at, const char *end)
{
    size_t depth = 0;
    for (; at < end; at++) {
        depth += *at == '(' || *at == '[';
        depth -= (*at == ')' || *at == ']') && depth > 0;
        if (depth == 0)
            return at;
    }
    return end;
}

static int takes_functions(activ_slice name)
{
    const activ_fn_entry *entry = activ_fn_find(name, NULL);
    for (const activ_setting *s = entry ? entry->definition->settings : NULL; s && s->name; s++)
        if (s->kind == ACTIV_SETTING_KIND_FUNCTIONS)
            return 1;
    return 0;
}

int activ_fn_is_formula(const activ_host *host, activ_slice spec)
{
    activ_reader r;
    activ_custom custom;
    activ_reader_start(&r, spec, "spec", NULL);
    activ_read_blanks(&r);
    const activ_slice name = activ_read_name(&r, 0);
    if (activ_slice_is(name, "let") || activ_slice_is(name, "x"))
        return 1;
    activ_read_blanks(&r);
    if (name.length == 0 || r.at == r.end || *r.at != '(') {
        /* "a*x" but not "relu x". One without x is a formula all the same, which says what it lacks. */
        const int is_operator = r.at < r.end && memchr("+-*/^<>=!;[", *r.at, 11) != NULL;
        const int is_number = r.at < r.end && memchr("+-.0123456789", *r.at, 13) != NULL;
        return name.length > 0 ? is_operator : is_number || has_x(spec.at, r.end);
    }
    const char *close = closing(r.at, r.end), *arguments = r.at;
    r.at = close < r.end ? close + 1 : close;
    activ_read_blanks(&r);
    const int is_function = is_among(name, activ_formula_function_names);
    if (is_function && !activ_slice_is(name, "derivative"))
        return 1;
    if (r.at < r.end) {
        const activ_slice word = activ_read_name(&r, 0);
        return activ_slice_is(word, "and") || activ_slice_is(word, "or") ||
               (word.length == 0 && memchr("+-*/^<>=!;", *r.at, 10) != NULL);
    }
    if (is_function)
        return 1;
    /* What costs least first: most specs are no formulas. */
    return !begins_with_setting(arguments, close) && has_x(arguments, close) && !takes_functions(name) &&
           activ_custom_find(host, name, &custom, NULL) != ACTIV_OK;
}

/* ---- making it --------------------------------------------------------------------------------------- */

static const activ_fn_definition *find(activ_slice name, const char **meant)
{
    const activ_fn_entry *entry = activ_fn_is_in_catalog(name) ? activ_fn_find(name, NULL) : NULL;
    if (meant)
        *meant = entry ? entry->name : activ_fn_nearest(name, activ_formula_function_names);
    return entry && entry->shape == ACTIV_SHAPE_ELEMENTWISE ? entry->definition : NULL;
}

/* "derivative(derivative(SPEC))": how often, and what of. */
static activ_status read_derivative(activ_slice *spec, int *times, activ_message *message)
{
    *times = 0;
    for (;;) {
        activ_reader r;
        activ_reader_start(&r, activ_slice_unbracketed(*spec), "spec", message);
        const activ_slice name = activ_read_name(&r, 0);
        activ_read_blanks(&r);
        if (!activ_slice_is(name, "derivative") || !activ_read_character(&r, '('))
            return ACTIV_OK;
        const char *close = closing(r.at - 1, r.end);
        if (close == r.end)
            return activ_fail_expected(&r, "')' after the function whose derivative it is");
        if (++*times > 4)
            return activ_fail(message, ACTIV_ERROR_RANGE, "derivative: four times at most");
        *spec = (activ_slice){ r.at, (size_t)(close - r.at) };
        r.at = close + 1;
        activ_read_blanks(&r);
        if (r.at < r.end)
            return activ_fail(message, ACTIV_ERROR_SYNTAX,
                              "derivative(...) is a function by itself, and no part of a formula");
    }
}

/* Of a function with a name: *canonical is its spec. */
static activ_status make_of_function(activ_fn_formula *own, const activ_host *host, activ_slice spec, int times,
                                     formula_result result, activ_message *message, char **canonical, size_t *bytes)
{
    activ_custom *custom;
    activ_setting_value *settings;
    size_t settings_bytes;
    activ_fn fn = { .functions = NULL }; /* as much of it as a spec is written from */
    activ_status status = activ_fn_parse(host, spec, message, &fn.entry, &custom, &settings, &settings_bytes);
    if (status != ACTIV_OK)
        return status;
    const activ_fn_definition *d = fn.entry->definition;
    int is_open = custom == NULL && fn.entry->shape == ACTIV_SHAPE_ELEMENTWISE && d->least_functions == 0;
    fn.settings = settings;
    fn.setting_count = activ_settings_count(d->settings);
    for (size_t i = 0; i < fn.setting_count; i++)
        is_open &= strcmp(d->settings[i].name, "num_parameters") != 0 || settings[i].number == 1.0;
    if (!is_open) {
        status = activ_fail(message, ACTIV_ERROR_UNSUPPORTED, fn.entry->name,
                            " has no derivative as a function: only elementwise functions of the catalog, without "
                            "parameters per channel, and formulas have");
    } else {
        *bytes = activ_fn_write_spec(&fn, NULL, 0) + 1;
        *canonical = activ_host_alloc(host, *bytes);
        if (*canonical)
            (void)activ_fn_write_spec(&fn, *canonical, *bytes);
        else
            status = activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    }
    if (status == ACTIV_OK)
        status = activ_formula_create_derivative(&own->formula, host, activ_kernels_of(host->tier), find, d, *canonical,
                                                 settings, times, result, message);
    activ_host_free(host, settings, settings_bytes);
    activ_host_free(host, custom, sizeof *custom);
    return status;
}

/* "derivative(", as often as it is one, the function, and the brackets. */
static activ_status write_text(activ_fn_formula *own, const activ_host *host, const char *inner, size_t length,
                               int times, activ_message *message)
{
    const size_t bytes = length + (size_t)times * (sizeof "derivative()" - 1) + 1;
    activ_text text;
    own->text = activ_host_alloc(host, bytes);
    own->text_bytes = bytes;
    if (!own->text)
        return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    activ_text_start(&text, own->text, bytes);
    for (int i = 0; i < times; i++)
        activ_text_add(&text, "derivative(");
    activ_text_add_bytes(&text, inner, length);
    for (int i = 0; i < times; i++)
        activ_text_add(&text, ")");
    return ACTIV_OK;
}

static activ_status make(activ_fn_formula *own, const activ_host *host, activ_slice spec, formula_result result,
                         activ_message *message)
{
    int times;
    char *inner = NULL;
    size_t bytes = 0;
    activ_status status = read_derivative(&spec, &times, message);
    if (status != ACTIV_OK)
        return status;
    if (times > 0 && !activ_fn_is_formula(host, spec)) {
        spec = activ_slice_unbracketed(spec);
        status = make_of_function(own, host, spec, times, result, message, &inner, &bytes);
    } else {
        status =
            activ_formula_create(&own->formula, host, activ_kernels_of(host->tier), find, spec, times, result, message);
        bytes = status == ACTIV_OK ? activ_formula_write(spec, NULL, 0) + 1 : 0;
        inner = status == ACTIV_OK ? activ_host_alloc(host, bytes) : NULL;
        if (inner)
            (void)activ_formula_write(spec, inner, bytes);
        else if (status == ACTIV_OK)
            status = activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    }
    if (status == ACTIV_OK)
        status = write_text(own, host, inner, bytes - 1, times, message);
    activ_host_free(host, inner, bytes);
    if (status != ACTIV_OK)
        return status;
    own->definition.signature = own->text;
    own->definition.formula = own->text;
    own->definition.source = "";
    own->entry = (activ_fn_entry){ times > 0 ? "derivative" : "formula", ACTIV_SHAPE_ELEMENTWISE, 0, &own->definition };
    return ACTIV_OK;
}

/* Gives what has been made to the caller, or frees it. */
static activ_status keep(const activ_host *host, activ_fn_formula *own, activ_status status, activ_fn_formula **out)
{
    if (status == ACTIV_OK)
        *out = own;
    else
        activ_fn_formula_free(host, own);
    return status;
}

activ_status activ_fn_formula_make(const activ_host *host, activ_slice spec, int is_expert, activ_message *message,
                                   activ_fn_formula **out)
{
    activ_fn_formula *own = activ_host_alloc(host, sizeof *own);
    if (!own)
        return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    own->formula.is_expert = is_expert;
    const activ_status status = make(own, host, spec, FORMULA_TO_PROGRAMS, message);
    return keep(host, own, status, out);
}

activ_status activ_fn_formula_open(const activ_host *host, const activ_fn *fn, activ_message *message,
                                   activ_fn_formula **out)
{
    const activ_fn_definition *d = fn->entry->definition;
    if (fn->custom || fn->entry->shape != ACTIV_SHAPE_ELEMENTWISE || d->least_functions > 0)
        return activ_fail(message, ACTIV_ERROR_UNSUPPORTED, fn->entry->name,
                          " has no expression: only formulas and elementwise functions of the catalog have, those "
                          "made of others excepted");
    activ_fn_formula *own = activ_host_alloc(host, sizeof *own);
    if (!own)
        return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for an expression");
    activ_status status;
    if (fn->formula)
        status = make(own, host, (activ_slice){ fn->spec, strlen(fn->spec) }, FORMULA_TO_NODES, message);
    else
        status = activ_formula_create_derivative(&own->formula, host, activ_kernels_of(host->tier), find, d, fn->spec,
                                                 fn->settings, 0, FORMULA_TO_NODES, message);
    return keep(host, own, status, out);
}

void activ_fn_formula_free(const activ_host *host, activ_fn_formula *own)
{
    if (!own)
        return;
    activ_formula_free(&own->formula);
    activ_host_free(host, own->text, own->text_bytes);
    activ_host_free(host, own, sizeof *own);
}

/* ---- parameters --------------------------------------------------------------------------------------- */

/* Values of each parameter. */
static size_t channels_of(const activ_formula *f)
{
    return f->channels > 0 ? f->channels : 1;
}

size_t activ_fn_formula_vectors(const activ_fn_formula *own, size_t *param_count, size_t *name_bytes)
{
    const activ_formula *f = &own->formula;
    size_t vectors = 0;
    for (size_t i = 0; i < f->name_count; i++) {
        vectors += !f->params[i].fixed;
        *name_bytes += f->params[i].fixed ? 0 : f->params[i].name.length + 1;
    }
    *param_count = f->param_count * channels_of(f);
    return vectors;
}

void activ_fn_formula_name(const activ_fn_formula *own, const char **names, size_t *lengths, char *text)
{
    const activ_formula *f = &own->formula;
    for (size_t i = 0, vector = 0; i < f->name_count; i++) {
        const formula_param *param = &f->params[i];
        if (param->fixed)
            continue;
        memcpy(text, param->name.at, param->name.length);
        names[vector] = text;
        lengths[vector++] = param->length > 0 ? param->length : channels_of(f);
        text += param->name.length + 1; /* zeroed memory */
    }
}

void activ_fn_formula_init(const activ_fn_formula *own, float *params)
{
    const activ_formula *f = &own->formula;
    for (size_t i = 0; i < f->name_count; i++) {
        const formula_param *param = &f->params[i];
        const size_t length = param->length > 0 ? param->length : 1, channels = channels_of(f);
        for (size_t k = 0; !param->fixed && k < length * channels; k++)
            params[param->first * channels + k] = (float)f->values[param->value + k / channels];
    }
}
