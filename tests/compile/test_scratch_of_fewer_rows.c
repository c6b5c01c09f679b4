/* test_scratch_of_fewer_rows.c - a plan runs any number of rows up to its batch, and kernels cut few rows into other tasks
 * than many: what each step has as scratch must be as much as a plan of so many rows would ask for. */
#include "alcor/layers.h"
#include "alcor/models.h"
#include "support/run_tests.h"
#include "lib/compile/plan.h"

enum { BATCH = 12, CLASSES = 3 };

static alc_context *context;
static alc_model *model;
static alc_tensor *logits, *loss;

static void setup(const char *name, int threads)
{
    const alc_backbone *backbone = alc_backbone_find(name);
    const int64_t size = backbone->smallest_size > 64 ? backbone->smallest_size : 64;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = threads}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    logits = backbone->classify(alc_input(model, "image", ALC_REAL, ALC_SHAPE(size, size, 3)), CLASSES);
    alc_tensor *label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static alc_plan *compiled(alc_plan_mode mode, int64_t batch)
{
    alc_plan *plan;
    const alc_compile_options options = {.mode = mode, .batch = batch, .output = mode == ALC_TRAIN ? loss : logits};
    ck_assert_int_eq(alc_compile(model, options, &plan), ALC_OK);
    return plan;
}

static int64_t part_rows(const alc_plan *plan, const alc_plan_node *node)
{
    return plan->segments[node->segment].rows;
}

static void expect_as_much(const alc_plan *whole, const alc_plan *fewer, int64_t rows)
{
    ck_assert_int_eq(whole->node_count, fewer->node_count);
    for (int64_t n = 0; n < whole->node_count; n++) {
        const alc_plan_node *has = &whole->nodes[n], *needs = &fewer->nodes[n];
        if (part_rows(fewer, needs) > part_rows(whole, has)) /* 12 rows are taken as twice 6, 7 rows at once: as 6 and 1 by `whole` */
            continue;
        ck_assert_msg(has->forward_scratch_bytes >= needs->forward_scratch_bytes, "%s: %zu bytes, %zu for %d rows",
                      has->name, has->forward_scratch_bytes, needs->forward_scratch_bytes, (int)rows);
        ck_assert_msg(has->backward_scratch_bytes >= needs->backward_scratch_bytes, "%s: %zu bytes, %zu for %d rows backward",
                      has->name, has->backward_scratch_bytes, needs->backward_scratch_bytes, (int)rows);
    }
}

static void check(const char *name, int threads, alc_plan_mode mode)
{
    setup(name, threads);
    alc_plan *whole = compiled(mode, BATCH);
    for (int64_t rows = 1; rows < BATCH; rows++) {
        alc_plan *fewer = compiled(mode, rows);
        expect_as_much(whole, fewer, rows);
        alc_plan_destroy(fewer);
    }
    alc_plan_destroy(whole);
    teardown();
}

static void check_threads(const char *name)
{
    static const int threads[] = {2, 3, 7};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        check(name, threads[i], ALC_EVALUATE);
        check(name, threads[i], ALC_TRAIN);
    }
}

START_TEST(sky_cnns_scratch_is_enough)
{
    check_threads("sky_cnn");
}
END_TEST

START_TEST(resnets_scratch_is_enough)
{
    check_threads("resnet50");
}
END_TEST

START_TEST(densenets_scratch_is_enough)
{
    check_threads("densenet121");
}
END_TEST

START_TEST(xceptions_scratch_is_enough)
{
    check_threads("xception");
}
END_TEST

START_TEST(efficientnets_scratch_is_enough)
{
    check_threads("efficientnet_b0");
}
END_TEST

int main(void)
{
    return RUN_TESTS("scratch_of_fewer_rows", sky_cnns_scratch_is_enough, resnets_scratch_is_enough, densenets_scratch_is_enough,
                     xceptions_scratch_is_enough, efficientnets_scratch_is_enough);
}
