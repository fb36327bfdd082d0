/*
 * admission: is this query within this study? Decided by each node alone, from
 * documents alone; the coordinator is believed for nothing.
 */
#ifndef COHORTIUM_POLICY_ADMISSION_H
#define COHORTIUM_POLICY_ADMISSION_H

#include "policy/study.h"
#include "protocol/analysis/plan.h"

/* The coordinator's session header (TYPE_HEADER): {"cohortium": "session",
 * "query": hex id of the query payload, "study": hex, "roster": hex id,
 * "session": 64 random hex digits, "deadline": time, "min_centers": n,
 * "suite": 1, "centers": [names], "freezes": [the number of the freeze that
 * each of them is to answer from; 0: it has none], "remembered"?: digest of the
 * sets of rows that are remembered, where the question is weighed first
 * (weighing.h)}. */
struct session_header {
    struct digest id; /* of the payload */
    struct digest query_id, study_id, roster_id;
    uint8_t session[32];
    int64_t deadline;
    int64_t min_centers;
    size_t center_count;
    char (*centers)[NAME_MAX_BYTES + 1];
    bool weighed; /* "remembered" is there */
    struct digest remembered;
    int64_t *freezes; /* that each of them is to answer from; 0: it has none */
};

enum status session_header_parse(struct session_header **out,
    struct view payload, struct diagnostic *diagnostic);
void session_header_destroy(struct session_header *header);
/* Borrows the header's names. */
struct center_list session_header_list(const struct session_header *header);
enum status session_header_write(
    struct buffer *out, const struct session_header *header);

struct admission_request {
    const struct roster *roster;         /* the node's own, verified */
    const struct dictionary *dictionary; /* the node's own */
    const struct envelope *header;       /* NULL: the query is checked alone */
    const struct envelope *query;
    const struct envelope *study;
    const struct envelope *const *approvals; /* and amendments with theirs */
    size_t approval_count;
    /* This very study with these very approvals, and with the amendment that
     * the query names, checked before under this roster: study and approvals
     * are not looked at; NULL: not yet. Its dates are checked again. */
    struct study *verified;
    struct wall_clock clock;
};

/* Everything that was checked, owned; admission_fini frees. */
struct admission {
    struct session_header *header; /* NULL when the request had none */
    struct study *study;           /* held: request->verified, or read */
    struct query *query;           /* by the study's dictionary, as the plan */
    struct plan *plan;
    struct public_key researcher;
};

/* STATUS_OK, or the reason (a CATEGORY_DENIED or CATEGORY_MALFORMED code).
 * Checks in this order: roster dates; header signature, roster, suite, study
 * and query ids, deadline, min_centers >= the study's; study signature, dates,
 * federation, dictionary, approvals, those of the amendments that lead to the
 * one that the query names; query signature by a researcher of the
 * study, study_id, dictionary, expiry; variables, analyses, effects of centers.
 * The query's cohort is read by the study's terms. Opt-in and replay are the
 * caller's, who has the state. */
enum status admission_check(struct admission *out,
    const struct admission_request *request, struct diagnostic *diagnostic);
void admission_fini(struct admission *admission);
/* Query (with its plan, both by study->dictionary) within study: variables,
 * analyses, effects of centers. Used by `cohortium query check` as well. */
enum status admission_check_scope(const struct study *study,
    const struct query *query, const struct plan *plan,
    struct diagnostic *diagnostic);

#endif
