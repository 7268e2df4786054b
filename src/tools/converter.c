#include "tools/tools.h"

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "model/read.h"
#include "passes/passes.h"
#include "run/program.h"
#include "tools/convert/ends.h"
#include "tools/convert/fold_shift.h"
#include "tools/convert/graph_copy.h"
#include "tools/convert/lower.h"
#include "tools/convert/sign.h"
#include "tools/quantise/equalise.h"
#include "tools/quantise/quantise.h"
#include "tools/tflite/write.h"

#ifdef __wasm32__
_Static_assert(sizeof(pcl_write_options) == 24, "pcl_write_options");
_Static_assert(offsetof(pcl_layer_info, macs) == 8 && offsetof(pcl_layer_info, form) == 20, "pcl_layer_info");
_Static_assert(offsetof(pcl_layer_info, may_widen) == 24, "pcl_layer_info");
_Static_assert(offsetof(pcl_activation_info, rule) == 20, "pcl_activation_info");
#endif

enum { MAX_ENDS = 64 };

struct pcl_converter {
    pcl_bytes file;
    pcl_options options;
    const pcl_kernels *kernels;
    pcl_arena file_arena; /* what the file says */
    pcl_graph file_graph;
    pcl_shape *signatures, *input_shapes; /* [input_count] */

    pcl_arena arena; /* the float model, numbered, and what is known of it */
    pcl_graph graph;
    bool prepared;
    const pcl_node *quantised; /* a node that computes with bytes already, or NULL */
    pcl_statistics *statistics; /* [tensor_count] */
    pcl_range *ranges;          /* [tensor_count]; of `ranges_rule` when valid */
    bool ranges_valid;
    uint32_t ranges_rule;
    uint8_t *forms;       /* [node_count]: pcl_layer_form */
    pcl_moments *moments; /* [node_count] */
    uint32_t windows;     /* that an observe adds to the moments */
    pcl_range input_ranges[MAX_ENDS], output_ranges[MAX_ENDS]; /* both ends 0: as observed */
    pcl_layer_info layer_info;
    pcl_activation_info activation_info;

    pcl_arena run_arena; /* its copy that runs */
    pcl_graph running;
    pcl_program program;
    pcl_tensor_info input_info, output_info;
};

/* --- Opening --------------------------------------------------------------------------- */

static pcl_status describe_file(pcl_converter *self, pcl_error *error) {
    pcl_graph *graph = &self->file_graph;
    self->signatures = pcl_arena_alloc_array(&self->file_arena, MAX_ENDS, sizeof *self->signatures);
    self->input_shapes = pcl_arena_alloc_array(&self->file_arena, MAX_ENDS, sizeof *self->input_shapes);
    if (!self->signatures || !self->input_shapes) return pcl_fail(error, PCL_ERROR_LIMIT, "no memory for the model");
    *graph = (pcl_graph){.arena = &self->file_arena, .error = error};
    PCL_TRY_RETURN(pcl_model_describe(self->file, graph, self->signatures, MAX_ENDS));
    if (graph->input_count > MAX_ENDS)
        return pcl_fail(error, PCL_ERROR_UNSUPPORTED, "%d inputs; at most %d are supported", graph->input_count, MAX_ENDS);
    for (int32_t i = 0; i < graph->input_count; i++) self->input_shapes[i] = graph->inputs[i]->shape;
    graph->error = NULL;
    return PCL_OK;
}

pcl_status pcl_converter_open(pcl_converter **out, const void *bytes, size_t size, const pcl_options *options,
                              pcl_error *error) {
    pcl_status status = PCL_OK;
    pcl_converter *self = calloc(1, sizeof *self);
    *out = NULL;
    if (!self) return pcl_fail(error, PCL_ERROR_MEMORY, "no memory for a converter");
    self->file = (pcl_bytes){bytes, size};
    if (options) self->options = *options;
    pcl_complete_limits(&self->options);
    self->kernels = pcl_kernels_for(PCL_ISA_AUTO);
    pcl_arena_init(&self->file_arena, pcl_byte_limit(&self->options));
    PCL_TRY(describe_file(self, error));
    *out = self;
    return PCL_OK;
done:
    pcl_converter_close(&self);
    return status;
}

pcl_status pcl_converter_set_input_shape(pcl_converter *self, uint32_t index, const int32_t *dims, uint32_t rank,
                                         pcl_error *error) {
    pcl_shape shape = {.rank = (int32_t)rank};
    if (index >= (uint32_t)self->file_graph.input_count)
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no input %u", index);
    if (rank != (uint32_t)self->input_shapes[index].rank)
        return pcl_fail(error, PCL_ERROR_SHAPE, "input '%s' has rank %d, not %u", self->file_graph.inputs[index]->name,
                        self->input_shapes[index].rank, rank);
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 1) return pcl_fail(error, PCL_ERROR_SHAPE, "dimension %u is %d", i, dims[i]);
        shape.dims[i] = dims[i];
    }
    self->input_shapes[index] = shape;
    return PCL_OK;
}

/* --- Preparing -------------------------------------------------------------------------- */

static pcl_status read_graph(pcl_converter *self, pcl_graph *graph, pcl_arena *arena, pcl_error *error) {
    *graph = (pcl_graph){.arena = arena, .error = error};
    PCL_TRY_RETURN(pcl_model_read(self->file, graph, self->input_shapes, self->kernels, pcl_max_work(&self->options)));
    return pcl_graph_check_supported(graph);
}

static pcl_status bind_shapes(pcl_converter *self, pcl_graph *graph, pcl_error *error) {
    bool differs = false;
    for (int32_t i = 0; i < graph->input_count; i++)
        differs |= !pcl_shape_equal(&graph->inputs[i]->shape, &self->input_shapes[i]);
    if (differs) pcl_pass_keep_scale(graph);
    for (int32_t i = 0; i < graph->input_count; i++)
        PCL_TRY_RETURN(pcl_tensor_set_shape(graph->inputs[i], &self->input_shapes[i], error));
    return PCL_OK;
}

static pcl_status refuse_quantised(const pcl_node *node, pcl_error *error) {
    return pcl_node_fail(error, node, PCL_ERROR_TYPE, "the model is quantised already");
}

/* Bytes are uint8 where an .onnx file is read; those of .tflite files that are int8 need no preparing. */
static pcl_status find_quantised(pcl_converter *self, const pcl_graph *graph) {
    self->quantised = NULL;
    for (int32_t n = 0; n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->output_count; i++) {
            const pcl_tensor *out = graph->nodes[n]->outputs[i];
            if (!pcl_is_quantised(out)) continue;
            if (out->dtype == PCL_INT8) return refuse_quantised(graph->nodes[n], graph->error);
            self->quantised = graph->nodes[n];
        }
    return PCL_OK;
}

static pcl_status read_prepared(pcl_converter *self, pcl_error *error) {
    pcl_graph *graph = &self->graph;
    double macs;
    PCL_TRY_RETURN(read_graph(self, graph, &self->arena, error));
    PCL_TRY_RETURN(find_quantised(self, graph));
    PCL_TRY_RETURN(bind_shapes(self, graph, error));
    PCL_TRY_RETURN(pcl_pass_infer(graph, self->kernels, pcl_max_work(&self->options), &macs));
    pcl_float32_ends(graph);
    if (self->quantised) PCL_TRY_RETURN(pcl_move_transposes_to_ends(graph));
    pcl_channels_last_ends(graph);
    if (self->quantised) return pcl_pass_infer(graph, self->kernels, pcl_max_work(&self->options), &macs);
    PCL_TRY_RETURN(pcl_fold_shifts(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_activation(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_instance_norm(graph));
    PCL_TRY_RETURN(pcl_pass_fuse_activation(graph)); /* those behind norms */
    return pcl_pass_infer(graph, self->kernels, pcl_max_work(&self->options), &macs);
}

/* A copy that runs as it stands: nothing is fused further, so that every tensor is computed. */
static pcl_status make_ready(pcl_converter *self, pcl_error *error) {
    pcl_arena_free(&self->run_arena);
    pcl_arena_init(&self->run_arena, pcl_byte_limit(&self->options));
    self->graph.error = error;
    self->running = (pcl_graph){.arena = &self->run_arena, .error = error};
    PCL_TRY_RETURN(pcl_graph_number(&self->graph));
    self->statistics = pcl_graph_alloc(&self->graph, (size_t)self->graph.tensor_count, sizeof *self->statistics);
    self->ranges = pcl_graph_alloc(&self->graph, (size_t)self->graph.tensor_count, sizeof *self->ranges);
    self->ranges_valid = false;
    self->moments = pcl_graph_alloc(&self->graph, (size_t)self->graph.node_count, sizeof *self->moments);
    if (!self->statistics || !self->ranges || !self->moments) return PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(pcl_graph_copy(&self->graph, &self->running));
    return pcl_program_build(&self->program, &self->running, self->kernels, 1);
}

static void release_prepared(pcl_converter *self) {
    pcl_arena_free(&self->run_arena);
    pcl_arena_free(&self->arena);
    self->graph = self->running = (pcl_graph){0};
    self->program = (pcl_program){0};
    memset(self->input_ranges, 0, sizeof self->input_ranges);
    memset(self->output_ranges, 0, sizeof self->output_ranges);
    self->prepared = false;
}

pcl_status pcl_converter_prepare(pcl_converter *self, pcl_error *error) {
    pcl_status status = PCL_OK;
    release_prepared(self);
    pcl_arena_init(&self->arena, pcl_byte_limit(&self->options));
    PCL_TRY(read_prepared(self, error));
    self->forms = pcl_graph_alloc(&self->graph, (size_t)self->graph.node_count, sizeof *self->forms);
    if (!self->forms) PCL_TRY(PCL_ERROR_LIMIT);
    PCL_TRY(make_ready(self, error));
    self->prepared = true;
    return PCL_OK;
done:
    release_prepared(self);
    return status;
}

static pcl_status check_prepared(const pcl_converter *self, pcl_error *error) {
    if (self->prepared) return PCL_OK;
    return pcl_fail(error, PCL_ERROR_ARGUMENT, "the converter is not prepared");
}

static pcl_status check_float(const pcl_converter *self, pcl_error *error) {
    PCL_TRY_RETURN(check_prepared(self, error));
    return self->quantised ? refuse_quantised(self->quantised, error) : PCL_OK;
}

/* --- Observing --------------------------------------------------------------------------- */

uint32_t pcl_converter_input_count(const pcl_converter *self) { return (uint32_t)self->file_graph.input_count; }
uint32_t pcl_converter_output_count(const pcl_converter *self) { return (uint32_t)self->file_graph.output_count; }

static const pcl_tensor_info *describe(pcl_tensor_info *info, const pcl_tensor *tensor) {
    *info = (pcl_tensor_info){.name = tensor->name, .dtype = tensor->dtype, .rank = (uint32_t)tensor->shape.rank,
                              .scale = 1.0f, .data = tensor->data, .bytes = tensor->bytes};
    memcpy(info->dims, tensor->shape.dims, sizeof info->dims);
    return info;
}

const pcl_tensor_info *pcl_converter_input(pcl_converter *self, uint32_t index) {
    if (!self->prepared || index >= (uint32_t)self->running.input_count) return NULL;
    return describe(&self->input_info, self->running.inputs[index]);
}

const pcl_tensor_info *pcl_converter_output(pcl_converter *self, uint32_t index) {
    if (!self->prepared || index >= (uint32_t)self->running.output_count) return NULL;
    return describe(&self->output_info, self->running.outputs[index]);
}

/* The running graph's tensors are the float model's, by number. */
static pcl_status add_tensor(pcl_converter *self, int32_t number, pcl_error *error) {
    const pcl_tensor *tensor = self->running.tensors[number];
    if (tensor->dtype != PCL_FLOAT32 || tensor->constant) return PCL_OK;
    int32_t channels = tensor->shape.rank ? tensor->shape.dims[tensor->shape.rank - 1] : 1;
    if (pcl_statistics_add(&self->statistics[number], &self->arena, tensor->data, pcl_tensor_count(tensor), channels))
        return PCL_OK;
    return pcl_fail(error, PCL_ERROR_LIMIT, "no memory for statistics");
}

static int32_t number_of(const pcl_converter *self, const pcl_tensor *running) {
    int32_t number = 0;
    while (self->running.tensors[number] != running) number++;
    return number;
}

static pcl_status add_moments(pcl_converter *self, const pcl_node *running, pcl_error *error) {
    int32_t n = 0;
    if (self->windows == 0 || !pcl_has_weights(running)) return PCL_OK;
    while (self->running.nodes[n] != running) n++;
    if (!pcl_can_quantise(self->graph.nodes[n])) return PCL_OK;
    if (pcl_moments_add(&self->moments[n], &self->arena, running, self->windows)) return PCL_OK;
    return pcl_fail(error, PCL_ERROR_LIMIT, "no memory for moments");
}

void pcl_converter_set_windows(pcl_converter *self, uint32_t windows) { self->windows = windows; }

pcl_status pcl_converter_observe(pcl_converter *self, pcl_error *error) {
    PCL_TRY_RETURN(check_float(self, error));
    pcl_run_context context = {error, self->kernels, NULL, false};
    self->ranges_valid = false;
    for (int32_t i = 0; i < self->running.input_count; i++)
        PCL_TRY_RETURN(add_tensor(self, number_of(self, self->running.inputs[i]), error));
    for (int32_t s = 0; s < self->program.step_count; s++) {
        pcl_step *step = &self->program.steps[s];
        PCL_TRY_RETURN(step->op->run(&context, step));
        PCL_TRY_RETURN(add_moments(self, step->node, error));
        for (int32_t i = 0; i < step->node->output_count; i++)
            PCL_TRY_RETURN(add_tensor(self, number_of(self, step->node->outputs[i]), error));
    }
    return PCL_OK;
}

pcl_status pcl_converter_equalise(pcl_converter *self, uint32_t *layers, pcl_error *error) {
    int32_t count = 0;
    *layers = 0;
    PCL_TRY_RETURN(check_float(self, error));
    self->graph.error = error;
    PCL_TRY_RETURN(pcl_equalise(&self->graph, self->statistics, &count));
    *layers = (uint32_t)count;
    double macs;
    pcl_status status = pcl_fold_shifts_into_channel(&self->graph);
    if (status == PCL_OK) status = pcl_pass_infer(&self->graph, self->kernels, pcl_max_work(&self->options), &macs);
    if (status == PCL_OK) status = make_ready(self, error);
    if (status != PCL_OK) release_prepared(self);
    return status;
}

/* --- What the report lists ------------------------------------------------------------------ */

static int32_t layer_node(const pcl_converter *self, uint32_t index) {
    for (int32_t n = 0; n < self->graph.node_count; n++)
        if (pcl_has_weights(self->graph.nodes[n]) && index-- == 0) return n;
    return -1;
}

uint32_t pcl_converter_layer_count(const pcl_converter *self) {
    uint32_t count = 0;
    for (int32_t n = 0; n < self->graph.node_count; n++) count += pcl_has_weights(self->graph.nodes[n]);
    return count;
}

const pcl_layer_info *pcl_converter_layer(pcl_converter *self, uint32_t index) {
    int32_t n = layer_node(self, index);
    if (n < 0) return NULL;
    const pcl_node *node = self->graph.nodes[n];
    self->layer_info = (pcl_layer_info){node->op_name, node->name, (double)node->macs,
                                        (uint32_t)pcl_tensor_count(node->inputs[1]), self->forms[n],
                                        pcl_may_widen(&self->graph, node)};
    return &self->layer_info;
}

pcl_status pcl_converter_set_form(pcl_converter *self, uint32_t layer, uint32_t form, pcl_error *error) {
    int32_t n = layer_node(self, layer);
    if (n < 0) return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no layer %u", layer);
    if (form > PCL_LAYER_WIDENED) return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no form %u", form);
    self->forms[n] = (uint8_t)form;
    return PCL_OK;
}

static pcl_status set_range(pcl_converter *self, pcl_range *ranges, int32_t count, uint32_t index, float low, float high,
                            pcl_error *error) {
    PCL_TRY_RETURN(check_prepared(self, error));
    if (index >= MAX_ENDS || index >= (uint32_t)count || !(low < high) || !(high - low < 1e30f))
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "no range of input or output %u", index);
    ranges[index] = (pcl_range){low < 0.0f ? low : 0.0f, high > 0.0f ? high : 0.0f, PCL_RANGE_MIN_MAX};
    self->ranges_valid = false;
    return PCL_OK;
}

pcl_status pcl_converter_set_input_range(pcl_converter *self, uint32_t index, float low, float high, pcl_error *error) {
    return set_range(self, self->input_ranges, self->graph.input_count, index, low, high, error);
}

pcl_status pcl_converter_set_output_range(pcl_converter *self, uint32_t index, float low, float high, pcl_error *error) {
    return set_range(self, self->output_ranges, self->graph.output_count, index, low, high, error);
}

static bool is_known(const pcl_range *range) { return range->high - range->low > 0.0f; }

/* Some operators only hand their input on, and no step of the program does it. */
static void inherit_range(pcl_converter *self, const pcl_node *node) {
    const pcl_tensor *in = node->input_count > 0 ? node->inputs[0] : NULL, *out = node->outputs[0];
    if (!in || in->dtype != PCL_FLOAT32 || out->dtype != PCL_FLOAT32 || self->statistics[out->place].count > 0) return;
    self->ranges[out->place] = self->ranges[in->place];
}

/* Inputs keep their whole range: what a picture holds is no outlier. */
static void choose_ranges(pcl_converter *self, uint32_t rule) {
    if (self->ranges_valid && self->ranges_rule == rule) return;
    for (int32_t i = 0; i < self->graph.tensor_count; i++)
        self->ranges[i] = pcl_choose_range(&self->statistics[i], (pcl_range_rule)rule);
    for (int32_t i = 0; i < self->graph.input_count; i++) {
        int32_t number = self->graph.inputs[i]->place;
        const pcl_range *known = &self->input_ranges[i];
        self->ranges[number] = is_known(known) ? *known : pcl_choose_range(&self->statistics[number], PCL_RANGE_MIN_MAX);
    }
    for (int32_t i = 0; i < self->graph.output_count && i < MAX_ENDS; i++)
        if (is_known(&self->output_ranges[i])) self->ranges[self->graph.outputs[i]->place] = self->output_ranges[i];
    for (int32_t n = 0; n < self->graph.node_count; n++) inherit_range(self, self->graph.nodes[n]);
    self->ranges_valid = true;
    self->ranges_rule = rule;
}

uint32_t pcl_converter_activation_count(const pcl_converter *self) {
    uint32_t count = 0;
    for (int32_t i = 0; i < self->graph.tensor_count; i++) count += self->statistics[i].count > 0;
    return count;
}

const pcl_activation_info *pcl_converter_activation(pcl_converter *self, uint32_t index, uint32_t range) {
    choose_ranges(self, range);
    for (int32_t i = 0; i < self->graph.tensor_count; i++) {
        const pcl_statistics *seen = &self->statistics[i];
        if (seen->count == 0 || index-- != 0) continue;
        self->activation_info = (pcl_activation_info){self->graph.tensors[i]->name, seen->low, seen->high,
                                                      self->ranges[i].low, self->ranges[i].high, self->ranges[i].rule};
        return &self->activation_info;
    }
    return NULL;
}

/* --- Writing ------------------------------------------------------------------------------------ */

static bool was_observed(const pcl_converter *self) {
    for (int32_t i = 0; i < self->graph.tensor_count; i++)
        if (self->statistics[i].count > 0) return true;
    return false;
}

static pcl_status transform(pcl_converter *self, pcl_graph *graph, const pcl_write_options *options, pcl_error *error) {
    switch ((pcl_mode)options->mode) {
    case PCL_MODE_AS_IS: return PCL_OK;
    case PCL_MODE_FLOAT16: return pcl_shrink_weights(graph, PCL_FLOAT16);
    case PCL_MODE_INT8_WEIGHTS: return pcl_shrink_weights(graph, PCL_INT8);
    case PCL_MODE_INT8: break;
    default: return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no mode %u", options->mode);
    }
    if (options->range > PCL_RANGE_MSE) return pcl_fail(error, PCL_ERROR_ARGUMENT, "there is no range rule %u", options->range);
    if (!was_observed(self)) return pcl_fail(error, PCL_ERROR_ARGUMENT, "nothing was observed: int8 needs pictures");
    choose_ranges(self, options->range);
    pcl_quantise_options how = {self->ranges, self->moments, &self->arena, self->forms,
                                options->float_inputs != 0, options->float_outputs != 0};
    return pcl_quantise(graph, &how);
}

/* Values far out of any network's range may give scales that the engine
 * refuses; then nothing is written. */
static pcl_status check_runs(const pcl_converter *self, const uint8_t *bytes, size_t size, pcl_error *error) {
    pcl_model *model = NULL;
    pcl_status status = pcl_model_open(&model, bytes, size, &self->options, error);
    if (status == PCL_OK) status = pcl_model_prepare(model, error);
    pcl_model_close(&model);
    return status;
}

/* Unprepared .tflite files are written node by node, with their open dimensions. */
pcl_status pcl_converter_write(pcl_converter *self, const pcl_write_options *options, uint8_t **out, size_t *out_size,
                               pcl_error *error) {
    pcl_status status = PCL_OK;
    pcl_arena arena;
    pcl_graph graph = {.arena = &arena, .error = error};
    pcl_tflite_extra extra = {.metadata = {options->metadata, options->metadata_bytes}};
    *out = NULL;
    *out_size = 0;
    pcl_arena_init(&arena, pcl_byte_limit(&self->options));
    if (self->prepared) {
        PCL_TRY(pcl_graph_number(&self->graph));
        if (options->mode != PCL_MODE_AS_IS) PCL_TRY(check_float(self, error));
        PCL_TRY(pcl_graph_copy(&self->graph, &graph));
        if (self->quantised) PCL_TRY(pcl_sign_activations(&graph));
        PCL_TRY(transform(self, &graph, options, error));
    } else {
        if (options->mode != PCL_MODE_AS_IS) PCL_TRY(check_prepared(self, error));
        PCL_TRY(read_graph(self, &graph, &arena, error));
        extra.signatures = self->signatures;
    }
    PCL_TRY(pcl_lower_for_tflite(&graph));
    PCL_TRY(pcl_tflite_write(&graph, &extra, out, out_size));
    if (options->mode == PCL_MODE_INT8 || self->quantised) PCL_TRY(check_runs(self, *out, *out_size, error));
done:
    pcl_arena_free(&arena);
    if (status != PCL_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void pcl_converter_close(pcl_converter **self) {
    if (!*self) return;
    release_prepared(*self);
    pcl_arena_free(&(*self)->file_arena);
    free(*self);
    *self = NULL;
}
