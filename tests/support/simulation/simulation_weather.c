#include "tests/support/seeded.h"
#include "tests/support/simulation/simulation.h"

static uint32_t pick(const uint32_t *choices, uint32_t count)
{
    return choices[seeded_below(count)];
}

void weather_draw(struct simulation *simulation)
{
    static const uint32_t losses[] = {0, 0, 400, 100, 30};
    static const uint32_t repeats[] = {0, 20, 4};
    static const uint32_t delays[] = {20, 200, 900};
    struct weather *weather = &simulation->weather;
    *weather = (struct weather){.fair = seeded_once_in(4), .delay_ms = 20};
    if (weather->fair)
        return;
    weather->loss = pick(losses, 5);
    weather->repeat = pick(repeats, 3);
    weather->delay_ms = pick(delays, 3);
    weather->crash = seeded_once_in(3) ? 150 : 0;
    weather->busy = seeded_once_in(3) ? 15 : 0;
}

static void plan(struct simulation *simulation, enum happening what, size_t who,
    uint64_t at_ms, uint64_t number)
{
    queue_put(&simulation->queue,
        (struct event){
            .at_ms = at_ms, .what = what, .who = who, .number = number});
}

static size_t some_party(const struct simulation *simulation)
{
    const size_t who = seeded_below((uint32_t)simulation->world->count + 1);
    return who == simulation->world->count ? PARTY_OFFICE : who;
}

/* Wall clocks are set by seconds, hours, or years. */
static uint64_t some_jump(void)
{
    static const uint32_t spans[] = {10, 7200, 40u * 86400, 3u * 365 * 86400};
    return seeded_below(pick(spans, 4)) + 1;
}

void weather_plan(struct simulation *simulation, uint64_t until_ms)
{
    const uint32_t span = (uint32_t)until_ms;
    const uint32_t centers = (uint32_t)simulation->world->count;
    if (simulation->weather.fair)
        return;
    for (uint32_t i = seeded_below(3); i > 0; i--)
        plan(simulation, CUT_LINE, seeded_below(centers), seeded_below(span),
            200 + seeded_below(5000));
    for (uint32_t i = seeded_below(3); i > 0; i--)
        plan(simulation, CRASH_CENTER, seeded_below(centers),
            seeded_below(span), 100 + seeded_below(3000));
    if (seeded_once_in(4))
        plan(simulation, CRASH_OFFICE, PARTY_OFFICE, seeded_below(span),
            100 + seeded_below(3000));
    for (uint32_t i = seeded_below(3); i > 0; i--)
        plan(simulation, FREEZE, some_party(simulation), seeded_below(span),
            100 + seeded_below(4000));
    for (uint32_t i = seeded_below(3); i > 0; i--)
        plan(simulation, JUMP, some_party(simulation), seeded_below(span),
            some_jump());
}
