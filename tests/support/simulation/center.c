#include "tests/support/simulation/center.h"

#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/freeze.h"
#include "node/session.h"

struct center {
    const struct world *world;
    size_t number;
    struct store *store;
    struct session *session;
    struct outbox outbox;
};

static struct session_setup setup_of(const struct center *center)
{
    return (struct session_setup){
        .keys = center->world->centers[center->number],
        .dictionary = center->world->cast.dictionary,
        .store = center->store,
        .threads = 1,
        .refusals_to_lock = 1000,
        .reply_slot_ms = CENTER_SLOT_MS,
        .yearly_rho_nano = NANO};
}

static void put_rows(struct center *center)
{
    int64_t number;
    world_must(store_begin(center->store), "rows");
    for (size_t r = 0; r < world_row_count(center->world, center->number);
         r++) {
        int32_t codes[WORLD_VARIABLES];
        int64_t replaced;
        world_row(center->world, center->number, r, codes);
        const struct store_row row = {.codes = codes};
        world_must(store_put_row(center->store, &row, &replaced), "row");
    }
    world_must(store_commit(center->store), "rows");
    world_must(
        freeze_make(center->store, center->world->centers[center->number],
            WORLD_START, &number),
        "freeze");
}

static void put_documents(struct center *center)
{
    const struct world *world = center->world;
    const struct session_setup setup = setup_of(center);
    world_must(store_put_roster(center->store, 1, buffer_view(&world->roster)),
        "roster");
    world_must(store_put_study(center->store, &world->study_id, "first",
                   buffer_view(&world->study), WORLD_START),
        "study");
    for (size_t i = 0; i < COMMITTEE; i++) {
        world_must(store_put_approval(center->store, &world->study_id,
                       buffer_view(&world->approvals[i])),
            "approval");
    }
    world_must(decision_record(
                   &setup, &world->study_id, "test", true, "", WORLD_START),
        "decision");
}

struct center *center_create(const struct world *world, size_t number)
{
    struct center *center = calloc(1, sizeof *center);
    WORLD_REQUIRE(center != NULL);
    center->world = world;
    center->number = number;
    world_must(store_open(&center->store, ":memory:", world->cast.dictionary),
        "store");
    put_rows(center);
    put_documents(center);
    return center;
}

void center_destroy(struct center *center)
{
    if (center == NULL)
        return;
    center_stop(center);
    store_close(center->store);
    free(center);
}

void center_start(struct center *center)
{
    const struct session_setup setup = setup_of(center);
    WORLD_REQUIRE(center->session == NULL);
    world_must(session_create(&center->session, &setup), "session");
}

void center_stop(struct center *center)
{
    session_destroy(center->session);
    center->session = NULL;
}

bool center_runs(const struct center *center)
{
    return center->session != NULL;
}

/* ---- messages ---- */

static struct session_time time_of(struct center_time now)
{
    return (struct session_time){now.wall, now.monotonic_ms};
}

/* A node that fails by itself (disk, memory) has no reason to here. */
static void say_all(
    struct center *center, enum status status, const struct center_sink *sink)
{
    world_must(status, "a node failed");
    for (size_t i = 0; sink != NULL && i < center->outbox.count; i++)
        sink->say(sink->arg, center->number,
            buffer_view(&center->outbox.messages[i]));
    outbox_clear(&center->outbox);
}

void center_connect(struct center *center, struct center_time now,
    const struct center_sink *sink)
{
    say_all(center,
        session_connected(center->session, time_of(now), &center->outbox),
        sink);
}

void center_receive(struct center *center, struct view message,
    struct center_time now, const struct center_sink *sink)
{
    say_all(center,
        session_receive(
            center->session, message, time_of(now), &center->outbox),
        sink);
}

void center_tick(struct center *center, struct center_time now,
    const struct center_sink *sink)
{
    say_all(center,
        session_tick(center->session, time_of(now), &center->outbox), sink);
}

void center_release(struct center *center, struct center_time now,
    const struct center_sink *sink)
{
    say_all(center,
        session_release(center->session, time_of(now), &center->outbox), sink);
}

uint64_t center_release_ms(const struct center *center)
{
    return session_release_ms(center->session);
}

bool center_lost(const struct center *center, struct center_time now)
{
    return session_lost(center->session, time_of(now));
}

/* ---- what its store says ---- */

bool center_answered(struct center *center, const struct digest *query,
    struct digest *header, struct buffer *vector)
{
    struct store_answer answer;
    enum status status =
        store_find_answer(center->store, query, &answer, vector);
    if (status == STATUS_OK)
        *header = answer.header;
    if (status != STATUS_NOT_FOUND)
        world_must(status, "answer");
    return status == STATUS_OK;
}

int64_t center_spent_nano(struct center *center)
{
    int64_t nano;
    world_must(
        store_sum_charges(center->store, &center->world->study_id, 0, &nano),
        "charges");
    return nano;
}

struct counting {
    const char *event;
    size_t count;
};

static enum status count_event(void *arg, const struct store_record *record)
{
    struct counting *counting = arg;
    counting->count += strcmp(record->event, counting->event) == 0;
    return STATUS_OK;
}

size_t center_count_events(struct center *center, const char *event)
{
    struct counting counting = {event, 0};
    struct audit_finding finding;
    const struct keypair *keys = center->world->centers[center->number];
    world_must(
        audit_verify(center->store, &keypair_identity(keys)->sign, &finding),
        "audit");
    if (finding.problem[0] != '\0')
        world_fail("center %zu: audit: %s", center->number, finding.problem);
    world_must(
        store_audit_visit(center->store, 1, count_event, &counting), "audit");
    return counting.count;
}
