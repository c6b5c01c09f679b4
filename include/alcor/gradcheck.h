/* alcor/gradcheck.h - compares the gradients that a model computes with differences of its outputs.
 *
 * For a value w (of a parameter or an input) the derivative of the projected output
 * L = sum_i p_i y_i is compared with (L(w + eps) - L(w - eps)) / (2 eps). The p_i are random in
 * [-1, 1); a scalar output, such as a loss, is taken as it is. Differences of floats are coarse, so
 * the check is worth most in the double build (alcor_double), for which the default tolerances are
 * tight.
 */
#ifndef ALCOR_GRADCHECK_H
#define ALCOR_GRADCHECK_H

#include "alcor/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default. The defaults are for the double build / for the float build. */
typedef struct alc_gradcheck_options {
    alc_tensor *output;         /* what is differentiated; it need not be scalar */
    int64_t batch;              /* samples; 3 */
    double epsilon;             /* 1e-6 / 1e-3 */
    double relative_tolerance;  /* 1e-5 / 3e-2 */
    double absolute_tolerance;  /* 1e-7 / 2e-3 */
    int64_t values_per_tensor;  /* how many values of each tensor are checked, evenly spread; 24. All
                                   of a tensor that has no more */
    int64_t classes;            /* ALC_I32 inputs are drawn in [0, classes); 2 */
    uint64_t seed;              /* of inputs and projection */
    bool parameters_only;       /* leave out the gradients of inputs */
    /* Fills an input instead of the default, uniform in [-1, 1): `values` has `count` values of
     * alc_real or int32_t. NULL: the default for all. */
    void (*fill)(void *user, const alc_tensor *input, void *values, int64_t count);
    void *fill_user;
} alc_gradcheck_options;

typedef struct alc_gradcheck_result {
    int64_t checked;        /* values compared */
    int64_t failed;         /* of which |analytic - numeric| > absolute + relative max(|analytic|,
                               |numeric|) */
    /* The value that was furthest off in units of its tolerance: */
    double worst;           /* |analytic - numeric| / tolerance; at most 1 if none failed */
    double relative_error;  /* |analytic - numeric| / max(|analytic|, |numeric|) */
    double analytic, numeric;
    const char *name;       /* the parameter or input; belongs to the model */
    int64_t index;          /* within it, in PyTorch's order (an input: batch x shape) */
} alc_gradcheck_result;

/* Checks every trainable parameter that the output depends on, and every input of type ALC_REAL.
 * Parameters and state are the same afterwards. A gradient that is off is no failure of the call:
 * look at result->failed. Failures: those of alc_compile and of running the plan;
 * ALC_INVALID_ARGUMENT for values out of range; ALC_NOT_FINITE if an output is not finite. */
alc_status alc_gradcheck(alc_model *model, alc_gradcheck_options options,
                         alc_gradcheck_result *result);

#ifdef __cplusplus
}
#endif
#endif
