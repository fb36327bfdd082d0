/* The copy that is left beside a store before it is migrated. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "protocol/store/before.h"
#include "tests/unit/test.h"

static char folder[64], path[80], copy[96], part[112];
static sqlite3 *database;

static void run(const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/before-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/store", folder);
    snprintf(copy, sizeof copy, "%s.before-v7", path);
    snprintf(part, sizeof part, "%s.part", copy);
    if (sqlite3_open(path, &database) != SQLITE_OK)
        return -1;
    run("PRAGMA journal_mode = WAL; PRAGMA user_version = 6;"
        "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    sqlite3_close(database);
    chmod(folder, 0700);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static int64_t ask(const char *file, const char *sql)
{
    sqlite3 *other = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(file, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(other, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(other);
    return value;
}

static void test_copy_under_the_write_lock_has_what_was_committed(void **state)
{
    struct stat info;
    (void)state;
    run("BEGIN IMMEDIATE");
    assert_int_equal(before_copy(path, 7), STATUS_OK);
    run("INSERT INTO t VALUES (3); PRAGMA user_version = 7; COMMIT");
    assert_int_equal(ask(copy, "SELECT count(*) FROM t"), 2);
    assert_int_equal(before_version(copy), 6);
    assert_int_equal(before_version(path), 7);
    assert_int_equal(stat(copy, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_not_equal(access(part, F_OK), 0);
}

static void test_copy_takes_the_place_of_an_older_one_and_of_a_part(
    void **state)
{
    (void)state;
    FILE *file = fopen(part, "w");
    fputs("cut off", file);
    fclose(file);
    assert_int_equal(before_copy(path, 7), STATUS_OK);
    run("INSERT INTO t VALUES (3)");
    assert_int_equal(before_copy(path, 7), STATUS_OK);
    assert_int_equal(ask(copy, "SELECT count(*) FROM t"), 3);
    assert_int_not_equal(access(part, F_OK), 0);
}

static void test_copy_that_cannot_be_made_leaves_nothing(void **state)
{
    char missing[128];
    (void)state;
    snprintf(missing, sizeof missing, "%s/none/store", folder);
    assert_int_equal(before_copy(missing, 7), STATUS_IO);
    mkdir(copy, 0700); /* a folder stands where the copy should */
    assert_int_equal(before_copy(path, 7), STATUS_IO);
    assert_int_not_equal(access(part, F_OK), 0);
    rmdir(copy);
}

static void test_version_of_what_is_no_store_is_none(void **state)
{
    char other[128], text[512];
    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(before_version(other), -1);
    FILE *file = fopen(other, "w");
    for (int i = 0; i < 100; i++)
        fputs("this is no database\n", file);
    fclose(file);
    assert_int_equal(before_version(other), -1);
    before_say_newer(text, sizeof text, "cohortium-node", other, 7);
    assert_non_null(strstr(text, "not a file of cohortium-node"));
    run("PRAGMA user_version = 9");
    before_say_newer(text, sizeof text, "cohortium-node", path, 7);
    assert_non_null(strstr(text,
        "written by a newer cohortium-node (store version 9, this program "
        "knows 7)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_copy_under_the_write_lock_has_what_was_committed, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_copy_takes_the_place_of_an_older_one_and_of_a_part, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_copy_that_cannot_be_made_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_version_of_what_is_no_store_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
