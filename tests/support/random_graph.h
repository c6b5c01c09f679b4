/* tests/support/random_graph.h - small networks drawn from a number: convolutions of all kinds, norms, activations, residuals,
 * gates, pools and joins, put together as models put them and as they do not. */
#ifndef ALC_TESTS_RANDOM_GRAPH_H
#define ALC_TESTS_RANDOM_GRAPH_H

#include "alcor/tensor.h"

enum { RANDOM_GRAPH_CLASSES = 4 };

typedef struct random_graph {
    alc_tensor *image, *label; /* inputs "image" and "label" */
    alc_tensor *logits, *loss;
} random_graph;

/* Adds the graph of that number to an empty model: the same one for the same number and `pixels`, the side of its images. A Check
 * failure if it cannot be built. With `rows` of 1 no batch norm is left a single value. */
random_graph random_graph_build(alc_model *model, uint64_t number, int64_t pixels, int64_t rows);

#endif
