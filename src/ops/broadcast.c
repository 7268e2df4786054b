#include "ops/broadcast.h"

#include <string.h>

/* True when stepping along `outer` continues where the merged dimension ends, for every operand. */
static bool continues(const pcl_broadcast *broadcast, const size_t (*strides)[PCL_MAX_RANK], int32_t outer) {
    int32_t merged = broadcast->rank - 1;
    for (int32_t i = 0; i < broadcast->operand_count; i++)
        if (strides[i][outer] != broadcast->operands[i].strides[merged] * broadcast->dims[merged]) return false;
    return true;
}

static void merge_dims(pcl_broadcast *broadcast, const pcl_shape *target, const size_t (*strides)[PCL_MAX_RANK]) {
    for (int32_t d = target->rank - 1; d >= 0; d--) {
        if (target->dims[d] == 1) continue;
        if (broadcast->rank > 0 && continues(broadcast, strides, d)) {
            broadcast->dims[broadcast->rank - 1] *= (size_t)target->dims[d];
            continue;
        }
        broadcast->dims[broadcast->rank] = (size_t)target->dims[d];
        for (int32_t i = 0; i < broadcast->operand_count; i++)
            broadcast->operands[i].strides[broadcast->rank] = strides[i][d];
        broadcast->rank++;
    }
    if (broadcast->rank > 0) return;
    broadcast->rank = 1;
    broadcast->dims[0] = 1;
}

static size_t find_period(const pcl_broadcast *broadcast, const pcl_operand *operand) {
    size_t period = 1;
    int32_t d = 0;
    for (; d < broadcast->rank && operand->strides[d] == period; d++) period *= broadcast->dims[d];
    for (; d < broadcast->rank; d++)
        if (operand->strides[d] != 0) return 0;
    return period;
}

/* Whole periods of the longest operand that repeats within a block, so that
 * its repetition is written once and serves every block. */
static size_t block_size(const pcl_broadcast *broadcast) {
    size_t longest = 1;
    for (int32_t i = 0; i < broadcast->operand_count; i++) {
        size_t period = broadcast->operands[i].period;
        if (period <= PCL_BLOCK && period > longest) longest = period;
    }
    return PCL_BLOCK / longest * longest;
}

void pcl_broadcast_open(pcl_broadcast *broadcast, const pcl_shape *target, size_t element, int32_t count,
                        const pcl_shape *const *shapes, const size_t *elements) {
    size_t strides[PCL_MAX_OPERANDS][PCL_MAX_RANK];
    *broadcast = (pcl_broadcast){.element = element, .operand_count = count, .count = 1};
    for (int32_t d = 0; d < target->rank; d++) broadcast->count *= (size_t)target->dims[d];
    for (int32_t i = 0; i < count; i++) pcl_broadcast_strides(shapes[i], target, strides[i]);
    merge_dims(broadcast, target, (const size_t(*)[PCL_MAX_RANK])strides);
    for (int32_t i = 0; i < count; i++) {
        pcl_operand *operand = &broadcast->operands[i];
        operand->element = elements[i];
        operand->period = find_period(broadcast, operand);
    }
    broadcast->block = block_size(broadcast);
}

void pcl_broadcast_tensors(pcl_broadcast *broadcast, const pcl_tensor *out, int32_t count, pcl_tensor *const *inputs) {
    const pcl_shape *shapes[PCL_MAX_OPERANDS];
    size_t elements[PCL_MAX_OPERANDS];
    for (int32_t i = 0; i < count; i++) {
        shapes[i] = &inputs[i]->shape;
        elements[i] = pcl_dtype_size(inputs[i]->dtype);
    }
    pcl_broadcast_open(broadcast, &out->shape, pcl_dtype_size(out->dtype), count, shapes, elements);
}

bool pcl_broadcast_is_plain(const pcl_broadcast *broadcast) {
    for (int32_t i = 0; i < broadcast->operand_count; i++)
        if (broadcast->operands[i].period != broadcast->count) return false;
    return true;
}

/* Writes `bytes` bytes that repeat the first `period` ones, which come from `in`. */
static void repeat(uint8_t *out, const uint8_t *in, size_t period, size_t bytes) {
    size_t done = period < bytes ? period : bytes;
    memcpy(out, in, done);
    while (done < bytes) {
        size_t part = bytes - done < done ? bytes - done : done;
        memcpy(out + done, out, part);
        done += part;
    }
}

/* Collects the operand's elements for results at .. at + count - 1, or says
 * where they already lie side by side. */
static const void *gather(const pcl_broadcast *broadcast, const pcl_operand *operand, const uint8_t *data, size_t at,
                          size_t count, uint8_t *buffer) {
    size_t position[PCL_MAX_RANK], offset = 0; /* offset: of position, in elements */
    if (operand->period == broadcast->count) return data + at * operand->element;
    for (int32_t d = 0; d < broadcast->rank; d++) {
        position[d] = at % broadcast->dims[d];
        at /= broadcast->dims[d];
        offset += position[d] * operand->strides[d];
    }
    size_t length = broadcast->dims[0], step = operand->strides[0];
    if (step == 1 && length - position[0] >= count) return data + offset * operand->element;

    for (size_t done = 0; done < count;) {
        size_t run = length - position[0] < count - done ? length - position[0] : count - done;
        size_t bytes = run * operand->element;
        uint8_t *to = buffer + done * operand->element;
        repeat(to, data + offset * operand->element, step ? bytes : operand->element, bytes);
        done += run;
        offset += run * step;
        position[0] += run;
        for (int32_t d = 0; d + 1 < broadcast->rank && position[d] == broadcast->dims[d]; d++) {
            offset += operand->strides[d + 1] - position[d] * operand->strides[d]; /* wraps, and back */
            position[d] = 0;
            position[d + 1]++;
        }
    }
    return buffer;
}

typedef struct broadcast_task {
    const pcl_broadcast *broadcast;
    pcl_broadcast_work work;
    const void *parameters;
    const void *const *inputs;
    uint8_t *out;
    bool whole;
} broadcast_task;

typedef union block_buffer {
    int64_t align;
    uint8_t bytes[PCL_BLOCK * 8];
} block_buffer;

static bool repeats_in_block(const pcl_broadcast *broadcast, const pcl_operand *operand) {
    return operand->period && broadcast->block % operand->period == 0 && operand->period < broadcast->count;
}

static void run_blocks(const broadcast_task *task, size_t begin, size_t end) {
    const pcl_broadcast *broadcast = task->broadcast;
    block_buffer buffers[PCL_MAX_OPERANDS];
    const void *operands[PCL_MAX_OPERANDS];
    for (int32_t i = 0; i < broadcast->operand_count; i++) {
        const pcl_operand *operand = &broadcast->operands[i];
        operands[i] = buffers[i].bytes;
        if (repeats_in_block(broadcast, operand))
            repeat(buffers[i].bytes, task->inputs[i], operand->period * operand->element,
                   broadcast->block * operand->element);
    }
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < broadcast->block ? end - at : broadcast->block;
        for (int32_t i = 0; i < broadcast->operand_count; i++)
            if (!repeats_in_block(broadcast, &broadcast->operands[i]))
                operands[i] = gather(broadcast, &broadcast->operands[i], task->inputs[i], at, part, buffers[i].bytes);
        task->work(task->parameters, operands, task->out + at * broadcast->element, part);
    }
}

static void run_whole(const broadcast_task *task, size_t begin, size_t end) {
    const pcl_broadcast *broadcast = task->broadcast;
    const void *operands[PCL_MAX_OPERANDS];
    for (int32_t i = 0; i < broadcast->operand_count; i++)
        operands[i] = (const uint8_t *)task->inputs[i] + begin * broadcast->operands[i].element;
    task->work(task->parameters, operands, task->out + begin * broadcast->element, end - begin);
}

static void run_part(void *argument, const pcl_part *part) {
    const broadcast_task *task = argument;
    size_t begin, end;
    pcl_partition(task->broadcast->count, task->broadcast->block, part, &begin, &end);
    if (begin == end) return;
    if (task->whole) run_whole(task, begin, end);
    else run_blocks(task, begin, end);
}

void pcl_broadcast_run(const pcl_broadcast *broadcast, pcl_pool *pool, pcl_broadcast_work work, const void *parameters,
                       bool any_count, const void *const *inputs, void *out) {
    broadcast_task task = {broadcast, work, parameters, inputs, out, any_count && pcl_broadcast_is_plain(broadcast)};
    pcl_pool_run(pool, run_part, &task, pcl_parts_for(broadcast->count));
}
