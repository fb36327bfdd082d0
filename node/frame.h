/*
 * frame: the rows of one view of the registry (a freeze, without those who
 * left) as columns in memory. It never changes; several are in use at once.
 */
#ifndef COHORTIUM_NODE_FRAME_H
#define COHORTIUM_NODE_FRAME_H

#include "node/store.h"
#include "protocol/analysis/rows.h"

struct frame;

/* The rows of the view, read in one transaction (the caller's, if there is
 * one). dictionary is borrowed. Caller frees with frame_destroy. */
enum status frame_create(struct frame **out,
    const struct dictionary *dictionary, struct store *store,
    const struct store_view *view);
void frame_destroy(struct frame *frame);
/* All borrowed from the frame, which never changes. */
const struct rows *frame_rows(const struct frame *frame);
const struct store_view *frame_view(const struct frame *frame);
/* Of each of the rows, its exam's number: from 1, the same for ever, through
 * corrections, restarts and imports of the whole registry (of an exam with an
 * identifier), and never another exam's. All are below frame_number_end, which
 * is higher by the exams that came and at most 63 an import. */
const uint32_t *frame_numbers(const struct frame *frame);
uint32_t frame_number_end(const struct frame *frame);
/* Numbers of exams that stood in this freeze and whose values were erased
 * since: no rows of the frame, but people of earlier answers. In order; *count
 * of them. */
const uint32_t *frame_erased(const struct frame *frame, size_t *count);
/* Bytes that the columns take. */
size_t frame_bytes(const struct frame *frame);

/* The last few frames that were used. A frame that somebody holds stays,
 * however many there are. */
#define FRAMES_KEPT 4
struct frames;
enum status frames_create(
    struct frames **out, const struct dictionary *dictionary);
void frames_destroy(struct frames *frames);
/* Those rows, from memory or from the store. Given back with frames_release. */
enum status frames_hold(struct frames *frames, struct frame **out,
    struct store *store, const struct store_view *view);
/* Accepts NULL. */
void frames_release(struct frame *frame);

#endif
