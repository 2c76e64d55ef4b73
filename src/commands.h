/* The commands of `activ` with a file of their own. Each gets the arguments after its name and returns the exit
 * status: 0, 1 for an unsatisfactory result, 2 after a message. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

#include <activ/fn.h>

#include "zoo/zoo.h"

int command_accuracy(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_list(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_show(const char *spec);

/* Creates the function of a spec, in which @NAME is one of the zoo's; NULL after a message. */
activ_fn *make_function(const char *spec);
activ_fn *make_function_in(const activ_context *context, const char *spec);
/* The same for a command that takes only elementwise functions with one set of parameters. */
activ_fn *make_elementwise(const char *command, const char *spec);

/* Or the derivative of one: what has neither a source nor bounds. */
int is_formula(const activ_fn *fn);

/* NULL after a message. */
const zoo *open_zoo(void);
void close_zoo(void);
/* Of "@NAME", or of a NAME that the catalog lacks; NULL: there is none. */
const zoo_entry *find_in_zoo(const char *spec);

/* ---- text.c ------------------------------------------------------------------------------------------ */

/* Prints untrusted text: printable ASCII and ends of lines as they are, other bytes, which may be terminal controls, as
 * \xHH. Returns how many characters that are. */
size_t print_escaped(const char *text);

/* As many digits as tell a value from all others, or "nan", without a sign whatever the system. Returns `text`. */
enum { VALUE_TEXT = 32 };
const char *value_text(double value, char text[VALUE_TEXT]);

/* ---- kinks.c ---------------------------------------------------------------------------------------- */

typedef struct kink {
    double x;
    int jumps; /* f itself, not only f' */
} kink;

/* Where f' or f jumps on [low, high], in increasing order, by looking: up to `room` of them; returns how many. */
size_t find_kinks(const activ_fn *fn, double low, double high, kink *kinks, size_t room);

#endif
