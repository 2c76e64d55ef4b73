/* Random numbers, initial values, what runs here. */
#include "check.hpp"

#include <string>

void test_other()
{
    std::vector<float> a(10), b(10);
    must(activ::try_random_uniform(1, 2, 3, -1, 1, a));
    CHECK(activ_random_uniform(1, 2, 3, 10, -1, 1, b.data()) == ACTIV_OK && same_bits(a, b));
    must(activ::try_random_normal(1, 2, 3, 0, 2, a));
    CHECK(activ_random_normal(1, 2, 3, 10, 0, 2, b.data()) == ACTIV_OK && same_bits(a, b));
    std::vector<std::uint32_t> order(5), c_order(5);
    must(activ::try_random_permutation(4, 5, order));
    CHECK(activ_random_permutation(4, 5, 5, c_order.data()) == ACTIV_OK && order == c_order);
    CHECK(activ::random_bits(1, 2, 3) == activ_random_bits(1, 2, 3));
    REFUSED(activ::try_random_uniform(1, 2, 3, 1, -1, a), ACTIV_ERROR_RANGE, "random_uniform");
    REFUSED(activ::try_random_normal(1, 2, 3, 0, -1, a), ACTIV_ERROR_RANGE, "random_normal");
    must(activ::try_random_permutation(1, 2, activ::span<std::uint32_t>()));
    THROWS(activ::random_uniform(1, 2, 3, 1, -1, a), ACTIV_ERROR_RANGE, "random_uniform");
    THROWS(activ::random_normal(1, 2, 3, 0, -1, a), ACTIV_ERROR_RANGE, "random_normal");

    must(activ::try_init_tensor(ACTIV_INIT_ORTHOGONAL, 1, { 2, 5 }, 7, 8, a));
    const std::size_t shape[2] = { 2, 5 };
    CHECK(activ_init_tensor(nullptr, ACTIV_INIT_ORTHOGONAL, 1, 2, shape, 7, 8, b.data(), nullptr) == ACTIV_OK);
    CHECK(same_bits(a, b) && activ::init_gain(ACTIV_INIT_KAIMING_NORMAL) > 1.4f);
    REFUSED(activ::try_init_tensor(ACTIV_INIT_ORTHOGONAL, 1, { 3, 5 }, 7, 8, a), ACTIV_ERROR_SHAPE, "array has 10",
            "shape has 15");
    REFUSED(activ::try_init_tensor(99, 1, { 2, 5 }, 7, 8, a), ACTIV_ERROR_UNSUPPORTED);
    REFUSED(activ::try_init_tensor(0, 1, { 1, 1, 1, 1, 1, 1, 1, 2, 5 }, 7, 8, a), ACTIV_ERROR_RANGE, "dimensions");
    activ::context context;
    const activ::context moved = std::move(context);
    REFUSED(activ::try_init_tensor(0, 1, { 2, 5 }, 7, 8, a, context), ACTIV_ERROR_INVALID, "context is empty");
    THROWS(activ::init_tensor(99, 1, { 2, 5 }, 7, 8, a), ACTIV_ERROR_UNSUPPORTED);

    CHECK(activ::version() == activ_version_string() && activ::tier() == activ_tier());
    CHECK(activ::tiers().size() >= 1 && activ::tiers()[0] == "scalar" && activ::tiers()[99].empty());
    bool runs = false;
    for (const std::string_view tier : activ::tiers())
        runs = runs || tier == activ::tier();
    CHECK(runs && (activ::max_tier().empty() || activ_max_tier()));
#ifndef ACTIV_NO_EXCEPTIONS
    activ::random_uniform(1, 2, 3, -1, 1, a);
    activ::random_normal(1, 2, 3, 0, 2, a);
    activ::random_permutation(4, 5, order);
    activ::init_tensor(ACTIV_INIT_ORTHOGONAL, 1, { 2, 5 }, 7, 8, b);
#endif
}
