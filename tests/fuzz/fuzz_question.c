/* A question as a coordinator in league with a researcher and the committee may
 * put it to a node: one of its documents is any text, with all the signatures
 * that it takes. First byte: which document; then a byte of switches. Nothing
 * but an answer of the plan's size, or a refusal, leaves. */
#include "node/store_internal.h"
#include "protocol/wire/log.h"
#include "tests/fuzz/fuzz_damage.h"
#include "tests/fuzz/fuzz_documents.h"
#include "tests/unit/node_fixture.h"

enum part { PART_HEADER, PART_QUERY, PART_STUDY, PART_APPROVAL, PART_COUNT };

/* Payloads, as they are or of the input. */
struct texts {
    struct view part[PART_COUNT];
};

static void tell(struct node_scene *scene, const struct message *message)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &bytes));
    outbox_clear(&scene->outbox);
    must(session_receive(scene->session, buffer_view(&bytes),
        (struct session_time){NOW, 1000}, &scene->outbox));
    buffer_fini(&bytes);
    REQUIRE(scene->outbox.count <= 1);
}

/* In the order in which they name each other. */
static void ask(struct node_scene *scene, const struct texts *texts,
    struct document_ids ids, bool twice)
{
    const struct cast *cast = &scene->cast;
    struct buffer bytes[PART_COUNT + 1];
    document_write(&bytes[PART_STUDY], &ids.study, TYPE_STUDY,
        texts->part[PART_STUDY], &ids, cast->researcher);
    for (size_t i = 0; i < 2; i++)
        document_write(&bytes[PART_APPROVAL + i], NULL, TYPE_APPROVAL,
            texts->part[PART_APPROVAL], &ids, cast->committee[i]);
    document_write(&bytes[PART_QUERY], &ids.query, TYPE_QUERY,
        texts->part[PART_QUERY], &ids, cast->researcher);
    document_write(&bytes[PART_HEADER], NULL, TYPE_HEADER,
        texts->part[PART_HEADER], &ids, cast->coordinator);
    struct message message = {.type = MESSAGE_STUDY,
        .study = buffer_view(&bytes[PART_STUDY]),
        .document_count = 2};
    for (size_t i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&bytes[PART_APPROVAL + i]);
    tell(scene, &message);
    const struct session_setup setup = {.keys = cast->centers[0],
        .dictionary = cast->dictionary,
        .store = scene->store,
        .threads = 1};
    (void)decision_record(&setup, &ids.study, "first", true, "", NOW);
    message.type = MESSAGE_OPEN;
    message.header = buffer_view(&bytes[PART_HEADER]);
    message.query = buffer_view(&bytes[PART_QUERY]);
    for (int i = 0; i <= (int)twice; i++) {
        tell(scene, &message);
        const struct message *reply = node_reply(scene, 0);
        REQUIRE(
            reply == NULL || reply->type == MESSAGE_REFUSE ||
            reply->type == MESSAGE_KEYS ||
            (reply->type == MESSAGE_SUMMARY && reply->vector.size % 16 == 0));
    }
    for (size_t i = 0; i <= PART_COUNT; i++)
        buffer_fini(&bytes[i]);
}

static struct node_scene *scene;
static sqlite3 *whole;
static struct texts honest;
static struct document_ids known;

static void set_up(void)
{
    struct envelope *roster = NULL;
    log_set_level(LOG_ERROR);
    node_create(&scene, "plain", "glm",
        "{\"formula\": \"sex ~ age\", \"family\": \"binomial\"}");
    must(envelope_decode(&roster, buffer_view(&scene->roster)));
    known = (struct document_ids){scene->study_id, scene->query_id,
        envelope_id(roster), scene->cast.dictionary->digest};
    envelope_destroy(roster);
    honest.part[PART_STUDY] = document_text(buffer_view(&scene->study), &known);
    honest.part[PART_QUERY] = document_text(buffer_view(&scene->query), &known);
    honest.part[PART_HEADER] =
        document_text(buffer_view(&scene->headers[0]), &known);
    honest.part[PART_APPROVAL] =
        document_text(buffer_view(&scene->approvals[0]), &known);
    node_start(scene);
    whole = damage_keep(scene->store->database);
    node_stop(scene);
    must(store_open(&scene->store, ":memory:", scene->cast.dictionary));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (scene == NULL)
        set_up();
    if (size < 2)
        return 0;
    struct texts texts = honest;
    if (size > 2)
        texts.part[data[0] % PART_COUNT] = fuzz_view(data + 2, size - 2);
    damage_copy(scene->store->database, whole);
    const struct session_setup setup = {.keys = scene->cast.centers[0],
        .dictionary = scene->cast.dictionary,
        .store = scene->store,
        .threads = 1,
        .refusals_to_lock = 100};
    must(session_create(&scene->session, &setup));
    ask(scene, &texts, known, (data[1] & 1) != 0);
    /* nothing of the input's: it is answered */
    REQUIRE(size > 2 || node_reply(scene, 0)->type == MESSAGE_SUMMARY);
    outbox_clear(&scene->outbox);
    session_destroy(scene->session);
    scene->session = NULL;
    return 0;
}
