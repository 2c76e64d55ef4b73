/* Ctrl-C: the first one asks the program to stop where its results are whole, the second one kills it. */
#ifndef EXAMPLES_INTERRUPT_H
#define EXAMPLES_INTERRUPT_H

#include <stdbool.h>

/* The exit code of a program that was interrupted, as shells have it. */
#define EXIT_INTERRUPTED 130

void interrupt_watch(void);
bool interrupted(void);

#endif
