#include "assigned_fixture.h"

#include "protocol/analysis/tally.h"

struct table fixture_table;
struct chance_rows fixture_all;
uint64_t fixture_numbers[CHANCE_ROWS];
const uint8_t fixture_key[DONOR_KEY_BYTES] = {7};

int fixture_setup(void **state)
{
    (void)state;
    chance_create(&fixture_table);
    chance_rows_init(&fixture_all, &fixture_table);
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        fixture_numbers[i] = 3 * i + 2;
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    chance_rows_fini(&fixture_all);
    table_destroy(&fixture_table);
    return 0;
}

/* ---- some of the rows, as a center of its own ---- */

int32_t code_of(size_t row, size_t column)
{
    int32_t code;
    column_read(&fixture_all.columns[column], row, 1, &code);
    return code;
}

void put_code(const struct column *column, size_t row, int32_t code)
{
    void *data = (void *)column->data;
    const bool missing = code == VALUE_MISSING;
    if (column->width == 1)
        ((int8_t *)data)[row] = (int8_t)(missing ? INT8_MIN : code);
    else if (column->width == 2)
        ((int16_t *)data)[row] = (int16_t)(missing ? INT16_MIN : code);
    else
        ((int32_t *)data)[row] = code;
}

void some_init(struct some *some, size_t first, size_t end, const uint8_t *in,
    size_t center)
{
    some->rows = (struct rows){
        .columns = some->columns, .patients = some->patients, .center = center};
    for (size_t v = 0; v < CHANCE_COLUMNS; v++) {
        const int width = fixture_table.dictionary->variables[v].width;
        some->columns[v] =
            (struct column){width, aligned_alloc(64, (size_t)width * 1024)};
        assert_non_null(some->columns[v].data);
    }
    uint32_t last = UINT32_MAX;
    for (size_t i = first; i < end; i++) {
        if (in != NULL && in[i] == 0)
            continue;
        const size_t at = some->rows.count++;
        some->rows.patient_count += fixture_table.patients[i] != last;
        last = fixture_table.patients[i];
        some->patients[at] = (uint32_t)some->rows.patient_count - 1;
        for (size_t v = 0; v < CHANCE_COLUMNS; v++)
            put_code(&some->columns[v], at, code_of(i, v));
    }
}

void some_fini(struct some *some)
{
    for (size_t v = 0; v < CHANCE_COLUMNS; v++)
        free((void *)some->columns[v].data);
}

/* ---- a question ---- */

void question_init(
    struct question *question, const char *text, const char *rest)
{
    char query[1024];
    snprintf(query, sizeof query, "{%s\"analyses\":[%s]}", rest, text);
    ask(&question->asked, &fixture_table, query, CENTERS_MAX);
    question->plan = question->asked.plan;
    assert_int_equal(sets_create(&question->sets, question->plan), STATUS_OK);
    question->answers = calloc(question->sets->count, 1);
    question->few = calloc(question->plan->segment_count, 1);
    assert_non_null(question->answers);
    assert_non_null(question->few);
    question->answered =
        (struct answered){question->sets, question->answers, question->few};
}

void question_fini(struct question *question)
{
    free(question->answers);
    free(question->few);
    sets_destroy(question->sets);
    asked_destroy(&question->asked);
}

int16_t weight_of(size_t row)
{
    return (int16_t)(2 * (int)(row % 3) - (row % 7 == 0 ? 5 : 0));
}

void count_weights(void *arg, size_t set, int16_t *counts)
{
    (void)arg, (void)set;
    for (size_t i = 0; i < CHANCE_ROWS; i++)
        counts[i] = weight_of(i);
}

const int128 *cell_of(const struct question *question,
    const struct contribution *c, size_t segment, size_t cell)
{
    const struct segment *at = &question->plan->segments[segment];
    const struct table_shape *first =
        &question->plan->shapes[at->analysis].tables[0];
    return c->vector.elements + at->first + first->first +
           cell * table_cell_length(first);
}
