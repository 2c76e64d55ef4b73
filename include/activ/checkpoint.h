/* libactiv: networks and tensors in files.
 *
 * The format is safetensors (https://github.com/huggingface/safetensors): an 8-byte length, a JSON header, the data.
 * A file is written under a temporary name in the same directory (.activ.PID.TIME.N) and renamed when complete, so
 * that a reader never sees half a file and a failure leaves the old one; the temporary file is left behind only by a
 * process that was killed while it wrote. File and directory are flushed to the disk. A file that is replaced passes
 * its mode on; a link is replaced, not followed. On Windows paths are UTF-8, and a file that another program has open
 * is not replaced (docs/platforms.md).
 *
 * Readers trust nothing: sizes, offsets, overlaps, duplicate names, UTF-8 and JSON are checked before memory is taken
 * for what they claim. Refusing a file takes no more than 16 times its size and 16 MB of memory, and for files of up to
 * 100 MB less than a second. To that end a file may have 2^19 tensors and 2^19 texts of metadata (more:
 * ACTIV_ERROR_UNSUPPORTED), a network 4096 layers with 2^20 inputs in all, a function's spec 65536 characters.
 *
 * Errors: the message names the file and what was wrong in it; the calls on a graph report there too, not in
 * activ_graph_error. ACTIV_ERROR_IO: the system refused, or the path is no regular file; ACTIV_ERROR_FORMAT: a
 * malformed file, or one whose tensors are not those of the network (one is missing, or there is one too many);
 * ACTIV_ERROR_SHAPE: a tensor of another shape than the network's; ACTIV_ERROR_UNSUPPORTED: a later version's file,
 * or a type that is not supported; ACTIV_ERROR_RANGE: a max_batch that is too large, in saving a size that
 * overflows; ACTIV_ERROR_INVALID: NULL; ACTIV_ERROR_OUT_OF_MEMORY; and what is said with each call.
 *
 * Thread safety: an activ_safetensors never changes, and may be read by many threads. Saving reads the graph, loading
 * writes to it: as any other use of it. Two threads that save under one path do not disturb each other; the last to
 * finish wins.
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

/* ---- a network --------------------------------------------------------------------------------------------------- */

/* Writes the parameters and buffers of a compiled graph (else ACTIV_ERROR_STATE) under their names, and in the metadata
 * the description of the network ("activ.network"), from which activ_checkpoint_load rebuilds it. The same values give
 * the same bytes. */
ACTIV_API activ_status activ_checkpoint_save(const activ_graph *graph, const char *path, activ_message *message);

/* Builds the network that a file describes, compiles it for max_batch (0: for predictions only) and loads its
 * parameters and buffers, those of float16 and bfloat16 too, which float32 holds exactly. The caller destroys *out.
 * Reads the files of all earlier versions. ACTIV_ERROR_FORMAT also: a file without a description, of which
 * activ_checkpoint_load_params can load the tensors. */
ACTIV_API activ_status activ_checkpoint_load(const activ_context *context, const char *path, size_t max_batch,
                                             activ_graph **out, activ_message *message);

/* Loads parameters and buffers by name into a compiled graph (else ACTIV_ERROR_STATE). All of the graph's tensors have
 * to be in the file, of float32 and with the same shapes, and no others but PyTorch's NAME.num_batches_tracked of a
 * batch_norm, which is ignored. The description is not needed: files of safetensors.torch.save_file will do. On failure
 * the graph is unchanged. */
ACTIV_API activ_status activ_checkpoint_load_params(activ_graph *graph, const char *path, activ_message *message);

/* Names. The names of tensors in a file are the graph's ("layers.0.weight") unless rules say otherwise. A rule is for
 * the one tensor that is called `graph`; or, where that is "" or ends in a dot, for all tensors whose names begin so.
 * In place of `graph` the name in the file has `file`. Of several rules that fit, the longest counts; tensors without a
 * rule keep their names.
 *
 *     { "layers.", "" }                     a plain torch.nn.Sequential: "0.weight"
 *     { "", "module." }                     a torch.nn.DataParallel: "module.layers.0.weight"
 *     { "layers.0.weight", "fc1.weight" }
 *
 * ACTIV_ERROR_UNKNOWN_NAME: a rule that fits no tensor of the graph. This struct never changes. */
typedef struct activ_tensor_name {
    const char *graph;
    const char *file;
} activ_tensor_name;

/* What a load that is partial leaves. The numbers are part of the ABI. */
enum {
    ACTIV_LEFT_MISSING = 1, /* a tensor of the graph that is not in the file: it keeps its values */
    ACTIV_LEFT_UNUSED = 2   /* a tensor of the file that is not of the graph */
};

typedef struct activ_load_options {
    size_t size;
    size_t name_count;
    const activ_tensor_name *names;
    int32_t partial; /* 1: leave what only one side has (PyTorch's strict=False). A graph that has had no values before,
                      * and does not get all of them, still has to be initialised: best before loading */
    int32_t convert; /* 1: tensors of float16 and bfloat16 become float32, exactly, and those of float64 are rounded to
                      * it; 0: they are ACTIV_ERROR_UNSUPPORTED */
    /* Told of each tensor that was left, by its name in the graph or in the file, after a load that succeeded. Must not
     * call the graph. The name is valid during the call. NULL: nobody. */
    void (*left)(void *user, int32_t what, const char *name);
    void *user;
} activ_load_options;

#define ACTIV_LOAD_DEFAULTS                                   \
    {                                                         \
        sizeof(activ_load_options), 0, NULL, 0, 0, NULL, NULL \
    }

/* activ_checkpoint_load_params with options; NULL means ACTIV_LOAD_DEFAULTS. A shape that is not the network's is an
 * error in any case. Also ACTIV_ERROR_RANGE: partial or convert is neither 0 nor 1; ACTIV_ERROR_UNSUPPORTED: a field
 * that this library does not know is not 0. */
ACTIV_API activ_status activ_checkpoint_load_params_ex(activ_graph *graph, const char *path,
                                                       const activ_load_options *options, activ_message *message);

/* The other way: writes parameters and buffers alone, under names by these rules, for other programs. (The file of
 * activ_checkpoint_save does as well, where names need not change: others ignore the description.)
 * ACTIV_ERROR_INVALID also: two tensors of one name. */
ACTIV_API activ_status activ_checkpoint_save_params(const activ_graph *graph, const char *path, size_t name_count,
                                                    const activ_tensor_name *names, activ_message *message);

/* ---- a training run ---------------------------------------------------------------------------------------------- */

/* Writes all that the next step depends on, so that a training run continues from the file as if it had never
 * stopped, to the last bit: the network as activ_checkpoint_save does, and
 *
 *   the optimiser's arrays, as tensors "optimizer/STATE/TENSOR": "optimizer/exp_avg/layers.0.weight";
 *   its kind, settings, steps, learning rate and the options of single tensors, as text in the metadata
 *   ("activ.optimizer"), with numbers that read back as the same bits;
 *   the seed and the step of the graph's random layers ("activ.random").
 *
 * The order of the samples is the caller's: make it a function of activ_optimizer_steps. optimizer: the graph's, else
 * ACTIV_ERROR_INVALID. The calls above read the network from such a file and ignore the rest. */
ACTIV_API activ_status activ_checkpoint_save_training(const activ_graph *graph, const activ_optimizer *optimizer,
                                                      const char *path, activ_message *message);

/* Like activ_checkpoint_load_params, and also restores the counters of the random layers and makes the optimiser
 * anew: the caller destroys *out, before the graph. The graph is either built again, or activ_checkpoint_load's; its
 * largest batch may differ. ACTIV_ERROR_FORMAT: a file without an optimiser; ACTIV_ERROR_STATE: a graph that is not
 * compiled, or for predictions only. On failure the graph and its optimisers are unchanged. */
ACTIV_API activ_status activ_checkpoint_load_training(activ_graph *graph, const char *path, activ_optimizer **out,
                                                      activ_message *message);

/* ---- any tensors ------------------------------------------------------------------------------------------------- */

/* An open file. */
typedef struct activ_safetensors activ_safetensors;

/* A tensor in a file. Pointers are the file's, valid until it is closed. */
typedef struct activ_safetensors_entry {
    size_t size; /* sizeof(activ_safetensors_entry), set by the caller */
    const char *name;
    activ_dtype dtype;      /* 0 for a type that activ_dtype has no number for; then see dtype_name */
    const char *dtype_name; /* as in the file: "F32" "BF16" ... */
    size_t ndim;
    const size_t *shape;
    const void *data; /* row-major, little-endian, and not necessarily aligned */
    size_t bytes;
} activ_safetensors_entry;

#define ACTIV_SAFETENSORS_ENTRY_INIT                                     \
    {                                                                    \
        sizeof(activ_safetensors_entry), NULL, 0, NULL, 0, NULL, NULL, 0 \
    }

/* One key and its value in the metadata. This struct never changes. */
typedef struct activ_safetensors_text {
    const char *key;
    const char *value;
} activ_safetensors_text;

/* Reads and checks a whole file, or the `count` bytes of one, which are copied; the caller closes *out. Names and
 * metadata that contain a zero byte, more than ACTIV_MAX_DIMS dimensions and packed types below 8 bits are
 * ACTIV_ERROR_UNSUPPORTED. */
ACTIV_API activ_status activ_safetensors_open(const activ_context *context, const char *path, activ_safetensors **out,
                                              activ_message *message);
ACTIV_API activ_status activ_safetensors_open_memory(const activ_context *context, const void *bytes, size_t count,
                                                     activ_safetensors **out, activ_message *message);

/* NULL is allowed. */
ACTIV_API void activ_safetensors_close(activ_safetensors *file);

/* Its tensors, in the order of their data. ACTIV_ERROR_RANGE: past the last; ACTIV_ERROR_UNKNOWN_NAME: no tensor of
 * that name; ACTIV_ERROR_INVALID: NULL, no size. */
ACTIV_API size_t activ_safetensors_count(const activ_safetensors *file);
ACTIV_API activ_status activ_safetensors_at(const activ_safetensors *file, size_t index,
                                            activ_safetensors_entry *entry);
ACTIV_API activ_status activ_safetensors_find(const activ_safetensors *file, const char *name,
                                              activ_safetensors_entry *entry);

/* Its metadata: the value of a key, NULL if there is none; the keys in turn, NULL past the last. */
ACTIV_API const char *activ_safetensors_metadata(const activ_safetensors *file, const char *key);
ACTIV_API const char *activ_safetensors_metadata_key(const activ_safetensors *file, size_t index);

/* Writes `count` tensors under their names, and `texts` pairs of metadata, in an order that depends on names, types and
 * keys alone. (In C an array of activ_tensor * needs a cast.) ACTIV_ERROR_INVALID: a name or key that is not UTF-8, is
 * used twice, or is reserved ("__metadata__"); ACTIV_ERROR_UNSUPPORTED: a tensor that is not contiguous. */
ACTIV_API activ_status activ_safetensors_save(const activ_context *context, const char *path, size_t count,
                                              const char *const *names, const activ_tensor *const *tensors,
                                              size_t texts, const activ_safetensors_text *metadata,
                                              activ_message *message);

#ifdef __cplusplus
}
#endif

#endif
