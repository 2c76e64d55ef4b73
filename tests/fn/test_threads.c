/* Functions and threads: an executor is handed parts of every call that is worth it, and changes no bit; one function
 * serves many threads at a time, forward and back, in every shape; functions are made and destroyed on all of them; and
 * the first of all calls may be several at once. Run it with ThreadSanitizer too. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "activ/pool.h"
#include "activ/random.h"
#include "support/sanitized.h"
#include "support/threads.h"

enum { THREADS = 8 };

/* A sanitizer takes ten times as long and wants to see every access, not every number. */
enum { WATCHED = SANITIZED };

static int all_counts; /* --all: each call with each number of threads, not with one of them by turns */

/* ---- calls ------------------------------------------------------------------------------------------- */

/* The ways to call a function; which there are, depends on its shape. */
enum way { ARRAY, TRAINING, CHANNELS, ROWS, ROWS_APART, GATED, GATED_APART, HALVES, HALF_ROWS, HALVES_APART, WAYS };
static const char *const way_names[WAYS] = { "array",
                                             "training",
                                             "channels",
                                             "rows",
                                             "rows with gaps",
                                             "gated",
                                             "gated with gaps",
                                             "array of float16",
                                             "long rows of bfloat16",
                                             "rows of float16 with gaps" };

enum what { FORWARD, DX, DPARAMS, DX_AND_DPARAMS, WHATS };
static const char *const what_names[WHATS] = { "forward", "dx", "dparams", "dx and dparams" };

enum { COLUMNS = 300, APART = COLUMNS + 3 };

typedef struct job {
    const activ_fn *fn;
    enum way way;
    size_t rows, params;
} job;

/* Read, by all. The halves: the same in 16 bits. */
typedef struct halves {
    uint16_t *x, *value, *dy;
} halves;

typedef struct inputs {
    float *x, *value, *dy;
    halves float16, bfloat16;
} inputs;

/* Written. A training call forward writes `noise`, which the way back reads. */
typedef struct outputs {
    float *y, *noise, *dx, *dvalue, *dparams;
} outputs;

static float *values(size_t count)
{
    float *array = calloc(count + 1, sizeof *array);
    if (array == NULL)
        abort();
    return array;
}

static uint16_t *half_values(activ_dtype dtype, size_t count, const float *from)
{
    uint16_t *array = calloc(count + 1, sizeof *array);
    if (array == NULL)
        abort();
    assert_int_equal(activ_convert(count, ACTIV_FLOAT32, from, dtype, array), ACTIV_OK);
    return array;
}

static halves make_halves(activ_dtype dtype, size_t count, float *const from[3])
{
    return (halves){ half_values(dtype, count, from[0]), half_values(dtype, count, from[1]),
                     half_values(dtype, count, from[2]) };
}

static void free_halves(halves *h)
{
    free(h->x);
    free(h->value);
    free(h->dy);
}

static inputs make_inputs(size_t rows)
{
    float *made[3];
    for (uint64_t i = 0; i < 3; i++) {
        made[i] = values(rows * APART);
        assert_int_equal(activ_random_normal(41, i, 0, rows * APART, 0.0f, 1.5f, made[i]), ACTIV_OK);
    }
    return (inputs){ made[0], made[1], made[2], make_halves(ACTIV_FLOAT16, rows * APART, made),
                     make_halves(ACTIV_BFLOAT16, rows * APART, made) };
}

static void free_inputs(inputs *in)
{
    free(in->x);
    free(in->value);
    free(in->dy);
    free_halves(&in->float16);
    free_halves(&in->bfloat16);
}

static outputs make_outputs(const job *j)
{
    const size_t room = j->rows * APART;
    return (outputs){ values(room), values(room), values(room), values(room), values(j->params) };
}

static void free_outputs(outputs *out)
{
    free(out->y);
    free(out->noise);
    free(out->dx);
    free(out->dvalue);
    free(out->dparams);
}

static int same_outputs(const job *j, const outputs *a, const outputs *b)
{
    const size_t bytes = j->rows * APART * sizeof(float);
    return memcmp(a->y, b->y, bytes) == 0 && memcmp(a->noise, b->noise, bytes) == 0 &&
           memcmp(a->dx, b->dx, bytes) == 0 && memcmp(a->dvalue, b->dvalue, bytes) == 0 &&
           memcmp(a->dparams, b->dparams, j->params * sizeof(float)) == 0;
}

static int fits(const activ_fn *fn, enum way way)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_info_of(fn, &info), ACTIV_OK);
    const int own_channels = activ_fn_channels(fn) > 1;
    /* How 16 bits are shared out does not depend on the function, but for its shape and parameters. */
    if (WATCHED && way >= HALVES && info.shape == ACTIV_SHAPE_ELEMENTWISE && activ_fn_param_count(fn) == 0)
        return 0;
    switch (way) {
    case ARRAY:
    case HALVES:
        return info.shape == ACTIV_SHAPE_ELEMENTWISE && !own_channels;
    case TRAINING:
        return info.shape == ACTIV_SHAPE_ELEMENTWISE && info.random;
    case CHANNELS:
        return own_channels;
    case ROWS:
    case ROWS_APART:
    case HALF_ROWS:
        return info.shape != ACTIV_SHAPE_GATED && !own_channels;
    case HALVES_APART:
        return !own_channels;
    default:
        return info.shape == ACTIV_SHAPE_GATED;
    }
}

static int is_gated(const activ_fn *fn)
{
    return fits(fn, GATED);
}

static activ_status forward(const job *j, const inputs *in, const outputs *out)
{
    const activ_fn *fn = j->fn;
    const size_t r = j->rows, c = COLUMNS, channels = activ_fn_channels(fn);
    switch (j->way) {
    case ARRAY:
        return activ_forward(fn, NULL, r * c, in->x, out->y);
    case TRAINING:
        return activ_forward_train(fn, NULL, 5, 6, 7, r * c, in->x, out->y, out->noise);
    case CHANNELS:
        return activ_forward_channels(fn, NULL, r, channels, c / channels, in->x, out->y);
    case ROWS:
        return activ_forward_rows(fn, NULL, r, c, in->x, c, out->y, c);
    case ROWS_APART:
        return activ_forward_rows(fn, NULL, r, c, in->x, APART, out->y, APART);
    case GATED:
        return activ_forward_gated(fn, NULL, r, c, in->value, c, in->x, c, out->y, c);
    case HALVES:
        return activ_forward_as(fn, NULL, ACTIV_FLOAT16, r * c, in->float16.x, out->y);
    case HALF_ROWS:
        return activ_forward_rows_as(fn, NULL, ACTIV_BFLOAT16, r / 2, 2 * c, in->bfloat16.x, 2 * c, out->y, 2 * c);
    case HALVES_APART:
        return is_gated(fn) ? activ_forward_gated_as(fn, NULL, ACTIV_FLOAT16, r, c, in->float16.value, APART,
                                                     in->float16.x, APART, out->y, c)
                            : activ_forward_rows_as(fn, NULL, ACTIV_FLOAT16, r, c, in->float16.x, APART, out->y, APART);
    default:
        return activ_forward_gated(fn, NULL, r, c, in->value, APART, in->x, APART, out->y, c);
    }
}

static activ_status backward(const job *j, const inputs *in, const outputs *out, int wants_dx, int wants_dparams)
{
    const activ_fn *fn = j->fn;
    const size_t r = j->rows, c = COLUMNS, channels = activ_fn_channels(fn);
    float *dx = wants_dx ? out->dx : NULL, *dvalue = wants_dx ? out->dvalue : NULL;
    float *dparams = wants_dparams ? out->dparams : NULL;
    switch (j->way) {
    case ARRAY:
        return activ_backward(fn, NULL, r * c, in->x, in->dy, dx, dparams);
    case TRAINING:
        return activ_backward_train(fn, NULL, r * c, in->x, out->noise, in->dy, dx, dparams);
    case CHANNELS:
        return activ_backward_channels(fn, NULL, r, channels, c / channels, in->x, in->dy, dx, dparams);
    case ROWS:
        return activ_backward_rows(fn, NULL, r, c, in->x, c, in->dy, c, dx, c, dparams);
    case ROWS_APART:
        return activ_backward_rows(fn, NULL, r, c, in->x, APART, in->dy, c, dx, APART, dparams);
    case HALVES:
        return activ_backward_as(fn, NULL, ACTIV_FLOAT16, r * c, in->float16.x, in->float16.dy, dx, dparams);
    case HALF_ROWS:
        return activ_backward_rows_as(fn, NULL, ACTIV_BFLOAT16, r / 2, 2 * c, in->bfloat16.x, 2 * c, in->bfloat16.dy,
                                      2 * c, dx, 2 * c, dparams);
    case HALVES_APART:
        return is_gated(fn)
                   ? activ_backward_gated_as(fn, NULL, ACTIV_FLOAT16, r, c, in->float16.value, APART, in->float16.x,
                                             APART, in->float16.dy, c, dvalue, c, dx, APART, dparams)
                   : activ_backward_rows_as(fn, NULL, ACTIV_FLOAT16, r, c, in->float16.x, APART, in->float16.dy, c, dx,
                                            APART, dparams);
    case GATED:
        return activ_backward_gated(fn, NULL, r, c, in->value, c, in->x, c, in->dy, c, dvalue, c, dx, c, dparams);
    default:
        return activ_backward_gated(fn, NULL, r, c, in->value, APART, in->x, APART, in->dy, c, dvalue, c, dx, APART,
                                    dparams);
    }
}

static activ_status call(const job *j, enum what what, const inputs *in, const outputs *out)
{
    return what == FORWARD ? forward(j, in, out)
                           : backward(j, in, out, what != DPARAMS, what == DPARAMS || what == DX_AND_DPARAMS);
}

/* ---- what is called ------------------------------------------------------------------------------------ */

/* Beside every function of the catalog: vectors longer than one pass of sums, channels with 1, 3 and 50 values side by
 * side, gates with parameters; formulas, with few and many parameters, and derivatives. */
static const char *const more_specs[] = { "staf(tau=50)",
                                          "prelu(num_parameters=300)",
                                          "prelu(num_parameters=100)",
                                          "trainable_elu(num_parameters=6)",
                                          "gated(prelu)",
                                          "gated(staf(tau=2))",
                                          "a*x*sigmoid(b*x) + sin(x)*gelu(x); a=1, b=1.702",
                                          "sum(i, 1, 60, a[i]*tanh(i*x/30)); a[60]=0.5",
                                          "gated(a*x*exp(-x^2); a=2)",
                                          "derivative(staf(tau=30))" };
enum { MORE = sizeof more_specs / sizeof more_specs[0] };

/* NULL past the last. */
static const char *spec_at(size_t i)
{
    if (i < MORE)
        return more_specs[i];
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    return activ_fn_catalog(i - MORE, &info) == ACTIV_OK ? info.name : NULL;
}

static activ_fn *create(const activ_context *context, const char *spec)
{
    activ_fn *fn = NULL;
    if (activ_fn_create(context, spec, &fn) != ACTIV_OK)
        fail_msg("%s is refused", spec);
    return fn;
}

static activ_context *context_on(const activ_executor *executor)
{
    activ_context_options options = { .size = sizeof options, .executor = executor };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    return context;
}

/* ---- an executor ----------------------------------------------------------------------------------------- */

/* Every call with more elements than one thread should do: handed out in as many parts as there are threads, and the
 * bits are those of the call without. */
static void check_parts(const job *alone, enum what what, const inputs *in, const outputs *want, size_t threads)
{
    lent_threads lent = { 0 };
    activ_executor executor = lend_threads(&lent, threads);
    activ_context *context = context_on(&executor);
    const char *spec = activ_fn_spec(alone->fn);
    activ_fn *fn = create(context, spec);
    const job shared = { fn, alone->way, alone->rows, alone->params };
    outputs got = make_outputs(&shared);
    memcpy(got.noise, want->noise, alone->rows * APART * sizeof *got.noise);
    assert_int_equal(call(&shared, what, in, &got), ACTIV_OK);
    if (threads > 1 ? lent.most != threads : lent.calls > 0)
        fail_msg("%s, %s, %s: handed out in %zu parts to %zu threads", spec, way_names[alone->way], what_names[what],
                 lent.most, threads);
    if (!same_outputs(alone, want, &got))
        fail_msg("%s, %s, %s: other bits with %zu threads", spec, way_names[alone->way], what_names[what], threads);
    free_outputs(&got);
    activ_fn_destroy(fn);
    activ_context_destroy(context);
}

static void test_executor(void **state)
{
    (void)state;
    enum { R = WATCHED ? 45 : 450 }; /* so many that sums take more than one turn; watched, that calls are shared out */
    static const size_t thread_counts[] = { 1, 2, 5 };
    enum { COUNTS = sizeof thread_counts / sizeof thread_counts[0] };
    size_t turn = 0;
    inputs in = make_inputs(R);
    size_t calls[WAYS][WHATS] = { { 0 } };
    for (size_t i = 0; spec_at(i) != NULL; i++) {
        activ_fn *fn = create(NULL, spec_at(i));
        for (enum way way = ARRAY; way < WAYS; way++) {
            const job alone = { fn, way, R, activ_fn_param_count(fn) };
            outputs drawn = make_outputs(&alone);
            if (fits(fn, way))
                assert_int_equal(call(&alone, FORWARD, &in, &drawn), ACTIV_OK);
            for (enum what what = FORWARD; fits(fn, way) && what < WHATS; what++) {
                if (what >= DPARAMS && alone.params == 0)
                    continue;
                outputs want = make_outputs(&alone);
                memcpy(want.noise, drawn.noise, R * APART * sizeof *want.noise);
                assert_int_equal(call(&alone, what, &in, &want), ACTIV_OK);
                for (size_t t = 0; t < COUNTS; t++)
                    if (all_counts || WATCHED || t == (turn + i) % COUNTS)
                        check_parts(&alone, what, &in, &want, thread_counts[t]);
                turn++;
                free_outputs(&want);
                calls[way][what]++;
            }
            free_outputs(&drawn);
        }
        activ_fn_destroy(fn);
    }
    free_inputs(&in);
    for (enum way way = ARRAY; way < WAYS; way++)
        for (enum what what = FORWARD; what < WHATS; what++)
            if (calls[way][what] == 0 && !(way == TRAINING && what >= DPARAMS))
                fail_msg("%s, %s: no function was called so", way_names[way], what_names[what]);
}

/* ---- one function, many threads -------------------------------------------------------------------------- */

typedef struct shared_job {
    job j;
    outputs want; /* alone */
} shared_job;

typedef struct user_thread {
    pthread_t thread;
    size_t number;
    pthread_barrier_t *start;
    const shared_job *jobs;
    size_t count;
    const inputs *in;
    size_t rounds, failures;
} user_thread;

/* In the first round all threads are in the same function; then each begins with another one. */
static void *use_all(void *user)
{
    user_thread *u = user;
    for (size_t round = 0; round < u->rounds; round++) {
        pthread_barrier_wait(u->start);
        for (size_t i = 0; i < u->count; i++) {
            const shared_job *s = &u->jobs[(i + round * u->number * 11) % u->count];
            outputs got = make_outputs(&s->j);
            u->failures += call(&s->j, FORWARD, u->in, &got) != ACTIV_OK;
            u->failures += call(&s->j, DX_AND_DPARAMS, u->in, &got) != ACTIV_OK;
            u->failures += !same_outputs(&s->j, &s->want, &got);
            free_outputs(&got);
        }
    }
    return NULL;
}

/* Runs `body` in all threads at once; the sum of their failures. */
static size_t run_threads(user_thread *all, const user_thread *model, void *(*body)(void *))
{
    pthread_barrier_t start;
    size_t failures = 0;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t t = 0; t < THREADS; t++) {
        all[t] = *model;
        all[t].number = t;
        all[t].start = &start;
        assert_int_equal(pthread_create(&all[t].thread, NULL, body, &all[t]), 0);
    }
    for (size_t t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(all[t].thread, NULL), 0);
        failures += all[t].failures;
    }
    pthread_barrier_destroy(&start);
    return failures;
}

static void check_many_threads(const activ_context *context, size_t rows, size_t rounds)
{
    enum { MOST_JOBS = 400 };
    activ_fn *fns[MOST_JOBS];
    shared_job jobs[MOST_JOBS];
    size_t functions = 0, count = 0;
    inputs in = make_inputs(rows);
    for (; spec_at(functions) != NULL; functions++) {
        assert_in_range(functions, 0, MOST_JOBS - 1);
        fns[functions] = create(context, spec_at(functions));
        activ_fn *alone = create(NULL, spec_at(functions));
        for (enum way way = ARRAY; way < WAYS; way++) {
            if (!fits(alone, way))
                continue;
            assert_in_range(count, 0, MOST_JOBS - 1);
            shared_job *s = &jobs[count++];
            s->j = (job){ alone, way, rows, activ_fn_param_count(alone) };
            s->want = make_outputs(&s->j);
            assert_int_equal(call(&s->j, FORWARD, &in, &s->want), ACTIV_OK);
            assert_int_equal(call(&s->j, DX_AND_DPARAMS, &in, &s->want), ACTIV_OK);
            s->j.fn = fns[functions];
        }
        activ_fn_destroy(alone);
    }
    assert_true(count > functions && functions > MORE);
    user_thread all[THREADS];
    const user_thread model = { .jobs = jobs, .count = count, .in = &in, .rounds = rounds };
    assert_int_equal(run_threads(all, &model, use_all), 0);
    for (size_t i = 0; i < count; i++)
        free_outputs(&jobs[i].want);
    for (size_t i = 0; i < functions; i++)
        activ_fn_destroy(fns[i]);
    free_inputs(&in);
}

/* Few elements, and more than one block of sums. */
static void test_many_threads(void **state)
{
    (void)state;
    check_many_threads(NULL, 2, 3);
    check_many_threads(NULL, 16, WATCHED ? 1 : 2);
}

/* Enough elements for the pool's threads, of which there is but one set for all who call. */
static void test_many_threads_on_a_pool(void **state)
{
    (void)state;
    activ_pool *pool = NULL;
    assert_int_equal(activ_pool_create(NULL, 3, &pool), ACTIV_OK);
    activ_context *context = context_on(activ_pool_executor(pool));
    check_many_threads(context, 45, WATCHED ? 1 : 2);
    activ_context_destroy(context);
    activ_pool_destroy(pool);
}

/* ---- made and destroyed on many threads --------------------------------------------------------------------- */

static const activ_context *common_context;

/* A function of its own from the context that all threads use at that moment, and one refused. */
static void *make_all(void *user)
{
    user_thread *u = user;
    const float x[5] = { -2.0f, -0.5f, 0.0f, 0.5f, 2.0f };
    for (size_t round = 0; round < u->rounds; round++) {
        pthread_barrier_wait(u->start);
        for (size_t i = 0; i < u->count; i++) {
            const shared_job *s = &u->jobs[(i + round * u->number) % u->count];
            activ_fn *fn = NULL, *none = NULL;
            activ_message message = { "" };
            outputs got = make_outputs(&s->j);
            u->failures += activ_fn_create(common_context, activ_fn_spec(s->j.fn), &fn) != ACTIV_OK;
            u->failures += activ_fn_create(common_context, "elu(alpa=1)", &none) != ACTIV_ERROR_UNKNOWN_NAME;
            u->failures += activ_fn_create_ex(NULL, "nosuch", &none, &message) == ACTIV_OK ||
                           strstr(message.text, "nosuch") == NULL;
            u->failures += fn == NULL || strcmp(activ_fn_spec(fn), activ_fn_spec(s->j.fn)) != 0;
            u->failures += activ_fn_param_init(fn, 3, got.dparams) != ACTIV_OK;
            if (s->j.way == ARRAY)
                u->failures += activ_forward(fn, got.dparams, 5, x, got.y) != ACTIV_OK;
            u->failures += !same_outputs(&s->j, &s->want, &got);
            activ_fn_destroy(fn);
            free_outputs(&got);
        }
    }
    return NULL;
}

static void test_create_on_many_threads(void **state)
{
    (void)state;
    enum { MOST_JOBS = 400 };
    const float x[5] = { -2.0f, -0.5f, 0.0f, 0.5f, 2.0f };
    activ_fn *fns[MOST_JOBS];
    shared_job jobs[MOST_JOBS];
    size_t count = 0;
    activ_context *context = context_on(NULL);
    for (; spec_at(count) != NULL; count++) {
        assert_in_range(count, 0, MOST_JOBS - 1);
        shared_job *s = &jobs[count];
        fns[count] = create(NULL, spec_at(count));
        s->j = (job){ fns[count], fits(fns[count], ARRAY) ? ARRAY : WAYS, 1, activ_fn_param_count(fns[count]) };
        s->want = make_outputs(&s->j);
        assert_int_equal(activ_fn_param_init(fns[count], 3, s->want.dparams), ACTIV_OK);
        if (s->j.way == ARRAY)
            assert_int_equal(activ_forward(fns[count], s->want.dparams, 5, x, s->want.y), ACTIV_OK);
    }
    assert_true(count > MORE);
    common_context = context;
    user_thread all[THREADS];
    const user_thread model = { .jobs = jobs, .count = count, .rounds = 20 };
    assert_int_equal(run_threads(all, &model, make_all), 0);
    for (size_t i = 0; i < count; i++) {
        free_outputs(&jobs[i].want);
        activ_fn_destroy(fns[i]);
    }
    activ_context_destroy(context);
}

/* ---- the first call of all ------------------------------------------------------------------------------------ */

/* Half of the threads ask for the tier, the others need it. */
static void *use_first(void *user)
{
    user_thread *u = user;
    pthread_barrier_wait(u->start);
    const char *tier = NULL;
    float x = -1.0f, y = 0.0f;
    activ_fn *fn = NULL;
    if (u->number % 2 == 0)
        tier = activ_tier();
    u->failures +=
        activ_fn_create(NULL, "elu(alpha=0.5)", &fn) != ACTIV_OK || activ_forward(fn, NULL, 1, &x, &y) != ACTIV_OK;
    if (u->number % 2 != 0)
        tier = activ_tier();
    activ_fn_destroy(fn);
    /* Names are static storage: the same address. */
    u->failures += tier != activ_tier() || !(y < -0.31f && y > -0.32f) || activ_tier_at(0) == NULL;
    /* Shared functions, which all threads make at the same time. */
    pthread_barrier_wait(u->start);
    const char *const names[] = { "gelu", "staf", "Swish", "glu" };
    for (size_t i = 0; i < 4; i++) {
        const activ_fn *shared = activ_fn_default(names[i]);
        u->failures += !shared || activ_fn_param_count(shared) != (i == 1 ? 75u : 0u);
        if (i == 0)
            u->failures += activ_forward(shared, NULL, 1, &x, &y) != ACTIV_OK || !(y < -0.158f && y > -0.159f);
    }
    return NULL;
}

/* In children of a process that has not called the library, as there is but one first call in each. */
static void test_first_calls(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            user_thread all[THREADS];
            const user_thread model = { 0 };
            alarm(100);
            _exit(run_threads(all, &model, use_first) == 0 ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--all") != 0))
        return 2;
    all_counts = argc == 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_calls), /* before any other */
        cmocka_unit_test(test_executor),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_many_threads_on_a_pool),
        cmocka_unit_test(test_create_on_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
