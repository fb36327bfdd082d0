/* The store's part in the memory against differencing (guard.h), and the budget
 * of noise. */
#include "node/store_internal.h"

enum status store_number_patients(struct store *store)
{
    return store_run(store,
        "INSERT INTO person (pseudonym) SELECT DISTINCT patient FROM exam"
        " WHERE patient NOT IN (SELECT pseudonym FROM person)",
        "");
}

enum status store_put_cohort(struct store *store, const struct digest *study,
    int64_t until, struct view box)
{
    return store_run(store,
        "INSERT INTO cohort (study, until, people) VALUES (?, ?, ?)", "div",
        study, until, box);
}

enum status store_visit_cohorts(
    struct store *store, int64_t after, store_cohort_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT id, people FROM cohort WHERE id > ? ORDER BY id", "i", after);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK)
        status = visit(arg, sqlite3_column_int64(statement, 0),
            store_column(statement, 1));
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_drop_cohorts(struct store *store, int64_t now, bool *dropped)
{
    int64_t over = 0;
    enum status status = store_integer(store, &over, 0,
        "SELECT count(*) FROM cohort WHERE until < ?", "i", now);
    *dropped = over > 0;
    if (status == STATUS_OK && over > 0)
        status =
            store_run(store, "DELETE FROM cohort WHERE until < ?", "i", now);
    if (status == STATUS_OK && over > 0)
        status = store_run(
            store, "DELETE FROM center_group WHERE until < ?", "i", now);
    return status;
}

enum status store_put_center_set(struct store *store,
    const struct digest *people, int64_t until, struct view centers)
{
    return store_run(store,
        "INSERT INTO center_group SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1"
        " FROM center_group WHERE people = ?1 AND centers = ?3)",
        "div", people, until, centers);
}

enum status store_visit_center_sets(struct store *store,
    const struct digest *people, store_center_set_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT centers FROM center_group WHERE people = ?", "d", people);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK)
        status = visit(arg, store_column(statement, 0));
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_visit_places(
    struct store *store, store_place_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(
        store, &statement, "SELECT people, until, centers FROM center_set", "");
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        struct digest people;
        status =
            store_column_fixed(statement, 0, people.bytes, sizeof people.bytes);
        if (status == STATUS_OK)
            status = visit(arg, &people, sqlite3_column_int64(statement, 1),
                store_column(statement, 2));
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_drop_places(struct store *store)
{
    return store_run(store, "DELETE FROM center_set", "");
}

enum status store_put_charge(struct store *store, const struct digest *study,
    const struct digest *query, int64_t nano, int64_t now)
{
    return store_run(store, "INSERT INTO charge VALUES (?, ?, ?, ?)", "ddii",
        study, query, nano, now);
}

enum status store_sum_charges(struct store *store, const struct digest *study,
    int64_t since, int64_t *nano)
{
    if (study == NULL)
        return store_integer(store, nano, 0,
            "SELECT sum(nano) FROM charge WHERE time >= ?", "i", since);
    return store_integer(store, nano, 0,
        "SELECT sum(nano) FROM charge WHERE study = ? AND time >= ?", "di",
        study, since);
}
