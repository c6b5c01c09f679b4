/* experiment_outputs.c - that results can be written, and that nothing is lost by it, is checked before time is spent on them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/experiment.h"
#include "common/input_file.h"
#include "common/output_file.h"

/* The files of --save, then its lock, then those of --report, --predictions and --prefix-cache. */
enum { OUTPUTS = ALC_CHECKPOINT_PARTS + 4 };

typedef struct output_list {
    char saved[ALC_CHECKPOINT_PARTS][4096], lock[4096];
    const char *paths[OUTPUTS]; /* NULL: not asked for */
} output_list;

/* It is removed in the end, so it must be no other file. */
static void name_lock(const trainer_options *o, char *path, size_t size)
{
    snprintf(path, size, "%s.lock", o->save);
}

static void list_outputs(const trainer_options *o, output_list *list)
{
    for (int i = 0; i < ALC_CHECKPOINT_PARTS; i++) {
        alc_checkpoint_file(o->save, (alc_checkpoint_part)i, list->saved[i], sizeof list->saved[i]);
        list->paths[i] = i == ALC_CHECKPOINT_MODEL ? o->save : list->saved[i];
    }
    name_lock(o, list->lock, sizeof list->lock);
    list->paths[ALC_CHECKPOINT_PARTS] = list->lock;
    list->paths[ALC_CHECKPOINT_PARTS + 1] = o->report;
    list->paths[ALC_CHECKPOINT_PARTS + 2] = o->predictions;
    list->paths[ALC_CHECKPOINT_PARTS + 3] = o->prefix_cache;
}

static alc_status refuse(experiment *e, const char *path, const char *what)
{
    return experiment_fail(e, ALC_INVALID_ARGUMENT, "%s: is to be written, but it is also %s", path, what);
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
    if (!output_path_writable(path))
        return experiment_fail(e, ALC_IO_ERROR, "%s: cannot write there: %s", path, file_why());
    return ALC_OK;
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

/* ---- one trainer for each --save ---- */

/* Whether the open file is the one that the path leads to: its owner removes it, and may have done so meanwhile. */
static bool is_at(int file, const char *path)
{
    struct stat ours, there;
    return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* A lock has nothing in it; what has is somebody's file, and stays. */
static bool is_empty(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 && status.st_size == 0;
}

/* Waits a little where the lock is held: a trainer that was killed takes a moment to die. */
static bool take(int file)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec pause = {.tv_nsec = 50000000};
    int attempts = 40;
    while (fcntl(file, F_SETLK, &whole) && attempts-- > 0)
        nanosleep(&pause, NULL);
    return attempts >= 0;
}

alc_status experiment_lock(experiment *e)
{
    char path[sizeof e->lock_path];
    name_lock(&e->options, path, sizeof path);
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
        if (file < 0)
            return experiment_fail(e, ALC_IO_ERROR, "%s: cannot write there: %s", path, file_why());
        if (!take(file)) {
            close(file);
            return experiment_fail(e, ALC_IO_ERROR, "%s: another program is training it", e->options.save);
        }
        if (!is_empty(file)) {
            close(file);
            return experiment_fail(e, ALC_IO_ERROR, "%s: is not empty, so it is no lock of a trainer; it is not removed", path);
        }
        if (is_at(file, path)) {
            e->lock = file;
            snprintf(e->lock_path, sizeof e->lock_path, "%s", path);
            return ALC_OK;
        }
        close(file);
    }
}

void experiment_unlock(experiment *e)
{
    if (!e->lock_path[0])
        return;
    unlink(e->lock_path);
    close(e->lock);
}
