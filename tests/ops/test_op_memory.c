/* test_op_memory.c - every case of the table under a hostile allocator: the N-th allocation fails, once or for ever; runs
 * allocate nothing; nobody writes or reads outside what was allocated. */
#include <string.h>

#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "tests/ops/op_failures.h"
#include "tests/ops/op_guard_pages.h"
#include "tests/ops/op_run.h"

/* More than any case makes: a loop that never ends is a failure too. */
#define ALLOCATIONS_MOST 1000

/* Fails allocation 1, 2, 3 ... of building, compiling and running, until all goes through. */
static void fail_each(const op_case *c, alc_context *context, failing_hooks *hooks, const op_bits *expected,
                      op_failures *failures)
{
    int64_t outstanding = hooks->bytes_outstanding;
    for (hooks->fail_allocation = 1; hooks->fail_allocation < ALLOCATIONS_MOST; hooks->fail_allocation++) {
        op_bits bits = {0};
        failing_hooks_restart(hooks);
        alc_status status = op_case_run(c, context, &bits);
        bool failed = hooks->faults > 0;
        bool told = status == ALC_OUT_OF_MEMORY && strstr(alc_error_message(context), "cannot allocate") != NULL;
        if (failed ? !told : status != ALC_OK)
            op_failure(failures, "%s: %s, '%s' after allocation %lld %s", c->name, alc_status_name(status),
                       alc_error_message(context), (long long)hooks->fail_allocation,
                       failed ? "failed" : "was not reached");
        if (hooks->bytes_outstanding != outstanding)
            op_failure(failures, "%s: %lld bytes are lost after allocation %lld failed", c->name,
                       (long long)(hooks->bytes_outstanding - outstanding), (long long)hooks->fail_allocation);
        if (!failed && !op_bits_equal(&bits, expected))
            op_failure(failures, "%s: after failures the retry gives other bits", c->name);
        op_bits_free(&bits);
        if (!failed)
            return;
    }
    op_failure(failures, "%s: %d allocations are not enough", c->name, ALLOCATIONS_MOST);
}

static void fail_allocations(bool for_ever)
{
    failing_hooks hooks;
    op_failures failures = {0};
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    for (int i = 0; i < op_table_count; i++) {
        op_bits expected = {0};
        failing_hooks_relent(&hooks);
        ck_assert_int_eq(op_case_run(&op_table[i], context, &expected), ALC_OK);
        hooks.allocations_stay_failed = for_ever;
        fail_each(&op_table[i], context, &hooks, &expected, &failures);
        op_bits_free(&expected);
    }
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    op_failures_check(&failures);
}

START_TEST(one_failing_allocation_is_survived)
{
    fail_allocations(false);
}
END_TEST

START_TEST(memory_that_stays_exhausted_is_survived)
{
    fail_allocations(true);
}
END_TEST

static alc_status run_steps(const op_case *c, alc_plan *plan, const alc_tensor *output)
{
    alc_status status = alc_forward(plan);
    if (status == ALC_OK && alc_plan_set_rows(plan, op_case_batch(c) > 2 ? 2 : op_case_batch(c)) == ALC_OK)
        status = alc_forward(plan);
    op_case_fill_output_gradient(plan, output);
    if (status == ALC_OK)
        status = alc_backward(plan);
    return status;
}

/* Whatever goes wrong here is an error of Check's, so that hooks and context need no cleaning up. */
static int64_t allocations_of_runs(const op_case *c, alc_context *context, failing_hooks *hooks)
{
    alc_model *model = NULL;
    alc_plan *plan = NULL;
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *output = op_case_build(c, model);
    op_case_fill_parameters(model);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = op_case_batch(c), .output = output,
                                   .input_gradients = true};
    ck_assert_int_eq(alc_compile(model, options, &plan), ALC_OK);
    op_case_fill_plan(c, plan);
    failing_hooks_restart(hooks);
    ck_assert_msg(run_steps(c, plan, output) == ALC_OK, "%s: %s", c->name, alc_error_message(context));
    int64_t allocations = hooks->allocations;
    alc_plan_destroy(plan);
    alc_model_destroy(model);
    return allocations;
}

START_TEST(runs_allocate_nothing)
{
    op_failures failures = {0};
    for (int threads = 1; threads <= 2; threads++) {
        failing_hooks hooks;
        failing_hooks_init(&hooks);
        alc_context *context = failing_hooks_context(&hooks, threads);
        for (int i = 0; i < op_table_count; i++) {
            int64_t allocations = allocations_of_runs(&op_table[i], context, &hooks);
            if (allocations != 0)
                op_failure(&failures, "%s: %lld allocations in forward and backward", op_table[i].name,
                           (long long)allocations);
        }
        alc_context_destroy(context);
        failing_hooks_check(&hooks);
    }
    op_failures_check(&failures);
}
END_TEST

static void check_bounds(alc_isa isa, alc_precision precision)
{
    op_guard_pages guard;
    alc_allocator allocator = op_guard_pages_allocator(&guard);
    alc_context *context = NULL;
    alc_context_options options = {.threads = 2, .isa = isa, .precision = precision, .allocator = &allocator};
    alc_status status = alc_context_create(options, &context);
    ck_assert(status == ALC_OK || status == ALC_UNSUPPORTED);
    for (int i = 0; i < op_table_count && context; i++) {
        op_bits bits = {0};
        mark_point();
        ck_assert_int_eq(op_case_run(&op_table[i], context, &bits), ALC_OK);
        op_bits_free(&bits);
        ck_assert_msg(guard.damaged == 0, "%s: bytes next to a block were written", op_table[i].name);
    }
    alc_context_destroy(context);
    ck_assert_int_eq(guard.outstanding, 0);
}

/* An access outside ends the test program with a signal, whose case is the last one that was marked. */
START_TEST(nothing_outside_is_touched)
{
    for (int isa = ALC_ISA_SCALAR; isa < ALC_ISA_COUNT; isa++) {
        check_bounds((alc_isa)isa, ALC_PRECISION_DEFAULT);
        check_bounds((alc_isa)isa, ALC_PRECISION_BF16);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("op memory", one_failing_allocation_is_survived, memory_that_stays_exhausted_is_survived,
                     runs_allocate_nothing, nothing_outside_is_touched);
}
