/* test_model_goldens_double.c - the deep backbones against what PyTorch computes in double precision: logits, loss, and of every
 * parameter the gradient's norm and one value. scripts/make_model_goldens.py writes the files and has the formula for weights and
 * images. (Differences, as in test_model_gradients_double.c, tell little about networks with so many kinks.) */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/plan.h"
#include "support/run_tests.h"

static bool ends_with(const char *name, const char *end)
{
    return strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static uint32_t name_number(const char *name)
{
    return (uint32_t)crc32(0, (const unsigned char *)name, (unsigned)strlen(name));
}

static double number_at(uint32_t name, int64_t index)
{
    uint32_t state = (uint32_t)((uint64_t)index * 2654435761u + name);
    state = (state ^ (state >> 15)) * 2246822519u;
    state = (state ^ (state >> 13)) * 3266489917u;
    return (double)(state >> 16) / 65536;
}

/* In PyTorch's order. */
static void fill(const char *name, alc_shape shape, alc_real *values)
{
    const int64_t count = alc_shape_elements(shape);
    const double fan_in = shape.rank > 1 ? (double)(count / shape.extent[0]) : 1;
    const uint32_t number = name_number(name);
    for (int64_t i = 0; i < count; i++) {
        const double u = number_at(number, i);
        values[i] = ends_with(name, "running_var")    ? 0.5 + u
                    : ends_with(name, "running_mean") ? 0.4 * u - 0.2
                    : shape.rank > 1                  ? (2 * u - 1) / sqrt(fan_in)
                    : ends_with(name, "weight")       ? 0.3 + 0.3 * u
                                                      : 0.5 + 0.5 * u;
    }
}

static void fill_parameters(alc_model *model)
{
    for (int64_t i = 0; i < alc_model_parameter_count(model); i++) {
        alc_parameter *parameter = alc_model_parameter(model, i);
        const alc_shape shape = alc_parameter_shape(parameter);
        alc_real *values = calloc((size_t)alc_shape_elements(shape), sizeof *values);
        ck_assert_ptr_nonnull(values);
        fill(alc_parameter_name(parameter), shape, values);
        alc_parameter_write(parameter, values);
        free(values);
    }
}

/* From batch, channel, height, width to batch, height, width, channel. */
static void fill_images(alc_real *pixels, int64_t batch, int64_t size)
{
    const alc_shape shape = ALC_SHAPE(batch, 3, size, size);
    alc_real *values = calloc((size_t)alc_shape_elements(shape), sizeof *values);
    ck_assert_ptr_nonnull(values);
    fill("image", shape, values);
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < 3; c++)
            for (int64_t p = 0; p < size * size; p++)
                pixels[(n * size * size + p) * 3 + c] = 100 * values[(n * 3 + c) * size * size + p];
    free(values);
}

static void expect(const char *what, double got, double want, double scale)
{
    ck_assert_msg(fabs(got - want) <= 1e-8 * scale, "%s: %.15g instead of %.15g", what, got, want);
}

static void compare_gradients(const alc_plan *plan, const alc_model *model, json_t *wanted)
{
    const char *name;
    json_t *golden;
    double largest = 0;
    json_object_foreach(wanted, name, golden)
        largest = fmax(largest, json_real_value(json_array_get(golden, 0)));
    json_object_foreach(wanted, name, golden) {
        const alc_parameter *parameter = alc_model_find_parameter(model, name);
        ck_assert_msg(parameter != NULL, "no parameter %s", name);
        const int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
        alc_real *gradient = calloc((size_t)count, sizeof *gradient);
        ck_assert_ptr_nonnull(gradient);
        ck_assert_int_eq(alc_plan_read_gradient(plan, parameter, gradient), ALC_OK);
        double squares = 0;
        for (int64_t i = 0; i < count; i++)
            squares += gradient[i] * gradient[i];
        const double norm = json_real_value(json_array_get(golden, 0));
        /* A gradient that vanishes in exact arithmetic is judged beside its neighbours. */
        const double scale = fmax(norm, 1e-4 * largest);
        expect(name, sqrt(squares), norm, scale);
        expect(name, gradient[json_integer_value(json_array_get(golden, 1))], json_real_value(json_array_get(golden, 2)),
               scale);
        free(gradient);
    }
}

static void compare(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/models/goldens/%s.json", name);
    json_t *golden = json_load_file(path, 0, NULL);
    ck_assert_msg(golden != NULL, "%s cannot be read", path);
    const int64_t batch = json_integer_value(json_object_get(golden, "batch"));
    const int64_t size = json_integer_value(json_object_get(golden, "size"));
    const int64_t classes = json_integer_value(json_object_get(golden, "classes"));

    alc_context *context;
    alc_model *model;
    alc_plan *evaluation, *training;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(size, size, 3));
    alc_tensor *label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *logits = alc_backbone_find(name)->classify(image, classes);
    alc_tensor *loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    fill_parameters(model);
    ck_assert_int_eq(alc_compile(model, (alc_compile_options){.batch = batch, .output = logits}, &evaluation), ALC_OK);
    ck_assert_int_eq(
        alc_compile(model, (alc_compile_options){.mode = ALC_TRAIN, .batch = batch, .output = loss, .no_dropout = true}, &training), ALC_OK);

    fill_images(alc_plan_input(evaluation, image), batch, size);
    ck_assert_int_eq(alc_forward(evaluation), ALC_OK);
    const alc_real *values = alc_plan_values(evaluation, logits);
    for (int64_t i = 0; i < batch * classes; i++) {
        const double want = json_real_value(json_array_get(json_object_get(golden, "logits"), (size_t)i));
        expect("logits", values[i], want, fabs(want) + 1e-3);
    }

    fill_images(alc_plan_input(training, image), batch, size);
    for (int32_t i = 0; i < batch; i++)
        ((int32_t *)alc_plan_input(training, label))[i] = i % (int32_t)classes;
    ck_assert_int_eq(alc_forward(training), ALC_OK);
    expect("loss", *(const alc_real *)alc_plan_values(training, loss), json_real_value(json_object_get(golden, "loss")), 1);
    ck_assert_int_eq(alc_backward(training), ALC_OK);
    compare_gradients(training, model, json_object_get(golden, "gradients"));

    alc_plan_destroy(training);
    alc_plan_destroy(evaluation);
    alc_model_destroy(model);
    alc_context_destroy(context);
    json_decref(golden);
}

START_TEST(resnet50)
{
    compare("resnet50");
}
END_TEST

START_TEST(densenet121)
{
    compare("densenet121");
}
END_TEST

START_TEST(vgg16)
{
    compare("vgg16");
}
END_TEST

START_TEST(efficientnet_b0)
{
    compare("efficientnet_b0");
}
END_TEST

START_TEST(efficientnet_lite0)
{
    compare("efficientnet_lite0");
}
END_TEST

START_TEST(xception)
{
    compare("xception");
}
END_TEST

int main(void)
{
    return RUN_TESTS("model goldens", resnet50, densenet121, vgg16, efficientnet_b0, efficientnet_lite0, xception);
}
