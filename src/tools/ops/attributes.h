/* Attributes of the operators in tools/ops/table.h: pcl_attributes.tools
 * points at one of these structs, zeroed and then filled by whoever builds the
 * node, and living in the graph's arena. Names, meanings and units are those
 * of the ONNX specification. A field says "default" where the specification
 * has one other than zero: the builder sets it when the file leaves it out.
 * Nothing here is trusted: infer checks it all. */
#ifndef PCL_TOOLS_OPS_ATTRIBUTES_H
#define PCL_TOOLS_OPS_ATTRIBUTES_H

#include "core/tensor.h"

/* A list of integers; larger ones are clamped to int32 by the builder. A count
 * of 0 means that the attribute is left out. */
typedef struct pcl_onnx_list {
    int32_t count;
    int32_t values[2 * PCL_MAX_RANK];
} pcl_onnx_list;

typedef enum pcl_onnx_auto_pad {
    PCL_ONNX_NOTSET = 0, /* default: `pads` are used */
    PCL_ONNX_SAME_UPPER,
    PCL_ONNX_SAME_LOWER,
    PCL_ONNX_VALID
} pcl_onnx_auto_pad;

/* A window that slides over the spatial dimensions. */
typedef struct pcl_onnx_window_attributes {
    pcl_onnx_list kernel_shape; /* left out: the weights' own */
    pcl_onnx_list strides;      /* left out: all 1 */
    pcl_onnx_list dilations;    /* left out: all 1 */
    pcl_onnx_list pads;         /* x1_begin, x2_begin, ..., x1_end, x2_end; left out: all 0 */
    pcl_onnx_auto_pad auto_pad;
} pcl_onnx_window_attributes;

/* Conv, ConvInteger, QLinearConv, ConvTranspose */
typedef struct pcl_onnx_conv_attributes {
    pcl_onnx_window_attributes window;
    int32_t group;                /* default 1 */
    pcl_onnx_list output_padding; /* these two: ConvTranspose */
    pcl_onnx_list output_shape;
} pcl_onnx_conv_attributes;

/* MaxPool, AveragePool, LpPool and their Global forms, MaxUnpool */
typedef struct pcl_onnx_pool_attributes {
    pcl_onnx_window_attributes window; /* kernel_shape left out: the whole plane (the Global forms) */
    bool ceil_mode;
    bool count_include_pad; /* AveragePool */
    bool storage_order;     /* MaxPool's Indices: true is column major */
    int32_t p;              /* LpPool, GlobalLpPool; default 2 */
} pcl_onnx_pool_attributes;

typedef enum pcl_onnx_resize_mode {
    PCL_ONNX_RESIZE_NEAREST = 0, /* default */
    PCL_ONNX_RESIZE_LINEAR,
    PCL_ONNX_RESIZE_CUBIC
} pcl_onnx_resize_mode;

typedef enum pcl_onnx_coordinates {
    PCL_ONNX_HALF_PIXEL = 0, /* default */
    PCL_ONNX_HALF_PIXEL_SYMMETRIC,
    PCL_ONNX_PYTORCH_HALF_PIXEL,
    PCL_ONNX_ALIGN_CORNERS,
    PCL_ONNX_ASYMMETRIC,
    PCL_ONNX_TF_CROP_AND_RESIZE,
    PCL_ONNX_TF_HALF_PIXEL_FOR_NN /* opset 11 */
} pcl_onnx_coordinates;

typedef enum pcl_onnx_nearest_mode {
    PCL_ONNX_ROUND_PREFER_FLOOR = 0, /* default */
    PCL_ONNX_ROUND_PREFER_CEIL,
    PCL_ONNX_FLOOR,
    PCL_ONNX_CEIL
} pcl_onnx_nearest_mode;

typedef enum pcl_onnx_aspect_ratio {
    PCL_ONNX_STRETCH = 0, /* default */
    PCL_ONNX_NOT_LARGER,
    PCL_ONNX_NOT_SMALLER
} pcl_onnx_aspect_ratio;

/* Resize of opset 11 on. Upsample and Resize of opset 10 are the same with
 * ASYMMETRIC and FLOOR. */
typedef struct pcl_onnx_resize_attributes {
    pcl_onnx_resize_mode mode;
    pcl_onnx_coordinates coordinates;
    pcl_onnx_nearest_mode nearest_mode;
    pcl_onnx_aspect_ratio keep_aspect_ratio_policy;
    bool antialias, exclude_outside;
    float cubic_coeff_a;       /* default -0.75 */
    float extrapolation_value; /* TF_CROP_AND_RESIZE */
    pcl_onnx_list axes;        /* left out: all of them */
} pcl_onnx_resize_attributes;

typedef enum pcl_onnx_pad_mode {
    PCL_ONNX_PAD_CONSTANT = 0, /* default */
    PCL_ONNX_PAD_REFLECT,
    PCL_ONNX_PAD_EDGE,
    PCL_ONNX_PAD_WRAP
} pcl_onnx_pad_mode;

/* Pad */
typedef struct pcl_onnx_pad_attributes {
    pcl_onnx_pad_mode mode;
} pcl_onnx_pad_attributes;

/* BatchNormalization (inference), InstanceNormalization, GroupNormalization,
 * LayerNormalization, RMSNormalization, MeanVarianceNormalization, LpNormalization */
typedef struct pcl_onnx_norm_attributes {
    float epsilon;        /* default 1e-5 */
    int32_t axis;         /* LayerNormalization, RMSNormalization, LpNormalization; default -1 */
    int32_t num_groups;   /* GroupNormalization */
    bool scale_per_group; /* GroupNormalization of opset 18..20: scale and bias are [num_groups], not [C] */
    int32_t p;            /* LpNormalization; default 2 */
    pcl_onnx_list axes;   /* MeanVarianceNormalization; default 0, 2, 3 */
} pcl_onnx_norm_attributes;

/* LRN */
typedef struct pcl_onnx_lrn_attributes {
    float alpha, beta, bias; /* defaults 0.0001, 0.75, 1 */
    int32_t size;
} pcl_onnx_lrn_attributes;

/* Softmax, LogSoftmax, Hardmax */
typedef struct pcl_onnx_softmax_attributes {
    int32_t axis; /* default: -1 from opset 13 on, else 1 */
    bool flatten; /* opsets below 13: over all dimensions from `axis` on, taken as one */
} pcl_onnx_softmax_attributes;

/* Gemm */
typedef struct pcl_onnx_gemm_attributes {
    float alpha, beta; /* defaults 1, 1 */
    bool trans_a, trans_b;
} pcl_onnx_gemm_attributes;

/* QuantizeLinear, DequantizeLinear */
typedef struct pcl_onnx_quantize_attributes {
    int32_t axis;       /* default 1 */
    int32_t block_size; /* 0: none */
    pcl_dtype out_dtype; /* QuantizeLinear without a zero point: its output_dtype; default PCL_UINT8 */
} pcl_onnx_quantize_attributes;

/* Functions of one element with parameters: LeakyRelu (alpha, default 0.01),
 * Elu, Celu (alpha, 1), Selu (alpha 1.67326319, beta stands for gamma,
 * 1.05070102), HardSigmoid (alpha 0.2, beta 0.5), ThresholdedRelu (alpha, 1),
 * Shrink (alpha stands for lambd, 0.5; beta for bias, 0). */
typedef struct pcl_onnx_unary_attributes {
    float alpha, beta;
} pcl_onnx_unary_attributes;

/* Gelu */
typedef struct pcl_onnx_gelu_attributes {
    bool approximate; /* "tanh" */
} pcl_onnx_gelu_attributes;

/* Mod */
typedef struct pcl_onnx_mod_attributes {
    bool fmod;
} pcl_onnx_mod_attributes;

/* BitShift */
typedef struct pcl_onnx_bit_shift_attributes {
    bool left;
} pcl_onnx_bit_shift_attributes;

/* IsInf */
typedef struct pcl_onnx_is_inf_attributes {
    bool detect_negative, detect_positive; /* defaults true */
} pcl_onnx_is_inf_attributes;

/* ReduceSum and the other Reduce operators. Axes are input 1. */
typedef struct pcl_onnx_reduce_attributes {
    bool keepdims; /* default true */
    bool noop_with_empty_axes;
} pcl_onnx_reduce_attributes;

/* ArgMax, ArgMin */
typedef struct pcl_onnx_arg_attributes {
    int32_t axis;
    bool keepdims; /* default true */
    bool select_last_index;
} pcl_onnx_arg_attributes;

/* TopK */
typedef struct pcl_onnx_top_k_attributes {
    int32_t axis; /* default -1 */
    bool largest; /* default true; results are always sorted */
} pcl_onnx_top_k_attributes;

typedef enum pcl_onnx_reduction {
    PCL_ONNX_REDUCTION_NONE = 0, /* default */
    PCL_ONNX_REDUCTION_ADD,
    PCL_ONNX_REDUCTION_MUL,
    PCL_ONNX_REDUCTION_MAX,
    PCL_ONNX_REDUCTION_MIN
} pcl_onnx_reduction;

/* Gather (axis), GatherElements (axis), GatherND (batch_dims),
 * ScatterElements (axis, reduction), ScatterND (reduction), OneHot (axis,
 * default -1), Compress (axis, has_axis) */
typedef struct pcl_onnx_index_attributes {
    int32_t axis;
    int32_t batch_dims;
    pcl_onnx_reduction reduction;
    bool has_axis;
} pcl_onnx_index_attributes;

/* CumSum */
typedef struct pcl_onnx_cumulative_attributes {
    bool exclusive, reverse;
} pcl_onnx_cumulative_attributes;

/* Trilu */
typedef struct pcl_onnx_trilu_attributes {
    bool upper; /* default true */
} pcl_onnx_trilu_attributes;

/* EyeLike */
typedef struct pcl_onnx_eye_attributes {
    int32_t k;
    bool has_dtype; /* false: the type of the input */
    pcl_dtype dtype;
} pcl_onnx_eye_attributes;

/* ReverseSequence */
typedef struct pcl_onnx_reverse_attributes {
    int32_t batch_axis; /* default 1 */
    int32_t time_axis;  /* default 0 */
} pcl_onnx_reverse_attributes;

/* DepthToSpace, SpaceToDepth */
typedef struct pcl_onnx_depth_space_attributes {
    int32_t blocksize;
    bool crd; /* DepthToSpace; default false (DCR) */
} pcl_onnx_depth_space_attributes;

typedef enum pcl_onnx_grid_padding {
    PCL_ONNX_GRID_ZEROS = 0, /* default */
    PCL_ONNX_GRID_BORDER,
    PCL_ONNX_GRID_REFLECTION
} pcl_onnx_grid_padding;

/* GridSample, two spatial dimensions */
typedef struct pcl_onnx_grid_attributes {
    pcl_onnx_resize_mode mode; /* default PCL_ONNX_RESIZE_LINEAR */
    pcl_onnx_grid_padding padding_mode;
    bool align_corners;
} pcl_onnx_grid_attributes;

/* RoiAlign */
typedef struct pcl_onnx_roi_attributes {
    int32_t output_height, output_width; /* default 1 */
    int32_t sampling_ratio;
    float spatial_scale; /* default 1 */
    bool maximum;        /* mode "max"; default false ("avg") */
    bool half_pixel;     /* coordinate_transformation_mode; default true from opset 16 on, else false */
} pcl_onnx_roi_attributes;

/* Einsum */
typedef struct pcl_onnx_einsum_attributes {
    const char *equation; /* ended by a zero byte */
} pcl_onnx_einsum_attributes;

#endif
