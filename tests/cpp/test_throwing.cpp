/* The throwing calls where nothing is wrong: they do what the others do. */
#include "check.hpp"

#ifndef ACTIV_NO_EXCEPTIONS

#    include <cmath>
#    include <string>

namespace {

using floats = std::vector<float>;

void functions()
{
    const floats x = some_values(12), dy = some_values(12);
    floats a(12), b(12), c(12), d(12), noise(12), dparams(3), again(3);
    const activ::function softmax("softmax"), swiglu("swiglu"), rrelu("rrelu"), prelu("prelu(num_parameters=3)"),
        tanh("tanh");
    softmax.forward_rows(activ::rows(x, 4), activ::rows(a, 4));
    must(softmax.try_forward_rows(activ::rows(x, 4), activ::rows(b, 4)));
    CHECK(same_bits(a, b));
    softmax.backward_rows(activ::rows(x, 4), activ::rows(dy, 4), activ::rows(a, 4));
    must(softmax.try_backward_rows(activ::rows(x, 4), activ::rows(dy, 4), activ::rows(b, 4)));
    CHECK(same_bits(a, b));
    swiglu.forward_gated(x, dy, a);
    must(swiglu.try_forward_gated(x, dy, b));
    CHECK(same_bits(a, b));
    swiglu.backward_gated(x, x, dy, a, c);
    must(swiglu.try_backward_gated(x, x, dy, b, d));
    CHECK(same_bits(a, b) && same_bits(c, d));
    prelu.forward_channels(x, a, 3, 2);
    must(prelu.try_forward_channels(x, b, 3, 2));
    CHECK(same_bits(a, b));
    prelu.backward_channels(x, dy, a, 3, 2, dparams);
    must(prelu.try_backward_channels(x, dy, b, 3, 2, again));
    CHECK(same_bits(a, b) && same_bits(dparams, again) && dparams[0] != 0);
    rrelu.forward_train(x, a, noise, 5);
    must(rrelu.try_forward_train(x, b, c, 5));
    CHECK(same_bits(a, b) && same_bits(noise, c));
    rrelu.backward_train(x, noise, dy, a);
    must(rrelu.try_backward_train(x, noise, dy, b));
    CHECK(same_bits(a, b));
    tanh.backward_from_y(x, dy, a);
    must(tanh.try_backward_from_y(x, dy, b));
    CHECK(same_bits(a, b));

    activ_forward_args forward = ACTIV_FORWARD_ARGS_DEFAULTS;
    forward.rows = 1;
    forward.columns = 12;
    forward.x = x.data();
    forward.y = a.data();
    activ_backward_args backward = ACTIV_BACKWARD_ARGS_DEFAULTS;
    backward.rows = 1;
    backward.columns = 12;
    backward.x = x.data();
    backward.dy = dy.data();
    backward.dx = c.data();
    const activ::function scalar("prelu");
    const floats half{ 0.5f };
    scalar.with(half).forward(forward);
    scalar.with(half).forward(x, b);
    scalar.with(half).backward(backward);
    scalar.with(half).backward(x, dy, d);
    CHECK(same_bits(a, b) && same_bits(c, d) && a[0] == -1);
    floats points(2), values(2), slopes(2);
    activ::surface(tanh, -1, 1, points, values, slopes, activ::none, activ::none);
    CHECK(points[1] == 1);
}

void networks_that_throw()
{
    activ::graph g;
    activ::function("relu")(g.input(3).linear(4)).linear(2).mse();
    activ::compile_options options;
    options.max_batch = 2;
    options.keep_values = true;
    g.compile(options);
    g.init(1);
    g.init_weights(ACTIV_INIT_KAIMING_NORMAL, 1, 2);
    const floats x = some_values(6), t = some_values(4);
    floats y(4), again(4), dx(6);
    CHECK(g.train_values(x, t) == g.evaluate_values(x, t));
    CHECK(g.clip_grad_norm(1) > 0);
    g.clip_grad_value(0.5f);
    g.forward(x, y);
    std::vector<std::byte> workspace(g.workspace_bytes(2));
    g.predict(workspace, x, again);
    CHECK(same_bits(y, again));
    g.predictor(1).predict(x, again);
    CHECK(same_bits(y, again));
    g.forward_train(x, again);
    g.backward(t, dx);
    CHECK(same_bits(y, again) && dx[0] != 0);
    CHECK(activ::view_layer(g, g.find("layers.1")).values.size() == 8);
    activ::graph_neurons all(g), more(g);
    all.add();
    all.merge(more);
    CHECK(all.layers()[0].inputs == 2);
    all.reset();

    activ::optimizer adamw(g, activ::adamw()), rmsprop(g, activ::rmsprop());
    activ::tensor_options frozen;
    frozen.lr_scale = 0;
    adamw.set_options(0, frozen);
    adamw.set_lr(0.5f);
    CHECK(adamw.options(0).lr_scale == 0 && adamw.lr() == 0.5f && rmsprop.lr() == 0.01f);
    adamw.step();

    const std::string path = in_scratch("throwing.safetensors");
    activ::save(g, path);
    activ::graph loaded = activ::load(path, 2);
    loaded.init(9);
    activ::load_params(loaded, path);
    CHECK(same_bits(g.params(), loaded.params()));
    activ::save_params(g, path);
    loaded.init(9);
    activ::load_params(loaded, path, activ::load_options());
    CHECK(same_bits(g.params(), loaded.params()));
    activ::save_training(g, adamw, path);
    CHECK(activ::load_training(loaded, path).steps() == 1);

    activ::graph c;
    c.input(3).linear(2).cross_entropy();
    c.compile(2);
    c.init(1);
    const std::vector<std::int32_t> labels{ 1, 0 };
    const float loss = c.train(x, labels);
    CHECK(c.evaluate(x, labels).loss == loss);
}

void others()
{
    const std::string path = in_scratch("throwing_tensors.safetensors");
    activ::tensor t({ 2, 2 });
    t.values<float>()[3] = 5;
    activ::save_tensors(path, { { "t", t } }, { { "key", "value" } });
    const std::vector<activ::named_tensor> list{ { "t", t } };
    activ::save_tensors(path, list);
    const activ::safetensors file(path);
    CHECK(file.find("t").data.size() == 16 && file.tensor("t").count() == 4);
    activ::tensor shared = activ::tensor::from_dlpack(t.to_dlpack());
    activ::tensor versioned = activ::tensor::from_dlpack(t.to_dlpack_versioned());
    CHECK(shared.values<const float>()[3] == 5 && versioned.values<const float>()[3] == 5);

    activ::histogram h(2, 0, 2), more(2, 0, 2);
    h.add(floats{ 1 });
    h.merge(more);
    CHECK(h.info().counts[1] == 1);
    h.reset();
    CHECK(h.info().total == 0 && activ::histogram::create_auto(floats{ 1, 2 }, 5).info().counts.size() >= 1);
    activ::quantiles q(5);
    q.add(floats{ 1, 2, 3 });
    floats at(2);
    q.at(std::vector<double>{ 0, 1 }, at);
    CHECK(at == floats({ 1, 3 }));
    activ::neurons n(2);
    n.add(activ::rows(floats{ 0, 1, 0, 2 }, 2));
    CHECK(n.view().dead() == std::vector<std::size_t>{ 0 });
}

} // namespace

void test_throwing()
{
    functions();
    networks_that_throw();
    others();
}

#else

void test_throwing()
{
}

#endif
