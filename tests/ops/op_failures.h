/* tests/ops/op_failures.h - what went wrong in which case, gathered over the whole table so that one run shows all of it. */
#ifndef ALC_TESTS_OP_FAILURES_H
#define ALC_TESTS_OP_FAILURES_H

#define OP_FAILURES_TEXT 4000

typedef struct op_failures {
    int count;
    char text[OP_FAILURES_TEXT];
} op_failures;

/* Adds a line; lines that no longer fit are only counted. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void op_failure(op_failures *failures, const char *format, ...);
/* A Check failure with all lines, if there are any. */
void op_failures_check(const op_failures *failures);

#endif
