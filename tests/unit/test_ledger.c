#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "coordinator/ledger.h"
#include "protocol/wire/log.h"

static char folder[64], path[128];

static int setup(void **state)
{
    struct ledger *ledger = NULL;
    log_set_level(LOG_ERROR);
    strcpy(folder, "/tmp/cohortium-ledger-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/ledger.sqlite", folder);
    if (ledger_open(&ledger, path) != STATUS_OK)
        return 1;
    *state = ledger;
    return 0;
}

static int teardown(void **state)
{
    char name[160];
    ledger_close(*state);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static void reopen(void **state)
{
    struct ledger *ledger = NULL;
    ledger_close(*state);
    assert_int_equal(ledger_open(&ledger, path), STATUS_OK);
    *state = ledger;
}

static struct digest name_of(const char *text)
{
    return digest_of(view_of_text(text));
}

static struct ledger_document document_of(const char *text)
{
    return (struct ledger_document){name_of(text), view_of_text(text), 1000};
}

static enum status join(void *arg, const struct digest *id, struct view bytes)
{
    struct buffer *out = arg;
    struct digest expected = digest_of(bytes);
    assert_true(digest_equal(&expected, id));
    return buffer_append(out, bytes.data, bytes.size);
}

static void add_study(struct ledger *ledger, const char *text)
{
    const struct ledger_document study = document_of(text);
    assert_int_equal(ledger_add_study(ledger, &study), STATUS_OK);
}

static struct ledger_query query_of(const char *text, const char *study)
{
    struct ledger_query query = {.id = name_of(text),
        .study_id = name_of(study),
        .question = name_of("question"),
        .study = "first",
        .researcher = {{7}},
        .state = QUERY_OPEN,
        .submitted = 1000,
        .envelope = view_of_text(text)};
    return query;
}

static void test_open_makes_a_file_that_only_its_owner_reads(void **state)
{
    struct stat info;
    (void)state;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_open_of_a_newer_version_is_refused(void **state)
{
    sqlite3 *database = NULL;
    struct ledger *ledger = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database, "PRAGMA user_version = 99", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(database);
    assert_int_equal(ledger_open(&ledger, path), STATUS_UNSUPPORTED_VERSION);
    assert_null(ledger);
}

static void test_open_of_a_file_that_is_no_ledger_is_corrupt(void **state)
{
    struct ledger *ledger = NULL;
    char other[160];
    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    FILE *file = fopen(other, "w");
    for (int i = 0; i < 200; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    assert_int_equal(ledger_open(&ledger, other), STATUS_CORRUPT);
    unlink(other);
}

static void test_rosters_come_back_oldest_first_after_reopening(void **state)
{
    struct buffer all;
    int64_t version = -1;
    buffer_init(&all, 1024);
    struct ledger_document two = document_of("two");
    struct ledger_document one = document_of("one");
    assert_int_equal(ledger_roster_version(*state, &version), STATUS_OK);
    assert_int_equal(version, 0);
    assert_int_equal(ledger_add_roster(*state, 1, &one), STATUS_OK);
    assert_int_equal(ledger_add_roster(*state, 2, &two), STATUS_OK);
    assert_int_equal(ledger_add_roster(*state, 2, &one), STATUS_EXISTS);
    reopen(state);
    assert_int_equal(ledger_visit_rosters(*state, join, &all), STATUS_OK);
    assert_string_equal(buffer_text(&all), "onetwo");
    assert_int_equal(ledger_roster_version(*state, &version), STATUS_OK);
    assert_int_equal(version, 2);
    buffer_fini(&all);
}

static void test_approvals_belong_to_their_study_and_come_once(void **state)
{
    struct buffer all;
    struct ledger_document approval = document_of("yes");
    struct digest study = name_of("study"), other = name_of("other");
    buffer_init(&all, 1024);
    /* no study yet: a foreign key */
    assert_int_not_equal(
        ledger_add_approval(*state, &study, &approval), STATUS_OK);
    add_study(*state, "study");
    add_study(*state, "other");
    assert_int_equal(ledger_add_approval(*state, &study, &approval), STATUS_OK);
    assert_int_equal(ledger_add_approval(*state, &study, &approval), STATUS_OK);
    assert_int_equal(
        ledger_visit_approvals(*state, &study, join, &all), STATUS_OK);
    assert_string_equal(buffer_text(&all), "yes");
    buffer_clear(&all);
    assert_int_equal(
        ledger_visit_approvals(*state, &other, join, &all), STATUS_OK);
    assert_int_equal(all.size, 0);
    buffer_fini(&all);
}

static enum status last_opt_in(void *arg, const struct ledger_opt_in *opt_in)
{
    struct ledger_opt_in *out = arg;
    *out = *opt_in;
    return STATUS_OK;
}

static void test_put_opt_in_replaces_the_earlier_decision(void **state)
{
    struct ledger_opt_in opt_in = {.study_id = name_of("study"),
        .center = {{7}},
        .in = true,
        .sequence = 1};
    struct ledger_opt_in out;
    add_study(*state, "study");
    assert_int_equal(
        ledger_put_opt_in(*state, &opt_in, view_of_text("{}"), 5), STATUS_OK);
    opt_in.in = false;
    opt_in.sequence = 2;
    assert_int_equal(
        ledger_put_opt_in(*state, &opt_in, view_of_text("{}"), 6), STATUS_OK);
    assert_int_equal(
        ledger_visit_opt_ins(*state, last_opt_in, &out), STATUS_OK);
    assert_true(public_key_equal(&out.center, &opt_in.center));
    assert_false(out.in);
    assert_int_equal(out.sequence, 2);
}

static enum status copy_query(void *arg, const struct ledger_query *query)
{
    struct ledger_query *out = arg;
    *out = *query;
    assert_true(view_equal(query->envelope, view_of_text("query")));
    return STATUS_OK;
}

static enum status count_query(void *arg, const struct ledger_query *query)
{
    size_t *count = arg;
    (void)query;
    (*count)++;
    return STATUS_OK;
}

static void test_query_is_found_and_ended(void **state)
{
    struct ledger_query query = query_of("query", "study"), out;
    struct public_key other = {{8}};
    size_t count = 0;
    add_study(*state, "study");
    assert_int_equal(ledger_add_query(*state, &query), STATUS_OK);
    assert_int_equal(ledger_add_query(*state, &query), STATUS_EXISTS);
    assert_int_equal(
        ledger_visit_open_queries(*state, count_query, &count), STATUS_OK);
    assert_int_equal(count, 1);
    query.state = QUERY_FAILED;
    query.finished = 1030;
    strcpy(query.failure, "TOO_FEW_CENTERS");
    strcpy(query.reason, "2 of 5");
    assert_int_equal(ledger_end_query(*state, &query), STATUS_OK);
    reopen(state);
    assert_int_equal(
        ledger_find_query(*state, &query.id, copy_query, &out), STATUS_OK);
    assert_int_equal(out.state, QUERY_FAILED);
    assert_int_equal(out.finished, 1030);
    assert_string_equal(out.failure, "TOO_FEW_CENTERS");
    assert_string_equal(out.reason, "2 of 5");
    assert_string_equal(out.study, "first");
    assert_true(public_key_equal(&out.researcher, &query.researcher));
    count = 0;
    assert_int_equal(
        ledger_visit_open_queries(*state, count_query, &count), STATUS_OK);
    assert_int_equal(
        ledger_visit_queries(*state, &other, 10, count_query, &count),
        STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(ledger_visit_queries(
                         *state, &query.researcher, 10, count_query, &count),
        STATUS_OK);
    assert_int_equal(
        ledger_visit_queries(*state, NULL, 10, count_query, &count), STATUS_OK);
    assert_int_equal(count, 2);
}

static void test_find_query_that_is_not_there_is_not_found(void **state)
{
    struct digest id = name_of("query");
    struct ledger_query out;
    assert_int_equal(
        ledger_find_query(*state, &id, copy_query, &out), STATUS_NOT_FOUND);
}

static enum status join_reply(void *arg, const struct ledger_reply *reply)
{
    return buffer_append_format(arg, "%s:%d:%s:%.*s;", reply->center,
        (int)reply->state, reply->note, (int)reply->vector.size,
        (const char *)reply->vector.data);
}

static void test_replies_are_replaced_and_their_vectors_dropped(void **state)
{
    struct ledger_query query = query_of("query", "study");
    struct ledger_reply reply = {.center = "b", .state = REPLY_ASKED};
    struct buffer all, header;
    struct digest header_id = name_of("header");
    buffer_init(&all, 1024);
    buffer_init(&header, 1024);
    add_study(*state, "study");
    assert_int_equal(ledger_add_query(*state, &query), STATUS_OK);
    assert_int_equal(ledger_add_session(*state, &query.id, &header_id,
                         view_of_text("header"), 99),
        STATUS_OK);
    assert_int_equal(ledger_add_session(*state, &query.id, &header_id,
                         view_of_text("another"), 99),
        STATUS_EXISTS);
    assert_int_equal(ledger_put_reply(*state, &query.id, &reply, 1), STATUS_OK);
    reply.state = REPLY_ANSWERED;
    reply.vector = view_of_text("numbers");
    assert_int_equal(ledger_put_reply(*state, &query.id, &reply, 2), STATUS_OK);
    reply = (struct ledger_reply){
        .center = "a", .state = REPLY_REFUSED, .note = "bad_reply"};
    assert_int_equal(ledger_put_reply(*state, &query.id, &reply, 3), STATUS_OK);
    ledger_visit_replies(*state, &query.id, join_reply, &all);
    assert_string_equal(buffer_text(&all), "a:2:bad_reply:;b:1::numbers;");
    assert_int_equal(ledger_drop_vectors(*state, &query.id), STATUS_OK);
    buffer_clear(&all);
    ledger_visit_replies(*state, &query.id, join_reply, &all);
    assert_string_equal(buffer_text(&all), "a:2:bad_reply:;b:1::;");
    assert_int_equal(ledger_get_session(*state, &query.id, &header), STATUS_OK);
    assert_string_equal(buffer_text(&header), "header");
    buffer_fini(&all);
    buffer_fini(&header);
}

static void test_result_comes_back_as_the_same_bytes(void **state)
{
    struct ledger_query query = query_of("query", "study");
    struct ledger_document result = document_of("result");
    struct digest id;
    struct buffer out;
    buffer_init(&out, 1024);
    add_study(*state, "study");
    assert_int_equal(ledger_add_query(*state, &query), STATUS_OK);
    assert_int_equal(
        ledger_get_result(*state, &query.id, &id, &out), STATUS_NOT_FOUND);
    assert_int_equal(ledger_add_result(*state, &query.id, &result), STATUS_OK);
    assert_int_equal(
        ledger_get_result(*state, &query.id, &id, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), "result");
    assert_true(digest_equal(&id, &result.id));
    buffer_fini(&out);
}

static void test_presence_is_cleared(void **state)
{
    struct ledger_presence out,
        north = {.center = "north", .connected = true, .last_seen = 77};
    assert_int_equal(ledger_put_presence(*state, &north), STATUS_OK);
    assert_int_equal(ledger_get_presence(*state, "north", &out), STATUS_OK);
    assert_true(out.connected);
    assert_int_equal(ledger_clear_presence(*state), STATUS_OK);
    assert_int_equal(ledger_get_presence(*state, "north", &out), STATUS_OK);
    assert_false(out.connected);
    assert_int_equal(out.last_seen, 77);
    assert_int_equal(ledger_get_presence(*state, "south", &out), STATUS_OK);
    assert_int_equal(out.last_seen, 0);
}

static void record(struct ledger *ledger, int64_t now, const char *text)
{
    struct digest subject = name_of(text);
    assert_int_equal(
        ledger_record(ledger, now, "noted", &subject, "text=%s", text),
        STATUS_OK);
}

static void test_register_is_a_chain_that_verifies(void **state)
{
    struct ledger_entry last;
    assert_int_equal(ledger_verify_register(*state, &last), STATUS_OK);
    assert_int_equal(last.sequence, 0);
    record(*state, 1, "one");
    record(*state, 2, "two\nlines");
    reopen(state);
    record(*state, 3, "three");
    assert_int_equal(ledger_verify_register(*state, &last), STATUS_OK);
    assert_int_equal(last.sequence, 3);
    assert_string_equal(last.detail, "text=three");
}

static void test_register_entry_that_is_rolled_back_leaves_no_gap(void **state)
{
    struct ledger_entry last;
    record(*state, 1, "one");
    assert_int_equal(ledger_begin(*state), STATUS_OK);
    record(*state, 2, "never");
    ledger_rollback(*state);
    record(*state, 3, "two");
    assert_int_equal(ledger_verify_register(*state, &last), STATUS_OK);
    assert_int_equal(last.sequence, 2);
}

/* With the triggers out of the way, as somebody who owns the file can. */
static void tamper(const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database,
            "DROP TRIGGER register_update; DROP TRIGGER register_delete", NULL,
            NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

/* As a ledger of the first version has it: by name, with two centers that the
 * name passed between, and something that is no envelope. */
static void test_opt_ins_by_name_become_those_of_who_signed(void **state)
{
    static const char key[] =
        "0707070707070707070707070707070707070707070707070707070707070707";
    char sql[1024];
    struct ledger_opt_in out = {.sequence = 0};
    add_study(*state, "study");
    ledger_close(*state);
    *state = NULL;
    snprintf(sql, sizeof sql,
        "DROP TABLE near; DROP TABLE counted; DROP TABLE continued;"
        "DROP TABLE opt_in; DROP TABLE told_cells; DROP TABLE remembered;"
        "DROP TABLE weighing;"
        "DROP INDEX query_failed;"
        "CREATE TABLE opt_in (study BLOB NOT NULL REFERENCES study (id),"
        " center TEXT NOT NULL, decision INTEGER NOT NULL,"
        " sequence INTEGER NOT NULL, envelope BLOB NOT NULL,"
        " added INTEGER NOT NULL, PRIMARY KEY (study, center)) STRICT;"
        "INSERT INTO opt_in SELECT id, 'north', 1, 4, CAST("
        "'{\"signatures\": [{\"keyid\": \"%s\"}]}' AS BLOB), 5 FROM study;"
        "INSERT INTO opt_in SELECT id, 'north-2', 0, 3, CAST("
        "'{\"signatures\": [{\"keyid\": \"%s\"}]}' AS BLOB), 5 FROM study;"
        "INSERT INTO opt_in SELECT id, 'south', 1, 9, x'00', 5 FROM study;"
        "PRAGMA user_version = 4", /* before opt-ins had keys */
        key, key);
    tamper(sql);
    struct ledger *ledger = NULL;
    char copy[160];
    assert_int_equal(ledger_open(&ledger, path), STATUS_OK);
    *state = ledger;
    snprintf(copy, sizeof copy, "%s.before-v%lld", path,
        (long long)ledger_version());
    assert_int_equal(unlink(copy), 0);
    assert_int_equal(
        ledger_visit_opt_ins(*state, last_opt_in, &out), STATUS_OK);
    assert_int_equal(out.center.bytes[0], 7);
    assert_true(out.in);
    assert_int_equal(out.sequence, 4);
}

static void test_register_shows_every_change(void **state)
{
    static const char *const changes[] = {
        "UPDATE register SET time = 9 WHERE sequence = 2",
        "UPDATE register SET kind = 'other' WHERE sequence = 2",
        "UPDATE register SET detail = '' WHERE sequence = 2",
        "UPDATE register SET subject = zeroblob(32) WHERE sequence = 2",
        "UPDATE register SET previous = zeroblob(32) WHERE sequence = 2",
        "UPDATE register SET digest = zeroblob(32) WHERE sequence = 2",
        "DELETE FROM register WHERE sequence = 2",
        "UPDATE register SET digest = x'00' WHERE sequence = 2",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct ledger_entry last;
        record(*state, 1, "one");
        record(*state, 2, "two");
        record(*state, 3, "three");
        tamper(changes[i]);
        assert_int_equal(ledger_verify_register(*state, &last), STATUS_CORRUPT);
        assert_int_equal(last.sequence, 1);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

/* ---- near cohorts ---- */

static void add_question(struct ledger *ledger, const char *text)
{
    const struct ledger_query query = query_of(text, "study");
    assert_int_equal(ledger_add_query(ledger, &query), STATUS_OK);
    const struct ledger_set set = {.sequence = text[0],
        .id = name_of(text),
        .study_id = name_of("study"),
        .query_id = name_of(text),
        .weight = 5,
        .told = view_of_text("told"),
        .words = "age >= 40"};
    assert_int_equal(ledger_add_set(ledger, &set), STATUS_OK);
    assert_int_equal(ledger_count_question(ledger, &query.study_id), STATUS_OK);
}

static struct ledger_near near_of(const char *query, const char *earlier)
{
    return (struct ledger_near){.study_id = name_of("study"),
        .query_id = name_of(query),
        .earlier = name_of(earlier),
        .weight = 4,
        .shared = 3,
        .words = "age >= 41"};
}

static enum status check_near(void *arg, const struct ledger_near *near)
{
    size_t *count = arg;
    const struct digest earlier = name_of("1");
    ++*count;
    assert_int_equal(near->number, *count);
    assert_true(digest_equal(&near->earlier_query, &earlier));
    assert_string_equal(near->words, "age >= 41");
    assert_string_equal(near->earlier_words, "age >= 40");
    assert_int_equal(near->earlier_submitted, 1000);
    assert_int_equal(near->researcher.bytes[0], 7);
    return STATUS_OK;
}

static bool waits(struct ledger *ledger, int64_t limit)
{
    const struct digest study = name_of("study");
    bool out = false;
    assert_int_equal(
        ledger_counter_waits(ledger, &study, limit, &out), STATUS_OK);
    return out;
}

static void test_near_cohorts_stop_a_study_until_they_were_seen(void **state)
{
    const struct digest study = name_of("study"), other = name_of("other");
    struct ledger_counter counter;
    size_t count = 0;
    bool has = true;
    add_study(*state, "study");
    add_study(*state, "other");
    add_question(*state, "1");
    add_question(*state, "2");
    struct ledger_near near = near_of("2", "1");
    near.stops_at = 2;
    assert_int_equal(ledger_has_near(*state, &near, &has), STATUS_OK);
    assert_false(has);
    assert_int_equal(ledger_add_near(*state, &near), STATUS_OK);
    assert_int_equal(ledger_has_near(*state, &near, &has), STATUS_OK);
    assert_true(has);
    near.shared--; /* another set near to the same one */
    assert_int_equal(ledger_has_near(*state, &near, &has), STATUS_OK);
    assert_false(has);
    near.stops_at = 3;
    assert_int_equal(ledger_add_near(*state, &near), STATUS_OK);
    assert_int_equal(near.number, 2);
    assert_true(waits(*state, 1));
    assert_false(waits(*state, 2)); /* after one more question */
    add_question(*state, "3");
    assert_true(waits(*state, 2));
    assert_false(waits(*state, 3));
    assert_int_equal(
        ledger_visit_near(*state, &study, check_near, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(
        ledger_visit_near(*state, &other, check_near, &count), STATUS_OK);
    assert_int_equal(count, 2);
    const struct view word = view_of_text("word");
    assert_int_equal(
        ledger_add_continued(*state, &study, 2, word, 9), STATUS_OK);
    assert_int_equal(
        ledger_add_continued(*state, &study, 2, word, 9), STATUS_EXISTS);
    assert_false(waits(*state, 2));
    near.shared--;
    assert_int_equal(ledger_add_near(*state, &near), STATUS_OK);
    assert_true(waits(*state, 1)); /* counted from where it was seen */
    assert_false(waits(*state, 2));
    assert_int_equal(ledger_get_counter(*state, &study, &counter), STATUS_OK);
    assert_int_equal(counter.found, 3);
    assert_int_equal(counter.seen, 2);
    assert_int_equal(counter.questions, 3);
    assert_int_equal(ledger_get_counter(*state, &other, &counter), STATUS_OK);
    assert_int_equal(counter.found + counter.seen + counter.questions, 0);
}

static void test_register_cannot_be_changed_by_accident(void **state)
{
    sqlite3 *database = NULL;
    record(*state, 1, "one");
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(database, "UPDATE register SET time = 5",
                             NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_not_equal(
        sqlite3_exec(database, "DELETE FROM register", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(database);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_makes_a_file_that_only_its_owner_reads),
        TEST(test_open_of_a_newer_version_is_refused),
        TEST(test_open_of_a_file_that_is_no_ledger_is_corrupt),
        TEST(test_rosters_come_back_oldest_first_after_reopening),
        TEST(test_approvals_belong_to_their_study_and_come_once),
        TEST(test_put_opt_in_replaces_the_earlier_decision),
        TEST(test_opt_ins_by_name_become_those_of_who_signed),
        TEST(test_query_is_found_and_ended),
        TEST(test_find_query_that_is_not_there_is_not_found),
        TEST(test_replies_are_replaced_and_their_vectors_dropped),
        TEST(test_result_comes_back_as_the_same_bytes),
        TEST(test_presence_is_cleared),
        TEST(test_register_is_a_chain_that_verifies),
        TEST(test_register_entry_that_is_rolled_back_leaves_no_gap),
        TEST(test_register_shows_every_change),
        TEST(test_register_cannot_be_changed_by_accident),
        TEST(test_near_cohorts_stop_a_study_until_they_were_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
