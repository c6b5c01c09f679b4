/* lib/io/pickle.c - the stack machine: its instructions, one function each, and the table of them. What names and calls
 * mean is pickle_objects.c's. Instructions and their operands are documented in Python's pickletools. */
#include "lib/io/pickle.h"

#include <string.h>

/* A model of 100,000 tensors has a pickle of some 16 MB, and takes 50 MB. */
#define MOST_PICKLE_BYTES ((size_t)32 << 20)
#define MOST_MEMORY ((size_t)256 << 20)
#define MOST_STACK ((size_t)1 << 20)
#define PROTOCOL 2

#define KIND_NAME(enumerator, name) name,
static const char *const kind_names[] = {ALC_PICKLE_KIND_LIST(KIND_NAME)};
#undef KIND_NAME

const char *alc_pickle_kind_name(alc_pickle_kind kind)
{
    return kind_names[kind];
}

alc_status alc_pickle_fail(const alc_pickle *p, alc_status status, const char *format, ...)
{
    char place[640];
    va_list arguments;
    alc_format(place, sizeof place, "%s: byte %zu", p->name, p->place);
    va_start(arguments, format);
    alc_fail_in(p->context, status, place, format, arguments);
    va_end(arguments);
    return status;
}

static alc_status fail(const alc_pickle *p, const char *what)
{
    return alc_pickle_fail(p, ALC_BAD_FILE, "%s", what);
}

/* ---- reading operands ---- */

static alc_status take(alc_pickle *p, size_t count, const unsigned char **bytes)
{
    *bytes = p->bytes + p->at;
    if (count > p->end - p->at)
        return fail(p, "the pickle ends within an instruction");
    p->at += count;
    return ALC_OK;
}

static alc_status take_number(alc_pickle *p, size_t bytes, uint64_t *number)
{
    const unsigned char *at;
    alc_status status = take(p, bytes, &at);
    if (status == ALC_OK)
        *number = alc_load_little_endian(at, bytes);
    return status;
}

/* Up to a newline, which is not part of it. */
static alc_status take_line(alc_pickle *p, const unsigned char **line, size_t *count)
{
    const unsigned char *end = memchr(p->bytes + p->at, '\n', p->end - p->at);
    if (end == NULL)
        return fail(p, "the pickle ends within an instruction");
    *line = p->bytes + p->at;
    *count = (size_t)(end - *line);
    p->at += *count + 1;
    return ALC_OK;
}

/* ---- stack and memo ---- */

static alc_status grow(alc_pickle *p, alc_pickle_value **values, size_t *capacity, size_t needed)
{
    size_t larger = *capacity < 64 ? 64 : *capacity;
    while (larger < needed)
        larger *= 2;
    if (larger == *capacity)
        return ALC_OK;
    alc_pickle_value *moved =
        alc_reallocate_array(p->context, *values, *capacity, larger, sizeof *moved, "reading a pickle");
    if (moved == NULL)
        return ALC_OUT_OF_MEMORY;
    *values = moved;
    *capacity = larger;
    return ALC_OK;
}

static alc_status push(alc_pickle *p, alc_pickle_value value)
{
    if (p->depth == MOST_STACK)
        return alc_pickle_fail(p, ALC_BAD_FILE, "more than %zu values wait on the stack", MOST_STACK);
    alc_status status = grow(p, &p->stack, &p->stack_capacity, p->depth + 1);
    if (status == ALC_OK)
        p->stack[p->depth++] = value;
    return status;
}

static alc_status push_new(alc_pickle *p, alc_status status, alc_pickle_value value)
{
    return status == ALC_OK ? push(p, value) : status;
}

static alc_status pop(alc_pickle *p, alc_pickle_value *value)
{
    *value = (alc_pickle_value){.kind = ALC_PICKLE_NOTHING};
    if (p->depth == 0 || p->stack[p->depth - 1].kind == ALC_PICKLE_MARK)
        return fail(p, "an instruction finds no value on the stack");
    *value = p->stack[--p->depth];
    return ALC_OK;
}

/* The values above the latest mark; they are gone from the stack, with the mark, but still lie there. */
static alc_status pop_to_mark(alc_pickle *p, const alc_pickle_value **values, size_t *count)
{
    size_t first = p->depth;
    while (first > 0 && p->stack[first - 1].kind != ALC_PICKLE_MARK)
        first--;
    if (first == 0)
        return fail(p, "an instruction finds no mark on the stack");
    *values = p->stack + first;
    *count = p->depth - first;
    p->depth = first - 1;
    return ALC_OK;
}

/* The list or dictionary on top, which stays there. */
static alc_status top_list(alc_pickle *p, alc_pickle_kind kind, alc_pickle_list **list)
{
    if (p->depth == 0 || p->stack[p->depth - 1].kind != kind)
        return alc_pickle_fail(p, ALC_BAD_FILE, "an instruction is for %s, but there is %s", kind_names[kind],
                               kind_names[p->depth == 0 ? ALC_PICKLE_NOTHING : p->stack[p->depth - 1].kind]);
    *list = p->stack[p->depth - 1].at.list;
    return ALC_OK;
}

/* Memos are filled in order, so that their number is no more than that of the instructions; Python 2 starts with 1. */
static alc_status put(alc_pickle *p, size_t index_bytes)
{
    alc_pickle_value value;
    uint64_t index = 0;
    alc_status status = take_number(p, index_bytes, &index);
    if (status != ALC_OK)
        return status;
    if (index > p->memo_count + 1)
        return alc_pickle_fail(p, ALC_BAD_FILE, "memo %llu is filled after %zu others", (unsigned long long)index,
                               p->memo_count);
    status = pop(p, &value);
    if (status == ALC_OK)
        status = grow(p, &p->memo, &p->memo_capacity, (size_t)index + 1);
    if (status != ALC_OK)
        return status;
    p->memo[index] = value;
    if (index >= p->memo_count)
        p->memo_count = (size_t)index + 1;
    return push(p, value);
}

static alc_status get(alc_pickle *p, size_t index_bytes)
{
    uint64_t index = 0;
    alc_status status = take_number(p, index_bytes, &index);
    if (status != ALC_OK)
        return status;
    if (index >= p->memo_count || p->memo[index].kind == ALC_PICKLE_NOTHING)
        return alc_pickle_fail(p, ALC_BAD_FILE, "memo %llu is used before it is filled", (unsigned long long)index);
    return push(p, p->memo[index]);
}

void *alc_pickle_allocate(alc_pickle *p, size_t count, size_t size, alc_status *status)
{
    void *memory = NULL;
    size_t bytes = 0;
    *status = ALC_OK;
    if (!alc_multiply_sizes(count, size, &bytes) || bytes > MOST_MEMORY - p->made) {
        *status = alc_pickle_fail(p, ALC_BAD_FILE, "the pickle asks for more than %zu bytes of memory, which is no model's",
                                  MOST_MEMORY);
    } else if ((memory = alc_arena_allocate(p->arena, bytes, "reading a pickle")) == NULL) {
        *status = ALC_OUT_OF_MEMORY;
    } else {
        p->made += bytes;
    }
    return memory;
}

alc_status alc_pickle_make_list(alc_pickle *p, alc_pickle_kind kind, alc_pickle_value *result)
{
    alc_status status;
    *result = (alc_pickle_value){.kind = kind};
    result->at.list = alc_pickle_allocate(p, 1, sizeof *result->at.list, &status);
    return status;
}

alc_status alc_pickle_append(alc_pickle *p, alc_pickle_list *list, const alc_pickle_value *values, size_t count)
{
    if (count > list->capacity - list->count) {
        size_t capacity = 2 * (list->count + count);
        alc_status status;
        alc_pickle_value *items = alc_pickle_allocate(p, capacity, sizeof *items, &status);
        if (status != ALC_OK)
            return status;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    if (count > 0)
        memcpy(list->items + list->count, values, count * sizeof *values);
    list->count += count;
    return ALC_OK;
}

/* ---- instructions ---- */

static alc_status do_proto(alc_pickle *p)
{
    uint64_t protocol = 0;
    alc_status status = take_number(p, 1, &protocol);
    if (status == ALC_OK && protocol != PROTOCOL)
        return alc_pickle_fail(p, ALC_UNSUPPORTED,
                               "the pickle is of protocol %llu; PyTorch writes %d unless it is told otherwise",
                               (unsigned long long)protocol, PROTOCOL);
    return status;
}

static alc_status do_stop(alc_pickle *p)
{
    p->stopped = true;
    return ALC_OK;
}

static alc_status do_mark(alc_pickle *p)
{
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_MARK});
}

static alc_status do_none(alc_pickle *p)
{
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_NONE});
}

static alc_status do_true(alc_pickle *p)
{
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_BOOL, .number = 1});
}

static alc_status do_false(alc_pickle *p)
{
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_BOOL});
}

static alc_status push_integer(alc_pickle *p, size_t bytes)
{
    uint64_t number = 0;
    alc_status status = take_number(p, bytes, &number);
    /* Four bytes are signed, fewer are not. */
    int64_t value = bytes == 4 && number > INT32_MAX ? (int64_t)number - (INT64_C(1) << 32) : (int64_t)number;
    return push_new(p, status, (alc_pickle_value){.kind = ALC_PICKLE_INTEGER, .number = value});
}

static alc_status do_binint(alc_pickle *p)
{
    return push_integer(p, 4);
}

static alc_status do_binint1(alc_pickle *p)
{
    return push_integer(p, 1);
}

static alc_status do_binint2(alc_pickle *p)
{
    return push_integer(p, 2);
}

/* Two's complement of any length; what fits 64 bits is an ordinary integer. */
static alc_status do_long1(alc_pickle *p)
{
    uint64_t count = 0;
    const unsigned char *bytes = NULL;
    int64_t number = 0;
    alc_status status = take_number(p, 1, &count);
    if (status == ALC_OK)
        status = take(p, (size_t)count, &bytes);
    if (status != ALC_OK)
        return status;
    if (count > 8)
        return push(p, (alc_pickle_value){.kind = ALC_PICKLE_LONG, .number = (int64_t)count, .at.bytes = bytes});
    if (count > 0) {
        unsigned char wide[8];
        memset(wide, bytes[count - 1] & 0x80 ? 0xff : 0, sizeof wide);
        memcpy(wide, bytes, (size_t)count);
        alc_decode_integers(ALC_STORED_I64, wide, 1, &number);
    }
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_INTEGER, .number = number});
}

/* No number of this kind is needed: a checkpoint holds some beside its state dict. */
static alc_status do_binfloat(alc_pickle *p)
{
    const unsigned char *bytes;
    return push_new(p, take(p, 8, &bytes), (alc_pickle_value){.kind = ALC_PICKLE_REAL});
}

static alc_status push_text(alc_pickle *p, size_t length_bytes)
{
    uint64_t count = 0;
    const unsigned char *bytes = NULL;
    alc_status status = take_number(p, length_bytes, &count);
    if (status == ALC_OK)
        status = take(p, (size_t)count, &bytes);
    return push_new(p, status, (alc_pickle_value){.kind = ALC_PICKLE_TEXT, .number = (int64_t)count, .at.bytes = bytes});
}

static alc_status do_text(alc_pickle *p)
{
    return push_text(p, 4);
}

static alc_status do_short_text(alc_pickle *p)
{
    return push_text(p, 1);
}

static alc_status push_list(alc_pickle *p, alc_pickle_kind kind)
{
    alc_pickle_value list;
    alc_status status = alc_pickle_make_list(p, kind, &list);
    return push_new(p, status, list);
}

static alc_status do_empty_list(alc_pickle *p)
{
    return push_list(p, ALC_PICKLE_LIST);
}

static alc_status do_empty_dict(alc_pickle *p)
{
    return push_list(p, ALC_PICKLE_DICT);
}

static alc_status push_tuple(alc_pickle *p, const alc_pickle_value *values, size_t count)
{
    alc_status status;
    alc_pickle_value *items = alc_pickle_allocate(p, count, sizeof *items, &status);
    if (status != ALC_OK)
        return status;
    if (count > 0)
        memcpy(items, values, count * sizeof *items);
    return push(p, (alc_pickle_value){.kind = ALC_PICKLE_TUPLE, .number = (int64_t)count, .at.items = items});
}

static alc_status do_tuple(alc_pickle *p)
{
    const alc_pickle_value *values = NULL;
    size_t count = 0;
    alc_status status = pop_to_mark(p, &values, &count);
    return status == ALC_OK ? push_tuple(p, values, count) : status;
}

static alc_status make_tuple(alc_pickle *p, size_t count)
{
    alc_pickle_value values[3];
    alc_status status = ALC_OK;
    for (size_t i = count; i > 0 && status == ALC_OK; i--)
        status = pop(p, &values[i - 1]);
    return status == ALC_OK ? push_tuple(p, values, count) : status;
}

static alc_status do_empty_tuple(alc_pickle *p)
{
    return make_tuple(p, 0);
}

static alc_status do_tuple1(alc_pickle *p)
{
    return make_tuple(p, 1);
}

static alc_status do_tuple2(alc_pickle *p)
{
    return make_tuple(p, 2);
}

static alc_status do_tuple3(alc_pickle *p)
{
    return make_tuple(p, 3);
}

static alc_status do_append(alc_pickle *p)
{
    alc_pickle_value value;
    alc_pickle_list *list;
    alc_status status = pop(p, &value);
    if (status == ALC_OK)
        status = top_list(p, ALC_PICKLE_LIST, &list);
    return status == ALC_OK ? alc_pickle_append(p, list, &value, 1) : status;
}

static alc_status append_to_top(alc_pickle *p, alc_pickle_kind kind)
{
    const alc_pickle_value *values = NULL;
    size_t count = 0;
    alc_pickle_list *list;
    alc_status status = pop_to_mark(p, &values, &count);
    if (status == ALC_OK)
        status = top_list(p, kind, &list);
    if (status == ALC_OK && kind == ALC_PICKLE_DICT && count % 2 != 0)
        return fail(p, "a dictionary is given a key without a value");
    return status == ALC_OK ? alc_pickle_append(p, list, values, count) : status;
}

static alc_status do_appends(alc_pickle *p)
{
    return append_to_top(p, ALC_PICKLE_LIST);
}

static alc_status do_setitems(alc_pickle *p)
{
    return append_to_top(p, ALC_PICKLE_DICT);
}

static alc_status do_setitem(alc_pickle *p)
{
    alc_pickle_value pair[2];
    alc_pickle_list *list;
    alc_status status = pop(p, &pair[1]);
    if (status == ALC_OK)
        status = pop(p, &pair[0]);
    if (status == ALC_OK)
        status = top_list(p, ALC_PICKLE_DICT, &list);
    return status == ALC_OK ? alc_pickle_append(p, list, pair, 2) : status;
}

static alc_status do_binput(alc_pickle *p)
{
    return put(p, 1);
}

static alc_status do_long_binput(alc_pickle *p)
{
    return put(p, 4);
}

static alc_status do_binget(alc_pickle *p)
{
    return get(p, 1);
}

static alc_status do_long_binget(alc_pickle *p)
{
    return get(p, 4);
}

static alc_status do_global(alc_pickle *p)
{
    const unsigned char *module = NULL, *name = NULL;
    size_t module_bytes = 0, name_bytes = 0;
    alc_pickle_value global = {0};
    alc_status status = take_line(p, &module, &module_bytes);
    if (status == ALC_OK)
        status = take_line(p, &name, &name_bytes);
    if (status == ALC_OK)
        status = alc_pickle_global(p, module, module_bytes, name, name_bytes, &global);
    return push_new(p, status, global);
}

static alc_status do_reduce(alc_pickle *p)
{
    alc_pickle_value function, arguments, result = {0};
    alc_status status = pop(p, &arguments);
    if (status == ALC_OK)
        status = pop(p, &function);
    if (status == ALC_OK)
        status = alc_pickle_call(p, &function, &arguments, &result);
    return push_new(p, status, result);
}

/* Attributes of an object. A state dict has one, `_metadata`, with versions of layers; nothing here needs it. */
static alc_status do_build(alc_pickle *p)
{
    alc_pickle_value attributes;
    alc_pickle_list *list;
    alc_status status = pop(p, &attributes);
    if (status == ALC_OK && attributes.kind != ALC_PICKLE_DICT)
        return alc_pickle_fail(p, ALC_BAD_FILE, "an object's attributes are %s", kind_names[attributes.kind]);
    return status == ALC_OK ? top_list(p, ALC_PICKLE_DICT, &list) : status;
}

static alc_status do_binpersid(alc_pickle *p)
{
    alc_pickle_value id, result = {0};
    alc_status status = pop(p, &id);
    if (status == ALC_OK)
        status = alc_pickle_persistent(p, &id, &result);
    return push_new(p, status, result);
}

/* Every instruction that Python knows; those without a function are refused by their name. */
static const struct instruction {
    unsigned char code;
    const char *name;
    alc_status (*run)(alc_pickle *p);
} instructions[] = {
    {0x80, "PROTO", do_proto},
    {'.', "STOP", do_stop},
    {'(', "MARK", do_mark},
    {'N', "NONE", do_none},
    {0x88, "NEWTRUE", do_true},
    {0x89, "NEWFALSE", do_false},
    {'J', "BININT", do_binint},
    {'K', "BININT1", do_binint1},
    {'M', "BININT2", do_binint2},
    {0x8a, "LONG1", do_long1},
    {'G', "BINFLOAT", do_binfloat},
    {'X', "BINUNICODE", do_text},
    {'T', "BINSTRING", do_text},             /* Python 2's texts */
    {'U', "SHORT_BINSTRING", do_short_text},
    {']', "EMPTY_LIST", do_empty_list},
    {'}', "EMPTY_DICT", do_empty_dict},
    {')', "EMPTY_TUPLE", do_empty_tuple},
    {'t', "TUPLE", do_tuple},
    {0x85, "TUPLE1", do_tuple1},
    {0x86, "TUPLE2", do_tuple2},
    {0x87, "TUPLE3", do_tuple3},
    {'a', "APPEND", do_append},
    {'e', "APPENDS", do_appends},
    {'s', "SETITEM", do_setitem},
    {'u', "SETITEMS", do_setitems},
    {'q', "BINPUT", do_binput},
    {'r', "LONG_BINPUT", do_long_binput},
    {'h', "BINGET", do_binget},
    {'j', "LONG_BINGET", do_long_binget},
    {'c', "GLOBAL", do_global},
    {'R', "REDUCE", do_reduce},
    {'b', "BUILD", do_build},
    {'Q', "BINPERSID", do_binpersid},
    {'0', "POP", NULL},
    {'1', "POP_MARK", NULL},
    {'2', "DUP", NULL},
    {'F', "FLOAT", NULL},
    {'I', "INT", NULL},
    {'L', "LONG", NULL},
    {0x8b, "LONG4", NULL},
    {'S', "STRING", NULL},
    {'V', "UNICODE", NULL},
    {'d', "DICT", NULL},
    {'l', "LIST", NULL},
    {'g', "GET", NULL},
    {'p', "PUT", NULL},
    {'P', "PERSID", NULL},
    {'i', "INST", NULL},
    {'o', "OBJ", NULL},
    {0x81, "NEWOBJ", NULL},
    {0x92, "NEWOBJ_EX", NULL},
    {0x93, "STACK_GLOBAL", NULL},
    {0x82, "EXT1", NULL},
    {0x83, "EXT2", NULL},
    {0x84, "EXT4", NULL},
    {'B', "BINBYTES", NULL},
    {'C', "SHORT_BINBYTES", NULL},
    {0x8e, "BINBYTES8", NULL},
    {0x96, "BYTEARRAY8", NULL},
    {0x8c, "SHORT_BINUNICODE", NULL},
    {0x8d, "BINUNICODE8", NULL},
    {0x8f, "EMPTY_SET", NULL},
    {0x90, "ADDITEMS", NULL},
    {0x91, "FROZENSET", NULL},
    {0x94, "MEMOIZE", NULL},
    {0x95, "FRAME", NULL},
    {0x97, "NEXT_BUFFER", NULL},
    {0x98, "READONLY_BUFFER", NULL},
};

static alc_status step(alc_pickle *p)
{
    const unsigned char *code;
    p->place = p->at;
    alc_status status = take(p, 1, &code);
    if (status != ALC_OK)
        return status;
    for (size_t i = 0; i < sizeof instructions / sizeof instructions[0]; i++) {
        if (instructions[i].code != *code)
            continue;
        if (instructions[i].run != NULL)
            return instructions[i].run(p);
        return alc_pickle_fail(p, ALC_UNSUPPORTED, "the pickle has the instruction %s, which no state dict needs",
                               instructions[i].name);
    }
    return alc_pickle_fail(p, ALC_BAD_FILE, "there is no pickle instruction 0x%02x", *code);
}

void alc_pickle_init(alc_pickle *p, alc_arena *arena, const char *name, const unsigned char *bytes, size_t begin, size_t end)
{
    *p = (alc_pickle){.context = arena->context, .arena = arena, .name = name, .bytes = bytes, .at = begin, .end = end,
                      .place = begin};
}

alc_status alc_pickle_run(alc_pickle *p, alc_pickle_value *result)
{
    const size_t begin = p->at;
    p->depth = 0;
    p->stopped = false;
    if (p->memo_count > 0)
        memset(p->memo, 0, p->memo_count * sizeof *p->memo);
    p->memo_count = 0;
    if (p->at == p->end || p->bytes[p->at] != 0x80) {
        p->place = p->at;
        return fail(p, "there is no pickle");
    }
    while (!p->stopped) {
        alc_status status = step(p);
        if (status == ALC_OK && p->at - begin > MOST_PICKLE_BYTES)
            status = alc_pickle_fail(p, ALC_BAD_FILE, "the pickle is longer than %zu bytes, which is no model's",
                                     MOST_PICKLE_BYTES);
        if (status != ALC_OK)
            return status;
    }
    alc_status status = pop(p, result);
    if (status == ALC_OK && p->depth != 0)
        return fail(p, "the pickle stops with more than one value");
    return status;
}

void alc_pickle_free(alc_pickle *p)
{
    alc_free(p->context, p->stack);
    alc_free(p->context, p->memo);
}

bool alc_pickle_text_is(const alc_pickle_value *value, const char *text)
{
    const size_t length = strlen(text);
    return value->kind == ALC_PICKLE_TEXT && (size_t)value->number == length && memcmp(value->at.bytes, text, length) == 0;
}

const alc_pickle_value *alc_pickle_find(const alc_pickle_value *dict, const char *key)
{
    for (size_t i = dict->at.list->count; i > 1; i -= 2)
        if (alc_pickle_text_is(&dict->at.list->items[i - 2], key))
            return &dict->at.list->items[i - 1];
    return NULL;
}
