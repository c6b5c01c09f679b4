/* experiment_outputs.c - that results can be written, and that nothing is lost by it, is checked before time is spent on them. */
#include <stdio.h>

#include "common/experiment.h"
#include "common/input_file.h"
#include "common/output_file.h"

/* The files of --save, then its lock, then those of --report, --predictions and --prefix-cache, and the lock of that. */
enum { OUTPUTS = ALC_CHECKPOINT_PARTS + 5 };

typedef struct output_list {
    char saved[ALC_CHECKPOINT_PARTS][4096], lock[4096 + sizeof ".lock"], cache_lock[4096 + sizeof ".lock"];
    const char *paths[OUTPUTS]; /* NULL: not asked for */
} output_list;

static void list_outputs(const trainer_options *o, output_list *list)
{
    for (int i = 0; i < ALC_CHECKPOINT_PARTS; i++) {
        alc_checkpoint_file(o->save, (alc_checkpoint_part)i, list->saved[i], sizeof list->saved[i]);
        list->paths[i] = i == ALC_CHECKPOINT_MODEL ? o->save : list->saved[i];
    }
    /* It is removed in the end, so it must be no other file. --save m and --save m.safetensors have one state: one lock. */
    snprintf(list->lock, sizeof list->lock, "%s.lock", list->saved[ALC_CHECKPOINT_STATE]);
    list->paths[ALC_CHECKPOINT_PARTS] = list->lock;
    list->paths[ALC_CHECKPOINT_PARTS + 1] = o->report;
    list->paths[ALC_CHECKPOINT_PARTS + 2] = o->predictions;
    list->paths[ALC_CHECKPOINT_PARTS + 3] = o->prefix_cache;
    snprintf(list->cache_lock, sizeof list->cache_lock, "%s.lock", o->prefix_cache ? o->prefix_cache : "");
    list->paths[ALC_CHECKPOINT_PARTS + 4] = o->prefix_cache ? list->cache_lock : NULL;
}

static alc_status refuse(experiment *e, const char *path, const char *what)
{
    return experiment_fail(e, ALC_INVALID_ARGUMENT, "%s: is to be written, but it is also %s", path, what);
}

static alc_status refuse_to_write(experiment *e, const char *path, const char *why)
{
    return experiment_fail(e, ALC_IO_ERROR, "%s: cannot write there: %s", path, why);
}

/* What one output would replace of what is read, or of the outputs before it. */
static alc_status check_output(experiment *e, const output_list *list, int output)
{
    const char *path = list->paths[output];
    if (output_replaces(path, e->options.table))
        return refuse(e, path, "the table");
    if (e->options.weights && output_replaces(path, e->options.weights))
        return refuse(e, path, "the weights");
    /* The files of one --save may be one for a moment: the model kept as the previous one is a second name of it. */
    for (int before = 0; before < output && output >= ALC_CHECKPOINT_PARTS; before++)
        if (list->paths[before] && output_replaces(path, list->paths[before]))
            return refuse(e, path, "another result");
    return output_path_replaceable(path) ? ALC_OK : refuse_to_write(e, path, file_why());
}

alc_status experiment_check_outputs(experiment *e)
{
    output_list list;
    alc_status status = ALC_OK;
    list_outputs(&e->options, &list);
    for (int i = 0; i < OUTPUTS && status == ALC_OK; i++)
        if (list.paths[i])
            status = check_output(e, &list, i);
    return status;
}

alc_status experiment_check_images(experiment *e)
{
    output_list list;
    list_outputs(&e->options, &list);
    for (int i = 0; i < OUTPUTS; i++)
        if (list.paths[i] && output_replaces_image(list.paths[i], e->dataset))
            return refuse(e, list.paths[i], "one of the images");
    return ALC_OK;
}

/* `held` is what the program does that has the lock of the file. */
static alc_status take_lock(experiment *e, lock_file *lock, const char *path, const char *file, const char *held)
{
    const char *why = lock_file_take(lock, path, held);
    if (why == held)
        return experiment_fail(e, ALC_IO_ERROR, "%s: %s", file, why);
    return why ? refuse_to_write(e, path, why) : ALC_OK;
}

/* The locks come first: to try whether a place can be written makes and removes a file there, under a name that another trainer of
 * the same file might be writing to. */
alc_status experiment_claim_outputs(experiment *e)
{
    output_list list;
    list_outputs(&e->options, &list);
    alc_status status = take_lock(e, &e->lock, list.lock, e->options.save, "another program is training it");
    if (status == ALC_OK && e->options.prefix_cache)
        status = take_lock(e, &e->cache_lock, list.cache_lock, e->options.prefix_cache, "another program is adding to it");
    for (int i = 0; i < OUTPUTS && status == ALC_OK; i++)
        if (list.paths[i] && list.paths[i] != list.lock && list.paths[i] != list.cache_lock && !output_path_writable(list.paths[i]))
            return refuse_to_write(e, list.paths[i], file_why());
    return status;
}
