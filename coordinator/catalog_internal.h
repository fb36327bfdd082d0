/*
 * catalog_internal: what the two files of the catalog share.
 */
#ifndef COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H
#define COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H

#include "coordinator/catalog.h"

enum status catalog_copy_bytes(struct buffer *out, struct view bytes);
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
