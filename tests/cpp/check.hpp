/* A test framework of one screen: CMocka is C, and jumps over destructors. */
#ifndef TESTS_CPP_CHECK_HPP
#define TESTS_CPP_CHECK_HPP

#include <activ/activ.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

inline int failures;

inline void check(bool good, const char *what, const char *file, int line)
{
    if (!good) {
        std::printf("%s:%d: FAILED: %s\n", file, line, what);
        failures++;
    }
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/* The status, and each of some parts in the message. */
inline void check_reason(activ_status got, const char *message, activ_status wanted,
                         std::initializer_list<const char *> parts, const char *what, const char *file, int line)
{
    check(got == wanted, what, file, line);
    for (const char *part : parts) {
        const bool there = std::strstr(message, part) != nullptr;
        check(there, part, file, line);
        if (!there)
            std::printf("    in \"%s\"\n", message);
    }
}

/* REFUSED(result, status, "parts", "of the message") */
template <class R, class... Parts>
void check_refused(const R &attempt, const char *what, const char *file, int line, activ_status wanted, Parts... parts)
{
    check_reason(attempt.status(), attempt.message(), wanted, { "", parts... }, what, file, line);
}

#define REFUSED(attempt, ...) check_refused(attempt, #attempt, __FILE__, __LINE__, __VA_ARGS__)

/* THROWS(statement, status, "parts"); nothing where there are no exceptions. */
#ifndef ACTIV_NO_EXCEPTIONS
template <class Call, class... Parts>
void check_throws(Call call, const char *what, const char *file, int line, activ_status wanted, Parts... parts)
{
    try {
        call();
    } catch (const activ::error &thrown) {
        return check_reason(thrown.status(), thrown.what(), wanted, { "", parts... }, what, file, line);
    }
    check(false, what, file, line);
}
#    define THROWS(statement, ...) check_throws([&] { statement; }, #    statement, __FILE__, __LINE__, __VA_ARGS__)
#else
#    define THROWS(statement, ...) static_cast<void>(0)
#endif

/* What a test cannot do without. */
template <class T> T must(activ::result<T> r)
{
    if (!r) {
        std::printf("FAILED: %s\n", r.message());
        std::exit(1);
    }
    return *std::move(r);
}

inline void must(const activ::result<void> &r)
{
    if (!r) {
        std::printf("FAILED: %s\n", r.message());
        std::exit(1);
    }
}

template <class A, class B> bool same_bits(const A &a, const B &b)
{
    const activ::span<const float> x(a), y(b);
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0);
}

inline activ::function make(const char *spec)
{
    return must(activ::function::try_create(spec));
}

/* -2, -1.75 ... 2 and so on: values of both signs. */
inline std::vector<float> some_values(std::size_t count)
{
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; i++)
        values[i] = static_cast<float>(i % 17) * 0.25f - 2.0f;
    return values;
}

/* The next so many allocations by operator new succeed, and then none, until -1 (test_main.cpp). */
void allow_new(long count);

/* Where the scratch files of a test go. */
extern const char *scratch;
inline std::string in_scratch(const char *name)
{
    return std::string(scratch) + "/" + name;
}

void test_status();
void test_fn();
void test_context();
void test_callbacks();
void test_tensor();
void test_graph();
void test_training();
void test_checkpoint();
void test_analysis();
void test_other();
void test_throwing();

#endif
