/* Operators that are not supported, and what people usually do about them. */
#ifndef PCL_TOOLS_ONNX_REMEDIES_H
#define PCL_TOOLS_ONNX_REMEDIES_H

#include "tools/onnx/onnx_file.h"

/* PCL_OK, or PCL_ERROR_UNSUPPORTED with all nodes whose operator is missing,
 * and the remedies that are known for them. */
pcl_status pcl_onnx_check_supported(const pcl_onnx_file *file);

#endif
