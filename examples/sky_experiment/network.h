/* network.h - one network: trained on a part of a fold, judged blind on others. Every unit of work is made of these. */
#ifndef SKY_EXPERIMENT_NETWORK_H
#define SKY_EXPERIMENT_NETWORK_H

#include "alcor/fit.h"
#include "sky_experiment/study.h"

typedef struct network_task {
    const alc_dataset *blind;     /* what may be seen (study_blind) */
    const alc_backbone *backbone; /* NULL: no image */
    int64_t size;                 /* side of the images */
    bool table;                   /* takes the row */
    const int64_t *train;
    int64_t train_count;
    const int64_t *test, *held; /* to be predicted, any labels; held may be NULL */
    int64_t test_count, held_count;
    const int64_t *validation; /* judged after every epoch, so labelled; NULL: none */
    int64_t validation_count;
    bool no_validation_epochs;           /* it is predicted at the end alone */
    const char *weights;                 /* of the backbone, to start from; NULL: random */
    const char *image_part, *table_part; /* late fusion: models of these parts, trained alone, which stay as they are */
    const char *edge;                    /* what comes before it stays as it starts; NULL: all is trained */
    const char *features;                    /* a file that keeps what the frozen part makes of images; NULL: none */
    const char *start_edge, *start_features; /* an earlier edge and its file, from which that is computed; NULL: from the image */
    int64_t epochs, batch;
    int64_t views; /* averaged at prediction; 0: the configuration's */
    double rate, weight_decay, dropout;
    uint64_t seed;
    bool curve;        /* predict `test` after every epoch, in one view */
    const char *save;  /* path of the trained model; NULL: not wanted */
    const char *split; /* the hash of the division into folds, which a saved model has among its strings */
} network_task;

typedef struct network_epoch {
    double loss, accuracy; /* while training */
    double validation_accuracy, validation_balanced_accuracy, validation_loss;
    double seconds; /* with its validation */
} network_epoch;

typedef struct network_result {
    alc_real *test, *held, *validation; /* probabilities, [count][classes]; owned */
    alc_real *test_epochs;              /* [epochs][test_count][classes]; NULL without a curve */
    network_epoch *epochs;              /* [epoch_count] */
    int64_t epoch_count;
    int64_t values, trained_values;
    int64_t plan_bytes; /* of the training plan and its parameters */
    double train_seconds, predict_seconds;
    double validation_seconds; /* of predicting `validation` at the end */
    int64_t trained_samples, predicted_samples;
} network_result;

/* The message of a failure is kept in the study. network_result_free is due in any case. */
alc_status network_train(study *s, const network_task *task, network_result *result);
void network_result_free(network_result *result);

/* The side of the images for a backbone: that of --sizes, else --size, or the least that it takes. */
int64_t network_image_size(const configuration *c, const alc_backbone *backbone);
/* The highest learning rate for a backbone: that of --rates, else --pretrained-rate with weights, else --image-rate. */
double network_learning_rate(const configuration *c, const alc_backbone *backbone, bool weights);
/* Whether every file of --weights fits its backbone, before time is lost. */
alc_status network_check_weights(study *s);
/* Operations of a training step for one sample, by compiling the network; 0 and a message if that fails. */
double network_sample_flops(study *s, const alc_backbone *backbone, bool table);

#endif
