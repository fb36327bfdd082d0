/*
 * bench_frame: a filter and a group-by mean and variance over ten million rows:
 * plan_contribute against a hand-written loop over the same compact columns,
 * and against SQLite on the same question, in one run. Prints JSON:
 * milliseconds (the best of several) and ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "protocol/analysis/plan.h"
#include "protocol/wire/keys.h"

#define ROWS 10000000
#define ROUNDS 9

static int8_t *age, *sex;
static int16_t *lvef;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(void)
{
    uint64_t seed = 7;
    age = aligned_alloc(64, ROWS + 64);
    sex = aligned_alloc(64, ROWS + 64);
    lvef = aligned_alloc(64, 2 * ROWS + 128);
    for (size_t i = 0; i < ROWS; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        age[i] = (int8_t)((seed >> 33) % 100);
        sex[i] = (int8_t)((seed >> 45) & 1);
        lvef[i] = (int16_t)((seed >> 50) % 1000);
        if ((seed >> 40) % 50 == 0)
            lvef[i] = INT16_MIN;
    }
}

struct group {
    int64_t n, sum, squares;
};

/* What somebody would write by hand for just this question. */
#if defined(__x86_64__) && !defined(__clang__)
__attribute__((target_clones("avx2", "default"), noinline))
#else
__attribute__((noinline))
#endif
static void
by_hand(struct group out[2])
{
    for (int g = 0; g < 2; g++)
        out[g] = (struct group){0, 0, 0};
    for (size_t block = 0; block < ROWS; block += 4096) {
        size_t end = block + 4096 < ROWS ? block + 4096 : ROWS;
        int32_t n0 = 0, n1 = 0, s0 = 0, s1 = 0;
        int64_t q0 = 0, q1 = 0;
        for (size_t i = block; i < end; i++) {
            int32_t in = (age[i] >= 50) & (lvef[i] != INT16_MIN);
            int32_t v = in ? lvef[i] : 0, second = (int32_t)sex[i];
            int32_t v1 = second ? v : 0, v0 = v - v1;
            n1 += in & second;
            n0 += in & !second;
            s0 += v0;
            s1 += v1;
            const int32_t square0 = v0 * v0, square1 = v1 * v1;
            q0 += square0;
            q1 += square1;
        }
        out[0].n += n0;
        out[1].n += n1;
        out[0].sum += s0;
        out[1].sum += s1;
        out[0].squares += q0;
        out[1].squares += q1;
    }
}

static double time_sqlite(void)
{
    sqlite3 *db;
    sqlite3_stmt *insert;
    sqlite3_open(":memory:", &db);
    sqlite3_exec(db,
        "CREATE TABLE t (age INTEGER, sex INTEGER, lvef INTEGER) STRICT;"
        "BEGIN",
        NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?, ?, ?)", -1, &insert, NULL);
    for (size_t i = 0; i < ROWS; i++) {
        sqlite3_bind_int(insert, 1, age[i]);
        sqlite3_bind_int(insert, 2, sex[i]);
        if (lvef[i] == INT16_MIN)
            sqlite3_bind_null(insert, 3);
        else
            sqlite3_bind_int(insert, 3, lvef[i]);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    double best = 1e18;
    for (int round = 0; round < 3; round++) {
        double start = now_ms();
        sqlite3_exec(db,
            "SELECT sex, count(lvef), sum(lvef), sum(lvef * lvef) FROM t"
            " WHERE age >= 50 GROUP BY sex",
            NULL, NULL, NULL);
        double elapsed = now_ms() - start;
        best = elapsed < best ? elapsed : best;
    }
    sqlite3_close(db);
    return best;
}

static double time_plan(
    const struct plan *plan, const struct rows *rows, int threads)
{
    struct contribution c;
    double start = now_ms();
    if (plan_contribute(plan, rows, threads, &c) != STATUS_OK)
        exit(1);
    double elapsed = now_ms() - start;
    contribution_fini(&c);
    return elapsed;
}

static double time_by_hand(struct group groups[2])
{
    double start = now_ms();
    by_hand(groups);
    return now_ms() - start;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

int main(void)
{
    static const char variables[] =
        "{\"id\":\"b\",\"variables\":[{\"name\":\"age\",\"type\":\"integer\","
        "\"min\":0,\"max\":120},{\"name\":\"sex\",\"type\":\"boolean\"},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":100}]}";
    static const char question[] =
        "{\"cohort\":\"age >= 50\",\"by\":[\"sex\"],\"analyses\":[{\"summary\":"
        "{\"variables\":[\"lvef\"]}}]}";
    struct dictionary *dictionary = NULL;
    struct query *query = NULL;
    struct plan *plan = NULL;
    struct diagnostic diagnostic;
    struct group groups[2];
    diagnostic_init(&diagnostic, "");
    if (keys_start() != STATUS_OK ||
        dictionary_parse(&dictionary, view_of_text(variables), &diagnostic) !=
            STATUS_OK ||
        query_parse(&query, view_of_text(question), dictionary, &diagnostic) !=
            STATUS_OK ||
        plan_create(&plan, query, dictionary, &diagnostic) != STATUS_OK)
        return 1;
    fill();
    const struct column columns[] = {{1, age}, {1, sex}, {2, lvef}};
    const struct rows rows = {
        .count = ROWS, .patient_count = ROWS, .columns = columns};
    /* In turns, so that whatever else the machine does meets all alike. */
    double hand = 1e18, one = 1e18, two = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        hand = least(hand, time_by_hand(groups));
        one = least(one, time_plan(plan, &rows, 1));
        two = least(two, time_plan(plan, &rows, 2));
    }
    struct contribution c;
    if (plan_contribute(plan, &rows, 1, &c) != STATUS_OK)
        return 1;
    for (int g = 0; g < 2; g++) {
        const int128 *cell =
            c.vector.elements + plan->segments[g].first + SEGMENT_HEAD;
        if (cell[CELL_ROWS] != groups[g].n || cell[CELL_SUM] != groups[g].sum ||
            cell[CELL_SQUARES] != groups[g].squares)
            return 1;
    }
    contribution_fini(&c);
    double sqlite = time_sqlite();
    printf("{\"rows\": %d, \"by_hand_ms\": %.2f, \"one_thread_ms\": %.2f, "
           "\"two_threads_ms\": %.2f, \"sqlite_ms\": %.0f, "
           "\"over_by_hand\": %.2f, \"sqlite_over\": %.0f}\n",
        ROWS, hand, one, two, sqlite, one / hand, sqlite / one);
    plan_destroy(plan);
    query_destroy(query);
    dictionary_destroy(dictionary);
    return 0;
}
