#include "model/tflite_ops.h"

/* Each reader below follows a table of TensorFlow's schema.fbs
 * (tensorflow/compiler/mlir/lite/schema); numbers are the fields' places in it. */

static pcl_padding read_padding(pcl_flatbuffer *buffer, pcl_table options) {
    return pcl_table_u8(buffer, options, 0, 0) == 0 ? PCL_PADDING_SAME : PCL_PADDING_VALID;
}

/* Values that the schema knows but the engine does not (TANH, SIGN_BIT) are
 * kept as they are, for pcl_tflite_read to refuse. */
static pcl_activation read_activation(pcl_flatbuffer *buffer, pcl_table options, int slot) {
    uint8_t activation = pcl_table_u8(buffer, options, slot, PCL_ACTIVATION_NONE);
    if (activation > PCL_ACTIVATION_RELU6) buffer->unsupported = true;
    return (pcl_activation)activation;
}

static void read_conv(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->conv = (pcl_conv_attributes){
        .padding = read_padding(buffer, options),
        .stride_w = pcl_table_i32(buffer, options, 1, 0),
        .stride_h = pcl_table_i32(buffer, options, 2, 0),
        .activation = read_activation(buffer, options, 3),
        .dilation_w = pcl_table_i32(buffer, options, 4, 1),
        .dilation_h = pcl_table_i32(buffer, options, 5, 1),
    };
}

static void read_depthwise(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->conv = (pcl_conv_attributes){
        .padding = read_padding(buffer, options),
        .stride_w = pcl_table_i32(buffer, options, 1, 0),
        .stride_h = pcl_table_i32(buffer, options, 2, 0),
        .depth_multiplier = pcl_table_i32(buffer, options, 3, 0),
        .activation = read_activation(buffer, options, 4),
        .dilation_w = pcl_table_i32(buffer, options, 5, 1),
        .dilation_h = pcl_table_i32(buffer, options, 6, 1),
    };
}

static void read_transpose_conv(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->conv = (pcl_conv_attributes){
        .padding = read_padding(buffer, options),
        .stride_w = pcl_table_i32(buffer, options, 1, 0),
        .stride_h = pcl_table_i32(buffer, options, 2, 0),
        .activation = read_activation(buffer, options, 3),
        .dilation_w = 1,
        .dilation_h = 1,
    };
}

static void read_pool(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->pool = (pcl_pool_attributes){
        .padding = read_padding(buffer, options),
        .stride_w = pcl_table_i32(buffer, options, 1, 0),
        .stride_h = pcl_table_i32(buffer, options, 2, 0),
        .filter_w = pcl_table_i32(buffer, options, 3, 0),
        .filter_h = pcl_table_i32(buffer, options, 4, 0),
        .activation = read_activation(buffer, options, 5),
    };
}

static void read_fully_connected(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->fully_connected.activation = read_activation(buffer, options, 0);
    attributes->fully_connected.keep_num_dims = pcl_table_u8(buffer, options, 2, 0) != 0;
}

static void read_binary(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->binary.activation = read_activation(buffer, options, 0);
}

static void read_batch_matmul(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->batch_matmul.adjoint_x = pcl_table_u8(buffer, options, 0, 0) != 0;
    attributes->batch_matmul.adjoint_y = pcl_table_u8(buffer, options, 1, 0) != 0;
}

static void read_concat(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->concat.axis = pcl_table_i32(buffer, options, 0, 0);
    attributes->concat.activation = read_activation(buffer, options, 1);
}

static void read_pack(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->concat.axis = pcl_table_i32(buffer, options, 1, 0);
    attributes->concat.activation = PCL_ACTIVATION_NONE;
}

static void read_unpack(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->unpack.count = pcl_table_i32(buffer, options, 0, 0);
    attributes->unpack.axis = pcl_table_i32(buffer, options, 1, 0);
}

static void read_split(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->unpack.count = pcl_table_i32(buffer, options, 0, 0);
    attributes->unpack.axis = 0;
}

static void read_gather(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->gather.axis = pcl_table_i32(buffer, options, 0, 0);
    attributes->gather.batch_dims = pcl_table_i32(buffer, options, 1, 0);
}

static void read_softmax(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->softmax.beta = pcl_table_f32(buffer, options, 0, 0.0f);
}

static void read_leaky_relu(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->leaky_relu.alpha = pcl_table_f32(buffer, options, 0, 0.0f);
}

static void read_gelu(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->gelu.approximate = pcl_table_u8(buffer, options, 0, 0) != 0;
}

static void read_local_response_norm(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->local_response_norm.radius = pcl_table_i32(buffer, options, 0, 0);
    attributes->local_response_norm.bias = pcl_table_f32(buffer, options, 1, 0.0f);
    attributes->local_response_norm.alpha = pcl_table_f32(buffer, options, 2, 0.0f);
    attributes->local_response_norm.beta = pcl_table_f32(buffer, options, 3, 0.0f);
}

static void read_reduce(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->reduce.keep_dims = pcl_table_u8(buffer, options, 0, 0) != 0;
}

/* Vectors longer than the largest rank cannot be meant; they read as empty. */
static int32_t read_dims(pcl_flatbuffer *buffer, pcl_table options, int32_t dims[PCL_MAX_RANK]) {
    pcl_vector vector = pcl_table_vector(buffer, options, 0, sizeof(int32_t));
    if (vector.at == 0 || vector.count > PCL_MAX_RANK) return -1;
    for (uint32_t i = 0; i < vector.count; i++) dims[i] = pcl_vector_i32(buffer, vector, i);
    return (int32_t)vector.count;
}

static void read_reshape(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->reshape.rank = read_dims(buffer, options, attributes->reshape.dims);
}

static void read_squeeze(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    int32_t count = read_dims(buffer, options, attributes->squeeze.axes);
    attributes->squeeze.count = count < 0 ? 0 : count;
}

static void read_strided_slice(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->strided_slice.begin_mask = pcl_table_i32(buffer, options, 0, 0);
    attributes->strided_slice.end_mask = pcl_table_i32(buffer, options, 1, 0);
    attributes->strided_slice.ellipsis_mask = pcl_table_i32(buffer, options, 2, 0);
    attributes->strided_slice.new_axis_mask = pcl_table_i32(buffer, options, 3, 0);
    attributes->strided_slice.shrink_axis_mask = pcl_table_i32(buffer, options, 4, 0);
    attributes->strided_slice.offset = pcl_table_u8(buffer, options, 5, 0) != 0;
}

static void read_resize_bilinear(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->resize.align_corners = pcl_table_u8(buffer, options, 2, 0) != 0;
    attributes->resize.half_pixel_centers = pcl_table_u8(buffer, options, 3, 0) != 0;
}

static void read_resize_nearest(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->resize.align_corners = pcl_table_u8(buffer, options, 0, 0) != 0;
    attributes->resize.half_pixel_centers = pcl_table_u8(buffer, options, 1, 0) != 0;
}

static void read_mirror_pad(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->mirror_pad.symmetric = pcl_table_u8(buffer, options, 0, 0) != 0;
}

static void read_depth_space(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes) {
    attributes->depth_space.block_size = pcl_table_i32(buffer, options, 0, 0);
}

/* By builtin code. Operators without a version are known by name only, so
 * that an error can say what is missing. */
static const pcl_tflite_op ops[] = {
    [0] = {"ADD", 5, read_binary},
    [1] = {"AVERAGE_POOL_2D", 5, read_pool},
    [2] = {"CONCATENATION", 5, read_concat},
    [3] = {"CONV_2D", 8, read_conv},
    [4] = {"DEPTHWISE_CONV_2D", 7, read_depthwise},
    [5] = {"DEPTH_TO_SPACE", 5, read_depth_space},
    [6] = {"DEQUANTIZE", 6, NULL},
    [7] = {"EMBEDDING_LOOKUP", 0, NULL},
    [8] = {"FLOOR", 5, NULL},
    [9] = {"FULLY_CONNECTED", 12, read_fully_connected},
    [10] = {"HASHTABLE_LOOKUP", 0, NULL},
    [11] = {"L2_NORMALIZATION", 5, NULL},
    [12] = {"L2_POOL_2D", 5, read_pool},
    [13] = {"LOCAL_RESPONSE_NORMALIZATION", 5, read_local_response_norm},
    [14] = {"LOGISTIC", 5, NULL},
    [15] = {"LSH_PROJECTION", 0, NULL},
    [16] = {"LSTM", 0, NULL},
    [17] = {"MAX_POOL_2D", 5, read_pool},
    [18] = {"MUL", 7, read_binary},
    [19] = {"RELU", 5, NULL},
    [20] = {"RELU_N1_TO_1", 5, NULL},
    [21] = {"RELU6", 5, NULL},
    [22] = {"RESHAPE", 5, read_reshape},
    [23] = {"RESIZE_BILINEAR", 5, read_resize_bilinear},
    [24] = {"RNN", 0, NULL},
    [25] = {"SOFTMAX", 5, read_softmax},
    [26] = {"SPACE_TO_DEPTH", 5, read_depth_space},
    [27] = {"SVDF", 0, NULL},
    [28] = {"TANH", 5, NULL},
    [29] = {"CONCAT_EMBEDDINGS", 0, NULL},
    [30] = {"SKIP_GRAM", 0, NULL},
    [31] = {"CALL", 0, NULL},
    [32] = {"CUSTOM", 0, NULL},
    [33] = {"EMBEDDING_LOOKUP_SPARSE", 0, NULL},
    [34] = {"PAD", 5, NULL},
    [35] = {"UNIDIRECTIONAL_SEQUENCE_RNN", 0, NULL},
    [36] = {"GATHER", 5, read_gather},
    [37] = {"BATCH_TO_SPACE_ND", 5, NULL},
    [38] = {"SPACE_TO_BATCH_ND", 5, NULL},
    [39] = {"TRANSPOSE", 5, NULL},
    [40] = {"MEAN", 5, read_reduce},
    [41] = {"SUB", 5, read_binary},
    [42] = {"DIV", 5, read_binary},
    [43] = {"SQUEEZE", 5, read_squeeze},
    [44] = {"UNIDIRECTIONAL_SEQUENCE_LSTM", 0, NULL},
    [45] = {"STRIDED_SLICE", 8, read_strided_slice},
    [46] = {"BIDIRECTIONAL_SEQUENCE_RNN", 0, NULL},
    [47] = {"EXP", 5, NULL},
    [48] = {"TOPK_V2", 5, NULL},
    [49] = {"SPLIT", 5, read_split},
    [50] = {"LOG_SOFTMAX", 5, NULL},
    [51] = {"DELEGATE", 0, NULL},
    [52] = {"BIDIRECTIONAL_SEQUENCE_LSTM", 0, NULL},
    [53] = {"CAST", 7, NULL},
    [54] = {"PRELU", 5, NULL},
    [55] = {"MAXIMUM", 5, NULL},
    [56] = {"ARG_MAX", 5, NULL},
    [57] = {"MINIMUM", 5, NULL},
    [58] = {"LESS", 5, NULL},
    [59] = {"NEG", 5, NULL},
    [60] = {"PADV2", 5, NULL},
    [61] = {"GREATER", 5, NULL},
    [62] = {"GREATER_EQUAL", 5, NULL},
    [63] = {"LESS_EQUAL", 5, NULL},
    [64] = {"SELECT", 5, NULL},
    [65] = {"SLICE", 5, NULL},
    [66] = {"SIN", 5, NULL},
    [67] = {"TRANSPOSE_CONV", 5, read_transpose_conv},
    [68] = {"SPARSE_TO_DENSE", 0, NULL},
    [69] = {"TILE", 5, NULL},
    [70] = {"EXPAND_DIMS", 5, NULL},
    [71] = {"EQUAL", 5, NULL},
    [72] = {"NOT_EQUAL", 5, NULL},
    [73] = {"LOG", 5, NULL},
    [74] = {"SUM", 5, read_reduce},
    [75] = {"SQRT", 5, NULL},
    [76] = {"RSQRT", 5, NULL},
    [77] = {"SHAPE", 5, NULL},
    [78] = {"POW", 5, NULL},
    [79] = {"ARG_MIN", 5, NULL},
    [80] = {"FAKE_QUANT", 0, NULL},
    [81] = {"REDUCE_PROD", 5, read_reduce},
    [82] = {"REDUCE_MAX", 5, read_reduce},
    [83] = {"PACK", 5, read_pack},
    [84] = {"LOGICAL_OR", 5, NULL},
    [85] = {"ONE_HOT", 0, NULL},
    [86] = {"LOGICAL_AND", 5, NULL},
    [87] = {"LOGICAL_NOT", 5, NULL},
    [88] = {"UNPACK", 5, read_unpack},
    [89] = {"REDUCE_MIN", 5, read_reduce},
    [90] = {"FLOOR_DIV", 5, NULL},
    [91] = {"REDUCE_ANY", 5, read_reduce},
    [92] = {"SQUARE", 5, NULL},
    [93] = {"ZEROS_LIKE", 0, NULL},
    [94] = {"FILL", 5, NULL},
    [95] = {"FLOOR_MOD", 5, NULL},
    [96] = {"RANGE", 5, NULL},
    [97] = {"RESIZE_NEAREST_NEIGHBOR", 5, read_resize_nearest},
    [98] = {"LEAKY_RELU", 5, read_leaky_relu},
    [99] = {"SQUARED_DIFFERENCE", 5, NULL},
    [100] = {"MIRROR_PAD", 5, read_mirror_pad},
    [101] = {"ABS", 5, NULL},
    [102] = {"SPLIT_V", 5, read_split},
    [103] = {"UNIQUE", 0, NULL},
    [104] = {"CEIL", 5, NULL},
    [105] = {"REVERSE_V2", 0, NULL},
    [106] = {"ADD_N", 5, NULL},
    [107] = {"GATHER_ND", 5, NULL},
    [108] = {"COS", 5, NULL},
    [109] = {"WHERE", 0, NULL},
    [110] = {"RANK", 0, NULL},
    [111] = {"ELU", 5, NULL},
    [112] = {"REVERSE_SEQUENCE", 0, NULL},
    [113] = {"MATRIX_DIAG", 0, NULL},
    [114] = {"QUANTIZE", 5, NULL},
    [115] = {"MATRIX_SET_DIAG", 0, NULL},
    [116] = {"ROUND", 5, NULL},
    [117] = {"HARD_SWISH", 5, NULL},
    [118] = {"IF", 0, NULL},
    [119] = {"WHILE", 0, NULL},
    [120] = {"NON_MAX_SUPPRESSION_V4", 0, NULL},
    [121] = {"NON_MAX_SUPPRESSION_V5", 0, NULL},
    [122] = {"SCATTER_ND", 0, NULL},
    [123] = {"SELECT_V2", 5, NULL},
    [124] = {"DENSIFY", 0, NULL},
    [125] = {"SEGMENT_SUM", 0, NULL},
    [126] = {"BATCH_MATMUL", 5, read_batch_matmul},
    [127] = {"PLACEHOLDER", 0, NULL}, /* no operator: greater codes stand in a field of their own */
    [128] = {"CUMSUM", 0, NULL},
    [129] = {"CALL_ONCE", 0, NULL},
    [130] = {"BROADCAST_TO", 5, NULL},
    [131] = {"RFFT2D", 0, NULL},
    [132] = {"CONV_3D", 0, NULL},
    [133] = {"IMAG", 0, NULL},
    [134] = {"REAL", 0, NULL},
    [135] = {"COMPLEX_ABS", 0, NULL},
    [136] = {"HASHTABLE", 0, NULL},
    [137] = {"HASHTABLE_FIND", 0, NULL},
    [138] = {"HASHTABLE_IMPORT", 0, NULL},
    [139] = {"HASHTABLE_SIZE", 0, NULL},
    [140] = {"REDUCE_ALL", 5, read_reduce},
    [141] = {"CONV_3D_TRANSPOSE", 0, NULL},
    [142] = {"VAR_HANDLE", 0, NULL},
    [143] = {"READ_VARIABLE", 0, NULL},
    [144] = {"ASSIGN_VARIABLE", 0, NULL},
    [145] = {"BROADCAST_ARGS", 0, NULL},
    [146] = {"RANDOM_STANDARD_NORMAL", 0, NULL},
    [147] = {"BUCKETIZE", 0, NULL},
    [148] = {"RANDOM_UNIFORM", 0, NULL},
    [149] = {"MULTINOMIAL", 0, NULL},
    [150] = {"GELU", 5, read_gelu},
    [151] = {"DYNAMIC_UPDATE_SLICE", 0, NULL},
    [152] = {"RELU_0_TO_1", 0, NULL},
    [153] = {"UNSORTED_SEGMENT_PROD", 0, NULL},
    [154] = {"UNSORTED_SEGMENT_MAX", 0, NULL},
    [155] = {"UNSORTED_SEGMENT_SUM", 0, NULL},
    [156] = {"ATAN2", 0, NULL},
    [157] = {"UNSORTED_SEGMENT_MIN", 0, NULL},
    [158] = {"SIGN", 0, NULL},
    [159] = {"BITCAST", 0, NULL},
    [160] = {"BITWISE_XOR", 0, NULL},
    [161] = {"RIGHT_SHIFT", 0, NULL},
};

const pcl_tflite_op *pcl_tflite_op_by_code(int32_t builtin_code) {
    static const pcl_tflite_op unknown;
    if (builtin_code < 0 || (size_t)builtin_code >= sizeof ops / sizeof *ops) return &unknown;
    return &ops[builtin_code];
}
