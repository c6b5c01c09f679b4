/* vector_cases.c - kernels over rows of classes and over plain runs of values: losses, functions, sums, optimizers. */
#include "tests/bench/count_kernel/cases.h"

#define COUNT 16384
#define ROWS 16

static void start(lab *l, int64_t values)
{
    l->work = values;
    l->unit = "value";
}

static void softmax(lab *l, const void *shape)
{
    const int64_t classes = *(const int64_t *)shape;
    const alck_real *x = numbers(ROWS * classes);
    alck_real *y = numbers(ROWS * classes);
    start(l, ROWS * classes);
    for (int i = 0; i < l->runs; i++)
        l->table->softmax(&l->par, ROWS, classes, x, classes, y, classes);
}

static void softmax_backward(lab *l, const void *shape)
{
    const int64_t classes = *(const int64_t *)shape;
    const alck_real *y = numbers(ROWS * classes), *dy = numbers(ROWS * classes);
    alck_real *dx = numbers(ROWS * classes);
    start(l, ROWS * classes);
    for (int i = 0; i < l->runs; i++)
        l->table->softmax_backward(&l->par, ROWS, classes, y, classes, dy, classes, dx, classes, false);
}

static alck_cross_entropy cross_entropy_of(lab *l, int64_t classes)
{
    int32_t *labels = memory(ROWS * sizeof *labels);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % (int32_t)classes;
    start(l, ROWS * classes);
    return (alck_cross_entropy){.rows = ROWS, .classes = classes, .logits = numbers(ROWS * classes),
                                .logits_stride = classes, .labels = labels};
}

static void cross_entropy_forward(lab *l, const void *shape)
{
    const alck_cross_entropy s = cross_entropy_of(l, *(const int64_t *)shape);
    double *scratch = memory(3 * ROWS * sizeof *scratch);
    for (int i = 0; i < l->runs; i++)
        l->table->cross_entropy_forward(&l->par, &s, NULL, scratch);
}

static void cross_entropy_backward(lab *l, const void *shape)
{
    const alck_cross_entropy s = cross_entropy_of(l, *(const int64_t *)shape);
    alck_real *dx = numbers(ROWS * s.classes);
    for (int i = 0; i < l->runs; i++)
        l->table->cross_entropy_backward(&l->par, &s, 1, dx, s.classes, false);
}

static void dropout(lab *l, const void *shape)
{
    static const uint64_t streams[] = {1, 2};
    const alck_dropout s = {.samples = 2, .elements = COUNT / 2, .rate = 0.5, .seed = 1, .streams = streams};
    const alck_real *x = numbers(COUNT);
    alck_real *y = numbers(COUNT);
    (void)shape;
    start(l, COUNT);
    for (int i = 0; i < l->runs; i++)
        l->table->dropout(&l->par, &s, x, y, false);
}

static void fill(lab *l, const void *shape)
{
    alck_real *x = numbers(COUNT);
    (void)shape;
    start(l, COUNT);
    for (int i = 0; i < l->runs; i++)
        l->table->fill(&l->par, COUNT, 1, x);
}

static void exponential(lab *l, const void *shape)
{
    const alck_real *x = numbers(COUNT);
    alck_real *y = numbers(COUNT);
    (void)shape;
    start(l, COUNT);
    for (int i = 0; i < l->runs; i++)
        l->table->exponential(COUNT, x, y);
}

static void logarithm(lab *l, const void *shape)
{
    alck_real *x = numbers(COUNT), *y = numbers(COUNT);
    (void)shape;
    start(l, COUNT);
    for (int i = 0; i < COUNT; i++)
        x[i] += 2;
    for (int i = 0; i < l->runs; i++)
        l->table->logarithm(COUNT, x, y);
}

static void sum_of_squares(lab *l, const void *shape)
{
    const alck_real *x = numbers(COUNT);
    double *scratch = memory(COUNT / 4096 * sizeof *scratch);
    (void)shape;
    start(l, COUNT);
    for (int i = 0; i < l->runs; i++)
        l->table->sum_of_squares(&l->par, COUNT, x, scratch);
}

/* Both moments start at 0, as in a training. */
static alck_optimizer_step step_of(lab *l)
{
    const alck_optimizer_step s = {.count = COUNT, .weight = numbers(COUNT), .gradient = numbers(COUNT),
                                   .first = numbers(COUNT), .second = numbers(COUNT), .gradient_scale = 1,
                                   .learning_rate = 1e-3, .weight_decay = 1e-4, .momentum = 0.9, .beta1 = 0.9,
                                   .beta2 = 0.999, .epsilon = 1e-8, .correction1 = 0.1, .correction2 = 0.001};
    start(l, COUNT);
    l->table->fill(&l->par, COUNT, 0, s.first);
    l->table->fill(&l->par, COUNT, 0, s.second);
    return s;
}

static void sgd_step(lab *l, const void *shape)
{
    alck_optimizer_step s = step_of(l);
    (void)shape;
    s.second = NULL;
    for (int i = 0; i < l->runs; i++)
        l->table->sgd_step(&l->par, &s);
}

static void adam_step(lab *l, const void *shape)
{
    const alck_optimizer_step s = step_of(l);
    (void)shape;
    for (int i = 0; i < l->runs; i++)
        l->table->adam_step(&l->par, &s);
}

#define CLASSES(count) &(const int64_t){count}

static const kernel_case cases[] = {
    {"softmax, 1000 classes", softmax, CLASSES(1000)},
    {"softmax, 3 classes", softmax, CLASSES(3)},
    {"softmax_backward, 1000 classes", softmax_backward, CLASSES(1000)},
    {"softmax_backward, 3 classes", softmax_backward, CLASSES(3)},
    {"cross_entropy_forward, 1000 classes", cross_entropy_forward, CLASSES(1000)},
    {"cross_entropy_forward, 3 classes", cross_entropy_forward, CLASSES(3)},
    {"cross_entropy_backward, 1000 classes", cross_entropy_backward, CLASSES(1000)},
    {"cross_entropy_backward, 3 classes", cross_entropy_backward, CLASSES(3)},
    {"dropout", dropout, NULL},
    {"fill", fill, NULL},
    {"exponential", exponential, NULL},
    {"logarithm", logarithm, NULL},
    {"sum_of_squares", sum_of_squares, NULL},
    {"sgd_step, momentum", sgd_step, NULL},
    {"adam_step", adam_step, NULL},
};

case_list vector_cases(void)
{
    return (case_list){cases, sizeof cases / sizeof *cases};
}
