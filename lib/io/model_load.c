/* lib/io/model_load.c - values from a file into a model. First everything is compared, by name and
 * shape, and counted; only then, if the caller's rules allow it, is anything written. */
#include <string.h>

#include "lib/io/model_file.h"
#include "lib/io/weight_names.h"

/* How many names of one kind a report gives. */
#define NAMES_REPORTED 3

/* What a tensor of the file is to the model, by the name that the model would give it. */
typedef enum tensor_role {
    IS_EXPECTED,         /* a parameter, or a count of batches, which is not kept */
    IS_UNEXPECTED,
    IS_OF_THE_CLASSIFIER /* unexpected too, but there */
} tensor_role;

typedef struct comparison {
    alc_model *model;
    const alc_safetensors *file;
    const char *prefix, *classifier;
    int64_t *tensors;   /* of each parameter: the index of the tensor that has its name, -1 if none has */
    tensor_role *roles; /* of each tensor */
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

/* ---- which tensor is which parameter ---- */

/* The parameter's name without the prefix; NULL if it has another one, and is none of ours. */
static const char *own_name(const comparison *c, int64_t parameter)
{
    const char *name = alc_parameter_name(alc_model_parameter(c->model, parameter));
    const size_t length = strlen(c->prefix);
    return strncmp(name, c->prefix, length) == 0 ? name + length : NULL;
}

static bool in_classifier(const comparison *c, const char *name)
{
    const size_t length = c->classifier == NULL ? 0 : strlen(c->classifier);
    return length > 0 && strncmp(name, c->classifier, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

/* A count of batches beside a running mean that the model has. */
static bool is_batch_count(const comparison *c, const char *name)
{
    char mean[ALC_WEIGHT_NAME_SIZE];
    size_t length = strlen(name), word = strlen(ALC_NAME_BATCHES);
    if (length < word || strcmp(name + length - word, ALC_NAME_BATCHES) != 0 ||
        length >= sizeof mean)
        return false;
    alc_format(mean, sizeof mean, "%.*s%s", (int)(length - word), name, ALC_NAME_MEAN);
    return alc_find_weight(c->model, c->prefix, mean) >= 0;
}

static alc_status find_tensors(comparison *c)
{
    char name[ALC_WEIGHT_NAME_SIZE];
    const int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++)
        c->tensors[i] = -1;
    for (int64_t i = 0; i < alc_safetensors_count(c->file); i++) {
        const char *stored = alc_safetensors_tensor(c->file, i).name;
        const char *ours = alc_weight_name(c->model, c->prefix, stored, name);
        const int64_t parameter = alc_find_weight(c->model, c->prefix, ours);
        if (parameter < 0 && !is_batch_count(c, ours))
            c->roles[i] = in_classifier(c, ours) ? IS_OF_THE_CLASSIFIER : IS_UNEXPECTED;
        if (parameter < 0)
            continue;
        int64_t *tensor = &c->tensors[parameter];
        if (*tensor >= 0)
            return alc_fail(alc_model_context(c->model), ALC_MISMATCH, "%s: '%s' and '%s' are both %s of the model",
                            c->file->name, alc_safetensors_tensor(c->file, *tensor).name, stored,
                            alc_parameter_name(alc_model_parameter(c->model, parameter)));
        *tensor = i;
    }
    return ALC_OK;
}

/* Whether the file has the parameter, in its shape. */
static bool fits(const comparison *c, int64_t parameter)
{
    if (c->tensors[parameter] < 0)
        return false;
    alc_stored_tensor stored = alc_safetensors_tensor(c->file, c->tensors[parameter]);
    return same_shape(alc_parameter_shape(alc_model_parameter(c->model, parameter)), &stored);
}

/* A layer's weights and bias belong together: one that does not fit keeps both from being loaded. */
static bool layer_fits(const comparison *c, const char *name)
{
    const char *dot = strrchr(name, '.');
    const size_t length = dot == NULL ? 0 : (size_t)(dot - name) + 1;
    const int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++) {
        const char *other = own_name(c, i);
        if (other != NULL && strncmp(other, name, length) == 0 && strchr(other + length, '.') == NULL && !fits(c, i))
            return false;
    }
    return true;
}

static bool is_kept(const comparison *c, int64_t parameter)
{
    const char *name = own_name(c, parameter);
    return name != NULL && in_classifier(c, name) && !layer_fits(c, name);
}

/* Whether the parameter gets the file's values. */
static bool is_loaded(const comparison *c, int64_t parameter)
{
    return own_name(c, parameter) != NULL && fits(c, parameter) && !is_kept(c, parameter);
}

/* ---- findings ---- */

static void compare_missing(comparison *c)
{
    int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++) {
        const char *name = own_name(c, i);
        if (name == NULL || is_kept(c, i))
            continue;
        if (c->tensors[i] < 0)
            list_name(c, "the file lacks", ++c->report.missing, name);
        else if (is_loaded(c, i)) {
            c->report.loaded++;
            c->report.renamed += strcmp(alc_safetensors_tensor(c->file, c->tensors[i]).name, name) != 0;
        }
    }
    list_name(c, "", c->report.missing, NULL);
}

/* "fc.weight is [4,3] in the file and [5,3] in the model" */
static void list_shapes(comparison *c, const char *kind, int64_t found, int64_t parameter)
{
    char finding[512], in_file[128], in_model[128];
    alc_stored_tensor stored = alc_safetensors_tensor(c->file, c->tensors[parameter]);
    stored_shape_text(&stored, in_file, sizeof in_file);
    alc_shape_text(alc_parameter_shape(alc_model_parameter(c->model, parameter)), in_model, sizeof in_model);
    alc_format(finding, sizeof finding, "%s is %s in the file and %s in the model", own_name(c, parameter), in_file,
               in_model);
    list_name(c, kind, found, finding);
}

static void compare_shapes(comparison *c)
{
    int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++)
        if (own_name(c, i) != NULL && !is_kept(c, i) && c->tensors[i] >= 0 && !fits(c, i))
            list_shapes(c, "of another shape", ++c->report.wrong_shape, i);
    list_name(c, "", c->report.wrong_shape, NULL);
}

/* Lists the tensors that have this role. */
static void list_tensors(comparison *c, tensor_role role, const char *kind, int64_t *found)
{
    int64_t count = alc_safetensors_count(c->file);
    for (int64_t i = 0; i < count; i++)
        if (c->roles[i] == role)
            list_name(c, kind, ++*found, alc_safetensors_tensor(c->file, i).name);
    list_name(c, "", *found, NULL);
}

static void compare_classifier(comparison *c)
{
    static const char kind[] = "the classifier starts anew";
    int64_t count = alc_model_parameter_count(c->model);
    for (int64_t i = 0; i < count; i++) {
        if (!is_kept(c, i))
            continue;
        if (c->tensors[i] >= 0 && !fits(c, i)) {
            list_shapes(c, kind, ++c->report.kept, i);
        } else {
            char finding[ALC_WEIGHT_NAME_SIZE];
            alc_format(finding, sizeof finding, "%s%s", own_name(c, i), fits(c, i) ? "" : " is not in the file");
            list_name(c, kind, ++c->report.kept, finding);
        }
    }
    list_name(c, "", c->report.kept, NULL);
    list_tensors(c, IS_OF_THE_CLASSIFIER, "the file's classifier is not used", &c->report.unused);
}

static alc_status judge(comparison *c, alc_model_load_options options)
{
    const alc_load_report *report = &c->report;
    bool perfect = report->missing + report->unexpected + report->wrong_shape == 0;
    if ((perfect || options.partial) && report->loaded > 0)
        return ALC_OK;
    if (report->text[0] == '\0')
        append(c, "there is nothing in it that does");
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
        if (!is_loaded(c, i))
            continue;
        /* Cannot fail: the index is one of the file's. */
        alc_safetensors_read_reals(c->file, c->tensors[i], values);
        alc_parameter_write(alc_model_parameter(c->model, i), values);
    }
    alc_free(context, values);
    return ALC_OK;
}

static alc_status compare_and_write(comparison *c, alc_model_load_options options, alc_load_report *report)
{
    alc_status status = find_tensors(c);
    if (status != ALC_OK)
        return status;
    compare_missing(c);
    compare_shapes(c);
    list_tensors(c, IS_UNEXPECTED, "the model lacks", &c->report.unexpected);
    compare_classifier(c);
    status = judge(c, options);
    if (report != NULL)
        *report = c->report;
    return status == ALC_OK ? write_parameters(c) : status;
}

alc_status alc_model_load_tensors(alc_model *model, const alc_safetensors *file,
                                  alc_model_load_options options, alc_load_report *report)
{
    if (report != NULL)
        *report = (alc_load_report){0};
    if (model == NULL || file == NULL)
        return alc_fail(model == NULL ? NULL : alc_model_context(model), ALC_INVALID_ARGUMENT,
                        "loading a model: an argument is NULL");
    const alc_status usable = alc_model_status(model);
    if (usable != ALC_OK)
        return usable;
    comparison c = {.model = model, .file = file, .prefix = options.prefix == NULL ? "" : options.prefix,
                    .classifier = options.classifier};
    c.tensors = alc_allocate_array(alc_model_context(model), (size_t)alc_model_parameter_count(model),
                                   sizeof *c.tensors, "a list of tensors");
    c.roles = alc_allocate_array(alc_model_context(model), (size_t)alc_safetensors_count(file), sizeof *c.roles,
                                 "a list of tensors");
    const bool allocated = c.tensors != NULL && c.roles != NULL;
    const alc_status status = allocated ? compare_and_write(&c, options, report) : ALC_OUT_OF_MEMORY;
    alc_free(alc_model_context(model), c.roles);
    alc_free(alc_model_context(model), c.tensors);
    return status;
}

alc_status alc_model_load(alc_model *model, const char *path, alc_model_load_options options,
                          alc_load_report *report)
{
    alc_safetensors *file;
    if (report != NULL)
        *report = (alc_load_report){0};
    if (model == NULL)
        return ALC_INVALID_ARGUMENT;
    alc_status status = alc_weights_open(alc_model_context(model), path, &file);
    if (status != ALC_OK)
        return status;
    status = alc_model_load_tensors(model, file, options, report);
    alc_safetensors_close(file);
    return status;
}
