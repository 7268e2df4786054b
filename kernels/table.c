/* Which functions each instruction set uses. The build defines
 * PCL_HAVE_SIMD128 and PCL_HAVE_RELAXED for those it compiles. */
#include "functions.h"

#if defined(PCL_HAVE_RELAXED)
#include "relaxed/dot.h"
#endif

/* PCL_ONLY_RELAXED keeps the tables of the lesser instruction sets out of a
 * module that a page only fetches when it has the greater one; pages that ask
 * for the lesser ones get the other module. */
#if !defined(PCL_ONLY_RELAXED)
static const pcl_kernels scalar = {
    .isa = PCL_ISA_SCALAR,
    .dot_offset = 0,
    .takes_runs = true,
    .gemm_u8 = pcl_gemm_u8_scalar,
    .gemm_i16 = pcl_gemm_i16_scalar,
    .gemm_f32 = pcl_gemm_f32_scalar,
    .dwconv_u8 = pcl_dwconv_u8_scalar,
    .dwconv_f32 = pcl_dwconv_f32_scalar,
    .add_u8 = pcl_add_u8_scalar,
    .lookup_u8 = pcl_lookup_u8_scalar,
    .quantize_u8 = pcl_quantize_u8_scalar,
    .dequantize_u8 = pcl_dequantize_u8_scalar,
    .moments_f32 = pcl_moments_f32_scalar,
    .affine_f32 = pcl_affine_f32_scalar,
    .moments_u8 = pcl_moments_u8_scalar,
    .affine_u8 = pcl_affine_u8_scalar,
    .winograd_input_f32 = pcl_winograd_input_f32_scalar,
    .winograd_output_f32 = pcl_winograd_output_f32_scalar,
    .winograd_segments_input_f32 = pcl_winograd_segments_input_f32_scalar,
    .winograd_segments_output_f32 = pcl_winograd_segments_output_f32_scalar,
    .winograd_input_u8 = pcl_winograd_input_u8_scalar,
    .winograd_output_u8 = pcl_winograd_output_u8_scalar,
    .logistic_f32 = pcl_logistic_f32_scalar,
    .signed_i8 = pcl_signed_i8_scalar,
};
#endif

#if defined(PCL_HAVE_SIMD128) && !defined(PCL_ONLY_RELAXED)
static const pcl_kernels simd128 = {
    .isa = PCL_ISA_SIMD128,
    .dot_offset = 0,
    .dot_cost = 1,
    .gemm_u8 = pcl_gemm_u8_strassen_simd128,
    .gemm_i16 = pcl_gemm_i16_simd128,
    .gemm_f32 = pcl_gemm_f32_simd128,
    .dwconv_u8 = pcl_dwconv_u8_simd128,
    .dwconv_f32 = pcl_dwconv_f32_simd128,
    .add_u8 = pcl_add_u8_simd128,
    .lookup_u8 = pcl_lookup_u8_scalar,
    .quantize_u8 = pcl_quantize_u8_simd128,
    .dequantize_u8 = pcl_dequantize_u8_simd128,
    .moments_f32 = pcl_moments_f32_simd128,
    .affine_f32 = pcl_affine_f32_simd128,
    .moments_u8 = pcl_moments_u8_simd128,
    .affine_u8 = pcl_affine_u8_simd128,
    .winograd_input_f32 = pcl_winograd_input_f32_simd128,
    .winograd_output_f32 = pcl_winograd_output_f32_simd128,
    .winograd_segments_input_f32 = pcl_winograd_segments_input_f32_simd128,
    .winograd_segments_output_f32 = pcl_winograd_segments_output_f32_simd128,
    .winograd_input_u8 = pcl_winograd_input_u8_simd128,
    .winograd_output_u8 = pcl_winograd_output_u8_simd128,
    .logistic_f32 = pcl_logistic_f32_simd128,
    .signed_i8 = pcl_signed_i8_simd128,
};
#endif

#if defined(PCL_HAVE_RELAXED)
/* The relaxed tables differ in the functions that rest on the dot product. */
#define RELAXED_TABLE(offset, cost, runs, gemm, pairs, pack, dwconv) \
    {                                              \
        .isa = PCL_ISA_RELAXED,                    \
        .dot_offset = offset,                      \
        .dot_cost = cost,                          \
        .takes_runs = runs,                        \
        .gemm_u8 = gemm,                           \
        .gemm_pairs = pairs,                       \
        .pack_pairs = pack,                        \
        .gemm_i16 = pcl_gemm_i16_simd128,          \
        .gemm_f32 = pcl_gemm_f32_relaxed,          \
        .dwconv_u8 = dwconv,                       \
        .dwconv_f32 = pcl_dwconv_f32_relaxed,      \
        .add_u8 = pcl_add_u8_simd128,              \
        .lookup_u8 = pcl_lookup_u8_scalar,        \
        .quantize_u8 = pcl_quantize_u8_simd128,    \
        .dequantize_u8 = pcl_dequantize_u8_simd128, \
        .moments_f32 = pcl_moments_f32_simd128,    \
        .affine_f32 = pcl_affine_f32_simd128,      \
        .moments_u8 = pcl_moments_u8_simd128,      \
        .affine_u8 = pcl_affine_u8_relaxed,        \
        .winograd_input_f32 = pcl_winograd_input_f32_relaxed, \
        .winograd_output_f32 = pcl_winograd_output_f32_relaxed, \
        .winograd_segments_input_f32 = pcl_winograd_segments_input_f32_simd128, \
        .winograd_segments_output_f32 = pcl_winograd_segments_output_f32_simd128, \
        .winograd_input_u8 = pcl_winograd_input_u8_simd128,   \
        .winograd_output_u8 = pcl_winograd_output_u8_simd128, \
        .logistic_f32 = pcl_logistic_f32_simd128,  \
        .signed_i8 = pcl_signed_i8_simd128,        \
    }

static const pcl_kernels relaxed_by_dot[] = {
    [PCL_DOT_UNSIGNED] = RELAXED_TABLE(0, 0.45f, true, pcl_gemm_u8_relaxed, NULL, NULL, pcl_dwconv_u8_relaxed),
    [PCL_DOT_SIGNED] = RELAXED_TABLE(128, 0.2f, false, pcl_gemm_u8_relaxed_signed, NULL, NULL, pcl_dwconv_u8_relaxed_signed),
    [PCL_DOT_SATURATING] =
        RELAXED_TABLE(0, 1, false, pcl_gemm_u8_simd128, pcl_gemm_pairs_relaxed, pcl_pack_pairs_relaxed, pcl_dwconv_u8_simd128),
    [PCL_DOT_OTHER] = RELAXED_TABLE(0, 1, false, pcl_gemm_u8_simd128, NULL, NULL, pcl_dwconv_u8_simd128),
};
#endif

const pcl_kernels *pcl_kernels_for(pcl_isa isa) {
#if defined(PCL_HAVE_RELAXED)
    if (isa == PCL_ISA_RELAXED || isa == PCL_ISA_AUTO) return &relaxed_by_dot[pcl_dot_semantics()];
#endif
#if defined(PCL_HAVE_SIMD128) && !defined(PCL_ONLY_RELAXED)
    if (isa == PCL_ISA_SIMD128 || isa == PCL_ISA_AUTO) return &simd128;
#endif
#if !defined(PCL_ONLY_RELAXED)
    if (isa == PCL_ISA_SCALAR || isa == PCL_ISA_AUTO) return &scalar;
#endif
    return NULL;
}

bool pcl_isa_available(pcl_isa isa) { return pcl_kernels_for(isa) != NULL; }
