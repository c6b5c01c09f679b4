/* test_fuse_depthwise.c - a depthwise convolution is computed where a 1x1 convolution reads it, a relu where a depthwise one
 * does: which are, which are not, and that no bit changes. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2, CHANNELS = 20, FILTERS = 6, VALUES = BATCH * 5 * 5 * CHANNELS };

static plan_fixture f;
static alc_tensor *x;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(5, 5, CHANNELS));
}

static alc_tensor *depthwise(alc_tensor *in, const char *name, int64_t stride)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = CHANNELS, .groups = CHANNELS, .kernel = 3, .padding = 1,
                                               .stride = stride, .bias = true});
}

static alc_tensor *point_wise(alc_tensor *in, const char *name)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = FILTERS, .kernel = 1});
}

static const alc_real *run(alc_plan_mode mode, alc_tensor *output, int kept_count, alc_tensor *const *kept)
{
    return plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = output}, kept_count, kept);
}

static const alc_conv2d_node *conv(const char *name)
{
    const alc_plan_node *node = plan_node(f.plan, name);
    ck_assert_msg(node != NULL, "no node %s", name);
    return node->options;
}

/* The same values as with `between` kept, which stands in the way. */
static void expect_values(alc_tensor *output, int64_t values, int kept_count, alc_tensor *const *between)
{
    static alc_real apart[VALUES];
    memcpy(apart, run(ALC_EVALUATE, output, kept_count, between), (size_t)values * sizeof *apart);
    ck_assert_mem_eq(run(ALC_EVALUATE, output, 0, NULL), apart, (size_t)values * sizeof *apart);
}

START_TEST(a_depthwise_convolution_is_computed_where_it_is_read)
{
    setup();
    alc_tensor *first = depthwise(x, "first", 1), *norm = alc_batch_norm(first, (alc_batch_norm_options){.name = "bn"});
    alc_tensor *silu = alc_silu(norm), *second = point_wise(silu, "second");
    alc_tensor *output = alc_relu(alc_batch_norm(second, (alc_batch_norm_options){.name = "bn2"}));
    expect_values(output, BATCH * 5 * 5 * FILTERS, 1, (alc_tensor *[]){silu});
    ck_assert_int_eq(plan_live_nodes(f.plan), 1);
    ck_assert(conv("second")->depthwise && conv("second")->depthwise->fusion.norm);
    ck_assert_int_eq(plan_node(f.plan, "second")->in_place_of, 5);
    ck_assert_str_eq(plan_node(f.plan, "second")->kernel, "depthwise, 1x1");
    ck_assert(plan_node(f.plan, "second")->flops_per_sample == 2.0 * 5 * 5 * CHANNELS * (9 + FILTERS));

    /* Folded and packed weights follow when a parameter is written. */
    alc_real before[BATCH * 5 * 5 * FILTERS];
    memcpy(before, alc_plan_values(f.plan, output), sizeof before);
    fill_model(f.model, 8);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert(memcmp(before, alc_plan_values(f.plan, output), sizeof before) != 0);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_stride_is_the_depthwise_convolutions_own)
{
    setup();
    alc_tensor *first = depthwise(x, "first", 2);
    expect_values(point_wise(first, "second"), BATCH * 3 * 3 * FILTERS, 1, &first);
    ck_assert_int_eq(plan_live_nodes(f.plan), 1);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_relu_is_applied_where_a_depthwise_convolution_reads)
{
    setup();
    alc_tensor *sum = alc_add(x, x), *relu = alc_relu(sum), *first = depthwise(relu, "first", 1);
    expect_values(first, VALUES, 1, &relu);
    ck_assert_int_eq(plan_live_nodes(f.plan), 2);
    ck_assert_int_eq(conv("first")->fusion.read_activation, ALCK_RELU);

    /* Whoever computes the depthwise convolution applies it. */
    alc_tensor *second = point_wise(first, "second");
    expect_values(second, BATCH * 5 * 5 * FILTERS, 2, (alc_tensor *[]){relu, first});
    ck_assert_int_eq(plan_live_nodes(f.plan), 2);
    ck_assert_int_eq(conv("second")->depthwise->fusion.read_activation, ALCK_RELU);

    /* Others that read it need it stored. */
    run(ALC_EVALUATE, alc_add(first, relu), 0, NULL);
    ck_assert_int_eq(conv("first")->fusion.read_activation, ALCK_IDENTITY);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(the_average_of_what_it_stores_is_found_on_the_way)
{
    setup();
    alc_tensor *silu = alc_silu(depthwise(x, "first", 1)), *average = alc_global_average_pool(silu);
    alc_tensor *gate = alc_sigmoid(alc_dense(average, (alc_dense_options){.name = "squeeze", .units = CHANNELS}));
    alc_tensor *second = point_wise(alc_multiply(silu, gate), "second");
    expect_values(second, BATCH * 5 * 5 * FILTERS, 2, (alc_tensor *[]){silu, gate});
    ck_assert_int_eq(plan_live_nodes(f.plan), 3);
    ck_assert(conv("first")->fusion.average && conv("first")->fusion.activation == ALCK_SILU);
    ck_assert_int_eq(plan_node(f.plan, "first")->output_count, 2);

    /* It is then not computed where a 1x1 convolution reads it; and one average is all. */
    run(ALC_EVALUATE, alc_dense(alc_concat(2, (alc_tensor *[]){average, alc_global_average_pool(point_wise(silu, "third"))}),
                                (alc_dense_options){.name = "fc", .units = 3}), 0, NULL);
    ck_assert(conv("first")->fusion.average && !conv("third")->depthwise);
    run(ALC_EVALUATE, alc_add(average, alc_global_average_pool(silu)), 0, NULL);
    ck_assert_int_eq(plan_node(f.plan, "first")->output_count, 2);
    run(ALC_TRAIN, second, 0, NULL);
    ck_assert(!conv("first")->fusion.average);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(it_stays_where_it_is_wanted_otherwise)
{
    setup();
    alc_tensor *first = depthwise(x, "first", 1), *second = point_wise(first, "second");
    run(ALC_EVALUATE, second, 1, &first);
    ck_assert(!conv("second")->depthwise);
    run(ALC_TRAIN, second, 0, NULL);
    ck_assert(!conv("second")->depthwise);
    run(ALC_EVALUATE, alc_add(second, point_wise(first, "third")), 0, NULL);
    ck_assert(!conv("second")->depthwise && !conv("third")->depthwise);
    run(ALC_EVALUATE, point_wise(alc_add(first, alc_relu(x)), "fourth"), 0, NULL);
    ck_assert(conv("first")->fusion.residual && !conv("fourth")->depthwise);
    alc_tensor *strided = alc_conv2d(first, (alc_conv2d_options){.name = "strided", .filters = 3, .kernel = 1, .stride = 2});
    run(ALC_EVALUATE, strided, 0, NULL);
    ck_assert(!conv("strided")->depthwise);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("fuse_depthwise", a_depthwise_convolution_is_computed_where_it_is_read,
                     a_stride_is_the_depthwise_convolutions_own, a_relu_is_applied_where_a_depthwise_convolution_reads,
                     the_average_of_what_it_stores_is_found_on_the_way, it_stays_where_it_is_wanted_otherwise);
}
