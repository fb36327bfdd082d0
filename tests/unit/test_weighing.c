/* What weights say of a question's sets. */
#include "policy/weighing.h"

#include "sets_fixture.h"

/* Only cells of one or two people keep a fit back, and that fit alone. */
static void test_cells_of_one_or_two_people_are_few(void **state)
{
    struct table table;
    struct asked asked;
    struct sets *sets;
    int128 cells[6 + 6] = {0};
    uint8_t few[3];
    (void)state;
    chance_create(&table);
    ask(&asked, &table,
        "{\"analyses\":[{\"lm\":{\"formula\":\"x ~ group + site\"}},"
        "{\"lm\":{\"formula\":\"x ~ group\"}},"
        "{\"lm\":{\"formula\":\"wide ~ group + site\"}}]}",
        2);
    assert_int_equal(sets_create(&sets, asked.plan), STATUS_OK);
    assert_int_equal(sets_all_cells(sets), 12);
    for (int people = 0; people < 5; people++) {
        memset(few, 0, sizeof few);
        cells[6 + 4] = people * (int128)WEIGHING_UNIT;
        weighing_judge_cells(sets, cells, few);
        assert_int_equal(few[2], people == 1 || people == 2);
        assert_true(few[0] == 0 && few[1] == 0);
    }
    /* an exam of two is less than a person */
    cells[6 + 4] = WEIGHING_UNIT / 2;
    weighing_judge_cells(sets, cells, few);
    assert_int_equal(few[2], 1);
    sets_destroy(sets);
    asked_destroy(&asked);
    table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_of_one_or_two_people_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
