/* option_table.h - command lines from a table: what getopt_long accepts, what --help prints, what each option sets and
 * what its argument may be stand in one line. */
#ifndef EXAMPLES_OPTION_TABLE_H
#define EXAMPLES_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/exit_status.h"

typedef enum option_form {
    OPTION_TEXT,     /* const char *, not empty */
    OPTION_FLAG,     /* bool */
    OPTION_INTEGER,  /* int64_t within [low, high] */
    OPTION_UNSIGNED, /* uint64_t */
    OPTION_REAL,     /* double within [low, high] */
    OPTION_CHOICE,   /* int: the place among `names`, which NULL ends */
    OPTION_OTHER     /* whatever `set` makes of it */
} option_form;

typedef struct option_line {
    const char *name, *argument; /* argument NULL: it takes none */
    const char *help;
    int kinds;                   /* the table's `kind` must have one of these bits; 0: every table has this line */
    option_form form;
    size_t offset;               /* the member of the target that it sets */
    double low, high;
    const char *const *names;
    bool show_default;           /* --help adds the member's value: INTEGER and REAL */
    bool (*set)(void *target, const char *text);
    const char *expected;        /* OTHER: what a wrong argument should have been, or ... */
    const char *(*name_at)(int index); /* ... the names it may be; NULL behind the last */
} option_line;

typedef struct option_table {
    const char *program;
    const char *usage;           /* what --help prints above the options */
    const char *closing;         /* and below them */
    const option_line *lines;
    size_t count;
    int kind;
    bool takes_files;            /* arguments that are no options are left in argv, from optind on */
} option_table;

/* Reads a command line into `target`, which holds the defaults. Returns -1 if the program is to go on, else its exit
 * status: 0 after --help, or EXIT_BAD_COMMAND_LINE after a sentence on stderr. */
int option_table_parse(const option_table *table, int argc, char **argv, void *target);

/* For files that hold the same options by name. The line of that name; NULL if there is none. */
const option_line *option_table_find(const option_table *table, const char *name);
/* Sets what the line sets. false: `text` is no argument of it, and `expected` says what would be. */
bool option_table_assign(const option_line *line, void *target, const char *text, char *expected, size_t size);

/* A sentence on stderr; returns EXIT_BAD_COMMAND_LINE. */
__attribute__((format(printf, 2, 3)))
int option_table_refuse(const option_table *table, const char *format, ...);

#endif
