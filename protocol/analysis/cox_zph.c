#include "protocol/analysis/cox_zph.h"

#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <stdio.h>
#include <string.h>

#include "protocol/analysis/least_squares.h"
#include "protocol/analysis/tally.h"

#define ALL SIZE_MAX /* terms */

static bool takes_part(
    const struct cox *cox, size_t column, size_t term, const double *used)
{
    return used[column] >= 0 &&
           (term == ALL ||
               cox->design->columns[cox->first + column].term == term + 1);
}

static size_t triangle_at(size_t p, size_t i, size_t j)
{
    const size_t low = i < j ? i : j, high = i < j ? j : i;
    return low * p - low * (low + 1) / 2 + high;
}

/* A column that standard.h moved along another is so much of that and itself:
 * times the time it is not in the fit's space, and is put back. (A constant
 * times the time changes nothing.) */
struct along {
    size_t base;
    double much; /* 0: none */
};

static struct along along_of(
    const struct cox *cox, const double *told, size_t column)
{
    const size_t base = cox->columns.base[column];
    return base < cox->count
               ? (struct along){base, told[column] * told[cox->count + column]}
               : (struct along){column, 0};
}

static double timed_with(
    size_t p, const double *timed, struct along along, size_t i, size_t j)
{
    return timed[triangle_at(p, i, j)] +
           along.much * timed[triangle_at(p, along.base, j)];
}

/* One step of the fit with, for every column of the term, another that is it
 * times the time: what those take out of the score is the statistic. */
static enum status test_term(const struct cox *cox,
    const struct cox_likelihood *here, size_t term, const double *memory,
    double *statistic)
{
    const size_t p = cox->count;
    const double *used = memory + p, *told = memory + cox_told_at(cox);
    struct least_squares fit;
    size_t own = p;
    for (size_t j = 0; j < p; j++)
        own += takes_part(cox, j, term, used);
    enum status status = least_squares_init(&fit, own);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0, at = p; i < p; i++) {
        least_squares_set(&fit, i, own, here->score[i]);
        for (size_t j = i; j < p; j++)
            least_squares_set(
                &fit, i, j, here->information[triangle_at(p, i, j)]);
        if (!takes_part(cox, i, term, used))
            continue;
        const struct along a = along_of(cox, told, i);
        least_squares_set(&fit, at, own,
            here->timed_score[i] + a.much * here->timed_score[a.base]);
        for (size_t j = 0, to = p; j < p; j++) {
            const struct along b = along_of(cox, told, j);
            least_squares_set(
                &fit, at, j, timed_with(p, here->timed, a, i, j));
            if (takes_part(cox, j, term, used)) {
                least_squares_set(&fit, at, to++,
                    timed_with(p, here->timed_twice, a, i, j) +
                        b.much *
                            timed_with(p, here->timed_twice, a, i, b.base));
            }
        }
        at++;
    }
    fit.tolerance = COX_ALIASED;
    least_squares_solve(&fit);
    *statistic = 0;
    for (size_t k = p; k < own; k++)
        *statistic += (double)fit.effects[k];
    least_squares_fini(&fit);
    return STATUS_OK;
}

enum status cox_zph(const struct cox *cox, const struct cox_likelihood *here,
    const double *memory, double *statistics)
{
    const size_t terms = cox->design->formula->term_count;
    enum status status = STATUS_OK;
    for (size_t t = 0; status == STATUS_OK && t < terms; t++)
        status = test_term(cox, here, t, memory, &statistics[t]);
    return status == STATUS_OK
               ? test_term(cox, here, ALL, memory, &statistics[terms])
               : status;
}

/* As R writes it: "age:sex". */
static void term_name(
    const struct formula *formula, size_t term, char *out, size_t capacity)
{
    size_t used = 0;
    if (term == formula->term_count)
        used = (size_t)snprintf(out, capacity, "GLOBAL");
    for (size_t a = 0; term < formula->term_count && a < formula->atom_count;
         a++) {
        if ((formula->terms[term].atoms >> a & 1) != 0 && used < capacity)
            used += (size_t)snprintf(out + used, capacity - used, "%s%s",
                used == 0 ? "" : ":", formula->atoms[a].name);
    }
}

json_t *cox_zph_table(
    const struct cox *cox, const double *used, const double *statistics)
{
    const struct formula *formula = cox->design->formula;
    json_t *table = json_array();
    for (size_t t = 0; t <= formula->term_count; t++) {
        char name[512];
        size_t df = 0;
        for (size_t j = 0; j < cox->count; j++)
            df += takes_part(cox, j, t == formula->term_count ? ALL : t, used);
        term_name(formula, t, name, sizeof name);
        json_t *row = json_object();
        json_object_set_new(row, "term", json_string(name));
        json_object_set_new(row, "statistic", json_number(statistics[t]));
        json_object_set_new(row, "df", json_integer((json_int_t)df));
        json_object_set_new(row, "p_value",
            json_number(pchisq(statistics[t], (double)df, 0, 0)));
        json_array_append_new(table, row);
    }
    return table;
}
