/* lib/data/table.c - what can be asked of a table: names, cells, lines, missing values, numbers.
 *
 * Numbers are parsed at every call instead of being kept: a table is read a few times in all, and most of its columns
 * never as numbers.
 */
#include <stdio.h>
#include <string.h>

#include "lib/data/table_internal.h"

/* SDSS writes this where a quantity was not measured. */
#define SDSS_MISSING (-9999.0)

#define LISTED_COLUMNS 40

void alc_table_destroy(alc_table *table)
{
    if (table == NULL)
        return;
    alc_free(table->context, table->cells);
    if (!table->view) {
        alc_free(table->context, table->path);
        alc_free(table->context, table->missing);
        alc_free(table->context, table->data);
        alc_free(table->context, table->names);
        alc_free(table->context, table->lines);
    }
    alc_free(table->context, table);
}

alc_context *alc_table_context(const alc_table *table)
{
    return table->context;
}

const char *alc_table_path(const alc_table *table)
{
    return table != NULL ? table->path : "";
}

int64_t alc_table_rows(const alc_table *table)
{
    return table != NULL ? table->rows : 0;
}

int64_t alc_table_columns(const alc_table *table)
{
    return table != NULL ? table->columns : 0;
}

const char *alc_table_column_name(const alc_table *table, int64_t column)
{
    if (table == NULL || column < 0 || column >= table->columns)
        return NULL;
    return table->data + table->names[column];
}

static int64_t find_name(const alc_table *table, const char *name, size_t length)
{
    for (int64_t i = 0; i < alc_table_columns(table); i++) {
        const char *column = table->data + table->names[i];
        if (strncmp(column, name, length) == 0 && column[length] == '\0')
            return i;
    }
    return -1;
}

int64_t alc_table_find_column(const alc_table *table, const char *name)
{
    return name != NULL ? find_name(table, name, strlen(name)) : -1;
}

bool alc_table_find_feature(const alc_table *table, const char *name, int64_t columns[2])
{
    columns[0] = alc_table_find_column(table, name);
    columns[1] = -1;
    const char *dash = name != NULL ? strchr(name, '-') : NULL;
    for (; columns[0] < 0 && dash != NULL; dash = strchr(dash + 1, '-')) {
        const int64_t left = find_name(table, name, (size_t)(dash - name)), right = alc_table_find_column(table, dash + 1);
        if (left >= 0 && right >= 0) {
            columns[0] = left;
            columns[1] = right;
        }
    }
    return columns[0] >= 0;
}

alc_status alc_table_require_column(const alc_table *table, const char *name, int64_t *column)
{
    alc_text list;

    if (column != NULL)
        *column = -1;
    if (table == NULL)
        return ALC_INVALID_ARGUMENT;
    if (name == NULL || column == NULL)
        return alc_fail(table->context, ALC_INVALID_ARGUMENT,
                        "alc_table_require_column: an argument is NULL");
    *column = alc_table_find_column(table, name);
    if (*column >= 0)
        return ALC_OK;
    alc_text_init(&list, table->context);
    for (int64_t i = 0; i < table->columns && i < LISTED_COLUMNS; i++)
        alc_text_append(&list, "%s%s", i > 0 ? ", " : "", alc_table_column_name(table, i));
    if (table->columns > LISTED_COLUMNS)
        alc_text_append(&list, ", ...");
    alc_fail(table->context, ALC_NOT_FOUND, "%s: there is no column \"%s\"; the columns are %s",
             table->path, name, alc_text_string(&list));
    alc_text_free(&list);
    return ALC_NOT_FOUND;
}

const char *alc_table_cell(const alc_table *table, int64_t row, int64_t column)
{
    if (table == NULL || row < 0 || row >= table->rows || column < 0 || column >= table->columns)
        return NULL;
    return table->data + table->cells[row * table->columns + column];
}

int64_t alc_table_line(const alc_table *table, int64_t row)
{
    if (table == NULL || row < 0 || row >= table->rows)
        return 0;
    return table->lines[row];
}

bool alc_table_missing(const alc_table *table, int64_t row, int64_t column)
{
    const char *cell = alc_table_cell(table, row, column);
    double value;

    if (cell == NULL || cell[strspn(cell, " \t")] == 0)
        return true;
    if (table->missing != NULL && strcmp(cell, table->missing) == 0)
        return true;
    return alc_parse_double(cell, strlen(cell), &value) && value == SDSS_MISSING;
}

alc_status alc_table_fail_cell(const alc_table *table, int64_t row, int64_t column,
                               const char *format, ...)
{
    char sentence[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    alc_fail(table->context, ALC_BAD_FILE, "%s: line %lld (row %lld), column \"%s\": %s",
             table->path, (long long)table->lines[row], (long long)row + 1,
             alc_table_column_name(table, column), sentence);
    return ALC_BAD_FILE;
}

/* True if the cell would be a number with a point instead of its only comma. */
static bool has_decimal_comma(const char *cell)
{
    char copy[64];
    size_t length = strlen(cell);
    char *comma;
    double value;

    if (length >= sizeof copy)
        return false;
    memcpy(copy, cell, length + 1);
    comma = strchr(copy, ',');
    if (comma == NULL)
        return false;
    *comma = '.';
    return alc_parse_double(copy, length, &value);
}

alc_status alc_table_number(const alc_table *table, int64_t row, int64_t column, double *value,
                            bool *missing)
{
    const char *cell = alc_table_cell(table, row, column);

    if (table == NULL)
        return ALC_INVALID_ARGUMENT;
    if (cell == NULL || value == NULL || missing == NULL)
        return alc_fail(table->context, ALC_INVALID_ARGUMENT,
                        "alc_table_number: row %lld, column %lld of a table of %lld x %lld, or an "
                        "argument that is NULL",
                        (long long)row, (long long)column, (long long)table->rows,
                        (long long)table->columns);
    *value = 0;
    *missing = alc_table_missing(table, row, column);
    if (*missing || alc_parse_double(cell, strlen(cell), value))
        return ALC_OK;
    *value = 0;
    if (has_decimal_comma(cell))
        return alc_table_fail_cell(table, row, column,
                                   "\"%.40s\" has a decimal comma; write numbers with a point",
                                   cell);
    return alc_table_fail_cell(table, row, column, "\"%.40s\" is not a number", cell);
}
