/* tests/data/test_dataset_groups.c - which samples belong together, and what is refused. */
#include "alcor/dataset.h"
#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

enum { ROWS = 8 };
/* b is 36 arc seconds from a, c 36 from b; d is 72 from c. e and f are on both sides of 0 h, 39.6 apart at declination 60;
 * g has no position; h is alone. */
static const char rows[] = "id,class,ra,dec,run\n"
                           "a,STAR,10,20,1\n"
                           "b,STAR,10,20.01,2\n"
                           "c,QSO,10,20.02,3\n"
                           "d,QSO,10,20.04,\n"
                           "e,STAR,359.99,60,5\n"
                           "f,QSO,0.012,60,6\n"
                           "g,STAR,,60,5\n"
                           "h,STAR,200,-90,\n";

static alc_context *context;
static alc_table *table;
static alc_dataset *dataset;

static void open_rows(const char *text)
{
    context = make_context(1);
    table = make_table(context, text);
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_OK);
}

static void close_rows(void)
{
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
}

static void expect_groups(alc_group_options options, const int64_t *expected, int64_t expected_count)
{
    int64_t groups[ROWS], count = 0;
    ck_assert_int_eq(alc_dataset_groups(dataset, options, groups, &count), ALC_OK);
    ck_assert_mem_eq(groups, expected, sizeof groups);
    ck_assert_int_eq(count, expected_count);
}

START_TEST(neighbours_on_the_sky_are_one_group)
{
    open_rows(rows);
    const alc_group_options near = {.right_ascension = "ra", .declination = "dec", .radius = 40};
    expect_groups(near, (const int64_t[]){0, 0, 0, 1, 2, 2, 3, 4}, 5);
    alc_group_options nearer = near, off = near;
    nearer.radius = 35.9;
    expect_groups(nearer, (const int64_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    off.radius = 0;
    expect_groups(off, (const int64_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    close_rows();
}
END_TEST

START_TEST(equal_cells_are_one_group)
{
    open_rows(rows);
    expect_groups((alc_group_options){.column = "run"}, (const int64_t[]){0, 1, 2, 3, 4, 5, 4, 6}, 7);
    expect_groups((alc_group_options){.column = "run", .right_ascension = "ra", .declination = "dec", .radius = 40},
                  (const int64_t[]){0, 0, 0, 1, 2, 2, 2, 3}, 4);
    close_rows();
}
END_TEST

START_TEST(equal_images_are_one_group)
{
    static const char *const text = "id,class,image\n"
                                    "a,STAR,images/STAR/0383-51818-0614.jpg\n"
                                    "b,GALAXY,images/GALAXY/0382-51816-0368.jpg\n"
                                    "c,GALAXY,images/STAR/0383-51818-0614.jpg\n";
    int64_t groups[3], count = 0;
    const alc_dataset_options options = {.images = true, .image_folder = "examples/data/sdss", .crop = 32};
    context = make_context(1);
    table = make_table(context, text);
    ck_assert_int_eq(alc_dataset_create(table, options, &dataset), ALC_OK);
    ck_assert_int_eq(alc_dataset_groups(dataset, (alc_group_options){.equal_images = true}, groups, &count), ALC_OK);
    ck_assert_int_eq(count, 2);
    ck_assert(groups[0] == 0 && groups[1] == 1 && groups[2] == 0);
    close_rows();
}
END_TEST

START_TEST(impossible_groups_are_named)
{
    int64_t groups[ROWS], count;
    open_rows(rows);
    ck_assert_fails(context, alc_dataset_groups(dataset, (alc_group_options){.column = "tile"}, groups, &count), ALC_NOT_FOUND,
                    "no column \"tile\"");
    ck_assert_fails(context, alc_dataset_groups(dataset, (alc_group_options){.declination = "dec", .radius = 1}, groups, &count),
                    ALC_INVALID_ARGUMENT, "need both");
    ck_assert_fails(context, alc_dataset_groups(dataset, (alc_group_options){.radius = -1}, groups, &count), ALC_INVALID_ARGUMENT,
                    "radius of -1");
    ck_assert_fails(context, alc_dataset_groups(dataset, (alc_group_options){.equal_images = true}, groups, &count),
                    ALC_INVALID_ARGUMENT, "has no images");
    ck_assert_fails(context, alc_dataset_groups(dataset, (alc_group_options){0}, NULL, &count), ALC_INVALID_ARGUMENT,
                    "argument is NULL");
    close_rows();
    open_rows("id,class,ra,dec\na,STAR,10,91\nb,QSO,10,20\n");
    const alc_group_options near = {.right_ascension = "ra", .declination = "dec", .radius = 40};
    ck_assert_fails(context, alc_dataset_groups(dataset, near, groups, &count), ALC_BAD_FILE, "91 is no angle from -90 to 90");
    close_rows();
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    table = make_table(context, rows);
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_OK);
    int64_t groups[ROWS], count;
    alc_status status;
    do {
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_dataset_groups(dataset, (alc_group_options){.column = "run"}, groups, &count);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
    } while (status);
    close_rows();
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("dataset_groups", neighbours_on_the_sky_are_one_group, equal_cells_are_one_group,
                     equal_images_are_one_group,
                     impossible_groups_are_named, failing_allocations_are_reported);
}
