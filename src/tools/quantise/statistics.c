#include "tools/quantise/statistics.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { HISTOGRAM_VALUES = 1 << 16, LEVELS = 255 };

/* --- Collecting -------------------------------------------------------------------- */

/* Twice the reach: two bins become one. */
static void widen(pcl_statistics *self) {
    uint32_t *bins = self->bins;
    uint32_t merged[PCL_BINS / 2];
    for (size_t i = 0; i < PCL_BINS / 2; i++) merged[i] = bins[2 * i] + bins[2 * i + 1];
    memset(bins, 0, PCL_BINS * sizeof *bins);
    memcpy(bins + PCL_BINS / 4, merged, sizeof merged);
    self->reach *= 2.0f;
}

static float power_above(float value) {
    float reach = 0x1p-60f;
    while (reach <= value && reach < 0x1p100f) reach *= 2.0f;
    return reach;
}

static bool start(pcl_statistics *self, pcl_arena *arena, int32_t channels) {
    if (!self->bins) {
        self->bins = pcl_arena_alloc_array(arena, PCL_BINS, sizeof *self->bins);
        self->channels = pcl_arena_alloc_array(arena, (size_t)channels, sizeof *self->channels);
        if (!self->bins || !self->channels) return false;
    }
    self->channel_count = channels;
    self->low = self->high = 0.0f;
    self->reach = 0.0f;
    for (int32_t c = 0; c < channels; c++)
        self->channels[c] = (pcl_channel_statistics){.low = FLT_MAX, .high = -FLT_MAX};
    return true;
}

void pcl_statistics_reset(pcl_statistics *self) {
    self->count = self->per_channel = 0;
    if (self->bins) memset(self->bins, 0, PCL_BINS * sizeof *self->bins);
}

static void add_channels(pcl_statistics *self, const float *values, size_t count) {
    size_t channels = (size_t)self->channel_count;
    for (size_t i = 0; i < count; i++) {
        pcl_channel_statistics *channel = &self->channels[i % channels];
        float value = values[i];
        if (!isfinite(value)) continue;
        channel->sum += (double)value;
        channel->square += (double)value * (double)value;
        if (value < channel->low) channel->low = value;
        if (value > channel->high) channel->high = value;
    }
    self->per_channel += count / channels;
    for (size_t c = 0; c < channels; c++) {
        if (self->channels[c].low < self->low) self->low = self->channels[c].low;
        if (self->channels[c].high > self->high) self->high = self->channels[c].high;
    }
}

static void add_histogram(pcl_statistics *self, const float *values, size_t count) {
    float largest = fmaxf(-self->low, self->high);
    if (self->reach == 0.0f) self->reach = power_above(largest);
    while (self->reach <= largest && self->reach < 0x1p100f) widen(self);
    size_t step = count / HISTOGRAM_VALUES + 1;
    float per_unit = (float)(PCL_BINS / 2) / self->reach;
    for (size_t i = 0; i < count; i += step) {
        if (!isfinite(values[i])) continue;
        float place = floorf(values[i] * per_unit) + (float)(PCL_BINS / 2);
        place = fminf(fmaxf(place, 0.0f), (float)(PCL_BINS - 1));
        self->bins[(size_t)place]++;
    }
}

bool pcl_statistics_add(pcl_statistics *self, pcl_arena *arena, const float *values, size_t count, int32_t channels) {
    if (count == 0) return true;
    if (self->count == 0 && !start(self, arena, channels)) return false;
    self->count += count;
    add_channels(self, values, count);
    add_histogram(self, values, count);
    return true;
}

/* --- Choosing ------------------------------------------------------------------------ */

static float bin_center(const pcl_statistics *self, size_t bin) {
    return ((float)bin + 0.5f - (float)(PCL_BINS / 2)) * (self->reach / (float)(PCL_BINS / 2));
}

/* Of clipping and rounding, summed over the histogram. */
static double squared_error(const pcl_statistics *self, float low, float high) {
    double step = ((double)high - (double)low) / LEVELS, rounding = step * step / 12.0, error = 0.0;
    for (size_t bin = 0; bin < PCL_BINS; bin++) {
        if (self->bins[bin] == 0) continue;
        double value = (double)bin_center(self, bin);
        double beyond = value < (double)low ? (double)low - value : value > (double)high ? value - (double)high : 0.0;
        error += self->bins[bin] * (beyond > 0.0 ? beyond * beyond : rounding);
    }
    return error;
}

static pcl_range percentile(const pcl_statistics *self) {
    uint64_t total = 0, below = 0, above = 0;
    for (size_t bin = 0; bin < PCL_BINS; bin++) total += self->bins[bin];
    uint64_t outside = total / 20000; /* 0.005 % on either side */
    size_t first = 0, last = PCL_BINS - 1;
    while (first < last && below + self->bins[first] <= outside) below += self->bins[first++];
    while (last > first && above + self->bins[last] <= outside) above += self->bins[last--];
    pcl_range range = {fmaxf(self->low, fminf(0.0f, bin_center(self, first))),
                       fminf(self->high, fmaxf(0.0f, bin_center(self, last))), PCL_RANGE_PERCENTILE};
    return range;
}

/* Both ends are drawn in together, then each alone. */
static pcl_range least_error(const pcl_statistics *self) {
    pcl_range best = {self->low, self->high, PCL_RANGE_MSE};
    double least = squared_error(self, best.low, best.high);
    for (int round = 0; round < 3; round++) {
        pcl_range from = best;
        for (int step = 1; step < 40; step++) {
            float factor = 1.0f - 0.02f * (float)step;
            pcl_range tried = from;
            if (round != 2) tried.low *= factor;
            if (round != 1) tried.high *= factor;
            if (tried.high - tried.low <= 0.0f) continue;
            double error = squared_error(self, tried.low, tried.high);
            if (error >= least) continue;
            least = error;
            best = tried;
        }
    }
    return best;
}

pcl_range pcl_choose_range(const pcl_statistics *self, pcl_range_rule rule) {
    pcl_range min_max = {self->low, self->high, PCL_RANGE_MIN_MAX};
    if (self->count == 0 || self->high - self->low <= 0.0f) return (pcl_range){0.0f, 0.0f, PCL_RANGE_MIN_MAX};
    if (rule == PCL_RANGE_MIN_MAX) return min_max;
    if (rule == PCL_RANGE_PERCENTILE) return percentile(self);
    if (rule == PCL_RANGE_MSE) return least_error(self);
    pcl_range all[] = {min_max, percentile(self), least_error(self)}, best = min_max;
    double least = squared_error(self, best.low, best.high);
    for (size_t i = 1; i < sizeof all / sizeof *all; i++) {
        double error = squared_error(self, all[i].low, all[i].high);
        if (error < least) least = error, best = all[i];
    }
    return best;
}

void pcl_range_quantisation(const pcl_range *range, float *scale, int32_t *zero_point) {
    float span = range->high - range->low;
    if (!(span > 1e-30f) || !isfinite(span)) span = 1.0f; /* a tensor that is always zero */
    *scale = span / (float)LEVELS;
    float zero = -128.0f - fminf(range->low, 0.0f) / *scale;
    *zero_point = (int32_t)fminf(fmaxf(roundf(zero), -128.0f), 127.0f);
}
