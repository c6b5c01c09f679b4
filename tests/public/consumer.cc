// consumer.cc - consumer.c in C++: handles with owners, option structs filled member by member.
#include <alcor/alcor.h>

#include <cstdio>
#include <memory>

namespace {

constexpr int kSide = 10, kPoints = kSide * kSide, kSteps = 500;

template <typename Handle, void (*destroy)(Handle *)> struct Destroy {
    void operator()(Handle *handle) const { destroy(handle); }
};
template <typename Handle, void (*destroy)(Handle *)>
using Owner = std::unique_ptr<Handle, Destroy<Handle, destroy>>;

void fill(alc_real *points, int32_t *labels)
{
    for (int i = 0; i < kPoints; i++) {
        const alc_real x = static_cast<alc_real>(i % kSide) / (kSide - 1);
        const alc_real y = static_cast<alc_real>(i / kSide) / (kSide - 1);
        points[2 * i] = x;
        points[2 * i + 1] = y;
        labels[i] = x * x + y * y < 1;
    }
}

alc_tensor *dense(alc_tensor *input, const char *name, int64_t units)
{
    alc_dense_options options{};
    options.name = name;
    options.units = units;
    return alc_dense(input, options);
}

alc_status train(alc_model *model, double *last_loss)
{
    alc_shape two{}, one{};
    two.rank = one.rank = 1;
    two.extent[0] = 2;
    one.extent[0] = 1;
    alc_tensor *point = alc_input(model, "point", ALC_REAL, two);
    alc_tensor *label = alc_input(model, "label", ALC_I32, one);
    alc_tensor *logits = dense(alc_relu(dense(point, "hidden", 32)), "head", 2);

    alc_compile_options compile{};
    compile.mode = ALC_TRAIN;
    compile.batch = kPoints;
    compile.output = alc_softmax_cross_entropy(logits, label, alc_cross_entropy_options{});
    alc_plan *raw_plan = nullptr;
    alc_status status = alc_compile(model, compile, &raw_plan);
    const Owner<alc_plan, alc_plan_destroy> plan(raw_plan);

    alc_optimizer_options adam{};
    adam.kind = ALC_ADAM;
    adam.learning_rate = 0.01;
    alc_optimizer *raw_optimizer = nullptr;
    if (status == ALC_OK)
        status = alc_optimizer_create(model, adam, &raw_optimizer);
    const Owner<alc_optimizer, alc_optimizer_destroy> optimizer(raw_optimizer);

    if (status == ALC_OK)
        fill(static_cast<alc_real *>(alc_plan_input(plan.get(), point)),
             static_cast<int32_t *>(alc_plan_input(plan.get(), label)));
    for (int step = 0; step < kSteps && status == ALC_OK; step++)
        status = alc_train_step(plan.get(), optimizer.get());
    if (status == ALC_OK)
        *last_loss = static_cast<double>(*static_cast<const alc_real *>(alc_plan_values(plan.get(), compile.output)));
    return status;
}

} // namespace

int main()
{
    alc_context_options options{};
    options.threads = 2;
    alc_context *raw_context = nullptr;
    if (alc_context_create(options, &raw_context) != ALC_OK)
        return 1;
    const Owner<alc_context, alc_context_destroy> context(raw_context);
    alc_model *raw_model = nullptr;
    double loss = 1;
    alc_status status = alc_model_create(context.get(), &raw_model);
    const Owner<alc_model, alc_model_destroy> model(raw_model);
    if (status == ALC_OK)
        status = train(model.get(), &loss);
    if (status != ALC_OK)
        std::fprintf(stderr, "%s\n", alc_error_message(context.get()));
    else
        std::printf("alcor %s, %d bytes a number: loss %.9f\n", alc_version(), static_cast<int>(sizeof(alc_real)), loss);
    return status == ALC_OK && loss < 0.1 ? 0 : 1;
}
