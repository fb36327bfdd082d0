/*
 * families: what each group of researchers was told of, over totals
 * (policy/memory.h). Studies that share a researcher, directly or by way of
 * others, are one family; its memory ends a year after the last of its studies.
 * Two questions of one family are never open at the same time: each is held
 * against all that were answered before it.
 *
 * Where a study that is approved later joins two families, what was asked in
 * the younger one was never held against the older one: its sets are known no
 * more but as sets of which nothing is told.
 *
 * The ledger has all of it. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_FAMILIES_H
#define COHORTIUM_COORDINATOR_FAMILIES_H

#include "coordinator/catalog.h"
#include "coordinator/cells.h"
#include "policy/memory.h"
#include "protocol/analysis/sets.h"

struct families;

/* Nothing is read yet. Both are borrowed. */
enum status families_create(struct families **out,
    const struct catalog *catalog, struct ledger *ledger);
void families_destroy(struct families *families);

/* A family, from what the ledger has. When studies come families are read
 * again; one that somebody holds stays as it is until it is let go. */
struct family {
    size_t key; /* the first of its studies in the catalog */
    struct memory *memory;
    struct digest *ids;             /* [memory_count]: of its sets, in order */
    int64_t *sequences;             /* the same, in the ledger */
    char (*words)[LEDGER_TEXT_MAX]; /* the same, in words */
    struct cells cells;             /* of the tables that it was told */
    size_t room;
    size_t holders;
    bool is_past; /* another stands in its place */
};

/* An empty one, held by the caller. */
enum status family_create(struct family **out);
/* At its end, as the ledger has it. A set that was never held against all that
 * stand before it is known as one of which nothing is told. */
enum status family_take_set(
    struct family *family, const struct ledger_set *set);
/* Held by the caller until family_release. `now`: seconds since 1970. */
enum status families_hold(struct families *families, const struct study *study,
    int64_t now, struct family **out);
/* Accepts NULL. */
void family_release(struct family *family);
/* Whether both studies are of one family. */
bool families_are_one(
    struct families *families, const struct study *a, const struct study *b);
/* A question that was weighed and is answered. */
struct weighed_question {
    const struct digest *study_id, *query_id, *header_id;
    const struct weighing_question *weighing;
    const struct sets *sets;
    const struct instruction *instruction;
    struct view instruction_bytes;
    struct view cells; /* families_list_cells; none: no table was told */
};

/* Appends what the question's tables told; sum: as the rules left it. */
enum status families_list_cells(const struct families *families,
    const struct family *family, const struct weighed_question *question,
    const struct vector *sum, struct buffer *out);
/* Into the ledger, within the caller's transaction: what it weighed, and its
 * new sets. */
enum status families_write(struct families *families,
    const struct family *family, const struct weighed_question *question);
/* Once that is committed: the family knows its new sets. Where it cannot, it
 * is read again from the ledger. */
void families_learn(struct families *families, struct family *family,
    const struct weighed_question *question);

#endif
