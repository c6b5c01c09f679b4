/* test_model.c - inputs, scopes, and failing once: the first sentence stays, every later builder passes the poison on. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

static failing_hooks hooks;
static alc_context *context;
static alc_model *model;

static void setup(void)
{
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}

static void expect_failure(alc_status status, const char *sentence)
{
    ck_assert_int_eq(alc_model_status(model), status);
    ck_assert_msg(strcmp(alc_error_message(context), sentence) == 0, "'%s', expected '%s'", alc_error_message(context),
                  sentence);
}

static void expect_input_refused(const char *name, alc_dtype dtype, alc_shape shape, const char *sentence)
{
    setup();
    alc_input(model, "taken", ALC_REAL, ALC_SHAPE(2));
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    ck_assert(alc_input(model, name, dtype, shape)->poison);
    expect_failure(ALC_INVALID_ARGUMENT, sentence);
    teardown();
}

START_TEST(inputs_keep_what_they_were_made_with)
{
    setup();
    alc_tensor *image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(8, 9, 3));
    alc_tensor *label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    ck_assert_ptr_eq(alc_tensor_model(image), model);
    ck_assert_ptr_eq(alc_model_context(model), context);
    ck_assert(alc_shape_equal(alc_tensor_shape(image), ALC_SHAPE(8, 9, 3)));
    ck_assert_int_eq(alc_tensor_dtype(label), ALC_I32);
    ck_assert_str_eq(alc_tensor_name(label), "label");
    ck_assert_ptr_eq(alc_model_find_tensor(model, "image"), image);
    ck_assert_ptr_null(alc_model_find_tensor(model, "ima"));
    teardown();
}
END_TEST

START_TEST(wrong_inputs_are_refused)
{
    expect_input_refused(NULL, ALC_REAL, ALC_SHAPE(1), "an input needs a name");
    expect_input_refused("", ALC_REAL, ALC_SHAPE(1), "an input needs a name");
    expect_input_refused("a", (alc_dtype)7, ALC_SHAPE(1), "input 'a': 7 is no element type");
    expect_input_refused("a", ALC_REAL, ALC_SHAPE(2, 0),
                         "input 'a': shape [2,0] must have 1 to 3 extents, all at least 1, and at most 2^48 values");
    expect_input_refused("a", ALC_REAL, (alc_shape){0},
                         "input 'a': shape [] must have 1 to 3 extents, all at least 1, and at most 2^48 values");
    expect_input_refused("a", ALC_REAL, ALC_SHAPE(1, 2, 3, 4),
                         "input 'a': shape [1,2,3,4] must have 1 to 3 extents, all at least 1, and at most 2^48 values");
    expect_input_refused("a", ALC_REAL, ALC_SHAPE((int64_t)1 << 25, (int64_t)1 << 24),
                         "input 'a': shape [33554432,16777216] must have 1 to 3 extents, all at least 1, and at most 2^48 "
                         "values");
    expect_input_refused("taken", ALC_REAL, ALC_SHAPE(1), "input 'taken': the name is taken");
}
END_TEST

START_TEST(scopes_nest_and_end)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    alc_scope_begin(model, "layer%d.%d", 1, 0);
    x = alc_dense(x, (alc_dense_options){.name = "a", .units = 2});
    ck_assert_str_eq(alc_tensor_name(x), "layer1.0.a");
    alc_scope_begin(model, "inner");
    x = alc_relu(x);
    ck_assert_str_eq(alc_tensor_name(x), "layer1.0.inner.relu_1");
    alc_scope_end(model);
    x = alc_relu(x);
    ck_assert_str_eq(alc_tensor_name(x), "layer1.0.relu_1");
    alc_scope_end(model);
    x = alc_dense(x, (alc_dense_options){.name = "fc", .units = 2});
    ck_assert_str_eq(alc_tensor_name(x), "fc");
    ck_assert_ptr_nonnull(alc_model_find_parameter(model, "layer1.0.a.weight"));
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    teardown();
}
END_TEST

START_TEST(scopes_that_do_not_match_fail_the_model)
{
    setup();
    alc_scope_end(model);
    expect_failure(ALC_INVALID_ARGUMENT, "a scope is ended that was not begun");
    teardown();
    setup();
    for (int i = 0; i <= ALC_MAX_SCOPES; i++)
        alc_scope_begin(model, "s%d", i);
    expect_failure(ALC_INVALID_ARGUMENT, "scope 's32' is nested more than 32 deep");
    teardown();
    setup();
    alc_scope_begin(model, "%s", "");
    expect_failure(ALC_INVALID_ARGUMENT, "a scope's name must have 1 to 255 characters");
    teardown();
    setup();
    alc_scope_begin(model, "%300d", 1);
    expect_failure(ALC_INVALID_ARGUMENT, "a scope's name must have 1 to 255 characters");
    teardown();
}
END_TEST

/* Names are made up to a length; beyond it the model fails instead of looking for a free number for ever. */
START_TEST(scopes_too_long_for_a_name_fail_the_model)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    for (int i = 0; i < 3; i++)
        alc_scope_begin(model, "%0200d", i);
    alc_tensor *named = alc_dense(x, (alc_dense_options){.name = "a", .units = 2});
    ck_assert_uint_eq(strlen(alc_tensor_name(named)), 3 * 201 + 1);
    ck_assert(alc_relu(named)->poison);
    expect_failure(ALC_INVALID_ARGUMENT, "relu: the names of the scopes around it have more than 511 characters");
    teardown();
}
END_TEST

START_TEST(the_first_failure_stays)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    alc_tensor *poison = alc_dense(x, (alc_dense_options){.name = "none", .units = 0});
    ck_assert(poison->poison);
    char first[256];
    snprintf(first, sizeof first, "%s", alc_error_message(context));
    ck_assert_ptr_nonnull(strstr(first, "none"));
    /* Everything after it is poison too, whatever it would have been, and adds nothing. */
    ck_assert_ptr_eq(alc_relu(poison), poison);
    ck_assert_ptr_eq(alc_add(x, x), poison);
    ck_assert_ptr_eq(alc_input(model, "y", ALC_REAL, ALC_SHAPE(1)), poison);
    ck_assert_ptr_eq(alc_poison(model, ALC_MISMATCH, "another %s", "sentence"), poison);
    ck_assert_str_eq(alc_error_message(context), "another sentence");
    expect_failure(ALC_INVALID_ARGUMENT, first);
    ck_assert_int_eq(alc_model_parameter_count(model), 0);
    alc_plan *plan;
    ck_assert_int_eq(alc_compile(model, (alc_compile_options){.batch = 1, .output = poison}, &plan),
                     ALC_INVALID_ARGUMENT);
    ck_assert_ptr_null(plan);
    ck_assert_str_eq(alc_error_message(context), first);
    teardown();
}
END_TEST

START_TEST(failing_for_want_of_memory_is_such_a_failure)
{
    setup();
    hooks.allocations_stay_failed = true;
    hooks.fail_allocation = 1;
    failing_hooks_restart(&hooks);
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    ck_assert(x->poison);
    char bytes[8] = "12345";
    ck_assert_ptr_null(alc_model_copy(model, bytes, sizeof bytes));
    alc_scope_begin(model, "scope");
    failing_hooks_relent(&hooks);
    ck_assert(alc_relu(x)->poison);
    /* The sentence needs no memory of its own. */
    ck_assert_int_eq(alc_model_status(model), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "cannot allocate"));
    teardown();
    setup();
    const char *copy = alc_model_copy(model, bytes, sizeof bytes);
    bytes[0] = 'x';
    ck_assert_str_eq(copy, "12345");
    alc_model *other = NULL;
    hooks.fail_allocation = 1;
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_model_create(context, &other), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(other);
    failing_hooks_relent(&hooks);
    alc_model_destroy(NULL);
    teardown();
}
END_TEST

enum { SENTENCE = 900 };

/* Sentences of as many equal letters, until told to stop. */
static void *fail_again_and_again(void *stop)
{
    char sentence[SENTENCE + 1] = "";
    for (int i = 0; !atomic_load((atomic_bool *)stop); i++) {
        memset(sentence, 'a' + i % 26, SENTENCE);
        alc_fail(context, ALC_NOT_FOUND, "%s", sentence);
    }
    return NULL;
}

/* A model keeps a whole sentence while others are said on another thread. */
START_TEST(sentences_are_not_mixed_between_threads)
{
    pthread_t other;
    atomic_bool stop = false;
    setup();
    ck_assert_int_eq(pthread_create(&other, NULL, fail_again_and_again, &stop), 0);
    int mixed = 0;
    for (int i = 0; i < 20000; i++) {
        char all[] = {0, 0};
        model->status = ALC_OK;
        alc_model_fail(model, ALC_NOT_FOUND);
        all[0] = model->message[0];
        mixed += model->message[0] != '\0' && strspn(model->message, all) != SENTENCE;
    }
    atomic_store(&stop, true);
    pthread_join(other, NULL);
    ck_assert_int_eq(mixed, 0);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("model", inputs_keep_what_they_were_made_with, wrong_inputs_are_refused, scopes_nest_and_end,
                     scopes_that_do_not_match_fail_the_model, scopes_too_long_for_a_name_fail_the_model,
                     the_first_failure_stays, failing_for_want_of_memory_is_such_a_failure,
                     sentences_are_not_mixed_between_threads);
}
