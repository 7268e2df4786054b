#include "tools/onnx/remedies.h"

#include "tools/onnx/importer.h"

typedef struct remedy {
    const char *op, *what;
} remedy;

static const remedy remedies[] = {
    {"Loop", "unroll it: export a model that was traced, not scripted"},
    {"Scan", "unroll it: export a model that was traced, not scripted"},
    {"NonMaxSuppression", "cut the model before it and do the suppression in the page"},
    {"LSTM", "recurrent networks are not supported"},
    {"GRU", "recurrent networks are not supported"},
    {"RNN", "recurrent networks are not supported"},
};

static const char *remedy_for(const pcl_onnx_node *node) {
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (pcl_text_is(node->type, remedies[i].op)) return remedies[i].what;
    bool standard = pcl_text_is(node->domain, "") || pcl_text_is(node->domain, "ai.onnx");
    return standard ? NULL
                    : "operators of other domains are made by optimisers: convert the model before it was optimised";
}

static bool is_first_of_type(const pcl_onnx_file *file, int32_t index) {
    for (int32_t i = 0; i < index; i++)
        if (strcmp(file->nodes[i].label, file->nodes[index].label) == 0) return false;
    return true;
}

typedef struct text {
    char content[900];
    size_t used;
} text;

static void append(text *out, const char *format, const char *a, const char *b) __attribute__((format(printf, 2, 0)));
static void append(text *out, const char *format, const char *a, const char *b) {
    pcl_format(out->content + out->used, sizeof out->content - out->used, format, a, b);
    out->used += strlen(out->content + out->used);
}

pcl_status pcl_onnx_check_supported(const pcl_onnx_file *file) {
    text list = {.used = 0};
    int32_t missing = 0;
    for (int32_t i = 0; i < file->node_count; i++) {
        const pcl_onnx_node *node = &file->nodes[i];
        if (pcl_onnx_translator(node)) continue;
        append(&list, missing++ ? ", %s ('%s')" : "%s ('%s')", node->label,
               node->outputs[0] ? node->outputs[0]->label : "");
    }
    if (!missing) return PCL_OK;
    for (int32_t i = 0; i < file->node_count; i++) {
        const pcl_onnx_node *node = &file->nodes[i];
        const char *what = pcl_onnx_translator(node) ? NULL : remedy_for(node);
        if (what && is_first_of_type(file, i)) append(&list, ". %s: %s", node->label, what);
    }
    return pcl_fail(file->graph->error, PCL_ERROR_UNSUPPORTED, "%d nodes use unsupported operators: %s", missing,
                    list.content);
}
