/* An optimiser as text, which training checkpoints hold beside its arrays:
 *
 *     libactiv optimizer 1
 *     adamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, maximize=0)
 *     steps = 469
 *     layers.0.bias = group(lr_scale=1, weight_decay=0)
 *
 * The kind with all its settings in the order of its table; the steps taken; a line for each tensor, in their order,
 * whose settings are not the optimiser's. The first line names the version of the grammar. Numbers read back as the
 * same bits. */
#include <string.h>

#include "optim/optimizer.h"

#define HEADER "libactiv optimizer 1\n"

static const optimizer_kind *const kinds[] = {
    &activ_optimizer_sgd, &activ_optimizer_adamw, &activ_optimizer_rmsprop,
};

static void describe_settings(const activ_optimizer *o, activ_text *text)
{
    for (size_t i = 0; i < OPTIMIZER_MOST_SETTINGS && o->kind->settings[i].name; i++) {
        const optimizer_setting *setting = &o->kind->settings[i];
        const char *at = (const char *)&o->settings + setting->at;
        activ_text_add(text, i > 0 ? ", " : "");
        activ_text_add(text, setting->name);
        activ_text_add(text, "=");
        if (setting->is_flag) {
            int32_t flag;
            memcpy(&flag, at, sizeof flag);
            activ_text_add(text, flag ? "1" : "0");
        } else {
            float value;
            memcpy(&value, at, sizeof value);
            activ_text_add_float(text, value);
        }
    }
}

void activ_optimizer_describe(const activ_optimizer *o, activ_text *text)
{
    activ_text_add(text, HEADER);
    activ_text_add(text, o->kind->name);
    activ_text_add(text, "(");
    describe_settings(o, text);
    activ_text_add(text, ")\nsteps = ");
    activ_text_add_u64(text, o->steps);
    for (size_t i = 0; i < o->tensors; i++) {
        const optimizer_group *group = &o->groups[i];
        if (group->lr_scale == 1.0f && group->weight_decay == o->settings.weight_decay)
            continue;
        activ_text_add(text, "\n");
        activ_text_add(text, o->graph->tensors[i].name);
        activ_text_add(text, " = group(lr_scale=");
        activ_text_add_float(text, group->lr_scale);
        activ_text_add(text, ", weight_decay=");
        activ_text_add_float(text, group->weight_decay);
        activ_text_add(text, ")");
    }
}

/* ---- and back: each of these takes what it names from the front of the text, or returns 0 ------------ */

static int take(const char **at, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return 0;
    *at += length;
    return 1;
}

static int take_float(const char **at, float *value)
{
    int overflow;
    size_t length = activ_parse_float(*at, strspn(*at, "+-.0123456789eE"), value, &overflow);
    *at += length;
    return length > 0 && !overflow;
}

static int take_flag(const char **at, int32_t *flag)
{
    *flag = **at == '1';
    return take(at, "0") || take(at, "1");
}

static int take_settings(const char **at, const optimizer_kind *kind, optimizer_settings *settings)
{
    for (size_t i = 0; i < OPTIMIZER_MOST_SETTINGS && kind->settings[i].name; i++) {
        const optimizer_setting *setting = &kind->settings[i];
        void *value = (char *)settings + setting->at;
        if ((i > 0 && !take(at, ", ")) || !take(at, setting->name) || !take(at, "="))
            return 0;
        if (setting->is_flag ? !take_flag(at, value) : !take_float(at, value))
            return 0;
    }
    return 1;
}

static int take_groups(const char **at, activ_optimizer *o)
{
    for (size_t i = 0; i < o->tensors && **at != '\0'; i++) {
        const char *line = *at;
        optimizer_group group;
        if (!take(&line, "\n") || !take(&line, o->graph->tensors[i].name) || !take(&line, " = group(lr_scale="))
            continue;   /* another tensor's */
        *at = line;
        if (!take_float(at, &group.lr_scale) || !take(at, ", weight_decay=") ||
            !take_float(at, &group.weight_decay) || !take(at, ")") || !activ_optimizer_check_group(&group))
            return 0;
        o->groups[i] = group;
    }
    return **at == '\0';
}

/* "line 3 of the optimizer's description is malformed", or what is wrong in it. */
static activ_status fault(activ_message *message, const char *start, const char *at, const char *what)
{
    size_t line = 1;
    char number[32];
    for (; start < at; start++)
        line += *start == '\n';
    if (*at == '\n')   /* the line before was read to its end */
        line++;
    activ_text text;
    activ_text_start(&text, number, sizeof number);
    activ_text_add_size(&text, line);
    activ_message_set(message, "line ", number, " of the optimizer's description", what ? ": " : " is malformed",
                      what ? what : "");
    return ACTIV_ERROR_FORMAT;
}

activ_status activ_optimizer_parse(activ_graph *graph, const char *description, activ_optimizer **out,
                                   activ_message *message)
{
    const char *at = description;
    const optimizer_kind *kind = NULL;
    optimizer_settings settings;
    activ_message wrong;
    if (!take(&at, HEADER))
        return fault(message, description, at, NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !kind; i++) {
        const char *behind = at;
        if (take(&behind, kinds[i]->name) && take(&behind, "(")) {
            kind = kinds[i];
            at = behind;
        }
    }
    memset(&settings, 0, sizeof settings);
    if (!kind || !take_settings(&at, kind, &settings) || !take(&at, ")"))
        return fault(message, description, at, NULL);
    if (!activ_optimizer_check(kind, &settings, &wrong))
        return fault(message, description, at - 1, wrong.text);

    activ_optimizer *o;
    activ_status status = activ_optimizer_create(graph, kind, &settings, &o);
    if (status != ACTIV_OK) {
        activ_message_set(message, activ_graph_error(graph));
        return status;
    }
    size_t digits = 0;
    if (take(&at, "\nsteps = "))
        digits = activ_parse_u64(at, strspn(at, "0123456789"), &o->steps);
    at += digits;
    if (digits == 0 || !take_groups(&at, o)) {
        activ_optimizer_destroy(o);
        return fault(message, description, at, NULL);
    }
    *out = o;
    return ACTIV_OK;
}
