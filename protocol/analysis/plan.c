#include "protocol/analysis/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/assigned.h"
#include "protocol/analysis/leverage.h"
#include "protocol/analysis/means.h"
#include "protocol/query/nearest.h"

#define ROWS_MAX ((int128)1 << 40) /* of one center: bounds every sum */
#define ROUNDING_MAX 1000          /* D17: a count may be off by half of it */

static enum status read_analysis(struct analysis *analysis,
    const struct query_analysis *asked, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    analysis->kind = analysis_find(asked->name);
    analysis->level = ANALYSIS_LEVEL;
    if (analysis->kind == NULL) {
        char hint[NAME_HINT_MAX];
        field_fail(&asked->name_field, diagnostic,
            "there is no analysis '%s'%s", asked->name,
            name_hint(hint, analysis_nearest(asked->name)));
        return STATUS_UNKNOWN_NAME;
    }
    return analysis->kind->parse(
        analysis, &asked->parameters, dictionary, diagnostic);
}

static enum status read_analyses(struct plan *plan, struct shape *shapes,
    const struct center_list *centers, struct diagnostic *diagnostic)
{
    for (size_t i = 0; i < plan->analysis_count; i++) {
        struct analysis *analysis = &plan->analyses[i];
        analysis->centers = centers;
        analysis->by_exam = plan->query->unit == UNIT_EXAM;
        enum status status = read_analysis(
            analysis, &plan->query->analyses[i], plan->dictionary, diagnostic);
        analysis->centers = NULL;
        if (status == STATUS_OK)
            status =
                analysis->kind->shape(analysis, plan->dictionary, &shapes[i]);
        if (status != STATUS_OK)
            return status;
        means_shape(analysis, plan->dictionary, &shapes[i]);
    }
    return STATUS_OK;
}

static void add_rounds(struct plan *plan, const struct analysis *analysis,
    const struct shape *shape, struct segment *segment)
{
    if (analysis->kind->value_count != NULL) {
        plan->value_count += analysis->kind->value_count(analysis, shape);
        plan->memory_count += analysis->kind->memory_count(analysis, shape);
    }
    segment->first_inverse = plan->value_count;
    plan->value_count += leverage_value_count(analysis);
}

/* Behind all that the plan has so far. */
static void place_segment(
    struct plan *plan, struct segment *segment, size_t analysis, size_t level)
{
    const struct shape *shape = &plan->shapes[analysis];
    *segment = (struct segment){.analysis = analysis,
        .level = level,
        .first = plan->vector_length,
        .first_fact = plan->fact_count,
        .first_value = plan->value_count,
        .first_memory = plan->memory_count};
    plan->vector_length += shape->length;
    plan->fact_count += shape->fact_count;
    add_rounds(plan, &plan->analyses[analysis], shape, segment);
}

static enum status fail_too_long(
    const struct plan *plan, size_t analysis, struct diagnostic *diagnostic)
{
    const struct query *query = plan->query;
    const char *name = query->analyses[analysis].name;
    const size_t one = plan->shapes[analysis].length;
    char levels[48] = "";
    if (plan->level_count > 1)
        snprintf(levels, sizeof levels, " at each of %zu levels of 'by'",
            plan->level_count);
    if (one * plan->level_count > PLAN_VECTOR_MAX - PLAN_HEAD) {
        field_fail(&query->analyses[analysis].name_field, diagnostic,
            "'%s' (number %zu) takes %zu numbers%s, and an answer has at most "
            "%zu: %s",
            name, analysis + 1, one, levels, PLAN_VECTOR_MAX,
            one > PLAN_VECTOR_MAX - PLAN_HEAD
                ? "ask for fewer variables, groups, steps or bins"
                : "leave out 'by', or ask by fewer levels");
        return STATUS_TOO_LARGE;
    }
    size_t before = 0;
    for (size_t a = 0; a < analysis; a++)
        before += plan->shapes[a].length * plan->level_count;
    field_fail(&query->analyses[analysis].name_field, diagnostic,
        "'%s' (number %zu) takes %zu numbers%s and those before it %zu, and an "
        "answer has at most %zu: leave it out and ask it in a query of its own",
        name, analysis + 1, one, levels, before, PLAN_VECTOR_MAX);
    return STATUS_TOO_LARGE;
}

static enum status lay_out(
    struct plan *plan, struct segment *segments, struct diagnostic *diagnostic)
{
    size_t at = 0;
    plan->vector_length = PLAN_HEAD;
    for (size_t a = 0; a < plan->analysis_count; a++) {
        for (size_t level = 0; level < plan->level_count; level++) {
            place_segment(plan, &segments[at++], a, level);
            if (plan->vector_length > PLAN_VECTOR_MAX)
                return fail_too_long(plan, a, diagnostic);
        }
    }
    return STATUS_OK;
}

static enum status fill(struct plan *plan, const struct center_list *centers,
    struct diagnostic *diagnostic)
{
    const struct query *query = plan->query;
    plan->level_count = 1;
    for (size_t i = 0; i < query->by_count; i++)
        plan->level_count *=
            variable_cell_count(&plan->dictionary->variables[query->by[i]]);
    plan->analysis_count = query->analysis_count;
    _Static_assert(
        QUERY_VALUES_MAX * QUERY_ANALYSES_MAX <= PLAN_VECTOR_MAX / SEGMENT_HEAD,
        "each segment has a head");
    plan->segment_count = plan->analysis_count * plan->level_count;
    plan->analyses = calloc(plan->analysis_count, sizeof(struct analysis));
    struct shape *shapes = calloc(plan->analysis_count, sizeof *shapes);
    struct segment *segments = calloc(plan->segment_count, sizeof *segments);
    plan->shapes = shapes;
    plan->segments = segments;
    if (plan->analyses == NULL || shapes == NULL || segments == NULL)
        return STATUS_NO_MEMORY;
    enum status status = read_analyses(plan, shapes, centers, diagnostic);
    return status == STATUS_OK ? lay_out(plan, segments, diagnostic) : status;
}

enum status plan_create(struct plan **out, const struct query *query,
    const struct dictionary *dictionary, struct diagnostic *diagnostic)
{
    return plan_create_for(out, query, dictionary, NULL, diagnostic);
}

enum status plan_create_for(struct plan **out, const struct query *query,
    const struct dictionary *dictionary, const struct center_list *centers,
    struct diagnostic *diagnostic)
{
    *out = NULL;
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return STATUS_NO_MEMORY;
    plan->query = query;
    plan->dictionary = dictionary;
    enum status status = fill(plan, centers, diagnostic);
    if (status != STATUS_OK) {
        plan_destroy(plan);
        return status;
    }
    *out = plan;
    return STATUS_OK;
}

void plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; plan->analyses != NULL && i < plan->analysis_count;
         i++) {
        struct analysis *analysis = &plan->analyses[i];
        if (analysis->kind != NULL && analysis->kind->release != NULL)
            analysis->kind->release(analysis);
    }
    free(plan->analyses);
    free((void *)plan->shapes);
    free((void *)plan->segments);
    free(plan);
}

void plan_set_quantile_tail(struct plan *plan, int64_t people)
{
    for (size_t a = 0; a < plan->analysis_count; a++)
        plan->analyses[a].quantile_tail = people;
}

bool plan_analysis_has_center_term(const struct plan *plan, size_t analysis)
{
    return plan->analyses[analysis].center_term;
}

bool plan_has_center_term(const struct plan *plan)
{
    for (size_t a = 0; a < plan->analysis_count; a++) {
        if (plan_analysis_has_center_term(plan, a))
            return true;
    }
    return false;
}

bool plan_tells_centers(const struct plan *plan)
{
    for (size_t a = 0; a < plan->analysis_count; a++) {
        if (plan->analyses[a].kind->tells_centers)
            return true;
    }
    return plan_has_center_term(plan);
}

void plan_visit_variables(const struct plan *plan,
    void (*visit)(void *arg, size_t variable), void *arg)
{
    cohort_visit_variables(plan->query->cohort, visit, arg);
    for (size_t i = 0; i < plan->query->by_count; i++)
        visit(arg, plan->query->by[i]);
    for (size_t a = 0; a < plan->analysis_count; a++) {
        for (size_t i = 0; i < plan->analyses[a].variable_count; i++) {
            visit(
                arg, plan->dictionary->variables[plan->analyses[a].variables[i]]
                         .owner);
        }
    }
}

const char *plan_analysis_name(const struct plan *plan, size_t analysis)
{
    return plan->analyses[analysis].kind->name;
}

size_t plan_level_of(const struct plan *plan, size_t level, size_t position)
{
    size_t rest = level, found = 0;
    for (size_t i = plan->query->by_count; i > position; i--) {
        size_t levels = variable_cell_count(
            &plan->dictionary->variables[plan->query->by[i - 1]]);
        found = rest % levels;
        rest /= levels;
    }
    return found;
}

/* ---- a vector from outside ---- */

static bool is_count(int128 value, int128 max)
{
    return value >= 0 && value <= max;
}

/* |sum| <= n max, squares <= n max^2, sum^2 <= n squares. All fit: n is at
 * most 2^40 and a code 2^31. */
static bool moments_hold(const struct variable *variable, const int128 *cell)
{
    int128 largest = variable->max > -(int64_t)variable->min
                         ? variable->max
                         : -(int64_t)variable->min;
    int128 n = cell[CELL_ROWS], sum = cell[CELL_SUM];
    int128 squares = cell[CELL_SQUARES], square_of_sum, scaled;
    int128 absolute = cell[CELL_ABSOLUTE], square_of_absolute;
    if (sum > n * largest || sum < -n * largest || squares < 0 ||
        squares > n * largest * largest)
        return false;
    if (absolute < sum || absolute < -sum || absolute > n * largest ||
        cell[CELL_PARTS] < 0)
        return false;
    if (!__builtin_mul_overflow(absolute, absolute, &square_of_absolute) &&
        cell[CELL_PARTS] > square_of_absolute)
        return false;
    if (__builtin_mul_overflow(sum, sum, &square_of_sum) ||
        __builtin_mul_overflow(n, squares, &scaled))
        return true;
    return square_of_sum <= scaled;
}

/* What a vector is checked against, and how many centers are in it. */
struct summed {
    const struct plan *plan;
    int128 centers;
    const struct answered *answered; /* NULL: each set by its own rows */
    bool alone; /* or as each center decided, which only it knows */
};

static bool is_summed(const struct summed *summed, size_t set)
{
    return summed->alone || (summed->answered != NULL &&
                                summed->answered->answers[set] == SET_SUMMED);
}

/* Whether the parts of a segment are of rows of their own. */
static bool is_apart(const struct summed *summed, size_t segment)
{
    return summed->alone ||
           (summed->answered != NULL &&
               answered_way(summed->answered, segment) == SEGMENT_RUNS);
}

/* Whether the head of a segment is of rows that count any number of times. */
static bool has_summed_head(const struct summed *summed, size_t segment)
{
    const struct plan *plan = summed->plan;
    return summed->alone ||
           (summed->answered != NULL &&
               is_summed(summed, sets_of_level(summed->answered->sets,
                                     plan->segments[segment].level)));
}

/* Whether its tables are. Of an analysis that tells more than sums no part is
 * told that would be. */
static bool has_summed_parts(const struct summed *summed, size_t segment)
{
    const struct plan *plan = summed->plan;
    if (!plan->analyses[plan->segments[segment].analysis].kind->tells_sums)
        return false;
    if (summed->alone || summed->answered == NULL)
        return summed->alone;
    const struct sets *sets = summed->answered->sets;
    bool some = false;
    for (size_t p = sets->first_part[segment];
         p < sets->first_part[segment + 1]; p++)
        some = some || is_summed(summed, sets->parts[p].set);
    return some;
}

static bool is_within(int128 value, int128 max)
{
    return value >= -max * ASSIGNED_WEIGHT_MAX &&
           value <= max * ASSIGNED_WEIGHT_MAX;
}

/* Products of two codes have 62 bits, what fixed.h makes of a row 86, and rows
 * are fewer than 2^40, seldom more than 2^20. */
#define SUM_MAX ((int128)1 << 108)

static bool sums_hold(const struct table_shape *table, const int128 *cell)
{
    if (table->kind != TABLE_SUMS)
        return true;
    for (size_t k = COUNTS_CELL; k < table_cell_length(table); k++) {
        if (cell[k] > SUM_MAX || cell[k] < -SUM_MAX)
            return false;
    }
    return true;
}

bool plan_sums_hold(
    const struct plan *plan, size_t segment, const int128 *elements)
{
    const struct shape *shape = &plan->shapes[plan->segments[segment].analysis];
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        const int128 *cell = elements + table->first;
        for (size_t i = 0; i < table->rows * table->columns; i++) {
            if (!sums_hold(table, cell))
                return false;
            cell += table_cell_length(table);
        }
    }
    return true;
}

static bool cell_holds(const struct summed *summed,
    const struct segment *segment, const struct table_shape *table,
    size_t index, const int128 *cell)
{
    const struct plan *plan = summed->plan;
    if (!is_count(cell[CELL_ROWS], ROWS_MAX * summed->centers) ||
        !is_count(cell[CELL_PEOPLE], cell[CELL_ROWS]) ||
        !is_count(cell[CELL_WITHHELD], summed->centers) ||
        !sums_hold(table, cell))
        return false;
    if (table->kind != TABLE_MOMENTS)
        return true; /* what more is true of other sums, their analysis knows */
    if (table->of_means) /* a row a group */
        index %= table->columns;
    size_t variable = plan->analyses[segment->analysis].variables[index];
    return moments_hold(&plan->dictionary->variables[variable], cell);
}

/* Of a combination that is no set: counts and sums may be below 0, but not what
 * rules look at. */
static bool summed_table_holds(const struct summed *summed,
    const struct table_shape *table, const int128 *cell)
{
    const int128 rows = ROWS_MAX * summed->centers;
    const int128 value = (int128)1 << 31; /* of a code */
    if (table->kind != TABLE_MOMENTS)
        return false;
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        if (!is_within(cell[CELL_ROWS], rows) ||
            !is_within(cell[CELL_PEOPLE], rows) ||
            !is_count(cell[CELL_WITHHELD], summed->centers) ||
            !is_within(cell[CELL_SUM], rows * value) ||
            !is_within(cell[CELL_SQUARES], rows * value * value) ||
            !is_count(
                cell[CELL_ABSOLUTE], rows * value * ASSIGNED_WEIGHT_MAX) ||
            cell[CELL_PARTS] < 0)
            return false;
        cell += MOMENTS_CELL;
    }
    return true;
}

/* most: rows of all cells, or of one where they are no partition. */
static bool table_holds(const struct summed *summed,
    const struct segment *segment, const struct table_shape *table,
    const int128 *cell, int128 most)
{
    const size_t cells = table->rows * table->columns;
    int128 rows = 0;
    most += (int128)(cells + 1) * (ROUNDING_MAX / 2) * summed->centers;
    for (size_t i = 0; i < cells; i++) {
        if (!cell_holds(summed, segment, table, i, cell))
            return false;
        rows = table_is_partition(table) ? rows + cell[CELL_ROWS]
                                         : cell[CELL_ROWS];
        if (rows > most)
            return false;
        cell += table_cell_length(table);
    }
    return true;
}

static bool head_holds(
    const struct summed *summed, size_t segment, const int128 *elements)
{
    const int128 most = ROWS_MAX * summed->centers;
    const int128 rows = elements[HEAD_ROWS], people = elements[HEAD_PEOPLE];
    return (has_summed_head(summed, segment)
                   ? is_within(rows, most) && is_within(people, most)
                   : is_count(rows, most) && is_count(people, rows)) &&
           is_count(elements[HEAD_RELEASED], summed->centers) &&
           is_count(elements[HEAD_WITHHELD], summed->centers) &&
           elements[HEAD_RELEASED] + elements[HEAD_WITHHELD] == summed->centers;
}

static bool segment_holds(const struct summed *summed,
    const struct segment *segment, const int128 *elements)
{
    const struct shape *shape = &summed->plan->shapes[segment->analysis];
    const size_t index = (size_t)(segment - summed->plan->segments);
    const bool parts = has_summed_parts(summed, index);
    const int128 most = is_apart(summed, index) ? ROWS_MAX * summed->centers
                                                : elements[HEAD_ROWS];
    if (!head_holds(summed, index, elements))
        return false;
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        const int128 *cell = elements + table->first;
        if (!(parts ? summed_table_holds(summed, table, cell)
                    : table_holds(summed, segment, table, cell, most)))
            return false;
    }
    return true;
}

enum status plan_check_vector(
    const struct plan *plan, const struct vector *vector)
{
    return plan_check_sum(plan, vector, 1);
}

enum status plan_check_sum(
    const struct plan *plan, const struct vector *vector, size_t centers)
{
    return plan_check_answered(plan, vector, centers, NULL);
}

static bool cohort_holds(
    const struct summed *summed, int128 reachable, int128 cohort)
{
    const int128 most = ROWS_MAX * summed->centers;
    return is_count(reachable, most) &&
           (is_summed(summed, 0) ? is_within(cohort, most)
                                 : is_count(cohort, reachable));
}

static enum status check_summed(
    const struct summed *summed, const struct vector *vector)
{
    const struct plan *plan = summed->plan;
    if (vector->length != plan->vector_length)
        return STATUS_MALFORMED;
    if (!cohort_holds(summed, vector->elements[PLAN_REACHABLE],
            vector->elements[PLAN_COHORT]))
        return STATUS_OUT_OF_RANGE;
    for (size_t i = PLAN_RULES; i < PLAN_HEAD; i++) {
        if (!is_count(vector->elements[i], PLAN_VECTOR_MAX * summed->centers))
            return STATUS_OUT_OF_RANGE;
    }
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        if (!segment_holds(summed, segment, vector->elements + segment->first))
            return STATUS_OUT_OF_RANGE;
    }
    return STATUS_OK;
}

enum status plan_check_answered(const struct plan *plan,
    const struct vector *vector, size_t centers,
    const struct answered *answered)
{
    const struct summed summed = {plan, (int128)centers, answered, false};
    return check_summed(&summed, vector);
}

enum status plan_check_alone(
    const struct plan *plan, const struct vector *vector, size_t centers)
{
    const struct summed summed = {plan, (int128)centers, NULL, true};
    return check_summed(&summed, vector);
}
