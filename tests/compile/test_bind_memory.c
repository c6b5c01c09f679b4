/* test_bind_memory.c - where every step's pointers lead: inside the plan's memory, aligned, no two live buffers overlapping,
 * and gradients of parameters apart from each other. */
#include <stdint.h>
#include <string.h>

#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;

static alc_tensor *build(void)
{
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(7, 7, 3));
    alc_tensor *label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *a = alc_conv2d(x, (alc_conv2d_options){.name = "a", .filters = 5, .kernel = 3, .padding = 1});
    a = alc_relu(alc_batch_norm(a, (alc_batch_norm_options){.name = "a_bn"}));
    alc_tensor *b = alc_conv2d(a, (alc_conv2d_options){.name = "b", .filters = 6, .kernel = 3, .padding = 1});
    b = alc_silu(alc_batch_norm(b, (alc_batch_norm_options){.name = "b_bn"}));
    alc_tensor *both = alc_concat(2, (alc_tensor *[]){a, b});
    both = alc_dropout(alc_max_pool(both, (alc_pool_options){.kernel = 2}), 0.2);
    alc_tensor *logits = alc_dense(both, (alc_dense_options){.name = "fc", .units = 3});
    return alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){.name = "loss"});
}

static void expect_inside(const alc_view *view, int64_t rows)
{
    const char *data = view->data;
    if (data == NULL)
        return;
    size_t last = (size_t)((rows * view->height * view->width - 1) * view->stride + view->channels);
    ck_assert(data >= f.plan->arena);
    ck_assert(data + last * sizeof(alc_real) <= f.plan->arena + f.plan->arena_bytes);
    ck_assert_uint_eq((uintptr_t)data % sizeof(alc_real), 0);
}

static void check_plan(alc_plan_mode mode, alc_tensor *loss)
{
    const int64_t batch = 4;
    plan_fixture_compile(&f, (alc_compile_options){.mode = mode, .batch = batch, .output = loss});
    for (int64_t i = 0; i < f.plan->buffer_count; i++) {
        const alc_buffer *a = &f.plan->buffers[i];
        ck_assert_uint_eq(a->offset % ALC_ALIGNMENT, 0);
        ck_assert_uint_le(a->offset + a->bytes, f.plan->arena_bytes);
        for (int64_t j = 0; j < i; j++) {
            const alc_buffer *b = &f.plan->buffers[j];
            bool together = a->first <= b->last && b->first <= a->last;
            ck_assert(!together || a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
        }
    }
    for (int64_t i = 0; i < f.plan->step_count; i++) {
        const alc_run *run = &f.plan->steps[i].run;
        for (int k = 0; k < run->input_count; k++) {
            expect_inside(&run->inputs[k], batch);
            expect_inside(&run->input_gradients[k].view, batch);
        }
        for (int k = 0; k < run->output_count; k++) {
            int64_t rows = f.plan->tensors[f.plan->nodes[f.plan->steps[i].node].outputs[k]].scalar ? 1 : batch;
            ck_assert(f.plan->steps[i].kind == ALC_STEP_BACKWARD || run->outputs[k].data != NULL);
            expect_inside(&run->outputs[k], rows);
            expect_inside(&run->output_gradients[k].view, rows);
        }
    }
}

START_TEST(every_pointer_leads_into_the_plans_memory)
{
    plan_fixture_begin(&f);
    alc_tensor *loss = build();
    check_plan(ALC_TRAIN, loss);
    check_plan(ALC_EVALUATE, loss);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(gradients_of_parameters_lie_apart)
{
    plan_fixture_begin(&f);
    alc_tensor *loss = build();
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 4, .output = loss});
    ck_assert_int_eq(f.plan->slot_count, 8);
    const char *end = (const char *)f.plan->gradients;
    for (int64_t i = 0; i < f.plan->slot_count; i++) {
        const alc_gradient_slot *slot = &f.plan->slots[i];
        ck_assert((const char *)slot->values >= end);
        ck_assert_uint_eq((uintptr_t)slot->values % ALC_ALIGNMENT, 0);
        end = (const char *)(slot->values + slot->parameter->count);
        ck_assert_ptr_eq(alc_plan_gradient_of(f.plan, slot->parameter), slot->values);
    }
    ck_assert(end <= (const char *)f.plan->gradients + f.plan->gradient_bytes);
    plan_fixture_end(&f);
}
END_TEST

/* Recomputed values lie elsewhere than the first ones, whose place may be another's by then. */
START_TEST(recomputed_values_have_a_buffer_of_their_own)
{
    plan_fixture_begin(&f);
    alc_tensor *loss = build();
    size_t bytes[2];
    for (int keep = 0; keep < 2; keep++) {
        plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 4, .output = loss,
                                                       .keep_activations = keep});
        /* `a` is a slice of a joined buffer, `b_bn` likewise: only what has a buffer of its own is recomputed. */
        ck_assert_int_eq(plan_steps(f.plan, "a_bn", ALC_STEP_RECOMPUTE), 0);
        bytes[keep] = f.plan->arena_bytes;
    }
    ck_assert_uint_eq(bytes[0], bytes[1]);
    plan_fixture_end(&f);
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(9, 9, 4));
    for (int i = 0; i < 4; i++) {
        x = alc_conv2d(x, (alc_conv2d_options){.filters = 4, .kernel = 3, .padding = 1});
        x = alc_relu(alc_batch_norm(x, (alc_batch_norm_options){0}));
    }
    for (int keep = 0; keep < 2; keep++) {
        plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 4, .output = x,
                                                       .keep_activations = keep});
        ck_assert_int_eq(plan_steps(f.plan, "batch_norm_2", ALC_STEP_RECOMPUTE), !keep);
        const alc_plan_tensor *t = &f.plan->tensors[plan_node(f.plan, "batch_norm_2")->outputs[0]];
        ck_assert((t->recomputed >= 0) == !keep && t->recomputed != t->value);
        bytes[keep] = f.plan->arena_bytes;
    }
    ck_assert_uint_lt(bytes[0], bytes[1]);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(memory_that_is_not_there_leaves_nothing)
{
    plan_fixture_begin(&f);
    alc_tensor *loss = build();
    int64_t outstanding = f.hooks.bytes_outstanding;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        f.hooks.allocations_stay_failed = for_ever;
        for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
            failing_hooks_restart(&f.hooks);
            alc_status status = alc_compile(f.model, (alc_compile_options){.mode = ALC_TRAIN, .batch = 4, .output = loss},
                                            &f.plan);
            if (status == ALC_OK)
                break;
            ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
            ck_assert_int_eq(strncmp(alc_error_message(f.context), "cannot allocate ", 16), 0);
            ck_assert_int_eq(f.hooks.bytes_outstanding, outstanding);
        }
        ck_assert_int_gt(f.hooks.fail_allocation, 6);
        alc_plan_destroy(f.plan);
    }
    f.plan = NULL;
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("bind_memory", every_pointer_leads_into_the_plans_memory, gradients_of_parameters_lie_apart,
                     recomputed_values_have_a_buffer_of_their_own, memory_that_is_not_there_leaves_nothing);
}
