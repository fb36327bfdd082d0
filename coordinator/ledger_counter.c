/* Cohorts near to an earlier one, and who looked at them: counter.h. */
#include <string.h>

#include "coordinator/ledger_internal.h"

enum status ledger_add_near(struct ledger *ledger, struct ledger_near *near)
{
    struct ledger_counter counter;
    enum status status = ledger_get_counter(ledger, &near->study_id, &counter);
    near->number = counter.found + 1;
    return status == STATUS_OK
               ? ledger_run(ledger,
                     "INSERT INTO near (study, number, query, earlier, weight,"
                     " shared, words, stops_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     "diddiiti", &near->study_id, near->number, &near->query_id,
                     &near->earlier, near->weight, near->shared, near->words,
                     near->stops_at)
               : status;
}

enum status ledger_has_near(
    struct ledger *ledger, const struct ledger_near *near, bool *has)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT 1 FROM near WHERE study = ? AND earlier = ? AND weight = ?"
        " AND shared = ?",
        "ddii", &near->study_id, &near->earlier, near->weight, near->shared);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    ledger_done(statement);
    *has = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_near(
    struct sqlite3_stmt *statement, struct ledger_near *near)
{
    const struct {
        int column;
        uint8_t *out;
    } fixed[] = {{0, near->study_id.bytes}, {2, near->query_id.bytes},
        {3, near->earlier.bytes}, {8, near->earlier_query.bytes},
        {10, near->researcher.bytes}, {12, near->earlier_researcher.bytes}};
    enum status status = STATUS_OK;
    near->number = column_integer(statement, 1);
    near->weight = column_integer(statement, 4);
    near->shared = column_integer(statement, 5);
    column_text(statement, 6, near->words, sizeof near->words);
    near->stops_at = column_integer(statement, 7);
    column_text(statement, 9, near->earlier_words, sizeof near->earlier_words);
    near->submitted = column_integer(statement, 11);
    near->earlier_submitted = column_integer(statement, 13);
    for (size_t i = 0;
         status == STATUS_OK && i < sizeof fixed / sizeof fixed[0]; i++)
        status = column_fixed(
            statement, fixed[i].column, fixed[i].out, DIGEST_BYTES);
    return status;
}

enum status ledger_visit_near(struct ledger *ledger, const struct digest *study,
    enum status (*visit)(void *arg, const struct ledger_near *near), void *arg)
{
    struct sqlite3_stmt *statement;
    const struct view id = {
        study == NULL ? NULL : study->bytes, study == NULL ? 0 : DIGEST_BYTES};
    enum status status = ledger_start(ledger, &statement,
        "SELECT near.study, number, near.query, earlier, near.weight,"
        " near.shared, near.words, stops_at, remembered.query,"
        " remembered.words, later.researcher, later.submitted,"
        " before.researcher, before.submitted FROM near"
        " JOIN remembered ON remembered.id = earlier"
        " JOIN query AS later ON later.id = near.query"
        " JOIN query AS before ON before.id = remembered.query"
        " WHERE ?1 IS NULL OR near.study = ?1 ORDER BY near.rowid",
        "v", id);
    while (status == STATUS_OK) {
        struct ledger_near near;
        status = ledger_next(ledger, statement);
        if (status == STATUS_OK)
            status = read_near(statement, &near);
        if (status == STATUS_OK)
            status = visit(arg, &near);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_count_question(
    struct ledger *ledger, const struct digest *study)
{
    return ledger_run(ledger,
        "INSERT INTO counted VALUES (?, 1) ON CONFLICT (study) DO UPDATE"
        " SET questions = questions + 1",
        "d", study);
}

enum status ledger_get_counter(struct ledger *ledger,
    const struct digest *study, struct ledger_counter *out)
{
    struct sqlite3_stmt *statement;
    *out = (struct ledger_counter){.found = 0};
    enum status status = ledger_start(ledger, &statement,
        "SELECT (SELECT coalesce(max(number), 0) FROM near WHERE study = ?1),"
        " (SELECT coalesce(max(seen), 0) FROM continued WHERE study = ?1),"
        " (SELECT coalesce(max(questions), 0) FROM counted WHERE study = ?1)",
        "d", study);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    if (status == STATUS_OK)
        *out = (struct ledger_counter){column_integer(statement, 0),
            column_integer(statement, 1), column_integer(statement, 2)};
    ledger_done(statement);
    return status;
}

enum status ledger_counter_waits(struct ledger *ledger,
    const struct digest *study, int64_t limit, bool *waits)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT 1 FROM near WHERE study = ?1 AND number = ?2 +"
        " (SELECT coalesce(max(seen), 0) FROM continued WHERE study = ?1)"
        " AND stops_at <="
        " (SELECT coalesce(max(questions), 0) FROM counted WHERE study = ?1)",
        "di", study, limit);
    if (status == STATUS_OK)
        status = ledger_next(ledger, statement);
    ledger_done(statement);
    *waits = status != STATUS_NOT_FOUND;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status ledger_add_continued(struct ledger *ledger,
    const struct digest *study, int64_t seen, struct view envelope, int64_t now)
{
    return ledger_run(ledger, "INSERT INTO continued VALUES (?, ?, ?, ?)",
        "divi", study, seen, envelope, now);
}
