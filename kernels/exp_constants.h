/* exp(x) for -87.3 <= x <= 0, the way Cephes' expf has it: x = n ln 2 + r with
 * |r| <= ln(2) / 2, exp(r) = 1 + r + r^2 p(r), and n goes into the exponent.
 * ln 2 is split so that n * PCL_LN2_HIGH is exact. */
#ifndef PCL_EXP_CONSTANTS_H
#define PCL_EXP_CONSTANTS_H

#define PCL_EXP_LOWEST -87.3f /* exp of it is still a normal float */
#define PCL_LOG2_E 1.44269504f
#define PCL_LN2_HIGH 0.693359375f
#define PCL_LN2_LOW -2.12194440e-4f
#define PCL_EXP_P0 1.9875691500e-4f
#define PCL_EXP_P1 1.3981999507e-3f
#define PCL_EXP_P2 8.3334519073e-3f
#define PCL_EXP_P3 4.1665795894e-2f
#define PCL_EXP_P4 1.6666665459e-1f
#define PCL_EXP_P5 5.0000001201e-1f

#endif
