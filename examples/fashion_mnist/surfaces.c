/* fashion_mnist_surfaces: each activation function as a curve and as the surface f(x) + f(y), with its gradient. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/figure.h"
#include "common/files.h"
#include "common/interrupt.h"
#include "common/list.h"
#include "common/message.h"
#include "common/network.h"
#include "common/study.h"
#include "common/table.h"

#define PROGRAM "fashion_mnist_surfaces"
#define POINTS ((size_t)100)
#define LOW (-5.0f)
#define HIGH 5.0f

struct settings {
    struct study study;
    const char *functions; /* NULL: the whole catalog */
};

/* One function, on POINTS points, and on the square of them. */
struct shape {
    char *spec;
    activ_fn *fn;
    activ_fn_info info; /* whose texts are fn's */
    float points[POINTS], f[POINTS], slopes[POINTS];
    float *z, *gradient; /* POINTS x POINTS, row-major: row j is y = points[j] */
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        { "--functions", "LIST", OPTION_TEXT, &settings->functions, 0, 0,
          "like relu,\"leaky_relu(negative_slope=0.2)\",\"x*tanh(exp(x))\",@isru\n(default: all functions of the "
          "library)" },
        { "--data", "DIR", OPTION_TEXT, &settings->study.data, 0, 0, "not needed here: this program reads no images" },
        { "--seed", "N", OPTION_SEED, &settings->study.seed, 0, 0,
          "of the initial values of trained parameters (default 1)" },
        { "--threads", "N", OPTION_COUNT, &settings->study.threads, 1, 256,
          "gnuplots at the same time (default: one for each CPU)" },
        STUDY_OPTION_OUT(&settings->study),
    };
    const struct program program = {
        PROGRAM,
        "For each function f: its curve with the derivative (SVG); and over [-5, 5]^2, on 100 x\n"
        "100 points, the surface z = f(x) + f(y) beside a map of its gradient's magnitude,\n"
        "sqrt(f'(x)^2 + f'(y)^2) (PNG). Trained parameters have their initial values, random slopes\n"
        "their mean. Of a gated function it is the surface z = x act(y), and the curve act(y); of a\n"
        "row-wise one (softmax) the first element of the row (x, y), and of (x, 0).\n"
        "\n"
        "Writes surfaces.csv (function, x, f, f'), functions.csv (name, formula, source ...), and the\n"
        "figures into surfaces/.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* z and its gradient by x and by y at (x, y), for `n` points: one call for each row of the square. */
static activ_status evaluate_pair(const activ_fn *fn, int32_t shape, const float *params, size_t n, const float *x,
                                  const float *y, float *z, float *by_x, float *by_y)
{
    float pairs[2 * POINTS], out[2 * POINTS], dy[2 * POINTS], dx[2 * POINTS];
    float ones[POINTS];
    activ_status status;
    for (size_t i = 0; i < n; i++) {
        ones[i] = dy[2 * i] = 1;
        dy[2 * i + 1] = 0;
        pairs[2 * i] = x[i];
        pairs[2 * i + 1] = y[i];
    }
    if (shape == ACTIV_SHAPE_GATED) {
        status = activ_forward_gated(fn, params, 1, n, x, n, y, n, z, n);
        if (status == ACTIV_OK)
            status = activ_backward_gated(fn, params, 1, n, x, n, y, n, ones, n, by_x, n, by_y, n, NULL);
        return status;
    }
    status = activ_forward_rows(fn, params, n, 2, pairs, 2, out, 2);
    if (status == ACTIV_OK)
        status = activ_backward_rows(fn, params, n, 2, pairs, 2, dy, 2, dx, 2, NULL);
    for (size_t i = 0; status == ACTIV_OK && i < n; i++) {
        z[i] = out[2 * i];
        by_x[i] = dx[2 * i];
        by_y[i] = dx[2 * i + 1];
    }
    return status;
}

static activ_status evaluate_pairs(struct shape *shape, const activ_fn *fn, const float *params)
{
    const bool gated = shape->info.shape == ACTIV_SHAPE_GATED;
    float constant[POINTS], by_x[POINTS], by_y[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        shape->points[i] = (float)(LOW + ((double)HIGH - LOW) * (double)i / (double)(POINTS - 1));
    for (size_t j = 0; j < POINTS; j++) {
        for (size_t i = 0; i < POINTS; i++)
            constant[i] = shape->points[j];
        activ_status status = evaluate_pair(fn, shape->info.shape, params, POINTS, shape->points, constant,
                                            shape->z + j * POINTS, by_x, by_y);
        if (status != ACTIV_OK)
            return status;
        for (size_t i = 0; i < POINTS; i++)
            shape->gradient[j * POINTS + i] = hypotf(by_x[i], by_y[i]);
    }
    for (size_t i = 0; i < POINTS; i++)
        constant[i] = gated ? 1 : 0;
    return gated ? evaluate_pair(fn, shape->info.shape, params, POINTS, constant, shape->points, shape->f, by_x,
                                 shape->slopes)
                 : evaluate_pair(fn, shape->info.shape, params, POINTS, shape->points, constant, shape->f,
                                 shape->slopes, by_y);
}

static activ_status evaluate(struct shape *shape, uint64_t seed, activ_message *message)
{
    activ_status status = activ_fn_create_ex(NULL, shape->spec, &shape->fn, message);
    if (status != ACTIV_OK)
        return status;
    const activ_fn *fn = shape->fn;
    const size_t count = activ_fn_param_count(fn);
    float *params = calloc(count > 0 ? count : 1, sizeof *params);
    shape->z = calloc(2 * POINTS * POINTS, sizeof *shape->z);
    shape->info = (activ_fn_info)ACTIV_FN_INFO_INIT;
    if (params == NULL || shape->z == NULL)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    else
        shape->gradient = shape->z + POINTS * POINTS;
    if (status == ACTIV_OK)
        status = activ_fn_info_of(fn, &shape->info);
    if (status == ACTIV_OK)
        status = activ_fn_param_init(fn, seed, params);
    if (status == ACTIV_OK && shape->info.shape == ACTIV_SHAPE_ELEMENTWISE)
        status = activ_surface(fn, params, POINTS, LOW, HIGH, shape->points, shape->f, shape->slopes, shape->z,
                               shape->gradient, message);
    else if (status == ACTIV_OK)
        status = evaluate_pairs(shape, fn, params);
    if (status != ACTIV_OK && message->text[0] == '\0')
        message_set(message, "%s: %s", shape->spec, activ_status_string(status));
    free(params);
    return status;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static activ_status write_values(const struct study *study, const struct shape *shapes, size_t count,
                                 activ_message *message)
{
    struct table table;
    table_init(&table);
    table_column(&table, false, "function");
    table_column(&table, false, "x");
    table_column(&table, false, "f");
    table_column(&table, false, "derivative");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < POINTS; j++) {
            table_cell(&table, "%s", shapes[i].spec);
            table_cell(&table, "%.9g", (double)shapes[i].points[j]);
            table_cell(&table, "%.9g", (double)shapes[i].f[j]);
            table_cell(&table, "%.9g", (double)shapes[i].slopes[j]);
        }
    return study_write_csv(study, "surfaces.csv", &table, message);
}

static activ_status write_catalog(const struct study *study, const struct shape *shapes, size_t count,
                                  activ_message *message)
{
    static const char *const titles[] = { "spec",      "name",   "aliases",     "signature",    "formula",
                                          "source",    "shape",  "trained",     "random",       "forward_ulp",
                                          "slope_ulp", "figure", "least_slope", "largest_slope" };
    struct table table;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < count; i++) {
        const struct shape *shape = &shapes[i];
        const activ_fn_info *info = &shape->info;
        float least = INFINITY, largest = -INFINITY;
        for (size_t j = 0; j < POINTS; j++) {
            least = fminf(least, shape->slopes[j]);
            largest = fmaxf(largest, shape->slopes[j]);
        }
        char figure[64];
        path_safe_name(shape->spec, figure, sizeof figure);
        table_cell(&table, "%s", shape->spec);
        table_cell(&table, "%s", info->name);
        table_cell(&table, "%s", info->aliases);
        table_cell(&table, "%s", info->signature);
        table_cell(&table, "%s", info->formula);
        table_cell(&table, "%s", info->source);
        table_cell(&table, "%s",
                   info->shape == ACTIV_SHAPE_GATED         ? "gated"
                   : info->shape == ACTIV_SHAPE_ELEMENTWISE ? "elementwise"
                                                            : "row-wise");
        table_cell(&table, "%d", (int)info->trainable);
        table_cell(&table, "%d", (int)info->random);
        table_cell(&table, "%g", (double)info->forward_ulp);
        table_cell(&table, "%g", (double)info->derivative_ulp);
        table_cell(&table, "%s", figure);
        table_cell(&table, "%.6g", (double)least);
        table_cell(&table, "%.6g", (double)largest);
    }
    return study_write_csv(study, "functions.csv", &table, message);
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static void write_grid(FILE *script, const char *name, const float *values)
{
    (void)fprintf(script, "$%s << EOD\n", name);
    for (size_t j = 0; j < POINTS; j++) {
        for (size_t i = 0; i < POINTS; i++)
            (void)fprintf(script, "%.4g ", (double)values[j * POINTS + i]);
        (void)fputc('\n', script);
    }
    (void)fprintf(script, "EOD\n");
}

static void draw_one(struct figure *figure, const char *folder, const struct shape *shape)
{
    FILE *script = figure->script;
    const bool gated = shape->info.shape == ACTIV_SHAPE_GATED;
    const bool paired = shape->info.shape != ACTIV_SHAPE_ELEMENTWISE;
    char safe[64], name[80];
    path_safe_name(shape->spec, safe, sizeof safe);

    (void)fprintf(script, "reset\n$curve << EOD\n");
    for (size_t i = 0; i < POINTS; i++)
        (void)fprintf(script, "%.6g %.6g %.6g\n", (double)shape->points[i], (double)shape->f[i],
                      (double)shape->slopes[i]);
    (void)fprintf(script, "EOD\n");
    (void)snprintf(name, sizeof name, "%s.svg", safe);
    figure_target(figure, folder, name, FIGURE_SVG, 400, 260);
    (void)fprintf(script,
                  "set zeroaxis lt 1 lw 0.6 lc rgb '#999999'\nset border 0\nset tics nomirror scale 0.4 font ',10'\n"
                  "set xrange [-5:5]\nset grid\nset key top left samplen 1.2 font ',11'\nset lmargin 6\nset rmargin 2\n"
                  "plot $curve using 1:2 with lines lw 2.4 lc rgb '%s' title '%s', "
                  "$curve using 1:3 with lines lw 1.6 dt 2 lc rgb '%s' title \"f'\"\n",
                  figure_color(0), gated ? "act" : "f", figure_color(1));

    float least = INFINITY, largest = -INFINITY;
    for (size_t i = 0; i < POINTS * POINTS; i++) {
        least = fminf(least, shape->z[i]);
        largest = fmaxf(largest, shape->z[i]);
    }
    /* About four numbers along z, where gnuplot would crowd ten. */
    if (largest > least && isfinite(largest - least))
        (void)fprintf(script, "set ztics %.1g\n", (double)(largest - least) / 4);
    write_grid(script, "z", shape->z);
    write_grid(script, "g", shape->gradient);
    (void)snprintf(name, sizeof name, "%s.png", safe);
    figure_target(figure, folder, name, FIGURE_PNG, 660, 280);
    (void)fprintf(script,
                  "unset zeroaxis\nunset grid\nset multiplot\nset palette defined (0 '#2b1d6e', 0.35 '#8b2f8c', 0.7 "
                  "'#e8644a', 1 '#fbe07a')\n"
                  "set tics textcolor rgb '#777777'\nset border linecolor rgb '#777777'\n"
                  "set colorbox\nset cbtics scale 0.3\n"
                  "set origin 0,0\nset size 0.54,1\nset title '%s' textcolor rgb '#777777'\n"
                  "set pm3d depthorder\nset view 58,35\nset ticslevel 0\nunset colorbox\n"
                  "set xlabel 'x' textcolor rgb '#777777'\nset ylabel 'y' textcolor rgb '#777777'\n"
                  "set xrange [-5:5]\nset yrange [-5:5]\nset xyplane 0\n"
                  "splot $z matrix using (-5+$1*10/99.):(-5+$2*10/99.):3 every 2:2 with pm3d notitle\n"
                  "set origin 0.52,0\nset size 0.48,1\nset title 'magnitude of the gradient'\nset colorbox\n"
                  "unset pm3d\nset ylabel offset 1,0\nset lmargin 6\nset rmargin 7\n"
                  "plot $g matrix using (-5+$1*10/99.):(-5+$2*10/99.):3 with image notitle\n"
                  "unset multiplot\n",
                  !paired ? "f(x) + f(y)"
                  : gated ? "x act(y)"
                          : "first of the row (x, y)");
}

/* What one thread draws: every step-th function. */
struct share {
    const struct study *study;
    const char *folder;
    const struct shape *shapes;
    size_t first, step, count;
    activ_status status;
    activ_message message;
    pthread_t thread;
};

/* Functions for one gnuplot: what is finished stays after Ctrl-C. */
#define PER_SCRIPT 4

static void *draw_share(void *user)
{
    struct share *share = user;
    for (size_t i = share->first; i < share->count && share->status == ACTIV_OK && !interrupted();) {
        struct figure figure;
        share->status = figure_begin(&figure, share->folder, &share->message);
        if (share->status != ACTIV_OK)
            break;
        for (size_t j = 0; j < PER_SCRIPT && i < share->count; j++, i += share->step)
            draw_one(&figure, share->folder, &share->shapes[i]);
        share->status = figure_end(&figure, &share->message);
    }
    return NULL;
}

static activ_status draw(const struct study *study, const struct shape *shapes, size_t count, activ_message *message)
{
    char *folder = study_path(study, "surfaces");
    const size_t threads = study->threads < count ? study->threads : count;
    struct share *shares = calloc(threads, sizeof *shares);
    activ_status status = folder != NULL && shares != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = folder_make(folder, message);
    size_t started = 0;
    for (; status == ACTIV_OK && started < threads; started++) {
        struct share *share = &shares[started];
        *share = (struct share){
            .study = study, .folder = folder, .shapes = shapes, .first = started, .step = threads, .count = count
        };
        if (pthread_create(&share->thread, NULL, draw_share, share) != 0) {
            message_set(message, "--threads %zu: a thread cannot be started", threads);
            status = ACTIV_ERROR_OUT_OF_MEMORY;
            break;
        }
    }
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(shares[i].thread, NULL);
        if (status == ACTIV_OK && shares[i].status != ACTIV_OK) {
            status = shares[i].status;
            *message = shares[i].message;
        }
    }
    if (status == ACTIV_OK && !interrupted())
        printf("Wrote %s/NAME.svg and NAME.png of %zu functions\n", folder, count);
    free(shares);
    free(folder);
    return status;
}

/* ---- main -------------------------------------------------------------------------------------------------------- */

/* Every function of the library that has default settings. */
static activ_status take_catalog(struct specs *specs, activ_message *message)
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0; activ_fn_catalog(i, &info) == ACTIV_OK; i++) {
        if (specs->count == MAX_SPECS) {
            message_set(message, "the library has more than %d functions", MAX_SPECS);
            return ACTIV_ERROR_RANGE;
        }
        activ_status status = network_spec(info.name, &specs->values[specs->count], message);
        if (status != ACTIV_OK)
            return status;
        specs->count++;
    }
    return ACTIV_OK;
}

static activ_status run(const struct settings *settings, const struct specs *specs, struct shape *shapes,
                        activ_message *message)
{
    const struct study *study = &settings->study;
    activ_status status = study_make_out(study, message);
    for (size_t i = 0; status == ACTIV_OK && i < specs->count; i++) {
        shapes[i].spec = specs->values[i];
        status = evaluate(&shapes[i], study->seed, message);
    }
    if (status == ACTIV_OK)
        status = write_values(study, shapes, specs->count, message);
    if (status == ACTIV_OK)
        status = write_catalog(study, shapes, specs->count, message);
    if (status == ACTIV_OK && study->draws)
        status = draw(study, shapes, specs->count, message);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = { .study = STUDY_DEFAULTS(PROGRAM) };
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
    activ_message message = { "" };
    struct specs specs = { 0 };
    activ_status status =
        settings.functions != NULL ? specs_parse(settings.functions, &specs, &message) : take_catalog(&specs, &message);
    struct shape *shapes = calloc(specs.count + 1, sizeof *shapes);
    if (status == ACTIV_OK && shapes == NULL)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        status = study_begin(&settings.study, 0, &message);
    if (status == ACTIV_OK)
        status = run(&settings, &specs, shapes, &message);
    int code = study_finish(&settings.study, status, &message);
    for (size_t i = 0; shapes != NULL && i < specs.count; i++) {
        free(shapes[i].z);
        activ_fn_destroy(shapes[i].fn);
    }
    free(shapes);
    specs_free(&specs);
    study_end(&settings.study);
    return code;
}
