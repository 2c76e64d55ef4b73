/* Specs: "name" or "name(setting=value, ...)", parsed by base/settings.h. */
#include <string.h>

#include "fn/fn.h"

/* The arguments after the name. */
static activ_status read_settings(activ_reader *reader, const activ_fn_entry *entry, activ_setting_value *settings)
{
    const activ_fn_definition *d = entry->definition;
    activ_settings_defaults(d->settings, settings);
    activ_read_blanks(reader);
    if (activ_read_character(reader, '(')) {
        char owner[200];
        activ_text text;
        activ_text_start(&text, owner, sizeof owner);
        activ_text_add(&text, "; the function is ");
        activ_text_add(&text, d->signature);
        activ_status status = activ_read_settings(reader, d->settings, owner, settings);
        if (status != ACTIV_OK)
            return status;
        activ_read_blanks(reader);
    }
    if (reader->at < reader->end) {
        const activ_slice rest = { reader->at, (size_t)(reader->end - reader->at) };
        return activ_fail_quoted(reader->message, ACTIV_ERROR_SYNTAX, "not understood: ", rest, "");
    }
    const char *reason = d->check ? d->check(settings) : NULL;
    if (reason) {
        return activ_fail(reader->message, ACTIV_ERROR_RANGE, entry->name, ": ", reason);
    }
    return ACTIV_OK;
}

/* The entry of a name: of the catalog, or of the host's functions. */
static activ_status find_entry(const activ_host *host, activ_slice name, activ_message *message,
                               const activ_fn_entry **entry, activ_custom **custom)
{
    activ_custom found;
    *custom = NULL;
    activ_status status =
        activ_fn_is_in_catalog(name) ? ACTIV_ERROR_UNKNOWN_NAME : activ_custom_find(host, name, &found, message);
    if (status == ACTIV_ERROR_UNKNOWN_NAME) {
        *entry = activ_fn_find(name, message);
        return *entry ? ACTIV_OK : ACTIV_ERROR_UNKNOWN_NAME;
    }
    if (status != ACTIV_OK)
        return status;
    activ_custom *own = activ_host_alloc_raw(host, sizeof *own);
    if (!own)
        return activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    *own = found;
    own->definition.signature = own->name;
    own->definition.formula = "the host's own code";
    own->definition.source = "";
    own->entry = (activ_fn_entry){ own->name, ACTIV_SHAPE_ELEMENTWISE, 0, &own->definition };
    *entry = &own->entry;
    *custom = own;
    return ACTIV_OK;
}

activ_status activ_fn_parse(const activ_host *host, activ_slice spec, activ_message *message,
                            const activ_fn_entry **entry, activ_custom **custom, activ_setting_value **settings,
                            size_t *settings_bytes)
{
    activ_reader reader;
    activ_reader_start(&reader, spec, "spec", message);
    activ_read_blanks(&reader);
    activ_slice name = activ_read_name(&reader, 0);
    if (name.length == 0) {
        const activ_slice rest = { reader.at, (size_t)(reader.end - reader.at) };
        return activ_fail_quoted(message, ACTIV_ERROR_SYNTAX, "the name of a function is expected at ", rest, "");
    }
    activ_status status = find_entry(host, name, message, entry, custom);
    if (status != ACTIV_OK)
        return status;
    *settings_bytes = (activ_settings_count((*entry)->definition->settings) + 1) * sizeof **settings;
    *settings = activ_host_alloc(host, *settings_bytes);
    status = *settings ? read_settings(&reader, *entry, *settings)
                       : activ_fail(message, ACTIV_ERROR_OUT_OF_MEMORY, "no memory for a function");
    if (status != ACTIV_OK) {
        activ_host_free(host, *settings, *settings_bytes);
        activ_host_free(host, *custom, sizeof **custom);
    }
    return status;
}

/* Is it composed of the setting's default functions? */
static int is_default(const activ_fn *fn, const activ_setting *setting)
{
    activ_slice list = { setting->functions, strlen(setting->functions) }, elements[ACTIV_FN_FUNCTIONS];
    const int count = activ_list_elements(list, ACTIV_FN_FUNCTIONS, elements);
    if (count != (int)fn->function_count)
        return 0;
    for (size_t i = 0; i < fn->function_count; i++)
        if (!activ_slice_is(elements[i], fn->functions[i]->spec))
            return 0;
    return 1;
}

static void write_functions(activ_text *text, const activ_fn *fn, const activ_setting *setting)
{
    if (!setting->positional)
        activ_text_add(text, "[");
    for (size_t i = 0; i < fn->function_count; i++) {
        /* A formula's declarations have commas. */
        const int has_commas = fn->functions[i]->formula && strchr(fn->functions[i]->spec, ';');
        activ_text_add(text, i > 0 ? ", " : "");
        activ_text_add(text, has_commas ? "(" : "");
        activ_text_add(text, fn->functions[i]->spec);
        activ_text_add(text, has_commas ? ")" : "");
    }
    if (!setting->positional)
        activ_text_add(text, "]");
}

static int is_initial(const activ_setting *setting, const activ_setting_value *value)
{
    const double numbers[2] = { value->number, setting->initial };
    return memcmp(&numbers[0], &numbers[1], sizeof numbers[0]) == 0; /* -0 differs from 0 */
}

size_t activ_fn_write_spec(const activ_fn *fn, char *buffer, size_t size)
{
    activ_text text;
    int written = 0;
    activ_text_start(&text, buffer, size);
    activ_text_add(&text, fn->formula ? fn->formula->text : fn->entry->name);
    for (size_t i = 0; i < fn->setting_count; i++) {
        const activ_setting *setting = &fn->entry->definition->settings[i];
        const activ_setting_value *value = &fn->settings[i];
        const int functions = setting->kind == ACTIV_SETTING_KIND_FUNCTIONS;
        if (functions ? is_default(fn, setting) : is_initial(setting, value))
            continue;
        activ_text_add(&text, written++ ? ", " : "(");
        if (!setting->positional) {
            activ_text_add(&text, setting->name);
            activ_text_add(&text, "=");
        }
        if (functions)
            write_functions(&text, fn, setting);
        else
            activ_write_setting(&text, setting, value);
    }
    if (written)
        activ_text_add(&text, ")");
    return text.length;
}
