/* progress.c - the progress line. */
#include "common/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"

void progress_start(progress *p, const char *unit, const alc_training_state *state, int64_t batches)
{
    *p = (progress){.unit = unit,
                    .terminal = isatty(STDOUT_FILENO) == 1,
                    .started = seconds_now(),
                    .samples_done = -state->samples,
                    .first_batch = state->epoch * batches + state->batch};
}

double progress_seconds(const progress *p)
{
    return seconds_now() - p->started;
}

/* "1:05:09" or "2:40". */
static const char *clock_text(double seconds, char *text, size_t size)
{
    const long total = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (total >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
    else
        snprintf(text, size, "%ld:%02ld", total / 60, total % 60);
    return text;
}

/* A line that reached the edge would go on in the next one, and stay there when this one is rewritten. */
static int columns_of_terminal(void)
{
    struct winsize size;
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col - 1 : 79;
}

void progress_step(progress *p, const alc_fit_progress *now)
{
    const int64_t done = (now->epoch - 1) * now->batches + now->batch;
    const double time = seconds_now();
    if (!p->terminal || (time - p->last_shown < 0.1 && now->batch < now->batches))
        return;
    p->last_shown = time;
    const double elapsed = time - p->started;
    const int64_t all = now->epochs * now->batches;
    const double left = elapsed / (double)(done - p->first_batch) * (double)(all - done);
    char text[32], line[256];
    snprintf(line, sizeof line, "epoch %lld/%lld  batch %lld/%lld  loss %.4f  accuracy %.1f %%  %.0f %s/s  %s left",
             (long long)now->epoch, (long long)now->epochs, (long long)now->batch, (long long)now->batches, now->loss,
             100 * now->accuracy, (double)(p->samples_done + now->samples) / elapsed, p->unit,
             clock_text(left, text, sizeof text));
    printf("\r\033[K%.*s", columns_of_terminal(), line);
    fflush(stdout);
}

void progress_epoch(progress *p, const alc_fit_epoch *epoch, int64_t samples)
{
    p->samples_done += samples;
    const double elapsed = progress_seconds(p);
    printf("%sepoch %lld/%lld  loss %.4f  accuracy %.1f %%", p->terminal ? "\r\033[K" : "", (long long)epoch->epoch,
           (long long)epoch->epochs, epoch->loss, 100 * epoch->accuracy);
    if (epoch->validated)
        printf("  validation: loss %.4f  accuracy %.1f %%  balanced %.1f %%", epoch->validation_loss,
               100 * epoch->validation_accuracy, 100 * epoch->validation_balanced_accuracy);
    char text[32];
    printf("  %.0f %s/s  %s\n", (double)p->samples_done / elapsed, p->unit, clock_text(elapsed, text, sizeof text));
    fflush(stdout);
}
