#include <math.h>
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include <sodium.h>

#include "policy/budget.h"
#include "protocol/masking/gaussian.h"
#include "protocol/wire/keys.h"

#include "analysis_fixture.h"
#include "tests/support/seeded.h"

static void test_budget_epsilon_agrees_with_the_published_table(void **state)
{
    (void)state;
    static const double table[][3] = {{0.005, 1e-6, 0.43}, {0.005, 1e-9, 0.57},
        {0.05, 1e-6, 1.47}, {0.05, 1e-9, 1.88}, {0.125, 1e-6, 2.42},
        {0.25, 1e-6, 3.54}, {0.25, 1e-9, 4.44}, {0.5, 1e-6, 5.22},
        {1.0, 1e-6, 7.77}, {1.0, 1e-9, 9.52}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double epsilon = budget_epsilon(table[i][0], table[i][1]);
        assert_true(fabs(epsilon - table[i][2]) < 0.006);
    }
    assert_true(budget_epsilon(0.1, 1e-9) < budget_epsilon(0.2, 1e-9));
}

static void test_budget_honest_counts_those_who_must_survive_and_are_honest(
    void **state)
{
    (void)state;
    assert_int_equal(budget_honest(13, 5), 5);
    assert_int_equal(budget_honest(5, 5), 4);
    assert_int_equal(budget_honest(3, 3), 3);
}

/* ---- which questions, which elements, which price ---- */

static const char dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":["
    "{\"name\":\"x\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":-9,"
    "\"max\":4},"
    "{\"name\":\"wide\",\"type\":\"integer\",\"entity\":\"exam\","
    "\"min\":-1000000000,\"max\":-1},"
    "{\"name\":\"flag\",\"type\":\"boolean\",\"entity\":\"exam\"},"
    "{\"name\":\"zero\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":0},"
    "{\"name\":\"time\",\"type\":\"days\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"group\",\"type\":\"category\",\"entity\":\"exam\","
    "\"categories\":[{\"code\":\"A\"},{\"code\":\"B\"}]}]}";
enum { X, WIDE, FLAG, ZERO, TIME, GROUP, VARIABLES };
#define PEOPLE 40

static void ask_people(struct table *table, struct asked *asked,
    const char *unit, const char *analyses)
{
    static int32_t codes[PEOPLE][VARIABLES];
    char query[512];
    for (int32_t i = 0; i < PEOPLE; i++) {
        codes[i][X] = i % 5 - 1;
        codes[i][WIDE] = -5;
        codes[i][FLAG] = i % 2;
        codes[i][TIME] = i % 10;
    }
    snprintf(query, sizeof query, "{\"unit\":\"%s\",\"analyses\":[%s]}", unit,
        analyses);
    table_create(table, dictionary, codes[0], PEOPLE, NULL);
    ask(asked, table, query, 1);
}

static void check_noisy(
    const char *unit, const char *analyses, enum status expected)
{
    struct table table;
    struct asked asked;
    struct diagnostic diagnostic;
    ask_people(&table, &asked, unit, analyses);
    diagnostic_init(&diagnostic, "");
    assert_int_equal(budget_check(asked.plan, &diagnostic), expected);
    assert_int_equal(expected != STATUS_OK, diagnostic.message[0] != '\0');
    asked_destroy(&asked);
    table_destroy(&table);
}

static const char quantile[] =
    "{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5]}}";

static void test_budget_check_takes_counts_and_moments_of_people(void **state)
{
    (void)state;
    static const char *const noisy[] = {"{\"count\":{}}",
        "{\"summary\":{\"variables\":[\"x\"]}}",
        "{\"frequency\":{\"variable\":\"flag\"}}",
        "{\"crosstab\":{\"rows\":\"flag\",\"columns\":\"group\"}}",
        "{\"histogram\":{\"variable\":\"x\",\"width\":2}}", quantile};
    static const char *const others[] = {"{\"lm\":{\"formula\":\"x ~ flag\"}}",
        "{\"glm\":{\"formula\":\"flag ~ x\",\"family\":\"binomial\"}}",
        "{\"km\":{\"formula\":\"Surv(time, flag) ~ 1\",\"grid_days\":1}}",
        "{\"rank_test\":{\"formula\":\"x ~ flag\"}}",
        "{\"correlation\":{\"variables\":[\"x\",\"zero\"]}}"};
    for (size_t i = 0; i < sizeof noisy / sizeof noisy[0]; i++) {
        check_noisy("patient", noisy[i], STATUS_OK);
        check_noisy("exam", noisy[i], STATUS_NOT_ALLOWED);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        check_noisy("patient", others[i], STATUS_NOT_ALLOWED);
    check_noisy("patient", "{\"count\":{}},{\"lm\":{\"formula\":\"x ~ flag\"}}",
        STATUS_NOT_ALLOWED);
}

static void check_touched(const char *analyses, int64_t expected)
{
    struct table table;
    struct asked asked;
    struct budget_terms terms;
    ask_people(&table, &asked, "patient", analyses);
    assert_int_equal(budget_touched(asked.plan), expected);
    budget_default(&terms);
    /* sigma^2 = touched / (2 rho), rho = 1 / 200 */
    assert_true(fabs(budget_count_sigma(asked.plan, &terms) -
                     sqrt((double)expected * 100)) < 1e-9);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_budget_touched_counts_what_one_patient_changes(void **state)
{
    (void)state;
    check_touched("{\"frequency\":{\"variable\":\"flag\"}}", 2);
    check_touched(quantile, 2);
    check_touched("{\"summary\":{\"variables\":[\"x\",\"flag\"]}}", 7);
    check_touched("{\"summary\":{\"variables\":[\"x\"]}},"
                  "{\"frequency\":{\"variable\":\"flag\"}}",
        6);
}

/* What repeats another figure says nothing, and says it without noise. */
static void test_budget_noise_clears_what_repeats(void **state)
{
    (void)state;
    struct table table;
    struct asked asked;
    struct budget_terms terms;
    ask_people(&table, &asked, "patient",
        "{\"summary\":{\"variables\":[\"x\",\"flag\",\"zero\"]}},"
        "{\"frequency\":{\"variable\":\"flag\"}}");
    budget_default(&terms);
    terms.query_rho_nano = 100 * NANO; /* the least noise: variance 4 */
    asked.sum.elements[PLAN_REACHABLE] = asked.sum.elements[PLAN_COHORT] = 40;
    assert_int_equal(
        budget_add_noise(asked.plan, &terms, 5, &asked.sum), STATUS_OK);
    assert_int_equal((int)asked.sum.elements[PLAN_REACHABLE], 0);
    assert_int_equal((int)asked.sum.elements[PLAN_COHORT], 0);
    for (size_t segment = 0; segment < 2; segment++) {
        const int128 *head =
            asked.sum.elements + asked.plan->segments[segment].first;
        assert_int_equal((int)head[HEAD_PEOPLE], 0);
        assert_true(head[HEAD_ROWS] > 0 && head[HEAD_ROWS] < 80);
        assert_int_equal((int)asked_cell(&asked, 0, segment)[CELL_PEOPLE], 0);
    }
    for (size_t cell = 0; cell < 3; cell++) {
        const int128 *moments = asked_cell(&asked, 0, cell);
        assert_int_equal((int)moments[CELL_ABSOLUTE], 0);
        assert_int_equal((int)moments[CELL_PARTS], 0);
    }
    /* zero in every row can only be zero: it costs nothing and has no noise */
    assert_int_equal((int)asked_cell(&asked, 0, 2)[CELL_SUM], 0);
    assert_int_equal((int)asked_cell(&asked, 0, 2)[CELL_SQUARES], 0);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_budget_noise_beyond_exact_draws_is_refused(void **state)
{
    (void)state;
    struct table table;
    struct asked asked;
    struct budget_terms terms;
    ask_people(
        &table, &asked, "patient", "{\"summary\":{\"variables\":[\"wide\"]}}");
    budget_default(&terms);
    terms.query_rho_nano = NANO / 1000000;
    assert_int_equal(budget_add_noise(asked.plan, &terms, 5, &asked.sum),
        STATUS_OUT_OF_RANGE);
    asked_destroy(&asked);
    table_destroy(&table);
}

static void test_budget_read_sum_has_no_people_below_zero(void **state)
{
    (void)state;
    struct table table;
    struct asked asked;
    ask_people(
        &table, &asked, "patient", "{\"frequency\":{\"variable\":\"flag\"}}");
    int128 *head = asked.sum.elements + asked.plan->segments[0].first;
    head[HEAD_ROWS] = -3;
    asked_cell(&asked, 0, 0)[CELL_ROWS] = -1;
    asked_cell(&asked, 0, 1)[CELL_ROWS] = 25;
    asked_cell(&asked, 0, 1)[CELL_PEOPLE] = 0;
    budget_read_sum(asked.plan, &asked.sum);
    assert_int_equal((int)head[HEAD_ROWS], 0);
    assert_int_equal((int)head[HEAD_PEOPLE], 0);
    assert_int_equal((int)asked_cell(&asked, 0, 0)[CELL_ROWS], 0);
    assert_int_equal((int)asked_cell(&asked, 0, 1)[CELL_PEOPLE], 25);
    asked_destroy(&asked);
    table_destroy(&table);
}

/* ---- one patient more or less ---- */

/* The noisy answers to a count and a sum with and without a patient, told apart
 * by the best linear score. For Gaussian noise of rho the share of answers with
 * the patient above a line is at most Phi(Phi^-1(the share without) +
 * sqrt(2 rho)) (Dong, Roth, Su 2022); 20,000 answers, alpha 1e-6. */
#define ANSWERS 20000
#define Z_ALPHA 4.753

static bool seems_within(const struct budget_terms *terms, double times)
{
    struct table table;
    struct asked asked;
    struct vector vector;
    const double rho = (double)terms->query_rho_nano / (double)NANO;
    int above = 0, above_with = 0;
    ask_people(
        &table, &asked, "patient", "{\"summary\":{\"variables\":[\"x\"]}}");
    const struct plan *plan = asked.plan;
    const size_t head = plan->segments[0].first + HEAD_ROWS;
    const size_t cell =
        plan->segments[0].first + plan->shapes[0].tables[0].first;
    /* what a patient of the largest value changes, in these elements */
    const size_t at[] = {
        head, cell + CELL_ROWS, cell + CELL_SUM, cell + CELL_SQUARES};
    const double bounds[] = {1, 1, 9, 81};
    for (int i = 0; i < ANSWERS; i++) {
        double score = 0;
        assert_int_equal(vector_init(&vector, plan->vector_length), STATUS_OK);
        assert_int_equal(budget_add_noise(plan, terms, 1, &vector), STATUS_OK);
        for (size_t e = 0; e < 4; e++)
            score += (double)vector.elements[at[e]] / bounds[e];
        vector_fini(&vector);
        above += score > 2.0;
        above_with += score + 4 * times > 2.0;
    }
    asked_destroy(&asked);
    table_destroy(&table);
    const double without = (double)above / ANSWERS;
    const double with = (double)above_with / ANSWERS;
    const double bound =
        pnorm(qnorm(without, 0, 1, 1, 0) + sqrt(2 * rho), 0, 1, 1, 0);
    /* of both shares, the first through a slope of at most 1.7 here */
    const double error = sqrt(with * (1 - with) / ANSWERS) +
                         1.7 * sqrt(without * (1 - without) / ANSWERS);
    return with <= bound + Z_ALPHA * error;
}

static void test_budget_noise_hides_one_patient_and_the_test_would_see_more(
    void **state)
{
    (void)state;
    struct budget_terms terms;
    budget_default(&terms);
    terms.query_rho_nano = NANO / 2;
    assert_true(seems_within(&terms, 1));
    assert_false(seems_within(&terms, 1.175)); /* the sensitivity is larger */
}

/* ---- the ledger ---- */

/* Against whole numbers of 128 bits, where nothing is cut or rounded. */
static void test_budget_allows_what_the_exact_sum_allows(void **state)
{
    (void)state;
    int answers[2] = {0, 0};
    for (int i = 0; i < 20000; i++) {
        const int64_t prices[] = {1, 5000000, 250000000, INT64_MAX / 2,
            INT64_MAX, 1 + randombytes_uniform(1000000000)};
        const int64_t price = prices[randombytes_uniform(6)];
        const struct budget_terms terms = {
            .rho_nano = prices[randombytes_uniform(6)],
            .query_rho_nano = price,
            .delta = 1e-9};
        const int64_t yearly = prices[randombytes_uniform(6)];
        /* at the edge, and by chance */
        const int64_t edges[] = {0, terms.rho_nano, yearly,
            terms.rho_nano > price ? terms.rho_nano - price : 0,
            yearly > price ? yearly - price : 0,
            yearly > price ? yearly - price + 1 : 1,
            randombytes_uniform(1000000000)};
        const struct budget_spent spent = {
            edges[randombytes_uniform(7)], edges[randombytes_uniform(7)]};
        const bool expected =
            (int128)spent.study_nano + price <= terms.rho_nano &&
            (int128)spent.year_nano + price <= yearly;
        assert_int_equal(budget_allows(&terms, &spent, yearly), expected);
        answers[expected]++;
    }
    assert_true(answers[0] > 1000 && answers[1] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_budget_noise_hides_one_patient_and_the_test_would_see_more),
        cmocka_unit_test(test_budget_allows_what_the_exact_sum_allows),
        cmocka_unit_test(test_budget_epsilon_agrees_with_the_published_table),
        cmocka_unit_test(
            test_budget_honest_counts_those_who_must_survive_and_are_honest),
        cmocka_unit_test(test_budget_check_takes_counts_and_moments_of_people),
        cmocka_unit_test(test_budget_touched_counts_what_one_patient_changes),
        cmocka_unit_test(test_budget_noise_clears_what_repeats),
        cmocka_unit_test(test_budget_noise_beyond_exact_draws_is_refused),
        cmocka_unit_test(test_budget_read_sum_has_no_people_below_zero),
    };
    seeded_start(1, 1);
    if (keys_start() != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
