/* Places for buffers that live at different times in one block of memory. It
 * knows no tensors: only sizes and times. */
#ifndef PCL_RUN_PLAN_H
#define PCL_RUN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pcl_plan_buffer {
    size_t bytes;
    int32_t first, last; /* steps during which it holds data, both included */
    size_t offset;       /* the result: a multiple of PCL_ALIGNMENT */
} pcl_plan_buffer;

/* Sets every offset so that buffers whose times overlap do not overlap in
 * memory; *total gets the size of the block. `order` is scratch for 2 * count
 * numbers. False when the total overflows size_t. */
bool pcl_plan(pcl_plan_buffer *buffers, int32_t count, int32_t *order, size_t *total);

#endif
