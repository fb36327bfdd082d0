/*
 * validity: dates against a clock. Two parties' clocks may differ by
 * CLOCK_TOLERANCE_SECONDS without anybody noticing; beyond that a message says
 * which document it is, until when it holds, and whose clock was read: an
 * honest reason is most often a clock that is wrong.
 */
#ifndef COHORTIUM_POLICY_VALIDITY_H
#define COHORTIUM_POLICY_VALIDITY_H

#include <stdint.h>

#include "protocol/query/diagnostic.h"

#define CLOCK_TOLERANCE_SECONDS 300

struct wall_clock {
    int64_t now;       /* seconds since 1970 */
    const char *whose; /* "this center's clock"; NULL: "this clock" */
};

struct validity {
    const char *what;    /* "the study"; stands at the head of the message */
    int64_t from, until; /* seconds since 1970; INT64_MIN: since ever */
};

/* STATUS_NOT_YET_VALID before from, STATUS_EXPIRED at until and after, each
 * later by the tolerance. diagnostic may be NULL. */
enum status validity_check(const struct validity *validity,
    const struct wall_clock *clock, struct diagnostic *diagnostic);

#endif
