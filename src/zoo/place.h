/* Where the zoo's file is: beside the program, wherever the two are moved together. */
#ifndef ACTIV_ZOO_PLACE_H
#define ACTIV_ZOO_PLACE_H

/* A copy, to be freed; NULL: no memory. */
char *place_copy(const char *text);

/* The path of the file that belongs to this program, to be freed; NULL: the system does not say where the program is,
 * or no memory. */
char *place_of_zoo(void);

#endif
