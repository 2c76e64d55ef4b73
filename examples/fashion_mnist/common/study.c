/* What all programs of the experiments have in common: see study.h. */
#include "study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "figure.h"
#include "files.h"
#include "interrupt.h"
#include "message.h"

static uint32_t dataset_digest(uint32_t digest, const struct dataset *data)
{
    digest = (uint32_t)crc32_z(digest, data->pixels, data->count * IMAGE_PIXELS);
    return (uint32_t)crc32_z(digest, (const unsigned char *)data->labels, data->count * sizeof *data->labels);
}

activ_status study_begin(struct study *study, size_t batch, activ_message *message)
{
    interrupt_watch();
    if (study->threads == 0) {
        long count = sysconf(_SC_NPROCESSORS_ONLN);
        study->threads = count > 0 ? (size_t)count : 1;
    }
    study->draws = figure_can_draw();
    if (!study->draws)
        (void)fprintf(stderr,
                      "%s: gnuplot is not installed (apt install gnuplot-nox): the numbers are written, no figures\n",
                      study->program);
    activ_status status = ACTIV_OK;
    if (batch > 0) {
        status = fashion_mnist_load(study->data, &study->images, message);
        if (status == ACTIV_OK && batch > study->images.train.count) {
            message_set(message, "--batch: %zu is more than the %zu training images in '%s'", batch,
                        study->images.train.count, study->data);
            status = ACTIV_ERROR_RANGE;
        }
        if (status == ACTIV_OK) {
            study->images_digest = dataset_digest(0, &study->images.train);
            study->images_digest = dataset_digest(study->images_digest, &study->images.test);
        }
    }
    return status;
}

activ_status study_make_out(const struct study *study, activ_message *message)
{
    activ_status status = folder_make(study->out, message);
    if (status != ACTIV_OK)
        return status;
    char *any = study_path(study, "any");
    status = any != NULL ? file_check_writable(any, message) : ACTIV_ERROR_OUT_OF_MEMORY;
    free(any);
    return status;
}

void study_end(struct study *study)
{
    fashion_mnist_free(&study->images);
}

int study_finish(const struct study *study, activ_status status, const activ_message *message)
{
    if (interrupted()) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "%s: interrupted; what is finished is in '%s', and the same command goes on from there\n",
                      study->program, study->out);
        return EXIT_INTERRUPTED;
    }
    if (status == ACTIV_OK)
        return finish_output(study->program);
    return fail(study->program, "%s", message->text[0] != '\0' ? message->text : activ_status_string(status));
}

char *study_path(const struct study *study, const char *name)
{
    return path_join(study->out, name);
}

activ_status study_write_csv(const struct study *study, const char *name, struct table *table, activ_message *message)
{
    char *path = study_path(study, name);
    activ_status status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (path == NULL)
        message_set(message, "out of memory");
    else
        status = table_save_csv(table, path, message);
    if (status == ACTIV_OK)
        printf("Wrote %s\n", path);
    free(path);
    table_free(table);
    return status;
}
