#include "coordinator/client/asking.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "coordinator/client/result_file.h"
#include "coordinator/client/result_table.h"
#include "protocol/wire/loop.h"

enum status checked_query_load(struct checked_query *out, const char *path,
    const struct dictionary *dictionary)
{
    struct diagnostic diagnostic;
    *out = (struct checked_query){0};
    diagnostic_init(&diagnostic, path);
    enum status status = client_read_file(&out->text, path);
    if (status != STATUS_OK)
        return status;
    status = query_parse(
        &out->query, buffer_view(&out->text), dictionary, &diagnostic);
    if (status == STATUS_OK)
        status = plan_create(&out->plan, out->query, dictionary, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

void checked_query_fini(struct checked_query *checked)
{
    plan_destroy(checked->plan);
    query_destroy(checked->query);
    buffer_fini(&checked->text);
}

enum status query_sign(struct buffer *out, struct digest *query_id,
    struct view text, const struct study *study, const struct keypair *keys,
    int64_t expires)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    uint8_t nonce[NONCE_BYTES];
    diagnostic_init(&diagnostic, "query");
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    randombytes_buf(nonce, sizeof nonce);
    enum status status = query_seal(&payload, text, &study->id,
        &study->dictionary_id, nonce, expires, &diagnostic);
    if (status != STATUS_OK)
        program_fail_at(status, &diagnostic);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_QUERY, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK) {
        *query_id = envelope_id(envelope);
        status = envelope_encode(envelope, out);
    }
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}

enum status result_take(
    struct envelope **out, struct view bytes, const struct roster *roster)
{
    enum status status = envelope_decode(out, bytes);
    if (status == STATUS_OK)
        status = envelope_verify(*out, TYPE_RESULT, &roster->coordinator.sign);
    if (status == STATUS_OK)
        return status;
    envelope_destroy(*out);
    *out = NULL;
    return program_fail(status,
        "the result is not signed by the coordinator of the roster: it is %s",
        status_text(status));
}

enum status query_ask(struct connection *connection, struct view query,
    int timeout_ms, struct envelope **result)
{
    struct message submit = {.type = MESSAGE_SUBMIT_QUERY, .query = query};
    struct message reply;
    uint64_t end = clock_monotonic_ms() + (uint64_t)timeout_ms;
    *result = NULL;
    enum status status = connection_send(connection, &submit);
    while (status == STATUS_OK) {
        uint64_t now = clock_monotonic_ms();
        status = connection_receive(
            connection, &reply, now < end ? (int)(end - now) : 0);
        if (status == STATUS_OK && reply.type == MESSAGE_RESULT)
            return result_take(result, reply.document, connection->roster);
    }
    return status;
}

enum status result_print(const struct envelope *result, bool json)
{
    enum status status;
    if (json) {
        struct buffer text;
        buffer_init(&text, BUFFER_LIMIT_DEFAULT);
        status = result_file_write(&text, result);
        if (status == STATUS_OK &&
            fwrite(text.data, 1, text.size, stdout) != text.size)
            status = STATUS_IO;
        buffer_fini(&text);
        return status;
    }
    json_t *parsed = json_loadb((const char *)result->payload.data,
        result->payload.size, JSON_REJECT_DUPLICATES, NULL);
    status =
        parsed == NULL ? STATUS_MALFORMED : result_table_print(stdout, parsed);
    json_decref(parsed);
    return status;
}
