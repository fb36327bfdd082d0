/*
 * past: what this node signed of its audit log, kept where a lost or restored
 * database does not take it along: in the file audit.head beside the database,
 * at the coordinator and at the other centers (protocol/wire/head.h).
 *
 * Order of writing: the database commits, then the file is written, then what
 * was answered leaves. After a crash the file may be behind, the database never
 * is. A database that has less than any head that this node signed, or
 * something else, is behind: nothing is answered and nothing is written until
 * the data manager has said `recover`, which begins a new era.
 */
#ifndef COHORTIUM_NODE_PAST_H
#define COHORTIUM_NODE_PAST_H

#include "node/store.h"
#include "protocol/wire/head.h"

#define PAST_FILE "audit.head"

struct past {
    struct store *store;
    const struct keypair *keys;
    const char *path;  /* of the file, borrowed; NULL: there is none */
    struct head known; /* the latest of our own; era 0: none */
    bool behind;
    char reason[160]; /* why it is behind */
};

/* Reads the file and compares it with the database; behind and reason say how
 * that went. A home of before there was a file, or a new one, is not behind.
 * Not OK only when the disk or memory fails. */
enum status past_open(struct past *past, struct store *store,
    const struct keypair *keys, const char *path);
/* Signs the database's head and writes the file, when it has changed and the
 * database is not behind. */
enum status past_keep(struct past *past);
/* A head of our own that somebody else kept: the file takes it when it is later
 * than what it has. One that we did not sign is STATUS_BAD_SIGNATURE. */
enum status past_take(struct past *past, const struct head *head);
/* Whether the file, and so the state, was changed by a command meanwhile. */
enum status past_review(struct past *past);
/* Within the caller's transaction: begins the era after every known one, and
 * says so in the audit log. past_recovered after its commit. */
enum status past_recover(struct past *past, int64_t now);
enum status past_recovered(struct past *past);

#endif
