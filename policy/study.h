/*
 * study: what may be asked, by whom, until when; and the committee's approvals.
 *
 * JSON payload (TYPE_STUDY): {"cohortium": "study", "name": "ar-remodeling",
 *  "version": 1, "title", "principal_investigator", "lead_institution",
 *  "dictionary": hex id, "roster": federation name,
 *  "researchers": [{"name", "identity", "curve"}], "variables": [..],
 *  "analyses": [..], "cohort": "age >= 18",
 *  "cohorts": [{"name": "severe-ar", "title"?, "where": "ar_fraction >= 30"}],
 *  "derived": [{"name": "old_or_ill", "label", "where": "age > 70 or chd"}],
 *  "exploration": false, "limits": {..}, "privacy": "sum",
 *  "center_effects": false, "min_centers": 5, "valid_from", "valid_until"}
 *
 * "cohort" is the whole, within which each cohort lies. A query names one of
 * "cohorts", or asks about the whole; with "exploration" it may bring one of
 * its own. Cohorts are plain (cohort_check_plain); "derived" are booleans for
 * them, where one condition or another is enough. A study of before cohorts had
 * names has none of the three: it asks about its whole.
 *
 * The study's envelope is signed by whoever applies (at least one of its
 * researchers). An approval (TYPE_APPROVAL) is a document of its own, signed by
 * one committee member: {"cohortium": "approval", "study": hex id of the study
 * payload, "decision": "approve" | "reject", "scores": {"mission": 1..9,
 * "merit": 1..9, "feasibility": 1..9, "team": 1..9}, "comment"?, "date"}.
 */
#ifndef COHORTIUM_POLICY_STUDY_H
#define COHORTIUM_POLICY_STUDY_H

#include "policy/budget.h"
#include "policy/limits.h"
#include "policy/roster.h"
#include "protocol/query/cohort.h"
#include "protocol/query/query.h"

#define STUDY_RESEARCHERS_MAX 64

enum study_privacy {
    /* Each center's own figures reach the coordinator, after every rule. */
    PRIVACY_PLAIN,
    /* Secure aggregation of exact figures; the rules act on the sum. */
    PRIVACY_SUM,
    /* Secure aggregation of each center's figures after every rule. */
    PRIVACY_SITE,
    /* Secure aggregation of exact figures and noise; thresholds act on the
     * noisy sum. */
    PRIVACY_NOISE,
    /* As PRIVACY_SUM without masks: only nodes of a sandbox answer. */
    PRIVACY_OPEN,
    PRIVACY_COUNT
};

#define MIN_CENTERS_DEFAULT 5 /* masked: MASKING_CENTERS_MIN at least */

const char *study_privacy_name(enum study_privacy privacy);
/* By its name; false when there is none. */
bool study_privacy_find(enum study_privacy *privacy, const char *name);
/* Whether centers mask what they send. */
bool study_is_masked(enum study_privacy privacy);
/* Whether a question's sets of rows are weighed over all centers before a
 * figure is told (weighing.h): where rules act on totals, and fewer than k
 * people make no difference. */
bool study_is_weighed(enum study_privacy privacy, const struct limits *limits);

struct amendment;

struct study {
    struct digest id; /* of the payload */
    char name[STUDY_NAME_MAX + 1];
    int64_t version;
    const char *title, *principal_investigator, *lead_institution;
    struct digest dictionary_id;
    char federation[NAME_MAX_BYTES + 1];
    size_t researcher_count;
    struct identity researchers[STUDY_RESEARCHERS_MAX];
    size_t variable_count;
    const char **variables;
    size_t analysis_count;
    const char **analyses;
    struct terms terms;
    struct named_cohort *cohorts;     /* terms.cohorts, owned */
    struct derived_variable *derived; /* terms.derived, owned */
    /* The one that study_check was given, with these terms: queries of the
     * study are read with it. Not to be read before. */
    struct dictionary dictionary;
    struct limits limits;
    struct budget_terms noise; /* of privacy noise */
    enum study_privacy privacy;
    bool center_effects; /* `center` may be a term: effects of single centers */
    int64_t min_centers;
    int64_t valid_from, valid_until;
    struct document *document;
    /* In order, each after the one before it: owned (amendment.h). */
    size_t amendment_count;
    struct amendment *amendments[TERMS_AMENDED_MAX];
    size_t holders; /* besides the first */
};

struct approval {
    struct digest study_id;
    bool approve;
    int64_t scores[4]; /* mission, merit, feasibility, team */
    int64_t date;
};

enum status study_parse(
    struct study **out, struct view payload, struct diagnostic *diagnostic);
/* Lets go; the last who holds it frees it. */
void study_destroy(struct study *study);
/* Until when what its researchers were told is remembered: a year more. */
int64_t study_remembered_until(const struct study *study);
/* One more who holds it: a question's plan points into its study. */
struct study *study_hold(struct study *study);
/* All that is wrong with a new study's text, and not the first alone, by line
 * and column: that it names no cohorts and does not explore as well; dictionary
 * may be NULL, then its structure only. The status is that of the first that
 * was found; STATUS_OK: nothing. */
enum status study_review(struct findings *findings, struct view text,
    const struct dictionary *dictionary);
/* With a dictionary at hand: variables exist, cohorts parse and are plain.
 * study->dictionary can be used then, for as long as dictionary and study. */
enum status study_check(struct study *study,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
/* Parses and checks the applicant's signature. */
enum status study_verify(struct study **out, const struct envelope *envelope,
    struct diagnostic *diagnostic);
enum status approval_parse(
    struct approval *out, struct view payload, struct diagnostic *diagnostic);
/* Signed by one member in good standing, for exactly this study. Else
 * BAD_SIGNATURE, UNKNOWN_SIGNER, REVOKED_SIGNER, WRONG_STUDY or a malformed
 * one. Its date is not looked at. */
enum status approval_verify(struct approval *out,
    const struct envelope *envelope, const struct digest *study,
    const struct roster *roster);
struct envelope_list {
    const struct envelope *const *items;
    size_t count;
};
/* So many distinct members in good standing, each with an approval for exactly
 * this document whose date lies between the roster's approvals_from and the
 * clock. A member's rejection takes his approval back, whatever the dates of
 * both. Otherwise the first reason found: as approval_verify, NOT_YET_VALID,
 * EXPIRED (given before the roster lets approvals count), and
 * TOO_FEW_SIGNATURES when there is no worse; the diagnostic names dates and
 * clock. */
struct vote {
    const struct digest *id; /* of what is approved */
    size_t needed;           /* members */
};
enum status approvals_check(const struct vote *vote,
    const struct roster *roster, const struct envelope_list *approvals,
    const struct wall_clock *clock, struct diagnostic *diagnostic);
/* Of a study: the roster's threshold. */
enum status study_check_approvals(const struct study *study,
    const struct roster *roster, const struct envelope_list *approvals,
    const struct wall_clock *clock, struct diagnostic *diagnostic);
/* As validity_check. */
enum status study_check_dates(const struct study *study,
    const struct wall_clock *clock, struct diagnostic *diagnostic);
/* Writes payloads, for the client. */
enum status approval_write(
    struct buffer *out, const struct approval *approval, const char *comment);

#endif
