#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/client/client.h"
#include "protocol/program/file_kind.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/loop.h"

/*
 * A roster is made from options alone, or from the version before it (--from),
 * whose members, centers and coordinator stay unless options say otherwise.
 */

static const char *name_of(const json_t *card)
{
    const char *name = json_string_value(json_object_get(card, "name"));
    return name == NULL ? "" : name;
}

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
    enum status status = client_load_card(&identity, path);
    if (status == STATUS_OK)
        *out = identity_json(&identity);
    return status;
}

/* Behind the others; with --from in the place of one of the same name. */
static void put_card(json_t *list, json_t *card, bool replace)
{
    for (size_t i = 0; replace && i < json_array_size(list); i++) {
        if (strcmp(name_of(json_array_get(list, i)), name_of(card)) == 0) {
            json_array_set_new(list, i, card);
            return;
        }
    }
    json_array_append_new(list, card);
}

/* Every card that an option names. */
static enum status load_cards(const struct arguments *arguments,
    const char *option, json_t *list, const char *revoked)
{
    const bool replace = argument_value(arguments, "from") != NULL;
    for (size_t i = 0; i < argument_count(arguments, option); i++) {
        json_t *card = NULL;
        enum status status =
            load_card(&card, argument_at(arguments, option, i));
        if (status != STATUS_OK)
            return status;
        if (revoked != NULL)
            json_object_set_new(card, "revoked", json_string(revoked));
        put_card(list, card, replace);
    }
    return STATUS_OK;
}

static bool remove_name(json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(name_of(json_array_get(list, i)), name) != 0)
            continue;
        json_array_remove(list, i);
        return true;
    }
    return false;
}

static enum status remove_names(
    const struct arguments *arguments, json_t *committee, json_t *centers)
{
    for (size_t i = 0; i < argument_count(arguments, "remove"); i++) {
        const char *name = argument_at(arguments, "remove", i);
        if (!remove_name(committee, name) && !remove_name(centers, name))
            return program_fail(STATUS_USAGE,
                "--remove %s: the roster has no member and no center of that "
                "name",
                name);
    }
    return STATUS_OK;
}

/* The list `key` of the roster, made when it has none. */
static json_t *list_of(json_t *roster, const char *key)
{
    if (json_object_get(roster, key) == NULL)
        json_object_set_new(roster, key, json_array());
    return json_object_get(roster, key);
}

static enum status fill_coordinator(
    const struct arguments *arguments, json_t *roster)
{
    const char *card = argument_value(arguments, "coordinator");
    const char *endpoint = argument_value(arguments, "endpoint");
    json_t *before = json_object_get(roster, "coordinator");
    json_t *coordinator = NULL;
    enum status status = STATUS_OK;
    if (before == NULL)
        status = client_need(arguments, "coordinator", &card);
    if (status == STATUS_OK && before == NULL)
        status = client_need(arguments, "endpoint", &endpoint);
    if (status == STATUS_OK && card != NULL)
        status = load_card(&coordinator, card);
    if (status != STATUS_OK)
        return status;
    if (coordinator == NULL)
        coordinator = json_copy(before);
    json_object_set(
        coordinator, "endpoint", json_object_get(before, "endpoint"));
    if (endpoint != NULL)
        json_object_set_new(coordinator, "endpoint", json_string(endpoint));
    json_object_set_new(roster, "coordinator", coordinator);
    return STATUS_OK;
}

/* The option, else what the roster before it says, else `fallback`. */
static enum status fill_integer(const struct arguments *arguments,
    json_t *roster, const char *key, int64_t fallback, int64_t max)
{
    int64_t value;
    const json_t *before = json_object_get(roster, key);
    enum status status = argument_integer(arguments, key, &value,
        before == NULL ? fallback : json_integer_value(before), 1, max);
    if (status == STATUS_OK)
        json_object_set_new(roster, key, json_integer(value));
    return status;
}

/* valid_from and approvals_from stay those of the version before. valid_until
 * is a year from now. */
static void fill_dates(const struct arguments *arguments, json_t *roster)
{
    const char *from = argument_value(arguments, "valid-from");
    const char *until = argument_value(arguments, "valid-until");
    const char *approvals = argument_value(arguments, "approvals-from");
    char yesterday[TIME_TEXT], year[TIME_TEXT];
    time_text(yesterday, clock_wall_seconds() - 86400);
    time_text(year, clock_wall_seconds() + (int64_t)365 * 86400);
    yesterday[10] = year[10] = '\0';
    if (from != NULL || json_object_get(roster, "valid_from") == NULL)
        json_object_set_new(
            roster, "valid_from", json_string(from == NULL ? yesterday : from));
    json_object_set_new(
        roster, "valid_until", json_string(until == NULL ? year : until));
    if (approvals != NULL)
        json_object_set_new(roster, "approvals_from", json_string(approvals));
}

static enum status fill_federation(
    const struct arguments *arguments, json_t *roster)
{
    const char *federation = argument_value(arguments, "federation");
    const char *before =
        json_string_value(json_object_get(roster, "federation"));
    if (before != NULL && federation != NULL && strcmp(before, federation) != 0)
        return program_fail(STATUS_USAGE,
            "--federation %s: a next version stays one of '%s'", federation,
            before);
    if (before != NULL)
        return STATUS_OK;
    enum status status = client_need(arguments, "federation", &federation);
    if (status == STATUS_OK)
        json_object_set_new(roster, "federation", json_string(federation));
    return status;
}

static enum status fill_roster(
    const struct arguments *arguments, json_t *roster)
{
    char yesterday[TIME_TEXT];
    time_text(yesterday, clock_wall_seconds() - 86400);
    yesterday[10] = '\0';
    json_object_set_new(roster, "cohortium", json_string("roster"));
    json_object_set_new(roster, "suite", json_integer(ROSTER_SUITE));
    json_t *committee = list_of(roster, "committee");
    json_t *centers = list_of(roster, "centers");
    enum status status = fill_federation(arguments, roster);
    if (status == STATUS_OK)
        status = fill_integer(
            arguments, roster, "threshold", 2, ROSTER_COMMITTEE_MAX);
    if (status == STATUS_OK &&
        argument_value(arguments, "amendment-threshold") != NULL) {
        int64_t members;
        status = argument_integer(arguments, "amendment-threshold", &members, 1,
            1, ROSTER_COMMITTEE_MAX);
        if (status == STATUS_OK)
            json_object_set_new(
                roster, "amendment_threshold", json_integer(members));
    }
    if (status == STATUS_OK)
        status = fill_integer(arguments, roster, "version", 1, INT32_MAX);
    if (status == STATUS_OK)
        status = remove_names(arguments, committee, centers);
    if (status == STATUS_OK)
        status = load_cards(arguments, "member", committee, NULL);
    if (status == STATUS_OK)
        status = load_cards(arguments, "revoked", committee, yesterday);
    if (status == STATUS_OK)
        status = load_cards(arguments, "center", centers, NULL);
    if (status != STATUS_OK)
        return status;
    fill_dates(arguments, roster);
    return fill_coordinator(arguments, roster);
}

/* {} or, with --from, what that roster says, one version on. */
static enum status begin_roster(
    const struct arguments *arguments, json_t **roster)
{
    const char *path = argument_value(arguments, "from");
    struct envelope *envelope = NULL;
    struct roster *checked = NULL;
    struct diagnostic diagnostic;
    if (path == NULL) {
        *roster = json_object();
        return *roster == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    diagnostic_init(&diagnostic, path);
    enum status status = client_load_envelope(&envelope, path, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    status = roster_verify(&checked, envelope, NULL, &diagnostic);
    if (status != STATUS_OK)
        program_fail_at(status, &diagnostic);
    if (status == STATUS_OK)
        status =
            json_text_parse(roster, buffer_view(&envelope->payload), 0, NULL);
    if (status == STATUS_OK)
        json_object_set_new(
            *roster, "version", json_integer(checked->version + 1));
    roster_destroy(checked);
    envelope_destroy(envelope);
    return status;
}

/* What somebody signed is not written over; an own draft may be. */
static enum status check_out(const char *path)
{
    struct envelope *envelope = NULL;
    if (access(path, F_OK) != 0)
        return STATUS_OK;
    if (envelope_load(&envelope, path) != STATUS_OK ||
        strcmp(envelope->type, TYPE_ROSTER) != 0) {
        envelope_destroy(envelope);
        return file_kind_fail(
            STATUS_EXISTS, path, "a new file, or a roster that nobody signed,");
    }
    const size_t count = envelope->signature_count;
    envelope_destroy(envelope);
    return count == 0
               ? STATUS_OK
               : program_fail(STATUS_EXISTS,
                     "%s is a roster that %zu signed; a new one goes into a "
                     "file of its own, and --from %s makes its next version",
                     path, count, path);
}

static enum status save_roster(struct view text, const char *path)
{
    struct roster *roster = NULL;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "roster");
    enum status status = roster_parse(&roster, text, &diagnostic);
    if (status != STATUS_OK)
        program_fail_at(status, &diagnostic);
    if (status == STATUS_OK)
        status = envelope_create(&envelope, TYPE_ROSTER, text);
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
    return status;
}

enum status command_roster_create(const struct arguments *arguments)
{
    const char *path;
    json_t *json = NULL;
    struct buffer text;
    buffer_init(&text, DOCUMENT_BYTES_MAX);
    enum status status = client_need(arguments, "out", &path);
    if (status == STATUS_OK)
        status = check_out(path);
    if (status == STATUS_OK)
        status = begin_roster(arguments, &json);
    if (status == STATUS_OK)
        status = fill_roster(arguments, json);
    if (status == STATUS_OK)
        status = json_text_append(&text, json, JSON_INDENT(2));
    if (status == STATUS_OK)
        status = save_roster(buffer_view(&text), path);
    buffer_fini(&text);
    json_decref(json);
    return status;
}
