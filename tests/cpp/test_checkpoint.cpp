/* Files: networks, training runs, any tensors. */
#include "check.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace {

using floats = std::vector<float>;

activ::graph network()
{
    activ::graph g = must(activ::graph::try_create());
    const activ::function prelu = must(activ::function::try_create("prelu"));
    prelu(g.input(4).linear(6)).linear(3).cross_entropy();
    must(g.try_compile(2));
    must(g.try_init(5));
    return g;
}

void networks()
{
    activ::graph g = network();
    const std::string path = in_scratch("network.safetensors");
    must(activ::try_save(g, path));
    must(activ::try_save(g, std::filesystem::path(path)));
    activ::graph loaded = must(activ::try_load(path, 2));
    CHECK(same_bits(g.params(), loaded.params()) && loaded.features() == 4 && loaded.outputs() == 3);
    floats y(6), again(6);
    must(g.try_forward(some_values(8), y));
    must(loaded.try_forward(some_values(8), again));
    CHECK(same_bits(y, again));
    must(loaded.try_init(9));
    CHECK(!same_bits(g.params(), loaded.params()));
    must(activ::try_load_params(loaded, path));
    CHECK(same_bits(g.params(), loaded.params()));
    activ::graph small = must(activ::try_load(path));
    must(must(small.try_predictor()).try_predict(some_values(8), again));
    CHECK(same_bits(y, again) && small.max_batch() == 0);

    activ::graph other = must(activ::graph::try_create());
    REFUSED(activ::try_save(other, path), ACTIV_ERROR_STATE, "compiled");
    REFUSED(activ::try_load_params(other, path), ACTIV_ERROR_STATE, "compiled");
    other.input(4).linear(3).mse();
    must(other.try_compile(1));
    REFUSED(activ::try_load_params(other, path), ACTIV_ERROR_SHAPE, "layers.0");
    REFUSED(activ::try_load(in_scratch("nosuch")), ACTIV_ERROR_IO, "nosuch");
    REFUSED(activ::try_save(g, in_scratch("no/such/folder")), ACTIV_ERROR_IO, "no/such/folder");
    REFUSED(activ::try_load(static_cast<const char *>(nullptr)), ACTIV_ERROR_INVALID);
    std::ofstream(in_scratch("garbage")) << "no tensors";
    REFUSED(activ::try_load(in_scratch("garbage")), ACTIV_ERROR_FORMAT, "garbage");
    activ::graph gone = std::move(other);
    REFUSED(activ::try_save(other, path), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::try_load_params(other, path), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::try_load_training(other, path), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::try_save_training(other, activ::optimizer(), path), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::try_save_training(g, activ::optimizer(), path), ACTIV_ERROR_INVALID, "optimizer is empty");
    REFUSED(activ::try_load_training(g, path), ACTIV_ERROR_FORMAT, "optimizer");
    THROWS(activ::save(other, path), ACTIV_ERROR_INVALID, "graph is empty");
    THROWS((void)activ::load(in_scratch("nosuch")), ACTIV_ERROR_IO, "nosuch");
    THROWS(activ::load_params(gone, path), ACTIV_ERROR_SHAPE, "layers.0");
    THROWS((void)activ::load_training(g, path), ACTIV_ERROR_FORMAT, "optimizer");
    THROWS(activ::save_training(g, activ::optimizer(), path), ACTIV_ERROR_INVALID, "optimizer is empty");
}

/* Other programs' names, and parts of a network. */
void other_names()
{
    const std::string path = in_scratch("names.safetensors");
    activ::graph g = network(), h = network();
    must(h.try_init(77));
    const activ_tensor_name names[] = { { "layers.", "" }, { "layers.2.weight", "fc.weight" } };
    must(activ::try_save_params(g, path, names));
    CHECK(must(activ::safetensors::try_open(path)).try_find("fc.weight").status() == ACTIV_OK);
    REFUSED(activ::try_load_params(h, path), ACTIV_ERROR_FORMAT, "layers.0");
    activ::load_options options;
    options.names = names;
    must(activ::try_load_params(h, path, options));
    CHECK(same_bits(g.params(), h.params()));

    must(h.try_init(77));
    const activ_tensor_name some[] = { { "layers.0.", "0." } };
    options.names = some;
    REFUSED(activ::try_load_params(h, path, options), ACTIV_ERROR_FORMAT);
    options.partial = true;
    std::string missing, unused;
    must(activ::try_load_params(h, path, options, [&](activ::left what, std::string_view name) {
        (what == activ::left::missing ? missing : unused) += std::string(name) + " ";
    }));
    CHECK(missing == "layers.1.weight layers.2.weight layers.2.bias " && unused.find("fc.weight") != std::string::npos);
    CHECK(h.params()[0] == g.params()[0] && !same_bits(g.params(), h.params()));
    const activ_tensor_name nothing[] = { { "nosuch", "0." } };
    REFUSED(activ::try_save_params(g, path, nothing), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    options.names = nothing;
    REFUSED(activ::try_load_params(h, path, options), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    const activ_tensor_name twice[] = { { "layers.0.weight", "a" }, { "layers.2.weight", "a" } };
    REFUSED(activ::try_save_params(g, path, twice), ACTIV_ERROR_INVALID);
    THROWS(activ::save_params(g, path, nothing), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    THROWS(activ::load_params(h, path, options), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    activ::graph gone = std::move(h);
    REFUSED(activ::try_load_params(h, path, options), ACTIV_ERROR_INVALID, "graph is empty");
    REFUSED(activ::try_save_params(h, path), ACTIV_ERROR_INVALID, "graph is empty");

    /* float64, as some programs save it. */
    std::vector<double> doubles(24, 0.1);
    const activ::tensor w = must(activ::tensor::try_view(activ::span<const double>(doubles), { 6, 4 }));
    must(activ::try_save_tensors(path, { { "layers.0.weight", w } }));
    options = activ::load_options();
    options.partial = true;
    REFUSED(activ::try_load_params(gone, path, options), ACTIV_ERROR_UNSUPPORTED, "layers.0.weight");
    options.convert = true;
    must(activ::try_load_params(gone, path, options));
    CHECK(gone.params()[0] == 0.1f);

    /* bfloat16, as most of today's. */
    std::vector<activ::bfloat16> brains(24);
    must(activ::try_convert(doubles, brains));
    const activ::tensor v = must(activ::tensor::try_view(brains, { 6, 4 }));
    must(activ::try_save_tensors(path, { { "layers.0.weight", v } }));
    CHECK(must(activ::safetensors::try_open(path)).entries()[0].dtype_name == "BF16");
    CHECK(must(must(activ::safetensors::try_open(path)).try_tensor("layers.0.weight")).dtype() == ACTIV_BFLOAT16);
    must(activ::try_load_params(gone, path, options));
    CHECK(gone.params()[23] == float(brains[23]) && gone.params()[0] == 0x1.9ap-4f);
    options.convert = false;
    REFUSED(activ::try_load_params(gone, path, options), ACTIV_ERROR_UNSUPPORTED, "BF16", "option convert");
    options.convert = true;
#ifndef ACTIV_NO_EXCEPTIONS
    bool thrown = false;
    try {
        activ::load_params(gone, path, options, [](activ::left, std::string_view name) { throw std::string(name); });
    } catch (const std::string &name) {
        thrown = name == "layers.0.bias";
    }
    CHECK(thrown);
#endif
}

void runs()
{
    const std::string path = in_scratch("run.safetensors");
    const floats x = some_values(8);
    const std::vector<std::int32_t> labels{ 2, 0 };
    activ::graph g = network(), h = network();
    activ::optimizer o = must(activ::optimizer::try_create(g, activ::adamw()));
    must(g.try_train(x, labels));
    must(o.try_step());
    must(activ::try_save_training(g, o, path));
    activ::optimizer resumed = must(activ::try_load_training(h, path));
    CHECK(resumed.steps() == 1 && same_bits(g.params(), h.params()));
    must(g.try_train(x, labels));
    must(o.try_step());
    must(h.try_train(x, labels));
    must(resumed.try_step());
    CHECK(same_bits(g.params(), h.params()));
    REFUSED(activ::try_save_training(h, o, path), ACTIV_ERROR_INVALID);
}

void tensors()
{
    const std::string path = in_scratch("tensors.safetensors");
    {
        const floats values = some_values(6);
        const activ::tensor w = must(activ::tensor::try_view(activ::span<const float>(values), { 2, 3 }));
        const activ::tensor b = must(activ::tensor::try_create({ 2 }, ACTIV_INT64));
        must(activ::try_save_tensors(path, { { "weight", w }, { "bias", b } }, { { "made by", "a test" } }));
        const std::vector<activ::named_tensor> list{ { "weight", w } };
        must(activ::try_save_tensors(in_scratch("one.safetensors"), list));
        REFUSED(activ::try_save_tensors(path, { { "twice", w }, { "twice", w } }), ACTIV_ERROR_INVALID, "twice");
        REFUSED(activ::try_save_tensors(path, { { "gone", activ::tensor() } }), ACTIV_ERROR_INVALID, "gone", "empty");
        THROWS(activ::save_tensors(path, { { "gone", activ::tensor() } }), ACTIV_ERROR_INVALID, "gone");
        activ::tensor own = must(activ::tensor::try_create({ 2, 3 }));
        const activ::tensor turned = must(own.try_transpose(0, 1));
        REFUSED(activ::try_save_tensors(path, { { "turned", turned } }), ACTIV_ERROR_UNSUPPORTED, "turned");
    }
    std::optional<activ::safetensors> file = must(activ::safetensors::try_open(path));
    CHECK(*file && file->size() == 2 && file->metadata("made by") == "a test" && !file->metadata("by").data());
    std::size_t texts = 0;
    for (const activ_safetensors_text &t : file->metadata())
        texts += std::string(t.key) == "made by" && std::string(t.value) == "a test";
    CHECK(texts == 1 && file->metadata().size() == 1 && file->metadata()[1].key == nullptr);
    std::string names;
    for (const activ::safetensors_entry &e : file->entries())
        names += std::string(e.name) + ":" + std::string(e.dtype_name) + " ";
    CHECK(names == "bias:I64 weight:F32 " && file->entries()[2].name.empty());
    const activ::safetensors_entry e = must(file->try_find("weight"));
    CHECK(e.dtype == ACTIV_FLOAT32 && e.shape.size() == 2 && e.shape[1] == 3 && e.data.size() == 24);
    activ::tensor w = must(file->try_tensor("weight"));
    activ::tensor copy = must(activ::tensor::try_create({ 2, 3 }));
    REFUSED(file->try_find("nosuch"), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    REFUSED(file->try_tensor("nosuch"), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    THROWS((void)file->find("nosuch"), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    THROWS((void)file->tensor("nosuch"), ACTIV_ERROR_UNKNOWN_NAME, "nosuch");
    activ::safetensors moved = std::move(*file);
    CHECK(!*file && file->size() == 0 && file->entries().size() == 0 && file->metadata().size() == 0);
    REFUSED(file->try_find("weight"), ACTIV_ERROR_INVALID, "file is empty");
    REFUSED(file->try_tensor("weight"), ACTIV_ERROR_INVALID, "file is empty");
    file.reset();
    moved = activ::safetensors();
    must(w.try_copy_to(copy)); /* the file is closed, its data are kept */
    CHECK(w.is_read_only() && same_bits(must(copy.try_values<const float>()), some_values(6)));

    activ::context context;
    const activ::context elsewhere = std::move(context);
    REFUSED(activ::try_save_tensors(path, { { "copy", copy } }, {}, context), ACTIV_ERROR_INVALID, "context is empty");
    for (long i = 0; i < 2; i++) {
        allow_new(i);
        const activ::result<void> refused = activ::try_save_tensors(path, { { "copy", copy } });
        allow_new(-1);
        REFUSED(refused, ACTIV_ERROR_OUT_OF_MEMORY, "save_tensors");
    }
    allow_new(0);
    const activ_status without_memory = activ::safetensors::try_open(path).status();
    allow_new(-1);
    CHECK(without_memory == ACTIV_ERROR_OUT_OF_MEMORY);
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    const activ::span<const std::byte> memory(reinterpret_cast<const std::byte *>(bytes.data()), bytes.size());
    CHECK(must(activ::safetensors::try_open_memory(memory)).size() == 2);
    REFUSED(activ::safetensors::try_open_memory(memory.subspan(0, 20)), ACTIV_ERROR_FORMAT);
    REFUSED(activ::safetensors::try_open(in_scratch("nosuch")), ACTIV_ERROR_IO, "nosuch");
    THROWS((void)activ::safetensors(in_scratch("nosuch")), ACTIV_ERROR_IO, "nosuch");
    THROWS((void)activ::safetensors::open_memory(memory.subspan(0, 20)), ACTIV_ERROR_FORMAT);
}

} // namespace

void test_checkpoint()
{
    networks();
    other_names();
    runs();
    tensors();
}
