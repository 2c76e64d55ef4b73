/* Arrays in NumPy's files (.npy), versions 1 to 3 of the format (numpy.lib.format). Files are untrusted: an error gives
 * a status and a message that names the file, and memory is taken for what the file holds, not for what it claims. */
#ifndef EXAMPLES_NPY_H
#define EXAMPLES_NPY_H

#include <activ/activ.h>

/* Reads an array of float32, float64, int32, int64 or uint8, little- or big-endian, in C's or Fortran's order, as a new
 * tensor, row-major; the caller destroys *out. Nothing may follow the elements. ACTIV_ERROR_UNSUPPORTED: other types,
 * more than ACTIV_MAX_DIMS dimensions. */
activ_status npy_read(const char *path, activ_tensor **out, activ_message *message);

/* Writes a tensor of any strides, replacing the file at once. */
activ_status npy_write(const char *path, const activ_tensor *tensor, activ_message *message);

#endif
