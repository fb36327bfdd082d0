#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/home.h"
#include "protocol/program/file_kind.h"
#include "protocol/wire/loop.h"

/* Ten groups of four digits, to be read aloud, as for an identity. */
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

static enum status check_coordinator(
    const struct envelope *envelope, const struct keypair *keys)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    const struct identity *self = keypair_identity(keys);
    diagnostic_init(&diagnostic, "");
    enum status status =
        roster_parse(&roster, buffer_view(&envelope->payload), &diagnostic);
    if (status != STATUS_OK)
        status = program_fail_at(status, &diagnostic);
    else if (!public_key_equal(&roster->coordinator.sign, &self->sign) ||
             !public_key_equal(&roster->coordinator.curve, &self->curve)) {
        status = program_fail(STATUS_WRONG_ROSTER,
            "its coordinator '%s' has other keys than this office",
            roster->coordinator.name);
    }
    roster_destroy(roster);
    return status;
}

static bool is_installed(
    const struct catalog *catalog, const struct envelope *envelope)
{
    const struct digest id = envelope_id(envelope);
    return catalog->roster != NULL && digest_equal(&catalog->roster->id, &id);
}

static enum status install(
    struct home *home, const struct envelope *envelope, const char *file)
{
    struct catalog *catalog = NULL;
    struct diagnostic diagnostic;
    const int64_t now = clock_wall_seconds();
    diagnostic_init(&diagnostic, file);
    enum status status =
        catalog_load(&catalog, home->ledger, home->dictionary, now);
    if (status != STATUS_OK)
        return program_fail(
            status, "the ledger cannot be read: %s", status_text(status));
    if (!is_installed(catalog, envelope))
        status = catalog_add_roster(
            catalog, home->ledger, envelope, now, &diagnostic);
    if (status == STATUS_OK) {
        print_roster(catalog->roster);
    } else {
        diagnostic_set(&diagnostic, 0, 0, "the roster is not taken: %s",
            status_text(status));
        program_fail_at(status, &diagnostic);
    }
    catalog_destroy(catalog);
    return status;
}

enum status command_roster(const struct arguments *arguments)
{
    const char *file = operand_at(arguments, 0);
    struct home home;
    struct envelope *envelope = NULL;
    enum status status = home_open(&home, arguments);
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
    status = check_coordinator(envelope, home.keys);
    if (status == STATUS_OK)
        status = install(&home, envelope, file);
out:
    envelope_destroy(envelope);
    home_close(&home);
    return status;
}
