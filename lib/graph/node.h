/* lib/graph/node.h - adding tensors and nodes to a model; used inside lib/graph only. */
#ifndef ALC_LIB_GRAPH_NODE_H
#define ALC_LIB_GRAPH_NODE_H

#include "lib/graph/graph.h"

/* A tensor with shape and dtype still to be set; NULL on failure, or if `name` is NULL; the model has failed then. */
alc_tensor *alc_model_add_tensor(alc_model *model, alc_node *node, int index, const char *name);

#endif
