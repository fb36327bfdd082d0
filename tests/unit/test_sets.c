/* Which sets of rows a question tells figures of. */
#include "protocol/analysis/mask.h"
#include "protocol/analysis/row_bits.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

#include "sets_fixture.h"

static struct table table;
static struct chance_rows center;

static int setup(void **state)
{
    (void)state;
    chance_create(&table);
    chance_rows_init(&center, &table);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    chance_rows_fini(&center);
    table_destroy(&table);
    return 0;
}

/* A question, its sets, the rows of each, and what the center answers. */
struct whole {
    struct asked asked;
    struct contribution own;
    struct sets *sets;
    uint8_t *masks;
};

static void whole_init(
    struct whole *whole, const char *question, const char *rest)
{
    char query[1024];
    snprintf(query, sizeof query, "{%s\"analyses\":[%s]}", rest, question);
    ask(&whole->asked, &table, query, 2);
    const struct plan *plan = whole->asked.plan;
    assert_int_equal(
        plan_contribute(plan, &center.rows, 1, &whole->own), STATUS_OK);
    assert_int_equal(sets_create(&whole->sets, plan), STATUS_OK);
    whole->masks = malloc(whole->sets->count * CHANCE_ROWS);
    assert_non_null(whole->masks);
    for (size_t i = 0; i < whole->sets->count; i++) {
        assert_int_equal(sets_mark(whole->sets, &center.rows, i,
                             whole->masks + i * CHANCE_ROWS),
            STATUS_OK);
    }
}

static void whole_fini(struct whole *whole)
{
    free(whole->masks);
    sets_destroy(whole->sets);
    contribution_fini(&whole->own);
    asked_destroy(&whole->asked);
}

static const uint8_t *mask_of(const struct whole *whole, size_t set)
{
    return whole->masks + set * CHANCE_ROWS;
}

/* Of pairs, how many pairs. */
static int64_t rows_in(const struct whole *whole, size_t set)
{
    const int64_t rows = (int64_t)mask_count(mask_of(whole, set), CHANCE_ROWS);
    return whole->sets->list[set].of_pairs ? rows / 2 : rows;
}

/* Rows of the cells within elements first .. first + count - 1 of a table;
 * *tables: how many tables have one. */
static int64_t rows_between(const struct shape *shape, const int128 *elements,
    size_t first, size_t count, size_t *tables)
{
    int64_t rows = 0;
    *tables = 0;
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *at = &shape->tables[t];
        const size_t length = table_cell_length(at);
        size_t cells = 0;
        for (size_t i = 0; i < at->rows * at->columns; i++) {
            const size_t cell = at->first + i * length;
            if (cell < first || cell + CELL_ROWS >= first + count)
                continue;
            cells++;
            if (at->of_means && i % at->columns > 0) /* of the same rows */
                assert_true(elements[cell + CELL_ROWS] ==
                            elements[cell - length + CELL_ROWS]);
            else
                rows += (int64_t)elements[cell + CELL_ROWS];
        }
        *tables += cells > 0;
    }
    return rows;
}

/* Parts that answer the same elements are of other rows each. */
static void check_segment(const struct whole *whole, size_t index)
{
    const struct sets *sets = whole->sets;
    const struct plan *plan = whole->asked.plan;
    const struct segment *segment = &plan->segments[index];
    const struct shape *shape = &plan->shapes[segment->analysis];
    const int128 *elements = whole->own.vector.elements + segment->first;
    size_t answered = 0;
    assert_int_equal(rows_in(whole, sets_of_level(sets, segment->level)),
        elements[HEAD_ROWS]);
    for (size_t p = sets->first_part[index]; p < sets->first_part[index + 1];
         p++) {
        const struct set_part *part = &sets->parts[p];
        int64_t rows = 0;
        bool is_new = true;
        size_t tables;
        if (part->count == 0)
            continue;
        assert_false(sets->list[part->set].weighed_only);
        for (size_t q = sets->first_part[index];
             q < sets->first_part[index + 1]; q++) {
            const struct set_part *other = &sets->parts[q];
            const bool same =
                other->first == part->first && other->count == part->count;
            rows += same ? rows_in(whole, other->set) : 0;
            is_new = is_new && !(same && q < p);
        }
        answered += is_new ? part->count : 0;
        const int64_t found =
            rows_between(shape, elements, part->first, part->count, &tables);
        if (tables == 0)
            assert_int_equal(elements[part->first], rows);
        else
            assert_int_equal(found, rows * (int64_t)tables);
    }
    assert_int_equal(answered, shape->length - SEGMENT_HEAD);
}

static void check(const char *question, const char *rest)
{
    struct whole whole;
    whole_init(&whole, question, rest);
    for (size_t i = 0; i < whole.asked.plan->segment_count; i++)
        check_segment(&whole, i);
    whole_fini(&whole);
}

static void test_every_analysis_uses_the_rows_of_its_sets(void **state)
{
    (void)state;
    bool asked[64] = {false};
    for (size_t q = 0; q < chance_question_count; q++) {
        struct whole whole;
        check(chance_questions[q], "");
        check(chance_questions[q], "\"unit\":\"exam\",");
        check(chance_questions[q], "\"cohort\":\"x >= 2\",\"by\":[\"site\"],");
        whole_init(&whole, chance_questions[q], "");
        for (size_t k = 0; k < analysis_catalogue_count; k++)
            asked[k] |=
                whole.asked.plan->analyses[0].kind == analysis_catalogue[k];
        whole_fini(&whole);
    }
    for (size_t k = 0; k < analysis_catalogue_count; k++)
        assert_true(asked[k]);
    check("{\"t_test\":{\"paired\":true,\"variables\":[\"wide\"]}}",
        "\"unit\":\"exam\",");
}

static void test_sets_stand_in_order_and_once(void **state)
{
    struct whole whole;
    (void)state;
    whole_init(&whole,
        "{\"summary\":{\"variables\":[\"x\",\"event\"]}},"
        "{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5]}},"
        "{\"frequency\":{\"variable\":\"site\"}}",
        "\"by\":[\"site\"],");
    const struct sets *sets = whole.sets;
    /* all, two sites, no site; of each site x, of each event */
    assert_int_equal(sets->count, 1 + 2 + 1 + 2 * 2);
    assert_int_equal(sets->list[0].level, SET_WHOLE);
    assert_int_equal(sets->list[1].level, 0);
    assert_int_equal(sets->list[2].level, 1);
    assert_int_equal(sets->list[3].level, SET_BY_MISSING);
    assert_int_equal(sets_of_level(sets, 1), 2);
    assert_int_equal(sets->list[4].known[0], CHANCE_X);
    assert_int_equal(sets->list[5].known[0], CHANCE_EVENT);
    assert_int_equal(rows_in(&whole, 0),
        rows_in(&whole, 1) + rows_in(&whole, 2) + rows_in(&whole, 3));
    /* the quantile of the first site is of the rows of the summary's x */
    assert_int_equal(sets->parts[sets->first_part[2]].set, 4);
    /* a table that counts missing values is of the level */
    assert_int_equal(sets->parts[sets->first_part[5]].set, 2);
    whole_fini(&whole);
}

static void test_sets_of_a_model_weigh_levels_only(void **state)
{
    struct whole whole;
    (void)state;
    whole_init(&whole,
        "{\"lm\":{\"formula\":\"x ~ group\"}},"
        "{\"t_test\":{\"formula\":\"x ~ site\"}},"
        "{\"lm\":{\"formula\":\"x ~ site\"}}",
        "");
    const struct sets *sets = whole.sets;
    /* all; x and group known, three groups; two sites of x; x and site known */
    assert_int_equal(sets->count, 1 + 1 + 3 + 2 + 1);
    assert_false(sets->list[1].weighed_only);
    for (size_t i = 2; i < 5; i++) {
        assert_true(sets->list[i].weighed_only);
        assert_int_equal(sets->list[i].codes[0].column, CHANCE_GROUP);
        assert_int_equal(sets->list[i].codes[0].code, (int32_t)i - 2);
    }
    /* the second model weighs what the test tells */
    assert_false(sets->list[5].weighed_only);
    assert_int_equal(sets->first_part[3] - sets->first_part[2], 3);
    assert_int_equal(sets->parts[sets->first_part[2] + 1].set, 5);
    assert_int_equal(sets->parts[sets->first_part[2] + 1].count, 0);
    whole_fini(&whole);
}

/* Both sides of a cut. */
static void test_sets_of_a_cut_are_weighed(void **state)
{
    struct whole whole;
    (void)state;
    whole_init(&whole, "{\"lm\":{\"formula\":\"x ~ I(wide >= 0)\"}}", "");
    const struct sets *sets = whole.sets;
    assert_int_equal(sets->count, 1 + 1 + 2);
    for (size_t i = 2; i < 4; i++) {
        assert_true(sets->list[i].weighed_only);
        assert_true(rows_in(&whole, i) > 0);
        assert_int_equal(sets->list[i].codes[0].code, i == 2 ? -20000 : 0);
        assert_int_equal(sets->list[i].codes[0].last, i == 2 ? -1 : 20000);
    }
    assert_int_equal(
        rows_in(&whole, 1), rows_in(&whole, 2) + rows_in(&whole, 3));
    whole_fini(&whole);
}

/* ---- weights ---- */

/* One by one, as the definition has it. */
static int64_t weigh_plainly(const uint8_t *a, const uint8_t *b)
{
    int64_t weight = 0;
    for (size_t i = 0; i < CHANCE_ROWS; i++) {
        int64_t exams = 0;
        for (size_t k = 0; k < CHANCE_ROWS; k++)
            exams += table.patients[k] == table.patients[i];
        weight += a[i] != 0 && b[i] != 0 ? ROW_WEIGHT_UNIT / exams : 0;
    }
    return weight;
}

static void test_row_bits_weigh_a_patient_once(void **state)
{
    struct whole whole;
    struct row_order order;
    (void)state;
    whole_init(&whole, "{\"summary\":{\"variables\":[\"x\",\"wide\"]}}",
        "\"unit\":\"exam\",\"by\":[\"group\"],");
    assert_int_equal(row_order_init(&order, &center.rows), STATUS_OK);
    uint64_t *bits = calloc(2 * order.word_count, sizeof *bits);
    int16_t *counts = calloc(CHANCE_ROWS, sizeof *counts);
    assert_non_null(bits);
    assert_non_null(counts);
    uint64_t *others = bits + order.word_count;
    row_bits_set(&order, mask_of(&whole, 0), bits);
    assert_int_equal(row_bits_weigh(&order, bits),
        (int64_t)center.rows.patient_count * ROW_WEIGHT_UNIT);
    for (size_t i = 1; i < whole.sets->count; i++) {
        const uint8_t *mask = mask_of(&whole, i);
        row_bits_set(&order, mask, others);
        assert_int_equal(
            row_bits_weigh(&order, others), weigh_plainly(mask, mask));
        row_bits_set(&order, mask_of(&whole, i - 1), bits);
        assert_int_equal(row_bits_weigh_common(&order, bits, others),
            weigh_plainly(mask, mask_of(&whole, i - 1)));
        row_bits_add(&order, others, -3, counts);
        for (size_t row = 0; row < CHANCE_ROWS; row++)
            assert_int_equal(counts[row], mask[row] != 0 ? -3 : 0);
        row_bits_add(&order, others, 3, counts);
    }
    free(bits);
    free(counts);
    row_order_fini(&order);
    whole_fini(&whole);
}

static void test_row_bits_of_no_rows_or_many_exams(void **state)
{
    enum { EXAMS = 130 };
    static const uint32_t patients[EXAMS]; /* of one patient */
    static uint8_t mask[EXAMS];
    const struct rows none = {.count = 0};
    const struct rows one = {
        .count = EXAMS, .patient_count = 1, .patients = patients};
    const struct rows all = {.count = EXAMS, .patient_count = EXAMS};
    struct row_order order;
    uint64_t words[EXAMS];
    (void)state;
    memset(mask, 0xFF, sizeof mask);
    assert_int_equal(row_order_init(&order, &none), STATUS_OK);
    assert_int_equal(row_bits_weigh(&order, words), 0);
    row_order_fini(&order);
    assert_int_equal(row_order_init(&order, &one), STATUS_OK);
    row_bits_set(&order, mask, words);
    assert_int_equal(row_bits_weigh(&order, words),
        (int64_t)EXAMS * (ROW_WEIGHT_UNIT / EXAMS));
    row_order_fini(&order);
    assert_int_equal(row_order_init(&order, &all), STATUS_OK);
    row_bits_set(&order, mask, words);
    assert_int_equal(
        row_bits_weigh(&order, words), (int64_t)EXAMS * ROW_WEIGHT_UNIT);
    row_order_fini(&order);
}

static void test_cohort_and_levels_stand_first(void **state)
{
    (void)state;
    struct whole whole;
    whole_init(&whole, "{\"summary\":{\"variables\":[\"x\"]}}", "");
    assert_int_equal(sets_head_count(whole.sets), 1);
    whole_fini(&whole);
    whole_init(&whole, "{\"summary\":{\"variables\":[\"x\"]}}",
        "\"by\":[\"site\"],");
    const size_t levels = whole.asked.plan->level_count;
    assert_int_equal(sets_head_count(whole.sets), 1 + levels + 1);
    whole_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_analysis_uses_the_rows_of_its_sets),
        cmocka_unit_test(test_sets_stand_in_order_and_once),
        cmocka_unit_test(test_cohort_and_levels_stand_first),
        cmocka_unit_test(test_sets_of_a_model_weigh_levels_only),
        cmocka_unit_test(test_sets_of_a_cut_are_weighed),
        cmocka_unit_test(test_row_bits_weigh_a_patient_once),
        cmocka_unit_test(test_row_bits_of_no_rows_or_many_exams),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
