/* kernels/f32/conv_forward.c - convolution as a product (product.h): the image is the input, the columns are a group's
 * output channels, and the weights [ky][kx][channel][column] are already the right operand.
 */
#include "kernels/f32/geometry.h"
#include "kernels/f32/left.h"

static int64_t elements_of_group(const product *p)
{
    return panel_elements(product_terms(p), p->columns);
}

size_t ALCK_NAME(conv_packed_bytes)(const alck_conv *s)
{
    const product p = conv_as_product(s);
    return (size_t)(s->groups * elements_of_group(&p)) * sizeof(alck_real);
}

void ALCK_NAME(conv_pack)(const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed)
{
    const product p = conv_as_product(s);
    pack_source source = {.stretches = product_stretches(&p), .reals = p.stretch_taps * s->in_channels / s->groups,
                          .columns = p.columns, .stride = p.columns, .operands = s->operands};
    for (int64_t group = 0; group < s->groups; group++) {
        source.values = weight + group * source.stretches * source.reals * p.columns;
        ALCK_NAME(pack_panels)(par, &source, (alck_real *)packed + group * elements_of_group(&p));
    }
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
