/* What an .onnx file says, before anything is made of it: nodes, and a table
 * of the values that they read and write by name.
 * Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 */
#ifndef PCL_TOOLS_ONNX_FILE_H
#define PCL_TOOLS_ONNX_FILE_H

#include "model/graph.h"
#include "tools/onnx/protobuf.h"

/* A value of the file, in one or both layouts:
 *     plain           as the file has it: [batch, channels, spatial...]
 *     channels last   [batch, spatial..., channels], of rank 3 and up
 * None of both: not computed yet. */
typedef struct pcl_value {
    pcl_text name;
    const char *label; /* the name, shortened, ended by a zero byte */
    pcl_tensor *plain, *channels_last;
    int32_t reads; /* by nodes, and by the graph's outputs */
    bool half;     /* float16 in the file; float32 here */
} pcl_value;

typedef struct pcl_onnx_node {
    pcl_text type, domain;
    const char *label;   /* the type (with a foreign domain before it), ended by a zero byte */
    pcl_value **inputs;  /* NULL where left out */
    pcl_value **outputs; /* NULL where left out */
    int32_t input_count, output_count;
    pcl_bytes body; /* the NodeProto; read again for its attributes */
} pcl_onnx_node;

/* An input or output of the graph. */
typedef struct pcl_onnx_port {
    pcl_value *value;
    pcl_dtype dtype; /* PCL_DTYPE_COUNT: not said, or none that is supported */
    bool has_shape;
    pcl_shape shape; /* -1 where open */
} pcl_onnx_port;

typedef struct pcl_onnx_initializer {
    pcl_value *value;
    pcl_bytes body; /* the TensorProto */
} pcl_onnx_initializer;

/* Another file that initialisers point into. The loader appends such files to
 * the model's bytes as fields PCL_ONNX_ATTACHMENT of ModelProto, which the
 * format does not use: { 1: name, 2: contents }. */
enum { PCL_ONNX_ATTACHMENT = 1000 };

typedef struct pcl_onnx_attachment {
    pcl_text name;
    pcl_bytes contents;
} pcl_onnx_attachment;

typedef struct pcl_onnx_file {
    pcl_graph *graph; /* whose arena everything lies in */
    int32_t opset;    /* of the standard's own operators */
    pcl_onnx_node *nodes;
    int32_t node_count;
    pcl_onnx_initializer *initializers;
    int32_t initializer_count;
    pcl_onnx_port *inputs, *outputs; /* inputs: those without initialiser */
    int32_t input_count, output_count;
    pcl_onnx_attachment *attachments;
    int32_t attachment_count;
    struct pcl_value_table *table; /* shared with the graphs inside of nodes */
} pcl_onnx_file;

/* True when the bytes are a ModelProto with a graph. */
bool pcl_onnx_recognise(pcl_bytes bytes);

/* Reads everything but the tensors' data. Errors go to graph->error. */
pcl_status pcl_onnx_file_read(pcl_onnx_file *file, pcl_graph *graph, pcl_bytes bytes);

/* Reads a graph inside of a node of `outer`, whose values it sees. */
pcl_status pcl_onnx_subgraph_read(pcl_onnx_file *file, const pcl_onnx_file *outer, pcl_bytes body);

/* The type that a number of TensorProto.DataType stands for. */
pcl_dtype pcl_onnx_dtype(uint64_t type);

/* Makes a constant of a TensorProto. Reals of 16 bits become float32 and
 * *half true. `label` names it in errors and must live as long as the graph. */
pcl_status pcl_onnx_read_tensor(const pcl_onnx_file *file, pcl_bytes body, const char *label, pcl_tensor **out,
                                bool *half);

/* A copy of a text that ends in zero and is short enough to print; NULL when memory is exhausted. */
const char *pcl_onnx_label(pcl_graph *graph, pcl_text text);

#endif
