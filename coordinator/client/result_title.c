#include "coordinator/client/result_title.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/client/result_formula.h"
#include "coordinator/client/result_rows.h"

enum subject {
    SUBJECT_NONE,
    SUBJECT_VARIABLE, /* parameters: variable, vector */
    SUBJECT_CROSSED,  /* rows by columns */
    SUBJECT_RESPONSE, /* of a model: its terms are in the table */
    SUBJECT_GROUPED   /* response or event by what is right of "~" */
};

static const struct heading {
    const char *analysis, *words;
    enum subject subject;
} headings[] = {
    {"count", "Count", SUBJECT_NONE},
    {"summary", "Summary", SUBJECT_NONE},
    {"quality", "Data quality", SUBJECT_NONE},
    {"correlation", "Pearson's correlations", SUBJECT_NONE},
    {"frequency", "Frequencies", SUBJECT_VARIABLE},
    {"histogram", "Histogram", SUBJECT_VARIABLE},
    {"quantile", "Quantiles", SUBJECT_VARIABLE},
    {"pca", "Principal components", SUBJECT_VARIABLE},
    {"crosstab", "Cross table", SUBJECT_CROSSED},
    {"lm", "Linear model", SUBJECT_RESPONSE},
    {"anova", "Analysis of variance", SUBJECT_RESPONSE},
    {"mixed", "Linear model with random intercepts of centers",
        SUBJECT_RESPONSE},
    {"cox", "Cox model", SUBJECT_RESPONSE},
    {"mlp", "Neural network", SUBJECT_RESPONSE},
    {"t_test", "t test", SUBJECT_GROUPED},
    {"rank_test", "Rank test", SUBJECT_GROUPED},
    {"km", "Kaplan-Meier estimate", SUBJECT_GROUPED},
    {"cumulative_incidence", "Cumulative incidence", SUBJECT_GROUPED},
    {"logrank", "Log-rank test", SUBJECT_GROUPED},
    {"roc", "ROC curve", SUBJECT_GROUPED},
};

static struct heading heading_of(const json_t *entry)
{
    const char *analysis = result_string(entry, "analysis");
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++) {
        if (strcmp(headings[i].analysis, analysis) == 0)
            return headings[i];
    }
    if (strcmp(analysis, "glm") != 0)
        return (struct heading){analysis, analysis, SUBJECT_NONE};
    const json_t *parameters = json_object_get(entry, "parameters");
    const char *family = result_string(parameters, "family");
    const char *link = result_string(parameters, "link");
    if (strcmp(family, "binomial") == 0 &&
        (*link == '\0' || strcmp(link, "logit") == 0))
        return (struct heading){"", "Logistic regression", SUBJECT_RESPONSE};
    if (strcmp(family, "poisson") == 0)
        return (struct heading){"", "Poisson regression", SUBJECT_RESPONSE};
    return (struct heading){"", "Generalized linear model", SUBJECT_RESPONSE};
}

/* Terms of a formula that name nothing a reader compares. */
static bool is_left_out(const char *term)
{
    return strcmp(term, "1") == 0 || strcmp(term, "0") == 0 ||
           strncmp(term, "strata(", 7) == 0 ||
           strncmp(term, "offset(", 7) == 0 || strncmp(term, "(1 ", 3) == 0;
}

void result_title_terms(
    struct words *out, const json_t *variables, const json_t *entry)
{
    char right[4096], term[WORDS_MAX + 1];
    const char *lead = "";
    formula_right(entry, right, sizeof right);
    for (const char *at = right; *at != '\0';) {
        const size_t plus = formula_piece(at, '+');
        const size_t star = formula_piece(at, '*');
        const size_t size = plus < star ? plus : star;
        formula_copy(term, sizeof term, at, size);
        if (!is_left_out(term)) {
            words_add(out, lead);
            words_add_term(out, variables, NULL, term);
            lead = "; ";
        }
        at += size + (at[size] != '\0');
    }
}

static void add_grouped(
    struct words *out, const json_t *variables, const json_t *entry)
{
    char text[WORDS_MAX + 1];
    struct words terms = {0};
    formula_event(entry, text, sizeof text);
    words_add_expression(out, variables, text);
    result_title_terms(&terms, variables, entry);
    if (terms.size > 0)
        words_add_format(out, " by %s", terms.text);
}

static void add_response(
    struct words *out, const json_t *variables, const json_t *entry)
{
    char text[WORDS_MAX + 1];
    formula_event(entry, text, sizeof text);
    words_add_term(out, variables, NULL, text);
    formula_strata(entry, text, sizeof text);
    if (*text != '\0') {
        words_add(out, ", stratified by ");
        words_add_expression(out, variables, text);
    }
}

/* The variables of a test of pairs, or of principal components. */
static void add_list(
    struct words *out, const json_t *variables, const json_t *list)
{
    size_t at;
    json_t *name;
    json_array_foreach((json_t *)list, at, name)
    {
        words_add(out, at > 0 ? ", " : "");
        if (json_is_string(name))
            words_add_label(out, variables, json_string_value(name));
    }
}

static void add_subject(struct words *out, const json_t *variables,
    const json_t *entry, enum subject subject)
{
    const json_t *parameters = json_object_get(entry, "parameters");
    const char *name = result_string(parameters, "variable");
    if (json_object_get(parameters, "formula") == NULL &&
        subject >= SUBJECT_RESPONSE)
        subject = SUBJECT_VARIABLE;
    switch (subject) {
    case SUBJECT_NONE: break;
    case SUBJECT_VARIABLE:
        if (*name == '\0')
            name = result_string(parameters, "vector");
        words_add_variable(out, variables, name);
        add_list(out, variables, json_object_get(parameters, "variables"));
        break;
    case SUBJECT_CROSSED:
        words_add_label(out, variables, result_string(parameters, "rows"));
        words_add(out, " by ");
        words_add_label(out, variables, result_string(parameters, "columns"));
        break;
    case SUBJECT_RESPONSE: add_response(out, variables, entry); break;
    case SUBJECT_GROUPED: add_grouped(out, variables, entry); break;
    }
}

void result_title(
    struct words *out, const json_t *variables, const json_t *entry)
{
    const struct heading heading = heading_of(entry);
    const char *formula =
        result_string(json_object_get(entry, "parameters"), "formula");
    const bool named = variables == NULL;
    struct words subject = {0}, by = {0};
    if (named && *formula != '\0')
        words_add(&subject, formula);
    else
        add_subject(&subject, variables, entry, heading.subject);
    words_add(out, named ? result_string(entry, "analysis") : heading.words);
    if (subject.size > 0)
        words_add_format(out, ": %s", subject.text);
    words_add_by(&by, variables, entry);
    if (by.size > 0)
        words_add_format(out, ". %s", by.text);
}
