/* The commands of `activ` that have a file of their own. Each gets the arguments behind its name and returns the exit
 * status: 0, or 2 after a message. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

int command_bench(int argc, char **argv);

#endif
