#include "protocol/analysis/cox_likelihood.h"

#include <math.h>
#include <string.h>

#define FACTORS 32 /* of numbers below 2^128: their product has room */

struct cox_layout cox_layout_of(size_t p, bool efron)
{
    struct cox_layout layout = {.p = p, .triangle = p * (p + 1) / 2};
    layout.all = 1 + p + layout.triangle;
    layout.width = layout.all + 1;
    layout.dead = efron ? layout.all : 0;
    return layout;
}

size_t cox_likelihood_count(const struct cox_layout *layout)
{
    return 2 * layout->p + 3 * layout->triangle;
}

/* Running sums, the same and those of events as numbers, the result. */
size_t cox_workspace_size(const struct cox_layout *layout)
{
    return layout->all * sizeof(int128) +
           (2 * layout->all + cox_likelihood_count(layout)) * sizeof(double);
}

static double *numbers_in(const struct cox_layout *layout, void *workspace)
{
    return (double *)(void *)((int128 *)workspace + layout->all);
}

double *cox_likelihood_room(const struct cox_layout *layout, void *workspace)
{
    return numbers_in(layout, workspace) + 2 * layout->all;
}

void cox_likelihood_start(const struct cox_layout *layout, double *numbers,
    struct cox_likelihood *out)
{
    *out = (struct cox_likelihood){.score = numbers};
    out->information = out->score + layout->p;
    out->timed_score = out->information + layout->triangle;
    out->timed = out->timed_score + layout->p;
    out->timed_twice = out->timed + layout->triangle;
}

/*
 * Of the k-th of d tied events, k from 0, risk sets lose the part k / d of the
 * events (Efron). With s its sum of w, every sum over events that is wanted is
 * one over s and k alone times one of the sums of the set: these.
 */
struct ties {
    double one, part;            /* of 1 / s and (k / d) / s */
    double one2, part2, parted2; /* of 1 / s^2, (k/d) / s^2, (k/d / s)^2 */
};

/* `count` tied events in place of one, all as the k-th. Returns s. */
static double add_ties(
    struct ties *ties, const struct cox_step *step, double k, double count)
{
    const double part = step->dead == NULL ? 0 : k / (double)step->events;
    const double s =
        /* NOLINTNEXTLINE(*-core.NullDereference): a step has a risk set */
        step->risk[0] - (step->dead == NULL ? 0 : part * step->dead[0]);
    const double inverse = 1 / s, parted = part * inverse;
    ties->one += count * inverse;
    ties->part += count * parted;
    ties->one2 += count * inverse * inverse;
    ties->part2 += count * parted * inverse;
    ties->parted2 += count * parted * parted;
    return s > 0 ? s : (double)NAN;
}

/* The `width` events before the end-th, by Gauss' rule for so many points at
 * equal steps: three stand for all, with the moments of all up to the fifth. */
static void add_run(struct ties *ties, const struct cox_step *step, double end,
    double width, long double *loglik)
{
    const double second = (width * width - 1) / 12;
    const double square = /* the fourth over the second */
        width > 1 ? (3 * width * width - 7) / 20 : 1;
    const double middle = end - (width + 1) / 2, apart = sqrt(square);
    const double sides = width * second / (2 * square);
    const double at[] = {middle - apart, middle, middle + apart};
    const double counts[] = {sides, width - 2 * sides, sides};
    for (int i = 0; i < 3; i++)
        *loglik -= counts[i] * logl(add_ties(ties, step, at[i], counts[i]));
}

/* All of them, one by one where they are few. Where a center says that they are
 * many, the work is that of a logarithm of how many: from the last on, near
 * which s can be near 0, in runs that are a SPREAD-th of the way to it, so that
 * s is nearly the same within one. */
#define ONE_BY_ONE 4096
#define SPREAD 64

static struct ties sum_ties(const struct cox_step *step, long double *loglik)
{
    struct ties ties = {0};
    long double product = 1;
    const double events = (double)step->events;
    const double first = events > ONE_BY_ONE ? events - ONE_BY_ONE : 0;
    const int last = (int)fmin(events, ONE_BY_ONE);
    for (int i = 0; i < last; i++) {
        product *= add_ties(&ties, step, first + i, 1);
        if (i % FACTORS == FACTORS - 1) {
            *loglik -= logl(product);
            product = 1;
        }
    }
    *loglik -= logl(product);
    for (double past = ONE_BY_ONE, width; past < events; past += width) {
        width = fmin(floor(past / SPREAD), events - past);
        add_run(&ties, step, events - past, width, loglik);
    }
    return ties;
}

void cox_likelihood_step(const struct cox_layout *layout,
    const struct cox_step *step, struct cox_likelihood *out)
{
    static const double none[1] = {0};
    const double time = step->time, *risk = step->risk + 1;
    const bool parts = step->dead != NULL;
    const struct ties ties = sum_ties(step, &out->loglik);
    const double *risk2 = risk + layout->p;
    const double *dead = parts ? step->dead + 1 : none;
    const double *dead2 = parts ? dead + layout->p : none;
    size_t k = 0;
    out->events += (double)step->events;
    out->timed_events += time * (double)step->events;
    for (size_t i = 0; i < layout->p; i++) {
        const double own = parts ? dead[i] : 0;
        /* NOLINTNEXTLINE(*-core.NullDereference): a step has a risk set */
        const double mean = ties.one * risk[i] - ties.part * own;
        const double of_risk = ties.one2 * risk[i] - ties.part2 * own;
        const double of_dead = ties.parted2 * own - ties.part2 * risk[i];
        out->score[i] -= mean;
        out->timed_score[i] -= time * mean;
        for (size_t j = i; j < layout->p; j++, k++) {
            double about = ties.one * risk2[k] - of_risk * risk[j];
            if (parts)
                about -= ties.part * dead2[k] + of_dead * dead[j];
            out->information[k] += about;
            out->timed[k] += time * about;
            out->timed_twice[k] += time * time * about;
        }
    }
}

/* Sums -> numbers, of x less the center. */
static void read_sums(const struct cox_layout *layout, const int128 *sums,
    const double *center, double *out)
{
    const size_t p = layout->p;
    const long double all = cox_value(sums[0]);
    out[0] = (double)all;
    for (size_t i = 0, k = 1 + p; i < p; i++) {
        const long double own = cox_value(sums[1 + i]) - center[i] * all;
        out[1 + i] = (double)own;
        for (size_t j = i; j < p; j++, k++)
            out[k] = (double)(cox_value(sums[k]) - center[j] * own -
                              center[i] * cox_value(sums[1 + j]));
    }
}

void cox_likelihood_add(const struct cox_layout *layout,
    const struct cox_stratum *stratum, void *workspace,
    struct cox_likelihood *out)
{
    int128 *running = workspace;
    double *risk = numbers_in(layout, workspace);
    double *dead = risk + layout->all;
    const size_t count = stratum->count;
    memset(running, 0, layout->all * sizeof *running);
    for (size_t g = count; g-- > 0;) {
        const int128 *here = stratum->sums + g * layout->width;
        const int128 *dying =
            stratum->sums + count * layout->width + g * layout->dead;
        const struct cox_step step = {.risk = risk,
            .dead = layout->dead == 0 ? NULL : dead,
            .events = here[layout->all],
            .time = stratum->starts[g] * stratum->time_unit};
        for (size_t i = 0; i < layout->all; i++)
            running[i] += here[i];
        if (step.events <= 0)
            continue;
        read_sums(layout, running, stratum->center, risk);
        if (layout->dead > 0)
            read_sums(layout, dying, stratum->center, dead);
        cox_likelihood_step(layout, &step, out);
    }
}
