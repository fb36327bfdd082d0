#include <inttypes.h>
#include <string.h>

#include "node/audit.h"
#include "node/home.h"
#include "protocol/program/file_kind.h"
#include "protocol/wire/loop.h"

static enum status count_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    (void)id;
    (void)bytes;
    ++*(size_t *)arg;
    return STATUS_OK;
}

static enum status write_roster(const struct home *home,
    const struct roster *roster, const struct envelope *envelope)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    enum status status = envelope_encode(envelope, &bytes);
    if (status == STATUS_OK)
        status = store_begin(home->store);
    if (status == STATUS_OK)
        status =
            store_put_roster(home->store, roster->version, buffer_view(&bytes));
    if (status == STATUS_OK) {
        status = audit_record(home->store, home->keys, clock_wall_seconds(),
            "roster_installed", &roster->id, "version %" PRId64,
            roster->version);
    }
    if (status == STATUS_OK)
        status = store_commit(home->store);
    else
        store_rollback(home->store);
    buffer_fini(&bytes);
    return status;
}

static void print_roster(const struct roster *roster)
{
    char text[DIGEST_TEXT];
    digest_to_text(text, &roster->id);
    printf("roster %s version %" PRId64 "\nid %s\nfingerprint",
        roster->federation, roster->version, text);
    for (size_t i = 0; i < 10; i++)
        printf(" %.4s", text + 4 * i);
    putchar('\n');
}

static enum status install(const struct home *home,
    const struct envelope *envelope, const struct roster *previous,
    const char *file)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    struct digest id = envelope_id(envelope);
    diagnostic_init(&diagnostic, file);
    if (previous != NULL && digest_equal(&previous->id, &id)) {
        print_roster(previous);
        return STATUS_OK;
    }
    enum status status =
        roster_verify(&roster, envelope, previous, &diagnostic);
    if (status != STATUS_OK)
        return program_fail_at(status, &diagnostic);
    status =
        roster_check_center(roster, keypair_identity(home->keys), &diagnostic);
    if (status != STATUS_OK) {
        program_fail_at(status, &diagnostic);
    } else {
        status = write_roster(home, roster, envelope);
        if (status != STATUS_OK)
            program_fail(status, "the roster could not be stored: %s",
                status_text(status));
    }
    if (status == STATUS_OK)
        print_roster(roster);
    roster_destroy(roster);
    return status;
}

enum status command_roster(const struct arguments *arguments)
{
    const char *file = operand_at(arguments, 0);
    struct home home;
    struct envelope *envelope = NULL;
    struct roster *previous = NULL;
    size_t stored = 0;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    if (status != STATUS_OK)
        goto out;
    status = envelope_load(&envelope, file);
    if (status != STATUS_OK) {
        file_kind_fail(status, file, "a signed roster");
        goto out;
    }
    if (strcmp(envelope->type, TYPE_ROSTER) != 0) {
        status = file_kind_fail(STATUS_MALFORMED, file, "a signed roster");
        goto out;
    }
    status = store_visit_rosters(home.store, count_roster, &stored);
    if (status == STATUS_OK && stored > 0)
        status = home_roster(&home, &previous);
    if (status == STATUS_OK)
        status = install(&home, envelope, previous, file);
out:
    roster_destroy(previous);
    envelope_destroy(envelope);
    home_close(&home);
    return status;
}
