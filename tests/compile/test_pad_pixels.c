/* test_pad_pixels.c - pixels that would lie a multiple of 4 KiB apart lie a cache line further apart, but where somebody wants them
 * without gaps; values and gradients are the same either way. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2, WIDE = 4096 / sizeof(alc_real), LINE = 64 / sizeof(alc_real), PIXELS = BATCH * 3 * 3 };

static plan_fixture f;
static alc_tensor *x;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(3, 3, 4));
}

static alc_tensor *conv(alc_tensor *in, const char *name, int64_t filters)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 1});
}

static const alc_real *run(alc_tensor *output, alc_tensor *kept)
{
    const alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = output};
    const alc_real *values = plan_fixture_run(&f, options, kept != NULL, &kept);
    plan_fixture_backward(&f, NULL, 0, NULL, 0);
    return values;
}

static int64_t padding(const alc_tensor *tensor)
{
    return alc_plan_stride(f.plan, tensor->id) - alc_shape_channels(alc_plan_root(f.plan, tensor->id)->shape);
}

START_TEST(wide_pixels_lie_apart)
{
    static alc_real values[PIXELS * 5], gradient[4 * WIDE];
    setup();
    alc_tensor *wide = conv(x, "wide", WIDE), *narrow = conv(wide, "narrow", WIDE - LINE), *y = conv(alc_add(wide, conv(narrow, "z", WIDE)), "y", 5);
    memcpy(values, run(y, NULL), sizeof values);
    alc_parameter *weight = alc_model_find_parameter(f.model, "wide.weight");
    memcpy(gradient, alc_plan_gradient_of(f.plan, weight), sizeof gradient);
    ck_assert_int_eq(padding(wide), LINE);
    ck_assert_int_eq(padding(narrow), 0);
    /* What is read after the run has no gaps, as alc_plan_values promises. */
    ck_assert_mem_eq(run(y, wide), values, sizeof values);
    ck_assert_mem_eq(alc_plan_gradient_of(f.plan, weight), gradient, sizeof gradient);
    ck_assert_int_eq(padding(wide), 0);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_concat_has_room_for_its_inputs)
{
    static alc_real values[PIXELS * 5];
    setup();
    alc_tensor *a = conv(x, "a", WIDE - 24), *b = conv(x, "b", 24), *joined = alc_concat(2, (alc_tensor *[]){a, b}), *y = conv(joined, "y", 5);
    memcpy(values, run(y, NULL), sizeof values);
    ck_assert_int_eq(padding(joined), LINE);
    ck_assert_int_eq(alc_plan_stride(f.plan, b->id), WIDE + LINE);
    ck_assert_mem_eq(run(y, joined), values, sizeof values);
    ck_assert_int_eq(padding(joined), 0);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(an_op_may_want_no_gaps)
{
    setup();
    alc_tensor *read = conv(x, "read", WIDE), *made = alc_dropout(read, 0.5);
    run(conv(made, "y", 5), NULL);
    ck_assert_int_eq(padding(read), 0);
    ck_assert_int_eq(padding(made), 0);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("pad_pixels", wide_pixels_lie_apart, a_concat_has_room_for_its_inputs, an_op_may_want_no_gaps);
}
