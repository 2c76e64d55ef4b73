/* Every operation of the vocabulary on arrays, so that a test can call each tier's. */
#ifndef SIMD_VOCABULARY_H
#define SIMD_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

enum { VOCABULARY_N = 16 };

typedef struct vocabulary_one {
    const char *name;
    void (*run)(const float *a, float *y);
} vocabulary_one;
typedef struct vocabulary_two {
    const char *name;
    void (*run)(const float *a, const float *b, float *y);
} vocabulary_two;
typedef struct vocabulary_three {
    const char *name;
    void (*run)(const float *a, const float *b, const float *c, float *y);
} vocabulary_three;
/* Results of comparisons are stored as 1 and 0. */
typedef struct vocabulary_compare {
    const char *name;
    void (*run)(const float *a, const float *b, int32_t *y);
} vocabulary_compare;
typedef struct vocabulary_int {
    const char *name;
    void (*run)(const int32_t *a, const int32_t *b, int32_t *y);
} vocabulary_int;
typedef struct vocabulary_shift {
    const char *name;
    int by;
    void (*run)(const int32_t *a, int32_t *y);
} vocabulary_shift;

typedef struct vocabulary {
    const char *tier;
    size_t lanes;
    const vocabulary_one *ones; /* tables end at a NULL name */
    const vocabulary_two *twos;
    const vocabulary_three *threes;
    const vocabulary_compare *compares;
    const vocabulary_int *ints, *int_compares;
    const vocabulary_shift *shifts;
    void (*set)(float s, float *y);
    void (*from_int)(const int32_t *a, float *y);
    void (*set_int)(int32_t s, int32_t *y);
    void (*select)(const float *x, const float *y, const float *a, const float *b, float *out); /* x < y ? a : b */
    void (*select_int)(const int32_t *x, const int32_t *y, const int32_t *a, const int32_t *b,
                       int32_t *out); /* x > y ? a : b */
    /* Masks x < y and u < v: their and, or; and not of the first, as 1 and 0; any: one bit per vector. */
    void (*masks)(const float *x, const float *y, const float *u, const float *v, int32_t *both, int32_t *either,
                  int32_t *neither, int *any);
    void (*any_negative)(const int32_t *a, int *any); /* one bit per vector */
    void (*mask_set)(int truth, int32_t *y);
    void (*load_partial)(const float *p, size_t n, float *y);  /* y: lanes values */
    void (*store_partial)(float *p, size_t n, const float *a); /* a: lanes values */
    void (*stream)(const float *a, float *y);                  /* y: a multiple of 64 bytes */
    /* Of 16 bits; streamed: a multiple of 64 bytes, the same once more. upper: of 2 VOCABULARY_N numbers. */
    void (*copy_short)(const uint16_t *a, uint16_t *y, uint16_t *streamed);
    void (*from_short)(const uint16_t *a, int32_t *y);
    void (*upper)(const int32_t *a, uint16_t *y, uint16_t *streamed);
    void (*from_float16)(const uint16_t *a, float *y);
    void (*to_float16)(const float *a, uint16_t *y);
    void (*lookup4)(const float *table, const int32_t *index, float *y);
    void (*lookup8)(const float *table, const int32_t *index, float *y);
    void (*lookup16)(const float *table, const int32_t *index, float *y);
    void (*lookup32)(const float *table, const int32_t *index, float *y);
    /* The four results one behind the other. */
    void (*gather4)(const float *table, const int32_t *at, float *y);
    void (*transpose4)(const float *const *rows, size_t at, float *columns);        /* 4 x lanes */
    void (*accumulate)(const float *a, const float *b, size_t count, double *sums); /* count vectors; sums: lanes */
    /* y = (float)(c + a s), of doubles with one rounding before the last; y = a b s + s, V_LANES of each vector. */
    void (*wide)(const float *a, double s, const float *c, float *y);
    void (*wide_product)(const float *a, const float *b, double s, double *y);
    void (*wide_chain)(const float *a, const float *b, double s, double *y);
    void (*wide_quotient)(const float *a, double s, double *y); /* y = s/a of doubles */
} vocabulary;

#endif
