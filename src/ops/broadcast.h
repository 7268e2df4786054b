/* Walks tensors that are broadcast to one shape together, in blocks in which
 * every operand lies as densely as the result does. Operators then have one
 * plain loop, whatever the shapes. */
#ifndef PCL_OPS_BROADCAST_H
#define PCL_OPS_BROADCAST_H

#include "ops/elements.h"

enum { PCL_MAX_OPERANDS = 3 };

typedef struct pcl_operand {
    size_t element;               /* bytes */
    size_t strides[PCL_MAX_RANK]; /* elements, innermost first; 0 where repeated */
    size_t period; /* element i of the result meets element i % period of this; 0: not as regular as that */
} pcl_operand;

typedef struct pcl_broadcast {
    int32_t rank;              /* of the result when dimensions that behave alike are merged; at least 1 */
    size_t dims[PCL_MAX_RANK]; /* innermost first, so that operands' inner strides are 1 or 0 */
    size_t count;              /* elements of the result */
    size_t element;            /* bytes of one */
    size_t block;              /* elements at a time */
    int32_t operand_count;
    pcl_operand operands[PCL_MAX_OPERANDS];
} pcl_broadcast;

/* For `count` operands of the shapes, which broadcast to `target`, and the
 * element sizes given. */
void pcl_broadcast_open(pcl_broadcast *broadcast, const pcl_shape *target, size_t element, int32_t count,
                        const pcl_shape *const *shapes, const size_t *elements);

/* The same for tensors. */
void pcl_broadcast_tensors(pcl_broadcast *broadcast, const pcl_tensor *out, int32_t count, pcl_tensor *const *inputs);

/* True when every operand has the result's shape, so that no block ends early. */
bool pcl_broadcast_is_plain(const pcl_broadcast *broadcast);

/* Computes `count` elements from as many of each operand. `out` may be the
 * same memory as an operand that has the result's size. */
typedef void (*pcl_broadcast_work)(const void *parameters, const void *const *operands, void *out, size_t count);

/* Calls `work` for every part of the result, from the pool's threads when it
 * is large. A part has at most PCL_BLOCK elements; any number when the
 * broadcast is plain and `any_count` is set. */
void pcl_broadcast_run(const pcl_broadcast *broadcast, pcl_pool *pool, pcl_broadcast_work work, const void *parameters,
                       bool any_count, const void *const *inputs, void *out);

#endif
