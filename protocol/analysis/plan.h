/*
 * plan: a checked query: cohort, levels, analyses with their parameters, and
 * the layout of the one summary vector that they share.
 *
 * Segments stand analysis by analysis, and within one by level of `by` (the
 * last `by` variable changes fastest), after a head of PLAN_HEAD elements.
 * Every party derives the same plan from the same query and dictionary and,
 * where a formula has `center` as a term, the centers of the session's header.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_PLAN_H
#define COHORTIUM_PROTOCOL_ANALYSIS_PLAN_H

#include "protocol/analysis/rows.h"
#include "protocol/analysis/shape.h"
#include "protocol/query/formula.h"
#include "protocol/query/query.h"

#define PLAN_VECTOR_MAX ((size_t)3 << 16) /* elements: 3 MiB on the wire */
#define ANALYSIS_VARIABLES_MAX 160

struct analysis_kind; /* analysis.h: one a file of this folder */

/* What a look at the rows of a model says (D9, leverage.h). */
enum leverage_verdict {
    LEVERAGE_FINE,
    LEVERAGE_HIGH,     /* somebody has a leverage of LEVERAGE_MAX or more */
    LEVERAGE_FEW,      /* a level of few people */
    LEVERAGE_NOT_KNOWN /* rows must be asked */
};

enum plan_head {
    PLAN_REACHABLE, /* people that the study could reach */
    PLAN_COHORT,    /* people in the cohort */
    PLAN_RULES,     /* cells and segments withheld, one a rule (policy) */
    PLAN_HEAD = PLAN_RULES + 16
};

struct segment {
    size_t analysis; /* index in plan->analyses */
    size_t level;    /* index of the level of `by`, 0 when there is none */
    size_t first;    /* its first element in the vector */
    size_t first_fact;
    size_t first_value;   /* of a round: the analysis' own, */
    size_t first_inverse; /* then for counting leverages (leverage.h) */
    size_t first_memory;  /* of the coordinator, between rounds */
};

struct plan {
    const struct dictionary *dictionary; /* borrowed */
    const struct query *query;           /* borrowed */
    size_t level_count; /* product of the levels of `by`; 1 without */
    size_t analysis_count;
    struct analysis *analyses;  /* analysis.h */
    const struct shape *shapes; /* one an analysis */
    size_t segment_count;       /* analysis_count * level_count */
    const struct segment *segments;
    size_t vector_length;
    size_t fact_count;
    size_t value_count, memory_count; /* 0: one round answers it all */
};

/* What a later round asks of a segment. */
enum segment_step {
    SEGMENT_OVER,     /* nothing: its elements are zero */
    SEGMENT_GOES_ON,  /* the analysis' next sums */
    SEGMENT_CHECKED,  /* people of high leverage, and of each level (D9) */
    SEGMENT_TOLD_END, /* what follows is a center's own, and never told */
    SEGMENT_PRODUCTS = SEGMENT_TOLD_END,
    SEGMENT_OWN_PRODUCTS, /* of weight 1 */
    SEGMENT_OWN_CHECKED
};

/* What every center is told for a round after the first. */
struct round {
    uint32_t number;       /* from 2 */
    const double *values;  /* [plan->value_count] */
    const uint8_t *active; /* [plan->segment_count], enum segment_step */
    const double *own;     /* SEGMENT_CHECKED: leverage_own_inverse; may be
                              NULL; never told */
};

/* Reads the parameters of every analysis. Errors are positioned in the query's
 * document. STATUS_TOO_LARGE when the vector would be longer than allowed. */
enum status plan_create(struct plan **out, const struct query *query,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
/* The same for the centers of a session (NULL: as above). A plan that was made
 * without them and plan_has_center_term is good for checks only.
 * STATUS_TOO_FEW_CENTERS: `center` is a term, and there is one center. */
enum status plan_create_for(struct plan **out, const struct query *query,
    const struct dictionary *dictionary, const struct center_list *centers,
    struct diagnostic *diagnostic);
void plan_destroy(struct plan *plan);
/* Whether effects of single centers are asked for: `center` is a term. */
bool plan_analysis_has_center_term(const struct plan *plan, size_t analysis);
bool plan_has_center_term(const struct plan *plan);
/* Whether sums depend on a center's place in the session. */
bool plan_tells_centers(const struct plan *plan);
/* D7, a limit of the study: least people on the nearer side of a quantile or a
 * median that is told. 0 until it is set: each is told. */
void plan_set_quantile_tail(struct plan *plan, int64_t people);
/* Every variable read by cohort, by or an analysis (may repeat); of an element
 * its vector. */
void plan_visit_variables(const struct plan *plan,
    void (*visit)(void *arg, size_t variable), void *arg);
const char *plan_analysis_name(const struct plan *plan, size_t analysis);
/* Level `level` of by variable `position`: an index of its categories. */
size_t plan_level_of(const struct plan *plan, size_t level, size_t position);

/* One center's exact figures, before any rule. */
struct contribution {
    struct vector vector;
    struct cell_facts *facts; /* plan->fact_count; never leaves the node */
    const enum leverage_verdict *verdicts; /* leverage_review_own, borrowed;
                                              NULL: not asked */
    const uint8_t *few_cells; /* [segment_count] not 0: one or two people make a
                                 cell of a fit (weighing.h), borrowed; NULL: not
                                 asked */
    const uint8_t *hidden; /* [plan->vector_length] not 0 at the first element
                              of a cell of counts that is hidden in any case,
                              borrowed; NULL: none is */
    uint64_t cohort_rows, cohort_people; /* in the cohort, all levels and rows
                                            with a missing `by` included */
};

/* Runs the plan over the rows on `threads` >= 1 threads (the same result for
 * any number). With unit patient only the first exam of each patient that
 * meets the cohort is taken. */
enum status plan_contribute(const struct plan *plan, const struct rows *rows,
    int threads, struct contribution *out);
/* A later round: only the segments that are active. Heads and facts are those
 * of the first round's rows as well. */
enum status plan_contribute_round(const struct plan *plan,
    const struct rows *rows, int threads, const struct round *round,
    struct contribution *out);
void contribution_fini(struct contribution *contribution);
/* A vector from outside: length, counts >= 0, people <= rows, sums within the
 * dictionary's bounds, squares and sum consistent. STATUS_OUT_OF_RANGE. */
enum status plan_check_vector(
    const struct plan *plan, const struct vector *vector);
/* The same of a sum of so many centers' vectors. */
enum status plan_check_sum(
    const struct plan *plan, const struct vector *vector, size_t centers);
/* The same where combinations answer (assigned.h): parts of a segment are then
 * of rows of their own, and what is no set may have counts below 0. NULL: as
 * plan_check_sum. */
struct answered;
enum status plan_check_answered(const struct plan *plan,
    const struct vector *vector, size_t centers,
    const struct answered *answered);
/* The same where each center decided by itself how its sets are answered, and
 * only it knows: any of them may be answered by a combination. */
enum status plan_check_alone(
    const struct plan *plan, const struct vector *vector, size_t centers);
/* Whether a segment's sums of a model (TABLE_SUMS) are such as rows can have,
 * of any round: what comes with others was never counted, and adding it up
 * might leave 128 bits. elements: of the segment. */
bool plan_sums_hold(
    const struct plan *plan, size_t segment, const int128 *elements);
/* The summed vector -> the "results" array: one object for each analysis and
 * level. min_cell: cells and segments below it in the sum are suppressed too.
 * *out is a new reference. */
enum status plan_finish(const struct plan *plan, const struct vector *sum,
    int64_t min_cell, json_t **out);
/* "suppressed", "rule", "message": an entry that a rule withholds once its
 * model is fitted. */
void result_withhold(json_t *out, const char *rule, const char *message);
/* The same by a rule that looks at people: which of them it was would tell. */
void result_withhold_few(json_t *out);
/* With what several rounds left (fit.h). memory[plan->memory_count];
 * verdicts[plan->segment_count], enum leverage_verdict. */
struct fitted {
    const double *memory;
    const uint8_t *verdicts;
    const struct answered *answered; /* assigned.h; NULL: each set by its own
                                        rows */
};
enum status plan_finish_fitted(const struct plan *plan,
    const struct vector *sum, const struct fitted *fitted, int64_t min_cell,
    json_t **out);

#endif
