/* TFLite's operators: builtin code, name, newest version understood, and how
 * their options become attributes. */
#ifndef PCL_MODEL_TFLITE_OPS_H
#define PCL_MODEL_TFLITE_OPS_H

#include "model/flatbuffer.h"
#include "model/graph.h"

typedef struct pcl_tflite_op {
    const char *name; /* NULL: no such code */
    int32_t max_version; /* 0: the engine has no such operator */
    /* NULL when there are no options that matter */
    void (*read_options)(pcl_flatbuffer *buffer, pcl_table options, pcl_attributes *attributes);
} pcl_tflite_op;

/* Always a valid pointer; name is NULL for codes unknown to this version. */
const pcl_tflite_op *pcl_tflite_op_by_code(int32_t builtin_code);

#endif
