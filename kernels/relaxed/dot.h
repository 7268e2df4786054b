/* How machines read i32x4.relaxed_dot_i8x16_i7x16_add(a, b, sum)
 * where b > 127. */
#ifndef PCL_RELAXED_DOT_H
#define PCL_RELAXED_DOT_H

typedef enum pcl_dot {
    PCL_DOT_UNSIGNED,  /* b is 0..255, sums are exact (x86 with VNNI) */
    PCL_DOT_SIGNED,    /* b is -128..127, sums are exact (Arm with DotProd) */
    PCL_DOT_SATURATING, /* b is 0..255, sums of two products are cut to 16 bits (x86 without VNNI) */
    PCL_DOT_OTHER       /* as Arm without DotProd, where -128 * -128 twice wraps around: of no use */
} pcl_dot;

/* Tries the extremes out. */
pcl_dot pcl_dot_semantics(void);

#if !defined(__wasm__)
/* Which machine a native build plays; the tests play all of them. */
extern pcl_dot pcl_native_dot;
#endif

#endif
