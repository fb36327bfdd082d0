/*
 * One vote and one reveal a query, whatever ends the process. A node is killed
 * (SIGKILL) between the disk and the line at each of its five steps; what a new
 * process over the same file may still do is all that is left of it. The other
 * two centers and the coordinator are real halves of the aggregation.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/session.h"
#include "protocol/masking/collector.h"
#include "protocol/masking/member.h"
#include "protocol/wire/message.h"
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#include "documents_fixture.h"

#define OTHERS 2

struct scene {
    struct cast cast;
    char path[64];
    struct buffer roster, study, approvals[2], query, headers[2];
    struct digest study_id, query_id, header_ids[2];
    size_t length; /* of the vector */
    struct store *store;
    struct session *session;
    struct outbox outbox;
};

static const struct session_time now = {NOW, 1000};

static void write_down(
    struct buffer *out, struct envelope *envelope, struct digest *id)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, out));
    if (id != NULL)
        *id = envelope_id(envelope);
    envelope_destroy(envelope);
}

static void write_headers(struct scene *scene, const struct digest *roster_id)
{
    for (int i = 0; i < 2; i++) {
        json_t *header =
            cast_header(&scene->query_id, &scene->study_id, roster_id);
        if (i == 1) /* another session for the same query */
            document_change(header, "session",
                "\"f0f102030405060708090a0b0c0d0e0f"
                "101112131415161718191a1b1c1d1e1f\"");
        write_down(&scene->headers[i],
            document_sign(TYPE_HEADER, header, &scene->cast.coordinator, 1),
            &scene->header_ids[i]);
    }
}

static void measure_vector(struct scene *scene)
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
    plan_destroy(plan);
    query_destroy(query);
    envelope_destroy(envelope);
}

static void write_documents(struct scene *scene)
{
    const struct cast *cast = &scene->cast;
    struct digest roster_id;
    write_down(&scene->roster,
        document_sign(TYPE_ROSTER, cast_roster(cast, 1, 3), cast->committee, 2),
        &roster_id);
    json_t *study = cast_study(cast, "first", 3);
    document_change(study, "privacy", "\"sum\"");
    write_down(&scene->study,
        document_sign(TYPE_STUDY, study, &cast->researcher, 1),
        &scene->study_id);
    for (int i = 0; i < 2; i++)
        write_down(&scene->approvals[i],
            document_sign(TYPE_APPROVAL,
                cast_approval(&scene->study_id, "approve", "2027-01-01"),
                &cast->committee[i], 1),
            NULL);
    write_down(&scene->query,
        document_sign(TYPE_QUERY, cast_query(cast, &scene->study_id, 40),
            &cast->researcher, 1),
        &scene->query_id);
    write_headers(scene, &roster_id);
    measure_vector(scene);
}

static struct session_setup setup_of(const struct scene *scene)
{
    return (struct session_setup){.keys = scene->cast.centers[0],
        .dictionary = scene->cast.dictionary,
        .store = scene->store,
        .threads = 1,
        .refusals_to_lock = 100};
}

static void start(struct scene *scene)
{
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    const struct session_setup setup = setup_of(scene);
    must(session_create(&scene->session, &setup));
}

static void stop(struct scene *scene)
{
    outbox_clear(&scene->outbox);
    session_destroy(scene->session);
    store_close(scene->store);
    scene->session = NULL;
    scene->store = NULL;
}

/* The reply, decoded; NULL: there is none. It points into the outbox. */
static const struct message *tell(
    struct scene *scene, const struct message *message)
{
    static struct message reply;
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &bytes));
    outbox_clear(&scene->outbox);
    must(session_receive(
        scene->session, buffer_view(&bytes), now, &scene->outbox));
    buffer_fini(&bytes);
    if (scene->outbox.count == 0)
        return NULL;
    assert_int_equal(scene->outbox.count, 1);
    must(message_decode(
        &reply, buffer_view(&scene->outbox.messages[0]), SENDER_CENTER));
    return &reply;
}

static void give_study(struct scene *scene)
{
    struct message message = {.type = MESSAGE_STUDY,
        .study = buffer_view(&scene->study),
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    assert_null(tell(scene, &message));
    const struct session_setup setup = setup_of(scene);
    must(decision_record(&setup, &scene->study_id, "test", true, "", NOW));
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    cast_create(&scene->cast);
    write_documents(scene);
    strcpy(scene->path, "/tmp/cohortium-progress-XXXXXX");
    int file = mkstemp(scene->path);
    assert_true(file >= 0);
    close(file);
    must(store_open(&scene->store, scene->path, scene->cast.dictionary));
    must(store_put_roster(scene->store, 1, buffer_view(&scene->roster)));
    const struct session_setup setup = setup_of(scene);
    must(session_create(&scene->session, &setup));
    give_study(scene);
    stop(scene);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
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
    return 0;
}

/* ---- one aggregation, as far as a step of the node ---- */

static const struct message *ask(struct scene *scene, int header)
{
    struct message message = {.type = MESSAGE_OPEN,
        .header = buffer_view(&scene->headers[header]),
        .query = buffer_view(&scene->query),
        .study = buffer_view(&scene->study),
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    return tell(scene, &message);
}

static const enum message_type told[] = {[COLLECT_KEYS] = MESSAGE_OPEN,
    [COLLECT_SHARES] = MESSAGE_PEERS,
    [COLLECT_MASKED] = MESSAGE_SEALED,
    [COLLECT_VOTES] = MESSAGE_SURVIVORS,
    [COLLECT_REVEALS] = MESSAGE_VOTES};

static const struct message *tell_step(
    struct scene *scene, enum collector_step step, struct view body, int header)
{
    const struct message message = {
        .type = told[step], .id = scene->header_ids[header], .body = body};
    return step == COLLECT_KEYS ? ask(scene, header) : tell(scene, &message);
}

struct others {
    struct collector *collector;
    struct member *members[OTHERS];
};

static void begin_others(struct scene *scene, struct others *others)
{
    struct masking_party parties[1 + OTHERS];
    for (uint32_t i = 0; i < 1 + OTHERS; i++)
        parties[i] = (struct masking_party){
            i + 1, keypair_identity(scene->cast.centers[i])->sign};
    const struct masking_terms terms = {.header = scene->header_ids[0],
        .min_centers = 3,
        .party_count = 1 + OTHERS,
        .parties = parties};
    must(collector_create(&others->collector, &terms, scene->length));
    for (uint32_t i = 0; i < OTHERS; i++)
        must(member_create(
            &others->members[i], &terms, i + 2, scene->cast.centers[i + 1]));
}

static void step_others(struct scene *scene, struct others *others)
{
    enum collector_step step = collector_step(others->collector);
    for (uint32_t i = 0; i < OTHERS; i++) {
        struct buffer message, said;
        struct vector vector;
        buffer_init(&message, BUFFER_LIMIT_DEFAULT);
        buffer_init(&said, BUFFER_LIMIT_DEFAULT);
        must(vector_init(&vector, scene->length));
        must(collector_write(others->collector, i + 2, &message));
        must(crowd_answer(
            step, others->members[i], buffer_view(&message), &vector, &said));
        must(collector_take(others->collector, i + 2, buffer_view(&said),
            (struct view){(const uint8_t *)vector.elements,
                vector.length * VECTOR_ELEMENT_BYTES}));
        vector_fini(&vector);
        buffer_fini(&said);
        buffer_fini(&message);
    }
}

/* The process ends where the reply to `last` is in the outbox, and on disk
 * whatever must be. */
static void run_and_die(struct scene *scene, enum collector_step last)
{
    struct others others;
    start(scene);
    begin_others(scene, &others);
    for (;;) {
        struct buffer body;
        enum collector_step step = collector_step(others.collector);
        buffer_init(&body, BUFFER_LIMIT_DEFAULT);
        must(collector_write(others.collector, 1, &body));
        const struct message *reply =
            tell_step(scene, step, buffer_view(&body), 0);
        if (reply == NULL)
            fail_msg("no reply in step %d", step);
        if (step == last)
            kill(getpid(), SIGKILL);
        must(collector_take(others.collector, 1, reply->body, reply->vector));
        step_others(scene, &others);
        must(collector_close_step(others.collector));
        buffer_fini(&body);
    }
}

/* ---- what is left ---- */

struct search {
    const char *event, *text;
    int found;
};

static enum status look(void *arg, const struct store_record *record)
{
    struct search *search = arg;
    search->found += strcmp(record->event, search->event) == 0 &&
                     strstr(record->detail, search->text) != NULL;
    return STATUS_OK;
}

static int count_records(
    const struct scene *scene, const char *event, const char *text)
{
    struct search search = {event, text, 0};
    must(store_audit_visit(scene->store, 1, look, &search));
    return search.found;
}

static bool is_chosen(const struct digest *digest)
{
    static const struct digest none;
    return !digest_equal(digest, &none);
}

static void expect_progress(const struct scene *scene, enum store_stage stage)
{
    struct store_progress progress;
    must(store_find_progress(scene->store, &scene->query_id, &progress));
    assert_int_equal(progress.stage, stage);
    assert_int_equal(progress.attempt, 1);
    assert_true(digest_equal(&progress.header, &scene->header_ids[0]));
    assert_int_equal(is_chosen(&progress.members), stage >= STAGE_SHARES_LEFT);
    assert_int_equal(is_chosen(&progress.givers), stage >= STAGE_MASKED_LEFT);
    assert_int_equal(is_chosen(&progress.survivors), stage >= STAGE_VOTE_LEFT);
    assert_int_equal(progress.revealed, stage == STAGE_REVEAL_LEFT);
}

/* Nothing is gone on with, and the log says why, once. */
static void expect_no_step(struct scene *scene, const char *stage)
{
    char why[64];
    snprintf(why, sizeof why, "ended with this center's %s", stage);
    for (int step = COLLECT_SHARES; step <= COLLECT_REVEALS; step++)
        assert_null(
            tell_step(scene, (enum collector_step)step, (struct view){0}, 0));
    assert_int_equal(count_records(scene, "step_refused", why), 1);
}

static void expect_attempts(struct scene *scene, bool voted, const char *stage)
{
    char why[64];
    struct store_progress progress;
    snprintf(why, sizeof why, "had this center's %s", stage);
    for (int header = 0; header < 2; header++) {
        const struct message *reply = ask(scene, header);
        assert_non_null(reply);
        assert_int_equal(reply->type, voted ? MESSAGE_REFUSE : MESSAGE_KEYS);
        must(store_find_progress(scene->store, &scene->query_id, &progress));
        assert_int_equal(progress.attempt, voted ? 1 : header + 2);
    }
    assert_int_equal(count_records(scene, "refused", why), voted ? 2 : 0);
}

static void check_killed_at(struct scene *scene, enum collector_step step)
{
    const enum store_stage stage =
        (enum store_stage)(STAGE_KEYS_LEFT + (step - COLLECT_KEYS));
    pid_t child = fork();
    int ended;
    if (child == 0)
        run_and_die(scene, step);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
    start(scene);
    expect_progress(scene, stage);
    expect_no_step(scene, store_stage_name(stage));
    expect_attempts(scene, stage >= STAGE_VOTE_LEFT, store_stage_name(stage));
    stop(scene);
}

static void test_node_killed_with_keys_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_KEYS);
}

static void test_node_killed_with_shares_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_SHARES);
}

static void test_node_killed_with_figures_may_begin_again(void **state)
{
    check_killed_at(*state, COLLECT_MASKED);
}

static void test_node_killed_with_a_vote_never_votes_again(void **state)
{
    check_killed_at(*state, COLLECT_VOTES);
}

static void test_node_killed_with_a_reveal_never_reveals_again(void **state)
{
    check_killed_at(*state, COLLECT_REVEALS);
}

static void test_progress_is_never_taken_back(void **state)
{
    struct scene *scene = *state;
    start(scene);
    struct store_progress progress = {.query = scene->query_id,
        .header = scene->header_ids[0],
        .attempt = 1,
        .stage = STAGE_VOTE_LEFT};
    must(store_put_progress(scene->store, &progress));
    progress.stage = STAGE_KEYS_LEFT;
    assert_int_equal(
        store_note_progress(scene->store, &progress), STATUS_EXISTS);
    progress.stage = STAGE_REVEAL_LEFT;
    progress.header = scene->header_ids[1];
    assert_int_equal(
        store_put_progress(scene->store, &progress), STATUS_EXISTS);
    progress.header = scene->header_ids[0];
    must(store_put_progress(scene->store, &progress));
    stop(scene);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_node_killed_with_keys_may_begin_again),
        WITH(test_node_killed_with_shares_may_begin_again),
        WITH(test_node_killed_with_figures_may_begin_again),
        WITH(test_node_killed_with_a_vote_never_votes_again),
        WITH(test_node_killed_with_a_reveal_never_reveals_again),
        WITH(test_progress_is_never_taken_back),
    };
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
