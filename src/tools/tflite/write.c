#include "tools/tflite/write.h"

#include <stdlib.h>
#include <string.h>

#include "ops/table.h"
#include "tools/tflite/options.h"

/* Slots are the fields' places in the tables of TensorFlow's schema.fbs. */

enum { FILE_VERSION = 3, LARGEST_OLD_CODE = 127, DATA_ALIGNMENT = 16 };

/* Where a vector of zero points is wanted that are all zero: those of one
 * length are one vector, written behind all who share it. */
typedef struct zero_link {
    size_t at, length;
} zero_link;

typedef struct emitter {
    pcl_writer out;
    pcl_graph *graph;
    const pcl_tflite_extra *extra;
    pcl_tensor **tensors; /* [tensor_count]; a tensor's number is its `place` */
    int32_t tensor_count;
    pcl_tflite_target *targets; /* [node_count] */
    int32_t *op_codes;          /* [node_count]: the first node with the same operator and version */
    int32_t *numbers;           /* room for the tensor numbers of one list */
    zero_link *zeroes;          /* [tensor_count] */
    int32_t zero_count;
} emitter;

/* --- What there is to write ------------------------------------------------------ */

static void number_tensor(emitter *self, pcl_tensor *tensor) {
    if (!tensor || tensor->place >= 0) return;
    tensor->place = self->tensor_count;
    self->tensors[self->tensor_count++] = tensor;
}

static void forget_numbers(pcl_tensor **tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (tensors[i]) tensors[i]->place = -1;
}

static bool collect_tensors(emitter *self) {
    pcl_graph *graph = self->graph;
    size_t most = (size_t)graph->input_count + (size_t)graph->output_count, longest = most;
    forget_numbers(graph->inputs, graph->input_count);
    forget_numbers(graph->outputs, graph->output_count);
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        size_t ends = (size_t)node->input_count + (size_t)node->output_count;
        most += ends;
        if (ends > longest) longest = ends;
        forget_numbers(node->inputs, node->input_count);
        forget_numbers(node->outputs, node->output_count);
    }
    self->tensors = pcl_graph_alloc(graph, most, sizeof *self->tensors);
    self->numbers = pcl_graph_alloc(graph, longest, sizeof *self->numbers);
    self->zeroes = pcl_graph_alloc(graph, most, sizeof *self->zeroes);
    if (!self->tensors || !self->numbers || !self->zeroes) return false;
    for (int32_t i = 0; i < graph->input_count; i++) number_tensor(self, graph->inputs[i]);
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++) number_tensor(self, node->inputs[i]);
        for (int32_t i = 0; i < node->output_count; i++) number_tensor(self, node->outputs[i]);
    }
    for (int32_t i = 0; i < graph->output_count; i++) number_tensor(self, graph->outputs[i]);
    return true;
}

static bool same_code(const emitter *self, int32_t a, int32_t b) {
    return self->targets[a].builtin_code == self->targets[b].builtin_code &&
           pcl_tflite_version(self->graph->nodes[a]) == pcl_tflite_version(self->graph->nodes[b]);
}

static pcl_status find_op_codes(emitter *self) {
    pcl_graph *graph = self->graph;
    char list[900];
    size_t used = 0;
    int32_t missing = 0;
    self->targets = pcl_graph_alloc(graph, (size_t)graph->node_count, sizeof *self->targets);
    self->op_codes = pcl_graph_alloc(graph, (size_t)graph->node_count, sizeof *self->op_codes);
    if (!self->targets || !self->op_codes) return PCL_ERROR_LIMIT;
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        if (!pcl_tflite_target_of(node, &self->targets[n])) {
            pcl_format(list + used, sizeof list - used, "%s%s ('%s')", missing++ ? ", " : "", node->op_name, node->name);
            used += strlen(list + used);
            continue;
        }
        int32_t first = 0;
        while (!same_code(self, first, n)) first++;
        self->op_codes[n] = first;
    }
    if (!missing) return PCL_OK;
    return pcl_fail(graph->error, PCL_ERROR_UNSUPPORTED, "%d nodes have no counterpart in TFLite: %s", missing, list);
}

/* --- Parts of the file -------------------------------------------------------------- */

static size_t write_numbers(emitter *self, pcl_tensor *const *tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++) self->numbers[i] = tensors[i] ? tensors[i]->place : -1;
    return pcl_write_vector(&self->out, self->numbers, (size_t)count, sizeof(int32_t), 4);
}

static size_t write_dims(emitter *self, const pcl_shape *shape) {
    return pcl_write_vector(&self->out, shape->dims, (size_t)shape->rank, sizeof(int32_t), 4);
}

/* The graph does not keep the scales of a bias: they are its node's. */
static const pcl_node *node_of_bias(const emitter *self, const pcl_tensor *tensor, int32_t input) {
    for (int32_t n = 0; n < self->graph->node_count; n++) {
        const pcl_node *node = self->graph->nodes[n];
        bool has_bias = node->op == &pcl_op_conv_2d || node->op == &pcl_op_depthwise_conv_2d ||
                        node->op == &pcl_op_fully_connected || node->op == &pcl_op_transpose_conv;
        if (has_bias && input < node->input_count && node->inputs[input] == tensor) return node;
    }
    return NULL;
}

static pcl_status bias_quantization(emitter *self, const pcl_tensor *bias, pcl_quantization *out) {
    const pcl_node *node = node_of_bias(self, bias, 2);
    if (!node || node->op == &pcl_op_transpose_conv) node = node_of_bias(self, bias, 3);
    if (!node) return PCL_OK;
    const pcl_tensor *x = node->inputs[node->op == &pcl_op_transpose_conv ? 2 : 0];
    const pcl_quantization *weights = &node->inputs[1]->quantization;
    if (x->quantization.count != 1 || weights->count == 0) return PCL_OK;
    size_t count = (size_t)weights->count;
    *out = (pcl_quantization){.count = weights->count};
    out->scales = pcl_graph_alloc(self->graph, count, sizeof(float));
    out->zero_points = pcl_graph_alloc(self->graph, count, sizeof(int32_t));
    if (!out->scales || !out->zero_points) return PCL_ERROR_LIMIT;
    for (size_t i = 0; i < count; i++) out->scales[i] = x->quantization.scales[0] * weights->scales[i];
    return PCL_OK;
}

static bool is_all_zero(const pcl_quantization *quantization) {
    for (int32_t i = 0; i < quantization->count; i++)
        if (quantization->zero_points[i] != 0) return false;
    return true;
}

static void write_zeroes(emitter *self) {
    for (int32_t i = 0; i < self->zero_count; i++) {
        size_t length = self->zeroes[i].length;
        if (length == 0) continue; /* linked with an earlier one */
        size_t vector = pcl_write_vector(&self->out, NULL, length, sizeof(int64_t), 8);
        for (int32_t k = i; k < self->zero_count; k++) {
            if (self->zeroes[k].length != length) continue;
            pcl_write_link(&self->out, self->zeroes[k].at, vector);
            self->zeroes[k].length = 0;
        }
    }
}

static void write_quantization(emitter *self, size_t link, const pcl_quantization *quantization) {
    pcl_writer *out = &self->out;
    pcl_table_fields fields = {0};
    size_t count = (size_t)quantization->count;
    pcl_set_offset(&fields, 2);
    pcl_set_offset(&fields, 3);
    pcl_set_i32(&fields, 6, quantization->axis);
    pcl_write_link(out, link, pcl_write_table(out, &fields));
    pcl_write_link(out, fields.at[2], pcl_write_vector(out, quantization->scales, count, sizeof(float), 4));
    if (is_all_zero(quantization)) {
        self->zeroes[self->zero_count++] = (zero_link){fields.at[3], count};
        return;
    }
    size_t zero_points = pcl_write_vector(out, NULL, count, sizeof(int64_t), 8);
    for (size_t i = 0; i < count && !out->failed; i++) {
        int64_t wide = quantization->zero_points[i];
        memcpy(out->data + zero_points + 4 + 8 * i, &wide, sizeof wide);
    }
    pcl_write_link(out, fields.at[3], zero_points);
}

static bool differs_beyond_batch(const pcl_shape *a, const pcl_shape *b) {
    for (int32_t d = 1; d < a->rank; d++)
        if (a->dims[d] != b->dims[d]) return true;
    return false;
}

/* The shape with the dimensions that the file leaves open, of inputs that
 * have any. An open batch alone is closed: LiteRT.js takes no such file, and
 * one picture is what everybody gives. */
static const pcl_shape *signature_of(const emitter *self, const pcl_tensor *tensor) {
    for (int32_t i = 0; self->extra->signatures && i < self->graph->input_count; i++) {
        const pcl_shape *signature = &self->extra->signatures[i];
        if (self->graph->inputs[i] == tensor && differs_beyond_batch(signature, &tensor->shape)) return signature;
    }
    return NULL;
}

static pcl_status write_tensor(emitter *self, size_t link, const pcl_tensor *tensor, int32_t buffer) {
    pcl_writer *out = &self->out;
    pcl_quantization quantization = tensor->quantization;
    const pcl_shape *signature = signature_of(self, tensor);
    if (tensor->dtype == PCL_INT32 && tensor->constant) PCL_TRY_RETURN(bias_quantization(self, tensor, &quantization));
    pcl_table_fields fields = {0};
    pcl_set_offset(&fields, 0);
    pcl_set_u8(&fields, 1, pcl_tflite_type(tensor->dtype));
    pcl_set_i32(&fields, 2, buffer);
    pcl_set_offset(&fields, 3);
    if (quantization.count) pcl_set_offset(&fields, 4);
    if (signature) pcl_set_offset(&fields, 7);
    pcl_set_u8(&fields, 8, 1); /* has_rank */
    pcl_write_link(out, link, pcl_write_table(out, &fields));
    pcl_write_link(out, fields.at[0], write_dims(self, &tensor->shape));
    pcl_write_link(out, fields.at[3], pcl_write_string(out, tensor->name));
    if (quantization.count) write_quantization(self, fields.at[4], &quantization);
    if (signature) pcl_write_link(out, fields.at[7], write_dims(self, signature));
    return PCL_OK;
}

static void write_options(emitter *self, size_t link, const pcl_node *node, const pcl_tflite_target *target) {
    pcl_table_fields fields = {0};
    const int32_t *values;
    if (target->set_options) target->set_options(node, &fields);
    pcl_write_link(&self->out, link, pcl_write_table(&self->out, &fields));
    int32_t count = pcl_tflite_option_list(node, &values);
    if (count < 0) return;
    pcl_write_link(&self->out, fields.at[0], pcl_write_vector(&self->out, values, (size_t)count, sizeof *values, 4));
}

/* Operators in the file's list of those that are used: the first of each kind, in order. */
static int32_t op_code_index(const emitter *self, int32_t n) {
    int32_t index = 0;
    for (int32_t i = 0; i < self->op_codes[n]; i++) index += self->op_codes[i] == i;
    return index;
}

static void write_node(emitter *self, size_t link, int32_t n) {
    pcl_writer *out = &self->out;
    const pcl_node *node = self->graph->nodes[n];
    const pcl_tflite_target *target = &self->targets[n];
    pcl_table_fields fields = {0};
    pcl_set_i32(&fields, 0, op_code_index(self, n));
    pcl_set_offset(&fields, 1);
    pcl_set_offset(&fields, 2);
    if (target->options_type) {
        pcl_set_u8(&fields, 3, target->options_type);
        pcl_set_offset(&fields, 4);
    }
    pcl_write_link(out, link, pcl_write_table(out, &fields));
    pcl_write_link(out, fields.at[1], write_numbers(self, node->inputs, node->input_count));
    pcl_write_link(out, fields.at[2], write_numbers(self, node->outputs, node->output_count));
    if (target->options_type) write_options(self, fields.at[4], node, target);
}

static void write_op_codes(emitter *self, size_t link) {
    pcl_writer *out = &self->out;
    size_t count = 0, index = 0;
    for (int32_t n = 0; n < self->graph->node_count; n++) count += self->op_codes[n] == n;
    size_t vector = pcl_write_vector(out, NULL, count, 4, 4);
    pcl_write_link(out, link, vector);
    for (int32_t n = 0; n < self->graph->node_count; n++) {
        if (self->op_codes[n] != n) continue;
        int32_t code = self->targets[n].builtin_code;
        pcl_table_fields fields = {0};
        pcl_set_u8(&fields, 0, (uint8_t)(code > LARGEST_OLD_CODE ? LARGEST_OLD_CODE : code));
        pcl_set_i32(&fields, 2, pcl_tflite_version(self->graph->nodes[n]));
        pcl_set_i32(&fields, 3, code);
        pcl_write_link(out, pcl_vector_element(vector, index++), pcl_write_table(out, &fields));
    }
}

/* Buffer 0 is empty; then the constants in the order of the tensors, then the metadata. */
static pcl_status write_subgraph(emitter *self, size_t link) {
    pcl_writer *out = &self->out;
    pcl_graph *graph = self->graph;
    pcl_table_fields fields = {0};
    int32_t buffer = 0;
    for (int slot = 0; slot < 5; slot++) pcl_set_offset(&fields, slot);
    size_t subgraphs = pcl_write_vector(out, NULL, 1, 4, 4);
    pcl_write_link(out, link, subgraphs);
    pcl_write_link(out, pcl_vector_element(subgraphs, 0), pcl_write_table(out, &fields));
    size_t tensors = pcl_write_vector(out, NULL, (size_t)self->tensor_count, 4, 4);
    pcl_write_link(out, fields.at[0], tensors);
    for (int32_t i = 0; i < self->tensor_count; i++) {
        if (self->tensors[i]->constant) buffer++;
        PCL_TRY_RETURN(write_tensor(self, pcl_vector_element(tensors, (size_t)i), self->tensors[i],
                                    self->tensors[i]->constant ? buffer : 0));
    }
    write_zeroes(self);
    pcl_write_link(out, fields.at[1], write_numbers(self, graph->inputs, graph->input_count));
    pcl_write_link(out, fields.at[2], write_numbers(self, graph->outputs, graph->output_count));
    size_t nodes = pcl_write_vector(out, NULL, (size_t)graph->node_count, 4, 4);
    pcl_write_link(out, fields.at[3], nodes);
    for (int32_t n = 0; n < graph->node_count; n++) write_node(self, pcl_vector_element(nodes, (size_t)n), n);
    pcl_write_link(out, fields.at[4], pcl_write_string(out, "main"));
    return PCL_OK;
}

static void write_buffer(emitter *self, size_t link, const void *bytes, size_t size) {
    pcl_writer *out = &self->out;
    pcl_table_fields fields = {0};
    if (size) pcl_set_offset(&fields, 0);
    pcl_write_link(out, link, pcl_write_table(out, &fields));
    if (size) pcl_write_link(out, fields.at[0], pcl_write_vector(out, bytes, size, 1, DATA_ALIGNMENT));
}

static size_t constant_count(const emitter *self) {
    size_t count = 0;
    for (int32_t i = 0; i < self->tensor_count; i++) count += self->tensors[i]->constant;
    return count;
}

static void write_buffers(emitter *self, size_t link) {
    pcl_bytes metadata = self->extra->metadata;
    size_t count = 1 + constant_count(self), index = 0;
    size_t vector = pcl_write_vector(&self->out, NULL, count + (metadata.size > 0), 4, 4);
    pcl_write_link(&self->out, link, vector);
    write_buffer(self, pcl_vector_element(vector, index++), NULL, 0);
    for (int32_t i = 0; i < self->tensor_count; i++)
        if (self->tensors[i]->constant)
            write_buffer(self, pcl_vector_element(vector, index++), self->tensors[i]->data, self->tensors[i]->bytes);
    if (metadata.size) write_buffer(self, pcl_vector_element(vector, index), metadata.data, metadata.size);
}

static void write_metadata(emitter *self, size_t link) {
    pcl_writer *out = &self->out;
    pcl_table_fields fields = {0};
    pcl_set_offset(&fields, 0);
    pcl_set_i32(&fields, 1, (int32_t)constant_count(self) + 1);
    size_t vector = pcl_write_vector(out, NULL, 1, 4, 4);
    pcl_write_link(out, link, vector);
    pcl_write_link(out, pcl_vector_element(vector, 0), pcl_write_table(out, &fields));
    pcl_write_link(out, fields.at[0], pcl_write_string(out, "TFLITE_METADATA"));
}

static pcl_status write_model(emitter *self) {
    pcl_writer *out = &self->out;
    bool has_metadata = self->extra->metadata.size > 0;
    pcl_table_fields fields = {0};
    pcl_set_i32(&fields, 0, FILE_VERSION);
    for (int slot = 1; slot <= 4; slot++) pcl_set_offset(&fields, slot);
    if (has_metadata) pcl_set_offset(&fields, 6);
    pcl_write_header(out, "TFL3");
    pcl_write_link(out, 0, pcl_write_table(out, &fields));
    write_op_codes(self, fields.at[1]);
    PCL_TRY_RETURN(write_subgraph(self, fields.at[2]));
    const char *description = self->extra->description;
    pcl_write_link(out, fields.at[3], pcl_write_string(out, description ? description : "Pincel"));
    if (has_metadata) write_metadata(self, fields.at[6]);
    write_buffers(self, fields.at[4]);
    if (out->failed) return pcl_fail(self->graph->error, PCL_ERROR_MEMORY, "no memory for the .tflite file");
    return PCL_OK;
}

pcl_status pcl_tflite_write(pcl_graph *graph, const pcl_tflite_extra *extra, uint8_t **out, size_t *out_size) {
    static const pcl_tflite_extra nothing;
    emitter self = {.graph = graph, .extra = extra ? extra : &nothing};
    pcl_status status = PCL_OK;
    *out = NULL;
    *out_size = 0;
    if (!collect_tensors(&self)) return PCL_ERROR_LIMIT;
    PCL_TRY(find_op_codes(&self));
    PCL_TRY(write_model(&self));
    *out = self.out.data;
    *out_size = self.out.size;
    return PCL_OK;
done:
    free(self.out.data);
    return status;
}
