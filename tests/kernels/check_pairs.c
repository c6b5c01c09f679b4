/* tests/kernels/check_pairs.c - tensors that are pairs of bf16 in memory, and values that are rounded to it: the same bits as of reals
 * that hold the same values. */
#include "kernels/reference/chain_reference.h"
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/product_checks.h"

#include <math.h>
#include <string.h>

static alck_real rounded(alck_real value)
{
    return alck_reference_operand(ALCK_BF16_EMULATED, value);
}

/* Some reals, and as bf16 holds them: as reals, and as pairs. */
typedef struct paired_tensor {
    kernel_tensor source, reals, pairs;
} paired_tensor;

static void store_pairs(const kernel_tensor *reals, kernel_tensor *pairs)
{
    for (int64_t p = 0; p < reals->pixels; p++)
        for (int64_t c = 0; c < reals->channels; c++) {
            const float value = (float)*kernel_at(reals, p, c);
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            const uint16_t half = (uint16_t)(bits >> 16);
            memcpy((char *)kernel_at(pairs, p, c / 2) + c % 2 * 2, &half, sizeof half);
        }
}

static paired_tensor make_paired(kernel_run *run, int64_t pixels, int64_t channels, int64_t gap)
{
    paired_tensor t = {.source = kernel_tensor_reals(run, pixels, channels, channels + gap, 2)};
    t.reals = kernel_tensor_copy(&t.source);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            *kernel_at(&t.reals, p, c) = rounded(*kernel_at(&t.source, p, c));
    t.pairs = kernel_tensor_new(pixels, channels / 2, channels / 2 + gap);
    store_pairs(&t.reals, &t.pairs);
    return t;
}

static void free_paired(kernel_run *run, paired_tensor *t)
{
    kernel_tensor_free(run, &t->source, "a tensor");
    kernel_tensor_free(run, &t->reals, "a rounded tensor");
    kernel_tensor_free(run, &t->pairs, "a tensor of pairs");
}

static void expect_same(kernel_run *run, const kernel_tensor *got, const kernel_tensor *want, const char *what)
{
    for (int64_t p = 0; p < want->pixels; p++)
        if (memcmp(kernel_at(got, p, 0), kernel_at(want, p, 0), (size_t)want->channels * sizeof(alck_real)) != 0)
            kernel_fail(run, "%s: other bits at pixel %lld of %lld, %lld channels", what, (long long)p, (long long)want->pixels,
                        (long long)want->channels);
}

/* --- convolutions --- */

/* One group, and even channels on both sides; in turn any, point-wise, and 3x3 by Winograd's algorithm. */
typedef enum shape_kind { SHAPE_ANY, SHAPE_POINTWISE, SHAPE_WINOGRAD, SHAPE_KINDS } shape_kind;

static alck_conv random_conv(kernel_run *run, shape_kind kind)
{
    alck_conv s = kind == SHAPE_POINTWISE ? product_random_pointwise(run) : product_random_conv(run, 20000);
    s.groups = 1;
    s.in_channels += s.in_channels % 2;
    s.out_channels += s.out_channels % 2;
    if (kind == SHAPE_WINOGRAD) {
        s.kernel_height = s.kernel_width = 3;
        s.stride_y = s.stride_x = s.dilation_y = s.dilation_x = s.pad_top = s.pad_left = 1;
        s.out_height = s.in_height;
        s.out_width = s.in_width;
    }
    s.operands = product_bf16(run);
    s.out_stride = 0;
    return s;
}

typedef struct conv_case {
    shape_kind kind;
    alck_conv s;
    paired_tensor x;
    kernel_tensor weight, dy, scale, shift;
} conv_case;

static conv_case make_case(kernel_run *run, int i)
{
    conv_case c = {.kind = (shape_kind)(i % SHAPE_KINDS)};
    c.s = random_conv(run, c.kind);
    c.x = make_paired(run, c.s.batch * c.s.in_height * c.s.in_width, c.s.in_channels, i % 2 ? kernel_random_between(run, 1, 20) : 0);
    c.weight = kernel_tensor_reals(run, c.s.kernel_height * c.s.kernel_width * c.s.in_channels, c.s.out_channels, c.s.out_channels, 1);
    c.dy = kernel_tensor_reals(run, c.s.batch * c.s.out_height * c.s.out_width, c.s.out_channels, c.s.out_channels, 1);
    c.scale = kernel_tensor_reals(run, 1, c.s.in_channels, c.s.in_channels, 2);
    c.shift = kernel_tensor_reals(run, 1, c.s.in_channels, c.s.in_channels, 1);
    return c;
}

static void free_case(kernel_run *run, conv_case *c)
{
    kernel_tensor *tensors[] = {&c->weight, &c->dy, &c->scale, &c->shift};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        kernel_tensor_free(run, tensors[i], "an operand of a convolution");
    free_paired(run, &c->x);
}

static void forward(kernel_run *run, const conv_case *c, const alck_conv *s, const alck_real *x, const alck_epilogue *e, alck_real *y)
{
    const alck_table *t = run->table;
    const bool winograd = c->kind == SHAPE_WINOGRAD;
    kernel_buffer packed = kernel_scratch(winograd ? t->winograd_packed_bytes(s) : t->conv_packed_bytes(s));
    kernel_buffer scratch = kernel_scratch(winograd ? t->winograd_forward_scratch_bytes(s, true, run->par->workers)
                                                    : t->conv_forward_scratch_bytes(s, run->par->workers));
    if (winograd) {
        t->winograd_pack(run->par, s, c->weight.data, packed.data);
        t->winograd_forward(run->par, s, x, NULL, packed.data, e, y, scratch.data);
    } else {
        t->conv_pack(run->par, s, c->weight.data, packed.data);
        t->conv_forward(run->par, s, x, packed.data, e, y, scratch.data);
    }
    kernel_buffer_free(run, &packed, "packed");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void weight_gradient(kernel_run *run, const conv_case *c, const alck_conv *s, const alck_real *x, alck_real *dw)
{
    const alck_table *t = run->table;
    const bool winograd = c->kind == SHAPE_WINOGRAD;
    kernel_buffer scratch = kernel_scratch(winograd ? t->winograd_backward_weights_scratch_bytes(s, run->par->workers)
                                                    : t->conv_backward_weights_scratch_bytes(s, run->par->workers));
    (winograd ? t->winograd_backward_weights : t->conv_backward_weights)(run->par, s, x, c->dy.data, dw, false, scratch.data);
    kernel_buffer_free(run, &scratch, "scratch");
}

/* Output and weights' gradient of an input that is read as `reading` says, beside those of `s`. */
static void compare_reading(kernel_run *run, const conv_case *c, const alck_conv *s, alck_reading reading, const kernel_tensor *input)
{
    const alck_epilogue none = {.add = false};
    alck_conv read = *s;
    read.reading = reading;
    read.in_stride = input->stride;
    kernel_tensor y = kernel_tensor_new(c->dy.pixels, s->out_channels, s->out_channels), want_y = kernel_tensor_copy(&y);
    kernel_tensor dw = kernel_tensor_new(c->weight.pixels, s->out_channels, s->out_channels), want_dw = kernel_tensor_copy(&dw);
    forward(run, c, s, c->x.reals.data, &none, want_y.data);
    forward(run, c, &read, input->data, &none, y.data);
    expect_same(run, &y, &want_y, "y");
    weight_gradient(run, c, s, c->x.reals.data, want_dw.data);
    weight_gradient(run, c, &read, input->data, dw.data);
    expect_same(run, &dw, &want_dw, "dw");
    kernel_tensor_free(run, &want_y, "y of reals");
    kernel_tensor_free(run, &want_dw, "dw of reals");
    kernel_tensor_output(run, &y, "y of pairs");
    kernel_tensor_output(run, &dw, "dw of pairs");
}

static void check_reading(kernel_run *run)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6};
    for (int i = 0; i < 60; i++) {
        conv_case c = make_case(run, i);
        alck_conv s = c.s;
        s.in_stride = c.x.reals.stride;
        compare_reading(run, &c, &s, (alck_reading){.pairs = true}, &c.x.pairs);
        if (c.kind == SHAPE_POINTWISE) {
            s.reading = (alck_reading){.normalises = true, .scale = c.scale.data, .shift = c.shift.data,
                                       .activation = activations[i / SHAPE_KINDS % 3]};
            alck_reading paired = s.reading, unrounded = s.reading;
            paired.pairs = true;
            unrounded.rounds = true;
            compare_reading(run, &c, &s, paired, &c.x.pairs);
            compare_reading(run, &c, &s, unrounded, &c.x.source);
        }
        free_case(run, &c);
    }
}

/* --- what is stored --- */

static alck_real finished(const alck_epilogue *e, const kernel_tensor *residual, alck_real sum, int64_t p, int64_t c)
{
    alck_real v = rounded(e->bias != NULL ? sum + e->bias[c] : sum);
    if (residual != NULL)
        v = rounded(v + *kernel_at(residual, p, c));
    if (e->activation != ALCK_IDENTITY && v < 0)
        v = 0;
    return e->activation == ALCK_RELU6 && v > 6 ? 6 : v;
}

static void compare_stored(kernel_run *run, const conv_case *c, const alck_conv *s, const alck_epilogue *e,
                           const paired_tensor *residual)
{
    const alck_epilogue none = {.add = false};
    const int64_t stride = e->stores_pairs ? s->out_channels / 2 : s->out_channels;
    kernel_tensor sums = kernel_tensor_new(c->dy.pixels, s->out_channels, s->out_channels);
    kernel_tensor y = kernel_tensor_new(c->dy.pixels, stride, stride + 3), want = kernel_tensor_copy(&y);
    forward(run, c, s, c->x.reals.data, &none, sums.data);
    for (int64_t p = 0; p < sums.pixels; p++)
        for (int64_t k = 0; k < s->out_channels; k++)
            *kernel_at(&sums, p, k) = finished(e, residual != NULL ? &residual->reals : NULL, *kernel_at(&sums, p, k), p, k);
    if (e->stores_pairs)
        store_pairs(&sums, &want);
    alck_conv out = *s;
    out.out_stride = y.stride;
    forward(run, c, &out, c->x.reals.data, e, y.data);
    expect_same(run, &y, e->stores_pairs ? &want : &sums, "what is rounded");
    kernel_tensor_free(run, &sums, "sums");
    kernel_tensor_free(run, &want, "pairs wanted");
    kernel_tensor_output(run, &y, "y");
}

static void check_storing(kernel_run *run)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6};
    for (int i = 0; i < 96; i++) {
        conv_case c = make_case(run, i);
        alck_conv s = c.s;
        s.in_stride = c.x.reals.stride;
        paired_tensor residual = make_paired(run, c.dy.pixels, s.out_channels, 1);
        kernel_tensor bias = kernel_tensor_reals(run, 1, s.out_channels, s.out_channels, 1);
        bias.data[0] = (alck_real)INFINITY;
        bias.data[1] = -(alck_real)INFINITY;
        alck_epilogue e = {.bias = i % 4 ? bias.data : NULL, .activation = activations[i / 2 % 3], .rounding = s.operands,
                           .stores_pairs = i % 2 == 0, .residual_pairs = i % 5 < 2};
        if (i % 5 < 4) {
            const kernel_tensor *lies = e.residual_pairs ? &residual.pairs : &residual.reals;
            e.residual = lies->data;
            e.residual_stride = lies->stride;
        }
        compare_stored(run, &c, &s, &e, e.residual != NULL ? &residual : NULL);
        kernel_tensor_free(run, &bias, "bias");
        free_paired(run, &residual);
        free_case(run, &c);
    }
}

/* --- batch norms --- */

typedef struct norm_case {
    paired_tensor x, residual;
    kernel_tensor per_channel[7], dy, y, pairs_y;
    alck_norm_backward s; /* of reals that bf16 holds */
} norm_case;

/* One with a residual has no silu. */
static norm_case make_norm(kernel_run *run, int i)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6, ALCK_SILU};
    const int64_t rows = kernel_random_between(run, 1, 3), pixels = kernel_random_extent(run), all = rows * pixels;
    const int64_t channels = i % 6 ? 2 * kernel_random_extent(run) : 2 * kernel_random_between(run, 129, 300);
    norm_case n = {.x = make_paired(run, all, channels, i % 3), .residual = make_paired(run, all, channels, i % 2)};
    for (int t = 0; t < 7; t++)
        n.per_channel[t] = kernel_tensor_reals(run, 1, channels, channels, 2);
    n.dy = kernel_tensor_reals(run, all, channels, channels, 1);
    n.y = kernel_tensor_new(all, channels, channels + 1);
    n.pairs_y = kernel_tensor_new(all, channels / 2, channels / 2 + 2);
    n.s = (alck_norm_backward){
        .forward = {.rows = rows, .pixels_per_row = pixels, .channels = channels, .x = n.x.reals.data, .x_stride = n.x.reals.stride,
                    .scale = n.per_channel[0].data, .shift = n.per_channel[1].data, .activation = activations[i % 4]},
        .dy = n.dy.data, .dy_stride = n.dy.stride, .mean = n.per_channel[2].data, .inverse_std = n.per_channel[3].data,
        .a = n.per_channel[4].data, .b = n.per_channel[5].data, .c = n.per_channel[6].data};
    if (i % 8 < 3) {
        n.s.forward.residual = n.residual.reals.data;
        n.s.forward.residual_stride = n.residual.reals.stride;
        n.s.forward.rounding = product_bf16(run);
    }
    run->table->norm_forward(run->par, &n.s.forward, n.y.data, n.y.stride);
    return n;
}

static void free_norm(kernel_run *run, norm_case *n)
{
    for (int t = 0; t < 7; t++)
        kernel_tensor_free(run, &n->per_channel[t], "a norm's channels");
    kernel_tensor_free(run, &n->dy, "dy");
    kernel_tensor_output(run, &n->y, "y");
    kernel_tensor_output(run, &n->pairs_y, "y as pairs");
    free_paired(run, &n->x);
    free_paired(run, &n->residual);
}

/* The same norm of tensors that are pairs, or of an x that is yet to be rounded. */
static alck_norm_backward norm_of_pairs(kernel_run *run, const norm_case *n, bool unrounded)
{
    alck_norm_backward s = n->s;
    const kernel_tensor *x = unrounded ? &n->x.source : &n->x.pairs;
    s.forward.x = x->data;
    s.forward.x_stride = x->stride;
    s.forward.x_pairs = !unrounded;
    s.forward.x_rounding = unrounded ? product_bf16(run) : ALCK_REALS;
    if (s.forward.residual != NULL && !unrounded) {
        s.forward.residual = n->residual.pairs.data;
        s.forward.residual_stride = n->residual.pairs.stride;
        s.forward.residual_pairs = s.forward.y_pairs = true;
    }
    return s;
}

static void compare_norm_forward(kernel_run *run, const norm_case *n, const alck_norm *of_pairs)
{
    kernel_tensor y = of_pairs->y_pairs ? kernel_tensor_copy(&n->pairs_y) : kernel_tensor_copy(&n->y), want = kernel_tensor_copy(&y);
    run->table->norm_forward(run->par, of_pairs, y.data, y.stride);
    if (of_pairs->y_pairs) {
        store_pairs(&n->y, &want);
        store_pairs(&n->y, (kernel_tensor *)&n->pairs_y);
    }
    expect_same(run, &y, of_pairs->y_pairs ? &want : &n->y, "a norm's y");
    kernel_tensor_free(run, &want, "y wanted");
    kernel_tensor_output(run, &y, "y of pairs");
}

/* Statistics, or the sums of backward: two rows, one beside the other. */
static kernel_tensor norm_sums(kernel_run *run, const alck_norm_backward *s, bool statistics)
{
    const alck_norm *f = &s->forward;
    kernel_tensor sums = kernel_tensor_new(2, f->channels, f->channels);
    kernel_buffer scratch = kernel_scratch(run->table->norm_scratch_bytes(f->rows, f->pixels_per_row, f->channels, run->par->workers));
    alck_norm_backward backward = *s;
    backward.sum_dz = kernel_at(&sums, 0, 0);
    backward.sum_dz_xhat = kernel_at(&sums, 1, 0);
    if (statistics)
        run->table->norm_statistics(run->par, f, kernel_at(&sums, 0, 0), kernel_at(&sums, 1, 0), scratch.data);
    else
        run->table->norm_backward_sums(run->par, &backward, scratch.data);
    kernel_buffer_free(run, &scratch, "scratch");
    return sums;
}

static kernel_tensor norm_applied(kernel_run *run, const alck_norm_backward *s)
{
    const alck_norm *f = &s->forward;
    kernel_tensor dx = kernel_tensor_new(f->rows * f->pixels_per_row, f->channels, f->channels);
    alck_norm_backward backward = *s;
    backward.dx = dx.data;
    backward.dx_stride = dx.stride;
    run->table->norm_backward_apply(run->par, &backward);
    return dx;
}

static void expect_and_free(kernel_run *run, kernel_tensor got, kernel_tensor want, const char *what)
{
    expect_same(run, &got, &want, what);
    kernel_tensor_free(run, &want, what);
    kernel_tensor_output(run, &got, what);
}

static void check_norms(kernel_run *run)
{
    for (int i = 0; i < 48; i++) {
        norm_case n = make_norm(run, i);
        alck_norm_backward of_pairs = norm_of_pairs(run, &n, i / 4 % 2);
        compare_norm_forward(run, &n, &of_pairs.forward);
        if (n.s.forward.residual != NULL) { /* backward is given y */
            n.s.y = n.y.data;
            n.s.y_stride = n.y.stride;
            of_pairs.y = of_pairs.forward.y_pairs ? n.pairs_y.data : n.y.data;
            of_pairs.y_stride = of_pairs.forward.y_pairs ? n.pairs_y.stride : n.y.stride;
        }
        expect_and_free(run, norm_sums(run, &of_pairs, true), norm_sums(run, &n.s, true), "statistics");
        expect_and_free(run, norm_sums(run, &of_pairs, false), norm_sums(run, &n.s, false), "sums");
        expect_and_free(run, norm_applied(run, &of_pairs), norm_applied(run, &n.s), "dx");
        free_norm(run, &n);
    }
}

static void check_rounding(kernel_run *run)
{
    for (int i = 0; i < 20; i++) {
        kernel_tensor x = kernel_tensor_specials(run, kernel_random_extent(run), kernel_random_extent(run), 300);
        kernel_tensor want = kernel_tensor_copy(&x);
        for (int64_t p = 0; p < x.pixels; p++)
            for (int64_t c = 0; c < x.channels; c++)
                *kernel_at(&want, p, c) = rounded(*kernel_at(&x, p, c));
        run->table->round_to_bf16(run->par, product_bf16(run), x.pixels, x.channels, x.data, x.stride);
        expect_and_free(run, x, want, "round_to_bf16");
    }
}

const kernel_check kernel_checks_pairs[] = {
    {"convolutions that read pairs", check_reading},
    {"convolutions that round, and store pairs", check_storing},
    {"norms that read, add and store pairs", check_norms},
    {"round_to_bf16", check_rounding},
    {NULL, NULL},
};
