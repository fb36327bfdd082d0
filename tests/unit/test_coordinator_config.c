#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coordinator/config.h"

static enum status parse(
    const char *text, struct config *config, struct diagnostic *diagnostic)
{
    diagnostic_init(diagnostic, "coordinator.conf");
    return config_parse(config, view_of_text(text), diagnostic);
}

static void test_parse_of_an_empty_file_gives_defaults(void **state)
{
    struct config config;
    struct diagnostic diagnostic;
    (void)state;
    assert_int_equal(parse("", &config, &diagnostic), STATUS_OK);
    assert_int_equal(config.deadline_ms, 30000);
    assert_int_equal(config.heartbeat_ms, 20000);
    assert_int_equal(config.max_open_sessions, 64);
    assert_int_equal(config.log_level, LOG_INFO);
}

static void test_parse_reads_every_type(void **state)
{
    struct config config;
    struct diagnostic diagnostic;
    (void)state;
    assert_int_equal(parse("# office\n\n endpoint = tcp://127.0.0.1:* \r\n"
                           "deadline_ms=500 # short\nlog_level = debug",
                         &config, &diagnostic),
        STATUS_OK);
    assert_string_equal(config.endpoint, "tcp://127.0.0.1:*");
    assert_int_equal(config.deadline_ms, 500);
    assert_int_equal(config.log_level, LOG_DEBUG);
}

static void test_write_is_read_back_as_the_same(void **state)
{
    struct config config, again;
    struct diagnostic diagnostic;
    struct buffer text;
    (void)state;
    buffer_init(&text, 65536);
    config_default(&config);
    config.deadline_ms = 1234;
    config.log_level = LOG_WARN;
    assert_int_equal(config_write(&text, &config), STATUS_OK);
    assert_int_equal(parse(buffer_text(&text), &again, &diagnostic), STATUS_OK);
    assert_int_equal(again.deadline_ms, 1234);
    assert_int_equal(again.log_level, LOG_WARN);
    assert_string_equal(again.endpoint, config.endpoint);
    buffer_fini(&text);
}

static void refuse(const char *text, size_t line, const char *part)
{
    struct config config;
    struct diagnostic diagnostic;
    assert_int_not_equal(parse(text, &config, &diagnostic), STATUS_OK);
    assert_int_equal(diagnostic.line, line);
    assert_non_null(strstr(diagnostic.message, part));
}

static void test_parse_of_an_unknown_key_names_the_nearest(void **state)
{
    (void)state;
    refuse("\ndeadline = 5\nx", 2, "deadline");
    refuse("deadlin_ms = 500", 1, "did you mean 'deadline_ms'");
}

static void test_parse_refuses_what_is_wrong_with_its_line(void **state)
{
    (void)state;
    refuse("deadline_ms = 500\ndeadline_ms = 600", 2, "twice");
    refuse("deadline_ms = soon", 1, "from 100 to");
    refuse("deadline_ms = 99", 1, "from 100 to");
    refuse("deadline_ms = 99999999999999999999", 1, "from 100 to");
    refuse("deadline_ms = 500ms", 1, "500ms");
    refuse("max_waiting = 0", 1, "from 1 to"); /* each question waits once */
    refuse("log_level = loud", 1, "error, warn, info or debug");
    refuse("endpoint =", 1, "endpoint");
    refuse("just words", 1, "KEY = VALUE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_of_an_empty_file_gives_defaults),
        cmocka_unit_test(test_parse_reads_every_type),
        cmocka_unit_test(test_write_is_read_back_as_the_same),
        cmocka_unit_test(test_parse_of_an_unknown_key_names_the_nearest),
        cmocka_unit_test(test_parse_refuses_what_is_wrong_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
