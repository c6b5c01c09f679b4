/* lib/data/dataset_statistics.c - what training takes from the samples of its part: counts and weights of classes, the
 * images' mean and deviation, a fitted encoder. Sums of pixels are exact integers, so their order does not matter.
 */
#include <math.h>
#include <string.h>

#include "lib/data/dataset_internal.h"

alc_status alc_dataset_check_indices(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t *count)
{
    if (dataset == NULL)
        return ALC_INVALID_ARGUMENT;
    if (indices == NULL)
        *count = dataset->count;
    for (int64_t i = 0; indices != NULL && i < *count; i++)
        if (indices[i] < 0 || indices[i] >= dataset->count)
            return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                            "%s: there is no sample %lld; the data set has %lld",
                            alc_table_path(dataset->table), (long long)indices[i],
                            (long long)dataset->count);
    if (*count < 1)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "%s: no sample was chosen",
                        alc_table_path(dataset->table));
    return ALC_OK;
}

void alc_dataset_class_counts(const alc_dataset *dataset, const int64_t *indices, int64_t count,
                              int64_t *counts)
{
    if (dataset == NULL || counts == NULL)
        return;
    memset(counts, 0, (size_t)dataset->class_count * sizeof *counts);
    if (indices == NULL)
        count = dataset->count;
    for (int64_t i = 0; i < count; i++) {
        int64_t label = alc_dataset_label(dataset, indices != NULL ? indices[i] : i);
        if (label >= 0)
            counts[label]++;
    }
}

alc_status alc_dataset_class_weights(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t count, double *weights)
{
    int64_t *counts;
    double labelled = 0;
    alc_status status = alc_dataset_check_indices(dataset, indices, &count);

    if (status != ALC_OK)
        return status;
    if (weights == NULL)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "alc_dataset_class_weights: weights is NULL");
    counts = alc_allocate_array(dataset->context, (size_t)dataset->class_count, sizeof *counts,
                                "class counts");
    if (counts == NULL)
        return ALC_OUT_OF_MEMORY;
    alc_dataset_class_counts(dataset, indices, count, counts);
    for (int64_t c = 0; c < dataset->class_count; c++)
        labelled += (double)counts[c];
    for (int64_t c = 0; status == ALC_OK && c < dataset->class_count; c++) {
        if (counts[c] == 0)
            status = alc_fail(dataset->context, ALC_MISMATCH,
                              "%s: class \"%s\" has no sample in this part, so no weight",
                              alc_table_path(dataset->table), dataset->class_names[c]);
        else
            weights[c] = labelled / ((double)dataset->class_count * (double)counts[c]);
    }
    alc_free(dataset->context, counts);
    return status;
}

alc_status alc_dataset_fit_encoder(const alc_dataset *dataset, const int64_t *indices,
                                   int64_t count, alc_encoder_options options,
                                   alc_encoder **encoder)
{
    int64_t *rows;
    alc_status status;

    if (encoder != NULL)
        *encoder = NULL;
    status = alc_dataset_check_indices(dataset, indices, &count);
    if (status != ALC_OK)
        return status;
    rows = alc_allocate_array(dataset->context, (size_t)count, sizeof *rows, "row numbers");
    if (rows == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++)
        rows[i] = dataset->samples[indices != NULL ? indices[i] : i].row;
    status = alc_encoder_fit(dataset->table, rows, count, options, encoder);
    alc_free(dataset->context, rows);
    return status;
}

alc_status alc_dataset_normalisation(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t count, alc_normalisation *normalisation)
{
    int64_t pixels;
    uint64_t sum[3] = {0}, squares[3] = {0};
    double n;
    alc_status status = alc_dataset_check_indices(dataset, indices, &count);

    if (status != ALC_OK)
        return status;
    if (dataset->pixels == NULL || normalisation == NULL)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "%s: the data set has no images to normalise",
                        alc_table_path(dataset->table));
    pixels = dataset->image_size * dataset->image_size;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *values = dataset->samples[indices != NULL ? indices[i] : i].pixels;
        for (int64_t p = 0; p < 3 * pixels; p++) {
            sum[p % 3] += values[p];
            squares[p % 3] += (uint64_t)values[p] * values[p];
        }
    }
    n = (double)count * (double)pixels;
    for (int c = 0; c < 3; c++) {
        double mean = (double)sum[c] / n;
        double variance = (double)squares[c] / n - mean * mean;
        normalisation->mean[c] = mean / 255;
        normalisation->std[c] = variance > 1 ? sqrt(variance) / 255 : 1.0 / 255;
    }
    return ALC_OK;
}
