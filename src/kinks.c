/* Where a function has kinks: a jump of f' or f between two of many points is followed by bisection. Of a smooth
 * function nothing is left of it between neighbouring floats; at a kink all of it is. */
#include <math.h>

#include <activ/activ.h>

#include "commands.h"

enum { INTERVALS = 4096, BISECTIONS = 60 };

typedef struct {
    float x, f, slope;
} point;

static int evaluate(const activ_fn *fn, double x, point *p)
{
    const float one = 1.0f;
    p->x = (float)x;
    return activ_forward(fn, NULL, 1, &p->x, &p->f) == ACTIV_OK &&
           activ_backward(fn, NULL, 1, &p->x, &one, &p->slope, NULL) == ACTIV_OK && isfinite(p->f) &&
           isfinite(p->slope);
}

/* What f changes by between a and b, beyond what its slope would have it. */
static double jump_of_value(const point *a, const point *b)
{
    const double steepest = fmax(fabs((double)a->slope), fabs((double)b->slope));
    return fabs((double)b->f - (double)a->f) - 2.0 * steepest * ((double)b->x - (double)a->x);
}

static double jump_of_slope(const point *a, const point *b)
{
    return fabs((double)b->slope - (double)a->slope);
}

typedef double jump(const point *a, const point *b);

/* Narrows [a, b] down to where most of the jump is. */
static int bisect(const activ_fn *fn, jump *measure, point *a, point *b)
{
    for (int i = 0; i < BISECTIONS; i++) {
        point middle;
        const double x = 0.5 * ((double)a->x + (double)b->x);
        if ((float)x <= a->x || (float)x >= b->x)
            break;
        if (!evaluate(fn, x, &middle))
            return 0;
        if (measure(a, &middle) >= measure(&middle, b))
            *b = middle;
        else
            *a = middle;
    }
    return 1;
}

static int is_kink(const activ_fn *fn, jump *measure, point a, point b, double scale, double *x)
{
    const double least = 1e-3 * (0.01 + scale), before = measure(&a, &b);
    if (before < least || !bisect(fn, measure, &a, &b) || measure(&a, &b) < fmax(least, 0.25 * before))
        return 0;
    *x = 0.5 * ((double)a.x + (double)b.x);
    return 1;
}

size_t find_kinks(const activ_fn *fn, double low, double high, kink *kinks, size_t room)
{
    /* Off from round numbers, where kinks are: each is inside of an interval then. */
    const double width = (high - low) / INTERVALS, start = low - 0.37 * width;
    size_t count = 0;
    point last, next;
    int is_whole = evaluate(fn, start, &last);
    for (int i = 1; i <= INTERVALS + 1 && count < room; i++) {
        const int was_whole = is_whole;
        double x;
        is_whole = evaluate(fn, start + width * (double)i, &next);
        if (was_whole && is_whole) {
            const double values = fabs((double)last.f) + fabs((double)next.f);
            const double slopes = fabs((double)last.slope) + fabs((double)next.slope);
            if (is_kink(fn, jump_of_value, last, next, values, &x))
                kinks[count++] = (kink){ x, 1 };
            else if (is_kink(fn, jump_of_slope, last, next, slopes, &x))
                kinks[count++] = (kink){ x, 0 };
        }
        last = next;
    }
    return count;
}
