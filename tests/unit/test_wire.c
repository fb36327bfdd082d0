#include "protocol/wire/codec.h"
#include "protocol/wire/message.h"
#include "tests/unit/test.h"

static void test_codec_read_array_longer_than_bytes_is_truncated(void **state)
{
    (void)state;
    const uint8_t huge[] = {0xdd, 0xff, 0xff, 0xff, 0xff};
    struct codec_reader reader;
    size_t count;
    codec_reader_init(&reader, (struct view){huge, sizeof huge});
    assert_int_equal(
        codec_read_array(&reader, &count, SIZE_MAX), STATUS_TRUNCATED);
    codec_reader_init(&reader, (struct view){huge, sizeof huge});
    assert_int_not_equal(codec_read_array(&reader, &count, 10), STATUS_OK);
}

static void test_codec_read_refuses_maps_floats_and_extensions(void **state)
{
    (void)state;
    const uint8_t heads[] = {0x80, 0xca, 0xcb, 0xc7, 0xd4, 0xde, 0xc1};
    for (size_t i = 0; i < sizeof heads; i++) {
        uint8_t bytes[16] = {heads[i], 1, 1};
        struct codec_reader reader;
        uint64_t number;
        struct view view;
        codec_reader_init(&reader, (struct view){bytes, sizeof bytes});
        assert_int_equal(
            codec_read_uint(&reader, &number, 10), STATUS_MALFORMED);
        codec_reader_init(&reader, (struct view){bytes, sizeof bytes});
        assert_int_equal(
            codec_read_bytes(&reader, &view, 10), STATUS_MALFORMED);
    }
}

static void test_codec_round_trip_keeps_every_value(void **state)
{
    (void)state;
    const uint64_t numbers[] = {0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX,
        (uint64_t)UINT32_MAX + 1, UINT64_MAX};
    struct buffer out;
    struct codec_reader reader;
    buffer_init(&out, 1000);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_int_equal(codec_write_uint(&out, numbers[i]), STATUS_OK);
    assert_int_equal(codec_write_int(&out, INT64_MIN), STATUS_OK);
    assert_int_equal(codec_write_text(&out, "m\xc3\xbc"), STATUS_OK);
    codec_reader_init(&reader, buffer_view(&out));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t value;
        assert_int_equal(
            codec_read_uint(&reader, &value, UINT64_MAX), STATUS_OK);
        assert_true(value == numbers[i]);
    }
    int64_t lowest;
    char text[8];
    assert_int_equal(codec_read_int(&reader, &lowest), STATUS_OK);
    assert_true(lowest == INT64_MIN);
    assert_int_equal(codec_read_text(&reader, text, sizeof text), STATUS_OK);
    assert_string_equal(text, "m\xc3\xbc");
    assert_int_equal(codec_read_end(&reader), STATUS_OK);
    buffer_fini(&out);
}

static void test_codec_read_text_not_utf8_is_malformed(void **state)
{
    (void)state;
    const uint8_t bad[][4] = {{0xa2, 0xc3, 0x28, 0}, {0xa2, 0xc0, 0x80, 0},
        {0xa1, 0x80, 0, 0}, {0xa1, 0x00, 0, 0}};
    for (size_t i = 0; i < 4; i++) {
        struct codec_reader reader;
        char text[8];
        codec_reader_init(
            &reader, (struct view){bad[i], 1 + (bad[i][0] & 0x1fU)});
        assert_int_equal(
            codec_read_text(&reader, text, sizeof text), STATUS_MALFORMED);
    }
}

static const uint8_t document[] = "{}";

static struct message example(enum message_type type)
{
    struct message message = {.type = type,
        .version = PROTOCOL_VERSION,
        .number = 20000,
        .name = "EXPIRED",
        .text = "text"};
    const struct view view = {document, 2};
    static const uint8_t vector[32] = {1};
    memset(message.id.bytes, 7, DIGEST_BYTES);
    memset(message.result.bytes, 8, DIGEST_BYTES);
    message.header = message.query = message.study = message.document = view;
    message.vector = (struct view){vector, sizeof vector};
    message.body = (struct view){vector, 5};
    message.document_count = 2;
    message.documents[0] = message.documents[1] = view;
    return message;
}

/* The same bytes, but for a number that is written in more bytes than it needs:
 * the second writing is then shorter, and means the same. */
static void assert_same_content(const struct buffer *a, const struct buffer *b)
{
    static struct message first, second;
    const unsigned all = SENDER_CENTER | SENDER_COORDINATOR | SENDER_PERSON;
    if (view_equal(buffer_view(a), buffer_view(b)))
        return;
    assert_int_equal(message_decode(&first, buffer_view(a), all), STATUS_OK);
    assert_int_equal(message_decode(&second, buffer_view(b), all), STATUS_OK);
    assert_int_equal(first.type, second.type);
    assert_int_equal(first.version, second.version);
    assert_int_equal(first.number, second.number);
    assert_memory_equal(&first.id, &second.id, sizeof first.id);
    assert_memory_equal(&first.result, &second.result, sizeof first.result);
    assert_string_equal(first.name, second.name);
    assert_string_equal(first.text, second.text);
    const struct view views[][2] = {{first.header, second.header},
        {first.query, second.query}, {first.study, second.study},
        {first.document, second.document}, {first.vector, second.vector},
        {first.body, second.body}};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        assert_true(view_equal(views[i][0], views[i][1]));
    assert_int_equal(first.document_count, second.document_count);
}

static void test_message_round_trip_and_cut_at_every_length(void **state)
{
    (void)state;
    const unsigned all = SENDER_CENTER | SENDER_COORDINATOR | SENDER_PERSON;
    static struct message again;
    for (int type = MESSAGE_HELLO; type <= MESSAGE_HEADS; type++) {
        struct message message = example((enum message_type)type);
        struct buffer bytes, twice;
        buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
        buffer_init(&twice, BUFFER_LIMIT_DEFAULT);
        assert_int_equal(message_encode(&message, &bytes), STATUS_OK);
        assert_int_equal(
            message_decode(&again, buffer_view(&bytes), all), STATUS_OK);
        assert_int_equal(message_encode(&again, &twice), STATUS_OK);
        assert_true(view_equal(buffer_view(&bytes), buffer_view(&twice)));
        for (size_t size = 0; size < bytes.size; size++) {
            assert_int_not_equal(
                message_decode(&again, (struct view){bytes.data, size}, all),
                STATUS_OK);
        }
        assert_int_equal(buffer_append(&bytes, "", 1), STATUS_OK);
        assert_int_equal(message_decode(&again, buffer_view(&bytes), all),
            STATUS_TRAILING_BYTES);
        buffer_fini(&bytes);
        buffer_fini(&twice);
    }
}

/* It is refused, or says just what stands there. */
static void check_every_byte_counts(const struct buffer *bytes)
{
    const unsigned all = SENDER_CENTER | SENDER_COORDINATOR | SENDER_PERSON;
    static struct message again;
    struct buffer twice;
    if (message_decode(&again, buffer_view(bytes), all) != STATUS_OK)
        return;
    buffer_init(&twice, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(message_encode(&again, &twice), STATUS_OK);
    assert_same_content(bytes, &twice);
    buffer_fini(&twice);
}

/* Nothing in a message is passed over: with any byte changed it is refused, or
 * says just what stands there. */
static void test_message_decode_every_byte_counts(void **state)
{
    (void)state;
    for (int type = MESSAGE_HELLO; type <= MESSAGE_HEADS; type++) {
        struct message message = example((enum message_type)type);
        struct buffer bytes;
        buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
        assert_int_equal(message_encode(&message, &bytes), STATUS_OK);
        for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            check_every_byte_counts(&bytes);
            bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        buffer_fini(&bytes);
    }
}

static void test_message_decode_wrong_sender_is_not_allowed(void **state)
{
    (void)state;
    static struct message again;
    struct buffer bytes;
    struct message message = example(MESSAGE_OPEN);
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(message_encode(&message, &bytes), STATUS_OK);
    assert_int_equal(message_decode(&again, buffer_view(&bytes),
                         SENDER_CENTER | SENDER_PERSON),
        STATUS_NOT_ALLOWED);
    buffer_fini(&bytes);
}

/* What an earlier program says is read, and a zero has one way to be said. */
static void test_message_optional_number_may_be_absent(void **state)
{
    static const enum message_type types[] = {
        MESSAGE_HELLO, MESSAGE_REFUSE, MESSAGE_FAILURE};
    const unsigned all = SENDER_CENTER | SENDER_COORDINATOR;
    static struct message again;
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct message message = example(types[i]);
        struct buffer with, without;
        buffer_init(&with, BUFFER_LIMIT_DEFAULT);
        buffer_init(&without, BUFFER_LIMIT_DEFAULT);
        message.number = 3;
        assert_int_equal(message_encode(&message, &with), STATUS_OK);
        assert_int_equal(
            message_decode(&again, buffer_view(&with), all), STATUS_OK);
        assert_int_equal(again.number, 3);
        message.number = 0;
        assert_int_equal(message_encode(&message, &without), STATUS_OK);
        assert_int_equal(without.size + 1, with.size);
        assert_int_equal(
            message_decode(&again, buffer_view(&without), all), STATUS_OK);
        assert_int_equal(again.number, 0);
        with.data[with.size - 1] = 0;
        assert_int_equal(
            message_decode(&again, buffer_view(&with), all), STATUS_MALFORMED);
        buffer_fini(&with);
        buffer_fini(&without);
    }
}

static void test_message_decode_odd_vector_is_malformed(void **state)
{
    (void)state;
    static struct message again;
    struct buffer bytes;
    struct message message = example(MESSAGE_SUMMARY);
    message.vector.size = 17;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(message_encode(&message, &bytes), STATUS_OK);
    assert_int_equal(message_decode(&again, buffer_view(&bytes), SENDER_CENTER),
        STATUS_MALFORMED);
    buffer_fini(&bytes);
}

static void test_buffer_append_past_limit_is_too_large(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 5);
    assert_int_equal(buffer_append(&buffer, "abcde", 5), STATUS_OK);
    assert_int_equal(buffer_append(&buffer, "f", 1), STATUS_TOO_LARGE);
    assert_string_equal(buffer_text(&buffer), "abcde");
    buffer_fini(&buffer);
}

static void test_digest_of_empty_is_blake2b_256(void **state)
{
    (void)state;
    char text[DIGEST_TEXT];
    struct digest digest = digest_of((struct view){NULL, 0});
    digest_to_text(text, &digest);
    /* RFC 7693's function with an output of 32 bytes, of the empty string */
    assert_string_equal(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787"
                              "faab45cdf12fe3a8");
    assert_int_equal(digest_from_text(&digest, "00"), STATUS_MALFORMED);
}

static void test_hello_of_another_version_is_read_so_far(void **state)
{
    /* [1, 99, nil, {}, "x"]: a HELLO as nobody knows it yet */
    static const uint8_t later[] = {0x95, 1, 99, 0xC0, 0x80, 0xA1, 'x'};
    static const uint8_t now[] = {
        0x95, 1, PROTOCOL_VERSION, 0xC0, 0x80, 0xA1, 'x'};
    struct message message;
    (void)state;
    assert_int_equal(message_decode(&message,
                         (struct view){later, sizeof later}, SENDER_CENTER),
        STATUS_OK);
    assert_int_equal(message.type, MESSAGE_HELLO);
    assert_int_equal(message.version, 99);
    assert_int_equal(
        message_decode(
            &message, (struct view){later, sizeof later}, SENDER_COORDINATOR),
        STATUS_NOT_ALLOWED);
    assert_int_equal(
        message_decode(&message, (struct view){now, sizeof now}, SENDER_CENTER),
        STATUS_MALFORMED);
}

static void test_versions_fit_when_their_ranges_meet(void **state)
{
    char text[PROTOCOL_TEXT];
    const uint64_t unit = 65536, newest = PROTOCOL_VERSION;
    (void)state;
    assert_int_equal(protocol_compare(protocol_said()), PROTOCOL_FITS);
    assert_int_equal(protocol_compare(newest), PROTOCOL_FITS);
    assert_int_equal(protocol_compare(0), PROTOCOL_PEER_OLDER);
    assert_int_equal(
        protocol_compare(PROTOCOL_OLDEST - 1), PROTOCOL_PEER_OLDER);
    assert_int_equal(protocol_compare(newest + 1), PROTOCOL_PEER_NEWER);
    assert_int_equal(
        protocol_compare(unit * newest + newest + 9), PROTOCOL_FITS);
    assert_int_equal(protocol_compare(unit * (newest + 1) + newest + 9),
        PROTOCOL_PEER_NEWER);
    assert_int_equal(protocol_compare(UINT32_MAX), PROTOCOL_PEER_NEWER);
    protocol_text(text, 3);
    assert_string_equal(text, "3");
    protocol_text(text, 2 * unit + 4);
    assert_string_equal(text, "2 to 4");
    protocol_text(text, UINT64_MAX);
}

static void test_status_of_a_name_is_the_one_that_has_it(void **state)
{
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++)
        assert_int_equal(status_of_name(status_name((enum status)i)), i);
    assert_int_equal(status_of_name("OF_A_LATER_VERSION"), STATUS_REFUSED);
    assert_int_equal(status_of_name(""), STATUS_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_of_a_name_is_the_one_that_has_it),
        cmocka_unit_test(test_codec_read_array_longer_than_bytes_is_truncated),
        cmocka_unit_test(test_codec_read_refuses_maps_floats_and_extensions),
        cmocka_unit_test(test_codec_round_trip_keeps_every_value),
        cmocka_unit_test(test_codec_read_text_not_utf8_is_malformed),
        cmocka_unit_test(test_message_round_trip_and_cut_at_every_length),
        cmocka_unit_test(test_message_decode_every_byte_counts),
        cmocka_unit_test(test_message_decode_wrong_sender_is_not_allowed),
        cmocka_unit_test(test_message_optional_number_may_be_absent),
        cmocka_unit_test(test_message_decode_odd_vector_is_malformed),
        cmocka_unit_test(test_buffer_append_past_limit_is_too_large),
        cmocka_unit_test(test_hello_of_another_version_is_read_so_far),
        cmocka_unit_test(test_versions_fit_when_their_ranges_meet),
        cmocka_unit_test(test_digest_of_empty_is_blake2b_256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
