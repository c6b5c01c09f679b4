/* train_from.c - where training begins: every parameter before that place is frozen, every later one trained. */
#include <string.h>

#include "lib/graph/graph.h"

/* The place of the first parameter with that prefix; their number if there is none. */
static int64_t find_start(const alc_model *model, const char *prefix)
{
    int64_t first = 0;
    while (first < model->parameter_count && !alc_name_has_prefix(model->parameters[first]->name, prefix))
        first++;
    return first;
}

static void start_at(alc_model *model, int64_t first)
{
    for (int64_t i = 0; i < model->parameter_count; i++)
        alc_parameter_set_trainable(model->parameters[i], i >= first);
}

/* The parts of names before their first dot, each once, for the message. */
static void list_prefixes(const alc_model *model, alc_text *text)
{
    const char *last = "";
    size_t last_length = 0;
    for (int64_t i = 0; i < model->parameter_count; i++) {
        const char *name = model->parameters[i]->name;
        size_t length = strcspn(name, ".");
        if (length != last_length || strncmp(name, last, length) != 0)
            alc_text_append(text, "%s%.*s", text->length ? ", " : "", (int)length, name);
        last = name;
        last_length = length;
    }
}

alc_status alc_model_train_from(alc_model *model, const char *prefix)
{
    const int64_t first = find_start(model, prefix);
    if (first == model->parameter_count) {
        alc_text text;
        alc_text_init(&text, model->context);
        list_prefixes(model, &text);
        alc_status status = alc_fail(model->context, ALC_NOT_FOUND, "no parameter starts with '%s'; the parts of "
                                     "this model are %s", prefix, alc_text_string(&text));
        alc_text_free(&text);
        return status;
    }
    start_at(model, first);
    return ALC_OK;
}

static alc_status unknown_edge(const alc_model *model, const char *const *edges, const char *edge)
{
    alc_text text;
    alc_text_init(&text, model->context);
    for (int i = 0; edges[i]; i++)
        alc_text_append(&text, "%s%s", i ? ", " : "", edges[i]);
    alc_status status = alc_fail(model->context, ALC_NOT_FOUND, "no part of this model is called '%s'; training may start "
                                 "at %s", edge, alc_text_string(&text));
    alc_text_free(&text);
    return status;
}

alc_status alc_model_train_from_edge(alc_model *model, const char *const *edges, const char *edge)
{
    const int64_t first = find_start(model, edge);
    const char *before = NULL, *behind = NULL;
    if (first == model->parameter_count)
        return unknown_edge(model, edges, edge);
    for (int i = 0; edges[i]; i++) {
        const int64_t start = find_start(model, edges[i]);
        if (start == first) {
            start_at(model, first);
            return ALC_OK;
        }
        if (start < first)
            before = edges[i];
        else if (!behind)
            behind = edges[i];
    }
    const char *parameter = model->parameters[first]->name;
    if (before && behind)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "'%s' begins with %s, inside a block; training may start at "
                        "%s or %s", edge, parameter, before, behind);
    return alc_fail(model->context, ALC_INVALID_ARGUMENT, "'%s' begins with %s, inside a block; training may start at %s",
                    edge, parameter, before ? before : behind);
}
