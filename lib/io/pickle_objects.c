/* lib/io/pickle_objects.c - the names that a pickle may hold, and what their calls stand for: ordered dictionaries,
 * storages and the tensors that look at them. Nothing is called; each argument is checked for its kind and range here, so
 * that a tensor that was made lies within its storage. */
#include <string.h>

#include "lib/io/pickle.h"
#include "lib/io/shown_name.h"

/* As PyTorch's own limit. */
#define MOST_RANK 64

/* X(enumerator, module, name) */
#define FUNCTION_LIST(X)                                                \
    X(ORDERED_DICT, "collections", "OrderedDict")                       \
    X(REBUILD_TENSOR, "torch._utils", "_rebuild_tensor")                \
    X(REBUILD_TENSOR_V2, "torch._utils", "_rebuild_tensor_v2")          \
    X(REBUILD_PARAMETER, "torch._utils", "_rebuild_parameter")

#define FUNCTION_ENUM(enumerator, module, name) enumerator,
enum { FUNCTION_LIST(FUNCTION_ENUM) FUNCTION_COUNT };
#undef FUNCTION_ENUM

typedef struct global_name {
    const char *module, *name;
} global_name;

#define FUNCTION_NAME(enumerator, module, name) {module, name},
static const global_name functions[] = {FUNCTION_LIST(FUNCTION_NAME)};
#undef FUNCTION_NAME

/* Classes of storages, by the kind of their values. */
static const struct {
    const char *name;
    alc_stored_dtype dtype;
} storages[] = {
    {"FloatStorage", ALC_STORED_F32},  {"HalfStorage", ALC_STORED_F16}, {"BFloat16Storage", ALC_STORED_BF16},
    {"DoubleStorage", ALC_STORED_F64}, {"LongStorage", ALC_STORED_I64}, {"IntStorage", ALC_STORED_I32},
    {"ShortStorage", ALC_STORED_I16},  {"CharStorage", ALC_STORED_I8},  {"ByteStorage", ALC_STORED_U8},
    {"BoolStorage", ALC_STORED_BOOL},
};

static bool same(const unsigned char *bytes, size_t count, const char *text)
{
    return count == strlen(text) && memcmp(bytes, text, count) == 0;
}

alc_status alc_pickle_global(alc_pickle *p, const unsigned char *module, size_t module_bytes, const unsigned char *name,
                             size_t name_bytes, alc_pickle_value *result)
{
    *result = (alc_pickle_value){.kind = ALC_PICKLE_GLOBAL, .number = -1};
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (same(module, module_bytes, functions[i].module) && same(name, name_bytes, functions[i].name))
            result->number = i;
    for (size_t i = 0; i < sizeof storages / sizeof storages[0]; i++)
        if (same(module, module_bytes, "torch") && same(name, name_bytes, storages[i].name))
            result->number = FUNCTION_COUNT + (int64_t)i;
    if (result->number >= 0)
        return ALC_OK;
    return alc_pickle_fail(p, ALC_UNSUPPORTED,
                           "the pickle names %s.%s; only collections.OrderedDict, torch._utils._rebuild_tensor, "
                           "_rebuild_tensor_v2 and _rebuild_parameter, and torch's storages are known, and nothing else is "
                           "ever called",
                           alc_show_name(module, module_bytes).text, alc_show_name(name, name_bytes).text);
}

/* ---- storages ---- */

static bool is_global(const alc_pickle_value *value, int64_t first, int64_t end)
{
    return value->kind == ALC_PICKLE_GLOBAL && value->number >= first && value->number < end;
}

/* ('storage', class, key, device, number of values); the older form adds what part of another storage it is, or None. */
alc_status alc_pickle_persistent(alc_pickle *p, const alc_pickle_value *id, alc_pickle_value *result)
{
    const alc_pickle_value *v = id->at.items;
    if (id->kind != ALC_PICKLE_TUPLE || id->number < 5 || id->number > 6 || !alc_pickle_text_is(&v[0], "storage") ||
        !is_global(&v[1], FUNCTION_COUNT, INT64_MAX) || v[2].kind != ALC_PICKLE_TEXT || v[3].kind != ALC_PICKLE_TEXT ||
        v[4].kind != ALC_PICKLE_INTEGER)
        return alc_pickle_fail(p, ALC_BAD_FILE, "a persistent identifier does not describe a storage");
    if (id->number == 6 && v[5].kind != ALC_PICKLE_NONE)
        return alc_pickle_fail(p, ALC_UNSUPPORTED, "storage '%s' is part of another storage, as PyTorch before 0.4 wrote it",
                               alc_show_name(v[2].at.bytes, (size_t)v[2].number).text);
    if (v[4].number < 0)
        return alc_pickle_fail(p, ALC_BAD_FILE, "storage '%s' has %lld values",
                               alc_show_name(v[2].at.bytes, (size_t)v[2].number).text, (long long)v[4].number);
    alc_status status;
    alc_pth_storage *storage = alc_pickle_allocate(p, 1, sizeof *storage, &status);
    if (status != ALC_OK)
        return status;
    *storage = (alc_pth_storage){.key = v[2].at.bytes,
                                 .key_bytes = (size_t)v[2].number,
                                 .dtype = storages[v[1].number - FUNCTION_COUNT].dtype,
                                 .numel = v[4].number,
                                 .next = p->storages};
    p->storages = storage;
    *result = (alc_pickle_value){.kind = ALC_PICKLE_STORAGE, .at.storage = storage};
    return ALC_OK;
}

/* ---- tensors ---- */

/* A tuple of integers that are not negative. */
static alc_status read_extents(alc_pickle *p, const alc_pickle_value *tuple, const char *what, const int64_t **extents)
{
    if (tuple->kind != ALC_PICKLE_TUPLE || tuple->number > MOST_RANK)
        return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor's %s is no tuple of at most %d numbers", what, MOST_RANK);
    alc_status status;
    int64_t *values = alc_pickle_allocate(p, (size_t)tuple->number, sizeof *values, &status);
    if (status != ALC_OK)
        return status;
    for (int64_t i = 0; i < tuple->number; i++) {
        if (tuple->at.items[i].kind != ALC_PICKLE_INTEGER || tuple->at.items[i].number < 0)
            return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor's %s holds something that is no extent", what);
        values[i] = tuple->at.items[i].number;
    }
    *extents = values;
    return ALC_OK;
}

/* Counts the elements and finds the farthest; sizes in bytes, of a copy in doubles too, must not overflow. */
static bool measure(alc_pth_tensor *t, size_t *farthest)
{
    size_t elements = 1, bytes = 0;
    *farthest = (size_t)t->offset;
    for (int i = 0; i < t->rank; i++)
        if (t->extent[i] == 0)
            return true;
    for (int i = 0; i < t->rank; i++) {
        size_t step = 0;
        if (!alc_multiply_sizes(elements, (size_t)t->extent[i], &elements) ||
            !alc_multiply_sizes((size_t)t->extent[i] - 1, (size_t)t->stride[i], &step) ||
            !alc_add_sizes(*farthest, step, farthest))
            return false;
    }
    t->elements = (int64_t)elements;
    return alc_multiply_sizes(elements, 2 * sizeof(double), &bytes);
}

static alc_status make_tensor(alc_pickle *p, const alc_pickle_value *v, alc_pickle_value *result)
{
    size_t farthest = 0;
    alc_status status;
    alc_pth_tensor *t = alc_pickle_allocate(p, 1, sizeof *t, &status);
    if (status != ALC_OK)
        return status;
    if (v[0].kind != ALC_PICKLE_STORAGE || v[1].kind != ALC_PICKLE_INTEGER || v[1].number < 0)
        return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor is not made of a storage and a place in it");
    status = read_extents(p, &v[2], "shape", &t->extent);
    if (status == ALC_OK)
        status = read_extents(p, &v[3], "stride", &t->stride);
    if (status != ALC_OK)
        return status;
    if (v[2].number != v[3].number)
        return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor has %lld extents and %lld strides", (long long)v[2].number,
                               (long long)v[3].number);
    t->storage = v[0].at.storage;
    t->offset = v[1].number;
    t->rank = (int)v[2].number;
    if (!measure(t, &farthest))
        return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor's size overflows");
    if (t->elements > 0 && farthest >= (size_t)t->storage->numel)
        return alc_pickle_fail(p, ALC_BAD_FILE, "a tensor reaches to value %zu of storage '%s', which has %lld", farthest,
                               alc_show_name(t->storage->key, t->storage->key_bytes).text,
                               (long long)t->storage->numel);
    *result = (alc_pickle_value){.kind = ALC_PICKLE_TENSOR, .at.tensor = t};
    return ALC_OK;
}

/* ---- calls ---- */

/* OrderedDict(), or as Python 2 wrote it OrderedDict([[key, value], ...]). */
static alc_status make_dict(alc_pickle *p, const alc_pickle_value *v, int64_t count, alc_pickle_value *result)
{
    alc_status status = alc_pickle_make_list(p, ALC_PICKLE_DICT, result);
    if (status != ALC_OK || count == 0)
        return status;
    if (count != 1 || v->kind != ALC_PICKLE_LIST)
        return alc_pickle_fail(p, ALC_BAD_FILE, "an OrderedDict is made of something else than a list of pairs");
    for (size_t i = 0; i < v->at.list->count && status == ALC_OK; i++) {
        const alc_pickle_value *pair = &v->at.list->items[i];
        if (pair->kind == ALC_PICKLE_LIST && pair->at.list->count == 2)
            status = alc_pickle_append(p, result->at.list, pair->at.list->items, 2);
        else if (pair->kind == ALC_PICKLE_TUPLE && pair->number == 2)
            status = alc_pickle_append(p, result->at.list, pair->at.items, 2);
        else
            return alc_pickle_fail(p, ALC_BAD_FILE, "an OrderedDict is made of something else than a list of pairs");
    }
    return status;
}

static alc_status fail_arguments(const alc_pickle *p, int64_t function)
{
    return alc_pickle_fail(p, ALC_BAD_FILE, "%s.%s does not get the arguments that PyTorch gives it",
                           functions[function].module, functions[function].name);
}

alc_status alc_pickle_call(alc_pickle *p, const alc_pickle_value *function, const alc_pickle_value *arguments,
                           alc_pickle_value *result)
{
    if (!is_global(function, 0, FUNCTION_COUNT) || arguments->kind != ALC_PICKLE_TUPLE)
        return alc_pickle_fail(p, ALC_BAD_FILE, "the pickle calls %s with %s", alc_pickle_kind_name(function->kind),
                               alc_pickle_kind_name(arguments->kind));
    const alc_pickle_value *v = arguments->at.items;
    const int64_t count = arguments->number;
    switch (function->number) {
    case ORDERED_DICT:
        return make_dict(p, v, count, result);
    case REBUILD_TENSOR: /* storage, offset, shape, stride */
        return count == 4 ? make_tensor(p, v, result) : fail_arguments(p, function->number);
    case REBUILD_TENSOR_V2: /* and whether it wants a gradient, and hooks */
        if (count != 6 || v[4].kind != ALC_PICKLE_BOOL || v[5].kind != ALC_PICKLE_DICT)
            return fail_arguments(p, function->number);
        return make_tensor(p, v, result);
    default: /* a parameter: tensor, whether it wants a gradient, hooks */
        if (count != 3 || v[0].kind != ALC_PICKLE_TENSOR)
            return fail_arguments(p, function->number);
        *result = v[0];
        return ALC_OK;
    }
}
