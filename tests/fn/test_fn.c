/* Functions as objects: what texts make one and which are refused with what words; parameters, the catalog,
 * bad arguments, memory that runs out, random slopes, and the caller's environment left as it was. */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE__)
#    include <xmmintrin.h>
#endif

#include <cmocka.h>

#include "activ/cpu.h"
#include "activ/expression.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "base/rounding.h"
#include "functions/list.h"
#include "support/memory.h"
#include "support/tiers.h"
#include "support/ulp.h"

#define NAME(name) #name,
#define ONE(name) +1
static const char *const names[] = { ACTIV_ELEMENTWISE(NAME) ACTIV_ROWWISE(NAME) ACTIV_GATED(NAME) };
enum { NAMES = sizeof names / sizeof names[0], ELEMENTWISE = 0 ACTIV_ELEMENTWISE(ONE) };

static void *zeros(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    assert_non_null(array);
    return array;
}

static activ_fn *create(const char *spec)
{
    activ_fn *fn = NULL;
    activ_message message = { "" };
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK)
        fail_msg("\"%s\" refused: %s", spec, message.text);
    assert_non_null(fn);
    return fn;
}

/* Blanks after commas are a matter of taste: texts are compared without them. */
static int same_text(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == ' ')
            a++;
        while (*b == ' ')
            b++;
        if (*a != *b)
            return 0;
        if (*a == '\0')
            return 1;
    }
}

static void test_canonical(void **state)
{
    (void)state;
    const struct {
        const char *spec, *canonical;
    } specs[] = {
        { "relu", "relu" },
        { "  relu\t", "relu" },
        { "leaky_relu(negative_slope=0.01)", "leaky_relu" },
        { "leaky_relu(negative_slope=0.2)", "leaky_relu(negative_slope=0.2)" },
        { " leaky_relu ( negative_slope = 0.2 ) ", "leaky_relu(negative_slope=0.2)" },
        { "leaky_relu(negative_slope=2e-1)", "leaky_relu(negative_slope=0.2)" },
        { "leaky_relu(negative_slope=+0.20000)", "leaky_relu(negative_slope=0.2)" },
        { "leaky_relu(negative_slope=0.20000000000000000000000000000000000000000001)",
          "leaky_relu(negative_slope=0.2)" },
        { "elu(alpha=-1.5)", "elu(alpha=-1.5)" },
        { "elu(alpha=1)", "elu" },
        { "elu(alpha=1.0e0)", "elu" },
        { "softplus(beta=2,threshold=5)", "softplus(beta=2,threshold=5)" },
        { "softplus(threshold=5, beta=2)", "softplus(beta=2,threshold=5)" },
        { "softplus(threshold=5)", "softplus(threshold=5)" },
        { "softplus(beta=1,threshold=20)", "softplus" },
        { "rrelu(lower=0.1,upper=0.3)", "rrelu(lower=0.1,upper=0.3)" },
        { "prelu(weight=0.5)", "prelu(weight=0.5)" },
        { "prelu(weight=0.25)", "prelu" },
        { "trainable_elu(alpha=0.5)", "trainable_elu(alpha=0.5)" },
        { "step(theta=1e-40)", "step(theta=1e-40)" },
        { "staf(tau=25)", "staf" },
        { "staf(tau=5)", "staf(tau=5)" },
        /* Other names, and other spellings. */
        { "ReLU", "relu" },
        { "GELU", "gelu" },
        { "Swish", "silu" },
        { "swish", "swish" },
        { "swish(beta=1.7889)", "swish(beta=1.7889)" },
        { "SILU", "silu" },
        { "telu", "telu" },
        { "TeLU", "trainable_elu" },
        { "TeLU(alpha=0.5)", "trainable_elu(alpha=0.5)" },
        { "LeakyReLU(negative_slope=0.2)", "leaky_relu(negative_slope=0.2)" },
        { "Leaky_ReLU", "leaky_relu" },
        { "LEAKYRELU", "leaky_relu" },
        { "HardSwish", "hardswish" },
        { "Gelu_Tanh", "gelu_tanh" },
        { "gated(ReLU)", "gated(relu)" },
        { "SwiGLU", "swiglu" },
        { "LogSoftmax", "log_softmax" },
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        activ_fn *fn = create(specs[i].spec);
        const char *text = activ_fn_spec(fn);
        if (!same_text(text, specs[i].canonical))
            fail_msg("\"%s\" became \"%s\", expected \"%s\"", specs[i].spec, text, specs[i].canonical);
        activ_fn *again = create(text);
        assert_string_equal(activ_fn_spec(again), text);
        activ_fn_destroy(again);
        activ_fn_destroy(fn);
    }
}

/* The text carries every setting to the last bit: the slope of a function made from it is the same float. */
static void test_numbers_survive(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        float value = float_from_bits(activ_random_bits(17, 0, i));
        if (!isfinite(value))
            continue;
        char spec[80];
        snprintf(spec, sizeof spec, "leaky_relu(negative_slope=%.9g)", (double)value);
        activ_fn *fn = create(spec), *again = create(activ_fn_spec(fn));
        float x = -1.0f, y = 0.0f, y_again = 0.0f;
        assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
        assert_int_equal(activ_forward(again, NULL, 1, &x, &y_again), ACTIV_OK);
        if (!(y == -value && y_again == y))
            fail_msg("%s: slope %.9g, through \"%s\" %.9g", spec, (double)-y, activ_fn_spec(fn), (double)-y_again);
        activ_fn_destroy(again);
        activ_fn_destroy(fn);
    }
}

/* Also that of a text beside the middle of two floats, whose nearest double is the middle. */
static void test_ties_survive(void **state)
{
    (void)state;
    for (int beyond = 0; beyond <= 1; beyond++)
        for (uint32_t i = 0; i < 200; i++) {
            /* 1 + (2i + 1) 2^-24 has 24 decimals. */
            char spec[80];
            int length =
                snprintf(spec, sizeof spec, "leaky_relu(negative_slope=%.24f", 1.0 + (2.0 * i + 1.0) * 0x1p-24);
            if (!beyond)
                spec[--length]--; /* its last digit is 5 */
            snprintf(spec + length + !beyond, sizeof spec - (size_t)length - 1, "%s", "1)");
            activ_fn *fn = create(spec), *again = create(activ_fn_spec(fn));
            float x = -1.0f, y = 0.0f, y_again = 0.0f, want = -(float)(1.0 + (i + (beyond ? 1.0 : 0.0)) * 0x1p-23);
            assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
            assert_int_equal(activ_forward(again, NULL, 1, &x, &y_again), ACTIV_OK);
            if (!(y == want && y_again == y))
                fail_msg("%s: slope %.9g, through \"%s\" %.9g", spec, (double)-y, activ_fn_spec(fn), (double)-y_again);
            activ_fn_destroy(again);
            activ_fn_destroy(fn);
        }
}

typedef struct log_line {
    char text[600];
    activ_status status;
    int calls;
} log_line;

static void keep_line(void *user, activ_status status, const char *line)
{
    log_line *log = user;
    log->status = status;
    log->calls++;
    snprintf(log->text, sizeof log->text, "%s", line);
}

/* A set of statuses, for cases that can be seen in two ways. */
static unsigned one_of(activ_status a, activ_status b)
{
    return 1u << a | 1u << b;
}

static void test_refused(void **state)
{
    (void)state;
    const activ_status syntax = ACTIV_ERROR_SYNTAX, unknown = ACTIV_ERROR_UNKNOWN_NAME, range = ACTIV_ERROR_RANGE;
    const struct {
        const char *spec;
        unsigned allowed;
        const char *named; /* what the message has to name */
    } specs[] = {
        { "", one_of(syntax, syntax), NULL },
        { "   ", one_of(syntax, syntax), NULL },
        { "nosuch", one_of(unknown, unknown), "nosuch" },
        { "TELU", one_of(unknown, unknown), "TeLU (trainable_elu) or telu" },
        { "leaky_relux", one_of(unknown, unknown), "is leaky_relu meant? activ_fn_catalog" },
        { "Swush(x=1)", one_of(unknown, unknown), "is Swish (silu) meant?" },
        { "gleu", one_of(unknown, unknown), "is gelu meant?" },
        { "quadratic", one_of(unknown, unknown), "'quadratic'; activ_fn_catalog" },
        { "relu6x", one_of(unknown, unknown), "relu6x" },
        { "rel", one_of(unknown, unknown), "rel" },
        { "nosuch(alpha=1)", one_of(unknown, unknown), "nosuch" },
        { "relu(alpha=1)", one_of(unknown, unknown), "alpha" },
        { "elu(alpa=1)", one_of(unknown, unknown), "alpa" },
        { "elu(alphaa=1)", one_of(unknown, unknown), "alphaa" },
        { "elu(alph=1)", one_of(unknown, unknown), "alph" },
        { "softplus(beta=1,gamma=2)", one_of(unknown, unknown), "gamma" },
        { "gelu(approximate=tanh)", one_of(syntax, unknown), NULL },
        { "(alpha=1)", one_of(unknown, unknown), "alpha" },
        { "elu(", one_of(syntax, syntax), NULL },
        { "elu(alpha", one_of(syntax, syntax), NULL },
        { "elu(alpha=", one_of(syntax, syntax), NULL },
        { "elu(alpha=1", one_of(syntax, syntax), NULL },
        { "elu(alpha=1,", one_of(syntax, syntax), NULL },
        { "elu(alpha=1,)", one_of(syntax, syntax), NULL },
        { "elu(,alpha=1)", one_of(syntax, syntax), NULL },
        { "elu(alpha 1)", one_of(syntax, syntax), NULL },
        { "elu(1)", one_of(syntax, syntax), NULL },
        { "elu(=1)", one_of(syntax, syntax), NULL },
        { "elu)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1))", one_of(syntax, syntax), NULL },
        { "elu((alpha=1))", one_of(syntax, syntax), NULL },
        { "elu(alpha=1)x", one_of(syntax, syntax), NULL },
        { "elu(alpha=1) relu", one_of(syntax, syntax), NULL },
        { "relu relu", one_of(syntax, syntax), NULL },
        { "elu;", one_of(syntax, unknown), NULL },
        { "elu(alpha=1;)", one_of(syntax, syntax), NULL },
        { "softplus(beta=1 threshold=2)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1,alpha=1)", one_of(syntax, syntax), "alpha" },
        { "softplus(beta=1,threshold=3,beta=2)", one_of(syntax, syntax), "beta" },
        { "elu(alpha=nan)", one_of(syntax, range), "nan" },
        { "elu(alpha=inf)", one_of(syntax, range), "inf" },
        { "elu(alpha=-inf)", one_of(syntax, range), "-inf" },
        { "elu(alpha=infinity)", one_of(syntax, range), "infinity" },
        { "elu(alpha=1e999)", one_of(range, range), "1e999" },
        { "elu(alpha=-1e39)", one_of(range, range), "-1e39" },
        { "elu(alpha=1e99999999999999999999)", one_of(range, range), "1e99999999999999999999" },
        { "elu(alpha=0x10)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1e)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1e+)", one_of(syntax, syntax), NULL },
        { "elu(alpha=--1)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1.2.3)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1,5)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1_000)", one_of(syntax, syntax), NULL },
        { "elu(alpha=1f)", one_of(syntax, syntax), NULL },
        { "elu(alpha=one)", one_of(syntax, syntax), NULL },
        { "elu(alpha=.)", one_of(syntax, syntax), NULL },
        { "elu(alpha=\"1\")", one_of(syntax, syntax), NULL },
        { "softplus(beta=0)", one_of(range, range), "beta" },
        { "rrelu(lower=0.5,upper=0.1)", one_of(range, range), "lower" },
        { "staf(tau=0)", one_of(range, range), "0" },
        { "staf(tau=-3)", one_of(range, syntax), "-3" },
        { "staf(tau=2.5)", one_of(range, syntax), "2.5" },
        { "staf(tau=1e30)", one_of(range, syntax), "1e30" },
        { "staf(tau=99999999999999999999)", one_of(range, syntax), "99999999999999999999" },
        { "\x01relu", one_of(syntax, unknown), NULL },
        { "relu\x7f", one_of(syntax, unknown), NULL },
        { "g\xc3\xa9lu", one_of(syntax, unknown), NULL },
        { "\xff\xfe\x80", one_of(syntax, unknown), NULL },
        { "elu(alpha=\xd9\xa1)", one_of(syntax, syntax), NULL },
        { "relu\nrelu", one_of(syntax, syntax), NULL },
        { "gated([relu][relu])", one_of(syntax, syntax), "gated" },
        { "gated([relu]])", one_of(syntax, syntax), NULL },
        { "gated([relu](x])", one_of(syntax, syntax), NULL },
        { "gated([relu)", one_of(syntax, syntax), NULL },
        { "gated([relu,])", one_of(syntax, syntax), "gated" },
        { "gated([,relu])", one_of(syntax, syntax), "gated" },
        { "gated([])", one_of(syntax, syntax), "gated" },
        { "gated(\"\")", one_of(syntax, syntax), "fn" },
        { "gated(fn=\"\")", one_of(syntax, syntax), "fn" },
        { "gated(\"relu)\")", one_of(syntax, syntax), NULL },
        { "gated(\"[relu\")", one_of(syntax, syntax), NULL },
        { "gated([relu, tanh])", one_of(range, range), "one function" },
        { "gated([staf(tau=65536), staf(tau=65536), staf(tau=65536)])", one_of(range, range), "one function" },
    };
    log_line log;
    activ_context_options options = { .size = sizeof options, .log = keep_line, .log_user = &log };
    activ_context *context = NULL;
    assert_int_equal(activ_context_create(&options, &context), ACTIV_OK);
    size_t failures = 0;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        int marker = 0;
        activ_fn *out = (activ_fn *)(void *)&marker;
        memset(&log, 0, sizeof log);
        activ_message message;
        memset(&message, 0x5a, sizeof message);
        activ_status status = activ_fn_create_ex(context, specs[i].spec, &out, &message);
        log_line first = log;
        int terminated = memchr(message.text, 0, sizeof message.text) != NULL;
        const char *why = NULL;
        if (status == ACTIV_OK)
            why = "accepted";
        else if ((specs[i].allowed >> status & 1u) == 0)
            why = "wrong status";
        else if (activ_fn_create(context, specs[i].spec, &out) != status)
            why = "activ_fn_create disagrees with activ_fn_create_ex";
        else if (strcmp(first.text, message.text) != 0)
            why = "the log says something else";
        else if (!terminated || message.text[0] == '\0')
            why = "no message";
        else if (specs[i].named != NULL && strstr(message.text, specs[i].named) == NULL)
            why = "message names nothing";
        else if (first.calls != 1 || log.calls != 2 || log.status != status)
            why = "log not called once each time with the status";
        else if (specs[i].named != NULL && strstr(log.text, specs[i].named) == NULL)
            why = "log names nothing";
        else if (out != (activ_fn *)(void *)&marker)
            why = "output written";
        for (const char *p = terminated ? message.text : ""; *p != '\0' && why == NULL; p++)
            if (*p < 0x20 || *p > 0x7e)
                why = "message has bytes that are not printable";
        if (why == NULL)
            continue;
        failures++;
        print_error("\"%s\": %s (status %d, \"%.200s\", log \"%s\")\n", specs[i].spec, why, (int)status,
                    terminated ? message.text : "", log.text);
    }
    activ_context_destroy(context);
    assert_int_equal(failures, 0);
}

/* Texts of absurd length, whose every part is longer than a message. */
static void test_long_texts(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG + 64);
    assert_non_null(text);
    const char *const heads[] = { "", "elu(", "elu(alpha=", "elu(alpha=1", "relu ", "elu(alpha=0.", "elu(alpha=1e" };
    const char fills[] = { 'a', '1', '0', ' ', '(', ',', '=', '\xff', '.', '-', '_' };
    for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++) {
        for (size_t f = 0; f < sizeof fills; f++) {
            size_t head = strlen(heads[h]);
            memcpy(text, heads[h], head);
            memset(text + head, fills[f], LONG);
            text[head + LONG] = '\0';
            activ_message message = { "" };
            activ_fn *fn = NULL;
            activ_status status = activ_fn_create_ex(NULL, text, &fn, &message);
            if (strcmp(heads[h], "relu ") == 0 && fills[f] == ' ') {
                assert_int_equal(status, ACTIV_OK);
                assert_string_equal(activ_fn_spec(fn), "relu");
            } else {
                assert_int_not_equal(status, ACTIV_OK);
                assert_non_null(memchr(message.text, 0, sizeof message.text));
                assert_true(message.text[0] != '\0');
            }
            activ_fn_destroy(fn);
        }
    }
    /* many digits are a number like any other */
    strcpy(text, "elu(alpha=0.");
    memset(text + 12, '5', LONG);
    strcpy(text + 12 + LONG, ")");
    activ_fn *fn = NULL;
    assert_int_equal(activ_fn_create(NULL, text, &fn), ACTIV_OK);
    assert_true(strlen(activ_fn_spec(fn)) < 64);
    activ_fn_destroy(fn);
    free(text);
}

/* Mutated specs: each is either refused, the same way by both calls, or makes a function whose text makes it
 * again. */
static void test_mutations(void **state)
{
    (void)state;
    const char *const seeds[] = {
        "leaky_relu(negative_slope=0.2)",
        "softplus(beta=2,threshold=5)",
        "staf(tau=7)",
        "rrelu(lower=0.1,upper=0.3)",
        "elu( alpha = -1.5e-3 )",
        "relu",
        "step(theta=+1.0E+2)",
    };
    const char alphabet[] = "()=,. +-eE_0159ainfxu\t\xff\x01";
    uint64_t index = 0;
    size_t accepted = 0;
    for (size_t round = 0; round < 40000; round++) {
        char text[64];
        strcpy(text, seeds[round % (sizeof seeds / sizeof seeds[0])]);
        uint32_t edits = 1 + activ_random_bits(23, 0, index++) % 3;
        for (uint32_t e = 0; e < edits; e++) {
            size_t length = strlen(text);
            if (length == 0)
                break;
            uint32_t r = activ_random_bits(23, 0, index++);
            size_t at = r / 8 % length;
            char c = alphabet[r / 1024 % (sizeof alphabet - 1)];
            if (r % 4 == 0)
                memmove(text + at, text + at + 1, length - at); /* delete */
            else if (r % 4 == 1 && length + 2 < sizeof text)
                memmove(text + at + 1, text + at, length - at + 1), text[at] = c; /* insert */
            else if (r % 4 == 2)
                text[at] = c; /* replace */
            else
                text[at] = '\0'; /* cut */
        }
        activ_fn *fn = NULL;
        activ_message message = { "" };
        activ_status status = activ_fn_create_ex(NULL, text, &fn, &message);
        if (status == ACTIV_OK) {
            accepted++;
            activ_fn *again = NULL;
            assert_int_equal(activ_fn_create(NULL, activ_fn_spec(fn), &again), ACTIV_OK);
            assert_string_equal(activ_fn_spec(again), activ_fn_spec(fn));
            activ_fn_destroy(again);
        } else {
            if (fn != NULL || message.text[0] == '\0')
                fail_msg("\"%s\": status %d, no message", text, (int)status);
            if (status != ACTIV_ERROR_SYNTAX && status != ACTIV_ERROR_UNKNOWN_NAME && status != ACTIV_ERROR_RANGE &&
                status != ACTIV_ERROR_INVALID)
                fail_msg("\"%s\": status %d", text, (int)status);
        }
        activ_fn_destroy(fn);
    }
    assert_true(accepted > 100);
}

static void test_null(void **state)
{
    (void)state;
    activ_fn *relu = create("relu"), *prelu = create("prelu"), *rrelu = create("rrelu"), *out = NULL;
    activ_message message = { "" };
    float x[2] = { -1.0f, 1.0f }, y[2] = { 7.0f, 7.0f };
    const activ_status invalid = ACTIV_ERROR_INVALID;

    assert_int_equal(activ_fn_create(NULL, NULL, &out), invalid);
    assert_null(out);
    assert_int_equal(activ_fn_create(NULL, "relu", NULL), invalid);
    assert_int_equal(activ_fn_create(NULL, NULL, NULL), invalid);
    assert_int_equal(activ_fn_create_ex(NULL, NULL, &out, &message), invalid);
    assert_true(message.text[0] != '\0');
    message.text[0] = '\0';
    assert_int_equal(activ_fn_create_ex(NULL, "relu", NULL, &message), invalid);
    assert_true(message.text[0] != '\0');
    assert_null(out);
    activ_fn_destroy(NULL);
    assert_null(activ_fn_spec(NULL));
    assert_int_equal(activ_fn_param_count(NULL), 0);
    assert_int_equal(activ_fn_is_random(NULL), 0);
    assert_int_equal(activ_fn_param_init(NULL, 0, y), invalid);
    assert_int_equal(activ_fn_param_init(prelu, 0, NULL), invalid);
    assert_int_equal(activ_fn_param_init(relu, 0, NULL), ACTIV_OK);
    assert_int_equal(activ_fn_catalog(0, NULL), invalid);

    assert_int_equal(activ_forward(NULL, NULL, 2, x, y), invalid);
    assert_int_equal(activ_forward(relu, NULL, 2, NULL, y), invalid);
    assert_int_equal(activ_forward(relu, NULL, 2, x, NULL), invalid);
    assert_int_equal(activ_forward(relu, NULL, 0, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_backward(NULL, NULL, 2, x, x, y, NULL), invalid);
    assert_int_equal(activ_backward(relu, NULL, 2, NULL, x, y, NULL), invalid);
    assert_int_equal(activ_backward(relu, NULL, 2, x, NULL, y, NULL), invalid);
    assert_int_equal(activ_backward(relu, NULL, 0, NULL, NULL, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_forward_train(NULL, NULL, 1, 1, 0, 2, x, y, y), invalid);
    assert_int_equal(activ_forward_train(rrelu, NULL, 1, 1, 0, 2, x, y, NULL), invalid);
    assert_int_equal(activ_forward_train(rrelu, NULL, 1, 1, 0, 0, NULL, NULL, NULL), ACTIV_OK);
    assert_int_equal(activ_backward_train(NULL, NULL, 2, x, x, x, y, NULL), invalid);
    assert_int_equal(activ_backward_train(rrelu, NULL, 2, x, NULL, x, y, NULL), invalid);
    assert_true(y[0] == 7.0f && y[1] == 7.0f);

    assert_int_equal(activ_forward_train(relu, NULL, 1, 1, 0, 2, x, y, NULL), ACTIV_OK);
    assert_true(y[0] == 0.0f && y[1] == 1.0f);
    assert_int_equal(activ_backward_train(relu, NULL, 2, x, NULL, x, y, NULL), ACTIV_OK);
    assert_true(y[0] == 0.0f && y[1] == 1.0f);
    activ_fn_destroy(relu);
    activ_fn_destroy(prelu);
    activ_fn_destroy(rrelu);
}

static void test_params(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        size_t count;
    } counts[] = {
        { "identity", 0 }, { "step", 0 },        { "elu(alpha=2)", 0 },  { "softplus", 0 },
        { "rrelu", 0 },    { "leaky_relu", 0 },  { "prelu", 1 },         { "trainable_elu", 1 },
        { "staf", 75 },    { "staf(tau=1)", 3 }, { "staf(tau=10)", 30 },
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        activ_fn *fn = create(counts[i].spec);
        assert_int_equal(activ_fn_param_count(fn), counts[i].count);
        activ_fn_destroy(fn);
    }

    /* values in the spec are the initial ones, whatever the seed */
    for (uint64_t seed = 0; seed < 3; seed++) {
        float value[2] = { 0.0f, 7.0f };
        activ_fn *fn = create("prelu(weight=0.1)");
        assert_int_equal(activ_fn_param_init(fn, seed, value), ACTIV_OK);
        assert_true(value[0] == 0.1f && value[1] == 7.0f);
        activ_fn_destroy(fn);
        fn = create("trainable_elu(alpha=3)");
        assert_int_equal(activ_fn_param_init(fn, seed, value), ACTIV_OK);
        assert_true(value[0] == 3.0f && value[1] == 7.0f);
        activ_fn_destroy(fn);
    }

    /* staf draws: the same for the same seed, others for another; finite, and not all of one sign */
    activ_fn *staf = create("staf");
    const size_t params = activ_fn_param_count(staf);
    float *a = zeros(params + 1, sizeof *a), *b = zeros(params, sizeof *b), *c = zeros(params, sizeof *c);
    a[params] = 7.0f;
    assert_int_equal(activ_fn_param_init(staf, 1, a), ACTIV_OK);
    assert_int_equal(activ_fn_param_init(staf, 1, b), ACTIV_OK);
    assert_int_equal(activ_fn_param_init(staf, 2, c), ACTIV_OK);
    assert_true(a[params] == 7.0f);
    assert_memory_equal(a, b, params * sizeof *b);
    size_t equal = 0, negative = 0;
    for (size_t i = 0; i < params; i++) {
        assert_true(isfinite(a[i]) && isfinite(c[i]));
        equal += a[i] == c[i];
        negative += a[i] < 0.0f;
    }
    assert_true(equal <= params / 3 && negative > 0 && negative < params);

    /* no parameters given: those of seed 0 */
    float x[64], y[64], y_null[64], *sum = zeros(params, sizeof *sum), *sum_null = zeros(params, sizeof *sum);
    assert_int_equal(activ_random_normal(1, 0, 0, 64, 0.0f, 1.0f, x), ACTIV_OK);
    assert_int_equal(activ_fn_param_init(staf, 0, a), ACTIV_OK);
    assert_int_equal(activ_forward(staf, a, 64, x, y), ACTIV_OK);
    assert_int_equal(activ_forward(staf, NULL, 64, x, y_null), ACTIV_OK);
    assert_memory_equal(y, y_null, sizeof y);
    assert_int_equal(activ_backward(staf, a, 64, x, x, y, sum), ACTIV_OK);
    assert_int_equal(activ_backward(staf, NULL, 64, x, x, y_null, sum_null), ACTIV_OK);
    assert_memory_equal(y, y_null, sizeof y);
    assert_memory_equal(sum, sum_null, params * sizeof *sum);
    float *const arrays[] = { a, b, c, sum, sum_null };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    activ_fn_destroy(staf);

    /* parameters that are given count, not those of the spec */
    activ_fn *prelu = create("prelu(weight=0.5)");
    float weight = 3.0f, minus = -2.0f, got = 0.0f;
    assert_int_equal(activ_forward(prelu, &weight, 1, &minus, &got), ACTIV_OK);
    assert_true(got == -6.0f);
    assert_int_equal(activ_forward(prelu, NULL, 1, &minus, &got), ACTIV_OK);
    assert_true(got == -1.0f);
    activ_fn_destroy(prelu);
}

/* Does training depend on the seed? */
static int draws(const activ_fn *fn)
{
    float x[16], noise[16], y[16], other[16];
    for (size_t i = 0; i < 16; i++)
        x[i] = (float)i - 8.0f;
    assert_int_equal(activ_forward_train(fn, NULL, 1, 1, 0, 16, x, y, noise), ACTIV_OK);
    assert_int_equal(activ_forward_train(fn, NULL, 2, 1, 0, 16, x, other, noise), ACTIV_OK);
    return memcmp(y, other, sizeof y) != 0;
}

/* The length of a setting's text in a signature: up to a comma or bracket that is not inside of others. */
static size_t setting_length(const char *text)
{
    size_t length = 0;
    for (int depth = 0; text[length] != '\0'; length++) {
        char c = text[length];
        if (depth == 0 && (c == ',' || c == ')'))
            break;
        depth += (c == '(' || c == '[') - (c == ')' || c == ']');
    }
    return length;
}

/* A signature names the settings in their order, with the defaults that they have. */
static void check_signature(const activ_fn_info *info, const activ_fn *fn)
{
    const char *at = info->signature + strlen(info->name);
    for (size_t i = 0; i < activ_fn_setting_count(fn); i++) {
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        assert_int_equal(activ_fn_setting_info(fn, i, &setting), ACTIV_OK);
        size_t length = strlen(setting.name);
        if (*at != (i == 0 ? '(' : ','))
            fail_msg("%s: %s is missing", info->signature, setting.name);
        at += i == 0 ? 1 : 2; /* ", " */
        if (strncmp(at, setting.name, length) != 0 || at[length] != '=')
            fail_msg("%s: setting %zu is %s", info->signature, i, setting.name);
        at += length + 1;
        length = setting_length(at);
        int same = 1;
        if (setting.kind == ACTIV_SETTING_WORD)
            same = strlen(setting.word) == length && strncmp(at, setting.word, length) == 0;
        else if (setting.kind != ACTIV_SETTING_FUNCTIONS)
            same = strtof(at, NULL) == (float)setting.initial;
        if (!same)
            fail_msg("%s: the default of %s is %g", info->signature, setting.name, setting.initial);
        at += length;
    }
    assert_string_equal(at, activ_fn_setting_count(fn) > 0 ? ")" : "");
}

/* The settings by themselves: what they are by default lies in their range. */
static void check_settings(const activ_fn_info *info, const activ_fn *fn)
{
    size_t count = activ_fn_setting_count(fn), trainable = 0;
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(activ_fn_setting_info(fn, i, &setting), ACTIV_OK);
        assert_true(setting.value == setting.initial);
        assert_in_range(setting.kind, ACTIV_SETTING_REAL, ACTIV_SETTING_FUNCTIONS);
        assert_int_equal(setting.kind == ACTIV_SETTING_WORD, setting.words != NULL);
        assert_int_equal(setting.kind == ACTIV_SETTING_WORD, setting.word != NULL);
        if (setting.kind == ACTIV_SETTING_WORD)
            assert_string_equal(setting.words[(size_t)setting.value], setting.word);
        else if (setting.kind != ACTIV_SETTING_FUNCTIONS)
            assert_true(setting.minimum <= setting.initial && setting.initial <= setting.maximum &&
                        setting.minimum < setting.maximum);
        trainable += setting.trainable != 0;
    }
    assert_int_equal(activ_fn_setting_info(fn, count, &setting), ACTIV_ERROR_RANGE);
    assert_true(info->trainable || trainable == 0);
}

/* The vectors of parameters lie one behind the other and are all of them. */
static void check_vectors(const activ_fn *fn)
{
    size_t vectors = activ_fn_param_tensor_count(fn), end = 0;
    activ_fn_tensor_info param = ACTIV_FN_TENSOR_INFO_INIT;
    for (size_t i = 0; i < vectors; i++) {
        assert_int_equal(activ_fn_param_tensor_info(fn, i, &param), ACTIV_OK);
        assert_true(param.name[0] != '\0' && param.count > 0 && param.offset == end);
        end += param.count;
    }
    assert_int_equal(end, activ_fn_param_count(fn));
    assert_int_equal(activ_fn_param_tensor_info(fn, vectors, &param), ACTIV_ERROR_RANGE);
}

/* Sets one setting to something else: the canonical text says this and nothing more. Candidates, as a function
 * may refuse some. */
static void check_setting(const char *name, size_t index)
{
    activ_fn *bare = create(name), *fn = NULL;
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT, other = ACTIV_SETTING_INFO_INIT;
    assert_int_equal(activ_fn_setting_info(bare, index, &setting), ACTIV_OK);
    const double a = setting.initial;
    const double numbers[] = { a * 0.75, a * 1.25, a + 0.5, a - 0.5, a + 2.0 };
    const double counts[] = { a + 1.0, a - 1.0, a + 2.0, a - 2.0, a + 3.0 };
    char spec[200] = "";
    for (size_t k = 0; k < 5 && fn == NULL; k++) {
        if (setting.kind == ACTIV_SETTING_FUNCTIONS) {
            break; /* each function that has such lists has tests of its own */
        } else if (setting.kind == ACTIV_SETTING_WORD) {
            size_t words = 0;
            while (setting.words[words] != NULL)
                words++;
            snprintf(spec, sizeof spec, "%s(%s=%s)", name, setting.name, setting.words[((size_t)a + 1 + k) % words]);
        } else {
            double value = setting.kind == ACTIV_SETTING_COUNT ? counts[k] : numbers[k];
            if (value == a || value < setting.minimum || value > setting.maximum)
                continue;
            snprintf(spec, sizeof spec, "%s(%s=%.6g)", name, setting.name, value);
        }
        activ_fn_create(NULL, spec, &fn);
    }
    if (setting.kind != ACTIV_SETTING_FUNCTIONS) {
        if (fn == NULL)
            fail_msg("%s: no other value of %s is accepted", name, setting.name);
        if (!same_text(activ_fn_spec(fn), spec))
            fail_msg("\"%s\" became \"%s\"", spec, activ_fn_spec(fn));
        for (size_t i = 0; i < activ_fn_setting_count(fn); i++) {
            assert_int_equal(activ_fn_setting_info(fn, i, &other), ACTIV_OK);
            assert_int_equal(other.value != other.initial, i == index);
        }
        if (setting.kind != ACTIV_SETTING_WORD) {
            assert_int_equal(activ_fn_setting_info(fn, index, &other), ACTIV_OK);
            assert_true((float)other.value == strtof(strchr(spec, '=') + 1, NULL));
        }
    }
    activ_fn_destroy(fn);
    activ_fn_destroy(bare);
}

/* What somebody may have written to fill it in later. */
static int is_placeholder(const char *text)
{
    static const char *const words[] = { "todo", "tbd", "fixme", "xxx", "none", "unknown", "source", "formula", "n/a" };
    char lower[8] = "";
    size_t letters = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (i < sizeof lower - 1)
            lower[i] = c;
        letters += c >= 'a' && c <= 'z';
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(lower, words[i], strlen(words[i])) == 0)
            return 1;
    return letters == 0;
}

/* A source names who, and the year, or PyTorch's name of it; a formula is one of something. */
static void check_texts(const activ_fn_info *info)
{
    int year = 0;
    for (const char *at = info->source; *at != '\0' && !year; at++)
        year = strspn(at, "0123456789") == 4 && *at >= '1' && *at <= '2';
    if (is_placeholder(info->source) || !(year || strstr(info->source, "torch.")) || strlen(info->source) < 15)
        fail_msg("%s: \"%s\" is no source", info->name, info->source);
    if (is_placeholder(info->formula))
        fail_msg("%s: \"%s\" is no formula", info->name, info->formula);
}

/* Of every shape. */
static void test_definitions(void **state)
{
    (void)state;
    size_t settings = 0, vectors = 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t k = 0; activ_fn_catalog(k, &info) == ACTIV_OK; k++) {
        activ_fn *fn = create(info.name);
        check_texts(&info);
        check_signature(&info, fn);
        check_settings(&info, fn);
        check_vectors(fn);
        for (size_t i = 0; i < activ_fn_setting_count(fn); i++)
            check_setting(info.name, i);
        settings += activ_fn_setting_count(fn);
        vectors += activ_fn_param_tensor_count(fn);
        activ_fn_destroy(fn);
    }
    assert_true(settings >= 12 && vectors >= 5);
}

static void test_queries(void **state)
{
    (void)state;
    activ_fn *softplus = create("softplus(threshold=5)"), *staf = create("staf(tau=4, init=unit)");
    activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    assert_int_equal(activ_fn_setting_count(softplus), 2);
    assert_int_equal(activ_fn_setting_info(softplus, 1, &setting), ACTIV_OK);
    assert_string_equal(setting.name, "threshold");
    assert_true(setting.kind == ACTIV_SETTING_REAL && !setting.trainable && setting.value == 5.0 &&
                setting.initial == 20.0);
    assert_int_equal(activ_fn_setting_info(staf, 0, &setting), ACTIV_OK);
    assert_true(setting.kind == ACTIV_SETTING_COUNT && setting.value == 4.0 && setting.maximum == 65536.0);
    assert_int_equal(activ_fn_setting_info(staf, 1, &setting), ACTIV_OK);
    assert_true(setting.kind == ACTIV_SETTING_WORD && setting.initial == 0.0);
    assert_string_equal(setting.word, "unit");
    assert_string_equal(setting.words[0], "book");
    assert_null(setting.words[3]);

    activ_fn_tensor_info param = ACTIV_FN_TENSOR_INFO_INIT;
    assert_int_equal(activ_fn_param_tensor_count(staf), 3);
    assert_int_equal(activ_fn_param_tensor_info(staf, 2, &param), ACTIV_OK);
    assert_string_equal(param.name, "Phi");
    assert_true(param.offset == 8 && param.count == 4);
    activ_fn *prelu = create("prelu(weight=0.5)");
    assert_int_equal(activ_fn_param_tensor_info(prelu, 0, &param), ACTIV_OK);
    assert_string_equal(param.name, "weight");
    assert_true(param.offset == 0 && param.count == 1);
    assert_int_equal(activ_fn_setting_info(prelu, 0, &setting), ACTIV_OK);
    assert_true(setting.trainable && setting.value == 0.5);

    const activ_status invalid = ACTIV_ERROR_INVALID, range = ACTIV_ERROR_RANGE;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    assert_int_equal(activ_fn_setting_count(NULL), 0);
    assert_int_equal(activ_fn_param_tensor_count(NULL), 0);
    assert_int_equal(activ_fn_setting_info(NULL, 0, &setting), invalid);
    assert_int_equal(activ_fn_setting_info(softplus, 0, NULL), invalid);
    assert_int_equal(activ_fn_setting_info(softplus, SIZE_MAX, &setting), range);
    assert_int_equal(activ_fn_param_tensor_info(NULL, 0, &param), invalid);
    assert_int_equal(activ_fn_param_tensor_info(staf, 0, NULL), invalid);
    assert_int_equal(activ_fn_param_tensor_info(staf, SIZE_MAX, &param), range);
    assert_int_equal(activ_fn_info_of(NULL, &info), invalid);
    assert_int_equal(activ_fn_info_of(softplus, NULL), invalid);
    activ_fn_destroy(softplus);
    activ_fn_destroy(staf);
    activ_fn_destroy(prelu);
}

static void test_catalog(void **state)
{
    (void)state;
    size_t count = 0;
    for (;; count++) {
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        activ_status status = activ_fn_catalog(count, &info);
        if (status != ACTIV_OK) {
            assert_int_equal(status, ACTIV_ERROR_RANGE);
            break;
        }
        assert_true(count < NAMES);
        assert_string_equal(info.name, names[count]);
        assert_true(info.forward_ulp >= 0.0f && info.derivative_ulp >= 0.0f);
        assert_true(isfinite(info.forward_ulp) && isfinite(info.derivative_ulp));
        size_t length = strlen(info.name);
        assert_int_equal(strncmp(info.signature, info.name, length), 0);
        assert_true(info.signature[length] == '\0' || info.signature[length] == '(');

        activ_fn *bare = create(info.name), *full = create(info.signature);
        assert_string_equal(activ_fn_spec(bare), info.name);
        assert_string_equal(activ_fn_spec(full), info.name);
        assert_int_equal(info.trainable, activ_fn_param_count(bare) > 0);
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE)
            assert_int_equal(activ_fn_is_random(bare), draws(bare));
        assert_int_equal(activ_fn_is_random(bare), info.random);
        activ_fn_info own = ACTIV_FN_INFO_INIT;
        assert_int_equal(activ_fn_info_of(bare, &own), ACTIV_OK);
        assert_memory_equal(&own, &info, sizeof own);
        float x[5] = { -2.0f, -0.5f, 0.0f, 0.5f, 2.0f }, y[5], y_full[5];
        const activ_status status_of_arrays = info.shape == ACTIV_SHAPE_ELEMENTWISE ? ACTIV_OK : ACTIV_ERROR_SHAPE;
        assert_int_equal(activ_forward(bare, NULL, 5, x, y), status_of_arrays);
        assert_int_equal(activ_forward(full, NULL, 5, x, y_full), status_of_arrays);
        if (status_of_arrays == ACTIV_OK)
            assert_memory_equal(y, y_full, sizeof y);
        activ_fn_destroy(bare);
        activ_fn_destroy(full);
    }
    assert_int_equal(count, NAMES);
    activ_fn_info past = { .size = sizeof past, .name = "untouched" };
    assert_int_equal(activ_fn_catalog(SIZE_MAX, &past), ACTIV_ERROR_RANGE);
    assert_string_equal(past.name, "untouched");

    /* a program built with a smaller struct: nothing is written behind it */
    activ_fn_info small;
    memset(&small, 0x33, sizeof small);
    small.size = offsetof(activ_fn_info, source);
    assert_int_equal(activ_fn_catalog(0, &small), ACTIV_OK);
    assert_string_equal(small.name, names[0]);
    unsigned char tail[sizeof small - offsetof(activ_fn_info, source)];
    memset(tail, 0x33, sizeof tail);
    assert_memory_equal((const unsigned char *)&small + offsetof(activ_fn_info, source), tail, sizeof tail);
}

enum { ROOM = 200, COUNT = 64 };

/* A region of memory in which two arrays can be made to overlap, and a copy of it. */
static float room[ROOM], room_before[ROOM];

static void fill_room(void)
{
    for (size_t i = 0; i < ROOM; i++)
        room[i] = (float)i * 0.1f - 8.0f;
    memcpy(room_before, room, sizeof room);
}

static void check_refused(activ_status status, const char *what, const char *spec)
{
    if (status != ACTIV_ERROR_INVALID)
        fail_msg("%s: %s gave status %d", spec, what, (int)status);
    if (memcmp(room, room_before, sizeof room) != 0)
        fail_msg("%s: %s was refused, but wrote", spec, what);
}

/* Each alias is its function's. */
static void test_aliases(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    size_t found = 0;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        char aliases[200];
        assert_non_null(info.aliases);
        assert_true(strlen(info.aliases) < sizeof aliases);
        strcpy(aliases, info.aliases);
        for (char *alias = strtok(aliases, ","); alias; alias = strtok(NULL, ","), found++) {
            activ_fn *fn = create(alias), *own = create(info.name);
            assert_string_equal(activ_fn_spec(fn), activ_fn_spec(own));
            activ_fn_destroy(fn);
            activ_fn_destroy(own);
        }
    }
    assert_true(found >= 20);
}

/* Shared functions: of every name, the same at each call, and as one that was created. */
static void test_default(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        const activ_fn *fn = activ_fn_default(info.name);
        assert_non_null(fn);
        assert_ptr_equal(activ_fn_default(info.name), fn);
        activ_fn *own = create(info.name);
        assert_string_equal(activ_fn_spec(fn), activ_fn_spec(own));
        assert_int_equal(activ_fn_param_count(fn), activ_fn_param_count(own));
        float x[40], y[2][40], dx[2][40], dparams[2][200] = { { 0 } };
        for (size_t k = 0; k < 40; k++)
            x[k] = (float)k * 0.25f - 5.0f;
        assert_true(activ_fn_param_count(fn) <= 200);
        if (info.shape == ACTIV_SHAPE_ELEMENTWISE) {
            for (int k = 0; k < 2; k++) {
                assert_int_equal(activ_forward(k ? own : fn, NULL, 40, x, y[k]), ACTIV_OK);
                assert_int_equal(activ_backward(k ? own : fn, NULL, 40, x, x, dx[k], dparams[k]), ACTIV_OK);
            }
            assert_memory_equal(y[0], y[1], sizeof y[0]);
            assert_memory_equal(dx[0], dx[1], sizeof dx[0]);
            assert_memory_equal(dparams[0], dparams[1], sizeof dparams[0]);
        } else if (info.shape == ACTIV_SHAPE_ROWWISE) {
            for (int k = 0; k < 2; k++)
                assert_int_equal(activ_forward_rows(k ? own : fn, NULL, 4, 10, x, 10, y[k], 10), ACTIV_OK);
            assert_memory_equal(y[0], y[1], sizeof y[0]);
        } else {
            for (int k = 0; k < 2; k++)
                assert_int_equal(activ_forward_gated(k ? own : fn, NULL, 4, 10, x, 10, x, 10, y[k], 10), ACTIV_OK);
            assert_memory_equal(y[0], y[1], sizeof y[0]);
        }
        activ_fn_destroy(own);
    }
    assert_ptr_equal(activ_fn_default("GELU"), activ_fn_default("gelu"));
    assert_ptr_equal(activ_fn_default("Swish"), activ_fn_default("silu"));
    assert_null(activ_fn_default("TELU"));
    assert_null(activ_fn_default("nosuch"));
    assert_null(activ_fn_default(""));
    assert_null(activ_fn_default("elu(alpha=1)"));
    assert_null(activ_fn_default(NULL));
    /* A derivative of one is the caller's, and takes nothing of its memory. */
    for (size_t i = 0; i < 50; i++) {
        float y, at = 3.0f;
        activ_fn *derivative = NULL;
        assert_int_equal(activ_fn_derivative(activ_fn_default(i % 2 ? "relu" : "mish"), &derivative), ACTIV_OK);
        assert_int_equal(activ_forward(derivative, NULL, 1, &at, &y), ACTIV_OK);
        assert_true(i % 2 ? y == 1.0f : y > 1.0f);
        activ_fn_destroy(derivative);
    }
}

static void test_overlap(void **state)
{
    (void)state;
    const char *const specs[] = { "relu", "gelu", "prelu", "staf(tau=2)", "rrelu" };
    const ptrdiff_t shifts[] = { -COUNT + 1, -16, -8, -1, 1, 3, 8, 16, COUNT - 1 };
    float other[COUNT], more[COUNT], third[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        other[i] = third[i] = 1.0f;
    float *const base = room + 70;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        activ_fn *fn = create(specs[s]);
        size_t params = activ_fn_param_count(fn);
        for (size_t k = 0; k < sizeof shifts / sizeof shifts[0]; k++) {
            float *moved = base + shifts[k];
            fill_room();
            check_refused(activ_forward(fn, NULL, COUNT, base, moved), "y over a part of x", specs[s]);
            check_refused(activ_backward(fn, NULL, COUNT, base, other, moved, NULL), "dx over a part of x", specs[s]);
            check_refused(activ_backward(fn, NULL, COUNT, other, base, moved, NULL), "dx over a part of dy", specs[s]);
            check_refused(activ_forward_train(fn, NULL, 1, 2, 0, COUNT, base, moved, more),
                          "y of training over a part of x", specs[s]);
            check_refused(activ_backward_train(fn, NULL, COUNT, base, third, other, moved, NULL),
                          "dx of training over a part of x", specs[s]);
            if (activ_fn_is_random(fn)) {
                check_refused(activ_forward_train(fn, NULL, 1, 2, 0, COUNT, other, base, moved),
                              "noise over a part of y", specs[s]);
                check_refused(activ_forward_train(fn, NULL, 1, 2, 0, COUNT, base, more, moved),
                              "noise over a part of x", specs[s]);
                check_refused(activ_backward_train(fn, NULL, COUNT, other, base, third, moved, NULL),
                              "dx over a part of noise", specs[s]);
            }
        }
        if (activ_fn_is_random(fn)) {
            fill_room();
            check_refused(activ_forward_train(fn, NULL, 1, 2, 0, COUNT, other, base, base), "noise over y", specs[s]);
        }
        if (params > 0) {
            fill_room();
            check_refused(activ_backward(fn, NULL, COUNT, base, other, more, base + 5), "dparams in x", specs[s]);
            check_refused(activ_backward(fn, NULL, COUNT, other, base, more, base + 5), "dparams in dy", specs[s]);
            check_refused(activ_backward(fn, NULL, COUNT, other, third, base, base + 5), "dparams in dx", specs[s]);
            check_refused(activ_forward(fn, base + 3, COUNT, other, base), "y over params", specs[s]);
            check_refused(activ_backward(fn, base + 3, COUNT, other, third, base, NULL), "dx over params", specs[s]);
        }
        /* neighbours are no overlap, nor are two inputs in one place */
        fill_room();
        assert_int_equal(activ_forward(fn, NULL, COUNT, base, base + COUNT), ACTIV_OK);
        assert_int_equal(activ_forward(fn, NULL, COUNT, base, base - COUNT), ACTIV_OK);
        assert_int_equal(activ_backward(fn, NULL, COUNT, base, base + 1, more, NULL), ACTIV_OK);
        activ_fn_destroy(fn);
    }
}

/* At an address that is no multiple of 4, whatever the size: some paths would work, and those of large arrays not. */
static void test_misaligned(void **state)
{
    (void)state;
    const char *const specs[] = { "relu", "gelu", "prelu", "staf(tau=2)", "rrelu", "softmax", "swiglu" };
    float other[COUNT], third[COUNT], more[COUNT], params[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        other[i] = third[i] = params[i] = 1.0f;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++)
        for (size_t shift = 1; shift < 4; shift++)
            for (size_t n = 1; n <= COUNT; n += COUNT - 1) {
                activ_fn *fn = create(specs[s]);
                float *odd = (float *)(void *)((char *)room + 40 + shift);
                activ_message message;
                fill_room();
                activ_forward_args f = ACTIV_FORWARD_ARGS_DEFAULTS;
                activ_backward_args b = ACTIV_BACKWARD_ARGS_DEFAULTS;
                f.rows = b.rows = 1;
                f.columns = b.columns = n;
                f.x = other;
                b.x = other;
                f.gate = b.gate = strcmp(specs[s], "swiglu") == 0 ? other : NULL;
                f.y = odd;
                check_refused(activ_forward_ex(fn, &f, &message), "y", specs[s]);
                assert_non_null(strstr(message.text, "y is at an address that is not a multiple of 4"));
                f.y = room;
                f.x = odd;
                check_refused(activ_forward_ex(fn, &f, &message), "x", specs[s]);
                b.dy = third;
                b.dx = odd;
                check_refused(activ_backward_ex(fn, &b, &message), "dx", specs[s]);
                b.dx = room;
                b.dy = odd;
                check_refused(activ_backward_ex(fn, &b, &message), "dy", specs[s]);
                if (strcmp(specs[s], "softmax") == 0) {
                    check_refused(activ_forward_rows(fn, NULL, 1, n, odd, n, more, n), "x", specs[s]);
                    check_refused(activ_forward_rows(fn, NULL, 1, n, other, n, odd, n), "y", specs[s]);
                    check_refused(activ_backward_rows(fn, NULL, 1, n, other, n, odd, n, more, n, NULL), "dy", specs[s]);
                } else if (strcmp(specs[s], "swiglu") == 0) {
                    check_refused(activ_forward_gated(fn, NULL, 1, n, odd, n, other, n, more, n), "value", specs[s]);
                    check_refused(activ_forward_gated(fn, NULL, 1, n, other, n, odd, n, more, n), "gate", specs[s]);
                    check_refused(activ_forward_gated(fn, NULL, 1, n, other, n, third, n, odd, n), "y", specs[s]);
                } else {
                    check_refused(activ_forward(fn, NULL, n, odd, more), "x", specs[s]);
                    check_refused(activ_forward(fn, NULL, n, other, odd), "y", specs[s]);
                    check_refused(activ_backward(fn, NULL, n, odd, third, more, NULL), "x", specs[s]);
                    check_refused(activ_backward(fn, NULL, n, other, odd, more, NULL), "dy", specs[s]);
                    check_refused(activ_backward(fn, NULL, n, other, third, odd, NULL), "dx", specs[s]);
                    if (activ_fn_is_random(fn))
                        check_refused(activ_forward_train(fn, NULL, 1, 2, 0, n, other, more, odd), "noise", specs[s]);
                }
                if (activ_fn_param_count(fn) > 0) {
                    check_refused(activ_forward(fn, odd, n, other, more), "params", specs[s]);
                    check_refused(activ_backward(fn, odd, n, other, third, more, NULL), "params", specs[s]);
                    check_refused(activ_backward(fn, params, n, other, third, more, odd), "dparams", specs[s]);
                    check_refused(activ_fn_param_init(fn, 1, odd), "params", specs[s]);
                }
                activ_fn_destroy(fn);
            }
}

/* An n whose bytes do not fit into an address cannot be a real array. */
static void test_size_overflow(void **state)
{
    (void)state;
    static float x[4] = { 1.0f, 2.0f, 3.0f, 4.0f }, y[4] = { 7.0f, 7.0f, 7.0f, 7.0f };
    const size_t sizes[] = { SIZE_MAX, SIZE_MAX / 4 + 1, SIZE_MAX / 4 + 3, SIZE_MAX / 2 };
    activ_fn *fn = create("relu"), *rrelu = create("rrelu");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(activ_forward(fn, NULL, sizes[i], x, y), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_backward(fn, NULL, sizes[i], x, x, y, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_forward_train(rrelu, NULL, 1, 1, 0, sizes[i], x, y, y), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_backward_train(rrelu, NULL, sizes[i], x, x, x, y, NULL), ACTIV_ERROR_RANGE);
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(y[i] == 7.0f);
    activ_fn_destroy(fn);
    activ_fn_destroy(rrelu);
}

/* The k-th allocation fails, for every k, until there is none left to fail. Then: nothing is allocated in
 * calls. */
static void test_out_of_memory(void **state)
{
    (void)state;
    const char *const specs[] = { "relu", "softplus(beta=2,threshold=3)", "staf(tau=25)", "rrelu" };
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        for (size_t k = 1;; k++) {
            assert_true(k < 100);
            test_memory memory = { .fail_at = k };
            activ_allocator allocator = test_allocator(&memory);
            activ_context_options options = { .size = sizeof options, .allocator = &allocator };
            activ_context *context = NULL;
            activ_fn *fn = NULL;
            activ_status status = activ_context_create(&options, &context);
            if (status == ACTIV_OK)
                status = activ_fn_create(context, specs[s], &fn);
            if (status != ACTIV_OK) {
                assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
                assert_null(fn);
                activ_context_destroy(context);
                assert_int_equal(memory.live, 0);
                assert_int_equal(memory.mistakes, 0);
                continue;
            }
            assert_true(memory.calls < k);
            size_t calls = memory.calls;
            assert_true(calls > 0);         /* it does ask the context for its memory */
            activ_context_destroy(context); /* fn lives on without it */
            float x[COUNT], y[COUNT], noise[COUNT];
            float *sum = zeros(activ_fn_param_count(fn), sizeof *sum);
            float *params = zeros(activ_fn_param_count(fn), sizeof *params);
            for (size_t i = 0; i < COUNT; i++)
                x[i] = (float)i * 0.1f - 3.0f;
            assert_int_equal(activ_fn_param_init(fn, 3, params), ACTIV_OK);
            assert_int_equal(activ_forward(fn, NULL, COUNT, x, y), ACTIV_OK);
            assert_int_equal(activ_backward(fn, NULL, COUNT, x, x, y, sum), ACTIV_OK);
            assert_int_equal(activ_forward_train(fn, NULL, 1, 1, 0, COUNT, x, y, noise), ACTIV_OK);
            if (!activ_fn_is_random(fn))
                memset(noise, 0, sizeof noise);
            assert_int_equal(activ_backward_train(fn, NULL, COUNT, x, noise, x, y, sum), ACTIV_OK);
            assert_int_equal(memory.calls, calls);
            activ_fn_destroy(fn);
            assert_int_equal(memory.live, 0);
            assert_int_equal(memory.live_bytes, 0);
            assert_int_equal(memory.mistakes, 0);
            free(sum);
            free(params);
            break;
        }
    }
}

/* A function keeps the tier and the log of its context, but not the context. */
static void test_context_may_go(void **state)
{
    (void)state;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(context, "elu(alpha=2)", &fn), ACTIV_OK);
        activ_context_destroy(context);
        float x = -INFINITY, y = 0.0f;
        assert_int_equal(activ_forward(fn, NULL, 1, &x, &y), ACTIV_OK);
        assert_true(y == -2.0f);
        assert_string_equal(activ_fn_spec(fn), "elu(alpha=2)");
        activ_fn_destroy(fn);
    }
}

static void test_rrelu_training(void **state)
{
    (void)state;
    enum { N = 40000 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y), *noise = malloc(N * sizeof *noise);
    float *first_noise = malloc(N * sizeof *noise), *dy = malloc(N * sizeof *dy), *dx = malloc(N * sizeof *dx);
    float *parts = malloc(N * sizeof *parts), *parts_noise = malloc(N * sizeof *parts);
    assert_true(x && y && noise && first_noise && dy && dx && parts && parts_noise);
    assert_int_equal(activ_random_normal(2, 0, 0, N, 0.0f, 1.0f, x), ACTIV_OK);
    assert_int_equal(activ_random_normal(2, 1, 0, N, 0.0f, 1.0f, dy), ACTIV_OK);
    x[10] = 0.0f;
    x[11] = -0.0f;
    x[12] = INFINITY;
    x[13] = -INFINITY;
    x[14] = NAN;
    x[15] = -0x1p-149f;
    const float lower = 0.1f, upper = 0.3f;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        activ_fn *fn = NULL;
        assert_int_equal(activ_fn_create(context, "rrelu(lower=0.1,upper=0.3)", &fn), ACTIV_OK);
        assert_int_equal(activ_forward_train(fn, NULL, 77, 5, 1000, N, x, y, noise), ACTIV_OK);
        double mean = 0.0, square = 0.0, smallest = 1.0, largest = 0.0;
        size_t drawn = 0;
        for (size_t i = 0; i < N; i++) {
            if (isnan(x[i])) {
                assert_true(isnan(y[i]));
                continue;
            }
            if (x[i] > 0.0f) {
                assert_true(noise[i] == 1.0f && y[i] == x[i]);
                continue;
            }
            if (!(noise[i] >= lower && noise[i] <= upper))
                fail_msg("slope %zu is %.9g", i, (double)noise[i]);
            assert_true(y[i] == noise[i] * x[i]);
            double slope = (double)noise[i];
            mean += slope;
            square += slope * slope;
            if (slope < smallest)
                smallest = slope;
            if (slope > largest)
                largest = slope;
            drawn++;
        }
        /* about 20000 uniform numbers: mean 0.2 +- 0.0004, variance 1/300, both ends nearly reached */
        mean /= (double)drawn;
        double variance = square / (double)drawn - mean * mean;
        assert_true(fabs(mean - 0.2) < 0.002);
        assert_true(fabs(variance - 0.04 / 12.0) < 0.0002);
        assert_true(smallest < 0.1002 && largest > 0.2998);

        /* the same from every tier */
        if (t == 0)
            memcpy(first_noise, noise, N * sizeof *noise);
        assert_memory_equal(noise, first_noise, N * sizeof *noise);

        /* the same however the array is cut into calls, and in place */
        const size_t cuts[] = { 1, 2, 3, 5, 8, 13, 100, 1021, 4099 };
        for (size_t i = 0, c = 0; i < N; c++) {
            size_t n = cuts[c % (sizeof cuts / sizeof cuts[0])];
            if (n > N - i)
                n = N - i;
            memcpy(parts + i, x + i, n * sizeof *x);
            assert_int_equal(activ_forward_train(fn, NULL, 77, 5, 1000 + i, n, parts + i, parts + i, parts_noise + i),
                             ACTIV_OK);
            i += n;
        }
        for (size_t i = 0; i < N; i++) {
            if (isnan(x[i]))
                continue;
            if (float_bits(parts[i]) != float_bits(y[i]) || float_bits(parts_noise[i]) != float_bits(noise[i]))
                fail_msg("element %zu depends on how the array is cut", i);
        }

        /* other numbers for another seed, stream or index */
        for (uint64_t change = 1; change <= 3; change++) {
            size_t same = 0, of = 0;
            assert_int_equal(activ_forward_train(fn, NULL, change == 1 ? 78 : 77, change == 2 ? 6 : 5,
                                                 change == 3 ? 1001 : 1000, N, x, parts, parts_noise),
                             ACTIV_OK);
            for (size_t i = 0; i < N; i++) {
                if (!(x[i] <= 0.0f))
                    continue;
                of++;
                same += parts_noise[i] == noise[i];
            }
            assert_true(same < of / 100);
        }

        /* backward multiplies by what was drawn */
        assert_int_equal(activ_backward_train(fn, NULL, N, x, noise, dy, dx, NULL), ACTIV_OK);
        for (size_t i = 0; i < N; i++) {
            if (isnan(x[i]))
                assert_true(isnan(dx[i]));
            else if (!(dx[i] == dy[i] * noise[i]))
                fail_msg("dx[%zu] is %.9g", i, (double)dx[i]);
        }

        /* evaluation draws nothing */
        assert_int_equal(activ_forward(fn, NULL, N, x, y), ACTIV_OK);
        assert_int_equal(activ_backward(fn, NULL, N, x, dy, dx, NULL), ACTIV_OK);
        const float middle = (lower + upper) / 2.0f;
        for (size_t i = 0; i < N; i++) {
            const float slope = x[i] > 0.0f ? 1.0f : middle;
            if (isnan(x[i]))
                assert_true(isnan(y[i]) && isnan(dx[i]));
            else if (float_bits(y[i]) != float_bits(x[i] * slope) || dx[i] != dy[i] * slope)
                fail_msg("evaluation at x[%zu] = %.9g: %.9g and %.9g", i, (double)x[i], (double)y[i], (double)dx[i]);
        }
        activ_fn_destroy(fn);
        activ_context_destroy(context);
    }

    /* lower = upper leaves nothing to draw */
    activ_fn *fixed = create("rrelu(lower=0.25,upper=0.25)");
    assert_int_equal(activ_forward_train(fixed, NULL, 1, 1, 0, N, x, y, noise), ACTIV_OK);
    for (size_t i = 0; i < N; i++)
        if (x[i] <= 0.0f)
            assert_true(noise[i] == 0.25f);
    activ_fn_destroy(fixed);

    free(x);
    free(y);
    free(noise);
    free(first_noise);
    free(dy);
    free(dx);
    free(parts);
    free(parts_noise);
}

/* Functions that are not random: training is the same as evaluation, and noise is left alone. */
static void test_training_of_the_others(void **state)
{
    (void)state;
    float x[COUNT], y[COUNT], y_train[COUNT], dx[COUNT], dx_train[COUNT], noise[COUNT];
    assert_int_equal(activ_random_normal(4, 0, 0, COUNT, 0.0f, 2.0f, x), ACTIV_OK);
    for (size_t k = 0; k < ELEMENTWISE; k++) {
        activ_fn *fn = create(names[k]);
        size_t params = activ_fn_param_count(fn);
        float *sum = zeros(params, sizeof *sum), *sum_train = zeros(params, sizeof *sum);
        if (!activ_fn_is_random(fn)) {
            for (size_t i = 0; i < COUNT; i++)
                noise[i] = 9.0f;
            assert_int_equal(activ_forward(fn, NULL, COUNT, x, y), ACTIV_OK);
            assert_int_equal(activ_forward_train(fn, NULL, 1, 2, 3, COUNT, x, y_train, noise), ACTIV_OK);
            assert_memory_equal(y, y_train, sizeof y);
            assert_int_equal(activ_backward(fn, NULL, COUNT, x, x, dx, sum), ACTIV_OK);
            assert_int_equal(activ_backward_train(fn, NULL, COUNT, x, noise, x, dx_train, sum_train), ACTIV_OK);
            assert_memory_equal(dx, dx_train, sizeof dx);
            assert_memory_equal(sum, sum_train, params * sizeof *sum);
            for (size_t i = 0; i < COUNT; i++)
                assert_true(noise[i] == 9.0f);
        }
        free(sum);
        free(sum_train);
        activ_fn_destroy(fn);
    }
}

#if defined(__SSE__)
/* Rounding, flush to zero, denormals are zero, and the exception masks; the low six bits only tell what
 * happened. */
static unsigned control_bits(void)
{
    return _mm_getcsr() & ~0x3fu;
}
#else
static unsigned control_bits(void)
{
    return 0;
}
#endif

/* Initial values and expressions are those of rounding to nearest, whatever the caller's mode. */
static void test_rounding_of_formulas(void **state)
{
    (void)state;
    assert_int_equal(fesetround(FE_UPWARD), 0);
    const volatile int is_unseen = activ_rounds_to_nearest();
    fesetround(FE_TONEAREST);
    /* Under valgrind, where the mode is that of conversions alone. */
    if (is_unseen)
        skip();
    const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    float params[2];
    double number = 0.0;
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        assert_int_equal(fesetround(modes[m]), 0);
        activ_fn *fn = NULL;
        activ_expression *e = NULL;
        activ_operation_info info = ACTIV_OPERATION_INFO_INIT;
        activ_status status = activ_fn_create(NULL, "a*x + b + 1/3; a=0.1, b=-0.1", &fn);
        status |= activ_fn_param_init(fn, 0, params);
        status |= activ_expression_create(fn, &e, NULL);
        for (size_t i = 0; i < activ_expression_count(e); i++)
            if (activ_expression_operation(e, i, &info) == ACTIV_OK && info.operation == ACTIV_OPERATION_CONSTANT &&
                info.number > 0.3 && info.number < 0.4)
                number = info.number;
        activ_expression_destroy(e);
        activ_fn_destroy(fn);
        fesetround(FE_TONEAREST);
        assert_int_equal(status, ACTIV_OK);
        assert_true(params[0] == 0.1f && params[1] == -0.1f);
        assert_true(number == 0x1.5555555555555p-2);
    }
}

static void test_floating_point_environment(void **state)
{
    (void)state;
    float x[COUNT], y[COUNT], noise[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        x[i] = ldexpf(i % 2 != 0 ? 1.5f : -1.5f, (int)i * 4 - 140);
    const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL)
            continue;
        for (size_t k = 0; k < ELEMENTWISE; k++) {
            activ_fn *once = create(names[k]);
            size_t count = activ_fn_param_count(once);
            activ_fn_destroy(once);
            float *sum = zeros(count, sizeof *sum), *params = zeros(count, sizeof *params);
            for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
                assert_int_equal(fesetround(modes[m]), 0);
                unsigned before = control_bits();
                activ_fn *fn = NULL;
                activ_status status = activ_fn_create(context, names[k], &fn);
                status |= activ_fn_param_init(fn, 1, params);
                status |= activ_forward(fn, NULL, COUNT, x, y);
                status |= activ_backward(fn, NULL, COUNT, x, x, y, sum);
                status |= activ_forward_train(fn, NULL, 1, 1, 0, COUNT, x, y, noise);
                activ_fn_destroy(fn);
                unsigned after = control_bits();
                int mode = fegetround();
                fesetround(FE_TONEAREST);
                assert_int_equal(status, ACTIV_OK);
                assert_int_equal(mode, modes[m]);
                assert_int_equal(after, before);
            }
            free(sum);
            free(params);
        }
        activ_context_destroy(context);
    }
}

/* Where a branch is not taken, the gradient is 0 for any dy, infinities and NaN included, as in PyTorch; where a slope
 * underflows, 0 times infinity is NaN. In arrays of any length, so that every path is taken. */
static void test_flat(void **state)
{
    (void)state;
    enum { N = 67 };
    static const struct {
        const char *spec;
        float flat, steep; /* x of each kind */
    } cases[] = {
        { "relu", -1.5f, 2.0f },    { "relu", 0.0f, 0x1p-149f }, { "hardswish", -3.0f, 1.0f },
        { "step", 5.0f, NAN },      { "bspline", -1e30f, 0.5f }, { "gated(relu)", -1e-30f, 1.0f },
        { "reglu", -2.0f, 0x1p3f },
    };
    static const float bad[] = { INFINITY, -INFINITY, NAN };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        activ_fn *fn = create(cases[c].spec);
        const int is_gated = activ_fn_function_count(fn) > 0;
        for (size_t n = 1; n <= N; n += 11) {
            float x[N], dy[N], dx[N], value[N];
            for (size_t i = 0; i < n; i++) {
                x[i] = i % 5 == 4 && !isnan(cases[c].steep) ? cases[c].steep : cases[c].flat;
                dy[i] = bad[i % 3];
                value[i] = i % 2 ? 3.0f : -0.5f;
            }
            if (is_gated) {
                assert_int_equal(activ_backward_gated(fn, NULL, 1, n, value, n, x, n, dy, n, NULL, n, dx, n, NULL),
                                 ACTIV_OK);
                /* And the value is what is infinite. */
                float other[N];
                assert_int_equal(activ_backward_gated(fn, NULL, 1, n, dy, n, x, n, value, n, NULL, n, other, n, NULL),
                                 ACTIV_OK);
                for (size_t i = 0; i < n; i++)
                    assert_true(isfinite(other[i]) == isfinite(dx[i]));
            } else {
                assert_int_equal(activ_backward(fn, NULL, n, x, dy, dx, NULL), ACTIV_OK);
            }
            for (size_t i = 0; i < n; i++) {
                const int is_flat = !(i % 5 == 4) || isnan(cases[c].steep);
                if (is_flat ? dx[i] != 0.0f : isfinite(dx[i]))
                    fail_msg("%s: dx is %g at x = %g, dy = %g", cases[c].spec, (double)dx[i], (double)x[i],
                             (double)dy[i]);
            }
        }
        activ_fn_destroy(fn);
    }
    static const char *const underflows[] = { "sigmoid", "tanh", "gelu", "silu", "softplus", "elu" };
    for (size_t c = 0; c < sizeof underflows / sizeof underflows[0]; c++) {
        activ_fn *fn = create(underflows[c]);
        const float x = -1000.0f, dy = INFINITY, zero = 0.0f;
        float dx = 0.0f;
        assert_int_equal(activ_backward(fn, NULL, 1, &x, &dy, &dx, NULL), ACTIV_OK);
        assert_true(isnan(dx));
        assert_int_equal(activ_backward(fn, NULL, 1, &x, &zero, &dx, NULL), ACTIV_OK);
        assert_true(dx == 0.0f);
        activ_fn_destroy(fn);
    }
}

/* The same of trained scalars: no gradient where the branch that has the scalar is not taken. */
static void test_flat_gradients(void **state)
{
    (void)state;
    enum { N = 37 };
    static const char *const specs[] = { "prelu", "prelu(num_parameters=2)", "gated(prelu)", "trainable_elu",
                                         "trainable_elu(num_parameters=2)" };
    for (size_t c = 0; c < sizeof specs / sizeof specs[0]; c++) {
        activ_fn *fn = create(specs[c]);
        float x[2 * N], dy[2 * N], dx[2 * N], ones[2 * N], sums[2] = { 0.0f, 0.0f };
        for (size_t i = 0; i < 2 * N; i++) {
            x[i] = i % 4 == 3 ? -0.5f : 1.5f;
            dy[i] = i % 4 == 3 ? 2.0f : i % 3 ? INFINITY : NAN;
            ones[i] = 1.0f;
        }
        activ_status status;
        if (activ_fn_function_count(fn) > 0)
            status =
                activ_backward_gated(fn, NULL, 1, 2 * N, ones, 2 * N, x, 2 * N, dy, 2 * N, NULL, 0, dx, 2 * N, sums);
        else if (activ_fn_channels(fn) > 1)
            status = activ_backward_channels(fn, NULL, 1, 2, N, x, dy, dx, sums);
        else
            status = activ_backward(fn, NULL, 2 * N, x, dy, dx, sums);
        assert_int_equal(status, ACTIV_OK);
        for (size_t k = 0; k < activ_fn_param_count(fn); k++)
            if (!isfinite(sums[k]) || sums[k] == 0.0f)
                fail_msg("%s: gradient %g", specs[c], (double)sums[k]);
        activ_fn_destroy(fn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_flat_gradients),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_numbers_survive),
        cmocka_unit_test(test_ties_survive),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_misaligned),
        cmocka_unit_test(test_size_overflow),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_context_may_go),
        cmocka_unit_test(test_rrelu_training),
        cmocka_unit_test(test_training_of_the_others),
        cmocka_unit_test(test_rounding_of_formulas),
        cmocka_unit_test(test_floating_point_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
