/*
 * disclosure: what may leave. Applies rules D1-D5, D7-D12 and D17 of
 * policy/README.md to one center's own figures before they are sent, or to a
 * sum of many before it is told, in place. A withheld cell leaves as zeros with
 * CELL_WITHHELD = 1, a withheld segment as zeros with HEAD_WITHHELD = 1. People
 * are counted, not rows.
 */
#ifndef COHORTIUM_POLICY_DISCLOSURE_H
#define COHORTIUM_POLICY_DISCLOSURE_H

#include "policy/limits.h"
#include "protocol/analysis/plan.h"

enum disclosure_rule {
    RULE_COHORT,        /* D1 */
    RULE_COMPLEMENT,    /* D1 */
    RULE_CELL,          /* D2, D8 */
    RULE_COMPLEMENTARY, /* D3 */
    RULE_TABLE,         /* D3: a hidden cell could be narrowed down */
    RULE_DOMINANCE,     /* D4 */
    RULE_MOMENTS,       /* D5 */
    RULE_QUANTILE,      /* D7 */
    RULE_MERGED,        /* of older results: steps merged with neighbours */
    RULE_MODEL,         /* D9, D10, D12: too many parameters for the people or
                           the events */
    RULE_LEVERAGE,      /* D9: half of a fitted value is one person's own */
    RULE_LEVEL,         /* D9: a level of a model has few people */
    RULE_SEPARATION,    /* D10: a logistic coefficient beyond 15 */
    RULE_STEPS,         /* D12: one center's steps of time or bins of a score */
    RULE_COUNT
};

struct disclosure_report {
    uint64_t withheld[RULE_COUNT]; /* cells or segments, by rule */
};

/* Of a sum, contribution->facts is NULL: rules that look at one person's part
 * of a total (D4) act on bounds that the sum itself gives.
 * people_total: patients that this study could reach at this center (opted in,
 * not opted out): the cohort's complement is counted against it. The vector of
 * `contribution` becomes what may leave. */
enum status disclosure_apply(const struct plan *plan,
    const struct limits *limits, uint64_t people_total,
    struct contribution *contribution, struct disclosure_report *report);

/* The pure heart of D2 and D3, for tests: people[rows * columns]; hidden[] is
 * set where a cell must not be shown, and stays where it was. STATUS_REFUSED: no pattern of hidden
 * cells protects the table; withhold it whole. The reader is taken to know
 * every margin. */
enum status disclosure_protect_table(const uint64_t *people, size_t rows,
    size_t columns, const struct limits *limits, bool *hidden);
/* The narrowest interval of any hidden cell, as a reader would compute it who
 * knows margins and shown cells: exact, by maximum flows. UINT64_MAX when
 * nothing is hidden. `hidden` is only read. */
uint64_t disclosure_narrowest_range(
    const uint64_t *people, size_t rows, size_t columns, bool *hidden);
/* As a center's own log names it. */
const char *disclosure_rule_name(enum disclosure_rule rule);
/* As results name it: which of the rules that look at people it was would say
 * something about them, so that all of these are "few". */
const char *disclosure_told_name(enum disclosure_rule rule);
/* What to ask instead, where "few" keeps back an analysis or a part of it; the
 * same whatever the data are. */
const char *disclosure_advice(const char *analysis);
/* What a rule of that name says, for people; NULL: there is none. */
const char *disclosure_rule_text(const char *name);

#endif
