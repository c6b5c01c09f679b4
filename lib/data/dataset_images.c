/* lib/data/dataset_images.c - reads the images of a data set on all threads, crops and resizes them.
 *
 * Threads only note which images failed. Failures are read once more, one by one in the order of rows, because a context
 * keeps one sentence: so the row that is named does not depend on threads.
 */
#include <string.h>

#include "lib/data/dataset_internal.h"
#include "lib/data/image_internal.h"

#define MOST_SIZE 4096

/* The image's path; NULL if there is no memory. */
static const char *image_path(const alc_dataset_builder *builder, int64_t row)
{
    const char *cell = alc_table_cell(builder->table, row, builder->image_column);
    return alc_arena_format(&builder->dataset->texts, "%s%s", cell[0] == '/' ? "" : builder->folder, cell);
}

/* Whether an image has the extents that it must have. */
static alc_status check_source(const alc_dataset_builder *builder, const char *path,
                               const alc_image *image)
{
    const alc_dataset *dataset = builder->dataset;

    if (!builder->options.any_source_size && dataset->source_height > 0 &&
        (image->height != dataset->source_height || image->width != dataset->source_width))
        return alc_fail(builder->context, ALC_BAD_FILE,
                        "%s: the image is %lld pixels high and %lld wide; the others are %lld and "
                        "%lld",
                        path, (long long)image->height, (long long)image->width,
                        (long long)dataset->source_height, (long long)dataset->source_width);
    if (image->height < builder->crop || image->width < builder->crop)
        return alc_fail(builder->context, ALC_BAD_FILE,
                        "%s: the image is %lld pixels high and %lld wide, smaller than the crop of "
                        "%lld",
                        path, (long long)image->height, (long long)image->width,
                        (long long)builder->crop);
    return ALC_OK;
}

/* Reads a row's image, as large as it is; checked. */
static alc_status read_source(const alc_dataset_builder *builder, int64_t row, alc_image *image)
{
    const char *path = builder->candidates[row].image;
    alc_status status;

    *image = (alc_image){0};
    status = alc_image_read(builder->context, path, builder->options.limits, image);
    if (status == ALC_OK)
        status = check_source(builder, path, image);
    if (status != ALC_OK)
        alc_image_free(image);
    return status;
}

static int64_t crop_of(const alc_dataset_builder *builder, const alc_image *image)
{
    if (builder->crop > 0)
        return builder->crop;
    return image->height < image->width ? image->height : image->width;
}

/* Reads, crops and resizes a row's image into its place. */
static alc_status read_image(const alc_dataset_builder *builder, int64_t row)
{
    int64_t size = builder->dataset->image_size;
    alc_image source = {0}, cropped = {0}, resized = {0};
    alc_status status = read_source(builder, row, &source);

    if (status == ALC_OK)
        status = alc_image_crop_centre(&source, crop_of(builder, &source),
                                       crop_of(builder, &source), &cropped);
    if (status == ALC_OK)
        status = alc_image_resize(&cropped, size, size, builder->options.filter, &resized);
    if (status == ALC_OK)
        memcpy(builder->candidates[row].pixels, resized.pixels, (size_t)(size * size * 3));
    alc_image_free(&source);
    alc_image_free(&cropped);
    alc_image_free(&resized);
    return status;
}

static void read_one(void *argument, int64_t row, int worker)
{
    alc_dataset_builder *builder = argument;
    alc_candidate *candidate = &builder->candidates[row];

    (void)worker;
    if (candidate->reason == NULL)
        candidate->status =
            alc_dataset_stopped(builder) ? ALC_INTERRUPTED : read_image(builder, row);
}

/* What becomes of a row whose image failed, with the context's sentence about it. */
static alc_status refuse(alc_dataset_builder *builder, int64_t row, alc_status status)
{
    char sentence[1024];

    if (status == ALC_OUT_OF_MEMORY || status == ALC_INTERRUPTED || status == ALC_INVALID_ARGUMENT)
        return status;
    alc_copy_error_message(builder->context, sentence, sizeof sentence);
    if (builder->options.drop_bad_images)
        return alc_dataset_drop(builder, row, sentence);
    return alc_dataset_fail_row(builder, row, status, "%s", sentence);
}

/* Where each row's image is; a row without a path is dropped, or an error. */
static alc_status find_paths(alc_dataset_builder *builder)
{
    for (int64_t row = 0; row < builder->rows; row++) {
        alc_candidate *candidate = &builder->candidates[row];
        alc_status status = ALC_OK;
        if (candidate->reason != NULL)
            continue;
        if (!alc_table_missing(builder->table, row, builder->image_column)) {
            candidate->image = image_path(builder, row);
            status = candidate->image != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
        } else if (builder->options.drop_bad_images)
            status = alc_dataset_drop(builder, row, "there is no path of an image");
        else
            status = alc_dataset_fail_row(builder, row, ALC_BAD_FILE,
                                          "there is no path of an image in column \"%s\"",
                                          alc_table_column_name(builder->table,
                                                                builder->image_column));
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}

/* The first image that can be read says how large they are. */
static alc_status find_extents(alc_dataset_builder *builder)
{
    alc_dataset *dataset = builder->dataset;

    for (int64_t row = 0; row < builder->rows && dataset->image_size == 0; row++) {
        alc_image image = {0};
        alc_status status = ALC_OK;
        if (builder->candidates[row].reason != NULL)
            continue;
        status = read_source(builder, row, &image);
        if (status == ALC_OK) {
            dataset->source_height = image.height;
            dataset->source_width = image.width;
            dataset->image_size =
                builder->options.size > 0 ? builder->options.size : crop_of(builder, &image);
            alc_image_free(&image);
        } else {
            status = refuse(builder, row, status);
            if (status != ALC_OK)
                return status;
        }
    }
    if (dataset->image_size > MOST_SIZE)
        return alc_fail(builder->context, ALC_INVALID_ARGUMENT,
                        "images of %lld pixels a side are too large to train on; ask for a size of "
                        "at most %d",
                        (long long)dataset->image_size, MOST_SIZE);
    return ALC_OK;
}

static alc_status allocate_pixels(alc_dataset_builder *builder)
{
    alc_dataset *dataset = builder->dataset;
    size_t bytes = (size_t)(dataset->image_size * dataset->image_size * 3), kept = 0;

    for (int64_t row = 0; row < builder->rows; row++)
        kept += builder->candidates[row].reason == NULL;
    dataset->pixels = alc_allocate_array(builder->context, kept, bytes, "images");
    if (dataset->pixels == NULL)
        return ALC_OUT_OF_MEMORY;
    kept = 0;
    for (int64_t row = 0; row < builder->rows; row++)
        if (builder->candidates[row].reason == NULL)
            builder->candidates[row].pixels = dataset->pixels + bytes * kept++;
    return ALC_OK;
}

static alc_status prepare_reading(alc_dataset_builder *builder)
{
    const alc_dataset_options *options = &builder->options;
    const char *column = options->image_column != NULL ? options->image_column : "image";
    const char *path = alc_table_path(builder->table), *slash = strrchr(path, '/');
    const char *folder = options->image_folder;
    size_t length = folder != NULL ? strlen(folder) : slash != NULL ? (size_t)(slash - path) + 1 : 0;

    if (options->crop < 0 || options->size < 0 || options->size > MOST_SIZE ||
        options->source_height < 0 || options->source_width < 0 ||
        (options->source_height == 0) != (options->source_width == 0))
        return alc_fail(builder->context, ALC_INVALID_ARGUMENT,
                        "a crop of %lld, a size of %lld and source images of %lld x %lld do not go "
                        "together",
                        (long long)options->crop, (long long)options->size,
                        (long long)options->source_height, (long long)options->source_width);
    builder->crop = options->crop;
    builder->dataset->source_height = options->source_height;
    builder->dataset->source_width = options->source_width;
    builder->folder = alc_allocate(builder->context, length + 2, "a folder's path");
    if (builder->folder == NULL)
        return ALC_OUT_OF_MEMORY;
    memcpy(builder->folder, folder != NULL ? folder : path, length);
    if (length > 0 && builder->folder[length - 1] != '/')
        builder->folder[length] = '/';
    return alc_table_require_column(builder->table, column, &builder->image_column);
}

/* Reads failed images again, in order, and decides about each. */
static alc_status settle_failures(alc_dataset_builder *builder)
{
    for (int64_t row = 0; row < builder->rows; row++) {
        alc_candidate *candidate = &builder->candidates[row];
        alc_status status;
        if (candidate->reason != NULL || candidate->status == ALC_OK)
            continue;
        if (alc_dataset_stopped(builder))
            return alc_fail(builder->context, ALC_INTERRUPTED,
                            "%s: reading the images was interrupted",
                            alc_table_path(builder->table));
        status = read_image(builder, row);
        if (status != ALC_OK)
            status = refuse(builder, row, status);
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}

alc_status alc_dataset_read_images(alc_dataset_builder *builder)
{
    alc_status status = prepare_reading(builder);

    if (status == ALC_OK)
        status = find_paths(builder);
    if (status == ALC_OK)
        status = find_extents(builder);
    if (status == ALC_OK)
        status = allocate_pixels(builder);
    if (status != ALC_OK)
        return status;
    alc_parallel_run(builder->context, builder->rows, read_one, builder);
    return settle_failures(builder);
}
