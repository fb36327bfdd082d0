#include "node/refusal.h"

#include "node/audit.h"
#include "protocol/query/query.h"

/* Days since 1970, also for the seconds before. */
static int64_t day_of(int64_t seconds)
{
    return seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
}

static enum status record_count(struct store *store, const struct keypair *keys,
    int64_t now, const struct store_counted *kind)
{
    char person[KEY_TEXT], day[TIME_TEXT];
    if (kind->times <= REFUSALS_A_DAY)
        return STATUS_OK;
    public_key_to_text(person, &kind->person);
    time_text(day, kind->day * DAY_SECONDS);
    return audit_record(store, keys, now, "refused_more", &kind->study,
        "%s: %lld more of key %s on %.10s", status_name(kind->reason),
        (long long)(kind->times - REFUSALS_A_DAY), person, day);
}

static enum status settle(
    struct store *store, const struct keypair *keys, int64_t now)
{
    struct store_counted kind;
    enum status status;
    while (
        (status = store_take_counted(store, day_of(now), &kind)) == STATUS_OK) {
        status = record_count(store, keys, now, &kind);
        if (status != STATUS_OK)
            return status;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status refusal_settle(
    struct store *store, const struct keypair *keys, int64_t now)
{
    enum status status = store_begin(store);
    if (status != STATUS_OK)
        return status;
    status = settle(store, keys, now);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

enum status refusal_record(struct store *store, const struct keypair *keys,
    int64_t now, const struct refusal *refusal)
{
    struct store_counted kind = {.day = day_of(now),
        .person = refusal->person,
        .reason = refusal->reason};
    bool known = false;
    int64_t times = 0;
    enum status status = settle(store, keys, now);
    if (status == STATUS_OK)
        status = store_study_known(store, &refusal->study, &known);
    if (known)
        kind.study = refusal->study;
    if (status == STATUS_OK)
        status = store_count_refusal(store, &kind, &times);
    return status == STATUS_OK && times <= REFUSALS_A_DAY
               ? audit_record(store, keys, now, refusal->event,
                     refusal->subject, "%s", refusal->detail)
               : status;
}

enum status refusal_count_to_lock(struct store *store,
    const struct refusal *refusal, int64_t many, int64_t now)
{
    const struct digest *study = &refusal->study;
    struct store_lock lock;
    bool known;
    enum status status = store_study_known(store, study, &known);
    if (status != STATUS_OK || !known)
        return status;
    status = store_find_lock(store, study, many, DAY_SECONDS, now, &lock);
    if (status != STATUS_OK || lock.locked)
        return status;
    status = store_drop_refusals(store, study, now - DAY_SECONDS);
    return status == STATUS_OK ? store_put_refusal(store, study,
                                     status_name(refusal->reason), now)
                               : status;
}
