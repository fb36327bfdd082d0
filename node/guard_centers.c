/* The part of the memory against differencing that compares sets of centers
 * (guard.h). */
#include <stdlib.h>
#include <string.h>

#include "node/guard.h"
#include "protocol/masking/steps.h"
#include "protocol/wire/defence.h"

struct center_sets {
    const struct public_key *centers;
    size_t count;
    bool close, known;
};

static size_t count_missing(
    struct view in, const struct public_key *centers, size_t count)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; !found && k + KEY_BYTES <= in.size; k += KEY_BYTES)
            found = memcmp(in.data + k, centers[i].bytes, KEY_BYTES) == 0;
        missing += !found;
    }
    return missing;
}

static enum status compare_centers(void *arg, struct view earlier)
{
    struct center_sets *sets = arg;
    size_t only_new = count_missing(earlier, sets->centers, sets->count);
    size_t only_old = earlier.size / KEY_BYTES - (sets->count - only_new);
    sets->known = sets->known || (only_new == 0 && only_old == 0);
    sets->close = sets->close ||
                  (only_new > 0 && only_new < MASKING_CENTERS_MIN) ||
                  (only_old > 0 && only_old < MASKING_CENTERS_MIN);
    return STATUS_OK;
}

static struct view view_of_keys(const struct public_key *keys, size_t count)
{
    return (struct view){(const uint8_t *)keys, count * sizeof *keys};
}

enum status guard_check_centers(struct store *store,
    const struct digest *people, const struct public_key *centers, size_t count,
    int64_t until)
{
    struct center_sets sets = {.centers = centers, .count = count};
    enum status status =
        store_visit_center_sets(store, people, compare_centers, &sets);
    if (status == STATUS_OK && sets.close && DEFENCE("center-sets"))
        return STATUS_TOO_CLOSE;
    if (status != STATUS_OK || sets.known)
        return status;
    return store_put_center_set(
        store, people, until, view_of_keys(centers, count));
}

/* ---- sets by place ---- */

struct naming {
    struct store *store;
    const struct roster *roster;
    struct public_key *keys; /* room for as many as the roster has */
};

/* A set that reaches beyond this roster was not of it. */
static enum status name_set(
    void *arg, const struct digest *people, int64_t until, struct view places)
{
    const struct naming *naming = arg;
    const size_t count = places.size / sizeof(uint32_t);
    if (count > naming->roster->center_count)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        uint32_t place;
        memcpy(&place, places.data + i * sizeof place, sizeof place);
        if (place < 1 || place > naming->roster->center_count)
            return STATUS_OK;
        naming->keys[i] = naming->roster->centers[place - 1].sign;
    }
    return store_put_center_set(
        naming->store, people, until, view_of_keys(naming->keys, count));
}

enum status guard_name_centers(struct store *store, const struct roster *roster)
{
    struct naming naming = {.store = store, .roster = roster};
    naming.keys = calloc(roster->center_count, sizeof *naming.keys);
    if (naming.keys == NULL)
        return STATUS_NO_MEMORY;
    enum status status = store_visit_places(store, name_set, &naming);
    free(naming.keys);
    return status;
}
