/* Data types, shapes and tensors. A tensor is a description; its data lies in
 * the file, in the model's memory or in the planned arena. */
#ifndef PCL_CORE_TENSOR_H
#define PCL_CORE_TENSOR_H

#include "core/arena.h"
#include "core/status.h"

typedef struct pcl_shape {
    int32_t rank;
    int32_t dims[PCL_MAX_RANK];
} pcl_shape;

/* real = scales[c] * (value - zero_points[c]), c along `axis` when count > 1. */
typedef struct pcl_quantization {
    int32_t count; /* 0: not quantised */
    int32_t axis;
    float *scales;
    int32_t *zero_points;
} pcl_quantization;

typedef struct pcl_tensor {
    const char *name; /* never NULL */
    pcl_dtype dtype;
    pcl_shape shape;
    pcl_quantization quantization;
    size_t bytes;  /* of data; set with the shape */
    bool constant; /* data is known before running */
    void *data;    /* constant, or the place given by the plan */

    /* kept by pcl_graph_link: */
    struct pcl_node *producer; /* NULL for inputs and constants */
    int32_t uses;              /* reads by nodes, and by the graph's outputs */

    int32_t place; /* its buffer in the plan; kept by run/program.c */
} pcl_tensor;

size_t pcl_dtype_size(pcl_dtype dtype);
const char *pcl_dtype_name(pcl_dtype dtype);

/* Product of the dimensions (1 for a scalar); false on overflow of 2^31-1 or
 * a negative dimension. */
bool pcl_shape_count(const pcl_shape *shape, size_t *out);
bool pcl_shape_equal(const pcl_shape *a, const pcl_shape *b);
/* Writes "1x224x224x3" into text. */
void pcl_shape_format(const pcl_shape *shape, char text[96]);

/* Elements of a tensor whose shape was checked by pcl_tensor_set_shape. */
size_t pcl_tensor_count(const pcl_tensor *tensor);

/* Sets shape and bytes; PCL_ERROR_SHAPE or _LIMIT when it cannot exist. */
pcl_status pcl_tensor_set_shape(pcl_tensor *tensor, const pcl_shape *shape, pcl_error *error);

/* Per-tensor quantisation, or 1 and 0 without. */
float pcl_tensor_scale(const pcl_tensor *tensor);
int32_t pcl_tensor_zero_point(const pcl_tensor *tensor);

float pcl_half_to_float(uint16_t half);
void pcl_halves_to_floats(const uint16_t *halves, float *out, size_t count);
uint16_t pcl_float_to_half(float value); /* round to nearest even */

#endif
