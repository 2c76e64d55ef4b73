/* Optimisers; and a network like the examples', trained here and in C to the same bytes. */
#include "check.hpp"

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

namespace {

using floats = std::vector<float>;

enum { FEATURES = 20, CLASSES = 10, BATCH = 16, STEPS = 60 };

struct data {
    floats x = floats(std::size_t{ BATCH } * STEPS * FEATURES);
    std::vector<std::int32_t> labels = std::vector<std::int32_t>(std::size_t{ BATCH } * STEPS);

    data()
    {
        must(activ::try_random_uniform(1, 1, 0, -1, 1, x));
        for (std::size_t i = 0; i < labels.size(); i++)
            labels[i] = static_cast<std::int32_t>(activ::random_bits(1, 2, i) % CLASSES);
    }
};

std::string bytes_of(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/* FEATURES-32-24-16-12-CLASSES with mish, SGD with momentum. */
void train_in_c(const data &d, const char *path, float *last)
{
    activ_fn *mish = nullptr;
    activ_graph *g = nullptr;
    activ_optimizer *sgd = nullptr;
    activ_sgd_options options = ACTIV_SGD_DEFAULTS;
    options.lr = 0.05f;
    options.momentum = 0.8f;
    options.nesterov = 1;
    CHECK(activ_fn_create(nullptr, "mish", &mish) == ACTIV_OK && activ_graph_create(nullptr, &g) == ACTIV_OK);
    activ_node x = activ_graph_input(g, FEATURES);
    for (std::size_t width : { 32u, 24u, 16u, 12u })
        x = activ_graph_apply(g, activ_graph_linear(g, x, width), mish);
    activ_graph_cross_entropy(g, activ_graph_linear(g, x, CLASSES));
    CHECK(activ_graph_compile(g, BATCH) == ACTIV_OK && activ_graph_init(g, 3) == ACTIV_OK);
    CHECK(activ_sgd_create(g, &options, &sgd) == ACTIV_OK);
    for (std::size_t i = 0; i < STEPS; i++) {
        CHECK(activ_graph_train(g, BATCH, d.x.data() + i * BATCH * FEATURES, d.labels.data() + i * BATCH, last) ==
              ACTIV_OK);
        CHECK(activ_graph_clip_grad_norm(g, 1, nullptr) == ACTIV_OK);
        CHECK(activ_optimizer_set_lr(sgd, activ_lr_cosine(0.05f, STEPS, 0, i)) == ACTIV_OK);
        CHECK(activ_optimizer_step(sgd) == ACTIV_OK);
    }
    CHECK(activ_checkpoint_save_training(g, sgd, path, nullptr) == ACTIV_OK);
    activ_optimizer_destroy(sgd);
    activ_graph_destroy(g);
    activ_fn_destroy(mish);
}

void train_here(const data &d, const activ::context &context, const std::string &path, float *last)
{
    const activ::function mish = must(activ::function::try_create("mish", context));
    activ::graph g = must(activ::graph::try_create(context));
    activ::node x = g.input(FEATURES);
    for (std::size_t width : { 32u, 24u, 16u, 12u })
        x = mish(x.linear(width));
    x.linear(CLASSES).cross_entropy();
    must(g.try_compile(BATCH));
    must(g.try_init(3));
    activ::sgd options;
    options.lr = 0.05f;
    options.momentum = 0.8f;
    options.nesterov = true;
    activ::optimizer sgd = must(activ::optimizer::try_create(g, options));
    const activ::span<const float> all(d.x);
    const activ::span<const std::int32_t> labels(d.labels);
    for (std::size_t i = 0; i < STEPS; i++) {
        *last =
            must(g.try_train(all.subspan(i * BATCH * FEATURES, BATCH * FEATURES), labels.subspan(i * BATCH, BATCH)));
        must(g.try_clip_grad_norm(1));
        must(sgd.try_set_lr(activ::lr_cosine(0.05f, STEPS, 0, i)));
        must(sgd.try_step());
    }
    CHECK(sgd.steps() == STEPS);
    must(activ::try_save_training(g, sgd, path));
}

void same_bytes()
{
    const data d;
    float c_loss = 0, loss = 0, threaded = 0;
    const std::string c = in_scratch("c.safetensors"), here = in_scratch("cpp.safetensors"),
                      pooled = in_scratch("pool.safetensors");
    train_in_c(d, c.c_str(), &c_loss);
    train_here(d, activ::context(), here, &loss);
    train_here(d, must(activ::context::try_create(must(activ::pool::try_create(2)))), pooled, &threaded);
    CHECK(c_loss == loss && loss == threaded && std::isfinite(loss));
    const std::string bytes = bytes_of(c);
    CHECK(bytes.size() > 1000 && bytes == bytes_of(here) && bytes == bytes_of(pooled));
}

template <class Options, class COptions>
void same_step(const Options &options, const COptions &c_options,
               activ_status (*create)(activ_graph *, const COptions *, activ_optimizer **))
{
    activ::graph a = must(activ::graph::try_create()), b = must(activ::graph::try_create());
    const floats x = some_values(12), t = some_values(8);
    for (activ::graph *g : { &a, &b }) {
        g->input(3).linear(5).linear(2).mse();
        must(g->try_compile(4));
        must(g->try_init(1));
    }
    activ::optimizer o = must(activ::optimizer::try_create(a, options));
    activ_optimizer *c = nullptr;
    CHECK(create(b.get(), &c_options, &c) == ACTIV_OK);
    for (int i = 0; i < 3; i++) {
        must(a.try_train_values(x, t));
        must(b.try_train_values(x, t));
        must(o.try_step());
        CHECK(activ_optimizer_step(c) == ACTIV_OK);
    }
    CHECK(same_bits(a.params(), b.params()));
    for (int i = 0; i < 3; i++) {
        const float loss = must(a.try_step_values(o, x, t));
        CHECK(loss == must(b.try_train_values(x, t)) && activ_optimizer_step(c) == ACTIV_OK);
    }
    CHECK(same_bits(a.params(), b.params()) && o.steps() == 6);
    activ_optimizer_destroy(c);
}

/* Training and the step in one call. */
void in_one()
{
    const floats x = some_values(4 * 3);
    const std::vector<std::int32_t> labels{ 0, 1, 1, 0 };
    activ::graph a = must(activ::graph::try_create()), b = must(activ::graph::try_create());
    for (activ::graph *g : { &a, &b }) {
        g->input(3).linear(5).linear(2).cross_entropy();
        must(g->try_compile(4));
        must(g->try_init(1));
    }
    activ::optimizer one = must(activ::optimizer::try_create(a, activ::adamw())), none,
                     two = must(activ::optimizer::try_create(b, activ::adamw()));
    for (int i = 0; i < 3; i++) {
        const float loss = must(a.try_step(one, x, labels));
        CHECK(loss == must(b.try_train(x, labels)));
        must(two.try_step());
    }
    CHECK(same_bits(a.params(), b.params()) && one.steps() == 3);
    REFUSED(a.try_step(none, x, labels), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(a.try_step_values(none, x, x), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(a.try_step(two, x, labels), ACTIV_ERROR_INVALID, "another graph's");
    REFUSED(a.try_step(one, floats(7), labels), ACTIV_ERROR_SHAPE, "x has 7");
    REFUSED(a.try_step_values(one, x, some_values(8)), ACTIV_ERROR_STATE, "mse");
    THROWS((void)a.step(two, x, labels), ACTIV_ERROR_INVALID, "another graph's");
    THROWS((void)a.step_values(one, x, some_values(8)), ACTIV_ERROR_STATE, "mse");
    CHECK(one.steps() == 3 && two.steps() == 3);
#ifndef ACTIV_NO_EXCEPTIONS
    CHECK(a.step(one, x, labels) == b.train(x, labels));
#endif
    const activ::graph there = std::move(a);
    REFUSED(a.try_step(one, x, labels), ACTIV_ERROR_INVALID, "graph is empty");
}

/* Defaults are C's, and each field goes to the field of its name. */
void kinds()
{
    same_step(activ::sgd(), activ_sgd_options ACTIV_SGD_DEFAULTS, activ_sgd_create);
    same_step(activ::adamw(), activ_adamw_options ACTIV_ADAMW_DEFAULTS, activ_adamw_create);
    same_step(activ::rmsprop(), activ_rmsprop_options ACTIV_RMSPROP_DEFAULTS, activ_rmsprop_create);
    activ_sgd_options c_sgd = ACTIV_SGD_DEFAULTS;
    activ::sgd sgd;
    c_sgd.lr = sgd.lr = 0.1f;
    c_sgd.momentum = sgd.momentum = 0.5f;
    c_sgd.dampening = sgd.dampening = 0.25f;
    c_sgd.weight_decay = sgd.weight_decay = 0.125f;
    c_sgd.maximize = sgd.maximize = true;
    same_step(sgd, c_sgd, activ_sgd_create);
    activ_adamw_options c_adamw = ACTIV_ADAMW_DEFAULTS;
    activ::adamw adamw;
    c_adamw.lr = adamw.lr = 0.1f;
    c_adamw.beta1 = adamw.beta1 = 0.5f;
    c_adamw.beta2 = adamw.beta2 = 0.75f;
    c_adamw.eps = adamw.eps = 0.01f;
    c_adamw.weight_decay = adamw.weight_decay = 0.5f;
    c_adamw.amsgrad = adamw.amsgrad = true;
    c_adamw.maximize = adamw.maximize = true;
    same_step(adamw, c_adamw, activ_adamw_create);
    activ_rmsprop_options c_rmsprop = ACTIV_RMSPROP_DEFAULTS;
    activ::rmsprop rmsprop;
    c_rmsprop.lr = rmsprop.lr = 0.1f;
    c_rmsprop.alpha = rmsprop.alpha = 0.5f;
    c_rmsprop.eps = rmsprop.eps = 0.01f;
    c_rmsprop.weight_decay = rmsprop.weight_decay = 0.5f;
    c_rmsprop.momentum = rmsprop.momentum = 0.75f;
    c_rmsprop.centered = rmsprop.centered = true;
    c_rmsprop.maximize = rmsprop.maximize = true;
    same_step(rmsprop, c_rmsprop, activ_rmsprop_create);
#if __cplusplus >= 202002L
    same_step(activ::sgd{ .lr = 0.1f, .momentum = 0.5f, .dampening = 0.25f, .weight_decay = 0.125f, .maximize = true },
              c_sgd, activ_sgd_create);
#endif
}

void optimizers()
{
    activ::graph g = must(activ::graph::try_create());
    g.input(3).linear(2).mse();
    REFUSED(activ::optimizer::try_create(g, activ::sgd()), ACTIV_ERROR_STATE, "not compiled");
    must(g.try_compile(4));
    must(g.try_init(1));
    activ::sgd bad;
    bad.lr = -1;
    REFUSED(activ::optimizer::try_create(g, bad), ACTIV_ERROR_RANGE, "lr");
    activ::adamw bad_adamw;
    bad_adamw.eps = 0;
    REFUSED(activ::optimizer::try_create(g, bad_adamw), ACTIV_ERROR_RANGE, "eps");
    activ::rmsprop bad_rmsprop;
    bad_rmsprop.alpha = 2;
    REFUSED(activ::optimizer::try_create(g, bad_rmsprop), ACTIV_ERROR_RANGE, "alpha");
    THROWS((void)activ::optimizer(g, bad), ACTIV_ERROR_RANGE, "lr");
    THROWS((void)activ::optimizer(g, bad_adamw), ACTIV_ERROR_RANGE, "eps");
    THROWS((void)activ::optimizer(g, bad_rmsprop), ACTIV_ERROR_RANGE, "alpha");

    activ::optimizer o = must(activ::optimizer::try_create(g, activ::adamw()));
    CHECK(o && o.lr() == 0.001f && o.steps() == 0);
    must(o.try_set_lr(0.5f));
    CHECK(o.lr() == 0.5f);
    REFUSED(o.try_set_lr(-1), ACTIV_ERROR_RANGE);
    CHECK(must(o.try_options(0)).weight_decay == 0.01f && must(o.try_options(0)).lr_scale == 1);
    activ::tensor_options frozen;
    frozen.lr_scale = 0;
    must(o.try_set_options(1, frozen));
    CHECK(must(o.try_options(1)).lr_scale == 0 && must(o.try_options(1)).weight_decay == 0);
    must(o.try_decay_weights_only());
    CHECK(must(o.try_options(0)).weight_decay == 0.01f);
    REFUSED(o.try_options(2), ACTIV_ERROR_RANGE, "no tensor 2");
    REFUSED(o.try_set_options(2, frozen), ACTIV_ERROR_RANGE);
    frozen.lr_scale = std::numeric_limits<float>::quiet_NaN();
    REFUSED(o.try_set_options(0, frozen), ACTIV_ERROR_RANGE);
    THROWS(o.set_lr(-1), ACTIV_ERROR_RANGE);
    THROWS((void)o.options(2), ACTIV_ERROR_RANGE, "no tensor 2");
    THROWS(o.set_options(0, frozen), ACTIV_ERROR_RANGE);

    activ::optimizer there = std::move(o);
    CHECK(there && !o && o.steps() == 0 && o.lr() == 0);
    REFUSED(o.try_step(), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(o.try_set_lr(1), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(o.try_options(0), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(o.try_set_options(0, activ::tensor_options()), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(o.try_decay_weights_only(), ACTIV_ERROR_INVALID, "optimizer is empty");
    THROWS(o.step(), ACTIV_ERROR_INVALID, "optimizer is empty");
    o = std::move(there);
    must(o.try_step());
    activ::graph moved = std::move(g);
    must(o.try_step());
    REFUSED(activ::optimizer::try_create(g, activ::sgd()), ACTIV_ERROR_INVALID, "graph is empty");
    CHECK(o.steps() == 2);
#ifndef ACTIV_NO_EXCEPTIONS
    activ::optimizer plain(moved);
    plain.step();
    plain.decay_weights_only();
    CHECK(plain.lr() == 0.001f);
#endif
}

void schedules()
{
    CHECK(activ::lr_step(1, 2, 0.5f, 5) == activ_lr_step(1, 2, 0.5f, 5));
    CHECK(activ::lr_cosine(1, 10, 0.1f, 3) == activ_lr_cosine(1, 10, 0.1f, 3));
    CHECK(activ::lr_warmup(1, 0.1f, 10, 3) == activ_lr_warmup(1, 0.1f, 10, 3));
    CHECK(activ::lr_warmup_cosine(1, 0.1f, 3, 10, 0, 5) == activ_lr_warmup_cosine(1, 0.1f, 3, 10, 0, 5));
}

} // namespace

void test_training()
{
    same_bytes();
    kinds();
    in_one();
    optimizers();
    schedules();
}
