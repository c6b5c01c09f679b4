/* tests/support/small_model.c - see small_model.h. */
#include "support/small_model.h"

#include <check.h>

#include "alcor/layers.h"
#include "lib/optimizer/optimizer_state.h"

/* More values than any parameter of the small model has. */
enum { MOST_VALUES = 1024 };

alc_model *small_model(alc_context *context, int64_t units)
{
    alc_model *model;
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *x = alc_input(model, "image", ALC_REAL, ALC_SHAPE(5, 5, 2));
    x = alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 3, .kernel = 3});
    x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn"});
    x = alc_global_average_pool(alc_relu(x));
    alc_dense(x, (alc_dense_options){.name = "fc", .units = units});
    ck_assert_msg(alc_model_status(model) == ALC_OK, "%s", alc_error_message(context));
    return model;
}

alc_optimizer *small_optimizer(alc_model *model, alc_optimizer_kind kind, double momentum)
{
    alc_optimizer *optimizer;
    alc_optimizer_options options = {.kind = kind, .learning_rate = 0.1, .momentum = momentum};
    alc_status status = alc_optimizer_create(model, options, &optimizer);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(alc_model_context(model)));
    return optimizer;
}

/* Of 24 bits, so that it is exact in a float. */
static alc_real value_at(int64_t number, int64_t tensor, int64_t i)
{
    return (alc_real)((number * 7919 + tensor * 104729 + i * 613) % 16777213) / 1024;
}

void fill_parameters(alc_model *model, int64_t number)
{
    alc_real values[MOST_VALUES];
    for (int64_t p = 0; p < alc_model_parameter_count(model); p++) {
        alc_parameter *parameter = alc_model_parameter(model, p);
        int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
        ck_assert_int_le(count, MOST_VALUES);
        for (int64_t i = 0; i < count; i++)
            values[i] = value_at(number, p, i);
        alc_parameter_write(parameter, values);
    }
}

bool parameters_are(const alc_model *model, int64_t number)
{
    alc_real values[MOST_VALUES];
    for (int64_t p = 0; p < alc_model_parameter_count(model); p++) {
        const alc_parameter *parameter = alc_model_parameter(model, p);
        int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
        alc_parameter_read(parameter, values);
        for (int64_t i = 0; i < count; i++)
            if (values[i] != value_at(number, p, i))
                return false;
    }
    return true;
}

void fill_optimizer(alc_optimizer *optimizer, int64_t number)
{
    for (int64_t t = 0; t < alc_optimizer_tensor_count(optimizer); t++) {
        alc_optimizer_tensor tensor = alc_optimizer_tensor_at(optimizer, t);
        for (int64_t i = 0; i < tensor.count; i++)
            tensor.values[i] = value_at(number, 100 + t, i);
    }
    alc_optimizer_set_steps(optimizer, number);
}

bool optimizer_is(alc_optimizer *optimizer, int64_t number)
{
    for (int64_t t = 0; t < alc_optimizer_tensor_count(optimizer); t++) {
        alc_optimizer_tensor tensor = alc_optimizer_tensor_at(optimizer, t);
        for (int64_t i = 0; i < tensor.count; i++)
            if (tensor.values[i] != value_at(number, 100 + t, i))
                return false;
    }
    return alc_optimizer_steps(optimizer) == number;
}
