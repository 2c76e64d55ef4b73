/* Nodes of a formula: equal ones are one node, constants are folded, and what is the same for every float32 is
 * simplified. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "formula/formula.h"

void activ_formula_fail(activ_formula *f, activ_status status, const char *what)
{
    if (f->status == ACTIV_OK)
        f->status = activ_fail(f->message, status, "formula: ", what);
}

int activ_formula_arity(int op)
{
#define ACTIV_OP(name) op == ACTIV_OP_##name ||
    if (ACTIV_PROGRAM_UNARY(ACTIV_OP) formula_is_call(op))
        return 1;
    if (ACTIV_PROGRAM_BINARY(ACTIV_OP) 0)
        return 2;
    if (ACTIV_PROGRAM_TERNARY(ACTIV_OP) 0)
        return 3;
#undef ACTIV_OP
    return 0;
}

/* ---- one node for equal ones -------------------------------------------------------------------- */

static uint32_t hash_of(const formula_node *n)
{
    uint64_t bits;
    memcpy(&bits, &n->number, sizeof bits);
    uint64_t h = (bits ^ n->op) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29 ^ (uint32_t)n->a) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 29 ^ (uint32_t)n->b) * UINT64_C(0x94d049bb133111eb);
    h = (h ^ h >> 29 ^ (uint32_t)n->c) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(h >> 32);
}

static int is_same(const formula_node *n, const formula_node *other)
{
    return n->op == other->op && n->a == other->a && n->b == other->b && n->c == other->c &&
           memcmp(&n->number, &other->number, sizeof n->number) == 0; /* -0 differs from 0 */
}

/* The place in the table of a node that is equal, or where it belongs. */
static size_t place_of(const activ_formula *f, const formula_node *n)
{
    size_t at = hash_of(n) & (f->table_size - 1);
    while (f->table[at] > 0 && !is_same(&f->nodes[f->table[at] - 1], n))
        at = (at + 1) & (f->table_size - 1);
    return at;
}

static int grow_table(activ_formula *f)
{
    const size_t size = f->table_size ? f->table_size * 4 : 256;
    formula_node_index *table = activ_host_alloc(&f->host, size * sizeof *table);
    if (!table)
        return 0;
    activ_host_free(&f->host, f->table, f->table_size * sizeof *table);
    f->table = table;
    f->table_size = size;
    for (size_t i = 0; i < f->count; i++)
        table[place_of(f, &f->nodes[i])] = (formula_node_index)i + 1;
    return 1;
}

static formula_node_index intern(activ_formula *f, const formula_node *n)
{
    if (f->status != ACTIV_OK)
        return 0;
    if (2 * (f->count + 1) > f->table_size && !grow_table(f)) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return 0;
    }
    const size_t place = place_of(f, n);
    if (f->table[place] > 0)
        return f->table[place] - 1;
    if (f->count == FORMULA_NODES) {
        activ_formula_fail(f, ACTIV_ERROR_RANGE, "it and its derivatives have more than 16384 operations");
        return 0;
    }
    if (f->count == f->capacity) {
        formula_node *nodes = activ_host_grow(&f->host, f->nodes, f->count, &f->capacity, sizeof *nodes);
        if (!nodes) {
            activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
            return 0;
        }
        f->nodes = nodes;
    }
    f->nodes[f->count] = *n;
    f->table[place] = (formula_node_index)++f->count;
    return (formula_node_index)f->count - 1;
}

static formula_node_index leaf(activ_formula *f, int op, int depends, formula_node_index a, double number)
{
    const formula_node n = { (uint8_t)op, (uint8_t)depends, a, FORMULA_NONE, FORMULA_NONE, number };
    return intern(f, &n);
}

formula_node_index activ_formula_constant(activ_formula *f, double number)
{
    return leaf(f, ACTIV_OP_constant, 0, FORMULA_NONE, number);
}

formula_node_index activ_formula_variable(activ_formula *f, formula_node_index number)
{
    return leaf(f, ACTIV_OP_variable, number == 0 ? FORMULA_ON_X : FORMULA_ON_TEMPORARY, number, 0.0);
}

formula_node_index activ_formula_param_value(activ_formula *f, size_t number)
{
    /* Those of channels differ from element to element, as x does. */
    const int depends = f->channels > 0 ? FORMULA_ON_PARAMS | FORMULA_ON_X : FORMULA_ON_PARAMS;
    return leaf(f, ACTIV_OP_param, depends, (formula_node_index)number, 0.0);
}

/* ---- simplification ----------------------------------------------------------------------------- */

int activ_formula_is_constant(const activ_formula *f, formula_node_index node, double *number)
{
    if (f->status != ACTIV_OK || f->nodes[node].op != ACTIV_OP_constant)
        return 0;
    *number = f->nodes[node].number;
    return 1;
}

/* A constant's value, or a NaN. */
static double value_of(const activ_formula *f, formula_node_index node)
{
    double number = 0.0;
    return node != FORMULA_NONE && activ_formula_is_constant(f, node, &number) ? number : (double)NAN;
}

/* The operation on constants: arithmetic in double, with one rounding to float32 when a program is made; what is not
 * arithmetic has the kernels' bits. */
static double fold(const activ_formula *f, int op, double a, double b, double c)
{
    switch (op) {
    case ACTIV_OP_neg:
        return -a;
    case ACTIV_OP_abs:
        return fabs(a);
    case ACTIV_OP_sqrt:
        return sqrt(a);
    case ACTIV_OP_sign:
        return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a;
    case ACTIV_OP_not:
        return a == 0.0;
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
    case ACTIV_OP_select:
        return a != 0.0 ? b : c;
    default:
        return (double)f->kernels->formula->operation(op, (float)a, (float)b);
    }
}

static int is_commutative(int op)
{
    return op == ACTIV_OP_add || op == ACTIV_OP_mul || op == ACTIV_OP_min || op == ACTIV_OP_max || op == ACTIV_OP_eq ||
           op == ACTIV_OP_and || op == ACTIV_OP_or;
}

static int is_op(const activ_formula *f, formula_node_index node, int op)
{
    return f->status == ACTIV_OK && f->nodes[node].op == op;
}

/* Is it 1 or 0? */
static int is_truth(const activ_formula *f, formula_node_index node)
{
    const int op = f->nodes[node].op;
    return op == ACTIV_OP_lt || op == ACTIV_OP_le || op == ACTIV_OP_eq || op == ACTIV_OP_and || op == ACTIV_OP_or ||
           op == ACTIV_OP_not;
}

/* The reciprocal of a power of two, with which multiplying is dividing; else 0. */
static double exact_reciprocal(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits << 12 == 0 && fabs(number) > 1e-30 && fabs(number) < 1e30 ? 1.0 / number : 0.0;
}

/* What the operation is by an identity that holds for every value but the sign of a zero and NaN's payload;
 * FORMULA_NONE: nothing simpler. */
static formula_node_index simplify(activ_formula *f, int op, formula_node_index a, formula_node_index b,
                                   formula_node_index c)
{
    const double p = value_of(f, a), q = activ_formula_arity(op) > 1 ? value_of(f, b) : (double)NAN;
    switch (op) {
    case ACTIV_OP_neg:
        if (is_op(f, a, ACTIV_OP_neg))
            return f->nodes[a].a;
        if (is_op(f, a, ACTIV_OP_sub))
            return activ_formula_make(f, ACTIV_OP_sub, f->nodes[a].b, f->nodes[a].a, FORMULA_NONE);
        break;
    case ACTIV_OP_abs:
        if (is_op(f, a, ACTIV_OP_abs))
            return a;
        if (is_op(f, a, ACTIV_OP_neg))
            return activ_formula_make(f, ACTIV_OP_abs, f->nodes[a].a, FORMULA_NONE, FORMULA_NONE);
        break;
    case ACTIV_OP_add:
        if (p == 0.0)
            return b;
        if (q == 0.0)
            return a;
        if (is_op(f, b, ACTIV_OP_neg))
            return activ_formula_make(f, ACTIV_OP_sub, a, f->nodes[b].a, FORMULA_NONE);
        if (is_op(f, a, ACTIV_OP_neg))
            return activ_formula_make(f, ACTIV_OP_sub, b, f->nodes[a].a, FORMULA_NONE);
        break;
    case ACTIV_OP_sub:
        if (q == 0.0)
            return a;
        if (p == 0.0)
            return activ_formula_make(f, ACTIV_OP_neg, b, FORMULA_NONE, FORMULA_NONE);
        if (is_op(f, b, ACTIV_OP_neg))
            return activ_formula_make(f, ACTIV_OP_add, a, f->nodes[b].a, FORMULA_NONE);
        break;
    case ACTIV_OP_mul:
        if (p == 1.0)
            return b;
        if (q == 1.0)
            return a;
        if (p == -1.0)
            return activ_formula_make(f, ACTIV_OP_neg, b, FORMULA_NONE, FORMULA_NONE);
        if (q == -1.0)
            return activ_formula_make(f, ACTIV_OP_neg, a, FORMULA_NONE, FORMULA_NONE);
        break;
    case ACTIV_OP_div:
        if (q == 1.0)
            return a;
        if (exact_reciprocal(q) != 0.0)
            return activ_formula_make(f, ACTIV_OP_mul, a, activ_formula_constant(f, 1.0 / q), FORMULA_NONE);
        break;
    case ACTIV_OP_scale:
        if (p == 1.0)
            return b;
        if (p != 0.0 && p == p) /* a constant */
            return activ_formula_make(f, ACTIV_OP_mul, a, b, FORMULA_NONE);
        if (q == 1.0)
            return a;
        break;
    case ACTIV_OP_min:
    case ACTIV_OP_max:
        if (a == b)
            return a;
        break;
    case ACTIV_OP_select:
        if (p == p) /* a constant */
            return p != 0.0 ? b : c;
        if (b == c)
            return b;
        if (q == 1.0 && value_of(f, c) == 0.0 && is_truth(f, a))
            return a;
        break;
    default:
        break;
    }
    return FORMULA_NONE;
}

formula_node_index activ_formula_make(activ_formula *f, int op, formula_node_index a, formula_node_index b,
                                      formula_node_index c)
{
    if (f->status != ACTIV_OK)
        return 0;
    const int arity = activ_formula_arity(op), is_call = formula_is_call(op);
    double numbers[3] = { 0.0, 0.0, 0.0 };
    const int constants = activ_formula_is_constant(f, a, &numbers[0]) &&
                          (arity < 2 || activ_formula_is_constant(f, b, &numbers[1])) &&
                          (arity < 3 || activ_formula_is_constant(f, c, &numbers[2]));
    if (constants && !is_call) {
        const double number = fold(f, op, numbers[0], numbers[1], numbers[2]);
        if (fabs(number) <= (double)FLT_MAX)
            return activ_formula_constant(f, number);
    }
    const formula_node_index simpler = simplify(f, op, a, b, c);
    if (simpler != FORMULA_NONE || f->status != ACTIV_OK)
        return simpler;
    /* The scalar last, as programs want it; else in the order of their making. */
    if (is_commutative(op)) {
        const int first = (f->nodes[a].depends & FORMULA_ON_X) != 0, second = (f->nodes[b].depends & FORMULA_ON_X) != 0;
        if (first != second ? second : b < a) {
            const formula_node_index other = a;
            a = b;
            b = other;
        }
    }
    int depends = f->nodes[a].depends;
    depends |= arity > 1 ? f->nodes[b].depends : 0;
    depends |= arity > 2 ? f->nodes[c].depends : 0;
    for (size_t i = 0; is_call && i < f->calls[b].dynamic; i++)
        depends |= f->nodes[f->calls[b].values[i]].depends;
    if (is_call && f->calls[b].has_params)
        depends |= FORMULA_ON_PARAMS;
    const formula_node n = { (uint8_t)op, (uint8_t)depends, a, b, c, 0.0 };
    return intern(f, &n);
}

formula_node_index activ_formula_known(const activ_formula *f, int op, formula_node_index a)
{
    const formula_node n = { (uint8_t)op, 0, a, FORMULA_NONE, FORMULA_NONE, 0.0 };
    const size_t place = f->table_size > 0 ? place_of(f, &n) : 0;
    return f->table_size > 0 ? f->table[place] - 1 : FORMULA_NONE;
}

formula_node_index activ_formula_whole_power(activ_formula *f, formula_node_index base, int exponent)
{
    formula_node_index result = FORMULA_NONE;
    for (;; exponent /= 2) {
        if (exponent % 2)
            result = result == FORMULA_NONE ? base : activ_formula_make(f, ACTIV_OP_mul, result, base, FORMULA_NONE);
        if (exponent <= 1)
            return result;
        base = activ_formula_make(f, ACTIV_OP_mul, base, base, FORMULA_NONE);
    }
}

/* ---- calls -------------------------------------------------------------------------------------- */

formula_node_index activ_formula_add_call(activ_formula *f, const formula_call *call)
{
    for (size_t i = 0; i < f->call_count; i++) {
        const formula_call *other = &f->calls[i];
        if (other->definition == call->definition && strcmp(other->spec, call->spec) == 0 &&
            other->dynamic == call->dynamic && other->has_params == call->has_params &&
            memcmp(other->settings, call->settings, call->dynamic) == 0 &&
            memcmp(other->values, call->values, call->dynamic * sizeof call->values[0]) == 0)
            return (formula_node_index)i;
    }
    if (f->call_count == FORMULA_CALLS) {
        activ_formula_fail(f, ACTIV_ERROR_RANGE, "more than 16 functions of the catalog, each with its settings");
        return 0;
    }
    formula_call *own = &f->calls[f->call_count];
    *own = *call;
    own->body = FORMULA_NONE;
    own->has_slopes[0] = own->has_slopes[1] = 0;
    own->spec = activ_host_alloc(&f->host, own->spec_bytes);
    own->set = activ_host_alloc(&f->host, (own->set_count + 1) * sizeof *own->set);
    if (!own->spec || !own->set) {
        activ_host_free(&f->host, own->spec, own->spec_bytes);
        activ_host_free(&f->host, own->set, (own->set_count + 1) * sizeof *own->set);
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return 0;
    }
    memcpy(own->spec, call->spec, own->spec_bytes);
    memcpy(own->set, call->set, own->set_count * sizeof *own->set);
    return (formula_node_index)f->call_count++;
}

/* The number of a call whose dynamic settings have become other nodes; those below `low` are as they were. */
static formula_node_index call_with(activ_formula *f, formula_node_index call, formula_node_index low,
                                    const formula_node_index *now)
{
    formula_call changed = f->calls[call];
    int differs = 0;
    for (size_t i = 0; i < changed.dynamic; i++) {
        if (changed.values[i] >= low)
            changed.values[i] = now[changed.values[i] - low];
        differs |= changed.values[i] != f->calls[call].values[i];
    }
    return differs ? activ_formula_add_call(f, &changed) : call;
}

/* ---- walks -------------------------------------------------------------------------------------- */

/* Of the nodes from `low` to `end`, whose marks begin with that of `low`. */
static void mark(const activ_formula *f, formula_node_index low, formula_node_index end, unsigned char *marks)
{
    for (formula_node_index i = end; i-- > low;) {
        const formula_node *n = &f->nodes[i];
        if (!marks[i - low])
            continue;
        const int arity = activ_formula_arity(n->op);
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        for (int k = 0; k < arity; k++)
            if (operands[k] >= low)
                marks[operands[k] - low] = 1;
        if (!formula_is_call(n->op))
            continue;
        const formula_call *call = &f->calls[n->b];
        for (size_t k = 0; k < call->dynamic; k++)
            if (call->values[k] >= low)
                marks[call->values[k] - low] = 1;
    }
}

void activ_formula_mark(const activ_formula *f, size_t count, unsigned char *marks)
{
    mark(f, 0, (formula_node_index)count, marks);
}

/* A node anew, from the operands as they have become; those below `low` are as they were. */
static formula_node_index rebuild_node(activ_formula *f, formula_node_index old, formula_node_index low,
                                       const formula_node_index *now, formula_rebuild *make, void *user)
{
    formula_node n = f->nodes[old];
    const int arity = activ_formula_arity(n.op);
    if (arity > 0 && n.a >= low)
        n.a = now[n.a - low];
    if (arity > 1 && n.b >= low)
        n.b = now[n.b - low];
    if (arity > 2 && n.c >= low)
        n.c = now[n.c - low];
    if (formula_is_call(n.op))
        n.b = call_with(f, n.b, low, now);
    const formula_node_index made = make(f, old, &n, user);
    if (made != FORMULA_NONE)
        return made;
    return arity > 0 ? activ_formula_make(f, n.op, n.a, n.b, n.c) : old;
}

/* Those from `low` to `end`, which the roots are below. */
static void rebuild(activ_formula *f, formula_node_index *roots, size_t count, formula_node_index low,
                    formula_node_index end, formula_rebuild *make, void *user)
{
    const size_t nodes = (size_t)(end - low);
    formula_node_index *now = activ_host_alloc(&f->host, nodes * sizeof *now);
    unsigned char *marks = activ_host_alloc(&f->host, nodes);
    if (!now || !marks)
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    for (size_t i = 0; f->status == ACTIV_OK && i < count; i++)
        if (roots[i] >= low)
            marks[roots[i] - low] = 1;
    if (f->status == ACTIV_OK)
        mark(f, low, end, marks);
    for (formula_node_index i = low; f->status == ACTIV_OK && i < end; i++)
        if (marks[i - low])
            now[i - low] = rebuild_node(f, i, low, now, make, user);
    for (size_t i = 0; f->status == ACTIV_OK && i < count; i++)
        if (roots[i] >= low)
            roots[i] = now[roots[i] - low];
    activ_host_free(&f->host, now, nodes * sizeof *now);
    activ_host_free(&f->host, marks, nodes);
}

int activ_formula_rebuild_all(activ_formula *f, formula_node_index *roots, size_t count, formula_rebuild *make,
                              void *user)
{
    rebuild(f, roots, count, 0, (formula_node_index)f->count, make, user);
    return f->status == ACTIV_OK;
}

/* ---- bodies ------------------------------------------------------------------------------------- */

typedef struct substitution {
    const formula_call *call;
    formula_node_index argument;
} substitution;

static formula_node_index substitute_node(activ_formula *f, formula_node_index old, const formula_node *node,
                                          void *user)
{
    const substitution *s = user;
    (void)f;
    (void)node;
    if (old == s->call->variable)
        return s->argument;
    for (size_t i = 0; i < s->call->dynamic; i++)
        if (old == s->call->places[i])
            return s->call->values[i];
    return FORMULA_NONE;
}

/* Where the answer is kept; NULL: there is no memory to keep any. */
static formula_placed *place_of_answer(activ_formula *f, formula_node_index call, formula_node_index argument,
                                       formula_node_index root)
{
    if (!f->placed)
        f->placed = activ_host_alloc(&f->host, FORMULA_PLACED * sizeof *f->placed);
    if (!f->placed) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return NULL;
    }
    const formula_node n = { 0, 0, call, argument, root, 0.0 };
    return &f->placed[hash_of(&n) % FORMULA_PLACED];
}

formula_node_index activ_formula_in_place(activ_formula *f, formula_node_index call, formula_node_index argument,
                                          formula_node_index root)
{
    const formula_call copy = f->calls[call];
    if (root == FORMULA_NONE || f->status != ACTIV_OK || root < copy.variable)
        return root; /* no variable of the body's is older */
    formula_placed *answer = place_of_answer(f, call, argument, root);
    if (!answer)
        return 0;
    if (answer->root == root && answer->call == call && answer->argument == argument)
        return answer->result;
    substitution s = { &copy, argument };
    formula_node_index result = root;
    rebuild(f, &result, 1, copy.variable, root + 1, substitute_node, &s);
    if (f->status == ACTIV_OK)
        *answer = (formula_placed){ call, argument, root, result };
    return result;
}
