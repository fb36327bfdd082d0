/*
 * heads: the latest head of each center's audit log (protocol/wire/head.h) that
 * anybody told the office, in memory; ledger_heads.c keeps them. A center that
 * lost its database hears its own from here, and the others carry them all, so
 * that an office that lost its ledger gets them back.
 *
 * Changes are numbered, so that a connection can be told what is new to it.
 * Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_HEADS_H
#define COHORTIUM_COORDINATOR_HEADS_H

#include "coordinator/ledger.h"
#include "protocol/wire/head.h"

struct heads;

/* With those that the ledger has. */
enum status heads_load(struct heads **out, struct ledger *ledger);
void heads_destroy(struct heads *heads);
/* STATUS_OK: later than what was known, and kept. STATUS_REPLAYED: not later.
 * STATUS_CORRUPT: signed by the center, and not the history that it signed
 * before. STATUS_BAD_SIGNATURE, STATUS_LIMIT_REACHED. */
enum status heads_take(struct heads *heads, const struct head *head);
/* The number of the last change; 0: none yet. */
uint64_t heads_last_change(const struct heads *heads);
/* In no order; NULL past the end. *change: of this one. */
const struct head *heads_at(
    const struct heads *heads, size_t index, uint64_t *change);
/* NULL: none is known. */
const struct head *heads_find(
    const struct heads *heads, const struct public_key *signer);
/* What changed since the last call, in one transaction. */
enum status heads_save(struct heads *heads, struct ledger *ledger);

#endif
