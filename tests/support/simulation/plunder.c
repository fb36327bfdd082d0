#include <string.h>

#include "protocol/masking/member_internal.h"
#include "protocol/masking/shares.h"
#include "protocol/masking/stream.h"
#include "tests/support/simulation/liar.h"

enum kind_of_share { SELF, MASK };

/* What is known of one center's two seeds. */
struct loot {
    bool known[2];
    struct secret seed[2];
};

struct opened { /* a sum of these centers' figures, of that question */
    size_t kind;
    uint32_t centers;
};

/* The share that `holder` has of `of`: from its reveal, or, in league, as it
 * has it. */
static bool find_share(const struct liar *liar, const struct attempt *attempt,
    size_t of, size_t holder, enum kind_of_share kind, struct secret *share)
{
    const struct heard *heard = &attempt->heard[holder];
    if (liar->league & bit_of(holder)) {
        const struct member *member = attempt->members[holder];
        if (member == NULL || member->stage < STAGE_SEALED)
            return false;
        const size_t at = member_find_peer(member, (uint32_t)of + 1);
        if (at == member->peer_count || !member->peers[at].gives)
            return false;
        *share = shares_of(member, at)[kind];
        return true;
    }
    const bool survives = (heard->survivors & bit_of(of)) != 0;
    if (!heard->revealed || survives != (kind == SELF))
        return false;
    for (size_t at = 0; at < heard->reveal.size;
         at += sizeof(struct step_share)) {
        struct step_share record;
        memcpy(&record, heard->reveal.data + at, sizeof record);
        if (step_index_get(&record.index) == of + 1) {
            *share = record.share;
            return true;
        }
    }
    return false;
}

static bool is_right(const struct attempt *attempt, size_t of,
    enum kind_of_share kind, const struct secret *seed)
{
    const struct heard *heard = &attempt->heard[of];
    struct secret secret;
    struct public_key key;
    if (kind == SELF) {
        const struct digest commit = steps_commit_of(seed);
        return memcmp(&commit, heard->shares.data, sizeof commit) == 0;
    }
    masking_mask_keys(&secret, &key, seed,
        (struct view){attempt->header.bytes, DIGEST_BYTES});
    return public_key_equal(&key, &heard->keys.mask_key);
}

static void rebuild(const struct liar *liar, const struct attempt *attempt,
    size_t of, enum kind_of_share kind, struct loot *loot)
{
    const size_t needed =
        masking_threshold((size_t)__builtin_popcount(attempt->heard[of].peers));
    uint32_t holders[WORLD_SMALL];
    struct secret shares[WORLD_SMALL], weights[WORLD_SMALL];
    size_t count = 0;
    for (size_t i = 0; i < liar->world->count && count < needed; i++)
        if (find_share(liar, attempt, of, i, kind, &shares[count]))
            holders[count++] = (uint32_t)i + 1;
    if (count < needed)
        return;
    world_must(shares_weights(weights, holders, needed), "weights");
    shares_join(&loot->seed[kind], shares, weights, needed);
    if (!is_right(attempt, of, kind, &loot->seed[kind]))
        world_fail("shares of center %zu do not belong together", of);
    loot->known[kind] = true;
}

/* ---- masks ---- */

struct scene { /* of one attempt, as one center was told it */
    uint8_t bound[64];
    uint32_t givers;
};

static struct scene scene_of(const struct attempt *attempt, size_t center)
{
    struct scene scene = {.givers = attempt->heard[center].givers};
    struct buffer peers;
    buffer_init(&peers, BUFFER_LIMIT_DEFAULT);
    list_peers(attempt, attempt->heard[center].peers, &peers);
    const struct digest members =
        steps_digest_members(&attempt->header, buffer_view(&peers));
    memcpy(scene.bound, attempt->header.bytes, DIGEST_BYTES);
    memcpy(scene.bound + DIGEST_BYTES, members.bytes, DIGEST_BYTES);
    buffer_fini(&peers);
    return scene;
}

static void take_own_mask(const struct attempt *attempt,
    const struct scene *scene, size_t of, const struct loot *loot,
    struct vector *vector)
{
    struct secret key;
    masking_self_key(&key, &loot->seed[SELF],
        (struct view){scene->bound, sizeof scene->bound},
        &attempt->heard[of].keys.mask_key);
    stream_subtract(vector->elements, vector->length, &key);
}

/* The stream between two, from the seed of one of them, off a vector of either:
 * of the seed's owner, or of the other. */
static void take_pair_mask(const struct attempt *attempt,
    const struct scene *scene, const struct secret *seed, size_t other,
    bool of_owner, struct vector *vector)
{
    const struct public_key *theirs = &attempt->heard[other].keys.mask_key;
    struct secret secret, shared, key;
    struct public_key mine;
    masking_mask_keys(&secret, &mine, seed,
        (struct view){attempt->header.bytes, DIGEST_BYTES});
    world_must(masking_agree(&shared, &secret, theirs), "agree");
    masking_pair_key(&key, &shared,
        (struct view){scene->bound, sizeof scene->bound}, &mine, theirs);
    if (masking_adds(&mine, theirs) == of_owner)
        stream_subtract(vector->elements, vector->length, &key);
    else
        stream_add(vector->elements, vector->length, &key);
}

bool attempt_figures(const struct liar *liar, const struct attempt *attempt,
    size_t center, struct buffer *out)
{
    const struct view plain = world_vector(liar->world, attempt->kind, center);
    struct digest header;
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    if (liar->world->privacy == PRIVACY_NOISE &&
        !(liar->league & bit_of(center)))
        return center_answered(liar->centers[center],
            &liar->watch.queries[attempt->query].id, &header, out);
    world_must(buffer_append(out, plain.data, plain.size), "figures");
    return true;
}

/* Neither its exact figures nor, where it has voted, those that it gave. */
static void expect_other(const struct liar *liar, const struct attempt *attempt,
    size_t center, const struct vector *vector)
{
    const struct view plain = world_vector(liar->world, attempt->kind, center);
    struct buffer gave;
    if (memcmp(vector->elements, plain.data, plain.size) == 0 ||
        (attempt_figures(liar, attempt, center, &gave) &&
            memcmp(vector->elements, gave.data, gave.size) == 0))
        world_fail("the figures of center %zu can be read", center);
    buffer_fini(&gave);
}

/* What is known of a center's masks, off its vector: that is not what it had.
 */
static void expect_hidden(const struct liar *liar,
    const struct attempt *attempt, size_t center, const struct loot *loot)
{
    struct vector vector;
    if ((liar->league & bit_of(center)) || !attempt->heard[center].masked)
        return;
    const struct scene scene = scene_of(attempt, center);
    world_must(
        vector_init(&vector, attempt->heard[center].vector.length), "vector");
    world_must(vector_add(&vector, &attempt->heard[center].vector), "vector");
    if (loot[center].known[SELF])
        take_own_mask(attempt, &scene, center, &loot[center], &vector);
    for (size_t j = 0; j < liar->world->count; j++) {
        if (j == center || !(scene.givers & bit_of(j)))
            continue;
        if (loot[center].known[MASK]) {
            take_pair_mask(
                attempt, &scene, &loot[center].seed[MASK], j, true, &vector);
        } else if (loot[j].known[MASK]) {
            take_pair_mask(
                attempt, &scene, &loot[j].seed[MASK], center, false, &vector);
        }
    }
    expect_other(liar, attempt, center, &vector);
    vector_fini(&vector);
}

/* False where one of them is not known. */
static bool add_figures(const struct liar *liar, const struct attempt *attempt,
    uint32_t centers, struct vector *sum)
{
    bool known = true;
    for (size_t i = 0; i < liar->world->count; i++) {
        struct vector own = {.length = 0};
        struct buffer figures;
        if (!(centers & bit_of(i)))
            continue;
        if (attempt_figures(liar, attempt, i, &figures)) {
            world_must(vector_decode(&own, sum->length, buffer_view(&figures)),
                "figures");
            world_must(vector_add(sum, &own), "figures");
        } else {
            known = false;
        }
        vector_fini(&own);
        buffer_fini(&figures);
    }
    return known;
}

/* The sum of these survivors' vectors without masks is the sum of their
 * figures: the plunder works as the coordinator does. */
static void open_sum(const struct liar *liar, const struct attempt *attempt,
    uint32_t survivors, const struct loot *loot)
{
    struct vector sum, expected;
    const struct scene scene =
        scene_of(attempt, (size_t)__builtin_ctz(survivors));
    const size_t length = world_vector_length(liar->world, attempt->kind);
    world_must(vector_init(&sum, length), "sum");
    world_must(vector_init(&expected, length), "sum");
    for (size_t i = 0; i < liar->world->count; i++) {
        if (!(survivors & bit_of(i)))
            continue;
        world_must(vector_add(&sum, &attempt->heard[i].vector), "sum");
        take_own_mask(attempt, &scene, i, &loot[i], &sum);
        for (size_t j = 0; j < liar->world->count; j++) {
            if (scene.givers & ~survivors & bit_of(j))
                take_pair_mask(
                    attempt, &scene, &loot[j].seed[MASK], i, false, &sum);
        }
    }
    if (add_figures(liar, attempt, survivors, &expected) &&
        memcmp(sum.elements, expected.elements,
            length * sizeof *sum.elements) != 0)
        world_fail("an opened sum is not that of its centers");
    vector_fini(&sum);
    vector_fini(&expected);
}

static bool can_open(
    const struct attempt *attempt, uint32_t survivors, const struct loot *loot)
{
    if (survivors == 0)
        return false;
    const uint32_t givers = attempt->heard[__builtin_ctz(survivors)].givers;
    for (size_t i = 0; i < WORLD_SMALL; i++) {
        if ((survivors & bit_of(i)) && !loot[i].known[SELF])
            return false;
        if ((givers & ~survivors & bit_of(i)) && !loot[i].known[MASK])
            return false;
    }
    return true;
}

static void note_opened(
    struct liar *liar, struct opened *all, size_t kind, uint32_t centers)
{
    if (__builtin_popcount(centers) < liar->world->min_centers)
        world_fail("a sum of %d centers opens", __builtin_popcount(centers));
    for (size_t i = 0; i < liar->opened; i++) {
        const int apart = __builtin_popcount(all[i].centers ^ centers);
        if (all[i].kind == kind && apart > 0 && apart < 3)
            world_fail("two sums open that differ by %d centers", apart);
    }
    all[liar->opened++] = (struct opened){kind, centers};
}

static void rebuild_all(
    const struct liar *liar, const struct attempt *attempt, struct loot *loot)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        const struct member *member = attempt->members[i];
        if (!attempt->heard[i].gave)
            continue;
        if (member != NULL) {
            loot[i] = (struct loot){{true, true},
                {member->vault->self_seed, member->vault->mask_seed}};
            continue;
        }
        rebuild(liar, attempt, i, SELF, &loot[i]);
        rebuild(liar, attempt, i, MASK, &loot[i]);
    }
}

/* A seed that comes in two sessions, and is known from one. */
static void lend(const struct liar *liar, const struct attempt *attempt,
    struct loot *loot, const struct loot *other)
{
    for (size_t i = 0; i < liar->world->count; i++) {
        for (int kind = SELF; kind <= MASK; kind++) {
            if (loot[i].known[kind] || !other[i].known[kind] ||
                !attempt->heard[i].gave ||
                !is_right(
                    attempt, i, (enum kind_of_share)kind, &other[i].seed[kind]))
                continue;
            loot[i].known[kind] = true;
            loot[i].seed[kind] = other[i].seed[kind];
        }
    }
}

static void open_all(struct liar *liar, const struct attempt *attempt,
    const struct loot *loot, struct opened *opened)
{
    uint32_t last = 0;
    for (size_t i = 0; i < liar->world->count; i++)
        expect_hidden(liar, attempt, i, loot);
    for (size_t i = 0; i < liar->world->count; i++) {
        const uint32_t survivors = attempt->heard[i].survivors;
        if (survivors == last || !can_open(attempt, survivors, loot))
            continue;
        last = survivors;
        open_sum(liar, attempt, survivors, loot);
        note_opened(liar, opened, attempt->kind, survivors);
    }
}

void liar_plunder(struct liar *liar)
{
    struct opened opened[LIAR_ATTEMPTS * WORLD_SMALL] = {{0}};
    struct loot loot[LIAR_ATTEMPTS][WORLD_SMALL];
    const size_t count = liar->attempt_count;
    liar->opened = 0;
    memset(loot, 0, sizeof loot);
    for (size_t a = 0; a < count; a++)
        rebuild_all(liar, &liar->attempts[a], loot[a]);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            lend(liar, &liar->attempts[a], loot[a], loot[b]);
    for (size_t a = 0; a < count; a++)
        open_all(liar, &liar->attempts[a], loot[a], opened);
}
