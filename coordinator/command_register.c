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
            "query %s was answered otherwise than its weights say", query);
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
