/* All memory from the caller: a whole life of a network in one static array, and not one call of malloc.
 *
 * The linker (--wrap) sends the calls of malloc and its kin that this program and the library make through the
 * functions below; the C library's own and CMocka's are not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/checkpoint.h"
#include "activ/context.h"
#include "activ/graph.h"
#include "activ/optim.h"
#include "graph/zoo.h"

static size_t heap_calls;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void **out, size_t alignment, size_t bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **out, size_t alignment, size_t bytes);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t bytes)
{
    heap_calls++;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    heap_calls++;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    heap_calls++;
    return __real_realloc(memory, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    heap_calls++;
    return __real_aligned_alloc(alignment, bytes);
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t bytes)
{
    heap_calls++;
    return __real_posix_memalign(out, alignment, bytes);
}

void __wrap_free(void *memory)
{
    heap_calls++;
    __real_free(memory);
}

/* Hands out one piece after the other; of what is freed only the last piece is used again. */
typedef struct arena {
    size_t used, room;
    size_t live;
    _Alignas(64) unsigned char bytes[1 << 20];
} arena;

static arena memory;

static void *take(void *user, size_t bytes, size_t alignment)
{
    arena *a = user;
    size_t start = (a->used + alignment - 1) & ~(alignment - 1);
    if (start > a->room || bytes > a->room - start)
        return NULL;
    a->used = start + bytes;
    a->live++;
    memset(a->bytes + start, 0xa5, bytes);
    return a->bytes + start;
}

static void give_back(void *user, void *block, size_t bytes)
{
    arena *a = user;
    a->live--;
    if ((unsigned char *)block + bytes == a->bytes + a->used)
        a->used -= bytes;
}

static activ_context *context_in(size_t room)
{
    activ_allocator allocator = { .size = sizeof allocator, .user = &memory, .alloc = take, .free = give_back };
    activ_context_options options = { .size = sizeof options, .allocator = &allocator };
    activ_context *context = NULL;
    memory.used = memory.live = 0;
    memory.room = room;
    return activ_context_create(&options, &context) == ACTIV_OK ? context : NULL;
}

static activ_status train(activ_graph *g, activ_optimizer *sgd, float *loss)
{
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES], y[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    size_t correct, used = memory.used, live = memory.live;
    zoo_data(1, ZOO_BATCH, x, labels, targets);
    for (int step = 0; step < 10; step++) {
        activ_status status = activ_graph_train(g, ZOO_BATCH, x, labels, loss);
        if (status == ACTIV_OK)
            status = activ_optimizer_step(sgd);
        if (status == ACTIV_OK)
            status = activ_graph_evaluate(g, ZOO_BATCH, x, labels, NULL, &correct);
        if (status == ACTIV_OK)
            status = activ_graph_forward(g, ZOO_BATCH, x, y);
        if (status != ACTIV_OK)
            return status;
    }
    return memory.used == used && memory.live == live ? ACTIV_OK : ACTIV_ERROR_STATE;
}

static activ_status whole_life(size_t room, float *loss)
{
    static const char path[] = "test_arena.safetensors";
    activ_graph *g = NULL, *loaded = NULL;
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = { .size = sizeof options, .lr = 0.05f, .momentum = 0.9f };
    activ_context *context = context_in(room);
    if (!context)
        return ACTIV_ERROR_OUT_OF_MEMORY;
    activ_status status = activ_graph_create(context, &g);
    if (status == ACTIV_OK)
        status = zoo_build(context, g, 1);
    if (status == ACTIV_OK)
        status = activ_graph_compile(g, ZOO_BATCH);
    if (status == ACTIV_OK)
        status = activ_graph_init(g, 1);
    if (status == ACTIV_OK)
        status = activ_sgd_create(g, &options, &sgd);
    if (status == ACTIV_OK)
        status = train(g, sgd, loss);
    if (status == ACTIV_OK)
        status = activ_checkpoint_save(g, path, NULL);
    if (status == ACTIV_OK)
        status = activ_checkpoint_load(context, path, 1, &loaded, NULL);
    remove(path);
    activ_graph_destroy(loaded);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    return status;
}

static void test_a_life_without_malloc(void **state)
{
    (void)state;
    float first = 0.0f, last = 0.0f;
    void *volatile block = malloc(1); /* the linker did as it was told */
    assert_int_equal(heap_calls, 1);
    free(block);
    assert_int_equal(heap_calls, 2);

    size_t before = heap_calls;
    activ_status status = whole_life(sizeof memory.bytes, &last);
    assert_int_equal(heap_calls, before);
    assert_int_equal(status, ACTIV_OK);
    assert_int_equal(memory.live, 0);

    /* The same with malloc behind it, to see that calls would be counted and that nothing else differs. */
    before = heap_calls;
    activ_graph *g = zoo_create(NULL, 1, 1);
    activ_optimizer *sgd = NULL;
    activ_sgd_options options = { .size = sizeof options, .lr = 0.05f, .momentum = 0.9f };
    assert_int_equal(activ_sgd_create(g, &options, &sgd), ACTIV_OK);
    assert_true(heap_calls > before);
    before = heap_calls;
    status = train(g, sgd, &first);
    assert_int_equal(heap_calls, before);
    assert_int_equal(status, ACTIV_OK);
    assert_true(first == last);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
}

static void test_small_arenas(void **state)
{
    (void)state;
    size_t enough = 0;
    for (size_t room = 0; room <= sizeof memory.bytes && enough == 0; room += 16384) {
        float loss;
        size_t before = heap_calls;
        activ_status status = whole_life(room, &loss);
        assert_int_equal(heap_calls, before);
        assert_int_equal(memory.live, 0);
        if (status == ACTIV_OK)
            enough = room;
        else
            assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
    }
    assert_true(enough > 16384); /* it did run out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life_without_malloc),
        cmocka_unit_test(test_small_arenas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
