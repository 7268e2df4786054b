#include "run/program.h"

#include "run/plan.h"

enum { FOREVER = INT32_MAX };

typedef struct builder {
    pcl_graph *graph;
    pcl_program *program;
    pcl_plan_buffer *buffers;
    int32_t *readers; /* [buffer]: reads still to come, of all tensors in it */
    int32_t buffer_count;
} builder;

static void new_buffer(builder *state, pcl_tensor *tensor, int32_t first, int32_t last) {
    tensor->place = state->buffer_count++;
    state->buffers[tensor->place] = (pcl_plan_buffer){tensor->bytes, first, last, 0};
    state->readers[tensor->place] = tensor->uses;
}

static void share_buffer(builder *state, pcl_tensor *tensor, int32_t place) {
    tensor->place = place;
    state->readers[place] += tensor->uses;
}

/* A view costs nothing: its output is the input's memory. */
static void place_view(builder *state, pcl_node *node, int32_t now) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && !node->inputs[i]->constant) state->readers[node->inputs[i]->place]--;
    share_buffer(state, out, in->place);
    pcl_plan_buffer *buffer = &state->buffers[in->place];
    if (buffer->last < now) buffer->last = now;
}

/* The buffer that the first output may take over, or -1. */
static int32_t place_to_reuse(const builder *state, const pcl_node *node) {
    if (!node->op->in_place) return -1;
    for (int32_t i = 0; i < node->input_count; i++) {
        const pcl_tensor *in = node->inputs[i];
        if (!in || in->constant || in->bytes != node->outputs[0]->bytes) continue;
        if (state->readers[in->place] == 0 && state->buffers[in->place].last != FOREVER) return in->place;
    }
    return -1;
}

static void place_step(builder *state, pcl_node *node, int32_t now) {
    for (int32_t i = 0; i < node->input_count; i++) {
        const pcl_tensor *in = node->inputs[i];
        if (!in || in->constant) continue;
        state->readers[in->place]--;
        if (state->buffers[in->place].last < now) state->buffers[in->place].last = now;
    }
    int32_t reuse = place_to_reuse(state, node);
    for (int32_t i = 0; i < node->output_count; i++) {
        if (i == 0 && reuse >= 0) share_buffer(state, node->outputs[0], reuse);
        else new_buffer(state, node->outputs[i], now, now);
    }
}

static pcl_status prepare_step(builder *state, pcl_node *node, const pcl_kernels *kernels, int32_t threads) {
    pcl_prepare_context context = {state->graph->error, state->graph->arena, kernels, threads};
    pcl_step *step = &state->program->steps[state->program->step_count++];
    *step = (pcl_step){.op = node->op, .node = node};
    return node->op->prepare ? node->op->prepare(&context, step) : PCL_OK;
}

static bool allocate(builder *state) {
    pcl_graph *graph = state->graph;
    size_t count = (size_t)graph->input_count + (size_t)graph->node_count + 1; /* scratch, norms */
    for (int32_t i = 0; i < graph->node_count; i++) count += (size_t)graph->nodes[i]->output_count;
    state->buffers = pcl_graph_alloc(graph, count, sizeof *state->buffers);
    state->readers = pcl_graph_alloc(graph, count, sizeof *state->readers);
    state->program->steps = pcl_graph_alloc(graph, (size_t)graph->node_count, sizeof *state->program->steps);
    return state->buffers && state->readers && state->program->steps;
}

static pcl_status allocate_block(builder *state, uint8_t **block) {
    int32_t *order = pcl_graph_alloc(state->graph, (size_t)state->buffer_count * 2, sizeof *order);
    size_t total;
    if (!order) return PCL_ERROR_LIMIT;
    if (!pcl_plan(state->buffers, state->buffer_count, order, &total) || !pcl_size_add(total, PCL_ALIGNMENT, &total))
        return pcl_fail(state->graph->error, PCL_ERROR_LIMIT, "the activations do not fit the address space");
    state->program->block_bytes = total; /* the extra bytes are what kernels may read past the last buffer */
    *block = pcl_graph_alloc(state->graph, total, 1);
    return *block ? PCL_OK : PCL_ERROR_LIMIT;
}

static void give_data(const builder *state, pcl_tensor *tensor, uint8_t *block) {
    if (!tensor->constant) tensor->data = block + state->buffers[tensor->place].offset;
}

pcl_status pcl_program_build(pcl_program *program, pcl_graph *graph, const pcl_kernels *kernels, int32_t threads) {
    builder state = {.graph = graph, .program = program};
    uint8_t *block = NULL;
    *program = (pcl_program){0};
    if (!allocate(&state)) return PCL_ERROR_LIMIT;
    /* Inputs stay as the caller left them, so their buffers are never reused. */
    for (int32_t i = 0; i < graph->input_count; i++) new_buffer(&state, graph->inputs[i], 0, FOREVER);
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_node *node = graph->nodes[i];
        if (node->op->view) {
            place_view(&state, node, program->step_count);
            continue;
        }
        place_step(&state, node, program->step_count);
        PCL_TRY_RETURN(prepare_step(&state, node, kernels, threads));
    }
    for (int32_t i = 0; i < graph->output_count; i++)
        if (!graph->outputs[i]->constant) state.buffers[graph->outputs[i]->place].last = FOREVER;

    int32_t first_scratch = state.buffer_count;
    size_t norm_bytes = PCL_ALIGNMENT; /* of all steps and their head in one piece, which callers copy */
    for (int32_t i = 0; i < program->step_count; i++) {
        state.buffers[state.buffer_count++] = (pcl_plan_buffer){program->steps[i].scratch_bytes, i, i, 0};
        if (!pcl_size_add(norm_bytes, program->steps[i].norm_bytes, &norm_bytes)) norm_bytes = SIZE_MAX; /* is refused */
    }
    pcl_plan_buffer *norms = &state.buffers[state.buffer_count++];
    *norms = (pcl_plan_buffer){norm_bytes, 0, FOREVER, 0};
    PCL_TRY_RETURN(allocate_block(&state, &block));
    for (int32_t i = 0; i < graph->input_count; i++) give_data(&state, graph->inputs[i], block);
    for (int32_t i = 0; i < graph->node_count; i++)
        for (int32_t o = 0; o < graph->nodes[i]->output_count; o++) give_data(&state, graph->nodes[i]->outputs[o], block);
    uint8_t *norm = block + norms->offset;
    program->norms = (pcl_norms *)(void *)norm;
    *program->norms = (pcl_norms){0, (uint32_t)norm_bytes};
    norm += PCL_ALIGNMENT;
    for (int32_t i = 0; i < program->step_count; i++) {
        program->steps[i].scratch = block + state.buffers[first_scratch + i].offset;
        program->steps[i].norm = norm;
        norm += program->steps[i].norm_bytes;
    }
    return PCL_OK;
}
