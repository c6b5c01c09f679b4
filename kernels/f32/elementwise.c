/* kernels/f32/elementwise.c - sums, products and copies of tensors of one shape. No value meets another pixel's. */
#include "kernels/f32/activation.h"
#include "kernels/f32/pairs.h"
#include "kernels/f32/strips.h"

typedef struct elementwise_job {
    strips cut;
    alck_activation f;
    const alck_real *a, *b;
    alck_real *y;
    int64_t a_stride, b_stride, y_stride;
    bool add;
    alck_real value;
    alck_operands operands;
} elementwise_job;

static inline elementwise_job two_operands(int64_t pixels, int64_t channels, const alck_real *a, int64_t a_stride,
                                           const alck_real *b, int64_t b_stride, alck_real *y, int64_t y_stride)
{
    const bool contiguous = a_stride == channels && b_stride == channels && y_stride == channels;
    elementwise_job j = {.cut = strips_of(pixels, channels, contiguous), .a = a, .b = b, .y = y};
    j.a_stride = contiguous ? j.cut.width : a_stride;
    j.b_stride = contiguous ? j.cut.width : b_stride;
    j.y_stride = contiguous ? j.cut.width : y_stride;
    return j;
}

ALCK_INLINE int64_t range_end(const elementwise_job *j, int64_t first)
{
    return smaller(first + j->cut.per_task, j->cut.count);
}

/* --- y = f(a + b) --- */

ALCK_INLINE void add_step(alck_activation f, const alck_real *a, const alck_real *b, alck_real *y, int64_t i,
                          int64_t lanes)
{
    const vf sum = vf_add(load_lanes(a + i, lanes), load_lanes(b + i, lanes));
    store_lanes(y + i, vf_activate(f, sum), lanes);
}

ALCK_INLINE void add_strips(alck_activation f, const elementwise_job *j, int64_t first, int64_t end)
{
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), add_step, f, j->a + s * j->a_stride, j->b + s * j->b_stride,
                    j->y + s * j->y_stride);
}

/* Each task copies its job first: a vector that is stored might change the caller's, as far as the compiler knows. */
static void add_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const elementwise_job own = *(const elementwise_job *)argument, *j = &own;
    const int64_t first = task * j->cut.per_task, end = range_end(j, first);
#define ADD(f) add_strips(f, j, first, end)
    FOR_ACTIVATION(j->f, ADD)
#undef ADD
}

void ALCK_NAME(add_forward)(const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels,
                            const alck_real *a, int64_t a_stride, const alck_real *b, int64_t b_stride,
                            alck_real *y, int64_t y_stride)
{
    elementwise_job j = two_operands(pixels, channels, a, a_stride, b, b_stride, y, y_stride);
    j.f = f;
    alck_spread(par, strip_tasks(&j.cut), add_task, &j);
}

/* --- y rounded --- */

static void round_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const elementwise_job own = *(const elementwise_job *)argument, *j = &own;
    const int64_t first = task * j->cut.per_task, end = range_end(j, first);
    for (int64_t s = first; s < end; s++)
        ALCK_NAME(round_values)(j->operands, strip_values(&j->cut, s), j->y + s * j->y_stride, j->y + s * j->y_stride);
}

void ALCK_NAME(round_to_bf16)(const alck_parallel *par, alck_operands operands, int64_t pixels, int64_t channels, alck_real *y,
                              int64_t y_stride)
{
    elementwise_job j = two_operands(pixels, channels, y, y_stride, y, y_stride, y, y_stride);
    j.operands = operands;
    alck_spread(par, strip_tasks(&j.cut), round_task, &j);
}

/* --- y = a b (+ old y) --- */

ALCK_INLINE void multiply_step(const alck_real *a, const alck_real *b, alck_real *y, bool add, int64_t i,
                               int64_t lanes)
{
    const vf va = load_lanes(a + i, lanes), vb = load_lanes(b + i, lanes);
    store_lanes(y + i, add ? vf_fma(va, vb, load_lanes(y + i, lanes)) : vf_mul(va, vb), lanes);
}

static void multiply_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const elementwise_job own = *(const elementwise_job *)argument, *j = &own;
    const int64_t first = task * j->cut.per_task, end = range_end(j, first);
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), multiply_step, j->a + s * j->a_stride, j->b + s * j->b_stride,
                    j->y + s * j->y_stride, j->add);
}

void ALCK_NAME(multiply)(const alck_parallel *par, int64_t pixels, int64_t channels, const alck_real *a,
                         int64_t a_stride, const alck_real *b, int64_t b_stride, alck_real *y, int64_t y_stride,
                         bool add)
{
    elementwise_job j = two_operands(pixels, channels, a, a_stride, b, b_stride, y, y_stride);
    j.add = add;
    alck_spread(par, strip_tasks(&j.cut), multiply_task, &j);
}

/* --- y = x (+ old y) --- */

ALCK_INLINE void copy_step(const alck_real *x, alck_real *y, bool add, int64_t i, int64_t lanes)
{
    vf v = load_lanes(x + i, lanes);
    if (add)
        v = vf_add(load_lanes(y + i, lanes), v);
    store_lanes(y + i, v, lanes);
}

static void copy_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const elementwise_job own = *(const elementwise_job *)argument, *j = &own;
    const int64_t first = task * j->cut.per_task, end = range_end(j, first);
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), copy_step, j->a + s * j->a_stride, j->y + s * j->y_stride, j->add);
}

void ALCK_NAME(copy)(const alck_parallel *par, int64_t pixels, int64_t channels, const alck_real *x,
                     int64_t x_stride, alck_real *y, int64_t y_stride, bool add)
{
    elementwise_job j = two_operands(pixels, channels, x, x_stride, x, x_stride, y, y_stride);
    j.add = add;
    alck_spread(par, strip_tasks(&j.cut), copy_task, &j);
}

/* --- x = value --- */

ALCK_INLINE void fill_step(vf value, alck_real *x, int64_t i, int64_t lanes)
{
    store_lanes(x + i, value, lanes);
}

static void fill_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const elementwise_job own = *(const elementwise_job *)argument, *j = &own;
    const int64_t first = task * j->cut.per_task, end = range_end(j, first);
    const vf value = vf_set1(j->value);
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), fill_step, value, j->y + s * j->y_stride);
}

void ALCK_NAME(fill)(const alck_parallel *par, int64_t count, alck_real value, alck_real *x)
{
    elementwise_job j = {.cut = strips_of(1, count, true), .y = x, .value = value};
    j.y_stride = j.cut.width;
    alck_spread(par, strip_tasks(&j.cut), fill_task, &j);
}
