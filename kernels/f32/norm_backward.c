/* kernels/f32/norm_backward.c - batch norm backward in two passes: the sums over pixels, then the input's gradient.
 *
 * Both start from dz = dy f'(z). Where the activation's output was not kept (or does not tell its input, as silu's),
 * z is computed again with norm_forward's own operations, so that its bits and thus relu's mask are the same.
 */
#include "kernels/f32/activation.h"
#include "kernels/f32/norm_values.h"
#include "kernels/f32/runs.h"

/* What dy of all pixels of a row is multiplied by, and what is added then; or NULL. */
typedef struct norm_row {
    const alck_real *gate, *dy;
} norm_row;

typedef struct norm_pixel {
    const alck_real *x, *residual, *y, *dy;
    norm_row row;
} norm_pixel;

ALCK_INLINE norm_row norm_row_at(const alck_norm_backward *s, int64_t row)
{
    return (norm_row){.gate = s->gate != NULL ? s->gate + row * s->gate_stride : NULL,
                      .dy = s->dy_of_rows != NULL ? s->dy_of_rows + row * s->dy_of_rows_stride : NULL};
}

ALCK_INLINE norm_pixel norm_pixel_at(const alck_norm_backward *s, norm_row row, int64_t p)
{
    const alck_norm *n = &s->forward;
    return (norm_pixel){.x = n->x + p * n->x_stride,
                        .residual = n->residual != NULL ? n->residual + p * n->residual_stride : NULL,
                        .y = s->y != NULL ? s->y + p * s->y_stride : NULL,
                        .dy = s->dy + p * s->dy_stride,
                        .row = row};
}

static const alck_real *from_channel(const alck_real *values, int64_t channel)
{
    return values != NULL ? values + channel : NULL;
}

static alck_real *from_pixel(alck_real *values, int64_t stride, norm_block b)
{
    return values != NULL ? values + b.pixel * stride + b.channel : NULL;
}

/* The same of a block, but for the gate and dy of rows, which begin with the first row; x and y may become reals. */
static alck_norm_backward backward_of_block(const alck_norm_backward *s, norm_block b, alck_real *x, alck_real *y)
{
    alck_norm_backward block = *s;
    block.forward = norm_of_block(&s->forward, b, x);
    block.dy += b.pixel * s->dy_stride + b.channel;
    block.gate = from_channel(s->gate, b.channel);
    block.dy_of_rows = from_channel(s->dy_of_rows, b.channel);
    block.mean = from_channel(s->mean, b.channel);
    block.a = from_channel(s->a, b.channel);
    block.b = from_channel(s->b, b.channel);
    block.c = from_channel(s->c, b.channel);
    block.dz = from_pixel(s->dz, s->dz_stride, b);
    block.dx = from_pixel(s->dx, s->dx_stride, b);
    block.d_residual = from_pixel(s->d_residual, s->d_residual_stride, b);
    if (s->y != NULL && s->forward.y_pairs) {
        const norm_values unpaired = norm_unpaired(s->y, s->y_stride, b, y);
        block.y = unpaired.at;
        block.y_stride = unpaired.stride;
    } else if (s->y != NULL) {
        block.y += b.pixel * s->y_stride + b.channel;
    }
    return block;
}

/* dz of the lanes from channel i on. */
ALCK_INLINE vf norm_dz(alck_activation f, const alck_norm *n, const norm_pixel *at, int64_t i, int64_t lanes)
{
    vf dy = load_lanes(at->dy + i, lanes);
    if (at->row.gate != NULL)
        dy = vf_mul(dy, load_lanes(at->row.gate + i, lanes));
    if (at->row.dy != NULL)
        dy = vf_add(dy, load_lanes(at->row.dy + i, lanes));
    if (f == ALCK_IDENTITY)
        return dy;
    if (f != ALCK_SILU && at->y != NULL)
        return vf_activate_backward(f, load_lanes(at->y + i, lanes), dy);
    vf z = vf_fma(load_lanes(at->x + i, lanes), load_lanes(n->scale + i, lanes), load_lanes(n->shift + i, lanes));
    if (at->residual != NULL)
        z = vf_add(z, load_lanes(at->residual + i, lanes));
    return vf_activate_backward(f, vf_activation_source(f, z), dy);
}

/* --- the sums of dz and dz (x - mean) --- */

typedef struct sums_job {
    units cut;
    const alck_norm_backward *s;
    double *totals; /* [unit][sum dz, sum dz (x - mean)][channels] */
} sums_job;

ALCK_INLINE void sums_step(alck_activation f, const alck_norm_backward *s, norm_row row, alck_real *sums, alck_real *products,
                           int64_t pixel, int64_t pixels, int64_t i, int64_t lanes)
{
    const vf mean = load_lanes(s->mean + i, lanes);
    vf sum = load_lanes(sums + i, lanes), product = load_lanes(products + i, lanes);
    for (int64_t p = pixel; p < pixel + pixels; p++) {
        const norm_pixel at = norm_pixel_at(s, row, p);
        fetch_pixel_ahead(at.x + i, s->forward.x_stride);
        fetch_pixel_ahead(at.dy + i, s->dy_stride);
        const vf dz = norm_dz(f, &s->forward, &at, i, lanes);
        if (f == ALCK_SILU && s->dz != NULL)
            store_lanes(s->dz + p * s->dz_stride + i, dz, lanes);
        sum = vf_add(sum, dz);
        product = vf_fma(dz, vf_sub(load_lanes(at.x + i, lanes), mean), product);
    }
    store_lanes(sums + i, sum, lanes);
    store_lanes(products + i, product, lanes);
}

/* A run of so many pixels, which `s` begins with. */
ALCK_INLINE void run_sums(alck_activation f, const alck_norm_backward *s, norm_row row, int64_t pixels, alck_real *sums,
                          alck_real *products)
{
    if (activation_is_simple(f))
        EACH_PIXEL_VECTOR(pixels, s->forward.channels, sums_step, f, s, row, sums, products);
    else /* a polynomial gains nothing by four copies */
        EACH_VECTOR(s->forward.channels, sums_step, f, s, row, sums, products, 0, pixels);
}

static void unit_sums(const sums_job *j, int64_t unit, int64_t channel, int64_t channels)
{
    alck_real sums[CHUNK_CHANNELS], products[CHUNK_CHANNELS], x[RUN_PIXELS * CHUNK_CHANNELS], y[RUN_PIXELS * CHUNK_CHANNELS];
    const int64_t all = unit_pixels(&j->cut, unit);
    double *totals = j->totals + 2 * unit * j->cut.channels + channel;
    memset(totals, 0, (size_t)channels * sizeof *totals);
    memset(totals + j->cut.channels, 0, (size_t)channels * sizeof *totals);
    for (int64_t before = 0; before < all; before += RUN_PIXELS) {
        const norm_block b = {unit_first_pixel(&j->cut, unit) + before, smaller(RUN_PIXELS, all - before), channel, channels};
        const alck_norm_backward s = backward_of_block(j->s, b, x, y);
        const norm_row row = norm_row_at(&s, unit / j->cut.per_row);
        clear_sums(sums, channels);
        clear_sums(products, channels);
#define RUN_SUMS(f) run_sums(f, &s, row, b.pixels, sums, products)
        FOR_NORM_ACTIVATION(s.forward.activation, RUN_SUMS)
#undef RUN_SUMS
        ALCK_NAME(add_run)(totals, sums, channels);
        ALCK_NAME(add_run)(totals + j->cut.channels, products, channels);
    }
}

static void sums_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const sums_job *j = argument;
    const unit_range r = units_of_task(&j->cut, task);
    for (int64_t unit = r.first; unit < r.end; unit++)
        unit_sums(j, unit, r.channel, r.channels);
}

static void add_units_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const sums_job *j = argument;
    const int64_t channel = task * CHUNK_CHANNELS;
    const int64_t channels = smaller(CHUNK_CHANNELS, j->cut.channels - channel);
    double sums[CHUNK_CHANNELS] = {0}, products[CHUNK_CHANNELS] = {0};
    for (int64_t unit = 0; unit < j->cut.count; unit++) {
        const double *totals = j->totals + 2 * unit * j->cut.channels + channel;
        for (int64_t c = 0; c < channels; c++) {
            sums[c] += totals[c];
            products[c] += totals[j->cut.channels + c];
        }
    }
    for (int64_t c = 0; c < channels; c++) {
        j->s->sum_dz[channel + c] = (alck_real)sums[c];
        j->s->sum_dz_xhat[channel + c] = (alck_real)(products[c] * (double)j->s->inverse_std[channel + c]);
    }
}

void ALCK_NAME(norm_backward_sums)(const alck_parallel *par, const alck_norm_backward *s, void *scratch)
{
    sums_job j = {.cut = units_of(s->forward.rows, s->forward.pixels_per_row, s->forward.channels),
                  .s = s,
                  .totals = scratch};
    alck_spread(par, unit_tasks(&j.cut), sums_task, &j);
    alck_spread(par, j.cut.chunks, add_units_task, &j);
}

/* --- dx = a dz + b (x - mean) + c --- */

typedef struct apply_job {
    strips cut;
    const alck_norm_backward *s;
} apply_job;

ALCK_INLINE vf coefficient(const alck_real *values, int64_t i, int64_t lanes)
{
    return values != NULL ? load_lanes(values + i, lanes) : vf_zero();
}

ALCK_INLINE void apply_step(alck_activation f, const alck_norm_backward *s, const norm_pixel *at, alck_real *dx,
                            alck_real *d_residual, int64_t i, int64_t lanes)
{
    const vf dz = norm_dz(f, &s->forward, at, i, lanes);
    if (d_residual != NULL) {
        const vf sum = s->d_residual_add ? vf_add(load_lanes(d_residual + i, lanes), dz) : dz;
        store_lanes(d_residual + i, sum, lanes);
    }
    if (dx == NULL)
        return;
    vf v = coefficient(s->c, i, lanes);
    if (s->b != NULL) {
        const vf centred = vf_sub(load_lanes(at->x + i, lanes), load_lanes(s->mean + i, lanes));
        v = vf_fma(load_lanes(s->b + i, lanes), centred, v);
    }
    v = vf_fma(load_lanes(s->a + i, lanes), dz, v);
    if (s->dx_add)
        v = vf_add(load_lanes(dx + i, lanes), v);
    store_lanes(dx + i, v, lanes);
}

/* Pixels [first, end) of `s`, which begins with pixel `base`. */
ALCK_INLINE void apply_pixels(alck_activation f, const alck_norm_backward *s, int64_t first, int64_t end, int64_t base)
{
    for (int64_t p = first; p < end; p++) {
        const norm_pixel at = norm_pixel_at(s, norm_row_at(s, (base + p) / s->forward.pixels_per_row), p);
        alck_real *dx = s->dx != NULL ? s->dx + p * s->dx_stride : NULL;
        alck_real *d_residual = s->d_residual != NULL ? s->d_residual + p * s->d_residual_stride : NULL;
        EACH_VECTOR(s->forward.channels, apply_step, f, s, &at, dx, d_residual);
    }
}

static void apply_range(const alck_norm_backward *s, int64_t first, int64_t end, int64_t base)
{
#define APPLY(f) apply_pixels(f, s, first, end, base)
    FOR_NORM_ACTIVATION(s->forward.activation, APPLY)
#undef APPLY
}

static void apply_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const apply_job *j = argument;
    const alck_norm *n = &j->s->forward;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    if (!norm_makes_x(n) && !n->y_pairs) {
        apply_range(j->s, first, end, 0);
        return;
    }
    for (norm_block b = norm_first_block(n, first, end); b.pixels > 0; b = norm_next_block(n, b, end)) {
        alck_real x[NORM_BLOCK], y[NORM_BLOCK];
        const alck_norm_backward s = backward_of_block(j->s, b, x, y);
        apply_range(&s, 0, b.pixels, b.pixel);
    }
}

void ALCK_NAME(norm_backward_apply)(const alck_parallel *par, const alck_norm_backward *s)
{
    const alck_norm *n = &s->forward;
    apply_job j = {.cut = strips_of(n->rows * n->pixels_per_row, n->channels, false), .s = s};
    alck_spread(par, strip_tasks(&j.cut), apply_task, &j);
}
