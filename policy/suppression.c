/*
 * Which cells of a table of counts stay hidden (D2, D3).
 *
 * A reader knows every margin and every cell that is shown. What a hidden cell
 * may hold is then an interval whose ends are flows: with rows and columns as
 * nodes and hidden cells as edges, one person more in cell (r, c) is one less
 * somewhere in column c, one more in that one's row, and so on until row r is
 * reached. The most that can go round is a maximum flow, and it is a whole
 * number (L. R. Ford, D. R. Fulkerson, Flows in Networks, 1962). Where an
 * interval is too narrow, the cheapest way round through cells that are still
 * shown is hidden (L. H. Cox, Network models for complementary cell
 * suppression, Journal of the American Statistical Association 90, 1995).
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure.h"
#include "protocol/wire/defence.h"

/* A table as its reader sees it: shown cells and every margin. Of a table of
 * one row the columns' margins are the cells, which nobody knows: one more row,
 * of which anything may be taken, stands for that. */
struct table {
    const uint64_t *people;
    bool *hidden;
    size_t rows, columns;
};

#define NOT_REACHED SIZE_MAX
#define NO_PATH UINT64_MAX
#define ZERO_PRICE ((uint64_t)1 << 40) /* of a cell where nobody is */

/* The search for a way from one node to another. Nodes: the rows, then the row
 * that stands for anything, then the columns. */
struct search {
    const struct table *table;
    uint64_t *cells;   /* what each holds after what went round so far */
    uint64_t *cost;    /* of the way to a node */
    size_t *came_from; /* the node before */
    bool *done;        /* nodes whose way is known */
    bool *safe;        /* cells whose interval is wide enough */
    size_t target;     /* the cell whose interval it is; no way leads over it */
    uint64_t least;    /* what a cell must be able to give */
    uint64_t price;    /* of a shown cell, beside its people; 0: hidden only */
};

static size_t node_of_column(const struct table *table, size_t column)
{
    return table->rows + 1 + column;
}

static size_t node_count(const struct table *table)
{
    return table->rows + 1 + table->columns;
}

/* What it costs to go over a cell; NO_PATH where no way leads. */
static uint64_t cost_of_cell(const struct search *search, size_t cell)
{
    const struct table *table = search->table;
    if (cell == search->target)
        return NO_PATH;
    if (table->hidden[cell])
        return 0;
    /* A zero may be known for what it is: it is the last to hide others. */
    uint64_t people = table->people[cell];
    return search->price == 0 ? NO_PATH
           : people == 0      ? ZERO_PRICE
                              : search->price + people;
}

/* From a row to a column one person more is in the cell, from a column to a row
 * one less. */
static uint64_t cost_of_step(
    const struct search *search, size_t from, size_t to)
{
    const struct table *table = search->table;
    const bool down = from > to;
    size_t row = down ? to : from;
    size_t column = (down ? from : to) - table->rows - 1;
    if (row == table->rows)
        return table->rows == 1 ? 0 : NO_PATH;
    size_t cell = row * table->columns + column;
    if (down && search->cells[cell] < search->least)
        return NO_PATH;
    return cost_of_cell(search, cell);
}

static size_t next_node(const struct search *search)
{
    size_t best = NOT_REACHED;
    for (size_t i = 0; i < node_count(search->table); i++) {
        if (search->done[i] || search->cost[i] == NO_PATH)
            continue;
        if (best == NOT_REACHED || search->cost[i] < search->cost[best])
            best = i;
    }
    return best;
}

/* The cheapest way, by E. W. Dijkstra's rule; false when there is none. */
static bool find_way(struct search *search, size_t from, size_t to)
{
    const size_t nodes = node_count(search->table), rows = search->table->rows;
    memset(search->done, 0, nodes * sizeof *search->done);
    for (size_t i = 0; i < nodes; i++)
        search->cost[i] = NO_PATH;
    search->cost[from] = 0;
    for (;;) {
        size_t node = next_node(search);
        if (node == NOT_REACHED || node == to)
            return node == to;
        search->done[node] = true;
        const size_t first = node <= rows ? rows + 1 : 0;
        const size_t end = node <= rows ? nodes : rows + 1;
        for (size_t i = first; i < end; i++) {
            uint64_t step =
                search->done[i] ? NO_PATH : cost_of_step(search, node, i);
            if (step == NO_PATH || search->cost[node] + step >= search->cost[i])
                continue;
            search->cost[i] = search->cost[node] + step;
            search->came_from[i] = node;
            if (i == to && search->cost[i] == 0)
                return true;
        }
    }
}

/* The cell between two nodes of a way; NOT_REACHED for the row of anything. */
static size_t cell_between(const struct table *table, size_t from, size_t to)
{
    size_t row = from < to ? from : to;
    size_t column = (from < to ? to : from) - table->rows - 1;
    return row == table->rows ? NOT_REACHED : row * table->columns + column;
}

/* Sends as many people round the way as its cells can give, `most` at most. */
static uint64_t send_round(
    struct search *search, size_t from, size_t to, uint64_t most)
{
    const struct table *table = search->table;
    for (size_t node = to; node != from; node = search->came_from[node]) {
        size_t before = search->came_from[node];
        size_t cell = cell_between(table, before, node);
        if (cell != NOT_REACHED && before > node && search->cells[cell] < most)
            most = search->cells[cell];
    }
    for (size_t node = to; node != from; node = search->came_from[node]) {
        size_t before = search->came_from[node];
        size_t cell = cell_between(table, before, node);
        if (cell != NOT_REACHED)
            search->cells[cell] += before > node ? -most : most;
    }
    return most;
}

/* How wide the interval of a hidden cell is, `limit` at most: the most that it
 * may hold beyond what it does, and the least. The search is left where no
 * more can go round so that the cell holds more. */
static uint64_t width_of(struct search *search, size_t cell, uint64_t limit)
{
    const struct table *table = search->table;
    /* NOLINTNEXTLINE(*-core.DivideZero): where a cell is, columns are */
    const size_t row = cell / table->columns;
    const size_t column = node_of_column(table, cell % table->columns);
    const size_t bytes = table->rows * table->columns * sizeof *search->cells;
    uint64_t less = 0, more = 0;
    search->target = cell;
    search->price = 0;
    memcpy(search->cells, table->people, bytes);
    /* Most are wide enough along one way: nothing needs to be sent. */
    search->least = limit;
    if (find_way(search, column, row))
        return limit;
    search->least = 1;
    const uint64_t own =
        table->people[cell] < limit ? table->people[cell] : limit;
    while (less < own && find_way(search, row, column))
        less += send_round(search, row, column, own - less);
    memcpy(search->cells, table->people, bytes);
    while (less + more < limit && find_way(search, column, row))
        more += send_round(search, column, row, limit - less - more);
    return less + more;
}

/* Hides the cheapest way round a cell whose interval is `width` wide: one that
 * widens it at once, else any. False when there is none. */
static bool hide_way(
    struct search *search, size_t cell, uint64_t width, uint64_t limit)
{
    const struct table *table = search->table;
    const size_t row = cell / table->columns;
    const size_t column = node_of_column(table, cell % table->columns);
    search->price = limit;
    search->least = limit - width;
    bool found = find_way(search, column, row);
    if (!found) {
        search->least = 1;
        found = find_way(search, column, row);
    }
    for (size_t node = row; found && node != column;
         node = search->came_from[node]) {
        size_t at = cell_between(table, search->came_from[node], node);
        if (at != NOT_REACHED)
            table->hidden[at] = true;
    }
    return found;
}

static enum status search_init(struct search *search, const struct table *table)
{
    const size_t nodes = node_count(table);
    *search = (struct search){.table = table,
        .cells = calloc(table->rows * table->columns + 1, sizeof(uint64_t)),
        .cost = calloc(nodes, sizeof(uint64_t)),
        .came_from = calloc(nodes, sizeof(size_t)),
        .done = calloc(nodes, sizeof(bool)),
        .safe = calloc(table->rows * table->columns + 1, sizeof(bool))};
    return search->cells == NULL || search->cost == NULL ||
                   search->came_from == NULL || search->done == NULL ||
                   search->safe == NULL
               ? STATUS_NO_MEMORY
               : STATUS_OK;
}

static void search_fini(struct search *search)
{
    free(search->cells);
    free(search->cost);
    free(search->came_from);
    free(search->done);
    free(search->safe);
}

uint64_t disclosure_narrowest_range(
    const uint64_t *people, size_t rows, size_t columns, bool *hidden)
{
    const struct table table = {people, hidden, rows, columns};
    struct search search;
    uint64_t range = UINT64_MAX;
    if (search_init(&search, &table) != STATUS_OK)
        range = 0; /* not shown to be safe */
    for (size_t i = 0; range > 0 && i < rows * columns; i++) {
        if (hidden[i])
            range = width_of(&search, i, range);
    }
    search_fini(&search);
    return range;
}

static uint64_t people_of_line(
    const struct table *table, size_t first, size_t step, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += table->people[first + i * step];
    return sum;
}

static bool is_small(uint64_t people, uint64_t limit)
{
    return people > 0 && people < limit;
}

/* Fewer than the limit; a zero too where its row or its column has a few people
 * in all: it would tell which values these few do not have. */
static void hide_small_cells(
    const struct table *table, uint64_t limit, bool hide_zeros)
{
    const size_t rows = table->rows, columns = table->columns;
    for (size_t i = 0; i < rows * columns; i++)
        table->hidden[i] = table->hidden[i] ||
                           is_small(table->people[i], limit) ||
                           (hide_zeros && table->people[i] == 0);
    for (size_t r = 0; r < rows; r++) {
        if (is_small(people_of_line(table, r * columns, 1, columns), limit))
            memset(table->hidden + r * columns, true, columns);
    }
    for (size_t c = 0; rows > 1 && c < columns; c++) {
        if (!is_small(people_of_line(table, c, columns, rows), limit))
            continue;
        for (size_t r = 0; r < rows; r++)
            table->hidden[r * columns + c] = true;
    }
}

/* A hidden cell that is not known to be safe; `cells` when there is none. */
static size_t next_unsafe(const struct search *search, size_t cells)
{
    size_t i = 0;
    while (i < cells && (!search->table->hidden[i] || search->safe[i]))
        i++;
    return i;
}

/* Hiding a cell narrows no other's interval: a cell once safe stays safe. */
static enum status protect(struct search *search, uint64_t limit)
{
    const size_t cells = search->table->rows * search->table->columns;
    for (;;) {
        size_t cell = next_unsafe(search, cells);
        if (cell == cells)
            return STATUS_OK;
        uint64_t width = width_of(search, cell, limit);
        search->safe[cell] = width >= limit;
        if (width < limit && !hide_way(search, cell, width, limit))
            return STATUS_REFUSED;
    }
}

enum status disclosure_protect_table(const uint64_t *people, size_t rows,
    size_t columns, const struct limits *limits, bool *hidden)
{
    const struct table table = {people, hidden, rows, columns};
    const uint64_t limit = (uint64_t)limits->min_cell;
    if (limit <= 1 || !DEFENCE("cell-limit"))
        return STATUS_OK;
    hide_small_cells(&table, limit, limits->hide_zeros);
    if (!DEFENCE("complement"))
        return STATUS_OK;
    struct search search;
    enum status status = search_init(&search, &table);
    if (status == STATUS_OK)
        status = protect(&search, limit);
    search_fini(&search);
    return status;
}
