/* test_schedule.c - learning rates against closed forms, and against values from PyTorch's schedulers. */
#include <math.h>
#include <stdlib.h>

#include "alcor/optimizer.h"
#include "support/run_tests.h"

#define PI 3.14159265358979323846

static void expect_rate(const alc_schedule *schedule, int64_t step, double expected)
{
    const double rate = alc_schedule_rate(schedule, step);
    ck_assert_msg(fabs(rate - expected) <= 1e-14 * fabs(expected) + 1e-18, "step %d: %.17g, expected %.17g",
                  (int)step, rate, expected);
}

START_TEST(constant_is_the_rate)
{
    const alc_schedule schedule = {.kind = ALC_SCHEDULE_CONSTANT, .learning_rate = 0.25};
    expect_rate(&schedule, 0, 0.25);
    expect_rate(&schedule, 1000000, 0.25);
}
END_TEST

START_TEST(step_falls_every_period_of_epochs)
{
    const alc_schedule schedule = {
        .kind = ALC_SCHEDULE_STEP, .learning_rate = 1, .steps_per_epoch = 7, .period = 3, .gamma = 0.5};
    expect_rate(&schedule, 20, 1);
    expect_rate(&schedule, 21, 0.5);
    expect_rate(&schedule, 41, 0.5);
    expect_rate(&schedule, 42, 0.25);
    const alc_schedule defaults = {.kind = ALC_SCHEDULE_STEP, .learning_rate = 1, .steps_per_epoch = 2};
    expect_rate(&defaults, 19, 1);
    expect_rate(&defaults, 20, 0.1);
}
END_TEST

START_TEST(cosine_warms_up_and_falls)
{
    const alc_schedule schedule = {.kind = ALC_SCHEDULE_COSINE,
                                   .learning_rate = 2,
                                   .total_steps = 110,
                                   .warmup_steps = 10,
                                   .final_factor = 0.1};
    expect_rate(&schedule, 0, 0.2);
    expect_rate(&schedule, 9, 2);
    for (int64_t step = 10; step < 110; step++)
        expect_rate(&schedule, step, 0.2 + 1.8 * 0.5 * (1 + cos(PI * (double)(step - 10) / 100)));
    expect_rate(&schedule, 500, 0.2);
}
END_TEST

/* torch.optim.lr_scheduler.OneCycleLR(max_lr=0.01, total_steps=50), pct_start 0.3: the formula its documentation gives. */
START_TEST(one_cycle_is_pytorchs)
{
    const alc_schedule schedule = {
        .kind = ALC_SCHEDULE_ONE_CYCLE, .learning_rate = 0.01, .total_steps = 50};
    expect_rate(&schedule, 0, 0.0004);
    expect_rate(&schedule, 14, 0.01);
    expect_rate(&schedule, 49, 4e-8);
    for (int64_t step = 0; step < 50; step++) {
        const double start = step < 14 ? 0.0004 : 0.01, end = step < 14 ? 0.01 : 4e-8;
        const double t = step < 14 ? (double)step / 14 : (double)(step - 14) / 35;
        expect_rate(&schedule, step, end + (start - end) / 2 * (1 + cos(PI * t)));
    }
}
END_TEST

START_TEST(one_cycle_of_few_steps_stays_in_range)
{
    for (int64_t total = 1; total <= 6; total++) {
        const alc_schedule schedule = {
            .kind = ALC_SCHEDULE_ONE_CYCLE, .learning_rate = 1, .total_steps = total};
        for (int64_t step = 0; step < total + 2; step++) {
            const double rate = alc_schedule_rate(&schedule, step);
            ck_assert(rate > 0 && rate <= 1);
        }
    }
}
END_TEST

START_TEST(plateau_falls_after_patience)
{
    alc_schedule schedule = {
        .kind = ALC_SCHEDULE_PLATEAU, .learning_rate = 1, .patience = 2, .gamma = 0.5};
    expect_rate(&schedule, 0, 1);
    const double scores[] = {0.5, 0.6, 0.6, 0.4, 0.6, 0.7, 0.1, 0.1, 0.1};
    const double rates[] = {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25};
    for (int i = 0; i < 9; i++) {
        alc_schedule_observe(&schedule, scores[i]);
        expect_rate(&schedule, i, rates[i]);
    }
    const alc_schedule copy = schedule;
    expect_rate(&copy, 100, 0.25);
}
END_TEST

START_TEST(others_ignore_scores)
{
    alc_schedule schedule = {.kind = ALC_SCHEDULE_CONSTANT, .learning_rate = 1};
    for (int i = 0; i < 20; i++)
        alc_schedule_observe(&schedule, 0);
    expect_rate(&schedule, 0, 1);
    ck_assert(!schedule.started);
}
END_TEST

int main(void)
{
    return RUN_TESTS("schedule", constant_is_the_rate,
                     step_falls_every_period_of_epochs,
                     cosine_warms_up_and_falls,
                     one_cycle_is_pytorchs,
                     one_cycle_of_few_steps_stays_in_range,
                     plateau_falls_after_patience,
                     others_ignore_scores);
}
