/* Tensors: shapes and strides, views and what they refuse, sizes that overflow, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/random.h"
#include "activ/tensor.h"
#include "support/memory.h"

static activ_tensor *create(activ_dtype dtype, size_t ndim, const size_t *shape)
{
    activ_tensor *t = NULL;
    assert_int_equal(activ_tensor_create(NULL, dtype, ndim, shape, &t, NULL), ACTIV_OK);
    assert_non_null(t);
    return t;
}

static void assert_layout(const activ_tensor *t, size_t ndim, const size_t *shape, const size_t *strides)
{
    size_t count = 1;
    assert_int_equal(activ_tensor_ndim(t), ndim);
    for (size_t i = 0; i < ndim; i++) {
        assert_int_equal(activ_tensor_shape(t)[i], shape[i]);
        assert_int_equal(activ_tensor_strides(t)[i], strides[i]);
        count *= shape[i];
    }
    assert_int_equal(activ_tensor_count(t), count);
}

/* A tensor of shape 2 x 3 x 4 that holds 0, 1, 2 ... */
static activ_tensor *counting(void)
{
    const size_t shape[3] = { 2, 3, 4 };
    activ_tensor *t = create(ACTIV_FLOAT32, 3, shape);
    float *data = activ_tensor_data(t);
    for (size_t i = 0; i < 24; i++)
        data[i] = (float)i;
    return t;
}

static void test_types(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 4, 8, 4, 8, 1, 2, 2, 0, 0 };
    for (activ_dtype d = 0; d < 10; d++) {
        assert_int_equal(activ_dtype_size(d), sizes[d]);
        activ_tensor *t = NULL;
        const size_t shape[1] = { 5 };
        activ_status status = activ_tensor_create(NULL, d, 1, shape, &t, NULL);
        assert_int_equal(status, sizes[d] ? ACTIV_OK : ACTIV_ERROR_UNSUPPORTED);
        if (t) {
            assert_int_equal(activ_tensor_dtype(t), d);
            for (size_t i = 0; i < 5 * sizes[d]; i++)
                assert_int_equal(((unsigned char *)activ_tensor_data(t))[i], 0);
        }
        activ_tensor_destroy(t);
    }
    assert_int_equal(activ_dtype_size(-1), 0);
    assert_int_equal(activ_dtype_size(INT32_MAX), 0);
}

static void test_create(void **state)
{
    (void)state;
    const size_t shape[8] = { 2, 1, 3, 1, 2, 1, 2, 5 }, strides[8] = { 60, 60, 20, 20, 10, 10, 5, 1 };
    activ_tensor *t = create(ACTIV_FLOAT32, 8, shape);
    assert_layout(t, 8, shape, strides);
    assert_int_equal((uintptr_t)activ_tensor_data(t) % 64, 0);
    assert_true(activ_tensor_is_contiguous(t));
    for (size_t i = 0; i < 120; i++)
        assert_true(((float *)activ_tensor_data(t))[i] == 0.0f);
    activ_tensor_destroy(t);
    /* No dimension: one element. */
    t = create(ACTIV_INT64, 0, NULL);
    assert_layout(t, 0, NULL, NULL);
    assert_int_equal(activ_tensor_count(t), 1);
    assert_true(activ_tensor_is_contiguous(t));
    assert_non_null(activ_tensor_data(t));
    activ_tensor_destroy(t);
    /* A dimension of 0: none, however large the others are. */
    const size_t empties[4][3] = { { 0, 3, 4 }, { 3, 0, 4 }, { 3, 4, 0 }, { SIZE_MAX, SIZE_MAX, 0 } };
    for (size_t i = 0; i < 4; i++) {
        t = create(ACTIV_FLOAT32, 3, empties[i]);
        assert_int_equal(activ_tensor_count(t), 0);
        assert_true(activ_tensor_is_contiguous(t));
        activ_tensor_destroy(t);
    }
}

static void test_errors(void **state)
{
    (void)state;
    const size_t nine[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, two[2] = { 2, 3 };
    activ_tensor *t = NULL;
    float data[6];
    assert_int_equal(activ_tensor_create(NULL, ACTIV_FLOAT32, 9, nine, &t, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_tensor_create(NULL, ACTIV_FLOAT32, SIZE_MAX, nine, &t, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_tensor_create(NULL, ACTIV_FLOAT32, 2, NULL, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_create(NULL, ACTIV_FLOAT32, 2, two, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 9, nine, NULL, data, &t, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, NULL, NULL, data, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, two, NULL, data, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, two, NULL, NULL, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_view(NULL, 77, 2, two, NULL, data, &t, NULL), ACTIV_ERROR_UNSUPPORTED);
    assert_null(t);
    activ_tensor_destroy(NULL);
    assert_int_equal(activ_tensor_dtype(NULL), 0);
    assert_int_equal(activ_tensor_ndim(NULL), 0);
    assert_int_equal(activ_tensor_count(NULL), 0);
    assert_null(activ_tensor_shape(NULL));
    assert_null(activ_tensor_strides(NULL));
    assert_null(activ_tensor_data(NULL));
    assert_int_equal(activ_tensor_is_contiguous(NULL), 0);
    activ_tensor *c = counting();
    assert_int_equal(activ_tensor_reshape(NULL, 2, two, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_reshape(c, 2, NULL, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_reshape(c, 2, two, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_narrow(NULL, 0, 0, 1, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_narrow(c, 0, 0, 1, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_transpose(NULL, 0, 1, &t, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_transpose(c, 0, 1, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_copy(NULL, c, NULL), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_copy(c, NULL, NULL), ACTIV_ERROR_INVALID);
    assert_null(t);
    activ_tensor_destroy(c);
}

static void test_overflow(void **state)
{
    (void)state;
    const size_t half = SIZE_MAX / 2 + 1;
    const size_t shapes[][3] = { { half, 2, 1 },
                                 { SIZE_MAX, SIZE_MAX, SIZE_MAX },
                                 { SIZE_MAX / 4 + 1, 1, 1 },
                                 { (size_t)1 << 32, (size_t)1 << 30, 1 },
                                 { 3, SIZE_MAX / 8, 1 } };
    activ_tensor *t = NULL;
    float data[8];
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(activ_tensor_create(NULL, ACTIV_FLOAT32, 3, shapes[i], &t, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 3, shapes[i], NULL, data, &t, NULL), ACTIV_ERROR_RANGE);
    }
    /* Few elements, but so far apart that one has no address. */
    const size_t shape[2] = { 2, 2 };
    const size_t strides[][2] = {
        { SIZE_MAX, 1 }, { SIZE_MAX / 2, SIZE_MAX / 2 + 2 }, { SIZE_MAX / 4, 1 }, { half, half }
    };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, shape, strides[i], data, &t, NULL),
                         ACTIV_ERROR_RANGE);
    assert_null(t);
    /* A stride that is never used does not matter. */
    const size_t one[2] = { 1, 2 }, none[2] = { 0, 2 }, wild[2] = { SIZE_MAX, 1 };
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, one, wild, data, &t, NULL), ACTIV_OK);
    activ_tensor_destroy(t);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, none, wild, NULL, &t, NULL), ACTIV_OK);
    activ_tensor_destroy(t);
}

static void test_view(void **state)
{
    (void)state;
    float data[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    const size_t shape[2] = { 3, 4 }, rows[2] = { 4, 1 }, columns[2] = { 1, 3 }, gaps[2] = { 4, 2 },
                 small[2] = { 3, 2 };
    activ_tensor *t = NULL;
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, shape, NULL, data, &t, NULL), ACTIV_OK);
    assert_layout(t, 2, shape, rows);
    assert_ptr_equal(activ_tensor_data(t), data);
    assert_true(activ_tensor_is_contiguous(t));
    activ_tensor_destroy(t);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, shape, columns, data, &t, NULL), ACTIV_OK);
    assert_layout(t, 2, shape, columns);
    assert_false(activ_tensor_is_contiguous(t));
    activ_tensor_destroy(t);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, small, gaps, data, &t, NULL), ACTIV_OK);
    assert_false(activ_tensor_is_contiguous(t));
    activ_tensor_destroy(t);
    for (size_t i = 0; i < 12; i++)
        assert_true(data[i] == (float)i); /* a view's memory is left alone */
}

static void test_reshape(void **state)
{
    (void)state;
    activ_tensor *t = counting(), *v = NULL, *w = NULL;
    const size_t flat[1] = { 24 }, step[1] = { 1 }, eight[8] = { 1, 2, 1, 2, 3, 1, 2, 1 };
    const size_t steps[8] = { 24, 12, 12, 6, 2, 2, 1, 1 }, wrong[2] = { 5, 5 },
                 wide[9] = { 24, 1, 1, 1, 1, 1, 1, 1, 1 };
    assert_int_equal(activ_tensor_reshape(t, 1, flat, &v, NULL), ACTIV_OK);
    assert_layout(v, 1, flat, step);
    assert_ptr_equal(activ_tensor_data(v), activ_tensor_data(t));
    assert_int_equal(activ_tensor_reshape(v, 8, eight, &w, NULL), ACTIV_OK);
    assert_layout(w, 8, eight, steps);
    activ_tensor_destroy(w);
    activ_tensor_destroy(v);
    v = NULL;
    assert_int_equal(activ_tensor_reshape(t, 2, wrong, &v, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_reshape(t, 0, NULL, &v, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_reshape(t, 9, wide, &v, NULL), ACTIV_ERROR_RANGE);
    const size_t huge[2] = { SIZE_MAX, 2 };
    assert_int_equal(activ_tensor_reshape(t, 2, huge, &v, NULL), ACTIV_ERROR_RANGE);
    assert_null(v);
    /* Not of what lies in memory in another order or with gaps. */
    assert_int_equal(activ_tensor_transpose(t, 0, 2, &w, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_reshape(w, 1, flat, &v, NULL), ACTIV_ERROR_STATE);
    activ_tensor_destroy(w);
    assert_int_equal(activ_tensor_narrow(t, 2, 0, 2, &w, NULL), ACTIV_OK);
    const size_t twelve[1] = { 12 };
    assert_int_equal(activ_tensor_reshape(w, 1, twelve, &v, NULL), ACTIV_ERROR_STATE);
    activ_tensor_destroy(w);
    /* But of what is contiguous all the same. */
    assert_int_equal(activ_tensor_narrow(t, 0, 1, 1, &w, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_reshape(w, 1, twelve, &v, NULL), ACTIV_OK);
    assert_true(*(float *)activ_tensor_data(v) == 12.0f);
    activ_tensor_destroy(v);
    activ_tensor_destroy(w);
    activ_tensor_destroy(t);
    /* Scalars and empty tensors. */
    t = create(ACTIV_UINT8, 0, NULL);
    assert_int_equal(activ_tensor_reshape(t, 8, (const size_t[8]){ 1, 1, 1, 1, 1, 1, 1, 1 }, &v, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_reshape(v, 0, NULL, &w, NULL), ACTIV_OK);
    activ_tensor_destroy(w);
    activ_tensor_destroy(v);
    activ_tensor_destroy(t);
    const size_t empty[2] = { 0, 7 }, other[3] = { 5, 0, 2 };
    t = create(ACTIV_UINT8, 2, empty);
    assert_int_equal(activ_tensor_reshape(t, 3, other, &v, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_count(v), 0);
    activ_tensor_destroy(v);
    activ_tensor_destroy(t);
}

static void test_narrow(void **state)
{
    (void)state;
    activ_tensor *t = counting(), *v = NULL;
    for (size_t dim = 0; dim < 3; dim++) {
        size_t size = activ_tensor_shape(t)[dim], stride = activ_tensor_strides(t)[dim];
        for (size_t start = 0; start <= size; start++)
            for (size_t length = 0; start + length <= size; length++) {
                assert_int_equal(activ_tensor_narrow(t, dim, start, length, &v, NULL), ACTIV_OK);
                size_t shape[3] = { 2, 3, 4 };
                shape[dim] = length;
                assert_layout(v, 3, shape, activ_tensor_strides(t));
                if (length > 0)
                    assert_ptr_equal(activ_tensor_data(v), (float *)activ_tensor_data(t) + start * stride);
                activ_tensor_destroy(v);
            }
        v = NULL;
        assert_int_equal(activ_tensor_narrow(t, dim, 0, size + 1, &v, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_tensor_narrow(t, dim, size + 1, 0, &v, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_tensor_narrow(t, dim, 1, SIZE_MAX, &v, NULL), ACTIV_ERROR_RANGE);
        assert_int_equal(activ_tensor_narrow(t, dim, SIZE_MAX, 1, &v, NULL), ACTIV_ERROR_RANGE);
    }
    assert_int_equal(activ_tensor_narrow(t, 3, 0, 0, &v, NULL), ACTIV_ERROR_RANGE);
    assert_null(v);
    activ_tensor_destroy(t);
    activ_tensor *scalar = create(ACTIV_FLOAT32, 0, NULL);
    assert_int_equal(activ_tensor_narrow(scalar, 0, 0, 0, &v, NULL), ACTIV_ERROR_RANGE);
    activ_tensor_destroy(scalar);
}

static void test_transpose(void **state)
{
    (void)state;
    activ_tensor *t = counting(), *v = NULL, *back = NULL;
    const size_t shape[3] = { 4, 3, 2 }, strides[3] = { 1, 4, 12 };
    assert_int_equal(activ_tensor_transpose(t, 0, 2, &v, NULL), ACTIV_OK);
    assert_layout(v, 3, shape, strides);
    assert_ptr_equal(activ_tensor_data(v), activ_tensor_data(t));
    assert_false(activ_tensor_is_contiguous(v));
    assert_int_equal(activ_tensor_transpose(v, 2, 0, &back, NULL), ACTIV_OK);
    assert_layout(back, 3, activ_tensor_shape(t), activ_tensor_strides(t));
    assert_true(activ_tensor_is_contiguous(back));
    activ_tensor_destroy(back);
    activ_tensor_destroy(v);
    assert_int_equal(activ_tensor_transpose(t, 1, 1, &v, NULL), ACTIV_OK);
    assert_layout(v, 3, activ_tensor_shape(t), activ_tensor_strides(t));
    activ_tensor_destroy(v);
    v = NULL;
    assert_int_equal(activ_tensor_transpose(t, 0, 3, &v, NULL), ACTIV_ERROR_RANGE);
    assert_int_equal(activ_tensor_transpose(t, SIZE_MAX, 0, &v, NULL), ACTIV_ERROR_RANGE);
    assert_null(v);
    activ_tensor_destroy(t);
    /* A row turned into a column is contiguous still. */
    const size_t row[2] = { 1, 6 };
    t = create(ACTIV_FLOAT32, 2, row);
    assert_int_equal(activ_tensor_transpose(t, 0, 1, &v, NULL), ACTIV_OK);
    assert_true(activ_tensor_is_contiguous(v));
    activ_tensor_destroy(v);
    activ_tensor_destroy(t);
}

/* ---- copies ------------------------------------------------------------------------------ */

static double element(const activ_tensor *t, const size_t *index)
{
    size_t at = 0;
    for (size_t i = 0; i < activ_tensor_ndim(t); i++)
        at += index[i] * activ_tensor_strides(t)[i];
    switch (activ_tensor_dtype(t)) {
    case ACTIV_FLOAT32:
        return (double)((const float *)activ_tensor_const_data(t))[at];
    case ACTIV_FLOAT64:
        return ((const double *)activ_tensor_const_data(t))[at];
    case ACTIV_INT32:
        return (double)((const int32_t *)activ_tensor_const_data(t))[at];
    case ACTIV_INT64:
        return (double)((const int64_t *)activ_tensor_const_data(t))[at];
    case ACTIV_FLOAT16:
    case ACTIV_BFLOAT16:
        return (double)((const uint16_t *)activ_tensor_const_data(t))[at]; /* its bits */
    default:
        return (double)((const uint8_t *)activ_tensor_const_data(t))[at];
    }
}

static int next(const activ_tensor *t, size_t *index)
{
    for (size_t i = activ_tensor_ndim(t); i-- > 0; index[i] = 0)
        if (++index[i] < activ_tensor_shape(t)[i])
            return 1;
    return 0;
}

/* A tensor of random bytes below 100 in each element. */
static activ_tensor *random_tensor(activ_dtype dtype, size_t ndim, const size_t *shape)
{
    activ_tensor *t = create(dtype, ndim, shape);
    for (size_t i = 0; i < activ_tensor_count(t); i++) {
        uint32_t value = activ_random_bits(1, activ_tensor_count(t), i) % 100;
        switch (dtype) {
        case ACTIV_FLOAT32:
            ((float *)activ_tensor_data(t))[i] = (float)value;
            break;
        case ACTIV_FLOAT64:
            ((double *)activ_tensor_data(t))[i] = (double)value;
            break;
        case ACTIV_INT32:
            ((int32_t *)activ_tensor_data(t))[i] = (int32_t)value;
            break;
        case ACTIV_INT64:
            ((int64_t *)activ_tensor_data(t))[i] = (int64_t)value;
            break;
        case ACTIV_FLOAT16:
        case ACTIV_BFLOAT16:
            ((uint16_t *)activ_tensor_data(t))[i] = (uint16_t)(517 * value);
            break;
        default:
            ((uint8_t *)activ_tensor_data(t))[i] = (uint8_t)value;
            break;
        }
    }
    return t;
}

/* From and to all pairs of: plain, transposed, a window of something larger. */
static void test_copy(void **state)
{
    (void)state;
    const size_t shape[3] = { 3, 4, 5 }, turned[3] = { 5, 4, 3 }, larger[3] = { 3, 9, 5 };
    for (activ_dtype d = ACTIV_FLOAT32; d <= ACTIV_BFLOAT16; d++)
        for (int kinds = 0; kinds < 9; kinds++) {
            activ_tensor *whole[2] = { NULL }, *view[2] = { NULL };
            for (int i = 0; i < 2; i++) {
                int kind = i == 0 ? kinds % 3 : kinds / 3;
                whole[i] = i == 0 ? random_tensor(d, 3,
                                                  kind == 0   ? shape
                                                  : kind == 1 ? turned
                                                              : larger)
                                  : create(d, 3,
                                           kind == 0   ? shape
                                           : kind == 1 ? turned
                                                       : larger);
                activ_status status = kind == 0   ? activ_tensor_reshape(whole[i], 3, shape, &view[i], NULL)
                                      : kind == 1 ? activ_tensor_transpose(whole[i], 0, 2, &view[i], NULL)
                                                  : activ_tensor_narrow(whole[i], 1, 2, 4, &view[i], NULL);
                assert_int_equal(status, ACTIV_OK);
            }
            assert_int_equal(activ_tensor_copy(view[0], view[1], NULL), ACTIV_OK);
            size_t index[3] = { 0 };
            double sum = 0.0;
            do {
                assert_true(element(view[0], index) == element(view[1], index));
                sum += element(view[0], index);
            } while (next(view[0], index));
            /* Nothing outside of the view was written: the whole holds no more than it. */
            memset(index, 0, sizeof index);
            do
                sum -= element(whole[1], index);
            while (next(whole[1], index));
            assert_true(sum == 0.0);
            for (int i = 0; i < 2; i++) {
                activ_tensor_destroy(view[i]);
                activ_tensor_destroy(whole[i]);
            }
        }
}

static void test_copy_eight(void **state)
{
    (void)state;
    const size_t shape[8] = { 2, 3, 1, 2, 3, 2, 1, 2 };
    activ_tensor *from = random_tensor(ACTIV_INT32, 8, shape), *a = NULL, *b = NULL, *to;
    assert_int_equal(activ_tensor_transpose(from, 1, 4, &a, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_transpose(a, 0, 7, &b, NULL), ACTIV_OK);
    to = create(ACTIV_INT32, 8, activ_tensor_shape(b));
    assert_int_equal(activ_tensor_copy(b, to, NULL), ACTIV_OK);
    size_t index[8] = { 0 };
    do
        assert_true(element(b, index) == element(to, index));
    while (next(b, index));
    activ_tensor_destroy(to);
    activ_tensor_destroy(b);
    activ_tensor_destroy(a);
    activ_tensor_destroy(from);
    /* One element, and none. */
    from = create(ACTIV_FLOAT64, 0, NULL);
    to = create(ACTIV_FLOAT64, 0, NULL);
    *(double *)activ_tensor_data(from) = 2.5;
    assert_int_equal(activ_tensor_copy(from, to, NULL), ACTIV_OK);
    assert_true(*(double *)activ_tensor_data(to) == 2.5);
    activ_tensor_destroy(from);
    activ_tensor_destroy(to);
    const size_t empty[2] = { 4, 0 };
    from = create(ACTIV_FLOAT64, 2, empty);
    to = create(ACTIV_FLOAT64, 2, empty);
    assert_int_equal(activ_tensor_copy(from, to, NULL), ACTIV_OK);
    activ_tensor_destroy(from);
    activ_tensor_destroy(to);
}

static void test_copy_mismatch(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 4 }, turned[2] = { 4, 3 }, flat[1] = { 12 };
    activ_tensor *a = create(ACTIV_FLOAT32, 2, shape), *b = create(ACTIV_FLOAT32, 2, turned);
    activ_tensor *c = create(ACTIV_FLOAT32, 1, flat), *d = create(ACTIV_INT32, 2, shape);
    assert_int_equal(activ_tensor_copy(a, b, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_copy(a, c, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_copy(c, a, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_copy(a, d, NULL), ACTIV_ERROR_SHAPE);
    assert_int_equal(activ_tensor_copy(a, a, NULL), ACTIV_OK);
    activ_tensor_destroy(a);
    activ_tensor_destroy(b);
    activ_tensor_destroy(c);
    activ_tensor_destroy(d);
}

/* A copy is of one type: nothing is converted, not even where it would be exact. activ_convert does that. */
static void test_copy_types(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 4 };
    for (activ_dtype from = ACTIV_FLOAT32; from <= ACTIV_BFLOAT16; from++)
        for (activ_dtype to = ACTIV_FLOAT32; to <= ACTIV_BFLOAT16; to++) {
            activ_tensor *a = random_tensor(from, 2, shape), *b = random_tensor(to, 2, shape);
            activ_message message = { "" };
            const activ_status status = activ_tensor_copy(a, b, &message);
            assert_int_equal(status, from == to ? ACTIV_OK : ACTIV_ERROR_SHAPE);
            if (from != to)
                assert_non_null(strstr(message.text, "another type"));
            activ_tensor_destroy(a);
            activ_tensor_destroy(b);
        }
    /* Of a tensor, by its arrays. */
    activ_tensor *a = create(ACTIV_FLOAT32, 2, shape), *b = create(ACTIV_BFLOAT16, 2, shape);
    float *values = activ_tensor_data(a);
    for (size_t i = 0; i < 12; i++)
        values[i] = (float)i - 5.5f;
    assert_int_equal(activ_convert(12, activ_tensor_dtype(a), activ_tensor_const_data(a), activ_tensor_dtype(b),
                                   activ_tensor_data(b)),
                     ACTIV_OK);
    memset(values, 0, 12 * sizeof *values);
    assert_int_equal(activ_convert(12, ACTIV_BFLOAT16, activ_tensor_const_data(b), ACTIV_FLOAT32, values), ACTIV_OK);
    for (size_t i = 0; i < 12; i++)
        assert_true(values[i] == (float)i - 5.5f);
    activ_tensor_destroy(a);
    activ_tensor_destroy(b);
}

/* Each refusal in words. */
static void test_reasons(void **state)
{
    (void)state;
    const size_t shape[9] = { 2, 3, 1, 1, 1, 1, 1, 1, 1 }, huge[2] = { SIZE_MAX, 2 };
    float data[6] = { 0 };
    activ_tensor *t = create(ACTIV_FLOAT32, 2, shape), *out = NULL, *turned = NULL, *doubles;
    doubles = create(ACTIV_FLOAT64, 2, shape);
    assert_int_equal(activ_tensor_transpose(t, 0, 1, &turned, NULL), ACTIV_OK);
    activ_message m;
#define REASON(call, status, words)                           \
    do {                                                      \
        memset(&m, 0, sizeof m);                              \
        assert_int_equal(call, status);                       \
        if (!strstr(m.text, words))                           \
            fail_msg("'%s' should have '%s'", m.text, words); \
    } while (0)
    REASON(activ_tensor_create(NULL, ACTIV_FLOAT32, 2, shape, NULL, &m), ACTIV_ERROR_INVALID, "out is NULL");
    REASON(activ_tensor_create(NULL, ACTIV_FLOAT32, 2, NULL, &out, &m), ACTIV_ERROR_INVALID, "the shape is NULL");
    REASON(activ_tensor_create(NULL, 99, 2, shape, &out, &m), ACTIV_ERROR_UNSUPPORTED, "unknown type");
    REASON(activ_tensor_create(NULL, ACTIV_FLOAT32, 9, shape, &out, &m), ACTIV_ERROR_RANGE, "more than 8");
    REASON(activ_tensor_create(NULL, ACTIV_FLOAT32, 2, huge, &out, &m), ACTIV_ERROR_RANGE, "overflows");
    REASON(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, shape, NULL, NULL, &out, &m), ACTIV_ERROR_INVALID, "data is NULL");
    REASON(activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, shape, huge, data, &out, &m), ACTIV_ERROR_RANGE, "strides");
    REASON(activ_tensor_reshape(NULL, 2, shape, &out, &m), ACTIV_ERROR_INVALID, "NULL");
    REASON(activ_tensor_reshape(t, 1, shape, &out, &m), ACTIV_ERROR_SHAPE, "number of elements");
    REASON(activ_tensor_reshape(turned, 2, shape, &out, &m), ACTIV_ERROR_STATE, "not contiguous");
    REASON(activ_tensor_narrow(t, 2, 0, 1, &out, &m), ACTIV_ERROR_RANGE, "no such dimension");
    REASON(activ_tensor_narrow(t, 1, 2, 2, &out, &m), ACTIV_ERROR_RANGE, "fewer entries");
    REASON(activ_tensor_transpose(t, 0, 2, &out, &m), ACTIV_ERROR_RANGE, "no such dimension");
    REASON(activ_tensor_copy(t, NULL, &m), ACTIV_ERROR_INVALID, "NULL");
    REASON(activ_tensor_copy(t, doubles, &m), ACTIV_ERROR_SHAPE, "another type");
    REASON(activ_tensor_copy(t, turned, &m), ACTIV_ERROR_SHAPE, "another shape");
#undef REASON
    assert_null(out);
    activ_tensor_destroy(turned);
    activ_tensor_destroy(t);
    activ_tensor_destroy(doubles);
}

/* Nobody writes through a view of const memory, or through a view of that. */
static void test_read_only(void **state)
{
    (void)state;
    static const float data[6] = { 1, 2, 3, 4, 5, 6 };
    const size_t shape[2] = { 2, 3 }, flat[1] = { 6 };
    activ_tensor *views[4] = { NULL, NULL, NULL, NULL }, *own = create(ACTIV_FLOAT32, 2, shape);
    assert_int_equal(activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, shape, NULL, NULL, &views[0], NULL),
                     ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, shape, NULL, data, NULL, NULL),
                     ACTIV_ERROR_INVALID);
    assert_null(views[0]);
    assert_int_equal(activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, shape, NULL, data, &views[0], NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_reshape(views[0], 1, flat, &views[1], NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_narrow(views[0], 1, 1, 2, &views[2], NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_transpose(views[2], 0, 1, &views[3], NULL), ACTIV_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(activ_tensor_is_read_only(views[i]), 1);
        assert_null(activ_tensor_data(views[i]));
        assert_ptr_equal(activ_tensor_const_data(views[i]), data + (i >= 2));
    }
    assert_int_equal(activ_tensor_is_read_only(own), 0);
    assert_int_equal(activ_tensor_is_read_only(NULL), 0);
    assert_null(activ_tensor_const_data(NULL));
    assert_int_equal(activ_tensor_copy(own, views[0], NULL), ACTIV_ERROR_STATE);
    assert_int_equal(activ_tensor_copy(views[0], own, NULL), ACTIV_OK);
    assert_memory_equal(activ_tensor_const_data(own), data, sizeof data);
    for (int i = 4; i-- > 0;)
        activ_tensor_destroy(views[i]);
    activ_tensor_destroy(own);
}

/* As by way of a third array: a square matrix onto its own transpose, and rows onto rows that overlap. */
static void test_copy_overlapping(void **state)
{
    (void)state;
    const size_t square[2] = { 5, 5 }, rows[2] = { 3, 3 }, strides[2] = { 4, 1 };
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    float data[25], before[25];
    for (int i = 0; i < 25; i++)
        data[i] = before[i] = (float)i;
    activ_tensor *a = NULL, *b = NULL;
    assert_int_equal(activ_tensor_view(context, ACTIV_FLOAT32, 2, square, NULL, data, &a, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_transpose(a, 0, 1, &b, NULL), ACTIV_OK);
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_tensor_copy(b, a, NULL), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_memory_equal(data, before, sizeof data);
    assert_int_equal(activ_tensor_copy(b, a, NULL), ACTIV_OK);
    for (int i = 0; i < 25; i++)
        assert_true(data[i] == (float)(i % 5 * 5 + i / 5));
    activ_tensor_destroy(b);
    activ_tensor_destroy(a);
    assert_int_equal(activ_tensor_view(context, ACTIV_FLOAT32, 2, rows, strides, before, &a, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_view(context, ACTIV_FLOAT32, 2, rows, NULL, before + 2, &b, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_copy(a, b, NULL), ACTIV_OK);
    for (int i = 0; i < 9; i++)
        assert_true(before[2 + i] == (float)(i / 3 * 4 + i % 3));
    assert_true(before[1] == 1.0f && before[11] == 11.0f);
    activ_tensor_destroy(b);
    activ_tensor_destroy(a);
    activ_context_destroy(context);
    assert_true(memory.live == 0 && memory.mistakes == 0);
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    const size_t shape[2] = { 3, 4 }, flat[1] = { 12 };
    float data[12];
    assert_non_null(context);
    size_t live = memory.live;
    activ_tensor *t = NULL, *v = NULL;
    for (size_t k = 1; k <= 2; k++) {
        memory.fail_at = memory.calls + k;
        assert_int_equal(activ_tensor_create(context, ACTIV_FLOAT32, 2, shape, &t, NULL), ACTIV_ERROR_OUT_OF_MEMORY);
        assert_null(t);
        assert_int_equal(memory.live, live);
    }
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_tensor_view(context, ACTIV_FLOAT32, 2, shape, NULL, data, &t, NULL),
                     ACTIV_ERROR_OUT_OF_MEMORY);
    memory.fail_at = 0;
    assert_int_equal(activ_tensor_view(context, ACTIV_FLOAT32, 2, shape, NULL, NULL, &t, NULL), ACTIV_ERROR_INVALID);
    assert_null(t);
    assert_int_equal(memory.live, live);
    assert_int_equal(activ_tensor_create(context, ACTIV_FLOAT32, 2, shape, &t, NULL), ACTIV_OK);
    activ_context_destroy(context);
    size_t held = memory.live;
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_tensor_reshape(t, 1, flat, &v, NULL), ACTIV_ERROR_OUT_OF_MEMORY);
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_tensor_narrow(t, 0, 0, 1, &v, NULL), ACTIV_ERROR_OUT_OF_MEMORY);
    memory.fail_at = memory.calls + 1;
    assert_int_equal(activ_tensor_transpose(t, 0, 1, &v, NULL), ACTIV_ERROR_OUT_OF_MEMORY);
    assert_null(v);
    assert_int_equal(memory.live, held);
    activ_tensor_destroy(t);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_copy_eight),
        cmocka_unit_test(test_copy_mismatch),
        cmocka_unit_test(test_copy_types),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_copy_overlapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
