#include <stdlib.h>

#include "coordinator/client/client.h"
#include "coordinator/client/status_text.h"
#include "policy/continuation.h"
#include "protocol/wire/loop.h"

static enum status sign(struct buffer *out, const struct study *study,
    const struct keypair *keys, int64_t seen, const char *comment)
{
    const struct continuation continuation = {
        .study_id = study->id, .seen = seen, .date = clock_wall_seconds()};
    struct buffer payload;
    struct envelope *envelope = NULL;
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    enum status status = continuation_write(&payload, &continuation, comment);
    if (status == STATUS_OK)
        status = envelope_create(
            &envelope, TYPE_CONTINUATION, buffer_view(&payload));
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_encode(envelope, out);
    envelope_destroy(envelope);
    buffer_fini(&payload);
    return status;
}

/* As an approval goes to the office: beside the study. */
static enum status send_word(struct connection *connection,
    const struct study_file *file, int64_t seen, const char *comment)
{
    struct buffer study, word;
    struct message reply;
    buffer_init(&study, BUFFER_LIMIT_DEFAULT);
    buffer_init(&word, BUFFER_LIMIT_DEFAULT);
    enum status status = envelope_encode(file->envelope, &study);
    if (status == STATUS_OK)
        status = sign(&word, file->study, connection->keys, seen, comment);
    if (status == STATUS_OK) {
        struct message submit = {.type = MESSAGE_SUBMIT_STUDY,
            .study = buffer_view(&study),
            .document_count = 1};
        submit.documents[0] = buffer_view(&word);
        status = connection_ask(connection, &submit, MESSAGE_STATUS, &reply);
    }
    buffer_fini(&study);
    buffer_fini(&word);
    return status;
}

/* Whoever signs has seen as many as the office found, and no other number. */
static enum status continue_study(struct connection *connection,
    const struct study_file *file, const json_t *near,
    const struct arguments *arguments)
{
    const int64_t found = json_integer_value(json_object_get(near, "found"));
    int64_t seen = 0;
    enum status status =
        argument_integer(arguments, "seen", &seen, 0, 1, INT32_MAX);
    if (status != STATUS_OK)
        return status;
    if (seen == 0) {
        printf("to let it go on: 'cohortium study continue' with --seen %lld\n",
            (long long)found);
        return STATUS_OK;
    }
    if (seen != found)
        return program_fail(STATUS_OUT_OF_RANGE,
            "the office found %lld, and --seen says %lld: look at those above",
            (long long)found, (long long)seen);
    status =
        send_word(connection, file, seen, argument_value(arguments, "comment"));
    if (status == STATUS_OK)
        printf("study %s goes on\n", file->study->name);
    return status;
}

enum status command_study_continue(const struct arguments *arguments)
{
    struct study_file file = {0};
    struct connection connection = {0};
    struct message ask = {.type = MESSAGE_ASK_STATUS}, reply;
    json_t *near = NULL;
    enum status status = client_load_study(&file, operand_at(arguments, 0));
    if (status == STATUS_OK)
        status = connection_load(&connection, arguments);
    if (status == STATUS_OK)
        status = client_check_member(connection.roster, connection.keys,
            argument_value(arguments, "roster"));
    if (status == STATUS_OK)
        status = connection_connect(&connection, arguments);
    if (status == STATUS_OK)
        status = connection_ask(&connection, &ask, MESSAGE_STATUS, &reply);
    if (status == STATUS_OK)
        status = status_find_near(reply.document, &file.study->id, &near);
    if (status == STATUS_OK && near == NULL) {
        printf("study %s has no cohorts near to an earlier one that was "
               "answered otherwise\n",
            file.study->name);
    } else if (status == STATUS_OK) {
        printf("study %s: %lld cohorts within two people of an earlier one, "
               "answered otherwise; %lld seen before\n",
            file.study->name,
            (long long)json_integer_value(json_object_get(near, "found")),
            (long long)json_integer_value(json_object_get(near, "seen")));
        status_print_pairs(stdout, near);
        status = continue_study(&connection, &file, near, arguments);
    }
    json_decref(near);
    connection_close(&connection);
    client_free_study(&file);
    return status;
}
