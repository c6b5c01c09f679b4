/* tests/data/file_bytes.h - image files written down byte by byte, for the tests of what is checked in them.
 *
 * A recipe is hexadecimal bytes with spaces anywhere between them; *N repeats the byte before it, or the bytes in
 * parentheses: "FF C4 00*16 (00 01)*64".
 */
#ifndef ALC_TESTS_FILE_BYTES_H
#define ALC_TESTS_FILE_BYTES_H

#include <ctype.h>

#include "data/data_test.h"

typedef struct file_bytes {
    uint8_t data[16384];
    size_t size;
} file_bytes;

static inline void put_byte(file_bytes *file, uint8_t byte)
{
    ck_assert_uint_lt(file->size, sizeof file->data);
    file->data[file->size++] = byte;
}

static inline void put_bytes(file_bytes *file, const char *recipe)
{
    size_t group = 0; /* where what a '*' repeats begins */
    bool grouped = false;

    while (*recipe != '\0') {
        if (*recipe == '*') {
            size_t length = file->size - group;
            for (long times = strtol(recipe + 1, (char **)(uintptr_t)&recipe, 10); times > 1; times--)
                for (size_t i = 0; i < length; i++)
                    put_byte(file, file->data[file->size - length]);
        } else if (isxdigit((unsigned char)recipe[0]) && isxdigit((unsigned char)recipe[1])) {
            group = grouped ? group : file->size;
            put_byte(file, (uint8_t)strtol((const char[]){recipe[0], recipe[1], 0}, NULL, 16));
            recipe += 2;
        } else {
            ck_assert_msg(strchr(" ()", *recipe) != NULL, "a recipe goes on with \"%s\"", recipe);
            grouped = *recipe == '(' || (grouped && *recipe != ')');
            group = *recipe == '(' ? file->size : group;
            recipe++;
        }
    }
}

#endif
