/*
 * bench_guard: a new cohort against 500 remembered ones of 10^5 people each of
 * 200,000, pairs included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#include "node/guard.h"

#define PEOPLE 200000
#define COHORT 100000
#define REMEMBERED 500

static enum status draw_cohort(struct guard_people **out, uint32_t *numbers)
{
    for (uint32_t i = 0; i < COHORT; i++)
        numbers[i] = randombytes_uniform(PEOPLE);
    return guard_people_create(out, numbers, COHORT);
}

int main(void)
{
    struct keypair *keys;
    struct guard *guard;
    struct guard_people *people;
    struct timespec start, end;
    int64_t closest;
    uint32_t *numbers = calloc(COHORT, sizeof *numbers);
    if (numbers == NULL || keys_start() != STATUS_OK ||
        keypair_create(&keys, "center") != STATUS_OK ||
        guard_create(&guard, keys) != STATUS_OK)
        return 1;
    for (int i = 0; i < REMEMBERED; i++) {
        if (draw_cohort(&people, numbers) != STATUS_OK ||
            guard_remember(guard, people) != STATUS_OK)
            return 1;
        guard_people_destroy(people);
    }
    if (draw_cohort(&people, numbers) != STATUS_OK)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (guard_closest(guard, people, &closest) != STATUS_OK)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("{\"check_ms\": %.2f, \"closest\": %lld}\n",
        (double)(end.tv_sec - start.tv_sec) * 1e3 +
            (double)(end.tv_nsec - start.tv_nsec) / 1e6,
        (long long)closest);
    guard_people_destroy(people);
    guard_destroy(guard);
    keypair_destroy(keys);
    free(numbers);
    return 0;
}
