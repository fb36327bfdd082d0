/*
 * With strata(center): a center's own risk sets, on days. Its rows are put in
 * order of time, the latest first, and their products added up as they enter
 * the risk set; at each time with events the likelihood takes its share. What
 * leaves the center are sums over all its times, and at the final coefficients
 * the numbers of its pairs of people (cox_pairs.h).
 */
#include <math.h>

#include "protocol/analysis/cox_pairs.h"
#include "protocol/analysis/cox_records.h"
#include "protocol/analysis/cox_rows.h"
#include "protocol/analysis/fixed.h"
#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"

#define CENTER_BITS 30

/* Sums of bits since they were last taken, and whole sums. */
struct running {
    uint64_t *bits;      /* [2 width] */
    size_t count;        /* rows in bits */
    int64_t *high, *low; /* [width] each: units of 2^(FIXED_SPLIT - COX_BITS)
                            and of 2^-COX_BITS */
    double *numbers;     /* [all] */
};

struct cox_state {
    uint64_t last; /* model_count_rows */
    const struct rows *rows;
    size_t moves;
};

/* Where all is within the state. */
struct parts {
    struct cox_state *state;
    uint32_t *starts; /* [places + 1] */
    struct running risk, dead;
    double *likelihood;
    int128 *total;  /* [p], of x over the rows */
    double *center; /* [p], near the mean of z */
    double *products;
    struct cox_move *moves; /* then their records; then entries of pairs and
                               their room */
    size_t size;
};

static void lay_out_running(
    struct running *out, size_t width, char *base, size_t *used)
{
    out->bits = cox_take(base, used, 2 * width * sizeof *out->bits);
    out->high = cox_take(base, used, width * sizeof *out->high);
    out->low = cox_take(base, used, width * sizeof *out->low);
    out->numbers = cox_take(base, used, width * sizeof *out->numbers);
    out->count = 0;
}

static struct parts lay_out(const struct cox *cox, void *state)
{
    const size_t width = cox_products_width(&cox->layout);
    struct parts parts = {0};
    size_t *used = &parts.size;
    char *base = state;
    parts.state = cox_take(base, used, sizeof *parts.state);
    parts.starts =
        cox_take(base, used, (cox_places(cox) + 1) * sizeof *parts.starts);
    lay_out_running(&parts.risk, width, base, used);
    lay_out_running(&parts.dead, width, base, used);
    parts.likelihood = cox_take(base, used,
        cox_likelihood_count(&cox->layout) * sizeof *parts.likelihood);
    parts.total = cox_take(base, used, cox->layout.p * sizeof *parts.total);
    parts.center = cox_take(base, used, cox->layout.p * sizeof *parts.center);
    parts.products = cox_take(base, used,
        cox_products_rows(&cox->layout) * width * sizeof *parts.products);
    /* What follows grows by rows; this is for the end of the records. */
    parts.moves = cox_take(base, used, cox_record_size(cox) + 8);
    return parts;
}

size_t cox_center_state_size(const struct cox *cox)
{
    return lay_out(cox, NULL).size;
}

size_t cox_center_row_size(const struct cox *cox)
{
    const size_t each = sizeof(struct cox_move) + cox_record_size(cox) +
                        sizeof(struct cox_entry) + cox_pairs_room(1);
    return (cox->start == NULL ? 1 : 2) * each;
}

/* ---- the rows of a block ---- */

struct collecting {
    const struct cox *cox;
    struct parts parts;
    int128 *cell;
};

static void add_total(
    const struct collecting *to, const struct model_rows *rows)
{
    const size_t first = to->cox->first;
    double counts[DESIGN_ROWS];
    for (size_t i = 0; i < rows->count; i++)
        counts[i] = rows->in[i] != 0 ? 1.0 : 0.0;
    for (size_t j = 0; j < to->cox->count; j++) {
        to->parts.total[j] +=
            fixed_sum_products(rows->columns + (first + j) * DESIGN_ROWS,
                counts, rows->count, COX_BITS);
    }
}

static void collect(void *arg, const struct model_rows *given)
{
    struct collecting *to = arg;
    struct cox_state *state = to->parts.state;
    struct model_rows rows = *given;
    struct cox_rows stand;
    uint8_t in[DESIGN_ROWS];
    const struct design_rows which = {.rows = rows.block->rows,
        .first = rows.block->first + rows.first,
        .count = rows.count};
    memcpy(in, given->in, rows.count);
    cox_rows_stand(to->cox, &which, in, &stand);
    rows.in = in;
    model_count_rows(&rows, &state->last, to->cell);
    add_total(to, &rows);
    if (rows.block->values == NULL)
        cox_add_moments(to->cox, &rows, to->cell);
    for (size_t i = 0; i < rows.count; i++) {
        const size_t first = stand.stratum[i] * to->cox->steps;
        const uint32_t row = (uint32_t)(which.first + i);
        if (in[i] == 0)
            continue;
        to->parts.moves[state->moves++] =
            (struct cox_move){row, (uint32_t)(first + stand.stop[i]) * 4 +
                                       (stand.event[i] ? COX_EVENT : 0)};
        if (to->cox->start != NULL)
            to->parts.moves[state->moves++] = (struct cox_move){
                row, (uint32_t)(first + stand.start[i]) * 4 + COX_BEGINS};
    }
}

void cox_center_contribute(const struct cox *cox, const struct row_block *block,
    void *state, int128 *cell)
{
    struct collecting to = {cox, lay_out(cox, state), cell};
    to.parts.state->rows = block->rows;
    model_each_block(cox->design, block, collect, &to);
}

/* ---- the likelihood ---- */

struct summing {
    const struct cox *cox;
    struct parts parts;
    struct cox_likelihood own;
    struct design_rows which;
    struct cox_rows rows;
    uint8_t in[DESIGN_ROWS];
    uint32_t places[DESIGN_ROWS + 1]; /* of records, with COX_EVENT ... */
    int32_t codes[ANALYSIS_VARIABLES_MAX][DESIGN_ROWS];
    double columns[DESIGN_ROWS * (DESIGN_COLUMNS_MAX + 2)];
    double z[DESIGN_ROWS * DESIGN_COLUMNS_MAX];
    double centered[DESIGN_ROWS * DESIGN_COLUMNS_MAX]; /* z less the center */
    size_t events;                                     /* at the place */
    int128 *sums;
    struct cox_entry *entries; /* NULL: pairs are not asked for */
};

static void clear(struct running *running, size_t width)
{
    memset(running->bits, 0, 2 * width * sizeof *running->bits);
    memset(running->high, 0, width * sizeof *running->high);
    memset(running->low, 0, width * sizeof *running->low);
    running->count = 0;
}

/* Bits -> whole sums; low keeps below 2^FIXED_SPLIT. What is told by a
 * coordinator that lies may be of no such size: it wraps. */
static void settle(struct running *running, size_t width)
{
    const struct fixed_split split = fixed_split_of(COX_BITS);
    const uint64_t high = running->count * fixed_bits(split.high);
    const uint64_t low = running->count * fixed_bits(split.low);
    for (size_t k = 0; k < width; k++) {
        const int64_t sum = (int64_t)((uint64_t)running->low[k] +
                                      running->bits[width + k] - low);
        running->high[k] =
            (int64_t)((uint64_t)running->high[k] + running->bits[k] - high +
                      (uint64_t)(sum >> FIXED_SPLIT));
        running->low[k] = sum & (((int64_t)1 << FIXED_SPLIT) - 1);
    }
    memset(running->bits, 0, 2 * width * sizeof *running->bits);
    running->count = 0;
}

static void read_numbers(struct running *running, size_t width)
{
    const double low = ldexp(1.0, -COX_BITS);
    const double high = ldexp(low, FIXED_SPLIT);
    settle(running, width);
    for (size_t k = 0; k < width; k++)
        running->numbers[k] =
            (double)running->high[k] * high + (double)running->low[k] * low;
}

/* All that happens at a place is in. */
static void close_place(struct summing *to, size_t place)
{
    const struct cox *cox = to->cox;
    const size_t width = cox_products_width(&cox->layout);
    const bool parts = cox->layout.dead > 0;
    if (to->events == 0)
        return;
    read_numbers(&to->parts.risk, width);
    if (parts)
        read_numbers(&to->parts.dead, width);
    const struct cox_step step = {.risk = to->parts.risk.numbers,
        .dead = parts ? to->parts.dead.numbers : NULL,
        .events = (int128)to->events,
        .time = (double)(place % cox->steps) * cox_time_unit(cox)};
    cox_likelihood_step(&cox->layout, &step, &to->own);
    if (parts)
        clear(&to->parts.dead, width);
    to->events = 0;
}

static void add(
    struct running *running, const double *products, size_t count, size_t width)
{
    cox_products_add(products, count, width, running->bits);
    running->count += count;
    if (running->count > FIXED_ROWS / 2)
        settle(running, width);
}

/* Products are made of rows first..end, and added place by place. */
static void add_moves(struct summing *to, size_t first, size_t end)
{
    const struct cox *cox = to->cox;
    const size_t width = cox_products_width(&cox->layout);
    const double *products = to->parts.products;
    const uint32_t *places = to->places;
    cox_products_make(
        cox, to->centered, &to->rows, first, end - first, to->parts.products);
    for (size_t i = first; i < end;) {
        const size_t place = places[i] / 4, begin = i;
        for (; i < end && places[i] / 4 == place; i++) {
            if ((places[i] & COX_EVENT) == 0 || to->in[i] == 0)
                continue;
            to->events++;
            if (cox->layout.dead > 0)
                add(&to->parts.dead, products + (i - first) * width, 1, width);
        }
        add(&to->parts.risk, products + (begin - first) * width, i - begin,
            width);
        if (places[i] / 4 != place)
            close_place(to, place);
        if (places[i] / 4 / cox->steps != place / cox->steps)
            clear(&to->parts.risk, width);
    }
}

/* Events' own sums, which the coordinator joins with beta. */
static void add_events(struct summing *to)
{
    const struct cox *cox = to->cox;
    double event[DESIGN_ROWS], timed[DESIGN_ROWS];
    const size_t count = to->which.count;
    for (size_t i = 0; i < count; i++) {
        event[i] = to->in[i] != 0 && (to->places[i] & COX_EVENT) != 0;
        timed[i] = event[i] * (double)(to->places[i] / 4 % cox->steps) *
                   cox_time_unit(cox);
        to->sums[SUM_EVENTS] += event[i] != 0;
    }
    cox_add_events(cox, to->z, event, timed, count, to->sums);
}

KERNEL static void subtract(
    const double *restrict x, double center, size_t count, double *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] - center;
}

static void note_entries(struct summing *to)
{
    for (size_t i = 0; i < to->which.count; i++) {
        *to->entries++ = (struct cox_entry){.eta = to->rows.eta[i],
            .place = to->places[i] / 4,
            .kind = (to->places[i] & COX_BEGINS) != 0  ? ENTRY_GONE
                    : (to->places[i] & COX_EVENT) != 0 ? ENTRY_EVENT
                                                       : ENTRY_CENSORED};
    }
}

/* Those that `which` has: what they were read as, to sums. */
static void add_rows(struct summing *to, const double *values)
{
    const struct cox *cox = to->cox;
    const size_t some = cox_products_rows(&cox->layout);
    size_t invalid = 0;
    memset(to->in, 0xFF, to->which.count);
    design_fill(cox->design, &to->which, to->in, to->columns);
    cox_rows_standard(cox, to->columns, values, to->which.count, to->z);
    cox_rows_weigh(cox, to->z, values, to->which.count, to->in, &to->rows);
    for (size_t i = 0; i < to->which.count; i++) {
        const bool begins = (to->places[i] & COX_BEGINS) != 0;
        invalid += to->in[i] == 0 && !begins;
        if (begins)
            to->rows.weight[i] = -to->rows.weight[i];
    }
    to->sums[SUM_INVALID] += (int128)invalid;
    for (size_t j = 0; j < cox->count; j++) {
        subtract(to->z + j * DESIGN_ROWS, to->parts.center[j], to->which.count,
            to->centered + j * DESIGN_ROWS);
    }
    for (size_t at = 0; at < to->which.count; at += some)
        add_moves(
            to, at, at + some < to->which.count ? at + some : to->which.count);
    add_events(to);
    if (to->entries != NULL)
        note_entries(to);
}

static double mean_of(const struct parts *parts, size_t column, int128 rows)
{
    return (double)cox_value(parts->total[column]) / (double)rows;
}

/* Of all rows, and so of any order; with few digits, so that z less it has
 * those of z. */
static void set_center(const struct cox *cox, const struct parts *parts,
    const double *values, int128 rows)
{
    for (size_t j = 0; j < cox->count; j++) {
        const size_t base = cox->columns.base[j];
        double mean = rows > 0 ? mean_of(parts, j, rows) : 0;
        if (values != NULL && rows > 0)
            mean = standard_value(&cox->columns, values + cox_standard_at(cox),
                j, mean, base < cox->count ? mean_of(parts, base, rows) : 1);
        parts->center[j] =
            nearbyint(ldexp(mean, CENTER_BITS)) * ldexp(1, -CENTER_BITS);
    }
}

static int128 rounded(long double value)
{
    return fixed_whole(ldexpl(value, COX_BITS));
}

/* The likelihood's numbers leave the center, the scores with x as it is. */
static void tell(const struct summing *to, int128 *out)
{
    const struct cox_likelihood *own = &to->own;
    const size_t p = to->cox->count;
    const size_t timed = (size_t)(own->timed_score - own->score);
    for (size_t i = 0; i < cox_likelihood_count(&to->cox->layout); i++) {
        long double value = own->score[i];
        if (i < p)
            value -= (long double)own->events * to->parts.center[i];
        else if (i >= timed && i < timed + p)
            value -=
                (long double)own->timed_events * to->parts.center[i - timed];
        out[i] += rounded(value);
    }
}

static void add_pairs(
    const struct cox *cox, struct cox_entry *entries, size_t count, int128 *out)
{
    struct cox_pairs pairs = {0};
    cox_pairs_add(
        entries, count, (uint32_t)cox->steps, entries + count, &pairs);
    out[PAIRS_CONCORDANT] += (int128)pairs.concordant;
    out[PAIRS_DISCORDANT] += (int128)pairs.discordant;
    out[PAIRS_TIED] += (int128)pairs.tied;
}

/* Where a number of 8 bytes may stand; moves are such a place. */
static struct cox_entry *entries_behind(
    const struct cox *cox, uint8_t *records, size_t count)
{
    const size_t bytes = (count + 1) * cox_record_size(cox);
    return (struct cox_entry *)(void *)(records + (bytes + 7) / 8 * 8);
}

/* All records, in order of time. */
static void add_records(
    struct summing *to, const uint8_t *records, const double *values)
{
    const struct cox *cox = to->cox;
    const size_t count = to->parts.state->moves;
    const size_t size = cox_record_size(cox);
    for (size_t at = 0; at < count; at += DESIGN_ROWS) {
        to->which = (struct design_rows){.rows = to->parts.state->rows,
            .count = count - at < DESIGN_ROWS ? count - at : DESIGN_ROWS,
            .codes = (const int32_t(*)[DESIGN_ROWS])to->codes};
        cox_records_read(
            cox, records + at * size, to->which.count, to->places, to->codes);
        add_rows(to, values);
    }
}

void cox_center_flush(
    const struct cox *cox, void *state, const double *values, int128 *sums)
{
    struct summing to;
    to.cox = cox;
    to.parts = lay_out(cox, state);
    to.sums = sums;
    to.events = 0;
    const size_t count = to.parts.state->moves;
    const size_t numbers = cox_likelihood_count(&cox->layout);
    uint8_t *records = (uint8_t *)(to.parts.moves + count);
    struct cox_entry *entries = entries_behind(cox, records, count);
    to.entries = values != NULL && values[cox->count] > 0 ? entries : NULL;
    const bool pairs = to.entries != NULL;
    cox_records_sort(cox, to.parts.state->rows, to.parts.moves, count,
        to.parts.starts, records);
    set_center(cox, &to.parts, values, sums[CELL_ROWS - COUNTS_CELL]);
    cox_likelihood_start(&cox->layout, to.parts.likelihood, &to.own);
    add_records(&to, records, values);
    sums[SUM_LOGLIK] += rounded(to.own.loglik);
    int128 *rest = sums + cox_rest(cox);
    tell(&to, rest);
    if (pairs)
        add_pairs(cox, entries, count, rest + numbers);
}
