/* activ: a look at the library from the shell. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "commands.h"

static int usage(FILE *out)
{
    fputs("usage: activ COMMAND\n"
          "\n"
          "  list                  the functions, with their settings and formulas\n"
          "    --markdown            as a page, with sources and bounds: docs/functions.md\n"
          "    --zoo [PATTERN]       instead the published functions beyond them, all or those with this text\n"
          "  show SPEC             one function: settings, formula, source, bounds, parameters, kinks, some values\n"
          "  eval SPEC X [X ...]   f(x) and f'(x) at each X\n"
          "  plot SPEC ...         curves of f and f', by gnuplot: on the terminal, as text\n"
          "    -o FILE               as a picture instead, .svg or .png\n"
          "    --from X              from here (default -5)\n"
          "    --to X                to there (default 5)\n"
          "    --script              print the script for gnuplot, and draw nothing\n"
          "  accuracy [SPEC ...]   errors in ULP of functions and derivatives, measured (all elementwise functions);\n"
          "                        of a formula against itself in double: no bound, and what it loses by cancelling\n"
          "    --exhaustive          over all 2^32 inputs instead of a sample\n"
          "    --no-series           of all functions, leave out those that sum many terms: hours each\n"
          "    --tier TIER           on this tier, or on all, instead of the best\n"
          "    --jobs N              with N threads instead of one per CPU\n"
          "    --json                as JSON\n"
          "  bench [SPEC ...]      how fast: ns per element on each tier, beside memcpy (all functions)\n"
          "    -n N                  arrays of N floats instead of 4096\n"
          "    --tier TIER           on this tier only\n"
          "    --inputs              on saturated and unusual inputs, as multiples of normal ones; on the best tier\n"
          "    --types               of float16 and bfloat16, as multiples of float32; on the best tier\n"
          "    --json                as JSON\n"
          "  file PATH             the tensors and the network in a safetensors file\n"
          "  tier                  which tiers this machine can run, and which one runs\n"
          "  version               the library's version\n"
          "\n"
          "SPEC is a name, or a name with settings: 'leaky_relu(negative_slope=0.2)'; or a formula, with initial "
          "values of\n"
          "trained parameters behind it: 'a*x*sigmoid(b*x); a=1, b=1.702'; or @NAME, a function of the zoo, which is a "
          "file\n"
          "of formulas: the one that is installed, or the one that " ZOO_VARIABLE " in the environment names.\n",
          out);
    return out == stderr ? 2 : 0;
}

static int evaluate(const char *spec, int count, char **numbers)
{
    activ_fn *fn = make_elementwise("eval", spec);
    if (!fn)
        return 2;
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) {
        char *end;
        float x = strtof(numbers[i], &end), one = 1.0f, y, d;
        if (end == numbers[i] || *end != '\0') {
            fprintf(stderr, "activ: not a number: %s\n", numbers[i]);
            result = 2;
            break;
        }
        activ_status status = activ_forward(fn, NULL, 1, &x, &y);
        if (status == ACTIV_OK)
            status = activ_backward(fn, NULL, 1, &x, &one, &d, NULL);
        if (status == ACTIV_OK) {
            char texts[3][VALUE_TEXT];
            printf("%s\t%s\t%s\n", value_text((double)x, texts[0]), value_text((double)y, texts[1]),
                   value_text((double)d, texts[2]));
        } else {
            fprintf(stderr, "activ: eval: %s: %s\n", activ_fn_spec(fn), activ_status_string(status));
            result = 2;
        }
    }
    activ_fn_destroy(fn);
    return result;
}

static int file(const char *path)
{
    activ_message message;
    activ_safetensors *tensors;
    if (activ_safetensors_open(NULL, path, &tensors, &message) != ACTIV_OK) {
        fprintf(stderr, "activ: %s\n", message.text);
        return 2;
    }
    activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    for (size_t i = 0; activ_safetensors_at(tensors, i, &entry) == ACTIV_OK; i++) {
        print_escaped(entry.name);
        printf(" %s (", entry.dtype_name);
        for (size_t d = 0; d < entry.ndim; d++)
            printf(d > 0 ? ", %zu" : "%zu", entry.shape[d]);
        puts(")");
    }
    const char *key;
    for (size_t i = 0; (key = activ_safetensors_metadata_key(tensors, i)); i++) {
        printf("\n[");
        print_escaped(key);
        printf("]\n");
        print_escaped(activ_safetensors_metadata(tensors, key));
        printf("\n");
    }
    activ_safetensors_close(tensors);
    return 0;
}

static int tier(void)
{
    for (size_t i = 0; activ_tier_at(i); i++)
        printf("%s%s\n", activ_tier_at(i), strcmp(activ_tier_at(i), activ_tier()) == 0 ? " (runs)" : "");
    if (getenv("ACTIV_MAX_TIER") && !activ_max_tier())
        puts("ACTIV_MAX_TIER names no tier and is ignored");
    return 0;
}

static int is_command(const char *word)
{
    static const char *const commands[] = { "show", "eval", "file", "tier", "version", "help" };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(word, commands[i]) == 0)
            return 1;
    return 0;
}

static int run(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "list") == 0)
        return command_list(argc - 2, argv + 2);
    if (strcmp(command, "plot") == 0)
        return command_plot(argc - 2, argv + 2);
    if (strcmp(command, "show") == 0 && argc == 3)
        return command_show(argv[2]);
    if (strcmp(command, "eval") == 0 && argc >= 4)
        return evaluate(argv[2], argc - 3, argv + 3);
    if (strcmp(command, "accuracy") == 0)
        return command_accuracy(argc - 2, argv + 2);
    if (strcmp(command, "bench") == 0)
        return command_bench(argc - 2, argv + 2);
    if (strcmp(command, "file") == 0 && argc == 3)
        return file(argv[2]);
    if (strcmp(command, "tier") == 0 && argc == 2)
        return tier();
    if ((strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) && argc == 2) {
        printf("activ %s\n", activ_version_string());
        return 0;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        return usage(stdout);
    if (argc < 2)
        return usage(stderr);
    fprintf(stderr, "activ: ");
    if (is_command(command))
        fprintf(stderr, "%s: wrong number of arguments", command);
    else
        fprintf(stderr, "unknown command '%s'", command);
    fprintf(stderr, " (see activ --help)\n");
    return 2;
}

int main(int argc, char **argv)
{
    int result = run(argc, argv);
    close_zoo();
    /* A full disk or a closed pipe must not look like success. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "activ: standard output: %s\n", strerror(errno));
        return 2;
    }
    return result;
}
