/* libactiv for C++: optimisers. optim.h has their formulas.
 *
 *     activ::sgd options;                               // PyTorch's defaults
 *     options.lr = 0.1f;
 *     activ::optimizer sgd(g, options);                 // in C++20: sgd(g, activ::sgd{ .lr = 0.1f })
 *     g.step(sgd, pixels, labels);                      // or g.train(pixels, labels), and sgd.step()
 *
 * An optimiser keeps its graph: either may be destroyed first. */
#ifndef ACTIV_OPTIM_HPP
#define ACTIV_OPTIM_HPP

#include <cstddef>
#include <cstdint>
#include <utility>

#include "graph.hpp"
#include "optim.h"
#include "status.hpp"

namespace activ {

namespace detail {
inline constexpr activ_sgd_options sgd_defaults = ACTIV_SGD_DEFAULTS;
inline constexpr activ_adamw_options adamw_defaults = ACTIV_ADAMW_DEFAULTS;
inline constexpr activ_rmsprop_options rmsprop_defaults = ACTIV_RMSPROP_DEFAULTS;
inline constexpr activ_optimizer_tensor_options tensor_defaults = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
} // namespace detail

struct sgd {
    float lr = detail::sgd_defaults.lr;
    float momentum = detail::sgd_defaults.momentum;
    float dampening = detail::sgd_defaults.dampening;
    float weight_decay = detail::sgd_defaults.weight_decay;
    bool nesterov = detail::sgd_defaults.nesterov != 0;
    bool maximize = detail::sgd_defaults.maximize != 0;
};

struct adamw {
    float lr = detail::adamw_defaults.lr;
    float beta1 = detail::adamw_defaults.beta1;
    float beta2 = detail::adamw_defaults.beta2;
    float eps = detail::adamw_defaults.eps;
    float weight_decay = detail::adamw_defaults.weight_decay;
    bool amsgrad = detail::adamw_defaults.amsgrad != 0;
    bool maximize = detail::adamw_defaults.maximize != 0;
};

struct rmsprop {
    float lr = detail::rmsprop_defaults.lr;
    float alpha = detail::rmsprop_defaults.alpha;
    float eps = detail::rmsprop_defaults.eps;
    float weight_decay = detail::rmsprop_defaults.weight_decay;
    float momentum = detail::rmsprop_defaults.momentum;
    bool centered = detail::rmsprop_defaults.centered != 0;
    bool maximize = detail::rmsprop_defaults.maximize != 0;
};

/* Settings of one tensor. */
struct tensor_options {
    float lr_scale = detail::tensor_defaults.lr_scale;
    float weight_decay = detail::tensor_defaults.weight_decay;
};

/* Move-only. */
class optimizer {
public:
    /* None; using it is an error. */
    optimizer() noexcept = default;
    optimizer(optimizer &&) noexcept = default;
    optimizer &operator=(optimizer &&) noexcept = default;

    static result<optimizer> try_create(graph &g, const sgd &options) noexcept
    {
        activ_sgd_options o = ACTIV_SGD_DEFAULTS;
        o.lr = options.lr;
        o.momentum = options.momentum;
        o.dampening = options.dampening;
        o.weight_decay = options.weight_decay;
        o.nesterov = options.nesterov;
        o.maximize = options.maximize;
        return made("sgd", g, [&](activ_graph *raw, activ_optimizer **out) { return activ_sgd_create(raw, &o, out); });
    }
    static result<optimizer> try_create(graph &g, const adamw &options) noexcept
    {
        activ_adamw_options o = ACTIV_ADAMW_DEFAULTS;
        o.lr = options.lr;
        o.beta1 = options.beta1;
        o.beta2 = options.beta2;
        o.eps = options.eps;
        o.weight_decay = options.weight_decay;
        o.amsgrad = options.amsgrad;
        o.maximize = options.maximize;
        return made("adamw", g,
                    [&](activ_graph *raw, activ_optimizer **out) { return activ_adamw_create(raw, &o, out); });
    }
    static result<optimizer> try_create(graph &g, const rmsprop &options) noexcept
    {
        activ_rmsprop_options o = ACTIV_RMSPROP_DEFAULTS;
        o.lr = options.lr;
        o.alpha = options.alpha;
        o.eps = options.eps;
        o.weight_decay = options.weight_decay;
        o.momentum = options.momentum;
        o.centered = options.centered;
        o.maximize = options.maximize;
        return made("rmsprop", g,
                    [&](activ_graph *raw, activ_optimizer **out) { return activ_rmsprop_create(raw, &o, out); });
    }
    result<void> try_step() noexcept
    {
        return run("step", [](activ_optimizer *o) { return activ_optimizer_step(o); });
    }
    result<void> try_set_lr(float lr) noexcept
    {
        return run("set_lr", [&](activ_optimizer *o) { return activ_optimizer_set_lr(o, lr); });
    }
    /* tensor: an index of graph::param_tensors. */
    result<void> try_set_options(std::size_t tensor, const tensor_options &options) noexcept
    {
        activ_optimizer_tensor_options own = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
        own.lr_scale = options.lr_scale;
        own.weight_decay = options.weight_decay;
        return run("set_options",
                   [&](activ_optimizer *o) { return activ_optimizer_set_tensor_options(o, tensor, &own); });
    }
    result<tensor_options> try_options(std::size_t tensor) const noexcept
    {
        if (!*this)
            return detail::is_empty("options", "optimizer");
        activ_optimizer_tensor_options own = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
        const activ_status status = activ_optimizer_get_tensor_options(get(), tensor, &own);
        if (status != ACTIV_OK)
            return detail::fail(status, "options: there is no tensor %zu", tensor);
        tensor_options options;
        options.lr_scale = own.lr_scale;
        options.weight_decay = own.weight_decay;
        return options;
    }
    result<void> try_decay_weights_only() noexcept
    {
        return run("decay_weights_only", [](activ_optimizer *o) { return activ_optimizer_decay_weights_only(o); });
    }
#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    explicit optimizer(graph &g, const sgd &options = sgd()) : optimizer(try_create(g, options).value())
    {
    }
    optimizer(graph &g, const adamw &options) : optimizer(try_create(g, options).value())
    {
    }
    optimizer(graph &g, const rmsprop &options) : optimizer(try_create(g, options).value())
    {
    }
    void step()
    {
        try_step().value();
    }
    void set_lr(float lr)
    {
        try_set_lr(lr).value();
    }
    void set_options(std::size_t tensor, const tensor_options &options)
    {
        try_set_options(tensor, options).value();
    }
    tensor_options options(std::size_t tensor) const
    {
        return try_options(tensor).value();
    }
    void decay_weights_only()
    {
        try_decay_weights_only().value();
    }
#endif
    explicit operator bool() const noexcept
    {
        return optimizer_.get() != nullptr;
    }
    /* 0 of an empty one. */
    std::uint64_t steps() const noexcept
    {
        return activ_optimizer_steps(get());
    }
    float lr() const noexcept
    {
        return activ_optimizer_lr(get());
    }
    /* For C calls. */
    activ_optimizer *get() noexcept
    {
        return optimizer_.get();
    }
    const activ_optimizer *get() const noexcept
    {
        return optimizer_.get();
    }
    /* For the other headers. */
    optimizer(activ_optimizer *raw, detail::graph_ref graph) noexcept : optimizer_(raw, graph), graph_(std::move(graph))
    {
    }

private:
    template <class Create> static result<optimizer> made(const char *what, graph &g, Create create) noexcept
    {
        if (!g)
            return detail::is_empty(what, "graph");
        activ_optimizer *raw = nullptr;
        const activ_status status = create(g.get(), &raw);
        if (status != ACTIV_OK)
            return g.state()->failed_call(what, status);
        return optimizer(raw, g.state());
    }
    template <class Call> result<void> run(const char *name, Call call) noexcept
    {
        if (!*this)
            return detail::is_empty(name, "optimizer");
        return graph_->run(name, [&] { return call(get()); });
    }
    detail::owner<activ_optimizer, activ_optimizer_destroy> optimizer_; /* keeps the graph until after its end */
    detail::graph_ref graph_;
};

inline result<float> graph::try_step(optimizer &o, span<const float> x, span<const std::int32_t> labels) noexcept
{
    if (!o)
        return detail::is_empty("step", "optimizer");
    if (failure why = check_labels("step", x, labels); why.status() != ACTIV_OK)
        return why;
    float loss = 0;
    return given(loss, run("step", [&](activ_graph *g) {
                     return activ_graph_step(g, o.get(), labels.size(), x.data(), labels.data(), &loss);
                 }));
}

inline result<float> graph::try_step_values(optimizer &o, span<const float> x, span<const float> targets) noexcept
{
    std::size_t batch = 0;
    if (!o)
        return detail::is_empty("step_values", "optimizer");
    if (failure why = check_pass("step_values", x, "targets", targets.size(), &batch); why.status() != ACTIV_OK)
        return why;
    float loss = 0;
    return given(loss, run("step_values", [&](activ_graph *g) {
                     return activ_graph_step_values(g, o.get(), batch, x.data(), targets.data(), &loss);
                 }));
}

#ifndef ACTIV_NO_EXCEPTIONS
inline float graph::step(optimizer &o, span<const float> x, span<const std::int32_t> labels)
{
    return try_step(o, x, labels).value();
}

inline float graph::step_values(optimizer &o, span<const float> x, span<const float> targets)
{
    return try_step_values(o, x, targets).value();
}
#endif

/* The learning rate of a step as a function of its number, for set_lr: optim.h. */
inline float lr_step(float base, std::uint64_t step_size, float gamma, std::uint64_t step) noexcept
{
    return activ_lr_step(base, step_size, gamma, step);
}

inline float lr_cosine(float base, std::uint64_t t_max, float eta_min, std::uint64_t step) noexcept
{
    return activ_lr_cosine(base, t_max, eta_min, step);
}

inline float lr_warmup(float base, float start_factor, std::uint64_t total, std::uint64_t step) noexcept
{
    return activ_lr_warmup(base, start_factor, total, step);
}

inline float lr_warmup_cosine(float base, float start_factor, std::uint64_t warmup, std::uint64_t total, float eta_min,
                              std::uint64_t step) noexcept
{
    return activ_lr_warmup_cosine(base, start_factor, warmup, total, eta_min, step);
}

} // namespace activ

#endif
