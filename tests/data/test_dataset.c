/* tests/data/test_dataset.c - rows are joined with labels, identifiers and images; what is left out is listed; statistics
 * are those of the samples asked for. */
#include <math.h>

#include "alcor/dataset.h"
#include "data/png_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

#define GOOD "tests/data/images/good/"
#define BAD "tests/data/images/bad/"

static alc_dataset *make_dataset(const alc_table *table, alc_context *context, alc_dataset_options options)
{
    alc_dataset *dataset = NULL;
    ck_assert_msg(alc_dataset_create(table, options, &dataset) == ALC_OK, "%s", alc_error_message(context));
    return dataset;
}

/* ---- rows, labels, identifiers ---- */

START_TEST(rows_become_samples)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "id,u,class\na1,1,STAR\nb,2,\nc,3,GALAXY\nd,4,-9999\ne,5,STAR\n");
    alc_dataset *dataset = make_dataset(table, context, (alc_dataset_options){0});
    static const int64_t rows[] = {0, 2, 4}, labels[] = {1, 0, 1}, dropped[] = {1, 3};
    static const char *const ids[] = {"a1", "c", "e"}, *const texts[] = {"STAR", "GALAXY", "STAR"};
    ck_assert_ptr_eq(alc_dataset_table(dataset), table);
    ck_assert_int_eq(alc_dataset_count(dataset), 3);
    ck_assert_int_eq(alc_dataset_class_count(dataset), 2);
    ck_assert_str_eq(alc_dataset_class_name(dataset, 0), "GALAXY");
    ck_assert_str_eq(alc_dataset_class_name(dataset, 1), "STAR");
    for (int64_t i = 0; i < 3; i++) {
        ck_assert_int_eq(alc_dataset_row(dataset, i), rows[i]);
        ck_assert_int_eq(alc_dataset_label(dataset, i), labels[i]);
        ck_assert_str_eq(alc_dataset_id(dataset, i), ids[i]);
        ck_assert_str_eq(alc_dataset_label_text(dataset, i), texts[i]);
        ck_assert_ptr_null(alc_dataset_pixels(dataset, i));
    }
    ck_assert_int_eq(alc_dataset_dropped_count(dataset), 2);
    for (int64_t i = 0; i < 2; i++) {
        ck_assert_int_eq(alc_dataset_dropped(dataset, i).row, dropped[i]);
        ck_assert_str_eq(alc_dataset_dropped(dataset, i).reason, "the label is missing");
    }
    ck_assert_int_eq(alc_dataset_image_size(dataset) + alc_dataset_source_height(dataset) +
                         alc_dataset_source_width(dataset),
                     0);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(optional_labels_may_be_unknown)
{
    static const char *const classes[] = {"STAR", "QSO"};
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "u,kind\n1,STAR\n2,\n3,NOVA\n4,QSO\n");
    alc_dataset *dataset =
        make_dataset(table, context, (alc_dataset_options){.label = "kind", .labels = ALC_LABELS_OPTIONAL,
                                                           .classes = classes, .class_count = 2});
    static const int64_t labels[] = {0, -1, -1, 1};
    static const char *const texts[] = {"STAR", "", "NOVA", "QSO"}, *const ids[] = {"1", "2", "3", "4"};
    ck_assert_int_eq(alc_dataset_count(dataset), 4);
    for (int64_t i = 0; i < 4; i++) {
        ck_assert_int_eq(alc_dataset_label(dataset, i), labels[i]);
        ck_assert_str_eq(alc_dataset_label_text(dataset, i), texts[i]);
        ck_assert_str_eq(alc_dataset_id(dataset, i), ids[i]);
    }
    ck_assert_str_eq(alc_dataset_class_name(dataset, 1), "QSO");
    alc_dataset_destroy(dataset);
    dataset = make_dataset(table, context, (alc_dataset_options){.labels = ALC_LABELS_OPTIONAL});
    ck_assert_int_eq(alc_dataset_class_count(dataset), 0); /* there is no column "class" */
    ck_assert_int_eq(alc_dataset_label(dataset, 0), -1);
    ck_assert_str_eq(alc_dataset_label_text(dataset, 0), "");
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(keys_are_of_identifiers_or_whole_rows)
{
    alc_context *context = make_context(1);
    alc_table *with = make_table(context, "id,u,class\n7,1,A\n8,2,B\n9,2,B\n");
    alc_table *moved = make_table(context, "class,id,x\nB,8,5\nA,7,6\n");
    alc_table *without = make_table(context, "u,class\n1,A\n2,B\n2,B\n");
    alc_dataset *a = make_dataset(with, context, (alc_dataset_options){0});
    alc_dataset *b = make_dataset(moved, context, (alc_dataset_options){0});
    alc_dataset *c = make_dataset(without, context, (alc_dataset_options){0});
    alc_dataset *d = make_dataset(with, context, (alc_dataset_options){.id = "id"});
    ck_assert(alc_dataset_key(a, 0) == alc_dataset_key(b, 1) && alc_dataset_key(a, 1) == alc_dataset_key(b, 0));
    ck_assert(alc_dataset_key(a, 1) != alc_dataset_key(a, 2));
    ck_assert(alc_dataset_key(c, 1) == alc_dataset_key(c, 2) && alc_dataset_key(c, 0) != alc_dataset_key(c, 1));
    ck_assert(alc_dataset_key(d, 2) == alc_dataset_key(a, 2));
    alc_dataset_destroy(a);
    alc_dataset_destroy(b);
    alc_dataset_destroy(c);
    alc_dataset_destroy(d);
    alc_table_destroy(with);
    alc_table_destroy(moved);
    alc_table_destroy(without);
    alc_context_destroy(context);
}
END_TEST

static const char *const two[] = {"A", "B"}, *const twice[] = {"A", "B", "A"}, *const nameless[] = {"A", NULL};

START_TEST(wrong_tables_are_refused)
{
#define GIVEN(names, count) .classes = names, .class_count = count
    static const struct {
        const char *text;
        alc_dataset_options options;
        alc_status status;
        const char *words;
    } cases[] = {
        {"u\n1\n", {0}, ALC_NOT_FOUND, "there is no column \"class\"; the columns are u"},
        {"class\nA\n", {.label = "kind"}, ALC_NOT_FOUND, "there is no column \"kind\""},
        {"class\nA\nB\n", {.id = "objid"}, ALC_NOT_FOUND, "there is no column \"objid\""},
        {"id,class\n1,A\n,B\n", {0}, ALC_BAD_FILE,
         "test.csv: line 3 (row 2): there is no identifier in column \"id\""},
        {"id,class\n5,A\n6,A\n7,B\n6,B\n5,B\n", {0}, ALC_BAD_FILE,
         "line 5 (row 4): the identifier \"6\" in column \"id\" is also that of line 3 (row 2)"},
        {"id,class\n5,A\n5,A\n5,B\n", {0}, ALC_BAD_FILE,
         "line 3 (row 2): the identifier \"5\" in column \"id\" is also that of line 2 (row 1)"},
        {"class\n", {GIVEN(two, 2)}, ALC_BAD_FILE, "test.csv: the table has no row"},
        {"class,u\n,1\n,2\n", {GIVEN(two, 2)}, ALC_BAD_FILE,
         "test.csv: every row was dropped, the first because the label is missing"},
        {"class\nA\nB\n", {GIVEN(two, 0)}, ALC_INVALID_ARGUMENT, "0 classes were given"},
        {"class\nA\nB\n", {GIVEN(two, 1025)}, ALC_INVALID_ARGUMENT, "it takes 1 to 1024"},
        {"class\nA\nB\n", {GIVEN(twice, 3)}, ALC_INVALID_ARGUMENT,
         "class 3 has no name, or that of class 1"},
        {"class\nA\nB\n", {GIVEN(nameless, 2)}, ALC_INVALID_ARGUMENT, "class 2 has no name"},
        {"class\nA\nB\nNOVA\n", {GIVEN(two, 2)}, ALC_MISMATCH,
         "line 4 (row 3): the label \"NOVA\" is none of the 2 classes (\"A\", ...)"},
        {"class\nA\nA\n", {0}, ALC_MISMATCH,
         "column \"class\" has only the value \"A\"; a classifier needs at least two classes"},
        {"class\nA\nB\nA \n", {0}, ALC_MISMATCH,
         "line 4 (row 3): the label \"A \" differs from \"A\" in other rows by blanks alone"},
        {"class\n A\nA B\n\tA \n", {0}, ALC_MISMATCH,
         "line 4 (row 3): the label \"\tA \" differs from \" A\" in other rows by blanks alone"},
        {"class,u\n,1\n", {0}, ALC_MISMATCH, "column \"class\" has no value; a classifier needs"},
        {"class\nA\nB\n", {.labels = (alc_label_policy)2}, ALC_INVALID_ARGUMENT,
         "labels is no alc_label_policy"},
        {"class\nA\nB\n", {.images = true}, ALC_NOT_FOUND, "there is no column \"image\""},
        {"class\nA\nB\n", {.images = true, .image_column = "file"}, ALC_NOT_FOUND,
         "there is no column \"file\""},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_table *table = make_table(context, cases[i].text);
        alc_dataset *dataset = (alc_dataset *)&dataset;
        ck_assert_fails(context, alc_dataset_create(table, cases[i].options, &dataset),
                        cases[i].status, cases[i].words);
        ck_assert_ptr_null(dataset);
        alc_table_destroy(table);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(classes_are_limited)
{
    alc_context *context = make_context(1);
    char *text = malloc(16384);
    ck_assert_ptr_nonnull(text);
    for (int classes = 1024; classes <= 1025; classes++) {
        size_t at = (size_t)sprintf(text, "class\n");
        alc_table *table;
        alc_dataset *dataset;
        for (int i = 0; i < classes; i++)
            at += (size_t)sprintf(text + at, "c%d\n", i);
        table = make_table(context, text);
        if (classes == 1024)
            ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_OK);
        else
            ck_assert_fails(context, alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_MISMATCH,
                            "column \"class\" has 1025 different values; at most 1024 can be classes");
        alc_dataset_destroy(dataset);
        alc_table_destroy(table);
    }
    free(text);
    alc_context_destroy(context);
}
END_TEST

/* ---- images ---- */

/* A table in a folder, with a column of images. */
static alc_table *image_table(alc_context *context, const char *name, const char *text)
{
    alc_table *table = NULL;
    ck_assert_int_eq(alc_table_parse(context, name, text, strlen(text), (alc_table_options){0}, &table), ALC_OK);
    return table;
}

START_TEST(images_are_cropped_and_resized)
{
    static const char text[] = "image,class\nbasn2c08.png,A\nz00n2c08.png,B\njpg-gray.jpg,B\n";
    static const struct {
        int64_t crop, size, expected_crop, expected_size;
    } cases[] = {{0, 0, 32, 32}, {20, 0, 20, 20}, {0, 8, 32, 8}, {20, 30, 20, 30}};
    for (int threads = 1; threads <= 4; threads += 3) {
        alc_context *context = make_context(threads);
        alc_table *table = image_table(context, GOOD "t.csv", text);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            int64_t size = cases[i].expected_size, crop = cases[i].expected_crop;
            alc_dataset *dataset = make_dataset(table, context,
                                                (alc_dataset_options){.images = true, .crop = cases[i].crop,
                                                                      .size = cases[i].size,
                                                                      .filter = ALC_RESIZE_BICUBIC});
            alc_image image, cropped, resized;
            ck_assert_int_eq(alc_dataset_image_size(dataset), size);
            ck_assert(alc_dataset_source_height(dataset) == 32 && alc_dataset_source_width(dataset) == 32);
            ck_assert_int_eq(alc_image_read(context, GOOD "z00n2c08.png", (alc_image_limits){0}, &image), ALC_OK);
            ck_assert_int_eq(alc_image_crop_centre(&image, crop, crop, &cropped), ALC_OK);
            ck_assert_int_eq(alc_image_resize(&cropped, size, size, ALC_RESIZE_BICUBIC, &resized), ALC_OK);
            ck_assert_mem_eq(alc_dataset_pixels(dataset, 1), resized.pixels, (size_t)(size * size * 3));
            alc_image_free(&image);
            alc_image_free(&cropped);
            alc_image_free(&resized);
            alc_dataset_destroy(dataset);
        }
        alc_table_destroy(table);
        alc_context_destroy(context);
    }
}
END_TEST

/* A file is 32 x 32 unless it is s39i3p04 (39 x 39), jpg-size-15x15 or grayscale_16x24 (24 high, 16 wide). */
START_TEST(sizes_of_images_are_checked)
{
#define IMAGES .images = true, .image_folder = "tests/data/images"
    static const struct {
        const char *text;
        alc_dataset_options options;
        alc_status status;
        const char *words;
    } cases[] = {
        {"image,class\ngood/basn2c08.png,A\ngood/s39i3p04.png,B\n", {IMAGES}, ALC_BAD_FILE,
         "test.csv: line 3 (row 2): " GOOD
         "s39i3p04.png: the image is 39 pixels high and 39 wide; the others are 32 and 32"},
        {"image,class\ngood/basn2c08.png,A\ngood/z00n2c08.png,B\n",
         {IMAGES, .source_height = 32, .source_width = 31}, ALC_BAD_FILE,
         "line 2 (row 1): " GOOD
         "basn2c08.png: the image is 32 pixels high and 32 wide; the others are 32 and 31"},
        {"image,class\ngood/basn2c08.png,A\ngood/jpg-size-15x15.jpg,B\n",
         {IMAGES, .crop = 16, .any_source_size = true}, ALC_BAD_FILE,
         "line 3 (row 2): " GOOD
         "jpg-size-15x15.jpg: the image is 15 pixels high and 15 wide, smaller than the crop of 16"},
        {"image,class\ngood/basn2c08.png,A\n,B\n", {IMAGES}, ALC_BAD_FILE,
         "line 3 (row 2): there is no path of an image in column \"image\""},
        {"image,class\ngood/basn2c08.png,A\ngood/none.png,B\n", {IMAGES}, ALC_IO_ERROR,
         "line 3 (row 2): cannot open " GOOD "none.png"},
        {"image,class\nbad/max_size.jpg,A\ngood/basn2c08.png,B\n", {IMAGES}, ALC_UNSUPPORTED,
         "line 2 (row 1): " BAD "max_size.jpg: 65535 x 65535 pixels are above the limit"},
        {"image,class\ngood/basn2c08.png,A\ngood/z00n2c08.png,B\n", {IMAGES, .limits = {.side = 31}},
         ALC_UNSUPPORTED, "32 x 32 pixels are above the limit of 31 a side"},
        {"image,class\ngood/basn2c08.png,A\ngood/z00n2c08.png,B\n", {IMAGES, .limits = {.side = -1}},
         ALC_INVALID_ARGUMENT, "image limits of -1 pixels a side"},
        {"image,class\ngood/basn2c08.png,A\ngood/z00n2c08.png,B\n", {IMAGES, .filter = (alc_resize_filter)9},
         ALC_INVALID_ARGUMENT, "with filter 9"},
        {"image,class\nx,A\ny,B\n", {IMAGES, .crop = -1}, ALC_INVALID_ARGUMENT, "a crop of -1, a size of 0"},
        {"image,class\nx,A\ny,B\n", {IMAGES, .size = -2}, ALC_INVALID_ARGUMENT, "a size of -2"},
        {"image,class\nx,A\ny,B\n", {IMAGES, .size = 4097}, ALC_INVALID_ARGUMENT, "a size of 4097"},
        {"image,class\nx,A\ny,B\n", {IMAGES, .source_height = -1, .source_width = 1}, ALC_INVALID_ARGUMENT,
         "source images of -1 x 1 do not go together"},
        {"image,class\nx,A\ny,B\n", {IMAGES, .source_width = 8}, ALC_INVALID_ARGUMENT,
         "source images of 0 x 8 do not go together"},
    };
    for (int threads = 1; threads <= 3; threads += 2) {
        alc_context *context = make_context(threads);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            alc_table *table = make_table(context, cases[i].text);
            alc_dataset *dataset = (alc_dataset *)&dataset;
            ck_assert_fails(context, alc_dataset_create(table, cases[i].options, &dataset), cases[i].status,
                            cases[i].words);
            ck_assert_ptr_null(dataset);
            alc_table_destroy(table);
        }
        alc_context_destroy(context);
    }
}
END_TEST

START_TEST(images_may_differ_in_size)
{
    alc_context *context = make_context(2);
    alc_table *table = make_table(context, "image,class\ngrayscale_16x24_sampling2x2.jpg,A\ns39i3p04.png,B\n"
                                           "jpg-size-15x15.jpg,B\n");
    alc_dataset *dataset = make_dataset(table, context, (alc_dataset_options){.images = true, .image_folder = GOOD,
                                                                              .any_source_size = true});
    ck_assert_int_eq(alc_dataset_image_size(dataset), 16); /* the first one's largest square, for all */
    ck_assert_int_eq(alc_dataset_source_height(dataset), 24);
    ck_assert_int_eq(alc_dataset_source_width(dataset), 16);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(bad_images_can_be_dropped)
{
    static const char text[] = "image,class\nbad/xcsn0g01.png,A\ngood/basn2c08.png,A\n,B\ngood/z00n2c08.png,B\n"
                               "good/none.png,B\ngood/s39i3p04.png,A\nbad/missing-sos.jpg,\n";
    static const struct {
        int64_t row;
        const char *words;
    } dropped[] = {
        {0, BAD "xcsn0g01.png: byte 49: the checksum of the chunk IDAT is wrong"},
        {2, "there is no path of an image"},
        {4, "cannot open " GOOD "none.png"},
        {5, GOOD "s39i3p04.png: the image is 39 pixels high and 39 wide; the others are 32 and 32"},
        {6, "the label is missing"},
    };
    for (int threads = 1; threads <= 3; threads += 2) {
        alc_context *context = make_context(threads);
        alc_table *table = make_table(context, text);
        alc_dataset *dataset = make_dataset(table, context, (alc_dataset_options){IMAGES, .drop_bad_images = true});
        ck_assert_int_eq(alc_dataset_count(dataset), 2);
        ck_assert(alc_dataset_row(dataset, 0) == 1 && alc_dataset_row(dataset, 1) == 3);
        ck_assert_int_eq(alc_dataset_dropped_count(dataset), 5);
        for (int i = 0; i < 5; i++) {
            alc_dropped_row row = alc_dataset_dropped(dataset, i);
            ck_assert_int_eq(row.row, dropped[i].row);
            ck_assert_msg(strncmp(row.reason, dropped[i].words, strlen(dropped[i].words)) == 0, "%s", row.reason);
        }
        alc_dataset_destroy(dataset);
        alc_table_destroy(table);
        alc_context_destroy(context);
    }
}
END_TEST

START_TEST(a_class_without_a_usable_image_is_named)
{
    alc_context *context = make_context(1);
    alc_table *table =
        make_table(context, "image,class\ngood/basn2c08.png,A\ngood/none.png,B\nbad/missing-sos.jpg,B\n");
    alc_table *none = make_table(context, "image,class\ngood/none.png,A\ngood/none.png,B\n");
    static const alc_dataset_options options = {IMAGES, .drop_bad_images = true, GIVEN(two, 2)};
    alc_dataset *dataset;
    ck_assert_fails(context,
                    alc_dataset_create(table, (alc_dataset_options){IMAGES, .drop_bad_images = true}, &dataset),
                    ALC_MISMATCH,
                    "line 3 (row 2): class \"B\" is empty: all of its rows were dropped, this one because cannot open " GOOD
                    "none.png");
    ck_assert_fails(context, alc_dataset_create(none, options, &dataset), ALC_BAD_FILE,
                    "every row was dropped, the first because cannot open");
    alc_table_destroy(table);
    alc_table_destroy(none);
    alc_context_destroy(context);
}
END_TEST

START_TEST(images_that_are_too_large_are_refused)
{
    alc_context *context = make_context(1);
    temporary_folder folder;
    file_bytes file = {.size = 0};
    char path[1024], text[2100];
    alc_table *table;
    alc_dataset *dataset;
    temporary_folder_create(&folder);
    put_black_png(&file, 4097, "");
    write_test_file(temporary_path(&folder, "large.png", path), file.data, file.size);
    snprintf(text, sizeof text, "image,class\n%s,A\n%s,B\n", path, path);
    table = make_table(context, text);
    ck_assert_fails(context, alc_dataset_create(table, (alc_dataset_options){.images = true}, &dataset),
                    ALC_INVALID_ARGUMENT,
                    "images of 4097 pixels a side are too large to train on; ask for a size of at most 4096");
    dataset = make_dataset(table, context, (alc_dataset_options){.images = true, .crop = 3}); /* an absolute path */
    ck_assert_int_eq(alc_dataset_image_size(dataset), 3);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    temporary_folder_remove(&folder);
    alc_context_destroy(context);
}
END_TEST

static bool stop_after(void *calls)
{
    return __atomic_sub_fetch((int *)calls, 1, __ATOMIC_RELAXED) < 0;
}

START_TEST(reading_can_be_interrupted)
{
    alc_context *context = make_context(2);
    alc_table *table =
        image_table(context, GOOD "t.csv", "image,class\nbasn2c08.png,A\nz00n2c08.png,B\nbasi3p08.png,B\n");
    for (int calls = 0; calls < 3; calls++) {
        int left = calls;
        alc_dataset *dataset;
        ck_assert_fails(context,
                        alc_dataset_create(table, (alc_dataset_options){.images = true, .stop = stop_after,
                                                                        .stop_user = &left},
                                           &dataset),
                        ALC_INTERRUPTED, GOOD "t.csv: reading the images was interrupted");
        ck_assert_ptr_null(dataset);
    }
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

/* ---- statistics ---- */

static const char statistics_text[] = "image,u,class\na.png,1,A\nb.png,2,B\nc.png,9,B\nd.png,4,B\n";

/* Four images of one pixel. */
static void write_images(const temporary_folder *folder)
{
    static const char *const images[][2] = {
        {"a.png", "010203"}, {"b.png", "030203"}, {"c.png", "FF0009"}, {"d.png", "070707"}};
    for (int i = 0; i < 4; i++) {
        char chunks[128], path[1024];
        file_bytes file = {.size = 0};
        snprintf(chunks, sizeof chunks, HEADER("00000001 00000001", "0802") "IDAT @00 %s;" END, images[i][1]);
        put_png(&file, chunks);
        write_test_file(temporary_path(folder, images[i][0], path), file.data, file.size);
    }
}

START_TEST(statistics_are_of_the_samples_chosen)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, statistics_text);
    temporary_folder folder;
    alc_dataset *dataset;
    alc_normalisation n;
    int64_t counts[2];
    double weights[2];
    static const int64_t chosen[] = {3, 0, 1}, same[] = {0, 1}, outside[] = {0, -1, 4, 1}, only[] = {1, 2};
    const char *const feature[] = {"u"};
    alc_encoder *encoder;
    alc_real value;
    temporary_folder_create(&folder);
    write_images(&folder);
    dataset = make_dataset(table, context, (alc_dataset_options){.images = true, .image_folder = folder.path});
    ck_assert_int_eq(alc_dataset_normalisation(dataset, chosen, 3, &n), ALC_OK);
    ck_assert_double_eq_tol(n.mean[0], 11.0 / 3 / 255, 1e-15);
    ck_assert_double_eq_tol(n.std[0], sqrt(59.0 / 3 - 121.0 / 9) / 255, 1e-15);
    ck_assert_double_eq_tol(n.mean[1], 11.0 / 3 / 255, 1e-15);
    ck_assert_double_eq_tol(n.mean[2], 13.0 / 3 / 255, 1e-15);
    ck_assert_int_eq(alc_dataset_normalisation(dataset, same, 2, &n), ALC_OK);
    ck_assert_double_eq_tol(n.mean[1], 2.0 / 255, 1e-15);
    ck_assert_double_eq_tol(n.std[1], 1.0 / 255, 1e-15); /* it would be 0 */
    ck_assert_int_eq(alc_dataset_normalisation(dataset, NULL, 0, &n), ALC_OK);
    ck_assert_double_eq_tol(n.mean[0], 266.0 / 4 / 255, 1e-15);
    alc_dataset_class_counts(dataset, NULL, 0, counts);
    ck_assert(counts[0] == 1 && counts[1] == 3);
    alc_dataset_class_counts(dataset, outside, 4, counts);
    ck_assert(counts[0] == 1 && counts[1] == 1);
    ck_assert_int_eq(alc_dataset_class_weights(dataset, NULL, 0, weights), ALC_OK);
    ck_assert_double_eq_tol(weights[0], 2, 1e-15);
    ck_assert_double_eq_tol(weights[1], 2.0 / 3, 1e-15);
    ck_assert_fails(context, alc_dataset_class_weights(dataset, only, 2, weights), ALC_MISMATCH,
                    "test.csv: class \"A\" has no sample in this part, so no weight");
    ck_assert_int_eq(alc_dataset_fit_encoder(dataset, same, 2,
                                             (alc_encoder_options){.features = feature, .feature_count = 1},
                                             &encoder),
                     ALC_OK);
    ck_assert_int_eq(alc_encoder_encode(encoder, table, &(int64_t){3}, 1, &value), ALC_OK);
    ck_assert(value == 5); /* (4 - 1.5) / 0.5 */
    alc_encoder_destroy(encoder);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    temporary_folder_remove(&folder);
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_is_refused)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "u,class\n1,A\n2,B\n");
    alc_dataset *dataset = make_dataset(table, context, (alc_dataset_options){0});
    static const int64_t outside[] = {0, 2}, negative[] = {-1};
    const alc_encoder_options encoding = {.features = (const char *const[]){"u"}, .feature_count = 1};
    alc_normalisation normalisation;
    alc_encoder *encoder;
    double weights[2];
    int64_t counts[2] = {7, 7};
    ck_assert_fails(context, alc_dataset_create(table, (alc_dataset_options){0}, NULL), ALC_INVALID_ARGUMENT,
                    "alc_dataset_create: dataset is NULL");
    ck_assert_int_eq(alc_dataset_create(NULL, (alc_dataset_options){0}, &(alc_dataset *){NULL}), ALC_INVALID_ARGUMENT);
    ck_assert_fails(context, alc_dataset_class_weights(dataset, outside, 2, weights), ALC_INVALID_ARGUMENT,
                    "test.csv: there is no sample 2; the data set has 2");
    ck_assert_fails(context, alc_dataset_fit_encoder(dataset, negative, 1, encoding, &encoder), ALC_INVALID_ARGUMENT,
                    "there is no sample -1");
    ck_assert_ptr_null(encoder);
    ck_assert_fails(context, alc_dataset_class_weights(dataset, outside, 0, weights), ALC_INVALID_ARGUMENT,
                    "test.csv: no sample was chosen");
    ck_assert_fails(context, alc_dataset_class_weights(dataset, NULL, 0, NULL), ALC_INVALID_ARGUMENT,
                    "alc_dataset_class_weights: weights is NULL");
    ck_assert_fails(context, alc_dataset_normalisation(dataset, NULL, 0, &normalisation), ALC_INVALID_ARGUMENT,
                    "test.csv: the data set has no images to normalise");
    ck_assert_int_eq(alc_dataset_fit_encoder(dataset, NULL, 0, encoding, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_dataset_class_weights(NULL, NULL, 0, weights), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_dataset_normalisation(NULL, NULL, 0, &normalisation), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_dataset_fit_encoder(NULL, NULL, 0, encoding, &encoder), ALC_INVALID_ARGUMENT);
    alc_dataset_class_counts(NULL, NULL, 0, counts);
    alc_dataset_class_counts(dataset, NULL, 0, NULL);
    ck_assert_int_eq(counts[0], 7);
    for (int64_t i = -1; i <= 2; i += 3) {
        ck_assert_int_eq(alc_dataset_row(dataset, i), -1);
        ck_assert_int_eq(alc_dataset_label(dataset, i), -1);
        ck_assert_str_eq(alc_dataset_id(dataset, i), "");
        ck_assert_str_eq(alc_dataset_label_text(dataset, i), "");
        ck_assert(alc_dataset_key(dataset, i) == 0);
        ck_assert_ptr_null(alc_dataset_pixels(dataset, i));
        ck_assert_ptr_null(alc_dataset_class_name(dataset, i));
        ck_assert_int_eq(alc_dataset_dropped(dataset, i).row, -1);
    }
    ck_assert_ptr_null(alc_dataset_table(NULL));
    ck_assert_int_eq(alc_dataset_count(NULL) + alc_dataset_class_count(NULL) + alc_dataset_image_size(NULL) +
                         alc_dataset_source_height(NULL) + alc_dataset_source_width(NULL) +
                         alc_dataset_dropped_count(NULL),
                     0);
    ck_assert_int_eq(alc_dataset_row(NULL, 0), -1);
    alc_dataset_destroy(dataset);
    alc_dataset_destroy(NULL);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

/* ---- failing allocations and file operations ---- */

/* One try; ALC_OK also where a failure was got over, for images are read a second time. */
static alc_status try_once(alc_context *context, const alc_table *table, failing_hooks *hooks, alc_dataset **dataset)
{
    static const char *const feature[] = {"u"};
    const alc_encoder_options encoding = {.features = feature, .feature_count = 1};
    alc_encoder *encoder = NULL;
    double weights[2];
    alc_status status;

    failing_hooks_restart(hooks);
    status = alc_dataset_create(table, (alc_dataset_options){.images = true}, dataset);
    ck_assert((status == ALC_OK) == (*dataset != NULL));
    if (status == ALC_OK)
        status = alc_dataset_class_weights(*dataset, NULL, 0, weights);
    if (status == ALC_OK)
        status = alc_dataset_fit_encoder(*dataset, NULL, 0, encoding, &encoder);
    alc_encoder_destroy(encoder);
    ck_assert(status == ALC_OK || alc_error_status(context) == status);
    return status;
}

START_TEST(failing_allocations_and_reads_leave_nothing)
{
    static const char text[] = "image,u,class\nbasn2c08.png,1,A\njpg-gray.jpg,2,B\nbasn2c08.png,2,\n";
    failing_hooks hooks;
    alc_context *context;
    alc_table *table;
    alc_dataset *dataset, *sound;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    table = image_table(context, GOOD "t.csv", text);
    ck_assert_int_eq(try_once(context, table, &hooks, &sound), ALC_OK);
    for (int kind = 0; kind < 4; kind++) { /* memory or files, once or for ever */
        int64_t *which = kind < 2 ? &hooks.fail_allocation : &hooks.fail_file;
        int failures = 0;
        hooks.allocations_stay_failed = kind == 1;
        hooks.files_stay_failed = kind == 3;
        hooks.fail_files = FILE_OPEN | FILE_READ | FILE_SIZE;
        for (*which = 1;; (*which)++) {
            alc_status status = try_once(context, table, &hooks, &dataset);
            bool reached = hooks.faults > 0;
            if (status == ALC_OK)
                ck_assert_mem_eq(alc_dataset_pixels(dataset, 1), alc_dataset_pixels(sound, 1), 32 * 32 * 3);
            else
                ck_assert_int_eq(status, kind < 2 ? ALC_OUT_OF_MEMORY : ALC_IO_ERROR);
            failures += status != ALC_OK;
            alc_dataset_destroy(dataset);
            if (!reached)
                break;
        }
        ck_assert_int_gt(failures, kind < 2 ? 20 : 2);
        failing_hooks_relent(&hooks);
        ck_assert_int_eq(try_once(context, table, &hooks, &dataset), ALC_OK);
        alc_dataset_destroy(dataset);
    }
    alc_dataset_destroy(sound);
    alc_table_destroy(table);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("dataset", rows_become_samples, optional_labels_may_be_unknown,
                     keys_are_of_identifiers_or_whole_rows, wrong_tables_are_refused, classes_are_limited,
                     images_are_cropped_and_resized, sizes_of_images_are_checked, images_may_differ_in_size,
                     bad_images_can_be_dropped, a_class_without_a_usable_image_is_named,
                     images_that_are_too_large_are_refused, reading_can_be_interrupted,
                     statistics_are_of_the_samples_chosen, misuse_is_refused,
                     failing_allocations_and_reads_leave_nothing);
}
