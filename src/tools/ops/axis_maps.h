/* Copies a tensor in which every coordinate of the output has its own place
 * along the same axis of the input, or none: what padding, nearest-neighbour
 * resizing and their kin have in common. */
#ifndef PCL_TOOLS_OPS_AXIS_MAPS_H
#define PCL_TOOLS_OPS_AXIS_MAPS_H

#include "ops/op.h"

enum { PCL_ONNX_NOWHERE = -1 }; /* the element gets the fill value */

typedef struct pcl_onnx_axis_maps {
    pcl_shape in, out;           /* of the same rank */
    size_t element;              /* bytes */
    int32_t *maps[PCL_MAX_RANK]; /* [axis][out.dims[axis]]: coordinate in the input, or NOWHERE */
} pcl_onnx_axis_maps;

/* Allocates the maps, zeroed, into step->prepared; NULL (the error filled) when there is no memory. */
pcl_onnx_axis_maps *pcl_onnx_new_axis_maps(const pcl_prepare_context *context, pcl_step *step);

/* From the node's first input to its first output; `fill` is one element. */
void pcl_onnx_run_axis_maps(pcl_pool *pool, const pcl_onnx_axis_maps *maps, const void *in, void *out,
                            const void *fill);

#endif
