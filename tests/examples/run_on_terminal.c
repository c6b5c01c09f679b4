/* run_on_terminal.c - runs a program on a pseudo-terminal and prints what it wrote there, for tests of what people see.
 *
 *     run_on_terminal COLUMNS TEXT PROGRAM [ARGUMENT]...
 *
 * Once the program has written TEXT, Ctrl-C is typed; "" types nothing. Ends with the program's exit status, or 128 and the
 * signal's number. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    perror(what);
    return 125;
}

/* In the child: a session of its own, whose terminal is the other end of `terminal`. */
static int start_program(int terminal, const struct winsize *size, char **arguments)
{
    const char *name = ptsname(terminal);
    const int end = name && setsid() >= 0 ? open(name, O_RDWR) : -1;
    if (end < 0 || ioctl(end, TIOCSWINSZ, size))
        return fail("run_on_terminal: terminal");
    close(terminal);
    for (int i = 0; i < 3; i++)
        if (dup2(end, i) < 0)
            return fail("run_on_terminal: dup2");
    if (end > 2)
        close(end);
    execv(arguments[0], arguments);
    return fail(arguments[0]);
}

/* Until the program's end is closed, which reads as an error. The latest output is kept to look for `text` in it. */
static void copy_output(int terminal, const char *text)
{
    char seen[8192] = "";
    size_t length = 0;
    bool typed = *text == '\0';
    ssize_t got;
    while ((got = read(terminal, seen + length, sizeof seen / 2 - 1)) > 0) {
        fwrite(seen + length, 1, (size_t)got, stdout);
        length += (size_t)got;
        seen[length] = '\0';
        if (!typed && strstr(seen, text))
            typed = write(terminal, "\003", 1) == 1;
        if (length >= sizeof seen / 2) {
            memmove(seen, seen + length - sizeof seen / 4, sizeof seen / 4);
            length = sizeof seen / 4;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return fail("run_on_terminal: COLUMNS TEXT PROGRAM are needed");
    const struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)atoi(argv[1])};
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
        return fail("run_on_terminal: posix_openpt");
    const pid_t child = fork();
    if (child < 0)
        return fail("run_on_terminal: fork");
    if (child == 0)
        _exit(start_program(terminal, &size, argv + 3));
    copy_output(terminal, argv[2]);
    int status;
    if (waitpid(child, &status, 0) < 0)
        return fail("run_on_terminal: waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
