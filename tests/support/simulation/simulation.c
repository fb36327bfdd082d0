#include "tests/support/simulation/simulation.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/wire/message.h"
#include "tests/support/seeded_noise.h"

#define STREAM 10
#define CENTER_TICK_MS 500
#define OFFICE_STEP_MS 100 /* simulated; office_tick is asked that often */
#define SUBMIT_AGAIN_MS 1500
#define STORM_MS 12000 /* then the weather is fair */
#define LIMIT_MS 120000
#define TWICE_IN_A_JUMP 2

static void mix(struct simulation *simulation, const void *bytes, size_t size)
{
    uint8_t out[8], key[16] = {0};
    memcpy(key, &simulation->trace, sizeof simulation->trace);
    crypto_shorthash(out, bytes, size, key);
    memcpy(&simulation->trace, out, sizeof simulation->trace);
}

/* ---- clocks ---- */

static struct center_time clock_of(
    const struct simulation *simulation, size_t who)
{
    const struct party *party = &simulation->parties[who];
    return (struct center_time){
        WORLD_START + party->wall_jump + (int64_t)(simulation->now_ms / 1000),
        simulation->now_ms - party->born_ms + 1000};
}

struct office_clock simulation_office_clock(const struct simulation *simulation)
{
    const struct center_time now = clock_of(simulation, PARTY_OFFICE);
    return (struct office_clock){now.wall, now.monotonic_ms};
}

static void schedule(struct simulation *simulation, enum happening what,
    size_t who, uint64_t after_ms, uint64_t number)
{
    queue_put(&simulation->queue,
        (struct event){.at_ms = simulation->now_ms + after_ms,
            .what = what,
            .who = who,
            .number = number});
}

/* ---- parties ---- */

/* A reply waits: for the end of the work, which keeps the center from all else
 * for a while, or for its slot. */
static void await_slot(struct simulation *simulation, size_t who)
{
    struct party *party = &simulation->parties[who];
    const uint64_t due = center_release_ms(simulation->centers[who]);
    if (due == UINT64_MAX)
        return;
    uint64_t after = 0;
    if (due == 0) {
        after = seeded_below(
            seeded_once_in(8) ? 3 * CENTER_SLOT_MS : CENTER_SLOT_MS / 2);
        party->frozen_ms = simulation->now_ms + after;
    } else {
        after = due - clock_of(simulation, who).monotonic_ms;
    }
    if (party->release_ms == simulation->now_ms + after)
        return;
    party->release_ms = simulation->now_ms + after;
    schedule(simulation, RELEASE_CENTER, who, after, 0);
}

static void release_center(struct simulation *simulation, size_t who)
{
    const struct center_sink sink = simulation_sink(simulation);
    struct party *party = &simulation->parties[who];
    if (!center_runs(simulation->centers[who]))
        return;
    party->is_late = simulation->now_ms != party->release_ms;
    party->release_ms = 0;
    center_release(simulation->centers[who], clock_of(simulation, who), &sink);
    party->is_late = false;
    simulation_note_call(simulation, who);
    await_slot(simulation, who);
}

static void connect_center(struct simulation *simulation, size_t who)
{
    const struct center_sink sink = simulation_sink(simulation);
    simulation->parties[who].connections++;
    center_connect(simulation->centers[who], clock_of(simulation, who), &sink);
}

static void start_center(struct simulation *simulation, size_t who)
{
    if (center_runs(simulation->centers[who]))
        return;
    if (seeded_once_in(2)) /* the whole machine */
        simulation->parties[who].born_ms = simulation->now_ms;
    center_start(simulation->centers[who]);
    connect_center(simulation, who);
}

static void start_office(struct simulation *simulation)
{
    const struct office_setup setup = {.config = &simulation->config,
        .keys = simulation->world->cast.coordinator,
        .dictionary = simulation->world->cast.dictionary,
        .ledger = simulation->ledger,
        .ports = simulation_ports(simulation)};
    if (simulation->office != NULL)
        return;
    if (seeded_once_in(2))
        simulation->parties[PARTY_OFFICE].born_ms = simulation->now_ms;
    world_must(office_create(&simulation->office, &setup,
                   simulation_office_clock(simulation)),
        "office");
    /* Lines come up again, and nodes greet on each that does. */
    for (size_t i = 0; i < simulation->world->count; i++)
        if (center_runs(simulation->centers[i]))
            connect_center(simulation, i);
}

static void stop_office(struct simulation *simulation)
{
    office_destroy(simulation->office);
    simulation->office = NULL;
    simulation->dying = false;
}

/* ---- what happens ---- */

static void to_center(struct simulation *simulation, const struct event *event)
{
    struct center *center = simulation->centers[event->who];
    const struct center_time now = clock_of(simulation, event->who);
    const struct center_sink sink = simulation_sink(simulation);
    if (!center_runs(center) ||
        event->number != simulation->parties[event->who].connections)
        return;
    if (!seeded_once_in(simulation->weather.crash)) {
        simulation_note_call(simulation, event->who);
        center_receive(center, buffer_view(&event->message), now, &sink);
        await_slot(simulation, event->who);
        return;
    }
    center_receive(center, buffer_view(&event->message), now, NULL);
    center_stop(center);
    schedule(simulation, START_CENTER, event->who, 100 + seeded_below(2000), 0);
}

static void office_hears(struct simulation *simulation, const char *user,
    struct channel_route route, struct view body)
{
    /* dying: what it sends for this message is lost with it */
    simulation->dying = seeded_once_in(20 * simulation->weather.crash);
    office_receive(simulation->office, user, &route, body,
        simulation_office_clock(simulation));
    if (!simulation->dying)
        return;
    stop_office(simulation);
    schedule(
        simulation, START_OFFICE, PARTY_OFFICE, 100 + seeded_below(2000), 0);
}

static void to_office(struct simulation *simulation, const struct event *event)
{
    char user[CHANNEL_USER_MAX];
    snprintf(user, sizeof user, "center:center-%zu", event->who);
    if (simulation->office != NULL) {
        office_hears(simulation, user,
            simulation_route(event->who, event->number),
            buffer_view(&event->message));
    }
}

static void person_says(
    struct simulation *simulation, const struct message *message)
{
    char user[CHANNEL_USER_MAX], key[KEY_TEXT];
    struct buffer body;
    if (simulation->office == NULL)
        return;
    public_key_to_text(
        key, &keypair_identity(simulation->world->cast.researcher)->sign);
    snprintf(user, sizeof user, "person:%s", key);
    const struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .name = "cohortium simulated"};
    const struct message *const said[] = {&hello, message};
    for (int i = 0; simulation->office != NULL && i < 2; i++) {
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        world_must(message_encode(said[i], &body), "encode");
        office_hears(simulation, user, simulation_route(PARTY_PERSON, 0),
            buffer_view(&body));
        buffer_fini(&body);
    }
}

/* Asks, and asks what became of it until that is known: the office takes the
 * same question twice for one. */
static void submit(struct simulation *simulation, size_t which)
{
    struct simulated_query *query = &simulation->queries[which];
    const struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&query->envelope)};
    /* An office whose clock is before the study serves no researcher. */
    query->ended = query->ended || simulation_gives_up(simulation, query);
    if (query->ended)
        return;
    query->submits += simulation->office != NULL;
    person_says(simulation, &message);
    schedule(simulation, SUBMIT, which, SUBMIT_AGAIN_MS, 0);
}

static void tick_center(struct simulation *simulation, size_t who)
{
    struct center *center = simulation->centers[who];
    const struct center_time now = clock_of(simulation, who);
    const struct center_sink sink = simulation_sink(simulation);
    schedule(simulation, TICK_CENTER, who, CENTER_TICK_MS, 0);
    if (!center_runs(center))
        return;
    if (center_lost(center, now))
        connect_center(simulation, who);
    else
        center_tick(center, now, &sink);
}

static void tick_office(struct simulation *simulation)
{
    schedule(simulation, TICK_OFFICE, PARTY_OFFICE, OFFICE_STEP_MS, 0);
    if (simulation->office != NULL) {
        world_must(office_tick(
                       simulation->office, simulation_office_clock(simulation)),
            "office tick");
    }
}

static void crash_center(
    struct simulation *simulation, const struct event *event)
{
    center_stop(simulation->centers[event->who]);
    schedule(simulation, START_CENTER, event->who, event->number, 0);
}

static void crash_office(
    struct simulation *simulation, const struct event *event)
{
    stop_office(simulation);
    schedule(simulation, START_OFFICE, PARTY_OFFICE, event->number, 0);
}

static void jump(struct party *party, uint64_t seconds)
{
    party->wall_jump +=
        seeded_once_in(TWICE_IN_A_JUMP) ? (int64_t)seconds : -(int64_t)seconds;
}

static void happen(struct simulation *simulation, const struct event *event)
{
    struct party *party = &simulation->parties[event->who];
    switch (event->what) {
    case TO_CENTER: to_center(simulation, event); break;
    case TO_OFFICE: to_office(simulation, event); break;
    case TICK_CENTER: tick_center(simulation, event->who); break;
    case TICK_OFFICE: tick_office(simulation); break;
    case RELEASE_CENTER: release_center(simulation, event->who); break;
    case SUBMIT: submit(simulation, event->who); break;
    case CRASH_CENTER: crash_center(simulation, event); break;
    case START_CENTER: start_center(simulation, event->who); break;
    case CRASH_OFFICE: crash_office(simulation, event); break;
    case START_OFFICE: start_office(simulation); break;
    case CUT_LINE: party->cut_ms = simulation->now_ms + event->number; break;
    case FREEZE: party->frozen_ms = simulation->now_ms + event->number; break;
    case JUMP: jump(party, event->number); break;
    }
}

/* Whose process does it; the researcher and the weather do not freeze. */
static const struct party *actor_of(
    const struct simulation *simulation, const struct event *event)
{
    switch (event->what) {
    case TO_CENTER:
    case RELEASE_CENTER:
    case TICK_CENTER: return &simulation->parties[event->who];
    case TO_OFFICE:
    case TICK_OFFICE:
    case SUBMIT: return &simulation->parties[PARTY_OFFICE];
    default: return NULL;
    }
}

/* The storm is over: everything runs, nothing more goes wrong. */
static void calm(struct simulation *simulation)
{
    simulation->weather =
        (struct weather){.fair = simulation->weather.fair, .delay_ms = 20};
    for (size_t i = 0; i <= WORLD_CENTERS_MAX; i++)
        simulation->parties[i].cut_ms = simulation->parties[i].frozen_ms = 0;
    start_office(simulation);
    for (size_t i = 0; i < simulation->world->count; i++)
        start_center(simulation, i);
}

static bool is_over(const struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->query_count; i++)
        if (!simulation->queries[i].ended)
            return false;
    return simulation->office != NULL &&
           office_open_sessions(simulation->office) == 0;
}

static void step(struct simulation *simulation)
{
    struct event event = queue_take(&simulation->queue);
    const struct party *actor = actor_of(simulation, &event);
    simulation->now_ms = event.at_ms;
    if (actor != NULL && simulation->now_ms < actor->frozen_ms) {
        event.at_ms = actor->frozen_ms;
        queue_put(&simulation->queue, event);
        return;
    }
    const uint64_t facts[] = {event.at_ms, event.what, event.who};
    mix(simulation, facts, sizeof facts);
    mix(simulation, event.message.data, event.message.size);
    happen(simulation, &event);
    buffer_fini(&event.message);
}

/* ---- from birth to end ---- */

static void make_queries(struct simulation *simulation, uint64_t seed)
{
    simulation->query_count = 1;
    if (simulation->world->count <= WORLD_SMALL)
        simulation->query_count += seeded_below(SIMULATION_QUERIES);
    for (size_t i = 0; i < simulation->query_count; i++) {
        struct simulated_query *query = &simulation->queries[i];
        query->kind = (i + seed) % simulation->world->kinds;
        world_query(simulation->world, query->kind, (uint32_t)(seed + i),
            &query->envelope, &query->id);
        watch_add_query(&simulation->watch, &query->id, query->kind);
        schedule(simulation, SUBMIT, i, 1000 + seeded_below(3000), 0);
    }
}

static void begin(struct simulation *simulation, uint64_t seed, size_t centers,
    const enum study_privacy *privacy)
{
    memset(simulation, 0, sizeof *simulation);
    /* the world first: it draws from a stream of its own */
    simulation->world = world_get(simulation_terms(seed, centers, privacy));
    seeded_start_noise(STREAM, seed);
    queue_init(&simulation->queue);
    weather_draw(simulation);
    config_default(&simulation->config);
    simulation->config.deadline_ms = 10000;
    simulation->config.heartbeat_ms = 2000;
    for (size_t i = 0; i < simulation->world->count; i++)
        simulation->centers[i] = center_create(simulation->world, i);
    watch_init(&simulation->watch, simulation->world, simulation->centers);
    simulation_fill_ledger(simulation);
    start_office(simulation);
    for (size_t i = 0; i < simulation->world->count; i++) {
        start_center(simulation, i);
        schedule(simulation, TICK_CENTER, i, seeded_below(CENTER_TICK_MS), 0);
    }
    schedule(simulation, TICK_OFFICE, PARTY_OFFICE, 0, 0);
    make_queries(simulation, seed);
    weather_plan(simulation, STORM_MS);
}

static void end(struct simulation *simulation)
{
    stop_office(simulation);
    ledger_close(simulation->ledger);
    watch_fini(&simulation->watch);
    for (size_t i = 0; i < simulation->world->count; i++)
        center_destroy(simulation->centers[i]);
    for (size_t i = 0; i < simulation->query_count; i++)
        buffer_fini(&simulation->queries[i].envelope);
    queue_fini(&simulation->queue);
}

void simulation_run(uint64_t seed, size_t centers,
    const enum study_privacy *privacy, struct simulation_outcome *outcome)
{
    static struct simulation simulation; /* large for a stack */
    bool stormy = true;
    begin(&simulation, seed, centers, privacy);
    while (!is_over(&simulation) && simulation.now_ms < LIMIT_MS) {
        if (stormy && simulation.now_ms >= STORM_MS) {
            calm(&simulation);
            stormy = false;
        }
        step(&simulation);
    }
    if (!is_over(&simulation))
        world_fail("a question did not end");
    simulation_check(&simulation);
    *outcome = (struct simulation_outcome){.trace = simulation.trace,
        .messages = simulation.watch.messages,
        .votes = simulation.watch.votes,
        .reveals = simulation.watch.reveals,
        .queries = simulation.query_count,
        .answered = simulation.answered,
        .failed = simulation.failed,
        .privacy = simulation.world->privacy,
        .fair = simulation.weather.fair};
    end(&simulation);
}
