#include "tests/unit/node_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/freeze.h"
#include "policy/budget.h"
#include "tests/unit/test.h"

#define ROWS 40

static void write_down(
    struct buffer *out, struct envelope *envelope, struct digest *id)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, out));
    if (id != NULL)
        *id = envelope_id(envelope);
    envelope_destroy(envelope);
}

void node_list(json_t *header, struct view remembered)
{
    char text[DIGEST_TEXT + 2] = "\"";
    const struct digest listed = digest_of(remembered);
    digest_to_text(text + 1, &listed);
    strcat(text, "\"");
    document_change(header, "remembered", text);
}

static void write_headers(
    struct node_scene *scene, const struct digest *roster_id)
{
    for (int i = 0; i < 2; i++) {
        json_t *header =
            cast_header(&scene->query_id, &scene->study_id, roster_id);
        if (i == 1) { /* another session for the same query */
            document_change(header, "session",
                "\"f0f102030405060708090a0b0c0d0e0f"
                "101112131415161718191a1b1c1d1e1f\"");
        }
        if (scene->sandbox)
            node_list(header, (struct view){NULL, 0});
        write_down(&scene->headers[i],
            document_sign(TYPE_HEADER, header, &scene->cast.coordinator, 1),
            &scene->header_ids[i]);
    }
}

static void measure_vector(struct node_scene *scene)
{
    struct envelope *envelope = NULL;
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    must(envelope_decode(&envelope, buffer_view(&scene->query)));
    must(query_parse(&query, buffer_view(&envelope->payload),
        scene->cast.dictionary, &diagnostic));
    must(plan_create(&plan, query, scene->cast.dictionary, &diagnostic));
    scene->length = plan->vector_length;
    scene->segment_count = plan->segment_count;
    scene->value_count = plan->value_count;
    plan_destroy(plan);
    query_destroy(query);
    envelope_destroy(envelope);
}

static void write_study(
    struct node_scene *scene, const char *privacy, const char *analysis)
{
    const struct cast *cast = &scene->cast;
    char text[64];
    json_t *study = cast_study(cast, "first", 3);
    snprintf(text, sizeof text, "\"%s\"", privacy);
    document_change(study, "privacy", text);
    if (strcmp(privacy, "sum") == 0) /* figures in the first round */
        document_change(study, "limits/min_difference", "1");
    if (analysis != NULL) {
        snprintf(text, sizeof text, "\"%s\"", analysis);
        document_change(study, "analyses/+", text);
    }
    write_down(&scene->study,
        document_sign(TYPE_STUDY, study, &cast->researcher, 1),
        &scene->study_id);
    for (int i = 0; i < 2; i++) {
        write_down(&scene->approvals[i],
            document_sign(TYPE_APPROVAL,
                cast_approval(&scene->study_id, "approve", "2027-01-01"),
                &cast->committee[i], 1),
            NULL);
    }
}

static void write_query(
    struct node_scene *scene, const char *analysis, const char *parameters)
{
    const struct cast *cast = &scene->cast;
    char text[256];
    json_t *query = cast_query(cast, &scene->study_id, 40);
    if (analysis != NULL) {
        snprintf(text, sizeof text, "[{\"%s\": %s}]", analysis, parameters);
        document_change(query, "analyses", text);
    }
    write_down(&scene->query,
        document_sign(TYPE_QUERY, query, &cast->researcher, 1),
        &scene->query_id);
}

static void write_documents(struct node_scene *scene, const char *privacy,
    const char *analysis, const char *parameters)
{
    const struct cast *cast = &scene->cast;
    struct digest roster_id;
    write_down(&scene->roster,
        document_sign(TYPE_ROSTER, cast_roster(cast, 1, 3), cast->committee, 2),
        &roster_id);
    write_study(scene, privacy, analysis);
    write_query(scene, analysis, parameters);
    write_headers(scene, &roster_id);
    measure_vector(scene);
}

static struct session_setup setup_of(const struct node_scene *scene)
{
    return (struct session_setup){.keys = scene->cast.centers[0],
        .dictionary = scene->cast.dictionary,
        .store = scene->store,
        .threads = 1,
        .sandbox = scene->sandbox,
        .refusals_to_lock = 100,
        .worker = scene->worker,
        .inline_max = scene->inline_max,
        .reply_slot_ms = scene->reply_slot_ms,
        .head_path = scene->head_path,
        .yearly_rho_nano = NANO};
}

void node_start(struct node_scene *scene)
{
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    const struct session_setup setup = setup_of(scene);
    int64_t number;
    must(freeze_make_first(scene->store, setup.keys, scene->wall, &number));
    must(session_create(&scene->session, &setup));
}

void node_stop(struct node_scene *scene)
{
    outbox_clear(&scene->outbox);
    session_destroy(scene->session);
    store_close(scene->store);
    scene->session = NULL;
    scene->store = NULL;
}

const struct message *node_reply(const struct node_scene *scene, size_t at)
{
    static struct message reply;
    if (at >= scene->outbox.count)
        return NULL;
    must(message_decode(
        &reply, buffer_view(&scene->outbox.messages[at]), SENDER_CENTER));
    return &reply;
}

static void tell(struct node_scene *scene, const struct message *message)
{
    const struct session_time now = {scene->wall, scene->monotonic_ms};
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &bytes));
    outbox_clear(&scene->outbox);
    must(session_receive(
        scene->session, buffer_view(&bytes), now, &scene->outbox));
    buffer_fini(&bytes);
}

void node_welcome(struct node_scene *scene)
{
    const struct message message = {
        .type = MESSAGE_WELCOME, .version = PROTOCOL_VERSION, .number = 500};
    tell(scene, &message);
}

const struct message *node_tell(
    struct node_scene *scene, const struct message *message)
{
    tell(scene, message);
    assert_true(scene->outbox.count <= 1);
    return node_reply(scene, 0);
}

const struct message *node_release(struct node_scene *scene)
{
    const struct session_time now = {scene->wall, scene->monotonic_ms};
    outbox_clear(&scene->outbox);
    must(session_release(scene->session, now, &scene->outbox));
    assert_true(scene->outbox.count <= 1);
    return node_reply(scene, 0);
}

/* People of 41 years and more, men and women. */
static void put_rows(struct node_scene *scene)
{
    for (int32_t i = 0; i < ROWS; i++) {
        const int32_t codes[] = {41 + i, i % 2};
        const struct store_row row = {.codes = codes};
        int64_t replaced;
        must(store_put_row(scene->store, &row, &replaced));
    }
}

static void give_study(struct node_scene *scene)
{
    struct message message = {.type = MESSAGE_STUDY,
        .study = buffer_view(&scene->study),
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    assert_null(node_tell(scene, &message));
    const struct session_setup setup = setup_of(scene);
    must(decision_record(&setup, &scene->study_id, "test", true, "", NOW));
}

void node_create(struct node_scene **out, const char *privacy,
    const char *analysis, const char *parameters)
{
    struct node_scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->monotonic_ms = 1000;
    scene->wall = NOW;
    scene->sandbox = strcmp(privacy, "open") == 0;
    cast_create(&scene->cast);
    write_documents(scene, privacy, analysis, parameters);
    strcpy(scene->path, "/tmp/cohortium-progress-XXXXXX");
    int file = mkstemp(scene->path);
    assert_true(file >= 0);
    close(file);
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    must(store_put_roster(scene->store, 1, buffer_view(&scene->roster)));
    const struct session_setup setup = setup_of(scene);
    must(session_create(&scene->session, &setup));
    put_rows(scene);
    give_study(scene);
    node_stop(scene);
    *out = scene;
}

void node_destroy(struct node_scene *scene)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", scene->path, ends[i]);
        unlink(path);
    }
    struct buffer *all[] = {&scene->roster, &scene->study, &scene->approvals[0],
        &scene->approvals[1], &scene->query, &scene->headers[0],
        &scene->headers[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buffer_fini(all[i]);
    cast_destroy(&scene->cast);
    free(scene);
}

const struct message *node_ask(struct node_scene *scene, int header)
{
    struct message message = {.type = MESSAGE_OPEN,
        .header = buffer_view(&scene->headers[header]),
        .query = buffer_view(&scene->query),
        .study = buffer_view(&scene->study),
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    return node_tell(scene, &message);
}
