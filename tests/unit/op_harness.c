#include "op_harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int test_failures;

void op_harness_open(op_harness *harness) {
    *harness = (op_harness){.isa = PCL_ISA_SCALAR};
    pcl_arena_init(&harness->arena, 64u << 20);
}

void op_harness_close(op_harness *harness) {
    for (int i = 0; i < harness->block_count; i++) free(harness->blocks[i]);
    pcl_arena_free(&harness->arena);
}

enum { SLACK = 16 }; /* kernels may read this far past an input */

static void *new_block(op_harness *harness, size_t bytes) {
    if (harness->block_count == 64) abort();
    return harness->blocks[harness->block_count++] = calloc(1, bytes + SLACK);
}

static void name_tensor(pcl_tensor *tensor) { tensor->name = "tensor"; }

pcl_tensor *op_tensor(op_harness *harness, pcl_dtype dtype, const int32_t *dims, int32_t rank, const void *data,
                      bool constant) {
    pcl_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) shape.dims[i] = dims[i];
    pcl_tensor *tensor = pcl_arena_alloc(&harness->arena, sizeof *tensor);
    tensor->dtype = dtype;
    tensor->constant = constant;
    name_tensor(tensor);
    if (pcl_tensor_set_shape(tensor, &shape, &harness->error) != PCL_OK) abort();
    tensor->data = new_block(harness, tensor->bytes);
    if (tensor->bytes) memcpy(tensor->data, data, tensor->bytes);
    return tensor;
}

static void set_quantisation(op_harness *harness, pcl_tensor *tensor, float scale, int32_t zero_point) {
    tensor->quantization = (pcl_quantization){.count = 1,
                                              .scales = pcl_arena_alloc(&harness->arena, sizeof(float)),
                                              .zero_points = pcl_arena_alloc(&harness->arena, sizeof(int32_t))};
    tensor->quantization.scales[0] = scale;
    tensor->quantization.zero_points[0] = zero_point;
}

pcl_tensor *op_quantised(op_harness *harness, pcl_dtype dtype, const int32_t *dims, int32_t rank, const void *data,
                         bool constant, float scale, int32_t zero_point) {
    pcl_tensor *tensor = op_tensor(harness, dtype, dims, rank, data, constant);
    set_quantisation(harness, tensor, scale, zero_point);
    return tensor;
}

pcl_tensor *op_output(op_harness *harness, pcl_dtype dtype, float scale, int32_t zero_point) {
    pcl_tensor *tensor = pcl_arena_alloc(&harness->arena, sizeof *tensor);
    tensor->dtype = dtype;
    name_tensor(tensor);
    if (scale > 0) set_quantisation(harness, tensor, scale, zero_point);
    return tensor;
}

static void *hide_data(pcl_tensor *tensor) {
    if (!tensor || tensor->constant) return NULL;
    void *data = tensor->data;
    tensor->data = NULL;
    return data;
}

pcl_status op_run(op_harness *harness, const pcl_op *op, const pcl_attributes *attributes, pcl_tensor **inputs,
                  int input_count, pcl_tensor **outputs, int output_count) {
    pcl_status status = PCL_OK;
    const pcl_kernels *kernels = pcl_kernels_for(harness->isa);
    pcl_node node = {.op = op, .op_name = op->name, .name = "node", .version = 1, .input_count = input_count,
                     .output_count = output_count, .inputs = inputs, .outputs = outputs};
    if (attributes) node.attributes = *attributes;
    void *held[32];
    if (input_count > 32) abort();
    for (int i = 0; i < input_count; i++) held[i] = hide_data(inputs[i]);

    pcl_step step = {.op = op, .node = &node};
    pcl_infer_context infer = {&harness->error, &harness->arena};
    pcl_prepare_context prepare = {&harness->error, &harness->arena, kernels, pcl_pool_threads(harness->pool)};
    pcl_run_context run = {&harness->error, kernels, harness->pool, false};
    PCL_TRY(op->infer(&infer, &node));
    if (op->prepare) PCL_TRY(op->prepare(&prepare, &step));
    for (int i = 0; i < output_count; i++) outputs[i]->data = new_block(harness, outputs[i]->bytes);
    step.scratch = new_block(harness, step.scratch_bytes);
    if (step.norm_bytes > 0) step.norm = new_block(harness, step.norm_bytes);
done:
    for (int i = 0; i < input_count; i++)
        if (held[i]) inputs[i]->data = held[i];
    return status == PCL_OK && !op->view ? step.op->run(&run, &step) : status; /* a view has nothing to run */
}

bool op_shape_is(const pcl_tensor *tensor, const int32_t *dims, int32_t rank) {
    if (tensor->shape.rank != rank) return false;
    for (int32_t i = 0; i < rank; i++)
        if (tensor->shape.dims[i] != dims[i]) return false;
    return true;
}

float op_float_error(const pcl_tensor *tensor, const float *expected) {
    const float *values = tensor->data;
    float worst = 0.0f;
    for (size_t i = 0; i < pcl_tensor_count(tensor); i++) {
        if (isnan(values[i]) && isnan(expected[i])) continue;
        if (values[i] == expected[i]) continue;
        float error = fabsf(values[i] - expected[i]) / fmaxf(1.0f, fabsf(expected[i]));
        if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
    }
    return worst;
}
