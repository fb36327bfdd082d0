#include "coordinator/client/client.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/program/file_kind.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/text.h"

#define CONNECT_TIMEOUT_MS 15000
#define REPLY_TIMEOUT_MS 15000

enum status client_need(
    const struct arguments *arguments, const char *name, const char **value)
{
    *value = argument_value(arguments, name);
    if (*value == NULL)
        return program_fail(
            STATUS_USAGE, "--%s is needed; --help says what it is", name);
    return STATUS_OK;
}

static enum status fail_file(enum status status, const char *path)
{
    return program_fail(status, "%s: %s", path, status_text(status));
}

/* A card can be read by others, and should be: what the file is comes first. */
static enum status fail_key(enum status status, const char *path)
{
    struct file_kind kind;
    file_kind_read(&kind, path);
    if (kind.form != FILE_KEY)
        return file_kind_fail(
            kind.form == FILE_UNKNOWN ? status : STATUS_MALFORMED, path,
            "a person's key");
    if (status == STATUS_FILE_TOO_OPEN) {
        return program_fail(status,
            "%s can be read by others; take it back with 'chmod 600 %s'", path,
            path);
    }
    return fail_file(status, path);
}

enum status client_load_card(struct identity *out, const char *path)
{
    enum status status = identity_load(out, path);
    return status == STATUS_OK ? status
                               : file_kind_fail(status, path, "a card");
}

enum status client_open_key(
    struct keypair **out, const char *path, const char *passphrase_file)
{
    char *passphrase = NULL;
    bool sealed = false;
    *out = NULL;
    enum status status = keypair_file_sealed(path, &sealed);
    if (status != STATUS_OK)
        return fail_key(status, path);
    if (sealed)
        status =
            passphrase_read(&passphrase, passphrase_file, "Passphrase", false);
    if (status != STATUS_OK)
        return status;
    status = keypair_load(out, path, passphrase);
    passphrase_destroy(passphrase);
    return status == STATUS_OK ? status : fail_key(status, path);
}

enum status client_load_key(
    struct keypair **out, const struct arguments *arguments)
{
    const char *path;
    *out = NULL;
    enum status status = client_need(arguments, "key", &path);
    return status == STATUS_OK
               ? client_open_key(
                     out, path, argument_value(arguments, "passphrase-file"))
               : status;
}

enum status client_load_envelope(
    struct envelope **out, const char *path, const char *type)
{
    char expected[64]; /* "application/vnd.cohortium.roster+json" */
    const char *name = strrchr(type, '.') + 1;
    snprintf(expected, sizeof expected, "a signed %.*s",
        (int)strcspn(name, "+"), name);
    enum status status = envelope_load(out, path);
    if (status != STATUS_OK)
        return file_kind_fail(status, path, expected);
    if (strcmp((*out)->type, type) == 0)
        return STATUS_OK;
    envelope_destroy(*out);
    *out = NULL;
    return file_kind_fail(STATUS_MALFORMED, path, expected);
}

enum status client_load_roster(
    struct roster **out, const struct arguments *arguments)
{
    const char *path;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    *out = NULL;
    enum status status = client_need(arguments, "roster", &path);
    if (status == STATUS_OK)
        status = client_load_envelope(&envelope, path, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    diagnostic_init(&diagnostic, path);
    status = roster_verify(out, envelope, NULL, &diagnostic);
    envelope_destroy(envelope);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

void client_print_findings(
    enum status status, const char *path, const struct findings *findings)
{
    struct diagnostic diagnostic;
    const size_t shown =
        findings->count < FINDINGS_MAX ? findings->count : FINDINGS_MAX;
    for (size_t i = 0; i < shown; i++) {
        const struct finding *one = &findings->items[i];
        diagnostic_init(&diagnostic, path);
        diagnostic_set(&diagnostic, one->line, one->column, "%s", one->message);
        program_fail_at(status, &diagnostic);
    }
    if (findings->count > 1)
        program_fail(status, "%s: %zu things are wrong%s", path,
            findings->count, findings->count > shown ? ", not all shown" : "");
}

enum status client_check_member(
    const struct roster *roster, const struct keypair *keys, const char *path)
{
    const struct identity *self = keypair_identity(keys);
    const struct roster_member *member =
        roster_find_member_key(roster, &self->sign);
    if (member != NULL && member->revoked)
        return program_fail(STATUS_REVOKED_SIGNER,
            "%s was revoked and signs no more", self->name);
    if (member != NULL)
        return STATUS_OK;
    for (size_t i = 0; i < roster->committee_count; i++) {
        if (strcmp(roster->committee[i].identity.name, self->name) == 0)
            return program_fail(STATUS_UNKNOWN_SIGNER,
                "%s has another key than the %s of %s's committee", self->name,
                self->name, path);
    }
    struct buffer members;
    buffer_init(&members, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < roster->committee_count; i++) {
        const struct roster_member *other = &roster->committee[i];
        if (!other->revoked)
            (void)buffer_append_format(&members, "%s%s",
                members.size == 0 ? "" : ", ", other->identity.name);
    }
    const char *names = buffer_text(&members);
    enum status status = program_fail(STATUS_UNKNOWN_SIGNER,
        "%s is no member of the committee of %s (federation %s); its members "
        "are %s",
        self->name, path, roster->federation, names == NULL ? "?" : names);
    buffer_fini(&members);
    return status;
}

enum status client_check_researcher(const struct study *study,
    const struct keypair *keys, const char *study_path)
{
    const struct identity *self = keypair_identity(keys);
    for (size_t i = 0; i < study->researcher_count; i++) {
        if (public_key_equal(&study->researchers[i].sign, &self->sign))
            return STATUS_OK;
    }
    return program_fail(STATUS_RESEARCHER_NOT_IN_STUDY,
        "the key of %s is none of the researchers of %s (%s%s)", self->name,
        study_path, study->researchers[0].name,
        study->researcher_count > 1 ? " and others" : "");
}

enum status client_check_federation(const struct roster *roster,
    const char *roster_path, const struct study *study, const char *study_path)
{
    if (strcmp(roster->federation, study->federation) == 0)
        return STATUS_OK;
    return program_fail(STATUS_WRONG_ROSTER,
        "%s is the roster of federation '%s'; the study %s is of '%s'",
        roster_path, roster->federation, study_path, study->federation);
}

enum status client_read_file(struct buffer *out, const char *path)
{
    buffer_init(out, DOCUMENT_BYTES_MAX);
    enum status status = buffer_read_file(out, path);
    if (status != STATUS_OK)
        return fail_file(status, path);
    const struct view text = text_past_mark(buffer_view(out));
    memmove(out->data, text.data, text.size);
    out->size = text.size;
    return STATUS_OK;
}

/* The folder of path: "." for a plain name. */
static void folder_of(const char *path, char *out, size_t capacity)
{
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL)
        snprintf(out, capacity, ".");
    else
        snprintf(out, capacity, "%.*s", size == 0 ? 1 : (int)size, path);
}

enum status client_fail_write(const char *path, enum status status)
{
    char folder[4096];
    struct stat there;
    folder_of(path, folder, sizeof folder);
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return program_fail(status, "%s is %s", path,
            S_ISDIR(there.st_mode) ? "a folder" : "no file to write over");
    if (stat(folder, &there) != 0)
        return program_fail(status,
            "%s cannot be written: the folder %s is "
            "not there",
            path, folder);
    if (!S_ISDIR(there.st_mode))
        return program_fail(status,
            "%s cannot be written: %s is a file, not a folder", path, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return program_fail(status,
            "%s cannot be written: the folder %s does not let you", path,
            folder);
    return program_fail(
        status, "%s was not written: %s", path, status_text(status));
}

enum status client_check_writable(const char *path)
{
    char folder[4096];
    struct stat there;
    if (path == NULL)
        return STATUS_OK;
    folder_of(path, folder, sizeof folder);
    if ((stat(path, &there) == 0 && !S_ISREG(there.st_mode)) ||
        stat(folder, &there) != 0 || !S_ISDIR(there.st_mode) ||
        access(folder, W_OK | X_OK) != 0)
        return client_fail_write(path, STATUS_IO);
    return STATUS_OK;
}

enum status client_write_file(const char *path, struct view bytes)
{
    enum status status = client_check_writable(path);
    if (status != STATUS_OK)
        return status;
    status = file_write_atomic(path, bytes, 0644);
    return status == STATUS_OK ? status : client_fail_write(path, status);
}

enum status client_load_dictionary(struct dictionary **out, const char *path)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    enum status status = dictionary_load(out, path, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

enum status client_load_study(struct study_file *out, const char *path)
{
    struct diagnostic diagnostic;
    *out = (struct study_file){0};
    diagnostic_init(&diagnostic, path);
    enum status status = client_load_envelope(&out->envelope, path, TYPE_STUDY);
    if (status != STATUS_OK)
        return status;
    status = study_verify(&out->study, out->envelope, &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

void client_free_study(struct study_file *file)
{
    study_destroy(file->study);
    envelope_destroy(file->envelope);
    *file = (struct study_file){0};
}

/* ---- connection ---- */

static enum status fail_connection(
    enum status status, struct connection *connection, const char *endpoint)
{
    uint64_t since_ms;
    if (connection->channel == NULL)
        return program_fail(
            status, "cannot connect to %s: %s", endpoint, status_text(status));
    return program_fail(status, "no coordinator at %s: %s", endpoint,
        channel_state_text(
            channel_client_state(connection->channel, &since_ms)));
}

enum status connection_greet(struct connection *connection)
{
    const struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .name = "cohortium " COHORTIUM_VERSION,
        .id = connection->roster->id};
    return connection_send(connection, &hello);
}

/* A coordinator of the first version knows no HELLO of a person. */
static enum status compare_versions(struct connection *connection)
{
    struct message reply;
    char theirs[PROTOCOL_TEXT] = "1", ours[PROTOCOL_TEXT];
    enum protocol_fit fit = PROTOCOL_PEER_OLDER;
    enum status status = connection_greet(connection);
    while (status == STATUS_OK) {
        status = connection_receive(connection, &reply, REPLY_TIMEOUT_MS);
        if (status == STATUS_OK &&
            (reply.type == MESSAGE_WELCOME || reply.type == MESSAGE_FAILURE))
            break;
    }
    if (status == STATUS_BUSY || status == STATUS_TIMED_OUT)
        return program_fail(status, "the coordinator does not say HELLO");
    if (status != STATUS_OK)
        return status;
    if (reply.type == MESSAGE_WELCOME) {
        fit = protocol_compare(reply.version);
        protocol_text(theirs, reply.version);
    }
    if (fit == PROTOCOL_FITS)
        return STATUS_OK;
    protocol_text(ours, protocol_said());
    return program_fail(STATUS_UNSUPPORTED_VERSION,
        "the coordinator speaks protocol %s, this program %s: %s must be "
        "upgraded",
        theirs, ours,
        fit == PROTOCOL_PEER_OLDER ? "the coordinator" : "cohortium");
}

enum status connection_load(
    struct connection *connection, const struct arguments *arguments)
{
    *connection = (struct connection){0};
    buffer_init(&connection->body, BUFFER_LIMIT_DEFAULT);
    enum status status = client_load_roster(&connection->roster, arguments);
    return status == STATUS_OK ? client_load_key(&connection->keys, arguments)
                               : status;
}

enum status connection_open(
    struct connection *connection, const struct arguments *arguments)
{
    enum status status = connection_load(connection, arguments);
    return status == STATUS_OK ? connection_connect(connection, arguments)
                               : status;
}

enum status connection_connect(
    struct connection *connection, const struct arguments *arguments)
{
    const char *endpoint = argument_value(arguments, "coordinator");
    if (endpoint == NULL)
        endpoint = connection->roster->endpoint;
    enum status status = channel_client_open(&connection->channel,
        connection->keys, &connection->roster->coordinator.curve, endpoint);
    if (status == STATUS_OK)
        status = channel_client_ready(connection->channel, CONNECT_TIMEOUT_MS);
    if (status == STATUS_STRANGER) {
        return program_fail(status,
            "the coordinator does not know this key: a committee member is "
            "known by the roster, a researcher by an approved study");
    }
    if (status != STATUS_OK)
        return fail_connection(status, connection, endpoint);
    return compare_versions(connection);
}

void connection_close(struct connection *connection)
{
    channel_client_close(connection->channel);
    keypair_destroy(connection->keys);
    roster_destroy(connection->roster);
    buffer_fini(&connection->body);
}

enum status connection_send(
    struct connection *connection, const struct message *message)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    enum status status = message_encode(message, &body);
    if (status == STATUS_OK)
        status = channel_client_send(connection->channel, buffer_view(&body));
    buffer_fini(&body);
    if (status != STATUS_OK && status != STATUS_BUSY)
        program_fail(status, "%s was not sent: %s", message_name(message->type),
            status_text(status));
    return status;
}

enum status connection_receive(
    struct connection *connection, struct message *reply, int timeout_ms)
{
    enum status status =
        channel_client_wait(connection->channel, &connection->body, timeout_ms);
    if (status == STATUS_TIMED_OUT)
        return status;
    if (status == STATUS_STRANGER)
        return program_fail(
            status, "the coordinator does not know this key any more");
    if (status == STATUS_OK)
        status = message_decode(
            reply, buffer_view(&connection->body), SENDER_COORDINATOR);
    if (status != STATUS_OK)
        return program_fail(
            status, "the coordinator's reply is %s", status_text(status));
    return STATUS_OK;
}

enum status connection_failure(const struct message *reply)
{
    char text[TEXT_SHOWN_FACTOR * MESSAGE_TEXT_MAX], now[TIME_TEXT] = "";
    enum status status = status_of_name(reply->name);
    /* The coordinator names its clock; the other one may be the wrong one. */
    if (status == STATUS_EXPIRED || status == STATUS_NOT_YET_VALID)
        time_text(now, clock_wall_seconds());
    /* One line, so that it cannot look like more than one message. */
    text_show(text, sizeof text,
        view_of_text(
            reply->text[0] == '\0' ? status_text(status) : reply->text));
    return program_fail(status == STATUS_OK ? STATUS_REFUSED : status,
        "the coordinator says: %s%s%s", text,
        *now == '\0' ? "" : "; by " CLIENT_CLOCK " it is ", now);
}

enum status connection_ask(struct connection *connection,
    const struct message *question, enum message_type wanted,
    struct message *reply)
{
    uint64_t end = clock_monotonic_ms() + REPLY_TIMEOUT_MS;
    enum status status = connection_send(connection, question);
    if (status == STATUS_BUSY)
        return program_fail(status, "the connection was lost");
    while (status == STATUS_OK) {
        uint64_t now = clock_monotonic_ms();
        status = connection_receive(
            connection, reply, now < end ? (int)(end - now) : 0);
        if (status == STATUS_TIMED_OUT || now >= end)
            return program_fail(
                STATUS_TIMED_OUT, "the coordinator did not answer in time");
        if (status == STATUS_OK && reply->type == MESSAGE_FAILURE)
            return connection_failure(reply);
        if (status == STATUS_OK && reply->type == wanted)
            return STATUS_OK;
    }
    return status;
}
