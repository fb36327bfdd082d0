#include "node/session.h"
#include "tests/fuzz/fuzz.h"

/* A roster of one center, one member, one coordinator. */
static void fuzz_install_roster(struct store *store, const struct keypair *keys)
{
    struct keypair *member = NULL, *office = NULL;
    struct envelope *envelope = NULL;
    struct buffer text, bytes;
    char hex[6][KEY_TEXT];
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    REQUIRE(keypair_create(&member, "member") == STATUS_OK);
    REQUIRE(keypair_create(&office, "office") == STATUS_OK);
    const struct keypair *all[] = {member, keys, office};
    for (size_t i = 0; i < 3; i++) {
        public_key_to_text(hex[2 * i], &keypair_identity(all[i])->sign);
        public_key_to_text(hex[2 * i + 1], &keypair_identity(all[i])->curve);
    }
    REQUIRE(buffer_append_format(&text,
                "{\"cohortium\":\"roster\",\"version\":1,\"federation\":"
                "\"fuzz\",\"suite\":1,\"threshold\":1,\"committee\":[{"
                "\"name\":\"member\",\"identity\":\"%s\",\"curve\":\"%s\"}],"
                "\"centers\":[{\"name\":\"center\",\"identity\":\"%s\","
                "\"curve\":\"%s\"}],\"coordinator\":{\"name\":\"office\","
                "\"identity\":\"%s\",\"curve\":\"%s\",\"endpoint\":"
                "\"tcp://127.0.0.1:1\"},\"valid_from\":\"2020-01-01\","
                "\"valid_until\":\"2099-01-01\"}",
                hex[0], hex[1], hex[2], hex[3], hex[4], hex[5]) == STATUS_OK);
    REQUIRE(envelope_create(&envelope, TYPE_ROSTER, buffer_view(&text)) ==
            STATUS_OK);
    REQUIRE(envelope_sign(envelope, member) == STATUS_OK);
    REQUIRE(envelope_encode(envelope, &bytes) == STATUS_OK);
    REQUIRE(store_put_roster(store, 1, buffer_view(&bytes)) == STATUS_OK);
    envelope_destroy(envelope);
    keypair_destroy(member);
    keypair_destroy(office);
    buffer_fini(&text);
    buffer_fini(&bytes);
}

static void check_replies(const struct outbox *outbox)
{
    static struct message message;
    for (size_t i = 0; i < outbox->count; i++) {
        REQUIRE(message_decode(&message, buffer_view(&outbox->messages[i]),
                    SENDER_CENTER) == STATUS_OK);
        REQUIRE(message.type != MESSAGE_SUMMARY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* messages of a coordinator that may say anything: length (2 bytes), bytes
     */
    static struct session *session;
    static struct store *store;
    static struct keypair *keys;
    static struct outbox outbox;
    struct session_time now = {1800000000, 1000};
    if (session == NULL) {
        const struct dictionary *dictionary = fuzz_dictionary();
        REQUIRE(keypair_create(&keys, "center") == STATUS_OK);
        REQUIRE(store_open(&store, ":memory:", dictionary) == STATUS_OK);
        fuzz_install_roster(store, keys);
        const struct session_setup setup = {.keys = keys,
            .dictionary = dictionary,
            .store = store,
            .threads = 1,
            .refusals_to_lock = 1000000};
        REQUIRE(session_create(&session, &setup) == STATUS_OK);
    }
    while (size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;
        data += 2;
        size -= 2;
        length = length < size ? length : size;
        (void)session_receive(session, fuzz_view(data, length), now, &outbox);
        data += length;
        size -= length;
        check_replies(&outbox);
        outbox_clear(&outbox);
    }
    return 0;
}
