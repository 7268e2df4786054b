/* From the nodes of an .onnx file to nodes of the engine. Each is translated
 * when the shapes of all its inputs are known, and inferred at once; what is
 * constant is evaluated on the way, so that shapes computed from shapes are
 * known too.
 *
 * Layouts: the engine's picture operators want channels last. A value is
 * turned over when somebody first asks for it in the layout it does not have,
 * and then kept in both; operators that work in any layout take the one that
 * their inputs have. So turning over is left only where the layout really
 * changes.
 *
 * Errors stick: after the first one every function here returns at once, NULL
 * where it returns a tensor, and takes NULL for tensors; in->status says which
 * it was. Translators need not look before their end. */
#ifndef PCL_TOOLS_ONNX_IMPORTER_H
#define PCL_TOOLS_ONNX_IMPORTER_H

#include "ops/table.h"
#include "passes/passes.h"
#include "tools/onnx/onnx_file.h"
#include "tools/ops/table.h"

typedef struct pcl_importer {
    pcl_onnx_file file;
    pcl_graph *graph;
    const pcl_kernels *kernels;
    pcl_work work;
    pcl_status status;
    int32_t depth;    /* of graphs inside of nodes */
    bool rebound;     /* inputs have other sizes than the file says */
    pcl_node current; /* stands for the node of the file in messages */
} pcl_importer;

typedef enum pcl_layout { PCL_PLAIN, PCL_CHANNELS_LAST } pcl_layout;

typedef void (*pcl_translate)(pcl_importer *in, const pcl_onnx_node *node);

/* Translates the nodes of a graph inside of a node. */
void pcl_import_subgraph(pcl_importer *in, const pcl_onnx_file *graph);

/* NULL: there is no such operator. */
pcl_translate pcl_onnx_translator(const pcl_onnx_node *node);

/* --- Failing ------------------------------------------------------------------ */

void pcl_import_fail(pcl_importer *in, pcl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Fails when the node has fewer inputs, or the first of them are left out. */
bool pcl_import_needs(pcl_importer *in, const pcl_onnx_node *node, int32_t inputs);

/* --- Making nodes -------------------------------------------------------------- */

/* A node with one output of this type (which infer may change); attributes may
 * be NULL. Returns the output. NULL among the inputs is one left out. */
pcl_tensor *pcl_import_emit(pcl_importer *in, const pcl_op *op, pcl_dtype dtype, const pcl_attributes *attributes,
                            int32_t input_count, pcl_tensor *const *inputs);
pcl_tensor *pcl_import_unary(pcl_importer *in, const pcl_op *op, pcl_tensor *x);
pcl_tensor *pcl_import_binary(pcl_importer *in, const pcl_op *op, pcl_tensor *a, pcl_tensor *b);
/* As many outputs as asked for, of the type of the first input. */
bool pcl_import_emit_many(pcl_importer *in, const pcl_op *op, const pcl_attributes *attributes, int32_t input_count,
                          pcl_tensor *const *inputs, int32_t output_count, pcl_tensor **outputs);

pcl_tensor *pcl_import_reshape(pcl_importer *in, pcl_tensor *x, const pcl_shape *shape);
pcl_tensor *pcl_import_transpose(pcl_importer *in, pcl_tensor *x, const int32_t *axes);
pcl_tensor *pcl_import_cast(pcl_importer *in, pcl_tensor *x, pcl_dtype dtype);

/* Constants; the data is copied. */
pcl_tensor *pcl_import_constant(pcl_importer *in, pcl_dtype dtype, const pcl_shape *shape, const void *data);
pcl_tensor *pcl_import_integers(pcl_importer *in, const int32_t *values, int32_t count);
pcl_tensor *pcl_import_scalar(pcl_importer *in, float value);

/* Reads a constant of at most `capacity` integers; fails when it is not constant. */
bool pcl_import_read(pcl_importer *in, pcl_tensor *tensor, int32_t *out, int32_t capacity, int32_t *count);
/* Negative axes count from the end. */
bool pcl_import_axis(pcl_importer *in, int32_t *axis, int32_t rank);

/* Zeroed memory for attributes in the graph's arena; never NULL unless the status says so. */
void *pcl_import_alloc(pcl_importer *in, size_t count, size_t size);

/* --- Values ---------------------------------------------------------------------- */

/* NULL where left out. */
pcl_value *pcl_import_input(const pcl_onnx_node *node, int32_t index);
bool pcl_import_wants(const pcl_onnx_node *node, int32_t output); /* somebody reads it */
/* Shape as the file has it, and type. */
pcl_shape pcl_import_shape(const pcl_value *value);
pcl_dtype pcl_import_dtype(const pcl_value *value);
bool pcl_import_is_constant(const pcl_value *value);

pcl_tensor *pcl_import_plain(pcl_importer *in, pcl_value *value);
pcl_tensor *pcl_import_channels_last(pcl_importer *in, pcl_value *value); /* rank 3 and up */
/* The input in plain layout; NULL where left out. */
pcl_tensor *pcl_import_plain_input(pcl_importer *in, const pcl_onnx_node *node, int32_t index);

/* The layout in which nothing has to be turned over for an operator that works in any. */
pcl_layout pcl_import_layout(const pcl_onnx_node *node, int32_t input_count);
/* An operand of rank `rank`, or one that broadcasts to it, in a layout. */
pcl_tensor *pcl_import_operand(pcl_importer *in, pcl_value *value, int32_t rank, pcl_layout layout);
/* Where an axis of the plain layout lies in `layout`. */
int32_t pcl_import_moved_axis(int32_t axis, int32_t rank, pcl_layout layout);
pcl_shape pcl_import_moved_shape(const pcl_shape *plain, pcl_layout layout);

/* Says what an output is. */
void pcl_import_set(pcl_importer *in, const pcl_onnx_node *node, int32_t output, pcl_tensor *tensor, pcl_layout layout);
/* The output is the input by another name. */
void pcl_import_alias(pcl_importer *in, const pcl_onnx_node *node, int32_t output, pcl_value *value);

/* Nodes of an ONNX operator of tools/ops/table.h, plain inputs and outputs.
 * attributes: one of tools/ops/attributes.h, in the graph's arena, or NULL. */
void pcl_import_generic(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, const void *attributes);
/* The same with the inputs given. */
void pcl_import_generic_from(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, const void *attributes,
                             int32_t input_count, pcl_tensor *const *inputs);

/* --- Attributes ------------------------------------------------------------------- */

bool pcl_attribute_exists(const pcl_onnx_node *node, const char *name);
int32_t pcl_attribute_int(const pcl_onnx_node *node, const char *name, int32_t fallback); /* clamped to int32 */
float pcl_attribute_float(const pcl_onnx_node *node, const char *name, float fallback);
pcl_text pcl_attribute_text(const pcl_onnx_node *node, const char *name, const char *fallback);
/* Which of the words, a list ended by NULL, the attribute is; `fallback`
 * where it is left out. Fails for other words. */
int32_t pcl_attribute_word(pcl_importer *in, const pcl_onnx_node *node, const char *name, const char *const *words,
                           int32_t fallback);
/* Fails when there are more than the list can hold. */
pcl_onnx_list pcl_attribute_list(pcl_importer *in, const pcl_onnx_node *node, const char *name);
/* A constant int64 vector made of a list of integers; NULL where left out. */
pcl_tensor *pcl_attribute_integers(pcl_importer *in, const pcl_onnx_node *node, const char *name);
pcl_tensor *pcl_attribute_floats(pcl_importer *in, const pcl_onnx_node *node, const char *name);
/* The TensorProto or GraphProto of an attribute; size 0 where left out. */
pcl_bytes pcl_attribute_tensor(const pcl_onnx_node *node, const char *name);
pcl_bytes pcl_attribute_graph(const pcl_onnx_node *node, const char *name);

#endif
