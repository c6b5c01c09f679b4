/* feature_rules.h - which columns a model may see. */
#ifndef SKY_EXPERIMENT_FEATURE_RULES_H
#define SKY_EXPERIMENT_FEATURE_RULES_H

/* Why a feature is refused unless it is allowed by name: "it says where the object is"; NULL: it is not. Capitals do not matter.
 * `z` is a magnitude here; redshifts have other names. */
const char *feature_refusal(const char *name);

#endif
