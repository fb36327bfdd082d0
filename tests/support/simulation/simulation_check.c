#include <string.h>

#include "coordinator/ledger.h"
#include "tests/support/simulation/simulation.h"

/* What the ledger says of one question. */
struct ledger_says {
    bool known;
    enum query_state state;
};

static enum status note_state(void *arg, const struct ledger_query *query)
{
    struct ledger_says *says = arg;
    *says = (struct ledger_says){true, query->state};
    return STATUS_OK;
}

/* Who is in the sum; how many. */
static size_t read_answered(
    const struct simulation *simulation, const json_t *result, bool *in)
{
    const json_t *names =
        json_object_get(json_object_get(result, "center_report"), "answered");
    size_t i;
    json_t *name;
    memset(in, 0, simulation->world->count * sizeof *in);
    json_array_foreach(names, i, name)
    {
        const size_t at =
            world_find(simulation->world, json_string_value(name));
        WORLD_REQUIRE(at < simulation->world->count && !in[at]);
        in[at] = true;
    }
    return json_array_size(names);
}

/* The released answer, verified, as JSON. */
static json_t *load_result(
    struct simulation *simulation, const struct digest *query)
{
    struct buffer bytes;
    struct digest id;
    struct envelope *envelope = NULL;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    world_must(
        ledger_get_result(simulation->ledger, query, &id, &bytes), "result");
    world_must(envelope_decode(&envelope, buffer_view(&bytes)), "result");
    world_must(
        envelope_verify(envelope, TYPE_RESULT,
            &keypair_identity(simulation->world->cast.coordinator)->sign),
        "signature of a result");
    json_t *result = json_loadb(
        (const char *)envelope->payload.data, envelope->payload.size, 0, NULL);
    WORLD_REQUIRE(result != NULL);
    envelope_destroy(envelope);
    buffer_fini(&bytes);
    return result;
}

static struct digest session_of(
    struct simulation *simulation, const struct digest *query)
{
    struct buffer bytes;
    struct envelope *envelope = NULL;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    world_must(
        ledger_get_session(simulation->ledger, query, &bytes), "session");
    world_must(envelope_decode(&envelope, buffer_view(&bytes)), "session");
    const struct digest header = envelope_id(envelope);
    envelope_destroy(envelope);
    buffer_fini(&bytes);
    return header;
}

/* Enough of those whose figures are in the sum wrote down that they gave them,
 * in that session; and nobody else did. Where figures are not masked all did,
 * and an answer may have been lost on its way. */
static void check_stores_agree(
    struct simulation *simulation, size_t which, const bool *in, size_t count)
{
    const struct watch_query *watched = &simulation->watch.queries[which];
    const struct digest *query = &simulation->queries[which].id;
    const struct digest header = session_of(simulation, query);
    const bool masked = study_is_masked(simulation->world->privacy);
    const size_t needed = masked ? masking_threshold(count) : count;
    size_t voted = 0, revealed = 0;
    for (size_t i = 0; i < simulation->world->count; i++) {
        struct digest recorded;
        struct buffer vector;
        buffer_init(&vector, BUFFER_LIMIT_DEFAULT);
        const bool wrote =
            center_answered(simulation->centers[i], query, &recorded, &vector);
        buffer_fini(&vector);
        if (masked && wrote && digest_equal(&recorded, &header) && !in[i])
            world_fail("center %zu gave figures that are not in the sum", i);
        voted += wrote && digest_equal(&recorded, &header);
        revealed += watched->revealed[i];
    }
    if (voted < needed || (masked && revealed < needed))
        world_fail("a result of %zu votes and %zu reveals where %zu are needed",
            voted, revealed, needed);
}

/* With noise: what each of them gave, from its store; false when one has not
 * written it down, for it never voted. */
static bool read_given(struct simulation *simulation,
    const struct digest *query, const bool *in, struct buffer *vectors)
{
    bool all = true;
    for (size_t i = 0; i < simulation->world->count; i++) {
        struct digest header;
        buffer_init(&vectors[i], BUFFER_LIMIT_DEFAULT);
        if (in[i] && !center_answered(
                         simulation->centers[i], query, &header, &vectors[i]))
            all = false;
    }
    return all;
}

/* NULL: it cannot be known. */
static json_t *expect_results(
    struct simulation *simulation, size_t which, const bool *in)
{
    const struct world *world = simulation->world;
    const struct simulated_query *query = &simulation->queries[which];
    struct buffer vectors[WORLD_SMALL];
    struct view given[WORLD_SMALL];
    json_t *expected = NULL;
    if (world->privacy != PRIVACY_NOISE)
        return world_results(world, query->kind, in, NULL);
    WORLD_REQUIRE(world->count <= WORLD_SMALL);
    const bool all = read_given(simulation, &query->id, in, vectors);
    if (!all && simulation->weather.fair)
        world_fail("fair weather, and a center has not voted");
    for (size_t i = 0; i < world->count; i++)
        given[i] = buffer_view(&vectors[i]);
    if (all)
        expected = world_results(world, query->kind, in, given);
    for (size_t i = 0; i < world->count; i++)
        buffer_fini(&vectors[i]);
    return expected;
}

static void check_answer(struct simulation *simulation, size_t which)
{
    bool in[WORLD_CENTERS_MAX];
    const struct simulated_query *query = &simulation->queries[which];
    const struct world *world = simulation->world;
    json_t *result = load_result(simulation, &query->id);
    const size_t count = read_answered(simulation, result, in);
    json_t *expected = expect_results(simulation, which, in);
    const json_t *results = json_object_get(result, "results");
    if (count < (size_t)world->min_centers)
        world_fail("a sum of fewer centers than the study wants");
    if (expected != NULL && !json_equal(results, expected)) {
        world_fail("query %zu: %s instead of %s", which,
            json_dumps(results, JSON_COMPACT),
            json_dumps(expected, JSON_COMPACT));
    }
    if (simulation->weather.fair && count != world->count)
        world_fail("fair weather, and a center is missing");
    check_stores_agree(simulation, which, in, count);
    json_decref(expected);
    json_decref(result);
    simulation->answered++;
}

static void check_query(struct simulation *simulation, size_t which)
{
    const struct digest *query = &simulation->queries[which].id;
    struct ledger_says says = {false, QUERY_OPEN};
    struct digest id;
    struct buffer bytes;
    enum status status =
        ledger_find_query(simulation->ledger, query, note_state, &says);
    WORLD_REQUIRE(status == STATUS_OK || status == STATUS_NOT_FOUND);
    if (says.known && says.state == QUERY_OPEN)
        world_fail("query %zu is open for ever", which);
    if (says.known && says.state == QUERY_ANSWERED) {
        check_answer(simulation, which);
        return;
    }
    if (simulation->weather.fair)
        world_fail("fair weather, and query %zu was not answered", which);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    status = ledger_get_result(simulation->ledger, query, &id, &bytes);
    WORLD_REQUIRE(status == STATUS_NOT_FOUND);
    buffer_fini(&bytes);
    simulation->failed++;
}

struct releases {
    size_t count;
};

static enum status count_release(void *arg, const struct ledger_entry *entry)
{
    struct releases *releases = arg;
    releases->count += strcmp(entry->kind, "result_released") == 0;
    return STATUS_OK;
}

/* Both logs are whole, and say no less than what happened. */
static void check_logs(struct simulation *simulation)
{
    struct ledger_entry last;
    struct releases releases = {0};
    world_must(ledger_verify_register(simulation->ledger, &last), "register");
    world_must(
        ledger_visit_register(simulation->ledger, count_release, &releases),
        "register");
    WORLD_REQUIRE(releases.count == simulation->answered);
    for (size_t i = 0; i < simulation->world->count; i++) {
        size_t revealed = 0, voted = 0;
        for (size_t q = 0; q < simulation->query_count; q++) {
            revealed += simulation->watch.queries[q].revealed[i];
            voted += simulation->watch.queries[q].voted[i];
        }
        struct center *center = simulation->centers[i];
        WORLD_REQUIRE(center_count_events(center, "revealed") >= revealed);
        WORLD_REQUIRE(center_count_events(center, "answered") >= voted);
    }
}

void simulation_check(struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->query_count; i++)
        check_query(simulation, i);
    check_logs(simulation);
}
