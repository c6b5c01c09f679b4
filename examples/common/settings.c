/* settings.c - options as JSON. */
#include "common/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_text.h"
#include "common/machine_options.h"

static json_t *list_of_names(const char *const *names, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

static void set_integer(json_t *root, const char *name, int64_t value)
{
    json_object_set_new(root, name, json_integer(value));
}

static void add_model_settings(json_t *root, const trainer_options *o)
{
    if (o->kind->uses & USES_TABLE) {
        json_t *hidden = json_array();
        for (int i = 0; i < o->mlp.hidden_count; i++)
            json_array_append_new(hidden, json_integer(o->mlp.hidden[i]));
        json_object_set_new(root, "features", list_of_names(o->features, o->feature_count));
        json_object_set_new(root, "encoding", json_string(encoding_name(o->encoding)));
        json_object_set_new(root, "hidden", hidden);
    }
    if (o->kind->uses & USES_IMAGES) {
        json_object_set_new(root, "backbone", json_string(o->backbone->name));
        set_integer(root, "size", o->size);
        set_integer(root, "crop", o->crop);
        json_object_set_new(root, "weights", json_text(o->weights ? o->weights : ""));
        json_object_set_new(root, "allow-partial", json_boolean(o->allow_partial));
    }
    /* Only a cache of 16-bit floats changes what is trained. */
    json_object_set_new(root, "prefix-cache-type", json_string(prefix_cache_type_name(o->prefix_cache_type)));
    json_object_set_new(root, "batch-norm", json_string(batch_norm_name(o->batch_norm)));
    json_object_set_new(root, "layer-decay", json_real(o->layer_decay));
    json_object_set_new(root, "convolution", json_string(convolution_names[o->machine.convolution]));
    json_object_set_new(root, "precision", json_string(precision_names[o->machine.precision]));
    json_object_set_new(root, "train-from", json_string(o->train_from ? o->train_from : ""));
}

json_t *settings_as_json(const trainer_options *o, const char *split)
{
    json_t *root = json_object();
    if (!root)
        return NULL;
    json_object_set_new(root, "label", json_string(o->label ? o->label : "class"));
    json_object_set_new(root, "split", json_string(split));
    add_model_settings(root, o);
    set_integer(root, "epochs", o->epochs);
    set_integer(root, "batch", o->batch);
    json_object_set_new(root, "schedule", json_string(schedule_name(o->schedule)));
    json_object_set_new(root, "optimizer", json_string(optimizer_name(o->optimizer)));
    json_object_set_new(root, "class-weights", json_string(class_weights_name(o->class_weights)));
    json_object_set_new(root, "learning-rate", json_real(o->learning_rate));
    json_object_set_new(root, "weight-decay", json_real(o->weight_decay));
    json_object_set_new(root, "dropout", json_real(o->dropout));
    json_object_set_new(root, "label-smoothing", json_real(o->label_smoothing));
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    json_object_set_new(root, "seed", json_string(seed));
    return root;
}

/* These schedules do not look ahead, so a training may be made longer. */
static bool may_be_prolonged(const json_t *settings)
{
    const char *schedule = json_string_value(json_object_get(settings, "schedule"));
    return schedule && (strcmp(schedule, "constant") == 0 || strcmp(schedule, "step") == 0 ||
                        strcmp(schedule, "plateau") == 0);
}

bool settings_differ(const json_t *saved, const json_t *asked, char *sentence, size_t size)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)asked, name, value)
    {
        const json_t *before = json_object_get(saved, name);
        if (before && json_equal(before, value))
            continue;
        if (strcmp(name, "epochs") == 0 && may_be_prolonged(asked))
            continue;
        if (!before && strcmp(name, KEY_IMAGES) == 0) /* of a version that did not keep it */
            continue;
        char *then = before ? json_dumps(before, JSON_ENCODE_ANY) : NULL, *now = json_dumps(value, JSON_ENCODE_ANY);
        snprintf(sentence, size, "the training to be resumed has %s %s, not %s", name, then ? then : "unknown",
                 now ? now : "this one");
        free(then);
        free(now);
        return true;
    }
    return false;
}
