/* predict.c - class probabilities of all samples of a loader, averaged over exact views of their images. */
#include <math.h>

#include "alcor/fit.h"
#include "lib/base/base.h"
#include "lib/compile/plan.h"

/* What would come of probabilities that are none is named here, where the layers are at hand. */
static alc_status check_finite(alc_plan *plan, const alc_real *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            continue;
        const char *node = "";
        const alc_status status = alc_plan_find_not_finite(plan, &node);
        return status ? status
                      : alc_fail(plan->context, ALC_NOT_FINITE,
                                 "a probability is not a number; the first layer whose output is not finite is %s", node);
    }
    return ALC_OK;
}

/* One pass over the loader in one view: adds to the rows of `probabilities`. */
static alc_status add_view(const alc_predict_options *o, int view, int64_t classes, alc_real *probabilities,
                           int64_t *indices)
{
    alc_status status = alc_loader_set_view(o->loader, view);
    int64_t row = 0;
    alc_loader_start_epoch(o->loader, 0);
    while (status == ALC_OK) {
        if (o->stop && o->stop(o->stop_user))
            return alc_fail(o->plan->context, ALC_INTERRUPTED, "prediction was asked to stop");
        status = alc_loader_next(o->loader, o->plan);
        if (status == ALC_OK)
            status = alc_forward(o->plan);
        if (status)
            break;
        const int64_t rows = alc_loader_rows(o->loader);
        const alc_real *values = alc_plan_values(o->plan, o->probabilities);
        status = check_finite(o->plan, values, rows * classes);
        if (status)
            break;
        alc_real *sums = probabilities + row * classes;
        for (int64_t i = 0; i < rows * classes; i++)
            sums[i] = view == 0 ? values[i] : sums[i] + values[i];
        for (int64_t i = 0; indices && i < rows; i++)
            indices[row + i] = alc_loader_indices(o->loader)[i];
        row += rows;
    }
    return status == ALC_END ? ALC_OK : status;
}

alc_status alc_predict(alc_predict_options options, alc_real *probabilities, int64_t *indices)
{
    alc_context *context = options.plan->context;
    if (options.views == 0)
        options.views = 1;
    if (options.views < 1 || options.views > ALC_VIEW_COUNT)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "prediction: %d views, expected 1 to %d", options.views,
                        ALC_VIEW_COUNT);
    if (!alc_plan_values(options.plan, options.probabilities))
        return alc_fail(context, ALC_INVALID_ARGUMENT, "prediction: the plan does not compute %s",
                        alc_tensor_name(options.probabilities));
    const int64_t classes = alc_shape_elements(alc_tensor_shape(options.probabilities));
    alc_status status = ALC_OK;
    for (int view = 0; view < options.views && status == ALC_OK; view++)
        status = add_view(&options, view, classes, probabilities, indices);
    const alc_status reset = alc_loader_set_view(options.loader, 0);
    alc_loader_start_epoch(options.loader, 0);
    if (status || reset)
        return status ? status : reset;
    const int64_t values = alc_loader_samples(options.loader) * classes;
    for (int64_t i = 0; options.views > 1 && i < values; i++)
        probabilities[i] /= (alc_real)options.views;
    return ALC_OK;
}
