/* The functions behind the tables; their contracts are in kernels.h. */
#ifndef PCL_KERNEL_FUNCTIONS_H
#define PCL_KERNEL_FUNCTIONS_H

#include "kernels.h"

void pcl_gemm_u8_scalar(const pcl_gemm_u8 *task);
void pcl_gemm_f32_scalar(const pcl_gemm_f32 *task);
void pcl_dwconv_u8_scalar(const pcl_dwconv_u8 *task);
void pcl_dwconv_f32_scalar(const pcl_dwconv_f32 *task);
void pcl_add_u8_scalar(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out, size_t count);
void pcl_lookup_u8_scalar(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t count);
void pcl_quantize_u8_scalar(float inverse_scale, int32_t zero_point, const float *in, uint8_t *out, size_t count);
void pcl_dequantize_u8_scalar(float scale, int32_t zero_point, const uint8_t *in, float *out, size_t count);
void pcl_moments_f32_scalar(const float *x, size_t pixels, size_t channels, const float *center, float *sum,
                            float *square);
void pcl_affine_f32_scalar(const float *x, size_t pixels, size_t channels, const float *scale, const float *shift,
                           float low, float high, float *out);
void pcl_logistic_f32_scalar(const float *in, float *out, size_t count);

#endif
