/* Which tiers there are and which runs; contexts and what they lend. Run with the argument "--tier" the
 * program only prints what it finds, so that the tests can start it with ACTIV_MAX_TIER set. */
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
#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/tensor.h"
#include "support/memory.h"

/* What has to be called to run this program, if the CPU is not the machine's own; itself last. */
#ifndef EMULATOR
#define EMULATOR
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
    printf("%s %d %s", activ_tier(), (int)activ_max_tier_ignored(), activ_context_tier(context));
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

static void expect(const char *value, const char *ceiling, int ignored)
{
    char answer[256], expected[256];
    const char *runs = best_below(ceiling);
    int n = snprintf(expected, sizeof expected, "%s %d %s", runs, ignored, runs);
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
    expect(NULL, "avx512", 0);
    for (int i = 0; i < ALL; i++)
        expect(all[i], all[i], 0);
    static const char *const nonsense[] = { "",    "fast",        "AVX2", " avx2",  "avx2 ",
                                            "avx", "scalar,avx2", "1",    "scalarx" };
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        expect(nonsense[i], "avx512", 1);
}

/* ---- contexts ---------------------------------------------------------------------------- */

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

static void test_defaults(void **state)
{
    (void)state;
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_context_create(NULL, &context), ACTIV_OK);
    assert_string_equal(activ_context_tier(context), activ_tier());
    activ_context_destroy(context);
    activ_context_destroy(NULL);
    activ_context_options options = { .size = sizeof options };
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_context_destroy(context);
}

static void test_own_allocator(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_allocator allocator = test_allocator(&memory);
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    activ_tensor *tensor = NULL;
    const size_t shape[2] = { 3, 5 };
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_true(memory.live > 0);
    assert_int_equal(activ_fn_create(context, "staf(tau=3)", &fn), ACTIV_OK);
    assert_int_equal(activ_tensor_create(context, ACTIV_FLOAT32, 2, shape, &tensor), ACTIV_OK);
    /* The settings were copied: neither context nor structs are needed any more. */
    activ_context_destroy(context);
    memset(&allocator, 0, sizeof allocator);
    memset(&options, 0, sizeof options);
    assert_int_equal((uintptr_t)activ_tensor_data(tensor) % 64, 0);
    activ_fn_destroy(fn);
    activ_tensor_destroy(tensor);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.live_bytes, 0);
    assert_int_equal(memory.mistakes, 0);

    allocator = test_allocator(&memory);
    options = (activ_context_options){ .size = sizeof options, .allocator = &allocator };
    memory.fail_at = memory.calls + 1;
    context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_null(context);
    allocator.alloc = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
    allocator = test_allocator(&memory);
    allocator.free = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
    allocator = test_allocator(&memory);
    allocator.size = 0;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
    /* An allocator that ends before its functions has none. */
    allocator.size = offsetof(activ_allocator, alloc);
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
    assert_null(context);
}

static void serial(void *user, size_t count, void (*task)(void *argument, size_t i), void *argument)
{
    (void)user;
    for (size_t i = count; i-- > 0;)
        task(argument, i);
}

static void test_executor(void **state)
{
    (void)state;
    activ_executor executor = { .size = sizeof executor, .num_threads = 4, .parallel_for = serial };
    activ_context_options options = { .size = sizeof options, .executor = &executor };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_context_destroy(context);
    context = NULL;
    static const int32_t wrong[] = { 0, -1, INT32_MIN };
    for (size_t i = 0; i < 3; i++) {
        executor.num_threads = wrong[i];
        assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_RANGE);
        assert_null(context);
    }
    executor.size = 1;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_ERROR_INVALID);
    /* Scratch memory is taken for each thread: an absurd number must not ask for absurd memory. */
    executor = (activ_executor){ .size = sizeof executor, .num_threads = INT32_MAX, .parallel_for = serial };
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 2));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_true(activ_graph_memory(g, 0) < (size_t)32 << 20);
    activ_graph_destroy(g);
    activ_context_destroy(context);
}

static void count_lines(void *user, activ_status status, const char *line)
{
    assert_int_equal(status, ACTIV_ERROR_UNKNOWN_NAME);
    assert_non_null(strstr(line, "nothing"));
    assert_null(strchr(line, '\n'));
    ++*(int *)user;
}

static void test_log(void **state)
{
    (void)state;
    int lines = 0;
    activ_context_options options = { .size = sizeof options, .log = count_lines, .log_user = &lines };
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    assert_int_equal(activ_fn_create(context, "nothing", &fn), ACTIV_ERROR_UNKNOWN_NAME);
    assert_int_equal(lines, 1);
    assert_int_equal(activ_fn_create(context, "relu", &fn), ACTIV_OK);
    assert_int_equal(lines, 1);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
}

static void test_sizes(void **state)
{
    (void)state;
    struct {
        activ_context_options known;
        char more[16];
    } larger;
    activ_context *context = NULL;
    memset(&larger, 0, sizeof larger);
    larger.known.max_tier = "scalar";
    /* Older: a program that does not know of the ceiling does not set one. */
    larger.known.size = offsetof(activ_context_options, max_tier);
    assert_int_equal(activ_context_create(&larger.known, &context), ACTIV_OK);
    assert_string_equal(activ_context_tier(context), activ_tier());
    activ_context_destroy(context);
    /* Newer, with nothing in what is not known here. */
    larger.known.size = sizeof larger;
    assert_int_equal(activ_context_create(&larger.known, &context), ACTIV_OK);
    assert_string_equal(activ_context_tier(context), "scalar");
    activ_context_destroy(context);
    context = NULL;
    larger.more[15] = 1;
    assert_int_equal(activ_context_create(&larger.known, &context), ACTIV_ERROR_UNSUPPORTED);
    for (size_t size = 0; size < sizeof(size_t); size++) {
        larger.known.size = size;
        assert_int_equal(activ_context_create(&larger.known, &context), ACTIV_ERROR_INVALID);
    }
    assert_null(context);
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--tier") == 0)
        return print_tier();
    static char program[4096];   /* the string ends within it: the rest stays zero */
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 1)
        return 1;
    command[PROGRAM] = program;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_own_allocator),
        cmocka_unit_test(test_executor),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
