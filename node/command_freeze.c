#include "node/freeze.h"
#include "node/home.h"
#include "protocol/wire/loop.h"

static enum status make(const struct home *home, int64_t *number, bool *made)
{
    enum status status = store_freeze_due(home->store, made);
    if (status == STATUS_OK)
        status = store_last_freeze(home->store, number);
    if (status == STATUS_OK && *made)
        status =
            freeze_make(home->store, home->keys, clock_wall_seconds(), number);
    if (status != STATUS_OK)
        return program_fail(
            status, "the freeze could not be made: %s", status_text(status));
    if (*number == 0)
        return program_fail(STATUS_NOT_FOUND,
            "the registry is empty: 'cohortium-node import' fills it");
    return STATUS_OK;
}

enum status command_freeze(const struct arguments *arguments)
{
    struct home home;
    int64_t number = 0;
    bool made = false;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    if (status == STATUS_OK)
        status = make(&home, &number, &made);
    if (status == STATUS_OK && argument_flag(arguments, "json"))
        status = home_print_json(json_pack(
            "{s:I, s:b}", "freeze", (json_int_t)number, "made", made));
    else if (status == STATUS_OK)
        printf(made ? "freeze %lld was made\n"
                    : "nothing changed since freeze %lld\n",
            (long long)number);
    home_close(&home);
    return status;
}
