/* What values a tensor takes on the user's pictures, and the range of 8-bit
 * values chosen from that. */
#ifndef PCL_TOOLS_QUANTISE_STATISTICS_H
#define PCL_TOOLS_QUANTISE_STATISTICS_H

#include "core/tensor.h"

enum { PCL_BINS = 8192 };

/* Over all pictures and pixels, of one index of the last axis. */
typedef struct pcl_channel_statistics {
    double sum, square;
    float low, high;
} pcl_channel_statistics;

typedef struct pcl_statistics {
    uint64_t count;  /* values seen; 0: none yet, and nothing below is set */
    float low, high; /* of the finite ones */
    float reach;     /* the histogram is of [-reach, reach), a power of two that grows as values do */
    uint32_t *bins;  /* [PCL_BINS] */
    int32_t channel_count;
    uint64_t per_channel; /* values seen of each */
    pcl_channel_statistics *channels;
} pcl_statistics;

/* How a range is chosen. AUTO takes, for each tensor, the one of the three
 * whose squared error over the histogram is least. */
typedef enum pcl_range_rule {
    PCL_RANGE_AUTO = 0,
    PCL_RANGE_MIN_MAX = 1,
    PCL_RANGE_PERCENTILE = 2, /* 99.99 % of the values */
    PCL_RANGE_MSE = 3         /* least squared error, by searching */
} pcl_range_rule;

typedef struct pcl_range {
    float low, high; /* low <= 0 <= high */
    pcl_range_rule rule;
} pcl_range;

/* Memory comes from `arena`; false when there is no more. Large tensors are
 * counted in the histogram by every so manyeth value. */
bool pcl_statistics_add(pcl_statistics *statistics, pcl_arena *arena, const float *values, size_t count,
                        int32_t channels);
void pcl_statistics_reset(pcl_statistics *statistics);

pcl_range pcl_choose_range(const pcl_statistics *statistics, pcl_range_rule rule);

/* Scale and zero point of int8 values -128..127 for a range. */
void pcl_range_quantisation(const pcl_range *range, float *scale, int32_t *zero_point);

#endif
