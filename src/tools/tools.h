/* What pincel-tools.wasm has besides src/pincel.h: any model the engine
 * reads, .onnx too, written as .tflite, as it is or smaller.
 *
 *     pcl_converter *converter = NULL;
 *     pcl_converter_open(&converter, bytes, size, NULL, &error);
 *     pcl_converter_prepare(converter, &error);
 *     for each picture:
 *         memcpy(pcl_converter_input(converter, 0)->data, picture, ...);
 *         pcl_converter_observe(converter, &error);
 *     pcl_converter_write(converter, &options, &file, &file_size, &error);
 *     pcl_converter_close(&converter);
 *
 * The bytes stay the caller's, unchanged until pcl_converter_close. Rules as
 * in src/pincel.h: nothing prints or exits, errors are values. The structs are
 * read by js/tools.mjs at their wasm32 offsets, which src/tools/converter.c
 * asserts. */
#ifndef PINCEL_TOOLS_H
#define PINCEL_TOOLS_H

#include "pincel.h"

typedef enum pcl_mode {
    PCL_MODE_AS_IS = 0,        /* .tflite files node by node; .onnx files in float32, or in int8 when they are quantised */
    PCL_MODE_FLOAT16 = 1,      /* weights in half precision */
    PCL_MODE_INT8_WEIGHTS = 2, /* weights int8, arithmetic float */
    PCL_MODE_INT8 = 3          /* weights and activations int8; observe first */
} pcl_mode;

typedef struct pcl_write_options {
    uint32_t mode;          /* a pcl_mode */
    uint32_t range;         /* how ranges are chosen: 0 for each tensor the best, 1 min-max, 2 99.99 %, 3 least squares */
    uint32_t float_inputs;  /* INT8: inputs stay float32 */
    uint32_t float_outputs; /* INT8: pictures come out as float32 */
    const void *metadata;   /* a TFLITE_METADATA flatbuffer, may be NULL */
    size_t metadata_bytes;
} pcl_write_options;

/* What becomes of a layer in INT8 mode. */
typedef enum pcl_layer_form {
    PCL_LAYER_INT8 = 0,
    PCL_LAYER_FLOAT = 1,  /* it stays as it is */
    PCL_LAYER_WIDENED = 2 /* it multiplies int8 by int8 and gives float32: its output's error is what norms enlarge */
} pcl_layer_form;

/* A convolution or fully connected layer of the model. */
typedef struct pcl_layer_info {
    const char *op;
    const char *name;    /* of its output */
    double macs;
    uint32_t weights;    /* elements */
    uint32_t form;       /* a pcl_layer_form, as pcl_converter_set_form left it */
    uint32_t may_widen;  /* whether PCL_LAYER_WIDENED would make a difference */
} pcl_layer_info;

/* A float activation and what was chosen for it. */
typedef struct pcl_activation_info {
    const char *name;
    float low, high;               /* seen */
    float chosen_low, chosen_high; /* written */
    uint32_t rule;                 /* 1 min-max, 2 99.99 %, 3 least squares */
} pcl_activation_info;

typedef struct pcl_converter pcl_converter;

/* Checks the file. On failure *out is NULL. */
PCL_API pcl_status pcl_converter_open(pcl_converter **out, const void *bytes, size_t size, const pcl_options *options,
                                      pcl_error *error);
/* Overrides the shape of an input, as the file lays it out, before prepare. */
PCL_API pcl_status pcl_converter_set_input_shape(pcl_converter *converter, uint32_t index, const int32_t *dims,
                                                 uint32_t rank, pcl_error *error);
/* Needed for every mode but AS_IS of a .tflite file: simplifies the float
 * model and makes it ready to be observed. Pictures that the file wants with
 * channels first are from here on read and written with channels last.
 * Models that are quantised already can only be written AS_IS; .tflite files
 * of int8 do not need this, and get PCL_ERROR_TYPE. */
PCL_API pcl_status pcl_converter_prepare(pcl_converter *converter, pcl_error *error);

PCL_API uint32_t pcl_converter_input_count(const pcl_converter *converter);
PCL_API uint32_t pcl_converter_output_count(const pcl_converter *converter);
/* NULL when out of range or not prepared. Outputs hold what the last observe computed. */
PCL_API const pcl_tensor_info *pcl_converter_input(pcl_converter *converter, uint32_t index);
PCL_API const pcl_tensor_info *pcl_converter_output(pcl_converter *converter, uint32_t index);

/* Runs the float model on what the inputs hold and adds every activation to
 * the statistics. */
PCL_API pcl_status pcl_converter_observe(pcl_converter *converter, pcl_error *error);
/* How many windows of each layer an observe looks at, to round the weights by
 * what they multiply (0, as it is to begin with: to the nearest). */
PCL_API void pcl_converter_set_windows(pcl_converter *converter, uint32_t windows);
/* The values that input `index` can take, where more is known than was seen:
 * the normalised range of a picture's bytes. And those of output `index` that
 * matter: what is shown of a painting. Forgotten by prepare. */
PCL_API pcl_status pcl_converter_set_input_range(pcl_converter *converter, uint32_t index, float low, float high,
                                                 pcl_error *error);
PCL_API pcl_status pcl_converter_set_output_range(pcl_converter *converter, uint32_t index, float low, float high,
                                                  pcl_error *error);
/* Equalises channels by what was observed so far, makes shifted inputs exact
 * in bytes, forgets what was observed and prepares again: inputs move, and
 * everything is to be observed anew. *layers: how many changed. */
PCL_API pcl_status pcl_converter_equalise(pcl_converter *converter, uint32_t *layers, pcl_error *error);

PCL_API uint32_t pcl_converter_layer_count(const pcl_converter *converter);
PCL_API const pcl_layer_info *pcl_converter_layer(pcl_converter *converter, uint32_t index);
/* PCL_LAYER_WIDENED is as PCL_LAYER_INT8 for layers that may not be widened. */
PCL_API pcl_status pcl_converter_set_form(pcl_converter *converter, uint32_t layer, uint32_t form, pcl_error *error);

PCL_API uint32_t pcl_converter_activation_count(const pcl_converter *converter);
/* NULL when out of range or nothing was observed. */
PCL_API const pcl_activation_info *pcl_converter_activation(pcl_converter *converter, uint32_t index, uint32_t range);

/* Writes the file into malloc'd memory that the caller frees. May be called
 * any number of times. What has no counterpart in TFLite is reported
 * together, as PCL_ERROR_UNSUPPORTED. */
PCL_API pcl_status pcl_converter_write(pcl_converter *converter, const pcl_write_options *options, uint8_t **out,
                                       size_t *out_size, pcl_error *error);

/* Releases the converter and sets *converter to NULL. */
PCL_API void pcl_converter_close(pcl_converter **converter);

#endif
