/* Sets of rows that were asked, and what each question weighed: families.h. */
#include "coordinator/ledger_internal.h"

enum status ledger_add_set(struct ledger *ledger, const struct ledger_set *set)
{
    return ledger_run(ledger,
        "INSERT INTO remembered"
        " (sequence, id, study, query, weight, shared, told, words)"
        " VALUES (?, ?, ?, ?, ?, coalesce (?, x''), ?, ?)",
        "idddivvt", set->sequence, &set->id, &set->study_id, &set->query_id,
        set->weight, set->shared, set->told, set->words);
}

static enum status read_set(
    struct sqlite3_stmt *statement, struct ledger_set *set)
{
    set->sequence = column_integer(statement, 0);
    set->weight = column_integer(statement, 4);
    set->shared = column_view(statement, 5);
    set->told = column_view(statement, 6);
    column_text(statement, 7, set->words, sizeof set->words);
    enum status status =
        column_fixed(statement, 1, set->id.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status = column_fixed(statement, 2, set->study_id.bytes, DIGEST_BYTES);
    if (status == STATUS_OK)
        status = column_fixed(statement, 3, set->query_id.bytes, DIGEST_BYTES);
    return status;
}

enum status ledger_visit_sets(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_set *set), void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT sequence, id, study, query, weight, shared, told, words"
        " FROM remembered ORDER BY sequence",
        "");
    while (status == STATUS_OK) {
        struct ledger_set set;
        status = ledger_next(ledger, statement);
        if (status == STATUS_OK)
            status = read_set(statement, &set);
        if (status == STATUS_OK)
            status = visit(arg, &set);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_add_weighing(
    struct ledger *ledger, const struct ledger_weighing *weighing)
{
    return ledger_run(ledger,
        "INSERT INTO weighing"
        " (query, remembered, sets, people, weights, instruction, heads)"
        " VALUES (?, coalesce (?, x''), coalesce (?, x''), ?, ?, ?, ?)",
        "dvvivvi", &weighing->query_id, weighing->remembered, weighing->sets,
        weighing->people, weighing->weights, weighing->instruction,
        weighing->heads);
}

enum status ledger_visit_weighings(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_weighing *weighing),
    void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT weighing.query, remembered, sets, people, weights,"
        " instruction, heads, query.study FROM weighing"
        " JOIN query ON query.id = weighing.query ORDER BY weighing.rowid",
        "");
    while (status == STATUS_OK) {
        struct ledger_weighing weighing;
        status = ledger_next(ledger, statement);
        if (status != STATUS_OK)
            break;
        weighing.remembered = column_view(statement, 1);
        weighing.sets = column_view(statement, 2);
        weighing.people = column_integer(statement, 3);
        weighing.weights = column_view(statement, 4);
        weighing.instruction = column_view(statement, 5);
        weighing.heads = column_integer(statement, 6);
        status =
            column_fixed(statement, 0, weighing.query_id.bytes, DIGEST_BYTES);
        if (status == STATUS_OK)
            status = column_fixed(
                statement, 7, weighing.study_id.bytes, DIGEST_BYTES);
        if (status == STATUS_OK)
            status = visit(arg, &weighing);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_add_cells(
    struct ledger *ledger, const struct digest *query_id, struct view cells)
{
    return ledger_run(ledger,
        "INSERT INTO told_cells (query, cells) VALUES (?, ?)", "dv", query_id,
        cells);
}

enum status ledger_visit_cells(struct ledger *ledger,
    enum status (*visit)(void *arg, struct view cells), void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(
        ledger, &statement, "SELECT cells FROM told_cells ORDER BY rowid", "");
    while (status == STATUS_OK) {
        status = ledger_next(ledger, statement);
        if (status == STATUS_OK)
            status = visit(arg, column_view(statement, 0));
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
