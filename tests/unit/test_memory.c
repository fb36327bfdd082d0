/* Sets of people in bits, as an office weighs and remembers them. */
#include <stdlib.h>
#include <string.h>

#include "policy/memory.h"

#include "test.h"

#define PEOPLE 96 /* each with one exam */
#define LIMIT 11
#define SETS 6
#define ASKED_MAX 400

typedef unsigned char bits[PEOPLE];

/* What was asked, in the order of places; and what a question asks. */
struct asking {
    struct memory *memory;
    bits remembered[ASKED_MAX];
    bits sets[SETS];
    size_t set_count;
    int128 weights[ASKED_MAX * (SETS + 2)];
    struct weighing_question question;
};

static uint32_t state_of_numbers;

static uint32_t next_number(uint32_t below)
{
    state_of_numbers = state_of_numbers * 1664525U + 1013904223U;
    return (state_of_numbers >> 8) % below;
}

static int64_t common(const bits a, const bits b)
{
    int64_t count = 0;
    for (size_t i = 0; i < PEOPLE; i++)
        count += a[i] && b[i];
    return count * WEIGHING_UNIT;
}

/* `gone`: people from there on are at a center that is away. */
static void weigh(struct asking *asking, size_t gone)
{
    struct weighing_shape *shape = &asking->question.shape;
    bits here = {0};
    memset(here, 1, gone);
    shape->remembered = memory_count(asking->memory);
    shape->sets = asking->set_count;
    asking->question.weights = asking->weights;
    assert_true(weighing_length(shape) <=
                sizeof asking->weights / sizeof asking->weights[0]);
    for (size_t t = 0; t < shape->remembered; t++)
        asking->weights[weighing_now(shape, t)] =
            common(asking->remembered[t], here);
    for (size_t s = 0; s < shape->sets; s++) {
        memset(asking->sets[s] + gone, 0, PEOPLE - gone);
        asking->weights[weighing_weight(shape, s)] =
            common(asking->sets[s], asking->sets[s]);
        for (size_t t = 0; t < shape->remembered; t++)
            asking->weights[weighing_shared(shape, s, t)] =
                common(asking->sets[s], asking->remembered[t]);
        for (size_t r = 0; r < s; r++)
            asking->weights[weighing_pair(shape, s, r)] =
                common(asking->sets[s], asking->sets[r]);
    }
}

static void learn(struct asking *asking, const struct instruction *instruction)
{
    size_t at = memory_count(asking->memory);
    assert_int_equal(
        memory_learn(asking->memory, &asking->question, instruction),
        STATUS_OK);
    for (size_t s = 0; s < asking->set_count; s++) {
        if (instruction->sets[s].is_new)
            memcpy(asking->remembered[at++], asking->sets[s], PEOPLE);
    }
    assert_int_equal(memory_count(asking->memory), at);
}

static struct asking *begin(void)
{
    struct asking *asking = calloc(1, sizeof *asking);
    assert_non_null(asking);
    assert_int_equal(memory_create(&asking->memory), STATUS_OK);
    asking->question.people = LIMIT;
    return asking;
}

static void end(struct asking *asking)
{
    memory_destroy(asking->memory);
    free(asking);
}

static void set_range(bits set, size_t from, size_t to)
{
    memset(set, 0, PEOPLE);
    memset(set + from, 1, to - from);
}

/* Asks one set, and learns it. */
static void ask_range(
    struct asking *asking, size_t from, size_t to, struct weighed_set *out)
{
    struct instruction instruction;
    asking->set_count = 1;
    set_range(asking->sets[0], from, to);
    weigh(asking, PEOPLE);
    assert_int_equal(
        memory_decide(asking->memory, &asking->question, &instruction),
        STATUS_OK);
    *out = instruction.sets[0];
    learn(asking, &instruction);
    instruction_fini(&instruction);
}

static const unsigned char *rows_at(const struct asking *asking, size_t place)
{
    const size_t remembered = asking->question.shape.remembered;
    return place < remembered ? asking->remembered[place]
                              : asking->sets[place - remembered];
}

/* What is told of a set differs from it by nobody, or by fewer than the limit;
 * and a combination that is called a set is one. */
static void check_answer(
    const struct asking *asking, size_t set, const struct weighed_set *told)
{
    int64_t distance = 0;
    bool is_set = true;
    for (size_t i = 0; i < PEOPLE; i++) {
        int weight = 0;
        for (size_t k = 0; k < told->term_count; k++)
            weight += told->terms[k].coefficient *
                      rows_at(asking, told->terms[k].anchor)[i];
        is_set = is_set && (weight == 0 || weight == 1);
        weight -= asking->sets[set][i];
        distance += (int64_t)weight * weight;
    }
    assert_int_equal(told->answer, WEIGHED_COMBINED);
    assert_true(distance < LIMIT);
    assert_int_equal(told->is_set, is_set);
}

static void draw_sets(struct asking *asking)
{
    asking->set_count = 1 + next_number(SETS);
    for (size_t s = 0; s < asking->set_count; s++) {
        const uint32_t from = next_number(PEOPLE - 1);
        set_range(asking->sets[s], from, from + 1 + next_number(PEOPLE - from));
        if (next_number(3) == 0 && s > 0)
            memcpy(asking->sets[s], asking->sets[s - 1], PEOPLE);
        if (next_number(3) == 0)
            asking->sets[s][next_number(PEOPLE)] ^= 1;
    }
}

static bool told_alike(const struct weighed_set *a, const struct weighed_set *b)
{
    return a->answer == b->answer && a->is_set == b->is_set &&
           a->term_count == b->term_count;
}

static void test_memory_random_questions_hold_their_promise(void **state)
{
    (void)state;
    struct asking *asking = begin();
    state_of_numbers = 20261201;
    for (size_t round = 0; round < 100; round++) {
        struct instruction first, again;
        draw_sets(asking);
        weigh(asking, PEOPLE);
        assert_int_equal(
            memory_decide(asking->memory, &asking->question, &first),
            STATUS_OK);
        for (size_t s = 0; s < asking->set_count; s++) {
            if (first.sets[s].answer == WEIGHED_COMBINED)
                check_answer(asking, s, &first.sets[s]);
        }
        learn(asking, &first);
        /* Once more: each set keeps its answer. */
        weigh(asking, PEOPLE);
        assert_int_equal(
            memory_decide(asking->memory, &asking->question, &again),
            STATUS_OK);
        for (size_t s = 0; s < asking->set_count; s++) {
            assert_false(again.sets[s].is_new);
            assert_true(told_alike(&first.sets[s], &again.sets[s]));
        }
        instruction_fini(&first);
        instruction_fini(&again);
    }
    end(asking);
}

static void test_memory_set_keeps_its_answer(void **state)
{
    (void)state;
    struct asking *asking = begin();
    struct weighed_set told;
    ask_range(asking, 0, 60, &told);
    assert_int_equal(told.answer, WEIGHED_EXACT);
    ask_range(asking, 0, 55, &told); /* five fewer: told as the sixty */
    assert_int_equal(told.answer, WEIGHED_COMBINED);
    assert_int_equal(told.terms[0].anchor, 0);
    ask_range(asking, 0, 46, &told); /* exact, and nine from the 55 */
    assert_int_equal(told.answer, WEIGHED_EXACT);
    ask_range(asking, 0, 55, &told);
    assert_false(told.is_new);
    assert_int_equal(told.term_count, 1);
    assert_int_equal(told.terms[0].anchor, 0);
    end(asking);
}

/* Without ten people who are at a center that is away, the sixty cannot be
 * added up; with eleven away it is another set. */
/* Asks 0 to 60, then of a fit the level 0 to 55, beside or before a cohort of
 * these rows. */
static void test_memory_withheld_level_spoils_no_cohort(void **state)
{
    (void)state;
    static const uint8_t only[] = {1, 0};
    for (size_t sets = 1; sets <= 2; sets++) {
        struct asking *asking = begin();
        struct instruction instruction;
        struct weighed_set told;
        ask_range(asking, 0, 60, &told);
        asking->set_count = sets;
        set_range(asking->sets[0], 0, 55);
        set_range(asking->sets[1], 0, 55);
        weigh(asking, PEOPLE);
        asking->question.weighed_only = only;
        assert_int_equal(
            memory_decide(asking->memory, &asking->question, &instruction),
            STATUS_OK);
        assert_int_equal(instruction.sets[0].answer, WEIGHED_FEW);
        assert_false(instruction.sets[0].is_set);
        assert_false(instruction.sets[0].is_new);
        if (sets == 2)
            assert_int_equal(instruction.sets[1].answer, WEIGHED_COMBINED);
        learn(asking, &instruction);
        instruction_fini(&instruction);
        asking->question.weighed_only = NULL;
        ask_range(asking, 0, 55, &told);
        assert_int_equal(told.answer, WEIGHED_COMBINED);
        assert_int_equal(told.terms[0].anchor, 0);
        assert_int_equal(told.is_new, sets == 1);
        end(asking);
    }
}

static void test_memory_center_that_is_away(void **state)
{
    (void)state;
    const struct {
        size_t gone;
        enum weighed_answer answer;
    } cases[] = {{50, WEIGHED_FEW}, {49, WEIGHED_EXACT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asking *asking = begin();
        struct weighed_set told;
        struct instruction instruction;
        ask_range(asking, 0, 60, &told);
        set_range(asking->sets[0], 0, 60);
        weigh(asking, cases[i].gone);
        assert_int_equal(
            memory_decide(asking->memory, &asking->question, &instruction),
            STATUS_OK);
        assert_int_equal(instruction.sets[0].answer, cases[i].answer);
        assert_int_equal(
            instruction.sets[0].is_new, cases[i].answer == WEIGHED_EXACT);
        instruction_fini(&instruction);
        end(asking);
    }
}

/* ---- near cohorts ---- */

struct nears {
    size_t count;
    struct near_pair pairs[8];
};

static bool take_near(void *arg, const struct near_pair *pair)
{
    struct nears *nears = arg;
    nears->pairs[nears->count++] = *pair;
    return nears->count == 8;
}

/* Asks one set as a cohort, or (heads 0) as a set that nobody chose. */
static struct nears ask_near(
    struct asking *asking, size_t to, size_t heads, size_t gone)
{
    struct nears nears = {.count = 0};
    struct instruction instruction;
    asking->set_count = 1;
    asking->question.heads = heads;
    set_range(asking->sets[0], 0, to);
    weigh(asking, gone);
    assert_int_equal(
        memory_decide(asking->memory, &asking->question, &instruction),
        STATUS_OK);
    memory_visit_near(
        asking->memory, &asking->question, &instruction, take_near, &nears);
    learn(asking, &instruction);
    instruction_fini(&instruction);
    return nears;
}

static void test_memory_cohorts_on_two_sides_of_a_boundary_are_near(
    void **state)
{
    (void)state;
    struct asking *asking = begin();
    assert_int_equal(ask_near(asking, 60, 1, PEOPLE).count, 0);
    /* Two people less, and told as the sixty. */
    assert_int_equal(ask_near(asking, 58, 1, PEOPLE).count, 0);
    assert_int_equal(ask_near(asking, 50, 1, PEOPLE).count, 0);
    /* The fifty are told as the sixty, the 49 exactly. */
    struct nears nears = ask_near(asking, 49, 1, PEOPLE);
    assert_int_equal(nears.count, 1);
    assert_int_equal(nears.pairs[0].set, 0);
    assert_int_equal(nears.pairs[0].place, 2);
    assert_int_equal(nears.pairs[0].weight, 49 * WEIGHING_UNIT);
    assert_int_equal(nears.pairs[0].shared, 49 * WEIGHING_UNIT);
    /* The very same set again. */
    assert_int_equal(ask_near(asking, 49, 1, PEOPLE).count, 0);
    assert_int_equal(ask_near(asking, 50, 1, PEOPLE).count, 0);
    /* Told as the 49, and two from the fifty. */
    nears = ask_near(asking, 48, 1, PEOPLE);
    assert_int_equal(nears.count, 1);
    assert_int_equal(nears.pairs[0].place, 2);
    /* Three from the fifty; its neighbours are told as it is. */
    assert_int_equal(ask_near(asking, 47, 1, PEOPLE).count, 0);
    end(asking);
}

static void test_memory_only_chosen_sets_are_near(void **state)
{
    (void)state;
    struct asking *asking = begin();
    ask_near(asking, 60, 1, PEOPLE);
    ask_near(asking, 50, 0, PEOPLE); /* which it may be near to */
    assert_int_equal(ask_near(asking, 49, 0, PEOPLE).count, 0);
    end(asking);
    asking = begin();
    ask_near(asking, 60, 1, PEOPLE);
    ask_near(asking, 50, 0, PEOPLE);
    assert_int_equal(ask_near(asking, 49, 1, PEOPLE).count, 1);
    end(asking);
}

/* Eleven people, and ten of them: a few is told otherwise. */
static void test_memory_few_beside_enough_is_near(void **state)
{
    (void)state;
    struct asking *asking = begin();
    ask_near(asking, 11, 1, PEOPLE);
    struct nears nears = ask_near(asking, 10, 1, PEOPLE);
    assert_int_equal(nears.count, 1);
    assert_int_equal(nears.pairs[0].place, 0);
    end(asking);
}

/* What an earlier set had at a center that is away makes a difference. */
static void test_memory_center_that_is_away_makes_nobody_near(void **state)
{
    (void)state;
    struct asking *asking = begin();
    ask_near(asking, 60, 1, PEOPLE);
    ask_near(asking, 50, 1, PEOPLE);
    assert_int_equal(ask_near(asking, 50, 1, 40).count, 0);
    end(asking);
}

static void test_memory_weights_of_no_sets_are_refused(void **state)
{
    (void)state;
    struct asking *asking = begin();
    struct weighed_set told;
    struct instruction instruction;
    ask_range(asking, 0, 60, &told);
    asking->set_count = 2;
    set_range(asking->sets[0], 0, 40);
    set_range(asking->sets[1], 0, 30);
    weigh(asking, PEOPLE);
    const size_t length = weighing_length(&asking->question.shape);
    assert_int_equal(length, 6);
    for (size_t i = 0; i < length; i++) {
        const int128 bad[] = {-1, (int128)61 * WEIGHING_UNIT};
        for (size_t k = 0; k < 2; k++) {
            const int128 good = asking->weights[i];
            asking->weights[i] = bad[k];
            /* A set may weigh more than what it is held against. */
            if (k == 0 || (i != 1 && i != 3))
                assert_int_equal(memory_decide(asking->memory,
                                     &asking->question, &instruction),
                    STATUS_MALFORMED);
            asking->weights[i] = good;
        }
    }
    end(asking);
}

static void test_instruction_reads_what_it_wrote(void **state)
{
    (void)state;
    const struct weighing_shape shape = {.remembered = 3, .sets = 4};
    struct instruction written, read;
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(instruction_init(&written, shape.sets), STATUS_OK);
    written.sets[1] = (struct weighed_set){
        .answer = WEIGHED_EXACT, .is_set = true, .is_new = true};
    written.sets[2] = (struct weighed_set){.answer = WEIGHED_COMBINED,
        .is_set = true,
        .term_count = 3,
        .terms = {{0, 1}, {2, -4}, {4, 4}}};
    written.sets[3].is_new = true;
    assert_int_equal(instruction_write(&written, &bytes), STATUS_OK);
    assert_int_equal(
        instruction_read(&read, &shape, buffer_view(&bytes)), STATUS_OK);
    for (size_t i = 0; i < shape.sets; i++) {
        assert_true(told_alike(&written.sets[i], &read.sets[i]));
        assert_int_equal(written.sets[i].is_new, read.sets[i].is_new);
        assert_memory_equal(written.sets[i].terms, read.sets[i].terms,
            sizeof read.sets[i].terms);
    }
    instruction_fini(&read);
    /* Cut anywhere, or with one byte more, it is nothing. */
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(
            instruction_read(&read, &shape, (struct view){bytes.data, size}),
            STATUS_MALFORMED);
    assert_int_equal(buffer_append(&bytes, "", 1), STATUS_OK);
    assert_int_equal(
        instruction_read(&read, &shape, buffer_view(&bytes)), STATUS_MALFORMED);
    buffer_fini(&bytes);
    instruction_fini(&written);
}

/* Each: one set of a question of two remembered ones, after an exact set. */
static void test_instruction_of_no_form_is_refused(void **state)
{
    (void)state;
    const struct weighing_shape shape = {.remembered = 2, .sets = 3};
    const struct weighed_set bad[] = {
        {.answer = WEIGHED_FEW, .is_set = true, .is_new = true},
        {.answer = WEIGHED_EXACT, .is_new = true},
        {.answer = WEIGHED_COMBINED},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{0, 0}}},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{0, 5}}},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{0, -5}}},
        {.answer = WEIGHED_COMBINED,
            .term_count = 2,
            .terms = {{1, 1}, {0, 1}}},
        {.answer = WEIGHED_COMBINED,
            .term_count = 2,
            .terms = {{1, 1}, {1, 1}}},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{3, 1}}},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{4, 1}}},
        {.answer = WEIGHED_COMBINED, .term_count = 1, .terms = {{9, 1}}},
        {.answer = (enum weighed_answer)3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct instruction written, read;
        struct buffer bytes;
        buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
        assert_int_equal(instruction_init(&written, shape.sets), STATUS_OK);
        written.sets[0] = (struct weighed_set){
            .answer = WEIGHED_EXACT, .is_set = true, .is_new = true};
        written.sets[1] = bad[i];
        assert_int_equal(instruction_write(&written, &bytes), STATUS_OK);
        assert_int_equal(instruction_read(&read, &shape, buffer_view(&bytes)),
            STATUS_MALFORMED);
        buffer_fini(&bytes);
        instruction_fini(&written);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_random_questions_hold_their_promise),
        cmocka_unit_test(test_memory_set_keeps_its_answer),
        cmocka_unit_test(test_memory_withheld_level_spoils_no_cohort),
        cmocka_unit_test(test_memory_center_that_is_away),
        cmocka_unit_test(
            test_memory_cohorts_on_two_sides_of_a_boundary_are_near),
        cmocka_unit_test(test_memory_only_chosen_sets_are_near),
        cmocka_unit_test(test_memory_few_beside_enough_is_near),
        cmocka_unit_test(test_memory_center_that_is_away_makes_nobody_near),
        cmocka_unit_test(test_memory_weights_of_no_sets_are_refused),
        cmocka_unit_test(test_instruction_reads_what_it_wrote),
        cmocka_unit_test(test_instruction_of_no_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
