/* Weights rounded by what they multiply, beside weights rounded to the nearest. */
#include "tools/quantise/rounding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conv_reference.h"
#include "ops/table.h"

enum { SIDE = 12, DEPTH = 6, OUTPUTS = 5, FILTER = 3, MOST = FILTER * FILTER * DEPTH * OUTPUTS };

typedef struct layer {
    pcl_node node;
    pcl_tensor x, weights, y, quantised;
    pcl_tensor *inputs[3], *outputs[1];
    float picture[SIDE * SIDE * DEPTH], reals[MOST], scales[DEPTH * OUTPUTS];
    int8_t integers[MOST];
    int32_t zero_points[DEPTH * OUTPUTS];
} layer;

/* Values that move together, from place to place and from channel to channel. */
static void draw_picture(float *picture) {
    for (int32_t i = 0; i < SIDE * SIDE * DEPTH; i++) {
        float y = (float)(i / DEPTH / SIDE), x = (float)(i / DEPTH % SIDE), c = (float)(i % DEPTH);
        picture[i] = sinf(0.7f * y + 0.2f * c) + cosf(0.5f * x - 0.3f * c) + 0.2f * random_real();
    }
}

static void set_shape(pcl_tensor *tensor, int32_t a, int32_t b, int32_t c, int32_t d) {
    tensor->shape = (pcl_shape){4, {a, b, c, d}};
    tensor->dtype = PCL_FLOAT32;
    tensor->bytes = (size_t)(a * b * c * d) * sizeof(float);
}

static void make_layer(layer *self, const pcl_op *op) {
    bool depthwise = op == &pcl_op_depthwise_conv_2d, transposed = op == &pcl_op_transpose_conv;
    memset(self, 0, sizeof *self);
    draw_picture(self->picture);
    set_shape(&self->x, 1, SIDE, SIDE, DEPTH);
    set_shape(&self->y, 1, SIDE, SIDE, depthwise ? DEPTH : OUTPUTS);
    if (depthwise) set_shape(&self->weights, 1, FILTER, FILTER, DEPTH);
    else set_shape(&self->weights, OUTPUTS, FILTER, FILTER, DEPTH);
    self->x.data = self->picture;
    self->weights.data = self->reals;
    for (size_t i = 0; i < MOST; i++) self->reals[i] = random_real();
    self->inputs[0] = self->inputs[2] = &self->x;
    self->inputs[1] = &self->weights;
    self->outputs[0] = &self->y;
    self->node = (pcl_node){.op = op, .input_count = transposed ? 3 : 2, .output_count = 1, .inputs = self->inputs, .outputs = self->outputs};
    self->node.attributes.conv = (pcl_conv_attributes){
        .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .pads = {1, 1, 1, 1}, .padding = PCL_PADDING_EXPLICIT};
}

/* To the nearest, with scales so coarse that it matters. */
static void round_to_nearest(layer *self) {
    size_t count = pcl_tensor_count(&self->weights), channels = self->weights.shape.dims[0] == 1 ? DEPTH : OUTPUTS;
    self->quantised = self->weights;
    self->quantised.dtype = PCL_INT8;
    self->quantised.data = self->integers;
    self->quantised.quantization = (pcl_quantization){(int32_t)channels, 0, self->scales, self->zero_points};
    for (size_t c = 0; c < channels; c++) self->scales[c] = 0.25f;
    for (size_t i = 0; i < count; i++) self->integers[i] = (int8_t)roundf(self->reals[i] / 0.25f);
}

/* Variance, over the picture, of what the rounding does to the outputs. */
static double noise(const layer *self, bool depthwise) {
    double all = 0.0;
    for (int32_t o = 0; o < (depthwise ? DEPTH : OUTPUTS); o++) {
        double sum = 0.0, square = 0.0;
        for (int32_t place = 0; place < SIDE * SIDE; place++) {
            double error = 0.0;
            for (int32_t k = 0; k < FILTER * FILTER * (depthwise ? 1 : DEPTH); k++) {
                int32_t tap = depthwise ? k : k / DEPTH, channel = depthwise ? o : k % DEPTH;
                int32_t y = place / SIDE + tap / FILTER - 1, x = place % SIDE + tap % FILTER - 1;
                int32_t i = depthwise ? k * DEPTH + o : o * FILTER * FILTER * DEPTH + k;
                if (y < 0 || x < 0 || y >= SIDE || x >= SIDE) continue;
                error += (double)self->picture[(y * SIDE + x) * DEPTH + channel] *
                         (double)(self->reals[i] - (float)self->integers[i] * self->scales[o]);
            }
            sum += error;
            square += error * error;
        }
        all += square / (SIDE * SIDE) - sum / (SIDE * SIDE) * (sum / (SIDE * SIDE));
    }
    return all;
}

static void test_less_noise(pcl_arena *arena, const pcl_op *op, double most) {
    static layer one;
    pcl_moments moments = {0};
    bool depthwise = op == &pcl_op_depthwise_conv_2d;
    make_layer(&one, op);
    round_to_nearest(&one);
    double nearest = noise(&one, depthwise);
    CHECK(pcl_moments_add(&moments, arena, &one.node, 1000000));
    CHECK(moments.count == SIDE * SIDE && moments.groups == (depthwise ? DEPTH : 1));
    CHECK(pcl_round_for_outputs(&moments, arena, &one.node, &one.weights, &one.quantised));
    CHECK(noise(&one, depthwise) < most * nearest);
    for (size_t c = 0; c < (depthwise ? DEPTH : OUTPUTS); c++) CHECK(one.scales[c] > 0.0f && one.scales[c] <= 0.25f);
    int8_t before[MOST];
    memcpy(before, one.integers, sizeof before);
    round_to_nearest(&one);
    CHECK(pcl_round_for_outputs(&moments, arena, &one.node, &one.weights, &one.quantised)); /* remembered */
    CHECK(memcmp(before, one.integers, pcl_tensor_count(&one.weights)) == 0);
}

/* Values that say nothing, one window, infinities: weights stay near what they were. */
static void test_poor_pictures(pcl_arena *arena) {
    static const float fills[] = {0.0f, 1.0f, INFINITY};
    static layer one;
    for (size_t f = 0; f < 3; f++)
        for (size_t windows = 1; windows < 40; windows += 19) {
            pcl_moments moments = {0};
            make_layer(&one, &pcl_op_conv_2d);
            for (size_t i = 0; i < SIDE * SIDE * DEPTH; i++) one.picture[i] = fills[f];
            round_to_nearest(&one);
            CHECK(pcl_moments_add(&moments, arena, &one.node, windows));
            if (moments.count == 0) continue; /* nothing finite */
            CHECK(pcl_round_for_outputs(&moments, arena, &one.node, &one.weights, &one.quantised));
            for (size_t i = 0; i < MOST; i++) CHECK(fabsf((float)one.integers[i] * one.scales[i / (MOST / OUTPUTS)] - one.reals[i]) < 1.0f);
        }
}

static void test_rows(pcl_arena *arena) {
    static layer one;
    pcl_moments moments = {0};
    make_layer(&one, &pcl_op_transpose_conv);
    CHECK(pcl_moments_add(&moments, arena, &one.node, 64));
    pcl_weight_rows rows = pcl_rows_of(&one.node, &one.weights, &moments);
    CHECK(moments.length == DEPTH && rows.rows == OUTPUTS * FILTER * FILTER && rows.per_channel == FILTER * FILTER);
    round_to_nearest(&one);
    CHECK(pcl_round_for_outputs(&moments, arena, &one.node, &one.weights, &one.quantised));
}

int main(void) {
    pcl_arena arena;
    pcl_arena_init(&arena, (size_t)1 << 28);
    random_state = 7;
    test_less_noise(&arena, &pcl_op_conv_2d, 0.1);
    test_less_noise(&arena, &pcl_op_depthwise_conv_2d, 0.3);
    test_poor_pictures(&arena);
    test_rows(&arena);
    pcl_arena_free(&arena);
    return test_failures != 0;
}
