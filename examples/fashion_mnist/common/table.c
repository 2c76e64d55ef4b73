/* Tables of texts: see table.h. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "message.h"

void table_init(struct table *table)
{
    memset(table, 0, sizeof *table);
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->columns; i++)
        free(table->titles[i]);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    table_init(table);
}

static char *format_text(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void table_column(struct table *table, bool right, const char *title, ...)
{
    if (table->failed || table->columns == TABLE_MAX_COLUMNS) {
        table->failed = true;
        return;
    }
    va_list arguments;
    va_start(arguments, title);
    char *text = format_text(title, arguments);
    va_end(arguments);
    table->failed = text == NULL;
    if (text == NULL)
        return;
    table->right[table->columns] = right;
    table->titles[table->columns++] = text;
}

void table_columns(struct table *table, size_t count, const char *const *titles)
{
    for (size_t i = 0; i < count; i++)
        table_column(table, false, "%s", titles[i]);
}

void table_cell(struct table *table, const char *format, ...)
{
    if (table->failed)
        return;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    va_list arguments;
    va_start(arguments, format);
    char *text = format_text(format, arguments);
    va_end(arguments);
    table->failed = text == NULL;
    if (text != NULL)
        table->cells[table->count++] = text;
}

/* ---- writing ---- */

/* Row 0 holds the titles. */
static size_t row_count(const struct table *table)
{
    return table->columns == 0 ? 0 : 1 + table->count / table->columns;
}

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
    return row == 0 ? table->titles[column] : table->cells[(row - 1) * table->columns + column];
}

static int column_width(const struct table *table, size_t column)
{
    size_t width = 3; /* Markdown wants three dashes */
    for (size_t row = 0; row < row_count(table); row++) {
        size_t length = strlen(cell_at(table, row, column));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void write_padded(FILE *out, const char *text, int width, bool right)
{
    (void)fprintf(out, right ? "%*s" : "%-*s", width, text);
}

static void write_dashes(FILE *out, int count)
{
    for (int i = 0; i < count; i++)
        (void)fputc('-', out);
}

void table_write_text(const struct table *table, FILE *out)
{
    for (size_t row = 0; row < row_count(table); row++) {
        for (size_t column = 0; column < table->columns; column++) {
            const char *text = cell_at(table, row, column);
            bool last = column + 1 == table->columns;
            /* No trailing blanks. */
            int width = last && !table->right[column] ? 0 : column_width(table, column);
            write_padded(out, text, width, table->right[column]);
            (void)fputs(last ? "\n" : "  ", out);
        }
        for (size_t column = 0; row == 0 && column < table->columns; column++) {
            write_dashes(out, column_width(table, column));
            (void)fputs(column + 1 == table->columns ? "\n" : "  ", out);
        }
    }
}

static void write_markdown_row(const struct table *table, size_t row, FILE *out)
{
    for (size_t column = 0; column < table->columns; column++) {
        (void)fputs("| ", out);
        write_padded(out, cell_at(table, row, column), column_width(table, column), table->right[column]);
        (void)fputc(' ', out);
    }
    (void)fputs("|\n", out);
}

void table_write_markdown(const struct table *table, FILE *out)
{
    for (size_t row = 0; row < row_count(table); row++) {
        write_markdown_row(table, row, out);
        for (size_t column = 0; row == 0 && column < table->columns; column++) {
            (void)fputs("| ", out);
            write_dashes(out, column_width(table, column) - 1);
            (void)fputs(table->right[column] ? ": " : "- ", out);
        }
        if (row == 0)
            (void)fputs("|\n", out);
    }
}

void table_write_csv(const struct table *table, FILE *out)
{
    for (size_t row = 0; row < row_count(table); row++) {
        for (size_t column = 0; column < table->columns; column++) {
            const char *text = cell_at(table, row, column);
            bool quoted = strpbrk(text, ",\"\r\n") != NULL;
            if (quoted)
                (void)fputc('"', out);
            for (const char *at = text; *at != '\0'; at++) {
                if (*at == '"')
                    (void)fputc('"', out);
                (void)fputc(*at, out);
            }
            if (quoted)
                (void)fputc('"', out);
            (void)fputs(column + 1 == table->columns ? "\r\n" : ",", out);
        }
    }
}

activ_status table_save_csv(const struct table *table, const char *path, activ_message *message)
{
    struct new_file file = { .stream = NULL };
    if (table->failed) {
        message_set(message, "out of memory for a table");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    activ_status status = new_file_open(&file, path, message);
    if (status == ACTIV_OK) {
        table_write_csv(table, file.stream);
        status = new_file_close(&file, message);
    }
    if (status == ACTIV_OK)
        status = new_file_commit(&file, message);
    new_file_cancel(&file);
    return status;
}
