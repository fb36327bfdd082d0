#include "protocol/wire/text.h"

#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at the start (RFC 3629), 0 when it is none. */
static size_t utf8_sequence(const uint8_t *at, size_t left)
{
    static const struct {
        uint8_t low, high, second_low, second_high, length;
    } forms[] = {{0x01, 0x7f, 0, 0, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t length = forms[i].length;
        if (at[0] < forms[i].low || at[0] > forms[i].high)
            continue;
        if (length > left)
            return 0;
        for (size_t k = 1; k < length; k++) {
            uint8_t low = k == 1 ? forms[i].second_low : 0x80;
            uint8_t high = k == 1 ? forms[i].second_high : 0xbf;
            if (at[k] < low || at[k] > high)
                return 0;
        }
        return length;
    }
    return 0;
}

bool utf8_valid(struct view text)
{
    for (size_t at = 0; at < text.size;) {
        size_t length = utf8_sequence(text.data + at, text.size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* A valid sequence of that length. */
static uint32_t code_point(const uint8_t *at, size_t length)
{
    static const uint8_t head_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = at[0] & head_bits[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | (at[i] & 0x3f);
    return point;
}

/* What a plain text has no place for, and XML none at all. */
static bool is_no_character(uint32_t point)
{
    return (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
}

static bool is_hidden(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f},
        {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return is_no_character(point);
}

/* The character at the start of a text that is not empty: its bytes, and
 * whether it is shown as it stands. A byte of no UTF-8 stands alone. */
static size_t take(struct view text, bool *plain)
{
    size_t length = utf8_sequence(text.data, text.size);
    *plain = length > 0 && !is_hidden(code_point(text.data, length));
    return length > 0 ? length : 1;
}

size_t text_plain_size(struct view text)
{
    size_t at = 0;
    while (at < text.size) {
        bool plain;
        size_t size =
            take((struct view){text.data + at, text.size - at}, &plain);
        if (!plain)
            break;
        at += size;
    }
    return at;
}

struct view text_past_mark(struct view text)
{
    const size_t mark =
        text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    return (struct view){text.data + mark, text.size - mark};
}

const char *text_foreign_mark(struct view text)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } marks[] = {{"\xEF\xBB\xBF", 3, "a byte order mark (BOM)"},
        {"\xFF\xFE\0\0", 4, "the form UTF-32"},
        {"\0\0\xFE\xFF", 4, "the form UTF-32"},
        {"\xFF\xFE", 2, "the form UTF-16"}, {"\xFE\xFF", 2, "the form UTF-16"}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (text.size >= marks[i].size &&
            memcmp(text.data, marks[i].bytes, marks[i].size) == 0)
            return marks[i].name;
    }
    if (text.size >= 4 && (text.data[0] == 0) != (text.data[1] == 0) &&
        (text.data[0] == 0) == (text.data[2] == 0) &&
        (text.data[1] == 0) == (text.data[3] == 0))
        return "the form UTF-16";
    return NULL;
}

bool text_is_plain(struct view text)
{
    return text_plain_size(text) == text.size;
}

/* The first character of a text that is not empty, as it is shown; *used: its
 * bytes. Returns how many bytes were written. */
static size_t show_one(
    char shown[TEXT_SHOWN_MAX + 1], size_t *used, struct view text)
{
    bool plain;
    *used = take(text, &plain);
    if (plain) {
        memcpy(shown, text.data, *used);
        return *used;
    }
    int size;
    if (text.data[0] < 0x80 || utf8_sequence(text.data, text.size) == 0) {
        size = snprintf(
            shown, TEXT_SHOWN_MAX + 1, "\\x%02X", (unsigned)text.data[0]);
    } else {
        const uint32_t point = code_point(text.data, *used);
        size = point > 0xffff
                   ? snprintf(shown, TEXT_SHOWN_MAX + 1, "\\U%08X", point)
                   : snprintf(shown, TEXT_SHOWN_MAX + 1, "\\u%04X", point);
    }
    return (size_t)size;
}

size_t text_show(char *out, size_t room, struct view text)
{
    size_t size = 0, used;
    for (size_t at = 0; at < text.size; at += used) {
        char shown[TEXT_SHOWN_MAX + 1];
        size_t more = show_one(
            shown, &used, (struct view){text.data + at, text.size - at});
        if (more >= room - size)
            break;
        memcpy(out + size, shown, more);
        size += more;
    }
    out[size] = '\0';
    return size;
}

enum status text_append_shown(struct buffer *out, struct view text)
{
    enum status status = STATUS_OK;
    size_t used;
    for (size_t at = 0; status == STATUS_OK && at < text.size; at += used) {
        char shown[TEXT_SHOWN_MAX + 1];
        size_t size = show_one(
            shown, &used, (struct view){text.data + at, text.size - at});
        status = buffer_append(out, shown, size);
    }
    return status;
}

/* An end of a line: how many bytes; 0 when it is none. */
static size_t line_end(struct view text)
{
    if (text.data[0] == '\n')
        return 1;
    return text.size > 1 && memcmp(text.data, "\r\n", 2) == 0 ? 2 : 0;
}

enum status text_append_lines(struct buffer *out, struct view text)
{
    enum status status = STATUS_OK;
    size_t used;
    for (size_t at = 0; status == STATUS_OK && at < text.size; at += used) {
        const struct view rest = {text.data + at, text.size - at};
        char shown[TEXT_SHOWN_MAX + 1];
        used = line_end(rest);
        if (used > 0)
            status = buffer_append(out, rest.data, used);
        else
            status = buffer_append(out, shown, show_one(shown, &used, rest));
    }
    return status;
}

void text_print_lines(FILE *out, struct view text)
{
    size_t used;
    for (size_t at = 0; at < text.size; at += used) {
        char shown[TEXT_SHOWN_MAX + 1] = "\n";
        size_t size = used = 1;
        if (text.data[at] != '\n')
            size = show_one(
                shown, &used, (struct view){text.data + at, text.size - at});
        fwrite(shown, 1, size, out);
    }
}

/* RFC 8259, 7: beyond the first plane two, as UTF-16 has them. */
static void print_json_escape(FILE *out, uint32_t point)
{
    if (point > 0xffff) {
        fprintf(out, "\\u%04x", 0xd800 + ((point - 0x10000) >> 10));
        point = 0xdc00 + (point & 0x3ff);
    }
    fprintf(out, "\\u%04x", point);
}

void text_print_json(FILE *out, struct view json)
{
    size_t used;
    for (size_t at = 0; at < json.size; at += used) {
        const struct view rest = {json.data + at, json.size - at};
        bool plain;
        used = take(rest, &plain);
        if (plain || rest.data[0] == '\n')
            fwrite(rest.data, 1, used, out);
        else
            print_json_escape(out, utf8_sequence(rest.data, rest.size) == used
                                       ? code_point(rest.data, used)
                                       : 0xfffd); /* no UTF-8, no JSON */
    }
}
