/* A node that starts on a store that somebody damaged: one question of it was
 * answered, or had its vote. Whatever became of the rows, the node starts or
 * says why not, sends nothing of another size, gives no second vote, and an
 * audit log that reads differently does not pass for whole. */
#include "node/audit.h"
#include "node/remembered.h"
#include "node/store_internal.h"
#include "protocol/wire/log.h"
#include "tests/fuzz/fuzz_damage.h"
#include "tests/unit/node_fixture.h"

#define DAMAGES 3
#define RECORDS_MAX 32

static const struct damage_column columns[] = {{"meta", "value", NULL},
    {"roster", "version", NULL}, {"roster", "envelope", NULL},
    {"study", "id", NULL}, {"study", "name", NULL}, {"study", "envelope", NULL},
    {"approval", "study", NULL}, {"approval", "envelope", NULL},
    {"decision", "study", NULL}, {"decision", "opted_in", NULL},
    {"decision", "sequence", NULL}, {"decision", "envelope", NULL},
    {"decision", "limits", NULL}, {"answer", "query", NULL},
    {"answer", "header", NULL}, {"answer", "study", NULL},
    {"answer", "question", NULL}, {"answer", "time", NULL},
    {"answer", "vector", NULL}, {"answer", "freeze", NULL},
    {"answer", "departures", NULL}, {"refusal", "time", NULL},
    {"audit", "sequence", NULL}, {"audit", "time", NULL},
    {"audit", "event", NULL}, {"audit", "subject", NULL},
    {"audit", "detail", NULL}, {"audit", "previous", NULL},
    {"audit", "digest", NULL}, {"audit", "signature", NULL},

    {"remembered", "id", NULL}, {"remembered", "study", NULL},
    {"remembered", "until", NULL}, {"remembered", "told", NULL},
    {"remembered", "rows", NULL}, {"remembered_by", "researcher", "study"},
    {"progress", "query", "query"}, {"progress", "header", "query"},
    {"progress", "attempt", "query"}, {"progress", "stage", "query"},
    {"progress", "members", "query"}, {"progress", "refused", "query"},
    {"exam", "patient", NULL}, {"exam", "v_age", NULL}, {"exam", "v_sex", NULL},
    {"exam", "number", NULL}, {"exam", "since", NULL}, {"exam", "until", NULL},
    {"freeze", "edition", NULL}, {"freeze", "absences", NULL},
    {"freeze", "envelope", NULL}, {"reading", "freeze", "study"}};

struct record {
    int64_t sequence;
    struct digest digest; /* of all that is read */
};

struct records {
    size_t count;
    struct record items[RECORDS_MAX];
};

/* A node, as it was. */
struct node {
    struct node_scene *scene;
    sqlite3 *whole;
    struct records records;
};

/* ---- the audit log, as it is read ---- */

static enum status add_record(void *arg, const struct store_record *record)
{
    struct records *list = arg;
    struct buffer text;
    if (list->count == RECORDS_MAX)
        return STATUS_OK;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    must(buffer_append_format(&text, "%lld\n%s\n%s\n%s\n",
        (long long)record->time, record->event, record->subject,
        record->detail));
    must(buffer_append(&text, &record->previous, sizeof record->previous));
    must(buffer_append(&text, &record->digest, sizeof record->digest));
    must(buffer_append(&text, &record->signature, sizeof record->signature));
    list->items[list->count++] =
        (struct record){record->sequence, digest_of(buffer_view(&text))};
    buffer_fini(&text);
    return STATUS_OK;
}

static void check_audit(const struct node *node)
{
    struct records now = {.count = 0};
    struct audit_finding finding;
    struct store *store = node->scene->store;
    int64_t length = 0;
    must(store_audit_length(store, &length));
    bool same =
        store_audit_visit(store, INT64_MIN, add_record, &now) == STATUS_OK &&
        now.count == node->records.count && length == (int64_t)now.count;
    for (size_t i = 0; same && i < now.count; i++) {
        same =
            now.items[i].sequence == node->records.items[i].sequence &&
            digest_equal(&now.items[i].digest, &node->records.items[i].digest);
    }
    const enum status status = audit_verify(
        store, &keypair_identity(node->scene->cast.centers[0])->sign, &finding);
    REQUIRE((status == STATUS_OK && finding.problem[0] == '\0') == same);
}

/* ---- before ---- */

static void note_vote(struct node_scene *scene)
{
    struct store_progress progress;
    must(store_find_progress(scene->store, &scene->query_id, &progress));
    progress.stage = STAGE_VOTE_LEFT;
    must(store_put_progress(scene->store, &progress));
}

static void set_up(struct node *node, const char *privacy)
{
    struct node_scene *scene = NULL;
    node_create(&scene, privacy, "glm",
        "{\"formula\": \"sex ~ age\", \"family\": \"binomial\"}");
    node_start(scene);
    REQUIRE(node_ask(scene, 0) != NULL);
    if (strcmp(privacy, "sum") == 0)
        note_vote(scene);
    must(store_audit_visit(scene->store, 1, add_record, &node->records));
    node->whole = damage_keep(scene->store->database);
    REQUIRE(sqlite3_exec(node->whole,
                "DROP TRIGGER audit_update; DROP TRIGGER audit_delete;"
                "DROP TRIGGER progress_back; DROP TRIGGER progress_delete",
                NULL, NULL, NULL) == SQLITE_OK);
    node_stop(scene);
    must(store_open(&scene->store, ":memory:", scene->cast.dictionary));
    node->scene = scene;
}

/* ---- after ---- */

/* Nothing that the coordinator says makes the process fail. */
static void tell(struct node_scene *scene, const struct message *message)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &bytes));
    outbox_clear(&scene->outbox);
    (void)session_receive(scene->session, buffer_view(&bytes),
        (struct session_time){NOW, 1000}, &scene->outbox);
    buffer_fini(&bytes);
    for (size_t i = 0; i < scene->outbox.count; i++) {
        const struct message *reply = node_reply(scene, i);
        REQUIRE(
            (reply->type != MESSAGE_SUMMARY && reply->type != MESSAGE_MASKED) ||
            reply->vector.size == scene->length * 16);
    }
}

static void ask(struct node_scene *scene, int header)
{
    struct store_progress progress;
    struct message message = {.type = MESSAGE_OPEN,
        .header = buffer_view(&scene->headers[header]),
        .query = buffer_view(&scene->query),
        .study = buffer_view(&scene->study),
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    const bool voted = store_find_progress(scene->store, &scene->query_id,
                           &progress) == STATUS_OK &&
                       progress.stage >= STAGE_VOTE_LEFT;
    tell(scene, &message);
    for (size_t i = 0; voted && i < scene->outbox.count; i++)
        REQUIRE(node_reply(scene, i)->type == MESSAGE_REFUSE);
}

/* A round, and a step of a session that ended. */
static void go_on(struct node_scene *scene, int header)
{
    const size_t size = scene->segment_count + 8 * scene->value_count;
    uint8_t *body = calloc(1, size);
    REQUIRE(body != NULL);
    memset(body, 1, scene->segment_count);
    struct message message = {.type = MESSAGE_ROUND,
        .id = scene->header_ids[header],
        .number = 2,
        .body = {body, size}};
    tell(scene, &message);
    message = (struct message){.type = MESSAGE_VOTES,
        .id = scene->header_ids[header],
        .body = {body, size}};
    tell(scene, &message);
    free(body);
}

static void run(struct node_scene *scene)
{
    const struct session_setup setup = {.keys = scene->cast.centers[0],
        .dictionary = scene->cast.dictionary,
        .store = scene->store,
        .threads = 1,
        .refusals_to_lock = 100};
    if (session_create(&scene->session, &setup) == STATUS_OK) {
        (void)session_connected(
            scene->session, (struct session_time){NOW, 1000}, &scene->outbox);
        for (int header = 0; header < 2; header++) {
            ask(scene, header);
            go_on(scene, header);
        }
        outbox_clear(&scene->outbox);
        session_destroy(scene->session);
        scene->session = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct node nodes[2];
    if (nodes[0].scene == NULL) {
        log_set_level(LOG_ERROR);
        set_up(&nodes[0], "plain");
        set_up(&nodes[1], "sum");
    }
    if (size == 0)
        return 0;
    struct node *node = &nodes[data[0] % 2];
    struct node_scene *scene = node->scene;
    damage_copy(scene->store->database, node->whole);
    damage(scene->store->database, columns, sizeof columns / sizeof columns[0],
        DAMAGES, data + 1, size - 1);
    check_audit(node);
    run(scene);
    return 0;
}
