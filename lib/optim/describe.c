/* An optimiser as text, as training checkpoints store it beside its arrays:
 *
 *     libactiv optimizer 1
 *     adamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, maximize=0)
 *     steps = 469
 *     layers.0.bias = group(lr_scale=1, weight_decay=0)
 *
 * The kind with all its settings in the order of its table; the steps taken; a line for each tensor, in their order,
 * whose options (activ_optimizer_tensor_options) are not the optimiser's: "group" is the format's word for them. The
 * first line names the version of the grammar. Numbers read back as the same bits. */
#include <string.h>

#include "base/description.h"
#include "optim/optimizer.h"

#define TITLE "libactiv optimizer"
#define VERSION 1

/* Nobody takes more; far from where counters wrap around or 1 - beta^steps is no longer what it should be. */
#define MAX_STEPS (UINT64_C(1) << 48)

static const optimizer_kind *const kinds[] = {
    &activ_optimizer_sgd,
    &activ_optimizer_adamw,
    &activ_optimizer_rmsprop,
};

/* A kind's settings as a table for the reader, of OPTIMIZER_MAX_SETTINGS + 1 entries. */
static void make_table(const optimizer_kind *kind, activ_setting *table)
{
    memset(table, 0, (OPTIMIZER_MAX_SETTINGS + 1) * sizeof *table);
    for (size_t i = 0; i < OPTIMIZER_MAX_SETTINGS && kind->settings[i].name; i++) {
        const int is_flag = kind->settings[i].is_flag;
        table[i] = (activ_setting){
            .name = kind->settings[i].name,
            .kind = is_flag ? ACTIV_SETTING_KIND_COUNT : ACTIV_SETTING_KIND_REAL,
            .required = 1,
            .maximum = is_flag ? 1.0 : 0.0,
        };
    }
}

enum { LR_SCALE, WEIGHT_DECAY, TENSOR_SETTINGS };
static const activ_setting tensor_table[] = {
    [LR_SCALE] = { .name = "lr_scale", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    [WEIGHT_DECAY] = { .name = "weight_decay", .kind = ACTIV_SETTING_KIND_REAL, .required = 1 },
    { .name = NULL },
};

/* ---- writing ------------------------------------------------------------------------------------------ */

static void write_settings(const activ_setting *table, const activ_setting_value *values, activ_text *text)
{
    for (size_t i = 0; table[i].name; i++) {
        activ_text_add(text, i > 0 ? ", " : "(");
        activ_text_add(text, table[i].name);
        activ_text_add(text, "=");
        activ_write_setting(text, &table[i], &values[i]);
    }
    activ_text_add(text, ")");
}

void activ_optimizer_describe(const activ_optimizer *o, activ_text *text)
{
    activ_setting table[OPTIMIZER_MAX_SETTINGS + 1];
    activ_setting_value values[OPTIMIZER_MAX_SETTINGS];
    make_table(o->kind, table);
    for (size_t i = 0; table[i].name; i++) {
        const char *at = (const char *)&o->settings + o->kind->settings[i].offset;
        float value;
        int32_t flag;
        memcpy(&value, at, sizeof value);
        memcpy(&flag, at, sizeof flag);
        values[i] = activ_setting_of_float(o->kind->settings[i].is_flag ? (float)flag : value);
    }
    activ_text_add(text, TITLE " ");
    activ_text_add_size(text, VERSION);
    activ_text_add(text, "\n");
    activ_text_add(text, o->kind->name);
    write_settings(table, values, text);
    activ_text_add(text, "\nsteps = ");
    activ_text_add_u64(text, o->steps);
    for (size_t i = 0; i < o->tensor_count; i++) {
        const optimizer_tensor *own = &o->tensor[i];
        if (own->lr_scale == 1.0f && own->weight_decay == o->settings.weight_decay)
            continue;
        values[LR_SCALE] = activ_setting_of_float(own->lr_scale);
        values[WEIGHT_DECAY] = activ_setting_of_float(own->weight_decay);
        activ_text_add(text, "\n");
        activ_text_add(text, o->graph->tensors[i].name);
        activ_text_add(text, " = group");
        write_settings(tensor_table, values, text);
    }
}

/* ---- reading: each function reads one line ------------------------------------------------------------- */

/* Reads what follows '(': all settings of the table. */
static activ_status read_settings(activ_reader *r, const activ_setting *table, activ_setting_value *values)
{
    activ_settings_defaults(table, values);
    activ_status status = activ_read_settings(r, table, "", values);
    return status == ACTIV_OK ? activ_read_end(r, table, values) : status;
}

static activ_status read_kind(activ_slice line, const optimizer_kind **kind, optimizer_settings *settings,
                              activ_message *message)
{
    activ_setting table[OPTIMIZER_MAX_SETTINGS + 1];
    activ_setting_value values[OPTIMIZER_MAX_SETTINGS];
    activ_reader r;
    activ_reader_start(&r, line, "line", message);
    const activ_slice name = activ_read_name(&r, 0);
    *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (activ_slice_is(name, kinds[i]->name))
            *kind = kinds[i];
    if (!*kind)
        return activ_fail_quoted(message, ACTIV_ERROR_UNKNOWN_NAME, "unknown optimizer ", name, "");
    if (!activ_read_character(&r, '('))
        return activ_fail_expected(&r, "'('");
    make_table(*kind, table);
    activ_status status = read_settings(&r, table, values);
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; table[i].name && status == ACTIV_OK; i++) {
        char *at = (char *)settings + (*kind)->settings[i].offset;
        const int32_t flag = values[i].number != 0.0;
        if ((*kind)->settings[i].is_flag)
            memcpy(at, &flag, sizeof flag);
        else
            memcpy(at, &values[i].single, sizeof values[i].single);
    }
    return status == ACTIV_OK ? activ_optimizer_check(*kind, settings, message) : status;
}

static activ_status read_steps(activ_slice line, uint64_t *steps, activ_message *message)
{
    activ_reader r;
    activ_reader_start(&r, line, "line", message);
    if (!activ_read_text(&r, "steps = "))
        return activ_fail_expected(&r, "'steps = '");
    const size_t digits = activ_parse_u64(r.at, (size_t)(r.end - r.at), steps);
    if (digits == 0 || *steps > MAX_STEPS)
        return activ_fail_expected(&r, "a number up to 2^48");
    r.at += digits;
    return activ_read_end(&r, NULL, NULL);
}

/* `given` marks the tensors that had a line before. */
static activ_status read_tensor(activ_slice line, activ_optimizer *o, unsigned char *given, activ_message *message)
{
    activ_setting_value values[TENSOR_SETTINGS];
    activ_reader r;
    activ_reader_start(&r, line, "line", message);
    const activ_slice name = activ_read_name(&r, 1);
    const size_t i = activ_graph_find_stored(o->graph, name);
    if (i >= o->tensor_count)
        return activ_fail_quoted(message, ACTIV_ERROR_UNKNOWN_NAME, "no tensor is called ", name, "");
    if (given[i]++)
        return activ_fail_quoted(message, ACTIV_ERROR_SYNTAX, "given twice: ", name, "");
    if (!activ_read_text(&r, " = group("))
        return activ_fail_expected(&r, "' = group('");
    activ_status status = read_settings(&r, tensor_table, values);
    if (status != ACTIV_OK)
        return status;
    o->tensor[i] = (optimizer_tensor){ values[LR_SCALE].single, values[WEIGHT_DECAY].single };
    if (activ_optimizer_check_tensor(&o->tensor[i]))
        return ACTIV_OK;
    return activ_fail(message, ACTIV_ERROR_RANGE, "lr_scale and weight_decay have to be finite and not negative");
}

/* Adds the line to the message. Unless the version is too new or memory is short, it is an error in the file. */
static activ_status fail_at_line(activ_status status, size_t number, activ_message *message)
{
    if (status == ACTIV_ERROR_OUT_OF_MEMORY)
        return status;
    activ_message_at_line(message, number, "optimizer's");
    return status == ACTIV_ERROR_UNSUPPORTED ? status : ACTIV_ERROR_FORMAT;
}

static activ_status read_tensors(const char *rest, size_t number, activ_optimizer *o, activ_message *message)
{
    activ_slice line;
    activ_status status = ACTIV_OK;
    unsigned char *given = activ_host_alloc(&o->host, o->tensor_count);
    if (o->tensor_count > 0 && !given) {
        return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for the optimizer");
    }
    while (status == ACTIV_OK && activ_next_line(&rest, &line, &number)) {
        status = read_tensor(line, o, given, message);
        if (status != ACTIV_OK)
            status = fail_at_line(status, number, message);
    }
    activ_host_free(&o->host, given, o->tensor_count);
    return status;
}

activ_status activ_optimizer_parse(activ_graph *graph, const char *description, activ_optimizer **out,
                                   activ_message *message)
{
    const optimizer_kind *kind = NULL;
    optimizer_settings settings;
    uint64_t steps = 0;
    size_t number = 0;
    for (size_t i = 0; i < 3; i++) {
        activ_slice line = { "", 0 };
        if (!activ_next_line(&description, &line, &number))
            number++; /* it is missing: read as empty */
        activ_status status = i == 0   ? activ_read_version(line, TITLE, VERSION, message)
                              : i == 1 ? read_kind(line, &kind, &settings, message)
                                       : read_steps(line, &steps, message);
        if (status != ACTIV_OK)
            return fail_at_line(status, number, message);
    }
    activ_optimizer *o;
    activ_status status = activ_optimizer_create(graph, kind, &settings, &o);
    if (status != ACTIV_OK) {
        return activ_fail(message, status, activ_graph_error(graph));
    }
    o->steps = steps;
    status = read_tensors(description, number, o, message);
    if (status == ACTIV_OK)
        *out = o;
    else
        activ_optimizer_destroy(o);
    return status;
}
