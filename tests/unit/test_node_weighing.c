/*
 * A node whose questions are weighed before they are answered: forty people of
 * 41 to 80 years, men and women by turns, and a coordinator that may lie.
 */
#include "policy/weighing.h"
#include "protocol/analysis/vector.h"
#include "tests/unit/node_fixture.h"
#include "tests/unit/test.h"

#define PEOPLE 40

/* A question of its own session: people from that age on, by sex. */
struct asked_here {
    struct buffer query, header;
    struct digest query_id, header_id;
};

static void write_down(
    struct buffer *out, struct envelope *envelope, struct digest *id)
{
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(envelope_encode(envelope, out), STATUS_OK);
    *id = envelope_id(envelope);
    envelope_destroy(envelope);
}

/* `listed`: what the header says that OPEN lists. */
static void make_question(struct node_scene *scene, int age, struct view listed,
    struct asked_here *out)
{
    const struct cast *cast = &scene->cast;
    struct buffer roster;
    struct digest roster_id;
    write_down(&roster,
        document_sign(TYPE_ROSTER, cast_roster(cast, 1, 3), cast->committee, 2),
        &roster_id);
    buffer_fini(&roster);
    json_t *query = cast_query(cast, &scene->study_id, age);
    document_change(
        query, "analyses", "[{\"summary\": {\"variables\": [\"age\"]}}]");
    write_down(&out->query,
        document_sign(TYPE_QUERY, query, &cast->researcher, 1), &out->query_id);
    json_t *header = cast_header(&out->query_id, &scene->study_id, &roster_id);
    node_list(header, listed);
    write_down(&out->header,
        document_sign(TYPE_HEADER, header, &cast->coordinator, 1),
        &out->header_id);
}

static void free_question(struct asked_here *asked)
{
    buffer_fini(&asked->query);
    buffer_fini(&asked->header);
}

static const struct message *open_question(struct node_scene *scene,
    const struct asked_here *asked, struct view listed)
{
    struct message message = {.type = MESSAGE_OPEN,
        .header = buffer_view(&asked->header),
        .query = buffer_view(&asked->query),
        .study = buffer_view(&scene->study),
        .body = listed,
        .document_count = 2};
    for (int i = 0; i < 2; i++)
        message.documents[i] = buffer_view(&scene->approvals[i]);
    return node_tell(scene, &message);
}

static const struct message *instruct(struct node_scene *scene,
    const struct asked_here *asked, const struct instruction *instruction)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(instruction_write(instruction, &bytes), STATUS_OK);
    const struct message message = {.type = MESSAGE_ROUND,
        .id = asked->header_id,
        .number = 2,
        .body = buffer_view(&bytes)};
    const struct message *reply = node_tell(scene, &message);
    buffer_fini(&bytes);
    return reply;
}

static void close_question(
    struct node_scene *scene, const struct asked_here *asked, bool answered)
{
    struct message message = {.type = MESSAGE_CLOSE, .id = asked->header_id};
    message.result.bytes[0] = answered;
    assert_null(node_tell(scene, &message));
}

static int64_t element(struct view vector, size_t at)
{
    int128 value;
    memcpy(&value, vector.data + at * sizeof value, sizeof value);
    return (int64_t)value;
}

/* By sex: everybody, women, men, sex not known; then those whose age is known,
 * who are the same people. */
#define SETS 6

static void begin_exact(struct instruction *instruction)
{
    assert_int_equal(instruction_init(instruction, SETS), STATUS_OK);
    for (size_t i = 0; i < SETS; i++) {
        struct weighed_set *set = &instruction->sets[i];
        if (i == 3)
            continue; /* nobody */
        set->is_set = true;
        set->answer = i < 3 ? WEIGHED_EXACT : WEIGHED_COMBINED;
        set->is_new = i < 3;
        set->term_count = i < 3 ? 0 : 1;
        set->terms[0] = (struct span_term){i - 3, 1};
    }
}

static int begin(void **state)
{
    struct node_scene *scene;
    node_create(&scene, "open", NULL, NULL);
    node_start(scene);
    *state = scene;
    return 0;
}

static int end(void **state)
{
    node_stop(*state);
    node_destroy(*state);
    return 0;
}

static const struct view nothing = {NULL, 0};

/* Asks for people of 40 years and more, all of it told exactly. */
static void ask_everybody(struct node_scene *scene, struct asked_here *asked)
{
    struct instruction instruction;
    make_question(scene, 40, nothing, asked);
    const struct message *reply = open_question(scene, asked, nothing);
    assert_non_null(reply);
    assert_int_equal(reply->type, MESSAGE_SUMMARY);
    begin_exact(&instruction);
    reply = instruct(scene, asked, &instruction);
    assert_non_null(reply);
    assert_int_equal(reply->type, MESSAGE_MASKED);
    assert_int_equal(reply->number, 2);
    instruction_fini(&instruction);
}

static void test_weighing_says_what_sets_weigh(void **state)
{
    const struct weighing_shape shape = {.remembered = 0, .sets = SETS};
    static const int64_t people[SETS] = {40, 20, 20, 0, 20, 20};
    struct asked_here asked;
    make_question(*state, 40, nothing, &asked);
    const struct message *reply = open_question(*state, &asked, nothing);
    assert_int_equal(
        reply->vector.size, weighing_length(&shape) * sizeof(int128));
    for (size_t i = 0; i < SETS; i++)
        assert_int_equal(element(reply->vector, weighing_weight(&shape, i)),
            people[i] * WEIGHING_UNIT);
    assert_int_equal(element(reply->vector, weighing_pair(&shape, 2, 1)), 0);
    assert_int_equal(element(reply->vector, weighing_pair(&shape, 4, 1)),
        20 * WEIGHING_UNIT);
    free_question(&asked);
}

static void test_weighing_next_question_is_held_against_the_last(void **state)
{
    const struct weighing_shape shape = {.remembered = 3, .sets = SETS};
    struct digest names[3];
    const struct view listed = {names[0].bytes, sizeof names};
    struct asked_here first, second;
    struct instruction instruction;
    ask_everybody(*state, &first);
    close_question(*state, &first, true);
    for (size_t i = 0; i < 3; i++)
        names[i] = weighing_name_set(&first.header_id, i);
    /* Three fewer people: of 44 years and more. */
    make_question(*state, 44, listed, &second);
    const struct message *reply = open_question(*state, &second, listed);
    assert_int_equal(reply->type, MESSAGE_SUMMARY);
    assert_int_equal(element(reply->vector, weighing_now(&shape, 0)),
        PEOPLE * WEIGHING_UNIT);
    assert_int_equal(
        element(reply->vector, weighing_weight(&shape, 0)), 37 * WEIGHING_UNIT);
    assert_int_equal(element(reply->vector, weighing_shared(&shape, 0, 0)),
        37 * WEIGHING_UNIT);
    /* Told as everybody: whose ages add up as the first question's. */
    assert_int_equal(instruction_init(&instruction, SETS), STATUS_OK);
    instruction.sets[0] = (struct weighed_set){.answer = WEIGHED_COMBINED,
        .is_set = true,
        .is_new = true,
        .term_count = 1,
        .terms = {{0, 1}}};
    reply = instruct(*state, &second, &instruction);
    assert_int_equal(reply->type, MESSAGE_MASKED);
    assert_int_equal(element(reply->vector, PLAN_COHORT), PEOPLE);
    instruction_fini(&instruction);
    free_question(&first);
    free_question(&second);
}

/* A list that is not the header's, or leaves out what was told. */
static void test_weighing_other_lists_are_refused(void **state)
{
    struct node_scene *scene = *state;
    struct digest names[2];
    const struct view two = {names[0].bytes, sizeof names};
    struct asked_here first, second;
    ask_everybody(scene, &first);
    close_question(scene, &first, true);
    names[0] = weighing_name_set(&first.header_id, 0);
    names[1] = weighing_name_set(&first.header_id, 1);
    const struct {
        struct view in_header, told;
    } lists[] = {
        {two, nothing}, {nothing, two}, {nothing, nothing}, {two, two}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        make_question(scene, 44 + (int)i, lists[i].in_header, &second);
        const struct message *reply =
            open_question(scene, &second, lists[i].told);
        assert_int_equal(reply->type, MESSAGE_REFUSE);
        free_question(&second);
    }
    free_question(&first);
}

/* Before the result is out nothing need be listed; nor when it never was. */
static void test_weighing_what_was_not_released_may_be_left_out(void **state)
{
    struct asked_here first, second;
    ask_everybody(*state, &first);
    close_question(*state, &first, false);
    make_question(*state, 44, nothing, &second);
    assert_int_equal(
        open_question(*state, &second, nothing)->type, MESSAGE_SUMMARY);
    free_question(&first);
    free_question(&second);
}

static void spoil_nothing(struct instruction *instruction)
{
    instruction->set_count--;
}

static void spoil_coefficient(struct instruction *instruction)
{
    instruction->sets[4].terms[0].coefficient = 100;
}

static void spoil_place(struct instruction *instruction)
{
    instruction->sets[4].terms[0].anchor = 5;
}

/* Twice the women are no set. */
static void spoil_is_set(struct instruction *instruction)
{
    instruction->sets[4].terms[0].coefficient = 2;
}

static void test_weighing_instruction_of_no_form_is_refused(void **state)
{
    static void (*const spoil[])(struct instruction *) = {
        spoil_nothing, spoil_coefficient, spoil_place, spoil_is_set};
    struct node_scene *scene = *state;
    for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++) {
        struct asked_here asked;
        struct instruction instruction;
        make_question(scene, 40 + (int)i, nothing, &asked);
        assert_int_equal(
            open_question(scene, &asked, nothing)->type, MESSAGE_SUMMARY);
        begin_exact(&instruction);
        spoil[i](&instruction);
        const struct message *reply = instruct(scene, &asked, &instruction);
        assert_non_null(reply);
        assert_int_equal(reply->type, MESSAGE_REFUSE);
        instruction_fini(&instruction);
        free_question(&asked);
    }
}

/* A question that is not weighed where it must be. */
static void test_weighing_header_without_a_list_is_refused(void **state)
{
    struct node_scene *scene = *state;
    struct asked_here asked;
    struct buffer other;
    struct digest roster_id;
    make_question(scene, 40, nothing, &asked);
    struct buffer roster;
    write_down(&roster,
        document_sign(TYPE_ROSTER, cast_roster(&scene->cast, 1, 3),
            scene->cast.committee, 2),
        &roster_id);
    buffer_fini(&roster);
    write_down(&other,
        document_sign(TYPE_HEADER,
            cast_header(&asked.query_id, &scene->study_id, &roster_id),
            &scene->cast.coordinator, 1),
        &asked.header_id);
    buffer_fini(&asked.header);
    asked.header = other;
    assert_int_equal(
        open_question(scene, &asked, nothing)->type, MESSAGE_REFUSE);
    free_question(&asked);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_weighing_says_what_sets_weigh),
        TEST(test_weighing_next_question_is_held_against_the_last),
        TEST(test_weighing_other_lists_are_refused),
        TEST(test_weighing_what_was_not_released_may_be_left_out),
        TEST(test_weighing_instruction_of_no_form_is_refused),
        TEST(test_weighing_header_without_a_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
