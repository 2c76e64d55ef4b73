/* Contexts, pools, logs, memory; and that any order of destruction is right. */
#include "check.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#if __has_include(<memory_resource>)
#    include <memory_resource>
#endif

namespace {

using floats = std::vector<float>;

void options()
{
    const activ::context defaults;
    CHECK(defaults.get() == nullptr && defaults.tier() == activ_tier() && !defaults.is_moved_from());
    activ::context scalar = must(activ::context::try_create(activ::context_options().max_tier("scalar")));
    CHECK(scalar.tier() == "scalar");
    must(activ::context::try_create(activ::context_options()));
    REFUSED(activ::context::try_create(activ::context_options().max_tier("sse9")), ACTIV_ERROR_UNKNOWN_NAME, "sse9");
    REFUSED(activ::context::try_create(activ::context_options().max_tier(std::string(100, 'x'))),
            ACTIV_ERROR_UNKNOWN_NAME, "xxx");
    const auto serial = [](std::size_t count, activ::task task) {
        for (std::size_t i = 0; i < count; i++)
            task(i);
    };
    REFUSED(activ::context::try_create(activ::context_options().executor(0, serial)), ACTIV_ERROR_RANGE, "num_threads");
    REFUSED(activ::context::try_create(activ::context_options().threads(activ::pool())), ACTIV_ERROR_INVALID,
            "pool is empty");
    REFUSED(activ::context::try_create(activ::context_options().add(activ::custom()).max_tier("sse9")),
            ACTIV_ERROR_INVALID, "custom function is empty"); /* the first of several */
    activ_allocator half = ACTIV_ALLOCATOR_DEFAULTS;
    half.alloc = [](void *, std::size_t, std::size_t) -> void * { return nullptr; };
    REFUSED(activ::context::try_create(activ::context_options().allocator(half)), ACTIV_ERROR_INVALID, "allocator");
    THROWS((void)activ::context(activ::context_options().max_tier("sse9")), ACTIV_ERROR_UNKNOWN_NAME, "sse9");

    /* Nothing is made with one that was moved from; a default one is no such thing. */
    const activ::context there = std::move(scalar);
    CHECK(there.tier() == "scalar" && scalar.is_moved_from() && scalar.tier().empty());
    REFUSED(activ::function::try_create("relu", scalar), ACTIV_ERROR_INVALID, "context is empty", "moved");
    REFUSED(activ::graph::try_create(scalar), ACTIV_ERROR_INVALID, "context is empty");
    REFUSED(activ::pool::try_create(2, scalar), ACTIV_ERROR_INVALID, "context is empty");
    REFUSED(activ::tensor::try_create({ 2 }, ACTIV_FLOAT32, scalar), ACTIV_ERROR_INVALID, "context is empty");
    REFUSED(activ::stats::try_create(scalar), ACTIV_ERROR_INVALID, "context is empty");
    REFUSED(activ::safetensors::try_open("x", scalar), ACTIV_ERROR_INVALID, "context is empty");
    REFUSED(activ::try_load("x", 0, scalar), ACTIV_ERROR_INVALID, "context is empty");
    scalar = activ::context();
    must(activ::function::try_create("relu", scalar));
}

void pools()
{
    activ::pool pool = must(activ::pool::try_create(2));
    CHECK(pool && pool.threads() == 2 && !activ::pool() && activ::pool().threads() == 0);
    REFUSED(activ::pool::try_create(1000), ACTIV_ERROR_RANGE, "256");
    THROWS((void)activ::pool(1000), ACTIV_ERROR_RANGE, "256");

    /* The function works after pool and context are gone. */
    std::optional<activ::context> context = must(activ::context::try_create(pool));
    const activ::function f = must(activ::function::try_create("gelu", *context));
    const activ::pool moved = std::move(pool);
    CHECK(!pool && moved);
    REFUSED(activ::context::try_create(pool), ACTIV_ERROR_INVALID, "pool is empty");
    context.reset();
    const floats x = some_values(200000);
    floats y(x.size()), c(x.size());
    must(f.try_forward(x, y));
    must(must(activ::function::try_create("gelu")).try_forward(x, c));
    CHECK(same_bits(y, c));
}

void own_threads()
{
    std::atomic<int> calls{ 0 };
    const auto threads = [&calls](std::size_t count, activ::task task) {
        calls++;
        std::vector<std::thread> all;
        for (std::size_t i = 0; i < count; i++)
            all.emplace_back(task, i);
        for (std::thread &t : all)
            t.join();
    };
    const floats x = some_values(200000);
    floats y(x.size()), c(x.size());
    must(must(activ::function::try_create("gelu")).try_forward(x, c));
    const auto with = [&](activ::context context) {
        const activ::function f = must(activ::function::try_create("gelu", context));
        std::fill(y.begin(), y.end(), 0.0f);
        must(f.try_forward(x, y));
        CHECK(same_bits(y, c));
    };
    with(must(activ::context::try_create(activ::context_options().executor(3, threads))));
    CHECK(calls > 0);
    /* One that forgets half of the tasks, and one that does them twice, and more than there are. */
    with(must(activ::context::try_create(activ::context_options().executor(3, [](std::size_t count, activ::task task) {
        for (std::size_t i = 0; i < count; i += 2)
            task(i);
    }))));
    with(must(activ::context::try_create(activ::context_options().executor(3, [](std::size_t count, activ::task task) {
        for (std::size_t i = 0; i < 2 * count; i++) {
            task(i);
            task(i);
        }
    }))));
}

void logs()
{
    std::vector<std::string> lines;
    activ_status last = ACTIV_OK;
    const auto log = [&](activ_status status, std::string_view line) {
        last = status;
        lines.emplace_back(line);
    };
    const activ::context context = must(activ::context::try_create(activ::context_options().log(log)));
    REFUSED(activ::function::try_create("gelo", context), ACTIV_ERROR_UNKNOWN_NAME, "gelo");
    CHECK(lines.size() == 1 && last == ACTIV_ERROR_UNKNOWN_NAME && lines[0].find("gelo") != std::string::npos);
    /* Once, though the words take a second call. */
    const activ::function f = must(activ::function::try_create("relu", context));
    floats y(4);
    REFUSED(f.try_forward(activ::span<const float>(y).subspan(0, 3), activ::span<float>(y).subspan(1)),
            ACTIV_ERROR_INVALID, "y overlaps");
    CHECK(lines.size() == 2 && lines[1].find("y overlaps") != std::string::npos);
    activ::graph g = must(activ::graph::try_create(context));
    g.input(3).linear(0);
    REFUSED(g.try_compile(1), ACTIV_ERROR_RANGE);
    CHECK(lines.size() == 3);
}

/* Counts, and fails when it is told to. */
struct memory {
    std::size_t calls = 0, live = 0, fail_at = 0;
};

activ_allocator allocator_of(memory &m)
{
    activ_allocator a = ACTIV_ALLOCATOR_DEFAULTS;
    a.user = &m;
    a.alloc = [](void *user, std::size_t bytes, std::size_t alignment) -> void * {
        auto *self = static_cast<memory *>(user);
        if (++self->calls == self->fail_at)
            return nullptr;
        self->live++;
        return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    };
    a.free = [](void *user, void *block, std::size_t) {
        static_cast<memory *>(user)->live--;
        std::free(block);
    };
    return a;
}

/* All kinds of objects, from a context; each step's failure. */
activ::failure make_all(const activ_allocator &allocator)
{
    auto c = activ::context::try_create(activ::context_options().allocator(allocator));
    if (!c)
        return c.why();
    auto f = activ::function::try_create("moe(relu, prelu)", *c);
    if (!f)
        return f.why();
    auto t = activ::tensor::try_create({ 3, 2 }, ACTIV_FLOAT32, *c);
    if (!t)
        return t.why();
    auto v = t->try_transpose(0, 1);
    if (!v)
        return v.why();
    auto g = activ::graph::try_create(*c);
    if (!g)
        return g.why();
    const activ::node x = g->input(4);
    activ::concat({ (*f)(x.linear(4)) + x, x }).linear(2).cross_entropy();
    if (auto r = g->try_compile(4); !r)
        return r.why();
    if (auto r = g->try_init(1); !r)
        return r.why();
    auto o = activ::optimizer::try_create(*g, activ::adamw());
    if (!o)
        return o.why();
    auto h = activ::histogram::try_create(5, 0, 1, *c);
    if (!h)
        return h.why();
    auto s = activ::stats::try_create(*c);
    if (!s)
        return s.why();
    auto q = activ::quantiles::try_create(3, *c);
    if (!q)
        return q.why();
    auto n = activ::neurons::try_create(7, 0, *c);
    if (!n)
        return n.why();
    auto all = activ::graph_neurons::try_create(*g);
    if (!all)
        return all.why();
    auto p = g->try_predictor(2);
    if (!p)
        return p.why();
    auto m = activ::custom::try_create(
        "cube", [](float a) { return a * a * a; }, [](float a) { return 3 * a * a; });
    if (!m)
        return m.why();
    auto own = activ::function::try_create(*m, *c);
    if (!own)
        return own.why();
    activ::pool pool;
    if (auto made = activ::pool::try_create(2, *c); made)
        pool = *std::move(made);
    else
        return made.why();
    auto with = activ::context::try_create(
        activ::context_options().threads(pool).add(*m).log([](activ_status, std::string_view) {}));
    return with ? activ::failure::none() : with.why();
}

void failing_memory()
{
    memory m;
    CHECK(make_all(allocator_of(m)).status() == ACTIV_OK && m.live == 0);
    const std::size_t all = m.calls;
    CHECK(all > 10);
    for (std::size_t i = 1; i <= all; i++) {
        m = memory();
        m.fail_at = i;
        const activ::failure why = make_all(allocator_of(m));
        CHECK(why.status() == ACTIV_ERROR_OUT_OF_MEMORY && *why.message() && m.live == 0);
    }
    /* And what the headers take by themselves, one less each time. */
    long enough = 0;
    for (activ::failure why = activ::failure(ACTIV_ERROR_OUT_OF_MEMORY, ""); why.status() != ACTIV_OK; enough++) {
        m = memory();
        allow_new(enough);
        why = make_all(allocator_of(m));
        allow_new(-1);
        CHECK(why.status() == ACTIV_OK || why.status() == ACTIV_ERROR_OUT_OF_MEMORY);
        CHECK(m.live == 0);
        if (why.status() != ACTIV_OK)
            CHECK(std::strstr(why.message(), "memory") != nullptr);
    }
    CHECK(enough > 10);
}

#if defined(__cpp_lib_memory_resource)
class resource : public std::pmr::memory_resource {
public:
    std::size_t live = 0, most = SIZE_MAX;

private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override
    {
#    ifndef ACTIV_NO_EXCEPTIONS
        if (bytes > most)
            throw std::bad_alloc();
#    endif
        live += bytes;
        return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    void do_deallocate(void *block, std::size_t bytes, std::size_t alignment) override
    {
        CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
        live -= bytes;
        std::free(block);
    }
    bool do_is_equal(const memory_resource &other) const noexcept override
    {
        return this == &other;
    }
};

void resources()
{
    resource r;
    {
        const activ::context context = must(activ::context::try_create(activ::context_options().memory(r)));
        const activ::tensor t = must(activ::tensor::try_create({ 100 }, ACTIV_FLOAT32, context));
        CHECK(r.live >= 400);
#    ifndef ACTIV_NO_EXCEPTIONS /* else it has no way to refuse */
        r.most = 10;
        REFUSED(activ::tensor::try_create({ 100 }, ACTIV_FLOAT32, context), ACTIV_ERROR_OUT_OF_MEMORY, "memory");
#    endif
    }
    CHECK(r.live == 0);
}
#else
void resources()
{
}
#endif

/* What is destroyed first does not matter. The sanitizers look on. */
void any_order()
{
    std::optional<activ::pool> pool = must(activ::pool::try_create(2));
    std::optional<activ::context> context = must(activ::context::try_create(*pool));
    std::optional<activ::graph> g = must(activ::graph::try_create(*context));
    activ::node x = g->input(3);
    {
        const activ::function relu = must(activ::function::try_create("relu", *context));
        relu(x.linear(2)).linear(2).mse();
    }
    must(g->try_compile(2));
    must(g->try_init(1));
    activ::optimizer sgd = must(activ::optimizer::try_create(*g, activ::sgd()));
    activ::predictor predictor = must(g->try_predictor());
    activ::graph_neurons neurons = must(activ::graph_neurons::try_create(*g));
    pool.reset();
    context.reset();
    const floats in(6, 1.0f), targets(4, 0.5f);
    must(g->try_train_values(in, targets));
    g.reset();
    must(sgd.try_step());
    floats y(4);
    must(predictor.try_predict(in, y));
    CHECK(sgd.steps() == 1 && neurons.layers().size() == 1);
    sgd = activ::optimizer();
    x = activ::node();
    neurons = activ::graph_neurons();
    must(predictor.try_predict(in, y));
    predictor = activ::predictor();

    std::optional<activ::tensor> base = must(activ::tensor::try_create({ 4, 2 }));
    activ::tensor column = must(base->try_narrow(1, 1, 1));
    activ::tensor turned = must(column.try_transpose(0, 1));
    base.reset();
    column = activ::tensor();
    CHECK(turned.count() == 4 && static_cast<const float *>(turned.data())[6] == 0.0f);
}

} // namespace

void test_context()
{
    options();
    pools();
    own_threads();
    logs();
    failing_memory();
    resources();
    any_order();
}
