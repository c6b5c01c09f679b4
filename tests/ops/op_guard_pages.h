/* tests/ops/op_guard_pages.h - an allocator whose blocks lie between pages that may not be touched, so that reading or writing
 * past either end stops the program at that instruction. What is left in a block's pages holds a pattern, which is checked
 * when the block is released. */
#ifndef ALC_TESTS_OP_GUARD_PAGES_H
#define ALC_TESTS_OP_GUARD_PAGES_H

#include <stdatomic.h>

#include "alcor/context.h"

typedef struct op_guard_pages {
    atomic_int outstanding, damaged; /* blocks */
} op_guard_pages;

/* The allocator keeps a pointer to `guard`, which it sets to zero. */
alc_allocator op_guard_pages_allocator(op_guard_pages *guard);

#endif
