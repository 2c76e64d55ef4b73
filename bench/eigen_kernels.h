/* What peer_eigen.c takes from eigen_kernels.cpp: one table for each instruction set that this is compiled for. */
#ifndef ACTIV_BENCH_EIGEN_KERNELS_H
#define ACTIV_BENCH_EIGEN_KERNELS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eigen_kernel {
    const char *name; /* libactiv's */
    void (*forward)(size_t n, const float *x, float *out);
    const char *how;
} eigen_kernel;

typedef struct eigen_kernels {
    const char *version;
    eigen_kernel kernels[4]; /* ended by one without a name */
} eigen_kernels;

#if defined(__x86_64__)
extern const eigen_kernels bench_eigen_avx2, bench_eigen_avx512;
#else
extern const eigen_kernels bench_eigen_baseline;
#endif

#ifdef __cplusplus
}
#endif

#endif
