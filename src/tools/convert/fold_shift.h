/* Constants added before a convolution, as part of its bias. */
#ifndef PCL_TOOLS_CONVERT_FOLD_SHIFT_H
#define PCL_TOOLS_CONVERT_FOLD_SHIFT_H

#include "model/graph.h"

/* ADD or SUB of a number per channel before a convolution without zero pads,
 * with at most a MIRROR_PAD between: W (x + c) + b = W x + (b + W c). The
 * bytes of a picture are then computed with as they are. */
pcl_status pcl_fold_shifts(pcl_graph *graph);

#endif
