/* test_mark_gradients.c - which gradients a plan computes, and that frozen parts cost nothing: no gradient, no saved
 * activation, no step backwards. */
#include <string.h>

#include "alcor/layers.h"
#include "alcor/op.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *x, *y, *loss;

static alc_tensor *block(alc_tensor *in, const char *name, int64_t filters)
{
    alc_scope_begin(f.model, "%s", name);
    in = alc_conv2d(in, (alc_conv2d_options){.name = "conv", .filters = filters, .kernel = 3, .padding = 1});
    in = alc_relu(alc_batch_norm(in, (alc_batch_norm_options){.name = "bn"}));
    alc_scope_end(f.model);
    return in;
}

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(16, 16, 3));
    y = alc_input(f.model, "y", ALC_I32, ALC_SHAPE(1));
    alc_tensor *h = block(block(block(x, "one", 8), "two", 8), "three", 8);
    h = alc_dense(alc_global_average_pool(h), (alc_dense_options){.name = "fc", .units = 3});
    loss = alc_softmax_cross_entropy(h, y, (alc_cross_entropy_options){.name = "loss"});
}

static void compile(alc_plan_mode mode, bool input_gradients)
{
    plan_fixture_compile(&f, (alc_compile_options){.mode = mode, .batch = 4, .output = loss,
                                                   .input_gradients = input_gradients});
}

static bool parameter_wanted(const char *node, int index)
{
    return plan_node(f.plan, node)->parameter_gradient_wanted[index];
}

START_TEST(everything_is_trained_by_default)
{
    setup();
    compile(ALC_TRAIN, false);
    ck_assert(parameter_wanted("one.conv", 0) && parameter_wanted("three.bn", 1) && parameter_wanted("fc", 1));
    ck_assert(!parameter_wanted("one.bn", 2) && !parameter_wanted("one.bn", 3)); /* running statistics */
    /* Nobody wants the gradient of the image. */
    ck_assert(!plan_node(f.plan, "one.conv")->input_gradient_wanted[0]);
    ck_assert(plan_node(f.plan, "two.conv")->input_gradient_wanted[0]);
    ck_assert_ptr_null(alc_plan_input_gradient(f.plan, x));
    ck_assert(!plan_node(f.plan, "one.conv")->frozen);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(inputs_gradients_are_there_where_asked_for)
{
    setup();
    compile(ALC_TRAIN, true);
    ck_assert(plan_node(f.plan, "one.conv")->input_gradient_wanted[0]);
    ck_assert_ptr_nonnull(alc_plan_input_gradient(f.plan, x));
    ck_assert_ptr_null(alc_plan_input_gradient(f.plan, y)); /* labels have none */
    plan_fixture_end(&f);
}
END_TEST

START_TEST(evaluation_wants_nothing)
{
    setup();
    compile(ALC_EVALUATE, true);
    alc_plan_cost cost = alc_plan_costs(f.plan);
    ck_assert_uint_eq(cost.gradient_bytes, 0);
    ck_assert(cost.backward_flops == 0 && cost.forward_flops > 0);
    ck_assert_int_eq(f.plan->step_count, f.plan->forward_count);
    fill_plan(f.plan, 1, 3);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(alc_backward(f.plan), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), "alc_backward: nothing is trained in this plan");
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_frozen_prefix_costs_nothing)
{
    setup();
    compile(ALC_TRAIN, false);
    alc_plan_cost whole = alc_plan_costs(f.plan);
    ck_assert_int_eq(alc_model_train_from(f.model, "three"), ALC_OK);
    compile(ALC_TRAIN, false);
    alc_plan_cost part = alc_plan_costs(f.plan);
    /* Its batch norms are folded away, and nothing of it is a step backwards. */
    ck_assert_ptr_null(plan_node(f.plan, "one.bn"));
    ck_assert_ptr_null(plan_node(f.plan, "two.bn"));
    ck_assert(plan_node(f.plan, "two.conv")->frozen && !plan_node(f.plan, "three.conv")->frozen);
    for (int64_t i = f.plan->forward_count; i < f.plan->step_count; i++) {
        const char *name = f.plan->nodes[f.plan->steps[i].node].name;
        ck_assert_msg(strncmp(name, "one", 3) != 0 && strncmp(name, "two", 3) != 0, "%s goes backwards", name);
    }
    const char *const frozen[] = {"one.conv", "two.conv"};
    for (int i = 0; i < 2; i++) {
        const alc_plan_node *node = plan_node(f.plan, frozen[i]);
        ck_assert(!node->differentiated && node->saved < 0 && node->gradients < 0);
        ck_assert(!node->keep_inputs[0] && !node->keep_outputs[0]);
        ck_assert_int_lt(f.plan->tensors[node->outputs[0]].gradient, 0);
    }
    /* Its activations live only until their reader has run. */
    const alc_plan_tensor *inside = alc_plan_root(f.plan, plan_node(f.plan, "one.conv")->outputs[0]);
    ck_assert_int_lt(f.plan->buffers[inside->value].last, f.plan->forward_count);
    size_t trained = 0;
    for (int64_t i = 0; i < f.plan->slot_count; i++) {
        ck_assert(alc_parameter_trainable(f.plan->slots[i].parameter));
        trained += (size_t)f.plan->slots[i].parameter->count;
    }
    ck_assert_uint_eq(trained, (size_t)alc_model_trainable_values(f.model));
    ck_assert_uint_lt(part.gradient_bytes, whole.gradient_bytes);
    ck_assert_uint_lt(part.activation_bytes, whole.activation_bytes);
    ck_assert(part.backward_flops < 0.5 * whole.backward_flops);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_frozen_part_does_not_move)
{
    setup();
    ck_assert_int_eq(alc_model_train_from(f.model, "fc"), ALC_OK);
    fill_model(f.model, 3);
    compile(ALC_TRAIN, false);
    alc_real before[8], after[8];
    alc_parameter *mean = alc_model_find_parameter(f.model, "three.bn.running_mean");
    alc_parameter_read(mean, before);
    fill_plan(f.plan, 1, 3);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
    alc_parameter_read(mean, after);
    ck_assert_mem_eq(before, after, sizeof before);
    plan_fixture_end(&f);
}
END_TEST

/* A frozen layer behind trained ones passes the gradient on and has none of its own. */
START_TEST(a_frozen_middle_passes_gradients_on)
{
    setup();
    alc_parameter_set_trainable(alc_model_find_parameter(f.model, "two.conv.weight"), false);
    compile(ALC_TRAIN, false);
    const alc_plan_node *middle = plan_node(f.plan, "two.conv");
    ck_assert(middle->frozen && middle->differentiated);
    ck_assert(middle->input_gradient_wanted[0] && !middle->parameter_gradient_wanted[0]);
    ck_assert(parameter_wanted("one.conv", 0));
    plan_fixture_end(&f);
}
END_TEST

/* ---- an op that cannot be differentiated ---- */

static alc_status infer_same(alc_infer *i)
{
    return alc_infer_output(i, i->input_shapes[0], ALC_REAL);
}

static alc_status copy(const alc_run *run)
{
    const alc_view *from = &run->inputs[0], *to = &run->outputs[0];
    memcpy(to->data, from->data, (size_t)(run->rows * from->height * from->width * from->channels) * sizeof(alc_real));
    return ALC_OK;
}

static const alc_op_def one_way = {.name = "one_way", .infer = infer_same, .forward = copy, .contiguous = true};

START_TEST(an_op_without_backward_is_refused_where_it_matters)
{
    setup();
    alc_tensor *before = alc_apply(&one_way, "first", NULL, 1, &x);
    alc_tensor *trained = alc_dense(before, (alc_dense_options){.name = "dense", .units = 2});
    alc_tensor *after = alc_apply(&one_way, "last", NULL, 1, &trained);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = 2, .output = trained};
    plan_fixture_compile(&f, options);
    options.input_gradients = true;
    plan_fixture_refused(&f, options, ALC_INVALID_ARGUMENT,
                         "first: the op 'one_way' has no backward, but gradients are wanted before it");
    options = (alc_compile_options){.mode = ALC_TRAIN, .batch = 2, .output = after};
    plan_fixture_refused(&f, options, ALC_INVALID_ARGUMENT,
                         "last: the op 'one_way' has no backward, but gradients are wanted before it");
    options.mode = ALC_EVALUATE;
    plan_fixture_compile(&f, options);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("mark_gradients", everything_is_trained_by_default, inputs_gradients_are_there_where_asked_for,
                     evaluation_wants_nothing, a_frozen_prefix_costs_nothing, a_frozen_part_does_not_move,
                     a_frozen_middle_passes_gradients_on, an_op_without_backward_is_refused_where_it_matters);
}
