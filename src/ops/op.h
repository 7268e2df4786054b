/* What an operator is: a name and four functions. Each family of operators
 * has a file in this folder; ops/table.c lists them all.
 *
 * Canonical types. When an operator is inferred, every quantised activation
 * is uint8 with one scale and a zero point in 0..255: the pass
 * `canonical_u8` rewrote int8 ones (value + 128, zero point + 128). Weights
 * (input 1 of convolutions, fully connected and transposed convolutions) are
 * int8 with per-tensor or per-channel scales, zero point 0, or uint8 with one
 * scale and a zero point. Biases are int32. An unquantised int8 or uint8
 * tensor is a plain integer. QUANTIZE and DEQUANTIZE and the graph's own
 * inputs and outputs meet int8 as well. */
#ifndef PCL_OPS_OP_H
#define PCL_OPS_OP_H

#include "kernels.h"
#include "model/graph.h"
#include "run/pool.h"

/* What infer may use. Shapes and types of the inputs are known; data too, of
 * those that are constant. */
typedef struct pcl_infer_context {
    pcl_error *error;
    pcl_arena *arena;
} pcl_infer_context;

/* What runs, in order: inputs and outputs with data in place. */
typedef struct pcl_step {
    const struct pcl_op *op; /* that runs: prepare may choose another than the node has */
    pcl_node *node;
    void *prepared;       /* made by prepare: packed weights, parameters */
    size_t scratch_bytes; /* wanted by prepare */
    void *scratch;        /* given by the plan, 64-byte aligned, contents undefined */
    size_t norm_bytes;    /* for what a normalisation finds in a picture: by its channels alone, a multiple of PCL_ALIGNMENT */
    void *norm;           /* given by the plan, 64-byte aligned; stays from run to run */
} pcl_step;

typedef struct pcl_prepare_context {
    pcl_error *error;
    pcl_arena *arena; /* for step->prepared; lives as long as the plan */
    const pcl_kernels *kernels;
    int32_t threads; /* scratch that each thread needs is multiplied by this */
} pcl_prepare_context;

/* Fails with PCL_ERROR_MEMORY. */
pcl_status pcl_no_memory(const pcl_prepare_context *context, const pcl_node *node);

typedef struct pcl_run_context {
    pcl_error *error;
    const pcl_kernels *kernels;
    pcl_pool *pool;
    bool frozen; /* normalisations take what is in step->norm instead of looking at the picture */
} pcl_run_context;

typedef struct pcl_op {
    const char *name; /* as TFLite spells it */
    int32_t min_inputs, max_inputs; /* max < 0: any number; checked before infer */
    int32_t min_outputs, max_outputs;

    /* Checks types and attributes and sets dtype (where it follows from the
     * inputs), shape and bytes of every output through pcl_tensor_set_shape.
     * After it no later stage needs to doubt the node. */
    pcl_status (*infer)(const pcl_infer_context *context, pcl_node *node);

    /* Optional. Computes what run needs: packs weights, tabulates. Constant
     * inputs have data; activations have none yet. */
    pcl_status (*prepare)(const pcl_prepare_context *context, pcl_step *step);

    /* Computes the outputs. May fail only for values (PCL_ERROR_VALUE). */
    pcl_status (*run)(const pcl_run_context *context, const pcl_step *step);

    /* The outputs are the first input's bytes under another shape: no work. */
    bool view;
    /* Each output element is written after the elements of the inputs at the
     * same position are read, and none is read later: an input of as many
     * bytes may share the output's place. */
    bool in_place;
} pcl_op;

/* NULL when there is none. */
const pcl_op *pcl_op_find(const char *name);

/* --- Helpers shared by infer functions (ops/check.c) ---------------------- */

/* The tensor of an optional input, NULL when left out. */
pcl_tensor *pcl_node_input(const pcl_node *node, int32_t index);

/* Fails with the types named unless `tensor` has one of `dtypes`, a list
 * ended by PCL_DTYPE_COUNT. */
pcl_status pcl_check_dtype(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                           const pcl_dtype *dtypes);
pcl_status pcl_check_rank(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                          int32_t min, int32_t max);
/* Quantised per tensor with a positive finite scale and a zero point within the type. */
pcl_status pcl_check_quantised(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor);
/* True for a tensor whose integers stand for reals. */
bool pcl_is_quantised(const pcl_tensor *tensor);

/* Reads a constant int32 or int64 tensor of at most `capacity` elements;
 * fails when it is not constant ("depends on data"). */
pcl_status pcl_read_integers(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                             int32_t *out, int32_t capacity, int32_t *count);
/* Turns -rank..rank-1 into 0..rank-1 or fails. */
pcl_status pcl_normalise_axis(const pcl_infer_context *context, const pcl_node *node, int32_t axis, int32_t rank,
                              int32_t *out);
/* Numpy broadcasting of two shapes. */
pcl_status pcl_broadcast_shape(const pcl_infer_context *context, const pcl_node *node, const pcl_shape *a,
                               const pcl_shape *b, pcl_shape *out);
/* Same dtype and quantisation? Needed by operators that only move data. */
bool pcl_same_quantisation(const pcl_tensor *a, const pcl_tensor *b);

/* Output size and top/left padding of a window along one axis, as TFLite has
 * it: SAME gives ceil(size / stride). Fails when nothing fits. */
pcl_status pcl_window(const pcl_infer_context *context, const pcl_node *node, int32_t size, int32_t filter,
                      int32_t stride, int32_t dilation, pcl_padding padding, int32_t *before, int32_t *after,
                      int32_t *out_size);

/* Bounds of a fused activation: as reals, and as quantised values of `out`
 * (uint8: within 0..255), q = round(real / scale) + zero_point. */
void pcl_activation_range(pcl_activation activation, float *low, float *high);
void pcl_activation_range_u8(pcl_activation activation, const pcl_tensor *out, int32_t *low, int32_t *high);

/* Row-major strides in elements; 0 along dimensions of `shape` that are
 * broadcast to `target` (aligned at the last dimension). strides has
 * target->rank entries. */
void pcl_broadcast_strides(const pcl_shape *shape, const pcl_shape *target, size_t *strides);

#endif
