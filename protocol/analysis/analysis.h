/*
 * analysis: the contract that each analysis file keeps, and the catalogue.
 *
 * Adding an analysis: one file here that defines a struct analysis_kind, its
 * row in the catalogue (catalogue.c), its tests, and the README's table.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_ANALYSIS_H
#define COHORTIUM_PROTOCOL_ANALYSIS_ANALYSIS_H

#include "protocol/analysis/plan.h"

#define ANALYSIS_PROBS_MAX 32
#define ANALYSIS_LEVEL 0.95 /* of confidence intervals, when none is asked */

struct analysis {
    const struct analysis_kind *kind;
    size_t variable_count;
    size_t variables[ANALYSIS_VARIABLES_MAX];
    size_t mean_count; /* of these, from the first: what means are told of */
    size_t group_variable, group_count; /* by whose levels; count 0: of all */
    int32_t group_first;                /* the code of the first of them */
    int32_t width; /* histogram: bin width in steps of the resolution */
    size_t prob_count;
    double probs[ANALYSIS_PROBS_MAX]; /* quantile */
    int64_t quantile_tail; /* D7: plan_set_quantile_tail; 0 until then */
    double level;          /* of confidence intervals */
    void *model;  /* what parse read beyond the above; freed by release */
    bool by_exam; /* the query's unit */
    const struct center_list *centers; /* borrowed for parse; NULL: not known */
    bool center_term;                  /* its formula has `center` as a term */
};

/* A run of rows with the mask of those that count: 0xFF in, 0x00 out. */
struct row_block {
    const struct rows *rows;
    const uint32_t *patients; /* rows->patients; NULL when each row that counts
                                 is a person of its own */
    size_t first, count;      /* count <= BLOCK_ROWS */
    const uint8_t *mask;      /* [count] */
    const double *values;     /* this segment's part of the round; NULL in the
                                 first */
};

#define BLOCK_ROWS 8192

/* A round of a segment, summed, and what comes of it. */
struct summed_round {
    const struct shape *shape;
    uint32_t number;        /* from 1 */
    int64_t min_cell;       /* the least number of people to be summed of */
    const int128 *elements; /* the segment's */
    const double *values;   /* what it was contributed at */
    double *memory;
    double *next; /* values of the next round */
    bool done;    /* there is none; false when asked */
};

/* A segment after its last round. */
struct fitted_segment {
    const struct shape *shape;
    const struct dictionary *dictionary;
    const int128 *first; /* sums of the first round */
    const double *memory;
    int64_t min_cell;
};

struct part_list; /* sets.h */

struct analysis_kind {
    const char *name;
    const char *summary; /* one line of help */
    bool random_center;  /* takes (1 | center) in its formula */
    bool center_term;    /* takes `center` as a term of its formula */
    bool tells_mean;     /* its figures give its outcome's mean (means.h) */
    bool tells_centers;  /* its sums tell centers apart by their places */
    bool tells_sums;     /* it tells n, sums, means and spreads alone, which
                            weights of any size leave true */
    /* Parameters -> analysis (zeroed but for kind and level). */
    enum status (*parse)(struct analysis *analysis,
        const struct field *parameters, const struct dictionary *dictionary,
        struct diagnostic *diagnostic);
    /* The shape of one segment. */
    enum status (*shape)(const struct analysis *analysis,
        const struct dictionary *dictionary, struct shape *out);
    /* Which sets of rows a segment's elements are figures of (sets.h). */
    void (*parts)(const struct analysis *analysis, const struct shape *shape,
        struct part_list *parts);
    /* Adds the rows of a block to a segment's elements and facts. `state` is
     * private to one segment of one scan, state_size bytes, zeroed before the
     * first block; blocks of one patient never go to two scans, and come in
     * order. */
    size_t (*state_size)(
        const struct analysis *analysis, const struct shape *shape);
    /* Bytes of state more for each row of the scan; they are not cleared.
     * NULL: none. */
    size_t (*row_size)(const struct analysis *analysis);
    void (*contribute)(const struct analysis *analysis,
        const struct shape *shape, const struct row_block *block, void *state,
        int128 *elements, struct cell_facts *facts);
    /* After the last block of a scan: what `state` still holds. May be NULL. */
    void (*flush)(const struct analysis *analysis, const struct shape *shape,
        void *state, const double *values, int128 *elements,
        struct cell_facts *facts);
    /* Whether one scan must see all rows of the center. NULL: it need not. */
    bool (*whole)(const struct analysis *analysis);
    /* Summed segment -> members of the result object `out` ("n", "missing",
     * "table", ...). Called only for segments that are released.
     * NULL where conclude stands in its place. */
    enum status (*finish)(const struct analysis *analysis,
        const struct shape *shape, const struct dictionary *dictionary,
        const int128 *elements, int64_t min_cell, json_t *out);
    /* Frees analysis->model. May be NULL. */
    void (*release)(struct analysis *analysis);
    /* A model whose coefficients are told: what rule D9 looks at once its own
     * rounds are over (leverage.h). NULL in others. */
    const struct model_check *check;
    /* A model without such a check: whether its first round's sums say that a
     * level of its factors is of few people (D9). Of several rows of a person
     * they do not: of these it is rule 2 that looks at levels. NULL: no levels.
     */
    bool (*has_few_levels)(const struct analysis *analysis,
        const struct shape *shape, const int128 *elements, int64_t min_cell);

    /* The rest is for analyses of several rounds; value_count is NULL in
     * others. All rounds have one shape. */
    /* Numbers that every center is told for a round after the first, such as
     * the coefficients so far. */
    size_t (*value_count)(
        const struct analysis *analysis, const struct shape *shape);
    /* Whether these, finite numbers, are any that an honest coordinator tells:
     * what rows are counted by is looked at before it is believed. NULL: any
     * are. */
    bool (*takes)(const struct analysis *analysis, const struct shape *shape,
        const double *values);
    /* Numbers that the coordinator keeps from round to round; zero at first. */
    size_t (*memory_count)(
        const struct analysis *analysis, const struct shape *shape);
    /* A round's sums -> `next`, or `done`. Pure: the same sums give the same
     * bits. */
    enum status (*advance)(
        const struct analysis *analysis, struct summed_round *round);
    /* Called instead of finish, once the rounds are over. */
    enum status (*conclude)(const struct analysis *analysis,
        const struct fitted_segment *fitted, json_t *out);
};

#define ROUNDS_MAX 1024 /* of one query; each kind stops far earlier */

extern const struct analysis_kind analysis_count, analysis_summary,
    analysis_frequency, analysis_crosstab, analysis_histogram,
    analysis_quantile, analysis_lm, analysis_anova, analysis_t_test,
    analysis_correlation, analysis_glm, analysis_cox, analysis_km,
    analysis_logrank, analysis_rank_test, analysis_pca, analysis_roc,
    analysis_cumulative_incidence, analysis_mixed, analysis_mlp,
    analysis_quality;
extern const struct analysis_kind *const analysis_catalogue[];
extern const size_t analysis_catalogue_count;
/* NULL when there is none. */
const struct analysis_kind *analysis_find(const char *name);
/* The name of the nearest one, for messages; NULL when none is near. */
const char *analysis_nearest(const char *name);

#endif
