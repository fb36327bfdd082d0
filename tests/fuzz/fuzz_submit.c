/* What people and centers hand in at the office: a study, approvals, an opt-in
 * or a query is any text, with the signatures that it takes. The first byte
 * says which. What comes of it is asked of honest centers, to the end. */
#include "coordinator/ledger_internal.h"
#include "protocol/wire/log.h"
#include "tests/fuzz/fuzz_damage.h"
#include "tests/fuzz/fuzz_documents.h"

#include "coordinator_fixture.h"

enum piece { PART_STUDY, PART_APPROVAL, PART_OPT_IN, PART_QUERY, PART_COUNT };

static const char opt_in[] =
    "{\"cohortium\":\"opt-in\",\"study\":\"@S\",\"center\":\"center-0\","
    "\"roster\":\"test\",\"decision\":\"in\",\"sequence\":2,"
    "\"date\":\"2027-01-14T08:00:00Z\"}";

static struct fixture fixture;
static sqlite3 *whole;
static struct view honest[PART_COUNT];
static struct document_ids known;

static void set_up(void)
{
    struct buffer query;
    log_set_level(LOG_ERROR);
    fixture_create(&fixture);
    fixture_open_ready(&fixture);
    fixture_close(&fixture);
    whole = damage_keep(fixture.ledger->database);
    fixture_make_query(&fixture, &query, &known.query, 20);
    known.study = fixture.study_id;
    known.roster = fixture.roster_id;
    known.dictionary = fixture.cast.dictionary->digest;
    honest[PART_STUDY] = document_text(buffer_view(&fixture.study), &known);
    honest[PART_APPROVAL] =
        document_text(buffer_view(&fixture.approvals[0]), &known);
    honest[PART_OPT_IN] = view_of_text(opt_in);
    honest[PART_QUERY] = document_text(buffer_view(&query), &known);
    buffer_fini(&query);
}

static void submit_study(const struct view *texts, struct document_ids *ids)
{
    struct buffer study, approvals[2];
    document_write(&study, &ids->study, TYPE_STUDY, texts[PART_STUDY], ids,
        fixture.cast.researcher);
    struct message message = {.type = MESSAGE_SUBMIT_STUDY,
        .study = buffer_view(&study),
        .document_count = 2};
    for (size_t i = 0; i < 2; i++) {
        document_write(&approvals[i], NULL, TYPE_APPROVAL, texts[PART_APPROVAL],
            ids, fixture.cast.committee[i]);
        message.documents[i] = buffer_view(&approvals[i]);
    }
    fixture_from_person(
        &fixture, fixture.cast.committee[0], ROUTE_MEMBER, &message);
    buffer_fini(&study);
    for (size_t i = 0; i < 2; i++)
        buffer_fini(&approvals[i]);
}

static void decide(const struct view *texts, const struct document_ids *ids)
{
    struct buffer bytes;
    document_write(&bytes, NULL, TYPE_OPT_IN, texts[PART_OPT_IN], ids,
        fixture.cast.centers[0]);
    const struct message message = {
        .type = MESSAGE_OPT_IN, .document = buffer_view(&bytes)};
    fixture_from_center(&fixture, 0, &message);
    buffer_fini(&bytes);
}

/* A result is of a query that was asked; false: there is none. */
static bool submit_query(const struct view *texts, struct document_ids *ids)
{
    struct buffer query;
    document_write(&query, &ids->query, TYPE_QUERY, texts[PART_QUERY], ids,
        fixture.cast.researcher);
    fixture_submit_query(&fixture, &query);
    buffer_fini(&query);
    for (size_t i = 0; i < CENTERS; i++) {
        if (fixture_last(&fixture, ROUTE_CENTER + (int)i, MESSAGE_OPEN) != NULL)
            fixture_answer(&fixture, i, 60);
    }
    fixture_wait(&fixture, 1000);
    fixture_wait(&fixture, 60000);
    json_t *result = fixture_result(&fixture);
    const bool answered = result != NULL;
    REQUIRE(!answered || json_is_array(json_object_get(result, "results")));
    json_decref(result);
    return answered;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view texts[PART_COUNT];
    if (whole == NULL)
        set_up();
    if (size == 0)
        return 0;
    memcpy(texts, honest, sizeof texts);
    if (size > 1)
        texts[data[0] % PART_COUNT] = fuzz_view(data + 1, size - 1);
    damage_copy(fixture.ledger->database, whole);
    fixture.ledger->head.sequence = -1;
    fixture.now = (struct office_clock){NOW + 10, 20000};
    fixture_open(&fixture);
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(&fixture, i);
    struct document_ids ids = known;
    submit_study(texts, &ids);
    decide(texts, &ids);
    REQUIRE(submit_query(texts, &ids) || size > 1);
    fixture_close(&fixture);
    fixture_forget(&fixture);
    return 0;
}
