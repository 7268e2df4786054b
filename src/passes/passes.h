/* Rewrites of the graph between reading and planning. Each pass leaves the
 * graph linked (pcl_graph_link) and computing the same outputs; the graph's
 * outputs keep their names, types and quantisation. */
#ifndef PCL_PASSES_PASSES_H
#define PCL_PASSES_PASSES_H

#include "ops/op.h"

/* Before other input shapes are bound: a RESIZE to a constant size that is a
 * whole multiple of what the file says goes in will multiply whatever goes in,
 * so that fully convolutional networks exported for one size work at others. */
void pcl_pass_keep_scale(pcl_graph *graph);

/* CONV_2D of bytes and 8-bit weights that become reals just before it multiplies the integers themselves and makes reals
 * of their sums. To be called before the next. */
void pcl_pass_widen(pcl_graph *graph);

/* Makes every quantised activation uint8 (see ops/op.h): int8 values move up
 * by 128, inputs and outputs of the model get a conversion. */
pcl_status pcl_pass_canonical_u8(pcl_graph *graph);

/* An 8-bit tensor of one scale as the other type of 8 bits, of the same reals. */
pcl_status pcl_change_sign(pcl_graph *graph, pcl_tensor *tensor, pcl_dtype dtype);

/* What one run takes: multiply-accumulates, and these with element operations, which `most` bounds. */
typedef struct pcl_work {
    double macs, operations, most;
} pcl_work;

/* Checks a node and infers its outputs; evaluates it when its inputs are all
 * constant, and then sets its op to NULL. */
pcl_status pcl_infer_node(pcl_graph *graph, const pcl_kernels *kernels, pcl_node *node, pcl_work *work);

/* Infers all shapes in order, checking every node, and evaluates nodes whose
 * inputs are all constant. max_work bounds the multiply-accumulates and
 * element operations of one run; *macs gets the former. */
pcl_status pcl_pass_infer(pcl_graph *graph, const pcl_kernels *kernels, double max_work, double *macs);

/* Operators whose first output holds elements of the first input (and zeros,
 * which every quantisation represents exactly) and whose other inputs do not
 * depend on its values. */
bool pcl_only_moves_data(const pcl_op *op);

/* Moves QUANTIZE up through operators that only move data, and removes
 * DEQUANTIZE-QUANTIZE pairs and conversions between equal types. */
pcl_status pcl_pass_fuse_quantize(pcl_graph *graph);
/* PAD and MIRROR_PAD become the padding of the convolution that follows. */
pcl_status pcl_pass_fuse_pad(pcl_graph *graph);
/* RELU and its kin become the activation of the node before. */
pcl_status pcl_pass_fuse_activation(pcl_graph *graph);
/* Channels of quantised convolutions that are the same whatever goes in become part of the bias of what reads them.
 * Shapes have to be inferred before and after. */
pcl_status pcl_pass_drop_constant(pcl_graph *graph);
/* Means, differences and products that make up an instance normalisation
 * become one node, in float and in quantised form. */
pcl_status pcl_pass_fuse_instance_norm(pcl_graph *graph);
/* RESIZE_NEAREST_NEIGHBOR to twice the size becomes the way in which the convolution that follows sees its input. */
pcl_status pcl_pass_fuse_resize(pcl_graph *graph, const pcl_kernels *kernels);
/* CONV_2D followed by ADD becomes a convolution with a residual. */
pcl_status pcl_pass_fuse_residual(pcl_graph *graph);

#endif
