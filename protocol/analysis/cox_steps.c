#include "protocol/analysis/cox_steps.h"

#include <assert.h>

#include "protocol/wire/defence.h"

struct holding {
    int128 counts[STEP_COUNTS];
};

struct need {
    bool efron;
    int128 people, events;
};

static bool is_enough(const struct holding *holding, const struct need *need)
{
    const int128 *counts = holding->counts;
    if (counts[STEP_EVENTS] < need->events)
        return false;
    if (need->people <= 1)
        return true;
    if (!need->efron)
        return counts[STEP_PEOPLE] >= need->people;
    return counts[STEP_EVENT_PEOPLE] >= need->people &&
           (counts[STEP_OTHERS] == 0 ||
               counts[STEP_OTHER_PEOPLE] >= need->people);
}

static void add(struct holding *to, const int128 *counts, int times)
{
    for (size_t i = 0; i < STEP_COUNTS; i++)
        to->counts[i] += times * counts[i];
}

/* Risk sets of more than one event where the room is too small for all. */
static int128 events_needed(const int128 *counts, size_t steps, size_t capacity)
{
    int128 events = 0;
    size_t used = 0;
    assert(capacity > 0);
    for (size_t s = 0; s < steps; s++) {
        events += counts[s * STEP_COUNTS + STEP_EVENTS];
        used += counts[s * STEP_COUNTS + STEP_EVENTS] > 0;
    }
    return used <= capacity
               ? 1
               : (events + (int128)capacity - 1) / (int128)capacity;
}

void cox_merge_steps(const int128 *counts, size_t steps,
    struct cox_merge_rule rule, double *starts, size_t capacity,
    struct cox_merge *out)
{
    const struct need need = {.efron = rule.efron,
        .people = DEFENCE("risk-set-people") ? rule.limit : 1,
        .events = events_needed(counts, steps, capacity)};
    struct holding here = {{0}}, rest = {{0}};
    size_t used = 0;
    bool begun = false;
    for (size_t s = 0; s < steps; s++)
        add(&rest, counts + s * STEP_COUNTS, 1);
    for (size_t i = 0; i < capacity; i++)
        starts[i] = (double)steps;
    for (size_t s = 0; s < steps; s++) {
        const int128 *step = counts + s * STEP_COUNTS;
        bool events = step[STEP_EVENTS] > 0;
        bool begins = events && (!begun || is_enough(&here, &need)) &&
                      is_enough(&rest, &need) && used < capacity;
        if (begins) {
            starts[used++] = (double)s;
            here = (struct holding){{0}};
            begun = true;
        }
        out->merged += events && !begins;
        add(&rest, step, -1);
        add(&here, step, 1);
    }
    out->risk_sets += used;
}

size_t cox_risk_set(const double *starts, size_t capacity, size_t step)
{
    size_t low = 0, high = capacity;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= (double)step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
