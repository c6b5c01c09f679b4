/* op_failures.c - see op_failures.h. */
#include "tests/ops/op_failures.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void op_failure(op_failures *failures, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    failures->count++;
    size_t used = strlen(failures->text), room = sizeof failures->text - used;
    if (strlen(line) + 2 <= room)
        snprintf(failures->text + used, room, "\n%s", line);
}

void op_failures_check(const op_failures *failures)
{
    ck_assert_msg(failures->count == 0, "%d failures:%s", failures->count, failures->text);
}
