/* libactiv: which symbols are exported.
 *
 * ACTIV_BUILD_SHARED is defined while the shared library itself is compiled. ACTIV_STATIC matters on Windows only,
 * where a user of the static archive defines it.
 */
#ifndef ACTIV_EXPORT_H
#define ACTIV_EXPORT_H

#if defined(_WIN32)
#    if defined(ACTIV_BUILD_SHARED)
#        define ACTIV_API __declspec(dllexport)
#    elif defined(ACTIV_STATIC)
#        define ACTIV_API
#    else
#        define ACTIV_API __declspec(dllimport)
#    endif
#elif defined(__GNUC__) && __GNUC__ >= 4
#    define ACTIV_API __attribute__((visibility("default")))
#else
#    define ACTIV_API
#endif

#endif
