/* The options of TFLite's operators, from attributes to tables: the other
 * way round than model/tflite_ops.c. */
#ifndef PCL_TOOLS_TFLITE_OPTIONS_H
#define PCL_TOOLS_TFLITE_OPTIONS_H

#include "model/graph.h"
#include "tools/tflite/flatbuffer_write.h"

/* An operator of the schema: its code and the table of its options. */
typedef struct pcl_tflite_target {
    int32_t builtin_code;
    uint8_t options_type; /* place in the union BuiltinOptions; 0: none */
    /* NULL when no field matters. */
    void (*set_options)(const pcl_node *node, pcl_table_fields *fields);
} pcl_tflite_target;

/* False when TFLite has no such operator. */
bool pcl_tflite_target_of(const pcl_node *node, pcl_tflite_target *out);

/* TensorType of the schema. */
uint8_t pcl_tflite_type(pcl_dtype dtype);

/* The integers that field 0 of the options holds (RESHAPE, SQUEEZE), else a count of -1. */
int32_t pcl_tflite_option_list(const pcl_node *node, const int32_t **values);

/* The least version of the operator that has what this node uses, or the one
 * the node's file gave where that is greater.
 * Source: tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc */
int32_t pcl_tflite_version(const pcl_node *node);

#endif
