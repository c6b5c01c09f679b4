/* test_node.c - adding nodes of ops that a user wrote: what infer may declare, names, several outputs, and every way in which
 * it is refused. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;
static alc_tensor *x;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static void expect_failure(alc_status status, const char *sentence)
{
    ck_assert_int_eq(alc_model_status(model), status);
    ck_assert_msg(strcmp(alc_error_message(context), sentence) == 0, "'%s', expected '%s'", alc_error_message(context),
                  sentence);
}

/* An op whose options say what it declares. */
typedef struct wishes {
    int outputs, scalars, parameters;
    alc_shape shape;
    alc_dtype dtype;
    alc_parameter_spec parameter;
} wishes;

static alc_status infer(alc_infer *i)
{
    const wishes *w = i->options;
    alc_status status = ALC_OK;
    for (int k = 0; k < w->outputs && status == ALC_OK; k++)
        status = alc_infer_output(i, w->shape, w->dtype);
    for (int k = 0; k < w->scalars && status == ALC_OK; k++)
        status = alc_infer_scalar_output(i);
    for (int k = 0; k < w->parameters && status == ALC_OK; k++) {
        char name[3] = {'p', (char)('a' + k), '\0'};
        alc_parameter_spec spec = w->parameter;
        if (!spec.name)
            spec.name = alc_model_copy(model, name, sizeof name);
        status = alc_infer_parameter(i, spec);
    }
    return status;
}

static alc_status nothing(const alc_run *run)
{
    (void)run;
    return ALC_OK;
}

static const alc_op_def wishing = {.name = "wishing", .options_size = sizeof(wishes), .infer = infer, .forward = nothing};

static alc_tensor *wish(const char *name, wishes w)
{
    if (w.shape.rank == 0)
        w.shape = ALC_SHAPE(2);
    if (w.parameter.shape.rank == 0)
        w.parameter.shape = ALC_SHAPE(4);
    return alc_apply(&wishing, name, &w, 1, &x);
}

START_TEST(names_are_made_where_none_is_given)
{
    setup();
    ck_assert_str_eq(alc_tensor_name(wish(NULL, (wishes){.outputs = 1})), "wishing_1");
    ck_assert_str_eq(alc_tensor_name(wish(NULL, (wishes){.outputs = 1})), "wishing_2");
    ck_assert_str_eq(alc_tensor_name(wish("wishing_3", (wishes){.outputs = 1})), "wishing_3");
    ck_assert_str_eq(alc_tensor_name(wish(NULL, (wishes){.outputs = 1})), "wishing_4");
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    wish("x", (wishes){.outputs = 1});
    expect_failure(ALC_INVALID_ARGUMENT, "x: the name is taken");
    teardown();
}
END_TEST

START_TEST(several_outputs_share_a_name)
{
    setup();
    alc_tensor *outputs[5];
    wishes w = {.outputs = 2, .scalars = 1, .shape = ALC_SHAPE(2, 2, 5), .dtype = ALC_I32};
    alc_apply_n(&wishing, "n", &w, 1, &x, 5, outputs);
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    ck_assert_int_eq(alc_tensor_dtype(outputs[1]), ALC_I32);
    ck_assert(alc_shape_equal(alc_tensor_shape(outputs[1]), ALC_SHAPE(2, 2, 5)));
    ck_assert(outputs[2]->scalar && !outputs[1]->scalar);
    ck_assert(outputs[3]->poison && outputs[4]->poison);
    ck_assert_ptr_eq(alc_model_find_tensor(model, "n"), outputs[0]);
    teardown();
}
END_TEST

START_TEST(options_are_copied)
{
    setup();
    wishes w = {.outputs = 1, .shape = ALC_SHAPE(2)};
    alc_tensor *y = alc_apply(&wishing, "n", &w, 1, &x);
    w.outputs = 0;
    ck_assert_int_eq(((const wishes *)y->node->options)->outputs, 1);
    teardown();
}
END_TEST

START_TEST(what_infer_may_not_declare)
{
    setup();
    ck_assert(wish("n", (wishes){0})->poison);
    expect_failure(ALC_INVALID_ARGUMENT, "n: the op 'wishing' declares no output");
    teardown();
    setup();
    wish("n", (wishes){.outputs = ALC_MAX_OUTPUTS + 1});
    expect_failure(ALC_INVALID_ARGUMENT, "n: more than 16 outputs");
    teardown();
    setup();
    wish("n", (wishes){.outputs = 1, .shape = ALC_SHAPE(2, 0)});
    expect_failure(ALC_SHAPE_MISMATCH, "n: output shape [2,0] must have 1 to 3 extents, all at least 1, and at most 2^48 values");
    teardown();
    setup();
    wish("n", (wishes){.outputs = 1, .parameters = ALC_MAX_NODE_PARAMETERS + 1});
    expect_failure(ALC_INVALID_ARGUMENT, "n: more than 16 parameters");
    teardown();
    setup();
    wish("n", (wishes){.outputs = 1, .parameters = 1, .parameter = {.name = "p", .shape = ALC_SHAPE(0)}});
    expect_failure(ALC_INVALID_ARGUMENT, "n.p: its shape has an extent below 1, is too large, or does not have as many "
                   "values as its layout");
    teardown();
    setup();
    wish("n", (wishes){.outputs = 1, .parameters = 1,
                       .parameter = {.name = "p", .shape = ALC_SHAPE(4), .layout = {ALC_SHAPE(5), {0}}}});
    expect_failure(ALC_INVALID_ARGUMENT, "n.p: its shape has an extent below 1, is too large, or does not have as many "
                   "values as its layout");
    teardown();
    setup();
    wish("n", (wishes){.outputs = 1, .parameters = 2, .parameter = {.name = "twice"}});
    expect_failure(ALC_INVALID_ARGUMENT, "n.twice: the model has a parameter of that name already");
    teardown();
}
END_TEST

START_TEST(inputs_that_cannot_be_used)
{
    setup();
    alc_model *other;
    ck_assert_int_eq(alc_model_create(context, &other), ALC_OK);
    alc_tensor *foreign = alc_input(other, "y", ALC_REAL, ALC_SHAPE(3));
    ck_assert_ptr_eq(alc_tensor_model(alc_add(x, foreign)), model);
    expect_failure(ALC_INVALID_ARGUMENT, "add: input 1 is of another model");
    ck_assert_int_eq(alc_model_status(other), ALC_OK);
    alc_model_destroy(other);
    teardown();
    setup();
    ck_assert(alc_add(NULL, x)->poison);
    expect_failure(ALC_INVALID_ARGUMENT, "add: input 0 is NULL");
    teardown();
    setup();
    alc_tensor *many[ALC_MAX_INPUTS + 1];
    for (int i = 0; i <= ALC_MAX_INPUTS; i++)
        many[i] = x;
    wishes w = {.outputs = 1, .shape = ALC_SHAPE(2)};
    ck_assert(alc_apply(&wishing, "n", &w, ALC_MAX_INPUTS + 1, many)->poison);
    expect_failure(ALC_INVALID_ARGUMENT, "wishing: 65 inputs, at most 64 are possible");
    teardown();
    /* Without any tensor there is no model to fail. */
    ck_assert_ptr_null(alc_relu(NULL));
    ck_assert_ptr_null(alc_concat(0, NULL));
}
END_TEST

START_TEST(a_failing_infer_fails_the_model)
{
    setup();
    alc_tensor *poison = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn", .epsilon = -0.5});
    ck_assert(poison->poison);
    expect_failure(ALC_INVALID_ARGUMENT, "bn: epsilon -0.5 must be above 0 and momentum 0.1 between 0 and 1");
    ck_assert_int_eq(alc_model_parameter_count(model), 0);
    teardown();
}
END_TEST

/* More nodes than the first allocation of any list has room for. */
START_TEST(models_grow)
{
    setup();
    alc_tensor *y = x;
    for (int i = 0; i < 300; i++)
        y = i % 2 ? alc_relu(y) : alc_dense(y, (alc_dense_options){.units = 3});
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    ck_assert_str_eq(alc_tensor_name(y), "relu_150");
    ck_assert_int_eq(alc_model_parameter_count(model), 300);
    ck_assert_ptr_eq(alc_model_find_tensor(model, "dense_1"), model->nodes[0]->outputs[0]);
    for (int64_t i = 0; i < model->node_count; i++)
        ck_assert_int_eq(model->nodes[i]->id, i);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("node", names_are_made_where_none_is_given, several_outputs_share_a_name, options_are_copied,
                     what_infer_may_not_declare, inputs_that_cannot_be_used, a_failing_infer_fails_the_model, models_grow);
}
