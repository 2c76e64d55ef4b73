/* bench_gemm: libactiv's GEMM against OpenBLAS's and oneDNN's sgemm, one thread, and the core's peak of multiply-adds
 * per second.
 *
 * The products are those of one training step of SimpleNetwork (forward, and backward the gradients of each weight and
 * of each input but the first), one large square, and the three of a layer of 4096 x 4096. In each round every
 * contender has one turn with each product, in an order that moves on; a figure is the median over the rounds. Here
 * each product is repeated on the same matrices; in a training step they are less likely to be in a cache. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <activ/activ.h>
#include <oneapi/dnnl/dnnl.h>

#include "cpu/cpu.h"
#include "environment.h"
#include "kernels/kernels.h"

enum { OURS, OPENBLAS, DNNL, CONTENDERS };
enum { BATCH = 128, LARGE = 2048, WIDE = 4096, LAYERS = 5, MAX_PRODUCTS = 3 * LAYERS + 4, MAX_ROUNDS = 301 };

static const double TURN = 200e-6;
static const char *const contender_names[CONTENDERS] = { "libactiv", "OpenBLAS", "oneDNN" };

/* C = A B with A m x k and B k x n. turned: the matrix is column-major, that is, its transpose is row-major. */
typedef struct {
    char name[24];
    size_t m, n, k;
    int a_turned, b_turned;
    double seconds[CONTENDERS][MAX_ROUNDS], median[CONTENDERS], fastest[CONTENDERS];
} product_t;

static product_t products[MAX_PRODUCTS];
static size_t product_count, step_first; /* from step_first on they are one step's; the large ones before are alone */
static double peak[MAX_ROUNDS], peak_median, peak_best; /* GFLOP/s */
static float *a, *b, *c, *scratch;

/* ---- the contenders ---- */

static void run_ours(const product_t *p)
{
    activ_gemm g = {
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .a = a,
        .a_row_stride = p->a_turned ? 1 : p->k,
        .a_column_stride = p->a_turned ? p->m : 1,
        .b = b,
        .b_row_stride = p->b_turned ? 1 : p->n,
        .b_column_stride = p->b_turned ? p->k : 1,
        .c = c,
        .c_row_stride = p->n,
        .scratch = scratch,
    };
    activ_kernels_of(activ_tier_best())->gemm(&g);
}

/* As cblas.h declares it. It is looked up at run time: LD_LIBRARY_PATH then chooses among Debian's builds. */
enum { ROW_MAJOR = 101, NOT_TURNED = 111, TURNED = 112 };
static void (*sgemm)(int order, int turn_a, int turn_b, int m, int n, int k, float alpha, const float *a, int lda,
                     const float *b, int ldb, float beta, float *c, int ldc);
static char blas_description[160] = "no libopenblas.so.0";

static void find_openblas(void)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    void *function = library ? dlsym(library, "cblas_sgemm") : NULL;
    if (!function)
        return;
    memcpy(&sgemm, &function, sizeof sgemm);
    char *(*config)(void) = NULL;
    function = dlsym(library, "openblas_get_config");
    memcpy(&config, &function, sizeof config);
    snprintf(blas_description, sizeof blas_description, "%s", config ? config() : "OpenBLAS");
}

static void run_openblas(const product_t *p)
{
    int m = (int)p->m, n = (int)p->n, k = (int)p->k;
    sgemm(ROW_MAJOR, p->a_turned ? TURNED : NOT_TURNED, p->b_turned ? TURNED : NOT_TURNED, m, n, k, 1.0f, a,
          p->a_turned ? m : k, b, p->b_turned ? k : n, 0.0f, c, n);
}

static void run_dnnl(const product_t *p)
{
    dnnl_dim_t m = (dnnl_dim_t)p->m, n = (dnnl_dim_t)p->n, k = (dnnl_dim_t)p->k;
    dnnl_sgemm(p->a_turned ? 'T' : 'N', p->b_turned ? 'T' : 'N', m, n, k, 1.0f, a, p->a_turned ? m : k, b,
               p->b_turned ? k : n, 0.0f, c, n);
}

static void (*const runs[CONTENDERS])(const product_t *) = { run_ours, run_openblas, run_dnnl };

static int takes_part(int contender)
{
    return contender != OPENBLAS || sgemm != NULL;
}

/* ---- the core's peak ---- */

/* Independent chains of multiply-adds in registers: twelve cover the latency of four cycles on two units, and more. */
enum { CHAINS = 12, PEAK_LOOPS = 20000 };
#define PEAK_LOOP(type, set, fma)                                                                    \
    type x[CHAINS], factor = set(0.5f), summand = set(1.0f);                                         \
    for (int i = 0; i < CHAINS; i++)                                                                 \
        x[i] = set((float)i);                                                                        \
    for (long loop = 0; loop < PEAK_LOOPS; loop++) {                                                 \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) x[i] = fma(x[i], factor, summand); \
    }                                                                                                \
    _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : : "m"(x[i]));    \
    return 2.0 * CHAINS * PEAK_LOOPS * (double)(sizeof(type) / sizeof(float));

#if defined(__x86_64__)
#    include <immintrin.h>

__attribute__((target("avx512f"))) static double multiply_adds_avx512(void)
{
    PEAK_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps)
}

__attribute__((target("avx2,fma"))) static double multiply_adds_avx2(void)
{
    PEAK_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps)
}
#elif defined(__aarch64__)
#    include <arm_neon.h>

#    define NEON_FMA(x, y, z) vfmaq_f32(z, x, y)
static double multiply_adds_neon(void)
{
    PEAK_LOOP(float32x4_t, vdupq_n_f32, NEON_FMA)
}
#endif

/* With the registers of the tier that runs; the number of operations, 0 where there is nothing to compare with. */
static double multiply_adds(void)
{
#if defined(__x86_64__)
    if (strcmp(activ_tier(), "avx512") == 0)
        return multiply_adds_avx512();
    if (strcmp(activ_tier(), "avx2") == 0)
        return multiply_adds_avx2();
#elif defined(__aarch64__)
    if (strcmp(activ_tier(), "neon") == 0)
        return multiply_adds_neon();
#endif
    return 0;
}

/* ---- measuring ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare_doubles(const void *x, const void *y)
{
    double p = *(const double *)x, q = *(const double *)y;
    return (p > q) - (p < q);
}

/* Sorts the values. */
static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static double operations(const product_t *p)
{
    return 2.0 * (double)p->m * (double)p->n * (double)p->k;
}

static void add_product(const char *kind, size_t layer, size_t m, size_t n, size_t k, int a_turned, int b_turned)
{
    product_t *p = &products[product_count++];
    if (layer > 0)
        snprintf(p->name, sizeof p->name, "%s %zu", kind, layer);
    else
        snprintf(p->name, sizeof p->name, "%s", kind);
    p->m = m;
    p->n = n;
    p->k = k;
    p->a_turned = a_turned;
    p->b_turned = b_turned;
}

static void add_step(void)
{
    static const size_t widths[LAYERS + 1] = { 784, 256, 192, 128, 64, 10 };
    for (size_t l = 1; l <= LAYERS; l++)
        add_product("y = x W^T", l, BATCH, widths[l], widths[l - 1], 0, 1);
    for (size_t l = LAYERS; l >= 1; l--) {
        add_product("dW = dy^T x", l, widths[l], widths[l - 1], BATCH, 1, 0);
        if (l > 1)
            add_product("dx = dy W", l, BATCH, widths[l - 1], widths[l], 0, 0);
    }
}

static int allocate(void)
{
    size_t wide = (size_t)WIDE * WIDE, scratch_floats = 0;
    for (size_t i = 0; i < product_count; i++) {
        size_t floats = activ_gemm_scratch(products[i].n, products[i].k);
        scratch_floats = floats > scratch_floats ? floats : scratch_floats;
    }
    float **const arrays[] = { &a, &b, &c, &scratch };
    for (int i = 0; i < 4; i++) {
        size_t bytes = ((i < 3 ? wide : scratch_floats) * sizeof(float) + 63) / 64 * 64;
        *arrays[i] = aligned_alloc(64, bytes);
        if (!*arrays[i])
            return 0;
        memset(*arrays[i], 0, bytes);
    }
    activ_random_uniform(1, 1, 0, wide, -1.0f, 1.0f, a);
    activ_random_uniform(1, 2, 0, wide, -1.0f, 1.0f, b);
    return 1;
}

/* Contenders that compute something else must not be compared. */
static int same_values(const product_t *p)
{
    size_t count = p->m * p->n;
    float *expected = malloc(count * sizeof *expected);
    if (!expected)
        return 0;
    run_ours(p);
    memcpy(expected, c, count * sizeof *c);
    int same = 1;
    for (int who = OPENBLAS; who < CONTENDERS; who++) {
        if (!takes_part(who))
            continue;
        memset(c, 0xff, count * sizeof *c);
        runs[who](p);
        for (size_t i = 0; i < count && same; i++)
            same = fabsf(c[i] - expected[i]) <= 1e-5f * (float)p->k;
        if (!same)
            fprintf(stderr, "bench_gemm: %s and libactiv disagree about %s\n", contender_names[who], p->name);
    }
    free(expected);
    return same;
}

static void measure(size_t first, size_t end, int rounds)
{
    static long repeats[MAX_PRODUCTS][CONTENDERS];
    for (size_t i = first; i < end; i++)
        for (int who = 0; who < CONTENDERS; who++) {
            if (!takes_part(who))
                continue;
            double start = now();
            runs[who](&products[i]);
            runs[who](&products[i]);
            repeats[i][who] = (long)(TURN / ((now() - start) / 2)) + 1;
        }
    for (int round = 0; round < rounds; round++) {
        for (size_t i = first; i < end; i++)
            for (int turn = 0; turn < CONTENDERS; turn++) {
                int who = (turn + round) % CONTENDERS;
                if (!takes_part(who))
                    continue;
                if (repeats[i][who] > 1)
                    runs[who](&products[i]); /* untimed: it warms the caches */
                double start = now();
                for (long r = 0; r < repeats[i][who]; r++)
                    runs[who](&products[i]);
                products[i].seconds[who][round] = (now() - start) / (double)repeats[i][who];
            }
        double start = now(), done = multiply_adds();
        peak[round] = done / (now() - start) * 1e-9;
    }
    for (size_t i = first; i < end; i++)
        for (int who = 0; who < CONTENDERS; who++) {
            products[i].median[who] = median(products[i].seconds[who], rounds);
            products[i].fastest[who] = products[i].seconds[who][0]; /* they are sorted now */
        }
    double found = median(peak, rounds);
    peak_median = found > peak_median ? found : peak_median;
    peak_best = peak[rounds - 1] > peak_best ? peak[rounds - 1] : peak_best;
}

/* ---- output ---- */

/* One line: GFLOP/s of each, ours in percent of the peak, and the seconds of the faster peer divided by ours. */
static void print_line(const char *name, const char *size, double work, const double *seconds, double of_peak,
                       FILE *json, const char *end)
{
    double best = 0;
    printf("| %-17s | %-18s |", name, size);
    fprintf(json, "    {\"product\": \"%s\", \"size\": \"%s\"", name, size);
    for (int who = 0; who < CONTENDERS; who++) {
        if (!takes_part(who)) {
            printf(" %8s |", "-");
            continue;
        }
        printf(" %8.1f |", work / seconds[who] * 1e-9);
        fprintf(json, ", \"%s_gflops\": %.3f", contender_names[who], work / seconds[who] * 1e-9);
        if (who != OURS && (best == 0 || seconds[who] < best))
            best = seconds[who];
    }
    double part = of_peak > 0 ? 100 * work / seconds[OURS] * 1e-9 / of_peak : 0;
    printf(" %4.0f %% | %6.2f |\n", part, best / seconds[OURS]);
    fprintf(json, ", \"percent_of_peak\": %.2f, \"best_peer_over_ours\": %.4f}%s\n", part, best / seconds[OURS], end);
}

static void print_head(const char *figure, double of_peak)
{
    printf("\nGFLOP/s by %s, multiply-adds alone %.1f; peer/ours: seconds of the faster peer for one of ours\n\n",
           figure, of_peak);
    printf("| product           | m x n x k          | libactiv | OpenBLAS |   oneDNN | of peak | peer/ours |\n");
    printf("|-------------------|--------------------|----------|----------|----------|---------|-----------|\n");
}

static void print_all(FILE *json)
{
    const dnnl_version_t *version = dnnl_version();
    double step[CONTENDERS] = { 0 }, step_fastest[CONTENDERS] = { 0 }, step_work = 0;
    char size[48];
    printf("tier %s; one thread\n%s\noneDNN %d.%d.%d\n", activ_tier(), blas_description, version->major, version->minor,
           version->patch);
    print_head("the median turn", peak_median);
    fprintf(json,
            "{\n  \"tier\": \"%s\", \"peak_gflops\": %.2f, \"openblas\": \"%s\", \"onednn\": \"%d.%d.%d\",\n"
            "  \"products\": [\n",
            activ_tier(), peak_median, blas_description, version->major, version->minor, version->patch);
    for (size_t i = 0; i < product_count; i++) {
        const product_t *p = &products[i];
        snprintf(size, sizeof size, "%zu x %zu x %zu", p->m, p->n, p->k);
        print_line(p->name, size, operations(p), p->median, peak_median, json, ",");
        if (i < step_first)
            continue;
        for (int who = 0; who < CONTENDERS; who++) {
            step[who] += p->median[who];
            step_fastest[who] += p->fastest[who];
        }
        step_work += operations(p);
    }
    snprintf(size, sizeof size, "%zu products", product_count - step_first);
    print_line("one step", size, step_work, step, peak_median, json, "");
    fprintf(json, "  ],\n  \"peak_gflops_at_best\": %.2f,\n  \"at_best\": [\n", peak_best);
    /* Other load on the machine slows nearly every turn: the fastest is closest to an idle machine. */
    print_head("the fastest turn of each", peak_best);
    for (size_t i = 0; i < product_count; i++) {
        const product_t *p = &products[i];
        snprintf(size, sizeof size, "%zu x %zu x %zu", p->m, p->n, p->k);
        if (i < step_first)
            print_line(p->name, size, operations(p), p->fastest, peak_best, json, ",");
    }
    snprintf(size, sizeof size, "%zu products", product_count - step_first);
    print_line("one step", size, step_work, step_fastest, peak_best, json, "");
    fprintf(json, "  ]\n}\n");
}

static int usage(FILE *out)
{
    fputs("usage: bench_gemm [--rounds N] [--json FILE]\n"
          "\n"
          "  --rounds N     5 to 301 (default 101; a tenth of it for the large products)\n"
          "  --json FILE    the results as JSON too\n",
          out);
    return out == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
    int rounds = 101;
    const char *path = "/dev/null";
    for (int i = 1; i < argc; i++) {
        char *end = "";
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout);
        if (i + 1 == argc)
            return usage(stderr);
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = (int)strtol(argv[++i], &end, 10);
        else if (strcmp(argv[i], "--json") == 0)
            path = argv[++i];
        else
            return usage(stderr);
        if (*end != '\0' || rounds < 5 || rounds > MAX_ROUNDS)
            return usage(stderr);
    }
    static const environment_setting one_thread[] = { { "OMP_NUM_THREADS", "1" }, { "OPENBLAS_NUM_THREADS", "1" } };
    if (!environment_set(one_thread, 2, argv)) {
        fprintf(stderr, "bench_gemm: the environment cannot be set\n");
        return 2;
    }
    find_openblas();
    add_product("square", 0, LARGE, LARGE, LARGE, 0, 0);
    add_product("wide y = x W^T", 0, BATCH, WIDE, WIDE, 0, 1);
    add_product("wide dW = dy^T x", 0, WIDE, WIDE, BATCH, 1, 0);
    add_product("wide dx = dy W", 0, BATCH, WIDE, WIDE, 0, 0);
    step_first = product_count;
    add_step();
    if (!allocate()) {
        fputs("bench_gemm: no memory\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < product_count; i++)
        if (!same_values(&products[i]))
            return 2;
    measure(0, step_first, rounds / 10 > 3 ? rounds / 10 : 3);
    measure(step_first, product_count, rounds);
    FILE *json = fopen(path, "w");
    if (!json) {
        fprintf(stderr, "bench_gemm: cannot write '%s'\n", path);
        return 2;
    }
    print_all(json);
    return fclose(json) == 0 ? 0 : 2;
}
