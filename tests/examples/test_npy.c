/* The .npy reader and writer of the examples: good files of all types and orders, and every way of being malformed.
 * With two arguments it copies one file to another, for npy.py, which compares with NumPy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/npy.h"
#include "scratch.h"

/* A file of this header (without what fills it up) and these elements. */
static void write_npy(const char *name, int major, const char *header, const void *elements, size_t bytes)
{
    unsigned char file[4096] = "\x93NUMPY";
    const size_t digits = major == 1 ? 2 : 4, length = strlen(header) + 1;
    file[6] = (unsigned char)major;
    for (size_t i = 0; i < digits; i++)
        file[8 + i] = (unsigned char)(length >> 8 * i);
    memcpy(file + 8 + digits, header, length - 1);
    file[8 + digits + length - 1] = '\n';
    if (bytes > 0)
        memcpy(file + 8 + digits + length, elements, bytes);
    scratch_write(name, file, 8 + digits + length + bytes, false);
}

static void assert_refused(const char *name, activ_status expected, const char *words)
{
    activ_tensor *const before = (activ_tensor *)(void *)&expected, *tensor = before;
    activ_message message = { "" };
    const char *path = scratch_path(name);
    const activ_status status = npy_read(path, &tensor, &message);
    if (status != expected || strstr(message.text, path) == NULL || strstr(message.text, words) == NULL)
        fail_msg("%s: status %d instead of %d, message '%s' should hold '%s'", name, (int)status, (int)expected,
                 message.text, words);
    assert_ptr_equal(tensor, before);
}

static activ_tensor *read_good(const char *name)
{
    activ_tensor *tensor = NULL;
    activ_message message = { "" };
    if (npy_read(scratch_path(name), &tensor, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    return tensor;
}

static const unsigned char bytes[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                       32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47 };

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        activ_dtype dtype;
        size_t size;
        bool is_big;
    } types[] = {
        { "<f4", ACTIV_FLOAT32, 4, false }, { ">f4", ACTIV_FLOAT32, 4, true }, { "<f8", ACTIV_FLOAT64, 8, false },
        { ">f8", ACTIV_FLOAT64, 8, true },  { "<i4", ACTIV_INT32, 4, false },  { ">i4", ACTIV_INT32, 4, true },
        { "<i8", ACTIV_INT64, 8, false },   { ">i8", ACTIV_INT64, 8, true },   { "|u1", ACTIV_UINT8, 1, false },
        { ">u1", ACTIV_UINT8, 1, false },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (int major = 1; major <= 3; major++) {
            char header[128];
            snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }",
                     types[i].descr);
            write_npy("types", major, header, bytes, 6 * types[i].size);
            activ_tensor *t = read_good("types");
            assert_int_equal(activ_tensor_dtype(t), types[i].dtype);
            assert_int_equal(activ_tensor_ndim(t), 2);
            assert_int_equal(activ_tensor_shape(t)[0], 2);
            assert_int_equal(activ_tensor_shape(t)[1], 3);
            const unsigned char *data = activ_tensor_const_data(t);
            for (size_t e = 0; e < 6; e++)
                for (size_t b = 0; b < types[i].size; b++) /* little-endian CPUs: elsewhere the library is not built */
                    assert_int_equal(data[e * types[i].size + b],
                                     bytes[e * types[i].size + (types[i].is_big ? types[i].size - 1 - b : b)]);
            activ_tensor_destroy(t);
        }
    }
}

static void test_orders_and_shapes(void **state)
{
    (void)state;
    write_npy("fortran", 1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", bytes, 24);
    activ_tensor *t = read_good("fortran");
    assert_int_equal(activ_tensor_ndim(t), 3);
    assert_int_equal(activ_tensor_is_contiguous(t), 1);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 4; k++)
                assert_int_equal(((const unsigned char *)activ_tensor_const_data(t))[i * 12 + j * 4 + k],
                                 i + 2 * j + 6 * k);
    activ_tensor_destroy(t);

    /* Other spellings of the same: what Python would read. */
    static const struct {
        const char *header;
        size_t ndim, count;
    } shapes[] = {
        { "{\"shape\":(24,),\"fortran_order\":True,\"descr\":\"|u1\"}   ", 1, 24 },
        { "  { 'descr' : '|u1' , 'shape' : ( 24 , ) , 'fortran_order' : False }", 1, 24 },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 0, 1 },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 0, 5), }", 3, 0 },
        { "{'descr': '|u1', 'fortran_order': True, 'shape': (0,), }", 1, 0 },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 2, 1, 3, 1, 2, 2), }", 8, 24 },
        { "{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1, 2, 1, 3, 1, 2, 2,), }", 8, 24 },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        write_npy("shapes", 1, shapes[i].header, bytes, shapes[i].count);
        t = read_good("shapes");
        assert_int_equal(activ_tensor_ndim(t), shapes[i].ndim);
        assert_int_equal(activ_tensor_count(t), shapes[i].count);
        activ_tensor_destroy(t);
    }
}

static void test_refused_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        activ_status status;
        const char *words;
    } cases[] = {
        { "", ACTIV_ERROR_FORMAT, "no dictionary" },
        { "[]", ACTIV_ERROR_FORMAT, "no dictionary" },
        { "{}", ACTIV_ERROR_FORMAT, "missing" },
        { "{'descr': '<f4', 'fortran_order': False}", ACTIV_ERROR_FORMAT, "missing" },
        { "{'descr': '<f4', 'shape': (6,)}", ACTIV_ERROR_FORMAT, "missing" },
        { "{'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_FORMAT, "missing" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_FORMAT, "twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}", ACTIV_ERROR_FORMAT, "unknown key" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", ACTIV_ERROR_FORMAT, "fortran_order" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': 6}", ACTIV_ERROR_FORMAT, "tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", ACTIV_ERROR_FORMAT, "(3,)" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}", ACTIV_ERROR_FORMAT, "whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (+6,)}", ACTIV_ERROR_FORMAT, "whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (6.0,)}", ACTIV_ERROR_FORMAT, "tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (nan,)}", ACTIV_ERROR_FORMAT, "whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", ACTIV_ERROR_FORMAT,
          "whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", ACTIV_ERROR_FORMAT, "whole number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", ACTIV_ERROR_FORMAT, "tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", ACTIV_ERROR_FORMAT, "does not end" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", ACTIV_ERROR_FORMAT, "follows" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}", ACTIV_ERROR_UNSUPPORTED,
          "more than 8" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "'|O'" },
        { "{'descr': '<f2', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "'<f2'" },
        { "{'descr': '|f4', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "'|f4'" },
        { "{'descr': 'f4', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "'f4'" },
        { "{'descr': '', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "''" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "plain" },
        { "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (6,)}", ACTIV_ERROR_UNSUPPORTED, "plain" },
        /* What it claims is not there: nothing of that size is allocated. */
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", ACTIV_ERROR_FORMAT, "too early" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000)}", ACTIV_ERROR_FORMAT,
          "too early" },
        { "{'descr': '<f8', 'fortran_order': True, 'shape': (4294967296, 4294967296, 1)}", ACTIV_ERROR_FORMAT,
          "too early" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", ACTIV_ERROR_FORMAT, "4 bytes follow" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", ACTIV_ERROR_FORMAT, "24 bytes follow" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_npy("refused", 1 + (int)(i % 3), cases[i].header, bytes, 24);
        assert_refused("refused", cases[i].status, cases[i].words);
    }
}

static void test_refused_files(void **state)
{
    (void)state;
    scratch_write("empty", "", 0, false);
    assert_refused("empty", ACTIV_ERROR_FORMAT, "no .npy file");
    scratch_write("other", "PK\3\4 a zip file of arrays", 20, false);
    assert_refused("other", ACTIV_ERROR_FORMAT, "no .npy file");
    scratch_write("short", "\x93NUMPY\1\0\x76", 9, false);
    assert_refused("short", ACTIV_ERROR_FORMAT, "too early");
    scratch_write("shorter", "\x93NUMPY\1\0\x76\0{'descr'", 18, false);
    assert_refused("shorter", ACTIV_ERROR_FORMAT, "too early");
    scratch_write("huge", "\x93NUMPY\2\0\xff\xff\xff\x7f{'descr'", 20, false);
    assert_refused("huge", ACTIV_ERROR_UNSUPPORTED, "10000");
    scratch_write("newer", "\x93NUMPY\4\0\x76\0{'descr'", 18, false);
    assert_refused("newer", ACTIV_ERROR_UNSUPPORTED, "version 4");
    scratch_write("zero", "\x93NUMPY\1\0\x04\0{\0}\n", 14, false);
    assert_refused("zero", ACTIV_ERROR_FORMAT, "");
    assert_refused("none", ACTIV_ERROR_IO, "No such file");
    assert_int_equal(mkdir(scratch_path("folder"), 0700), 0);
    assert_refused("folder", ACTIV_ERROR_IO, "");
    assert_int_equal(rmdir(scratch_path("folder")), 0);
    assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
    (void)alarm(20); /* nobody writes to it: who waits for that waits for ever */
    assert_refused("pipe", ACTIV_ERROR_IO, "regular file");
    (void)alarm(0);
    assert_int_equal(unlink(scratch_path("pipe")), 0);

    /* A good file cut anywhere. */
    unsigned char whole[256];
    write_npy("whole", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", bytes, 24);
    FILE *file = fopen(scratch_path("whole"), "rb");
    assert_non_null(file);
    const size_t size = fread(whole, 1, sizeof whole, file);
    fclose(file);
    for (size_t length = 0; length < size; length++) {
        scratch_write("cut", whole, length, false);
        assert_refused("cut", ACTIV_ERROR_FORMAT, "");
    }
}

static void test_writes(void **state)
{
    (void)state;
    static const activ_dtype dtypes[] = { ACTIV_FLOAT32, ACTIV_FLOAT64, ACTIV_INT32, ACTIV_INT64, ACTIV_UINT8 };
    static const size_t shapes[][8] = { { 2, 3 }, { 6 }, { 1 }, { 3, 0, 2 }, { 1, 1, 1, 2, 1, 1, 3, 1 } };
    static const size_t ndims[] = { 2, 1, 0, 3, 8 };
    for (size_t d = 0; d < 5; d++) {
        for (size_t s = 0; s < 5; s++) {
            activ_tensor *t = NULL;
            activ_message message = { "" };
            assert_int_equal(activ_tensor_create(NULL, dtypes[d], ndims[s], shapes[s], &t, NULL), ACTIV_OK);
            const size_t size = activ_tensor_count(t) * activ_dtype_size(dtypes[d]);
            if (size > 0)
                memcpy(activ_tensor_data(t), bytes, size);
            if (npy_write(scratch_path("written"), t, &message) != ACTIV_OK)
                fail_msg("%s", message.text);
            /* The elements begin at a multiple of 64 bytes. */
            struct stat info;
            assert_int_equal(stat(scratch_path("written"), &info), 0);
            assert_int_equal(((size_t)info.st_size - size) % 64, 0);
            activ_tensor *again = read_good("written");
            assert_int_equal(activ_tensor_dtype(again), dtypes[d]);
            assert_int_equal(activ_tensor_ndim(again), ndims[s]);
            if (ndims[s] > 0)
                assert_memory_equal(activ_tensor_shape(again), shapes[s], ndims[s] * sizeof shapes[s][0]);
            if (size > 0)
                assert_memory_equal(activ_tensor_const_data(again), bytes, size);
            activ_tensor_destroy(again);
            activ_tensor_destroy(t);
        }
    }

    /* Of any strides; and where it cannot be written, nothing is. */
    const size_t shape[2] = { 2, 12 };
    float values[24];
    activ_tensor *t = NULL, *turned = NULL;
    activ_message message = { "" };
    for (int i = 0; i < 24; i++)
        values[i] = (float)i;
    assert_int_equal(activ_tensor_view_const(NULL, ACTIV_FLOAT32, 2, shape, NULL, values, &t, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_transpose(t, 0, 1, &turned, NULL), ACTIV_OK);
    assert_int_equal(npy_write(scratch_path("written"), turned, &message), ACTIV_OK);
    activ_tensor *again = read_good("written");
    for (size_t i = 0; i < 24; i++)
        assert_true(((const float *)activ_tensor_const_data(again))[i] == (float)(i % 2 * 12 + i / 2));
    activ_tensor_destroy(again);
    assert_int_equal(npy_write(scratch_path("nowhere/written"), turned, &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, "nowhere/written"));
    activ_tensor_destroy(turned);
    activ_tensor_destroy(t);
}

static int begin(void **state)
{
    (void)state;
    return scratch_begin() ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    scratch_end();
    return 0;
}

static int copy(const char *from, const char *to)
{
    activ_tensor *t = NULL;
    activ_message message = { "" };
    activ_status status = npy_read(from, &t, &message);
    if (status == ACTIV_OK)
        status = npy_write(to, t, &message);
    activ_tensor_destroy(t);
    if (status != ACTIV_OK)
        fprintf(stderr, "%s\n", message.text);
    return status == ACTIV_OK ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return copy(argv[1], argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),           cmocka_unit_test(test_orders_and_shapes),
        cmocka_unit_test(test_refused_headers), cmocka_unit_test(test_refused_files),
        cmocka_unit_test(test_writes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
