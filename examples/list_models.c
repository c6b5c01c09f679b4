/* list_models.c - lists the image networks that the other programs know by name. */
#include <getopt.h>
#include <stdio.h>

#include "alcor/models.h"
#include "common/option_table.h"

static const option_table table = {
    .program = "list_models",
    .usage = "Usage: list_models\n"
             "Prints a line for each image network: its name, the side of the images it is usually fed, the smallest\n"
             "side, how many values are trained with 1000 classes, and the blocks where training may start\n"
             "(--train-from), from the first layer to the classifier.\n\n",
    .closing = "Exit status: 0, 1 if the list cannot be written, 2 for a wrong command line.\n"};

int main(int argc, char **argv)
{
    const alc_backbone *model;
    const int parsed = option_table_parse(&table, argc, argv, NULL);
    if (parsed >= 0)
        return parsed;
    printf("%-20s %6s %9s %12s  %s\n", "name", "size", "smallest", "values", "blocks");
    for (int i = 0; (model = alc_backbone_at(i)); i++) {
        printf("%-20s %6lld %9lld %12lld ", model->name, (long long)model->default_size, (long long)model->smallest_size,
               (long long)model->values);
        for (const char *const *block = model->blocks; *block; block++)
            printf(" %s", *block);
        printf("\n");
    }
    return exit_status("list_models", ALC_OK);
}
