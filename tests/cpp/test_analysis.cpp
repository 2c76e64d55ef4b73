/* Accumulators, layers, surfaces: as in C, and what is refused. */
#include "check.hpp"

#include <cmath>
#include <string>

namespace {

using floats = std::vector<float>;

void histograms()
{
    activ::histogram h = must(activ::histogram::try_create(4, 0, 4)),
                     other = must(activ::histogram::try_create(4, 0, 4));
    must(h.try_add(floats{ 0, 1, 1.5f, 4, 5, -1, NAN }));
    must(other.try_add(floats{ 2.5f }));
    must(h.try_merge(other));
    const activ::histogram_info info = h.info();
    CHECK(info.edges.size() == 5 && info.counts.size() == 4 && info.edges[4] == 4);
    CHECK(info.counts[0] == 1 && info.counts[1] == 2 && info.counts[2] == 1 && info.counts[3] == 1);
    CHECK(info.total == 8 && info.under == 1 && info.over == 1 && info.nans == 1);
    must(h.try_reset());
    CHECK(h.info().total == 0 && info.counts[1] == 0);
    must(h.try_add(activ::span<const float>()));
    const floats many = some_values(1000);
    const activ::histogram automatic = must(activ::histogram::try_create_auto(many, 100));
    CHECK(automatic.info().edges[0] == -2 && automatic.info().total == 0);
    CHECK(activ::histogram_bins(1000, -2, 2, -1, 1, 100) == activ_histogram_bins(1000, -2, 2, -1, 1, 100));
    REFUSED(activ::histogram::try_create(0, 0, 1), ACTIV_ERROR_RANGE, "bins");
    REFUSED(activ::histogram::try_create_auto(many, 0), ACTIV_ERROR_RANGE, "bins");
    REFUSED(h.try_merge(automatic), ACTIV_ERROR_SHAPE, "other arguments");
    REFUSED(h.try_merge(h), ACTIV_ERROR_INVALID, "merge");
    THROWS((void)activ::histogram(0, 0, 1), ACTIV_ERROR_RANGE, "bins");
    THROWS((void)activ::histogram::create_auto(many, 0), ACTIV_ERROR_RANGE, "bins");
    THROWS(h.merge(h), ACTIV_ERROR_INVALID, "merge");
    activ::histogram moved = std::move(h);
    REFUSED(h.try_add(many), ACTIV_ERROR_INVALID, "accumulator is empty");
    REFUSED(h.try_merge(moved), ACTIV_ERROR_INVALID, "accumulator is empty");
    REFUSED(moved.try_merge(h), ACTIV_ERROR_INVALID, "accumulator is empty");
    REFUSED(h.try_reset(), ACTIV_ERROR_INVALID, "accumulator is empty");
    CHECK(!h && moved && h.info().edges.empty() && h.get() == nullptr);
    THROWS(h.add(many), ACTIV_ERROR_INVALID, "accumulator is empty");
    THROWS(h.reset(), ACTIV_ERROR_INVALID, "accumulator is empty");
}

void statistics()
{
    activ::stats s = must(activ::stats::try_create()), t = must(activ::stats::try_create());
    must(s.try_add(floats{ 1, 2, 3 }));
    must(t.try_add(floats{ 6 }));
    must(s.try_merge(t));
    CHECK(s.info().count == 4 && s.info().mean == 3 && s.info().least == 1 && s.info().largest == 6);
    must(s.try_reset());
    CHECK(s.info().count == 0);
    activ::stats moved = std::move(s);
    REFUSED(s.try_add(floats(1)), ACTIV_ERROR_INVALID, "accumulator is empty");
    CHECK(!s && s.info().count == 0 && moved);

    activ::quantiles q = must(activ::quantiles::try_create());
    must(q.try_add(floats{ 3, 1, 2, NAN }));
    CHECK(q.count() == 3 && q.nans() == 1 && std::fabs(must(q.try_at(0.5)) - 2) < 0.01f);
    floats at(2);
    must(q.try_at(std::vector<double>{ 0, 1 }, at));
    CHECK(at == floats({ 1, 3 }));
    REFUSED(q.try_at(1.5), ACTIV_ERROR_RANGE, "0 to 1");
    REFUSED(q.try_at(std::vector<double>{ 0 }, at), ACTIV_ERROR_SHAPE, "values has 2", "probabilities has 1");
    REFUSED(activ::quantiles::try_create(16), ACTIV_ERROR_RANGE, "16");
    REFUSED(q.try_merge(must(activ::quantiles::try_create(3))), ACTIV_ERROR_SHAPE, "other arguments");
    THROWS((void)q.at(1.5), ACTIV_ERROR_RANGE, "0 to 1");
    THROWS(q.at(std::vector<double>{ 0 }, at), ACTIV_ERROR_SHAPE, "values has 2");
    THROWS((void)activ::quantiles(16), ACTIV_ERROR_RANGE, "16");
    activ::quantiles there = std::move(q);
    REFUSED(q.try_at(0.5), ACTIV_ERROR_INVALID, "accumulator is empty");
    CHECK(q.count() == 0 && q.nans() == 0 && there.count() == 3);
#ifndef ACTIV_NO_EXCEPTIONS
    activ::stats made;
    made.add(floats{ 2, 4 });
    CHECK(made.info().mean == 3);
    activ::quantiles halves;
    halves.add(floats{ 2, 4, 8 });
    CHECK(halves.at(0) == 2);
#endif
}

void dead()
{
    activ::neurons n = must(activ::neurons::try_create(3));
    REFUSED(n.view().try_dead(), ACTIV_ERROR_STATE, "no inputs");
    must(n.try_add(activ::rows(floats{ 0, 1, 0, 0, 0, 0.5f }, 3)));
    const activ::neurons_info info = n.view().info();
    CHECK(info.inputs == 2 && info.dead == 1 && info.active.size() == 3 && info.active[1] == 1 &&
          info.peaks[2] == 0.5f);
    std::size_t indices[3] = { 9, 9, 9 };
    CHECK(must(n.view().try_dead(indices)) == 1 && indices[0] == 0 && indices[1] == 9);
    CHECK(must(n.view().try_quiet(0.5f)) == 2 && must(n.view().try_rarely_active(0.6)) == 3);
    must(n.try_add(floats{ 1, 0, 0 }));
    CHECK(must(n.view().try_dead()) == 0);
    REFUSED(n.try_add(activ::rows(floats(4), 2)), ACTIV_ERROR_SHAPE, "rows have 2", "3 neurons");
    REFUSED(n.try_add(activ::rows(floats(4), 3)), ACTIV_ERROR_SHAPE, "has 4", "rows of 3");
    REFUSED(n.view().try_quiet(-1), ACTIV_ERROR_RANGE);
    REFUSED(n.view().try_rarely_active(2), ACTIV_ERROR_RANGE);
    REFUSED(activ::neurons::try_create(0), ACTIV_ERROR_RANGE);
    REFUSED(n.try_merge(must(activ::neurons::try_create(4))), ACTIV_ERROR_SHAPE, "other arguments");
    REFUSED(activ::neurons_view().try_dead(), ACTIV_ERROR_INVALID, "accumulator is empty");
    THROWS((void)activ::neurons(0), ACTIV_ERROR_RANGE);
    THROWS(n.add(activ::rows(floats(4), 2)), ACTIV_ERROR_SHAPE, "rows have 2");
    THROWS((void)n.view().quiet(-1), ACTIV_ERROR_RANGE);
#ifndef ACTIV_NO_EXCEPTIONS
    CHECK(n.view().dead().empty() && n.view().quiet(0.5f).size() == 1 && n.view().rarely_active(1).size() == 3);
#endif
    activ::neurons moved = std::move(n);
    REFUSED(n.try_add(floats(3)), ACTIV_ERROR_INVALID, "accumulator is empty");
    CHECK(n.view().info().peaks.empty());
}

void graphs()
{
    activ::graph g = must(activ::graph::try_create());
    const activ::function relu = must(activ::function::try_create("relu"));
    const activ::node hidden = relu(g.input(2).linear(4));
    hidden.linear(2).mse();
    REFUSED(activ::graph_neurons::try_create(g), ACTIV_ERROR_STATE, "not compiled");
    REFUSED(activ::try_view_layer(g, hidden), ACTIV_ERROR_STATE, "not compiled");
    activ::compile_options options;
    options.max_batch = 2;
    options.keep_values = true;
    must(g.try_compile(options));
    must(g.try_init(1));
    activ::graph_neurons all = must(activ::graph_neurons::try_create(g));
    REFUSED(all.try_add(), ACTIV_ERROR_STATE, "no values");
    must(g.try_train_values(some_values(4), some_values(4)));
    must(all.try_add());
    CHECK(all.layers().size() == 1);
    for (const activ::neurons_layer &layer : all.layers()) {
        CHECK(layer.inputs == 2 && layer.active.size() == 4 && layer.node == hidden.id());
        CHECK(must(layer.view.try_dead()) == layer.dead);
    }
    must(all.try_merge(must(activ::graph_neurons::try_create(g))));
    must(all.try_reset());
    CHECK(all.layers()[0].inputs == 0 && all.layers()[5].node == -1);

    const activ::layer_view v = must(activ::try_view_layer(g, hidden));
    CHECK(v.name == "layers.1" && v.kind == "activation" && v.function.spec() == "relu" && v.width == 4 &&
          v.batch == 2);
    CHECK(v.values.size() == 8 && v.value_grads.size() == 8 && v.params.empty() && v.shape.size() == 1);
    const activ::layer_view linear = must(activ::try_view_layer(g, g.find("layers.0")));
    CHECK(linear.params.size() == 12 && linear.param_grads.size() == 12 && linear.tensor_count == 2 &&
          !linear.function);
    CHECK(linear.params.data() == g.params().data() && linear.first_tensor == 0);
    REFUSED(activ::try_view_layer(g, activ::node()), ACTIV_ERROR_RANGE, "no node");
    activ::graph other = must(activ::graph::try_create());
    REFUSED(activ::try_view_layer(g, other.input(1)), ACTIV_ERROR_RANGE, "no node");
    THROWS((void)activ::view_layer(g, activ::node()), ACTIV_ERROR_RANGE, "no node");
    activ::graph moved = std::move(other);
    REFUSED(activ::try_view_layer(other, hidden), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::graph_neurons::try_create(other), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::graph_neurons::try_create(g, -1), ACTIV_ERROR_RANGE);
    REFUSED(activ::graph_neurons().try_add(), ACTIV_ERROR_INVALID, "accumulator is empty");
    THROWS((void)activ::graph_neurons(other), ACTIV_ERROR_INVALID, "graph is empty");
    CHECK(activ::graph_neurons().layers().size() == 0);
}

void surfaces()
{
    const activ::function f = must(activ::function::try_create("tanh"));
    floats points(3), values(3), slopes(3), z(9), gradient(9);
    must(activ::try_surface(f, -1, 1, points, values, slopes, z, gradient));
    CHECK(points[0] == -1 && points[1] == 0 && z[4] == 0 && slopes[1] == 1 && gradient[4] == std::sqrt(2.0f));
    must(activ::try_surface(f, -1, 1, points, values, slopes, activ::none, activ::none));
    REFUSED(activ::try_surface(f, -1, 1, points, z, slopes, activ::none, gradient), ACTIV_ERROR_SHAPE, "f has 9",
            "points has 3");
    REFUSED(activ::try_surface(f, -1, 1, points, values, z, activ::none, gradient), ACTIV_ERROR_SHAPE, "slopes has 9");
    REFUSED(activ::try_surface(f, -1, 1, points, values, slopes, slopes, gradient), ACTIV_ERROR_SHAPE, "z has 3");
    REFUSED(activ::try_surface(f, -1, 1, points, values, slopes, z, slopes), ACTIV_ERROR_SHAPE, "gradient has 3");
    REFUSED(activ::try_surface(f, 1, -1, points, values, slopes, z, gradient), ACTIV_ERROR_RANGE);
    REFUSED(activ::try_surface(activ::function_view(), -1, 1, points, values, slopes, z, gradient), ACTIV_ERROR_INVALID,
            "function is empty");
    THROWS(activ::surface(f, 1, -1, points, values, slopes, z, gradient), ACTIV_ERROR_RANGE);
}

} // namespace

void test_analysis()
{
    histograms();
    statistics();
    dead();
    graphs();
    surfaces();
}
