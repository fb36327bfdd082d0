#include "protocol/analysis/cox_pairs.h"

#include <stdbool.h>
#include <string.h>

#include "protocol/analysis/fixed.h"
#include "protocol/analysis/kernel.h"

#define DIGIT_BITS 11
#define DIGITS ((size_t)1 << DIGIT_BITS)
#define KEY_BITS 64
#define GROUP 256 /* ranks that are counted together */

/* ---- ranks ---- */

struct key {
    uint64_t bits; /* in the order of eta */
    uint32_t entry;
};

/* The bits of a double in its order: negative numbers run backwards. */
static uint64_t ordered_bits(double x)
{
    const uint64_t bits = fixed_bits(x + 0.0); /* -0 is 0 */
    return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}

/* A radix sort; the sorted keys are the one or the other array. */
static struct key *sort_keys(struct key *keys, struct key *other, size_t count)
{
    for (unsigned shift = 0; shift < KEY_BITS; shift += DIGIT_BITS) {
        size_t starts[DIGITS] = {0}, before = 0;
        for (size_t i = 0; i < count; i++)
            starts[keys[i].bits >> shift & (DIGITS - 1)]++;
        for (size_t d = 0; d < DIGITS; d++) {
            const size_t here = starts[d];
            starts[d] = before;
            before += here;
        }
        for (size_t i = 0; i < count; i++)
            other[starts[keys[i].bits >> shift & (DIGITS - 1)]++] = keys[i];
        struct key *sorted = other;
        other = keys;
        keys = sorted;
    }
    return keys;
}

/* Equal eta have equal ranks, from 0. */
static void rank_entries(
    struct cox_entry *entries, size_t count, struct key *keys)
{
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct key){ordered_bits(entries[i].eta), (uint32_t)i};
    const struct key *sorted = sort_keys(keys, keys + count, count);
    uint32_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        rank += i > 0 && sorted[i].bits != sorted[i - 1].bits;
        entries[sorted[i].entry].rank = rank;
    }
}

/* ---- who is in view ---- */

/* Counts of each rank, and of groups of them, so that coming and going cost
 * nothing and a question is two short sums. */
struct sight {
    uint32_t *ranks, *groups;
    uint64_t total;
};

static void change(struct sight *sight, uint32_t rank, uint32_t by)
{
    sight->ranks[rank] += by;
    sight->groups[rank / GROUP] += by;
    sight->total += (uint64_t)(int32_t)by;
}

KERNEL static uint32_t sum_counts(const uint32_t *counts, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counts[i];
    return sum;
}

static void count_pairs(
    const struct sight *sight, uint32_t rank, struct cox_pairs *out)
{
    const uint32_t first = rank / GROUP * GROUP;
    const uint64_t below = sum_counts(sight->groups, rank / GROUP) +
                           sum_counts(sight->ranks + first, rank - first);
    const uint64_t equal = sight->ranks[rank];
    out->concordant += below;
    out->tied += equal;
    out->discordant += sight->total - below - equal;
}

/* Whoever is censored at a time is later than events of that time, and whoever
 * comes under observation at it is not there yet; events of one time are not
 * compared. */
static void add_place(const struct cox_entry *entries, size_t count,
    struct sight *sight, struct cox_pairs *out)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind != ENTRY_EVENT)
            change(sight, entries[i].rank,
                entries[i].kind == ENTRY_GONE ? UINT32_MAX : 1);
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind == ENTRY_EVENT)
            count_pairs(sight, entries[i].rank, out);
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind == ENTRY_EVENT)
            change(sight, entries[i].rank, 1);
    }
}

static size_t groups_of(size_t count)
{
    return count / GROUP + 1;
}

size_t cox_pairs_room(size_t count)
{
    return 2 * count * sizeof(struct key) +
           (count + groups_of(count)) * sizeof(uint32_t);
}

void cox_pairs_add(struct cox_entry *entries, size_t count, uint32_t steps,
    void *room, struct cox_pairs *out)
{
    struct key *keys = room;
    struct sight sight = {.ranks = (uint32_t *)(void *)(keys + 2 * count)};
    sight.groups = sight.ranks + count;
    rank_entries(entries, count, keys);
    for (size_t i = 0, end; i < count; i = end) {
        if (i == 0 ||
            entries[i].place / steps != entries[i - 1].place / steps) {
            memset(sight.ranks, 0,
                (count + groups_of(count)) * sizeof *sight.ranks);
            sight.total = 0;
        }
        for (end = i + 1;
             end < count && entries[end].place == entries[i].place;)
            end++;
        add_place(entries + i, end - i, &sight, out);
    }
}
