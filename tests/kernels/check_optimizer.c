/* tests/kernels/check_optimizer.c - some steps of SGD and Adam in all their variants, weight by weight. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <stdlib.h>

#define STEPS 4

typedef struct training {
    int64_t count;
    kernel_tensor weight, gradient, first, second;
    double *want; /* weight, first, second of each */
} training;

static training make_training(kernel_run *run, int64_t count)
{
    training t = {.count = count, .weight = kernel_tensor_reals(run, 1, count, count, 1)};
    t.gradient = kernel_tensor_new(1, count, count);
    t.first = kernel_tensor_new(1, count, count);
    t.second = kernel_tensor_new(1, count, count);
    t.want = calloc((size_t)count * 3 + 1, sizeof *t.want);
    if (t.want == NULL)
        exit(EXIT_FAILURE);
    run->table->fill(run->par, count, 0, t.first.data);
    run->table->fill(run->par, count, 0, t.second.data);
    for (int64_t i = 0; i < count; i++)
        t.want[3 * i] = (double)t.weight.data[i];
    return t;
}

static void draw_gradient(kernel_run *run, training *t)
{
    for (int64_t i = 0; i < t->count; i++)
        t->gradient.data[i] = kernel_random_real(run);
}

static void compare_and_free(kernel_run *run, training *t, const char *what)
{
    for (int64_t i = 0; i < t->count; i++)
        kernel_expect(run, (double)t->weight.data[i], t->want[3 * i], 30 * KERNEL_UNIT, what, 0, i);
    free(t->want);
    kernel_tensor_free(run, &t->gradient, "gradient");
    kernel_tensor_output(run, &t->weight, "weight");
    kernel_tensor_output(run, &t->first, "first");
    kernel_tensor_output(run, &t->second, "second");
}

/* Short vectors, tails, and one weight that needs several tasks. */
static int64_t count_number(int i)
{
    return i < 40 ? i : 100003;
}

static void check_sgd(kernel_run *run)
{
    for (int i = 1; i <= 40; i++) {
        training t = make_training(run, count_number(i));
        alck_optimizer_step s = {.count = t.count, .weight = t.weight.data, .gradient = t.gradient.data,
                                 .first = i % 3 ? t.first.data : NULL, .gradient_scale = i % 2 ? 1 : 0.3,
                                 .learning_rate = 0.1, .weight_decay = i % 4 ? 0.01 : 0, .momentum = 0.9,
                                 .nesterov = i % 5 == 1};
        for (int step = 0; step < STEPS; step++) {
            draw_gradient(run, &t);
            run->table->sgd_step(run->par, &s);
            for (int64_t w = 0; w < t.count; w++)
                t.want[3 * w] = alck_reference_sgd(&s, t.want[3 * w], (double)t.gradient.data[w],
                                                   s.first != NULL ? &t.want[3 * w + 1] : NULL);
        }
        compare_and_free(run, &t, "sgd");
    }
}

static void check_adam(kernel_run *run)
{
    for (int i = 1; i <= 40; i++) {
        training t = make_training(run, count_number(i));
        alck_optimizer_step s = {.count = t.count, .weight = t.weight.data, .gradient = t.gradient.data,
                                 .first = t.first.data, .second = t.second.data, .gradient_scale = i % 2 ? 1 : 0.3,
                                 .learning_rate = 0.01, .weight_decay = i % 4 ? 0.02 : 0, .beta1 = 0.9, .beta2 = 0.999,
                                 .epsilon = 1e-8, .decoupled = i % 3 == 0};
        for (int step = 1; step <= STEPS; step++) {
            draw_gradient(run, &t);
            s.correction1 = 1 - pow(s.beta1, step);
            s.correction2 = 1 - pow(s.beta2, step);
            run->table->adam_step(run->par, &s);
            for (int64_t w = 0; w < t.count; w++)
                t.want[3 * w] = alck_reference_adam(&s, t.want[3 * w], (double)t.gradient.data[w],
                                                    &t.want[3 * w + 1], &t.want[3 * w + 2]);
        }
        compare_and_free(run, &t, "adam");
    }
}

const kernel_check kernel_checks_optimizer[] = {{"sgd", check_sgd}, {"adam", check_adam}, {NULL, NULL}};
