/* Functions under test: see subject.h. */
#include "functions/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void subject_open(subject *s, const char *spec, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->spec = spec;
    if (activ_fn_create(NULL, spec, &s->fn) != ACTIV_OK)
        fail_msg("%s: refused", spec);
    s->info.size = sizeof s->info;
    assert_int_equal(activ_fn_info_of(s->fn, &s->info), ACTIV_OK);
    s->param_count = activ_fn_param_count(s->fn);
    s->params = calloc(s->param_count + 1, sizeof *s->params);
    s->value.gradient = calloc(s->param_count + 1, sizeof *s->value.gradient);
    s->value.gradient_absolute = calloc(s->param_count + 1, sizeof *s->value.gradient);
    assert_true(s->params != NULL && s->value.gradient != NULL && s->value.gradient_absolute != NULL);
    assert_int_equal(activ_fn_param_init(s->fn, seed, s->params), ACTIV_OK);
    if (ref_open(&s->ref, s->fn, s->params) != 0)
        fail_msg("%s: no entry in src/reference", spec);
    s->mpfr = reference_of(s->info.name);
    if (s->mpfr == NULL)
        fail_msg("%s: no reference in tests/functions/reference.c", spec);
}

void subject_close(subject *s)
{
    ref_close(&s->ref);
    activ_fn_destroy(s->fn);
    free(s->params);
    free(s->value.gradient);
    free(s->value.gradient_absolute);
}

const reference_value *subject_at(subject *s, float x)
{
    s->mpfr->evaluate(&s->ref.args, x, &s->value);
    return &s->value;
}
