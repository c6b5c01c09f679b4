/* alcor/dataset.h - samples: rows of a table joined with images, labels and identifiers, and how
 * they are split.
 *
 * A data set is made once; every row that it leaves out is listed with the reason. Splits depend on
 * identifiers and a seed alone, never on the order of rows, so every model that is trained on the
 * same table sees the same parts.
 */
#ifndef ALCOR_DATASET_H
#define ALCOR_DATASET_H

#include "alcor/image.h"
#include "alcor/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_dataset alc_dataset;

typedef enum alc_label_policy {
    ALC_LABELS_REQUIRED, /* the column is there; a row without a label is dropped; a label outside
                            `classes` is an error */
    ALC_LABELS_OPTIONAL  /* for prediction: without the column, a label, or with one outside
                            `classes`, the class is -1 */
} alc_label_policy;

/* Asked now and then while files are read; true: the call ends with ALC_INTERRUPTED. Called from
 * several threads. */
typedef bool (*alc_stop_fn)(void *user);

typedef struct alc_dataset_options {
    /* labels */
    const char *label; /* column; NULL: "class" */
    alc_label_policy labels;
    const char *const
        *classes; /* the classes in order, copied; NULL: the column's values, sorted as bytes */
    int64_t class_count;
    /* identity */
    const char *id; /* column of unique identifiers; NULL: "id" where there is one */
    /* images */
    bool images;              /* read them; false: a data set of the table alone */
    const char *image_column; /* path of the image; NULL: "image" */
    const char *image_folder; /* what relative paths start from; NULL: the table's folder */
    int64_t crop;             /* side of the middle square that is used; 0: the largest there is */
    int64_t size;             /* side it is resized to; 0: as the crop. At most 4096 */
    alc_resize_filter filter;
    alc_image_limits limits;
    int64_t source_height, source_width; /* what every image must have; 0: what the first one has */
    bool any_source_size;                /* images may differ in size */
    bool drop_bad_images; /* drop rows whose image is missing or unusable instead of failing */
    /* interruption */
    alc_stop_fn stop; /* NULL: never */
    void *stop_user;
} alc_dataset_options;

/* Joins a table and images. The table must outlive the data set. Images are decoded on the
 * context's threads, cropped, resized and kept as bytes (size * size * 3 each). *dataset is NULL on
 * failure, and the sentence names the file and row: ALC_NOT_FOUND (a column), ALC_BAD_FILE (a
 * duplicate or missing identifier, an image that cannot be decoded, is smaller than the crop or of
 * another size), ALC_IO_ERROR (an image that cannot be read), ALC_MISMATCH (a label outside
 * `classes`; labels that differ by blanks around them alone; a class of which every row was
 * dropped; less than two classes where labels are required), ALC_INVALID_ARGUMENT, ALC_INTERRUPTED, ALC_OUT_OF_MEMORY. */
alc_status alc_dataset_create(const alc_table *table, alc_dataset_options options,
                              alc_dataset **dataset);
/* NULL is allowed. */
void alc_dataset_destroy(alc_dataset *dataset);

const alc_table *alc_dataset_table(const alc_dataset *dataset);
/* Samples; they are numbered 0 .. count-1 in the order of the table's rows. */
int64_t alc_dataset_count(const alc_dataset *dataset);
int64_t alc_dataset_class_count(const alc_dataset *dataset);
/* NULL outside [0, class_count). */
const char *alc_dataset_class_name(const alc_dataset *dataset, int64_t class_index);
/* How many of the samples `indices[0 .. count)` (NULL: all) each class has: counts[class_count].
 * Samples of unknown class, and indices outside the data set, are not counted. */
void alc_dataset_class_counts(const alc_dataset *dataset, const int64_t *indices, int64_t count,
                              int64_t *counts);

/* Of one sample; outside [0, count) a row and class of -1, "", 0 and NULL. The class is -1 where it is unknown; label_text is the cell
 * ("" where missing). */
int64_t alc_dataset_row(const alc_dataset *dataset, int64_t index);
int64_t alc_dataset_label(const alc_dataset *dataset, int64_t index);
const char *alc_dataset_label_text(const alc_dataset *dataset, int64_t index);
/* The identifier; the row's number counted from 1 where there is no identifier column. */
const char *alc_dataset_id(const alc_dataset *dataset, int64_t index);
/* What the split hashes: the identifier, or all of the row's cells where there is none. */
uint64_t alc_dataset_key(const alc_dataset *dataset, int64_t index);
/* size * size * 3 bytes, as in alc_image; NULL in a data set without images. */
const uint8_t *alc_dataset_pixels(const alc_dataset *dataset, int64_t index);
/* The path of the file that they are from; "" in a data set without images. */
const char *alc_dataset_image_path(const alc_dataset *dataset, int64_t index);
/* The side of the kept images; 0 without images. */
int64_t alc_dataset_image_size(const alc_dataset *dataset);
/* The height and width that the files had (of the first one, where they may differ); 0 without
 * images. */
int64_t alc_dataset_source_height(const alc_dataset *dataset);
int64_t alc_dataset_source_width(const alc_dataset *dataset);

/* A row of the table that is no sample, and why, in a sentence without the row: "the label is
 * missing". */
typedef struct alc_dropped_row {
    int64_t row;
    const char *reason;
} alc_dropped_row;
int64_t alc_dataset_dropped_count(const alc_dataset *dataset);
/* In the order of rows; {-1, ""} outside [0, dropped_count). */
alc_dropped_row alc_dataset_dropped(const alc_dataset *dataset, int64_t index);

/* alc_encoder_fit on the rows of these samples. */
alc_status alc_dataset_fit_encoder(const alc_dataset *dataset, const int64_t *indices,
                                   int64_t count, alc_encoder_options options,
                                   alc_encoder **encoder);
/* Mean and standard deviation of v / 255 per channel over all pixels of these samples, from exact
 * integer sums; a deviation below 1/255 is raised to it. ALC_INVALID_ARGUMENT without images or
 * samples. */
alc_status alc_dataset_normalisation(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t count, alc_normalisation *normalisation);
/* weights[c] = n / (k counts[c]) for n labelled samples in k classes, so that every class weighs
 * the same in all and their mean over samples is 1. ALC_MISMATCH names a class without a sample. */
alc_status alc_dataset_class_weights(const alc_dataset *dataset, const int64_t *indices,
                                     int64_t count, double *weights);

/* A view of the data set in which the labels of some samples are not to be had, for code that trains and predicts while the
 * labels of a test part are kept for the judging: their class is -1, their label text and image path "", they are not
 * counted, and in alc_dataset_table of the view their cells in the label's and the image's column (whose paths often hold the
 * class) are empty. A loader refuses to write their labels, and no split can be made of the view. All else is as in the data set, which, like its
 * table, must outlive the view. Free it with alc_dataset_destroy. *blind is NULL on failure: ALC_INVALID_ARGUMENT (no index, one
 * outside the data set), ALC_OUT_OF_MEMORY. */
alc_status alc_dataset_hide_labels(const alc_dataset *dataset, const int64_t *indices, int64_t count,
                                   alc_dataset **blind);

/* ---- groups: samples that must not be divided between the parts of a split ---- */

typedef struct alc_group_options {
    const char *column; /* samples with the same text in this column belong together; a missing cell with nobody. NULL: none */
    const char *right_ascension, *declination; /* columns in degrees; both or neither */
    double radius;      /* samples at most so many arc seconds apart on the sky belong together; 0: do not look */
    bool equal_images;  /* samples whose kept images are the same bytes belong together */
} alc_group_options;

/* Numbers the groups 0 .. *group_count-1 in the order of their first samples: groups[i] is that of sample i. Belonging together
 * carries over: a chain of neighbours is one group. ALC_NOT_FOUND (a column), ALC_BAD_FILE (a coordinate that is no number, or
 * out of range; a missing one is near nobody), ALC_INVALID_ARGUMENT (one coordinate column without the other, a radius that is
 * negative or above 3600, images asked for where there are none), ALC_OUT_OF_MEMORY. */
alc_status alc_dataset_groups(const alc_dataset *dataset, alc_group_options options, int64_t *groups,
                              int64_t *group_count);

/* ---- splits ---- */

typedef struct alc_split alc_split;

typedef enum alc_part {
    ALC_PART_TRAIN,
    ALC_PART_VALIDATION,
    ALC_PART_TEST,
    ALC_PART_COUNT
} alc_part;

typedef struct alc_split_options {
    uint64_t seed;
    double train, validation,
        test; /* shares; only their ratio counts: 70, 15, 15. train > 0; the others may be 0 */
    const int64_t *groups; /* of every sample, as alc_dataset_groups gives them; NULL: each is alone */
} alc_split_options;

/* One stratified split: the samples of each class are put in the order of hash(key, seed) and cut
 * by the shares: test has round(n * share), at least 1, of the class's n samples, validation alike,
 * training the rest. Parts whose share is 0 are empty. *split is NULL on failure:
 * ALC_INVALID_ARGUMENT (shares, a sample without a label), ALC_MISMATCH (a class with fewer samples
 * than there are parts: it would be unknown to one of them), ALC_OUT_OF_MEMORY.
 * With groups, none is divided: the largest first, then by hash, each goes where it leaves the classes' shares most even.
 * ALC_MISMATCH then also for a class that the training part would not have. */
alc_status alc_split_create(const alc_dataset *dataset, alc_split_options options,
                            alc_split **split);

typedef struct alc_fold_options {
    uint64_t seed;
    int64_t folds;     /* at least 2 */
    int64_t fold;      /* 0 .. folds-1: the one that is the test part */
    double validation; /* share of the rest that is the validation part, 0 <= share < 1 */
    const int64_t *groups; /* as above */
} alc_fold_options;

/* Fold f of k: in each class, sorted by the same hash, sample number r is in the test part of fold
 * r mod k; so the k test parts cover every sample once. The validation part is cut from the rest as
 * in alc_split_create. Errors are the same. */
alc_status alc_split_create_fold(const alc_dataset *dataset, alc_fold_options options,
                                 alc_split **split);
/* NULL is allowed. */
void alc_split_destroy(alc_split *split);

/* The samples of a part, ascending; *count is 0 for an empty one. Valid as long as the split. */
const int64_t *alc_split_indices(const alc_split *split, alc_part part, int64_t *count);
/* 16 hexadecimal digits that name the split: a hash of every sample's key and part, whatever the
 * order of rows. */
const char *alc_split_hash(const alc_split *split);

#ifdef __cplusplus
}
#endif
#endif
