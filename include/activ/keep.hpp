/* libactiv for C++: who keeps what alive, and what callbacks threw. Used by the other headers; nothing here is meant
 * for programs.
 *
 * The C library asks that a pool outlives what was made with it, a graph its optimisers, an open file the tensors on
 * its data, and callbacks whatever calls them. Here each object holds a reference to what it needs, so that any order
 * of destruction is right. References are counted by hand, as std::shared_ptr allocates, and throws where that
 * fails. */
#ifndef ACTIV_KEEP_HPP
#define ACTIV_KEEP_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "status.hpp"

namespace activ {
namespace detail {

/* Counted; the last reference deletes it. */
class counted {
public:
    counted() noexcept = default;
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
    void retain() noexcept
    {
        references_.fetch_add(1, std::memory_order_relaxed);
    }
    void release() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }
    /* How many exceptions its callbacks have thrown, and one of them: the first that was not told yet. */
    virtual std::uint64_t thrown() const noexcept
    {
        return 0;
    }
    virtual std::exception_ptr tell_thrown() const noexcept
    {
        return nullptr;
    }
    /* What has to live as long as a function that was made with this: by default this. */
    virtual const counted *part(std::size_t i) const noexcept
    {
        return i == 0 ? this : nullptr;
    }

protected:
    virtual ~counted() = default;

private:
    std::atomic<std::size_t> references_{ 0 };
};

template <class T> class ref {
public:
    ref() noexcept = default;
    explicit ref(T *object) noexcept : object_(object)
    {
        if (object_)
            object_->retain();
    }
    ref(const ref &other) noexcept : ref(other.object_)
    {
    }
    ref(ref &&other) noexcept : object_(std::exchange(other.object_, nullptr))
    {
    }
    template <class U, class = std::enable_if_t<std::is_convertible_v<U *, T *>>>
    ref(const ref<U> &other) noexcept : ref(other.get())
    {
    }
    ref &operator=(ref other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }
    ~ref()
    {
        if (object_)
            object_->release();
    }
    T *get() const noexcept
    {
        return object_;
    }
    T *operator->() const noexcept
    {
        return object_;
    }
    explicit operator bool() const noexcept
    {
        return object_ != nullptr;
    }

private:
    T *object_ = nullptr;
};

using keeper = ref<counted>;

/* Any number of references, without exceptions. */
class keepers {
public:
    keepers() noexcept = default;
    keepers(const keepers &) = delete;
    keepers &operator=(const keepers &) = delete;
    keepers(keepers &&other) noexcept : first_(std::exchange(other.first_, nullptr))
    {
    }
    ~keepers()
    {
        while (first_)
            delete std::exchange(first_, first_->next);
    }
    /* false: no memory. */
    bool add(counted *object) noexcept
    {
        for (const entry *e = first_; e; e = e->next)
            if (e->object.get() == object)
                return true;
        entry *added = object ? new (std::nothrow) entry{ keeper(object), first_ } : nullptr;
        if (added)
            first_ = added;
        return added || !object;
    }
    std::uint64_t thrown() const noexcept
    {
        std::uint64_t sum = 0;
        for (const entry *e = first_; e; e = e->next)
            sum += e->object->thrown();
        return sum;
    }
    std::exception_ptr tell_thrown() const noexcept
    {
        for (const entry *e = first_; e; e = e->next)
            if (std::exception_ptr told = e->object->tell_thrown())
                return told;
        return nullptr;
    }
    counted *at(std::size_t i) const noexcept
    {
        const entry *e = first_;
        for (; e && i > 0; i--)
            e = e->next;
        return e ? e->object.get() : nullptr;
    }

private:
    struct entry {
        keeper object;
        entry *next;
    };
    entry *first_ = nullptr;
};

/* Exceptions must not cross C: a callback runs inside of a trap, which remembers what it threw. Whoever called the C
 * library compares the counts of before and after. If several threads share the callback, each of them that was inside
 * at that time reports it: rather too often than never. */
class trap {
public:
    /* false: it threw. */
    template <class F> bool run(F &&callback) noexcept
    {
#if defined(__cpp_exceptions)
        try {
            callback();
            return true;
        } catch (...) {
            lock();
            if (told_)
                first_ = std::current_exception();
            told_ = false;
            unlock();
            count_.fetch_add(1, std::memory_order_release);
            return false;
        }
#else
        callback();
        return true;
#endif
    }
    std::uint64_t count() const noexcept
    {
        return count_.load(std::memory_order_acquire);
    }
    /* The first that has not been told, as the others may follow from it; or else the one that was told. */
    std::exception_ptr tell() const noexcept
    {
        lock();
        std::exception_ptr copy = first_;
        told_ = true;
        unlock();
        return copy;
    }

private:
    void lock() const noexcept
    {
        while (busy_.test_and_set(std::memory_order_acquire)) {
        }
    }
    void unlock() const noexcept
    {
        busy_.clear(std::memory_order_release);
    }
    mutable std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    std::atomic<std::uint64_t> count_{ 0 };
    mutable bool told_ = true;
    std::exception_ptr first_;
};

/* ACTIV_ERROR_INVALID: a mistake in the caller's code. There is no better number. */
inline failure callback_threw(const char *call, std::exception_ptr cause) noexcept
{
    words what;
#if defined(__cpp_exceptions)
    try {
        if (cause)
            std::rethrow_exception(cause);
    } catch (const std::exception &thrown) {
        std::snprintf(what.text, sizeof what.text, ": %s", thrown.what());
    } catch (...) {
    }
#endif
    failure why = fail(ACTIV_ERROR_INVALID, "%s: a callback threw an exception%.400s", call, what.text);
    why.set_cause(std::move(cause));
    return why;
}

/* Runs a C call that may run callbacks of `source`, which has thrown() and tell_thrown(). */
template <class Source, class Call> result<void> watched(const Source &source, const char *name, Call call) noexcept
{
    const std::uint64_t before = source.thrown();
    if (failure why = call(); why.status() != ACTIV_OK)
        return why;
    if (source.thrown() != before)
        return callback_threw(name, source.tell_thrown());
    return {};
}

/* The handle of a C object, and what has to live longer than it. */
template <class T, void (*destroy)(T *)> class owner {
public:
    owner() noexcept = default;
    owner(T *object, keeper keep) noexcept : keep_(std::move(keep)), object_(object)
    {
    }
    owner(owner &&other) noexcept : keep_(std::move(other.keep_)), object_(std::exchange(other.object_, nullptr))
    {
    }
    owner &operator=(owner &&other) noexcept
    {
        if (this != &other) {
            destroy(object_);
            object_ = std::exchange(other.object_, nullptr);
            keep_ = std::move(other.keep_);
        }
        return *this;
    }
    ~owner()
    {
        destroy(object_);
    }
    T *get() const noexcept
    {
        return object_;
    }
    counted *keep() const noexcept
    {
        return keep_.get();
    }

private:
    keeper keep_; /* let go after the object */
    T *object_ = nullptr;
};

} // namespace detail
} // namespace activ

#endif
