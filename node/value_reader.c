#include "node/value_reader.h"

#include <string.h>

#define DIGITS_FAST 9 /* fit an int32 */

static void learn_letters(struct value_reader *reader)
{
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '\0'};
        reader->letter_verdicts[c] = (uint8_t)variable_read_value(
            reader->variable, text, 1, &reader->letters[c]);
    }
}

/* Missing codes that are numbers on the resolution; the others are never met
 * by the fast way, because it reads numbers only. */
static bool learn_missing(struct value_reader *reader)
{
    const struct variable *variable = reader->variable;
    for (size_t i = 0; i < variable->missing_count; i++) {
        const char *text = variable->missing[i];
        struct decimal value;
        int32_t code;
        bool exact;
        if (decimal_parse(&value, text, strlen(text)) != STATUS_OK)
            continue;
        if (decimal_divide(&code, &exact, value, variable->resolution) !=
                STATUS_OK ||
            !exact || reader->missing_count == VALUE_READER_MISSING_MAX)
            return false;
        reader->missing[reader->missing_count++] = code;
    }
    return true;
}

void value_reader_init(
    struct value_reader *reader, const struct variable *variable)
{
    memset(reader, 0, sizeof *reader);
    reader->variable = variable;
    reader->decimals = -1;
    if (variable_level_count(variable) > 0) {
        reader->by_letter = true;
        learn_letters(reader);
    } else if (variable->type != VARIABLE_VECTOR &&
               variable->resolution.mantissa == 1 &&
               variable->resolution.exponent <= 0 &&
               variable->resolution.exponent >= -6 && learn_missing(reader)) {
        reader->decimals = -variable->resolution.exponent;
    }
}

/* [-]digits[.digits] with no more decimals than the resolution has, but for
 * zeros; false for every other text. */
static bool read_plain(const struct value_reader *reader, const char *text,
    size_t size, int32_t *code)
{
    const char *at = text, *end = text + size;
    bool negative = at < end && *at == '-';
    int32_t value = 0;
    int digits = 0, decimals = 0;
    at += negative;
    for (; at < end && *at >= '0' && *at <= '9'; at++, digits++)
        value = digits < DIGITS_FAST ? value * 10 + (*at - '0') : value;
    if (digits == 0)
        return false;
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            if (decimals == reader->decimals && *at != '0')
                return false;
            if (decimals == reader->decimals)
                continue;
            value = digits < DIGITS_FAST ? value * 10 + (*at - '0') : value;
            digits++;
            decimals++;
        }
    }
    for (; decimals < reader->decimals; decimals++, digits++)
        value = digits < DIGITS_FAST ? value * 10 : value;
    if (at != end || digits > DIGITS_FAST)
        return false;
    *code = negative ? -value : value;
    return true;
}

enum value_verdict value_reader_read(const struct value_reader *reader,
    const char *text, size_t size, int32_t *code)
{
    if (reader->by_letter && size == 1) {
        uint8_t letter = (uint8_t)text[0];
        *code = reader->letters[letter];
        return (enum value_verdict)reader->letter_verdicts[letter];
    }
    if (reader->decimals < 0 || !read_plain(reader, text, size, code))
        return variable_read_value(reader->variable, text, size, code);
    for (size_t i = 0; i < reader->missing_count; i++) {
        if (*code == reader->missing[i]) {
            *code = VALUE_MISSING;
            return VALUE_IS_MISSING;
        }
    }
    if (*code >= reader->variable->min && *code <= reader->variable->max)
        return VALUE_ACCEPTED;
    *code = VALUE_MISSING;
    return VALUE_OUT_OF_RANGE;
}
