/* Nodes to programs: f, f', and the gradients of the parameters with f'.
 *
 * What becomes an fma is decided for f and f' each by itself, so that their bits do not depend on what else a program
 * computes. */
#include <string.h>

#include "formula/formula.h"

/* ---- fma ---------------------------------------------------------------------------------------------- */

/* A node's uses in a graph as it was, of `count` nodes. */
typedef struct use_counts {
    const uint16_t *uses;
    formula_node_index count;
} use_counts;

/* Is the cosine of this sine's argument computed, too? */
static int has_cosine(const activ_formula *f, formula_node_index sine, const use_counts *u)
{
    const formula_node_index cosine = activ_formula_known(f, ACTIV_OP_cos, f->nodes[sine].a);
    return cosine != FORMULA_NONE && cosine < u->count && u->uses[cosine] > 0;
}

/* old: in the graph as it was; operands of n are new. */
static formula_node_index fuse_node(activ_formula *f, formula_node_index old, const formula_node *n, void *user)
{
    const use_counts *u = user;
    const uint16_t *uses = u->uses;
    if (n->op == ACTIV_OP_sin && has_cosine(f, old, u))
        return activ_formula_make(f, ACTIV_OP_sine, n->a, FORMULA_NONE, FORMULA_NONE);
    if (n->op != ACTIV_OP_add && n->op != ACTIV_OP_sub)
        return FORMULA_NONE;
    const formula_node was = f->nodes[old], a = f->nodes[n->a], b = f->nodes[n->b];
    const int first = a.op == ACTIV_OP_mul && a.depends & FORMULA_ON_X && uses[was.a] == 1;
    const int second = b.op == ACTIV_OP_mul && b.depends & FORMULA_ON_X && uses[was.b] == 1;
    if (second)
        return activ_formula_make(f, n->op == ACTIV_OP_add ? ACTIV_OP_fma : ACTIV_OP_fnma, b.a, b.b, n->a);
    if (first)
        return activ_formula_make(f, n->op == ACTIV_OP_add ? ACTIV_OP_fma : ACTIV_OP_fms, a.a, a.b, n->b);
    return FORMULA_NONE;
}

static void count_uses(const activ_formula *f, const formula_node_index *roots, size_t count, unsigned char *marks,
                       uint16_t *uses)
{
    for (size_t i = 0; i < count; i++) {
        marks[roots[i]] = 1;
        uses[roots[i]]++;
    }
    activ_formula_mark(f, f->count, marks);
    for (size_t i = 0; i < f->count; i++) {
        const formula_node *n = &f->nodes[i];
        const int arity = marks[i] ? activ_formula_arity(n->op) : 0;
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        for (int k = 0; k < arity; k++)
            uses[operands[k]]++;
    }
}

static void fuse(activ_formula *f, formula_node_index *roots, size_t count)
{
    const size_t nodes = f->count;
    uint16_t *uses = activ_host_alloc(&f->host, nodes * sizeof *uses);
    unsigned char *marks = activ_host_alloc(&f->host, nodes);
    if (!uses || !marks)
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    if (f->status == ACTIV_OK) {
        count_uses(f, roots, count, marks, uses);
        use_counts u = { uses, (formula_node_index)nodes };
        activ_formula_rebuild_all(f, roots, count, fuse_node, &u);
    }
    activ_host_free(&f->host, uses, nodes * sizeof *uses);
    activ_host_free(&f->host, marks, nodes);
}

/* ---- copies --------------------------------------------------------------------------------------------- */

/* Polynomials of a high degree, and their derivatives, have the powers of x in common: more than there are registers
 * for, if each is kept until the last that needs it. What is cheap is computed anew for each of them, by the same
 * operations. It becomes nodes of its own, which differ in the operand that they do not have. */

enum { COPIED = 10 }; /* operations at most */

static int may_be_copied(const formula_node *n)
{
    return n->depends & FORMULA_ON_X &&
           (n->op == ACTIV_OP_neg || n->op == ACTIV_OP_abs || n->op == ACTIV_OP_sign || n->op == ACTIV_OP_add ||
            n->op == ACTIV_OP_sub || n->op == ACTIV_OP_mul || n->op == ACTIV_OP_scale);
}

/* The node and what it is made of, down to what is not copied, in ascending order. The number; 0: not cheap. */
static size_t list_cheap(const activ_formula *f, formula_node_index node, formula_node_index *list)
{
    size_t count = 0;
    if (may_be_copied(&f->nodes[node]))
        list[count++] = node;
    for (size_t i = 0; i < count; i++) {
        const formula_node *n = &f->nodes[list[i]];
        const formula_node_index operands[2] = { n->a, n->b };
        for (int k = 0; k < activ_formula_arity(n->op); k++) {
            size_t at = 0;
            while (at < count && list[at] != operands[k])
                at++;
            if (at < count || !may_be_copied(&f->nodes[operands[k]]))
                continue;
            if (count == COPIED)
                return 0;
            list[count++] = operands[k];
        }
    }
    for (size_t i = 1; i < count; i++)
        for (size_t at = i; at > 0 && list[at - 1] > list[at]; at--) {
            const formula_node_index greater = list[at - 1];
            list[at - 1] = list[at];
            list[at] = greater;
        }
    return count;
}

/* What has become of an operand, of which there is a copy if it is cheap. */
static formula_node_index copy_cheap(activ_formula *f, formula_node_index node, const formula_node_index *map)
{
    formula_node_index list[COPIED], copies[COPIED];
    const size_t count = list_cheap(f, node, list);
    for (size_t i = 0; i < count; i++) {
        formula_node n = f->nodes[list[i]];
        formula_node_index *const operands[2] = { &n.a, &n.b };
        for (int k = 0; k < activ_formula_arity(n.op); k++) {
            size_t at = 0;
            while (at < i && list[at] != *operands[k])
                at++;
            *operands[k] = at < i ? copies[at] : map[*operands[k]];
        }
        n.c = -2 - (formula_node_index)f->count;
        copies[i] = activ_formula_intern(f, &n);
    }
    return count > 0 ? copies[count - 1] : map[node];
}

static void copy_all_cheap(activ_formula *f, formula_node_index *roots, size_t count)
{
    const size_t nodes = f->count;
    formula_node_index *map = activ_host_alloc(&f->host, nodes * sizeof *map);
    unsigned char *marks = activ_host_alloc(&f->host, nodes);
    if (!map || !marks)
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    for (size_t i = 0; f->status == ACTIV_OK && i < count; i++)
        marks[roots[i]] = 1;
    if (f->status == ACTIV_OK)
        activ_formula_mark(f, nodes, marks);
    for (size_t i = 0; f->status == ACTIV_OK && i < nodes; i++) {
        formula_node_index list[COPIED];
        formula_node n = f->nodes[i];
        map[i] = (formula_node_index)i;
        if (!marks[i] || list_cheap(f, (formula_node_index)i, list) > 0)
            continue;
        const int arity = activ_formula_arity(n.op);
        if (arity > 0)
            n.a = copy_cheap(f, n.a, map);
        if (arity > 1)
            n.b = copy_cheap(f, n.b, map);
        if (arity > 2)
            n.c = copy_cheap(f, n.c, map);
        map[i] = activ_formula_intern(f, &n);
    }
    for (size_t i = 0; f->status == ACTIV_OK && i < count; i++)
        roots[i] = copy_cheap(f, roots[i], map);
    activ_host_free(&f->host, map, nodes * sizeof *map);
    activ_host_free(&f->host, marks, nodes);
}

/* ---- operands, until the layout is known ---------------------------------------------------------------- */

enum { REGISTER = 0, CONSTANT = 1, PARAM = 2, UNIFORM = 3 };

static uint16_t operand(int kind, size_t index)
{
    return (uint16_t)((unsigned)kind << 14 | (unsigned)index);
}

static int kind_of(uint16_t operand)
{
    return operand >> 14;
}

static size_t index_of(uint16_t operand)
{
    return operand & 0x3fff;
}

/* ---- a program in the making ---------------------------------------------------------------------------- */

typedef struct compiler {
    activ_formula *f;
    activ_instruction *code;
    size_t count, capacity;
    float *constants;
    size_t constant_count, constant_capacity;
    uint16_t *params; /* numbers of parameters that programs read */
    size_t param_count, param_capacity;
    activ_program_setting settings[3 * FORMULA_CALLS * FORMULA_SETTINGS];
    size_t setting_count, uniform_count;
    size_t first_constant, first_param, first_setting; /* of this program; the counts are of all */

    /* Of each node. */
    unsigned char *marks, *needs; /* needs: registers to compute it, about */
    unsigned char *depends;       /* on what has been computed */
    uint16_t *uses;               /* that are still to come */
    uint16_t *places;             /* the operand that holds it, plus 1; 0: none yet */
    uint16_t *leaf_places;        /* the same of constants and parameters */
    formula_node_index *order, *stack;
    size_t order_count;
    formula_node_index *keys, *latest; /* see find_keys; latest: the greatest key of those that need it */
    void *block;                       /* of these arrays */
    size_t nodes;                      /* that they have room for */

    uint64_t registers; /* bit k: register k is taken */
    size_t most;        /* registers taken at once, the first included */
    int is_full;        /* one more was wanted */
    int is_prologue;
} compiler;

static void *room_for_one(compiler *c, void *array, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return array;
    void *grown = activ_host_grow(&c->f->host, array, count, capacity, bytes);
    if (!grown)
        activ_formula_fail(c->f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    return grown ? grown : array;
}

enum { MOST_INSTRUCTIONS = 1 << 18 };

static void emit(compiler *c, int op, unsigned scalars, size_t out, uint16_t a, uint16_t b, uint16_t operand)
{
    if (c->count == MOST_INSTRUCTIONS) {
        activ_formula_fail(c->f, ACTIV_ERROR_RANGE, "it is too large: its gradients have more than 262144 operations");
        return;
    }
    c->code = room_for_one(c, c->code, c->count, &c->capacity, sizeof *c->code);
    if (c->f->status != ACTIV_OK)
        return;
    c->code[c->count++] = (activ_instruction){ (uint8_t)op, (uint8_t)scalars, (uint16_t)out, a, b, operand };
}

static size_t take_register(compiler *c)
{
    size_t i = 1;
    while (i < ACTIV_PROGRAM_REGISTERS && c->registers >> i & 1)
        i++;
    if (i == ACTIV_PROGRAM_REGISTERS) {
        c->is_full = 1;
        return 1;
    }
    c->registers |= UINT64_C(1) << i;
    c->most = i + 1 > c->most ? i + 1 : c->most;
    return i;
}

static void release(compiler *c, uint16_t operand)
{
    const size_t index = index_of(operand);
    if (kind_of(operand) == REGISTER && index > 0)
        c->registers &= ~(UINT64_C(1) << index);
}

static int is_scalar(uint16_t operand)
{
    return kind_of(operand) != REGISTER;
}

static uint16_t constant_place(compiler *c, double number)
{
    c->constants = room_for_one(c, c->constants, c->constant_count, &c->constant_capacity, sizeof *c->constants);
    if (c->f->status == ACTIV_OK)
        c->constants[c->constant_count++] = (float)number;
    return operand(CONSTANT, c->constant_count - c->first_constant - 1);
}

static uint16_t param_place(compiler *c, size_t number)
{
    c->params = room_for_one(c, c->params, c->param_count, &c->param_capacity, sizeof *c->params);
    if (c->f->status == ACTIV_OK)
        c->params[c->param_count++] = (uint16_t)number;
    return operand(PARAM, c->param_count - c->first_param - 1);
}

/* Where the node's value is: leaves, uniforms, and what has been computed. */
static uint16_t place_of(compiler *c, formula_node_index node)
{
    activ_formula *f = c->f;
    const formula_node *n = &f->nodes[node];
    if (f->status != ACTIV_OK)
        return 0;
    if (c->places[node])
        return (uint16_t)(c->places[node] - 1);
    if (n->op == ACTIV_OP_variable && n->a == 0)
        return 0;
    if (n->op == ACTIV_OP_param && f->channels > 0) {
        const size_t out = take_register(c);
        emit(c, ACTIV_OP_channel, 0, out, 0, 0, (uint16_t)n->a);
        c->places[node] = (uint16_t)(out + 1);
        return (uint16_t)out;
    }
    if (n->op != ACTIV_OP_param && n->op != ACTIV_OP_constant) {
        activ_formula_fail(f, ACTIV_ERROR_UNSUPPORTED, "a setting of a function depends on x");
        return 0;
    }
    if (!c->leaf_places[node])
        c->leaf_places[node] =
            (uint16_t)((n->op == ACTIV_OP_param ? param_place(c, (size_t)n->a) : constant_place(c, n->number)) + 1);
    return (uint16_t)(c->leaf_places[node] - 1);
}

/* In which positions an operation takes scalars. */
static unsigned scalar_positions(int op)
{
    switch (op) {
    case ACTIV_OP_add:
    case ACTIV_OP_mul:
    case ACTIV_OP_min:
    case ACTIV_OP_max:
    case ACTIV_OP_eq:
    case ACTIV_OP_pow:
        return 2;
    case ACTIV_OP_sub:
    case ACTIV_OP_div:
    case ACTIV_OP_lt:
    case ACTIV_OP_le:
        return 3;
    case ACTIV_OP_fma:
    case ACTIV_OP_fms:
    case ACTIV_OP_fnma:
    case ACTIV_OP_select:
        return 6;
    default:
        return 0;
    }
}

static void add_settings(compiler *c, formula_node_index call)
{
    const formula_call *own = &c->f->calls[call];
    for (size_t i = c->first_setting; i < c->setting_count; i++)
        if (c->settings[i].call == call)
            return;
    for (size_t i = 0; i < own->dynamic; i++)
        c->settings[c->setting_count++] =
            (activ_program_setting){ (uint16_t)call, own->settings[i], place_of(c, own->values[i]) };
}

/* A scalar, where a register is wanted. */
static uint16_t copied(compiler *c, uint16_t operand)
{
    const size_t out = take_register(c);
    emit(c, ACTIV_OP_copy, 1, out, operand, 0, 0);
    return (uint16_t)out;
}

/* The sine of a cosine's argument, and the other way round, if it is to be computed, too; else FORMULA_NONE. */
static formula_node_index partner_of(const compiler *c, const formula_node *n)
{
    if (n->op != ACTIV_OP_cos && n->op != ACTIV_OP_sine)
        return FORMULA_NONE;
    const int op = n->op == ACTIV_OP_cos ? ACTIV_OP_sine : ACTIV_OP_cos;
    const formula_node_index other = activ_formula_known(c->f, op, n->a);
    return other != FORMULA_NONE && c->marks[other] && !c->places[other] ? other : FORMULA_NONE;
}

/* Both at once. */
static void emit_sincos(compiler *c, formula_node_index node, formula_node_index other)
{
    const formula_node n = c->f->nodes[node];
    uint16_t place = place_of(c, n.a);
    const int copies = is_scalar(place);
    if (copies)
        place = copied(c, place);
    c->uses[n.a] = (uint16_t)(c->uses[n.a] - 2);
    if (copies || (c->uses[n.a] == 0 && c->places[n.a]))
        release(c, place);
    const size_t first = take_register(c), second = take_register(c);
    emit(c, ACTIV_OP_sincos, 0, first, place, 0, (uint16_t)second);
    c->places[n.op == ACTIV_OP_sine ? node : other] = (uint16_t)(first + 1);
    c->places[n.op == ACTIV_OP_sine ? other : node] = (uint16_t)(second + 1);
}

static void emit_node(compiler *c, formula_node_index node)
{
    const formula_node n = c->f->nodes[node];
    const int arity = activ_formula_arity(n.op), is_call = formula_is_call(n.op);
    formula_node_index operands[3] = { n.a, n.b, n.c };
    uint16_t places[3] = { 0, 0, 0 };
    unsigned scalars = 0;
    const formula_node_index partner = partner_of(c, &n);
    if (partner != FORMULA_NONE) {
        emit_sincos(c, node, partner);
        return;
    }
    if (is_call)
        add_settings(c, n.b);
    for (int k = 0; k < arity; k++)
        places[k] = place_of(c, operands[k]);
    /* a b + c with the scalar factor second. */
    if ((n.op == ACTIV_OP_fma || n.op == ACTIV_OP_fms || n.op == ACTIV_OP_fnma) && is_scalar(places[0])) {
        const uint16_t other = places[0];
        places[0] = places[1];
        places[1] = other;
    }
    unsigned allowed = scalar_positions(n.op);
    uint16_t own_copies[3];
    int copies = 0;
    for (int k = 0; k < arity; k++) {
        if (!is_scalar(places[k]))
            continue;
        if (allowed >> k & 1 && !(allowed == 3 && scalars)) {
            scalars |= 1u << k;
            continue;
        }
        places[k] = own_copies[copies++] = copied(c, places[k]);
    }
    for (int k = 0; k < arity; k++)
        if (--c->uses[operands[k]] == 0 && c->places[operands[k]])
            release(c, (uint16_t)(c->places[operands[k]] - 1));
    for (int k = 0; k < copies; k++)
        release(c, own_copies[k]);
    const size_t out = take_register(c);
    emit(c, n.op, scalars, out, places[0], is_call ? (uint16_t)n.b : places[1], places[2]);
    c->places[node] = (uint16_t)(out + 1);
}

/* ---- order ---------------------------------------------------------------------------------------------- */

/* Is it computed in this part of the program: block by block, or once per call? */
static int is_computed(const compiler *c, formula_node_index node)
{
    const formula_node *n = &c->f->nodes[node];
    return activ_formula_arity(n->op) > 0 && ((n->depends & FORMULA_ON_X) != 0) != c->is_prologue;
}

/* About as many registers as computing it takes: operands in descending order, each result being kept. */
static unsigned char need_of(const compiler *c, const formula_node *n)
{
    const int arity = activ_formula_arity(n->op);
    const formula_node_index operands[3] = { n->a, n->b, n->c };
    unsigned need[3] = { 0, 0, 0 }, most = 1;
    for (int k = 0; k < arity; k++)
        need[k] = c->needs[operands[k]];
    for (unsigned taken = 0; taken < (unsigned)arity; taken++) {
        int next = 0;
        for (int k = 1; k < arity; k++)
            next = need[k] > need[next] ? k : next;
        most = need[next] + taken > most ? need[next] + taken : most;
        need[next] = 0;
    }
    return most < 250 ? (unsigned char)most : 250;
}

/* Appends what is needed for the root, and not computed yet, to the order: operands first, those that need most
 * registers before the others. */
static void add_to_order(compiler *c, formula_node_index root)
{
    formula_node_index *const stack = c->stack;
    size_t depth = 0;
    if (!is_computed(c, root) || c->marks[root] == 2)
        return;
    stack[depth++] = root;
    while (depth > 0) {
        const formula_node_index node = stack[depth - 1];
        const formula_node *n = &c->f->nodes[node];
        const int arity = activ_formula_arity(n->op);
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        formula_node_index next = FORMULA_NONE;
        for (int k = 0; k < arity && c->marks[node] != 2; k++) {
            const formula_node_index operand = operands[k];
            if (is_computed(c, operand) && c->marks[operand] != 2 &&
                (next == FORMULA_NONE || c->needs[operand] > c->needs[next]))
                next = operand;
        }
        if (next != FORMULA_NONE) {
            stack[depth++] = next;
            continue;
        }
        if (c->marks[node] != 2) {
            c->marks[node] = 2;
            c->order[c->order_count++] = node;
        }
        depth--;
    }
}

static void emit_order(compiler *c)
{
    for (size_t i = 0; c->f->status == ACTIV_OK && !c->is_full && i < c->order_count; i++)
        if (!c->places[c->order[i]]) /* it is, if it was a partner */
            emit_node(c, c->order[i]);
    c->order_count = 0;
}

/* What does not depend on x but is no leaf, where something that does needs it: once per call. */
static void emit_uniforms(compiler *c, const formula_node_index *roots, size_t count)
{
    activ_formula *f = c->f;
    const size_t nodes = f->count;
    c->is_prologue = 1;
    unsigned char *wanted = activ_host_alloc(&f->host, nodes);
    if (!wanted) {
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return;
    }
    for (size_t i = 0; i < count; i++)
        wanted[roots[i]] = 1;
    for (size_t i = 0; i < nodes; i++) {
        const formula_node *n = &f->nodes[i];
        const int arity = c->marks[i] && n->depends & FORMULA_ON_X ? activ_formula_arity(n->op) : 0;
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        for (int k = 0; k < arity; k++)
            wanted[operands[k]] = 1;
        if (c->marks[i] && formula_is_call(n->op))
            for (size_t k = 0; k < f->calls[n->b].dynamic; k++)
                wanted[f->calls[n->b].values[k]] = 1;
    }
    for (size_t i = 0; f->status == ACTIV_OK && !c->is_full && i < nodes; i++) {
        const formula_node_index node = (formula_node_index)i;
        if (!c->marks[i] || !wanted[i] || !is_computed(c, node))
            continue;
        c->uses[i]++; /* it may be part of another */
        add_to_order(c, node);
        emit_order(c);
        if (c->is_full)
            break;
        emit(c, ACTIV_OP_uniform, 0, c->uniform_count, place_of(c, node), 0, 0);
        if (f->status == ACTIV_OK)
            release(c, (uint16_t)(c->places[i] - 1));
        c->places[i] = (uint16_t)(operand(UNIFORM, c->uniform_count++) + 1);
    }
    activ_host_free(&f->host, wanted, nodes);
    c->registers = 1;
    c->is_prologue = 0;
}

/* ---- the order of the gradients ------------------------------------------------------------------------------ */

/* Is it a function of a, as opposed to arithmetic? */
static int is_function(int op)
{
    return formula_is_call(op) || op == ACTIV_OP_pow || (op >= ACTIV_OP_exp && op <= ACTIV_OP_gauss);
}

/* Gradients of a sum of many terms share the parts of each term, and with f' too. Kept until the last gradient has been
 * computed, they would need more registers than there are. So nodes are ordered by the last part of the formula that
 * they need: the key of a node is the last argument of a function below it, of sin(u) and cos(u) the same. Gradients
 * with the same key are computed one after the other; then, of all others and f', what can be computed with that key,
 * such as the sum of the terms so far. */
static void find_keys(compiler *c)
{
    const activ_formula *f = c->f;
    for (size_t i = 0; i < f->count; i++) {
        const formula_node *n = &f->nodes[i];
        const int arity = is_computed(c, (formula_node_index)i) ? activ_formula_arity(n->op) : 0;
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        if (arity > 0 && is_function(n->op))
            c->keys[i] = n->a;
        for (int k = 0; k < arity; k++)
            c->keys[i] = c->keys[operands[k]] > c->keys[i] ? c->keys[operands[k]] : c->keys[i];
        for (int k = 0; k < arity && c->marks[i]; k++)
            if (c->keys[i] > c->latest[operands[k]])
                c->latest[operands[k]] = c->keys[i];
    }
}

static void sort_roots(const compiler *c, formula_node_index *roots, size_t *numbers, size_t sums)
{
    for (size_t i = 1; i < sums; i++) {
        const formula_node_index root = roots[i];
        const size_t number = numbers[i];
        size_t at = i;
        for (; at > 0 && c->keys[roots[at - 1]] > c->keys[root]; at--) {
            roots[at] = roots[at - 1];
            numbers[at] = numbers[at - 1];
        }
        roots[at] = root;
        numbers[at] = number;
    }
}

/* What has this key or less, depends on something that has been computed, and is needed for what has a greater key. */
static void emit_up_to(compiler *c, formula_node_index key)
{
    const activ_formula *f = c->f;
    for (size_t i = 0; f->status == ACTIV_OK && !c->is_full && i < f->count; i++) {
        const formula_node *n = &f->nodes[i];
        const int is_open = c->marks[i] == 1 && c->keys[i] <= key && is_computed(c, (formula_node_index)i);
        const int arity = is_open ? activ_formula_arity(n->op) : 0;
        const formula_node_index operands[3] = { n->a, n->b, n->c };
        c->depends[i] = c->marks[i] == 2 && is_computed(c, (formula_node_index)i);
        for (int k = 0; k < arity; k++)
            c->depends[i] |= c->depends[operands[k]];
        if (is_open && c->depends[i] && c->latest[i] > key) {
            add_to_order(c, (formula_node_index)i);
            emit_order(c);
        }
    }
}

/* ---- a program ------------------------------------------------------------------------------------------ */

/* Does a NaN in x always come through? (passes: the same of the operands.) */
static int passes_nan(const activ_formula *f, const formula_node *n, const unsigned char *passes)
{
    double exponent;
    switch (n->op) {
    case ACTIV_OP_variable:
        return 1;
    case ACTIV_OP_constant:
    case ACTIV_OP_param:
    case ACTIV_OP_lt:
    case ACTIV_OP_le:
    case ACTIV_OP_eq:
    case ACTIV_OP_and:
    case ACTIV_OP_or:
    case ACTIV_OP_not:
        return 0;
    case ACTIV_OP_select:
        return passes[n->b] && passes[n->c];
    case ACTIV_OP_scale:
        return passes[n->a];
    case ACTIV_OP_pow:
        return passes[n->a] && activ_formula_is_constant(f, n->b, &exponent) && exponent != 0.0;
    default:
        break;
    }
    const int arity = activ_formula_arity(n->op);
    return passes[n->a] || (arity > 1 && passes[n->b]) || (arity > 2 && passes[n->c]);
}

/* Where an operand is. */
static uint16_t place_in(const activ_program *p, uint16_t symbol)
{
    const size_t index = index_of(symbol), params = p->scalars + p->constant_count;
    switch (kind_of(symbol)) {
    case REGISTER:
        return (uint16_t)(index * p->block);
    case CONSTANT:
        return (uint16_t)(p->scalars + index);
    case PARAM:
        return (uint16_t)(params + index);
    default:
        return (uint16_t)(params + p->param_count + index);
    }
}

/* Of the stack, by what else is on it (program.h). */
static size_t most_floats(const activ_formula *f, int beside_sums)
{
    if (f->is_expert)
        return ACTIV_PROGRAM_FLOATS_OF_EXPERT;
    if (beside_sums || f->channels > 0) /* fn/channels.c needs as much for itself */
        return ACTIV_PROGRAM_FLOATS_BESIDE_SUMS;
    for (size_t i = 0; i < f->call_count; i++)
        if (f->calls[i].definition->param_vector)
            return ACTIV_PROGRAM_FLOATS_BESIDE_CALLS;
    return ACTIV_PROGRAM_FLOATS;
}

/* Blocks as long as there is room for, and the operands in place of their symbols. The code begins at `start`. */
static void lay_out(compiler *c, size_t start, int beside_sums, activ_program *p)
{
    const size_t floats = p->floats = most_floats(c->f, beside_sums);
    p->constant_count = c->constant_count - c->first_constant;
    p->param_count = c->param_count - c->first_param;
    p->setting_count = c->setting_count - c->first_setting;
    const size_t scalars = p->constant_count + p->param_count + c->uniform_count;
    p->block = scalars < floats ? (floats - scalars) / c->most / ACTIV_PROGRAM_BLOCK * ACTIV_PROGRAM_BLOCK : 0;
    p->block = p->block < ACTIV_PROGRAM_LONGEST_BLOCK ? p->block : ACTIV_PROGRAM_LONGEST_BLOCK;
    if (p->block == 0) {
        c->is_full = 1;
        return;
    }
    p->scalars = c->most * p->block;
    p->result = place_in(p, (uint16_t)p->result);
    size_t reads = 0; /* of x */
    for (size_t i = 0; i < p->count; i++) {
        activ_instruction *n = &c->code[start + i];
        const int arity = activ_formula_arity(n->op);
        n->out = place_in(p, n->op == ACTIV_OP_uniform ? operand(UNIFORM, n->out) : n->out);
        n->a = place_in(p, n->a);
        if (arity > 1)
            n->b = place_in(p, n->b);
        if (arity > 2 || n->op == ACTIV_OP_sincos)
            n->c = place_in(p, n->c);
        reads += (size_t)((arity > 0 && n->a == 0) + (arity > 1 && n->b == 0) + (arity > 2 && n->c == 0));
    }
    p->copies_x = reads > 2;
    for (size_t i = c->first_setting; i < c->setting_count; i++)
        c->settings[i].scalar = place_in(p, c->settings[i].scalar);
}

/* What is computed of these roots, as if nothing had been but the uniforms. */
static void forget(compiler *c, const formula_node_index *roots, size_t count)
{
    const size_t nodes = c->f->count;
    memset(c->marks, 0, nodes);
    memset(c->uses, 0, nodes * sizeof *c->uses);
    memset(c->keys, 0, nodes * sizeof *c->keys);
    memset(c->latest, 0, nodes * sizeof *c->latest);
    for (size_t i = 0; i < nodes; i++)
        if (c->places[i] && !is_scalar((uint16_t)(c->places[i] - 1)))
            c->places[i] = 0;
    c->registers = 1;
    count_uses(c->f, roots, count, c->marks, c->uses);
    find_keys(c);
}

/* The roots from `first` to `end`; number `sums` is the result, the others are added to sums. */
static void emit_part(compiler *c, const formula_node_index *roots, const size_t *numbers, size_t sums, size_t first,
                      size_t end, activ_program *program)
{
    activ_formula *f = c->f;
    for (size_t i = first; f->status == ACTIV_OK && i < end; i++) {
        add_to_order(c, roots[i]);
        emit_order(c);
        if (f->status != ACTIV_OK || c->is_full)
            break;
        uint16_t place = place_of(c, roots[i]);
        if (i == sums) {
            place = is_scalar(place) ? copied(c, place) : place;
            program->result = place;
            break;
        }
        emit(c, ACTIV_OP_sum, is_scalar(place) ? 1 : 0, 0, place, 0, (uint16_t)numbers[i]);
        if (--c->uses[roots[i]] == 0)
            release(c, place);
        if (i + 1 < end && c->keys[roots[i + 1]] > c->keys[roots[i]])
            emit_up_to(c, c->keys[roots[i]]);
    }
}

/* The program, `part` roots at a time: what they have in common is computed for each part. */
static void emit_parts(compiler *c, formula_node_index *roots, size_t *numbers, size_t sums, size_t part,
                       activ_program *program)
{
    const size_t start = c->count, nodes = c->f->count;
    c->setting_count = c->first_setting;
    c->constant_count = c->first_constant;
    c->param_count = c->first_param;
    c->uniform_count = 0;
    c->most = 1;
    c->is_full = 0;
    memset(c->places, 0, nodes * sizeof *c->places);
    memset(c->leaf_places, 0, nodes * sizeof *c->leaf_places);
    forget(c, roots, sums + 1);
    sort_roots(c, roots, numbers, sums);
    for (size_t i = 0; i < nodes; i++) {
        c->needs[i] = need_of(c, &c->f->nodes[i]);
        c->depends[i] = (unsigned char)passes_nan(c->f, &c->f->nodes[i], c->depends);
    }
    program->keeps_nan = !c->depends[roots[sums]];
    memset(c->depends, 0, nodes);
    emit_uniforms(c, roots, sums + 1);
    program->first = c->count - start;
    for (size_t i = 0; c->f->status == ACTIV_OK && !c->is_full && i <= sums; i += part) {
        const size_t end = part > sums - i ? sums + 1 : i + part;
        if (i > 0 || end <= sums)
            forget(c, roots + i, end - i);
        emit_part(c, roots, numbers, sums, i, end, program);
    }
    program->count = c->count - start;
    if (c->f->status == ACTIV_OK && !c->is_full)
        lay_out(c, start, numbers && c->f->param_count > ACTIV_FN_SETTINGS, program);
}

/* The arrays with an element for each node, of which programs make no more; one after the other, wider types first. */
enum { NODE_BYTES = 4 * sizeof(formula_node_index) + 3 * sizeof(uint16_t) + 3 };

static void assign_arrays(compiler *c)
{
    activ_host_free(&c->f->host, c->block, c->nodes * NODE_BYTES);
    const size_t nodes = c->nodes = c->f->count;
    char *const block = c->block = activ_host_alloc(&c->f->host, nodes * NODE_BYTES);
    if (!block) {
        activ_formula_fail(c->f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return;
    }
    c->order = (formula_node_index *)(void *)block;
    c->stack = c->order + nodes;
    c->keys = c->stack + nodes;
    c->latest = c->keys + nodes;
    c->uses = (uint16_t *)(void *)(c->latest + nodes);
    c->places = c->uses + nodes;
    c->leaf_places = c->places + nodes;
    c->marks = (unsigned char *)(c->leaf_places + nodes);
    c->needs = c->marks + nodes;
    c->depends = c->needs + nodes;
}

/* roots: `sums` gradients, that of parameter numbers[i] each, and what is computed last. They are sorted. */
static void compile(compiler *c, formula_node_index *roots, size_t *numbers, size_t sums, activ_program *program)
{
    const size_t start = c->count;
    c->first_setting = c->setting_count;
    c->first_constant = c->constant_count;
    c->first_param = c->param_count;
    size_t part = sums + 1;
    for (int has_copies = 0; c->f->status == ACTIV_OK;) {
        c->count = start;
        emit_parts(c, roots, numbers, sums, part, program);
        c->f->work += c->nodes + c->count - start;
        if (!c->is_full)
            break;
        if (part == 1 && has_copies++)
            activ_formula_fail(c->f, ACTIV_ERROR_RANGE,
                               "it is too large: it needs too many constants, parameters and values at once");
        if (part == 1 && c->f->status == ACTIV_OK) {
            copy_all_cheap(c->f, roots, sums + 1);
            assign_arrays(c);
            part = 2 * (sums + 1);
        }
        part = (part + 1) / 2;
    }
}

enum { PROGRAMS = 3 };

/* Puts the three programs into one block. */
static void pack(compiler *c, activ_program *programs, const size_t *starts)
{
    activ_formula *f = c->f;
    const size_t sizes[] = { c->constant_count * sizeof *c->constants, c->count * sizeof *c->code,
                             c->setting_count * sizeof *c->settings, c->param_count * sizeof *c->params };
    const void *const from[] = { c->constants, c->code, c->settings, c->params };
    const void *to[4];
    size_t constant = 0, setting = 0, param = 0;
    for (int k = 0; k < 4; k++)
        f->block_bytes += sizes[k];
    f->block = activ_host_alloc(&f->host, f->block_bytes);
    if (f->block_bytes > 0 && !f->block) {
        f->block_bytes = 0;
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
        return;
    }
    char *at = f->block;
    for (int k = 0; k < 4; k++) {
        to[k] = at;
        if (sizes[k] > 0)
            memcpy(at, from[k], sizes[k]);
        at += sizes[k];
    }
    for (int i = 0; i < PROGRAMS; i++) {
        programs[i].constants = (const float *)to[0] + constant;
        programs[i].code = (const activ_instruction *)to[1] + starts[i];
        programs[i].settings = (const activ_program_setting *)to[2] + setting;
        programs[i].params = (const uint16_t *)to[3] + param;
        constant += programs[i].constant_count;
        setting += programs[i].setting_count;
        param += programs[i].param_count;
    }
}

activ_status activ_formula_compile(activ_formula *f)
{
    compiler *c = activ_host_alloc(&f->host, sizeof *c);
    const size_t params = f->param_count;
    formula_node_index *roots = activ_host_alloc(&f->host, (params + 1) * sizeof *roots);
    size_t *numbers = activ_host_alloc(&f->host, (params + 1) * sizeof *numbers), sums = 0;
    if (!c || !roots || !numbers)
        activ_formula_fail(f, ACTIV_ERROR_OUT_OF_MEMORY, "no memory");
    if (f->status == ACTIV_OK) {
        activ_program programs[PROGRAMS];
        size_t starts[PROGRAMS] = { 0 };
        memset(programs, 0, sizeof programs);
        c->f = f;
        const formula_node_index zero = activ_formula_constant(f, 0.0);
        /* Of the formula as it is written: as it is without fma. */
        for (size_t i = 0; i < params; i++) {
            const formula_node_index slope = activ_formula_derive(f, f->root, activ_formula_param_value(f, i));
            if (slope == FORMULA_NONE)
                continue;
            numbers[sums] = i;
            roots[sums++] = slope;
        }
        formula_node_index value = f->root;
        formula_node_index slope = activ_formula_derive(f, value, activ_formula_variable(f, 0));
        slope = slope == FORMULA_NONE ? zero : slope;
        /* A derivative may consist of tails, but as a value it is what f's own derivative is. */
        if (f->derivatives <= 1)
            activ_formula_share_slopes(f, &value, 1);
        fuse(f, &value, 1);
        if (f->derivatives == 0)
            activ_formula_share_slopes(f, &slope, 1);
        fuse(f, &slope, 1);
        if (f->derivatives == 0)
            activ_formula_share_slopes(f, roots, sums);
        fuse(f, roots, sums);
        roots[sums] = slope;
        if (f->status == ACTIV_OK)
            assign_arrays(c);
        compile(c, &value, NULL, 0, &programs[0]);
        starts[1] = c->count;
        compile(c, &slope, NULL, 0, &programs[1]);
        starts[2] = c->count;
        compile(c, roots, numbers, sums, &programs[2]);
        if (f->status == ACTIV_OK)
            pack(c, programs, starts);
        activ_host_free(&f->host, c->block, c->nodes * NODE_BYTES);
        f->programs.forward = programs[0];
        f->programs.derivative = programs[1];
        f->programs.gradient = programs[2];
        for (size_t i = 0; i < f->call_count; i++)
            if (f->calls[i].has_params)
                f->programs.params_of |= UINT32_C(1) << i;
        activ_host_free(&f->host, c->code, c->capacity * sizeof *c->code);
        activ_host_free(&f->host, c->constants, c->constant_capacity * sizeof *c->constants);
        activ_host_free(&f->host, c->params, c->param_capacity * sizeof *c->params);
    }
    activ_host_free(&f->host, c, sizeof *c);
    activ_host_free(&f->host, roots, (params + 1) * sizeof *roots);
    activ_host_free(&f->host, numbers, (params + 1) * sizeof *numbers);
    return f->status;
}
