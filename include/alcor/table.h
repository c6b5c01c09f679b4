/* alcor/table.h - a CSV file as a table of text cells, and the encoder that turns columns into
 * numbers for a network.
 *
 * Cells stay text, so that 64-bit identifiers keep every digit; numbers are parsed where they are
 * asked for, without regard to the locale. Reading is strict: what is not well-formed is refused
 * with the file and the line.
 */
#ifndef ALCOR_TABLE_H
#define ALCOR_TABLE_H

#include "alcor/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_table alc_table;

/* What a file may have at most. */
#define ALC_TABLE_MAX_BYTES ((size_t)1 << 30)
#define ALC_TABLE_MAX_COLUMNS 4096
#define ALC_TABLE_MAX_CELL_BYTES ((size_t)1 << 20)

typedef struct alc_table_options {
    const char
        *missing; /* a further cell that means "no value", compared as text; NULL: none. Copied. */
} alc_table_options;

/* Reads a CSV file as RFC 4180 describes it: commas, fields in double quotes that may hold commas,
 * line breaks and doubled quotes, LF or CRLF (also mixed), the last line break optional. Beyond
 * that: a UTF-8 byte order mark is skipped; a first line that begins with '#' and has no comma is
 * skipped (SkyServer's `#Table1`); blank lines at the end are skipped. Column names are the first
 * line's, without spaces around them; they are unique and not empty.
 * *table is NULL on failure: ALC_IO_ERROR; ALC_BAD_FILE for no header, a name twice, a row with more
 * or fewer cells than the header (a blank line in the middle is one cell), an open quote at the end,
 * a quote inside an unquoted cell or text after a closing quote, a carriage return alone, a NUL
 * byte, text that is not UTF-8, sizes above those given above; ALC_OUT_OF_MEMORY. */
alc_status alc_table_read(alc_context *context, const char *path, alc_table_options options,
                          alc_table **table);

/* The same from memory; `name` stands for the file in messages. `data` is copied. */
alc_status alc_table_parse(alc_context *context, const char *name, const void *data, size_t bytes,
                           alc_table_options options, alc_table **table);

/* NULL is allowed. */
void alc_table_destroy(alc_table *table);

/* The path it was read from (or the name given), as given. */
const char *alc_table_path(const alc_table *table);
/* Rows without the header. Rows and columns count from 0 here; messages count rows from 1 and name
 * the line. */
int64_t alc_table_rows(const alc_table *table);
int64_t alc_table_columns(const alc_table *table);
/* NULL outside [0, columns). */
const char *alc_table_column_name(const alc_table *table, int64_t column);
/* The column of that name; -1 if there is none. Names are compared byte by byte. */
int64_t alc_table_find_column(const alc_table *table, const char *name);
/* The columns that an encoder makes a feature of this name from: columns[0] = the column of that name and columns[1] = -1;
 * else columns[0] minus columns[1], by the first '-' that has a column's name on either side. false, and both -1, if it can be
 * neither. */
bool alc_table_find_feature(const alc_table *table, const char *name, int64_t columns[2]);
/* As alc_table_find_column, but ALC_NOT_FOUND with a sentence that lists the columns that there are. */
alc_status alc_table_require_column(const alc_table *table, const char *name, int64_t *column);

/* A cell's text, without its quotes; valid as long as the table. NULL outside the table. */
const char *alc_table_cell(const alc_table *table, int64_t row, int64_t column);
/* The line of the file, counted from 1, that a row begins in; 0 outside the table. */
int64_t alc_table_line(const alc_table *table, int64_t row);

/* True for an empty (or blank) cell, the options' `missing`, and a cell that is the number -9999
 * (SDSS's "no value"). */
bool alc_table_missing(const alc_table *table, int64_t row, int64_t column);
/* A cell as a number. A missing one gives *missing = true and *value = 0. ALC_BAD_FILE for anything
 * that is not a decimal number ("1.5", "-2e3"): infinities, NaN, hexadecimal, units, a decimal
 * comma (which the message names as such). */
alc_status alc_table_number(const alc_table *table, int64_t row, int64_t column, double *value,
                            bool *missing);

/* ---- encoder: from cells to a row of numbers, by statistics of the training part alone ---- */

typedef struct alc_encoder alc_encoder;

typedef enum alc_encoding {
    /* (x - mean) / std with the training part's mean and std = sqrt(sum (x - mean)^2 / n). A column
     * that is constant there is only centred. A missing value becomes 0, the mean. */
    ALC_ENCODE_STANDARDISE,
    /* The row x / |x|, |x| the 2-norm over the features (arXiv 2205.10745); a row of zeros stays. A
     * missing value is first replaced by the training part's mean. */
    ALC_ENCODE_UNIT_ROWS
} alc_encoding;

typedef struct alc_encoder_options {
    /* Each is a column's name, or the difference of two columns, "u-g". A column that is itself
     * named "u-g" comes first. */
    const char *const *features;
    int64_t feature_count; /* 1 .. ALC_TABLE_MAX_COLUMNS */
    alc_encoding encoding;
    bool no_missing_indicators; /* leave out the indicators described at alc_encoder_width */
} alc_encoder_options;

/* Fits on the rows `rows[0 .. row_count)` of the table, and only on those. Sums are in double, in
 * the order of the rows sorted ascending, so that the order given does not matter. *encoder is NULL
 * on failure: ALC_NOT_FOUND (a feature that is no column and no difference of columns),
 * ALC_INVALID_ARGUMENT (no feature, one twice, no row, a row outside the table), ALC_BAD_FILE (a
 * cell that is no number; a feature without any value in these rows; values too large for double
 * sums), ALC_OUT_OF_MEMORY. */
alc_status alc_encoder_fit(const alc_table *table, const int64_t *rows, int64_t row_count,
                           alc_encoder_options options, alc_encoder **encoder);
/* NULL is allowed. */
void alc_encoder_destroy(alc_encoder *encoder);

/* Values per row: one per feature, then one indicator (1: missing, 0: there) for every feature that
 * had a missing value in the rows it was fitted on. */
int64_t alc_encoder_width(const alc_encoder *encoder);
/* The name of a value: the feature's, or "u missing" for an indicator; NULL outside [0, width). */
const char *alc_encoder_value_name(const alc_encoder *encoder, int64_t index);

/* Encodes rows of a table, which may be another one than it was fitted on: columns are found by
 * name. values is [row_count, width]; rows == NULL: all of the table's. A value missing where none
 * was at the fit is treated as above, without an indicator. ALC_NOT_FOUND (column), ALC_BAD_FILE (a
 * cell that is no number, or that lies more than 1e30 standard deviations away), ALC_OUT_OF_MEMORY.
 */
alc_status alc_encoder_encode(const alc_encoder *encoder, const alc_table *table,
                              const int64_t *rows, int64_t row_count, alc_real *values);

/* As JSON, for a checkpoint: reading it back gives the same bits in every encoded value. The text
 * is the caller's to release with alc_release_text (alcor/plan.h). */
alc_status alc_encoder_write_json(const alc_encoder *encoder, char **text);
/* *encoder is NULL on failure: ALC_BAD_FILE for text that alc_encoder_write_json cannot have
 * written. */
alc_status alc_encoder_read_json(alc_context *context, const char *text, alc_encoder **encoder);

#ifdef __cplusplus
}
#endif
#endif
