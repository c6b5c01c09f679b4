/* train_image.c - trains a classifier of images. */
#include "common/trainer.h"

int main(int argc, char **argv)
{
    static const trainer_kind kind = {.name = "train_image",
                                      .summary = "Trains a classifier of images and judges it on a test part.",
                                      .uses = USES_IMAGES,
                                      .epochs = 15,
                                      .batch = 32,
                                      .learning_rate = 0.002,
                                      .weight_decay = 0.05,
                                      .save_every = 1};
    return trainer_main(&kind, argc, argv);
}
