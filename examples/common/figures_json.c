/* figures_json.c - figures as JSON. */
#include "common/figures_json.h"

json_t *estimate_as_json(alc_estimate e)
{
    return json_pack("{s:f, s:f, s:f}", "value", e.value, "low", e.low, "high", e.high);
}

json_t *metrics_as_json(const alc_metrics *m, const char *const *classes)
{
    json_t *of_classes = json_object();
    for (int64_t c = 0; c < m->class_count; c++) {
        const alc_class_metrics *k = &m->classes[c];
        json_t *one = json_pack("{s:o, s:o, s:o}", "precision", estimate_as_json(k->precision), "recall",
                                estimate_as_json(k->recall), "f1", estimate_as_json(k->f1));
        json_object_set_new(of_classes, classes[c], one);
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "accuracy", estimate_as_json(m->accuracy), "balanced_accuracy",
                     estimate_as_json(m->balanced_accuracy), "macro_f1", estimate_as_json(m->macro_f1), "log_loss",
                     estimate_as_json(m->log_loss), "ece", estimate_as_json(m->ece), "classes", of_classes);
}

json_t *paired_as_json(const alc_paired_metrics *p)
{
    return json_pack("{s:f, s:o, s:o, s:I, s:I}", "mcnemar_p", p->mcnemar_p, "accuracy_difference",
                     estimate_as_json(p->accuracy_difference), "balanced_accuracy_difference",
                     estimate_as_json(p->balanced_accuracy_difference), "only_a", (json_int_t)p->only_a, "only_b",
                     (json_int_t)p->only_b);
}
