/* Cells of tables that were told hide cells of later ones. */
#include "coordinator/cells.h"

#include "sets_fixture.h"

static struct table table;

static int setup(void **state)
{
    (void)state;
    chance_create(&table);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    table_destroy(&table);
    return 0;
}

/* A question of one set, held against at most one. */
struct one {
    struct asked asked;
    struct sets *sets;
    struct weighing_question weighing;
    struct instruction instruction;
    struct vector weights, sum;
    int64_t sequence;
    struct weighed_cells cells;
};

/* In people: what the set weighs, the one before it, and both. */
static void one_init(struct one *one, const char *analysis, size_t remembered,
    const int64_t *people)
{
    char query[256];
    *one = (struct one){.sequence = 7};
    snprintf(query, sizeof query, "{\"analyses\":[%s]}", analysis);
    ask(&one->asked, &table, query, 2);
    assert_int_equal(sets_create(&one->sets, one->asked.plan), STATUS_OK);
    struct weighing_question *weighing = &one->weighing;
    weighing->people = 11;
    weighing->shape = (struct weighing_shape){remembered, one->sets->count};
    assert_int_equal(
        vector_init(&one->weights, weighing_length(&weighing->shape)),
        STATUS_OK);
    int128 *weights = one->weights.elements;
    weights[weighing_weight(&weighing->shape, 0)] =
        people[0] * (int128)WEIGHING_UNIT;
    if (remembered > 0) {
        weights[weighing_now(&weighing->shape, 0)] =
            people[1] * (int128)WEIGHING_UNIT;
        weights[weighing_shared(&weighing->shape, 0, 0)] =
            people[2] * (int128)WEIGHING_UNIT;
    }
    weighing->weights = weights;
    assert_int_equal(
        instruction_init(&one->instruction, one->sets->count), STATUS_OK);
    one->instruction.sets[0].answer = WEIGHED_EXACT;
    one->instruction.sets[0].is_new = remembered == 0;
    assert_int_equal(
        vector_init(&one->sum, one->asked.plan->vector_length), STATUS_OK);
    one->cells = (struct weighed_cells){.sets = one->sets,
        .weighing = weighing,
        .instruction = &one->instruction,
        .sequences = &one->sequence,
        .sum = &one->sum};
}

static void one_fini(struct one *one)
{
    vector_fini(&one->sum);
    vector_fini(&one->weights);
    instruction_fini(&one->instruction);
    sets_destroy(one->sets);
    asked_destroy(&one->asked);
}

static size_t element(const struct one *one, size_t row, size_t column)
{
    const struct table_shape *at = &one->asked.plan->shapes[0].tables[0];
    return one->asked.plan->segments[0].first + at->first +
           (row * at->columns + column) * COUNTS_CELL;
}

static void set_people(
    struct one *one, size_t row, size_t column, int64_t people)
{
    one->sum.elements[element(one, row, column) + CELL_PEOPLE] = people;
}

/* The first table: of 300 people, sequence 7. */
static void tell_first(const char *analysis, struct cells *cells)
{
    struct one one;
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    one_init(&one, analysis, 0, (const int64_t[]){300});
    set_people(&one, 0, 0, 100);
    set_people(&one, 0, 1, 120);
    one.sum.elements[element(&one, 0, 2) + CELL_WITHHELD] = 1;
    assert_int_equal(cells_write(&one.cells, 7, &bytes), STATUS_OK);
    assert_int_equal(cells_take(cells, buffer_view(&bytes)), STATUS_OK);
    buffer_fini(&bytes);
    one_fini(&one);
}

static bool hides(
    const struct cells *cells, const struct one *one, size_t row, size_t column)
{
    uint8_t *hidden = calloc(one->asked.plan->vector_length, 1);
    assert_non_null(hidden);
    assert_int_equal(cells_hide(cells, &one->cells, hidden), STATUS_OK);
    const bool hides = hidden[element(one, row, column)] != 0;
    free(hidden);
    return hides;
}

#define GROUPS "{\"frequency\":{\"variable\":\"group\"}}"

static void test_a_cell_of_the_rest_is_hidden(void **state)
{
    struct cells cells = {0};
    struct one one;
    (void)state;
    tell_first(GROUPS, &cells);
    one_init(&one, GROUPS, 1, (const int64_t[]){250, 300, 250});
    for (int64_t less = 0; less < 14; less++) {
        set_people(&one, 0, 0, 100 - less);
        assert_int_equal(hides(&cells, &one, 0, 0), less > 0 && less < 11);
    }
    /* what was not told of the first table is no figure to subtract */
    set_people(&one, 0, 2, 3);
    assert_false(hides(&cells, &one, 0, 2));
    one_fini(&one);
    cells_fini(&cells);
}

static void test_tables_of_other_people_hide_nothing(void **state)
{
    struct cells cells = {0};
    struct one one;
    (void)state;
    tell_first(GROUPS, &cells);
    one_init(&one, GROUPS, 1, (const int64_t[]){250, 300, 150});
    set_people(&one, 0, 0, 95);
    assert_false(hides(&cells, &one, 0, 0));
    one_fini(&one);
    one_init(&one, "{\"frequency\":{\"variable\":\"site\"}}", 1,
        (const int64_t[]){250, 300, 250});
    set_people(&one, 0, 0, 95);
    assert_false(hides(&cells, &one, 0, 0));
    one_fini(&one);
    cells_fini(&cells);
}

/* Also where a later table lies between. */
static void test_the_same_table_is_told_as_it_was(void **state)
{
    struct cells cells = {0};
    struct one one;
    (void)state;
    tell_first(GROUPS, &cells);
    one_init(&one, GROUPS, 1, (const int64_t[]){300, 300, 300});
    set_people(&one, 0, 0, 95);
    set_people(&one, 0, 2, 80);
    assert_false(hides(&cells, &one, 0, 0));
    assert_true(hides(&cells, &one, 0, 2));
    one_fini(&one);
    cells_fini(&cells);
}

static void test_rows_for_columns_are_the_same_cells(void **state)
{
    struct cells cells = {0};
    struct one one;
    (void)state;
    tell_first(
        "{\"crosstab\":{\"rows\":\"site\",\"columns\":\"group\"}}", &cells);
    one_init(&one, "{\"crosstab\":{\"rows\":\"group\",\"columns\":\"site\"}}",
        1, (const int64_t[]){250, 300, 250});
    set_people(&one, 1, 0, 115);
    set_people(&one, 0, 1, 115);
    assert_true(hides(&cells, &one, 1, 0));
    assert_false(hides(&cells, &one, 0, 1));
    one_fini(&one);
    cells_fini(&cells);
}

static void test_half_a_cell_is_corrupt(void **state)
{
    struct cells cells = {0};
    const uint8_t bytes[50] = {0};
    (void)state;
    assert_int_equal(
        cells_take(&cells, (struct view){bytes, 47}), STATUS_CORRUPT);
    assert_int_equal(cells.count, 0);
    cells_fini(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cell_of_the_rest_is_hidden),
        cmocka_unit_test(test_tables_of_other_people_hide_nothing),
        cmocka_unit_test(test_the_same_table_is_told_as_it_was),
        cmocka_unit_test(test_rows_for_columns_are_the_same_cells),
        cmocka_unit_test(test_half_a_cell_is_corrupt),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
