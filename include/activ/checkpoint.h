/* libactiv: networks and tensors in files.
 *
 * The format is safetensors (https://github.com/huggingface/safetensors): an 8-byte length, a JSON
 * header, the data. Files are written under a temporary name in the same directory and renamed when
 * complete, so that a reader never sees half a file and a failure leaves the old one. Readers trust
 * nothing: sizes, offsets, overlaps, duplicate names, UTF-8 and JSON are checked before memory is
 * taken for what they claim.
 *
 * A file that is written replaces the one of its name: a link is replaced, not followed, and the
 * mode is that of a new file. The temporary name is PATH.tmpPID-N; one is left behind only by a
 * process that was killed while it wrote.
 */
#ifndef ACTIV_CHECKPOINT_H
#define ACTIV_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "context.h"
#include "export.h"
#include "graph.h"
#include "optim.h"
#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a network --------------------------------------------------------------------------- */

/* Writes the parameters and buffers of a compiled graph under their names, and in the metadata the
 * description of the network ("activ.network"), so that loading rebuilds it. The same values
 * give the same bytes. */
ACTIV_API activ_status activ_checkpoint_save(const activ_graph *graph, const char *path, activ_message *message);

/* Builds the network that a file describes, compiles it for max_batch (0: for predictions only) and loads its
 * parameters. The caller destroys *out. Reads the files of all versions before this one; ACTIV_ERROR_UNSUPPORTED for a
 * later one's. */
ACTIV_API activ_status activ_checkpoint_load(const activ_context *context, const char *path, size_t max_batch,
                                             activ_graph **out, activ_message *message);

/* Loads the parameters and buffers only, by name, into a compiled graph: all of its tensors have to be
 * there with the same shapes, and no others but PyTorch's NAME.num_batches_tracked of a batch_norm,
 * which is left aside. On failure the graph is unchanged. Reads files written by
 * PyTorch users with safetensors.torch.save_file too: the description is not needed. */
ACTIV_API activ_status activ_checkpoint_load_params(activ_graph *graph, const char *path, activ_message *message);

/* ---- a training ---------------------------------------------------------------------------- */

/* Saves all that the next step depends on, so that a training goes on from the file as if it had never stopped, to
 * the last bit: the network as activ_checkpoint_save does, and
 *
 *   the optimiser's arrays, as tensors "optimizer/STATE/TENSOR": "optimizer/exp_avg/layers.0.weight";
 *   its kind, settings, steps, learning rate and the settings of single tensors, as text in the metadata
 *   ("activ.optimizer"), numbers so that they read back as the same bits;
 *   the seed and the step of the graph's random layers ("activ.random").
 *
 * The order of the samples is the caller's: make it a function of activ_optimizer_steps. optimizer: the graph's. The
 * calls above take the network out of such a file and leave the rest. */
ACTIV_API activ_status activ_checkpoint_save_training(const activ_graph *graph, const activ_optimizer *optimizer,
                                                      const char *path, activ_message *message);

/* Loads into a compiled graph what activ_checkpoint_load_params does and the random layers' counters, and makes the
 * optimiser anew: the caller destroys *out, before the graph. For the graph either build the network again, or take
 * activ_checkpoint_load's; its largest batch may differ. ACTIV_ERROR_FORMAT for a file without an optimiser,
 * ACTIV_ERROR_STATE for a graph that is compiled for predictions only. On failure the graph is unchanged, and an
 * optimiser that it has too. */
ACTIV_API activ_status activ_checkpoint_load_training(activ_graph *graph, const char *path, activ_optimizer **out,
                                                      activ_message *message);

/* ---- any tensors -------------------------------------------------------------------------- */

typedef struct activ_safetensors activ_safetensors;

/* One tensor in a file. name is ended by a zero byte; data is row-major, little-endian and not
 * necessarily aligned. */
typedef struct activ_safetensors_entry {
    size_t size; /* sizeof(activ_safetensors_entry), set by the caller */
    const char *name;
    activ_dtype dtype;      /* 0 for a type that activ_dtype has no number for; see dtype_name */
    const char *dtype_name; /* as in the file: "F32" "BF16" ... */
    size_t ndim;
    size_t shape[ACTIV_MAX_DIMS];
    const void *data;
    size_t bytes;
} activ_safetensors_entry;

/* A pair in the metadata; both ended by a zero byte. */
typedef struct activ_safetensors_text {
    const char *key;
    const char *value;
} activ_safetensors_text;

/* Reads and checks a whole file (or the bytes of one, which are copied). Names, keys and
 * metadata that contain a zero byte, more than ACTIV_MAX_DIMS dimensions and packed types below
 * 8 bits are refused. */
ACTIV_API activ_status activ_safetensors_open(const activ_context *context, const char *path, activ_safetensors **out,
                                              activ_message *message);
ACTIV_API activ_status activ_safetensors_open_memory(const activ_context *context, const void *bytes, size_t count,
                                                     activ_safetensors **out, activ_message *message);
ACTIV_API void activ_safetensors_close(activ_safetensors *file);

/* Its tensors, in the order of their data. Pointers in the entry belong to `file`. */
ACTIV_API size_t activ_safetensors_count(const activ_safetensors *file);
ACTIV_API activ_status activ_safetensors_at(const activ_safetensors *file, size_t index,
                                            activ_safetensors_entry *entry);
ACTIV_API activ_status activ_safetensors_find(const activ_safetensors *file, const char *name,
                                              activ_safetensors_entry *entry);

/* Metadata: the value of a key (NULL if there is none), or the pairs in turn (NULL past the
 * end). */
ACTIV_API const char *activ_safetensors_metadata(const activ_safetensors *file, const char *key);
ACTIV_API const char *activ_safetensors_metadata_key(const activ_safetensors *file, size_t index);

/* Writes `count` contiguous tensors under their names, and `texts` pairs of metadata (sorted by
 * key). Names must differ and be UTF-8. */
ACTIV_API activ_status activ_safetensors_save(const activ_context *context, const char *path, size_t count,
                                              const char *const *names, const activ_tensor *const *tensors,
                                              size_t texts, const activ_safetensors_text *metadata,
                                              activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
