/* tests/support/plan_fixture.h - a model under counting hooks and a plan of it, to look at what the passes of lib/compile
 * made.
 *
 *     plan_fixture f;
 *     plan_fixture_begin(&f);
 *     alc_tensor *y = alc_relu(alc_input(f.model, ...));
 *     plan_fixture_compile(&f, (alc_compile_options){.batch = 2, .output = y});
 *     ... plan_node(f.plan, "relu_1") ...
 *     plan_fixture_end(&f);
 */
#ifndef ALC_TESTS_PLAN_FIXTURE_H
#define ALC_TESTS_PLAN_FIXTURE_H

#include "lib/compile/plan.h"
#include "support/failing_hooks.h"

typedef struct plan_fixture {
    failing_hooks hooks;
    alc_context *context;
    alc_model *model;
    alc_plan *plan;
} plan_fixture;

void plan_fixture_begin(plan_fixture *f);
void plan_fixture_begin_with(plan_fixture *f, alc_precision precision);
/* A new plan instead of the one there was; a Check failure if it cannot be compiled. */
void plan_fixture_compile(plan_fixture *f, alc_compile_options options);
/* The values of the output after one forward of a new plan that keeps these tensors, all parameters and inputs filled. */
const alc_real *plan_fixture_run(plan_fixture *f, alc_compile_options options, int kept_count, alc_tensor *const *kept);
/* One backward after that, from a gradient of the output that looks random; of these parameters the gradients are read, `pitch`
 * values apart. */
void plan_fixture_backward(plan_fixture *f, const char *const *names, int count, alc_real *gradients, int64_t pitch);
/* A Check failure unless it is refused with this status and sentence. */
void plan_fixture_refused(plan_fixture *f, alc_compile_options options, alc_status status, const char *sentence);
void plan_fixture_end(plan_fixture *f);

/* The node of that name that runs in the plan; NULL if the plan has none, or it was taken in or left out. */
const alc_plan_node *plan_node(const alc_plan *plan, const char *name);
int plan_live_nodes(const alc_plan *plan);
/* How many steps of that kind the node has. */
int plan_steps(const alc_plan *plan, const char *name, alc_step_kind kind);

/* Values that look random and depend on `number` and the place alone, in [-1, 1). */
void fill_reals(alc_real *values, int64_t count, uint64_t number);
/* Every parameter by its name; variances are above 0.5. */
void fill_model(alc_model *model, uint64_t number);
/* Fills all inputs of a plan, integers within [0, classes). */
void fill_plan(alc_plan *plan, uint64_t number, int classes);

#endif
