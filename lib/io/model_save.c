/* lib/io/model_save.c - a model's parameters as a file that PyTorch loads: its names, its layouts,
 * and the count of batches that its batch norms want to find. */
#include <string.h>

#include "lib/io/model_file.h"

int64_t alc_batch_norm_prefix(const char *name)
{
    size_t length = strlen(name), word = strlen(ALC_NAME_MEAN);
    if (length < word || strcmp(name + length - word, ALC_NAME_MEAN) != 0 ||
        (length > word && name[length - word - 1] != '.'))
        return -1;
    return (int64_t)(length - word);
}

static void read_parameter(void *user, void *values)
{
    alc_parameter_read(user, values);
}

/* sources[0 .. *count): every parameter, and the count beside each running mean. */
static alc_status list_tensors(alc_model *model, const int64_t *steps, alc_arena *arena,
                               alc_tensor_source *sources, int64_t *count)
{
    int64_t parameters = alc_model_parameter_count(model);
    *count = 0;
    const alc_status usable = alc_model_status(model);
    if (usable != ALC_OK)
        return usable;
    for (int64_t i = 0; i < parameters; i++) {
        alc_parameter *parameter = alc_model_parameter(model, i);
        const char *name = alc_parameter_name(parameter);
        sources[(*count)++] = (alc_tensor_source){.name = name,
                                                  .shape = alc_parameter_shape(parameter),
                                                  .read = read_parameter,
                                                  .user = parameter};
        int64_t prefix = alc_batch_norm_prefix(name);
        if (prefix < 0)
            continue;
        char *batches = alc_arena_format(arena, "%.*s%s", (int)prefix, name, ALC_NAME_BATCHES);
        if (batches == NULL)
            return ALC_OUT_OF_MEMORY;
        sources[(*count)++] =
            (alc_tensor_source){.name = batches, .integers = true, .values = steps};
    }
    return ALC_OK;
}

alc_status alc_model_prepare(alc_model *model, const char *path, alc_model_save_options options,
                             alc_atomic_file **file, uint64_t *checksum)
{
    alc_context *context = alc_model_context(model);
    const alc_metadata_entry own[] = {
        {ALC_KEY_FORMAT, ALC_FORMAT_MODEL},
        {ALC_KEY_PREFIX "gemm",
         alc_context_gemm(context) == ALC_GEMM_OPENBLAS ? "openblas" : "alcor"},
        {ALC_KEY_PREFIX "convolution",
         alc_context_convolution(context) == ALC_CONVOLUTION_DIRECT ? "direct" : "default"},
        {ALC_KEY_PREFIX "precision", alc_context_operands(context) == ALCK_REALS ? "default" : "bf16"}};
    const alc_metadata library = {own, sizeof own / sizeof own[0]};
    alc_arena arena;
    int64_t count = 0;
    alc_arena_init(&arena, context);
    alc_tensor_source *sources =
        alc_allocate_array(context, 2 * (size_t)alc_model_parameter_count(model), sizeof *sources,
                           "a list of tensors");
    alc_status status = sources == NULL
                            ? ALC_OUT_OF_MEMORY
                            : list_tensors(model, &options.steps, &arena, sources, &count);
    if (status == ALC_OK)
        status = alc_safetensors_prepare(context, path, sources, count, library, options.metadata,
                                         file, checksum);
    alc_free(context, sources);
    alc_arena_free(&arena);
    return status;
}

alc_status alc_model_save(alc_model *model, const char *path, alc_model_save_options options)
{
    alc_atomic_file *file;
    uint64_t checksum;
    if (model == NULL || path == NULL)
        return alc_fail(model == NULL ? NULL : alc_model_context(model), ALC_INVALID_ARGUMENT,
                        "alc_model_save: an argument is NULL");
    alc_status status = alc_model_prepare(model, path, options, &file, &checksum);
    return status == ALC_OK ? alc_atomic_file_commit(file) : status;
}
