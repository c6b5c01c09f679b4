/* test_op_refusals.c - every sentence with which an op refuses its inputs or options, sizes that would overflow included, and
 * those with which one fails while it runs. */
#include <string.h>

#include "alcor/layers.h"
#include "alcor/plan.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;
static alc_tensor *image, *row, *matrix, *whole; /* [6,6,4], [5], [2,5], integers [3] */

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(6, 6, 4));
    row = alc_input(model, "row", ALC_REAL, ALC_SHAPE(5));
    matrix = alc_input(model, "matrix", ALC_REAL, ALC_SHAPE(2, 5));
    whole = alc_input(model, "whole", ALC_I32, ALC_SHAPE(3));
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

/* A fresh model for each: the first failure of a model is its only one. */
#define REFUSED(layer, expected, sentence)                                                         \
    do {                                                                                           \
        setup();                                                                                   \
        (void)(layer);                                                                             \
        alc_status status = alc_model_status(model);                                               \
        ck_assert_msg(status == (expected), "%s: %s", alc_status_name(status), sentence);          \
        ck_assert_msg(strcmp(alc_error_message(context), sentence) == 0, "'%s', expected '%s'",    \
                      alc_error_message(context), sentence);                                       \
        teardown();                                                                                \
    } while (0)

#define CONV(...) alc_conv2d(image, (alc_conv2d_options){.name = "c", __VA_ARGS__})
#define POOL(...) alc_max_pool(image, (alc_pool_options){.name = "p", __VA_ARGS__})

START_TEST(integers_are_no_reals)
{
    REFUSED(alc_dense(whole, (alc_dense_options){.name = "d", .units = 2}), ALC_INVALID_ARGUMENT,
            "d: input 0 holds integers; real numbers are expected");
    REFUSED(alc_relu(whole), ALC_INVALID_ARGUMENT, "relu_1: input 0 holds integers; real numbers are expected");
    REFUSED(alc_add(row, whole), ALC_INVALID_ARGUMENT, "add_1: input 1 holds integers; real numbers are expected");
    REFUSED(alc_multiply(whole, row), ALC_INVALID_ARGUMENT,
            "multiply_1: input 0 holds integers; real numbers are expected");
    REFUSED(alc_dropout(whole, 0.5), ALC_INVALID_ARGUMENT,
            "dropout_1: input 0 holds integers; real numbers are expected");
    REFUSED(alc_flatten(whole), ALC_INVALID_ARGUMENT, "flatten_1: input 0 holds integers; real numbers are expected");
    REFUSED(alc_softmax(whole), ALC_INVALID_ARGUMENT, "softmax_1: input 0 holds integers; real numbers are expected");
    REFUSED(alc_batch_norm(whole, (alc_batch_norm_options){.name = "b"}), ALC_INVALID_ARGUMENT,
            "b: input 0 holds integers; real numbers are expected");
    REFUSED(alc_concat(2, (alc_tensor *[]){row, whole}), ALC_INVALID_ARGUMENT,
            "concat_1: input 1 holds integers; real numbers are expected");
}
END_TEST

/* To a convolution a row is one pixel; to pooling it is nothing. */
START_TEST(rows_are_no_images)
{
    REFUSED(alc_conv2d(matrix, (alc_conv2d_options){.name = "c", .filters = 1, .kernel = 1}), ALC_SHAPE_MISMATCH,
            "c: input 0 is [2,5]; [height,width,channels] is expected");
    REFUSED(alc_conv2d(row, (alc_conv2d_options){.name = "c", .filters = 1, .kernel = 2}), ALC_SHAPE_MISMATCH,
            "c: a kernel of 2x2 with dilation 1 does not fit into the input [5]");
    REFUSED(alc_average_pool(row, (alc_pool_options){.name = "p", .kernel = 2}), ALC_SHAPE_MISMATCH,
            "p: input 0 is [5]; [height,width,channels] is expected");
    REFUSED(alc_adaptive_average_pool(row, 2, 2), ALC_SHAPE_MISMATCH,
            "adaptive_average_pool_1: input 0 is [5]; [height,width,channels] is expected");
    REFUSED(alc_global_average_pool(row), ALC_SHAPE_MISMATCH,
            "global_average_pool_1: input 0 is [5]; [height,width,channels] is expected");
}
END_TEST

START_TEST(convolutions)
{
    REFUSED(CONV(.kernel = 3), ALC_INVALID_ARGUMENT,
            "c: filters 0, kernel 3x3, stride 1, dilation 1 and groups 1 must all be within 1 and 2^30");
    REFUSED(CONV(.filters = 2), ALC_INVALID_ARGUMENT,
            "c: filters 2, kernel 0x0, stride 1, dilation 1 and groups 1 must all be within 1 and 2^30");
    REFUSED(CONV(.filters = 2, .kernel = 3, .stride = -1), ALC_INVALID_ARGUMENT,
            "c: filters 2, kernel 3x3, stride -1, dilation 1 and groups 1 must all be within 1 and 2^30");
    REFUSED(CONV(.filters = 2, .kernel = 3, .dilation = INT64_MAX), ALC_INVALID_ARGUMENT,
            "c: filters 2, kernel 3x3, stride 1, dilation 9223372036854775807 and groups 1 must all be within 1 and 2^30");
    REFUSED(CONV(.filters = 2, .kernel_height = INT64_MAX, .kernel_width = 1), ALC_INVALID_ARGUMENT,
            "c: filters 2, kernel 9223372036854775807x1, stride 1, dilation 1 and groups 1 must all be within 1 and 2^30");
    REFUSED(CONV(.filters = 2, .kernel = 3, .padding = -1), ALC_INVALID_ARGUMENT,
            "c: padding must be within 0 and 2^30");
    REFUSED(CONV(.filters = 2, .kernel = 3, .pad_left = INT64_MAX), ALC_INVALID_ARGUMENT,
            "c: padding must be within 0 and 2^30");
    REFUSED(CONV(.filters = 4, .kernel = 3, .groups = 3), ALC_SHAPE_MISMATCH,
            "c: 4 input channels and 4 filters do not both divide into 3 groups");
    REFUSED(CONV(.filters = 3, .kernel = 3, .groups = 2), ALC_SHAPE_MISMATCH,
            "c: 4 input channels and 3 filters do not both divide into 2 groups");
    REFUSED(CONV(.filters = 3, .kernel = 7), ALC_SHAPE_MISMATCH,
            "c: a kernel of 7x7 with dilation 1 does not fit into the input [6,6,4]");
    REFUSED(CONV(.filters = 3, .kernel = 4, .dilation = 2), ALC_SHAPE_MISMATCH,
            "c: a kernel of 4x4 with dilation 2 does not fit into the input [6,6,4]");
    /* A weight of more values than there are numbers of 64 bits. */
    REFUSED(CONV(.filters = (int64_t)1 << 30, .kernel = (int64_t)1 << 28, .padding = (int64_t)1 << 27),
            ALC_INVALID_ARGUMENT,
            "c.weight: its shape has an extent below 1, is too large, or does not have as many values as its layout");
}
END_TEST

START_TEST(pools)
{
    REFUSED(POOL(.kernel = 0), ALC_INVALID_ARGUMENT,
            "p: kernel 0 (1 to 15), stride 0 (at least 1) or padding 0 (0 to half the kernel) is out of range");
    REFUSED(POOL(.kernel = 16, .padding = 8), ALC_INVALID_ARGUMENT,
            "p: kernel 16 (1 to 15), stride 16 (at least 1) or padding 8 (0 to half the kernel) is out of range");
    REFUSED(POOL(.kernel = (int64_t)1 << 32, .padding = (int64_t)1 << 31), ALC_INVALID_ARGUMENT,
            "p: kernel 4294967296 (1 to 15), stride 4294967296 (at least 1) or padding 2147483648 (0 to half the kernel) is "
            "out of range");
    REFUSED(POOL(.kernel = 3, .padding = 2), ALC_INVALID_ARGUMENT,
            "p: kernel 3 (1 to 15), stride 3 (at least 1) or padding 2 (0 to half the kernel) is out of range");
    REFUSED(POOL(.kernel = 3, .stride = -1), ALC_INVALID_ARGUMENT,
            "p: kernel 3 (1 to 15), stride -1 (at least 1) or padding 0 (0 to half the kernel) is out of range");
    REFUSED(alc_adaptive_average_pool(image, 0, 7), ALC_INVALID_ARGUMENT,
            "adaptive_average_pool_1: an output of 0x7 pixels; both extents must be within 1 and 4096");
    REFUSED(alc_adaptive_average_pool(image, 7, 4097), ALC_INVALID_ARGUMENT,
            "adaptive_average_pool_1: an output of 7x4097 pixels; both extents must be within 1 and 4096");
    REFUSED(alc_adaptive_average_pool(image, INT64_MIN, INT64_MAX), ALC_INVALID_ARGUMENT,
            "adaptive_average_pool_1: an output of -9223372036854775808x9223372036854775807 pixels; both extents must be "
            "within 1 and 4096");
    REFUSED(POOL(.kernel = 7), ALC_SHAPE_MISMATCH, "p: a window of 7x7 does not fit into the input [6,6,4]");
}
END_TEST

START_TEST(the_others)
{
    REFUSED(alc_dense(row, (alc_dense_options){.name = "d", .units = -2}), ALC_INVALID_ARGUMENT,
            "d: units is -2; at least 1 is expected");
    REFUSED(alc_dense(row, (alc_dense_options){.name = "d", .units = INT64_MAX}), ALC_SHAPE_MISMATCH,
            "d: output shape [9223372036854775807] must have 1 to 3 extents, all at least 1, and at most 2^48 values");
    REFUSED(alc_dense(alc_input(model, "wide", ALC_REAL, ALC_SHAPE((int64_t)1 << 17)),
                      (alc_dense_options){.name = "d", .units = (int64_t)1 << 48}),
            ALC_INVALID_ARGUMENT,
            "d.weight: its shape has an extent below 1, is too large, or does not have as many values as its layout");
    REFUSED(alc_add(row, image), ALC_SHAPE_MISMATCH, "add_1: shapes [5] and [6,6,4] differ");
    REFUSED(alc_multiply(image, row), ALC_SHAPE_MISMATCH,
            "multiply_1: shape [5] is neither [6,6,4] nor one value for each of its channels");
    REFUSED(alc_concat(2, (alc_tensor *[]){image, row}), ALC_SHAPE_MISMATCH,
            "concat_1: input 1 is [5]; only its channels may differ from [6,6,4]");
    REFUSED(alc_concat(65, (alc_tensor *[65]){image}), ALC_INVALID_ARGUMENT, "concat: 65 inputs, at most 64 are possible");
    REFUSED(alc_dropout(row, 1), ALC_INVALID_ARGUMENT, "dropout_1: rate 1 must be at least 0 and below 1");
    REFUSED(alc_drop_connect(row, -0.25), ALC_INVALID_ARGUMENT,
            "drop_connect_1: rate -0.25 must be at least 0 and below 1");
    REFUSED(alc_batch_norm(row, (alc_batch_norm_options){.name = "b", .momentum = 1.5}), ALC_INVALID_ARGUMENT,
            "b: epsilon 1e-05 must be above 0 and momentum 1.5 between 0 and 1");
}
END_TEST

static alc_tensor *loss(alc_tensor *logits, alc_tensor *labels, double smoothing, const double *weights)
{
    return alc_softmax_cross_entropy(logits, labels, (alc_cross_entropy_options){.name = "loss", .class_weights = weights,
                                                                                .label_smoothing = smoothing});
}

START_TEST(losses)
{
    REFUSED(loss(image, whole, 0, NULL), ALC_SHAPE_MISMATCH, "loss: logits are [6,6,4]; [classes] is expected");
    REFUSED(loss(image, whole, 0, (const double[]){1, 1, 1, 1}), ALC_SHAPE_MISMATCH, "loss: logits are [6,6,4]; [classes] is expected");
    REFUSED(loss(NULL, whole, 0, (const double[]){1}), ALC_INVALID_ARGUMENT, "softmax_cross_entropy: input 0 is NULL");
    REFUSED(loss(row, whole, 0, NULL), ALC_SHAPE_MISMATCH, "loss: labels must be an ALC_I32 tensor of shape [1], not [3]");
    REFUSED(loss(row, row, 0, NULL), ALC_SHAPE_MISMATCH, "loss: labels must be an ALC_I32 tensor of shape [1], not [5]");
    REFUSED(loss(row, alc_input(model, "label", ALC_I32, ALC_SHAPE(1)), 1.5, NULL), ALC_INVALID_ARGUMENT,
            "loss: label smoothing 1.5 must be between 0 and 1");
    REFUSED(loss(row, alc_input(model, "label", ALC_I32, ALC_SHAPE(1)), 0, (const double[]){1, -1, 1, 1, 1}),
            ALC_INVALID_ARGUMENT, "softmax_cross_entropy: the weight of class 1 is -1; at least 0 is expected");
}
END_TEST

/* ---- while running ---- */

static void expect_run_fails(alc_tensor *output, const int32_t *labels, int64_t batch, const char *sentence)
{
    alc_plan *plan;
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = batch, .output = output};
    ck_assert_msg(alc_compile(model, options, &plan) == ALC_OK, "%s", alc_error_message(context));
    const alc_tensor *label = alc_model_find_tensor(model, "label");
    if (label)
        memcpy(alc_plan_input(plan, label), labels, (size_t)batch * sizeof *labels);
    ck_assert_int_eq(alc_forward(plan), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), sentence);
    alc_plan_destroy(plan);
}

START_TEST(labels_that_are_no_class)
{
    static const double weights[5] = {0, 1, 0, 1, 1};
    setup();
    alc_tensor *label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *output = loss(row, label, 0, weights);
    expect_run_fails(output, (const int32_t[]){0, 4, 5, 2}, 4, "loss: sample 2 has label 5; labels are 0 to 4");
    expect_run_fails(output, (const int32_t[]){0, -1}, 2, "loss: sample 1 has label -1; labels are 0 to 4");
    expect_run_fails(output, (const int32_t[]){0, 2, 0}, 3, "loss: the class weights of the batch's 3 labels sum to 0");
    teardown();
}
END_TEST

START_TEST(one_value_has_no_variance)
{
    setup();
    alc_tensor *output = alc_batch_norm(row, (alc_batch_norm_options){.name = "b"});
    expect_run_fails(output, NULL, 1,
                     "b: batch statistics need more than one value per channel, and this batch has one");
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("op refusals", integers_are_no_reals, rows_are_no_images, convolutions, pools, the_others, losses,
                     labels_that_are_no_class, one_value_has_no_variance);
}
