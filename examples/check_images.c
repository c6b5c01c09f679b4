/* check_images.c - says of image files whether they can be read, and why not where they cannot.
 *
 * It reads files exactly as the trainers do, so what it accepts they accept. It changes no file.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "alcor/image.h"
#include "common/option_table.h"

static const option_table table = {
    .program = "check_images",
    .usage = "Usage: check_images FILE...\n"
             "Prints a line for each file: \"FILE: ok H W C\" with its height, width and channels (1 gray,\n"
             "2 gray and alpha, 3 colour, 4 colour and alpha, or inks), or \"FILE: why not\".\n\n",
    .closing = "Exit status: 0 if all files can be read, 1 if any cannot, 2 for a wrong command line.\n",
    .takes_files = true};

static bool check_file(alc_context *context, const char *path)
{
    alc_image image = {0};
    size_t length = strlen(path);
    const char *why;

    if (alc_image_read(context, path, (alc_image_limits){0}, &image) == ALC_OK) {
        printf("%s: ok %lld %lld %d\n", path, (long long)image.height, (long long)image.width,
               image.channels);
        alc_image_free(&image);
        return true;
    }
    why = alc_error_message(context);
    if (strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0)
        why += length + 2;
    printf("%s: %s\n", path, why);
    return false;
}

int main(int argc, char **argv)
{
    char message[256] = "";
    alc_context *context = NULL;
    bool all_good = true;
    const int parsed = option_table_parse(&table, argc, argv, NULL);
    if (parsed >= 0)
        return parsed;
    if (optind >= argc)
        return option_table_refuse(&table, "no file was named");
    if (alc_context_create((alc_context_options){.threads = 1, .message = message,
                                                 .message_size = sizeof message},
                           &context) != ALC_OK) {
        fprintf(stderr, "check_images: %s\n", message);
        return EXIT_BAD_INPUT;
    }
    for (int i = optind; i < argc; i++)
        all_good = check_file(context, argv[i]) && all_good;
    alc_context_destroy(context);
    return exit_status("check_images", all_good ? ALC_OK : ALC_BAD_FILE);
}
