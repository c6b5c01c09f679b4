/* test_executor.c - running plans: the order of calls, accumulation, fewer rows, several plans on one model, random draws, and
 * failures in the middle. */
#include <math.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/op.h"
#include "alcor/optimizer.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 6, IMAGE = 6 * 6 * 2, CLASSES = 3, WEIGHTS = 3 * 2 * 9 };

static plan_fixture f;
static alc_tensor *x, *label, *logits, *loss;

static void setup(double dropout)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(6, 6, 2));
    label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *h = alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 3, .kernel = 3});
    h = alc_relu(alc_batch_norm(h, (alc_batch_norm_options){.name = "bn"}));
    if (dropout > 0)
        h = alc_dropout(h, dropout);
    logits = alc_dense(alc_global_average_pool(h), (alc_dense_options){.name = "fc", .units = CLASSES});
    loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){.name = "loss"});
    fill_model(f.model, 2);
}

static alc_plan *compile(alc_plan_mode mode, int64_t batch)
{
    alc_plan *plan;
    alc_compile_options options = {.mode = mode, .batch = batch, .output = loss, .kept = {logits}, .kept_count = 1};
    ck_assert_msg(alc_compile(f.model, options, &plan) == ALC_OK, "%s", alc_error_message(f.context));
    fill_plan(plan, 1, CLASSES);
    return plan;
}

static void gradient(const alc_plan *plan, alc_real *values)
{
    ck_assert_int_eq(alc_plan_read_gradient(plan, alc_model_find_parameter(f.model, "conv.weight"), values), ALC_OK);
}

static void run_both(alc_plan *plan)
{
    ck_assert_msg(alc_forward(plan) == ALC_OK, "%s", alc_error_message(f.context));
    ck_assert_msg(alc_backward(plan) == ALC_OK, "%s", alc_error_message(f.context));
}

START_TEST(backward_follows_forward)
{
    static const char sentence[] = "alc_backward must follow an alc_forward of the same rows";
    setup(0);
    alc_plan *plan = compile(ALC_TRAIN, BATCH);
    ck_assert_int_eq(alc_backward(plan), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), sentence);
    run_both(plan);
    ck_assert_int_eq(alc_backward(plan), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    ck_assert_int_eq(alc_plan_set_rows(plan, 3), ALC_OK);
    ck_assert_int_eq(alc_backward(plan), ALC_INVALID_ARGUMENT);
    const char *node;
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    ck_assert_int_eq(alc_plan_find_not_finite(plan, &node), ALC_OK);
    ck_assert_str_eq(node, "");
    ck_assert_int_eq(alc_backward(plan), ALC_INVALID_ARGUMENT);
    alc_plan_destroy(plan);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(gradients_add_until_they_are_zeroed)
{
    alc_real once[WEIGHTS], twice[WEIGHTS], again[WEIGHTS];
    setup(0);
    alc_parameter *mean = alc_model_find_parameter(f.model, "bn.running_mean");
    alc_plan *plan = compile(ALC_TRAIN, BATCH);
    run_both(plan); /* a new plan overwrites */
    gradient(plan, once);
    run_both(plan);
    gradient(plan, twice);
    for (int i = 0; i < WEIGHTS; i++)
        ck_assert(twice[i] == 2 * once[i]);
    alc_zero_gradients(plan);
    run_both(plan);
    gradient(plan, again);
    ck_assert_mem_eq(once, again, sizeof once);
    ck_assert_uint_gt(mean->version, 3); /* every training forward moves the running statistics */
    alc_plan_destroy(plan);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_partial_batch_trains_as_a_plan_of_that_size)
{
    alc_real part[WEIGHTS], whole[WEIGHTS], mean[2][3];
    setup(0.5);
    alc_parameter *running = alc_model_find_parameter(f.model, "bn.running_mean");
    for (int i = 0; i < 2; i++) {
        fill_model(f.model, 2);
        alc_plan *plan = compile(ALC_TRAIN, i ? 4 : BATCH);
        if (i == 0) /* leave something of a full batch behind */
            run_both(plan);
        fill_model(f.model, 2);
        alc_zero_gradients(plan);
        ck_assert_int_eq(alc_plan_set_rows(plan, 4), ALC_OK);
        alc_plan_set_draw(plan, 3, 20);
        run_both(plan);
        gradient(plan, i ? whole : part);
        alc_parameter_read(running, mean[i]);
        alc_plan_destroy(plan);
    }
    ck_assert_mem_eq(part, whole, sizeof part);
    ck_assert_mem_eq(mean[0], mean[1], sizeof mean[0]);
    plan_fixture_end(&f);
}
END_TEST

/* A training plan and two for evaluation share the model: each step renews what the others derived from its weights. */
START_TEST(several_plans_follow_one_model)
{
    setup(0);
    alc_plan *train = compile(ALC_TRAIN, BATCH), *evaluate = compile(ALC_EVALUATE, BATCH);
    alc_plan *single = compile(ALC_EVALUATE, 1);
    alc_optimizer *optimizer;
    ck_assert_int_eq(alc_optimizer_create(f.model, (alc_optimizer_options){.learning_rate = 0.1}, &optimizer), ALC_OK);
    alc_real before[BATCH * CLASSES];
    for (int step = 0; step < 3; step++) {
        ck_assert_int_eq(alc_forward(evaluate), ALC_OK);
        memcpy(before, alc_plan_values(evaluate, logits), sizeof before);
        ck_assert_int_eq(alc_train_step(train, optimizer), ALC_OK);
        ck_assert_int_eq(alc_forward(evaluate), ALC_OK);
        const alc_real *after = alc_plan_values(evaluate, logits);
        ck_assert_mem_ne(before, after, sizeof before);
        /* A plan made just now agrees, and so does the one for one sample. */
        alc_plan *fresh = compile(ALC_EVALUATE, BATCH);
        ck_assert_int_eq(alc_forward(fresh), ALC_OK);
        ck_assert_mem_eq(alc_plan_values(fresh, logits), after, sizeof before);
        alc_plan_destroy(fresh);
        for (int row = 0; row < BATCH; row++) {
            memcpy(alc_plan_input(single, x), (const alc_real *)alc_plan_input(evaluate, x) + row * IMAGE,
                   IMAGE * sizeof(alc_real));
            ck_assert_int_eq(alc_forward(single), ALC_OK);
            ck_assert_mem_eq(alc_plan_values(single, logits), after + row * CLASSES, CLASSES * sizeof(alc_real));
        }
    }
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(train);
    alc_plan_destroy(evaluate);
    alc_plan_destroy(single);
    plan_fixture_end(&f);
}
END_TEST

/* Masks depend on epoch and position, not on the batch that a sample is in. */
START_TEST(draws_follow_the_position)
{
    alc_real first[BATCH * CLASSES], other[BATCH * CLASSES];
    setup(0.5);
    /* Without batch statistics a sample's logits are its own. */
    for (int i = 2; i < 6; i++)
        alc_parameter_set_trainable(alc_model_parameter(f.model, i - 1), false);
    alc_plan *plan = compile(ALC_TRAIN, BATCH), *single = compile(ALC_TRAIN, 1);
    alc_plan_set_draw(plan, 4, 30);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    memcpy(first, alc_plan_values(plan, logits), sizeof first);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    ck_assert_mem_eq(first, alc_plan_values(plan, logits), sizeof first);
    const uint64_t draws[][2] = {{5, 30}, {4, 31}};
    for (int i = 0; i < 2; i++) {
        alc_plan_set_draw(plan, draws[i][0], draws[i][1]);
        ck_assert_int_eq(alc_forward(plan), ALC_OK);
        memcpy(other, alc_plan_values(plan, logits), sizeof other);
        ck_assert_mem_ne(first, other, sizeof first);
    }
    for (uint64_t row = 0; row < BATCH; row++) {
        memcpy(alc_plan_input(single, x), (const alc_real *)alc_plan_input(plan, x) + row * IMAGE,
               IMAGE * sizeof(alc_real));
        alc_plan_set_draw(single, 4, 30 + row);
        ck_assert_int_eq(alc_forward(single), ALC_OK);
        ck_assert_mem_eq(alc_plan_values(single, logits), first + row * CLASSES, CLASSES * sizeof(alc_real));
    }
    alc_plan_destroy(plan);
    alc_plan_destroy(single);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(nothing_is_allocated_once_the_plan_is_made)
{
    setup(0.5);
    alc_plan *train = compile(ALC_TRAIN, BATCH), *evaluate = compile(ALC_EVALUATE, BATCH);
    alc_optimizer *optimizer;
    alc_optimizer_options options = {.kind = ALC_ADAMW, .learning_rate = 0.1, .clip_norm = 0.5};
    ck_assert_int_eq(alc_optimizer_create(f.model, options, &optimizer), ALC_OK);
    failing_hooks_restart(&f.hooks);
    for (int step = 0; step < 3; step++) {
        ck_assert_int_eq(alc_train_step(train, optimizer), ALC_OK);
        ck_assert_int_eq(alc_plan_set_rows(train, BATCH - step), ALC_OK);
        ck_assert_int_eq(alc_forward(evaluate), ALC_OK);
    }
    ck_assert_int_eq(f.hooks.allocations, 0);
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(train);
    alc_plan_destroy(evaluate);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(the_first_node_that_is_not_finite_is_found)
{
    setup(0);
    const char *node = NULL;
    alc_plan *plan = compile(ALC_TRAIN, BATCH);
    ((alc_real *)alc_plan_input(plan, x))[IMAGE * 2 + 1] = (alc_real)INFINITY;
    ck_assert_int_eq(alc_plan_set_rows(plan, 2), ALC_OK); /* it is in the third sample */
    ck_assert_int_eq(alc_plan_find_not_finite(plan, &node), ALC_OK);
    ck_assert_str_eq(node, "");
    ck_assert_int_eq(alc_plan_set_rows(plan, 3), ALC_OK);
    alc_real mean[3], after[3];
    alc_parameter *running = alc_model_find_parameter(f.model, "bn.running_mean");
    alc_parameter_read(running, mean);
    ck_assert_int_eq(alc_plan_find_not_finite(plan, &node), ALC_OK);
    ck_assert_str_eq(node, "conv");
    alc_parameter_read(running, after);
    ck_assert_mem_eq(mean, after, sizeof mean); /* looking changes nothing */
    alc_plan_destroy(plan);
    plan_fixture_end(&f);
}
END_TEST

/* ---- an op that fails where it is told to ---- */

typedef enum where { NOWHERE, DERIVE, FORWARD, BACKWARD, UPDATE } where;
static where failing;

static alc_status infer(alc_infer *i)
{
    alc_parameter_spec spec = {.name = "state", .shape = ALC_SHAPE(1), .state = true};
    alc_parameter_spec weight = {.name = "weight", .shape = ALC_SHAPE(1)};
    alc_status status = alc_infer_parameter(i, spec);
    if (status == ALC_OK)
        status = alc_infer_parameter(i, weight);
    return status == ALC_OK ? alc_infer_output(i, i->input_shapes[0], ALC_REAL) : status;
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_derived(p, 8);
    return ALC_OK;
}

static alc_status fail_in(const alc_run *run, where place, const char *name)
{
    return failing == place ? alc_run_fail(run, ALC_UNSUPPORTED, "%s of %lld rows", name, (long long)run->rows) : ALC_OK;
}

static alc_status derive(const alc_run *run)
{
    return fail_in(run, DERIVE, "derive");
}

static alc_status forward(const alc_run *run)
{
    memcpy(run->outputs[0].data, run->inputs[0].data, (size_t)(run->rows * run->inputs[0].channels) * sizeof(alc_real));
    return fail_in(run, FORWARD, "forward");
}

static alc_status backward(const alc_run *run)
{
    run->parameters[1].gradient[0] = 0;
    return fail_in(run, BACKWARD, "backward");
}

static alc_status update(const alc_run *run)
{
    run->parameters[0].value[0] += 1;
    return fail_in(run, UPDATE, "update");
}

static const alc_op_def failing_op = {.name = "failing", .infer = infer, .prepare = prepare, .derive = derive,
                                      .forward = forward, .backward = backward, .update_state = update,
                                      .contiguous = true};

START_TEST(an_ops_failure_is_the_runs)
{
    static const char *const sentences[] = {"", "n: derive of 3 rows", "n: forward of 3 rows", "n: backward of 3 rows",
                                            "n: update of 3 rows"};
    for (failing = NOWHERE; failing <= UPDATE; failing++) {
        plan_fixture_begin(&f);
        alc_tensor *input = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(2));
        alc_tensor *output = alc_apply(&failing_op, "n", NULL, 1, &input);
        plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 3, .output = output});
        alc_status expected = failing == NOWHERE ? ALC_OK : ALC_UNSUPPORTED;
        alc_status status = alc_forward(f.plan);
        ck_assert_int_eq(status, failing == BACKWARD ? ALC_OK : expected);
        if (status == ALC_OK)
            ck_assert_int_eq(alc_backward(f.plan), expected);
        else
            ck_assert_int_eq(alc_backward(f.plan), ALC_INVALID_ARGUMENT);
        if (failing == DERIVE) {
            const char *node;
            ck_assert_int_eq(alc_plan_find_not_finite(f.plan, &node), ALC_UNSUPPORTED);
        }
        if (failing == BACKWARD || failing == NOWHERE)
            ck_assert_str_eq(alc_error_message(f.context), sentences[failing]);
        /* What failed runs again as if nothing had been. */
        where was = failing;
        failing = NOWHERE;
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
        failing = was;
        status = alc_forward(f.plan);
        /* The state was written since, so even derived memory must be renewed. */
        ck_assert_int_eq(status, failing == NOWHERE || failing == BACKWARD ? ALC_OK : ALC_UNSUPPORTED);
        if (status != ALC_OK)
            ck_assert_str_eq(alc_error_message(f.context), sentences[failing]);
        plan_fixture_end(&f);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("executor", backward_follows_forward, gradients_add_until_they_are_zeroed,
                     a_partial_batch_trains_as_a_plan_of_that_size, several_plans_follow_one_model,
                     draws_follow_the_position, nothing_is_allocated_once_the_plan_is_made,
                     the_first_node_that_is_not_finite_is_found, an_ops_failure_is_the_runs);
}
