/* metrics_text.c - metrics as a table for people and as JSON for programs. Numbers are printed from integers, so the
 * host program's locale does not turn points into commas. */
#include "lib/train/metrics_internal.h"

#include <stdio.h>
#include <string.h>

/* `digits` digits after the point, rounded half away from 0, into `out`. Rows need not hold probabilities: a value above 1 makes a loss
 * below 0, and one that no integer can hold is 3e+30. */
static const char *fixed(double value, int digits, char *out, size_t size)
{
    const char *sign = value < 0 ? "-" : "";
    const double positive = value < 0 ? -value : value;
    long long scale = 1;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    if (!(positive * (double)scale < 9e18)) {
        snprintf(out, size, "%.0e", value);
        return out;
    }
    const long long units = (long long)(positive * (double)scale + 0.5);
    snprintf(out, size, "%s%lld.%0*lld", units > 0 ? sign : "", units / scale, digits, units % scale);
    return out;
}

/* "93.5 (90.1 - 95.9)", in per cent. */
static const char *percent(const alc_estimate *e, char *out, size_t size)
{
    char value[32], low[32], high[32];
    snprintf(out, size, "%5s (%s - %s)", fixed(100 * e->value, 1, value, sizeof value),
             fixed(100 * e->low, 1, low, sizeof low), fixed(100 * e->high, 1, high, sizeof high));
    return out;
}

static alc_status take_text(alc_context *context, alc_text *text, char **out)
{
    *out = text->failed ? NULL : alc_copy_text(context, alc_text_string(text));
    alc_text_free(text);
    return *out ? ALC_OK : ALC_OUT_OF_MEMORY;
}

static int longest_name(const alc_metrics *m, const char *const *names)
{
    size_t longest = 6;
    for (int64_t c = 0; c < m->class_count; c++)
        if (strlen(names[c]) > longest)
            longest = strlen(names[c]);
    return longest < 60 ? (int)longest : 60;
}

alc_status alc_metrics_text(const alc_metrics *metrics, const char *const *class_names, char **text)
{
    alc_text t;
    alc_text_init(&t, alc_metrics_context(metrics));
    const int width = longest_name(metrics, class_names);
    char a[112], b[112], c[112];
    alc_text_append(&t, "%lld objects, in per cent with 95 %% intervals\n", (long long)metrics->samples);
    alc_text_append(&t, "accuracy          %s\n", percent(&metrics->accuracy, a, sizeof a));
    alc_text_append(&t, "balanced accuracy %s\n", percent(&metrics->balanced_accuracy, a, sizeof a));
    alc_text_append(&t, "macro-F1          %s\n", percent(&metrics->macro_f1, a, sizeof a));
    alc_text_append(&t, "log-loss            %s (%s - %s)\n", fixed(metrics->log_loss.value, 4, a, sizeof a),
                    fixed(metrics->log_loss.low, 4, b, sizeof b), fixed(metrics->log_loss.high, 4, c, sizeof c));
    alc_text_append(&t, "calibration error %s\n\n", percent(&metrics->ece, a, sizeof a));
    alc_text_append(&t, "%-*s  %-22s%-22s%-22s%7s\n", width, "class", "precision", "recall", "F1", "objects");
    for (int64_t i = 0; i < metrics->class_count; i++) {
        const alc_class_metrics *k = &metrics->classes[i];
        alc_text_append(&t, "%-*s  %-22s%-22s%-22s%7lld\n", width, class_names[i],
                        percent(&k->precision, a, sizeof a), percent(&k->recall, b, sizeof b),
                        percent(&k->f1, c, sizeof c), (long long)k->support);
    }
    alc_text_append(&t, "\nlabel (rows) and prediction (columns)\n%-*s", width, "");
    for (int64_t i = 0; i < metrics->class_count; i++)
        alc_text_append(&t, "  %*s", width, class_names[i]);
    for (int64_t i = 0; i < metrics->class_count; i++) {
        alc_text_append(&t, "\n%-*s", width, class_names[i]);
        for (int64_t j = 0; j < metrics->class_count; j++)
            alc_text_append(&t, "  %*lld", width, (long long)metrics->confusion[i * metrics->class_count + j]);
    }
    alc_text_append(&t, "\n");
    return take_text(alc_metrics_context(metrics), &t, text);
}

static void append_json_string(alc_text *t, const char *string)
{
    alc_text_append(t, "\"");
    for (const unsigned char *p = (const unsigned char *)string; *p; p++) {
        if (*p == '"' || *p == '\\')
            alc_text_append(t, "\\%c", *p);
        else if (*p < 0x20)
            alc_text_append(t, "\\u%04x", (unsigned)*p);
        else
            alc_text_append(t, "%c", *p);
    }
    alc_text_append(t, "\"");
}

static void append_json_estimate(alc_text *t, const char *name, const alc_estimate *e)
{
    char value[32], low[32], high[32];
    alc_text_append(t, ", \"%s\": {\"value\": %s, \"low\": %s, \"high\": %s}", name,
                    fixed(e->value, 6, value, sizeof value), fixed(e->low, 6, low, sizeof low),
                    fixed(e->high, 6, high, sizeof high));
}

alc_status alc_metrics_json(const alc_metrics *metrics, const char *const *class_names, char **text)
{
    alc_text t;
    alc_text_init(&t, alc_metrics_context(metrics));
    char number[32];
    alc_text_append(&t, "{\"samples\": %lld", (long long)metrics->samples);
    append_json_estimate(&t, "accuracy", &metrics->accuracy);
    append_json_estimate(&t, "balanced_accuracy", &metrics->balanced_accuracy);
    append_json_estimate(&t, "macro_f1", &metrics->macro_f1);
    append_json_estimate(&t, "log_loss", &metrics->log_loss);
    append_json_estimate(&t, "ece", &metrics->ece);
    alc_text_append(&t, ", \"classes\": [");
    for (int64_t i = 0; i < metrics->class_count; i++) {
        const alc_class_metrics *k = &metrics->classes[i];
        alc_text_append(&t, "%s{\"name\": ", i ? ", " : "");
        append_json_string(&t, class_names[i]);
        alc_text_append(&t, ", \"support\": %lld, \"predicted\": %lld", (long long)k->support,
                        (long long)k->predicted);
        append_json_estimate(&t, "precision", &k->precision);
        append_json_estimate(&t, "recall", &k->recall);
        append_json_estimate(&t, "f1", &k->f1);
        alc_text_append(&t, "}");
    }
    alc_text_append(&t, "], \"confusion\": [");
    for (int64_t i = 0; i < metrics->class_count; i++) {
        alc_text_append(&t, "%s[", i ? ", " : "");
        for (int64_t j = 0; j < metrics->class_count; j++)
            alc_text_append(&t, "%s%lld", j ? ", " : "",
                            (long long)metrics->confusion[i * metrics->class_count + j]);
        alc_text_append(&t, "]");
    }
    alc_text_append(&t, "], \"reliability\": [");
    for (int i = 0; i < ALC_RELIABILITY_BINS; i++) {
        const alc_reliability_bin *bin = &metrics->reliability[i];
        alc_text_append(&t, "%s{\"count\": %lld, \"hits\": %lld, \"confidence\": %s}", i ? ", " : "", (long long)bin->count,
                        (long long)bin->hits, fixed(bin->confidence, 6, number, sizeof number));
    }
    alc_text_append(&t, "]}");
    return take_text(alc_metrics_context(metrics), &t, text);
}
