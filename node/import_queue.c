#include "node/import_queue.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCHES 4

struct import_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct import_batch batches[BATCHES];
    size_t first, used; /* those that are full, a ring */
    bool ended, stopped;
    enum status status;
};

enum status import_queue_create(struct import_queue **out, size_t columns)
{
    struct import_queue *queue = calloc(1, sizeof *queue);
    *out = queue;
    if (queue == NULL)
        return STATUS_NO_MEMORY;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        struct import_batch *batch = &queue->batches[i];
        batch->rows = malloc(BATCH_ROWS * sizeof *batch->rows);
        batch->codes =
            malloc(BATCH_ROWS * (columns + 1) * sizeof *batch->codes);
        if (batch->rows == NULL || batch->codes == NULL)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

void import_queue_destroy(struct import_queue *queue)
{
    if (queue == NULL)
        return;
    for (size_t i = 0; i < BATCHES; i++) {
        free(queue->batches[i].rows);
        free(queue->batches[i].codes);
    }
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

struct import_batch *import_queue_fill(struct import_queue *queue)
{
    struct import_batch *batch = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->used == BATCHES && !queue->stopped)
        pthread_cond_wait(&queue->changed, &queue->lock);
    if (!queue->stopped)
        batch = &queue->batches[(queue->first + queue->used) % BATCHES];
    pthread_mutex_unlock(&queue->lock);
    if (batch != NULL)
        batch->count = 0;
    return batch;
}

void import_queue_push(struct import_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->used++;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

void import_queue_end(struct import_queue *queue, enum status status)
{
    pthread_mutex_lock(&queue->lock);
    queue->ended = true;
    queue->status = status;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

struct import_batch *import_queue_take(struct import_queue *queue)
{
    struct import_batch *batch = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->used == 0 && !queue->ended)
        pthread_cond_wait(&queue->changed, &queue->lock);
    if (queue->used > 0)
        batch = &queue->batches[queue->first];
    pthread_mutex_unlock(&queue->lock);
    return batch;
}

void import_queue_release(struct import_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->first = (queue->first + 1) % BATCHES;
    queue->used--;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

void import_queue_stop(struct import_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopped = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

enum status import_queue_status(struct import_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    const enum status status = queue->status;
    pthread_mutex_unlock(&queue->lock);
    return status;
}
