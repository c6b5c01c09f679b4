/* kernels/f32/conv_forward.c - convolution as a product (product.h): the image is the input, the columns are a group's
 * output channels, and the weights [ky][kx][channel][column] are already the right operand.
 */
#include "kernels/f32/geometry.h"
#include "kernels/f32/left.h"

size_t ALCK_NAME(conv_packed_bytes)(const alck_conv *s)
{
    return (size_t)(s->groups * panel_elements(conv_group_k(s), s->out_channels / s->groups)) * sizeof(alck_real);
}

void ALCK_NAME(conv_pack)(const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed)
{
    const int64_t k = conv_group_k(s), columns = s->out_channels / s->groups;
    for (int64_t group = 0; group < s->groups; group++)
        ALCK_NAME(gemm_pack_b)(par, k, columns, weight + group * k * columns, columns, false,
                               (alck_real *)packed + group * panel_elements(k, columns));
}

size_t ALCK_NAME(conv_forward_scratch_bytes)(const alck_conv *s, int workers)
{
    const product p = conv_as_product(s);
    return ALCK_NAME(product_scratch_bytes)(&p, workers);
}

void ALCK_NAME(conv_forward)(const alck_parallel *par, const alck_conv *s, const alck_real *x, const void *packed,
                             const alck_epilogue *epilogue, alck_real *y, void *scratch)
{
    product p = conv_as_product(s);
    p.input = x;
    p.panels = packed;
    p.output = y;
    p.epilogue = epilogue;
    ALCK_NAME(product_run)(par, &p, scratch);
}

const char *ALCK_NAME(conv_kernel_name)(const alck_conv *s)
{
    const product p = conv_as_product(s);
    return ALCK_NAME(left_name)(&p);
}
