#include "ops/winograd_rows.h"

#include <math.h>

#include "ops/conv.h"
#include "ops/dense.h"

enum {
    SIDE = PCL_WINOGRAD_SIDE,
    LINE = PCL_WINOGRAD_LINE,
    TAPS = PCL_WINOGRAD_TAPS,
    MAX_SEGMENTS = 8,
    MAX_FLOATS = 2 << 20, /* of scratch */
    VECTOR = 4,           /* floats that kernels may write beyond the end */
    WITH_BIAS = 1         /* the product that every row of a band has once */
};

size_t pcl_winograd_rows_segments(const pcl_im2col *window, const pcl_weighted *tensors) {
    size_t segments = ((size_t)window->filter_h + TAPS - 1) / TAPS;
    if (tensors->input->dtype != PCL_FLOAT32 || window->stride_h != 1 || segments > MAX_SEGMENTS) return 0;
    float in_channels = (float)tensors->input->shape.dims[3], channels = (float)tensors->channels;
    float width = (float)window->filter_w, count = (float)segments, run = count * width * in_channels;
    float point = (float)window->stride_w * count * in_channels + channels * (float)window->merged;
    float work = count * LINE * (1 + 10 / (width * channels) + 10 / run); /* the transforms as measured */
    bool fits = LINE * ((float)window->out_w * point + run) < MAX_FLOATS;
    return fits && work < 0.8f * SIDE * (float)window->filter_h ? segments : 0;
}

/* --- Preparation ---------------------------------------------------------- */

/* offsets: [filter_h][run] of the column's weights. */
static void pack_column(const pcl_winograd_rows *self, const pcl_im2col *window, const pcl_weighted *tensors, size_t n,
                        const int32_t *offsets, float *packed) {
    size_t channel = n % (size_t)tensors->channels, run = self->run;
    size_t first = channel * (pcl_tensor_count(tensors->weights) / (size_t)tensors->channels);
    for (size_t row = 0; row < (size_t)window->filter_h; row++)
        for (size_t k = 0; k < run; k++) {
            int32_t offset = *offsets++;
            if (offset == PCL_NO_WEIGHT) continue;
            double weight = (double)pcl_weight_real(tensors->weights, first + (size_t)offset, channel);
            float *to = packed + pcl_gemm_f32_place(self->segments * run, n, row / TAPS * run + k);
            for (size_t i = 0; i < LINE; i++)
                to[i * self->packed_stride] += (float)(pcl_winograd_filter[i][row % TAPS] * weight);
        }
}

bool pcl_winograd_rows_prepare(pcl_arena *arena, const pcl_im2col *window, const pcl_weighted *tensors,
                               pcl_winograd_rows *self) {
    size_t in_channels = (size_t)tensors->input->shape.dims[3], channels = (size_t)tensors->channels;
    size_t columns = channels * (size_t)window->merged, run = (size_t)window->filter_w * in_channels;
    self->width = (size_t)window->out_w;
    self->stride = (size_t)window->stride_w * in_channels;
    self->run = run;
    self->columns = columns;
    self->row_floats = (self->width - 1) * self->stride + run + VECTOR;
    size_t packed_bytes = pcl_gemm_f32_packed_bytes(columns, self->segments * run);
    int32_t *offsets = pcl_tap_offsets(arena, window, (int32_t)in_channels, run, 1);
    float *packed = pcl_arena_alloc_array(arena, LINE, packed_bytes); /* arenas give zeroed memory */
    float *bias = pcl_arena_alloc_array(arena, columns, LINE * sizeof *bias);
    if (!offsets || !packed || !bias) return false;
    self->packed = packed;
    self->packed_stride = packed_bytes / sizeof *packed;
    self->bias = bias;
    pcl_activation_range(tensors->activation, &self->low, &self->high);
    for (size_t n = 0; n < columns; n++) {
        pack_column(self, window, tensors, n, offsets + n / channels * (size_t)window->filter_h * run, packed);
        bias[WITH_BIAS * columns + n] = pcl_bias_real(tensors->bias, n % channels);
    }
    return true;
}

size_t pcl_winograd_rows_scratch(const pcl_winograd_rows *self) {
    return LINE * (self->segments * self->row_floats + self->width * self->columns);
}

/* --- Running -------------------------------------------------------------- */

void pcl_winograd_rows_run(const pcl_kernels *kernels, const pcl_winograd_rows *self, const void *const *rows,
                           float *scratch, float *out, int32_t count) {
    size_t point = self->segments * self->row_floats, floats = self->width * self->columns;
    float *products = scratch + LINE * point; /* [LINE][floats], after transformed rows, [LINE][segments][row_floats] */
    const void *runs[MAX_SEGMENTS];
    for (size_t i = 0; i < self->segments; i++) {
        runs[i] = scratch + i * self->row_floats;
        kernels->winograd_rows_input_f32(rows + i * TAPS, self->row_floats - VECTOR, scratch + i * self->row_floats,
                                         point);
    }
    pcl_gemm_f32 product = {.rows = self->width,
                            .columns = self->columns,
                            .depth = self->segments * self->run,
                            .a_stride = self->stride,
                            .runs = runs,
                            .run = self->run,
                            .packed = self->packed,
                            .bias = self->bias,
                            .low = -INFINITY,
                            .high = INFINITY,
                            .out = products,
                            .out_stride = self->columns};
    for (size_t i = 0; i < LINE; i++) {
        kernels->gemm_f32(&product);
        for (size_t j = 0; j < self->segments; j++) runs[j] = (const float *)runs[j] + point;
        product.packed += self->packed_stride;
        product.bias += self->columns;
        product.out += floats;
    }
    pcl_winograd_rows_output output = {products, floats, self->low, self->high, out, count};
    kernels->winograd_rows_output_f32(&output);
}
