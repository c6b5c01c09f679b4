/* test_fit.c - the training loop: what it reports, when it saves, that it stops and goes on at any step with the same bits,
 * and what it refuses. */
#include <math.h>
#include <string.h>

#include "lib/graph/graph.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/small_training.h"

enum { EPOCHS = 4, MOST_EVENTS = 200 };

static failing_hooks hooks;
static alc_context *context;
static small_training t;

/* What the caller's functions were told. */
static struct {
    int64_t stops, stop_after;   /* stop_after steps; 0: never */
    alc_fit_progress progress[MOST_EVENTS];
    int progress_count;
    alc_fit_epoch epochs[MOST_EVENTS];
    int epoch_count;
    alc_training_state saved[MOST_EVENTS];
    int save_count;
    alc_status save_status;
    int64_t allocations;
} seen;

static bool stop(void *user)
{
    ck_assert_ptr_eq(user, &seen);
    return seen.stop_after > 0 && seen.stops++ >= seen.stop_after;
}

static void progress(void *user, const alc_fit_progress *p)
{
    ck_assert_ptr_eq(user, &seen);
    seen.progress[seen.progress_count++] = *p;
    if (seen.progress_count == 1)
        failing_hooks_restart(&hooks); /* from the first step on nothing is allocated */
    seen.allocations = hooks.allocations;
}

static void epoch_done(void *user, const alc_fit_epoch *e)
{
    ck_assert_ptr_eq(user, &seen);
    seen.epochs[seen.epoch_count++] = *e;
}

static alc_status save(void *user, const alc_training_state *state)
{
    ck_assert_ptr_eq(user, &seen);
    seen.saved[seen.save_count++] = *state;
    return seen.save_status;
}

static void setup(void)
{
    memset(&seen, 0, sizeof seen);
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 2);
    alc_status status = small_training_create(&t, context, EPOCHS);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(context));
}

static void teardown(void)
{
    small_training_destroy(&t);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}

static alc_fit_options options(int64_t epochs)
{
    alc_fit_options o = small_training_options(&t, epochs);
    o.stop = stop;
    o.progress = progress;
    o.epoch_done = epoch_done;
    o.save = save;
    o.user = &seen;
    return o;
}

START_TEST(it_learns_and_tells)
{
    setup();
    ck_assert_msg(alc_fit(options(EPOCHS), &t.state) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_int_eq(seen.progress_count, EPOCHS * SMALL_BATCHES);
    ck_assert_int_eq(seen.epoch_count, EPOCHS);
    ck_assert_int_eq(seen.save_count, EPOCHS);
    ck_assert_int_eq(seen.allocations, 0);
    for (int i = 0; i < seen.progress_count; i++) {
        const alc_fit_progress *p = &seen.progress[i];
        ck_assert_int_eq(p->epoch, i / SMALL_BATCHES + 1);
        ck_assert_int_eq(p->epochs, EPOCHS);
        ck_assert_int_eq(p->batch, i % SMALL_BATCHES + 1);
        ck_assert_int_eq(p->batches, SMALL_BATCHES);
        ck_assert_int_eq(p->samples, p->batch == SMALL_BATCHES ? SMALL_TRAINED : p->batch * SMALL_BATCH);
        ck_assert(p->learning_rate == alc_schedule_rate(&t.state.schedule, i));
    }
    double best = -INFINITY;
    for (int i = 0; i < EPOCHS; i++) {
        const alc_fit_epoch *e = &seen.epochs[i];
        ck_assert(e->validated && e->score == -e->validation_loss);
        ck_assert(e->best == (e->score > best));
        best = fmax(best, e->score);
        ck_assert(e->loss == seen.progress[(i + 1) * SMALL_BATCHES - 1].loss);
        ck_assert(e->learning_rate == seen.progress[(i + 1) * SMALL_BATCHES - 1].learning_rate);
    }
    ck_assert(seen.epochs[EPOCHS - 1].validation_loss < 0.5 * seen.epochs[0].validation_loss);
    ck_assert(seen.epochs[EPOCHS - 1].validation_accuracy > 0.9);
    ck_assert_int_eq(t.state.epoch, EPOCHS);
    ck_assert_int_eq(t.state.step, EPOCHS * SMALL_BATCHES);
    ck_assert(t.state.batch == 0 && t.state.samples == 0 && t.state.hits == 0 && t.state.loss_sum == 0);
    ck_assert(t.state.best_score == best);
    /* Nothing is left to do: a further call does nothing. */
    ck_assert_int_eq(alc_fit(options(EPOCHS), &t.state), ALC_OK);
    ck_assert_int_eq(seen.progress_count, EPOCHS * SMALL_BATCHES);
    teardown();
}
END_TEST

/* Stops after every possible number of steps and goes on in the same model: the same bits as without. */
START_TEST(stopping_anywhere_changes_no_bit)
{
    setup();
    ck_assert_int_eq(alc_fit(options(2), &t.state), ALC_OK);
    uint64_t expected = small_training_digest(&t);
    alc_fit_epoch last = seen.epochs[1];
    teardown();
    for (int64_t steps = 1; steps < 2 * SMALL_BATCHES + 2; steps++) {
        setup();
        seen.stop_after = steps;
        ck_assert_int_eq(alc_fit(options(2), &t.state), ALC_INTERRUPTED);
        ck_assert_int_eq(seen.save_count, 1 + (steps > SMALL_BATCHES + 2));
        ck_assert_mem_eq(&seen.saved[seen.save_count - 1], &t.state, sizeof t.state);
        seen.stop_after = 0;
        ck_assert_int_eq(alc_fit(options(2), &t.state), ALC_OK);
        ck_assert_msg(small_training_digest(&t) == expected, "stopped after %d: other bits", (int)steps);
        ck_assert_int_eq(seen.epoch_count, 2);
        ck_assert(seen.epochs[1].loss == last.loss && seen.epochs[1].validation_loss == last.validation_loss);
        ck_assert(seen.epochs[1].learning_rate == last.learning_rate);
        ck_assert_int_eq(seen.progress_count, 2 * SMALL_BATCHES);
        teardown();
    }
}
END_TEST

START_TEST(saving_is_as_often_as_asked_and_ends_training_if_it_fails)
{
    setup();
    alc_fit_options o = options(EPOCHS);
    o.save_every = 3;
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_OK);
    ck_assert_int_eq(seen.save_count, 2);
    ck_assert_int_eq(seen.saved[0].epoch, 3);
    ck_assert_int_eq(seen.saved[1].epoch, EPOCHS);
    teardown();
    setup();
    seen.save_status = ALC_IO_ERROR;
    ck_assert_int_eq(alc_fit(options(EPOCHS), &t.state), ALC_IO_ERROR);
    ck_assert_int_eq(seen.epoch_count, 1);
    teardown();
    setup();
    seen.save_status = ALC_IO_ERROR;
    seen.stop_after = 2;
    ck_assert_int_eq(alc_fit(options(EPOCHS), &t.state), ALC_IO_ERROR);
    ck_assert_int_eq(t.state.batch, 2);
    teardown();
}
END_TEST

START_TEST(without_validation_the_loss_is_the_score)
{
    setup();
    alc_fit_options o = options(2);
    o.validation_loader = NULL;
    o.save = NULL;
    o.progress = NULL;
    t.state.schedule = (alc_schedule){.kind = ALC_SCHEDULE_PLATEAU, .learning_rate = 0.01, .patience = 1};
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_OK);
    ck_assert(!seen.epochs[1].validated && seen.epochs[1].score == -seen.epochs[1].loss);
    ck_assert(t.state.schedule.started && t.state.schedule.best == t.state.best_score);
    teardown();
}
END_TEST

START_TEST(a_loss_that_is_not_finite_names_its_place)
{
    setup();
    alc_fit_options o = options(1);
    seen.stop_after = 3;
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_INTERRUPTED);
    seen.stop_after = 0;
    alc_real bias[SMALL_CLASSES] = {0, (alc_real)NAN, 0};
    alc_parameter_write(alc_model_find_parameter(t.model, "fc.bias"), bias);
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_NOT_FINITE);
    ck_assert_str_eq(alc_error_message(context), "epoch 1, batch 4: the loss is not a number; the first layer whose output "
                                                 "is not finite is fc");
    ck_assert_int_eq(t.state.batch, 3);
    teardown();
}
END_TEST

static void expect_refused(alc_fit_options o, alc_training_state state, const char *sentence)
{
    alc_training_state before = state;
    ck_assert_int_eq(alc_fit(o, &state), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), sentence);
    ck_assert_mem_eq(&before, &state, sizeof state);
}

START_TEST(what_does_not_fit_is_refused)
{
    setup();
    alc_fit_options o = options(EPOCHS);
    alc_training_state state = t.state;
    state.epoch = EPOCHS + 1;
    expect_refused(o, state, "training: cannot go on after epoch 5 and batch 0, there are 4 epochs of 6 batches");
    state.epoch = 0;
    state.batch = SMALL_BATCHES + 1;
    expect_refused(o, state, "training: cannot go on after epoch 0 and batch 7, there are 4 epochs of 6 batches");
    o.logits = t.classifier.probabilities;
    expect_refused(o, t.state, "training: the plan does not keep softmax_1");
    o = options(EPOCHS);
    o.label = t.classifier.probabilities;
    expect_refused(o, t.state, "training: the plan does not use the labels softmax_1");
    teardown();
}
END_TEST

/* The validation's buffers are the only memory it asks for. */
static void refused(alc_fit_options o, const char *words)
{
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_INVALID_ARGUMENT);
    ck_assert_msg(strstr(alc_error_message(context), words) != NULL, "%s", alc_error_message(context));
    ck_assert_int_eq(seen.progress_count, 0);
}

/* Before the first step, not after an epoch. */
START_TEST(a_validation_that_cannot_be_is_refused)
{
    setup();
    alc_fit_options o = options(EPOCHS);
    alc_plan *other;
    alc_tensor *wide = NULL;
    o.evaluation_plan = NULL;
    refused(o, "validation needs");
    o = options(EPOCHS);
    o.probabilities = NULL;
    refused(o, "validation needs");
    o = options(EPOCHS);
    o.dataset = NULL;
    refused(o, "validation needs");
    for (int64_t i = 0; i < t.model->tensor_count; i++)
        if (t.model->tensors[i]->node != NULL && alc_shape_elements(t.model->tensors[i]->shape) > SMALL_CLASSES)
            wide = t.model->tensors[i];
    ck_assert_ptr_nonnull(wide);
    ck_assert_int_eq(alc_compile(t.model, (alc_compile_options){.mode = ALC_EVALUATE, .batch = SMALL_BATCH, .output = wide}, &other),
                     ALC_OK);
    o = options(EPOCHS);
    o.evaluation_plan = other;
    refused(o, "does not compute");
    o.probabilities = wide;
    refused(o, "9 probabilities");
    alc_plan_destroy(other);
    o = options(EPOCHS);
    o.loader = NULL;
    refused(o, "needs a plan");
    o = options(EPOCHS);
    o.optimizer = NULL;
    refused(o, "needs a plan");
    o.plan = NULL;
    ck_assert_int_eq(alc_fit(o, &t.state), ALC_INVALID_ARGUMENT);
    teardown();
}
END_TEST

START_TEST(failing_allocations_change_nothing)
{
    setup();
    uint64_t before = small_training_digest(&t);
    int64_t outstanding = hooks.bytes_outstanding;
    for (hooks.fail_allocation = 1; hooks.fail_allocation <= 5; hooks.fail_allocation++) {
        failing_hooks_restart(&hooks);
        ck_assert_int_eq(alc_fit(options(EPOCHS), &t.state), ALC_OUT_OF_MEMORY);
        ck_assert_int_eq(seen.progress_count, 0);
        ck_assert_uint_eq(small_training_digest(&t), before);
        ck_assert_int_eq(hooks.bytes_outstanding, outstanding);
    }
    failing_hooks_relent(&hooks);
    ck_assert_int_eq(alc_fit(options(1), &t.state), ALC_OK);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("fit", it_learns_and_tells, stopping_anywhere_changes_no_bit,
                     saving_is_as_often_as_asked_and_ends_training_if_it_fails, without_validation_the_loss_is_the_score,
                     a_loss_that_is_not_finite_names_its_place, what_does_not_fit_is_refused, a_validation_that_cannot_be_is_refused,
                     failing_allocations_change_nothing);
}
