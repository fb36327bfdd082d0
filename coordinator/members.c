#include "coordinator/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hash table from CURVE key to member would be faster to rebuild; a rebuild
 * is rare, and a linear walk over 32-byte keys is not what takes the time. */
struct members {
    size_t count, capacity;
    size_t sorted; /* the first `sorted` stand in order of user */
    struct member *items;
};

enum status members_create(struct members **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void members_destroy(struct members *members)
{
    if (members == NULL)
        return;
    free(members->items);
    free(members);
}

static int compare_users(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return strcmp(x->user, y->user);
}

static int compare_user(const void *user, const void *item)
{
    const struct member *member = item;
    return strcmp(user, member->user);
}

void members_begin(struct members *members)
{
    for (size_t i = 0; i < members->count; i++)
        members->items[i].keep = false;
}

static struct member *find_any(struct members *members, const char *user)
{
    struct member *found = members_find(members, user);
    for (size_t i = members->sorted; found == NULL && i < members->count; i++) {
        if (strcmp(members->items[i].user, user) == 0)
            found = &members->items[i];
    }
    return found;
}

/* Only a key that is kept counts: the others are leaving. */
static bool curve_is_taken(const struct members *members,
    const struct public_key *curve, const char *user)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct member *item = &members->items[i];
        if (item->keep && public_key_equal(&item->identity.curve, curve) &&
            strcmp(item->user, user) != 0)
            return true;
    }
    return false;
}

static enum status grow(struct members *members)
{
    if (members->count < members->capacity)
        return STATUS_OK;
    if (members->count == MEMBERS_MAX)
        return STATUS_LIMIT_REACHED;
    size_t capacity = members->capacity == 0 ? 64 : members->capacity * 2;
    struct member *items = realloc(members->items, capacity * sizeof *items);
    if (items == NULL)
        return STATUS_NO_MEMORY;
    members->items = items;
    members->capacity = capacity;
    return STATUS_OK;
}

static enum status add(struct members *members, const char *user,
    const struct identity *identity, unsigned role, bool committee)
{
    if (curve_is_taken(members, &identity->curve, user))
        return STATUS_EXISTS;
    struct member *old = find_any(members, user);
    if (old != NULL && old->keep) {
        if (!public_key_equal(&old->identity.curve, &identity->curve))
            return STATUS_EXISTS;
        old->committee = old->committee || committee;
        return STATUS_OK;
    }
    if (old == NULL) {
        enum status status = grow(members);
        if (status != STATUS_OK)
            return status;
        old = &members->items[members->count++];
        memset(old, 0, sizeof *old);
        snprintf(old->user, sizeof old->user, "%s", user);
        old->room = MEMBER_ROOM_DEFAULT;
    } else if (!public_key_equal(&old->identity.curve, &identity->curve)) {
        old->changed = old->changed || old->connected;
        old->connected = false; /* that connection was the old key's */
    }
    old->identity = *identity;
    old->role = role;
    old->committee = committee;
    old->keep = true;
    return STATUS_OK;
}

enum status members_add_center(
    struct members *members, const struct identity *identity)
{
    char user[CHANNEL_USER_MAX];
    snprintf(user, sizeof user, "center:%s", identity->name);
    return add(members, user, identity, SENDER_CENTER, false);
}

enum status members_add_person(
    struct members *members, const struct identity *identity, bool committee)
{
    char user[CHANNEL_USER_MAX], key[KEY_TEXT];
    public_key_to_text(key, &identity->sign);
    snprintf(user, sizeof user, "person:%s", key);
    return add(members, user, identity, SENDER_PERSON, committee);
}

void members_end(struct members *members)
{
    size_t kept = 0;
    for (size_t i = 0; i < members->count; i++) {
        if (members->items[i].keep)
            members->items[kept++] = members->items[i];
    }
    members->count = kept;
    members->sorted = kept;
    if (kept > 0)
        qsort(members->items, kept, sizeof *members->items, compare_users);
}

size_t members_count(const struct members *members)
{
    return members->count;
}

struct member *members_at(struct members *members, size_t index)
{
    return &members->items[index];
}

struct member *members_find(struct members *members, const char *user)
{
    if (members->sorted == 0)
        return NULL;
    return bsearch(user, members->items, members->sorted,
        sizeof *members->items, compare_user);
}

struct member *members_find_center(struct members *members, const char *name)
{
    char user[CHANNEL_USER_MAX];
    snprintf(user, sizeof user, "center:%s", name);
    return members_find(members, user);
}

enum status members_enrolled(
    const struct members *members, struct channel_member **out, size_t *count)
{
    *count = 0;
    *out = calloc(members->count + 1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < members->count; i++) {
        (*out)[i].curve = members->items[i].identity.curve;
        memcpy((*out)[i].user, members->items[i].user, CHANNEL_USER_MAX);
    }
    *count = members->count;
    return STATUS_OK;
}
