/* gemm_pairs against the scalar gemm_u8, bit for bit, over weights of every size: those that fit in octets, those that
 * go into quads, and those of which several are needed. */
#include "gemm_u8_layer.h"

static void pack_pairs(layer *of, const pcl_kernels *kernels) {
    size_t columns = of->task.columns, depth = of->task.depth;
    pcl_pairs *pairs = check_input((columns + 3) / 4 * sizeof *pairs, 0);
    of->task.packed = pairs;
    for (size_t n = 0; n < columns; n += 4, pairs++) {
        const int8_t *weights = of->weights + n * depth;
        size_t width = columns - n < 4 ? columns - n : 4;
        size_t bytes = kernels->pack_pairs(pairs, NULL, weights, width, depth, of->task.weight_zero_point);
        void *space = check_output(bytes, 4);
        kernels->pack_pairs(pairs, space, weights, width, depth, of->task.weight_zero_point);
        check_that(check_output_intact(space), "pack_pairs wrote outside of its %zu bytes", bytes);
    }
}

static void test_shape(size_t rows, size_t columns, size_t depth, int fill) {
    layer of = make_layer(rows, columns, depth, fill, check_random_size(0, 6), true);
    size_t bytes = (rows - 1) * of.task.out_stride + columns;
    check_target target;
    check_select(0, &target);
    target.kernels->gemm_u8(&of.task);
    uint8_t *expected = check_input(bytes, 0);
    memcpy(expected, of.task.out, bytes);
    for (int t = 1; check_select(t, &target); t++) {
        if (!target.kernels->gemm_pairs) continue;
        pack_pairs(&of, target.kernels);
        check_output_reset(of.task.out);
        target.kernels->gemm_pairs(&of.task);
        char what[128];
        snprintf(what, sizeof what, "gemm_pairs, %zux%zux%zu", rows, columns, depth);
        check_bytes(expected, of.task.out, bytes, what); /* and the gaps between rows as they were */
        check_that(check_output_intact(of.task.out), "%s: wrote outside", what);
    }
    check_release();
}

/* A pair that fits alone and one that does not, of either sign, in the last of the columns. */
static void test_counts(void) {
    static const struct {
        int8_t weights[16];
        int32_t zero_point;
        size_t octets, quads;
    } cases[] = {
        {{64, 63, 0, 0, 0, 0, 0, 0, -64, -64, -128}, 0, 2, 0},
        {{64, 63, 0, 0, 1, 0, 0, 0, 127, -128, 0, 0, -128, 127}, 0, 0, 4},
        {{64, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -65, -64}, 0, 0, 4},
        {{127, 127, 0, 0, 0, 0, 0, 0, 1}, 0, 1, 3},                /* 63 + 63 + 1 */
        {{127, 127, 127, 127, 127, 127, 127, 127}, -128, 0, 16}, /* 255 = 4 * 63 + 3, 128 = 2 * 63 + 2 */
        {{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, 5, 0, 0},
    };
    check_target target;
    for (int t = 1; check_select(t, &target); t++) {
        if (!target.kernels->pack_pairs) continue;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            pcl_pairs pairs;
            size_t bytes = target.kernels->pack_pairs(&pairs, NULL, cases[i].weights, 1, 16, cases[i].zero_point);
            check_that(pairs.octets == cases[i].octets && pairs.quads == cases[i].quads,
                       "pack_pairs, case %zu: %zu octets, %zu quads", i, pairs.octets, pairs.quads);
            check_that(bytes == pairs.octets * 36 + pairs.quads * 20, "pack_pairs, case %zu: %zu bytes", i, bytes);
        }
    }
}

static void test(void) {
    test_counts();
    for (size_t rows = 1; rows <= 21; rows++) {
        for (size_t columns = 1; columns <= 10; columns++) {
            test_shape(rows, columns, check_random_size(1, 40), (int)check_random_size(0, CHECK_FILLS - 1));
        }
    }
    for (size_t depth = 1; depth <= 34; depth++) test_shape(11, 9, depth, 3);
    test_shape(230, 17, 33, 1); /* several blocks of rows */
    test_shape(27, 20, 3000, 3);
    for (int i = 0; i < 400; i++) {
        test_shape(check_random_size(1, 40), check_random_size(1, 20), check_random_size(1, 100), i % CHECK_FILLS);
    }
}

typedef struct call {
    void (*kernel)(const pcl_gemm_u8 *task);
    const pcl_gemm_u8 *task;
} call;

static void run(void *argument) {
    const call *to = argument;
    to->kernel(to->task);
}

static void bench(void) {
    static const size_t shapes[][3] = {{784, 96, 16}, {784, 24, 96}, {196, 384, 64}, {196, 64, 384}, {49, 160, 960}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        layer of = make_layer(shapes[s][0], shapes[s][1], shapes[s][2], 0, 3, true);
        of.task.weight_zero_point = 0;
        double scalar = 0, macs = (double)(shapes[s][0] * shapes[s][1] * shapes[s][2]);
        check_target target;
        for (int t = 0; check_select(t, &target); t++) {
            if (t > 0 && !target.kernels->gemm_pairs) continue;
            if (t > 0) pack_pairs(&of, target.kernels);
            call to = {t == 0 ? target.kernels->gemm_u8 : target.kernels->gemm_pairs, &of.task};
            double took = check_time(run, &to);
            if (t == 0) scalar = took;
            printf("gemm_pairs %4zu x %3zu x %3zu  %-24s %10.0f ns %7.2f G MAC/s %6.1fx\n", shapes[s][0],
                   shapes[s][1], shapes[s][2], target.name, took, macs / took, scalar / took);
        }
        check_release();
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
