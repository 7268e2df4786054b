/* Products of matrices. */
#include "tools/onnx/translators.h"

static const int32_t swapped[] = {1, 0};

static bool is_float(const pcl_onnx_node *node, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const pcl_value *value = pcl_import_input(node, i);
        if (value && pcl_import_dtype(value) != PCL_FLOAT32) return false;
    }
    return true;
}

/* Weights [columns, depth] of a constant matrix. */
static pcl_tensor *weights_of(pcl_importer *in, pcl_value *b, bool transposed) {
    pcl_tensor *plain = pcl_import_plain(in, b), *turned;
    if (!plain || transposed) return plain;
    turned = pcl_import_transpose(in, plain, swapped);
    pcl_quantization origin = plain->quantization;
    if (origin.count > 1) origin.axis = 1 - origin.axis; /* scales for each column now lie along axis 0 */
    if (turned && turned != plain) pcl_keep_origin(turned, &origin, (const int32_t[]){0, 1});
    return turned;
}

/* Gemm's C as a bias for each column; NULL when it is another for each row. */
static pcl_tensor *bias_of(pcl_importer *in, pcl_value *c, int32_t columns) {
    pcl_shape shape = pcl_import_shape(c);
    for (int32_t d = 0; d + 1 < shape.rank; d++)
        if (shape.dims[d] != 1) return NULL;
    if (shape.rank > 0 && shape.dims[shape.rank - 1] != 1 && shape.dims[shape.rank - 1] != columns) return NULL;
    pcl_tensor *bias = pcl_import_reshape(in, pcl_import_plain(in, c), &(pcl_shape){1, {(int32_t)pcl_tensor_count(
                                                                           pcl_import_plain(in, c))}});
    pcl_tensor *dims = pcl_import_integers(in, &columns, 1);
    return bias ? pcl_import_emit(in, &pcl_op_broadcast_to, PCL_FLOAT32, NULL, 2, (pcl_tensor *[]){bias, dims}) : NULL;
}

void pcl_translate_gemm(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_gemm_attributes *gemm = pcl_import_alloc(in, 1, sizeof *gemm);
    if (!gemm || !pcl_import_needs(in, node, 2)) return;
    *gemm = (pcl_onnx_gemm_attributes){.alpha = pcl_attribute_float(node, "alpha", 1.0f),
                                       .beta = pcl_attribute_float(node, "beta", 1.0f),
                                       .trans_a = pcl_attribute_int(node, "transA", 0) != 0,
                                       .trans_b = pcl_attribute_int(node, "transB", 0) != 0};
    pcl_value *a = node->inputs[0], *b = node->inputs[1], *c = pcl_import_input(node, 2);
    pcl_shape of_a = pcl_import_shape(a), of_b = pcl_import_shape(b);
    bool fits = is_float(node, 3) && pcl_import_is_constant(b) && of_a.rank == 2 && of_b.rank == 2 &&
                of_a.dims[!gemm->trans_a] == of_b.dims[gemm->trans_b] && (!c || pcl_import_is_constant(c));
    pcl_tensor *bias = fits && c ? bias_of(in, c, of_b.dims[!gemm->trans_b]) : NULL;
    if (!fits || (c && !bias)) {
        pcl_import_generic(in, node, &pcl_onnx_gemm, gemm);
        return;
    }
    pcl_tensor *x = pcl_import_plain(in, a), *weights = weights_of(in, b, gemm->trans_b);
    if (gemm->trans_a) x = pcl_import_transpose(in, x, swapped);
    if (gemm->alpha != 1.0f) weights = pcl_scaled(in, weights, pcl_import_scalar(in, gemm->alpha), NULL);
    if (bias && gemm->beta != 1.0f) bias = pcl_scaled(in, bias, pcl_import_scalar(in, gemm->beta), NULL);
    pcl_tensor *out = pcl_import_emit(in, &pcl_op_fully_connected, PCL_FLOAT32, NULL, bias ? 3 : 2,
                                      (pcl_tensor *[]){x, weights, bias});
    pcl_import_set(in, node, 0, out, PCL_PLAIN);
}

void pcl_translate_matmul(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 2)) return;
    pcl_value *a = node->inputs[0], *b = node->inputs[1];
    pcl_shape of_a = pcl_import_shape(a), of_b = pcl_import_shape(b);
    if (!is_float(node, 2) || of_a.rank < 2 || of_b.rank < 2) {
        pcl_import_generic(in, node, &pcl_onnx_matmul, NULL);
        return;
    }
    pcl_tensor *x = pcl_import_plain(in, a), *y;
    pcl_attributes attributes = {.fully_connected = {.keep_num_dims = true}};
    bool weights = pcl_import_is_constant(b) && of_b.rank == 2 && of_a.dims[of_a.rank - 1] == of_b.dims[0];
    const pcl_op *op = weights ? &pcl_op_fully_connected : &pcl_op_batch_matmul;
    if (!weights) attributes = (pcl_attributes){.batch_matmul = {.adjoint_x = false}};
    y = weights ? weights_of(in, b, false) : pcl_import_plain(in, b);
    pcl_import_set(in, node, 0, pcl_import_emit(in, op, PCL_FLOAT32, &attributes, 2, (pcl_tensor *[]){x, y}),
                   PCL_PLAIN);
}

void pcl_translate_einsum(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_einsum_attributes *einsum = pcl_import_alloc(in, 1, sizeof *einsum);
    if (!einsum) return;
    einsum->equation = pcl_onnx_label(in->graph, pcl_attribute_text(node, "equation", ""));
    if (!einsum->equation) pcl_import_fail(in, PCL_ERROR_LIMIT, "no memory for its equation");
    else pcl_import_generic(in, node, &pcl_onnx_einsum, einsum);
}
