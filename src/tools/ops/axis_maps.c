#include "tools/ops/axis_maps.h"

#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"

pcl_onnx_axis_maps *pcl_onnx_new_axis_maps(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_tensor *in = step->node->inputs[0], *out = step->node->outputs[0];
    pcl_onnx_axis_maps *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return NULL;
    *self = (pcl_onnx_axis_maps){.in = in->shape, .out = out->shape, .element = pcl_dtype_size(in->dtype)};
    for (int32_t d = 0; d < out->shape.rank; d++) {
        self->maps[d] = pcl_arena_alloc_array(context->arena, (size_t)out->shape.dims[d], sizeof **self->maps);
        if (self->maps[d]) continue;
        pcl_no_memory(context, step->node);
        return NULL;
    }
    return self;
}

typedef struct copy_task {
    const pcl_onnx_axis_maps *maps;
    const uint8_t *in, *fill;
    uint8_t *out;
    size_t rows; /* of the output: all dimensions but the last */
} copy_task;

/* The first element of the input row that belongs to this row of the output; false when there is none. */
static bool find_row(const pcl_onnx_axis_maps *maps, size_t row, size_t *out) {
    size_t place[PCL_MAX_RANK], offset = 0;
    int32_t last = maps->out.rank - 1;
    for (int32_t d = last - 1; d >= 0; d--) {
        int32_t from = maps->maps[d][row % (size_t)maps->out.dims[d]];
        if (from == PCL_ONNX_NOWHERE) return false;
        place[d] = (size_t)from;
        row /= (size_t)maps->out.dims[d];
    }
    for (int32_t d = 0; d < last; d++) offset = offset * (size_t)maps->in.dims[d] + place[d];
    *out = offset * (size_t)maps->in.dims[last];
    return true;
}

/* `element` is a constant in every caller, so that copying one is an instruction. */
static inline void copy_row(const int32_t *map, size_t count, size_t element, const uint8_t *in, const uint8_t *fill,
                            uint8_t *out) {
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * element, map[i] == PCL_ONNX_NOWHERE ? fill : in + (size_t)map[i] * element, element);
}

static void copy_part(void *argument, const pcl_part *part) {
    const copy_task *task = argument;
    const pcl_onnx_axis_maps *maps = task->maps;
    const int32_t last = maps->out.rank - 1, *map = maps->maps[last];
    size_t begin, end, columns = (size_t)maps->out.dims[last], first;
    pcl_partition(task->rows, 1, part, &begin, &end);
    for (size_t row = begin; row < end; row++) {
        uint8_t *out = task->out + row * columns * maps->element;
        bool found = find_row(maps, row, &first);
        const uint8_t *in = found ? task->in + first * maps->element : task->in;
        if (!found)
            for (size_t i = 0; i < columns; i++) memcpy(out + i * maps->element, task->fill, maps->element);
        else if (maps->element == 1) copy_row(map, columns, 1, in, task->fill, out);
        else if (maps->element == 2) copy_row(map, columns, 2, in, task->fill, out);
        else if (maps->element == 4) copy_row(map, columns, 4, in, task->fill, out);
        else copy_row(map, columns, 8, in, task->fill, out);
    }
}

void pcl_onnx_run_axis_maps(pcl_pool *pool, const pcl_onnx_axis_maps *maps, const void *in, void *out,
                            const void *fill) {
    if (maps->out.rank == 0) {
        memcpy(out, in, maps->element);
        return;
    }
    copy_task task = {maps, in, fill, out, pcl_dims_product(&maps->out, 0, maps->out.rank - 1)};
    size_t count = task.rows * (size_t)maps->out.dims[maps->out.rank - 1];
    if (count) pcl_pool_run(pool, copy_part, &task, pcl_parts_for(count));
}
