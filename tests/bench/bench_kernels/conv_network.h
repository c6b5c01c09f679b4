/* conv_network.h - every convolution of a network in every direction, and the network's averages.
 *
 * A 3x3 convolution with stride 1 is computed directly and by Winograd's algorithm. Winograd's GFLOP/s count the
 * multiplications that the direct way would take; its real share of the peak, in the products alone, stands behind. */
#ifndef BENCH_KERNELS_CONV_NETWORK_H
#define BENCH_KERNELS_CONV_NETWORK_H

#include "tests/bench/bench_kernels/bench.h"
#include "tests/bench/network_shapes.h"

/* Measures the shapes b->passes times over, then prints a line for each and the averages. */
void bench_network(bench *b, const char *name, const network_shapes *shapes);

#endif
