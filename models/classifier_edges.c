/* classifier_edges.c - where the training of a classifier may begin, and how fast each part of it learns: the edges of its
 * backbone's blocks, the table network's hidden layers, the head and the last layer. */
#include <stdio.h>
#include <string.h>

#include "alcor/models.h"

#define MAX_EDGES 40
#define EDGE_SIZE 48

typedef struct edge_list {
    char text[MAX_EDGES][EDGE_SIZE];
    const char *names[MAX_EDGES + 1];
    int count;
} edge_list;

static void add(edge_list *list, const char *scope, const char *name)
{
    if (list->count == MAX_EDGES)
        return;
    snprintf(list->text[list->count], EDGE_SIZE, "%s%s", scope, name);
    list->names[list->count] = list->text[list->count];
    list->count++;
}

static void add_hidden(edge_list *list, const char *scope, int count)
{
    for (int i = 1; i <= count; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden%d", i);
        add(list, scope, name);
    }
}

static bool is_fusion(const alc_classifier_options *options)
{
    return options->backbone && options->table_width > 0;
}

/* A fusion has layers of its own for the backbone's last block. */
static void add_blocks(edge_list *list, const alc_classifier_options *options)
{
    const bool fusion = is_fusion(options);
    for (const char *const *block = options->backbone ? options->backbone->blocks : NULL; block && block[fusion]; block++)
        add(list, fusion ? "image." : "", *block);
}

alc_status alc_classifier_train_from(alc_model *model, const alc_classifier_options *options, const char *edge)
{
    edge_list list = {.count = 0};
    const bool fusion = is_fusion(options);
    add_blocks(&list, options);
    if (!options->backbone || fusion) {
        add_hidden(&list, fusion ? "table." : "", options->table.hidden_count);
        if (fusion && options->head > 0)
            add(&list, "", "head");
        add(&list, "", "fc");
    }
    return alc_model_train_from_edge(model, list.names, edge);
}

/* Whether a parameter is the first of the block that begins with `edge`, or a later one of its first layer. */
static bool begins(const char *name, const char *edge)
{
    const size_t length = strlen(edge);
    return strncmp(name, edge, length) == 0 && strchr("._", name[length]) != NULL;
}

int alc_classifier_layer_decay(const alc_model *model, const alc_classifier_options *options, double decay,
                               alc_parameter_group *groups)
{
    edge_list list = {.count = 0};
    int count = 0, block = -1;
    const bool fusion = is_fusion(options);
    add_blocks(&list, options);
    if (!options->backbone) {
        add_hidden(&list, "", options->table.hidden_count);
        add(&list, "", "fc");
    }
    const int last = list.count - (fusion ? 0 : 1);
    for (int64_t i = 0; i < alc_model_parameter_count(model) && decay != 1; i++) {
        const alc_parameter *parameter = alc_model_parameter(model, i);
        const char *name = alc_parameter_name(parameter);
        while (block + 1 < list.count && begins(name, list.names[block + 1]))
            block++;
        const bool behind = fusion && strncmp(name, "image.", 6) != 0;
        double factor = 1;
        for (int b = block; b < last && !behind; b++)
            factor *= decay;
        if (alc_parameter_trainable(parameter))
            groups[count++] = (alc_parameter_group){name, factor, 1};
    }
    return count;
}
