#include "protocol/query/habits.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BOTH (HABIT_COHORT | HABIT_FORMULA)
#define PATTERNS "no patterns here; name the values: NAME in ('a', 'b')"
#define COMMENT "no comments here; take it out"
#define STRAIGHT                                                               \
    "a curly quote; type ' or \" around a value, none around a name"
#define INVISIBLE "an invisible character; take it out"
#define BLANK "a blank that is none, from a page or a word processor; type one"
#define COMPARED                                                               \
    "a formula compares nothing but a number with an edge, I(age >= 65); a "   \
    "cohort does, and so does a derived variable"
#define MISSING                                                                \
    "what is not there is asked for by 'NAME is missing' or 'NAME is not "     \
    "missing'"

struct habit {
    int places;
    const char *signs;   /* with a blank between them */
    const char *instead; /* "write 'instead' for 'sign'", or NULL: */
    const char *say;
};

/* A longer sign stands before one that it begins with. */
static const struct habit signs[] = {
    {HABIT_COHORT, "!==", "!=", NULL},
    {HABIT_COHORT, "===", "=", NULL},
    {HABIT_COHORT, "=<", "<=", NULL},
    {HABIT_COHORT, "=>", ">=", NULL},
    {HABIT_COHORT, "=!", "!=", NULL},
    {HABIT_COHORT, "=~ !~ ~", NULL, PATTERNS},
    {HABIT_COHORT, "&& &", "and", NULL},
    {HABIT_COHORT, "|| |", "or", NULL},
    {HABIT_COHORT, "\u00AC", "not", NULL},
    {HABIT_COHORT, "\u2227", "and", NULL},
    {HABIT_COHORT, "\u2228", "or", NULL},
    {HABIT_COHORT, "\u2208", "in", NULL},
    {HABIT_COHORT, "\u2209", "not in", NULL},
    {HABIT_COHORT, "\u2265 \u2A7E", ">=", NULL},
    {HABIT_COHORT, "\u2264 \u2A7D", "<=", NULL},
    {HABIT_COHORT, "\u2260", "!=", NULL},
    {HABIT_COHORT, "%in%", "in", NULL},
    {HABIT_COHORT, "%nin% %notin%", "not in", NULL},
    {HABIT_COHORT, "%like%", NULL, PATTERNS},
    {HABIT_COHORT, "-- /* //", NULL, COMMENT},
    {HABIT_COHORT, "* /", NULL,
        "no arithmetic here; a derived variable has it"},
    {HABIT_COHORT, "[ {", NULL, "a list is written in (1, 2)"},
    {HABIT_FORMULA, "**", NULL, "a square is written I(x^2)"},
    {HABIT_FORMULA, "%in%", ":", NULL},
    {HABIT_FORMULA, "== != < > & \u2265 \u2264", NULL, COMPARED},
    {HABIT_FORMULA, "' \"", NULL, "a name stands without quotes"},
    {HABIT_FORMULA, "\u00D7", "*", NULL},
    {HABIT_FORMULA, "\u00B2", NULL, "a square is written I(x^2)"},
    {HABIT_FORMULA, "\u223C", "~", NULL},
    {BOTH, "#", NULL, COMMENT},
    {BOTH, ";", NULL, "leave out the ';'"},
    {BOTH, "$", NULL, "a variable's name stands alone, without '$'"},
    {BOTH, "`", NULL, "a name stands without quotes"},
    {BOTH,
        "\u00B4 \u2018 \u2019 \u201A \u201B \u201C \u201D \u201E \u201F \u2032 \u2033 \u00AB \u00BB \u2039 \u203A",
        NULL, STRAIGHT},
    {BOTH, "\u2010 \u2011 \u2012 \u2013 \u2014 \u2212", "-", NULL},
    {BOTH, "\u00A0 \u2007 \u2009 \u202F \u3000", NULL, BLANK},
    {BOTH, "\u00AD \u200B \u200C \u200D \u200E \u200F \u2060 \uFEFF", NULL,
        INVISIBLE},
};

/* In either case; all of a cohort. */
static const struct habit words[] = {
    {HABIT_COHORT, "null na nan nil none missing", NULL, MISSING},
    {HABIT_COHORT, "like ilike rlike regexp similar contains startswith grepl",
        NULL, PATTERNS},
    {HABIT_COHORT, "where select filter subset", NULL,
        "a cohort is the condition alone"},
    {HABIT_COHORT, "xor", NULL, "write (a and not b) or (b and not a)"},
    {HABIT_COHORT, "true", NULL,
        "true and false are values of booleans; for everybody leave the cohort out"},
    {HABIT_COHORT, "between", NULL, "write x between 40 and 60"},
    {HABIT_COHORT, "center", NULL,
        "which centers are asked the study says, not the cohort"},
    {HABIT_COHORT, "c", NULL, "a list is written in (1, 2)"},
};

/* The length of the first of the signs that stands at `at`, which has so many
 * characters at least; 0: none does. */
static size_t match(const char *list, const char *at, size_t least)
{
    while (*list != '\0') {
        const size_t size = strcspn(list, " ");
        if (size >= least && strncasecmp(at, list, size) == 0)
            return size;
        list += size;
        list += *list == ' ';
    }
    return 0;
}

/* *size: of the sign that was found. */
static const struct habit *find_sign(
    enum habit_place place, const char *at, size_t *size)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if ((signs[i].places & (int)place) == 0)
            continue;
        *size = match(signs[i].signs, at, 1);
        if (*size > 0)
            return &signs[i];
    }
    return NULL;
}

/* "!" before anything that is no "=": R's not. */
static bool is_exclamation(enum habit_place place, const char *at)
{
    return place == HABIT_COHORT && at[0] == '!' && at[1] != '=';
}

size_t habit_sign(enum habit_place place, const char *at)
{
    size_t size;
    if (find_sign(place, at, &size) != NULL)
        return size;
    return is_exclamation(place, at) ? 1 : 0;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* is.na(x) and its like, in R, SQL and Python: the name in it. */
static const char *missing_call(const char *at, size_t *size)
{
    static const char *const calls[] = {"is.na(", "is.null(", "is.nan(",
        "is_null(", "isnull(", "isna(", "isnan(", "missing("};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const size_t length = strlen(calls[i]);
        if (strncasecmp(at, calls[i], length) != 0)
            continue;
        at += length;
        while (*at == ' ')
            at++;
        *size = 0;
        while (*size < 64 && is_name_character(at[*size]))
            (*size)++;
        return *size > 0 ? at : NULL;
    }
    return NULL;
}

static bool explain_missing_call(char *out, const char *at)
{
    const bool negated = *at == '!';
    size_t size;
    const char *name = missing_call(negated ? at + 1 : at, &size);
    if (name == NULL)
        return false;
    snprintf(out, HABIT_TEXT_MAX, "write '%.*s is %smissing'", (int)size, name,
        negated ? "not " : "");
    return true;
}

static bool explain_word(char *out, enum habit_place place, const char *at)
{
    size_t size = 0;
    while (is_name_character(at[size]))
        size++;
    if (size == 0 || place != HABIT_COHORT)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (match(words[i].signs, at, size) != size)
            continue;
        snprintf(
            out, HABIT_TEXT_MAX, "'%.*s': %s", (int)size, at, words[i].say);
        return true;
    }
    if (at[size] != '(')
        return false;
    snprintf(out, HABIT_TEXT_MAX,
        "a cohort has no functions, found '%.*s('; a derived variable has them",
        (int)(size < 64 ? size : 64), at);
    return true;
}

bool habit_explain(
    char out[HABIT_TEXT_MAX], enum habit_place place, const char *at)
{
    if (place == HABIT_COHORT && explain_missing_call(out, at))
        return true;
    size_t size;
    const struct habit *found = find_sign(place, at, &size);
    if (found != NULL && found->instead != NULL)
        snprintf(out, HABIT_TEXT_MAX, "write '%s' for '%.*s'", found->instead,
            (int)size, at);
    else if (found != NULL)
        snprintf(out, HABIT_TEXT_MAX, "%s", found->say);
    else if (is_exclamation(place, at))
        snprintf(out, HABIT_TEXT_MAX, "write 'not' for '!'");
    else
        return explain_word(out, place, at);
    return true;
}

const char *habit_function(const char *name)
{
    static const struct {
        const char *name, *say;
    } known[] = {
        {"C", "write factor(v)"},
        {"as.factor", "write factor(v)"},
        {"ordered", "write factor(v)"},
        {"s", "write ns(x, df) for a smooth curve"},
        {"te", "write ns(x, df) for a smooth curve"},
        {"bs", "write ns(x, df) for a spline"},
        {"rcs", "write ns(x, df) for a spline"},
        {"pspline", "write ns(x, df) for a spline"},
        {"poly", "write x + I(x^2), or ns(x, df)"},
        {"pow", "write I(x^2)"},
        {"ln", "write log(x)"},
        {"surv", "write Surv(time, event)"},
        {"scale", "write the name alone"},
        {"as.numeric", "write the name alone"},
        {"as.integer", "write the name alone"},
        {"relevel", "the dictionary's first category is the reference"},
        {"interaction", "write a:b"},
        {"cut", "a derived variable of the dictionary has classes"},
        {"ifelse", "a derived variable of the dictionary can say this"},
        {"cluster", "centers are told apart by strata(center)"},
        {"frailty", "centers are told apart by strata(center)"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0)
            return known[i].say;
    }
    return NULL;
}
