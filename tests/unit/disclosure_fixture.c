#include "disclosure_fixture.h"

void made_start(struct made *made, size_t count)
{
    memset(made, 0, sizeof *made);
    made->count = count;
    made->own = true;
    limits_default(&made->limits);
    made_rows(made->codes, ROWS_OF);
}

void made_give(
    struct made *made, size_t *at, int variable, size_t people, int32_t code)
{
    for (size_t i = 0; i < people; i++)
        made->codes[(*at)++][variable] = code;
    made->count = *at;
}

void made_apply(struct made *made, const char *query)
{
    table_create(
        &made->table, made_dictionary, made->codes[0], made->count, NULL);
    ask_own(&made->asked, &made->table, query, &made->figures);
    struct contribution sum = made->figures;
    if (!made->own)
        sum.facts = NULL;
    assert_int_equal(
        disclosure_apply(made->asked.plan, &made->limits,
            made->figures.cohort_people + made->outside, &sum, &made->report),
        STATUS_OK);
}

void made_end(struct made *made)
{
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        assert_int_equal(
            (int64_t)made->figures.vector.elements[PLAN_RULES + rule],
            made->report.withheld[rule]);
    }
    contribution_fini(&made->figures);
    asked_destroy(&made->asked);
    table_destroy(&made->table);
}

const int128 *made_segment(const struct made *made, size_t segment)
{
    return made->figures.vector.elements +
           made->asked.plan->segments[segment].first;
}

const int128 *made_cell(const struct made *made, size_t cell)
{
    const struct table_shape *table = &made->asked.plan->shapes[0].tables[0];
    return made_segment(made, 0) + table->first +
           cell * table_cell_length(table);
}

uint64_t made_by_rule(const struct made *made, enum disclosure_rule rule)
{
    return made->report.withheld[rule];
}

uint64_t made_withheld(const struct made *made)
{
    uint64_t sum = 0;
    for (size_t rule = 0; rule < RULE_COUNT; rule++)
        sum += made->report.withheld[rule];
    return sum;
}

void assert_segment_is_empty(const struct made *made, size_t segment)
{
    const size_t analysis = made->asked.plan->segments[segment].analysis;
    const int128 *at = made_segment(made, segment);
    for (size_t i = 0; i < made->asked.plan->shapes[analysis].length; i++)
        assert_true(at[i] == (i == HEAD_WITHHELD));
}

void assert_cell_is_hidden(const struct made *made, size_t cell, bool hidden)
{
    const struct table_shape *table = &made->asked.plan->shapes[0].tables[0];
    const int128 *at = made_cell(made, cell);
    assert_int_equal((int)at[CELL_WITHHELD], hidden);
    for (size_t i = 0; hidden && i < table_cell_length(table); i++)
        assert_true(at[i] == (i == CELL_WITHHELD));
}

void made_groups(struct made *made, size_t a, size_t b, size_t c)
{
    size_t at = 0;
    made_start(made, 0);
    made_give(made, &at, GROUP, a, 0);
    made_give(made, &at, GROUP, b, 1);
    made_give(made, &at, GROUP, c, 2);
}
