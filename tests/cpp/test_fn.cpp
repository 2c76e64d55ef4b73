/* Functions on arrays: the bits of C, and what is refused. */
#include "check.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <string>

namespace {

using floats = std::vector<float>;

/* What belongs to a function is not to be had of a temporary one, as in for (... : function(spec).settings()). */
template <class F, class = void> struct lists_settings : std::false_type {
};
template <class F> struct lists_settings<F, std::void_t<decltype(std::declval<F>().settings())>> : std::true_type {
};
template <class F, class = void> struct lists_tensors : std::false_type {
};
template <class F> struct lists_tensors<F, std::void_t<decltype(std::declval<F>().param_tensors())>> : std::true_type {
};
static_assert(lists_settings<activ::function &>::value && lists_settings<const activ::function &>::value &&
              !lists_settings<activ::function>::value && !lists_settings<const activ::function>::value);
static_assert(lists_tensors<activ::function &>::value && lists_tensors<const activ::function &>::value &&
              !lists_tensors<activ::function>::value && !lists_tensors<const activ::function>::value);
static_assert(lists_settings<activ::function_view>::value && lists_tensors<activ::function_view>::value);

void elementwise()
{
    const activ::function f = make("mish");
    const floats x = some_values(50), dy(50, 0.5f);
    floats y(50), dx(50), c_y(50), c_dx(50);
    must(f.try_forward(x, y));
    must(f.try_backward(x, dy, dx));
    CHECK(activ_forward(f.get(), nullptr, 50, x.data(), c_y.data()) == ACTIV_OK);
    CHECK(activ_backward(f.get(), nullptr, 50, x.data(), dy.data(), c_dx.data(), nullptr) == ACTIV_OK);
    CHECK(same_bits(y, c_y) && same_bits(dx, c_dx));

    /* Other kinds of arrays, in place, and no array at all. */
    std::array<float, 50> array{};
    must(f.try_forward(x, array));
    CHECK(same_bits(array, c_y));
    float c_array[50];
    must(f.try_forward(activ::span<const float>(x).subspan(0), c_array));
    CHECK(same_bits(c_array, c_y));
    floats in_place = x;
    must(f.try_forward(in_place, in_place));
    CHECK(same_bits(in_place, c_y));
    must(f.try_forward(floats(), activ::span<float>()));
    must(f.try_backward(floats(), floats(), activ::none));
    must(f.try_forward(floats(2, 1.0f), activ::span<float>(y).subspan(0, 2)));
#if defined(__cpp_lib_span)
    must(f.try_forward(std::span<const float>(x), std::span<float>(array)));
    CHECK(same_bits(array, c_y));
#endif

    REFUSED(f.try_forward(x, activ::span<float>(y).subspan(0, 3)), ACTIV_ERROR_SHAPE, "y has 3", "x has 50");
    REFUSED(f.try_forward(activ::span<const float>(x).subspan(48), y), ACTIV_ERROR_SHAPE, "y has 50", "x has 2");
    REFUSED(f.try_backward(x, floats(49), dx), ACTIV_ERROR_SHAPE, "dy has 49", "x has 50");
    REFUSED(f.try_backward(x, dy, activ::span<float>(dx).subspan(49)), ACTIV_ERROR_SHAPE, "dx has 1", "x has 50");
    floats forgotten;
    REFUSED(f.try_backward(x, dy, forgotten), ACTIV_ERROR_SHAPE, "dx has 0", "x has 50");
    REFUSED(f.try_forward(activ::span<const float>(y).subspan(0, 40), activ::span<float>(y).subspan(1, 40)),
            ACTIV_ERROR_INVALID, "mish", "y overlaps");
    REFUSED(f.try_backward(activ::span<const float>(dx).subspan(0, 40), activ::span<const float>(dy).subspan(0, 40),
                           activ::span<float>(dx).subspan(1, 40)),
            ACTIV_ERROR_INVALID, "mish", "dx overlaps");
    REFUSED(make("softmax").try_forward(x, y), ACTIV_ERROR_SHAPE, "softmax", "forward_rows");
    REFUSED(make("softmax").try_backward(x, dy, dx), ACTIV_ERROR_SHAPE, "softmax", "backward_rows");
    REFUSED(make("glu").try_forward(x, y), ACTIV_ERROR_SHAPE, "glu", "gate");
    THROWS(f.forward(x, activ::span<float>(y).subspan(0, 3)), ACTIV_ERROR_SHAPE, "y has 3", "x has 50");
    THROWS(f.backward(x, dy, forgotten), ACTIV_ERROR_SHAPE, "dx has 0", "x has 50");
#ifndef ACTIV_NO_EXCEPTIONS
    const activ::function g("mish");
    floats again(50);
    g.forward(x, again);
    CHECK(same_bits(again, c_y));
    g.backward(x, dy, again);
    CHECK(same_bits(again, c_dx));
#endif
}

void making()
{
    REFUSED(activ::function::try_create("gelo"), ACTIV_ERROR_UNKNOWN_NAME, "gelo", "gelu");
    REFUSED(activ::function::try_create("elu(alpha="), ACTIV_ERROR_SYNTAX, "expected");
    REFUSED(activ::function::try_create(static_cast<const char *>(nullptr)), ACTIV_ERROR_INVALID);
    THROWS((void)activ::function("gelo"), ACTIV_ERROR_UNKNOWN_NAME, "gelo", "gelu");
    const std::string spec = "leaky_relu(negative_slope=0.2)";
    activ::function f = must(activ::function::try_create(spec));
    CHECK(f && f.spec() == spec && f.param_count() == 0 && !f.is_random() && f.channels() == 1);

    /* Moved from, and back again. */
    activ::function g = std::move(f);
    CHECK(!f && g && f.spec().empty() && f.param_count() == 0 && f.get() == nullptr && f.settings().size() == 0);
    floats y(1);
    REFUSED(f.try_forward(floats(1), y), ACTIV_ERROR_INVALID, "function is empty", "moved");
    REFUSED(f.try_backward(floats(1), floats(1), y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_param_init(y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_forward_rows(y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward_rows(y, y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_forward_gated(y, y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward_gated(y, y, y, y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_forward_channels(y, y, 1), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward_channels(y, y, y, 1), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_forward_train(y, y, activ::none, 1), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward_train(y, activ::none, y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward_from_y(y, y, y), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_forward(activ_forward_args ACTIV_FORWARD_ARGS_DEFAULTS), ACTIV_ERROR_INVALID, "function is empty");
    REFUSED(f.try_backward(activ_backward_args ACTIV_BACKWARD_ARGS_DEFAULTS), ACTIV_ERROR_INVALID, "function is empty");
    THROWS(f.forward(floats(1), y), ACTIV_ERROR_INVALID, "function is empty");
    f = std::move(g);
    CHECK(f && !g);
    activ::function &itself = f;
    f = std::move(itself);
    CHECK(f && f.spec() == spec);
    activ_fn *raw = nullptr;
    CHECK(activ_fn_create(nullptr, "relu", &raw) == ACTIV_OK);
    f = activ::function::adopt(raw);
    CHECK(f.get() == raw && f.spec() == "relu");
    const activ::function_view shared = activ::function_view::named("gelu");
    CHECK(shared && shared.spec() == "gelu" && shared.get() == activ_fn_default("gelu"));
    CHECK(!activ::function_view::named("gelo") && !activ::function_view());
    must(shared.try_forward(floats(1), y));
    REFUSED(activ::function_view().try_forward(floats(1), y), ACTIV_ERROR_INVALID, "function is empty");
}

void parameters()
{
    const activ::function f = make("prelu");
    floats weights(f.param_count());
    must(f.try_param_init(weights));
    CHECK(weights.size() == 1 && weights[0] == 0.25f);
    weights[0] = 0.5f;
    const floats x{ -4, 4 }, dy{ 1, 1 };
    floats y(2), dx(2), dparams(1, 10.0f);
    must(f.try_forward(x, y));
    CHECK(y[0] == -1 && y[1] == 4);
    must(f.with(weights).try_forward(x, y));
    CHECK(y[0] == -2 && y[1] == 4);
    must(f.with(weights).try_backward(x, dy, dx, dparams));
    CHECK(dx[0] == 0.5f && dx[1] == 1 && dparams[0] == 6);
    must(f.with(weights).try_backward(x, dy, activ::none, dparams));
    CHECK(dparams[0] == 2);
    const floats two(2);
    floats two_gradients(2);
    REFUSED(f.with(two).try_forward(x, y), ACTIV_ERROR_SHAPE, "params has 2", "prelu has 1");
    REFUSED(f.with(floats()).try_forward(x, y), ACTIV_ERROR_SHAPE, "params has 0", "prelu has 1");
    REFUSED(f.try_backward(x, dy, dx, two_gradients), ACTIV_ERROR_SHAPE, "dparams has 2", "prelu has 1");
    REFUSED(f.try_param_init(two_gradients), ACTIV_ERROR_SHAPE, "params has 2", "prelu has 1");
    must(make("relu").with(floats()).try_forward(x, y));
    must(make("relu").try_param_init(activ::span<float>()));
    floats random(make("staf(tau=5)").param_count()), c_random = random;
    const activ::function staf = make("staf(tau=5)");
    must(staf.try_param_init(random, 42));
    CHECK(activ_fn_param_init(staf.get(), 42, c_random.data()) == ACTIV_OK && same_bits(random, c_random));
#ifndef ACTIV_NO_EXCEPTIONS
    CHECK(same_bits(staf.params(42), c_random));
    THROWS(f.with(two).forward(x, y), ACTIV_ERROR_SHAPE, "params has 2");
    floats init(1);
    f.param_init(init);
    CHECK(init[0] == 0.25f);
#endif
}

void by_rows()
{
    const activ::function softmax = make("softmax");
    const floats x = some_values(12), dy = some_values(12);
    floats y(12), dx(12), c(12);
    must(softmax.try_forward_rows(activ::rows(x, 4), activ::rows(y, 4)));
    CHECK(activ_forward_rows(softmax.get(), nullptr, 3, 4, x.data(), 4, c.data(), 4) == ACTIV_OK && same_bits(y, c));
    must(softmax.try_backward_rows(activ::rows(x, 4), activ::rows(dy, 4), activ::rows(dx, 4)));
    CHECK(activ_backward_rows(softmax.get(), nullptr, 3, 4, x.data(), 4, dy.data(), 4, c.data(), 4, nullptr) ==
          ACTIV_OK);
    CHECK(same_bits(dx, c));
    /* One row, and rows with gaps. */
    must(softmax.try_forward_rows(x, y));
    CHECK(activ_forward_rows(softmax.get(), nullptr, 1, 12, x.data(), 12, c.data(), 12) == ACTIV_OK && same_bits(y, c));
    floats gaps(11, 7.0f), c_gaps = gaps;
    must(softmax.try_forward_rows(activ::matrix<const float>(x, 3, 3, 4), activ::matrix<float>(gaps, 3, 3, 4)));
    CHECK(activ_forward_rows(softmax.get(), nullptr, 3, 3, x.data(), 4, c_gaps.data(), 4) == ACTIV_OK);
    CHECK(same_bits(gaps, c_gaps) && gaps[3] == 7.0f);

    REFUSED(softmax.try_forward_rows(activ::rows(x, 5), activ::rows(y, 5)), ACTIV_ERROR_SHAPE, "x has 12", "rows of 5");
    REFUSED(softmax.try_forward_rows(activ::rows(x, 4), activ::rows(y, 3)), ACTIV_ERROR_SHAPE, "y has 4 x 3",
            "x has 3 x 4");
    REFUSED(softmax.try_forward_rows(activ::rows(x, 4), activ::matrix<float>(gaps, 3, 4)), ACTIV_ERROR_SHAPE,
            "y has 11", "3 rows of 4");
    REFUSED(softmax.try_forward_rows(activ::matrix<const float>(x, 3, 4, 5), activ::rows(y, 4)), ACTIV_ERROR_SHAPE,
            "x has 12", "gaps");
    REFUSED(softmax.try_forward_rows(activ::matrix<const float>(x, 3, 4, 3), activ::rows(y, 4)), ACTIV_ERROR_SHAPE,
            "x");
    REFUSED(softmax.try_forward_rows(activ::matrix<const float>(x, SIZE_MAX, 4, 4), activ::rows(y, 4)),
            ACTIV_ERROR_SHAPE, "x has 12");
    REFUSED(softmax.try_backward_rows(activ::rows(x, 4), activ::rows(dy, 6), activ::rows(dx, 4)), ACTIV_ERROR_SHAPE,
            "dy has 2 x 6");
    REFUSED(softmax.try_backward_rows(activ::rows(x, 4), activ::rows(dy, 4), activ::rows(dx, 6)), ACTIV_ERROR_SHAPE,
            "dx has 2 x 6");
    /* The words of the library's own refusals. */
    floats shifted(20);
    const activ::span<float> from_0 = activ::span<float>(shifted).subspan(0, 12),
                             from_1 = activ::span<float>(shifted).subspan(1, 12);
    REFUSED(softmax.try_forward_rows(from_0, from_1), ACTIV_ERROR_INVALID, "softmax", "y overlaps");
    REFUSED(softmax.try_backward_rows(from_0, dy, from_1), ACTIV_ERROR_INVALID, "softmax", "dx overlaps");
    REFUSED(softmax.try_backward_rows(activ::rows(x, 5), dy, activ::none), ACTIV_ERROR_SHAPE, "x has 12");
    REFUSED(make("glu").try_backward_rows(x, dy, dx), ACTIV_ERROR_SHAPE, "glu");
    REFUSED(make("prelu(num_parameters=3)").try_forward_rows(x, y), ACTIV_ERROR_SHAPE, "prelu", "channels");
    REFUSED(softmax.try_forward_rows(activ::matrix<const float>(x, 2, SIZE_MAX, SIZE_MAX), y), ACTIV_ERROR_SHAPE, "x");
    REFUSED(make("glu").try_forward_rows(x, y), ACTIV_ERROR_SHAPE, "glu");
    REFUSED(softmax.try_forward_rows(floats(), activ::span<float>()), ACTIV_ERROR_SHAPE, "columns");
    must(softmax.try_forward_rows(activ::rows(floats(), 4), activ::rows(activ::span<float>(), 4)));
    THROWS(softmax.forward_rows(activ::rows(x, 5), activ::rows(y, 5)), ACTIV_ERROR_SHAPE, "rows of 5");
    THROWS(softmax.backward_rows(activ::rows(x, 5), activ::rows(y, 5), activ::none), ACTIV_ERROR_SHAPE, "rows of 5");
}

void gated()
{
    const activ::function swiglu = make("swiglu");
    const floats both = some_values(16), dy = some_values(8);
    floats y(8), dvalue(8), dgate(8), c(8), c_dvalue(8), c_dgate(8);
    const activ::span<const float> all(both);
    const activ::matrix<const float> value(all, 2, 4, 8), gate(all.subspan(4), 2, 4, 8);
    must(swiglu.try_forward_gated(value, gate, activ::rows(y, 4)));
    CHECK(activ_forward_gated(swiglu.get(), nullptr, 2, 4, both.data(), 8, both.data() + 4, 8, c.data(), 4) ==
          ACTIV_OK);
    CHECK(same_bits(y, c));
    must(swiglu.try_backward_gated(value, gate, activ::rows(dy, 4), activ::rows(dvalue, 4), activ::rows(dgate, 4)));
    CHECK(activ_backward_gated(swiglu.get(), nullptr, 2, 4, both.data(), 8, both.data() + 4, 8, dy.data(), 4,
                               c_dvalue.data(), 4, c_dgate.data(), 4, nullptr) == ACTIV_OK);
    CHECK(same_bits(dvalue, c_dvalue) && same_bits(dgate, c_dgate));
    must(swiglu.try_backward_gated(value, gate, activ::rows(dy, 4), activ::none, activ::rows(dgate, 4)));
    const floats a = some_values(3), b = some_values(3), five(5);
    floats sum(3);
    must(swiglu.try_forward_gated(a, b, sum));
    REFUSED(swiglu.try_forward_gated(a, five, sum), ACTIV_ERROR_SHAPE, "gate has 1 x 5", "value has 1 x 3");
    REFUSED(swiglu.try_forward_gated(a, b, y), ACTIV_ERROR_SHAPE, "y has 1 x 8", "value has 1 x 3");
    REFUSED(swiglu.try_backward_gated(a, b, five, sum, activ::none), ACTIV_ERROR_SHAPE, "dy has 1 x 5");
    REFUSED(swiglu.try_backward_gated(a, b, b, y, activ::none), ACTIV_ERROR_SHAPE, "dvalue has 1 x 8");
    REFUSED(swiglu.try_backward_gated(a, b, b, activ::none, y), ACTIV_ERROR_SHAPE, "dgate has 1 x 8");
    REFUSED(make("relu").try_forward_gated(a, b, sum), ACTIV_ERROR_SHAPE, "relu", "no gated function");
    REFUSED(make("relu").try_backward_gated(a, b, b, sum, activ::none), ACTIV_ERROR_SHAPE, "no gated function");
    THROWS(swiglu.forward_gated(a, five, sum), ACTIV_ERROR_SHAPE, "gate has 1 x 5");
    THROWS(swiglu.backward_gated(a, five, b, sum, activ::none), ACTIV_ERROR_SHAPE, "gate has 1 x 5");
    const activ::span<float> from_0 = activ::span<float>(y).subspan(0, 3), from_1 = activ::span<float>(y).subspan(1, 3);
    REFUSED(swiglu.try_forward_gated(from_0, b, from_1), ACTIV_ERROR_INVALID, "swiglu", "y overlaps");
    REFUSED(swiglu.try_backward_gated(from_0, b, b, from_1, activ::none), ACTIV_ERROR_INVALID, "dvalue overlaps");
    REFUSED(swiglu.try_forward_gated(activ::rows(a, 2), b, sum), ACTIV_ERROR_SHAPE, "value has 3");
    REFUSED(swiglu.try_backward_gated(activ::rows(a, 2), b, b, sum, activ::none), ACTIV_ERROR_SHAPE, "value has 3");
    CHECK(swiglu.function_count() == 1 && swiglu.function_at(0).spec() == "silu" && !swiglu.function_at(1));
    must(swiglu.function_at(0).try_forward(a, sum));
}

/* float16 or bfloat16: the bits of the floats' call, rounded. */
template <class T> struct halved {
    std::vector<T> values;
    floats wide; /* the same as floats */

    explicit halved(const floats &from) : values(from.size()), wide(from.size())
    {
        must(activ::try_convert(from, values));
        must(activ::try_convert(values, wide));
    }
    bool operator==(const std::vector<T> &found) const
    {
        return found.size() == values.size() &&
               std::memcmp(found.data(), values.data(), values.size() * sizeof(T)) == 0;
    }
};

template <class T> void halves()
{
    using array = std::vector<T>;
    const halved<T> x(some_values(40)), dy(floats(40, 0.7f)), other(floats(40, -1.3f));
    array out(40), second(40);
    floats y(40), dx(40), wide_dparams{ 1.0f }, dparams{ 1.0f };

    const activ::function prelu = make("prelu");
    const floats weight{ 0.3f };
    must(prelu.with(weight).try_forward(x.wide, y));
    must(prelu.with(weight).try_forward(x.values, out));
    CHECK(halved<T>(y) == out);
    must(prelu.with(weight).try_backward(x.wide, dy.wide, dx, wide_dparams));
    must(prelu.with(weight).try_backward(x.values, dy.values, out, dparams));
    CHECK(halved<T>(dx) == out && same_bits(dparams, wide_dparams) && dparams[0] != 1.0f);
    must(prelu.try_backward(x.values, dy.values, activ::none, dparams));
    array in_place = x.values;
    must(make("mish").try_forward(in_place, in_place));
    must(make("mish").try_forward(x.wide, y));
    CHECK(halved<T>(y) == in_place);

    const activ::function softmax = make("softmax");
    must(softmax.try_forward_rows(activ::rows(x.wide, 8), activ::rows(y, 8)));
    must(softmax.try_forward_rows(activ::rows(x.values, 8), activ::rows(out, 8)));
    CHECK(halved<T>(y) == out);
    must(softmax.try_backward_rows(activ::rows(x.wide, 8), activ::rows(dy.wide, 8), activ::rows(dx, 8)));
    must(softmax.try_backward_rows(activ::rows(x.values, 8), activ::rows(dy.values, 8), activ::rows(out, 8)));
    CHECK(halved<T>(dx) == out);
    const activ::matrix<const T> left(x.values, 5, 4, 8);
    array gaps(40, T::of_bits(0x1234));
    must(softmax.try_forward_rows(left, activ::matrix<T>(gaps, 5, 4, 8)));
    must(softmax.try_forward_rows(activ::matrix<const float>(x.wide, 5, 4, 8), activ::matrix<float>(y, 5, 4, 8)));
    CHECK(gaps[9].bits == T(y[9]).bits && gaps[4].bits == 0x1234);

    const activ::function swiglu = make("swiglu");
    must(swiglu.try_forward_gated(x.wide, other.wide, y));
    must(swiglu.try_forward_gated(x.values, other.values, out));
    CHECK(halved<T>(y) == out);
    must(swiglu.try_backward_gated(x.wide, other.wide, dy.wide, y, dx));
    must(swiglu.try_backward_gated(x.values, other.values, dy.values, out, second));
    CHECK(halved<T>(y) == out && halved<T>(dx) == second);
    must(swiglu.try_backward_gated(x.values, other.values, dy.values, activ::none, out));
    CHECK(halved<T>(dx) == out);

    const activ::span<const T> all(x.values);
    const activ::span<T> o(out);
    must(prelu.try_forward(activ::span<const T>(), activ::span<T>()));
    REFUSED(prelu.try_forward(x.values, o.subspan(1)), ACTIV_ERROR_SHAPE, "y has 39", "x has 40");
    REFUSED(prelu.try_backward(x.values, all.subspan(1), out), ACTIV_ERROR_SHAPE, "dy has 39", "x has 40");
    REFUSED(prelu.try_forward(activ::span<const T>(o).subspan(1), o.subspan(0, 39)), ACTIV_ERROR_INVALID, "prelu",
            "y overlaps");
    REFUSED(softmax.try_forward(x.values, out), ACTIV_ERROR_SHAPE, "softmax", "forward_rows");
    REFUSED(swiglu.try_forward(x.values, out), ACTIV_ERROR_SHAPE, "swiglu", "gate");
    REFUSED(prelu.try_forward_gated(x.values, x.values, out), ACTIV_ERROR_SHAPE, "prelu", "no gated function");
    REFUSED(make("prelu(num_parameters=4)").try_forward(x.values, out), ACTIV_ERROR_SHAPE, "prelu", "float32");
    REFUSED(softmax.try_forward_rows(activ::rows(x.values, 7), activ::rows(out, 7)), ACTIV_ERROR_SHAPE, "x has 40");
    const auto *odd = reinterpret_cast<const T *>(reinterpret_cast<const char *>(x.values.data()) + 1);
    REFUSED(prelu.try_forward(activ::span<const T>(odd, 39), o.subspan(0, 39)), ACTIV_ERROR_INVALID,
            "x is at an address");
    const activ::function nothing;
    REFUSED(nothing.try_forward(x.values, out), ACTIV_ERROR_INVALID, "function is empty");
    THROWS(prelu.forward(x.values, o.subspan(1)), ACTIV_ERROR_SHAPE, "y has 39");
    THROWS(softmax.backward_rows(activ::rows(x.values, 7), activ::rows(x.values, 7), activ::none), ACTIV_ERROR_SHAPE,
           "x has 40");
#ifndef ACTIV_NO_EXCEPTIONS
    swiglu.forward_gated(x.values, other.values, out);
    swiglu.backward_gated(x.values, other.values, dy.values, out, second);
    softmax.forward_rows(left, activ::matrix<T>(gaps, 5, 4, 8));
    make("identity").backward(x.values, dy.values, out);
    CHECK(dy == out);
#endif
}

/* Two types in one call do not compile. */
template <class X, class Y, class = void> struct can_call : std::false_type {
};
template <class X, class Y>
struct can_call<
    X, Y,
    std::void_t<decltype(std::declval<activ::function &>().try_forward(std::declval<X &>(), std::declval<Y &>()))>>
    : std::true_type {
};
static_assert(can_call<std::vector<activ::float16>, std::vector<activ::float16>>::value &&
              !can_call<std::vector<activ::float16>, std::vector<activ::bfloat16>>::value &&
              !can_call<std::vector<activ::float16>, floats>::value &&
              !can_call<std::vector<double>, std::vector<double>>::value &&
              !can_call<std::vector<std::uint16_t>, std::vector<std::uint16_t>>::value);

void per_channel()
{
    const activ::function f = make("prelu(num_parameters=3)");
    const floats x = some_values(12), dy = some_values(12), weights{ 0.1f, 0.2f, 0.3f };
    floats y(12), dx(12), dparams(3), c(12), c_dx(12), c_dparams(3);
    must(f.with(weights).try_forward_channels(x, y, 3, 2));
    CHECK(activ_forward_channels(f.get(), weights.data(), 2, 3, 2, x.data(), c.data()) == ACTIV_OK && same_bits(y, c));
    must(f.with(weights).try_backward_channels(x, dy, dx, 3, 2, dparams));
    CHECK(activ_backward_channels(f.get(), weights.data(), 2, 3, 2, x.data(), dy.data(), c_dx.data(),
                                  c_dparams.data()) == ACTIV_OK);
    CHECK(same_bits(dx, c_dx) && same_bits(dparams, c_dparams));
    REFUSED(f.try_forward_channels(x, y, 5, 2), ACTIV_ERROR_SHAPE, "x has 12", "5 channels x 2");
    REFUSED(f.try_forward_channels(x, y, 0), ACTIV_ERROR_SHAPE, "x has 12", "0 channels");
    REFUSED(f.try_forward_channels(x, y, SIZE_MAX, SIZE_MAX), ACTIV_ERROR_SHAPE, "x has 12");
    REFUSED(f.try_forward_channels(x, y, 4), ACTIV_ERROR_SHAPE, "prelu", "channels");
    REFUSED(f.try_forward_channels(x, activ::span<float>(y).subspan(1), 3), ACTIV_ERROR_SHAPE, "y has 11", "x has 12");
    REFUSED(f.try_backward_channels(x, floats(3), dx, 3), ACTIV_ERROR_SHAPE, "dy has 3", "x has 12");
    REFUSED(f.try_backward_channels(x, dy, dparams, 3), ACTIV_ERROR_SHAPE, "dx has 3", "x has 12");
    REFUSED(f.try_backward_channels(x, dy, dx, 7), ACTIV_ERROR_SHAPE, "x has 12", "7 channels");
    REFUSED(f.try_backward_channels(x, dy, dx, 3, 2, dx), ACTIV_ERROR_SHAPE, "dparams has 12");
    REFUSED(f.try_forward(x, y), ACTIV_ERROR_SHAPE, "prelu", "channels");
    REFUSED(make("softmax").try_forward_channels(x, y, 3), ACTIV_ERROR_SHAPE, "softmax", "row-wise");
    REFUSED(make("softmax").try_backward_channels(x, dy, dx, 3), ACTIV_ERROR_SHAPE, "softmax", "row-wise");
    THROWS(f.forward_channels(x, y, 5, 2), ACTIV_ERROR_SHAPE, "5 channels x 2");
    THROWS(f.backward_channels(x, dy, dx, 5, 2), ACTIV_ERROR_SHAPE, "5 channels x 2");
}

void training()
{
    const activ::function rrelu = make("rrelu"), relu = make("relu");
    const floats x = some_values(9), dy(9, 1.0f);
    floats y(9), noise(9), dx(9), c(9), c_noise(9);
    must(rrelu.try_forward_train(x, y, noise, 7, 2, 100));
    CHECK(activ_forward_train(rrelu.get(), nullptr, 7, 2, 100, 9, x.data(), c.data(), c_noise.data()) == ACTIV_OK);
    CHECK(same_bits(y, c) && same_bits(noise, c_noise) && rrelu.is_random());
    must(rrelu.try_backward_train(x, noise, dy, dx));
    CHECK(activ_backward_train(rrelu.get(), nullptr, 9, x.data(), noise.data(), dy.data(), c.data(), nullptr) ==
          ACTIV_OK);
    CHECK(same_bits(dx, c));
    must(relu.try_forward_train(x, y, activ::none, 7));
    must(relu.try_backward_train(x, activ::none, dy, dx));
    REFUSED(rrelu.try_forward_train(x, y, activ::none, 7), ACTIV_ERROR_SHAPE, "noise has 0", "x has 9");
    REFUSED(rrelu.try_backward_train(x, activ::none, dy, dx), ACTIV_ERROR_SHAPE, "noise has 0", "x has 9");
    REFUSED(relu.try_forward_train(x, y, activ::span<float>(noise).subspan(1), 7), ACTIV_ERROR_SHAPE, "noise has 8");
    REFUSED(rrelu.try_forward_train(x, activ::span<float>(y).subspan(1), noise, 7), ACTIV_ERROR_SHAPE, "y has 8");
    REFUSED(rrelu.try_backward_train(x, noise, floats(2), dx), ACTIV_ERROR_SHAPE, "dy has 2");
    REFUSED(rrelu.try_backward_train(x, noise, dy, activ::span<float>(dx).subspan(1)), ACTIV_ERROR_SHAPE, "dx has 8");
    REFUSED(rrelu.try_backward_train(x, noise, dy, dx, y), ACTIV_ERROR_SHAPE, "dparams has 9");
    REFUSED(make("softmax").try_forward_train(x, y, activ::none, 7), ACTIV_ERROR_SHAPE, "softmax");
    THROWS(rrelu.forward_train(x, y, activ::none, 7), ACTIV_ERROR_SHAPE, "noise has 0");
    THROWS(rrelu.backward_train(x, activ::none, dy, dx), ACTIV_ERROR_SHAPE, "noise has 0");
}

void other_calls()
{
    const activ::function tanh = make("tanh");
    const floats x = some_values(6), dy(6, 2.0f);
    floats y(6), dx(6), c(6, 1.0f);
    must(tanh.try_forward(x, y));
    must(tanh.try_backward_from_y(y, dy, dx));
    activ_backward_args args = ACTIV_BACKWARD_ARGS_DEFAULTS;
    args.rows = 1;
    args.columns = 6;
    args.y = y.data();
    args.dy = dy.data();
    args.dx = c.data();
    args.accumulate = 1;
    must(tanh.try_backward(args));
    for (std::size_t i = 0; i < 6; i++)
        CHECK(c[i] == dx[i] + 1.0f);
    REFUSED(tanh.try_backward_from_y(y, floats(5), dx), ACTIV_ERROR_SHAPE, "dy has 1 x 5", "y has 1 x 6");
    REFUSED(tanh.try_backward_from_y(y, dy, activ::span<float>(dx).subspan(1)), ACTIV_ERROR_SHAPE, "dx has 1 x 5");
    REFUSED(tanh.try_backward_from_y(activ::rows(y, 4), dy, dx), ACTIV_ERROR_SHAPE, "y has 6");
    REFUSED(make("gelu").try_backward_from_y(y, dy, dx), ACTIV_ERROR_UNSUPPORTED, "gelu");
    THROWS(make("gelu").backward_from_y(y, dy, dx), ACTIV_ERROR_UNSUPPORTED, "gelu");
    activ_forward_args forward = ACTIV_FORWARD_ARGS_DEFAULTS;
    forward.rows = 1;
    forward.columns = 6;
    REFUSED(tanh.try_forward(forward), ACTIV_ERROR_INVALID, "tanh", "NULL");
    THROWS(tanh.forward(forward), ACTIV_ERROR_INVALID, "NULL");
    forward.x = x.data();
    forward.y = c.data();
    must(tanh.try_forward(forward));
    CHECK(same_bits(c, y));
}

void catalog()
{
    std::size_t count = 0, gelus = 0;
    for (const activ_fn_info &f : activ::catalog()) {
        count++;
        gelus += std::strcmp(f.name, "gelu") == 0;
    }
    CHECK(count > 40 && gelus == 1 && activ::catalog().size() == count);
    CHECK(activ::catalog()[count].name == nullptr);
    const activ::function elu = make("elu(alpha=0.5)");
    CHECK(std::strcmp(elu.info().name, "elu") == 0 && elu.settings().size() == 1);
    for (const activ_setting_info &s : elu.settings())
        CHECK(std::strcmp(s.name, "alpha") == 0 && s.value == 0.5 && s.initial == 1);
    CHECK(elu.settings()[1].name == nullptr);
    const activ::function staf = make("staf(tau=4)");
    std::size_t values = 0;
    for (const activ_fn_tensor_info &t : staf.param_tensors()) {
        CHECK(t.offset == values);
        values += t.count;
    }
    CHECK(values == staf.param_count() && staf.param_tensors().size() == 3);
    CHECK(activ::function().info().name == nullptr);
}

/* f' and f'' of the catalog and of a formula, with parameters; on a pool that its own object does not outlive. */
void derivatives()
{
    const floats x = some_values(5000), ones(5000, 1.0f);
    floats y(5000), dx(5000);
    for (const char *spec : { "mish", "swish(beta=0.7)", "a*x*sin(b*x); a=1, b=1.702" }) {
        const activ::function f = make(spec), slope = must(f.try_derivative()), second = must(slope.try_derivative());
        CHECK(slope.spec() == "derivative(" + std::string(f.spec()) + ")");
        CHECK(slope.param_count() == f.param_count() && second.param_count() == f.param_count());
        must(f.try_backward(x, ones, dx));
        must(slope.try_forward(x, y));
        CHECK(same_bits(y, dx));
        must(slope.try_backward(x, ones, dx));
        must(second.try_forward(x, y));
        CHECK(same_bits(y, dx));
    }
    const activ::function f = make("a*x*sin(b*x); a=1, b=1.702");
    const floats weights{ 2, 0.5f };
    must(must(f.try_derivative()).with(weights).try_forward(x, y));
    must(f.with(weights).try_backward(x, ones, dx));
    CHECK(same_bits(y, dx));
    must(must(f.with(weights).try_derivative()).with(weights).try_forward(x, y));
    CHECK(same_bits(y, dx));
    must(must(activ::function_view::named("gelu").try_derivative()).try_forward(x, y));
    REFUSED(make("swiglu").try_derivative(), ACTIV_ERROR_UNSUPPORTED, "swiglu");
    REFUSED(must(activ::function::try_create(must(activ::custom::try_create(
                     "cube", [](float a) { return a * a * a; }, [](float a) { return 3 * a * a; }))))
                .try_derivative(),
            ACTIV_ERROR_UNSUPPORTED, "own code");
    REFUSED(activ::function().try_derivative(), ACTIV_ERROR_INVALID, "function is empty");
    THROWS((void)make("softmax").derivative(), ACTIV_ERROR_UNSUPPORTED, "softmax");
    activ::function shared;
    {
        const activ::pool threads = must(activ::pool::try_create(2));
        const activ::context context = must(activ::context::try_create(threads));
        shared = must(must(activ::function::try_create("gelu", context)).try_derivative());
    }
    floats many(100000, 0.5f), slopes(100000), want(1);
    must(shared.try_forward(many, slopes));
    must(make("gelu").try_backward(floats(1, 0.5f), floats(1, 1.0f), want));
    CHECK(slopes.front() == want[0] && slopes.back() == want[0]);
#ifndef ACTIV_NO_EXCEPTIONS
    activ::function("gelu").derivative().forward(floats(1, 0.5f), want);
    CHECK(slopes.front() == want[0]);
#endif
}

} // namespace

void test_fn()
{
    elementwise();
    making();
    parameters();
    by_rows();
    gated();
    halves<activ::float16>();
    halves<activ::bfloat16>();
    per_channel();
    training();
    other_calls();
    catalog();
    derivatives();
}
