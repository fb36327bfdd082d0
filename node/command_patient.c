#include <string.h>

#include "node/audit.h"
#include "node/home.h"
#include "protocol/wire/loop.h"

/* What is done of one patient, and what the log says of it. */
struct change {
    enum status (*make)(struct store *store, const char *identifier);
    const char *event;
    const char *said;
};

static enum status leave(struct store *store, const char *identifier)
{
    return store_set_opt_out(store, identifier, true);
}

static enum status come_back(struct store *store, const char *identifier)
{
    return store_set_opt_out(store, identifier, false);
}

static enum status change(const struct home *home, const char *identifier,
    const struct change *change)
{
    enum status status = store_begin(home->store);
    if (status == STATUS_OK)
        status = change->make(home->store, identifier);
    if (status == STATUS_OK)
        status = audit_record(home->store, home->keys, clock_wall_seconds(),
            change->event, NULL, "%s", "one patient");
    if (status == STATUS_OK)
        return store_commit(home->store);
    store_rollback(home->store);
    return status;
}

static enum status run(
    const struct arguments *arguments, const struct change *made)
{
    struct home home;
    const bool erases = made->make == store_erase;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    if (status == STATUS_OK && erases)
        status = store_scrub(home.store, true);
    if (status == STATUS_OK)
        status = change(&home, operand_at(arguments, 0), made);
    if (status == STATUS_OK && erases)
        status = store_scrub(home.store, false);
    if (status == STATUS_NOT_FOUND)
        program_fail(status,
            "no patient has this identifier; only patients who were imported "
            "with a 'patient' column can be found");
    else if (status == STATUS_OK)
        puts(made->said);
    home_close(&home);
    return status;
}

enum status command_patient_opt_out(const struct arguments *arguments)
{
    return run(arguments,
        &(struct change){leave, "patient_opted_out",
            "in no study that begins from now on; out of those that run with "
            "the next freeze ('cohortium-node freeze')"});
}

enum status command_patient_opt_in(const struct arguments *arguments)
{
    return run(arguments,
        &(struct change){come_back, "patient_opted_in",
            "in studies again that read the next freeze, or a later one"});
}

enum status command_patient_erase(const struct arguments *arguments)
{
    return run(arguments,
        &(struct change){store_erase, "patient_erased",
            "values and identifier are deleted here; copies of the database "
            "(backups, registry.sqlite.before-v*) are the center's to delete"});
}
