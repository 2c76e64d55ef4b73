/* Descriptions in files, of networks and of optimisers: a first line that names the version of the grammar, then a
 * thing a line, read by settings.h. */
#ifndef ACTIV_BASE_DESCRIPTION_H
#define ACTIV_BASE_DESCRIPTION_H

#include "base/settings.h"

/* The next line of a text that ends with a zero byte; 0 past the last. *rest starts as the text, *number as 0. */
int activ_next_line(const char **rest, activ_slice *line, size_t *number);

/* "TITLE NUMBER", the first line: ACTIV_OK for the versions 1 to `newest`, ACTIV_ERROR_UNSUPPORTED for a later one. */
activ_status activ_read_version(activ_slice line, const char *title, uint64_t newest, activ_message *message);

/* Exactly this text: 1 if it was next and has been read. */
int activ_read_text(activ_reader *reader, const char *text);

/* ACTIV_OK if the line ends here and no setting is missing that is required. */
activ_status activ_read_end(activ_reader *reader, const activ_setting *table, const activ_setting_value *values);

/* The message becomes "line NUMBER of the WHOSE description: " and what it was. */
void activ_message_at_line(activ_message *message, size_t number, const char *whose);

#endif
