#include "tools/quantise/moments.h"

#include <math.h>
#include <string.h>

#include "ops/table.h"

enum { TOGETHER = 8, LARGEST_BLOCK = 1152 };

/* A window's places in a picture of [batch][in_h][in_w][groups * depth]. */
typedef struct geometry {
    size_t batch, out_h, out_w, in_h, in_w, groups, depth, filter_h, filter_w;
    pcl_conv_attributes conv;
} geometry;

/* Fully connected layers and transposed convolutions look at one place at a time. */
static geometry geometry_of(const pcl_node *node) {
    const pcl_conv_attributes one = {.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    const int32_t *filter = node->inputs[1]->shape.dims;
    const pcl_tensor *x = node->inputs[node->op == &pcl_op_transpose_conv ? 2 : 0];
    bool slides = node->op == &pcl_op_conv_2d || node->op == &pcl_op_depthwise_conv_2d;
    size_t last = node->op == &pcl_op_fully_connected ? (size_t)filter[1] : (size_t)x->shape.dims[3];
    geometry self = {.batch = 1, .in_h = 1, .in_w = pcl_tensor_count(x) / last, .groups = 1, .depth = last,
                     .filter_h = 1, .filter_w = 1, .conv = one};
    self.out_h = self.in_h;
    self.out_w = self.in_w;
    if (!slides) return self;
    self.depth = node->op == &pcl_op_depthwise_conv_2d ? 1 : (size_t)filter[3];
    self.groups = last / self.depth;
    self.filter_h = (size_t)filter[1];
    self.filter_w = (size_t)filter[2];
    self.batch = (size_t)x->shape.dims[0];
    self.in_h = (size_t)x->shape.dims[1];
    self.in_w = (size_t)x->shape.dims[2];
    self.out_h = (size_t)node->outputs[0]->shape.dims[1];
    self.out_w = (size_t)node->outputs[0]->shape.dims[2];
    self.conv = node->attributes.conv;
    return self;
}

static bool start(pcl_moments *self, pcl_arena *arena, const geometry *geometry) {
    self->groups = geometry->groups;
    self->length = geometry->filter_h * geometry->filter_w * geometry->depth;
    size_t blocks = (self->length + LARGEST_BLOCK - 1) / LARGEST_BLOCK, all = self->groups * self->length;
    self->block = (self->length + blocks - 1) / blocks;
    self->windows = pcl_arena_alloc_array(arena, all, TOGETHER * sizeof(float));
    self->sums = pcl_arena_alloc_array(arena, all, sizeof(float));
    self->residues = pcl_arena_alloc_array(arena, all, sizeof(float));
    self->products = pcl_arena_alloc_array(arena, all, self->block * sizeof(float));
    return self->windows && self->sums && self->residues && self->products;
}

/* The values under the window at place (n, y, x), as [groups][filter_h][filter_w][depth]; zeros beyond the picture. */
static void gather(const geometry *self, const float *picture, size_t n, size_t y, size_t x, float *out) {
    size_t row = self->depth * self->groups;
    for (size_t g = 0; g < self->groups; g++)
        for (size_t ky = 0; ky < self->filter_h; ky++)
            for (size_t kx = 0; kx < self->filter_w; kx++, out += self->depth) {
                int64_t in_y = (int64_t)y * self->conv.stride_h + (int64_t)ky * self->conv.dilation_h - self->conv.pads.top;
                int64_t in_x = (int64_t)x * self->conv.stride_w + (int64_t)kx * self->conv.dilation_w - self->conv.pads.left;
                bool inside = in_y >= 0 && in_x >= 0 && in_y < (int64_t)self->in_h && in_x < (int64_t)self->in_w;
                const float *from = picture + ((n * self->in_h + (size_t)in_y) * self->in_w + (size_t)in_x) * row + g * self->depth;
                if (inside) memcpy(out, from, self->depth * sizeof *out);
                else memset(out, 0, self->depth * sizeof *out);
            }
}

/* products[i][j] += the sum over the windows of value i * value j, for j <= i of the same block. */
static void add_products(pcl_moments *self, size_t windows) {
    size_t all = self->groups * self->length;
    for (size_t w = 0; w < windows; w++)
        for (size_t i = 0; i < all; i++) self->sums[i] += self->windows[w * all + i];
    for (size_t i = 0; i < all; i++) {
        size_t in_group = i % self->length, within = in_group % self->block;
        float *row = self->products + i * self->block;
        for (size_t w = 0; w < windows; w++) {
            const float *values = self->windows + w * all + (i - within);
            float value = values[within];
            if (value == 0.0f) continue; /* RELU leaves many */
            for (size_t j = 0; j <= within; j++) row[j] += value * values[j];
        }
    }
    self->count += windows;
}

static bool is_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

bool pcl_moments_add(pcl_moments *self, pcl_arena *arena, const pcl_node *node, size_t windows) {
    geometry geometry = geometry_of(node);
    const float *picture = node->inputs[node->op == &pcl_op_transpose_conv ? 2 : 0]->data;
    size_t places = geometry.out_h * geometry.out_w, total = geometry.batch * places, gathered = 0;
    if (!self->products && !start(self, arena, &geometry)) return false;
    size_t all = self->groups * self->length;
    if (windows > total) windows = total;
    for (size_t i = 0; i < windows; i++) {
        /* Multiples of the golden ratio spread over any picture, without beating against its rows. */
        double turn = (double)(self->count + gathered) * 0.6180339887498949;
        size_t place = windows == total ? i : (size_t)((turn - floor(turn)) * (double)total) % total;
        float *window = self->windows + gathered * all;
        gather(&geometry, picture, place / places, place % places / geometry.out_w, place % geometry.out_w, window);
        gathered += is_finite(window, all);
        if (gathered < TOGETHER && i + 1 < windows) continue;
        add_products(self, gathered);
        gathered = 0;
    }
    return true;
}
