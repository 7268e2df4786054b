#include "core/status.h"

#include <string.h>

typedef struct writer {
    char *at;
    char *end; /* the byte kept for the closing zero */
} writer;

static void put_char(writer *out, char c) {
    if (out->at < out->end) *out->at++ = c;
}

static void put_string(writer *out, const char *text) {
    for (text = text ? text : "(null)"; *text; text++) put_char(out, *text);
}

static void put_unsigned(writer *out, unsigned long long value) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) put_char(out, digits[--count]);
}

static void put_signed(writer *out, long long value) {
    if (value < 0) put_char(out, '-');
    put_unsigned(out, value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value);
}

/* A printf of our own, because libc's brings floating point and locales,
 * several kilobytes that nothing else here needs. */
void pcl_format_list(char *buffer, size_t capacity, const char *format, va_list arguments) {
    if (capacity == 0) return;
    writer out = {buffer, buffer + capacity - 1};
    for (; *format; format++) {
        if (*format != '%') {
            put_char(&out, *format);
            continue;
        }
        format++;
        if (*format == 's') put_string(&out, va_arg(arguments, const char *));
        else if (*format == 'd') put_signed(&out, va_arg(arguments, int));
        else if (*format == 'u') put_unsigned(&out, va_arg(arguments, unsigned));
        else if (*format == 'z') put_unsigned(&out, va_arg(arguments, size_t)), format++;
        else if (*format == 'l') put_signed(&out, va_arg(arguments, long long)), format += 2;
        else if (*format == '%') put_char(&out, '%');
        else break;
    }
    *out.at = 0;
}

void pcl_format(char *buffer, size_t capacity, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    pcl_format_list(buffer, capacity, format, arguments);
    va_end(arguments);
}

pcl_status pcl_fail(pcl_error *error, pcl_status status, const char *format, ...) {
    if (error) {
        memset(error, 0, sizeof *error);
        error->status = (int32_t)status;
        va_list arguments;
        va_start(arguments, format);
        pcl_format_list(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

const char *pcl_status_name(pcl_status status) {
    static const char *const names[] = {"ok",    "argument", "format", "unsupported", "shape",
                                        "type",  "limit",    "memory", "picture",     "value"};
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
