/* fit.c - the loop over epochs and batches. Where it stands is in alc_training_state alone, so that a resumed run does the
 * same steps; what is shown, saved and when to stop is the caller's. */
#include "alcor/fit.h"

#include <stdio.h>

#include "lib/compile/plan.h"
#include "lib/train/metrics_internal.h"

typedef struct fit {
    alc_fit_options options;
    alc_training_state *state;
    alc_context *context;
    int64_t batches;          /* of an epoch */
    int64_t classes;
    double learning_rate;     /* of the latest step */
    /* Of the validation samples, NULL without them: */
    alc_real *probabilities;
    int64_t *indices;
    int32_t *labels, *predictions;
    alc_class_counts *counts;
} fit;

static int64_t count_hits(const fit *f)
{
    const alc_real *logits = alc_plan_values(f->options.plan, f->options.logits);
    const int32_t *labels = alc_plan_values(f->options.plan, f->options.label);
    int64_t hits = 0;
    for (int64_t i = 0; i < alc_loader_rows(f->options.loader); i++) {
        const alc_real *row = logits + i * f->classes;
        int64_t best = 0;
        for (int64_t c = 1; c < f->classes; c++)
            if (row[c] > row[best])
                best = c;
        hits += best == labels[i];
    }
    return hits;
}

/* The failure at hand, with the place in training in front of it: the batch that is trained on, or 0 for the
 * validation behind them all. */
static alc_status name_place(const fit *f, int64_t batch, alc_status status)
{
    char sentence[1024], place[32] = "validation";
    alc_copy_error_message(f->context, sentence, sizeof sentence);
    if (batch > 0)
        snprintf(place, sizeof place, "batch %lld", (long long)batch);
    return alc_fail(f->context, status, "epoch %lld, %s: %s", (long long)f->state->epoch + 1, place, sentence);
}

static void report_progress(const fit *f)
{
    const alc_training_state *s = f->state;
    if (!f->options.progress)
        return;
    const alc_fit_progress progress = {.epoch = s->epoch + 1,
                                       .epochs = f->options.epochs,
                                       .batch = s->batch,
                                       .batches = f->batches,
                                       .samples = s->samples,
                                       .loss = s->loss_sum / (double)s->samples,
                                       .accuracy = (double)s->hits / (double)s->samples,
                                       .learning_rate = f->learning_rate};
    f->options.progress(f->options.user, &progress);
}

static alc_status train_batch(fit *f)
{
    alc_training_state *s = f->state;
    f->learning_rate = alc_schedule_rate(&s->schedule, s->epoch * f->batches + s->batch);
    alc_optimizer_set_learning_rate(f->options.optimizer, f->learning_rate);
    const alc_status status = alc_train_step(f->options.plan, f->options.optimizer);
    if (status)
        return status == ALC_NOT_FINITE ? name_place(f, s->batch + 1, status) : status;
    const int64_t rows = alc_loader_rows(f->options.loader);
    const alc_real loss = *(const alc_real *)alc_plan_values(f->options.plan, f->options.plan->options.output);
    s->loss_sum += (double)loss * (double)rows;
    s->hits += count_hits(f);
    s->samples += rows;
    s->batch++;
    s->step++;
    report_progress(f);
    return ALC_OK;
}

static alc_status save(const fit *f)
{
    return f->options.save ? f->options.save(f->options.user, f->state) : ALC_OK;
}

static alc_status save_after_step(const fit *f)
{
    const int64_t every = f->options.save_every_steps;
    return every > 0 && f->state->step % every == 0 ? save(f) : ALC_OK;
}

/* The batches of one epoch that are still to do; ALC_OK when all are done. */
static alc_status train_epoch(fit *f)
{
    alc_loader_start_epoch(f->options.loader, (uint64_t)f->state->epoch);
    for (int64_t batch = 0; batch < f->batches; batch++) {
        const bool done = batch < f->state->batch; /* before a resumed run */
        if (!done && f->options.stop && f->options.stop(f->options.user))
            return alc_fail(f->context, ALC_INTERRUPTED, "training was asked to stop");
        alc_status status = alc_loader_next(f->options.loader, f->options.plan);
        if (status == ALC_OK && !done)
            status = train_batch(f);
        if (status == ALC_OK && !done)
            status = save_after_step(f);
        if (status)
            return status;
    }
    return ALC_OK;
}

static alc_status validate(fit *f, alc_fit_epoch *epoch)
{
    const alc_fit_options *o = &f->options;
    const int64_t samples = alc_loader_samples(o->validation_loader);
    alc_status status = alc_predict((alc_predict_options){.plan = o->evaluation_plan,
                                                          .probabilities = o->probabilities,
                                                          .loader = o->validation_loader,
                                                          .stop = o->stop,
                                                          .stop_user = o->user},
                                    f->probabilities, f->indices);
    for (int64_t i = 0; i < samples && status == ALC_OK; i++)
        f->labels[i] = (int32_t)alc_dataset_label(o->dataset, f->indices[i]);
    alc_metrics_summary summary;
    if (status == ALC_OK)
        status = alc_metrics_summarise(f->context, samples, f->classes, f->labels, f->probabilities, f->predictions,
                                       f->counts, &summary);
    if (status)
        return status == ALC_NOT_FINITE ? name_place(f, 0, status) : status;
    epoch->validated = true;
    epoch->validation_loss = summary.log_loss;
    epoch->validation_accuracy = summary.accuracy;
    epoch->validation_balanced_accuracy = summary.balanced_accuracy;
    return ALC_OK;
}

static alc_status finish_epoch(fit *f)
{
    alc_training_state *s = f->state;
    alc_fit_epoch epoch = {.epoch = s->epoch + 1,
                           .epochs = f->options.epochs,
                           .loss = s->loss_sum / (double)s->samples,
                           .accuracy = (double)s->hits / (double)s->samples,
                           .learning_rate = f->learning_rate};
    if (f->options.validation_loader) {
        const alc_status status = validate(f, &epoch);
        if (status)
            return status;
    }
    epoch.score = -(epoch.validated ? epoch.validation_loss : epoch.loss);
    epoch.best = s->best_epoch == 0 || epoch.score > s->best_score;
    if (epoch.best) {
        s->best_score = epoch.score;
        s->best_epoch = epoch.epoch;
    }
    alc_schedule_observe(&s->schedule, epoch.score);
    s->epoch++;
    s->batch = 0;
    s->loss_sum = 0;
    s->samples = 0;
    s->hits = 0;
    if (f->options.epoch_done)
        f->options.epoch_done(f->options.user, &epoch);
    return ALC_OK;
}

static alc_status run(fit *f)
{
    const int64_t every = f->options.save_every > 0 ? f->options.save_every : 1;
    while (f->state->epoch < f->options.epochs) {
        alc_status status = train_epoch(f);
        if (status == ALC_OK)
            status = finish_epoch(f);
        if (status == ALC_INTERRUPTED) {
            const alc_status saved = save(f);
            return saved ? saved : status;
        }
        const bool last = f->state->epoch == f->options.epochs;
        if (status == ALC_OK && (last || f->state->epoch % every == 0))
            status = save(f);
        if (status)
            return status;
    }
    return ALC_OK;
}

static alc_status allocate_validation(fit *f)
{
    if (!f->options.validation_loader)
        return ALC_OK;
    const size_t samples = (size_t)alc_loader_samples(f->options.validation_loader);
    const size_t classes = (size_t)f->classes;
    f->probabilities =
        alc_allocate_array(f->context, samples, classes * sizeof *f->probabilities, "validation probabilities");
    f->indices = alc_allocate_array(f->context, samples, sizeof *f->indices, "validation samples");
    f->labels = alc_allocate_array(f->context, samples, sizeof *f->labels, "validation labels");
    f->predictions = alc_allocate_array(f->context, samples, sizeof *f->predictions, "validation predictions");
    f->counts = alc_allocate_array(f->context, classes, sizeof *f->counts, "validation counts");
    const bool all = f->probabilities && f->indices && f->labels && f->predictions && f->counts;
    return all ? ALC_OK : ALC_OUT_OF_MEMORY;
}

/* An epoch's work would be lost if it were found out after it. */
static alc_status check_validation(const fit *f)
{
    const alc_fit_options *o = &f->options;
    if (!o->validation_loader)
        return ALC_OK;
    if (!o->evaluation_plan || !o->probabilities || !o->dataset)
        return alc_fail(f->context, ALC_INVALID_ARGUMENT,
                        "training: validation needs an evaluation plan, its probabilities and the data set");
    if (!alc_plan_values(o->evaluation_plan, o->probabilities))
        return alc_fail(f->context, ALC_INVALID_ARGUMENT, "training: the evaluation plan does not compute %s",
                        alc_tensor_name(o->probabilities));
    const int64_t classes = alc_shape_elements(alc_tensor_shape(o->probabilities));
    return classes == f->classes ? ALC_OK
                                 : alc_fail(f->context, ALC_INVALID_ARGUMENT,
                                            "training: %s has %lld probabilities for %lld logits",
                                            alc_tensor_name(o->probabilities), (long long)classes, (long long)f->classes);
}

alc_status alc_fit(alc_fit_options options, alc_training_state *state)
{
    if (!options.plan || !state)
        return ALC_INVALID_ARGUMENT;
    if (!options.logits || !options.label || !options.loader || !options.optimizer)
        return alc_fail(options.plan->context, ALC_INVALID_ARGUMENT,
                        "training needs a plan, its logits and labels, a loader and an optimizer");
    fit f = {.options = options,
             .state = state,
             .context = options.plan->context,
             .batches = alc_loader_batches(options.loader),
             .classes = alc_shape_elements(alc_tensor_shape(options.logits))};
    if (!alc_plan_values(options.plan, options.logits))
        return alc_fail(f.context, ALC_INVALID_ARGUMENT, "training: the plan does not keep %s",
                        alc_tensor_name(options.logits));
    if (!alc_plan_values(options.plan, options.label))
        return alc_fail(f.context, ALC_INVALID_ARGUMENT, "training: the plan does not use the labels %s",
                        alc_tensor_name(options.label));
    if (state->epoch < 0 || state->epoch > options.epochs || state->batch < 0 || state->batch > f.batches)
        return alc_fail(f.context, ALC_INVALID_ARGUMENT,
                        "training: cannot go on after epoch %lld and batch %lld, there are %lld epochs of %lld batches",
                        (long long)state->epoch, (long long)state->batch, (long long)options.epochs,
                        (long long)f.batches);
    if (state->batch > 0) /* a resumed epoch may have no step left to take */
        f.learning_rate = alc_schedule_rate(&state->schedule, state->epoch * f.batches + state->batch - 1);
    alc_status status = check_validation(&f);
    if (status == ALC_OK)
        status = allocate_validation(&f);
    if (status == ALC_OK)
        status = run(&f);
    alc_free(f.context, f.counts);
    alc_free(f.context, f.predictions);
    alc_free(f.context, f.labels);
    alc_free(f.context, f.indices);
    alc_free(f.context, f.probabilities);
    return status;
}
