#include <fcntl.h>
#include <unistd.h>

#include "protocol/wire/log.h"
#include "protocol/wire/log_limit.h"
#include "tests/unit/test.h"

/* ---- the limit ---- */

static void test_limit_writes_sixty_of_a_kind_and_counts_the_rest(void **state)
{
    (void)state;
    static struct log_limit limit;
    struct log_kind kind;
    limit = (struct log_limit){.count = 0};
    for (int i = 0; i < LOG_LINES_A_MINUTE; i++)
        assert_true(log_limit_take(&limit, 5, LOG_WARN, "channel", "accept"));
    for (int i = 0; i < 812; i++)
        assert_false(
            log_limit_take(&limit, 4000, LOG_WARN, "channel", "accept"));
    assert_true(log_limit_take(&limit, 4000, LOG_WARN, "channel", "other"));
    assert_true(log_limit_take(&limit, 4000, LOG_WARN, "serve", "accept"));
    assert_false(log_limit_settle(&limit, 5 + LOG_MINUTE_MS - 1, &kind));
    assert_true(log_limit_settle(&limit, 5 + LOG_MINUTE_MS, &kind));
    assert_string_equal(kind.component, "channel");
    assert_string_equal(kind.event, "accept");
    assert_int_equal(kind.level, LOG_WARN);
    assert_int_equal(kind.omitted, 812);
    assert_false(log_limit_settle(&limit, 10 * LOG_MINUTE_MS, &kind));
}

static void test_limit_begins_again_each_minute_and_forgets_no_count(
    void **state)
{
    (void)state;
    static struct log_limit limit;
    struct log_kind kind;
    uint64_t written = 0, told = 0, asked = 0;
    limit = (struct log_limit){.count = 0};
    for (uint64_t now = 0; now < 5 * LOG_MINUTE_MS; now += 100) {
        written += log_limit_take(&limit, now, LOG_INFO, "a", "b");
        asked++;
        if (now % (2 * LOG_MINUTE_MS + 700) == 0 &&
            log_limit_settle(&limit, now, &kind))
            told += kind.omitted;
    }
    while (log_limit_settle(&limit, 9 * LOG_MINUTE_MS, &kind))
        told += kind.omitted;
    assert_int_equal(written, 5 * LOG_LINES_A_MINUTE);
    assert_int_equal(written + told, asked);
}

static void test_limit_with_more_kinds_than_places_limits_them_together(
    void **state)
{
    (void)state;
    static struct log_limit limit;
    int written = 0;
    limit = (struct log_limit){.count = 0};
    for (int i = 0; i < 10000; i++) {
        char event[16];
        snprintf(event, sizeof event, "e%d", i);
        written += log_limit_take(&limit, 1, LOG_INFO, "a", event);
    }
    assert_int_equal(written, LOG_KINDS_MAX - 1 + LOG_LINES_A_MINUTE);
}

/* A name longer than its place is still found again. */
static void test_limit_of_long_names_is_one_kind(void **state)
{
    (void)state;
    static struct log_limit limit;
    const char *longer = "an_event_whose_name_is_much_longer_than_its_place";
    int written = 0;
    limit = (struct log_limit){.count = 0};
    for (int i = 0; i < 100; i++)
        written += log_limit_take(&limit, 1, LOG_INFO, longer, longer);
    assert_int_equal(written, LOG_LINES_A_MINUTE);
    assert_int_equal(limit.count, 1);
}

/* ---- the lines ---- */

/* What is written to standard error between capture_begin and capture_end. */
struct capture {
    int before, file;
    char text[32768];
};

static void capture_begin(struct capture *capture)
{
    char path[] = "/tmp/cohortium-test-log-XXXXXX";
    fflush(stderr);
    capture->before = dup(STDERR_FILENO);
    capture->file = mkstemp(path);
    assert_true(capture->file >= 0);
    unlink(path);
    dup2(capture->file, STDERR_FILENO);
}

static void capture_end(struct capture *capture)
{
    dup2(capture->before, STDERR_FILENO);
    close(capture->before);
    ssize_t size =
        pread(capture->file, capture->text, sizeof capture->text - 1, 0);
    capture->text[size < 0 ? 0 : size] = '\0';
    close(capture->file);
}

static int count_lines(const char *text)
{
    int lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void test_log_time_is_rfc_3339_with_milliseconds(void **state)
{
    (void)state;
    char text[LOG_TIME_TEXT];
    log_time_text(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    log_time_text(text, 1795715607042); /* date -u -d @1795715607 */
    assert_string_equal(text, "2026-11-26T17:53:27.042Z");
    log_time_text(text, 951782399999); /* a leap day's eve */
    assert_string_equal(text, "2000-02-28T23:59:59.999Z");
}

static void test_log_line_begins_with_its_time_and_hides_nothing(void **state)
{
    (void)state;
    static struct capture capture;
    int year, millisecond, end = 0;
    capture_begin(&capture);
    log_event(LOG_WARN, "test", "hidden", "name=%s",
        "a\xe2\x80\xae"
        "b\n\x1b");
    capture_end(&capture);
    assert_int_equal(
        sscanf(capture.text, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ %n", &year,
            &millisecond, &end),
        2);
    assert_int_equal(end, LOG_TIME_TEXT);
    assert_string_equal(
        capture.text + end, "warn test hidden name=a\\u202Eb\\x0A\\x1B\n");
}

static void test_log_of_a_thousand_alike_is_short_and_counts_them(void **state)
{
    (void)state;
    static struct capture capture;
    capture_begin(&capture);
    for (int i = 0; i < LOG_LINES_A_MINUTE + 812; i++)
        log_event(LOG_ERROR, "test", "flood", "n=%d", i);
    log_settle(0);
    log_settle(1);
    log_settle(1);
    capture_end(&capture);
    assert_int_equal(count_lines(capture.text), LOG_LINES_A_MINUTE + 1);
    assert_non_null(
        strstr(capture.text, " error test flood and 812 more like it\n"));
}

static void test_log_at_debug_leaves_nothing_out(void **state)
{
    (void)state;
    static struct capture capture;
    capture_begin(&capture);
    log_set_level(LOG_DEBUG);
    for (int i = 0; i < 200; i++)
        log_event(LOG_DEBUG, "test", "detail", NULL);
    log_set_level(LOG_INFO);
    log_event(LOG_DEBUG, "test", "detail", NULL);
    capture_end(&capture);
    assert_int_equal(count_lines(capture.text), 200);
}

static void test_log_line_too_long_is_cut(void **state)
{
    (void)state;
    static struct capture capture;
    static char text[5000];
    memset(text, '\x1b', sizeof text - 1);
    capture_begin(&capture);
    log_event(LOG_WARN, "test", "long", "text=%s", text);
    capture_end(&capture);
    assert_int_equal(count_lines(capture.text), 1);
    assert_true(strlen(capture.text) < 4200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_writes_sixty_of_a_kind_and_counts_the_rest),
        cmocka_unit_test(
            test_limit_begins_again_each_minute_and_forgets_no_count),
        cmocka_unit_test(
            test_limit_with_more_kinds_than_places_limits_them_together),
        cmocka_unit_test(test_limit_of_long_names_is_one_kind),
        cmocka_unit_test(test_log_time_is_rfc_3339_with_milliseconds),
        cmocka_unit_test(test_log_line_begins_with_its_time_and_hides_nothing),
        cmocka_unit_test(test_log_of_a_thousand_alike_is_short_and_counts_them),
        cmocka_unit_test(test_log_at_debug_leaves_nothing_out),
        cmocka_unit_test(test_log_line_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
