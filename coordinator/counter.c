#include "coordinator/counter.h"

#include <inttypes.h>

#include "coordinator/told.h"
#include "policy/continuation.h"
#include "protocol/wire/defence.h"

/* ---- counting ---- */

struct counting {
    struct ledger *ledger;
    const struct family *family;
    const struct weighed_question *question;
    struct ledger_near near; /* the first that the study has not */
    bool found;
    enum status status;
};

static bool take_pair(void *arg, const struct near_pair *pair)
{
    struct counting *counting = arg;
    bool has = true;
    counting->near =
        (struct ledger_near){.study_id = *counting->question->study_id,
            .query_id = *counting->question->query_id,
            .earlier = counting->family->ids[pair->place],
            .weight = pair->weight,
            .shared = pair->shared};
    counting->status = ledger_has_near(counting->ledger, &counting->near, &has);
    counting->found = !has;
    if (counting->found)
        told_describe(counting->question->sets, pair->set, counting->near.words,
            sizeof counting->near.words);
    return counting->found || counting->status != STATUS_OK;
}

enum status counter_write(struct ledger *ledger, const struct family *family,
    const struct weighed_question *question, uint32_t lot, int64_t now)
{
    struct counting counting = {
        .ledger = ledger, .family = family, .question = question};
    struct ledger_counter counter;
    char earlier[DIGEST_TEXT];
    enum status status = ledger_count_question(ledger, question->study_id);
    if (status == STATUS_OK)
        status = ledger_get_counter(ledger, question->study_id, &counter);
    if (status != STATUS_OK)
        return status;
    memory_visit_near(family->memory, question->weighing, question->instruction,
        take_pair, &counting);
    if (counting.status != STATUS_OK || !counting.found)
        return counting.status;
    counting.near.stops_at = counter.questions + lot % COUNTER_LOT;
    digest_to_text(earlier, &counting.near.earlier);
    status = ledger_add_near(ledger, &counting.near);
    return status == STATUS_OK
               ? ledger_record(ledger, now, "near_cohort", question->query_id,
                     "number=%" PRId64 " earlier=%s", counting.near.number,
                     earlier)
               : status;
}

/* Where it cannot be told, they wait. */
bool counter_waits(struct ledger *ledger, const struct study *study)
{
    bool waits = true;
    if (!study_is_weighed(study->privacy, &study->limits) ||
        !DEFENCE("counter"))
        return false;
    return ledger_counter_waits(ledger, &study->id, study->limits.near_cohorts,
               &waits) != STATUS_OK ||
           waits;
}

/* ---- going on ---- */

static enum status write_continued(struct ledger *ledger,
    const struct study *study, const struct continuation *continuation,
    struct view envelope, int64_t now)
{
    enum status status = ledger_begin(ledger);
    if (status == STATUS_OK)
        status = ledger_add_continued(
            ledger, &study->id, continuation->seen, envelope, now);
    if (status == STATUS_OK)
        status = ledger_record(ledger, now, "study_continued", &study->id,
            "seen=%" PRId64, continuation->seen);
    if (status == STATUS_OK)
        return ledger_commit(ledger);
    ledger_rollback(ledger);
    return status;
}

enum status counter_continue(struct ledger *ledger, const struct study *study,
    const struct roster *roster, struct view bytes,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    struct envelope *envelope = NULL;
    struct continuation continuation;
    struct ledger_counter counter;
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = continuation_verify(
            &continuation, envelope, study, roster, clock, diagnostic);
    if (status == STATUS_OK)
        status = ledger_get_counter(ledger, &study->id, &counter);
    envelope_destroy(envelope);
    if (status != STATUS_OK)
        return status;
    if (continuation.seen == counter.seen)
        return STATUS_OK; /* it is known */
    if (continuation.seen < counter.seen || continuation.seen > counter.found) {
        diagnostic_set(diagnostic, 0, 0,
            "study '%s' has %" PRId64 " pairs of near cohorts, and who signs "
            "says to have seen %" PRId64 ": look again with 'cohortium study "
            "continue'",
            study->name, counter.found, continuation.seen);
        return STATUS_OUT_OF_RANGE;
    }
    return write_continued(ledger, study, &continuation, bytes, clock->now);
}
