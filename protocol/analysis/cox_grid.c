/*
 * On a grid of days: the first round counts events and people a step, so that
 * the coordinator can choose risk sets of enough people; every other one adds
 * up the rows' products at the risk set after which they leave.
 */
#include "protocol/analysis/cox_rows.h"
#include "protocol/analysis/cox_steps.h"
#include "protocol/analysis/tally.h"

/* What the scan remembers of the patient it is at: as model_count_row has it,
 * and the places, plus 1, where the last event and the last row without one
 * stand; 0: nowhere yet. */
struct cox_state {
    uint64_t last;
    size_t last_place[2];
    size_t pending; /* rows in the bits */
};

/* Where all is within the state. Sums of bits and how many rows are in them, a
 * risk set after the other: of who leaves, then (with Efron's ties) of who has
 * the event. */
struct parts {
    struct cox_state *state;
    uint64_t *counts; /* [sets] */
    uint64_t *bits;   /* [sets][2 width] */
    double *products;
    size_t width, sets, size;
};

static size_t kinds_of(const struct cox *cox)
{
    return cox->layout.dead > 0 ? 2 : 1;
}

static struct parts lay_out(const struct cox *cox, void *state)
{
    struct parts parts = {.width = cox_products_width(&cox->layout),
        .sets = cox->strata * cox->risk_sets * kinds_of(cox)};
    parts.state = cox_take(state, &parts.size, sizeof *parts.state);
    parts.counts =
        cox_take(state, &parts.size, parts.sets * sizeof *parts.counts);
    parts.bits = cox_take(
        state, &parts.size, parts.sets * 2 * parts.width * sizeof *parts.bits);
    parts.products = cox_take(state, &parts.size,
        (cox_products_rows(&cox->layout) + 1) * parts.width *
            sizeof *parts.products);
    return parts;
}

size_t cox_grid_state_size(const struct cox *cox)
{
    return lay_out(cox, NULL).size;
}

struct adding {
    const struct cox *cox;
    const double *values;
    struct parts parts;
    int128 *cell, *sums;
};

/* ---- the first round ---- */

/* The patient is over: one person at each of the last places. */
static void count_person(struct cox_state *state, int128 *places)
{
    const size_t *last = state->last_place;
    const size_t latest = last[0] > last[1] ? last[0] : last[1];
    if (latest > 0)
        places[(latest - 1) * STEP_COUNTS + STEP_PEOPLE]++;
    for (size_t event = 0; event < 2; event++) {
        size_t place = state->last_place[event];
        if (place > 0)
            places[(place - 1) * STEP_COUNTS +
                   (event != 0 ? STEP_EVENT_PEOPLE : STEP_OTHER_PEOPLE)]++;
        state->last_place[event] = 0;
    }
}

static void count_rows(const struct adding *to, const struct model_rows *rows,
    const struct cox_rows *stand)
{
    struct cox_state *state = to->parts.state;
    int128 *places = to->sums + cox_rest(to->cox);
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->in[i] == 0)
            continue;
        const bool event = stand->event[i] != 0;
        const size_t place =
            stand->stratum[i] * to->cox->steps + stand->stop[i];
        const int128 people = to->cell[CELL_PEOPLE];
        size_t *last = &state->last_place[event];
        model_count_row(rows->block, rows->first + i, &state->last, to->cell);
        places[place * STEP_COUNTS + (event ? STEP_EVENTS : STEP_OTHERS)]++;
        to->sums[SUM_EVENTS] += event;
        if (to->cell[CELL_PEOPLE] != people)
            count_person(state, places);
        if (*last < place + 1)
            *last = place + 1;
    }
}

/* ---- the other rounds ---- */

/* Bits -> the elements. */
static void settle(const struct adding *to)
{
    const struct cox *cox = to->cox;
    const struct cox_layout *layout = &cox->layout;
    const struct fixed_split split = fixed_split_of(COX_BITS);
    const size_t width = to->parts.width, count = cox->risk_sets;
    for (size_t set = 0; set < to->parts.sets; set++) {
        uint64_t *bits = to->parts.bits + set * 2 * width;
        const size_t kind = set / (cox->strata * count);
        const size_t g = set % (cox->strata * count);
        int128 *stratum = to->sums + cox_rest(cox) +
                          g / count * cox_stratum_size(layout, count);
        int128 *out = kind == 0 ? stratum + g % count * layout->width
                                : stratum + count * layout->width +
                                      g % count * layout->dead;
        if (to->parts.counts[set] == 0)
            continue;
        for (size_t k = 0; k < layout->all; k++)
            out[k] += fixed_joined(
                &split, bits[k], bits[width + k], to->parts.counts[set]);
        memset(bits, 0, 2 * width * sizeof *bits);
        to->parts.counts[set] = 0;
    }
    to->parts.state->pending = 0;
}

static void add(const struct adding *to, size_t set, const double *products)
{
    const size_t width = to->parts.width;
    cox_products_add(products, 1, width, to->parts.bits + set * 2 * width);
    to->parts.counts[set]++;
}

static void take_off(
    const struct adding *to, size_t set, const double *products)
{
    const size_t width = to->parts.width;
    double *negative =
        to->parts.products + cox_products_rows(&to->cox->layout) * width;
    for (size_t k = 0; k < width; k++)
        negative[k] = -products[k];
    add(to, set, negative);
}

/* Steps -> risk sets: `stop` is the one at which the row leaves, `start` how
 * many are before it. The row stands in none: out. */
static void find_risk_sets(
    const struct adding *to, size_t count, uint8_t *in, struct cox_rows *rows)
{
    const struct cox *cox = to->cox;
    for (size_t i = 0; i < count; i++) {
        if (in[i] == 0)
            continue;
        const double *starts =
            to->values + cox->count + rows->stratum[i] * cox->risk_sets;
        const size_t stop = cox_risk_set(starts, cox->risk_sets, rows->stop[i]);
        const size_t start =
            cox->start == NULL
                ? 0
                : cox_risk_set(starts, cox->risk_sets, rows->start[i]);
        if (start >= stop)
            in[i] = 0;
        rows->stop[i] = (uint32_t)stop - 1;
        rows->start[i] = (uint32_t)start;
    }
}

static void add_events(const struct adding *to, const struct model_rows *given,
    const double *z, const uint8_t *in, const struct cox_rows *rows)
{
    const struct cox *cox = to->cox;
    double event[DESIGN_ROWS], timed[DESIGN_ROWS];
    for (size_t i = 0; i < given->count; i++) {
        const bool counts = in[i] != 0 && rows->event[i] != 0;
        const size_t set = rows->stratum[i] * cox->risk_sets + rows->stop[i];
        event[i] = timed[i] = 0;
        if (!counts)
            continue;
        event[i] = 1;
        timed[i] = to->values[cox->count + set] * cox_time_unit(cox);
        to->sums[SUM_EVENTS]++;
        to->sums[cox_rest(cox) +
                 rows->stratum[i] *
                     cox_stratum_size(&cox->layout, cox->risk_sets) +
                 rows->stop[i] * cox->layout.width + cox->layout.all]++;
    }
    cox_add_events(cox, z, event, timed, given->count, to->sums);
}

static void sum_rows(const struct adding *to, const struct model_rows *given,
    uint8_t *in, struct cox_rows *rows)
{
    const struct cox *cox = to->cox;
    const size_t some = cox_products_rows(&cox->layout);
    const size_t dead = cox->strata * cox->risk_sets;
    double z[DESIGN_ROWS * DESIGN_COLUMNS_MAX];
    find_risk_sets(to, given->count, in, rows);
    cox_rows_standard(cox, given->columns, to->values, given->count, z);
    to->sums[SUM_INVALID] +=
        (int128)cox_rows_weigh(cox, z, to->values, given->count, in, rows);
    for (size_t i = 0; i < given->count; i++) {
        const double *products =
            to->parts.products + i % some * to->parts.width;
        const size_t first = rows->stratum[i] * cox->risk_sets;
        if (i % some == 0) {
            cox_products_make(cox, z, rows, i, given->count - i < some ? given->count - i : some,
                to->parts.products);
        }
        if (in[i] == 0)
            continue;
        add(to, first + rows->stop[i], products);
        if (rows->start[i] > 0)
            take_off(to, first + rows->start[i] - 1, products);
        if (rows->event[i] != 0 && cox->layout.dead > 0)
            add(to, dead + first + rows->stop[i], products);
    }
    add_events(to, given, z, in, rows);
    to->parts.state->pending += 2 * given->count;
    if (to->parts.state->pending > FIXED_ROWS - (size_t)2 * DESIGN_ROWS)
        settle(to);
}

static void visit_rows(void *arg, const struct model_rows *given)
{
    const struct adding *to = arg;
    struct model_rows rows = *given;
    struct cox_rows stand;
    uint8_t in[DESIGN_ROWS];
    const struct design_rows which = {.rows = rows.block->rows,
        .first = rows.block->first + rows.first,
        .count = rows.count};
    memcpy(in, given->in, rows.count);
    cox_rows_stand(to->cox, &which, in, &stand);
    rows.in = in;
    if (to->values == NULL) {
        count_rows(to, &rows, &stand);
        cox_add_moments(to->cox, &rows, to->cell);
        return;
    }
    model_count_rows(&rows, &to->parts.state->last, to->cell);
    sum_rows(to, &rows, in, &stand);
}

void cox_grid_contribute(const struct cox *cox, const struct row_block *block,
    void *state, int128 *cell)
{
    struct adding to = {
        cox, block->values, lay_out(cox, state), cell, cell + COUNTS_CELL};
    model_each_block(cox->design, block, visit_rows, &to);
}

void cox_grid_flush(
    const struct cox *cox, void *state, const double *values, int128 *sums)
{
    const struct adding to = {
        cox, values, lay_out(cox, state), sums - COUNTS_CELL, sums};
    if (values == NULL)
        count_person(to.parts.state, sums + cox_rest(cox));
    else
        settle(&to);
}
