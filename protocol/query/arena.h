/*
 * arena: memory of one parsed document, freed all at once.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_ARENA_H
#define COHORTIUM_PROTOCOL_QUERY_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

/* Zeroed, aligned for any type; NULL without memory. */
void *arena_allocate(struct arena *arena, size_t size);
void arena_free(struct arena *arena);

#endif
