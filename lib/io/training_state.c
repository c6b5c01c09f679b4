/* lib/io/training_state.c - where a training stands, as a file: numbers as strings that give the
 * same bits back, the optimizer's tensors under PARAMETER.ROLE. Every number is named once, in the
 * lists below.
 *
 * What is no part of it: the optimizer's options, which whoever resumes sets again, and random
 * numbers, which are a function of the seed and the position.
 */
#include "lib/io/training_state.h"

#include <math.h>
#include <string.h>

#include "lib/optimizer/optimizer_state.h"

#define INTEGER_FIELDS(X)                                                                          \
    X(epoch)                                                                                       \
    X(batch)                                                                                       \
    X(samples)                                                                                     \
    X(hits)                                                                                        \
    X(step)                                                                                        \
    X(best_epoch)                                                                                  \
    X(schedule.total_steps)                                                                        \
    X(schedule.steps_per_epoch)                                                                    \
    X(schedule.warmup_steps)                                                                       \
    X(schedule.period)                                                                             \
    X(schedule.patience)                                                                           \
    X(schedule.waited)

#define REAL_FIELDS(X)                                                                             \
    X(loss_sum)                                                                                    \
    X(best_score)                                                                                  \
    X(schedule.learning_rate)                                                                      \
    X(schedule.final_factor)                                                                       \
    X(schedule.gamma)                                                                              \
    X(schedule.best)                                                                               \
    X(schedule.factor)

#define KEY(field) ALC_KEY_PREFIX #field
#define KEY_KIND KEY(schedule.kind)
#define KEY_STARTED KEY(schedule.started)

/* What stands for "no optimizer was saved". */
#define NO_OPTIMIZER "none"

#define COUNT_FIELD(field) +1
enum { MOST_ENTRIES = 16 INTEGER_FIELDS(COUNT_FIELD) REAL_FIELDS(COUNT_FIELD) };
#undef COUNT_FIELD

/* ---- writing ---- */

typedef struct entry_list {
    alc_arena arena;
    alc_metadata_entry entries[MOST_ENTRIES];
    int64_t count;
    bool failed;
} entry_list;

static void add_text(entry_list *list, const char *key, const char *value)
{
    list->entries[list->count++] = (alc_metadata_entry){key, value};
    if (value == NULL)
        list->failed = true;
}

static void add_integer(entry_list *list, const char *key, int64_t value)
{
    add_text(list, key, alc_arena_format(&list->arena, "%lld", (long long)value));
}

/* 17 digits tell every double from its neighbours. */
static void add_real(entry_list *list, const char *key, double value)
{
    add_text(list, key, alc_arena_format(&list->arena, "%.17g", value));
}

static void add_checksum(entry_list *list, const char *key, uint64_t value)
{
    char digits[ALC_CHECKSUM_DIGITS + 1];
    alc_checksum_text(value, digits);
    add_text(list, key, alc_arena_format(&list->arena, "%s", digits));
}

static void list_numbers(entry_list *list, const alc_training_state *state)
{
#define ADD_INTEGER(field) add_integer(list, KEY(field), state->field);
    INTEGER_FIELDS(ADD_INTEGER)
#undef ADD_INTEGER
#define ADD_REAL(field) add_real(list, KEY(field), state->field);
    REAL_FIELDS(ADD_REAL)
#undef ADD_REAL
    add_integer(list, KEY_KIND, (int64_t)state->schedule.kind);
    add_integer(list, KEY_STARTED, state->schedule.started ? 1 : 0);
}

static char *tensor_name(alc_arena *arena, const alc_optimizer_tensor *tensor)
{
    return alc_arena_format(arena, "%s.%s", alc_parameter_name(tensor->parameter), tensor->role);
}

static alc_status list_tensors(alc_optimizer *optimizer, alc_arena *arena,
                               alc_tensor_source *sources, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        alc_optimizer_tensor tensor = alc_optimizer_tensor_at(optimizer, i);
        sources[i] = (alc_tensor_source){.name = tensor_name(arena, &tensor),
                                         .shape = ALC_SHAPE(tensor.count),
                                         .values = tensor.values};
        if (sources[i].name == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    return ALC_OK;
}

alc_status alc_state_prepare(alc_context *context, const char *path, alc_optimizer *optimizer,
                             const alc_training_state *state, uint64_t model_checksum,
                             alc_atomic_file **file)
{
    entry_list list = {.count = 0};
    uint64_t checksum;
    int64_t tensors = optimizer == NULL ? 0 : alc_optimizer_tensor_count(optimizer);
    alc_arena_init(&list.arena, context);
    add_text(&list, ALC_KEY_FORMAT, ALC_FORMAT_STATE);
    add_checksum(&list, ALC_KEY_MODEL_CHECKSUM, model_checksum);
    add_checksum(&list, ALC_KEY_SEED, alc_context_seed(context));
    add_text(&list, ALC_KEY_OPTIMIZER,
             optimizer == NULL ? NO_OPTIMIZER : alc_optimizer_kind_name(optimizer));
    add_integer(&list, ALC_KEY_OPTIMIZER_STEPS,
                optimizer == NULL ? 0 : alc_optimizer_steps(optimizer));
    list_numbers(&list, state);
    alc_tensor_source *sources =
        alc_allocate_array(context, (size_t)tensors, sizeof *sources, "a list of tensors");
    alc_status status = sources == NULL || list.failed
                            ? ALC_OUT_OF_MEMORY
                            : list_tensors(optimizer, &list.arena, sources, tensors);
    if (status == ALC_OK)
        status = alc_safetensors_prepare(context, path, sources, tensors,
                                         (alc_metadata){list.entries, list.count}, state->strings,
                                         file, &checksum);
    alc_free(context, sources);
    alc_arena_free(&list.arena);
    return status;
}

/* ---- reading ---- */

static alc_status fail_key(const alc_safetensors *file, const char *key)
{
    return alc_fail(file->context, ALC_BAD_FILE,
                    "%s is no training state: '%s' is missing or not what it must be", file->name,
                    key);
}

static bool read_integer(const alc_safetensors *file, const char *key, int64_t *value)
{
    const char *text = alc_metadata_find(file->metadata, key);
    return text != NULL && alc_parse_int64(text, strlen(text), value) && *value >= 0;
}

static bool read_real(const alc_safetensors *file, const char *key, double *value)
{
    static const struct {
        const char *text;
        double value;
    } special[] = {{"inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}, {"-nan", NAN}};
    const char *text = alc_metadata_find(file->metadata, key);
    for (size_t i = 0; text != NULL && i < sizeof special / sizeof special[0]; i++) {
        if (strcmp(text, special[i].text) == 0) {
            *value = special[i].value;
            return true;
        }
    }
    return text != NULL && alc_parse_double(text, strlen(text), value);
}

static alc_status read_numbers(const alc_safetensors *file, alc_training_state *state)
{
    int64_t kind, started;
#define READ_INTEGER(field)                                                                        \
    if (!read_integer(file, KEY(field), &state->field))                                            \
        return fail_key(file, KEY(field));
    INTEGER_FIELDS(READ_INTEGER)
#undef READ_INTEGER
#define READ_REAL(field)                                                                           \
    if (!read_real(file, KEY(field), &state->field))                                               \
        return fail_key(file, KEY(field));
    REAL_FIELDS(READ_REAL)
#undef READ_REAL
    if (!read_integer(file, KEY_KIND, &kind) || kind > ALC_SCHEDULE_PLATEAU)
        return fail_key(file, KEY_KIND);
    if (!read_integer(file, KEY_STARTED, &started) || started > 1)
        return fail_key(file, KEY_STARTED);
    state->schedule.kind = (alc_schedule_kind)kind;
    state->schedule.started = started == 1;
    return ALC_OK;
}

static bool is_librarys(const char *key)
{
    return strcmp(key, ALC_KEY_FORMAT) == 0 ||
           strncmp(key, ALC_KEY_PREFIX, strlen(ALC_KEY_PREFIX)) == 0;
}

alc_status alc_state_read(const alc_safetensors *file, alc_arena *arena, alc_training_state *state)
{
    *state = (alc_training_state){0};
    alc_status status = read_numbers(file, state);
    if (status != ALC_OK)
        return status;
    alc_metadata_entry *strings = alc_arena_allocate(
        arena, (size_t)file->metadata.count * sizeof *strings, "a state's strings");
    if (strings == NULL)
        return ALC_OUT_OF_MEMORY;
    state->strings.entries = strings;
    for (int64_t i = 0; i < file->metadata.count; i++)
        if (!is_librarys(file->metadata.entries[i].key))
            strings[state->strings.count++] = file->metadata.entries[i];
    return ALC_OK;
}

static bool read_checksum(const alc_safetensors *file, const char *key, uint64_t *value)
{
    const char *text = alc_metadata_find(file->metadata, key);
    return text != NULL && alc_parse_checksum(text, value);
}

alc_status alc_state_model_checksum(const alc_safetensors *file, uint64_t *checksum)
{
    const char *format = alc_metadata_find(file->metadata, ALC_KEY_FORMAT);
    if (format == NULL || strcmp(format, ALC_FORMAT_STATE) != 0)
        return fail_key(file, ALC_KEY_FORMAT);
    if (!read_checksum(file, ALC_KEY_MODEL_CHECKSUM, checksum))
        return fail_key(file, ALC_KEY_MODEL_CHECKSUM);
    return ALC_OK;
}

/* ---- into an optimizer ---- */

/* Whether `name` is PARAMETER.ROLE. */
static bool is_named(const char *name, const alc_optimizer_tensor *tensor)
{
    const char *parameter = alc_parameter_name(tensor->parameter);
    size_t length = strlen(parameter);
    return strncmp(name, parameter, length) == 0 && name[length] == '.' &&
           strcmp(name + length + 1, tensor->role) == 0;
}

static alc_status check_tensors(const alc_safetensors *file, alc_optimizer *optimizer)
{
    int64_t count = alc_optimizer_tensor_count(optimizer);
    if (alc_safetensors_count(file) != count)
        return alc_fail(
            file->context, ALC_MISMATCH,
            "%s holds %lld tensors of an optimizer, this one has %lld: other parameters "
            "were trained",
            file->name, (long long)alc_safetensors_count(file), (long long)count);
    for (int64_t i = 0; i < count; i++) {
        alc_optimizer_tensor tensor = alc_optimizer_tensor_at(optimizer, i);
        alc_stored_tensor stored = alc_safetensors_tensor(file, i);
        if (!is_named(stored.name, &tensor) || stored.elements != tensor.count)
            return alc_fail(file->context, ALC_MISMATCH,
                            "%s holds '%s' of %lld values where the optimizer has '%s.%s' of %lld",
                            file->name, stored.name, (long long)stored.elements,
                            alc_parameter_name(tensor.parameter), tensor.role,
                            (long long)tensor.count);
    }
    return ALC_OK;
}

static alc_status check_optimizer(const alc_safetensors *file, alc_optimizer *optimizer)
{
    int64_t steps;
    const char *saved = alc_metadata_find(file->metadata, ALC_KEY_OPTIMIZER);
    if (saved == NULL)
        return fail_key(file, ALC_KEY_OPTIMIZER);
    if (strcmp(saved, alc_optimizer_kind_name(optimizer)) != 0)
        return alc_fail(file->context, ALC_MISMATCH,
                        "%s was saved with the optimizer '%s', this run has '%s'", file->name,
                        saved, alc_optimizer_kind_name(optimizer));
    if (!read_integer(file, ALC_KEY_OPTIMIZER_STEPS, &steps))
        return fail_key(file, ALC_KEY_OPTIMIZER_STEPS);
    return check_tensors(file, optimizer);
}

alc_status alc_state_check(const alc_safetensors *file, alc_optimizer *optimizer)
{
    uint64_t seed;
    uint64_t own = alc_context_seed(file->context);
    if (!read_checksum(file, ALC_KEY_SEED, &seed))
        return fail_key(file, ALC_KEY_SEED);
    if (seed != own)
        return alc_fail(file->context, ALC_MISMATCH,
                        "%s was saved with seed %llu, this run has %llu", file->name,
                        (unsigned long long)seed, (unsigned long long)own);
    return optimizer == NULL ? ALC_OK : check_optimizer(file, optimizer);
}

void alc_state_restore(const alc_safetensors *file, alc_optimizer *optimizer)
{
    int64_t count = alc_optimizer_tensor_count(optimizer), steps = 0;
    for (int64_t i = 0; i < count; i++)
        alc_safetensors_read_reals(file, i, alc_optimizer_tensor_at(optimizer, i).values);
    read_integer(file, ALC_KEY_OPTIMIZER_STEPS, &steps);
    alc_optimizer_set_steps(optimizer, steps);
}
