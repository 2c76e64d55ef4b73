/* Inside of an optimiser: what all kinds share, and one table for each kind. */
#ifndef ACTIV_OPTIM_OPTIMIZER_H
#define ACTIV_OPTIM_OPTIMIZER_H

#include "activ/optim.h"
#include "base/checked.h"
#include "base/host.h"
#include "base/text.h"
#include "graph/graph.h"

/* The settings of all kinds, as their options have them; those of other kinds are 0. */
typedef struct optimizer_settings {
    float lr, momentum, dampening, beta1, beta2, alpha, eps, weight_decay;
    int32_t nesterov, amsgrad, centered, maximize;
} optimizer_settings;

/* One of them by name, for files. */
typedef struct optimizer_setting {
    const char *name;
    size_t at;   /* in optimizer_settings */
    int is_flag; /* int32_t, 0 or 1; else a float */
} optimizer_setting;

/* clang-format off */
#define OPTIMIZER_SETTING(name) { #name, offsetof(optimizer_settings, name), 0 }
#define OPTIMIZER_FLAG(name) { #name, offsetof(optimizer_settings, name), 1 }
/* clang-format on */

enum { OPTIMIZER_STATES = 3, OPTIMIZER_MAX_SETTINGS = 7 };

/* What a tensor may have of its own. */
typedef struct optimizer_tensor {
    float lr_scale, weight_decay;
} optimizer_tensor;

/* A piece of the parameters and what belongs to it. */
typedef struct optimizer_piece {
    size_t n;
    const float *gradient;
    float *states[OPTIMIZER_STATES]; /* NULL where there is none */
    float *params;
    optimizer_tensor options;
} optimizer_piece;

typedef struct optimizer_kind {
    const char *name;                                   /* in files */
    const char *title;                                  /* in messages */
    optimizer_setting settings[OPTIMIZER_MAX_SETTINGS]; /* up to a name that is NULL */
    /* What moves with each value of a parameter, by PyTorch's names, up to NULL; and which of them an
     * optimiser with these settings keeps. */
    const char *states[OPTIMIZER_STATES];
    int (*keeps)(const optimizer_settings *settings, size_t state);
    /* What is wrong with settings that are finite and not negative (dampening may be), or NULL. */
    const char *(*check)(const optimizer_settings *settings);
    void (*step)(const activ_optimizer *optimizer, const optimizer_piece *piece);
} optimizer_kind;

extern const optimizer_kind activ_optimizer_sgd, activ_optimizer_adamw, activ_optimizer_rmsprop;

struct activ_optimizer {
    activ_host host;
    activ_graph *graph;
    const optimizer_kind *kind;
    optimizer_settings settings;
    uint64_t steps;                  /* taken */
    size_t count;                    /* of the parameters */
    float *states[OPTIMIZER_STATES]; /* in one block, which starts at `block` */
    float *block;
    size_t block_bytes;
    size_t tensor_count;
    optimizer_tensor tensor[]; /* one for each tensor of the graph */
};

/* A new optimiser, if its settings are sound. The graph says what was wrong. */
activ_status activ_optimizer_create(activ_graph *graph, const optimizer_kind *kind, const optimizer_settings *settings,
                                    activ_optimizer **out);

/* A caller's options of `size` bytes into `own`; NULL are the defaults. The first step of a create call. */
activ_status activ_optimizer_read_options(activ_graph *graph, const optimizer_kind *kind, const void *options,
                                          const void *defaults, size_t size, void *own, activ_optimizer **out);

/* Are these settings sound? */
activ_status activ_optimizer_check(const optimizer_kind *kind, const optimizer_settings *settings,
                                   activ_message *message);
int activ_optimizer_check_tensor(const optimizer_tensor *own);

/* An optimiser as text, which files hold, and back: see describe.c. A message begins with "line N". */
void activ_optimizer_describe(const activ_optimizer *optimizer, activ_text *text);
activ_status activ_optimizer_parse(activ_graph *graph, const char *description, activ_optimizer **out,
                                   activ_message *message);

#endif
