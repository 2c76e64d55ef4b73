/* A progress bar: see progress.h. */
#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24

double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void format_seconds(double seconds, char *text, size_t size)
{
    /* Within the range of the conversion. */
    unsigned long s = seconds < 0 ? 0 : seconds > 1e8 ? 100000000ul : (unsigned long)(seconds + 0.5);
    if (s < 60)
        (void)snprintf(text, size, "%lu s", s);
    else if (s < 3600)
        (void)snprintf(text, size, "%lu min %02lu s", s / 60, s % 60);
    else
        (void)snprintf(text, size, "%lu h %02lu min", s / 3600, s % 3600 / 60);
}

void progress_format(double done, double total, double elapsed, const char *note, char *text, size_t size)
{
    double part = total > 0 ? done / total : 1;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    char bar[BAR_WIDTH + 1];
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(part * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    /* The first seconds do not predict the rest. */
    char left[32] = "";
    char ending[48] = "";
    if (part > 0 && elapsed > 0.5) {
        format_seconds(elapsed * (1 - part) / part, left, sizeof left);
        (void)snprintf(ending, sizeof ending, ", %s left", left);
    }
    (void)snprintf(text, size, "%.24s [%s] %3.0f %%%s", note, bar, 100 * part, ending);
}

void progress_start(struct progress *progress, double total)
{
    const char *terminal = getenv("TERM");
    bool shown = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    progress->stream = shown ? stderr : NULL;
    progress->total = total;
    progress->started = seconds_now();
    progress->drawn = 0;
}

void progress_update(struct progress *progress, double done, const char *note)
{
    if (progress->stream == NULL)
        return;
    double now = seconds_now();
    if (now - progress->drawn < 0.1)
        return;
    progress->drawn = now;
    char line[128];
    progress_format(done, progress->total, now - progress->started, note, line, sizeof line);
    (void)fprintf(progress->stream, "\r%s\033[K", line);
    (void)fflush(progress->stream);
}

void progress_clear(struct progress *progress)
{
    if (progress->stream == NULL || progress->drawn == 0)
        return;
    (void)fprintf(progress->stream, "\r\033[K");
    (void)fflush(progress->stream);
    progress->drawn = 0;
}
