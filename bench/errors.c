/* See errors.h. */
#include "errors.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <activ/activ.h>

#include "reference/reference.h"

_Static_assert((int)TALLY_FORWARD == (int)BENCH_FORWARD && (int)TALLY_DERIVATIVE == (int)BENCH_BACKWARD,
               "one number for a direction");

enum { MOST = 8 };

const char *const errors_ranges[ERRORS_RANGES] = { "normal", "tail" };

/* Both signs of it. A range has inputs of its own number, evenly spread over its float32 numbers: a sample of all would
 * be mostly tiny numbers. */
static const struct {
    float low, high;
    int range, blocks;
} parts[] = {
    { 0.0f, 0x1.fffffep-101f, ERRORS_TAIL, 8 }, { 0x1p-100f, 0x1.fffffep-13f, ERRORS_NORMAL, 16 },
    { 0x1p-12f, 4.0f, ERRORS_NORMAL, 64 },      { 0x1.000002p2f, 128.0f, ERRORS_TAIL, 32 },
    { 0x1.000002p7f, FLT_MAX, ERRORS_TAIL, 8 },
};
enum { PARTS = sizeof parts / sizeof parts[0] };

typedef struct {
    ref_function reference;
    ref_values want;
    bench_arrays arrays;
    bench_job *jobs[MOST][2];
    int count;
} run_state;

static _Alignas(64) float x[REF_BLOCK], y[REF_BLOCK], dy[REF_BLOCK], out[REF_BLOCK];

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Rising, a step apart, but somewhere in the step: equal steps would meet few of the patterns of low bits. */
static void fill_block(int part, int block, float sign)
{
    const uint32_t count = (uint32_t)(parts[part].blocks * REF_BLOCK);
    const uint32_t low = bits_of(parts[part].low), high = bits_of(parts[part].high), step = (high - low) / count;
    for (uint32_t k = 0; k < REF_BLOCK; k++) {
        const uint32_t i = (uint32_t)block * REF_BLOCK + k;
        uint32_t bits = low + i * step + (step > 0 ? i * 2654435769u % step : 0);
        if (i == count - 1)
            bits = high;
        memcpy(&x[k], &bits, sizeof bits);
        x[k] *= sign;
    }
}

static void add_block(run_state *s, int range, peer_errors *errors)
{
    ref_evaluate(&s->reference, REF_BLOCK, x, &s->want);
    for (int c = 0; c < s->count; c++)
        for (int d = 0; d < 2; d++) {
            bench_job *job = s->jobs[c][d];
            if (!job)
                continue;
            job->run(job);
            tally_block(&errors[c].sum[d][range], d, s->reference.entry, &s->want, REF_BLOCK, x, job->result);
            if (d == BENCH_FORWARD)
                memcpy(y, job->result, sizeof y);
        }
}

static void prepare(run_state *s, const char *function, const bench_peer *const *contenders, peer_errors *errors)
{
    for (int c = 0; c < s->count; c++)
        for (int d = 0; d < 2; d++) {
            s->jobs[c][d] = contenders[c]->prepare(function, d, &s->arrays);
            errors[c].has[d] = s->jobs[c][d] != NULL;
        }
}

static void finish(run_state *s)
{
    for (int c = 0; c < s->count; c++)
        for (int d = 0; d < 2; d++)
            if (s->jobs[c][d])
                s->jobs[c][d]->finish(s->jobs[c][d]);
}

int errors_measure(const char *function, const bench_peer *const *contenders, int count, peer_errors *errors)
{
    static run_state state;
    activ_fn *fn = NULL;
    memset(errors, 0, (size_t)count * sizeof *errors);
    state.count = count;
    state.arrays = (bench_arrays){ .n = REF_BLOCK, .x = x, .dy = dy, .y = y, .out = out };
    if (count > MOST || activ_fn_create(NULL, function, &fn) != ACTIV_OK || ref_open(&state.reference, fn, NULL) != 0) {
        fprintf(stderr, "%s has no reference\n", function);
        activ_fn_destroy(fn);
        return 0;
    }
    for (size_t i = 0; i < REF_BLOCK; i++)
        dy[i] = 1.0f;
    prepare(&state, function, contenders, errors);
    for (int part = 0; part < PARTS; part++)
        for (int block = 0; block < 2 * parts[part].blocks; block++) {
            fill_block(part, block / 2, block % 2 ? -1.0f : 1.0f);
            add_block(&state, parts[part].range, errors);
        }
    finish(&state);
    ref_close(&state.reference);
    activ_fn_destroy(fn);
    return 1;
}

static void write_one(char *text, size_t size, const tally *t)
{
    if (t->broken > 0)
        snprintf(text, size, "%s", isnan(t->broken_got) ? "NaN" : "inf");
    else if (t->worst > 1e6)
        snprintf(text, size, ">1e6");
    else if (t->worst >= 10.0)
        snprintf(text, size, "%.0f", ceil(t->worst));
    else
        snprintf(text, size, "%.2f", fabs(ceil(t->worst * 100.0 - 1e-9)) / 100.0);
}

void errors_write_text(char *text, size_t size, const peer_errors *errors, int direction)
{
    char normal[16], tail[16];
    write_one(normal, sizeof normal, &errors->sum[direction][ERRORS_NORMAL]);
    write_one(tail, sizeof tail, &errors->sum[direction][ERRORS_TAIL]);
    snprintf(text, size, "%s / %s", normal, tail);
}

void errors_write_json(FILE *file, const peer_errors *errors, int direction)
{
    for (int range = 0; range < ERRORS_RANGES; range++) {
        fprintf(file, "%s\"%s\": {", range ? ", " : "", errors_ranges[range]);
        tally_print_json(file, &errors->sum[direction][range]);
        putc('}', file);
    }
}
