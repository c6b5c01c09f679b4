/* test_models.c - what the builders make: names, counts, blocks, descriptions. Numbers are compared elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "alcor/models.h"
#include "support/failing_json.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static void expect_parameter(const char *name, alc_shape shape)
{
    const alc_parameter *parameter = alc_model_find_parameter(model, name);
    ck_assert_msg(parameter != NULL, "no parameter %s", name);
    ck_assert_msg(alc_shape_equal(alc_parameter_shape(parameter), shape), "%s has another shape", name);
}

START_TEST(sky_cnn_has_torchvisions_names)
{
    setup();
    alc_tensor *logits = alc_sky_cnn(alc_input(model, "image", ALC_REAL, ALC_SHAPE(53, 53, 3)), 3);
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    ck_assert(alc_shape_equal(alc_tensor_shape(logits), ALC_SHAPE(3)));
    expect_parameter("stage1_conv1.weight", ALC_SHAPE(32, 3, 3, 3));
    expect_parameter("stage1_bn1.weight", ALC_SHAPE(32));
    expect_parameter("stage4_bn2.running_var", ALC_SHAPE(256));
    expect_parameter("stage4_conv2.weight", ALC_SHAPE(256, 256, 3, 3));
    expect_parameter("fc.weight", ALC_SHAPE(3, 256));
    ck_assert_ptr_null(alc_model_find_parameter(model, "stage1_conv1.bias"));
    ck_assert_int_eq(alc_model_total_values(model), 1173987);
    ck_assert_int_eq(alc_model_parameter_count(model), 8 + 8 * 4 + 2);
    teardown();
}
END_TEST

START_TEST(backbones_have_the_published_sizes)
{
    static const struct { const char *name; int64_t values, parameters; } published[] = {
        {"sky_cnn", 1430216, 26 + 16},        {"resnet50", 25557032, 161 + 106},   {"densenet121", 7978856, 364 + 242},
        {"vgg16", 138357544, 32},             {"vgg16_bn", 138365992, 58 + 26},
        {"xception", 22855952, 156 + 80},     {"efficientnet_b0", 5288548, 213 + 98},
        {"efficientnet_b1", 7794184, 301 + 138}, {"efficientnet_b2", 9109994, 301 + 138},
        {"efficientnet_b3", 12233232, 340 + 156}, {"efficientnet_b4", 19341616, 418 + 192},
        {"efficientnet_b5", 30389784, 506 + 232}, {"efficientnet_b6", 43040704, 584 + 268},
        {"efficientnet_b7", 66347960, 711 + 326},
        {"efficientnet_lite0", 4652008, 149 + 98}, {"efficientnet_lite1", 5416680, 194 + 128},
        {"efficientnet_lite2", 6092072, 194 + 128}, {"efficientnet_lite3", 8197096, 221 + 146},
        {"efficientnet_lite4", 13006568, 275 + 182}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        setup();
        const alc_backbone *backbone = alc_backbone_find(published[i].name);
        const int64_t size = backbone->default_size;
        alc_tensor *logits = backbone->classify(alc_input(model, "image", ALC_REAL, ALC_SHAPE(size, size, 3)), 1000);
        ck_assert_int_eq(alc_model_status(model), ALC_OK);
        ck_assert(alc_shape_equal(alc_tensor_shape(logits), ALC_SHAPE(1000)));
        ck_assert_int_eq(alc_model_total_values(model), published[i].values);
        ck_assert_int_eq(backbone->values, published[i].values);
        ck_assert_int_eq(alc_model_parameter_count(model), published[i].parameters);
        teardown();
    }
}
END_TEST

START_TEST(every_backbones_blocks_exist)
{
    setup();
    const alc_backbone *backbone;
    for (int i = 0; (backbone = alc_backbone_at(i)); i++) {
        alc_model *own;
        ck_assert_int_eq(alc_model_create(context, &own), ALC_OK);
        backbone->classify(
            alc_input(own, "image", ALC_REAL, ALC_SHAPE(backbone->smallest_size, backbone->smallest_size, 3)), 3);
        ck_assert_int_eq(alc_model_status(own), ALC_OK);
        int64_t trained = alc_model_total_values(own) + 1;
        for (const char *const *block = backbone->blocks; *block; block++) {
            ck_assert_int_eq(alc_model_train_from_edge(own, backbone->blocks, *block), ALC_OK);
            ck_assert(alc_model_trainable_values(own) > 0 && alc_model_trainable_values(own) < trained);
            trained = alc_model_trainable_values(own);
        }
        ck_assert_ptr_eq(alc_backbone_find(backbone->name), backbone);
        alc_model_destroy(own);
    }
    ck_assert_ptr_null(alc_backbone_find("sky"));
    ck_assert_ptr_null(alc_backbone_at(-1));
    teardown();
}
END_TEST

START_TEST(tabular_mlp_can_be_the_papers)
{
    setup();
    const alc_tabular_mlp_options paper = {.hidden = {50, 100, 150, 250}, .hidden_count = 4};
    alc_tabular_mlp(alc_input(model, "row", ALC_REAL, ALC_SHAPE(6)), paper, 3);
    ck_assert_int_eq(alc_model_status(model), ALC_OK);
    ck_assert_int_eq(alc_model_total_values(model), 59103);
    expect_parameter("hidden4.weight", ALC_SHAPE(250, 150));
    expect_parameter("fc.bias", ALC_SHAPE(3));
    teardown();
}
END_TEST

START_TEST(fusion_joins_both)
{
    setup();
    const alc_classifier_options options = {.backbone = alc_backbone_find("sky_cnn"),
                                            .image_size = 32,
                                            .table_width = 9,
                                            .table = {.hidden = {16, 8}, .hidden_count = 2, .batch_norm = true},
                                            .head = 24,
                                            .dropout = 0.2,
                                            .classes = 3};
    alc_classifier c;
    ck_assert_int_eq(alc_classifier_build(model, &options, &c), ALC_OK);
    ck_assert_str_eq(alc_classifier_name(&options), "image_table_fusion");
    expect_parameter("image.stage1_conv1.weight", ALC_SHAPE(32, 3, 3, 3));
    expect_parameter("table.hidden2_bn.bias", ALC_SHAPE(8));
    expect_parameter("head.weight", ALC_SHAPE(24, 264));
    expect_parameter("fc.weight", ALC_SHAPE(3, 24));
    ck_assert_int_eq(alc_model_train_from(model, "image.stage4"), ALC_OK);
    ck_assert(!alc_parameter_trainable(alc_model_find_parameter(model, "image.stage3_conv2.weight")));
    ck_assert(alc_parameter_trainable(alc_model_find_parameter(model, "table.hidden1.weight")));
    teardown();
}
END_TEST

static void expect_edge(const alc_classifier_options *options, const char *edge, alc_status status, const char *sentence)
{
    alc_status got = alc_classifier_train_from(model, options, edge);
    ck_assert_msg(got == status, "%s: %s", edge, alc_status_name(got));
    if (status)
        ck_assert_str_eq(alc_error_message(context), sentence);
}

START_TEST(a_classifier_is_cut_between_blocks)
{
    alc_classifier_options options = {.table_width = 9, .table = {.hidden = {16, 8}, .hidden_count = 2, .batch_norm = true},
                                      .head = 24, .classes = 3};
    alc_classifier c;
    setup();
    ck_assert_int_eq(alc_classifier_build(model, &options, &c), ALC_OK);
    expect_edge(&options, "hidden2", ALC_OK, NULL);
    ck_assert_int_eq(alc_model_trainable_values(model), 16 * 8 + 8 + 2 * 8 + 3 * 8 + 3);
    expect_edge(&options, "hidden2_bn", ALC_INVALID_ARGUMENT,
                "'hidden2_bn' begins with hidden2_bn.weight, inside a block; training may start at hidden2 or fc");
    teardown();

    setup();
    options.backbone = alc_backbone_find("sky_cnn");
    options.image_size = 16;
    ck_assert_int_eq(alc_classifier_build(model, &options, &c), ALC_OK);
    expect_edge(&options, "image.stage4", ALC_OK, NULL);
    expect_edge(&options, "table.hidden1", ALC_OK, NULL);
    ck_assert(!alc_parameter_trainable(alc_model_find_parameter(model, "image.stage4_conv2.weight")));
    expect_edge(&options, "head", ALC_OK, NULL);
    expect_edge(&options, "image.stage4_conv2", ALC_INVALID_ARGUMENT,
                "'image.stage4_conv2' begins with image.stage4_conv2.weight, inside a block; training may start at "
                "image.stage4 or table.hidden1");
    expect_edge(&options, "stage4", ALC_NOT_FOUND,
                "no part of this model is called 'stage4'; training may start at image.stage1, image.stage2, image.stage3, "
                "image.stage4, table.hidden1, table.hidden2, head, fc");
    teardown();

    setup();
    options.table_width = 0;
    ck_assert_int_eq(alc_classifier_build(model, &options, &c), ALC_OK);
    expect_edge(&options, "fc", ALC_OK, NULL);
    ck_assert_int_eq(alc_model_trainable_values(model), 3 * 256 + 3);
    teardown();
}
END_TEST

START_TEST(bad_descriptions_poison_the_model)
{
    setup();
    const alc_backbone *sky = alc_backbone_find("sky_cnn");
    const alc_classifier_options wrong[] = {
        {.classes = 3},
        {.backbone = sky, .image_size = 15, .classes = 3},
        {.backbone = sky, .image_size = 32, .classes = 0},
        {.table_width = 3, .classes = 2, .table = {.hidden_count = ALC_MLP_MAX_HIDDEN + 1}},
        {.table_width = 3, .classes = 2, .table = {.hidden_count = 1, .hidden = {0}}},
        {.table_width = 3, .classes = 2, .table = {.hidden_count = 1, .hidden = {4}, .activation = (alc_mlp_activation)9}},
        {.table_width = 3, .classes = 2, .table = {.hidden_count = 1, .hidden = {4}, .dropout = 1}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        alc_model *own;
        alc_classifier c;
        ck_assert_int_eq(alc_model_create(context, &own), ALC_OK);
        ck_assert_int_ne(alc_classifier_build(own, &wrong[i], &c), ALC_OK);
        ck_assert_str_ne(alc_error_message(context), "");
        alc_model_destroy(own);
    }
    teardown();
}
END_TEST

static void expect_round_trip(const alc_classifier_options *options)
{
    char text[ALC_CLASSIFIER_JSON_SIZE], again[ALC_CLASSIFIER_JSON_SIZE];
    alc_classifier_options read;
    const char *wrong;
    ck_assert_ptr_eq(alc_classifier_write_json(options, text), text);
    ck_assert_int_eq(alc_classifier_read_json(context, text, &read, &wrong), ALC_OK);
    ck_assert_ptr_null(wrong);
    ck_assert_ptr_eq(read.backbone, options->backbone);
    ck_assert_int_eq(read.table_width, options->table_width);
    ck_assert_ptr_eq(alc_classifier_write_json(&read, again), again);
    ck_assert_str_eq(text, again);
}

START_TEST(a_fusion_needs_a_backbone)
{
    setup();
    alc_tensor *image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(64, 64, 3));
    alc_tensor *row = alc_input(model, "row", ALC_REAL, ALC_SHAPE(3));
    alc_image_table_fusion(image, row, (alc_image_table_fusion_options){.head = 4}, 3);
    ck_assert_int_eq(alc_model_status(model), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "image_table_fusion: no backbone is given");
    teardown();
}
END_TEST

START_TEST(descriptions_survive_json)
{
    setup();
    const alc_backbone *sky = alc_backbone_find("sky_cnn");
    expect_round_trip(&(alc_classifier_options){.backbone = sky, .image_size = 64, .classes = 3});
    expect_round_trip(&(alc_classifier_options){
        .table_width = 9, .classes = 2,
        .table = {.hidden = {5, 4, 3}, .hidden_count = 3, .activation = ALC_MLP_TANH, .dropout = 0.1}});
    expect_round_trip(&(alc_classifier_options){
        .backbone = sky, .image_size = 48, .classes = 7, .head = 64, .dropout = 0.3, .table_width = 3,
        .table = {.hidden = {5}, .hidden_count = 1, .activation = ALC_MLP_SILU, .batch_norm = true}});
    teardown();
}
END_TEST

/* Whatever of jansson's allocations fails. */
START_TEST(a_description_is_whole_or_none)
{
    const alc_classifier_options options = {.backbone = alc_backbone_find("sky_cnn"), .image_size = 48, .classes = 7,
                                            .table_width = 3, .table = {.hidden = {5, 6}, .hidden_count = 2}};
    char whole[ALC_CLASSIFIER_JSON_SIZE], text[ALC_CLASSIFIER_JSON_SIZE];
    int64_t allocations = 0;
    bool written = false;
    ck_assert_ptr_nonnull(alc_classifier_write_json(&options, whole));
    while (!written) {
        failing_json_begin(++allocations);
        written = alc_classifier_write_json(&options, text) != NULL;
        failing_json_end();
    }
    ck_assert_int_gt(allocations, 10);
    ck_assert_str_eq(text, whole);
}
END_TEST

START_TEST(a_lack_of_memory_is_no_bad_description)
{
    static const char text[] = "{\"classes\": 3, \"image\": {\"backbone\": \"sky_cnn\", \"size\": 64}}";
    alc_classifier_options read;
    const char *wrong;
    alc_status status = ALC_OUT_OF_MEMORY;
    setup();
    for (int64_t n = 1; status == ALC_OUT_OF_MEMORY; n++) {
        failing_json_begin(n);
        status = alc_classifier_read_json(context, text, &read, &wrong);
        failing_json_end();
        ck_assert(status == ALC_OUT_OF_MEMORY || n > 5);
    }
    ck_assert_int_eq(status, ALC_OK);
    ck_assert_int_eq(read.image_size, 64);
    teardown();
}
END_TEST

START_TEST(foreign_descriptions_are_refused)
{
    setup();
    static const char *const texts[] = {
        "", "[]", "{}", "{\"classes\": 3}", "{\"classes\": 0, \"image\": {\"backbone\": \"sky_cnn\", \"size\": 64}}",
        "{\"classes\": 3, \"classes\": 3, \"image\": {\"backbone\": \"sky_cnn\", \"size\": 64}}",
        "{\"classes\": 3, \"image\": {\"backbone\": \"other\", \"size\": 64}}",
        "{\"classes\": 3, \"image\": {\"backbone\": \"sky_cnn\"}}",
        "{\"classes\": 3, \"table\": {\"width\": 3}}",
        "{\"classes\": 3, \"table\": {\"width\": 0, \"hidden\": [], \"activation\": \"relu\", \"batch_norm\": true, "
        "\"dropout\": 0.0}}",
        "{\"classes\": 3, \"table\": {\"width\": 1, \"hidden\": [1,1,1,1,1,1,1,1,1], \"activation\": \"relu\", "
        "\"batch_norm\": true, \"dropout\": 0.0}}",
        "{\"classes\": 3, \"table\": {\"width\": 1, \"hidden\": [], \"activation\": \"gelu\", \"batch_norm\": true, "
        "\"dropout\": 0.0}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        alc_classifier_options read;
        const char *why;
        ck_assert_msg(alc_classifier_read_json(context, texts[i], &read, &why) == ALC_BAD_FILE, "accepted %s", texts[i]);
        ck_assert_ptr_nonnull(why);
    }
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("models", sky_cnn_has_torchvisions_names,
                     backbones_have_the_published_sizes, every_backbones_blocks_exist,
                     tabular_mlp_can_be_the_papers,
                     fusion_joins_both,
                     a_classifier_is_cut_between_blocks,
                     bad_descriptions_poison_the_model, a_fusion_needs_a_backbone,
                     descriptions_survive_json, a_description_is_whole_or_none, a_lack_of_memory_is_no_bad_description,
                     foreign_descriptions_are_refused);
}
