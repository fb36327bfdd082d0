/*
 * catalog_internal: what the two files of the catalog share.
 */
#ifndef COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H
#define COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H

#include "coordinator/catalog.h"

enum status catalog_copy_bytes(struct buffer *out, struct view bytes);
/* The envelopes of a study's approvals and amendments, and of others that come;
 * catalog_documents_fini frees. */
struct catalog_documents {
    size_t count;
    struct envelope *items[2 * MESSAGE_DOCUMENTS_MAX];
};
enum status catalog_documents_add(struct catalog_documents *documents,
    const struct view *bytes, size_t count);
void catalog_documents_fini(struct catalog_documents *documents);
struct envelope_list catalog_documents_list(
    const struct catalog_documents *documents);
/* catalog_amendments.c: every amendment among the entry's approvals is in
 * `amended`, with its standing under the present roster. */
void catalog_judge_amendments(
    const struct catalog *catalog, struct catalog_study *entry, int64_t now);
/* Whether a submission's new amendments may be kept: each is approved and
 * follows the last that stands. */
enum status catalog_check_amendments(const struct catalog *catalog,
    const struct catalog_study *entry,
    const struct catalog_submission *submission, int64_t now,
    struct diagnostic *diagnostic);
/* The study as a query of it is to be read; its standing. */
enum status catalog_find_text(struct study **out,
    const struct catalog_study *entry, const struct digest *amendment);
/* Whether the submission's approvals carry the study under the present roster.
 */
enum status catalog_judge_submission(const struct catalog *catalog,
    const struct study *study, const struct catalog_submission *submission,
    int64_t now, struct diagnostic *diagnostic);
/* The same for an entry with its own approvals; also its federation. Sets its
 * standing, and returns it. */
enum status catalog_judge(
    const struct catalog *catalog, struct catalog_study *entry, int64_t now);
/* Takes the entry over. */
enum status catalog_append(
    struct catalog *catalog, struct catalog_study *entry);
void catalog_study_destroy(struct catalog_study *entry);

#endif
