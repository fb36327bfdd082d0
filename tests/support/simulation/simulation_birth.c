/*
 * What a simulation begins with: which federation a seed has, and a ledger in
 * which its roster and study stand.
 */
#include "tests/support/simulation/simulation.h"

/* The lengths of the lists have no divisor in common: all meet all. Small
 * federations more often, for they are fast. */
struct world_terms simulation_terms(
    uint64_t seed, size_t centers, const enum study_privacy *privacy)
{
    static const size_t sizes[] = {
        3, 4, 5, 5, 7, 3, 6, 4, 8, 5, 9, 10, 11, 12, 13, 4, 7};
    static const enum study_privacy privacies[] = {
        PRIVACY_SUM, PRIVACY_SITE, PRIVACY_SUM, PRIVACY_NOISE, PRIVACY_PLAIN};
    struct world_terms terms = {
        .count = centers > 0 ? centers : sizes[seed % 17],
        .min_centers = MASKING_CENTERS_MIN,
        .privacy = privacy != NULL ? *privacy : privacies[seed % 5]};
    if (seed % 3 == 0)
        terms.min_centers = world_most(terms.count);
    return terms;
}

void simulation_fill_ledger(struct simulation *simulation)
{
    const struct world *world = simulation->world;
    struct catalog *catalog = NULL;
    struct envelope *envelope = NULL;
    struct diagnostic diagnostic;
    struct view approvals[COMMITTEE];
    size_t index;
    diagnostic_init(&diagnostic, "ledger");
    world_must(ledger_open(&simulation->ledger, ":memory:"), "ledger");
    world_must(catalog_load(&catalog, simulation->ledger,
                   world->cast.dictionary, WORLD_START),
        "catalog");
    world_must(
        envelope_decode(&envelope, buffer_view(&world->roster)), "roster");
    world_must(catalog_add_roster(catalog, simulation->ledger, envelope,
                   WORLD_START, &diagnostic),
        "roster");
    for (size_t i = 0; i < COMMITTEE; i++)
        approvals[i] = buffer_view(&world->approvals[i]);
    const struct catalog_submission submission = {
        buffer_view(&world->study), COMMITTEE, approvals};
    world_must(catalog_submit_study(catalog, simulation->ledger, &submission,
                   WORLD_START, &index, &diagnostic),
        "study");
    envelope_destroy(envelope);
    catalog_destroy(catalog);
}
