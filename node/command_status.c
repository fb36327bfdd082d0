#include "node/home.h"
#include "protocol/wire/message.h"

static enum status count_study(
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

enum status command_status(const struct arguments *arguments)
{
    struct home home;
    struct store_counts counts;
    int64_t studies = 0, opted_in = 0, rosters = 0, records = 0, said = 0;
    char protocol[PROTOCOL_TEXT], coordinator[128];
    struct digest head;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = store_get_counts(home.store, &counts);
    if (status == STATUS_OK)
        status = store_visit_studies(home.store, count_study, &studies);
    if (status == STATUS_OK)
        status = store_visit_decisions(home.store, count_in, &opted_in);
    if (status == STATUS_OK)
        status = store_visit_rosters(home.store, count_study, &rosters);
    if (status == STATUS_OK)
        status = store_audit_head(home.store, &records, &head);
    if (status == STATUS_OK)
        status = store_get_coordinator_protocol(home.store, &said);
    protocol_text(protocol, protocol_said());
    say_coordinator(coordinator, sizeof coordinator, (uint64_t)said);
    if (status == STATUS_OK && argument_flag(arguments, "json")) {
        status = home_print_json(json_pack(
            "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:I}",
            "center", keypair_identity(home.keys)->name, "dictionary",
            home.dictionary->id, "exams", (json_int_t)counts.exams,
            "identified_patients", (json_int_t)counts.identified,
            "patients_opted_out", (json_int_t)counts.opted_out,
            "roster_versions", (json_int_t)rosters, "studies",
            (json_int_t)studies, "studies_opted_in", (json_int_t)opted_in,
            "audit_records", (json_int_t)records, "behind",
            home.past.behind ? home.past.reason : NULL, "store_version",
            (json_int_t)store_version()));
    } else if (status == STATUS_OK) {
        printf("center      %s\ndictionary  %s version %lld\n"
               "exams       %lld (imports: %lld)\n"
               "patients    %lld with an identifier, %lld opted out\n"
               "roster      versions: %lld\n"
               "studies     %lld known, %lld opted in\n"
               "audit       records: %lld%s%s\n"
               "versions    store %lld, program %s, protocol %s%s\n",
            keypair_identity(home.keys)->name, home.dictionary->id,
            (long long)home.dictionary->version, (long long)counts.exams,
            (long long)counts.imports, (long long)counts.identified,
            (long long)counts.opted_out, (long long)rosters, (long long)studies,
            (long long)opted_in, (long long)records,
            home.past.behind ? "; NOTHING IS ANSWERED: " : "",
            home.past.behind ? home.past.reason : "",
            (long long)store_version(), COHORTIUM_VERSION, protocol, coordinator);
    }
    home_close(&home);
    return status;
}
