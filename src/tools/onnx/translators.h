/* A function for each operator of ONNX, or for each family of them. The table
 * in operators.c says which. */
#ifndef PCL_TOOLS_ONNX_TRANSLATORS_H
#define PCL_TOOLS_ONNX_TRANSLATORS_H

#include "tools/onnx/importer.h"

/* translate_elementwise.c */
void pcl_translate_elementwise(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_variadic(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_pow(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_mod(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_leaky_relu(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_elu(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_gelu(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_clip(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_cast(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_cast_like(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_identity(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_dropout(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_where(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_bit_shift(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_is_inf(pcl_importer *in, const pcl_onnx_node *node);

void pcl_translate_hard_sigmoid(pcl_importer *in, const pcl_onnx_node *node);

/* translate_control.c */
void pcl_translate_if(pcl_importer *in, const pcl_onnx_node *node);

/* translate_conv.c */
void pcl_translate_conv(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_conv_transpose(pcl_importer *in, const pcl_onnx_node *node);

/* translate_pool.c */
void pcl_translate_pool(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_global_pool(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_max_unpool(pcl_importer *in, const pcl_onnx_node *node);

/* translate_norm.c */
void pcl_translate_batch_norm(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_instance_norm(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_norm(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_lrn(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_softmax(pcl_importer *in, const pcl_onnx_node *node);

/* translate_matrix.c */
void pcl_translate_gemm(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_matmul(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_einsum(pcl_importer *in, const pcl_onnx_node *node);

/* translate_shape.c */
void pcl_translate_reshape(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_flatten(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_squeeze(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_unsqueeze(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_transpose(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_shape(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_size(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_constant(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_constant_of_shape(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_range(pcl_importer *in, const pcl_onnx_node *node);

/* translate_move.c */
void pcl_translate_concat(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_split(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_slice(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_pad(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_tile(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_expand(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_gather(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_depth_space(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_crop(pcl_importer *in, const pcl_onnx_node *node);

/* translate_reduce.c */
void pcl_translate_reduce(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_arg(pcl_importer *in, const pcl_onnx_node *node);

/* translate_picture.c */
void pcl_translate_resize(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_upsample(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_image_scaler(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_affine(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_grid_sample(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_roi_align(pcl_importer *in, const pcl_onnx_node *node);

/* translate_generic.c: operators that only exist in tools/ops */
void pcl_translate_generic(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_quantized_conv(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_quantize(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_index(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_top_k(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_cumsum(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_trilu(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_eye_like(pcl_importer *in, const pcl_onnx_node *node);
void pcl_translate_reverse_sequence(pcl_importer *in, const pcl_onnx_node *node);

/* --- Shared between them ------------------------------------------------------------ */

/* The attributes of a window; translate_conv.c. */
pcl_onnx_window_attributes pcl_window_attributes(pcl_importer *in, const pcl_onnx_node *node);

/* A window over a picture in the engine's terms, one number for height, one
 * for width (of rank 3 the height is 1). */
typedef struct pcl_picture_window {
    int32_t kernel[2], strides[2], dilations[2], before[2], after[2];
} pcl_picture_window;

/* Works the pads out for input sizes; false where the engine's windows cannot
 * do it (negative pads, a rank other than 3 and 4, no kernel). ceil: outputs
 * are rounded up. */
bool pcl_picture_window_of(const pcl_onnx_window_attributes *from, const pcl_shape *plain, bool ceil,
                           pcl_picture_window *out);
/* Sets padding and pads of attributes of the engine. */
void pcl_picture_pads(const pcl_picture_window *window, pcl_padding *padding, pcl_pads *pads);

/* Weights whose scales for each output lay along axis 0 before they were
 * turned keep their scales; see fuse_quantized.h. */
void pcl_keep_origin(pcl_tensor *weights, const pcl_quantization *origin, const int32_t *order);

/* Values of rank 3 as pictures of height 1, channels last, and back. */
pcl_tensor *pcl_as_picture(pcl_importer *in, pcl_value *value);
void pcl_set_picture(pcl_importer *in, const pcl_onnx_node *node, pcl_tensor *picture, int32_t rank);

/* x * scale + shift in `layout`; either may be NULL. */
pcl_tensor *pcl_scaled(pcl_importer *in, pcl_tensor *x, pcl_tensor *scale, pcl_tensor *shift);

/* The input as the first one of the newest opset has it: an input, or a list
 * of integers that older opsets have as attribute. NULL where left out. */
pcl_tensor *pcl_input_or_integers(pcl_importer *in, const pcl_onnx_node *node, int32_t index, const char *name);

/* The value under another shape, in the layout that costs nothing. */
void pcl_set_reshaped(pcl_importer *in, const pcl_onnx_node *node, pcl_value *value, const pcl_shape *shape);

#endif
