/* consumer.c - a program outside the project that sees nothing of it but the installed headers and library. It learns
 * whether a point of the unit square lies in the unit circle, and fails if it does not. consumer.cc is the same in C++.
 */
#include <alcor/alcor.h>
#include <stdio.h>

enum { SIDE = 10, POINTS = SIDE * SIDE, STEPS = 500 };

static void fill(alc_real *points, int32_t *labels)
{
    for (int i = 0; i < POINTS; i++) {
        alc_real x = (alc_real)(i % SIDE) / (SIDE - 1), y = (alc_real)(i / SIDE) / (SIDE - 1);
        points[2 * i] = x;
        points[2 * i + 1] = y;
        labels[i] = x * x + y * y < 1;
    }
}

static alc_status train(alc_model *model, double *last_loss)
{
    alc_optimizer *optimizer = NULL;
    alc_plan *plan = NULL;
    alc_tensor *point = alc_input(model, "point", ALC_REAL, ALC_SHAPE(2));
    alc_tensor *label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *x = alc_relu(alc_dense(point, (alc_dense_options){.name = "hidden", .units = 32}));
    x = alc_dense(x, (alc_dense_options){.name = "head", .units = 2});
    alc_tensor *loss = alc_softmax_cross_entropy(x, label, (alc_cross_entropy_options){0});
    alc_status status =
        alc_compile(model, (alc_compile_options){.mode = ALC_TRAIN, .batch = POINTS, .output = loss}, &plan);
    if (status == ALC_OK)
        status = alc_optimizer_create(model, (alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 0.01}, &optimizer);
    if (status == ALC_OK)
        fill(alc_plan_input(plan, point), alc_plan_input(plan, label));
    for (int step = 0; step < STEPS && status == ALC_OK; step++)
        status = alc_train_step(plan, optimizer);
    if (status == ALC_OK)
        *last_loss = (double)*(const alc_real *)alc_plan_values(plan, loss);
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(plan);
    return status;
}

int main(void)
{
    alc_context *context = NULL;
    alc_model *model = NULL;
    double loss = 1;
    if (alc_context_create((alc_context_options){.threads = 2}, &context) != ALC_OK)
        return 1;
    alc_status status = alc_model_create(context, &model);
    if (status == ALC_OK)
        status = train(model, &loss);
    if (status != ALC_OK)
        fprintf(stderr, "%s\n", alc_error_message(context));
    else
        printf("alcor %s, %d bytes a number: loss %.9f\n", alc_version(), (int)sizeof(alc_real), loss);
    alc_model_destroy(model);
    alc_context_destroy(context);
    return status == ALC_OK && loss < 0.1 ? 0 : 1;
}
