/* test_fuse.c - what follows a convolution, dense layer or batch norm is done in its store: which neighbours are taken in,
 * which are not, and that no bit changes. */
#include <string.h>

#include "alcor/layers.h"
#include "alcor/op.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2, VALUES = BATCH * 5 * 5 * 4 };

static plan_fixture f;
static alc_tensor *x;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(5, 5, 4));
}

static alc_tensor *conv(alc_tensor *in, const char *name)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = 4, .kernel = 3, .padding = 1});
}

static alc_tensor *norm(alc_tensor *in, const char *name)
{
    return alc_batch_norm(in, (alc_batch_norm_options){.name = name});
}

static const alc_real *run(alc_plan_mode mode, alc_tensor *output, int kept_count, alc_tensor *const *kept)
{
    return plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = output}, kept_count, kept);
}

/* Fused, and with everything in between kept, which stands in the way. */
static void expect_fused(alc_plan_mode mode, alc_tensor *output, int kept_count, alc_tensor *const *kept, int nodes)
{
    static alc_real apart[VALUES];
    memcpy(apart, run(mode, output, kept_count, kept), sizeof apart);
    int all = plan_live_nodes(f.plan);
    ck_assert_mem_eq(run(mode, output, 0, NULL), apart, sizeof apart);
    ck_assert_int_eq(plan_live_nodes(f.plan), nodes);
    ck_assert_int_gt(all, nodes);
}

static const alc_fusion *fusion(const char *name)
{
    const alc_plan_node *node = plan_node(f.plan, name);
    ck_assert_msg(node != NULL, "no node %s", name);
    return node->options;
}

/* Not all zeros. */
static void expect_gradient(const char *name, const alc_real *values, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || values[i] != 0;
    ck_assert_msg(any, "%s has no gradient", name);
}

START_TEST(a_residual_and_an_activation_are_taken_in)
{
    setup();
    alc_tensor *stem = conv(x, "stem"), *body = conv(conv(stem, "middle"), "body"), *sum = alc_add(body, stem);
    expect_fused(ALC_EVALUATE, alc_relu(sum), 2, (alc_tensor *[]){body, sum}, 3);
    ck_assert(fusion("body")->residual && fusion("body")->activation == ALCK_RELU);
    ck_assert(!fusion("stem")->residual);
    ck_assert_int_eq(plan_node(f.plan, "body")->in_place_of, 2);
    ck_assert_int_eq(plan_node(f.plan, "body")->input_count, 2);
    plan_fixture_end(&f);
}
END_TEST

/* In training norms take in additions, and any activation; a convolution's backward could not form silu's derivative. */
START_TEST(in_training_norms_are_the_hosts)
{
    setup();
    alc_tensor *stem = alc_silu(conv(x, "stem")), *body = norm(conv(stem, "body"), "bn"), *sum = alc_add(stem, body);
    expect_fused(ALC_TRAIN, alc_relu(sum), 2, (alc_tensor *[]){body, sum}, 4);
    ck_assert(fusion("bn")->residual && fusion("bn")->activation == ALCK_RELU);
    ck_assert(fusion("stem")->activation == ALCK_IDENTITY);
    ck_assert_ptr_nonnull(plan_node(f.plan, "silu_1"));
    plan_fixture_end(&f);
}
END_TEST

/* An activation whose derivative follows from its output: the gradients are the same bits. */
START_TEST(in_training_a_convolution_or_dense_layer_takes_an_activation_in)
{
    static const char *const names[] = {"body.weight", "units.weight", "units.bias"};
    enum { PARAMETERS = sizeof names / sizeof *names };
    static alc_real gradients[2][PARAMETERS][100 * 7];
    setup();
    alc_tensor *body = conv(x, "body"), *active = alc_relu6(body);
    alc_tensor *units = alc_dense(alc_flatten(active), (alc_dense_options){.name = "units", .units = 7}), *bent = alc_tanh(units);
    alc_tensor *output = alc_dense(bent, (alc_dense_options){.name = "head", .units = 2});
    for (int keep = 0; keep < 2; keep++) {
        run(ALC_TRAIN, output, 2 * keep, (alc_tensor *[]){body, units});
        ck_assert_int_eq(fusion("body")->activation, keep ? ALCK_IDENTITY : ALCK_RELU6);
        ck_assert_int_eq(fusion("units")->activation, keep ? ALCK_IDENTITY : ALCK_TANH);
        plan_fixture_backward(&f, names, PARAMETERS, gradients[keep][0], 100 * 7);
    }
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
    for (int i = 0; i < PARAMETERS; i++)
        expect_gradient(names[i], gradients[0][i], 100 * 7);
    /* The caller may look at the gradient of what is kept: it stays. */
    run(ALC_TRAIN, output, 2, (alc_tensor *[]){active, bent});
    ck_assert(fusion("body")->activation == ALCK_IDENTITY && fusion("units")->activation == ALCK_IDENTITY);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_convolution_that_nothing_is_trained_in_is_a_host_in_training_too)
{
    setup();
    alc_tensor *stem = alc_relu(conv(x, "stem"));
    alc_tensor *output = conv(stem, "head");
    ck_assert_int_eq(alc_model_train_from(f.model, "head"), ALC_OK);
    run(ALC_TRAIN, output, 0, NULL);
    ck_assert_int_eq(plan_live_nodes(f.plan), 2);
    ck_assert(fusion("stem")->activation == ALCK_RELU);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(one_activation_only_and_no_residual_after_it)
{
    setup();
    alc_tensor *stem = conv(x, "stem"), *first = alc_relu(conv(stem, "body")), *output = alc_tanh(first);
    run(ALC_EVALUATE, output, 0, NULL);
    ck_assert_int_eq(plan_live_nodes(f.plan), 3);
    run(ALC_EVALUATE, alc_add(first, stem), 0, NULL);
    ck_assert_int_eq(plan_live_nodes(f.plan), 3);
    ck_assert(!fusion("body")->residual);
    alc_tensor *normed = norm(first, "bn"); /* norms have kernels for relu, relu6 and silu alone */
    run(ALC_TRAIN, alc_sigmoid(normed), 0, NULL);
    ck_assert(fusion("bn")->activation == ALCK_IDENTITY);
    run(ALC_TRAIN, alc_silu(normed), 0, NULL);
    ck_assert(fusion("bn")->activation == ALCK_SILU);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(what_others_read_stays)
{
    setup();
    alc_tensor *body = conv(x, "body"), *active = alc_relu(body);
    run(ALC_EVALUATE, alc_add(active, body), 0, NULL);
    ck_assert_ptr_nonnull(plan_node(f.plan, "relu_1"));
    /* The same tensor on both sides is no residual. */
    alc_tensor *other = conv(x, "other");
    run(ALC_EVALUATE, alc_add(other, other), 0, NULL);
    ck_assert_ptr_nonnull(plan_node(f.plan, "add_2"));
    plan_fixture_end(&f);
}
END_TEST

/* Of two branches the later one takes the sum in; both are computed once. */
START_TEST(a_residual_must_be_there_before_its_host)
{
    setup();
    alc_tensor *early = conv(x, "early"), *late = conv(x, "late"), *sum = alc_add(early, late);
    expect_fused(ALC_EVALUATE, sum, 2, (alc_tensor *[]){early, late}, 2);
    ck_assert(!fusion("early")->residual && fusion("late")->residual);
    plan_fixture_end(&f);
}
END_TEST

/* A convolution whose output nobody else waits for is computed after its residual. */
START_TEST(a_convolution_waits_for_its_residual)
{
    setup();
    alc_tensor *stem = conv(x, "stem"), *skip = conv(stem, "skip"), *normed = norm(skip, "bn");
    alc_tensor *body = alc_max_pool(conv(stem, "body"), (alc_pool_options){.name = "pool", .kernel = 3, .stride = 1, .padding = 1});
    expect_fused(ALC_EVALUATE, alc_relu(alc_add(body, skip)), 2, (alc_tensor *[]){skip, body}, 4);
    ck_assert(fusion("skip")->residual && fusion("skip")->activation == ALCK_RELU);
    ck_assert_ptr_eq(plan_node(f.plan, "skip"), plan_node(f.plan, "pool") + 1);
    for (int64_t t = 0; t < f.plan->tensor_count; t++)
        if (f.plan->tensors[t].name && strcmp(f.plan->tensors[t].name, "pool") == 0)
            ck_assert_ptr_eq(&f.plan->nodes[f.plan->tensors[t].producer], plan_node(f.plan, "pool"));

    /* A norm that is trained keeps its place. */
    run(ALC_TRAIN, alc_add(normed, body), 0, NULL);
    ck_assert(!fusion("bn")->residual);
    plan_fixture_end(&f);
}
END_TEST

/* A frozen norm that is no longer folded may still take in an addition whose other side is trained. */
START_TEST(a_frozen_norm_passes_the_residuals_gradient_on)
{
    setup();
    alc_tensor *trained = conv(x, "trained"), *frozen = conv(x, "frozen"), *between = norm(frozen, "bn");
    alc_tensor *output = alc_add(between, trained);
    ck_assert_int_eq(alc_model_train_from(f.model, "trained"), ALC_OK);
    alc_parameter_set_trainable(alc_model_find_parameter(f.model, "frozen.weight"), false);
    alc_parameter_set_trainable(alc_model_find_parameter(f.model, "bn.weight"), false);
    alc_parameter_set_trainable(alc_model_find_parameter(f.model, "bn.bias"), false);
    alc_real gradients[2][4 * 4 * 9];
    for (int keep = 0; keep < 2; keep++) {
        run(ALC_TRAIN, output, 1 + keep, (alc_tensor *[]){frozen, between});
        ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
        ck_assert(fusion("bn")->residual == !keep);
        plan_fixture_backward(&f, (const char *[]){"trained.weight"}, 1, gradients[keep], 0);
    }
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
    plan_fixture_end(&f);
}
END_TEST

static alc_tensor *point_wise(alc_tensor *in, const char *name)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = 4, .kernel = 1});
}

START_TEST(a_gate_is_multiplied_where_a_point_wise_convolution_reads)
{
    setup();
    alc_tensor *stem = conv(x, "stem"), *gate = alc_sigmoid(alc_global_average_pool(stem));
    alc_tensor *product = alc_multiply(stem, gate), *body = point_wise(product, "body");
    expect_fused(ALC_EVALUATE, alc_relu(alc_add(body, x)), 1, &product, 4);
    ck_assert(fusion("body")->gate && fusion("body")->residual && fusion("body")->activation == ALCK_RELU);
    ck_assert_int_eq(plan_node(f.plan, "body")->in_place_of, 3);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_gate_stays_where_it_cannot_be_read)
{
    setup();
    alc_tensor *stem = conv(x, "stem"), *gate = alc_global_average_pool(stem), *product = alc_multiply(stem, gate);
    run(ALC_EVALUATE, conv(product, "wide"), 0, NULL); /* its taps lie in the padding too */
    ck_assert_ptr_nonnull(plan_node(f.plan, "multiply_1"));
    run(ALC_EVALUATE, alc_add(point_wise(product, "reader"), product), 0, NULL);
    ck_assert_ptr_nonnull(plan_node(f.plan, "multiply_1"));
    run(ALC_EVALUATE, point_wise(alc_multiply(stem, x), "equals"), 0, NULL);
    ck_assert_ptr_nonnull(plan_node(f.plan, "multiply_2"));
    plan_fixture_end(&f);
}
END_TEST

/* In training what "body" reads lies nowhere, and all gradients are the same bits as where it is kept; the last run is without. */
static void expect_formed(alc_tensor *read, alc_tensor *output, const char *const *names, int count)
{
    enum { PARAMETERS = 4, WEIGHTS = 4 * 4 * 9 };
    static alc_real gradients[2][PARAMETERS][WEIGHTS], values[2][VALUES];
    memset(gradients, 0, sizeof gradients);
    for (int keep = 1; keep >= 0; keep--) {
        memcpy(values[keep], run(ALC_TRAIN, output, keep, &read), sizeof values[keep]);
        const alc_fusion *body = fusion("body");
        const alc_plan_tensor *between = &f.plan->tensors[read->id];
        ck_assert(body->reads_last == !keep && (body->gate || body->reads_trained_norm) == !keep);
        ck_assert(between->unstored == !keep);
        ck_assert_int_eq(plan_steps(f.plan, f.plan->nodes[between->producer].name, ALC_STEP_RECOMPUTE), 0);
        plan_fixture_backward(&f, names, count, gradients[keep][0], WEIGHTS);
        const char *found;
        ck_assert_int_eq(alc_plan_find_not_finite(f.plan, &found), ALC_OK);
        ck_assert_str_eq(found, "");
    }
    ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
    for (int i = 0; i < count; i++)
        expect_gradient(names[i], gradients[0][i], WEIGHTS);
}

START_TEST(a_trained_gate_is_multiplied_as_it_is_read)
{
    setup();
    alc_tensor *stem = alc_silu(norm(conv(x, "stem"), "bn"));
    alc_tensor *gate = alc_sigmoid(point_wise(alc_global_average_pool(stem), "squeeze"));
    alc_tensor *product = alc_multiply(stem, gate), *output = alc_tanh(point_wise(product, "body"));
    expect_formed(product, output, (const char *[]){"stem.weight", "squeeze.weight", "body.weight"}, 3);
    ck_assert(fusion("body")->gate);
    plan_fixture_end(&f);
}
END_TEST

/* Where only the convolution is trained, too. */
START_TEST(a_frozen_gate_is_multiplied_as_a_trained_convolution_reads)
{
    static alc_real gradients[2][4 * 4];
    setup();
    alc_tensor *stem = conv(x, "stem"), *gate = alc_sigmoid(alc_global_average_pool(stem));
    alc_tensor *product = alc_multiply(stem, gate), *output = point_wise(product, "body");
    ck_assert_int_eq(alc_model_train_from(f.model, "body"), ALC_OK);
    for (int keep = 0; keep < 2; keep++) {
        run(ALC_TRAIN, output, keep, &product);
        ck_assert(fusion("body")->gate == !keep);
        plan_fixture_backward(&f, (const char *[]){"body.weight"}, 1, gradients[keep], 0);
    }
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
    expect_gradient("body.weight", gradients[0], 4 * 4);
    plan_fixture_end(&f);
}
END_TEST

/* After a pool, so that no convolution can take it in. */
static alc_tensor *pooled_norm(alc_tensor *in)
{
    return norm(alc_max_pool(in, (alc_pool_options){.kernel = 3, .padding = 1, .stride = 1}), "bn");
}

/* With both of its norms, the second folded into the weights. */
START_TEST(a_norm_is_applied_where_a_point_wise_convolution_reads)
{
    setup();
    alc_tensor *first = pooled_norm(conv(x, "stem")), *active = alc_relu(first), *body = point_wise(active, "body");
    alc_tensor *second = norm(body, "bn2");
    expect_fused(ALC_EVALUATE, alc_relu6(second), 2, (alc_tensor *[]){active, second}, 3);
    ck_assert(fusion("body")->reads_norm && fusion("body")->read_activation == ALCK_RELU && fusion("body")->norm);
    ck_assert_int_eq(plan_node(f.plan, "body")->in_place_of, 4);
    plan_fixture_end(&f);
    setup();
    first = pooled_norm(x);
    expect_fused(ALC_EVALUATE, point_wise(first, "body"), 1, &first, 2);
    ck_assert(fusion("body")->reads_norm && fusion("body")->read_activation == ALCK_IDENTITY);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_norm_stays_where_it_cannot_be_read)
{
    setup();
    alc_tensor *first = pooled_norm(x);
    run(ALC_EVALUATE, conv(first, "three"), 0, NULL); /* padding would be normalised */
    ck_assert(!fusion("three")->reads_norm);
    run(ALC_EVALUATE, alc_add(point_wise(first, "a"), alc_relu(first)), 0, NULL); /* two readers */
    ck_assert(!fusion("a")->reads_norm);
    run(ALC_EVALUATE, point_wise(alc_silu(norm(alc_max_pool(x, (alc_pool_options){.kernel = 3, .padding = 1, .stride = 1}), "bn2")), "b"), 0, NULL);
    ck_assert(!fusion("b")->reads_norm);
    run(ALC_TRAIN, point_wise(first, "c"), 0, NULL); /* its gradients need it */
    ck_assert(!fusion("c")->reads_norm);
    plan_fixture_end(&f);
}
END_TEST

/* Of a trained norm too: its output lies nowhere, and all gradients are the same bits as where it is kept. */
START_TEST(a_trained_norm_is_applied_as_it_is_read)
{
    setup();
    alc_tensor *active = alc_relu(pooled_norm(conv(x, "stem"))), *output = alc_tanh(point_wise(active, "body"));
    expect_formed(active, output, (const char *[]){"stem.weight", "bn.weight", "bn.bias", "body.weight"}, 4);
    ck_assert(fusion("body")->reads_trained_norm);
    plan_fixture_end(&f);
}
END_TEST

/* ---- a user's op with a span ---- */

typedef struct halve_options {
    alc_real factor;
} halve_options;

static alc_status infer_same(alc_infer *i)
{
    return alc_infer_output(i, i->input_shapes[0], ALC_REAL);
}

/* Each channel by its own factor, so that the first channel handed over matters. */
static void halve_span(const void *options, alc_real *values, int64_t first, int64_t count)
{
    const halve_options *o = options;
    for (int64_t i = 0; i < count; i++)
        values[i] *= o->factor + (alc_real)(first + i);
}

static alc_status halve(const alc_run *run)
{
    const alc_view *from = &run->inputs[0], *to = &run->outputs[0];
    for (int64_t pixel = 0; pixel < run->rows * from->height * from->width; pixel++) {
        alc_real *values = (alc_real *)to->data + pixel * to->stride;
        memcpy(values, (const alc_real *)from->data + pixel * from->stride, (size_t)from->channels * sizeof *values);
        halve_span(run->options, values, 0, from->channels);
    }
    return ALC_OK;
}

static const alc_op_def halving = {.name = "halving", .options_size = sizeof(halve_options), .infer = infer_same,
                                   .forward = halve, .apply_span = halve_span};

START_TEST(a_span_is_taken_in)
{
    setup();
    alc_tensor *body = conv(x, "body"), *active = alc_relu(body);
    halve_options options = {(alc_real)0.5};
    alc_tensor *output = alc_apply(&halving, NULL, &options, 1, &active);
    expect_fused(ALC_EVALUATE, output, 2, (alc_tensor *[]){body, active}, 1);
    ck_assert_ptr_eq(fusion("body")->span, &halving);
    /* A second span, and an activation behind a span, stay nodes of their own. */
    alc_tensor *twice = alc_apply(&halving, NULL, &options, 1, &output);
    expect_fused(ALC_EVALUATE, alc_relu(twice), 2, (alc_tensor *[]){body, active}, 3);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("fuse", a_residual_and_an_activation_are_taken_in, in_training_norms_are_the_hosts,
                     in_training_a_convolution_or_dense_layer_takes_an_activation_in,
                     a_convolution_that_nothing_is_trained_in_is_a_host_in_training_too,
                     one_activation_only_and_no_residual_after_it, what_others_read_stays,
                     a_residual_must_be_there_before_its_host, a_convolution_waits_for_its_residual,
                     a_frozen_norm_passes_the_residuals_gradient_on,
                     a_gate_is_multiplied_where_a_point_wise_convolution_reads, a_gate_stays_where_it_cannot_be_read,
                     a_trained_gate_is_multiplied_as_it_is_read, a_frozen_gate_is_multiplied_as_a_trained_convolution_reads,
                     a_norm_is_applied_where_a_point_wise_convolution_reads, a_norm_stays_where_it_cannot_be_read,
                     a_trained_norm_is_applied_as_it_is_read, a_span_is_taken_in);
}
