/* prediction_file.h - predictions of any tool, read back: a CSV file with the columns id, label, predicted and p_CLASS for
 * every class. Objects are sorted by identifier and classes by name, so that files can be laid side by side. */
#ifndef EXAMPLES_PREDICTION_FILE_H
#define EXAMPLES_PREDICTION_FILE_H

#include "alcor/table.h"

#define MAX_PREDICTED_CLASSES 256

typedef struct prediction_file {
    const char *path;
    alc_table *table;
    int64_t count, class_count;
    const char *classes[MAX_PREDICTED_CLASSES]; /* their names, sorted as bytes */
    const char **ids;                           /* [count], sorted as bytes */
    int32_t *labels, *predictions;              /* [count] */
    alc_real *probabilities;                    /* [count][class_count] */
} prediction_file;

/* Reads and checks a file. On failure `message` has the sentence (the context's, or the file's own): no such columns, an
 * identifier twice, a label or prediction that is no class, a probability outside 0 .. 1, a row of them whose sum is further
 * than 0.001 from 1. prediction_file_free is due in any case. */
alc_status prediction_file_read(alc_context *context, const char *path, prediction_file *file, char *message, size_t size);
/* Whether two files are about the same objects with the same labels and classes; else a sentence in `message`. */
bool prediction_files_agree(const prediction_file *a, const prediction_file *b, char *message, size_t size);
void prediction_file_free(prediction_file *file);

#endif
