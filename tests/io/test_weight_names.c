/* tests/io/test_weight_names.c - the names by which other programs call the parameters of our models. */
#include <string.h>

#include "alcor/models.h"
#include "lib/io/weight_names.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

typedef struct fixture {
    failing_hooks hooks;
    alc_context *context;
    alc_model *model;
    const char *prefix;
} fixture;

static void set_up(fixture *f, alc_tensor *(*build)(alc_tensor *image, int64_t classes), const char *scope)
{
    *f = (fixture){.prefix = ""};
    failing_hooks_init(&f->hooks);
    f->context = failing_hooks_context(&f->hooks, 1);
    ck_assert_int_eq(alc_model_create(f->context, &f->model), ALC_OK);
    alc_tensor *image = alc_input(f->model, "image", ALC_REAL, ALC_SHAPE(64, 64, 3));
    if (scope != NULL)
        alc_scope_begin(f->model, "%s", scope);
    build(image, 10);
    if (scope != NULL)
        alc_scope_end(f->model);
    ck_assert_int_eq(alc_model_status(f->model), ALC_OK);
}

static void tear_down(fixture *f)
{
    alc_model_destroy(f->model);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
}

static void expect(const fixture *f, const char *stored, const char *ours)
{
    char name[ALC_WEIGHT_NAME_SIZE];
    ck_assert_str_eq(alc_weight_name(f->model, f->prefix, stored, name), ours);
}

/* And the model has it. */
static void expect_found(const fixture *f, const char *stored, const char *ours)
{
    expect(f, stored, ours);
    ck_assert_msg(alc_find_weight(f->model, f->prefix, ours) >= 0, "the model has no '%s'", ours);
}

START_TEST(densenet_as_torchvision_once_wrote_it)
{
    fixture f;
    set_up(&f, alc_densenet121, NULL);
    static const char block[] = "features.denseblock2.denselayer11.";
    static const char *const pairs[][2] = {{"norm.1.weight", "norm1.weight"},
                                           {"norm.2.running_var", "norm2.running_var"},
                                           {"conv.1.weight", "conv1.weight"},
                                           {"conv.2.weight", "conv2.weight"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char stored[128] = "", ours[128] = "";
        strcat(strcat(stored, block), pairs[i][0]);
        strcat(strcat(ours, block), pairs[i][1]);
        expect_found(&f, stored, ours);
        expect_found(&f, ours, ours);
    }
    expect_found(&f, "module.features.denseblock1.denselayer1.norm.1.bias", "features.denseblock1.denselayer1.norm1.bias");
    static const char *const others[] = {"features.denseblock1.denselayer1.norm.3.bias", "denselayer1.norm.1",
                                         "denselayer1.relu.1.x", "features.denselayers.norm.1.bias", "features.norm.1.bias"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect(&f, others[i], others[i]);
    tear_down(&f);
}
END_TEST

static const char *const efficientnet_pairs[][2] = {
    {"_conv_stem.weight", "conv_stem.weight"},
    {"_bn0.running_mean", "bn1.running_mean"},
    {"_conv_head.weight", "conv_head.weight"},
    {"_bn1.bias", "bn2.bias"},
    {"_fc.bias", "classifier.bias"},
    {"_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"},
    {"_blocks.0._bn1.weight", "blocks.0.0.bn1.weight"},
    {"_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"},
    {"_blocks.0._bn2.weight", "blocks.0.0.bn2.weight"},
    {"_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"},
    {"_blocks.1._bn0.weight", "blocks.1.0.bn1.weight"},
    {"_blocks.2._depthwise_conv.weight", "blocks.1.1.conv_dw.weight"},
    {"_blocks.3._bn1.weight", "blocks.2.0.bn2.weight"},
    {"_blocks.10._project_conv.weight", "blocks.4.2.conv_pwl.weight"},
    {"_blocks.15._bn2.running_var", "blocks.6.0.bn3.running_var"},
};

START_TEST(efficientnet_lite_as_efficientnet_pytorch_writes_it)
{
    fixture f;
    set_up(&f, alc_efficientnet_lite0, NULL);
    for (size_t i = 0; i < sizeof efficientnet_pairs / sizeof efficientnet_pairs[0]; i++)
        expect_found(&f, efficientnet_pairs[i][0], efficientnet_pairs[i][1]);
    expect_found(&f, "blocks.6.0.bn3.weight", "blocks.6.0.bn3.weight");
    expect_found(&f, "module._orig_mod._fc.weight", "classifier.weight");
    expect(&f, "_blocks.15._bn2.num_batches_tracked", "blocks.6.0.bn3.num_batches_tracked");
    static const char *const others[] = {"_blocks.16._bn2.weight", "_blocks.._bn2.weight", "_blocks.x._bn2.weight",
                                         "_blocks.99999999999999999999._bn2.weight", "_blocks.1", "_blocks.1._se_reduce.bias",
                                         "_blocks.0._expand_conv.weight", "_head.weight", "_", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect(&f, others[i], others[i]);
    char endless[ALC_WEIGHT_NAME_SIZE + 8] = "_conv_stem.";
    memset(endless + strlen(endless), 'x', ALC_WEIGHT_NAME_SIZE - 7);
    expect(&f, endless, endless);
    tear_down(&f);
}
END_TEST

START_TEST(names_below_a_prefix)
{
    fixture f;
    set_up(&f, alc_efficientnet_lite0, "image");
    f.prefix = "image.";
    for (size_t i = 0; i < sizeof efficientnet_pairs / sizeof efficientnet_pairs[0]; i++)
        expect_found(&f, efficientnet_pairs[i][0], efficientnet_pairs[i][1]);
    f.prefix = "";
    expect(&f, "_conv_stem.weight", "_conv_stem.weight");
    tear_down(&f);
}
END_TEST

START_TEST(other_models_have_no_such_names)
{
    fixture f;
    set_up(&f, alc_sky_cnn, NULL);
    for (size_t i = 0; i < sizeof efficientnet_pairs / sizeof efficientnet_pairs[0]; i++)
        expect(&f, efficientnet_pairs[i][0], efficientnet_pairs[i][0]);
    expect_found(&f, "module.fc.weight", "fc.weight");
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("weight_names", densenet_as_torchvision_once_wrote_it,
                     efficientnet_lite_as_efficientnet_pytorch_writes_it, names_below_a_prefix,
                     other_models_have_no_such_names);
}
