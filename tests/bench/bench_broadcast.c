/*
 * bench_broadcast: the floor under a question: a bare ZeroMQ CURVE ROUTER that
 * sends `request` bytes to N DEALER processes and gathers `reply` bytes from
 * each.  bench_broadcast CENTERS REQUEST REPLY ROUNDS  prints JSON.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#define CENTERS_MAX 256

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

static void serve(const char *endpoint, const char *server, size_t reply)
{
    char public[41], secret[41];
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    char *bytes = calloc(1, reply + 1);
    zmq_curve_keypair(public, secret);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41);
    zmq_connect(socket, endpoint);
    zmq_send(socket, "hello", 5, 0);
    for (;;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, socket, 0) < 0)
            _exit(1);
        zmq_msg_close(&message);
        zmq_send(socket, bytes, reply, 0);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int centers = atoi(argv[1]), rounds = atoi(argv[4]);
    size_t request = (size_t)atol(argv[2]), reply = (size_t)atol(argv[3]);
    char public[41], secret[41], endpoint[64];
    uint8_t routes[CENTERS_MAX][16];
    int sizes[CENTERS_MAX], yes = 1;
    pid_t children[CENTERS_MAX];
    if (centers > CENTERS_MAX)
        return 2;
    zmq_curve_keypair(public, secret);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d",
        20000 + (int)(getpid() % 20000));
    for (int i = 0; i < centers; i++) {
        children[i] = fork();
        if (children[i] == 0)
            serve(endpoint, public, reply);
    }
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41);
    if (zmq_bind(socket, endpoint) != 0)
        return 1;
    char *bytes = calloc(1, (request > reply ? request : reply) + 64);
    for (int i = 0; i < centers; i++) {
        sizes[i] = zmq_recv(socket, routes[i], 16, 0);
        zmq_recv(socket, bytes, 64, 0);
    }
    double *times = calloc((size_t)rounds, sizeof *times);
    for (int r = -5; r < rounds; r++) {
        double start = now_us();
        for (int i = 0; i < centers; i++) {
            zmq_send(socket, routes[i], (size_t)sizes[i], ZMQ_SNDMORE);
            zmq_send(socket, bytes, request, 0);
        }
        for (int i = 0; i < centers; i++) {
            uint8_t route[16];
            zmq_recv(socket, route, 16, 0);
            zmq_recv(socket, bytes, reply, 0);
        }
        if (r >= 0)
            times[r] = now_us() - start;
    }
    qsort(times, (size_t)rounds, sizeof *times, compare);
    printf(
        "{\"centers\": %d, \"median_us\": %.0f}\n", centers, times[rounds / 2]);
    fflush(stdout);
    for (int i = 0; i < centers; i++)
        kill(children[i], 9);
    _exit(0);
}
