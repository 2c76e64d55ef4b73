/* A progress bar with the time left, on stderr; nothing if stderr is no terminal. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    FILE *stream; /* NULL: not shown */
    double total;
    double started;
    double drawn; /* when the bar was drawn last */
};

/* Seconds of a monotonic clock. */
double seconds_now(void);

void progress_start(struct progress *progress, double total);

/* Redraws the bar, at most ten times a second, after the first 24 bytes of `note`. */
void progress_update(struct progress *progress, double done, const char *note);

/* Erases the bar, so that a line can be printed; the next update draws it again. */
void progress_clear(struct progress *progress);

/* "9 s", "2 min 05 s", "1 h 03 min". */
void format_seconds(double seconds, char *text, size_t size);

/* The bar without control characters; a function of its own for tests. */
void progress_format(double done, double total, double elapsed, const char *note, char *text, size_t size);

#endif
