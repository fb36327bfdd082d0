/*
 * t_test_paired: the mean of differences, R's t.test(x, y, paired = TRUE):
 * of two variables of an exam, or of one variable at a patient's first and next
 * exam of those in the cohort that have it. Private to t_test.c.
 *
 *     {"paired": true, "variables": ["lvedv", "lvesv"]}   x - y
 *     {"paired": true, "variables": ["lvef"]}             first - next
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_T_TEST_PAIRED_H
#define COHORTIUM_PROTOCOL_ANALYSIS_T_TEST_PAIRED_H

#include "protocol/analysis/analysis.h"

/* What pairs are of. */
struct t_test_pairs {
    const struct dictionary *dictionary; /* borrowed */
    const struct variable *first, *second;
    size_t first_index, second_index;
    bool of_exams; /* first and second are one variable */
    double scale;  /* a power of two that no difference passes */
};

/* A mean and what its test needs. */
struct t_test_mean {
    double mean, error, df;
};

/* parameters have a member "paired". */
enum status t_test_paired_parse(struct t_test_pairs *out,
    struct analysis *analysis, const struct field *parameters,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
enum status t_test_paired_shape(struct shape *out);
void t_test_paired_parts(const struct t_test_pairs *pairs,
    const struct analysis *analysis, const struct shape *shape,
    struct part_list *parts);
size_t t_test_paired_state_size(void);
void t_test_paired_contribute(const struct t_test_pairs *pairs,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements);
/* Counts and table; *mean is zero where nothing may be told. */
void t_test_paired_finish(const struct t_test_pairs *pairs,
    const struct shape *shape, const int128 *elements, int64_t min_cell,
    json_t *out, struct t_test_mean *mean);

#endif
