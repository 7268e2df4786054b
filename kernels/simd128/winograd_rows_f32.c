#include "functions.h"
#include "winograd_f32.h"

/* In the compiler's sight: here memory takes longer than constants do. */
PCL_INLINE pcl_winograd_factors constant_factors(void) {
    return (pcl_winograd_factors){.two = wasm_f32x4_splat(2),        .four = wasm_f32x4_splat(4),
                                  .eight = wasm_f32x4_splat(8),      .less_two = wasm_f32x4_splat(-2),
                                  .less_four = wasm_f32x4_splat(-4), .less_five = wasm_f32x4_splat(-5)};
}

void pcl_winograd_rows_input_f32_simd128(const void *const rows[6], size_t count, float *out, size_t stride) {
    const pcl_winograd_factors by = constant_factors();
    for (size_t x = 0; x < count; x += 4) {
        v128_t in[6], line[6];
        for (size_t i = 0; i < 6; i++) in[i] = wasm_v128_load((const float *)rows[i] + x);
        pcl_winograd_input_line(&by, in, line, pcl_multiply_add);
        for (size_t i = 0; i < 6; i++) wasm_v128_store(out + i * stride + x, line[i]);
    }
}

void pcl_winograd_rows_output_f32_simd128(const pcl_winograd_rows_output *task) {
    const pcl_winograd_factors by = constant_factors();
    v128_t low = wasm_f32x4_splat(task->low), high = wasm_f32x4_splat(task->high);
    for (size_t x = 0; x < task->count; x += 4) {
        if (task->count - x < 4) x = task->count - 4; /* some once more */
        v128_t in[6], line[4];
        for (size_t i = 0; i < 6; i++) in[i] = wasm_v128_load(task->products + i * task->count + x);
        pcl_winograd_output_line(&by, in, line, pcl_multiply_add);
        float *out = task->out + x;
        PCL_ROLLED
        for (int i = 0; i < task->rows; i++, out += task->count)
            wasm_v128_store(out, pcl_clamp_f32x4(line[i], low, high));
    }
}
