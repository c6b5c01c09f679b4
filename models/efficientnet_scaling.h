/* efficientnet_scaling.h - what EfficientNet and its Lite form share: the stages of size 0, and how other sizes are made. */
#ifndef ALCOR_MODELS_EFFICIENTNET_SCALING_H
#define ALCOR_MODELS_EFFICIENTNET_SCALING_H

#include <stdint.h>

typedef struct efficientnet_stage {
    int64_t expansion, kernel, stride, filters;
    int blocks;
} efficientnet_stage;

#define EFFICIENTNET_STAGES 7
#define EFFICIENTNET_STEM 32
/* Of the last block; earlier ones in proportion to their place. */
#define EFFICIENTNET_DROP_CONNECT 0.2

static const efficientnet_stage efficientnet_stages[EFFICIENTNET_STAGES] = {
    {1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
    {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};

/* To a multiple of 8, but never below nine tenths. */
static inline int64_t efficientnet_width(double factor, int64_t filters)
{
    const double wanted = factor * (double)filters;
    const int64_t rounded = (int64_t)(wanted + 4) / 8 * 8;
    const int64_t least = rounded > 8 ? rounded : 8;
    return (double)least < 0.9 * wanted ? least + 8 : least;
}

/* Rounded up. */
static inline int efficientnet_depth(double factor, int blocks)
{
    const double wanted = factor * blocks;
    return (int)wanted + ((double)(int)wanted < wanted);
}

#endif
