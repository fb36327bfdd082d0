#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/ledger.h"
#include "coordinator/ledger_internal.h"
#include "protocol/wire/text.h"

static enum status compute_digest(
    const struct ledger_entry *entry, struct digest *out)
{
    struct buffer text;
    char subject[DIGEST_TEXT], previous[DIGEST_TEXT];
    digest_to_text(subject, &entry->subject);
    digest_to_text(previous, &entry->previous);
    buffer_init(&text, 4096);
    enum status status = buffer_append_format(&text,
        "%" PRId64 "\n%" PRId64 "\n%s\n%s\n%s\n%s", entry->sequence,
        entry->time, entry->kind, subject, entry->detail, previous);
    if (status == STATUS_OK)
        *out = digest_of(buffer_view(&text));
    buffer_fini(&text);
    return status;
}

static enum status read_entry(
    struct sqlite3_stmt *statement, struct ledger_entry *entry)
{
    entry->sequence = column_integer(statement, 0);
    entry->time = column_integer(statement, 1);
    column_text(statement, 2, entry->kind, sizeof entry->kind);
    column_text(statement, 4, entry->detail, sizeof entry->detail);
    enum status status =
        column_fixed(statement, 3, entry->subject.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status =
            column_fixed(statement, 5, entry->previous.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status = column_fixed(statement, 6, entry->digest.bytes, DIGEST_BYTES);
    return status;
}

static enum status read_head(struct ledger *ledger)
{
    struct sqlite3_stmt *statement;
    struct ledger_entry head = {.sequence = 0};
    enum status status = ledger_start(ledger, &statement,
        "SELECT sequence, time, kind, subject, detail, previous, digest"
        " FROM register ORDER BY sequence DESC LIMIT 1",
        "");
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        status = read_entry(statement, &head);
    ledger_done(statement);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        ledger->head = head;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_record(struct ledger *ledger, int64_t now, const char *kind,
    const struct digest *subject, const char *detail, ...)
{
    struct ledger_entry entry = {.time = now, .subject = *subject};
    char written[sizeof entry.detail];
    va_list values;
    va_start(values, detail);
    vsnprintf(written, sizeof written, detail, values);
    va_end(values);
    text_show(entry.detail, sizeof entry.detail, view_of_text(written));
    snprintf(entry.kind, sizeof entry.kind, "%s", kind);
    enum status status =
        ledger->head.sequence < 0 ? read_head(ledger) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    entry.sequence = ledger->head.sequence + 1;
    entry.previous = ledger->head.digest;
    status = compute_digest(&entry, &entry.digest);
    if (status == STATUS_OK) {
        status = ledger_run(ledger,
            "INSERT INTO register"
            " (sequence, time, kind, subject, detail, previous, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            "iitdtdd", entry.sequence, entry.time, entry.kind, &entry.subject,
            entry.detail, &entry.previous, &entry.digest);
    }
    if (status == STATUS_OK)
        ledger->head = entry;
    else
        ledger->head.sequence = -1;
    return status;
}

enum status ledger_visit_register(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_entry *entry),
    void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT sequence, time, kind, subject, detail, previous, digest"
        " FROM register ORDER BY sequence",
        "");
    while (status == STATUS_OK) {
        struct ledger_entry entry;
        status = ledger_next(ledger, statement);
        if (status == STATUS_OK)
            status = read_entry(statement, &entry);
        if (status == STATUS_OK)
            status = visit(arg, &entry);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status check_entry(void *arg, const struct ledger_entry *entry)
{
    struct ledger_entry *last = arg;
    struct digest digest;
    enum status status = compute_digest(entry, &digest);
    if (status != STATUS_OK)
        return status;
    if (entry->sequence != last->sequence + 1 ||
        !digest_equal(&entry->previous, &last->digest) ||
        !digest_equal(&entry->digest, &digest))
        return STATUS_CORRUPT;
    *last = *entry;
    return STATUS_OK;
}

enum status ledger_verify_register(
    struct ledger *ledger, struct ledger_entry *last)
{
    memset(last, 0, sizeof *last);
    return ledger_visit_register(ledger, check_entry, last);
}
