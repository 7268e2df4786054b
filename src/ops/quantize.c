/* QUANTIZE and DEQUANTIZE: between reals, quantised values and quantised
 * values of another scale or type. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"

/* Converts elements begin .. end - 1 of the node's input. */
typedef struct conversion {
    const pcl_tensor *in, *out;
    const pcl_kernels *kernels;
    void (*convert)(const struct conversion *self, size_t begin, size_t end);
    uint8_t table[256]; /* between 8-bit types: [byte] -> byte */
} conversion;

static void convert_part(void *argument, const pcl_part *part) {
    const conversion *self = argument;
    size_t begin, end;
    pcl_partition(pcl_tensor_count(self->in), PCL_BLOCK, part, &begin, &end);
    if (begin < end) self->convert(self, begin, end);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, convert_part, step->prepared, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

/* As pcl_check_quantised, for int16 besides. */
static pcl_status check_quantised(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    if (tensor->dtype != PCL_INT16) return pcl_check_quantised(context, node, tensor);
    if (tensor->quantization.count == 1) return PCL_OK; /* the reader holds zero points to 16 bits */
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "tensor '%s' must be quantised per tensor",
                         tensor->name);
}

/* --- QUANTIZE -------------------------------------------------------------- */

static pcl_status infer_quantize(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype ins[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT8, PCL_INT16, PCL_DTYPE_COUNT};
    static const pcl_dtype outs[] = {PCL_UINT8, PCL_INT8, PCL_INT16, PCL_DTYPE_COUNT};
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, ins));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, outs));
    if (in->dtype != PCL_FLOAT32) PCL_TRY_RETURN(check_quantised(context, node, in));
    PCL_TRY_RETURN(check_quantised(context, node, out));
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

/* int8 is uint8 with the zero point moved by 128 and the top bit turned. */
static void turn_top_bits(const uint8_t *in, uint8_t *out, size_t count) {
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= count; i += sizeof eight) {
        memcpy(&eight, in + i, sizeof eight);
        eight ^= 0x8080808080808080u;
        memcpy(out + i, &eight, sizeof eight);
    }
    for (; i < count; i++) out[i] = in[i] ^ 0x80;
}

static void quantize_to_8_bits(const conversion *self, size_t begin, size_t end) {
    bool is_signed = self->out->dtype == PCL_INT8;
    int32_t zero_point = pcl_tensor_zero_point(self->out) + (is_signed ? 128 : 0);
    uint8_t *out = self->out->data;
    self->kernels->quantize_u8(1.0f / pcl_tensor_scale(self->out), zero_point, (const float *)self->in->data + begin,
                               out + begin, end - begin);
    if (is_signed) turn_top_bits(out + begin, out + begin, end - begin);
}

/* Between int8 and its uint8 twin, as they stand at the ends of int8 models. */
static void look_up_twin(const conversion *self, size_t begin, size_t end) {
    turn_top_bits((const uint8_t *)self->in->data + begin, (uint8_t *)self->out->data + begin, end - begin);
}

static bool are_twins(const uint8_t table[256]) {
    for (int32_t byte = 0; byte < 256; byte++)
        if (table[byte] != (byte ^ 0x80)) return false;
    return true;
}

static void look_up(const conversion *self, size_t begin, size_t end) {
    self->kernels->lookup_u8(self->table, (const uint8_t *)self->in->data + begin, (uint8_t *)self->out->data + begin,
                             end - begin);
}

static int64_t requantise(const conversion *self, double real) {
    int64_t low, high;
    pcl_integer_range(self->out->dtype, &low, &high);
    if (isnan(real)) return pcl_tensor_zero_point(self->out);
    double value = round(real / (double)pcl_tensor_scale(self->out)) + pcl_tensor_zero_point(self->out);
    return value <= (double)low ? low : value >= (double)high ? high : (int64_t)value;
}

static void requantise_block(const conversion *self, const void *in, void *out, size_t count) {
    double reals[PCL_BLOCK], scale = pcl_tensor_scale(self->in);
    int64_t integers[PCL_BLOCK];
    pcl_load_reals(self->in->dtype, in, reals, count);
    for (size_t i = 0; i < count; i++)
        integers[i] = requantise(self, (reals[i] - pcl_tensor_zero_point(self->in)) * scale);
    pcl_store_integers(self->out->dtype, integers, out, count);
}

/* From or to int16. */
static void requantise_any(const conversion *self, size_t begin, size_t end) {
    size_t in_size = pcl_dtype_size(self->in->dtype), out_size = pcl_dtype_size(self->out->dtype);
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < PCL_BLOCK ? end - at : PCL_BLOCK;
        requantise_block(self, (const uint8_t *)self->in->data + at * in_size,
                         (uint8_t *)self->out->data + at * out_size, part);
    }
}

/* What DEQUANTIZE and QUANTIZE compute one after the other. Both sides are 8-bit. */
static void fill_table_through_reals(conversion *self) {
    int32_t in_shift = self->in->dtype == PCL_INT8 ? 128 : 0, out_shift = self->out->dtype == PCL_INT8 ? 128 : 0;
    float reals[256];
    for (int32_t byte = 0; byte < 256; byte++) {
        int32_t value = byte ^ in_shift; /* as uint8 */
        reals[byte] = (float)(value - in_shift - pcl_tensor_zero_point(self->in)) * pcl_tensor_scale(self->in);
    }
    self->kernels->quantize_u8(1.0f / pcl_tensor_scale(self->out), pcl_tensor_zero_point(self->out) + out_shift, reals,
                               self->table, 256);
    for (int32_t byte = 0; byte < 256; byte++) self->table[byte] ^= (uint8_t)out_shift;
}

/* XNNPACK's fixed point: the ratio of the scales with eight fractional bits.
 * False for ratios that it declines. Both sides are 8-bit. */
static bool fill_table_fixed_point(conversion *self) {
    int32_t in_shift = self->in->dtype == PCL_INT8 ? 128 : 0, out_shift = self->out->dtype == PCL_INT8 ? 128 : 0;
    float ratio = pcl_tensor_scale(self->in) / pcl_tensor_scale(self->out);
    if (!(ratio >= 0x1p-8f && ratio <= 128.0f)) return false;
    int32_t multiplier = (int32_t)lrintf(ratio * 256.0f);
    for (int32_t byte = 0; byte < 256; byte++) {
        int32_t value = (byte ^ in_shift) - in_shift - pcl_tensor_zero_point(self->in);
        int32_t result = ((value * multiplier + 128) >> 8) + pcl_tensor_zero_point(self->out) + out_shift;
        self->table[byte] = (uint8_t)((result < 0 ? 0 : result > 255 ? 255 : result) ^ out_shift);
    }
    return true;
}

/* As the doubles have it, for ratios out of the ordinary. */
static void fill_table_exact(conversion *self) {
    uint8_t bytes[256];
    for (int32_t byte = 0; byte < 256; byte++) bytes[byte] = (uint8_t)byte;
    requantise_block(self, bytes, self->table, 256);
}

static pcl_status prepare_quantize(const pcl_prepare_context *context, pcl_step *step) {
    conversion *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (conversion){.in = step->node->inputs[0], .out = step->node->outputs[0], .kernels = context->kernels};
    self->convert = requantise_any;
    if (self->in->dtype == PCL_INT16 || self->out->dtype == PCL_INT16) return PCL_OK;
    self->convert = self->in->dtype == PCL_FLOAT32 ? quantize_to_8_bits : look_up;
    if (self->in->dtype == PCL_FLOAT32) return PCL_OK;
    if (step->node->attributes.quantize.through_reals) fill_table_through_reals(self);
    else if (!fill_table_fixed_point(self)) fill_table_exact(self);
    if (are_twins(self->table)) self->convert = look_up_twin;
    return PCL_OK;
}

const pcl_op pcl_op_quantize = {
    "QUANTIZE", 1, 1, 1, 1, infer_quantize, prepare_quantize, run, .in_place = false,
};

/* --- DEQUANTIZE ------------------------------------------------------------ */

static pcl_status infer_dequantize(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype ins[] = {PCL_UINT8, PCL_INT8, PCL_INT16, PCL_FLOAT16, PCL_DTYPE_COUNT};
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    const pcl_quantization *quantization = &in->quantization;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, ins));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){PCL_FLOAT32, PCL_DTYPE_COUNT}));
    if (in->dtype != PCL_FLOAT16 && quantization->count <= 1) PCL_TRY_RETURN(check_quantised(context, node, in));
    if (quantization->count > 1 &&
        (quantization->axis >= in->shape.rank || in->shape.dims[quantization->axis] != quantization->count))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s': %d scales do not match its shape",
                             in->name, quantization->count);
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

static void dequantize_u8(const conversion *self, size_t begin, size_t end) {
    self->kernels->dequantize_u8(pcl_tensor_scale(self->in), pcl_tensor_zero_point(self->in),
                                 (const uint8_t *)self->in->data + begin, (float *)self->out->data + begin,
                                 end - begin);
}

static void widen_halves(const conversion *self, size_t begin, size_t end) {
    pcl_halves_to_floats((const uint16_t *)self->in->data + begin, (float *)self->out->data + begin, end - begin);
}

/* Any type, any number of scales: element i has scale (i / inner) % count. */
static void dequantize_any(const conversion *self, size_t begin, size_t end) {
    const pcl_quantization *quantization = &self->in->quantization;
    size_t inner = 1, scales = (size_t)quantization->count, element = pcl_dtype_size(self->in->dtype);
    for (int32_t d = quantization->axis + 1; d < self->in->shape.rank; d++) inner *= (size_t)self->in->shape.dims[d];
    float *out = self->out->data;
    int64_t integers[PCL_BLOCK];
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < PCL_BLOCK ? end - at : PCL_BLOCK;
        pcl_load_integers(self->in->dtype, (const uint8_t *)self->in->data + at * element, integers, part);
        for (size_t i = 0; i < part; i++) {
            size_t c = (at + i) / inner % scales;
            out[at + i] = (float)(integers[i] - quantization->zero_points[c]) * quantization->scales[c];
        }
    }
}

static pcl_status prepare_dequantize(const pcl_prepare_context *context, pcl_step *step) {
    conversion *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (conversion){.in = step->node->inputs[0], .out = step->node->outputs[0], .kernels = context->kernels};
    bool plain = self->in->dtype == PCL_UINT8 && self->in->quantization.count == 1;
    self->convert = self->in->dtype == PCL_FLOAT16 ? widen_halves : plain ? dequantize_u8 : dequantize_any;
    return PCL_OK;
}

const pcl_op pcl_op_dequantize = {
    "DEQUANTIZE", 1, 1, 1, 1, infer_dequantize, prepare_dequantize, run, .in_place = false,
};
