/* lib/io/pickle.h - a reader of Python's pickles that knows what a PyTorch state dict is made of, and nothing else.
 *
 * A pickle is a program for a small stack machine, and Python's lets it call any function. This one has no functions to
 * call: the few names that a state dict uses are recognised and stand for dictionaries and tensors; every other name, and
 * every instruction that is not needed, is refused by its name. The bytes that are read and the memory that is taken have
 * a limit, and values are never walked recursively.
 */
#ifndef ALC_LIB_PICKLE_H
#define ALC_LIB_PICKLE_H

#include "lib/base/base.h"
#include "lib/io/stored_dtype.h"

/* X(enumerator, name): NOTHING is an empty place of the memo, MARK stands on the stack only. */
#define ALC_PICKLE_KIND_LIST(X)                 \
    X(ALC_PICKLE_NOTHING, "nothing")            \
    X(ALC_PICKLE_NONE, "None")                  \
    X(ALC_PICKLE_BOOL, "a truth value")         \
    X(ALC_PICKLE_INTEGER, "an integer")         \
    X(ALC_PICKLE_LONG, "a long integer")        \
    X(ALC_PICKLE_REAL, "a number")              \
    X(ALC_PICKLE_TEXT, "a text")                \
    X(ALC_PICKLE_TUPLE, "a tuple")              \
    X(ALC_PICKLE_LIST, "a list")                \
    X(ALC_PICKLE_DICT, "a dictionary")          \
    X(ALC_PICKLE_GLOBAL, "a function or class") \
    X(ALC_PICKLE_STORAGE, "a storage")          \
    X(ALC_PICKLE_TENSOR, "a tensor")            \
    X(ALC_PICKLE_MARK, "a mark")

#define ALC_PICKLE_KIND_ENUM(enumerator, name) enumerator,
typedef enum alc_pickle_kind { ALC_PICKLE_KIND_LIST(ALC_PICKLE_KIND_ENUM) ALC_PICKLE_KIND_COUNT } alc_pickle_kind;
#undef ALC_PICKLE_KIND_ENUM

const char *alc_pickle_kind_name(alc_pickle_kind kind);

typedef struct alc_pickle_list alc_pickle_list;
typedef struct alc_pth_storage alc_pth_storage;
typedef struct alc_pth_tensor alc_pth_tensor;

typedef struct alc_pickle_value {
    alc_pickle_kind kind;
    int64_t number; /* INTEGER, BOOL; GLOBAL: an alc_pickle_name; TEXT, LONG: bytes; TUPLE: values */
    union {
        const unsigned char *bytes;                /* TEXT, LONG (little-endian): in the file */
        const struct alc_pickle_value *items;      /* TUPLE */
        alc_pickle_list *list;                     /* LIST; DICT: keys and values in turn */
        alc_pth_storage *storage;
        alc_pth_tensor *tensor;
    } at;
} alc_pickle_value;

struct alc_pickle_list {
    alc_pickle_value *items;
    size_t count, capacity;
};

/* Values that tensors look at: `numel` of one kind, under a key that the file explains elsewhere. */
struct alc_pth_storage {
    const unsigned char *key;
    size_t key_bytes;
    alc_stored_dtype dtype;
    int64_t numel;
    const unsigned char *values; /* NULL until they are found */
    alc_pth_storage *next;       /* all that were named, the latest first */
};

/* Element (i, j, ...) is the storage's `offset + i * stride[0] + j * stride[1] + ...`; all of them lie in it. */
struct alc_pth_tensor {
    const alc_pth_storage *storage;
    int64_t offset, elements;
    int rank;
    const int64_t *extent, *stride;
};

/* The machine. What it makes is the arena's; stack and memo are freed by alc_pickle_free. */
typedef struct alc_pickle {
    alc_context *context;
    alc_arena *arena;
    const char *name; /* of the file, for messages */
    const unsigned char *bytes;
    size_t at, end; /* where it reads in bytes, and must not read */
    size_t place;   /* of the instruction in work, for messages */
    alc_pickle_value *stack, *memo;
    size_t depth, stack_capacity, memo_count, memo_capacity;
    alc_pth_storage *storages;
    size_t made; /* bytes of the arena */
    bool stopped;
} alc_pickle;

/* Starts at byte `begin` of the file, where it may read up to `end`. */
void alc_pickle_init(alc_pickle *pickle, alc_arena *arena, const char *name, const unsigned char *bytes, size_t begin,
                     size_t end);
/* Runs one pickle to its STOP; pickle->at is behind it then. A file may have several in a row. */
alc_status alc_pickle_run(alc_pickle *pickle, alc_pickle_value *result);
void alc_pickle_free(alc_pickle *pickle);

/* The value of a text key in a dictionary, NULL if there is none. Of several the last one. */
const alc_pickle_value *alc_pickle_find(const alc_pickle_value *dict, const char *key);
bool alc_pickle_text_is(const alc_pickle_value *value, const char *text);

/* "NAME: byte N: SENTENCE". */
alc_status alc_pickle_fail(const alc_pickle *pickle, alc_status status, const char *format, ...) ALC_PRINTF(3, 4);

/* ---- names, calls and persistent identifiers (pickle_objects.c) ---- */

/* Recognises MODULE.NAME, or refuses it. */
alc_status alc_pickle_global(alc_pickle *pickle, const unsigned char *module, size_t module_bytes,
                             const unsigned char *name, size_t name_bytes, alc_pickle_value *result);
/* What calling `function` with the tuple `arguments` stands for. */
alc_status alc_pickle_call(alc_pickle *pickle, const alc_pickle_value *function, const alc_pickle_value *arguments,
                           alc_pickle_value *result);
/* The storage that a persistent identifier describes. */
alc_status alc_pickle_persistent(alc_pickle *pickle, const alc_pickle_value *id, alc_pickle_value *result);

/* Memory of the arena, zeroed; there is a limit to what one file may ask for. NULL on failure, with *status set. */
void *alc_pickle_allocate(alc_pickle *pickle, size_t count, size_t size, alc_status *status);
/* Appends to a list or dictionary; the memory is the arena's. */
alc_status alc_pickle_append(alc_pickle *pickle, alc_pickle_list *list, const alc_pickle_value *values, size_t count);
alc_status alc_pickle_make_list(alc_pickle *pickle, alc_pickle_kind kind, alc_pickle_value *result);

#endif
