/* test_optimizer.c - steps against PyTorch's formulas evaluated in double on the gradients that the plan gives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/optimizer.h"
#include "lib/compile/plan.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

enum { IN = 5, HIDDEN = 4, CLASSES = 3, ROWS = 6, LARGEST = 32, PARAMETERS = 4 };

typedef struct network {
    alc_context *context;
    alc_model *model;
    alc_plan *plan;
    alc_tensor *loss;
} network;

static void build(network *n, alc_context *context)
{
    n->context = context;
    ck_assert_int_eq(alc_model_create(context, &n->model), ALC_OK);
    alc_tensor *x = alc_input(n->model, "x", ALC_REAL, ALC_SHAPE(IN));
    alc_tensor *y = alc_input(n->model, "y", ALC_I32, ALC_SHAPE(1));
    alc_tensor *h = alc_tanh(alc_dense(x, (alc_dense_options){.name = "first", .units = HIDDEN}));
    alc_tensor *logits = alc_dense(h, (alc_dense_options){.name = "second", .units = CLASSES});
    n->loss = alc_softmax_cross_entropy(logits, y, (alc_cross_entropy_options){.name = "loss"});
}

static void compile_plan(network *n)
{
    ck_assert_int_eq(alc_compile(n->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = ROWS, .output = n->loss},
                                 &n->plan),
                     ALC_OK);
    alc_real *x = alc_plan_input(n->plan, alc_model_find_tensor(n->model, "x"));
    int32_t *y = alc_plan_input(n->plan, alc_model_find_tensor(n->model, "y"));
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = (alc_real)((i * 7 % 11) / 5.0 - 1);
    for (int i = 0; i < ROWS; i++)
        y[i] = i % CLASSES;
}

static void start(network *n)
{
    alc_context *context;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2, .seed = 3}, &context), ALC_OK);
    build(n, context);
    compile_plan(n);
}

static void finish(network *n)
{
    alc_plan_destroy(n->plan);
    alc_model_destroy(n->model);
    alc_context_destroy(n->context);
}

/* What one value goes through, as torch.optim has it. */
typedef struct expected_value {
    double weight, first, second;
} expected_value;

static void expected_step(const alc_optimizer_options *o, double lr, double wd, int step, double g, expected_value *v)
{
    if (o->kind == ALC_SGD) {
        g += wd * v->weight;
        if (o->momentum > 0) {
            v->first = o->momentum * v->first + g;
            g = o->nesterov ? g + o->momentum * v->first : v->first;
        }
        v->weight -= lr * g;
        return;
    }
    if (o->kind == ALC_ADAMW)
        v->weight *= 1 - lr * wd;
    else
        g += wd * v->weight;
    v->first = 0.9 * v->first + 0.1 * g;
    v->second = 0.999 * v->second + 0.001 * g * g;
    const double corrected = sqrt(v->second / (1 - pow(0.999, step)));
    v->weight -= lr * v->first / (1 - pow(0.9, step)) / (corrected + 1e-8);
}

static double gradient_norm(const network *n)
{
    double sum = 0;
    for (int p = 0; p < PARAMETERS; p++) {
        alc_real g[LARGEST];
        const alc_parameter *parameter = alc_model_parameter(n->model, p);
        ck_assert_int_eq(alc_plan_read_gradient(n->plan, parameter, g), ALC_OK);
        for (int64_t i = 0; i < alc_shape_elements(alc_parameter_shape(parameter)); i++)
            sum += (double)g[i] * (double)g[i];
    }
    return sqrt(sum);
}

/* Five steps; every parameter is followed value by value. */
static void follow(alc_optimizer_options options, double factor_second)
{
    network n;
    start(&n);
    alc_optimizer *optimizer;
    ck_assert_int_eq(alc_optimizer_create(n.model, options, &optimizer), ALC_OK);
    expected_value values[PARAMETERS][LARGEST] = {0};
    alc_real weights[LARGEST], gradients[LARGEST];
    for (int step = 1; step <= 5; step++) {
        alc_zero_gradients(n.plan);
        ck_assert_int_eq(alc_forward(n.plan), ALC_OK);
        ck_assert_int_eq(alc_backward(n.plan), ALC_OK);
        const double norm = gradient_norm(&n);
        const double clip = options.clip_norm > 0 ? fmin(1, options.clip_norm / (norm + 1e-6)) : 1;
        for (int p = 0; p < PARAMETERS; p++) {
            alc_parameter *parameter = alc_model_parameter(n.model, p);
            const int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
            const double factor = strncmp(alc_parameter_name(parameter), "second", 6) == 0 ? factor_second : 1;
            alc_parameter_read(parameter, weights);
            ck_assert_int_eq(alc_plan_read_gradient(n.plan, parameter, gradients), ALC_OK);
            for (int64_t i = 0; i < count; i++) {
                values[p][i].weight = (double)weights[i];
                expected_step(&options, options.learning_rate * factor, options.weight_decay * factor, step,
                              clip * (double)gradients[i], &values[p][i]);
            }
        }
        ck_assert_int_eq(alc_optimizer_step(optimizer, n.plan), ALC_OK);
        if (options.clip_norm > 0)
            ck_assert_double_eq_tol(alc_optimizer_gradient_norm(optimizer), norm, 1e-6 * norm);
        for (int p = 0; p < PARAMETERS; p++) {
            alc_parameter *parameter = alc_model_parameter(n.model, p);
            alc_parameter_read(parameter, weights);
            for (int64_t i = 0; i < alc_shape_elements(alc_parameter_shape(parameter)); i++)
                ck_assert_double_eq_tol((double)weights[i], values[p][i].weight, 2e-6);
        }
    }
    ck_assert_int_eq(alc_optimizer_steps(optimizer), 5);
    alc_optimizer_destroy(optimizer);
    finish(&n);
}

START_TEST(sgd_is_pytorchs)
{
    follow((alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.5}, 1);
    follow((alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.2, .momentum = 0.9, .weight_decay = 0.01}, 1);
    follow((alc_optimizer_options){
               .kind = ALC_SGD, .learning_rate = 0.2, .momentum = 0.8, .nesterov = true, .weight_decay = 0.1},
           1);
}
END_TEST

START_TEST(adam_is_pytorchs)
{
    follow((alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 0.05}, 1);
    follow((alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 0.05, .weight_decay = 0.1}, 1);
    follow((alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.05, .weight_decay = 0.1}, 1);
}
END_TEST

START_TEST(clipping_limits_the_norm)
{
    follow((alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.5, .clip_norm = 0.1}, 1);
    follow((alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.5, .clip_norm = 100}, 1);
}
END_TEST

START_TEST(a_norm_that_is_not_finite_changes_nothing)
{
    network n;
    start(&n);
    alc_optimizer *optimizer;
    alc_real before[LARGEST], after[LARGEST];
    const alc_parameter *weight = alc_model_find_parameter(n.model, "first.weight");
    ck_assert_int_eq(alc_optimizer_create(
                         n.model, (alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.5, .clip_norm = 1}, &optimizer),
                     ALC_OK);
    ck_assert_int_eq(alc_forward(n.plan), ALC_OK);
    ck_assert_int_eq(alc_backward(n.plan), ALC_OK);
    alc_plan_gradient_of(n.plan, alc_model_find_parameter(n.model, "second.bias"))[1] = (alc_real)INFINITY;
    alc_parameter_read(weight, before);
    ck_assert_int_eq(alc_optimizer_step(optimizer, n.plan), ALC_NOT_FINITE);
    ck_assert_str_eq(alc_error_message(n.context), "optimizer: the norm of the gradients is not finite");
    alc_parameter_read(weight, after);
    ck_assert_mem_eq(before, after, IN * HIDDEN * sizeof *before);
    ck_assert_int_eq(alc_optimizer_steps(optimizer), 0);
    alc_optimizer_destroy(optimizer);
    finish(&n);
}
END_TEST

START_TEST(groups_have_their_own_factors)
{
    const alc_parameter_group groups[] = {{"first", 3, 3}, {"second", 0.25, 0.25}, {"first", 1, 1}};
    follow((alc_optimizer_options){
               .kind = ALC_ADAMW, .learning_rate = 0.05, .weight_decay = 0.1, .groups = groups, .group_count = 3},
           0.25);
}
END_TEST

START_TEST(frozen_parameters_stay)
{
    network n;
    start(&n);
    alc_plan_destroy(n.plan);
    ck_assert_int_eq(alc_model_train_from(n.model, "second"), ALC_OK);
    compile_plan(&n);
    alc_optimizer *optimizer;
    ck_assert_int_eq(
        alc_optimizer_create(n.model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.1, .weight_decay = 1},
                             &optimizer),
        ALC_OK);
    alc_real before[2][LARGEST], after[2][LARGEST];
    alc_parameter *frozen = alc_model_find_parameter(n.model, "first.weight");
    alc_parameter *trained = alc_model_find_parameter(n.model, "second.weight");
    alc_parameter_read(frozen, before[0]);
    alc_parameter_read(trained, before[1]);
    ck_assert_int_eq(alc_train_step(n.plan, optimizer), ALC_OK);
    alc_parameter_read(frozen, after[0]);
    alc_parameter_read(trained, after[1]);
    ck_assert_mem_eq(before[0], after[0], IN * HIDDEN * sizeof(alc_real));
    ck_assert_mem_ne(before[1], after[1], HIDDEN * CLASSES * sizeof(alc_real));
    alc_optimizer_destroy(optimizer);
    finish(&n);
}
END_TEST

START_TEST(another_plan_is_refused)
{
    network n, other;
    start(&n);
    start(&other);
    alc_optimizer *optimizer;
    const alc_optimizer_options options = {.kind = ALC_SGD, .learning_rate = 0.1};
    ck_assert_int_eq(alc_optimizer_create(n.model, options, &optimizer), ALC_OK);
    ck_assert_int_eq(alc_train_step(other.plan, optimizer), ALC_MISMATCH);
    alc_parameter_set_trainable(alc_model_find_parameter(n.model, "first.weight"), false);
    alc_plan_destroy(n.plan);
    compile_plan(&n);
    ck_assert_int_eq(alc_train_step(n.plan, optimizer), ALC_MISMATCH);
    ck_assert_int_eq(alc_optimizer_steps(optimizer), 0);
    alc_optimizer_destroy(optimizer);
    /* As many parameters, but not the same. */
    ck_assert_int_eq(alc_optimizer_create(n.model, options, &optimizer), ALC_OK);
    alc_parameter_set_trainable(alc_model_find_parameter(n.model, "first.weight"), true);
    alc_parameter_set_trainable(alc_model_find_parameter(n.model, "second.bias"), false);
    alc_plan_destroy(n.plan);
    compile_plan(&n);
    ck_assert_int_eq(alc_train_step(n.plan, optimizer), ALC_MISMATCH);
    ck_assert_str_eq(alc_error_message(n.context), "optimizer: the plan has no gradient of second.bias");
    alc_optimizer_destroy(optimizer);
    finish(&other);
    finish(&n);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    network n;
    start(&n);
    const alc_parameter_group negative = {"first", -1, 1}, unknown = {"third", 1, 1};
    const alc_optimizer_options wrong[] = {
        {.kind = (alc_optimizer_kind)7, .learning_rate = 1},
        {.learning_rate = 0},
        {.learning_rate = -1},
        {.learning_rate = NAN},
        {.learning_rate = INFINITY},
        {.learning_rate = 1, .weight_decay = -1},
        {.learning_rate = 1, .momentum = 1},
        {.learning_rate = 1, .nesterov = true},
        {.learning_rate = 1, .beta1 = 1},
        {.learning_rate = 1, .beta2 = -0.5},
        {.learning_rate = 1, .epsilon = -1},
        {.learning_rate = 1, .clip_norm = NAN},
        {.learning_rate = 1, .groups = &negative, .group_count = 1},
    };
    alc_optimizer *optimizer;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(alc_optimizer_create(n.model, wrong[i], &optimizer), ALC_INVALID_ARGUMENT);
        ck_assert_ptr_null(optimizer);
    }
    ck_assert_int_eq(alc_optimizer_create(n.model, (alc_optimizer_options){.learning_rate = 1, .groups = &unknown,
                                                                           .group_count = 1},
                                          &optimizer),
                     ALC_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(alc_error_message(n.context), "'third'"));
    for (int p = 0; p < PARAMETERS; p++)
        alc_parameter_set_trainable(alc_model_parameter(n.model, p), false);
    ck_assert_int_eq(alc_optimizer_create(n.model, (alc_optimizer_options){.learning_rate = 1}, &optimizer),
                     ALC_INVALID_ARGUMENT);
    finish(&n);
}
END_TEST

START_TEST(a_step_allocates_nothing)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    network n;
    build(&n, failing_hooks_context(&hooks, 2));
    compile_plan(&n);
    alc_optimizer *optimizer;
    ck_assert_int_eq(
        alc_optimizer_create(n.model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.1, .clip_norm = 1},
                             &optimizer),
        ALC_OK);
    failing_hooks_restart(&hooks);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(alc_train_step(n.plan, optimizer), ALC_OK);
    ck_assert_int_eq(hooks.allocations, 0);
    alc_optimizer_destroy(optimizer);
    finish(&n);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    network n;
    build(&n, failing_hooks_context(&hooks, 1));
    const alc_parameter_group group = {"first", 1, 1};
    alc_status status;
    do {
        alc_optimizer *optimizer;
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_optimizer_create(
            n.model,
            (alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 1, .groups = &group, .group_count = 1},
            &optimizer);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
        alc_optimizer_destroy(optimizer);
    } while (status);
    alc_model_destroy(n.model);
    alc_context_destroy(n.context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("optimizer", sgd_is_pytorchs,
                     adam_is_pytorchs,
                     clipping_limits_the_norm,
                     a_norm_that_is_not_finite_changes_nothing,
                     groups_have_their_own_factors,
                     frozen_parameters_stay,
                     another_plan_is_refused,
                     options_out_of_range_are_refused,
                     a_step_allocates_nothing,
                     failing_allocations_are_reported);
}
