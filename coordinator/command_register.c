#include <inttypes.h>
#include <stdio.h>

#include "coordinator/home.h"
#include "coordinator/replay.h"
#include "coordinator/result.h"

enum status command_register_verify(const struct arguments *arguments)
{
    struct ledger *ledger = NULL;
    struct ledger_entry last;
    char digest[DIGEST_TEXT];
    enum status status = home_open_ledger(&ledger, home_of(arguments));
    if (status != STATUS_OK)
        return status;
    status = ledger_verify_register(ledger, &last);
    digest_to_text(digest, &last.digest);
    if (status == STATUS_CORRUPT) {
        program_fail(status, "the register is damaged after entry %" PRId64,
            last.sequence);
    } else if (status != STATUS_OK) {
        program_fail(
            status, "the register cannot be read: %s", status_text(status));
    } else if (argument_flag(arguments, "json")) {
        printf("{\"entries\":%" PRId64 ",\"digest\":\"%s\"}\n", last.sequence,
            digest);
    } else {
        printf("%" PRId64 " entries, unbroken\ndigest %s\n", last.sequence,
            digest);
    }
    ledger_close(ledger);
    return status;
}

enum status command_register_replay(const struct arguments *arguments)
{
    struct ledger *ledger = NULL;
    struct replayed replayed;
    char query[DIGEST_TEXT];
    enum status status = home_open_ledger(&ledger, home_of(arguments));
    if (status != STATUS_OK)
        return status;
    status = replay_weighings(ledger, &replayed);
    digest_to_text(query, &replayed.query_id);
    if (status == STATUS_OK && replayed.differs) {
        status = STATUS_CORRUPT;
        program_fail(status,
            replayed.near_differs
                ? "query %s was counted otherwise among near cohorts than its "
                  "weights say"
                : "query %s was answered otherwise than its weights say",
            query);
    } else if (status != STATUS_OK) {
        program_fail(status, "query %s cannot be worked out again: %s", query,
            status_text(status));
    } else if (argument_flag(arguments, "json")) {
        printf("{\"replayed\":%zu}\n", replayed.count);
    } else {
        printf("%zu questions, each answered as its weights say\n",
            replayed.count);
    }
    ledger_close(ledger);
    return status;
}

static enum status print_entry(void *arg, const struct ledger_entry *entry)
{
    (void)arg;
    json_t *object = json_pack("{s:I,s:o,s:s,s:o,s:s,s:o,s:o}", "sequence",
        (json_int_t)entry->sequence, "time", json_time(entry->time), "kind",
        entry->kind, "subject", json_digest(&entry->subject), "detail",
        entry->detail, "previous", json_digest(&entry->previous), "digest",
        json_digest(&entry->digest));
    if (object == NULL)
        return STATUS_NO_MEMORY;
    int failed = json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    return failed != 0 || putchar('\n') == EOF ? STATUS_IO : STATUS_OK;
}

enum status command_register_export(const struct arguments *arguments)
{
    struct ledger *ledger = NULL;
    enum status status = home_open_ledger(&ledger, home_of(arguments));
    if (status != STATUS_OK)
        return status;
    status = ledger_visit_register(ledger, print_entry, NULL);
    if (status != STATUS_OK)
        program_fail(
            status, "the register cannot be exported: %s", status_text(status));
    ledger_close(ledger);
    return status;
}

/* ---- near cohorts ---- */

static enum status print_near(void *arg, const struct ledger_near *near)
{
    const bool *as_json = arg;
    char study[DIGEST_TEXT], query[DIGEST_TEXT], earlier[DIGEST_TEXT];
    char when[TIME_TEXT], before[TIME_TEXT];
    digest_to_text(study, &near->study_id);
    digest_to_text(query, &near->query_id);
    digest_to_text(earlier, &near->earlier_query);
    time_text(when, near->submitted);
    time_text(before, near->earlier_submitted);
    if (!*as_json) {
        printf("study %.12s, %" PRId64 "\n  (%s), query %.12s of %s\n"
               "  beside (%s), query %.12s of %s\n",
            study, near->number, near->words, query, when, near->earlier_words,
            earlier, before);
        return STATUS_OK;
    }
    json_t *object =
        json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "study_id", study,
            "number", (json_int_t)near->number, "query_id", query, "submitted",
            when, "cohort", near->words, "earlier_query_id", earlier,
            "earlier_submitted", before, "earlier_cohort", near->earlier_words);
    if (object == NULL)
        return STATUS_NO_MEMORY;
    const int failed = json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    return failed != 0 || putchar('\n') == EOF ? STATUS_IO : STATUS_OK;
}

enum status command_register_near(const struct arguments *arguments)
{
    struct ledger *ledger = NULL;
    bool as_json = argument_flag(arguments, "json");
    enum status status = home_open_ledger(&ledger, home_of(arguments));
    if (status != STATUS_OK)
        return status;
    status = ledger_visit_near(ledger, NULL, print_near, &as_json);
    if (status != STATUS_OK)
        program_fail(
            status, "the ledger cannot be read: %s", status_text(status));
    ledger_close(ledger);
    return status;
}
