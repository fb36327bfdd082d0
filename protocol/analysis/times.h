/*
 * times: events and censorings on a grid of days, by group: what Kaplan-Meier
 * curves and the log-rank test are made of. Time t counts at the grid's step
 * ceiling(t / grid) * grid, so that no exact time leaves a center.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_TIMES_H
#define COHORTIUM_PROTOCOL_ANALYSIS_TIMES_H

#include "protocol/analysis/design.h"

#define TIMES_STEPS_MAX 20000
#define GRID_DAYS_DEFAULT 30

/* The step at which a time counts: ceiling(days / grid). */
size_t times_step(const struct variable *time, int64_t grid, int64_t code);
/* The same of many codes; what it makes of a missing one is of no use. */
void times_step_many(const struct variable *time, int64_t grid,
    const int32_t *codes, size_t count, uint32_t *steps);
/* Optional "grid_days", an edge of the time; *grid stays as it is without it.
 */
enum status times_read_grid(int64_t *grid, const struct variable *time,
    const struct field *parameters, struct diagnostic *diagnostic);

struct times {
    struct design *design; /* its formula has Surv(stop, event) and at most one
                              category or boolean */
    int64_t grid;
    size_t group_count;
    const struct formula_atom *group; /* NULL: one group */
    size_t outcomes; /* of a step: kinds of event and censoring */
    bool by_center;  /* strata(center) */
    size_t strata;   /* levels of strata(v); 1 without. A row of the table is
                        stratum * group_count + group */
    const struct variable *stop, *event, *by;
};

/* parse, shape, state_size, contribute, flush and release of the analyses. */
enum status times_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
/* The same for one that takes strata(). */
enum status times_parse_strata(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
/* Each level of the event but the first is a kind of event. */
enum status times_parse_causes(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
void times_release(struct analysis *analysis);
enum status times_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
/* Each group's rows of the table are of its rows; strata are weighed. */
void times_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts);
size_t times_state_size(
    const struct analysis *analysis, const struct shape *shape);
/* Of each row its cell in the table, and the mask of those that count: rows
 * without a time, an event, a group or a stratum count nowhere. */
void times_find_cells(const struct times *times,
    const struct table_shape *table, const struct row_block *block,
    uint32_t *cells, uint8_t *mask);
void times_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
void times_flush(const struct analysis *analysis, const struct shape *shape,
    void *state, const double *values, int128 *elements,
    struct cell_facts *facts);

/* One group's summed counts of an outcome at a step; the last is censoring. */
static inline int64_t times_outcome(const int128 *elements,
    const struct table_shape *table, size_t group, size_t step, size_t outcome)
{
    return (
        int64_t)elements[table->first + (group * table->columns +
                                            table->outcomes * step + outcome) *
                                            COUNTS_CELL];
}

static inline int64_t times_censored(const int128 *elements,
    const struct table_shape *table, size_t group, size_t step)
{
    return times_outcome(elements, table, group, step, table->outcomes - 1);
}

/* Events of every kind. */
static inline int64_t times_events(const int128 *elements,
    const struct table_shape *table, size_t group, size_t step)
{
    int64_t events = 0;
    for (size_t k = 0; k + 1 < table->outcomes; k++)
        events += times_outcome(elements, table, group, step, k);
    return events;
}

size_t times_steps(const struct table_shape *table);
/* All that count in a group. */
int64_t times_total(
    const int128 *elements, const struct table_shape *table, size_t group);
/* Whether nobody gave that group. */
bool times_withheld(
    const int128 *elements, const struct table_shape *table, size_t group);
/* D11: which steps of a group's curve are shown, by step. All of them with
 * min_cell 1; else each has at least TIMES_EVENTS_MIN events since the one
 * before it, as many censored or none, and min_cell people at risk, before and
 * after it unless nobody is left; after the last one no small number of events
 * or of censored people is left either, for the totals are told. Every shown
 * figure is exact: steps are left out, never moved. */
#define TIMES_EVENTS_MIN 5
void times_mark_shown(const int128 *elements, const struct table_shape *table,
    size_t group, int64_t min_cell, uint8_t *shown);
/* Whether a group has a number of events that is not told: 1 to
 * TIMES_EVENTS_MIN - 1. */
bool times_few_events(int64_t events, int64_t min_cell);
/* The same of a group of n, whose number is told: as few may be left without an
 * event. */
bool times_tells_few(int64_t events, int64_t n, int64_t min_cell);
/* Some center gave no steps: the sum is of the others, and not told.
 * "suppressed", "rule" and "message". */
bool times_set_withheld(
    const int128 *elements, const struct table_shape *table, json_t *out);
/* Where steps are left out, what that means: "message". */
void times_set_thinned(json_t *out, int64_t min_cell);
/* "sex=1", or "all". */
void times_group_name(
    const struct times *times, size_t group, char *out, size_t capacity);
/* "n", "patients", "missing", "events"; these are suppressed where some group
 * has few, or few without one. */
void times_set_heads(const struct times *times, const struct shape *shape,
    const int128 *elements, int64_t min_cell, json_t *out);

#endif
