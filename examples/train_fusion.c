/* train_fusion.c - trains a classifier of images joined with their catalogue rows. */
#include "common/trainer.h"

int main(int argc, char **argv)
{
    static const trainer_kind kind = {.name = "train_fusion",
                                      .summary = "Trains a classifier of images joined with catalogue rows and judges it "
                                                 "on a test part.",
                                      .uses = USES_TABLE | USES_IMAGES,
                                      .epochs = 15,
                                      .batch = 32,
                                      .learning_rate = 0.002,
                                      .weight_decay = 0.05,
                                      .save_every = 1};
    return trainer_main(&kind, argc, argv);
}
