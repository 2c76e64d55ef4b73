/* The IDX reader of the FashionMNIST examples: good files of all types, and every way of being malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cmocka.h>

#include "common/data.h"
#include "scratch.h"

/* Reads scratch file `name`; it has to be refused with this status; the message has to name the file and hold
 * `words`. */
static void assert_refused(const char *name, activ_status expected, const char *words)
{
    struct idx_array array = { .bytes = 77 };
    activ_message message = { "" };
    const char *path = scratch_path(name);
    activ_status status = idx_read(path, &array, &message);
    if (status != expected || strstr(message.text, path) == NULL || strstr(message.text, words) == NULL)
        fail_msg("%s: status %d instead of %d, message '%s' should hold '%s'", name, (int)status, (int)expected,
                 message.text, words);
    assert_int_equal(array.bytes, 77); /* untouched */
    assert_null(array.data);
}

/* The same bytes raw and in a gzip file. */
static void assert_bytes_refused(const void *bytes, size_t size, activ_status expected, const char *words)
{
    scratch_write("raw", bytes, size, false);
    assert_refused("raw", expected, words);
    scratch_write("packed.gz", bytes, size, true);
    assert_refused("packed.gz", expected, words);
}

#define REFUSED(text, status, words) assert_bytes_refused("" text, sizeof text - 1, status, words)

static void test_reads_all_types(void **state)
{
    (void)state;
    static const struct {
        int type;
        size_t size;
    } types[] = { { IDX_U8, 1 }, { IDX_I8, 1 }, { IDX_I16, 2 }, { IDX_I32, 4 }, { IDX_F32, 4 }, { IDX_F64, 8 } };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        unsigned char file[12 + 6 * 8] = { 0, 0, (unsigned char)types[i].type, 2, 0, 0, 0, 2, 0, 0, 0, 3 };
        for (size_t j = 12; j < sizeof file; j++)
            file[j] = (unsigned char)(7 * j);
        for (int gzip = 0; gzip < 2; gzip++) {
            struct idx_array array;
            activ_message message;
            scratch_write("good", file, 12 + 6 * types[i].size, gzip == 1);
            assert_int_equal(idx_read(scratch_path("good"), &array, &message), ACTIV_OK);
            assert_int_equal(array.type, types[i].type);
            assert_int_equal(array.element_size, types[i].size);
            assert_int_equal(array.ndim, 2);
            assert_int_equal(array.sizes[0], 2);
            assert_int_equal(array.sizes[1], 3);
            assert_int_equal(array.bytes, 6 * types[i].size);
            assert_memory_equal(array.data, file + 12, array.bytes);
            idx_free(&array);
        }
    }
}

static void test_reads_large_and_empty(void **state)
{
    (void)state;
    /* More than the first piece of memory that the reader takes. */
    size_t size = 3 * 1000 * 1000 + 7;
    unsigned char *file = malloc(8 + size);
    assert_non_null(file);
    memcpy(file, "\0\0\x08\x01", 4);
    for (int i = 0; i < 4; i++)
        file[4 + i] = (unsigned char)(size >> (24 - 8 * i));
    for (size_t i = 0; i < size; i++)
        file[8 + i] = (unsigned char)(i * i >> 3);
    struct idx_array array;
    scratch_write("large.gz", file, 8 + size, true);
    assert_int_equal(idx_read(scratch_path("large.gz"), &array, NULL), ACTIV_OK);
    assert_int_equal(array.bytes, size);
    assert_memory_equal(array.data, file + 8, size);
    idx_free(&array);
    free(file);

    scratch_write("none", "\0\0\x08\x02\0\0\0\0\0\0\0\x05", 12, false);
    assert_int_equal(idx_read(scratch_path("none"), &array, NULL), ACTIV_OK);
    assert_int_equal(array.bytes, 0);
    idx_free(&array);
}

static void test_magic(void **state)
{
    (void)state;
    REFUSED("", ACTIV_ERROR_FORMAT, "empty");
    REFUSED("\0", ACTIV_ERROR_FORMAT, "ends after 1 of the 4 bytes");
    REFUSED("\0\0\x08", ACTIV_ERROR_FORMAT, "ends after 3 of the 4 bytes");
    REFUSED("\0\x01\x08\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "begins with bytes 00 01");
    REFUSED("\x08\0\x08\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "begins with bytes 08 00");
    REFUSED("PK\x03\x04 a zip file", ACTIV_ERROR_FORMAT, "not an IDX file");
    REFUSED("\0\0\x07\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "type 0x07");
    REFUSED("\0\0\x0a\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "type 0x0a");
    REFUSED("\0\0\x0f\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "type 0x0f");
    REFUSED("\0\0\0\x01\0\0\0\x01\x05", ACTIV_ERROR_FORMAT, "type 0x00");
    REFUSED("\0\0\x08\0\x05", ACTIV_ERROR_FORMAT, "has 0 dimensions");
    REFUSED("\0\0\x08\x09", ACTIV_ERROR_FORMAT, "has 9 dimensions");
    REFUSED("\0\0\x08\xff", ACTIV_ERROR_FORMAT, "has 255 dimensions");
}

static void test_sizes(void **state)
{
    (void)state;
    REFUSED("\0\0\x08\x01", ACTIV_ERROR_FORMAT, "inside of its sizes: 0 of 4");
    REFUSED("\0\0\x08\x03\0\0\0\x01\0\0\0", ACTIV_ERROR_FORMAT, "inside of its sizes: 7 of 12");
    REFUSED("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", ACTIV_ERROR_RANGE, "overflows");
    /* The elements alone fit into 64 bits, their bytes do not. */
    REFUSED("\0\0\x0e\x02\xff\xff\xff\xff\xff\xff\xff\xff", ACTIV_ERROR_RANGE, "overflows");
    /* Fits, but the file holds next to nothing of it: refused without taking 18 exabytes. */
    REFUSED("\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02", ACTIV_ERROR_FORMAT, "ends after 2 of");
}

static void test_payload(void **state)
{
    (void)state;
    REFUSED("\0\0\x08\x01\0\0\0\x03", ACTIV_ERROR_FORMAT, "ends after 0 of the 3 bytes");
    REFUSED("\0\0\x08\x01\0\0\0\x03\x01\x02", ACTIV_ERROR_FORMAT, "ends after 2 of the 3 bytes");
    REFUSED("\0\0\x0c\x01\0\0\0\x02\0\0\0\x01\0\0\0", ACTIV_ERROR_FORMAT, "ends after 7 of the 8 bytes");
    REFUSED("\0\0\x08\x01\0\0\0\x02\x01\x02\x03", ACTIV_ERROR_FORMAT, "more data than the 2 bytes");
    REFUSED("\0\0\x08\x01\0\0\0\0\x01", ACTIV_ERROR_FORMAT, "more data than the 0 bytes");
}

static void test_gzip(void **state)
{
    (void)state;
    static const unsigned char good[] = "\0\0\x08\x01\0\0\0\x08"
                                        "abcdefgh";
    scratch_write("one.gz", good, 16, true);
    size_t size;
    char *packed = scratch_read(scratch_path("one.gz"), &size);
    assert_non_null(packed);

    scratch_write("two.gz", packed, size, true);
    assert_refused("two.gz", ACTIV_ERROR_FORMAT, "gzip data inside of gzip data");

    /* Cut anywhere it is refused; a cut after the first byte leaves no gzip file to speak of. */
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write("cut.gz", packed, cut, false);
        assert_refused("cut.gz", ACTIV_ERROR_FORMAT,
                       cut == 0   ? "empty"
                       : cut == 1 ? "ends after 1"
                                  : "damaged or cut off");
    }
    /* One wrong bit in the header's fixed part, the checksum or the length. */
    const size_t places[] = { 2, size - 8, size - 5, size - 4, size - 1 };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        packed[places[i]] = (char)(packed[places[i]] ^ 4);
        scratch_write("bad.gz", packed, size, false);
        assert_refused("bad.gz", ACTIV_ERROR_FORMAT, "damaged or cut off");
        packed[places[i]] = (char)(packed[places[i]] ^ 4);
    }
    free(packed);
}

static void test_not_a_file(void **state)
{
    (void)state;
    assert_refused("absent", ACTIV_ERROR_IO, "No such file");
    assert_int_equal(mkdir(scratch_path("folder"), 0777), 0);
    assert_refused("folder", ACTIV_ERROR_IO, "is a folder");
}

/* ---- the pair of images and labels ---- */

static unsigned char images[16 + 2 * 784] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28 };
static unsigned char labels[8 + 2] = { 0, 0, 8, 1, 0, 0, 0, 2, 9, 3 };

static void assert_pair_refused(const void *i, size_t i_size, const void *l, size_t l_size, const char *file,
                                const char *words)
{
    struct dataset data = { .count = 77 };
    activ_message message = { "" };
    scratch_write("images", i, i_size, false);
    scratch_write("labels", l, l_size, false);
    activ_status status = dataset_read(scratch_path("images"), scratch_path("labels"), &data, &message);
    if (status == ACTIV_OK || strstr(message.text, scratch_path(file)) == NULL || strstr(message.text, words) == NULL)
        fail_msg("status %d, message '%s' should hold '%s' and '%s'", (int)status, message.text, file, words);
    assert_int_equal(data.count, 77);
}

static void test_pair(void **state)
{
    (void)state;
    struct dataset data;
    for (size_t i = 0; i < 2 * 784; i++)
        images[16 + i] = (unsigned char)(i * 5 >> 2);
    scratch_write("images", images, sizeof images, false);
    scratch_write("labels", labels, sizeof labels, true);
    assert_int_equal(dataset_read(scratch_path("images"), scratch_path("labels"), &data, NULL), ACTIV_OK);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.labels[0], 9);
    assert_int_equal(data.labels[1], 3);

    /* A batch in another order; the value of a pixel by its formula in double. */
    static float x[2 * 784];
    int32_t y[2];
    const uint32_t order[] = { 1, 0 };
    dataset_batch(&data, order, 0, 2, x, y);
    assert_int_equal(y[0], 3);
    assert_int_equal(y[1], 9);
    for (size_t i = 0; i < 2 * 784; i++) {
        double p = images[16 + (i + 784) % (2 * 784)];
        assert_float_equal(x[i], (float)((p / 255 - 0.5) / 0.5), 1e-7f);
    }
    dataset_batch(&data, NULL, 1, 1, x, y);
    assert_int_equal(y[0], 3);
    assert_float_equal(x[3], (float)((images[16 + 784 + 3] / 255.0 - 0.5) / 0.5), 1e-7f);
    dataset_free(&data);
}

static void test_pair_refused(void **state)
{
    (void)state;
    unsigned char i[sizeof images];
    unsigned char l[sizeof labels + 1];
    memcpy(i, images, sizeof i);
    memcpy(l, labels, sizeof labels);
    assert_pair_refused(labels, sizeof labels, labels, sizeof labels, "images", "0x0803");
    assert_pair_refused(images, sizeof images, images, sizeof images, "labels", "0x0801");
    i[2] = IDX_I8;
    assert_pair_refused(i, sizeof i, labels, sizeof labels, "images", "0x0903");
    l[2] = IDX_I8;
    assert_pair_refused(images, sizeof images, l, sizeof labels, "labels", "0x0901");

    memcpy(i, images, sizeof i);
    i[11] = 14;
    i[15] = 56;
    assert_pair_refused(i, sizeof i, labels, sizeof labels, "images", "14x56");
    assert_pair_refused("\0\0\x08\x03\0\0\0\0\0\0\0\x1c\0\0\0\x1c", 16, "\0\0\x08\x01\0\0\0\0", 8, "images",
                        "no image");

    memcpy(l, labels, sizeof labels);
    l[7] = 1;
    assert_pair_refused(images, sizeof images, l, 9, "labels", "1 labels for the 2 images");
    l[7] = 3;
    l[10] = 0;
    assert_pair_refused(images, sizeof images, l, 11, "labels", "3 labels for the 2 images");
    memcpy(l, labels, sizeof labels);
    l[9] = 10;
    assert_pair_refused(images, sizeof images, l, sizeof labels, "labels", "label number 1 is 10");
    l[9] = 255;
    assert_pair_refused(images, sizeof images, l, sizeof labels, "labels", "label number 1 is 255");
}

/* ---- the folder ---- */

static void assert_folder_refused(const char *path, const char *words)
{
    struct fashion_mnist data;
    activ_message message = { "" };
    activ_status status = fashion_mnist_load(path, &data, &message);
    if (status == ACTIV_OK || strstr(message.text, path) == NULL || strstr(message.text, words) == NULL)
        fail_msg("status %d, message '%s' should hold '%s' and '%s'", (int)status, message.text, path, words);
}

static void test_folder(void **state)
{
    (void)state;
    struct fashion_mnist data;
    activ_message message;
    scratch_data("data", 30, 20);
    assert_int_equal(fashion_mnist_load(scratch_path("data"), &data, &message), ACTIV_OK);
    assert_int_equal(data.train.count, 30);
    assert_int_equal(data.test.count, 20);
    assert_int_equal(data.test.labels[13], 3);
    fashion_mnist_free(&data);

    assert_folder_refused(scratch_path("nowhere"), "apt-get install dataset-fashion-mnist");
    scratch_write("plain", "", 0, false);
    assert_folder_refused(scratch_path("plain"), "is not a folder");
    scratch_remove("data/t10k-labels-idx1-ubyte.gz");
    assert_folder_refused(scratch_path("data"), "holds neither t10k-labels-idx1-ubyte.gz nor");
}

static int begin(void **state)
{
    (void)state;
    return scratch_begin() == NULL;
}

static int end(void **state)
{
    (void)state;
    scratch_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all_types), cmocka_unit_test(test_reads_large_and_empty),
        cmocka_unit_test(test_magic),           cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_payload),         cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_not_a_file),      cmocka_unit_test(test_pair),
        cmocka_unit_test(test_pair_refused),    cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
