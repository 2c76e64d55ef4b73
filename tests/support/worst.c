#include "support/worst.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SHOWN = 4 };

void judge(worst *w, const char *what, const char *spec, double x, double got, double want, double allowed)
{
    const double error = (isnan(want) ? isnan(got) : got == want) ? 0.0 : fabs(got - want) / allowed;
    if (!(error <= w->error)) {
        w->error = error;
        w->x = x;
    }
    if (error <= 1.0)
        return;
    if (w->failures++ < SHOWN)
        print_error("%s, %s at %a (%.9g): %.17g, expected %.17g, %.3g times the allowed error\n", spec, what, x, x, got,
                    want, error);
}
