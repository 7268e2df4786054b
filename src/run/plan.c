#include "run/plan.h"

#include "core/arena.h"

/* Heap sort of `order` by falling size, ties by number: the order must not
 * depend on the C library's qsort, or plans would differ between machines. */
static bool comes_before(const pcl_plan_buffer *buffers, int32_t a, int32_t b) {
    if (buffers[a].bytes != buffers[b].bytes) return buffers[a].bytes > buffers[b].bytes;
    return a < b;
}

static void sift_down(const pcl_plan_buffer *buffers, int32_t *order, int32_t root, int32_t count) {
    for (;;) {
        int32_t last = root, left = 2 * root + 1, right = left + 1;
        if (left < count && comes_before(buffers, order[last], order[left])) last = left;
        if (right < count && comes_before(buffers, order[last], order[right])) last = right;
        if (last == root) return;
        int32_t swap = order[root];
        order[root] = order[last];
        order[last] = swap;
        root = last;
    }
}

static void sort_by_size(const pcl_plan_buffer *buffers, int32_t *order, int32_t count) {
    for (int32_t i = 0; i < count; i++) order[i] = i;
    for (int32_t i = count / 2 - 1; i >= 0; i--) sift_down(buffers, order, i, count);
    for (int32_t end = count - 1; end > 0; end--) {
        int32_t swap = order[0];
        order[0] = order[end];
        order[end] = swap;
        sift_down(buffers, order, 0, end);
    }
}

static bool live_together(const pcl_plan_buffer *a, const pcl_plan_buffer *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* Greedy by size (Pisarchyk and Lee 2020, "Efficient memory management for
 * deep neural net inference"): the largest first, each at the lowest gap
 * between those already placed that live at the same time. */
bool pcl_plan(pcl_plan_buffer *buffers, int32_t count, int32_t *order, size_t *total) {
    int32_t *placed = order + count; /* by rising offset */
    sort_by_size(buffers, order, count);
    *total = 0;
    for (int32_t i = 0; i < count; i++) {
        pcl_plan_buffer *buffer = &buffers[order[i]];
        size_t offset = 0, end;
        if (buffer->bytes > SIZE_MAX / 2) return false;
        size_t bytes = pcl_round_up(buffer->bytes, PCL_ALIGNMENT);
        for (int32_t k = 0; k < i; k++) {
            const pcl_plan_buffer *other = &buffers[placed[k]];
            if (!live_together(buffer, other)) continue;
            if (other->offset >= offset && other->offset - offset >= bytes) break;
            size_t other_end = other->offset + pcl_round_up(other->bytes, PCL_ALIGNMENT);
            if (other_end > offset) offset = other_end;
        }
        if (!pcl_size_add(offset, bytes, &end)) return false;
        buffer->offset = offset;
        if (end > *total) *total = end;
        int32_t at = i;
        for (; at > 0 && buffers[placed[at - 1]].offset > offset; at--) placed[at] = placed[at - 1];
        placed[at] = order[i];
    }
    return true;
}
