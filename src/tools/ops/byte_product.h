/* Products of matrices of bytes with exact 32-bit sums, by the float kernel:
 * as long as no more than 256 products of numbers in -255..255 are added up,
 * the sums are whole numbers below 2^24, which floats hold. */
#ifndef PCL_TOOLS_OPS_BYTE_PRODUCT_H
#define PCL_TOOLS_OPS_BYTE_PRODUCT_H

#include "ops/op.h"

enum { PCL_ONNX_EXACT_DEPTH = 256, PCL_ONNX_TILE_ROWS = 48 };

/* a [rows][depth] times b [depth][columns]; both less their zero points. The
 * depth is cut into parts of `part` numbers, at most EXACT_DEPTH. */
typedef struct pcl_onnx_byte_product {
    size_t depth, columns, part;
    size_t packed, zeros, a, out; /* offsets into the step's scratch: b; no bias; a tile of a part of a; its product */
} pcl_onnx_byte_product;

/* Wants the scratch. depth, columns and part are at least 1. */
pcl_status pcl_onnx_want_byte_product(const pcl_prepare_context *context, pcl_step *step, size_t depth, size_t columns,
                                      size_t part, pcl_onnx_byte_product *out);

/* Packs b: element (k, c) is b[k * depth_stride + c * column_stride] - zero_points[c]
 * of an int8 or uint8 matrix; zero points as pcl_onnx_zero_point reads them, from `first_zero` on. */
void pcl_onnx_pack_b(const pcl_onnx_byte_product *product, uint8_t *scratch, pcl_dtype dtype, const void *b,
                     size_t depth_stride, size_t column_stride, const pcl_tensor *zero_points, size_t first_zero);

/* Writes numbers first .. first + count - 1 of row `row` of a. */
typedef void (*pcl_onnx_fill_row)(const void *argument, size_t row, size_t first, size_t count, float *out);

/* sums[r][c], r < rows <= TILE_ROWS, += the product of those rows; they wrap around. */
void pcl_onnx_multiply_tile(const pcl_onnx_byte_product *product, const pcl_kernels *kernels, uint8_t *scratch,
                            pcl_onnx_fill_row fill, const void *argument, size_t rows, uint32_t *sums);

#endif
