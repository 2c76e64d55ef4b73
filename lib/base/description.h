/* Descriptions of networks and optimisers in files: the first line names the version of the grammar, then one item per
 * line, read by settings.h. */
#ifndef ACTIV_BASE_DESCRIPTION_H
#define ACTIV_BASE_DESCRIPTION_H

#include "base/settings.h"

/* The next line of a zero-terminated text; 0 past the last. *rest starts as the text, *number as 0. */
int activ_next_line(const char **rest, activ_slice *line, size_t *number);

/* "TITLE NUMBER", the first line: ACTIV_OK for the versions 1 to `newest`, ACTIV_ERROR_UNSUPPORTED for a later one. */
activ_status activ_read_version(activ_slice line, const char *title, uint64_t newest, activ_message *message);

/* Consumes this text if it comes next: 1, else 0. */
int activ_read_text(activ_reader *reader, const char *text);

/* Fails unless the line ends here and all required settings were given. */
activ_status activ_read_end(activ_reader *reader, const activ_setting *table, const activ_setting_value *values);

/* Prefixes the message with "line NUMBER of the WHOSE description: ". */
void activ_message_at_line(activ_message *message, size_t number, const char *whose);

#endif
