/* Resampling as Pillow does it (src/libImaging/Resample.c): two passes with
 * windows that widen when shrinking, weights in fixed point, 8-bit pixels in
 * between; so the numbers are Pillow's and a model sees in the browser what it
 * saw in Python. */
#include <math.h>
#include <stdlib.h>

#include "image/picture.h"

enum { PRECISION_BITS = 32 - 8 - 2, HALF = 1 << (PRECISION_BITS - 1) };

/* For each output position: the first input it reads, how many, and their
 * weights (`stride` places each). */
typedef struct window {
    uint32_t first, count;
} window;

typedef struct weights {
    window *windows;  /* [size] */
    int32_t *weights; /* [size][stride], sum of each row about 1 << PRECISION_BITS */
    uint32_t size;
    uint32_t stride;
} weights;

static double triangle(double x) { return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0; }

/* Keys' cubic with a = -0.5 (Catmull-Rom). */
static double cubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double filter_at(pcl_filter filter, double x) {
    return filter == PCL_FILTER_BICUBIC ? cubic(x) : triangle(x);
}

static void release(weights *table) {
    free(table->windows);
    free(table->weights);
}

/* One row of weights; `real` is scratch of `stride` doubles. */
static void fill_window(weights *table, uint32_t index, double *real, uint32_t in_size, double center, double support,
                        double inverse_scale, pcl_filter filter) {
    double low = center - support + 0.5, high = center + support + 0.5;
    uint32_t first = low < 0 ? 0 : (uint32_t)low;
    uint32_t end = high > in_size ? in_size : (uint32_t)high;
    double sum = 0.0;
    for (uint32_t i = first; i < end; i++) {
        real[i - first] = filter_at(filter, (i - center + 0.5) * inverse_scale);
        sum += real[i - first];
    }
    table->windows[index] = (window){first, end - first};
    int32_t *row = table->weights + (size_t)index * table->stride;
    for (uint32_t i = 0; i < end - first; i++) {
        double weight = real[i] / sum * (1 << PRECISION_BITS);
        row[i] = (int32_t)(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
}

/* The part [begin, end) of an axis of in_size pixels, to out_size pixels. */
static pcl_status make_weights(weights *table, uint32_t in_size, float begin, float end, uint32_t out_size,
                               pcl_filter filter, pcl_error *error) {
    double scale = (double)(end - begin) / out_size;
    double filter_scale = scale < 1.0 ? 1.0 : scale;
    double support = (filter == PCL_FILTER_BICUBIC ? 2.0 : 1.0) * filter_scale;
    *table = (weights){.size = out_size, .stride = (uint32_t)ceil(support) * 2 + 1};
    table->windows = pcl_picture_buffer(out_size, sizeof *table->windows);
    size_t count;
    if (pcl_size_mul(out_size, table->stride, &count))
        table->weights = pcl_picture_buffer(count, sizeof *table->weights);
    double *real = pcl_picture_buffer(table->stride, sizeof *real);
    bool enough = table->windows && table->weights && real;
    for (uint32_t i = 0; enough && i < out_size; i++)
        fill_window(table, i, real, in_size, begin + (i + 0.5) * scale, support, 1.0 / filter_scale, filter);
    free(real);
    return enough ? PCL_OK : pcl_fail(error, PCL_ERROR_MEMORY, "no memory to resize a picture");
}

static uint8_t to_byte(int32_t sum) {
    sum >>= PRECISION_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* The four channels of a pixel at once, in the compiler's own vectors. */
typedef uint8_t pixel __attribute__((vector_size(4)));
typedef int32_t pixel_sum __attribute__((vector_size(16)));

static pixel_sum widened(const uint8_t *from) {
    pixel value;
    memcpy(&value, from, sizeof value);
    return __builtin_convertvector(value, pixel_sum);
}

/* in: rows of `stride` pixels; out: the picture's rows of table->size. */
static void resize_rows(pcl_picture *out, const uint8_t *in, size_t stride, const weights *table) {
    uint8_t *to = out->pixels;
    for (uint32_t y = 0; y < out->height; y++, in += stride * 4) {
        for (uint32_t x = 0; x < table->size; x++, to += 4) {
            window part = table->windows[x];
            const int32_t *weight = table->weights + (size_t)x * table->stride;
            const uint8_t *from = in + (size_t)part.first * 4;
            pixel_sum sum = {HALF, HALF, HALF, HALF};
            for (uint32_t i = 0; i < part.count; i++, from += 4) sum += widened(from) * weight[i];
            for (int c = 0; c < 4; c++) to[c] = to_byte(sum[c]);
        }
    }
}

/* in: rows of out->width pixels, the first of which is row `first`; sums:
 * scratch of out->width * 4. */
static void resize_columns(pcl_picture *out, const uint8_t *in, uint32_t first, const weights *table, int32_t *sums) {
    size_t row_bytes = (size_t)out->width * 4;
    for (uint32_t y = 0; y < out->height; y++) {
        window part = table->windows[y];
        const int32_t *weight = table->weights + (size_t)y * table->stride;
        for (size_t i = 0; i < row_bytes; i++) sums[i] = HALF;
        for (uint32_t row = 0; row < part.count; row++) {
            const uint8_t *from = in + (part.first - first + row) * row_bytes;
            for (size_t i = 0; i < row_bytes; i++) sums[i] += from[i] * weight[row];
        }
        uint8_t *to = out->pixels + y * row_bytes;
        for (size_t i = 0; i < row_bytes; i++) to[i] = to_byte(sums[i]);
    }
}

/* Both passes, at least one of them needed. */
static pcl_status resample(pcl_picture *out, const pcl_picture *in, const weights *across, const weights *down,
                           bool need_across, bool need_down, pcl_error *error) {
    pcl_picture middle = {0}; /* only the rows that the second pass reads */
    int32_t *sums = NULL;
    pcl_status status = PCL_OK;
    window last = down->windows[down->size - 1];
    uint32_t first_row = need_down ? down->windows[0].first : 0;
    uint32_t rows = need_down ? last.first + last.count - first_row : in->height;
    const uint8_t *from = in->pixels + (size_t)first_row * in->width * 4;
    if (need_across) {
        pcl_picture *to = need_down ? &middle : out;
        PCL_TRY(pcl_picture_alloc(to, across->size, rows, error));
        resize_rows(to, from, in->width, across);
        from = to->pixels;
    }
    if (need_down) {
        PCL_TRY(pcl_picture_alloc(out, across->size, down->size, error));
        sums = pcl_picture_buffer((size_t)out->width * 4, sizeof *sums);
        if (!sums) PCL_TRY(pcl_fail(error, PCL_ERROR_MEMORY, "no memory to resize a picture"));
        resize_columns(out, from, first_row, down, sums);
    }
done:
    if (status != PCL_OK) pcl_picture_free(out);
    pcl_picture_free(&middle);
    free(sums);
    return status;
}

static pcl_status copy(pcl_picture *out, const pcl_picture *in, pcl_error *error) {
    PCL_TRY_RETURN(pcl_picture_alloc(out, in->width, in->height, error));
    memcpy(out->pixels, in->pixels, (size_t)in->width * in->height * 4);
    return PCL_OK;
}

/* --- Transparency: weights apply to premultiplied colours ----------------- */

/* round(a * b / 255) for bytes */
static uint8_t multiply_bytes(uint32_t a, uint32_t b) {
    uint32_t product = a * b + 128;
    return (uint8_t)((product + (product >> 8)) >> 8);
}

static pcl_status premultiplied(pcl_picture *out, const pcl_picture *in, pcl_error *error) {
    PCL_TRY_RETURN(pcl_picture_alloc(out, in->width, in->height, error));
    size_t bytes = (size_t)in->width * in->height * 4;
    for (size_t i = 0; i < bytes; i += 4) {
        uint8_t alpha = in->pixels[i + 3];
        for (size_t c = 0; c < 3; c++) out->pixels[i + c] = multiply_bytes(in->pixels[i + c], alpha);
        out->pixels[i + 3] = alpha;
    }
    return PCL_OK;
}

static void divide_by_alpha(pcl_picture *picture) {
    size_t bytes = (size_t)picture->width * picture->height * 4;
    for (size_t i = 0; i < bytes; i += 4) {
        uint32_t alpha = picture->pixels[i + 3];
        if (alpha == 0 || alpha == 255) continue;
        for (size_t c = 0; c < 3; c++) {
            uint32_t value = picture->pixels[i + c] * 255u / alpha;
            picture->pixels[i + c] = (uint8_t)(value > 255 ? 255 : value);
        }
    }
}

/* --- The crop ------------------------------------------------------------- */

/* Sides of a crop lie inside the picture; a hundredth of a pixel is forgiven,
 * because callers compute x + width in floating point. */
static bool side(float start, float length, uint32_t size, float *begin, float *end) {
    *begin = start;
    *end = start + length;
    if (!(start >= 0.0f && length > 0.0f && *end <= (float)size + 0.01f)) return false;
    if (*end > (float)size) *end = (float)size;
    return *begin < *end;
}

pcl_status pcl_picture_resize(pcl_picture *out, const pcl_picture *in, const pcl_rect *crop, uint32_t out_width,
                              uint32_t out_height, pcl_filter filter, pcl_error *error) {
    *out = (pcl_picture){0};
    PCL_TRY_RETURN(pcl_picture_check(in, error));
    if (out_width == 0 || out_height == 0) return pcl_fail(error, PCL_ERROR_ARGUMENT, "an empty picture");
    if (out_width > PCL_PICTURE_MAX_SIDE || out_height > PCL_PICTURE_MAX_SIDE)
        return pcl_fail(error, PCL_ERROR_LIMIT, "%u x %u pixels are over the limit of %u a side", out_width, out_height,
                        PCL_PICTURE_MAX_SIDE);
    pcl_rect all = {0, 0, (float)in->width, (float)in->height};
    if (!crop) crop = &all;
    float left, right, top, bottom;
    if (!side(crop->x, crop->width, in->width, &left, &right) ||
        !side(crop->y, crop->height, in->height, &top, &bottom))
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "the crop does not lie inside the picture of %u x %u pixels",
                        in->width, in->height);

    bool need_across = out_width != in->width || left != 0.0f || right != (float)in->width;
    bool need_down = out_height != in->height || top != 0.0f || bottom != (float)in->height;
    if (!need_across && !need_down) return copy(out, in, error);
    bool transparent = !pcl_picture_is_opaque(in);
    pcl_picture multiplied = {0};
    weights across = {0}, down = {0};
    pcl_status status;
    if (transparent) PCL_TRY(premultiplied(&multiplied, in, error));
    PCL_TRY(make_weights(&across, in->width, left, right, out_width, filter, error));
    PCL_TRY(make_weights(&down, in->height, top, bottom, out_height, filter, error));
    PCL_TRY(resample(out, transparent ? &multiplied : in, &across, &down, need_across, need_down, error));
    if (transparent) divide_by_alpha(out);
done:
    pcl_picture_free(&multiplied);
    release(&across);
    release(&down);
    return status;
}
