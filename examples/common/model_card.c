/* model_card.c - the card as JSON texts. Numbers keep 17 digits, which give back the same double. */
#include "common/model_card.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/json.h"
#include "alcor/plan.h"
#include "common/parse_number.h"

#define KEY_LABEL "label"
#define KEY_VIEWS "views"
#define KEY_MISSING "missing"

static char *dump(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(json);
    return text;
}

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static char *classes_text(const model_card *card)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < card->network.classes; i++)
        json_array_append_new(list, json_string(card->classes[i]));
    return dump(list);
}

static char *network_text(const model_card *card)
{
    char text[ALC_CLASSIFIER_JSON_SIZE];
    return alc_classifier_write_json(&card->network, text) ? copy_text(text) : NULL;
}

static char *preprocessing_text(const model_card *card)
{
    const double *mean = card->normalisation.mean, *std = card->normalisation.std;
    return dump(json_pack("{s:I, s:I, s:[I,I], s:s, s:[f,f,f], s:[f,f,f]}", "crop", (json_int_t)card->crop, "size",
                          (json_int_t)card->network.image_size, "source", (json_int_t)card->source_height,
                          (json_int_t)card->source_width, "filter", "bilinear", "mean", mean[0], mean[1], mean[2],
                          "std", std[0], std[1], std[2]));
}

static char *encoder_text(alc_context *context, const model_card *card)
{
    char *text, *copy;
    if (alc_encoder_write_json(card->encoder, &text))
        return NULL;
    copy = copy_text(text);
    alc_release_text(context, text);
    return copy;
}

static bool add(model_card *card, int64_t *count, const char *key, char *text)
{
    if (!text)
        return false;
    card->texts[*count] = text;
    card->entries[*count] = (alc_metadata_entry){key, text};
    ++*count;
    return true;
}

bool model_card_write(alc_context *context, model_card *card, alc_metadata *metadata)
{
    char views[32];
    int64_t count = 0;
    snprintf(views, sizeof views, "%lld", (long long)card->views);
    bool good = add(card, &count, ALC_KEY_BUILDER, copy_text(alc_classifier_name(&card->network))) &&
                add(card, &count, ALC_KEY_BUILDER_OPTIONS, network_text(card)) &&
                add(card, &count, ALC_KEY_CLASSES, classes_text(card)) &&
                add(card, &count, KEY_LABEL, copy_text(card->label)) &&
                add(card, &count, KEY_VIEWS, copy_text(views));
    if (good && card->missing)
        good = add(card, &count, KEY_MISSING, copy_text(card->missing));
    if (good && card->encoder)
        good = add(card, &count, ALC_KEY_ENCODER, encoder_text(context, card));
    if (good && card->network.backbone)
        good = add(card, &count, ALC_KEY_PREPROCESSING, preprocessing_text(card)) &&
               add(card, &count, ALC_KEY_DECODER, copy_text(card->decoder));
    *metadata = (alc_metadata){card->entries, count};
    return good;
}

/* ---- reading: *wrong is what is wrong with a string, where it is no lack of memory ---- */

static alc_status read_classes(alc_context *context, const char *text, model_card *card, const char **wrong)
{
    json_t *list;
    *wrong = "its list of classes does not fit its network";
    const alc_status status = alc_json_read(context, text, "the list of classes", &list);
    if (status)
        return status;
    card->json = list;
    const size_t count = json_array_size(list);
    if (count != (size_t)card->network.classes)
        return ALC_BAD_FILE;
    card->classes = calloc(count, sizeof *card->classes);
    if (!card->classes)
        return ALC_OUT_OF_MEMORY;
    *wrong = "its list of classes holds something else than names";
    for (size_t i = 0; i < count; i++) {
        card->classes[i] = json_string_value(json_array_get(list, i));
        if (!card->classes[i])
            return ALC_BAD_FILE;
    }
    return ALC_OK;
}

/* json_unpack would do it in a line, but allocates, and fails alike for a lack of memory and for another form. */
static bool get_numbers(const json_t *root, const char *name, int count, double *values)
{
    const json_t *list = json_object_get(root, name);
    bool good = json_array_size(list) == (size_t)count;
    for (int i = 0; i < count && good; i++) {
        good = json_is_number(json_array_get(list, (size_t)i));
        values[i] = json_number_value(json_array_get(list, (size_t)i));
    }
    return good;
}

static bool get_normalisation(const json_t *root, alc_normalisation *normalisation)
{
    return get_numbers(root, "mean", 3, normalisation->mean) && get_numbers(root, "std", 3, normalisation->std);
}

static bool get_preprocessing(const json_t *root, model_card *card)
{
    const json_t *crop = json_object_get(root, "crop"), *size = json_object_get(root, "size");
    const char *filter = json_string_value(json_object_get(root, "filter"));
    double source[2];
    if (!json_is_integer(crop) || !json_is_integer(size) || !get_numbers(root, "source", 2, source) || !filter ||
        !(source[0] >= 0 && source[0] < 1e9 && source[1] >= 0 && source[1] < 1e9))
        return false;
    card->crop = json_integer_value(crop);
    card->source_height = (int64_t)source[0];
    card->source_width = (int64_t)source[1];
    return strcmp(filter, "bilinear") == 0 && json_integer_value(size) == card->network.image_size &&
           get_normalisation(root, &card->normalisation);
}

static alc_status read_preprocessing(alc_context *context, const char *text, model_card *card, const char **wrong)
{
    json_t *root = NULL;
    *wrong = "it does not say how images are prepared";
    alc_status status = text ? alc_json_read(context, text, "how images are prepared", &root) : ALC_BAD_FILE;
    if (status == ALC_OK && !get_preprocessing(root, card))
        status = ALC_BAD_FILE;
    json_decref(root);
    return status;
}

alc_status model_card_read_normalisation(alc_context *context, alc_metadata metadata, alc_normalisation *normalisation)
{
    alc_normalisation found;
    json_t *root = NULL;
    const char *text = alc_metadata_find(metadata, ALC_KEY_PREPROCESSING);
    alc_status status = text ? alc_json_read(context, text, "how images are prepared", &root) : ALC_NOT_FOUND;
    if (status == ALC_OK && get_normalisation(root, &found))
        *normalisation = found;
    else if (status != ALC_OUT_OF_MEMORY)
        status = ALC_NOT_FOUND;
    json_decref(root);
    return status;
}

static alc_status read_encoder(alc_context *context, const char *text, model_card *card, const char **wrong)
{
    *wrong = "it does not say how rows are encoded";
    if (card->network.table_width == 0)
        return ALC_OK;
    if (!text)
        return ALC_BAD_FILE;
    const alc_status status = alc_encoder_read_json(context, text, &card->own_encoder);
    *wrong = alc_error_message(context);
    if (status)
        return status;
    *wrong = "its encoder does not fit its network";
    card->encoder = card->own_encoder;
    return alc_encoder_width(card->encoder) == card->network.table_width ? ALC_OK : ALC_BAD_FILE;
}

static alc_status read_parts(alc_context *context, alc_metadata metadata, model_card *card, const char **wrong)
{
    const char *network = alc_metadata_find(metadata, ALC_KEY_BUILDER_OPTIONS);
    const char *classes = alc_metadata_find(metadata, ALC_KEY_CLASSES);
    const char *views = alc_metadata_find(metadata, KEY_VIEWS);
    card->label = alc_metadata_find(metadata, KEY_LABEL);
    card->decoder = alc_metadata_find(metadata, ALC_KEY_DECODER);
    card->missing = alc_metadata_find(metadata, KEY_MISSING);
    *wrong = "it does not describe its network and classes";
    if (!network || !classes || !card->label || !views)
        return ALC_BAD_FILE;
    alc_status status = alc_classifier_read_json(context, network, &card->network, wrong);
    if (status == ALC_OK)
        status = read_classes(context, classes, card, wrong);
    if (status == ALC_OK && card->network.backbone)
        status = read_preprocessing(context, alc_metadata_find(metadata, ALC_KEY_PREPROCESSING), card, wrong);
    if (status)
        return status;
    *wrong = "it does not say how many views are averaged";
    if (!parse_integer(views, 1, ALC_VIEW_COUNT, &card->views))
        return ALC_BAD_FILE;
    return read_encoder(context, alc_metadata_find(metadata, ALC_KEY_ENCODER), card, wrong);
}

alc_status model_card_read(alc_context *context, alc_metadata metadata, model_card *card, char *why, size_t size)
{
    const char *wrong;
    *card = (model_card){0};
    const alc_status status = read_parts(context, metadata, card, &wrong);
    if (status)
        snprintf(why, size, "%s", status == ALC_OUT_OF_MEMORY ? "memory ran out" : wrong);
    return status;
}

void model_card_free(model_card *card)
{
    for (int i = 0; i < CARD_STRINGS; i++)
        free(card->texts[i]);
    if (card->json)
        free(card->classes);
    json_decref(card->json);
    alc_encoder_destroy(card->own_encoder);
}
