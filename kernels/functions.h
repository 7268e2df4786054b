/* The functions behind the tables, a type for each and a name for each
 * instruction set; their contracts are in kernels.h. */
#ifndef PCL_KERNEL_FUNCTIONS_H
#define PCL_KERNEL_FUNCTIONS_H

#include "kernels.h"

typedef void gemm_u8_function(const pcl_gemm_u8 *task);
typedef size_t pack_pairs_function(pcl_pairs *to, void *space, const int8_t *weights, size_t columns, size_t depth,
                                   int32_t zero_point);
typedef void gemm_f32_function(const pcl_gemm_f32 *task);
typedef void dwconv_u8_function(const pcl_dwconv_u8 *task);
typedef void dwconv_f32_function(const pcl_dwconv_f32 *task);
typedef void add_u8_function(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out,
                             size_t count);
typedef void lookup_u8_function(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t count);
typedef void quantize_u8_function(float inverse_scale, int32_t zero_point, const float *in, uint8_t *out,
                                  size_t count);
typedef void dequantize_u8_function(float scale, int32_t zero_point, const uint8_t *in, float *out, size_t count);
typedef void moments_f32_function(const float *x, size_t pixels, size_t channels, const float *center, float *sum,
                                  float *square);
typedef void affine_f32_function(const float *x, size_t pixels, size_t channels, const float *scale,
                                 const float *shift, float low, float high, float *out);
typedef void moments_u8_function(const uint8_t *x, size_t pixels, size_t channels, uint32_t *sum, uint32_t *square);
typedef void affine_u8_function(const uint8_t *x, size_t pixels, size_t channels, const pcl_affine_u8 *octets, int32_t low,
                                int32_t high, uint8_t *out);
typedef void winograd_input_f32_function(const void *const taps[36], size_t channels, float *out, size_t stride);
typedef void winograd_output_f32_function(const pcl_winograd_output *task);
typedef void winograd_segments_input_f32_function(const void *const rows[5], size_t tiles, size_t channels, float *out,
                                                  size_t stride);
typedef void winograd_segments_output_f32_function(const pcl_winograd_segments_output *task);
typedef void gemm_i16_function(const pcl_gemm_i16 *task);
typedef void winograd_input_u8_function(const void *const taps[36], size_t steps, int16_t *out, size_t stride);
typedef void winograd_output_u8_function(const pcl_winograd_output_u8 *task);
typedef void logistic_f32_function(const float *in, float *out, size_t count);
typedef uint32_t signed_i8_function(const uint8_t *from, size_t count, uint8_t flip, int8_t *out);

gemm_u8_function pcl_gemm_u8_scalar, pcl_gemm_u8_simd128, pcl_gemm_u8_strassen_simd128, pcl_gemm_u8_relaxed,
    pcl_gemm_u8_relaxed_signed, pcl_gemm_pairs_relaxed;
pack_pairs_function pcl_pack_pairs_relaxed;
gemm_f32_function pcl_gemm_f32_scalar, pcl_gemm_f32_simd128, pcl_gemm_f32_relaxed;
dwconv_u8_function pcl_dwconv_u8_scalar, pcl_dwconv_u8_simd128, pcl_dwconv_u8_relaxed, pcl_dwconv_u8_relaxed_signed;
dwconv_f32_function pcl_dwconv_f32_scalar, pcl_dwconv_f32_simd128, pcl_dwconv_f32_relaxed;
add_u8_function pcl_add_u8_scalar, pcl_add_u8_simd128;
lookup_u8_function pcl_lookup_u8_scalar; /* byte by byte takes half the time of sixteen swizzles */
quantize_u8_function pcl_quantize_u8_scalar, pcl_quantize_u8_simd128;
dequantize_u8_function pcl_dequantize_u8_scalar, pcl_dequantize_u8_simd128;
moments_f32_function pcl_moments_f32_scalar, pcl_moments_f32_simd128;
affine_f32_function pcl_affine_f32_scalar, pcl_affine_f32_simd128;
moments_u8_function pcl_moments_u8_scalar, pcl_moments_u8_simd128;
affine_u8_function pcl_affine_u8_scalar, pcl_affine_u8_simd128, pcl_affine_u8_relaxed;
winograd_input_f32_function pcl_winograd_input_f32_scalar, pcl_winograd_input_f32_simd128,
    pcl_winograd_input_f32_relaxed;
winograd_output_f32_function pcl_winograd_output_f32_scalar, pcl_winograd_output_f32_simd128,
    pcl_winograd_output_f32_relaxed;
winograd_segments_input_f32_function pcl_winograd_segments_input_f32_scalar, pcl_winograd_segments_input_f32_simd128;
winograd_segments_output_f32_function pcl_winograd_segments_output_f32_scalar,
    pcl_winograd_segments_output_f32_simd128;
gemm_i16_function pcl_gemm_i16_scalar, pcl_gemm_i16_simd128;
winograd_input_u8_function pcl_winograd_input_u8_scalar, pcl_winograd_input_u8_simd128;
winograd_output_u8_function pcl_winograd_output_u8_scalar, pcl_winograd_output_u8_simd128;
logistic_f32_function pcl_logistic_f32_scalar, pcl_logistic_f32_simd128;
signed_i8_function pcl_signed_i8_scalar, pcl_signed_i8_simd128;

#endif
