/* activ accuracy: the largest errors of functions and their derivatives in ulp, where they occur, and how many results
 * are correctly rounded.
 *
 * A formula is measured against itself in double, as it is written. It has no bound: what it loses by cancelling is
 * reported, and fails nothing (tally.h says how it is counted).
 *
 * The exit status is 1 if a bound of the catalog is exceeded, tiers differ or a function has no reference. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "commands.h"
#include "reference/reference.h"
#include "system.h"
#include "tally.h"

enum {
    MAX_TIERS = 8,
    MAX_JOBS = 256,
    SAMPLE_STRIDE = 251,    /* odd, so that all low bits occur */
    NEIGHBOURS = REF_BLOCK, /* half of them on each side of a landmark */
    TASK_BLOCKS = 64,
    SHORT_FORMULA = 64, /* operations: of longer ones fewer inputs are taken */
    MOST_KINKS = 32,
    WORTH_SAYING = 4, /* ulp lost by cancelling */
    NO_DIGIT = 1 << 23
};

typedef struct options {
    int exhaustive, json, no_series;
    unsigned jobs; /* 0: one for each CPU */
    const char *tier;
    char **specs;
    int spec_count;
} options;

/* One function to measure: on each tier, with its reference. */
typedef struct subject {
    activ_fn *fn[MAX_TIERS];
    const char *tiers[MAX_TIERS];
    size_t tier_count;
    activ_fn_info info;
    ref_function reference;
    uint64_t stride, strided; /* inputs: bit patterns at a stride, then neighbourhoods */
    float landmarks[REF_MAX_LANDMARKS];
    size_t landmark_count;
} subject;

typedef struct result {
    tally directions[MAX_TIERS][2];
    uint64_t different[MAX_TIERS][2]; /* results whose bits differ from the first tier's */
} result;

/* The buffers and the result of one job. */
typedef struct worker {
    float x[REF_BLOCK], ones[REF_BLOCK], got[2][REF_BLOCK], first[2][REF_BLOCK];
    ref_values want;
    result result;
} worker;

/* The work on one subject, split into tasks, which the jobs take one after another. */
typedef struct work {
    const subject *subject;
    uint64_t tasks;
    atomic_uint_fast64_t next;
    atomic_int failed;
    worker *workers[MAX_JOBS];
    int show_progress;
} work;

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The rank of a float in the order of all, infinities included; 0 for -0 too. And its inverse. */
static int64_t rank_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    int64_t size = bits & 0x7fffffff;
    return bits >> 31 ? -size : size;
}

static float at_rank(int64_t rank)
{
    const int64_t max_rank = 0x7f800000;
    rank = rank > max_rank ? max_rank : rank < -max_rank ? -max_rank : rank;
    return float_of(rank < 0 ? (uint32_t)-rank | 0x80000000u : (uint32_t)rank);
}

static int is_neighbourhood(const subject *s, uint64_t block)
{
    return block >= (s->strided + REF_BLOCK - 1) / REF_BLOCK;
}

static uint64_t block_count(const subject *s)
{
    return (s->strided + REF_BLOCK - 1) / REF_BLOCK + s->landmark_count;
}

/* Writes the inputs of a block; returns their number. */
static size_t fill_block(const subject *s, uint64_t block, float *x)
{
    if (is_neighbourhood(s, block)) {
        float centre = s->landmarks[block - (s->strided + REF_BLOCK - 1) / REF_BLOCK];
        for (int64_t i = 0; i < NEIGHBOURS; i++)
            x[i] = at_rank(rank_of(centre) + i - NEIGHBOURS / 2);
        return NEIGHBOURS;
    }
    uint64_t first = block * REF_BLOCK;
    size_t n = s->strided - first < REF_BLOCK ? (size_t)(s->strided - first) : REF_BLOCK;
    for (size_t i = 0; i < n; i++)
        x[i] = float_of((uint32_t)((first + i) * s->stride));
    return n;
}

/* Which NaN a NaN is is open. */
static void count_different(const float *a, const float *b, size_t n, uint64_t *different)
{
    for (size_t i = 0; i < n; i++)
        *different += memcmp(&a[i], &b[i], sizeof a[i]) != 0 && (a[i] == a[i] || b[i] == b[i]);
}

static activ_status run_block(const subject *s, uint64_t block, worker *d)
{
    size_t n = fill_block(s, block, d->x);
    ref_evaluate(&s->reference, n, d->x, &d->want);
    tally first[2] = { { 0 } };
    for (size_t t = 0; t < s->tier_count; t++) {
        activ_status status = activ_forward(s->fn[t], NULL, n, d->x, d->got[0]);
        if (status == ACTIV_OK)
            status = activ_backward(s->fn[t], NULL, n, d->x, d->ones, d->got[1], NULL);
        if (status != ACTIV_OK)
            return status;
        for (int k = 0; k < 2; k++) {
            tally mine = { 0 };
            if (t > 0 && memcmp(d->got[k], d->first[k], n * sizeof(float)) == 0) {
                mine = first[k];
            } else {
                tally_block(&mine, k, s->reference.entry, &d->want, n, d->x, d->got[k]);
                /* Neighbourhoods count for the largest error only, the even sample for the shares too. */
                if (is_neighbourhood(s, block))
                    mine.count = mine.rounded = mine.open = mine.cancels = 0;
                if (t > 0)
                    count_different(d->got[k], d->first[k], n, &d->result.different[t][k]);
            }
            tally_merge(&d->result.directions[t][k], &mine);
            if (t == 0 && s->tier_count > 1) {
                first[k] = mine;
                memcpy(d->first[k], d->got[k], n * sizeof(float));
            }
        }
    }
    return ACTIV_OK;
}

static void run_worker(void *argument, size_t job)
{
    work *w = argument;
    const subject *s = w->subject;
    worker *d = w->workers[job];
    for (size_t i = 0; i < REF_BLOCK; i++)
        d->ones[i] = 1.0f;
    uint64_t task, blocks = block_count(s);
    while (!atomic_load(&w->failed) && (task = atomic_fetch_add(&w->next, 1)) < w->tasks) {
        uint64_t end = (task + 1) * TASK_BLOCKS < blocks ? (task + 1) * TASK_BLOCKS : blocks;
        for (uint64_t block = task * TASK_BLOCKS; block < end; block++)
            if (run_block(s, block, d) != ACTIV_OK)
                atomic_store(&w->failed, 1);
        if (w->show_progress && task % 16 == 0)
            fprintf(stderr, "\r%s: %3d %% \r", activ_fn_spec(s->fn[0]), (int)(100 * task / w->tasks));
    }
}

static void add_result(result *total, size_t tiers, const result *one)
{
    for (size_t t = 0; t < tiers; t++)
        for (int k = 0; k < 2; k++) {
            tally_merge(&total->directions[t][k], &one->directions[t][k]);
            total->different[t][k] += one->different[t][k];
        }
}

/* Measures all inputs of a subject. 0, or -1 if out of memory. */
static int measure(const subject *s, unsigned jobs, result *total)
{
    work w = { .subject = s,
               .tasks = (block_count(s) + TASK_BLOCKS - 1) / TASK_BLOCKS,
               .show_progress = system_shows_errors() };
    atomic_init(&w.next, 0);
    atomic_init(&w.failed, 0);
    /* Without threads, this one does it all. */
    activ_pool *pool = NULL;
    if (jobs != 1 && activ_pool_create(NULL, jobs, &pool) == ACTIV_OK)
        jobs = (unsigned)activ_pool_executor(pool)->num_threads;
    else
        jobs = 1;
    for (unsigned i = 0; i < jobs; i++)
        if (!(w.workers[i] = calloc(1, sizeof *w.workers[i])))
            atomic_store(&w.failed, 1);
    if (!atomic_load(&w.failed) && pool) {
        const activ_executor *threads = activ_pool_executor(pool);
        threads->parallel_for(threads->user, jobs, run_worker, &w);
    } else if (!atomic_load(&w.failed)) {
        run_worker(&w, 0);
    }
    activ_pool_destroy(pool);
    if (w.show_progress)
        fprintf(stderr, "\r%*s\r", (int)strlen(activ_fn_spec(s->fn[0])) + 8, "");
    memset(total, 0, sizeof *total);
    for (unsigned i = 0; i < jobs; i++) {
        if (w.workers[i])
            add_result(total, s->tier_count, &w.workers[i]->result);
        free(w.workers[i]);
    }
    return atomic_load(&w.failed) ? -1 : 0;
}

/* Setting a function up. */

static int is_of_formula(const subject *s)
{
    return s->reference.entry->is_formula;
}

/* Where nothing is known of a function, its kinks are looked for. */
static void add_kinks(subject *s)
{
    kink kinks[MOST_KINKS];
    const size_t count = find_kinks(s->fn[0], -20.0, 20.0, kinks, MOST_KINKS);
    for (size_t i = 0; i < count && s->landmark_count < REF_MAX_LANDMARKS; i++)
        s->landmarks[s->landmark_count++] = (float)kinks[i].x;
}

static void prepare_inputs(subject *s, int exhaustive)
{
    s->stride = exhaustive ? 1 : SAMPLE_STRIDE;
    /* Fewer inputs for a function with many terms, as each takes longer. */
    size_t terms = is_of_formula(s) ? ref_operations(&s->reference) / SHORT_FORMULA : s->reference.args.param_count / 3;
    if (!exhaustive && terms > 1)
        s->stride = (s->stride * terms) | 1;
    s->strided = (UINT64_C(1) << 32) / s->stride + ((UINT64_C(1) << 32) % s->stride != 0);
    s->landmark_count = exhaustive ? 0 : ref_landmarks(&s->reference, s->landmarks);
    if (!exhaustive && is_of_formula(s))
        add_kinks(s);
}

static void close_subject(subject *s)
{
    for (size_t t = 0; t < s->tier_count; t++)
        activ_fn_destroy(s->fn[t]);
    ref_close(&s->reference);
}

/* Returns the exit status: 0, or 1 or 2 after a message. To be closed in any case. */
static int open_subject(subject *s, const char *spec, const options *o, activ_context *const *contexts,
                        size_t context_count)
{
    memset(s, 0, sizeof *s);
    for (size_t t = 0; t < context_count; t++) {
        s->fn[t] = make_function_in(contexts[t], spec);
        if (!s->fn[t])
            return 2;
        s->tiers[s->tier_count++] = activ_context_tier(contexts[t]);
    }
    s->info.size = sizeof s->info;
    activ_fn_info_of(s->fn[0], &s->info);
    if (!ref_find(s->info.name)) {
        fprintf(stderr, "activ: %s: no reference to measure it by (src/reference)\n", activ_fn_spec(s->fn[0]));
        return 1;
    }
    if (ref_open(&s->reference, s->fn[0], NULL) != 0) {
        fprintf(stderr, "activ: %s: no memory for a reference%s\n", activ_fn_spec(s->fn[0]),
                is_formula(s->fn[0]) ? ", or the formula is too long for one" : "");
        return 1;
    }
    prepare_inputs(s, o->exhaustive);
    return 0;
}

/* Output. */

static const char *const direction_names[] = { "forward", "derivative" };

/* The tiers of a row: one, or all if all gave the same bits. */
static void write_tiers(const subject *s, size_t tier, int all, const char *between, char *text, size_t size)
{
    size_t length = 0;
    for (size_t t = all ? 0 : tier; t < (all ? s->tier_count : tier + 1) && length < size; t++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? between : "", s->tiers[t]);
}

static double bound_of(const subject *s, int direction)
{
    return (double)(direction == TALLY_FORWARD ? s->info.forward_ulp : s->info.derivative_ulp);
}

static void print_header(void)
{
    printf("%-34s %-10s %10s  %-16s %9s  %5s  %-8s %s\n", "function", "direction", "max ULP", "at x", "rounded %",
           "bound", "", "tiers");
}

/* Is it as it should be? Of a formula nothing is promised but that NaN stays NaN. */
static int is_ok(const subject *s, const tally *t, int direction)
{
    return is_of_formula(s) ? t->special_wrong[TALLY_NAN] == 0 : tally_holds(t, bound_of(s, direction));
}

/* What a formula loses, and where that is not known. */
static void print_formula(const tally *t)
{
    const double all = (double)(t->count + t->open);
    char lost[64] = "no digit of the value is right";
    if (t->cancels_worst < NO_DIGIT)
        snprintf(lost, sizeof lost, "the value's own error is %.0f ULP", ceil(t->cancels_worst));
    if (t->cancels_worst > WORTH_SAYING)
        printf("    cancels at %.3g %% of the inputs, where an ulp is one of its terms: at %.9g %s\n",
               100.0 * (double)t->cancels / all, (double)t->cancels_x, lost);
    if (t->open > 0)
        printf("    not judged at %.3g %% of the inputs, where double has no value or is too coarse: from %.9g\n",
               100.0 * (double)t->open / all, (double)t->open_x);
}

static void print_row(const subject *s, const result *r, size_t tier, int all, int k)
{
    static const char *const names[] = { "-inf", "inf", "nan" };
    const tally *t = &r->directions[tier][k];
    char ulp[32] = "inf", at[32], tiers[128], bound[16] = "-";
    const char *verdict = is_of_formula(s) ? "" : tally_holds(t, bound_of(s, k)) ? "ok" : "EXCEEDS";
    const int shows_broken =
        t->broken > 0 && !is_of_formula(s); /* a formula's overflows are its own, and a line says so */
    if (!shows_broken)
        tally_write_ulp(ulp, sizeof ulp, t->worst);
    snprintf(at, sizeof at, "%.9g", (double)(shows_broken ? t->broken_x : t->worst_x));
    write_tiers(s, tier, all, " ", tiers, sizeof tiers);
    if (!is_of_formula(s))
        snprintf(bound, sizeof bound, "%g", bound_of(s, k));
    printf("%-34s %-10s %10s  %-16s %9.4f  %5s  %-8s %s\n", activ_fn_spec(s->fn[0]), direction_names[k], ulp,
           t->worst > 0.0 || shows_broken ? at : "-", tally_share(t), bound, verdict, tiers);
    char got[VALUE_TEXT], want[VALUE_TEXT];
    if (t->broken > 0)
        printf("    %llu results are NaN or infinite and should not be, or the reverse; at %.9g %s, not %s\n",
               (unsigned long long)t->broken, (double)t->broken_x, value_text((double)t->broken_got, got),
               value_text(t->broken_want, want));
    for (int i = 0; i < TALLY_SPECIALS; i++)
        if (t->special_wrong[i] > 0)
            printf("    at %s: %s\n", names[i], value_text((double)t->special_got[i], got));
    if (is_of_formula(s))
        print_formula(t);
    if (r->different[tier][k] > 0)
        printf("    %llu results have other bits than on tier %s\n", (unsigned long long)r->different[tier][k],
               s->tiers[0]);
}

static void print_json(const subject *s, const result *r, size_t tier, int all, int k, int exhaustive, int *rows)
{
    const tally *t = &r->directions[tier][k];
    char tiers[160];
    write_tiers(s, tier, all, "\", \"", tiers, sizeof tiers);
    printf("%s  {\"function\": \"%s\", \"direction\": \"%s\", \"tiers\": [\"%s\"], \"exhaustive\": %s, ",
           (*rows)++ > 0 ? ",\n" : "", activ_fn_spec(s->fn[0]), direction_names[k], tiers,
           exhaustive ? "true" : "false");
    tally_print_json(stdout, t);
    char bound[16] = "null";
    if (!is_of_formula(s))
        snprintf(bound, sizeof bound, "%g", bound_of(s, k));
    printf(", \"different_bits\": %llu, \"bound\": %s, \"ok\": %s}", (unsigned long long)r->different[tier][k], bound,
           is_ok(s, t, k) && r->different[tier][k] == 0 ? "true" : "false");
}

/* Measures one function and prints its rows; returns the exit status. */
static int run_spec(const char *spec, const options *o, activ_context *const *contexts, size_t context_count, int *rows)
{
    subject s;
    int status = open_subject(&s, spec, o, contexts, context_count);
    result r;
    if (status == 0 && measure(&s, o->jobs, &r) != 0) {
        fprintf(stderr, "activ: %s: no memory\n", spec);
        status = 1;
    } else if (status == 0) {
        for (int k = 0; k < 2; k++) {
            int same = 1;
            for (size_t t = 1; t < s.tier_count; t++)
                same = same && r.different[t][k] == 0;
            for (size_t t = 0; t < (same ? 1 : s.tier_count); t++) {
                if (o->json)
                    print_json(&s, &r, t, same, k, o->exhaustive, rows);
                else
                    print_row(&s, &r, t, same, k);
                if (!is_ok(&s, &r.directions[t][k], k))
                    status = 1;
            }
            if (!same)
                status = 1;
        }
        fflush(stdout);
    }
    close_subject(&s);
    return status;
}

/* Creates contexts for the requested tiers; returns their number, or 0 after a message. */
static size_t open_tiers(const char *tier, activ_context **contexts)
{
    size_t count = 0;
    int all = tier && strcmp(tier, "all") == 0;
    for (size_t i = 0; i < MAX_TIERS; i++) {
        const char *wanted = all ? activ_tier_at(i) : i > 0 ? NULL : tier ? tier : activ_tier();
        if (!wanted)
            break;
        activ_context_options context_options = ACTIV_CONTEXT_DEFAULTS;
        context_options.max_tier = wanted;
        activ_context *context;
        if (activ_context_create(&context_options, &context) != ACTIV_OK) {
            fprintf(stderr, "activ: accuracy: there is no tier '%s'\n", wanted);
            break;
        }
        if (strcmp(activ_context_tier(context), wanted) == 0) {
            contexts[count++] = context;
            continue;
        }
        fprintf(stderr, "activ: accuracy: tier '%s' does not run here%s\n", wanted,
                getenv("ACTIV_MAX_TIER") ? " (or ACTIV_MAX_TIER forbids it)" : "");
        activ_context_destroy(context);
    }
    return count;
}

static int refuse(const char *what, const char *word)
{
    fprintf(stderr, "activ: accuracy: %s%s (see activ --help)\n", what, word);
    return 2;
}

/* 0, or 2 after a message. */
static int read_options(int argc, char **argv, options *o)
{
    *o = (options){ .specs = argv };
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--exhaustive") == 0) {
            o->exhaustive = 1;
        } else if (strcmp(word, "--json") == 0) {
            o->json = 1;
        } else if (strcmp(word, "--no-series") == 0) {
            o->no_series = 1;
        } else if (strcmp(word, "--tier") == 0 || strcmp(word, "--jobs") == 0) {
            if (++i == argc)
                return refuse("a value is missing after ", word);
            if (word[2] == 't') {
                o->tier = argv[i];
                continue;
            }
            char *end;
            errno = 0;
            unsigned long jobs = strtoul(argv[i], &end, 10);
            if (argv[i][0] < '0' || argv[i][0] > '9' || *end != '\0' || errno != 0 || jobs < 1 || jobs > MAX_JOBS)
                return refuse("--jobs takes a number from 1 to 256, not ", argv[i]);
            o->jobs = (unsigned)jobs;
        } else if (word[0] == '-') {
            return refuse("unknown option ", word);
        } else {
            argv[o->spec_count++] = argv[i]; /* to the front, over arguments that have been read */
        }
    }
    return 0;
}

/* 0 after a message. */
static int is_measurable(const char *spec)
{
    activ_fn *fn = make_elementwise("accuracy", spec);
    activ_fn_destroy(fn);
    return fn != NULL;
}

int command_accuracy(int argc, char **argv)
{
    options o;
    int status = read_options(argc, argv, &o);
    if (status != 0)
        return status;
    /* A typing error in the last spec should not show up after hours. */
    for (int i = 0; i < o.spec_count; i++)
        if (!is_measurable(o.specs[i]))
            return 2;
    activ_context *contexts[MAX_TIERS];
    size_t tiers = open_tiers(o.tier, contexts);
    if (tiers == 0)
        return 2;
    int rows = 0;
    if (o.json)
        printf("[\n");
    else
        print_header();
    for (int i = 0; i < o.spec_count; i++) {
        int one = run_spec(o.specs[i], &o, contexts, tiers, &rows);
        status = one > status ? one : status;
    }
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; o.spec_count == 0 && activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        const ref_entry *entry = ref_find(info.name);
        if (info.shape != ACTIV_SHAPE_ELEMENTWISE || (o.no_series && entry && entry->series))
            continue;
        int one = run_spec(info.name, &o, contexts, tiers, &rows);
        status = one > status ? one : status;
    }
    if (o.json)
        printf("\n]\n");
    for (size_t t = 0; t < tiers; t++)
        activ_context_destroy(contexts[t]);
    return status;
}
