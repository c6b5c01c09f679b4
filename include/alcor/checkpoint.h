/* alcor/checkpoint.h - saving and loading models, and stopping and resuming a training.
 *
 * A model is one safetensors file with PyTorch's names and layouts, so that model.load_state_dict(load_file("NAME.safetensors"))
 * works as it is. What is needed to go on training lies beside it in NAME.state.safetensors. The pair before the latest
 * is kept as NAME.previous.safetensors and NAME.previous.state.safetensors: whenever the process is killed, one pair loads.
 */
#ifndef ALCOR_CHECKPOINT_H
#define ALCOR_CHECKPOINT_H

#include "alcor/optimizer.h"
#include "alcor/safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keys under which programs say what a model is, so that others find it. Values are the programs' own, often JSON. Keys
 * "format" and "alcor_..." are the library's: its version, the GEMM back end and convolution choice, the checksum. */
#define ALC_KEY_BUILDER "builder"                 /* the function that builds it: "sky_cnn" */
#define ALC_KEY_BUILDER_OPTIONS "builder_options" /* its options */
#define ALC_KEY_CLASSES "classes"                 /* in the order of the logits */
#define ALC_KEY_PREPROCESSING "preprocessing"     /* how an image becomes values */
#define ALC_KEY_ENCODER "encoder"                 /* how a table's row becomes values */
#define ALC_KEY_DECODER "image_decoder"           /* who decoded the pixels: "stb" */

/* ---- models ---- */

typedef struct alc_model_save_options {
    alc_metadata metadata; /* as above; ALC_INVALID_ARGUMENT for the library's own keys */
    int64_t steps;         /* training steps so far: written as each batch norm's num_batches_tracked */
} alc_model_save_options;

/* Writes all parameters, state included, atomically to `path`. For each batch norm NAME.num_batches_tracked is added, as
 * PyTorch demands. F32 values (F64 from the double build). Errors as alc_safetensors_write. */
alc_status alc_model_save(alc_model *model, const char *path, alc_model_save_options options);

typedef struct alc_model_load_options {
    bool partial;           /* load what fits by name and shape, leave the rest as it is */
    const char *prefix;     /* look for the parameters whose names start so, in the file without it: "image." of a fusion's
                             * backbone. NULL: all */
    const char *classifier; /* the scope or layer ("fc"; its name without prefix) whose layers may be missing or of another
                             * shape in the file, or not be in the model: such a layer keeps the model's values, all of them.
                             * NULL: none */
} alc_model_load_options;

/* What fitted. num_batches_tracked is not counted, nor is a parameter without the prefix. */
typedef struct alc_load_report {
    int64_t loaded;      /* parameters that have the file's values now */
    int64_t renamed;     /* those of them that the file has under another name; docs/import_weights.md has the rules */
    int64_t missing;     /* parameters that the file does not have */
    int64_t unexpected;  /* tensors of the file that the model does not have */
    int64_t wrong_shape; /* of one name, but not of one shape */
    int64_t kept;        /* parameters of the classifier that keep their values; not counted above */
    int64_t unused;      /* tensors of the file's classifier that the model does not have; not counted above */
    char text[768];      /* a sentence that names the first ones; "" if all fits */
} alc_load_report;

/* Reads values into the model from a safetensors file or one of torch.save (alc_weights_open). All is checked before the first
 * parameter changes. ALC_MISMATCH, with the report's text in the message, if anything is missing, unexpected or of another
 * shape and partial is off, if nothing fits at all, or if two tensors are one parameter; errors of alc_weights_open.
 * `report` may be NULL. */
alc_status alc_model_load(alc_model *model, const char *path, alc_model_load_options options,
                          alc_load_report *report);
/* The same from an opened file: a program that builds the model by the file's metadata reads it once. */
alc_status alc_model_load_tensors(alc_model *model, const alc_safetensors *file,
                                  alc_model_load_options options, alc_load_report *report);

/* ---- training: a model and its state ---- */

/* Where a training stands; alc_fit_state (alcor/fit.h) has the same fields. Random numbers are counter-based, so seed,
 * epoch and batch are all there is to keep of them. All zero (with the schedule filled in) is the start. */
typedef struct alc_training_state {
    int64_t epoch;         /* epochs that are complete */
    int64_t batch;         /* batches of the next epoch that are done already */
    double loss_sum;       /* over their samples */
    int64_t samples, hits; /* in them; how many were predicted right */
    int64_t step;          /* steps of the whole training so far */
    alc_schedule schedule;
    double best_score;
    int64_t best_epoch;
    alc_metadata strings;  /* what else the program wants back: its arguments, a history */
} alc_training_state;

/* Writes the pair for `path` (NAME.safetensors; without that ending, NAME is the path itself) and keeps the one before.
 * Whatever fails and whenever the process dies, an older pair or the new one loads. The context's seed is kept too.
 * optimizer may be NULL. One process at a time saves to a path. Errors as alc_safetensors_write. */
alc_status alc_checkpoint_save(alc_model *model, alc_optimizer *optimizer, const char *path,
                               alc_metadata model_metadata, alc_training_state state);

/* The files of a checkpoint that is saved to `path`. */
typedef enum alc_checkpoint_part {
    ALC_CHECKPOINT_MODEL, /* path itself */
    ALC_CHECKPOINT_STATE,
    ALC_CHECKPOINT_PREVIOUS_MODEL,
    ALC_CHECKPOINT_PREVIOUS_STATE
} alc_checkpoint_part;
#define ALC_CHECKPOINT_PARTS 4

/* Writes a file's name to `text`, of `size` bytes, and returns its length; a longer one is cut, as snprintf does. */
int alc_checkpoint_file(const char *path, alc_checkpoint_part part, char *text, size_t size);

typedef struct alc_checkpoint alc_checkpoint;

/* Opens the newest pair of `path` whose files are whole and belong together; the log tells if that is not the latest.
 * On failure *checkpoint is NULL: ALC_NOT_FOUND if there is none at all (a model without a state is none), ALC_CORRUPT if
 * none is good (the sentence says what is wrong with the latest), ALC_IO_ERROR, ALC_OUT_OF_MEMORY. */
alc_status alc_checkpoint_load(alc_context *context, const char *path, alc_checkpoint **checkpoint);
/* Frees it with every text got from it. NULL is allowed. */
void alc_checkpoint_close(alc_checkpoint *checkpoint);

/* The model file, for its metadata. It belongs to the checkpoint. */
const alc_safetensors *alc_checkpoint_model(const alc_checkpoint *checkpoint);
/* The state; its strings belong to the checkpoint. */
alc_training_state alc_checkpoint_state(const alc_checkpoint *checkpoint);
/* Whether this is the pair before the latest. */
bool alc_checkpoint_is_previous(const alc_checkpoint *checkpoint);

/* Puts values into the model and tensors and step count into the optimizer, which must be of the kind and for the parameters
 * that were saved (NULL: it is left out). ALC_MISMATCH, with nothing changed, for another architecture, another
 * optimizer, another seed than the context's. */
alc_status alc_checkpoint_restore(const alc_checkpoint *checkpoint, alc_model *model,
                                  alc_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
