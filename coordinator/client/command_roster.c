#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"

static enum status load_roster(
    struct roster **out, struct envelope **envelope, const char *path)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, path);
    enum status status = client_load_envelope(envelope, path, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    status = roster_parse(out, buffer_view(&(*envelope)->payload), &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

/* Members of the committee sign, and those of the committee before it, whose
 * threshold has to be met as well: --previous names that roster. */
static enum status check_signer(const struct roster *roster, const char *path,
    const struct keypair *keys, const struct arguments *arguments)
{
    const char *before = argument_value(arguments, "previous");
    struct envelope *envelope = NULL;
    struct roster *previous = NULL;
    const struct public_key *self = &keypair_identity(keys)->sign;
    enum status status = STATUS_OK;
    if (before != NULL)
        status = load_roster(&previous, &envelope, before);
    const struct roster_member *then =
        previous == NULL ? NULL : roster_find_member_key(previous, self);
    if (status == STATUS_OK && (then == NULL || then->revoked))
        status = client_check_member(roster, keys, path);
    roster_destroy(previous);
    envelope_destroy(envelope);
    return status;
}

enum status command_roster_sign(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    struct envelope *envelope = NULL;
    struct roster *roster = NULL;
    struct keypair *keys = NULL;
    size_t signers = 0;
    enum status status = load_roster(&roster, &envelope, path);
    if (status == STATUS_OK)
        status = client_load_key(&keys, arguments);
    if (status == STATUS_OK)
        status = check_signer(roster, path, keys, arguments);
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_save(envelope, path);
    if (status == STATUS_OK)
        status = roster_count_signers(&signers, roster, envelope, TYPE_ROSTER);
    if (status == STATUS_OK)
        printf(
            "%s: signed by %s; %zu of the %zu members who must have signed\n",
            path, keypair_identity(keys)->name, signers, roster->threshold);
    keypair_destroy(keys);
    roster_destroy(roster);
    envelope_destroy(envelope);
    return status;
}

enum status command_roster_show(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    struct envelope *envelope = NULL;
    struct roster *roster = NULL;
    enum status status = load_roster(&roster, &envelope, path);
    if (status != STATUS_OK) {
        envelope_destroy(envelope);
        return status;
    }
    fwrite(envelope->payload.data, 1, envelope->payload.size, stdout);
    char id[DIGEST_TEXT];
    digest_to_text(id, &roster->id);
    size_t signers;
    status = roster_count_signers(&signers, roster, envelope, TYPE_ROSTER);
    printf("\nid %s\nfingerprint", id);
    for (size_t i = 0; i < 10; i++)
        printf(" %.4s", id + 4 * i);
    printf("\nsigned by %zu members in good standing, %zu must sign\n", signers,
        roster->threshold);
    if (status == STATUS_OK && signers < roster->threshold)
        status = STATUS_TOO_FEW_SIGNATURES;
    roster_destroy(roster);
    envelope_destroy(envelope);
    return status;
}
