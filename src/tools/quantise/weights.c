#include "tools/quantise/weights.h"

#include <math.h>
#include <string.h>

#include "ops/table.h"
#include "tools/convert/build.h"

enum { LARGEST_WEIGHT = 127 };
#define LARGEST_BIAS 1073741824.0 /* 2^30: room for the sum that it is added to */

int32_t pcl_weight_axis(const pcl_node *node) { return node->op == &pcl_op_depthwise_conv_2d ? 3 : 0; }

/* Channel c of the weights is every element i with (i / inner) % channels == c. */
typedef struct channel_layout {
    size_t channels, inner;
} channel_layout;

static channel_layout layout_of(const pcl_tensor *weights, int32_t axis) {
    channel_layout layout = {(size_t)weights->shape.dims[axis], 1};
    for (int32_t d = axis + 1; d < weights->shape.rank; d++) layout.inner *= (size_t)weights->shape.dims[d];
    return layout;
}

static size_t channel_of(channel_layout layout, size_t i) { return i / layout.inner % layout.channels; }

/* A channel of zeroes takes the largest scale of the others. */
static void fill_scales(float *scales, size_t count, const float *bias, float input_scale) {
    float largest = 0.0f;
    for (size_t c = 0; c < count; c++) largest = fmaxf(largest, scales[c]);
    if (largest <= 0.0f) largest = 1.0f;
    for (size_t c = 0; c < count; c++) {
        if (!(scales[c] > largest * 1e-6f)) scales[c] = largest * 1e-6f > 1e-30f ? largest * 1e-6f : 1e-30f;
        if (!bias || input_scale <= 0.0f) continue;
        float least = (float)(fabs((double)bias[c]) / (LARGEST_BIAS * (double)input_scale));
        if (scales[c] < least) scales[c] = least;
    }
}

pcl_tensor *pcl_quantise_weights(pcl_graph *graph, const pcl_tensor *weights, int32_t axis, const pcl_tensor *bias,
                                 float input_scale) {
    channel_layout layout = layout_of(weights, axis);
    size_t count = pcl_tensor_count(weights);
    const float *reals = weights->data;
    pcl_tensor *out = pcl_build_constant(graph, weights->name, PCL_INT8, &weights->shape, NULL);
    float *scales = pcl_graph_alloc(graph, layout.channels, sizeof *scales);
    int32_t *zero_points = pcl_graph_alloc(graph, layout.channels, sizeof *zero_points);
    if (!out || !scales || !zero_points) return NULL;
    for (size_t i = 0; i < count; i++) {
        float *scale = &scales[channel_of(layout, i)];
        *scale = fmaxf(*scale, fabsf(reals[i]) / LARGEST_WEIGHT);
    }
    fill_scales(scales, layout.channels, bias ? bias->data : NULL, input_scale);
    int8_t *integers = out->data;
    for (size_t i = 0; i < count; i++) {
        float value = roundf(reals[i] / scales[channel_of(layout, i)]);
        integers[i] = (int8_t)fminf(fmaxf(value, -LARGEST_WEIGHT), LARGEST_WEIGHT); /* NaN gives the least */
    }
    out->quantization = (pcl_quantization){(int32_t)layout.channels, layout.channels > 1 ? axis : 0, scales, zero_points};
    return out;
}

/* sums[c] += what the rounding of the weights takes from the mean output of channel c. */
static void add_mean_errors(const pcl_node *node, const pcl_tensor *weights, const pcl_tensor *quantised,
                            const pcl_moments *moments, double *sums) {
    pcl_weight_rows rows = pcl_rows_of(node, weights, moments);
    const float *reals = weights->data, *scales = quantised->quantization.scales;
    const int8_t *integers = quantised->data;
    for (size_t c = 0; c < rows.rows; c++)
        for (size_t k = 0; k < moments->length; k++) {
            size_t i = c * rows.row_step + k * rows.step;
            double mean = (double)moments->sums[c / rows.per_group * moments->length + k] / (double)moments->count;
            sums[c] += mean * ((double)reals[i] - (double)integers[i] * (double)scales[c]);
        }
}

pcl_tensor *pcl_quantise_bias(pcl_graph *graph, const pcl_node *node, const pcl_tensor *bias, const pcl_tensor *weights,
                              const pcl_tensor *quantised, float input_scale, const pcl_moments *moments) {
    size_t channels = (size_t)quantised->quantization.count;
    pcl_tensor *out = pcl_build_constant(graph, bias ? bias->name : "bias", PCL_INT32, &(pcl_shape){1, {(int32_t)channels}}, NULL);
    double *sums = pcl_graph_alloc(graph, channels, sizeof *sums);
    if (!out || !sums) return NULL;
    /* A transposed convolution sums other weights at each place. */
    if (moments && moments->count > 0 && node->op != &pcl_op_transpose_conv)
        add_mean_errors(node, weights, quantised, moments, sums);
    for (size_t c = 0; c < channels; c++) {
        double value = sums[c] + (bias ? (double)((const float *)bias->data)[c] : 0.0);
        value = round(value / ((double)input_scale * (double)quantised->quantization.scales[c]));
        ((int32_t *)out->data)[c] = (int32_t)fmin(fmax(value, -LARGEST_BIAS), LARGEST_BIAS);
    }
    return out;
}
