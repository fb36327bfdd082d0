/*
 * budget: what noise a query needs, and what it costs. A study of privacy
 * "noise" has, in its payload, "noise": {"rho": 0.25, "query_rho": 0.005,
 * "delta": 1e-9}: zero-concentrated differential privacy (Bun, Steinke 2016) in
 * all and for a query, and the delta for which epsilon is told. Neighbours
 * differ by all rows of one patient.
 *
 * Every center adds a discrete Gaussian whose variance is the whole one divided
 * by the centers that are sure to be honest and to survive; the sum of such is
 * close to one discrete Gaussian (Kairouz, Liu, Steinke 2021, theorem 1), and
 * the difference is in the price. Pure but for the draws.
 */
#ifndef COHORTIUM_POLICY_BUDGET_H
#define COHORTIUM_POLICY_BUDGET_H

#include "protocol/analysis/plan.h"
#include "protocol/query/document.h"

#define NANO 1000000000LL

struct budget_terms {
    int64_t rho_nano;       /* of the study, in 1e-9 */
    int64_t query_rho_nano; /* of one query */
    double delta;
};

void budget_default(struct budget_terms *terms);
enum status budget_parse(struct budget_terms *terms, const struct field *field,
    struct diagnostic *diagnostic);

/* Centers that are sure to add noise to a sum of `members`: those that must
 * survive, less those that may lie (fewer than a third). */
size_t budget_honest(size_t members, size_t min_centers);
/* Whether every analysis of the plan can be given with noise: people, not
 * exams, and counts and moments alone. STATUS_NOT_ALLOWED, said. */
enum status budget_check(
    const struct plan *plan, struct diagnostic *diagnostic);
/* Elements that one patient can change: the query's rho is shared by them. */
int64_t budget_touched(const struct plan *plan);
/* Of the sum: the standard deviation of a count. */
double budget_count_sigma(
    const struct plan *plan, const struct budget_terms *terms);
/* Adds this center's part, in place; elements that repeat another (people, the
 * plan's head, bounds of parts) become zero. A part has a variance of 4 at
 * least, so that the grid does not show. STATUS_OUT_OF_RANGE when the values
 * are too large for exact noise. */
enum status budget_add_noise(const struct plan *plan,
    const struct budget_terms *terms, size_t honest, struct vector *vector);
/* A noisy sum as a sum: counts below 0 are 0, people are rows. */
void budget_read_sum(const struct plan *plan, struct vector *sum);
/* The smallest epsilon for (epsilon, delta) differential privacy of rho-zCDP,
 * rounded up: minimum over alpha > 1 of rho alpha + log((alpha - 1) / alpha) -
 * (log delta + log alpha) / (alpha - 1) (Canonne, Kamath, Steinke 2020,
 * proposition 12). */
double budget_epsilon(double rho, double delta);

struct budget_spent {
    int64_t study_nano; /* of the study, ever */
    int64_t year_nano;  /* of all studies, in the last year */
};

/* Whether there is room for one more query: of the study, and of the center's
 * year. */
bool budget_allows(const struct budget_terms *terms,
    const struct budget_spent *spent, int64_t yearly_nano);

#endif
