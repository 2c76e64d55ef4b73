/* The same bits everywhere: for each function and direction one digest of the results, committed in digests.txt, which
 * every tier, compiler, optimisation level and CPU has to reproduce. Each function has a line with its defaults and, if
 * it can be set, one with other settings. Formulas have lines, too: their derivatives are made by rules.
 *
 * usage: test_digests [--quick] FILE          compares; --quick: the last column, from fewer inputs
 *        test_digests --write FILE            makes the file anew, once all tiers of this machine agree
 *
 * The inputs are float32 of all signs and exponents by one stride through their bits, subnormal, infinite and
 * NaN ones too, and the neighbours of some where functions bend. They are cut into blocks that are no
 * multiple of any vector, so that tails take part. Any NaN counts as one value: which one arithmetic makes is
 * the CPU's choice (test_same_bits looks at those that may not vary).
 *
 * This program needs the library, src/reference and libc, nothing else, so that it is quickly built in many ways
 * (same_bits_everywhere.sh). */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activ/activ.h"
#include "reference/reference.h"
#include "support/digest.h"
#include "support/tiers.h"
#include "support/ulp.h"

/* Training by SGD with every function, by the other optimisers with one. */
enum direction { FORWARD, BACKWARD, PARAMETERS, TRAINING, ADAMW, RMSPROP, DIRECTIONS };
static const char *const direction_names[DIRECTIONS] = { "forward",  "backward", "parameters",
                                                         "training", "adamw",    "rmsprop" };
#define OPTIMIZED "gelu"

enum { SPEC_SIZE = 100 };

/* Each has several rules in one derivative, and most a derivative of that. */
static const char *const formulas[] = {
    "derivative(gelu)",
    "derivative(mish)",
    "derivative(x*tanh(exp(x)))",
    "derivative(0.5*x*erfc(-x/sqrt(2)))",
    "derivative(x*x*erf(x)*sin(2*x))",
    "derivative(min(x*x,sin(x))*max(x,cos(x)))",
    "derivative((1-x)*sin(2*x)/(1+x*x))",
    "derivative(where(x>0,log(1+x),atan(x)*x))",
    "derivative(swish(x,beta=sin(x))*x)",
    "a*x*sigmoid(b*x);a=1,b=1.702",
    "elu(x,alpha=a)*b+(a-b)*erf(a*x);a=1,b=0.5",
    "min(a*x,b*x*x)-max(b-x,a*sin(x));a=1,b=0.5",
    "abs(x)^a*erfc(b*x)/(1+a*x*x);a=1.5,b=0.5",
};
enum { FORMULAS = sizeof formulas / sizeof formulas[0] };

/* Digests of one function, by direction, from all inputs and from the quick test's. */
typedef struct row {
    char spec[SPEC_SIZE];
    uint64_t digest[DIRECTIONS][2];
    int has[DIRECTIONS];
} row;

static _Noreturn void stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("test_digests: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void *room(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    if (array == NULL)
        stop("out of memory");
    return array;
}

static void must(activ_status status, const char *spec, const char *what)
{
    if (status != ACTIV_OK)
        stop("%s: %s: %s", spec, what, activ_status_string(status));
}

/* ---- digest ------------------------------------------------------------------------------ */

static uint64_t mix_floats(uint64_t digest, size_t n, const float *values)
{
    for (size_t i = 0; i < n; i++)
        digest = digest_mix(digest, values[i] != values[i] ? 0x7fc00000u : float_bits(values[i]));
    return digest;
}

/* ---- inputs ------------------------------------------------------------------------------ */

enum { BLOCK = 499 };

/* Kinks, roots, underflow and overflow of some functions. Fixed, as a change would change every digest. The landmarks
 * of all functions (src/reference) are compared between tiers by test_same_bits. */
static const float special_places[] = {
    0.0f,
    0x1p-126f,
    0x1p-24f,
    0x1p-12f,
    0.25f,
    0.34657359f,
    0.5f,
    0.69314718f,
    0.7517915f,
    0.88f,
    1.0f,
    1.1924310f,
    1.2f,
    1.2784645f,
    1.5f,
    2.0f,
    2.3994f,
    3.0f,
    4.0f,
    5.5f,
    6.0f,
    8.0f,
    9.0f,
    13.0f,
    14.5f,
    16.0f,
    17.0f,
    17.32868f,
    20.0f,
    44.36f,
    85.0f,
    87.336544f,
    88.02969f,
    88.722839f,
    100.0f,
    103.27893f,
    103.97208f,
    150.0f,
    170.0f,
    0x1p16f,
    0x1p22f,
    0x1p23f,
    0x1.fffffep127f,
};
enum { PLACES = sizeof special_places / sizeof special_places[0], NEIGHBOURS = 48 };

typedef struct inputs {
    size_t count;
    float *x, *dy;
} inputs;

static inputs make_inputs(uint32_t stride)
{
    inputs in = { 0, NULL, NULL };
    size_t regular = (size_t)((UINT64_C(1) << 32) / stride + 1);
    size_t count = regular + (size_t)PLACES * 2 * (2 * NEIGHBOURS + 1);
    in.x = room(count, sizeof *in.x);
    in.dy = room(count, sizeof *in.dy);
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride)
        in.x[in.count++] = float_from_bits((uint32_t)bits);
    /* Below 0 the bits wrap round to NaN, above the largest number they reach infinity. */
    for (size_t i = 0; i < PLACES; i++)
        for (uint32_t sign = 0; sign <= 1; sign++)
            for (uint32_t k = 0; k <= 2 * NEIGHBOURS; k++)
                in.x[in.count++] = float_from_bits((float_bits(special_places[i]) | sign << 31) + k - NEIGHBOURS);
    /* Upstream gradients between 1/2 and 2 in size. */
    for (size_t i = 0; i < in.count; i++) {
        uint32_t random = (uint32_t)((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) >> 32);
        in.dy[i] = float_from_bits((random & 0x80000000u) | (0x3f000000u + (random >> 7 & 0x00ffffffu)));
    }
    return in;
}

/* A series costs as much as twenty functions: it gets fewer inputs. */
static const inputs *inputs_of(const activ_fn *fn, int quick)
{
    enum { ALL, SOME, FEW };
    static const uint32_t strides[] = { 4093, 65521, 1048573 };
    static inputs made[3];
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    must(activ_fn_info_of(fn, &info), activ_fn_spec(fn), "info");
    const ref_entry *entry = ref_find(info.name);
    if (entry == NULL && strcmp(info.name, "formula") != 0 && strcmp(info.name, "derivative") != 0)
        stop("%s has no entry in src/reference", info.name);
    int which = (quick ? SOME : ALL) + (entry != NULL && entry->series ? 1 : 0);
    if (made[which].count == 0)
        made[which] = make_inputs(strides[which]);
    return &made[which];
}

/* ---- functions --------------------------------------------------------------------------- */

static void digest_values(const char *spec, const activ_fn *fn, int quick, row *out)
{
    const inputs *in = inputs_of(fn, quick);
    size_t params = activ_fn_param_count(fn);
    float *sums = room(params, sizeof *sums);
    uint64_t y_digest = 1, dx_digest = 2, sum_digest = 3;
    for (size_t at = 0; at < in->count; at += BLOCK) {
        size_t n = in->count - at < BLOCK ? in->count - at : BLOCK;
        float y[BLOCK], dx[BLOCK];
        memset(sums, 0, params * sizeof *sums);
        must(activ_forward(fn, NULL, n, in->x + at, y), spec, "forward");
        must(activ_backward(fn, NULL, n, in->x + at, in->dy + at, dx, params > 0 ? sums : NULL), spec, "backward");
        y_digest = mix_floats(y_digest, n, y);
        dx_digest = mix_floats(dx_digest, n, dx);
        sum_digest = mix_floats(sum_digest, params, sums);
    }
    free(sums);
    out->digest[FORWARD][quick] = y_digest;
    out->digest[BACKWARD][quick] = dx_digest;
    out->digest[PARAMETERS][quick] = sum_digest;
    out->has[FORWARD] = out->has[BACKWARD] = 1;
    out->has[PARAMETERS] = params > 0;
}

static activ_optimizer *make_optimizer(const char *spec, activ_graph *g, enum direction direction)
{
    activ_sgd_options sgd = { .size = sizeof sgd, .lr = 0.05f, .momentum = 0.9f };
    activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    activ_optimizer *optimizer = NULL;
    adamw.amsgrad = rmsprop.centered = 1;
    rmsprop.momentum = 0.5f;
    rmsprop.weight_decay = 0.1f;
    must(direction == ADAMW     ? activ_adamw_create(g, &adamw, &optimizer)
         : direction == RMSPROP ? activ_rmsprop_create(g, &rmsprop, &optimizer)
                                : activ_sgd_create(g, &sgd, &optimizer),
         spec, "optimizer");
    return optimizer;
}

/* A network's parameters after some steps: products, losses, sums, optimiser, random numbers; and where it is not the
 * plain one, clipping, a schedule and groups. The sizes leave tails everywhere. */
static uint64_t digest_training(const char *spec, const activ_context *context, const activ_fn *fn,
                                enum direction direction, int quick)
{
    enum { FEATURES = 21, BATCH = 37, CLASSES = 5 };
    float x[BATCH * FEATURES], loss;
    int32_t labels[BATCH];
    activ_graph *g = NULL;
    must(activ_graph_create(context, &g), spec, "graph");
    activ_node node = activ_graph_input(g, FEATURES);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 33), fn);
    node = activ_graph_apply(g, activ_graph_linear(g, node, 18), fn);
    activ_graph_cross_entropy(g, activ_graph_linear(g, node, CLASSES));
    must(activ_graph_compile(g, BATCH), spec, "compile");
    must(activ_graph_init(g, 7), spec, "init");
    activ_optimizer *optimizer = make_optimizer(spec, g, direction);
    if (direction != TRAINING)
        must(activ_optimizer_decay_weights_only(optimizer), spec, "groups");
    uint64_t digest = 4;
    for (uint64_t step = 0; step < (quick ? 2 : 12); step++) {
        must(activ_random_normal(1, step, 0, BATCH * FEATURES, 0.0f, 1.0f, x), spec, "random");
        for (size_t i = 0; i < BATCH; i++)
            labels[i] = (int32_t)(activ_random_bits(2, step, i) % CLASSES);
        must(activ_graph_train(g, BATCH, x, labels, &loss), spec, "train");
        if (direction != TRAINING) {
            float norm, rate = activ_lr_warmup_cosine(0.01f, 0.1f, 4, 15, 0.0f, step);
            must(activ_graph_clip_grad_norm(g, 0.5f, &norm), spec, "norm");
            must(activ_graph_clip_grad_value(g, 0.05f), spec, "clip");
            must(activ_optimizer_set_lr(optimizer, rate), spec, "rate");
            digest = mix_floats(digest, 1, &norm);
        }
        must(activ_optimizer_step(optimizer), spec, "step");
        digest = mix_floats(digest, 1, &loss);
    }
    digest = mix_floats(digest, activ_graph_param_count(g), activ_graph_params(g));
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    return digest;
}

static void digest_spec(const char *spec, const activ_context *context, int quick, row *out)
{
    activ_fn *fn = NULL;
    must(activ_fn_create(context, spec, &fn), spec, "create");
    digest_values(spec, fn, quick, out);
    for (int d = TRAINING; d < DIRECTIONS; d++) {
        if (d != TRAINING && strcmp(spec, OPTIMIZED) != 0)
            continue;
        out->digest[d][quick] = digest_training(spec, context, fn, (enum direction)d, quick);
        out->has[d] = 1;
    }
    activ_fn_destroy(fn);
}

/* ---- the lines --------------------------------------------------------------------------- */

/* One for each spec, in the order of the file. */
static row *expected;
static size_t rows;

static row *add_row(const char *spec)
{
    if (strlen(spec) >= SPEC_SIZE || strchr(spec, ' ') != NULL)
        stop("'%s' is too long for a line, or has blanks", spec);
    row *more = realloc(expected, (rows + 1) * sizeof *more);
    if (more == NULL)
        stop("out of memory");
    expected = more;
    memset(&expected[rows], 0, sizeof expected[rows]);
    strcpy(expected[rows].spec, spec);
    return &expected[rows++];
}

static row *find_row(const char *spec)
{
    for (size_t i = 0; i < rows; i++)
        if (strcmp(expected[i].spec, spec) == 0)
            return &expected[i];
    return NULL;
}

static int can_be_set(const char *name)
{
    activ_fn *fn = NULL;
    must(activ_fn_create(NULL, name, &fn), name, "create");
    int settings = activ_fn_setting_count(fn) > 0;
    activ_fn_destroy(fn);
    return settings;
}

/* The lines of a new file: all functions with their defaults, then those that can be set with the first settings to
 * try, then the formulas. */
static void make_rows(void)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (int set = 0; set <= 1; set++)
        for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
            if (info.shape != ACTIV_SHAPE_ELEMENTWISE || (set && !can_be_set(info.name)))
                continue;
            const ref_entry *entry = ref_find(info.name);
            const char *spec = entry != NULL ? ref_spec(entry, (size_t)set) : NULL;
            if (spec == NULL)
                stop("%s: src/reference has no %s", info.name, set ? "settings to try" : "entry");
            add_row(spec);
        }
    for (size_t i = 0; i < FORMULAS; i++)
        add_row(formulas[i]);
}

/* No function and no formula without a line, and a second one of the functions that can be set. */
static void check_rows(const char *path)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        if (info.shape != ACTIV_SHAPE_ELEMENTWISE)
            continue;
        size_t length = strlen(info.name), lines = 0;
        for (size_t j = 0; j < rows; j++)
            lines += strncmp(expected[j].spec, info.name, length) == 0 && expected[j].spec[length] == '(';
        if (find_row(info.name) == NULL || (lines == 0 && can_be_set(info.name)))
            stop("%s: a line of %s is missing: build the target digests", path, info.signature);
    }
    for (size_t i = 0; i < FORMULAS; i++)
        if (find_row(formulas[i]) == NULL)
            stop("%s: a line of %s is missing: build the target digests", path, formulas[i]);
}

/* ---- the file ---------------------------------------------------------------------------- */

static void write_file(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        stop("%s cannot be written", path);
    fputs("# Digests of each function's results: of all inputs, and of those of the quick test. Made by\n"
          "#     test_digests --write tests/functions/digests.txt\n"
          "# They change when a function's results do, and for no other reason.\n",
          file);
    for (size_t i = 0; i < rows; i++)
        for (int d = 0; d < DIRECTIONS; d++)
            if (expected[i].has[d])
                fprintf(file, "%-34s %-10s %016" PRIx64 " %016" PRIx64 "\n", expected[i].spec, direction_names[d],
                        expected[i].digest[d][0], expected[i].digest[d][1]);
    if (fclose(file) != 0)
        stop("%s cannot be written", path);
}

static void read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        stop("%s cannot be read", path);
    char line[256], spec[SPEC_SIZE], direction[20];
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t digest[2];
        int d = 0;
        if (line[0] == '#')
            continue;
        if (sscanf(line, "%99s %19s %" SCNx64 " %" SCNx64, spec, direction, &digest[0], &digest[1]) != 4)
            stop("%s: not understood: %s", path, line);
        row *r = find_row(spec);
        if (r == NULL)
            r = add_row(spec);
        while (d < DIRECTIONS && strcmp(direction_names[d], direction) != 0)
            d++;
        if (d == DIRECTIONS || r->has[d])
            stop("%s: %s %s: unknown or there twice", path, spec, direction);
        r->has[d] = 1;
        memcpy(r->digest[d], digest, sizeof digest);
    }
    fclose(file);
}

/* ---- main -------------------------------------------------------------------------------- */

static int differences, compared;

static void compare(const char *tier, const row *want, const row *got, int quick)
{
    const char *spec = want->spec;
    for (int d = 0; d < DIRECTIONS; d++) {
        if (want->has[d] != got->has[d])
            stop("%s %s: %s", spec, direction_names[d], got->has[d] ? "no digest in the file" : "no longer calculated");
        if (!got->has[d])
            continue;
        compared++;
        if (want->digest[d][quick] == got->digest[d][quick])
            continue;
        differences++;
        printf("%s: %s %s: %016" PRIx64 " instead of %016" PRIx64 "\n", tier, spec, direction_names[d],
               got->digest[d][quick], want->digest[d][quick]);
    }
}

int main(int count, char **arguments)
{
    int quick = 0, writes = 0;
    const char *path = NULL;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--quick") == 0)
            quick = 1;
        else if (strcmp(arguments[i], "--write") == 0)
            writes = 1;
        else if (path == NULL && arguments[i][0] != '-')
            path = arguments[i];
        else
            path = "";
    }
    if (path == NULL || path[0] == '\0' || (quick && writes)) {
        fputs("usage: test_digests [--quick | --write] FILE\n", stderr);
        return 2;
    }
    if (writes) {
        make_rows();
    } else {
        read_file(path);
        check_rows(path);
    }
    size_t tiers = 0;
    for (size_t t = 0; t < tier_count(); t++) {
        activ_context *context = tier_context(t);
        if (context == NULL) /* above ACTIV_MAX_TIER */
            continue;
        const char *tier = activ_context_tier(context);
        int before = differences;
        compared = 0;
        for (row *want = expected; want < expected + rows; want++)
            for (int q = writes ? 0 : quick; q <= (writes ? 1 : quick); q++) {
                row got = { .has = { 0 } };
                digest_spec(want->spec, context, q, writes && tiers == 0 ? want : &got);
                if (!(writes && tiers == 0))
                    compare(tier, want, &got, q);
            }
        if (!(writes && tiers == 0))
            printf("%s: %d of %d digests\n", tier, compared - (differences - before), compared);
        tiers++;
        activ_context_destroy(context);
    }
    if (tiers == 0)
        stop("no tier to test");
    if (differences > 0) {
        puts(writes ? "The tiers differ: nothing is written." : "Other results than the committed ones.");
        puts("Tiers that differ: test_same_bits names the inputs. Meant to change: test_digests --write FILE.");
        return 1;
    }
    if (writes)
        write_file(path);
    free(expected);
    return 0;
}
