/* Contexts and what they lend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "activ/context.h"
#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/graph.h"
#include "activ/tensor.h"
#include "support/memory.h"

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
    assert_int_equal(activ_tensor_create(context, ACTIV_FLOAT32, 2, shape, &tensor, NULL), ACTIV_OK);
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
    assert_null(context);
    /* An allocator that ends before its functions, or has none, is malloc and free. */
    for (int i = 0; i < 2; i++) {
        allocator = (activ_allocator)ACTIV_ALLOCATOR_DEFAULTS;
        if (i == 0)
            allocator.size = offsetof(activ_allocator, alloc);
        const size_t calls = memory.calls;
        assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
        assert_int_equal(memory.calls, calls);
        activ_context_destroy(context);
    }
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
    assert_true(activ_graph_memory_bytes(g, 0) < (size_t)32 << 20);
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

/* Each refusal in words; a context that could not be made has no log. */
static void test_reasons(void **state)
{
    (void)state;
    activ_allocator half = ACTIV_ALLOCATOR_DEFAULTS, unsized = ACTIV_ALLOCATOR_DEFAULTS;
    activ_executor none = ACTIV_EXECUTOR_DEFAULTS;
    half.free = (void (*)(void *, void *, size_t))(void (*)(void))serial;
    unsized.size = 0;
    none.num_threads = 0;
    const activ_context_options cases[] = {
        { .size = 0 },
        { .size = sizeof cases[0], .allocator = &half },
        { .size = sizeof cases[0], .allocator = &unsized },
        { .size = sizeof cases[0], .executor = &none },
        { .size = sizeof cases[0], .max_tier = "mmx\n" },
    };
    static const struct {
        activ_status status;
        const char *words;
    } expected[] = {
        { ACTIV_ERROR_INVALID, "context: the struct's size is not set" },
        { ACTIV_ERROR_INVALID, "one of alloc and free" },
        { ACTIV_ERROR_INVALID, "allocator: the struct's size is not set" },
        { ACTIV_ERROR_RANGE, "num_threads is less than 1" },
        { ACTIV_ERROR_UNKNOWN_NAME, "no tier is called 'mmx\\x0a'" },
    };
    activ_context *context = NULL;
    activ_message message;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&message, 0, sizeof message);
        assert_int_equal(activ_context_create_ex(&cases[i], &context, &message), expected[i].status);
        if (!strstr(message.text, expected[i].words))
            fail_msg("'%s' should have '%s'", message.text, expected[i].words);
        assert_int_equal(activ_context_create_ex(&cases[i], &context, NULL), expected[i].status);
        assert_int_equal(activ_context_create(&cases[i], &context), expected[i].status);
    }
    assert_int_equal(activ_context_create_ex(NULL, NULL, &message), ACTIV_ERROR_INVALID);
    assert_null(context);
    assert_int_equal(activ_context_create_ex(NULL, &context, &message), ACTIV_OK);
    activ_context_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_own_allocator), cmocka_unit_test(test_executor),
        cmocka_unit_test(test_log),      cmocka_unit_test(test_sizes),         cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
