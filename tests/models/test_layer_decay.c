/* tests/models/test_layer_decay.c - learning rates fall block by block towards the image, one factor for each trained parameter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/models.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;
static alc_parameter_group *groups;
static int count;

static void build(alc_classifier_options options, const char *from, double decay)
{
    alc_classifier classifier;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    options.classes = 3;
    ck_assert_msg(alc_classifier_build(model, &options, &classifier) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_int_eq(from ? alc_classifier_train_from(model, &options, from) : ALC_OK, ALC_OK);
    groups = malloc((size_t)alc_model_parameter_count(model) * sizeof *groups);
    count = alc_classifier_layer_decay(model, &options, decay, groups);
}

static void release(void)
{
    free(groups);
    alc_model_destroy(model);
    alc_context_destroy(context);
}

/* Of a parameter; 0 if it has none. */
static double factor_of(const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(groups[i].prefix, name) == 0)
            return groups[i].learning_rate_factor;
    return 0;
}

#define ck_assert_factor(name, expected) ck_assert_double_eq_tol(factor_of(name), expected, 1e-12)

START_TEST(every_block_has_its_rate)
{
    build((alc_classifier_options){.backbone = alc_backbone_find("resnet50"), .image_size = 32}, NULL, 0.5);
    ck_assert_factor("fc.weight", 1);
    ck_assert_factor("layer4.2.bn3.bias", 0.5);
    ck_assert_factor("layer4.0.downsample.0.weight", 0.5);
    ck_assert_factor("layer3.0.conv1.weight", 0.25);
    ck_assert_factor("conv1.weight", 1.0 / 32);
    ck_assert_factor("bn1.weight", 1.0 / 32); /* between two edges */
    ck_assert_factor("bn1.running_mean", 0);  /* not trained */
    release();
    build((alc_classifier_options){.backbone = alc_backbone_find("efficientnet_lite0"), .image_size = 32}, "blocks.5", 0.9);
    ck_assert_factor("classifier.bias", 1);
    ck_assert_factor("bn2.weight", 0.9);
    ck_assert_factor("conv_head.weight", 0.9);
    ck_assert_factor("blocks.6.0.conv_pw.weight", 0.9 * 0.9);
    ck_assert_factor("blocks.5.0.conv_pw.weight", 0.9 * 0.9 * 0.9);
    ck_assert_factor("blocks.4.0.conv_pw.weight", 0);
    release();
}
END_TEST

START_TEST(what_is_new_in_a_fusion_keeps_the_whole_rate)
{
    const alc_tabular_mlp_options table = {.hidden = {8, 4}, .hidden_count = 2, .batch_norm = true};
    build((alc_classifier_options){.backbone = alc_backbone_find("sky_cnn"), .image_size = 16, .table_width = 5, .table = table,
                                   .head = 6}, NULL, 0.5);
    ck_assert_factor("fc.weight", 1);
    ck_assert_factor("head.weight", 1);
    ck_assert_factor("table.hidden1.weight", 1);
    ck_assert_factor("table.hidden2_bn.bias", 1);
    ck_assert_factor("image.stage4_conv2.weight", 0.5);
    ck_assert_factor("image.stage1_bn1.weight", 1.0 / 16);
    release();
    build((alc_classifier_options){.table_width = 5, .table = table}, NULL, 0.5);
    ck_assert_factor("fc.bias", 1);
    ck_assert_factor("hidden2.weight", 0.5);
    ck_assert_factor("hidden1_bn.weight", 0.25);
    release();
}
END_TEST

/* Every group names one parameter that an optimizer of this model knows. */
START_TEST(an_optimizer_takes_them)
{
    alc_optimizer *optimizer;
    for (int i = 0; alc_backbone_at(i); i++) {
        const alc_backbone *backbone = alc_backbone_at(i);
        if (backbone->values > 10000000)
            continue;
        build((alc_classifier_options){.backbone = backbone, .image_size = backbone->smallest_size}, NULL, 0.7);
        double least = 1;
        for (int g = 0; g < count; g++)
            least = fmin(least, groups[g].learning_rate_factor);
        int blocks = 0;
        while (backbone->blocks[blocks + 1])
            blocks++;
        ck_assert_msg(fabs(least - pow(0.7, blocks)) < 1e-12, "%s: %g after %d blocks", backbone->name, least, blocks);
        ck_assert_msg(alc_optimizer_create(model, (alc_optimizer_options){.learning_rate = 1, .groups = groups,
                                                                          .group_count = count}, &optimizer) == ALC_OK,
                      "%s", alc_error_message(context));
        alc_optimizer_destroy(optimizer);
        release();
    }
}
END_TEST

START_TEST(a_decay_of_one_is_none)
{
    build((alc_classifier_options){.backbone = alc_backbone_find("sky_cnn"), .image_size = 16}, NULL, 1);
    ck_assert_int_eq(count, 0);
    release();
}
END_TEST

int main(void)
{
    return RUN_TESTS("layer_decay", every_block_has_its_rate, what_is_new_in_a_fusion_keeps_the_whole_rate,
                     an_optimizer_takes_them, a_decay_of_one_is_none);
}
