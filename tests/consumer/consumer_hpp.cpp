/* What a program in C++17 does with activ.hpp; also compiled as C++20 without exceptions. */
#include <activ/activ.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

static int failed;

static void need(bool good, const char *what, const char *why = "")
{
    if (!good) {
        std::fprintf(stderr, "consumer: failed: %s %s\n", what, why);
        failed = 1;
    }
}

static void values(const char *path)
{
    const std::vector<float> x = { -1.5f, 0.0f, 2.0f };
    std::vector<float> y(x.size());
    const auto tanh = activ::function::try_create("tanh");
    need(static_cast<bool>(tanh), "tanh", tanh.message());
    if (!tanh)
        return;
    need(static_cast<bool>(tanh->try_forward(x, y)), "forward");
    for (std::size_t i = 0; i < x.size(); i++)
        need(std::fabs(y[i] - std::tanh(x[i])) < 1e-6f, "tanh(x)");
    const auto refused = tanh->try_forward(x, activ::span<float>(y).subspan(1));
    need(refused.status() == ACTIV_ERROR_SHAPE, "a short y");

    auto pool = activ::pool::try_create(2);
    need(static_cast<bool>(pool), "pool", pool.message());
    auto context = pool ? activ::context::try_create(*pool) : pool.why();
    auto g = context ? activ::graph::try_create(*context) : context.why();
    need(static_cast<bool>(g), "graph", g.message());
    if (!g)
        return;
    (*tanh)(g->input(3).linear(4)).linear(1).mse();
    need(static_cast<bool>(g->try_compile(1)) && static_cast<bool>(g->try_init(1)), "compile");
    need(static_cast<bool>(g->try_train_values(x, std::vector<float>(1))), "train");
    need(static_cast<bool>(activ::try_save(*g, path)), "save");
    const auto loaded = activ::try_load(path);
    need(static_cast<bool>(loaded), "load", loaded.message());
}

#ifndef ACTIV_NO_EXCEPTIONS
static void exceptions()
{
    try {
        const activ::function f("gelo");
        need(false, "a misspelt name throws");
    } catch (const activ::error &error) {
        need(error.status() == ACTIV_ERROR_UNKNOWN_NAME && std::strstr(error.what(), "gelo"), "the message");
    }
}
#else
static void exceptions()
{
}
#endif

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: consumer FILE\n");
        return 2;
    }
    values(argv[1]);
    exceptions();
    return failed;
}
