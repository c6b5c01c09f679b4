/* tests/data/test_table_encode.c - encoders see the training part only, and give what their formulas say. */
#include <math.h>

#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

static const char table_text[] = "u,g,r,k,u-r\n"
                                 "1,2,4,7,10\n"
                                 "3,5,-9999,7,20\n"
                                 "5,,8,7,30\n"
                                 "100,200,300,400,500\n";

#define FEATURES(...)                                                                              \
    .features = (const char *const[]){__VA_ARGS__},                                                \
    .feature_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static const int64_t training[] = {0, 1, 2};

static alc_encoder *fit(const alc_table *table, alc_encoder_options options)
{
    alc_encoder *encoder = NULL;
    ck_assert_int_eq(alc_encoder_fit(table, training, 3, options, &encoder), ALC_OK);
    return encoder;
}

static void encode_all(const alc_encoder *encoder, const alc_table *table, alc_real *values)
{
    ck_assert_int_eq(alc_encoder_encode(encoder, table, NULL, alc_table_rows(table), values),
                     ALC_OK);
}

START_TEST(standardised_by_the_training_part)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, table_text);
    alc_encoder *encoder = fit(table, (alc_encoder_options){FEATURES("u", "g", "k")});
    alc_real values[4][4];
    double std = sqrt(8.0 / 3);
    ck_assert_int_eq(alc_encoder_width(encoder), 4);
    encode_all(encoder, table, values[0]);
    for (int row = 0; row < 4; row++) {
        static const double u[4] = {1, 3, 5, 100}, g[4] = {2, 5, 3.5, 200};
        ck_assert(values[row][0] == (alc_real)((u[row] - 3) / std));
        ck_assert(values[row][1] == (alc_real)((g[row] - 3.5) / 1.5));
        ck_assert(values[row][2] == (row < 3 ? 0 : 393)); /* constant: only centred */
        ck_assert(values[row][3] == (row == 2 ? 1 : 0));
    }
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(values_are_named)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, table_text);
    alc_encoder *encoder = fit(table, (alc_encoder_options){FEATURES("r", "u", "g-r")});
    static const char *const names[] = {"r", "u", "g-r", "r missing", "g-r missing"};
    ck_assert_int_eq(alc_encoder_width(encoder), 5);
    for (int i = 0; i < 5; i++)
        ck_assert_str_eq(alc_encoder_value_name(encoder, i), names[i]);
    ck_assert_ptr_null(alc_encoder_value_name(encoder, 5));
    ck_assert_ptr_null(alc_encoder_value_name(encoder, -1));
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(differences_and_columns_named_like_them)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, table_text);
    alc_encoder *encoder = fit(table, (alc_encoder_options){FEATURES("u-g", "u-r"),
                                                            .no_missing_indicators = true});
    alc_real values[4][2];
    ck_assert_int_eq(alc_encoder_width(encoder), 2);
    encode_all(encoder, table, values[0]);
    ck_assert(values[0][0] == 1 && values[1][0] == -1); /* -1 and -2: mean -1.5, deviation 0.5 */
    ck_assert(values[2][0] == 0);                       /* g is missing: the mean */
    ck_assert(values[1][1] == 0);                       /* the column "u-r", not u minus r */
    ck_assert(values[0][1] < 0 && values[0][1] == -values[2][1]);
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    table = make_table(context, "a-b,c-d,a\n5,3,1\n7,1,1\n9,2,1\n");
    encoder = fit(table, (alc_encoder_options){FEATURES("a-b-c-d")});
    ck_assert_int_eq(alc_encoder_width(encoder), 1);
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(rows_of_unit_length)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "a,b\n3,4\n0,0\n-1e300,1e300\n,4\n");
    alc_encoder *encoder =
        fit(table, (alc_encoder_options){FEATURES("a", "b"), .encoding = ALC_ENCODE_UNIT_ROWS});
    alc_real values[4][2];
    ck_assert_int_eq(alc_encoder_encode(encoder, table, training, 3, values[0]), ALC_OK);
    ck_assert_double_eq_tol((double)values[0][0], 0.6, 1e-7);
    ck_assert_double_eq_tol((double)values[0][1], 0.8, 1e-7);
    ck_assert(values[1][0] == 0 && values[1][1] == 0);
    ck_assert_double_eq_tol((double)values[2][0], -sqrt(0.5), 1e-7);
    ck_assert_double_eq_tol((double)values[2][1], sqrt(0.5), 1e-7);
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    table = make_table(context, "a,b\n3,4\n,4\n3,4\n");
    encoder = fit(table, (alc_encoder_options){FEATURES("a", "b"),
                                               .encoding = ALC_ENCODE_UNIT_ROWS,
                                               .no_missing_indicators = true});
    encode_all(encoder, table, values[0]);
    ck_assert(values[1][0] == values[0][0] && values[1][1] == values[0][1]); /* the mean of a is 3 */
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(the_order_of_rows_does_not_matter)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "a\n0.1\n1e8\n-0.3\n3e-9\n7.7\n");
    static const int64_t orders[2][5] = {{0, 1, 2, 3, 4}, {3, 1, 4, 0, 2}};
    alc_real values[2][5];
    for (int i = 0; i < 2; i++) {
        alc_encoder *encoder;
        ck_assert_int_eq(alc_encoder_fit(table, orders[i], 5, (alc_encoder_options){FEATURES("a")},
                                         &encoder),
                         ALC_OK);
        encode_all(encoder, table, values[i]);
        alc_encoder_destroy(encoder);
    }
    ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(another_table_is_encoded_by_names)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, table_text), *other, *lacking, *wrong;
    alc_encoder *encoder = fit(table, (alc_encoder_options){FEATURES("u", "u-g")});
    alc_real values[3], far[3];
    static const int64_t second[] = {1}, outside[] = {2};
    other = make_table(context, "g,x,u\n9,9,9\n2,zero,1\n");
    ck_assert_int_eq(alc_encoder_encode(encoder, other, second, 1, values), ALC_OK);
    ck_assert_int_eq(alc_encoder_encode(encoder, table, training, 1, far), ALC_OK);
    ck_assert_mem_eq(values, far, sizeof values);
    ck_assert_fails(context, alc_encoder_encode(encoder, other, outside, 1, values),
                    ALC_INVALID_ARGUMENT, "no row 3");
    lacking = make_table(context, "u\n1\n");
    ck_assert_fails(context, alc_encoder_encode(encoder, lacking, NULL, 1, values), ALC_NOT_FOUND,
                    "no column \"g\"");
    wrong = make_table(context, "u,g\n1,2\n1e60,x\n");
    ck_assert_fails(context, alc_encoder_encode(encoder, wrong, second, 1, values), ALC_BAD_FILE,
                    "line 3 (row 2), column \"u\": \"1e60\" is too far");
    alc_table_destroy(wrong);
    wrong = make_table(context, "u,g\n1,2\n3,1e60\n");
    ck_assert_fails(context, alc_encoder_encode(encoder, wrong, second, 1, values), ALC_BAD_FILE,
                    "line 3 (row 2), column \"u\": \"3\" less \"1e60\" in column \"g\" is too far from the training part's "
                    "mean");
    alc_table_destroy(wrong);
    alc_table_destroy(lacking);
    alc_table_destroy(other);
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(what_cannot_be_fitted_is_refused)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "a,b,empty,big\n1,2,,1e308\n2,x,,-1e308\n3,4,,1\n");
    alc_encoder *encoder;
    static const int64_t outside[] = {0, 3};
    const struct {
        alc_encoder_options options;
        alc_status status;
        const char *words;
    } cases[] = {
        {{FEATURES("c")}, ALC_NOT_FOUND, "no column \"c\""},
        {{FEATURES("a-c")}, ALC_NOT_FOUND, "no column \"a-c\""},
        {{FEATURES("a", "a")}, ALC_INVALID_ARGUMENT, "\"a\" is named twice"},
        {{FEATURES("a", NULL)}, ALC_INVALID_ARGUMENT, "feature 2 is NULL"},
        {{.feature_count = 1}, ALC_INVALID_ARGUMENT, "features were named"},
        {{FEATURES("a"), .encoding = (alc_encoding)7}, ALC_INVALID_ARGUMENT, "no alc_encoding"},
        {{FEATURES("a", "b")}, ALC_BAD_FILE, "line 3 (row 2), column \"b\": \"x\" is not a number"},
        {{FEATURES("empty")}, ALC_BAD_FILE, "\"empty\" has no value in any of the 3 rows"},
        {{FEATURES("big")}, ALC_BAD_FILE, "too large to be averaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_fails(context, alc_encoder_fit(table, training, 3, cases[i].options, &encoder),
                        cases[i].status, cases[i].words);
        ck_assert_ptr_null(encoder);
    }
    ck_assert_fails(context,
                    alc_encoder_fit(table, outside, 2, (alc_encoder_options){FEATURES("a")},
                                    &encoder),
                    ALC_INVALID_ARGUMENT, "no row 4; the table has 3");
    ck_assert_fails(context,
                    alc_encoder_fit(table, training, 0, (alc_encoder_options){FEATURES("a")},
                                    &encoder),
                    ALC_INVALID_ARGUMENT, "at least one row");
    ck_assert_int_eq(alc_encoder_fit(NULL, training, 3, cases[0].options, &encoder),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_encoder_width(NULL), 0);
    alc_encoder_destroy(NULL);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_and_failing_allocations)
{
    failing_hooks hooks;
    alc_context *context;
    alc_table *table;
    alc_encoder *encoder;
    alc_real values[4 * 4];
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    table = make_table(context, table_text);
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        failing_hooks_restart(&hooks);
        if (alc_encoder_fit(table, training, 3, (alc_encoder_options){FEATURES("u", "g-u")},
                            &encoder) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(encoder);
    }
    ck_assert_int_gt(hooks.fail_allocation, 8);
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        failing_hooks_restart(&hooks);
        if (alc_encoder_encode(encoder, table, NULL, 4, values) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
    }
    hooks.fail_allocation = 0;
    ck_assert_int_eq(alc_encoder_encode(NULL, table, NULL, 4, values), ALC_INVALID_ARGUMENT);
    ck_assert_fails(context, alc_encoder_encode(encoder, NULL, NULL, 4, values), ALC_INVALID_ARGUMENT, "is NULL");
    ck_assert_fails(context, alc_encoder_encode(encoder, table, NULL, 4, NULL), ALC_INVALID_ARGUMENT, "is NULL");
    ck_assert_fails(context, alc_encoder_encode(encoder, table, NULL, 3, values), ALC_INVALID_ARGUMENT,
                    "the number of rows is not the table's");
    ck_assert_fails(context, alc_encoder_encode(encoder, table, training, -1, values), ALC_INVALID_ARGUMENT, "rows");
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("table_encode", standardised_by_the_training_part, values_are_named,
                     differences_and_columns_named_like_them, rows_of_unit_length,
                     the_order_of_rows_does_not_matter, another_table_is_encoded_by_names,
                     what_cannot_be_fitted_is_refused, misuse_and_failing_allocations);
}
