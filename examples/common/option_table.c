/* option_table.c - getopt_long behind a table. */
#include "common/option_table.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/parse_number.h"

#define MOST_LINES 64
/* Options are told apart by values above every letter, so that a short form that fits several is refused. */
#define FIRST_VALUE 256

int option_table_refuse(const option_table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", table->program);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; --help lists the options\n");
    va_end(arguments);
    return EXIT_BAD_COMMAND_LINE;
}

static bool set_option(void *target, const option_line *line, const char *text)
{
    void *member = (char *)target + line->offset;
    switch (line->form) {
    case OPTION_TEXT:
        *(const char **)member = text;
        return *text != '\0';
    case OPTION_FLAG:
        *(bool *)member = true;
        return true;
    case OPTION_INTEGER:
        return parse_integer(text, (int64_t)line->low, (int64_t)line->high, member);
    case OPTION_UNSIGNED:
        return parse_unsigned(text, member);
    case OPTION_REAL:
        return parse_real(text, line->low, line->high, member);
    case OPTION_CHOICE:
        *(int *)member = parse_choice(text, line->names);
        return *(int *)member >= 0;
    case OPTION_OTHER:
    default:
        return line->set(target, text);
    }
}

/* "a or b or c" */
static void list_names(const option_line *line, char *text, size_t size)
{
    const char *name;
    size_t length = 0;
    for (int i = 0; (name = line->names ? line->names[i] : line->name_at(i)) && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? " or " : "", name);
}

static void describe_expected(const option_line *line, char *expected, size_t size)
{
    if (line->form == OPTION_INTEGER)
        snprintf(expected, size, "a whole number from %.0f to %.0f", line->low, line->high);
    else if (line->form == OPTION_UNSIGNED)
        snprintf(expected, size, "a whole number from 0 to %llu", (unsigned long long)UINT64_MAX);
    else if (line->form == OPTION_REAL)
        snprintf(expected, size, "a number from %g to %g", line->low, line->high);
    else if (line->form == OPTION_TEXT)
        snprintf(expected, size, "%s", line->argument);
    else if (line->expected)
        snprintf(expected, size, "%s", line->expected);
    else
        list_names(line, expected, size);
}

static int refuse_argument(const option_table *table, const option_line *line, const char *text)
{
    char expected[640] = "";
    describe_expected(line, expected, sizeof expected);
    return option_table_refuse(table, "--%s %s: expected %s", line->name, text, expected);
}

const option_line *option_table_find(const option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->lines[i].name, name) == 0)
            return &table->lines[i];
    return NULL;
}

bool option_table_assign(const option_line *line, void *target, const char *text, char *expected, size_t size)
{
    if (set_option(target, line, text))
        return true;
    describe_expected(line, expected, size);
    return false;
}

static void print_default(const option_line *line, const void *target)
{
    const void *member = (const char *)target + line->offset;
    if (line->form == OPTION_INTEGER)
        printf(" [%lld]", (long long)*(const int64_t *)member);
    else
        printf(" [%g]", *(const double *)member);
}

static void print_help(const option_table *table, const option_line *const *chosen, int count, const void *target)
{
    fputs(table->usage, stdout);
    for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s%s%s", chosen[i]->name, chosen[i]->argument ? " " : "",
                 chosen[i]->argument ? chosen[i]->argument : "");
        printf("  %-22s %s", name, chosen[i]->help);
        if (chosen[i]->show_default)
            print_default(chosen[i], target);
        printf("\n");
    }
    printf("  %-22s print this and exit\n\n%s", "--help", table->closing);
}

/* What getopt_long takes, and the line each stands for; --help comes behind the last, and its place is returned. */
static int list_long_options(const option_table *table, struct option *list, const option_line **chosen)
{
    int count = 0;
    for (size_t i = 0; i < table->count && count < MOST_LINES; i++) {
        const option_line *line = &table->lines[i];
        if (line->kinds && !(line->kinds & table->kind))
            continue;
        list[count] = (struct option){line->name, line->argument ? required_argument : no_argument, NULL,
                                      FIRST_VALUE + count};
        chosen[count++] = line;
    }
    list[count] = (struct option){"help", no_argument, NULL, FIRST_VALUE + count};
    list[count + 1] = (struct option){NULL, 0, NULL, 0};
    return count;
}

/* A letter behind a single dash stands in optopt; getopt_long may not have gone on to the next argument then. */
static int refuse_option(const option_table *table, int found, char *const *argv)
{
    if (found == ':')
        return option_table_refuse(table, "%s needs an argument", argv[optind - 1]);
    if (optopt >= FIRST_VALUE)
        return option_table_refuse(table, "%s: this option takes no argument", argv[optind - 1]);
    if (optopt)
        return option_table_refuse(table, "-%c is no option that it has", optopt);
    return option_table_refuse(table, "%s is no option that it has, or short for several", argv[optind - 1]);
}

/* Where the shell closed a standard stream (>&-), the next file to be opened would get its number, and what is printed would be
 * written into that file. What takes the number instead cannot be written to, or read, so that a loss is noticed. */
static void occupy_standard_streams(void)
{
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", i == STDIN_FILENO ? O_WRONLY : O_RDONLY) != i)
            return;
}

int option_table_parse(const option_table *table, int argc, char **argv, void *target)
{
    occupy_standard_streams();
    struct option list[MOST_LINES + 2];
    const option_line *chosen[MOST_LINES];
    const int help = list_long_options(table, list, chosen);
    int found;
    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        const int index = found - FIRST_VALUE;
        if (index < 0)
            return refuse_option(table, found, argv);
        if (index == help) {
            print_help(table, chosen, help, target);
            return exit_status(table->program, ALC_OK);
        }
        if (!set_option(target, chosen[index], optarg))
            return refuse_argument(table, chosen[index], optarg);
    }
    if (optind < argc && !table->takes_files)
        return option_table_refuse(table, "'%s' is no option", argv[optind]);
    return -1;
}
