/* test_place_concats.c - inputs of a concat are computed in its memory where that is possible, and copied where it is not;
 * the values are the same either way. */
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2 };

static plan_fixture f;
static alc_tensor *x;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(5, 5, 4));
}

static alc_tensor *conv(alc_tensor *in, const char *name, int64_t filters)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 3, .padding = 1});
}

static alc_tensor *join(int count, alc_tensor *const *parts)
{
    return alc_concat(count, parts);
}

static bool placed(const alc_tensor *tensor)
{
    return f.plan->tensors[tensor->id].root != tensor->id;
}

static const alc_real *run(alc_plan_mode mode, alc_tensor *output, alc_tensor *kept)
{
    return plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = output}, kept != NULL, &kept);
}

START_TEST(a_dense_block_is_one_buffer)
{
    setup();
    alc_tensor *a = conv(x, "a", 6), *b = conv(a, "b", 3), *ab = join(2, (alc_tensor *[]){a, b});
    alc_tensor *c = conv(ab, "c", 3), *abc = join(2, (alc_tensor *[]){ab, c}), *y = conv(abc, "y", 2);
    static alc_real values[BATCH * 5 * 5 * 2];
    memcpy(values, run(ALC_EVALUATE, y, NULL), sizeof values);
    ck_assert(placed(a) && placed(b) && placed(ab) && placed(c) && !placed(abc));
    ck_assert_ptr_eq(alc_plan_root(f.plan, b->id), &f.plan->tensors[abc->id]);
    ck_assert_int_eq(f.plan->tensors[b->id].channel, 6);
    ck_assert_int_eq(f.plan->tensors[c->id].channel, 9);
    /* Only the block has a buffer. */
    ck_assert_int_lt(f.plan->tensors[b->id].value, 0);
    ck_assert_int_ge(f.plan->tensors[abc->id].value, 0);
    /* A kept tensor is contiguous, so it is not placed; nothing else changes. */
    ck_assert_mem_eq(run(ALC_EVALUATE, y, ab), values, sizeof values);
    ck_assert(placed(a) && placed(b) && !placed(ab) && placed(c));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(what_cannot_be_placed_is_copied)
{
    setup();
    alc_tensor *a = conv(x, "a", 3), *dropped = alc_dropout(conv(x, "b", 2), 0.5);
    alc_tensor *y = join(4, (alc_tensor *[]){x, a, a, dropped});
    run(ALC_TRAIN, y, NULL);
    /* An input of the model; a tensor that is wanted twice; one that its op makes contiguous. */
    ck_assert(!placed(x) && !placed(a) && !placed(dropped));
    const alc_real *values = alc_plan_values(f.plan, y), *image = alc_plan_input(f.plan, x);
    for (int pixel = 0; pixel < BATCH * 25; pixel++) {
        ck_assert_mem_eq(values + pixel * 12, image + pixel * 4, 4 * sizeof *values);
        ck_assert_mem_eq(values + pixel * 12 + 4, values + pixel * 12 + 7, 3 * sizeof *values);
    }
    plan_fixture_end(&f);
}
END_TEST

/* What a flatten or a dense layer reads must be contiguous. */
START_TEST(readers_that_want_it_contiguous_prevent_it)
{
    setup();
    alc_tensor *a = conv(x, "a", 3), *b = conv(x, "b", 2);
    alc_tensor *joined = join(2, (alc_tensor *[]){a, b});
    alc_tensor *y = alc_add(alc_dense(joined, (alc_dense_options){.name = "fc1", .units = 2}),
                            alc_dense(alc_flatten(a), (alc_dense_options){.name = "fc2", .units = 2}));
    run(ALC_EVALUATE, y, NULL);
    ck_assert(placed(a) == !alc_op_flatten.contiguous && placed(b));
    plan_fixture_end(&f);
}
END_TEST

/* The second of two concats that share an input copies it. */
START_TEST(one_tensor_has_one_place)
{
    setup();
    alc_tensor *a = conv(x, "a", 3), *b = conv(x, "b", 2);
    alc_tensor *first = join(2, (alc_tensor *[]){a, b}), *second = join(2, (alc_tensor *[]){b, a});
    alc_tensor *y = alc_add(conv(first, "left", 2), conv(second, "right", 2));
    run(ALC_TRAIN, y, NULL);
    ck_assert_int_eq(f.plan->tensors[a->id].root, first->id);
    ck_assert_int_eq(f.plan->tensors[b->id].root, first->id);
    plan_fixture_end(&f);
}
END_TEST

/* Rows of features come from dense layers, which write them without gaps: they are copied. */
START_TEST(concats_of_features_are_copied)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(4));
    alc_tensor *a = alc_dense(x, (alc_dense_options){.name = "a", .units = 3});
    alc_tensor *b = alc_dense(x, (alc_dense_options){.name = "b", .units = 2});
    alc_tensor *y = join(2, (alc_tensor *[]){a, b});
    alc_real joined[BATCH * 5];
    memcpy(joined, run(ALC_EVALUATE, y, NULL), sizeof joined);
    ck_assert(!placed(a) && !placed(b));
    run(ALC_EVALUATE, y, a);
    const alc_real *first = alc_plan_values(f.plan, a);
    for (int row = 0; row < BATCH; row++)
        ck_assert_mem_eq(joined + row * 5, first + row * 3, 3 * sizeof *first);
    plan_fixture_end(&f);
}
END_TEST

/* Where the parts of every join of DenseNet-121 lie: values in training and evaluation, and gradients. Returns the joins. */
static int expect_zero_copy_joins(void)
{
    int joins = 0;
    for (int64_t i = 0; i < f.plan->step_count; i++) {
        const alc_step *step = &f.plan->steps[i];
        const alc_run *run = &step->run;
        if (f.plan->nodes[step->node].op != &alc_op_concat)
            continue;
        const bool backward = step->kind == ALC_STEP_BACKWARD;
        const alc_view *joined = backward ? &run->output_gradients[0].view : &run->outputs[0];
        const alc_real *expected = joined->data;
        for (int k = 0; k < run->input_count; k++) {
            const alc_view *part = backward ? &run->input_gradients[k].view : &run->inputs[k];
            ck_assert_ptr_eq(part->data, expected);
            ck_assert_int_eq(part->stride, joined->stride);
            expected += part->channels;
        }
        joins++;
    }
    return joins;
}

START_TEST(densenet_joins_without_copies)
{
    enum { JOINS = 6 + 12 + 24 + 16 };
    plan_fixture_begin(&f);
    alc_tensor *image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(32, 32, 3));
    alc_tensor *label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *logits = alc_densenet121(image, 3);
    alc_tensor *loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_EVALUATE, .batch = BATCH, .output = logits});
    ck_assert_int_eq(expect_zero_copy_joins(), JOINS);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss});
    ck_assert_int_eq(expect_zero_copy_joins(), 2 * JOINS);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("place_concats", a_dense_block_is_one_buffer, what_cannot_be_placed_is_copied,
                     readers_that_want_it_contiguous_prevent_it, one_tensor_has_one_place, concats_of_features_are_copied,
                     densenet_joins_without_copies);
}
