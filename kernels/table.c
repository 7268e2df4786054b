/* Which functions each instruction set uses. */
#include "functions.h"

static const pcl_kernels scalar = {
    .isa = PCL_ISA_SCALAR,
    .dot_offset = 0,
    .gemm_u8 = pcl_gemm_u8_scalar,
    .gemm_f32 = pcl_gemm_f32_scalar,
    .dwconv_u8 = pcl_dwconv_u8_scalar,
    .dwconv_f32 = pcl_dwconv_f32_scalar,
    .add_u8 = pcl_add_u8_scalar,
    .lookup_u8 = pcl_lookup_u8_scalar,
    .quantize_u8 = pcl_quantize_u8_scalar,
    .dequantize_u8 = pcl_dequantize_u8_scalar,
    .moments_f32 = pcl_moments_f32_scalar,
    .affine_f32 = pcl_affine_f32_scalar,
    .logistic_f32 = pcl_logistic_f32_scalar,
};

const pcl_kernels *pcl_kernels_for(pcl_isa isa) {
    if (isa == PCL_ISA_AUTO || isa == PCL_ISA_SCALAR) return &scalar;
    return NULL;
}

bool pcl_isa_available(pcl_isa isa) { return pcl_kernels_for(isa) != NULL; }
