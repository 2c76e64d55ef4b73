/* The orthogonal scheme of initial values. */
#ifndef ACTIV_TENSOR_ORTHOGONAL_H
#define ACTIV_TENSOR_ORTHOGONAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

/* Writes a matrix of orthonormal rows (or columns, if fewer) times gain. Takes memory for about rows x columns doubles
 * and uses the executor's threads, which change no bit. */
activ_status activ_orthogonal(const activ_host *host, float gain, size_t rows, size_t columns, uint64_t seed,
                              uint64_t stream, float *values, activ_message *message);

#endif
