#include <stdlib.h>
#include <string.h>

#include "node/audit.h"
#include "node/home.h"
#include "policy/amendment.h"
#include "protocol/wire/json_text.h"
#include "protocol/wire/loop.h"

static const char *decision_text(
    const struct home *home, const struct digest *study)
{
    struct store_decision decision;
    if (store_get_decision(home->store, study, &decision) != STATUS_OK)
        return "undecided";
    return decision.in ? "in" : "out";
}

static enum status take_freeze(void *arg, const struct store_reading *reading)
{
    struct store_reading *found = arg;
    if (digest_equal(&found->study, &reading->study))
        found->freeze = reading->freeze;
    return STATUS_OK;
}

/* That the study reads here, after its last move; 0: it was not asked yet. */
static int64_t freeze_of(const struct home *home, const struct digest *study)
{
    struct store_reading found = {.study = *study};
    return store_visit_readings(home->store, take_freeze, &found) == STATUS_OK
               ? found.freeze
               : 0;
}

/* ---- amendments ---- */

/* A study's approvals and amendments, as they are kept here. */
struct kept {
    size_t count;
    struct envelope *items[STORE_APPROVALS_MAX + ROSTER_COMMITTEE_MAX];
};

static enum status take_kept(
    void *arg, const struct digest *id, struct view bytes)
{
    struct kept *kept = arg;
    (void)id;
    if (kept->count == sizeof kept->items / sizeof kept->items[0])
        return STATUS_OK;
    enum status status = envelope_decode(&kept->items[kept->count], bytes);
    kept->count += status == STATUS_OK;
    return status;
}

static enum status read_kept(
    struct kept *kept, const struct home *home, const struct digest *study)
{
    enum status status =
        store_visit_approvals(home->store, study, take_kept, kept);
    for (size_t i = 0, count = kept->count; status == STATUS_OK && i < count;
         i++) {
        const struct digest id = envelope_id(kept->items[i]);
        if (strcmp(kept->items[i]->type, TYPE_AMENDMENT) == 0)
            status = store_visit_rejections(home->store, &id, take_kept, kept);
    }
    return status;
}

static void free_kept(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        envelope_destroy(kept->items[i]);
}

static bool is_approved(const struct home *home,
    const struct amendment *amendment, const struct kept *kept)
{
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    const struct envelope_list list = {
        (const struct envelope *const *)kept->items, kept->count};
    const struct wall_clock clock = {clock_wall_seconds(), NULL};
    diagnostic_init(&diagnostic, "");
    if (home_roster(home, &roster) != STATUS_OK)
        return false;
    const struct vote vote = {&amendment->id, roster->amendment_threshold};
    const enum status status =
        approvals_check(&vote, roster, &list, &clock, &diagnostic);
    roster_destroy(roster);
    return status == STATUS_OK;
}

static json_t *amendment_json(const struct home *home,
    const struct amendment *amendment, const struct kept *kept)
{
    char id[DIGEST_TEXT];
    json_t *cohorts = json_array();
    digest_to_text(id, &amendment->id);
    for (size_t i = 0; i < amendment->cohort_count; i++) {
        const struct named_cohort *cohort = &amendment->cohorts[i];
        json_array_append_new(
            cohorts, json_pack("{s:s, s:s*, s:s}", "name", cohort->name,
                         "title", cohort->title, "where", cohort->where));
    }
    return json_pack("{s:s, s:b, s:s*, s:o}", "amendment_id", id, "approved",
        is_approved(home, amendment, kept), "reason", amendment->reason,
        "cohorts", cohorts);
}

static json_t *amendments_json(
    const struct home *home, const struct study *study)
{
    json_t *list = json_array();
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL || read_kept(kept, home, &study->id) != STATUS_OK) {
        json_decref(list);
        list = json_null();
    }
    for (size_t i = 0; kept != NULL && i < kept->count; i++) {
        struct amendment *amendment = NULL;
        struct diagnostic diagnostic;
        diagnostic_init(&diagnostic, "");
        if (amendment_verify(&amendment, kept->items[i], study, &diagnostic) ==
            STATUS_OK)
            json_array_append_new(list, amendment_json(home, amendment, kept));
        amendment_destroy(amendment);
    }
    if (kept != NULL)
        free_kept(kept);
    free(kept);
    return list;
}

/* "amended by old-ar, young-ar". */
static void print_amendments(const struct home *home, const struct study *study)
{
    json_t *list = amendments_json(home, study), *amendment, *cohort;
    size_t at, k;
    json_array_foreach(list, at, amendment)
    {
        printf("           amended by");
        json_array_foreach(json_object_get(amendment, "cohorts"), k, cohort)
            printf("%s %s", k == 0 ? "" : ",",
                json_string_value(json_object_get(cohort, "name")));
        printf("%s\n", json_is_true(json_object_get(amendment, "approved"))
                           ? ""
                           : ", which a member took back");
    }
    json_decref(list);
}

static json_t *cohorts_json(const struct study *study)
{
    json_t *list = json_array();
    for (size_t i = 0; i < study->terms.cohort_count; i++) {
        const struct named_cohort *cohort = &study->terms.cohorts[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s*, s:s}", "name", cohort->name, "title",
                      cohort->title, "where", cohort->where));
    }
    return list;
}

static json_t *names_json(const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *study_json(const struct home *home, const struct study *study)
{
    char id[DIGEST_TEXT], from[TIME_TEXT], until[TIME_TEXT];
    json_t *researchers = json_array();
    digest_to_text(id, &study->id);
    time_text(from, study->valid_from);
    time_text(until, study->valid_until);
    for (size_t i = 0; i < study->researcher_count; i++)
        json_array_append_new(
            researchers, json_string(study->researchers[i].name));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o,"
                     " s:o, s:o, s:s, s:b, s:I, s:s, s:s, s:I}",
        "study_id", id, "name", study->name, "decision",
        decision_text(home, &study->id), "title", study->title,
        "principal_investigator", study->principal_investigator,
        "lead_institution", study->lead_institution, "researchers", researchers,
        "variables", names_json(study->variables, study->variable_count),
        "analyses", names_json(study->analyses, study->analysis_count),
        "cohort", study->terms.whole, "cohorts", cohorts_json(study),
        "amendments", amendments_json(home, study), "limits",
        limits_json(&study->limits), "privacy",
        study_privacy_name(study->privacy), "center_effects",
        study->center_effects, "min_centers", (json_int_t)study->min_centers,
        "valid_from", from, "valid_until", until, "freeze",
        (json_int_t)freeze_of(home, &study->id));
}

static enum status find_lock(const struct home *home,
    const struct digest *study, struct store_lock *lock)
{
    const struct session_setup setup = home_setup(home);
    return session_find_lock(&setup, study, clock_wall_seconds(), lock);
}

enum status home_describe_lock(const struct home *home,
    const struct digest *study, char *out, size_t capacity)
{
    char since[TIME_TEXT];
    struct store_lock lock = {.locked = false};
    enum status status = find_lock(home, study, &lock);
    out[0] = '\0';
    if (lock.locked) {
        time_text(since, lock.since);
        snprintf(out, capacity,
            "locked since %s, refusals: %s; 'study unlock' ends it", since,
            lock.reasons);
    } else if (lock.recent > 0) {
        snprintf(out, capacity, "refusals: %s; %lld more within a day lock it",
            lock.reasons,
            (long long)(home->config.refusals_to_lock - lock.recent));
    }
    return status;
}

static json_t *lock_json(const struct home *home, const struct digest *study)
{
    char since[TIME_TEXT];
    struct store_lock lock = {.locked = false};
    if (find_lock(home, study, &lock) != STATUS_OK)
        return json_null();
    const int64_t left = home->config.refusals_to_lock - lock.recent;
    time_text(since, lock.since);
    return json_pack("{s:b, s:s?, s:I, s:s}", "locked", lock.locked, "since",
        lock.locked ? since : NULL, "refusals_left",
        (json_int_t)(lock.locked || left < 0 ? 0 : left), "reasons",
        lock.reasons);
}

struct listing {
    const struct home *home;
    json_t *list; /* NULL: as text */
};

static enum status list_study(
    void *arg, const struct digest *id, struct view bytes)
{
    struct listing *listing = arg;
    struct envelope *envelope = NULL;
    struct study *study = NULL;
    struct diagnostic diagnostic;
    char text[DIGEST_TEXT], until[TIME_TEXT], locked[512];
    diagnostic_init(&diagnostic, "study");
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = study_verify(&study, envelope, &diagnostic);
    if (status == STATUS_OK)
        status = home_describe_lock(listing->home, id, locked, sizeof locked);
    if (status == STATUS_OK && listing->list != NULL) {
        json_t *json = study_json(listing->home, study);
        json_object_set_new(json, "lock", lock_json(listing->home, id));
        json_array_append_new(listing->list, json);
    } else if (status == STATUS_OK) {
        digest_to_text(text, id);
        time_text(until, study->valid_until);
        printf("%-9s  %.12s  until %.10s  %s: %s\n",
            decision_text(listing->home, id), text, until, study->name,
            study->title);
        const int64_t freeze = freeze_of(listing->home, id);
        if (freeze != 0)
            printf("           reads freeze %lld\n", (long long)freeze);
        print_amendments(listing->home, study);
        if (locked[0] != '\0')
            printf("           %s\n", locked);
    }
    study_destroy(study);
    envelope_destroy(envelope);
    return status;
}

enum status command_study_list(const struct arguments *arguments)
{
    struct home home;
    bool json = argument_flag(arguments, "json");
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK) {
        struct listing listing = {&home, json ? json_array() : NULL};
        status = store_visit_studies(home.store, list_study, &listing);
        if (json && status == STATUS_OK)
            status = home_print_json(listing.list);
    }
    home_close(&home);
    return status;
}

enum status command_study_show(const struct arguments *arguments)
{
    struct home home;
    struct study *study = NULL;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_find_study(&home, operand_at(arguments, 0), &study);
    if (status == STATUS_OK)
        status = home_print_json(study_json(&home, study));
    study_destroy(study);
    home_close(&home);
    return status;
}

enum status command_study_unlock(const struct arguments *arguments)
{
    struct home home;
    struct study *study = NULL;
    struct store_lock lock = {.locked = false};
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    if (status == STATUS_OK)
        status = home_find_study(&home, operand_at(arguments, 0), &study);
    if (status == STATUS_OK) {
        const struct session_setup setup = home_setup(&home);
        status =
            session_find_lock(&setup, &study->id, clock_wall_seconds(), &lock);
    }
    if (status == STATUS_OK)
        status = store_begin(home.store);
    if (status == STATUS_OK) {
        status = store_clear_refusals(home.store, &study->id);
        if (status == STATUS_OK)
            status = audit_record(home.store, home.keys, clock_wall_seconds(),
                "unlocked", &study->id, "%s", study->name);
        if (status == STATUS_OK)
            status = store_commit(home.store);
        else
            store_rollback(home.store);
    }
    if (status == STATUS_OK)
        printf("study %s %s; its refusals are forgotten\n", study->name,
            lock.locked ? "is no longer locked" : "was not locked");
    study_destroy(study);
    home_close(&home);
    return status;
}

/* ---- decisions ---- */

/* The file of stricter limits, checked, as compact JSON. */
static enum status read_limits(const char *path, char *out, size_t capacity)
{
    struct document *document = NULL;
    struct diagnostic diagnostic;
    struct limits limits;
    out[0] = '\0';
    if (path == NULL)
        return STATUS_OK;
    diagnostic_init(&diagnostic, path);
    enum status status = document_load(&document, path, &diagnostic);
    if (status == STATUS_OK) {
        struct field root = document_root(document);
        status = limits_parse(&limits, &root, &diagnostic);
    }
    if (status == STATUS_OK) {
        json_t *json = limits_json(&limits);
        struct buffer text;
        buffer_init(&text, capacity - 1);
        status = json_text_append(&text, json, JSON_COMPACT);
        if (status == STATUS_OK)
            snprintf(out, capacity, "%s", buffer_text(&text));
        buffer_fini(&text);
        json_decref(json);
    } else {
        program_fail_at(status, &diagnostic);
    }
    document_destroy(document);
    return status;
}

/* The coordinator would not take the decision of who is not on the roster. */
static enum status check_standing(
    const struct home *home, const struct roster *roster)
{
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        roster_check_center(roster, keypair_identity(home->keys), &diagnostic);
    return status == STATUS_OK ? status : program_fail_at(status, &diagnostic);
}

static enum status decide(const struct arguments *arguments, bool in)
{
    struct home home;
    struct study *study = NULL;
    struct roster *roster = NULL;
    char limits[1024] = "";
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    if (status == STATUS_OK)
        status = home_roster(&home, &roster);
    if (status == STATUS_OK && in)
        status = check_standing(&home, roster);
    if (status == STATUS_OK)
        status = home_find_study(&home, operand_at(arguments, 0), &study);
    if (status == STATUS_OK && in)
        status = read_limits(
            argument_value(arguments, "limits"), limits, sizeof limits);
    if (status == STATUS_OK) {
        struct session_setup setup = home_setup(&home);
        status = decision_record(&setup, &study->id, roster->federation, in,
            limits, clock_wall_seconds());
        if (status != STATUS_OK)
            program_fail(status, "the decision could not be stored: %s",
                status_text(status));
    }
    if (status == STATUS_OK)
        printf("%s: opted %s study %s\n", keypair_identity(home.keys)->name,
            in ? "in to" : "out of", study->name);
    study_destroy(study);
    roster_destroy(roster);
    home_close(&home);
    return status;
}

enum status command_opt_in(const struct arguments *arguments)
{
    return decide(arguments, true);
}

enum status command_opt_out(const struct arguments *arguments)
{
    return decide(arguments, false);
}
