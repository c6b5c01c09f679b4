/* unit.c - what each kind of row does for one seed and one fold. */
#include "sky_experiment/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the trainers. */
#define TABLE_DECAY 0.01
#define TABLE_DROPOUT 0.1
#define IMAGE_DECAY 0.05

static network_task task_of(study *s, const work_unit *unit, const alc_dataset *blind)
{
    const configuration *c = s->options;
    const work_row *row = unit->row;
    const fold_parts *parts = &s->folds[row->division][unit->fold];
    network_task task = {.blind = blind,
                         .backbone = row->backbone,
                         .size = row->backbone ? network_image_size(c, row->backbone) : 0,
                         .table = row->kind != ROW_IMAGE,
                         .train = parts->train,
                         .train_count = parts->train_count,
                         .test = parts->test,
                         .test_count = parts->test_count,
                         .weights = row->weights,
                         .epochs = row->weights ? c->pretrained_epochs : c->image_epochs,
                         .batch = c->image_batch,
                         .rate = network_learning_rate(c, row->backbone, row->weights != NULL),
                         .weight_decay = IMAGE_DECAY,
                         .seed = c->seed + (uint64_t)unit->seed,
                         .curve = !c->no_curves,
                         .split = s->split_hash[row->division]};
    if (row->kind == ROW_TABLE) {
        task.epochs = c->table_epochs;
        task.batch = c->table_batch;
        task.rate = c->table_rate;
        task.weight_decay = TABLE_DECAY;
        task.dropout = TABLE_DROPOUT;
    }
    return task;
}

/* Makes sure that the model of a part (the image's network, or with backbone NULL the table's) of the same seed and fold is
 * there: `path` is its file. It is trained again where it was tidied away before the fusion was asked for. */
static alc_status have_part(study *s, const work_unit *unit, const alc_dataset *blind, const alc_backbone *backbone, char *path,
                            size_t size)
{
    const work_row row = row_of(s->options, backbone ? ROW_IMAGE : ROW_TABLE, backbone, unit->row->division);
    const work_unit part = unit_of(&row, unit->seed, unit->fold);
    network_result result;
    model_path(s, part.name, path, size);
    if (file_exists(path))
        return ALC_OK;
    network_task task = task_of(s, &part, blind);
    task.save = path;
    task.curve = false;
    const alc_status status = network_train(s, &task, &result);
    network_result_free(&result);
    return status;
}

static alc_status do_late(study *s, const work_unit *unit, network_task task)
{
    char image[4096], table[4096];
    network_result result;
    alc_status status = have_part(s, unit, task.blind, unit->row->backbone, image, sizeof image);
    if (status == ALC_OK)
        status = have_part(s, unit, task.blind, NULL, table, sizeof table);
    if (status)
        return status;
    task.image_part = image;
    task.table_part = table;
    task.edge = "fc";
    task.epochs = s->options->late_epochs;
    task.rate = s->options->late_rate;
    task.weight_decay = TABLE_DECAY;
    status = network_train(s, &task, &result);
    if (status == ALC_OK)
        status = unit_write(s, unit->name, &task, &result, NULL);
    network_result_free(&result);
    return status;
}

/* Two sets of probabilities side by side: out[count][2 * classes]. */
static void join(const alc_real *a, const alc_real *b, int64_t count, int64_t classes, alc_real *out)
{
    for (int64_t i = 0; i < count; i++) {
        memcpy(out + 2 * i * classes, a + i * classes, (size_t)classes * sizeof *out);
        memcpy(out + (2 * i + 1) * classes, b + i * classes, (size_t)classes * sizeof *out);
    }
}

/* Learns from the held objects how to weigh the two networks, and replaces image->test by the joint judgement. */
static alc_status stack_results(study *s, const network_task *task, const network_result *table, network_result *image)
{
    const int64_t classes = s->class_count;
    alc_real *held = calloc((size_t)(2 * classes * task->held_count), sizeof *held);
    alc_real *test = calloc((size_t)(2 * classes * task->test_count), sizeof *test);
    int32_t *labels = calloc((size_t)task->held_count, sizeof *labels);
    alc_status status = held && test && labels ? ALC_OK : study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    if (status == ALC_OK) {
        join(table->held, image->held, task->held_count, classes, held);
        join(table->test, image->test, task->test_count, classes, test);
        for (int64_t i = 0; i < task->held_count; i++)
            labels[i] = (int32_t)alc_dataset_label(task->blind, task->held[i]);
        status = stack(s, task->seed, 2 * classes, held, labels, task->held_count, test, task->test_count, image->test);
    }
    free(labels);
    free(test);
    free(held);
    return status;
}

static alc_status do_stacked(study *s, const work_unit *unit, network_task task)
{
    const fold_parts *parts = &s->folds[unit->row->division][unit->fold];
    const work_row table_row = {.kind = ROW_TABLE, .division = unit->row->division};
    const work_unit table_unit = {.row = &table_row, .seed = unit->seed, .fold = unit->fold};
    network_result image, table = {0};
    network_task other = task_of(s, &table_unit, task.blind);
    task.table = false;
    task.train = other.train = parts->inner;
    task.train_count = other.train_count = parts->inner_count;
    task.held = other.held = parts->held;
    task.held_count = other.held_count = parts->held_count;
    task.curve = other.curve = false;
    alc_status status = network_train(s, &task, &image);
    if (status == ALC_OK)
        status = network_train(s, &other, &table);
    if (status == ALC_OK)
        status = stack_results(s, &task, &table, &image);
    if (status == ALC_OK) {
        image.values += table.values;
        image.trained_values += table.trained_values;
        image.train_seconds += table.train_seconds;
        image.predict_seconds += table.predict_seconds;
        status = unit_write(s, unit->name, &task, &image, NULL);
    }
    network_result_free(&table);
    network_result_free(&image);
    return status;
}

static alc_status do_network(study *s, const work_unit *unit, network_task task)
{
    char path[4096];
    network_result result;
    model_path(s, unit->name, path, sizeof path);
    task.save = path;
    alc_status status = network_train(s, &task, &result);
    if (status == ALC_OK)
        status = unit_write(s, unit->name, &task, &result, NULL);
    network_result_free(&result);
    return status;
}

alc_status unit_do(study *s, const work_unit *unit)
{
    char path[4096];
    alc_dataset *blind;
    unit_path(s, unit->name, path, sizeof path);
    if (file_exists(path))
        return ALC_OK;
    const int64_t size = unit->row->backbone ? network_image_size(s->options, unit->row->backbone) : 0;
    alc_status status = study_blind(s, unit->row->division, unit->fold, size, &blind);
    if (status)
        return status;
    const network_task task = task_of(s, unit, blind);
    if (unit->row->kind == ROW_LATE)
        status = do_late(s, unit, task);
    else if (unit->row->kind == ROW_STACKED)
        status = do_stacked(s, unit, task);
    else
        status = do_network(s, unit, task);
    alc_dataset_destroy(blind);
    return status;
}

void unit_tidy(const study *s, const work_unit *unit)
{
    char path[4096];
    model_path(s, unit->name, path, sizeof path);
    if ((unit->seed > 0 || unit->fold > 0) && unit->row->kind != ROW_TABLE)
        remove(path);
}
