/* Networks in files: what is saved is loaded again, bit for bit, and what does not fit is refused
 * with a message and without a trace. */
#define _DEFAULT_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/checkpoint.h"
#include "activ/fn.h"
#include "activ/random.h"
#include "graph/zoo.h"
#include "support/memory.h"

static char directory[64], path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/activ_network_XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/network.safetensors", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails if a temporary file was left */
}

static void save(const activ_graph *g)
{
    activ_message message = { "" };
    if (activ_checkpoint_save(g, path, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
}

static activ_graph *load(size_t max_batch)
{
    activ_message message = { "" };
    activ_graph *g = NULL;
    if (activ_checkpoint_load(NULL, path, max_batch, &g, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    assert_non_null(g);
    assert_int_equal(activ_graph_max_batch(g), max_batch);
    return g;
}

static char *read_file(size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void assert_same_network(const activ_graph *a, const activ_graph *b)
{
    assert_int_equal(activ_graph_node_count(a), activ_graph_node_count(b));
    for (size_t i = 0; i < activ_graph_node_count(a); i++) {
        activ_node_info x = ACTIV_NODE_INFO_INIT, y = ACTIV_NODE_INFO_INIT;
        assert_int_equal(activ_graph_node_info(a, (activ_node)i, &x), ACTIV_OK);
        assert_int_equal(activ_graph_node_info(b, (activ_node)i, &y), ACTIV_OK);
        assert_string_equal(x.description, y.description); /* name, kind, inputs and settings */
        assert_int_equal(x.ndim, y.ndim);
        assert_memory_equal(x.shape, y.shape, x.ndim * sizeof x.shape[0]);
        assert_int_equal(x.param_count, y.param_count);
        assert_int_equal(x.input_count, y.input_count);
        for (size_t k = 0; k < x.input_count; k++)
            assert_int_equal(x.inputs[k], y.inputs[k]);
    }
    assert_int_equal(activ_graph_param_tensor_count(a), activ_graph_param_tensor_count(b));
    for (size_t i = 0; i < activ_graph_param_tensor_count(a); i++) {
        activ_graph_tensor_info x = ACTIV_GRAPH_TENSOR_INFO_INIT, y = ACTIV_GRAPH_TENSOR_INFO_INIT;
        assert_int_equal(activ_graph_param_tensor_info(a, i, &x), ACTIV_OK);
        assert_int_equal(activ_graph_param_tensor_info(b, i, &y), ACTIV_OK);
        assert_string_equal(x.name, y.name);
        assert_int_equal(x.offset, y.offset);
        assert_int_equal(x.count, y.count);
    }
}

static void assert_same_parameters(activ_graph *a, activ_graph *b)
{
    assert_int_equal(activ_graph_param_count(a), activ_graph_param_count(b));
    assert_memory_equal(activ_graph_params(a), activ_graph_params(b), activ_graph_param_count(a) * sizeof(float));
    assert_int_equal(activ_graph_buffer_count(a), activ_graph_buffer_count(b));
    if (activ_graph_buffer_count(a) > 0)
        assert_memory_equal(activ_graph_buffers(a), activ_graph_buffers(b),
                            activ_graph_buffer_count(a) * sizeof(float));
}

/* ---- there and back ---------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    (void)state;
    static float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    static float y[ZOO_BATCH * ZOO_CLASSES], z[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    for (int classes = 0; classes < 2; classes++) {
        activ_graph *g = zoo_create(NULL, classes, 3);
        zoo_train(g, classes, 7);
        save(g);
        activ_graph *loaded = load(ZOO_BATCH);
        assert_same_network(g, loaded);
        assert_same_parameters(g, loaded);
        zoo_data(50, ZOO_BATCH, x, labels, targets);
        assert_int_equal(activ_graph_forward(g, ZOO_BATCH, x, y), ACTIV_OK);
        assert_int_equal(activ_graph_forward(loaded, ZOO_BATCH, x, z), ACTIV_OK);
        assert_memory_equal(y, z, sizeof y);
        float a = 1.0f, b = 2.0f;
        if (classes) {
            assert_int_equal(activ_graph_evaluate(g, ZOO_BATCH, x, labels, &a, NULL), ACTIV_OK);
            assert_int_equal(activ_graph_evaluate(loaded, ZOO_BATCH, x, labels, &b, NULL), ACTIV_OK);
        } else {
            assert_int_equal(activ_graph_evaluate_values(g, ZOO_BATCH, x, targets, &a), ACTIV_OK);
            assert_int_equal(activ_graph_evaluate_values(loaded, ZOO_BATCH, x, targets, &b), ACTIV_OK);
        }
        assert_memory_equal(&a, &b, sizeof a);

        /* The same parameters give the same bytes, from either graph. */
        size_t first_size, second_size;
        char *first = read_file(&first_size);
        save(loaded);
        char *second = read_file(&second_size);
        assert_int_equal(first_size, second_size);
        assert_memory_equal(first, second, first_size);
        free(first);
        free(second);

        /* Both train on in the same way, shared parameters included: the random layer starts anew. */
        assert_int_equal(activ_graph_init(g, 8), ACTIV_OK);
        assert_int_equal(activ_graph_init(loaded, 8), ACTIV_OK);
        zoo_train(g, classes, 4);
        zoo_train(loaded, classes, 4);
        assert_same_parameters(g, loaded);
        activ_graph_destroy(g);
        activ_graph_destroy(loaded);
    }
}

/* Every function of the catalog by its name, and settings that are not the defaults. */
static void test_every_function(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "leaky_relu(negative_slope=0.3)",
        "prelu(weight=-0.5)",
        "rrelu(lower=0.2, upper=0.9)",
        "elu(alpha=1.75)",
        "trainable_elu(alpha=1e-7)",
        "step(theta=-0.25)",
        "softplus(beta=2, threshold=0.5)",
        "staf(tau=3, init=repo, omega0=4)",
        "moe(prelu(weight=0.1), staf(tau=2), tanh)",
        "leaky_relu(negative_slope=-1.1754944e-38)",
    };
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    for (size_t i = 0;; i++) {
        const char *spec = i < sizeof specs / sizeof specs[0] ? specs[i] : NULL;
        if (!spec) {
            if (activ_fn_catalog(i - sizeof specs / sizeof specs[0], &info) != ACTIV_OK)
                break;
            if (info.shape == ACTIV_SHAPE_GATED)
                continue; /* of two inputs */
            spec = info.name;
        }
        activ_fn *fn = NULL;
        activ_graph *g = NULL;
        assert_int_equal(activ_fn_create(NULL, spec, &fn), ACTIV_OK);
        assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
        activ_graph_apply(g, activ_graph_input(g, 9), fn);
        assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
        assert_int_equal(activ_graph_init(g, i), ACTIV_OK);
        save(g);
        activ_graph *loaded = load(1);
        assert_same_network(g, loaded);
        assert_same_parameters(g, loaded);
        float x[9], y[9], z[9];
        activ_random_normal(i, 0, 0, 9, 0.0f, 2.0f, x);
        assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
        assert_int_equal(activ_graph_forward(loaded, 1, x, z), ACTIV_OK);
        assert_memory_equal(y, z, sizeof y);
        activ_fn_destroy(fn);
        activ_graph_destroy(g);
        activ_graph_destroy(loaded);
    }
}

/* Names that change places, or are other layers' default names. */
static void test_renamed(void **state)
{
    (void)state;
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node x = activ_graph_input(g, 3), a = activ_graph_linear(g, x, 4), b = activ_graph_linear(g, a, 4);
    activ_node c = activ_graph_linear_without_bias(g, b, 3), d = activ_graph_add(g, c, x);
    activ_node loss = activ_graph_mse(g, d);
    assert_int_equal(activ_graph_set_name(g, a, "spare"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, c, "layers.0"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, b, "layers.2"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, a, "layers.1"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, x, "mse_2"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, d, "input"), ACTIV_OK);
    assert_int_equal(activ_graph_set_name(g, loss, "flatten"), ACTIV_OK);
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    save(g);
    activ_graph *loaded = load(5);
    assert_same_network(g, loaded);
    assert_same_parameters(g, loaded);
    activ_graph_destroy(g);
    activ_graph_destroy(loaded);
}

/* ---- buffers ------------------------------------------------------------------------------- */

/* Settings that no short decimal stands for come back as they are. */
static void test_settings(void **state)
{
    (void)state;
    const size_t shape[2] = { 3, 4 };
    const activ_norm_options options = { .size = sizeof options, .eps = 0x1.fffffep-20f, .momentum = 0x1.555556p-2f };
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_node x = activ_graph_batch_norm(g, activ_graph_input_shape(g, 2, shape), &options);
    x = activ_graph_dropout(g, activ_graph_layer_norm(g, x, 1, &options), 0x1.99999cp-4f);
    x = activ_graph_multiply(g, activ_graph_concat(g, x, x, 1), activ_graph_concat(g, x, x, -1));
    activ_graph_mse(g, activ_graph_concat(g, x, x, 0));
    assert_int_equal(activ_graph_compile(g, 2), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    save(g);
    activ_graph *loaded = load(2);
    assert_same_network(g, loaded);
    assert_same_parameters(g, loaded);
    activ_graph_destroy(loaded);

    /* A graph for predictions has buffers too. */
    float in[12], y[48], predicted[48];
    activ_random_normal(1, 1, 0, 12, 0.0f, 1.0f, in);
    for (size_t i = 0; i < activ_graph_buffer_count(g); i++)
        activ_graph_buffers(g)[i] = 0.5f + (float)i;
    save(g);
    loaded = load(0);
    assert_same_parameters(g, loaded);
    assert_int_equal(activ_graph_forward(g, 1, in, y), ACTIV_OK);
    size_t bytes = activ_graph_workspace_bytes(loaded, 1);
    void *workspace = malloc(bytes);
    assert_non_null(workspace);
    assert_int_equal(activ_graph_predict(loaded, workspace, bytes, 1, in, predicted), ACTIV_OK);
    assert_memory_equal(predicted, y, sizeof y);
    free(workspace);
    activ_graph_destroy(loaded);
    activ_graph_destroy(g);
}

/* A file as PyTorch writes it, num_batches_tracked and all; and with tensors that are none of ours. */
static void test_files_of_pytorch(void **state)
{
    (void)state;
    const char *names[] = { "layers.0.weight", "layers.0.bias", "layers.0.running_mean", "layers.0.running_var",
                            "layers.0.num_batches_tracked" };
    const float values[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const int64_t steps = 9;
    const size_t two = 2;
    activ_tensor *tensors[5];
    for (int i = 0; i < 4; i++)
        assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 1, &two, NULL, (void *)(uintptr_t)(values + 2 * i),
                                           &tensors[i], NULL),
                         ACTIV_OK);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_INT64, 0, NULL, NULL, (void *)(uintptr_t)&steps, &tensors[4], NULL),
                     ACTIV_OK);
    activ_graph *g = NULL, *none = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_batch_norm(g, activ_graph_input(g, 2), NULL));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_create(NULL, &none), ACTIV_OK);
    activ_graph_mse(none, activ_graph_layer_norm(none, activ_graph_input(none, 2), 0, NULL));
    assert_int_equal(activ_graph_compile(none, 1), ACTIV_OK);
    activ_message message = { "" };
    for (size_t count = 3; count <= 5; count++) {
        activ_status status =
            activ_safetensors_save(NULL, path, count, names, (const activ_tensor *const *)tensors, 0, NULL, &message);
        assert_int_equal(status, ACTIV_OK);
        status = activ_checkpoint_load_params(g, path, &message);
        assert_int_equal(status, count == 3 ? ACTIV_ERROR_FORMAT : ACTIV_OK);
        if (count == 3) {
            assert_non_null(strstr(message.text, "layers.0.running_var"));
            assert_true(activ_graph_params(g)[0] == 0.0f && activ_graph_buffers(g)[0] == 0.0f);
            continue;
        }
        assert_memory_equal(activ_graph_params(g), values, 4 * sizeof(float));
        assert_memory_equal(activ_graph_buffers(g), values + 4, 4 * sizeof(float));
        memset(activ_graph_params(g), 0, 4 * sizeof(float));
        memset(activ_graph_buffers(g), 0, 4 * sizeof(float));
    }
    /* Only behind the name of a batch_norm, and only of this type. */
    const struct {
        const char *name;
        int tensor;
    } strangers[] = { { "layers.1.num_batches_tracked", 4 }, { "layers.00.num_batches_tracked", 4 },
                      { "num_batches_tracked", 4 },          { ".num_batches_tracked", 4 },
                      { "layers.0.num_batches", 4 },         { "layers.0.num_batches_tracked", 0 } };
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        const activ_tensor *list[5] = { tensors[0], tensors[1], tensors[2], tensors[3], tensors[strangers[i].tensor] };
        names[4] = strangers[i].name;
        assert_int_equal(activ_safetensors_save(NULL, path, 5, names, list, 0, NULL, &message), ACTIV_OK);
        assert_int_equal(activ_checkpoint_load_params(g, path, &message), ACTIV_ERROR_FORMAT);
        assert_non_null(strstr(message.text, strangers[i].name));
        assert_true(activ_graph_params(g)[0] == 0.0f && activ_graph_buffers(g)[0] == 0.0f);
    }
    names[2] = "layers.0.num_batches_tracked";
    const activ_tensor *list[3] = { tensors[0], tensors[1], tensors[4] };
    assert_int_equal(activ_safetensors_save(NULL, path, 3, names, list, 0, NULL, &message), ACTIV_OK);
    assert_int_equal(activ_checkpoint_load_params(none, path, &message), ACTIV_ERROR_FORMAT);
    for (int i = 0; i < 5; i++)
        activ_tensor_destroy(tensors[i]);
    activ_graph_destroy(g);
    activ_graph_destroy(none);
}

/* ---- descriptions from elsewhere --------------------------------------------------------- */

/* A file with one linear layer's tensors, 3 x 2, and this description. */
static void write_description(const char *description)
{
    float weight[6] = { 1, 2, 3, 4, 5, 6 }, bias[3] = { 7, 8, 9 };
    const size_t weight_shape[2] = { 3, 2 }, bias_shape[1] = { 3 };
    activ_tensor *tensors[2] = { NULL, NULL };
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 2, weight_shape, NULL, weight, &tensors[0], NULL),
                     ACTIV_OK);
    assert_int_equal(activ_tensor_view(NULL, ACTIV_FLOAT32, 1, bias_shape, NULL, bias, &tensors[1], NULL), ACTIV_OK);
    const char *const names[2] = { "layers.0.weight", "layers.0.bias" };
    const activ_tensor *const list[2] = { tensors[0], tensors[1] };
    activ_safetensors_text text = { "activ.network", description };
    activ_message message = { "" };
    if (activ_safetensors_save(NULL, path, 2, names, list, description ? 1 : 0, &text, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    activ_tensor_destroy(tensors[0]);
    activ_tensor_destroy(tensors[1]);
}

static void test_description(void **state)
{
    (void)state;
    write_description("libactiv network 1\ninput = input(2)\nlayers.0 = linear(input, out_features=3)\n"
                      "cross_entropy = cross_entropy(layers.0)");
    activ_graph *g = load(4);
    const float x[2] = { 1.0f, 10.0f };
    float y[3];
    assert_int_equal(activ_graph_forward(g, 1, x, y), ACTIV_OK);
    assert_true(y[0] == 28.0f && y[1] == 51.0f && y[2] == 74.0f);
    activ_graph_destroy(g);
}

#define HEAD "libactiv network 2\n"
#define IN HEAD "input = input(2)\n"
#define LINEAR IN "layers.0 = linear(input, out_features=3)"

static void test_malformed_descriptions(void **state)
{
    (void)state;
    static const char *const bad[] = {
        /* header */
        "",
        "\n",
        "libactiv network 2",
        HEAD,
        "libactiv network 3\ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "libactiv network 0\ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "libactiv network\ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "libactiv network \ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "libactiv network 2x\ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "libactiv network 99999999999999999999\ninput = input(2)\nlayers.0 = linear(input, out_features=3)",
        "input = input(2)\nlayers.0 = linear(input, out_features=3)",
        " " LINEAR,
        "libactiv network 2 \ninput = input(2)",
        /* lines */
        LINEAR "\n",
        LINEAR "\n\n",
        LINEAR "\nx",
        LINEAR "\nx =",
        LINEAR "\nx = ",
        LINEAR "\n = mse(layers.0)",
        LINEAR "\nx = mse",
        LINEAR "\nx = mse(",
        LINEAR "\nx = mse)",
        LINEAR "\nx = mse(layers.0",
        LINEAR "\nx = mse(layers.0) ",
        LINEAR "\nx = mse(layers.0)x",
        LINEAR "\nx=mse(layers.0)",
        LINEAR "\nx = mse (layers.0)",
        LINEAR "\nx = MSE(layers.0)",
        LINEAR "\nx = pooling(layers.0)",
        LINEAR "\nx = (layers.0)",
        LINEAR "\r\nx = mse(layers.0)",
        /* names */
        LINEAR "\nlayers.0 = mse(layers.0)",
        LINEAR "\na b = mse(layers.0)",
        LINEAR "\n\xc3\xa4 = mse(layers.0)",
        LINEAR "\n0123456789012345678901234567890123456789012345678901234567890123 = mse(layers.0)",
        /* inputs */
        LINEAR "\nx = mse()",
        LINEAR "\nx = mse(nobody)",
        LINEAR "\nx = mse(x)",
        LINEAR "\nx = add(layers.0)",
        LINEAR "\nx = add(layers.0, nobody)",
        LINEAR "\nx = add(layers.0 layers.0)",
        LINEAR "\nx = mse(layers.1)",
        LINEAR "\nx = mse(layers.0,)",
        LINEAR "\nx = add(layers.0, input)",
        /* the input's shape */
        HEAD "input = input()\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(0)\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(-2)\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(2x)\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(2,1)\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(99999999999999999999999999)\nlayers.0 = linear(input, out_features=3)",
        HEAD "input = input(1, 1, 1, 1, 1, 1, 1, 2)\nf = flatten(input)\nlayers.0 = linear(f, out_features=3)",
        HEAD "input = input(1, 1, 1, 1, 1, 1, 1, 1, 1, 2)\nf = flatten(input)\n"
             "layers.0 = linear(f, out_features=3)",
        IN "again = input(2)\nlayers.0 = linear(input, out_features=3)",
        /* a linear layer */
        IN "layers.0 = linear(input)",
        IN "layers.0 = linear(input, 3)",
        IN "layers.0 = linear(input, out_features=)",
        IN "layers.0 = linear(input, out_features=3x)",
        IN "layers.0 = linear(input, out_features=-3)",
        IN "layers.0 = linear(input, out_features=0)",
        IN "layers.0 = linear(out_features=3)",
        IN "layers.0 = linear(input, out_features=3, bias=2)",
        IN "layers.0 = linear(input, out_features=3, bias=0.5)",
        IN "layers.0 = linear(input, out_features=3, bias=)",
        IN "layers.0 = linear(input, out_features=18446744073709551615)",
        IN "layers.0 = linear(input, out_features=99999999999999999999)",
        /* activations */
        LINEAR "\nx = activation(layers.0)",
        LINEAR "\nx = activation(layers.0, fn=)",
        LINEAR "\nx = activation(layers.0, fn=\"\")",
        LINEAR "\nx = activation(layers.0, fn=\"relu)",
        LINEAR "\nx = activation(layers.0, fn=relu\")",
        LINEAR "\nx = activation(layers.0, fn=\"relu\"x)",
        LINEAR "\nx = activation(layers.0, fn=\"relu, gelu\")",
        LINEAR "\nx = activation(layers.0, fn=elu(alpha=0.5)",
        LINEAR "\nx = activation(layers.0, fn=[relu)",
        LINEAR "\nx = activation(layers.0, fn=relux)",
        LINEAR "\nx = activation(layers.0, fn=elu(alpha=))",
        LINEAR "\nx = activation(layers.0, fn=elu(alpha=1e99))",
        LINEAR "\nx = activation(layers.0, share=)",
        LINEAR "\nx = activation(layers.0, share=layers.0)",
        LINEAR "\nx = activation(layers.0, share=nobody)",
        LINEAR "\nx = activation(layers.0, share=x)",
        LINEAR "\nx = activation(layers.0, relu)",
        /* behind the loss */
        LINEAR "\nx = mse(layers.0)\ny = mse(layers.0)",
        LINEAR "\nx = mse(layers.0)\ny = flatten(layers.0)",
        /* shapes */
        HEAD "input = input(1, 2)\nlayers.0 = linear(input, out_features=3)",
        /* sound networks that the tensors do not fit */
        IN "layers.0 = linear(input, out_features=4)",
        IN "layers.0 = linear(input, out_features=3, bias=0)",
        HEAD "input = input(3)\nlayers.0 = linear(input, out_features=3)",
        IN "other = linear(input, out_features=3)",
        LINEAR "\nx = activation(layers.0, fn=prelu)",
        LINEAR "\nlayers.1 = linear(layers.0, out_features=2)",
        HEAD "input = input(1000000000000)\nlayers.0 = linear(input, out_features=1000000)",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        activ_message message = { "" };
        activ_graph *g = NULL;
        write_description(bad[i]);
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        assert_non_null(context);
        activ_status status = activ_checkpoint_load(context, path, 4, &g, &message);
        if (status == ACTIV_OK)
            fail_msg("accepted:\n%s", bad[i]);
        assert_null(g);
        if (strncmp(message.text, path, strlen(path)) != 0 || strlen(message.text) < strlen(path) + 10)
            fail_msg("message '%s' for:\n%s", message.text, bad[i]);
        activ_context_destroy(context);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
        assert_int_equal(activ_checkpoint_load(NULL, path, 4, &g, NULL), status);
    }
}

/* What a line may be written like, and how it is written again. */
static void test_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *read, *written;
    } cases[] = {
        { LINEAR "\nx = add( layers.0 ,layers.0\t)", LINEAR "\nx = add(layers.0, layers.0)" },
        { IN "layers.0 = linear(input, bias=1, out_features = 3)", LINEAR },
        { IN "layers.0 = linear(input, out_features=+3.0e0)", LINEAR },
        { HEAD "input = input( 1,2 )\nf = flatten(input)\nlayers.0 = linear(f, out_features=3)",
          HEAD "input = input(1, 2)\nf = flatten(input)\nlayers.0 = linear(f, out_features=3)" },
        { LINEAR "\nx = concat(layers.0, axis=0)", LINEAR "\nx = concat(layers.0, axis=0)" },
        { LINEAR "\nx = concat(layers.0, layers.0, input, axis=0)",
          LINEAR "\nx = concat(layers.0, layers.0, input, axis=0)" },
        { LINEAR "\nx = dropout(layers.0, p=0.10)", LINEAR "\nx = dropout(layers.0, p=0.1)" },
        { LINEAR "\nx = activation(layers.0, fn=relu)", LINEAR "\nx = activation(layers.0, fn=\"relu\")" },
        { LINEAR "\nx = activation(layers.0, fn=\"relu()\")", LINEAR "\nx = activation(layers.0, fn=\"relu\")" },
        { LINEAR "\nx = activation(layers.0, fn=softplus(beta=2, threshold=15))",
          LINEAR "\nx = activation(layers.0, fn=\"softplus(beta=2, threshold=15)\")" },
        { LINEAR "\nx = activation(layers.0, fn=\"relu\")\ny = activation(x, share=x)\nz = activation(y, share=y)",
          LINEAR "\nx = activation(layers.0, fn=\"relu\")\ny = activation(x, share=x)\nz = activation(y, share=x)" },
        /* As version 0.1 wrote it. */
        { "libactiv network 1\ninput = input(2)\nlayers.0 = linear(input, out_features=3)\n"
          "layers.1 = activation(layers.0, fn=leaky_relu(negative_slope=0.2))",
          LINEAR "\nlayers.1 = activation(layers.0, fn=\"leaky_relu(negative_slope=0.2)\")" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_description(cases[i].read);
        activ_graph *g = load(1);
        activ_safetensors *file = NULL;
        save(g);
        assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
        assert_string_equal(activ_safetensors_metadata(file, "activ.network"), cases[i].written);
        activ_safetensors_close(file);
        activ_graph_destroy(g);
    }
}

/* The message names the thing. */
static void test_messages(void **state)
{
    (void)state;
    static const struct {
        const char *description, *says;
        activ_status status;
    } cases[] = {
        { "libactiv network 7\ninput = input(2)", "written by a newer version: libactiv network 7",
          ACTIV_ERROR_UNSUPPORTED },
        { "other network 2\ninput = input(2)", "'libactiv network 2' expected, not 'other network 2'",
          ACTIV_ERROR_FORMAT },
        { LINEAR "\nlayers.3 = attention(layers.0, heads=8)",
          "line 4 of the network's description: layers.3: unknown kind of layer 'attention'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = mse layers.0", "x: '(' expected at ' layers.0'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx - mse(layers.0)", "' = ' expected at ' - mse(layers.0)'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = mse(layers.0) \n", "x: the end of the line expected at ' '", ACTIV_ERROR_FORMAT },
        { LINEAR "\nlayers.0 = mse(layers.0)", "'layers.0' is not a valid name, or another layer", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = add(layers.0, nobody)", "x: no layer before it is called 'nobody'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = add(layers.0)", "x: add needs more inputs", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = concat(axis=0)", "concat needs one input or more", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = concat(layers.0, axis=1)", "x (concat): needs an axis of a sample", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = concat(layers.0, axis=9)", "x: axis has to be a whole number from 0 to 7, not '9'",
          ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = dropout(layers.0)", "x: p is missing", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = dropout(layers.0, q=0.5)", "x: unknown setting 'q'; dropout has p", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = add(layers.0, input, q=0.5)", "x: unknown setting 'q'; add has no settings",
          ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = activation(layers.0, fn=relux)", "x: unknown function 'relux'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = activation(layers.0, share=relu)", "x: no layer before it is called 'relu'",
          ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = activation(layers.0, share=x)", "x: no layer before it is called 'x'", ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = activation(layers.0, fn=relu, share=x)", "x: no layer before it is called 'x'",
          ACTIV_ERROR_FORMAT },
        { LINEAR "\nx = activation(layers.0)", "x (activation): it has no function", ACTIV_ERROR_FORMAT },
        { HEAD "input = input(2, 0)", "input: dimension 2 has to be a whole number", ACTIV_ERROR_FORMAT },
        { HEAD "input = input()", "input: dimension 1 is missing", ACTIV_ERROR_FORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        activ_message message = { "" };
        activ_graph *g = NULL;
        write_description(cases[i].description);
        assert_int_equal(activ_checkpoint_load(NULL, path, 4, &g, &message), cases[i].status);
        if (!strstr(message.text, cases[i].says))
            fail_msg("'%s' instead of '%s'", message.text, cases[i].says);
    }
}

/* A setting that this version does not know may change what the network computes: it must not be
 * passed over. */
static void test_unknown_settings(void **state)
{
    (void)state;
    static const char *const bad[] = {
        IN "layers.0 = linear(input, out_features=3, transposed=1)",
        IN "layers.0 = linear(input, out_features=3, out_features=5)",
        IN "layers.0 = linear(input, out_features=3, 7)",
        IN "layers.0 = linear(input, 7, out_features=3)",
        HEAD "input = input(2, channels=1)\nlayers.0 = linear(input, out_features=3)",
        LINEAR "\nx = add(layers.0, layers.0, 2)",
        LINEAR "\nx = add(layers.0, layers.0, layers.0)",
        LINEAR "\nx = multiply(layers.0, layers.0, 2)",
        LINEAR "\nx = multiply(layers.0)",
        LINEAR "\nx = concat(layers.0, layers.0)",
        LINEAR "\nx = concat(axis=0)",
        LINEAR "\nx = concat(layers.0, nobody, axis=0)",
        LINEAR "\nx = concat(layers.0, axis=0, layers.0)",
        LINEAR "\nx = concat(layers.0, layers.0, axis=1)",
        LINEAR "\nx = concat(layers.0, layers.0, axis=-1)",
        LINEAR "\nx = concat(layers.0, layers.0, axis=4294967296)",
        LINEAR "\nx = concat(layers.0, layers.0, axis=0, axis=0)",
        LINEAR "\nx = batch_norm(layers.0)",
        LINEAR "\nx = batch_norm(layers.0, eps=0.1)",
        LINEAR "\nx = batch_norm(layers.0, eps=0.1, momentum=)",
        LINEAR "\nx = batch_norm(layers.0, eps=0, momentum=0.1)",
        LINEAR "\nx = batch_norm(layers.0, eps=-1, momentum=0.1)",
        LINEAR "\nx = batch_norm(layers.0, eps=1e39, momentum=0.1)",
        LINEAR "\nx = batch_norm(layers.0, eps=0.1, momentum=-0.1)",
        LINEAR "\nx = batch_norm(layers.0, eps=0.1, momentum=2)",
        LINEAR "\nx = batch_norm(layers.0, eps=0.1, momentum=0.1, affine=0)",
        LINEAR "\nx = layer_norm(layers.0)",
        LINEAR "\nx = layer_norm(layers.0, eps=0.1)",
        LINEAR "\nx = layer_norm(layers.0, axis=0)",
        LINEAR "\nx = layer_norm(layers.0, axis=1, eps=0.1)",
        LINEAR "\nx = layer_norm(layers.0, axis=-1, eps=0.1)",
        LINEAR "\nx = layer_norm(layers.0, axis=18446744073709551615, eps=0.1)",
        LINEAR "\nx = layer_norm(layers.0, axis=0, eps=inf)",
        LINEAR "\nx = layer_norm(layers.0, axis=0, momentum=0.1)",
        LINEAR "\nx = dropout(layers.0)",
        LINEAR "\nx = dropout(layers.0, p=)",
        LINEAR "\nx = dropout(layers.0, p=1.5)",
        LINEAR "\nx = dropout(layers.0, p=-0.5)",
        LINEAR "\nx = dropout(layers.0, p=nan)",
        LINEAR "\nx = dropout(layers.0, p=1e99)",
        LINEAR "\nx = dropout(layers.0, p=0.5x)",
        LINEAR "\nx = dropout(layers.0, 0.5)",
        LINEAR "\nx = dropout(layers.0, p=0.5, inplace=1)",
        LINEAR "\nx = mse(layers.0, reduction=sum)",
        LINEAR "\nx = flatten(layers.0, 1)",
        LINEAR "\nx = activation(layers.0, 2, fn=relu)",
        LINEAR "\nx = activation(layers.0, inplace=1, fn=relu)",
        LINEAR "\nx = activation(layers.0, fn=relu)\ny = activation(x, share=x, fn=gelu)",
        IN "layers.0 = linear(input, out_features=3, )",
        HEAD "input = input(2, )\nlayers.0 = linear(input, out_features=3)",
    };
    int accepted = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        activ_message message = { "" };
        activ_graph *g = NULL;
        write_description(bad[i]);
        if (activ_checkpoint_load(NULL, path, 4, &g, &message) == ACTIV_OK) {
            activ_graph_destroy(g);
            print_error("accepted:\n%s\n", bad[i]);
            accepted++;
        } else {
            /* The description is at fault, not a tensor that the file does not have. */
            assert_non_null(strstr(message.text, " of the network's description"));
        }
    }
    assert_int_equal(accepted, 0);
}

static void test_long_descriptions(void **state)
{
    (void)state;
    /* More layers than a graph may have. */
    enum { LINES = 200000, SIZE = LINES * 40 };
    char *text = malloc(SIZE), *at = text;
    assert_non_null(text);
    at += sprintf(at, LINEAR);
    for (int i = 0; i < LINES && at < text + SIZE - 100; i++)
        at += sprintf(at, "\nn%d = flatten(layers.0)", i);
    write_description(text);
    activ_message message = { "" };
    activ_graph *g = NULL;
    assert_true(activ_checkpoint_load(NULL, path, 4, &g, &message) != ACTIV_OK);
    assert_non_null(strstr(message.text, "too many"));
    free(text);
}

static void test_no_description(void **state)
{
    (void)state;
    activ_message message = { "" };
    activ_graph *g = NULL;
    write_description(NULL);
    assert_int_equal(activ_checkpoint_load(NULL, path, 4, &g, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "activ.network"));
    assert_null(g);

    /* Enough for the parameters alone, as files of other programs are. */
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 2), 3));
    assert_int_equal(activ_checkpoint_load_params(g, path, &message), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_checkpoint_load_params(g, path, &message), ACTIV_OK);
    const float expected[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    assert_memory_equal(activ_graph_params(g), expected, sizeof expected);
    activ_graph_destroy(g);
}

/* ---- in 16 bits -------------------------------------------------------------------------- */

/* The file with its tensors of float32 in another type, and the same metadata. */
static void rewrite(activ_dtype dtype)
{
    enum { MOST = 64 };
    activ_safetensors *file = NULL;
    const char *names[MOST];
    activ_tensor *tensors[MOST];
    activ_safetensors_text texts[MOST];
    activ_message message = { "" };
    size_t count, text_count = 0;
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    count = activ_safetensors_count(file);
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        activ_safetensors_entry e = ACTIV_SAFETENSORS_ENTRY_INIT;
        activ_tensor *from = NULL, *copy = NULL;
        assert_int_equal(activ_safetensors_at(file, i, &e), ACTIV_OK);
        assert_int_equal(activ_tensor_view_const(NULL, e.dtype, e.ndim, e.shape, NULL, e.data, &from, NULL), ACTIV_OK);
        assert_int_equal(activ_tensor_create(NULL, e.dtype, e.ndim, e.shape, &copy, NULL), ACTIV_OK);
        assert_int_equal(activ_tensor_copy(from, copy, NULL), ACTIV_OK); /* aligned */
        assert_int_equal(activ_tensor_create(NULL, dtype, e.ndim, e.shape, &tensors[i], NULL), ACTIV_OK);
        assert_int_equal(activ_convert(activ_tensor_count(copy), e.dtype, activ_tensor_const_data(copy), dtype,
                                       activ_tensor_data(tensors[i])),
                         ACTIV_OK);
        names[i] = e.name;
        activ_tensor_destroy(copy);
        activ_tensor_destroy(from);
    }
    for (const char *key; (key = activ_safetensors_metadata_key(file, text_count)); text_count++)
        texts[text_count] = (activ_safetensors_text){ key, activ_safetensors_metadata(file, key) };
    if (activ_safetensors_save(NULL, path, count, names, (const activ_tensor *const *)tensors, text_count, texts,
                               &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    for (size_t i = 0; i < count; i++)
        activ_tensor_destroy(tensors[i]);
    activ_safetensors_close(file);
}

/* A network whose weights somebody stored in 16 bits is loaded with these values; of float64 it is refused, as that
 * would be rounded. */
static void test_other_types(void **state)
{
    (void)state;
    static const activ_dtype types[] = { ACTIV_FLOAT16, ACTIV_BFLOAT16 };
    for (int classes = 0; classes < 2; classes++) {
        activ_graph *g = zoo_create(NULL, classes, 3);
        zoo_train(g, classes, 2);
        for (size_t t = 0; t < 2; t++) {
            save(g);
            size_t sizes[2];
            free(read_file(&sizes[0]));
            rewrite(types[t]);
            free(read_file(&sizes[1]));
            assert_true(sizes[1] < sizes[0]);
            activ_graph *loaded = load(ZOO_BATCH), *again;
            assert_same_network(g, loaded);
            for (size_t i = 0; i < activ_graph_param_count(g); i++) {
                uint16_t half;
                float value;
                assert_int_equal(activ_convert(1, ACTIV_FLOAT32, activ_graph_params(g) + i, types[t], &half), ACTIV_OK);
                assert_int_equal(activ_convert(1, types[t], &half, ACTIV_FLOAT32, &value), ACTIV_OK);
                assert_memory_equal(&activ_graph_params(loaded)[i], &value, sizeof value);
            }
            /* For a training of it, in float32 from here on. */
            zoo_train(loaded, classes, 1);
            save(loaded);
            again = load(ZOO_BATCH);
            assert_same_parameters(loaded, again);
            activ_graph_destroy(again);
            activ_graph_destroy(loaded);
        }
        save(g);
        rewrite(ACTIV_FLOAT64);
        activ_graph *none = NULL;
        activ_message message = { "" };
        assert_int_equal(activ_checkpoint_load(NULL, path, 1, &none, &message), ACTIV_ERROR_UNSUPPORTED);
        assert_null(none);
        assert_non_null(strstr(message.text, "is of type F64, not F32; activ_checkpoint_load_params_ex"));
        activ_graph_destroy(g);
    }
}

/* ---- parameters that do not fit ---------------------------------------------------------- */

static void write_tensors(size_t count, const char *const *names, const size_t (*shapes)[2], const size_t *ndims,
                          const activ_dtype *types)
{
    static double zeros[64];
    activ_tensor *tensors[4];
    for (size_t i = 0; i < count; i++)
        assert_int_equal(activ_tensor_view(NULL, types[i], ndims[i], shapes[i], NULL, zeros, &tensors[i], NULL),
                         ACTIV_OK);
    const activ_tensor *list[4] = { tensors[0] };
    for (size_t i = 0; i < count; i++)
        list[i] = tensors[i];
    activ_message message = { "" };
    if (activ_safetensors_save(NULL, path, count, names, list, 0, NULL, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    for (size_t i = 0; i < count; i++)
        activ_tensor_destroy(tensors[i]);
}

static void test_mismatches(void **state)
{
    (void)state;
    const struct {
        activ_status status;
        const char *says;
        size_t count;
        const char *names[4];
        size_t shapes[4][2], ndims[4];
        activ_dtype types[4];
    } cases[] = {
        { ACTIV_ERROR_FORMAT, "layers.0.bias", 1, { "layers.0.weight" }, { { 3, 2 } }, { 2 }, { ACTIV_FLOAT32 } },
        { ACTIV_ERROR_FORMAT, "layers.0.weight", 1, { "layers.0.bias" }, { { 3 } }, { 1 }, { ACTIV_FLOAT32 } },
        { ACTIV_ERROR_FORMAT,
          "extra",
          3,
          { "layers.0.weight", "layers.0.bias", "extra" },
          { { 3, 2 }, { 3 }, { 1 } },
          { 2, 1, 1 },
          { ACTIV_FLOAT32, ACTIV_FLOAT32, ACTIV_FLOAT32 } },
        { ACTIV_ERROR_FORMAT,
          "layers.0.weight",
          2,
          { "layers.00.weight", "layers.0.bias" },
          { { 3, 2 }, { 3 } },
          { 2, 1 },
          { ACTIV_FLOAT32, ACTIV_FLOAT32 } },
        { ACTIV_ERROR_SHAPE,
          "(2, 3)",
          2,
          { "layers.0.weight", "layers.0.bias" },
          { { 2, 3 }, { 3 } },
          { 2, 1 },
          { ACTIV_FLOAT32, ACTIV_FLOAT32 } },
        { ACTIV_ERROR_SHAPE,
          "(6)",
          2,
          { "layers.0.weight", "layers.0.bias" },
          { { 6 }, { 3 } },
          { 1, 1 },
          { ACTIV_FLOAT32, ACTIV_FLOAT32 } },
        { ACTIV_ERROR_SHAPE,
          "(3, 1)",
          2,
          { "layers.0.weight", "layers.0.bias" },
          { { 3, 2 }, { 3, 1 } },
          { 2, 2 },
          { ACTIV_FLOAT32, ACTIV_FLOAT32 } },
        { ACTIV_ERROR_UNSUPPORTED,
          "layers.0.bias",
          2,
          { "layers.0.weight", "layers.0.bias" },
          { { 3, 2 }, { 3 } },
          { 2, 1 },
          { ACTIV_FLOAT32, ACTIV_FLOAT64 } },
        { ACTIV_ERROR_UNSUPPORTED,
          "layers.0.weight",
          2,
          { "layers.0.weight", "layers.0.bias" },
          { { 3, 2 }, { 3 } },
          { 2, 1 },
          { ACTIV_INT32, ACTIV_FLOAT32 } },
    };
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 2), 3));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    float before[9];
    memcpy(before, activ_graph_params(g), sizeof before);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        activ_message message = { "" };
        write_tensors(cases[i].count, cases[i].names, cases[i].shapes, cases[i].ndims, cases[i].types);
        assert_int_equal(activ_checkpoint_load_params(g, path, &message), cases[i].status);
        if (!strstr(message.text, cases[i].says) || !strstr(message.text, path))
            fail_msg("case %zu: %s", i, message.text);
        assert_int_equal(activ_checkpoint_load_params(g, path, NULL), cases[i].status);
        assert_memory_equal(before, activ_graph_params(g), sizeof before);
    }
    activ_message message = { "" };
    assert_int_equal(activ_checkpoint_load_params(g, "/nowhere/at/all", &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, "/nowhere/at/all"));
    assert_int_equal(activ_checkpoint_load_params(g, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load_params(NULL, path, &message), ACTIV_ERROR_INVALID);
    assert_memory_equal(before, activ_graph_params(g), sizeof before);
    activ_graph_destroy(g);
}

static void test_bad_calls(void **state)
{
    (void)state;
    activ_message message = { "" };
    activ_graph *g = NULL, *none = NULL;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 2), 3));
    assert_int_equal(activ_checkpoint_save(g, path, &message), ACTIV_ERROR_STATE);
    assert_non_null(strstr(message.text, path));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_checkpoint_save(NULL, path, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save(g, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save(g, "/nowhere/at/all", &message), ACTIV_ERROR_IO);
    assert_non_null(strstr(message.text, "/nowhere/at/all"));
    save(g);
    assert_int_equal(activ_checkpoint_load(NULL, path, SIZE_MAX, &none, &message), ACTIV_ERROR_RANGE);
    assert_true(message.text[0] != '\0');
    assert_int_equal(activ_checkpoint_load(NULL, NULL, 1, &none, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load(NULL, path, 1, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load(NULL, "/nowhere/at/all", 1, &none, &message), ACTIV_ERROR_IO);
    assert_null(none);
    activ_graph_destroy(g);
}

/* ---- memory that runs out ---------------------------------------------------------------- */

static void test_memory_runs_out(void **state)
{
    (void)state;
    activ_graph *g = zoo_create(NULL, 1, 3);
    save(g);
    size_t k = 1;
    for (activ_status status = ACTIV_ERROR_OUT_OF_MEMORY; status != ACTIV_OK; k++) {
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        activ_graph *loaded = NULL;
        activ_message message = { "" };
        assert_non_null(context);
        memory.fail_at = memory.calls + k;
        status = activ_checkpoint_load(context, path, ZOO_BATCH, &loaded, &message);
        if (status != ACTIV_OK) {
            assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
            assert_null(loaded);
            assert_true(message.text[0] != '\0');
        } else {
            assert_same_parameters(g, loaded);
            assert_true(k > 10);
        }
        activ_graph_destroy(loaded);
        activ_context_destroy(context);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
    }
    activ_graph_destroy(g);

    /* Saving, and loading into a graph: the k-th allocation after it was built. The file stays. */
    size_t size, again;
    char *bytes = read_file(&size);
    int saved = 0, loaded = 0;
    for (k = 1; !saved || !loaded; k++) {
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        activ_message message = { "" };
        assert_non_null(context);
        g = zoo_create(context, 1, 99);
        float first = activ_graph_params(g)[0];
        memory.fail_at = memory.calls + k;
        activ_status status = activ_checkpoint_save(g, path, &message);
        saved = status == ACTIV_OK;
        assert_true(saved || (status == ACTIV_ERROR_OUT_OF_MEMORY && message.text[0] != '\0'));
        if (!saved) {
            char *now = read_file(&again);
            assert_int_equal(again, size);
            assert_memory_equal(bytes, now, size);
            free(now);
        }
        memory.fail_at = memory.calls + k;
        status = activ_checkpoint_load_params(g, path, &message);
        loaded = status == ACTIV_OK;
        assert_true(loaded || status == ACTIV_ERROR_OUT_OF_MEMORY);
        if (!loaded)
            assert_true(activ_graph_params(g)[0] == first);
        activ_graph_destroy(g);
        activ_context_destroy(context);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
    }
    free(bytes);
}

/* A network that a file claims to hold is compared with its tensors before its memory is taken. */
static void test_claims(void **state)
{
    (void)state;
    write_description(HEAD "input = input(2)\nlayers.0 = linear(input, out_features=3)\n"
                           "layers.1 = linear(layers.0, out_features=1000000000)");
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    activ_graph *g = NULL;
    activ_message message = { "" };
    assert_non_null(context);
    assert_int_equal(activ_checkpoint_load(context, path, 1, &g, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "layers.1.weight"));
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
}

/* Cross-entropy with all of its options: refused ones, what labels they allow, and in a file. */
static void test_cross_entropy_options(void **state)
{
    (void)state;
    enum { INPUTS = 4, CLASSES = 3, SAMPLES = 6 };
    const float weight[CLASSES] = { 0.5f, 0.0f, 2.0f },
                bad[][CLASSES] = { { 1, -1, 1 }, { 1, NAN, 1 }, { 1, INFINITY, 1 } };
    activ_cross_entropy_options options = ACTIV_CROSS_ENTROPY_DEFAULTS;
    activ_graph *g = NULL;
    for (int i = 0; i < 8; i++) {
        activ_cross_entropy_options wrong = ACTIV_CROSS_ENTROPY_DEFAULTS;
        if (i < 3)
            wrong.weight = bad[i];
        if (i == 3)
            wrong.weight = (const float *)(const void *)((const char *)weight + 1);
        if (i >= 4 && i < 7)
            wrong.label_smoothing = i == 4 ? 1.5f : i == 5 ? -0.1f : NAN;
        if (i == 7)
            wrong.size = 0;
        assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
        const activ_node logits = activ_graph_linear(g, activ_graph_input(g, INPUTS), CLASSES);
        assert_true(activ_graph_cross_entropy_ex(g, logits, &wrong) < 0);
        assert_int_equal(activ_graph_compile(g, 1), i == 3 || i == 7 ? ACTIV_ERROR_INVALID : ACTIV_ERROR_RANGE);
        assert_non_null(strstr(activ_graph_error(g), "cross_entropy"));
        activ_graph_destroy(g);
    }
    options.weight = weight;
    options.label_smoothing = 0.1f;
    options.ignore_index = -1;
    assert_int_equal(activ_graph_create(NULL, &g), ACTIV_OK);
    activ_graph_cross_entropy_ex(g, activ_graph_linear(g, activ_graph_input(g, INPUTS), CLASSES), &options);
    if (activ_graph_compile(g, SAMPLES) != ACTIV_OK)
        fail_msg("%s", activ_graph_error(g));
    assert_int_equal(activ_graph_init(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_buffer_count(g), CLASSES);
    assert_memory_equal(activ_graph_buffers(g), weight, sizeof weight);
    activ_node_info info = ACTIV_NODE_INFO_INIT;
    assert_int_equal(activ_graph_node_info(g, activ_graph_loss_node(g), &info), ACTIV_OK);
    assert_string_equal(info.description,
                        "cross_entropy = cross_entropy(layers.0, ignore_index=-1, label_smoothing=0.1, "
                        "weighted=1)");
    float x[SAMPLES * INPUTS], loss[2];
    int32_t labels[SAMPLES] = { 0, 2, -1, 2, 0, 2 };
    size_t correct[2];
    assert_int_equal(activ_random_normal(3, 1, 0, SAMPLES * INPUTS, 0.0f, 1.0f, x), ACTIV_OK);
    assert_int_equal(activ_graph_evaluate(g, SAMPLES, x, labels, &loss[0], &correct[0]), ACTIV_OK);
    assert_true(isfinite(loss[0]) && correct[0] < SAMPLES);

    save(g);
    activ_graph *h = load(SAMPLES);
    assert_memory_equal(activ_graph_buffers(h), weight, sizeof weight);
    assert_int_equal(activ_graph_evaluate(h, SAMPLES, x, labels, &loss[1], &correct[1]), ACTIV_OK);
    assert_memory_equal(&loss[0], &loss[1], sizeof loss[0]);
    assert_int_equal(correct[0], correct[1]);
    /* Which starting anew leaves as they are. */
    assert_int_equal(activ_graph_init(h, 1), ACTIV_OK);
    assert_memory_equal(activ_graph_buffers(h), weight, sizeof weight);
    activ_graph_destroy(h);

    labels[2] = -2;
    assert_int_equal(activ_graph_train(g, SAMPLES, x, labels, &loss[0]), ACTIV_ERROR_RANGE);
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = -1;
    assert_int_equal(activ_graph_train(g, SAMPLES, x, labels, &loss[0]), ACTIV_OK);
    assert_true(isnan(loss[0]));
    for (size_t i = 0; i < activ_graph_param_count(g); i++)
        assert_true(activ_graph_grads(g)[i] == 0.0f);
    activ_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_entropy_options),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_function),
        cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_files_of_pytorch),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_malformed_descriptions),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_unknown_settings),
        cmocka_unit_test(test_long_descriptions),
        cmocka_unit_test(test_no_description),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_mismatches),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
