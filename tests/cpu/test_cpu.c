/* Which tiers there are and which runs. Run with the argument "--tier" the program only prints what it finds, so that
 * the tests can start it with ACTIV_MAX_TIER set. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/context.h"
#include "activ/cpu.h"

/* What has to be called to run this program, if the CPU is not the machine's own; itself last. */
#ifndef EMULATOR
#    define EMULATOR
#endif
static const char *command[] = { EMULATOR NULL, "--tier", NULL };
enum { PROGRAM = sizeof command / sizeof command[0] - 3 };

/* ---- tiers ------------------------------------------------------------------------------- */

/* All names, slowest first: a ceiling may be any of them. */
static const char *const all[] = { "scalar", "neon", "avx2", "avx512" };
enum { ALL = sizeof all / sizeof all[0] };

static int rank(const char *name)
{
    for (int i = 0; i < ALL; i++)
        if (strcmp(all[i], name) == 0)
            return i;
    fail_msg("unknown tier %s", name);
    return -1;
}

/* The best tier of this machine that is not above the ceiling. */
static const char *best_below(const char *ceiling)
{
    const char *best = NULL;
    for (size_t i = 0; activ_tier_at(i); i++)
        if (rank(activ_tier_at(i)) <= rank(ceiling))
            best = activ_tier_at(i);
    return best;
}

static void test_list(void **state)
{
    (void)state;
    size_t count = 0;
    assert_string_equal(activ_tier_at(0), "scalar");
    while (activ_tier_at(count)) {
        if (count > 0)
            assert_true(rank(activ_tier_at(count)) > rank(activ_tier_at(count - 1)));
        count++;
    }
    assert_true(count <= ALL);
    for (size_t i = count; i < count + 40; i++)
        assert_null(activ_tier_at(i));
    assert_null(activ_tier_at(SIZE_MAX));
    const char *runs = activ_tier();
    size_t at = 0;
    while (at < count && strcmp(activ_tier_at(at), runs) != 0)
        at++;
    assert_true(at < count);
}

static int has(const char *name)
{
    for (size_t i = 0; activ_tier_at(i); i++)
        if (strcmp(activ_tier_at(i), name) == 0)
            return 1;
    return 0;
}

/* The compiler's own detection agrees. */
static void test_detection(void **state)
{
    (void)state;
#if defined(__x86_64__)
    assert_int_equal(has("avx2"), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_int_equal(has("avx512"), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                                        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
    assert_false(has("neon"));
#elif defined(__aarch64__)
    assert_true(has("neon"));
    assert_false(has("avx2") || has("avx512"));
#else
    assert_false(has("avx2") || has("avx512") || has("neon"));
#endif
}

/* What a process with this ACTIV_MAX_TIER (NULL: unset) says: "TIER IGNORED CONTEXT LIST...". */
static void ask(const char *value, char *answer, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (value)
            setenv("ACTIV_MAX_TIER", value, 1);
        else
            unsetenv("ACTIV_MAX_TIER");
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], (char *const *)(uintptr_t)command);
        _exit(127);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while (length + 1 < size && (got = read(ends[0], answer + length, size - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int print_tier(void)
{
    activ_context *context = NULL;
    if (activ_context_create(NULL, &context) != ACTIV_OK)
        return 1;
    printf("%s %s %s", activ_tier(), activ_max_tier() ? activ_max_tier() : "none", activ_context_tier(context));
    activ_context_destroy(context);
    /* A context may lower the ceiling, not raise it. */
    for (int i = 0; i < ALL; i++) {
        activ_context_options options = { .size = sizeof options, .max_tier = all[i] };
        if (activ_context_create(&options, &context) != ACTIV_OK)
            return 1;
        printf(" %s", activ_context_tier(context));
        activ_context_destroy(context);
    }
    for (size_t i = 0; activ_tier_at(i); i++)
        printf(" %s", activ_tier_at(i));
    return 0;
}

/* ceiling: what the value means; holds: what activ_max_tier says. */
static void expect(const char *value, const char *ceiling, const char *holds)
{
    char answer[256], expected[256];
    const char *runs = best_below(ceiling);
    int n = snprintf(expected, sizeof expected, "%s %s %s", runs, holds, runs);
    for (int i = 0; i < ALL; i++)
        n += snprintf(expected + n, sizeof expected - (size_t)n, " %s",
                      best_below(rank(all[i]) < rank(ceiling) ? all[i] : ceiling));
    for (size_t i = 0; activ_tier_at(i); i++)
        n += snprintf(expected + n, sizeof expected - (size_t)n, " %s", activ_tier_at(i));
    ask(value, answer, sizeof answer);
    assert_string_equal(answer, expected);
}

static void test_environment(void **state)
{
    (void)state;
    expect(NULL, "avx512", "none");
    for (int i = 0; i < ALL; i++)
        expect(all[i], all[i], all[i]);
    static const char *const nonsense[] = {
        "", "fast", "AVX2", " avx2", "avx2 ", "avx", "scalar,avx2", "1", "scalarx"
    };
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        expect(nonsense[i], "avx512", "none");
}

static void test_ceiling(void **state)
{
    (void)state;
    for (int i = 0; i < ALL; i++) {
        activ_context_options options = { .size = sizeof options, .max_tier = all[i] };
        activ_context *context = NULL;
        assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
        const char *ceiling = rank(all[i]) < rank(activ_tier()) ? all[i] : activ_tier();
        assert_string_equal(activ_context_tier(context), best_below(ceiling));
        activ_context_destroy(context);
    }
    assert_string_equal(activ_context_tier(NULL), activ_tier());
    static const char *const wrong[] = { "", "AVX2", "sse", "scalar " };
    for (size_t i = 0; i < 4; i++) {
        activ_context_options options = { .size = sizeof options, .max_tier = wrong[i] };
        activ_context *context = NULL;
        assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_UNKNOWN_NAME);
        assert_null(context);
    }
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--tier") == 0)
        return print_tier();
    static char program[4096]; /* the string ends within it: the rest stays zero */
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 1)
        return 1;
    command[PROGRAM] = program;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
