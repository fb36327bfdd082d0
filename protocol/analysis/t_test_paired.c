#include "protocol/analysis/t_test_paired.h"

#include <math.h>
#include <string.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/means.h"
#include "protocol/analysis/model.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

/* RECORDED: rows that have a value, in a pair or not. */
enum { PAIR_SUM = COUNTS_CELL, PAIR_SQUARES, PAIR_RECORDED, PAIR_CELL };

/* ---- parameters ---- */

static enum status check_pair(const struct analysis *analysis,
    const struct t_test_pairs *pairs, const struct field *parameters,
    struct diagnostic *diagnostic)
{
    const char *first = pairs->first->unit, *second = pairs->second->unit;
    if (analysis->variable_count > 2) {
        return parameter_fail(parameters, "variables", diagnostic,
            "a pair is two variables of one exam, or one variable of two "
            "exams of a patient");
    }
    if (pairs->of_exams && !analysis->by_exam)
        return parameter_fail(parameters, "variables", diagnostic,
            "a patient's first and next exam: the query's unit is \"exam\"");
    if (strcmp(first == NULL ? "" : first, second == NULL ? "" : second) != 0)
        return parameter_fail(parameters, "variables", diagnostic,
            "the two variables of a pair have one unit");
    return STATUS_OK;
}

static double bound_of(const struct variable *variable)
{
    return fmax(fabs(variable_value(variable, variable->min)),
        fabs(variable_value(variable, variable->max)));
}

static struct t_test_pairs pairs_of(
    const struct analysis *analysis, const struct dictionary *dictionary)
{
    int exponent = 0;
    struct t_test_pairs pairs = {.dictionary = dictionary,
        .of_exams = analysis->variable_count == 1,
        .first_index = analysis->variables[0]};
    pairs.second_index = analysis->variables[pairs.of_exams ? 0 : 1];
    pairs.first = &dictionary->variables[pairs.first_index];
    pairs.second = &dictionary->variables[pairs.second_index];
    (void)frexp(bound_of(pairs.first) + bound_of(pairs.second), &exponent);
    pairs.scale = ldexp(1.0, exponent);
    return pairs;
}

enum status t_test_paired_parse(struct t_test_pairs *out,
    struct analysis *analysis, const struct field *parameters,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"paired", "variables", "level"};
    struct field field;
    bool paired = false;
    enum status status = field_expect_object(parameters, keys, 3, diagnostic);
    (void)field_find(&field, parameters, "paired");
    if (status == STATUS_OK)
        status = field_boolean(&field, &paired, diagnostic);
    if (status == STATUS_OK && !paired)
        status = field_fail(&field, diagnostic,
            "\"paired\" is true, or left out for two groups of a \"formula\"");
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variables(
            analysis, parameters, USE_NUMBER, dictionary, diagnostic);
    if (status != STATUS_OK)
        return status;
    analysis->mean_count = analysis->variable_count;
    *out = pairs_of(analysis, dictionary);
    return check_pair(analysis, out, parameters, diagnostic);
}

enum status t_test_paired_shape(struct shape *out)
{
    /* The mean and the standard deviation are told. */
    model_shape(out, PAIR_CELL - COUNTS_CELL, 2);
    return STATUS_OK;
}

/* Of two exams: the pairs are of one set, rows with a value of another. */
void t_test_paired_parts(const struct t_test_pairs *pairs,
    const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts)
{
    struct part part = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .of_pairs = pairs->of_exams,
        .first = shape->tables[0].first,
        .count = pairs->of_exams ? PAIR_RECORDED : PAIR_CELL};
    parts_add(parts, &part);
    if (pairs->of_exams) {
        part.of_pairs = false;
        part.first += PAIR_RECORDED;
        part.count = 1;
        parts_add(parts, &part);
    }
    means_take_part(shape, 0, &part);
    parts_add(parts, &part);
}

/* ---- rows ---- */

/* The last patient, patient + 1, with his first value while it waits for the
 * next one's. */
struct state {
    uint64_t patient;
    bool waits;
    double first;
};

size_t t_test_paired_state_size(void)
{
    return sizeof(struct state);
}

struct adding {
    double scale;
    struct state *state;
    int128 *cell;
};

static void add_pair(const struct adding *to, double first, double second)
{
    const double difference = (first - second) / to->scale;
    to->cell[CELL_ROWS]++;
    to->cell[PAIR_SUM] += design_fixed(difference, DESIGN_BITS);
    to->cell[PAIR_SQUARES] +=
        fixed_exact_product(difference, difference, DESIGN_BITS);
}

/* Two variables of a row. */
static void add_both(
    const struct adding *to, uint64_t patient, double first, double second)
{
    add_pair(to, first, second);
    to->cell[PAIR_RECORDED]++;
    to->cell[CELL_PEOPLE] += patient != to->state->patient;
    to->state->patient = patient;
}

/* One variable: a patient's first value waits for his second; later ones are
 * no pair. */
static void add_exam(const struct adding *to, uint64_t patient, double value)
{
    struct state *state = to->state;
    to->cell[PAIR_RECORDED]++;
    if (patient != state->patient) {
        *state = (struct state){patient, true, value};
    } else if (state->waits) {
        state->waits = false;
        to->cell[CELL_PEOPLE]++;
        add_pair(to, state->first, value);
    }
}

void t_test_paired_contribute(const struct t_test_pairs *pairs,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements)
{
    const struct adding to = {
        pairs->scale, state, elements + shape->tables[0].first};
    const struct column *columns = block->rows->columns;
    int32_t first[BLOCK_ROWS], second[BLOCK_ROWS];
    column_read(
        &columns[pairs->first_index], block->first, block->count, first);
    column_read(
        &columns[pairs->second_index], block->first, block->count, second);
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] == 0 || first[i] == VALUE_MISSING ||
            second[i] == VALUE_MISSING)
            continue;
        const uint64_t patient =
            block->patients == NULL
                ? to.state->patient + 1
                : (uint64_t)block->patients[block->first + i] + 1;
        const double value = variable_value(pairs->first, first[i]);
        if (pairs->of_exams)
            add_exam(&to, patient, value);
        else
            add_both(
                &to, patient, value, variable_value(pairs->second, second[i]));
    }
}

/* ---- the result ---- */

static json_t *group_name(const struct t_test_pairs *pairs)
{
    return pairs->of_exams
               ? json_sprintf("%s, first - next exam", pairs->first->name)
               : json_sprintf(
                     "%s - %s", pairs->first->name, pairs->second->name);
}

void t_test_paired_finish(const struct t_test_pairs *pairs,
    const struct shape *shape, const int128 *elements, int64_t min_cell,
    json_t *out, struct t_test_mean *mean)
{
    const int128 *cell = elements + shape->tables[0].first;
    *mean = (struct t_test_mean){0};
    if (!model_set_counts(out, elements, cell, min_cell))
        return;
    if (cell[CELL_WITHHELD] == 0) {
        json_object_set_new(out, "missing",
            json_missing(elements[HEAD_ROWS], cell[PAIR_RECORDED]));
    }
    const wide n = (wide)cell[CELL_ROWS];
    const wide unit = (wide)ldexp(1.0, -DESIGN_BITS);
    const wide sum = (wide)cell[PAIR_SUM] * unit;
    const wide squares = (wide)cell[PAIR_SQUARES] * unit;
    const double variance = (double)((squares - sum * sum / n) / (n - 1)) *
                            pairs->scale * pairs->scale;
    *mean = (struct t_test_mean){.mean = (double)(sum / n) * pairs->scale,
        .error = sqrt(variance / (double)n),
        .df = (double)n - 1};
    json_object_set_new(out, "table",
        json_pack("[{s:o, s:I, s:o, s:o}]", "group", group_name(pairs), "n",
            (json_int_t)n, "mean", json_number(mean->mean), "sd",
            json_number(sqrt(variance))));
}
