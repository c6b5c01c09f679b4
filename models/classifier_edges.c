/* classifier_edges.c - where the training of a classifier may begin: the edges of its backbone's blocks, the table network's
 * hidden layers, the head and the last layer. */
#include <stdio.h>

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

alc_status alc_classifier_train_from(alc_model *model, const alc_classifier_options *options, const char *edge)
{
    edge_list list = {.count = 0};
    const bool fusion = options->backbone && options->table_width > 0;
    if (options->backbone && !fusion)
        return alc_model_train_from_edge(model, options->backbone->blocks, edge);
    /* A fusion has layers of its own for the backbone's last. */
    for (const char *const *block = fusion ? options->backbone->blocks : NULL; block && block[1]; block++)
        add(&list, "image.", *block);
    add_hidden(&list, fusion ? "table." : "", options->table.hidden_count);
    if (fusion && options->head > 0)
        add(&list, "", "head");
    add(&list, "", "fc");
    return alc_model_train_from_edge(model, list.names, edge);
}
