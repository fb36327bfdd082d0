#include "policy/validity.h"

#include <stddef.h>

#include "protocol/query/query.h"

static enum status fail(enum status status, const struct validity *validity,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    const bool early = status == STATUS_NOT_YET_VALID;
    char edge[TIME_TEXT], now[TIME_TEXT];
    if (diagnostic == NULL)
        return status;
    time_text(edge, early ? validity->from : validity->until);
    time_text(now, clock->now);
    diagnostic_set(diagnostic, 0, 0, "%s is valid %s %s; by %s it is %s",
        validity->what, early ? "from" : "until", edge,
        clock->whose == NULL ? "this clock" : clock->whose, now);
    return status;
}

enum status validity_check(const struct validity *validity,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    if (clock->now < INT64_MAX - CLOCK_TOLERANCE_SECONDS &&
        clock->now + CLOCK_TOLERANCE_SECONDS < validity->from)
        return fail(STATUS_NOT_YET_VALID, validity, clock, diagnostic);
    if (clock->now > INT64_MIN + CLOCK_TOLERANCE_SECONDS &&
        clock->now - CLOCK_TOLERANCE_SECONDS >= validity->until)
        return fail(STATUS_EXPIRED, validity, clock, diagnostic);
    return STATUS_OK;
}
