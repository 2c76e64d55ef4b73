/* Spans, shapes, texts; results and errors. */
#include "check.hpp"

#include <array>
#include <filesystem>
#include <list>
#include <string>
#include <type_traits>

namespace {

template <class From, class To> constexpr bool becomes = std::is_convertible_v<From, To>;
using input = activ::span<const float>;
using output = activ::span<float>;

/* What is an array, and what is not. */
static_assert(becomes<std::vector<float> &, input> && becomes<std::vector<float> &, output>);
static_assert(becomes<const std::vector<float> &, input> && !becomes<const std::vector<float> &, output>);
static_assert(becomes<std::vector<float>, input> && !becomes<std::vector<float>, output>);
static_assert(becomes<std::array<float, 3> &, output> && becomes<const std::array<float, 3> &, input>);
static_assert(becomes<std::array<const float, 3> &, input> && !becomes<std::array<const float, 3> &, output>);
static_assert(becomes<float (&)[3], output> && becomes<float (&)[3], input> && becomes<const float (&)[3], input>);
static_assert(!becomes<const float (&)[3], output>);
static_assert(becomes<output, input> && !becomes<input, output>);
static_assert(!becomes<std::vector<double> &, input> && !becomes<std::vector<int> &, output>);
static_assert(!becomes<std::list<float> &, input> && !becomes<float *, input> && !becomes<int, input>);
#if defined(__cpp_lib_span)
static_assert(becomes<std::span<float>, output> && becomes<std::span<const float>, input>);
static_assert(becomes<std::span<float, 3>, input> && !becomes<std::span<const float>, output>);
static_assert(becomes<output, std::span<float>> && becomes<input, std::span<const float>>);
#endif

/* Handles move, and are not copied; nothing that moves throws. */
template <class T>
constexpr bool moves = std::is_nothrow_move_constructible_v<T> &&std::is_nothrow_move_assignable_v<T> &&
                       !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(moves<activ::context> && moves<activ::pool> && moves<activ::function> && moves<activ::tensor>);
static_assert(moves<activ::graph> && moves<activ::optimizer> && moves<activ::predictor> && moves<activ::safetensors>);
static_assert(moves<activ::histogram> && moves<activ::stats> && moves<activ::quantiles> && moves<activ::neurons>);
static_assert(moves<activ::graph_neurons>);

void spans()
{
    std::array<float, 4> array{ 1, 2, 3, 4 };
    output s(array);
    CHECK(s.data() == array.data() && s.size() == 4 && !s.empty() && s[2] == 3);
    CHECK(s.end() - s.begin() == 4);
    CHECK(s.subspan(1, 2).size() == 2 && s.subspan(1, 2)[0] == 2);
    CHECK(s.subspan(3).size() == 1 && s.subspan(9).empty() && s.subspan(2, 9).size() == 2);
    CHECK(output().empty() && output().begin() == output().end() && output().subspan(1).empty());
    float c[2] = { 5, 6 };
    CHECK(input(c).size() == 2 && input(c)[1] == 6);
    CHECK(!activ::optional_span<float>(activ::none) && activ::optional_span<float>(array).count() == 4);
#if defined(__cpp_lib_span)
    std::span<float> there = s;
    CHECK(there.data() == array.data() && there.size() == 4);
    const output back = std::span<float>(array).subspan(1);
    CHECK(back.size() == 3 && back[0] == 2);
#endif
}

void shapes_and_texts()
{
    const activ::shape image{ 1, 28, 28 };
    CHECK(image.size() == 3 && image.count() == 784 && image.data()[2] == 28);
    CHECK(activ::shape().count() == 1 && activ::shape({ 3, 0, 5 }).count() == 0);
    CHECK(activ::shape({ SIZE_MAX, 2 }).count() == SIZE_MAX && activ::shape({ 0, SIZE_MAX, 2 }).count() == 0);
    const std::vector<std::size_t> dimensions{ 2, 3 };
    CHECK(activ::shape(dimensions).count() == 6);
    CHECK(activ::shape({ 1, 1, 1, 1, 1, 1, 1, 1, 1 }).size() == 9);
    const std::string name = "gelu";
    const std::filesystem::path path = "a/b";
    CHECK(activ::text(name).c_str() == name.c_str() && std::strcmp(activ::text(path).c_str(), "a/b") == 0);
    CHECK(std::strcmp(activ::text("x").c_str(), "x") == 0);
}

void results()
{
    activ::result<int> good = 3;
    CHECK(good && *good == 3 && good.status() == ACTIV_OK && std::strcmp(good.message(), "") == 0);
    activ::result<int> bad = activ::failure(ACTIV_ERROR_RANGE, "too large");
    CHECK(!bad && bad.status() == ACTIV_ERROR_RANGE && std::strcmp(bad.message(), "too large") == 0);
    CHECK(std::move(bad).value_or(7) == 7 && std::move(good).value_or(7) == 3);
    const activ::result<void> done;
    CHECK(done && done.status() == ACTIV_OK);
    const activ::result<void> wordless = activ::failure(ACTIV_ERROR_SHAPE, nullptr);
    CHECK(!wordless && std::strcmp(wordless.message(), activ_status_string(ACTIV_ERROR_SHAPE)) == 0);
    activ::failure copy(ACTIV_ERROR_IO, "one");
    copy = wordless.why();
    const activ::failure &itself = copy;
    copy = itself;
    CHECK(copy.status() == ACTIV_ERROR_SHAPE && std::strcmp(copy.message(), wordless.message()) == 0);
    const std::string longer(2000, 'x');
    CHECK(std::strlen(activ::failure(ACTIV_ERROR_IO, longer.c_str()).message()) == sizeof(activ_message) - 1);
    activ::result<activ::function> moved = must(activ::function::try_create("relu"));
    CHECK(moved && moved->spec() == "relu");
#ifndef ACTIV_NO_EXCEPTIONS
    activ::result<int> value = 4;
    CHECK(value.value() == 4 && std::move(value).value() == 4);
    activ::result<int> none = activ::failure(ACTIV_ERROR_RANGE, "too large");
    THROWS((void)none.value(), ACTIV_ERROR_RANGE, "too large");
    THROWS((void)std::move(none).value(), ACTIV_ERROR_RANGE, "too large");
    THROWS(wordless.value(), ACTIV_ERROR_SHAPE, activ_status_string(ACTIV_ERROR_SHAPE));
    done.value();
    static_assert(std::is_base_of_v<std::runtime_error, activ::error>);
#endif
}

} // namespace

void test_status()
{
    spans();
    shapes_and_texts();
    results();
}
