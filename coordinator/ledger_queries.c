#include "coordinator/ledger.h"
#include "coordinator/ledger_internal.h"

#define QUERY_COLUMNS                                                          \
    "id, study, question, study_name, researcher, state, submitted,"           \
    " finished, failure, reason, envelope"

const char *query_state_name(enum query_state state)
{
    static const char *const names[] = {"open", "answered", "failed"};
    return names[state];
}

enum status ledger_add_query(
    struct ledger *ledger, const struct ledger_query *query)
{
    return ledger_run(ledger,
        "INSERT INTO query (" QUERY_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "dddtkiiittv", &query->id, &query->study_id, &query->question,
        query->study, &query->researcher, (int64_t)query->state,
        query->submitted, query->finished, query->failure, query->reason,
        query->envelope);
}

enum status ledger_end_query(
    struct ledger *ledger, const struct ledger_query *query)
{
    return ledger_run(ledger,
        "UPDATE query SET state = ?, finished = ?, failure = ?, reason = ?"
        " WHERE id = ?",
        "iittd", (int64_t)query->state, query->finished, query->failure,
        query->reason, &query->id);
}

static enum status read_query(
    struct sqlite3_stmt *statement, struct ledger_query *query)
{
    int64_t state = column_integer(statement, 5);
    if (state < QUERY_OPEN || state > QUERY_FAILED)
        return STATUS_CORRUPT;
    query->state = (enum query_state)state;
    query->submitted = column_integer(statement, 6);
    query->finished = column_integer(statement, 7);
    column_text(statement, 3, query->study, sizeof query->study);
    column_text(statement, 8, query->failure, sizeof query->failure);
    column_text(statement, 9, query->reason, sizeof query->reason);
    query->envelope = column_view(statement, 10);
    enum status status =
        column_fixed(statement, 0, query->id.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status =
            column_fixed(statement, 1, query->study_id.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status =
            column_fixed(statement, 2, query->question.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status = column_fixed(statement, 4, query->researcher.bytes, KEY_BYTES);
    return status;
}

/* STATUS_NOT_FOUND at the end of the rows. */
static enum status visit_queries(struct ledger *ledger,
    struct sqlite3_stmt *statement, ledger_query_visit *visit, void *arg)
{
    enum status status;
    while ((status = ledger_next(ledger, statement)) == STATUS_OK) {
        struct ledger_query query;
        status = read_query(statement, &query);
        if (status == STATUS_OK)
            status = visit(arg, &query);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

enum status ledger_find_query(struct ledger *ledger, const struct digest *id,
    ledger_query_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    struct ledger_query query;
    enum status status = ledger_start(ledger, &statement,
        "SELECT " QUERY_COLUMNS " FROM query WHERE id = ?", "d", id);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        status = read_query(statement, &query);
    if (status == STATUS_OK)
        status = visit(arg, &query);
    ledger_done(statement);
    return status;
}

enum status ledger_visit_queries(struct ledger *ledger,
    const struct public_key *researcher, int64_t limit,
    ledger_query_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status;
    if (researcher == NULL) {
        status = ledger_start(ledger, &statement,
            "SELECT " QUERY_COLUMNS " FROM query ORDER BY rowid DESC LIMIT ?",
            "i", limit);
    } else {
        status = ledger_start(ledger, &statement,
            "SELECT " QUERY_COLUMNS " FROM query WHERE researcher = ?"
            " ORDER BY rowid DESC LIMIT ?",
            "ki", researcher, limit);
    }
    if (status == STATUS_OK)
        status = visit_queries(ledger, statement, visit, arg);
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_count_failed(struct ledger *ledger,
    const struct public_key *researcher, int64_t since, int64_t *count)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT count(*) FROM query WHERE state = 2 AND researcher = ?"
        " AND submitted > ?",
        "ki", researcher, since);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        *count = column_integer(statement, 0);
    ledger_done(statement);
    return status;
}

enum status ledger_visit_open_queries(
    struct ledger *ledger, ledger_query_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT " QUERY_COLUMNS " FROM query WHERE state = 0 ORDER BY rowid",
        "");
    if (status == STATUS_OK)
        status = visit_queries(ledger, statement, visit, arg);
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_add_session(struct ledger *ledger,
    const struct digest *query_id, const struct digest *header_id,
    struct view header, int64_t deadline)
{
    return ledger_run(ledger,
        "INSERT INTO session (query, header_id, header, deadline)"
        " VALUES (?, ?, ?, ?)",
        "ddvi", query_id, header_id, header, deadline);
}

enum status ledger_get_session(
    struct ledger *ledger, const struct digest *query_id, struct buffer *header)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT header FROM session WHERE query = ?", "d", query_id);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK) {
        struct view bytes = column_view(statement, 0);
        status = buffer_append(header, bytes.data, bytes.size);
    }
    ledger_done(statement);
    return status;
}

enum status ledger_put_reply(struct ledger *ledger,
    const struct digest *query_id, const struct ledger_reply *reply,
    int64_t now)
{
    return ledger_run(ledger,
        "INSERT INTO reply (query, center, state, note, digest, vector, time)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (query, center) DO UPDATE"
        " SET state = excluded.state, note = excluded.note,"
        " digest = excluded.digest, vector = excluded.vector,"
        " time = excluded.time",
        "dtitdvi", query_id, reply->center, (int64_t)reply->state, reply->note,
        &reply->digest, reply->vector, now);
}

static enum status read_reply(
    struct sqlite3_stmt *statement, struct ledger_reply *reply)
{
    int64_t state = column_integer(statement, 1);
    if (state < REPLY_ASKED || state > REPLY_ABSENT)
        return STATUS_CORRUPT;
    reply->state = (enum reply_state)state;
    column_text(statement, 0, reply->center, sizeof reply->center);
    column_text(statement, 2, reply->note, sizeof reply->note);
    reply->vector = column_view(statement, 4);
    return column_fixed(statement, 3, reply->digest.bytes, DIGEST_BYTES);
}

enum status ledger_visit_replies(struct ledger *ledger,
    const struct digest *query_id,
    enum status (*visit)(void *arg, const struct ledger_reply *reply),
    void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT center, state, note, digest, vector FROM reply"
        " WHERE query = ? ORDER BY center",
        "d", query_id);
    while (status == STATUS_OK) {
        struct ledger_reply reply;
        status = ledger_next(ledger, statement);
        if (status == STATUS_OK)
            status = read_reply(statement, &reply);
        if (status == STATUS_OK)
            status = visit(arg, &reply);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_drop_vectors(
    struct ledger *ledger, const struct digest *query_id)
{
    return ledger_run(ledger,
        "UPDATE reply SET vector = NULL"
        " WHERE query = ? AND vector IS NOT NULL",
        "d", query_id);
}

enum status ledger_add_result(struct ledger *ledger,
    const struct digest *query_id, const struct ledger_document *document)
{
    return ledger_run(ledger,
        "INSERT INTO result (query, id, envelope, added)"
        " VALUES (?, ?, ?, ?)",
        "ddvi", query_id, &document->id, document->envelope, document->added);
}

enum status ledger_get_result(struct ledger *ledger,
    const struct digest *query_id, struct digest *id, struct buffer *envelope)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT id, envelope FROM result WHERE query = ?", "d", query_id);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        status = column_fixed(statement, 0, id->bytes, DIGEST_BYTES);
    if (status == STATUS_OK) {
        struct view bytes = column_view(statement, 1);
        status = buffer_append(envelope, bytes.data, bytes.size);
    }
    ledger_done(statement);
    return status;
}
