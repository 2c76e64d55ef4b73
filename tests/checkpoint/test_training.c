/* Training checkpoints: a training that is saved and resumed ends in the same bytes as one that was not interrupted;
 * the network alone can be taken out; what is not whole is refused and leaves graph and optimiser as they were. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/checkpoint.h"
#include "activ/fn.h"
#include "activ/optim.h"
#include "activ/random.h"
#include "graph/zoo.h"
#include "support/memory.h"

static char directory[64], path[96], other_path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/activ_training_XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/training.safetensors", directory);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    unlink(other_path);
    return rmdir(directory); /* fails if a temporary file was left */
}

static char *read_file(const char *from, size_t *size)
{
    FILE *file = fopen(from, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void assert_same_files(const char *a, const char *b, int same)
{
    size_t a_size, b_size;
    char *x = read_file(a, &a_size), *y = read_file(b, &b_size);
    assert_int_equal(a_size == b_size && memcmp(x, y, a_size) == 0, same);
    free(x);
    free(y);
}

enum { KINDS = 5 };

static activ_optimizer *make(activ_graph *g, int kind)
{
    activ_sgd_options s = {
        .size = sizeof s, .lr = 0.01f, .momentum = kind == 0 ? 0.0f : 0.9f, .dampening = 0.1f, .weight_decay = 0.02f
    };
    activ_adamw_options a = ACTIV_ADAMW_DEFAULTS;
    activ_rmsprop_options r = ACTIV_RMSPROP_DEFAULTS;
    a.amsgrad = kind == 3;
    r.lr = 0.002f;
    r.centered = 1;
    r.momentum = 0.3f;
    activ_optimizer *o = NULL;
    assert_int_equal(kind < 2   ? activ_sgd_create(g, &s, &o)
                     : kind < 4 ? activ_adamw_create(g, &a, &o)
                                : activ_rmsprop_create(g, &r, &o),
                     ACTIV_OK);
    const activ_optimizer_tensor_options own = { sizeof own, 0.7f, 0.03f };
    assert_int_equal(activ_optimizer_decay_weights_only(o), ACTIV_OK);
    assert_int_equal(activ_optimizer_set_tensor_options(o, 2, &own), ACTIV_OK);
    return o;
}

static void train(activ_graph *g, activ_optimizer *o, uint64_t until)
{
    float x[ZOO_BATCH * ZOO_IN], targets[ZOO_BATCH * ZOO_CLASSES];
    int32_t labels[ZOO_BATCH];
    for (uint64_t step; (step = activ_optimizer_steps(o)) < until;) {
        zoo_data(step, ZOO_BATCH, x, labels, targets);
        assert_int_equal(activ_graph_train(g, ZOO_BATCH, x, labels, NULL), ACTIV_OK);
        assert_int_equal(activ_optimizer_set_lr(o, activ_lr_cosine(0.003f, 10, 0.0f, step)), ACTIV_OK);
        assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
    }
}

static void save(const activ_graph *g, const activ_optimizer *o, const char *to)
{
    activ_message message = { "" };
    if (activ_checkpoint_save_training(g, o, to, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
}

static activ_optimizer *load(activ_graph *g)
{
    activ_message message = { "" };
    activ_optimizer *o = NULL;
    if (activ_checkpoint_load_training(g, path, &o, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    return o;
}

/* ---- there and back ---------------------------------------------------------------------------- */

static void test_resume(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        activ_graph *g = zoo_create(NULL, 1, UINT64_MAX - 7);
        activ_optimizer *o = make(g, kind);
        train(g, o, 3);
        save(g, o, path);

        /* In the network that the file describes, and in one that was built and used for something else. */
        activ_graph *again[2] = { NULL, zoo_create(NULL, 1, 12) };
        activ_optimizer *resumed[2];
        zoo_train(again[1], 1, 2);
        assert_int_equal(activ_checkpoint_load(NULL, path, ZOO_BATCH, &again[0], NULL), ACTIV_OK);
        for (int i = 0; i < 2; i++) {
            resumed[i] = load(again[i]);
            assert_true(activ_graph_seed(again[i]) == UINT64_MAX - 7);
            assert_true(activ_optimizer_steps(resumed[i]) == 3);
            assert_true(activ_optimizer_lr(resumed[i]) == activ_optimizer_lr(o));
            save(again[i], resumed[i], other_path);
            assert_same_files(path, other_path, 1);
        }
        train(g, o, 7);
        save(g, o, path);
        for (int i = 0; i < 2; i++) {
            train(again[i], resumed[i], 7);
            save(again[i], resumed[i], other_path);
            assert_same_files(path, other_path, 1);
            activ_optimizer_destroy(resumed[i]);
            activ_graph_destroy(again[i]);
        }
        activ_optimizer_destroy(o);
        activ_graph_destroy(g);
    }
}

static void test_network_alone(void **state)
{
    (void)state;
    activ_graph *g = zoo_create(NULL, 1, 3), *loaded = NULL, *other = zoo_create(NULL, 1, 4);
    activ_optimizer *o = make(g, 3);
    size_t bytes = activ_graph_param_count(g) * sizeof(float);
    train(g, o, 2);
    save(g, o, path);
    assert_int_equal(activ_checkpoint_load(NULL, path, ZOO_BATCH, &loaded, NULL), ACTIV_OK);
    assert_memory_equal(activ_graph_params(loaded), activ_graph_params(g), bytes);
    assert_int_equal(activ_checkpoint_load_params(other, path, NULL), ACTIV_OK);
    assert_memory_equal(activ_graph_params(other), activ_graph_params(g), bytes);
    assert_true(activ_graph_seed(other) == 4);
    /* A file of the network has nothing of all this in it. */
    assert_int_equal(activ_checkpoint_save(g, path, NULL), ACTIV_OK);
    assert_int_equal(activ_checkpoint_save(loaded, other_path, NULL), ACTIV_OK);
    assert_same_files(path, other_path, 1);
    activ_safetensors *file = NULL;
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    assert_int_equal(activ_safetensors_count(file),
                     activ_graph_param_tensor_count(g) + activ_graph_buffer_tensor_count(g));
    assert_string_equal(activ_safetensors_metadata_key(file, 0), "activ.network");
    assert_null(activ_safetensors_metadata_key(file, 1));
    activ_safetensors_close(file);
    activ_message message = { "" };
    activ_optimizer *none = NULL;
    assert_int_equal(activ_checkpoint_load_training(g, path, &none, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "no activ.optimizer"));
    assert_null(none);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
    activ_graph_destroy(loaded);
    activ_graph_destroy(other);
}

/* ---- what a file says ----------------------------------------------------------------------------- */

#define ADAMW                \
    "libactiv optimizer 1\n" \
    "adamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, maximize=0)\n"
#define SGD                  \
    "libactiv optimizer 1\n" \
    "sgd(lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=0, maximize=0)\n"

/* Two inputs, three outputs: six weights and three biases. */
static activ_graph *small_graph(const activ_context *context)
{
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 2), 3));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    assert_int_equal(activ_graph_init(g, 9), ACTIV_OK);
    return g;
}

static void train_small(activ_graph *g, activ_optimizer *o)
{
    const float x[2] = { 1.0f, -0.5f };
    const int32_t label = 1;
    assert_int_equal(activ_graph_train(g, 1, x, &label, NULL), ACTIV_OK);
    assert_int_equal(activ_optimizer_step(o), ACTIV_OK);
}

static void save_small(void)
{
    activ_graph *g = small_graph(NULL);
    activ_adamw_options options = ACTIV_ADAMW_DEFAULTS;
    activ_optimizer *o = NULL;
    assert_int_equal(activ_adamw_create(g, &options, &o), ACTIV_OK);
    assert_int_equal(activ_optimizer_decay_weights_only(o), ACTIV_OK);
    for (int i = 0; i < 2; i++)
        train_small(g, o);
    save(g, o, path);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
}

static void test_contents(void **state)
{
    (void)state;
    save_small();
    activ_safetensors *file = NULL;
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    assert_string_equal(activ_safetensors_metadata(file, "activ.optimizer"),
                        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)");
    assert_string_equal(activ_safetensors_metadata(file, "activ.random"), "libactiv random 1\nseed = 9\nstep = 2");
    static const char *const names[] = { "layers.0.weight",
                                         "layers.0.bias",
                                         "optimizer/exp_avg/layers.0.weight",
                                         "optimizer/exp_avg/layers.0.bias",
                                         "optimizer/exp_avg_sq/layers.0.weight",
                                         "optimizer/exp_avg_sq/layers.0.bias" };
    assert_int_equal(activ_safetensors_count(file), 6);
    for (size_t i = 0; i < 6; i++) {
        activ_safetensors_entry entry = ACTIV_SAFETENSORS_ENTRY_INIT;
        assert_int_equal(activ_safetensors_find(file, names[i], &entry), ACTIV_OK);
        assert_int_equal(entry.dtype, ACTIV_FLOAT32);
        assert_int_equal(entry.ndim, 2 - i % 2);
        assert_true(entry.shape[0] == 3 && (i % 2 == 1 || entry.shape[1] == 2));
    }
    activ_safetensors_close(file);
}

/* ---- files that are not what they claim to be -------------------------------------------------------- */

/* The small graph's file with something else in it; NULL: as it is. */
typedef struct change {
    const char *optimizer, *random;     /* texts; "" takes the key out */
    const char *tensor;                 /* this tensor ... */
    const char *name;                   /* gets another name; "" takes it out */
    activ_dtype dtype;                  /* or another type */
    size_t ndim, shape[ACTIV_MAX_DIMS]; /* or shape */
    const char *extra;                  /* one more tensor */
} change;

static void write_changed(const change *c)
{
    static double zeros[64];
    static const size_t three[] = { 3 };
    activ_safetensors *file = NULL;
    const char *names[16];
    activ_tensor *tensors[16];
    const activ_tensor *list[16];
    activ_safetensors_text texts[3];
    size_t count = 0, text_count = 0;
    assert_int_equal(activ_safetensors_open(NULL, path, &file, NULL), ACTIV_OK);
    for (size_t i = 0; i <= activ_safetensors_count(file); i++) {
        activ_safetensors_entry e = ACTIV_SAFETENSORS_ENTRY_INIT;
        if (i == activ_safetensors_count(file)) {
            if (!c->extra)
                break;
            e = (activ_safetensors_entry){ .name = c->extra, .dtype = ACTIV_FLOAT32, .ndim = 1, .shape = three };
        } else {
            assert_int_equal(activ_safetensors_at(file, i, &e), ACTIV_OK);
        }
        if (c->tensor && strcmp(c->tensor, e.name) == 0) {
            if (c->name && c->name[0] == '\0')
                continue;
            e.name = c->name ? c->name : e.name;
            e.dtype = c->dtype ? c->dtype : e.dtype;
            if (c->ndim) {
                e.ndim = c->ndim;
                e.shape = c->shape;
            }
        }
        names[count] = e.name;
        assert_int_equal(activ_tensor_view(NULL, e.dtype, e.ndim, e.shape, NULL, zeros, &tensors[count], NULL),
                         ACTIV_OK);
        list[count] = tensors[count];
        count++;
    }
    for (size_t i = 0; i < 3; i++) {
        const char *key = activ_safetensors_metadata_key(file, i);
        assert_non_null(key);
        const char *value = strcmp(key, "activ.optimizer") == 0 ? c->optimizer
                            : strcmp(key, "activ.random") == 0  ? c->random
                                                                : NULL;
        if (value && value[0] == '\0')
            continue;
        texts[text_count++] = (activ_safetensors_text){ key, value ? value : activ_safetensors_metadata(file, key) };
    }
    activ_message message = { "" };
    if (activ_safetensors_save(NULL, other_path, count, names, list, text_count, texts, &message) != ACTIV_OK)
        fail_msg("%s", message.text);
    for (size_t i = 0; i < count; i++)
        activ_tensor_destroy(tensors[i]);
    activ_safetensors_close(file);
}

static activ_optimizer *make_small(activ_graph *g)
{
    activ_sgd_options options = { .size = sizeof options, .lr = 0.1f, .momentum = 0.5f };
    activ_optimizer *o = NULL;
    assert_int_equal(activ_sgd_create(g, &options, &o), ACTIV_OK);
    train_small(g, o);
    return o;
}

/* Loads the changed file into a graph that another optimiser works on. If that fails nothing may be left, and both go
 * on as if nothing had been. */
static activ_status load_changed(const change *c, activ_message *message)
{
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_graph *g = small_graph(context), *twin = small_graph(NULL);
    activ_optimizer *o = make_small(g), *twins = make_small(twin), *loaded = NULL;
    size_t live = memory.live, bytes = activ_graph_param_count(g) * sizeof(float);
    write_changed(c);
    activ_status status = activ_checkpoint_load_training(g, other_path, &loaded, message);
    if (status != ACTIV_OK) {
        assert_null(loaded);
        assert_int_equal(memory.live, live);
        assert_memory_equal(activ_graph_params(g), activ_graph_params(twin), bytes);
        assert_true(activ_graph_seed(g) == activ_graph_seed(twin));
        train_small(g, o);
        train_small(twin, twins);
        assert_memory_equal(activ_graph_params(g), activ_graph_params(twin), bytes);
    }
    activ_optimizer_destroy(loaded);
    activ_optimizer_destroy(o);
    activ_optimizer_destroy(twins);
    activ_graph_destroy(g);
    activ_graph_destroy(twin);
    activ_context_destroy(context);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.mistakes, 0);
    return status;
}

static void test_malformed_texts(void **state)
{
    (void)state;
    static const char *const optimizers[] = {
        "libactiv optimizer 1",
        "libactiv optimizer 0\nsgd(lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=0, "
        "maximize=0)\nsteps = 1",
        "adamw",
        ADAMW,
        ADAMW "steps = ",
        ADAMW "steps = -1",
        ADAMW "steps = x",
        ADAMW "steps = 1.5",
        ADAMW "steps = 18446744073709551616",
        ADAMW "steps = 2\n",
        ADAMW "steps = 2 ",
        ADAMW "\nsteps = 2",
        ADAMW "layers.0.bias = group(lr_scale=1, weight_decay=0)\nsteps = 2",
        "libactiv optimizer 1\nadam(lr=0.001)\nsteps = 2",
        "libactiv optimizer 1\nadamw()\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, "
        "amsgrad=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0, fused=1)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=2, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=)\nsteps = 2",
        "libactiv optimizer 1\nadamw(beta1=0.9, lr=0.001, beta1=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        /* numbers that are none, or not allowed */
        "libactiv optimizer 1\nadamw(lr=nan, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=1e99, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=-1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=1, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=0, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        "libactiv optimizer 1\nadamw(lr=, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=0, "
        "maximize=0)\nsteps = 2",
        /* single tensors */
        ADAMW "steps = 2\nlayers.0.bias",
        ADAMW "steps = 18446744073709551615",
        ADAMW "steps = 281474976710657",
        ADAMW "steps = 2\nlayers.0.bias = group()",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=-1, weight_decay=0)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=1e40)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)\n",
        ADAMW "steps = 2\nlayers.1.bias = group(lr_scale=1, weight_decay=0)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)\n"
              "layers.0.bias = group(lr_scale=1, weight_decay=0)",
        ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)x",
    };
    static const char *const randoms[] = {
        "libactiv random 1",
        "libactiv random 2\nseed = 9\nstep = 2",
        "libactiv random 1\nseed = 9",
        "libactiv random 1\nseed = 9\nstep = ",
        "libactiv random 1\nseed = \nstep = 2",
        "libactiv random 1\nstep = 2\nseed = 9",
        "libactiv random 1\nseed = -9\nstep = 2",
        "libactiv random 1\nseed = 9\nstep = 2\n",
        "libactiv random 1\nseed = 99999999999999999999\nstep = 2",
        "libactiv random 1\nseed = 9\nstep = 34359738369",
    };
    size_t count = sizeof optimizers / sizeof optimizers[0];
    save_small();
    for (size_t i = 0; i < count + sizeof randoms / sizeof randoms[0]; i++) {
        activ_message message = { "" };
        change c = { .optimizer = i < count ? optimizers[i] : NULL, .random = i < count ? NULL : randoms[i - count] };
        if (load_changed(&c, &message) != ACTIV_ERROR_FORMAT)
            fail_msg("status or message '%s' for:\n%s", message.text, i < count ? c.optimizer : c.random);
        if (strncmp(message.text, other_path, strlen(other_path)) != 0 ||
            !strstr(message.text, i < count ? "of the optimizer's description" : "activ.random is malformed"))
            fail_msg("message '%s' for:\n%s", message.text, i < count ? c.optimizer : c.random);
    }
    activ_message message = { "" };
    change c = { .optimizer = "" };
    assert_int_equal(load_changed(&c, &message), ACTIV_ERROR_FORMAT);
    c = (change){ .random = "" };
    assert_int_equal(load_changed(&c, &message), ACTIV_ERROR_FORMAT);
    assert_non_null(strstr(message.text, "no activ.random"));
    /* The message names the thing. */
    static const struct {
        const char *optimizer, *says;
        activ_status status;
    } cases[] = {
        { "libactiv optimizer 7\nlion(lr=1)",
          "line 1 of the optimizer's description: written by a newer version: libactiv optimizer 7",
          ACTIV_ERROR_UNSUPPORTED },
        { "libactiv optimizer 1\nlion(lr=1)\nsteps = 2",
          "line 2 of the optimizer's description: unknown optimizer 'lion'", ACTIV_ERROR_FORMAT },
        { "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=0, weight_decay=0.01, amsgrad=0, "
          "maximize=0)\nsteps = 2",
          "line 2 of the optimizer's description: AdamW: eps has to be greater", ACTIV_ERROR_FORMAT },
        { "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, eps=1e-8, weight_decay=0.01, amsgrad=0, maximize=0)\n"
          "steps = 2",
          "line 2 of the optimizer's description: beta2 is missing", ACTIV_ERROR_FORMAT },
        { "libactiv optimizer 1\nadamw(lr=0.001, gamma=0.9)\nsteps = 2", "unknown setting 'gamma'",
          ACTIV_ERROR_FORMAT },
        { ADAMW, "line 3 of the optimizer's description: 'steps = ' expected", ACTIV_ERROR_FORMAT },
        { ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)x",
          "line 4 of the optimizer's description: the end of the line expected at 'x'", ACTIV_ERROR_FORMAT },
        { ADAMW "steps = 2\nlayers.9.bias = group(lr_scale=1, weight_decay=0)",
          "line 4 of the optimizer's description: no tensor is called 'layers.9.bias'", ACTIV_ERROR_FORMAT },
        { ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1)",
          "line 4 of the optimizer's description: weight_decay is missing", ACTIV_ERROR_FORMAT },
        { ADAMW "steps = 2\nlayers.0.bias = group(lr_scale=1, weight_decay=0)\n"
                "layers.0.bias = group(lr_scale=1, weight_decay=0)",
          "line 5 of the optimizer's description: given twice: 'layers.0.bias'", ACTIV_ERROR_FORMAT },
        /* Settings and tensors in any order. */
        { "libactiv optimizer 1\nadamw(beta1=0.9, lr=0.001, maximize=0, beta2=0.999, eps=1e-8, weight_decay=0.01, "
          "amsgrad=0)\nsteps = 2\nlayers.0.bias = group(weight_decay=0, lr_scale=1)\n"
          "layers.0.weight = group(lr_scale=1, weight_decay=0)",
          "", ACTIV_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        message.text[0] = '\0';
        c = (change){ .optimizer = cases[i].optimizer };
        if (load_changed(&c, &message) != cases[i].status || !strstr(message.text, cases[i].says))
            fail_msg("status, or '%s' instead of '%s'", message.text, cases[i].says);
    }
    /* The largest numbers that are allowed. */
    c = (change){ .optimizer = ADAMW "steps = 281474976710656",
                  .random = "libactiv random 1\nseed = 18446744073709551615\nstep = 34359738368" };
    assert_int_equal(load_changed(&c, &message), ACTIV_OK);
}

static void test_mismatches(void **state)
{
    (void)state;
    static const struct {
        activ_status status;
        const char *says;
        change change;
    } cases[] = {
        { ACTIV_OK, "", { .tensor = NULL } },
        { ACTIV_ERROR_FORMAT, "layers.0.bias' is missing", { .tensor = "layers.0.bias", .name = "" } },
        { ACTIV_ERROR_FORMAT,
          "optimizer/exp_avg/layers.0.bias' is missing",
          { .tensor = "optimizer/exp_avg/layers.0.bias", .name = "" } },
        { ACTIV_ERROR_FORMAT,
          "optimizer/exp_avg/layers.0.bias' is missing",
          { .tensor = "optimizer/exp_avg/layers.0.bias", .name = "optimizer/exp_avg/layers.00.bias" } },
        { ACTIV_ERROR_FORMAT,
          "' is not one of the network's",
          { .tensor = "optimizer/exp_avg/layers.0.bias", .name = "optimize/exp_avg/layers.0.bias" } },
        { ACTIV_ERROR_UNSUPPORTED,
          "' is of type F64, not F32",
          { .tensor = "optimizer/exp_avg_sq/layers.0.bias", .dtype = ACTIV_FLOAT64 } },
        { ACTIV_ERROR_SHAPE,
          "has shape (4), but the network's is (3)",
          { .tensor = "optimizer/exp_avg_sq/layers.0.bias", .ndim = 1, .shape = { 4 } } },
        { ACTIV_ERROR_SHAPE,
          "has shape (6), but the network's is (3, 2)",
          { .tensor = "optimizer/exp_avg_sq/layers.0.weight", .ndim = 1, .shape = { 6 } } },
        { ACTIV_ERROR_FORMAT,
          "optimizer/exp_avg/layers.1.bias' is not one of the optimizer's",
          { .extra = "optimizer/exp_avg/layers.1.bias" } },
        { ACTIV_ERROR_FORMAT,
          "optimizer/max_exp_avg_sq/layers.0.bia",
          { .extra = "optimizer/max_exp_avg_sq/layers.0.bias" } },
        { ACTIV_ERROR_FORMAT, "is not one of the optimizer's", { .extra = "optimizer/" } },
        { ACTIV_ERROR_FORMAT, "is not one of the optimizer's", { .extra = "optimizer/exp_avg" } },
        { ACTIV_ERROR_FORMAT, "is not one of the optimizer's", { .extra = "optimizer/exp_avg/" } },
        { ACTIV_ERROR_FORMAT, "is not one of the network's", { .extra = "exp_avg" } },
        /* texts that need other arrays */
        { ACTIV_ERROR_FORMAT,
          "optimizer/max_exp_avg_sq/layers.0.",
          { .optimizer = "libactiv optimizer 1\nadamw(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, "
                         "amsgrad=1, maximize=0)\nsteps = 2" } },
        { ACTIV_ERROR_FORMAT, "is not one of the optimizer's", { .optimizer = SGD "steps = 2" } },
    };
    save_small();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        activ_message message = { "" };
        activ_status status = load_changed(&cases[i].change, &message);
        if (status != cases[i].status || !strstr(message.text, cases[i].says))
            fail_msg("case %zu: status %d, %s", i, (int)status, message.text);
        /* The same state where there is no optimiser: a tensor like others. */
        if (i == 0) {
            change c = { .optimizer = "" };
            activ_graph *g = small_graph(NULL);
            write_changed(&c);
            assert_int_equal(activ_checkpoint_load_params(g, other_path, &message), ACTIV_ERROR_FORMAT);
            assert_non_null(strstr(message.text, "is not one of the network's"));
            activ_graph_destroy(g);
        }
    }
}

/* Each byte of the header, and some of the data, replaced by others: loaded or refused, but never half. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    save_small();
    size_t size;
    char *bytes = read_file(path, &size);
    activ_graph *g = small_graph(NULL);
    size_t refused = 0;
    for (size_t at = 0; at < size; at++) {
        static const char others[] = { 0, '"', '9', '/', (char)0xff };
        for (size_t i = 0; i < sizeof others + 1; i++) {
            char kept = bytes[at];
            size_t length = i < sizeof others ? size : at; /* or cut there */
            if (i < sizeof others)
                bytes[at] = others[i];
            unlink(other_path); /* a file that is overwritten is brought to the disk at once, which takes time */
            FILE *file = fopen(other_path, "wb");
            assert_non_null(file);
            assert_int_equal(fwrite(bytes, 1, length, file), length);
            fclose(file);
            bytes[at] = kept;
            activ_optimizer *o = NULL;
            float before[9];
            memcpy(before, activ_graph_params(g), sizeof before);
            if (activ_checkpoint_load_training(g, other_path, &o, NULL) == ACTIV_OK) {
                assert_non_null(o);
                train_small(g, o);
                activ_optimizer_destroy(o);
                assert_int_equal(activ_graph_init(g, at), ACTIV_OK);
            } else {
                refused++;
                assert_null(o);
                assert_memory_equal(before, activ_graph_params(g), sizeof before);
            }
        }
    }
    assert_true(refused > 2000);
    activ_graph_destroy(g);
    free(bytes);
}

/* ---- calls that cannot work ----------------------------------------------------------------------------- */

static void test_bad_calls(void **state)
{
    (void)state;
    activ_graph *g = small_graph(NULL), *other = small_graph(NULL), *raw = NULL;
    activ_sgd_options options = { .size = sizeof options, .lr = 0.1f };
    activ_optimizer *o = NULL, *none = NULL;
    activ_message message = { "" };
    assert_int_equal(activ_sgd_create(g, &options, &o), ACTIV_OK);
    assert_int_equal(activ_checkpoint_save_training(NULL, o, path, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save_training(g, NULL, path, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save_training(g, o, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_save_training(other, o, path, &message), ACTIV_ERROR_INVALID);
    assert_non_null(strstr(message.text, "another graph's"));
    assert_int_equal(activ_checkpoint_save_training(g, o, "/nowhere/at/all", &message), ACTIV_ERROR_IO);
    save(g, o, path);
    assert_int_equal(activ_checkpoint_load_training(NULL, path, &none, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load_training(g, NULL, &none, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load_training(g, path, NULL, &message), ACTIV_ERROR_INVALID);
    assert_int_equal(activ_checkpoint_load_training(g, "/nowhere/at/all", &none, &message), ACTIV_ERROR_IO);
    assert_int_equal(activ_graph_create(NULL, &raw), ACTIV_OK);
    activ_graph_mse(raw, activ_graph_linear(raw, activ_graph_input(raw, 2), 3));
    assert_int_equal(activ_checkpoint_load_training(raw, path, &none, &message), ACTIV_ERROR_STATE);
    assert_int_equal(activ_graph_compile(raw, 0), ACTIV_OK); /* for predictions: nothing to train */
    assert_int_equal(activ_checkpoint_load_training(raw, path, &none, &message), ACTIV_ERROR_STATE);
    assert_true(activ_graph_params(raw)[0] == 0.0f);
    assert_int_equal(activ_checkpoint_load_params(raw, path, &message), ACTIV_OK);
    assert_null(none);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
    activ_graph_destroy(other);
    activ_graph_destroy(raw);
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    activ_graph *g = zoo_create(NULL, 1, 3);
    activ_optimizer *o = make(g, 3);
    train(g, o, 2);
    save(g, o, path);
    activ_optimizer_destroy(o);
    activ_graph_destroy(g);
    int saved = 0, loaded = 0;
    size_t k = 1;
    for (; !saved || !loaded; k++) {
        test_memory memory = { 0 };
        activ_context *context = test_memory_context(&memory);
        activ_message message = { "" };
        activ_optimizer *again = NULL;
        assert_non_null(context);
        g = zoo_create(context, 1, 99);
        float first = activ_graph_params(g)[0];
        memory.fail_at = memory.calls + k;
        activ_status status = activ_checkpoint_load_training(g, path, &again, &message);
        loaded = status == ACTIV_OK;
        if (!loaded) {
            assert_int_equal(status, ACTIV_ERROR_OUT_OF_MEMORY);
            assert_true(message.text[0] != '\0' && !again);
            assert_true(activ_graph_params(g)[0] == first && activ_graph_seed(g) == 99);
            memory.fail_at = 0;
            again = make(g, 3);
        }
        unlink(other_path);
        memory.fail_at = memory.calls + k;
        status = activ_checkpoint_save_training(g, again, other_path, &message);
        saved = status == ACTIV_OK;
        assert_true(saved || (status == ACTIV_ERROR_OUT_OF_MEMORY && message.text[0] != '\0'));
        assert_int_equal(access(other_path, F_OK) == 0, saved);
        activ_optimizer_destroy(again);
        activ_graph_destroy(g);
        activ_context_destroy(context);
        assert_int_equal(memory.live, 0);
        assert_int_equal(memory.mistakes, 0);
    }
    assert_true(k > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),     cmocka_unit_test(test_network_alone),
        cmocka_unit_test(test_contents),   cmocka_unit_test(test_malformed_texts),
        cmocka_unit_test(test_mismatches), cmocka_unit_test(test_damaged_bytes),
        cmocka_unit_test(test_bad_calls),  cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
