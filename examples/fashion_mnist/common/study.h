/* What all programs of the experiments have in common: the data set, the folder of the results, a seed, threads. */
#ifndef EXAMPLES_STUDY_H
#define EXAMPLES_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <activ/activ.h>

#include "arguments.h"
#include "data.h"
#include "table.h"

struct study {
    const char *program; /* for messages */
    const char *data;
    const char *out;
    uint64_t seed;
    size_t threads; /* 0: one for each CPU */
    struct fashion_mnist images;
    uint32_t images_digest; /* CRC-32 of both sets, which tells results of other data apart */
    bool draws;             /* gnuplot is there */
};

#define STUDY_DEFAULTS(name)                                                                       \
    {                                                                                              \
        .program = (name), .data = FASHION_MNIST_FOLDER, .out = "results", .seed = 1, .threads = 0 \
    }

/* The options that all programs have, for their tables. */
#define STUDY_OPTION_DATA(study)                                                           \
    {                                                                                      \
        "--data", "DIR", OPTION_TEXT, &(study)->data, 0, 0,                                \
            "folder of the four IDX files, raw or .gz\n(default " FASHION_MNIST_FOLDER ")" \
    }
#define STUDY_OPTION_OUT(study)                                               \
    {                                                                         \
        "--out", "DIR", OPTION_TEXT, &(study)->out, 0, 0,                     \
            "where the results go; made if it is not there (default results)" \
    }
#define STUDY_OPTION_SEED(study)                                                                                     \
    {                                                                                                                \
        "--seed", "N", OPTION_SEED, &(study)->seed, 0, 0, "of initial values, order of images and noise (default 1)" \
    }
#define STUDY_OPTION_THREADS(study)                                                                           \
    {                                                                                                         \
        "--threads", "N", OPTION_COUNT, &(study)->threads, 1, 256,                                            \
            "networks in work at the same time (default: one for each CPU);\nthe results do not depend on it" \
    }

/* Reads the data set, looks for gnuplot (and says on stderr how to get it if it is missing: figures are left out then),
 * and watches for Ctrl-C. batch: refused unless there are as many images; 0: no data set is read. */
activ_status study_begin(struct study *study, size_t batch, activ_message *message);
/* Makes the folder of the results; it has to be one that can be written to. Once all that was asked for is known to be
 * right. */
activ_status study_make_out(const struct study *study, activ_message *message);

void study_end(struct study *study);

/* How the program ends: with its message, as interrupted, or well. Returns the exit code. */
int study_finish(const struct study *study, activ_status status, const activ_message *message);

/* "out/name", to be freed; NULL if out of memory. */
char *study_path(const struct study *study, const char *name);

/* Writes a table to "out/name" as CSV, says so, and frees it, also on failure. */
activ_status study_write_csv(const struct study *study, const char *name, struct table *table, activ_message *message);

#endif
