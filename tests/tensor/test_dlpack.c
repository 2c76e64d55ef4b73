/* Tensors shared by DLPack: both forms, both ways, who frees what, and what is refused. The structs are written down
 * here once more, as dlpack.h has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activ/tensor.h"
#include "support/memory.h"

typedef struct DLDevice {
    int32_t device_type;
    int32_t device_id;
} DLDevice;

typedef struct DLDataType {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} DLDataType;

typedef struct DLTensor {
    void *data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t *shape;
    int64_t *strides;
    uint64_t byte_offset;
} DLTensor;

struct DLManagedTensor {
    DLTensor dl_tensor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensor *self);
};

struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags;
    DLTensor dl_tensor;
};

enum { LEGACY, VERSIONED, FORMS };

/* ---- what others hand over --------------------------------------------------------------------- */

static float values[24];
static int64_t shape[9], strides[9];
static int deleted;

static void count_legacy(struct DLManagedTensor *self)
{
    assert_ptr_equal(self->manager_ctx, values);
    deleted++;
}

static void count_versioned(struct DLManagedTensorVersioned *self)
{
    assert_ptr_equal(self->manager_ctx, values);
    deleted++;
}

/* A tensor of 2 x 3 x 4. */
typedef struct foreign {
    struct DLManagedTensor legacy;
    struct DLManagedTensorVersioned versioned;
} foreign;

static foreign make(void)
{
    const DLTensor t = { values, { 1, 0 }, 3, { 2, 32, 1 }, shape, strides, 0 };
    for (size_t i = 0; i < 24; i++)
        values[i] = (float)i;
    memcpy(shape, (int64_t[]){ 2, 3, 4 }, 3 * sizeof shape[0]);
    memcpy(strides, (int64_t[]){ 12, 4, 1 }, 3 * sizeof strides[0]);
    deleted = 0;
    return (foreign){ { t, values, count_legacy }, { 1, 3, values, count_versioned, 0, t } };
}

/* The tensor to change. */
static DLTensor *tensor_of(foreign *f, int form)
{
    return form == LEGACY ? &f->legacy.dl_tensor : &f->versioned.dl_tensor;
}

static activ_status import(foreign *f, int form, activ_tensor **out, activ_message *message)
{
    return form == LEGACY ? activ_tensor_from_dlpack(NULL, &f->legacy, out, message)
                          : activ_tensor_from_dlpack_versioned(NULL, &f->versioned, out, message);
}

static activ_tensor *imported(foreign *f, int form)
{
    activ_tensor *t = NULL;
    assert_int_equal(import(f, form, &t, NULL), ACTIV_OK);
    assert_non_null(t);
    return t;
}

static void test_import(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        foreign f = make();
        activ_tensor *t = imported(&f, form);
        assert_int_equal(activ_tensor_dtype(t), ACTIV_FLOAT32);
        assert_int_equal(activ_tensor_ndim(t), 3);
        assert_int_equal(activ_tensor_count(t), 24);
        assert_int_equal(activ_tensor_shape(t)[1], 3);
        assert_int_equal(activ_tensor_strides(t)[0], 12);
        assert_ptr_equal(activ_tensor_data(t), values); /* no copy */
        assert_int_equal(activ_tensor_is_read_only(t), 0);
        assert_int_equal(deleted, 0);
        activ_tensor_destroy(t);
        assert_int_equal(deleted, 1);
    }
}

static void test_layouts(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        foreign f = make();
        DLTensor *d = tensor_of(&f, form);
        d->strides = NULL; /* row-major */
        activ_tensor *t = imported(&f, form);
        assert_int_equal(activ_tensor_strides(t)[0], 12);
        assert_int_equal(activ_tensor_is_contiguous(t), 1);
        activ_tensor_destroy(t);

        f = make(); /* every other of 4 columns, from the third row of the first matrix on */
        memcpy(shape, (int64_t[]){ 4, 2 }, 2 * sizeof shape[0]);
        memcpy(strides, (int64_t[]){ 4, 2 }, 2 * sizeof strides[0]);
        d->ndim = 2;
        d->byte_offset = 8 * sizeof values[0];
        t = imported(&f, form);
        assert_ptr_equal(activ_tensor_data(t), values + 8);
        assert_int_equal(activ_tensor_is_contiguous(t), 0);
        float copy[8];
        const size_t sizes[] = { 4, 2 };
        activ_tensor *to = NULL;
        assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, sizes, NULL, copy, &to, NULL), ACTIV_OK);
        assert_int_equal(activ_tensor_copy(t, to, NULL), ACTIV_OK);
        for (int i = 0; i < 8; i++)
            assert_true(copy[i] == (float)(8 + 2 * i));
        activ_tensor_destroy(to);
        activ_tensor_destroy(t);

        f = make(); /* a number */
        d->ndim = 0;
        d->shape = d->strides = NULL;
        t = imported(&f, form);
        assert_int_equal(activ_tensor_count(t), 1);
        activ_tensor_destroy(t);

        f = make(); /* no element: the strides mean nothing, and there need be no memory */
        memcpy(shape, (int64_t[]){ 2, 0, 4 }, 3 * sizeof shape[0]);
        memcpy(strides, (int64_t[]){ -7, 4, INT64_MAX }, 3 * sizeof strides[0]);
        d->data = NULL;
        t = imported(&f, form);
        assert_int_equal(activ_tensor_count(t), 0);
        activ_tensor_destroy(t);

        f = make(); /* nor does that of a dimension of size 1 */
        memcpy(shape, (int64_t[]){ 1, 3, 4 }, 3 * sizeof shape[0]);
        strides[0] = -3;
        t = imported(&f, form);
        assert_int_equal(activ_tensor_is_contiguous(t), 1);
        activ_tensor_destroy(t);
        assert_int_equal(deleted, 1);

        f = make(); /* nobody to tell */
        f.legacy.deleter = NULL;
        f.versioned.deleter = NULL;
        activ_tensor_destroy(imported(&f, form));
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        DLDataType type;
        activ_dtype dtype; /* 0: refused */
    } types[] = {
        { { 2, 32, 1 }, ACTIV_FLOAT32 },
        { { 2, 64, 1 }, ACTIV_FLOAT64 },
        { { 0, 32, 1 }, ACTIV_INT32 },
        { { 0, 64, 1 }, ACTIV_INT64 },
        { { 1, 8, 1 }, ACTIV_UINT8 },
        { { 2, 16, 1 }, ACTIV_FLOAT16 },
        { { 4, 16, 1 }, ACTIV_BFLOAT16 },
        { { 2, 16, 2 }, 0 },
        { { 4, 16, 0 }, 0 },
        { { 4, 32, 1 }, 0 },
        { { 4, 8, 1 }, 0 },
        { { 2, 8, 1 }, 0 },
        { { 0, 16, 1 }, 0 },
        { { 1, 16, 1 }, 0 },
        { { 2, 32, 4 }, 0 },
        { { 2, 32, 0 }, 0 },
        { { 6, 8, 1 }, 0 },
        { { 5, 64, 1 }, 0 },
        { { 1, 32, 1 }, 0 },
        { { 200, 32, 1 }, 0 },
        { { 0, 8, 1 }, 0 },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (int form = 0; form < FORMS; form++) {
            foreign f = make();
            activ_tensor *t = NULL;
            activ_message message = { "" };
            tensor_of(&f, form)->dtype = types[i].type;
            memcpy(shape, (int64_t[]){ 2, 3, 2 }, 3 * sizeof shape[0]); /* 12 doubles */
            if (types[i].dtype) {
                assert_int_equal(import(&f, form, &t, NULL), ACTIV_OK);
                assert_int_equal(activ_tensor_dtype(t), types[i].dtype);
                activ_tensor_destroy(t);
                assert_int_equal(deleted, 1);
            } else {
                assert_int_equal(import(&f, form, &t, &message), ACTIV_ERROR_UNSUPPORTED);
                assert_non_null(strstr(message.text, "type"));
                assert_null(t);
                assert_int_equal(deleted, 0);
            }
        }
    }
}

/* What is wrong with a tensor; the caller still owns it. */
static void assert_refused(foreign *f, int form, activ_status status, const char *word)
{
    activ_tensor *const before = (activ_tensor *)(void *)values, *t = before;
    activ_message message = { "" };
    assert_int_equal(import(f, form, &t, &message), status);
    assert_ptr_equal(t, before);
    if (!strstr(message.text, word))
        fail_msg("'%s' does not say '%s'", message.text, word);
    assert_int_equal(deleted, 0);
}

static void test_refused(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        foreign f = make();
        DLTensor *d = tensor_of(&f, form);
        for (int32_t device = -1; device < 20; device++) {
            if (device == 1)
                continue;
            d->device.device_type = device;
            assert_refused(&f, form, ACTIV_ERROR_UNSUPPORTED, "device");
        }
        f = make();
        d->ndim = 9;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "dimensions");
        d->ndim = INT32_MAX;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "dimensions");
        d->ndim = -1;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "negative");
        d->ndim = INT32_MIN;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "negative");
        f = make();
        d->shape = NULL;
        assert_refused(&f, form, ACTIV_ERROR_INVALID, "shape");
        f = make();
        shape[1] = -3;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "dimension 1");
        f = make();
        shape[0] = shape[1] = INT64_MAX;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "overflows");
        f = make();
        strides[2] = -1;
        assert_refused(&f, form, ACTIV_ERROR_UNSUPPORTED, "stride of dimension 2");
        strides[2] = INT64_MIN;
        assert_refused(&f, form, ACTIV_ERROR_UNSUPPORTED, "negative");
        strides[2] = INT64_MAX;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "overflow");
        f = make();
        d->data = NULL;
        assert_refused(&f, form, ACTIV_ERROR_INVALID, "data");
        f = make();
        d->byte_offset = UINT64_MAX;
        assert_refused(&f, form, ACTIV_ERROR_RANGE, "offset");

        f = make();
        activ_tensor *t = NULL;
        activ_message message = { "" };
        assert_int_equal(import(&f, form, NULL, &message), ACTIV_ERROR_INVALID);
        assert_non_null(strstr(message.text, "out is NULL"));
        assert_int_equal(form == LEGACY ? activ_tensor_from_dlpack(NULL, NULL, &t, &message)
                                        : activ_tensor_from_dlpack_versioned(NULL, NULL, &t, &message),
                         ACTIV_ERROR_INVALID);
        assert_non_null(strstr(message.text, "the tensor is NULL"));
        assert_int_equal(deleted, 0);
    }
}

/* Nothing after the deleter has a known place then: everything else is filled with what would crash. */
static void test_other_major(void **state)
{
    (void)state;
    static const uint32_t majors[] = { 0, 2, UINT32_MAX };
    for (size_t i = 0; i < 3; i++) {
        foreign f = make();
        memset(&f.versioned.flags, 0xff, sizeof f.versioned.flags + sizeof f.versioned.dl_tensor);
        f.versioned.major = majors[i];
        assert_refused(&f, VERSIONED, ACTIV_ERROR_UNSUPPORTED, "major version");
        f.versioned.deleter(&f.versioned); /* which is still the caller's to call */
        assert_int_equal(deleted, 1);
    }
}

static void test_read_only(void **state)
{
    (void)state;
    foreign f = make();
    f.versioned.flags = 1 | 2 | 1 << 20; /* read-only, a copy, and one that nobody knows */
    activ_tensor *t = imported(&f, VERSIONED), *view = NULL;
    assert_int_equal(activ_tensor_is_read_only(t), 1);
    assert_null(activ_tensor_data(t));
    assert_ptr_equal(activ_tensor_const_data(t), values);

    struct DLManagedTensor *legacy = NULL;
    struct DLManagedTensorVersioned *versioned = NULL;
    activ_message message = { "" };
    assert_int_equal(activ_tensor_to_dlpack(t, &legacy, &message), ACTIV_ERROR_STATE);
    assert_non_null(strstr(message.text, "read-only"));
    assert_null(legacy);
    assert_int_equal(activ_tensor_narrow(t, 0, 1, 1, &view, NULL), ACTIV_OK);
    assert_int_equal(activ_tensor_to_dlpack_versioned(view, &versioned, NULL), ACTIV_OK);
    assert_int_equal(versioned->flags, 1);
    assert_ptr_equal(versioned->dl_tensor.data, values + 12);
    /* The last of the three tells its owner. */
    activ_tensor_destroy(t);
    activ_tensor_destroy(view);
    assert_int_equal(deleted, 0);
    versioned->deleter(versioned);
    assert_int_equal(deleted, 1);
}

/* ---- what we hand over -------------------------------------------------------------------------- */

static void assert_exported(const DLTensor *d, const activ_tensor *t)
{
    assert_int_equal(d->device.device_type, 1);
    assert_int_equal(d->device.device_id, 0);
    assert_int_equal(d->dtype.lanes, 1);
    assert_int_equal(d->dtype.bits, 8 * activ_dtype_size(activ_tensor_dtype(t)));
    assert_int_equal(d->byte_offset, 0);
    assert_int_equal(d->ndim, activ_tensor_ndim(t));
    for (int32_t i = 0; i < d->ndim; i++) {
        assert_int_equal(d->shape[i], activ_tensor_shape(t)[i]);
        assert_int_equal(d->strides[i], activ_tensor_strides(t)[i]); /* never NULL, as 1.2 demands */
    }
    assert_ptr_equal(d->data, activ_tensor_count(t) ? activ_tensor_const_data(t) : NULL);
}

static void test_export(void **state)
{
    (void)state;
    static const struct {
        activ_dtype dtype;
        uint8_t code;
    } types[] = {
        { ACTIV_FLOAT32, 2 }, { ACTIV_FLOAT64, 2 }, { ACTIV_INT32, 0 },    { ACTIV_INT64, 0 },
        { ACTIV_UINT8, 1 },   { ACTIV_FLOAT16, 2 }, { ACTIV_BFLOAT16, 4 },
    };
    static const size_t shapes[][3] = { { 2, 3, 4 }, { 2, 0, 4 } };
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (size_t s = 0; s < 2; s++) {
            activ_tensor *t = NULL, *turned = NULL;
            struct DLManagedTensor *legacy = NULL;
            struct DLManagedTensorVersioned *versioned = NULL;
            assert_int_equal(activ_tensor_create(context, types[i].dtype, 3, shapes[s], &t, NULL), ACTIV_OK);
            assert_int_equal(activ_tensor_transpose(t, 0, 2, &turned, NULL), ACTIV_OK);
            assert_int_equal(activ_tensor_to_dlpack(turned, &legacy, NULL), ACTIV_OK);
            assert_int_equal(activ_tensor_to_dlpack_versioned(t, &versioned, NULL), ACTIV_OK);
            assert_exported(&legacy->dl_tensor, turned);
            assert_exported(&versioned->dl_tensor, t);
            assert_int_equal(legacy->dl_tensor.dtype.code, types[i].code);
            assert_int_equal(versioned->dl_tensor.dtype.code, types[i].code);
            assert_int_equal(versioned->major, 1);
            assert_int_equal(versioned->minor, 0);
            assert_int_equal(versioned->flags, 0);
            /* The memory stays until the last has gone. */
            activ_tensor_destroy(t);
            activ_tensor_destroy(turned);
            if (s == 0)
                memset(legacy->dl_tensor.data, 1, 24 * activ_dtype_size(types[i].dtype));
            if (i % 2)
                legacy->deleter(legacy);
            versioned->deleter(versioned);
            if (i % 2 == 0) {
                if (s == 0)
                    memset(legacy->dl_tensor.data, 2, 24 * activ_dtype_size(types[i].dtype));
                legacy->deleter(legacy);
            }
        }
    }
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);

    activ_message message = { "" };
    struct DLManagedTensor *legacy = NULL;
    assert_int_equal(activ_tensor_to_dlpack(NULL, &legacy, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_to_dlpack_versioned(NULL, NULL, &message), ACTIV_ERROR_INVALID);
    foreign f = make();
    activ_tensor *t = imported(&f, LEGACY);
    assert_int_equal(activ_tensor_to_dlpack(t, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_tensor_to_dlpack_versioned(t, NULL, &message), ACTIV_ERROR_INVALID);
    activ_tensor_destroy(t);
    assert_int_equal(deleted, 1);
}

/* Out and in again, as two libraries of one process do. */
static void test_round_trip(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        foreign f = make();
        activ_tensor *t = imported(&f, form), *again = NULL;
        struct DLManagedTensor *legacy = NULL;
        struct DLManagedTensorVersioned *versioned = NULL;
        if (form == LEGACY) {
            assert_int_equal(activ_tensor_to_dlpack(t, &legacy, NULL), ACTIV_OK);
            assert_int_equal(activ_tensor_from_dlpack(NULL, legacy, &again, NULL), ACTIV_OK);
        } else {
            assert_int_equal(activ_tensor_to_dlpack_versioned(t, &versioned, NULL), ACTIV_OK);
            assert_int_equal(activ_tensor_from_dlpack_versioned(NULL, versioned, &again, NULL), ACTIV_OK);
        }
        activ_tensor_destroy(t);
        assert_int_equal(deleted, 0);
        assert_ptr_equal(activ_tensor_data(again), values);
        assert_int_equal(activ_tensor_is_contiguous(again), 1);
        activ_tensor_destroy(again);
        assert_int_equal(deleted, 1);
    }
}

/* Each allocation fails in turn: a status, no leak, and nothing has changed hands. */
static void test_out_of_memory(void **state)
{
    (void)state;
    int failures = 0;
    for (int form = 0; form < FORMS; form++) {
        for (size_t n = 1; n < 3; n++) {
            test_memory memory = { 0 };
            activ_context *context = test_memory_context(&memory);
            assert_non_null(context);
            foreign f = make();
            activ_tensor *t = NULL;
            struct DLManagedTensor *legacy = NULL;
            struct DLManagedTensorVersioned *versioned = NULL;
            memory.fail_at = memory.calls + n;
            activ_status status = form == LEGACY ? activ_tensor_from_dlpack(context, &f.legacy, &t, NULL)
                                                 : activ_tensor_from_dlpack_versioned(context, &f.versioned, &t, NULL);
            if (status == ACTIV_OK)
                status = form == LEGACY ? activ_tensor_to_dlpack(t, &legacy, NULL)
                                        : activ_tensor_to_dlpack_versioned(t, &versioned, NULL);
            assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
            assert_null(legacy);
            assert_null(versioned);
            assert_int_equal(deleted, 0);
            activ_tensor_destroy(t);
            assert_int_equal(deleted, n == 2);
            activ_context_destroy(context);
            assert_int_equal(memory.live, 0);
            failures++;
        }
    }
    assert_int_equal(failures, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import),  cmocka_unit_test(test_layouts),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_other_major), cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_export),  cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
