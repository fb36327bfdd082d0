#include "coordinator/client/result_methods.h"

#include <string.h>

#include "coordinator/client/result_rows.h"
#include "policy/disclosure.h"
#include "protocol/wire/json_text.h"

static const struct {
    const char *analysis, *sentence;
} methods[] = {
    {"frequency", "Proportions have Wilson's intervals."},
    {"crosstab", "Tables were tested by Pearson's chi-squared test without "
                 "continuity correction, those of two by two by Fisher's exact "
                 "test as well."},
    {"correlation", "Correlations are Pearson's."},
    {"t_test", "Means of two groups were compared by Welch's t test, pairs by "
               "Student's."},
    {"rank_test", "Groups were compared by ranks: two by Wilcoxon's rank sum "
                  "test with continuity correction, more by Kruskal and "
                  "Wallis's."},
    {"anova", "Sums of squares are sequential."},
    {"lm", "Linear models were fitted by least squares."},
    {"mixed", "Models with a random intercept of the center were fitted by "
              "restricted maximum likelihood."},
    {"glm", "Generalized linear models were fitted by maximum likelihood."},
    {"km", "Survival was estimated by Kaplan and Meier's method on days "
           "rounded up to steps of grid_days, with Greenwood's standard errors "
           "and intervals on the logarithmic scale; steps of few events were "
           "joined to the next, and events left over at the end of a curve are "
           "censored."},
    {"cumulative_incidence", "Cumulative incidences of competing events were "
                             "estimated by Aalen and Johansen's method."},
    {"logrank", "Survival was compared by the log-rank test."},
    {"cox", "Hazard ratios are those of Cox's proportional hazards model; "
            "proportionality was tested by the score test of a coefficient "
            "that changes with time."},
    {"roc", "Areas under ROC curves have DeLong's intervals; thresholds are "
            "Youden's."},
    {"pca", "Principal components are those of the covariances, or where "
            "variables were scaled of the correlations."},
    {"mlp", "Networks of one hidden layer were trained on the rows of all "
            "centers; accuracy at a center is that of a network trained on the "
            "others."},
};

static long long whole_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *privacy_sentence(const char *privacy)
{
    if (strcmp(privacy, "noise") == 0)
        return "Figures carry discrete Gaussian noise, added at the centers.";
    if (strcmp(privacy, "site") == 0)
        return "Each center withheld its own small cells before they were "
               "added.";
    if (strcmp(privacy, "plain") == 0 || strcmp(privacy, "open") == 0)
        return "Each center applied the disclosure rules to its own figures.";
    return "The coordinator learned the sum of all centers only (secure "
           "aggregation).";
}

static enum status put_question(struct buffer *out, const json_t *result)
{
    const char *cohort = result_string(result, "cohort");
    enum status status = buffer_append_format(out,
        "The question was answered on %s by %lld centers of a federated "
        "registry; no record left a center. The cohort was %s%s%s, counted by "
        "%s. ",
        result_string(result, "created"), whole_of(result, "centers"),
        *cohort == '\0' ? "all patients of the study" : "\"", cohort,
        *cohort == '\0' ? "" : "\"", result_string(result, "unit"));
    if (status != STATUS_OK)
        return status;
    return buffer_append_format(out,
        "%s Cells of fewer than %lld people were withheld.",
        privacy_sentence(result_string(result, "privacy")),
        whole_of(json_object_get(result, "limits"), "min_cell"));
}

static enum status put_withheld(struct buffer *out, const json_t *withheld)
{
    const char *rule, *lead = " Kept back:";
    json_t *count;
    enum status status = STATUS_OK;
    json_object_foreach((json_t *)withheld, rule, count)
    {
        const char *text = disclosure_rule_text(rule);
        if (status == STATUS_OK) {
            status = buffer_append_format(out, "%s %lld (%s)", lead,
                (long long)json_integer_value(count),
                text != NULL ? text : rule);
        }
        lead = ",";
    }
    return status == STATUS_OK && *lead == ',' ? buffer_append_format(out, ".")
                                               : status;
}

static bool asks(const json_t *result, const char *analysis)
{
    size_t at;
    json_t *entry;
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        if (strcmp(result_string(entry, "analysis"), analysis) == 0)
            return true;
    }
    return false;
}

static enum status put_sentences(struct buffer *out, const json_t *result)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (status == STATUS_OK && asks(result, methods[i].analysis))
            status = buffer_append_format(out, " %s", methods[i].sentence);
    }
    return status;
}

/* "km {...}, sex = F: n = 55, 3 missing, 7 events" */
static enum status put_people(struct buffer *out, const json_t *entry)
{
    static const struct {
        const char *key, *before, *after;
    } facts[] = {{"n", ": n = ", ""}, {"missing", ", ", " missing"},
        {"events", ", ", " events"}};
    enum status status = STATUS_OK;
    if (result_is_suppressed(entry))
        return buffer_append_format(out, ": withheld");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (status == STATUS_OK &&
            json_is_integer(json_object_get(entry, facts[i].key)))
            status = buffer_append_format(out, "%s%lld%s", facts[i].before,
                whole_of(entry, facts[i].key), facts[i].after);
    }
    return status;
}

static enum status put_entry(
    struct buffer *out, size_t number, const json_t *entry)
{
    const json_t *parameters = json_object_get(entry, "parameters");
    const char *key;
    json_t *value;
    enum status status = buffer_append_format(
        out, "%2zu. %s ", number, result_string(entry, "analysis"));
    if (status == STATUS_OK && parameters != NULL)
        status =
            json_text_append(out, parameters, JSON_COMPACT | JSON_ENCODE_ANY);
    json_object_foreach(json_object_get(entry, "by"), key, value)
    {
        const char *level = json_string_value(value);
        if (status == STATUS_OK)
            status = buffer_append_format(
                out, ", %s = %s", key, level == NULL ? "" : level);
    }
    if (status == STATUS_OK)
        status = put_people(out, entry);
    return status == STATUS_OK ? buffer_append_format(out, "\n") : status;
}

enum status result_methods(struct buffer *out, const json_t *result)
{
    size_t at;
    json_t *entry;
    enum status status = put_question(out, result);
    if (status == STATUS_OK)
        status = put_withheld(out, json_object_get(result, "withheld"));
    if (status == STATUS_OK)
        status = put_sentences(out, result);
    if (status == STATUS_OK)
        status = buffer_append_format(out, "\n\nAnalyses:\n");
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        if (status == STATUS_OK)
            status = put_entry(out, at + 1, entry);
    }
    return status == STATUS_OK ? buffer_append_format(out,
                                     "\nStudy %s, query %s, software %s.\n",
                                     result_string(result, "study"),
                                     result_string(result, "query_id"),
                                     result_string(result, "software"))
                               : status;
}
