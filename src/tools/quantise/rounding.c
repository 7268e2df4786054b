#include "tools/quantise/rounding.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/table.h"

#define DAMPING 0.01f /* of a value's variance: against what was seen by chance */
#define LEAST_VARIANCE 1e-3f /* of the group's mean: values that hardly move */

enum { LARGEST_WEIGHT = 127 };

pcl_weight_rows pcl_rows_of(const pcl_node *node, const pcl_tensor *weights, const pcl_moments *moments) {
    size_t count = pcl_tensor_count(weights), length = moments->length, rows = count / length;
    if (node->op == &pcl_op_depthwise_conv_2d) return (pcl_weight_rows){rows, 1, 1, rows, rows / moments->groups};
    size_t taps = node->op == &pcl_op_transpose_conv ? rows / (size_t)weights->shape.dims[0] : 1;
    return (pcl_weight_rows){rows, taps, length, 1, rows / moments->groups};
}

/* --- Factors -------------------------------------------------------------------------- */

/* Covariances of one block above the diagonal, variances, damped, in `residues`. */
static void covariances(const pcl_moments *self, size_t first, size_t size, float floor_variance) {
    float n = (float)self->count;
    for (size_t i = 0; i < size; i++) {
        float *row = self->products + (first + i) * self->block, mean = self->sums[first + i] / n;
        for (size_t j = i + 1; j < size; j++)
            row[j] = self->products[(first + j) * self->block + i] / n - mean * (self->sums[first + j] / n);
        float variance = fmaxf(row[i] / n - mean * mean, 0.0f);
        self->residues[first + i] = variance * (1.0f + DAMPING) + floor_variance;
    }
}

/* C = U D U^T, U with a unit diagonal above `residues` = D; in place, from the last value back. */
static void factorise(const pcl_moments *self, float *column, size_t first, size_t size) {
    for (size_t k = size; k-- > 0;) {
        float residue = self->residues[first + k];
        for (size_t i = 0; i < k; i++) column[i] = self->products[(first + i) * self->block + k];
        for (size_t i = 0; i < k; i++) {
            float *row = self->products + (first + i) * self->block, factor = column[i] / residue;
            float left = self->residues[first + i] - factor * column[i];
            self->residues[first + i] = fmaxf(left, 1e-4f * self->residues[first + i]);
            row[k] = factor;
            for (size_t j = i + 1; j < k; j++) row[j] -= factor * column[j];
        }
    }
}

static float mean_variance(const pcl_moments *self, size_t group) {
    double sum = 0.0, n = (double)self->count;
    for (size_t i = 0; i < self->length; i++) {
        size_t at = group * self->length + i;
        double mean = (double)self->sums[at] / n;
        sum += fmax((double)self->products[at * self->block + i % self->block] / n - mean * mean, 0.0);
    }
    return (float)(sum / (double)self->length);
}

static void find_factors(const pcl_moments *self, float *column) {
    for (size_t g = 0; g < self->groups; g++) {
        float floor_variance = fmaxf(LEAST_VARIANCE * mean_variance(self, g), FLT_MIN * 1e6f);
        for (size_t from = 0; from < self->length; from += self->block) {
            size_t size = self->length - from < self->block ? self->length - from : self->block;
            covariances(self, g * self->length + from, size, floor_variance);
            factorise(self, column, g * self->length + from, size);
        }
    }
}

/* --- Rounding --------------------------------------------------------------------------- */

typedef struct row {
    const float *weights;
    int8_t *out; /* with the weights' step */
    size_t step, group;
} row;

/* Rounds one row with a scale; returns the squared error of what it sums, or
 * some number above `least` when it comes to more than that. */
static double round_row(const pcl_moments *self, const row *row, float scale, float *carried, double least) {
    double error = 0.0;
    memset(carried, 0, self->length * sizeof *carried);
    for (size_t k = 0; k < self->length && error <= least; k++) {
        size_t at = row->group * self->length + k, within = k % self->block;
        size_t left = self->length - k < self->block - within ? self->length - k : self->block - within;
        const float *factors = self->products + at * self->block + within;
        float weight = row->weights[k * row->step], wanted = weight + carried[k];
        float rounded = fminf(fmaxf(roundf(wanted / scale), -LARGEST_WEIGHT), LARGEST_WEIGHT);
        float missing = wanted - rounded * scale, taken = weight - rounded * scale, *ahead = carried + k;
        for (size_t j = 1; j < left; j++) ahead[j] += taken * factors[j];
        row->out[k * row->step] = (int8_t)rounded;
        error += (double)missing * (double)missing * (double)self->residues[at];
    }
    return error;
}

static double round_channel(const pcl_moments *self, const pcl_weight_rows *rows, const float *weights, int8_t *out,
                            size_t channel, float scale, float *carried, double least) {
    double error = 0.0;
    for (size_t r = channel * rows->per_channel; r < (channel + 1) * rows->per_channel && error <= least; r++) {
        row row = {weights + r * rows->row_step, out + r * rows->row_step, rows->step, r / rows->per_group};
        error += round_row(self, &row, scale, carried, least - error);
    }
    return error;
}

/* A scale at which a channel's largest weights are clipped may give less error than one at which none is. */
static void round_all(const pcl_moments *self, const pcl_weight_rows *rows, const float *weights, int8_t *out,
                      float *scales, float *carried) {
    static const float factors[] = {1.0f, 0.96f, 0.92f, 0.88f, 0.82f, 0.75f};
    for (size_t c = 0; c < rows->rows / rows->per_channel; c++) {
        float best = scales[c];
        double least = DBL_MAX;
        for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
            double error = round_channel(self, rows, weights, out, c, scales[c] * factors[i], carried, least);
            if (error < least) least = error, best = scales[c] * factors[i];
        }
        scales[c] = best;
        round_channel(self, rows, weights, out, c, best, carried, DBL_MAX);
    }
}

bool pcl_round_for_outputs(pcl_moments *self, pcl_arena *arena, const pcl_node *node, const pcl_tensor *weights,
                           pcl_tensor *quantised) {
    size_t count = pcl_tensor_count(weights), channels = (size_t)quantised->quantization.count;
    pcl_weight_rows rows = pcl_rows_of(node, weights, self);
    if (!self->rounded) {
        self->rounded = pcl_arena_alloc_array(arena, count, sizeof *self->rounded);
        self->scales = pcl_arena_alloc_array(arena, channels, sizeof *self->scales);
        if (!self->rounded || !self->scales) return false;
    }
    if (self->rounded_count != self->count) {
        float *column = self->windows, *carried = self->windows + self->length;
        memcpy(self->scales, quantised->quantization.scales, channels * sizeof *self->scales);
        find_factors(self, column);
        round_all(self, &rows, weights->data, self->rounded, self->scales, carried);
        self->rounded_count = self->count;
    }
    memcpy(quantised->data, self->rounded, count);
    memcpy(quantised->quantization.scales, self->scales, channels * sizeof *self->scales);
    return true;
}
