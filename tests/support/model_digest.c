/* tests/support/model_digest.c - see model_digest.h. It needs only what computes: no files, tables or JSON. */
#include "support/model_digest.h"

#include <check.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "support/plan_fixture.h"

enum { BATCH = 5, STEPS = 2 };

/* 19 pixels: no extent divides into vectors or tiles. */
const digest_case digest_cases[] = {
    {"sky_cnn", "sky_cnn", 19, 0, NULL},
    {"sky_cnn from stage3", "sky_cnn", 16, 0, "stage3"},
    {"tabular_mlp", NULL, 0, 7, NULL},
    {"fusion", "sky_cnn", 16, 7, NULL},
};
const int digest_case_count = sizeof digest_cases / sizeof *digest_cases;

static const alc_tabular_mlp_options mlp = {
    .hidden = {24, 17}, .hidden_count = 2, .batch_norm = true, .dropout = 0.2, .activation = ALC_MLP_SILU};

static alc_tensor *build_logits(const digest_case *c, const digest_model *m)
{
    if (!c->backbone)
        return alc_tabular_mlp(m->row, mlp, DIGEST_CLASSES);
    if (!c->width)
        return alc_backbone_find(c->backbone)->classify(m->image, DIGEST_CLASSES);
    alc_image_table_fusion_options options = {.backbone = alc_backbone_find(c->backbone), .table = mlp, .head = 11,
                                              .dropout = 0.3};
    return alc_image_table_fusion(m->image, m->row, options, DIGEST_CLASSES);
}

digest_model digest_build(const digest_case *c, alc_context *context)
{
    digest_model m = {0};
    ck_assert_int_eq(alc_model_create(context, &m.model), ALC_OK);
    if (c->backbone)
        m.image = alc_input(m.model, "image", ALC_REAL, ALC_SHAPE(c->size, c->size, 3));
    if (c->width)
        m.row = alc_input(m.model, "row", ALC_REAL, ALC_SHAPE(c->width));
    m.label = alc_input(m.model, "label", ALC_I32, ALC_SHAPE(1));
    m.logits = build_logits(c, &m);
    m.loss = alc_softmax_cross_entropy(m.logits, m.label, (alc_cross_entropy_options){0});
    ck_assert_msg(alc_model_status(m.model) == ALC_OK, "%s: %s", c->name, alc_error_message(context));
    if (c->train_from)
        ck_assert_int_eq(alc_model_train_from(m.model, c->train_from), ALC_OK);
    return m;
}

/* FNV-1a. */
uint64_t digest_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    hash = hash ? hash : 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

uint64_t digest_of_training(const digest_case *c, alc_context *context)
{
    alc_plan *plan, *evaluate;
    alc_optimizer *optimizer;
    uint64_t hash = 0;
    digest_model m = digest_build(c, context);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = m.loss};
    ck_assert_int_eq(alc_compile(m.model, options, &plan), ALC_OK);
    options = (alc_compile_options){.batch = BATCH, .output = m.logits};
    ck_assert_int_eq(alc_compile(m.model, options, &evaluate), ALC_OK);
    alc_optimizer_options adamw = {.kind = ALC_ADAMW, .learning_rate = 0.01, .weight_decay = 0.1, .clip_norm = 1};
    ck_assert_int_eq(alc_optimizer_create(m.model, adamw, &optimizer), ALC_OK);
    for (uint64_t step = 0; step < STEPS; step++) {
        fill_plan(plan, step, DIGEST_CLASSES);
        alc_plan_set_draw(plan, 1, step * BATCH);
        ck_assert_msg(alc_train_step(plan, optimizer) == ALC_OK, "%s: %s", c->name, alc_error_message(context));
        hash = digest_bytes(hash, alc_plan_values(plan, m.loss), sizeof(alc_real));
    }
    for (int64_t p = 0; p < m.model->parameter_count; p++)
        hash = digest_bytes(hash, m.model->parameters[p]->value,
                            (size_t)m.model->parameters[p]->count * sizeof(alc_real));
    fill_plan(evaluate, 77, DIGEST_CLASSES);
    ck_assert_int_eq(alc_forward(evaluate), ALC_OK);
    hash = digest_bytes(hash, alc_plan_values(evaluate, m.logits), BATCH * DIGEST_CLASSES * sizeof(alc_real));
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(evaluate);
    alc_plan_destroy(plan);
    alc_model_destroy(m.model);
    return hash;
}
