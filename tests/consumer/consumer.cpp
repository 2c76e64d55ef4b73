/* What a program in C++17 does with an installed libactiv: handles in unique_ptr, statuses as exceptions. */
#include <activ/activ.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <auto destroy> struct deleter {
    template <class T> void operator()(T *handle) const
    {
        destroy(handle);
    }
};
using function = std::unique_ptr<activ_fn, deleter<activ_fn_destroy>>;
using graph = std::unique_ptr<activ_graph, deleter<activ_graph_destroy>>;
using optimizer = std::unique_ptr<activ_optimizer, deleter<activ_optimizer_destroy>>;

void need(activ_status status, const std::string &what)
{
    if (status != ACTIV_OK)
        throw std::runtime_error(what + ": " + activ_status_string(status));
}

void need(bool good, const std::string &what)
{
    if (!good)
        throw std::runtime_error(what);
}

function make_function(const std::string &spec)
{
    activ_fn *fn = nullptr;
    need(activ_fn_create(nullptr, spec.c_str(), &fn), spec);
    return function(fn);
}

void apply()
{
    const std::vector<float> x = { -1.5f, 0.0f, 2.0f }, dy(x.size(), 1.0f);
    std::vector<float> y(x.size()), dx(x.size());
    const auto tanh = make_function("tanh");
    need(activ_forward(tanh.get(), nullptr, x.size(), x.data(), y.data()), "activ_forward");
    need(activ_backward(tanh.get(), nullptr, x.size(), x.data(), dy.data(), dx.data(), nullptr), "activ_backward");
    for (std::size_t i = 0; i < x.size(); i++) {
        const double t = std::tanh(static_cast<double>(x[i]));
        need(std::fabs(y[i] - t) < 1e-6, "tanh(x)");
        need(std::fabs(dx[i] - (1 - t * t)) < 1e-6, "tanh'(x)");
    }
}

graph make_graph()
{
    activ_graph *raw = nullptr;
    need(activ_graph_create(nullptr, &raw), "activ_graph_create");
    graph g(raw);
    const auto mish = make_function("mish");
    activ_node x = activ_graph_input(raw, 2);
    x = activ_graph_apply(raw, activ_graph_linear(raw, x, 4), mish.get());
    activ_graph_mse(raw, activ_graph_linear(raw, x, 1));
    need(activ_graph_compile(raw, 2), activ_graph_error(raw));
    need(activ_graph_init(raw, 3), "activ_graph_init");
    return g;
}

void train(activ_graph *g)
{
    const float x[4] = { 1, -1, 0.5f, 2 }, targets[2] = { 1, -1 };
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    options.lr = 0.01f;
    activ_optimizer *raw = nullptr;
    need(activ_sgd_create(g, &options, &raw), "activ_sgd_create");
    const optimizer owner(raw);
    float before = 0, after = 0;
    need(activ_graph_train_values(g, 2, x, targets, &before), "activ_graph_train_values");
    need(activ_optimizer_step(raw), "activ_optimizer_step");
    need(activ_graph_train_values(g, 2, x, targets, &after), "activ_graph_train_values");
    need(after < before, "a step lowers the loss");
}

void save_and_load(activ_graph *g, const char *path)
{
    const float x[2] = { 0.75f, -0.25f };
    float before = 0, after = 0;
    activ_message message{};
    need(activ_checkpoint_save(g, path, &message), "activ_checkpoint_save");
    activ_graph *raw = nullptr;
    need(activ_checkpoint_load(nullptr, path, 1, &raw, &message), "activ_checkpoint_load");
    const graph loaded(raw);
    need(activ_graph_forward(g, 1, x, &before), "activ_graph_forward");
    need(activ_graph_forward(raw, 1, x, &after), "activ_graph_forward");
    need(before == after, "the loaded network gives the same value");
}

/* Every initialiser compiles without a warning and sets the size. */
void initialise()
{
    const activ_allocator allocator = ACTIV_ALLOCATOR_DEFAULTS;
    const activ_executor executor = ACTIV_EXECUTOR_DEFAULTS;
    const activ_context_options context = ACTIV_CONTEXT_DEFAULTS;
    const activ_forward_args forward = ACTIV_FORWARD_ARGS_DEFAULTS;
    const activ_backward_args backward = ACTIV_BACKWARD_ARGS_DEFAULTS;
    const activ_norm_options norm = ACTIV_NORM_DEFAULTS;
    const activ_sgd_options sgd = ACTIV_SGD_DEFAULTS;
    const activ_adamw_options adamw = ACTIV_ADAMW_DEFAULTS;
    const activ_rmsprop_options rmsprop = ACTIV_RMSPROP_DEFAULTS;
    const activ_optimizer_tensor_options tensor = ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
    const activ_fn_info fn = ACTIV_FN_INFO_INIT;
    const activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
    const activ_fn_tensor_info fn_tensor = ACTIV_FN_TENSOR_INFO_INIT;
    const activ_graph_tensor_info graph_tensor = ACTIV_GRAPH_TENSOR_INFO_INIT;
    const activ_node_info node = ACTIV_NODE_INFO_INIT;
    const activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
    need(allocator.size == sizeof allocator && executor.size == sizeof executor && context.size == sizeof context &&
             forward.size == sizeof forward && backward.size == sizeof backward && norm.size == sizeof norm &&
             sgd.size == sizeof sgd && adamw.size == sizeof adamw && rmsprop.size == sizeof rmsprop &&
             tensor.size == sizeof tensor && fn.size == sizeof fn && setting.size == sizeof setting &&
             fn_tensor.size == sizeof fn_tensor && graph_tensor.size == sizeof graph_tensor &&
             node.size == sizeof node && entry.size == sizeof entry,
         "an initialiser without the size of its struct");
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: consumer FILE\n");
        return 2;
    }
    try {
        initialise();
        apply();
        const graph g = make_graph();
        train(g.get());
        save_and_load(g.get(), argv[1]);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "consumer: failed: %s\n", error.what());
        return 1;
    }
    std::printf("%s %s\n", activ_version_string(), activ_tier());
}
