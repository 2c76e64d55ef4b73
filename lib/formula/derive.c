/* Derivatives by the rules. Where a function has a kink, the rules are those of the catalog: of max(a, b) that of a
 * where a > b, else that of b, and 0 where a constant is reached; of abs 0; of a comparison 0. The half of a `where`
 * that is not taken has no part in the derivative, and an inner derivative none where the outer one is 0: there is no
 * 0 times infinity.
 * The numbers of nodes order the operands of sums and products, on which roundings depend. In what order a compiler
 * evaluates arguments is its own choice: so that it changes no bits, no call has two arguments that make nodes. */
#include <math.h>
#include <string.h>

#include "formula/formula.h"

enum { ZERO = FORMULA_NONE };

static formula_node_index unary(activ_formula *f, int op, formula_node_index a)
{
    return activ_formula_make(f, op, a, FORMULA_NONE, FORMULA_NONE);
}

static formula_node_index binary(activ_formula *f, int op, formula_node_index a, formula_node_index b)
{
    return activ_formula_make(f, op, a, b, FORMULA_NONE);
}

/* a + b, a - b, a b and a/b of derivatives, which may be ZERO. */
static formula_node_index sum(activ_formula *f, formula_node_index a, formula_node_index b)
{
    return a == ZERO ? b : b == ZERO ? a : binary(f, ACTIV_OP_add, a, b);
}

static formula_node_index negative(activ_formula *f, formula_node_index a)
{
    return a == ZERO ? ZERO : unary(f, ACTIV_OP_neg, a);
}

/* a k, with the constant moved to those that a is made of: one rounding less, and one operation. */
static formula_node_index scaled(activ_formula *f, formula_node_index a, double k)
{
    double constant;
    if (f->status != ACTIV_OK)
        return 0;
    const formula_node n = f->nodes[a];
    const int arity = activ_formula_arity(n.op);
    if (n.op == ACTIV_OP_neg)
        return scaled(f, n.a, -k);
    if (arity == 2 && activ_formula_is_constant(f, n.b, &constant)) {
        const formula_node_index moved = activ_formula_constant(f, constant * k);
        if (n.op == ACTIV_OP_mul)
            return binary(f, ACTIV_OP_mul, n.a, moved);
        if (n.op == ACTIV_OP_add || n.op == ACTIV_OP_sub)
            return binary(f, n.op, scaled(f, n.a, k), moved);
    }
    if ((n.op == ACTIV_OP_div || n.op == ACTIV_OP_sub) && activ_formula_is_constant(f, n.a, &constant)) {
        const formula_node_index second = n.op == ACTIV_OP_div ? n.b : scaled(f, n.b, k);
        return binary(f, n.op, activ_formula_constant(f, constant * k), second);
    }
    return binary(f, ACTIV_OP_mul, a, activ_formula_constant(f, k));
}

static formula_node_index product(activ_formula *f, formula_node_index factor, formula_node_index d)
{
    double constant;
    if (d == ZERO || factor == ZERO)
        return ZERO;
    if (activ_formula_is_constant(f, factor, &constant))
        return scaled(f, d, constant);
    if (activ_formula_is_constant(f, d, &constant))
        return scaled(f, factor, constant);
    return binary(f, ACTIV_OP_mul, factor, d);
}

/* The chain rule's outer'(inner) inner'. */
static formula_node_index chain(activ_formula *f, formula_node_index outer, formula_node_index inner)
{
    double constant;
    if (inner == ZERO || outer == ZERO)
        return ZERO;
    if (activ_formula_is_constant(f, inner, &constant) || activ_formula_is_constant(f, outer, &constant))
        return product(f, outer, inner);
    const int varies = f->status == ACTIV_OK && f->nodes[inner].depends & ~FORMULA_ON_PARAMS;
    return binary(f, varies ? ACTIV_OP_scale : ACTIV_OP_mul, outer, inner);
}

/* condition ? a : b, where one of them may be ZERO. */
static formula_node_index selected(activ_formula *f, formula_node_index condition, formula_node_index a,
                                   formula_node_index b)
{
    if (a == ZERO && b == ZERO)
        return ZERO;
    const formula_node_index zero = activ_formula_constant(f, 0.0);
    return activ_formula_make(f, ACTIV_OP_select, condition, a == ZERO ? zero : a, b == ZERO ? zero : b);
}

/* d/dx of max(a, b), with a > b given as `first`, b > a as `second`; of min the same with these exchanged. */
static formula_node_index extreme(activ_formula *f, formula_node_index first, formula_node_index second,
                                  formula_node_index da, formula_node_index db)
{
    return da == ZERO ? selected(f, second, db, ZERO) : selected(f, first, da, db);
}

static formula_node_index power(activ_formula *f, const formula_node *n, formula_node_index value,
                                formula_node_index da, formula_node_index db)
{
    const formula_node_index one = activ_formula_constant(f, 1.0);
    formula_node_index d = ZERO;
    if (da != ZERO) {
        const formula_node_index less = binary(f, ACTIV_OP_sub, n->b, one);
        /* with an exponent of 0 the power is 1, at a = 0 too */
        d = chain(f, binary(f, ACTIV_OP_scale, n->b, binary(f, ACTIV_OP_pow, n->a, less)), da);
    }
    if (db == ZERO)
        return d;
    const formula_node_index zero = activ_formula_constant(f, 0.0);
    const formula_node_index slope = binary(f, ACTIV_OP_mul, value, unary(f, ACTIV_OP_log, n->a));
    const formula_node_index at_zero = binary(f, ACTIV_OP_eq, n->a, zero);
    return sum(f, d, chain(f, activ_formula_make(f, ACTIV_OP_select, at_zero, zero, slope), db));
}

/* The base of a product that is a whole power; the exponent, 1 of any other node. */
static int whole_power(const activ_formula *f, formula_node_index node, int depth, formula_node_index *base)
{
    formula_node_index other;
    *base = node;
    if (depth == 0 || f->nodes[node].op != ACTIV_OP_mul)
        return 1;
    const int first = whole_power(f, f->nodes[node].a, depth - 1, base);
    const int second = whole_power(f, f->nodes[node].b, depth - 1, &other);
    if (*base == other)
        return first + second;
    *base = node;
    return 1;
}

/* (a b)' = a b' + a' b, and (a^n)' = n a^(n-1) a'. */
static formula_node_index of_product(activ_formula *f, formula_node_index index, const formula_node_index *d)
{
    enum { DEEPEST = 4 }; /* exponents to 16 */
    const formula_node n = f->nodes[index];
    formula_node_index base;
    if (n.op == ACTIV_OP_scale) { /* each part is 0, too, where what comes first is */
        const formula_node_index second = chain(f, n.a, d[n.b]);
        return sum(f, chain(f, d[n.a], n.b), second);
    }
    const int exponent = whole_power(f, index, DEEPEST, &base);
    if (exponent == 1) {
        double k;
        formula_node_index a = n.a, da = d[n.a];
        /* (k v b)' = k (v b' + v' b): what is not near the largest numbers is as far from overflow as before */
        const int factors_out = da != ZERO && d[n.b] != ZERO && f->nodes[n.a].op == ACTIV_OP_mul &&
                                activ_formula_is_constant(f, f->nodes[n.a].b, &k) && fabs(k) >= 0.25 && fabs(k) <= 4.0;
        if (factors_out) {
            a = f->nodes[n.a].a;
            da = d[a];
        }
        const formula_node_index second = product(f, a, d[n.b]);
        const formula_node_index result = sum(f, product(f, n.b, da), second);
        return factors_out ? scaled(f, result, k) : result;
    }
    if (d[base] == ZERO)
        return ZERO;
    return product(f, scaled(f, activ_formula_whole_power(f, base, exponent - 1), exponent), d[base]);
}

static formula_node_index unary_slope(activ_formula *f, const formula_node *n, formula_node_index value)
{
    const formula_node_index one = activ_formula_constant(f, 1.0), a = n->a;
    switch (n->op) {
    case ACTIV_OP_abs:
        return unary(f, ACTIV_OP_sign, a);
    case ACTIV_OP_exp:
        return value;
    case ACTIV_OP_expm1:
        return unary(f, ACTIV_OP_exp, a);
    case ACTIV_OP_sine:
    case ACTIV_OP_sin:
        return unary(f, ACTIV_OP_cos, a);
    case ACTIV_OP_cos:
        return unary(f, ACTIV_OP_neg, unary(f, ACTIV_OP_sin, a));
    case ACTIV_OP_tan:
        return binary(f, ACTIV_OP_add, binary(f, ACTIV_OP_mul, value, value), one);
    case ACTIV_OP_sinh:
        return unary(f, ACTIV_OP_cosh, a);
    case ACTIV_OP_cosh:
        return unary(f, ACTIV_OP_sinh, a);
    case ACTIV_OP_erf:
    case ACTIV_OP_erfc: {
        const formula_node_index gauss = unary(f, ACTIV_OP_gauss, a);
        const double k = n->op == ACTIV_OP_erf ? 1.1283791670955126 : -1.1283791670955126;
        return binary(f, ACTIV_OP_mul, activ_formula_constant(f, k), gauss);
    }
    case ACTIV_OP_gauss:
        return binary(f, ACTIV_OP_scale, value, binary(f, ACTIV_OP_mul, a, activ_formula_constant(f, -2.0)));
    default:
        return ZERO;
    }
}

/* ---- functions of the catalog ----------------------------------------------------------------------- */

static int is_function(const formula_call *call, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(call->definition->signature, name, length) == 0 &&
           (call->definition->signature[length] == '\0' || call->definition->signature[length] == '(');
}

/* f'' of tanh and sigmoid, from their values and slopes. */
static formula_node_index known_second(activ_formula *f, const formula_node *n, formula_node_index slope)
{
    const formula_node_index value = activ_formula_make(f, ACTIV_OP_call, n->a, n->b, FORMULA_NONE);
    const formula_node_index twice = binary(f, ACTIV_OP_mul, value, activ_formula_constant(f, -2.0));
    if (is_function(&f->calls[n->b], "tanh"))
        return binary(f, ACTIV_OP_mul, twice, slope);
    if (is_function(&f->calls[n->b], "sigmoid"))
        return binary(f, ACTIV_OP_mul, binary(f, ACTIV_OP_add, twice, activ_formula_constant(f, 1.0)), slope);
    return ZERO;
}

/* The derivative of a call's body (order 0) or of the body's derivative (1): for x (place 0) or for a place, from 1.
 * Each is found once. */
static formula_node_index body_slope(activ_formula *f, formula_node_index call, int order, size_t place)
{
    const formula_node_index body = activ_formula_body(f, call);
    const unsigned bit = 1u << place;
    if (f->status != ACTIV_OK)
        return ZERO;
    if (!(f->calls[call].has_slopes[order] & bit)) {
        const formula_node_index of = order > 0 ? body_slope(f, call, 0, 0) : body;
        const formula_node_index by = place > 0 ? f->calls[call].places[place - 1] : f->calls[call].variable;
        const formula_node_index slope = activ_formula_derive(f, of, by);
        f->calls[call].slopes[order][place] = slope;
        f->calls[call].has_slopes[order] = (uint16_t)(f->calls[call].has_slopes[order] | bit);
    }
    return f->calls[call].slopes[order][place];
}

/* The derivative of f(a) or f'(a): by a, and by what its settings or parameters are made of. */
static formula_node_index of_call(activ_formula *f, const formula_node *n, formula_node_index self,
                                  const formula_node_index *d, formula_node_index variable)
{
    const formula_node_index call = n->b;
    formula_node_index result = ZERO, slope = ZERO, body = ZERO;
    const formula_node_index inner = d[n->a];
    const int is_slope = n->op == ACTIV_OP_slope;
    int needs_body = f->calls[call].has_params && f->nodes[variable].op == ACTIV_OP_param;
    for (size_t i = 0; i < f->calls[call].dynamic; i++)
        needs_body |= d[f->calls[call].values[i]] != ZERO;
    if (inner != ZERO && !is_slope)
        slope = activ_formula_make(f, ACTIV_OP_slope, n->a, call, FORMULA_NONE);
    else if (inner != ZERO)
        slope = known_second(f, n, self);
    needs_body |= inner != ZERO && slope == ZERO;
    if (needs_body)
        body = activ_formula_body(f, call);
    if (f->status != ACTIV_OK)
        return ZERO;
    if (body != ZERO && is_slope)
        body = body_slope(f, call, 0, 0);
    if (body != ZERO && inner != ZERO && slope == ZERO)
        slope = activ_formula_in_place(f, call, n->a, body_slope(f, call, is_slope, 0));
    result = chain(f, slope, inner);
    for (size_t i = 0; body != ZERO && i < f->calls[call].dynamic; i++) {
        const formula_node_index outer = d[f->calls[call].values[i]];
        if (outer == ZERO)
            continue;
        const formula_node_index by_setting = body_slope(f, call, is_slope, i + 1);
        result = sum(f, result, chain(f, activ_formula_in_place(f, call, n->a, by_setting), outer));
    }
    if (body != ZERO && f->calls[call].has_params && f->nodes[variable].op == ACTIV_OP_param)
        result = sum(f, result, activ_formula_in_place(f, call, n->a, activ_formula_derive(f, body, variable)));
    return result;
}

/* ---- nodes in turn ---------------------------------------------------------------------------------- */

static formula_node_index of_node(activ_formula *f, formula_node_index index, const formula_node_index *d,
                                  formula_node_index variable)
{
    const formula_node n = f->nodes[index];
    const int arity = activ_formula_arity(n.op);
    const formula_node_index da = arity > 0 ? d[n.a] : ZERO, db = arity > 1 ? d[n.b] : ZERO,
                             dc = arity > 2 ? d[n.c] : ZERO;
    switch (n.op) {
    case ACTIV_OP_neg:
        return negative(f, da);
    case ACTIV_OP_add:
        return sum(f, da, db);
    case ACTIV_OP_sub:
        return da == ZERO ? negative(f, db) : db == ZERO ? da : binary(f, ACTIV_OP_sub, da, db);
    case ACTIV_OP_mul:
    case ACTIV_OP_scale:
        return of_product(f, index, d);
    case ACTIV_OP_div: {
        /* (a' - (a/b) b')/b; by a constant's reciprocal, unless one of the two would be subnormal */
        double number;
        if (activ_formula_is_constant(f, n.b, &number) && fabs(number) >= 0x1p-126 && fabs(number) <= 0x1p126)
            return product(f, activ_formula_constant(f, 1.0 / number), da);
        const formula_node_index rest = negative(f, product(f, index, db)), top = sum(f, da, rest);
        return top == ZERO ? ZERO : binary(f, ACTIV_OP_div, top, n.b);
    }
    case ACTIV_OP_sqrt:
        return da == ZERO ? ZERO
                          : binary(f, ACTIV_OP_div, binary(f, ACTIV_OP_mul, da, activ_formula_constant(f, 0.5)), index);
    case ACTIV_OP_log:
        return da == ZERO ? ZERO : binary(f, ACTIV_OP_div, da, n.a);
    case ACTIV_OP_log1p:
        return da == ZERO ? ZERO
                          : binary(f, ACTIV_OP_div, da, binary(f, ACTIV_OP_add, n.a, activ_formula_constant(f, 1.0)));
    case ACTIV_OP_atan:
    case ACTIV_OP_asinh: {
        if (da == ZERO)
            return ZERO;
        const formula_node_index one = activ_formula_constant(f, 1.0);
        const formula_node_index square = binary(f, ACTIV_OP_add, binary(f, ACTIV_OP_mul, n.a, n.a), one);
        return binary(f, ACTIV_OP_div, da, n.op == ACTIV_OP_atan ? square : unary(f, ACTIV_OP_sqrt, square));
    }
    case ACTIV_OP_min:
    case ACTIV_OP_max: {
        if (da == ZERO && db == ZERO)
            return ZERO;
        const formula_node_index low = n.op == ACTIV_OP_min ? n.a : n.b, high = n.op == ACTIV_OP_min ? n.b : n.a;
        const formula_node_index second = binary(f, ACTIV_OP_lt, high, low);
        return extreme(f, binary(f, ACTIV_OP_lt, low, high), second, da, db);
    }
    case ACTIV_OP_select:
        return selected(f, n.a, db, dc);
    case ACTIV_OP_pow:
        return power(f, &n, index, da, db);
    case ACTIV_OP_call:
    case ACTIV_OP_slope:
        return of_call(f, &n, index, d, variable);
    default:
        return da == ZERO ? ZERO : chain(f, unary_slope(f, &n, index), da);
    }
}

formula_node_index activ_formula_derive(activ_formula *f, formula_node_index root, formula_node_index variable)
{
    if (f->status != ACTIV_OK || root == ZERO)
        return ZERO;
    const size_t nodes = (size_t)root + 1;
    f->work += nodes / 4;
    formula_node_index *d = activ_host_alloc(&f->host, nodes * sizeof *d), result = ZERO;
    unsigned char *marks = activ_host_alloc(&f->host, nodes);
    if (!d || !marks) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    } else {
        marks[root] = 1;
        activ_formula_mark(f, nodes, marks);
        for (size_t i = 0; f->status == ACTIV_OK && i < nodes; i++)
            if (marks[i])
                d[i] = (formula_node_index)i == variable ? activ_formula_constant(f, 1.0)
                                                         : of_node(f, (formula_node_index)i, d, variable);
        result = f->status == ACTIV_OK ? d[root] : ZERO;
    }
    activ_host_free(&f->host, d, nodes * sizeof *d);
    activ_host_free(&f->host, marks, nodes);
    return result;
}

/* ---- the catalog's functions written out ------------------------------------------------------------ */

static formula_node_index write_out_node(activ_formula *f, formula_node_index old, const formula_node *n, void *user)
{
    int *calls = user;
    (void)old;
    if (!formula_is_call(n->op))
        return FORMULA_NONE;
    ++*calls;
    const formula_node_index body = n->op == ACTIV_OP_slope ? body_slope(f, n->b, 0, 0) : activ_formula_body(f, n->b);
    return f->status != ACTIV_OK ? 0
           : body == ZERO        ? activ_formula_constant(f, 0.0)
                                 : activ_formula_in_place(f, n->b, n->a, body);
}

activ_status activ_formula_write_out(activ_formula *f, formula_node_index *roots, size_t count)
{
    int calls = 1; /* the formula of a function may call others */
    while (calls > 0 && f->status == ACTIV_OK) {
        calls = 0;
        activ_formula_rebuild_all(f, roots, count, write_out_node, &calls);
    }
    return f->status;
}

/* ---- slopes from values ----------------------------------------------------------------------------- */

static formula_node_index share_node(activ_formula *f, formula_node_index old, const formula_node *n, void *user)
{
    const unsigned char *marks = user;
    (void)old;
    if (n->op != ACTIV_OP_slope || f->calls[n->b].has_params)
        return FORMULA_NONE;
    const size_t nodes = f->count;
    const formula_node_index value = activ_formula_make(f, ACTIV_OP_call, n->a, n->b, FORMULA_NONE);
    if (f->status != ACTIV_OK || f->count > nodes || !marks[value])
        return FORMULA_NONE;
    const formula_node_index one = activ_formula_constant(f, 1.0);
    if (is_function(&f->calls[n->b], "tanh"))
        return activ_formula_make(f, ACTIV_OP_fnma, value, value, one);
    if (is_function(&f->calls[n->b], "sigmoid"))
        return activ_formula_make(f, ACTIV_OP_fnma, value, value, value);
    return FORMULA_NONE;
}

void activ_formula_share_slopes(activ_formula *f, formula_node_index *roots, size_t count)
{
    const size_t nodes = FORMULA_NODES;
    unsigned char *marks = activ_host_alloc(&f->host, nodes);
    if (!marks) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return;
    }
    for (size_t i = 0; i < count; i++)
        marks[roots[i]] = 1;
    if (f->status == ACTIV_OK)
        activ_formula_mark(f, f->count, marks);
    activ_formula_rebuild_all(f, roots, count, share_node, marks);
    activ_host_free(&f->host, marks, nodes);
}
