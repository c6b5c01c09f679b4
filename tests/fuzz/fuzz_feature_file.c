/* tests/fuzz/fuzz_feature_file.c - libFuzzer target: arbitrary bytes as the file of a feature cache, or a good one with some bytes
 * changed, cut off or added. Whatever it is, a record that is found is one that was put there, and what is refused stays as it is. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "lib/data/feature_file.h"

enum { VALUES = 40, IMAGES = 8, MOST_BYTES = 8192 };

static const alc_feature_key key = {{1, 2}};
static char path[128];

static alc_feature_key image_of(int number)
{
    return (alc_feature_key){{(uint64_t)number, 5}};
}

static void fill(unsigned char *values, int number)
{
    memset(values, number + 1, VALUES);
}

static void write_bytes(const void *data, size_t size)
{
    FILE *stream = fopen(path, "wb");
    require(stream != NULL && fwrite(data, 1, size, stream) == size && fclose(stream) == 0);
}

static size_t read_bytes(unsigned char *data)
{
    FILE *stream = fopen(path, "rb");
    require(stream != NULL);
    const size_t size = fread(data, 1, MOST_BYTES, stream);
    require(fclose(stream) == 0);
    return size;
}

/* A good file of some records, with the bytes that `data` names changed: offset (2 bytes) and a change; then cut or continued. */
static void write_changed(alc_context *context, const uint8_t *data, size_t size)
{
    static unsigned char bytes[MOST_BYTES];
    alc_feature_file file;
    remove(path);
    require(alc_feature_file_open(&file, context, path, key, VALUES, 0) == ALC_OK);
    for (int i = 0; i < data[0] % IMAGES; i++) {
        fill(alc_feature_file_values(&file), i);
        require(alc_feature_file_add(&file, image_of(i), i) == ALC_OK);
    }
    require(alc_feature_file_close(&file) == ALC_OK);
    size_t length = read_bytes(bytes);
    for (size_t at = 2; at + 3 <= size; at += 3)
        bytes[((size_t)data[at] << 8 | data[at + 1]) % length] ^= data[at + 2];
    if (data[1] > 0)
        length = length + 128 - data[1] % 256 < MOST_BYTES ? length + 128 - (size_t)data[1] % 128 : length;
    write_bytes(bytes, data[1] % 2 == 0 ? length : length - (size_t)data[1] % length);
}

/* Every record that is found is right; the missing ones are added, and then all are there, now and after opening again. */
static void use_file(alc_context *context, uint64_t limit)
{
    unsigned char expected[VALUES];
    for (int round = 0; round < 2; round++) {
        alc_feature_file file;
        const alc_status status = alc_feature_file_open(&file, context, path, key, VALUES, limit);
        require(status == ALC_OK || status == ALC_BAD_FILE);
        if (status != ALC_OK) {
            require(alc_error_message(context)[0] != '\0' && round == 0);
            return;
        }
        for (int i = 0; i < IMAGES; i++) {
            fill(expected, i);
            const unsigned char *values = alc_feature_file_find(&file, image_of(i), i);
            require(values == NULL || memcmp(values, expected, VALUES) == 0);
            require(values != NULL || round == 0 || limit > 0);
            if (values == NULL) {
                fill(alc_feature_file_values(&file), i);
                require(alc_feature_file_add(&file, image_of(i), i) == ALC_OK);
            }
        }
        require(limit == 0 || alc_feature_file_bytes(&file) <= limit);
        require(alc_feature_file_close(&file) == ALC_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context;
    static unsigned char left[MOST_BYTES];
    if (context == NULL) {
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
        snprintf(path, sizeof path, "/tmp/alcor-fuzz-features-%ld", (long)getpid());
    }
    if (size < 3 || size > MOST_BYTES)
        return 0;
    if (data[0] % 2 == 0)
        write_bytes(data + 1, size - 1);
    else
        write_changed(context, data + 1, size - 1);
    const size_t before = read_bytes(left);
    use_file(context, data[0] % 3 == 0 ? 512 : 0);
    /* What is no cache is not touched. */
    unsigned char now[MOST_BYTES];
    if (before >= 8 && memcmp(left, "alcfeat1", 8) != 0)
        require(read_bytes(now) == before && memcmp(left, now, before) == 0);
    remove(path);
    return 0;
}
