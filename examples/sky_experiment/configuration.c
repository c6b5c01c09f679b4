/* configuration.c - the table of options, and a JSON file with the same names. */
#include "sky_experiment/configuration.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_file.h"
#include "common/json_text.h"
#include "common/option_table.h"
#include "common/parse_number.h"

static const char *const class_weights_names[] = {"none", "balanced", NULL};
static const char *const fusion_names[] = {"joint", "late", "stacked", "none", NULL};

#define AT(member) .offset = offsetof(configuration, member)
/* Options that no figure depends on. */
#define MACHINE 2
#define FIGURES 1
/* Learning rates that are no slip of the pen. */
#define LEAST_RATE 1e-12
#define MOST_RATE 10

static const option_line lines[] = {
    {"table", "FILE", "the catalogue, a CSV file (needed)", FIGURES, OPTION_TEXT, AT(table)},
    {"images", "DIR", "what the paths in its `image` column start from [the table's folder]", FIGURES, OPTION_TEXT, AT(images)},
    {"output", "DIR", "where report.html, report.json and all else are written (needed)", MACHINE, OPTION_TEXT, AT(output)},
    {"config", "FILE", "a JSON object with these options by name; the command line comes first", MACHINE, OPTION_TEXT,
     AT(config)},
    {"label", "COLUMN", "the column with the class [class]", FIGURES, OPTION_TEXT, AT(label)},
    {"id", "COLUMN", "unique identifiers, which the split hashes [id, where there is one]", FIGURES, OPTION_TEXT, AT(id)},
    {"missing", "VALUE", "a cell that means \"no value\", beside empty ones and -9999", FIGURES, OPTION_TEXT, AT(missing)},
    {"features", "LIST", "columns and differences, such as u,g,u-g [u,g,r,i,z and their colours]", FIGURES, OPTION_TEXT,
     AT(features_text)},
    {"allow", "LIST", "features that are refused otherwise: position, identity, redshift", FIGURES, OPTION_TEXT, AT(allow_text)},
    {"group", "COLUMN", "objects with the same value there stay in one fold", FIGURES, OPTION_TEXT, AT(group)},
    {"also-group", "COLUMN", "the main models once more, with folds that keep these objects together", FIGURES, OPTION_TEXT,
     AT(also_group)},
    {"position", "RA,DEC", "columns in degrees, for --radius alone [ra,dec, where there are such]", FIGURES, OPTION_TEXT,
     AT(position_text)},
    {"radius", "ARCSEC", "objects that close share sky, so they stay in one fold", FIGURES, OPTION_REAL, AT(radius), 0, 3600,
     .show_default = true},
    {"folds", "N", "every object is tested once, by models of the other folds", FIGURES, OPTION_INTEGER, AT(folds), 2, 100,
     .show_default = true},
    {"split-seed", "N", "another division into folds [0]", FIGURES, OPTION_UNSIGNED, AT(split_seed)},
    {"seeds", "N", "trainings of each model, whose probabilities are averaged", FIGURES, OPTION_INTEGER, AT(seeds), 1, 100,
     .show_default = true},
    {"seed", "N", "the first of them [0]", FIGURES, OPTION_UNSIGNED, AT(seed)},
    {"backbones", "LIST", "image networks; none: the table alone [sky_cnn and the paper's five, VGG-16 with batch norm]", FIGURES,
     OPTION_TEXT, AT(backbones_text)},
    {"fusion", "LIST", "ways to join image and table: joint, late, stacked; or none [all]", FIGURES, OPTION_TEXT,
     AT(fusion_text)},
    {"without", "LIST", "models that are left out all the same, by their names in the report, such as joint-vgg16", FIGURES,
     OPTION_TEXT, AT(without_text)},
    {"weights", "NAME=FILE,...", "weights that a backbone starts from; the others start from random values", FIGURES, OPTION_TEXT,
     AT(weights_text)},
    {"sweep", "LIST", "backbones whose trainable depth is swept; none [those with --weights]", FIGURES, OPTION_TEXT,
     AT(sweep_text)},
    {"size", "PIXELS", "side of the images that the networks get, at least what each can take", FIGURES, OPTION_INTEGER, AT(size),
     16, 1024, .show_default = true},
    {"sizes", "NAME=PIXELS,...", "another side for these backbones", FIGURES, OPTION_TEXT, AT(sizes_text)},
    {"crop", "PIXELS", "side of the middle square that is cut out and resized to it", FIGURES, OPTION_INTEGER, AT(crop), 1, 16384,
     .show_default = true},
    {"table-epochs", "N", "of the table's network", FIGURES, OPTION_INTEGER, AT(table_epochs), 1, 1e6, .show_default = true},
    {"image-epochs", "N", "of networks with an image that start from random values", FIGURES, OPTION_INTEGER, AT(image_epochs), 1,
     1e6, .show_default = true},
    {"pretrained-epochs", "N", "of those that start from --weights", FIGURES, OPTION_INTEGER, AT(pretrained_epochs), 1, 1e6,
     .show_default = true},
    {"late-epochs", "N", "of the layer that joins frozen parts", FIGURES, OPTION_INTEGER, AT(late_epochs), 1, 1e6,
     .show_default = true},
    {"sweep-epochs", "N", "of the depths that are left in the sweep's last round", FIGURES, OPTION_INTEGER, AT(sweep_epochs), 1,
     1e6, .show_default = true},
    {"table-batch", "N", "rows per step", FIGURES, OPTION_INTEGER, AT(table_batch), 2, 65536, .show_default = true},
    {"image-batch", "N", "images per step", FIGURES, OPTION_INTEGER, AT(image_batch), 2, 65536, .show_default = true},
    {"table-rate", "X", "the one-cycle schedule's highest learning rate", FIGURES, OPTION_REAL, AT(table_rate), LEAST_RATE,
     MOST_RATE, .show_default = true},
    {"image-rate", "X", "the same for images", FIGURES, OPTION_REAL, AT(image_rate), LEAST_RATE, MOST_RATE, .show_default = true},
    {"pretrained-rate", "X", "the same from --weights", FIGURES, OPTION_REAL, AT(pretrained_rate), LEAST_RATE, MOST_RATE,
     .show_default = true},
    {"rates", "NAME=X,...", "another rate for these backbones; none [vgg16=0.0003,vgg16_bn=0.0003]", FIGURES, OPTION_TEXT,
     AT(rates_text)},
    {"late-rate", "X", "the same for late fusion", FIGURES, OPTION_REAL, AT(late_rate), LEAST_RATE, MOST_RATE, .show_default = true},
    {"class-weights", "KIND", "none, or balanced: rare classes count as much as frequent ones [none]", FIGURES, OPTION_CHOICE,
     AT(class_weights), .names = class_weights_names},
    {"views", "N", "exact flips and turns averaged at prediction", FIGURES, OPTION_INTEGER, AT(views), 1, 8,
     .show_default = true},
    {"no-curves", NULL, "do not predict the test part after every epoch", FIGURES, OPTION_FLAG, AT(no_curves)},
    {"time-budget", "MINUTES", "do as much as fits; decided once, before the first training [0: everything]", FIGURES, OPTION_REAL,
     AT(time_budget), 0, 1e6},
    {"baselines", NULL, "run the classical algorithms too (Python; installed from PyPI where they are missing)", FIGURES,
     OPTION_FLAG, AT(baselines)},
    {"python", "PROGRAM", "for --baselines [python3]", MACHINE, OPTION_TEXT, AT(python)},
    {"quick", NULL, "small settings: one backbone at 32 pixels, three folds, one seed, joint fusion", FIGURES, OPTION_FLAG,
     AT(quick)},
    MACHINE_OPTION_LINES(configuration, MACHINE, FIGURES),
};

static const option_table table = {
    .program = "sky_experiment",
    .usage =
        "Usage: sky_experiment --table FILE --output DIR [OPTION]...\n"
        "How well do the table, the image and both tell the classes apart? Trains and judges every model on the same folds and\n"
        "writes DIR/report.html and DIR/report.json. What is done already is kept: the same command goes on where it "
        "stopped.\n\n",
    .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line, 130 interrupted (run it again to go on).\n",
    .lines = lines,
    .count = sizeof lines / sizeof lines[0],
    .kind = FIGURES | MACHINE};

static const configuration defaults = {.radius = 40,
                                       .folds = 5,
                                       .seeds = 3,
                                       .backbones_text = "sky_cnn,resnet50,densenet121,vgg16_bn,xception,efficientnet_b2",
                                       .fusion_text = "joint,late,stacked",
                                       .size = 64,
                                       .crop = 128,
                                       .table_epochs = 120,
                                       .image_epochs = 30,
                                       .pretrained_epochs = 12,
                                       .late_epochs = 10,
                                       .sweep_epochs = 12,
                                       .table_batch = 64,
                                       .image_batch = 32,
                                       .table_rate = 0.005,
                                       .image_rate = 0.002,
                                       .pretrained_rate = 0.001,
                                       .rates_text = "vgg16=0.0003,vgg16_bn=0.0003",
                                       .late_rate = 0.005,
                                       .views = 8,
                                       .python = "python3"};

static void be_quick(configuration *c)
{
    c->backbones_text = "sky_cnn";
    c->fusion_text = "joint";
    c->sweep_text = "none";
    c->folds = 3;
    c->seeds = 1;
    c->size = 32;
    c->table_epochs = 60;
    c->image_epochs = 10;
    c->views = 4;
}

/* ---- from a file ---- */

/* A JSON value as the command line would spell it; NULL for what no option can be. Lists become "a,b,c". */
static const char *spell(const json_t *value, char *text, size_t size)
{
    size_t length = 0, index;
    json_t *item;
    *text = '\0'; /* what an empty list becomes */
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(text, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, size, "%.17g", json_real_value(value));
    else if (!json_is_array(value))
        return NULL;
    json_array_foreach(value, index, item)
    {
        const char *name = json_string_value(item);
        const int added = name ? snprintf(text + length, size - length, "%s%s", index ? "," : "", name) : -1;
        if (added < 0 || (size_t)added >= size - length)
            return NULL;
        length += (size_t)added;
    }
    return text;
}

/* null is what a report writes for an option that was not given. */
static int set_from_file(configuration *c, const char *name, const json_t *value)
{
    char expected[640] = "";
    const option_line *line = option_table_find(&table, name);
    char *text = malloc(4096);
    if (!text)
        return option_table_refuse(&table, "memory ran out");
    const char *spelt = spell(value, text, 4096);
    int result = -1;
    if (!line || line->offset == offsetof(configuration, config))
        result = option_table_refuse(&table, "%s: there is no setting \"%s\"", c->config, name);
    else if (json_is_null(value))
        spelt = NULL;
    else if (line->form == OPTION_FLAG && json_is_boolean(value))
        *(bool *)((char *)c + line->offset) = json_is_true(value);
    else if (line->form == OPTION_FLAG || !spelt)
        result = option_table_refuse(&table, "%s: \"%s\" has a value of the wrong kind", c->config, name);
    else if (!option_table_assign(line, c, spelt, expected, sizeof expected))
        result = option_table_refuse(&table, "%s: \"%s\": expected %s", c->config, name, expected);
    /* A text option points to what it was given. */
    if (result < 0 && spelt == text && line->form == OPTION_TEXT) {
        json_object_set_new(c->file, name, json_string(text));
        *(const char **)(void *)((char *)c + line->offset) = json_string_value(json_object_get(c->file, name));
    }
    free(text);
    return result;
}

static int read_file(configuration *c)
{
    char why[512];
    const char *name;
    json_t *value;
    void *next;
    c->file = json_file_read(c->config, why, sizeof why);
    if (!json_is_object(c->file))
        return option_table_refuse(&table, "%s: %s", c->config, c->file ? "is no JSON object" : why);
    if (json_is_true(json_object_get(c->file, "quick"))) /* its small settings first, wherever it stands */
        be_quick(c);
    json_object_foreach_safe(c->file, next, name, value)
    {
        const int result = set_from_file(c, name, value);
        if (result >= 0)
            return result;
    }
    return -1;
}

/* ---- lists ---- */

static bool cut(const char *text, name_list *list)
{
    if (!text || strcmp(text, "none") == 0)
        return true;
    list->text = malloc(strlen(text) + 1);
    if (!list->text)
        return false;
    strcpy(list->text, text);
    const size_t count = split_at_commas(list->text, list->names, MAX_LIST);
    list->count = count <= MAX_LIST ? (int)count : 0;
    return list->count > 0;
}

static int refuse_list(const char *name, const char *text)
{
    return option_table_refuse(&table, "--%s %s: expected at most %d names with commas between them", name, text, MAX_LIST);
}

static int find_backbones(const char *option, const char *text, name_list *names, const alc_backbone **found, int *count)
{
    if (!cut(text, names))
        return refuse_list(option, text);
    for (*count = 0; *count < names->count; ++*count) {
        found[*count] = alc_backbone_find(names->names[*count]);
        if (!found[*count])
            return option_table_refuse(&table, "--%s: there is no backbone %s; list_models lists them", option,
                                       names->names[*count]);
        for (int i = 0; i < *count; i++)
            if (found[i] == found[*count])
                return option_table_refuse(&table, "--%s %s: %s is named twice", option, text, names->names[*count]);
    }
    return -1;
}

/* Cuts NAME=VALUE in place; *value is what follows the sign. NULL: it is not of that form, or there is no such backbone. */
static const alc_backbone *cut_pair(const char *pair, const char **value)
{
    char *name = (char *)(uintptr_t)pair, *equals = strchr(name, '=');
    if (!equals || !equals[1])
        return NULL;
    *equals = '\0';
    *value = equals + 1;
    return alc_backbone_find(name);
}

static bool read_weights(own_setting *own, const char *value)
{
    own->weights = value;
    return true;
}

static bool read_size(own_setting *own, const char *value)
{
    return parse_integer(value, own->backbone->smallest_size, 1024, &own->size);
}

static bool read_rate(own_setting *own, const char *value)
{
    return parse_real(value, LEAST_RATE, MOST_RATE, &own->rate);
}

/* There are fewer backbones than places in c->own. */
static own_setting *own_place(configuration *c, const alc_backbone *backbone)
{
    int i = 0;
    while (i < c->own_count && c->own[i].backbone != backbone)
        i++;
    if (i == c->own_count)
        c->own[c->own_count++] = (own_setting){.backbone = backbone};
    return &c->own[i];
}

/* --OPTION NAME=VALUE,...: `read` takes a value, or refuses it. */
static int find_own(configuration *c, const char *option, const char *text, name_list *pairs,
                    bool (*read)(own_setting *own, const char *value), const char *expected)
{
    if (!cut(text, pairs))
        return refuse_list(option, text);
    for (int i = 0; i < pairs->count; i++) {
        const char *value;
        const alc_backbone *backbone = cut_pair(pairs->names[i], &value);
        if (!backbone || !read(own_place(c, backbone), value))
            return option_table_refuse(&table, "--%s %s: expected %s", option, text, expected);
        for (int k = 0; k < i; k++)
            if (!strcmp(pairs->names[k], pairs->names[i]))
                return option_table_refuse(&table, "--%s %s: %s is named twice", option, text, pairs->names[i]);
    }
    return -1;
}

static int check_fusion(configuration *c)
{
    if (!cut(c->fusion_text, &c->fusion))
        return refuse_list("fusion", c->fusion_text);
    for (int i = 0; i < c->fusion.count; i++)
        if (parse_choice(c->fusion.names[i], fusion_names) < 0)
            return option_table_refuse(&table, "--fusion %s: expected joint or late or stacked or none", c->fusion.names[i]);
    return -1;
}

static int read_lists(configuration *c)
{
    int result = find_backbones("backbones", c->backbones_text, &c->backbone_names, c->backbones, &c->backbone_count);
    if (result < 0)
        result = find_own(c, "weights", c->weights_text, &c->weights_names, read_weights,
                          "NAME=FILE for a backbone that list_models lists");
    if (result < 0)
        result = find_own(c, "sizes", c->sizes_text, &c->sizes_names, read_size,
                          "NAME=PIXELS, up to 1024 and at least what the backbone takes");
    if (result < 0)
        result = find_own(c, "rates", c->rates_text, &c->rates_names, read_rate, "NAME=X, a backbone and a learning rate");
    if (result < 0)
        result = find_backbones("sweep", c->sweep_text, &c->sweep_names, c->sweep, &c->sweep_count);
    if (result < 0)
        result = check_fusion(c);
    if (result >= 0)
        return result;
    if (!c->sweep_text)
        for (int i = 0; i < c->own_count; i++)
            if (c->own[i].weights)
                c->sweep[c->sweep_count++] = c->own[i].backbone;
    if (!cut(c->features_text, &c->features))
        return refuse_list("features", c->features_text);
    if (!cut(c->without_text, &c->without))
        return refuse_list("without", c->without_text);
    if (!cut(c->allow_text, &c->allow))
        return refuse_list("allow", c->allow_text);
    if (!cut(c->position_text, &c->position) || (c->position_text && c->position.count != 2))
        return option_table_refuse(&table, "--position %s: expected RA,DEC", c->position_text);
    return -1;
}

/* ---- all of it ---- */

int configuration_parse(int argc, char **argv, configuration *c)
{
    *c = defaults;
    int result = option_table_parse(&table, argc, argv, c);
    const char *config = c->config;
    const bool quick = c->quick;
    if (result >= 0)
        return result;
    *c = defaults;
    c->config = config;
    if (quick)
        be_quick(c);
    if (config)
        result = read_file(c);
    optind = 1;
    if (result < 0)
        result = option_table_parse(&table, argc, argv, c);
    if (result < 0 && (!c->table || !c->output))
        result = option_table_refuse(&table, "--%s is missing", c->table ? "output DIR" : "table FILE");
    return result < 0 ? read_lists(c) : result;
}

void configuration_free(configuration *c)
{
    name_list *const lists[] = {&c->features,       &c->allow,         &c->fusion,      &c->without,     &c->position,
                                &c->backbone_names, &c->weights_names, &c->sizes_names, &c->rates_names,
                                &c->sweep_names};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free(lists[i]->text);
    json_decref(c->file);
}

static json_t *value_of(const configuration *c, const option_line *line)
{
    const void *member = (const char *)c + line->offset;
    const char *text;
    char number[32];
    switch (line->form) {
    case OPTION_TEXT:
        text = *(const char *const *)member;
        return text ? json_text(text) : json_null();
    case OPTION_FLAG:
        return json_boolean(*(const bool *)member);
    case OPTION_INTEGER:
        return json_integer(*(const int64_t *)member);
    case OPTION_UNSIGNED:
        snprintf(number, sizeof number, "%llu", (unsigned long long)*(const uint64_t *)member);
        return json_string(number);
    case OPTION_REAL:
        return json_real(*(const double *)member);
    case OPTION_CHOICE:
        return json_string(line->names[*(const int *)member]);
    case OPTION_OTHER:
    default:
        return json_null();
    }
}

json_t *configuration_as_json(const configuration *c)
{
    json_t *root = json_object();
    for (size_t i = 0; root && i < table.count; i++)
        if (table.lines[i].kinds == FIGURES)
            json_object_set_new(root, table.lines[i].name, value_of(c, &table.lines[i]));
    return root;
}

own_setting own_setting_of(const configuration *c, const alc_backbone *backbone)
{
    for (int i = 0; i < c->own_count; i++)
        if (c->own[i].backbone == backbone)
            return c->own[i];
    return (own_setting){.backbone = backbone};
}

bool fuses(const configuration *c, const char *way)
{
    for (int i = 0; i < c->fusion.count; i++)
        if (strcmp(c->fusion.names[i], way) == 0)
            return true;
    return false;
}
