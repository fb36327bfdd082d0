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
           (2 * layout->all + cox_likelihood_count(layout)) *
               sizeof(long double);
}

static long double *numbers_in(const struct cox_layout *layout, void *workspace)
{
    return (long double *)(void *)((int128 *)workspace + layout->all);
}

void cox_likelihood_start(const struct cox_layout *layout, long double *numbers,
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
    long double one, part;            /* of 1 / s and (k / d) / s */
    long double one2, part2, parted2; /* of 1 / s^2, (k/d) / s^2, (k/d / s)^2 */
};

static struct ties sum_ties(const struct cox_step *step, long double *loglik)
{
    struct ties ties = {0};
    long double product = 1;
    for (int128 k = 0; k < step->events; k++) {
        const long double part =
            step->dead == NULL ? 0 : (long double)k / (long double)step->events;
        const long double s =
            step->risk[0] - (step->dead == NULL ? 0 : part * step->dead[0]);
        const long double inverse = 1 / s, parted = part * inverse;
        ties.one += inverse;
        ties.part += parted;
        ties.one2 += inverse * inverse;
        ties.part2 += parted * inverse;
        ties.parted2 += parted * parted;
        product *= s > 0 ? s : (long double)NAN;
        if (k % FACTORS == FACTORS - 1) {
            *loglik -= logl(product);
            product = 1;
        }
    }
    *loglik -= logl(product);
    return ties;
}

void cox_likelihood_step(const struct cox_layout *layout,
    const struct cox_step *step, struct cox_likelihood *out)
{
    static const long double none[1] = {0};
    const long double time = step->time, *risk = step->risk + 1;
    const bool parts = step->dead != NULL;
    const struct ties ties = sum_ties(step, &out->loglik);
    const long double *risk2 = risk + layout->p;
    const long double *dead = parts ? step->dead + 1 : none;
    const long double *dead2 = parts ? dead + layout->p : none;
    size_t k = 0;
    out->events += (long double)step->events;
    for (size_t i = 0; i < layout->p; i++) {
        const long double own = parts ? dead[i] : 0;
        const long double mean = ties.one * risk[i] - ties.part * own;
        const long double of_risk = ties.one2 * risk[i] - ties.part2 * own;
        const long double of_dead = ties.parted2 * own - ties.part2 * risk[i];
        out->score[i] -= mean;
        out->timed_score[i] -= time * mean;
        for (size_t j = i; j < layout->p; j++, k++) {
            long double about = ties.one * risk2[k] - of_risk * risk[j];
            if (parts)
                about -= ties.part * dead2[k] + of_dead * dead[j];
            out->information[k] += about;
            out->timed[k] += time * about;
            out->timed_twice[k] += time * time * about;
        }
    }
}

void cox_likelihood_add(const struct cox_layout *layout,
    const struct cox_stratum *stratum, void *workspace,
    struct cox_likelihood *out)
{
    int128 *running = workspace;
    long double *risk = numbers_in(layout, workspace);
    long double *dead = risk + layout->all;
    const size_t count = stratum->count;
    memset(running, 0, layout->all * sizeof *running);
    for (size_t g = count; g-- > 0;) {
        const int128 *here = stratum->sums + g * layout->width;
        const int128 *dying =
            stratum->sums + count * layout->width + g * layout->dead;
        const struct cox_step step = {.risk = risk,
            .dead = layout->dead == 0 ? NULL : dead,
            .events = here[layout->all],
            .time = stratum->starts == NULL
                        ? 0
                        : stratum->starts[g] * stratum->time_unit};
        for (size_t i = 0; i < layout->all; i++)
            running[i] += here[i];
        if (step.events <= 0)
            continue;
        for (size_t i = 0; i < layout->all; i++) {
            risk[i] = cox_value(running[i]);
            dead[i] = layout->dead == 0 ? 0 : cox_value(dying[i]);
        }
        cox_likelihood_step(layout, &step, out);
    }
}

long double *cox_likelihood_room(
    const struct cox_layout *layout, void *workspace)
{
    return numbers_in(layout, workspace) + 2 * layout->all;
}
