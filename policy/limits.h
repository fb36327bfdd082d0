/*
 * limits: the disclosure rules' numbers, a part of the signed study. A center
 * may be stricter, never looser.
 *
 * JSON: {"min_cell": 11, "min_difference": 11, "hide_zeros": false,
 * "protect_missing": false, "rounding": 1, "dominance_one": 50,
 * "dominance_two": 67, "p_percent": 10, "quantile_tail": 10, "moments_share":
 * 10, "queries_per_day": 50, "queries_total": 500, "near_cohorts": 5}; every
 * member may be left out. min_difference is min_cell then; it is 1, or 3 to
 * min_cell.
 */
#ifndef COHORTIUM_POLICY_LIMITS_H
#define COHORTIUM_POLICY_LIMITS_H

#include "protocol/query/document.h"

struct limits {
    int64_t min_cell;       /* D1-D5, D8: people; 1 switches D1-D5, D8 off */
    int64_t min_difference; /* fewer people never make a difference between
                               answers; 1: they may, and whoever asks is trusted
                               not to subtract */
    bool hide_zeros;        /* D2: zeros are withheld like 1..min_cell-1 */
    bool protect_missing;   /* counts of missing values are cells as well */
    int64_t rounding;       /* D17: counts are rounded to this base; 1: not */
    int64_t dominance_one;  /* D4 (1, x): largest <= x % of the total */
    int64_t dominance_two;  /* D4 (2, x) */
    int64_t p_percent;      /* D4: (total - two largest) >= p % of largest */
    int64_t quantile_tail;  /* D7: n * min(q, 1 - q) >= this */
    int64_t moments_share;  /* D5: released moments <= people / this */
    int64_t queries_per_day, queries_total; /* D15 */
    /* So many cohorts within two people of an earlier one, answered otherwise,
     * and the study waits for the committee (the office counts: memory.h). */
    int64_t near_cohorts;
};

void limits_default(struct limits *limits);
/* With min_cell 1: what a table of one's own would show; nothing is withheld
 * (dominance 100, tail 0, share 0). */
void limits_open(struct limits *limits);
enum status limits_parse(struct limits *limits, const struct field *field,
    struct diagnostic *diagnostic);
/* Field by field the stricter of the two. */
void limits_stricter(
    struct limits *out, const struct limits *a, const struct limits *b);

bool limits_equal(const struct limits *a, const struct limits *b);

/* All members, as in a study; a new reference, NULL without memory. */
json_t *limits_json(const struct limits *limits);

#endif
