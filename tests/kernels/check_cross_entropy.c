/* tests/kernels/check_cross_entropy.c - the loss and its gradient, with weights and smoothing, at extreme logits too. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <stdlib.h>

typedef struct loss_case {
    kernel_tensor logits, weights, row_losses, dx, old;
    kernel_buffer labels, scratch;
    double *want_rows, *want_dx;
    alck_cross_entropy s;
} loss_case;

static loss_case make_case(kernel_run *run, int64_t rows, int64_t classes, double scale, bool weighted,
                           double smoothing)
{
    loss_case l = {.logits = kernel_tensor_reals(run, rows, classes, classes + 3, scale),
                   .weights = kernel_tensor_reals(run, 1, classes, classes, 1),
                   .row_losses = kernel_tensor_new(1, rows, rows),
                   .dx = kernel_tensor_reals(run, rows, classes, classes + 1, 1),
                   .labels = kernel_buffer_new((size_t)rows * sizeof(int32_t)),
                   .scratch = kernel_scratch(3 * (size_t)rows * sizeof(double))};
    l.old = kernel_tensor_copy(&l.dx);
    int32_t *labels = (int32_t *)(void *)l.labels.data;
    for (int64_t row = 0; row < rows; row++)
        labels[row] = (int32_t)kernel_random_between(run, 0, classes - 1);
    for (int64_t c = 0; c < classes; c++)
        l.weights.data[c] = (alck_real)1.5 + l.weights.data[c];
    l.want_rows = calloc((size_t)rows, sizeof *l.want_rows);
    l.want_dx = calloc((size_t)(rows * classes), sizeof *l.want_dx);
    if (l.want_rows == NULL || l.want_dx == NULL)
        exit(EXIT_FAILURE);
    l.s = (alck_cross_entropy){.rows = rows,
                               .classes = classes,
                               .logits = l.logits.data,
                               .logits_stride = l.logits.stride,
                               .labels = labels,
                               .class_weights = weighted ? l.weights.data : NULL,
                               .label_smoothing = (alck_real)smoothing};
    return l;
}

static void free_case(kernel_run *run, loss_case *l)
{
    free(l->want_rows);
    free(l->want_dx);
    kernel_tensor_free(run, &l->logits, "logits");
    kernel_tensor_free(run, &l->weights, "weights");
    kernel_tensor_free(run, &l->old, "old");
    kernel_buffer_free(run, &l->labels, "labels");
    kernel_buffer_free(run, &l->scratch, "scratch");
    kernel_tensor_output(run, &l->row_losses, "row losses");
    kernel_tensor_output(run, &l->dx, "dx");
}

static void once(kernel_run *run, int64_t rows, int64_t classes, double scale, bool weighted, double smoothing,
                 bool add)
{
    loss_case l = make_case(run, rows, classes, scale, weighted, smoothing);
    const double want = alck_reference_cross_entropy(&l.s, l.want_rows, l.want_dx);
    const alck_real loss = run->table->cross_entropy_forward(run->par, &l.s, l.row_losses.data,
                                                             (double *)(void *)l.scratch.data);
    const alck_real alone =
        run->table->cross_entropy_forward(run->par, &l.s, NULL, (double *)(void *)l.scratch.data);
    kernel_digest(run, &loss, 1);
    kernel_expect(run, (double)alone, (double)loss, 0, "loss without the rows'", 0, 0);
    /* relative to the logits' spread, which is what is rounded */
    const double tolerance = 12 * KERNEL_UNIT * (scale + 4);
    kernel_expect(run, (double)loss, want, tolerance, "loss", 0, 0);
    for (int64_t row = 0; row < rows; row++)
        kernel_expect(run, (double)l.row_losses.data[row], l.want_rows[row], 3 * tolerance, "row loss", row, 0);

    const double d_loss = 0.5;
    run->table->cross_entropy_backward(run->par, &l.s, (alck_real)d_loss, l.dx.data, l.dx.stride, add);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t c = 0; c < classes; c++) {
            const double before = add ? (double)*kernel_at(&l.old, row, c) : 0;
            kernel_expect(run, (double)*kernel_at(&l.dx, row, c), before + d_loss * l.want_dx[row * classes + c],
                          KERNEL_UNIT * (16 + scale) * 3 / (double)rows + (add ? 4 * KERNEL_UNIT : 0),
                          "loss's gradient", row, c);
        }
    free_case(run, &l);
}

static void check_loss(kernel_run *run)
{
    for (int i = 0; i < 48; i++) {
        /* Drawn one by one: compilers differ in the order in which they evaluate arguments. */
        const int64_t rows = kernel_random_between(run, 1, 20), classes = kernel_random_extent(run);
        once(run, rows, classes, 6, i % 2, i % 4 < 2 ? 0 : 0.1, i % 3 == 0);
    }
    once(run, 64, 3, 6, true, 0.1, false);
    once(run, 70, 1000, 6, true, 0.1, false);
}

static void check_extreme_logits(kernel_run *run)
{
    for (int i = 0; i < 16; i++)
        once(run, 7, 5, 1e4, i % 2, i % 4 < 2 ? 0 : 0.2, false);
}

const kernel_check kernel_checks_cross_entropy[] = {
    {"loss", check_loss}, {"logits of 1e4", check_extreme_logits}, {NULL, NULL}};
