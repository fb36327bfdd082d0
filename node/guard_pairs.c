#include "node/guard_pairs.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/kernel.h"

#define WORD_BITS 64
#define LINE_WORDS 8    /* of a cache line */
#define GLANCE_WORDS 32 /* of the first part */
#define PART_WORDS 512  /* of the others: all rows of one stay in the cache */
#define PAIR_COUNT (GUARD_PAIRS * (GUARD_PAIRS - 1) / 2)

/* A pair that is not decided: |A and B and C| lies in low .. high. */
struct pair {
    uint16_t b, c;
    uint32_t seen; /* of it, in the parts so far */
    int64_t low, high;
};

/* Of one row and those before it: whether a pair may be other than far, from
 * bounds that are no narrower than judge's. Plain sums of 32 bits over arrays,
 * which a compiler does eight at a time; nearly all pairs end here. */
struct glance {
    int32_t a, b, ab, limit;
    int32_t c[GUARD_PAIRS], ac[GUARD_PAIRS], bc[GUARD_PAIRS];
    uint8_t open[GUARD_PAIRS];
};

struct guard_pairs {
    uint32_t people;            /* a prime */
    uint32_t spread;            /* number n has bit n * spread mod people */
    size_t words;               /* of a row */
    size_t count;               /* rows in use */
    uint64_t added;             /* cohorts so far */
    uint64_t last[GUARD_PAIRS]; /* when a row was added last */
    uint64_t *rows;             /* GUARD_PAIRS of them */
    uint32_t both[GUARD_PAIRS][GUARD_PAIRS]; /* people of two rows */
    /* Of the cohort that is asked about: */
    uint64_t *asked;                /* its row */
    int64_t size;                   /* people, those without a place too */
    int64_t with[GUARD_PAIRS];      /* and of each row */
    int64_t rest;                   /* of size, after the parts so far */
    int64_t with_rest[GUARD_PAIRS]; /* of with */
    struct glance glance;
    size_t open_count;
    struct pair open[PAIR_COUNT];
};

static bool is_prime(uint32_t n)
{
    for (uint32_t d = 3; (uint64_t)d * d <= n; d += 2) {
        if (n % d == 0)
            return false;
    }
    return n % 2 == 1;
}

enum status guard_pairs_create(struct guard_pairs **out, uint32_t people)
{
    struct guard_pairs *pairs = calloc(1, sizeof *pairs);
    *out = pairs;
    if (pairs == NULL)
        return STATUS_NO_MEMORY;
    for (pairs->people = people | 3; !is_prime(pairs->people);)
        pairs->people += 2;
    pairs->spread = 1 + randombytes_uniform(pairs->people - 1);
    pairs->words = pairs->people / WORD_BITS + 1;
    pairs->words = (pairs->words + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
    pairs->rows = calloc(GUARD_PAIRS * pairs->words, sizeof *pairs->rows);
    pairs->asked = calloc(pairs->words, sizeof *pairs->asked);
    if (pairs->rows != NULL && pairs->asked != NULL)
        return STATUS_OK;
    guard_pairs_destroy(pairs);
    *out = NULL;
    return STATUS_NO_MEMORY;
}

static void wipe(uint64_t *words, size_t count)
{
    if (words != NULL)
        sodium_memzero(words, count * sizeof *words);
    free(words);
}

void guard_pairs_destroy(struct guard_pairs *pairs)
{
    if (pairs == NULL)
        return;
    wipe(pairs->rows, GUARD_PAIRS * pairs->words);
    wipe(pairs->asked, pairs->words);
    free(pairs);
}

uint32_t guard_pairs_people(const struct guard_pairs *pairs)
{
    return pairs->people;
}

/* ---- rows ---- */

static uint64_t *row_of(const struct guard_pairs *pairs, size_t row)
{
    return pairs->rows + row * pairs->words;
}

/* The bit of a number from that of a smaller one near by: sums are cheaper than
 * a division. */
static uint64_t step_bit(
    const struct guard_pairs *pairs, uint64_t bit, uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++) {
        bit += pairs->spread;
        bit = bit < pairs->people ? bit : bit - pairs->people;
    }
    return bit;
}

static void fill(const struct guard_pairs *pairs, uint64_t *row,
    const uint32_t *numbers, size_t count)
{
    uint64_t bit = 0;
    memset(row, 0, pairs->words * sizeof *row);
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= pairs->people)
            continue; /* in no row */
        const uint32_t rise = i == 0 ? 0 : numbers[i] - numbers[i - 1];
        bit = rise > 0 && rise <= 8
                  ? step_bit(pairs, bit, rise)
                  : (uint64_t)numbers[i] * pairs->spread % pairs->people;
        row[bit / WORD_BITS] |= (uint64_t)1 << bit % WORD_BITS;
    }
}

KERNEL static int64_t count_two(
    const uint64_t *x, const uint64_t *y, size_t words)
{
    /* Counts side by side: one does not wait for the other. */
    int64_t even = 0, odd = 0;
    for (size_t i = 0; i < words; i += 2) {
        even += __builtin_popcountll(x[i] & y[i]);
        odd += __builtin_popcountll(x[i + 1] & y[i + 1]);
    }
    return even + odd;
}

KERNEL static void intersect(
    uint64_t *out, const uint64_t *x, const uint64_t *y, size_t words)
{
    for (size_t i = 0; i < words; i++)
        out[i] = x[i] & y[i];
}

static bool is_asked(const struct guard_pairs *pairs, size_t row, size_t people)
{
    return pairs->both[row][row] == people &&
           memcmp(row_of(pairs, row), pairs->asked,
               pairs->words * sizeof *pairs->asked) == 0;
}

/* The row of the people in `asked`, or the one for them: a free one, or the one
 * that was added longest ago. */
static size_t find_row(
    const struct guard_pairs *pairs, size_t people, bool *known)
{
    size_t oldest = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        *known = is_asked(pairs, i, people);
        if (*known)
            return i;
        if (pairs->last[i] < pairs->last[oldest])
            oldest = i;
    }
    return pairs->count < GUARD_PAIRS ? pairs->count : oldest;
}

void guard_pairs_add(
    struct guard_pairs *pairs, const uint32_t *numbers, size_t count)
{
    bool known = false;
    fill(pairs, pairs->asked, numbers, count);
    const size_t row = find_row(pairs, count, &known);
    pairs->last[row] = ++pairs->added;
    if (known)
        return;
    memcpy(
        row_of(pairs, row), pairs->asked, pairs->words * sizeof *pairs->asked);
    if (row == pairs->count)
        pairs->count++;
    for (size_t i = 0; i < pairs->count; i++)
        pairs->both[row][i] = pairs->both[i][row] = (uint32_t)count_two(
            row_of(pairs, row), row_of(pairs, i), pairs->words);
}

/* ---- a pair, from what is known of it ---- */

enum verdict { FAR, UNDECIDED, CLOSE };

static enum verdict judge_range(int64_t low, int64_t high, int64_t limit)
{
    if (low >= limit || high <= 0)
        return FAR;
    return low >= 1 && high < limit ? CLOSE : UNDECIDED;
}

/* A set that two make: its size, and of its people low .. high are in A. */
static enum verdict judge_made(
    int64_t people, int64_t made, int64_t low, int64_t high, int64_t limit)
{
    if (made == 0)
        return FAR;
    enum verdict left = judge_range(people - high, people - low, limit);
    enum verdict out = judge_range(made - high, made - low, limit);
    return left > out ? left : out;
}

static enum verdict judge(
    const struct guard_pairs *pairs, const struct pair *pair, int64_t limit)
{
    const int64_t a = pairs->size, low = pair->low, high = pair->high;
    const int64_t b = pairs->both[pair->b][pair->b];
    const int64_t c = pairs->both[pair->c][pair->c];
    const int64_t bc = pairs->both[pair->b][pair->c];
    const int64_t ab = pairs->with[pair->b], ac = pairs->with[pair->c];
    const enum verdict made[] = {
        judge_made(a, b + c - bc, ab + ac - high, ab + ac - low, limit),
        judge_made(a, bc, low, high, limit),
        judge_made(a, b - bc, ab - high, ab - low, limit),
        judge_made(a, c - bc, ac - high, ac - low, limit),
    };
    enum verdict worst = FAR;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        worst = made[i] > worst ? made[i] : worst;
    return worst;
}

/* Three sets of sizes a, b, c that meet in ab, ac, bc by twos: how many can be
 * in all three, beyond `seen`. */
struct sizes {
    int64_t a, b, c, ab, ac, bc;
};

static int64_t larger(int64_t x, int64_t y)
{
    return x > y ? x : y;
}

static int64_t smaller(int64_t x, int64_t y)
{
    return x < y ? x : y;
}

static void narrow(struct pair *pair, const struct sizes *rest)
{
    const int64_t seen = pair->seen;
    const int64_t least = larger(larger(rest->ab + rest->ac - rest->a, 0),
        larger(rest->ab + rest->bc - rest->b, rest->ac + rest->bc - rest->c));
    const int64_t most = smaller(rest->ab, smaller(rest->ac, rest->bc));
    pair->low = larger(pair->low, seen + least);
    pair->high = smaller(pair->high, seen + most);
}

/* ---- all pairs ---- */

#define GLANCE_PEOPLE_MAX ((uint32_t)1 << 28) /* sums of four fit */
#define MAX(x, y) ((x) > (y) ? (x) : (y))
#define MIN(x, y) ((x) < (y) ? (x) : (y))
/* low .. high people are left over: perhaps a few of them. */
#define MAY_BE_FEW(low, high) (((low) < limit) & ((high) > 0))

KERNEL static void glance_at(struct glance *glance, size_t count)
{
    const int32_t a = glance->a, b = glance->b, ab = glance->ab;
    const int32_t limit = glance->limit;
    for (size_t j = 0; j < count; j++) {
        const int32_t c = glance->c[j], ac = glance->ac[j], bc = glance->bc[j];
        const int32_t low =
            MAX(MAX(0, ab + ac - a), MAX(ab + bc - b, ac + bc - c));
        const int32_t high = MIN(ab, MIN(ac, bc));
        const int32_t join = ab + ac; /* less all three: of A in the union */
        const int32_t either = b + c - bc;
        glance->open[j] =
            (uint8_t)(MAY_BE_FEW(a - join + low, a - join + high) |
                      MAY_BE_FEW(either - join + low, either - join + high) |
                      MAY_BE_FEW(a - high, a - low) |
                      MAY_BE_FEW(bc - high, bc - low) |
                      MAY_BE_FEW(a - ab + low, a - ab + high) |
                      MAY_BE_FEW(b - bc - ab + low, b - bc - ab + high) |
                      MAY_BE_FEW(a - ac + low, a - ac + high) |
                      MAY_BE_FEW(c - bc - ac + low, c - bc - ac + high));
    }
}

static void glance_at_row(struct guard_pairs *pairs, size_t i, int64_t limit)
{
    struct glance *glance = &pairs->glance;
    if (pairs->people > GLANCE_PEOPLE_MAX ||
        pairs->size > (int64_t)GLANCE_PEOPLE_MAX) {
        memset(glance->open, 1, i);
        return;
    }
    glance->a = (int32_t)pairs->size;
    glance->b = (int32_t)pairs->both[i][i];
    glance->ab = (int32_t)pairs->with[i];
    glance->limit =
        (int32_t)(limit < GLANCE_PEOPLE_MAX ? limit : GLANCE_PEOPLE_MAX);
    for (size_t j = 0; j < i; j++)
        glance->bc[j] = (int32_t)pairs->both[i][j];
    glance_at(glance, i);
}

/* True when one is close. */
static bool list_undecided(struct guard_pairs *pairs, int64_t limit)
{
    pairs->open_count = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        glance_at_row(pairs, i, limit);
        for (size_t j = 0; j < i; j++) {
            if (pairs->glance.open[j] == 0)
                continue;
            struct pair pair = {
                .b = (uint16_t)i, .c = (uint16_t)j, .high = INT64_MAX};
            const struct sizes all = {pairs->size, pairs->both[i][i],
                pairs->both[j][j], pairs->with[i], pairs->with[j],
                pairs->both[i][j]};
            narrow(&pair, &all);
            enum verdict verdict = judge(pairs, &pair, limit);
            if (verdict == CLOSE)
                return true;
            if (verdict == UNDECIDED)
                pairs->open[pairs->open_count++] = pair;
        }
        pairs->glance.c[i] = (int32_t)pairs->both[i][i];
        pairs->glance.ac[i] = (int32_t)pairs->with[i];
    }
    return false;
}

struct part {
    size_t first, words;
    bool glance; /* rows alone and by twos are counted as well */
    int64_t b_rest[GUARD_PAIRS];
};

/* What is left of each row after this part. */
static void advance(struct guard_pairs *pairs, struct part *part)
{
    const uint64_t *asked = pairs->asked + part->first;
    pairs->rest -= count_two(asked, asked, part->words);
    for (size_t i = 0; i < pairs->count; i++) {
        const uint64_t *row = row_of(pairs, i) + part->first;
        pairs->with_rest[i] -= count_two(asked, row, part->words);
        if (part->glance)
            part->b_rest[i] =
                pairs->both[i][i] - count_two(row, row, part->words);
    }
}

/* Counts the undecided pairs within a part and drops those that it decides.
 * True when one is close. They stand in order of b. */
static bool count_part(
    struct guard_pairs *pairs, struct part *part, int64_t limit)
{
    uint64_t common[PART_WORDS]; /* of A and row b */
    size_t kept = 0, b = GUARD_PAIRS;
    advance(pairs, part);
    for (size_t i = 0; i < pairs->open_count; i++) {
        struct pair pair = pairs->open[i];
        const uint64_t *row_b = row_of(pairs, pair.b) + part->first;
        const uint64_t *row_c = row_of(pairs, pair.c) + part->first;
        struct sizes rest = {.a = pairs->rest,
            .b = INT64_MAX,
            .c = INT64_MAX,
            .ab = pairs->with_rest[pair.b],
            .ac = pairs->with_rest[pair.c],
            .bc = pairs->both[pair.b][pair.c]};
        if (pair.b != b)
            intersect(common, pairs->asked + part->first, row_b, part->words);
        b = pair.b;
        pair.seen += (uint32_t)count_two(common, row_c, part->words);
        if (part->glance) {
            rest.b = part->b_rest[pair.b];
            rest.c = part->b_rest[pair.c];
            rest.bc -= count_two(row_b, row_c, part->words);
        }
        narrow(&pair, &rest);
        enum verdict verdict = judge(pairs, &pair, limit);
        if (verdict == CLOSE)
            return true;
        if (verdict == UNDECIDED)
            pairs->open[kept++] = pair;
    }
    pairs->open_count = kept;
    return false;
}

static bool count_undecided(struct guard_pairs *pairs, int64_t limit)
{
    struct part part = {.words = GLANCE_WORDS, .glance = true};
    bool close = false;
    pairs->rest = pairs->size;
    memcpy(pairs->with_rest, pairs->with, sizeof pairs->with);
    while (!close && pairs->open_count > 0 && part.first < pairs->words) {
        if (part.words > pairs->words - part.first)
            part.words = pairs->words - part.first;
        close = count_part(pairs, &part, limit);
        part.first += part.words;
        part.words = PART_WORDS;
        part.glance = false;
    }
    return close;
}

bool guard_pairs_are_close(struct guard_pairs *pairs, const uint32_t *numbers,
    size_t count, int64_t limit)
{
    fill(pairs, pairs->asked, numbers, count);
    pairs->size = (int64_t)count;
    for (size_t i = 0; i < pairs->count; i++)
        pairs->with[i] =
            count_two(pairs->asked, row_of(pairs, i), pairs->words);
    return list_undecided(pairs, limit) || count_undecided(pairs, limit);
}
