/* lib/data/table_internal.h - how a table lies in memory, for the files that read, query and encode it. */
#ifndef ALC_LIB_DATA_TABLE_INTERNAL_H
#define ALC_LIB_DATA_TABLE_INTERNAL_H

#include "alcor/table.h"
#include "lib/base/base.h"

struct alc_table {
    alc_context *context;
    char *path;
    char *missing;     /* NULL: none */
    char *data;        /* the file; cells were unquoted and zero-terminated in place */
    int64_t columns, rows;
    uint32_t *names;   /* [columns] offsets into data */
    uint32_t *cells;   /* [rows][columns] offsets into data */
    int64_t *lines;    /* [rows] */
    bool view;         /* all but `cells` belongs to another table (hide_labels.c) */
};

alc_context *alc_table_context(const alc_table *table);

/* Fails with "PATH: line L (row R), column "NAME": sentence". */
alc_status alc_table_fail_cell(const alc_table *table, int64_t row, int64_t column,
                               const char *format, ...) ALC_PRINTF(4, 5);

#endif
