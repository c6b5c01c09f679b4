/* model_card.c - the card as JSON texts. Numbers keep 17 digits, which give back the same double. */
#include "common/model_card.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const char *read_classes(const char *text, model_card *card)
{
    json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    card->json = list;
    const size_t count = json_array_size(list);
    if (count != (size_t)card->network.classes)
        return "its list of classes does not fit its network";
    card->classes = calloc(count, sizeof *card->classes);
    if (!card->classes)
        return "memory ran out";
    for (size_t i = 0; i < count; i++) {
        card->classes[i] = json_string_value(json_array_get(list, i));
        if (!card->classes[i])
            return "its list of classes holds something else than names";
    }
    return NULL;
}

static bool unpack_normalisation(json_t *root, alc_normalisation *normalisation)
{
    double *mean = normalisation->mean, *std = normalisation->std;
    return json_unpack(root, "{s:[F,F,F], s:[F,F,F]}", "mean", &mean[0], &mean[1], &mean[2], "std", &std[0], &std[1],
                       &std[2]) == 0;
}

static const char *read_preprocessing(const char *text, model_card *card)
{
    json_int_t crop = 0, size = 0, height = 0, width = 0;
    const char *filter = "";
    json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const bool good = root && json_unpack(root, "{s:I, s:I, s:[I,I], s:s}", "crop", &crop, "size", &size, "source", &height,
                                          &width, "filter", &filter) == 0 &&
                      unpack_normalisation(root, &card->normalisation);
    const bool known = good && strcmp(filter, "bilinear") == 0 && size == card->network.image_size;
    json_decref(root);
    card->crop = crop;
    card->source_height = height;
    card->source_width = width;
    return known ? NULL : "it does not say how images are prepared";
}

bool model_card_read_normalisation(alc_metadata metadata, alc_normalisation *normalisation)
{
    alc_normalisation found;
    const char *text = alc_metadata_find(metadata, ALC_KEY_PREPROCESSING);
    json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const bool good = root && unpack_normalisation(root, &found);
    json_decref(root);
    if (good)
        *normalisation = found;
    return good;
}

static const char *read_parts(alc_context *context, alc_metadata metadata, model_card *card)
{
    const char *network = alc_metadata_find(metadata, ALC_KEY_BUILDER_OPTIONS);
    const char *classes = alc_metadata_find(metadata, ALC_KEY_CLASSES);
    const char *encoder = alc_metadata_find(metadata, ALC_KEY_ENCODER);
    const char *views = alc_metadata_find(metadata, KEY_VIEWS);
    card->label = alc_metadata_find(metadata, KEY_LABEL);
    card->decoder = alc_metadata_find(metadata, ALC_KEY_DECODER);
    card->missing = alc_metadata_find(metadata, KEY_MISSING);
    if (!network || !classes || !card->label || !views)
        return "it does not describe its network and classes";
    const char *wrong = alc_classifier_read_json(network, &card->network);
    if (!wrong)
        wrong = read_classes(classes, card);
    if (!wrong && card->network.backbone)
        wrong = read_preprocessing(alc_metadata_find(metadata, ALC_KEY_PREPROCESSING), card);
    if (wrong)
        return wrong;
    if (!parse_integer(views, 1, ALC_VIEW_COUNT, &card->views))
        return "it does not say how many views are averaged";
    if (card->network.table_width == 0)
        return NULL;
    if (!encoder)
        return "it does not say how rows are encoded";
    if (alc_encoder_read_json(context, encoder, &card->own_encoder))
        return alc_error_message(context);
    card->encoder = card->own_encoder;
    return alc_encoder_width(card->encoder) == card->network.table_width ? NULL
                                                                           : "its encoder does not fit its network";
}

bool model_card_read(alc_context *context, alc_metadata metadata, model_card *card, char *why, size_t size)
{
    *card = (model_card){0};
    const char *wrong = read_parts(context, metadata, card);
    if (wrong)
        snprintf(why, size, "%s", wrong);
    return !wrong;
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
