/* Einsum: sums of products over the letters that the result does not have. */
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* Labels: a..z, A..Z, and the dimensions of an ellipsis, the last of them first. */
enum { LETTERS = 52, LABELS = LETTERS + PCL_MAX_RANK, MAX_OPERANDS = 8 };

static int32_t label_of(char letter) {
    if (letter >= 'a' && letter <= 'z') return letter - 'a';
    if (letter >= 'A' && letter <= 'Z') return letter - 'A' + 26;
    return -1;
}

typedef struct labels {
    int32_t count, values[PCL_MAX_RANK];
} labels;

typedef struct einsum {
    int32_t loop_rank; /* the result's dimensions, then those that are summed over */
    int32_t kept;
    int32_t sizes[LABELS];
    size_t strides[MAX_OPERANDS][LABELS]; /* [operand][loop dimension], in elements */
} einsum;

static pcl_status refuse(const pcl_infer_context *context, const pcl_node *node) {
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its equation does not fit its inputs");
}

static bool push_label(labels *out, int32_t label) {
    if (out->count == PCL_MAX_RANK) return false;
    out->values[out->count++] = label;
    return true;
}

/* Reads one term up to ',', "->" or the end; an ellipsis stands for `dots` dimensions. */
static bool read_term(const char **text, int32_t dots, labels *out) {
    *out = (labels){0};
    for (; **text && **text != ',' && **text != '-'; ++*text) {
        if (**text == ' ') continue;
        if (strncmp(*text, "...", 3) == 0) {
            for (int32_t i = dots - 1; i >= 0; i--)
                if (!push_label(out, LETTERS + i)) return false;
            *text += 2;
            continue;
        }
        int32_t label = label_of(**text);
        if (label < 0 || !push_label(out, label)) return false;
    }
    return true;
}

static int32_t count_letters(const char *term) {
    int32_t count = 0;
    for (; *term && *term != ',' && *term != '-'; term++) count += label_of(*term) >= 0;
    return count;
}

static bool has_dots(const char *term) {
    for (; *term && *term != ',' && *term != '-'; term++)
        if (*term == '.') return true;
    return false;
}

/* Reads the terms of all inputs, and the greatest number of dimensions that an ellipsis has. */
static bool read_inputs(const pcl_node *node, const char **text, labels *terms, int32_t *dots) {
    *dots = 0;
    for (int32_t i = 0; i < node->input_count; i++) {
        int32_t rank = node->inputs[i]->shape.rank, own = has_dots(*text) ? rank - count_letters(*text) : 0;
        if (own < 0 || !read_term(text, own, &terms[i]) || terms[i].count != rank) return false;
        if (own > *dots) *dots = own;
        bool last = i + 1 == node->input_count;
        if (!last && *(*text)++ != ',') return false;
    }
    return true;
}

/* Without an arrow the result has the ellipsis, then every letter that occurs once, in alphabetical order. */
static bool imply_output(const pcl_node *node, const labels *terms, int32_t dots, labels *out) {
    int32_t uses[LABELS] = {0};
    for (int32_t i = 0; i < node->input_count; i++)
        for (int32_t d = 0; d < terms[i].count; d++) uses[terms[i].values[d]]++;
    *out = (labels){0};
    for (int32_t i = dots - 1; i >= 0; i--)
        if (!push_label(out, LETTERS + i)) return false;
    for (int32_t i = 0; i < LETTERS; i++) {
        int32_t label = (i + LETTERS / 2) % LETTERS; /* capitals come first */
        if (uses[label] == 1 && !push_label(out, label)) return false;
    }
    return true;
}

static bool read_output(const pcl_node *node, const char *text, const labels *terms, int32_t dots, labels *out) {
    if (*text == 0) return imply_output(node, terms, dots, out);
    if (strncmp(text, "->", 2) != 0) return false;
    text += 2;
    return read_term(&text, dots, out) && *text == 0;
}

/* The size of every label; an ellipsis broadcasts. -1: no input has it. */
static bool find_sizes(const pcl_node *node, const labels *terms, int32_t sizes[LABELS]) {
    for (int32_t i = 0; i < LABELS; i++) sizes[i] = -1;
    for (int32_t i = 0; i < node->input_count; i++) {
        for (int32_t d = 0; d < terms[i].count; d++) {
            int32_t *size = &sizes[terms[i].values[d]], own = node->inputs[i]->shape.dims[d];
            bool broadcasts = terms[i].values[d] >= LETTERS && (own == 1 || *size == 1);
            if (*size >= 0 && *size != own && !broadcasts) return false;
            if (*size < 0 || (broadcasts && *size == 1)) *size = own;
        }
    }
    return true;
}

/* Places the labels in loop order and finds every operand's strides. */
static bool arrange(const pcl_node *node, const labels *terms, const labels *out, const int32_t sizes[LABELS],
                    einsum *self) {
    int32_t place[LABELS];
    for (int32_t i = 0; i < LABELS; i++) place[i] = -1;
    *self = (einsum){.kept = out->count};
    for (int32_t d = 0; d < out->count; d++) {
        int32_t label = out->values[d];
        if (sizes[label] < 0 || place[label] >= 0) return false; /* unknown, or named twice */
        place[label] = self->loop_rank;
        self->sizes[self->loop_rank++] = sizes[label];
    }
    for (int32_t label = 0; label < LABELS; label++) {
        if (sizes[label] < 0 || place[label] >= 0) continue;
        place[label] = self->loop_rank;
        self->sizes[self->loop_rank++] = sizes[label];
    }
    for (int32_t i = 0; i < node->input_count; i++) {
        size_t stride = 1;
        for (int32_t d = terms[i].count - 1; d >= 0; d--) {
            int32_t own = node->inputs[i]->shape.dims[d];
            if (own != 1) self->strides[i][place[terms[i].values[d]]] += stride; /* a diagonal adds up */
            stride *= (size_t)own;
        }
    }
    return true;
}

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, einsum *self) {
    const pcl_onnx_einsum_attributes *attributes = node->attributes.tools;
    const char *text = attributes->equation;
    labels terms[MAX_OPERANDS], out;
    int32_t sizes[LABELS], dots;
    if (node->input_count > MAX_OPERANDS)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "it has more than %d inputs", MAX_OPERANDS);
    for (int32_t i = 0; i < node->input_count; i++) {
        if (!node->inputs[i]) return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "input %d is missing", i);
        PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[i], PCL_ONNX_NUMBERS));
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, node->inputs[i], node->inputs[0]->dtype));
    }
    bool fits = read_inputs(node, &text, terms, &dots) && read_output(node, text, terms, dots, &out) &&
                find_sizes(node, terms, sizes) && arrange(node, terms, &out, sizes, self);
    return fits ? PCL_OK : refuse(context, node);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    einsum self;
    pcl_shape shape = {0};
    uint64_t work = (uint64_t)node->input_count;
    PCL_TRY_RETURN(describe(context, node, &self));
    for (int32_t d = 0; d < self.kept; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, self.sizes[d]));
    for (int32_t d = 0; d < self.loop_rank; d++) work = pcl_onnx_work(work, (uint64_t)self.sizes[d]);
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, node->inputs[0]->dtype, &shape));
    node->macs = work;
    return PCL_OK;
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    einsum *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    return describe(&infer_context, step->node, self);
}

/* The product of the operands' elements at a position of the loop, added to a total. */
static void add_product(const einsum *self, const pcl_node *node, const int32_t *position, double *real,
                        uint64_t *integer) {
    pcl_dtype dtype = node->inputs[0]->dtype;
    double real_product = 1.0;
    uint64_t integer_product = 1;
    for (int32_t i = 0; i < node->input_count; i++) {
        size_t at = 0;
        for (int32_t d = 0; d < self->loop_rank; d++) at += (size_t)position[d] * self->strides[i][d];
        const uint8_t *element = (const uint8_t *)node->inputs[i]->data + at * pcl_dtype_size(dtype);
        if (pcl_is_integer(dtype)) {
            int64_t value;
            pcl_load_integers(dtype, element, &value, 1);
            integer_product *= (uint64_t)value;
        } else {
            double value;
            pcl_load_reals(dtype, element, &value, 1);
            real_product *= value;
        }
    }
    *real += real_product;
    *integer += integer_product;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const einsum *self = step->prepared;
    const pcl_tensor *out = step->node->outputs[0];
    int32_t position[LABELS] = {0}, summed = self->loop_rank - self->kept;
    bool empty = false; /* nothing is summed */
    for (int32_t d = self->kept; d < self->loop_rank; d++) empty = empty || self->sizes[d] == 0;
    for (size_t i = 0; i < pcl_tensor_count(out); i++) {
        double real = 0.0;
        uint64_t integer = 0;
        if (!empty)
            do add_product(self, step->node, position, &real, &integer);
            while (pcl_next_index(self->sizes + self->kept, summed, position + self->kept));
        uint8_t *to = (uint8_t *)out->data + i * pcl_dtype_size(out->dtype);
        int64_t total = (int64_t)integer;
        if (pcl_is_integer(out->dtype)) pcl_store_integers(out->dtype, &total, to, 1);
        else pcl_store_reals(out->dtype, &real, to, 1);
        pcl_next_index(self->sizes, self->kept, position);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_einsum = {"Einsum", 1, MAX_OPERANDS, 1, 1, infer, prepare, run, .in_place = false};
