/*
 * frame: the registry as columns in memory, built from the store whenever its
 * data changed. Patients who opted out of research are not in it.
 */
#ifndef COHORTIUM_NODE_FRAME_H
#define COHORTIUM_NODE_FRAME_H

#include "node/store.h"
#include "protocol/analysis/rows.h"

struct frame;

enum status frame_create(
    struct frame **out, const struct dictionary *dictionary);
void frame_destroy(struct frame *frame);
/* Rebuilds when the store's generation differs from the frame's; a frame that
 * could not be rebuilt keeps its old rows and says so by its status. */
enum status frame_refresh(struct frame *frame, struct store *store);
/* Borrowed until the next refresh that changes something. */
const struct rows *frame_rows(const struct frame *frame);
/* The store's generation that the rows are of. */
int64_t frame_generation(const struct frame *frame);
/* Bytes that the columns take. */
size_t frame_bytes(const struct frame *frame);

#endif
