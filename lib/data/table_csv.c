/* lib/data/table_csv.c - parses CSV text into the cells of an alc_table.
 *
 * The text is checked to be UTF-8 without NUL bytes first, then cut into cells in place: a cell never grows when its
 * quotes are removed, and its delimiter makes room for the terminating zero. So the only allocations are the table's
 * arrays of offsets. Nothing is guessed: no other separators, no repairing of ragged rows.
 */
#include <string.h>

#include "lib/data/table_internal.h"

typedef struct csv_reader {
    alc_context *context;
    const char *name;
    char *data;
    size_t at, end;
    int64_t line;           /* of data[at], from 1 */
    int64_t row_capacity;
    uint32_t *row;          /* [ALC_TABLE_MAX_COLUMNS] the cells of the row being read */
} csv_reader;

static alc_status fail_at_line(const csv_reader *reader, int64_t line, const char *what)
{
    return alc_fail(reader->context, ALC_BAD_FILE, "%s: line %lld: %s", reader->name,
                    (long long)line, what);
}

/* Length of the UTF-8 sequence at text, 0 if there is no valid one (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_sequence(const unsigned char *text, size_t available)
{
    unsigned char lead = text[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t length;

    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (available < length || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xBF)
            return 0;
    return length;
}

static alc_status check_text(const csv_reader *reader)
{
    const unsigned char *text = (const unsigned char *)reader->data;
    int64_t line = 1;

    for (size_t i = 0; i < reader->end;) {
        size_t length = utf8_sequence(text + i, reader->end - i);
        if (text[i] == 0)
            return fail_at_line(reader, line, "there is a NUL byte, so this is no text file");
        if (length == 0)
            return fail_at_line(reader, line, "the text is not valid UTF-8");
        line += text[i] == '\n';
        i += length;
    }
    return ALC_OK;
}

/* Skips a byte order mark and SkyServer's `#Table1`. */
static void skip_preamble(csv_reader *reader)
{
    if (reader->end >= 3 && memcmp(reader->data, "\xEF\xBB\xBF", 3) == 0)
        reader->at = 3;
    if (reader->at < reader->end && reader->data[reader->at] == '#') {
        const char *begin = reader->data + reader->at;
        const char *line_end = memchr(begin, '\n', reader->end - reader->at);
        size_t length = line_end != NULL ? (size_t)(line_end - begin) + 1 : reader->end - reader->at;
        if (memchr(begin, ',', length) == NULL) {
            reader->at += length;
            reader->line++;
        }
    }
}

/* True if nothing but line breaks follows. */
static bool only_blank_lines_left(const csv_reader *reader)
{
    size_t at = reader->at;
    while (at < reader->end && (reader->data[at] == '\n' || reader->data[at] == '\r'))
        at++;
    return at == reader->end;
}

/* Unquotes the cell whose opening quote is at reader->at; *cell_end is where its text ends now. */
static alc_status read_quoted(csv_reader *reader, size_t *cell_end)
{
    char *data = reader->data;
    size_t from = reader->at + 1, to = from;
    int64_t opened = reader->line;

    for (;;) {
        if (from == reader->end)
            return fail_at_line(reader, opened, "a quote is opened and never closed");
        if (data[from] == '"') {
            if (from + 1 == reader->end || data[from + 1] != '"')
                break;
            from++;
        }
        reader->line += data[from] == '\n';
        data[to++] = data[from++];
    }
    *cell_end = to;
    reader->at = from + 1;
    if (reader->at < reader->end && strchr(",\r\n", data[reader->at]) == NULL)
        return fail_at_line(reader, reader->line, "there is text after a closing quote");
    return ALC_OK;
}

static alc_status read_unquoted(csv_reader *reader, size_t *cell_end)
{
    const char *data = reader->data;
    size_t at = reader->at;

    while (at < reader->end && data[at] != ',' && data[at] != '\n' && data[at] != '\r') {
        if (data[at] == '"')
            return fail_at_line(reader, reader->line,
                                "there is a quote inside a cell that does not begin with one");
        at++;
    }
    *cell_end = reader->at = at;
    return ALC_OK;
}

/* Reads one cell and its delimiter; *last tells that the row ends with it. */
static alc_status read_cell(csv_reader *reader, uint32_t *offset, bool *last)
{
    char *data = reader->data;
    bool quoted = reader->at < reader->end && data[reader->at] == '"';
    size_t begin = reader->at + (quoted ? 1 : 0), cell_end = begin;
    char delimiter;
    alc_status status = quoted ? read_quoted(reader, &cell_end) : read_unquoted(reader, &cell_end);

    if (status != ALC_OK)
        return status;
    if (cell_end - begin > ALC_TABLE_MAX_CELL_BYTES)
        return fail_at_line(reader, reader->line, "a cell is longer than 1 MiB");
    *offset = (uint32_t)begin;
    delimiter = reader->at < reader->end ? data[reader->at] : '\n';
    *last = delimiter != ',';
    if (delimiter == '\r') {
        if (reader->at + 1 == reader->end || data[reader->at + 1] != '\n')
            return fail_at_line(reader, reader->line,
                                "a carriage return is not followed by a line feed");
        reader->at++;
    }
    if (reader->at < reader->end)
        reader->at++;
    reader->line += *last;
    data[cell_end] = 0;
    return ALC_OK;
}

static alc_status read_row(csv_reader *reader, int64_t *cells)
{
    int64_t line = reader->line;
    bool last = false;

    for (*cells = 0; !last; (*cells)++) {
        alc_status status;
        if (*cells == ALC_TABLE_MAX_COLUMNS)
            return fail_at_line(reader, line, "there are more than 4096 columns");
        status = read_cell(reader, &reader->row[*cells], &last);
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}

/* Cuts the blanks off the text that begins there; returns where the rest begins. */
static uint32_t cut_blanks(char *data, uint32_t offset)
{
    const char *text = data + offset;
    size_t length = strlen(text);
    alc_trim(&text, &length);
    offset = (uint32_t)(text - data);
    data[offset + length] = 0;
    return offset;
}

static alc_status read_header(csv_reader *reader, alc_table *table)
{
    int64_t line = reader->line;
    alc_status status;

    if (only_blank_lines_left(reader))
        return alc_fail(reader->context, ALC_BAD_FILE,
                        "%s: the file has no header line with the names of the columns",
                        reader->name);
    status = read_row(reader, &table->columns);
    if (status != ALC_OK)
        return status;
    table->names = alc_allocate_array(reader->context, (size_t)table->columns, sizeof(uint32_t),
                                      "column names");
    if (table->names == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < table->columns; i++) {
        table->names[i] = cut_blanks(reader->data, reader->row[i]);
        if (reader->data[table->names[i]] == 0)
            return alc_fail(reader->context, ALC_BAD_FILE,
                            "%s: line %lld: column %lld has no name in the header", reader->name,
                            (long long)line, (long long)i + 1);
        for (int64_t j = 0; j < i; j++)
            if (strcmp(reader->data + table->names[i], reader->data + table->names[j]) == 0)
                return alc_fail(reader->context, ALC_BAD_FILE,
                                "%s: line %lld: columns %lld and %lld are both named \"%s\"",
                                reader->name, (long long)line, (long long)j + 1, (long long)i + 1,
                                reader->data + table->names[i]);
    }
    return ALC_OK;
}

static alc_status grow(csv_reader *reader, alc_table *table)
{
    int64_t capacity = reader->row_capacity == 0 ? 256 : reader->row_capacity * 2;
    void *cells, *lines;

    cells = alc_reallocate_array(reader->context, table->cells,
                                 (size_t)(reader->row_capacity * table->columns),
                                 (size_t)(capacity * table->columns), sizeof(uint32_t), "cells");
    if (cells == NULL)
        return ALC_OUT_OF_MEMORY;
    table->cells = cells;
    lines = alc_reallocate_array(reader->context, table->lines, (size_t)reader->row_capacity,
                                 (size_t)capacity, sizeof(int64_t), "line numbers");
    if (lines == NULL)
        return ALC_OUT_OF_MEMORY;
    table->lines = lines;
    reader->row_capacity = capacity;
    return ALC_OK;
}

static alc_status read_rows(csv_reader *reader, alc_table *table)
{
    while (!only_blank_lines_left(reader)) {
        int64_t line = reader->line, cells;
        alc_status status = read_row(reader, &cells);
        if (status != ALC_OK)
            return status;
        if (cells != table->columns)
            return alc_fail(reader->context, ALC_BAD_FILE,
                            "%s: line %lld (row %lld) has %lld cell%s, but the header has %lld%s",
                            reader->name, (long long)line, (long long)table->rows + 1,
                            (long long)cells, cells == 1 ? "" : "s", (long long)table->columns,
                            cells > table->columns
                                ? "; a decimal comma, or a comma in a cell without quotes?"
                                : "");
        if (table->rows == reader->row_capacity) {
            status = grow(reader, table);
            if (status != ALC_OK)
                return status;
        }
        memcpy(table->cells + table->rows * table->columns, reader->row,
               (size_t)cells * sizeof(uint32_t));
        table->lines[table->rows++] = line;
    }
    return ALC_OK;
}

/* Takes over `data`, which has a zero byte after its end, whether it succeeds or not. */
static alc_status parse(alc_context *context, const char *name, char *data, size_t bytes,
                        alc_table_options options, alc_table **result)
{
    csv_reader reader = {.context = context, .name = name, .data = data, .end = bytes, .line = 1};
    alc_table *table = alc_allocate(context, sizeof *table, "a table");
    alc_status status = ALC_OUT_OF_MEMORY;

    if (table == NULL) {
        alc_free(context, data);
        return ALC_OUT_OF_MEMORY;
    }
    table->context = context;
    table->data = data;
    table->path = alc_copy_text(context, name);
    reader.row = alc_allocate_array(context, ALC_TABLE_MAX_COLUMNS, sizeof(uint32_t), "a row");
    if (table->path == NULL || reader.row == NULL)
        goto fail;
    if (options.missing != NULL) {
        table->missing = alc_copy_text(context, options.missing);
        if (table->missing == NULL)
            goto fail;
    }
    status = check_text(&reader);
    if (status != ALC_OK)
        goto fail;
    skip_preamble(&reader);
    status = read_header(&reader, table);
    if (status == ALC_OK)
        status = read_rows(&reader, table);
    if (status != ALC_OK)
        goto fail;
    alc_free(context, reader.row);
    *result = table;
    return ALC_OK;
fail:
    alc_free(context, reader.row);
    alc_table_destroy(table);
    return status;
}

alc_status alc_table_read(alc_context *context, const char *path, alc_table_options options,
                          alc_table **table)
{
    void *data = NULL;
    size_t bytes = 0;
    alc_status status;

    if (table != NULL)
        *table = NULL;
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (path == NULL || table == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_table_read: an argument is NULL");
    status = alc_read_file(context, path, ALC_TABLE_MAX_BYTES, &data, &bytes);
    if (status != ALC_OK)
        return status;
    return parse(context, path, data, bytes, options, table);
}

alc_status alc_table_parse(alc_context *context, const char *name, const void *data, size_t bytes,
                           alc_table_options options, alc_table **table)
{
    char *copy;

    if (table != NULL)
        *table = NULL;
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (name == NULL || table == NULL || (data == NULL && bytes > 0))
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_table_parse: an argument is NULL");
    if (bytes > ALC_TABLE_MAX_BYTES)
        return alc_fail(context, ALC_BAD_FILE, "%s: %zu bytes are more than a table may have (%zu)",
                        name, bytes, ALC_TABLE_MAX_BYTES);
    copy = alc_allocate(context, bytes + 1, "a table's text");
    if (copy == NULL)
        return ALC_OUT_OF_MEMORY;
    if (bytes > 0)
        memcpy(copy, data, bytes);
    return parse(context, name, copy, bytes, options, table);
}
