/* libactiv for C++: errors, results, and how arrays are handed over. C++17 or newer.
 *
 * Two ways to learn of a failure, side by side:
 *
 *     f.forward(x, y);                                  // throws activ::error
 *     if (auto r = f.try_forward(x, y); !r)             // says so: r.status(), r.message()
 *
 * A prefix, because it can be read and searched for where the call stands; a tag argument hides at the end of a list,
 * and one function that does both depends on what its caller does with the result. The throwing call is the other's
 * result with .value(), and nothing else. Constructors throw; their counterparts are static, `try_create`.
 *
 * Where exceptions are switched off (-fno-exceptions, or ACTIV_NO_EXCEPTIONS defined before), the throwing calls and
 * constructors do not exist, and the others are all the same. All files of a program that include these headers have to
 * agree on that, as on any macro that inline functions depend on; as C++17 and as C++20 they may be compiled side by
 * side. */
#ifndef ACTIV_STATUS_HPP
#define ACTIV_STATUS_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#    error "activ.hpp needs C++17 or newer; activ.h is for all other languages"
#endif

#if !defined(ACTIV_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#    define ACTIV_NO_EXCEPTIONS
#endif

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#if __has_include(<version>)
#    include <version>
#endif
#if defined(__cpp_lib_span)
#    include <span>
#endif

#include "status.h"
#include "tensor.h" /* ACTIV_MAX_DIMS */

#if defined(__GNUC__)
#    define ACTIV_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#    define ACTIV_PRINTF(text, first)
#endif

namespace activ {

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

/* Part of somebody else's array. The same class in every standard, so that objects compiled as C++17 and as C++20 link
 * with each other; where there is a std::span, each converts to the other. Made of whatever has data() and size(), of C
 * arrays, and of a pointer with a number. It owns nothing: the array has to live as long. */
template <class T> class span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T *;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    /* A mutable span needs an array that lives; a const one may be of a temporary, for the length of a call. */
    template <
        class C,
        class = std::enable_if_t<
            !std::is_same_v<std::remove_cv_t<C>, span> &&
            std::is_convertible_v<std::remove_pointer_t<decltype(std::data(std::declval<C &>()))> (*)[], T (*)[]> &&
            std::is_convertible_v<decltype(std::size(std::declval<C &>())), std::size_t>>>
    constexpr span(C &array) noexcept : data_(std::data(array)), size_(std::size(array))
    {
    }
    template <class C, class = void,
              class = std::enable_if_t<
                  std::is_const_v<T> && !std::is_same_v<C, span> &&
                  std::is_convertible_v<std::remove_pointer_t<decltype(std::data(std::declval<const C &>()))> (*)[],
                                        T (*)[]> &&
                  std::is_convertible_v<decltype(std::size(std::declval<const C &>())), std::size_t>>>
    constexpr span(const C &array) noexcept : data_(std::data(array)), size_(std::size(array))
    {
    }
    constexpr span(const span &) noexcept = default;
    constexpr span &operator=(const span &) noexcept = default;
#if defined(__cpp_lib_span)
    template <class U, std::size_t n, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
    constexpr span(const std::span<U, n> &other) noexcept : data_(other.data()), size_(other.size())
    {
    }
#endif

    constexpr T *data() const noexcept
    {
        return data_;
    }
    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    constexpr T *begin() const noexcept
    {
        return data_;
    }
    constexpr T *end() const noexcept
    {
        return size_ == 0 ? data_ : data_ + size_;
    }
    constexpr T &operator[](std::size_t i) const noexcept
    {
        return data_[i];
    }
    /* `count` elements from `first` on; what lies past the end is left out. */
    constexpr span subspan(std::size_t first, std::size_t count = SIZE_MAX) const noexcept
    {
        first = first < size_ ? first : size_;
        count = count < size_ - first ? count : size_ - first;
        return size_ == 0 ? *this : span(data_ + first, count);
    }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* What stands in place of an array that is not wanted: f.backward(x, dy, activ::none, dparams). An empty array would
 * not do: it is a mistake that is told. */
struct none_t {
    explicit constexpr none_t(int) noexcept
    {
    }
};
inline constexpr none_t none{ 0 };

/* A span, or none. */
template <class T> class optional_span {
public:
    constexpr optional_span(none_t) noexcept
    {
    }
    template <class C, class = std::enable_if_t<!std::is_same_v<std::decay_t<C>, optional_span> &&
                                                std::is_convertible_v<C &&, span<T>>>>
    constexpr optional_span(C &&array) noexcept : values_(static_cast<C &&>(array)), given_(true)
    {
    }
    constexpr explicit operator bool() const noexcept
    {
        return given_;
    }
    constexpr span<T> values() const noexcept
    {
        return values_;
    }
    constexpr T *data() const noexcept
    {
        return values_.data();
    }
    /* Not size(): with that it would be an array, and none an empty one. */
    constexpr std::size_t count() const noexcept
    {
        return values_.size();
    }

private:
    span<T> values_;
    bool given_ = false;
};

/* The dimensions of a tensor, or of a sample: { 1, 28, 28 }. Copied. More than ACTIV_MAX_DIMS are kept in number alone,
 * and refused by the call that gets them. */
class shape {
public:
    shape() noexcept = default;
    shape(std::initializer_list<std::size_t> dimensions) noexcept : shape(dimensions.begin(), dimensions.size())
    {
    }
    template <class C, class = std::enable_if_t<std::is_convertible_v<const C &, span<const std::size_t>>>>
    shape(const C &dimensions) noexcept : shape(std::data(dimensions), std::size(dimensions))
    {
    }
    const std::size_t *data() const noexcept
    {
        return dimensions_.data();
    }
    std::size_t size() const noexcept
    {
        return count_;
    }
    /* The number of elements; SIZE_MAX if it overflows. */
    std::size_t count() const noexcept
    {
        std::size_t product = 1;
        bool overflows = false;
        for (std::size_t i = 0; i < count_ && i < dimensions_.size(); i++) {
            const std::size_t dimension = dimensions_[i];
            if (dimension == 0)
                return 0;
            overflows = overflows || product > SIZE_MAX / dimension;
            product *= dimension;
        }
        return overflows ? SIZE_MAX : product;
    }

private:
    shape(const std::size_t *dimensions, std::size_t count) noexcept : count_(count)
    {
        for (std::size_t i = 0; i < count && i < dimensions_.size(); i++)
            dimensions_[i] = dimensions[i];
    }
    std::array<std::size_t, ACTIV_MAX_DIMS> dimensions_{};
    std::size_t count_ = 0;
};

/* A text for a C call: a literal, a std::string, a std::filesystem::path, or whatever else has a c_str(). */
class text {
public:
    text(const char *characters) noexcept : characters_(characters)
    {
    }
    template <class S,
              class = std::enable_if_t<std::is_same_v<decltype(std::declval<const S &>().c_str()), const char *>>>
    text(const S &string) noexcept : characters_(string.c_str())
    {
    }
    const char *c_str() const noexcept
    {
        return characters_;
    }

private:
    const char *characters_;
};

/* ---- failures ---------------------------------------------------------------------------------------------------- */

/* A status that is not ACTIV_OK, and the reason in words; where a callback of the caller's threw, also what it threw.
 * Allocates nothing. */
class failure {
public:
    /* words: "" or NULL for those of the status. */
    failure(activ_status status, const char *words) noexcept : status_(status)
    {
        const char *use = words && *words ? words : activ_status_string(status);
        std::size_t length = std::strlen(use);
        length = length < sizeof message_.text ? length : sizeof message_.text - 1;
        std::memcpy(message_.text, use, length);
        message_.text[length] = '\0';
    }
    failure(const failure &other) noexcept : status_(other.status_), cause_(other.cause_)
    {
        std::memcpy(message_.text, other.message_.text, std::strlen(other.message_.text) + 1);
    }
    failure &operator=(const failure &other) noexcept
    {
        if (this != &other) {
            status_ = other.status_;
            cause_ = other.cause_;
            std::memcpy(message_.text, other.message_.text, std::strlen(other.message_.text) + 1);
        }
        return *this;
    }
    activ_status status() const noexcept
    {
        return status_;
    }
    const char *message() const noexcept
    {
        return message_.text;
    }
    /* What a callback threw; else NULL. */
    const std::exception_ptr &cause() const noexcept
    {
        return cause_;
    }
    void set_cause(std::exception_ptr cause) noexcept
    {
        cause_ = std::move(cause);
    }
    [[nodiscard]] static failure none() noexcept
    {
        return failure();
    }

private:
    failure() noexcept
    {
        message_.text[0] = '\0';
    }
    activ_status status_ = ACTIV_OK;
    std::exception_ptr cause_;
    activ_message message_;
};

#ifndef ACTIV_NO_EXCEPTIONS
/* What the throwing calls throw, for every status, ACTIV_ERROR_OUT_OF_MEMORY too. The text names the thing that was
 * wrong. Only an exception of the caller's own callbacks comes out as itself. */
class error : public std::runtime_error {
public:
    error(activ_status status, const char *words) : std::runtime_error(words), status_(status)
    {
    }
    explicit error(const failure &why) : error(why.status(), why.message())
    {
    }
    activ_status status() const noexcept
    {
        return status_;
    }

private:
    activ_status status_;
};

[[noreturn]] inline void raise(const failure &why)
{
    if (why.cause())
        std::rethrow_exception(why.cause());
    throw error(why);
}
#endif

/* A value, or why there is none. */
template <class T> class [[nodiscard]] result {
public:
    result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : why_(failure::none()), value_(std::move(value))
    {
    }
    result(failure why) noexcept : why_(std::move(why))
    {
    }
    explicit operator bool() const noexcept
    {
        return value_.has_value();
    }
    activ_status status() const noexcept
    {
        return why_.status();
    }
    /* "" if there is a value. */
    const char *message() const noexcept
    {
        return why_.message();
    }
    const failure &why() const noexcept
    {
        return why_;
    }

    /* Only if there is a value. */
    T &operator*() &noexcept
    {
        return *value_;
    }
    const T &operator*() const &noexcept
    {
        return *value_;
    }
    T &&operator*() &&noexcept
    {
        return *std::move(value_);
    }
    T *operator->() noexcept
    {
        return &*value_;
    }
    const T *operator->() const noexcept
    {
        return &*value_;
    }
    T value_or(T other) &&
    {
        return value_ ? *std::move(value_) : std::move(other);
    }
#ifndef ACTIV_NO_EXCEPTIONS
    /* The value, or an exception. */
    T value() &&
    {
        if (!value_)
            raise(why_);
        return *std::move(value_);
    }
    T &value() &
    {
        if (!value_)
            raise(why_);
        return *value_;
    }
#endif

private:
    failure why_;
    std::optional<T> value_;
};

template <> class [[nodiscard]] result<void> {
public:
    result() noexcept : why_(failure::none())
    {
    }
    result(failure why) noexcept : why_(std::move(why))
    {
    }
    explicit operator bool() const noexcept
    {
        return why_.status() == ACTIV_OK;
    }
    activ_status status() const noexcept
    {
        return why_.status();
    }
    const char *message() const noexcept
    {
        return why_.message();
    }
    const failure &why() const noexcept
    {
        return why_;
    }
#ifndef ACTIV_NO_EXCEPTIONS
    void value() const
    {
        if (why_.status() != ACTIV_OK)
            raise(why_);
    }
#endif

private:
    failure why_;
};

namespace detail {

/* A message for a C call to write to. */
struct words : activ_message {
    words() noexcept
    {
        text[0] = '\0';
    }
};

ACTIV_PRINTF(2, 3) inline failure fail(activ_status status, const char *format, ...) noexcept
{
    words message;
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message.text, sizeof message.text, format, arguments);
    va_end(arguments);
    return failure(status, message.text);
}

/* Two lengths that have to be the same. */
inline failure lengths(const char *call, const char *a, std::size_t a_count, const char *b,
                       std::size_t b_count) noexcept
{
    return fail(ACTIV_ERROR_SHAPE, "%s: %.200s has %zu values, %.200s has %zu", call, a, a_count, b, b_count);
}

/* The status of a C call that has these words, or none. */
inline failure failed(const char *call, activ_status status, const char *why) noexcept
{
    if (why && *why)
        return failure(status, why);
    return fail(status, "%s: %s", call, activ_status_string(status));
}

inline result<void> outcome(const char *call, activ_status status, const char *why) noexcept
{
    if (status == ACTIV_OK)
        return {};
    return failed(call, status, why);
}

inline failure no_memory(const char *call) noexcept
{
    return fail(ACTIV_ERROR_OUT_OF_MEMORY, "%s: no memory", call);
}

inline failure is_empty(const char *call, const char *what) noexcept
{
    return fail(ACTIV_ERROR_INVALID, "%s: the %s is empty: not made yet, or moved from", call, what);
}

/* A view of a C text that may be NULL. */
inline std::string_view view(const char *text) noexcept
{
    return text ? std::string_view(text) : std::string_view();
}

/* Things that have a number, as a range for `for`. at(owner, i). */
template <class Owner, class Value, Value (*at)(const Owner &, std::size_t)> class listing {
public:
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Value;
        using difference_type = std::ptrdiff_t;
        using pointer = const Value *;
        using reference = Value;

        iterator(Owner owner, std::size_t i) noexcept : owner_(std::move(owner)), i_(i)
        {
        }
        Value operator*() const
        {
            return at(owner_, i_);
        }
        iterator &operator++() noexcept
        {
            i_++;
            return *this;
        }
        iterator operator++(int) noexcept
        {
            iterator before = *this;
            i_++;
            return before;
        }
        friend bool operator==(const iterator &a, const iterator &b) noexcept
        {
            return a.i_ == b.i_;
        }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept
        {
            return a.i_ != b.i_;
        }

    private:
        Owner owner_;
        std::size_t i_;
    };

    listing(Owner owner, std::size_t count) noexcept : owner_(std::move(owner)), count_(count)
    {
    }
    iterator begin() const noexcept
    {
        return iterator(owner_, 0);
    }
    iterator end() const noexcept
    {
        return iterator(owner_, count_);
    }
    std::size_t size() const noexcept
    {
        return count_;
    }
    /* Past the end: an empty one. */
    Value operator[](std::size_t i) const
    {
        return at(owner_, i);
    }

private:
    Owner owner_;
    std::size_t count_;
};

} // namespace detail
} // namespace activ

#if defined(__cpp_lib_ranges)
template <class T> inline constexpr bool std::ranges::enable_borrowed_range<activ::span<T>> = true;
#endif

#endif
