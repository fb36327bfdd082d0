/*
 * catalog_internal: what the two files of the catalog share.
 */
#ifndef COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H
#define COHORTIUM_COORDINATOR_CATALOG_INTERNAL_H

#include "coordinator/catalog.h"

enum status catalog_copy_bytes(struct buffer *out, struct view bytes);
/* Whether the approvals (envelopes) carry the study under the present roster.
 */
enum status catalog_judge_views(const struct catalog *catalog,
    const struct study *study, const struct view *approvals, size_t count,
    int64_t now);
/* The same for an entry with its own approvals; also its federation. */
enum status catalog_judge(const struct catalog *catalog,
    const struct catalog_study *entry, int64_t now);
/* Takes the entry over. */
enum status catalog_append(
    struct catalog *catalog, struct catalog_study *entry);
void catalog_study_destroy(struct catalog_study *entry);

#endif
