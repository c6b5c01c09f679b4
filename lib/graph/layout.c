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

/* PyTorch's axes with their strides in memory. Axes that lie in memory as one are one here, and those with a single place are left
 * out, so that the last axis is long. */
typedef struct layout_axes {
    int rank;
    int64_t extents[ALC_MAX_RANK], strides[ALC_MAX_RANK];
} layout_axes;

static layout_axes axes_of(const alc_parameter_spec *spec)
{
    const alc_shape *view = &spec->layout.view;
    layout_axes axes = {.rank = 1, .extents = {1}, .strides = {1}};
    int64_t strides[ALC_MAX_RANK];
    if (view->rank == 0)
        axes.extents[0] = alc_shape_elements(spec->shape);
    memory_strides(spec, strides);
    for (int axis = 0; axis < view->rank; axis++) {
        const int last = axes.rank - 1;
        const int64_t extent = view->extent[axis];
        if (extent == 1)
            continue;
        if (axes.extents[last] == 1 || axes.strides[last] == strides[axis] * extent)
            axes.extents[last] *= extent;
        else
            axes.extents[axes.rank++] = extent;
        axes.strides[axes.rank - 1] = strides[axis];
    }
    return axes;
}

/* Walks PyTorch's order, telling where its values lie in memory: runs of them along the last axis. */
typedef struct layout_walk {
    layout_axes axes;
    int64_t place[ALC_MAX_RANK];
    int64_t position;
} layout_walk;

static layout_walk walk_begin(const alc_parameter_spec *spec, int64_t index)
{
    layout_walk walk = {.axes = axes_of(spec)};
    for (int axis = walk.axes.rank - 1; axis >= 0; axis--) {
        walk.place[axis] = index % walk.axes.extents[axis];
        walk.position += walk.place[axis] * walk.axes.strides[axis];
        index /= walk.axes.extents[axis];
    }
    return walk;
}

/* How many of the next `left` values lie in one run. */
static int64_t walk_run(const layout_walk *walk, int64_t left)
{
    const int last = walk->axes.rank - 1;
    const int64_t rest = walk->axes.extents[last] - walk->place[last];
    return rest < left ? rest : left;
}

static int64_t walk_stride(const layout_walk *walk)
{
    return walk->axes.strides[walk->axes.rank - 1];
}

static void walk_past(layout_walk *walk, int64_t run)
{
    int axis = walk->axes.rank - 1;
    walk->place[axis] += run;
    walk->position += run * walk->axes.strides[axis];
    for (; axis > 0 && walk->place[axis] == walk->axes.extents[axis]; axis--) {
        walk->position += walk->axes.strides[axis - 1] - walk->axes.strides[axis] * walk->axes.extents[axis];
        walk->place[axis] = 0;
        walk->place[axis - 1]++;
    }
}

void alc_layout_store_part(const alc_parameter_spec *spec, int64_t first, int64_t count, const alc_real *logical,
                           alc_real *memory)
{
    layout_walk walk = walk_begin(spec, first);
    const int64_t stride = walk_stride(&walk);
    for (int64_t done = 0, run; done < count; done += run) {
        run = walk_run(&walk, count - done);
        for (int64_t i = 0; i < run; i++)
            memory[walk.position + i * stride] = logical[done + i];
        walk_past(&walk, run);
    }
}

void alc_layout_store(const alc_parameter_spec *spec, const alc_real *logical, alc_real *memory)
{
    alc_layout_store_part(spec, 0, alc_shape_elements(spec->shape), logical, memory);
}

void alc_layout_load(const alc_parameter_spec *spec, const alc_real *memory, alc_real *logical)
{
    const int64_t count = alc_shape_elements(spec->shape);
    layout_walk walk = walk_begin(spec, 0);
    const int64_t stride = walk_stride(&walk);
    for (int64_t done = 0, run; done < count; done += run) {
        run = walk_run(&walk, count - done);
        for (int64_t i = 0; i < run; i++)
            logical[done + i] = memory[walk.position + i * stride];
        walk_past(&walk, run);
    }
}

int64_t alc_layout_position(const alc_parameter_spec *spec, int64_t index)
{
    return walk_begin(spec, index).position;
}
