/* The commands that have a file of their own. argv[0] is the command's name; the result is the exit status. */
#ifndef ACTIV_COMMANDS_H
#define ACTIV_COMMANDS_H

int command_accuracy(int argc, char **argv);

#endif
