/*
 * The scan against a naive reference: row by row, with cohort_contains, for
 * random rows, both units, several threads, and any split of the patients.
 */
#include "protocol/analysis/plan.h"
#include "protocol/wire/keys.h"
#include "tests/unit/test.h"

enum { AGE, LVEF, VOLUME, SEX, MI, VARIABLES };
#define ROWS 40000

static struct dictionary *dictionary;
static int32_t (*table)[VARIABLES];
static uint32_t *patients;
static size_t row_count;

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33) % below;
}

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":-20,"
        "\"max\":100},"
        "{\"name\":\"volume\",\"type\":\"integer\",\"min\":-2000000000,"
        "\"max\":2000000000},"
        "{\"name\":\"sex\",\"type\":\"category\",\"categories\":[{\"code\":"
        "\"F\"},{\"code\":\"M\"},{\"code\":\"X\"}]},"
        "{\"name\":\"mi\",\"type\":\"boolean\"}]}";
    struct diagnostic diagnostic;
    uint64_t seed = 42;
    (void)state;
    diagnostic_init(&diagnostic, "t");
    if (keys_start() != STATUS_OK ||
        dictionary_parse(&dictionary, view_of_text(text), &diagnostic) !=
            STATUS_OK)
        return -1;
    table = calloc(ROWS, sizeof *table);
    patients = calloc(ROWS, sizeof *patients);
    row_count = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        patients[i] = i == 0 ? 0 : patients[i - 1] + (draw(&seed, 3) > 0);
        table[i][AGE] = (int32_t)draw(&seed, 121);
        table[i][LVEF] = (int32_t)draw(&seed, 1201) - 200;
        table[i][VOLUME] = (int32_t)draw(&seed, 2000000000) - 1000000000;
        table[i][SEX] = (int32_t)draw(&seed, 3);
        table[i][MI] = (int32_t)draw(&seed, 2);
        for (size_t v = 0; v < VARIABLES; v++) {
            if (draw(&seed, 20) == 0)
                table[i][v] = VALUE_MISSING;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(table);
    free(patients);
    dictionary_destroy(dictionary);
    return 0;
}

/* rows first..end as columns; the caller frees with free_rows */
static struct rows make_rows(size_t first, size_t end, bool with_patients)
{
    struct column *columns = calloc(VARIABLES, sizeof *columns);
    size_t count = end - first;
    for (size_t v = 0; v < VARIABLES; v++) {
        int width = dictionary->variables[v].width;
        void *data = aligned_alloc(64, (count * (size_t)width + 127) / 64 * 64);
        for (size_t i = 0; i < count; i++) {
            int32_t code = table[first + i][v];
            bool missing = code == VALUE_MISSING;
            if (width == 1)
                ((int8_t *)data)[i] = (int8_t)(missing ? INT8_MIN : code);
            else if (width == 2)
                ((int16_t *)data)[i] = (int16_t)(missing ? INT16_MIN : code);
            else
                ((int32_t *)data)[i] = code;
        }
        columns[v] = (struct column){width, data};
    }
    size_t people = count;
    for (size_t i = first + 1; with_patients && i < end; i++)
        people -= patients[i] == patients[i - 1];
    return (struct rows){.count = count,
        .patient_count = people,
        .patients = with_patients ? patients + first : NULL,
        .columns = columns};
}

static void free_rows(struct rows *rows)
{
    for (size_t v = 0; v < VARIABLES; v++)
        free((void *)rows->columns[v].data);
    free((void *)rows->columns);
}

struct asking {
    struct query *query;
    struct plan *plan;
};

static struct asking ask(const char *unit)
{
    struct asking asking = {NULL, NULL};
    struct diagnostic diagnostic;
    char text[1024];
    snprintf(text, sizeof text,
        "{\"cohort\":\"age between 20 and 90 and (lvef >= 30 or mi) and not "
        "volume is missing\",\"unit\":\"%s\",\"by\":[\"sex\"],\"analyses\":["
        "{\"count\":{}},{\"summary\":{\"variables\":[\"age\",\"lvef\","
        "\"volume\",\"mi\"]}},{\"frequency\":{\"variable\":\"mi\"}},"
        "{\"crosstab\":{\"rows\":\"sex\",\"columns\":\"mi\"}},"
        "{\"histogram\":{\"variable\":\"lvef\",\"width\":10}},"
        "{\"quantile\":{\"variable\":\"age\",\"probs\":[0.5]}}]}",
        unit);
    diagnostic_init(&diagnostic, "q");
    if (query_parse(&asking.query, view_of_text(text), dictionary,
            &diagnostic) != STATUS_OK ||
        plan_create(&asking.plan, asking.query, dictionary, &diagnostic) !=
            STATUS_OK)
        fail_msg("%s", diagnostic.message);
    return asking;
}

static void unask(struct asking *asking)
{
    plan_destroy(asking->plan);
    query_destroy(asking->query);
}

/* n, people, sum and squares of one variable at one level of sex */
struct naive {
    int64_t rows, people, n;
    int128 sum, squares;
};

static struct naive count_naively(
    const struct query *query, size_t variable, int32_t sex)
{
    struct naive naive = {0};
    int64_t last_taken = -1, last_level = -1;
    for (size_t i = 0; i < row_count; i++) {
        if (!cohort_contains(query->cohort, table[i]))
            continue;
        if (query->unit == UNIT_PATIENT) {
            bool again = last_taken == patients[i];
            last_taken = patients[i];
            if (again)
                continue;
        }
        if (table[i][SEX] != sex)
            continue;
        naive.rows++;
        naive.people += last_level != patients[i];
        last_level = patients[i];
        int32_t code = table[i][variable];
        if (code == VALUE_MISSING)
            continue;
        naive.n++;
        naive.sum += code;
        naive.squares += (int128)code * code;
    }
    return naive;
}

static void check_against_naive(const char *unit, int threads)
{
    struct asking asking = ask(unit);
    struct rows rows = make_rows(0, row_count, true);
    struct contribution c;
    static const size_t variables[] = {AGE, LVEF, VOLUME, MI};
    assert_int_equal(
        plan_contribute(asking.plan, &rows, threads, &c), STATUS_OK);
    for (size_t level = 0; level < 3; level++) {
        for (size_t v = 0; v < 4; v++) {
            struct naive naive =
                count_naively(asking.query, variables[v], (int32_t)level);
            const struct segment *segment = &asking.plan->segments[3 + level];
            const int128 *at = c.vector.elements + segment->first;
            const int128 *cell = at + SEGMENT_HEAD + v * MOMENTS_CELL;
            assert_true(at[HEAD_ROWS] == naive.rows);
            assert_true(at[HEAD_PEOPLE] == naive.people);
            assert_true(cell[CELL_ROWS] == naive.n);
            assert_true(cell[CELL_SUM] == naive.sum);
            assert_true(cell[CELL_SQUARES] == naive.squares);
        }
    }
    assert_int_equal(plan_check_vector(asking.plan, &c.vector), STATUS_OK);
    contribution_fini(&c);
    free_rows(&rows);
    unask(&asking);
}

static void test_plan_contribute_equals_row_by_row(void **state)
{
    (void)state;
    check_against_naive("exam", 1);
    check_against_naive("patient", 1);
    check_against_naive("exam", 3);
    check_against_naive("patient", 4);
}

/* What so many centers' contributions add up to, said as one center's. */
static struct vector sum_of_parts(const struct asking *asking, size_t parts)
{
    struct vector sum;
    size_t first = 0;
    assert_int_equal(vector_init(&sum, asking->plan->vector_length), STATUS_OK);
    for (size_t p = 0; p < parts; p++) {
        size_t end = p + 1 == parts ? row_count : row_count / parts * (p + 1);
        while (end < row_count && patients[end] == patients[end - 1])
            end++;
        struct rows rows = make_rows(first, end, true);
        struct contribution c;
        assert_int_equal(
            plan_contribute(asking->plan, &rows, 1, &c), STATUS_OK);
        assert_int_equal(vector_add(&sum, &c.vector), STATUS_OK);
        contribution_fini(&c);
        free_rows(&rows);
        first = end;
    }
    for (size_t i = 0; i < asking->plan->segment_count; i++) {
        size_t head = asking->plan->segments[i].first;
        assert_true(sum.elements[head + HEAD_RELEASED] == (int128)parts);
        sum.elements[head + HEAD_RELEASED] = 1;
    }
    return sum;
}

static void test_plan_contribute_any_split_gives_the_same_sum(void **state)
{
    (void)state;
    static const char *const units[] = {"exam", "patient"};
    for (size_t u = 0; u < 2; u++) {
        struct asking asking = ask(units[u]);
        struct rows all = make_rows(0, row_count, true);
        struct contribution whole;
        assert_int_equal(
            plan_contribute(asking.plan, &all, 1, &whole), STATUS_OK);
        for (size_t parts = 2; parts <= 13; parts += 11) {
            struct vector sum = sum_of_parts(&asking, parts);
            assert_memory_equal(sum.elements, whole.vector.elements,
                sum.length * sizeof(int128));
            vector_fini(&sum);
        }
        contribution_fini(&whole);
        free_rows(&all);
        unask(&asking);
    }
}

static void test_plan_check_vector_tampered_is_out_of_range(void **state)
{
    (void)state;
    struct asking asking = ask("exam");
    struct rows rows = make_rows(0, 1000, true);
    struct contribution c;
    assert_int_equal(plan_contribute(asking.plan, &rows, 1, &c), STATUS_OK);
    for (size_t i = 0; i < c.vector.length; i++) {
        int128 kept = c.vector.elements[i];
        c.vector.elements[i] = (int128)1 << 126;
        assert_int_equal(
            plan_check_vector(asking.plan, &c.vector), STATUS_OUT_OF_RANGE);
        c.vector.elements[i] = -((int128)1 << 126);
        assert_int_equal(
            plan_check_vector(asking.plan, &c.vector), STATUS_OUT_OF_RANGE);
        c.vector.elements[i] = kept;
    }
    assert_int_equal(plan_check_vector(asking.plan, &c.vector), STATUS_OK);
    contribution_fini(&c);
    free_rows(&rows);
    unask(&asking);
}

static void test_int128_ratio_is_within_one_last_place(void **state)
{
    (void)state;
    assert_true(int128_ratio(1, 3) == 1.0 / 3.0);
    assert_true(int128_ratio(-7, 2) == -3.5);
    assert_true(int128_ratio(0, 5) == 0.0);
    assert_true(int128_ratio((int128)1 << 100, (int128)1 << 99) == 2.0);
    uint64_t seed = 9;
    for (int i = 0; i < 100000; i++) {
        int64_t a = draw(&seed, 1U << 31), b = draw(&seed, 1U << 31) + 1;
        double exact = (double)a / (double)b;
        assert_true(int128_ratio(a, b) == exact);
    }
}

static void test_vector_decode_wrong_length_is_malformed(void **state)
{
    (void)state;
    uint8_t bytes[33] = {0};
    struct vector vector;
    assert_int_equal(
        vector_decode(&vector, 2, (struct view){bytes, 33}), STATUS_MALFORMED);
    assert_int_equal(
        vector_decode(&vector, 1, (struct view){bytes, 32}), STATUS_MALFORMED);
    assert_int_equal(
        vector_decode(&vector, 2, (struct view){bytes, 32}), STATUS_OK);
    vector_fini(&vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_contribute_equals_row_by_row),
        cmocka_unit_test(test_plan_contribute_any_split_gives_the_same_sum),
        cmocka_unit_test(test_plan_check_vector_tampered_is_out_of_range),
        cmocka_unit_test(test_int128_ratio_is_within_one_last_place),
        cmocka_unit_test(test_vector_decode_wrong_length_is_malformed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
