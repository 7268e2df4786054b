/* Convolutions as the textbook has them: one loop per index, sums in 64 bits,
 * for the tests of CONV_2D and DEPTHWISE_CONV_2D. */
#ifndef PCL_TESTS_CONV_REFERENCE_H
#define PCL_TESTS_CONV_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "op_harness.h"

/* WIDENED: bytes go in, reals come out. */
typedef enum arithmetic { QUANTISED, FLOATS, HYBRID, WIDENED } arithmetic;

typedef struct conv_case {
    const char *what;
    float tolerance; /* of floats; 0: that of plain sums */
    bool depthwise;
    arithmetic arithmetic;
    pcl_dtype weight_dtype; /* of quantised weights; 0: int8 */
    bool per_channel;
    int32_t batch, height, width, channels;
    int32_t filter_h, filter_w, filter_channels; /* depthwise: the multiplier */
    int32_t out_channels;                        /* depthwise: taken from the above */
    int32_t stride_h, stride_w, dilation_h, dilation_w;
    pcl_padding padding;
    pcl_pads pads;
    bool reflect, no_bias;
    bool upsampled; /* height and width, even, are twice the input's */
    pcl_activation activation;
    bool residual;
    pcl_activation residual_activation;
    float out_scale; /* of bytes; 0: OUTPUT_SCALE */
} conv_case;

/* A small generator of our own: the same numbers everywhere. */
static uint32_t random_state = 1;
static inline uint32_t random_u32(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}
static inline float random_real(void) { return (float)(int32_t)(random_u32() % 2001u) / 1000.0f - 1.0f; }

enum { INPUT_ZERO = 117, WEIGHT_ZERO = 131, OUTPUT_ZERO = 101, MIDDLE_ZERO = 90, RESIDUAL_ZERO = 140 };
#define INPUT_SCALE 0.023f
#define WEIGHT_SCALE 0.011f
#define OUTPUT_SCALE 0.041f
#define FAR_SCALE 2e-8f /* bytes are what the sums exceed a million times over, to both sides */
#define MIDDLE_SCALE 0.037f
#define RESIDUAL_SCALE 0.029f

static inline float conv_out_scale(const conv_case *c) { return c->out_scale > 0 ? c->out_scale : OUTPUT_SCALE; }

typedef struct conv_tensors {
    pcl_tensor *inputs[4], *output;
    pcl_attributes attributes;
    int32_t groups, out_channels, out_h, out_w, pad_top, pad_left;
} conv_tensors;

static inline int32_t same_pad(int32_t size, int32_t filter, int32_t stride, int32_t dilation, int32_t *out) {
    int32_t extent = (filter - 1) * dilation + 1;
    *out = (size + stride - 1) / stride;
    int32_t total = (*out - 1) * stride + extent - size;
    return total > 0 ? total / 2 : 0;
}

static inline void find_output_size(const conv_case *c, conv_tensors *t) {
    if (c->padding == PCL_PADDING_SAME) {
        t->pad_top = same_pad(c->height, c->filter_h, c->stride_h, c->dilation_h, &t->out_h);
        t->pad_left = same_pad(c->width, c->filter_w, c->stride_w, c->dilation_w, &t->out_w);
        return;
    }
    pcl_pads pads = c->padding == PCL_PADDING_EXPLICIT ? c->pads : (pcl_pads){0};
    t->pad_top = pads.top;
    t->pad_left = pads.left;
    t->out_h = (c->height + pads.top + pads.bottom - (c->filter_h - 1) * c->dilation_h - 1) / c->stride_h + 1;
    t->out_w = (c->width + pads.left + pads.right - (c->filter_w - 1) * c->dilation_w - 1) / c->stride_w + 1;
}

static inline void *random_bytes(size_t count) {
    uint8_t *bytes = malloc(count);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_u32();
    return bytes;
}

static inline float *random_reals(size_t count) {
    float *reals = malloc(count * sizeof *reals);
    for (size_t i = 0; i < count; i++) reals[i] = random_real();
    return reals;
}

static inline pcl_tensor *make_activation(op_harness *harness, arithmetic kind, const int32_t *dims, float scale,
                                          int32_t zero_point) {
    size_t count = (size_t)dims[0] * (size_t)dims[1] * (size_t)dims[2] * (size_t)dims[3];
    void *data = kind == QUANTISED ? random_bytes(count) : (void *)random_reals(count);
    pcl_tensor *tensor = kind == QUANTISED
                             ? op_quantised(harness, PCL_UINT8, dims, 4, data, false, scale, zero_point)
                             : op_tensor(harness, PCL_FLOAT32, dims, 4, data, false);
    free(data);
    return tensor;
}

static inline pcl_tensor *make_weights(op_harness *harness, const conv_case *c, const conv_tensors *t) {
    int32_t dims[4] = {t->out_channels, c->filter_h, c->filter_w, c->filter_channels};
    if (c->depthwise) dims[0] = 1, dims[3] = t->out_channels;
    size_t count = (size_t)dims[0] * (size_t)dims[1] * (size_t)dims[2] * (size_t)dims[3];
    void *data = c->arithmetic == FLOATS ? (void *)random_reals(count) : random_bytes(count);
    pcl_dtype dtype = c->weight_dtype ? c->weight_dtype : PCL_INT8;
    pcl_tensor *tensor =
        c->arithmetic == FLOATS
            ? op_tensor(harness, PCL_FLOAT32, dims, 4, data, true)
            : op_quantised(harness, dtype, dims, 4, data, true, WEIGHT_SCALE, dtype == PCL_UINT8 ? WEIGHT_ZERO : 0);
    free(data);
    if (!c->per_channel) return tensor;
    pcl_quantization *quantization = &tensor->quantization;
    quantization->count = t->out_channels;
    quantization->axis = c->depthwise ? 3 : 0;
    quantization->scales = pcl_arena_alloc(&harness->arena, sizeof(float) * (size_t)t->out_channels);
    quantization->zero_points = pcl_arena_alloc(&harness->arena, sizeof(int32_t) * (size_t)t->out_channels);
    for (int32_t i = 0; i < t->out_channels; i++) quantization->scales[i] = WEIGHT_SCALE * (0.2f + 0.01f * (float)i);
    return tensor;
}

static inline pcl_tensor *make_bias(op_harness *harness, const conv_case *c, const conv_tensors *t) {
    if (c->no_bias) return NULL;
    int32_t *integers = malloc(sizeof *integers * (size_t)t->out_channels);
    float *reals = random_reals((size_t)t->out_channels);
    for (int32_t i = 0; i < t->out_channels; i++) integers[i] = (int32_t)(random_u32() % 8000u) - 4000;
    pcl_tensor *tensor = c->arithmetic == QUANTISED
                             ? op_tensor(harness, PCL_INT32, DIMS(t->out_channels), integers, true)
                             : op_tensor(harness, PCL_FLOAT32, DIMS(t->out_channels), reals, true);
    free(integers);
    free(reals);
    return tensor;
}

static inline conv_tensors make_conv(op_harness *harness, const conv_case *c) {
    conv_tensors t = {.out_channels = c->depthwise ? c->channels * c->filter_channels : c->out_channels,
                      .groups = c->depthwise ? c->channels : c->channels / c->filter_channels};
    find_output_size(c, &t);
    int32_t in[4] = {c->batch, c->height >> c->upsampled, c->width >> c->upsampled, c->channels};
    int32_t out[4] = {c->batch, t.out_h, t.out_w, t.out_channels};
    arithmetic of_input = c->arithmetic == WIDENED ? QUANTISED : c->arithmetic;
    t.inputs[0] = make_activation(harness, of_input, in, INPUT_SCALE, INPUT_ZERO);
    t.inputs[1] = make_weights(harness, c, &t);
    t.inputs[2] = make_bias(harness, c, &t);
    if (c->residual) t.inputs[3] = make_activation(harness, c->arithmetic, out, RESIDUAL_SCALE, RESIDUAL_ZERO);
    t.output = c->arithmetic == QUANTISED ? op_output(harness, PCL_UINT8, conv_out_scale(c), OUTPUT_ZERO)
                                          : op_output(harness, PCL_FLOAT32, 0, 0);
    t.attributes.conv = (pcl_conv_attributes){.padding = c->padding, .pads = c->pads, .reflect = c->reflect,
                                              .stride_h = c->stride_h, .stride_w = c->stride_w,
                                              .dilation_h = c->dilation_h, .dilation_w = c->dilation_w,
                                              .depth_multiplier = c->depthwise ? c->filter_channels : 0,
                                              .activation = c->activation, .residual = c->residual,
                                              .residual_activation = c->residual_activation,
                                              .upsampled = c->upsampled,
                                              .middle_scale = MIDDLE_SCALE, .middle_zero_point = MIDDLE_ZERO};
    return t;
}

static inline bool mirror_or_reject(bool reflect, int32_t *i, int32_t size) {
    if (reflect && *i < 0) *i = -*i;
    if (reflect && *i >= size) *i = 2 * (size - 1) - *i;
    return *i >= 0 && *i < size;
}

/* Value of the tensor less its zero point, or the float. */
static inline double value_at(const pcl_tensor *tensor, size_t index) {
    if (tensor->dtype == PCL_FLOAT32) return ((const float *)tensor->data)[index];
    int32_t zero_point = tensor->quantization.zero_points[0];
    if (tensor->dtype == PCL_INT8) return ((const int8_t *)tensor->data)[index];
    return ((const uint8_t *)tensor->data)[index] - zero_point;
}

/* The sum of products of one output, exact for integers. */
static inline double conv_sum(const conv_case *c, const conv_tensors *t, int32_t n, int32_t y, int32_t x, int32_t oc) {
    double sum = 0;
    int32_t per_group = t->out_channels / t->groups, group = oc / per_group;
    int32_t seen = c->depthwise ? 1 : c->filter_channels, half = c->upsampled;
    size_t height = (size_t)(c->height >> half), width = (size_t)(c->width >> half);
    for (int32_t i = 0; i < c->filter_h; i++)
        for (int32_t j = 0; j < c->filter_w; j++) {
            int32_t row = y * c->stride_h - t->pad_top + i * c->dilation_h;
            int32_t column = x * c->stride_w - t->pad_left + j * c->dilation_w;
            bool inside = mirror_or_reject(c->reflect, &row, c->height);
            if (!mirror_or_reject(c->reflect, &column, c->width) || !inside) continue;
            for (int32_t k = 0; k < seen; k++) {
                size_t at = (((size_t)n * height + (size_t)(row >> half)) * width + (size_t)(column >> half)) *
                                (size_t)c->channels + (size_t)(group * seen + k);
                size_t weight = c->depthwise ? (size_t)((i * c->filter_w + j) * t->out_channels + oc)
                                             : (size_t)(((oc * c->filter_h + i) * c->filter_w + j) * seen + k);
                sum += value_at(t->inputs[0], at) * value_at(t->inputs[1], weight);
            }
        }
    return sum;
}

static inline float weight_scale(const conv_tensors *t, int32_t oc) {
    const pcl_quantization *quantization = &t->inputs[1]->quantization;
    return quantization->count == 0 ? 1.0f : quantization->scales[quantization->count > 1 ? oc : 0];
}

static inline double clamp_real(double value, pcl_activation activation) {
    if (activation == PCL_ACTIVATION_RELU) return fmax(value, 0);
    if (activation == PCL_ACTIVATION_RELU6) return fmin(fmax(value, 0), 6);
    if (activation == PCL_ACTIVATION_RELU_N1_TO_1) return fmin(fmax(value, -1), 1);
    return value;
}

static inline uint8_t requantise(double sum, float scale, float out_scale, int32_t zero_point,
                                 pcl_activation activation) {
    double low = 0, high = 255;
    if (activation != PCL_ACTIVATION_NONE) {
        low = fmax(0, roundf((activation == PCL_ACTIVATION_RELU_N1_TO_1 ? -1 : 0) / out_scale) + (float)zero_point);
        if (activation == PCL_ACTIVATION_RELU6) high = fmin(255, roundf(6 / out_scale) + (float)zero_point);
        if (activation == PCL_ACTIVATION_RELU_N1_TO_1) high = fmin(255, roundf(1 / out_scale) + (float)zero_point);
    }
    double value = nearbyint((float)(int32_t)sum * scale) + zero_point;
    return (uint8_t)fmin(fmax(value, low), high);
}

/* The whole output without a residual: uint8 or float, to be freed. */
static inline void *conv_expected(const conv_case *c, const conv_tensors *t, float out_scale, int32_t zero_point) {
    size_t count = (size_t)(c->batch * t->out_h * t->out_w * t->out_channels), at = 0;
    void *expected = malloc(count * sizeof(float));
    for (int32_t n = 0; n < c->batch; n++)
        for (int32_t y = 0; y < t->out_h; y++)
            for (int32_t x = 0; x < t->out_w; x++)
                for (int32_t oc = 0; oc < t->out_channels; oc++, at++) {
                    double sum = conv_sum(c, t, n, y, x, oc);
                    const void *bias = t->inputs[2] ? t->inputs[2]->data : NULL;
                    if (c->arithmetic == QUANTISED) {
                        float scale = INPUT_SCALE * weight_scale(t, oc) / out_scale;
                        if (bias) sum += ((const int32_t *)bias)[oc];
                        ((uint8_t *)expected)[at] = requantise(sum, scale, out_scale, zero_point, c->activation);
                        continue;
                    }
                    if (c->arithmetic == WIDENED) sum *= INPUT_SCALE;
                    sum = sum * weight_scale(t, oc) + (bias ? ((const float *)bias)[oc] : 0);
                    ((float *)expected)[at] = (float)clamp_real(sum, c->activation);
                }
    return expected;
}

static inline const char *isa_name(pcl_isa isa) {
    return isa == PCL_ISA_SCALAR ? "scalar" : isa == PCL_ISA_SIMD128 ? "simd128" : "relaxed";
}

/* Compares with the reference; says which case fails. */
static inline void check_output(const conv_case *c, const conv_tensors *t, const void *expected, pcl_isa isa,
                                int32_t threads) {
    int32_t dims[4] = {c->batch, t->out_h, t->out_w, t->out_channels};
    int before = test_failures;
    CHECK(op_shape_is(t->output, dims, 4));
    if (test_failures == before) {
        if (c->arithmetic == QUANTISED) CHECK(memcmp(t->output->data, expected, t->output->bytes) == 0);
        else CHECK(op_float_error(t->output, expected) < (c->tolerance > 0 ? c->tolerance : 2e-5f));
    }
    if (test_failures != before) fprintf(stderr, "  in '%s', %s, %d threads\n", c->what, isa_name(isa), threads);
}

#endif
