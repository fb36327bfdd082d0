/* A vector on its way from a file into the frame: in one field or in columns,
 * whole or not at all. */
#include "import_fixture.h"

enum {
    AGE,
    SHAPE,
    WIDE,
    SPAN,
    FIRST_OF_SHAPE,
    FIRST_OF_WIDE = FIRST_OF_SHAPE + 3
};

static struct import_report report; /* of the last import */

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120},"
        "{\"name\":\"shape\",\"type\":\"vector\",\"length\":3,\"resolution\":0.1,"
        "\"min\":-10,\"max\":10,\"unit\":\"mm\",\"missing\":[\"none\"]},"
        "{\"name\":\"wide\",\"type\":\"vector\",\"length\":2,\"resolution\":0.001,"
        "\"min\":-1000,\"max\":1000},"
        "{\"name\":\"span\",\"type\":\"real\",\"resolution\":0.1,"
        "\"min\":-20,\"max\":20,\"derived\":\"shape[3] - shape[1]\"}]}";
    (void)state;
    return import_begin(text);
}

static int end(void **state)
{
    import_report_fini(&report);
    return import_end(state);
}

static enum status import_vectors(const char *text, bool strict)
{
    const struct import_options options = {.strict = strict};
    import_report_fini(&report);
    return import_text(text, &options, &report);
}

static void test_elements_are_columns_behind_the_variables(void **state)
{
    (void)state;
    size_t index;
    assert_int_equal(importing.dictionary->variable_count, 4);
    assert_int_equal(importing.dictionary->column_count, 9);
    assert_true(dictionary_find(importing.dictionary, "shape[3]", &index));
    assert_int_equal(index, FIRST_OF_SHAPE + 2);
    assert_int_equal(importing.dictionary->variables[index].owner, SHAPE);
    assert_int_equal(importing.dictionary->variables[index].width, 1);
    assert_string_equal(importing.dictionary->variables[index].unit, "mm");
    assert_int_equal(importing.dictionary->variables[FIRST_OF_WIDE].width, 4);
    static const char *const none[] = {"shape[0]", "shape[4]", "shape[",
        "shape[]", "shape[1", "shape[1]x", "shape[01]", "shape[-1]", "age[1]",
        "shape[99999999999999999999999]", "[1]"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(dictionary_find(importing.dictionary, none[i], &index));
}

static void test_a_field_of_numbers_comes_back_from_the_store(void **state)
{
    (void)state;
    assert_int_equal(
        import_vectors("age,shape,wide\n60,1 -2.5 10,-1000 1000\n"
                       "61,-10;0;0.14,0.001 -0.001\n62,, \n63,none,NA\n",
            true),
        STATUS_OK);
    assert_int_equal(report.counts[SHAPE][VALUE_ACCEPTED], 1);
    assert_int_equal(report.counts[SHAPE][VALUE_ROUNDED], 1);
    assert_int_equal(report.counts[SHAPE][VALUE_IS_MISSING], 2);
    struct frame *frame = frame_now();
    const struct rows *rows = frame_rows(frame);
    static const int8_t shape[3][4] = {{10, -100, INT8_MIN, INT8_MIN},
        {-25, 0, INT8_MIN, INT8_MIN}, {100, 1, INT8_MIN, INT8_MIN}};
    static const int8_t there[4] = {0, 0, INT8_MIN, INT8_MIN};
    static const int32_t wide[2][4] = {{-1000000, 1, INT32_MIN, INT32_MIN},
        {1000000, -1, INT32_MIN, INT32_MIN}};
    assert_memory_equal(rows->columns[SHAPE].data, there, sizeof there);
    assert_memory_equal(rows->columns[WIDE].data, there, sizeof there);
    for (size_t k = 0; k < 3; k++)
        assert_memory_equal(
            rows->columns[FIRST_OF_SHAPE + k].data, shape[k], sizeof shape[k]);
    for (size_t k = 0; k < 2; k++)
        assert_memory_equal(
            rows->columns[FIRST_OF_WIDE + k].data, wide[k], sizeof wide[k]);
    static const int16_t span[4] = {90, 101, INT16_MIN, INT16_MIN};
    assert_memory_equal(rows->columns[SPAN].data, span, sizeof span);
    frame_destroy(frame);
}

static void test_columns_of_elements_are_the_same_vector(void **state)
{
    (void)state;
    assert_int_equal(import_vectors("shape[2],age,shape[1],shape[3]\n"
                                    "-2.5,60,1,10\n0,61,-10,0.14\n,62,NA,\n",
                         true),
        STATUS_OK);
    assert_int_equal(report.counts[SHAPE][VALUE_ACCEPTED], 1);
    assert_int_equal(report.counts[SHAPE][VALUE_ROUNDED], 1);
    assert_int_equal(report.counts[SHAPE][VALUE_IS_MISSING], 1);
    struct frame *frame = frame_now();
    static const int8_t second[3] = {-25, 0, INT8_MIN};
    assert_memory_equal(frame_rows(frame)->columns[FIRST_OF_SHAPE + 1].data,
        second, sizeof second);
    frame_destroy(frame);
}

static void assert_last_shape_is_missing(void)
{
    struct frame *frame = frame_now();
    const struct rows *rows = frame_rows(frame);
    for (size_t k = 0; k < 3; k++) {
        const int8_t *data = rows->columns[FIRST_OF_SHAPE + k].data;
        assert_int_equal(data[rows->count - 1], INT8_MIN);
    }
    frame_destroy(frame);
}

/* What is wrong, and where: the file's line and column, the element. */
static void test_a_bad_vector_is_refused_whole(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum value_verdict verdict;
        size_t line, column, element;
        const char *text, *message;
    } cases[] = {
        {"age,shape\n60,1 2 3\n61,1 x 3\n", VALUE_NOT_NUMBER, 3, 4, 2, "x",
            "shape[2]: 'x' is not a number"},
        {"age,shape\n60,1 2 11\n", VALUE_OUT_OF_RANGE, 2, 4, 3, "11",
            "shape[3]: '11' is outside the dictionary's range"},
        {"age,shape\n60,1 2\n", VALUE_WRONG_LENGTH, 2, 4, 2, "1 2",
            "shape: 2 elements, expected 3"},
        {"age,shape\n60,1 2 3 4\n", VALUE_WRONG_LENGTH, 2, 4, 4, "1 2 3 4",
            "shape: 4 elements, expected 3"},
        {"age,shape\n60,1;;3\n", VALUE_NOT_NUMBER, 2, 4, 2, "",
            "shape[2]: '' is not a number"},
        {"age,shape\n60,1 NA 3\n", VALUE_NOT_NUMBER, 2, 4, 2, "NA",
            "shape[2]: 'NA' is not a number"},
        {"age,shape[1],shape[2],shape[3]\n60,1,99,3\n", VALUE_OUT_OF_RANGE, 2,
            6, 2, "99", "shape[2]: '99' is outside the dictionary's range"},
        {"age,shape[3],shape[2],shape[1]\n60,1,,3\n", VALUE_WRONG_LENGTH, 2, 6,
            2, "", "shape: 2 elements, expected 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(store_clear_registry(importing.store), STATUS_OK);
        assert_int_equal(import_vectors(cases[i].file, false), STATUS_OK);
        assert_int_equal(report.refused, 1);
        const struct import_problem *problem = &report.problems[0];
        const bool right = problem->verdict == cases[i].verdict &&
                           problem->line == cases[i].line &&
                           problem->column == cases[i].column &&
                           problem->element == cases[i].element &&
                           strcmp(problem->text, cases[i].text) == 0;
        if (!right) {
            print_error("%s: %d at %zu:%zu, element %zu, '%s'\n", cases[i].file,
                (int)problem->verdict, problem->line, problem->column,
                problem->element, problem->text);
        }
        assert_true(right);
        assert_last_shape_is_missing();
        assert_int_equal(store_clear_registry(importing.store), STATUS_OK);
        assert_int_equal(import_vectors(cases[i].file, true), STATUS_MALFORMED);
        assert_string_equal(importing.diagnostic.message, cases[i].message);
        assert_int_equal(importing.diagnostic.line, cases[i].line);
    }
}

static void test_a_header_has_a_vector_once_and_whole(void **state)
{
    (void)state;
    assert_int_equal(
        import_vectors("shape[1],shape[3]\n1,2\n", false), STATUS_MALFORMED);
    assert_string_equal(importing.diagnostic.message,
        "the header has 2 of the 3 columns shape[1] to shape[3]");
    assert_int_equal(
        import_vectors("shape[1],shape[2],shape[3],shape\n1,2,3,\n", false),
        STATUS_MALFORMED);
    assert_int_equal(importing.diagnostic.column, 28);
    assert_int_equal(import_vectors("age,shape[4]\n1,2\n", false), STATUS_OK);
    assert_int_equal(report.left_out_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_are_columns_behind_the_variables),
        WITH_STORE(test_a_field_of_numbers_comes_back_from_the_store),
        WITH_STORE(test_columns_of_elements_are_the_same_vector),
        WITH_STORE(test_a_bad_vector_is_refused_whole),
        WITH_STORE(test_a_header_has_a_vector_once_and_whole),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
