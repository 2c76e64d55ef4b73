/* fashion_mnist_predict: what a trained network says to images; arrays from and for NumPy. */
#include <stdio.h>
#include <stdlib.h>

#include <activ/activ.h>

#include "common/arguments.h"
#include "common/data.h"
#include "common/message.h"
#include "common/network.h"
#include "common/npy.h"
#include "common/study.h"

#define PROGRAM "fashion_mnist_predict"

struct settings {
    const char *data;
    const char *network;
    const char *images;
    const char *save;
    const char *save_images;
};

static enum parse_result parse(struct settings *settings, int argc, char **argv)
{
    const struct option options[] = {
        { "--network", "FILE", OPTION_TEXT, &settings->network, 0, 0,
          "what fashion_mnist_train --save wrote (default results/train.safetensors)" },
        { "--images", "FILE", OPTION_TEXT, &settings->images, 0, 0,
          ".npy with N x 784 or N x 28 x 28 values: of uint8, which become (p/255 - 0.5)/0.5 as\n"
          "in training; or of float32 or float64, which are taken as they are\n"
          "(default: the test images, whose classes are known)" },
        { "--data", "DIR", OPTION_TEXT, &settings->data, 0, 0,
          "folder of the IDX files, for these (default " FASHION_MNIST_FOLDER ")" },
        { "--save", "FILE", OPTION_TEXT, &settings->save, 0, 0, "write the logits there: .npy, N x 10 of float32" },
        { "--save-images", "FILE", OPTION_TEXT, &settings->save_images, 0, 0,
          "write there what the network got: .npy, N x 784 of float32" },
    };
    const struct program program = {
        PROGRAM,
        "Sends images through a trained network, counts how many it takes for which class, and\n"
        "how many of the test images it gets right. With --save and --save-images another\n"
        "program can do the same and compare: numpy.load reads both.",
        options,
        sizeof options / sizeof options[0],
    };
    return arguments_parse(&program, argc, argv);
}

/* Images as the network takes them, and their classes if they are known. */
struct images {
    size_t count;
    float *x;
    int32_t *labels; /* NULL */
};

static activ_status allocate(struct images *images, size_t count, activ_message *message)
{
    images->count = count;
    images->x = calloc(count, IMAGE_PIXELS * sizeof *images->x);
    if (images->x != NULL)
        return ACTIV_OK;
    message_set(message, "out of memory");
    return ACTIV_ERROR_OUT_OF_MEMORY;
}

static activ_status read_array(const char *path, struct images *images, activ_message *message)
{
    activ_tensor *array = NULL;
    activ_status status = npy_read(path, &array, message);
    if (status != ACTIV_OK)
        return status;
    const size_t ndim = activ_tensor_ndim(array), *shape = activ_tensor_shape(array);
    const activ_dtype dtype = activ_tensor_dtype(array);
    if (!(ndim == 2 && shape[1] == IMAGE_PIXELS) && !(ndim == 3 && shape[1] == IMAGE_SIDE && shape[2] == IMAGE_SIDE)) {
        message_set(message, "%s: its shape is neither N x 784 nor N x 28 x 28", path);
        status = ACTIV_ERROR_SHAPE;
    } else if (shape[0] == 0) {
        message_set(message, "%s: no images", path);
        status = ACTIV_ERROR_SHAPE;
    } else if (dtype != ACTIV_UINT8 && dtype != ACTIV_FLOAT32 && dtype != ACTIV_FLOAT64) {
        message_set(message, "%s: its elements are neither uint8, nor float32, nor float64", path);
        status = ACTIV_ERROR_UNSUPPORTED;
    }
    if (status == ACTIV_OK)
        status = allocate(images, shape[0], message);
    const void *data = activ_tensor_const_data(array);
    if (status == ACTIV_OK && dtype == ACTIV_UINT8) {
        const struct dataset bytes = { shape[0], activ_tensor_data(array), NULL };
        dataset_batch(&bytes, NULL, 0, images->count, images->x, NULL);
    }
    for (size_t i = 0; status == ACTIV_OK && dtype != ACTIV_UINT8 && i < images->count * IMAGE_PIXELS; i++)
        images->x[i] = dtype == ACTIV_FLOAT32 ? ((const float *)data)[i] : (float)((const double *)data)[i];
    activ_tensor_destroy(array);
    return status;
}

static activ_status read_test_images(const char *folder, struct images *images, activ_message *message)
{
    struct fashion_mnist data;
    activ_status status = fashion_mnist_load(folder, &data, message);
    if (status != ACTIV_OK)
        return status;
    status = allocate(images, data.test.count, message);
    images->labels = malloc(data.test.count * sizeof *images->labels);
    if (status == ACTIV_OK && images->labels == NULL)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK)
        dataset_batch(&data.test, NULL, 0, images->count, images->x, images->labels);
    fashion_mnist_free(&data);
    return status;
}

/* logits: images x classes. */
static activ_status predict(const activ_graph *graph, const struct images *images, float *logits,
                            activ_message *message)
{
    const size_t bytes = activ_graph_workspace_bytes(graph, 128);
    void *workspace = malloc(bytes);
    activ_status status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (workspace != NULL)
        status = activ_graph_predict_ex(graph, workspace, bytes, images->count, images->x, logits, message);
    else
        message_set(message, "out of memory");
    free(workspace);
    return status;
}

static void report(const struct images *images, const float *logits)
{
    size_t chosen[IMAGE_CLASSES] = { 0 }, right = 0;
    for (size_t i = 0; i < images->count; i++) {
        const float *row = logits + i * IMAGE_CLASSES;
        size_t best = 0;
        for (size_t c = 1; c < IMAGE_CLASSES; c++)
            if (row[c] > row[best])
                best = c;
        chosen[best]++;
        right += images->labels != NULL && (size_t)images->labels[i] == best;
    }
    printf("%zu images; taken for class", images->count);
    for (size_t c = 0; c < IMAGE_CLASSES; c++)
        printf("%s%zu: %zu", c == 0 ? " " : ", ", c, chosen[c]);
    printf("\n");
    if (images->labels != NULL)
        printf("test accuracy %.2f %%\n", 100.0 * (double)right / (double)images->count);
}

static activ_status save(const char *path, size_t rows, size_t columns, float *values, activ_message *message)
{
    const size_t shape[2] = { rows, columns };
    activ_tensor *tensor = NULL;
    activ_status status = activ_tensor_view(NULL, ACTIV_FLOAT32, 2, shape, NULL, values, &tensor, message);
    if (status == ACTIV_OK)
        status = npy_write(path, tensor, message);
    activ_tensor_destroy(tensor);
    if (status == ACTIV_OK)
        printf("Wrote %s\n", path);
    return status;
}

static activ_status run(const struct settings *settings, activ_message *message)
{
    struct images images = { 0, NULL, NULL };
    activ_graph *graph = NULL;
    float *logits = NULL;
    activ_status status = network_load(NULL, settings->network, 0, &graph, message);
    if (status == ACTIV_OK)
        status = settings->images != NULL ? read_array(settings->images, &images, message)
                                          : read_test_images(settings->data, &images, message);
    if (status == ACTIV_OK) {
        logits = calloc(images.count, IMAGE_CLASSES * sizeof *logits);
        if (logits == NULL)
            status = ACTIV_ERROR_OUT_OF_MEMORY;
    }
    if (status == ACTIV_OK)
        status = predict(graph, &images, logits, message);
    if (status == ACTIV_OK)
        report(&images, logits);
    if (status == ACTIV_OK && settings->save != NULL)
        status = save(settings->save, images.count, IMAGE_CLASSES, logits, message);
    if (status == ACTIV_OK && settings->save_images != NULL)
        status = save(settings->save_images, images.count, IMAGE_PIXELS, images.x, message);
    activ_graph_destroy(graph);
    free(images.x);
    free(images.labels);
    free(logits);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = { .data = FASHION_MNIST_FOLDER, .network = "results/train.safetensors" };
    const enum parse_result parsed = parse(&settings, argc, argv);
    if (parsed != PARSE_RUN)
        return parse_exit_code(parsed);
    activ_message message = { "" };
    const activ_status status = run(&settings, &message);
    if (status != ACTIV_OK)
        return fail(PROGRAM, "%s", message.text[0] ? message.text : activ_status_string(status));
    return finish_output(PROGRAM);
}
