/* study.h - the objects of an experiment and how they are divided: what all its models share. */
#ifndef SKY_EXPERIMENT_STUDY_H
#define SKY_EXPERIMENT_STUDY_H

#include "alcor/dataset.h"
#include "sky_experiment/configuration.h"

/* Divisions into folds: the main one, and with whole groups of --also-group kept apart. */
enum { DIVISION_MAIN, DIVISION_ALSO, DIVISIONS };

#define SPLIT_HASH_SIZE 17

/* One fold. train is inner and held together: held objects are kept from networks whose judgement is learnt from (stacked fusion,
 * the depth sweep). Samples by their numbers in the data set. */
typedef struct fold_parts {
    alc_split *split, *inner_split;
    const int64_t *train, *test, *inner, *held;
    int64_t train_count, test_count, inner_count, held_count;
} fold_parts;

typedef struct study {
    const configuration *options;
    alc_context *context;
    alc_table *table;
    alc_dataset *objects; /* with all labels: for dividing and for score.c, never for training */
    bool images;
    int64_t count, class_count;
    const char **classes;
    const char *features[MAX_LIST];
    int feature_count;
    int divisions; /* 1, or 2 with --also-group */
    int64_t *groups[DIVISIONS], group_count[DIVISIONS];
    int64_t *fold_of[DIVISIONS];
    fold_parts *folds[DIVISIONS];
    char split_hash[DIVISIONS][SPLIT_HASH_SIZE];
    json_t *inputs; /* hashes of what is read, by option; of work_plan */
    alc_dataset *sized; /* the objects with images of another size, the latest that was asked for */
    char message[2048]; /* a failure of the program's own; "": the context has the sentence */
} study;

__attribute__((format(printf, 3, 4))) alc_status study_fail(study *s, alc_status status, const char *format, ...);
const char *study_message(const study *s);

/* Reads table and images, checks the features, divides into folds. */
alc_status study_open(study *s, const configuration *options);
void study_free(study *s);

/* Writes DIR/split.csv: id, label, fold and group of every object (also_fold, also_group with a second division). */
alc_status study_write_split(study *s);

/* The objects as a unit of work may see them: images of side `size` (0: none needed), and no label of the fold's test part.
 * To be destroyed before the next call. */
alc_status study_blind(study *s, int division, int64_t fold, int64_t size, alc_dataset **blind);

/* FNV-1a, 64 bits, as 16 hexadecimal digits: of a text, of a file's bytes ("" if it cannot be read), of the objects' pixels. */
void hash_text(const char *text, char hash[SPLIT_HASH_SIZE]);
void hash_file(const char *path, char hash[SPLIT_HASH_SIZE]);
void hash_images(const study *s, char hash[SPLIT_HASH_SIZE]);

#endif
