/* The commands of `activ` with a file of their own. Each gets the arguments after its name and returns the exit
 * status: 0, 1 for an unsatisfactory result, 2 after a message. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

#include <activ/fn.h>

int command_accuracy(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_list(int argc, char **argv);
int command_show(const char *spec);

/* Creates the function of a spec; NULL after a message. */
activ_fn *make_function(const char *spec);
/* The same for a command that takes only elementwise functions with one set of parameters. */
activ_fn *make_elementwise(const char *command, const char *spec);

#endif
