/* Parameters of activations after training: see learned.h. */
#include "learned.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "network.h"
#include "train.h"

#define POINTS 201

static activ_status out_of_memory(activ_message *message)
{
    message_set(message, "out of memory");
    return ACTIV_ERROR_OUT_OF_MEMORY;
}

/* The parameters of the first activation, which all others share. */
static activ_status copy_params(activ_graph *graph, float *values, size_t count)
{
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    activ_status status = activ_graph_node_info(graph, network_node(graph, "activation", 0), &info);
    if (status == ACTIV_OK && info.param_count != count)
        status = ACTIV_ERROR_SHAPE;
    if (status == ACTIV_OK)
        memcpy(values, activ_graph_params(graph) + info.first_param, count * sizeof *values);
    return status;
}

activ_status learned_read(const struct study *study, const struct run *run, const char *label, struct learned *out,
                          activ_message *message)
{
    const struct architecture *architecture = &run->recipe.architecture;
    activ_graph *graph = NULL;
    memset(out, 0, sizeof *out);
    out->label = label;
    out->run = run;
    if (strcmp(architecture->spec, "none") == 0)
        return ACTIV_OK;
    activ_status status = activ_fn_create_ex(NULL, architecture->spec, &out->fn, message);
    const size_t count = activ_fn_param_count(out->fn);
    if (status != ACTIV_OK || count == 0) {
        learned_free(out);
        return status;
    }
    out->start = calloc(count, sizeof *out->start);
    out->end = calloc(count, sizeof *out->end);
    char *path = run_path(study, run, 0);
    if (out->start == NULL || out->end == NULL || path == NULL)
        status = out_of_memory(message);
    if (status == ACTIV_OK)
        status = network_create(NULL, architecture, 1, false, &graph, message);
    if (status == ACTIV_OK)
        status = descent_init(&run->recipe.descent, graph, run->recipe.seed, message);
    if (status == ACTIV_OK)
        status = copy_params(graph, out->start, count);
    if (status == ACTIV_OK)
        status = activ_checkpoint_load_params(graph, path, message);
    if (status == ACTIV_OK)
        status = copy_params(graph, out->end, count);
    if (status != ACTIV_OK && message->text[0] == '\0')
        message_set(message, "%s: its parameters cannot be read: %s", label, activ_status_string(status));
    activ_graph_destroy(graph);
    free(path);
    return status;
}

void learned_free(struct learned *learned)
{
    activ_fn_destroy(learned->fn);
    free(learned->start);
    free(learned->end);
    learned->fn = NULL;
    learned->start = learned->end = NULL;
}

activ_status learned_write(const struct study *study, const char *name, const struct learned *all, size_t count,
                           activ_message *message)
{
    static const char *const titles[] = { "network", "activation", "parameter", "seed", "start", "end" };
    struct table table;
    table_init(&table);
    table_columns(&table, sizeof titles / sizeof titles[0], titles);
    for (size_t i = 0; i < count; i++) {
        activ_fn_tensor_info tensor = ACTIV_FN_TENSOR_INFO_INIT;
        size_t at = 0;
        for (size_t j = 0; activ_fn_param_tensor_info(all[i].fn, j, &tensor) == ACTIV_OK; j++)
            for (size_t k = 0; k < tensor.count; k++, at++) {
                table_cell(&table, "%s", all[i].label);
                table_cell(&table, "%s", activ_fn_spec(all[i].fn));
                if (tensor.count > 1)
                    table_cell(&table, "%s[%zu]", tensor.name, k + 1);
                else
                    table_cell(&table, "%s", tensor.name);
                table_cell(&table, "%" PRIu64, all[i].run->recipe.seed);
                table_cell(&table, "%.9g", (double)all[i].start[at]);
                table_cell(&table, "%.9g", (double)all[i].end[at]);
            }
    }
    return study_write_csv(study, name, &table, message);
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static activ_status write_curve(struct figure *figure, const char *block, size_t number, const activ_fn *fn,
                                const float *params)
{
    float x[POINTS], y[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        x[i] = -5 + 10 * (float)i / (POINTS - 1);
    activ_status status = activ_forward(fn, params, POINTS, x, y);
    if (status != ACTIV_OK)
        return status;
    (void)fprintf(figure->script, "$%s%zu << EOD\n", block, number);
    for (size_t i = 0; i < POINTS; i++)
        (void)fprintf(figure->script, "%.6g %.6g\n", (double)x[i], isfinite(y[i]) ? (double)y[i] : (double)NAN);
    (void)fprintf(figure->script, "EOD\n");
    return ACTIV_OK;
}

/* Functions that are drawn so far: networks of one function have one colour. */
static size_t color_of(const struct learned *all, size_t i)
{
    size_t color = 0;
    for (size_t j = 1; j <= i; j++)
        color += strcmp(all[j].label, all[j - 1].label) != 0 ? 1 : 0;
    return color;
}

activ_status learned_draw(struct figure *figure, const struct learned *all, size_t count, const char *const *others,
                          size_t other_count, activ_message *message)
{
    FILE *script = figure->script;
    activ_status status = ACTIV_OK;
    (void)fprintf(script, "reset\n");
    for (size_t i = 0; status == ACTIV_OK && i < count; i++) {
        status = write_curve(figure, "start", i, all[i].fn, all[i].start);
        if (status == ACTIV_OK)
            status = write_curve(figure, "end", i, all[i].fn, all[i].end);
    }
    for (size_t i = 0; status == ACTIV_OK && i < other_count; i++)
        status = write_curve(figure, "other", i, activ_fn_default(others[i]), NULL);
    if (status != ACTIV_OK) {
        message_set(message, "the curves of trained functions: %s", activ_status_string(status));
        return status;
    }
    (void)fprintf(script, "set zeroaxis lt 1 lw 0.6 lc rgb '#999999'\nset border 0\nset tics nomirror scale 0.4\n"
                          "set xrange [-5:5]\nset grid\nset key top left samplen 1.5\nplot ");
    for (size_t i = 0; i < other_count; i++) {
        (void)fprintf(script, "%s$other%zu using 1:2 with lines lw 1 dt 3 lc rgb '%s' title ", i > 0 ? ", " : "", i,
                      i == 0 ? "#777777" : "#aaaaaa");
        figure_text(figure, others[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const char *color = figure_color(color_of(all, i));
        const bool first = i == 0 || color_of(all, i) != color_of(all, i - 1);
        if (first) {
            char title[200];
            (void)snprintf(title, sizeof title, "%.150s: start", all[i].label);
            (void)fprintf(script, "%s$start%zu using 1:2 with lines lw 1.6 dt 2 lc rgb '%s' title ",
                          i > 0 || other_count > 0 ? ", " : "", i, color);
            figure_text(figure, title);
        }
        (void)fprintf(script, ", $end%zu using 1:2 with lines lw 2.2 lc rgb '%s' ", i, color);
        if (first)
            (void)fprintf(script, "title 'after training, a line for each seed'");
        else
            (void)fprintf(script, "notitle");
    }
    (void)fprintf(script, "\n");
    return ACTIV_OK;
}
