/* What a caller allows a model: memory, and work in one run. */
#ifndef PCL_CORE_LIMITS_H
#define PCL_CORE_LIMITS_H

#include "pincel.h"

enum { PCL_DEFAULT_MEBIBYTES = 1024, PCL_DEFAULT_GIGA_MACS = 4096 };

/* Afterwards neither limit is 0. */
static inline void pcl_complete_limits(pcl_options *options) {
    if (options->max_mebibytes == 0) options->max_mebibytes = PCL_DEFAULT_MEBIBYTES;
    if (options->max_giga_macs == 0) options->max_giga_macs = PCL_DEFAULT_GIGA_MACS;
}

static inline size_t pcl_byte_limit(const pcl_options *options) {
    uint64_t bytes = (uint64_t)options->max_mebibytes << 20;
    return bytes > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)bytes;
}

/* Multiply-accumulates. */
static inline double pcl_max_work(const pcl_options *options) { return (double)options->max_giga_macs * 1e9; }

#endif
