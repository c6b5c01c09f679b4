/* test_random_graphs.c - networks that nobody designed, compiled with all passes and run as if there were none: the same bits.
 *
 * Every graph is trained and evaluated by plain plans (plain_plan.h), on one thread, and by compiled ones: on several threads, within
 * limits of memory, with further tensors kept, updated in backward, for other batches. Memory begins as NaN, so that what is read
 * must have been written. At the end every pass must have had something to do.
 *
 *     compile_test_random_graphs FIRST COUNT    runs the graphs FIRST to FIRST + COUNT - 1 instead of those of every commit */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/optimizer.h"
#include "support/plain_plan.h"
#include "support/plan_deeds.h"
#include "support/plan_fixture.h"
#include "support/random_graph.h"
#include "support/run_tests.h"

enum { THREADS = 3, MOST_ROWS = 3, KEPT_MORE = 4, EVERY_COMMIT = 300 };

static struct {
    uint64_t first, count;
} graphs = {1, EVERY_COMMIT};

/* One graph in contexts of one thread and of several. */
typedef struct world {
    alc_context *context;
    alc_model *model;
    random_graph graph;
} world;

typedef struct task {
    uint64_t number;
    alc_compile_options options; /* without tensors, which differ from world to world */
    int64_t rows, pixels;
    int64_t given, output, kept; /* numbers of tensors, -1: none, and the loss or logits; kept may be what no output needs */
    bool accumulates;            /* two runs' gradients are added */
    bool coarse;                 /* bf16, whose rounding is above what folding may change */
    plan_deeds *deeds;
    int failures;
} task;

/* What is drawn for a graph beside itself. */
enum {
    BATCH, ROWS, PIXELS, NORMS, NO_DROPOUT, INPUT_GRADIENTS, ACCUMULATES, KEEP_ACTIVATIONS, LIMIT, FREEZE, FREEZE_TO, GIVEN,
    OUTPUT = GIVEN + 2, KEPT = OUTPUT + 2, KEEP = KEPT + 2, FREEZE_ONE = KEEP + KEPT_MORE
};

/* Values in an order that the model gives. */
typedef struct outcome {
    alc_real *values;
    int64_t count, capacity;
} outcome;

static int64_t draw(const task *t, int what, int64_t bound)
{
    return (int64_t)alc_random_below((alc_random_key){t->number, 99}, (uint64_t)what, (uint64_t)bound);
}

static void add_values(outcome *o, const alc_real *values, int64_t count)
{
    if (o->count + count > o->capacity) {
        o->capacity = 2 * (o->count + count);
        o->values = realloc(o->values, (size_t)o->capacity * sizeof *o->values);
        ck_assert_ptr_nonnull(o->values);
    }
    memcpy(o->values + o->count, values, (size_t)count * sizeof *values);
    o->count += count;
}

static void free_outcome(outcome *o)
{
    free(o->values);
    *o = (outcome){0};
}

static bool equal(const outcome *a, const outcome *b)
{
    return a->count == b->count && memcmp(a->values, b->values, (size_t)a->count * sizeof *a->values) == 0;
}

/* Weights of a size that keeps values within bounds from layer to layer. */
static void fill_parameters(alc_model *model, uint64_t number)
{
    fill_model(model, number);
    for (int64_t p = 0; p < model->parameter_count; p++) {
        alc_parameter *parameter = model->parameters[p];
        const alc_shape shape = alc_parameter_shape(parameter);
        const double scale = shape.rank < 2 ? 1 : sqrt(3 * (double)shape.extent[0] / (double)parameter->count);
        for (int64_t i = 0; i < parameter->count; i++)
            parameter->value[i] *= (alc_real)scale;
        alc_parameter_written(parameter);
    }
}

static int64_t elements(const alc_tensor *tensor)
{
    return alc_shape_elements(tensor->shape);
}

static void fill_given(const task *t, alc_plan *plan, const alc_tensor *given)
{
    alc_real *values = given ? alc_plan_input(plan, given) : NULL;
    if (values)
        fill_reals(values, plan->options.batch * elements(given), t->number);
}

/* As before the first run, but for memory that is NaN. */
static void prepare(const task *t, const world *w, alc_plan *plan)
{
    fill_parameters(w->model, t->number);
    memset(plan->arena, 0xff, plan->arena_bytes);
    fill_plan(plan, t->number, RANDOM_GRAPH_CLASSES);
    fill_given(t, plan, plan->options.given);
    ck_assert_int_eq(alc_plan_set_rows(plan, t->rows), ALC_OK);
    alc_plan_set_draw(plan, 1, 3 * t->number);
}

static void report(task *t, const world *w, const char *what, const char *where)
{
    fprintf(stderr, "graph %llu (%d nodes, batch %d, %d rows): %s: %s\n", (unsigned long long)t->number, (int)w->model->node_count,
            (int)t->options.batch, (int)t->rows, what, where);
    t->failures++;
}

static alc_compile_options options_for(const task *t, const world *w, alc_plan_mode mode)
{
    alc_compile_options options = t->options;
    options.mode = mode;
    options.output = t->output >= 0 ? w->model->tensors[t->output] : mode == ALC_TRAIN ? w->graph.loss : w->graph.logits;
    options.given = t->given < 0 ? NULL : w->model->tensors[t->given];
    if (t->kept >= 0)
        options.kept[options.kept_count++] = w->model->tensors[t->kept];
    return options;
}

static alc_plan *compiled(const task *t, const world *w, alc_compile_options options)
{
    alc_plan *plan;
    ck_assert_msg(alc_compile(w->model, options, &plan) == ALC_OK, "graph %llu: %s", (unsigned long long)t->number,
                  alc_error_message(w->context));
    return plan;
}

/* ---- runs ---- */

static void add_tensor(const task *t, outcome *o, const alc_real *values, const alc_tensor *tensor)
{
    if (values)
        add_values(o, values, (tensor->scalar ? 1 : t->rows) * elements(tensor));
}

/* Gradients where the plan holds them, and state; without a plan all values. */
static void add_parameters(outcome *o, const world *w, const alc_plan *plan)
{
    for (int64_t p = 0; p < w->model->parameter_count; p++) {
        const alc_parameter *parameter = w->model->parameters[p];
        const alc_real *gradient = plan ? alc_plan_gradient_of(plan, parameter) : NULL;
        if (gradient || !plan || parameter->spec.state)
            add_values(o, gradient ? gradient : parameter->value, parameter->count);
    }
}

static outcome evaluate(const task *t, const world *w, alc_plan *plan)
{
    outcome o = {0};
    prepare(t, w, plan);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    add_tensor(t, &o, alc_plan_values(plan, plan->options.output), plan->options.output);
    return o;
}

static void run_both_ways(const task *t, alc_plan *plan)
{
    const alc_tensor *output = plan->options.output;
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    if (!output->scalar)
        fill_reals(alc_plan_output_gradient(plan), t->rows * elements(output), t->number);
    ck_assert_int_eq(alc_backward(plan), ALC_OK);
}

/* After prepare(): a run, or two whose gradients are added. */
static outcome train_prepared(const task *t, const world *w, alc_plan *plan)
{
    outcome o = {0};
    alc_zero_gradients(plan);
    for (int run = 0; run <= t->accumulates; run++)
        run_both_ways(t, plan);
    add_tensor(t, &o, alc_plan_values(plan, plan->options.output), plan->options.output);
    add_parameters(&o, w, plan);
    add_tensor(t, &o, alc_plan_input_gradient(plan, w->graph.image), w->graph.image);
    return o;
}

static outcome train(const task *t, const world *w, alc_plan *plan)
{
    prepare(t, w, plan);
    return train_prepared(t, w, plan);
}

static outcome step(const task *t, const world *w, alc_plan *plan)
{
    const alc_optimizer_options sgd = {.kind = ALC_SGD, .learning_rate = 0.1};
    alc_optimizer *optimizer;
    outcome o = {0};
    prepare(t, w, plan);
    ck_assert_int_eq(alc_optimizer_create(w->model, sgd, &optimizer), ALC_OK);
    ck_assert_msg(alc_train_step(plan, optimizer) == ALC_OK, "%s", alc_error_message(w->context));
    alc_optimizer_destroy(optimizer);
    add_parameters(&o, w, NULL);
    return o;
}

/* The first parameter whose gradient or value differs. */
static const char *first_difference(const task *t, const world *w, const alc_plan *plan, const outcome *a, const outcome *b)
{
    const alc_tensor *output = plan->options.output;
    const bool gradients = !plan->options.update_in_backward;
    int64_t at = gradients ? (output->scalar ? 1 : t->rows) * elements(output) : 0;
    if (a->count != b->count)
        return "other gradients are computed";
    if (memcmp(a->values, b->values, (size_t)at * sizeof *a->values) != 0)
        return "the output";
    for (int64_t p = 0; p < w->model->parameter_count; p++) {
        const alc_parameter *parameter = w->model->parameters[p];
        if (gradients && !alc_plan_gradient_of(plan, parameter) && !parameter->spec.state)
            continue;
        if (memcmp(a->values + at, b->values + at, (size_t)parameter->count * sizeof *a->values) != 0)
            return parameter->name;
        at += parameter->count;
    }
    return "the image's gradient";
}

/* ---- folding ---- */

/* What folding may change, of the largest value. */
#define FOLDING_BOUND 1e-3

static void expect_close(task *t, const world *w, const outcome *folded, const outcome *apart, int64_t count, const char *what)
{
    double largest = 1, difference = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)apart->values[i]));
        difference = fmax(difference, fabs((double)apart->values[i] - (double)folded->values[i]));
    }
    if (!(difference <= FOLDING_BOUND * largest)) {
        fprintf(stderr, "%g of %g: ", difference, largest);
        report(t, w, what, "the output");
    }
}

/* Of the output alone: gradients end at relu's edges. */
static void expect_folded(task *t, const world *w, alc_plan_mode mode, const outcome *folded)
{
    const alc_compile_options options = options_for(t, w, mode);
    if (t->coarse)
        return;
    alc_plan *plan = plain_plan(w->model, options, false);
    outcome apart = mode == ALC_TRAIN ? train(t, w, plan) : evaluate(t, w, plan);
    const int64_t count = (options.output->scalar ? 1 : t->rows) * elements(options.output);
    expect_close(t, w, folded, &apart, count, mode == ALC_TRAIN ? "training folded" : "evaluation folded");
    free_outcome(&apart);
    alc_plan_destroy(plan);
}

/* ---- training ---- */

/* Some tensors that the plan computes anyway, also where norms are folded. */
static void keep_some(const task *t, const world *w, const alc_plan *plain, alc_compile_options *options)
{
    for (int i = 0; i < KEPT_MORE; i++) {
        const int64_t tensor = draw(t, KEEP + i, plain->tensor_count);
        if (plain->tensors[tensor].source && plain->tensors[tensor].kept)
            options->kept[options->kept_count++] = w->model->tensors[tensor];
    }
}

/* Both have just run. */
static void expect_kept(task *t, const world *w, const alc_plan *plan, const alc_plan *plain, const char *what)
{
    for (int i = 0; i < plan->options.kept_count; i++) {
        const alc_tensor *tensor = plan->options.kept[i], *same = plain->model->tensors[tensor->id];
        const int64_t rows = tensor->scalar ? 1 : t->rows;
        if (memcmp(alc_plan_values(plan, tensor), alc_plan_values(plain, same),
                   (size_t)(rows * elements(tensor)) * sizeof(alc_real)) != 0)
            report(t, w, what, tensor->name);
    }
}

/* Twice: what a run leaves behind is no part of the next one. */
static void expect_trained(task *t, const world *w, alc_compile_options options, const outcome *expected, const char *what,
                           const alc_plan *plain)
{
    alc_plan *plan = compiled(t, w, options);
    plan_deeds_add(plan, t->deeds);
    for (int run = 0; run < 2; run++) {
        outcome found = options.update_in_backward ? step(t, w, plan) : train(t, w, plan);
        if (!equal(&found, expected))
            report(t, w, what, first_difference(t, w, plan, expected, &found));
        free_outcome(&found);
    }
    expect_kept(t, w, plan, plain, what);
    alc_plan_destroy(plan);
}

/* Between what is needed at least and what is taken without a limit. */
static size_t some_limit(const task *t, const world *w, alc_compile_options options)
{
    alc_plan *plan = compiled(t, w, options);
    const alc_plan_cost cost = alc_plan_costs(plan);
    const size_t most = cost.total_bytes + cost.parameter_bytes;
    alc_plan_destroy(plan);
    options.max_bytes = 1;
    ck_assert_int_eq(alc_compile(w->model, options, &plan), ALC_OUT_OF_MEMORY);
    const char *at = strstr(alc_error_message(w->context), "takes at least ");
    ck_assert_msg(at != NULL, "%s", alc_error_message(w->context));
    const size_t least = (size_t)strtoull(at + strlen("takes at least "), NULL, 10);
    return most > least ? least + (most - least) * (size_t)draw(t, LIMIT, 4) / 4 : least;
}

static void expect_updated(task *t, const world *w, const world *one, alc_plan *plain)
{
    if (t->output >= 0)
        return;
    outcome expected = step(t, one, plain);
    alc_compile_options options = options_for(t, w, ALC_TRAIN);
    options.update_in_backward = true;
    options.max_bytes = some_limit(t, w, options);
    expect_trained(t, w, options, &expected, "updated in backward, in little memory", plain);
    free_outcome(&expected);
}

/* Trained from what an evaluation plan computes of the frozen part. */
static void expect_trained_from_features(task *t, const world *w, const outcome *expected)
{
    alc_compile_options options = options_for(t, w, ALC_TRAIN), before = options_for(t, w, ALC_EVALUATE);
    ck_assert_int_eq(alc_frozen_prefix(w->model, w->graph.image, options.output, &before.output), ALC_OK);
    if (!before.output || before.output == options.output || options.given || options.input_gradients)
        return;
    alc_plan *features = compiled(t, w, before);
    options.given = before.output;
    alc_plan *plan = compiled(t, w, options);
    prepare(t, w, features);
    ck_assert_int_eq(alc_forward(features), ALC_OK);
    prepare(t, w, plan);
    memcpy(alc_plan_input(plan, options.given), alc_plan_values(features, options.given),
           (size_t)(t->rows * elements(options.given)) * sizeof(alc_real));
    outcome found = train_prepared(t, w, plan);
    if (!equal(&found, expected))
        report(t, w, "training from features", first_difference(t, w, plan, expected, &found));
    plan_deeds_add(plan, t->deeds);
    free_outcome(&found);
    alc_plan_destroy(plan);
    alc_plan_destroy(features);
}

static void expect_all_trained(task *t, const world *one, const world *several)
{
    alc_plan *plain = plain_plan(one->model, options_for(t, one, ALC_TRAIN), true);
    expect_updated(t, several, one, plain);
    outcome expected = train(t, one, plain);
    expect_folded(t, one, ALC_TRAIN, &expected);
    alc_compile_options options = options_for(t, several, ALC_TRAIN);
    expect_trained(t, several, options, &expected, "training", plain);
    options.keep_activations = draw(t, KEEP_ACTIVATIONS, 2) == 0;
    keep_some(t, several, plain, &options);
    expect_trained(t, several, options, &expected, "training with tensors kept", plain);
    options = options_for(t, one, ALC_TRAIN);
    options.max_bytes = some_limit(t, one, options);
    expect_trained(t, one, options, &expected, "training in little memory", plain);
    expect_trained_from_features(t, several, &expected);
    free_outcome(&expected);
    alc_plan_destroy(plain);
}

/* ---- evaluation ---- */

static void expect_evaluated(task *t, const world *w, alc_compile_options options, const outcome *expected, const char *what,
                             const alc_plan *plain)
{
    alc_plan *plan = compiled(t, w, options);
    plan_deeds_add(plan, t->deeds);
    for (int run = 0; run < 2; run++) {
        outcome found = evaluate(t, w, plan);
        if (!equal(&found, expected))
            report(t, w, what, "the output");
        free_outcome(&found);
    }
    expect_kept(t, w, plan, plain, what);
    alc_plan_destroy(plan);
}

static void copy_row(alc_plan *from, alc_plan *to, const alc_tensor *input, int64_t row)
{
    const alc_real *values = input ? alc_plan_input(from, input) : NULL;
    if (values)
        memcpy(alc_plan_input(to, input), values + row * elements(input), (size_t)elements(input) * sizeof *values);
}

/* Each row in a batch of its own. */
static void expect_rows_alone(task *t, const world *w, alc_compile_options options, const outcome *expected)
{
    const int64_t count = elements(options.output);
    alc_plan *all = compiled(t, w, options);
    options.batch = 1;
    alc_plan *plan = compiled(t, w, options);
    prepare(t, w, all);
    for (int64_t row = 0; row < t->rows; row++) {
        copy_row(all, plan, w->graph.image, row);
        copy_row(all, plan, options.given, row);
        ck_assert_int_eq(alc_forward(plan), ALC_OK);
        if (memcmp(alc_plan_values(plan, options.output), expected->values + row * count, (size_t)count * sizeof(alc_real)) != 0)
            report(t, w, "rows alone", "the output");
    }
    alc_plan_destroy(plan);
    alc_plan_destroy(all);
}

/* The end of the model. */
static void expect_released(task *t, const world *w, const outcome *expected)
{
    alc_plan *plan = compiled(t, w, options_for(t, w, ALC_EVALUATE));
    prepare(t, w, plan);
    ck_assert_int_eq(alc_plan_release_weights(plan), ALC_OK);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    if (memcmp(alc_plan_values(plan, plan->options.output), expected->values, (size_t)expected->count * sizeof(alc_real)) != 0)
        report(t, w, "released weights", "the output");
    alc_plan_destroy(plan);
}

static void expect_all_evaluated(task *t, const world *one, const world *several)
{
    alc_plan *plain = plain_plan(one->model, options_for(t, one, ALC_EVALUATE), true);
    outcome expected = evaluate(t, one, plain);
    expect_folded(t, one, ALC_EVALUATE, &expected);
    alc_compile_options options = options_for(t, several, ALC_EVALUATE);
    expect_evaluated(t, several, options, &expected, "evaluation", plain);
    expect_rows_alone(t, several, options, &expected);
    options.batch += 2;
    keep_some(t, several, plain, &options);
    expect_evaluated(t, several, options, &expected, "evaluation in a larger batch with tensors kept", plain);
    expect_released(t, several, &expected);
    free_outcome(&expected);
    alc_plan_destroy(plain);
}

/* ---- all of it ---- */

static void begin_world(const task *t, world *w, alc_context *context)
{
    *w = (world){.context = context};
    ck_assert_int_eq(alc_model_create(context, &w->model), ALC_OK);
    w->graph = random_graph_build(w->model, t->number, t->pixels, t->rows);
}

/* Nothing, single parameters, or all up to one; and now and then all norms are made the same. */
static void freeze(const task *t, const world *w)
{
    static const alc_batch_norm_mode modes[] = {ALC_BATCH_NORM_TRAIN, ALC_BATCH_NORM_FROZEN_STATISTICS};
    const int64_t norms = draw(t, NORMS, 8);
    if (norms < 2)
        ck_assert_int_eq(alc_model_set_batch_norms(w->model, modes[norms]), ALC_OK);
    const int64_t kind = draw(t, FREEZE, 4), count = w->model->parameter_count;
    for (int64_t p = 0; p < count && kind > 1; p++) {
        const bool single = kind == 2 && draw(t, FREEZE_ONE + (int)p, 5) == 0, prefix = kind == 3 && p < draw(t, FREEZE_TO, count);
        if (single || prefix)
            alc_parameter_set_trainable(w->model->parameters[p], false);
    }
}

/* An optimizer is of what a plan trains: the rest is frozen. Whether anything is trained. */
static bool freeze_the_unreached(const task *t, const world *w)
{
    alc_plan *plan = plain_plan(w->model, options_for(t, w, ALC_TRAIN), false);
    bool any = false;
    for (int64_t p = 0; p < w->model->parameter_count; p++) {
        const bool trained = alc_plan_gradient_of(plan, w->model->parameters[p]) != NULL;
        if (!trained)
            alc_parameter_set_trainable(w->model->parameters[p], false);
        any = any || trained;
    }
    alc_plan_destroy(plan);
    return any;
}

/* A map in the middle now and then, else -1. */
static int64_t some_tensor(const task *t, const world *w, int what, int64_t rarity)
{
    const alc_tensor *tensor = w->model->tensors[draw(t, what, w->model->tensor_count)];
    const bool usable = tensor->node && tensor != w->graph.logits && tensor != w->graph.loss;
    return usable && draw(t, what + 1, rarity) == 0 ? tensor->id : -1;
}

static task task_of(uint64_t number)
{
    task t = {.number = number, .given = -1, .output = -1, .kept = -1};
    t.options.batch = 1 + draw(&t, BATCH, MOST_ROWS);
    t.rows = 1 + draw(&t, ROWS, t.options.batch);
    t.pixels = 4 + draw(&t, PIXELS, 9);
    t.options.no_dropout = draw(&t, NO_DROPOUT, 4) == 0;
    t.options.input_gradients = draw(&t, INPUT_GRADIENTS, 4) == 0;
    t.accumulates = draw(&t, ACCUMULATES, 4) == 0;
    return t;
}

static int run_graph(uint64_t number, alc_context *const contexts[2], bool coarse, plan_deeds *d)
{
    task t = task_of(number);
    world one, several;
    t.deeds = d;
    t.coarse = coarse;
    begin_world(&t, &one, contexts[0]);
    begin_world(&t, &several, contexts[1]);
    t.given = some_tensor(&t, &one, GIVEN, 8);
    t.output = some_tensor(&t, &one, OUTPUT, 4);
    t.kept = some_tensor(&t, &one, KEPT, 8);
    t.given = t.given == t.output ? -1 : t.given;
    freeze(&t, &one);
    freeze(&t, &several);
    if (freeze_the_unreached(&t, &one) && freeze_the_unreached(&t, &several))
        expect_all_trained(&t, &one, &several);
    expect_all_evaluated(&t, &one, &several);
    alc_model_destroy(one.model);
    alc_model_destroy(several.model);
    return t.failures;
}

/* Plain plans with these options on one thread, compiled ones with those on several. */
static void begin_contexts(alc_context_options plain, alc_context_options options, alc_context *contexts[2])
{
    plain.threads = 1;
    options.threads = THREADS;
    plain.seed = options.seed = 5;
    ck_assert_int_eq(alc_context_create(plain, &contexts[0]), ALC_OK);
    ck_assert_int_eq(alc_context_create(options, &contexts[1]), ALC_OK);
}

static void end_contexts(alc_context *contexts[2])
{
    alc_context_destroy(contexts[0]);
    alc_context_destroy(contexts[1]);
}

static plan_deeds expect_same_bits(alc_context_options plain, alc_context_options options, uint64_t count)
{
    alc_context *contexts[2];
    plan_deeds d = {0};
    int failures = 0;
    begin_contexts(plain, options, contexts);
    for (uint64_t i = 0; i < count; i++)
        failures += run_graph(graphs.first + i, contexts, options.precision == ALC_PRECISION_BF16, &d);
    end_contexts(contexts);
    ck_assert_int_eq(failures, 0);
    return d;
}

#define EXPECT_DEED(deed) ck_assert_msg(d.deed > 0 || graphs.count < EVERY_COMMIT, "in no graph: " #deed);

START_TEST(passes_change_no_bit)
{
    const plan_deeds d = expect_same_bits((alc_context_options){0}, (alc_context_options){0}, graphs.count);
    PLAN_DEED_LIST(EXPECT_DEED)
}
END_TEST

START_TEST(nor_do_they_with_bf16)
{
    const alc_context_options bf16 = {.precision = ALC_PRECISION_BF16};
    const plan_deeds d = expect_same_bits(bf16, bf16, graphs.count);
    BF16_DEED_LIST(EXPECT_DEED)
}
END_TEST

START_TEST(nor_do_other_kernels)
{
    const alc_context_options scalar = {.isa = ALC_ISA_SCALAR}, direct = {.convolution = ALC_CONVOLUTION_DIRECT};
    expect_same_bits(scalar, (alc_context_options){0}, graphs.count / 10);
    expect_same_bits(direct, direct, graphs.count / 10);
}
END_TEST

/* Of maps so large that a segment takes some samples at a time; how many segments did. */
static int run_large_graph(uint64_t number, alc_context *const contexts[2])
{
    enum { LARGE = 64, SAMPLES = 16 };
    task t = {.number = number, .given = -1, .output = -1, .kept = -1, .rows = SAMPLES - (int64_t)number % 3, .pixels = LARGE,
              .options.batch = SAMPLES};
    world one, several;
    int parts = 0;
    begin_world(&t, &one, contexts[0]);
    begin_world(&t, &several, contexts[1]);
    alc_plan *plain = plain_plan(one.model, options_for(&t, &one, ALC_EVALUATE), true);
    alc_plan *plan = compiled(&t, &several, options_for(&t, &several, ALC_EVALUATE));
    outcome expected = evaluate(&t, &one, plain), found = evaluate(&t, &several, plan);
    ck_assert_msg(equal(&found, &expected), "large graph %llu", (unsigned long long)number);
    for (int64_t s = 0; s < plan->segment_count; s++)
        parts += plan->segments[s].rows < SAMPLES;
    free_outcome(&expected);
    free_outcome(&found);
    alc_plan_destroy(plain);
    alc_plan_destroy(plan);
    alc_model_destroy(one.model);
    alc_model_destroy(several.model);
    return parts;
}

START_TEST(nor_do_parts_of_a_batch)
{
    for (alc_precision precision = ALC_PRECISION_DEFAULT; precision <= ALC_PRECISION_BF16; precision++) {
        const alc_context_options options = {.precision = precision};
        alc_context *contexts[2];
        int parts = 0;
        begin_contexts(options, options, contexts);
        for (uint64_t i = 0; i < graphs.count / 50; i++)
            parts += run_large_graph(graphs.first + i, contexts);
        end_contexts(contexts);
        ck_assert(parts > 0 || graphs.count < EVERY_COMMIT);
    }
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 3) {
        graphs.first = strtoull(argv[1], NULL, 10);
        graphs.count = strtoull(argv[2], NULL, 10);
    }
    return RUN_TESTS("random graphs", passes_change_no_bit, nor_do_they_with_bf16, nor_do_other_kernels,
                     nor_do_parts_of_a_batch);
}
