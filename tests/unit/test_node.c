#include "node/audit.h"
#include "node/value_reader.h"
#include "protocol/wire/text.h"

#include "import_fixture.h"

static int setup(void **state)
{
    static const char text[] =
        "{\"id\":\"t\",\"variables\":["
        "{\"name\":\"age\",\"type\":\"integer\",\"min\":0,\"max\":120,"
        "\"missing\":[\"-9\"]},"
        "{\"name\":\"lvef\",\"type\":\"real\",\"resolution\":0.1,\"min\":0,"
        "\"max\":100},"
        "{\"name\":\"sex\",\"type\":\"category\",\"categories\":[{\"code\":"
        "\"F\",\"label\":\"female\"},{\"code\":\"M\",\"label\":\"male\"}]}]}";
    (void)state;
    return import_begin(text);
}

static int64_t exam_count(void)
{
    struct store_counts counts;
    assert_int_equal(store_get_counts(importing.store, &counts), STATUS_OK);
    return counts.exams;
}

static void test_import_bad_value_is_refused_and_counted(void **state)
{
    (void)state;
    struct import_report report;
    const struct import_options options = {0};
    assert_int_equal(import_text("age,lvef,sex,shoe\n60,54.36,female,43\n"
                                 "-9,101,Q,43\n,x,M,44\n",
                         &options, &report),
        STATUS_OK);
    assert_true(report.rows == 3 && report.refused == 3);
    assert_true(report.counts[0][VALUE_IS_MISSING] == 2);
    assert_true(report.counts[1][VALUE_ROUNDED] == 1);
    assert_true(report.left_out_count == 1);
    assert_true(report.problems[0].line == 3 && report.problems[0].column == 4);
    import_report_fini(&report);
    assert_true(exam_count() == 3);
}

/* A report goes to a terminal: nothing that a file holds moves its cursor, and
 * no character is cut in two. */
static void test_import_report_shows_what_a_file_hides(void **state)
{
    (void)state;
    struct import_report report;
    struct buffer text;
    const struct import_options options = {0};
    assert_int_equal(import_text("age,sh\x1b[2Joe\n\"6\n\x1b[2J0\",1\n"
                                 "y\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
                                 "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
                                 "\u00e9\u00e9\u00e9\u00e9xy\u00e9,1\n",
                         &options, &report),
        STATUS_OK);
    assert_string_equal(report.problems[0].text, "6\\x0A\\x1B[2J0");
    assert_string_equal(report.left_out[0], "sh\\x1B[2Joe");
    assert_true(utf8_valid(view_of_text(report.problems[1].text)));
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        import_report_text(&text, &report, importing.dictionary, "a.csv"),
        STATUS_OK);
    assert_null(strchr(buffer_text(&text), '\x1b'));
    buffer_fini(&text);
    import_report_fini(&report);
}

static void test_import_broken_file_leaves_nothing(void **state)
{
    (void)state;
    struct import_report report;
    const struct import_options options = {0};
    assert_int_equal(
        import_text("age,sex\n60,F\n61,M\n62\n", &options, &report),
        STATUS_MALFORMED);
    import_report_fini(&report);
    assert_true(exam_count() == 0);
}

static void test_import_same_file_twice_needs_again(void **state)
{
    (void)state;
    struct import_report report;
    struct import_options options = {0};
    const char *text = "age\n60\n61\n";
    assert_int_equal(import_text(text, &options, &report), STATUS_OK);
    import_report_fini(&report);
    assert_int_equal(import_text(text, &options, &report), STATUS_EXISTS);
    import_report_fini(&report);
    assert_true(exam_count() == 2);
    options.again = true;
    assert_int_equal(import_text(text, &options, &report), STATUS_OK);
    import_report_fini(&report);
    assert_true(exam_count() == 4);
    options = (struct import_options){.replace = true};
    assert_int_equal(import_text(text, &options, &report), STATUS_OK);
    import_report_fini(&report);
    assert_true(exam_count() == 2);
}

/* A file that names an exam twice would lose the first, many rows long. */
static void test_import_exam_twice_in_a_file_is_refused(void **state)
{
    (void)state;
    struct import_report report;
    struct import_options options = {0};
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(
        buffer_append_text(&text, "patient,exam,age\n"), STATUS_OK);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(
            buffer_append_format(&text, "p%d,e%d,60\n", i, i == 1500 ? 3 : i),
            STATUS_OK);
    }
    for (int dry = 0; dry < 2; dry++) {
        options.dry_run = dry == 1;
        assert_int_equal(import_text(buffer_text(&text), &options, &report),
            STATUS_MALFORMED);
        import_report_fini(&report);
        assert_true(exam_count() == 0);
        assert_int_equal(importing.diagnostic.line, 1502);
        assert_non_null(
            strstr(importing.diagnostic.message, "'e3' is in the file twice"));
    }
    buffer_fini(&text);
}

/* A dry run tells what the import would, and changes nothing. */
static void test_dry_run_tells_the_same(void **state)
{
    (void)state;
    struct import_report report;
    struct import_options options = {0};
    const char *later = "patient,exam,age\np,e1,65\nq,e2,70\n";
    assert_int_equal(
        import_text("patient,exam,age\np,e1,60\n", &options, &report),
        STATUS_OK);
    import_report_fini(&report);
    for (int dry = 1; dry >= 0; dry--) {
        options.dry_run = dry == 1;
        assert_int_equal(import_text(later, &options, &report), STATUS_OK);
        assert_true(report.added == 1 && report.replaced == 1);
        import_report_fini(&report);
        assert_true(exam_count() == (dry == 1 ? 1 : 2));
    }
    options.dry_run = true;
    assert_int_equal(import_text(later, &options, &report), STATUS_EXISTS);
    import_report_fini(&report);
    options.replace = options.again = true;
    assert_int_equal(import_text(later, &options, &report), STATUS_OK);
    import_report_fini(&report);
    assert_true(exam_count() == 2);
}

static void test_import_known_exam_is_replaced(void **state)
{
    (void)state;
    struct import_report report;
    const struct import_options options = {0};
    assert_int_equal(
        import_text("patient,exam,age\np,e1,60\np,e2,61\n", &options, &report),
        STATUS_OK);
    import_report_fini(&report);
    assert_int_equal(
        import_text("patient,exam,age\np,e1,65\n", &options, &report),
        STATUS_OK);
    assert_true(report.replaced == 1);
    import_report_fini(&report);
    assert_true(exam_count() == 2);
}

static void test_frame_keeps_patients_together_and_leaves_opted_out(
    void **state)
{
    (void)state;
    struct import_report report;
    struct frame *frame = NULL;
    const struct import_options options = {0};
    assert_int_equal(import_text("patient,age\na,1\nb,2\na,3\nc,4\nb,5\n",
                         &options, &report),
        STATUS_OK);
    import_report_fini(&report);
    frame = frame_now();
    const struct rows *rows = frame_rows(frame);
    assert_true(rows->count == 5 && rows->patient_count == 3);
    assert_non_null(rows->patients);
    for (size_t i = 1; i < rows->count; i++)
        assert_true(rows->patients[i] >= rows->patients[i - 1]);
    assert_int_equal(store_set_opt_out(importing.store, "b", true), STATUS_OK);
    assert_int_equal(
        store_set_opt_out(importing.store, "nobody", true), STATUS_NOT_FOUND);
    frame_destroy(frame);
    frame = frame_now();
    rows = frame_rows(frame);
    assert_true(rows->count == 3 && rows->patient_count == 2);
    const int8_t *ages = rows->columns[0].data;
    for (size_t i = 0; i < rows->count; i++)
        assert_true(ages[i] != 2 && ages[i] != 5);
    frame_destroy(frame);
}

/* The number of the exam whose age is that. */
static uint32_t number_of_age(const struct frame *frame, int8_t age)
{
    const int8_t *ages = frame_rows(frame)->columns[0].data;
    for (size_t i = 0; i < frame_rows(frame)->count; i++)
        if (ages[i] == age)
            return frame_numbers(frame)[i];
    fail_msg("nobody is %d", age);
    return 0;
}

static void test_exam_keeps_its_number(void **state)
{
    (void)state;
    struct import_report report;
    struct frame *frame = NULL;
    const struct import_options options = {0};
    uint32_t before[4], corrected[4];
    for (int pass = 0; pass < 2; pass++) {
        uint32_t *numbers = pass == 0 ? before : corrected;
        assert_int_equal(
            import_text(pass == 0 ? "patient,exam,age\nz,e1,1\na,e2,2\nm,e3,3\n"
                                  : "patient,exam,age\nb,e2,5\nb,e4,4\n",
                &options, &report),
            STATUS_OK);
        import_report_fini(&report);
        frame_destroy(frame);
        frame = frame_now();
        numbers[0] = number_of_age(frame, 1);
        numbers[1] = number_of_age(frame, pass == 0 ? 2 : 5);
        numbers[2] = number_of_age(frame, 3);
        numbers[3] = pass == 0 ? 0 : number_of_age(frame, 4);
    }
    assert_memory_equal(before, corrected, 3 * sizeof *before);
    for (size_t i = 0; i < 4; i++) {
        assert_in_range(corrected[i], 1, frame_number_end(frame) - 1);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(corrected[k], corrected[i]);
    }
    frame_destroy(frame);
}

/* What an import that failed would have taken is another's; who goes leaves his
 * number unused. */
static void test_number_is_never_given_again(void **state)
{
    (void)state;
    struct import_report report;
    struct frame *frame = NULL;
    const struct import_options options = {0}, whole = {.replace = true};
    uint32_t last = 0;
    for (int8_t age = 1; age < 4; age++) {
        char text[32];
        assert_int_not_equal(
            import_text("exam,age\ne8,1\ne8,2\n", &options, &report),
            STATUS_OK);
        import_report_fini(&report);
        snprintf(text, sizeof text, "age\n%d\n", age);
        assert_int_equal(import_text(text, &whole, &report), STATUS_OK);
        import_report_fini(&report);
        frame_destroy(frame);
        frame = frame_now();
        const uint32_t number = number_of_age(frame, age);
        assert_true(number > last && number <= last + 64);
        last = number;
    }
    frame_destroy(frame);
}

/* A value out of range is missing, and known as such: of an exam that is
 * brought in again with a good one it is not any more. */
static void test_frame_knows_what_was_out_of_range(void **state)
{
    (void)state;
    struct import_report report;
    struct frame *frame = NULL;
    const struct import_options options = {0};
    assert_int_equal(import_text("exam,age,lvef\ne1,200,x\ne2,60,101\n"
                                 "e3,-9,50\n",
                         &options, &report),
        STATUS_OK);
    import_report_fini(&report);
    frame = frame_now();
    const struct rows *rows = frame_rows(frame);
    static const uint8_t ages[3] = {1, 0, 0}, fractions[3] = {0, 1, 0};
    assert_memory_equal(rows->refused[0], ages, sizeof ages);
    assert_memory_equal(rows->refused[1], fractions, sizeof fractions);
    assert_null(rows->refused[2]);
    assert_int_equal(((const int8_t *)rows->columns[0].data)[0], INT8_MIN);
    assert_int_equal(((const int16_t *)rows->columns[1].data)[1], INT16_MIN);
    for (int again = 0; again < 2; again++) {
        const struct import_options twice = {.again = again == 1};
        assert_int_equal(
            import_text("exam,age,lvef\ne1,61,50\n", &twice, &report),
            STATUS_OK);
        import_report_fini(&report);
        frame_destroy(frame);
        frame = frame_now();
        rows = frame_rows(frame);
        assert_int_equal(rows->count, 3);
        assert_null(rows->refused[0]);
        assert_memory_equal(rows->refused[1], fractions, sizeof fractions);
    }
    frame_destroy(frame);
}

static void check_value_reader(
    const struct variable *variable, const char *const *texts, size_t count)
{
    struct value_reader reader;
    value_reader_init(&reader, variable);
    for (size_t i = 0; i < count; i++) {
        int32_t fast, slow;
        size_t size = strlen(texts[i]);
        enum value_verdict a =
            value_reader_read(&reader, texts[i], size, &fast);
        enum value_verdict b =
            variable_read_value(variable, texts[i], size, &slow);
        if (a == b && fast == slow)
            continue;
        fail_msg("'%s' of %s: %d %d, %d %d", texts[i], variable->name, (int)a,
            (int)fast, (int)b, (int)slow);
    }
}

static void test_value_reader_equals_the_long_way(void **state)
{
    (void)state;
    static const char *const texts[] = {"0", "-0", "60", "60.0", "60.5", "-9",
        "-9.0", "121", "F", "M", "female", "f", "1", "", "NA", "54.3", "54.30",
        "54.35", ".5", "5.", "-", ".", "1e1", "00012", "123456789012",
        "99.99999", "100.0", "100.1", "x", " 1"};
    for (size_t v = 0; v < importing.dictionary->variable_count; v++) {
        check_value_reader(&importing.dictionary->variables[v], texts,
            sizeof texts / sizeof texts[0]);
    }
}

static void test_audit_verify_finds_nothing_wrong_in_a_good_log(void **state)
{
    (void)state;
    struct keypair *keys = NULL, *other = NULL;
    struct audit_finding finding;
    assert_int_equal(keypair_create(&keys, "a"), STATUS_OK);
    assert_int_equal(keypair_create(&other, "b"), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(audit_record(importing.store, keys, i, "event", NULL,
                             "number %d\nsecond line", i),
            STATUS_OK);
    }
    assert_int_equal(
        audit_verify(importing.store, &keypair_identity(keys)->sign, &finding),
        STATUS_OK);
    assert_true(finding.records == 5);
    assert_string_equal(finding.problem, "");
    assert_int_equal(
        audit_verify(importing.store, &keypair_identity(other)->sign, &finding),
        STATUS_OK);
    assert_string_equal(
        finding.problem, "record 1: is not signed by this node");
    keypair_destroy(keys);
    keypair_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_import_bad_value_is_refused_and_counted),
        WITH_STORE(test_import_report_shows_what_a_file_hides),
        WITH_STORE(test_import_broken_file_leaves_nothing),
        WITH_STORE(test_import_same_file_twice_needs_again),
        WITH_STORE(test_import_exam_twice_in_a_file_is_refused),
        WITH_STORE(test_dry_run_tells_the_same),
        WITH_STORE(test_import_known_exam_is_replaced),
        WITH_STORE(test_frame_keeps_patients_together_and_leaves_opted_out),
        WITH_STORE(test_exam_keeps_its_number),
        WITH_STORE(test_number_is_never_given_again),
        WITH_STORE(test_frame_knows_what_was_out_of_range),
        cmocka_unit_test(test_value_reader_equals_the_long_way),
        WITH_STORE(test_audit_verify_finds_nothing_wrong_in_a_good_log),
    };
    return cmocka_run_group_tests(tests, setup, import_end);
}
