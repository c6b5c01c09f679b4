/* lib/io/checkpoint_save.c - replacing a pair of files so that whenever the process dies, or the
 * power goes, some pair loads. No single operation replaces two files, so the order of single ones
 * has to do it.
 *
 * Call the files M (model), S (state), PM and PS (the previous ones). A state holds the checksum of
 * its model file, and loading looks for a state and a model that match, whatever they are called:
 * (M,S), (PM,S), (PM,PS) in this order. A number tells which save a file comes from; we write
 * save 2.
 *
 *                                            M   S   PM  PS    what loads
 *   both new files are written beside, synced 1   1   0   0    (M,S) = 1
 *   PM becomes a second name of M             1   1   1   0    (M,S) = 1
 *   PS becomes a second name of S             1   1   1   1    (M,S) = 1
 *   the new model is renamed to M             2   1   1   1    (PM,S) = 1
 *   the new state is renamed to S             2   2   1   1    (M,S) = 2
 *
 * After each of the four steps the directory is synced, so that a power cut cannot reorder them. M
 * never vanishes and always is a whole file: programs that read only the model do not notice. Where
 * there are no hard links, the second and third line rename instead; M is gone for a moment then,
 * and (PM,S), then (PM,PS) load.
 *
 * The middle steps only happen if (M,S) is a pair that loads. If it is not - the last save died, or
 * a file was damaged since - then PM and PS, or PM and S, may hold the only good pair, and must not
 * be overwritten:
 *
 *   died before the last step                 2   1   1   1    (PM,S) = 1
 *   the new model (3) is renamed to M         3   1   1   1    (PM,S) = 1
 *   the new state is renamed to S             3   3   1   1    (M,S) = 3
 *
 * If S is the only state of a good pair (PM,S), which happens without hard links alone, M:=3 leaves
 * it, and S:=3 completes the new pair. If reading the old pair fails for a reason that may pass
 * (memory, a device), nothing is done.
 */
#include "lib/io/checkpoint_files.h"
#include "lib/io/model_file.h"
#include "lib/io/training_state.h"

/* Sets *good to whether the pair at these paths loads. Fails if that cannot be found out now. */
static alc_status find_whether_good(alc_context *context, const alc_checkpoint_paths *paths,
                                    bool *good)
{
    alc_safetensors *model = NULL, *state = NULL;
    bool has_model, has_state = false;
    *good = false;
    alc_status status = alc_look_for_file(context, paths->model, &has_model);
    if (status == ALC_OK)
        status = alc_look_for_file(context, paths->state, &has_state);
    if (status != ALC_OK || !has_model || !has_state)
        return status;
    status = alc_safetensors_open(context, paths->model, &model);
    if (status == ALC_OK)
        status = alc_safetensors_open(context, paths->state, &state);
    if (status == ALC_OK)
        status = alc_check_pair(model, state);
    alc_safetensors_close(model);
    alc_safetensors_close(state);
    *good = status == ALC_OK;
    return status == ALC_OUT_OF_MEMORY || status == ALC_IO_ERROR ? status : ALC_OK;
}

static alc_status keep_old_pair(alc_context *context, const alc_checkpoint_paths *paths)
{
    bool good;
    alc_status status = find_whether_good(context, paths, &good);
    if (status != ALC_OK || !good)
        return status;
    status = alc_keep_file(context, paths->model, paths->previous_model);
    return status == ALC_OK ? alc_keep_file(context, paths->state, paths->previous_state) : status;
}

static alc_status save_pair(alc_model *model, alc_optimizer *optimizer,
                            const alc_checkpoint_paths *paths, alc_metadata model_metadata,
                            const alc_training_state *state)
{
    alc_context *context = alc_model_context(model);
    alc_atomic_file *model_file = NULL, *state_file = NULL;
    uint64_t checksum = 0;
    alc_model_save_options options = {.metadata = model_metadata, .steps = state->step};
    alc_status status = alc_model_prepare(model, paths->model, options, &model_file, &checksum);
    if (status == ALC_OK)
        status = alc_state_prepare(context, paths->state, optimizer, state, checksum, &state_file);
    if (status == ALC_OK)
        status = keep_old_pair(context, paths);
    if (status == ALC_OK) {
        status = alc_atomic_file_commit(model_file);
        model_file = NULL;
    }
    if (status == ALC_OK) {
        status = alc_atomic_file_commit(state_file);
        state_file = NULL;
    }
    alc_atomic_file_cancel(model_file);
    alc_atomic_file_cancel(state_file);
    return status;
}

alc_status alc_checkpoint_save(alc_model *model, alc_optimizer *optimizer, const char *path,
                               alc_metadata model_metadata, alc_training_state state)
{
    alc_arena arena;
    alc_checkpoint_paths paths;
    if (model == NULL || path == NULL)
        return alc_fail(model == NULL ? NULL : alc_model_context(model), ALC_INVALID_ARGUMENT,
                        "alc_checkpoint_save: an argument is NULL");
    alc_arena_init(&arena, alc_model_context(model));
    alc_status status = alc_find_checkpoint_paths(&arena, path, &paths);
    if (status == ALC_OK)
        status = save_pair(model, optimizer, &paths, model_metadata, &state);
    alc_arena_free(&arena);
    return status;
}
