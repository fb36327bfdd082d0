#include "coordinator/ledger.h"
#include "coordinator/ledger_internal.h"

/* Rows of (id, envelope). */
static enum status visit_documents(struct ledger *ledger,
    struct sqlite3_stmt *statement, ledger_document_visit *visit, void *arg)
{
    enum status status;
    while ((status = ledger_next(ledger, statement)) == STATUS_OK) {
        struct digest id;
        status = column_fixed(statement, 0, id.bytes, DIGEST_BYTES);
        if (status == STATUS_OK)
            status = visit(arg, &id, column_view(statement, 1));
        if (status != STATUS_OK)
            return status;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_add_roster(struct ledger *ledger, int64_t version,
    const struct ledger_document *document)
{
    return ledger_run(ledger,
        "INSERT INTO roster (version, id, envelope, added)"
        " VALUES (?, ?, ?, ?)",
        "idvi", version, &document->id, document->envelope, document->added);
}

enum status ledger_visit_rosters(
    struct ledger *ledger, ledger_document_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT id, envelope FROM roster ORDER BY version", "");
    if (status == STATUS_OK)
        status = visit_documents(ledger, statement, visit, arg);
    ledger_done(statement);
    return status;
}

enum status ledger_roster_version(struct ledger *ledger, int64_t *version)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(
        ledger, &statement, "SELECT coalesce(max(version), 0) FROM roster", "");
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    *version = status == STATUS_OK ? column_integer(statement, 0) : 0;
    ledger_done(statement);
    return status;
}

enum status ledger_add_study(
    struct ledger *ledger, const struct ledger_document *document)
{
    return ledger_run(ledger,
        "INSERT INTO study (id, envelope, added) VALUES (?, ?, ?)", "dvi",
        &document->id, document->envelope, document->added);
}

enum status ledger_visit_studies(
    struct ledger *ledger, ledger_document_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT id, envelope FROM study ORDER BY added, rowid", "");
    if (status == STATUS_OK)
        status = visit_documents(ledger, statement, visit, arg);
    ledger_done(statement);
    return status;
}

enum status ledger_add_approval(struct ledger *ledger,
    const struct digest *study_id, const struct ledger_document *document)
{
    return ledger_run(ledger,
        "INSERT INTO approval (study, id, envelope, added)"
        " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        "ddvi", study_id, &document->id, document->envelope, document->added);
}

enum status ledger_visit_approvals(struct ledger *ledger,
    const struct digest *study_id, ledger_document_visit *visit, void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT id, envelope FROM approval WHERE study = ? ORDER BY rowid", "d",
        study_id);
    if (status == STATUS_OK)
        status = visit_documents(ledger, statement, visit, arg);
    ledger_done(statement);
    return status;
}

enum status ledger_put_opt_in(struct ledger *ledger,
    const struct ledger_opt_in *opt_in, struct view envelope, int64_t now)
{
    char center[KEY_TEXT];
    public_key_to_text(center, &opt_in->center);
    return ledger_run(ledger,
        "INSERT INTO opt_in"
        " (study, center, decision, sequence, envelope, added)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (study, center) DO UPDATE"
        " SET decision = excluded.decision, sequence = excluded.sequence,"
        " envelope = excluded.envelope, added = excluded.added",
        "dtiivi", &opt_in->study_id, center, (int64_t)opt_in->in,
        opt_in->sequence, envelope, now);
}

enum status ledger_visit_opt_ins(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_opt_in *opt_in),
    void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT study, center, decision, sequence FROM opt_in"
        " ORDER BY study, center",
        "");
    while (status == STATUS_OK) {
        struct ledger_opt_in opt_in;
        status = ledger_next(ledger, statement);
        if (status != STATUS_OK)
            break;
        status =
            column_fixed(statement, 0, opt_in.study_id.bytes, DIGEST_BYTES);
        char center[KEY_TEXT];
        column_text(statement, 1, center, sizeof center);
        if (status == STATUS_OK &&
            public_key_from_text(&opt_in.center, center) != STATUS_OK)
            status = STATUS_CORRUPT;
        opt_in.in = column_integer(statement, 2) != 0;
        opt_in.sequence = column_integer(statement, 3);
        if (status == STATUS_OK)
            status = visit(arg, &opt_in);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_put_refusals(
    struct ledger *ledger, const struct ledger_refusals *refusals)
{
    return ledger_run(ledger,
        "INSERT INTO refusals_left (study, center, number) VALUES (?, ?, ?)"
        " ON CONFLICT (study, center) DO UPDATE SET number = excluded.number",
        "dti", &refusals->study_id, refusals->center, refusals->left);
}

enum status ledger_visit_refusals(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_refusals *refusals),
    void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT study, center, number FROM refusals_left", "");
    while (status == STATUS_OK) {
        struct ledger_refusals refusals;
        status = ledger_next(ledger, statement);
        if (status != STATUS_OK)
            break;
        status =
            column_fixed(statement, 0, refusals.study_id.bytes, DIGEST_BYTES);
        column_text(statement, 1, refusals.center, sizeof refusals.center);
        refusals.left = column_integer(statement, 2);
        if (status == STATUS_OK)
            status = visit(arg, &refusals);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_put_presence(
    struct ledger *ledger, const struct ledger_presence *presence)
{
    return ledger_run(ledger,
        "INSERT INTO presence (center, connected, last_seen, protocol)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (center) DO UPDATE SET"
        " connected = excluded.connected, last_seen = excluded.last_seen,"
        " protocol = excluded.protocol",
        "tiii", presence->center, (int64_t)presence->connected,
        presence->last_seen, presence->protocol);
}

enum status ledger_get_presence(
    struct ledger *ledger, const char *center, struct ledger_presence *presence)
{
    struct sqlite3_stmt *statement;
    *presence = (struct ledger_presence){.connected = false};
    enum status status = ledger_start(ledger, &statement,
        "SELECT center, connected, last_seen, protocol FROM presence"
        " WHERE center = ?",
        "t", center);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK) {
        column_text(statement, 0, presence->center, sizeof presence->center);
        presence->connected = column_integer(statement, 1) != 0;
        presence->last_seen = column_integer(statement, 2);
        presence->protocol = column_integer(statement, 3);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_clear_presence(struct ledger *ledger)
{
    return ledger_run(
        ledger, "UPDATE presence SET connected = 0 WHERE connected <> 0", "");
}
