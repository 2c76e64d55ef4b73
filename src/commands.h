/* The commands of `activ` that have a file of their own. Each gets the arguments behind its name and returns the exit
 * status: 0, 1 for a result that is not as it should be, 2 after a message. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

#include <activ/fn.h>

int command_accuracy(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_list(int argc, char **argv);
int command_show(const char *spec);

/* The function of a spec; NULL after a message. */
activ_fn *make_function(const char *spec);
/* The same of a command that takes elementwise functions with one set of parameters alone. */
activ_fn *make_elementwise(const char *command, const char *spec);

#endif
