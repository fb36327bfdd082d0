#include "coordinator/client/asking.h"

#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "coordinator/client/result_table.h"
#include "coordinator/client/status_text.h"
#include "policy/amendment.h"
#include "policy/result_file.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/text.h"

#define REPEAT_MS 2000 /* between two askings of the same */
#define BUSY_MS_MAX 60000
#define RECONNECT_MS 200 /* while there is no connection */

enum status checked_query_load(struct checked_query *out, const char *path,
    const struct dictionary *dictionary, const struct model_source *model)
{
    struct diagnostic diagnostic;
    *out = (struct checked_query){0};
    diagnostic_init(&diagnostic, path);
    enum status status = client_read_file(&out->text, path);
    if (status == STATUS_OK)
        status = model_score_resolve(&out->text, model);
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
    const struct checked_query *checked, const struct study *study,
    const struct keypair *keys, int64_t expires)
{
    struct buffer payload;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    static const struct digest none;
    const struct digest amendment =
        study_amendment_of(study, checked->query->named);
    struct query_seal seal = {
        .amendment = digest_equal(&amendment, &none) ? NULL : &amendment,
        .study_id = study->id,
        .dictionary_id = study->dictionary_id,
        .expires = expires};
    diagnostic_init(&diagnostic, "query");
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    randombytes_buf(seal.nonce, sizeof seal.nonce);
    enum status status =
        query_seal(&payload, buffer_view(&checked->text), &seal, &diagnostic);
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

static bool answers(
    const struct envelope *result, const struct digest *query_id)
{
    char wanted[DIGEST_TEXT];
    digest_to_text(wanted, query_id);
    json_t *payload = json_loadb((const char *)result->payload.data,
        result->payload.size, JSON_REJECT_DUPLICATES, NULL);
    const char *found = json_string_value(json_object_get(payload, "query_id"));
    bool same = found != NULL && strcmp(found, wanted) == 0;
    json_decref(payload);
    return same;
}

enum status result_take(struct envelope **out, struct view bytes,
    const struct digest *query_id, const struct roster *roster)
{
    enum status status = envelope_decode(out, bytes);
    if (status == STATUS_OK)
        status = envelope_verify(*out, TYPE_RESULT, &roster->coordinator.sign);
    if (status == STATUS_OK && !answers(*out, query_id))
        status = STATUS_WRONG_QUERY;
    if (status == STATUS_OK)
        return status;
    envelope_destroy(*out);
    *out = NULL;
    return status;
}

static bool concerns(const struct message *failure, const struct digest *query)
{
    static const struct digest none;
    return digest_equal(&failure->id, query) ||
           digest_equal(&failure->id, &none);
}

/* False: not the end yet. */
static bool read_reply(struct connection *connection,
    const struct message *reply, const struct digest *query_id,
    struct envelope **result, enum status *status)
{
    if (reply->type == MESSAGE_FAILURE && concerns(reply, query_id)) {
        *status = connection_failure(reply);
        return true;
    }
    if (reply->type != MESSAGE_RESULT)
        return false;
    *status =
        result_take(result, reply->document, query_id, connection->roster);
    if (*status == STATUS_WRONG_QUERY)
        return false;
    if (*status != STATUS_OK) {
        program_fail(*status,
            "the result is not signed by the coordinator of the roster: "
            "%s",
            status_text(*status));
    }
    return true;
}

/* taken: the coordinator said that it has the query. */
static enum status fail_late(const struct digest *query_id, bool taken)
{
    char id[DIGEST_TEXT];
    digest_to_text(id, query_id);
    if (!taken)
        return program_fail(STATUS_TIMED_OUT,
            "the coordinator did not say that it took the query: its queue was "
            "full, or it was away; 'cohortium query status %s' tells",
            id);
    return program_fail(STATUS_TIMED_OUT,
        "no answer yet; the query goes on, and 'cohortium result fetch %s' "
        "gets its result",
        id);
}

/* A full queue is no end: the coordinator says when to ask again. */
static bool is_busy(const struct message *reply, const struct digest *query_id)
{
    return reply->type == MESSAGE_FAILURE && reply->number > 0 &&
           strcmp(reply->name, status_name(STATUS_BUSY)) == 0 &&
           concerns(reply, query_id);
}

static uint64_t again_ms(const struct message *reply)
{
    fprintf(stderr, "the coordinator's queue is full; asking again in %.0f s\n",
        (double)reply->number / 1000);
    return reply->number < BUSY_MS_MAX ? reply->number : BUSY_MS_MAX;
}

enum status query_await(struct connection *connection,
    const struct message *question, const struct digest *query_id,
    int timeout_ms, struct envelope **result)
{
    uint64_t now = clock_monotonic_ms(), end = now + (uint64_t)timeout_ms;
    uint64_t next = now;
    struct status_progress progress = {.told = 0};
    bool taken = false;
    char id[DIGEST_TEXT];
    digest_to_text(id, query_id);
    *result = NULL;
    for (; now < end; now = clock_monotonic_ms()) {
        struct message reply;
        enum status status = STATUS_OK;
        if (now >= next) {
            status = connection_greet(connection); /* it may be a new one */
            if (status == STATUS_OK)
                status = connection_send(connection, question);
            next = now + (status == STATUS_BUSY ? RECONNECT_MS : REPEAT_MS);
        }
        if (status != STATUS_OK && status != STATUS_BUSY)
            return status;
        uint64_t until = next < end ? next : end;
        status = connection_receive(connection, &reply, (int)(until - now));
        if (status == STATUS_OK && is_busy(&reply, query_id)) {
            next = clock_monotonic_ms() + again_ms(&reply);
            taken = false;
            continue;
        }
        if (status == STATUS_OK && reply.type == MESSAGE_STATUS) {
            taken = true;
            status_show_progress(stderr, &progress, reply.document, id);
        }
        if (status == STATUS_OK &&
            read_reply(connection, &reply, query_id, result, &status))
            return status;
        if (status != STATUS_OK && status != STATUS_TIMED_OUT)
            return status;
    }
    return fail_late(query_id, taken);
}

enum status result_print(const struct envelope *result, bool json)
{
    enum status status;
    if (json) {
        struct buffer text;
        buffer_init(&text, BUFFER_LIMIT_DEFAULT);
        status = result_file_write(&text, result);
        /* Its bytes are signed; a terminal gets what can be seen. */
        if (status == STATUS_OK && isatty(STDOUT_FILENO))
            text_print_json(stdout, buffer_view(&text));
        else if (status == STATUS_OK &&
                 fwrite(text.data, 1, text.size, stdout) != text.size)
            status = STATUS_IO;
        buffer_fini(&text);
        return status;
    }
    json_t *parsed = result_file_json(result);
    status = parsed == NULL ? STATUS_MALFORMED
                            : result_table_print(stdout, parsed, 0,
                                  "holds: checked when the result came");
    json_decref(parsed);
    return status;
}
