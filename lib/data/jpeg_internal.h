/* lib/data/jpeg_internal.h - the parts of a JPEG file as its checker sees them (ITU-T T.81).
 *
 * jpeg_structure.c walks the segments, jpeg_tables.c reads Huffman and quantisation tables, jpeg_scan.c decodes the
 * entropy-coded data of a scan far enough to know that a decoder will find every block, and jpeg_rewrite.c puts the
 * clean stream together. None of them computes a pixel.
 */
#ifndef ALC_LIB_DATA_JPEG_INTERNAL_H
#define ALC_LIB_DATA_JPEG_INTERNAL_H

#include "lib/data/image_internal.h"

/* A code of up to 8 bits is looked up; a longer one is found by comparing with the last code of each length. */
#define ALC_JPEG_LOOKUP_BITS 8

typedef struct alc_jpeg_huffman {
    bool defined;
    uint8_t symbols[256];
    uint8_t lookup_bits[1 << ALC_JPEG_LOOKUP_BITS];   /* 0: longer, or no code */
    uint8_t lookup_symbol[1 << ALC_JPEG_LOOKUP_BITS];
    int32_t first_code[17], first_symbol[17], code_count[17]; /* by length */
} alc_jpeg_huffman;

typedef struct alc_jpeg_component {
    uint8_t id, horizontal, vertical, quantisation; /* sampling factors; number of the table */
    int64_t block_columns, block_rows;   /* that hold pixels */
    int64_t padded_columns, padded_rows; /* of an interleaved scan */
    bool scanned;                        /* sequential: its one scan was seen */
    int8_t bit[64];     /* progressive: the lowest bit known of each coefficient; 14: nothing yet */
    uint64_t *nonzero;  /* progressive: [padded blocks] which coefficients are not zero */
    uint32_t *sum;      /* progressive: [padded blocks] sum of |coefficient * quantisation| */
    int32_t prediction; /* of the next DC coefficient */
} alc_jpeg_component;

#define ALC_JPEG_BIT_UNKNOWN 14

typedef struct alc_jpeg_scan {
    int count;
    int component[4];       /* index in the frame */
    int dc_table[4], ac_table[4];
    int first, last;        /* spectral selection */
    int high, low;          /* successive approximation */
} alc_jpeg_scan;

typedef struct alc_jpeg {
    alc_image_source *source;
    const alc_image_limits *limits;
    const uint8_t *data;
    size_t bytes, at;

    bool has_frame, has_scan, progressive;
    int64_t mcu_columns, mcu_rows;
    int component_count, horizontal_most, vertical_most;
    alc_jpeg_component component[4];
    alc_jpeg_huffman dc[4], ac[4];
    bool quantisation_defined[4];
    uint16_t quantisation[4][64];  /* in zigzag order */
    int64_t restart_interval;      /* 0: none */
    bool jfif, adobe;
    int adobe_transform;

    uint8_t *out;                  /* the clean stream so far; it is never longer than bytes + ALC_JPEG_ADDED */
    size_t out_bytes;
} alc_jpeg;

/* What jpeg_rewrite.c may add: an Adobe segment and up to four tables repeated. */
#define ALC_JPEG_ADDED 1024

/* Fails with "NAME: byte AT: sentence". */
alc_status alc_jpeg_fail(const alc_jpeg *jpeg, alc_status status, size_t at, const char *format, ...)
    ALC_PRINTF(4, 5);

/* The segment's contents are data[at .. end). */
alc_status alc_jpeg_read_huffman(alc_jpeg *jpeg, size_t at, size_t end);
alc_status alc_jpeg_read_quantisation(alc_jpeg *jpeg, size_t at, size_t end);

/* Checks the entropy-coded data at jpeg->at, copies what belongs to the picture to the clean stream and moves on to the
 * marker after it. */
alc_status alc_jpeg_check_scan(alc_jpeg *jpeg, const alc_jpeg_scan *scan);

/* Appends to the clean stream. */
void alc_jpeg_write(alc_jpeg *jpeg, const void *data, size_t bytes);
void alc_jpeg_write_segment(alc_jpeg *jpeg, int marker, const void *data, size_t bytes);
/* Everything before the first scan: colour, quantisation tables and the frame. */
void alc_jpeg_write_frame(alc_jpeg *jpeg);
void alc_jpeg_write_scan_header(alc_jpeg *jpeg, const alc_jpeg_scan *scan);

#endif
