#include <stdio.h>
#include <string.h>

#include "node/store_internal.h"

/* Calls visit for each row (id or NULL, envelope). */
static enum status visit_documents(struct store *store, sqlite3_stmt *statement,
    store_document_visit *visit, void *arg)
{
    enum status status;
    while ((status = store_step(store, statement)) == STATUS_OK) {
        struct digest id = {{0}};
        if (sqlite3_column_type(statement, 0) == SQLITE_BLOB)
            status =
                store_column_fixed(statement, 0, id.bytes, sizeof id.bytes);
        if (status == STATUS_OK)
            status = visit(arg, &id, store_column(statement, 1));
        if (status != STATUS_OK)
            return status;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_put_coordinator_protocol(struct store *store, uint64_t said)
{
    int64_t before;
    enum status status = store_get_coordinator_protocol(store, &before);
    if (status != STATUS_OK || before == (int64_t)said)
        return status;
    return store_run(store,
        "INSERT OR REPLACE INTO meta VALUES ('coordinator_protocol', ?)", "i",
        (int64_t)said);
}

enum status store_get_coordinator_protocol(struct store *store, int64_t *said)
{
    return store_integer(store, said, 0,
        "SELECT value FROM meta WHERE key = 'coordinator_protocol'", "");
}

enum status store_put_roster(
    struct store *store, int64_t version, struct view envelope)
{
    return store_run(
        store, "INSERT INTO roster VALUES (?, ?)", "iv", version, envelope);
}

enum status store_roster_version(struct store *store, int64_t *version)
{
    return store_integer(
        store, version, 0, "SELECT max(version) FROM roster", "");
}

enum status store_visit_rosters(
    struct store *store, store_document_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT NULL, envelope FROM roster ORDER BY version", "");
    if (status == STATUS_OK)
        status = visit_documents(store, statement, visit, arg);
    store_done(store, statement);
    return status;
}

enum status store_put_study(struct store *store, const struct digest *id,
    const char *name, struct view envelope, int64_t now)
{
    return store_run(store, "INSERT INTO study VALUES (?, ?, ?, ?)", "dtvi", id,
        name, envelope, now);
}

enum status store_study_known(
    struct store *store, const struct digest *id, bool *known)
{
    int64_t count;
    enum status status = store_integer(
        store, &count, 0, "SELECT count(*) FROM study WHERE id = ?", "d", id);
    *known = count > 0;
    return status;
}

enum status store_put_approval(
    struct store *store, const struct digest *study, struct view envelope)
{
    return store_run(store,
        "INSERT OR IGNORE INTO approval SELECT ?1, ?2 WHERE"
        " (SELECT count(*) FROM approval WHERE study = ?1) < ?3",
        "dvi", study, envelope, (int64_t)STORE_APPROVALS_MAX);
}

enum status store_visit_studies(
    struct store *store, store_document_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT id, envelope FROM study ORDER BY added, name", "");
    if (status == STATUS_OK)
        status = visit_documents(store, statement, visit, arg);
    store_done(store, statement);
    return status;
}

enum status store_find_study(struct store *store, const char *text,
    struct digest *id, struct buffer *envelope)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT id, envelope FROM study WHERE name = ?1"
        " OR (length(?1) >= 6 AND lower(hex(id)) LIKE ?1 || '%')",
        "t", text);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status = store_column_fixed(statement, 0, id->bytes, sizeof id->bytes);
    if (status == STATUS_OK) {
        struct view bytes = store_column(statement, 1);
        status = buffer_append(envelope, bytes.data, bytes.size);
    }
    if (status == STATUS_OK && store_step(store, statement) == STATUS_OK)
        status = STATUS_EXISTS;
    store_done(store, statement);
    return status;
}

enum status store_visit_approvals(struct store *store,
    const struct digest *study, store_document_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT NULL, envelope FROM approval WHERE study = ? ORDER BY rowid",
        "d", study);
    if (status == STATUS_OK)
        status = visit_documents(store, statement, visit, arg);
    store_done(store, statement);
    return status;
}

/* The oldest first, never one of a study that is kept. */
static enum status drop_rejections(struct store *store, struct view signer)
{
    return store_run(store,
        "DELETE FROM rejection WHERE signer = ?1 AND study IN"
        " (SELECT study FROM rejection WHERE signer = ?1 AND study NOT IN"
        " (SELECT id FROM study) ORDER BY sequence DESC LIMIT -1 OFFSET ?2)",
        "vi", signer, (int64_t)STORE_REJECTIONS_MAX);
}

enum status store_put_rejection(struct store *store, const struct digest *study,
    const struct public_key *signer, struct view envelope)
{
    const struct view key = {signer->bytes, sizeof signer->bytes};
    enum status status = store_run(store,
        "INSERT INTO rejection VALUES (?, ?, ?,"
        " (SELECT coalesce(max(sequence), 0) + 1 FROM rejection))",
        "dvv", study, key, envelope);
    return status == STATUS_OK ? drop_rejections(store, key) : status;
}

enum status store_visit_rejections(struct store *store,
    const struct digest *study, store_document_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT NULL, envelope FROM rejection WHERE study = ?", "d", study);
    if (status == STATUS_OK)
        status = visit_documents(store, statement, visit, arg);
    store_done(store, statement);
    return status;
}

/* ---- decisions ---- */

static enum status read_decision(
    sqlite3_stmt *statement, struct store_decision *decision)
{
    const char *limits = (const char *)sqlite3_column_text(statement, 4);
    enum status status = store_column_fixed(
        statement, 0, decision->study.bytes, sizeof decision->study.bytes);
    if (status != STATUS_OK || limits == NULL ||
        strlen(limits) >= sizeof decision->limits)
        return STATUS_CORRUPT;
    decision->in = sqlite3_column_int(statement, 1) != 0;
    decision->sequence = sqlite3_column_int64(statement, 2);
    decision->envelope = store_column(statement, 3);
    snprintf(decision->limits, sizeof decision->limits, "%s", limits);
    return STATUS_OK;
}

#define DECISION_COLUMNS                                                       \
    "SELECT study, opted_in, sequence, envelope, limits FROM decision"

enum status store_get_decision(struct store *store, const struct digest *study,
    struct store_decision *decision)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(
        store, &statement, DECISION_COLUMNS " WHERE study = ?", "d", study);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK)
        status = read_decision(statement, decision);
    decision->envelope = (struct view){NULL, 0};
    store_done(store, statement);
    return status;
}

enum status store_put_decision(
    struct store *store, const struct store_decision *decision, int64_t now)
{
    enum status status = store_run(store,
        "INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?, ?)", "diivti",
        &decision->study, (int64_t)decision->in, decision->sequence,
        decision->envelope, decision->limits, now);
    return status == STATUS_OK
               ? store_execute(store,
                     "UPDATE meta SET value = value + 1 WHERE key = 'decisions'")
               : status;
}

enum status store_visit_decisions(struct store *store,
    enum status (*visit)(void *arg, const struct store_decision *decision),
    void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement, DECISION_COLUMNS, "");
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct store_decision decision;
        status = read_decision(statement, &decision);
        if (status == STATUS_OK)
            status = visit(arg, &decision);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_decision_count(struct store *store, int64_t *count)
{
    return store_integer(
        store, count, 0, "SELECT value FROM meta WHERE key = 'decisions'", "");
}

/* ---- answers ---- */

enum status store_put_answer(
    struct store *store, const struct store_answer *answer)
{
    const struct digest digest = digest_of(answer->vector);
    return store_run(store,
        "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "ddddividi",
        &answer->query, &answer->header, &answer->study, &answer->question,
        answer->time, answer->vector, answer->departures, &digest,
        answer->freeze);
}

/* What was damaged on the disk must not be told. Answers of before there was a
 * digest have none. */
static enum status check_answer(sqlite3_stmt *statement, struct view vector)
{
    struct digest kept;
    const struct digest digest = digest_of(vector);
    if (sqlite3_column_type(statement, 3) == SQLITE_NULL)
        return STATUS_OK;
    enum status status =
        store_column_fixed(statement, 3, kept.bytes, DIGEST_BYTES);
    return status == STATUS_OK && !digest_equal(&kept, &digest) ? STATUS_CORRUPT
                                                                : status;
}

static enum status take_answer(struct store *store, sqlite3_stmt *statement,
    struct store_answer *answer, struct buffer *vector)
{
    enum status status = store_step(store, statement);
    if (status == STATUS_OK)
        status = store_column_fixed(
            statement, 0, answer->header.bytes, sizeof answer->header.bytes);
    if (status == STATUS_OK) {
        struct view bytes = store_column(statement, 1);
        status = check_answer(statement, bytes);
        if (status == STATUS_OK)
            status = buffer_append(vector, bytes.data, bytes.size);
        answer->departures = sqlite3_column_int64(statement, 2);
        answer->freeze = sqlite3_column_int64(statement, 4);
    }
    return status;
}

enum status store_find_answer(struct store *store, const struct digest *query,
    struct store_answer *answer, struct buffer *vector)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT header, vector, departures, digest, freeze FROM answer"
        " WHERE query = ?",
        "d", query);
    if (status == STATUS_OK)
        status = take_answer(store, statement, answer, vector);
    store_done(store, statement);
    return status;
}

enum status store_find_question(struct store *store,
    const struct store_asked *asked, struct store_answer *answer,
    struct buffer *vector)
{
    sqlite3_stmt *statement = NULL;
    /* The plus keeps SQLite from walking over all answers of the study, which
     * stand in the order of time. */
    enum status status = store_query(store, &statement,
        "SELECT header, vector, departures, digest, freeze FROM answer"
        " WHERE study = ? AND question = ? AND freeze = ?"
        " ORDER BY +time, rowid LIMIT 1",
        "ddi", asked->study, asked->question, asked->freeze);
    if (status == STATUS_OK)
        status = take_answer(store, statement, answer, vector);
    store_done(store, statement);
    return status;
}

enum status store_count_answers(struct store *store, const struct digest *study,
    int64_t since, int64_t *recent, int64_t *total)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT count(*) FILTER (WHERE time >= ?), count(*) FROM answer"
        " WHERE study = ?",
        "id", since, study);
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        *recent = sqlite3_column_int64(statement, 0);
        *total = sqlite3_column_int64(statement, 1);
    }
    store_done(store, statement);
    return status;
}

/* ---- audit ---- */

enum status store_audit_head(
    struct store *store, int64_t *sequence, struct digest *digest)
{
    sqlite3_stmt *statement = NULL;
    *sequence = 0;
    memset(digest, 0, sizeof *digest);
    enum status status = store_query(store, &statement,
        "SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1",
        "");
    if (status == STATUS_OK)
        status = store_step(store, statement);
    if (status == STATUS_OK) {
        *sequence = sqlite3_column_int64(statement, 0);
        status = store_column_fixed(
            statement, 1, digest->bytes, sizeof digest->bytes);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status append_record(
    struct store *store, const struct store_record *record)
{
    struct view signature = {
        record->signature.bytes, sizeof record->signature.bytes};
    enum status status = store_run(store,
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "iitttddv",
        record->sequence, record->time, record->event, record->subject,
        record->detail, &record->previous, &record->digest, signature);
    if (status == STATUS_OK) {
        status = store_run(store,
            "INSERT OR REPLACE INTO meta VALUES ('audit_length', ?)", "i",
            record->sequence);
    }
    return status;
}

enum status store_audit_append(
    struct store *store, const struct store_record *record)
{
    if (sqlite3_get_autocommit(store->database) == 0)
        return append_record(store, record);
    enum status status = store_begin(store);
    if (status == STATUS_OK)
        status = append_record(store, record);
    if (status == STATUS_OK)
        return store_commit(store);
    store_rollback(store);
    return status;
}

static enum status read_record(
    sqlite3_stmt *statement, struct store_record *record)
{
    record->sequence = sqlite3_column_int64(statement, 0);
    record->time = sqlite3_column_int64(statement, 1);
    record->event = (const char *)sqlite3_column_text(statement, 2);
    record->subject = (const char *)sqlite3_column_text(statement, 3);
    record->detail = (const char *)sqlite3_column_text(statement, 4);
    if (record->event == NULL || record->subject == NULL ||
        record->detail == NULL)
        return STATUS_CORRUPT;
    enum status status = store_column_fixed(
        statement, 5, record->previous.bytes, sizeof record->previous.bytes);
    if (status == STATUS_OK)
        status = store_column_fixed(
            statement, 6, record->digest.bytes, sizeof record->digest.bytes);
    return status == STATUS_OK
               ? store_column_fixed(statement, 7, record->signature.bytes,
                     sizeof record->signature.bytes)
               : status;
}

enum status store_audit_visit(struct store *store, int64_t from,
    enum status (*visit)(void *arg, const struct store_record *record),
    void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT * FROM audit WHERE sequence >= ? ORDER BY sequence", "i", from);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct store_record record;
        status = read_record(statement, &record);
        if (status == STATUS_OK)
            status = visit(arg, &record);
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_audit_length(struct store *store, int64_t *length)
{
    return store_integer(store, length, 0,
        "SELECT value FROM meta WHERE key = 'audit_length'", "");
}
