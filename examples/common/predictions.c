/* predictions.c - the CSV file of predictions. */
#include "common/predictions.h"

#include "common/output_file.h"
#include "common/write_field.h"

bool predictions_write(const char *path, const alc_dataset *dataset, const int64_t *indices, int64_t count,
                       const alc_real *probabilities)
{
    output_file file;
    const int64_t classes = alc_dataset_class_count(dataset);
    if (!output_file_open(&file, path))
        return false;
    fprintf(file.stream, "id,label,predicted");
    for (int64_t c = 0; c < classes; c++) {
        fputc(',', file.stream);
        write_field(file.stream, "p_", alc_dataset_class_name(dataset, c));
    }
    for (int64_t i = 0; i < count; i++) {
        const alc_real *row = probabilities + i * classes;
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            if (row[c] > row[best])
                best = c;
        fputc('\n', file.stream);
        write_field(file.stream, "", alc_dataset_id(dataset, indices[i]));
        fputc(',', file.stream);
        write_field(file.stream, "", alc_dataset_label_text(dataset, indices[i]));
        fputc(',', file.stream);
        write_field(file.stream, "", alc_dataset_class_name(dataset, best));
        for (int64_t c = 0; c < classes; c++)
            fprintf(file.stream, ",%.9g", (double)row[c]); /* all of a float: of the true class even a tiny one counts */
    }
    fputc('\n', file.stream);
    return output_file_commit(&file);
}
