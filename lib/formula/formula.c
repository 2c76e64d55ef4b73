/* Making formulas. */
#include "formula/formula.h"

#include <string.h>

static void start(activ_formula *f, const activ_host *host, const activ_kernels *kernels, formula_find *find,
                  activ_message *message)
{
    f->host = *host;
    f->kernels = kernels;
    f->find = find;
    f->message = message;
}

static void free_nodes(activ_formula *f)
{
    activ_host_free(&f->host, f->nodes, f->capacity * sizeof *f->nodes);
    activ_host_free(&f->host, f->table, f->table_size * sizeof *f->table);
    activ_host_free(&f->host, f->placed, FORMULA_PLACED * sizeof *f->placed);
    f->nodes = NULL;
    f->table = NULL;
    f->placed = NULL;
    f->count = f->capacity = f->table_size = 0;
}

static activ_status finish(activ_formula *f, int derivatives, formula_result result)
{
    f->derivatives = derivatives;
    for (int i = 0; f->status == ACTIV_OK && i < derivatives; i++) {
        const formula_node_index slope = activ_formula_derive(f, f->root, activ_formula_variable(f, 0));
        f->root = slope == FORMULA_NONE ? activ_formula_constant(f, 0.0) : slope;
    }
    if (result == FORMULA_TO_NODES)
        return f->status;
    if (f->status == ACTIV_OK)
        activ_formula_compile(f);
    free_nodes(f);
    f->message = NULL;
    return f->status;
}

/* Parameters' names are kept, as the text is the caller's. */
static void keep_names(activ_formula *f)
{
    size_t bytes = 0;
    for (size_t i = 0; i < f->name_count; i++)
        bytes += f->params[i].name.length;
    f->names = activ_host_alloc_raw(&f->host, bytes);
    f->name_bytes = f->names ? bytes : 0;
    if (bytes > 0 && !f->names) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return;
    }
    for (size_t i = 0, at = 0; i < f->name_count; i++) {
        memcpy(f->names + at, f->params[i].name.at, f->params[i].name.length);
        f->params[i].name.at = f->names + at;
        at += f->params[i].name.length;
    }
}

activ_status activ_formula_create(activ_formula *f, const activ_host *host, const activ_kernels *kernels,
                                  formula_find *find, activ_slice text, int derivatives, formula_result result,
                                  activ_message *message)
{
    start(f, host, kernels, find, message);
    if (activ_formula_parse(f, text) == ACTIV_OK)
        keep_names(f);
    return finish(f, derivatives, result);
}

/* The function's parameters become the formula's. */
static void add_params(activ_formula *f, const activ_fn_definition *d, const activ_setting_value *settings)
{
    int which = 0;
    for (size_t i = 0; d->settings && d->settings[i].name; i++) {
        if (!d->settings[i].trainable)
            continue;
        const char *name = d->settings[i].name;
        f->params[f->name_count++] = (formula_param){ { name, strlen(name) }, 0, 0, 0, 1, 0, f->param_count };
        f->param_count++;
        which++;
    }
    const char *name;
    for (size_t n;
         d->param_vector && f->name_count < FORMULA_NAMES && (n = d->param_vector(settings, which, &name)) > 0;
         which++) {
        f->params[f->name_count++] = (formula_param){ { name, strlen(name) }, n, 0, 0, 1, 0, f->param_count };
        f->param_count += n;
    }
    if (f->param_count > FORMULA_PARAMS) {
        activ_formula_fail(f, ACTIV_ERROR_RANGE, "the derivative of a function with more than 256 parameters");
        return;
    }
    f->values = activ_host_alloc(&f->host, f->param_count * sizeof *f->values);
    float *initial = activ_host_alloc(&f->host, f->param_count * sizeof *initial);
    f->value_capacity = f->values ? f->param_count : 0;
    if (f->param_count > 0 && (!f->values || !initial))
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    if (f->status == ACTIV_OK && d->param_init)
        d->param_init(settings, 0, initial);
    for (size_t i = 0, scalar = 0; f->status == ACTIV_OK && d->settings && d->settings[i].name; i++)
        if (d->settings[i].trainable)
            initial[scalar++] = settings[i].single;
    for (size_t i = 0; f->status == ACTIV_OK && i < f->param_count; i++)
        f->values[i] = (double)initial[i];
    for (size_t i = 0; i < f->name_count; i++)
        f->params[i].value = f->params[i].first;
    activ_host_free(&f->host, initial, f->param_count * sizeof *initial);
}

activ_status activ_formula_create_derivative(activ_formula *f, const activ_host *host, const activ_kernels *kernels,
                                             formula_find *find, const activ_fn_definition *definition,
                                             const char *spec, const activ_setting_value *settings, int derivatives,
                                             formula_result result, activ_message *message)
{
    start(f, host, kernels, find, message);
    add_params(f, definition, settings);
    if (f->status == ACTIV_OK)
        keep_names(f);
    formula_call call;
    memset(&call, 0, sizeof call);
    call.definition = definition;
    call.spec = (char *)(uintptr_t)spec; /* both are copied */
    call.spec_bytes = strlen(spec) + 1;
    call.set = (activ_setting_value *)(uintptr_t)settings;
    call.set_count = activ_settings_count(definition->settings);
    call.has_params = f->param_count > 0;
    const formula_node_index x = activ_formula_variable(f, 0);
    const formula_node_index number = f->status == ACTIV_OK ? activ_formula_add_call(f, &call) : 0;
    f->root = activ_formula_make(f, ACTIV_OP_call, x, number, FORMULA_NONE);
    return finish(f, derivatives, result);
}

void activ_formula_free(activ_formula *f)
{
    free_nodes(f);
    for (size_t i = 0; i < f->call_count; i++) {
        activ_host_free(&f->host, f->calls[i].spec, f->calls[i].spec_bytes);
        activ_host_free(&f->host, f->calls[i].set, (f->calls[i].set_count + 1) * sizeof *f->calls[i].set);
    }
    activ_host_free(&f->host, f->values, f->value_capacity * sizeof *f->values);
    activ_host_free(&f->host, f->names, f->name_bytes);
    activ_host_free(&f->host, f->block, f->block_bytes);
}

size_t activ_formula_bytes(const activ_formula *f)
{
    size_t bytes = f->value_capacity * sizeof *f->values + f->name_bytes + f->block_bytes;
    for (size_t i = 0; i < f->call_count; i++)
        bytes += f->calls[i].spec_bytes + (f->calls[i].set_count + 1) * sizeof *f->calls[i].set;
    return bytes;
}
