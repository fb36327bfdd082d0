/*
 * assigned_rows: the rows of a run as they are counted: those of a combination
 * that are not the set's own count as if they were, in columns of the run's
 * own.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ASSIGNED_ROWS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ASSIGNED_ROWS_H

#include "protocol/analysis/assigned.h"

struct fixing {
    const struct assigned *assigned;
    const struct donors *donors; /* NULL: nobody takes a donor's value */
};

/* A row becomes one of the set: of its level of `by` and its codes, with a
 * donor's value where it has none. STATUS_NO_MEMORY. */
enum status run_fix_row(const struct fixing *fixing, struct assigned_run *run,
    const struct row_set *set, size_t row);
/* The run's own column, or the rows'. */
const struct column *run_column(const struct assigned *assigned,
    const struct assigned_run *run, size_t place);
/* Takes the column's data. STATUS_NO_MEMORY: it does not. */
enum status run_add_column(
    struct assigned_run *run, size_t place, struct column column);
/* run->rows: the rows with the run's own columns, once these are all there.
 * STATUS_NO_MEMORY. */
enum status run_place_columns(
    const struct assigned *assigned, struct assigned_run *run);
void run_fini(const struct assigned *assigned, struct assigned_run *run);

#endif
