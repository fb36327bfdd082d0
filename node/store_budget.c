/* The budget of noise: what was spent. */
#include "node/store_internal.h"

enum status store_put_charge(struct store *store, const struct digest *study,
    const struct digest *query, int64_t nano, int64_t now)
{
    return store_run(store, "INSERT INTO charge VALUES (?, ?, ?, ?)", "ddii",
        study, query, nano, now);
}

enum status store_sum_charges(struct store *store, const struct digest *study,
    int64_t since, int64_t *nano)
{
    if (study == NULL)
        return store_integer(store, nano, 0,
            "SELECT sum(nano) FROM charge WHERE time >= ?", "i", since);
    return store_integer(store, nano, 0,
        "SELECT sum(nano) FROM charge WHERE study = ? AND time >= ?", "di",
        study, since);
}
