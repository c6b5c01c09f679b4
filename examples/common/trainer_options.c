/* trainer_options.c - the table of the trainers' options. */
#include "common/trainer_options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/option_table.h"
#include "common/parse_number.h"

static const char *const schedule_names[] = {"constant", "step", "cosine", "one-cycle", "plateau", NULL};
const char *const optimizer_names[] = {"sgd", "adam", "adamw", NULL};
static const char *const encoding_names[] = {"standardise", "unit-rows", NULL};
static const char *const class_weights_names[] = {"none", "balanced", NULL};
/* By alc_batch_norm_mode: AUTO is TRAIN where something is trained. */
static const char *const batch_norm_names[] = {"auto", "train", "frozen-statistics", "frozen", NULL};
static const char *const prefix_cache_type_names[] = {"f32", "f16", NULL};

const char *schedule_name(int kind)
{
    return schedule_names[kind];
}

const char *optimizer_name(int kind)
{
    return optimizer_names[kind];
}

const char *encoding_name(int encoding)
{
    return encoding_names[encoding];
}

const char *class_weights_name(int choice)
{
    return class_weights_names[choice];
}

const char *batch_norm_name(int mode)
{
    return batch_norm_names[mode];
}

const char *prefix_cache_type_name(int type)
{
    return prefix_cache_type_names[type];
}

/* ---- arguments with a form of their own; false: it does not have that form ---- */

static bool set_features(void *target, const char *text)
{
    trainer_options *o = target;
    free(o->feature_text);
    o->feature_text = malloc(strlen(text) + 1);
    if (!o->feature_text)
        return false;
    strcpy(o->feature_text, text);
    o->feature_count = (int64_t)split_at_commas(o->feature_text, o->features, MAX_FEATURES);
    return o->feature_count >= 1 && o->feature_count <= MAX_FEATURES;
}

static bool set_backbone(void *target, const char *text)
{
    trainer_options *o = target;
    o->backbone = alc_backbone_find(text);
    return o->backbone != NULL;
}

static bool set_split(void *target, const char *text)
{
    trainer_options *o = target;
    char copy[128];
    const char *parts[3];
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    if (split_at_commas(copy, parts, 3) != 3)
        return false;
    for (int i = 0; i < 3; i++)
        if (!parse_real(parts[i], 0, 1e9, &o->split[i]))
            return false;
    o->split_given = true;
    return o->split[0] > 0 && o->split[2] > 0;
}

static bool set_fold(void *target, const char *text)
{
    trainer_options *o = target;
    char copy[64];
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    char *slash = strchr(copy, '/');
    if (!slash)
        return false;
    *slash = '\0';
    if (!parse_integer(slash + 1, 2, 1000, &o->folds) || !parse_integer(copy, 1, o->folds, &o->fold))
        return false;
    o->fold--;
    return true;
}

static bool set_prefix_cache_limit(void *target, const char *text)
{
    trainer_options *o = target;
    return parse_bytes(text, &o->prefix_cache_limit);
}

static bool set_hidden(void *target, const char *text)
{
    trainer_options *o = target;
    char copy[256];
    const char *parts[ALC_MLP_MAX_HIDDEN];
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    const size_t count = split_at_commas(copy, parts, ALC_MLP_MAX_HIDDEN);
    if (count < 1 || count > ALC_MLP_MAX_HIDDEN)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!parse_integer(parts[i], 1, 65536, &o->mlp.hidden[i]))
            return false;
    o->mlp.hidden_count = (int)count;
    return true;
}

/* ---- the table ---- */

static const char *backbone_name(int index)
{
    const alc_backbone *backbone = alc_backbone_at(index);
    return backbone ? backbone->name : NULL;
}

#define ALL (USES_TABLE | USES_IMAGES)
#define AT(member) .offset = offsetof(trainer_options, member)

static const option_line lines[] = {
    {"table", "FILE", "the catalogue, a CSV file (needed)", ALL, OPTION_TEXT, AT(table)},
    {"images", "DIR", "what the paths in its `image` column start from [the table's folder]", ALL, OPTION_TEXT,
     AT(images)},
    {"label", "COLUMN", "the column with the class [class]", ALL, OPTION_TEXT, AT(label)},
    {"id", "COLUMN", "unique identifiers, which the split hashes [id, where there is one]", ALL, OPTION_TEXT, AT(id)},
    {"missing", "VALUE", "a cell that means \"no value\", beside empty ones and -9999", ALL, OPTION_TEXT,
     AT(missing)},
    {"features", "LIST", "columns and differences, such as u,g,u-g [u,g,r,i,z and their colours]", USES_TABLE,
     OPTION_OTHER, .set = set_features, .expected = "at most 256 names with commas between them"},
    {"encoding", "KIND", "standardise, or unit-rows [standardise]", USES_TABLE, OPTION_CHOICE, AT(encoding),
     .names = encoding_names},
    {"hidden", "LIST", "widths of the table network's hidden layers [128,64]", USES_TABLE, OPTION_OTHER,
     .set = set_hidden, .expected = "up to 8 widths with commas between them"},
    {"backbone", "NAME", "the image network [sky_cnn]", USES_IMAGES, OPTION_OTHER, .set = set_backbone,
     .name_at = backbone_name},
    {"size", "PIXELS", "side of the images that the network gets [64]", ALL, OPTION_INTEGER, AT(size), 1, 4096},
    {"crop", "PIXELS", "side of the middle square that is cut out and resized to it [128]", ALL, OPTION_INTEGER,
     AT(crop), 1, 16384},
    {"split", "A,B,C", "shares of training, validation and test [70,15,15]", ALL, OPTION_OTHER, .set = set_split,
     .expected = "three shares with commas between them, the first and the last above 0"},
    {"split-seed", "N", "another split of the same shares [0]", ALL, OPTION_UNSIGNED, AT(split_seed)},
    {"fold", "I/K", "instead of shares: the I-th of K folds is the test part, there is no validation", ALL, OPTION_OTHER,
     .set = set_fold, .expected = "1/5 to 5/5, for example"},
    {"epochs", "N", "passes over the training part", ALL, OPTION_INTEGER, AT(epochs), 1, 1e6,
     .show_default = true},
    {"batch", "N", "samples per step", ALL, OPTION_INTEGER, AT(batch), 2, 65536, .show_default = true},
    {"learning-rate", "X", "the schedule's highest rate", ALL, OPTION_REAL, AT(learning_rate), 1e-12, 1e6,
     .show_default = true},
    {"schedule", "KIND", "constant, step, cosine, one-cycle or plateau [one-cycle]", ALL, OPTION_CHOICE, AT(schedule),
     .names = schedule_names},
    {"optimizer", "KIND", "sgd (momentum 0.9), adam or adamw [adamw]", ALL, OPTION_CHOICE, AT(optimizer),
     .names = optimizer_names},
    {"weight-decay", "X", "of the optimizer", ALL, OPTION_REAL, AT(weight_decay), 0, 1e6,
     .show_default = true},
    {"dropout", "X", "share of features dropped in training", USES_TABLE, OPTION_REAL, AT(dropout), 0, 0.99,
     .show_default = true},
    {"label-smoothing", "X", "share of the target that is spread over all classes [0]", ALL, OPTION_REAL,
     AT(label_smoothing), 0, 0.99},
    {"class-weights", "KIND", "none, or balanced: rare classes count as much as frequent ones [none]", ALL, OPTION_CHOICE,
     AT(class_weights), .names = class_weights_names},
    {"weights", "FILE",
     "start from these weights, a safetensors file or one of torch.save; a classifier of another size is new", USES_IMAGES,
     OPTION_TEXT, AT(weights)},
    {"allow-partial", NULL, "load what fits of --weights, whatever else is missing or too much", USES_IMAGES, OPTION_FLAG,
     AT(allow_partial)},
    {"train-from", "BLOCK", "freeze what comes before it: hidden2, fc, or a block that list_models lists", ALL, OPTION_TEXT,
     AT(train_from)},
    {"batch-norm", "MODE",
     "auto: the batch's statistics where something is trained, running ones in the frozen part; train: the batch's everywhere; "
     "frozen-statistics: running ones, but trained scales and shifts; frozen: none of it trained [auto]", ALL, OPTION_CHOICE,
     AT(batch_norm), .names = batch_norm_names},
    {"layer-decay", "X", "learning rates times X for the block before the last, X*X for the one before that, and so on [1]", ALL,
     OPTION_REAL, AT(layer_decay), 1e-6, 1},
    {"prefix-cache", "FILE", "keep what the frozen part makes of each image, so that it runs once and not in every epoch",
     USES_IMAGES, OPTION_TEXT, AT(prefix_cache)},
    {"prefix-cache-limit", "BYTES", "of that file, such as 700M or 2G [none]", USES_IMAGES, OPTION_OTHER,
     .set = set_prefix_cache_limit, .expected = "a number of bytes, such as 700M or 2G"},
    {"prefix-cache-type", "TYPE", "f32, or f16: half the size, other values [f32]", USES_IMAGES, OPTION_CHOICE,
     AT(prefix_cache_type), .names = prefix_cache_type_names},
    {"seed", "N", "of initial weights, order and views [0]", ALL, OPTION_UNSIGNED, AT(seed)},
    {"views", "N", "exact flips and turns averaged at prediction [8]", ALL, OPTION_INTEGER, AT(views), 1, 8},
    {"save", "FILE", "the trained model, a safetensors file (needed)", ALL, OPTION_TEXT, AT(save)},
    {"save-every", "STEPS", "save after every so many steps as well, beside the saves after epochs", ALL, OPTION_INTEGER,
     AT(save_every), 1, 1e9},
    {"resume", NULL, "go on with the training that FILE of --save holds", ALL, OPTION_FLAG, AT(resume)},
    {"report", "FILE", "settings and results as JSON", ALL, OPTION_TEXT, AT(report)},
    {"predictions", "FILE", "the test part's predictions as CSV", ALL, OPTION_TEXT, AT(predictions)},
    MACHINE_OPTION_LINES(trainer_options, ALL, ALL),
};

static void set_defaults(const trainer_kind *kind, trainer_options *o)
{
    *o = (trainer_options){.kind = kind,
                           .encoding = ALC_ENCODE_STANDARDISE,
                           .crop = 128,
                           .size = 64,
                           .split = {70, 15, 15},
                           .backbone = alc_backbone_find("sky_cnn"),
                           .mlp = {.hidden = {128, 64}, .hidden_count = 2, .batch_norm = true},
                           .dropout = kind->dropout,
                           .epochs = kind->epochs,
                           .batch = kind->batch,
                           .learning_rate = kind->learning_rate,
                           .weight_decay = kind->weight_decay,
                           .schedule = ALC_SCHEDULE_ONE_CYCLE,
                           .optimizer = ALC_ADAMW,
                           .layer_decay = 1,
                           .views = 8};
}

int trainer_options_parse(const trainer_kind *kind, int argc, char **argv, trainer_options *options)
{
    char usage[512];
    const option_table table = {.program = kind->name,
                                .usage = usage,
                                .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line, 130 interrupted "
                                           "(what is trained is saved).\n",
                                .lines = lines,
                                .count = sizeof lines / sizeof lines[0],
                                .kind = kind->uses};
    snprintf(usage, sizeof usage, "Usage: %s --table FILE --save FILE [OPTION]...\n%s\n\n", kind->name, kind->summary);
    set_defaults(kind, options);
    const int parsed = option_table_parse(&table, argc, argv, options);
    if (parsed >= 0)
        return parsed;
    if (options->allow_partial && !options->weights)
        return option_table_refuse(&table, "--allow-partial is for --weights, which is missing");
    if (options->folds > 0 && options->split_given)
        return option_table_refuse(&table, "--fold is instead of --split; one of them is too much");
    if (!options->prefix_cache && (options->prefix_cache_limit || options->prefix_cache_type))
        return option_table_refuse(&table, "--prefix-cache-limit and --prefix-cache-type are for --prefix-cache, which is missing");
    if (!options->table || !options->save)
        return option_table_refuse(&table, "--%s FILE is missing", options->table ? "save" : "table");
    return -1;
}

void trainer_options_free(trainer_options *options)
{
    free(options->feature_text);
}
