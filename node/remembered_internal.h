/* What remembered.c and asked.c know of each other: kept sets, and their bits
 * in the order of one frame. */
#ifndef COHORTIUM_NODE_REMEMBERED_INTERNAL_H
#define COHORTIUM_NODE_REMEMBERED_INTERNAL_H

#include "node/people.h"
#include "node/remembered.h"

#define SEAL_KEY_BYTES 32

/* A set as it is kept: by the numbers of its rows. */
struct kept {
    int64_t number;
    struct digest id;
    bool alone;              /* this center decided it */
    struct weighed_set told; /* then; places are numbers of kept sets */
    struct people rows;
};

/* All kept sets as bits in the order of one frame's rows. */
struct arrangement {
    size_t holders;
    struct store_view view; /* of the frame */
    size_t row_count;
    struct row_order order;
    uint32_t *places; /* [number_end] of a row's number; UINT32_MAX: none */
    uint32_t number_end;
    size_t count, room; /* sets that are arranged: as many as are kept */
    uint64_t **bits;
};

struct remembered {
    uint8_t *key;   /* guarded memory: of seals, then of donors */
    int64_t loaded; /* the last number of the store that is in `sets` */
    size_t count, room;
    struct kept *sets;
    struct arrangement *arrangement; /* of the last frame; NULL: none yet */
};

/* The kept set of that id; remembered->count: there is none. */
size_t remembered_find(
    const struct remembered *remembered, const struct digest *id);
/* remembered->arrangement is of this frame, with all that is kept. */
enum status remembered_arrange(
    struct remembered *remembered, const struct frame *frame);
/* One holder less; accepts NULL. */
void arrangement_release(struct arrangement *arrangement);

#endif
