/* Values of nodes: see nodes.h. */
#include "support/nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fn/fn.h"

/* ---- reading ------------------------------------------------------------------------------------------- */

static const activ_fn_definition *find(activ_slice name, const char **meant)
{
    const activ_fn_entry *entry = activ_fn_is_in_catalog(name) ? activ_fn_find(name, NULL) : NULL;
    if (meant)
        *meant = NULL;
    return entry && entry->shape == ACTIV_SHAPE_ELEMENTWISE ? entry->definition : NULL;
}

int nodes_open(nodes *n, const activ_fn *fn)
{
    memset(n, 0, sizeof *n);
    n->f.host = fn->host;
    n->f.kernels = activ_kernels_of(fn->host.tier);
    n->f.find = find;
    n->f.message = &n->message;
    n->param_count = activ_fn_param_count(fn);
    formula_call call = {
        .definition = fn->entry->definition,
        .spec = fn->spec,
        .spec_bytes = strlen(fn->spec) + 1,
        .set = fn->settings,
        .set_count = fn->setting_count,
        .has_params = n->param_count > 0,
    };
    const formula_node_index number = activ_formula_add_call(&n->f, &call);
    n->body = n->f.status == ACTIV_OK ? activ_formula_body(&n->f, number) : FORMULA_NONE;
    if (n->f.status != ACTIV_OK)
        return -1;
    n->variable = n->f.calls[number].variable;
    return 0;
}

static void release(nodes *n)
{
    for (size_t i = 0; i < n->needed_count; i++)
        mpfr_clear(n->in_mpfr[i]);
    free(n->needed);
    free(n->in_double);
    free(n->in_mpfr);
    free(n->place);
    free(n->roots);
}

void nodes_close(nodes *n)
{
    release(n);
    activ_host_free(&n->f.host, n->f.nodes, n->f.capacity * sizeof *n->f.nodes);
    activ_host_free(&n->f.host, n->f.table, n->f.table_size * sizeof *n->f.table);
    activ_host_free(&n->f.host, n->f.placed, FORMULA_PLACED * sizeof *n->f.placed);
    activ_formula_free(&n->f);
}

formula_node_index nodes_slope(nodes *n, formula_node_index root)
{
    return activ_formula_derive(&n->f, root, n->variable);
}

formula_node_index nodes_gradient(nodes *n, formula_node_index root, size_t k)
{
    return activ_formula_derive(&n->f, root, activ_formula_param_value(&n->f, k));
}

/* ---- functions by their formulas ------------------------------------------------------------------------ */

static formula_node_index expand(activ_formula *f, formula_node_index old, const formula_node *node, void *user)
{
    int *calls = user;
    (void)old;
    if (node->op != ACTIV_OP_call && node->op != ACTIV_OP_slope)
        return FORMULA_NONE;
    ++*calls;
    formula_node_index body = activ_formula_body(f, node->b);
    if (f->status == ACTIV_OK && node->op == ACTIV_OP_slope)
        body = activ_formula_derive(f, body, f->calls[node->b].variable);
    return f->status != ACTIV_OK  ? 0
           : body == FORMULA_NONE ? activ_formula_constant(f, 0.0)
                                  : activ_formula_in_place(f, node->b, node->a, body);
}

static int find_needed(nodes *n)
{
    const size_t count = n->f.count;
    unsigned char *marks = calloc(count, 1);
    n->needed = calloc(count, sizeof *n->needed);
    n->place = calloc(count, sizeof *n->place);
    n->in_double = calloc(count, sizeof *n->in_double);
    n->in_mpfr = calloc(count, sizeof *n->in_mpfr);
    if (!marks || !n->needed || !n->place || !n->in_double || !n->in_mpfr) {
        free(marks);
        return -1;
    }
    for (size_t i = 0; i < n->root_count; i++)
        marks[n->roots[i]] = 1;
    activ_formula_mark(&n->f, count, marks);
    for (size_t i = 0; i < count; i++)
        if (marks[i]) {
            n->place[i] = (formula_node_index)n->needed_count;
            n->needed[n->needed_count++] = (formula_node_index)i;
        }
    free(marks);
    for (size_t i = 0; i < n->needed_count; i++) {
        mpfr_init2(n->in_mpfr[i], NODES_PRECISION);
        mpfr_set_d(n->in_mpfr[i], n->f.nodes[n->needed[i]].number, MPFR_RNDN);
    }
    return 0;
}

int nodes_prepare(nodes *n, formula_node_index *roots, size_t count)
{
    int calls;
    n->roots = calloc(count + 1, sizeof *n->roots);
    if (!n->roots)
        return -1;
    n->root_count = count;
    for (size_t i = 0; i < count; i++)
        n->roots[i] = roots[i] == FORMULA_NONE ? activ_formula_constant(&n->f, 0.0) : roots[i];
    do { /* the formula of a function may call others */
        calls = 0;
        activ_formula_rebuild_all(&n->f, n->roots, count, expand, &calls);
    } while (calls > 0 && n->f.status == ACTIV_OK);
    memcpy(roots, n->roots, count * sizeof *roots);
    return n->f.status == ACTIV_OK ? find_needed(n) : -1;
}

/* ---- in double ------------------------------------------------------------------------------------------- */

static double sign_of(double v)
{
    return v > 0.0 ? 1.0 : v < 0.0 ? -1.0 : v;
}

static double value_of(int op, double a, double b, double c)
{
    switch (op) {
    case ACTIV_OP_neg:
        return -a;
    case ACTIV_OP_abs:
        return fabs(a);
    case ACTIV_OP_sqrt:
        return sqrt(a);
    case ACTIV_OP_sign:
        return sign_of(a);
    case ACTIV_OP_not:
        return a == 0.0;
    case ACTIV_OP_exp:
        return exp(a);
    case ACTIV_OP_expm1:
        return expm1(a);
    case ACTIV_OP_log:
        return log(a);
    case ACTIV_OP_log1p:
        return log1p(a);
    case ACTIV_OP_sin:
        return sin(a);
    case ACTIV_OP_cos:
        return cos(a);
    case ACTIV_OP_tan:
        return tan(a);
    case ACTIV_OP_sinh:
        return sinh(a);
    case ACTIV_OP_cosh:
        return cosh(a);
    case ACTIV_OP_atan:
        return atan(a);
    case ACTIV_OP_asinh:
        return asinh(a);
    case ACTIV_OP_erf:
        return erf(a);
    case ACTIV_OP_erfc:
        return erfc(a);
    case ACTIV_OP_gauss:
        return exp(-a * a);
    case ACTIV_OP_add:
        return a + b;
    case ACTIV_OP_sub:
        return a - b;
    case ACTIV_OP_mul:
        return a * b;
    case ACTIV_OP_scale:
        return a == 0.0 ? 0.0 : a * b;
    case ACTIV_OP_div:
        return a / b;
    case ACTIV_OP_min:
        return a < b ? a : b;
    case ACTIV_OP_max:
        return a > b ? a : b;
    case ACTIV_OP_lt:
        return a < b;
    case ACTIV_OP_le:
        return a <= b;
    case ACTIV_OP_eq:
        return a == b;
    case ACTIV_OP_and:
        return a != 0.0 && b != 0.0;
    case ACTIV_OP_or:
        return a != 0.0 || b != 0.0;
    case ACTIV_OP_pow:
        return pow(a, b);
    case ACTIV_OP_fma:
        return fma(a, b, c);
    case ACTIV_OP_fms:
        return fma(a, b, -c);
    case ACTIV_OP_fnma:
        return fma(-a, b, c);
    case ACTIV_OP_select:
        return a != 0.0 ? b : c;
    default:
        return (double)NAN;
    }
}

void nodes_in_double(nodes *n, double x, const float *params, double *values)
{
    double *v = n->in_double;
    for (size_t i = 0; i < n->needed_count; i++) {
        const formula_node_index index = n->needed[i];
        const formula_node *node = &n->f.nodes[index];
        const int arity = activ_formula_arity(node->op);
        if (node->op == ACTIV_OP_constant)
            v[index] = node->number;
        else if (node->op == ACTIV_OP_variable)
            v[index] = index == n->variable ? x : (double)NAN;
        else if (node->op == ACTIV_OP_param)
            v[index] = (double)params[node->a];
        else
            v[index] = value_of(node->op, v[node->a], arity > 1 ? v[node->b] : 0.0, arity > 2 ? v[node->c] : 0.0);
    }
    for (size_t i = 0; i < n->root_count; i++)
        values[i] = v[n->roots[i]];
}

/* ---- with MPFR -------------------------------------------------------------------------------------------- */

static void value_in_mpfr(mpfr_t out, int op, mpfr_srcptr a, mpfr_srcptr b, mpfr_srcptr c)
{
    switch (op) {
    case ACTIV_OP_neg:
        mpfr_neg(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_abs:
        mpfr_abs(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_sqrt:
        mpfr_sqrt(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_sign:
        if (mpfr_nan_p(a))
            mpfr_set_nan(out);
        else
            mpfr_set_si(out, mpfr_sgn(a), MPFR_RNDN);
        break;
    case ACTIV_OP_not:
        mpfr_set_si(out, mpfr_zero_p(a), MPFR_RNDN);
        break;
    case ACTIV_OP_exp:
        mpfr_exp(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_expm1:
        mpfr_expm1(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_log:
        mpfr_log(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_log1p:
        mpfr_log1p(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_sin:
        mpfr_sin(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_cos:
        mpfr_cos(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_tan:
        mpfr_tan(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_sinh:
        mpfr_sinh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_cosh:
        mpfr_cosh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_atan:
        mpfr_atan(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_asinh:
        mpfr_asinh(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_erf:
        mpfr_erf(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_erfc:
        mpfr_erfc(out, a, MPFR_RNDN);
        break;
    case ACTIV_OP_gauss:
        mpfr_sqr(out, a, MPFR_RNDN);
        mpfr_neg(out, out, MPFR_RNDN);
        mpfr_exp(out, out, MPFR_RNDN);
        break;
    case ACTIV_OP_add:
        mpfr_add(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_sub:
        mpfr_sub(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_scale:
        if (mpfr_zero_p(a)) {
            mpfr_set_zero(out, 1);
            break;
        }
        mpfr_mul(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_mul:
        mpfr_mul(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_div:
        mpfr_div(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_min:
        mpfr_set(out, mpfr_less_p(a, b) ? a : b, MPFR_RNDN);
        break;
    case ACTIV_OP_max:
        mpfr_set(out, mpfr_greater_p(a, b) ? a : b, MPFR_RNDN);
        break;
    case ACTIV_OP_lt:
        mpfr_set_si(out, mpfr_less_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OP_le:
        mpfr_set_si(out, mpfr_lessequal_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OP_eq:
        mpfr_set_si(out, mpfr_equal_p(a, b) != 0, MPFR_RNDN);
        break;
    case ACTIV_OP_and:
        mpfr_set_si(out, !mpfr_zero_p(a) && !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case ACTIV_OP_or:
        mpfr_set_si(out, !mpfr_zero_p(a) || !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case ACTIV_OP_pow:
        mpfr_pow(out, a, b, MPFR_RNDN);
        break;
    case ACTIV_OP_select:
        mpfr_set(out, mpfr_zero_p(a) ? c : b, MPFR_RNDN);
        break;
    default:
        mpfr_set_nan(out);
        break;
    }
}

void nodes_in_mpfr(nodes *n, double x, const float *params, double *values)
{
    for (size_t i = 0; i < n->needed_count; i++) {
        const formula_node_index index = n->needed[i];
        const formula_node *node = &n->f.nodes[index];
        const int arity = activ_formula_arity(node->op);
        if (node->op == ACTIV_OP_variable && index == n->variable)
            mpfr_set_d(n->in_mpfr[i], x, MPFR_RNDN);
        else if (node->op == ACTIV_OP_param)
            mpfr_set_d(n->in_mpfr[i], (double)params[node->a], MPFR_RNDN);
        else if (node->op != ACTIV_OP_constant)
            value_in_mpfr(n->in_mpfr[i], node->op, n->in_mpfr[n->place[node->a]],
                          arity > 1 ? n->in_mpfr[n->place[node->b]] : NULL,
                          arity > 2 ? n->in_mpfr[n->place[node->c]] : NULL);
    }
    for (size_t i = 0; i < n->root_count; i++)
        values[i] = mpfr_get_d(n->in_mpfr[n->place[n->roots[i]]], MPFR_RNDN);
}
