/* train_table.c - trains a classifier of catalogue rows. */
#include "common/trainer.h"

int main(int argc, char **argv)
{
    static const trainer_kind kind = {.name = "train_table",
                                      .summary = "Trains a classifier of a catalogue's rows and judges it on a test part.",
                                      .uses = USES_TABLE,
                                      .epochs = 300,
                                      .batch = 64,
                                      .learning_rate = 0.005,
                                      .weight_decay = 0.01,
                                      .dropout = 0.1,
                                      .save_every = 20};
    return trainer_main(&kind, argc, argv);
}
