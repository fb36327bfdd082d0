/* Work in a process of its own: what it gives back, and how it ends. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wire/child.h"
#include "tests/unit/test.h"

#define LONG_MS 60000 /* it is there far earlier */

static int changed;

static enum status say(void *arg, struct buffer *out)
{
    changed = 7;
    return buffer_append_text(out, arg);
}

static enum status say_much(void *arg, struct buffer *out)
{
    uint8_t *bytes;
    enum status status = buffer_extend(out, &bytes, *(size_t *)arg);
    if (status == STATUS_OK)
        memset(bytes, 5, *(size_t *)arg);
    return status;
}

static enum status refuse(void *arg, struct buffer *out)
{
    (void)arg;
    (void)out;
    return STATUS_OUT_OF_RANGE;
}

static enum status break_down(void *arg, struct buffer *out)
{
    (void)arg;
    (void)out;
    _Exit(3);
}

static enum status run_for_ever(void *arg, struct buffer *out)
{
    volatile int *turns = arg;
    (void)out;
    while (*turns >= 0)
        *turns = (*turns + 1) % 1000;
    return STATUS_OK;
}

static enum status end_of(enum status (*run)(void *arg, struct buffer *out),
    void *arg, int wait_ms, struct buffer *out)
{
    struct child *child;
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    assert_int_equal(child_start(&child, run, arg), STATUS_OK);
    struct pollfd over = {.fd = child_descriptor(child), .events = POLLIN};
    assert_int_equal(poll(&over, 1, wait_ms), wait_ms == LONG_MS);
    return child_end(child, out);
}

static void test_child_gives_back_bytes_and_changes_nothing(void **state)
{
    struct buffer out;
    char text[] = "figures";
    (void)state;
    assert_int_equal(end_of(say, text, LONG_MS, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), text);
    assert_int_equal(changed, 0);
    buffer_fini(&out);
}

static void test_child_gives_back_more_than_a_pipe_holds(void **state)
{
    struct buffer out;
    size_t size = 3000001;
    (void)state;
    assert_int_equal(end_of(say_much, &size, LONG_MS, &out), STATUS_OK);
    assert_int_equal(out.size, size);
    assert_int_equal(out.data[size - 1], 5);
    buffer_fini(&out);
}

static void test_child_returns_the_status_of_its_run(void **state)
{
    struct buffer out;
    (void)state;
    assert_int_equal(end_of(refuse, NULL, LONG_MS, &out), STATUS_OUT_OF_RANGE);
    buffer_fini(&out);
}

static void test_child_that_breaks_is_an_error_of_its_own(void **state)
{
    struct buffer out;
    (void)state;
    assert_int_equal(end_of(break_down, NULL, LONG_MS, &out), STATUS_INTERNAL);
    assert_int_equal(out.size, 0);
    buffer_fini(&out);
}

static void test_child_without_end_is_killed(void **state)
{
    struct buffer out;
    int turns = 0;
    (void)state;
    assert_int_equal(end_of(run_for_ever, &turns, 50, &out), STATUS_TIMED_OUT);
    buffer_fini(&out);
}

/* As a program inherits it from one that waits for none of its own. */
static void test_child_is_waited_for_where_none_was(void **state)
{
    struct buffer out;
    char text[] = "figures";
    (void)state;
    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    assert_int_equal(end_of(say, text, LONG_MS, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), text);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_gives_back_bytes_and_changes_nothing),
        cmocka_unit_test(test_child_gives_back_more_than_a_pipe_holds),
        cmocka_unit_test(test_child_returns_the_status_of_its_run),
        cmocka_unit_test(test_child_that_breaks_is_an_error_of_its_own),
        cmocka_unit_test(test_child_without_end_is_killed),
        cmocka_unit_test(test_child_is_waited_for_where_none_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
