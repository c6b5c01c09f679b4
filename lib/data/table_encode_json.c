/* lib/data/table_encode_json.c - an encoder as JSON text and back, for checkpoints.
 *
 * Doubles are written with 17 digits and so come back with the same bits. What is read is checked as any file is: it may
 * have been written by somebody else.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_parse.h"
#include "lib/data/encoder_internal.h"

#define LONGEST_JSON ((size_t)16 << 20)

static const char *const encoding_names[] = {
    [ALC_ENCODE_STANDARDISE] = "standardise",
    [ALC_ENCODE_UNIT_ROWS] = "unit rows",
};

static json_t *feature_to_json(const alc_feature *feature)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "name", json_string(feature->name));

    failed |= json_object_set_new(object, "column", json_string(feature->left));
    if (feature->right != NULL)
        failed |= json_object_set_new(object, "minus", json_string(feature->right));
    failed |= json_object_set_new(object, "mean", json_real(feature->mean));
    failed |= json_object_set_new(object, "std", json_real(feature->std));
    failed |= json_object_set_new(object, "missing_indicator",
                                  json_boolean(feature->indicator != NULL));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *encoder_to_json(const alc_encoder *encoder)
{
    json_t *object = json_object(), *features = json_array();
    int failed =
        json_object_set_new(object, "encoding", json_string(encoding_names[encoder->encoding]));

    for (int64_t i = 0; i < encoder->feature_count; i++)
        failed |= json_array_append_new(features, feature_to_json(&encoder->features[i]));
    failed |= json_object_set_new(object, "features", features);
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

alc_status alc_encoder_write_json(const alc_encoder *encoder, char **text)
{
    json_t *object;
    char *dumped;

    if (text != NULL)
        *text = NULL;
    if (encoder == NULL)
        return ALC_INVALID_ARGUMENT;
    if (text == NULL)
        return alc_fail(encoder->context, ALC_INVALID_ARGUMENT,
                        "alc_encoder_write_json: text is NULL");
    object = encoder_to_json(encoder);
    dumped = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    if (dumped == NULL)
        return alc_fail(encoder->context, ALC_OUT_OF_MEMORY, "cannot write an encoder as JSON");
    *text = alc_copy_text(encoder->context, dumped);
    free(dumped);
    return *text != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
}

static alc_status bad(alc_context *context, const char *what)
{
    return alc_fail(context, ALC_BAD_FILE, "the encoder's JSON is not valid: %s", what);
}

static alc_status read_feature(alc_encoder *encoder, int64_t index, json_t *object)
{
    alc_context *context = encoder->context;
    alc_feature *feature = &encoder->features[index];
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *left = json_string_value(json_object_get(object, "column"));
    const json_t *minus = json_object_get(object, "minus");
    const json_t *mean = json_object_get(object, "mean"), *std = json_object_get(object, "std");
    const json_t *indicator = json_object_get(object, "missing_indicator");

    if (name == NULL || left == NULL || (minus != NULL && !json_is_string(minus)) ||
        !json_is_boolean(indicator))
        return bad(context, "a feature lacks its name, column or missing_indicator");
    if (!json_is_real(mean) || !json_is_real(std) || !(json_real_value(std) > 0))
        return bad(context, "a feature's mean or std is no number, or its std is not positive");
    feature->mean = json_real_value(mean);
    feature->std = json_real_value(std);
    feature->name = alc_copy_text(context, name);
    feature->left = alc_copy_text(context, left);
    if (feature->name == NULL || feature->left == NULL)
        return ALC_OUT_OF_MEMORY;
    if (minus != NULL) {
        feature->right = alc_copy_text(context, json_string_value(minus));
        if (feature->right == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    return json_is_true(indicator) ? alc_encoder_add_indicator(encoder, index) : ALC_OK;
}

static alc_status read_encoder(alc_context *context, json_t *object, alc_encoder **encoder)
{
    const char *encoding = json_string_value(json_object_get(object, "encoding"));
    json_t *features = json_object_get(object, "features");
    size_t count = json_array_size(features);
    int kind = 0;

    while (kind <= ALC_ENCODE_UNIT_ROWS && encoding != NULL &&
           strcmp(encoding, encoding_names[kind]) != 0)
        kind++;
    if (encoding == NULL || kind > ALC_ENCODE_UNIT_ROWS)
        return bad(context, "it names no known encoding");
    if (count < 1 || count > ALC_TABLE_MAX_COLUMNS)
        return bad(context, "it has no list of features, or one of more than 4096");
    *encoder = alc_encoder_allocate(context, (alc_encoding)kind, (int64_t)count);
    if (*encoder == NULL)
        return ALC_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++) {
        alc_status status = read_feature(*encoder, (int64_t)i, json_array_get(features, i));
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}

alc_status alc_encoder_read_json(alc_context *context, const char *text, alc_encoder **encoder)
{
    alc_encoder *read = NULL;
    alc_json_problem problem;
    json_t *object;
    alc_status status;

    if (encoder != NULL)
        *encoder = NULL;
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (text == NULL || encoder == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "alc_encoder_read_json: an argument is NULL");
    if (strlen(text) > LONGEST_JSON)
        return bad(context, "it is longer than 16 MiB");
    object = alc_json_parse(context, text, strlen(text), &problem);
    if (object == NULL)
        return problem.what == NULL ? ALC_OUT_OF_MEMORY : bad(context, problem.what);
    status = read_encoder(context, object, &read);
    json_decref(object);
    if (status == ALC_OK)
        *encoder = read;
    else
        alc_encoder_destroy(read);
    return status;
}
