/* shape.c - extents of tensors: products that cannot overflow, comparison, text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/graph/graph.h"

size_t alc_dtype_size(alc_dtype dtype)
{
    return dtype == ALC_I32 ? sizeof(int32_t) : sizeof(alc_real);
}

int64_t alc_shape_elements(alc_shape shape)
{
    int64_t elements = 1;
    if (shape.rank < 0 || shape.rank > ALC_MAX_RANK)
        return -1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.extent[i] < 1 || elements > INT64_MAX / shape.extent[i])
            return -1;
        elements *= shape.extent[i];
    }
    return elements;
}

bool alc_shape_equal(alc_shape a, alc_shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++) {
        if (a.extent[i] != b.extent[i])
            return false;
    }
    return true;
}

char *alc_shape_text(alc_shape shape, char *text, size_t size)
{
    size_t used = 0;
    int rank = shape.rank < 0 ? 0 : shape.rank > ALC_MAX_RANK ? ALC_MAX_RANK : shape.rank;
    if (size == 0)
        return text;
    text[0] = '\0';
    for (int i = 0; i <= rank; i++) {
        int n = i == rank ? snprintf(text + used, size - used, "%s", rank ? "]" : "[]")
                          : snprintf(text + used, size - used, "%s%" PRId64, i ? "," : "[", shape.extent[i]);
        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
    }
    return text;
}

bool alc_shape_is_tensor(alc_shape shape)
{
    int64_t elements = alc_shape_elements(shape);
    return shape.rank >= 1 && shape.rank <= 3 && elements > 0 && elements <= ALC_MAX_VALUES;
}

int64_t alc_shape_channels(alc_shape shape)
{
    return shape.rank > 0 ? shape.extent[shape.rank - 1] : 1;
}

int64_t alc_shape_pixels(alc_shape shape)
{
    int64_t pixels = 1;
    for (int i = 0; i + 1 < shape.rank; i++)
        pixels *= shape.extent[i];
    return pixels;
}

alc_view alc_shape_view(alc_shape shape, bool scalar)
{
    alc_view view = {.height = 1, .width = 1, .channels = 1, .stride = 1};
    if (scalar)
        return view;
    view.channels = view.stride = alc_shape_channels(shape);
    view.width = shape.rank >= 2 ? shape.extent[shape.rank - 2] : 1;
    for (int i = 0; i + 2 < shape.rank; i++)
        view.height *= shape.extent[i];
    return view;
}
