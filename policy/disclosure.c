#include "policy/disclosure.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/analysis/analysis.h"
#include "protocol/wire/defence.h"

/* One segment of one center's vector under the rules. */
struct review {
    const struct limits *limits;
    const struct shape *shape;
    int128 *elements;               /* of the segment */
    const struct cell_facts *facts; /* of the segment; NULL: of a sum */
    const uint8_t *hidden;          /* of the segment; NULL: nothing is */
    enum leverage_verdict verdict;  /* of a center's own rows */
    struct disclosure_report *report;
};

static const struct {
    const char *name, *text;
} rules[] = {
    [RULE_COHORT] = {"cohort", "too few people in the cohort"},
    [RULE_COMPLEMENT] = {"complement", "too few people outside the cohort"},
    [RULE_CELL] = {"cell", "too few people in a cell"},
    [RULE_COMPLEMENTARY] = {"complementary",
        "a cell that would give away another by subtraction"},
    [RULE_TABLE] = {"table", "a hidden cell could be narrowed down"},
    [RULE_DOMINANCE] = {"dominance", "one or two people make most of a sum"},
    [RULE_MOMENTS] = {"moments", "too many moments for the people"},
    [RULE_QUANTILE] = {"quantile", "too few people beyond a quantile"},
    [RULE_MERGED] = {"merged",
        "merged with a neighbor, so that people are enough"},
    [RULE_MODEL] = {"model", "too few people or events for the parameters"},
    [RULE_LEVERAGE] = {"leverage",
        "one person has half or more of a fitted value in his own hands"},
    [RULE_LEVEL] = {"level", "too few people at a level of a model"},
    [RULE_SEPARATION] = {"separation",
        "the terms of a model tell the outcome almost surely"},
    [RULE_STEPS] = {"steps",
        "a center alone gives no steps of time, of a value or of a score that "
        "hold few people: ask cox or logrank with strata(center), or wider "
        "steps"},
};

const char *disclosure_rule_name(enum disclosure_rule rule)
{
    static_assert(RULE_COUNT <= PLAN_HEAD - PLAN_RULES, "a place for each");
    return rule < RULE_COUNT ? rules[rule].name : "unknown";
}

const char *disclosure_told_name(enum disclosure_rule rule)
{
    switch (rule) {
    case RULE_MOMENTS:
    case RULE_MODEL:
    case RULE_STEPS:
    case RULE_MERGED: return disclosure_rule_name(rule);
    default: return "few";
    }
}

static const struct {
    const char *analyses, *advice;
} advices[] = {
    {" count summary correlation ", "a larger cohort, or 'by' fewer levels"},
    {" frequency crosstab quality ",
        "fewer or joined categories, or a larger cohort"},
    {" histogram ", "wider bins, or a larger cohort"},
    {" quantile ", "quantiles nearer the median, or a larger cohort"},
    {" t_test rank_test ",
        "larger groups; log() of a number that is large for a few people"},
    {" km cumulative_incidence logrank ", "larger groups, or longer grid_days"},
    {" lm anova glm mixed cox mlp pca roc ",
        "fewer terms, joined levels or a larger cohort; log() of a number that "
        "is large for a few people"},
};

const char *disclosure_advice(const char *analysis)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", analysis);
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (strstr(advices[i].analyses, word) != NULL)
            return advices[i].advice;
    }
    return "a larger cohort";
}

const char *disclosure_rule_text(const char *name)
{
    if (strcmp(name, "few") == 0)
        return "too few people, or one or two who would show";
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i].name, name) == 0)
            return rules[i].text;
    }
    return NULL;
}

static int128 *cell_at(
    const struct review *review, const struct table_shape *table, size_t cell)
{
    return review->elements + table->first + cell * table_cell_length(table);
}

static void withhold_cell(const struct review *review,
    const struct table_shape *table, size_t cell, enum disclosure_rule rule)
{
    int128 *at = cell_at(review, table, cell);
    memset(at, 0, table_cell_length(table) * sizeof *at);
    at[CELL_WITHHELD] = 1;
    review->report->withheld[rule]++;
}

static void withhold_segment(
    const struct review *review, enum disclosure_rule rule)
{
    memset(review->elements, 0, review->shape->length * sizeof(int128));
    review->elements[HEAD_WITHHELD] = 1;
    review->report->withheld[rule]++;
}

/* ---- tables of counts: D2, D3, D8 ---- */

/* The part of the table that the rules protect: without the row and column of
 * missing values, unless the study says that these are cells as well. */
struct part {
    size_t rows, columns;
    uint64_t *people;
    bool *hidden;
};

static enum status take_part(const struct review *review,
    const struct table_shape *table, struct part *part)
{
    bool all = review->limits->protect_missing;
    part->rows = table->rows - (table->last_row_missing && !all ? 1 : 0);
    part->columns =
        table->columns - (table->last_column_missing && !all ? 1 : 0);
    size_t cells = part->rows * part->columns;
    part->people = calloc(cells + 1, sizeof *part->people);
    part->hidden = calloc(cells + 1, sizeof *part->hidden);
    if (part->people == NULL || part->hidden == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < cells; i++) {
        const size_t at =
            i / part->columns * table->columns + i % part->columns;
        const int128 *cell = cell_at(review, table, at);
        part->people[i] = (uint64_t)cell[CELL_PEOPLE];
        part->hidden[i] = review->hidden != NULL &&
                          review->hidden[cell - review->elements] != 0;
    }
    return STATUS_OK;
}

static void hide_part(const struct review *review,
    const struct table_shape *table, const struct part *part, bool whole)
{
    for (size_t r = 0; r < part->rows; r++) {
        for (size_t c = 0; c < part->columns; c++) {
            size_t at = r * part->columns + c;
            bool small = few_people((int128)part->people[at],
                             review->limits->min_cell) ||
                         (part->people[at] == 0 && review->limits->hide_zeros);
            if (!whole && !part->hidden[at])
                continue;
            withhold_cell(review, table, r * table->columns + c,
                whole   ? RULE_TABLE
                : small ? RULE_CELL
                        : RULE_COMPLEMENTARY);
        }
    }
}

static enum status review_counts(
    const struct review *review, const struct table_shape *table)
{
    struct part part = {0};
    enum status status = take_part(review, table, &part);
    if (status == STATUS_OK)
        status = disclosure_protect_table(
            part.people, part.rows, part.columns, review->limits, part.hidden);
    if (status == STATUS_OK || status == STATUS_REFUSED) {
        hide_part(review, table, &part, status == STATUS_REFUSED);
        status = STATUS_OK;
    }
    free(part.people);
    free(part.hidden);
    return status;
}

/* D17 */
static int128 rounded(int128 value, int64_t base)
{
    return (value + base / 2) / base * base;
}

static void round_counts(
    const struct review *review, const struct table_shape *table)
{
    int64_t base = review->limits->rounding;
    for (size_t i = 0; base > 1 && i < table->rows * table->columns; i++) {
        int128 *cell = cell_at(review, table, i);
        cell[CELL_ROWS] = rounded(cell[CELL_ROWS], base);
        cell[CELL_PEOPLE] = rounded(cell[CELL_PEOPLE], base);
    }
}

/* ---- sums: D4, D5 ---- */

/* (1, x), (2, x) and p %: nobody's part may be read off the total. */
static bool dominated(
    const struct cell_facts *facts, const struct limits *limits)
{
    uint128 total = facts->total, first = facts->largest;
    uint128 both = first + facts->second;
    if (total == 0)
        return false;
    return first * 100 > total * (uint128)limits->dominance_one ||
           both * 100 > total * (uint128)limits->dominance_two ||
           (total - both) * 100 < first * (uint128)limits->p_percent;
}

/* Of a sum nobody knows the parts. With S the sum of their sizes and Q of
 * their squares, the largest is at most sqrt(Q) and the two largest together at
 * most sqrt(2 Q): these bounds stand in their place, on the safe side. */
static bool perhaps_dominated(const int128 *cell, const struct limits *limits)
{
    double total = (double)cell[CELL_ABSOLUTE];
    double one = sqrt((double)cell[CELL_PARTS]);
    double both = sqrt(2.0 * (double)cell[CELL_PARTS]);
    if (total == 0)
        return false;
    return one * 100 > total * (double)limits->dominance_one ||
           both * 100 > total * (double)limits->dominance_two ||
           (total - both) * 100 < one * (double)limits->p_percent;
}

static bool is_dominated(
    const struct review *review, const struct table_shape *table, size_t cell)
{
    if (review->limits->min_cell <= 1 || !DEFENCE("dominance"))
        return false;
    return review->facts == NULL
               ? perhaps_dominated(cell_at(review, table, cell), review->limits)
               : dominated(
                     &review->facts[table->first_fact + cell], review->limits);
}

static void review_moments(
    const struct review *review, const struct table_shape *table)
{
    const struct limits *limits = review->limits;
    size_t released = 0;
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        int128 people = cell_at(review, table, i)[CELL_PEOPLE];
        if (people == 0)
            continue;
        if (few_people(people, limits->min_cell))
            withhold_cell(review, table, i, RULE_CELL);
        else if (is_dominated(review, table, i))
            withhold_cell(review, table, i, RULE_DOMINANCE);
        else if ((int128)(released + 1) * limits->moments_share > people)
            withhold_cell(review, table, i, RULE_MOMENTS);
        else
            released++;
    }
}

/* What the means of another table are made of: where one or two people make
 * most of one, that table goes with it. Of a variable of two values each has
 * nobody or enough people, as far as rows tell. */
static bool means_stand(
    const struct review *review, const struct table_shape *table)
{
    bool stand = true;
    for (size_t i = 0; stand && i < table->rows * table->columns; i++) {
        const int128 *cell = cell_at(review, table, i);
        const int128 with = cell[CELL_SQUARES];
        const int64_t limit = review->limits->min_cell;
        /* of pairs the rows with a value are a set of their own */
        const bool counted = cell[CELL_WITHHELD] == 0 || table->rows > 1;
        stand = counted && !is_dominated(review, table, i) &&
                !(table->two_outcomes &&
                    (few_people(with, limit) ||
                        few_people(cell[CELL_ROWS] - with, limit)));
    }
    return stand;
}

static void withhold_means(
    const struct review *review, const struct table_shape *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        const int128 *cell = cell_at(review, table, i);
        if (cell[CELL_PEOPLE] > 0 && cell[CELL_WITHHELD] == 0)
            withhold_cell(review, table, i, RULE_DOMINANCE);
    }
}

/* Told to nobody: of a center's own figures it ends here. */
static void review_means(
    const struct review *review, const struct table_shape *table)
{
    if (!means_stand(review, table))
        withhold_means(review, &review->shape->tables[0]);
    if (review->facts != NULL)
        memset(cell_at(review, table, 0), 0,
            table->rows * table->columns * MOMENTS_CELL * sizeof(int128));
}

/* ---- steps: D7, D11 ---- */

static int128 people_of_row(
    const struct review *review, const struct table_shape *table, size_t row)
{
    int128 people = 0;
    for (size_t c = 0; c < table->columns; c++)
        people += cell_at(review, table, row * table->columns + c)[CELL_PEOPLE];
    return people;
}

static void withhold_row(const struct review *review,
    const struct table_shape *table, size_t row, enum disclosure_rule rule)
{
    const size_t first = row * table->columns;
    for (size_t c = 0; c < table->columns; c++)
        memset(
            cell_at(review, table, first + c), 0, COUNTS_CELL * sizeof(int128));
    withhold_cell(review, table, first, rule);
}

/* A center's own steps hold few people. Merged with neighbours they would make
 * another curve, other ranks: it gives none. */
static bool has_few_steps(
    const struct review *review, const struct table_shape *table, size_t row)
{
    for (size_t c = 0; review->facts != NULL && c < table->columns; c++) {
        if (few_people(
                cell_at(review, table, row * table->columns + c)[CELL_PEOPLE],
                review->limits->min_cell))
            return true;
    }
    return false;
}

/* Of a sum only statistics of all and steps of enough people are told (times.h,
 * steps.h): a group of few is none. */
static void review_steps(
    const struct review *review, const struct table_shape *table)
{
    const enum disclosure_rule few =
        table->kind == TABLE_ORDERED ? RULE_QUANTILE : RULE_CELL;
    bool steps = false;
    for (size_t r = 0; r < table->rows; r++) {
        if (few_people(
                people_of_row(review, table, r), review->limits->min_cell))
            withhold_row(review, table, r, few);
        else
            steps = steps || has_few_steps(review, table, r);
    }
    for (size_t r = 0; steps && r < table->rows; r++) {
        if (cell_at(review, table, r * table->columns)[CELL_WITHHELD] == 0)
            withhold_row(review, table, r, RULE_STEPS);
    }
}

/* ---- sums of models: D9, D10, D12 ---- */

/* Of a center's own figures: those of other centers' effects are not in it. */
static size_t parameters_of(
    const struct review *review, const struct table_shape *table)
{
    return review->facts != NULL && table->center_parameters > 0
               ? table->center_parameters
               : table->parameters;
}

/* Ten events a parameter, and of two outcomes ten of the rarer one. */
static bool has_enough_events(const struct review *review,
    const struct table_shape *table, const int128 *cell)
{
    if (table->events == 0)
        return true;
    int128 events = cell[table->events] >> table->event_bits;
    int128 others = cell[CELL_ROWS] - events;
    int128 rarer = table->two_outcomes && others < events ? others : events;
    return (int128)parameters_of(review, table) *
               review->limits->moments_share <=
           rarer;
}

/* A center's own steps of time or bins of a score hold few people. */
static bool shows_few_people(
    const struct review *review, const struct table_shape *table)
{
    return table->fine && review->facts != NULL && review->limits->min_cell > 1;
}

static void review_sums(
    const struct review *review, const struct table_shape *table)
{
    const struct limits *limits = review->limits;
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        int128 people = cell_at(review, table, i)[CELL_PEOPLE];
        if (people == 0)
            continue;
        if (few_people(people, limits->min_cell))
            withhold_cell(review, table, i, RULE_CELL);
        else if ((int128)parameters_of(review, table) * limits->moments_share >
                     people ||
                 !has_enough_events(review, table, cell_at(review, table, i)))
            withhold_cell(review, table, i, RULE_MODEL);
        else if (shows_few_people(review, table))
            withhold_cell(review, table, i, RULE_STEPS);
        else if (review->verdict != LEVERAGE_FINE)
            withhold_cell(review, table, i,
                review->verdict == LEVERAGE_FEW ? RULE_LEVEL : RULE_LEVERAGE);
    }
}

/* ---- segments ---- */

static enum status review_segment(const struct review *review)
{
    enum status status = STATUS_OK;
    for (size_t t = 0; status == STATUS_OK && t < review->shape->table_count;
         t++) {
        const struct table_shape *table = &review->shape->tables[t];
        switch (table->kind) {
        case TABLE_COUNTS:
            status = review_counts(review, table);
            round_counts(review, table);
            break;
        case TABLE_MOMENTS:
            if (table->of_means)
                review_means(review, table);
            else
                review_moments(review, table);
            break;
        case TABLE_ORDERED:
        case TABLE_TIMES: review_steps(review, table); break;
        case TABLE_SUMS: review_sums(review, table); break;
        }
    }
    if (review->limits->rounding > 1) {
        int64_t base = review->limits->rounding;
        review->elements[HEAD_ROWS] =
            rounded(review->elements[HEAD_ROWS], base);
        review->elements[HEAD_PEOPLE] =
            rounded(review->elements[HEAD_PEOPLE], base);
    }
    return status;
}

/* What a look at the rows said; or the sums of a model of which they say
 * enough. */
static enum leverage_verdict verdict_of(const struct plan *plan, size_t index,
    const struct limits *limits, const struct contribution *contribution)
{
    const struct segment *segment = &plan->segments[index];
    const struct analysis *analysis = &plan->analyses[segment->analysis];
    const struct shape *shape = &plan->shapes[segment->analysis];
    if (analysis->kind->has_few_levels != NULL &&
        analysis->kind->has_few_levels(analysis, shape,
            contribution->vector.elements + segment->first, limits->min_cell))
        return LEVERAGE_FEW;
    return contribution->verdicts == NULL ? LEVERAGE_FINE
                                          : contribution->verdicts[index];
}

enum status disclosure_apply(const struct plan *plan,
    const struct limits *limits, uint64_t people_total,
    struct contribution *contribution, struct disclosure_report *report)
{
    *report = (struct disclosure_report){0};
    int128 outside = (int128)people_total - (int128)contribution->cohort_people;
    bool narrow_outside = few_people(outside, limits->min_cell);
    /* A center's own: only a sum of many may be told. */
    contribution->vector.elements[PLAN_REACHABLE] = 0;
    contribution->vector.elements[PLAN_COHORT] = 0;
    for (size_t i = 0; i < plan->segment_count; i++) {
        const struct segment *segment = &plan->segments[i];
        struct review review = {.limits = limits,
            .shape = &plan->shapes[segment->analysis],
            .elements = contribution->vector.elements + segment->first,
            .facts = contribution->facts == NULL
                         ? NULL
                         : contribution->facts + segment->first_fact,
            .verdict = verdict_of(plan, i, limits, contribution),
            .hidden = contribution->hidden == NULL
                          ? NULL
                          : contribution->hidden + segment->first,
            .report = report};
        enum status status = STATUS_OK;
        /* Not by the cohort's people: a sum lacks those of each center that
         * applied the rules itself, and has their segments. */
        if (is_few_or_nobody(review.elements[HEAD_PEOPLE], limits->min_cell))
            withhold_segment(&review, RULE_COHORT);
        else if (narrow_outside)
            withhold_segment(&review, RULE_COMPLEMENT);
        else if (contribution->few_cells != NULL &&
                 contribution->few_cells[i] != 0)
            withhold_segment(&review, RULE_LEVEL);
        else
            status = review_segment(&review);
        if (status != STATUS_OK)
            return status;
    }
    for (size_t rule = 0; rule < RULE_COUNT; rule++)
        contribution->vector.elements[PLAN_RULES + rule] +=
            (int128)report->withheld[rule];
    return STATUS_OK;
}
