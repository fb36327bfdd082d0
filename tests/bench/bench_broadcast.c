/*
 * bench_broadcast: what lies under a question. A bare ZeroMQ CURVE ROUTER sends
 * `request` bytes to CENTERS DEALER processes and gathers `reply` bytes from
 * each, step after step:
 *
 *   bench_broadcast CENTERS ROUNDS STEP...
 *   STEP  request:reply[:verify:agree:sign:sync:check:mask]
 *
 * prints JSON. With no more than request and reply it is the bare broadcast.
 * The other numbers make it a floor: between request and reply each center
 * computes so many Ed25519 verifications, X25519 products and Ed25519
 * signatures with libsodium, and appends so many times 4 KiB to a file of its
 * own, synced, and adds so many ChaCha20 streams to its reply; the coordinator
 * verifies `check` signatures a reply.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#define CENTERS_MAX 256
#define STEPS_MAX 16
#define PAGE_BYTES 4096
#define REPLY_MAX (1 << 22)

struct step {
    size_t request, reply;
    int verify, agree, sign, sync, check, mask;
};

struct work { /* of one process */
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES], message[96];
    uint8_t scalar[32], point[32];
    int file;
};

static struct step steps[STEPS_MAX];
static int step_count;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool read_step(const char *text)
{
    struct step *step = &steps[step_count];
    if (step_count == STEPS_MAX ||
        sscanf(text, "%zu:%zu:%d:%d:%d:%d:%d:%d", &step->request, &step->reply,
            &step->verify, &step->agree, &step->sign, &step->sync, &step->check,
            &step->mask) < 2)
        return false;
    step->request += step->request == 0; /* the first byte is its number */
    step_count++;
    return true;
}

static void work_init(struct work *work)
{
    char path[] = "/tmp/bench-floor-XXXXXX";
    if (sodium_init() < 0)
        exit(1);
    crypto_sign_keypair(work->public, work->secret);
    randombytes_buf(work->message, sizeof work->message);
    crypto_sign_detached(work->signature, NULL, work->message,
        sizeof work->message, work->secret);
    randombytes_buf(work->scalar, sizeof work->scalar);
    crypto_scalarmult_base(work->point, work->scalar);
    work->file = mkstemp(path);
    unlink(path);
}

static void verify(const struct work *work, int times)
{
    for (int i = 0; i < times; i++) {
        if (crypto_sign_verify_detached(work->signature, work->message,
                sizeof work->message, work->public) != 0)
            exit(1);
    }
}

static void add_streams(
    const struct work *work, uint8_t *reply, size_t size, int times)
{
    static uint64_t stream[REPLY_MAX / sizeof(uint64_t)];
    const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {0};
    for (int i = 0; i < times; i++) {
        crypto_stream_chacha20_ietf(
            (uint8_t *)stream, size, nonce, work->scalar);
        for (size_t k = 0; k < size / sizeof *stream; k++) {
            uint64_t word;
            memcpy(&word, reply + k * sizeof word, sizeof word);
            word += stream[k];
            memcpy(reply + k * sizeof word, &word, sizeof word);
        }
    }
}

static void do_step(struct work *work, const struct step *step, uint8_t *reply)
{
    static const uint8_t page[PAGE_BYTES];
    uint8_t product[32];
    verify(work, step->verify);
    for (int i = 0; i < step->agree; i++) {
        if (crypto_scalarmult(product, work->scalar, work->point) != 0)
            exit(1);
    }
    for (int i = 0; i < step->sign; i++)
        crypto_sign_detached(work->signature, NULL, work->message,
            sizeof work->message, work->secret);
    for (int i = 0; i < step->sync; i++) {
        if (write(work->file, page, sizeof page) != sizeof page ||
            fdatasync(work->file) != 0)
            exit(1);
    }
    add_streams(work, reply, step->reply, step->mask);
}

static void serve(const char *endpoint, const char *server)
{
    static uint8_t bytes[REPLY_MAX];
    char public[41], secret[41];
    struct work work;
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    work_init(&work);
    zmq_curve_keypair(public, secret);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41);
    zmq_connect(socket, endpoint);
    zmq_send(socket, "hello", 5, 0);
    for (;;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, socket, 0) < 1)
            _exit(1);
        const struct step *step =
            &steps[*(const uint8_t *)zmq_msg_data(&message)];
        zmq_msg_close(&message);
        do_step(&work, step, bytes);
        zmq_send(socket, bytes, step->reply, 0);
    }
}

struct route {
    uint8_t bytes[16];
    size_t size;
};

static void run_step(void *socket, const struct work *work,
    const struct route *routes, int centers, int number)
{
    static uint8_t bytes[REPLY_MAX];
    const struct step *step = &steps[number];
    struct route from;
    bytes[0] = (uint8_t)number;
    for (int i = 0; i < centers; i++) {
        zmq_send(socket, routes[i].bytes, routes[i].size, ZMQ_SNDMORE);
        zmq_send(socket, bytes, step->request, 0);
    }
    for (int i = 0; i < centers; i++) {
        zmq_recv(socket, from.bytes, sizeof from.bytes, 0);
        zmq_recv(socket, bytes, sizeof bytes, 0);
        verify(work, step->check);
    }
}

static void greet(void *socket, struct route *routes, int centers)
{
    char hello[64];
    for (int i = 0; i < centers; i++) {
        routes[i].size = (size_t)zmq_recv(
            socket, routes[i].bytes, sizeof routes[i].bytes, 0);
        zmq_recv(socket, hello, sizeof hello, 0);
    }
}

static double measure(void *socket, int centers, int rounds)
{
    struct route routes[CENTERS_MAX];
    struct work work;
    double *times = calloc((size_t)rounds, sizeof *times);
    if (times == NULL)
        exit(1);
    work_init(&work);
    greet(socket, routes, centers);
    for (int r = -5; r < rounds; r++) {
        double start = now_us();
        for (int s = 0; s < step_count; s++)
            run_step(socket, &work, routes, centers, s);
        if (r >= 0)
            times[r] = now_us() - start;
    }
    qsort(times, (size_t)rounds, sizeof *times, compare);
    double median = times[rounds / 2];
    free(times);
    return median;
}

int main(int argc, char **argv)
{
    int centers = argc < 4 ? 0 : atoi(argv[1]);
    int rounds = argc < 4 ? 0 : atoi(argv[2]), yes = 1;
    char public[41], secret[41], endpoint[64];
    pid_t children[CENTERS_MAX];
    for (int i = 3; i < argc; i++) {
        if (!read_step(argv[i]))
            return 2;
    }
    if (centers < 1 || centers > CENTERS_MAX || rounds < 1)
        return 2;
    zmq_curve_keypair(public, secret);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d",
        20000 + (int)(getpid() % 20000));
    for (int i = 0; i < centers; i++) {
        children[i] = fork();
        if (children[i] == 0)
            serve(endpoint, public);
    }
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41);
    if (zmq_bind(socket, endpoint) != 0)
        return 1;
    printf("{\"centers\": %d, \"median_us\": %.0f}\n", centers,
        measure(socket, centers, rounds));
    fflush(stdout);
    for (int i = 0; i < centers; i++)
        kill(children[i], 9);
    _exit(0);
}
