/* kernels/f32/left.c - see left.h. Nothing here adds to sums; only gates, norms and depthwise convolutions make values, and only bf16 rounds:
 * it can decide speed, never bits. */
#include "kernels/f32/left.h"
#include "kernels/f32/depthwise.h"
#include "kernels/f32/reading.h"

/* Below this many channels a piece is not worth its pointers. */
#define CHANNELS_LEAST 16
/* Pixels this many bytes apart (or a multiple) fall into one set of a first cache. */
#define ALIASED_BYTES 4096
/* Rows of a transposed matrix copied together: as many as a cache set has ways. */
#define K_TOGETHER 8

left_kind ALCK_NAME(left_choose)(const product *p)
{
    const int64_t pixel_bytes = p->input_stride * p->step_x * (int64_t)sizeof(alck_real);
    if (p->transposed)
        return LEFT_BY_K;
    if (reading_changes(&p->reading) || p->reading.depthwise != NULL)
        return LEFT_COPIED;
    if (product_left_operands(p) != ALCK_REALS || p->stretch_taps > 1)
        return LEFT_COPIED;
    if (ALCK_NAME(grid_joins_taps)(p))
        return LEFT_TAP_ROWS;
    if (p->taps_y * p->taps_x > 1 && p->channels < CHANNELS_LEAST)
        return LEFT_COPIED;
    if (pixel_bytes % ALIASED_BYTES == 0 && p->columns > TILE_COLUMNS)
        return LEFT_COPIED;
    return LEFT_TAPS;
}

const char *ALCK_NAME(left_name)(const product *p)
{
    if (p->operands != ALCK_REALS)
        return "bf16 pairs";
    switch (ALCK_NAME(left_choose)(p)) {
    case LEFT_TAPS:
        return "indirect";
    case LEFT_TAP_ROWS:
        return "indirect, rows of taps";
    case LEFT_COPIED:
        return p->reading.depthwise != NULL ? "depthwise, 1x1"
               : p->reading.normalises      ? "normalised"
               : p->reading.gate_stride > 0 ? "gated"
                                            : "packed";
    default:
        return "transposed";
    }
}

static int64_t stretches_per_block(const product *p)
{
    const int64_t terms = product_stretch_terms(p);
    return terms > 0 && terms <= K_BLOCK ? K_BLOCK / terms : 1;
}

int64_t ALCK_NAME(left_blocks)(const product *p)
{
    const int64_t stretches = product_stretches(p), terms = product_stretch_terms(p);
    int64_t blocks = ceil_divide(stretches, stretches_per_block(p));
    if (terms == 0)
        blocks = 0;
    else if (terms > K_BLOCK)
        blocks = stretches * ceil_divide(terms, K_BLOCK);
    return larger(blocks, 1);
}

/* Pieces that a block of k can have. */
static int64_t pieces_most(const product *p, left_kind kind)
{
    const int64_t stretches = product_stretches(p), together = stretches_per_block(p);
    int64_t most = smaller(together, stretches);
    if (kind == LEFT_TAP_ROWS)
        most = most / p->taps_x + 2;
    if (kind == LEFT_COPIED)
        most = 2;
    return larger(most, 1);
}

/* Values of a row that lie beside the copies on their way to pairs. */
static int64_t formed_row(const product *p)
{
    return p->reading.depthwise != NULL && p->operands != ALCK_REALS ? COPIED_ROW : 0;
}

static size_t align(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t ALCK_NAME(left_scratch_bytes)(const product *p)
{
    const left_kind kind = ALCK_NAME(left_choose)(p);
    const size_t pieces = (size_t)pieces_most(p, kind);
    const size_t pointers = kind == LEFT_BY_K ? 0 : pieces * ROWS_MOST;
    size_t copied = 0;
    if (kind == LEFT_TAP_ROWS)
        copied = pieces * ROWS_MOST * TAP_ROW_MOST;
    else if (kind == LEFT_COPIED)
        copied = (size_t)ROWS_MOST * (size_t)(COPIED_ROW + formed_row(p) + (p->stretch_taps > 1 ? TAP_ROW_MOST : 0));
    else if (kind == LEFT_BY_K)
        copied = (size_t)(ROWS_MOST / TILE_ROWS) * COPIED_TILE;
    return align(ROWS_MOST * sizeof(grid_run)) + align(ROWS_MOST * sizeof(int64_t))
           + align(pointers * sizeof(alck_real *)) + align(pieces * sizeof(int64_t))
           + align(copied * sizeof(alck_real));
}

/* The output pixels of the block's rows. */
static void find_pixels(const product *p, left_block *left)
{
    int64_t *pixels = left->pixels;
    for (const grid_run *run = left->run; run < left->run + left->runs; run++) {
        const int64_t y = run->y * p->spread_y + p->place_y, x = run->x * p->spread_x + p->place_x;
        const int64_t first = (run->image * p->output_height + y) * p->output_width + x;
        for (int64_t i = 0; i < run->count; i++)
            pixels[i] = first + i * p->spread_x;
        pixels += run->count;
    }
}

void ALCK_NAME(left_begin)(const product *p, int64_t first_row, int64_t rows, void *scratch, left_block *left)
{
    const left_kind kind = ALCK_NAME(left_choose)(p);
    const size_t pieces = (size_t)pieces_most(p, kind);
    const size_t pointers = kind == LEFT_BY_K ? 0 : pieces * ROWS_MOST;
    char *memory = scratch;
    left->first_row = first_row;
    left->rows = rows;
    left->run = (grid_run *)(void *)memory;
    memory += align(ROWS_MOST * sizeof(grid_run));
    left->pixels = (int64_t *)(void *)memory;
    memory += align(ROWS_MOST * sizeof(int64_t));
    left->pointers = (const alck_real **)(void *)memory;
    memory += align(pointers * sizeof(alck_real *));
    left->lengths = (int64_t *)(void *)memory;
    memory += align(pieces * sizeof(int64_t));
    left->copies = (alck_real *)(void *)memory;
    left->runs = ALCK_NAME(grid_find_runs)(p, first_row, rows, left->run);
    find_pixels(p, left);
}

/* Taps [first, first + count) as rows of taps: each row's terms lie side by side in the image. */
static void find_tap_rows(const product *p, int64_t group, int64_t first, int64_t count, left_block *left)
{
    left->pieces = 0;
    while (count > 0) {
        k_piece piece = {.tap_y = first / p->taps_x, .tap_x = first % p->taps_x};
        piece.taps = smaller(p->taps_x - piece.tap_x, count);
        ALCK_NAME(grid_point)(p, left->run, left->runs, group, &piece, left->pointers + left->pieces * ROWS_MOST,
              left->copies + left->pieces * ROWS_MOST * TAP_ROW_MOST);
        left->lengths[left->pieces++] = piece.taps * p->channels;
        first += piece.taps;
        count -= piece.taps;
    }
}

static void copy_row(alck_real *to, const alck_real *from, int64_t count)
{
    int64_t i = 0;
    for (; i + VF_LANES <= count; i += VF_LANES)
        vf_store(to + i, vf_load(from + i));
    if (i < count)
        vf_store_n(to + i, vf_load_n(from + i, count - i), count - i);
}

/* Values of a row of an image, from `channel` on, as a gate or a norm changes them. */
static void copy_changed(const product *p, int64_t image, int64_t channel, int64_t count, const alck_real *from, alck_real *to)
{
    alck_real values[2 * K_BLOCK];
    const int64_t per_real = p->paired ? 2 : 1;
    const bool pairs = p->operands != ALCK_REALS;
    ALCK_NAME(read_values)(p->operands, &p->reading, image, channel * per_real, count * per_real, from, pairs ? values : to);
    if (pairs)
        ALCK_NAME(pair_values)(p->operands, count * per_real, values, to);
}

/* Rows of a piece, of `count` values, to `to`, COPIED_ROW values apart. */
static void copy_piece(const product *p, int64_t group, const k_piece *piece, int64_t count, const alck_real *const *from,
                       const left_block *left, alck_real *to)
{
    const bool changes = reading_changes(&p->reading), pairs = product_left_operands(p) != ALCK_REALS;
    const int64_t channel = group * p->channels + piece->channel;
    for (const grid_run *run = left->run; run < left->run + left->runs; run++)
        for (int64_t i = 0; i < run->count; i++, from++, to += COPIED_ROW) {
            if (changes)
                copy_changed(p, run->image, channel, count, *from, to);
            else if (pairs)
                ALCK_NAME(pair_values)(p->operands, count, *from, to);
            else
                copy_row(to, *from, count);
        }
}

/* Where a block of k lies: terms [term, term + length) of stretches [first, first + count); more than one are whole. */
typedef struct k_block {
    int64_t first, count, term, length;
} k_block;

/* The copied rows are the only piece. */
static void point_at_copies(left_block *left)
{
    for (int64_t r = 0; r < left->rows; r++)
        left->pointers[r] = left->copies + r * COPIED_ROW;
    left->pieces = 1;
    left->lengths[0] = left->length;
}

/* A block's values of a depthwise convolution; what becomes pairs K_BLOCK channels at a time. */
static void form_depthwise(const product *p, const k_block *block, left_block *left)
{
    const bool pairs = p->operands != ALCK_REALS;
    const int64_t per_term = values_per_term(p->operands), first = block->term * per_term;
    const int64_t end = smaller(first + block->length * per_term, p->channels);
    alck_real *to = left->copies, *formed = pairs ? left->copies + ROWS_MOST * COPIED_ROW : to;
    for (int64_t channel = first; channel < end; channel += K_BLOCK, to += K_BLOCK / per_term) {
        const int64_t count = smaller(K_BLOCK, end - channel);
        ALCK_NAME(depthwise_form)(p->reading.depthwise, p->input, left->run, left->runs, channel, count, formed, COPIED_ROW);
        for (int64_t r = 0; r < left->rows && pairs; r++)
            ALCK_NAME(pair_values)(p->operands, count, formed + r * COPIED_ROW, to + r * COPIED_ROW);
    }
    point_at_copies(left);
}

/* A block's stretches side by side in the copied rows. */
static void copy_stretches(const product *p, int64_t group, const k_block *block, left_block *left)
{
    const alck_real **from = left->pointers + ROWS_MOST;
    alck_real *edges = left->copies + ROWS_MOST * COPIED_ROW;
    const int64_t per_term = values_per_term(product_left_operands(p)), per_row = p->taps_x / p->stretch_taps;
    k_piece piece = {.taps = p->stretch_taps, .channel = block->term * per_term};
    const int64_t after = p->stretch_taps * p->channels - piece.channel, most = block->length * per_term;
    for (int64_t i = 0; i < block->count; i++) {
        piece.tap_y = (block->first + i) / per_row;
        piece.tap_x = (block->first + i) % per_row;
        ALCK_NAME(grid_point)(p, left->run, left->runs, group, &piece, from, edges);
        copy_piece(p, group, &piece, smaller(most, after), from, left, left->copies + i * block->length);
    }
    point_at_copies(left);
}

/* Terms [first, first + length), which are pairs of rows of k, in the same tiles as find_by_k. */
static void pair_by_k(const product *p, int64_t first, int64_t length, left_block *left)
{
    const int64_t count = left->rows, tiles = ceil_divide(count, TILE_ROWS);
    for (int64_t k = 0; k < length; k++) {
        const int64_t row = 2 * (first + k);
        const alck_real *even = p->input + row * p->input_stride + left->first_row;
        const alck_real *odd = row + 1 < p->channels ? even + p->input_stride : NULL;
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t at = part_start(count, tiles, tile), rows = part_start(count, tiles, tile + 1) - at;
            ALCK_NAME(pair_rows)(p->operands, rows, even + at, odd ? odd + at : NULL,
                                 left->copies + tile * COPIED_TILE + k * TILE_ROWS);
        }
    }
}

/* Rows of k [first, first + length), tile by tile as multiply_panel cuts them; a few k together, since they may lie a
 * power of two apart. */
static void find_by_k(const product *p, int64_t first, int64_t length, left_block *left)
{
    const alck_real *source = p->input + first * p->input_stride + left->first_row;
    const int64_t tiles = ceil_divide(left->rows, TILE_ROWS), after = p->grid_width - left->first_row;
    int64_t row[ROWS_MOST / TILE_ROWS];
    for (int64_t tile = 0; tile < tiles; tile++)
        row[tile] = part_start(left->rows, tiles, tile);
    for (int64_t k = 0, end; k < length; k = end) {
        end = smaller(k + K_TOGETHER, length);
        for (int64_t tile = 0; tile < tiles; tile++) {
            alck_real *to = left->copies + tile * COPIED_TILE;
            const alck_real *from = source + row[tile];
            if (after - row[tile] >= TILE_ROWS)
                for (int64_t i = k; i < end; i++)
                    memcpy(to + i * TILE_ROWS, from + i * p->input_stride, TILE_ROWS * sizeof *to);
            else
                for (int64_t i = k; i < end; i++)
                    memcpy(to + i * TILE_ROWS, from + i * p->input_stride, (size_t)(after - row[tile]) * sizeof *to);
        }
    }
}

int64_t ALCK_NAME(left_next)(const product *p)
{
    if (ALCK_NAME(left_choose)(p) == LEFT_COPIED)
        return TILE_ROWS * COPIED_ROW;
    /* short rows are multiplied faster than memory answers: a block of k ahead in any case */
    const int64_t terms = p->taps_y * p->taps_x * p->channels;
    const int64_t tiles = terms > 0 && terms < K_BLOCK ? K_BLOCK / terms : 1;
    return tiles * TILE_ROWS * p->step_x * p->input_stride;
}

static k_block find_block(const product *p, int64_t block)
{
    const int64_t stretches = product_stretches(p), terms = product_stretch_terms(p), together = stretches_per_block(p);
    if (terms == 0 || stretches == 0)
        return (k_block){.count = 0};
    if (terms > K_BLOCK) {
        const int64_t cuts = ceil_divide(terms, K_BLOCK), term = block % cuts * K_BLOCK;
        return (k_block){block / cuts, 1, term, smaller(terms - term, K_BLOCK)};
    }
    const int64_t first = block * together;
    return (k_block){first, smaller(stretches - first, together), 0, terms};
}

/* A block's taps where they lie. */
static void find_taps(const product *p, int64_t group, const k_block *block, left_block *left)
{
    for (int64_t tap = block->first; tap < block->first + block->count; tap++) {
        const k_piece piece = {.tap_y = tap / p->taps_x, .tap_x = tap % p->taps_x, .taps = 1, .channel = block->term};
        ALCK_NAME(grid_point)(p, left->run, left->runs, group, &piece, left->pointers + left->pieces * ROWS_MOST, NULL);
        left->lengths[left->pieces++] = block->length;
    }
}

int64_t ALCK_NAME(left_find)(const product *p, int64_t group, int64_t block, left_block *left)
{
    const left_kind kind = ALCK_NAME(left_choose)(p);
    const k_block at = find_block(p, block);
    left->pieces = 0;
    left->length = at.count * at.length;
    if (left->length == 0)
        return 0;
    if (kind == LEFT_BY_K && p->operands != ALCK_REALS)
        pair_by_k(p, at.term, at.length, left);
    else if (kind == LEFT_BY_K)
        find_by_k(p, at.term, at.length, left);
    else if (kind == LEFT_TAP_ROWS)
        find_tap_rows(p, group, at.first, at.count, left);
    else if (p->reading.depthwise != NULL)
        form_depthwise(p, &at, left);
    else if (kind == LEFT_COPIED)
        copy_stretches(p, group, &at, left);
    else
        find_taps(p, group, &at, left);
    return at.first * product_stretch_terms(p) + at.term;
}
