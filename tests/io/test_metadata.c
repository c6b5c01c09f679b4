/* tests/io/test_metadata.c - finding strings by key. */
#include "alcor/safetensors.h"
#include "support/run_tests.h"

START_TEST(keys_are_found_exactly)
{
    static const alc_metadata_entry entries[] = {{"classes", "STAR"}, {"class", ""}};
    alc_metadata metadata = {entries, 2};
    ck_assert_str_eq(alc_metadata_find(metadata, "classes"), "STAR");
    ck_assert_str_eq(alc_metadata_find(metadata, "class"), "");
    ck_assert_ptr_null(alc_metadata_find(metadata, "clas"));
    ck_assert_ptr_null(alc_metadata_find(metadata, NULL));
    ck_assert_ptr_null(alc_metadata_find((alc_metadata){0}, "classes"));
}
END_TEST

int main(void)
{
    return RUN_TESTS("metadata", keys_are_found_exactly);
}
