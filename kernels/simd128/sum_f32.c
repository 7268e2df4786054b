#include "functions.h"
#include "simd.h"

/* Four channels at a time. What a vector holds beyond a pixel's last channel
 * falls on the pixels after it, which are written later. */
void pcl_sum_f32_simd128(const pcl_sum_f32 *task) {
    v128_t low = wasm_f32x4_splat(task->low), high = wasm_f32x4_splat(task->high);
    float *out = task->out, *end = out + task->pixels * task->channels;
    for (size_t p = 0; p < task->pixels; p++, out += task->channels) {
        for (size_t c = 0; c < task->channels; c += 4) {
            v128_t sum = wasm_v128_load(task->bias + c);
            for (size_t i = 0; i < task->count; i++) {
                sum = wasm_f32x4_add(sum, wasm_v128_load(task->parts[i] + p * task->stride + c));
            }
            sum = pcl_clamp_f32x4(sum, low, high);
            pcl_store_words(out + c, sum, (size_t)(end - (out + c)));
        }
    }
}
