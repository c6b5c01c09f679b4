/* classifier.c - a whole classifier from one description: inputs, network, logits, probabilities. The description is
 * what a checkpoint keeps, as JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/json.h"
#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/op.h"

static const char *const activation_names[] = {"relu", "silu", "tanh"};
#define ACTIVATIONS ((int)(sizeof activation_names / sizeof activation_names[0]))

const char *alc_classifier_name(const alc_classifier_options *options)
{
    if (!options->backbone)
        return "tabular_mlp";
    return options->table_width > 0 ? "image_table_fusion" : options->backbone->name;
}

static alc_tensor *build_logits(const alc_classifier_options *o, const alc_classifier *c)
{
    if (!c->row)
        return o->backbone->classify(c->image, o->classes);
    if (!c->image)
        return alc_tabular_mlp(c->row, o->table, o->classes);
    return alc_image_table_fusion(c->image, c->row,
                                  (alc_image_table_fusion_options){.backbone = o->backbone,
                                                                   .table = o->table,
                                                                   .head = o->head,
                                                                   .dropout = o->dropout},
                                  o->classes);
}

alc_status alc_classifier_build(alc_model *model, const alc_classifier_options *options, alc_classifier *classifier)
{
    const alc_backbone *backbone = options->backbone;
    *classifier = (alc_classifier){0};
    if (!backbone && options->table_width < 1)
        alc_poison(model, ALC_INVALID_ARGUMENT, "a classifier needs an image backbone or a table");
    if (backbone && options->image_size < backbone->smallest_size)
        alc_poison(model, ALC_INVALID_ARGUMENT, "%s: images of side %lld, expected at least %lld", backbone->name,
                   (long long)options->image_size, (long long)backbone->smallest_size);
    if (alc_model_status(model))
        return alc_model_status(model);
    if (backbone)
        classifier->image =
            alc_input(model, "image", ALC_REAL, ALC_SHAPE(options->image_size, options->image_size, 3));
    if (options->table_width > 0)
        classifier->row = alc_input(model, "row", ALC_REAL, ALC_SHAPE(options->table_width));
    classifier->label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    classifier->logits = build_logits(options, classifier);
    classifier->probabilities = alc_softmax(classifier->logits);
    return alc_model_status(model);
}

/* NULL if memory ran out, as for all of these: a description that lacks a part is that of another network. */
static json_t *table_as_json(const alc_classifier_options *o)
{
    json_t *hidden = json_array();
    for (int i = 0; i < o->table.hidden_count; i++) {
        if (json_array_append_new(hidden, json_integer(o->table.hidden[i])) != 0) {
            json_decref(hidden);
            return NULL;
        }
    }
    return json_pack("{s:I, s:o, s:s, s:b, s:f}", "width", (json_int_t)o->table_width, "hidden", hidden,
                     "activation", activation_names[o->table.activation], "batch_norm", (int)o->table.batch_norm,
                     "dropout", o->table.dropout);
}

char *alc_classifier_write_json(const alc_classifier_options *options, char *text)
{
    char *result = NULL;
    json_t *root = json_pack("{s:I}", "classes", (json_int_t)options->classes);
    int failed = root ? 0 : -1;
    if (options->backbone)
        failed |= json_object_set_new(root, "image",
                                      json_pack("{s:s, s:I}", "backbone", options->backbone->name, "size",
                                                (json_int_t)options->image_size));
    if (options->table_width > 0)
        failed |= json_object_set_new(root, "table", table_as_json(options));
    if (options->backbone && options->table_width > 0)
        failed |= json_object_set_new(
            root, "fusion", json_pack("{s:I, s:f}", "head", (json_int_t)options->head, "dropout", options->dropout));
    const size_t length = failed == 0 ? json_dumpb(root, text, ALC_CLASSIFIER_JSON_SIZE - 1, JSON_COMPACT) : 0;
    if (length > 0 && length < ALC_CLASSIFIER_JSON_SIZE) {
        text[length] = '\0';
        result = text;
    }
    json_decref(root);
    return result;
}

/* Members of an object, without json_unpack, which allocates. */
static bool read_integer(const json_t *object, const char *name, int64_t *value)
{
    const json_t *member = json_object_get(object, name);
    *value = json_integer_value(member);
    return json_is_integer(member);
}

static bool read_number(const json_t *object, const char *name, double *value)
{
    const json_t *member = json_object_get(object, name);
    *value = json_number_value(member);
    return json_is_number(member);
}

static const char *read_table(const json_t *table, alc_classifier_options *o)
{
    const json_t *hidden = json_object_get(table, "hidden"), *batch_norm = json_object_get(table, "batch_norm");
    const char *activation = json_string_value(json_object_get(table, "activation"));
    if (!read_integer(table, "width", &o->table_width) || !hidden || !activation || !json_is_boolean(batch_norm) ||
        !read_number(table, "dropout", &o->table.dropout))
        return "its table part is incomplete";
    if (o->table_width < 1 || !json_is_array(hidden) || json_array_size(hidden) > ALC_MLP_MAX_HIDDEN)
        return "its table part has values out of range";
    o->table.hidden_count = (int)json_array_size(hidden);
    for (int i = 0; i < o->table.hidden_count; i++)
        o->table.hidden[i] = json_integer_value(json_array_get(hidden, (size_t)i));
    o->table.batch_norm = json_is_true(batch_norm);
    int kind = 0;
    while (kind < ACTIVATIONS && strcmp(activation_names[kind], activation) != 0)
        kind++;
    o->table.activation = (alc_mlp_activation)kind;
    return kind < ACTIVATIONS ? NULL : "its activation is unknown";
}

static const char *read_parts(const json_t *root, alc_classifier_options *o)
{
    if (!read_integer(root, "classes", &o->classes) || o->classes < 1)
        return "it has no number of classes";
    const json_t *image = json_object_get(root, "image"), *table = json_object_get(root, "table");
    if (image) {
        const char *backbone = json_string_value(json_object_get(image, "backbone"));
        if (!backbone || !read_integer(image, "size", &o->image_size))
            return "its image part is incomplete";
        o->backbone = alc_backbone_find(backbone);
        if (!o->backbone)
            return "this version has no such backbone";
    }
    const char *wrong = table ? read_table(table, o) : NULL;
    if (wrong || !image || !table)
        return wrong ? wrong : image || table ? NULL : "it has neither an image part nor a table part";
    const json_t *fusion = json_object_get(root, "fusion");
    return read_integer(fusion, "head", &o->head) && read_number(fusion, "dropout", &o->dropout)
               ? NULL
               : "its fusion part is incomplete";
}

alc_status alc_classifier_read_json(alc_context *context, const char *text, alc_classifier_options *options,
                                    const char **wrong)
{
    json_t *root;
    *options = (alc_classifier_options){0};
    *wrong = "it is no JSON";
    const alc_status status = alc_json_read(context, text, "the description of a network", &root);
    if (status)
        return status;
    *wrong = read_parts(root, options);
    json_decref(root);
    return *wrong ? ALC_BAD_FILE : ALC_OK;
}
