/*
 * ranked: what analyses of ranks (quantile, rank_test) count of one variable,
 * in groups: each step of its grid in one round (steps.h) or, where these are
 * many, rows between cuts in several (cuts.h). It stands first in such an
 * analysis's model, so that these functions serve its struct analysis_kind as
 * they are.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_RANKED_H
#define COHORTIUM_PROTOCOL_ANALYSIS_RANKED_H

#include "protocol/analysis/cuts.h"
#include "protocol/analysis/steps.h"

struct ranked {
    const struct variable *variable;
    size_t place; /* of the variable in the dictionary */
    bool grouped;
    struct steps_group group;
    bool is_cut;
    struct cuts cuts;
};

/* aim, groups, wanted and rank of the cuts are the analysis's; the rest follows
 * from the variable. group NULL: all in one. */
void ranked_init(struct ranked *out, const struct variable *variable,
    size_t place, const struct steps_group *group, const struct cuts *cuts);

enum status ranked_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
size_t ranked_state_size(
    const struct analysis *analysis, const struct shape *shape);
void ranked_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
size_t ranked_value_count(
    const struct analysis *analysis, const struct shape *shape);
bool ranked_takes(const struct analysis *analysis, const struct shape *shape,
    const double *values);
size_t ranked_memory_count(
    const struct analysis *analysis, const struct shape *shape);
enum status ranked_advance(
    const struct analysis *analysis, struct summed_round *round);

#endif
