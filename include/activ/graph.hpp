/* libactiv for C++: networks. graph.h says what each layer and call does.
 *
 *     activ::graph g;
 *     activ::node x = g.input(784);
 *     x = relu(x.linear(64));
 *     x = relu(x + x.linear(64));                       // a residual: + and * are element by element
 *     x.linear(10).cross_entropy();
 *     g.compile(128);                                   // reports the first error in all of these lines
 *     g.init(seed);
 *     float loss = g.train(pixels, labels);
 *
 * Building never throws: a line that fails gives an invalid node, the graph remembers the first error, and compile has
 * it, as in C. Methods of a node read in the order in which the data flow, and leave the precedence of operators alone.
 *
 * A graph lives as long as it or an optimiser, a predictor, an accumulator or a node of it. Arrays that come out of it
 * (params, values, names) are its own. The batch is not given, but follows from the lengths of the arrays, which have
 * to fit each other: ACTIV_ERROR_SHAPE, and a message with both lengths. */
#ifndef ACTIV_GRAPH_HPP
#define ACTIV_GRAPH_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

#include "context.hpp"
#include "fn.hpp"
#include "graph.h"
#include "keep.hpp"
#include "status.hpp"

namespace activ {

class node;
class graph;
class optimizer;
class predictor;

namespace detail {
inline constexpr activ_norm_options norm_defaults = ACTIV_NORM_DEFAULTS;
inline constexpr activ_compile_options compile_defaults = ACTIV_COMPILE_DEFAULTS;
inline constexpr activ_cross_entropy_options cross_entropy_defaults = ACTIV_CROSS_ENTROPY_DEFAULTS;
} // namespace detail

/* Options, with the defaults of the C structs. In C++20: x.batch_norm({ .momentum = 0.2f }). */
struct norm_options {
    float eps = detail::norm_defaults.eps;
    float momentum = detail::norm_defaults.momentum;
};

struct cross_entropy_options {
    span<const float> weight = {}; /* one of each class; empty: all 1 */
    float label_smoothing = detail::cross_entropy_defaults.label_smoothing;
    std::int32_t ignore_index = detail::cross_entropy_defaults.ignore_index;
};

struct compile_options {
    std::size_t max_batch = detail::compile_defaults.max_batch;
    bool keep_values = detail::compile_defaults.keep_values != 0;
};

/* The part of a gated layer's input that is the gate. */
enum class gate : std::int32_t { second = ACTIV_GATE_SECOND, first = ACTIV_GATE_FIRST };

namespace detail {

class graph_state final : public counted {
public:
    activ_graph *graph = nullptr;
    keeper host;
    keepers functions;               /* of the caller's code, in the graph or in what made its functions */
    failure first = failure::none(); /* an error that only this header could see */
    bool compiled = false;
    std::size_t features = 0, outputs = 0; /* per sample, once it is compiled */

    std::uint64_t thrown() const noexcept override
    {
        return functions.thrown() + (host ? host->thrown() : 0);
    }
    std::exception_ptr tell_thrown() const noexcept override
    {
        if (std::exception_ptr told = functions.tell_thrown())
            return told;
        return host ? host->tell_thrown() : nullptr;
    }
    /* A function of one of its layers, in another graph, needs what this one keeps, but not this one. */
    const counted *part(std::size_t i) const noexcept override
    {
        if (i == 0)
            return host ? host.get() : functions.at(0);
        return functions.at(host ? i - 1 : i);
    }

    /* A builder error of this header's own: C's graph is made to fail too, or it would compile. */
    void refuse(failure why) noexcept
    {
        if (compiled || first.status() != ACTIV_OK)
            return;
        if (*activ_graph_error(graph) == '\0')
            first = std::move(why);
        (void)activ_graph_add(graph, -1, -1);
    }
    const char *error() const noexcept
    {
        return first.status() != ACTIV_OK ? first.message() : activ_graph_error(graph);
    }
    /* Takes along whatever the callbacks of a function need. */
    bool keep(const counted *object) noexcept
    {
        if (!object || object == this)
            return true;
        for (std::size_t i = 0; const counted *needed = object->part(i); i++)
            if (needed != host.get() && !functions.add(const_cast<counted *>(needed)))
                return false;
        return true;
    }
    bool keep(const callee &f) noexcept
    {
        const bool kept = keep(f.host) && keep(f.own);
        if (!kept)
            refuse(no_memory("graph"));
        return kept;
    }
    std::size_t values_of(activ_node node) const noexcept
    {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        if (activ_graph_node_info(graph, node, &info) != ACTIV_OK)
            return 0;
        std::size_t product = 1;
        for (std::size_t i = 0; i < info.ndim; i++)
            product *= info.shape[i];
        return product;
    }
    void set_compiled() noexcept
    {
        compiled = true;
        features = values_of(activ_graph_input_node(graph));
        outputs = values_of(activ_graph_output_node(graph));
    }
    failure failed_call(const char *call, activ_status status) const noexcept
    {
        return first.status() != ACTIV_OK ? first : failed(call, status, activ_graph_error(graph));
    }
    /* A C call that leaves its words in activ_graph_error. */
    template <class Call> result<void> run(const char *name, Call call) noexcept
    {
        return watched(*this, name, [&] {
            const activ_status status = call();
            return status == ACTIV_OK ? failure::none() : failed_call(name, status);
        });
    }

private:
    ~graph_state() override
    {
        activ_graph_destroy(graph);
    }
};

} // namespace detail

/* A node of a graph, to build with: a copyable value. It keeps the graph. An invalid one (false) stands for a line that
 * failed. */
class node {
public:
    node() noexcept = default;
    explicit operator bool() const noexcept
    {
        return id_ >= 0;
    }
    /* Its number, for calls that take one; negative if it is invalid. */
    activ_node id() const noexcept
    {
        return id_;
    }

    node flatten() const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_flatten(g, id_); });
    }
    node linear(std::size_t out_features) const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_linear(g, id_, out_features); });
    }
    node linear_without_bias(std::size_t out_features) const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_linear_without_bias(g, id_, out_features); });
    }
    /* f(x), as which it may be written too. */
    node apply(const function_view &f) const noexcept
    {
        return with(f, [&](activ_graph *g, const activ_fn *fn) { return activ_graph_apply(g, id_, fn); });
    }
    /* With the function and the parameters of an earlier activation layer. */
    node apply_shared(const node &earlier) const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_apply_shared(g, id_, id_of(earlier)); });
    }
    /* This times act(gate). */
    node gated(const node &gate, const function_view &f) const noexcept
    {
        return with(f, [&](activ_graph *g, const activ_fn *fn) { return activ_graph_gated(g, id_, id_of(gate), fn); });
    }
    node gated_split(const function_view &f, activ::gate gate = activ::gate::second) const noexcept
    {
        return with(f, [&](activ_graph *g, const activ_fn *fn) {
            return activ_graph_gated_split(g, id_, fn, static_cast<std::int32_t>(gate));
        });
    }
    node dropout(float p) const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_dropout(g, id_, p); });
    }
    node batch_norm(const norm_options &options = norm_options()) const noexcept
    {
        const activ_norm_options o = norm(options);
        return made([&](activ_graph *g) { return activ_graph_batch_norm(g, id_, &o); });
    }
    node layer_norm(std::int32_t axis = -1, const norm_options &options = norm_options()) const noexcept
    {
        const activ_norm_options o = norm(options);
        return made([&](activ_graph *g) { return activ_graph_layer_norm(g, id_, axis, &o); });
    }
    node cross_entropy(const cross_entropy_options &options = cross_entropy_options()) const noexcept
    {
        activ_cross_entropy_options o = ACTIV_CROSS_ENTROPY_DEFAULTS;
        o.label_smoothing = options.label_smoothing;
        o.ignore_index = options.ignore_index;
        if (!options.weight.empty()) {
            const std::size_t classes = graph_ ? graph_->values_of(id_) : 0;
            if (graph_ && id_ >= 0 && options.weight.size() != classes)
                graph_->refuse(detail::lengths("cross_entropy", "weight", options.weight.size(), "its input", classes));
            o.weight = options.weight.data();
        }
        return made([&](activ_graph *g) { return activ_graph_cross_entropy_ex(g, id_, &o); });
    }
    node mse() const noexcept
    {
        return made([&](activ_graph *g) { return activ_graph_mse(g, id_); });
    }
    /* Renames it: x.linear(64).named("encoder"). */
    node named(text name) const noexcept
    {
        if (graph_)
            (void)activ_graph_set_name(graph_->graph, id_, name.c_str());
        return *this;
    }
    friend node operator+(const node &a, const node &b) noexcept
    {
        return pair(a, b, activ_graph_add);
    }
    friend node operator*(const node &a, const node &b) noexcept
    {
        return pair(a, b, activ_graph_multiply);
    }
    friend inline node concat(std::initializer_list<node> inputs, std::int32_t axis) noexcept;
    friend inline node concat(span<const node> inputs, std::int32_t axis) noexcept;

    /* For the other headers. */
    node(detail::ref<detail::graph_state> graph, activ_node id) noexcept : graph_(std::move(graph)), id_(id)
    {
    }
    const detail::graph_state *graph() const noexcept
    {
        return graph_.get();
    }

private:
    /* Of no graph: makes the builder call fail, which the graph remembers. */
    static constexpr activ_node foreign = -1;

    template <class Call> node made(Call call) const noexcept
    {
        return graph_ ? node(graph_, call(graph_->graph)) : node();
    }
    template <class Call> node with(const function_view &f, Call call) const noexcept
    {
        if (!graph_)
            return node();
        if (!f)
            graph_->refuse(detail::is_empty("graph", "function"));
        else if (!graph_->keep(f.callee_()))
            return node(graph_, foreign);
        return node(graph_, call(graph_->graph, f.get()));
    }
    activ_node id_of(const node &other) const noexcept
    {
        if (other.graph_.get() == graph_.get())
            return other.id_;
        graph_->refuse(failure(ACTIV_ERROR_INVALID,
                               other.graph_ ? "graph: a node of another graph" : "graph: a node of no graph"));
        return foreign;
    }
    static node pair(const node &a, const node &b, activ_node (*call)(activ_graph *, activ_node, activ_node)) noexcept
    {
        const node &main = a.graph_ ? a : b;
        if (!main.graph_)
            return node();
        const activ_node left = main.id_of(a), right = main.id_of(b);
        return node(main.graph_, call(main.graph_->graph, left, right));
    }
    static activ_norm_options norm(const norm_options &options) noexcept
    {
        activ_norm_options o = ACTIV_NORM_DEFAULTS;
        o.eps = options.eps;
        o.momentum = options.momentum;
        return o;
    }
    detail::ref<detail::graph_state> graph_;
    activ_node id_ = -1;
};

/* The values of all inputs, one behind the other along an axis of a sample. */
inline node concat(span<const node> inputs, std::int32_t axis = -1) noexcept
{
    const node *main = nullptr;
    for (const node &input : inputs)
        if (!main && input.graph_)
            main = &input;
    if (!main)
        return node();
    activ_node *ids = new (std::nothrow) activ_node[inputs.size()];
    if (!ids) {
        main->graph_->refuse(detail::no_memory("concat"));
        return node(main->graph_, node::foreign);
    }
    for (std::size_t i = 0; i < inputs.size(); i++)
        ids[i] = main->id_of(inputs[i]);
    const activ_node made = activ_graph_concat_many(main->graph_->graph, inputs.size(), ids, axis);
    delete[] ids;
    return node(main->graph_, made);
}

/* concat({ a, b, c }) */
inline node concat(std::initializer_list<node> inputs, std::int32_t axis = -1) noexcept
{
    return concat(span<const node>(inputs.begin(), inputs.size()), axis);
}

/* What a graph knows of a node, a tensor of its parameters, an evaluation. Texts and arrays are the graph's; texts end
 * with a zero byte. */
struct node_info {
    std::string_view name, kind, description;
    span<const std::size_t> shape; /* of one sample */
    span<const activ_node> inputs;
    std::size_t first_param = 0, param_count = 0, first_buffer = 0, buffer_count = 0;
    std::size_t multiply_adds = 0;
};

struct tensor_info {
    std::string_view name; /* "layers.0.weight" */
    std::size_t offset = 0, count = 0;
    span<const std::size_t> shape;
    activ_node node = -1;
};

struct evaluation {
    float loss;
    std::size_t correct;
};

namespace detail {

using graph_ref = ref<graph_state>;

inline node node_at(const graph_ref &g, std::size_t i) noexcept
{
    const bool there = g && i < activ_graph_node_count(g->graph);
    return there ? node(g, static_cast<activ_node>(i)) : node();
}

inline tensor_info tensor_info_of(const activ_graph_tensor_info &info) noexcept
{
    return { view(info.name), info.offset, info.count, { info.shape, info.ndim }, info.node };
}

inline tensor_info param_tensor_of(const graph_ref &g, std::size_t i) noexcept
{
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    if (!g || activ_graph_param_tensor_info(g->graph, i, &info) != ACTIV_OK)
        return {};
    return tensor_info_of(info);
}

inline tensor_info buffer_tensor_of(const graph_ref &g, std::size_t i) noexcept
{
    activ_graph_tensor_info info = ACTIV_GRAPH_TENSOR_INFO_INIT;
    if (!g || activ_graph_buffer_tensor_info(g->graph, i, &info) != ACTIV_OK)
        return {};
    return tensor_info_of(info);
}

/* The batch of an array of so many values per sample; a failure if it is no whole number of samples. */
inline failure batch_of(const char *call, const char *name, std::size_t size, std::size_t per_sample,
                        std::size_t *batch) noexcept
{
    if (size == 0)
        return fail(ACTIV_ERROR_RANGE, "%s: %s is empty: a batch has one sample or more", call, name);
    if (per_sample == 0 || size % per_sample != 0)
        return fail(ACTIV_ERROR_SHAPE, "%s: %s has %zu values, which are no whole number of samples of %zu", call, name,
                    size, per_sample);
    *batch = size / per_sample;
    return failure::none();
}

/* batch samples of so many values. */
inline failure check_batch(const char *call, const char *name, std::size_t size, std::size_t per_sample,
                           const char *other, std::size_t batch) noexcept
{
    if (per_sample > 0 && batch <= SIZE_MAX / per_sample && size == batch * per_sample)
        return failure::none();
    return fail(ACTIV_ERROR_SHAPE, "%s: %s has %zu values, the batch of %zu that %s has needs %zu x %zu", call, name,
                size, batch, other, batch, per_sample);
}

} // namespace detail

/* Move-only. */
class graph {
public:
    /* In a program without exceptions: none; using it is an error. Else a new one. */
#ifdef ACTIV_NO_EXCEPTIONS
    graph() noexcept = default;
#else
    graph() : graph(context())
    {
    }
    explicit graph(const context &ctx) : graph(try_create(ctx).value())
    {
    }
#endif
    graph(graph &&) noexcept = default;
    graph &operator=(graph &&) noexcept = default;

    static result<graph> try_create(const context &ctx = context()) noexcept
    {
        return made("graph", ctx, [](const activ_context *c, activ_graph **out, activ_message *) {
            return activ_graph_create(c, out);
        });
    }
    explicit operator bool() const noexcept
    {
        return static_cast<bool>(state_);
    }

    /* ---- building ---- */

    node input(std::size_t features) noexcept
    {
        return state_ ? node(state_, activ_graph_input(state_->graph, features)) : node();
    }
    node input(const shape &sample) noexcept
    {
        return state_ ? node(state_, activ_graph_input_shape(state_->graph, sample.size(), sample.data())) : node();
    }
    result<void> try_compile(std::size_t max_batch) noexcept
    {
        compile_options options;
        options.max_batch = max_batch;
        return try_compile(options);
    }
    result<void> try_compile(const compile_options &options) noexcept
    {
        if (!state_)
            return detail::is_empty("compile", "graph");
        const activ_compile_options o = c_options(options);
        detail::words why;
        const activ_status status = activ_graph_compile_ex(state_->graph, &o, &why);
        if (status != ACTIV_OK)
            return state_->first.status() != ACTIV_OK ? state_->first : detail::failed("compile", status, why.text);
        state_->set_compiled();
        return {};
    }
    /* Why the last call failed; in a graph that could not be built the first error. */
    std::string_view error() const noexcept
    {
        return state_ ? detail::view(state_->error()) : std::string_view();
    }

    /* ---- initial values ---- */

    result<void> try_init(std::uint64_t seed) noexcept
    {
        return run("init", [&](activ_graph *g) { return activ_graph_init(g, seed); });
    }
    result<void> try_init_weights(activ_init_scheme scheme, float gain, std::uint64_t seed) noexcept
    {
        return run("init_weights", [&](activ_graph *g) { return activ_graph_init_weights(g, scheme, gain, seed); });
    }
    std::uint64_t seed() const noexcept
    {
        return activ_graph_seed(get());
    }

    /* ---- running ---- */

    /* Evaluation mode: y gets as many rows as x has samples. */
    result<void> try_forward(span<const float> x, span<float> y) noexcept
    {
        std::size_t batch = 0;
        if (failure why = check_pass("forward", x, "y", y.size(), &batch); why.status() != ACTIV_OK)
            return why;
        return run("forward", [&](activ_graph *g) { return activ_graph_forward(g, batch, x.data(), y.data()); });
    }
    /* For one of several threads, with a workspace of its own: predictor below has one. */
    result<void> try_predict(span<std::byte> workspace, span<const float> x, span<float> y) const noexcept
    {
        std::size_t batch = 0;
        if (failure why = check_pass("predict", x, "y", y.size(), &batch); why.status() != ACTIV_OK)
            return why;
        return detail::watched(*state_.get(), "predict", [&] {
            detail::words why;
            const activ_status status = activ_graph_predict_ex(state_->graph, workspace.data(), workspace.size(), batch,
                                                               x.data(), y.data(), &why);
            return status == ACTIV_OK ? failure::none() : detail::failed("predict", status, why.text);
        });
    }
    std::size_t workspace_bytes(std::size_t batch) const noexcept
    {
        return activ_graph_workspace_bytes(get(), batch);
    }
    inline result<activ::predictor> try_predictor(std::size_t batch = 1) const noexcept;

    /* The loss and the gradients, for cross-entropy: one label per sample. */
    result<float> try_train(span<const float> x, span<const std::int32_t> labels) noexcept
    {
        if (failure why = check_labels("train", x, labels); why.status() != ACTIV_OK)
            return why;
        float loss = 0;
        return given(loss, run("train", [&](activ_graph *g) {
                         return activ_graph_train(g, labels.size(), x.data(), labels.data(), &loss);
                     }));
    }
    /* The same for mean squared error: as many targets as outputs. */
    result<float> try_train_values(span<const float> x, span<const float> targets) noexcept
    {
        std::size_t batch = 0;
        if (failure why = check_pass("train_values", x, "targets", targets.size(), &batch); why.status() != ACTIV_OK)
            return why;
        float loss = 0;
        return given(loss, run("train_values", [&](activ_graph *g) {
                         return activ_graph_train_values(g, batch, x.data(), targets.data(), &loss);
                     }));
    }
    /* Either with the optimiser's step, in one call: the same bits. In optim.hpp. */
    result<float> try_step(optimizer &o, span<const float> x, span<const std::int32_t> labels) noexcept;
    result<float> try_step_values(optimizer &o, span<const float> x, span<const float> targets) noexcept;
    /* A loss of the caller's own, in two calls; x has to stay as it is between them. */
    result<void> try_forward_train(span<const float> x, span<float> y) noexcept
    {
        std::size_t batch = 0;
        if (failure why = check_pass("forward_train", x, "y", y.size(), &batch); why.status() != ACTIV_OK)
            return why;
        return run("forward_train",
                   [&](activ_graph *g) { return activ_graph_forward_train(g, batch, x.data(), y.data()); });
    }
    result<void> try_backward(span<const float> dy, optional_span<float> dx = none) noexcept
    {
        if (failure why = check_compiled("backward"); why.status() != ACTIV_OK)
            return why;
        std::size_t batch = 0;
        if (failure why = detail::batch_of("backward", "dy", dy.size(), state_->outputs, &batch);
            why.status() != ACTIV_OK)
            return why;
        if (dx)
            if (failure why = detail::check_batch("backward", "dx", dx.count(), state_->features, "dy", batch);
                why.status() != ACTIV_OK)
                return why;
        return run("backward", [&](activ_graph *g) { return activ_graph_backward(g, batch, dy.data(), dx.data()); });
    }
    result<evaluation> try_evaluate(span<const float> x, span<const std::int32_t> labels) noexcept
    {
        if (failure why = check_labels("evaluate", x, labels); why.status() != ACTIV_OK)
            return why;
        evaluation e = { 0, 0 };
        return given(e, run("evaluate", [&](activ_graph *g) {
                         return activ_graph_evaluate(g, labels.size(), x.data(), labels.data(), &e.loss, &e.correct);
                     }));
    }
    result<float> try_evaluate_values(span<const float> x, span<const float> targets) noexcept
    {
        std::size_t batch = 0;
        if (failure why = check_pass("evaluate_values", x, "targets", targets.size(), &batch); why.status() != ACTIV_OK)
            return why;
        float loss = 0;
        return given(loss, run("evaluate_values", [&](activ_graph *g) {
                         return activ_graph_evaluate_values(g, batch, x.data(), targets.data(), &loss);
                     }));
    }

    /* ---- gradients ---- */

    /* Returns the norm before. */
    result<float> try_clip_grad_norm(float max_norm) noexcept
    {
        float norm = 0;
        return given(norm, run("clip_grad_norm",
                               [&](activ_graph *g) { return activ_graph_clip_grad_norm(g, max_norm, &norm); }));
    }
    result<void> try_clip_grad_value(float clip_value) noexcept
    {
        return run("clip_grad_value", [&](activ_graph *g) { return activ_graph_clip_grad_value(g, clip_value); });
    }

#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    void compile(std::size_t max_batch)
    {
        try_compile(max_batch).value();
    }
    void compile(const compile_options &options)
    {
        try_compile(options).value();
    }
    void init(std::uint64_t seed)
    {
        try_init(seed).value();
    }
    void init_weights(activ_init_scheme scheme, float gain, std::uint64_t seed)
    {
        try_init_weights(scheme, gain, seed).value();
    }
    void forward(span<const float> x, span<float> y)
    {
        try_forward(x, y).value();
    }
    void predict(span<std::byte> workspace, span<const float> x, span<float> y) const
    {
        try_predict(workspace, x, y).value();
    }
    inline activ::predictor predictor(std::size_t batch = 1) const;
    float train(span<const float> x, span<const std::int32_t> labels)
    {
        return try_train(x, labels).value();
    }
    float train_values(span<const float> x, span<const float> targets)
    {
        return try_train_values(x, targets).value();
    }
    float step(optimizer &o, span<const float> x, span<const std::int32_t> labels);
    float step_values(optimizer &o, span<const float> x, span<const float> targets);
    void forward_train(span<const float> x, span<float> y)
    {
        try_forward_train(x, y).value();
    }
    void backward(span<const float> dy, optional_span<float> dx = none)
    {
        try_backward(dy, dx).value();
    }
    evaluation evaluate(span<const float> x, span<const std::int32_t> labels)
    {
        return try_evaluate(x, labels).value();
    }
    float evaluate_values(span<const float> x, span<const float> targets)
    {
        return try_evaluate_values(x, targets).value();
    }
    float clip_grad_norm(float max_norm)
    {
        return try_clip_grad_norm(max_norm).value();
    }
    void clip_grad_value(float clip_value)
    {
        try_clip_grad_value(clip_value).value();
    }
#endif

    /* ---- parameters and buffers: empty before compile ---- */

    span<float> params() noexcept
    {
        return array(activ_graph_params(handle()), activ_graph_param_count(get()));
    }
    span<float> grads() noexcept
    {
        return array(activ_graph_grads(handle()), activ_graph_param_count(get()));
    }
    span<float> buffers() noexcept
    {
        return array(activ_graph_buffers(handle()), activ_graph_buffer_count(get()));
    }
    std::size_t param_count() const noexcept
    {
        return activ_graph_param_count(get());
    }
    std::size_t buffer_count() const noexcept
    {
        return activ_graph_buffer_count(get());
    }
    /* for (const activ::tensor_info &t : g.param_tensors()) */
    detail::listing<detail::graph_ref, tensor_info, detail::param_tensor_of> param_tensors() const noexcept
    {
        return { state_, activ_graph_param_tensor_count(get()) };
    }
    detail::listing<detail::graph_ref, tensor_info, detail::buffer_tensor_of> buffer_tensors() const noexcept
    {
        return { state_, activ_graph_buffer_tensor_count(get()) };
    }

    /* ---- looking inside ---- */

    detail::listing<detail::graph_ref, node, detail::node_at> nodes() const noexcept
    {
        return { state_, activ_graph_node_count(get()) };
    }
    /* Invalid if there is none. */
    node input_node() const noexcept
    {
        return numbered(activ_graph_input_node(get()));
    }
    node output_node() const noexcept
    {
        return numbered(activ_graph_output_node(get()));
    }
    node loss_node() const noexcept
    {
        return numbered(activ_graph_loss_node(get()));
    }
    node find(text name) const noexcept
    {
        return numbered(activ_graph_find_node(get(), name.c_str()));
    }
    /* Of an invalid node, or another graph's: all empty. */
    node_info info(const node &x) const noexcept
    {
        activ_node_info info = ACTIV_NODE_INFO_INIT;
        if (!is_mine(x) || activ_graph_node_info(get(), x.id(), &info) != ACTIV_OK)
            return {};
        node_info own;
        own.name = detail::view(info.name);
        own.kind = detail::view(info.kind);
        own.description = detail::view(info.description);
        own.shape = { info.shape, info.ndim };
        own.inputs = { info.inputs, info.input_count };
        own.first_param = info.first_param;
        own.param_count = info.param_count;
        own.first_buffer = info.first_buffer;
        own.buffer_count = info.buffer_count;
        own.multiply_adds = info.multiply_adds;
        return own;
    }
    /* The function of an activation, gated or gated_split layer; else empty. */
    function_view function_of(const node &x) const noexcept
    {
        detail::callee c;
        c.fn = is_mine(x) ? activ_graph_node_fn(get(), x.id()) : nullptr;
        c.host = c.fn ? state_.get() : nullptr;
        return function_view(c);
    }
    /* Batch x values of a sample; NULL where graph.h says so. */
    const float *values(const node &x) const noexcept
    {
        return is_mine(x) ? activ_graph_values(get(), x.id()) : nullptr;
    }
    const float *value_grads(const node &x) const noexcept
    {
        return is_mine(x) ? activ_graph_value_grads(get(), x.id()) : nullptr;
    }
    std::size_t max_batch() const noexcept
    {
        return activ_graph_max_batch(get());
    }
    /* Values of a sample that go in and come out; 0 before compile. */
    std::size_t features() const noexcept
    {
        return state_ ? state_->features : 0;
    }
    std::size_t outputs() const noexcept
    {
        return state_ ? state_->outputs : 0;
    }
    std::size_t memory_bytes(std::size_t max_batch) noexcept
    {
        return activ_graph_memory_bytes(handle(), max_batch);
    }
    std::size_t memory_bytes(const compile_options &options) noexcept
    {
        const activ_compile_options o = c_options(options);
        return activ_graph_memory_bytes_ex(handle(), &o);
    }

    /* For C calls; building or compiling in C passes by what this class knows. NULL: empty. */
    activ_graph *get() noexcept
    {
        return handle();
    }
    const activ_graph *get() const noexcept
    {
        return handle();
    }
    /* For the other headers: of a graph that create(context, &graph, &message) makes. */
    template <class Create> static result<graph> made(const char *what, const context &ctx, Create create) noexcept
    {
        if (ctx.is_moved_from())
            return detail::is_empty(what, "context");
        detail::graph_ref state(new (std::nothrow) detail::graph_state);
        if (!state)
            return detail::no_memory(what);
        detail::words why;
        const activ_status status = create(ctx.get(), &state->graph, &why);
        if (status != ACTIV_OK)
            return detail::failed(what, status, why.text);
        state->host = detail::keeper(ctx.state());
        return graph(std::move(state));
    }
    const detail::graph_ref &state() const noexcept
    {
        return state_;
    }

private:
    explicit graph(detail::graph_ref state) noexcept : state_(std::move(state))
    {
    }
    activ_graph *handle() const noexcept
    {
        return state_ ? state_->graph : nullptr;
    }
    bool is_mine(const node &x) const noexcept
    {
        return state_ && x && x.graph() == state_.get();
    }
    node numbered(activ_node id) const noexcept
    {
        return id >= 0 ? node(state_, id) : node();
    }
    static span<float> array(float *values, std::size_t count) noexcept
    {
        return values ? span<float>(values, count) : span<float>();
    }
    template <class Call> result<void> run(const char *name, Call call) noexcept
    {
        if (!state_)
            return detail::is_empty(name, "graph");
        return state_->run(name, [&] { return call(state_->graph); });
    }
    template <class T> static result<T> given(const T &value, const result<void> &done) noexcept
    {
        if (!done)
            return done.why();
        return value;
    }
    /* Lengths are known once the graph is compiled; before, C's own error is the right one. */
    failure check_compiled(const char *call) const noexcept
    {
        if (!state_)
            return detail::is_empty(call, "graph");
        if (state_->compiled)
            return failure::none();
        const char *first = state_->error();
        return *first ? failure(state_->first.status() != ACTIV_OK ? state_->first.status() : ACTIV_ERROR_STATE, first)
                      : detail::fail(ACTIV_ERROR_STATE, "%s: the graph is not compiled", call);
    }
    failure check_pass(const char *call, span<const float> x, const char *name, std::size_t size,
                       std::size_t *batch) const noexcept
    {
        if (failure why = check_compiled(call); why.status() != ACTIV_OK)
            return why;
        if (failure why = detail::batch_of(call, "x", x.size(), state_->features, batch); why.status() != ACTIV_OK)
            return why;
        return detail::check_batch(call, name, size, state_->outputs, "x", *batch);
    }
    failure check_labels(const char *call, span<const float> x, span<const std::int32_t> labels) const noexcept
    {
        if (failure why = check_compiled(call); why.status() != ACTIV_OK)
            return why;
        if (labels.empty())
            return detail::fail(ACTIV_ERROR_RANGE, "%s: labels is empty: a batch has one sample or more", call);
        return detail::check_batch(call, "x", x.size(), state_->features, "labels", labels.size());
    }
    static activ_compile_options c_options(const compile_options &options) noexcept
    {
        activ_compile_options o = ACTIV_COMPILE_DEFAULTS;
        o.max_batch = options.max_batch;
        o.keep_values = options.keep_values;
        return o;
    }
    detail::graph_ref state_;
};

/* A workspace for one thread, and the graph to predict from. As many as there are threads, at the same time, as long as
 * nobody trains the graph, initialises it or loads into it. Move-only. */
class predictor {
public:
    predictor() noexcept = default;
    predictor(predictor &&other) noexcept
        : graph_(std::move(other.graph_)), workspace_(std::exchange(other.workspace_, nullptr)), bytes_(other.bytes_)
    {
    }
    predictor &operator=(predictor &&other) noexcept
    {
        std::swap(graph_, other.graph_);
        std::swap(workspace_, other.workspace_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~predictor()
    {
        delete[] workspace_;
    }
    explicit operator bool() const noexcept
    {
        return workspace_ != nullptr;
    }
    /* Any number of samples; more than the batch it was made for are taken in portions. Allocates nothing. */
    result<void> try_predict(span<const float> x, span<float> y) noexcept
    {
        if (!workspace_)
            return detail::is_empty("predict", "predictor");
        std::size_t batch = 0;
        if (failure why = detail::batch_of("predict", "x", x.size(), graph_->features, &batch);
            why.status() != ACTIV_OK)
            return why;
        if (failure why = detail::check_batch("predict", "y", y.size(), graph_->outputs, "x", batch);
            why.status() != ACTIV_OK)
            return why;
        return detail::watched(*graph_.get(), "predict", [&] {
            detail::words why;
            const activ_status status =
                activ_graph_predict_ex(graph_->graph, workspace_, bytes_, batch, x.data(), y.data(), &why);
            return status == ACTIV_OK ? failure::none() : detail::failed("predict", status, why.text);
        });
    }
#ifndef ACTIV_NO_EXCEPTIONS
    void predict(span<const float> x, span<float> y)
    {
        try_predict(x, y).value();
    }
#endif

private:
    friend class graph;
    detail::graph_ref graph_;
    std::byte *workspace_ = nullptr;
    std::size_t bytes_ = 0;
};

inline result<predictor> graph::try_predictor(std::size_t batch) const noexcept
{
    if (failure why = check_compiled("predictor"); why.status() != ACTIV_OK)
        return why;
    const std::size_t bytes = workspace_bytes(batch);
    if (bytes == 0)
        return detail::fail(ACTIV_ERROR_RANGE, "predictor: no workspace for a batch of %zu", batch);
    activ::predictor made;
    made.workspace_ = new (std::nothrow) std::byte[bytes];
    if (!made.workspace_)
        return detail::no_memory("predictor");
    made.bytes_ = bytes;
    made.graph_ = state_;
    return made;
}

#ifndef ACTIV_NO_EXCEPTIONS
inline activ::predictor graph::predictor(std::size_t batch) const
{
    return try_predictor(batch).value();
}
#endif

} // namespace activ

#endif
