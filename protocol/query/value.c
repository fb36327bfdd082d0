#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/query/dictionary.h"

static bool text_is(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static bool text_equals(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

/* "0" means missing also where a file says "0.0". */
static bool is_missing(
    const struct variable *variable, const char *text, size_t size)
{
    if (size == 0 || text_equals(text, size, "NA"))
        return true;
    struct decimal value, code;
    bool number = variable->missing_count > 0 &&
                  decimal_parse(&value, text, size) == STATUS_OK;
    for (size_t i = 0; i < variable->missing_count; i++) {
        const char *missing = variable->missing[i];
        if (text_equals(text, size, missing))
            return true;
        if (number &&
            decimal_parse(&code, missing, strlen(missing)) == STATUS_OK &&
            code.mantissa == value.mantissa && code.exponent == value.exponent)
            return true;
    }
    return false;
}

static enum value_verdict read_boolean(
    const char *text, size_t size, int32_t *code)
{
    struct decimal value;
    if (text_is(text, size, "true") || text_is(text, size, "yes"))
        *code = 1;
    else if (text_is(text, size, "false") || text_is(text, size, "no"))
        *code = 0;
    else if (decimal_parse(&value, text, size) == STATUS_OK &&
             value.exponent == 0 &&
             (value.mantissa == 0 || value.mantissa == 1))
        *code = (int32_t)value.mantissa;
    else
        return VALUE_UNKNOWN_CATEGORY;
    return VALUE_ACCEPTED;
}

/* A category by its code, its label, or its code written as another decimal
 * ("1.0" for "1"), in this order. */
static enum value_verdict read_category(const struct variable *variable,
    const char *text, size_t size, int32_t *code)
{
    for (size_t i = 0; i < variable->category_count; i++) {
        *code = (int32_t)i;
        if (text_equals(text, size, variable->categories[i].code) ||
            text_equals(text, size, variable->categories[i].label))
            return VALUE_ACCEPTED;
    }
    struct decimal value, known;
    bool number = decimal_parse(&value, text, size) == STATUS_OK;
    for (size_t i = 0; number && i < variable->category_count; i++) {
        const char *text_code = variable->categories[i].code;
        *code = (int32_t)i;
        if (decimal_parse(&known, text_code, strlen(text_code)) == STATUS_OK &&
            known.mantissa == value.mantissa &&
            known.exponent == value.exponent)
            return VALUE_ACCEPTED;
    }
    *code = VALUE_MISSING;
    return VALUE_UNKNOWN_CATEGORY;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_year(int year)
{
    return is_leap(year) ? 366 : 365;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static bool read_digits(const char *text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = 10 * *out + (text[i] - '0');
    }
    return true;
}

/* ISO 8601: YYYY-MM-DD, and what follows a 'T' or a blank, the time of the
 * day, is left out. VALUE_NOT_NUMBER: it is no date. */
static enum value_verdict read_date(
    const char *text, size_t size, int32_t *code)
{
    int year, month, day;
    if (size < 10 || (size > 10 && text[10] != 'T' && text[10] != ' ') ||
        text[4] != '-' || text[7] != '-' || !read_digits(text, 4, &year) ||
        !read_digits(text + 5, 2, &month) || !read_digits(text + 8, 2, &day) ||
        month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return VALUE_NOT_NUMBER;
    if (year < DATE_YEAR_MIN || year > DATE_YEAR_MAX)
        return VALUE_OUT_OF_RANGE;
    *code = VALUE_DATED + day - 1;
    for (int y = DATE_YEAR_MIN; y < year; y++)
        *code += days_of_year(y);
    for (int m = 1; m < month; m++)
        *code += days_of_month(year, m);
    return VALUE_ACCEPTED;
}

int32_t variable_date_year(int32_t code)
{
    int32_t left = code - VALUE_DATED, year = DATE_YEAR_MIN;
    while (left >= days_of_year(year))
        left -= days_of_year(year++);
    return year;
}

static enum value_verdict read_number(const struct variable *variable,
    const char *text, size_t size, int32_t *code)
{
    struct decimal value;
    bool exact;
    enum status status = decimal_parse(&value, text, size);
    if (status == STATUS_MALFORMED)
        return variable->takes_dates ? read_date(text, size, code)
                                     : VALUE_NOT_NUMBER;
    if (status != STATUS_OK ||
        decimal_divide(code, &exact, value, variable->resolution) !=
            STATUS_OK ||
        *code < variable->min || *code > variable->max)
        return VALUE_OUT_OF_RANGE;
    return exact ? VALUE_ACCEPTED : VALUE_ROUNDED;
}

static bool is_gap(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The number at *at, and what stands between it and the next; false at the end.
 * Two ';' have an empty one between them. */
static bool next_number(struct view text, size_t *at, struct view *number)
{
    size_t start = *at, end;
    while (start < text.size && is_gap(text.data[start]))
        start++;
    for (end = start;
         end < text.size && !is_gap(text.data[end]) && text.data[end] != ';';
         end++) {
    }
    *number = (struct view){text.data + start, end - start};
    *at = end;
    while (*at < text.size && is_gap(text.data[*at]))
        (*at)++;
    if (*at < text.size && text.data[*at] == ';')
        (*at)++;
    else if (end == start)
        return false;
    return true;
}

/* All of them; the first that is none stops it. */
static enum value_verdict read_elements(const struct variable *first,
    size_t length, struct view text, int32_t *codes, size_t *element,
    struct view *bad)
{
    enum value_verdict verdict = VALUE_ACCEPTED;
    size_t at = 0;
    *element = 0;
    while (next_number(text, &at, bad)) {
        int32_t code = VALUE_MISSING;
        const enum value_verdict one =
            read_number(first, (const char *)bad->data, bad->size, &code);
        if (++*element <= length)
            codes[*element - 1] = code;
        if (one > VALUE_IS_MISSING)
            return one;
        verdict = one == VALUE_ROUNDED ? one : verdict;
    }
    return *element == length ? verdict : VALUE_WRONG_LENGTH;
}

enum value_verdict variable_read_vector(const struct dictionary *dictionary,
    size_t vector, struct view text, int32_t *codes, size_t *element,
    struct view *bad)
{
    const struct variable *of = &dictionary->variables[vector];
    enum value_verdict verdict = VALUE_IS_MISSING;
    *element = 0;
    *bad = text;
    if (!is_missing(of, (const char *)text.data, text.size))
        verdict = read_elements(&dictionary->variables[of->first_element],
            of->length, text, codes, element, bad);
    if (verdict == VALUE_WRONG_LENGTH)
        *bad = text;
    for (size_t k = 0; verdict >= VALUE_IS_MISSING && k < of->length; k++)
        codes[k] = VALUE_MISSING;
    return verdict;
}

enum value_verdict variable_read_value(const struct variable *variable,
    const char *text, size_t size, int32_t *code)
{
    enum value_verdict verdict;
    *code = VALUE_MISSING;
    if (is_missing(variable, text, size))
        return VALUE_IS_MISSING;
    switch (variable->type) {
    case VARIABLE_BOOLEAN: verdict = read_boolean(text, size, code); break;
    case VARIABLE_CATEGORY:
        verdict = read_category(variable, text, size, code);
        break;
    case VARIABLE_VECTOR: verdict = VALUE_NOT_NUMBER; break;
    default: verdict = read_number(variable, text, size, code);
    }
    if (verdict != VALUE_ACCEPTED && verdict != VALUE_ROUNDED)
        *code = VALUE_MISSING;
    return verdict;
}

void variable_value_text(
    const struct variable *variable, int32_t code, char *out, size_t capacity)
{
    char number[DECIMAL_TEXT];
    size_t levels = variable_level_count(variable);
    if (code == VALUE_MISSING) {
        snprintf(out, capacity, "NA");
    } else if (levels > 0) {
        snprintf(out, capacity, "%s",
            code >= 0 && (size_t)code < levels
                ? variable_level_code(variable, (size_t)code)
                : "?");
    } else {
        decimal_multiple_text(number, code, variable->resolution);
        snprintf(out, capacity, "%s", number);
    }
}

double variable_value(const struct variable *variable, int64_t code)
{
    return decimal_multiple(code, variable->resolution);
}

size_t variable_level_count(const struct variable *variable)
{
    if (variable->type == VARIABLE_CATEGORY)
        return variable->category_count;
    return variable->type == VARIABLE_BOOLEAN ? 2 : 0;
}

size_t variable_cell_count(const struct variable *variable)
{
    const int64_t values = (int64_t)variable->max - variable->min + 1;
    if (variable->type != VARIABLE_INTEGER)
        return variable_level_count(variable);
    return values > 0 && values <= VARIABLE_CELLS_MAX ? (size_t)values : 0;
}

const char *variable_no_cells(const struct variable *variable)
{
    return variable->type == VARIABLE_INTEGER
               ? "has more than 128 values between the dictionary's min and max; "
                 "take histogram, or a derived category"
               : "is a number; this takes a category, a boolean or an integer "
                 "of few values";
}

const char *variable_level_code(const struct variable *variable, size_t level)
{
    if (variable->type == VARIABLE_BOOLEAN)
        return level == 0 ? "false" : "true";
    return variable->categories[level].code;
}
