/* libactiv for C++: tensors. tensor.h says what each call does.
 *
 *     activ::tensor t({ 2, 3 });                        // float32, zeros
 *     for (float &value : t.values<float>()) value = 1;
 *     activ::tensor column = t.narrow(1, 0, 1);         // a view, which keeps t's memory alive by itself
 *
 * A view of a tensor keeps what it looks at; a view of an array of the caller's does not own it.
 *
 *     activ::tensor shared = activ::tensor::from_dlpack(managed);      // of NumPy, PyTorch ...: no copy
 *     DLManagedTensorVersioned *out = t.to_dlpack_versioned();         // the consumer calls its deleter */
#ifndef ACTIV_TENSOR_HPP
#define ACTIV_TENSOR_HPP

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "context.hpp"
#include "dtype.hpp"
#include "keep.hpp"
#include "status.hpp"
#include "tensor.h"

namespace activ {

namespace detail {

class tensor_state final : public counted {
public:
    activ_tensor *tensor = nullptr;
    keeper host; /* its memory */
    keeper base; /* a file that it is a view of; views of tensors C keeps itself */

private:
    ~tensor_state() override
    {
        activ_tensor_destroy(tensor);
    }
};

} // namespace detail

/* Move-only; a copy is made by copy_to. */
class tensor {
public:
    /* None; using it is an error. */
    tensor() noexcept = default;
    tensor(tensor &&) noexcept = default;
    tensor &operator=(tensor &&) noexcept = default;

    /* New memory, all zero. */
    static result<tensor> try_create(const activ::shape &shape, activ_dtype dtype = ACTIV_FLOAT32,
                                     const context &ctx = context()) noexcept
    {
        return make("tensor", ctx, detail::keeper(),
                    [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                        return activ_tensor_create(c, dtype, shape.size(), shape.data(), out, why);
                    });
    }
    /* A view of an array, which has to be as long as the shape says, and to live as long as the view; of a const array
     * a read-only one. Any array that a span is made of, but no temporary. */
    template <class C>
    static result<tensor> try_view(C &array, const activ::shape &shape, const context &ctx = context()) noexcept
    {
        return try_view(span_of(array), shape, ctx);
    }
    template <class C>
    static result<tensor> try_view(C &array, const activ::shape &shape, const activ::shape &strides,
                                   const context &ctx = context()) noexcept
    {
        return try_view(span_of(array), shape, strides, ctx);
    }
    template <class T>
    static result<tensor> try_view(span<T> array, const activ::shape &shape, const context &ctx = context()) noexcept
    {
        if (shape.size() <= ACTIV_MAX_DIMS && array.size() != shape.count())
            return detail::lengths("tensor", "the array", array.size(), "the shape", shape.count());
        return make("tensor", ctx, detail::keeper(),
                    [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                        return view_of(c, shape, nullptr, array.data(), out, why);
                    });
    }
    /* The same with strides, in elements: the array has to hold the last element. */
    template <class T>
    static result<tensor> try_view(span<T> array, const activ::shape &shape, const activ::shape &strides,
                                   const context &ctx = context()) noexcept
    {
        if (strides.size() != shape.size())
            return detail::lengths("tensor", "strides", strides.size(), "the shape", shape.size());
        if (shape.size() <= ACTIV_MAX_DIMS) {
            std::size_t needed = shape.count() > 0;
            for (std::size_t i = 0; needed > 0 && i < shape.size(); i++) {
                const std::size_t steps = shape.data()[i] - 1, stride = strides.data()[i];
                const std::size_t most = SIZE_MAX - needed;
                needed = steps > 0 && stride > most / steps ? SIZE_MAX : needed + steps * stride;
            }
            if (needed > array.size())
                return detail::lengths("tensor", "the array", array.size(), "what the strides reach", needed);
        }
        return make("tensor", ctx, detail::keeper(),
                    [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                        return view_of(c, shape, strides.data(), array.data(), out, why);
                    });
    }
    /* Takes over an array of another library (DLPack); on failure it stays the caller's. The structs are dlpack.h's. */
    static result<tensor> try_from_dlpack(DLManagedTensor *managed, const context &ctx = context()) noexcept
    {
        return make("from_dlpack", ctx, detail::keeper(),
                    [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                        return activ_tensor_from_dlpack(c, managed, out, why);
                    });
    }
    static result<tensor> try_from_dlpack(DLManagedTensorVersioned *managed, const context &ctx = context()) noexcept
    {
        return make("from_dlpack", ctx, detail::keeper(),
                    [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                        return activ_tensor_from_dlpack_versioned(c, managed, out, why);
                    });
    }
    /* For one consumer, who calls the deleter. Memory that the tensor owns stays until then, whatever happens to the
     * tensor; an array of the caller's, an open file and a context's allocator have to stay by his care. */
    result<DLManagedTensor *> try_to_dlpack() noexcept
    {
        return exported<DLManagedTensor>("to_dlpack", activ_tensor_to_dlpack);
    }
    result<DLManagedTensorVersioned *> try_to_dlpack_versioned() noexcept
    {
        return exported<DLManagedTensorVersioned>("to_dlpack_versioned", activ_tensor_to_dlpack_versioned);
    }
    /* Views of this tensor. */
    result<tensor> try_reshape(const activ::shape &shape) noexcept
    {
        return part("reshape", [&](activ_tensor *t, activ_tensor **out, activ_message *why) {
            return activ_tensor_reshape(t, shape.size(), shape.data(), out, why);
        });
    }
    result<tensor> try_narrow(std::size_t dimension, std::size_t start, std::size_t length) noexcept
    {
        return part("narrow", [&](activ_tensor *t, activ_tensor **out, activ_message *why) {
            return activ_tensor_narrow(t, dimension, start, length, out, why);
        });
    }
    result<tensor> try_transpose(std::size_t a, std::size_t b) noexcept
    {
        return part("transpose", [&](activ_tensor *t, activ_tensor **out, activ_message *why) {
            return activ_tensor_transpose(t, a, b, out, why);
        });
    }
    /* Copies all elements into `to`, of the same type and shape. */
    result<void> try_copy_to(tensor &to) const noexcept
    {
        if (!*this || !to)
            return detail::is_empty("copy_to", "tensor");
        detail::words why;
        return detail::outcome("copy_to", activ_tensor_copy(get(), to.get(), &why), why.text);
    }
    /* The elements as another type, in `to`, of the same shape: both contiguous, aligned, and of float16, bfloat16,
     * float32 or float64 (activ_convert). */
    result<void> try_convert_to(tensor &to) const noexcept
    {
        if (!*this || !to)
            return detail::is_empty("convert_to", "tensor");
        const span<const std::size_t> own = shape(), other = to.shape();
        bool is_same = own.size() == other.size();
        for (std::size_t i = 0; is_same && i < own.size(); i++)
            is_same = own[i] == other[i];
        if (!is_same)
            return failure(ACTIV_ERROR_SHAPE, "convert_to: a tensor of another shape");
        if (!is_contiguous() || !to.is_contiguous())
            return failure(ACTIV_ERROR_STATE, "convert_to: a tensor has gaps, or another order than row by row");
        if (to.is_read_only())
            return failure(ACTIV_ERROR_STATE, "convert_to: the tensor is read-only");
        return detail::outcome("convert_to", activ_convert(count(), dtype(), data(), to.dtype(), to.data()), nullptr);
    }
    /* The elements of a contiguous tensor of this type; to be written unless T is const. */
    template <class T> result<span<T>> try_values() const noexcept
    {
        if (!*this)
            return detail::is_empty("values", "tensor");
        if (dtype() != detail::dtype_of<T>())
            return failure(ACTIV_ERROR_SHAPE, "values: the tensor has elements of another type");
        if (!is_contiguous())
            return failure(ACTIV_ERROR_STATE, "values: the tensor has gaps, or another order than row by row");
        if constexpr (std::is_const_v<T>) {
            return span<T>(static_cast<T *>(activ_tensor_const_data(get())), count());
        } else {
            if (is_read_only())
                return failure(ACTIV_ERROR_STATE, "values: the tensor is read-only: ask for const values");
            return span<T>(static_cast<T *>(activ_tensor_data(state_->tensor)), count());
        }
    }
#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    explicit tensor(const activ::shape &shape, activ_dtype dtype = ACTIV_FLOAT32, const context &ctx = context())
        : tensor(try_create(shape, dtype, ctx).value())
    {
    }
    template <class C> static tensor view(C &array, const activ::shape &shape, const context &ctx = context())
    {
        return try_view(array, shape, ctx).value();
    }
    template <class C>
    static tensor view(C &array, const activ::shape &shape, const activ::shape &strides, const context &ctx = context())
    {
        return try_view(array, shape, strides, ctx).value();
    }
    template <class T> static tensor view(span<T> array, const activ::shape &shape, const context &ctx = context())
    {
        return try_view(array, shape, ctx).value();
    }
    template <class T>
    static tensor view(span<T> array, const activ::shape &shape, const activ::shape &strides,
                       const context &ctx = context())
    {
        return try_view(array, shape, strides, ctx).value();
    }
    static tensor from_dlpack(DLManagedTensor *managed, const context &ctx = context())
    {
        return try_from_dlpack(managed, ctx).value();
    }
    static tensor from_dlpack(DLManagedTensorVersioned *managed, const context &ctx = context())
    {
        return try_from_dlpack(managed, ctx).value();
    }
    [[nodiscard]] DLManagedTensor *to_dlpack()
    {
        return try_to_dlpack().value();
    }
    [[nodiscard]] DLManagedTensorVersioned *to_dlpack_versioned()
    {
        return try_to_dlpack_versioned().value();
    }
    tensor reshape(const activ::shape &shape)
    {
        return try_reshape(shape).value();
    }
    tensor narrow(std::size_t dimension, std::size_t start, std::size_t length)
    {
        return try_narrow(dimension, start, length).value();
    }
    tensor transpose(std::size_t a, std::size_t b)
    {
        return try_transpose(a, b).value();
    }
    void copy_to(tensor &to) const
    {
        try_copy_to(to).value();
    }
    void convert_to(tensor &to) const
    {
        try_convert_to(to).value();
    }
    template <class T> span<T> values() const
    {
        return try_values<T>().value();
    }
#endif
    explicit operator bool() const noexcept
    {
        return static_cast<bool>(state_);
    }
    /* Of an empty tensor: 0, nothing, NULL. */
    activ_dtype dtype() const noexcept
    {
        return activ_tensor_dtype(get());
    }
    span<const std::size_t> shape() const noexcept
    {
        return { activ_tensor_shape(get()), activ_tensor_ndim(get()) };
    }
    span<const std::size_t> strides() const noexcept
    {
        return { activ_tensor_strides(get()), activ_tensor_ndim(get()) };
    }
    std::size_t count() const noexcept
    {
        return activ_tensor_count(get());
    }
    bool is_contiguous() const noexcept
    {
        return activ_tensor_is_contiguous(get()) != 0;
    }
    bool is_read_only() const noexcept
    {
        return activ_tensor_is_read_only(get()) != 0;
    }
    /* The first element, of any strides; data() is NULL if the tensor is read-only. */
    void *data() noexcept
    {
        return activ_tensor_data(get());
    }
    const void *data() const noexcept
    {
        return activ_tensor_const_data(get());
    }
    /* For C calls. */
    activ_tensor *get() noexcept
    {
        return state_ ? state_->tensor : nullptr;
    }
    const activ_tensor *get() const noexcept
    {
        return state_ ? state_->tensor : nullptr;
    }

    /* For the other headers: a tensor that create(context, &tensor, &message) makes, and that needs `base`. */
    template <class Create>
    static result<tensor> make(const char *what, const context &ctx, detail::keeper base, Create create) noexcept
    {
        if (ctx.is_moved_from())
            return detail::is_empty(what, "context");
        return make_with(what, detail::keeper(ctx.state()), std::move(base),
                         [&](activ_tensor **out, activ_message *why) { return create(ctx.get(), out, why); });
    }

private:
    template <class C> static auto span_of(C &array) noexcept
    {
        return span<std::remove_pointer_t<decltype(std::data(array))>>(array);
    }
    template <class Create>
    static result<tensor> make_with(const char *what, detail::keeper host, detail::keeper base, Create create) noexcept
    {
        detail::ref<detail::tensor_state> state(new (std::nothrow) detail::tensor_state);
        if (!state)
            return detail::no_memory(what);
        detail::words why;
        const activ_status status = create(&state->tensor, &why);
        if (status != ACTIV_OK)
            return detail::failed(what, status, why.text);
        state->host = std::move(host);
        state->base = std::move(base);
        tensor made;
        made.state_ = std::move(state);
        return made;
    }
    template <class Create> result<tensor> part(const char *what, Create create) noexcept
    {
        if (!*this)
            return detail::is_empty(what, "tensor");
        return make_with(what, state_->host, state_->base,
                         [&](activ_tensor **out, activ_message *why) { return create(state_->tensor, out, why); });
    }
    template <class Managed>
    result<Managed *> exported(const char *what,
                               activ_status (*call)(activ_tensor *, Managed **, activ_message *)) noexcept
    {
        if (!*this)
            return detail::is_empty(what, "tensor");
        Managed *managed = nullptr;
        detail::words why;
        const activ_status status = call(state_->tensor, &managed, &why);
        if (status != ACTIV_OK)
            return detail::failed(what, status, why.text);
        return managed;
    }
    template <class T>
    static activ_status view_of(const activ_context *c, const activ::shape &shape, const std::size_t *strides, T *data,
                                activ_tensor **out, activ_message *why) noexcept
    {
        if constexpr (std::is_const_v<T>)
            return activ_tensor_view_const(c, detail::dtype_of<T>(), shape.size(), shape.data(), strides, data, out,
                                           why);
        else
            return activ_tensor_view(c, detail::dtype_of<T>(), shape.size(), shape.data(), strides, data, out, why);
    }
    detail::ref<detail::tensor_state> state_;
};

} // namespace activ

#endif
