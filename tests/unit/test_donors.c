/* Who lends a value to a row that has none. */
#include "protocol/analysis/donors.h"
#include "protocol/analysis/tally.h"

#include "sets_fixture.h"

#define ROWS 4000
#define KEYS 40
#define NUMBERS (ROWS + ROWS / 7 + 10) /* the last are erased */

static const char people[] =
    "{\"id\":\"people\",\"version\":1,\"variables\":["
    "{\"name\":\"sex\",\"type\":\"boolean\",\"entity\":\"patient\"},"
    "{\"name\":\"lvef\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":100},"
    "{\"name\":\"bsa\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":100}]}";
enum { SEX, LVEF, BSA, PEOPLE_COLUMNS };

/* Every third row has no LVEF, every fifth no BSA; each patient has two exams,
 * and every tenth one no sex. Numbers have gaps. */
static struct dictionary *dictionary;
static int8_t codes[PEOPLE_COLUMNS][ROWS] __attribute__((aligned(64)));
static uint32_t patients[ROWS];
static uint64_t numbers[ROWS];
static struct column columns[PEOPLE_COLUMNS];
static struct rows rows = {.count = ROWS,
    .patient_count = ROWS / 2,
    .patients = patients,
    .columns = columns};
static uint8_t key[DONOR_KEY_BYTES];
static struct donor_lot lot = {key, 1, NUMBERS, numbers};

static int setup(void **state)
{
    static struct table table;
    (void)state;
    table_create(&table, people, NULL, 0, NULL);
    dictionary = table.dictionary;
    for (size_t i = 0; i < ROWS; i++) {
        patients[i] = (uint32_t)(i / 2);
        numbers[i] = (i ^ 1) + (i ^ 1) / 7; /* not in order */
        codes[SEX][i] = (int8_t)(i / 2 % 10 == 0 ? INT8_MIN : i / 2 % 2);
        codes[LVEF][i] = (int8_t)(i % 3 == 0 ? INT8_MIN : i % 100);
        codes[BSA][i] = (int8_t)(i % 5 == 0 ? INT8_MIN : i % 100);
    }
    for (size_t v = 0; v < PEOPLE_COLUMNS; v++)
        columns[v] = (struct column){1, codes[v]};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dictionary_destroy(dictionary);
    return 0;
}

static struct donors *open_lot(const struct donor_lot *of)
{
    struct donors *donors;
    assert_int_equal(donors_create(&donors, &rows, dictionary, of), STATUS_OK);
    return donors;
}

static bool has(size_t column, size_t row)
{
    return codes[column][row] != INT8_MIN;
}

static void test_donors_are_the_same_and_have_a_value(void **state)
{
    struct donors *once = open_lot(&lot), *again = open_lot(&lot);
    (void)state;
    for (size_t i = 0; i < ROWS; i += 15) {
        const size_t donor = donors_find(once, LVEF, i);
        assert_true(has(LVEF, donor));
        assert_int_equal(donors_find(again, LVEF, i), donor);
    }
    donors_destroy(once);
    donors_destroy(again);
}

/* Of 1,000 rows about one has the same donor by chance. */
static size_t same_donors(const struct donor_lot *other, size_t column)
{
    struct donors *a = open_lot(&lot), *b = open_lot(other);
    size_t same = 0;
    for (size_t i = 0; i < ROWS; i += 15)
        same += donors_find(a, LVEF, i) == donors_find(b, column, i);
    donors_destroy(a);
    donors_destroy(b);
    return same;
}

static void test_donors_differ_by_key_freeze_and_variable(void **state)
{
    static const uint8_t other_key[DONOR_KEY_BYTES] = {1};
    const struct donor_lot of_key = {other_key, 1, NUMBERS, numbers};
    const struct donor_lot of_freeze = {key, 2, NUMBERS, numbers};
    (void)state;
    assert_int_equal(same_donors(&lot, LVEF), (ROWS + 14) / 15);
    assert_true(same_donors(&of_key, LVEF) < 5);
    assert_true(same_donors(&of_freeze, LVEF) < 5);
    assert_true(same_donors(&lot, BSA) < 5);
}

/* Chi-squared of where donors stand, in twenty bins of rows with a value: its
 * 0.9999 quantile at 19 degrees of freedom is 50.8. */
static void test_donors_are_drawn_uniformly(void **state)
{
    enum { BINS = 20 };
    double found[BINS] = {0}, there[BINS] = {0}, all = 0, holders = 0, chi = 0;
    (void)state;
    for (uint8_t k = 0; k < KEYS; k++) {
        uint8_t changed[DONOR_KEY_BYTES] = {k};
        const struct donor_lot of = {changed, 1, NUMBERS, numbers};
        struct donors *donors = open_lot(&of);
        for (size_t i = 0; i < ROWS; i += 30) {
            found[donors_find(donors, LVEF, i) * BINS / ROWS]++;
            all++;
        }
        donors_destroy(donors);
    }
    for (size_t i = 0; i < ROWS; i++) {
        there[i * BINS / ROWS] += has(LVEF, i);
        holders += has(LVEF, i);
    }
    for (size_t b = 0; b < BINS; b++) {
        const double expected = all * there[b] / holders;
        chi += (found[b] - expected) * (found[b] - expected) / expected;
    }
    assert_true(chi < 50.8);
    assert_true(chi > 3);
}

static void test_donors_of_a_patients_variable_are_his(void **state)
{
    struct donors *donors = open_lot(&lot);
    (void)state;
    for (size_t i = 0; i < ROWS; i += 20) {
        assert_false(has(SEX, i));
        const size_t donor = donors_find(donors, SEX, i);
        assert_true(has(SEX, donor));
        assert_int_equal(donors_find(donors, SEX, i + 1), donor);
    }
    donors_destroy(donors);
}

/* Rows that come or go elsewhere change nobody's donor. */
static void test_donors_stay_when_other_rows_go(void **state)
{
    struct donors *donors = open_lot(&lot);
    size_t donor_of[ROWS], changed = 0;
    (void)state;
    for (size_t i = 0; i < ROWS; i += 3)
        donor_of[i] = donors_find(donors, LVEF, i);
    codes[LVEF][1] = INT8_MIN;
    codes[LVEF][2] = INT8_MIN;
    for (size_t i = 0; i < ROWS; i += 3) {
        const size_t donor = donors_find(donors, LVEF, i);
        if (donor_of[i] == 1 || donor_of[i] == 2)
            changed++;
        else
            assert_int_equal(donor, donor_of[i]);
    }
    assert_true(changed < 10);
    codes[LVEF][1] = 1;
    codes[LVEF][2] = 2;
    donors_destroy(donors);
}

static void test_donors_are_found_where_few_or_none_have_a_value(void **state)
{
    static int8_t rare[ROWS] __attribute__((aligned(64)));
    struct donors *donors = open_lot(&lot);
    (void)state;
    memset(rare, INT8_MIN, sizeof rare);
    columns[BSA].data = rare;
    assert_true(donors_find(donors, BSA, 0) == SIZE_MAX);
    rare[1234] = 7;
    assert_int_equal(donors_find(donors, BSA, 0), 1234);
    assert_int_equal(donors_find(donors, BSA, 3999), 1234);
    columns[BSA] = (struct column){0}; /* no data at all */
    assert_true(donors_find(donors, BSA, 0) == SIZE_MAX);
    columns[BSA] = (struct column){1, codes[BSA]};
    donors_destroy(donors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_donors_are_the_same_and_have_a_value),
        cmocka_unit_test(test_donors_differ_by_key_freeze_and_variable),
        cmocka_unit_test(test_donors_are_drawn_uniformly),
        cmocka_unit_test(test_donors_of_a_patients_variable_are_his),
        cmocka_unit_test(test_donors_stay_when_other_rows_go),
        cmocka_unit_test(test_donors_are_found_where_few_or_none_have_a_value),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
