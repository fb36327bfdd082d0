/*
 * bench_question: the time of a whole question, from the signed query leaving
 * the researcher to the signed result coming back, over a federation that is
 * already running.
 *
 *   bench_question ROSTER KEY DICTIONARY STUDY QUERY_TEMPLATE TIMES FIRST
 *
 * The template holds one %d, which is FIRST, FIRST + 1, ..., so that no stored
 * answer can serve. Prints JSON: the median; the bytes that one center receives
 * and sends, in the first round and in later ones, for the bare broadcast
 * beside it; and of a fit its iterations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "policy/roster.h"
#include "protocol/analysis/plan.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/message.h"

#define TIMES_MAX 10000
#define WARM_UP 3
#define HEADER_BYTES_GUESS 1500 /* a session header with 13 centers */
#define FRAME_BYTES 48          /* of a message around its fields */

struct bench {
    struct keypair *keys;
    struct dictionary *dictionary;
    struct channel_client *channel;
    struct digest study_id;
    const char *template;
    size_t study_bytes;
    size_t open_bytes, summary_bytes, round_bytes;
    int iterations; /* of the last answer */
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what, enum status status)
{
    fprintf(stderr, "bench_question: %s: %s\n", what, status_name(status));
    exit(1);
}

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK)
        die(what, status);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The template's %d becomes `number` (the template is data, not a format). */
static void fill_template(struct buffer *out, const char *template, int number)
{
    const char *mark = strstr(template, "%d");
    if (mark == NULL)
        die("the template has no %d", STATUS_USAGE);
    struct view head = {(const uint8_t *)template, (size_t)(mark - template)};
    must(buffer_append(out, head.data, head.size), "template");
    must(buffer_append_format(out, "%d", number), "template");
    must(buffer_append_text(out, mark + 2), "template");
}

static void seal(
    struct bench *bench, int number, struct buffer *message, bool measure)
{
    struct buffer text, payload, encoded;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    buffer_init(&payload, BUFFER_LIMIT_DEFAULT);
    buffer_init(&encoded, BUFFER_LIMIT_DEFAULT);
    fill_template(&text, bench->template, number);
    struct query_seal seal = {.study_id = bench->study_id,
        .dictionary_id = bench->dictionary->digest,
        .expires = clock_wall_seconds() + 3600};
    randombytes_buf(seal.nonce, sizeof seal.nonce);
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "query");
    must(query_seal(&payload, buffer_view(&text), &seal, &diagnostic),
        diagnostic.message);
    struct envelope *envelope = NULL;
    must(envelope_create(&envelope, TYPE_QUERY, buffer_view(&payload)), "seal");
    must(envelope_sign(envelope, bench->keys), "sign");
    must(envelope_encode(envelope, &encoded), "encode");
    struct message submit = {
        .type = MESSAGE_SUBMIT_QUERY, .query = buffer_view(&encoded)};
    must(message_encode(&submit, message), "message");
    if (measure) {
        struct query *query = NULL;
        struct plan *plan = NULL;
        must(query_parse(
                 &query, buffer_view(&payload), bench->dictionary, &diagnostic),
            diagnostic.message);
        must(plan_create(&plan, query, bench->dictionary, &diagnostic),
            diagnostic.message);
        bench->summary_bytes =
            plan->vector_length * VECTOR_ELEMENT_BYTES + FRAME_BYTES;
        bench->round_bytes = plan->segment_count +
                             plan->value_count * sizeof(double) + FRAME_BYTES;
        bench->open_bytes =
            encoded.size + bench->study_bytes + HEADER_BYTES_GUESS;
        plan_destroy(plan);
        query_destroy(query);
    }
    envelope_destroy(envelope);
    buffer_fini(&text);
    buffer_fini(&payload);
    buffer_fini(&encoded);
}

/* Written as "iterations": N in the result's tables. */
static int find_iterations(struct view document)
{
    static const char mark[] = "\"iterations\":";
    struct envelope *envelope = NULL;
    must(envelope_decode(&envelope, document), "result");
    must(buffer_append(&envelope->payload, (const uint8_t *)"", 1), "result");
    const char *at = strstr((const char *)envelope->payload.data, mark);
    int iterations = at == NULL ? 0 : atoi(at + sizeof mark - 1);
    envelope_destroy(envelope);
    return iterations;
}

static void send_message(struct bench *bench, const struct buffer *message)
{
    const double start = now_us();
    enum status status;
    while ((status = channel_client_send(
                bench->channel, buffer_view(message))) == STATUS_BUSY) {
        if (now_us() - start > 1e7)
            die("no connection", status);
    }
    must(status, "send");
}

static void greet(struct bench *bench)
{
    const struct message hello = {.type = MESSAGE_HELLO,
        .version = protocol_said(),
        .name = "bench_question"};
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    must(message_encode(&hello, &message), "message");
    send_message(bench, &message);
    buffer_fini(&message);
}

static double ask(struct bench *bench, const struct buffer *question)
{
    struct buffer body;
    buffer_init(&body, BUFFER_LIMIT_DEFAULT);
    double start = now_us(), elapsed;
    send_message(bench, question);
    for (;;) {
        must(channel_client_wait(bench->channel, &body, 10000), "wait");
        struct message reply;
        must(message_decode(&reply, buffer_view(&body), SENDER_COORDINATOR),
            "decode");
        if (reply.type == MESSAGE_RESULT) {
            elapsed = now_us() - start;
            bench->iterations = find_iterations(reply.document);
            break;
        }
        if (reply.type == MESSAGE_FAILURE) {
            fprintf(stderr, "%s: %s\n", reply.name, reply.text);
            exit(1);
        }
    }
    buffer_fini(&body);
    return elapsed;
}

static char *read_text(const char *path)
{
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    must(buffer_read_file(&text, path), path);
    char *copy = strdup(buffer_text(&text));
    buffer_fini(&text);
    return copy;
}

static void open_federation(struct bench *bench, char **argv)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, argv[3]);
    struct envelope *envelope = NULL;
    must(envelope_load(&envelope, argv[1]), argv[1]);
    struct roster *roster = NULL;
    must(roster_parse(&roster, buffer_view(&envelope->payload), &diagnostic),
        diagnostic.message);
    must(keypair_load(&bench->keys, argv[2], NULL), argv[2]);
    must(dictionary_load(&bench->dictionary, argv[3], &diagnostic),
        diagnostic.message);
    envelope_destroy(envelope);
    must(envelope_load(&envelope, argv[4]), argv[4]);
    bench->study_id = envelope_id(envelope);
    bench->study_bytes = envelope->payload.size * 4 / 3 + (size_t)3 * 700;
    envelope_destroy(envelope);
    bench->template = read_text(argv[5]);
    must(channel_client_open(&bench->channel, bench->keys,
             &roster->coordinator.curve, roster->endpoint),
        "connect");
    greet(bench);
    roster_destroy(roster);
}

static double measure(struct bench *bench, int times, int first)
{
    static double took[TIMES_MAX];
    for (int i = -WARM_UP; i < times; i++) {
        struct buffer question;
        buffer_init(&question, BUFFER_LIMIT_DEFAULT);
        seal(bench, first + WARM_UP + i, &question, i == -WARM_UP);
        double elapsed = ask(bench, &question);
        if (i >= 0)
            took[i] = elapsed;
        buffer_fini(&question);
    }
    qsort(took, (size_t)times, sizeof took[0], compare);
    return took[times / 2];
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr,
            "usage: %s ROSTER KEY DICTIONARY STUDY QUERY_TEMPLATE TIMES "
            "FIRST\n",
            argv[0]);
        return 2;
    }
    struct bench bench = {0};
    must(keys_start(), "libsodium");
    open_federation(&bench, argv);
    int times = atoi(argv[6]);
    if (times < 1 || times > TIMES_MAX)
        die("times", STATUS_USAGE);
    double median = measure(&bench, times, atoi(argv[7]));
    printf("{\"times\": %d, \"median_us\": %.0f, \"open_bytes\": %zu, "
           "\"summary_bytes\": %zu, \"round_bytes\": %zu, "
           "\"iterations\": %d}\n",
        times, median, bench.open_bytes, bench.summary_bytes, bench.round_bytes,
        bench.iterations);
    channel_client_close(bench.channel);
    dictionary_destroy(bench.dictionary);
    keypair_destroy(bench.keys);
    return 0;
}
