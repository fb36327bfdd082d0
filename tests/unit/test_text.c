#include "protocol/wire/text.h"
#include "tests/unit/test.h"

static void assert_shown(const char *text, const char *expected)
{
    char out[256];
    struct buffer whole;
    size_t size = text_show(out, sizeof out, view_of_text(text));
    assert_string_equal(out, expected);
    assert_int_equal(size, strlen(expected));
    buffer_init(&whole, sizeof out);
    assert_int_equal(text_append_shown(&whole, view_of_text(text)), STATUS_OK);
    assert_string_equal(buffer_text(&whole), expected);
    buffer_fini(&whole);
    assert_int_equal(
        text_is_plain(view_of_text(text)), strcmp(text, expected) == 0);
}

static void test_text_show_leaves_what_people_write(void **state)
{
    (void)state;
    assert_shown("M\xc3\xbcller, \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80 "
                 "\xd8\xb9 \\x",
        "M\xc3\xbcller, \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80 \xd8\xb9 "
        "\\x");
}

static void test_text_show_escapes_controls(void **state)
{
    (void)state;
    assert_shown("a\x1b[2J\x7f\n\t", "a\\x1B[2J\\x7F\\x0A\\x09");
    assert_shown("a\xc2\x9b"
                 "2J",
        "a\\u009B2J");
    assert_shown("\xc2\xa0", "\xc2\xa0"); /* a space, no control */
}

static void test_text_show_escapes_what_moves_or_hides_text(void **state)
{
    (void)state;
    assert_shown("a\xe2\x80\xae"
                 "b",
        "a\\u202Eb");                        /* override */
    assert_shown("\xe2\x81\xa6", "\\u2066"); /* isolate */
    assert_shown("ad\xe2\x80\x8b"
                 "a",
        "ad\\u200Ba"); /* zero width */
    assert_shown("ad\xe2\x80\x8d"
                 "a",
        "ad\\u200Da"); /* joiner */
    assert_shown("\xef\xbb\xbf"
                 "a",
        "\\uFEFFa"); /* byte order mark */
    assert_shown("a\xc2\xad"
                 "b",
        "a\\u00ADb");                                /* soft hyphen */
    assert_shown("\xe2\x80\xa8", "\\u2028");         /* line separator */
    assert_shown("\xd8\x9c", "\\u061C");             /* Arabic mark */
    assert_shown("\xf3\xa0\x81\x81", "\\U000E0041"); /* a tag */
    assert_shown("\xef\xbf\xbe", "\\uFFFE");         /* no character */
    assert_shown("\xef\xb7\x90", "\\uFDD0");
    assert_shown("\xf0\x9f\xbf\xbf", "\\U0001FFFF");
    assert_shown("\xef\xbf\xbd", "\xef\xbf\xbd"); /* for one not known */
}

static void test_text_show_escapes_what_is_no_utf8(void **state)
{
    (void)state;
    assert_shown("\xff", "\\xFF");
    assert_shown("\x9b"
                 "2J",
        "\\x9B2J");                                           /* a raw CSI */
    assert_shown("\xc0\x9b", "\\xC0\\x9B");                   /* overlong */
    assert_shown("\xed\xa0\x80", "\\xED\\xA0\\x80");          /* surrogate */
    assert_shown("a\xe2\x80", "a\\xE2\\x80");                 /* cut short */
    assert_shown("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"); /* too large */
}

static void test_text_show_cuts_after_a_whole_character(void **state)
{
    (void)state;
    const char *text = "a\xe2\x80\xae\xc3\xbc\x1b";
    const char *shown = "a\\u202E\xc3\xbc\\x1B";
    for (size_t room = 1; room <= strlen(shown) + 1; room++) {
        char out[32];
        memset(out, '#', sizeof out);
        size_t size = text_show(out, room, view_of_text(text));
        assert_true(size < room);
        assert_int_equal(out[size], '\0');
        assert_int_equal(out[room], '#');
        assert_memory_equal(out, shown, size);
        assert_true(size == 0 || size == 1 || size == 7 || size == 9 ||
                    size == strlen(shown));
    }
}

/* Every code point comes out plain or as ASCII, and twice is as once. */
static void test_text_show_of_every_code_point_is_plain(void **state)
{
    (void)state;
    for (uint32_t point = 1; point <= 0x10ffff; point++) {
        uint8_t bytes[4] = {(uint8_t)point};
        size_t size = 1;
        char once[TEXT_SHOWN_MAX * 4 + 1];
        if (point >= 0x80) {
            size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
            for (size_t i = 0; i < size; i++) {
                uint32_t bits = point >> (6 * (size - 1 - i));
                bytes[i] = (uint8_t)(i == 0 ? heads[size] | bits
                                            : 0x80 | (bits & 0x3f));
            }
        }
        struct view text = {bytes, size};
        size_t shown = text_show(once, sizeof once, text);
        assert_true(shown <= TEXT_SHOWN_FACTOR * size);
        assert_true(text_is_plain((struct view){(uint8_t *)once, shown}));
        assert_int_equal(text_is_plain(text),
            shown == size && memcmp(once, bytes, size) == 0);
    }
}

static char *print_with(
    void (*print)(FILE *out, struct view text), const char *text)
{
    char *printed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    print(out, view_of_text(text));
    fclose(out);
    return printed;
}

static void test_text_lines_keep_their_ends_and_nothing_else(void **state)
{
    (void)state;
    const char *text = "a\r\nb\rc\n\td\n\xe2\x80\xae";
    struct buffer lines;
    buffer_init(&lines, 256);
    assert_int_equal(text_append_lines(&lines, view_of_text(text)), STATUS_OK);
    assert_string_equal(buffer_text(&lines), "a\r\nb\\x0Dc\n\\x09d\n\\u202E");
    buffer_fini(&lines);
    char *printed = print_with(text_print_lines, text);
    assert_string_equal(printed, "a\\x0D\nb\\x0Dc\n\\x09d\n\\u202E");
    free(printed);
}

static void test_text_json_stays_the_same_value(void **state)
{
    (void)state;
    char *printed = print_with(text_print_json,
        "{\n\"a\": \"\xc3\xbc\xe2\x80\xae\xf3\xa0\x81\x81\x7f\"}");
    assert_string_equal(
        printed, "{\n\"a\": \"\xc3\xbc\\u202e\\udb40\\udc41\\u007f\"}");
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_show_leaves_what_people_write),
        cmocka_unit_test(test_text_show_escapes_controls),
        cmocka_unit_test(test_text_show_escapes_what_moves_or_hides_text),
        cmocka_unit_test(test_text_show_escapes_what_is_no_utf8),
        cmocka_unit_test(test_text_show_cuts_after_a_whole_character),
        cmocka_unit_test(test_text_show_of_every_code_point_is_plain),
        cmocka_unit_test(test_text_lines_keep_their_ends_and_nothing_else),
        cmocka_unit_test(test_text_json_stays_the_same_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
