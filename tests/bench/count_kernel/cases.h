/* cases.h - what count_kernel runs: each kernel on small shapes of the kind that the networks have.
 *
 * A case prepares its tensors, says how much work one run is, and calls the kernel lab->runs times. Shapes are small, since
 * their instructions are emulated, and a batch is 2, so that a sample's end is among them. */
#ifndef COUNT_KERNEL_CASES_H
#define COUNT_KERNEL_CASES_H

#include "kernels/kernels.h"

typedef struct lab {
    const alck_table *table; /* NULL for OpenBLAS */
    alck_parallel par;       /* one worker */
    int runs;
    int64_t work;            /* of one run */
    const char *unit;        /* of the work: "FMA" or "value" */
} lab;

typedef struct kernel_case {
    const char *name; /* OpenBLAS has those whose name begins with "gemm ", too */
    void (*run)(lab *l, const void *shape);
    const void *shape;
} kernel_case;

typedef struct case_list {
    const kernel_case *cases;
    size_t count;
} case_list;

case_list product_cases(void);
case_list convolution_cases(void);
case_list map_cases(void);
case_list vector_cases(void);

/* Aligned memory that lives as long as the program, never empty; without it the program ends. numbers: random within
 * [-1, 1). */
void *memory(size_t bytes);
alck_real *numbers(int64_t count);

#endif
