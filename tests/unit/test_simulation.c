/*
 * test_simulation [--seeds N] [--seed N] [--strategy NAME] [--centers N]
 * [--privacy NAME] [--verbose]
 *
 * Federations in one process, N seeds each: honest ones in the weather of a
 * seed (tests/support/simulation/simulation.h), and lying coordinators
 * (liar.h), strategy by strategy. NAME is `honest`, `lies` or one strategy. A
 * failure prints seed and strategy; `--seed S --strategy NAME` is exactly that
 * run.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wire/log.h"
#include "tests/support/simulation/liar.h"
#include "tests/support/simulation/simulation.h"

#define HONEST "honest"
#define LIES "lies"
#define REPEATED 5           /* runs that are done twice, */
#define REPEATED_CENTERS 100 /* when they are not too large */

struct options {
    uint64_t first, seeds;
    size_t centers; /* of the honest; 0: as few as the seed says */
    enum study_privacy privacy;
    bool has_privacy;     /* else what the seed says */
    const char *strategy; /* NULL: all */
};

static void set_case(
    const struct options *options, uint64_t seed, const char *strategy)
{
    snprintf(world_case, sizeof world_case,
        "--seed %llu --strategy %s --centers %zu%s%s", (unsigned long long)seed,
        strategy, options->centers, options->has_privacy ? " --privacy " : "",
        options->has_privacy ? study_privacy_name(options->privacy) : "");
}

/* ---- honest ---- */

struct totals {
    size_t runs, fair, queries, answered, failed;
    size_t by_privacy[PRIVACY_COUNT]; /* answered */
    uint64_t messages;
};

static void add(struct totals *totals, const struct simulation_outcome *one)
{
    totals->runs++;
    totals->fair += one->fair;
    totals->queries += one->queries;
    totals->answered += one->answered;
    totals->by_privacy[one->privacy] += one->answered;
    totals->failed += one->failed;
    totals->messages += one->messages;
}

static void run_honest(const struct options *options)
{
    const enum study_privacy *privacy =
        options->has_privacy ? &options->privacy : NULL;
    struct totals totals = {0};
    struct simulation_outcome outcome, again;
    for (uint64_t i = 0; i < options->seeds; i++) {
        const uint64_t seed = options->first + i;
        set_case(options, seed, HONEST);
        simulation_run(seed, options->centers, privacy, &outcome);
        add(&totals, &outcome);
        if (i >= REPEATED || options->centers > REPEATED_CENTERS)
            continue;
        simulation_run(seed, options->centers, privacy, &again);
        if (again.trace != outcome.trace)
            world_fail("the same seed, and another run");
    }
    printf("%zu runs, %zu in fair weather: %zu questions, %zu answered, %zu "
           "failed; %llu messages of centers\n",
        totals.runs, totals.fair, totals.queries, totals.answered,
        totals.failed, (unsigned long long)totals.messages);
    for (size_t i = 0; i < PRIVACY_COUNT; i++) {
        if (totals.by_privacy[i] > 0) {
            printf("  answered, %s: %zu\n",
                study_privacy_name((enum study_privacy)i),
                totals.by_privacy[i]);
        }
    }
    /* The weather leaves enough to look at, of either kind. */
    if (totals.runs >= 200)
        WORLD_REQUIRE(totals.answered > totals.queries / 4 &&
                      totals.failed > totals.queries / 20);
}

/* ---- lies ---- */

static bool is_wanted(const struct options *options, const char *name)
{
    return options->strategy == NULL || strcmp(options->strategy, name) == 0 ||
           (strcmp(options->strategy, LIES) == 0 && strcmp(name, HONEST) != 0);
}

static void run_strategy(
    const struct options *options, const struct strategy *strategy)
{
    size_t refused = 0;
    for (uint64_t i = 0; i < options->seeds; i++) {
        set_case(options, options->first + i, strategy->name);
        refused += liar_run(strategy, options->first + i);
    }
    printf("| %-17s | %-33s | %-58s | %5zu |\n", strategy->name,
        strategy->source, strategy->what, refused);
    if (refused == 0 && strcmp(strategy->name, "none") != 0)
        world_fail("no lie was told");
}

static uint64_t run_lies(const struct options *options)
{
    uint64_t runs = 0;
    for (size_t i = 0; i < strategy_count; i++) {
        if (!is_wanted(options, strategies[i].name))
            continue;
        if (runs == 0)
            puts("| strategy | source | the lie | refused |\n"
                 "| --- | --- | --- | --- |");
        run_strategy(options, &strategies[i]);
        runs += options->seeds;
    }
    return runs;
}

static int usage(void)
{
    fprintf(stderr, "usage: test_simulation [--seeds N] [--seed N] "
                    "[--strategy NAME] [--centers N] [--privacy NAME] "
                    "[--verbose]\n");
    return 2;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"seeds", required_argument, NULL, 'n'},
        {"centers", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},
        {"strategy", required_argument, NULL, 'l'},
        {"privacy", required_argument, NULL, 'p'},
        {"verbose", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    int choice;
    *options = (struct options){.first = 1, .seeds = 20};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread before the options */
    while ((choice = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (choice) {
        case 'n': options->seeds = strtoull(optarg, NULL, 10); break;
        case 's':
            options->first = strtoull(optarg, NULL, 10);
            options->seeds = 1;
            break;
        case 'c': options->centers = strtoull(optarg, NULL, 10); break;
        case 'l': options->strategy = optarg; break;
        case 'p':
            options->has_privacy = true;
            if (!study_privacy_find(&options->privacy, optarg))
                return false;
            break;
        case 'v': log_set_level(LOG_DEBUG); break;
        default: return false;
        }
    }
    return optind == argc && options->seeds > 0 &&
           options->centers <= WORLD_CENTERS_MAX;
}

int main(int argc, char **argv)
{
    struct options options;
    uint64_t runs = 0;
    log_set_level(LOG_ERROR);
    if (!read_options(&options, argc, argv))
        return usage();
    if (is_wanted(&options, HONEST)) {
        run_honest(&options);
        runs += options.seeds;
    }
    runs += run_lies(&options);
    if (runs == 0)
        return usage();
    printf("%llu runs\n", (unsigned long long)runs);
    return 0;
}
