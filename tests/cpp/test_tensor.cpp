/* Tensors: views that keep their memory, and what is refused. */
#include "check.hpp"

#include <array>
#include <optional>
#include <type_traits>

/* As dlpack.h has them. */
struct dl_tensor {
    void *data;
    std::int32_t device_type, device_id;
    std::int32_t ndim;
    std::uint8_t code, bits;
    std::uint16_t lanes;
    std::int64_t *shape, *strides;
    std::uint64_t byte_offset;
};
struct DLManagedTensor {
    dl_tensor tensor;
    void *manager_ctx;
    void (*deleter)(DLManagedTensor *);
};
struct DLManagedTensorVersioned {
    std::uint32_t major, minor;
    void *manager_ctx;
    void (*deleter)(DLManagedTensorVersioned *);
    std::uint64_t flags;
    dl_tensor tensor;
};

namespace {

void owned()
{
    activ::tensor t = must(activ::tensor::try_create({ 2, 3 }));
    CHECK(t && t.dtype() == ACTIV_FLOAT32 && t.count() == 6 && t.is_contiguous() && !t.is_read_only());
    CHECK(t.shape().size() == 2 && t.shape()[1] == 3 && t.strides()[0] == 3);
    activ::span<float> values = must(t.try_values<float>());
    for (std::size_t i = 0; i < values.size(); i++)
        values[i] = static_cast<float>(i);
    activ::tensor turned = must(t.try_transpose(0, 1));
    CHECK(turned.shape()[0] == 3 && !turned.is_contiguous());
    activ::tensor copy = must(activ::tensor::try_create({ 3, 2 }));
    must(turned.try_copy_to(copy));
    CHECK(same_bits(must(copy.try_values<const float>()), std::vector<float>({ 0, 3, 1, 4, 2, 5 })));
    const activ::tensor flat = must(t.try_reshape({ 6 }));
    CHECK(flat.shape().size() == 1 && flat.data() == t.data());
    activ::tensor row = must(t.try_narrow(0, 1, 1));
    CHECK(must(row.try_values<const float>())[0] == 3);
    CHECK(must(activ::tensor::try_create({})).count() == 1 && must(activ::tensor::try_create({ 0, 4 })).count() == 0);

    REFUSED(turned.try_values<float>(), ACTIV_ERROR_STATE, "gaps");
    REFUSED(t.try_values<double>(), ACTIV_ERROR_SHAPE, "type");
    REFUSED(t.try_reshape({ 4 }), ACTIV_ERROR_SHAPE);
    REFUSED(turned.try_reshape({ 6 }), ACTIV_ERROR_STATE);
    REFUSED(t.try_narrow(0, 1, 2), ACTIV_ERROR_RANGE);
    REFUSED(t.try_transpose(0, 2), ACTIV_ERROR_RANGE);
    REFUSED(t.try_copy_to(copy), ACTIV_ERROR_SHAPE);
    REFUSED(activ::tensor::try_create({ 1 }, 99), ACTIV_ERROR_UNSUPPORTED, "type");
    REFUSED(activ::tensor::try_create({ 1, 1, 1, 1, 1, 1, 1, 1, 1 }), ACTIV_ERROR_RANGE, "8 dimensions");
    REFUSED(activ::tensor::try_create({ SIZE_MAX, 2 }), ACTIV_ERROR_RANGE, "overflow");

    activ::tensor there = std::move(t);
    CHECK(there && !t && t.count() == 0 && t.data() == nullptr && t.shape().empty() && t.dtype() == 0);
    REFUSED(t.try_reshape({ 6 }), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(t.try_narrow(0, 0, 1), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(t.try_transpose(0, 1), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(t.try_values<float>(), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(t.try_copy_to(there), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(there.try_copy_to(t), ACTIV_ERROR_INVALID, "tensor is empty");
}

void of_arrays()
{
    std::vector<float> array{ 0, 1, 2, 3, 4, 5 };
    activ::tensor t = must(activ::tensor::try_view(activ::span<float>(array), { 2, 3 }));
    must(t.try_values<float>())[5] = 9;
    CHECK(array[5] == 9);
    CHECK(must(activ::tensor::try_view(array, { 6 })).data() == array.data());
    CHECK(must(activ::tensor::try_view(std::as_const(array), { 6 })).is_read_only());
    CHECK(must(activ::tensor::try_view(array, { 2 }, { 5 })).count() == 2);
    const activ::span<const float> constant(array);
    activ::tensor c = must(activ::tensor::try_view(constant, { 6 }));
    CHECK(c.is_read_only() && c.data() == nullptr && std::as_const(c).data() == array.data());
    REFUSED(c.try_values<float>(), ACTIV_ERROR_STATE, "read-only");
    CHECK(must(c.try_values<const float>()).size() == 6);
    REFUSED(t.try_copy_to(c), ACTIV_ERROR_SHAPE);
    activ::tensor same = must(activ::tensor::try_create({ 6 }));
    REFUSED(same.try_copy_to(c), ACTIV_ERROR_STATE, "read-only");
    must(c.try_copy_to(same));
    activ::tensor every_other = must(activ::tensor::try_view(activ::span<float>(array), { 3 }, { 2 }));
    CHECK(!every_other.is_contiguous() && every_other.count() == 3);
    std::int32_t ints[4] = { 1, 2, 3, 4 };
    CHECK(must(activ::tensor::try_view(activ::span<std::int32_t>(ints), { 4 })).dtype() == ACTIV_INT32);
    std::vector<std::uint8_t> bytes(3);
    CHECK(must(activ::tensor::try_view(activ::span<std::uint8_t>(bytes), { 3 })).dtype() == ACTIV_UINT8);
    std::vector<double> doubles(3);
    CHECK(must(activ::tensor::try_view(activ::span<double>(doubles), { 3 })).dtype() == ACTIV_FLOAT64);
    std::vector<std::int64_t> longs(3);
    CHECK(must(activ::tensor::try_view(activ::span<std::int64_t>(longs), { 3 })).dtype() == ACTIV_INT64);

    REFUSED(activ::tensor::try_view(constant, { 7 }), ACTIV_ERROR_SHAPE, "array has 6", "shape has 7");
    REFUSED(activ::tensor::try_view(constant, { SIZE_MAX, 2 }), ACTIV_ERROR_SHAPE, "array has 6");
    REFUSED(activ::tensor::try_view(constant, { 4 }, { 2 }), ACTIV_ERROR_SHAPE, "array has 6", "reach has 7");
    REFUSED(activ::tensor::try_view(constant, { 2, 2 }, { 2 }), ACTIV_ERROR_SHAPE, "strides has 1");
    REFUSED(activ::tensor::try_view(constant, { 3, 3 }, { SIZE_MAX / 2, SIZE_MAX / 2 }), ACTIV_ERROR_SHAPE, "array");
    must(activ::tensor::try_view(constant, { 5, 2 }, { 0, 5 }));
    must(activ::tensor::try_view(activ::span<const float>(), { 0, 3 }));
    REFUSED(activ::tensor::try_view(constant, { 1, 1, 1, 1, 1, 1, 1, 1, 6 }), ACTIV_ERROR_RANGE, "8 dimensions");
#ifndef ACTIV_NO_EXCEPTIONS
    activ::tensor made({ 2, 2 });
    CHECK(activ::tensor::view(array, { 6 }).count() == 6 && activ::tensor::view(array, { 3 }, { 2 }).count() == 3);
    made.values<float>()[0] = 1;
    activ::tensor other({ 2, 2 });
    made.copy_to(other);
    CHECK(other.values<const float>()[0] == 1 && made.reshape({ 4 }).narrow(0, 1, 2).count() == 2);
    CHECK(made.transpose(0, 1).count() == 4 && activ::tensor::view(constant, { 2, 3 }).count() == 6);
    CHECK(activ::tensor::view(constant, { 3 }, { 2 }).count() == 3);
    THROWS((void)activ::tensor({ 1 }, 99), ACTIV_ERROR_UNSUPPORTED, "type");
    THROWS((void)activ::tensor::view(constant, { 7 }), ACTIV_ERROR_SHAPE, "array has 6");
    THROWS((void)made.reshape({ 5 }), ACTIV_ERROR_SHAPE);
    THROWS((void)made.values<double>(), ACTIV_ERROR_SHAPE, "type");
#endif
}

/* float16 and bfloat16: elements, arrays, tensors. */
void halves()
{
    static_assert(sizeof(activ::float16) == 2 && alignof(activ::bfloat16) == alignof(std::uint16_t));
    static_assert(std::is_trivial_v<activ::float16> && std::is_standard_layout_v<activ::bfloat16>);
    static_assert(!std::is_same_v<activ::float16, activ::bfloat16>);
    static_assert(activ::float16::of_bits(0x3c00).bits == 0x3c00 && activ::bfloat16{}.bits == 0);
    CHECK(activ::float16(1.0f).bits == 0x3c00 && activ::bfloat16(1.0f).bits == 0x3f80);
    CHECK(activ::float16(65520.0f).bits == 0x7c00 && activ::bfloat16(65520.0f).bits == 0x4780);
    CHECK(float(activ::float16(0.1f)) == 0x1.998p-4f && float(activ::bfloat16::of_bits(0x4049)) == 3.140625f);

    const std::vector<float> x{ 0, 1, -2.5f, 1e-7f, 1e30f, 0.1f };
    std::vector<activ::float16> h(6);
    std::array<activ::bfloat16, 6> b{};
    double d[6];
    must(activ::try_convert(x, h));
    must(activ::try_convert(x, activ::span<activ::bfloat16>(b)));
    for (std::size_t i = 0; i < 6; i++)
        CHECK(h[i].bits == activ::float16(x[i]).bits && b[i].bits == activ::bfloat16(x[i]).bits);
    must(activ::try_convert(b, d));
    CHECK(d[2] == -2.5 && d[5] == double(float(b[5])));
    must(activ::try_convert(h, b));
    CHECK(b[4].bits == 0x7f80 && float(b[2]) == -2.5f);
    std::vector<float> back(6), short_one(5);
    must(activ::try_convert(std::as_const(h), back));
    CHECK(back[1] == 1 && back[5] == 0x1.998p-4f);
    REFUSED(activ::try_convert(h, short_one), ACTIV_ERROR_SHAPE, "x has 6", "y has 5");
    activ::float16 *odd = h.data() + 1;
    REFUSED(activ::try_convert(h, activ::span<activ::float16>(odd, 6)), ACTIV_ERROR_INVALID, "convert");
    must(activ::try_convert(activ::span<const float>(), activ::span<activ::float16>()));

    activ::tensor t = must(activ::tensor::try_view(h, { 2, 3 }));
    CHECK(t.dtype() == ACTIV_FLOAT16 && must(t.try_values<activ::float16>())[2].bits == h[2].bits);
    REFUSED(t.try_values<activ::bfloat16>(), ACTIV_ERROR_SHAPE, "type");
    activ::tensor single = must(activ::tensor::try_create({ 2, 3 })),
                  ints = must(activ::tensor::try_create({ 2, 3 }, ACTIV_INT32));
    must(t.try_convert_to(single));
    CHECK(same_bits(must(single.try_values<const float>()), back));
    activ::tensor brains = must(activ::tensor::try_create({ 2, 3 }, ACTIV_BFLOAT16)),
                  other = must(activ::tensor::try_create({ 3, 2 }));
    must(single.try_convert_to(brains));
    CHECK(float(must(brains.try_values<const activ::bfloat16>())[2]) == -2.5f);
    REFUSED(t.try_copy_to(single), ACTIV_ERROR_SHAPE, "another type");
    REFUSED(t.try_convert_to(ints), ACTIV_ERROR_UNSUPPORTED, "convert_to");
    REFUSED(t.try_convert_to(other), ACTIV_ERROR_SHAPE, "shape");
    activ::tensor turned = must(other.try_transpose(0, 1));
    REFUSED(t.try_convert_to(turned), ACTIV_ERROR_STATE, "gaps");
    activ::tensor constant = must(activ::tensor::try_view(x, { 2, 3 }));
    REFUSED(t.try_convert_to(constant), ACTIV_ERROR_STATE, "read-only");
    activ::tensor gone = std::move(other);
    REFUSED(t.try_convert_to(other), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(other.try_convert_to(t), ACTIV_ERROR_INVALID, "tensor is empty");

    DLManagedTensorVersioned *out = must(brains.try_to_dlpack_versioned());
    CHECK(out->tensor.code == 4 && out->tensor.bits == 16);
    activ::tensor in = must(activ::tensor::try_from_dlpack(out));
    CHECK(in.dtype() == ACTIV_BFLOAT16 && in.data() == brains.data());
#ifndef ACTIV_NO_EXCEPTIONS
    activ::convert(x, h);
    single.convert_to(brains);
    CHECK(brains.values<activ::bfloat16>()[1].bits == 0x3f80);
    THROWS(activ::convert(h, short_one), ACTIV_ERROR_SHAPE, "y has 5");
    THROWS(t.convert_to(ints), ACTIV_ERROR_UNSUPPORTED, "convert_to");
#endif
}

void shared()
{
    /* Out, and in again; the tensors in between are gone. */
    std::optional<activ::tensor> t = must(activ::tensor::try_create({ 2, 3 }));
    must(t->try_values<float>())[4] = 7;
    DLManagedTensor *legacy = must(t->try_to_dlpack());
    DLManagedTensorVersioned *versioned = must(must(t->try_narrow(0, 1, 1)).try_to_dlpack_versioned());
    t.reset();
    CHECK(legacy->tensor.ndim == 2 && legacy->tensor.shape[1] == 3 && versioned->tensor.shape[0] == 1);
    t = must(activ::tensor::try_from_dlpack(legacy));
    CHECK(must(t->try_values<const float>())[4] == 7);
    const activ::tensor row = must(activ::tensor::try_from_dlpack(versioned));
    t.reset();
    CHECK(must(row.try_values<const float>())[1] == 7);

    const float constant[2] = { 1, 2 };
    activ::tensor c = must(activ::tensor::try_view(activ::span<const float>(constant), { 2 }));
    REFUSED(c.try_to_dlpack(), ACTIV_ERROR_STATE, "read-only");
    DLManagedTensorVersioned *read_only = must(c.try_to_dlpack_versioned());
    CHECK(must(activ::tensor::try_from_dlpack(read_only)).is_read_only());
    REFUSED(activ::tensor().try_to_dlpack(), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(activ::tensor().try_to_dlpack_versioned(), ACTIV_ERROR_INVALID, "tensor is empty");
    REFUSED(activ::tensor::try_from_dlpack(static_cast<DLManagedTensor *>(nullptr)), ACTIV_ERROR_INVALID);
    int deleted = 0;
    DLManagedTensorVersioned newer{};
    newer.major = 2;
    newer.manager_ctx = &deleted;
    newer.deleter = [](DLManagedTensorVersioned *self) { ++*static_cast<int *>(self->manager_ctx); };
    REFUSED(activ::tensor::try_from_dlpack(&newer), ACTIV_ERROR_UNSUPPORTED);
    CHECK(deleted == 0); /* it stays the caller's */
    THROWS((void)c.to_dlpack(), ACTIV_ERROR_STATE, "read-only");
    THROWS((void)activ::tensor::from_dlpack(&newer), ACTIV_ERROR_UNSUPPORTED);
}

} // namespace

void test_tensor()
{
    owned();
    of_arrays();
    halves();
    shared();
}
