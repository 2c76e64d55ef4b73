/* libactiv for C++: networks and tensors in files (safetensors). checkpoint.h says what each call does.
 *
 *     activ::save(g, "net.safetensors");
 *     activ::graph loaded = activ::load("net.safetensors", 128);   // the network too; 0: for predictions only
 *
 *     activ::save_training(g, sgd, "run.safetensors");
 *     activ::optimizer sgd = activ::load_training(g, "run.safetensors");
 *
 * Paths are texts or std::filesystem::path. Open files are kept by the tensors that look at them. */
#ifndef ACTIV_CHECKPOINT_HPP
#define ACTIV_CHECKPOINT_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

#include "checkpoint.h"
#include "context.hpp"
#include "graph.hpp"
#include "optim.hpp"
#include "status.hpp"
#include "tensor.hpp"

namespace activ {

namespace detail {
inline constexpr activ_load_options load_defaults = ACTIV_LOAD_DEFAULTS;
} // namespace detail

/* How tensors of other programs are loaded: checkpoint.h has the rules for names.
 *
 *     const activ_tensor_name names[] = { { "layers.0.", "fc1." }, { "layers.2.", "fc2." } };
 *     activ::load_options options;
 *     options.names = names;
 *     options.partial = true;
 *     activ::load_params(g, "model.safetensors", options, [](activ::left what, std::string_view name) { ... });
 */
struct load_options {
    span<const activ_tensor_name> names = {};
    bool partial = detail::load_defaults.partial != 0;
    bool convert = detail::load_defaults.convert != 0;
};

/* What a partial load leaves. A newer library may know more. */
enum class left : std::int32_t { missing = ACTIV_LEFT_MISSING, unused = ACTIV_LEFT_UNUSED };

namespace detail {

/* Told of tensors that were left; what it throws comes out of the call. */
template <class F> struct left_listener {
    F &f;
    trap caught;

    static void callback(void *user, std::int32_t what, const char *name)
    {
        auto *self = static_cast<left_listener *>(user);
        self->caught.run([&] { self->f(static_cast<left>(what), view(name)); });
    }
};

} // namespace detail

/* ---- networks ---------------------------------------------------------------------------------------------------- */

inline result<void> try_save(const graph &g, text path) noexcept
{
    if (!g)
        return detail::is_empty("save", "graph");
    detail::words why;
    return detail::outcome("save", activ_checkpoint_save(g.get(), path.c_str(), &why), why.text);
}

/* Functions of the caller's that the file names are found in the context. */
inline result<graph> try_load(text path, std::size_t max_batch = 0, const context &ctx = context()) noexcept
{
    auto made = graph::made("load", ctx, [&](const activ_context *c, activ_graph **out, activ_message *why) {
        return activ_checkpoint_load(c, path.c_str(), max_batch, out, why);
    });
    if (made)
        made->state()->set_compiled();
    return made;
}

inline result<void> try_load_params(graph &g, text path) noexcept
{
    if (!g)
        return detail::is_empty("load_params", "graph");
    detail::words why;
    return detail::outcome("load_params", activ_checkpoint_load_params(g.get(), path.c_str(), &why), why.text);
}

template <class F> result<void> try_load_params(graph &g, text path, const load_options &options, F &&told) noexcept
{
    static_assert(std::is_invocable_v<F &, left, std::string_view>, "told(activ::left what, std::string_view name)");
    if (!g)
        return detail::is_empty("load_params", "graph");
    detail::left_listener<F> listener{ told, {} };
    activ_load_options o = ACTIV_LOAD_DEFAULTS;
    o.name_count = options.names.size();
    o.names = options.names.data();
    o.partial = options.partial;
    o.convert = options.convert;
    o.left = detail::left_listener<F>::callback;
    o.user = &listener;
    detail::words why;
    const activ_status status = activ_checkpoint_load_params_ex(g.get(), path.c_str(), &o, &why);
    if (status != ACTIV_OK)
        return detail::failed("load_params", status, why.text);
    /* The parameters are loaded all the same. */
    if (listener.caught.count() > 0)
        return detail::callback_threw("load_params", listener.caught.tell());
    return {};
}

inline result<void> try_load_params(graph &g, text path, const load_options &options) noexcept
{
    return try_load_params(g, path, options, [](left, std::string_view) {});
}

/* Parameters and buffers alone, under names by these rules. */
inline result<void> try_save_params(const graph &g, text path, span<const activ_tensor_name> names = {}) noexcept
{
    if (!g)
        return detail::is_empty("save_params", "graph");
    detail::words why;
    const activ_status status = activ_checkpoint_save_params(g.get(), path.c_str(), names.size(), names.data(), &why);
    return detail::outcome("save_params", status, why.text);
}

inline result<void> try_save_training(const graph &g, const optimizer &o, text path) noexcept
{
    if (!g)
        return detail::is_empty("save_training", "graph");
    if (!o)
        return detail::is_empty("save_training", "optimizer");
    detail::words why;
    const activ_status status = activ_checkpoint_save_training(g.get(), o.get(), path.c_str(), &why);
    return detail::outcome("save_training", status, why.text);
}

inline result<optimizer> try_load_training(graph &g, text path) noexcept
{
    if (!g)
        return detail::is_empty("load_training", "graph");
    detail::words why;
    activ_optimizer *raw = nullptr;
    const activ_status status = activ_checkpoint_load_training(g.get(), path.c_str(), &raw, &why);
    if (status != ACTIV_OK)
        return detail::failed("load_training", status, why.text);
    return optimizer(raw, g.state());
}

#ifndef ACTIV_NO_EXCEPTIONS
/* The same, throwing. */
inline void save(const graph &g, text path)
{
    try_save(g, path).value();
}
inline graph load(text path, std::size_t max_batch = 0, const context &ctx = context())
{
    return try_load(path, max_batch, ctx).value();
}
inline void load_params(graph &g, text path)
{
    try_load_params(g, path).value();
}
template <class F> void load_params(graph &g, text path, const load_options &options, F &&told)
{
    try_load_params(g, path, options, told).value();
}
inline void load_params(graph &g, text path, const load_options &options)
{
    try_load_params(g, path, options).value();
}
inline void save_params(const graph &g, text path, span<const activ_tensor_name> names = {})
{
    try_save_params(g, path, names).value();
}
inline void save_training(const graph &g, const optimizer &o, text path)
{
    try_save_training(g, o, path).value();
}
[[nodiscard]] inline optimizer load_training(graph &g, text path)
{
    return try_load_training(g, path).value();
}
#endif

/* ---- any tensors ------------------------------------------------------------------------------------------------- */

/* A tensor in an open file; texts and arrays are the file's, and texts end with a zero byte. Data need not be
 * aligned. */
struct safetensors_entry {
    std::string_view name;
    activ_dtype dtype = 0;
    std::string_view dtype_name; /* "F32", "BF16" */
    span<const std::size_t> shape;
    span<const std::byte> data;
};

/* For try_save_tensors: { "weight", w }. Copies neither: the text and the tensor have to live until that call. */
struct named_tensor {
    named_tensor(text under, const activ::tensor &values) noexcept : name(under.c_str()), tensor(values.get())
    {
    }
    const char *name;
    const activ_tensor *tensor;
};

namespace detail {

class safetensors_state final : public counted {
public:
    activ_safetensors *file = nullptr;
    keeper host;

private:
    ~safetensors_state() override
    {
        activ_safetensors_close(file);
    }
};

inline safetensors_entry entry_of(const activ_safetensors_entry &e) noexcept
{
    return { view(e.name),
             e.dtype,
             view(e.dtype_name),
             { e.shape, e.ndim },
             { static_cast<const std::byte *>(e.data), e.bytes } };
}

using safetensors_ref = ref<safetensors_state>;

inline safetensors_entry entry_at(const safetensors_ref &file, std::size_t i) noexcept
{
    activ_safetensors_entry e = ACTIV_SAFETENSORS_ENTRY_INIT;
    if (!file || activ_safetensors_at(file->file, i, &e) != ACTIV_OK)
        return {};
    return entry_of(e);
}

inline activ_safetensors_text text_at(const safetensors_ref &file, std::size_t i) noexcept
{
    const char *key = file ? activ_safetensors_metadata_key(file->file, i) : nullptr;
    return { key, key ? activ_safetensors_metadata(file->file, key) : nullptr };
}

} // namespace detail

/* An open file. Move-only. */
class safetensors {
public:
    /* None; using it is an error. */
    safetensors() noexcept = default;
    safetensors(safetensors &&) noexcept = default;
    safetensors &operator=(safetensors &&) noexcept = default;

    static result<safetensors> try_open(text path, const context &ctx = context()) noexcept
    {
        return made(ctx, [&](const activ_context *c, activ_safetensors **out, activ_message *why) {
            return activ_safetensors_open(c, path.c_str(), out, why);
        });
    }
    /* The bytes of a file, which are copied. */
    static result<safetensors> try_open_memory(span<const std::byte> bytes, const context &ctx = context()) noexcept
    {
        return made(ctx, [&](const activ_context *c, activ_safetensors **out, activ_message *why) {
            return activ_safetensors_open_memory(c, bytes.data(), bytes.size(), out, why);
        });
    }
    result<safetensors_entry> try_find(text name) const noexcept
    {
        if (!file_)
            return detail::is_empty("find", "file");
        activ_safetensors_entry e = ACTIV_SAFETENSORS_ENTRY_INIT;
        const activ_status status = activ_safetensors_find(file_->file, name.c_str(), &e);
        if (status != ACTIV_OK)
            return detail::fail(status, "find: %s: '%.300s'", activ_status_string(status),
                                name.c_str() ? name.c_str() : "");
        return detail::entry_of(e);
    }
    /* A read-only tensor on the file's data, which it keeps; ACTIV_ERROR_UNSUPPORTED: a type that tensors do not have.
     * Data need not be aligned: copy_to a new tensor for values(). */
    result<activ::tensor> try_tensor(text name) const noexcept
    {
        const result<safetensors_entry> found = try_find(name);
        if (!found)
            return found.why();
        const safetensors_entry &e = *found;
        return activ::tensor::make("safetensors", context(), file_,
                                   [&](const activ_context *c, activ_tensor **out, activ_message *why) {
                                       return activ_tensor_view_const(c, e.dtype, e.shape.size(), e.shape.data(),
                                                                      nullptr, e.data.data(), out, why);
                                   });
    }
#ifndef ACTIV_NO_EXCEPTIONS
    /* The same, throwing. */
    explicit safetensors(text path, const context &ctx = context()) : safetensors(try_open(path, ctx).value())
    {
    }
    static safetensors open_memory(span<const std::byte> bytes, const context &ctx = context())
    {
        return try_open_memory(bytes, ctx).value();
    }
    safetensors_entry find(text name) const
    {
        return try_find(name).value();
    }
    activ::tensor tensor(text name) const
    {
        return try_tensor(name).value();
    }
#endif
    explicit operator bool() const noexcept
    {
        return static_cast<bool>(file_);
    }
    std::size_t size() const noexcept
    {
        return activ_safetensors_count(get());
    }
    /* for (const activ::safetensors_entry &e : file.entries()) */
    detail::listing<detail::safetensors_ref, safetensors_entry, detail::entry_at> entries() const noexcept
    {
        return { file_, size() };
    }
    /* The value of a key; no data() if there is none. */
    std::string_view metadata(text key) const noexcept
    {
        return detail::view(activ_safetensors_metadata(get(), key.c_str()));
    }
    detail::listing<detail::safetensors_ref, activ_safetensors_text, detail::text_at> metadata() const noexcept
    {
        std::size_t count = 0;
        while (activ_safetensors_metadata_key(get(), count))
            count++;
        return { file_, count };
    }
    const activ_safetensors *get() const noexcept
    {
        return file_ ? file_->file : nullptr;
    }

private:
    template <class Create> static result<safetensors> made(const context &ctx, Create create) noexcept
    {
        if (ctx.is_moved_from())
            return detail::is_empty("safetensors", "context");
        detail::safetensors_ref state(new (std::nothrow) detail::safetensors_state);
        if (!state)
            return detail::no_memory("safetensors");
        detail::words why;
        const activ_status status = create(ctx.get(), &state->file, &why);
        if (status != ACTIV_OK)
            return detail::failed("safetensors", status, why.text);
        state->host = detail::keeper(ctx.state());
        safetensors file;
        file.file_ = std::move(state);
        return file;
    }
    detail::safetensors_ref file_;
};

/* Writes tensors under their names, and pairs of metadata. */
inline result<void> try_save_tensors(text path, span<const named_tensor> tensors,
                                     span<const activ_safetensors_text> metadata = {},
                                     const context &ctx = context()) noexcept
{
    if (ctx.is_moved_from())
        return detail::is_empty("save_tensors", "context");
    for (const named_tensor &t : tensors)
        if (!t.tensor)
            return detail::fail(ACTIV_ERROR_INVALID, "save_tensors: the tensor '%.300s' is empty",
                                t.name ? t.name : "");
    /* C wants the names in one array and the tensors in another. */
    const char **names = new (std::nothrow) const char *[tensors.size() + 1];
    const activ_tensor **handles = new (std::nothrow) const activ_tensor *[tensors.size() + 1];
    if (!names || !handles) {
        delete[] names;
        delete[] handles;
        return detail::no_memory("save_tensors");
    }
    for (std::size_t i = 0; i < tensors.size(); i++) {
        names[i] = tensors[i].name;
        handles[i] = tensors[i].tensor;
    }
    detail::words why;
    const activ_status status = activ_safetensors_save(ctx.get(), path.c_str(), tensors.size(), names, handles,
                                                       metadata.size(), metadata.data(), &why);
    delete[] names;
    delete[] handles;
    return detail::outcome("save_tensors", status, why.text);
}

/* try_save_tensors("a.safetensors", { { "weight", w }, { "bias", b } }, { { "made by", "me" } }) */
inline result<void> try_save_tensors(text path, std::initializer_list<named_tensor> tensors,
                                     std::initializer_list<activ_safetensors_text> metadata = {},
                                     const context &ctx = context()) noexcept
{
    return try_save_tensors(path, span<const named_tensor>(tensors.begin(), tensors.size()),
                            span<const activ_safetensors_text>(metadata.begin(), metadata.size()), ctx);
}

#ifndef ACTIV_NO_EXCEPTIONS
inline void save_tensors(text path, span<const named_tensor> tensors, span<const activ_safetensors_text> metadata = {},
                         const context &ctx = context())
{
    try_save_tensors(path, tensors, metadata, ctx).value();
}
inline void save_tensors(text path, std::initializer_list<named_tensor> tensors,
                         std::initializer_list<activ_safetensors_text> metadata = {}, const context &ctx = context())
{
    try_save_tensors(path, tensors, metadata, ctx).value();
}
#endif

} // namespace activ

#endif
