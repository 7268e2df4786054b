/* Pincel's public C interface: a model in, tensors out.
 *
 * A model is opened on the bytes of a .tflite file, which the caller keeps
 * alive and unchanged until pcl_model_close. Opening verifies the file;
 * preparing binds the input shapes, simplifies the graph, plans one arena and
 * packs the weights; running walks a flat list of steps and allocates nothing.
 *
 *     pcl_error error;
 *     pcl_model *model = NULL;
 *     if (pcl_model_open(&model, bytes, size, NULL, &error) != PCL_OK ||
 *         pcl_model_prepare(model, &error) != PCL_OK) { puts(error.message); }
 *     memcpy(pcl_model_input(model, 0)->data, picture, ...);
 *     pcl_model_run(model, &error);
 *     read(pcl_model_output(model, 0)->data);
 *     pcl_model_close(&model);
 *
 * A model is used by one thread at a time; different models are independent.
 * No function prints, exits or aborts. The structs below are read by the
 * JavaScript loader at their wasm32 offsets: js/abi.mjs changes with them, and
 * src/api.c asserts them. */
#ifndef PINCEL_H
#define PINCEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__wasm__)
#define PCL_API __attribute__((visibility("default"), used))
#else
#define PCL_API __attribute__((visibility("default")))
#endif

typedef enum pcl_status {
    PCL_OK = 0,
    PCL_ERROR_ARGUMENT = 1,    /* the caller's argument is out of range */
    PCL_ERROR_FORMAT = 2,      /* the file is malformed or inconsistent */
    PCL_ERROR_UNSUPPORTED = 3, /* well-formed, but beyond this engine */
    PCL_ERROR_SHAPE = 4,       /* shapes do not fit together */
    PCL_ERROR_TYPE = 5,        /* data types or quantisation do not fit together */
    PCL_ERROR_LIMIT = 6,       /* over the limits in pcl_options */
    PCL_ERROR_MEMORY = 7,      /* the system has no more memory */
    PCL_ERROR_PICTURE = 8,     /* an encoded picture is malformed */
    PCL_ERROR_VALUE = 9        /* a value met while running is invalid (an index out of range) */
} pcl_status;

/* What went wrong, where, and what was expected. Strings end in a zero byte;
 * unused ones are empty. */
typedef struct pcl_error {
    int32_t status; /* a pcl_status */
    char message[1020];
    char op[64];
    char tensor[128];
    char expected[128];
    char got[128];
} pcl_error;

typedef enum pcl_dtype {
    PCL_FLOAT32 = 0,
    PCL_FLOAT16 = 1,
    PCL_FLOAT64 = 2,
    PCL_INT8 = 3,
    PCL_UINT8 = 4,
    PCL_INT16 = 5,
    PCL_UINT16 = 6,
    PCL_INT32 = 7,
    PCL_UINT32 = 8,
    PCL_INT64 = 9,
    PCL_UINT64 = 10,
    PCL_BOOL = 11,
    PCL_DTYPE_COUNT = 12
} pcl_dtype;

/* The instruction set whose kernels run. AUTO takes the best in this build. */
typedef enum pcl_isa { PCL_ISA_AUTO = 0, PCL_ISA_SCALAR = 1, PCL_ISA_SIMD128 = 2, PCL_ISA_RELAXED = 3 } pcl_isa;

#define PCL_MAX_RANK 8

/* Zero in any field means its default. */
typedef struct pcl_options {
    uint32_t isa;           /* a pcl_isa */
    uint32_t threads;       /* 1 unless given; more only in builds with threads */
    uint32_t max_mebibytes; /* memory the model may take in all; default 1024 */
    uint32_t max_giga_macs; /* multiply-accumulates one run may take; default 4096 */
} pcl_options;

/* An input or output. `data` is NULL until the model is prepared; it then
 * points at `bytes` bytes in the arena, row-major, valid until the next
 * prepare or close. */
typedef struct pcl_tensor_info {
    const char *name;
    uint32_t dtype; /* a pcl_dtype */
    uint32_t rank;
    int32_t dims[PCL_MAX_RANK]; /* -1 where the file leaves it open */
    uint32_t quantised;         /* 1: real = scale * (value - zero_point) */
    float scale;
    int32_t zero_point;
    void *data;
    size_t bytes;
} pcl_tensor_info;

/* A node of the file (before any pass) or a step of the prepared model. The
 * pixels of `reach` are the input's, those of the output for TRANSPOSE_CONV. */
typedef struct pcl_step_info {
    const char *op;   /* operator, as TFLite spells it */
    const char *name; /* name of its first output */
    uint32_t supported;
    uint32_t rank;
    int32_t dims[PCL_MAX_RANK]; /* of its first output */
    double macs;                /* 0 until prepared */
    int32_t reach;              /* convolutions' steps: how many pixels are read on the farther side of a pixel's own */
} pcl_step_info;

typedef struct pcl_model_info {
    double macs;         /* multiply-accumulates of one run */
    double arena_bytes;  /* activations and scratch */
    double weight_bytes; /* constants and packed weights */
    uint32_t isa;        /* what runs: never AUTO */
    uint32_t threads;
    uint32_t nodes; /* in the file */
    uint32_t steps; /* 0 until prepared */
} pcl_model_info;

/* The head of what the instance normalisations found in the latest run's
 * picture. With frozen = 1 the following runs take that as it is, whatever
 * they are shown: all tiles of a picture then get the colours of one rendering
 * of the whole. It is as long, and means the same, for every picture size: a
 * caller may copy it out, prepare for another size and copy it back, frozen. */
typedef struct pcl_norms {
    uint32_t frozen;
    uint32_t bytes; /* from the head on, with it */
} pcl_norms;

typedef struct pcl_model pcl_model;

/* --- Models -------------------------------------------------------------- */

/* Verifies `size` bytes of a .tflite file and makes *out. options and error
 * may be NULL. On failure *out is NULL. */
PCL_API pcl_status pcl_model_open(pcl_model **out, const void *bytes, size_t size, const pcl_options *options,
                                  pcl_error *error);

/* Overrides the shape of an input before the next prepare; every dimension
 * is positive and the rank is the input's own. */
PCL_API pcl_status pcl_model_set_input_shape(pcl_model *model, uint32_t index, const int32_t *dims, uint32_t rank,
                                             pcl_error *error);

/* Makes the model ready to run. May be called again after
 * pcl_model_set_input_shape; what an earlier prepare made is released. All
 * unsupported operators are reported together, by name and node. */
PCL_API pcl_status pcl_model_prepare(pcl_model *model, pcl_error *error);

PCL_API uint32_t pcl_model_input_count(const pcl_model *model);
PCL_API uint32_t pcl_model_output_count(const pcl_model *model);
/* NULL when index is out of range. */
PCL_API const pcl_tensor_info *pcl_model_input(const pcl_model *model, uint32_t index);
PCL_API const pcl_tensor_info *pcl_model_output(const pcl_model *model, uint32_t index);

/* Runs all steps. Inputs are left as they are. */
PCL_API pcl_status pcl_model_run(pcl_model *model, pcl_error *error);
/* Runs one step, 0 <= step < info.steps; in order, this equals a run. */
PCL_API pcl_status pcl_model_run_step(pcl_model *model, uint32_t step, pcl_error *error);

/* The file's nodes (info.nodes of them) and the prepared steps. The result is
 * valid until the next call with the same model; NULL when out of range. */
PCL_API const pcl_step_info *pcl_model_node(pcl_model *model, uint32_t index);
PCL_API const pcl_step_info *pcl_model_step(pcl_model *model, uint32_t index);
PCL_API const pcl_model_info *pcl_model_get_info(pcl_model *model);

/* Of the prepared model, unfrozen at first; valid until the next prepare or close. */
PCL_API pcl_norms *pcl_model_norms(pcl_model *model);

/* Releases the model and sets *model to NULL. */
PCL_API void pcl_model_close(pcl_model **model);

/* Threaded builds without pthreads (wasm): each helper thread calls this
 * once, with its own stack, 1 <= index < threads; it returns when the model
 * is closed. */
PCL_API void pcl_model_help(pcl_model *model, uint32_t index);

PCL_API const char *pcl_status_name(pcl_status status);
PCL_API const char *pcl_version(void);

/* --- Pictures ------------------------------------------------------------ */

/* 8-bit RGBA, rows top to bottom, width * 4 bytes each, not premultiplied. */
typedef struct pcl_picture {
    uint8_t *pixels; /* malloc'd; pcl_picture_free releases it */
    uint32_t width;
    uint32_t height;
} pcl_picture;

/* Part of a picture, in pixels; may be fractional. */
typedef struct pcl_rect {
    float x, y, width, height;
} pcl_rect;

typedef enum pcl_filter { PCL_FILTER_BILINEAR = 0, PCL_FILTER_BICUBIC = 1 } pcl_filter;

/* How pixel bytes become tensor values: real = (byte - mean) / std, then
 * quantised when the tensor is. */
typedef struct pcl_pixel_format {
    float mean[3]; /* in tensor channel order */
    float std[3];
    uint32_t bgr;     /* 1: channels are blue, green, red */
    uint32_t planar;  /* 1: [1, C, H, W]; 0: [1, H, W, C] */
    uint32_t channels; /* 1 (luma) or 3 */
} pcl_pixel_format;

/* Decodes PNG, JPEG, BMP, GIF (first frame). Over max_pixels: PCL_ERROR_LIMIT. */
PCL_API pcl_status pcl_picture_decode(pcl_picture *out, const void *bytes, size_t size, uint32_t max_pixels,
                                      pcl_error *error);
/* Encodes as PNG into malloc'd memory that the caller frees. */
PCL_API pcl_status pcl_picture_encode_png(uint8_t **out, size_t *out_size, const pcl_picture *picture,
                                          pcl_error *error);
PCL_API void pcl_picture_free(pcl_picture *picture);

/* Resamples `crop` of `in` to out_width x out_height into *out (allocated
 * here). Filters widen with the scale when shrinking (antialias), edges
 * clamp, as Pillow does. */
PCL_API pcl_status pcl_picture_resize(pcl_picture *out, const pcl_picture *in, const pcl_rect *crop,
                                      uint32_t out_width, uint32_t out_height, pcl_filter filter, pcl_error *error);

/* Fills a float32, float16, uint8 or int8 tensor with a picture of exactly the
 * tensor's height and width. */
PCL_API pcl_status pcl_picture_to_tensor(const pcl_picture *in, const pcl_pixel_format *format,
                                         const pcl_tensor_info *tensor, pcl_error *error);
/* The reverse; alpha becomes 255. *out is allocated here. */
PCL_API pcl_status pcl_picture_from_tensor(pcl_picture *out, const pcl_pixel_format *format,
                                           const pcl_tensor_info *tensor, pcl_error *error);

#ifdef __cplusplus
}
#endif
#endif
