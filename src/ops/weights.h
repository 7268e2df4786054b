/* What CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED have in
 * common: an input, constant weights, perhaps a bias, and the arithmetic that
 * leads from sums of products to output values. */
#ifndef PCL_OPS_WEIGHTS_H
#define PCL_OPS_WEIGHTS_H

#include "ops/op.h"

/* The arithmetic follows from the types:
 *   quantised  uint8 input and output, int8 or uint8 weights, int32 bias whose
 *              scale is input scale * weight scale (whatever the file says, as
 *              in TFLite): the integer kernels
 *   widened    uint8 input, int8 or uint8 weights, float32 output and bias: the
 *              integer kernels, whose exact sums become reals. CONV_2D alone
 *   float      float32 input, output, weights and bias
 *   hybrid     float32 input, output and bias, int8 or uint8 weights: the
 *              weights become float32 when they are packed, so that the result
 *              is closer to the float model than TFLite's, which quantises
 *              the input anew on every run */
typedef struct pcl_weighted {
    pcl_tensor *input, *weights, *output;
    pcl_tensor *bias;     /* NULL: zero */
    int32_t channel_axis; /* of the weights; scales and biases go along it */
    int32_t channels;     /* output channels */
    /* The result's own quantisation, when quantised, and its bounds. */
    float out_scale;
    int32_t out_zero_point;
    pcl_activation activation;
    bool may_widen;
} pcl_weighted;

/* Checks types, quantisation, the bias' length and the activation, and sets
 * the output's type. The caller checks shapes, before. */
pcl_status pcl_check_weighted(const pcl_infer_context *context, const pcl_node *node, const pcl_weighted *weighted);

/* Fails with PCL_ERROR_UNSUPPORTED for an activation that no kernel clamps to. */
pcl_status pcl_check_activation(const pcl_infer_context *context, const pcl_node *node, pcl_activation activation);

static inline bool pcl_weighted_widens(const pcl_weighted *weighted) {
    return weighted->may_widen && weighted->input->dtype == PCL_UINT8 && weighted->output->dtype == PCL_FLOAT32;
}

static inline bool pcl_weighted_quantised(const pcl_weighted *weighted) {
    return weighted->input->dtype == PCL_UINT8 && !pcl_weighted_widens(weighted);
}

/* Scale and zero point of the weights of one output channel. */
float pcl_weight_scale(const pcl_tensor *weights, size_t channel);
int32_t pcl_weight_zero_point(const pcl_tensor *weights, size_t channel);
/* The stored integer of an int8 or uint8 tensor. */
int32_t pcl_weight_integer(const pcl_tensor *weights, size_t index);
/* The real value of a weight of any type. */
float pcl_weight_real(const pcl_tensor *weights, size_t index, size_t channel);

/* bias[channel]; 0 without a bias. */
int32_t pcl_bias_integer(const pcl_tensor *bias, size_t channel);
float pcl_bias_real(const pcl_tensor *bias, size_t channel);

/* (input scale * weight scale) / output scale in float32, in this order, as
 * XNNPACK computes it; out_scale is 1 where the result is widened. */
float pcl_requantization_scale(const pcl_weighted *weighted, size_t channel);

/* Whether -2^23 < sum * scale for all sums of the bias and `depth` products of values and weights: less their zero
 * points these are -255..255, and sums that leave 32 bits come back into them. */
bool pcl_stays_near(int32_t bias, size_t depth, float scale);

/* How sums of `depth` products become the result's bytes, but for the scales; of channels `first` and on. */
void pcl_weighted_requantization(const pcl_weighted *weighted, size_t first, size_t channels, size_t depth,
                                 pcl_requantization *to);

/* A sum over (a - offset) * (w - zero point) stands for the sum over
 * (a - input zero point) * (w - zero point) once the difference is part of
 * the bias. All of it wraps modulo 2^32, as the kernels' sums do. */
static inline int32_t pcl_fold_bias(int32_t bias, int32_t input_zero_point, int32_t dot_offset, uint32_t weight_sum) {
    return (int32_t)((uint32_t)bias - (uint32_t)(input_zero_point - dot_offset) * weight_sum);
}

/* What one thread does, roughly, in GEMM kernels. */
enum { PCL_MACS_PER_MICROSECOND = 40000 };

/* The parts worth making of so many multiply-accumulates, when one thread
 * does `per_microsecond` of them. */
int32_t pcl_useful_parts(uint64_t macs, uint64_t per_microsecond);

#endif
