/* Operators as ONNX defines them, for nodes that have no equal among the
 * engine's own (ops/table.h): ONNX's layout (batch, channels, spatial...), its
 * attributes (tools/ops/attributes.h) and all of its types. They favour
 * plainness over speed; what networks spend time on is translated to the
 * engine's operators.
 *
 * In common:
 * - Inputs are those of the newest opset. What older ones have as attributes
 *   (axes, pads, min and max, ratio, k, starts, ...) the builder makes a
 *   constant input; int64 or int32 wherever ONNX has int64. Optional inputs
 *   may be NULL or left out at the end; trailing outputs may be left out.
 * - infer sets the type, the shape and the bytes of every output, and may be
 *   called again. Inputs that decide shapes must be constant.
 * - "Numbers" are all types but bool; "reals" float16, float32 and float64.
 *   "float32" operators take nothing else: the builder puts casts around them.
 *   Integers wrap around; uint8 and int8 are plain integers, never quantised:
 *   scales and zero points are inputs.
 * - node->macs is set by all that take a window or a product.
 *
 * What the engine's own operators cover (their outputs' types are the
 * builder's to set; f = float32, i = int32 and int64, any = every type):
 *
 *   Add Sub Mul Div Max Min       ADD SUB MUL DIV MAXIMUM MINIMUM: f, i
 *   Pow                           POW: f, i (both operands of one type)
 *   Mod without fmod              FLOOR_MOD: i
 *   PRelu                         PRELU: f (the slope broadcasts from the right)
 *   Equal Less LessOrEqual        EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL:
 *   Greater GreaterOrEqual        f and integers but uint64; EQUAL bool as well
 *   And Or Not, Xor               LOGICAL_AND LOGICAL_OR LOGICAL_NOT, NOT_EQUAL: bool
 *   Relu LeakyRelu Sigmoid Tanh   RELU LEAKY_RELU LOGISTIC TANH EXP LOG SQRT SIN COS
 *   Exp Log Sqrt Sin Cos Ceil     CEIL FLOOR ROUND: f; ABS NEG: f, i
 *   Floor Round Abs Neg, Gelu     GELU: f
 *   Elu with alpha 1              ELU: f
 *   HardSwish                     HARD_SWISH: f
 *   Clip of 0..inf, 0..6, -1..1   RELU RELU6 RELU_N1_TO_1: f
 *   Cast                          CAST: any
 *   Concat, Split, Tile           CONCATENATION, SPLIT_V, TILE: any
 *   Transpose                     TRANSPOSE: any (perm as a constant int32 input)
 *   Reshape Flatten Squeeze       RESHAPE: any (the builder works out the shape)
 *   Unsqueeze Identity Dropout
 *   Shape                         SHAPE: any (then a slice for start and end)
 *   Size                          SHAPE, then REDUCE_PROD
 *   ConstantOfShape               FILL: any
 *   Where                         SELECT_V2: any
 *   Slice, Expand                 STRIDED_SLICE, BROADCAST_TO: any
 *   Range                         RANGE: f, i
 *   ReduceSum ReduceMean          SUM MEAN REDUCE_PROD REDUCE_MAX REDUCE_MIN: f, i
 *   ReduceProd ReduceMax          (but when there are no axes and noop_with_empty_axes)
 *   ReduceMin
 *   ArgMax ArgMin                 ARG_MAX ARG_MIN: f, i (without select_last_index; no keepdims)
 *   Softmax LogSoftmax            SOFTMAX LOG_SOFTMAX: f, last axis
 *   MatMul                        BATCH_MATMUL: f, ranks of 2 and up
 *   Gemm, Conv, ConvTranspose,    FULLY_CONNECTED, CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV,
 *   pools, Resize, ...            *_POOL_2D, RESIZE_*: f, in NHWC where the layout pass can
 *   ImageScaler, Affine           MUL, then ADD
 *   Crop                          SLICE
 *   BatchNormalization            MUL, then ADD, when its parameters are constant
 *
 * All else is here. Not covered anywhere, since their shapes depend on data:
 * NonZero, Compress and Unique of what is not constant; and sequences,
 * strings, control flow and training. */
#ifndef PCL_TOOLS_OPS_TABLE_H
#define PCL_TOOLS_OPS_TABLE_H

#include "ops/op.h"
#include "tools/ops/attributes.h"

/* --- Two operands of one type, broadcast together (binary.c) ----------------
 * Numbers. Division of integers drops the fraction; by zero it is an error. */
extern const pcl_op pcl_onnx_add;
extern const pcl_op pcl_onnx_sub;
extern const pcl_op pcl_onnx_mul;
extern const pcl_op pcl_onnx_div;
extern const pcl_op pcl_onnx_mod;   /* pcl_onnx_mod_attributes */
extern const pcl_op pcl_onnx_pow;   /* the exponent may have a type of its own; the result has the base's */
extern const pcl_op pcl_onnx_prelu; /* x, slope: broadcasts to x */
extern const pcl_op pcl_onnx_bit_shift;   /* unsigned; pcl_onnx_bit_shift_attributes */
extern const pcl_op pcl_onnx_bitwise_and; /* integers */
extern const pcl_op pcl_onnx_bitwise_or;
extern const pcl_op pcl_onnx_bitwise_xor;

/* --- Any number of operands of one type, broadcast together (variadic.c) ---- */
extern const pcl_op pcl_onnx_max; /* numbers; NaN wins */
extern const pcl_op pcl_onnx_min;
extern const pcl_op pcl_onnx_sum;
extern const pcl_op pcl_onnx_mean; /* reals */

/* --- Comparisons: two operands of one type, bool out (compare.c) ------------ */
extern const pcl_op pcl_onnx_equal; /* bool as well */
extern const pcl_op pcl_onnx_less;
extern const pcl_op pcl_onnx_less_or_equal;
extern const pcl_op pcl_onnx_greater;
extern const pcl_op pcl_onnx_greater_or_equal;
extern const pcl_op pcl_onnx_and; /* these three: bool */
extern const pcl_op pcl_onnx_or;
extern const pcl_op pcl_onnx_xor;

/* --- One operand (unary.c). Reals, but where noted -------------------------- */
extern const pcl_op pcl_onnx_abs; /* numbers */
extern const pcl_op pcl_onnx_neg; /* numbers */
extern const pcl_op pcl_onnx_sign; /* numbers */
extern const pcl_op pcl_onnx_ceil;
extern const pcl_op pcl_onnx_floor;
extern const pcl_op pcl_onnx_round;
extern const pcl_op pcl_onnx_sqrt;
extern const pcl_op pcl_onnx_reciprocal;
extern const pcl_op pcl_onnx_exp;
extern const pcl_op pcl_onnx_log;
extern const pcl_op pcl_onnx_erf;
extern const pcl_op pcl_onnx_sin;
extern const pcl_op pcl_onnx_cos;
extern const pcl_op pcl_onnx_tan;
extern const pcl_op pcl_onnx_asin;
extern const pcl_op pcl_onnx_acos;
extern const pcl_op pcl_onnx_atan;
extern const pcl_op pcl_onnx_sinh;
extern const pcl_op pcl_onnx_cosh;
extern const pcl_op pcl_onnx_asinh;
extern const pcl_op pcl_onnx_acosh;
extern const pcl_op pcl_onnx_atanh;
extern const pcl_op pcl_onnx_tanh;
extern const pcl_op pcl_onnx_sigmoid;
extern const pcl_op pcl_onnx_relu;             /* numbers */
extern const pcl_op pcl_onnx_leaky_relu;       /* pcl_onnx_unary_attributes from here ... */
extern const pcl_op pcl_onnx_elu;
extern const pcl_op pcl_onnx_celu;
extern const pcl_op pcl_onnx_selu;
extern const pcl_op pcl_onnx_hard_sigmoid;
extern const pcl_op pcl_onnx_thresholded_relu;
extern const pcl_op pcl_onnx_shrink;           /* ... to here */
extern const pcl_op pcl_onnx_hard_swish;
extern const pcl_op pcl_onnx_softplus;
extern const pcl_op pcl_onnx_softsign;
extern const pcl_op pcl_onnx_mish;
extern const pcl_op pcl_onnx_gelu;        /* pcl_onnx_gelu_attributes */
extern const pcl_op pcl_onnx_not;         /* bool */
extern const pcl_op pcl_onnx_bitwise_not; /* integers */
extern const pcl_op pcl_onnx_is_nan;      /* bool out */
extern const pcl_op pcl_onnx_is_inf;      /* bool out; pcl_onnx_is_inf_attributes */
extern const pcl_op pcl_onnx_clip;        /* x, min, max (scalars, optional): numbers (clip.c) */

/* --- Convolutions (conv.c, conv_transpose.c, conv_integer.c): one to three
 * spatial dimensions, pcl_onnx_conv_attributes ------------------------------ */
extern const pcl_op pcl_onnx_conv;           /* x [N,C,...], w [M,C/group,...], b [M] (optional): float32 */
extern const pcl_op pcl_onnx_conv_transpose; /* x [N,C,...], w [C,M/group,...], b [M] (optional): float32 */
extern const pcl_op pcl_onnx_conv_integer;   /* x, w: int8 or uint8; zero points of x, of w (1 or [M]); int32 out */
/* x, its scale, zero point; w, scale, zero point (1 or [M]); y's scale, zero point; int32 b (optional) */
extern const pcl_op pcl_onnx_qlinear_conv;

/* --- Pools (pool.c): float32; MaxPool int8 and uint8 as well; one to three
 * spatial dimensions, pcl_onnx_pool_attributes ------------------------------ */
extern const pcl_op pcl_onnx_max_pool; /* second output: int64 Indices */
extern const pcl_op pcl_onnx_average_pool;
extern const pcl_op pcl_onnx_lp_pool;
/* x: float32, Indices, output_shape (constant, optional): one to three spatial dimensions (max_unpool.c) */
extern const pcl_op pcl_onnx_max_unpool;
extern const pcl_op pcl_onnx_global_max_pool; /* the Global forms: any number of spatial dimensions */
extern const pcl_op pcl_onnx_global_average_pool;
extern const pcl_op pcl_onnx_global_lp_pool;

/* --- Pictures ---------------------------------------------------------------- */
/* x: numbers, roi (float; TF_CROP_AND_RESIZE), scales (float), sizes: the last
 * two constant, one of them given; pcl_onnx_resize_attributes (resize.c) */
extern const pcl_op pcl_onnx_resize;
extern const pcl_op pcl_onnx_grid_sample; /* x [N,C,H,W], grid [N,h,w,2]: float32; pcl_onnx_grid_attributes */
/* x [N,C,H,W], rois [R,4], batch_indices [R]: float32, int64; pcl_onnx_roi_attributes */
extern const pcl_op pcl_onnx_roi_align;

/* --- Normalisation (normalise.c): float32, pcl_onnx_norm_attributes ----------- */
extern const pcl_op pcl_onnx_batch_normalization;         /* x, scale, b, mean, variance */
extern const pcl_op pcl_onnx_instance_normalization;      /* x, scale, b */
extern const pcl_op pcl_onnx_group_normalization;         /* x, scale, b */
extern const pcl_op pcl_onnx_layer_normalization;         /* x, scale, b (optional); y, mean, 1 / deviation */
extern const pcl_op pcl_onnx_rms_normalization;           /* x, scale */
extern const pcl_op pcl_onnx_mean_variance_normalization; /* x */
extern const pcl_op pcl_onnx_lp_normalization;            /* x */
extern const pcl_op pcl_onnx_lrn;                         /* x; pcl_onnx_lrn_attributes */
extern const pcl_op pcl_onnx_softmax;                     /* these three: pcl_onnx_softmax_attributes (softmax.c) */
extern const pcl_op pcl_onnx_log_softmax;
extern const pcl_op pcl_onnx_hardmax;

/* --- Products (matmul.c, einsum.c) -------------------------------------------- */
extern const pcl_op pcl_onnx_matmul; /* numbers, numpy's rules */
extern const pcl_op pcl_onnx_gemm;   /* a, b, c (optional): numbers; pcl_onnx_gemm_attributes */
/* a, b: int8 or uint8, zero points of a (1 or one for each row), of b (1 or each column); int32 out */
extern const pcl_op pcl_onnx_matmul_integer;
/* a, its scale, zero point; b, scale, zero point; y's scale, zero point */
extern const pcl_op pcl_onnx_qlinear_matmul;
extern const pcl_op pcl_onnx_einsum; /* any number of inputs of one type: numbers; pcl_onnx_einsum_attributes */

/* --- Quantisation (quantize.c): pcl_onnx_quantize_attributes ------------------- */
/* x: float32 or int32, scale, zero point (optional): int8, uint8, int16, uint16 out */
extern const pcl_op pcl_onnx_quantize_linear;
/* x: int8, uint8, int16, uint16, int32, scale: float32 or float16, which the output has; zero point (optional) */
extern const pcl_op pcl_onnx_dequantize_linear;
extern const pcl_op pcl_onnx_dynamic_quantize_linear; /* x: float32; uint8 y, its scale, zero point; no attributes */

/* --- Reductions (reduce.c): x: numbers, axes (constant, optional);
 * pcl_onnx_reduce_attributes ---------------------------------------------------- */
extern const pcl_op pcl_onnx_reduce_sum;
extern const pcl_op pcl_onnx_reduce_mean;
extern const pcl_op pcl_onnx_reduce_prod;
extern const pcl_op pcl_onnx_reduce_max; /* bool as well */
extern const pcl_op pcl_onnx_reduce_min; /* bool as well */
extern const pcl_op pcl_onnx_reduce_l1;
extern const pcl_op pcl_onnx_reduce_l2;
extern const pcl_op pcl_onnx_reduce_log_sum;
extern const pcl_op pcl_onnx_reduce_log_sum_exp;
extern const pcl_op pcl_onnx_reduce_sum_square;
extern const pcl_op pcl_onnx_arg_max; /* numbers; int64 out; pcl_onnx_arg_attributes (arg.c) */
extern const pcl_op pcl_onnx_arg_min;
extern const pcl_op pcl_onnx_top_k;   /* x: numbers, k (constant); values, int64 indices; pcl_onnx_top_k_attributes */
extern const pcl_op pcl_onnx_cumsum;  /* x: numbers, axis (constant); pcl_onnx_cumulative_attributes */

/* --- Moves: any type ------------------------------------------------------------ */
extern const pcl_op pcl_onnx_pad; /* x, pads, value (optional), axes (optional); pcl_onnx_pad_attributes */
extern const pcl_op pcl_onnx_depth_to_space; /* pcl_onnx_depth_space_attributes */
extern const pcl_op pcl_onnx_space_to_depth;
extern const pcl_op pcl_onnx_trilu;            /* x, k (optional); pcl_onnx_trilu_attributes */
extern const pcl_op pcl_onnx_reverse_sequence; /* x, sequence_lens; pcl_onnx_reverse_attributes */
/* From here on pcl_onnx_index_attributes; indices are int32 or int64, negative ones count from the end. */
extern const pcl_op pcl_onnx_gather;           /* x, indices */
extern const pcl_op pcl_onnx_gather_elements;  /* x, indices */
extern const pcl_op pcl_onnx_gather_nd;        /* x, indices */
extern const pcl_op pcl_onnx_scatter_elements; /* x, indices, updates */
extern const pcl_op pcl_onnx_scatter_nd;       /* x, indices, updates */
extern const pcl_op pcl_onnx_one_hot;          /* indices: numbers, depth (constant), values [2] */
extern const pcl_op pcl_onnx_compress;         /* x, condition (constant) */
extern const pcl_op pcl_onnx_nonzero;          /* x: constant; no attributes */
extern const pcl_op pcl_onnx_eye_like;         /* x; pcl_onnx_eye_attributes */
extern const pcl_op pcl_onnx_range;            /* start, limit, delta: constant numbers */

#endif
