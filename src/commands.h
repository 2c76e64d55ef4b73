/* The commands of `activ` that have a file of their own. Each gets the arguments behind its name and returns the exit
 * status: 0, 1 for a result that is not as it should be, 2 after a message. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

int command_accuracy(int argc, char **argv);
int command_bench(int argc, char **argv);

#endif
