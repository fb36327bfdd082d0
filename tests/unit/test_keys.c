#include <sys/stat.h>
#include <unistd.h>

#include "protocol/wire/envelope.h"
#include "tests/unit/test.h"

static char folder[] = "/tmp/cohortium-keys-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct keypair *new_keys(const char *name)
{
    struct keypair *keys = NULL;
    assert_int_equal(keypair_create(&keys, name), STATUS_OK);
    return keys;
}

static void test_keypair_save_and_load_keeps_the_keys(void **state)
{
    (void)state;
    struct keypair *keys = new_keys("ada"), *again = NULL;
    assert_int_equal(keypair_save(keys, path_of("a"), NULL), STATUS_OK);
    assert_int_equal(keypair_save(keys, path_of("a"), NULL), STATUS_EXISTS);
    assert_int_equal(keypair_load(&again, path_of("a"), NULL), STATUS_OK);
    assert_true(public_key_equal(
        &keypair_identity(keys)->sign, &keypair_identity(again)->sign));
    keypair_destroy(again);
    assert_int_equal(chmod(path_of("a"), 0640), 0);
    assert_int_equal(
        keypair_load(&again, path_of("a"), NULL), STATUS_FILE_TOO_OPEN);
    keypair_destroy(keys);
}

static void test_keypair_load_wrong_passphrase_is_refused(void **state)
{
    (void)state;
    bool sealed = false;
    struct keypair *keys = new_keys("bob"), *again = NULL;
    assert_int_equal(keypair_save(keys, path_of("b"), "right"), STATUS_OK);
    assert_int_equal(keypair_file_sealed(path_of("b"), &sealed), STATUS_OK);
    assert_true(sealed);
    assert_int_equal(
        keypair_load(&again, path_of("b"), "wrong"), STATUS_BAD_PASSPHRASE);
    assert_int_equal(
        keypair_load(&again, path_of("b"), NULL), STATUS_BAD_PASSPHRASE);
    assert_int_equal(keypair_load(&again, path_of("b"), "right"), STATUS_OK);
    keypair_destroy(again);
    keypair_destroy(keys);
}

/* What is decoded of a changed text says the same or is not signed:
 * hexadecimal digits may change case. */
static void check_changed(const struct envelope *envelope,
    const struct buffer *text, const struct public_key *signer)
{
    struct envelope *changed = NULL;
    if (envelope_decode(&changed, buffer_view(text)) == STATUS_OK) {
        struct digest before = envelope_id(envelope);
        struct digest after = envelope_id(changed);
        bool same = digest_equal(&before, &after) &&
                    memcmp(changed->signatures, envelope->signatures,
                        sizeof changed->signatures[0]) == 0 &&
                    strcmp(changed->type, envelope->type) == 0;
        assert_true(
            same || envelope_verify(changed, TYPE_QUERY, signer) != STATUS_OK);
    }
    envelope_destroy(changed);
}

static void test_envelope_any_flipped_byte_never_verifies(void **state)
{
    (void)state;
    struct keypair *keys = new_keys("carol");
    const struct public_key *signer = &keypair_identity(keys)->sign;
    struct envelope *envelope = NULL;
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        envelope_create(&envelope, TYPE_QUERY, view_of_text("{\"a\": 1}")),
        STATUS_OK);
    assert_int_equal(envelope_sign(envelope, keys), STATUS_OK);
    assert_int_equal(envelope_verify(envelope, TYPE_QUERY, signer), STATUS_OK);
    assert_int_equal(
        envelope_verify(envelope, TYPE_STUDY, signer), STATUS_MALFORMED);
    assert_int_equal(envelope_encode(envelope, &text), STATUS_OK);
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        check_changed(envelope, &text, signer);
        text.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    envelope_destroy(envelope);
    buffer_fini(&text);
    keypair_destroy(keys);
}

static size_t count_signers(const struct envelope *envelope,
    const struct public_key *keys, size_t count)
{
    size_t signers = 0;
    assert_int_equal(
        envelope_count_signers(&signers, envelope, TYPE_ROSTER, keys, count),
        STATUS_OK);
    return signers;
}

static void test_envelope_count_signers_counts_a_key_once(void **state)
{
    (void)state;
    struct keypair *a = new_keys("a"), *b = new_keys("b"), *c = new_keys("c");
    struct envelope *envelope = NULL;
    const struct public_key keys[] = {keypair_identity(a)->sign,
        keypair_identity(a)->sign, keypair_identity(b)->sign,
        keypair_identity(c)->sign};
    assert_int_equal(
        envelope_create(&envelope, TYPE_ROSTER, view_of_text("{}")), STATUS_OK);
    assert_int_equal(envelope_sign(envelope, a), STATUS_OK);
    assert_int_equal(envelope_sign(envelope, a), STATUS_OK);
    assert_int_equal(count_signers(envelope, keys, 4), 1);
    assert_int_equal(envelope_sign(envelope, b), STATUS_OK);
    assert_int_equal(count_signers(envelope, keys, 4), 2);
    /* a signature under another's name */
    envelope->signatures[1].signer = keys[3];
    assert_int_equal(count_signers(envelope, keys, 4), 1);
    assert_int_equal(
        envelope_verify(envelope, TYPE_ROSTER, &keys[3]), STATUS_BAD_SIGNATURE);
    envelope_destroy(envelope);
    keypair_destroy(a);
    keypair_destroy(b);
    keypair_destroy(c);
}

static void test_envelope_decode_refuses_what_is_not_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "{}",
        "{\"payloadType\":\"a\",\"payload\":\"e30=\"}",
        "{\"payloadType\":\"a\",\"payload\":\"e30=\",\"signatures\":[],"
        "\"x\":1}",
        "{\"payloadType\":\"a\",\"payload\":\"e30\",\"signatures\":[]}",
        "{\"payloadType\":\"a\",\"payload\":\"e3 0=\",\"signatures\":[]}",
        "{\"payloadType\":\"a\\\"b\",\"payload\":\"e30=\",\"signatures\":[]}",
        "{\"payloadType\":\"a\",\"payloadType\":\"a\",\"payload\":\"e30=\","
        "\"signatures\":[]}",
        "{\"payloadType\":\"a\",\"payload\":\"e30=\",\"signatures\":[]} x",
        "{\"payloadType\":\"a\",\"payload\":\"e30=\",\"signatures\":[{"
        "\"keyid\":\"00\",\"sig\":\"\"}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct envelope *envelope = NULL;
        assert_int_equal(
            envelope_decode(&envelope, view_of_text(bad[i])), STATUS_MALFORMED);
        assert_null(envelope);
    }
}

static int setup(void **state)
{
    (void)state;
    return keys_start() == STATUS_OK && mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path_of("a"));
    unlink(path_of("b"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keypair_save_and_load_keeps_the_keys),
        cmocka_unit_test(test_keypair_load_wrong_passphrase_is_refused),
        cmocka_unit_test(test_envelope_any_flipped_byte_never_verifies),
        cmocka_unit_test(test_envelope_count_signers_counts_a_key_once),
        cmocka_unit_test(test_envelope_decode_refuses_what_is_not_strict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
