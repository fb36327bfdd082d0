#include "coordinator/replay.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator/families.h"

/* A set as the ledger has it, copied. */
struct known {
    struct ledger_set set;
    struct buffer bytes; /* shared, then told */
};

/* A pair of near cohorts as the ledger has it. */
struct counted {
    struct ledger_near near;
    bool found; /* it is one */
};

struct replay {
    size_t count, room;
    struct known *sets;
    size_t pair_count, pair_room;
    struct counted *pairs;
    struct family *family; /* of the last question */
    struct replayed *out;
};

static enum status add_known(void *arg, const struct ledger_set *set)
{
    struct replay *replay = arg;
    if (replay->count == replay->room) {
        const size_t room = replay->room == 0 ? 64 : 2 * replay->room;
        struct known *larger = reallocarray(replay->sets, room, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        replay->sets = larger;
        replay->room = room;
    }
    struct known *known = &replay->sets[replay->count++];
    *known = (struct known){.set = *set};
    buffer_init(&known->bytes, BUFFER_LIMIT_DEFAULT);
    enum status status =
        buffer_append(&known->bytes, set->shared.data, set->shared.size);
    if (status == STATUS_OK)
        status = buffer_append(&known->bytes, set->told.data, set->told.size);
    known->set.shared = (struct view){known->bytes.data, set->shared.size};
    known->set.told =
        (struct view){known->bytes.data + set->shared.size, set->told.size};
    return status;
}

/* Whether the last question's sets are the first of this one's. */
static bool goes_on(const struct family *family, struct view ids)
{
    const size_t count = family == NULL ? 0 : memory_count(family->memory);
    const size_t size = count * sizeof *family->ids;
    return family != NULL && size <= ids.size &&
           (size == 0 || memcmp(family->ids, ids.data, size) == 0);
}

static enum status take(struct replay *replay, const uint8_t *id)
{
    for (size_t i = 0; i < replay->count; i++) {
        if (memcmp(replay->sets[i].set.id.bytes, id, DIGEST_BYTES) == 0)
            return family_take_set(replay->family, &replay->sets[i].set);
    }
    return STATUS_CORRUPT;
}

static enum status make_family(struct replay *replay, struct view ids)
{
    enum status status = STATUS_OK;
    if (!goes_on(replay->family, ids)) {
        family_release(replay->family);
        status = family_create(&replay->family);
    }
    if (status != STATUS_OK)
        return status;
    replay->family->is_past = true; /* it goes when it is let go */
    for (size_t at = memory_count(replay->family->memory) * DIGEST_BYTES;
         status == STATUS_OK && at + DIGEST_BYTES <= ids.size;
         at += DIGEST_BYTES)
        status = take(replay, ids.data + at);
    return status;
}

/* ---- near cohorts ---- */

static enum status add_counted(void *arg, const struct ledger_near *near)
{
    struct replay *replay = arg;
    if (replay->pair_count == replay->pair_room) {
        const size_t room = replay->pair_room == 0 ? 16 : 2 * replay->pair_room;
        struct counted *larger =
            reallocarray(replay->pairs, room, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        replay->pairs = larger;
        replay->pair_room = room;
    }
    replay->pairs[replay->pair_count++] = (struct counted){.near = *near};
    return STATUS_OK;
}

struct recount {
    const struct replay *replay;
    const struct ledger_weighing *weighing;
    bool differs;
};

/* The first pair that the study has not yet is the one that the ledger has of
 * the question. */
static bool look_for(void *arg, const struct near_pair *pair)
{
    struct recount *recount = arg;
    const struct replay *replay = recount->replay;
    for (size_t i = 0; i < replay->pair_count; i++) {
        struct counted *counted = &replay->pairs[i];
        const struct ledger_near *near = &counted->near;
        if (!digest_equal(&near->study_id, &recount->weighing->study_id) ||
            !digest_equal(&near->earlier, &replay->family->ids[pair->place]) ||
            near->weight != pair->weight || near->shared != pair->shared)
            continue;
        if (counted->found)
            return false; /* of an earlier question */
        counted->found =
            digest_equal(&near->query_id, &recount->weighing->query_id);
        recount->differs = !counted->found;
        return true;
    }
    recount->differs = true;
    return true;
}

/* Whether the ledger has of this question what its weights say. */
static bool counts_differ(const struct replay *replay,
    const struct ledger_weighing *weighing,
    const struct weighing_question *question,
    const struct instruction *instruction)
{
    struct recount recount = {replay, weighing, false};
    memory_visit_near(
        replay->family->memory, question, instruction, look_for, &recount);
    for (size_t i = 0; i < replay->pair_count; i++) {
        if (!replay->pairs[i].found &&
            digest_equal(&replay->pairs[i].near.query_id, &weighing->query_id))
            recount.differs = true;
    }
    return recount.differs;
}

static enum status decide(const struct replay *replay,
    const struct ledger_weighing *weighing, struct buffer *out)
{
    const struct weighing_shape shape = {
        .remembered = memory_count(replay->family->memory),
        .sets = weighing->sets.size};
    struct instruction instruction;
    struct vector weights = {.length = 0};
    enum status status =
        vector_decode(&weights, weighing_length(&shape), weighing->weights);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    const struct weighing_question question = {.people = weighing->people,
        .shape = shape,
        .weighed_only = weighing->sets.data,
        .weights = weights.elements,
        .heads = (size_t)weighing->heads};
    status = memory_decide(replay->family->memory, &question, &instruction);
    if (status == STATUS_OK)
        status = instruction_write(&instruction, out);
    if (status == STATUS_OK)
        replay->out->near_differs =
            counts_differ(replay, weighing, &question, &instruction);
    instruction_fini(&instruction);
    vector_fini(&weights);
    return status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
}

static enum status replay_one(void *arg, const struct ledger_weighing *weighing)
{
    struct replay *replay = arg;
    struct buffer decided;
    if (replay->out->differs)
        return STATUS_OK;
    if (weighing->sets.size > WEIGHING_SETS_MAX || weighing->heads < 0)
        return STATUS_CORRUPT;
    buffer_init(&decided, BUFFER_LIMIT_DEFAULT);
    replay->out->query_id = weighing->query_id;
    enum status status = make_family(replay, weighing->remembered);
    if (status == STATUS_OK)
        status = decide(replay, weighing, &decided);
    if (status == STATUS_OK) {
        replay->out->count++;
        replay->out->differs =
            replay->out->near_differs ||
            !view_equal(buffer_view(&decided), weighing->instruction);
    }
    buffer_fini(&decided);
    return status;
}

enum status replay_weighings(struct ledger *ledger, struct replayed *out)
{
    struct replay replay = {.out = out};
    *out = (struct replayed){0};
    enum status status = ledger_visit_sets(ledger, add_known, &replay);
    if (status == STATUS_OK)
        status = ledger_visit_near(ledger, NULL, add_counted, &replay);
    if (status == STATUS_OK)
        status = ledger_visit_weighings(ledger, replay_one, &replay);
    family_release(replay.family);
    for (size_t i = 0; i < replay.count; i++)
        buffer_fini(&replay.sets[i].bytes);
    free(replay.sets);
    free(replay.pairs);
    return status;
}
