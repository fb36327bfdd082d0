/*
 * freezes: which freeze of its registry each center has, and which each study
 * reads there, as the center said on its present connection: the session header
 * names them. In memory only; the centers say it again. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_FREEZES_H
#define COHORTIUM_COORDINATOR_FREEZES_H

#include "policy/freeze.h"
#include "protocol/wire/message.h"

struct freezes;

enum status freezes_create(struct freezes **out);
void freezes_destroy(struct freezes *freezes);
/* FREEZES of that center, in place of what it said before. *latest: the number
 * of its latest freeze, 0: none. STATUS_BAD_SIGNATURE,
 * STATUS_MALFORMED, STATUS_OUT_OF_RANGE: nothing changes. */
enum status freezes_take(struct freezes *freezes, const struct identity *center,
    const struct message *message, int64_t *latest);
/* Whether the center said what it has, were it nothing. */
bool freezes_known(
    const struct freezes *freezes, const struct public_key *center);
/* That the study reads there after so many moves; 0: the center has none. */
int64_t freezes_of_study(const struct freezes *freezes,
    const struct public_key *center, const struct digest *study, int64_t move);

#endif
