/* libactiv: version of the headers and of the library.
 *
 * The number is MAJOR*10000 + MINOR*100 + PATCH. Within one MAJOR the ABI only grows; while MAJOR is 0, a new MINOR may
 * break it, and changes the soname.
 *
 * Thread safety: all calls, from any thread.
 */
#ifndef ACTIV_VERSION_H
#define ACTIV_VERSION_H

#include <stdint.h>

#include "export.h"

#define ACTIV_VERSION_MAJOR 0
#define ACTIV_VERSION_MINOR 2
#define ACTIV_VERSION_PATCH 0
#define ACTIV_VERSION_NUMBER (ACTIV_VERSION_MAJOR * 10000 + ACTIV_VERSION_MINOR * 100 + ACTIV_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs; ACTIV_VERSION_NUMBER is that of the headers that a program was compiled
 * with. */
ACTIV_API uint32_t activ_version_number(void);

/* The same as text, "MAJOR.MINOR.PATCH". Static storage. */
ACTIV_API const char *activ_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
