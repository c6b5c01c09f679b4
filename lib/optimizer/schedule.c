/* schedule.c - the learning rate of a step, from plain numbers.
 *
 * It is no part of the optimizer: whoever runs the training loop asks for a rate and hands it over. The cosine is a
 * polynomial of ours, because libm's differs between systems and a resumed run must see the same rates anywhere. */
#include "alcor/optimizer.h"
#include "lib/optimizer/power.h"

/* The shape of the one-cycle policy (Smith and Topin, arXiv 1708.07120), as PyTorch's OneCycleLR has it. */
#define ONE_CYCLE_START 25.0
#define ONE_CYCLE_END 250000.0
#define ONE_CYCLE_RISE 0.3

/* sin(pi u) for |u| <= 1/2: Taylor's series up to the 21st power, below 1e-17 off. */
static double sine_of_half_turns(double u)
{
    const double x = 3.141592653589793 * u, square = x * x;
    double sum = 1.0;
    for (int power = 20; power >= 2; power -= 2)
        sum = 1.0 - sum * square / (double)(power * (power + 1));
    return x * sum;
}

/* From `from` at t = 0 to `to` at t = 1 along half a cosine. */
static double cosine_between(double from, double to, double t)
{
    const double clamped = t < 0 ? 0 : t > 1 ? 1 : t;
    const double cosine = sine_of_half_turns(0.5 - clamped);
    return to + (from - to) * 0.5 * (1.0 + cosine);
}

static double step_rate(const alc_schedule *s, int64_t step)
{
    const int64_t epoch_steps = s->steps_per_epoch > 0 ? s->steps_per_epoch : 1;
    const int64_t period = s->period > 0 ? s->period : 10;
    return s->learning_rate * alc_power(s->gamma > 0 ? s->gamma : 0.1, step / epoch_steps / period);
}

static double cosine_rate(const alc_schedule *s, int64_t step)
{
    if (step < s->warmup_steps)
        return s->learning_rate * (double)(step + 1) / (double)s->warmup_steps;
    const int64_t rest = s->total_steps - s->warmup_steps;
    const double t = rest > 0 ? (double)(step - s->warmup_steps) / (double)rest : 0;
    return cosine_between(s->learning_rate, s->learning_rate * s->final_factor, t);
}

static double one_cycle_rate(const alc_schedule *s, int64_t step)
{
    const double last = s->total_steps > 1 ? (double)(s->total_steps - 1) : 1;
    const double top = ONE_CYCLE_RISE * (double)s->total_steps - 1;
    const double peak = s->learning_rate, now = (double)step;
    if (now < top)
        return cosine_between(peak / ONE_CYCLE_START, peak, now / top);
    return cosine_between(peak, peak / ONE_CYCLE_END, last > top ? (now - top) / (last - top) : 1);
}

double alc_schedule_rate(const alc_schedule *schedule, int64_t step)
{
    switch (schedule->kind) {
    case ALC_SCHEDULE_STEP:
        return step_rate(schedule, step);
    case ALC_SCHEDULE_COSINE:
        return cosine_rate(schedule, step);
    case ALC_SCHEDULE_ONE_CYCLE:
        return one_cycle_rate(schedule, step);
    case ALC_SCHEDULE_PLATEAU:
        return schedule->learning_rate * (schedule->started ? schedule->factor : 1.0);
    case ALC_SCHEDULE_CONSTANT:
    default:
        return schedule->learning_rate;
    }
}

void alc_schedule_observe(alc_schedule *schedule, double score)
{
    if (schedule->kind != ALC_SCHEDULE_PLATEAU)
        return;
    if (!schedule->started) {
        schedule->started = true;
        schedule->factor = 1.0;
        schedule->best = score;
        return;
    }
    if (score > schedule->best) {
        schedule->best = score;
        schedule->waited = 0;
        return;
    }
    schedule->waited++;
    if (schedule->waited > (schedule->patience > 0 ? schedule->patience : 5)) {
        schedule->factor *= schedule->gamma > 0 ? schedule->gamma : 0.1;
        schedule->waited = 0;
    }
}
