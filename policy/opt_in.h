/*
 * opt_in: a center's decision on a study, as it tells the coordinator.
 *
 * JSON payload (TYPE_OPT_IN): {"cohortium": "opt-in", "study": hex id,
 *  "center": name, "roster": federation name, "decision": "in" | "out",
 *  "sequence": 1.., "date"}, signed by the center. Of two decisions on a study
 * the one with the higher sequence holds.
 */
#ifndef COHORTIUM_POLICY_OPT_IN_H
#define COHORTIUM_POLICY_OPT_IN_H

#include "protocol/query/query.h"
#include "protocol/wire/keys.h"

struct opt_in {
    struct digest study_id;
    char center[NAME_MAX_BYTES + 1], federation[NAME_MAX_BYTES + 1];
    bool in;
    int64_t sequence;
    int64_t date; /* seconds since 1970 */
};

enum status opt_in_parse(
    struct opt_in *out, struct view payload, struct diagnostic *diagnostic);
enum status opt_in_write(struct buffer *out, const struct opt_in *opt_in);

#endif
