/*
 * freeze: the center's registry, numbered and signed as it stands.
 *
 * Connectors and imports write the record; questions read freezes, which never
 * change. One is made by the first import, when the data manager says so, and
 * by itself so many days after the last when something changed since. Its
 * document (policy/freeze.h) tells no counts.
 */
#ifndef COHORTIUM_NODE_FREEZE_H
#define COHORTIUM_NODE_FREEZE_H

#include "node/store.h"
#include "protocol/wire/keys.h"

/* Makes the next one and notes it in the audit log, in a transaction of its
 * own. *number: its number. */
enum status freeze_make(struct store *store, const struct keypair *keys,
    int64_t now, int64_t *number);
/* The first, where there are rows and none was made. *number 0: nothing to do.
 */
enum status freeze_make_first(struct store *store, const struct keypair *keys,
    int64_t now, int64_t *number);
/* The first, or one `days` after the last where something changed since. */
enum status freeze_make_due(struct store *store, const struct keypair *keys,
    int64_t now, int64_t days, int64_t *number);

#endif
