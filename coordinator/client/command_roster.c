#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/client/client.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/loop.h"

static json_t *identity_json(const struct identity *identity)
{
    char sign[KEY_TEXT], curve[KEY_TEXT];
    public_key_to_text(sign, &identity->sign);
    public_key_to_text(curve, &identity->curve);
    return json_pack("{s:s, s:s, s:s}", "name", identity->name, "identity",
        sign, "curve", curve);
}

static enum status load_card(json_t **out, const char *path)
{
    struct identity identity;
    enum status status = identity_load(&identity, path);
    if (status != STATUS_OK)
        return program_fail(status, "card %s: %s", path, status_text(status));
    *out = identity_json(&identity);
    return STATUS_OK;
}

/* Every card that an option names, as a list. */
static enum status load_cards(const struct arguments *arguments,
    const char *option, json_t *list, const char *revoked)
{
    for (size_t i = 0; i < argument_count(arguments, option); i++) {
        json_t *card = NULL;
        enum status status =
            load_card(&card, argument_at(arguments, option, i));
        if (status != STATUS_OK)
            return status;
        if (revoked != NULL)
            json_object_set_new(card, "revoked", json_string(revoked));
        json_array_append_new(list, card);
    }
    return STATUS_OK;
}

static enum status load_coordinator(
    const struct arguments *arguments, json_t *roster)
{
    const char *card, *endpoint;
    json_t *coordinator = NULL;
    enum status status = client_need(arguments, "coordinator", &card);
    if (status == STATUS_OK)
        status = client_need(arguments, "endpoint", &endpoint);
    if (status == STATUS_OK)
        status = load_card(&coordinator, card);
    if (status == STATUS_OK) {
        json_object_set_new(coordinator, "endpoint", json_string(endpoint));
        json_object_set_new(roster, "coordinator", coordinator);
    }
    return status;
}

static enum status fill_roster(
    const struct arguments *arguments, json_t *roster)
{
    const char *federation;
    int64_t threshold, version;
    char today[TIME_TEXT];
    json_t *committee = json_array(), *centers = json_array();
    json_object_set_new(roster, "cohortium", json_string("roster"));
    enum status status = client_need(arguments, "federation", &federation);
    if (status == STATUS_OK)
        status = argument_integer(
            arguments, "threshold", &threshold, 2, 1, ROSTER_COMMITTEE_MAX);
    if (status == STATUS_OK)
        status =
            argument_integer(arguments, "version", &version, 1, 1, INT32_MAX);
    time_text(today, clock_wall_seconds() - 86400);
    today[10] = '\0';
    if (status == STATUS_OK)
        status = load_cards(arguments, "member", committee, NULL);
    if (status == STATUS_OK)
        status = load_cards(arguments, "revoked", committee, today);
    if (status == STATUS_OK)
        status = load_cards(arguments, "center", centers, NULL);
    json_object_set_new(roster, "committee", committee);
    json_object_set_new(roster, "centers", centers);
    if (status != STATUS_OK)
        return status;
    const char *from = argument_value(arguments, "valid-from");
    const char *until = argument_value(arguments, "valid-until");
    char year[TIME_TEXT];
    time_text(year, clock_wall_seconds() + (int64_t)365 * 86400);
    year[10] = '\0';
    json_object_set_new(roster, "version", json_integer(version));
    json_object_set_new(roster, "federation", json_string(federation));
    json_object_set_new(roster, "suite", json_integer(ROSTER_SUITE));
    json_object_set_new(roster, "threshold", json_integer(threshold));
    json_object_set_new(
        roster, "valid_from", json_string(from == NULL ? today : from));
    json_object_set_new(
        roster, "valid_until", json_string(until == NULL ? year : until));
    return load_coordinator(arguments, roster);
}

enum status command_roster_create(const struct arguments *arguments)
{
    const char *path;
    json_t *json = json_object();
    struct buffer text;
    struct roster *roster = NULL;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = client_need(arguments, "out", &path);
    if (status == STATUS_OK)
        status = fill_roster(arguments, json);
    if (status == STATUS_OK)
        status = json_text_append(&text, json, JSON_INDENT(2));
    if (status == STATUS_OK) {
        diagnostic_init(&diagnostic, "roster");
        status = roster_parse(&roster, buffer_view(&text), &diagnostic);
        if (status != STATUS_OK)
            program_fail_at(status, &diagnostic);
    }
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_ROSTER, buffer_view(&text));
    if (status == STATUS_OK)
        status = envelope_save(envelope, path);
    if (status == STATUS_OK) {
        printf("%s: roster %s version %" PRId64
               ", to be signed by %zu of %zu members\n",
            path, roster->federation, roster->version, roster->threshold,
            roster->committee_count);
    }
    envelope_destroy(envelope);
    roster_destroy(roster);
    buffer_fini(&text);
    json_decref(json);
    return status;
}

enum status command_roster_sign(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    struct envelope *envelope = NULL;
    struct keypair *keys = NULL;
    enum status status = client_load_envelope(&envelope, path, TYPE_ROSTER);
    if (status == STATUS_OK)
        status = client_load_key(&keys, arguments);
    if (status == STATUS_OK)
        status = envelope_sign(envelope, keys);
    if (status == STATUS_OK)
        status = envelope_save(envelope, path);
    if (status == STATUS_OK)
        printf("%s: signed by %s\n", path, keypair_identity(keys)->name);
    keypair_destroy(keys);
    envelope_destroy(envelope);
    return status;
}

enum status command_roster_show(const struct arguments *arguments)
{
    const char *path = operand_at(arguments, 0);
    struct envelope *envelope = NULL;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    enum status status = client_load_envelope(&envelope, path, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    diagnostic_init(&diagnostic, path);
    status =
        roster_parse(&roster, buffer_view(&envelope->payload), &diagnostic);
    if (status != STATUS_OK) {
        envelope_destroy(envelope);
        return program_fail_at(status, &diagnostic);
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
