/*
 * recover: the data manager has seen that the database has lost a part of what
 * this node signed (past.h), and wants it to go on from what there is.
 */
#include <stdlib.h>

#include "node/home.h"
#include "protocol/wire/loop.h"

struct study_ids {
    struct digest *ids;
    size_t count, capacity;
};

static enum status add_study(
    void *arg, const struct digest *id, struct view envelope)
{
    struct study_ids *list = arg;
    (void)envelope;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        struct digest *ids = reallocarray(list->ids, capacity, sizeof *ids);
        if (ids == NULL)
            return STATUS_NO_MEMORY;
        list->ids = ids;
        list->capacity = capacity;
    }
    list->ids[list->count++] = *id;
    return STATUS_OK;
}

/* Every study that is known, decided on or not: the coordinator may hold an
 * opt-in that this database has lost. */
static enum status opt_out_of_all(const struct home *home)
{
    struct study_ids list = {NULL, 0, 0};
    struct roster *roster = NULL;
    const struct session_setup setup = home_setup(home);
    enum status status = store_visit_studies(home->store, add_study, &list);
    if (status == STATUS_OK && list.count > 0)
        status = home_roster(home, &roster);
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++)
        status = decision_put(&setup, &list.ids[i], roster->federation, false,
            clock_wall_seconds());
    roster_destroy(roster);
    free(list.ids);
    return status;
}

/* The new era first: decisions of it have a higher sequence than any lost. */
static enum status recover(struct home *home)
{
    enum status status = store_begin(home->store);
    if (status == STATUS_OK)
        status = past_recover(&home->past, clock_wall_seconds());
    if (status == STATUS_OK)
        status = opt_out_of_all(home);
    if (status == STATUS_OK)
        status = store_commit(home->store);
    else
        store_rollback(home->store);
    return status == STATUS_OK ? past_recovered(&home->past) : status;
}

enum status command_recover(const struct arguments *arguments)
{
    struct home home;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK && !home.past.behind) {
        status = program_fail(STATUS_NOT_ALLOWED,
            "there is nothing to recover from: the database has all that this "
            "node signed, as far as is known here");
    } else if (status == STATUS_OK) {
        status = recover(&home);
        if (status != STATUS_OK)
            program_fail(status, "the recovery could not be stored: %s",
                status_text(status));
    }
    if (status == STATUS_OK)
        puts("recovered; no study is opted in to. 'cohortium-node opt-in' "
             "reopens one");
    home_close(&home);
    return status;
}
