#include "model/read.h"

#include "model/tflite_read.h"

pcl_status pcl_model_describe(pcl_bytes file, pcl_graph *graph, pcl_shape *signatures, int32_t capacity) {
    return pcl_tflite_read(file, graph, signatures, capacity);
}

pcl_status pcl_model_read(pcl_bytes file, pcl_graph *graph, const pcl_shape *shapes, const pcl_kernels *kernels,
                          double max_work) {
    (void)shapes, (void)kernels, (void)max_work;
    return pcl_tflite_read(file, graph, NULL, 0);
}
