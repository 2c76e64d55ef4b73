/* The one argument of test programs that try many inputs: "--thin N" tries every N-th. */
#ifndef ACTIV_TESTS_SUPPORT_THIN_H
#define ACTIV_TESTS_SUPPORT_THIN_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* N, or 1 without the argument. Other arguments end the program with 2. */
static inline size_t thin_argument(int argc, char **argv)
{
    if (argc == 1)
        return 1;
    char *end = NULL;
    unsigned long n = argc == 3 && strcmp(argv[1], "--thin") == 0 ? strtoul(argv[2], &end, 10) : 0;
    if (n == 0 || *end != '\0') {
        (void)fprintf(stderr, "usage: %s [--thin N]\n", argv[0]);
        exit(2);
    }
    return n;
}

#endif
