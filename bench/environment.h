/* Variables that libraries read when they are loaded. */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct environment_setting {
    const char *name, *value;
} environment_setting;

/* If something had to be set, the program starts again. False: that failed. */
static inline int environment_set(const environment_setting *settings, size_t count, char **argv)
{
    int changed = 0;
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(settings[i].name);
        if (value && strcmp(value, settings[i].value) == 0)
            continue;
        if (setenv(settings[i].name, settings[i].value, 1) != 0)
            return 0;
        changed = 1;
    }
    if (changed)
        execv("/proc/self/exe", argv);
    return !changed;
}

#endif
