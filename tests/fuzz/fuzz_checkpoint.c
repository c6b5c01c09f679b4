/* tests/fuzz/fuzz_checkpoint.c - libFuzzer target: arbitrary bytes as the two files of a checkpoint. What loads must be
 * readable, and restores completely or leaves the model as it is.
 *
 * The input is a byte, the length of the model file in two, that file, the state file. Unless the byte is odd the
 * checksums are put right first, which chance never does. There is no disk: the context's file hook serves the input.
 */
#include <errno.h>
#include <string.h>

#include <xxhash.h>

#include "alcor/checkpoint.h"
#include "alcor/layers.h"
#include "fuzz/fuzz.h"
#include "lib/io/safetensors_internal.h"
#include "lib/io/training_state.h"

enum { HEAD = 3, MODEL = 0, STATE = 1, UNITS = 2, FEATURES = 3 };

typedef struct disk {
    uint8_t *data[2];
    size_t bytes[2], at[2];
} disk;

/* ---- the file hook ---- */

static int open_file(void *user, const char *path, int flags, int mode)
{
    disk *files = user;
    int file = strcmp(path, "m.safetensors") == 0 ? MODEL : STATE;

    (void)flags;
    (void)mode;
    if (file == STATE && strcmp(path, "m.state.safetensors") != 0)
        return -ENOENT;
    files->at[file] = 0;
    return file;
}

static int close_file(void *user, int file)
{
    (void)user;
    (void)file;
    return 0;
}

static int64_t read_file(void *user, int file, void *buffer, size_t bytes)
{
    disk *files = user;
    size_t left = files->bytes[file] - files->at[file];

    bytes = bytes < left ? bytes : left;
    memcpy(buffer, files->data[file] + files->at[file], bytes);
    files->at[file] += bytes;
    return (int64_t)bytes;
}

static int64_t size_file(void *user, int file)
{
    return (int64_t)((const disk *)user)->bytes[file];
}

/* Loading writes nothing. */
static int64_t write_file(void *user, int file, const void *buffer, size_t bytes)
{
    (void)user;
    (void)file;
    (void)buffer;
    (void)bytes;
    abort();
}

static int remove_file(void *user, const char *path)
{
    (void)user;
    (void)path;
    abort();
}

static int name_file(void *user, const char *from, const char *to)
{
    (void)user;
    (void)from;
    (void)to;
    abort();
}

static const alc_file_system hook = {.open = open_file,
                                     .close = close_file,
                                     .read = read_file,
                                     .write = write_file,
                                     .size = size_file,
                                     .sync = close_file,
                                     .rename = name_file,
                                     .remove = remove_file,
                                     .link = name_file};

/* ---- checksums ---- */

/* The 16 digits after `lead`; NULL if they are not there. */
static uint8_t *find_digits(uint8_t *data, size_t bytes, const char *lead)
{
    size_t length = strlen(lead);

    for (size_t at = 0; at + length + ALC_CHECKSUM_DIGITS <= bytes; at++)
        if (memcmp(data + at, lead, length) == 0)
            return data + at + length;
    return NULL;
}

static void mend_file(uint8_t *data, size_t bytes, char text[ALC_CHECKSUM_DIGITS + 1])
{
    uint8_t *digits = find_digits(data, bytes, ALC_CHECKSUM_LEAD);

    text[0] = '\0';
    if (digits == NULL)
        return;
    memset(digits, '0', ALC_CHECKSUM_DIGITS);
    alc_checksum_text(XXH3_64bits(data, bytes), text);
    memcpy(digits, text, ALC_CHECKSUM_DIGITS);
}

/* Both files, and that the state belongs to the model. */
static void mend(disk *files)
{
    char text[ALC_CHECKSUM_DIGITS + 1];
    uint8_t *digits =
        find_digits(files->data[STATE], files->bytes[STATE], "\"" ALC_KEY_MODEL_CHECKSUM "\":\"");

    mend_file(files->data[MODEL], files->bytes[MODEL], text);
    if (digits != NULL && text[0] != '\0')
        memcpy(digits, text, ALC_CHECKSUM_DIGITS);
    mend_file(files->data[STATE], files->bytes[STATE], text);
}

/* ---- loading ---- */

static alc_model *make_model(alc_context *context)
{
    alc_model *model;

    require(alc_model_create(context, &model) == ALC_OK);
    alc_dense(alc_input(model, "x", ALC_REAL, ALC_SHAPE(FEATURES)),
              (alc_dense_options){.name = "fc", .units = UNITS});
    require(alc_model_status(model) == ALC_OK);
    for (int64_t i = 0; i < alc_model_parameter_count(model); i++)
        alc_parameter_write(alc_model_parameter(model, i), (alc_real[UNITS * FEATURES]){0});
    return model;
}

static bool is_untouched(const alc_model *model)
{
    for (int64_t i = 0; i < alc_model_parameter_count(model); i++) {
        alc_real values[UNITS * FEATURES];
        const alc_parameter *parameter = alc_model_parameter(model, i);
        alc_parameter_read(parameter, values);
        for (int64_t j = 0; j < alc_shape_elements(alc_parameter_shape(parameter)); j++)
            if (values[j] != 0)
                return false;
    }
    return true;
}

static void restore(alc_context *context, const alc_checkpoint *checkpoint)
{
    alc_optimizer_options options = {.kind = ALC_ADAM, .learning_rate = 0.1};
    alc_training_state state = alc_checkpoint_state(checkpoint);
    alc_model *model = make_model(context);
    alc_optimizer *optimizer;

    for (int64_t i = 0; i < state.strings.count; i++)
        require(alc_metadata_find(state.strings, state.strings.entries[i].key) != NULL);
    require(alc_optimizer_create(model, options, &optimizer) == ALC_OK);
    if (alc_checkpoint_restore(checkpoint, model, optimizer) != ALC_OK)
        require(is_untouched(model));
    alc_optimizer_destroy(optimizer);
    alc_model_destroy(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context;
    static disk files;
    alc_checkpoint *checkpoint;
    size_t model_bytes;

    if (context == NULL) {
        alc_file_system on_files = hook;
        on_files.user = &files;
        require(alc_context_create((alc_context_options){.threads = 1, .files = &on_files},
                                   &context) == ALC_OK);
    }
    if (size < HEAD)
        return 0;
    model_bytes = (size_t)data[1] << 8 | data[2];
    size -= HEAD;
    files.bytes[MODEL] = model_bytes < size ? model_bytes : size;
    files.bytes[STATE] = size - files.bytes[MODEL];
    for (int i = 0; i < 2; i++) {
        files.data[i] = fuzz_allocate(files.bytes[i]);
        memcpy(files.data[i], data + HEAD + (i == STATE ? files.bytes[MODEL] : 0), files.bytes[i]);
    }
    if (data[0] % 2 == 0)
        mend(&files);
    require_outcome(context, alc_checkpoint_load(context, "m.safetensors", &checkpoint), checkpoint);
    if (checkpoint != NULL)
        restore(context, checkpoint);
    alc_checkpoint_close(checkpoint);
    free(files.data[MODEL]);
    free(files.data[STATE]);
    return 0;
}
