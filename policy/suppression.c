#include <stdlib.h>
#include <string.h>

#include "policy/disclosure.h"
#include "protocol/wire/defence.h"

/* A table as its reader sees it: shown cells and every margin. */
struct table {
    const uint64_t *people;
    const bool *hidden;
    size_t rows, columns;
};

static size_t line_length(const struct table *table, bool is_row)
{
    return is_row ? table->columns : table->rows;
}

static size_t cell_of(
    const struct table *table, bool is_row, size_t line, size_t at)
{
    return is_row ? line * table->columns + at : at * table->columns + line;
}

/* One line (row or column): what its hidden cells must add up to bounds each
 * of them by the others. Returns whether a bound moved. */
static bool narrow_line(const struct table *table, bool is_row, size_t line,
    uint64_t *low, uint64_t *high)
{
    uint64_t rest = 0, lows = 0, highs = 0;
    bool moved = false;
    for (size_t i = 0; i < line_length(table, is_row); i++) {
        size_t cell = cell_of(table, is_row, line, i);
        if (!table->hidden[cell])
            continue;
        rest += table->people[cell];
        lows += low[cell];
        highs += high[cell];
    }
    for (size_t i = 0; i < line_length(table, is_row); i++) {
        size_t cell = cell_of(table, is_row, line, i);
        if (!table->hidden[cell])
            continue;
        uint64_t other_lows = lows - low[cell];
        uint64_t other_highs = highs - high[cell];
        uint64_t most = rest - other_lows;
        uint64_t least = rest > other_highs ? rest - other_highs : 0;
        if (most < high[cell]) {
            highs -= high[cell] - most;
            high[cell] = most;
            moved = true;
        }
        if (least > low[cell]) {
            lows += least - low[cell];
            low[cell] = least;
            moved = true;
        }
    }
    return moved;
}

/* Bounds of every hidden cell, narrowed until nothing moves. Each round that
 * moves a bound moves it by at least one person; tables of people are small
 * against the number of rounds that is allowed, and stopping early only leaves
 * a bound wider than the reader could make it in theory, so that the last
 * rounds of a very large table are cut at a generous number. */
#define ROUNDS_MAX 10000

static enum status narrow(
    const struct table *table, uint64_t *low, uint64_t *high)
{
    uint64_t total = 0;
    size_t cells = table->rows * table->columns;
    for (size_t i = 0; i < cells; i++)
        total += table->hidden[i] ? table->people[i] : 0;
    for (size_t i = 0; i < cells; i++) {
        low[i] = 0;
        high[i] = total;
    }
    bool moved = true;
    for (size_t round = 0; moved; round++) {
        if (round == ROUNDS_MAX)
            return STATUS_LIMIT_REACHED;
        moved = false;
        for (size_t r = 0; r < table->rows; r++)
            moved |= narrow_line(table, true, r, low, high);
        for (size_t c = 0; table->rows > 1 && c < table->columns; c++)
            moved |= narrow_line(table, false, c, low, high);
    }
    return STATUS_OK;
}

uint64_t disclosure_narrowest_range(
    const uint64_t *people, size_t rows, size_t columns, const bool *hidden)
{
    struct table table = {people, hidden, rows, columns};
    size_t cells = rows * columns;
    uint64_t range = UINT64_MAX;
    uint64_t *bounds = calloc(2 * cells + 1, sizeof *bounds);
    if (bounds == NULL)
        return 0; /* not shown to be safe */
    const uint64_t *low = bounds, *high = bounds + cells;
    if (narrow(&table, bounds, bounds + cells) != STATUS_OK)
        range = 0;
    for (size_t i = 0; i < cells; i++) {
        if (hidden[i] && high[i] - low[i] < range)
            range = high[i] - low[i];
    }
    free(bounds);
    return range;
}

/* The shown cell of a line with the fewest people, where it has fewer than the
 * companion that was found so far. */
static void find_in_line(const struct table *table, bool is_row, size_t line,
    bool *found, size_t *companion)
{
    for (size_t i = 0; i < line_length(table, is_row); i++) {
        size_t at = cell_of(table, is_row, line, i);
        if (table->hidden[at] || table->people[at] == 0)
            continue;
        if (!*found || table->people[at] < table->people[*companion]) {
            *companion = at;
            *found = true;
        }
    }
}

/* A cell to hide for the sake of `cell`: in its row or column, the shown one
 * with the fewest people, so that as little as possible is lost. */
static bool find_companion(
    const struct table *table, size_t cell, size_t *companion)
{
    bool found = false;
    /* NOLINTNEXTLINE(*-core.DivideZero): where a cell is, columns are */
    find_in_line(table, true, cell / table->columns, &found, companion);
    if (table->rows > 1)
        find_in_line(table, false, cell % table->columns, &found, companion);
    return found;
}

/* The next cell to hide: for the narrowest of the hidden cells that still have
 * a neighbour to hide. Beside a cell whose row and column are hidden already,
 * it is the others that must widen. STATUS_REFUSED when there is none, and
 * STATUS_NOT_FOUND when every range is wide enough. */
static enum status find_next(const struct table *table, const uint64_t *low,
    const uint64_t *high, uint64_t limit, size_t *next)
{
    enum status status = STATUS_NOT_FOUND;
    uint64_t range = limit;
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        size_t companion = 0;
        if (!table->hidden[i] || high[i] - low[i] >= limit)
            continue;
        if (status == STATUS_NOT_FOUND)
            status = STATUS_REFUSED;
        if (high[i] - low[i] >= range || !find_companion(table, i, &companion))
            continue;
        status = STATUS_OK;
        range = high[i] - low[i];
        *next = companion;
    }
    return status;
}

enum status disclosure_protect_table(const uint64_t *people, size_t rows,
    size_t columns, const struct limits *limits, bool *hidden)
{
    size_t cells = rows * columns;
    uint64_t limit = (uint64_t)limits->min_cell;
    struct table table = {people, hidden, rows, columns};
    memset(hidden, 0, cells * sizeof *hidden);
    if (limit <= 1 || !DEFENCE("cell-limit"))
        return STATUS_OK;
    for (size_t i = 0; i < cells; i++)
        hidden[i] = people[i] < limit && (people[i] > 0 || limits->hide_zeros);
    uint64_t *bounds = calloc(2 * cells + 1, sizeof *bounds);
    if (bounds == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        size_t next = 0;
        status = narrow(&table, bounds, bounds + cells);
        if (status == STATUS_OK) {
            status = DEFENCE("complement") ? find_next(&table, bounds,
                                                 bounds + cells, limit, &next)
                                           : STATUS_NOT_FOUND;
        }
        if (status == STATUS_OK)
            hidden[next] = true;
    }
    free(bounds);
    return status == STATUS_NOT_FOUND       ? STATUS_OK
           : status == STATUS_LIMIT_REACHED ? STATUS_REFUSED
                                            : status;
}
