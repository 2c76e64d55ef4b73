/* The FashionMNIST files: IDX arrays, raw or gzipped, and batches made of them.
 *
 * The format: 0, 0, a type, the number of dimensions; that many sizes of four bytes; the elements. All numbers are
 * big-endian (Y. LeCun, "The MNIST database of handwritten digits"). Files are untrusted: an error gives a status and
 * a message that names the file, and memory is allocated as bytes arrive, not as a header claims. */
#ifndef EXAMPLES_DATA_H
#define EXAMPLES_DATA_H

#include <activ/activ.h>

#define IDX_MAX_DIMS 8

enum { IDX_U8 = 0x08, IDX_I8 = 0x09, IDX_I16 = 0x0b, IDX_I32 = 0x0c, IDX_F32 = 0x0d, IDX_F64 = 0x0e };

struct idx_array {
    int type;
    size_t element_size;
    size_t ndim;
    size_t sizes[IDX_MAX_DIMS];
    size_t bytes;        /* of the elements */
    unsigned char *data; /* as in the file: big-endian, row-major */
};

/* *out is written on success only. */
activ_status idx_read(const char *path, struct idx_array *out, activ_message *message);
void idx_free(struct idx_array *array);

#define IMAGE_SIDE 28
#define IMAGE_PIXELS ((size_t)IMAGE_SIDE * IMAGE_SIDE)
#define IMAGE_CLASSES 10

/* Images as bytes, row by row, and the class of each. */
struct dataset {
    size_t count;
    unsigned char *pixels;
    int32_t *labels;
};

activ_status dataset_read(const char *images_path, const char *labels_path, struct dataset *out,
                          activ_message *message);
void dataset_free(struct dataset *data);

/* Images order[0] .. order[count - 1] (NULL: the first ones from `first` on) as a batch for a graph: each pixel p
 * becomes (p/255 - 0.5)/0.5. labels: NULL if they are not wanted. */
void dataset_batch(const struct dataset *data, const uint32_t *order, size_t first, size_t count, float *x,
                   int32_t *labels);

#define FASHION_MNIST_FOLDER "/usr/share/datasets/fashion-mnist"

struct fashion_mnist {
    struct dataset train;
    struct dataset test;
};

/* Reads the four files of a folder, each with or without ".gz". */
activ_status fashion_mnist_load(const char *folder, struct fashion_mnist *out, activ_message *message);
void fashion_mnist_free(struct fashion_mnist *data);

#endif
