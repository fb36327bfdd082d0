#include "protocol/analysis/times.h"

#include <stdio.h>
#include <stdlib.h>

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/query/edges.h"

size_t times_step(const struct variable *time, int64_t grid, int64_t code)
{
    double step = variable_value(time, code) / (double)grid;
    size_t whole = (size_t)(step > 0 ? step : 0);
    return whole + ((double)whole < step ? 1 : 0);
}

struct unit {
    double times, down, grid;
};

/* A division each that is not by 1: they are slow. */
KERNEL static void round_up(const int32_t *restrict codes, size_t count,
    const struct unit *unit, uint32_t *restrict steps)
{
    const double times = unit->times, down = unit->down, grid = unit->grid;
    double values[DESIGN_ROWS];
    if (times == 1.0 && down == 1.0 && grid == 1.0) {
        for (size_t i = 0; i < count; i++)
            steps[i] = (uint32_t)(codes[i] > 0 ? codes[i] : 0);
        return;
    }
    for (size_t i = 0; i < count; i++)
        values[i] = (codes[i] > 0 ? codes[i] : 0) * times;
    for (size_t i = 0; down != 1.0 && i < count; i++)
        values[i] /= down;
    for (size_t i = 0; grid != 1.0 && i < count; i++)
        values[i] /= grid;
    for (size_t i = 0; i < count; i++) {
        const int32_t whole = (int32_t)values[i];
        steps[i] = (uint32_t)(whole + (whole < values[i] ? 1 : 0));
    }
}

void times_step_many(const struct variable *time, int64_t grid,
    const int32_t *codes, size_t count, uint32_t *steps)
{
    struct unit unit = {.grid = (double)grid};
    double up;
    decimal_factors(time->resolution, &unit.times, &up, &unit.down);
    unit.times *= up;
    for (size_t at = 0; at < count; at += DESIGN_ROWS)
        round_up(codes + at,
            count - at < DESIGN_ROWS ? count - at : DESIGN_ROWS, &unit,
            steps + at);
}

enum status times_read_grid(int64_t *grid, const struct variable *time,
    const struct field *parameters, struct diagnostic *diagnostic)
{
    struct field field;
    char why[EDGES_TEXT_MAX];
    int32_t code = 0;
    bool exact = false;
    if (!field_find(&field, parameters, "grid_days"))
        return STATUS_OK;
    enum status status = field_integer(&field, grid, 1, 3660, diagnostic);
    if (status != STATUS_OK ||
        decimal_divide(&code, &exact, (struct decimal){*grid, 0},
            time->resolution) != STATUS_OK ||
        edges_have(time, code))
        return status;
    edges_explain(why, time, code);
    return field_fail(
        &field, diagnostic, "steps of time are an edge's: %s", why);
}

static enum status read_formula(struct times *times, bool takes_strata,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    const struct formula *formula = times->design->formula;
    struct field field;
    if (formula->response_kind != RESPONSE_SURVIVAL ||
        formula->survival.has_start)
        return parameter_fail(parameters, "formula", diagnostic,
            "on the left of '~' stands Surv(time, event)");
    const bool strata = formula->strata_count > 0 || formula->strata_center;
    if (strata && !takes_strata)
        return parameter_fail(parameters, "formula", diagnostic,
            "strata() is not taken here; name one group");
    if (formula->strata_count + formula->strata_center > 1 ||
        formula->has_offset) {
        return parameter_fail(parameters, "formula", diagnostic,
            formula->has_offset ? "offset() is not taken here; glm takes it"
                                : "one strata() variable");
    }
    times->by_center = formula->strata_center;
    enum status status = times_read_grid(&times->grid,
        &dictionary->variables[formula->survival.stop], parameters, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (times->by_center && !field_find(&field, parameters, "grid_days"))
        times->grid = 1; /* no step of it leaves the center */
    if (formula->strata_count > 0)
        times->strata =
            variable_level_count(&dictionary->variables[formula->strata[0]]);
    if (formula->term_count > 1 ||
        (formula->term_count == 1 &&
            (formula->atom_count != 1 ||
                formula->atoms[0].kind != ATOM_LEVELS)))
        return parameter_fail(parameters, "formula", diagnostic,
            "on the right of '~' stands 1, or one category or boolean");
    times->group = formula->term_count == 1 ? &formula->atoms[0] : NULL;
    times->group_count = times->group == NULL ? 1 : times->group->level_count;
    times->stop = &dictionary->variables[formula->survival.stop];
    times->event = &dictionary->variables[formula->survival.event];
    if (times->group != NULL)
        times->by = &dictionary->variables[times->group->variable];
    if (times->stop->min < 0)
        return parameter_fail(parameters, "formula", diagnostic,
            "a time of follow-up is not negative; give the variable \"min\": 0");
    if (times_step(times->stop, times->grid, times->stop->max) >
        TIMES_STEPS_MAX) {
        return parameter_fail(parameters, "formula", diagnostic,
            "the longest time in the dictionary has more than 20000 steps; "
            "take a larger \"grid_days\"");
    }
    return STATUS_OK;
}

enum status times_parse_causes(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    enum status status =
        times_parse(analysis, parameters, dictionary, diagnostic);
    struct times *times = analysis->model;
    if (status != STATUS_OK)
        return status;
    times->outcomes = variable_level_count(times->event);
    if (times->event->type != VARIABLE_CATEGORY || times->outcomes < 3) {
        return parameter_fail(parameters, "formula", diagnostic,
            "competing risks need a category in Surv(time, status): its first "
            "level is censored, each other one a kind of event");
    }
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis, bool takes_strata,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"formula", "grid_days", "level"};
    struct times *times = calloc(1, sizeof *times);
    analysis->model = times;
    if (times == NULL)
        return STATUS_NO_MEMORY;
    times->grid = GRID_DAYS_DEFAULT;
    times->outcomes = 2;
    times->strata = 1;
    enum status status = field_expect_object(parameters, keys, 3, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    if (status == STATUS_OK)
        status = parameter_design(
            &times->design, analysis, parameters, dictionary, diagnostic);
    return status == STATUS_OK ? read_formula(times, takes_strata, parameters,
                                     dictionary, diagnostic)
                               : status;
}

enum status times_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    return parse(analysis, false, parameters, dictionary, diagnostic);
}

enum status times_parse_strata(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    return parse(analysis, true, parameters, dictionary, diagnostic);
}

void times_release(struct analysis *analysis)
{
    struct times *times = analysis->model;
    if (times != NULL)
        design_destroy(times->design);
    free(times);
    analysis->model = NULL;
}

enum status times_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const struct times *times = analysis->model;
    (void)dictionary;
    tally_shape(out, times->strata * times->group_count,
        times->outcomes *
            (times_step(times->stop, times->grid, times->stop->max) + 1));
    out->tables[0].kind = TABLE_TIMES;
    out->tables[0].outcomes = times->outcomes;
    return STATUS_OK;
}

void times_parts(const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts)
{
    const struct times *times = analysis->model;
    const struct formula *formula = times->design->formula;
    const struct table_shape *table = &shape->tables[0];
    struct part group = {.known_count = analysis->variable_count,
        .known = analysis->variables,
        .first = table->first,
        .count = table->rows * table->columns * COUNTS_CELL};
    if (times->group == NULL) {
        parts_add(parts, &group);
    } else {
        /* Of several strata a group's rows stand apart: others are its zeros.
         */
        if (times->strata == 1)
            group.count = table->columns * COUNTS_CELL;
        for (size_t g = 0; g < times->group_count; g++) {
            parts_add_group(parts, &group, times->group, g);
            group.first += times->strata == 1 ? group.count : 0;
        }
    }
    for (size_t i = 0; i < formula->strata_count; i++)
        parts_weigh_levels(parts, &group, formula->strata[i]);
}

size_t times_steps(const struct table_shape *table)
{
    return table->columns / table->outcomes;
}

int64_t times_total(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    int64_t total = 0;
    for (size_t s = 0; s < times_steps(table); s++)
        total += times_events(elements, table, group, s) +
                 times_censored(elements, table, group, s);
    return total;
}

bool times_withheld(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    const int128 *cell = table_cell(elements, table, group, 0);
    return cell[CELL_WITHHELD] > 0 && times_total(elements, table, group) == 0;
}

void times_group_name(
    const struct times *times, size_t group, char *out, size_t capacity)
{
    if (times->group == NULL) {
        snprintf(out, capacity, "all");
        return;
    }
    if (variable_level_count(times->by) > 0) {
        snprintf(out, capacity, "%s=%s", times->group->name,
            variable_level_code(times->by, group));
    } else {
        snprintf(out, capacity, "%s=%lld", times->group->name,
            (long long)times->group->first_level + (long long)group);
    }
}

/* ---- what is shown ---- */

static bool is_thinned(int64_t min_cell)
{
    return min_cell > 1 && DEFENCE("curve-steps");
}

bool times_few_events(int64_t events, int64_t min_cell)
{
    return is_thinned(min_cell) && events > 0 && events < TIMES_EVENTS_MIN;
}

bool times_tells_few(int64_t events, int64_t n, int64_t min_cell)
{
    return times_few_events(events, min_cell) ||
           times_few_events(n - events, min_cell);
}

/* People, not rows: those with an event and those censored, of a step, or since
 * the last step that is shown. */
struct since {
    int64_t events, censored;
};

static struct since people_of(const int128 *elements,
    const struct table_shape *table, size_t group, size_t step)
{
    const size_t censored = table->outcomes - 1;
    struct since people = {0, 0};
    for (size_t k = 0; k <= censored; k++) {
        const int64_t here = (int64_t)table_cell(
            elements, table, group, table->outcomes * step + k)[CELL_PEOPLE];
        people.events += k < censored ? here : 0;
        people.censored += k == censored ? here : 0;
    }
    return people;
}

static int64_t people_of_group(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    int64_t people = 0;
    for (size_t c = 0; c < table->columns; c++)
        people += (int64_t)table_cell(elements, table, group, c)[CELL_PEOPLE];
    return people;
}

static bool is_few(int64_t people)
{
    return people > 0 && people < TIMES_EVENTS_MIN;
}

static bool may_show(
    const struct since *since, int64_t before, int64_t after, int64_t min_cell)
{
    return since->events >= TIMES_EVENTS_MIN && !is_few(since->censored) &&
           before >= min_cell && (after == 0 || after >= min_cell);
}

/* Those after the last step that is shown; *last: that step, or SIZE_MAX. */
static struct since tail_of(const int128 *elements,
    const struct table_shape *table, size_t group, const uint8_t *shown,
    size_t *last)
{
    struct since since = {0, 0};
    size_t s = times_steps(table);
    while (s > 0 && shown[s - 1] == 0) {
        const struct since here = people_of(elements, table, group, --s);
        since.events += here.events;
        since.censored += here.censored;
    }
    *last = s - 1;
    return since;
}

void times_mark_shown(const int128 *elements, const struct table_shape *table,
    size_t group, int64_t min_cell, uint8_t *shown)
{
    struct since since = {0, 0};
    int64_t risk = people_of_group(elements, table, group);
    size_t last;
    for (size_t s = 0; s < times_steps(table); s++) {
        const struct since here = people_of(elements, table, group, s);
        const int64_t after = risk - here.events - here.censored;
        since.events += here.events;
        since.censored += here.censored;
        shown[s] =
            here.events + here.censored > 0 &&
            (!is_thinned(min_cell) || may_show(&since, risk, after, min_cell));
        if (shown[s] != 0)
            since = (struct since){0, 0};
        risk = after;
    }
    while (is_thinned(min_cell)) {
        since = tail_of(elements, table, group, shown, &last);
        if (last == SIZE_MAX ||
            (!is_few(since.events) && !is_few(since.censored)))
            return;
        shown[last] = 0;
    }
}

bool times_set_withheld(
    const int128 *elements, const struct table_shape *table, json_t *out)
{
    size_t withheld = 0;
    bool partly = false;
    for (size_t g = 0; g < table->rows; g++) {
        const bool some = table_cell(elements, table, g, 0)[CELL_WITHHELD] > 0;
        withheld += some;
        partly = partly || (some && times_total(elements, table, g) > 0);
    }
    if (!partly && withheld < table->rows)
        return false;
    result_withhold(out, "steps",
        "steps of too few people, at a center or in a group: each center may "
        "tell no such step by itself; ask with a longer grid_days, or in a "
        "study whose privacy is \"sum\"");
    return true;
}

void times_set_thinned(json_t *out, int64_t min_cell)
{
    if (!is_thinned(min_cell))
        return;
    char text[320];
    snprintf(text, sizeof text,
        "each figure is exact; steps are shown where at least %d events lie "
        "between two of them and %lld people remain at risk, and the curve "
        "ends where that is no longer so; n, events, median and tests are of "
        "everybody",
        TIMES_EVENTS_MIN, (long long)min_cell);
    json_object_set_new(out, "message", json_string(text));
}

void times_set_heads(const struct times *times, const struct shape *shape,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct table_shape *table = &shape->tables[0];
    int64_t n = 0, events = 0;
    bool few = false;
    for (size_t g = 0; g < times->group_count; g++) {
        int64_t all = 0, here = 0; /* in all strata: of one nothing is told */
        for (size_t r = g; r < table->rows; r += times->group_count) {
            all += times_total(elements, table, r);
            for (size_t s = 0; s < times_steps(table); s++)
                here += times_events(elements, table, r, s);
        }
        n += all;
        events += here;
        few = few || times_tells_few(here, all, min_cell);
    }
    json_object_set_new(out, "n", json_integer(n));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing", json_missing(elements[HEAD_ROWS], n));
    json_object_set_new(
        out, "events", few ? json_suppressed() : json_integer(events));
    json_object_set_new(out, "grid_days", json_integer(times->grid));
}
