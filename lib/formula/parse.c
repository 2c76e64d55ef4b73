/* The text of a formula to nodes: docs/formulas.md has the grammar. Numbers, names and settings are read by
 * base/settings.h, as those of specs, layers and optimisers are. */
#include <math.h>
#include <string.h>

#include "formula/formula.h"

/* A name that stands for a node: x, a binding, the index of a sum; in a catalog function's own formula its settings. */
typedef struct binding {
    activ_slice name;
    formula_node_index node;
} binding;

typedef struct parser {
    activ_formula *f;
    activ_reader r;
    const char *start;
    binding bindings[FORMULA_NAMES + FORMULA_DEPTH];
    size_t binding_count;
    formula_node_index owner; /* the call whose formula it is, or FORMULA_NONE */
    float *initial;           /* its parameters' initial values, once one is needed */
    size_t initial_count;
    size_t steps, again, depth; /* again: characters of sums' terms that were read before */
    int has_x;
} parser;

static formula_node_index parse_binary(parser *p, int level);

static formula_node_index parse_expression(parser *p)
{
    return parse_binary(p, 0);
}

/* ---- errors ------------------------------------------------------------------------------------------ */

static int is_ok(const parser *p)
{
    return p->f->status == ACTIV_OK;
}

/* Fails with "formula, line 1, column 7: what 'quoted' after". */
static formula_node_index fail_at(parser *p, const char *at, activ_status status, const char *what, activ_slice quoted,
                                  const char *after)
{
    char text[320];
    activ_text t;
    size_t line = 1, column = 1;
    if (!is_ok(p))
        return 0;
    for (const char *c = p->start; c < at; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    activ_text_start(&t, text, sizeof text);
    activ_text_add(&t, p->owner == FORMULA_NONE ? "formula, line " : "the formula of a function, line ");
    activ_text_add_size(&t, line);
    activ_text_add(&t, ", column ");
    activ_text_add_size(&t, column);
    activ_text_add(&t, ": ");
    activ_text_add(&t, what);
    if (quoted.at)
        activ_text_add_quoted(&t, quoted.at, quoted.length);
    activ_text_add(&t, after);
    p->f->status = activ_fail(p->f->message, status, text);
    return 0;
}

static const activ_slice nothing = { NULL, 0 };

/* What comes next, to be quoted: a name or number, or one character. */
static activ_slice next_token(const parser *p)
{
    activ_reader r = p->r;
    activ_slice name = activ_read_name(&r, 1);
    if (name.length == 0 && r.at < r.end)
        name = (activ_slice){ r.at, 1 };
    return name;
}

static formula_node_index fail_expected(parser *p, const char *what)
{
    activ_read_blanks(&p->r);
    if (p->r.at == p->r.end)
        return fail_at(p, p->r.at, ACTIV_ERROR_SYNTAX, what, nothing, " is expected, and the text ends");
    char text[120];
    activ_text t;
    activ_text_start(&t, text, sizeof text);
    activ_text_add(&t, what);
    activ_text_add(&t, " is expected, not ");
    return fail_at(p, p->r.at, ACTIV_ERROR_SYNTAX, text, next_token(p), "");
}

static int take(parser *p, char c)
{
    activ_read_blanks(&p->r);
    return activ_read_character(&p->r, c);
}

static void require(parser *p, char c, const char *what)
{
    if (is_ok(p) && !take(p, c))
        fail_expected(p, what);
}

static activ_slice peek_name(parser *p)
{
    activ_read_blanks(&p->r);
    activ_reader ahead = p->r;
    return activ_read_name(&ahead, 0);
}

static activ_slice take_name(parser *p)
{
    activ_read_blanks(&p->r);
    return activ_read_name(&p->r, 0);
}

/* An operation written at `at`; constants that give no float32 are an error there. */
static formula_node_index combine(parser *p, const char *at, int op, formula_node_index a, formula_node_index b,
                                  formula_node_index c)
{
    if (!is_ok(p))
        return 0;
    double number;
    const int arity = activ_formula_arity(op);
    const int constants = activ_formula_is_constant(p->f, a, &number) &&
                          (arity < 2 || activ_formula_is_constant(p->f, b, &number)) &&
                          (arity < 3 || activ_formula_is_constant(p->f, c, &number));
    const formula_node_index node = activ_formula_make(p->f, op, a, b, c);
    if (is_ok(p) && constants && !activ_formula_is_constant(p->f, node, &number))
        return fail_at(p, at, ACTIV_ERROR_RANGE, "this constant is not a finite float32", nothing, "");
    return node;
}

/* One bracket deeper; 0: too deep. */
static int enter_bracket(parser *p, const char *at)
{
    if (++p->depth > FORMULA_DEPTH)
        return fail_at(p, at, ACTIV_ERROR_RANGE, "brackets are nested too deeply", nothing, ""), 0;
    return 1;
}

/* ---- names ------------------------------------------------------------------------------------------- */

const char *const activ_formula_function_names[] = { "derivative", "exp", "expm1", "log",  "log1p", "sqrt",  "sin",
                                                     "cos",        "tan", "sinh",  "cosh", "atan",  "asinh", "erf",
                                                     "erfc",       "abs", "sign",  "min",  "max",   "pow",   "clamp",
                                                     "where",      "sum", "not",   NULL };

/* Their operations, in the same order; ACTIV_OP_COUNT: it is none. */
static const int operations[] = {
    ACTIV_OP_COUNT, ACTIV_OP_exp, ACTIV_OP_expm1, ACTIV_OP_log,   ACTIV_OP_log1p, ACTIV_OP_sqrt,
    ACTIV_OP_sin,   ACTIV_OP_cos, ACTIV_OP_tan,   ACTIV_OP_sinh,  ACTIV_OP_cosh,  ACTIV_OP_atan,
    ACTIV_OP_asinh, ACTIV_OP_erf, ACTIV_OP_erfc,  ACTIV_OP_abs,   ACTIV_OP_sign,  ACTIV_OP_min,
    ACTIV_OP_max,   ACTIV_OP_pow, ACTIV_OP_COUNT, ACTIV_OP_COUNT, ACTIV_OP_COUNT, ACTIV_OP_not,
};

static const char *const words[] = { "and", "or", "let", "fixed", "pi", "e", "x", NULL };

/* Its place in a list of names, which NULL ends; -1: it is not there. */
static int place_among(activ_slice name, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (activ_slice_is(name, list[i]))
            return i;
    return -1;
}

static int is_function(activ_slice name)
{
    return place_among(name, activ_formula_function_names) > 0;
}

static int is_word(activ_slice name)
{
    return place_among(name, words) >= 0 || is_function(name);
}

static int is_equal(activ_slice a, activ_slice b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static int find_binding(const parser *p, activ_slice name, formula_node_index *node)
{
    for (size_t i = p->binding_count; i-- > 0;)
        if (is_equal(p->bindings[i].name, name)) {
            *node = p->bindings[i].node;
            return 1;
        }
    return 0;
}

static formula_param *find_param(const parser *p, activ_slice name)
{
    for (size_t i = 0; p->owner == FORMULA_NONE && i < p->f->name_count; i++)
        if (is_equal(p->f->params[i].name, name))
            return &p->f->params[i];
    return NULL;
}

/* A name that is to be declared: neither taken nor reserved. */
static int is_free(parser *p, activ_slice name)
{
    formula_node_index node;
    if (!is_ok(p))
        return 0;
    if (name.length == 0)
        return fail_expected(p, "a name"), 0;
    if (is_word(name) || p->f->find(name, NULL))
        return fail_at(p, name.at, ACTIV_ERROR_INVALID, "", name,
                       " has a meaning in formulas: no other name is possible"),
               0;
    if (find_param(p, name) || find_binding(p, name, &node))
        return fail_at(p, name.at, ACTIV_ERROR_INVALID, "", name, " is declared twice"), 0;
    return 1;
}

static void bind(parser *p, activ_slice name, formula_node_index node)
{
    if (p->binding_count == sizeof p->bindings / sizeof p->bindings[0])
        fail_at(p, name.at ? name.at : p->start, ACTIV_ERROR_RANGE, "too many bindings", nothing, "");
    else
        p->bindings[p->binding_count++] = (binding){ name, node };
}

/* ---- functions --------------------------------------------------------------------------------------- */

static int is_whole(double number) /* of at most 2^31 */
{
    return (double)(int32_t)number == number;
}

/* A constant that is a whole number. */
static int whole(parser *p, const char *what, double least, double most, double *number)
{
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    const formula_node_index node = parse_expression(p);
    if (!is_ok(p))
        return 0;
    if (activ_formula_is_constant(p->f, node, number) && *number >= least && *number <= most && is_whole(*number))
        return 1;
    return fail_at(p, at, ACTIV_ERROR_RANGE, what, nothing, ""), 0;
}

/* sum(k, first, last, term): the term is read once for each k. */
static formula_node_index parse_sum(parser *p)
{
    double first, last;
    const activ_slice name = take_name(p);
    if (!is_free(p, name))
        return 0;
    require(p, ',', "','");
    if (!is_ok(p) || !whole(p, "the first index of a sum is a whole number from -4096 to 4096", -4096, 4096, &first))
        return 0;
    require(p, ',', "','");
    if (!is_ok(p) || !whole(p, "the last index of a sum is a whole number from -4096 to 4096", -4096, 4096, &last))
        return 0;
    require(p, ',', "','");
    activ_read_blanks(&p->r);
    const char *term = p->r.at;
    if (is_ok(p) && last < first)
        return fail_at(p, term, ACTIV_ERROR_RANGE, "the last index of a sum is less than the first", nothing, "");
    formula_node_index total = FORMULA_NONE;
    const size_t bindings = p->binding_count;
    for (double k = first; is_ok(p) && k <= last; k += 1.0) {
        p->r.at = term;
        p->binding_count = bindings;
        bind(p, name, activ_formula_constant(p->f, k));
        const formula_node_index value = parse_expression(p);
        p->again += k > first ? (size_t)(p->r.at - term) : 0;
        if (is_ok(p) && p->again > FORMULA_READ)
            return fail_at(p, term, ACTIV_ERROR_RANGE, "the formula is too long, its sums written out", nothing, "");
        total = total == FORMULA_NONE ? value : combine(p, term, ACTIV_OP_add, total, value, FORMULA_NONE);
    }
    p->binding_count = bindings;
    return total;
}

/* clamp(u, low, high) and where(condition, a, b). */
static formula_node_index parse_three(parser *p, const char *at, int is_clamp)
{
    formula_node_index v[3] = { 0, 0, 0 };
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            require(p, ',', "','");
        if (is_ok(p))
            v[i] = parse_expression(p);
    }
    if (!is_clamp)
        return combine(p, at, ACTIV_OP_select, v[0], v[1], v[2]);
    return combine(p, at, ACTIV_OP_min, combine(p, at, ACTIV_OP_max, v[0], v[1], FORMULA_NONE), v[2], FORMULA_NONE);
}

/* base^exponent: products for whole exponents up to 16, sqrt for 1/2, exp for e^... */
static formula_node_index make_power(parser *p, const char *at, formula_node_index base, formula_node_index exponent)
{
    double number, of_base;
    if (!is_ok(p))
        return 0;
    const formula_node_index one = activ_formula_constant(p->f, 1.0);
    if (activ_formula_is_constant(p->f, exponent, &number)) {
        if (number == 0.0)
            return one;
        if (number == 0.5)
            return combine(p, at, ACTIV_OP_sqrt, base, FORMULA_NONE, FORMULA_NONE);
        if (fabs(number) <= 16.0 && is_whole(number)) {
            const formula_node_index power = activ_formula_whole_power(p->f, base, (int)fabs(number));
            if (is_ok(p) && activ_formula_is_constant(p->f, base, &of_base) &&
                !activ_formula_is_constant(p->f, power, &of_base))
                return fail_at(p, at, ACTIV_ERROR_RANGE, "this constant is not a finite float32", nothing, "");
            return number > 0.0 ? power : combine(p, at, ACTIV_OP_div, one, power, FORMULA_NONE);
        }
    }
    if (activ_formula_is_constant(p->f, base, &of_base) && of_base == 2.718281828459045)
        return combine(p, at, ACTIV_OP_exp, exponent, FORMULA_NONE, FORMULA_NONE);
    return combine(p, at, ACTIV_OP_pow, base, exponent, FORMULA_NONE);
}

/* ---- functions of the catalog, with their settings ---------------------------------------------------- */

static int setting_number(const activ_fn_definition *d, activ_slice name)
{
    for (int i = 0; d->settings && d->settings[i].name; i++)
        if (activ_slice_is(name, d->settings[i].name))
            return i;
    return -1;
}

typedef struct call_text {
    char buffer[600];
    activ_text text;
    int count;
} call_text;

static void add_setting(call_text *t, const char *name)
{
    activ_text_add(&t->text, t->count++ ? ", " : "(");
    activ_text_add(&t->text, name);
    activ_text_add(&t->text, "=");
}

/* One setting: a constant or a word goes into the spec, what depends on x or a parameter into the call. *is_open: it
 * depends on x, or is not trainable: the call cannot be a kernel's. */
static void parse_setting(parser *p, formula_call *call, call_text *t, int *is_open)
{
    const activ_fn_definition *d = call->definition;
    const activ_slice name = take_name(p);
    if (name.length == 0) {
        fail_expected(p, "a setting");
        return;
    }
    const int i = setting_number(d, name);
    if (i < 0 || d->settings[i].kind == ACTIV_SETTING_KIND_FUNCTIONS) {
        fail_at(p, name.at, ACTIV_ERROR_UNKNOWN_NAME, "unknown setting ", name, "; the function is ");
        if (p->f->message) {
            activ_message message = *p->f->message;
            activ_fail(p->f->message, p->f->status, message.text, d->signature);
        }
        return;
    }
    require(p, '=', "'='");
    if (!is_ok(p))
        return;
    activ_read_blanks(&p->r);
    if (d->settings[i].kind == ACTIV_SETTING_KIND_WORD) {
        const activ_slice word = take_name(p);
        add_setting(t, d->settings[i].name);
        activ_text_add_bytes(&t->text, word.at, word.length);
        return;
    }
    const formula_node_index value = parse_expression(p);
    double number;
    if (!is_ok(p))
        return;
    if (activ_formula_is_constant(p->f, value, &number)) {
        add_setting(t, d->settings[i].name);
        activ_text_add_double(&t->text, number);
        return;
    }
    /* Vectors of parameters have initial values that depend on the settings. */
    if (d->settings[i].kind != ACTIV_SETTING_KIND_REAL || d->param_vector || call->dynamic == FORMULA_SETTINGS) {
        fail_at(p, name.at, ACTIV_ERROR_INVALID, "", name, " has to be a constant");
        return;
    }
    *is_open |= !d->settings[i].trainable || (p->f->nodes[value].depends & (FORMULA_ON_X | FORMULA_ON_TEMPORARY));
    call->settings[call->dynamic] = (unsigned char)i;
    call->values[call->dynamic++] = value;
}

/* The settings of the call, checked as those of a spec are. */
static void read_call(parser *p, const char *at, formula_call *call)
{
    const activ_fn_definition *d = call->definition;
    const char *arguments = memchr(call->spec, '(', strlen(call->spec));
    activ_settings_defaults(d->settings, call->set);
    if (arguments) {
        activ_reader r;
        activ_message reason = { .text = "" };
        activ_reader_start(&r, (activ_slice){ arguments + 1, strlen(arguments + 1) }, "formula", &reason);
        const activ_status status = activ_read_settings(&r, d->settings, "", call->set);
        if (status != ACTIV_OK) {
            fail_at(p, at, status, reason.text, nothing, "");
            return;
        }
    }
    const char *wrong = d->check ? d->check(call->set) : NULL;
    if (wrong)
        fail_at(p, at, ACTIV_ERROR_RANGE, wrong, nothing, "");
    for (size_t i = 0; is_ok(p) && i < call->set_count; i++)
        if (strcmp(d->settings[i].name, "num_parameters") == 0 && call->set[i].number > 1.0)
            fail_at(p, at, ACTIV_ERROR_UNSUPPORTED, "a formula has no parameters per channel", nothing, "");
}

static formula_node_index parse_call(parser *p, const char *at, const activ_fn_definition *d)
{
    formula_call call;
    call_text t;
    int is_open = 0;
    memset(&call, 0, sizeof call);
    call.definition = d;
    call.set_count = activ_settings_count(d->settings);
    if (d->least_functions > 0)
        return fail_at(p, at, ACTIV_ERROR_UNSUPPORTED, "a function that is made of others cannot be part of a formula",
                       nothing, "");
    activ_text_start(&t.text, t.buffer, sizeof t.buffer);
    activ_text_add_bytes(&t.text, d->signature, strcspn(d->signature, "("));
    t.count = 0;
    const formula_node_index argument = parse_expression(p);
    while (is_ok(p) && take(p, ','))
        parse_setting(p, &call, &t, &is_open);
    if (!is_ok(p))
        return 0;
    activ_text_add(&t.text, t.count ? ")" : "");
    if (t.text.length >= sizeof t.buffer)
        return fail_at(p, at, ACTIV_ERROR_RANGE, "the settings of this function are too long", nothing, "");
    activ_setting_value *set = activ_host_alloc(&p->f->host, (call.set_count + 1) * sizeof *set);
    if (!set)
        return fail_at(p, at, ACTIV_ERROR_OUT_OF_MEMORY, "no memory", nothing, "");
    call.set = set;
    call.spec = t.buffer;
    call.spec_bytes = t.text.length + 1;
    read_call(p, at, &call);
    const formula_node_index number = is_ok(p) ? activ_formula_add_call(p->f, &call) : 0;
    activ_host_free(&p->f->host, set, (call.set_count + 1) * sizeof *set);
    if (!is_ok(p))
        return 0;
    if (!is_open)
        return activ_formula_make(p->f, ACTIV_OP_call, argument, number, FORMULA_NONE);
    return activ_formula_in_place(p->f, number, argument, activ_formula_body(p->f, number));
}

static formula_node_index fail_unknown(parser *p, activ_slice name, const char *what, const char *meant)
{
    char after[120];
    activ_text t;
    activ_text_start(&t, after, sizeof after);
    if (meant) {
        activ_text_add(&t, "; is ");
        activ_text_add(&t, meant);
        activ_text_add(&t, " meant?");
    }
    return fail_at(p, name.at, ACTIV_ERROR_UNKNOWN_NAME, what, name, meant ? after : "");
}

/* A function's name, and '(', have been read. */
static formula_node_index parse_function(parser *p, activ_slice name)
{
    const int place = place_among(name, activ_formula_function_names),
              op = place > 0 ? operations[place] : ACTIV_OP_COUNT;
    if (activ_slice_is(name, "sum"))
        return parse_sum(p);
    if (activ_slice_is(name, "where") || activ_slice_is(name, "clamp"))
        return parse_three(p, name.at, activ_slice_is(name, "clamp"));
    if (op == ACTIV_OP_COUNT) {
        const char *meant = NULL;
        const activ_fn_definition *d = p->f->find(name, &meant);
        if (!d && meant && activ_slice_is(name, meant))
            return fail_at(p, name.at, ACTIV_ERROR_SHAPE, "", name,
                           " is a function by itself, and no part of a formula");
        return d ? parse_call(p, name.at, d) : fail_unknown(p, name, "unknown function ", meant);
    }
    const formula_node_index a = parse_expression(p);
    if (activ_formula_arity(op) == 1)
        return combine(p, name.at, op, a, FORMULA_NONE, FORMULA_NONE);
    require(p, ',', "','");
    formula_node_index result = is_ok(p) ? parse_expression(p) : 0;
    if (op == ACTIV_OP_pow)
        return make_power(p, name.at, a, result);
    result = combine(p, name.at, op, a, result, FORMULA_NONE);
    while (is_ok(p) && take(p, ',')) { /* min and max of more than two */
        const formula_node_index b = parse_expression(p);
        result = combine(p, name.at, op, result, b, FORMULA_NONE);
    }
    return result;
}

/* ---- expressions ------------------------------------------------------------------------------------- */

static formula_node_index param_node(parser *p, const formula_param *param, size_t index)
{
    return param->fixed ? activ_formula_constant(p->f, p->f->values[param->value + index])
                        : activ_formula_param_value(p->f, param->first + index);
}

/* In a catalog function's own formula: the length of a vector of its parameters, 0 if there is no such vector; where it
 * begins among all parameters, and how many these are. */
static size_t vector_of_owner(const parser *p, activ_slice name, size_t *first, size_t *all)
{
    const formula_call *call = &p->f->calls[p->owner];
    const activ_fn_definition *d = call->definition;
    size_t length = 0, scalars = 0;
    const char *vector;
    for (size_t i = 0; i < call->set_count; i++)
        scalars += d->settings[i].trainable != 0;
    *all = scalars;
    int which = (int)scalars;
    for (size_t n; d->param_vector && (n = d->param_vector(call->set, which, &vector)) > 0; which++) {
        if (activ_slice_is(name, vector)) {
            length = n;
            *first = *all;
        }
        *all += n;
    }
    return length;
}

/* A parameter of its: one of the whole function, or its initial value. */
static formula_node_index param_of_owner(parser *p, size_t number, size_t all)
{
    const formula_call *call = &p->f->calls[p->owner];
    if (call->has_params)
        return activ_formula_param_value(p->f, number);
    if (!p->initial) {
        p->initial = activ_host_alloc(&p->f->host, all * sizeof *p->initial);
        p->initial_count = all;
        if (!p->initial)
            return fail_at(p, p->r.at, ACTIV_ERROR_OUT_OF_MEMORY, "no memory", nothing, "");
        if (call->definition->param_init)
            call->definition->param_init(call->set, 0, p->initial);
    }
    return activ_formula_constant(p->f, (double)p->initial[number]);
}

/* An element of a vector: its name and '[' have been read. */
static formula_node_index parse_element(parser *p, activ_slice name)
{
    formula_param *param = find_param(p, name);
    size_t length = param ? param->length : 0, first = 0, all = 0;
    double index;
    if (p->owner != FORMULA_NONE)
        length = vector_of_owner(p, name, &first, &all);
    if (length == 0)
        return is_ok(p) ? fail_unknown(p, name, "there is no vector ", NULL) : 0;
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    if (!whole(p, "the index of a vector is a whole number", -65536, 65536, &index))
        return 0;
    if (index < 1 || index > (double)length) {
        char text[80];
        activ_text t;
        activ_text_start(&t, text, sizeof text);
        activ_text_add(&t, " has the elements 1 to ");
        activ_text_add_size(&t, length);
        return fail_at(p, at, ACTIV_ERROR_RANGE, "", name, text);
    }
    require(p, ']', "']'");
    if (!is_ok(p))
        return 0;
    if (p->owner != FORMULA_NONE)
        return param_of_owner(p, first + (size_t)index - 1, all);
    param->used = 1;
    return param_node(p, param, (size_t)index - 1);
}

static formula_node_index parse_name(parser *p)
{
    const activ_slice name = take_name(p);
    formula_node_index node;
    if (activ_slice_is(name, "and") || activ_slice_is(name, "or") || activ_slice_is(name, "let") ||
        activ_slice_is(name, "fixed")) {
        p->r.at = name.at;
        return fail_expected(p, "a number, a name or '('");
    }
    if (find_binding(p, name, &node)) {
        p->has_x |= activ_slice_is(name, "x");
        return node;
    }
    activ_read_blanks(&p->r);
    if (activ_read_character(&p->r, '[')) {
        if (!enter_bracket(p, name.at))
            return 0;
        node = parse_element(p, name);
        p->depth--;
        return node;
    }
    if (activ_read_character(&p->r, '(')) {
        if (!enter_bracket(p, name.at))
            return 0;
        node = parse_function(p, name);
        activ_read_blanks(&p->r);
        require(p, ')', p->r.at < p->r.end && *p->r.at == ',' ? "')'" : "',' or ')'");
        p->depth--;
        return node;
    }
    formula_param *param = find_param(p, name);
    if (param && param->length > 0)
        return fail_at(p, name.at, ACTIV_ERROR_SYNTAX, "", name,
                       " is a vector: one of its elements is expected, as in v[1]");
    if (param) {
        param->used = 1;
        return param_node(p, param, 0);
    }
    if (activ_slice_is(name, "pi"))
        return activ_formula_constant(p->f, 3.141592653589793);
    if (activ_slice_is(name, "e"))
        return activ_formula_constant(p->f, 2.718281828459045);
    if (is_function(name) || p->f->find(name, NULL))
        return fail_at(p, name.at, ACTIV_ERROR_SYNTAX, "", name, " is a function: it needs an argument in brackets");
    return fail_at(p, name.at, ACTIV_ERROR_UNKNOWN_NAME, "unknown name ", name,
                   "; a parameter and its initial value come after the formula, as in a*x; a=1");
}

static formula_node_index parse_primary(parser *p)
{
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    double number;
    float single;
    int overflow = 0;
    if (++p->steps > FORMULA_STEPS)
        return fail_at(p, at, ACTIV_ERROR_RANGE, "the formula is too long, its sums written out", nothing, "");
    if (activ_read_character(&p->r, '(')) {
        if (!enter_bracket(p, at))
            return 0;
        const formula_node_index node = parse_expression(p);
        require(p, ')', "')'");
        p->depth--;
        return node;
    }
    if (peek_name(p).length > 0)
        return parse_name(p);
    if (at == p->r.end || *at == '+' || *at == '-')
        return fail_expected(p, "a number, a name or '('");
    const size_t length = activ_parse_number(at, (size_t)(p->r.end - at), &number, &single, &overflow);
    if (length == 0)
        return fail_expected(p, "a number, a name or '('");
    if (overflow)
        return fail_at(p, at, ACTIV_ERROR_RANGE, "this number is not a finite float32", nothing, "");
    p->r.at += length;
    return activ_formula_constant(p->f, number);
}

/* A sign binds less than a power: -x^2 is -(x^2). */
static formula_node_index parse_unary(parser *p)
{
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    int negative = 0;
    while (activ_read_character(&p->r, '-') || activ_read_character(&p->r, '+')) {
        negative ^= p->r.at[-1] == '-';
        activ_read_blanks(&p->r);
        if (++p->steps > FORMULA_STEPS)
            return fail_at(p, at, ACTIV_ERROR_RANGE, "the formula is too long", nothing, "");
    }
    formula_node_index node = parse_primary(p);
    activ_read_blanks(&p->r);
    const char *power = p->r.at;
    if (is_ok(p) && activ_read_character(&p->r, '^')) {
        if (++p->depth > FORMULA_DEPTH)
            return fail_at(p, power, ACTIV_ERROR_RANGE, "powers are nested too deeply", nothing, "");
        const formula_node_index exponent = parse_unary(p);
        node = make_power(p, power, node, exponent);
        p->depth--;
    }
    return negative ? combine(p, at, ACTIV_OP_neg, node, FORMULA_NONE, FORMULA_NONE) : node;
}

typedef struct binary_operator {
    const char *text;
    int level, op, swapped, negated;
} binary_operator;

static const binary_operator operators[] = {
    { "or", 0, ACTIV_OP_or, 0, 0 }, { "and", 1, ACTIV_OP_and, 0, 0 }, { "<=", 2, ACTIV_OP_le, 0, 0 },
    { ">=", 2, ACTIV_OP_le, 1, 0 }, { "==", 2, ACTIV_OP_eq, 0, 0 },   { "!=", 2, ACTIV_OP_eq, 0, 1 },
    { "<", 2, ACTIV_OP_lt, 0, 0 },  { ">", 2, ACTIV_OP_lt, 1, 0 },    { "+", 3, ACTIV_OP_add, 0, 0 },
    { "-", 3, ACTIV_OP_sub, 0, 0 }, { "*", 4, ACTIV_OP_mul, 0, 0 },   { "/", 4, ACTIV_OP_div, 0, 0 },
};
enum { COMPARISON = 2 };

/* The operator that comes next, of this level at least; NULL if none does. */
static const binary_operator *next_operator(parser *p, int level)
{
    const activ_slice name = peek_name(p);
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        const size_t length = strlen(operators[i].text);
        const int is_it =
            i < 2 ? activ_slice_is(name, operators[i].text)
                  : (size_t)(p->r.end - p->r.at) >= length && memcmp(p->r.at, operators[i].text, length) == 0;
        if (is_it)
            return operators[i].level >= level ? &operators[i] : NULL;
    }
    return NULL;
}

static formula_node_index apply(parser *p, const char *at, const binary_operator *o, formula_node_index a,
                                formula_node_index b)
{
    const formula_node_index node = combine(p, at, o->op, o->swapped ? b : a, o->swapped ? a : b, FORMULA_NONE);
    return o->negated ? combine(p, at, ACTIV_OP_not, node, FORMULA_NONE, FORMULA_NONE) : node;
}

/* Operators of a level and above, from left to right. a < b < c is a < b and b < c. */
static formula_node_index parse_binary(parser *p, int level)
{
    formula_node_index left = parse_unary(p);
    const binary_operator *o;
    while (is_ok(p) && (o = next_operator(p, level)) != NULL) {
        const char *at = p->r.at;
        p->r.at += strlen(o->text);
        formula_node_index right = parse_binary(p, o->level + 1);
        left = apply(p, at, o, left, right);
        while (o->level == COMPARISON && is_ok(p) && (o = next_operator(p, COMPARISON)) != NULL) {
            at = p->r.at;
            p->r.at += strlen(o->text);
            const formula_node_index next = parse_binary(p, o->level + 1);
            left = combine(p, at, ACTIV_OP_and, left, apply(p, at, o, right, next), FORMULA_NONE);
            right = next;
        }
    }
    return left;
}

/* ---- declarations ------------------------------------------------------------------------------------- */

static void add_value(parser *p, const char *at, double number)
{
    activ_formula *f = p->f;
    if (f->value_count >= FORMULA_PARAMS) {
        fail_at(p, at, ACTIV_ERROR_RANGE, "more than 256 values of parameters", nothing, "");
        return;
    }
    if (f->value_count == f->value_capacity) {
        double *values = activ_host_grow(&f->host, f->values, f->value_count, &f->value_capacity, sizeof *values);
        if (!values) {
            fail_at(p, at, ACTIV_ERROR_OUT_OF_MEMORY, "no memory", nothing, "");
            return;
        }
        f->values = values;
    }
    f->values[f->value_count++] = number;
}

/* A constant; those declared before may be part of it. */
static double parse_constant(parser *p)
{
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    double number = 0.0;
    const formula_node_index node = parse_expression(p);
    if (is_ok(p) && !activ_formula_is_constant(p->f, node, &number))
        fail_at(p, at, ACTIV_ERROR_INVALID, "the initial value of a parameter is a constant", nothing, "");
    return number;
}

/* "[channels=" has been read: their number, the same of all parameters. */
static void parse_channels(parser *p, const char *at)
{
    double channels = 0.0;
    if (!whole(p, "the number of channels is a whole number from 1 to 16777216", 1, 16777216, &channels))
        return;
    if (p->f->channels > 0 && p->f->channels != (size_t)channels)
        fail_at(p, at, ACTIV_ERROR_INVALID, "all parameters have the same number of channels", nothing, "");
    p->f->channels = (size_t)channels;
}

/* Where one has channels, all have; but for those that are fixed. */
static void check_channels(parser *p)
{
    activ_formula *f = p->f;
    for (size_t i = 0; f->channels > 0 && i < f->name_count; i++) {
        if (f->params[i].fixed == f->params[i].has_channels)
            fail_at(p, f->params[i].name.at, ACTIV_ERROR_UNSUPPORTED, "", f->params[i].name,
                    f->params[i].fixed ? " is fixed: it has no channels"
                                       : " has no channels, as other parameters have: 'name[channels=count] = value'");
        if (f->param_count > ACTIV_FN_SETTINGS)
            fail_at(p, f->params[i].name.at, ACTIV_ERROR_RANGE, "more than 8 parameters with channels", nothing, "");
    }
    if (f->channels == 1)
        f->channels = 0;
}

/* [fixed] name = value, [fixed] name[count] = value or [value, ...], name[channels=count] = value. */
static void parse_declaration(parser *p)
{
    activ_formula *f = p->f;
    activ_slice name = take_name(p);
    const int fixed = activ_slice_is(name, "fixed");
    double length = 0.0;
    if (fixed)
        name = take_name(p);
    if (!is_free(p, name))
        return;
    if (f->name_count == FORMULA_NAMES) {
        fail_at(p, name.at, ACTIV_ERROR_RANGE, "more than 48 parameters and settings", nothing, "");
        return;
    }
    int has_channels = 0;
    if (take(p, '[')) {
        const activ_reader was = p->r;
        has_channels = activ_slice_is(take_name(p), "channels") && take(p, '=');
        if (has_channels) {
            parse_channels(p, name.at);
        } else {
            p->r = was;
            (void)whole(p, "the length of a vector is a whole number from 1 to 256", 1, FORMULA_PARAMS, &length);
        }
        require(p, ']', "']'");
        if (!is_ok(p))
            return;
    }
    formula_param param = { name, (size_t)length, fixed, has_channels, 0, f->value_count, f->param_count };
    const size_t count = param.length > 0 ? param.length : 1;
    if (is_ok(p) && !take(p, '=')) {
        fail_at(p, name.at, ACTIV_ERROR_SYNTAX, "", name, " has no value: '=' and its initial value are expected");
        return;
    }
    activ_read_blanks(&p->r);
    const char *at = p->r.at;
    if (length > 0.0 && take(p, '[')) {
        size_t given = 0;
        do {
            const double number = parse_constant(p);
            add_value(p, at, number);
            given++;
        } while (is_ok(p) && take(p, ','));
        require(p, ']', "',' or ']'");
        if (is_ok(p) && given != count)
            fail_at(p, at, ACTIV_ERROR_RANGE, "there are as many values as ", name, " has elements");
    } else {
        const double number = parse_constant(p);
        for (size_t i = 0; is_ok(p) && i < count; i++)
            add_value(p, at, number);
    }
    if (!is_ok(p))
        return;
    f->params[f->name_count++] = param;
    f->param_count += fixed ? 0 : count;
}

/* The part of the text up to the next ';' that is in no brackets, or to the end. */
static activ_slice next_part(const char **rest, const char *end)
{
    const char *at = *rest, *c = at;
    size_t depth = 0;
    for (; c < end && (*c != ';' || depth > 0); c++) {
        depth += *c == '(' || *c == '[';
        depth -= (*c == ')' || *c == ']') && depth > 0;
    }
    *rest = c < end ? c + 1 : c;
    return (activ_slice){ at, (size_t)(c - at) };
}

static void enter(parser *p, activ_slice part)
{
    p->r.at = part.at;
    p->r.end = part.at + part.length;
}

static void finish_part(parser *p, const char *what)
{
    if (!is_ok(p))
        return;
    activ_read_blanks(&p->r);
    if (p->r.at < p->r.end)
        fail_expected(p, what);
}

/* let name = expression. */
static int parse_let(parser *p, activ_slice part)
{
    enter(p, part);
    if (!activ_slice_is(peek_name(p), "let"))
        return 0;
    (void)take_name(p);
    const activ_slice name = take_name(p);
    if (!is_free(p, name))
        return 1;
    require(p, '=', "'='");
    const formula_node_index node = is_ok(p) ? parse_expression(p) : 0;
    finish_part(p, "an operator or ';'");
    if (is_ok(p) && p->binding_count > FORMULA_NAMES)
        fail_at(p, name.at, ACTIV_ERROR_RANGE, "more than 48 bindings", nothing, "");
    if (is_ok(p))
        bind(p, name, node);
    return 1;
}

/* { let ... ; } expression [; declarations]. The declarations first, as they say what the names are. */
static formula_node_index parse_parts(parser *p, const char *at, const char *end)
{
    const char *rest = at;
    activ_slice part = next_part(&rest, end);
    enter(p, part);
    while (activ_slice_is(peek_name(p), "let") && rest < end) {
        part = next_part(&rest, end);
        enter(p, part);
    }
    if (rest < end || (rest > at && rest[-1] == ';' && rest == end)) {
        const activ_slice declarations = next_part(&rest, end);
        if (rest < end)
            return fail_at(p, rest - 1, ACTIV_ERROR_SYNTAX, "after the parameters the formula ends", nothing, "");
        enter(p, declarations);
        activ_read_blanks(&p->r);
        do
            parse_declaration(p);
        while (is_ok(p) && take(p, ','));
        finish_part(p, "',' or the end");
        check_channels(p);
    }
    rest = at;
    do
        part = next_part(&rest, end);
    while (is_ok(p) && parse_let(p, part) && is_ok(p));
    if (!is_ok(p))
        return 0;
    enter(p, part);
    const formula_node_index root = parse_expression(p);
    finish_part(p, "an operator or the end");
    return root;
}

/* Without brackets around all of it, which only an expression has as its own. */
static activ_slice without_brackets(activ_slice text)
{
    return memchr(text.at, ';', text.length) ? activ_slice_unbracketed(text) : text;
}

static void start(parser *p, activ_formula *f, activ_slice text)
{
    memset(p, 0, sizeof *p);
    p->f = f;
    p->start = text.at;
    p->owner = FORMULA_NONE;
    activ_reader_start(&p->r, text, "formula", f->message);
}

activ_status activ_formula_parse(activ_formula *f, activ_slice text)
{
    parser p;
    start(&p, f, text);
    if (text.length > FORMULA_TEXT)
        activ_formula_fail(f, ACTIV_ERROR_RANGE, "its text has more than 65536 characters");
    if (f->status != ACTIV_OK)
        return f->status;
    bind(&p, (activ_slice){ "x", 1 }, activ_formula_variable(f, 0));
    const activ_slice inner = without_brackets(text);
    f->root = parse_parts(&p, inner.at, inner.at + inner.length);
    f->work += p.steps + p.again / 16;
    for (size_t i = 0; is_ok(&p) && i < f->name_count; i++)
        if (!f->params[i].used)
            fail_at(&p, f->params[i].name.at, ACTIV_ERROR_INVALID, "", f->params[i].name,
                    " is declared, but not used in the formula");
    if (is_ok(&p) && !p.has_x)
        fail_at(&p, text.at, ACTIV_ERROR_INVALID, "x does not occur in it", nothing, "");
    return f->status;
}

/* ---- formulas of the catalog --------------------------------------------------------------------------- */

/* Is a setting the initial value of a vector, whose name it has? */
static int is_vector(const formula_call *call, const char *name)
{
    const activ_fn_definition *d = call->definition;
    const char *vector;
    for (int which = 0; d->param_vector && d->param_vector(call->set, which, &vector) > 0; which++)
        if (strcmp(vector, name) == 0)
            return 1;
    return 0;
}

formula_node_index activ_formula_body(activ_formula *f, formula_node_index call)
{
    if (f->status != ACTIV_OK || f->calls[call].body != FORMULA_NONE)
        return f->calls[call].body;
    const formula_call copy = f->calls[call];
    const activ_fn_definition *d = copy.definition;
    parser p;
    start(&p, f, (activ_slice){ d->formula, strlen(d->formula) });
    p.owner = call;
    const formula_node_index variable = activ_formula_variable(f, ++f->temporaries);
    bind(&p, (activ_slice){ "x", 1 }, variable);
    f->calls[call].variable = variable;
    size_t first = 0;
    for (size_t i = 0; i < copy.set_count; i++) {
        if (is_vector(&copy, d->settings[i].name))
            continue;
        formula_node_index node = activ_formula_constant(f, (double)copy.set[i].single);
        if (copy.has_params && d->settings[i].trainable)
            node = activ_formula_param_value(f, first++);
        for (size_t j = 0; j < copy.dynamic; j++)
            if (copy.settings[j] == i)
                f->calls[call].places[j] = node = activ_formula_variable(f, ++f->temporaries);
        bind(&p, (activ_slice){ d->settings[i].name, strlen(d->settings[i].name) }, node);
    }
    const formula_node_index body = parse_parts(&p, d->formula, d->formula + strlen(d->formula));
    activ_host_free(&f->host, p.initial, p.initial_count * sizeof *p.initial);
    if (f->status == ACTIV_OK)
        f->calls[call].body = body;
    return body;
}

/* ---- the canonical text ---------------------------------------------------------------------------------- */

size_t activ_formula_write(activ_slice text, char *buffer, size_t size)
{
    activ_text t;
    const activ_slice inner = without_brackets(text);
    const char *end = inner.at + inner.length;
    activ_text_start(&t, buffer, size);
    int after_operand = 0; /* else + and - are signs */
    for (const char *c = inner.at; c < end;) {
        activ_reader r;
        activ_reader_start(&r, (activ_slice){ c, (size_t)(end - c) }, "formula", NULL);
        activ_read_blanks(&r);
        c = r.at;
        if (c == end)
            break;
        const activ_slice name = activ_read_name(&r, 0);
        double number;
        float single;
        int overflow;
        const size_t digits = name.length == 0 && *c != '+' && *c != '-'
                                  ? activ_parse_number(c, (size_t)(end - c), &number, &single, &overflow)
                                  : 0;
        if (name.length > 0) {
            const int is_operator = activ_slice_is(name, "and") || activ_slice_is(name, "or");
            const int is_keyword = activ_slice_is(name, "let") || activ_slice_is(name, "fixed");
            activ_text_add(&t, is_operator ? " " : "");
            activ_text_add_bytes(&t, name.at, name.length);
            activ_text_add(&t, is_operator || is_keyword ? " " : "");
            after_operand = !is_operator;
            c += name.length;
            continue;
        }
        if (digits > 0) {
            activ_text_add_bytes(&t, c, digits);
            after_operand = 1;
            c += digits;
            continue;
        }
        const int is_double = c + 1 < end && c[1] == '=' && memchr("<>=!", *c, 4) != NULL;
        const int is_spaced = is_double || *c == '<' || *c == '>' || ((*c == '+' || *c == '-') && after_operand);
        activ_text_add(&t, is_spaced ? " " : "");
        activ_text_add_bytes(&t, c, is_double ? 2 : 1);
        activ_text_add(&t, is_spaced || *c == ',' || *c == ';' ? " " : "");
        after_operand = *c == ')' || *c == ']';
        c += is_double ? 2 : 1;
    }
    return t.length;
}
