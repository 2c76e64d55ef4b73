/* libactiv for C++: looking inside a network. analysis.h says what each accumulator counts, and how exactly.
 *
 *     activ::stats gradients;
 *     g.train(pixels, labels);
 *     gradients.add(g.grads());
 *     std::printf("%g\n", gradients.info().rms);
 *
 *     activ::graph_neurons all(g);                      // dead neurons of all layers
 *     g.forward(pixels, scores);
 *     all.add();
 *     for (const auto &layer : all.layers()) std::printf("%zu dead\n", layer.dead);
 *
 * Accumulators are move-only. */
#ifndef ACTIV_ANALYSIS_HPP
#define ACTIV_ANALYSIS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#ifndef ACTIV_NO_EXCEPTIONS
#    include <vector>
#endif

#include "analysis.h"
#include "context.hpp"
#include "fn.hpp"
#include "graph.hpp"
#include "keep.hpp"
#include "status.hpp"

namespace activ {

/* ---- layers ------------------------------------------------------------------------------------------------------ */

/* All that a graph holds of a node, not copied; empty where analysis.h says NULL. */
struct layer_view {
    std::string_view name, kind;
    function_view function;
    span<const std::size_t> shape;
    std::size_t width = 0, batch = 0;
    span<const float> values, value_grads; /* batch x width */
    span<const float> params, param_grads;
    std::size_t first_param = 0, first_tensor = 0, tensor_count = 0;
};

inline result<layer_view> try_view_layer(const graph &g, const node &x) noexcept
{
    if (!g)
        return detail::is_empty("view_layer", "graph");
    activ_layer_view v = ACTIV_LAYER_VIEW_INIT;
    const activ_node id = x && x.graph() == g.state().get() ? x.id() : -1;
    const activ_status status = activ_graph_layer_view(g.get(), id, &v);
    if (status == ACTIV_ERROR_STATE)
        return failure(status, "view_layer: the graph is not compiled");
    if (status != ACTIV_OK)
        return detail::fail(status, "view_layer: no node of this graph");
    layer_view own;
    own.name = detail::view(v.name);
    own.kind = detail::view(v.kind);
    own.function = g.function_of(x);
    own.shape = { v.shape, v.ndim };
    own.width = v.width;
    own.batch = v.batch;
    own.values = { v.values, v.values ? v.batch * v.width : 0 };
    own.value_grads = { v.value_grads, v.value_grads ? v.batch * v.width : 0 };
    own.params = { v.params, v.params ? v.param_count : 0 };
    own.param_grads = { v.param_grads, v.param_grads ? v.param_count : 0 };
    own.first_param = v.first_param;
    own.first_tensor = v.first_tensor;
    own.tensor_count = v.tensor_count;
    return own;
}

/* ---- accumulators ------------------------------------------------------------------------------------------------ */

namespace detail {

/* What they have in common: a handle, add, merge, reset. */
template <class Self, class Raw, void (*destroy)(Raw *), activ_status (*c_merge)(Raw *, const Raw *),
          activ_status (*c_reset)(Raw *)>
class accumulator {
public:
    /* Adds what was added to `from`, which was made with the same arguments. */
    result<void> try_merge(const Self &from) noexcept
    {
        if (!raw_.get() || !from.get())
            return is_empty("merge", "accumulator");
        const activ_status status = c_merge(raw_.get(), from.get());
        if (status == ACTIV_ERROR_SHAPE)
            return failure(status, "merge: the accumulators were made with other arguments");
        return outcome("merge", status, nullptr);
    }
    result<void> try_reset() noexcept
    {
        if (!raw_.get())
            return is_empty("reset", "accumulator");
        return outcome("reset", c_reset(raw_.get()), nullptr);
    }
#ifndef ACTIV_NO_EXCEPTIONS
    void merge(const Self &from)
    {
        try_merge(from).value();
    }
    void reset()
    {
        try_reset().value();
    }
#endif
    explicit operator bool() const noexcept
    {
        return raw_.get() != nullptr;
    }
    /* For C calls. */
    Raw *get() noexcept
    {
        return raw_.get();
    }
    const Raw *get() const noexcept
    {
        return raw_.get();
    }

protected:
    accumulator() noexcept = default;
    accumulator(Raw *raw, keeper keep) noexcept : raw_(raw, std::move(keep))
    {
    }

private:
    owner<Raw, destroy> raw_;
};

/* With add(values), too. */
template <class Self, class Raw, void (*destroy)(Raw *), activ_status (*c_add)(Raw *, std::size_t, const float *),
          activ_status (*c_merge)(Raw *, const Raw *), activ_status (*c_reset)(Raw *)>
class value_accumulator : public accumulator<Self, Raw, destroy, c_merge, c_reset> {
public:
    result<void> try_add(span<const float> x) noexcept
    {
        if (!this->get())
            return is_empty("add", "accumulator");
        return outcome("add", c_add(this->get(), x.size(), x.data()), nullptr);
    }
#ifndef ACTIV_NO_EXCEPTIONS
    void add(span<const float> x)
    {
        try_add(x).value();
    }
#endif

protected:
    using accumulator<Self, Raw, destroy, c_merge, c_reset>::accumulator;
};

} // namespace detail

/* What is in a histogram. Arrays are the histogram's, and counts follow what is added later. */
struct histogram_info {
    span<const double> edges; /* one more than bins */
    span<const std::uint64_t> counts;
    std::uint64_t total = 0, under = 0, over = 0, nans = 0;
};

/* bins of equal width. */
class histogram : public detail::value_accumulator<histogram, activ_histogram, activ_histogram_destroy,
                                                   activ_histogram_add, activ_histogram_merge, activ_histogram_reset> {
public:
    /* None; using it is an error. */
    histogram() noexcept = default;
    static result<histogram> try_create(std::size_t bins, double low, double high,
                                        const context &ctx = context()) noexcept
    {
        return detail::make<histogram, activ_histogram>(
            "histogram", ctx, [&](const activ_context *c, activ_histogram **out, activ_message *why) {
                return activ_histogram_create(c, bins, low, high, out, why);
            });
    }
    /* With the bins that suit these values, which are not added. */
    static result<histogram> try_create_auto(span<const float> x, std::size_t max_bins,
                                             const context &ctx = context()) noexcept
    {
        return detail::make<histogram, activ_histogram>(
            "histogram", ctx, [&](const activ_context *c, activ_histogram **out, activ_message *why) {
                return activ_histogram_create_auto(c, x.size(), x.data(), max_bins, out, why);
            });
    }
#ifndef ACTIV_NO_EXCEPTIONS
    histogram(std::size_t bins, double low, double high, const context &ctx = context())
        : histogram(try_create(bins, low, high, ctx).value())
    {
    }
    static histogram create_auto(span<const float> x, std::size_t max_bins, const context &ctx = context())
    {
        return try_create_auto(x, max_bins, ctx).value();
    }
#endif
    /* Of an empty one: nothing. */
    histogram_info info() const noexcept
    {
        activ_histogram_info info = ACTIV_HISTOGRAM_INFO_INIT;
        if (activ_histogram_get(get(), &info) != ACTIV_OK)
            return {};
        return {
            { info.edges, info.bins + 1 }, { info.counts, info.bins }, info.total, info.under, info.over, info.nans
        };
    }
    /* For the other headers. */
    histogram(activ_histogram *raw, detail::keeper keep) noexcept : value_accumulator(raw, std::move(keep))
    {
    }
};

/* The rule for the number of bins by itself. */
inline std::size_t histogram_bins(std::uint64_t n, double low, double high, double q1, double q3,
                                  std::size_t max_bins) noexcept
{
    return activ_histogram_bins(n, low, high, q1, q3, max_bins);
}

/* Count, mean, variance, norm, extremes. */
class stats : public detail::value_accumulator<stats, activ_stats, activ_stats_destroy, activ_stats_add,
                                               activ_stats_merge, activ_stats_reset> {
public:
    static result<stats> try_create(const context &ctx = context()) noexcept
    {
        return detail::make<stats, activ_stats>(
            "stats", ctx,
            [](const activ_context *c, activ_stats **out, activ_message *) { return activ_stats_create(c, out); });
    }
    /* Without exceptions: none; else new ones. */
#ifdef ACTIV_NO_EXCEPTIONS
    stats() noexcept = default;
#else
    stats() : stats(context())
    {
    }
    explicit stats(const context &ctx) : stats(try_create(ctx).value())
    {
    }
#endif
    /* Of an empty one: zeros. */
    activ_stats_info info() const noexcept
    {
        activ_stats_info info = ACTIV_STATS_INFO_INIT;
        (void)activ_stats_get(get(), &info);
        return info;
    }
    /* For the other headers. */
    stats(activ_stats *raw, detail::keeper keep) noexcept : value_accumulator(raw, std::move(keep))
    {
    }
};

/* Median and other quantiles, within a relative error that analysis.h states. */
class quantiles : public detail::value_accumulator<quantiles, activ_quantiles, activ_quantiles_destroy,
                                                   activ_quantiles_add, activ_quantiles_merge, activ_quantiles_reset> {
public:
    static result<quantiles> try_create(std::int32_t precision = ACTIV_QUANTILES_PRECISION,
                                        const context &ctx = context()) noexcept
    {
        auto made = detail::make<quantiles, activ_quantiles>(
            "quantiles", ctx, [&](const activ_context *c, activ_quantiles **out, activ_message *) {
                return activ_quantiles_create(c, precision, out);
            });
        if (made.status() == ACTIV_ERROR_RANGE)
            return detail::fail(ACTIV_ERROR_RANGE, "quantiles: a precision of %d is not 1 to 15",
                                static_cast<int>(precision));
        return made;
    }
    /* Without exceptions: none; else new ones. */
#ifdef ACTIV_NO_EXCEPTIONS
    quantiles() noexcept = default;
#else
    explicit quantiles(std::int32_t precision = ACTIV_QUANTILES_PRECISION, const context &ctx = context())
        : quantiles(try_create(precision, ctx).value())
    {
    }
#endif
    /* values[i] = the quantile of probabilities[i]. */
    result<void> try_at(span<const double> probabilities, span<float> values) const noexcept
    {
        if (!*this)
            return detail::is_empty("at", "accumulator");
        if (values.size() != probabilities.size())
            return detail::lengths("at", "values", values.size(), "probabilities", probabilities.size());
        const activ_status status =
            activ_quantiles_get(get(), probabilities.size(), probabilities.data(), values.data());
        if (status == ACTIV_ERROR_RANGE)
            return failure(status, "at: a probability is not 0 to 1");
        return detail::outcome("at", status, nullptr);
    }
    result<float> try_at(double probability) const noexcept
    {
        float value = 0;
        const result<void> done = try_at({ &probability, 1 }, { &value, 1 });
        if (!done)
            return done.why();
        return value;
    }
#ifndef ACTIV_NO_EXCEPTIONS
    void at(span<const double> probabilities, span<float> values) const
    {
        try_at(probabilities, values).value();
    }
    float at(double probability) const
    {
        return try_at(probability).value();
    }
#endif
    std::uint64_t count() const noexcept
    {
        return activ_quantiles_count(get());
    }
    std::uint64_t nans() const noexcept
    {
        return activ_quantiles_nans(get());
    }
    /* For the other headers. */
    quantiles(activ_quantiles *raw, detail::keeper keep) noexcept : value_accumulator(raw, std::move(keep))
    {
    }
};

/* ---- dead neurons ------------------------------------------------------------------------------------------------ */

/* What is known of a layer's neurons; arrays are the accumulator's, and follow what is added later. */
struct neurons_info {
    std::uint64_t inputs = 0;
    span<const std::uint64_t> active;
    span<const float> peaks;
    std::size_t dead = 0;
};

namespace detail {

inline constexpr activ_neurons_options neurons_defaults = ACTIV_NEURONS_DEFAULTS;

inline neurons_info info_of(const activ_neurons *neurons) noexcept
{
    activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
    if (activ_neurons_get(neurons, &info) != ACTIV_OK)
        return {};
    return {
        info.inputs, { info.active, info.width }, { info.peaks, info.width }, static_cast<std::size_t>(info.dead)
    };
}

/* The first of the neurons that a C call lists go to `indices`; all of them are counted. */
template <class Call> result<std::size_t> listed(const char *call, const activ_neurons *neurons, Call list) noexcept
{
    if (!neurons)
        return is_empty(call, "accumulator");
    std::size_t count = 0;
    const activ_status status = list(&count);
    if (status == ACTIV_ERROR_STATE)
        return fail(status, "%s: there were no inputs yet", call);
    if (status != ACTIV_OK)
        return failed(call, status, nullptr);
    return count;
}

} // namespace detail

/* The neurons of somebody's accumulator, of an `activ::neurons` or of one layer of an `activ::graph_neurons`. */
class neurons_view {
public:
    neurons_view() noexcept = default;
    explicit neurons_view(const activ_neurons *neurons) noexcept : neurons_(neurons)
    {
    }
    neurons_info info() const noexcept
    {
        return detail::info_of(neurons_);
    }
    /* How many are so; as many of their indices as there is room for go to `indices`. */
    result<std::size_t> try_dead(span<std::size_t> indices = {}) const noexcept
    {
        return detail::listed("dead", neurons_, [&](std::size_t *count) {
            return activ_neurons_dead(neurons_, indices.size(), indices.data(), count);
        });
    }
    result<std::size_t> try_quiet(float limit, span<std::size_t> indices = {}) const noexcept
    {
        return detail::listed("quiet", neurons_, [&](std::size_t *count) {
            return activ_neurons_quiet(neurons_, limit, indices.size(), indices.data(), count);
        });
    }
    result<std::size_t> try_rarely_active(double share, span<std::size_t> indices = {}) const noexcept
    {
        return detail::listed("rarely_active", neurons_, [&](std::size_t *count) {
            return activ_neurons_rarely_active(neurons_, share, indices.size(), indices.data(), count);
        });
    }
#ifndef ACTIV_NO_EXCEPTIONS
    /* Their indices. */
    std::vector<std::size_t> dead() const
    {
        std::vector<std::size_t> indices(try_dead().value());
        (void)try_dead(indices).value();
        return indices;
    }
    std::vector<std::size_t> quiet(float limit) const
    {
        std::vector<std::size_t> indices(try_quiet(limit).value());
        (void)try_quiet(limit, indices).value();
        return indices;
    }
    std::vector<std::size_t> rarely_active(double share) const
    {
        std::vector<std::size_t> indices(try_rarely_active(share).value());
        (void)try_rarely_active(share, indices).value();
        return indices;
    }
#endif
    const activ_neurons *get() const noexcept
    {
        return neurons_;
    }

private:
    const activ_neurons *neurons_ = nullptr;
};

/* The neurons of one layer. Ask view(). */
class neurons : public detail::accumulator<neurons, activ_neurons, activ_neurons_destroy, activ_neurons_merge,
                                           activ_neurons_reset> {
public:
    /* None; using it is an error. */
    neurons() noexcept = default;
    static result<neurons> try_create(std::size_t width, float threshold = detail::neurons_defaults.threshold,
                                      const context &ctx = context()) noexcept
    {
        activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
        options.threshold = threshold;
        return detail::make<neurons, activ_neurons>("neurons", ctx,
                                                    [&](const activ_context *c, activ_neurons **out, activ_message *) {
                                                        return activ_neurons_create(c, width, &options, out);
                                                    });
    }
    /* The outputs for some inputs: rows of `width` values. */
    result<void> try_add(matrix<const float> values) noexcept
    {
        if (!*this)
            return detail::is_empty("add", "accumulator");
        if (failure why = detail::check_rows("add", "the array", values); why.status() != ACTIV_OK)
            return why;
        const std::size_t width = view().info().peaks.size();
        if (values.columns() != width)
            return detail::fail(ACTIV_ERROR_SHAPE, "add: the rows have %zu values, there are %zu neurons",
                                values.columns(), width);
        return detail::outcome("add", activ_neurons_add(get(), values.rows(), values.data(), values.stride()), nullptr);
    }
#ifndef ACTIV_NO_EXCEPTIONS
    explicit neurons(std::size_t width, float threshold = detail::neurons_defaults.threshold,
                     const context &ctx = context())
        : neurons(try_create(width, threshold, ctx).value())
    {
    }
    void add(matrix<const float> values)
    {
        try_add(values).value();
    }
#endif
    neurons_view view() const noexcept
    {
        return neurons_view(get());
    }
    /* For the other headers. */
    neurons(activ_neurons *raw, detail::keeper keep) noexcept : accumulator(raw, std::move(keep))
    {
    }
};

/* One layer of a graph_neurons. */
struct neurons_layer : neurons_info {
    activ_node node = -1;
    neurons_view view;
};

namespace detail {
inline neurons_layer neurons_layer_at(const activ_graph_neurons *const &all, std::size_t i) noexcept
{
    const neurons_view view(activ_graph_neurons_at(all, i));
    return { { view.info() }, activ_graph_neurons_node(all, i), view };
}
} // namespace detail

/* The neurons of all layers of a graph that have a function. Keeps the graph. */
class graph_neurons : public detail::accumulator<graph_neurons, activ_graph_neurons, activ_graph_neurons_destroy,
                                                 activ_graph_neurons_merge, activ_graph_neurons_reset> {
public:
    /* None; using it is an error. */
    graph_neurons() noexcept = default;
    static result<graph_neurons> try_create(const graph &g,
                                            float threshold = detail::neurons_defaults.threshold) noexcept
    {
        if (!g)
            return detail::is_empty("graph_neurons", "graph");
        activ_neurons_options options = ACTIV_NEURONS_DEFAULTS;
        options.threshold = threshold;
        activ_graph_neurons *raw = nullptr;
        const activ_status status = activ_graph_neurons_create(g.get(), &options, &raw);
        if (status == ACTIV_ERROR_STATE)
            return failure(status, "graph_neurons: the graph is not compiled, or for predictions only");
        if (status != ACTIV_OK)
            return detail::failed("graph_neurons", status, nullptr);
        return graph_neurons(raw, g.state());
    }
    /* Adds the values of the graph's last call. */
    result<void> try_add() noexcept
    {
        if (!*this)
            return detail::is_empty("add", "accumulator");
        const activ_status status = activ_graph_neurons_add(get());
        if (status == ACTIV_ERROR_STATE)
            return failure(status, "add: the graph has no values: no call yet, or a training call without keep_values");
        return detail::outcome("add", status, nullptr);
    }
#ifndef ACTIV_NO_EXCEPTIONS
    explicit graph_neurons(const graph &g, float threshold = detail::neurons_defaults.threshold)
        : graph_neurons(try_create(g, threshold).value())
    {
    }
    void add()
    {
        try_add().value();
    }
#endif
    /* In the order of the nodes; not longer than this lives. */
    detail::listing<const activ_graph_neurons *, neurons_layer, detail::neurons_layer_at> layers() const noexcept
    {
        return { get(), activ_graph_neurons_count(get()) };
    }
    /* For the other headers. */
    graph_neurons(activ_graph_neurons *raw, detail::keeper keep) noexcept : accumulator(raw, std::move(keep))
    {
    }
};

/* ---- the gradient-flow surface ----------------------------------------------------------------------------------- */

/* points, f, slopes: as many values each as there are points along a side, n; z and gradient: n x n, or none. */
inline result<void> try_surface(const function_view &fn, float low, float high, span<float> points, span<float> f,
                                span<float> slopes, optional_span<float> z, optional_span<float> gradient) noexcept
{
    const detail::callee c = fn.callee_();
    if (failure why = detail::check_callee("surface", c); why.status() != ACTIV_OK)
        return why;
    const std::size_t n = points.size();
    if (f.size() != n)
        return detail::lengths("surface", "f", f.size(), "points", n);
    if (slopes.size() != n)
        return detail::lengths("surface", "slopes", slopes.size(), "points", n);
    if (z && (n > SIZE_MAX / (n + 1) || z.count() != n * n))
        return detail::fail(ACTIV_ERROR_SHAPE, "surface: z has %zu values, points has %zu", z.count(), n);
    if (gradient && (n > SIZE_MAX / (n + 1) || gradient.count() != n * n))
        return detail::fail(ACTIV_ERROR_SHAPE, "surface: gradient has %zu values, points has %zu", gradient.count(), n);
    return detail::watched(c, "surface", [&] {
        detail::words why;
        const activ_status status = activ_surface(c.fn, c.params.data(), n, low, high, points.data(), f.data(),
                                                  slopes.data(), z.data(), gradient.data(), &why);
        return status == ACTIV_OK ? failure::none() : detail::failed("surface", status, why.text);
    });
}

#ifndef ACTIV_NO_EXCEPTIONS
inline layer_view view_layer(const graph &g, const node &x)
{
    return try_view_layer(g, x).value();
}
inline void surface(const function_view &fn, float low, float high, span<float> points, span<float> f,
                    span<float> slopes, optional_span<float> z, optional_span<float> gradient)
{
    try_surface(fn, low, high, points, f, slopes, z, gradient).value();
}
#endif

} // namespace activ

#endif
