/* layout.c - a parameter's values in PyTorch's order against their order in memory.
 *
 * Kernels want [ky][kx][in][out] where PyTorch has [out][in][ky][kx]. The conversion happens only when weights are
 * initialised, read, written, loaded or saved: never while a plan runs. */
#include "lib/graph/graph.h"

/* Strides in memory of the axes of spec->layout.view. */
static void memory_strides(const alc_parameter_spec *spec, int64_t strides[ALC_MAX_RANK])
{
    const alc_parameter_layout *layout = &spec->layout;
    int64_t stride = 1;
    for (int i = layout->view.rank - 1; i >= 0; i--) {
        strides[layout->order[i]] = stride;
        stride *= layout->view.extent[layout->order[i]];
    }
}

/* Walks PyTorch's order, telling for each value where it lies in memory. */
typedef struct layout_walk {
    const alc_shape *view;
    int64_t strides[ALC_MAX_RANK];
    int64_t place[ALC_MAX_RANK];
    int64_t position;
} layout_walk;

static layout_walk walk_begin(const alc_parameter_spec *spec, int64_t index)
{
    layout_walk walk = {.view = &spec->layout.view};
    memory_strides(spec, walk.strides);
    for (int axis = walk.view->rank - 1; axis >= 0; axis--) {
        walk.place[axis] = index % walk.view->extent[axis];
        walk.position += walk.place[axis] * walk.strides[axis];
        index /= walk.view->extent[axis];
    }
    return walk;
}

static void walk_next(layout_walk *walk)
{
    for (int axis = walk->view->rank - 1; axis >= 0; axis--) {
        walk->position += walk->strides[axis];
        if (++walk->place[axis] < walk->view->extent[axis])
            return;
        walk->position -= walk->strides[axis] * walk->view->extent[axis];
        walk->place[axis] = 0;
    }
}

void alc_layout_store_part(const alc_parameter_spec *spec, int64_t first, int64_t count, const alc_real *logical,
                           alc_real *memory)
{
    layout_walk walk = walk_begin(spec, first);
    for (int64_t i = 0; i < count; i++) {
        memory[spec->layout.view.rank ? walk.position : first + i] = logical[i];
        walk_next(&walk);
    }
}

void alc_layout_store(const alc_parameter_spec *spec, const alc_real *logical, alc_real *memory)
{
    alc_layout_store_part(spec, 0, alc_shape_elements(spec->shape), logical, memory);
}

void alc_layout_load(const alc_parameter_spec *spec, const alc_real *memory, alc_real *logical)
{
    int64_t count = alc_shape_elements(spec->shape);
    layout_walk walk = walk_begin(spec, 0);
    for (int64_t i = 0; i < count; i++) {
        logical[i] = memory[spec->layout.view.rank ? walk.position : i];
        walk_next(&walk);
    }
}

int64_t alc_layout_position(const alc_parameter_spec *spec, int64_t index)
{
    return spec->layout.view.rank ? walk_begin(spec, index).position : index;
}
