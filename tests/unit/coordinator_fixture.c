#include "coordinator_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/wire/log.h"

struct channel_route fixture_route(int first)
{
    return (struct channel_route){.bytes = {(uint8_t)first}, .size = 5};
}

void fixture_sign(struct buffer *out, struct digest *id, const char *type,
    const char *payload, const struct keypair *keys)
{
    struct envelope *envelope = NULL;
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_create(&envelope, type, view_of_text(payload)));
    must(envelope_sign(envelope, keys));
    must(envelope_encode(envelope, out));
    if (id != NULL)
        *id = envelope_id(envelope);
    envelope_destroy(envelope);
}

static void sign_more(
    struct buffer *envelope_text, struct keypair *const *keys, size_t count)
{
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, buffer_view(envelope_text)));
    for (size_t i = 0; i < count; i++)
        must(envelope_sign(envelope, keys[i]));
    buffer_clear(envelope_text);
    must(envelope_encode(envelope, envelope_text));
    envelope_destroy(envelope);
}

void fixture_make_roster(struct fixture *fixture, struct buffer *out,
    int version, size_t centers, size_t signers)
{
    json_t *roster = cast_roster(&fixture->cast, version, centers);
    char *text = json_dumps(roster, JSON_COMPACT);
    json_decref(roster);
    fixture_sign(out, NULL, TYPE_ROSTER, text, fixture->cast.committee[0]);
    sign_more(out, fixture->cast.committee, signers);
    free(text);
}

void fixture_make_study(struct fixture *fixture, struct buffer *out,
    const char *name, int min_centers)
{
    json_t *study = cast_study(&fixture->cast, name, min_centers);
    json_array_append_new(
        json_object_get(study, "analyses"), json_string("glm"));
    char *text = json_dumps(study, JSON_COMPACT);
    json_decref(study);
    fixture_sign(out, NULL, TYPE_STUDY, text, fixture->cast.researcher);
    free(text);
}

void fixture_make_approval(struct fixture *fixture, struct buffer *out,
    const struct digest *study_id, const struct keypair *member, bool approve)
{
    struct approval approval = {.study_id = *study_id,
        .approve = approve,
        .scores = {8, 7, 8, 9},
        .date = fixture->now.wall - 86400};
    struct buffer payload;
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    must(approval_write(&payload, &approval, NULL));
    fixture_sign(out, NULL, TYPE_APPROVAL, buffer_text(&payload), member);
    buffer_fini(&payload);
}

void fixture_make_query_of(struct fixture *fixture, struct buffer *out,
    struct digest *id, const char *text, int number)
{
    const struct query_seal seal = {.study_id = fixture->study_id,
        .dictionary_id = fixture->cast.dictionary->digest,
        .nonce = {(uint8_t)number},
        .expires = fixture->now.wall + 3600};
    struct buffer payload;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    must(query_seal(&payload, view_of_text(text), &seal, &diagnostic));
    fixture_sign(
        out, id, TYPE_QUERY, buffer_text(&payload), fixture->cast.researcher);
    buffer_fini(&payload);
}

void fixture_make_query(
    struct fixture *fixture, struct buffer *out, struct digest *id, int number)
{
    char text[256];
    snprintf(text, sizeof text,
        "{\"study\": \"first\", \"cohort\": \"age >= %d\", \"by\": [\"sex\"],"
        " \"analyses\": [{\"count\": {}},"
        " {\"summary\": {\"variables\": [\"age\"]}}]}",
        number);
    fixture_make_query_of(fixture, out, id, text, number);
}

void fixture_create(struct fixture *fixture)
{
    struct diagnostic diagnostic;
    memset(fixture, 0, sizeof *fixture);
    log_set_level(LOG_ERROR);
    cast_create(&fixture->cast);
    config_default(&fixture->config);
    fixture->now = (struct office_clock){NOW, 1000};
    fixture_make_roster(fixture, &fixture->roster, 1, CENTERS, 2);
    fixture_make_study(fixture, &fixture->study, "first", 3);
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, buffer_view(&fixture->study)));
    fixture->study_id = envelope_id(envelope);
    envelope_destroy(envelope);
    for (size_t i = 0; i < COMMITTEE; i++)
        fixture_make_approval(fixture, &fixture->approvals[i],
            &fixture->study_id, fixture->cast.committee[i], true);
    must(ledger_open(&fixture->ledger, ":memory:"));
    struct catalog *catalog = NULL;
    must(
        catalog_load(&catalog, fixture->ledger, fixture->cast.dictionary, NOW));
    must(envelope_decode(&envelope, buffer_view(&fixture->roster)));
    must(catalog_add_roster(
        catalog, fixture->ledger, envelope, NOW, &diagnostic));
    fixture->roster_id = catalog->roster->id;
    envelope_destroy(envelope);
    catalog_destroy(catalog);
}

void fixture_destroy(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_forget(fixture);
    ledger_close(fixture->ledger);
    cast_destroy(&fixture->cast);
    for (size_t i = 0; i < COMMITTEE; i++)
        buffer_fini(&fixture->approvals[i]);
    buffer_fini(&fixture->roster);
    buffer_fini(&fixture->study);
}

static enum status keep(
    void *arg, const struct channel_route *route, struct view body)
{
    struct fixture *fixture = arg;
    if (fixture->gone[route->bytes[0]])
        return STATUS_NO_PEER;
    if (fixture->busy[route->bytes[0]])
        return STATUS_BUSY;
    if (fixture->sent_count == SENT_MAX)
        return STATUS_BUSY;
    struct sent *sent = &fixture->sent[fixture->sent_count];
    sent->route = *route;
    buffer_init(&sent->body, BUFFER_LIMIT_DEFAULT);
    enum status status = buffer_append(&sent->body, body.data, body.size);
    fixture->sent_count += status == STATUS_OK;
    return status;
}

static enum status count_enrolled(
    void *arg, const struct channel_member *members, size_t count)
{
    struct fixture *fixture = arg;
    (void)members;
    fixture->enrolled = count;
    return STATUS_OK;
}

static void draw(void *arg, uint8_t *out, size_t size)
{
    struct fixture *fixture = arg;
    fixture->random++;
    memset(out, 0, size);
    memcpy(out, &fixture->random, sizeof fixture->random);
}

enum status fixture_try_open(struct fixture *fixture)
{
    const struct office_setup setup = {.config = &fixture->config,
        .keys = fixture->cast.coordinator,
        .dictionary = fixture->cast.dictionary,
        .ledger = fixture->ledger,
        .ports = {fixture, keep, count_enrolled, draw, fixture->calculate}};
    return office_create(&fixture->office, &setup, fixture->now);
}

void fixture_open(struct fixture *fixture)
{
    must(fixture_try_open(fixture));
}

void fixture_close(struct fixture *fixture)
{
    office_destroy(fixture->office);
    fixture->office = NULL;
}

void fixture_open_ready(struct fixture *fixture)
{
    fixture_open(fixture);
    fixture_submit_study(fixture, &fixture->study, 2);
    for (size_t i = 0; i < CENTERS; i++) {
        fixture_hello(fixture, i);
        fixture_opt_in(fixture, i, true, 1);
    }
    fixture_forget(fixture);
}

static void hand_over(struct fixture *fixture, const char *user, int route,
    const struct message *message)
{
    struct buffer body;
    struct channel_route from = fixture_route(route);
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &body));
    office_receive(
        fixture->office, user, &from, buffer_view(&body), fixture->now);
    buffer_fini(&body);
}

void fixture_from_center(
    struct fixture *fixture, size_t center, const struct message *message)
{
    char user[CHANNEL_USER_MAX];
    snprintf(user, sizeof user, "center:center-%zu", center);
    hand_over(fixture, user, ROUTE_CENTER + (int)center, message);
}

void fixture_from_person(struct fixture *fixture, const struct keypair *keys,
    int route, const struct message *message)
{
    char user[CHANNEL_USER_MAX], key[KEY_TEXT];
    const struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .name = "cohortium test"};
    public_key_to_text(key, &keypair_identity(keys)->sign);
    snprintf(user, sizeof user, "person:%s", key);
    if (message->type != MESSAGE_HELLO)
        hand_over(fixture, user, route, &hello);
    hand_over(fixture, user, route, message);
}

void fixture_hello(struct fixture *fixture, size_t center)
{
    struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .name = "cohortium-node test"};
    const struct message freezes = {.type = MESSAGE_FREEZES};
    fixture_from_center(fixture, center, &hello);
    fixture_from_center(fixture, center, &freezes);
}

void fixture_opt_in(
    struct fixture *fixture, size_t center, bool in, int sequence)
{
    char text[512], study[DIGEST_TEXT];
    struct buffer envelope;
    digest_to_text(study, &fixture->study_id);
    snprintf(text, sizeof text,
        "{\"cohortium\": \"opt-in\", \"study\": \"%s\", \"center\":"
        " \"center-%zu\", \"roster\": \"test\", \"decision\": \"%s\","
        " \"sequence\": %d, \"date\": \"2027-01-14T08:00:00Z\"}",
        study, center, in ? "in" : "out", sequence);
    fixture_sign(
        &envelope, NULL, TYPE_OPT_IN, text, fixture->cast.centers[center]);
    struct message message = {
        .type = MESSAGE_OPT_IN, .document = buffer_view(&envelope)};
    fixture_from_center(fixture, center, &message);
    buffer_fini(&envelope);
}

void fixture_submit_study(
    struct fixture *fixture, const struct buffer *study, size_t approvals)
{
    struct message message = {.type = MESSAGE_SUBMIT_STUDY,
        .study = buffer_view(study),
        .document_count = approvals};
    for (size_t i = 0; i < approvals; i++)
        message.documents[i] = buffer_view(&fixture->approvals[i]);
    fixture_from_person(
        fixture, fixture->cast.committee[0], ROUTE_MEMBER, &message);
}

void fixture_submit_query(struct fixture *fixture, const struct buffer *query)
{
    struct message message = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(query)};
    fixture_from_person(
        fixture, fixture->cast.researcher, ROUTE_RESEARCHER, &message);
}

/* What an honest node does with OPEN, without the disclosure rules. */
static void contribute(struct fixture *fixture, struct view query_bytes,
    uint32_t rows, struct buffer *out)
{
    static int8_t ages[4096] __attribute__((aligned(64)));
    static int8_t sexes[4096] __attribute__((aligned(64)));
    struct envelope *envelope = NULL;
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct contribution contribution = {.facts = NULL};
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    must(envelope_decode(&envelope, query_bytes));
    must(query_parse(&query, buffer_view(&envelope->payload),
        fixture->cast.dictionary, &diagnostic));
    must(plan_create(&plan, query, fixture->cast.dictionary, &diagnostic));
    for (uint32_t i = 0; i < rows; i++) {
        ages[i] = (int8_t)(40 + i % 50);
        sexes[i] = (int8_t)(i % 2);
    }
    const struct column columns[] = {{1, ages}, {1, sexes}};
    const struct rows table = {
        .count = rows, .patient_count = rows, .columns = columns};
    must(plan_contribute(plan, &table, 1, &contribution));
    must(vector_encode(&contribution.vector, out));
    contribution_fini(&contribution);
    plan_destroy(plan);
    query_destroy(query);
    envelope_destroy(envelope);
}

static struct digest header_of(const struct message *open)
{
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, open->header));
    struct digest id = envelope_id(envelope);
    envelope_destroy(envelope);
    return id;
}

void fixture_summary(struct fixture *fixture, const struct message *open,
    uint32_t rows, struct buffer *out)
{
    struct buffer vector;
    buffer_init(&vector, BUFFER_LIMIT_DEFAULT);
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    contribute(fixture, open->query, rows, &vector);
    const struct message summary = {.type = MESSAGE_SUMMARY,
        .id = header_of(open),
        .vector = buffer_view(&vector)};
    must(message_encode(&summary, out));
    buffer_fini(&vector);
}

void fixture_answer(struct fixture *fixture, size_t center, uint32_t rows)
{
    char user[CHANNEL_USER_MAX];
    const struct channel_route from = fixture_route(ROUTE_CENTER + (int)center);
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + (int)center, MESSAGE_OPEN);
    assert_non_null(open);
    struct buffer body;
    fixture_summary(fixture, open, rows, &body);
    snprintf(user, sizeof user, "center:center-%zu", center);
    office_receive(
        fixture->office, user, &from, buffer_view(&body), fixture->now);
    buffer_fini(&body);
}

void fixture_refuse(struct fixture *fixture, size_t center)
{
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER + (int)center, MESSAGE_OPEN);
    assert_non_null(open);
    struct message refuse = {.type = MESSAGE_REFUSE, .id = header_of(open)};
    fixture_from_center(fixture, center, &refuse);
}

void fixture_wait(struct fixture *fixture, uint64_t milliseconds)
{
    fixture->now.monotonic_ms += milliseconds;
    fixture->now.wall += (int64_t)(milliseconds / 1000);
    must(office_tick(fixture->office, fixture->now));
}

const struct message *fixture_last(
    struct fixture *fixture, int route, enum message_type type)
{
    static struct message message;
    for (size_t i = fixture->sent_count; i > 0; i--) {
        const struct sent *sent = &fixture->sent[i - 1];
        if (sent->route.bytes[0] != (uint8_t)route)
            continue;
        must(message_decode(
            &message, buffer_view(&sent->body), SENDER_COORDINATOR));
        if (message.type == type)
            return &message;
    }
    return NULL;
}

size_t fixture_count(struct fixture *fixture, int route, enum message_type type)
{
    static struct message message;
    size_t count = 0;
    for (size_t i = 0; i < fixture->sent_count; i++) {
        const struct sent *sent = &fixture->sent[i];
        must(message_decode(
            &message, buffer_view(&sent->body), SENDER_COORDINATOR));
        count += sent->route.bytes[0] == (uint8_t)route && message.type == type;
    }
    return count;
}

void fixture_forget(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->sent_count; i++)
        buffer_fini(&fixture->sent[i].body);
    fixture->sent_count = 0;
}

json_t *fixture_result(struct fixture *fixture)
{
    const struct message *result =
        fixture_last(fixture, ROUTE_RESEARCHER, MESSAGE_RESULT);
    if (result == NULL)
        return NULL;
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, result->document));
    must(envelope_verify(envelope, TYPE_RESULT,
        &keypair_identity(fixture->cast.coordinator)->sign));
    json_t *payload = json_loadb(
        (const char *)envelope->payload.data, envelope->payload.size, 0, NULL);
    envelope_destroy(envelope);
    return payload;
}

json_t *fixture_status(struct fixture *fixture, int route)
{
    const struct message *status = fixture_last(fixture, route, MESSAGE_STATUS);
    return status == NULL ? NULL
                          : json_loadb((const char *)status->document.data,
                                status->document.size, 0, NULL);
}
