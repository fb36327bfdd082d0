/*
 * edges: where a number may be cut. Thresholds of a question's cohort, bins of
 * histograms and steps of time stand on the edges of their variable, so that
 * nobody moves a threshold until one person has crossed it.
 *
 * "edges" of the dictionary is one increasing list of values between min and
 * max, for all that is cut: what the field uses must be in it (LVEF 35, 40,
 * 50). Without it a number has the multiples of its smallest step of 1, 2 or 5
 * times a power of ten of which the range has at most EDGES_STEPS (a step on
 * the grid); days have 1, 7, 30, 90, 180 and years of 365 days. Min and
 * max are edges; beyond them nothing is cut.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_EDGES_H
#define COHORTIUM_PROTOCOL_QUERY_EDGES_H

#include "protocol/query/arena.h"
#include "protocol/query/cohort.h"

#define EDGES_STEPS 20

/* The variable's, from its object in the dictionary; its range and type are
 * read. STATUS_MALFORMED, STATUS_NO_MEMORY. */
enum status edges_read(const struct field *object, struct variable *variable,
    struct arena *arena, struct diagnostic *diagnostic);
/* Whether values below code `first` may be told apart from it and those above:
 * at an edge, "x < edge", or behind it, "x <= edge". True where nothing is cut,
 * and of categories. */
bool edges_cut(const struct variable *variable, int32_t first);
/* Whether it is an edge: of steps of time, which are multiples of one. */
bool edges_have(const struct variable *variable, int32_t code);
/* Why not: the nearest edges, and that a dictionary may have more. */
#define EDGES_TEXT_MAX 384
void edges_explain(
    char out[EDGES_TEXT_MAX], const struct variable *variable, int32_t first);
/* All thresholds of a cohort, but for those of a study's derived variables.
 * STATUS_THRESHOLD_OFF_GRID: error says where, and why. */
enum status edges_check_cohort(const struct cohort *cohort,
    const struct dictionary *dictionary, struct cohort_error *error);

#endif
