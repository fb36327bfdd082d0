/*
 * collector_internal: what the two files of a collector share. collector.c
 * hears and relays; collector_opened.c rebuilds seeds and opens the sum.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_COLLECTOR_INTERNAL_H
#define COHORTIUM_PROTOCOL_MASKING_COLLECTOR_INTERNAL_H

#include "protocol/masking/collector.h"

struct collected {
    uint32_t index;
    struct public_key sign;
    bool asked; /* the present step waits for it, or has heard it */
    bool heard; /* in the present step */
    bool member, gives, survives, voted, reveals;
    struct step_keys keys;
    struct step_commit commit;
    struct step_masked masked;
    struct signature vote;
    struct secret self_seed; /* of a survivor, once the sum is open */
    struct buffer boxes;     /* step_box[m - 1] */
    struct buffer shares;    /* step_share[] */
};

struct collector {
    struct digest header;
    size_t min_centers;
    size_t count;
    struct collected *all; /* in order of index */
    enum collector_step step;
    size_t members; /* m */
    struct digest members_digest, givers_digest, survivors_digest;
    struct buffer list; /* PEERS, SURVIVORS or VOTES: the same for all */
    uint32_t round;
    struct digest told;
    struct vector sum;
    bool opened;
};

/* Takes the masks off the sum, from the reveals. */
enum status collector_open_sum(struct collector *collector);

#endif
