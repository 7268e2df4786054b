#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "model/read.h"
#include "ops/table.h"
#include "passes/passes.h"
#include "run/program.h"

#ifdef __wasm32__
/* What js/abi.mjs relies on. */
_Static_assert(sizeof(pcl_options) == 16, "pcl_options");
_Static_assert(offsetof(pcl_error, message) == 4 && offsetof(pcl_error, op) == 1024 && sizeof(pcl_error) == 1472,
               "pcl_error");
_Static_assert(offsetof(pcl_tensor_info, dims) == 12 && offsetof(pcl_tensor_info, scale) == 48 &&
                   offsetof(pcl_tensor_info, data) == 56 && sizeof(pcl_tensor_info) == 64,
               "pcl_tensor_info");
_Static_assert(offsetof(pcl_step_info, dims) == 16 && offsetof(pcl_step_info, macs) == 48 &&
                   offsetof(pcl_step_info, reach) == 56,
               "pcl_step_info");
_Static_assert(offsetof(pcl_norms, bytes) == 4, "pcl_norms");
_Static_assert(offsetof(pcl_model_info, isa) == 24 && offsetof(pcl_model_info, steps) == 36, "pcl_model_info");
_Static_assert(sizeof(pcl_picture) == 12 && sizeof(pcl_rect) == 16, "pcl_picture, pcl_rect");
_Static_assert(offsetof(pcl_pixel_format, bgr) == 24 && sizeof(pcl_pixel_format) == 36, "pcl_pixel_format");
#endif

struct pcl_model {
    pcl_bytes file;
    pcl_options options; /* no field is zero */
    const pcl_kernels *kernels;
    pcl_pool *pool; /* NULL: one thread */

    /* From opening: what the file says. */
    pcl_arena file_arena;
    pcl_graph file_graph;
    pcl_tensor_info *inputs, *outputs;
    pcl_shape *input_shapes; /* what the next prepare binds */

    /* From preparing. */
    pcl_arena arena;
    pcl_graph graph;
    pcl_program program;
    pcl_step_info step_info; /* the latest asked for */
    pcl_model_info info;
};

const char *pcl_version(void) { return "0.1.0"; }

static pcl_tensor_info describe_tensor(const pcl_tensor *tensor, const pcl_shape *shape) {
    pcl_tensor_info info = {.name = tensor->name, .dtype = tensor->dtype, .rank = (uint32_t)shape->rank};
    memcpy(info.dims, shape->dims, sizeof info.dims);
    info.quantised = pcl_is_quantised(tensor) && tensor->quantization.count == 1;
    info.scale = info.quantised ? pcl_tensor_scale(tensor) : 1.0f;
    info.zero_point = info.quantised ? pcl_tensor_zero_point(tensor) : 0;
    return info;
}

enum { MAX_INPUTS = 64 };

static pcl_status describe_file(pcl_model *model, pcl_error *error) {
    pcl_graph *graph = &model->file_graph;
    pcl_shape *signatures = pcl_arena_alloc_array(&model->file_arena, MAX_INPUTS, sizeof *signatures);
    if (!signatures) return pcl_fail(error, PCL_ERROR_LIMIT, "no memory for the model's description");
    *graph = (pcl_graph){.arena = &model->file_arena, .error = error};
    PCL_TRY_RETURN(pcl_model_describe(model->file, graph, signatures, MAX_INPUTS));
    if (graph->input_count > MAX_INPUTS)
        return pcl_fail(error, PCL_ERROR_UNSUPPORTED, "%d inputs; at most %d are supported", graph->input_count,
                        MAX_INPUTS);
    model->inputs = pcl_graph_alloc(graph, (size_t)graph->input_count, sizeof *model->inputs);
    model->outputs = pcl_graph_alloc(graph, (size_t)graph->output_count, sizeof *model->outputs);
    model->input_shapes = pcl_graph_alloc(graph, (size_t)graph->input_count, sizeof *model->input_shapes);
    if (!model->inputs || !model->outputs || !model->input_shapes) return PCL_ERROR_LIMIT;
    for (int32_t i = 0; i < graph->input_count; i++) {
        model->input_shapes[i] = graph->inputs[i]->shape;
        model->inputs[i] = describe_tensor(graph->inputs[i], &signatures[i]);
    }
    for (int32_t i = 0; i < graph->output_count; i++)
        model->outputs[i] = describe_tensor(graph->outputs[i], &graph->outputs[i]->shape);
    graph->error = NULL; /* the caller's; gone after this call */
    return PCL_OK;
}

static pcl_status set_options(pcl_model *model, const pcl_options *options, pcl_error *error) {
    if (options) model->options = *options;
    pcl_complete_limits(&model->options);
    if (model->options.threads == 0) model->options.threads = 1;
    if (model->options.isa > PCL_ISA_RELAXED || !pcl_isa_available((pcl_isa)model->options.isa))
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "instruction set %u is not in this build", model->options.isa);
    model->kernels = pcl_kernels_for((pcl_isa)model->options.isa);
    if (model->options.threads == 1) return PCL_OK;
    if (model->options.threads > 64)
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "%u threads asked for", model->options.threads);
    PCL_TRY_RETURN(pcl_pool_open(&model->pool, (int32_t)model->options.threads, error));
    model->options.threads = (uint32_t)pcl_pool_threads(model->pool); /* builds without threads have one */
    return PCL_OK;
}

pcl_status pcl_model_open(pcl_model **out, const void *bytes, size_t size, const pcl_options *options,
                          pcl_error *error) {
    pcl_status status = PCL_OK;
    pcl_model *model = calloc(1, sizeof *model);
    *out = NULL;
    if (!model) return pcl_fail(error, PCL_ERROR_MEMORY, "no memory for a model");
    model->file = (pcl_bytes){bytes, size};
    PCL_TRY(set_options(model, options, error));
    pcl_arena_init(&model->file_arena, pcl_byte_limit(&model->options));
    PCL_TRY(describe_file(model, error));
    *out = model;
    return PCL_OK;
done:
    pcl_model_close(&model);
    return status;
}

pcl_status pcl_model_set_input_shape(pcl_model *model, uint32_t index, const int32_t *dims, uint32_t rank,
                                     pcl_error *error) {
    if (index >= pcl_model_input_count(model))
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no input %u", index);
    pcl_shape shape = {.rank = (int32_t)rank};
    if (rank != (uint32_t)model->input_shapes[index].rank)
        return pcl_fail(error, PCL_ERROR_SHAPE, "input '%s' has rank %d, not %u", model->inputs[index].name,
                        model->input_shapes[index].rank, rank);
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 1) return pcl_fail(error, PCL_ERROR_SHAPE, "dimension %u is %d", i, dims[i]);
        shape.dims[i] = dims[i];
    }
    model->input_shapes[index] = shape;
    return PCL_OK;
}

static void release_prepared(pcl_model *model) {
    pcl_arena_free(&model->arena);
    model->graph = (pcl_graph){0};
    model->program = (pcl_program){0};
    for (int32_t i = 0; i < model->file_graph.input_count; i++) model->inputs[i].data = NULL;
    for (int32_t i = 0; i < model->file_graph.output_count; i++) model->outputs[i].data = NULL;
}

static pcl_status simplify(pcl_model *model) {
    pcl_graph *graph = &model->graph;
    double macs;
    pcl_pass_widen(graph);
    PCL_TRY_RETURN(pcl_pass_canonical_u8(graph));
    PCL_TRY_RETURN(pcl_pass_infer(graph, model->kernels, pcl_max_work(&model->options), &macs));
    PCL_TRY_RETURN(pcl_pass_fuse_quantize(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_pad(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_activation(graph));
    PCL_TRY_RETURN(pcl_pass_drop_constant(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_instance_norm(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_residual(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_resize(graph, model->kernels));
    /* Once more, since passes made new nodes and moved others. */
    return pcl_pass_infer(graph, model->kernels, pcl_max_work(&model->options), &model->info.macs);
}

static void publish_tensor(pcl_tensor_info *info, const pcl_tensor *tensor) {
    const char *name = info->name; /* the file's; a pass may have left another */
    *info = describe_tensor(tensor, &tensor->shape);
    info->name = name;
    info->data = tensor->data;
    info->bytes = tensor->bytes;
}

/* The file's shapes stay untouched where the caller asks for no others. */
static pcl_status bind_shapes(pcl_model *model, pcl_error *error) {
    pcl_graph *graph = &model->graph;
    bool differs = false;
    for (int32_t i = 0; i < graph->input_count; i++)
        differs |= !pcl_shape_equal(&graph->inputs[i]->shape, &model->input_shapes[i]);
    if (differs) pcl_pass_keep_scale(graph);
    for (int32_t i = 0; i < graph->input_count; i++)
        PCL_TRY_RETURN(pcl_tensor_set_shape(graph->inputs[i], &model->input_shapes[i], error));
    return PCL_OK;
}

pcl_status pcl_model_prepare(pcl_model *model, pcl_error *error) {
    pcl_status status = PCL_OK;
    pcl_graph *graph = &model->graph;
    release_prepared(model);
    pcl_arena_init(&model->arena, pcl_byte_limit(&model->options) - model->file_arena.used);
    *graph = (pcl_graph){.arena = &model->arena, .error = error};
    PCL_TRY(pcl_model_read(model->file, graph, model->input_shapes, model->kernels, pcl_max_work(&model->options)));
    PCL_TRY(pcl_graph_check_supported(graph));
    PCL_TRY(bind_shapes(model, error));
    PCL_TRY(simplify(model));
    PCL_TRY(pcl_program_build(&model->program, graph, model->kernels, pcl_pool_threads(model->pool)));
    for (int32_t i = 0; i < graph->input_count; i++) publish_tensor(&model->inputs[i], graph->inputs[i]);
    for (int32_t i = 0; i < graph->output_count; i++) publish_tensor(&model->outputs[i], graph->outputs[i]);
    graph->error = NULL; /* the caller's; gone after this call */
    return PCL_OK;
done:
    release_prepared(model);
    return status;
}

uint32_t pcl_model_input_count(const pcl_model *model) { return (uint32_t)model->file_graph.input_count; }
uint32_t pcl_model_output_count(const pcl_model *model) { return (uint32_t)model->file_graph.output_count; }

const pcl_tensor_info *pcl_model_input(const pcl_model *model, uint32_t index) {
    return index < pcl_model_input_count(model) ? &model->inputs[index] : NULL;
}

const pcl_tensor_info *pcl_model_output(const pcl_model *model, uint32_t index) {
    return index < pcl_model_output_count(model) ? &model->outputs[index] : NULL;
}

pcl_status pcl_model_run_step(pcl_model *model, uint32_t step, pcl_error *error) {
    if (step >= (uint32_t)model->program.step_count)
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no step %u; is the model prepared?", step);
    pcl_run_context context = {error, model->kernels, model->pool, model->program.norms->frozen != 0};
    return model->program.steps[step].op->run(&context, &model->program.steps[step]);
}

pcl_status pcl_model_run(pcl_model *model, pcl_error *error) {
    if (!model->program.steps) return pcl_fail(error, PCL_ERROR_ARGUMENT, "the model is not prepared");
    for (uint32_t i = 0; i < (uint32_t)model->program.step_count; i++)
        PCL_TRY_RETURN(pcl_model_run_step(model, i, error));
    return PCL_OK;
}

/* On its farther side, of a window of `size` pixels, `dilation` apart, that begins `before` its own pixel. */
static int32_t farther(int32_t size, int32_t dilation, int32_t before) {
    int32_t after = (size - 1) * dilation - before;
    return after > before ? after : before;
}

static int32_t reach_of(const pcl_node *node) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    if (node->op != &pcl_op_conv_2d && node->op != &pcl_op_depthwise_conv_2d && node->op != &pcl_op_transpose_conv) return 0;
    const int32_t *filter = node->inputs[1]->shape.dims;
    int32_t down = farther(filter[1], conv->dilation_h, conv->pads.top);
    int32_t across = farther(filter[2], conv->dilation_w, conv->pads.left);
    int32_t doubled = conv->upsampled ? 2 : 0; /* a pixel of the small picture */
    return doubled + (down > across ? down : across);
}

static const pcl_step_info *describe_node(pcl_model *model, const pcl_node *node) {
    const pcl_shape *shape = &node->outputs[0]->shape;
    model->step_info = (pcl_step_info){.op = node->op_name,
                                       .name = node->name,
                                       .supported = node->op != NULL,
                                       .rank = (uint32_t)shape->rank,
                                       .macs = (double)node->macs};
    memcpy(model->step_info.dims, shape->dims, sizeof shape->dims);
    return &model->step_info;
}

const pcl_step_info *pcl_model_node(pcl_model *model, uint32_t index) {
    if (index >= (uint32_t)model->file_graph.node_count) return NULL;
    return describe_node(model, model->file_graph.nodes[index]);
}

const pcl_step_info *pcl_model_step(pcl_model *model, uint32_t index) {
    if (index >= (uint32_t)model->program.step_count) return NULL;
    const pcl_node *node = model->program.steps[index].node;
    describe_node(model, node);
    model->step_info.reach = reach_of(node);
    return &model->step_info;
}

const pcl_model_info *pcl_model_get_info(pcl_model *model) {
    pcl_model_info *info = &model->info;
    info->arena_bytes = (double)model->program.block_bytes;
    info->weight_bytes = (double)model->arena.used - info->arena_bytes;
    info->isa = model->kernels->isa;
    info->threads = (uint32_t)pcl_pool_threads(model->pool);
    info->nodes = (uint32_t)model->file_graph.node_count;
    info->steps = (uint32_t)model->program.step_count;
    return info;
}

pcl_norms *pcl_model_norms(pcl_model *model) { return model->program.norms; }

void pcl_model_help(pcl_model *model, uint32_t index) { pcl_pool_help(model->pool, (int32_t)index); }

void pcl_model_close(pcl_model **model) {
    if (!*model) return;
    pcl_pool_close(&(*model)->pool);
    pcl_arena_free(&(*model)->arena);
    pcl_arena_free(&(*model)->file_arena);
    free(*model);
    *model = NULL;
}
