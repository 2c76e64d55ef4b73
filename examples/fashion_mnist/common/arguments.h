/* Command lines: a table of options in, values out. "--name value" and "--name=value" mean the same. */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_COUNTS 64

/* The value of OPTION_COUNTS, written as "256,192,128,64". */
struct counts {
    size_t count;
    size_t values[MAX_COUNTS];
};

enum option_kind {
    OPTION_FLAG,  /* bool */
    OPTION_TEXT,  /* const char * */
    OPTION_COUNT, /* size_t, low .. high */
    OPTION_SEED,  /* uint64_t */
    OPTION_REAL,  /* float, low .. high */
    OPTION_COUNTS /* struct counts, each low .. high */
};

struct option {
    const char *name;     /* "--epochs" */
    const char *argument; /* the placeholder of its value in the help */
    enum option_kind kind;
    void *value; /* holds the default; of the type above */
    double low, high;
    const char *help; /* lines separated by '\n' */
};

struct program {
    const char *name;
    const char *purpose; /* for --help; lines separated by '\n' */
    const struct option *options;
    size_t option_count;
};

enum parse_result {
    PARSE_RUN,   /* continue */
    PARSE_HELP,  /* --help was given and printed: exit with 0 */
    PARSE_FAILED /* a message is on stderr: exit with 2 */
};

/* Of the program, unless it runs. */
int parse_exit_code(enum parse_result result);

enum parse_result arguments_parse(const struct program *program, int argc, char **argv);

/* Parse a whole text as a number: no blanks, no hexadecimal, no "nan", no overflow. */
bool parse_whole(const char *text, size_t length, uint64_t low, uint64_t high, uint64_t *out);
bool parse_real(const char *text, float low, float high, float *out);

#endif
