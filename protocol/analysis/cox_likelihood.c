#include "protocol/analysis/cox_likelihood.h"

#include <math.h>
#include <string.h>

struct cox_layout cox_layout_of(size_t p, bool efron)
{
    struct cox_layout layout = {.p = p, .triangle = p * (p + 1) / 2};
    layout.all = 1 + p + layout.triangle;
    layout.width = layout.all + 1;
    layout.dead = efron ? layout.all : 0;
    return layout;
}

/* Running sums, the same and those of events as numbers, score, information. */
size_t cox_workspace_size(const struct cox_layout *layout)
{
    return layout->all * sizeof(int128) +
           (2 * layout->all + layout->p + layout->triangle) *
               sizeof(long double);
}

static long double *numbers_in(const struct cox_layout *layout, void *workspace)
{
    return (long double *)(void *)((int128 *)workspace + layout->all);
}

void cox_likelihood_start(const struct cox_layout *layout, void *workspace,
    struct cox_likelihood *out)
{
    *out = (struct cox_likelihood){
        .score = numbers_in(layout, workspace) + 2 * layout->all};
    out->information = out->score + layout->p;
}

/* One event: what is left of the risk set when `part` of the tied events is
 * taken off. */
static void add_event(const struct cox_layout *layout, const long double *risk,
    const long double *dead, long double part, struct cox_likelihood *out)
{
    const long double s0 = risk[0] - part * dead[0];
    const size_t at = 1 + layout->p;
    size_t k = 0;
    out->loglik -= logl(s0);
    for (size_t i = 0; i < layout->p; i++)
        out->score[i] -= (risk[1 + i] - part * dead[1 + i]) / s0;
    for (size_t i = 0; i < layout->p; i++) {
        long double a = (risk[1 + i] - part * dead[1 + i]) / s0;
        for (size_t j = i; j < layout->p; j++, k++) {
            long double b = (risk[1 + j] - part * dead[1 + j]) / s0;
            out->information[k] +=
                (risk[at + k] - part * dead[at + k]) / s0 - a * b;
        }
    }
}

void cox_likelihood_add(const struct cox_layout *layout, const int128 *sums,
    size_t count, void *workspace, struct cox_likelihood *out)
{
    int128 *running = workspace;
    long double *risk = numbers_in(layout, workspace);
    long double *dead = risk + layout->all;
    memset(running, 0, layout->all * sizeof *running);
    for (size_t g = count; g-- > 0;) {
        const int128 *here = sums + g * layout->width;
        const int128 *dying = sums + count * layout->width + g * layout->dead;
        const int128 events = here[layout->all];
        for (size_t i = 0; i < layout->all; i++)
            running[i] += here[i];
        for (size_t i = 0; events > 0 && i < layout->all; i++) {
            risk[i] = cox_value(running[i]);
            dead[i] = layout->dead == 0 ? 0 : cox_value(dying[i]);
        }
        for (int128 k = 0; k < events; k++)
            add_event(
                layout, risk, dead, (long double)k / (long double)events, out);
        out->events += (long double)events;
    }
}
