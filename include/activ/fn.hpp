/* libactiv for C++: activation functions on arrays. fn.h says what each call computes; the bits are the same.
 *
 *     const activ::function gelu("gelu");
 *     gelu.forward(x, y);                               // y[i] = gelu(x[i]): std::vector, std::array, C array, span
 *     gelu.backward(x, dy, dx);                         // dx[i] = dy[i] gelu'(x[i])
 *
 *     const activ::function prelu("prelu");             // a trainable one: its parameters are the caller's
 *     std::vector<float> weights = prelu.params();
 *     prelu.with(weights).forward(x, y);                // without with(): the initial values
 *     prelu.with(weights).backward(x, dy, dx, dweights);
 *
 *     const activ::function f("a*x*sigmoid(b*x); a=1, b=1.702"), slope = f.derivative();
 *
 *     softmax.forward_rows(activ::rows(x, 10), activ::rows(y, 10));
 *     swiglu.forward_gated(value, gate, y);
 *
 *     gelu.forward(halves, other_halves);               // float16 or bfloat16 (dtype.hpp), all of one type: each is
 *                                                       // computed in float, and rounded once
 *
 * Lengths are checked before the library is called: ACTIV_ERROR_SHAPE, and a message with both of them. In place (y is
 * x, dx is dy) is allowed where fn.h says so. An output that is not wanted is activ::none. Parameters and their
 * gradients are floats; so are all arrays of calls per channel, in training, and from y. */
#ifndef ACTIV_FN_HPP
#define ACTIV_FN_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#ifndef ACTIV_NO_EXCEPTIONS
#    include <vector>
#endif

#include "context.hpp"
#include "dtype.hpp"
#include "fn.h"
#include "keep.hpp"
#include "status.hpp"

namespace activ {

/* Rows of values, perhaps with gaps between them: row r begins at element r * stride. An array alone is one row. */
template <class T> class matrix {
public:
    template <class C, class = std::enable_if_t<std::is_convertible_v<C &&, span<T>>>>
    matrix(C &&array) noexcept : values_(static_cast<C &&>(array)), rows_(1), columns_(values_.size())
    {
        stride_ = columns_;
    }
    template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>, class = void>
    matrix(const matrix<U> &other) noexcept
        : values_(other.values()), rows_(other.rows()), columns_(other.columns()), stride_(other.stride())
    {
    }
    matrix(span<T> values, std::size_t rows, std::size_t columns) noexcept : matrix(values, rows, columns, columns)
    {
    }
    matrix(span<T> values, std::size_t rows, std::size_t columns, std::size_t stride) noexcept
        : values_(values), rows_(rows), columns_(columns), stride_(stride)
    {
    }
    span<T> values() const noexcept
    {
        return values_;
    }
    T *data() const noexcept
    {
        return values_.data();
    }
    std::size_t rows() const noexcept
    {
        return rows_;
    }
    std::size_t columns() const noexcept
    {
        return columns_;
    }
    std::size_t stride() const noexcept
    {
        return stride_;
    }
    /* Does the array hold all rows? Without gaps it has to be exactly as long; with gaps there may be more behind. */
    bool fits() const noexcept
    {
        if (rows_ == 0)
            return true;
        if (stride_ < columns_ && rows_ > 1)
            return false;
        if (rows_ > 1 && stride_ > SIZE_MAX / (rows_ - 1))
            return false;
        const std::size_t gaps = rows_ > 1 ? (rows_ - 1) * stride_ : 0;
        if (columns_ > SIZE_MAX - gaps)
            return false;
        return stride_ == columns_ ? gaps + columns_ == values_.size() : gaps + columns_ <= values_.size();
    }

private:
    span<T> values_;
    std::size_t rows_, columns_, stride_ = 0;
};

/* An array as rows of so many columns, without gaps. An array whose length is no multiple is refused by the call. */
template <class C> auto rows(C &&array, std::size_t columns) noexcept
{
    using T = std::remove_pointer_t<decltype(std::data(array))>;
    const span<T> values(std::data(array), std::size(array));
    const std::size_t whole = columns > 0 ? values.size() / columns : 1;
    /* One row more than there is room for does not fit, and says so. */
    const std::size_t part = columns > 0 && values.size() % columns != 0;
    return matrix<T>(values, whole + part, columns);
}

/* A matrix, or none. */
template <class T> class optional_matrix {
public:
    optional_matrix(none_t) noexcept : value_(span<T>())
    {
    }
    template <class C, class = std::enable_if_t<std::is_convertible_v<C &&, matrix<T>>>>
    optional_matrix(C &&array) noexcept : value_(static_cast<C &&>(array)), given_(true)
    {
    }
    explicit operator bool() const noexcept
    {
        return given_;
    }
    const matrix<T> &operator*() const noexcept
    {
        return value_;
    }
    T *data() const noexcept
    {
        return given_ ? value_.data() : nullptr;
    }
    std::size_t stride() const noexcept
    {
        return value_.stride();
    }

private:
    matrix<T> value_;
    bool given_ = false;
};

class function;
class function_view;

namespace detail {

/* A function, where its callbacks live, and the parameters that it is called with. */
struct callee {
    const activ_fn *fn = nullptr;
    counted *host = nullptr;
    counted *own = nullptr;
    optional_span<const float> params = none;

    std::uint64_t thrown() const noexcept
    {
        return (host ? host->thrown() : 0) + (own ? own->thrown() : 0);
    }
    std::exception_ptr tell_thrown() const noexcept
    {
        if (std::exception_ptr told = own ? own->tell_thrown() : nullptr)
            return told;
        return host ? host->tell_thrown() : nullptr;
    }
};

template <class T> failure check_rows(const char *call, const char *name, const matrix<T> &m) noexcept
{
    if (m.fits())
        return failure::none();
    return fail(ACTIV_ERROR_SHAPE, "%s: %s has %zu values, which are not %zu rows of %zu%s", call, name,
                m.values().size(), m.rows(), m.columns(), m.stride() == m.columns() ? "" : " with their gaps");
}

template <class T, class U>
failure check_same(const char *call, const char *a_name, const matrix<T> &a, const char *b_name,
                   const matrix<U> &b) noexcept
{
    if (failure why = check_rows(call, a_name, a); why.status() != ACTIV_OK)
        return why;
    if (a.rows() == b.rows() && a.columns() == b.columns())
        return failure::none();
    return fail(ACTIV_ERROR_SHAPE, "%s: %s has %zu x %zu values, %s has %zu x %zu", call, a_name, a.rows(), a.columns(),
                b_name, b.rows(), b.columns());
}

template <class T, class U>
failure check_same(const char *call, const char *a_name, const optional_matrix<T> &a, const char *b_name,
                   const matrix<U> &b) noexcept
{
    return a ? check_same(call, a_name, *a, b_name, b) : failure::none();
}

/* What the calls on arrays have in common: the function is there, parameters and their gradients have its length. */
inline failure check_callee(const char *call, const callee &f,
                            const optional_span<float> &dparams = optional_span<float>(none)) noexcept
{
    if (!f.fn)
        return is_empty(call, "function");
    if (!f.params && !dparams)
        return failure::none();
    const std::size_t count = activ_fn_param_count(f.fn);
    if (f.params && f.params.count() != count)
        return lengths(call, "params", f.params.count(), activ_fn_spec(f.fn), count);
    if (dparams && dparams.count() != count)
        return lengths(call, "dparams", dparams.count(), activ_fn_spec(f.fn), count);
    return failure::none();
}

inline failure needs_rows(const char *call, const activ_fn *fn) noexcept
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    if (activ_fn_info_of(fn, &info) == ACTIV_OK && info.shape == ACTIV_SHAPE_ROWWISE)
        return fail(ACTIV_ERROR_SHAPE, "%s: '%.200s' is row-wise, and needs to know its rows: %s_rows", call,
                    activ_fn_spec(fn), call);
    return failure::none();
}

inline failure needs_gate(const char *call, const activ_fn *fn) noexcept
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    if (activ_fn_info_of(fn, &info) == ACTIV_OK && info.shape == ACTIV_SHAPE_GATED)
        return failure::none();
    return fail(ACTIV_ERROR_SHAPE, "%s: '%.200s' is no gated function: gated(SPEC) makes one", call, activ_fn_spec(fn));
}

inline failure run(const char *call, const activ_fn *fn, const activ_forward_args &args) noexcept
{
    words why;
    const activ_status status = activ_forward_ex(fn, &args, &why);
    return status == ACTIV_OK ? failure::none() : failed(call, status, why.text);
}

inline failure run(const char *call, const activ_fn *fn, const activ_backward_args &args) noexcept
{
    words why;
    const activ_status status = activ_backward_ex(fn, &args, &why);
    return status == ACTIV_OK ? failure::none() : failed(call, status, why.text);
}

/* The plain call, which is the faster one, has failed: why? Its twin says, without a second line in the log. */
template <class Args> failure ask(const char *call, const activ_fn *fn, activ_status status, const Args &args) noexcept
{
    log_is_quiet = true;
    failure why = run(call, fn, args);
    log_is_quiet = false;
    return why.status() != ACTIV_OK ? why : failed(call, status, nullptr);
}

template <class T = float>
activ_forward_args forward_args(const callee &f, std::size_t rows, std::size_t columns) noexcept
{
    activ_forward_args args = ACTIV_FORWARD_ARGS_DEFAULTS;
    args.params = f.params.data();
    if constexpr (!std::is_same_v<T, float>)
        args.dtype = dtype_of<T>();
    args.rows = rows;
    args.columns = columns;
    args.x_stride = args.gate_stride = args.y_stride = columns;
    return args;
}

template <class T = float>
activ_backward_args backward_args(const callee &f, std::size_t rows, std::size_t columns,
                                  optional_span<float> dparams) noexcept
{
    activ_backward_args args = ACTIV_BACKWARD_ARGS_DEFAULTS;
    args.params = f.params.data();
    if constexpr (!std::is_same_v<T, float>)
        args.dtype = dtype_of<T>();
    args.rows = rows;
    args.columns = columns;
    args.x_stride = args.gate_stride = args.y_stride = args.dy_stride = args.dx_stride = args.dgate_stride = columns;
    args.dparams = dparams.data();
    return args;
}

inline activ_setting_info setting_at(const callee &f, std::size_t i) noexcept
{
    activ_setting_info info = ACTIV_SETTING_INFO_INIT;
    (void)activ_fn_setting_info(f.fn, i, &info);
    return info;
}

inline activ_fn_tensor_info param_tensor_at(const callee &f, std::size_t i) noexcept
{
    activ_fn_tensor_info info = ACTIV_FN_TENSOR_INFO_INIT;
    (void)activ_fn_param_tensor_info(f.fn, i, &info);
    return info;
}

/* The C calls by the type of their elements. */
template <class T> const float *floats(const T *values) noexcept
{
    return static_cast<const float *>(static_cast<const void *>(values));
}
template <class T> float *floats(T *values) noexcept
{
    return static_cast<float *>(static_cast<void *>(values));
}

template <class T>
activ_status c_forward(const activ_fn *fn, const float *params, std::size_t n, const T *x, T *y) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_forward(fn, params, n, x, y);
    else
        return activ_forward_as(fn, params, dtype_of<T>(), n, x, y);
}
template <class T>
activ_status c_backward(const activ_fn *fn, const float *params, std::size_t n, const T *x, const T *dy, T *dx,
                        float *dparams) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_backward(fn, params, n, x, dy, dx, dparams);
    else
        return activ_backward_as(fn, params, dtype_of<T>(), n, x, dy, dx, dparams);
}
template <class T>
activ_status c_forward_rows(const activ_fn *fn, const float *params, std::size_t rows, std::size_t columns, const T *x,
                            std::size_t x_stride, T *y, std::size_t y_stride) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_forward_rows(fn, params, rows, columns, x, x_stride, y, y_stride);
    else
        return activ_forward_rows_as(fn, params, dtype_of<T>(), rows, columns, x, x_stride, y, y_stride);
}
template <class T>
activ_status c_backward_rows(const activ_fn *fn, const float *params, std::size_t rows, std::size_t columns, const T *x,
                             std::size_t x_stride, const T *dy, std::size_t dy_stride, T *dx, std::size_t dx_stride,
                             float *dparams) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_backward_rows(fn, params, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, dparams);
    else
        return activ_backward_rows_as(fn, params, dtype_of<T>(), rows, columns, x, x_stride, dy, dy_stride, dx,
                                      dx_stride, dparams);
}
template <class T>
activ_status c_forward_gated(const activ_fn *fn, const float *params, std::size_t rows, std::size_t columns,
                             const T *value, std::size_t value_stride, const T *gate, std::size_t gate_stride, T *y,
                             std::size_t y_stride) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_forward_gated(fn, params, rows, columns, value, value_stride, gate, gate_stride, y, y_stride);
    else
        return activ_forward_gated_as(fn, params, dtype_of<T>(), rows, columns, value, value_stride, gate, gate_stride,
                                      y, y_stride);
}
template <class T>
activ_status c_backward_gated(const activ_fn *fn, const float *params, std::size_t rows, std::size_t columns,
                              const T *value, std::size_t value_stride, const T *gate, std::size_t gate_stride,
                              const T *dy, std::size_t dy_stride, T *dvalue, std::size_t dvalue_stride, T *dgate,
                              std::size_t dgate_stride, float *dparams) noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return activ_backward_gated(fn, params, rows, columns, value, value_stride, gate, gate_stride, dy, dy_stride,
                                    dvalue, dvalue_stride, dgate, dgate_stride, dparams);
    else
        return activ_backward_gated_as(fn, params, dtype_of<T>(), rows, columns, value, value_stride, gate, gate_stride,
                                       dy, dy_stride, dvalue, dvalue_stride, dgate, dgate_stride, dparams);
}

/* The calls on arrays of float, float16 or bfloat16, all of a call being of one type, but for parameters. */
template <class Self, class T> class typed_calls {
public:
    /* ---- elementwise ---- */

    result<void> try_forward(span<const T> x, span<T> y) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("forward", f); why.status() != ACTIV_OK)
            return why;
        if (y.size() != x.size())
            return lengths("forward", "y", y.size(), "x", x.size());
        return watched(f, "forward", [&] {
            const activ_status status = c_forward(f.fn, f.params.data(), x.size(), x.data(), y.data());
            if (status == ACTIV_OK)
                return failure::none();
            if (failure why = needs_rows("forward", f.fn); why.status() != ACTIV_OK)
                return why;
            activ_forward_args args = forward_args<T>(f, x.size() > 0, x.size());
            args.x = floats(x.data());
            args.y = floats(y.data());
            return ask("forward", f.fn, status, args);
        });
    }
    /* dx: may be none. dparams: added to; none if not wanted. */
    result<void> try_backward(span<const T> x, span<const T> dy, optional_span<T> dx,
                              optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (dy.size() != x.size())
            return lengths("backward", "dy", dy.size(), "x", x.size());
        if (dx && dx.count() != x.size())
            return lengths("backward", "dx", dx.count(), "x", x.size());
        return watched(f, "backward", [&] {
            const activ_status status =
                c_backward(f.fn, f.params.data(), x.size(), x.data(), dy.data(), dx.data(), dparams.data());
            if (status == ACTIV_OK)
                return failure::none();
            if (failure why = needs_rows("backward", f.fn); why.status() != ACTIV_OK)
                return why;
            activ_backward_args args = backward_args<T>(f, x.size() > 0, x.size(), dparams);
            args.x = floats(x.data());
            args.dy = floats(dy.data());
            args.dx = floats(dx.data());
            return ask("backward", f.fn, status, args);
        });
    }

    /* ---- row-wise ---- */

    result<void> try_forward_rows(matrix<const T> x, matrix<T> y) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("forward_rows", f); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_rows("forward_rows", "x", x); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("forward_rows", "y", y, "x", x); why.status() != ACTIV_OK)
            return why;
        return watched(f, "forward_rows", [&] {
            const activ_status status = c_forward_rows(f.fn, f.params.data(), x.rows(), x.columns(), x.data(),
                                                       x.stride(), y.data(), y.stride());
            if (status == ACTIV_OK)
                return failure::none();
            activ_forward_args args = forward_args<T>(f, x.rows(), x.columns());
            args.x = floats(x.data());
            args.x_stride = x.stride();
            args.y = floats(y.data());
            args.y_stride = y.stride();
            return ask("forward_rows", f.fn, status, args);
        });
    }
    result<void> try_backward_rows(matrix<const T> x, matrix<const T> dy, optional_matrix<T> dx,
                                   optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward_rows", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_rows("backward_rows", "x", x); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_rows", "dy", dy, "x", x); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_rows", "dx", dx, "x", x); why.status() != ACTIV_OK)
            return why;
        return watched(f, "backward_rows", [&] {
            const activ_status status =
                c_backward_rows(f.fn, f.params.data(), x.rows(), x.columns(), x.data(), x.stride(), dy.data(),
                                dy.stride(), dx.data(), dx.stride(), dparams.data());
            if (status == ACTIV_OK)
                return failure::none();
            activ_backward_args args = backward_args<T>(f, x.rows(), x.columns(), dparams);
            args.x = floats(x.data());
            args.x_stride = x.stride();
            args.dy = floats(dy.data());
            args.dy_stride = dy.stride();
            args.dx = floats(dx.data());
            args.dx_stride = dx.stride();
            return ask("backward_rows", f.fn, status, args);
        });
    }

    /* ---- gated ---- */

    /* y = value * act(gate). The halves of an array m of rows of 2C values: matrix(span(m), rows, C, 2C), and the same
     * of what is left of m from element C on. */
    result<void> try_forward_gated(matrix<const T> value, matrix<const T> gate, matrix<T> y) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("forward_gated", f); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_rows("forward_gated", "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("forward_gated", "gate", gate, "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("forward_gated", "y", y, "value", value); why.status() != ACTIV_OK)
            return why;
        return watched(f, "forward_gated", [&] {
            const activ_status status =
                c_forward_gated(f.fn, f.params.data(), value.rows(), value.columns(), value.data(), value.stride(),
                                gate.data(), gate.stride(), y.data(), y.stride());
            if (status == ACTIV_OK)
                return failure::none();
            if (failure why = needs_gate("forward_gated", f.fn); why.status() != ACTIV_OK)
                return why;
            activ_forward_args args = forward_args<T>(f, value.rows(), value.columns());
            args.x = floats(value.data());
            args.x_stride = value.stride();
            args.gate = floats(gate.data());
            args.gate_stride = gate.stride();
            args.y = floats(y.data());
            args.y_stride = y.stride();
            return ask("forward_gated", f.fn, status, args);
        });
    }
    result<void> try_backward_gated(matrix<const T> value, matrix<const T> gate, matrix<const T> dy,
                                    optional_matrix<T> dvalue, optional_matrix<T> dgate,
                                    optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward_gated", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_rows("backward_gated", "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_gated", "gate", gate, "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_gated", "dy", dy, "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_gated", "dvalue", dvalue, "value", value); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_gated", "dgate", dgate, "value", value); why.status() != ACTIV_OK)
            return why;
        return watched(f, "backward_gated", [&] {
            const activ_status status =
                c_backward_gated(f.fn, f.params.data(), value.rows(), value.columns(), value.data(), value.stride(),
                                 gate.data(), gate.stride(), dy.data(), dy.stride(), dvalue.data(), dvalue.stride(),
                                 dgate.data(), dgate.stride(), dparams.data());
            if (status == ACTIV_OK)
                return failure::none();
            if (failure why = needs_gate("backward_gated", f.fn); why.status() != ACTIV_OK)
                return why;
            activ_backward_args args = backward_args<T>(f, value.rows(), value.columns(), dparams);
            args.x = floats(value.data());
            args.x_stride = value.stride();
            args.gate = floats(gate.data());
            args.gate_stride = gate.stride();
            args.dy = floats(dy.data());
            args.dy_stride = dy.stride();
            args.dx = floats(dvalue.data());
            args.dx_stride = dvalue.stride();
            args.dgate = floats(dgate.data());
            args.dgate_stride = dgate.stride();
            return ask("backward_gated", f.fn, status, args);
        });
    }

#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    void forward(span<const T> x, span<T> y) const
    {
        try_forward(x, y).value();
    }
    void backward(span<const T> x, span<const T> dy, optional_span<T> dx, optional_span<float> dparams = none) const
    {
        try_backward(x, dy, dx, dparams).value();
    }
    void forward_rows(matrix<const T> x, matrix<T> y) const
    {
        try_forward_rows(x, y).value();
    }
    void backward_rows(matrix<const T> x, matrix<const T> dy, optional_matrix<T> dx,
                       optional_span<float> dparams = none) const
    {
        try_backward_rows(x, dy, dx, dparams).value();
    }
    void forward_gated(matrix<const T> value, matrix<const T> gate, matrix<T> y) const
    {
        try_forward_gated(value, gate, y).value();
    }
    void backward_gated(matrix<const T> value, matrix<const T> gate, matrix<const T> dy, optional_matrix<T> dvalue,
                        optional_matrix<T> dgate, optional_span<float> dparams = none) const
    {
        try_backward_gated(value, gate, dy, dvalue, dgate, dparams).value();
    }
#endif

private:
    callee self() const noexcept
    {
        return static_cast<const Self &>(*this).callee_();
    }
};

template <class Self, class... T> class all_typed_calls : public typed_calls<Self, T>... {
public:
    using typed_calls<Self, T>::try_forward...;
    using typed_calls<Self, T>::try_backward...;
    using typed_calls<Self, T>::try_forward_rows...;
    using typed_calls<Self, T>::try_backward_rows...;
    using typed_calls<Self, T>::try_forward_gated...;
    using typed_calls<Self, T>::try_backward_gated...;
#ifndef ACTIV_NO_EXCEPTIONS
    using typed_calls<Self, T>::forward...;
    using typed_calls<Self, T>::backward...;
    using typed_calls<Self, T>::forward_rows...;
    using typed_calls<Self, T>::backward_rows...;
    using typed_calls<Self, T>::forward_gated...;
    using typed_calls<Self, T>::backward_gated...;
#endif
};

/* All calls, and the questions: of a function, and of a view of one. Self has callee_(). */
template <class Self> class calls : public all_typed_calls<Self, float, float16, bfloat16> {
    using typed = all_typed_calls<Self, float, float16, bfloat16>;

public:
    using typed::try_backward;
    using typed::try_forward;
#ifndef ACTIV_NO_EXCEPTIONS
    using typed::backward;
    using typed::forward;
#endif

    /* With parameters per channel: the arrays are samples of channels x inner values. */
    result<void> try_forward_channels(span<const float> x, span<float> y, std::size_t channels,
                                      std::size_t inner = 1) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("forward_channels", f); why.status() != ACTIV_OK)
            return why;
        if (y.size() != x.size())
            return lengths("forward_channels", "y", y.size(), "x", x.size());
        std::size_t outer = 0;
        if (failure why = samples("forward_channels", x.size(), channels, inner, &outer); why.status() != ACTIV_OK)
            return why;
        if (failure why = needs_rows("forward", f.fn); why.status() != ACTIV_OK)
            return why;
        activ_forward_args args = forward_args(f, outer * channels, inner);
        args.channels = channels;
        args.x = x.data();
        args.y = y.data();
        return watched(f, "forward_channels", [&] { return run("forward_channels", f.fn, args); });
    }
    result<void> try_backward_channels(span<const float> x, span<const float> dy, optional_span<float> dx,
                                       std::size_t channels, std::size_t inner = 1,
                                       optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward_channels", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (dy.size() != x.size())
            return lengths("backward_channels", "dy", dy.size(), "x", x.size());
        if (dx && dx.count() != x.size())
            return lengths("backward_channels", "dx", dx.count(), "x", x.size());
        std::size_t outer = 0;
        if (failure why = samples("backward_channels", x.size(), channels, inner, &outer); why.status() != ACTIV_OK)
            return why;
        if (failure why = needs_rows("backward", f.fn); why.status() != ACTIV_OK)
            return why;
        activ_backward_args args = backward_args(f, outer * channels, inner, dparams);
        args.channels = channels;
        args.x = x.data();
        args.dy = dy.data();
        args.dx = dx.data();
        return watched(f, "backward_channels", [&] { return run("backward_channels", f.fn, args); });
    }

    /* Training mode, where random functions draw. noise: of a random function as long as x; else it may be none. */
    result<void> try_forward_train(span<const float> x, span<float> y, optional_span<float> noise, std::uint64_t seed,
                                   std::uint64_t stream = 0, std::uint64_t index = 0) const noexcept
    {
        const callee f = self();
        if (failure why = check_training("forward_train", f, noise.count(), static_cast<bool>(noise), x.size());
            why.status() != ACTIV_OK)
            return why;
        if (y.size() != x.size())
            return lengths("forward_train", "y", y.size(), "x", x.size());
        activ_forward_args args = forward_args(f, x.size() > 0, x.size());
        args.x = x.data();
        args.y = y.data();
        args.noise = noise.data();
        args.seed = seed;
        args.stream = stream;
        args.index = index;
        return watched(f, "forward_train", [&] { return run("forward_train", f.fn, args); });
    }
    result<void> try_backward_train(span<const float> x, optional_span<const float> noise, span<const float> dy,
                                    optional_span<float> dx, optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward_train", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_training("backward_train", f, noise.count(), static_cast<bool>(noise), x.size());
            why.status() != ACTIV_OK)
            return why;
        if (dy.size() != x.size())
            return lengths("backward_train", "dy", dy.size(), "x", x.size());
        if (dx && dx.count() != x.size())
            return lengths("backward_train", "dx", dx.count(), "x", x.size());
        activ_backward_args args = backward_args(f, x.size() > 0, x.size(), dparams);
        args.x = x.data();
        args.noise = noise.data();
        args.dy = dy.data();
        args.dx = dx.data();
        return watched(f, "backward_train", [&] { return run("backward_train", f.fn, args); });
    }

    /* From y = f(x), where x is gone: for the functions that fn.h names. */
    result<void> try_backward_from_y(matrix<const float> y, matrix<const float> dy, optional_matrix<float> dx,
                                     optional_span<float> dparams = none) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward_from_y", f, dparams); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_rows("backward_from_y", "y", y); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_from_y", "dy", dy, "y", y); why.status() != ACTIV_OK)
            return why;
        if (failure why = check_same("backward_from_y", "dx", dx, "y", y); why.status() != ACTIV_OK)
            return why;
        activ_backward_args args = backward_args(f, y.rows(), y.columns(), dparams);
        args.y = y.data();
        args.y_stride = y.stride();
        args.dy = dy.data();
        args.dy_stride = dy.stride();
        args.dx = dx.data();
        args.dx_stride = dx.stride();
        return watched(f, "backward_from_y", [&] { return run("backward_from_y", f.fn, args); });
    }

    /* ---- all arguments, as in C ---- */

    /* For what has no call of its own (accumulate). Pointers: nothing checks their lengths. params: those of with(),
     * if there are any. */
    result<void> try_forward(activ_forward_args args) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("forward", f); why.status() != ACTIV_OK)
            return why;
        if (f.params)
            args.params = f.params.data();
        return watched(f, "forward", [&] { return run("forward", f.fn, args); });
    }
    result<void> try_backward(activ_backward_args args) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("backward", f); why.status() != ACTIV_OK)
            return why;
        if (f.params)
            args.params = f.params.data();
        return watched(f, "backward", [&] { return run("backward", f.fn, args); });
    }

    /* ---- parameters ---- */

    /* The initial values: param_count of them. */
    result<void> try_param_init(span<float> params, std::uint64_t seed = 0) const noexcept
    {
        const callee f = self();
        if (failure why = check_callee("param_init", f); why.status() != ACTIV_OK)
            return why;
        const std::size_t count = activ_fn_param_count(f.fn);
        if (params.size() != count)
            return lengths("param_init", "params", params.size(), activ_fn_spec(f.fn), count);
        if (count == 0)
            return {};
        return watched(f, "param_init", [&] {
            const activ_status status = activ_fn_param_init(f.fn, seed, params.data());
            return status == ACTIV_OK ? failure::none() : failed("param_init", status, nullptr);
        });
    }

#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    void forward_channels(span<const float> x, span<float> y, std::size_t channels, std::size_t inner = 1) const
    {
        try_forward_channels(x, y, channels, inner).value();
    }
    void backward_channels(span<const float> x, span<const float> dy, optional_span<float> dx, std::size_t channels,
                           std::size_t inner = 1, optional_span<float> dparams = none) const
    {
        try_backward_channels(x, dy, dx, channels, inner, dparams).value();
    }
    void forward_train(span<const float> x, span<float> y, optional_span<float> noise, std::uint64_t seed,
                       std::uint64_t stream = 0, std::uint64_t index = 0) const
    {
        try_forward_train(x, y, noise, seed, stream, index).value();
    }
    void backward_train(span<const float> x, optional_span<const float> noise, span<const float> dy,
                        optional_span<float> dx, optional_span<float> dparams = none) const
    {
        try_backward_train(x, noise, dy, dx, dparams).value();
    }
    void backward_from_y(matrix<const float> y, matrix<const float> dy, optional_matrix<float> dx,
                         optional_span<float> dparams = none) const
    {
        try_backward_from_y(y, dy, dx, dparams).value();
    }
    void forward(const activ_forward_args &args) const
    {
        try_forward(args).value();
    }
    void backward(const activ_backward_args &args) const
    {
        try_backward(args).value();
    }
    void param_init(span<float> params, std::uint64_t seed = 0) const
    {
        try_param_init(params, seed).value();
    }
    /* The initial values in a new array. */
    std::vector<float> params(std::uint64_t seed = 0) const
    {
        std::vector<float> values(param_count());
        try_param_init(values, seed).value();
        return values;
    }
#endif

    /* ---- questions, all of which an empty function answers with nothing ---- */

    /* The canonical text, which makes the same function again. */
    std::string_view spec() const noexcept
    {
        return view(activ_fn_spec(get()));
    }
    std::size_t param_count() const noexcept
    {
        return activ_fn_param_count(get());
    }
    bool is_random() const noexcept
    {
        return activ_fn_is_random(get()) != 0;
    }
    std::size_t channels() const noexcept
    {
        return activ_fn_channels(get());
    }
    /* Its entry in the catalog. */
    activ_fn_info info() const noexcept
    {
        activ_fn_info info = ACTIV_FN_INFO_INIT;
        (void)activ_fn_info_of(get(), &info);
        return info;
    }
    /* for (const activ_setting_info &s : f.settings()). Of a view, as a list of what belongs to the function. */
    listing<callee, activ_setting_info, setting_at> settings() const noexcept
    {
        return { self(), activ_fn_setting_count(get()) };
    }
    listing<callee, activ_fn_tensor_info, param_tensor_at> param_tensors() const noexcept
    {
        return { self(), activ_fn_param_tensor_count(get()) };
    }
    /* The functions that it is made of. */
    std::size_t function_count() const noexcept
    {
        return activ_fn_function_count(get());
    }
    inline function_view function_at(std::size_t i) const noexcept;
    /* f' as a function, with the parameters of f; it starts at f's initial values, that of f.with(params) too. It
     * keeps what f keeps. */
    inline result<function> try_derivative() const noexcept;
#ifndef ACTIV_NO_EXCEPTIONS
    inline function derivative() const;
#endif

    /* For C calls. */
    const activ_fn *get() const noexcept
    {
        return self().fn;
    }
    /* A layer of a network: activ::node x = relu(x). */
    template <class Node> auto operator()(const Node &x) const -> decltype(x.apply(std::declval<const Self &>()))
    {
        return x.apply(static_cast<const Self &>(*this));
    }

private:
    callee self() const noexcept
    {
        return static_cast<const Self &>(*this).callee_();
    }
    static failure samples(const char *call, std::size_t count, std::size_t channels, std::size_t inner,
                           std::size_t *outer) noexcept
    {
        *outer = 0;
        if (count == 0)
            return failure::none();
        const bool fits = channels > 0 && inner > 0 && channels <= count / inner && count % (channels * inner) == 0;
        if (!fits)
            return fail(ACTIV_ERROR_SHAPE, "%s: x has %zu values, which are not samples of %zu channels x %zu", call,
                        count, channels, inner);
        *outer = count / (channels * inner);
        return failure::none();
    }
    static failure check_training(const char *call, const callee &f, std::size_t noise, bool given,
                                  std::size_t count) noexcept
    {
        if (failure why = check_callee(call, f); why.status() != ACTIV_OK)
            return why;
        if (failure why = needs_rows(call, f.fn); why.status() != ACTIV_OK)
            return why;
        const bool wanted = activ_fn_is_random(f.fn) != 0;
        if (noise != count && (given || wanted))
            return lengths(call, "noise", noise, "x", count);
        return failure::none();
    }
};

} // namespace detail

/* A function of somebody else's, and the parameters to call it with: what f.with(params) gives. As a string_view, it
 * has to go before what it looks at. */
class function_view : public detail::calls<function_view> {
public:
    function_view() noexcept = default;
    /* A function that C code has. */
    explicit function_view(const activ_fn *fn) noexcept
    {
        callee_data_.fn = fn;
    }
    /* The shared one of this name with its default settings, which is always there (activ_fn_default); empty if there
     * is none of the name. */
    static function_view named(text name) noexcept
    {
        return function_view(activ_fn_default(name.c_str()));
    }
    /* Called with these parameters instead of the initial ones. */
    function_view with(span<const float> params) const noexcept
    {
        function_view other = *this;
        other.callee_data_.params = optional_span<const float>(params);
        return other;
    }
    explicit operator bool() const noexcept
    {
        return callee_data_.fn != nullptr;
    }
    /* For the other headers. */
    explicit function_view(const detail::callee &callee) noexcept : callee_data_(callee)
    {
    }
    detail::callee callee_() const noexcept
    {
        return callee_data_;
    }

private:
    detail::callee callee_data_;
};

template <class Self> function_view detail::calls<Self>::function_at(std::size_t i) const noexcept
{
    callee part = self();
    part.fn = activ_fn_function(part.fn, i);
    part.params = none;
    return function_view(part);
}

/* A function that is made from its spec: "gelu", "leaky_relu(negative_slope=0.2)", "moe(relu, tanh)", a formula as
 * "x*tanh(exp(x))"; or of the caller's own code. Move-only, never changed, used by any number of threads. */
class function : public detail::calls<function> {
public:
    /* None; using it is an error. */
    function() noexcept = default;
    function(function &&) noexcept = default;
    function &operator=(function &&other) noexcept
    {
        fn_ = std::move(other.fn_);
        own_ = std::move(other.own_);
        return *this;
    }

    static result<function> try_create(text spec, const context &ctx = context()) noexcept
    {
        return detail::make<function, activ_fn>("function", ctx,
                                                [&](const activ_context *c, activ_fn **out, activ_message *why) {
                                                    return activ_fn_create_ex(c, spec.c_str(), out, why);
                                                });
    }
    static result<function> try_create(const custom &own, const context &ctx = context()) noexcept
    {
        if (!own)
            return detail::is_empty("function", "custom function");
        const detail::custom_state &state = *own.state();
        auto made = detail::make<function, activ_fn>(
            "function", ctx, [&](const activ_context *c, activ_fn **out, activ_message *why) {
                return activ_fn_create_custom_ex(c, state.definition.name, &state.callbacks, state.definition.user, out,
                                                 why);
            });
        if (made)
            made->own_ = detail::keeper(own.state());
        return made;
    }
#ifndef ACTIV_NO_EXCEPTIONS
    explicit function(text spec, const context &ctx = context()) : function(try_create(spec, ctx).value())
    {
    }
    explicit function(const custom &own, const context &ctx = context()) : function(try_create(own, ctx).value())
    {
    }
#endif
    /* Takes over a function that C code has made. */
    static function adopt(activ_fn *fn) noexcept
    {
        return function(fn, detail::keeper());
    }
    explicit operator bool() const noexcept
    {
        return fn_.get() != nullptr;
    }
    operator function_view() const noexcept
    {
        return function_view(callee_());
    }
    /* What these list belongs to the function. Of a temporary one it would be gone before a loop over it begins. */
    auto settings() const &noexcept
    {
        return calls::settings();
    }
    void settings() const && = delete;
    auto param_tensors() const &noexcept
    {
        return calls::param_tensors();
    }
    void param_tensors() const && = delete;
    /* Called with these parameters instead of the initial ones. Not longer than the function lives. */
    function_view with(span<const float> params) const noexcept
    {
        return function_view(callee_()).with(params);
    }
    /* For the other headers. */
    function(activ_fn *fn, detail::keeper keep, detail::keeper own = detail::keeper()) noexcept
        : own_(std::move(own)), fn_(fn, std::move(keep))
    {
    }
    detail::callee callee_() const noexcept
    {
        detail::callee c;
        c.fn = fn_.get();
        c.host = fn_.keep();
        c.own = own_.get();
        return c;
    }

private:
    detail::keeper own_; /* let go after the function */
    detail::owner<activ_fn, activ_fn_destroy> fn_;
};

template <class Self> result<function> detail::calls<Self>::try_derivative() const noexcept
{
    const callee f = self();
    if (!f.fn)
        return is_empty("derivative", "function");
    activ_fn *raw = nullptr;
    words why;
    const activ_status status = activ_fn_derivative_ex(f.fn, &raw, &why);
    if (status != ACTIV_OK)
        return failed("derivative", status, why.text);
    return function(raw, keeper(f.host), keeper(f.own));
}
#ifndef ACTIV_NO_EXCEPTIONS
template <class Self> function detail::calls<Self>::derivative() const
{
    return try_derivative().value();
}
#endif

namespace detail {
struct no_owner {};
inline activ_fn_info catalog_at(const no_owner &, std::size_t i) noexcept
{
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    (void)activ_fn_catalog(i, &info);
    return info;
}
} // namespace detail

/* All functions: for (const activ_fn_info &f : activ::catalog()) std::puts(f.name). */
inline detail::listing<detail::no_owner, activ_fn_info, detail::catalog_at> catalog() noexcept
{
    std::size_t count = 0;
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    while (activ_fn_catalog(count, &info) == ACTIV_OK)
        count++;
    return { detail::no_owner(), count };
}

} // namespace activ

#endif
