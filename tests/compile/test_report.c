/* test_report.c - what a plan says that it costs, against what the memory hook sees and against counts by hand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;

static void expect_bytes(const char *name, alc_plan_mode mode, alc_tensor *output, int64_t batch)
{
    size_t parameters = 0;
    int64_t before = f.hooks.bytes_outstanding;
    plan_fixture_compile(&f, (alc_compile_options){.mode = mode, .batch = batch, .output = output});
    double held = (double)(f.hooks.bytes_outstanding - before);
    alc_plan_cost cost = alc_plan_costs(f.plan);
    ck_assert_msg(fabs((double)cost.total_bytes - held) <= 0.01 * held, "%s: %zu bytes reported, %.0f held", name,
                  cost.total_bytes, held);
    ck_assert_uint_ge(cost.total_bytes, cost.activation_bytes + cost.gradient_bytes + cost.derived_bytes);
    for (int64_t p = 0; p < f.model->parameter_count; p++)
        parameters += (size_t)f.model->parameters[p]->count * sizeof(alc_real);
    ck_assert_uint_eq(cost.parameter_bytes, parameters);
    alc_plan_destroy(f.plan);
    f.plan = NULL;
}

static void check_classifier(const alc_classifier_options *options)
{
    alc_classifier c;
    plan_fixture_begin(&f);
    ck_assert_msg(alc_classifier_build(f.model, options, &c) == ALC_OK, "%s", alc_error_message(f.context));
    alc_tensor *loss = alc_softmax_cross_entropy(c.logits, c.label, (alc_cross_entropy_options){0});
    const char *name = alc_classifier_name(options);
    expect_bytes(name, ALC_TRAIN, loss, 2);
    expect_bytes(name, ALC_EVALUATE, c.probabilities, 1);
    plan_fixture_end(&f);
}

START_TEST(bytes_are_those_of_the_hook)
{
    const alc_tabular_mlp_options mlp = {.hidden = {50, 100, 150, 250}, .hidden_count = 4, .batch_norm = true,
                                         .dropout = 0.1};
    const alc_backbone *backbone;
    for (int i = 0; (backbone = alc_backbone_at(i)); i++)
        check_classifier(&(alc_classifier_options){.backbone = backbone, .image_size = backbone->smallest_size,
                                                   .classes = 3});
    check_classifier(&(alc_classifier_options){.table_width = 6, .table = mlp, .classes = 3});
    check_classifier(&(alc_classifier_options){.backbone = alc_backbone_find("sky_cnn"), .image_size = 32, .head = 16,
                                               .table_width = 6, .table = mlp, .classes = 3});
}
END_TEST

/* conv: 2 k^2 C F per output value; its two gradients cost the same each, but nobody wants the image's. */
START_TEST(flops_are_the_counted_ones)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(8, 8, 3));
    alc_tensor *a = alc_conv2d(x, (alc_conv2d_options){.name = "a", .filters = 4, .kernel = 3, .padding = 1});
    alc_tensor *b = alc_conv2d(a, (alc_conv2d_options){.name = "b", .filters = 5, .kernel = 1});
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 7, .output = b});
    alc_plan_cost cost = alc_plan_costs(f.plan);
    double first = 2.0 * 8 * 8 * 9 * 3 * 4 * 7, second = 2.0 * 8 * 8 * 4 * 5 * 7;
    ck_assert_msg(cost.forward_flops == first + second, "%g, expected %g", cost.forward_flops, first + second);
    ck_assert_msg(cost.backward_flops == first + 2 * second, "%g", cost.backward_flops);
    ck_assert_uint_eq(cost.gradient_bytes % sizeof(alc_real), 0);
    ck_assert_uint_ge(cost.gradient_bytes, (9 * 3 * 4 + 4 * 5) * sizeof(alc_real));
    plan_fixture_end(&f);
}
END_TEST

/* The line of the report that begins with `name`; "" if there is none. */
static void find_line(const char *report, const char *name, char *line, size_t size)
{
    size_t length = strlen(name);
    line[0] = '\0';
    for (const char *at = report; *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n')) {
        if (strncmp(at, name, length) == 0 && at[length] == ' ')
            snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
}

START_TEST(the_table_names_what_runs)
{
    plan_fixture_begin(&f);
    char *report, line[256];
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(8, 8, 3));
    alc_tensor *y = alc_conv2d(x, (alc_conv2d_options){.name = "stem", .filters = 4, .kernel = 3, .padding = 1});
    y = alc_relu(alc_batch_norm(y, (alc_batch_norm_options){.name = "bn"}));
    y = alc_conv2d(y, (alc_conv2d_options){.name = "head", .filters = 2, .kernel = 1, .bias = true});
    ck_assert_int_eq(alc_model_train_from(f.model, "head"), ALC_OK);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 3, .output = y});
    ck_assert_int_eq(alc_plan_report(f.plan, &report), ALC_OK);
    ck_assert_int_eq(strncmp(report, "training, batch 3\n", 18), 0);
    find_line(report, "stem", line, sizeof line);
    ck_assert_msg(strstr(line, "[8,8,4]") && strstr(line, "+ fused") && strstr(line, "frozen"), "%s", line);
    ck_assert_ptr_nonnull(strstr(line, " 0  frozen"));
    find_line(report, "head", line, sizeof line);
    ck_assert_msg(strstr(line, "[8,8,2]") && strstr(line, " 10") && !strstr(line, "frozen"), "%s", line);
    find_line(report, "bn", line, sizeof line);
    ck_assert_str_eq(line, "");
    ck_assert_ptr_nonnull(strstr(report, "\nforward "));
    ck_assert_ptr_nonnull(strstr(report, "\nmemory: activations "));
    alc_release_text(f.context, report);
    plan_fixture_compile(&f, (alc_compile_options){.batch = 3, .output = y});
    ck_assert_int_eq(alc_plan_report(f.plan, &report), ALC_OK);
    ck_assert_int_eq(strncmp(report, "evaluation, batch 3\n", 20), 0);
    ck_assert_ptr_null(strstr(report, "frozen"));
    alc_release_text(f.context, report);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_report_without_memory_is_refused)
{
    plan_fixture_begin(&f);
    alc_tensor *y = alc_relu(alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(3)));
    plan_fixture_compile(&f, (alc_compile_options){.batch = 1, .output = y});
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        char *report = "";
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_plan_report(f.plan, &report);
        if (status == ALC_OK) {
            ck_assert_int_eq(f.hooks.faults, 0);
            alc_release_text(f.context, report);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(report);
    }
    ck_assert_int_gt(f.hooks.fail_allocation, 1);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("report", bytes_are_those_of_the_hook, flops_are_the_counted_ones, the_table_names_what_runs,
                     a_report_without_memory_is_refused);
}
