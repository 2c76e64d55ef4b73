/* libactiv for C++: types of numbers, and from one to another. dtype.h says what the call does.
 *
 *     std::vector<activ::bfloat16> kept(weights.size());
 *     activ::convert(weights, kept);                    // float16, bfloat16, float, double: each to any of them */
#ifndef ACTIV_DTYPE_HPP
#define ACTIV_DTYPE_HPP

#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "dtype.h"
#include "status.hpp"

namespace activ {

namespace detail {

/* A number of 16 bits as it is kept; there is no arithmetic. */
template <activ_dtype type> struct half {
    std::uint16_t bits;

    half() noexcept = default;
    explicit half(float value) noexcept
    {
        activ_convert(1, ACTIV_FLOAT32, &value, type, &bits);
    }
    explicit operator float() const noexcept
    {
        float value = 0;
        activ_convert(1, type, &bits, ACTIV_FLOAT32, &value);
        return value;
    }
    static constexpr half of_bits(std::uint16_t pattern) noexcept
    {
        half made{};
        made.bits = pattern;
        return made;
    }
};

} // namespace detail

/* Elements of arrays: of two bytes, `bits`. activ::float16(1.5f) rounds; float(h) is exact; of_bits(0x3e00) is that
 * number. Of whole arrays convert, which is faster. */
using float16 = detail::half<ACTIV_FLOAT16>;
using bfloat16 = detail::half<ACTIV_BFLOAT16>;

namespace detail {

template <class T> constexpr activ_dtype dtype_of() noexcept
{
    using V = std::remove_cv_t<T>;
    if constexpr (std::is_same_v<V, float>)
        return ACTIV_FLOAT32;
    else if constexpr (std::is_same_v<V, double>)
        return ACTIV_FLOAT64;
    else if constexpr (std::is_same_v<V, float16>)
        return ACTIV_FLOAT16;
    else if constexpr (std::is_same_v<V, bfloat16>)
        return ACTIV_BFLOAT16;
    else if constexpr (std::is_same_v<V, std::int32_t>)
        return ACTIV_INT32;
    else if constexpr (std::is_same_v<V, std::int64_t>)
        return ACTIV_INT64;
    else {
        static_assert(std::is_same_v<V, std::uint8_t>,
                      "elements are float, double, activ::float16, activ::bfloat16, int32_t, int64_t or uint8_t");
        return ACTIV_UINT8;
    }
}

template <class T>
inline constexpr bool is_real_v = std::is_floating_point_v<T> || std::is_same_v<std::remove_cv_t<T>, float16> ||
                                  std::is_same_v<std::remove_cv_t<T>, bfloat16>;

template <class C> using element_of = std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>;

} // namespace detail

/* y[i] = x[i] in y's type, rounded once. Arrays of one length, of whatever spans are made of. */
template <class From, class To> result<void> try_convert(const From &x, To &&y) noexcept
{
    using source = detail::element_of<const From>;
    using target = detail::element_of<To>;
    static_assert(detail::is_real_v<source> && detail::is_real_v<target>,
                  "convert takes arrays of float, double, activ::float16 and activ::bfloat16");
    const span<const source> from(x);
    const span<target> to(y);
    if (from.size() != to.size())
        return detail::lengths("convert", "x", from.size(), "y", to.size());
    return detail::outcome(
        "convert",
        activ_convert(from.size(), detail::dtype_of<source>(), from.data(), detail::dtype_of<target>(), to.data()),
        nullptr);
}

#ifndef ACTIV_NO_EXCEPTIONS
/* The same, throwing. */
template <class From, class To> void convert(const From &x, To &&y)
{
    try_convert(x, y).value();
}
#endif

} // namespace activ

#endif
