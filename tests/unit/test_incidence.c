/* cumulative_incidence against R's survfit of survival::pbc with edema on
 * treatment: 20 patients, of whom all but one die. */
#include <math.h>

#include "analysis_fixture.h"

enum { TIME, CAUSE, COLUMNS };

static const char dictionary[] =
    "{\"id\":\"pbc\",\"variables\":["
    "{\"name\":\"time\",\"type\":\"days\",\"max\":5000},"
    "{\"name\":\"status\",\"type\":\"category\",\"categories\":["
    "{\"code\":\"0\"},{\"code\":\"1\"},{\"code\":\"2\"}]}]}";
static const char query[] =
    "{\"analyses\":[{\"cumulative_incidence\":{\"formula\":\"Surv(time, "
    "status) ~ 1\",\"grid_days\":365}}]}";

static void test_incidence_agrees_until_everybody_had_an_event(void **state)
{
    (void)state;
    static const struct {
        int32_t time, cause, count;
    } groups[] = {{300, 2, 11}, {700, 2, 3}, {1000, 2, 2}, {1400, 2, 2},
        {2000, 0, 1}, {3500, 2, 1}};
    /* summary(survfit(Surv(ceiling(time / 365) * 365, factor(status)) ~ 1,
     * id = id, conf.type = "log")) */
    static const struct {
        double time, estimate, error, low;
    } expected[] = {{365, 0.55, 0.111242977306435, 0.369997424048729},
        {730, 0.70, 0.102469507659596, 0.525405836421816},
        {1095, 0.80, 0.0894427190999916, 0.642573426367553},
        {1460, 0.90, 0.0670820393249937, 0.777674202195885}, {3650, 1, 0, 1}};
    int32_t codes[20][COLUMNS];
    size_t at = 0, row = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (int32_t i = 0; i < groups[g].count; i++, at++) {
            codes[at][TIME] = groups[g].time;
            codes[at][CAUSE] = groups[g].cause;
        }
    }
    struct table table;
    table_create(&table, dictionary, codes[0], at, NULL);
    json_t *results = results_of(&table, query);
    for (size_t i = 0; i < json_array_size(json_object_get(
                               json_array_get(results, 0), "table"));
         i++) {
        const json_t *found = row_of(results, 0, i);
        if (strcmp(json_string_value(json_object_get(found, "cause")), "2") !=
            0)
            continue;
        assert_relative(found, "time", expected[row].time, 1e-15);
        assert_relative(found, "estimate", expected[row].estimate, 1e-12);
        assert_true(
            fabs(json_number_value(json_object_get(found, "std_error")) -
                 expected[row].error) < 1e-14);
        assert_relative(found, "conf_low", expected[row].low, 1e-12);
        row++;
    }
    assert_int_equal(row, sizeof expected / sizeof expected[0]);
    json_decref(results);
    table_destroy(&table);
}

/* Three of one kind: from all events less those of the other kind they could
 * be worked out. Nine, of which the last row leaves out four: as well. */
static void test_events_that_leave_few_of_a_kind_are_not_told(void **state)
{
    (void)state;
    static const struct {
        int32_t early, late; /* of kind 1; 30 of kind 2 at each time */
        bool told;
    } cases[] = {{3, 0, false}, {5, 4, false}, {5, 5, true}, {0, 0, true}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const struct {
            int32_t time, cause, count;
        } groups[] = {{300, 1, cases[c].early}, {300, 2, 30},
            {700, 1, cases[c].late}, {700, 2, 30}, {1500, 0, 40}};
        int32_t codes[160][COLUMNS];
        size_t at = 0;
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
            for (int32_t i = 0; i < groups[g].count; i++, at++) {
                codes[at][TIME] = groups[g].time;
                codes[at][CAUSE] = groups[g].cause;
            }
        }
        struct table table;
        table_create(&table, dictionary, codes[0], at, NULL);
        json_t *results = fitted_of(&table, query, 1, 11, NULL);
        const json_t *entry = json_array_get(results, 0);
        const json_t *stratum =
            json_array_get(json_object_get(entry, "strata"), 0);
        assert_int_equal(json_is_integer(json_object_get(entry, "events")),
            cases[c].told);
        assert_int_equal(json_is_integer(json_object_get(stratum, "events")),
            cases[c].told);
        json_decref(results);
        table_destroy(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_incidence_agrees_until_everybody_had_an_event),
        cmocka_unit_test(test_events_that_leave_few_of_a_kind_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
