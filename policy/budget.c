#include "policy/budget.h"

#include <math.h>

#include "policy/reading.h"
#include "protocol/analysis/analysis.h"
#include "protocol/masking/gaussian.h"
#include "protocol/masking/steps.h"
#include "protocol/wire/defence.h"

/* Of one center's part: the sum of parts is then as one. */
#define SIGMA2_MIN 4

void budget_default(struct budget_terms *terms)
{
    *terms = (struct budget_terms){
        .rho_nano = NANO / 4, .query_rho_nano = NANO / 200, .delta = 1e-9};
}

static enum status read_rho(const struct field *field, const char *key,
    int64_t *nano, struct diagnostic *diagnostic)
{
    struct field member;
    double value;
    if (!field_find(&member, field, key))
        return STATUS_OK;
    enum status status = field_real(&member, &value, diagnostic);
    if (status == STATUS_OK && !(value >= 1e-6 && value <= 100))
        status = field_fail(
            &member, diagnostic, "rho lies between 0.000001 and 100");
    if (status == STATUS_OK)
        *nano = (int64_t)llround(value * (double)NANO);
    return status;
}

enum status budget_parse(struct budget_terms *terms, const struct field *field,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"rho", "query_rho", "delta"};
    struct field delta;
    enum status status = field_expect_object(field, keys, 3, diagnostic);
    if (status == STATUS_OK)
        status = read_rho(field, "rho", &terms->rho_nano, diagnostic);
    if (status == STATUS_OK)
        status =
            read_rho(field, "query_rho", &terms->query_rho_nano, diagnostic);
    if (status == STATUS_OK && field_find(&delta, field, "delta")) {
        status = field_real(&delta, &terms->delta, diagnostic);
        if (status == STATUS_OK &&
            !(terms->delta >= 1e-15 && terms->delta <= 1e-3))
            status = field_fail(
                &delta, diagnostic, "delta lies between 1e-15 and 0.001");
    }
    return status;
}

size_t budget_honest(size_t members, size_t min_centers)
{
    size_t survive = masking_threshold(members);
    size_t lie = (members + 2) / 3 - 1;
    if (survive < min_centers)
        survive = min_centers;
    return DEFENCE("honest-noise") ? survive - lie : members;
}

/* ---- which elements have noise, and how large one patient's part is ---- */

typedef enum status element_visit(void *arg, size_t element, uint64_t bound);

static uint64_t largest_code(const struct variable *variable)
{
    int64_t low = variable->min < 0 ? -(int64_t)variable->min : variable->min;
    int64_t high = variable->max < 0 ? -(int64_t)variable->max : variable->max;
    return (uint64_t)(low > high ? low : high);
}

static enum status visit_cell(const struct plan *plan,
    const struct segment *segment, const struct table_shape *table, size_t cell,
    element_visit *visit, void *arg)
{
    size_t at = segment->first + table->first + cell * table_cell_length(table);
    enum status status = visit(arg, at + CELL_ROWS, 1);
    if (status != STATUS_OK || table->kind != TABLE_MOMENTS)
        return status;
    const struct variable *variable =
        &plan->dictionary
             ->variables[plan->analyses[segment->analysis].variables[cell]];
    uint64_t bound = largest_code(variable);
    if (variable->type == VARIABLE_BOOLEAN)
        bound = 1;
    status = visit(arg, at + CELL_SUM, bound);
    return status == STATUS_OK ? visit(arg, at + CELL_SQUARES, bound * bound)
                               : status;
}

static enum status visit_elements(
    const struct plan *plan, element_visit *visit, void *arg)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        const struct shape *shape = &plan->shapes[segment->analysis];
        status = visit(arg, segment->first + HEAD_ROWS, 1);
        for (size_t t = 0; t < shape->table_count; t++) {
            const struct table_shape *table = &shape->tables[t];
            for (size_t c = 0;
                 status == STATUS_OK && c < table->rows * table->columns; c++)
                status = visit_cell(plan, segment, table, c, visit, arg);
        }
    }
    return status;
}

enum status budget_check(const struct plan *plan, struct diagnostic *diagnostic)
{
    if (plan->query->unit != UNIT_PATIENT) {
        diagnostic_set(diagnostic, 0, 0,
            "a study with noise is asked by patient: with \"exam\" one patient "
            "could change a sum by any amount");
        return STATUS_NOT_ALLOWED;
    }
    for (size_t a = 0; a < plan->analysis_count; a++) {
        const struct shape *shape = &plan->shapes[a];
        const struct analysis *analysis = &plan->analyses[a];
        bool known = analysis->kind->value_count == NULL ||
                     analysis->kind->value_count(analysis, shape) == 0;
        for (size_t t = 0; t < shape->table_count; t++) {
            known = known && shape->tables[t].kind <= TABLE_ORDERED &&
                    (shape->tables[t].kind != TABLE_ORDERED ||
                        shape->tables[t].rows == 1);
        }
        if (known)
            continue;
        diagnostic_set(diagnostic, 0, 0,
            "'%s' cannot be given with noise; counts, summaries, frequencies, "
            "tables, histograms and quantiles can",
            plan_analysis_name(plan, a));
        return STATUS_NOT_ALLOWED;
    }
    return STATUS_OK;
}

int64_t budget_touched(const struct plan *plan)
{
    int64_t touched = 0;
    for (size_t a = 0; a < plan->analysis_count; a++) {
        const struct shape *shape = &plan->shapes[a];
        touched++; /* one level's head */
        for (size_t t = 0; t < shape->table_count; t++) {
            const struct table_shape *table = &shape->tables[t];
            touched += table->kind == TABLE_MOMENTS
                           ? 3 * (int64_t)(table->rows * table->columns)
                           : 1;
        }
    }
    return touched;
}

/* sigma^2 = bound^2 touched / (2 rho): each element that a patient can change
 * costs rho / touched. */
static double variance_of(
    const struct plan *plan, const struct budget_terms *terms, uint64_t bound)
{
    return (double)bound * (double)bound * (double)budget_touched(plan) /
           (2 * (double)terms->query_rho_nano / (double)NANO);
}

double budget_count_sigma(
    const struct plan *plan, const struct budget_terms *terms)
{
    return sqrt(variance_of(plan, terms, 1));
}

struct adding {
    const struct plan *plan;
    const struct budget_terms *terms;
    size_t honest;
    struct vector *vector;
    uint64_t draws;
};

static enum status add_one(void *arg, size_t element, uint64_t bound)
{
    struct adding *adding = arg;
    if (!DEFENCE("signed-bounds"))
        bound = (uint64_t)adding->vector->elements[element];
    if (bound == 0)
        return STATUS_OK;
    double part = ceil(variance_of(adding->plan, adding->terms, bound) /
                       (double)adding->honest);
    /* More noise than was bought rather than a grid too coarse for it. */
    if (part < SIGMA2_MIN)
        part = SIGMA2_MIN;
    if (part > (double)GAUSSIAN_SIGMA2_MAX)
        return STATUS_OUT_OF_RANGE;
    adding->vector->elements[element] += gaussian_draw((uint64_t)part);
    adding->draws++;
    return STATUS_OK;
}

typedef void change_cell(const struct table_shape *table, int128 *cell);

/* Every cell of a segment, table by table. */
static void each_cell(const struct plan *plan, const struct segment *segment,
    int128 *elements, change_cell *change)
{
    const struct shape *shape = &plan->shapes[segment->analysis];
    for (size_t t = 0; t < shape->table_count; t++) {
        const struct table_shape *table = &shape->tables[t];
        int128 *cells = elements + segment->first + table->first;
        for (size_t c = 0; c < table->rows * table->columns; c++)
            change(table, cells + c * table_cell_length(table));
    }
}

static void clear_cell(const struct table_shape *table, int128 *cell)
{
    cell[CELL_PEOPLE] = 0;
    if (table->kind == TABLE_MOMENTS)
        cell[CELL_ABSOLUTE] = cell[CELL_PARTS] = 0;
}

/* What says nothing new, or is nobody's. */
static void clear_repeats(const struct plan *plan, int128 *elements)
{
    elements[PLAN_REACHABLE] = 0;
    elements[PLAN_COHORT] = 0;
    for (size_t i = 0; i < plan->segment_count; i++) {
        elements[plan->segments[i].first + HEAD_PEOPLE] = 0;
        each_cell(plan, &plan->segments[i], elements, clear_cell);
    }
}

enum status budget_add_noise(const struct plan *plan,
    const struct budget_terms *terms, size_t honest, struct vector *vector)
{
    struct adding adding = {plan, terms, honest, vector, 0};
    const uint64_t mark = gaussian_mark();
    clear_repeats(plan, vector->elements);
    enum status status = visit_elements(plan, add_one, &adding);
    if (DEFENCE("even-work"))
        gaussian_even_out(mark, adding.draws);
    return status;
}

static void read_count(int128 *rows, int128 *people)
{
    if (*rows < 0)
        *rows = 0;
    *people = *rows;
}

static void read_cell(const struct table_shape *table, int128 *cell)
{
    (void)table;
    read_count(&cell[CELL_ROWS], &cell[CELL_PEOPLE]);
}

void budget_read_sum(const struct plan *plan, struct vector *sum)
{
    for (size_t i = 0; i < plan->segment_count; i++) {
        int128 *head = sum->elements + plan->segments[i].first;
        read_count(&head[HEAD_ROWS], &head[HEAD_PEOPLE]);
        each_cell(plan, &plan->segments[i], sum->elements, read_cell);
    }
}

static double epsilon_at(double rho, double delta, double power)
{
    const double alpha = 1 + exp2(power);
    return rho * alpha + log1p(-1 / alpha) -
           (log(delta) + log(alpha)) / (alpha - 1);
}

/* Every alpha is valid, so that what a search misses is too much, not too
 * little: from the best of a grid by thirds, and up by more than rounding. */
double budget_epsilon(double rho, double delta)
{
    const double step = 1.0 / 64;
    double low = -12;
    for (int i = 0; i < 60 * 64; i++) {
        const double power = -12 + i * step;
        if (epsilon_at(rho, delta, power) < epsilon_at(rho, delta, low))
            low = power;
    }
    double high = low + step;
    low -= step;
    for (int i = 0; i < 100; i++) {
        const double left = low + (high - low) / 3;
        const double right = high - (high - low) / 3;
        if (epsilon_at(rho, delta, left) < epsilon_at(rho, delta, right))
            high = right;
        else
            low = left;
    }
    const double best = epsilon_at(rho, delta, low);
    return best < 0 ? 0 : best * (1 + 1e-12) + 1e-12;
}

bool budget_allows(const struct budget_terms *terms,
    const struct budget_spent *spent, int64_t yearly_nano)
{
    int64_t study, year;
    return !__builtin_add_overflow(
               spent->study_nano, terms->query_rho_nano, &study) &&
           !__builtin_add_overflow(
               spent->year_nano, terms->query_rho_nano, &year) &&
           study <= terms->rho_nano &&
           (year <= yearly_nano || !DEFENCE("yearly-cap"));
}
