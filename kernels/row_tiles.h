/* How a matrix' rows are cut into the tiles that a GEMM kernel does at once. */
#ifndef PCL_ROW_TILES_H
#define PCL_ROW_TILES_H

#include "simd.h"

/* Computes rows [row, row + rows) by vectors x 4 columns; rows is 12, 6, 5 or 1, each of them code of its own. */
typedef void pcl_row_tile(const void *context, size_t row, int rows, int vectors);

/* Sixes and fives make any number from 20 on, and one row over sixes is done alone. Fewer rows may be done twice: they
 * come out the same. `narrow`: there are no more than four columns. Each height is named once, for each time is a copy
 * of the code. */
PCL_INLINE void pcl_tile_rows(const void *context, size_t row, size_t end, bool narrow, pcl_row_tile *tile) {
    if (narrow) {
        for (; end - row >= 12; row += 12) tile(context, row, 12, 1);
    }
    bool many = end - row > 6;
    size_t fives = (6 - (end - row) % 6) % 6;
    if (fives == 5 || fives * 5 > end - row) fives = 0; /* one row too many is done alone */
    while (row < end) {
        if (many && fives == 0 && end - row < 6 && end - row > 1) row = end - 6;
        if (end - row >= 6 + fives * 5) {
            tile(context, row, 6, 2);
            row += 6;
        } else if (fives > 0) {
            tile(context, row, 5, 2);
            row += 5;
            fives--;
        } else {
            tile(context, row, 1, 2);
            row++;
        }
    }
}

#endif
