/* json_value.c - prints one value of a JSON file, for tests that are shell scripts.
 *
 *     json_value FILE [MEMBER | INDEX]...
 *
 * A text is printed as it is, everything else as JSON, members sorted. Exit status 1: the file is no JSON, or there is no
 * such value. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *root = argc > 1 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error) : NULL;
    const json_t *value = root;
    if (!root) {
        fprintf(stderr, "json_value: %s\n", argc > 1 ? error.text : "no file was named");
        return EXIT_FAILURE;
    }
    for (int i = 2; i < argc; i++)
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(argv[i])) : json_object_get(value, argv[i]);
    if (!value)
        fprintf(stderr, "json_value: %s: there is no such value\n", argv[1]);
    else if (json_is_string(value))
        printf("%s\n", json_string_value(value));
    else if (json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0)
        printf("\n");
    json_decref(root);
    return value ? EXIT_SUCCESS : EXIT_FAILURE;
}
