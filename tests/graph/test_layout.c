/* test_layout.c - PyTorch's order of a parameter's values against that in memory, by hand-written index formulas. */
#include "lib/graph/graph.h"
#include "support/run_tests.h"

enum { OUT = 3, IN = 4, HEIGHT = 2, WIDTH = 5, COUNT = OUT * IN * HEIGHT * WIDTH };

static const alc_parameter_spec convolution = {
    .shape = {4, {OUT, IN, HEIGHT, WIDTH}},
    .layout = {{5, {1, OUT, IN, HEIGHT, WIDTH}}, {0, 3, 4, 2, 1}},
};
static const alc_parameter_spec dense = {.shape = {2, {OUT, IN}}, .layout = {{2, {OUT, IN}}, {1, 0}}};
static const alc_parameter_spec plain = {.shape = {2, {OUT, IN}}};

/* value(i) = i in PyTorch's order. */
static void store_numbers(const alc_parameter_spec *spec, alc_real *memory)
{
    alc_real logical[COUNT];
    for (int i = 0; i < COUNT; i++)
        logical[i] = (alc_real)i;
    alc_layout_store(spec, logical, memory);
}

START_TEST(convolution_weights_lie_by_kernel_place)
{
    alc_real memory[COUNT];
    store_numbers(&convolution, memory);
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < IN; i++)
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++) {
                    int logical = ((o * IN + i) * HEIGHT + y) * WIDTH + x, place = ((y * WIDTH + x) * IN + i) * OUT + o;
                    ck_assert(memory[place] == (alc_real)logical);
                    ck_assert_int_eq(alc_layout_position(&convolution, logical), place);
                }
}
END_TEST

START_TEST(dense_weights_lie_transposed)
{
    alc_real memory[COUNT];
    store_numbers(&dense, memory);
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < IN; i++) {
            ck_assert(memory[i * OUT + o] == (alc_real)(o * IN + i));
            ck_assert_int_eq(alc_layout_position(&dense, o * IN + i), i * OUT + o);
        }
}
END_TEST

START_TEST(without_a_layout_nothing_moves)
{
    alc_real memory[COUNT];
    store_numbers(&plain, memory);
    for (int i = 0; i < OUT * IN; i++) {
        ck_assert(memory[i] == (alc_real)i);
        ck_assert_int_eq(alc_layout_position(&plain, i), i);
    }
}
END_TEST

START_TEST(parts_make_the_whole)
{
    const alc_parameter_spec *const specs[] = {&convolution, &dense, &plain};
    for (int s = 0; s < 3; s++) {
        const int64_t count = alc_shape_elements(specs[s]->shape);
        for (int64_t length = 1; length <= count; length++) {
            alc_real memory[COUNT], parts[COUNT], logical[COUNT];
            store_numbers(specs[s], memory);
            alc_layout_load(specs[s], memory, logical);
            for (int64_t first = 0; first < count; first += length)
                alc_layout_store_part(specs[s], first, first + length < count ? length : count - first, logical + first,
                                      parts);
            ck_assert_mem_eq(parts, memory, (size_t)count * sizeof *memory);
        }
    }
}
END_TEST

START_TEST(loading_undoes_storing)
{
    const alc_parameter_spec *const specs[] = {&convolution, &dense, &plain};
    for (int s = 0; s < 3; s++) {
        alc_real memory[COUNT], logical[COUNT];
        store_numbers(specs[s], memory);
        alc_layout_load(specs[s], memory, logical);
        for (int64_t i = 0; i < alc_shape_elements(specs[s]->shape); i++)
            ck_assert(logical[i] == (alc_real)i);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("layout", convolution_weights_lie_by_kernel_place, dense_weights_lie_transposed,
                     without_a_layout_nothing_moves, parts_make_the_whole, loading_undoes_storing);
}
