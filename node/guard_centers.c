/* The part of the memory against differencing that compares sets of centers
 * (guard.h). */
#include <string.h>

#include "node/guard.h"
#include "protocol/masking/steps.h"
#include "protocol/wire/defence.h"

struct center_sets {
    const uint32_t *centers;
    size_t count;
    bool close, known;
};

static size_t count_missing(
    const uint8_t *in, size_t in_size, const uint32_t *centers, size_t count)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; !found && k + 4 <= in_size; k += 4)
            found = memcmp(in + k, &centers[i], 4) == 0;
        missing += !found;
    }
    return missing;
}

static enum status compare_centers(void *arg, struct view earlier)
{
    struct center_sets *sets = arg;
    size_t only_new =
        count_missing(earlier.data, earlier.size, sets->centers, sets->count);
    size_t only_old = earlier.size / 4 - (sets->count - only_new);
    sets->known = sets->known || (only_new == 0 && only_old == 0);
    sets->close = sets->close ||
                  (only_new > 0 && only_new < MASKING_CENTERS_MIN) ||
                  (only_old > 0 && only_old < MASKING_CENTERS_MIN);
    return STATUS_OK;
}

enum status guard_check_centers(struct store *store,
    const struct digest *people, const uint32_t *centers, size_t count,
    int64_t until)
{
    struct center_sets sets = {.centers = centers, .count = count};
    enum status status =
        store_visit_center_sets(store, people, compare_centers, &sets);
    if (status == STATUS_OK && sets.close && DEFENCE("center-sets"))
        return STATUS_TOO_CLOSE;
    if (status != STATUS_OK || sets.known)
        return status;
    return store_put_center_set(store, people, until,
        (struct view){(const uint8_t *)centers, count * sizeof *centers});
}
