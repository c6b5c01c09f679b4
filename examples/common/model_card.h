/* model_card.h - what a program must know to use a trained model: its network, classes, and how images and rows become
 * values. Trainers write it into the model file's strings, and predict needs nothing else. */
#ifndef EXAMPLES_MODEL_CARD_H
#define EXAMPLES_MODEL_CARD_H

#include "alcor/checkpoint.h"
#include "alcor/dataset.h"
#include "alcor/models.h"

#define CARD_STRINGS 9

typedef struct model_card {
    alc_classifier_options network;
    const char **classes;               /* network.classes of them */
    const alc_encoder *encoder;         /* NULL: the model takes no row */
    /* Where the model takes an image: */
    int64_t crop, source_height, source_width;
    alc_normalisation normalisation;
    const char *decoder;                /* who decoded the images that it was trained on */
    const char *label;                  /* the column of the classes */
    const char *missing;                /* a further cell that means "no value"; NULL: none */
    int64_t views;                      /* to average at prediction */

    /* Owned; set by the functions below. */
    alc_encoder *own_encoder;
    void *json;
    char *texts[CARD_STRINGS];
    alc_metadata_entry entries[CARD_STRINGS];
} model_card;

/* The card as strings; they live as long as the card. false: memory ran out. */
bool model_card_write(alc_context *context, model_card *card, alc_metadata *metadata);
/* The reverse. On failure a sentence is in `why`: ALC_BAD_FILE for a file that is no model of the trainers, ALC_OUT_OF_MEMORY. */
alc_status model_card_read(alc_context *context, alc_metadata metadata, model_card *card, char *why, size_t size);
/* The normalisation alone, of a file that a trainer wrote; ALC_NOT_FOUND for others, ALC_OUT_OF_MEMORY. */
alc_status model_card_read_normalisation(alc_context *context, alc_metadata metadata, alc_normalisation *normalisation);
void model_card_free(model_card *card);

#endif
