/* count_kernel.c - runs one kernel on one shape a number of times, for scripts/count_instructions.sh, which counts the
 * instructions: two counts for different numbers of runs differ by the kernel's alone.
 *
 *     count_kernel                    names the cases
 *     count_kernel ISA CASE RUNS      prints how much work one run is: 4718592 FMA
 *
 * ISA may also be openblas where the case is a matrix product.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/count_kernel/cases.h"

void *memory(size_t bytes)
{
    void *found = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (found == NULL) {
        fprintf(stderr, "count_kernel: no memory for %zu bytes\n", bytes);
        exit(EXIT_FAILURE);
    }
    return found;
}

alck_real *numbers(int64_t count)
{
    static uint32_t state = 1;
    alck_real *values = memory((size_t)count * sizeof *values);
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (alck_real)(state >> 8) / (alck_real)(1 << 23) - 1;
    }
    return values;
}

static void run_alone(void *pool, int64_t tasks, void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    (void)pool;
    for (int64_t task = 0; task < tasks; task++)
        body(argument, task, 0);
}

static const alck_table *find_table(const char *isa)
{
    for (const alck_table *const *t = alck_tables(); *t != NULL; t++)
        if (strcmp((*t)->isa, isa) == 0 && alck_table_supported(*t))
            return *t;
    return NULL;
}

static void list_cases(const case_list *lists, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < lists[i].count; c++)
            puts(lists[i].cases[c].name);
}

static const kernel_case *find_case(const case_list *lists, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < lists[i].count; c++)
            if (strcmp(lists[i].cases[c].name, name) == 0)
                return &lists[i].cases[c];
    return NULL;
}

int main(int argc, char **argv)
{
    const case_list lists[] = {product_cases(), convolution_cases(), map_cases(), vector_cases()};
    const size_t count = sizeof lists / sizeof *lists;
    if (argc == 1) {
        list_cases(lists, count);
        return EXIT_SUCCESS;
    }
    if (argc != 4) {
        fprintf(stderr, "usage: count_kernel [ISA CASE RUNS]\n");
        return 2;
    }
    const bool openblas = strcmp(argv[1], "openblas") == 0;
    const kernel_case *found = find_case(lists, count, argv[2]);
    lab l = {.par = {.run = run_alone, .workers = 1}, .runs = atoi(argv[3])};
    l.table = openblas ? NULL : find_table(argv[1]);
    if (found == NULL || (openblas ? strncmp(found->name, "gemm ", 5) != 0 : l.table == NULL)) {
        fprintf(stderr, "count_kernel: there is no case \"%s\" with %s here\n", argv[2], argv[1]);
        return EXIT_FAILURE;
    }
    found->run(&l, found->shape);
    printf("%lld %s\n", (long long)l.work, l.unit);
    return EXIT_SUCCESS;
}
