/* test_parameter.c - initial values, reading and writing in PyTorch's order, versions, and what is trainable. */
#include <math.h>
#include <string.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;

static void begin(uint64_t seed)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = seed}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static alc_tensor *build(alc_tensor *x)
{
    x = alc_conv2d(x, (alc_conv2d_options){.name = "stage1.conv", .filters = 4, .kernel = 3});
    x = alc_batch_norm(x, (alc_batch_norm_options){.name = "stage1.bn"});
    x = alc_conv2d(x, (alc_conv2d_options){.name = "stage30.conv", .filters = 5, .kernel = 1});
    x = alc_conv2d(x, (alc_conv2d_options){.name = "stage3_conv", .filters = 5, .kernel = 1, .bias = true});
    return alc_dense(alc_global_average_pool(x), (alc_dense_options){.name = "fc", .units = 2});
}

static void setup(void)
{
    begin(9);
    build(alc_input(model, "x", ALC_REAL, ALC_SHAPE(6, 6, 2)));
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
}

static alc_parameter *find(const char *name)
{
    alc_parameter *parameter = alc_model_find_parameter(model, name);
    ck_assert_msg(parameter != NULL, "no parameter %s", name);
    alc_parameter_initialize(parameter);
    return parameter;
}

START_TEST(initial_values_are_pytorchs_bounds)
{
    setup();
    alc_parameter *weight = find("stage1.conv.weight");
    double bound = 1 / sqrt(2 * 3 * 3), largest = 0, sum = 0;
    for (int64_t i = 0; i < weight->count; i++) {
        double value = (double)weight->value[i];
        ck_assert(value >= -bound && value < bound);
        largest = fmax(largest, fabs(value));
        sum += value;
    }
    ck_assert(largest > 0.9 * bound && fabs(sum) < bound * 3 * sqrt((double)weight->count));
    const char *const ones[] = {"stage1.bn.weight", "stage1.bn.running_var"};
    const char *const zeros[] = {"stage1.bn.bias", "stage1.bn.running_mean"};
    for (int i = 0; i < 2; i++)
        for (int64_t c = 0; c < 4; c++)
            ck_assert(find(ones[i])->value[c] == 1 && find(zeros[i])->value[c] == 0);
    teardown();
}
END_TEST

/* Values depend on seed, name and place alone: not on what was built before, nor on the layout in memory. */
START_TEST(initial_values_depend_on_name_and_seed)
{
    alc_real first[10], other[10], values[10];
    setup();
    alc_parameter_read(find("fc.weight"), first);
    teardown();
    begin(9);
    alc_dense(alc_input(model, "x", ALC_REAL, ALC_SHAPE(5)), (alc_dense_options){.name = "fc", .units = 2});
    alc_parameter_read(find("fc.weight"), values);
    ck_assert_mem_eq(first, values, sizeof first);
    teardown();
    begin(10);
    alc_dense(alc_input(model, "x", ALC_REAL, ALC_SHAPE(5)), (alc_dense_options){.name = "fc", .units = 2});
    alc_parameter_read(find("fc.weight"), other);
    ck_assert_mem_ne(first, other, sizeof first);
    alc_random_key key = {10, alc_hash_text("fc.weight")};
    for (uint64_t i = 0; i < 10; i++)
        ck_assert(other[i] == (alc_real)((2 * alc_random_uniform(key, i) - 1) / sqrt(5)));
    teardown();
}
END_TEST

START_TEST(writing_is_read_back_and_counted)
{
    setup();
    alc_parameter *weight = find("stage1.conv.weight");
    alc_real values[4 * 2 * 3 * 3], back[4 * 2 * 3 * 3];
    for (int i = 0; i < 72; i++)
        values[i] = (alc_real)i;
    uint64_t version = weight->version;
    alc_parameter_write(weight, values);
    ck_assert_uint_gt(weight->version, version);
    alc_parameter_read(weight, back);
    ck_assert_mem_eq(values, back, sizeof values);
    ck_assert(alc_shape_equal(alc_parameter_shape(weight), ALC_SHAPE(4, 2, 3, 3)));
    ck_assert(weight->value[1] != values[1]); /* in memory the order is another */
    teardown();
}
END_TEST

START_TEST(parameters_are_found_by_place_and_name)
{
    setup();
    ck_assert_int_eq(alc_model_parameter_count(model), 10);
    ck_assert_str_eq(alc_parameter_name(alc_model_parameter(model, 0)), "stage1.conv.weight");
    ck_assert_str_eq(alc_parameter_name(alc_model_parameter(model, 9)), "fc.bias");
    ck_assert_ptr_null(alc_model_parameter(model, 10));
    ck_assert_ptr_null(alc_model_parameter(model, -1));
    ck_assert_ptr_null(alc_model_find_parameter(model, "stage1.conv"));
    ck_assert_int_eq(alc_model_total_values(model), 72 + 8 + 20 + 25 + 5 + 10 + 2);
    ck_assert_int_eq(alc_model_trainable_values(model), 72 + 8 + 20 + 25 + 5 + 10 + 2);
    teardown();
}
END_TEST

START_TEST(state_and_fixed_values_are_never_trained)
{
    setup();
    alc_parameter *mean = find("stage1.bn.running_mean"), *bias = find("fc.bias");
    ck_assert(alc_parameter_is_state(mean) && !alc_parameter_is_state(bias));
    alc_parameter_set_trainable(mean, true);
    ck_assert(!alc_parameter_trainable(mean));
    alc_parameter_set_trainable(bias, false);
    ck_assert(!alc_parameter_trainable(bias));
    alc_parameter_set_trainable(bias, true);
    ck_assert(alc_parameter_trainable(bias));
    alc_tensor *x = alc_input(model, "row", ALC_REAL, ALC_SHAPE(3));
    alc_batch_norm(x, (alc_batch_norm_options){.name = "frozen", .mode = ALC_BATCH_NORM_FROZEN});
    alc_parameter_set_trainable(find("frozen.weight"), true);
    ck_assert(!alc_parameter_trainable(find("frozen.weight")));
    teardown();
}
END_TEST

START_TEST(training_may_begin_at_a_part)
{
    setup();
    ck_assert_int_eq(alc_model_train_from(model, "stage3"), ALC_OK);
    ck_assert(!alc_parameter_trainable(find("stage1.bn.weight")));
    ck_assert(!alc_parameter_trainable(find("stage30.conv.weight")));
    ck_assert(alc_parameter_trainable(find("stage3_conv.weight")) && alc_parameter_trainable(find("fc.bias")));
    ck_assert(!alc_parameter_trainable(find("stage1.bn.running_var")));
    ck_assert_int_eq(alc_model_trainable_values(model), 25 + 5 + 10 + 2);
    ck_assert_int_eq(alc_model_train_from(model, "stage1."), ALC_OK);
    ck_assert_int_eq(alc_model_trainable_values(model), alc_model_total_values(model));
    ck_assert_int_eq(alc_model_train_from(model, "stage1.bn.bias"), ALC_OK);
    ck_assert(!alc_parameter_trainable(find("stage1.bn.weight")) && alc_parameter_trainable(find("stage1.bn.bias")));
    ck_assert_int_eq(alc_model_train_from(model, "stage4"), ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(context), "no parameter starts with 'stage4'; the parts of this model are stage1, "
                                                 "stage30, stage3_conv, fc");
    /* A name that is not there changes nothing. */
    ck_assert(!alc_parameter_trainable(find("stage1.bn.weight")) && alc_parameter_trainable(find("fc.bias")));
    teardown();
}
END_TEST

START_TEST(training_begins_between_blocks_alone)
{
    static const char *const edges[] = {"stage1", "stage3", "fc", NULL};
    setup();
    ck_assert_int_eq(alc_model_train_from_edge(model, edges, "stage3"), ALC_OK);
    ck_assert(alc_parameter_trainable(find("stage3_conv.weight")) && !alc_parameter_trainable(find("stage30.conv.weight")));
    /* Another name for the same place. */
    ck_assert_int_eq(alc_model_train_from_edge(model, edges, "fc.weight"), ALC_OK);
    ck_assert_int_eq(alc_model_trainable_values(model), 10 + 2);
    ck_assert_int_eq(alc_model_train_from_edge(model, edges, "stage30"), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "'stage30' begins with stage30.conv.weight, inside a block; training may "
                                                 "start at stage1 or stage3");
    ck_assert_int_eq(alc_model_train_from_edge(model, edges, "fc.bias"), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "'fc.bias' begins with fc.bias, inside a block; training may start at fc");
    ck_assert_int_eq(alc_model_train_from_edge(model, edges + 2, "stage1"), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "'stage1' begins with stage1.conv.weight, inside a block; training may "
                                                 "start at fc");
    ck_assert_int_eq(alc_model_train_from_edge(model, edges, "stage4"), ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(context), "no part of this model is called 'stage4'; training may start at stage1, "
                                                 "stage3, fc");
    /* What is refused changes nothing. */
    ck_assert_int_eq(alc_model_trainable_values(model), 10 + 2);
    teardown();
}
END_TEST

START_TEST(prefixes_end_at_words)
{
    ck_assert(alc_name_has_prefix("stage3.conv", "stage3"));
    ck_assert(alc_name_has_prefix("stage3_conv", "stage3"));
    ck_assert(alc_name_has_prefix("stage3", "stage3"));
    ck_assert(alc_name_has_prefix("stage3.conv", "stage3."));
    ck_assert(alc_name_has_prefix("stage3", ""));
    ck_assert(!alc_name_has_prefix("stage30.conv", "stage3"));
    ck_assert(!alc_name_has_prefix("stage", "stage3"));
}
END_TEST

int main(void)
{
    return RUN_TESTS("parameter", initial_values_are_pytorchs_bounds, initial_values_depend_on_name_and_seed,
                     writing_is_read_back_and_counted, parameters_are_found_by_place_and_name,
                     state_and_fixed_values_are_never_trained, training_may_begin_at_a_part,
                     training_begins_between_blocks_alone, prefixes_end_at_words);
}
