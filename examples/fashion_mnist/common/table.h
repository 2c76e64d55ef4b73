/* Tables of texts, written aligned for reading, as Markdown, or as CSV (RFC 4180). */
#ifndef EXAMPLES_TABLE_H
#define EXAMPLES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <activ/activ.h>

#define TABLE_MAX_COLUMNS 96

struct table {
    size_t columns;
    char *titles[TABLE_MAX_COLUMNS];
    bool right[TABLE_MAX_COLUMNS]; /* aligned to the right */
    char **cells;                  /* row by row */
    size_t count, capacity;        /* number and capacity of cells */
    bool failed;                   /* out of memory, or too many columns */
};

void table_init(struct table *table);
void table_free(struct table *table);

/* First all columns, then the cells row by row; a cell's text is as of printf. After a failure these do nothing: check
 * `failed` once, at the end. */
void table_column(struct table *table, bool right, const char *title, ...);
void table_columns(struct table *table, size_t count, const char *const *titles); /* to the left, titles as they are */
void table_cell(struct table *table, const char *format, ...);

/* Only complete rows are written. The caller checks the stream (ferror). */
void table_write_text(const struct table *table, FILE *out);
void table_write_markdown(const struct table *table, FILE *out);
void table_write_csv(const struct table *table, FILE *out);

/* The same as a file that is replaced when it is whole. A table that has failed is refused. */
activ_status table_save_csv(const struct table *table, const char *path, activ_message *message);

#endif
