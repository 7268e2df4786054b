/* QUANTIZE, DEQUANTIZE and CAST. */
#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { COUNT = 1500 };

static int32_t integer_at(const pcl_tensor *tensor, size_t i) {
    if (tensor->dtype == PCL_UINT8) return ((uint8_t *)tensor->data)[i];
    if (tensor->dtype == PCL_INT8) return ((int8_t *)tensor->data)[i];
    return ((int16_t *)tensor->data)[i];
}

static void range_of(pcl_dtype dtype, int32_t *low, int32_t *high) {
    *low = dtype == PCL_UINT8 ? 0 : dtype == PCL_INT8 ? -128 : -32768;
    *high = dtype == PCL_UINT8 ? 255 : dtype == PCL_INT8 ? 127 : 32767;
}

/* The error in quanta, of a value whose exact place is `exact`. */
static double quanta_off(const pcl_tensor *out, size_t i, double exact) {
    int32_t low, high;
    range_of(out->dtype, &low, &high);
    return fabs(integer_at(out, i) - fmin(fmax(exact, low), high));
}

static void test_quantize(pcl_dtype dtype, float scale, int32_t zero_point) {
    static float in[COUNT];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < COUNT; i++) in[i] = random_real(-200 * scale, 200 * scale);
    in[0] = INFINITY;
    in[1] = -INFINITY;
    in[2] = NAN;
    in[3] = 2.5f * scale;
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, DIMS(3, 5, 100), in, false);
    pcl_tensor *out = op_output(&harness, dtype, scale, zero_point);
    CHECK(op_run(&harness, &pcl_op_quantize, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(3, 5, 100)));
    CHECK(integer_at(out, 2) == zero_point);
    double worst = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (i != 2) worst = fmax(worst, quanta_off(out, i, (double)in[i] / (double)scale + zero_point));
    CHECK(worst <= 0.5001);
    op_harness_close(&harness);
}

/* Between 8-bit types the ratio of the scales has eight fractional bits: 255
 * quanta may end half of one further off. Not so in place of a pair. */
static void test_requantize_as(bool through_reals, pcl_dtype from, pcl_dtype to, float in_scale, int32_t in_zero,
                               float out_scale, int32_t out_zero) {
    pcl_attributes attributes = {.quantize.through_reals = through_reals};
    bool fixed_point = !through_reals && from != PCL_INT16 && to != PCL_INT16;
    static int16_t wide[COUNT];
    static uint8_t bytes[COUNT];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < COUNT; i++) bytes[i] = (uint8_t)random_bits(), wide[i] = (int16_t)random_bits();
    const void *data = from == PCL_INT16 ? (void *)wide : (void *)bytes;
    pcl_tensor *input = op_quantised(&harness, from, DIMS(COUNT), data, false, in_scale, in_zero);
    pcl_tensor *out = op_output(&harness, to, out_scale, out_zero);
    CHECK(op_run(&harness, &pcl_op_quantize, &attributes, &input, 1, &out, 1) == PCL_OK);
    double worst = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double real = (integer_at(input, i) - in_zero) * (double)in_scale;
        worst = fmax(worst, quanta_off(out, i, real / (double)out_scale + out_zero));
    }
    CHECK(worst <= (fixed_point ? 1.0 : 0.5001));
    op_harness_close(&harness);
}

static void test_requantize(pcl_dtype from, pcl_dtype to, float in_scale, int32_t in_zero, float out_scale,
                            int32_t out_zero) {
    test_requantize_as(false, from, to, in_scale, in_zero, out_scale, out_zero);
    test_requantize_as(true, from, to, in_scale, in_zero, out_scale, out_zero);
}

static void test_dequantize(pcl_dtype from, float scale, int32_t zero_point) {
    static int16_t wide[COUNT];
    static uint8_t bytes[COUNT];
    static float expected[COUNT];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < COUNT; i++) bytes[i] = (uint8_t)random_bits(), wide[i] = (int16_t)random_bits();
    const void *data = from == PCL_INT16 ? (void *)wide : (void *)bytes;
    pcl_tensor *input = op_quantised(&harness, from, DIMS(15, 100), data, false, scale, zero_point);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    for (size_t i = 0; i < COUNT; i++) expected[i] = (float)(integer_at(input, i) - zero_point) * scale;
    CHECK(op_run(&harness, &pcl_op_dequantize, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(15, 100)));
    CHECK(op_float_error(out, expected) == 0);
    op_harness_close(&harness);
}

static void test_dequantize_channels(void) {
    static int8_t in[3 * 4 * 150];
    static float expected[3 * 4 * 150];
    float scales[4] = {0.5f, 0.25f, 2.0f, 0.1f};
    int32_t zero_points[4] = {0, 3, -7, 100};
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < 3 * 4 * 150; i++) {
        int c = i / 150 % 4;
        in[i] = (int8_t)random_integer(-128, 127);
        expected[i] = (float)(in[i] - zero_points[c]) * scales[c];
    }
    pcl_tensor *input = op_tensor(&harness, PCL_INT8, DIMS(3, 4, 150), in, true);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    input->quantization = (pcl_quantization){4, 1, scales, zero_points};
    CHECK(op_run(&harness, &pcl_op_dequantize, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, expected) == 0);
    input->quantization.axis = 2;
    CHECK(op_run(&harness, &pcl_op_dequantize, NULL, &input, 1, &out, 1) == PCL_ERROR_SHAPE);
    op_harness_close(&harness);
}

static void test_dequantize_halves(void) {
    op_harness harness;
    op_harness_open(&harness);
    const uint16_t halves[] = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00};
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT16, DIMS(5), halves, true);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_dequantize, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){1, -2, 0x1p-24f, 65504, INFINITY}) == 0);
    op_harness_close(&harness);
}

/* One value cast from every type to every type. */
typedef union value {
    float f32;
    uint16_t f16;
    double f64;
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
} value;

static double as_double(pcl_dtype dtype, const value *in) {
    switch (dtype) {
    case PCL_FLOAT32: return (double)in->f32;
    case PCL_FLOAT16: return (double)pcl_half_to_float(in->f16);
    case PCL_FLOAT64: return in->f64;
    case PCL_INT8: return in->i8;
    case PCL_UINT8: case PCL_BOOL: return in->u8;
    case PCL_INT16: return in->i16;
    case PCL_UINT16: return in->u16;
    case PCL_INT32: return in->i32;
    case PCL_UINT32: return in->u32;
    case PCL_INT64: return (double)in->i64;
    default: return (double)in->u64;
    }
}

static value from_small(pcl_dtype dtype, int number) {
    value out = {0};
    switch (dtype) {
    case PCL_FLOAT32: out.f32 = (float)number; break;
    case PCL_FLOAT16: out.f16 = pcl_float_to_half((float)number); break;
    case PCL_FLOAT64: out.f64 = number; break;
    case PCL_INT8: case PCL_UINT8: case PCL_BOOL: out.u8 = (uint8_t)number; break;
    case PCL_INT16: case PCL_UINT16: out.u16 = (uint16_t)number; break;
    case PCL_INT32: case PCL_UINT32: out.u32 = (uint32_t)number; break;
    default: out.u64 = (uint64_t)number; break;
    }
    return out;
}

static double cast_one(pcl_dtype from, pcl_dtype to, value in) {
    op_harness harness;
    op_harness_open(&harness);
    value result = {0};
    pcl_attributes attributes = {.cast.out_dtype = to};
    pcl_tensor *input = op_tensor(&harness, from, NULL, 0, &in, false), *out = op_output(&harness, to, 0, 0);
    CHECK(op_run(&harness, &pcl_op_cast, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(out->shape.rank == 0);
    memcpy(&result, out->data, out->bytes);
    op_harness_close(&harness);
    return as_double(to, &result);
}

static void test_cast(void) {
    for (int from = 0; from < PCL_DTYPE_COUNT; from++) {
        for (int to = 0; to < PCL_DTYPE_COUNT; to++) {
            bool bools = from == PCL_BOOL || to == PCL_BOOL;
            double got = cast_one((pcl_dtype)from, (pcl_dtype)to, from_small((pcl_dtype)from, bools ? 1 : 101));
            CHECK(got == (bools ? 1 : 101));
        }
        CHECK(cast_one((pcl_dtype)from, PCL_BOOL, from_small((pcl_dtype)from, 0)) == 0);
        CHECK(cast_one((pcl_dtype)from, PCL_BOOL, from_small((pcl_dtype)from, 77)) == 1);
    }
    CHECK(cast_one(PCL_FLOAT32, PCL_INT32, (value){.f32 = -2.9f}) == -2);
    CHECK(cast_one(PCL_FLOAT32, PCL_INT32, (value){.f32 = 1e20f}) == INT32_MAX);
    CHECK(cast_one(PCL_FLOAT32, PCL_INT32, (value){.f32 = NAN}) == 0);
    CHECK(cast_one(PCL_FLOAT32, PCL_INT64, (value){.f32 = -INFINITY}) == (double)INT64_MIN);
    CHECK(cast_one(PCL_FLOAT32, PCL_INT64, (value){.f32 = 1e19f}) == (double)INT64_MAX);
    CHECK(cast_one(PCL_FLOAT32, PCL_INT64, (value){.f32 = 1e30f}) == (double)INT64_MAX);
    CHECK(cast_one(PCL_FLOAT64, PCL_UINT64, (value){.f64 = 1e19}) == 1e19);
    CHECK(cast_one(PCL_FLOAT64, PCL_UINT64, (value){.f64 = 1e30}) == (double)UINT64_MAX);
    CHECK(cast_one(PCL_FLOAT64, PCL_UINT64, (value){.f64 = -3}) == 0);
    CHECK(cast_one(PCL_FLOAT32, PCL_UINT8, (value){.f32 = -1.0f}) == 0);
    CHECK(cast_one(PCL_FLOAT32, PCL_UINT8, (value){.f32 = 300.0f}) == 255);
    CHECK(cast_one(PCL_FLOAT32, PCL_FLOAT16, (value){.f32 = 1e6f}) == (double)INFINITY);
    CHECK(cast_one(PCL_FLOAT32, PCL_BOOL, (value){.f32 = 0.5f}) == 1);
    CHECK(cast_one(PCL_UINT64, PCL_FLOAT64, (value){.u64 = UINT64_MAX}) == 0x1p64);
    CHECK(cast_one(PCL_INT32, PCL_UINT8, (value){.i32 = 257}) == 1);
    CHECK(cast_one(PCL_INT32, PCL_INT64, (value){.i32 = -5}) == -5);
    CHECK(cast_one(PCL_INT64, PCL_INT32, (value){.i64 = ((int64_t)1 << 32) + 9}) == 9);
}

static void test_cast_many(void) {
    static int32_t in[3 * COUNT];
    static float expected[3 * COUNT];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < 3 * COUNT; i++) expected[i] = (float)(in[i] = random_integer(-1000000, 1000000));
    pcl_attributes attributes = {.cast.out_dtype = PCL_FLOAT32};
    pcl_tensor *input = op_tensor(&harness, PCL_INT32, DIMS(3, COUNT), in, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_cast, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, expected) == 0);
    input = op_tensor(&harness, PCL_INT32, DIMS(3, 0), in, false);
    CHECK(op_run(&harness, &pcl_op_cast, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(3, 0)));
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const uint8_t bytes[8] = {0};
    pcl_tensor *real = op_tensor(&harness, PCL_FLOAT32, DIMS(2), bytes, false);
    pcl_tensor *integer = op_tensor(&harness, PCL_INT32, DIMS(2), bytes, false);
    pcl_tensor *plain = op_tensor(&harness, PCL_UINT8, DIMS(2), bytes, false);
    pcl_tensor *plain_16 = op_tensor(&harness, PCL_INT16, DIMS(2), bytes, false);
    pcl_tensor *quantised = op_quantised(&harness, PCL_UINT8, DIMS(2), bytes, false, 1, 0);
    pcl_tensor *real_out = op_output(&harness, PCL_FLOAT32, 0, 0), *out = op_output(&harness, PCL_UINT8, 1, 0);
    pcl_tensor *plain_out = op_output(&harness, PCL_UINT8, 0, 0), *odd_out = op_output(&harness, PCL_INT8, 1, 128);
    const struct {
        const pcl_op *op;
        pcl_tensor *in, *out;
        pcl_status status;
    } wrong[] = {
        {&pcl_op_quantize, integer, out, PCL_ERROR_TYPE},       {&pcl_op_quantize, plain, out, PCL_ERROR_TYPE},
        {&pcl_op_quantize, real, plain_out, PCL_ERROR_TYPE},    {&pcl_op_quantize, real, real_out, PCL_ERROR_TYPE},
        {&pcl_op_quantize, real, odd_out, PCL_ERROR_TYPE},      {&pcl_op_quantize, plain_16, out, PCL_ERROR_TYPE},
        {&pcl_op_dequantize, real, real_out, PCL_ERROR_TYPE},   {&pcl_op_dequantize, plain, real_out, PCL_ERROR_TYPE},
        {&pcl_op_dequantize, quantised, out, PCL_ERROR_TYPE},
        {&pcl_op_cast, quantised, real_out, PCL_ERROR_UNSUPPORTED},
        {&pcl_op_cast, real, plain_out, PCL_ERROR_TYPE}, /* the attributes say float32 */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pcl_tensor *in = wrong[i].in, *result = wrong[i].out;
        CHECK(op_run(&harness, wrong[i].op, NULL, &in, 1, &result, 1) == wrong[i].status);
    }
    op_harness_close(&harness);
}

int main(void) {
    test_quantize(PCL_UINT8, 0.02f, 128);
    test_quantize(PCL_UINT8, 0.37f, 0);
    test_quantize(PCL_INT8, 0.02f, -128);
    test_quantize(PCL_INT8, 1.5f, 7);
    test_quantize(PCL_INT16, 0.001f, 0);
    const pcl_dtype types[] = {PCL_UINT8, PCL_INT8, PCL_INT16};
    for (int from = 0; from < 3; from++)
        for (int to = 0; to < 3; to++) {
            test_requantize(types[from], types[to], 0.02f, 3, 0.05f, 100);
            test_requantize(types[from], types[to], 0.05f, 100, 0.002f, 0);
        }
    /* The same scale: the same reals, exactly. */
    test_requantize(PCL_UINT8, PCL_UINT8, 0.1f, 9, 0.1f, 9);
    test_requantize(PCL_INT8, PCL_UINT8, 0.0078125f, -128, 0.0078125f, 0);
    test_requantize(PCL_UINT8, PCL_INT8, 0.0173f, 0, 0.0173f, -128);
    test_dequantize(PCL_UINT8, 0.02f, 128);
    test_dequantize(PCL_INT8, 0.3f, -5);
    test_dequantize(PCL_INT16, 0.3f, 0);
    test_dequantize_channels();
    test_dequantize_halves();
    test_cast();
    test_cast_many();
    test_errors();
    return test_failures != 0;
}
