#include "tests/fuzz/fuzz.h"

#include "coordinator_fixture.h"

#define ROUNDS_A_LEDGER 2000

/* What the bytes may say beside a raw message. */
enum move { MOVE_RAW, MOVE_HELLO, MOVE_PING, MOVE_REFUSE, MOVE_SUMMARY };

static void fuzz_raw(struct fixture *fixture, size_t who, struct view body)
{
    char user[CHANNEL_USER_MAX];
    struct channel_route route = fixture_route(ROUTE_CENTER + (int)who);
    if (who < CENTERS) {
        snprintf(user, sizeof user, "center:center-%zu", who);
    } else {
        memcpy(user, "person:", 8);
        public_key_to_text(
            user + 7, &keypair_identity(fixture->cast.researcher)->sign);
        route = fixture_route(ROUTE_RESEARCHER);
    }
    office_receive(fixture->office, user, &route, body, fixture->now);
}

static void fuzz_reply(struct fixture *fixture, size_t who,
    const struct digest *header, struct view vector)
{
    static uint8_t bytes[26 * VECTOR_ELEMENT_BYTES];
    struct message message = {.type = MESSAGE_SUMMARY,
        .id = *header,
        .vector = {bytes, sizeof bytes}};
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, vector.data,
        vector.size < sizeof bytes ? vector.size : sizeof bytes);
    fixture_from_center(fixture, who, &message);
}

static void fuzz_move(struct fixture *fixture, const struct digest *header,
    uint8_t choice, struct view body)
{
    size_t who = choice >> 4;
    size_t center = who % CENTERS;
    struct message message = {.type = MESSAGE_PING};
    switch ((enum move)(choice & 7)) {
    case MOVE_HELLO: fixture_hello(fixture, center); break;
    case MOVE_PING: fixture_from_center(fixture, center, &message); break;
    case MOVE_REFUSE:
        message.type = MESSAGE_REFUSE;
        message.id = *header;
        fixture_from_center(fixture, center, &message);
        break;
    case MOVE_SUMMARY: fuzz_reply(fixture, center, header, body); break;
    case MOVE_RAW:
    default: fuzz_raw(fixture, who % (CENTERS + 1), body); break;
    }
}

static struct digest fuzz_ask(struct fixture *fixture, int number)
{
    struct buffer query;
    struct digest header = {{0}};
    struct envelope *envelope = NULL;
    fixture_make_query(fixture, &query, NULL, number);
    fixture_submit_query(fixture, &query);
    buffer_fini(&query);
    const struct message *open =
        fixture_last(fixture, ROUTE_CENTER, MESSAGE_OPEN);
    if (open != NULL) {
        REQUIRE(envelope_decode(&envelope, open->header) == STATUS_OK);
        header = envelope_id(envelope);
        envelope_destroy(envelope);
    }
    return header;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* an open question, and enrolled centers and a researcher who may say
     * anything: a move (1 byte), length (2 bytes), bytes */
    static struct fixture fixture;
    static int number;
    if (number % ROUNDS_A_LEDGER == 0) { /* it grows with every question */
        if (fixture.office != NULL)
            fixture_destroy(&fixture);
        fixture_create(&fixture);
        fixture_open_ready(&fixture);
    }
    for (size_t i = 0; i < CENTERS; i++)
        fixture_hello(&fixture, i);
    const struct digest header = fuzz_ask(&fixture, 18 + number++ % 100);
    while (size >= 3) {
        size_t length = (size_t)data[1] | (size_t)data[2] << 8;
        uint8_t choice = data[0];
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        fuzz_move(&fixture, &header, choice, fuzz_view(data, length));
        data += length;
        size -= length;
    }
    fixture_wait(&fixture, 40000); /* the deadline */
    REQUIRE(office_open_sessions(fixture.office) == 0);
    fixture_forget(&fixture);
    return 0;
}
