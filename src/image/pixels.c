/* Pixel bytes to tensor values and back, by tables of 256: exact, and the same
 * everywhere. */
#include <math.h>

#include "core/tensor.h"
#include "image/picture.h"

/* Bytes and quanta of one step each often differ by exactly a half
 * (mean 127.5 with an integer zero point), where noise in the float scale
 * would decide the rounding. So a half, give or take this much, rounds up on
 * the way in and down on the way out: such a picture passes unchanged. */
static const double TIE = 1.0 / 1024;

static double round_half_up(double value) { return floor(value + 0.5 + TIE); }
static double round_half_down(double value) { return ceil(value - 0.5 - TIE); }

/* Not a number gives `low`. */
static int32_t clamp(double value, int32_t low, int32_t high) {
    return !(value > low) ? low : value > high ? high : (int32_t)value;
}

/* Where the tensor's elements lie: element (c, pixel) at
 * c * channel_step + pixel * pixel_step. */
typedef struct layout {
    uint32_t width, height;
    uint32_t channels;
    size_t count; /* pixels */
    size_t channel_step, pixel_step;
} layout;

static pcl_status check_format(const pcl_pixel_format *format, pcl_error *error) {
    if (format->channels != 1 && format->channels != 3)
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "%u channels; a picture has 1 or 3", format->channels);
    for (uint32_t c = 0; c < format->channels; c++)
        if (!isfinite(format->mean[c]) || !isfinite(format->std[c]) || format->std[c] == 0.0f)
            return pcl_fail(error, PCL_ERROR_ARGUMENT, "mean and std of channel %u must be finite, and std not 0", c);
    return PCL_OK;
}

static pcl_status check_type(const pcl_tensor_info *tensor, pcl_error *error) {
    if (tensor->dtype != PCL_FLOAT32 && tensor->dtype != PCL_FLOAT16 && tensor->dtype != PCL_UINT8 &&
        tensor->dtype != PCL_INT8)
        return pcl_fail(error, PCL_ERROR_TYPE, "a picture goes with float32, float16, uint8 or int8, not %s",
                        pcl_dtype_name((pcl_dtype)tensor->dtype));
    if (tensor->quantised && !(tensor->scale > 0.0f && isfinite(tensor->scale)))
        return pcl_fail(error, PCL_ERROR_TYPE, "the tensor's scale is not positive");
    return PCL_OK;
}

static pcl_status find_layout(layout *out, const pcl_pixel_format *format, const pcl_tensor_info *tensor,
                              pcl_error *error) {
    PCL_TRY_RETURN(check_format(format, error));
    PCL_TRY_RETURN(check_type(tensor, error));
    if (!tensor->data) return pcl_fail(error, PCL_ERROR_ARGUMENT, "the model is not prepared yet");
    if (tensor->rank != 4 || tensor->dims[0] != 1)
        return pcl_fail(error, PCL_ERROR_SHAPE, "a picture goes with a tensor of four dimensions, the first of them 1");
    const int32_t *dims = tensor->dims + 1;
    int32_t channels = dims[format->planar ? 0 : 2];
    int32_t height = dims[format->planar ? 1 : 0], width = dims[format->planar ? 2 : 1];
    if (channels != (int32_t)format->channels || height <= 0 || width <= 0)
        return pcl_fail(error, PCL_ERROR_SHAPE, "the tensor has %d x %d pixels of %d channels, not of %u", width,
                        height, channels, format->channels);
    size_t count, bytes, element = pcl_dtype_size((pcl_dtype)tensor->dtype);
    if (!pcl_size_mul((size_t)width, (size_t)height, &count) ||
        !pcl_size_mul(count, element * (size_t)channels, &bytes) || bytes > tensor->bytes)
        return pcl_fail(error, PCL_ERROR_SHAPE, "the tensor is smaller than its shape");
    *out = (layout){(uint32_t)width, (uint32_t)height, format->channels, count, 1, format->channels};
    if (format->planar) out->channel_step = count, out->pixel_step = 1;
    return PCL_OK;
}

/* Which byte of RGBA holds the tensor's channel. */
static uint32_t byte_of(const pcl_pixel_format *format, uint32_t channel) {
    return format->bgr ? 2 - channel : channel;
}

/* Rec. 601 luma in 16-bit fixed point, as Pillow's convert("L"). */
static uint8_t luma(const uint8_t *rgba) {
    return (uint8_t)((rgba[0] * 19595u + rgba[1] * 38470u + rgba[2] * 7471u + 0x8000u) >> 16);
}

/* What a channel has of each pixel: known before the loops over them. */
typedef struct part {
    bool gray; /* all three colours */
    uint32_t byte;
} part;

static part part_of(const pcl_pixel_format *format, uint32_t channel) {
    return (part){.gray = format->channels == 1, .byte = byte_of(format, channel)};
}

static inline uint8_t source_byte(const uint8_t *rgba, part of) { return of.gray ? luma(rgba) : rgba[of.byte]; }

static double real_of_byte(const pcl_pixel_format *format, uint32_t channel, int32_t byte) {
    return ((double)byte - format->mean[channel]) / format->std[channel];
}

static void fill_float(float *data, const pcl_picture *in, const pcl_pixel_format *format, const layout *shape) {
    for (uint32_t c = 0; c < shape->channels; c++) {
        float table[256];
        for (int32_t byte = 0; byte < 256; byte++) table[byte] = (float)real_of_byte(format, c, byte);
        float *to = data + c * shape->channel_step;
        const uint8_t *from = in->pixels;
        part of = part_of(format, c);
        for (size_t i = 0; i < shape->count; i++, from += 4, to += shape->pixel_step)
            *to = table[source_byte(from, of)];
    }
}

static void fill_half(uint16_t *data, const pcl_picture *in, const pcl_pixel_format *format, const layout *shape) {
    for (uint32_t c = 0; c < shape->channels; c++) {
        uint16_t *to = data + c * shape->channel_step;
        const uint8_t *from = in->pixels;
        part of = part_of(format, c);
        for (size_t i = 0; i < shape->count; i++, from += 4, to += shape->pixel_step)
            *to = pcl_float_to_half((float)real_of_byte(format, c, source_byte(from, of)));
    }
}

/* The 8-bit pattern of each byte's quantum, for one channel. */
static void quantise_table(uint8_t table[256], const pcl_pixel_format *format, uint32_t channel,
                           const pcl_tensor_info *tensor) {
    double scale = tensor->quantised ? tensor->scale : 1.0;
    int32_t zero_point = tensor->quantised ? tensor->zero_point : 0;
    int32_t low = tensor->dtype == PCL_INT8 ? -128 : 0;
    for (int32_t byte = 0; byte < 256; byte++) {
        double quantum = round_half_up(real_of_byte(format, channel, byte) / scale + zero_point);
        table[byte] = (uint8_t)clamp(quantum, low, low + 255);
    }
}

/* All channels of a pixel at once: painters wait for it. */
static void fill_bytes(uint8_t *data, const pcl_picture *in, const pcl_pixel_format *format,
                       const pcl_tensor_info *tensor, const layout *shape) {
    const uint8_t *from = in->pixels, *end = from + 4 * shape->count;
    size_t step = shape->channel_step;
    uint32_t first = byte_of(format, 0), last = byte_of(format, 2);
    uint8_t tables[3][256];
    for (uint32_t c = 0; c < shape->channels; c++) quantise_table(tables[c], format, c, tensor);
    for (; shape->channels == 1 && from != end; from += 4) *data++ = tables[0][luma(from)];
    for (; from != end; from += 4, data += shape->pixel_step) {
        data[0] = tables[0][from[first]];
        data[step] = tables[1][from[1]];
        data[2 * step] = tables[2][from[last]];
    }
}

pcl_status pcl_picture_to_tensor(const pcl_picture *in, const pcl_pixel_format *format, const pcl_tensor_info *tensor,
                                 pcl_error *error) {
    layout shape;
    PCL_TRY_RETURN(pcl_picture_check(in, error));
    PCL_TRY_RETURN(find_layout(&shape, format, tensor, error));
    if (in->width != shape.width || in->height != shape.height)
        return pcl_fail(error, PCL_ERROR_SHAPE, "the picture has %u x %u pixels, the tensor %u x %u", in->width,
                        in->height, shape.width, shape.height);
    if (tensor->dtype == PCL_FLOAT32) fill_float(tensor->data, in, format, &shape);
    else if (tensor->dtype == PCL_FLOAT16) fill_half(tensor->data, in, format, &shape);
    else fill_bytes(tensor->data, in, format, tensor, &shape);
    return PCL_OK;
}

static uint8_t byte_of_real(const pcl_pixel_format *format, uint32_t channel, double real) {
    return (uint8_t)clamp(round_half_down(real * format->std[channel] + format->mean[channel]), 0, 255);
}

static inline void store(uint8_t *rgba, part of, uint8_t byte) {
    if (of.gray) rgba[0] = rgba[1] = rgba[2] = byte;
    else rgba[of.byte] = byte;
}

static void read_float(pcl_picture *out, const float *data, const pcl_pixel_format *format, const layout *shape) {
    for (uint32_t c = 0; c < shape->channels; c++) {
        const float *from = data + c * shape->channel_step;
        uint8_t *to = out->pixels;
        part of = part_of(format, c);
        for (size_t i = 0; i < shape->count; i++, to += 4, from += shape->pixel_step)
            store(to, of, byte_of_real(format, c, *from));
    }
}

static void read_half(pcl_picture *out, const uint16_t *data, const pcl_pixel_format *format, const layout *shape) {
    for (uint32_t c = 0; c < shape->channels; c++) {
        const uint16_t *from = data + c * shape->channel_step;
        uint8_t *to = out->pixels;
        part of = part_of(format, c);
        for (size_t i = 0; i < shape->count; i++, to += 4, from += shape->pixel_step)
            store(to, of, byte_of_real(format, c, pcl_half_to_float(*from)));
    }
}

static void read_bytes(pcl_picture *out, const uint8_t *data, const pcl_pixel_format *format,
                       const pcl_tensor_info *tensor, const layout *shape) {
    double scale = tensor->quantised ? tensor->scale : 1.0;
    int32_t zero_point = tensor->quantised ? tensor->zero_point : 0;
    uint8_t tables[3][256];
    for (uint32_t c = 0; c < shape->channels; c++)
        for (int32_t pattern = 0; pattern < 256; pattern++) {
            int32_t quantum = tensor->dtype == PCL_INT8 && pattern > 127 ? pattern - 256 : pattern;
            tables[c][pattern] = byte_of_real(format, c, scale * ((double)quantum - zero_point));
        }
    size_t step = shape->channel_step;
    uint32_t first = byte_of(format, 0), last = byte_of(format, 2);
    uint8_t *to = out->pixels, *end = to + 4 * shape->count;
    for (; shape->channels == 1 && to != end; to += 4) to[0] = to[1] = to[2] = tables[0][*data++];
    for (; to != end; to += 4, data += shape->pixel_step) {
        to[first] = tables[0][data[0]];
        to[1] = tables[1][data[step]];
        to[last] = tables[2][data[2 * step]];
    }
}

pcl_status pcl_picture_from_tensor(pcl_picture *out, const pcl_pixel_format *format, const pcl_tensor_info *tensor,
                                   pcl_error *error) {
    *out = (pcl_picture){0};
    layout shape;
    PCL_TRY_RETURN(find_layout(&shape, format, tensor, error));
    PCL_TRY_RETURN(pcl_picture_alloc(out, shape.width, shape.height, error));
    memset(out->pixels, 255, shape.count * 4);
    if (tensor->dtype == PCL_FLOAT32) read_float(out, tensor->data, format, &shape);
    else if (tensor->dtype == PCL_FLOAT16) read_half(out, tensor->data, format, &shape);
    else read_bytes(out, tensor->data, format, tensor, &shape);
    return PCL_OK;
}
