/* If, where the condition is known at load time: the branch that is taken
 * stands in its place. Exporters write such conditions about shapes. */
#include "tools/onnx/translators.h"

enum { MAX_DEPTH = 8 };

void pcl_translate_if(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_file branch;
    if (!pcl_import_needs(in, node, 1)) return;
    const pcl_tensor *condition = pcl_import_plain(in, node->inputs[0]);
    if (!condition) return;
    if (!condition->constant || condition->dtype != PCL_BOOL || pcl_tensor_count(condition) != 1) {
        pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "its condition depends on data ('%s' is not constant): simplify the "
                        "model, for example with onnxsim", node->inputs[0]->label);
        return;
    }
    pcl_bytes body = pcl_attribute_graph(node, *(const uint8_t *)condition->data ? "then_branch" : "else_branch");
    if (in->depth == MAX_DEPTH) pcl_import_fail(in, PCL_ERROR_LIMIT, "it is nested too deeply");
    if (in->status == PCL_OK) in->status = pcl_onnx_subgraph_read(&branch, &in->file, body);
    if (in->status != PCL_OK) return;
    pcl_node current = in->current;
    in->depth++;
    pcl_import_subgraph(in, &branch);
    in->depth--;
    in->current = current;
    if (branch.output_count < node->output_count)
        pcl_import_fail(in, PCL_ERROR_FORMAT, "its branch has too few outputs");
    for (int32_t i = 0; in->status == PCL_OK && i < node->output_count; i++)
        if (node->outputs[i]) pcl_import_alias(in, node, i, branch.outputs[i].value);
}
