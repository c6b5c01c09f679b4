/* expect.c - the sentences that ops share for inputs of the wrong kind. */
#include "lib/ops/ops.h"

alc_status alc_expect_real(alc_infer *infer, int input)
{
    if (infer->input_dtypes[input] == ALC_REAL)
        return ALC_OK;
    return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "input %d holds integers; real numbers are expected", input);
}

alc_status alc_expect_image(alc_infer *infer, int input)
{
    char text[128];
    if (infer->input_shapes[input].rank != 3)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "input %d is %s; [height,width,channels] is expected", input,
                              alc_shape_text(infer->input_shapes[input], text, sizeof text));
    return alc_expect_real(infer, input);
}
