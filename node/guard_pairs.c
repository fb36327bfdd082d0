#include "node/guard_pairs.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/bits.h"
#include "protocol/analysis/kernel.h"

#define WORD_BITS 64
#define LINE_WORDS 8    /* of a cache line */
#define GLANCE_WORDS 32 /* of the first part */
#define PART_WORDS 256  /* of the others: all rows of one stay in the cache */
#define PAIR_COUNT (GUARD_PAIRS * (GUARD_PAIRS - 1) / 2)

/* A pair that is not decided: |A and B and C| lies in low .. high. */
struct pair {
    uint16_t b, c;
    uint32_t seen; /* of it, in the parts so far */
    uint32_t low, high;
};

/* Of one row and those before it: whether a pair may be other than far, from
 * bounds that are no narrower than judge's. Plain sums of 32 bits over arrays,
 * which a compiler does eight at a time; nearly all pairs end here. */
struct glance {
    int32_t a, b, ab, limit;
    int32_t c[GUARD_PAIRS], ac[GUARD_PAIRS];
    uint8_t open[GUARD_PAIRS];
};

struct guard_pairs {
    uint32_t bytes;             /* of a row that are in use: a prime */
    uint32_t spread;            /* byte n stands at n * spread mod bytes */
    size_t words;               /* of a row */
    size_t count;               /* rows in use */
    uint64_t added;             /* cohorts so far */
    uint64_t last[GUARD_PAIRS]; /* when a row was added last */
    uint64_t *rows;             /* GUARD_PAIRS of them */
    int32_t both[GUARD_PAIRS][GUARD_PAIRS]; /* people of two rows */
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

/* Zero; at the beginning of a cache line, as every row then is. */
static uint64_t *create_words(size_t count)
{
    uint64_t *words =
        aligned_alloc(LINE_WORDS * sizeof *words, count * sizeof *words);
    if (words != NULL)
        memset(words, 0, count * sizeof *words);
    return words;
}

enum status guard_pairs_create(struct guard_pairs **out, uint32_t people)
{
    struct guard_pairs *pairs = calloc(1, sizeof *pairs);
    *out = pairs;
    if (pairs == NULL)
        return STATUS_NO_MEMORY;
    for (pairs->bytes = (people + 7) / 8 | 3; !is_prime(pairs->bytes);)
        pairs->bytes += 2;
    pairs->spread = 1 + randombytes_uniform(pairs->bytes - 1);
    pairs->words = pairs->bytes / sizeof(uint64_t) + 1;
    pairs->words = (pairs->words + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;
    pairs->rows = create_words(GUARD_PAIRS * pairs->words);
    pairs->asked = create_words(pairs->words);
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
    return pairs->bytes * 8;
}

/* ---- rows ---- */

static uint64_t *row_of(const struct guard_pairs *pairs, size_t row)
{
    return pairs->rows + row * pairs->words;
}

/* Whoever has no place is in no row. */
static void fill(
    const struct guard_pairs *pairs, uint64_t *row, const struct people *cohort)
{
    const size_t all = cohort->word_count * sizeof *cohort->words;
    const size_t count = all < pairs->bytes ? all : pairs->bytes;
    const uint8_t *from = (const uint8_t *)cohort->words;
    uint8_t *to = (uint8_t *)row;
    size_t at = 0;
    memset(row, 0, pairs->words * sizeof *row);
    for (size_t i = 0; i < count; i++) {
        to[at] = from[i];
        at += pairs->spread; /* a sum is cheaper than a division */
        at = at < pairs->bytes ? at : at - pairs->bytes;
    }
}

static int64_t count_two(const uint64_t *x, const uint64_t *y, size_t words)
{
    return (int64_t)bits_common(x, y, words);
}

KERNEL static void intersect(
    uint64_t *out, const uint64_t *x, const uint64_t *y, size_t words)
{
    for (size_t i = 0; i < words; i++)
        out[i] = x[i] & y[i];
}

static bool is_asked(const struct guard_pairs *pairs, size_t row, size_t people)
{
    return (size_t)pairs->both[row][row] == people &&
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

void guard_pairs_add(struct guard_pairs *pairs, const struct people *cohort)
{
    bool known = false;
    fill(pairs, pairs->asked, cohort);
    const size_t row = find_row(pairs, cohort->count, &known);
    pairs->last[row] = ++pairs->added;
    if (known)
        return;
    memcpy(
        row_of(pairs, row), pairs->asked, pairs->words * sizeof *pairs->asked);
    if (row == pairs->count)
        pairs->count++;
    for (size_t i = 0; i < pairs->count; i++)
        pairs->both[row][i] = pairs->both[i][row] = (int32_t)count_two(
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

static bool is_few(int64_t people, int64_t limit)
{
    return judge_range(people, people, limit) == CLOSE;
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
    pair->low = (uint32_t)larger(pair->low, seen + least);
    pair->high = (uint32_t)smaller(pair->high, seen + most);
}

/* ---- all pairs ---- */

#define GLANCE_PEOPLE_MAX ((uint32_t)1 << 28) /* sums of four fit */
#define MAX(x, y) ((x) > (y) ? (x) : (y))
#define MIN(x, y) ((x) < (y) ? (x) : (y))
/* Of people + t, or people - t, where t is low .. high: negative when this is
 * perhaps 1 .. limit - 1, for both sums must be. */
#define MAY_BE_FEW_MORE(people) (((people) + low - limit) & (-high - (people)))
#define MAY_BE_FEW_LESS(people) (((people)-high - limit) & (low - (people)))

/* Whether one is. bc: of this row and each of those before it. */
KERNEL static bool glance_at(
    struct glance *restrict glance, const int32_t *restrict bcs, size_t count)
{
    const int32_t a = glance->a, b = glance->b, ab = glance->ab;
    const int32_t limit = glance->limit;
    int32_t any = 0;
    for (size_t j = 0; j < count; j++) {
        const int32_t c = glance->c[j], ac = glance->ac[j], bc = bcs[j];
        const int32_t without = a - ab - ac; /* plus t: of A in neither */
        const int32_t b_only = b - bc - ab, c_only = c - bc - ac;
        const int32_t low = MAX(MAX(0, -without), MAX(-b_only, -c_only));
        const int32_t high = MIN(ab, MIN(ac, bc));
        const int32_t open = MAY_BE_FEW_MORE(without) |
                             MAY_BE_FEW_MORE(b_only + c_only + bc) |
                             MAY_BE_FEW_LESS(a) | MAY_BE_FEW_LESS(bc) |
                             MAY_BE_FEW_MORE(a - ab) | MAY_BE_FEW_MORE(b_only) |
                             MAY_BE_FEW_MORE(a - ac) | MAY_BE_FEW_MORE(c_only);
        glance->open[j] = open < 0;
        any |= open;
    }
    return any < 0;
}

/* False: all pairs with the rows before it are far. */
static bool glance_at_row(struct guard_pairs *pairs, size_t i, int64_t limit)
{
    struct glance *glance = &pairs->glance;
    if (pairs->bytes > GLANCE_PEOPLE_MAX / 8 ||
        pairs->size > (int64_t)GLANCE_PEOPLE_MAX) {
        memset(glance->open, 1, i);
        return i > 0;
    }
    glance->a = (int32_t)pairs->size;
    glance->b = pairs->both[i][i];
    glance->ab = (int32_t)pairs->with[i];
    glance->limit =
        (int32_t)(limit < GLANCE_PEOPLE_MAX ? limit : GLANCE_PEOPLE_MAX);
    return glance_at(glance, pairs->both[i], i);
}

/* True when one is close. */
static bool judge_row(struct guard_pairs *pairs, size_t i, int64_t limit)
{
    for (size_t j = 0; j < i; j++) {
        if (pairs->glance.open[j] == 0)
            continue;
        struct pair pair = {
            .b = (uint16_t)i, .c = (uint16_t)j, .high = UINT32_MAX};
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
    return false;
}

static bool list_undecided(struct guard_pairs *pairs, int64_t limit)
{
    bool close = false;
    pairs->open_count = 0;
    for (size_t i = 0; !close && i < pairs->count; i++) {
        if (glance_at_row(pairs, i, limit))
            close = judge_row(pairs, i, limit);
        pairs->glance.c[i] = pairs->both[i][i];
        pairs->glance.ac[i] = (int32_t)pairs->with[i];
    }
    return close;
}

struct part {
    size_t first, words;
    bool glance; /* rows alone and by twos are counted as well */
    bool judges; /* what is known of a pair is looked at after it */
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

/* After a part. both: of B and C within the glance. */
static enum verdict judge_after(struct guard_pairs *pairs,
    const struct part *part, struct pair *pair, int64_t both, int64_t limit)
{
    const struct sizes rest = {.a = pairs->rest,
        .b = part->glance ? part->b_rest[pair->b] : INT64_MAX,
        .c = part->glance ? part->b_rest[pair->c] : INT64_MAX,
        .ab = pairs->with_rest[pair->b],
        .ac = pairs->with_rest[pair->c],
        .bc = pairs->both[pair->b][pair->c] - both};
    narrow(pair, &rest);
    return judge(pairs, pair, limit);
}

/* Counts the undecided pairs within a part and drops those that it decides.
 * True when one is close. They stand in order of b. */
static bool count_part(
    struct guard_pairs *pairs, struct part *part, int64_t limit)
{
    _Alignas(64) uint64_t common[PART_WORDS]; /* of A and row b */
    size_t kept = 0, b = GUARD_PAIRS;
    advance(pairs, part);
    for (size_t i = 0; i < pairs->open_count; i++) {
        struct pair pair = pairs->open[i];
        const uint64_t *row_b = row_of(pairs, pair.b) + part->first;
        const uint64_t *row_c = row_of(pairs, pair.c) + part->first;
        enum verdict verdict = UNDECIDED;
        if (pair.b != b)
            intersect(common, pairs->asked + part->first, row_b, part->words);
        b = pair.b;
        pair.seen += (uint32_t)count_two(common, row_c, part->words);
        if (part->judges)
            verdict = judge_after(pairs, part, &pair,
                part->glance ? count_two(row_b, row_c, part->words) : 0, limit);
        if (verdict == CLOSE)
            return true;
        if (verdict == UNDECIDED)
            pairs->open[kept++] = pair;
    }
    pairs->open_count = kept;
    return false;
}

/* A look at a pair costs as much as a part of it. One that is open after so
 * many parts may be open for as many more: looks become rarer, and the last
 * part has one. */
static bool count_undecided(struct guard_pairs *pairs, int64_t limit)
{
    struct part part = {.words = GLANCE_WORDS, .glance = true};
    bool close = false;
    pairs->rest = pairs->size;
    memcpy(pairs->with_rest, pairs->with, sizeof pairs->with);
    for (size_t number = 0;
         !close && pairs->open_count > 0 && part.first < pairs->words;
         number++) {
        const size_t left = pairs->words - part.first;
        part.words = part.words < left ? part.words : left;
        part.judges = (number & (number - 1)) == 0 || part.words == left;
        close = count_part(pairs, &part, limit);
        part.first += part.words;
        part.words = PART_WORDS;
        part.glance = false;
    }
    return close;
}

void guard_pairs_ask(struct guard_pairs *pairs, const struct people *a)
{
    fill(pairs, pairs->asked, a);
    pairs->size = (int64_t)a->count;
    for (size_t i = 0; i < pairs->count; i++)
        pairs->with[i] =
            count_two(pairs->asked, row_of(pairs, i), pairs->words);
}

bool guard_pairs_one_is_close(const struct guard_pairs *pairs, int64_t limit)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const int64_t both = pairs->with[i], b = pairs->both[i][i];
        if (is_few(pairs->size - both, limit) || is_few(b - both, limit))
            return true;
    }
    return false;
}

bool guard_pairs_two_are_close(struct guard_pairs *pairs, int64_t limit)
{
    return list_undecided(pairs, limit) || count_undecided(pairs, limit);
}
