/* Blocks of tensor elements as the few types that operators compute in, so
 * that an operator is written for reals and for integers, once each. */
#ifndef PCL_OPS_ELEMENTS_H
#define PCL_OPS_ELEMENTS_H

#include "ops/op.h"

/* Elements that fit the blocks which operators keep on the stack. */
enum { PCL_BLOCK = 256 };

/* Integer and bool types only. Loaded bools are 0 or 1. Stores wrap around;
 * to bool, whatever is not 0 is 1. */
void pcl_load_integers(pcl_dtype dtype, const void *in, int64_t *out, size_t count);
void pcl_store_integers(pcl_dtype dtype, const int64_t *in, void *out, size_t count);

/* Every type. Stores to integers drop the fraction and stop at the ends of
 * the type; NaN gives 0. */
void pcl_load_reals(pcl_dtype dtype, const void *in, double *out, size_t count);
void pcl_store_reals(pcl_dtype dtype, const double *in, void *out, size_t count);

/* True for the integer types and bool. */
bool pcl_is_integer(pcl_dtype dtype);
/* The least and the greatest value of an integer type; 0 and INT64_MAX for uint64. */
void pcl_integer_range(pcl_dtype dtype, int64_t *low, int64_t *high);

/* A real as uint8 with the scale and zero point of `out`, halves away from
 * zero as TFLite's reference rounds; NaN gives the zero point. */
uint8_t pcl_quantise_u8(float real, const pcl_tensor *out);

/* How many parts of `count` elements of cheap work are worth making. */
int32_t pcl_parts_for(size_t count);

/* Sets step->prepared to zeroed memory of this size; NULL, and the error
 * filled for PCL_ERROR_MEMORY, when there is none. */
void *pcl_new_prepared(const pcl_prepare_context *context, pcl_step *step, size_t bytes);

/* Fails unless `tensor` has the type of `like`, and is quantised per tensor
 * when that type is uint8. For operators in which uint8 always stands for reals. */
pcl_status pcl_check_alike(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *like,
                           const pcl_tensor *tensor);

#endif
