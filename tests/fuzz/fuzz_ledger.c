/* An office that starts on a ledger that somebody damaged: one question is
 * open, with some of its replies on disk, another is answered. Whatever became
 * of the rows, the office starts or says why not; a result that it signs says
 * what the centers that it names gave, and a register that reads differently
 * does not pass for whole. */
#include "coordinator/ledger_internal.h"
#include "protocol/wire/log.h"
#include "tests/fuzz/fuzz_damage.h"

#include "coordinator_fixture.h"

#define DAMAGES                                                                \
    2 /* more could make one row out of another's, digest and all              \
       */
#define ENTRIES_MAX 64

static const struct damage_column columns[] = {{"roster", "version", NULL},
    {"roster", "id", NULL}, {"roster", "envelope", NULL}, {"study", "id", NULL},
    {"study", "envelope", NULL}, {"study", "added", NULL},
    {"approval", "study", NULL}, {"approval", "envelope", NULL},
    {"opt_in", "study", NULL}, {"opt_in", "center", NULL},
    {"opt_in", "decision", NULL}, {"opt_in", "sequence", NULL},
    {"query", "id", NULL}, {"query", "study", NULL},
    {"query", "study_name", NULL}, {"query", "question", NULL},
    {"query", "researcher", NULL}, {"query", "state", NULL},
    {"query", "submitted", NULL}, {"query", "finished", NULL},
    {"query", "failure", NULL}, {"query", "reason", NULL},
    {"query", "envelope", NULL}, {"session", "query", NULL},
    {"session", "header_id", NULL}, {"session", "header", NULL},
    {"session", "deadline", NULL}, {"reply", "query", NULL},
    {"reply", "center", NULL}, {"reply", "state", NULL},
    {"reply", "note", NULL}, {"reply", "digest", NULL},
    {"reply", "vector", NULL}, {"reply", "time", NULL},
    {"result", "query", NULL}, {"result", "id", NULL},
    {"result", "envelope", NULL}, {"presence", "center", NULL},
    {"presence", "last_seen", NULL}, {"register", "sequence", NULL},
    {"register", "time", NULL}, {"register", "kind", NULL},
    {"register", "subject", NULL}, {"register", "detail", NULL},
    {"register", "previous", NULL}, {"register", "digest", NULL}};

/* People of each center: every set of centers has its own sum. */
static const uint32_t people[CENTERS] = {11, 22, 44, 88, 176};

static struct fixture fixture;
static sqlite3 *whole;
static struct digest open_id, answered_id;

/* ---- the register, as it is read ---- */

struct entries {
    size_t count;
    struct ledger_entry items[ENTRIES_MAX];
};

static struct entries entries;

static enum status add_entry(void *arg, const struct ledger_entry *entry)
{
    struct entries *list = arg;
    if (list->count < ENTRIES_MAX)
        list->items[list->count++] = *entry;
    return STATUS_OK;
}

static bool same_entry(
    const struct ledger_entry *a, const struct ledger_entry *b)
{
    return a->sequence == b->sequence && a->time == b->time &&
           strcmp(a->kind, b->kind) == 0 && strcmp(a->detail, b->detail) == 0 &&
           digest_equal(&a->subject, &b->subject) &&
           digest_equal(&a->previous, &b->previous) &&
           digest_equal(&a->digest, &b->digest);
}

/* Only a cut at the end does not show. */
static void check_register(void)
{
    struct entries now = {.count = 0};
    struct ledger_entry last;
    bool same =
        ledger_visit_register(fixture.ledger, add_entry, &now) == STATUS_OK &&
        now.count <= entries.count;
    for (size_t i = 0; same && i < now.count; i++)
        same = same_entry(&now.items[i], &entries.items[i]);
    REQUIRE(
        (ledger_verify_register(fixture.ledger, &last) == STATUS_OK) == same);
}

/* ---- the questions ---- */

static void answer(size_t center)
{
    const int route = ROUTE_CENTER + (int)center;
    if (fixture_last(&fixture, route, MESSAGE_OPEN) != NULL)
        fixture_answer(&fixture, center, people[center]);
}

static void ask(int number, struct digest *id)
{
    struct buffer query;
    fixture_make_query(&fixture, &query, id, number);
    fixture_submit_query(&fixture, &query);
    buffer_fini(&query);
}

static void set_up(void)
{
    fixture_create(&fixture);
    fixture_open_ready(&fixture);
    ask(20, &answered_id);
    for (size_t i = 0; i < CENTERS; i++)
        answer(i);
    ask(21, &open_id);
    answer(0);
    answer(1);
    fixture_refuse(&fixture, 2);
    fixture_wait(&fixture, 2000);
    fixture_close(&fixture);
    fixture_forget(&fixture);
    must(ledger_visit_register(fixture.ledger, add_entry, &entries));
    whole = damage_keep(fixture.ledger->database);
    REQUIRE(sqlite3_exec(whole,
                "DROP TRIGGER register_update; DROP TRIGGER register_delete",
                NULL, NULL, NULL) == SQLITE_OK);
}

/* ---- what is believed ---- */

/* The people of the centers that the result names. */
static json_int_t people_of(const json_t *result)
{
    json_int_t sum = 0;
    size_t at;
    json_t *name;
    json_array_foreach(
        json_object_get(json_object_get(result, "center_report"), "answered"),
        at, name) sum +=
        people[json_string_value(name)[strlen("center-")] - '0'];
    return sum;
}

/* By sex: count's entries are the first two. */
static json_int_t counted(const json_t *result)
{
    const json_t *list = json_object_get(result, "results");
    json_int_t sum = 0;
    for (size_t i = 0; i < 2; i++)
        sum +=
            json_integer_value(json_object_get(json_array_get(list, i), "n"));
    return sum;
}

static void check_payload(const struct envelope *envelope, const char *id)
{
    json_t *result = json_loadb(
        (const char *)envelope->payload.data, envelope->payload.size, 0, NULL);
    const char *of = json_string_value(json_object_get(result, "query_id"));
    REQUIRE(of != NULL);
    if (strcmp(of, id) == 0)
        REQUIRE(people_of(result) > 0 && counted(result) == people_of(result));
    json_decref(result);
}

/* As the client looks at it. */
static void check_result(const struct message *message, const struct digest *id)
{
    struct envelope *envelope = NULL;
    char text[DIGEST_TEXT];
    digest_to_text(text, id);
    if (envelope_decode(&envelope, message->document) != STATUS_OK)
        return;
    if (envelope_verify(envelope, TYPE_RESULT,
            &keypair_identity(fixture.cast.coordinator)->sign) == STATUS_OK)
        check_payload(envelope, text);
    envelope_destroy(envelope);
}

static bool fetch(const struct digest *id)
{
    const struct message question = {.type = MESSAGE_ASK_RESULT, .id = *id};
    fixture_forget(&fixture);
    fixture_from_person(
        &fixture, fixture.cast.researcher, ROUTE_RESEARCHER, &question);
    const struct message *result =
        fixture_last(&fixture, ROUTE_RESEARCHER, MESSAGE_RESULT);
    if (result != NULL)
        check_result(result, id);
    return result != NULL;
}

/* What is open goes on: centers come back, and answer what they are asked. */
static void go_on(void)
{
    for (size_t i = 0; i < CENTERS; i++) {
        fixture_hello(&fixture, i);
        answer(i);
    }
    for (int i = 0; i < 4; i++) {
        fixture.now.monotonic_ms += 10000;
        fixture.now.wall += 10;
        (void)office_tick(fixture.office, fixture.now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool sound; /* the first input, whatever it is, damages nothing */
    if (whole == NULL)
        set_up();
    damage_copy(fixture.ledger->database, whole);
    fixture.ledger->head.sequence = -1;
    fixture.now = (struct office_clock){NOW + 10, 20000};
    if (sound)
        damage(fixture.ledger->database, columns,
            sizeof columns / sizeof columns[0], DAMAGES, data, size);
    check_register();
    log_set_level(LOG_ERROR);
    const enum status status = fixture_try_open(&fixture);
    REQUIRE(sound || status == STATUS_OK);
    if (status == STATUS_OK) {
        go_on();
        const bool first = fetch(&open_id), second = fetch(&answered_id);
        REQUIRE(sound || (first && second));
    }
    fixture_close(&fixture);
    fixture_forget(&fixture);
    sound = true;
    return 0;
}
