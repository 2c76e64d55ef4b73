/* libactiv for C++: random numbers, initial values of weights, and which library and which CPU this is. random.h,
 * init.h, cpu.h and version.h say what each call does. */
#ifndef ACTIV_RANDOM_HPP
#define ACTIV_RANDOM_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "context.hpp"
#include "cpu.h"
#include "init.h"
#include "random.h"
#include "status.hpp"
#include "version.h"

namespace activ {

inline result<void> try_random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, float low,
                                       float high, span<float> out) noexcept
{
    return detail::outcome("random_uniform",
                           activ_random_uniform(seed, stream, index, out.size(), low, high, out.data()), nullptr);
}

inline result<void> try_random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, float mean,
                                      float deviation, span<float> out) noexcept
{
    return detail::outcome("random_normal",
                           activ_random_normal(seed, stream, index, out.size(), mean, deviation, out.data()), nullptr);
}

inline result<void> try_random_permutation(std::uint64_t seed, std::uint64_t stream, span<std::uint32_t> out) noexcept
{
    return detail::outcome("random_permutation", activ_random_permutation(seed, stream, out.size(), out.data()),
                           nullptr);
}

/* Fills a row-major tensor: `values` has to be as long as the shape says. */
inline result<void> try_init_tensor(activ_init_scheme scheme, float gain, const shape &shape, std::uint64_t seed,
                                    std::uint64_t stream, span<float> values, const context &ctx = context()) noexcept
{
    if (ctx.is_moved_from())
        return detail::is_empty("init_tensor", "context");
    if (shape.size() <= ACTIV_MAX_DIMS && shape.count() != values.size())
        return detail::lengths("init_tensor", "the array", values.size(), "the shape", shape.count());
    detail::words why;
    const activ_status status =
        activ_init_tensor(ctx.get(), scheme, gain, shape.size(), shape.data(), seed, stream, values.data(), &why);
    return detail::outcome("init_tensor", status, why.text);
}

#ifndef ACTIV_NO_EXCEPTIONS
inline void random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, float low, float high,
                           span<float> out)
{
    try_random_uniform(seed, stream, index, low, high, out).value();
}
inline void random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, float mean, float deviation,
                          span<float> out)
{
    try_random_normal(seed, stream, index, mean, deviation, out).value();
}
inline void random_permutation(std::uint64_t seed, std::uint64_t stream, span<std::uint32_t> out)
{
    try_random_permutation(seed, stream, out).value();
}
inline void init_tensor(activ_init_scheme scheme, float gain, const shape &shape, std::uint64_t seed,
                        std::uint64_t stream, span<float> values, const context &ctx = context())
{
    try_init_tensor(scheme, gain, shape, seed, stream, values, ctx).value();
}
#endif

inline std::uint32_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) noexcept
{
    return activ_random_bits(seed, stream, index);
}

inline float init_gain(activ_init_scheme scheme) noexcept
{
    return activ_init_gain(scheme);
}

/* "avx2": what runs where no context sets a limit. */
inline std::string_view tier() noexcept
{
    return detail::view(activ_tier());
}

/* The ceiling that ACTIV_MAX_TIER sets; empty if there is none. */
inline std::string_view max_tier() noexcept
{
    return detail::view(activ_max_tier());
}

namespace detail {
struct machine {};
inline std::string_view tier_at(const machine &, std::size_t i) noexcept
{
    return view(activ_tier_at(i));
}
} // namespace detail

/* All that this machine can run, the slowest first. */
inline detail::listing<detail::machine, std::string_view, detail::tier_at> tiers() noexcept
{
    std::size_t count = 0;
    while (activ_tier_at(count))
        count++;
    return { detail::machine(), count };
}

/* Of the library that runs: "0.2.0". */
inline std::string_view version() noexcept
{
    return detail::view(activ_version_string());
}

} // namespace activ

#endif
