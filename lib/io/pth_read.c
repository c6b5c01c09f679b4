/* lib/io/pth_read.c - PyTorch's files, opened like a safetensors file of the same tensors. The form since PyTorch 1.6 is a
 * zip file: NAME/data.pkl describes the tensors, NAME/data/KEY are the storages. The older form is pickles in a row (a
 * number, a version, the machine, the tensors, the keys of the storages) and then the storages. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_string.h"
#include "lib/io/pickle.h"
#include "lib/io/safetensors_internal.h"
#include "lib/io/shown_name.h"
#include "lib/io/zip_directory.h"

#define OLDER_VERSION 1001
static const unsigned char older_magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

static alc_status fail(const alc_safetensors *file, alc_status status, const char *what)
{
    return alc_fail(file->context, status, "%s: %s", file->name, what);
}

/* ---- from the dictionary to the list of tensors ---- */

static alc_status fill_name(alc_safetensors *file, const alc_pickle_value *key, alc_stored_tensor *about)
{
    if (key->kind != ALC_PICKLE_TEXT)
        return alc_fail(file->context, ALC_BAD_FILE, "%s: the state dict has %s for a name", file->name,
                        alc_pickle_kind_name(key->kind));
    about->name = alc_arena_format(&file->arena, "%.*s", (int)key->number, (const char *)key->at.bytes);
    if (about->name == NULL)
        return ALC_OUT_OF_MEMORY;
    if (strlen(about->name) != (size_t)key->number || !alc_is_utf8(about->name))
        return alc_fail(file->context, ALC_BAD_FILE, "%s: the name '%s' is no UTF-8 text", file->name,
                        alc_show_name(key->at.bytes, (size_t)key->number).text);
    return ALC_OK;
}

/* Whether elements follow each other as those of a file without strides do. */
static bool is_plain(const alc_pth_tensor *t)
{
    int64_t step = 1;
    for (int i = t->rank - 1; i >= 0; i--) {
        if (t->extent[i] != 1 && t->stride[i] != step)
            return false;
        step *= t->extent[i];
    }
    return true;
}

static alc_status fill_tensor(alc_safetensors *file, const alc_pickle_value *key, const alc_pickle_value *value,
                              alc_file_tensor *tensor)
{
    alc_status status = fill_name(file, key, &tensor->about);
    if (status != ALC_OK)
        return status;
    if (value->kind != ALC_PICKLE_TENSOR)
        return alc_fail(file->context, ALC_BAD_FILE, "%s: '%s' is %s and no tensor", file->name,
                        alc_show_name(key->at.bytes, (size_t)key->number).text, alc_pickle_kind_name(value->kind));
    const alc_pth_tensor *t = value->at.tensor;
    tensor->about.dtype = t->storage->dtype;
    tensor->about.rank = t->rank;
    tensor->about.extent = t->extent;
    tensor->about.elements = t->elements;
    tensor->values = t->storage->values + (t->elements == 0 ? 0 : (size_t)t->offset * alc_stored_dtype_size(t->storage->dtype));
    tensor->stride = t->elements == 0 || is_plain(t) ? NULL : t->stride;
    return ALC_OK;
}

/* The state dict itself, or what a checkpoint has under one of these names. */
static const alc_pickle_value *find_state_dict(const alc_pickle_value *root)
{
    static const char *const keys[] = {"state_dict", "model"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const alc_pickle_value *value = alc_pickle_find(root, keys[i]);
        if (value != NULL && value->kind == ALC_PICKLE_DICT)
            return value;
    }
    return root;
}

static int compare_places(const void *left, const void *right)
{
    const alc_file_tensor *a = left, *b = right;
    if (a->values != b->values)
        return a->values < b->values ? -1 : 1;
    return strcmp(a->about.name, b->about.name);
}

static alc_status list_tensors(alc_safetensors *file, const alc_pickle_value *root)
{
    if (root->kind != ALC_PICKLE_DICT)
        return alc_fail(file->context, ALC_BAD_FILE, "%s: holds %s instead of a state dict", file->name,
                        alc_pickle_kind_name(root->kind));
    const alc_pickle_list *list = find_state_dict(root)->at.list;
    alc_status status = ALC_OK;
    file->tensors = alc_arena_allocate(&file->arena, list->count / 2 * sizeof *file->tensors, "a list of tensors");
    if (file->tensors == NULL)
        return ALC_OUT_OF_MEMORY;
    for (size_t i = 0; i < list->count && status == ALC_OK; i += 2)
        status = fill_tensor(file, &list->items[i], &list->items[i + 1], &file->tensors[file->count++]);
    if (status != ALC_OK)
        return status;
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, compare_places);
    return alc_index_names(file);
}

/* ---- the zip file ---- */

/* NAME in front of "/data.pkl"; there is one. */
static alc_status find_folder(alc_safetensors *file, const alc_zip *zip, const char **folder, size_t *bytes)
{
    static const char tail[] = "/data.pkl";
    const size_t length = sizeof tail - 1;
    size_t found = 0;
    for (size_t i = 0; i < zip->count; i++) {
        const alc_zip_entry *e = &zip->entries[i];
        if (e->name_bytes <= length || memcmp(e->name + e->name_bytes - length, tail, length) != 0 ||
            memchr(e->name, '/', e->name_bytes - length) != NULL)
            continue;
        *folder = e->name;
        *bytes = e->name_bytes - length;
        found++;
    }
    return found == 1 ? ALC_OK
                      : alc_fail(file->context, ALC_BAD_FILE,
                                 "%s: is a zip file with %zu entries NAME/data.pkl; PyTorch's has one", file->name, found);
}

/* FOLDER/PART[KEY]; *entry is NULL if it is not there. */
static alc_status find_entry(alc_safetensors *file, const alc_zip *zip, const char *folder, size_t folder_bytes,
                             const char *part, const alc_pth_storage *storage, const alc_zip_entry **entry)
{
    const size_t part_bytes = strlen(part), key_bytes = storage == NULL ? 0 : storage->key_bytes;
    char *path = alc_allocate(file->context, folder_bytes + part_bytes + key_bytes, "an entry's name");
    if (path == NULL)
        return ALC_OUT_OF_MEMORY;
    memcpy(path, folder, folder_bytes);
    memcpy(path + folder_bytes, part, part_bytes);
    if (storage != NULL)
        memcpy(path + folder_bytes + part_bytes, storage->key, key_bytes);
    *entry = alc_zip_find(zip, path, folder_bytes + part_bytes + key_bytes);
    alc_free(file->context, path);
    return ALC_OK;
}

static alc_status find_storages(alc_safetensors *file, const alc_zip *zip, const char *folder, size_t folder_bytes,
                                alc_pth_storage *storage)
{
    for (; storage != NULL; storage = storage->next) {
        const alc_zip_entry *entry;
        size_t bytes = 0;
        alc_status status = find_entry(file, zip, folder, folder_bytes, "/data/", storage, &entry);
        if (status != ALC_OK)
            return status;
        if (entry == NULL)
            return alc_fail(file->context, ALC_BAD_FILE, "%s: storage '%s' is not in the zip file", file->name,
                            alc_show_name(storage->key, storage->key_bytes).text);
        if (!alc_multiply_sizes((size_t)storage->numel, alc_stored_dtype_size(storage->dtype), &bytes) ||
            bytes != entry->end - entry->begin)
            return alc_fail(file->context, ALC_BAD_FILE, "%s: storage '%s' has %lld values of %s and %llu bytes", file->name,
                            alc_show_name(storage->key, storage->key_bytes).text, (long long)storage->numel,
                            alc_stored_dtype_name(storage->dtype), (unsigned long long)(entry->end - entry->begin));
        storage->values = file->bytes + entry->begin;
    }
    return ALC_OK;
}

/* What is beside the pickle may say that this is not for us. */
static alc_status check_kind(alc_safetensors *file, const alc_zip *zip, const char *folder, size_t folder_bytes)
{
    const alc_zip_entry *order = NULL, *program = NULL;
    alc_status status = find_entry(file, zip, folder, folder_bytes, "/byteorder", NULL, &order);
    if (status == ALC_OK)
        status = find_entry(file, zip, folder, folder_bytes, "/constants.pkl", NULL, &program);
    if (status != ALC_OK)
        return status;
    if (program != NULL)
        return fail(file, ALC_UNSUPPORTED, "is a TorchScript program; save its state_dict() instead");
    if (order != NULL && (order->end - order->begin != 6 || memcmp(file->bytes + order->begin, "little", 6) != 0))
        return fail(file, ALC_UNSUPPORTED, "its values are not little-endian");
    for (size_t i = 0; i < zip->count && status == ALC_OK; i++)
        status = alc_zip_verify(file->context, file->name, file->bytes, &zip->entries[i]);
    return status;
}

static alc_status read_zip(alc_safetensors *file)
{
    alc_zip zip;
    alc_pickle pickle;
    alc_pickle_value root;
    const alc_zip_entry *entry = NULL;
    const char *folder = NULL;
    size_t folder_bytes = 0;
    alc_status status = alc_zip_read(&file->arena, file->name, file->bytes, file->size, &zip);
    if (status == ALC_OK)
        status = find_folder(file, &zip, &folder, &folder_bytes);
    if (status == ALC_OK)
        status = check_kind(file, &zip, folder, folder_bytes);
    if (status == ALC_OK)
        status = find_entry(file, &zip, folder, folder_bytes, "/data.pkl", NULL, &entry);
    if (status != ALC_OK)
        return status;
    alc_pickle_init(&pickle, &file->arena, file->name, file->bytes, (size_t)entry->begin, (size_t)entry->end);
    status = alc_pickle_run(&pickle, &root);
    if (status == ALC_OK && pickle.at != pickle.end)
        status = alc_pickle_fail(&pickle, ALC_BAD_FILE, "the pickle stops before its entry ends");
    alc_pickle_free(&pickle);
    if (status == ALC_OK)
        status = find_storages(file, &zip, folder, folder_bytes, pickle.storages);
    return status == ALC_OK ? list_tensors(file, &root) : status;
}

/* ---- the older form ---- */

static int compare_keys(const void *left, const void *right)
{
    const alc_pth_storage *a = *(alc_pth_storage *const *)left, *b = *(alc_pth_storage *const *)right;
    if (a->key_bytes != b->key_bytes)
        return a->key_bytes < b->key_bytes ? -1 : 1;
    return memcmp(a->key, b->key, a->key_bytes);
}

/* The storages by key; a key that is named several times stands there as often. */
static alc_status sort_storages(alc_safetensors *file, alc_pth_storage *first, alc_pth_storage ***sorted, size_t *count)
{
    *count = 0;
    for (alc_pth_storage *s = first; s != NULL; s = s->next)
        ++*count;
    *sorted = alc_arena_allocate(&file->arena, *count * sizeof **sorted, "a list of storages");
    if (*sorted == NULL)
        return ALC_OUT_OF_MEMORY;
    size_t i = 0;
    for (alc_pth_storage *s = first; s != NULL; s = s->next)
        (*sorted)[i++] = s;
    qsort(*sorted, *count, sizeof **sorted, compare_keys);
    return ALC_OK;
}

/* The storage at pickle->at, whose key the list names next: its number of values, and then they. */
static alc_status place_storage(alc_safetensors *file, alc_pickle *pickle, const alc_pickle_value *key,
                                alc_pth_storage **sorted, size_t count)
{
    alc_pth_storage wanted = {.key = key->at.bytes, .key_bytes = (size_t)key->number}, *pointer = &wanted;
    const alc_shown_name shown = alc_show_name(key->at.bytes, key->kind == ALC_PICKLE_TEXT ? (size_t)key->number : 0);
    size_t first = 0, high = count, bytes = 0;
    while (first < high) { /* the first that is not before it */
        size_t middle = first + (high - first) / 2;
        if (compare_keys(&sorted[middle], &pointer) < 0)
            first = middle + 1;
        else
            high = middle;
    }
    pickle->place = pickle->at;
    if (key->kind != ALC_PICKLE_TEXT || first == count || compare_keys(&sorted[first], &pointer) != 0 ||
        sorted[first]->values != NULL)
        return alc_pickle_fail(pickle, ALC_BAD_FILE, "storage '%s' follows, which no tensor uses, or not twice", shown.text);
    const alc_pth_storage *storage = sorted[first];
    if (pickle->end - pickle->at < 8 || alc_load_little_endian(file->bytes + pickle->at, 8) != (uint64_t)storage->numel)
        return alc_pickle_fail(pickle, ALC_BAD_FILE, "storage '%s' does not begin with its number of values, %lld",
                               shown.text, (long long)storage->numel);
    pickle->at += 8;
    if (!alc_multiply_sizes((size_t)storage->numel, alc_stored_dtype_size(storage->dtype), &bytes) ||
        bytes > pickle->end - pickle->at)
        return alc_pickle_fail(pickle, ALC_BAD_FILE, "storage '%s' has %lld values of %s, which the file does not hold",
                               shown.text, (long long)storage->numel, alc_stored_dtype_name(storage->dtype));
    for (size_t i = first; i < count && compare_keys(&sorted[i], &pointer) == 0; i++) {
        if (sorted[i]->dtype != storage->dtype || sorted[i]->numel != storage->numel)
            return alc_pickle_fail(pickle, ALC_BAD_FILE, "storage '%s' is described in two ways", shown.text);
        sorted[i]->values = file->bytes + pickle->at;
    }
    pickle->at += bytes;
    return ALC_OK;
}

static alc_status place_storages(alc_safetensors *file, alc_pickle *pickle, const alc_pickle_value *keys)
{
    alc_pth_storage **sorted;
    size_t count;
    if (keys->kind != ALC_PICKLE_LIST)
        return alc_pickle_fail(pickle, ALC_BAD_FILE, "the list of storages is %s", alc_pickle_kind_name(keys->kind));
    alc_status status = sort_storages(file, pickle->storages, &sorted, &count);
    for (size_t i = 0; status == ALC_OK && i < keys->at.list->count; i++)
        status = place_storage(file, pickle, &keys->at.list->items[i], sorted, count);
    for (size_t i = 0; status == ALC_OK && i < count; i++)
        if (sorted[i]->values == NULL)
            return alc_fail(file->context, ALC_BAD_FILE, "%s: storage '%s' is not in the file", file->name,
                            alc_show_name(sorted[i]->key, sorted[i]->key_bytes).text);
    if (status == ALC_OK && pickle->at != pickle->end)
        return alc_fail(file->context, ALC_BAD_FILE, "%s: %zu bytes follow the last storage, at byte %zu", file->name,
                        pickle->end - pickle->at, pickle->at);
    return status;
}

/* The first pickles: whose file this is, its version, and the machine that wrote it. */
static alc_status read_preface(alc_safetensors *file, alc_pickle *pickle)
{
    alc_pickle_value value;
    alc_status status = alc_pickle_run(pickle, &value);
    if (status != ALC_OK)
        return status;
    if (value.kind != ALC_PICKLE_LONG || value.number != sizeof older_magic ||
        memcmp(value.at.bytes, older_magic, sizeof older_magic) != 0)
        return fail(file, ALC_BAD_FILE, "is a pickle, but none that PyTorch wrote");
    status = alc_pickle_run(pickle, &value);
    if (status == ALC_OK && (value.kind != ALC_PICKLE_INTEGER || value.number != OLDER_VERSION))
        return fail(file, ALC_UNSUPPORTED, "is of another version of PyTorch's older format than 1001");
    if (status == ALC_OK)
        status = alc_pickle_run(pickle, &value);
    if (status != ALC_OK)
        return status;
    const alc_pickle_value *little = value.kind == ALC_PICKLE_DICT ? alc_pickle_find(&value, "little_endian") : NULL;
    if (little == NULL || little->kind != ALC_PICKLE_BOOL)
        return fail(file, ALC_BAD_FILE, "does not say in which order its values' bytes are");
    return little->number == 1 ? ALC_OK : fail(file, ALC_UNSUPPORTED, "its values are not little-endian");
}

static alc_status read_older(alc_safetensors *file)
{
    alc_pickle pickle;
    alc_pickle_value root = {0}, keys = {0};
    alc_pickle_init(&pickle, &file->arena, file->name, file->bytes, 0, file->size);
    alc_status status = read_preface(file, &pickle);
    if (status == ALC_OK)
        status = alc_pickle_run(&pickle, &root);
    if (status == ALC_OK)
        status = alc_pickle_run(&pickle, &keys);
    if (status == ALC_OK)
        status = place_storages(file, &pickle, &keys);
    alc_pickle_free(&pickle);
    return status == ALC_OK ? list_tensors(file, &root) : status;
}

bool alc_is_pth(const unsigned char *bytes, size_t size)
{
    if (size > 8 && bytes[8] == '{') /* a safetensors file whose header has such a length */
        return false;
    return (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) || (size >= 2 && bytes[0] == 0x80 && bytes[1] <= 5);
}

alc_status alc_read_pth(alc_safetensors *file)
{
    return file->bytes[0] == 'P' ? read_zip(file) : read_older(file);
}
