// Eigen's array expressions. Eigen chooses its instruction set when it is compiled, so this file is compiled once for
// each, with the name of its table in BENCH_EIGEN; peer_eigen.c chooses among the tables.
//
// Eigen is all templates and inline functions, of which the linker keeps one for each name: AVX-512 code could end up
// in the table for AVX2. So Eigen's namespace has a name of its own in each compilation. Nothing else is left with a
// name that both share: there is one function of the standard library, expf, and it is not made here.
#include "eigen_kernels.h"

#define BENCH_JOINED(a, b) a##b
#define BENCH_JOIN(a, b) BENCH_JOINED(a, b)
#define Eigen BENCH_JOIN(Eigen_for_, BENCH_EIGEN)

#include <Eigen/Core>
#include <unsupported/Eigen/SpecialFunctions>

#define BENCH_TEXT(number) BENCH_TEXT_OF(number)
#define BENCH_TEXT_OF(number) #number

// A kernel and its text.
#define EXPRESSION(expression)                                  \
    [](size_t n, const float *in, float *out) {                 \
        const Eigen::Index size = static_cast<Eigen::Index>(n); \
        const Eigen::Map<const Eigen::ArrayXf> x(in, size);     \
        Eigen::Map<Eigen::ArrayXf>(out, size) = expression;     \
    },                                                          \
        #expression

// constexpr: nothing runs at the program's start, where the CPU may not have the instructions.
constexpr eigen_kernels BENCH_EIGEN = {
    BENCH_TEXT(EIGEN_WORLD_VERSION) "." BENCH_TEXT(EIGEN_MAJOR_VERSION) "." BENCH_TEXT(EIGEN_MINOR_VERSION),
    {
        { "sigmoid", EXPRESSION(x.logistic()) },
        { "tanh", EXPRESSION(x.tanh()) },
        { "gelu", EXPRESSION(0.5f * x * (1.0f + (x * 0.70710678f).erf())) },
        { nullptr, nullptr, nullptr },
    },
};
