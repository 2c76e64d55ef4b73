/* The FashionMNIST files: see data.h. */
#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "message.h"

/* ---- IDX ---- */

static size_t element_size(int type)
{
    switch (type) {
    case IDX_U8:
    case IDX_I8:
        return 1;
    case IDX_I16:
        return 2;
    case IDX_I32:
    case IDX_F32:
        return 4;
    case IDX_F64:
        return 8;
    default:
        return 0;
    }
}

/* Reads up to `wanted` bytes; *got is less only at a regular end of the file. */
static activ_status read_some(gzFile file, const char *path, void *to, size_t wanted, size_t *got,
                              activ_message *message)
{
    unsigned char *out = to;
    *got = 0;
    while (*got < wanted) {
        size_t step = wanted - *got < (1u << 20) ? wanted - *got : (1u << 20);
        errno = 0;
        int count = gzread(file, out + *got, (unsigned)step);
        if (count > 0)
            *got += (size_t)count;
        if (count == (int)step)
            continue;
        int code;
        int system_error = errno;
        const char *text = gzerror(file, &code);
        if (code == Z_OK)
            break;
        if (code == Z_ERRNO) {
            message_set(message, "%s: cannot be read: %s", path, strerror(system_error));
            return ACTIV_ERROR_IO;
        }
        if (code == Z_MEM_ERROR) {
            message_set(message, "%s: out of memory", path);
            return ACTIV_ERROR_OUT_OF_MEMORY;
        }
        /* zlib's message begins with the path. */
        size_t prefix = strlen(path);
        if (strncmp(text, path, prefix) == 0 && strncmp(text + prefix, ": ", 2) == 0)
            text += prefix + 2;
        message_set(message, "%s: the gzip data is damaged or cut off: %s", path, text);
        return ACTIV_ERROR_FORMAT;
    }
    return ACTIV_OK;
}

static activ_status read_header(gzFile file, const char *path, struct idx_array *array, activ_message *message)
{
    unsigned char magic[4];
    size_t got;
    activ_status status = read_some(file, path, magic, sizeof magic, &got, message);
    if (status != ACTIV_OK)
        return status;
    if (got == 0) {
        message_set(message, "%s: the file is empty", path);
        return ACTIV_ERROR_FORMAT;
    }
    if (got >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        message_set(message, "%s: holds gzip data inside of gzip data, not IDX: unpack it once", path);
        return ACTIV_ERROR_FORMAT;
    }
    if (got < sizeof magic) {
        message_set(message, "%s: ends after %zu of the 4 bytes of an IDX magic number", path, got);
        return ACTIV_ERROR_FORMAT;
    }
    if (magic[0] != 0 || magic[1] != 0) {
        message_set(message, "%s: is not an IDX file: it begins with bytes %02x %02x instead of 00 00", path, magic[0],
                    magic[1]);
        return ACTIV_ERROR_FORMAT;
    }
    array->type = magic[2];
    array->element_size = element_size(array->type);
    array->ndim = magic[3];
    if (array->element_size == 0) {
        message_set(message, "%s: unknown IDX element type 0x%02x", path, magic[2]);
        return ACTIV_ERROR_FORMAT;
    }
    if (array->ndim == 0 || array->ndim > IDX_MAX_DIMS) {
        message_set(message, "%s: has %zu dimensions; 1 to %d are allowed", path, array->ndim, IDX_MAX_DIMS);
        return ACTIV_ERROR_FORMAT;
    }

    unsigned char sizes[4 * IDX_MAX_DIMS];
    status = read_some(file, path, sizes, 4 * array->ndim, &got, message);
    if (status != ACTIV_OK)
        return status;
    if (got < 4 * array->ndim) {
        message_set(message, "%s: ends inside of its sizes: %zu of %zu bytes", path, got, 4 * array->ndim);
        return ACTIV_ERROR_FORMAT;
    }
    array->bytes = array->element_size;
    for (size_t i = 0; i < array->ndim; i++) {
        const unsigned char *b = sizes + 4 * i;
        size_t size = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        array->sizes[i] = size;
        if (size != 0 && array->bytes > SIZE_MAX / size) {
            message_set(message, "%s: the product of its sizes overflows", path);
            return ACTIV_ERROR_RANGE;
        }
        array->bytes *= size;
    }
    return ACTIV_OK;
}

/* A header may claim terabytes: the buffer grows with what is read. */
static activ_status read_elements(gzFile file, const char *path, struct idx_array *array, activ_message *message)
{
    size_t done = 0;
    size_t capacity = 0;
    do {
        size_t increment = capacity == 0 ? 1u << 20 : capacity;
        capacity = array->bytes - capacity > increment ? capacity + increment : array->bytes;
        unsigned char *data = realloc(array->data, capacity > 0 ? capacity : 1);
        if (data == NULL) {
            message_set(message, "%s: out of memory for %zu bytes", path, capacity);
            return ACTIV_ERROR_OUT_OF_MEMORY;
        }
        array->data = data;
        size_t got;
        activ_status status = read_some(file, path, data + done, capacity - done, &got, message);
        if (status != ACTIV_OK)
            return status;
        done += got;
        if (done < capacity) {
            message_set(message, "%s: ends after %zu of the %zu bytes of data that its sizes promise", path, done,
                        array->bytes);
            return ACTIV_ERROR_FORMAT;
        }
    } while (capacity < array->bytes);

    /* Reading to the end also makes zlib verify its checksum. */
    unsigned char extra;
    size_t got;
    activ_status status = read_some(file, path, &extra, 1, &got, message);
    if (status == ACTIV_OK && got != 0) {
        message_set(message, "%s: has more data than the %zu bytes that its sizes promise", path, array->bytes);
        return ACTIV_ERROR_FORMAT;
    }
    return status;
}

activ_status idx_read(const char *path, struct idx_array *out, activ_message *message)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        message_set(message, "%s: cannot be opened: %s", path, strerror(errno));
        return ACTIV_ERROR_IO;
    }
    if (S_ISDIR(about.st_mode)) {
        message_set(message, "%s: is a folder, not a file", path);
        return ACTIV_ERROR_IO;
    }
    errno = 0;
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        int error = errno != 0 ? errno : ENOMEM;
        message_set(message, "%s: cannot be opened: %s", path, strerror(error));
        return error == ENOMEM ? ACTIV_ERROR_OUT_OF_MEMORY : ACTIV_ERROR_IO;
    }
    (void)gzbuffer(file, 1u << 17);
    struct idx_array array = { 0 };
    activ_status status = read_header(file, path, &array, message);
    if (status == ACTIV_OK)
        status = read_elements(file, path, &array, message);
    (void)gzclose(file);
    if (status != ACTIV_OK) {
        idx_free(&array);
        return status;
    }
    *out = array;
    return ACTIV_OK;
}

void idx_free(struct idx_array *array)
{
    free(array->data);
    array->data = NULL;
}

/* ---- a data set ---- */

static activ_status check_images(const char *path, const struct idx_array *images, activ_message *message)
{
    if (images->type != IDX_U8 || images->ndim != 3) {
        message_set(message, "%s: magic number 0x%02x%02zx instead of 0x0803 (images: bytes, 3 dimensions)", path,
                    (unsigned)images->type, images->ndim);
        return ACTIV_ERROR_FORMAT;
    }
    if (images->sizes[1] != IMAGE_SIDE || images->sizes[2] != IMAGE_SIDE) {
        message_set(message, "%s: images of %zux%zu pixels; %dx%d expected", path, images->sizes[1], images->sizes[2],
                    IMAGE_SIDE, IMAGE_SIDE);
        return ACTIV_ERROR_SHAPE;
    }
    if (images->sizes[0] == 0) {
        message_set(message, "%s: holds no image", path);
        return ACTIV_ERROR_FORMAT;
    }
    return ACTIV_OK;
}

static activ_status check_labels(const char *path, const struct idx_array *labels, const char *images_path,
                                 size_t images, activ_message *message)
{
    if (labels->type != IDX_U8 || labels->ndim != 1) {
        message_set(message, "%s: magic number 0x%02x%02zx instead of 0x0801 (labels: bytes, 1 dimension)", path,
                    (unsigned)labels->type, labels->ndim);
        return ACTIV_ERROR_FORMAT;
    }
    if (labels->sizes[0] != images) {
        message_set(message, "%s: %zu labels for the %zu images of %s", path, labels->sizes[0], images, images_path);
        return ACTIV_ERROR_FORMAT;
    }
    for (size_t i = 0; i < images; i++) {
        if (labels->data[i] >= IMAGE_CLASSES) {
            message_set(message, "%s: label number %zu is %u; classes are 0 to %d", path, i, (unsigned)labels->data[i],
                        IMAGE_CLASSES - 1);
            return ACTIV_ERROR_RANGE;
        }
    }
    return ACTIV_OK;
}

activ_status dataset_read(const char *images_path, const char *labels_path, struct dataset *out, activ_message *message)
{
    struct idx_array images = { 0 };
    struct idx_array labels = { 0 };
    int32_t *numbers = NULL;
    activ_status status = idx_read(images_path, &images, message);
    if (status == ACTIV_OK)
        status = check_images(images_path, &images, message);
    if (status == ACTIV_OK)
        status = idx_read(labels_path, &labels, message);
    if (status == ACTIV_OK)
        status = check_labels(labels_path, &labels, images_path, images.sizes[0], message);
    if (status == ACTIV_OK) {
        /* No overflow: there are 784 bytes in memory for each label. */
        numbers = malloc(images.sizes[0] * sizeof *numbers);
        if (numbers == NULL) {
            message_set(message, "%s: out of memory", labels_path);
            status = ACTIV_ERROR_OUT_OF_MEMORY;
        }
    }
    if (status == ACTIV_OK) {
        for (size_t i = 0; i < images.sizes[0]; i++)
            numbers[i] = labels.data[i];
        out->count = images.sizes[0];
        out->pixels = images.data;
        out->labels = numbers;
        images.data = NULL;
    }
    idx_free(&images);
    idx_free(&labels);
    return status;
}

void dataset_free(struct dataset *data)
{
    free(data->pixels);
    free(data->labels);
    data->pixels = NULL;
    data->labels = NULL;
    data->count = 0;
}

/* Prefetch: images of a shuffled batch are scattered in memory. */
static void ask_for(const unsigned char *pixels)
{
#if defined(__GNUC__)
    for (size_t i = 0; i < IMAGE_PIXELS; i += 64)
        __builtin_prefetch(pixels + i);
#else
    (void)pixels;
#endif
}

/* In float and in this order, as torchvision's ToTensor and Normalize compute it. */
static void normalize(const unsigned char *restrict pixels, float *restrict x)
{
    for (size_t i = 0; i < IMAGE_PIXELS; i++)
        x[i] = ((float)pixels[i] / 255.0f - 0.5f) / 0.5f;
}

void dataset_batch(const struct dataset *data, const uint32_t *order, size_t first, size_t count, float *x,
                   int32_t *labels)
{
    for (size_t i = 0; i < count; i++) {
        if (order != NULL && i + 4 < count)
            ask_for(data->pixels + order[i + 4] * IMAGE_PIXELS);
        size_t image = order != NULL ? order[i] : first + i;
        normalize(data->pixels + image * IMAGE_PIXELS, x + i * IMAGE_PIXELS);
        if (labels != NULL)
            labels[i] = data->labels[image];
    }
}

/* ---- the four files ---- */

/* "folder/name.gz" or "folder/name", whichever exists; the caller frees it. */
static activ_status find_file(const char *folder, const char *name, char **out, activ_message *message)
{
    size_t size = strlen(folder) + strlen(name) + sizeof "/.gz";
    char *path = malloc(size);
    if (path == NULL) {
        message_set(message, "%s: out of memory", folder);
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    static const char *const endings[] = { ".gz", "" };
    for (size_t i = 0; i < 2; i++) {
        struct stat about;
        (void)snprintf(path, size, "%s/%s%s", folder, name, endings[i]);
        if (stat(path, &about) == 0) {
            *out = path;
            return ACTIV_OK;
        }
    }
    free(path);
    message_set(message, "data folder '%s' holds neither %s.gz nor %s", folder, name, name);
    return ACTIV_ERROR_IO;
}

static activ_status load_part(const char *folder, const char *images_name, const char *labels_name, struct dataset *out,
                              activ_message *message)
{
    char *images = NULL;
    char *labels = NULL;
    activ_status status = find_file(folder, images_name, &images, message);
    if (status == ACTIV_OK)
        status = find_file(folder, labels_name, &labels, message);
    if (status == ACTIV_OK)
        status = dataset_read(images, labels, out, message);
    free(images);
    free(labels);
    return status;
}

activ_status fashion_mnist_load(const char *folder, struct fashion_mnist *out, activ_message *message)
{
    struct stat about;
    if (stat(folder, &about) != 0) {
        message_set(message,
                    "data folder '%s' cannot be opened: %s (on Debian, 'apt-get install "
                    "dataset-fashion-mnist' provides %s; --data names another folder)",
                    folder, strerror(errno), FASHION_MNIST_FOLDER);
        return ACTIV_ERROR_IO;
    }
    if (!S_ISDIR(about.st_mode)) {
        message_set(message, "data folder '%s' is not a folder", folder);
        return ACTIV_ERROR_IO;
    }
    struct fashion_mnist data = { 0 };
    activ_status status = load_part(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", &data.train, message);
    if (status == ACTIV_OK)
        status = load_part(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", &data.test, message);
    if (status != ACTIV_OK) {
        fashion_mnist_free(&data);
        return status;
    }
    *out = data;
    return ACTIV_OK;
}

void fashion_mnist_free(struct fashion_mnist *data)
{
    dataset_free(&data->train);
    dataset_free(&data->test);
}
