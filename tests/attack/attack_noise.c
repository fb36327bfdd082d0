/*
 * A reader who knows how noise is drawn. attack_noise ATTACK: exit 0 when it
 * tells more than the noise should, 1 when it does not.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "policy/budget.h"
#include "protocol/masking/gaussian.h"
#include "protocol/wire/defence.h"
#include "tests/attack/scene.h"
#include "tests/support/seeded_noise.h"
#include "tests/unit/analysis_fixture.h"

static const char dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":[{\"name\":\"cost\","
    "\"type\":\"integer\",\"entity\":\"patient\",\"min\":0,\"max\":1000}]}";

/* ---- noise made of doubles: Mironov 2012 ---- */

#define SCALE ((double)(1 << 26))
#define RANDOM_BITS 24 /* of a float's fraction */

/* A Laplace sample as many programs draw it. Most whole numbers never come. */
static int64_t draw_of_floats(void)
{
    double u = ((randombytes_random() >> (32 - RANDOM_BITS)) + 1) *
               ldexp(1, -RANDOM_BITS);
    int64_t size = llround(-SCALE * log(u));
    return randombytes_random() % 2 == 0 ? size : -size;
}

static bool can_come(int64_t noise)
{
    double steps = exp(-fabs((double)noise) / SCALE) * (1 << RANDOM_BITS);
    const int64_t last = (int64_t)ceil(steps) + 1;
    for (int64_t near = (int64_t)floor(steps) - 1; near <= last; near++) {
        if (llround(-SCALE * log((double)near * ldexp(1, -RANDOM_BITS))) ==
            llabs(noise))
            return true;
    }
    return false;
}

/* The names are the linker's (--wrap). */
/* NOLINTBEGIN(*-reserved-identifier,cert-dcl*,*-identifier-naming) */
int64_t __real_gaussian_draw(uint64_t sigma2);
int64_t __wrap_gaussian_draw(uint64_t sigma2);
/* NOLINTEND(*-reserved-identifier,cert-dcl*,*-identifier-naming) */
int64_t __wrap_gaussian_draw(uint64_t sigma2)
{
    return DEFENCE("whole-noise") ? __real_gaussian_draw(sigma2)
                                  : draw_of_floats();
}

/* A sum is one of sixteen; of the noises that would explain what was told, only
 * one can come, every time. */
static int low_bits(struct scene *scene)
{
    enum { ANSWERS = 24, SUMS = 16, FIRST = 5000 };
    const int64_t secret = FIRST + randombytes_uniform(SUMS);
    int64_t told[ANSWERS], found = 0;
    size_t possible = 0;
    (void)scene;
    for (size_t i = 0; i < ANSWERS; i++)
        told[i] = secret + gaussian_draw((uint64_t)1 << 52);
    for (int64_t sum = FIRST; sum < FIRST + SUMS; sum++) {
        size_t fit = 0;
        while (fit < ANSWERS && can_come(told[fit] - sum))
            fit++;
        possible += fit == ANSWERS;
        found = fit == ANSWERS ? sum : found;
    }
    if (possible != 1 || found != secret)
        return 1;
    printf("the exact sum, %lld\n", (long long)found);
    return 0;
}

/* ---- what budget_add_noise does to an answer ---- */

struct noisy {
    struct table table;
    struct asked asked;
    struct budget_terms terms;
    size_t sum; /* the element */
};

static void noisy_create(struct noisy *noisy)
{
    static const int32_t codes[] = {0, 0, 0, 10};
    const struct budget_terms terms = {
        .rho_nano = NANO, .query_rho_nano = NANO / 200, .delta = 1e-9};
    table_create(&noisy->table, dictionary, codes, 4, NULL);
    ask(&noisy->asked, &noisy->table,
        "{\"analyses\":[{\"summary\":{\"variables\":[\"cost\"]}}]}", 1);
    noisy->terms = terms;
    noisy->sum = noisy->asked.plan->segments[0].first +
                 noisy->asked.plan->shapes[0].tables[0].first + CELL_SUM;
}

/* The noisy sum, of patients who cost `exact` together. */
static double answer(const struct noisy *noisy, int64_t exact)
{
    struct vector vector;
    scene_must(vector_init(&vector, noisy->asked.plan->vector_length));
    vector.elements[noisy->sum] = exact;
    scene_must(budget_add_noise(noisy->asked.plan, &noisy->terms, 5, &vector));
    double told = (double)vector.elements[noisy->sum];
    vector_fini(&vector);
    return told;
}

/* How long the sampler worked, in random numbers, against how large the noise
 * is (Jin et al. 2022). */
static int work_of_the_sampler(struct scene *scene)
{
    enum { ANSWERS = 8000 };
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    struct noisy noisy;
    (void)scene;
    noisy_create(&noisy);
    for (int i = 0; i < ANSWERS; i++) {
        const uint64_t mark = gaussian_mark();
        const double size = fabs(answer(&noisy, 0));
        const double work = (double)(gaussian_mark() - mark);
        x += size, y += work, xx += size * size, yy += work * work;
        xy += size * work;
    }
    const double varies = ANSWERS * yy - y * y;
    const double r = (ANSWERS * xy - x * y) /
                     sqrt((ANSWERS * xx - x * x) * (varies > 0 ? varies : 1));
    if (!(r > 0.04))
        return 1;
    puts("the time taken is correlated with the noise");
    return 0;
}

/* Bounds from the data: whether the one who costs much is in it. */
static int bounds_of_data(struct scene *scene)
{
    enum { TRIALS = 200 };
    struct noisy noisy;
    int right = 0;
    (void)scene;
    noisy_create(&noisy);
    for (int i = 0; i < TRIALS; i++) {
        const bool there = randombytes_random() % 2 == 0;
        const double told = answer(&noisy, there ? 1010 : 10);
        right += (fabs(told) > 2000) == there;
    }
    if (right < TRIALS * 8 / 10)
        return 1;
    puts("whether a patient of high cost is in the cohort");
    return 0;
}

/* ---- who draws ---- */

/* Of thirteen centers four may drop out and four are the coordinator's. */
static int puppets_without_noise(struct scene *scene)
{
    enum { ANSWERS = 4000, MEMBERS = 13, MINIMUM = 5, HONEST = 5 };
    const double wanted = 1000;
    const double part = wanted / (double)budget_honest(MEMBERS, MINIMUM);
    double squares = 0;
    (void)scene;
    for (int i = 0; i < ANSWERS; i++) {
        double noise = 0;
        for (int k = 0; k < HONEST; k++)
            noise += (double)gaussian_draw((uint64_t)ceil(part));
        squares += noise * noise;
    }
    if (squares / ANSWERS > 0.85 * wanted) /* 7 standard errors */
        return 1;
    puts("noise of less than half the variance that was promised");
    return 0;
}

/* Noise from a seed of 12 bits: of all seeds only one leaves counts behind. */
static int guessed_noise(struct scene *scene)
{
    enum { SEEDS = 4096, CELLS = 16, VARIANCE = 1000000, MOST = 60 };
    int64_t told[CELLS], exact[CELLS];
    const uint64_t seed = randombytes_uniform(SEEDS);
    (void)scene;
    for (size_t i = 0; i < CELLS; i++)
        exact[i] = randombytes_uniform(MOST);
    if (!DEFENCE("strong-randomness"))
        seeded_start_noise(3, seed);
    for (size_t i = 0; i < CELLS; i++)
        told[i] = exact[i] + gaussian_draw(VARIANCE);
    for (uint64_t guess = 0; guess < SEEDS; guess++) {
        size_t fit = 0;
        int64_t left;
        seeded_start_noise(3, guess);
        while (fit < CELLS &&
               (left = told[fit] - gaussian_draw(VARIANCE)) >= 0 && left < MOST)
            fit++;
        if (fit == CELLS) {
            puts("all exact counts");
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"low-bits", low_bits},
        {"work-of-the-sampler", work_of_the_sampler},
        {"bounds-of-data", bounds_of_data},
        {"puppets-without-noise", puppets_without_noise},
        {"guessed-noise", guessed_noise},
    };
    return scene_play(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
