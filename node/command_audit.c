#include <stdlib.h>

#include "node/audit.h"
#include "node/home.h"
#include "protocol/wire/json_text.h"

static json_t *record_json(const struct store_record *record)
{
    char previous[DIGEST_TEXT], digest[DIGEST_TEXT];
    char signature[2 * sizeof record->signature.bytes + 1];
    char time[TIME_TEXT];
    time_text(time, record->time);
    digest_to_text(previous, &record->previous);
    digest_to_text(digest, &record->digest);
    hex_encode(
        signature, record->signature.bytes, sizeof record->signature.bytes);
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
        "sequence", (json_int_t)record->sequence, "seconds",
        (json_int_t)record->time, "time", time, "event", record->event,
        "subject", record->subject, "detail", record->detail, "previous",
        previous, "digest", digest, "signature", signature);
}

static enum status print_json_line(void *arg, const struct store_record *record)
{
    json_t *json = record_json(record);
    struct buffer text;
    (void)arg;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status = json_text_append(&text, json, JSON_COMPACT);
    json_decref(json);
    if (status == STATUS_OK)
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    buffer_fini(&text);
    return status;
}

static enum status print_line(void *arg, const struct store_record *record)
{
    char time[TIME_TEXT];
    (void)arg;
    time_text(time, record->time);
    printf("%6lld  %s  %-18s %.12s  %s\n", (long long)record->sequence, time,
        record->event, record->subject, record->detail);
    return STATUS_OK;
}

enum status command_audit_show(const struct arguments *arguments)
{
    struct home home;
    int64_t length = 0, last = 0;
    struct digest head;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status =
            argument_integer(arguments, "last", &last, 50, 1, INT64_MAX / 2);
    if (status == STATUS_OK)
        status = store_audit_head(home.store, &length, &head);
    if (status == STATUS_OK)
        status = store_audit_visit(home.store,
            length > last ? length - last + 1 : 1, print_line, NULL);
    home_close(&home);
    return status;
}

enum status command_audit_export(const struct arguments *arguments)
{
    struct home home;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = store_audit_visit(home.store, 1, print_json_line, NULL);
    home_close(&home);
    return status;
}

enum status command_audit_verify(const struct arguments *arguments)
{
    struct home home;
    struct audit_finding finding;
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = audit_verify(
            home.store, &keypair_identity(home.keys)->sign, &finding);
    if (status == STATUS_OK && finding.problem[0] != '\0') {
        status = program_fail(
            STATUS_CORRUPT, "the audit log is damaged: %s", finding.problem);
    } else if (status == STATUS_OK) {
        printf("%lld records, each follows from the one before\n",
            (long long)finding.records);
    }
    home_close(&home);
    return status;
}
