/* report_plots.h - the report's plots as SVG within the page. Each has a name in data-plot, and its marks have the class "mark".
 */
#ifndef SKY_EXPERIMENT_REPORT_PLOTS_H
#define SKY_EXPERIMENT_REPORT_PLOTS_H

#include <jansson.h>
#include <stdio.h>

/* Balanced accuracy of all models with intervals, one line each. */
void plot_models(FILE *out, const json_t *models);
/* Loss and accuracy by epoch. */
void plot_curve(FILE *out, const json_t *model);
/* Share of right predictions by confidence. */
void plot_reliability(FILE *out, const json_t *model);
/* Balanced accuracy, and seconds of an epoch, by trained values. */
void plot_depth(FILE *out, const json_t *sweep);
/* Accuracy by magnitude of the models named in `names` (NULL ends). */
void plot_magnitudes(FILE *out, const json_t *models, const char *const *names);

#endif
