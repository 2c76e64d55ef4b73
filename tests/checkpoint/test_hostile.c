/* Files made to take long: whatever is in it, refusing a file of up to 100 MB takes a second at most, and 16 times its
 * size plus 16 MB of memory; loading one takes no more memory. On a machine that is slow or busy the second is longer.
 *
 * usage: test_hostile [MEGABYTES SECONDS]      the size of the large files, and the time for each (10, 0.3) */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "activ/activ.h"
#include "support/memory.h"

static size_t megabytes = 10;
static double seconds = 0.3;
static char directory[64], path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/activ_hostile_XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/file.safetensors", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

/* ---- a file in the making ---------------------------------------------------------------------- */

typedef struct header {
    char *text;
    size_t length, capacity;
    size_t data; /* bytes behind the header, zeros */
} header;

static header start(void)
{
    header h = { .capacity = megabytes * 1000000 + (1u << 16) };
    h.text = malloc(h.capacity);
    assert_non_null(h.text);
    return h;
}

static int has_room(const header *h)
{
    return h->length < megabytes * 1000000 - 1000;
}

static void add(header *h, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(h->text + h->length, h->capacity - h->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < h->capacity - h->length);
    h->length += (size_t)length;
}

static void add_many(header *h, char c, size_t count)
{
    assert_true(count < h->capacity - h->length);
    memset(h->text + h->length, c, count);
    h->length += count;
}

static size_t room(const header *h)
{
    return has_room(h) ? megabytes * 1000000 - 1000 - h->length : 0;
}

/* Writes and frees it; the file's size. */
static size_t finish(header *h)
{
    assert_true(h->length <= 100000000);
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)((uint64_t)h->length >> (8 * i));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(prefix, 1, sizeof prefix, file), sizeof prefix);
    assert_int_equal(fwrite(h->text, 1, h->length, file), h->length);
    static const char zeros[1 << 16];
    for (size_t left = h->data; left > 0;) {
        size_t count = left < sizeof zeros ? left : sizeof zeros;
        assert_int_equal(fwrite(zeros, 1, count, file), count);
        left -= count;
    }
    assert_int_equal(fclose(file), 0);
    free(h->text);
    return sizeof prefix + h->length + h->data;
}

/* ---- loading it -------------------------------------------------------------------------------- */

static size_t wrong;
static size_t formulas; /* in the file */

/* How much longer this machine takes at the moment than a usual one for what reading a file mostly is: new memory and a
 * look at each byte. */
static double slowness(void)
{
    enum { SIZE = 32000000 };
    const double usual = 0.1;
    const clock_t before = clock();
    unsigned char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        fail_msg("out of memory");
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 >> 3);
    uint64_t hash = 0;
    for (size_t i = 0; i < SIZE; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x9e3779b97f4a7c15);
    assert_int_not_equal(hash, 0);
    munmap(bytes, SIZE);
    const double time = (double)(clock() - before) / CLOCKS_PER_SEC;
    return time > usual ? time / usual : 1.0;
}

static void report(const char *what, size_t size, double time, const test_memory *memory, const activ_message *message)
{
    const size_t most = 16 * size + 16000000 + 10000 * formulas;
    const int is_slow = time > seconds && time > seconds * slowness();
    const int is_wrong = is_slow || memory->peak_bytes > most || memory->live > 0 || memory->mistakes > 0;
    wrong += (size_t)is_wrong;
    print_message("%s%-24s %6.1f MB: %6.3f s, %6.1f MB; %s\n", is_wrong ? "WRONG: " : "", what, (double)size / 1e6,
                  time, (double)memory->peak_bytes / 1e6, message->text);
}

/* As a network; it has to be refused with a message that holds `expected`, or (NULL) loaded. */
static void load(const char *what, header *h, const char *expected)
{
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    const size_t size = finish(h);
    activ_message message = { "" };
    activ_graph *g = NULL;
    const clock_t before = clock();
    activ_status status = activ_checkpoint_load(context, path, 1, &g, &message);
    const double time = (double)(clock() - before) / CLOCKS_PER_SEC;
    activ_graph_destroy(g);
    activ_context_destroy(context);
    if (!expected && status != ACTIV_OK)
        fail_msg("%s: %s", what, message.text);
    if (expected && (status == ACTIV_OK || !strstr(message.text, expected)))
        fail_msg("%s: '%s', not '%s'", what, message.text, expected);
    report(what, size, time, &memory, &message);
}

/* As the training of a linear layer with three inputs and two outputs. */
static void load_training(const char *what, header *h, const char *expected)
{
    test_memory memory = { 0 };
    activ_context *context = test_memory_context(&memory);
    assert_non_null(context);
    activ_graph *g = NULL;
    assert_int_equal(activ_graph_create(context, &g), ACTIV_OK);
    activ_graph_mse(g, activ_graph_linear(g, activ_graph_input(g, 3), 2));
    assert_int_equal(activ_graph_compile(g, 1), ACTIV_OK);
    const size_t size = finish(h);
    activ_message message = { "" };
    activ_optimizer *optimizer = NULL;
    const clock_t before = clock();
    activ_status status = activ_checkpoint_load_training(g, path, &optimizer, &message);
    const double time = (double)(clock() - before) / CLOCKS_PER_SEC;
    activ_optimizer_destroy(optimizer);
    activ_graph_destroy(g);
    activ_context_destroy(context);
    if (status == ACTIV_OK || !strstr(message.text, expected))
        fail_msg("%s: '%s', not '%s'", what, message.text, expected);
    report(what, size, time, &memory, &message);
}

/* ---- descriptions -------------------------------------------------------------------------------- */

enum { LINES = 4090 };

static void start_description(header *h)
{
    add(h, "{\"__metadata__\":{\"activ.network\":\"libactiv network 2\\ninput = input(3)");
}

/* Ends it, with a tensor of this name and `count` values. */
static void end_description(header *h, const char *tensor, size_t count)
{
    add(h, "\"}");
    if (tensor) {
        add(h, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}", tensor, count, 4 * count);
        h->data = 4 * count;
    }
    add(h, "}");
}

/* Parameters that the file does not have. */
static void test_functions(void **state)
{
    (void)state;
    header h = start();
    start_description(&h);
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nn%d = activation(input, fn=\\\"staf(tau=65536)\\\")", i);
    end_description(&h, NULL, 0);
    load("parameters", &h, "more parameters than there are values");

    /* As many as it has values, but others. */
    h = start();
    start_description(&h);
    const size_t values = megabytes * 1000000 / 4, each = 3 * 65536;
    for (size_t i = 0; (i + 1) * each < values; i++)
        add(&h, "\\nn%zu = activation(input, fn=\\\"staf(tau=65536)\\\")", i);
    end_description(&h, "x", values);
    load("other parameters", &h, "is missing");

    /* Of two bytes there are twice as many. */
    static const char *const types[] = { "F16", "BF16", "I16", "F64" };
    for (size_t t = 0; t < 4; t++) {
        h = start();
        start_description(&h);
        for (size_t i = 0; (i + 1) * each < (t < 2 ? 2 : 1) * values; i++)
            add(&h, "\\nn%zu = activation(input, fn=\\\"staf(tau=65536)\\\")", i);
        add(&h, "\"},\"x\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", types[t],
            4 * values / (t == 3 ? 8 : 2), 4 * values);
        h.data = 4 * values;
        load(types[t], &h, "is missing");

        h = start();
        start_description(&h);
        for (size_t i = 0; i * each < (t < 2 ? 2 : 1) * values; i++)
            add(&h, "\\nn%zu = activation(input, fn=\\\"staf(tau=65536)\\\")", i);
        add(&h, "\"},\"x\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", types[t],
            4 * values / (t == 3 ? 8 : 2), 4 * values);
        h.data = 4 * values;
        load(types[t], &h, "more parameters than there are values");
    }

    h = start();
    start_description(&h);
    for (size_t i = 0; (i + 1) * each < values; i++)
        add(&h, "\\nn%zu = gated(input, input, fn=\\\"gated(staf(tau=65536))\\\")", i);
    end_description(&h, "x", values);
    load("gates' parameters", &h, "is missing");

    /* Once, and shared by all. */
    h = start();
    start_description(&h);
    add(&h, "\\na = activation(input, fn=\\\"staf(tau=65536)\\\")");
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nn%d = activation(a, share=a)", i);
    add(&h, "\"},\"a.C\":{\"dtype\":\"F32\",\"shape\":[65536],\"data_offsets\":[0,262144]},"
            "\"a.Omega\":{\"dtype\":\"F32\",\"shape\":[65536],\"data_offsets\":[262144,524288]},"
            "\"a.Phi\":{\"dtype\":\"F32\",\"shape\":[65536],\"data_offsets\":[524288,786432]}}");
    h.data = 786432;
    load("shared parameters", &h, NULL);

    /* In two bytes each, it takes twice the memory for the file's size. */
    h = start();
    start_description(&h);
    add(&h, "\\na = activation(input, fn=\\\"staf(tau=65536)\\\")");
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nn%d = activation(a, share=a)", i);
    add(&h, "\"},\"a.C\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]},"
            "\"a.Omega\":{\"dtype\":\"BF16\",\"shape\":[65536],\"data_offsets\":[131072,262144]},"
            "\"a.Phi\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[262144,393216]}}");
    h.data = 393216;
    load("shared halves", &h, NULL);
}

/* Formulas that take long to make, each below the limits of one. */
static void test_formulas(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "sum(i,1,4096,sum(j,1,8,0))+x+%d",
        "let s = sum(j,1,256,c[j]); sum(k,1,50,celu(k*x, alpha=s)*celu(x-k,alpha=s))+%d; c[256]=0.01",
        "sum(k,1,100,c[k]*sin(k*x))+%d; c[100]=0.1",
        "derivative(derivative(derivative(staf(tau=16))))",
    };
    const double usual = seconds;
    formulas = LINES;
    seconds = seconds < 1.0 ? 1.0 : seconds; /* whatever the size of the file */
    for (size_t f = 0; f < sizeof texts / sizeof texts[0]; f++) {
        header h = start();
        char formula[200];
        start_description(&h);
        for (int i = 0; i < LINES; i++) {
            snprintf(formula, sizeof formula, texts[f], i);
            add(&h, "\\nn%d = activation(input, fn=\\\"%s\\\")", i, formula);
        }
        end_description(&h, "x", 2000000);
        load("formulas", &h, "the formulas of the layers take too long to make");
    }
    /* As many as there can be, of a usual one. */
    header h = start();
    start_description(&h);
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nn%d = activation(input, fn=\\\"0.5*(silu(x) + gelu(x))*x^%d\\\")", i, i % 9);
    end_description(&h, NULL, 0);
    load("usual formulas", &h, NULL);
    seconds = usual;
    formulas = 0;
}

/* A network of many layers, or of layers with many inputs. */
static void test_layers(void **state)
{
    (void)state;
    header h = start();
    start_description(&h);
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nlayers.%d = linear(%s, out_features=3)", i, "input");
    for (int i = 0; i < LINES; i++)
        add(&h,
            "%s\"layers.%d.weight\":{\"dtype\":\"F32\",\"shape\":[3,3],\"data_offsets\":[%d,%d]},\"layers.%d.bias\":"
            "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[%d,%d]}",
            i ? "," : "\"},", LINES - 1 - i, 48 * i, 48 * i + 36, LINES - 1 - i, 48 * i + 36, 48 * i + 48);
    add(&h, "}");
    h.data = (size_t)48 * LINES;
    load("an honest network", &h, NULL);

    /* The names that layers would have by default are taken. */
    h = start();
    start_description(&h);
    for (int i = 0; i < LINES; i++)
        add(&h, "\\nlayers.%d_%d = add(input, input)", LINES - 1, i + 1);
    add(&h, "\\nlayers.%d = add(input, input)", LINES - 1);
    end_description(&h, "x", 1);
    load("taken names", &h, "not one of the network's");

    h = start();
    start_description(&h);
    add(&h, "\\nn0 = add(input, input)");
    for (int i = 1; i < LINES; i++) {
        add(&h, "\\nn%d = concat(input", i);
        for (int k = 0; k < 250; k++)
            add(&h, ", n%d", k % 2 != 0 && i > 1);
        add(&h, ", axis=0)");
    }
    end_description(&h, "x", 1);
    load("a million inputs", &h, "not one of the network's");

    h = start();
    start_description(&h);
    add(&h, "\\nn = concat(input");
    while (has_room(&h))
        add(&h, ",input");
    add(&h, ")");
    end_description(&h, "x", 1);
    load("a layer of inputs", &h, "line 3");

    h = start();
    start_description(&h);
    add(&h, "\\nn = concat(");
    add_many(&h, ',', room(&h));
    end_description(&h, "x", 1);
    load("commas", &h, "line 3");
}

/* One long token. */
static void test_long(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        char repeated;
        const char *after;
    } all[] = {
        { "\\nn = linear(input, out_features=3", '3', ")" },
        { "\\nn = linear(input, out_features=0.", '0', ")" },
        { "\\nn = layer_norm(input, axis=0, eps=1e-", '9', ")" },
        { "\\nn = layer_norm(input, axis=0, eps=0.", '7', ")" },
        { "\\nn = activation(input, fn=\\\"gelu", 'u', "\\\")" },
        { "\\nn = activation(input, fn=\\\"prelu(weight=0.", '7', "x)\\\")" },
        { "\\nn = activation(input, fn=\\\"gated", '(', "\\\")" },
        { "\\nn = activation(input, fn=\\\"relu ", ' ', "\\\")" },
        { "\\nn = activation(input, fn=\\\"relu(", ',', ")\\\")" },
        { "\\nn = activation(input, fn=", '(', ")" },
        { "\\nn = activation(input, fn=", '[', ")" },
        { "\\nn = activation(input, ", '=', ")" },
        { "\\nn = activation(", 'x', ")" },
        { "\\nn = ", 'x', "(n)" },
        { "\\n", 'x', " = add(n)" },
        { "\\n", '.', " = add(n)" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        header h = start();
        start_description(&h);
        add(&h, "%s", all[i].before);
        add_many(&h, all[i].repeated, room(&h));
        add(&h, "%s", all[i].after);
        end_description(&h, "x", 1);
        char what[32];
        snprintf(what, sizeof what, "a long token, %zu", i);
        load(what, &h, ".safetensors: ");
    }
    header h = start();
    start_description(&h);
    while (has_room(&h))
        add(&h, "\\n");
    end_description(&h, "x", 1);
    load("empty lines", &h, "line 3");
    h = start();
    start_description(&h);
    add(&h, "\\nn = activation(input, fn=\\\"rrelu(");
    while (has_room(&h))
        add(&h, "lower=0.1, ");
    add(&h, ")\\\")");
    end_description(&h, "x", 1);
    load("repeated settings", &h, "too long");
}

/* ---- metadata ------------------------------------------------------------------------------------ */

static void test_metadata(void **state)
{
    (void)state;
    /* The keys' lengths: few bytes, then the same eight, then many. */
    static const int lengths[] = { 4, 12, 40, 1000 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        header h = start();
        add(&h, "{\"__metadata__\":{\"a\":\"\"");
        for (unsigned k = 0; has_room(&h) && (i == 0 || k + 2 < 1u << 19); k++)
            add(&h, ",\"%0*x\":\"\"", lengths[i], k * 2654435761u >> (lengths[i] == 4 ? 12 : 0));
        add(&h, "}}");
        char what[32];
        snprintf(what, sizeof what, "keys of %d bytes", lengths[i]);
        load(what, &h, "");
    }
    /* Two keys that differ at their end. */
    header h = start();
    add(&h, "{\"__metadata__\":{\"");
    add_many(&h, 'k', room(&h) / 2);
    add(&h, "\":\"\",\"");
    add_many(&h, 'k', room(&h));
    add(&h, "\":\"\"}}");
    load("two long keys", &h, "activ.network");
    /* Keys, each one byte longer than the one before. */
    h = start();
    add(&h, "{\"__metadata__\":{\"a\":\"\"");
    for (size_t k = 1; room(&h) > 2 * k; k++) {
        add(&h, ",\"");
        add_many(&h, 'k', k);
        add(&h, "\":\"\"");
    }
    add(&h, "}}");
    load("growing keys", &h, "activ.network");
    h = start();
    add(&h, "{\"__metadata__\":{\"activ.network\":\"");
    while (has_room(&h))
        add(&h, "\\u00e9");
    add(&h, "\"}}");
    load("escapes", &h, "line 1");
    h = start();
    add(&h, "{");
    add_many(&h, ' ', room(&h));
    add(&h, "}");
    load("blanks", &h, "activ.network");
    h = start();
    add(&h, "{\"__metadata__\":");
    add_many(&h, '[', room(&h));
    load("brackets", &h, "expected '{'");
}

/* ---- tensors ------------------------------------------------------------------------------------- */

static void test_tensors(void **state)
{
    (void)state;
    static const int lengths[] = { 1, 24 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (int reversed = 0; reversed < 2; reversed++) {
            header h = start();
            add(&h, "{\"__metadata__\":{\"activ.network\":\"libactiv network 2\\ninput = input(3)\\nn = add(input, "
                    "input)\"}");
            const size_t fit = room(&h) / (size_t)(70 + lengths[i]);
            const unsigned count = fit < 1u << 19 ? (unsigned)fit : 1u << 19;
            for (unsigned k = 0; k < count; k++) {
                const unsigned at = reversed ? count - 1 - k : k;
                if (reversed || lengths[i] == 1)
                    add(&h, ",\"%0*x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,%u]}", lengths[i], k, at,
                        at + 1);
                else
                    add(&h, ",\"%0*x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", lengths[i], k);
            }
            add(&h, "}");
            h.data = reversed || lengths[i] == 1 ? count : 0;
            char what[32];
            snprintf(what, sizeof what, "names of %d bytes%s", lengths[i], reversed ? ", reversed" : "");
            load(what, &h, "");
        }
    /* Those of an optimiser are skipped. */
    header h = start();
    add(&h, "{\"__metadata__\":{\"activ.optimizer\":\"x\",\"activ.network\":\"libactiv network 2\\ninput = input(3)");
    for (int i = 0; i < 1000; i++)
        add(&h, "\\nn%d = batch_norm(input, eps=1e-5, momentum=0.1)", i);
    add(&h, "\"}");
    size_t at = 0;
    for (unsigned k = 0; room(&h) > 500000 && k < (1u << 19) - 5000; k++)
        add(&h, ",\"optimizer/%x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", k);
    static const char *const roles[] = { "weight", "bias", "running_mean", "running_var" };
    for (int i = 0; i < 1000; i++)
        for (size_t r = 0; r < 4; r++, at += 12)
            add(&h, ",\"n%d.%s\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[%zu,%zu]}", i, roles[r], at,
                at + 12);
    add(&h, "}");
    h.data = at;
    load("an optimiser's tensors", &h, NULL);
    h = start();
    add(&h, "{\"x\":{\"dtype\":\"F32\",\"shape\":[");
    while (has_room(&h))
        add(&h, "1,");
    add(&h, "1],\"data_offsets\":[0,4]}}");
    h.data = 4;
    load("dimensions", &h, "dimensions");
    h = start();
    add(&h, "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4");
    add_many(&h, '0', room(&h));
    add(&h, "]}}");
    load("an offset", &h, "too large");
    h = start();
    start_description(&h);
    add(&h, "\\nn = add(input, input)");
    end_description(&h, "x", megabytes * 1000000 / 4);
    load("a large tensor", &h, "not one of the network's");
}

#define TENSORS                                                                        \
    ",\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}" \
    ",\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}"

/* ---- training ---------------------------------------------------------------------------------- */

static void test_training(void **state)
{
    (void)state;
    static const char sgd[] = "libactiv optimizer 1\\nsgd(lr=0.1, momentum=0, dampening=0, weight_decay=0, nesterov=0, "
                              "maximize=0)\\nsteps = 1";
    static const struct {
        const char *optimizer, *repeated, *expected;
    } all[] = {
        { sgd, "\\nlayers.0.weight = group(lr_scale=1, weight_decay=0)", "given twice" },
        { sgd, "0", "2^48" },
        { sgd, "\\n", "line 4" },
        { sgd, "\\nx", "no tensor is called" },
        { "libactiv optimizer 1\\nsgd(lr=0.", "1", "line 2" },
        { "libactiv optimizer ", "1", "libactiv optimizer 1" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        header h = start();
        add(&h,
            "{\"__metadata__\":{\"activ.random\":\"libactiv random 1\\nseed = 1\\nstep = 1\",\"activ.optimizer\":\"%s",
            all[i].optimizer);
        while (has_room(&h))
            add(&h, "%s", all[i].repeated);
        add(&h, "\"}" TENSORS);
        h.data = 32;
        char what[32];
        snprintf(what, sizeof what, "an optimiser, %zu", i);
        load_training(what, &h, all[i].expected);
    }
    header h = start();
    add(&h, "{\"__metadata__\":{\"activ.optimizer\":\"%s\",\"activ.random\":\"libactiv random 1\\nseed = ", sgd);
    add_many(&h, '1', room(&h));
    add(&h, "\"}" TENSORS);
    h.data = 32;
    load_training("a counter", &h, "malformed");
}

static void test_none_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        megabytes = strtoul(argv[1], NULL, 10);
        seconds = strtod(argv[2], NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions), cmocka_unit_test(test_formulas),      cmocka_unit_test(test_layers),
        cmocka_unit_test(test_long),      cmocka_unit_test(test_metadata),      cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_training),  cmocka_unit_test(test_none_is_wrong),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
