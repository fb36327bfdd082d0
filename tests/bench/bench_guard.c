/*
 * bench_guard: a new cohort against 500 remembered ones of 10^5 people among
 * 200,000, the pairs of the last 256 included. Two crowds: cohorts drawn at
 * random, and cohorts made so that no pair is decided before nearly all of it
 * is counted (any two share eleven people who are not in the new one).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#include "node/guard.h"

#define PEOPLE 200000
#define COHORT 100000
#define REMEMBERED 500
#define LIMIT 11

static uint32_t numbers[PEOPLE];
static uint8_t coins[PEOPLE / 8];

static bool falls(uint32_t i)
{
    return coins[i / 8] >> i % 8 & 1;
}

static struct guard_people *take(size_t count)
{
    struct guard_people *people;
    if (guard_people_create(&people, numbers, count) != STATUS_OK)
        exit(1);
    return people;
}

/* Half of all, by chance. */
static struct guard_people *draw_cohort(void)
{
    size_t count = 0;
    randombytes_buf(coins, sizeof coins);
    for (uint32_t i = 0; i < PEOPLE; i++)
        if (falls(i))
            numbers[count++] = i;
    return take(count);
}

/* All even numbers, which is the new one; or half of these and eleven odd
 * ones. */
static struct guard_people *make_cohort(bool whole)
{
    size_t count = 0;
    randombytes_buf(coins, sizeof coins);
    for (uint32_t i = 0; i < PEOPLE; i += 2)
        if (whole || falls(i))
            numbers[count++] = i;
    for (uint32_t i = 0; !whole && i < LIMIT; i++)
        numbers[count++] = 2 * i + 1;
    return take(count);
}

static void remember(struct guard *guard, struct guard_people *people)
{
    if (guard_remember(guard, people) != STATUS_OK)
        exit(1);
    guard_people_destroy(people);
}

static double milliseconds(clock_t from)
{
    return (double)(clock() - from) * 1e3 / CLOCKS_PER_SEC;
}

/* CPU time of the check; the first one, of another cohort, also takes the
 * remembered ones in. */
static double check(
    struct guard *guard, const struct guard_people *people, bool *close)
{
    struct guard_people *other = draw_cohort();
    if (guard_compare(guard, other, LIMIT, close) != STATUS_OK)
        exit(1);
    guard_people_destroy(other);
    clock_t start = clock();
    if (guard_compare(guard, people, LIMIT, close) != STATUS_OK)
        exit(1);
    return milliseconds(start);
}

static double measure(const struct keypair *keys, bool made)
{
    struct guard *guard;
    bool close;
    if (guard_create(&guard, keys) != STATUS_OK)
        exit(1);
    for (int i = 0; i < REMEMBERED; i++)
        remember(guard, made ? make_cohort(false) : draw_cohort());
    struct guard_people *asked = made ? make_cohort(true) : draw_cohort();
    double taken = check(guard, asked, &close);
    if (close)
        exit(1); /* left early: nothing was measured */
    guard_people_destroy(asked);
    guard_destroy(guard);
    return taken;
}

int main(void)
{
    struct keypair *keys;
    if (keys_start() != STATUS_OK ||
        keypair_create(&keys, "center") != STATUS_OK)
        return 1;
    double drawn = measure(keys, false);
    printf("{\"check_ms\": %.2f, \"made_ms\": %.2f}\n", drawn,
        measure(keys, true));
    keypair_destroy(keys);
    return 0;
}
