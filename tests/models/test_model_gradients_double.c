/* test_model_gradients_double.c - small models against differences of their loss in the double build. The deep backbones are
 * compared with PyTorch in test_model_goldens_double.c. */
#include <stdlib.h>

#include "alcor/gradcheck.h"
#include "alcor/layers.h"
#include "alcor/models.h"
#include "support/run_tests.h"

static void check_classifier(const alc_classifier_options *options)
{
    alc_context *context;
    alc_model *model;
    alc_classifier c;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2, .seed = 11}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    ck_assert_int_eq(alc_classifier_build(model, options, &c), ALC_OK);
    const double weights[] = {1.1, 2.5, 0.4};
    alc_tensor *loss = alc_softmax_cross_entropy(
        c.logits, c.label, (alc_cross_entropy_options){.class_weights = weights, .label_smoothing = 0.1});
    alc_gradcheck_result result;
    ck_assert_msg(alc_gradcheck(model,
                                (alc_gradcheck_options){.output = loss, .batch = 4, .classes = 3,
                                                        .values_per_tensor = 4, .seed = 5},
                                &result) == ALC_OK,
                  "%s", alc_error_message(context));
    ck_assert_int_gt(result.checked, 20);
    ck_assert_msg(result.failed == 0, "%d of %d off; worst %s[%d]: %.12g, by differences %.12g", (int)result.failed,
                  (int)result.checked, result.name, (int)result.index, result.analytic, result.numeric);
    alc_model_destroy(model);
    alc_context_destroy(context);
}

START_TEST(sky_cnn)
{
    check_classifier(
        &(alc_classifier_options){.backbone = alc_backbone_find("sky_cnn"), .image_size = 16, .classes = 3});
}
END_TEST

START_TEST(tabular_mlp)
{
    check_classifier(&(alc_classifier_options){.table_width = 6,
                                               .classes = 3,
                                               .table = {.hidden = {12, 7}, .hidden_count = 2, .batch_norm = true,
                                                         .activation = ALC_MLP_SILU, .dropout = 0.2}});
}
END_TEST

START_TEST(image_table_fusion)
{
    check_classifier(&(alc_classifier_options){.backbone = alc_backbone_find("sky_cnn"),
                                               .image_size = 20,
                                               .table_width = 5,
                                               .classes = 3,
                                               .head = 9,
                                               .dropout = 0.3,
                                               .table = {.hidden = {8}, .hidden_count = 1}});
}
END_TEST

int main(void)
{
    return RUN_TESTS("model gradients", sky_cnn,
                     tabular_mlp,
                     image_table_fusion);
}
