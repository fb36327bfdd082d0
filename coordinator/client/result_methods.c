#include "coordinator/client/result_methods.h"

#include <string.h>

#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_title.h"
#include "policy/disclosure.h"

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
    {"glm", "Generalized linear models were fitted by maximum likelihood; "
            "their intervals and tests are Wald's, not of the profile "
            "likelihood."},
    {"km",
        "Survival was estimated by Kaplan and Meier's method on days "
        "rounded up to steps of grid_days, with Greenwood's standard errors "
        "and intervals on the logarithmic scale; steps of few people are "
        "left out and a curve ends where few remain, which changes no figure "
        "that is shown."},
    {"cumulative_incidence", "Cumulative incidences of competing events were "
                             "estimated by Aalen and Johansen's method."},
    {"logrank", "Survival was compared by the log-rank test."},
    {"cox", "Hazard ratios are those of Cox's proportional hazards model; "
            "their intervals and tests of single terms are Wald's, and "
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

static enum status put_names(struct buffer *out, const json_t *names)
{
    const size_t count = json_array_size(names);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        status = buffer_append_format(out, "%s%s",
            i == 0           ? ""
            : i + 1 == count ? " and "
                             : ", ",
            name == NULL ? "" : name);
    }
    return status;
}

static enum status put_centers(struct buffer *out, const json_t *result)
{
    static const char *const kinds[][2] = {
        {"refused", "refused"}, {"absent", "did not answer"}};
    const json_t *report = json_object_get(result, "center_report");
    const json_t *answered = json_object_get(report, "answered");
    enum status status = buffer_append_format(out,
        "The question was answered on %.10s by %lld centers of a federated "
        "registry",
        result_string(result, "created"), whole_of(result, "centers"));
    if (status == STATUS_OK && json_array_size(answered) > 0) {
        status = buffer_append_format(out, " (");
        if (status == STATUS_OK)
            status = put_names(out, answered);
        if (status == STATUS_OK)
            status = buffer_append_format(out, ")");
    }
    for (size_t i = 0; i < 2; i++) {
        const json_t *names = json_object_get(report, kinds[i][0]);
        if (status != STATUS_OK || json_array_size(names) == 0)
            continue;
        status = buffer_append_format(out, "; ");
        if (status == STATUS_OK)
            status = put_names(out, names);
        if (status == STATUS_OK)
            status = buffer_append_format(out, " %s", kinds[i][1]);
    }
    return status == STATUS_OK
               ? buffer_append_format(out, ". No record left a center. ")
               : status;
}

static enum status put_cohort(struct buffer *out, const json_t *result)
{
    const char *cohort = result_string(result, "cohort");
    const char *unit = result_string(result, "unit");
    const bool exams = strcmp(unit, "exam") == 0;
    struct words words = {0};
    if (*cohort == '\0')
        return buffer_append_format(out,
            "The cohort was all patients of the study, %s. ",
            exams ? "with all of their exams"
                  : "each with the first of the exams");
    const char *name = result_string(result, "cohort_name");
    words_add_cohort(&words, words_of_result(result), cohort);
    enum status status =
        buffer_append_format(out, "The cohort was the %s with: %s",
            exams ? "exams" : "patients", words.text);
    if (status == STATUS_OK && *name != '\0')
        status = buffer_append_format(
            out, " (cohort '%s' of the study: %s)", name, cohort);
    else if (status == STATUS_OK && strcmp(words.text, cohort) != 0)
        status = buffer_append_format(out, " (as asked: %s)", cohort);
    return status == STATUS_OK
               ? buffer_append_format(out,
                     exams ? ". "
                           : "; of each patient the first such exam counts. ")
               : status;
}

static enum status put_limits(struct buffer *out, const json_t *limits)
{
    const long long rounding = whole_of(limits, "rounding");
    const long long tail = whole_of(limits, "quantile_tail");
    const long long one = whole_of(limits, "dominance_one");
    enum status status = buffer_append_format(out,
        " Cells of fewer than %lld people%s were "
        "withheld.",
        whole_of(limits, "min_cell"),
        json_is_true(json_object_get(limits, "hide_zeros")) ? ", and of nobody,"
                                                            : "");
    if (status == STATUS_OK && rounding > 1)
        status = buffer_append_format(
            out, " Counts were rounded to multiples of %lld.", rounding);
    if (status == STATUS_OK && one > 0)
        status = buffer_append_format(out,
            " Sums were withheld when one person made up more than %lld %% of "
            "them or two more than %lld %%.",
            one, whole_of(limits, "dominance_two"));
    if (status == STATUS_OK && tail > 0)
        status = buffer_append_format(out,
            " Quantiles were told when at least %lld people lay on their "
            "nearer side.",
            tail);
    return status;
}

static enum status put_freezes(struct buffer *out, const json_t *freezes)
{
    const char *center, *before = "Each center answered from a numbered freeze "
                                  "of its registry: ";
    json_t *number;
    enum status status = STATUS_OK;
    json_object_foreach((json_t *)freezes, center, number)
    {
        if (status == STATUS_OK)
            status = buffer_append_format(out, "%s%s %lld", before, center,
                (long long)json_integer_value(number));
        before = ", ";
    }
    return status == STATUS_OK && json_object_size(freezes) > 0
               ? buffer_append_text(out, ". ")
               : status;
}

static enum status put_question(struct buffer *out, const json_t *result)
{
    enum status status = put_centers(out, result);
    if (status == STATUS_OK)
        status = put_freezes(out, json_object_get(result, "freezes"));
    if (status == STATUS_OK)
        status = put_cohort(out, result);
    if (status == STATUS_OK)
        status = buffer_append_format(
            out, "%s", privacy_sentence(result_string(result, "privacy")));
    return status == STATUS_OK
               ? put_limits(out, json_object_get(result, "limits"))
               : status;
}

static enum status put_withheld(struct buffer *out, const json_t *withheld)
{
    const char *rule, *lead = " Kept back by these rules:";
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

/* The level of the intervals: of all, or, when analyses differ, of the first;
 * the others say theirs. */
static double common_level(const json_t *result)
{
    return result_level(json_array_get(json_object_get(result, "results"), 0));
}

/* Of an analysis of several variables, each of those who have it, "missing"
 * counts values, and nobody was left out. */
static enum status put_missing(struct buffer *out, const json_t *entry)
{
    const char *analysis = result_string(entry, "analysis");
    if (strcmp(analysis, "summary") == 0 || strcmp(analysis, "quality") == 0)
        return buffer_append_format(out,
            "; %lld values were missing, and each variable is of those who "
            "have it",
            whole_of(entry, "missing"));
    return buffer_append_format(out,
        "; %lld more lacked a value and were left out",
        whole_of(entry, "missing"));
}

/* "Used were 550 patients, of whom 70 had the event; 3 lacked a value." */
static enum status put_people(
    struct buffer *out, const json_t *entry, const char *unit)
{
    const bool exams = strcmp(unit, "exam") == 0;
    const json_t *missing = json_object_get(entry, "missing");
    const json_t *events = json_object_get(entry, "events");
    enum status status = STATUS_OK;
    if (result_is_suppressed(entry))
        return buffer_append_format(out, " It was withheld.");
    if (!json_is_integer(json_object_get(entry, "n")))
        return STATUS_OK;
    status = buffer_append_format(out, " It used %lld %s", whole_of(entry, "n"),
        exams ? "exams" : "patients");
    if (status == STATUS_OK && json_is_integer(events))
        status = buffer_append_format(
            out, " with %lld events", whole_of(entry, "events"));
    if (status == STATUS_OK && json_is_integer(missing) &&
        json_integer_value(missing) > 0)
        status = put_missing(out, entry);
    return status == STATUS_OK ? buffer_append_format(out, ".") : status;
}

static bool is_model(const json_t *entry)
{
    static const char *const models[] = {
        "lm", "anova", "mixed", "glm", "cox", "mlp"};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (strcmp(result_string(entry, "analysis"), models[i]) == 0)
            return true;
    }
    return false;
}

static enum status put_entry(struct buffer *out, size_t number,
    const json_t *result, const json_t *entry)
{
    const json_t *variables = words_of_result(result);
    struct words title = {0}, terms = {0}, references = {0};
    result_title(&title, variables, entry);
    enum status status =
        buffer_append_format(out, "%2zu. %s.", number, title.text);
    if (is_model(entry))
        result_title_terms(&terms, variables, entry);
    if (status == STATUS_OK && terms.size > 0)
        status = buffer_append_format(out, " Its terms are %s.", terms.text);
    if (status == STATUS_OK)
        status = put_people(out, entry, result_string(result, "unit"));
    if (status == STATUS_OK)
        words_add_references(&references, variables, entry);
    if (status == STATUS_OK && references.size > 0)
        status =
            buffer_append_format(out, " Compared with %s.", references.text);
    if (status == STATUS_OK && result_level(entry) != common_level(result))
        status = buffer_append_format(
            out, " Its intervals are of %g %%.", 100 * result_level(entry));
    return status == STATUS_OK ? buffer_append_format(out, "\n") : status;
}

static enum status put_software(struct buffer *out, const json_t *result)
{
    return buffer_append_format(out,
        "\nStudy %s, query %s, dictionary %s. The figures were computed by %s "
        "and by cohortium-node at the centers; this text was written by "
        "cohortium %s.\n",
        result_string(result, "study"), result_string(result, "query_id"),
        result_string(result, "dictionary_id"),
        result_string(result, "software"), COHORTIUM_VERSION);
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
        status = buffer_append_format(out,
            " Confidence intervals are of %g %%.\n\nAnalyses:\n",
            100 * common_level(result));
    json_array_foreach(json_object_get(result, "results"), at, entry)
    {
        if (status == STATUS_OK)
            status = put_entry(out, at + 1, result, entry);
    }
    return status == STATUS_OK ? put_software(out, result) : status;
}
