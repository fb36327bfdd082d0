/* Dates at the door: they become days since the patient's first exam, and a
 * patient's exams stand in their order, whenever and however they came. */
#include "import_fixture.h"

enum { DAY, DEATH, YEAR, AFTER, LATE, X };

static struct import_report report; /* of the last import */

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"exam_time\":\"done\",\"variables\":["
        "{\"name\":\"done\",\"type\":\"date_offset\",\"min\":0,\"max\":18263},"
        "{\"name\":\"death\",\"type\":\"date_offset\",\"min\":-100,"
        "\"max\":18263,\"entity\":\"patient\"},"
        "{\"name\":\"year\",\"type\":\"integer\",\"min\":1990,\"max\":2100,"
        "\"year_of\":\"done\"},"
        "{\"name\":\"after\",\"type\":\"days\",\"min\":0,\"max\":18263,"
        "\"derived\":\"death - done\"},"
        "{\"name\":\"late\",\"type\":\"boolean\",\"derived\":\"done > 300\"},"
        "{\"name\":\"x\",\"type\":\"integer\",\"min\":0,\"max\":1000}]}";
    (void)state;
    return import_begin(text);
}

static int end(void **state)
{
    import_report_fini(&report);
    return import_end(state);
}

static void take(const char *text)
{
    const struct import_options options = {0};
    import_report_fini(&report);
    assert_int_equal(import_text(text, &options, &report), STATUS_OK);
}

static int code_of(const struct frame *frame, size_t variable, size_t row)
{
    const struct column *column = &frame_rows(frame)->columns[variable];
    return column->width == 1   ? ((const int8_t *)column->data)[row]
           : column->width == 2 ? ((const int16_t *)column->data)[row]
                                : ((const int32_t *)column->data)[row];
}

/* expected[count]: of each row x, then what a variable is there. */
static void assert_column(const struct frame *frame, size_t variable,
    const int (*expected)[2], size_t count)
{
    assert_int_equal(frame_rows(frame)->count, count);
    for (size_t i = 0; i < count; i++) {
        size_t row = 0;
        while (row < count && code_of(frame, X, row) != expected[i][0])
            row++;
        assert_true(row < count);
        assert_int_equal(code_of(frame, variable, row), expected[i][1]);
    }
}

/* The rows of one patient, x after x. */
static void assert_order(
    const struct frame *frame, const int *expected, size_t count)
{
    assert_int_equal(frame_rows(frame)->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(code_of(frame, X, i), expected[i]);
}

static void test_dates_become_days_since_the_first_exam(void **state)
{
    (void)state;
    take("patient,exam,done,death,x\n"
         "p,e2,2020-03-01,2021-01-01,2\n"
         "p,e1,2019-05-31T10:15:00,2021-01-01,1\n"
         "q,f1,2000-02-29,,3\n");
    struct frame *frame = frame_now();
    static const int days[][2] = {{1, 0}, {2, 275}, {3, 0}};
    static const int death[][2] = {{1, 581}, {2, 581}, {3, INT16_MIN}};
    static const int years[][2] = {{1, 2019}, {2, 2020}, {3, 2000}};
    static const int after[][2] = {{1, 581}, {2, 306}, {3, INT16_MIN}};
    static const int late[][2] = {{1, 0}, {2, 0}, {3, 0}};
    assert_column(frame, DAY, days, 3);
    assert_column(frame, DEATH, death, 3);
    assert_column(frame, YEAR, years, 3);
    assert_column(frame, AFTER, after, 3);
    assert_column(frame, LATE, late, 3);
    frame_destroy(frame);
}

static void test_an_earlier_exam_that_comes_later_is_the_first(void **state)
{
    (void)state;
    take("patient,exam,done,death,x\np,e2,2020-03-01,2021-01-01,2\n"
         "p,e3,2020-03-01,,3\n");
    struct frame *frame = frame_now();
    assert_order(frame, (const int[]){2, 3}, 2);
    take("patient,exam,done,death,x\np,e10,2019-03-01,,10\n"
         "p,e9,2019-03-01,,9\n");
    frame_destroy(frame);
    frame = frame_now();
    static const int days[][2] = {{9, 0}, {10, 0}, {2, 366}, {3, 366}};
    static const int late[][2] = {{9, 0}, {10, 0}, {2, 1}, {3, 1}};
    static const int death[][2] = {
        {9, INT16_MIN}, {10, INT16_MIN}, {2, 672}, {3, INT16_MIN}};
    assert_order(frame, (const int[]){9, 10, 2, 3}, 4);
    assert_column(frame, DAY, days, 4);
    assert_column(frame, LATE, late, 4);
    assert_column(frame, DEATH, death, 4);
    /* and one that is brought in again keeps its place in time */
    take("exam,done,death,x\ne9,2018-03-01,,9\n");
    frame_destroy(frame);
    frame = frame_now();
    static const int again[][2] = {{9, 0}, {10, 365}, {2, 731}, {3, 731}};
    assert_column(frame, DAY, again, 4);
    frame_destroy(frame);
}

static void test_offsets_stand_in_order_of_time_too(void **state)
{
    (void)state;
    take("patient,done,x\np,400,1\np,,2\np,0,3\np,-3,4\np,7,5\n");
    struct frame *frame = frame_now();
    assert_order(frame, (const int[]){3, 5, 1, 2, 4}, 5);
    frame_destroy(frame);
}

/* From an unknown day nothing can be counted. */
static void test_days_beside_dates_are_missing(void **state)
{
    (void)state;
    take("patient,done,death,x\np,2019-05-31,30,1\np,40,2019-06-01,2\n"
         "q,5,2019-06-01,3\np,400,500,4\nr,400,500,5\n");
    struct frame *frame = frame_now();
    static const int days[][2] = {
        {1, 0}, {2, INT16_MIN}, {3, 5}, {4, INT16_MIN}, {5, 400}};
    static const int death[][2] = {
        {1, INT16_MIN}, {2, 1}, {3, INT16_MIN}, {4, INT16_MIN}, {5, 500}};
    static const int after[][2] = {{1, INT16_MIN}, {2, INT16_MIN},
        {3, INT16_MIN}, {4, INT16_MIN}, {5, 100}};
    static const int late[][2] = {
        {1, 0}, {2, INT8_MIN}, {3, 0}, {4, INT8_MIN}, {5, 1}};
    assert_column(frame, DAY, days, 5);
    assert_column(frame, DEATH, death, 5);
    assert_column(frame, AFTER, after, 5); /* and what follows from them */
    assert_column(frame, LATE, late, 5);
    frame_destroy(frame);
}

/* Every row is counted once. */
static void test_a_year_that_a_file_lacks_is_taken_from_the_date(void **state)
{
    (void)state;
    take("patient,done,year,x\np,2019-05-31,,1\np,2020-05-31,2021,2\n");
    assert_int_equal(report.counts[YEAR][VALUE_IS_MISSING], 1);
    assert_int_equal(report.counts[YEAR][VALUE_ACCEPTED], 1);
    struct frame *frame = frame_now();
    static const int years[][2] = {{1, 2019}, {2, 2021}};
    assert_column(frame, YEAR, years, 2);
    frame_destroy(frame);
}

static void test_a_text_that_is_no_date_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"2019-02-29", "2019-13-01", "2019-1-1",
        "31.05.2019", "2019-05-31x", "1849-12-31", "2200-01-01", "20190531-",
        "2019-00-10", "2019-05-00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        const struct import_options strict = {.strict = true};
        snprintf(text, sizeof text, "done,x\n%s,%zu\n", bad[i], i);
        import_report_fini(&report);
        assert_int_not_equal(import_text(text, &strict, &report), STATUS_OK);
    }
    assert_true(
        strstr(importing.diagnostic.message,
            "is neither a number of days nor a date such as 2019-05-31") !=
        NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_dates_become_days_since_the_first_exam),
        WITH_STORE(test_an_earlier_exam_that_comes_later_is_the_first),
        WITH_STORE(test_offsets_stand_in_order_of_time_too),
        WITH_STORE(test_days_beside_dates_are_missing),
        WITH_STORE(test_a_year_that_a_file_lacks_is_taken_from_the_date),
        WITH_STORE(test_a_text_that_is_no_date_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
