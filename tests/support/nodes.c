/* Values of expressions: see nodes.h. */
#include "support/nodes.h"

#include <stdlib.h>
#include <string.h>

enum { F, SLOPE, GRADIENT };

int nodes_open(nodes *n, const activ_fn *fn)
{
    memset(n, 0, sizeof *n);
    n->param_count = activ_fn_param_count(fn);
    if (activ_expression_create(fn, &n->expression, &n->message) != ACTIV_OK)
        return -1;
    n->program = ref_program_create(fn, 1, &n->message);
    n->count = activ_expression_count(n->expression);
    n->info = calloc(n->count, sizeof *n->info);
    n->in_mpfr = calloc(n->count, sizeof *n->in_mpfr);
    n->params = calloc(n->param_count + 1, sizeof *n->params);
    n->spare = calloc(n->param_count + REF_ROOT_GRADIENT, sizeof *n->spare);
    if (!n->program || !n->info || !n->in_mpfr || !n->params || !n->spare)
        return -1;
    for (size_t i = 0; i < n->count; i++) {
        n->info[i].size = sizeof n->info[i];
        (void)activ_expression_operation(n->expression, i, &n->info[i]);
        mpfr_init2(n->in_mpfr[i], NODES_PRECISION);
    }
    return 0;
}

void nodes_close(nodes *n)
{
    for (size_t i = 0; i < n->count; i++)
        mpfr_clear(n->in_mpfr[i]);
    free(n->info);
    free(n->in_mpfr);
    free(n->params);
    free(n->spare);
    ref_program_destroy(n->program);
    activ_expression_destroy(n->expression);
}

void nodes_in_double(nodes *n, double x, const float *params, double *values)
{
    double addends, **out = n->spare;
    for (size_t k = 0; k < n->param_count; k++) {
        n->params[k] = (double)params[k];
        out[REF_ROOT_GRADIENT + k] = &values[GRADIENT + k];
    }
    out[REF_ROOT_F] = &values[F];
    out[REF_ROOT_D] = &values[SLOPE];
    out[REF_ROOT_ADDENDS] = &addends;
    ref_program_run(n->program, n->params, 1, &x, out);
}

static void value_in_mpfr(mpfr_t out, int32_t operation, mpfr_srcptr a, mpfr_srcptr b, mpfr_srcptr c)
{
    switch (operation) {
    case ACTIV_OPERATION_NEG:
        mpfr_neg(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ABS:
        mpfr_abs(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SQRT:
        mpfr_sqrt(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SIGN:
        if (mpfr_nan_p(a))
            mpfr_set_nan(out);
        else
            mpfr_set_si(out, mpfr_sgn(a), MPFR_RNDN);
        break;
    case ACTIV_OPERATION_NOT:
        mpfr_set_si(out, mpfr_zero_p(a), MPFR_RNDN);
        break;
    case ACTIV_OPERATION_EXP:
        mpfr_exp(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_EXPM1:
        mpfr_expm1(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_LOG:
        mpfr_log(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_LOG1P:
        mpfr_log1p(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SIN:
        mpfr_sin(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_COS:
        mpfr_cos(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_TAN:
        mpfr_tan(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SINH:
        mpfr_sinh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_COSH:
        mpfr_cosh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ATAN:
        mpfr_atan(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ASINH:
        mpfr_asinh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ERF:
        mpfr_erf(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ERFC:
        mpfr_erfc(out, a, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_GAUSS:
        mpfr_sqr(out, a, MPFR_RNDN);
        mpfr_neg(out, out, MPFR_RNDN);
        mpfr_exp(out, out, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_ADD:
        mpfr_add(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SUB:
        mpfr_sub(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_SCALE:
        if (mpfr_zero_p(a)) {
            mpfr_set_zero(out, 1);
            break;
        }
        mpfr_mul(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_MUL:
        mpfr_mul(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_DIV:
        mpfr_div(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_MIN:
        mpfr_set(out, mpfr_less_p(a, b) ? a : b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_MAX:
        mpfr_set(out, mpfr_greater_p(a, b) ? a : b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_LT:
        mpfr_set_si(out, mpfr_less_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_LE:
        mpfr_set_si(out, mpfr_lessequal_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_EQ:
        mpfr_set_si(out, mpfr_equal_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_AND:
        mpfr_set_si(out, !mpfr_zero_p(a) && !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case ACTIV_OPERATION_OR:
        mpfr_set_si(out, !mpfr_zero_p(a) || !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case ACTIV_OPERATION_POW:
        mpfr_pow(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OPERATION_WHERE:
        mpfr_set(out, mpfr_zero_p(a) ? c : b, MPFR_RNDN);
        break;
    default:
        mpfr_set_nan(out);
        break;
    }
}

static double root_of(nodes *n, size_t index)
{
    return mpfr_get_d(n->in_mpfr[index], MPFR_RNDN);
}

void nodes_in_mpfr(nodes *n, double x, const float *params, double *values)
{
    for (size_t i = 0; i < n->count; i++) {
        const activ_operation_info *o = &n->info[i];
        const int32_t *operands = o->operands;
        if (o->operation == ACTIV_OPERATION_CONSTANT)
            mpfr_set_d(n->in_mpfr[i], o->number, MPFR_RNDN);
        else if (o->operation == ACTIV_OPERATION_X)
            mpfr_set_d(n->in_mpfr[i], x, MPFR_RNDN);
        else if (o->operation == ACTIV_OPERATION_PARAM)
            mpfr_set_d(n->in_mpfr[i], (double)params[(size_t)o->number], MPFR_RNDN);
        else
            value_in_mpfr(n->in_mpfr[i], o->operation, n->in_mpfr[operands[0]],
                          o->operand_count > 1 ? n->in_mpfr[operands[1]] : NULL,
                          o->operand_count > 2 ? n->in_mpfr[operands[2]] : NULL);
    }
    values[F] = root_of(n, activ_expression_value(n->expression));
    values[SLOPE] = root_of(n, activ_expression_derivative(n->expression));
    for (size_t k = 0; k < n->param_count; k++)
        values[GRADIENT + k] = root_of(n, activ_expression_gradient(n->expression, k));
}
