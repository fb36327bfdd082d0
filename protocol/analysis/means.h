/*
 * means: what a mean that an analysis tells is made of. An analysis that tells
 * means, of an outcome or of variables, has one more table behind its own, of
 * TABLE_MOMENTS, with a cell for each of these variables (and group), over the
 * rows that have all of the analysis' variables. Rule D4 looks at it; nothing
 * of it is told. Of an outcome that is an expression each variable has a cell:
 * a sum that adds another to it, or a number, hides nothing. Where a
 * combination answers the analysis (assigned.h) it is of the combination's
 * rows.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_MEANS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_MEANS_H

#include "protocol/analysis/sets.h"

/* Adds the table, where the analysis tells means. */
void means_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *shape);
/* A group's cells as a part's elements; there is such a table. */
void means_take_part(
    const struct shape *shape, size_t group, struct part *part);
/* 0: there is no such table. */
size_t means_state_size(const struct shape *shape);
/* In the first round; state is zeroed before the first block. */
void means_add(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts);
void means_flush(
    const struct shape *shape, void *state, struct cell_facts *facts);

#endif
