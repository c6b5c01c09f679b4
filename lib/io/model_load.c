/* lib/io/model_load.c - values from a file into a model. First everything is compared, by name and
 * shape, and counted; only then, if the caller's rules allow it, is anything written. */
#include <string.h>

#include "lib/io/model_file.h"

/* How many names of one kind a report gives. */
#define NAMES_REPORTED 3

typedef struct comparison {
    alc_model *model;
    const alc_safetensors *file;
    alc_load_report report;
    size_t text_length;
} comparison;

static void append(comparison *c, const char *format, ...) ALC_PRINTF(2, 3);

static void append(comparison *c, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof c->report.text - c->text_length;
    va_start(arguments, format);
    int length = alc_format_v(c->report.text + c->text_length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        c->text_length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Starts, continues or (with `name` NULL) ends the list of one kind of finding, of which `found`
 * were met so far. */
static void list_name(comparison *c, const char *kind, int64_t found, const char *name)
{
    if (name == NULL) {
        if (found > NAMES_REPORTED)
            append(c, " and %lld more", (long long)(found - NAMES_REPORTED));
    } else if (found == 1) {
        append(c, "%s%s: %s", c->text_length > 0 ? "; " : "", kind, name);
    } else if (found <= NAMES_REPORTED) {
        append(c, ", %s", name);
    }
}

static bool same_shape(alc_shape shape, const alc_stored_tensor *stored)
{
    return shape.rank == stored->rank &&
           (shape.rank == 0 ||
            memcmp(shape.extent, stored->extent, (size_t)shape.rank * sizeof shape.extent[0]) == 0);
}

/* "[64,3,7,7]" into text; longer ones are cut. */
static void stored_shape_text(const alc_stored_tensor *stored, char *text, size_t size)
{
    size_t length = (size_t)alc_format(text, size, "[");
    for (int i = 0; i < stored->rank && length < size - 1; i++)
        length += (size_t)alc_format(text + length, size - length, "%s%lld", i == 0 ? "" : ",",
                                     (long long)stored->extent[i]);
    if (length < size - 1)
        alc_format(text + length, size - length, "]");
}

/* The index of the tensor that fits the parameter, -1 if none does. */
static int64_t fitting_tensor(const comparison *c, const alc_parameter *parameter)
{
    int64_t index = alc_safetensors_find(c->file, alc_parameter_name(parameter));
    if (index < 0)
        return -1;
    alc_stored_tensor stored = alc_safetensors_tensor(c->file, index);
    return same_shape(alc_parameter_shape(parameter), &stored) ? index : -1;
}

static void compare_missing(comparison *c)
{
    int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++) {
        const alc_parameter *parameter = alc_model_parameter(c->model, i);
        const char *name = alc_parameter_name(parameter);
        if (alc_safetensors_find(c->file, name) < 0)
            list_name(c, "the file lacks", ++c->report.missing, name);
        else if (fitting_tensor(c, parameter) >= 0)
            c->report.loaded++;
    }
    list_name(c, "", c->report.missing, NULL);
}

static void compare_shapes(comparison *c)
{
    int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++) {
        const alc_parameter *parameter = alc_model_parameter(c->model, i);
        int64_t index = alc_safetensors_find(c->file, alc_parameter_name(parameter));
        if (index < 0 || fitting_tensor(c, parameter) >= 0)
            continue;
        char finding[512], in_file[128], in_model[128];
        alc_stored_tensor stored = alc_safetensors_tensor(c->file, index);
        stored_shape_text(&stored, in_file, sizeof in_file);
        alc_shape_text(alc_parameter_shape(parameter), in_model, sizeof in_model);
        alc_format(finding, sizeof finding, "%s is %s in the file and %s in the model", stored.name,
                   in_file, in_model);
        list_name(c, "of another shape", ++c->report.wrong_shape, finding);
    }
    list_name(c, "", c->report.wrong_shape, NULL);
}

/* A count of batches beside a running mean that the model has. */
static bool is_batch_count(const comparison *c, const char *name)
{
    char mean[512];
    size_t length = strlen(name), word = strlen(ALC_NAME_BATCHES);
    if (length < word || strcmp(name + length - word, ALC_NAME_BATCHES) != 0 ||
        length >= sizeof mean)
        return false;
    alc_format(mean, sizeof mean, "%.*s%s", (int)(length - word), name, ALC_NAME_MEAN);
    return alc_model_find_parameter(c->model, mean) != NULL;
}

static void compare_unexpected(comparison *c)
{
    int64_t count = alc_safetensors_count(c->file);
    for (int64_t i = 0; i < count; i++) {
        const char *name = alc_safetensors_tensor(c->file, i).name;
        if (alc_model_find_parameter(c->model, name) == NULL && !is_batch_count(c, name))
            list_name(c, "the model lacks", ++c->report.unexpected, name);
    }
    list_name(c, "", c->report.unexpected, NULL);
}

static alc_status judge(const comparison *c, alc_model_load_options options)
{
    const alc_load_report *report = &c->report;
    bool perfect = report->missing + report->unexpected + report->wrong_shape == 0;
    if (perfect || (options.partial && report->loaded > 0))
        return ALC_OK;
    return alc_fail(alc_model_context(c->model), ALC_MISMATCH, "%s does not fit the model: %s",
                    c->file->name, report->text);
}

static alc_status write_parameters(const comparison *c)
{
    alc_context *context = alc_model_context(c->model);
    int64_t count = alc_model_parameter_count(c->model);
    int64_t most = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t elements =
            alc_shape_elements(alc_parameter_shape(alc_model_parameter(c->model, i)));
        most = elements > most ? elements : most;
    }
    alc_real *values =
        alc_allocate_array(context, (size_t)most, sizeof *values, "a parameter's values");
    if (values == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        alc_parameter *parameter = alc_model_parameter(c->model, i);
        int64_t index = fitting_tensor(c, parameter);
        if (index < 0)
            continue;
        alc_safetensors_read_reals(c->file, index,
                                   values); /* cannot fail: the index is one of the file's */
        alc_parameter_write(parameter, values);
    }
    alc_free(context, values);
    return ALC_OK;
}

alc_status alc_model_load_tensors(alc_model *model, const alc_safetensors *file,
                                  alc_model_load_options options, alc_load_report *report)
{
    if (model == NULL || file == NULL)
        return alc_fail(model == NULL ? NULL : alc_model_context(model), ALC_INVALID_ARGUMENT,
                        "loading a model: an argument is NULL");
    comparison c = {.model = model, .file = file};
    compare_missing(&c);
    compare_shapes(&c);
    compare_unexpected(&c);
    if (report != NULL)
        *report = c.report;
    alc_status status = judge(&c, options);
    return status == ALC_OK ? write_parameters(&c) : status;
}

alc_status alc_model_load(alc_model *model, const char *path, alc_model_load_options options,
                          alc_load_report *report)
{
    alc_safetensors *file;
    if (report != NULL)
        *report = (alc_load_report){0};
    if (model == NULL)
        return ALC_INVALID_ARGUMENT;
    alc_status status = alc_safetensors_open(alc_model_context(model), path, &file);
    if (status != ALC_OK)
        return status;
    status = alc_model_load_tensors(model, file, options, report);
    alc_safetensors_close(file);
    return status;
}
