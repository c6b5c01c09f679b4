/* tests/support/small_model.h - a model of a few parameters with recognisable values, for tests of
 * saving and loading. Nothing is computed with it. */
#ifndef ALC_TESTS_SMALL_MODEL_H
#define ALC_TESTS_SMALL_MODEL_H

#include "alcor/optimizer.h"
#include "alcor/tensor.h"

/* conv.weight [3,2,3,3], bn.weight, bn.bias, bn.running_mean, bn.running_var [3], fc.weight
 * [units,3], fc.bias [units]; a Check failure if it cannot be built. */
alc_model *small_model(alc_context *context, int64_t units);
/* AdamW, or SGD without and with momentum, over all its trainable parameters. */
alc_optimizer *small_optimizer(alc_model *model, alc_optimizer_kind kind, double momentum);

/* Every value becomes a function of `number` and of its place; and whether it is so. */
void fill_parameters(alc_model *model, int64_t number);
bool parameters_are(const alc_model *model, int64_t number);
/* The same for an optimizer's tensors and its count of steps. */
void fill_optimizer(alc_optimizer *optimizer, int64_t number);
bool optimizer_is(alc_optimizer *optimizer, int64_t number);

#endif
