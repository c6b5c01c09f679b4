/* pad_pixels.c - a cache line between pixels whose distance is a multiple of 4 KiB.
 *
 * Such pixels share the few places of one set of the first cache. A product reads a dozen or more of them side by side, so it would
 * have to copy them first, and its stores would drive each other out. Only tensors that stay within the plan lie so; gradients like
 * their values. */
#include "lib/compile/compile.h"

#define ALIASED_BYTES 4096
#define LINE_BYTES 64

static bool lies_badly(const alc_plan_tensor *tensor)
{
    return tensor->shape.rank == 3 && alc_shape_channels(tensor->shape) * (int64_t)alc_dtype_size(tensor->dtype) % ALIASED_BYTES == 0;
}

void alc_pad_pixels(alc_plan *plan)
{
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        alc_plan_tensor *tensor = &plan->tensors[t];
        if (tensor->source && tensor->root == t && tensor->producer >= 0 && !tensor->kept && lies_badly(tensor) &&
            !alc_wants_contiguous(plan, t))
            tensor->padding = LINE_BYTES / (int64_t)alc_dtype_size(tensor->dtype);
    }
}
