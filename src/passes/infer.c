#include "ops/table.h"
#include "passes/passes.h"

/* Beyond this, evaluating at load time would keep the page waiting for what a
 * run does in several threads. */
static const uint64_t MAX_FOLDED_MACS = 50u * 1000 * 1000;

static pcl_status check_counts(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_op *op = node->op;
    bool inputs_fit = node->input_count >= op->min_inputs && (op->max_inputs < 0 || node->input_count <= op->max_inputs);
    bool outputs_fit =
        node->output_count >= op->min_outputs && (op->max_outputs < 0 || node->output_count <= op->max_outputs);
    if (!inputs_fit || !outputs_fit)
        return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "%d inputs and %d outputs do not fit it",
                             node->input_count, node->output_count);
    for (int32_t i = 0; i < op->min_inputs; i++)
        if (!node->inputs[i])
            return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "input %d is missing", i);
    return PCL_OK;
}

static bool inputs_constant(const pcl_node *node) {
    if (node->op == &pcl_op_shape) return true; /* reads no data */
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && !node->inputs[i]->constant) return false;
    return true;
}

static pcl_status evaluate(pcl_graph *graph, const pcl_kernels *kernels, pcl_node *node) {
    pcl_step step = {.op = node->op, .node = node};
    pcl_prepare_context prepare = {graph->error, graph->arena, kernels, 1};
    pcl_run_context run = {graph->error, kernels, NULL, false};
    if (node->op->prepare) PCL_TRY_RETURN(node->op->prepare(&prepare, &step));
    for (int32_t i = 0; i < node->output_count; i++) {
        node->outputs[i]->data = pcl_graph_alloc(graph, node->outputs[i]->bytes + 16, 1);
        if (!node->outputs[i]->data) return PCL_ERROR_LIMIT;
    }
    step.scratch = pcl_graph_alloc(graph, step.scratch_bytes, 1);
    step.norm = pcl_graph_alloc(graph, step.norm_bytes, 1);
    if (!step.scratch || !step.norm) return PCL_ERROR_LIMIT;
    return step.op->run(&run, &step);
}

static pcl_status fold(pcl_graph *graph, const pcl_kernels *kernels, pcl_node *node) {
    if (!inputs_constant(node) || node->macs > MAX_FOLDED_MACS) return PCL_OK;
    if (node->op->view) node->outputs[0]->data = node->inputs[0]->data;
    else PCL_TRY_RETURN(evaluate(graph, kernels, node));
    for (int32_t i = 0; i < node->output_count; i++) node->outputs[i]->constant = true;
    node->op = NULL;
    return PCL_OK;
}

/* Element operations, so that a small file cannot ask for hours. */
static double work_of(const pcl_node *node) {
    double window = 1.0, work = (double)node->macs;
    if (node->op == &pcl_op_average_pool_2d || node->op == &pcl_op_max_pool_2d || node->op == &pcl_op_l2_pool_2d)
        window = (double)node->attributes.pool.filter_h * node->attributes.pool.filter_w;
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i]) work += (double)pcl_tensor_count(node->inputs[i]);
    for (int32_t i = 0; i < node->output_count; i++) work += (double)pcl_tensor_count(node->outputs[i]) * window;
    return work;
}

pcl_status pcl_infer_node(pcl_graph *graph, const pcl_kernels *kernels, pcl_node *node, pcl_work *work) {
    pcl_infer_context context = {graph->error, graph->arena};
    PCL_TRY_RETURN(check_counts(&context, node));
    PCL_TRY_RETURN(node->op->infer(&context, node));
    work->operations += work_of(node);
    if (work->operations > work->most)
        return pcl_node_fail(graph->error, node, PCL_ERROR_LIMIT, "one run would take more than %lld giga-operations",
                             (long long)(work->most / 1e9));
    PCL_TRY_RETURN(fold(graph, kernels, node));
    if (node->op) work->macs += (double)node->macs;
    return PCL_OK;
}

pcl_status pcl_pass_infer(pcl_graph *graph, const pcl_kernels *kernels, double max_work, double *macs) {
    pcl_work work = {.most = max_work};
    for (int32_t i = 0; i < graph->node_count; i++)
        PCL_TRY_RETURN(pcl_infer_node(graph, kernels, graph->nodes[i], &work));
    *macs = work.macs;
    pcl_graph_sweep(graph);
    return PCL_OK;
}
