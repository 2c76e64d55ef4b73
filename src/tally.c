/* Errors in ulp: see tally.h. */
#include "tally.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

/* 1/ulp(size) = 2^(23 - floor(log2 size)), at most 2^149. */
static inline double per_ulp(double size)
{
    uint64_t bits;
    size = size < 0x1p-126 ? 0x1p-126 : size;
    memcpy(&bits, &size, sizeof bits);
    bits = ((uint64_t)(2046 + 23) << 52) - (bits & (uint64_t)0x7ff << 52);
    memcpy(&size, &bits, sizeof bits);
    return size;
}

static inline double per_unit(int direction, const ref_entry *entry, const ref_values *want, size_t i)
{
    if (entry->series)
        return 1.0 / (direction == TALLY_FORWARD ? want->f_unit[i] : want->d_unit[i]);
    if (direction == TALLY_FORWARD)
        return per_ulp(fabs(want->f[i]));
    double size = fabs(want->d[i]), addends = want->addends[i];
    return per_ulp(size < addends / 2.0 ? addends : size);
}

static int smaller(float a, float b)
{
    return fabsf(a) < fabsf(b) || (fabsf(a) == fabsf(b) && a < b);
}

/* An error at x, than the worst so far at its x. */
static int is_worse(double error, float x, double worst, float worst_x)
{
    return error > worst || (error == worst && error > 0.0 && smaller(x, worst_x));
}

static void record_worst(tally *t, double error, float x, float got, double want)
{
    if (!is_worse(error, x, t->worst, t->worst_x))
        return;
    t->worst = error;
    t->worst_x = x;
    t->worst_got = got;
    t->worst_want = want;
}

static void record_broken(tally *t, float x, float got, double want)
{
    if (t->broken++ > 0 && !smaller(x, t->broken_x))
        return;
    t->broken_x = x;
    t->broken_got = got;
    t->broken_want = want;
}

static void record_special(tally *t, float x, float got, double want)
{
    int which = isnan(x) ? TALLY_NAN : x > 0.0f ? TALLY_INFINITY : TALLY_MINUS_INFINITY;
    t->special[which]++;
    if (isnan(want) ? isnan(got) : got == (float)want)
        return;
    t->special_wrong[which]++;
    t->special_got[which] = got;
}

static const double *errors_of_reference(int direction, const ref_values *want)
{
    return direction == TALLY_FORWARD ? want->f_error : want->d_error;
}

/* What a formula's reference may be off by, at most, in units. */
#define JUDGED (1.0 / 64)

/* Of a formula at a finite input: is it to be judged? What is not, and what cancels, is counted. */
static int look_at_formula(tally *t, double error, double unit_per, double want, float x, float got)
{
    if (!(error * unit_per <= JUDGED)) {
        if (t->open++ == 0 || smaller(x, t->open_x))
            t->open_x = x;
        return 0;
    }
    const double own = per_ulp(fabs(want));
    if (unit_per >= own || !isfinite(got))
        return 1;
    t->cancels++;
    const double off = fabs((double)got - want) * own;
    if (error * own <= JUDGED * fmax(off, 1.0) && is_worse(off, x, t->cancels_worst, t->cancels_x)) {
        t->cancels_worst = off;
        t->cancels_x = x;
    }
    return 1;
}

/* One element at a time, all cases. */
static void tally_elements(tally *t, int direction, const ref_entry *entry, const ref_values *want, size_t n,
                           const float *x, const float *got)
{
    const double *values = direction == TALLY_FORWARD ? want->f : want->d;
    for (size_t i = 0; i < n; i++) {
        double w = values[i];
        if (!isfinite(x[i])) {
            if (!entry->is_formula || isnan(x[i]))
                record_special(t, x[i], got[i], w);
            continue;
        }
        if (entry->is_formula && !look_at_formula(t, errors_of_reference(direction, want)[i],
                                                  per_unit(direction, entry, want, i), w, x[i], got[i]))
            continue;
        float nearest = (float)w;
        t->count++;
        t->rounded += got[i] == nearest;
        if (!isfinite(nearest) || !isfinite(got[i])) {
            if (got[i] != nearest)
                record_broken(t, x[i], got[i], w);
            continue;
        }
        record_worst(t, fabs((double)got[i] - w) * per_unit(direction, entry, want, i), x[i], got[i], w);
    }
}

/* Errors of a block in `errors`, the largest in *worst, the number of correctly rounded results in *rounded. 0 if
 * there are infinities or NaN, which this does not handle. In lanes, so that the compiler vectorizes it. */
static inline int errors_of(int direction, const ref_entry *entry, const ref_values *want, size_t n, const float *x,
                            const float *got, double *errors, double *worst, uint64_t *rounded)
{
    const double *values = direction == TALLY_FORWARD ? want->f : want->d;
    double largest[LANES] = { 0 }, not_finite[LANES] = { 0 };
    int32_t same[LANES] = { 0 };
    for (size_t i = 0; i < n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            size_t k = i + j;
            double w = values[k], g = (double)got[k], nearest = (double)(float)w;
            double e = fabs(g - w) * per_unit(direction, entry, want, k);
            errors[k] = e;
            largest[j] = e > largest[j] ? e : largest[j];
            /* 0 if all three are finite, else NaN */
            not_finite[j] += ((double)x[k] - (double)x[k]) + (g - g) + (nearest - nearest);
            same[j] += g == nearest;
        }
    double sum = 0.0;
    *worst = 0.0;
    *rounded = 0;
    for (size_t j = 0; j < LANES; j++) {
        *worst = largest[j] > *worst ? largest[j] : *worst;
        sum += not_finite[j];
        *rounded += (uint64_t)same[j];
    }
    return sum == 0.0;
}

void tally_block(tally *t, int direction, const ref_entry *entry, const ref_values *want, size_t n, const float *x,
                 const float *got)
{
    double errors[REF_BLOCK], worst;
    uint64_t rounded;
    int is_fast = n % LANES == 0 && !entry->series;
    /* Two calls, so that each is compiled for its constant direction. */
    if (is_fast && direction == TALLY_FORWARD)
        is_fast = errors_of(TALLY_FORWARD, entry, want, n, x, got, errors, &worst, &rounded);
    else if (is_fast)
        is_fast = errors_of(TALLY_DERIVATIVE, entry, want, n, x, got, errors, &worst, &rounded);
    if (!is_fast) {
        tally_elements(t, direction, entry, want, n, x, got);
        return;
    }
    t->count += n;
    t->rounded += rounded;
    if (worst == 0.0 || worst < t->worst)
        return;
    const double *values = direction == TALLY_FORWARD ? want->f : want->d;
    for (size_t i = 0; i < n; i++)
        if (errors[i] == worst)
            record_worst(t, worst, x[i], got[i], values[i]);
}

void tally_merge(tally *into, const tally *from)
{
    into->count += from->count;
    into->rounded += from->rounded;
    record_worst(into, from->worst, from->worst_x, from->worst_got, from->worst_want);
    if (from->open > 0 && (into->open == 0 || smaller(from->open_x, into->open_x)))
        into->open_x = from->open_x;
    into->open += from->open;
    into->cancels += from->cancels;
    if (is_worse(from->cancels_worst, from->cancels_x, into->cancels_worst, into->cancels_x)) {
        into->cancels_worst = from->cancels_worst;
        into->cancels_x = from->cancels_x;
    }
    if (from->broken > 0) {
        uint64_t sum = into->broken + from->broken;
        record_broken(into, from->broken_x, from->broken_got, from->broken_want);
        into->broken = sum;
    }
    for (int k = 0; k < TALLY_SPECIALS; k++) {
        into->special[k] += from->special[k];
        if (from->special_wrong[k] == 0)
            continue;
        into->special_wrong[k] += from->special_wrong[k];
        into->special_got[k] = from->special_got[k];
    }
}

int tally_holds(const tally *t, double bound)
{
    uint64_t wrong = t->broken;
    for (int k = 0; k < TALLY_SPECIALS; k++)
        wrong += t->special_wrong[k];
    return wrong == 0 && t->worst <= bound;
}

double tally_share(const tally *t)
{
    double percent = t->count > 0 ? 100.0 * (double)t->rounded / (double)t->count : 0.0;
    return floor(percent * 1e4) / 1e4;
}

void tally_write_ulp(char *text, size_t size, double ulp)
{
    if (ulp >= 1e7)
        snprintf(text, size, "%.3e", ulp);
    else
        snprintf(text, size, "%.3f", fabs(ceil(ulp * 1000.0 - 1e-9)) / 1000.0);
}

/* JSON has no NaN and no infinity. */
static void print_json_number(FILE *out, const char *name, double value)
{
    if (isfinite(value))
        fprintf(out, ", \"%s\": %.9g", name, value);
    else
        fprintf(out, ", \"%s\": \"%s\"", name, isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

void tally_print_json(FILE *out, const tally *t)
{
    static const char *const names[] = { "at_minus_infinity", "at_infinity", "at_nan" };
    fprintf(out, "\"inputs\": %llu", (unsigned long long)t->count);
    print_json_number(out, "max_ulp", t->worst);
    print_json_number(out, "at", (double)t->worst_x);
    fprintf(out, ", \"at_hex\": \"%a\"", (double)t->worst_x);
    print_json_number(out, "got", (double)t->worst_got);
    print_json_number(out, "expected", t->worst_want);
    fprintf(out, ", \"rounded_percent\": %.4f, \"not_finite\": %llu", tally_share(t), (unsigned long long)t->broken);
    if (t->broken > 0) {
        print_json_number(out, "not_finite_at", (double)t->broken_x);
        print_json_number(out, "not_finite_got", (double)t->broken_got);
    }
    for (int i = 0; i < TALLY_SPECIALS; i++)
        if (t->special_wrong[i] > 0)
            print_json_number(out, names[i], (double)t->special_got[i]);
    if (t->open > 0) {
        fprintf(out, ", \"not_judged\": %llu", (unsigned long long)t->open);
        print_json_number(out, "not_judged_at", (double)t->open_x);
    }
    if (t->cancels > 0) {
        fprintf(out, ", \"cancels\": %llu", (unsigned long long)t->cancels);
        print_json_number(out, "cancels_max_ulp", t->cancels_worst);
        print_json_number(out, "cancels_at", (double)t->cancels_x);
    }
}
