/* What a client is told by any coordinator. The first byte says what the rest
 * is: a message; the payload of a result that the right key signed; STATUS as
 * JSON; or a query and, behind a zero byte, the result whose model it names. */
#include "coordinator/client/asking.h"
#include "coordinator/client/model_score.h"
#include "coordinator/client/status_text.h"
#include "protocol/wire/json_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/documents_fixture.h"

enum told { TOLD_MESSAGE, TOLD_RESULT, TOLD_STATUS, TOLD_MODEL, TOLD_COUNT };

static const struct digest query_id = {{0xAB, 0xCD}};

static void take_message(const struct roster *roster, struct view bytes)
{
    static struct message message;
    struct envelope *result = NULL;
    if (message_decode(&message, bytes, SENDER_COORDINATOR) != STATUS_OK)
        return;
    if (message.type == MESSAGE_FAILURE)
        REQUIRE(connection_failure(&message) != STATUS_OK);
    if (message.type == MESSAGE_RESULT)
        REQUIRE(result_take(&result, message.document, &query_id, roster) !=
                STATUS_OK);
}

static bool says_query(struct view payload)
{
    json_t *json = NULL;
    char wanted[DIGEST_TEXT];
    digest_to_text(wanted, &query_id);
    (void)json_text_parse(&json, payload, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(json, "query_id"));
    const bool says = id != NULL && strcmp(id, wanted) == 0;
    json_decref(json);
    return says;
}

static void take_result(
    const struct cast *cast, const struct roster *roster, struct view payload)
{
    struct envelope *envelope = NULL, *result = NULL;
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    REQUIRE(envelope_create(&envelope, TYPE_RESULT, payload) == STATUS_OK);
    REQUIRE(envelope_sign(envelope, cast->coordinator) == STATUS_OK);
    REQUIRE(envelope_encode(envelope, &bytes) == STATUS_OK);
    envelope_destroy(envelope);
    enum status status =
        result_take(&result, buffer_view(&bytes), &query_id, roster);
    REQUIRE((status == STATUS_OK) == says_query(payload));
    envelope_destroy(result);
    buffer_fini(&bytes);
}

static void take_status(struct view json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    REQUIRE(out != NULL);
    (void)status_print_queries(out, json, "");
    (void)status_print_studies(out, json);
    fclose(out);
    for (size_t i = 0; i < size; i++)
        REQUIRE(
            text[i] == '\n' || ((uint8_t)text[i] >= 0x20 && text[i] != 0x7F));
    free(text);
}

/* The model comes from a file of one's own: here nobody signed it. */
static void take_model(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    const size_t query_size = end == NULL ? size : (size_t)(end - data);
    const size_t behind = end == NULL ? size : query_size + 1;
    struct buffer query;
    json_t *json = NULL;
    buffer_init(&query, DOCUMENT_BYTES_MAX);
    const struct model_source source = {
        .path = fuzz_file(data + behind, size - behind, 0644)};
    if (query_size > 0 &&
        buffer_append(&query, data, query_size) == STATUS_OK &&
        model_score_resolve(&query, &source) == STATUS_OK &&
        !view_equal(buffer_view(&query), (struct view){data, query_size}))
        REQUIRE(json_text_parse(&json, buffer_view(&query),
                    JSON_REJECT_DUPLICATES, NULL) == STATUS_OK);
    json_decref(json);
    buffer_fini(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cast cast;
    static struct roster roster;
    if (cast.dictionary == NULL) {
        cast_create(&cast);
        roster.coordinator = *keypair_identity(cast.coordinator);
    }
    if (size == 0)
        return 0;
    const struct view rest = fuzz_view(data + 1, size - 1);
    switch ((enum told)(data[0] % TOLD_COUNT)) {
    case TOLD_MESSAGE: take_message(&roster, rest); break;
    case TOLD_RESULT: take_result(&cast, &roster, rest); break;
    case TOLD_STATUS: take_status(rest); break;
    case TOLD_MODEL:
    default: take_model(data + 1, size - 1); break;
    }
    return 0;
}
