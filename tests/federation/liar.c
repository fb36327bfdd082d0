/*
 * liar: a coordinator that lies, for the stories in which a node decides alone.
 *
 *   liar KEY ROSTER DICTIONARY LIE STUDY QUESTION RESEARCHER_KEY APPROVAL...
 *
 * It has the real coordinator's key. It binds a free port, prints "ready
 * ENDPOINT", greets the first center that comes, shows it the study, waits for
 * its opt-in, and then opens one session with the lie that is asked for. The
 * last line is what the node did: SUMMARY, REFUSE or SILENCE.
 *
 * Lies: none, forged-approval, altered-query, replay, lowered-minimum,
 * other-roster, unsigned-header, swapped-study, late-deadline, cut-everywhere,
 * too-large, impatient (does not wait for the opt-in, nor does
 * forged-approval), again (the same session twice), opted-out (waits until the
 * center takes its opt-in back). LIAR_WAIT_MS bounds each wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#include "policy/admission.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/message.h"

#define REPLY_WAIT_MS 4000
#define APPROVALS_MAX 8

struct liar {
    struct keypair *keys, *researcher;
    struct roster *roster;
    struct dictionary *dictionary;
    struct channel_server *server;
    struct channel_route route; /* of the one center */
    const char *lie;
    struct buffer roster_bytes, study_bytes, query_bytes, header_bytes;
    struct buffer approvals[APPROVALS_MAX];
    size_t approval_count;
    struct digest study_id, query_id;
    int64_t min_centers;
};

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "liar: %s: %s\n", what, status_name(status));
    exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static uint64_t wait_ms(void)
{
    const char *text = getenv("LIAR_WAIT_MS");
    return text == NULL ? 15000 : strtoull(text, NULL, 10);
}

static bool lies(const struct liar *liar, const char *lie)
{
    return strcmp(liar->lie, lie) == 0;
}

static void read_bytes(struct buffer *out, const char *path)
{
    buffer_init(out, DOCUMENT_BYTES_MAX);
    must(buffer_read_file(out, path), path);
}

/* An approval that names its true signer over bytes that it never signed. */
static void forge_approval(struct liar *liar, struct buffer *bytes)
{
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, buffer_view(bytes)), "approval");
    struct public_key member = envelope->signatures[0].signer;
    must(envelope_sign(envelope, liar->keys), "sign");
    envelope->signatures[0] = envelope->signatures[1];
    envelope->signatures[0].signer = member;
    envelope->signature_count = 1;
    buffer_clear(bytes);
    must(envelope_encode(envelope, bytes), "encode");
    envelope_destroy(envelope);
}

static void make_query(struct liar *liar, const char *path)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    struct buffer text, payload;
    read_bytes(&text, path);
    buffer_init(&payload, DOCUMENT_BYTES_MAX);
    struct query_seal seal = {.study_id = liar->study_id,
        .dictionary_id = liar->dictionary->digest,
        .expires = clock_wall_seconds() + 3600};
    randombytes_buf(seal.nonce, sizeof seal.nonce);
    must(query_seal(&payload, buffer_view(&text), &seal, &diagnostic),
        diagnostic.message);
    struct envelope *envelope = NULL;
    must(
        envelope_create(&envelope, TYPE_QUERY, buffer_view(&payload)), "query");
    must(envelope_sign(envelope, liar->researcher), "sign");
    if (lies(liar, "altered-query"))
        envelope->payload.data[envelope->payload.size / 2] ^= 1;
    liar->query_id = envelope_id(envelope);
    buffer_init(&liar->query_bytes, DOCUMENT_BYTES_MAX);
    must(envelope_encode(envelope, &liar->query_bytes), "encode");
    envelope_destroy(envelope);
    buffer_fini(&text);
    buffer_fini(&payload);
}

static void make_header(struct liar *liar)
{
    struct session_header header = {.query_id = liar->query_id,
        .study_id = liar->study_id,
        .roster_id = liar->roster->id,
        .deadline = clock_wall_seconds() + 60,
        .min_centers = liar->min_centers,
        .center_count = liar->roster->center_count};
    randombytes_buf(header.session, sizeof header.session);
    header.centers = calloc(header.center_count, sizeof *header.centers);
    header.freezes = calloc(header.center_count, sizeof *header.freezes);
    for (size_t i = 0; i < header.center_count; i++) {
        memcpy(header.centers[i], liar->roster->centers[i].name,
            sizeof *header.centers);
        header.freezes[i] = lies(liar, "other-freeze") ? 2 : 1;
    }
    if (lies(liar, "lowered-minimum"))
        header.min_centers--;
    if (lies(liar, "other-roster"))
        header.roster_id.bytes[0] ^= 1;
    if (lies(liar, "swapped-study"))
        header.study_id.bytes[0] ^= 1;
    if (lies(liar, "late-deadline"))
        header.deadline = clock_wall_seconds() - 3600;
    struct buffer payload;
    buffer_init(&payload, DOCUMENT_BYTES_MAX);
    must(session_header_write(&payload, &header), "header");
    struct envelope *envelope = NULL;
    must(envelope_create(&envelope, TYPE_HEADER, buffer_view(&payload)),
        "header");
    must(envelope_sign(envelope,
             lies(liar, "unsigned-header") ? liar->researcher : liar->keys),
        "sign");
    buffer_fini(&liar->header_bytes);
    buffer_init(&liar->header_bytes, DOCUMENT_BYTES_MAX);
    must(envelope_encode(envelope, &liar->header_bytes), "encode");
    envelope_destroy(envelope);
    buffer_fini(&payload);
    free(header.centers);
    free(header.freezes);
}

static void send_message(struct liar *liar, const struct message *message)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    must(message_encode(message, &body), message_name(message->type));
    must(channel_server_send(liar->server, &liar->route, buffer_view(&body)),
        message_name(message->type));
    buffer_fini(&body);
}

static void add_approvals(const struct liar *liar, struct message *message)
{
    message->study = buffer_view(&liar->study_bytes);
    message->document_count = liar->approval_count;
    for (size_t i = 0; i < liar->approval_count; i++)
        message->documents[i] = buffer_view(&liar->approvals[i]);
}

static struct message open_message(struct liar *liar)
{
    struct message message = {.type = MESSAGE_OPEN,
        .header = buffer_view(&liar->header_bytes),
        .query = buffer_view(&liar->query_bytes)};
    add_approvals(liar, &message);
    return message;
}

static void greet(struct liar *liar)
{
    const char *protocol = getenv("LIAR_PROTOCOL");
    struct message welcome = {.type = MESSAGE_WELCOME,
        .version =
            protocol == NULL ? protocol_said() : strtoul(protocol, NULL, 10),
        .number = 20000};
    send_message(liar, &welcome);
    struct message roster = {.type = MESSAGE_ROSTER, .document_count = 1};
    roster.documents[0] = buffer_view(&liar->roster_bytes);
    send_message(liar, &roster);
    struct message study = {.type = MESSAGE_STUDY};
    add_approvals(liar, &study);
    send_message(liar, &study);
}

/* The next message of the wanted types (a bit set of 1 << type); 0 when none
 * came in time. Pings are answered, a new HELLO is greeted. */
static enum message_type await(
    struct liar *liar, uint64_t wanted, uint64_t timeout_ms)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    uint64_t end = clock_monotonic_ms() + timeout_ms;
    enum message_type seen = 0;
    while (seen == 0 && clock_monotonic_ms() < end) {
        char user[CHANNEL_USER_MAX];
        struct channel_route route;
        struct message message;
        if (channel_server_receive(liar->server, user, &route, &body) !=
            STATUS_OK) {
            usleep(2000);
            continue;
        }
        must(message_decode(&message, buffer_view(&body), SENDER_CENTER),
            "a center's message");
        liar->route = route;
        if (message.type == MESSAGE_HELLO)
            greet(liar);
        if (message.type == MESSAGE_PING) {
            message.type = MESSAGE_PONG;
            send_message(liar, &message);
        }
        if ((wanted & (1ULL << message.type)) != 0)
            seen = message.type;
    }
    buffer_fini(&body);
    return seen;
}

static void cut_everywhere(struct liar *liar)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    struct message message = open_message(liar);
    must(message_encode(&message, &body), "open");
    for (size_t size = 0; size < body.size; size++) {
        struct view cut = {body.data, size};
        while (
            channel_server_send(liar->server, &liar->route, cut) == STATUS_BUSY)
            usleep(1000);
    }
    buffer_fini(&body);
}

static bool send_too_large(struct liar *liar)
{
    size_t size = CHANNEL_CLIENT_MESSAGE_MAX + 4096;
    uint8_t *bytes = calloc(1, size);
    /* past our own channel, which would not send it */
    void *socket = channel_server_socket(liar->server);
    zmq_send(socket, liar->route.bytes, liar->route.size, ZMQ_SNDMORE);
    zmq_send(socket, bytes, size, 0);
    free(bytes);
    /* The node cuts the line; it comes back and is greeted again. */
    bool back = await(liar, 1ULL << MESSAGE_HELLO, wait_ms()) != 0;
    (void)await(liar, 1ULL << MESSAGE_OPT_IN, 2000);
    return back;
}

static const char *name_of_reply(enum message_type type)
{
    return type == 0 ? "SILENCE" : message_name(type);
}

static enum message_type open_session(struct liar *liar)
{
    struct message open = open_message(liar);
    send_message(liar, &open);
    return await(
        liar, 1ULL << MESSAGE_SUMMARY | 1ULL << MESSAGE_REFUSE, REPLY_WAIT_MS);
}

static const char *tell(struct liar *liar)
{
    bool impatient = lies(liar, "impatient") || lies(liar, "forged-approval");
    if (await(liar, 1ULL << MESSAGE_HELLO, wait_ms()) == 0)
        return "no center came";
    if (!impatient && await(liar, 1ULL << MESSAGE_OPT_IN, wait_ms()) == 0)
        return "no opt-in came";
    if (impatient)
        (void)await(liar, 1ULL << MESSAGE_OPT_IN, 300);
    if (lies(liar, "cut-everywhere"))
        cut_everywhere(liar);
    if (lies(liar, "too-large") && !send_too_large(liar))
        return "the center did not come back";
    if (lies(liar, "opted-out")) {
        printf("opted in\n");
        fflush(stdout);
        (void)await(liar, 1ULL << MESSAGE_OPT_IN, wait_ms());
    }
    enum message_type reply = open_session(liar);
    if (lies(liar, "replay") || lies(liar, "again")) {
        if (reply != MESSAGE_SUMMARY)
            return "the first question was not answered";
        if (lies(liar, "replay"))
            make_header(liar);
        reply = open_session(liar);
    }
    return name_of_reply(reply);
}

static void open_door(struct liar *liar)
{
    static struct channel_member members[ROSTER_CENTERS_MAX];
    must(channel_server_open(&liar->server, liar->keys, "tcp://127.0.0.1:*"),
        "bind");
    for (size_t i = 0; i < liar->roster->center_count; i++) {
        members[i].curve = liar->roster->centers[i].curve;
        snprintf(members[i].user, sizeof members[i].user, "center:%s",
            liar->roster->centers[i].name);
    }
    must(channel_server_enroll(
             liar->server, members, liar->roster->center_count),
        "enroll");
    printf("ready %s\n", channel_server_endpoint(liar->server));
    fflush(stdout);
}

static void load(struct liar *liar, int argc, char **argv)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, argv[2]);
    must(keypair_load(&liar->keys, argv[1], NULL), argv[1]);
    read_bytes(&liar->roster_bytes, argv[2]);
    struct envelope *envelope = NULL;
    must(envelope_load(&envelope, argv[2]), argv[2]);
    must(roster_parse(
             &liar->roster, buffer_view(&envelope->payload), &diagnostic),
        diagnostic.message);
    envelope_destroy(envelope);
    must(dictionary_load(&liar->dictionary, argv[3], &diagnostic),
        diagnostic.message);
    liar->lie = argv[4];
    read_bytes(&liar->study_bytes, argv[5]);
    must(envelope_load(&envelope, argv[5]), argv[5]);
    liar->study_id = envelope_id(envelope);
    struct study *study = NULL;
    must(study_parse(&study, buffer_view(&envelope->payload), &diagnostic),
        diagnostic.message);
    liar->min_centers = study->min_centers;
    study_destroy(study);
    envelope_destroy(envelope);
    must(keypair_load(&liar->researcher, argv[7], NULL), argv[7]);
    for (int i = 8; i < argc && liar->approval_count < APPROVALS_MAX; i++)
        read_bytes(&liar->approvals[liar->approval_count++], argv[i]);
    if (lies(liar, "forged-approval"))
        forge_approval(liar, &liar->approvals[0]);
    make_query(liar, argv[6]);
    make_header(liar);
}

int main(int argc, char **argv)
{
    static struct liar liar;
    if (argc < 8) {
        fprintf(stderr, "usage: liar KEY ROSTER DICTIONARY LIE STUDY QUESTION "
                        "RESEARCHER_KEY APPROVAL...\n");
        return 2;
    }
    must(keys_start(), "libsodium");
    load(&liar, argc, argv);
    open_door(&liar);
    printf("%s\n", tell(&liar));
    channel_server_close(liar.server);
    return 0;
}
