/* Trained networks to look into: from files, or of the chapter's comparison, which are trained if they are not kept
 * yet. */
#ifndef EXAMPLES_TRAINED_H
#define EXAMPLES_TRAINED_H

#include <stddef.h>

#include <activ/activ.h>

#include "list.h"
#include "runs.h"
#include "study.h"

struct trained_settings {
    const char *networks;    /* files, separated by commas; NULL: those of the comparison */
    const char *activations; /* NULL: the chapter's */
    const char *seeds_text;  /* NULL: 1 */
    struct recipe recipe;
};

#define TRAINED_SETTINGS                                              \
    {                                                                 \
        .networks = NULL, .seeds_text = "1", .recipe = RECIPE_CHAPTER \
    }

/* The options of programs that look into trained networks. */
#define TRAINED_OPTIONS(trained)                                                                                    \
    { "--networks",                                                                                                 \
      "LIST",                                                                                                       \
      OPTION_TEXT,                                                                                                  \
      &(trained)->networks,                                                                                         \
      0,                                                                                                            \
      0,                                                                                                            \
      "files of trained networks, as fashion_mnist_train --save and --save-epochs write\n"                          \
      "them, separated by commas (default: the comparison's, as told by the options\n"                              \
      "below; those that are not in the folder of the results yet are trained)" },                                  \
        { "--activations",                                                                                          \
          "LIST",                                                                                                   \
          OPTION_TEXT,                                                                                              \
          &(trained)->activations,                                                                                  \
          0,                                                                                                        \
          0,                                                                                                        \
          "like relu,none,\"leaky_relu(negative_slope=0.2)\",\"x*tanh(exp(x))\",@isru\n(default: the chapter's)" }, \
        { "--epochs", "N", OPTION_COUNT, &(trained)->recipe.epochs, 1, 100000, "default 15" },                      \
        { "--optimizer",                                                                                            \
          "NAME",                                                                                                   \
          OPTION_TEXT,                                                                                              \
          &(trained)->recipe.descent.optimizer,                                                                     \
          0,                                                                                                        \
          0,                                                                                                        \
          "sgd, adamw or rmsprop (default sgd)" },                                                                  \
        { "--lr", "X", OPTION_REAL, &(trained)->recipe.descent.lr, 0, 1e6, "learning rate (default 0.001)" },       \
    {                                                                                                               \
        "--momentum", "X", OPTION_REAL, &(trained)->recipe.descent.momentum, 0, 1, "default 0.8"                    \
    }

struct trained_network {
    char *label; /* the function, or the file's name */
    char *path;
    uint64_t seed;
};

struct trained {
    struct specs specs;
    struct seeds seeds;
    struct run *runs;
    struct trained_network *networks; /* a function's seeds one after the other */
    size_t count;
};

/* What can be said before the data set is read. */
activ_status trained_settle(struct trained *trained, const struct study *study, struct trained_settings *settings,
                            activ_message *message);

/* Trains what is missing. After Ctrl-C fewer networks are there. */
activ_status trained_find(struct trained *trained, const struct study *study, const struct trained_settings *settings,
                          activ_message *message);
void trained_free(struct trained *trained);

#endif
