#include <string.h>

#include "node/home.h"
#include "protocol/program/lock.h"
#include "protocol/wire/message.h"

struct report {
    const struct home *home;
    struct store_counts counts;
    int64_t studies, opted_in, rosters, version, records, said;
    int64_t freeze;                 /* the last; 0: none */
    bool changed;                   /* since */
    char frozen[TIME_TEXT];         /* when */
    long process;                   /* that serves; 0: none does */
    char connection[LOCK_TEXT_MAX]; /* as it says */
    char standing[512];             /* on the roster; "": as it should be */
    json_t *locks;                  /* {study name: text} */
};

static enum status add_study(
    void *arg, const struct digest *id, struct view bytes)
{
    struct report *report = arg;
    struct envelope *envelope = NULL;
    struct study *study = NULL;
    struct diagnostic diagnostic;
    char text[512] = "";
    diagnostic_init(&diagnostic, "study");
    report->studies++;
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = study_verify(&study, envelope, &diagnostic);
    if (status == STATUS_OK)
        status = home_describe_lock(report->home, id, text, sizeof text);
    if (text[0] != '\0')
        json_object_set_new(report->locks, study->name, json_string(text));
    study_destroy(study);
    envelope_destroy(envelope);
    return status;
}

static enum status count_roster(
    void *arg, const struct digest *id, struct view bytes)
{
    (void)id;
    (void)bytes;
    ++*(int64_t *)arg;
    return STATUS_OK;
}

static enum status count_in(void *arg, const struct store_decision *decision)
{
    *(int64_t *)arg += decision->in;
    return STATUS_OK;
}

/* " (the coordinator speaks 3: cohortium-node must be upgraded)", or "" */
static void say_coordinator(char *out, size_t capacity, uint64_t said)
{
    char text[PROTOCOL_TEXT];
    out[0] = '\0';
    if (said == 0 || protocol_compare(said) == PROTOCOL_FITS)
        return;
    protocol_text(text, said);
    snprintf(out, capacity, " (the coordinator speaks %s: %s must be upgraded)",
        text,
        protocol_compare(said) == PROTOCOL_PEER_OLDER ? "the coordinator"
                                                      : "cohortium-node");
}

static enum status look_at_roster(struct report *report)
{
    const struct home *home = report->home;
    struct roster *roster = NULL;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "");
    enum status status =
        store_visit_rosters(home->store, count_roster, &report->rosters);
    if (status == STATUS_OK)
        status = store_roster_version(home->store, &report->version);
    if (status != STATUS_OK || report->version == 0)
        return status;
    status = home_roster(home, &roster);
    if (status == STATUS_OK &&
        roster_check_center(
            roster, keypair_identity(home->keys), &diagnostic) != STATUS_OK)
        snprintf(report->standing, sizeof report->standing, "%.500s",
            diagnostic.message);
    roster_destroy(roster);
    return status;
}

static enum status look_at_freezes(struct report *report)
{
    struct store *store = report->home->store;
    struct store_freeze last;
    enum status status = store_last_freeze(store, &report->freeze);
    if (status == STATUS_OK)
        status = store_freeze_due(store, &report->changed);
    if (status != STATUS_OK || report->freeze == 0)
        return status;
    status = store_find_freeze(store, report->freeze, &last, NULL);
    if (status == STATUS_OK)
        time_text(report->frozen, last.time);
    return status;
}

static enum status gather(struct report *report)
{
    struct store *store = report->home->store;
    char path[HOME_PATH_MAX];
    struct digest head;
    enum status status = store_get_counts(store, &report->counts);
    if (status == STATUS_OK)
        status = look_at_freezes(report);
    if (status == STATUS_OK)
        status = store_visit_studies(store, add_study, report);
    if (status == STATUS_OK)
        status = store_visit_decisions(store, count_in, &report->opted_in);
    if (status == STATUS_OK)
        status = look_at_roster(report);
    if (status == STATUS_OK)
        status = store_audit_head(store, &report->records, &head);
    if (status == STATUS_OK)
        status = store_get_coordinator_protocol(store, &report->said);
    if (status == STATUS_OK)
        status = home_file(path, report->home->path, HOME_LOCK);
    return status == STATUS_OK
               ? lock_read(path, &report->process, report->connection)
               : status;
}

static const char *connection_text(const struct report *report)
{
    if (report->process == 0)
        return "no process serves this home";
    return report->connection[0] == '\0' ? "starting" : report->connection;
}

static enum status print_json(const struct report *report)
{
    const struct past *past = &report->home->past;
    const struct store_counts *counts = &report->counts;
    return home_print_json(json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s?, s:I, s:I, s:O, s:I, s:I, s:s, "
        "s:s?, s:I, s:I, s:s?, s:b}",
        "center", keypair_identity(report->home->keys)->name, "dictionary",
        report->home->dictionary->id, "exams", (json_int_t)counts->exams,
        "identified_patients", (json_int_t)counts->identified,
        "patients_opted_out", (json_int_t)counts->opted_out, "roster_versions",
        (json_int_t)report->rosters, "roster_version",
        (json_int_t)report->version, "roster_warning",
        report->standing[0] == '\0' ? NULL : report->standing, "studies",
        (json_int_t)report->studies, "studies_opted_in",
        (json_int_t)report->opted_in, "studies_refused", report->locks,
        "audit_records", (json_int_t)report->records, "process",
        (json_int_t)report->process, "connection", connection_text(report),
        "behind", past->behind ? past->reason : NULL, "store_version",
        (json_int_t)store_version(), "freeze", (json_int_t)report->freeze,
        "frozen", report->freeze == 0 ? NULL : report->frozen,
        "changed_since_freeze", report->changed));
}

static void print_text(const struct report *report)
{
    const struct store_counts *counts = &report->counts;
    const struct dictionary *dictionary = report->home->dictionary;
    const struct past *past = &report->home->past;
    const char *name;
    json_t *text;
    char protocol[PROTOCOL_TEXT], coordinator[128];
    printf("center      %s\ndictionary  %s version %lld\n"
           "exams       %lld (imports: %lld)\n"
           "patients    %lld with an identifier, %lld opted out\n"
           "roster      version %lld\n",
        keypair_identity(report->home->keys)->name, dictionary->id,
        (long long)dictionary->version, (long long)counts->exams,
        (long long)counts->imports, (long long)counts->identified,
        (long long)counts->opted_out, (long long)report->version);
    if (report->standing[0] != '\0')
        printf("            %s\n", report->standing);
    if (report->freeze == 0)
        printf("freeze      none yet\n");
    else
        printf("freeze      %lld of %s%s\n", (long long)report->freeze,
            report->frozen,
            report->changed ? "; the registry changed since" : "");
    printf("studies     %lld known, %lld opted in\n",
        (long long)report->studies, (long long)report->opted_in);
    json_object_foreach(report->locks, name, text)
        printf("            %s: %s\n", name, json_string_value(text));
    protocol_text(protocol, protocol_said());
    say_coordinator(coordinator, sizeof coordinator, (uint64_t)report->said);
    printf("audit       records: %lld%s%s\n"
           "versions    store %lld, program %s, protocol %s%s\n"
           "connection  %s\n",
        (long long)report->records,
        past->behind ? "; NOTHING IS ANSWERED: " : "",
        past->behind ? past->reason : "", (long long)store_version(),
        COHORTIUM_VERSION, protocol, coordinator, connection_text(report));
    if (report->process != 0)
        printf("process     %ld\n", report->process);
}

enum status command_status(const struct arguments *arguments)
{
    struct home home;
    struct report report = {.home = &home, .locks = json_object()};
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = gather(&report);
    if (status == STATUS_OK && argument_flag(arguments, "json"))
        status = print_json(&report);
    else if (status == STATUS_OK)
        print_text(&report);
    json_decref(report.locks);
    home_close(&home);
    return status;
}
