#include "formula/random_formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* kind < FIRST_BINARY: one operand, < FIRST_TERNARY: two. */
enum {
    X,
    NUMBER,
    PARAM,
    NEG,
    ABS,
    EXP,
    EXPM1,
    LOG,
    LOG1P,
    SQRT,
    SIN,
    COS,
    TANH,
    SINH,
    COSH,
    ATAN,
    ASINH,
    ERF,
    ERFC,
    SIGMOID,
    SOFTPLUS,
    SILU,
    GELU,
    ELU,
    CLAMP,
    SQUARE,
    CUBE,
    INVERSE,
    ADD,
    SUB,
    MUL,
    DIV,
    MIN,
    MAX,
    POW,
    SWISH,
    WHERE,
    KINDS
};
enum { FIRST_BINARY = ADD, FIRST_TERNARY = WHERE };

static uint64_t state;

static uint32_t next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % below);
}

static int add_node(random_formula *f, int kind, int a, int b, int c, double number)
{
    f->nodes[f->count] = (random_node){ kind, a, b, c, number };
    return f->count++;
}

static int make_node(random_formula *f, int depth)
{
    const int full = f->count > RANDOM_NODES - 8;
    if (depth == 0 || full || next(8) == 0) {
        const uint32_t which = next(10);
        if (which < 6) {
            f->has_x = 1;
            return add_node(f, X, 0, 0, 0, 0.0);
        }
        if (which < 8)
            return add_node(f, NUMBER, 0, 0, 0, (double)(next(61)) / 16.0 - 1.5);
        const int k = (int)next(RANDOM_PARAMS);
        f->uses[k] = 1;
        return add_node(f, PARAM, k, 0, 0, 0.0);
    }
    const int kind = NEG + (int)next(KINDS - NEG);
    const int a = make_node(f, depth - 1);
    const int b = kind >= FIRST_BINARY ? make_node(f, depth - 1) : 0;
    const int c = kind >= FIRST_TERNARY ? make_node(f, depth - 1) : 0;
    return add_node(f, kind, a, b, c, (double)(next(33)) / 8.0 - 2.0);
}

/* ---- text --------------------------------------------------------------------------------------- */

static char *write_node(const random_formula *f, int node, char *to)
{
    static const char *const names[KINDS] = {
        [ABS] = "abs",         [EXP] = "exp",           [EXPM1] = "expm1", [LOG] = "log",   [LOG1P] = "log1p",
        [SQRT] = "sqrt",       [SIN] = "sin",           [COS] = "cos",     [TANH] = "tanh", [SINH] = "sinh",
        [COSH] = "cosh",       [ATAN] = "atan",         [ASINH] = "asinh", [ERF] = "erf",   [ERFC] = "erfc",
        [SIGMOID] = "sigmoid", [SOFTPLUS] = "softplus", [SILU] = "silu",   [GELU] = "gelu", [ELU] = "elu",
        [MIN] = "min",         [MAX] = "max",           [POW] = "pow",
    };
    static const char *const between[KINDS] = { [ADD] = "+", [SUB] = " - ", [MUL] = "*", [DIV] = " /" };
    const random_node *n = &f->nodes[node];
    switch (n->kind) {
    case X:
        return to + sprintf(to, "x");
    case NUMBER:
        return to + sprintf(to, n->number < 0.0 ? "(%.4f)" : "%.4f", n->number);
    case PARAM:
        return to + sprintf(to, "%c", 'a' + n->a);
    case NEG:
        to = write_node(f, n->a, to + sprintf(to, "(-"));
        return to + sprintf(to, ")");
    case SQUARE:
    case CUBE:
    case INVERSE:
        to = write_node(f, n->a, to + sprintf(to, "("));
        return to + sprintf(to, ")^%d", n->kind == SQUARE ? 2 : n->kind == CUBE ? 3 : -1);
    case SWISH:
        to = write_node(f, n->a, to + sprintf(to, "swish("));
        to = write_node(f, n->b, to + sprintf(to, ", beta="));
        return to + sprintf(to, ")");
    case ELU:
        to = write_node(f, n->a, to + sprintf(to, "elu("));
        return to + sprintf(to, ", alpha=%.4f)", 0.25 + fabs(n->number));
    case WHERE:
        to = write_node(f, n->a, to + sprintf(to, "where("));
        to = write_node(f, n->b, to + sprintf(to, " > %.4f, ", n->number));
        to = write_node(f, n->c, to + sprintf(to, ", "));
        return to + sprintf(to, ")");
    case CLAMP:
        to = write_node(f, n->a, to + sprintf(to, "clamp("));
        return to + sprintf(to, ", -1.5, %.4f)", fabs(n->number) + 0.125);
    case ADD:
    case SUB:
    case MUL:
    case DIV:
        to = write_node(f, n->a, to + sprintf(to, "("));
        to = write_node(f, n->b, to + sprintf(to, "%s", between[n->kind]));
        return to + sprintf(to, ")");
    default:
        to = write_node(f, n->a, to + sprintf(to, "%s(", names[n->kind]));
        if (n->kind >= FIRST_BINARY)
            to = write_node(f, n->b, to + sprintf(to, ","));
        return to + sprintf(to, ")");
    }
}

void random_formula_make(random_formula *f, uint64_t seed)
{
    state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    (void)next(2);
    do {
        memset(f, 0, sizeof *f);
        (void)make_node(f, 4);
    } while (!f->has_x);
    char *to = write_node(f, f->count - 1, f->text);
    int given = 0;
    for (int k = 0; k < RANDOM_PARAMS; k++) {
        f->params[k] = 0.5 + (double)next(16) / 16.0;
        if (f->uses[k])
            to += sprintf(to, "%s %c=%.4f", given++ ? "," : ";", 'a' + k, f->params[k]);
    }
}

/* ---- values: dual numbers -------------------------------------------------------------------------- */

static double normal_cdf(double u)
{
    return 0.5 * erfc(-u / sqrt(2.0));
}

/* Value, and derivatives by up to three operands. */
static double operation(const random_node *n, double u, double v, double w, double *d, double *margin)
{
    const double s = 1.0 / (1.0 + exp(-u));
    d[0] = d[1] = d[2] = 0.0;
    switch (n->kind) {
    case NEG:
        d[0] = -1.0;
        return -u;
    case ABS:
        *margin = fabs(u);
        d[0] = u > 0.0 ? 1.0 : -1.0;
        return fabs(u);
    case EXP:
        return d[0] = exp(u);
    case EXPM1:
        d[0] = exp(u);
        return expm1(u);
    case LOG:
        *margin = u;
        d[0] = 1.0 / u;
        return log(u);
    case LOG1P:
        *margin = u + 1.0;
        d[0] = 1.0 / (1.0 + u);
        return log1p(u);
    case SQRT:
        *margin = u;
        d[0] = 0.5 / sqrt(u);
        return sqrt(u);
    case SIN:
        d[0] = cos(u);
        return sin(u);
    case COS:
        d[0] = -sin(u);
        return cos(u);
    case TANH:
        d[0] = 1.0 - tanh(u) * tanh(u);
        return tanh(u);
    case SINH:
        d[0] = cosh(u);
        return sinh(u);
    case COSH:
        d[0] = sinh(u);
        return cosh(u);
    case ATAN:
        d[0] = 1.0 / (1.0 + u * u);
        return atan(u);
    case ASINH:
        d[0] = 1.0 / sqrt(1.0 + u * u);
        return asinh(u);
    case ERF:
        d[0] = 2.0 / sqrt(3.14159265358979) * exp(-u * u);
        return erf(u);
    case ERFC:
        d[0] = -2.0 / sqrt(3.14159265358979) * exp(-u * u);
        return erfc(u);
    case SIGMOID:
        d[0] = s * (1.0 - s);
        return s;
    case SOFTPLUS:
        d[0] = s;
        return u > 30.0 ? u : log1p(exp(u));
    case SILU:
        d[0] = s + u * s * (1.0 - s);
        return u * s;
    case GELU:
        d[0] = normal_cdf(u) + u * exp(-0.5 * u * u) / sqrt(2.0 * 3.14159265358979);
        return u * normal_cdf(u);
    case ELU: {
        const double alpha = 0.25 + fabs(n->number);
        *margin = fabs(u);
        d[0] = u > 0.0 ? 1.0 : alpha * exp(u);
        return u > 0.0 ? u : alpha * expm1(u);
    }
    case SQUARE:
        d[0] = 2.0 * u;
        return u * u;
    case CUBE:
        d[0] = 3.0 * u * u;
        return u * u * u;
    case INVERSE:
        d[0] = -1.0 / (u * u);
        return 1.0 / u;
    case ADD:
        d[0] = d[1] = 1.0;
        return u + v;
    case SUB:
        d[0] = 1.0;
        d[1] = -1.0;
        return u - v;
    case MUL:
        d[0] = v;
        d[1] = u;
        return u * v;
    case DIV:
        d[0] = 1.0 / v;
        d[1] = -u / (v * v);
        return u / v;
    case MIN:
        *margin = fabs(u - v);
        d[u < v ? 0 : 1] = 1.0;
        return u < v ? u : v;
    case MAX:
        *margin = fabs(u - v);
        d[u > v ? 0 : 1] = 1.0;
        return u > v ? u : v;
    case POW:
        *margin = u;
        d[0] = v * pow(u, v - 1.0);
        d[1] = pow(u, v) * log(u);
        return pow(u, v);
    case SWISH: {
        const double t = 1.0 / (1.0 + exp(-u * v));
        d[0] = t + u * v * t * (1.0 - t);
        d[1] = u * u * t * (1.0 - t);
        return u * t;
    }
    case WHERE:
        *margin = fabs(u - n->number);
        d[u > n->number ? 1 : 2] = 1.0;
        return u > n->number ? v : w;
    default: {
        const double high = fabs(n->number) + 0.125;
        *margin = fmin(fabs(u + 1.5), fabs(u - high));
        d[0] = u > -1.5 && u < high;
        return u < -1.5 ? -1.5 : u > high ? high : u;
    }
    }
}

random_value random_formula_at(const random_formula *f, double x, const double *params)
{
    random_value all[RANDOM_NODES];
    random_value result = { .margin = 1e9 };
    for (int i = 0; i < f->count; i++) {
        const random_node *n = &f->nodes[i];
        random_value *to = &all[i];
        memset(to, 0, sizeof *to);
        if (n->kind == X) {
            to->value = x;
            to->slopes[0] = 1.0;
        } else if (n->kind == NUMBER) {
            to->value = n->number;
        } else if (n->kind == PARAM) {
            to->value = params[n->a];
            to->slopes[1 + n->a] = 1.0;
        } else {
            const random_value *a = &all[n->a], *b = &all[n->b], *c = &all[n->c];
            double d[3], margin = 1e9;
            to->value = operation(n, a->value, b->value, c->value, d, &margin);
            for (int k = 0; k <= RANDOM_PARAMS; k++)
                to->slopes[k] = d[0] * a->slopes[k] + (n->kind >= FIRST_BINARY ? d[1] * b->slopes[k] : 0.0) +
                                (n->kind >= FIRST_TERNARY ? d[2] * c->slopes[k] : 0.0);
            result.margin = margin < result.margin ? margin : result.margin;
            for (int k = 0; k < 3; k++)
                result.size = fmax(result.size, fabs(d[k]));
        }
        result.size = fmax(result.size, fabs(to->value));
        for (int k = 0; k <= RANDOM_PARAMS; k++)
            result.size = fmax(result.size, fabs(to->slopes[k]));
        if (!isfinite(to->value))
            result.margin = -1.0;
    }
    const random_value *last = &all[f->count - 1];
    result.value = last->value;
    memcpy(result.slopes, last->slopes, sizeof result.slopes);
    return result;
}
