/* How a node takes new rosters: a chain of them, each made and signed as the
 * bytes say, by members, strangers and people who were revoked. A version is
 * taken exactly when the thresholds of both committees signed it. */
#include "node/audit.h"
#include "node/session.h"
#include "protocol/wire/log.h"
#include "protocol/wire/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/documents_fixture.h"

#define PEOPLE 5
#define UPDATE_BYTES 8

/* Who may be on a committee, one bit each. */
static const struct keypair *person(size_t i)
{
    static struct cast cast;
    if (cast.dictionary == NULL)
        cast_create(&cast);
    const struct keypair *const people[PEOPLE] = {cast.committee[0],
        cast.committee[1], cast.committee[2], cast.researcher, cast.stranger};
    const struct keypair *const machines[] = {
        cast.coordinator, cast.centers[0], cast.centers[1], cast.centers[2]};
    return i < PEOPLE ? people[i] : machines[i - PEOPLE];
}

enum { OFFICE = PEOPLE, CENTER };

/* What the node must know. */
struct model {
    int64_t version;
    unsigned standing; /* members that are not revoked */
    int threshold;
    struct digest id;
};

struct update {
    int64_t version;
    unsigned committee, revoked, signers;
    int threshold;
    size_t centers;
    bool other_federation, other_suite, twice, flipped;
    uint8_t flip_at;
};

static struct update read_update(const struct model *model, const uint8_t *data)
{
    return (struct update){
        .version = model->version + (data[0] & 1 ? 1 : data[0] / 2 % 4 - 1),
        .committee = data[1] % 32,
        .revoked = data[2] & data[1] % 32,
        .threshold = data[3] % 6,
        .signers = data[4] % 32,
        .centers = data[5] % 4,
        .other_federation = (data[6] & 15) == 1,
        .other_suite = (data[6] & 15) == 2,
        .twice = (data[6] & 15) == 3 && data[5] % 4 > 0,
        .flipped = (data[6] & 15) == 4,
        .flip_at = data[7]};
}

static int count(unsigned bits)
{
    return __builtin_popcount(bits);
}

static bool is_good(const struct model *model, const struct update *update)
{
    const unsigned standing = update->committee & ~update->revoked;
    return !update->other_federation && !update->other_suite &&
           !update->twice && update->centers > 0 && update->threshold > 0 &&
           update->threshold <= count(standing) &&
           update->version == model->version + 1 &&
           count(update->signers & standing) >= update->threshold &&
           count(update->signers & model->standing) >= model->threshold;
}

static json_t *write_roster(const struct update *update)
{
    json_t *committee = json_array(), *centers = json_array();
    for (size_t i = 0; i < PEOPLE; i++) {
        json_t *card = cast_card(person(i));
        if ((update->revoked >> i & 1) != 0)
            json_object_set_new(card, "revoked", json_string("2026-05-01"));
        if ((update->committee >> i & 1) != 0)
            json_array_append(committee, card);
        json_decref(card);
    }
    for (size_t i = 0; i < update->centers; i++)
        json_array_append_new(
            centers, cast_card(person(update->twice ? CENTER : CENTER + i)));
    if (update->twice)
        json_array_append_new(centers, cast_card(person(CENTER)));
    json_t *office = cast_card(person(OFFICE));
    json_object_set_new(office, "endpoint", json_string("tcp://127.0.0.1:1"));
    return json_pack("{s:s, s:I, s:s, s:i, s:i, s:o, s:o, s:o, s:s, s:s}",
        "cohortium", "roster", "version", (json_int_t)update->version,
        "federation", update->other_federation ? "other" : "test", "suite",
        update->other_suite ? 2 : 1, "threshold", update->threshold,
        "committee", committee, "centers", centers, "coordinator", office,
        "valid_from", "2026-01-01", "valid_until", "2030-01-01");
}

static struct digest encode(const struct update *update, struct buffer *out)
{
    struct keypair *signers[PEOPLE];
    size_t signer_count = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        if ((update->signers >> i & 1) != 0)
            signers[signer_count++] = (struct keypair *)person(i);
    }
    struct envelope *envelope =
        document_sign(TYPE_ROSTER, write_roster(update), signers, signer_count);
    const struct digest id = envelope_id(envelope);
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_encode(envelope, out));
    envelope_destroy(envelope);
    if (update->flipped)
        out->data[(size_t)update->flip_at * 8 % out->size] ^= 1;
    return id;
}

static void send(struct session *session, struct view roster)
{
    static struct outbox outbox;
    struct buffer bytes;
    const struct message message = {
        .type = MESSAGE_ROSTER, .document_count = 1, .documents = {roster}};
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    must(message_encode(&message, &bytes));
    must(session_receive(session, buffer_view(&bytes),
        (struct session_time){NOW, 1000}, &outbox));
    REQUIRE(outbox.count == 0);
    buffer_fini(&bytes);
}

static void check(const struct session *session, const struct model *model)
{
    const struct roster *roster = session_roster(session);
    REQUIRE(roster->version == model->version);
    REQUIRE(digest_equal(&roster->id, &model->id));
}

/* A byte that was turned over may leave the document as it was (the case of a
 * hexadecimal digit), or make it worse, never better. */
static void take(
    struct session *session, struct model *model, const struct update *update)
{
    struct buffer bytes;
    const struct digest id = encode(update, &bytes);
    send(session, buffer_view(&bytes));
    buffer_fini(&bytes);
    const bool taken = session_roster(session)->version != model->version;
    REQUIRE(!taken || is_good(model, update));
    REQUIRE(taken || update->flipped || !is_good(model, update));
    if (taken)
        *model = (struct model){update->version,
            update->committee & ~update->revoked, update->threshold, id};
    check(session, model);
}

static struct session *start(struct store *store)
{
    struct session *session = NULL;
    const struct session_setup setup = {.keys = person(CENTER),
        .dictionary = fuzz_dictionary(),
        .store = store,
        .threads = 1,
        .refusals_to_lock = 1000000};
    must(session_create(&session, &setup));
    return session;
}

static void install(struct store *store, struct model *model)
{
    const struct update first = {.version = 1,
        .committee = 7,
        .signers = 3,
        .threshold = 2,
        .centers = 3};
    struct buffer bytes;
    model->id = encode(&first, &bytes);
    must(store_put_roster(store, 1, buffer_view(&bytes)));
    buffer_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store = NULL;
    struct model model = {.version = 1, .standing = 7, .threshold = 2};
    struct audit_finding finding;
    log_set_level(LOG_ERROR);
    must(store_open(&store, ":memory:", fuzz_dictionary()));
    install(store, &model);
    struct session *session = start(store);
    for (; size >= UPDATE_BYTES; size -= UPDATE_BYTES, data += UPDATE_BYTES) {
        const struct update update = read_update(&model, data);
        take(session, &model, &update);
    }
    session_destroy(session);
    session = start(store); /* the chain is read again, and verified */
    check(session, &model);
    session_destroy(session);
    must(
        audit_verify(store, &keypair_identity(person(CENTER))->sign, &finding));
    REQUIRE(finding.problem[0] == '\0');
    REQUIRE(finding.records == model.version - 1);
    store_close(store);
    return 0;
}
