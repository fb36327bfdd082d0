/*
 * cells: the cells of tables that one family was told. A table of counts is no
 * set of rows that rule 2 weighs; but where the people of one table are among
 * those of an earlier one, their cells differ by a cell of the rest. A cell
 * that differs by fewer than k people from the same cell of an earlier table is
 * hidden, and then what D3 hides with it.
 *
 * A cell is named by what its rows have in common beside their set: values or
 * bins of the variables of `frequency`, `crosstab` or `histogram`; with `by` it
 * is one of the level and, with the level's value, one of the whole cohort.
 * Tables that were told of the very same rows are told as they were.
 */
#ifndef COHORTIUM_COORDINATOR_CELLS_H
#define COHORTIUM_COORDINATOR_CELLS_H

#include "coordinator/ledger.h"
#include "policy/memory.h"
#include "protocol/analysis/sets.h"

struct told_cell {
    int64_t sequence; /* of its set, in the ledger */
    struct digest key;
    int64_t people; /* CELL_HIDDEN: it was not told */
};
#define CELL_HIDDEN INT64_MIN

struct cells {
    size_t count, room;
    struct told_cell *list;
};

void cells_fini(struct cells *cells);
/* Those of one question, as cells_write made them; all or nothing. */
enum status cells_take(struct cells *cells, struct view bytes);

struct weighed_cells {
    const struct sets *sets;
    const struct weighing_question *weighing;
    const struct instruction *instruction;
    const int64_t *sequences; /* [remembered] of the sets, in the ledger */
    const struct vector *sum;
};

/* hidden[plan->vector_length] becomes 1 at the first element of each cell that
 * earlier tables hide; `sum` is as it was before any rule. */
enum status cells_hide(const struct cells *cells,
    const struct weighed_cells *question, uint8_t *hidden);
/* Appends what a result tells: `sum` is as the rules left it. first: the
 * sequence of the question's first new set. */
enum status cells_write(
    const struct weighed_cells *question, int64_t first, struct buffer *out);

#endif
