#include "coordinator/heads.h"

#include <stdlib.h>

struct entry {
    struct head head;
    uint64_t change;
    bool unsaved;
};

struct heads {
    struct entry *entries;
    size_t count, capacity;
    uint64_t last_change;
};

static struct entry *find(
    const struct heads *heads, const struct public_key *signer)
{
    for (size_t i = 0; i < heads->count; i++) {
        if (public_key_equal(&heads->entries[i].head.signer, signer))
            return &heads->entries[i];
    }
    return NULL;
}

/* Keys that left the roster stay, so the table is as large as a ledger of many
 * years may need; who is not on the roster cannot add to it. */
static enum status add(struct heads *heads, struct entry **out)
{
    if (heads->count == heads->capacity) {
        size_t capacity = heads->capacity == 0 ? 16 : 2 * heads->capacity;
        struct entry *entries =
            reallocarray(heads->entries, capacity, sizeof *entries);
        if (entries == NULL)
            return STATUS_NO_MEMORY;
        heads->entries = entries;
        heads->capacity = capacity;
    }
    *out = &heads->entries[heads->count++];
    return STATUS_OK;
}

static enum status load_one(void *arg, const struct head *head)
{
    struct heads *heads = arg;
    struct entry *entry;
    enum status status = add(heads, &entry);
    if (status == STATUS_OK)
        *entry = (struct entry){*head, ++heads->last_change, false};
    return status;
}

enum status heads_load(struct heads **out, struct ledger *ledger)
{
    *out = NULL;
    struct heads *heads = calloc(1, sizeof *heads);
    if (heads == NULL)
        return STATUS_NO_MEMORY;
    enum status status = ledger_visit_heads(ledger, load_one, heads);
    if (status != STATUS_OK) {
        heads_destroy(heads);
        return status;
    }
    *out = heads;
    return STATUS_OK;
}

void heads_destroy(struct heads *heads)
{
    if (heads == NULL)
        return;
    free(heads->entries);
    free(heads);
}

enum status heads_take(struct heads *heads, const struct head *head)
{
    struct entry *entry = find(heads, &head->signer);
    enum status status = STATUS_OK;
    if (entry != NULL) {
        int order = head_compare(head, &entry->head);
        bool same = digest_equal(&head->digest, &entry->head.digest);
        if (order < 0 || (order == 0 && same))
            return STATUS_REPLAYED;
        if (!head_verify(head))
            return STATUS_BAD_SIGNATURE;
        if (order == 0)
            return STATUS_CORRUPT;
    } else {
        if (!head_verify(head))
            return STATUS_BAD_SIGNATURE;
        status = add(heads, &entry);
    }
    if (status == STATUS_OK)
        *entry = (struct entry){*head, ++heads->last_change, true};
    return status;
}

uint64_t heads_last_change(const struct heads *heads)
{
    return heads->last_change;
}

const struct head *heads_at(
    const struct heads *heads, size_t index, uint64_t *change)
{
    if (index >= heads->count)
        return NULL;
    *change = heads->entries[index].change;
    return &heads->entries[index].head;
}

const struct head *heads_find(
    const struct heads *heads, const struct public_key *signer)
{
    const struct entry *entry = find(heads, signer);
    return entry == NULL ? NULL : &entry->head;
}

enum status heads_save(struct heads *heads, struct ledger *ledger)
{
    bool begun = false;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < heads->count; i++) {
        if (!heads->entries[i].unsaved)
            continue;
        if (!begun)
            status = ledger_begin(ledger);
        if (status != STATUS_OK)
            return status;
        begun = true;
        status = ledger_put_head(ledger, &heads->entries[i].head);
    }
    if (!begun)
        return STATUS_OK;
    if (status == STATUS_OK)
        status = ledger_commit(ledger);
    else
        ledger_rollback(ledger);
    for (size_t i = 0; status == STATUS_OK && i < heads->count; i++)
        heads->entries[i].unsaved = false;
    return status;
}
