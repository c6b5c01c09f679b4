/* lib/data/loader_prepare.c - fills one batch: which samples, in which view, normalised.
 *
 * Everything here is a function of the loader's options, the epoch and the position in it. It runs on the loader's own
 * thread and does not use the context's, which the plan needs meanwhile.
 */
#include <string.h>

#include "lib/data/image_internal.h"
#include "lib/data/loader_internal.h"

static alc_random_key key_of(const alc_loader *loader, const char *what)
{
    return (alc_random_key){.seed = loader->seed,
                            .stream = alc_mix(alc_hash_text(what), loader->epoch)};
}

void alc_loader_shuffle(alc_loader *loader)
{
    if (loader->training) {
        alc_random_permutation(key_of(loader, "loader order"), loader->count, loader->order);
        return;
    }
    for (int64_t i = 0; i < loader->count; i++)
        loader->order[i] = i;
}

static int view_at(const alc_loader *loader, int64_t position)
{
    if (loader->views == ALC_LOADER_FIXED_VIEW)
        return loader->view;
    return (int)alc_random_below(key_of(loader, "loader view"), (uint64_t)position, ALC_VIEW_COUNT);
}

static void fill_image(const alc_loader *loader, const uint8_t *pixels, int view, alc_real *values)
{
    int64_t size = loader->image_size;
    alc_view_walk walk = alc_image_walk_view(size, size, view);

    for (int64_t y = 0; y < size; y++)
        for (int64_t x = 0; x < size; x++) {
            const uint8_t *pixel = pixels + (walk.base + y * walk.dy + x * walk.dx) * 3;
            *values++ = loader->normalised[0][pixel[0]];
            *values++ = loader->normalised[1][pixel[1]];
            *values++ = loader->normalised[2][pixel[2]];
        }
}

void alc_loader_prepare(alc_loader *loader, alc_batch *batch)
{
    int64_t left = loader->samples_per_epoch - loader->position;
    int64_t width = loader->feature_width, size = loader->image_size;

    batch->rows = left < loader->batch ? left : loader->batch;
    batch->position = loader->position;
    for (int64_t i = 0; i < batch->rows; i++) {
        int64_t chosen = loader->order[loader->position + i];
        int64_t index = loader->indices[chosen];
        batch->indices[i] = index;
        const int view = view_at(loader, loader->position + i);
        if (loader->image != NULL)
            fill_image(loader, alc_dataset_pixels(loader->dataset, index), view,
                       batch->images + i * size * size * 3);
        if (loader->cache != NULL) {
            batch->keys[i] = loader->keys[chosen];
            batch->image_views[i] = view;
        }
        if (loader->features != NULL)
            memcpy(batch->features + i * width, loader->encoded + chosen * width,
                   (size_t)width * sizeof(alc_real));
        if (loader->label != NULL)
            batch->labels[i] = (int32_t)alc_dataset_label(loader->dataset, index);
    }
    loader->position += batch->rows;
}
