/* The contenders of bench_compare, bench_rows and bench_accuracy: libraries that compute an activation.
 *
 * A job is one function in one direction on given arrays, with all preparations done in advance; only running it is
 * timed. */
#ifndef ACTIV_BENCH_PEERS_H
#define ACTIV_BENCH_PEERS_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_FORWARD, BENCH_BACKWARD };

/* The arrays that all contenders share. y holds f(x), for those that compute f' from it. columns: for a row-wise
 * function, of matrices with n / columns rows; else 0. */
typedef struct bench_arrays {
    size_t n, columns;
    const float *x, *dy;
    float *y, *out;
} bench_arrays;

/* A contender's own job starts with this. */
typedef struct bench_job bench_job;
struct bench_job {
    void (*run)(bench_job *job);
    void (*finish)(bench_job *job);
    const float *result; /* after run: n values */
    int from_y;          /* 1: a derivative computed from y, an easier task than ours from x */
    char how[96];        /* the entry point that does it */
};

typedef struct bench_peer {
    const char *name;
    /* Called once, before any prepare: name, version, instruction set. */
    const char *(*describe)(void);
    /* NULL if the contender has no such function. `function` is libactiv's name for it. */
    bench_job *(*prepare)(const char *function, int direction, const bench_arrays *arrays);
} bench_peer;

extern const bench_peer bench_peer_dnnl;
extern const bench_peer bench_peer_torch;
extern const bench_peer bench_peer_xnnpack; /* forward only */
extern const bench_peer bench_peer_eigen;   /* forward only */

/* The environment variable that caps those to AVX2 that have none of their own; set before the program starts. */
#define BENCH_CAP "BENCH_CAP"

static inline int bench_is_capped(void)
{
    const char *cap = getenv(BENCH_CAP);
    return cap && strcmp(cap, "avx2") == 0;
}

#ifdef __cplusplus
}
#endif

#endif
