/* The graph between a file and the steps that run: tensors, nodes, and the
 * few edits that passes make. Nodes are kept in an order in which every input
 * is produced before it is read. All memory comes from one arena. */
#ifndef PCL_MODEL_GRAPH_H
#define PCL_MODEL_GRAPH_H

#include "core/tensor.h"

struct pcl_op;

typedef enum pcl_activation {
    PCL_ACTIVATION_NONE = 0,
    PCL_ACTIVATION_RELU = 1,
    PCL_ACTIVATION_RELU_N1_TO_1 = 2,
    PCL_ACTIVATION_RELU6 = 3
} pcl_activation;

typedef enum pcl_padding { PCL_PADDING_SAME = 0, PCL_PADDING_VALID = 1, PCL_PADDING_EXPLICIT = 2 } pcl_padding;

typedef struct pcl_pads {
    int32_t top, left, bottom, right;
} pcl_pads;

/* CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV. Inputs as TFLite has them
 * (TRANSPOSE_CONV: shape, filter, input, bias). */
typedef struct pcl_conv_attributes {
    pcl_padding padding;
    pcl_pads pads; /* used when EXPLICIT; infer fills it otherwise */
    bool upsampled; /* every pixel of the input counts as two by two, pads aside (CONV_2D, where pcl_conv_upsamples) */
    bool reflect;  /* pads hold the mirrored picture (without the edge) in place of zeros */
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t depth_multiplier; /* DEPTHWISE_CONV_2D; 0: take it from the shapes */
    pcl_activation activation;
    /* Fused residual: the last input is added to the activated (and, when
     * quantised, requantised) result. `middle` describes what the sum reads. */
    bool residual;
    pcl_activation residual_activation;
    float middle_scale;
    int32_t middle_zero_point;
} pcl_conv_attributes;

typedef struct pcl_pool_attributes {
    pcl_padding padding;
    pcl_pads pads;
    int32_t stride_h, stride_w;
    int32_t filter_h, filter_w;
    pcl_activation activation;
    bool from_int8; /* quantised, and int8 in the file: decides where averages round halves to */
} pcl_pool_attributes;

/* One struct per family; an operator without attributes has none. */
typedef union pcl_attributes {
    pcl_conv_attributes conv;
    pcl_pool_attributes pool;
    struct {
        pcl_activation activation;
        bool keep_num_dims;
    } fully_connected;
    struct {
        pcl_activation activation;
    } binary; /* ADD, SUB, MUL, DIV */
    struct {
        bool adjoint_x, adjoint_y;
    } batch_matmul;
    struct {
        bool keep_dims;
    } reduce; /* MEAN, SUM, REDUCE_*; axes are input 1 */
    struct {
        float beta;
    } softmax;
    struct {
        float alpha;
    } leaky_relu;
    struct {
        bool approximate;
    } gelu;
    struct {
        int32_t radius;
        float bias, alpha, beta;
    } local_response_norm;
    struct {
        int32_t axis;
        pcl_activation activation;
    } concat; /* CONCATENATION; PACK uses axis */
    struct {
        int32_t axis, count;
    } unpack; /* SPLIT and SPLIT_V take their axis from an input */
    struct {
        int32_t axis, batch_dims;
    } gather;
    struct {
        int32_t rank; /* -1: the shape is input 1 */
        int32_t dims[PCL_MAX_RANK];
    } reshape;
    struct {
        int32_t count;
        int32_t axes[PCL_MAX_RANK];
    } squeeze;
    struct {
        int32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
        bool offset; /* end is relative to begin */
    } strided_slice;
    struct {
        bool align_corners, half_pixel_centers;
        int32_t scale_h, scale_w; /* > 0: output sides are these multiples; 0: input 1 says */
    } resize;
    struct {
        bool symmetric; /* MIRROR_PAD: repeat the edge (SYMMETRIC) or not (REFLECT) */
    } mirror_pad;
    struct {
        int32_t block_size;
    } depth_space;
    struct {
        pcl_dtype out_dtype;
    } cast; /* CAST, SHAPE, ARG_MAX, ARG_MIN: the type of the output */
    struct {
        pcl_dtype out_dtype; /* as cast */
        bool through_reals;  /* stands for a DEQUANTIZE and a QUANTIZE; rounds as they do */
    } quantize;
    struct {
        float epsilon;
        pcl_activation activation;
    } instance_norm; /* INSTANCE_NORM: x, gamma, beta */
    const struct pcl_norm_stages *norm_stages; /* INSTANCE_NORM_QUANTIZED: x, gamma, beta, epsilon */
    const void *tools; /* operators of src/tools/ops: the struct that its attributes.h names, or NULL */
} pcl_attributes;

/* The quantised tensors between the operators that an INSTANCE_NORM_QUANTIZED
 * stands for; only their scales and zero points matter. In order:
 *     mean = MEAN(x)                    squared = QUANTIZE((x - mean)^2)
 *     variance = MEAN(squared)          shifted = variance + epsilon
 *     reciprocal = QUANTIZE(1 / sqrt(shifted))
 *     scale = reciprocal * gamma        scaled = x * scale
 *     mean_scaled = mean * scale        shift = beta - mean_scaled
 *     out = activation(scaled + shift) */
typedef struct pcl_norm_stages {
    const pcl_tensor *mean, *squared, *variance, *shifted, *reciprocal, *scale, *scaled, *mean_scaled, *shift;
    pcl_activation activation;
} pcl_norm_stages;

typedef struct pcl_node {
    const struct pcl_op *op; /* NULL: unsupported, op_name says which */
    const char *op_name;     /* as TFLite spells it */
    int32_t version;
    const char *name; /* of its first output */
    int32_t input_count, output_count;
    pcl_tensor **inputs;  /* NULL where an optional input is left out */
    pcl_tensor **outputs; /* never NULL */
    pcl_attributes attributes;
    uint64_t macs; /* multiply-accumulates; set by infer of the operators that have them */
} pcl_node;

typedef struct pcl_graph {
    pcl_arena *arena;
    pcl_error *error;
    pcl_tensor **tensors; /* those of the file; passes may add others */
    int32_t tensor_count;
    pcl_node **nodes;
    int32_t node_count, node_capacity;
    pcl_tensor **inputs, **outputs;
    int32_t input_count, output_count;
} pcl_graph;

/* Builders; NULL when memory is exhausted (graph->error is then filled). */
void *pcl_graph_alloc(pcl_graph *graph, size_t count, size_t size);
pcl_tensor *pcl_graph_new_tensor(pcl_graph *graph, const char *name, pcl_dtype dtype, const pcl_shape *shape);
/* A node with room for the inputs and outputs, inserted before position `at`. */
pcl_node *pcl_graph_insert_node(pcl_graph *graph, int32_t at, const struct pcl_op *op, int32_t input_count,
                                int32_t output_count);

/* Recomputes producer and uses of every tensor that a node or the graph
 * mentions. Passes call it after their edits. */
void pcl_graph_link(pcl_graph *graph);

/* Replaces every read of `from`, by nodes and by the graph's outputs. */
void pcl_graph_replace_uses(pcl_graph *graph, pcl_tensor *from, pcl_tensor *to);

/* Drops nodes marked by op == NULL after a pass took their work over, and
 * nodes nobody reads. */
void pcl_graph_sweep(pcl_graph *graph);

bool pcl_graph_is_input(const pcl_graph *graph, const pcl_tensor *tensor);
bool pcl_graph_is_output(const pcl_graph *graph, const pcl_tensor *tensor);

/* PCL_OK, or PCL_ERROR_UNSUPPORTED with all nodes whose operator is missing. */
pcl_status pcl_graph_check_supported(const pcl_graph *graph);

/* Fills the error with the node's operator and name besides the message. */
pcl_status pcl_node_fail(pcl_error *error, const pcl_node *node, pcl_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
