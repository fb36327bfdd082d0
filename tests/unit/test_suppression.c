/*
 * Complementary suppression against a reader who enumerates every table that is
 * consistent with what is shown and with every margin.
 */
#include "policy/disclosure.h"
#include "tests/unit/test.h"

#define CELLS_MAX 9

static struct limits limits_of(int64_t k)
{
    struct limits limits;
    limits_default(&limits);
    limits.min_cell = k;
    return limits;
}

struct reader {
    const uint64_t *people;
    const bool *hidden;
    size_t rows, columns;
    uint64_t guess[CELLS_MAX], low[CELLS_MAX], high[CELLS_MAX];
};

static uint64_t line_sum(
    const struct reader *r, const uint64_t *cells, bool row, size_t line)
{
    uint64_t sum = 0;
    size_t length = row ? r->columns : r->rows;
    for (size_t i = 0; i < length; i++)
        sum += cells[row ? line * r->columns + i : i * r->columns + line];
    return sum;
}

static bool consistent(const struct reader *r)
{
    for (size_t i = 0; i < r->rows; i++) {
        if (line_sum(r, r->guess, true, i) != line_sum(r, r->people, true, i))
            return false;
    }
    for (size_t i = 0; r->rows > 1 && i < r->columns; i++) {
        if (line_sum(r, r->guess, false, i) != line_sum(r, r->people, false, i))
            return false;
    }
    return true;
}

/* Every table: hidden cells from 0 to their row's total. */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the table has cells */
static void enumerate(struct reader *r, size_t cell)
{
    size_t cells = r->rows * r->columns;
    if (cell == cells) {
        if (!consistent(r))
            return;
        for (size_t i = 0; i < cells; i++) {
            if (r->guess[i] < r->low[i])
                r->low[i] = r->guess[i];
            if (r->guess[i] > r->high[i])
                r->high[i] = r->guess[i];
        }
        return;
    }
    if (!r->hidden[cell]) {
        r->guess[cell] = r->people[cell];
        enumerate(r, cell + 1);
        return;
    }
    uint64_t most = line_sum(r, r->people, true, cell / r->columns);
    for (uint64_t v = 0; v <= most; v++) {
        r->guess[cell] = v;
        enumerate(r, cell + 1);
    }
}

static void check_table(
    const uint64_t *people, size_t rows, size_t columns, uint64_t k)
{
    bool hidden[CELLS_MAX] = {false};
    struct limits limits = limits_of((int64_t)k);
    enum status status =
        disclosure_protect_table(people, rows, columns, &limits, hidden);
    if (status == STATUS_REFUSED)
        return; /* the whole table is withheld */
    assert_int_equal(status, STATUS_OK);
    struct reader reader = {
        .people = people, .hidden = hidden, .rows = rows, .columns = columns};
    memset(reader.low, 0xff, sizeof reader.low);
    enumerate(&reader, 0);
    uint64_t narrowest = UINT64_MAX;
    for (size_t i = 0; i < rows * columns; i++) {
        assert_true(hidden[i] || people[i] == 0 || people[i] >= k);
        if (!hidden[i])
            continue;
        assert_true(reader.high[i] - reader.low[i] >= k);
        if (reader.high[i] - reader.low[i] < narrowest)
            narrowest = reader.high[i] - reader.low[i];
    }
    /* The flows find the reader's own intervals. */
    assert_true(
        narrowest == disclosure_narrowest_range(people, rows, columns, hidden));
}

static void test_protect_table_no_reader_can_narrow_a_hidden_cell(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 300; round++) {
        uint64_t people[CELLS_MAX];
        size_t rows = 1 + (size_t)round % 2, columns = 2 + (size_t)round % 2;
        for (size_t i = 0; i < rows * columns; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            people[i] = (seed >> 40) % 7;
        }
        check_table(people, rows, columns, 3);
    }
}

static void test_protect_table_boundary_of_the_limit(void **state)
{
    (void)state;
    bool hidden[3] = {false};
    struct limits limits = limits_of(11);
    const uint64_t at[] = {11, 50, 0}, below[] = {10, 50, 90};
    assert_int_equal(
        disclosure_protect_table(at, 1, 3, &limits, hidden), STATUS_OK);
    assert_false(hidden[0] || hidden[1] || hidden[2]);
    assert_int_equal(
        disclosure_protect_table(below, 1, 3, &limits, hidden), STATUS_OK);
    assert_true(hidden[0] && hidden[1] && !hidden[2]);
}

static void test_protect_table_zeros_are_hidden_on_request(void **state)
{
    (void)state;
    bool hidden[3] = {false};
    struct limits limits = limits_of(11);
    const uint64_t people[] = {0, 50, 90};
    limits.hide_zeros = true;
    assert_int_equal(
        disclosure_protect_table(people, 1, 3, &limits, hidden), STATUS_OK);
    assert_true(hidden[0] && hidden[1]);
}

static void test_protect_table_all_small_is_refused(void **state)
{
    (void)state;
    bool hidden[3] = {false};
    struct limits limits = limits_of(11);
    const uint64_t people[] = {3, 4, 0};
    assert_int_equal(disclosure_protect_table(people, 1, 3, &limits, hidden),
        STATUS_REFUSED);
}

static void test_narrowest_range_of_a_single_hidden_cell_is_zero(void **state)
{
    (void)state;
    const uint64_t people[] = {3, 40, 50, 60};
    bool one[] = {true, false, false, false};
    bool none[] = {false, false, false, false};
    assert_true(disclosure_narrowest_range(people, 2, 2, one) == 0);
    assert_true(disclosure_narrowest_range(people, 2, 2, none) == UINT64_MAX);
}

/* The first small cell's row and column are hidden already; the others still
 * have neighbours. */
static void test_protect_table_widens_the_other_hidden_cells(void **state)
{
    (void)state;
    bool hidden[6] = {false};
    struct limits limits = limits_of(11);
    const uint64_t people[] = {10, 30, 40, 40, 0, 0};
    assert_int_equal(
        disclosure_protect_table(people, 3, 2, &limits, hidden), STATUS_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hidden[i], people[i] > 0);
    assert_true(disclosure_narrowest_range(people, 3, 2, hidden) >= 11);
}

/* A large cell that must not be shown takes another with it. */
static void test_protect_table_hides_what_it_is_told_to(void **state)
{
    (void)state;
    bool hidden[3] = {false, true, false};
    struct limits limits = limits_of(11);
    const uint64_t people[] = {30, 50, 90};
    assert_int_equal(
        disclosure_protect_table(people, 1, 3, &limits, hidden), STATUS_OK);
    assert_true(hidden[0] && hidden[1] && !hidden[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protect_table_no_reader_can_narrow_a_hidden_cell),
        cmocka_unit_test(test_protect_table_boundary_of_the_limit),
        cmocka_unit_test(test_protect_table_zeros_are_hidden_on_request),
        cmocka_unit_test(test_protect_table_all_small_is_refused),
        cmocka_unit_test(test_narrowest_range_of_a_single_hidden_cell_is_zero),
        cmocka_unit_test(test_protect_table_widens_the_other_hidden_cells),
        cmocka_unit_test(test_protect_table_hides_what_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
