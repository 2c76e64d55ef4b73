/* Messages: formatting an activ_message, and how these programs report that they fail. */
#ifndef EXAMPLES_MESSAGE_H
#define EXAMPLES_MESSAGE_H

#include <activ/activ.h>

/* The exit code of every failure. */
#define EXIT_FAILED 2

/* As snprintf into message->text. */
void message_set(activ_message *message, const char *format, ...);

/* Prints "program: text" as one line on stderr; returns EXIT_FAILED. */
int fail(const char *program, const char *format, ...);

/* Flushes stdout; a full disk or a closed pipe is a failure. Returns the exit code. */
int finish_output(const char *program);

#endif
