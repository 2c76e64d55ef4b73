/* The C++ headers: what they add to C. Built as C++17, as C++20, and without exceptions; the sources are the same. */
#include "check.hpp"

#include <new>

const char *scratch;

static long allowed = -1;

void allow_new(long count)
{
    allowed = count;
}

/* All that the headers allocate by themselves is asked for with std::nothrow. */
void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept
{
    if (allowed == 0)
        return nullptr;
    if (allowed > 0)
        allowed--;
    return std::malloc(bytes > 0 ? bytes : 1);
}

void *operator new[](std::size_t bytes, const std::nothrow_t &tag) noexcept
{
    return operator new(bytes, tag);
}

void operator delete(void *memory) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::size_t) noexcept
{
    std::free(memory);
}

/* Else a sanitizer would pair its own with free. */
void *operator new(std::size_t bytes)
{
    void *memory = std::malloc(bytes > 0 ? bytes : 1);
    if (!memory)
        std::abort();
    return memory;
}

void *operator new[](std::size_t bytes)
{
    return operator new(bytes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: test_cpp DIRECTORY\n");
        return 2;
    }
    scratch = argv[1];
    const struct {
        const char *name;
        void (*run)();
    } tests[] = {
        { "status", test_status },     { "fn", test_fn },
        { "context", test_context },   { "callbacks", test_callbacks },
        { "tensor", test_tensor },     { "graph", test_graph },
        { "training", test_training }, { "checkpoint", test_checkpoint },
        { "analysis", test_analysis }, { "other", test_other },
        { "throwing", test_throwing },
    };
    for (const auto &test : tests) {
        const int before = failures;
        test.run();
        std::printf("%s: %s\n", failures == before ? "ok" : "FAILED", test.name);
    }
    return failures == 0 ? 0 : 1;
}
