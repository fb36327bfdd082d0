/*
 * people: a set of a center's patients, one bit a number. The guard compares
 * each new cohort with hundreds of earlier ones; on bits that is one pass of
 * AND and population count. At rest they are sealed
 * (people_box.h).
 */
#ifndef COHORTIUM_NODE_PEOPLE_H
#define COHORTIUM_NODE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

struct people {
    size_t word_count;
    uint64_t *words;
    uint64_t count; /* of people; right after people_count */
};

/* The empty set, with room for the numbers 0 .. end - 1. STATUS_NO_MEMORY.
 * Freed with people_fini. */
enum status people_init(struct people *people, uint32_t end);
void people_fini(struct people *people);
/* number: within the room. */
static inline void people_add(struct people *people, uint32_t number)
{
    people->words[number / 64] |= (uint64_t)1 << (number % 64);
}
/* Sets people->count; call it after the last people_add. */
void people_count(struct people *people);
bool people_equal(const struct people *a, const struct people *b);
/* How many are in both. */
uint64_t people_common(const struct people *a, const struct people *b);
/* The numbers, in order; numbers[] has room for people->count. */
void people_list(const struct people *people, uint32_t *numbers);

#endif
