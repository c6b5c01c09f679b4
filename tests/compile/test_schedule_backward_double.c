/* test_schedule_backward_double.c - gradients of graphs in which every pass has something to do: tensors with several
 * readers, concats of concats, residuals, parts that are frozen, tensors that are kept. Who overwrites and who adds, what is
 * cleared and what is recomputed must come out right in all of them, so they are checked against differences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/gradcheck.h"
#include "alcor/layers.h"
#include "lib/base/base.h"
#include "lib/compile/plan.h"
#include "support/run_tests.h"

#define SIDE 4
#define TENSORS 40
#define NODES 14
#define GRAPHS 150

static alc_context *context;
static alc_model *model;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = 5}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static void expect_right_gradients(alc_tensor *output, const char *what)
{
    alc_gradcheck_result result = {0};
    alc_gradcheck_options options = {.output = output, .batch = 2, .values_per_tensor = 5, .seed = 3};
    ck_assert_msg(alc_gradcheck(model, options, &result) == ALC_OK, "%s: %s", what, alc_error_message(context));
    ck_assert_msg(result.checked > 0, "%s: nothing was checked", what);
    ck_assert_msg(result.failed == 0, "%s: %d of %d off; worst %s[%d]: %.12g, by differences %.12g", what,
                  (int)result.failed, (int)result.checked, result.name, (int)result.index, result.analytic,
                  result.numeric);
}

static alc_tensor *image(int64_t channels)
{
    return alc_input(model, "x", ALC_REAL, ALC_SHAPE(SIDE, SIDE, channels));
}

static alc_tensor *conv(alc_tensor *x, const char *name, int64_t filters)
{
    return alc_conv2d(x, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 3, .padding = 1});
}

static alc_tensor *joined(alc_tensor *a, alc_tensor *b)
{
    return alc_concat(2, (alc_tensor *[]){a, b});
}

/* The addition is the first in backward to write into both joined gradients, and covers only half of each. */
START_TEST(one_step_may_clear_two_joined_gradients)
{
    setup();
    alc_tensor *x = image(2), *a = conv(x, "a", 3), *b = conv(x, "b", 3);
    alc_tensor *first = joined(a, conv(x, "p", 2)), *second = joined(b, conv(x, "q", 2));
    alc_tensor *left = conv(first, "left", 3), *right = conv(second, "right", 3);
    expect_right_gradients(alc_add(alc_add(left, right), alc_tanh(alc_add(a, b))), "two joined gradients");
    teardown();
}
END_TEST

START_TEST(slices_that_nobody_else_reads_are_cleared)
{
    setup();
    alc_tensor *x = image(2), *a = conv(x, "a", 3), *b = conv(x, "b", 2);
    alc_tensor *block = joined(joined(a, b), conv(b, "c", 2));
    expect_right_gradients(alc_add(conv(block, "reader", 3), alc_sigmoid(a)), "a slice with a reader of its own");
    teardown();
}
END_TEST

/* A tensor read by many, one of them twice, and a residual around two norms. */
START_TEST(several_readers_add_up)
{
    setup();
    alc_tensor *x = alc_batch_norm(conv(image(2), "stem", 4), (alc_batch_norm_options){.name = "stem_bn"});
    alc_tensor *y = alc_relu(alc_batch_norm(conv(x, "one", 4), (alc_batch_norm_options){.name = "bn1"}));
    y = alc_batch_norm(conv(y, "two", 4), (alc_batch_norm_options){.name = "bn2"});
    y = alc_silu(alc_add(y, x));
    expect_right_gradients(alc_add(alc_multiply(y, y), alc_add(x, alc_tanh(x))), "several readers");
    teardown();
}
END_TEST

/* ---- graphs at random ---- */

typedef struct random_graph {
    alc_random_key key;
    uint64_t draws;
    alc_tensor *tensors[TENSORS];
    int count;
} random_graph;

static int draw(random_graph *g, int bound)
{
    return (int)alc_random_below(g->key, g->draws++, (uint64_t)bound);
}

/* Late ones more often, so that graphs are deep. */
static alc_tensor *pick(random_graph *g)
{
    int a = draw(g, g->count), b = draw(g, g->count);
    return g->tensors[a > b ? a : b];
}

static int64_t channels_of(const alc_tensor *tensor)
{
    return alc_shape_channels(alc_tensor_shape(tensor));
}

/* One of as many channels as `like`; if there is none, a convolution makes one. */
static alc_tensor *pick_like(random_graph *g, const alc_tensor *like, const char *name)
{
    int start = draw(g, g->count);
    for (int i = 0; i < g->count; i++) {
        alc_tensor *candidate = g->tensors[(start + i) % g->count];
        if (candidate != like && channels_of(candidate) == channels_of(like))
            return candidate;
    }
    return conv(pick(g), name, channels_of(like));
}

/* Only smooth activations: differences across a kink are no derivative. */
static alc_tensor *random_activation(random_graph *g, alc_tensor *x)
{
    switch (draw(g, 3)) {
    case 0:
        return alc_sigmoid(x);
    case 1:
        return alc_silu(x);
    default:
        return alc_tanh(x);
    }
}

static alc_tensor *random_node(random_graph *g, int number)
{
    char name[32], other[32];
    alc_tensor *x = pick(g);
    snprintf(name, sizeof name, "node%d", number);
    snprintf(other, sizeof other, "other%d", number);
    switch (draw(g, 9)) {
    case 0:
    case 1:
        return conv(x, name, 2 + draw(g, 3));
    case 2:
    case 3:
        return alc_batch_norm(x, (alc_batch_norm_options){.name = name, .mode = (alc_batch_norm_mode)draw(g, 4)});
    case 4:
        return random_activation(g, x);
    case 5:
        return alc_add(x, pick_like(g, x, other));
    case 6:
        return alc_multiply(x, pick_like(g, x, other));
    case 7:
        return alc_dropout(x, 0.3);
    default:
        return joined(x, pick_like(g, x, other));
    }
}

static alc_tensor *build_random(random_graph *g)
{
    g->tensors[0] = image(3);
    for (g->count = 1; g->count <= NODES; g->count++)
        g->tensors[g->count] = random_node(g, g->count);
    /* All loose ends matter: the last few tensors together. */
    alc_tensor *ends[4];
    for (int i = 0; i < 4; i++)
        ends[i] = alc_global_average_pool(g->tensors[g->count - 1 - i]);
    return alc_dense(alc_concat(4, ends), (alc_dense_options){.name = "end", .units = 2});
}

/* Frozen stretches at random, and once in a while the whole beginning. */
static void freeze_some(random_graph *g)
{
    int64_t count = alc_model_parameter_count(model);
    for (int64_t i = 0; i < count; i++)
        if (draw(g, 4) == 0)
            alc_parameter_set_trainable(alc_model_parameter(model, i), false);
    for (int64_t i = 0; i < count / 2 && g->key.stream % 3 == 0; i++)
        alc_parameter_set_trainable(alc_model_parameter(model, i), false);
}

START_TEST(random_graphs_have_right_gradients)
{
    for (uint64_t number = 0; number < GRAPHS; number++) {
        char what[32];
        setup();
        random_graph graph = {.key = {17, number}};
        alc_tensor *output = build_random(&graph);
        ck_assert_msg(alc_model_status(model) == ALC_OK, "%s", alc_error_message(context));
        freeze_some(&graph);
        snprintf(what, sizeof what, "graph %d", (int)number);
        expect_right_gradients(output, what);
        teardown();
    }
}
END_TEST

/* Loss and parameters' gradients of one run; `kept` tensors stand in the way of fusing, placing and recomputing. */
static int64_t run_once(random_graph *g, alc_tensor *output, bool keep, alc_real *values)
{
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = 3, .output = output, .keep_activations = keep};
    for (int i = 0; keep && i < g->count && i < ALC_MAX_KEPT; i++)
        options.kept[options.kept_count++] = g->tensors[i];
    alc_plan *plan;
    ck_assert_msg(alc_compile(model, options, &plan) == ALC_OK, "%s", alc_error_message(context));
    alc_real *x = alc_plan_input(plan, g->tensors[0]);
    for (int64_t i = 0; x && i < 3 * SIDE * SIDE * 3; i++)
        x[i] = (alc_real)(2 * alc_random_uniform((alc_random_key){2, 2}, (uint64_t)i) - 1);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    int64_t count = 3 * alc_shape_elements(alc_tensor_shape(output));
    const alc_real *outputs = alc_plan_values(plan, output);
    for (int64_t i = 0; i < count; i++)
        values[i] = outputs[i];
    alc_plan_destroy(plan);
    return count;
}

START_TEST(passes_change_no_bit_of_a_training_forward)
{
    for (uint64_t number = 0; number < GRAPHS; number++) {
        alc_real fused[6], plain[6];
        setup();
        random_graph graph = {.key = {23, number}};
        alc_tensor *output = build_random(&graph);
        ck_assert_int_eq(run_once(&graph, output, false, fused), run_once(&graph, output, true, plain));
        ck_assert_msg(memcmp(fused, plain, sizeof fused) == 0, "graph %d: other bits", (int)number);
        teardown();
    }
}
END_TEST

static size_t parameter_values(void)
{
    size_t values = 0;
    for (int64_t i = 0; i < model->parameter_count; i++)
        values += (size_t)model->parameters[i]->count;
    return values;
}

/* All gradients of parameters, one after the other; NULL if the model does not train within the limit. */
static alc_real *gradients_within(random_graph *g, alc_tensor *output, size_t max_bytes, size_t *total_bytes)
{
    enum { ROWS = 500 }; /* so many that activations are most of the memory */
    const alc_compile_options options = {.mode = ALC_TRAIN, .batch = ROWS, .output = output, .max_bytes = max_bytes};
    alc_plan *plan;
    const alc_status status = alc_compile(model, options, &plan);
    if (status == ALC_OUT_OF_MEMORY)
        return NULL;
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(context));
    alc_real *x = alc_plan_input(plan, g->tensors[0]), *dy = alc_plan_output_gradient(plan);
    for (int64_t i = 0; x && i < ROWS * SIDE * SIDE * 3; i++)
        x[i] = (alc_real)(2 * alc_random_uniform((alc_random_key){2, 2}, (uint64_t)i) - 1);
    for (int64_t i = 0; dy && i < ROWS * alc_shape_elements(alc_tensor_shape(output)); i++)
        dy[i] = (alc_real)(i + 1);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    ck_assert_int_eq(alc_backward(plan), ALC_OK);
    alc_real *all = calloc(parameter_values(), sizeof *all), *next = all;
    for (int64_t i = 0; i < alc_model_parameter_count(model); i++) {
        alc_parameter *parameter = alc_model_parameter(model, i);
        if (alc_plan_gradient_of(plan, parameter))
            ck_assert_int_eq(alc_plan_read_gradient(plan, parameter, next), ALC_OK);
        next += parameter->count;
    }
    *total_bytes = alc_plan_costs(plan).total_bytes + alc_plan_costs(plan).parameter_bytes;
    alc_plan_destroy(plan);
    return all;
}

/* Whatever is dropped to save memory comes back with the same bits: each graph within less and less memory. */
START_TEST(less_memory_changes_no_bit_of_a_gradient)
{
    int within = 0;
    for (uint64_t number = 0; number < GRAPHS; number++) {
        size_t total = 0;
        setup();
        random_graph graph = {.key = {31, number}};
        alc_tensor *output = build_random(&graph);
        const size_t bytes = parameter_values() * sizeof(alc_real);
        alc_real *expected = gradients_within(&graph, output, 0, &total);
        for (size_t limit = total - total / 100;; limit = total - total / 100) {
            alc_real *found = gradients_within(&graph, output, limit, &total);
            if (!found)
                break;
            ck_assert_uint_le(total, limit);
            ck_assert_msg(memcmp(found, expected, bytes) == 0, "graph %d: other bits", (int)number);
            free(found);
            within++;
        }
        free(expected);
        teardown();
    }
    ck_assert_int_gt(within, GRAPHS / 3);
}
END_TEST

int main(void)
{
    return RUN_TESTS("schedule_backward", one_step_may_clear_two_joined_gradients,
                     slices_that_nobody_else_reads_are_cleared, several_readers_add_up,
                     random_graphs_have_right_gradients, passes_change_no_bit_of_a_training_forward,
                     less_memory_changes_no_bit_of_a_gradient);
}
