/* lib/data/dataset_internal.h - what a data set holds, and the steps that make it. */
#ifndef ALC_LIB_DATA_DATASET_INTERNAL_H
#define ALC_LIB_DATA_DATASET_INTERNAL_H

#include "alcor/dataset.h"
#include "lib/base/base.h"

typedef struct alc_sample {
    int64_t row;
    int32_t label;       /* -1: unknown */
    const char *id;
    uint64_t key;
    uint8_t *pixels;     /* NULL without images */
    const char *image;   /* the path of its file; "" without images */
} alc_sample;

struct alc_dataset {
    alc_context *context;
    const alc_table *table;
    alc_arena texts;           /* class names, numbers as identifiers, reasons */
    int64_t class_count;
    const char **class_names;
    int64_t label_column;      /* -1: none */
    int64_t image_column;      /* of the paths, also where no image is read; -1: none */
    int64_t count;
    alc_sample *samples;
    uint8_t *pixels;
    int64_t image_size, source_height, source_width;
    int64_t dropped_count;
    alc_dropped_row *dropped;
    alc_table *own_table;      /* of a view (hide_labels.c): `table`, and pixels and dropped belong to another. NULL: no view */
};

/* A data set in the making: one candidate per row of the table. */
typedef struct alc_candidate {
    const char *reason;  /* why it is dropped; NULL: it is not */
    int32_t label;
    const char *image;   /* the path of its file; NULL: none is needed */
    uint8_t *pixels;
    alc_status status;   /* of reading its image */
} alc_candidate;

typedef struct alc_dataset_builder {
    alc_context *context;
    const alc_table *table;
    alc_dataset_options options;
    alc_dataset *dataset;
    alc_candidate *candidates;  /* [rows] */
    int64_t rows, id_column, image_column;
    const char *label_name;
    char *folder;               /* with a '/' at the end, or "" */
    int64_t crop;               /* 0: the largest square of each image */
} alc_dataset_builder;

/* Fails with "TABLE: line L (row R): sentence". */
alc_status alc_dataset_fail_row(const alc_dataset_builder *builder, int64_t row, alc_status status,
                                const char *format, ...) ALC_PRINTF(4, 5);
/* Keeps why a row is dropped. */
alc_status alc_dataset_drop(alc_dataset_builder *builder, int64_t row, const char *reason);
/* True if the caller asks to stop. */
bool alc_dataset_stopped(const alc_dataset_builder *builder);

/* The steps: dataset_labels.c, dataset_images.c. */
alc_status alc_dataset_read_labels(alc_dataset_builder *builder);
alc_status alc_dataset_check_classes(const alc_dataset_builder *builder);
alc_status alc_dataset_read_images(alc_dataset_builder *builder);

/* indices == NULL stands for all samples. ALC_INVALID_ARGUMENT names an index outside the data set. */
alc_status alc_dataset_check_indices(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t *count);

/* Gives samples to `bins` bins (bin[i] becomes 0 .. bins-1), groups undivided, so that each bin gets its share of every class as
 * evenly as they allow. Samples with bin[i] < 0 on entry are left out. shares[bins] are positive (split_groups.c). */
alc_status alc_assign_groups(const alc_dataset *dataset, uint64_t seed, const int64_t *groups, const double *shares,
                             int bins, int32_t *bin);

#endif
