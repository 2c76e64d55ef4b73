/* Activation functions as objects: creation from a spec, queries, destruction. */
#include "fn/fn.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/rounding.h"
#include "base/sized.h"
#include "base/text.h"
#include "context/context.h"
#include "kernels/kernels.h"

/* Nesting of functions composed of functions, at most. */
#define MAX_DEPTH 8

/* room: see activ_fn_make_empty. */
static activ_status make(const activ_host *host, activ_slice spec, int depth, int is_expert, size_t *room,
                         activ_message *message, activ_fn **out);

/* ---- creation --------------------------------------------------------------------------------- */

static activ_status fail_memory(activ_message *message)
{
    return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
}

static activ_status add_function(activ_fn *fn, activ_slice spec, int depth, size_t *room, activ_message *message)
{
    if (depth == MAX_DEPTH) {
        return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name, ": functions are nested too deeply");
    }
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    activ_status status =
        make(&fn->host, spec, depth + 1, !is_gated, room, message, &fn->functions[fn->function_count]);
    if (status != ACTIV_OK)
        return status;
    const activ_fn *component = fn->functions[fn->function_count++];
    if (component->entry->shape != ACTIV_SHAPE_ELEMENTWISE)
        return activ_fail(message, ACTIV_ERROR_SHAPE, component->spec, " is not elementwise, as it has to be in ",
                          fn->entry->name);
    if (component->num_parameters > 1)
        return activ_fail(message, ACTIV_ERROR_SHAPE, component->spec,
                          " has parameters per channel, which it cannot have in ", fn->entry->name);
    if (!is_gated && activ_fn_is_random(component))
        return activ_fail(message, ACTIV_ERROR_UNSUPPORTED, component->spec, " is random, which it cannot be in ",
                          fn->entry->name);
    if (!is_gated && component->function_count > 0 && !component->formula)
        return activ_fail(message, ACTIV_ERROR_UNSUPPORTED, component->spec,
                          " is made of functions itself, which it cannot be in ", fn->entry->name);
    /* Below a formula and the experts there is not enough of the stack. */
    for (size_t i = 0; !is_gated && component->formula && i < component->function_count; i++)
        if (component->functions[i]->entry->definition->param_vector)
            return activ_fail(message, ACTIV_ERROR_UNSUPPORTED, component->functions[i]->spec,
                              " has vectors of parameters: no formula that calls it can be in ", fn->entry->name);
    return ACTIV_OK;
}

/* The functions that it is composed of: those in its settings, or the gate that its definition names. */
static activ_status add_functions(activ_fn *fn, int depth, size_t *room, activ_message *message)
{
    const activ_fn_definition *d = fn->entry->definition;
    const int is_gated = fn->entry->shape == ACTIV_SHAPE_GATED;
    activ_slice list = { d->gate, d->gate ? strlen(d->gate) : 0 }, elements[ACTIV_FN_FUNCTIONS];
    for (size_t i = 0; i < fn->setting_count; i++)
        if (d->settings[i].kind == ACTIV_SETTING_KIND_FUNCTIONS)
            list = fn->settings[i].given ? fn->settings[i].text
                                         : (activ_slice){ d->settings[i].functions, strlen(d->settings[i].functions) };
    if (!is_gated && list.length == 0)
        return ACTIV_OK;
    const int found = activ_list_elements(list, ACTIV_FN_FUNCTIONS, elements);
    if (found < 0) {
        return activ_fail(message, ACTIV_ERROR_SYNTAX, fn->entry->name, " takes functions, separated by commas");
    }
    const size_t count = (size_t)found;
    if (count > (is_gated ? 1 : ACTIV_FN_FUNCTIONS)) {
        return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name,
                          is_gated ? " takes one function" : " takes 16 functions at most");
    }
    if (count < d->least_functions)
        return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name, " takes two functions at least");
    fn->functions = activ_host_alloc(&fn->host, count * sizeof *fn->functions);
    if (!fn->functions)
        return fail_memory(message);
    activ_status status = ACTIV_OK;
    for (size_t i = 0; status == ACTIV_OK && i < count; i++)
        status = add_function(fn, elements[i], depth, room, message);
    for (size_t i = 0; i < fn->setting_count; i++)
        if (d->settings[i].kind == ACTIV_SETTING_KIND_FUNCTIONS)
            fn->settings[i].number = (double)count;
    if (status == ACTIV_OK)
        return ACTIV_OK;
    for (size_t i = fn->function_count; i-- > 0;)
        activ_fn_destroy(fn->functions[i]);
    activ_host_free(&fn->host, fn->functions, count * sizeof *fn->functions);
    fn->functions = NULL;
    fn->function_count = 0;
    return status;
}

/* The functions of the catalog that a formula calls. Their parameters are no parameters of its own. */
static activ_status add_called(activ_fn *fn, activ_message *message)
{
    const activ_formula *formula = &fn->formula->formula;
    activ_status status = ACTIV_OK;
    if (formula->call_count == 0)
        return ACTIV_OK;
    fn->functions = activ_host_alloc(&fn->host, formula->call_count * sizeof *fn->functions);
    if (!fn->functions)
        return fail_memory(message);
    fn->function_count = formula->call_count;
    for (size_t i = 0; status == ACTIV_OK && i < formula->call_count; i++) {
        const char *spec = formula->calls[i].spec;
        status = activ_fn_make(&fn->host, (activ_slice){ spec, strlen(spec) }, message, &fn->functions[i]);
    }
    return status;
}

/* Counts the vectors of parameters that the definition gives, their values, and the settings among them. */
static void count_parameters(activ_fn *fn)
{
    const activ_fn_definition *d = fn->entry->definition;
    const char *name;
    fn->num_parameters = 1;
    for (size_t i = 0; i < fn->setting_count; i++) {
        fn->scalars += d->settings[i].trainable != 0;
        if (strcmp(d->settings[i].name, "num_parameters") == 0)
            fn->num_parameters = (size_t)fn->settings[i].number;
    }
    fn->vectors = fn->scalars;
    fn->param_count = fn->scalars * fn->num_parameters;
    if (fn->custom && fn->custom->callbacks.param_count > 0) {
        fn->vectors = 1;
        fn->param_count = fn->custom->callbacks.param_count;
    }
    if (fn->formula)
        fn->vectors = activ_fn_formula_vectors(fn->formula, &fn->param_count, &fn->name_bytes);
    if (fn->formula && fn->formula->formula.channels > 0) {
        fn->num_parameters = fn->formula->formula.channels;
        fn->scalars = fn->vectors;
    }
    for (size_t length; d->param_vector && (length = d->param_vector(fn->settings, (int)fn->vectors, &name)) > 0;) {
        fn->vectors++;
        fn->param_count += length;
    }
}

/* "expertK_NAME": parameter `name` of function k, of those that it is composed of. */
static size_t write_name(char *buffer, size_t size, size_t k, const char *name)
{
    activ_text text;
    activ_text_start(&text, buffer, size);
    activ_text_add(&text, "expert");
    activ_text_add_size(&text, k);
    activ_text_add(&text, "_");
    activ_text_add(&text, name);
    return text.length;
}

/* The parameters of the functions that it is composed of follow its own. */
static void count_parts(activ_fn *fn)
{
    for (size_t k = 0; k < fn->function_count; k++) {
        const activ_fn *part = fn->functions[k];
        for (size_t i = 0; i < part->vectors; i++)
            fn->name_bytes += write_name(NULL, 0, k, part->names[i]) + 1;
        fn->vectors += part->vectors;
        fn->param_count += part->param_count;
    }
}

/* Assigns the arrays of the block, wider types first, if it is allocated; returns its size in bytes. */
static size_t assign_arrays(activ_fn *fn, size_t spec_bytes)
{
    const size_t values = fn->setting_count > ACTIV_FN_SETTINGS ? fn->setting_count : ACTIV_FN_SETTINGS;
    const size_t sizes[] = {
        fn->function_count * sizeof *fn->components,
        fn->vectors * sizeof *fn->lengths,
        fn->vectors * sizeof *fn->kernel_lengths,
        fn->vectors * sizeof *fn->names,
        values * sizeof(float),
        fn->param_count * sizeof(float),
        fn->vectors,
        fn->name_bytes,
        spec_bytes,
    };
    char *at = fn->block;
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        bytes += sizes[i];
    if (!at)
        return bytes;
    fn->components = (activ_fn_component *)(void *)at;
    fn->lengths = (size_t *)(void *)(at += sizes[0]);
    fn->kernel_lengths = (size_t *)(void *)(at += sizes[1]);
    fn->names = (const char **)(void *)(at += sizes[2]);
    fn->setting_values = (float *)(void *)(at += sizes[3]);
    fn->initial = (float *)(void *)(at += sizes[4]);
    fn->scalar_settings = (unsigned char *)(at += sizes[5]);
    fn->name_texts = (at += sizes[6]);
    fn->spec = at + sizes[7];
    return bytes;
}

static void name_parameters(activ_fn *fn)
{
    const activ_fn_definition *d = fn->entry->definition;
    size_t vector = 0;
    for (size_t i = 0; i < fn->setting_count; i++) {
        fn->setting_values[i] = fn->settings[i].single;
        if (!d->settings[i].trainable)
            continue;
        fn->names[vector] = d->settings[i].name;
        fn->lengths[vector] = fn->num_parameters;
        fn->scalar_settings[vector++] = (unsigned char)i;
    }
    if (fn->custom && fn->vectors > 0) {
        fn->names[0] = "weight";
        fn->lengths[0] = fn->param_count;
        return;
    }
    if (fn->formula) {
        for (size_t j = 0; j < fn->scalars; j++)
            fn->scalar_settings[j] = (unsigned char)j;
        activ_fn_formula_name(fn->formula, fn->names, fn->lengths, fn->name_texts);
        return;
    }
    for (size_t length;
         d->param_vector && (length = d->param_vector(fn->settings, (int)vector, &fn->names[vector])) > 0; vector++)
        fn->lengths[vector] = length;
    char *text = fn->name_texts;
    for (size_t k = 0; vector < fn->vectors && k < fn->function_count; k++)
        for (size_t i = 0; i < fn->functions[k]->vectors; i++) {
            const size_t bytes = write_name(text, fn->name_bytes, k, fn->functions[k]->names[i]) + 1;
            fn->names[vector] = text;
            fn->lengths[vector++] = fn->functions[k]->lengths[i];
            text += bytes;
        }
}

/* Vectors of parameters as kernels see them; how many. */
static size_t set_kernel_lengths(activ_fn *fn)
{
    size_t own = fn->vectors, count = 0;
    if (fn->formula && fn->num_parameters == 1) {
        if (fn->param_count > 0)
            fn->kernel_lengths[count++] = fn->param_count;
        return count;
    }
    for (size_t k = 0; !fn->formula && k < fn->function_count; k++)
        own -= fn->functions[k]->vectors;
    for (; count < own; count++)
        fn->kernel_lengths[count] = fn->lengths[count];
    for (size_t k = 0; !fn->formula && k < fn->function_count; k++)
        for (size_t i = 0; i < fn->functions[k]->args.vectors; i++)
            fn->kernel_lengths[count++] = fn->functions[k]->args.lengths[i];
    return count;
}

/* A gated function has the kernels and parameters of its gate. */
static void copy_from_gate(activ_fn *fn)
{
    const activ_fn *gate = fn->functions[0];
    fn->kernel = gate->kernel;
    fn->vectors = gate->vectors;
    fn->param_count = gate->param_count;
    fn->scalars = gate->scalars;
    fn->lengths = gate->lengths;
    fn->names = gate->names;
    fn->scalar_settings = gate->scalar_settings;
    fn->initial = gate->initial;
    fn->setting_values = gate->setting_values;
    fn->args = gate->args;
}

static activ_status init_function(activ_fn *fn, size_t *room, activ_message *message)
{
    const activ_kernels *kernels = activ_kernels_of(fn->host.tier);
    count_parameters(fn);
    if (room && fn->param_count > *room)
        return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name, " has more parameters than there are values");
    if (room)
        *room -= fn->param_count;
    if (fn->entry->shape != ACTIV_SHAPE_GATED && !fn->formula)
        count_parts(fn);
    if (fn->vectors > ACTIV_FN_VECTORS)
        return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name, " has more than 48 vectors of parameters");
    size_t spec_bytes = activ_fn_write_spec(fn, NULL, 0) + 1;
    fn->block_bytes = assign_arrays(fn, spec_bytes);
    fn->block = activ_host_alloc(&fn->host, fn->block_bytes);
    if (!fn->block)
        return fail_memory(message);
    assign_arrays(fn, spec_bytes);
    activ_fn_write_spec(fn, fn->spec, spec_bytes);
    name_parameters(fn);
    for (size_t i = 0; i < fn->function_count; i++) {
        fn->components[i].kernel = fn->functions[i]->kernel;
        fn->components[i].args = fn->functions[i]->args;
        fn->components[i].scalars = fn->functions[i]->scalars;
    }
    /* The texts of settings point into the spec, which the caller may free. */
    for (size_t i = 0; i < fn->setting_count; i++)
        fn->settings[i].text = (activ_slice){ NULL, 0 };
    if (fn->entry->shape == ACTIV_SHAPE_GATED) {
        copy_from_gate(fn);
        return ACTIV_OK;
    }
    if (fn->custom)
        fn->kernel = &activ_custom_kernel;
    else if (fn->formula)
        fn->kernel = kernels->formula->kernel;
    else if (fn->entry->shape == ACTIV_SHAPE_ELEMENTWISE)
        fn->kernel = kernels->elementwise[fn->entry->index];
    else
        fn->rowwise = kernels->rowwise[fn->entry->index];
    fn->is_simple = fn->entry->shape == ACTIV_SHAPE_ELEMENTWISE && fn->num_parameters == 1;
    fn->args = (activ_fn_args){
        .setting_values = fn->setting_values,
        .params = fn->initial,
        .lengths = fn->kernel_lengths,
        .vectors = set_kernel_lengths(fn),
        .param_count = fn->param_count,
        .channels = fn->num_parameters > 1 ? fn->num_parameters : 0,
        .scalar_settings = fn->scalar_settings,
        .components = fn->components,
        .component_count = fn->function_count,
        .object = fn->formula ? (const void *)&fn->formula->formula.programs : fn->custom,
    };
    for (size_t i = 0; i < fn->function_count; i++)
        if (fn->functions[i]->formula && fn->args.vectors > ACTIV_FN_SOME_SUMS)
            return activ_fail(message, ACTIV_ERROR_RANGE, fn->entry->name,
                              " has a formula among its functions, and more than 16 vectors of parameters");
    return ACTIV_OK;
}

/* A formula, which has no settings, or a name with settings. */
static activ_status parse(const activ_host *host, activ_slice spec, int is_expert, activ_message *message,
                          const activ_fn_entry **entry, activ_custom **custom, activ_fn_formula **formula,
                          activ_setting_value **settings, size_t *settings_bytes)
{
    *custom = NULL;
    *formula = NULL;
    if (!activ_fn_is_formula(host, spec)) {
        const activ_slice inner = activ_slice_unbracketed(spec);
        const int has_brackets = inner.length > 0 && inner.length + 2 <= spec.length;
        spec = inner;
        if (!has_brackets || !activ_fn_is_formula(host, spec))
            return activ_fn_parse(host, spec, message, entry, custom, settings, settings_bytes);
    }
    *settings_bytes = sizeof **settings;
    *settings = activ_host_alloc(host, *settings_bytes);
    const activ_status status =
        *settings ? activ_fn_formula_make(host, spec, is_expert, message, formula) : fail_memory(message);
    if (status == ACTIV_OK)
        *entry = &(*formula)->entry;
    else
        activ_host_free(host, *settings, *settings_bytes);
    return status;
}

static activ_status make(const activ_host *host, activ_slice spec, int depth, int is_expert, size_t *room,
                         activ_message *message, activ_fn **out)
{
    const activ_fn_entry *entry;
    activ_custom *custom;
    activ_fn_formula *formula;
    activ_setting_value *settings;
    size_t settings_bytes;
    activ_status status = parse(host, spec, is_expert, message, &entry, &custom, &formula, &settings, &settings_bytes);
    if (status != ACTIV_OK)
        return status;
    activ_fn *fn = activ_host_alloc(host, sizeof *fn);
    if (!fn) {
        activ_host_free(host, settings, settings_bytes);
        activ_host_free(host, custom, sizeof *custom);
        activ_fn_formula_free(host, formula);
        return fail_memory(message);
    }
    fn->host = *host;
    fn->entry = entry;
    fn->custom = custom;
    fn->formula = formula;
    fn->setting_count = activ_settings_count(entry->definition->settings);
    fn->settings = settings;
    status = formula ? add_called(fn, message) : add_functions(fn, depth, room, message);
    if (status == ACTIV_OK)
        status = init_function(fn, room, message);
    if (status != ACTIV_OK) {
        activ_fn_destroy(fn);
        return status;
    }
    *out = fn;
    return ACTIV_OK;
}

activ_status activ_fn_make(const activ_host *host, activ_slice spec, activ_message *message, activ_fn **out)
{
    activ_status status = activ_fn_make_empty(host, spec, NULL, message, out);
    if (status == ACTIV_OK)
        activ_fn_fill(*out);
    return status;
}

activ_status activ_fn_make_empty(const activ_host *host, activ_slice spec, size_t *room, activ_message *message,
                                 activ_fn **out)
{
    const int rounding = activ_round_to_nearest();
    activ_status status = make(host, spec, 0, 0, room, message, out);
    activ_round_as(rounding);
    return status;
}

size_t activ_fn_work(const activ_fn *fn)
{
    size_t work = fn->formula ? fn->formula->formula.work : 0;
    for (size_t i = 0; i < fn->function_count; i++)
        work += activ_fn_work(fn->functions[i]);
    return work;
}

void activ_fn_fill(activ_fn *fn)
{
    for (size_t i = 0; i < fn->function_count; i++)
        activ_fn_fill(fn->functions[i]);
    if (fn->entry->shape != ACTIV_SHAPE_GATED) /* whose parameters are its gate's */
        activ_fn_param_init(fn, 0, fn->initial);
}

activ_status activ_fn_create_ex(const activ_context *context, const char *spec, activ_fn **out, activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!spec || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "the spec of a function, or out, is NULL");
    activ_message own;
    activ_status status = activ_fn_make(&host, (activ_slice){ spec, strlen(spec) }, &own, out);
    return status == ACTIV_OK ? status : activ_host_fail(&host, message, status, own.text);
}

activ_status activ_fn_create(const activ_context *context, const char *spec, activ_fn **out)
{
    return activ_fn_create_ex(context, spec, out, NULL);
}

activ_status activ_fn_derivative_ex(const activ_fn *fn, activ_fn **out, activ_message *message)
{
    activ_host host;
    activ_host_of(NULL, &host);
    if (fn && !fn->is_static)
        host = fn->host;
    if (!fn || !out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID,
                               "the derivative of a function: the function, or out, is NULL");
    if (fn->custom)
        return activ_host_fail(&host, message, ACTIV_ERROR_UNSUPPORTED,
                               "a function of the host's own code has no derivative as a function");
    const size_t bytes = strlen(fn->spec) + sizeof "derivative()";
    char *spec = activ_host_alloc_raw(&host, bytes);
    activ_message own;
    activ_status status;
    if (spec) {
        activ_text text;
        activ_text_start(&text, spec, bytes);
        activ_text_add(&text, "derivative(");
        activ_text_add(&text, fn->spec);
        activ_text_add(&text, ")");
        status = activ_fn_make(&host, (activ_slice){ spec, text.length }, &own, out);
    } else {
        status = fail_memory(&own);
    }
    activ_host_free(&host, spec, bytes);
    return status == ACTIV_OK ? status : activ_host_fail(&host, message, status, own.text);
}

activ_status activ_fn_derivative(const activ_fn *fn, activ_fn **out)
{
    return activ_fn_derivative_ex(fn, out, NULL);
}

/* ---- the host's own code ------------------------------------------------------------------------ */

/* Functions that one needs, itself among them, as a context names them. */
typedef struct custom_list {
    activ_custom_fn all[ACTIV_FN_FUNCTIONS + 1];
    const activ_custom_fn *pointers[ACTIV_FN_FUNCTIONS + 1];
    size_t count;
} custom_list;

static void list_customs(const activ_fn *fn, custom_list *list)
{
    int is_listed = 0;
    for (size_t i = 0; fn->custom && i < list->count; i++)
        is_listed |= strcmp(list->all[i].name, fn->custom->name) == 0;
    if (fn->custom && !is_listed && list->count < ACTIV_FN_FUNCTIONS) {
        list->all[list->count] =
            (activ_custom_fn){ sizeof(activ_custom_fn), fn->custom->name, &fn->custom->callbacks, fn->custom->user };
        list->pointers[list->count] = &list->all[list->count];
        list->count++;
    }
    for (size_t i = 0; i < fn->function_count; i++)
        list_customs(fn->functions[i], list);
}

static void set_host_functions(activ_fn *fn, const activ_host *host)
{
    fn->host.functions = host->functions;
    fn->host.function_count = host->function_count;
    for (size_t i = 0; i < fn->function_count; i++)
        set_host_functions(fn->functions[i], host);
}

/* Makes a function whose spec names those of the list, whatever the host's are. */
static activ_status make_of_list(const activ_host *host, const char *spec, const custom_list *list,
                                 activ_message *message, activ_fn **out)
{
    activ_host own = *host;
    if (list->count > 0) {
        own.functions = list->pointers;
        own.function_count = list->count;
    }
    activ_status status = activ_fn_make(&own, (activ_slice){ spec, strlen(spec) }, message, out);
    if (status == ACTIV_OK)
        set_host_functions(*out, host);
    return status;
}

activ_status activ_fn_create_custom_ex(const activ_context *context, const char *name,
                                       const activ_fn_callbacks *callbacks, void *user, activ_fn **out,
                                       activ_message *message)
{
    activ_host host;
    activ_host_of(context, &host);
    if (!out)
        return activ_host_fail(&host, message, ACTIV_ERROR_INVALID, "a function of the host's: out is NULL");
    activ_message own;
    activ_custom read;
    activ_status status = activ_custom_read(name, callbacks, user, &read, &own);
    if (status == ACTIV_OK) {
        custom_list list = { .all = { { sizeof(activ_custom_fn), name, callbacks, user } }, .count = 1 };
        list.pointers[0] = &list.all[0];
        status = make_of_list(&host, name, &list, &own, out);
    }
    return status == ACTIV_OK ? status : activ_host_fail(&host, message, status, own.text);
}

activ_status activ_fn_create_custom(const activ_context *context, const char *name, const activ_fn_callbacks *callbacks,
                                    void *user, activ_fn **out)
{
    return activ_fn_create_custom_ex(context, name, callbacks, user, out, NULL);
}

activ_fn *activ_fn_copy(const activ_host *host, const activ_fn *fn)
{
    activ_fn *copy;
    custom_list list = { .count = 0 };
    list_customs(fn, &list);
    return make_of_list(host, fn->spec, &list, NULL, &copy) == ACTIV_OK ? copy : NULL;
}

void activ_fn_destroy(activ_fn *fn)
{
    if (!fn)
        return;
    activ_host host = fn->host;
    for (size_t i = 0; i < fn->function_count; i++)
        activ_fn_destroy(fn->functions[i]);
    activ_host_free(&host, fn->functions, fn->function_count * sizeof *fn->functions);
    activ_host_free(&host, fn->settings, (fn->setting_count + 1) * sizeof *fn->settings);
    activ_host_free(&host, fn->block, fn->block_bytes);
    activ_host_free(&host, fn->custom, sizeof *fn->custom);
    activ_fn_formula_free(&host, fn->formula);
    activ_host_free(&host, fn, sizeof *fn);
}

size_t activ_fn_bytes(const activ_fn *fn)
{
    size_t bytes = sizeof *fn + (fn->setting_count + 1) * sizeof *fn->settings + fn->block_bytes +
                   fn->function_count * sizeof *fn->functions + (fn->custom ? sizeof *fn->custom : 0);
    if (fn->formula)
        bytes += sizeof *fn->formula + fn->formula->text_bytes + activ_formula_bytes(&fn->formula->formula);
    for (size_t i = 0; i < fn->function_count; i++)
        bytes += activ_fn_bytes(fn->functions[i]);
    return bytes;
}

/* ---- queries ---------------------------------------------------------------------------------- */

const char *activ_fn_spec(const activ_fn *fn)
{
    return fn ? fn->spec : NULL;
}

int32_t activ_fn_is_random(const activ_fn *fn)
{
    if (!fn || fn->formula)
        return 0;
    for (size_t i = 0; i < fn->function_count; i++)
        if (activ_fn_is_random(fn->functions[i]))
            return 1;
    return fn->entry->definition->is_random != 0;
}

size_t activ_fn_setting_count(const activ_fn *fn)
{
    return fn ? fn->setting_count : 0;
}

activ_status activ_fn_setting_info(const activ_fn *fn, size_t index, activ_setting_info *info)
{
    if (!fn || !info)
        return ACTIV_ERROR_INVALID;
    if (index >= fn->setting_count)
        return ACTIV_ERROR_RANGE;
    const activ_setting *s = &fn->entry->definition->settings[index];
    activ_setting_info own = {
        .size = sizeof own,
        .name = s->name,
        .kind = s->kind,
        .trainable = s->trainable,
        .value = s->kind == ACTIV_SETTING_KIND_FUNCTIONS ? 0.0 : fn->settings[index].number,
        .initial = s->initial,
        .words = s->words,
    };
    if (s->kind == ACTIV_SETTING_KIND_REAL || s->kind == ACTIV_SETTING_KIND_COUNT)
        activ_setting_limits(s, &own.minimum, &own.maximum);
    else if (s->kind == ACTIV_SETTING_KIND_WORD)
        own.word = s->words[(int)fn->settings[index].number];
    return activ_sized_write(&own, sizeof own, info);
}

size_t activ_fn_function_count(const activ_fn *fn)
{
    return fn ? fn->function_count : 0;
}

const activ_fn *activ_fn_function(const activ_fn *fn, size_t index)
{
    return fn && index < fn->function_count ? fn->functions[index] : NULL;
}

size_t activ_fn_param_count(const activ_fn *fn)
{
    return fn ? fn->param_count : 0;
}

size_t activ_fn_channels(const activ_fn *fn)
{
    return fn ? fn->num_parameters : 0;
}

size_t activ_fn_param_tensor_count(const activ_fn *fn)
{
    return fn ? fn->vectors : 0;
}

activ_status activ_fn_param_tensor_info(const activ_fn *fn, size_t index, activ_fn_tensor_info *info)
{
    if (!fn || !info)
        return ACTIV_ERROR_INVALID;
    if (index >= fn->vectors)
        return ACTIV_ERROR_RANGE;
    activ_fn_tensor_info own = { .size = sizeof own, .name = fn->names[index], .count = fn->lengths[index] };
    for (size_t i = 0; i < index; i++)
        own.offset += fn->lengths[i];
    return activ_sized_write(&own, sizeof own, info);
}

activ_status activ_fn_param_init(const activ_fn *fn, uint64_t seed, float *params)
{
    if (!fn || (fn->param_count > 0 && (!params || !activ_is_aligned(params, sizeof *params))))
        return ACTIV_ERROR_INVALID;
    if (fn->entry->shape == ACTIV_SHAPE_GATED)
        return activ_fn_param_init(fn->functions[0], seed, params);
    if (fn->custom && fn->param_count > 0)
        fn->custom->callbacks.param_init(fn->custom->user, seed, params);
    const int rounding = activ_round_to_nearest();
    if (fn->formula)
        activ_fn_formula_init(fn->formula, params);
    else if (fn->entry->definition->param_init)
        fn->entry->definition->param_init(fn->settings, seed, params);
    activ_round_as(rounding);
    if (fn->formula)
        return ACTIV_OK;
    for (size_t j = 0; j < fn->scalars; j++)
        for (size_t c = 0; c < fn->num_parameters; c++)
            params[j * fn->num_parameters + c] = fn->settings[fn->scalar_settings[j]].single;
    float *end = fn->function_count > 0 ? params + fn->param_count : NULL;
    for (size_t k = fn->function_count; k-- > 0;) {
        end -= fn->functions[k]->param_count;
        /* Random ones differ. */
        activ_fn_param_init(fn->functions[k], seed + k * UINT64_C(0x9e3779b97f4a7c15), end);
    }
    return ACTIV_OK;
}

/* Is it, or is one of its parts, a formula or the host's own code? */
static int is_unbounded(const activ_fn *fn)
{
    int found = fn->formula || fn->custom;
    for (size_t i = 0; i < fn->function_count; i++)
        found |= is_unbounded(fn->functions[i]);
    return found;
}

/* fn: this function, or NULL for the catalog's entry. */
static activ_status write_info(const activ_fn_entry *entry, const activ_fn *fn, activ_fn_info *info)
{
    const activ_fn_definition *d = entry->definition;
    activ_fn_info own;
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    own.name = entry->name;
    own.aliases = d->aliases ? d->aliases : "";
    own.signature = d->signature;
    own.formula = d->printed ? d->printed : d->formula;
    own.source = d->source;
    own.trainable = d->param_vector != NULL;
    own.forward_ulp = d->forward_ulp;
    own.derivative_ulp = d->derivative_ulp;
    own.shape = entry->shape;
    own.random = d->is_random;
    for (size_t i = 0; d->settings && d->settings[i].name; i++)
        own.trainable |= d->settings[i].trainable;
    if (fn) { /* a gated one's gate decides */
        own.trainable = fn->param_count > 0;
        own.random = activ_fn_is_random(fn);
        if (is_unbounded(fn))
            own.forward_ulp = own.derivative_ulp = INFINITY;
    }
    return activ_sized_write(&own, sizeof own, info);
}

activ_status activ_fn_info_of(const activ_fn *fn, activ_fn_info *info)
{
    return fn && info ? write_info(fn->entry, fn, info) : ACTIV_ERROR_INVALID;
}

activ_status activ_fn_catalog(size_t index, activ_fn_info *info)
{
    if (!info)
        return ACTIV_ERROR_INVALID;
    return index < activ_fn_registry_count ? write_info(&activ_fn_registry[index], NULL, info) : ACTIV_ERROR_RANGE;
}
