#include "policy/roster.h"

#include <stdlib.h>
#include <string.h>

#include "policy/reading.h"

static const char *const roster_keys[] = {"cohortium", "version", "federation",
    "suite", "threshold", "amendment_threshold", "committee", "centers",
    "coordinator", "valid_from", "valid_until", "approvals_from"};
static const char *const member_keys[] = {
    "name", "identity", "curve", "revoked"};
static const char *const center_keys[] = {"name", "identity", "curve"};
static const char *const coordinator_keys[] = {
    "name", "identity", "curve", "endpoint"};

static bool same_identity(const struct identity *a, const struct identity *b)
{
    return strcmp(a->name, b->name) == 0 ||
           public_key_equal(&a->sign, &b->sign) ||
           public_key_equal(&a->curve, &b->curve) ||
           public_key_equal(&a->sign, &b->curve) ||
           public_key_equal(&a->curve, &b->sign);
}

/* Names and keys are each unique over the whole roster: one key is one voice.
 */
static enum status check_unique(const struct roster *roster,
    const struct identity *identity, const struct field *field,
    struct diagnostic *diagnostic)
{
    bool twice = false;
    for (size_t i = 0; i < roster->committee_count; i++)
        twice =
            twice || same_identity(&roster->committee[i].identity, identity);
    for (size_t i = 0; i < roster->center_count; i++)
        twice = twice || same_identity(&roster->centers[i], identity);
    return twice ? field_fail(field, diagnostic,
                       "the name or a key of '%s' is on the roster already",
                       identity->name)
                 : STATUS_OK;
}

static enum status read_member(struct roster *roster, const struct field *field,
    struct diagnostic *diagnostic)
{
    struct roster_member *member = &roster->committee[roster->committee_count];
    struct field revoked;
    int64_t date;
    enum status status = field_expect_object(field, member_keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = read_identity(field, &member->identity, false, diagnostic);
    if (status == STATUS_OK)
        status = check_unique(roster, &member->identity, field, diagnostic);
    if (status == STATUS_OK && field_find(&revoked, field, "revoked")) {
        member->revoked = true;
        status = read_time(field, "revoked", &date, diagnostic);
    }
    if (status == STATUS_OK)
        roster->committee_count++;
    return status;
}

/* No more than a study needs: else nobody would amend one. */
static enum status read_amendment_threshold(struct roster *roster,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field field;
    int64_t threshold = 1;
    enum status status = STATUS_OK;
    if (field_find(&field, root, "amendment_threshold"))
        status = field_integer(
            &field, &threshold, 1, (int64_t)roster->threshold, diagnostic);
    roster->amendment_threshold = (size_t)threshold;
    return status;
}

static enum status read_committee(struct roster *roster,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field list, field;
    size_t count = 0, standing = 0;
    int64_t threshold = 0;
    enum status status = field_get(&list, root, "committee", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, ROSTER_COMMITTEE_MAX, diagnostic);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        status = read_member(roster, &item, diagnostic);
    }
    if (status == STATUS_OK)
        status = field_get(&field, root, "threshold", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &threshold, 1, ROSTER_COMMITTEE_MAX, diagnostic);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < roster->committee_count; i++)
        standing += !roster->committee[i].revoked;
    if ((size_t)threshold > standing) {
        return field_fail(&field, diagnostic,
            "a threshold of %lld, but only %zu members in good standing",
            (long long)threshold, standing);
    }
    roster->threshold = (size_t)threshold;
    return read_amendment_threshold(roster, root, diagnostic);
}

static enum status read_centers(struct roster *roster, const struct field *root,
    struct diagnostic *diagnostic)
{
    struct field list;
    size_t count = 0;
    enum status status = field_get(&list, root, "centers", diagnostic);
    if (status == STATUS_OK)
        status = field_array(&list, &count, ROSTER_CENTERS_MAX, diagnostic);
    if (status == STATUS_OK && count == 0)
        status = field_fail(&list, diagnostic, "a federation has centers");
    if (status != STATUS_OK)
        return status;
    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): not 0 */
    roster->centers = calloc(count, sizeof *roster->centers);
    if (roster->centers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct field item = field_item(&list, i);
        struct identity *center = &roster->centers[i];
        status = field_expect_object(&item, center_keys, 3, diagnostic);
        if (status == STATUS_OK)
            status = read_identity(&item, center, true, diagnostic);
        if (status == STATUS_OK)
            status = check_unique(roster, center, &item, diagnostic);
        roster->center_count = i + (status == STATUS_OK);
    }
    return status;
}

static enum status read_coordinator(struct roster *roster,
    const struct field *root, struct diagnostic *diagnostic)
{
    struct field field;
    enum status status = field_get(&field, root, "coordinator", diagnostic);
    if (status == STATUS_OK)
        status = field_expect_object(&field, coordinator_keys, 4, diagnostic);
    if (status == STATUS_OK)
        status = read_identity(&field, &roster->coordinator, false, diagnostic);
    if (status == STATUS_OK)
        status = check_unique(roster, &roster->coordinator, &field, diagnostic);
    if (status == STATUS_OK)
        status = read_text(&field, "endpoint", roster->endpoint,
            sizeof roster->endpoint, diagnostic);
    if (status == STATUS_OK && strncmp(roster->endpoint, "tcp://", 6) != 0) {
        struct field endpoint;
        field_find(&endpoint, &field, "endpoint");
        status = field_fail(&endpoint, diagnostic,
            "expected an endpoint such as tcp://registry.example.org:7100, "
            "found '%s'",
            roster->endpoint);
    }
    return status;
}

static enum status read_roster(
    void *out, const struct field *root, struct diagnostic *diagnostic)
{
    struct roster *roster = out;
    struct field field;
    int64_t suite;
    enum status status = field_expect_object(root, roster_keys,
        sizeof roster_keys / sizeof roster_keys[0], diagnostic);
    if (status == STATUS_OK)
        status = read_kind(root, "roster", diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "version", diagnostic);
    if (status == STATUS_OK)
        status =
            field_integer(&field, &roster->version, 1, INT32_MAX, diagnostic);
    if (status == STATUS_OK)
        status = read_text(root, "federation", roster->federation,
            sizeof roster->federation, diagnostic);
    if (status == STATUS_OK)
        status = field_get(&field, root, "suite", diagnostic);
    if (status == STATUS_OK)
        status = field_integer(
            &field, &suite, ROSTER_SUITE, ROSTER_SUITE, diagnostic);
    if (status == STATUS_OK)
        status = read_committee(roster, root, diagnostic);
    if (status == STATUS_OK)
        status = read_centers(roster, root, diagnostic);
    if (status == STATUS_OK)
        status = read_coordinator(roster, root, diagnostic);
    if (status == STATUS_OK)
        status = read_period(
            root, &roster->valid_from, &roster->valid_until, diagnostic);
    roster->approvals_from = INT64_MIN;
    return status == STATUS_OK && field_find(&field, root, "approvals_from")
               ? read_time(root, "approvals_from", &roster->approvals_from,
                     diagnostic)
               : status;
}

enum status roster_parse(
    struct roster **out, struct view payload, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct roster *roster = calloc(1, sizeof *roster);
    if (roster == NULL)
        return STATUS_NO_MEMORY;
    enum status status =
        read_document(roster, read_roster, payload, diagnostic);
    roster->id = digest_of(payload);
    if (status != STATUS_OK) {
        roster_destroy(roster);
        return status;
    }
    *out = roster;
    return STATUS_OK;
}

void roster_destroy(struct roster *roster)
{
    if (roster == NULL)
        return;
    free(roster->centers);
    free(roster);
}

enum status roster_count_signers(size_t *out, const struct roster *roster,
    const struct envelope *envelope, const char *type)
{
    struct public_key keys[ROSTER_COMMITTEE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < roster->committee_count; i++) {
        if (!roster->committee[i].revoked)
            keys[count++] = roster->committee[i].identity.sign;
    }
    return envelope_count_signers(out, envelope, type, keys, count);
}

/* TUF specification 5.3.4-5.3.5: the next version, by both thresholds. */
static enum status check_signatures(const struct roster *roster,
    const struct envelope *envelope, const struct roster *previous,
    struct diagnostic *diagnostic)
{
    size_t signers;
    if (previous != NULL &&
        strcmp(roster->federation, previous->federation) != 0) {
        diagnostic_set(diagnostic, 0, 0,
            "this is the roster of federation '%s', not of '%s'",
            roster->federation, previous->federation);
        return STATUS_WRONG_ROSTER;
    }
    enum status status =
        roster_count_signers(&signers, roster, envelope, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    if (signers < roster->threshold) {
        diagnostic_set(diagnostic, 0, 0,
            "signatures by members of its committee: %zu, needed: %zu", signers,
            roster->threshold);
        return STATUS_TOO_FEW_SIGNATURES;
    }
    if (previous == NULL)
        return STATUS_OK;
    if (roster->version != previous->version + 1) {
        diagnostic_set(diagnostic, 0, 0,
            "version %lld of '%s' does not follow version %lld",
            (long long)roster->version, roster->federation,
            (long long)previous->version);
        return STATUS_WRONG_ROSTER;
    }
    status = roster_count_signers(&signers, previous, envelope, TYPE_ROSTER);
    if (status != STATUS_OK)
        return status;
    if (signers < previous->threshold) {
        diagnostic_set(diagnostic, 0, 0,
            "signed by %zu members of the committee before it, %zu must sign",
            signers, previous->threshold);
        return STATUS_TOO_FEW_SIGNATURES;
    }
    return STATUS_OK;
}

enum status roster_verify(struct roster **out, const struct envelope *envelope,
    const struct roster *previous, struct diagnostic *diagnostic)
{
    *out = NULL;
    if (strcmp(envelope->type, TYPE_ROSTER) != 0) {
        diagnostic_set(diagnostic, 0, 0, "a document of type '%s', no roster",
            envelope->type);
        return STATUS_MALFORMED;
    }
    struct roster *roster = NULL;
    enum status status =
        roster_parse(&roster, buffer_view(&envelope->payload), diagnostic);
    if (status == STATUS_OK)
        status = check_signatures(roster, envelope, previous, diagnostic);
    if (status != STATUS_OK) {
        roster_destroy(roster);
        return status;
    }
    *out = roster;
    return STATUS_OK;
}

const struct identity *roster_find_center(
    const struct roster *roster, const char *name)
{
    for (size_t i = 0; i < roster->center_count; i++) {
        if (strcmp(roster->centers[i].name, name) == 0)
            return &roster->centers[i];
    }
    return NULL;
}

const struct identity *roster_find_center_key(
    const struct roster *roster, const struct public_key *sign)
{
    for (size_t i = 0; i < roster->center_count; i++) {
        if (public_key_equal(&roster->centers[i].sign, sign))
            return &roster->centers[i];
    }
    return NULL;
}

enum status roster_check_center(const struct roster *roster,
    const struct identity *self, struct diagnostic *diagnostic)
{
    const struct identity *keyed = roster_find_center_key(roster, &self->sign);
    const struct identity *named = roster_find_center(roster, self->name);
    if (keyed != NULL && keyed == named &&
        public_key_equal(&keyed->curve, &self->curve))
        return STATUS_OK;
    if (keyed != NULL && keyed != named)
        diagnostic_set(diagnostic, 0, 0,
            "the roster (version %lld) calls this center '%s', and its own "
            "keys call it '%s'; ask the committee for a roster with the name "
            "of card.json",
            (long long)roster->version, keyed->name, self->name);
    else if (named != NULL)
        diagnostic_set(diagnostic, 0, 0,
            "the roster (version %lld) gives '%s' other keys than this node "
            "has; send card.json to the committee",
            (long long)roster->version, self->name);
    else
        diagnostic_set(diagnostic, 0, 0,
            "the roster (version %lld) has no center '%s'; send card.json to "
            "the committee",
            (long long)roster->version, self->name);
    return STATUS_WRONG_ROSTER;
}

const struct roster_member *roster_find_member_key(
    const struct roster *roster, const struct public_key *sign)
{
    for (size_t i = 0; i < roster->committee_count; i++) {
        if (public_key_equal(&roster->committee[i].identity.sign, sign))
            return &roster->committee[i];
    }
    return NULL;
}

enum status roster_check_dates(const struct roster *roster,
    const struct wall_clock *clock, struct diagnostic *diagnostic)
{
    const struct validity validity = {
        "the roster", roster->valid_from, roster->valid_until};
    return validity_check(&validity, clock, diagnostic);
}
