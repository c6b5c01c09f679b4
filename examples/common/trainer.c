/* trainer.c - runs the steps of an experiment and turns failures into a sentence and an exit status. */
#include "common/trainer.h"

#include <stdio.h>

#include "common/exit_status.h"
#include "common/experiment.h"
#include "common/stop_signal.h"

int trainer_main(const trainer_kind *kind, int argc, char **argv)
{
    experiment e = {0};
    const int parsed = trainer_options_parse(kind, argc, argv, &e.options);
    if (parsed >= 0) {
        trainer_options_free(&e.options);
        return parsed;
    }
    stop_signal_install();
    alc_status (*const steps[])(experiment *) = {experiment_load_data, experiment_build, experiment_resume,
                                                 experiment_train, experiment_report,
                                                 experiment_close_cache};
    alc_status status = ALC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == ALC_OK; i++)
        status = steps[i](&e);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "%s%s: %s\n", e.progress.terminal ? "\n" : "", kind->name, experiment_message(&e));
    }
    experiment_free(&e);
    return exit_status(kind->name, status);
}
