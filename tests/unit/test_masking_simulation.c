/*
 * A network that drops, repeats and reorders, and a coordinator that lies, from
 * a seed. COHORTIUM_SEEDS seeds (1,000 when it is not set), from
 * COHORTIUM_FIRST_SEED on; one that fails is printed and runs alone with
 * COHORTIUM_SEEDS=1 COHORTIUM_FIRST_SEED=n. COHORTIUM_MEMBERS (48; at most
 * 1,000) take part in one large aggregation.
 *
 * Whatever happens: a sum that comes out is exactly the survivors' sum, no
 * member gives both shares of a peer, none votes twice, and no check that a lie
 * breaks lets it pass.
 */
#include <stdlib.h>

#include "tests/support/seeded.h"
#include "tests/unit/masking_fixture.h"
#include "tests/unit/test.h"

#define MEMBERS_MAX 9
#define ELEMENTS 3

static uint64_t seed;

/* ---- lies: what the coordinator tells one member, changed ---- */

enum lie {
    NO_LIE,
    LIE_SHORT,      /* fewer members than the study wants */
    LIE_KEY,        /* a key that its center did not sign */
    LIE_LOW_ORDER,  /* a key of low order */
    LIE_TWICE,      /* a member twice */
    LIE_INDEX_ZERO, /* a member of index 0 */
    LIE_OWN_KEY,    /* the victim's own key, changed */
    LIE_BOX,        /* a share that its center did not seal */
    LIE_COMMIT,     /* another commitment */
    LIE_OWN_VECTOR, /* the victim's vector, another */
    LIE_STRANGER,   /* a survivor that gave no shares */
    LIE_VOTE,       /* a vote that nobody signed */
    LIE_FEW_VOTES,  /* a minority's votes */
    LIE_CUT,        /* the message cut short */
    LIE_COUNT
};

static const struct {
    const char *name;
    enum collector_step step;
    size_t record, at;
} lies[LIE_COUNT] = {
    [NO_LIE] = {"none", COLLECT_OVER, 0, 0},
    [LIE_SHORT] = {"too few members", COLLECT_SHARES, 132, 0},
    [LIE_KEY] = {"key not signed", COLLECT_SHARES, 132, 40},
    [LIE_LOW_ORDER] = {"key of low order", COLLECT_SHARES, 132, 36},
    [LIE_TWICE] = {"member twice", COLLECT_SHARES, 132, 0},
    [LIE_INDEX_ZERO] = {"index 0", COLLECT_SHARES, 132, 0},
    [LIE_OWN_KEY] = {"the victim's key changed", COLLECT_SHARES, 132, 10},
    [LIE_BOX] = {"box not sealed", COLLECT_MASKED, 204, 150},
    [LIE_COMMIT] = {"commitment changed", COLLECT_MASKED, 204, 5},
    [LIE_OWN_VECTOR] = {"another vector", COLLECT_VOTES, 100, 6},
    [LIE_STRANGER] = {"survivor without shares", COLLECT_VOTES, 100, 0},
    [LIE_VOTE] = {"vote not signed", COLLECT_REVEALS, 68, 20},
    [LIE_FEW_VOTES] = {"a minority's votes", COLLECT_REVEALS, 68, 0},
    [LIE_CUT] = {"cut short", COLLECT_SHARES, 132, 0},
};

/* The message as it is told to the victim; 0 is the first record. */
static void tell_lie(enum lie lie, struct buffer *message, uint32_t victim)
{
    const size_t record = lies[lie].record, count = message->size / record;
    switch (lie) {
    case LIE_SHORT: message->size = 2 * record; break;
    case LIE_FEW_VOTES: message->size = count / 2 * record; break;
    case LIE_CUT: message->size -= 1 + seeded_below(131); break;
    case LIE_LOW_ORDER: memset(message->data + lies[lie].at, 0, 32); break;
    case LIE_TWICE:
        memcpy(message->data + record, message->data, record);
        break;
    case LIE_INDEX_ZERO: memset(message->data, 0, 4); break;
    case LIE_STRANGER:
        message->data[(count - 1) * record] = (uint8_t)(MEMBERS_MAX + 7);
        break;
    case LIE_OWN_KEY:
    case LIE_OWN_VECTOR:
        for (size_t i = 0; i < count; i++)
            if (message->data[i * record] == victim)
                message->data[i * record + lies[lie].at] ^= 1;
        break;
    default: message->data[lies[lie].at] ^= 1;
    }
}

/* ---- what members gave ---- */

struct witness {
    int votes[MEMBERS_MAX];
    /* kind of share that member i gave of peer j: 1 self, 2 mask */
    int gave[MEMBERS_MAX][MEMBERS_MAX];
};

static enum status say(struct crowd *crowd, size_t i, struct view message,
    struct buffer *out, struct witness *witness)
{
    enum collector_step step = collector_step(crowd->collector);
    enum status status =
        crowd_answer(step, crowd->members[i], message, &crowd->vectors[i], out);
    witness->votes[i] += step == COLLECT_VOTES && status == STATUS_OK;
    return status;
}

static void note_reveal(const struct crowd *crowd, size_t i,
    const struct buffer *out, struct witness *witness)
{
    for (size_t at = 0; at + 36 <= out->size; at += 36) {
        struct step_share share;
        memcpy(&share, out->data + at, sizeof share);
        uint32_t index = step_index_get(&share.index);
        int kind = collector_survived(crowd->collector, index) ? 1 : 2;
        int *gave = &witness->gave[i][index - 1];
        assert_true(*gave == 0 || *gave == kind);
        *gave = kind;
    }
}

/* One member's turn; true when the lie was told to it. */
static bool turn(struct crowd *crowd, size_t i, enum lie lie, size_t victim,
    struct witness *witness)
{
    uint32_t index = (uint32_t)i + 1;
    enum collector_step step = collector_step(crowd->collector);
    const bool lied = lie != NO_LIE && i == victim && lies[lie].step == step;
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        collector_write(crowd->collector, index, &message), STATUS_OK);
    if (lied)
        tell_lie(lie, &message, index);
    buffer_clear(&crowd->out[i]);
    enum status status =
        say(crowd, i, buffer_view(&message), &crowd->out[i], witness);
    assert_true(!lied || status != STATUS_OK);
    if (status == STATUS_OK && seeded_below(4) == 0) {
        struct buffer again; /* the network repeats itself */
        buffer_init(&again, BUFFER_LIMIT_DEFAULT);
        if (step != COLLECT_KEYS) {
            assert_int_equal(
                say(crowd, i, buffer_view(&message), &again, witness),
                STATUS_NOT_ALLOWED);
        }
        buffer_fini(&again);
    }
    if (status == STATUS_OK && step == COLLECT_REVEALS)
        note_reveal(crowd, i, &crowd->out[i], witness);
    if (status == STATUS_OK && seeded_below(12) > 0) {
        const struct vector *vector = &crowd->vectors[i];
        assert_int_equal(
            collector_take(crowd->collector, index, buffer_view(&crowd->out[i]),
                (struct view){
                    (const uint8_t *)vector->elements, (size_t)ELEMENTS * 16}),
            STATUS_OK);
        for (size_t k = 0; step == COLLECT_MASKED && k < ELEMENTS; k++)
            crowd->expected[k] += (int128)(1000 * (i + 1) + k);
    }
    buffer_fini(&message);
    return lied;
}

static bool run_seed(void)
{
    struct crowd *crowd = malloc(sizeof *crowd);
    struct witness witness;
    memset(&witness, 0, sizeof witness);
    seeded_start(2, seed);
    size_t count = 3 + seeded_below(MEMBERS_MAX - 2);
    enum lie lie =
        seeded_below(2) == 0 ? NO_LIE : (enum lie)seeded_below(LIE_COUNT);
    size_t victim = seeded_below((uint32_t)count);
    enum status status = STATUS_OK;
    bool told = false;
    crowd_init(crowd, count, ELEMENTS, 3);
    while (status == STATUS_OK &&
           collector_step(crowd->collector) != COLLECT_OVER) {
        size_t first = seeded_below((uint32_t)count);
        for (size_t k = 0; k < count; k++) {
            size_t i = (first + k) % count;
            if (collector_waits_for(crowd->collector, (uint32_t)i + 1) &&
                seeded_below(25) > 0)
                told |= turn(crowd, i, lie, victim, &witness);
        }
        status = collector_close_step(crowd->collector);
    }
    for (size_t i = 0; i < count; i++)
        assert_true(witness.votes[i] <= 1);
    if (status == STATUS_OK)
        crowd_expect_sum(crowd);
    else
        assert_int_equal(status, STATUS_TOO_FEW_CENTERS);
    crowd_fini(crowd);
    free(crowd);
    return told;
}

static uint64_t setting(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static void test_masking_under_faults_and_lies(void **state)
{
    (void)state;
    const uint64_t first = setting("COHORTIUM_FIRST_SEED", 1);
    const uint64_t seeds = setting("COHORTIUM_SEEDS", 1000);
    uint64_t told = 0;
    for (seed = first; seed < first + seeds; seed++) {
        if (seeds < 10 || seed % 500 == 0)
            print_message("seed %llu\n", (unsigned long long)seed);
        told += run_seed();
    }
    print_message("lies told: %llu\n", (unsigned long long)told);
    assert_true(seeds < 1000 || told > seeds / 20);
}

static void say_seed(void)
{

    fprintf(stderr, "failed at seed %llu\n", (unsigned long long)seed);
}

static void test_masking_of_many_members(void **state)
{
    (void)state;
    struct crowd *crowd = malloc(sizeof *crowd);
    seed = 0;
    seeded_start(2, seed);
    const size_t count = setting("COHORTIUM_MEMBERS", 48);
    crowd_init(crowd, count, ELEMENTS, 5);
    for (size_t i = 0; i < count / 4; i++)
        crowd->present[i * 3] = i % 2 == 0;
    assert_int_equal(crowd_run(crowd), STATUS_OK);
    crowd_expect_sum(crowd);
    print_message("members: %zu\n", count);
    crowd_fini(crowd);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masking_under_faults_and_lies),
        cmocka_unit_test(test_masking_of_many_members),
    };
    seeded_start(2, 0);
    if (keys_start() != STATUS_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0)
        say_seed();
    return failed;
}
