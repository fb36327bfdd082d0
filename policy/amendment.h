/*
 * amendment: more named cohorts for a study that was approved, and nothing
 * else; whatever else changes takes a new study.
 *
 * JSON payload (TYPE_AMENDMENT): {"cohortium": "amendment", "study": hex id of
 *  the study's payload, "after"?: hex id of the amendment before it, "reason"?,
 *  "cohorts": [{"name", "title"?, "where"}]}
 *
 * It is signed by one of the study's researchers, and approved as a study is
 * (an approval whose "study" is the amendment's id) by the roster's
 * `amendment_threshold` of members. All of a study's amendments together add at
 * most TERMS_AMENDED_MAX cohorts. A query that asks about one names the
 * amendment that has it, and is read with the study and what leads from it to
 * there: nobody can give two parties different words for it. The study's id
 * stays, and with it its memory, freeze, caps and opt-ins.
 *
 * Amendments and their approvals travel among the approvals of the study.
 */
#ifndef COHORTIUM_POLICY_AMENDMENT_H
#define COHORTIUM_POLICY_AMENDMENT_H

#include "policy/study.h"

struct amendment {
    struct digest id; /* of the payload */
    struct digest study_id;
    struct digest after; /* zeros: it is the study's first */
    const char *reason;  /* NULL: none was given */
    size_t cohort_count;
    struct named_cohort cohorts[TERMS_AMENDED_MAX];
    struct document *document;
};

/* By form alone. */
enum status amendment_parse(
    struct amendment **out, struct view payload, struct diagnostic *diagnostic);
/* Accepts NULL. */
void amendment_destroy(struct amendment *amendment);
/* Parses; signed by one of this very study's researchers. */
enum status amendment_verify(struct amendment **out,
    const struct envelope *envelope, const struct study *study,
    struct diagnostic *diagnostic);
/* Its cohorts are the study's too from now on, and `amendment` belongs to it.
 * The study was checked with its dictionary, nobody else holds it, and no query
 * was read with it. Fails where it does not follow the study's last, a name is
 * taken, a cohort is not plain or there would be too many; then the caller
 * keeps it. */
enum status study_add_amendment(struct study *study,
    struct amendment *amendment, struct diagnostic *diagnostic);
/* The amendments that lead to `last`, of those among the documents.
 * STATUS_AMENDMENT_UNKNOWN: one of them is not there. The same conditions; the
 * study is of no use after a failure. */
enum status study_amend(struct study *study, const struct digest *last,
    const struct envelope_list *documents, struct diagnostic *diagnostic);
/* Each of its amendments is approved, by those among the documents. */
enum status study_check_amendments(const struct study *study,
    const struct roster *roster, const struct envelope_list *documents,
    const struct wall_clock *clock, struct diagnostic *diagnostic);
/* Of the last; zeros: the study is as it was approved. */
struct digest study_last_amendment(const struct study *study);
/* Of the one that names this cohort of the study's; zeros: the study does. */
struct digest study_amendment_of(
    const struct study *study, const struct named_cohort *cohort);
/* The same study once more, as it was approved; checked with the dictionary. */
enum status study_copy(struct study **out, const struct study *study,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);

#endif
