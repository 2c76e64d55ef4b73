/* Specs of functions and formulas: what is accepted has a canonical text that means the same, and on every tier the
 * same bits; its derivative as a function has the bits of its gradient. It is made in a moment, and memory may fail. */
#include <string.h>
#include <time.h>

#include "activ/cpu.h"
#include "activ/fn.h"
#include "fuzz.h"

enum { N = 41, PARAMS = 10000 };

/* Of the process, to make one. libFuzzer's traces of comparisons alone take four times as long as all else. */
#ifdef FUZZ_SLOW
static const double MOST_SECONDS = 10.0;
#else
static const double MOST_SECONDS = 1.0;
#endif

typedef struct outcome {
    float y[N], dx[N], dparams[PARAMS];
} outcome;

static float x[N], dy[N], ones[N], params[PARAMS];

static void set_points(void)
{
    static const float special[] = { 0.0f,   -0.0f,   1.0f, -1.0f, -2.5f, 1e-40f, -1e-40f, 3e38f,
                                     -3e38f, -100.0f, 0.3f, 7.0f,  1e-5f, 89.0f,  0.5f };
    enum { SPECIAL = sizeof special / sizeof special[0] };
    for (size_t i = 0; i < N; i++) {
        x[i] = i < SPECIAL ? special[i] : (float)((double)(i * 37 % 41) * 0.3 - 6.0);
        dy[i] = (float)((double)(i * 29 % 41) * 0.05 - 1.0);
        ones[i] = 1.0f;
    }
    const double zero = 0.0;
    x[N - 2] = (float)(1.0 / zero);
    x[N - 1] = (float)(zero / zero);
}

/* Near the initial values. */
static void set_params(const activ_fn *fn)
{
    CHECK(activ_fn_param_init(fn, 7, params) == ACTIV_OK);
    for (size_t i = 0; i < activ_fn_param_count(fn); i++)
        params[i] += 0.125f * (float)(i % 3);
}

static void run(const activ_fn *fn, outcome *o)
{
    const size_t count = activ_fn_param_count(fn), channels = activ_fn_channels(fn), rows = N / channels;
    memset(o->dparams, 0, count * sizeof o->dparams[0]);
    memset(o->y, 0, sizeof o->y);
    memset(o->dx, 0, sizeof o->dx);
    CHECK(activ_forward_channels(fn, params, rows, channels, 1, x, o->y) == ACTIV_OK);
    CHECK(activ_backward_channels(fn, params, rows, channels, 1, x, dy, o->dx, o->dparams) == ACTIV_OK);
}

static int can_run(const activ_fn *fn)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    CHECK(activ_fn_info_of(fn, &info) == ACTIV_OK);
    return info.shape == ACTIV_SHAPE_ELEMENTWISE && activ_fn_channels(fn) <= N && activ_fn_param_count(fn) < PARAMS;
}

static void compare(const outcome *o, const outcome *other, size_t count, const char *spec, const char *what)
{
    if (fuzz_is_same(o->y, other->y, N) && fuzz_is_same(o->dx, other->dx, N) &&
        fuzz_is_same(o->dparams, other->dparams, count))
        return;
    fprintf(stderr, "%s differs: %s\n", what, spec);
    abort();
}

/* Does the text have one of these names, separated by ", "? */
static int has_one_of(const char *text, const char *names)
{
    while (*names) {
        const size_t length = strcspn(names, ",");
        for (const char *at = text; *at; at++)
            if (strncmp(at, names, length) == 0)
                return 1;
        names += length;
        names += strspn(names, ", ");
    }
    return 0;
}

/* May it compute tanh' or sigmoid' from its value? Its derivative as a function does not (fn.h). */
static int may_share_slopes(const char *spec)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        const int is_one = strcmp(info.name, "tanh") == 0 || strcmp(info.name, "sigmoid") == 0 ||
                           has_one_of(info.formula, "tanh, sigmoid");
        if (is_one && (strstr(spec, info.name) || has_one_of(spec, info.aliases)))
            return 1;
    }
    return 0;
}

static void check_derivative(const activ_fn *fn)
{
    static float y[N], slopes[N];
    activ_fn *derivative = NULL;
    activ_message message = { "" };
    if (activ_fn_derivative_ex(fn, &derivative, &message) != ACTIV_OK) {
        CHECK(!derivative && message.text[0] != '\0');
        return;
    }
    CHECK(activ_fn_param_count(derivative) == activ_fn_param_count(fn));
    if (activ_fn_channels(fn) > 1) {
        activ_fn_destroy(derivative);
        return;
    }
    CHECK(activ_forward(derivative, params, N, x, y) == ACTIV_OK);
    CHECK(activ_backward(fn, params, N, x, ones, slopes, NULL) == ACTIV_OK);
    if (!fuzz_is_same(y, slopes, N) && !may_share_slopes(activ_fn_spec(fn))) {
        fprintf(stderr, "the derivative differs from the gradient: %s\n", activ_fn_spec(fn));
        abort();
    }
    activ_fn_destroy(derivative);
}

static activ_status create(const char *tier, const char *spec, activ_fn **fn)
{
    activ_message message = { "" };
    const clock_t start = clock();
    const activ_status status = activ_fn_create_ex(fuzz_context(tier), spec, fn, &message);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (seconds > MOST_SECONDS) {
        fprintf(stderr, "%g s: %s\n", seconds, spec);
        abort();
    }
    CHECK(status == ACTIV_OK || (!*fn && message.text[0] != '\0'));
    return status;
}

static void check_settings(const activ_fn *fn)
{
    for (size_t i = 0; i < activ_fn_setting_count(fn); i++) {
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        CHECK(activ_fn_setting_info(fn, i, &setting) == ACTIV_OK);
    }
}

static void check(const activ_fn *fn, const char *spec)
{
    static outcome first, other;
    activ_fn *again = NULL;
    const size_t count = activ_fn_param_count(fn);
    check_settings(fn);
    CHECK(create(NULL, activ_fn_spec(fn), &again) == ACTIV_OK);
    CHECK(strcmp(activ_fn_spec(fn), activ_fn_spec(again)) == 0);
    CHECK(count == activ_fn_param_count(again));
    if (can_run(fn)) {
        set_params(fn);
        run(fn, &first);
        run(again, &other);
        compare(&first, &other, count, spec, "the canonical text");
        check_derivative(fn);
        for (size_t i = 0; activ_tier_at(i); i++) {
            activ_fn *same = NULL;
            CHECK(create(activ_tier_at(i), spec, &same) == ACTIV_OK);
            run(same, &other);
            compare(&first, &other, count, spec, activ_tier_at(i));
            activ_fn_destroy(same);
        }
    }
    activ_fn_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    char *spec = fuzz_text(data, size);
    if (!spec)
        return 0;
    set_points();
    (void)fuzz_context(NULL);
    for (size_t i = 0; activ_tier_at(i); i++)
        (void)fuzz_context(activ_tier_at(i));
    const size_t live = fuzz_memory.live, calls = fuzz_memory.calls;
    activ_fn *fn = NULL;
    const activ_status status = create(NULL, spec, &fn);
    const size_t allocations = fuzz_memory.calls - calls;
    if (status == ACTIV_OK)
        check(fn, spec);
    activ_fn_destroy(fn);
    fn = NULL;
    fuzz_fail(data, size, allocations);
    const activ_status failed = create(NULL, spec, &fn);
    CHECK(failed == ACTIV_ERROR_OUT_OF_MEMORY || failed == status);
    activ_fn_destroy(fn);
    fuzz_fail(data, size, 0);
    CHECK(fuzz_memory.live == live && fuzz_memory.mistakes == 0);
    free(spec);
    return 0;
}
