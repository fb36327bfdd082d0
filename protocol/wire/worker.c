#include "protocol/wire/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <zmq.h>

#include "protocol/wire/channel_socket.h"

#define ENDPOINT "inproc://worker"

struct worker {
    void *context;
    void *near, *far; /* PAIR; far is the thread's once it runs */
    void (*run)(void *job);
    pthread_t thread;
    bool started;
};

/* A job is told by its address; NULL ends the thread. */
static void *receive(void *socket, int flags)
{
    void *job = NULL;
    int size;
    do
        size = zmq_recv(socket, &job, sizeof job, flags);
    while (size < 0 && zmq_errno() == EINTR);
    return size == (int)sizeof job ? job : NULL;
}

static void *serve(void *arg)
{
    struct worker *worker = arg;
    void *job;
    while ((job = receive(worker->far, 0)) != NULL) {
        worker->run(job);
        (void)zmq_send(worker->far, &job, sizeof job, 0);
    }
    return NULL;
}

static enum status open_sockets(struct worker *worker)
{
    int none = 0;
    worker->context = zmq_ctx_new();
    if (worker->context == NULL)
        return STATUS_NO_MEMORY;
    worker->near = zmq_socket(worker->context, ZMQ_PAIR);
    worker->far = zmq_socket(worker->context, ZMQ_PAIR);
    if (worker->near == NULL || worker->far == NULL)
        return STATUS_LIMIT_REACHED;
    void *const both[] = {worker->near, worker->far};
    for (int i = 0; i < 2; i++) {
        if (zmq_setsockopt(both[i], ZMQ_LINGER, &none, sizeof none) != 0)
            return STATUS_INTERNAL;
    }
    if (zmq_bind(worker->near, ENDPOINT) != 0 ||
        zmq_connect(worker->far, ENDPOINT) != 0)
        return STATUS_INTERNAL;
    return STATUS_OK;
}

enum status worker_create(struct worker **out, void (*run)(void *job))
{
    *out = NULL;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return STATUS_NO_MEMORY;
    worker->run = run;
    enum status status = open_sockets(worker);
    if (status == STATUS_OK) {
        worker->started =
            pthread_create(&worker->thread, NULL, serve, worker) == 0;
        status = worker->started ? STATUS_OK : STATUS_LIMIT_REACHED;
    }
    if (status != STATUS_OK) {
        worker_destroy(worker);
        return status;
    }
    *out = worker;
    return STATUS_OK;
}

void worker_destroy(struct worker *worker)
{
    void *const end = NULL;
    if (worker == NULL)
        return;
    if (worker->started) {
        (void)zmq_send(worker->near, &end, sizeof end, 0);
        pthread_join(worker->thread, NULL);
    }
    channel_socket_close(worker->far);
    channel_socket_close(worker->near);
    channel_context_close(worker->context);
    free(worker);
}

enum status worker_submit(struct worker *worker, void *job)
{
    return channel_send_frame(
        worker->near, (struct view){(const uint8_t *)&job, sizeof job}, 0);
}

void *worker_socket(struct worker *worker)
{
    return worker->near;
}

void *worker_take(struct worker *worker)
{
    return receive(worker->near, ZMQ_DONTWAIT);
}
