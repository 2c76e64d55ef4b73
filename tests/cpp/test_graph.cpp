/* Networks: all layers, what building remembers, what calls refuse. */
#include "check.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <thread>

namespace {

using floats = std::vector<float>;

activ::graph empty_graph()
{
    return must(activ::graph::try_create());
}

void layers()
{
    activ::graph g = empty_graph();
    const activ::function relu = make("relu"), prelu = make("prelu"), glu = make("glu");
    activ::node x = g.input({ 2, 3 });
    CHECK(x && x.id() == 0);
    x = x.flatten().batch_norm();
    activ::node h = prelu(x.linear(6)).named("first");
    h = h.apply(relu) + x;
    h = h * x;
    h = h.layer_norm().dropout(0.0f);
    h = activ::concat({ h, x, h });
    h = h.gated_split(glu);
    h = h.gated(h.linear_without_bias(9), glu);
    h = h.apply_shared(g.find("first"));
    activ::norm_options norm;
    norm.eps = 1e-3f;
    h = h.layer_norm(0, norm).batch_norm(norm);
    h.linear(4).cross_entropy();
    must(g.try_compile(8));
    must(g.try_init(1));
    CHECK(g.error().empty() && g.features() == 6 && g.outputs() == 4 && g.max_batch() == 8 && g.seed() == 1);

    std::string kinds;
    for (const activ::node &node : g.nodes())
        kinds += std::string(g.info(node).kind) + " ";
    CHECK(kinds == "input flatten batch_norm linear activation activation add multiply layer_norm dropout concat "
                   "gated_split linear gated activation layer_norm batch_norm linear cross_entropy ");
    const activ::node_info first = g.info(g.find("first"));
    CHECK(first.name == "first" && first.kind == "activation" && first.param_count == 1 && first.shape.size() == 1);
    CHECK(first.shape[0] == 6 && first.inputs.size() == 1 && first.description.find("prelu") != std::string_view::npos);
    CHECK(g.function_of(g.find("first")).spec() == "prelu" && g.function_of(g.find("first")).param_count() == 1);
    CHECK(g.input_node().id() == 0 && g.info(g.output_node()).kind == "linear" && g.loss_node());
    CHECK(!g.find("nosuch") && !g.nodes()[100] && g.info(activ::node()).name.empty());
    CHECK(g.info(g.find("layers.12")).description.find("eps") != std::string_view::npos ||
          g.info(g.find("layers.13")).description.find("eps") != std::string_view::npos);

    /* Parameters and buffers by name. */
    std::size_t values = 0;
    for (const activ::tensor_info &t : g.param_tensors()) {
        CHECK(t.offset == values && !t.name.empty() && t.node >= 0);
        values += t.count;
    }
    CHECK(values == g.param_count() && g.params().size() == values && g.grads().size() == values);
    values = 0;
    for (const activ::tensor_info &t : g.buffer_tensors())
        values += t.count;
    CHECK(values == g.buffer_count() && values == 2 * 6 + 2 * 9 && g.buffers().size() == values);
    CHECK(g.param_tensors()[1000].name.empty() && g.buffer_tensors()[1000].name.empty());
    floats y(8);
    const floats in = some_values(12);
    const std::vector<std::int32_t> labels{ 0, 3 };
    must(g.try_train(in, labels));
    must(g.try_forward(in, y));
    CHECK(std::isfinite(y[0]) && g.values(g.output_node()) && !g.values(activ::node()) &&
          !g.value_grads(activ::node()));
}

/* Two graphs that are the same in C and here have the same description, memory and bits. */
void same_as_c()
{
    activ_fn *mish = nullptr;
    activ_graph *c = nullptr;
    CHECK(activ_fn_create(nullptr, "mish", &mish) == ACTIV_OK && activ_graph_create(nullptr, &c) == ACTIV_OK);
    activ_node n = activ_graph_input(c, 3);
    n = activ_graph_apply(c, activ_graph_linear(c, n, 5), mish);
    activ_graph_mse(c, activ_graph_linear(c, n, 2));
    CHECK(activ_graph_compile(c, 4) == ACTIV_OK && activ_graph_init(c, 9) == ACTIV_OK);
    activ::graph g = empty_graph();
    make("mish")(g.input(3).linear(5)).linear(2).mse();
    const std::size_t before = g.memory_bytes(4);
    must(g.try_compile(4));
    must(g.try_init(9));
    CHECK(before == activ_graph_memory_bytes(c, 4) && g.memory_bytes(4) == before);
    CHECK(same_bits(g.params(), activ::span<float>(activ_graph_params(c), activ_graph_param_count(c))));
    const floats x = some_values(12), t = some_values(8);
    floats y(8), c_y(8), dx(12), c_dx(12);
    float loss = 0, c_loss = 0;
    loss = must(g.try_train_values(x, t));
    CHECK(activ_graph_train_values(c, 4, x.data(), t.data(), &c_loss) == ACTIV_OK && loss == c_loss);
    CHECK(same_bits(g.grads(), activ::span<float>(activ_graph_grads(c), activ_graph_param_count(c))));
    CHECK(must(g.try_evaluate_values(x, t)) == loss);
    must(g.try_forward_train(x, y));
    must(g.try_backward(t, dx));
    CHECK(activ_graph_forward_train(c, 4, x.data(), c_y.data()) == ACTIV_OK &&
          activ_graph_backward(c, 4, t.data(), c_dx.data()) == ACTIV_OK);
    CHECK(same_bits(y, c_y) && same_bits(dx, c_dx));
    const float norm = must(g.try_clip_grad_norm(0.5f));
    float c_norm = 0;
    CHECK(activ_graph_clip_grad_norm(c, 0.5f, &c_norm) == ACTIV_OK && norm == c_norm);
    must(g.try_clip_grad_value(0.1f));
    CHECK(activ_graph_clip_grad_value(c, 0.1f) == ACTIV_OK);
    CHECK(same_bits(g.grads(), activ::span<float>(activ_graph_grads(c), activ_graph_param_count(c))));
    must(g.try_init_weights(ACTIV_INIT_XAVIER_NORMAL, 1, 5));
    CHECK(activ_graph_init_weights(c, ACTIV_INIT_XAVIER_NORMAL, 1, 5) == ACTIV_OK);
    CHECK(same_bits(g.params(), activ::span<float>(activ_graph_params(c), activ_graph_param_count(c))));
    activ_graph_destroy(c);
    activ_fn_destroy(mish);
}

/* compile has the first error of building. */
void refused_in_building()
{
    const activ::function relu = make("relu"), glu = make("glu");
    activ::graph g = empty_graph();
    activ::node x = g.input(3).linear(0);
    CHECK(!x && !x.linear(4) && !(x + x) && !activ::concat({ x }));
    REFUSED(g.try_compile(1), ACTIV_ERROR_RANGE, "layers.0");
    CHECK(!g.error().empty());
    g = empty_graph();
    x = g.input(3);
    CHECK(!(x + x.linear(4)));
    REFUSED(g.try_compile(1), ACTIV_ERROR_SHAPE, "3", "4");
    REFUSED(g.try_forward(floats(3), activ::span<float>()), ACTIV_ERROR_STATE);
    REFUSED(g.try_train_values(floats(3), floats(3)), ACTIV_ERROR_STATE);

    /* What C cannot see. */
    activ::graph other = empty_graph();
    const activ::node foreign = other.input(3);
    g = empty_graph();
    x = g.input(3);
    CHECK(!(x + foreign));
    (void)(x + x.linear(7)); /* not the first */
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "another graph");
    CHECK(g.error().find("another graph") != std::string_view::npos);
    REFUSED(g.try_init(1), ACTIV_ERROR_INVALID, "another graph");
    REFUSED(g.try_forward(floats(3), activ::span<float>()), ACTIV_ERROR_INVALID, "another graph");
    REFUSED(activ::optimizer::try_create(g, activ::sgd()), ACTIV_ERROR_INVALID, "another graph");
    g = empty_graph();
    CHECK(!(activ::node() * g.input(3)));
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "no graph");
    g = empty_graph();
    CHECK(!g.input(3).apply(activ::function_view()));
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "function is empty");
    g = empty_graph();
    CHECK(!g.input(3).apply_shared(foreign));
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "another graph");
    g = empty_graph();
    CHECK(!g.input(3).gated(foreign, glu));
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "another graph");
    g = empty_graph();
    x = g.input(3);
    CHECK(!activ::concat({ x, foreign }) && !activ::concat(std::initializer_list<activ::node>()));
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "another graph");
    g = empty_graph();
    const floats weight{ 1, 2 };
    activ::cross_entropy_options options;
    options.weight = weight;
    CHECK(!g.input(3).cross_entropy(options));
    REFUSED(g.try_compile(1), ACTIV_ERROR_SHAPE, "weight has 2", "input has 3");
    g = empty_graph();
    g.input(3).linear(2).named("a name with blanks");
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "name");
    g = empty_graph();
    g.input({ 1, 1, 1, 1, 1, 1, 1, 1, 1 }).flatten();
    REFUSED(g.try_compile(1), ACTIV_ERROR_RANGE, "dimensions");
    g = empty_graph();
    g.input(3).apply(glu);
    REFUSED(g.try_compile(1), ACTIV_ERROR_SHAPE, "glu");
    REFUSED(empty_graph().try_compile(1), ACTIV_ERROR_STATE);

    /* Nodes of nothing. */
    const activ::node none;
    CHECK(!none && !none.linear(3) && !none.apply(relu) && !relu(none) && !(none + none) && !none.named("a"));
    CHECK(!none.cross_entropy(options) && !none.mse() && !none.flatten());
    CHECK(foreign.graph() != none.graph());

    /* A compiled graph stays as it is. */
    g = empty_graph();
    x = g.input(3);
    x.linear(2).mse();
    must(g.try_compile(1));
    CHECK(!x.linear(3) && !(x + foreign) && !g.input(2));
    must(g.try_init(1));
    must(g.try_train_values(floats(3), floats(2)));
    REFUSED(g.try_compile(1), ACTIV_ERROR_STATE);
    THROWS(g.compile(1), ACTIV_ERROR_STATE);
}

void refused_in_running()
{
    activ::graph g = empty_graph();
    g.input(3).linear(2).cross_entropy();
    floats y(4);
    const floats x(6);
    const std::vector<std::int32_t> labels{ 0, 1 }, odd{ 0, 2 };
    REFUSED(g.try_forward(x, y), ACTIV_ERROR_STATE, "not compiled");
    REFUSED(g.try_init(1), ACTIV_ERROR_STATE, "not compiled");
    REFUSED(g.try_predictor(), ACTIV_ERROR_STATE, "not compiled");
    CHECK(g.params().empty() && g.grads().empty() && g.features() == 0);
    activ::compile_options options;
    options.max_batch = 2;
    options.keep_values = true;
    CHECK(g.memory_bytes(options) > g.memory_bytes(2));
    must(g.try_compile(options));
    REFUSED(g.try_train(x, labels), ACTIV_ERROR_STATE);
    must(g.try_init(1));
    must(g.try_train(x, labels));
    CHECK(g.value_grads(g.input_node()) != nullptr);

    REFUSED(g.try_forward(floats(7), y), ACTIV_ERROR_SHAPE, "x has 7", "samples of 3");
    REFUSED(g.try_forward(x, activ::span<float>(y).subspan(1)), ACTIV_ERROR_SHAPE, "y has 3", "2 x 2");
    REFUSED(g.try_forward(floats(), activ::span<float>()), ACTIV_ERROR_RANGE, "batch");
    REFUSED(g.try_train(floats(), std::vector<std::int32_t>()), ACTIV_ERROR_RANGE, "labels is empty", "batch");
    REFUSED(g.try_evaluate(floats(3), std::vector<std::int32_t>()), ACTIV_ERROR_RANGE, "labels is empty");
    floats six(6);
    REFUSED(g.try_forward(floats(9), six), ACTIV_ERROR_RANGE, "batch");
    REFUSED(g.try_train(floats(5), labels), ACTIV_ERROR_SHAPE, "x has 5", "2 x 3");
    REFUSED(g.try_train(x, odd), ACTIV_ERROR_RANGE, "label");
    REFUSED(g.try_train_values(x, floats(4)), ACTIV_ERROR_STATE);
    REFUSED(g.try_train_values(x, floats(3)), ACTIV_ERROR_SHAPE, "targets has 3");
    REFUSED(g.try_evaluate(floats(3), labels), ACTIV_ERROR_SHAPE, "x has 3");
    REFUSED(g.try_evaluate_values(x, floats(3)), ACTIV_ERROR_SHAPE, "targets has 3");
    REFUSED(g.try_forward_train(x, activ::span<float>(y).subspan(2)), ACTIV_ERROR_SHAPE, "y has 2");
    REFUSED(g.try_backward(y), ACTIV_ERROR_STATE, "forward_train");
    must(g.try_forward_train(x, y));
    REFUSED(g.try_backward(floats(3)), ACTIV_ERROR_SHAPE, "dy has 3");
    REFUSED(g.try_backward(y, activ::span<float>(six).subspan(1)), ACTIV_ERROR_SHAPE, "dx has 5", "2 x 3");
    REFUSED(g.try_backward(floats(2), activ::none), ACTIV_ERROR_RANGE, "batch");
    must(g.try_backward(y, six));
    REFUSED(g.try_clip_grad_norm(-1), ACTIV_ERROR_RANGE);
    REFUSED(g.try_clip_grad_value(-1), ACTIV_ERROR_RANGE);
    REFUSED(g.try_init_weights(99, 1, 1), ACTIV_ERROR_UNSUPPORTED);
    const activ::evaluation e = must(g.try_evaluate(x, labels));
    CHECK(std::isfinite(e.loss) && e.correct <= 2);

    THROWS(g.forward(floats(7), y), ACTIV_ERROR_SHAPE, "x has 7");
    THROWS((void)g.train(floats(5), labels), ACTIV_ERROR_SHAPE, "x has 5");
    THROWS((void)g.train_values(x, floats(4)), ACTIV_ERROR_STATE);
    THROWS((void)g.evaluate(floats(3), labels), ACTIV_ERROR_SHAPE, "x has 3");
    THROWS((void)g.evaluate_values(x, floats(3)), ACTIV_ERROR_SHAPE, "targets has 3");
    THROWS(g.forward_train(x, activ::span<float>(y).subspan(2)), ACTIV_ERROR_SHAPE, "y has 2");
    THROWS(g.backward(floats(3)), ACTIV_ERROR_SHAPE, "dy has 3");
    THROWS((void)g.clip_grad_norm(-1), ACTIV_ERROR_RANGE);
    THROWS(g.clip_grad_value(-1), ACTIV_ERROR_RANGE);
    THROWS(g.init_weights(99, 1, 1), ACTIV_ERROR_UNSUPPORTED);

    /* Moved from: all calls. */
    activ::graph there = std::move(g);
    CHECK(there && !g && g.param_count() == 0 && g.nodes().size() == 0 && !g.input(3) && g.error().empty());
    CHECK(g.params().empty() && g.buffers().empty() && g.memory_bytes(1) == 0 && g.max_batch() == 0 && g.seed() == 0);
    CHECK(!g.input_node() && !g.find("a") && g.param_tensors().size() == 0 && g.workspace_bytes(1) == 0);
    REFUSED(g.try_compile(1), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_init(1), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_init_weights(0, 1, 1), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_forward(x, y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_train(x, labels), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_train_values(x, y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_evaluate(x, labels), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_evaluate_values(x, y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_forward_train(x, y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_backward(y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_predict(activ::span<std::byte>(), x, y), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_predictor(), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_clip_grad_norm(1), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(g.try_clip_grad_value(1), ACTIV_ERROR_INVALID, "graph is empty");
    THROWS(g.compile(1), ACTIV_ERROR_INVALID, "graph is empty");
    g = std::move(there);
    must(g.try_forward(x, y));
}

void predictions()
{
    activ::graph g = empty_graph();
    make("gelu")(g.input(3).linear(8)).linear(2);
    must(g.try_compile(0));
    must(g.try_init(3));
    const floats x = some_values(30);
    floats y(20);
    REFUSED(g.try_forward(x, y), ACTIV_ERROR_STATE, "predictions only");
    activ::predictor p = must(g.try_predictor(4));
    CHECK(p && !activ::predictor());
    must(p.try_predict(x, y));
    std::vector<std::byte> workspace(g.workspace_bytes(1));
    floats again(20);
    must(g.try_predict(workspace, x, again));
    CHECK(same_bits(y, again));
    /* Several threads, one graph. */
    std::vector<floats> answers(3, floats(20));
    std::vector<std::thread> threads;
    for (floats &answer : answers)
        threads.emplace_back([&] { must(must(g.try_predictor()).try_predict(x, answer)); });
    for (std::thread &t : threads)
        t.join();
    for (const floats &answer : answers)
        CHECK(same_bits(answer, y));
    REFUSED(g.try_predict(activ::span<std::byte>(workspace).subspan(0, 1), x, y), ACTIV_ERROR_RANGE, "workspace");
    REFUSED(g.try_predict(workspace, floats(4), y), ACTIV_ERROR_SHAPE, "x has 4");
    REFUSED(p.try_predict(floats(4), y), ACTIV_ERROR_SHAPE, "x has 4");
    REFUSED(p.try_predict(x, activ::span<float>(y).subspan(1)), ACTIV_ERROR_SHAPE, "y has 19", "10 x 2");
    REFUSED(g.try_predictor(0), ACTIV_ERROR_RANGE, "batch of 0");
    REFUSED(g.try_predictor(SIZE_MAX), ACTIV_ERROR_RANGE, "batch of");
    activ::predictor moved = std::move(p);
    REFUSED(p.try_predict(x, y), ACTIV_ERROR_INVALID, "predictor is empty");
    must(moved.try_predict(x, y));
    p = std::move(moved);
    must(p.try_predict(x, y));
    THROWS(p.predict(floats(4), y), ACTIV_ERROR_SHAPE, "x has 4");
    THROWS(g.predict(workspace, floats(4), y), ACTIV_ERROR_SHAPE, "x has 4");
    THROWS((void)g.predictor(0), ACTIV_ERROR_RANGE, "batch of 0");
}

void weighted()
{
    activ::graph g = empty_graph();
    activ::cross_entropy_options options;
    const floats weight{ 1, 2, 0.5f };
    options.weight = weight;
    options.label_smoothing = 0.1f;
    options.ignore_index = 7;
    g.input(3).linear(3).cross_entropy(options);
    must(g.try_compile(2));
    must(g.try_init(1));
    CHECK(g.buffers().size() == 3 && g.buffers()[1] == 2);
    CHECK(std::isfinite(must(g.try_train(floats(6), std::vector<std::int32_t>{ 7, 1 }))));
}

} // namespace

void test_graph()
{
    layers();
    same_as_c();
    refused_in_building();
    refused_in_running();
    predictions();
    weighted();
}
