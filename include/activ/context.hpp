/* libactiv for C++: what the host lends to the library: threads, memory, a log, functions of its own. context.h says
 * what each means; here they may be any callables.
 *
 *     activ::pool threads(4);
 *     activ::context ctx(threads);                      // what is made with ctx uses the pool
 *
 *     activ::context_options options;
 *     options.threads(threads).log([](activ_status, std::string_view line) { std::cerr << line << '\n'; });
 *     activ::context ctx(options);
 *
 * Order of destruction: any. Whatever is made with a context keeps the pool and the callables that it needs. Only what
 * is handed over as a pointer, an activ_allocator or a std::pmr::memory_resource, has to live as long by the caller's
 * care.
 *
 * Exceptions. What a callable throws never passes through the library's C code. A function of the caller's or an
 * executor that throws makes the call that used it fail: the throwing call throws that very exception, the other one
 * has it as why().cause(). What a log throws is dropped, as there already is a failure on its way; a memory_resource
 * that throws is out of memory. */
#ifndef ACTIV_CONTEXT_HPP
#define ACTIV_CONTEXT_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#if __has_include(<memory_resource>)
#    include <memory_resource>
#endif

#include "context.h"
#include "fn.h"
#include "keep.hpp"
#include "pool.h"
#include "status.hpp"

namespace activ {

/* ---- functions of the caller's ----------------------------------------------------------------------------------- */

namespace detail {

/* Set while a call is made again for its words alone, which the log has had already. */
inline thread_local bool log_is_quiet = false;

/* What C sees of a function of the caller's. */
class custom_state : public counted {
public:
    activ_fn_callbacks callbacks = ACTIV_FN_CALLBACKS_DEFAULTS;
    activ_custom_fn definition = ACTIV_CUSTOM_FN_DEFAULTS;
    trap caught;

    explicit custom_state(text name) noexcept
    {
        const char *from = name.c_str() ? name.c_str() : "";
        std::size_t length = std::strlen(from);
        length = length < sizeof name_ ? length : sizeof name_ - 1; /* longer than any that is allowed */
        std::memcpy(name_, from, length);
        name_[length] = '\0';
        definition.name = name_;
        definition.callbacks = &callbacks;
        definition.user = this;
    }
    std::uint64_t thrown() const noexcept override
    {
        return caught.count();
    }
    std::exception_ptr tell_thrown() const noexcept override
    {
        return caught.tell();
    }

protected:
    /* Where a callback threw, nobody shall take what it left for a result. */
    template <class T> static void spoil(T *values, std::size_t count) noexcept
    {
        for (std::size_t i = 0; values && i < count; i++)
            values[i] = std::numeric_limits<T>::quiet_NaN();
    }

private:
    char name_[64];
};

template <class F, class Slope> class scalar_custom final : public custom_state {
public:
    scalar_custom(text name, F f, Slope slope) : custom_state(name), f_(std::move(f)), slope_(std::move(slope))
    {
        callbacks.forward = forward;
        callbacks.backward = backward;
    }

private:
    static void forward(void *user, const float *, std::size_t n, const float *x, float *y)
    {
        auto *self = static_cast<scalar_custom *>(static_cast<custom_state *>(user));
        const F &f = self->f_;
        const bool good = self->caught.run([&] {
            for (std::size_t i = 0; i < n; i++)
                y[i] = f(x[i]);
        });
        if (!good)
            spoil(y, n);
    }
    static void backward(void *user, const float *, std::size_t n, const float *x, const float *dy, float *dx, double *)
    {
        auto *self = static_cast<scalar_custom *>(static_cast<custom_state *>(user));
        const Slope &slope = self->slope_;
        const bool good = !dx || self->caught.run([&] {
            for (std::size_t i = 0; i < n; i++)
                dx[i] = dy[i] * slope(x[i]);
        });
        if (!good)
            spoil(dx, n);
    }
    F f_;
    Slope slope_;
};

template <class M, class = void> struct has_params : std::false_type {
};
template <class M>
struct has_params<M, std::void_t<decltype(std::declval<const M &>().param_count())>> : std::true_type {
};

template <class Model> class array_custom final : public custom_state {
public:
    array_custom(text name, Model model) : custom_state(name), model_(std::move(model))
    {
        callbacks.forward = forward;
        callbacks.backward = backward;
        if constexpr (has_params<Model>::value) {
            callbacks.param_count = model_.param_count();
            callbacks.param_init = param_init;
        }
    }

private:
    static array_custom &self(void *user) noexcept
    {
        return *static_cast<array_custom *>(static_cast<custom_state *>(user));
    }
    static void forward(void *user, const float *params, std::size_t n, const float *x, float *y)
    {
        array_custom &me = self(user);
        const bool good = me.caught.run([&] {
            const Model &model = me.model_;
            model.forward(span<const float>(params, me.callbacks.param_count), span<const float>(x, n),
                          span<float>(y, n));
        });
        if (!good)
            spoil(y, n);
    }
    static void backward(void *user, const float *params, std::size_t n, const float *x, const float *dy, float *dx,
                         double *sums)
    {
        array_custom &me = self(user);
        const std::size_t count = me.callbacks.param_count;
        const bool good = me.caught.run([&] {
            const Model &model = me.model_;
            model.backward(span<const float>(params, count), span<const float>(x, n), span<const float>(dy, n),
                           span<float>(dx, dx ? n : 0), span<double>(sums, sums ? count : 0));
        });
        if (!good) {
            spoil(dx, n);
            spoil(sums, count);
        }
    }
    static void param_init(void *user, std::uint64_t seed, float *params)
    {
        array_custom &me = self(user);
        const std::size_t count = me.callbacks.param_count;
        const bool good = me.caught.run([&] {
            if constexpr (has_params<Model>::value) {
                const Model &model = me.model_;
                model.param_init(seed, span<float>(params, count));
            }
        });
        if (!good)
            spoil(params, count);
    }
    Model model_;
};

} // namespace detail

/* An elementwise function of the caller's own code, under a name: for activ::function and context_options. Copies share
 * it. Its callables are const, and run in any thread of the executor, several at the same time. Where one throws, the
 * outputs of that call are NaN. */
class custom {
public:
    /* None; using it is an error. */
    custom() noexcept = default;

    /* y = f(x) and dy/dx = slope(x), for a float each:
     *
     *     activ::custom cube("cube", [](float x) { return x * x * x; }, [](float x) { return 3 * x * x; });
     */
    template <class F, class Slope>
    static result<custom> try_create(text name, F f, Slope slope) noexcept(
        std::conjunction_v<std::is_nothrow_move_constructible<F>, std::is_nothrow_move_constructible<Slope>>)
    {
        static_assert(std::is_same_v<std::invoke_result_t<const F &, float>, float> &&
                          std::is_same_v<std::invoke_result_t<const Slope &, float>, float>,
                      "f and slope take a float and give one, and are const");
        return of(new (std::nothrow) detail::scalar_custom<F, Slope>(name, std::move(f), std::move(slope)));
    }
    /* The whole of it, on arrays, for a class with these members, the last two of them if it has parameters. dx and
     * sums are empty where they are not wanted; else sums[j] = the sum over i of dy[i] df(x[i])/dparams[j]. In place: y
     * may be x, dx may be dy or x.
     *
     *     void forward(activ::span<const float> params, activ::span<const float> x, activ::span<float> y) const;
     *     void backward(activ::span<const float> params, activ::span<const float> x, activ::span<const float> dy,
     *                   activ::span<float> dx, activ::span<double> sums) const;
     *     std::size_t param_count() const;
     *     void param_init(std::uint64_t seed, activ::span<float> params) const;
     */
    template <class Model>
    static result<custom> try_create(text name, Model model) noexcept(std::is_nothrow_move_constructible_v<Model>)
    {
        return of(new (std::nothrow) detail::array_custom<Model>(name, std::move(model)));
    }
#ifndef ACTIV_NO_EXCEPTIONS
    template <class F, class Slope>
    custom(text name, F f, Slope slope) : custom(try_create(name, std::move(f), std::move(slope)).value())
    {
    }
    template <class Model> custom(text name, Model model) : custom(try_create(name, std::move(model)).value())
    {
    }
#endif
    explicit operator bool() const noexcept
    {
        return static_cast<bool>(state_);
    }
    std::string_view name() const noexcept
    {
        return state_ ? detail::view(state_->definition.name) : std::string_view();
    }
    /* For the other headers. */
    detail::custom_state *state() const noexcept
    {
        return state_.get();
    }

private:
    static result<custom> of(detail::custom_state *state) noexcept
    {
        if (!state)
            return detail::no_memory("custom");
        custom made;
        made.state_ = detail::ref<detail::custom_state>(state);
        return made;
    }
    detail::ref<detail::custom_state> state_;
};

/* ---- contexts ---------------------------------------------------------------------------------------------------- */

/* One call of an executor: task(i) has to be called once for every i below the count, in any thread. */
class task {
public:
    void operator()(std::size_t i) const noexcept
    {
        run_(argument_, i);
    }
    /* For the executor's trampoline. */
    task(void (*run)(void *, std::size_t), void *argument) noexcept : run_(run), argument_(argument)
    {
    }

private:
    void (*run_)(void *, std::size_t);
    void *argument_;
};

namespace detail {

class executor_state : public counted {
public:
    trap caught;
    std::uint64_t thrown() const noexcept override
    {
        return caught.count();
    }
    std::exception_ptr tell_thrown() const noexcept override
    {
        return caught.tell();
    }
    activ_executor executor = ACTIV_EXECUTOR_DEFAULTS;
};

/* Whose turn a task is: an executor that forgets some, or throws half-way, must not leave work undone. */
class claims {
public:
    static constexpr std::size_t most = 256;

    claims(void (*task)(void *, std::size_t), void *argument, std::size_t first, std::size_t count) noexcept
        : task_(task), argument_(argument), first_(first), count_(count)
    {
        for (std::size_t i = 0; i < count; i++)
            claimed_[i].store(false, std::memory_order_relaxed);
    }
    static void run(void *self, std::size_t i) noexcept
    {
        static_cast<claims *>(self)->run(i);
    }
    /* Runs what nobody has begun, and waits for the rest. */
    void finish() noexcept
    {
        for (std::size_t i = 0; i < count_; i++)
            run(i);
        while (done_.load(std::memory_order_acquire) < count_)
            std::this_thread::yield();
    }

private:
    void run(std::size_t i) noexcept
    {
        if (i >= count_ || claimed_[i].exchange(true, std::memory_order_acq_rel))
            return;
        task_(argument_, first_ + i);
        done_.fetch_add(1, std::memory_order_acq_rel);
    }
    void (*task_)(void *, std::size_t);
    void *argument_;
    std::size_t first_, count_;
    std::atomic<bool> claimed_[most];
    std::atomic<std::size_t> done_{ 0 };
};

template <class F> class callable_executor final : public executor_state {
public:
    callable_executor(std::int32_t threads, F f) : f_(std::move(f))
    {
        executor.user = static_cast<executor_state *>(this);
        executor.num_threads = threads;
        executor.parallel_for = parallel_for;
    }

private:
    static void parallel_for(void *user, std::size_t count, void (*task)(void *, std::size_t), void *argument)
    {
        auto *self = static_cast<callable_executor *>(static_cast<executor_state *>(user));
        for (std::size_t first = 0; first < count; first += claims::most) {
            const std::size_t left = count - first, part = left < claims::most ? left : claims::most;
            claims turns(task, argument, first, part);
            self->caught.run([&] { self->f_(part, activ::task(claims::run, &turns)); });
            turns.finish();
        }
    }
    F f_;
};

class log_state : public counted {
public:
    virtual void line(activ_status status, std::string_view text) noexcept = 0;
    static void callback(void *user, activ_status status, const char *line)
    {
        if (!log_is_quiet)
            static_cast<log_state *>(user)->line(status, view(line));
    }
};

template <class F> class callable_log final : public log_state {
public:
    explicit callable_log(F f) : f_(std::move(f))
    {
    }
    void line(activ_status status, std::string_view text) noexcept override
    {
        caught_.run([&] { f_(status, text); });
    }

private:
    F f_;
    trap caught_;
};

/* A context and all that what is made with it needs. */
class host_state final : public counted {
public:
    activ_context *context = nullptr;
    keeper pool, log;
    ref<executor_state> executor;
    keepers customs;
    const activ_custom_fn **functions = nullptr;

    std::uint64_t thrown() const noexcept override
    {
        return customs.thrown() + (executor ? executor->thrown() : 0);
    }
    std::exception_ptr tell_thrown() const noexcept override
    {
        if (std::exception_ptr told = customs.tell_thrown())
            return told;
        return executor ? executor->tell_thrown() : nullptr;
    }

private:
    ~host_state() override
    {
        activ_context_destroy(context);
        delete[] functions;
    }
};

class pool_state final : public counted {
public:
    activ_pool *pool = nullptr;
    keeper host; /* its memory */

private:
    ~pool_state() override
    {
        activ_pool_destroy(pool);
    }
};

} // namespace detail

class pool;
class context_options;

/* What objects are made with. One that was made by default stands for the C library's defaults (NULL): malloc, no
 * threads, no log. Move-only; after a move nothing can be made with it. It may be destroyed before what is made with
 * it. */
class context {
public:
    context() noexcept = default;
    context(context &&other) noexcept : state_(std::move(other.state_)), moved_(std::exchange(other.moved_, true))
    {
    }
    context &operator=(context &&other) noexcept
    {
        if (this != &other) {
            state_ = std::move(other.state_);
            moved_ = std::exchange(other.moved_, true);
        }
        return *this;
    }
    static inline result<context> try_create(const context_options &options) noexcept;
    static inline result<context> try_create(const pool &threads) noexcept;
#ifndef ACTIV_NO_EXCEPTIONS
    explicit context(const context_options &options) : context(try_create(options).value())
    {
    }
    explicit context(const pool &threads) : context(try_create(threads).value())
    {
    }
#endif
    /* The tier that objects of it use: "avx2". */
    std::string_view tier() const noexcept
    {
        return moved_ ? std::string_view() : detail::view(activ_context_tier(get()));
    }
    /* For C calls. NULL: the defaults. */
    const activ_context *get() const noexcept
    {
        return state_ ? state_->context : nullptr;
    }
    bool is_moved_from() const noexcept
    {
        return moved_;
    }
    detail::host_state *state() const noexcept
    {
        return state_.get();
    }

private:
    detail::ref<detail::host_state> state_;
    bool moved_ = false;
};

namespace detail {

/* Object: made of a handle and a keeper. create(context, &handle, &message) is the C call. */
template <class Object, class Raw, class Create>
result<Object> make(const char *what, const context &ctx, Create create) noexcept
{
    if (ctx.is_moved_from())
        return is_empty(what, "context");
    Raw *raw = nullptr;
    words why;
    const activ_status status = create(ctx.get(), &raw, &why);
    if (status != ACTIV_OK)
        return failed(what, status, why.text);
    return Object(raw, keeper(ctx.state()));
}

} // namespace detail

/* Threads of the library's own (pool.h). Its threads end when the last object that uses them is gone. Move-only. */
class pool {
public:
    /* None. */
    pool() noexcept = default;
    pool(pool &&) noexcept = default;
    pool &operator=(pool &&) noexcept = default;

    /* `threads` of them, the calling one included; 0: one per CPU. ctx: for its memory and its log. */
    static result<pool> try_create(std::size_t threads, const context &ctx = context()) noexcept
    {
        if (ctx.is_moved_from())
            return detail::is_empty("pool", "context");
        detail::ref<detail::pool_state> state(new (std::nothrow) detail::pool_state);
        if (!state)
            return detail::no_memory("pool");
        detail::words why;
        const activ_status status = activ_pool_create_ex(ctx.get(), threads, &state->pool, &why);
        if (status != ACTIV_OK)
            return detail::failed("pool", status, why.text);
        state->host = detail::keeper(ctx.state());
        pool made;
        made.state_ = std::move(state);
        return made;
    }
#ifndef ACTIV_NO_EXCEPTIONS
    explicit pool(std::size_t threads, const context &ctx = context()) : pool(try_create(threads, ctx).value())
    {
    }
#endif
    explicit operator bool() const noexcept
    {
        return static_cast<bool>(state_);
    }
    const activ_pool *get() const noexcept
    {
        return state_ ? state_->pool : nullptr;
    }
    /* As many as work at the same time; 0 if it is empty. */
    std::size_t threads() const noexcept
    {
        const activ_executor *executor = activ_pool_executor(get());
        return executor ? static_cast<std::size_t>(executor->num_threads) : 0;
    }
    detail::pool_state *state() const noexcept
    {
        return state_.get();
    }

private:
    detail::ref<detail::pool_state> state_;
};

/* What a context is made of. Each call returns the options, for the next one; what was wrong with one is told when the
 * context is made. */
class context_options {
public:
    /* The pool's threads; the pool object itself may go. */
    context_options &threads(const pool &threads) noexcept
    {
        if (!threads)
            return refuse(detail::is_empty("context", "pool"));
        pool_ = detail::ref<detail::pool_state>(threads.state());
        executor_ = detail::ref<detail::executor_state>();
        return *this;
    }
    /* The caller's own: run(count, task) calls task(i) for every i below count, on up to `threads` threads, and returns
     * when all of these calls have. One that throws has to have ended what it began; the tasks that it left out are
     * done in its place, so that the work is whole, and the call reports the exception. */
    template <class F>
    context_options &executor(std::int32_t threads, F run) noexcept(std::is_nothrow_move_constructible_v<F>)
    {
        static_assert(std::is_invocable_v<F &, std::size_t, task>, "run(std::size_t count, activ::task task)");
        executor_ = detail::ref<detail::executor_state>(new (std::nothrow)
                                                            detail::callable_executor<F>(threads, std::move(run)));
        pool_ = detail::ref<detail::pool_state>();
        return executor_ ? *this : refuse(detail::no_memory("context"));
    }
    /* Gets the reason of each failure, log(status, line): see context.h for what it must not do. */
    template <class F> context_options &log(F log) noexcept(std::is_nothrow_move_constructible_v<F>)
    {
        static_assert(std::is_invocable_v<F &, activ_status, std::string_view>,
                      "log(activ_status status, std::string_view line)");
        log_ = detail::ref<detail::log_state>(new (std::nothrow) detail::callable_log<F>(std::move(log)));
        return log_ ? *this : refuse(detail::no_memory("context"));
    }
    /* The host's allocator, as in C. It, and what it points to, has to outlive all that is made with the context. */
    context_options &allocator(const activ_allocator &allocator) noexcept
    {
        allocator_ = allocator;
        return *this;
    }
#if defined(__cpp_lib_memory_resource)
    /* The same of a memory resource, which has to outlive all that is made with the context. */
    context_options &memory(std::pmr::memory_resource &resource) noexcept
    {
        activ_allocator allocator = ACTIV_ALLOCATOR_DEFAULTS;
        allocator.user = &resource;
        allocator.alloc = from_resource;
        allocator.free = to_resource;
        allocator_ = allocator;
        return *this;
    }
#endif
    /* The highest tier to use, by name: "scalar". */
    context_options &max_tier(text name) noexcept
    {
        const char *from = name.c_str() ? name.c_str() : "";
        if (std::strlen(from) >= sizeof tier_)
            return refuse(detail::fail(ACTIV_ERROR_UNKNOWN_NAME, "context: no tier is called '%.80s'", from));
        std::memcpy(tier_, from, std::strlen(from) + 1);
        has_tier_ = true;
        return *this;
    }
    /* A function that specs and checkpoints may name. */
    context_options &add(const custom &function) noexcept
    {
        if (!function)
            return refuse(detail::is_empty("context", "custom function"));
        if (count_ == most_functions)
            return refuse(detail::fail(ACTIV_ERROR_RANGE, "context: more than %zu custom functions", most_functions));
        functions_[count_++] = detail::ref<detail::custom_state>(function.state());
        return *this;
    }

private:
    friend class context;
    static constexpr std::size_t most_functions = 64;

    context_options &refuse(failure why) noexcept
    {
        if (first_.status() == ACTIV_OK)
            first_ = std::move(why);
        return *this;
    }
#if defined(__cpp_lib_memory_resource)
    /* free() is not told the alignment, and a resource wants the one that it was asked for: always the largest. */
    static constexpr std::size_t largest_alignment = 64;

    static void *from_resource(void *user, std::size_t bytes, std::size_t) noexcept
    {
        auto *resource = static_cast<std::pmr::memory_resource *>(user);
#    if defined(__cpp_exceptions)
        try {
            return resource->allocate(bytes, largest_alignment);
        } catch (...) {
            return nullptr;
        }
#    else
        return resource->allocate(bytes, largest_alignment);
#    endif
    }
    static void to_resource(void *user, void *memory, std::size_t bytes) noexcept
    {
        static_cast<std::pmr::memory_resource *>(user)->deallocate(memory, bytes, largest_alignment);
    }
#endif
    failure first_ = failure::none();
    detail::ref<detail::pool_state> pool_;
    detail::ref<detail::executor_state> executor_;
    detail::ref<detail::log_state> log_;
    detail::ref<detail::custom_state> functions_[most_functions];
    std::size_t count_ = 0;
    std::optional<activ_allocator> allocator_;
    char tier_[32] = "";
    bool has_tier_ = false;
};

inline result<context> context::try_create(const context_options &o) noexcept
{
    if (o.first_.status() != ACTIV_OK)
        return o.first_;
    detail::ref<detail::host_state> state(new (std::nothrow) detail::host_state);
    if (!state)
        return detail::no_memory("context");
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    if (o.count_ > 0) {
        state->functions = new (std::nothrow) const activ_custom_fn *[o.count_];
        if (!state->functions)
            return detail::no_memory("context");
        for (std::size_t i = 0; i < o.count_; i++) {
            state->functions[i] = &o.functions_[i]->definition;
            if (!state->customs.add(o.functions_[i].get()))
                return detail::no_memory("context");
        }
        options.functions = state->functions;
        options.function_count = o.count_;
    }
    if (o.pool_)
        options.executor = activ_pool_executor(o.pool_->pool);
    if (o.executor_)
        options.executor = &o.executor_->executor;
    if (o.log_) {
        options.log = detail::log_state::callback;
        options.log_user = o.log_.get();
    }
    if (o.allocator_)
        options.allocator = &*o.allocator_;
    if (o.has_tier_)
        options.max_tier = o.tier_;
    state->pool = o.pool_;
    state->executor = o.executor_;
    state->log = o.log_;
    detail::words why;
    const activ_status status = activ_context_create_ex(&options, &state->context, &why);
    if (status != ACTIV_OK)
        return detail::failed("context", status, why.text);
    context made;
    made.state_ = std::move(state);
    return made;
}

inline result<context> context::try_create(const pool &threads) noexcept
{
    return try_create(context_options().threads(threads));
}

} // namespace activ

#endif
