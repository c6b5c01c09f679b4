/* test_store_pairs.c - which values are rounded to bf16 and which are pairs of it in memory: where convolutions alone read them in the
 * end; and that no bit depends on what is stored so. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2, SIDE = 6, PIXELS = BATCH * SIDE * SIDE, CHANNELS = 8, OUTPUTS = 3 };

static plan_fixture f;
static alc_tensor *x;

static void setup(alc_precision precision)
{
    plan_fixture_begin_with(&f, precision);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(SIDE, SIDE, 4));
}

static alc_tensor *conv(alc_tensor *in, const char *name, int64_t filters)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 3, .padding = 1});
}

static alc_tensor *norm(alc_tensor *in, const char *name)
{
    return alc_batch_norm(in, (alc_batch_norm_options){.name = name});
}

static const alc_real *run(alc_plan_mode mode, alc_tensor *output, int kept_count, alc_tensor *const *kept)
{
    return plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = output}, kept_count, kept);
}

static bool pairs(const alc_tensor *tensor)
{
    return f.plan->tensors[tensor->id].pairs;
}

static size_t bytes(const alc_tensor *tensor)
{
    return f.plan->buffers[f.plan->tensors[tensor->id].value].bytes;
}

static bool rounds(const char *name)
{
    const alc_plan_node *node = plan_node(f.plan, name);
    ck_assert_msg(node != NULL, "no node %s", name);
    return ((const alc_fusion *)node->options)->rounds;
}

/* A residual block between two convolutions. */
typedef struct block {
    alc_tensor *stem, *first, *inner, *second, *sum, *output;
} block;

static block residual_block(void)
{
    block b;
    b.stem = conv(x, "stem", CHANNELS);
    alc_tensor *shortcut = alc_relu(norm(b.stem, "bn0"));
    b.first = conv(shortcut, "first", CHANNELS);
    b.inner = alc_relu(norm(b.first, "bn1"));
    b.second = conv(b.inner, "second", CHANNELS);
    b.sum = alc_relu(alc_add(norm(b.second, "bn2"), shortcut));
    b.output = conv(b.sum, "head", OUTPUTS);
    return b;
}

static void expect_same_when_kept(alc_plan_mode mode, const block *b)
{
    static const char *const parameters[] = {"stem.weight", "bn1.weight", "second.weight", "head.weight"};
    static alc_real values[PIXELS * OUTPUTS], gradients[2][4][9 * CHANNELS * CHANNELS];
    /* in evaluation a norm after what is kept would not be folded */
    alc_tensor *const kept[] = {b->inner, b->sum, b->stem, b->first, b->second};
    const int count = mode == ALC_TRAIN ? 5 : 2;
    memcpy(values, run(mode, b->output, 0, NULL), sizeof values);
    if (mode == ALC_TRAIN)
        plan_fixture_backward(&f, parameters, 4, gradients[0][0], sizeof gradients[0][0] / sizeof(alc_real));
    ck_assert_mem_eq(run(mode, b->output, count, kept), values, sizeof values);
    ck_assert(!pairs(b->sum));
    if (mode == ALC_TRAIN)
        plan_fixture_backward(&f, parameters, 4, gradients[1][0], sizeof gradients[1][0] / sizeof(alc_real));
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
}

START_TEST(evaluation_stores_what_convolutions_put_out)
{
    setup(ALC_PRECISION_BF16);
    const block b = residual_block();
    run(ALC_EVALUATE, b.output, 0, NULL);
    ck_assert(pairs(b.sum) && pairs(b.inner));
    ck_assert_uint_eq(bytes(b.sum), PIXELS * CHANNELS * 2);
    ck_assert(!pairs(b.output)); /* the caller reads it */
    ck_assert(rounds("first") && rounds("second") && !rounds("head"));
    expect_same_when_kept(ALC_EVALUATE, &b);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(training_stores_what_norms_read_and_add)
{
    setup(ALC_PRECISION_BF16);
    const block b = residual_block();
    run(ALC_TRAIN, b.output, 0, NULL);
    ck_assert(pairs(b.stem) && pairs(b.first) && pairs(b.second) && pairs(b.sum));
    ck_assert(!pairs(b.inner)); /* a norm puts out reals */
    ck_assert_uint_eq(bytes(b.stem), PIXELS * CHANNELS * 2);
    expect_same_when_kept(ALC_TRAIN, &b);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(reals_stay_reals)
{
    setup(ALC_PRECISION_DEFAULT);
    const block b = residual_block();
    run(ALC_EVALUATE, b.output, 0, NULL);
    ck_assert(!pairs(b.sum) && !pairs(b.inner) && !rounds("first"));
    plan_fixture_end(&f);
}
END_TEST

/* Whether a convolution of so many filters rounds, and its output is pairs, where `reader` comes between it and another one. */
static void expect_read_by(alc_tensor *(*reader)(alc_tensor *), int64_t filters, bool rounded, bool stored)
{
    setup(ALC_PRECISION_BF16);
    alc_tensor *first = conv(x, "first", filters), *between = reader ? reader(first) : first;
    run(ALC_EVALUATE, conv(between, "head", OUTPUTS), 0, NULL);
    alc_tensor *last = plan_node(f.plan, "first")->outputs[0] == first->id ? first : between;
    ck_assert_int_eq(rounds("first"), rounded);
    ck_assert_int_eq(pairs(last), stored);
    plan_fixture_end(&f);
}

static alc_tensor *pool(alc_tensor *in)
{
    return alc_max_pool(in, (alc_pool_options){.kernel = 3, .stride = 2, .padding = 1});
}

static alc_tensor *depthwise(alc_tensor *in)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = "depthwise", .filters = CHANNELS, .kernel = 3, .padding = 1, .groups = CHANNELS});
}

START_TEST(it_is_a_matter_of_the_readers)
{
    expect_read_by(NULL, CHANNELS, true, true);
    expect_read_by(alc_relu, CHANNELS, true, true);
    expect_read_by(alc_relu6, CHANNELS, true, true);
    expect_read_by(NULL, CHANNELS + 1, true, false); /* a channel would have no partner */
    expect_read_by(alc_silu, CHANNELS, false, false);
    expect_read_by(pool, CHANNELS, false, false);
    expect_read_by(depthwise, CHANNELS, false, false);
}
END_TEST

/* Before a silu nothing is rounded for convolutions, but a trained norm rounds what it reads, and it may lie so. */
START_TEST(a_trained_norm_rounds_what_it_reads)
{
    setup(ALC_PRECISION_BF16);
    alc_tensor *first = conv(x, "first", CHANNELS), *y = conv(alc_silu(norm(first, "bn")), "head", OUTPUTS);
    run(ALC_TRAIN, y, 0, NULL);
    ck_assert(pairs(first) && !rounds("first"));
    ck_assert(((const alc_fusion *)plan_node(f.plan, "bn")->options)->rounds_values);
    run(ALC_EVALUATE, y, 0, NULL);
    ck_assert(!rounds("first"));
    plan_fixture_end(&f);
}
END_TEST

/* What the model does with a tensor decides, not what a plan has of it. */
START_TEST(readers_that_a_plan_leaves_out_count)
{
    setup(ALC_PRECISION_BF16);
    alc_tensor *first = conv(x, "first", CHANNELS), *y = conv(first, "head", OUTPUTS);
    run(ALC_EVALUATE, y, 0, NULL);
    ck_assert(rounds("first"));
    alc_silu(first);
    run(ALC_EVALUATE, y, 0, NULL);
    ck_assert(!rounds("first"));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(memory_may_run_out)
{
    setup(ALC_PRECISION_BF16);
    const block b = residual_block();
    alc_plan *plan = NULL;
    for (f.hooks.fail_allocation = 1; ; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        const alc_status status = alc_compile(f.model, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = b.output}, &plan);
        if (status == ALC_OK)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(plan);
    }
    ck_assert_int_gt(f.hooks.fail_allocation, 5);
    failing_hooks_relent(&f.hooks);
    alc_plan_destroy(plan);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("store pairs", evaluation_stores_what_convolutions_put_out, training_stores_what_norms_read_and_add, reals_stay_reals,
                     it_is_a_matter_of_the_readers, a_trained_norm_rounds_what_it_reads, readers_that_a_plan_leaves_out_count,
                     memory_may_run_out);
}
