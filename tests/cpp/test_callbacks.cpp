/* Functions of the caller's own code, and exceptions in all kinds of callbacks. */
#include "check.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using floats = std::vector<float>;

activ::custom cube()
{
    return must(activ::custom::try_create(
        "cube", [](float x) { return x * x * x; }, [](float x) { return 3 * x * x; }));
}

/* prelu by the caller, with a weight to start from. */
struct slope {
    float start;

    std::size_t param_count() const
    {
        return 1;
    }
    void param_init(std::uint64_t, activ::span<float> params) const
    {
        params[0] = start;
    }
    void forward(activ::span<const float> params, activ::span<const float> x, activ::span<float> y) const
    {
        for (std::size_t i = 0; i < x.size(); i++)
            y[i] = x[i] > 0 ? x[i] : params[0] * x[i];
    }
    void backward(activ::span<const float> params, activ::span<const float> x, activ::span<const float> dy,
                  activ::span<float> dx, activ::span<double> sums) const
    {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); i++) {
            const float value = x[i], gradient = dy[i];
            if (!(value > 0))
                sum += static_cast<double>(gradient) * static_cast<double>(value);
            if (!dx.empty())
                dx[i] = value > 0 ? gradient : gradient * params[0];
        }
        if (!sums.empty())
            sums[0] = sum;
    }
};

void scalars()
{
    const activ::custom own = cube();
    CHECK(own && own.name() == "cube" && !activ::custom() && activ::custom().name().empty());
    std::optional<activ::function> f = must(activ::function::try_create(own));
    const floats x{ -2, 1, 3 }, dy{ 1, 2, 1 };
    floats y(3), dx(3);
    must(f->try_forward(x, y));
    must(f->try_backward(x, dy, dx));
    CHECK(y == floats({ -8, 1, 27 }) && dx == floats({ 12, 6, 27 }) && f->spec() == "cube");
    must(f->try_backward(x, dy, activ::none));
    REFUSED(activ::function::try_create(activ::custom()), ACTIV_ERROR_INVALID, "custom function is empty");
    const auto one = [](float) { return 1.0f; };
    REFUSED(activ::function::try_create(must(activ::custom::try_create("relu", one, one))), ACTIV_ERROR_INVALID,
            "relu");
    REFUSED(activ::function::try_create(must(activ::custom::try_create("1x", one, one))), ACTIV_ERROR_INVALID, "1x");
    REFUSED(activ::function::try_create(must(activ::custom::try_create(std::string(200, 'a'), one, one))),
            ACTIV_ERROR_INVALID, "aaa");
    REFUSED(activ::function::try_create(must(activ::custom::try_create(static_cast<const char *>(nullptr), one, one))),
            ACTIV_ERROR_INVALID);
    THROWS((void)activ::function(activ::custom()), ACTIV_ERROR_INVALID, "custom function is empty");
#ifndef ACTIV_NO_EXCEPTIONS
    const activ::function g(activ::custom(
        "twice", [](float a) { return 2 * a; }, [](float) { return 2.0f; }));
    g.forward(x, y); /* the custom is gone, what it holds is not */
    CHECK(y == floats({ -4, 2, 6 }));
#endif
    /* A callable that owns something, and goes only with the last that uses it. */
    const auto held = std::make_shared<float>(3.0f);
    {
        const activ::custom scaled = must(activ::custom::try_create(
            "scaled", [held](float a) { return *held * a; }, [held](float) { return *held; }));
        f = must(activ::function::try_create(scaled));
    }
    must(f->try_forward(x, y));
    CHECK(y == floats({ -6, 3, 9 }) && held.use_count() == 3);
    f.reset();
    CHECK(held.use_count() == 1);
}

void with_parameters()
{
    const activ::function f =
        must(activ::function::try_create(must(activ::custom::try_create("slope", slope{ 0.25f }))));
    const activ::function prelu = must(activ::function::try_create("prelu"));
    const floats x = some_values(500), dy = some_values(500), weights{ 0.5f };
    floats y(500), dx(500), dparams(1), c(500), c_dparams(1);
    CHECK(f.param_count() == 1);
    must(f.try_forward(x, y));
    must(prelu.try_forward(x, c));
    CHECK(same_bits(y, c));
    must(f.with(weights).try_backward(x, dy, dx, dparams));
    must(prelu.with(weights).try_backward(x, dy, c, c_dparams));
    CHECK(same_bits(dx, c) && std::fabs(dparams[0] - c_dparams[0]) < 1e-3f);
}

/* Named in specs, in a graph, in a file; context and custom go early. */
void named()
{
    const std::string path = in_scratch("own.safetensors");
    floats before(2), after(2), weights(1);
    const floats x{ 0.5f, -1, 2, 1, 1, -1 };
    {
        std::optional<activ::graph> g;
        {
            const activ::context context = must(activ::context::try_create(
                activ::context_options().add(cube()).add(must(activ::custom::try_create("slope", slope{ 0.5f })))));
            const activ::function f = must(activ::function::try_create("gated(cube)", context));
            CHECK(f.function_at(0).spec() == "cube");
            const activ::function s = must(activ::function::try_create("slope", context));
            must(s.try_param_init(weights));
            CHECK(weights[0] == 0.5f);
            g = must(activ::graph::try_create()); /* of another context: it takes along what it needs */
            const activ::node h = g->input(3).linear(4);
            s(h.gated_split(f)).linear(1).mse();
        }
        must(g->try_compile(2));
        must(g->try_init(4));
        must(g->try_train_values(x, floats(2)));
        must(g->try_forward(x, before));
        must(activ::try_save(*g, path));
        /* A function of a layer in a third graph, and the second one gone. */
        activ::graph third = must(activ::graph::try_create());
        third.input(2).apply(g->function_of(g->find("layers.2"))).linear(1).mse();
        CHECK(g->function_of(g->find("layers.2")).spec() == "slope" && !g->function_of(g->find("layers.0")));
        g.reset();
        must(third.try_compile(1));
        must(third.try_init(1));
        must(third.try_train_values(floats(2, 1.0f), floats(1)));
    }
    REFUSED(activ::try_load(path, 2), ACTIV_ERROR_FORMAT, "unknown function 'cube'");
    std::optional<activ::graph> loaded;
    {
        const activ::context context = must(activ::context::try_create(
            activ::context_options().add(cube()).add(must(activ::custom::try_create("slope", slope{ 0.5f })))));
        loaded = must(activ::try_load(path, 2, context));
    }
    must(loaded->try_forward(x, after));
    CHECK(same_bits(before, after));
}

/* A function's callables go along with the graph, if there is memory for that. */
void no_memory()
{
    const activ::function f = must(activ::function::try_create(cube()));
    activ::graph g = must(activ::graph::try_create());
    const activ::node x = g.input(3);
    allow_new(0);
    const activ::node y = f(x);
    allow_new(-1);
    CHECK(!y);
    REFUSED(g.try_compile(1), ACTIV_ERROR_OUT_OF_MEMORY, "memory");
}

void too_many()
{
    activ::context_options options;
    const activ::custom own = cube();
    for (int i = 0; i < 65; i++)
        options.add(own);
    REFUSED(activ::context::try_create(options), ACTIV_ERROR_RANGE, "64");
}

#ifndef ACTIV_NO_EXCEPTIONS
struct odd : std::runtime_error {
    odd() : std::runtime_error("odd value")
    {
    }
};

/* Throws for one value. */
activ::custom picky(float forbidden)
{
    return activ::custom(
        "picky",
        [forbidden](float x) {
            if (x == forbidden)
                throw odd();
            return x;
        },
        [forbidden](float x) {
            if (x == -forbidden)
                throw 42;
            return 1.0f;
        });
}

template <class Thrown, class Call> bool throws(Call call)
{
    try {
        call();
    } catch (const Thrown &) {
        return true;
    } catch (...) {
    }
    return false;
}

void thrown_by_functions()
{
    const activ::function f(picky(3));
    floats y(2), dx(2);
    f.forward(floats{ 1, 2 }, y);
    /* The very exception, or a failure with it. */
    CHECK(throws<odd>([&] { f.forward(floats{ 1, 3 }, y); }));
    CHECK(std::isnan(y[0]) && std::isnan(y[1]));
    CHECK(throws<int>([&] { f.backward(floats{ 1, -3 }, floats{ 1, 1 }, dx); }));
    CHECK(std::isnan(dx[0]));
    const activ::result<void> r = f.try_forward(floats{ 1, 3 }, y);
    CHECK(!r && r.status() == ACTIV_ERROR_INVALID && r.why().cause());
    CHECK(std::strstr(r.message(), "odd value") && std::strstr(r.message(), "forward"));
    const activ::result<void> unnamed = f.try_backward(floats{ 1, -3 }, floats{ 1, 1 }, dx);
    CHECK(!unnamed && std::strstr(unnamed.message(), "threw"));
    /* Once told, it is over. */
    must(f.try_forward(floats{ 1, 2 }, y));
    CHECK(y == floats({ 1, 2 }));
    CHECK(throws<odd>([&] { f.forward_rows(floats{ 1, 3 }, y); }));

    /* In a gated function by way of a context, on a pool. */
    activ::context context(activ::context_options().threads(activ::pool(2)).add(picky(3)));
    const activ::function gated("gated(picky)", context);
    floats many(100000, 1.0f), out(many.size());
    gated.forward_gated(many, many, out);
    many[77777] = 3;
    CHECK(throws<odd>([&] { gated.forward_gated(many, many, out); }));

    struct bad : slope {
        void param_init(std::uint64_t, activ::span<float>) const
        {
            throw odd();
        }
        void forward(activ::span<const float>, activ::span<const float>, activ::span<float>) const
        {
            throw odd();
        }
        void backward(activ::span<const float>, activ::span<const float>, activ::span<const float>, activ::span<float>,
                      activ::span<double>) const
        {
            throw odd();
        }
    };
    const activ::function all(activ::custom("all", bad{ { 1 } }));
    floats dparams(1);
    CHECK(throws<odd>([&] { (void)all.params(); }));
    CHECK(throws<odd>([&] { all.with(floats{ 1 }).forward(floats(2), y); }) && std::isnan(y[1]));
    CHECK(throws<odd>([&] { all.with(floats{ 1 }).backward(floats(2), floats(2), dx, dparams); }));
    CHECK(std::isnan(dx[1]) && std::isnan(dparams[0]));
}

void thrown_in_a_graph()
{
    activ::graph g;
    {
        const activ::function f(picky(0));
        f(g.input(1)).linear(1).mse();
    }
    g.compile(activ::compile_options{ 2, true });
    g.init(1);
    floats y(2);
    const floats bad{ 1, 0 }, good{ 1, 2 }, targets(2);
    (void)g.train_values(good, targets);
    CHECK(throws<odd>([&] { (void)g.train_values(bad, targets); }));
    CHECK(throws<odd>([&] { g.forward(bad, y); }));
    CHECK(throws<odd>([&] { (void)g.evaluate_values(bad, targets); }));
    CHECK(throws<odd>([&] { g.forward_train(bad, y); }));
    activ::predictor p = g.predictor(1);
    CHECK(throws<odd>([&] { p.predict(bad, y); }));
    std::vector<std::byte> workspace(g.workspace_bytes(1));
    CHECK(throws<odd>([&] { g.predict(workspace, bad, y); }));
    g.forward(good, y);
    p.predict(good, y);
    CHECK(std::isfinite(g.train_values(good, targets)));
}

void thrown_by_executors()
{
    int calls = 0;
    const auto broken = [&calls](std::size_t count, activ::task task) {
        for (std::size_t i = 0; i < count; i++) {
            if (i == 1 && calls++ < 1)
                throw odd();
            task(i);
        }
    };
    const activ::context context(activ::context_options().executor(4, broken));
    const activ::function f("gelu", context), serial("gelu");
    const floats x = some_values(200000);
    floats y(x.size()), c(x.size());
    CHECK(throws<odd>([&] { f.forward(x, y); }));
    serial.forward(x, c);
    CHECK(calls == 1 && same_bits(y, c)); /* the work is whole all the same */
    f.forward(x, y);
    CHECK(calls == 2);
    activ::graph g(context);
    g.input(64).linear(64).mse();
    g.compile(512);
    g.init(1);
    calls = 0;
    CHECK(throws<odd>([&] { (void)g.train_values(some_values(512 * 64), some_values(512 * 64)); }));
}

void thrown_by_logs()
{
    const activ::context context(activ::context_options().log([](activ_status, std::string_view) { throw odd(); }));
    REFUSED(activ::function::try_create("gelo", context), ACTIV_ERROR_UNKNOWN_NAME, "gelo");
    THROWS((void)activ::function("gelo", context), ACTIV_ERROR_UNKNOWN_NAME, "gelo");
}

void exceptions()
{
    thrown_by_functions();
    thrown_in_a_graph();
    thrown_by_executors();
    thrown_by_logs();
}
#else
void exceptions()
{
}
#endif

} // namespace

void test_callbacks()
{
    scalars();
    with_parameters();
    named();
    no_memory();
    too_many();
    exceptions();
}
