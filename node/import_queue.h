/*
 * import_queue: rows on their way from the thread that reads a file to the one
 * that stores them, in batches, a few of them at a time.
 */
#ifndef COHORTIUM_NODE_IMPORT_QUEUE_H
#define COHORTIUM_NODE_IMPORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

#define IDENTIFIER_MAX 256
#define BATCH_ROWS 512

struct import_row {
    size_t line;
    char patient[IDENTIFIER_MAX + 1], exam[IDENTIFIER_MAX + 1]; /* "": none */
};

struct import_batch {
    size_t count;
    struct import_row *rows; /* [BATCH_ROWS] */
    int32_t *codes;          /* [BATCH_ROWS * columns] */
};

struct import_queue;

enum status import_queue_create(struct import_queue **out, size_t columns);
void import_queue_destroy(struct import_queue *queue);
/* The reader's: an empty batch; NULL when the other side gave up. */
struct import_batch *import_queue_fill(struct import_queue *queue);
/* The reader's: the batch that import_queue_fill gave is full. */
void import_queue_push(struct import_queue *queue);
/* The reader's: no more will come, for this reason. */
void import_queue_end(struct import_queue *queue, enum status status);
/* The other's: the next batch; NULL at the end. */
struct import_batch *import_queue_take(struct import_queue *queue);
/* The other's: done with it. */
void import_queue_release(struct import_queue *queue);
/* The other's: takes no more. */
void import_queue_stop(struct import_queue *queue);
/* What the reader ended with. */
enum status import_queue_status(struct import_queue *queue);

#endif
