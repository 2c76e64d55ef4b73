/* Command lines: see arguments.h. */
#include "arguments.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

bool parse_whole(const char *text, size_t length, uint64_t low, uint64_t high, uint64_t *out)
{
    uint64_t value = 0;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    if (value < low || value > high)
        return false;
    *out = value;
    return true;
}

bool parse_real(const char *text, float low, float high, float *out)
{
    /* strtof also accepts blanks, "0x1p3", "inf" and "nan". These programs never call setlocale, so the decimal point
     * is '.'. */
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    char *end;
    errno = 0;
    float value = strtof(text, &end);
    if (*end != '\0' || errno == ERANGE || !isfinite(value) || value < low || value > high)
        return false;
    *out = value;
    return true;
}

static bool parse_counts(const char *text, uint64_t low, uint64_t high, struct counts *out)
{
    struct counts list = { 0 };
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        uint64_t value;
        if (list.count == MAX_COUNTS || !parse_whole(at, length, low, high, &value))
            return false;
        list.values[list.count++] = (size_t)value;
        at += length;
        if (*at == '\0')
            break;
    }
    *out = list;
    return true;
}

static enum parse_result set_option(const struct program *program, const struct option *option, const char *text)
{
    uint64_t whole;
    bool good = true;
    char range[64] = "";
    if (option->kind != OPTION_SEED)
        (void)snprintf(range, sizeof range, " from %.9g to %.9g", option->low, option->high);
    const char *expected = "";
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        break;
    case OPTION_TEXT:
        expected = "allowed";
        range[0] = '\0';
        good = text[0] != '\0';
        if (good)
            *(const char **)option->value = text;
        break;
    case OPTION_COUNT:
        expected = "a whole number";
        good = parse_whole(text, strlen(text), (uint64_t)option->low, (uint64_t)option->high, &whole);
        if (good)
            *(size_t *)option->value = (size_t)whole;
        break;
    case OPTION_SEED:
        expected = "a whole number from 0 to 18446744073709551615";
        good = parse_whole(text, strlen(text), 0, UINT64_MAX, &whole);
        if (good)
            *(uint64_t *)option->value = whole;
        break;
    case OPTION_REAL:
        expected = "a number";
        good = parse_real(text, (float)option->low, (float)option->high, option->value);
        break;
    case OPTION_COUNTS:
        expected = "a list (like 256,128) of at most 64 whole numbers";
        good = parse_counts(text, (uint64_t)option->low, (uint64_t)option->high, option->value);
        break;
    }
    if (good)
        return PARSE_RUN;
    (void)fail(program->name, "%s: '%s' is not %s%s", option->name, text, expected, range);
    return PARSE_FAILED;
}

/* Prints lines, all but the first indented. */
static void print_lines(const char *text, int indent)
{
    for (; *text != '\0'; text++) {
        putchar(*text);
        if (*text == '\n')
            printf("%*s", indent, "");
    }
    putchar('\n');
}

static enum parse_result print_help(const struct program *program)
{
    printf("Usage: %s [options]\n\n", program->name);
    print_lines(program->purpose, 0);
    printf("\nOptions:\n");
    for (size_t i = 0; i < program->option_count; i++) {
        const struct option *option = &program->options[i];
        char left[32];
        const char *argument = option->argument != NULL ? option->argument : "";
        (void)snprintf(left, sizeof left, "%s %s", option->name, argument);
        printf("  %-20s ", left);
        print_lines(option->help, 23);
    }
    printf("  %-20s this text\n", "--help");
    return finish_output(program->name) == 0 ? PARSE_HELP : PARSE_FAILED;
}

int parse_exit_code(enum parse_result result)
{
    return result == PARSE_FAILED ? EXIT_FAILED : EXIT_SUCCESS;
}

enum parse_result arguments_parse(const struct program *program, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return print_help(program);
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (argument[0] != '-') {
            (void)fail(program->name, "unexpected argument '%s' (--help lists the options)", argument);
            return PARSE_FAILED;
        }
        size_t length = strcspn(argument, "=");
        const struct option *option = NULL;
        for (size_t j = 0; j < program->option_count; j++) {
            const char *name = program->options[j].name;
            if (strlen(name) == length && strncmp(name, argument, length) == 0)
                option = &program->options[j];
        }
        if (option == NULL) {
            (void)fail(program->name, "unknown option '%.*s' (--help lists the options)", (int)length, argument);
            return PARSE_FAILED;
        }
        const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
        if (option->kind == OPTION_FLAG) {
            if (value != NULL) {
                (void)fail(program->name, "%s: takes no value", option->name);
                return PARSE_FAILED;
            }
        } else if (value == NULL) {
            if (i + 1 == argc) {
                (void)fail(program->name, "%s: needs a value", option->name);
                return PARSE_FAILED;
            }
            value = argv[++i];
        }
        enum parse_result result = set_option(program, option, value);
        if (result != PARSE_RUN)
            return result;
    }
    return PARSE_RUN;
}
