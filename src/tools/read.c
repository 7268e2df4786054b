/* In place of model/read.c: .onnx files as well as .tflite. */
#include "model/read.h"

#include "model/tflite_read.h"
#include "tools/onnx/onnx_read.h"

static bool is_tflite(pcl_bytes file) { return file.size >= 8 && memcmp(file.data + 4, "TFL3", 4) == 0; }

pcl_status pcl_model_describe(pcl_bytes file, pcl_graph *graph, pcl_shape *signatures, int32_t capacity) {
    if (is_tflite(file) || !pcl_onnx_recognise(file)) return pcl_tflite_read(file, graph, signatures, capacity);
    return pcl_onnx_describe(file, graph, signatures, capacity);
}

pcl_status pcl_model_read(pcl_bytes file, pcl_graph *graph, const pcl_shape *shapes, const pcl_kernels *kernels,
                          double max_work) {
    if (is_tflite(file) || !pcl_onnx_recognise(file)) return pcl_tflite_read(file, graph, NULL, 0);
    return pcl_onnx_read(file, graph, shapes, kernels, max_work);
}
