/* Specs, "@NAME" of the zoo included, to functions. */
#include <stdio.h>
#include <string.h>

#include <activ/activ.h>

#include "commands.h"

static zoo all;

const zoo *open_zoo(void)
{
    activ_message message;
    if (zoo_read(&all, &message) == 0)
        return &all;
    fprintf(stderr, "activ: %s\n", message.text);
    return NULL;
}

void close_zoo(void)
{
    zoo_free(&all);
}

const zoo_entry *find_in_zoo(const char *spec)
{
    activ_message message;
    if (spec[0] != '@' && activ_fn_default(spec))
        return NULL;
    return zoo_read(&all, &message) == 0 ? zoo_find(&all, spec + (spec[0] == '@')) : NULL;
}

activ_fn *make_function_in(const activ_context *context, const char *spec)
{
    activ_message message;
    activ_fn *fn = NULL;
    const char *expanded = zoo_expand(&all, spec, &message);
    const activ_status status = expanded ? activ_fn_create_ex(context, expanded, &fn, &message) : ACTIV_OK;
    const int is_there = status == ACTIV_ERROR_UNKNOWN_NAME && find_in_zoo(spec);
    if (!fn)
        fprintf(stderr, "activ: %s%s%s\n", message.text, is_there ? "; the zoo has it: @" : "", is_there ? spec : "");
    return fn;
}

activ_fn *make_function(const char *spec)
{
    return make_function_in(NULL, spec);
}

activ_fn *make_elementwise(const char *command, const char *spec)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    activ_fn *fn = make_function(spec);
    if (!fn || (activ_fn_info_of(fn, &info) == ACTIV_OK && info.shape == ACTIV_SHAPE_ELEMENTWISE &&
                activ_fn_channels(fn) == 1))
        return fn;
    fprintf(stderr, "activ: %s: %s: only elementwise functions without channels\n", command, activ_fn_spec(fn));
    activ_fn_destroy(fn);
    return NULL;
}

int is_formula(const activ_fn *fn)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    return activ_fn_info_of(fn, &info) == ACTIV_OK &&
           (strcmp(info.name, "formula") == 0 || strcmp(info.name, "derivative") == 0);
}
