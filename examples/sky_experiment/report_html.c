/* report_html.c - the page, section by section. Everything that it says is in the JSON; it needs no script and fetches nothing.
 */
#include "sky_experiment/report_html.h"

#include "common/output_file.h"
#include "sky_experiment/report_page.h"
#include "sky_experiment/report_style.h"

static void write_page(const page *p)
{
    void (*const sections[])(const page *) = {write_facts,
                                              write_fusion,
                                              write_models,
                                              write_pairs,
                                              write_division,
                                              write_data,
                                              write_classes_of_models,
                                              write_depth,
                                              write_curves,
                                              write_confusions,
                                              write_reliabilities,
                                              write_magnitudes,
                                              write_mistakes,
                                              write_cost,
                                              write_configuration};
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-width, "
          "initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Table, image and both</title>\n<style>",
          p->out);
    fputs(report_style, p->out);
    fputs("</style>\n</head>\n<body>\n<h1>Table, image and both: who tells the classes apart?</h1>\n", p->out);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        sections[i](p);
    fputs("</body>\n</html>\n", p->out);
}

bool report_html_write(const char *path, const json_t *report, const char *folder)
{
    output_file file;
    if (!output_file_open(&file, path))
        return false;
    const page p = {.out = file.stream,
                    .report = report,
                    .models = json_object_get(report, "models"),
                    .data = json_object_get(report, "data"),
                    .folder = folder};
    write_page(&p);
    return output_file_commit(&file);
}
