#include "ops/elements.h"

#include <math.h>

bool pcl_is_integer(pcl_dtype dtype) {
    return dtype != PCL_FLOAT32 && dtype != PCL_FLOAT16 && dtype != PCL_FLOAT64;
}

void pcl_integer_range(pcl_dtype dtype, int64_t *low, int64_t *high) {
    static const struct {
        int64_t low, high;
    } ranges[PCL_DTYPE_COUNT] = {
        [PCL_INT8] = {INT8_MIN, INT8_MAX},    [PCL_UINT8] = {0, UINT8_MAX},   [PCL_BOOL] = {0, 1},
        [PCL_INT16] = {INT16_MIN, INT16_MAX}, [PCL_UINT16] = {0, UINT16_MAX}, [PCL_INT32] = {INT32_MIN, INT32_MAX},
        [PCL_UINT32] = {0, UINT32_MAX},       [PCL_UINT64] = {0, INT64_MAX},  [PCL_INT64] = {INT64_MIN, INT64_MAX},
    };
    *low = ranges[dtype].low;
    *high = ranges[dtype].high;
}

void pcl_load_integers(pcl_dtype dtype, const void *in, int64_t *out, size_t count) {
    const int8_t *i8 = in;
    const uint8_t *u8 = in;
    const int16_t *i16 = in;
    const uint16_t *u16 = in;
    const int32_t *i32 = in;
    const uint32_t *u32 = in;
    const int64_t *i64 = in;
    const uint64_t *u64 = in;
    switch (dtype) {
    case PCL_INT8: for (size_t i = 0; i < count; i++) out[i] = i8[i]; break;
    case PCL_UINT8: for (size_t i = 0; i < count; i++) out[i] = u8[i]; break;
    case PCL_INT16: for (size_t i = 0; i < count; i++) out[i] = i16[i]; break;
    case PCL_UINT16: for (size_t i = 0; i < count; i++) out[i] = u16[i]; break;
    case PCL_INT32: for (size_t i = 0; i < count; i++) out[i] = i32[i]; break;
    case PCL_UINT32: for (size_t i = 0; i < count; i++) out[i] = u32[i]; break;
    case PCL_INT64: for (size_t i = 0; i < count; i++) out[i] = i64[i]; break;
    case PCL_UINT64: for (size_t i = 0; i < count; i++) out[i] = (int64_t)u64[i]; break;
    case PCL_BOOL: for (size_t i = 0; i < count; i++) out[i] = u8[i] != 0; break;
    default: break; /* not an integer */
    }
}

void pcl_store_integers(pcl_dtype dtype, const int64_t *in, void *out, size_t count) {
    uint8_t *u8 = out;
    uint16_t *u16 = out;
    uint32_t *u32 = out;
    uint64_t *u64 = out;
    switch (dtype) { /* conversion to unsigned wraps, and a signed type has the same bits */
    case PCL_INT8:
    case PCL_UINT8: for (size_t i = 0; i < count; i++) u8[i] = (uint8_t)in[i]; break;
    case PCL_INT16:
    case PCL_UINT16: for (size_t i = 0; i < count; i++) u16[i] = (uint16_t)in[i]; break;
    case PCL_INT32:
    case PCL_UINT32: for (size_t i = 0; i < count; i++) u32[i] = (uint32_t)in[i]; break;
    case PCL_INT64:
    case PCL_UINT64: for (size_t i = 0; i < count; i++) u64[i] = (uint64_t)in[i]; break;
    case PCL_BOOL: for (size_t i = 0; i < count; i++) u8[i] = in[i] != 0; break;
    default: break; /* not an integer */
    }
}

void pcl_load_reals(pcl_dtype dtype, const void *in, double *out, size_t count) {
    const float *f32 = in;
    const uint16_t *f16 = in;
    const double *f64 = in;
    const uint64_t *u64 = in;
    int64_t integers[PCL_BLOCK];
    switch (dtype) {
    case PCL_FLOAT32: for (size_t i = 0; i < count; i++) out[i] = (double)f32[i]; return;
    case PCL_FLOAT16: for (size_t i = 0; i < count; i++) out[i] = (double)pcl_half_to_float(f16[i]); return;
    case PCL_FLOAT64: for (size_t i = 0; i < count; i++) out[i] = f64[i]; return;
    case PCL_UINT64: for (size_t i = 0; i < count; i++) out[i] = (double)u64[i]; return;
    default: break;
    }
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PCL_BLOCK ? count - done : PCL_BLOCK;
        pcl_load_integers(dtype, (const uint8_t *)in + done * pcl_dtype_size(dtype), integers, part);
        for (size_t i = 0; i < part; i++) out[done + i] = (double)integers[i];
    }
}

/* Truncation that stops at the ends of int64: 2^63 is a double, 2^63 - 1 is not. */
static int64_t truncate_i64(double value) {
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value <= -0x1p63) return INT64_MIN;
    return (int64_t)value;
}

static uint64_t truncate_u64(double value) {
    if (!(value > 0.0)) return 0;
    return value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

static int64_t truncate_within(double value, int64_t low, int64_t high) {
    int64_t integer = truncate_i64(value);
    return integer < low ? low : integer > high ? high : integer;
}

void pcl_store_reals(pcl_dtype dtype, const double *in, void *out, size_t count) {
    float *f32 = out;
    uint16_t *f16 = out;
    double *f64 = out;
    uint64_t *u64 = out;
    uint8_t *boolean = out;
    int64_t integers[PCL_BLOCK], low, high;
    switch (dtype) {
    case PCL_FLOAT32: for (size_t i = 0; i < count; i++) f32[i] = (float)in[i]; return;
    case PCL_FLOAT16: for (size_t i = 0; i < count; i++) f16[i] = pcl_float_to_half((float)in[i]); return;
    case PCL_FLOAT64: for (size_t i = 0; i < count; i++) f64[i] = in[i]; return;
    case PCL_UINT64: for (size_t i = 0; i < count; i++) u64[i] = truncate_u64(in[i]); return;
    case PCL_BOOL: for (size_t i = 0; i < count; i++) boolean[i] = in[i] != 0.0; return;
    default: break;
    }
    pcl_integer_range(dtype, &low, &high);
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PCL_BLOCK ? count - done : PCL_BLOCK;
        for (size_t i = 0; i < part; i++) integers[i] = truncate_within(in[done + i], low, high);
        pcl_store_integers(dtype, integers, (uint8_t *)out + done * pcl_dtype_size(dtype), part);
    }
}

uint8_t pcl_quantise_u8(float real, const pcl_tensor *out) {
    float zero_point = (float)pcl_tensor_zero_point(out);
    if (isnan(real)) return (uint8_t)zero_point;
    float value = roundf(real / pcl_tensor_scale(out)) + zero_point;
    return value <= 0.0f ? 0 : value >= 255.0f ? 255 : (uint8_t)value;
}

int32_t pcl_parts_for(size_t count) { return pcl_some_parts(count / 32768); }

pcl_status pcl_no_memory(const pcl_prepare_context *context, const pcl_node *node) {
    return pcl_node_fail(context->error, node, PCL_ERROR_MEMORY, "no memory to prepare it");
}

void *pcl_new_prepared(const pcl_prepare_context *context, pcl_step *step, size_t bytes) {
    step->prepared = pcl_arena_alloc(context->arena, bytes);
    if (!step->prepared) pcl_no_memory(context, step->node);
    return step->prepared;
}

pcl_status pcl_check_alike(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *like,
                           const pcl_tensor *tensor) {
    PCL_TRY_RETURN(pcl_check_dtype(context, node, tensor, (pcl_dtype[]){like->dtype, PCL_DTYPE_COUNT}));
    return like->dtype == PCL_UINT8 ? pcl_check_quantised(context, node, tensor) : PCL_OK;
}
