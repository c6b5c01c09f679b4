/* tests/support/failing_json.c - see failing_json.h. */
#include "support/failing_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static int64_t left;

static void *allocate_a_few(size_t bytes)
{
    if (left-- > 0)
        return malloc(bytes);
    errno = ENOMEM; /* as malloc does */
    return NULL;
}

void failing_json_begin(int64_t which)
{
    left = which - 1;
    json_set_alloc_funcs(allocate_a_few, free);
}

void failing_json_end(void)
{
    json_set_alloc_funcs(malloc, free);
}
