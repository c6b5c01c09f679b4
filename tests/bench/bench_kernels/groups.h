/* groups.h - what --only chooses from, in the order of the output. Each group has its function in a
 * file group_*.c that measures its kernels and prints their lines. */
#ifndef BENCH_KERNELS_GROUPS_H
#define BENCH_KERNELS_GROUPS_H

#include "tests/bench/bench_kernels/bench.h"

#define BENCH_GROUPS(X)                                                                                                \
    X(gemm) X(resnet50) X(vgg16) X(densenet121) X(xception) X(efficientnet_b0) X(efficientnet_b2) X(pool) X(norm)      \
    X(elementwise)

#define DECLARE_GROUP(name) void bench_##name(bench *b);
BENCH_GROUPS(DECLARE_GROUP)
#undef DECLARE_GROUP

#endif
