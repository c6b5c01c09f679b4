/* lib/data/image_transform.c - transformations of an image that move or rescale values exactly: crop, flip, turn,
 * normalise. Nothing here interpolates; image_resize.c does.
 */
#include <math.h>
#include <string.h>

#include "lib/data/image_internal.h"

alc_status alc_image_allocate(alc_context *context, int64_t height, int64_t width, alc_image *image)
{
    *image = (alc_image){0};
    uint8_t *pixels = alc_allocate(context, (size_t)(height * width * 3), "an image");
    if (pixels == NULL)
        return ALC_OUT_OF_MEMORY;
    *image = (alc_image){
        .context = context, .height = height, .width = width, .channels = 3, .pixels = pixels};
    return ALC_OK;
}

alc_status alc_image_check_pair(const alc_image *image, alc_image *result, const char *function)
{
    bool usable = image != NULL && image->pixels != NULL && image->context != NULL;

    if (usable && (result == NULL || result == image))
        return alc_fail(image->context, ALC_INVALID_ARGUMENT,
                        "%s: result is NULL or the image itself", function);
    if (result != NULL && result != image)
        *result = (alc_image){0};
    return usable ? ALC_OK : ALC_INVALID_ARGUMENT;
}

/* Half of a margin; of an odd one the even neighbour of the half, as torchvision's center_crop rounds. */
static int64_t half_of(int64_t margin)
{
    const int64_t half = margin / 2;
    return half + (margin % 2 != 0 && half % 2 != 0);
}

alc_status alc_image_crop_centre(const alc_image *image, int64_t height, int64_t width,
                                 alc_image *result)
{
    int64_t top, left;
    alc_status status = alc_image_check_pair(image, result, "alc_image_crop_centre");

    if (status != ALC_OK)
        return status;
    if (height < 1 || width < 1 || height > image->height || width > image->width)
        return alc_fail(image->context, ALC_INVALID_ARGUMENT,
                        "a crop of %lld x %lld pixels does not fit an image of %lld x %lld",
                        (long long)height, (long long)width, (long long)image->height,
                        (long long)image->width);
    status = alc_image_allocate(image->context, height, width, result);
    if (status != ALC_OK)
        return status;
    result->channels = image->channels;
    top = half_of(image->height - height);
    left = half_of(image->width - width);
    for (int64_t y = 0; y < height; y++)
        memcpy(result->pixels + y * width * 3,
               image->pixels + ((top + y) * image->width + left) * 3, (size_t)width * 3);
    return ALC_OK;
}

/* A quarter turn counter-clockwise of what the walk gives: its last column, read downwards, becomes the first row. */
static alc_view_walk turn(alc_view_walk walk)
{
    return (alc_view_walk){.height = walk.width,
                           .width = walk.height,
                           .base = walk.base + (walk.width - 1) * walk.dx,
                           .dy = -walk.dx,
                           .dx = walk.dy};
}

alc_view_walk alc_image_walk_view(int64_t height, int64_t width, int view)
{
    alc_view_walk walk = {.height = height, .width = width, .base = 0, .dy = width, .dx = 1};

    if (view >= 4) {
        walk.base = width - 1;
        walk.dx = -1;
    }
    for (int turns = view % 4; turns > 0; turns--)
        walk = turn(walk);
    return walk;
}

alc_status alc_image_view(const alc_image *image, int view, alc_image *result)
{
    alc_view_walk walk;
    alc_status status = alc_image_check_pair(image, result, "alc_image_view");

    if (status != ALC_OK)
        return status;
    if (view < 0 || view >= ALC_VIEW_COUNT)
        return alc_fail(image->context, ALC_INVALID_ARGUMENT,
                        "there is no view %d; they are numbered 0 to 7", view);
    walk = alc_image_walk_view(image->height, image->width, view);
    status = alc_image_allocate(image->context, walk.height, walk.width, result);
    if (status != ALC_OK)
        return status;
    result->channels = image->channels;
    for (int64_t y = 0; y < walk.height; y++)
        for (int64_t x = 0; x < walk.width; x++)
            memcpy(result->pixels + (y * walk.width + x) * 3,
                   image->pixels + (walk.base + y * walk.dy + x * walk.dx) * 3, 3);
    return ALC_OK;
}

alc_status alc_image_normalise(const alc_image *image, alc_normalisation normalisation,
                               alc_real *values)
{
    alc_real table[3][256];
    alc_status status;

    if (image == NULL || image->pixels == NULL || image->context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (values == NULL)
        return alc_fail(image->context, ALC_INVALID_ARGUMENT, "alc_image_normalise: values is NULL");
    status = alc_normalisation_table(image->context, normalisation, table);
    if (status != ALC_OK)
        return status;
    for (int64_t i = 0; i < image->height * image->width; i++)
        for (int c = 0; c < 3; c++)
            values[3 * i + c] = table[c][image->pixels[3 * i + c]];
    return ALC_OK;
}

alc_status alc_normalisation_table(alc_context *context, alc_normalisation normalisation,
                                   alc_real table[3][256])
{
    for (int c = 0; c < 3; c++) {
        double mean = normalisation.mean[c], std = normalisation.std[c];
        if (!isfinite(mean) || !isfinite(std) || !(std > 0))
            return alc_fail(context, ALC_INVALID_ARGUMENT,
                            "images cannot be normalised by mean %g and standard deviation %g", mean,
                            std);
        for (int v = 0; v < 256; v++)
            table[c][v] = (alc_real)((v / 255.0 - mean) / std);
    }
    return ALC_OK;
}
