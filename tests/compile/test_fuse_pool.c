/* test_fuse_pool.c - a convolution by Winograd's algorithm stores what a max pool makes of its output: where it does, where it does
 * not, and that no bit of a value or a gradient changes. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/ops/conv2d.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 3, HEIGHT = 11, WIDTH = 9, CHANNELS = 16, FILTERS = 21 };
enum { POOLED = BATCH * (HEIGHT / 2) * (WIDTH / 2) * FILTERS, WEIGHTS = 9 * CHANNELS * FILTERS, INPUTS = HEIGHT * WIDTH * CHANNELS };

static plan_fixture f;
static alc_tensor *x;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(HEIGHT, WIDTH, CHANNELS));
}

static alc_tensor *conv(alc_tensor *in, const char *name, int64_t filters)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 3, .padding = 1, .bias = true});
}

static alc_tensor *pool(alc_tensor *in, int64_t kernel)
{
    return alc_max_pool(in, (alc_pool_options){.kernel = kernel, .stride = 2});
}

static const alc_real *run(alc_plan_mode mode, alc_tensor *output, int kept_count, alc_tensor *const *kept)
{
    return plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = output}, kept_count, kept);
}

static bool pools(const char *name)
{
    const alc_plan_node *node = plan_node(f.plan, name);
    ck_assert_msg(node != NULL, "no node %s", name);
    return ((const alc_conv2d_node *)node->options)->pool != NULL;
}

START_TEST(a_pool_is_taken_in_with_what_lies_between)
{
    static alc_real apart[POOLED];
    setup();
    alc_tensor *body = conv(x, "body", FILTERS), *norm = alc_batch_norm(body, (alc_batch_norm_options){.name = "bn"});
    alc_tensor *active = alc_relu(norm), *output = pool(active, 2);
    memcpy(apart, run(ALC_EVALUATE, output, 1, &active), sizeof apart);
    ck_assert(!pools("body"));
    ck_assert_mem_eq(run(ALC_EVALUATE, output, 0, NULL), apart, sizeof apart);
    ck_assert(pools("body"));
    ck_assert_int_eq(plan_live_nodes(f.plan), 1);
    ck_assert_int_eq(plan_node(f.plan, "body")->in_place_of, 3);
    ck_assert_str_eq(plan_node(f.plan, "body")->kernel, "winograd 4x4, max pool");
    plan_fixture_end(&f);
}
END_TEST

/* Nor does the second of two take the first one's place. */
START_TEST(one_pool_only)
{
    enum { TWICE = BATCH * (HEIGHT / 4) * (WIDTH / 4) * FILTERS };
    static alc_real apart[TWICE];
    setup();
    alc_tensor *body = conv(x, "body", FILTERS), *first = pool(body, 2), *output = pool(first, 2);
    memcpy(apart, run(ALC_EVALUATE, output, 2, (alc_tensor *[]){body, first}), sizeof apart);
    ck_assert_mem_eq(run(ALC_EVALUATE, output, 0, NULL), apart, sizeof apart);
    ck_assert(pools("body"));
    ck_assert_int_eq(plan_live_nodes(f.plan), 2);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_pool_stays_where_it_cannot_be_taken_in)
{
    setup();
    alc_tensor *body = conv(x, "body", FILTERS);
    run(ALC_EVALUATE, pool(body, 3), 0, NULL); /* windows that overlap */
    ck_assert(!pools("body"));
    run(ALC_EVALUATE, pool(alc_silu(alc_add(conv(x, "sum", CHANNELS), x)), 2), 0, NULL); /* after a residual */
    ck_assert(!pools("sum"));
    run(ALC_EVALUATE, pool(conv(x, "few", 15), 2), 0, NULL); /* direct */
    ck_assert(!pools("few"));
    alc_tensor *both = conv(x, "both", FILTERS);
    run(ALC_EVALUATE, alc_concat(2, (alc_tensor *[]){alc_global_average_pool(both), alc_global_average_pool(pool(both, 2))}), 0, NULL);
    ck_assert(!pools("both"));
    alc_tensor *output = pool(conv(x, "last", FILTERS), 2); /* its gradient is the caller's */
    run(ALC_TRAIN, output, 0, NULL);
    ck_assert(!pools("last"));
    plan_fixture_end(&f);
}
END_TEST

/* One step of training: the gradients of all of the first convolution's operands. */
typedef struct gradients {
    alc_real weight_and_bias[2][WEIGHTS], input[BATCH * INPUTS];
} gradients;

static void train(alc_tensor *output, int kept_count, alc_tensor *const *kept, gradients *g)
{
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = output, .input_gradients = true};
    plan_fixture_run(&f, options, kept_count, kept);
    plan_fixture_backward(&f, (const char *[]){"body.weight", "body.bias"}, 2, g->weight_and_bias[0], WEIGHTS);
    memcpy(g->input, alc_plan_input_gradient(f.plan, x), sizeof g->input);
}

START_TEST(in_training_positions_are_kept)
{
    static gradients apart, together;
    setup();
    alc_tensor *body = conv(x, "body", FILTERS), *active = alc_relu(body), *pooled = pool(active, 2);
    alc_tensor *output = conv(pooled, "head", 3);
    train(output, 2, (alc_tensor *[]){body, active}, &apart);
    ck_assert(!pools("body"));
    train(output, 0, NULL, &together);
    ck_assert(pools("body"));
    ck_assert_int_eq(plan_live_nodes(f.plan), 2);
    ck_assert_uint_eq(plan_node(f.plan, "body")->saved_bytes, POOLED);
    ck_assert_mem_eq(&together, &apart, sizeof apart);
    for (int i = 0; i < FILTERS; i++)
        ck_assert_msg(apart.weight_and_bias[1][i] != 0, "filter %d has no gradient", i);
    plan_fixture_end(&f);
}
END_TEST

/* What is pooled lies in scratch without gaps, 4 KiB from pixel to pixel, and a direct kernel for the input's gradient copies such rows;
 * the pooled output, whose pixels are padded apart, tells nothing of that. */
START_TEST(the_gradient_of_what_was_pooled_has_room)
{
    enum { SIDE = 5, FEW = 64, WIDE = 4096 / sizeof(alc_real) };
    setup();
    alc_tensor *in = alc_input(f.model, "small", ALC_REAL, ALC_SHAPE(SIDE, SIDE, FEW));
    alc_tensor *first = alc_conv2d(in, (alc_conv2d_options){.name = "first", .filters = FEW, .kernel = 1});
    alc_tensor *body = alc_conv2d(first, (alc_conv2d_options){.name = "body", .filters = WIDE, .kernel = 3});
    alc_tensor *output = alc_dense(alc_global_average_pool(pool(body, 2)), (alc_dense_options){.name = "head", .units = 3});
    alc_parameter_set_trainable(alc_model_find_parameter(f.model, "body.weight"), false); /* whose gradient needs more scratch */
    run(ALC_TRAIN, output, 0, NULL);
    ck_assert(pools("body"));
    alck_conv s = alc_conv2d_geometry(plan_node(f.plan, "body")->options, ALC_SHAPE(SIDE, SIDE, FEW), BATCH);
    ck_assert(!alc_conv2d_choose_kernels(f.context, &s).winograd_data);
    s.out_stride = WIDE;
    const alck_table *kernels = alc_context_kernels(f.context);
    const size_t unpooled = (size_t)(BATCH * 3 * 3 * WIDE) * sizeof(alc_real);
    ck_assert_uint_ge(plan_node(f.plan, "body")->backward_scratch_bytes,
                      unpooled + kernels->conv_backward_data_scratch_bytes(&s, alc_context_parallel(f.context).workers));
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("fuse_pool", a_pool_is_taken_in_with_what_lies_between, one_pool_only, a_pool_stays_where_it_cannot_be_taken_in,
                     in_training_positions_are_kept, the_gradient_of_what_was_pooled_has_room);
}
