/* INSTANCE_NORM against its formula in double precision, in all four
 * combinations of float and quantised input and output. */
#include "conv_reference.h"

#define EPSILON 1e-3f

typedef struct norm_case {
    int32_t batch, height, width, channels;
    float offset, spread; /* of float inputs */
    pcl_activation activation;
} norm_case;

static const norm_case cases[] = {
    {1, 5, 7, 3, 0, 1, PCL_ACTIVATION_NONE},
    {2, 33, 31, 19, 3, 2, PCL_ACTIVATION_RELU},
    {1, 60, 61, 32, 0, 100, PCL_ACTIVATION_NONE},
    {1, 30, 30, 8, 1000, 0.5f, PCL_ACTIVATION_NONE}, /* a mean far larger than the deviation */
    {1, 1, 1, 5, 2, 1, PCL_ACTIVATION_NONE},         /* no variance at all */
    {1, 2, 3, 2500, 0, 1, PCL_ACTIVATION_RELU6},     /* more channels than a tile */
};

static pcl_tensor *make_input(op_harness *harness, const norm_case *c, bool quantised) {
    int32_t dims[4] = {c->batch, c->height, c->width, c->channels};
    pcl_tensor *x = make_activation(harness, quantised ? QUANTISED : FLOATS, dims, INPUT_SCALE, INPUT_ZERO);
    float *values = x->data;
    for (size_t i = 0; !quantised && i < pcl_tensor_count(x); i++) values[i] = c->offset + c->spread * values[i];
    return x;
}

/* Normalised reals: [batch][pixels][channels]; and the greatest factor of all channels. */
static float *normalise(const norm_case *c, const pcl_tensor *x, const float *gamma, const float *beta, double *greatest) {
    size_t channels = (size_t)c->channels, pixels = (size_t)(c->height * c->width);
    double unit = x->dtype == PCL_UINT8 ? (double)INPUT_SCALE : 1.0;
    float *expected = malloc(pcl_tensor_count(x) * sizeof *expected);
    for (size_t n = 0; n < (size_t)c->batch; n++)
        for (size_t ch = 0; ch < channels; ch++) {
            size_t first = n * pixels * channels + ch;
            double mean = 0, variance = 0;
            for (size_t p = 0; p < pixels; p++) mean += unit * value_at(x, first + p * channels);
            mean /= (double)pixels;
            for (size_t p = 0; p < pixels; p++) variance += pow(unit * value_at(x, first + p * channels) - mean, 2);
            double factor = gamma[ch] / sqrt(variance / (double)pixels + (double)EPSILON);
            *greatest = fmax(*greatest, fabs(factor));
            for (size_t p = 0; p < pixels; p++) {
                double value = (unit * value_at(x, first + p * channels) - mean) * factor + beta[ch];
                expected[first + p * channels] = (float)clamp_real(value, c->activation);
            }
        }
    return expected;
}

/* Largest distance in quanta of the output from the reals, less the half that rounding may take. */
static double worst_quanta(const pcl_tensor *out, const float *expected) {
    double worst = 0;
    for (size_t i = 0; i < pcl_tensor_count(out); i++) {
        double exact = fmin(fmax((double)expected[i] / OUTPUT_SCALE + OUTPUT_ZERO, 0), 255);
        worst = fmax(worst, fabs(((const uint8_t *)out->data)[i] - exact) - 0.5);
    }
    return worst;
}

static pcl_status run_norm(op_harness *harness, const norm_case *c, pcl_tensor **inputs, pcl_tensor **output) {
    pcl_attributes attributes = {.instance_norm = {EPSILON, c->activation}};
    return op_run(harness, &pcl_op_instance_norm, &attributes, inputs, 3, output, 1);
}

static void run_case(const norm_case *c, bool from_u8, bool to_u8, pcl_isa isa, pcl_pool *pool) {
    op_harness harness;
    op_harness_open(&harness);
    harness.isa = isa;
    random_state = 13;
    float *gamma = random_reals((size_t)c->channels), *beta = random_reals((size_t)c->channels);
    pcl_tensor *inputs[3] = {make_input(&harness, c, from_u8),
                             op_tensor(&harness, PCL_FLOAT32, DIMS(1, 1, 1, c->channels), gamma, false),
                             op_tensor(&harness, PCL_FLOAT32, DIMS(c->channels), beta, true)};
    pcl_tensor *outputs[2];
    for (int i = 0; i < 2; i++) {
        outputs[i] = to_u8 ? op_output(&harness, PCL_UINT8, OUTPUT_SCALE, OUTPUT_ZERO)
                           : op_output(&harness, PCL_FLOAT32, 0, 0);
        harness.pool = i ? pool : NULL;
        CHECK(run_norm(&harness, c, inputs, &outputs[i]) == PCL_OK);
    }
    double factor = 0, tolerance = 2e-5 + 2e-6 * fabs((double)c->offset / (double)c->spread) / sqrt((double)EPSILON);
    float *expected = normalise(c, inputs[0], gamma, beta, &factor);
    if (from_u8 && to_u8) /* as pcl_affine_u8_prepare allows */
        CHECK(worst_quanta(outputs[0], expected) < fmax(0.0125, 0.025 * factor * INPUT_SCALE / OUTPUT_SCALE));
    else if (to_u8) CHECK(worst_quanta(outputs[0], expected) < tolerance / OUTPUT_SCALE);
    else CHECK(op_float_error(outputs[0], expected) < tolerance);
    CHECK(memcmp(outputs[0]->data, outputs[1]->data, outputs[0]->bytes) == 0); /* one thread or three */
    free(expected);
    free(gamma);
    free(beta);
    op_harness_close(&harness);
}

/* 100 and 101 in turns lie a standard deviation from their mean, 100 quanta of the output, were it not for the limit. */
static void test_limit(void) {
    op_harness harness;
    op_harness_open(&harness);
    uint8_t values[64];
    for (int i = 0; i < 64; i++) values[i] = (uint8_t)(100 + i % 2);
    float one = 1, zero = 0;
    pcl_tensor *inputs[3] = {op_quantised(&harness, PCL_UINT8, DIMS(1, 8, 8, 1), values, false, 1, 0),
                             op_tensor(&harness, PCL_FLOAT32, DIMS(1), &one, false),
                             op_tensor(&harness, PCL_FLOAT32, DIMS(1), &zero, false)};
    pcl_tensor *output = op_output(&harness, PCL_UINT8, 0.01f, 128);
    norm_case c = {.activation = PCL_ACTIVATION_NONE};
    CHECK(run_norm(&harness, &c, inputs, &output) == PCL_OK);
    for (int i = 0; i < 64; i++)
        CHECK(fabs(((const uint8_t *)output->data)[i] - (128 + (double)PCL_AFFINE_U8_MOST * (i % 2 - 0.5))) <= 1);
    op_harness_close(&harness);
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    norm_case c = cases[0];
    float factors[4] = {1, 1, 1, 1};
    pcl_tensor *x = make_input(&harness, &c, false), *output = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *three = op_tensor(&harness, PCL_FLOAT32, DIMS(3), factors, false);
    pcl_tensor *four = op_tensor(&harness, PCL_FLOAT32, DIMS(4), factors, false);
    pcl_tensor *flat = op_tensor(&harness, PCL_FLOAT32, DIMS(1, 3), factors, false);
    CHECK(run_norm(&harness, &c, (pcl_tensor *[]){x, three, three}, &output) == PCL_OK);
    CHECK(run_norm(&harness, &c, (pcl_tensor *[]){x, three, four}, &output) == PCL_ERROR_SHAPE);
    CHECK(run_norm(&harness, &c, (pcl_tensor *[]){flat, three, three}, &output) == PCL_ERROR_SHAPE);
    x->dtype = PCL_UINT8; /* not quantised */
    CHECK(run_norm(&harness, &c, (pcl_tensor *[]){x, three, three}, &output) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

int main(void) {
    pcl_pool *pool = NULL;
    CHECK(pcl_pool_open(&pool, 3, NULL) == PCL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (pcl_isa isa = PCL_ISA_SCALAR; isa <= PCL_ISA_RELAXED; isa++)
            for (int form = 0; form < 4 && pcl_isa_available(isa); form++)
                run_case(&cases[i], form & 1, form & 2, isa, pool);
    pcl_pool_close(&pool);
    test_limit();
    test_refusals();
    return test_failures != 0;
}
