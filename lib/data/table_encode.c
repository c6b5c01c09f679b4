/* lib/data/table_encode.c - fits an encoder on the training rows of a table, and encodes rows with it.
 *
 * The statistics see the rows that the caller gives and nothing else. All sums are in double, one value after the other
 * in ascending order of rows, so they depend neither on threads nor on the order of a split's indices.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data/encoder_internal.h"
#include "lib/data/table_internal.h"

/* Beyond this many standard deviations a value is no measurement, and its square would be infinite in float. */
#define LARGEST_ENCODED 1e30

/* The columns of one table that a feature is made from. right < 0: no difference. */
typedef struct feature_columns {
    int64_t left, right;
} feature_columns;

alc_encoder *alc_encoder_allocate(alc_context *context, alc_encoding encoding,
                                  int64_t feature_count)
{
    alc_encoder *encoder = alc_allocate(context, sizeof *encoder, "an encoder");
    if (encoder == NULL)
        return NULL;
    encoder->context = context;
    encoder->encoding = encoding;
    encoder->features =
        alc_allocate_array(context, (size_t)feature_count, sizeof(alc_feature), "features");
    if (encoder->features == NULL) {
        alc_free(context, encoder);
        return NULL;
    }
    encoder->feature_count = feature_count;
    return encoder;
}

void alc_encoder_destroy(alc_encoder *encoder)
{
    if (encoder == NULL)
        return;
    for (int64_t i = 0; i < encoder->feature_count; i++) {
        alc_feature *feature = &encoder->features[i];
        alc_free(encoder->context, feature->name);
        alc_free(encoder->context, feature->left);
        alc_free(encoder->context, feature->right);
        alc_free(encoder->context, feature->indicator);
    }
    alc_free(encoder->context, encoder->features);
    alc_free(encoder->context, encoder);
}

alc_status alc_encoder_add_indicator(alc_encoder *encoder, int64_t feature)
{
    alc_feature *target = &encoder->features[feature];
    alc_text text;

    alc_text_init(&text, encoder->context);
    alc_text_append(&text, "%s missing", target->name);
    if (!text.failed)
        target->indicator = alc_copy_text(encoder->context, alc_text_string(&text));
    alc_text_free(&text);
    if (target->indicator == NULL)
        return ALC_OUT_OF_MEMORY;
    encoder->indicator_count++;
    return ALC_OK;
}

int64_t alc_encoder_width(const alc_encoder *encoder)
{
    return encoder == NULL ? 0 : encoder->feature_count + encoder->indicator_count;
}

const char *alc_encoder_value_name(const alc_encoder *encoder, int64_t index)
{
    if (encoder == NULL || index < 0 || index >= alc_encoder_width(encoder))
        return NULL;
    if (index < encoder->feature_count)
        return encoder->features[index].name;
    index -= encoder->feature_count;
    for (int64_t i = 0; i < encoder->feature_count; i++)
        if (encoder->features[i].indicator != NULL && index-- == 0)
            return encoder->features[i].indicator;
    return NULL;
}

/* Sets the feature's name and those of the columns it is made from. */
static alc_status resolve(const alc_table *table, const char *name, alc_feature *feature)
{
    alc_context *context = table->context;
    int64_t columns[2], ignored;

    if (!alc_table_find_feature(table, name, columns))
        return alc_table_require_column(table, name, &ignored);
    feature->name = alc_copy_text(context, name);
    feature->left = alc_copy_text(context, alc_table_column_name(table, columns[0]));
    if (columns[1] >= 0)
        feature->right = alc_copy_text(context, alc_table_column_name(table, columns[1]));
    return feature->name == NULL || feature->left == NULL || (columns[1] >= 0 && feature->right == NULL) ? ALC_OUT_OF_MEMORY : ALC_OK;
}

static alc_status find_columns(const alc_table *table, const alc_feature *feature,
                               feature_columns *columns)
{
    alc_status status = alc_table_require_column(table, feature->left, &columns->left);
    columns->right = -1;
    if (status == ALC_OK && feature->right != NULL)
        status = alc_table_require_column(table, feature->right, &columns->right);
    return status;
}

static alc_status feature_value(const alc_table *table, int64_t row, feature_columns columns,
                                double *value, bool *missing)
{
    double subtracted = 0;
    bool right_missing = false;
    alc_status status = alc_table_number(table, row, columns.left, value, missing);

    if (status == ALC_OK && columns.right >= 0)
        status = alc_table_number(table, row, columns.right, &subtracted, &right_missing);
    if (status != ALC_OK)
        return status;
    *missing = *missing || right_missing;
    *value = *missing ? 0 : *value - subtracted;
    return ALC_OK;
}

/* Of n > 0 values; 1 where they are all the same. */
static double deviation(const double *values, int64_t n, double mean)
{
    double squares = 0, std;

    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    std = sqrt(squares / (double)n);
    return std == 0 ? 1 : std;
}

/* Mean and, if values are standardised, deviation of the rows' values; `values` has room for one per row. */
static alc_status fit_feature(const alc_table *table, const int64_t *rows, int64_t row_count,
                              alc_encoding encoding, alc_feature *feature, double *values,
                              int64_t *missing_count)
{
    feature_columns columns;
    int64_t n = 0;
    double sum = 0, least = INFINITY, largest = -INFINITY;
    alc_status status = find_columns(table, feature, &columns);

    for (int64_t i = 0; status == ALC_OK && i < row_count; i++) {
        bool missing;
        status = feature_value(table, rows[i], columns, &values[n], &missing);
        if (status == ALC_OK && !missing) {
            sum += values[n];
            least = values[n] < least ? values[n] : least;
            largest = values[n] > largest ? values[n] : largest;
            n++;
        }
    }
    if (status != ALC_OK)
        return status;
    *missing_count = row_count - n;
    if (n == 0)
        return alc_fail(table->context, ALC_BAD_FILE,
                        "%s: \"%s\" has no value in any of the %lld rows of the training part",
                        table->path, feature->name, (long long)row_count);
    feature->mean = least == largest ? least : sum / (double)n;
    feature->std = encoding == ALC_ENCODE_STANDARDISE ? deviation(values, n, feature->mean) : 1;
    if (!isfinite(feature->mean) || !isfinite(feature->std))
        return alc_fail(table->context, ALC_BAD_FILE,
                        "%s: the values of \"%s\" are too large to be averaged (%g to %g)",
                        table->path, feature->name, least, largest);
    return ALC_OK;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static alc_status fit_all(const alc_table *table, const int64_t *rows, int64_t row_count,
                          alc_encoder_options options, alc_encoder *encoder)
{
    double *values = alc_allocate_array(table->context, (size_t)row_count, sizeof(double),
                                        "a column's values");
    alc_status status = values != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;

    for (int64_t i = 0; status == ALC_OK && i < encoder->feature_count; i++) {
        int64_t missing = 0;
        status = resolve(table, options.features[i], &encoder->features[i]);
        if (status == ALC_OK)
            status = fit_feature(table, rows, row_count, encoder->encoding, &encoder->features[i],
                                 values, &missing);
        if (status == ALC_OK && missing > 0 && !options.no_missing_indicators)
            status = alc_encoder_add_indicator(encoder, i);
    }
    alc_free(table->context, values);
    return status;
}

static alc_status check_fit(const alc_table *table, const int64_t *rows, int64_t row_count,
                            alc_encoder_options options)
{
    alc_context *context = table->context;

    if (rows == NULL || row_count < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "%s: an encoder needs at least one row to be fitted on", table->path);
    if (options.features == NULL || options.feature_count < 1 ||
        options.feature_count > ALC_TABLE_MAX_COLUMNS)
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "%s: %lld features were named for an encoder; it takes 1 to %d",
                        table->path, (long long)options.feature_count, ALC_TABLE_MAX_COLUMNS);
    if (options.encoding != ALC_ENCODE_STANDARDISE && options.encoding != ALC_ENCODE_UNIT_ROWS)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "%s: %d is no alc_encoding", table->path,
                        (int)options.encoding);
    for (int64_t i = 0; i < options.feature_count; i++) {
        if (options.features[i] == NULL)
            return alc_fail(context, ALC_INVALID_ARGUMENT, "%s: feature %lld is NULL",
                            table->path, (long long)i + 1);
        for (int64_t j = 0; j < i; j++)
            if (strcmp(options.features[i], options.features[j]) == 0)
                return alc_fail(context, ALC_INVALID_ARGUMENT,
                                "%s: the feature \"%s\" is named twice", table->path,
                                options.features[i]);
    }
    return ALC_OK;
}

static alc_status check_rows(const alc_table *table, const int64_t *rows, int64_t row_count)
{
    for (int64_t i = 0; i < row_count; i++)
        if (rows[i] < 0 || rows[i] >= table->rows)
            return alc_fail(table->context, ALC_INVALID_ARGUMENT,
                            "%s: there is no row %lld; the table has %lld", table->path,
                            (long long)rows[i] + 1, (long long)table->rows);
    return ALC_OK;
}

alc_status alc_encoder_fit(const alc_table *table, const int64_t *rows, int64_t row_count,
                           alc_encoder_options options, alc_encoder **encoder)
{
    alc_encoder *fitted = NULL;
    int64_t *sorted = NULL;
    alc_status status;

    if (encoder != NULL)
        *encoder = NULL;
    if (table == NULL)
        return ALC_INVALID_ARGUMENT;
    if (encoder == NULL)
        return alc_fail(table->context, ALC_INVALID_ARGUMENT, "alc_encoder_fit: encoder is NULL");
    status = check_fit(table, rows, row_count, options);
    if (status == ALC_OK)
        status = check_rows(table, rows, row_count);
    if (status != ALC_OK)
        return status;
    sorted = alc_allocate_array(table->context, (size_t)row_count, sizeof(int64_t), "row numbers");
    fitted = alc_encoder_allocate(table->context, options.encoding, options.feature_count);
    status = ALC_OUT_OF_MEMORY;
    if (sorted == NULL || fitted == NULL)
        goto done;
    memcpy(sorted, rows, (size_t)row_count * sizeof(int64_t));
    qsort(sorted, (size_t)row_count, sizeof(int64_t), compare_rows);
    status = fit_all(table, sorted, row_count, options, fitted);
done:
    alc_free(table->context, sorted);
    if (status == ALC_OK)
        *encoder = fitted;
    else
        alc_encoder_destroy(fitted);
    return status;
}

/* raw[f] becomes raw / |raw|; scaled by the largest first, so that no square overflows. */
static void make_unit(double *raw, int64_t count)
{
    double largest = 0, squares = 0;

    for (int64_t i = 0; i < count; i++)
        largest = fabs(raw[i]) > largest ? fabs(raw[i]) : largest;
    if (largest == 0)
        return;
    for (int64_t i = 0; i < count; i++)
        squares += (raw[i] / largest) * (raw[i] / largest);
    for (int64_t i = 0; i < count; i++)
        raw[i] = raw[i] / largest / sqrt(squares);
}

/* Of a difference it is the column on either side that may be at fault. */
static alc_status fail_far(const alc_table *table, int64_t row, feature_columns columns, const alc_feature *feature)
{
    const char *cell = alc_table_cell(table, row, columns.left);

    if (columns.right < 0)
        return alc_table_fail_cell(table, row, columns.left, "\"%.40s\" is too far from the training part's mean %g", cell,
                                   feature->mean);
    return alc_table_fail_cell(table, row, columns.left,
                               "\"%.40s\" less \"%.40s\" in column \"%.40s\" is too far from the training part's mean %g of "
                               "\"%.40s\"",
                               cell, alc_table_cell(table, row, columns.right), feature->right, feature->mean, feature->name);
}

/* `raw` has room for one value per feature. */
static alc_status encode_row(const alc_encoder *encoder, const alc_table *table, int64_t row,
                             const feature_columns *columns, double *raw, alc_real *values)
{
    int64_t indicator = encoder->feature_count;
    double largest = encoder->encoding == ALC_ENCODE_STANDARDISE ? LARGEST_ENCODED : DBL_MAX;

    for (int64_t i = 0; i < encoder->feature_count; i++) {
        const alc_feature *feature = &encoder->features[i];
        bool missing;
        alc_status status = feature_value(table, row, columns[i], &raw[i], &missing);
        if (status != ALC_OK)
            return status;
        if (missing)
            raw[i] = feature->mean;
        if (encoder->encoding == ALC_ENCODE_STANDARDISE)
            raw[i] = (raw[i] - feature->mean) / feature->std;
        if (!(fabs(raw[i]) <= largest))
            return fail_far(table, row, columns[i], feature);
        if (feature->indicator != NULL)
            values[indicator++] = missing ? 1 : 0;
    }
    if (encoder->encoding == ALC_ENCODE_UNIT_ROWS)
        make_unit(raw, encoder->feature_count);
    for (int64_t i = 0; i < encoder->feature_count; i++)
        values[i] = (alc_real)raw[i];
    return ALC_OK;
}

alc_status alc_encoder_encode(const alc_encoder *encoder, const alc_table *table,
                              const int64_t *rows, int64_t row_count, alc_real *values)
{
    alc_context *context;
    feature_columns *columns = NULL;
    double *raw = NULL;
    alc_status status;

    if (encoder == NULL)
        return ALC_INVALID_ARGUMENT;
    context = encoder->context;
    if (table == NULL || values == NULL || row_count < 0 ||
        (rows == NULL && row_count != table->rows))
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "alc_encoder_encode: an argument is NULL, or the number of rows is not "
                        "the table's");
    status = rows != NULL ? check_rows(table, rows, row_count) : ALC_OK;
    if (status != ALC_OK)
        return status;
    columns = alc_allocate_array(context, (size_t)encoder->feature_count, sizeof *columns,
                                 "features' columns");
    raw = alc_allocate_array(context, (size_t)encoder->feature_count, sizeof *raw,
                             "a row's features");
    status = columns != NULL && raw != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; status == ALC_OK && i < encoder->feature_count; i++)
        status = find_columns(table, &encoder->features[i], &columns[i]);
    for (int64_t i = 0; status == ALC_OK && i < row_count; i++)
        status = encode_row(encoder, table, rows != NULL ? rows[i] : i, columns, raw,
                            values + i * alc_encoder_width(encoder));
    alc_free(context, columns);
    alc_free(context, raw);
    return status;
}
