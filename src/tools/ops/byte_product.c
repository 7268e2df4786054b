#include "tools/ops/byte_product.h"

#include <math.h>
#include <string.h>

#include "tools/ops/check.h"
#include "tools/ops/requantize.h"

enum { PANEL = 8 }; /* columns that the kernel's packing keeps together */

pcl_status pcl_onnx_want_byte_product(const pcl_prepare_context *context, pcl_step *step, size_t depth, size_t columns,
                                      size_t part, pcl_onnx_byte_product *out) {
    size_t padded = pcl_round_up(columns, PANEL); /* columns are a dimension, so this does not overflow */
    *out = (pcl_onnx_byte_product){.depth = depth, .columns = columns, .part = part};
    size_t packed;
    if (!pcl_size_mul(depth, padded, &packed)) packed = SIZE_MAX; /* refused by the next line */
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, packed, sizeof(float), &out->packed));
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, padded, sizeof(float), &out->zeros));
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, PCL_ONNX_TILE_ROWS * part, sizeof(float), &out->a));
    return pcl_onnx_scratch(context, step, columns, PCL_ONNX_TILE_ROWS * sizeof(float), &out->out);
}

/* Parts follow each other; each is [ceil(columns / 8)][its depth][8], as pcl_gemm_f32 has it. */
void pcl_onnx_pack_b(const pcl_onnx_byte_product *product, uint8_t *scratch, pcl_dtype dtype, const void *b,
                     size_t depth_stride, size_t column_stride, const pcl_tensor *zero_points, size_t first_zero) {
    size_t padded = pcl_round_up(product->columns, PANEL);
    float *packed = (float *)(scratch + product->packed);
    memset(packed, 0, product->depth * padded * sizeof *packed);
    memset(scratch + product->zeros, 0, padded * sizeof *packed);
    for (size_t c = 0; c < product->columns; c++) {
        int32_t zero_point = pcl_onnx_zero_point(zero_points, first_zero + c);
        for (size_t k = 0; k < product->depth; k++) {
            size_t first = k / product->part * product->part, left = product->depth - first;
            size_t depth = left < product->part ? left : product->part, at = k * depth_stride + c * column_stride;
            int32_t value = dtype == PCL_INT8 ? ((const int8_t *)b)[at] : ((const uint8_t *)b)[at];
            packed[first * padded + (c / PANEL * depth + k - first) * PANEL + c % PANEL] = (float)(value - zero_point);
        }
    }
}

void pcl_onnx_multiply_tile(const pcl_onnx_byte_product *product, const pcl_kernels *kernels, uint8_t *scratch,
                            pcl_onnx_fill_row fill, const void *argument, size_t rows, uint32_t *sums) {
    size_t padded = pcl_round_up(product->columns, PANEL);
    float *a = (float *)(scratch + product->a), *out = (float *)(scratch + product->out);
    for (size_t first = 0, depth; first < product->depth; first += depth) {
        depth = product->depth - first < product->part ? product->depth - first : product->part;
        for (size_t row = 0; row < rows; row++) fill(argument, row, first, depth, a + row * product->part);
        pcl_gemm_f32 task = {.rows = rows,
                             .columns = product->columns,
                             .depth = depth,
                             .a = a,
                             .a_stride = product->part,
                             .packed = (const float *)(scratch + product->packed) + first * padded,
                             .bias = (const float *)(scratch + product->zeros),
                             .low = -INFINITY,
                             .high = INFINITY,
                             .out = out,
                             .out_stride = product->columns};
        kernels->gemm_f32(&task);
        for (size_t i = 0; i < rows * product->columns; i++) sums[i] += (uint32_t)(int32_t)out[i];
    }
}
