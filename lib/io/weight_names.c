/* lib/io/weight_names.c - the names that other programs give to the parameters of our models, as rules: what wraps a model,
 * what torchvision once called DenseNet's layers, and efficientnet_pytorch's names for what we name as timm does. Names of a
 * model of our own are never rewritten. */
#include "lib/io/weight_names.h"

#include <string.h>

#include "lib/base/base.h"

typedef struct pair {
    const char *theirs, *ours;
} pair;

/* What DataParallel and torch.compile put in front of every name. */
static const char *const wrappers[] = {"module.", "_orig_mod."};

/* efficientnet_pytorch numbers all blocks in a row; timm by stage, and calls what a block has by how many there are. */
static const pair outer_names[] = {{"_conv_stem.", "conv_stem."}, {"_bn0.", "bn1."},      {"_conv_head.", "conv_head."},
                                   {"_bn1.", "bn2."},             {"_fc.", "classifier."}, {NULL, NULL}};
static const pair wide_block_names[] = {{"_expand_conv.", "conv_pw."},   {"_bn0.", "bn1."}, {"_depthwise_conv.", "conv_dw."},
                                        {"_bn1.", "bn2."},               {"_project_conv.", "conv_pwl."},
                                        {"_bn2.", "bn3."},               {NULL, NULL}};
static const pair plain_block_names[] = {{"_depthwise_conv.", "conv_dw."}, {"_bn1.", "bn1."},
                                         {"_project_conv.", "conv_pw."},   {"_bn2.", "bn2."}, {NULL, NULL}};
static const char their_blocks[] = "_blocks.", our_blocks[] = "blocks.";

/* What follows `start` in the text, NULL if it starts otherwise. */
static const char *behind(const char *text, const char *start)
{
    const size_t length = strlen(start);
    return strncmp(text, start, length) == 0 ? text + length : NULL;
}

int64_t alc_find_weight(const alc_model *model, const char *prefix, const char *name)
{
    const int64_t count = alc_model_parameter_count(model);
    for (int64_t i = 0; i < count; i++) {
        const char *own = behind(alc_parameter_name(alc_model_parameter(model, i)), prefix);
        if (own != NULL && strcmp(own, name) == 0)
            return i;
    }
    return -1;
}

static bool fits(int length)
{
    return length >= 0 && length < ALC_WEIGHT_NAME_SIZE;
}

/* denselayer1.norm.1.weight -> denselayer1.norm1.weight, and conv alike; false if it has no such part. */
static bool rewrite_densenet(const char *stored, char *name)
{
    const char *layer = strstr(stored, "denselayer");
    if (layer == NULL)
        return false;
    const char *at = layer + strlen("denselayer");
    at += strspn(at, "0123456789");
    const char *kind = behind(at, ".norm.");
    if (kind == NULL)
        kind = behind(at, ".conv.");
    if (kind == NULL || (kind[0] != '1' && kind[0] != '2') || kind[1] != '.')
        return false;
    return fits(alc_format(name, ALC_WEIGHT_NAME_SIZE, "%.*s%s", (int)(kind - 1 - stored), stored, kind));
}

/* "3.1" of the block that is the index-th in the model's order, which is the order of blocks; false if there are fewer. */
static bool find_block(const alc_model *model, const char *prefix, int64_t index, char *block, size_t size)
{
    const int64_t count = alc_model_parameter_count(model);
    int64_t met = -1;
    block[0] = '\0';
    for (int64_t i = 0; i < count; i++) {
        const char *own = behind(alc_parameter_name(alc_model_parameter(model, i)), prefix);
        const char *rest = own == NULL ? NULL : behind(own, our_blocks);
        const size_t length = rest == NULL ? 0 : strspn(rest, "0123456789.");
        if (length < 2 || length >= size || strncmp(rest, block, length) == 0)
            continue;
        alc_format(block, size, "%.*s", (int)length, rest);
        if (++met == index)
            return true;
    }
    return false;
}

static bool rewrite_start(const pair *names, const char *scope, const char *block, const char *stored, char *name)
{
    for (; names->theirs != NULL; names++) {
        const char *rest = behind(stored, names->theirs);
        if (rest != NULL)
            return fits(alc_format(name, ALC_WEIGHT_NAME_SIZE, "%s%s%s%s", scope, block, names->ours, rest));
    }
    return false;
}

static bool rewrite_efficientnet(const alc_model *model, const char *prefix, const char *stored, char *name)
{
    char block[32], wide[64];
    int64_t index;
    if (stored[0] != '_' || alc_find_weight(model, prefix, "conv_stem.weight") < 0)
        return false;
    const char *number = behind(stored, their_blocks);
    if (number == NULL)
        return rewrite_start(outer_names, "", "", stored, name);
    const size_t digits = strspn(number, "0123456789");
    if (number[digits] != '.' || !alc_parse_int64(number, digits, &index) ||
        !find_block(model, prefix, index, block, sizeof block))
        return false;
    alc_format(wide, sizeof wide, "%s%sconv_pwl.weight", our_blocks, block);
    return rewrite_start(alc_find_weight(model, prefix, wide) < 0 ? plain_block_names : wide_block_names, our_blocks,
                         block, number + digits + 1, name);
}

const char *alc_weight_name(const alc_model *model, const char *prefix, const char *stored, char *name)
{
    if (alc_find_weight(model, prefix, stored) >= 0)
        return stored;
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        const char *inner = behind(stored, wrappers[i]);
        if (inner != NULL)
            stored = inner;
    }
    if (alc_find_weight(model, prefix, stored) >= 0)
        return stored;
    return rewrite_densenet(stored, name) || rewrite_efficientnet(model, prefix, stored, name) ? name : stored;
}
