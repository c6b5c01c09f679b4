/* tests/base/test_random.c - Philox against the vectors published with Random123 (kat_vectors), and
 * what is made of it. */
#include <string.h>

#include "lib/base/base.h"
#include "support/run_tests.h"

START_TEST(philox_gives_the_published_words)
{
    static const struct {
        uint64_t seed, stream, block;
        uint32_t words[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        /* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 */
        {UINT64_C(0x299f31d0a4093822),
         UINT64_C(0x0370734413198a2e),
         UINT64_C(0x85a308d3243f6a88),
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t words[4];
        alck_philox(known[i].seed, known[i].stream, known[i].block, words);
        for (int j = 0; j < 4; j++)
            ck_assert_uint_eq(words[j], known[i].words[j]);
    }
}
END_TEST

START_TEST(words_follow_the_blocks)
{
    alc_random_key key = {123, 456};
    for (uint64_t block = 0; block < 5; block++) {
        uint32_t words[4];
        alck_philox(123, 456, block, words);
        for (uint64_t i = 0; i < 4; i++) {
            ck_assert_uint_eq(alc_random_u32(key, 4 * block + i), words[i]);
            ck_assert(alc_random_uniform(key, 4 * block + i) == (words[i] >> 8) / 16777216.0);
        }
    }
}
END_TEST

START_TEST(many_uniform_numbers_are_the_single_ones)
{
    alc_random_key key = {3, 4};
    for (uint64_t first = 0; first < 6; first++) {
        for (int64_t count = 0; count < 11; count++) {
            double values[11] = {0};
            alc_random_uniforms(key, first, count, values);
            for (int64_t i = 0; i < 11; i++)
                ck_assert(values[i] == (i < count ? alc_random_uniform(key, first + (uint64_t)i) : 0));
        }
    }
}
END_TEST

START_TEST(uniform_numbers_fill_the_interval)
{
    alc_random_key key = {1, 2};
    double sum = 0, squares = 0, least = 1, most = 0;
    int outside = 0;
    enum { DRAWS = 100000 };
    for (uint64_t i = 0; i < DRAWS; i++) {
        double value = alc_random_uniform(key, i);
        outside += !(value >= 0 && value < 1 && (float)value == value);
        least = value < least ? value : least;
        most = value > most ? value : most;
        sum += value;
        squares += value * value;
    }
    ck_assert_int_eq(outside, 0);
    /* Five standard errors. */
    ck_assert_double_eq_tol(sum / DRAWS, 0.5, 5 * 0.2887 / 316.2);
    ck_assert_double_eq_tol(squares / DRAWS, 1.0 / 3, 5 * 0.2982 / 316.2);
    ck_assert_double_le(least, 1e-3);
    ck_assert_double_ge(most, 1 - 1e-3);
}
END_TEST

START_TEST(numbers_below_a_bound_are_even)
{
    alc_random_key key = {3, 4};
    int counts[7] = {0};
    for (uint64_t i = 0; i < 70000; i++)
        counts[alc_random_below(key, i, 7)]++;
    for (int i = 0; i < 7; i++) {
        ck_assert_int_gt(counts[i], 10000 - 500);
        ck_assert_int_lt(counts[i], 10000 + 500);
    }
    ck_assert_uint_eq(alc_random_below(key, 5, 1), 0);
    ck_assert_uint_eq(alc_random_below(key, 5, 0), 0);
}
END_TEST

START_TEST(a_bound_that_rejects_half_of_all_draws_works)
{
    alc_random_key key = {5, 6};
    uint64_t bound = (UINT64_C(1) << 63) + 1;
    int upper_half = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t value = alc_random_below(key, i, bound);
        ck_assert(value < bound);
        ck_assert_uint_eq(value, alc_random_below(key, i, bound));
        upper_half += value >= bound / 2;
    }
    ck_assert_int_gt(upper_half, 420);
    ck_assert_int_lt(upper_half, 580);
    ck_assert(alc_random_below(key, 0, UINT64_MAX) < UINT64_MAX);
}
END_TEST

START_TEST(permutations_hold_each_number_once)
{
    enum { COUNT = 1000 };
    int64_t order[COUNT], again[COUNT];
    bool seen[COUNT] = {false};
    int fixed = 0;
    alc_random_permutation((alc_random_key){7, 8}, COUNT, order);
    alc_random_permutation((alc_random_key){7, 8}, COUNT, again);
    ck_assert_int_eq(memcmp(order, again, sizeof order), 0);
    for (int64_t i = 0; i < COUNT; i++) {
        ck_assert(order[i] >= 0 && order[i] < COUNT && !seen[order[i]]);
        seen[order[i]] = true;
        fixed += order[i] == i;
    }
    ck_assert_int_lt(fixed, 8);
    alc_random_permutation((alc_random_key){7, 9}, COUNT, again);
    ck_assert_int_ne(memcmp(order, again, sizeof order), 0);
    alc_random_permutation((alc_random_key){7, 9}, 1, again);
    ck_assert_int_eq(again[0], 0);
    alc_random_permutation((alc_random_key){7, 9}, 0, again);
}
END_TEST

START_TEST(all_permutations_of_three_come_up_equally)
{
    int counts[27] = {0};
    for (uint64_t stream = 0; stream < 6000; stream++) {
        int64_t order[3];
        alc_random_permutation((alc_random_key){11, stream}, 3, order);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    int kinds = 0;
    for (int i = 0; i < 27; i++) {
        kinds += counts[i] > 0;
        ck_assert(counts[i] == 0 || (counts[i] > 850 && counts[i] < 1150));
    }
    ck_assert_int_eq(kinds, 6);
}
END_TEST

START_TEST(hashes_and_mixes_differ_where_arguments_do)
{
    ck_assert_uint_eq(alc_hash_text(""), UINT64_C(0x2d06800538d394c2)); /* XXH3's published value */
    ck_assert_uint_ne(alc_hash_text("conv1"), alc_hash_text("conv2"));
    ck_assert_uint_ne(alc_mix(1, 2), alc_mix(2, 1));
    ck_assert_uint_ne(alc_mix(0, 0), 0);
    /* One flipped bit changes about half of the bits. */
    for (int bit = 0; bit < 64; bit++) {
        int a = __builtin_popcountll(alc_mix(99, 7) ^ alc_mix(99 ^ UINT64_C(1) << bit, 7));
        int b = __builtin_popcountll(alc_mix(99, 7) ^ alc_mix(99, 7 ^ UINT64_C(1) << bit));
        ck_assert(a > 10 && a < 54 && b > 10 && b < 54);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("random", philox_gives_the_published_words, words_follow_the_blocks,
                     many_uniform_numbers_are_the_single_ones,
                     uniform_numbers_fill_the_interval, numbers_below_a_bound_are_even,
                     a_bound_that_rejects_half_of_all_draws_works,
                     permutations_hold_each_number_once, all_permutations_of_three_come_up_equally,
                     hashes_and_mixes_differ_where_arguments_do);
}
