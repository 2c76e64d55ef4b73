/* Figures, drawn by gnuplot (http://www.gnuplot.info), which reads a script and writes one file or several. */
#ifndef EXAMPLES_FIGURE_H
#define EXAMPLES_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <activ/activ.h>

#include "files.h"

/* Is there a gnuplot? */
bool figure_can_draw(void);

#define FIGURE_TARGETS 256

/* A script that is being written, with gnuplot's own commands, to `script`. */
struct figure {
    FILE *script;
    struct new_file file; /* that script */
    size_t count;
    char *paths[FIGURE_TARGETS];       /* what it draws */
    char *temporaries[FIGURE_TARGETS]; /* where, until all is drawn */
    bool failed;                       /* out of memory, or too many */
};

enum figure_format { FIGURE_SVG, FIGURE_PNG };

/* Begins a script; its file is a temporary one in `folder`. */
activ_status figure_begin(struct figure *figure, const char *folder, activ_message *message);

/* The next commands draw "folder/name", in pixels. Backgrounds are transparent, lines black and numbers gray, so that a
 * page may give them other colours. */
void figure_target(struct figure *figure, const char *folder, const char *name, enum figure_format format,
                   unsigned width, unsigned height);

/* Draws. Figures appear under their names only when all of them are whole. */
activ_status figure_end(struct figure *figure, activ_message *message);
void figure_cancel(struct figure *figure);

/* A text between quotation marks, which shows as it is: gnuplot takes '_' and '^' for subscripts otherwise, and between
 * double quotation marks `...` for a command. */
void figure_text(struct figure *figure, const char *text);

/* gnuplot refuses to draw an axis of its own choice when there is no number at all, as for a network that diverged:
 * before such a plot. */
void figure_expect_nothing(struct figure *figure);

/* Colour number i of those that are told apart on light and dark ground; "#rrggbb". */
const char *figure_color(size_t i);

#endif
