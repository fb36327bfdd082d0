/*
 * cox_pairs: Harrell's pairs of a fitted Cox model within a center: of two
 * people one of whom is known to have the event first, whether that is the one
 * of larger x b. R: survival's concordance. Whole numbers, in n log n.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_COX_PAIRS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_COX_PAIRS_H

#include <stddef.h>
#include <stdint.h>

struct cox_pairs {
    uint64_t concordant, discordant, tied; /* tied: in x b */
};

/* One person who comes into view, with an event or without, or goes out of it
 * again. */
enum cox_entry_kind { ENTRY_CENSORED, ENTRY_EVENT, ENTRY_GONE };
struct cox_entry {
    double eta;
    uint32_t place; /* stratum and time: pairs are within `steps` of these */
    uint32_t rank;  /* the function's */
    uint8_t kind;   /* enum cox_entry_kind */
};

/* Bytes that cox_pairs_add needs for so many. */
size_t cox_pairs_room(size_t count);
/* Adds the pairs among entries[count], in order of time, the latest first.
 * Places stratum * steps + step. Writes to entries and room. */
void cox_pairs_add(struct cox_entry *entries, size_t count, uint32_t steps,
    void *room, struct cox_pairs *out);

#endif
