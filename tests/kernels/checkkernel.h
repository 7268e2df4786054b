/* What the kernel tests share, in checkasm's way: every available table runs
 * against the scalar one on random and extreme data in guarded buffers.
 * With --bench a test prints nanoseconds instead, and the ratio to scalar. */
#ifndef CHECKKERNEL_H
#define CHECKKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* A table and, for relaxed ones, the machine it believes to run on. */
typedef struct check_target {
    const char *name;
    const pcl_kernels *kernels;
} check_target;

/* Makes target `index` current; false when there is no such target. Number 0 is scalar. */
bool check_select(int index, check_target *target);

/* Pseudo-random numbers, the same on every run. */
uint32_t check_random(void);
size_t check_random_size(size_t low, size_t high); /* low..high */
float check_random_float(float low, float high);

/* Bytes of a kind: random, or all one extreme. */
#define CHECK_FILLS 5
void check_fill(uint8_t *bytes, size_t count, int kind); /* 0, 1: random; 2: 0; 3: 255; 4: 128 */
void check_fill_floats(float *values, size_t count, float low, float high);

/* Makes the requantisation one that saturates: scales too great for sums of a bias and `depth` products become less. */
void check_saturate(pcl_requantization *to, float *scale, const int32_t *bias, size_t channels, size_t depth);

/* Input of exactly `bytes` bytes and the 15 that may be read past it, which hold garbage; its address is
 * `misalignment` past a multiple of 16. Released by check_release. */
void *check_input(size_t bytes, size_t misalignment);
/* Output with guards on both sides; check_output_intact tells whether they still stand. */
void *check_output(size_t bytes, size_t misalignment);
bool check_output_intact(const void *output);
/* Writes garbage over the output again. */
void check_output_reset(void *output);
/* Releases everything that check_input and check_output gave. */
void check_release(void);

/* Counts a check; prints the message and counts a failure when it does not hold. */
bool check_that(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Compares bytes, reporting the first difference. */
bool check_bytes(const void *expected, const void *got, size_t count, const char *what);
/* Compares floats: bit for bit when tolerance is 0, else |difference| <= tolerance * max(1, |expected|); NaN equals NaN. */
bool check_floats(const float *expected, const float *got, size_t count, float tolerance, const char *what);

/* Calls `run` often and returns the least nanoseconds of one call. */
double check_time(void (*run)(void *argument), void *argument);

/* A test is a function that checks everything and one that prints timings. */
int check_main(int argc, char **argv, void (*test)(void), void (*bench)(void));

#endif
