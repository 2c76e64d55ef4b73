/* Functions as lists of operations (activ/expression.h). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "activ/activ.h"

static activ_expression *expression_of(const char *spec)
{
    activ_fn *fn = NULL;
    activ_expression *e = NULL;
    activ_message message;
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK ||
        activ_expression_create(fn, &e, &message) != ACTIV_OK)
        fail_msg("%s: %s", spec, message.text);
    activ_fn_destroy(fn); /* which the expression does not need */
    return e;
}

static activ_operation_info operation(const activ_expression *e, size_t index)
{
    activ_operation_info info = ACTIV_OPERATION_INFO_INIT;
    assert_int_equal(activ_expression_operation(e, index, &info), ACTIV_OK);
    return info;
}

/* What a program outside of the library makes of it: f as a text. */
static void print(const activ_expression *e, size_t index, char *text, size_t size)
{
    const activ_operation_info o = operation(e, index);
    char operands[3][256] = { "", "", "" };
    for (int k = 0; k < o.operand_count; k++)
        print(e, (size_t)o.operands[k], operands[k], sizeof operands[k]);
    if (o.operation == ACTIV_OPERATION_CONSTANT)
        snprintf(text, size, "%g", o.number);
    else if (o.operation == ACTIV_OPERATION_PARAM)
        snprintf(text, size, "p%g", o.number);
    else if (o.operand_count == 0)
        snprintf(text, size, "%s", o.name);
    else
        snprintf(text, size, "%s(%.60s%s%.60s%s%.60s)", o.name, operands[0], o.operand_count > 1 ? "," : "",
                 operands[1], o.operand_count > 2 ? "," : "", operands[2]);
}

static void check_text(const char *spec, const char *f, const char *slope)
{
    char text[256];
    activ_expression *e = expression_of(spec);
    print(e, activ_expression_value(e), text, sizeof text);
    assert_string_equal(text, f);
    print(e, activ_expression_derivative(e), text, sizeof text);
    assert_string_equal(text, slope);
    activ_expression_destroy(e);
}

static void test_texts(void **state)
{
    (void)state;
    check_text("x^2", "mul(x,x)", "mul(x,2)");
    check_text("where(x > 0, exp(x), x)", "where(lt(0,x),exp(x),x)", "where(lt(0,x),exp(x),1)");
    check_text("relu", "max(x,0)", "lt(0,x)");
    check_text("leaky_relu(negative_slope=0.5)", "where(lt(0,x),x,mul(x,0.5))", "where(lt(0,x),1,0.5)");
    check_text("derivative(x^3)", "mul(mul(x,x),3)", "mul(x,6)");
    check_text("x*b*c; b=2, fixed c=3", "mul(mul(x,p0),3)", "mul(3,p0)");
    check_text("sin(x)", "sin(x)", "cos(x)");
    check_text("elu(x, alpha=a); a=1", "where(lt(0,x),x,mul(expm1(x),p0))", "where(lt(0,x),1,mul(exp(x),p0))");
}

static double value_of(const activ_operation_info *o, const double *v, double x, const float *params)
{
    const double a = o->operand_count > 0 ? v[o->operands[0]] : 0.0, b = o->operand_count > 1 ? v[o->operands[1]] : 0.0;
    switch (o->operation) {
    case ACTIV_OPERATION_CONSTANT:
        return o->number;
    case ACTIV_OPERATION_X:
        return x;
    case ACTIV_OPERATION_PARAM:
        return (double)params[(size_t)o->number];
    case ACTIV_OPERATION_NEG:
        return -a;
    case ACTIV_OPERATION_EXP:
        return exp(a);
    case ACTIV_OPERATION_ADD:
        return a + b;
    case ACTIV_OPERATION_SUB:
        return a - b;
    case ACTIV_OPERATION_MUL:
        return a * b;
    case ACTIV_OPERATION_SCALE:
        return a == 0.0 ? 0.0 : a * b;
    case ACTIV_OPERATION_DIV:
        return a / b;
    case ACTIV_OPERATION_LE:
        return a <= b;
    case ACTIV_OPERATION_LT:
        return a < b;
    case ACTIV_OPERATION_WHERE:
        return a != 0.0 ? b : v[o->operands[2]];
    default:
        fail_msg("%s is not expected here", o->name);
        return 0.0;
    }
}

/* The header's loop; each operand is before its user, and the gradients are there. */
static void test_loop(void **state)
{
    (void)state;
    activ_fn *fn;
    const float params[2] = { 0.75f, 1.5f }, x = -0.625f, one = 1.0f;
    float y, dx, dparams[2] = { 0.0f, 0.0f };
    double v[256];
    assert_int_equal(activ_fn_create(NULL, "a*x*sigmoid(b*x); a=1, b=1.702", &fn), ACTIV_OK);
    assert_int_equal(activ_forward(fn, params, 1, &x, &y), ACTIV_OK);
    assert_int_equal(activ_backward(fn, params, 1, &x, &one, &dx, dparams), ACTIV_OK);
    activ_expression *e;
    assert_int_equal(activ_expression_create(fn, &e, NULL), ACTIV_OK);
    activ_fn_destroy(fn);
    assert_in_range(activ_expression_count(e), 5, 256);
    for (size_t i = 0; i < activ_expression_count(e); i++) {
        const activ_operation_info o = operation(e, i);
        assert_in_range(o.operand_count, 0, 3);
        for (int k = 0; k < o.operand_count; k++)
            assert_true(o.operands[k] >= 0 && (size_t)o.operands[k] < i);
        v[i] = value_of(&o, v, (double)x, params);
    }
    assert_true(fabs(v[activ_expression_value(e)] - (double)y) <= 1e-6);
    assert_true(fabs(v[activ_expression_derivative(e)] - (double)dx) <= 1e-6);
    for (size_t k = 0; k < 2; k++)
        assert_true(fabs(v[activ_expression_gradient(e, k)] - (double)dparams[k]) <= 1e-6);
    assert_true(activ_expression_gradient(e, 2) == SIZE_MAX);
    activ_expression_destroy(e);
}

/* Of every function of the catalog that can have one. */
static void test_catalog(void **state)
{
    (void)state;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    size_t found = 0;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        activ_fn *fn;
        activ_expression *e = NULL;
        activ_message message = { "" };
        assert_int_equal(activ_fn_create(NULL, info.name, &fn), ACTIV_OK);
        const int is_open = info.shape == ACTIV_SHAPE_ELEMENTWISE && activ_fn_function_count(fn) == 0;
        const activ_status status = activ_expression_create(fn, &e, &message);
        if (status != (is_open ? ACTIV_OK : ACTIV_ERROR_UNSUPPORTED))
            fail_msg("%s: %s", info.name, message.text);
        if (!is_open)
            assert_true(e == NULL && strstr(message.text, info.name) != NULL);
        found += is_open != 0;
        activ_expression_destroy(e);
        activ_fn_destroy(fn);
    }
    assert_true(found > 30);
}

static void do_nothing(void *user, const float *params, size_t n, const float *x, float *y)
{
    (void)user, (void)params, (void)n, (void)x, (void)y;
}

static void do_nothing_back(void *user, const float *params, size_t n, const float *x, const float *dy, float *dx,
                            double *sums)
{
    (void)user, (void)params, (void)n, (void)x, (void)dy, (void)dx, (void)sums;
}

static void test_refusals(void **state)
{
    (void)state;
    activ_fn *fn;
    activ_expression *e = NULL;
    activ_message message;
    activ_fn_callbacks callbacks = ACTIV_FN_CALLBACKS_DEFAULTS;
    callbacks.forward = do_nothing;
    callbacks.backward = do_nothing_back;
    assert_int_equal(activ_fn_create_custom(NULL, "mine", &callbacks, NULL, &fn), ACTIV_OK);
    assert_int_equal(activ_expression_create(fn, &e, &message), ACTIV_ERROR_UNSUPPORTED);
    assert_non_null(strstr(message.text, "mine"));
    activ_fn_destroy(fn);
    assert_int_equal(activ_fn_create(NULL, "staf(tau=100)", &fn), ACTIV_OK);
    assert_int_equal(activ_expression_create(fn, &e, &message), ACTIV_ERROR_RANGE);
    assert_non_null(strstr(message.text, "256 parameters"));
    activ_fn_destroy(fn);
    assert_int_equal(activ_expression_create(NULL, &e, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_expression_create(activ_fn_default("relu"), NULL, NULL), ACTIV_ERROR_INVALID);
    assert_null(e);

    assert_int_equal(activ_expression_count(NULL), 0);
    assert_true(activ_expression_value(NULL) == SIZE_MAX && activ_expression_derivative(NULL) == SIZE_MAX);
    assert_true(activ_expression_gradient(NULL, 0) == SIZE_MAX);
    activ_expression_destroy(NULL);
    activ_operation_info info = ACTIV_OPERATION_INFO_INIT;
    e = expression_of("relu");
    assert_int_equal(activ_expression_operation(e, activ_expression_count(e), &info), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_expression_operation(NULL, 0, &info), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_expression_operation(e, 0, NULL), ACTIV_ERROR_INVALID);
    info.size = 0;
    assert_int_equal(activ_expression_operation(e, 0, &info), ACTIV_ERROR_INVALID);
    activ_expression_destroy(e);
}

/* Parameters per channel: those of one. */
static void test_channels(void **state)
{
    (void)state;
    check_text("prelu(num_parameters=3)", "where(lt(0,x),x,mul(x,p0))", "where(lt(0,x),1,p0)");
    activ_expression *e = expression_of("prelu(num_parameters=3)");
    assert_true(activ_expression_gradient(e, 0) < activ_expression_count(e));
    assert_true(activ_expression_gradient(e, 1) == SIZE_MAX);
    activ_expression_destroy(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_loop),     cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
