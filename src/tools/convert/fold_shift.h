/* Constants added before a convolution, as part of its bias or its weights. */
#ifndef PCL_TOOLS_CONVERT_FOLD_SHIFT_H
#define PCL_TOOLS_CONVERT_FOLD_SHIFT_H

#include "model/graph.h"

/* ADD or SUB of a number per channel before a convolution without zero pads,
 * with at most a MIRROR_PAD between: W (x + c) + b = W x + (b + W c). The
 * bytes of a picture are then computed with as they are. */
pcl_status pcl_fold_shifts(pcl_graph *graph);

/* What is left of these before a convolution with zero pads, where the model's input is shifted by another number in
 * each channel: bytes have no scale that gives x + c exactly then. The picture gets a channel more, the same number v
 * everywhere, and zeros beside it like the others; its weights are those of the shift, W (x + c) = W x + (W c / v) v.
 * For networks that are to be quantised: others only get a third more to do. */
pcl_status pcl_fold_shifts_into_channel(pcl_graph *graph);

#endif
