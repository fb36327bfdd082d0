#include "protocol/query/terms.h"

#include <stdio.h>
#include <string.h>

#include "protocol/query/edges.h"
#include "protocol/query/nearest.h"
#include "protocol/wire/defence.h"

const struct named_cohort *terms_find(
    const struct terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->cohort_count; i++) {
        if (strcmp(terms->cohorts[i].name, name) == 0)
            return &terms->cohorts[i];
    }
    return NULL;
}

const struct derived_variable *terms_find_derived(
    const struct terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->derived_count; i++) {
        if (strcmp(terms->derived[i].name, name) == 0)
            return &terms->derived[i];
    }
    return NULL;
}

enum status terms_check_expression(const char *text,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    struct cohort *cohort = NULL;
    enum status status = cohort_parse(&cohort, text, dictionary, error);
    if (status == STATUS_OK && DEFENCE("plain-cohorts"))
        status = cohort_check_plain(cohort, dictionary, error);
    if (status == STATUS_OK)
        status = edges_check_cohort(cohort, dictionary, error);
    cohort_destroy(cohort);
    return status;
}

/* ---- within the whole ---- */

/* "and" binds tighter than "or", which a whole may have that was approved
 * before cohorts had to be plain. */
static enum status join(struct buffer *out, const struct cohort *whole,
    const char *whole_text, const char *text,
    const struct dictionary *dictionary)
{
    struct cohort_error error;
    const bool plain =
        cohort_check_plain(whole, dictionary, &error) == STATUS_OK;
    return plain ? buffer_append_format(out, "%s and %s", whole_text, text)
                 : buffer_append_format(out, "(%s) and (%s)", whole_text, text);
}

/* The whole is left out where the cohort lies within it by itself. Both texts
 * parse. */
static enum status append_within(struct buffer *out, const char *text,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    const char *const whole_text = dictionary->terms->whole;
    struct cohort *whole = NULL, *cohort = NULL;
    enum status status = cohort_parse(&whole, whole_text, dictionary, error);
    if (status == STATUS_OK)
        status = cohort_parse(&cohort, text, dictionary, error);
    if (status != STATUS_OK) {
        /* said already */
    } else if (cohort->root == NULL) {
        status = buffer_append_text(out, whole_text);
    } else if (cohort_implies(cohort, whole)) {
        status = buffer_append_text(out, text);
    } else {
        status = join(out, whole, whole_text, text, dictionary);
    }
    cohort_destroy(whole);
    cohort_destroy(cohort);
    return status;
}

enum status terms_check_within(const char *text,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    struct buffer within;
    struct cohort *cohort = NULL;
    char said[sizeof error->message];
    buffer_init(&within, (size_t)4 * COHORT_TEXT_MAX);
    enum status status = terms_check_expression(text, dictionary, error);
    if (status == STATUS_OK)
        status = append_within(&within, text, dictionary, error);
    if (status == STATUS_OK)
        status = cohort_parse(&cohort, buffer_text(&within), dictionary, error);
    if (status == STATUS_OK &&
        cohort_check_plain(cohort, dictionary, error) == STATUS_OUT_OF_RANGE) {
        status = STATUS_OUT_OF_RANGE;
        snprintf(said, sizeof said, "%s", error->message);
        error->offset = 0;
        snprintf(error->message, sizeof error->message,
            "%.200s: the study asks within '%.200s' only", said,
            dictionary->terms->whole);
    }
    cohort_destroy(cohort);
    buffer_fini(&within);
    return status;
}

/* ---- what a query says ---- */

static enum status fail_undeclared(
    const struct terms *terms, const char *asked, struct cohort_error *error)
{
    const char *names[TERMS_COHORTS_MAX + TERMS_AMENDED_MAX];
    char hint[NAME_HINT_MAX];
    struct buffer list;
    buffer_init(&list, sizeof error->message);
    error->offset = 0;
    for (size_t i = 0; i < terms->cohort_count; i++) {
        names[i] = terms->cohorts[i].name;
        if (i < 12) /* as many as one reads */
            (void)buffer_append_format(
                &list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (terms->cohort_count > 12)
        (void)buffer_append_text(&list, ", ...");
    const char *declared = buffer_text(&list);
    if (declared == NULL || terms->cohort_count == 0)
        snprintf(error->message, sizeof error->message,
            "the study declares no cohorts: leave \"cohort\" out to ask about "
            "its whole%s",
            terms->exploration ? ", or write an expression"
                               : "; an amendment may name some (cohortium "
                                 "study amend), or another study explores");
    else
        snprintf(error->message, sizeof error->message,
            "'%.60s' is no cohort of the study, which declares %s%s%s", asked,
            declared,
            name_hint(hint, nearest_name(asked, names, terms->cohort_count)),
            terms->exploration
                ? ""
                : "; an amendment may name more (cohortium study amend), or a "
                  "study with \"exploration\": true is asked about others");
    buffer_fini(&list);
    return STATUS_COHORT_NOT_IN_STUDY;
}

/* Meant as a name more likely than as a boolean. */
static bool is_one_word(const char *text)
{
    return strpbrk(text, " \t\n()=<>") == NULL;
}

enum status terms_expand(struct buffer *expression,
    const struct named_cohort **named, const char *asked,
    const struct dictionary *dictionary, struct cohort_error *error)
{
    const struct terms *terms = dictionary->terms;
    const char *text = asked;
    enum status status = STATUS_OK;
    *named = terms_find(terms, asked);
    memset(error, 0, sizeof *error);
    if (*named != NULL)
        text = (*named)->where;
    else if (strcmp(asked, terms->whole) == 0)
        text = "";
    else if (!terms->exploration && *asked != '\0' &&
             DEFENCE("declared-cohorts"))
        status = fail_undeclared(terms, asked, error);
    else
        status = terms_check_within(text, dictionary, error);
    if (status == STATUS_UNKNOWN_NAME && is_one_word(asked))
        status = fail_undeclared(terms, asked, error);
    return status == STATUS_OK
               ? append_within(expression, text, dictionary, error)
               : status;
}
