/* FULLY_CONNECTED: one GEMM whose rows are the input's last dimensions. */
#include "ops/dense.h"
#include "ops/elements.h"
#include "ops/table.h"

static pcl_weighted tensors_of(const pcl_node *node) {
    pcl_tensor *output = node->outputs[0];
    return (pcl_weighted){.input = node->inputs[0],
                          .weights = node->inputs[1],
                          .bias = pcl_node_input(node, 2),
                          .output = output,
                          .channel_axis = 0,
                          .channels = node->inputs[1]->shape.dims[0],
                          .out_scale = pcl_tensor_scale(output),
                          .out_zero_point = pcl_tensor_zero_point(output),
                          .activation = node->attributes.fully_connected.activation};
}

/* [..., depth] keeps its dimensions when asked to, else becomes [rows, columns]. */
static pcl_status infer_fully_connected(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *input = node->inputs[0];
    PCL_TRY_RETURN(pcl_check_rank(context, node, input, 1, PCL_MAX_RANK));
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[1], 2, 2));
    int32_t columns = node->inputs[1]->shape.dims[0], depth = node->inputs[1]->shape.dims[1];
    size_t count = pcl_tensor_count(input);
    if (columns < 1 || depth < 1 || count == 0 || count % (size_t)depth != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "weights %dx%d do not fit %zu input elements",
                             columns, depth, count);
    pcl_shape out = {.rank = 2, .dims = {(int32_t)(count / (size_t)depth), columns}};
    if (node->attributes.fully_connected.keep_num_dims) {
        int32_t last = input->shape.rank - 1;
        if (input->shape.dims[last] != depth)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input ends in %d elements, expected %d",
                                 input->shape.dims[last], depth);
        out = input->shape;
        out.dims[last] = columns;
    }
    PCL_TRY_RETURN(pcl_tensor_set_shape(node->outputs[0], &out, context->error));
    pcl_weighted tensors = tensors_of(node);
    PCL_TRY_RETURN(pcl_check_weighted(context, node, &tensors));
    node->macs = (uint64_t)count * (uint64_t)columns;
    return PCL_OK;
}

typedef struct fully_connected {
    pcl_dense dense;
    size_t rows;
    int32_t parts;
    bool by_columns;
} fully_connected;

static pcl_status prepare_fully_connected(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_weighted tensors = tensors_of(node);
    fully_connected *self = pcl_new_prepared(context, step, sizeof *self);
    size_t columns = (size_t)node->inputs[1]->shape.dims[0], depth = (size_t)node->inputs[1]->shape.dims[1];
    int32_t *offsets = pcl_plain_offsets(context->arena, depth);
    if (!self || !offsets) return pcl_no_memory(context, node);
    self->rows = pcl_tensor_count(tensors.input) / depth;
    pcl_weight_matrix matrix = {.rows = self->rows,
                                .channels = columns,
                                .repeats = 1,
                                .depth = depth,
                                .channel_stride = depth,
                                .offsets = offsets};
    self->parts = pcl_useful_parts(node->macs, PCL_MACS_PER_MICROSECOND);
    self->by_columns = pcl_share_columns(self->rows, columns, pcl_employed(context->threads, self->parts));
    return pcl_dense_prepare(context, node, &tensors, &matrix, &self->dense);
}

typedef struct fully_connected_run {
    const pcl_kernels *kernels;
    const fully_connected *self;
    const uint8_t *in;
    uint8_t *out;
} fully_connected_run;

static void run_part(void *argument, const pcl_part *part) {
    const fully_connected_run *run = argument;
    const pcl_dense *dense = &run->self->dense;
    pcl_dense_part own = pcl_dense_share(dense, run->self->rows, run->self->by_columns, part);
    if (own.first_row == own.end_row || own.first_column == own.end_column) return;
    pcl_dense_left left = {.a = run->in + own.first_row * dense->depth * dense->element, .stride = dense->depth};
    pcl_dense_run(run->kernels, dense, own.end_row - own.first_row, &left, own.first_column,
                  own.end_column - own.first_column,
                  run->out + (own.first_row * dense->columns + own.first_column) * dense->element, dense->columns);
}

static pcl_status run_fully_connected(const pcl_run_context *context, const pcl_step *step) {
    const fully_connected *self = step->prepared;
    fully_connected_run run = {context->kernels, self, step->node->inputs[0]->data, step->node->outputs[0]->data};
    pcl_pool_run(context->pool, run_part, &run, self->parts);
    return PCL_OK;
}

const pcl_op pcl_op_fully_connected = {.name = "FULLY_CONNECTED",
                                       .min_inputs = 2,
                                       .max_inputs = 3,
                                       .min_outputs = 1,
                                       .max_outputs = 1,
                                       .infer = infer_fully_connected,
                                       .prepare = prepare_fully_connected,
                                       .run = run_fully_connected};
