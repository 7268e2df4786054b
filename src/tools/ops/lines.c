#include "tools/ops/lines.h"

#include "ops/move.h"

pcl_onnx_lines pcl_onnx_lines_of(const pcl_shape *shape, int32_t axis, int32_t end) {
    return (pcl_onnx_lines){pcl_dims_product(shape, 0, axis), pcl_dims_product(shape, axis, end),
                            pcl_dims_product(shape, end, shape->rank)};
}

static uint8_t *first_element(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line) {
    size_t at = line / lines->inner * lines->size * lines->inner + line % lines->inner;
    return (uint8_t *)tensor->data + at * pcl_dtype_size(tensor->dtype);
}

void pcl_onnx_load_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, double *out) {
    const uint8_t *in = first_element(lines, tensor, line);
    size_t step = lines->inner * pcl_dtype_size(tensor->dtype);
    if (lines->inner == 1) pcl_load_reals(tensor->dtype, in, out, lines->size);
    else
        for (size_t i = 0; i < lines->size; i++) pcl_load_reals(tensor->dtype, in + i * step, out + i, 1);
}

void pcl_onnx_store_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, const double *in) {
    uint8_t *out = first_element(lines, tensor, line);
    size_t step = lines->inner * pcl_dtype_size(tensor->dtype);
    if (lines->inner == 1) pcl_store_reals(tensor->dtype, in, out, lines->size);
    else
        for (size_t i = 0; i < lines->size; i++) pcl_store_reals(tensor->dtype, in + i, out + i * step, 1);
}

void pcl_onnx_load_integer_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, int64_t *out) {
    const uint8_t *in = first_element(lines, tensor, line);
    size_t step = lines->inner * pcl_dtype_size(tensor->dtype);
    for (size_t i = 0; i < lines->size; i++) pcl_load_integers(tensor->dtype, in + i * step, out + i, 1);
}

void pcl_onnx_store_integer_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line,
                                 const int64_t *in) {
    uint8_t *out = first_element(lines, tensor, line);
    size_t step = lines->inner * pcl_dtype_size(tensor->dtype);
    for (size_t i = 0; i < lines->size; i++) pcl_store_integers(tensor->dtype, in + i, out + i * step, 1);
}
