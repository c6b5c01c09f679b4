/* test_choose_kernels.c - what an op is told when a plan is compiled, and that what it asks for is granted. */
#include <stdint.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/op.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 3, SAVED = 100, FORWARD = 3000, BACKWARD = 200, DERIVED = 72 };

static plan_fixture f;
static alc_tensor *x;

/* What the op saw: tests of one thread may keep it in a static. */
static alc_prepare seen;
static alc_shape seen_input, seen_output;
static int64_t seen_stride;
static bool seen_wanted[2];
static int derivations;

static alc_status infer(alc_infer *i)
{
    alc_parameter_spec spec = {.name = "weight", .shape = ALC_SHAPE(2), .initializer = ALC_INITIALIZE_ONES};
    alc_status status = alc_infer_parameter(i, spec);
    return status == ALC_OK ? alc_infer_output(i, i->input_shapes[0], ALC_REAL) : status;
}

static alc_status prepare(alc_prepare *p)
{
    seen = *p;
    seen_input = p->input_shapes[0];
    seen_output = p->output_shapes[0];
    seen_stride = p->input_strides[0];
    seen_wanted[0] = p->input_gradient_wanted[0];
    seen_wanted[1] = p->parameter_gradient_wanted[0];
    if (*(const bool *)p->options)
        return ALC_UNSUPPORTED;
    alc_prepare_saved(p, SAVED);
    alc_prepare_forward_scratch(p, FORWARD);
    alc_prepare_backward_scratch(p, BACKWARD);
    alc_prepare_derived(p, DERIVED);
    alc_prepare_keep_input(p, 0);
    alc_prepare_keep_output(p, 0);
    alc_prepare_describe(p, "by hand", 7);
    return ALC_OK;
}

static bool aligned(const void *memory)
{
    return memory != NULL && (uintptr_t)memory % ALC_ALIGNMENT == 0;
}

static alc_status derive(const alc_run *run)
{
    derivations++;
    ck_assert(aligned(run->derived));
    memset(run->derived, 'd', DERIVED);
    return ALC_OK;
}

/* Everything is filled, so overlaps would be seen. */
static alc_status forward(const alc_run *run)
{
    const alc_view *from = &run->inputs[0], *to = &run->outputs[0];
    size_t bytes = (size_t)(run->rows * from->channels) * sizeof(alc_real);
    ck_assert(aligned(run->saved) && aligned(run->scratch));
    memset(run->scratch, 's', FORWARD);
    memset(run->saved, 'k', SAVED);
    memcpy(to->data, from->data, bytes);
    return ALC_OK;
}

static alc_status backward(const alc_run *run)
{
    ck_assert(aligned(run->scratch));
    memset(run->scratch, 'b', BACKWARD);
    for (int i = 0; i < SAVED; i++)
        ck_assert_int_eq(((const char *)run->saved)[i], 'k');
    for (int i = 0; i < DERIVED; i++)
        ck_assert_int_eq(((const char *)run->derived)[i], 'd');
    ck_assert_mem_eq(run->inputs[0].data, run->outputs[0].data,
                     (size_t)(run->rows * run->inputs[0].channels) * sizeof(alc_real));
    for (int i = 0; i < 2; i++)
        run->parameters[0].gradient[i] = (alc_real)(run->parameters[0].add ? 100 : 1) + (alc_real)i;
    return ALC_OK;
}

static const alc_op_def op = {.name = "by_hand", .options_size = sizeof(bool), .infer = infer, .prepare = prepare,
                              .derive = derive, .forward = forward, .backward = backward, .contiguous = true};

static alc_tensor *by_hand(alc_tensor *in, const char *name, bool refuse)
{
    return alc_apply(&op, name, &refuse, 1, &in);
}

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(6));
    derivations = 0;
}

START_TEST(ops_are_told_what_the_plan_is)
{
    setup();
    alc_tensor *y = by_hand(x, "n", false);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = y});
    ck_assert_str_eq(seen.node, "n");
    ck_assert(seen.mode == ALC_TRAIN && seen.batch == BATCH && seen.threads == 2);
    ck_assert(seen.differentiated && !seen.frozen && !seen_wanted[0] && seen_wanted[1]);
    ck_assert_int_eq(seen.input_count, 1);
    ck_assert_int_eq(seen.output_count, 1);
    ck_assert_int_eq(seen.parameter_count, 1);
    ck_assert(alc_shape_equal(seen_input, ALC_SHAPE(6)) && alc_shape_equal(seen_output, ALC_SHAPE(6)));
    ck_assert_int_eq(seen_stride, 6);
    plan_fixture_compile(&f, (alc_compile_options){.batch = 1, .output = y});
    ck_assert(seen.mode == ALC_EVALUATE && !seen.differentiated && seen.frozen && !seen_wanted[1]);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(what_ops_ask_for_is_granted)
{
    setup();
    alc_tensor *y = by_hand(by_hand(by_hand(x, "a", false), "b", false), "c", false);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = y});
    alc_plan_cost cost = alc_plan_costs(f.plan);
    ck_assert(cost.forward_flops == 3 * 7 * BATCH);
    ck_assert_uint_eq(cost.derived_bytes, 3 * 128);
    fill_plan(f.plan, 1, 1);
    for (int step = 0; step < 3; step++) {
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
        alc_real gradient[2];
        ck_assert_int_eq(alc_plan_read_gradient(f.plan, alc_model_find_parameter(f.model, "b.weight"), gradient), ALC_OK);
        ck_assert(gradient[0] == (step ? 100 : 1) && gradient[1] == (step ? 101 : 2));
    }
    ck_assert_int_eq(derivations, 3); /* once a node: no parameter was written since */
    plan_fixture_end(&f);
}
END_TEST

START_TEST(an_op_may_refuse_a_plan)
{
    setup();
    alc_tensor *y = by_hand(x, "n", true);
    alc_plan *plan;
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = 1, .output = y}, &plan), ALC_UNSUPPORTED);
    ck_assert_ptr_null(plan);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(sizes_that_no_machine_has_are_refused_before_any_op_is_asked)
{
    setup();
    alc_tensor *y = by_hand(x, "n", false);
    seen.node = NULL;
    plan_fixture_refused(&f, (alc_compile_options){.batch = (int64_t)1 << 61, .output = y}, ALC_OUT_OF_MEMORY,
                         "x: a batch of 2305843009213693952 samples has more bytes than can be addressed");
    ck_assert_ptr_null(seen.node);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("choose_kernels", ops_are_told_what_the_plan_is, what_ops_ask_for_is_granted, an_op_may_refuse_a_plan,
                     sizes_that_no_machine_has_are_refused_before_any_op_is_asked);
}
