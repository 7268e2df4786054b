/* Errors as values: fill a pcl_error, return its status. */
#ifndef PCL_CORE_STATUS_H
#define PCL_CORE_STATUS_H

#include <stdarg.h>

#include "pincel.h"

/* Sets status and message and clears the other fields; returns status.
 * error may be NULL. The format knows %s %d %u %lld %zu and %%. */
pcl_status pcl_fail(pcl_error *error, pcl_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Formats into a buffer of `capacity` bytes, always ended by a zero byte. */
void pcl_format(char *buffer, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

void pcl_format_list(char *buffer, size_t capacity, const char *format, va_list arguments);

/* Leaves the function through its one cleanup label when a call fails. */
#define PCL_TRY(call)                      \
    do {                                   \
        status = (call);                   \
        if (status != PCL_OK) goto done;   \
    } while (0)

/* The same where there is nothing to clean. */
#define PCL_TRY_RETURN(call)                       \
    do {                                           \
        pcl_status status_ = (call);               \
        if (status_ != PCL_OK) return status_;     \
    } while (0)

#endif
