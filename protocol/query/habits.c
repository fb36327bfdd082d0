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
    "a formula compares nothing; a cohort does, and so does a derived variable"
#define MISSING                                                                \
    "what is not there is asked for by 'NAME is missing' or 'NAME is not "     \
    "missing'"

struct habit {
    int places;
    const char *sign;
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
    {HABIT_COHORT, "=~", NULL, PATTERNS},
    {HABIT_COHORT, "!~", NULL, PATTERNS},
    {HABIT_COHORT, "~", NULL, PATTERNS},
    {HABIT_COHORT, "&&", "and", NULL},
    {HABIT_COHORT, "&", "and", NULL},
    {HABIT_COHORT, "||", "or", NULL},
    {HABIT_COHORT, "|", "or", NULL},
    {HABIT_COHORT, "\u00AC", "not", NULL},
    {HABIT_COHORT, "\u2227", "and", NULL},
    {HABIT_COHORT, "\u2228", "or", NULL},
    {HABIT_COHORT, "\u2208", "in", NULL},
    {HABIT_COHORT, "\u2209", "not in", NULL},
    {HABIT_COHORT, "\u2265", ">=", NULL},
    {HABIT_COHORT, "\u2A7E", ">=", NULL},
    {HABIT_COHORT, "\u2264", "<=", NULL},
    {HABIT_COHORT, "\u2A7D", "<=", NULL},
    {HABIT_COHORT, "\u2260", "!=", NULL},
    {HABIT_COHORT, "%in%", "in", NULL},
    {HABIT_COHORT, "%nin%", "not in", NULL},
    {HABIT_COHORT, "%notin%", "not in", NULL},
    {HABIT_COHORT, "%like%", NULL, PATTERNS},
    {HABIT_COHORT, "--", NULL, COMMENT},
    {HABIT_COHORT, "/*", NULL, COMMENT},
    {HABIT_COHORT, "//", NULL, COMMENT},
    {HABIT_COHORT, "*", NULL, "no arithmetic here; a derived variable has it"},
    {HABIT_COHORT, "/", NULL, "no arithmetic here; a derived variable has it"},
    {HABIT_COHORT, "[", NULL, "a list is written in (1, 2)"},
    {HABIT_COHORT, "{", NULL, "a list is written in (1, 2)"},
    {HABIT_FORMULA, "**", NULL, "a square is written I(x^2)"},
    {HABIT_FORMULA, "%in%", ":", NULL},
    {HABIT_FORMULA, "==", NULL, COMPARED},
    {HABIT_FORMULA, "!=", NULL, COMPARED},
    {HABIT_FORMULA, "<", NULL, COMPARED},
    {HABIT_FORMULA, ">", NULL, COMPARED},
    {HABIT_FORMULA, "&", NULL, COMPARED},
    {HABIT_FORMULA, "\u2265", NULL, COMPARED},
    {HABIT_FORMULA, "\u2264", NULL, COMPARED},
    {HABIT_FORMULA, "'", NULL, "a name stands without quotes"},
    {HABIT_FORMULA, "\"", NULL, "a name stands without quotes"},
    {HABIT_FORMULA, "\u00D7", "*", NULL},
    {HABIT_FORMULA, "\u00B2", NULL, "a square is written I(x^2)"},
    {HABIT_FORMULA, "\u223C", "~", NULL},
    {BOTH, "#", NULL, COMMENT},
    {BOTH, ";", NULL, "leave out the ';'"},
    {BOTH, "$", NULL, "a variable's name stands alone, without '$'"},
    {BOTH, "`", NULL, "a name stands without quotes"},
    {BOTH, "\u00B4", NULL, STRAIGHT},
    {BOTH, "\u2018", NULL, STRAIGHT},
    {BOTH, "\u2019", NULL, STRAIGHT},
    {BOTH, "\u201A", NULL, STRAIGHT},
    {BOTH, "\u201B", NULL, STRAIGHT},
    {BOTH, "\u201C", NULL, STRAIGHT},
    {BOTH, "\u201D", NULL, STRAIGHT},
    {BOTH, "\u201E", NULL, STRAIGHT},
    {BOTH, "\u201F", NULL, STRAIGHT},
    {BOTH, "\u2032", NULL, STRAIGHT},
    {BOTH, "\u2033", NULL, STRAIGHT},
    {BOTH, "\u00AB", NULL, STRAIGHT},
    {BOTH, "\u00BB", NULL, STRAIGHT},
    {BOTH, "\u2039", NULL, STRAIGHT},
    {BOTH, "\u203A", NULL, STRAIGHT},
    {BOTH, "\u2010", "-", NULL},
    {BOTH, "\u2011", "-", NULL},
    {BOTH, "\u2012", "-", NULL},
    {BOTH, "\u2013", "-", NULL},
    {BOTH, "\u2014", "-", NULL},
    {BOTH, "\u2212", "-", NULL},
    {BOTH, "\u00A0", NULL, BLANK},
    {BOTH, "\u2007", NULL, BLANK},
    {BOTH, "\u2009", NULL, BLANK},
    {BOTH, "\u202F", NULL, BLANK},
    {BOTH, "\u3000", NULL, BLANK},
    {BOTH, "\u00AD", NULL, INVISIBLE},
    {BOTH, "\u200B", NULL, INVISIBLE},
    {BOTH, "\u200C", NULL, INVISIBLE},
    {BOTH, "\u200D", NULL, INVISIBLE},
    {BOTH, "\u200E", NULL, INVISIBLE},
    {BOTH, "\u200F", NULL, INVISIBLE},
    {BOTH, "\u2060", NULL, INVISIBLE},
    {BOTH, "\uFEFF", NULL, INVISIBLE},
};

/* In either case; all of a cohort. */
static const struct habit words[] = {
    {HABIT_COHORT, "null", NULL, MISSING},
    {HABIT_COHORT, "na", NULL, MISSING},
    {HABIT_COHORT, "nan", NULL, MISSING},
    {HABIT_COHORT, "nil", NULL, MISSING},
    {HABIT_COHORT, "none", NULL, MISSING},
    {HABIT_COHORT, "missing", NULL, MISSING},
    {HABIT_COHORT, "like", NULL, PATTERNS},
    {HABIT_COHORT, "ilike", NULL, PATTERNS},
    {HABIT_COHORT, "rlike", NULL, PATTERNS},
    {HABIT_COHORT, "regexp", NULL, PATTERNS},
    {HABIT_COHORT, "similar", NULL, PATTERNS},
    {HABIT_COHORT, "contains", NULL, PATTERNS},
    {HABIT_COHORT, "startswith", NULL, PATTERNS},
    {HABIT_COHORT, "grepl", NULL, PATTERNS},
    {HABIT_COHORT, "where", NULL, "a cohort is the condition alone"},
    {HABIT_COHORT, "select", NULL, "a cohort is the condition alone"},
    {HABIT_COHORT, "filter", NULL, "a cohort is the condition alone"},
    {HABIT_COHORT, "subset", NULL, "a cohort is the condition alone"},
    {HABIT_COHORT, "xor", NULL, "write (a and not b) or (b and not a)"},
    {HABIT_COHORT, "true", NULL,
        "true and false are values of booleans; for everybody leave the cohort "
        "out"},
    {HABIT_COHORT, "between", NULL, "write x between 40 and 60"},
    {HABIT_COHORT, "center", NULL,
        "which centers are asked the study says, not the cohort"},
    {HABIT_COHORT, "c", NULL, "a list is written in (1, 2)"},
};

static const struct habit *find_sign(enum habit_place place, const char *at)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const size_t size = strlen(signs[i].sign);
        if ((signs[i].places & (int)place) != 0 &&
            strncasecmp(at, signs[i].sign, size) == 0)
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
    const struct habit *found = find_sign(place, at);
    if (found != NULL)
        return strlen(found->sign);
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
        if (strlen(words[i].sign) != size ||
            strncasecmp(words[i].sign, at, size) != 0)
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
    const struct habit *found = find_sign(place, at);
    if (found != NULL && found->instead != NULL)
        snprintf(out, HABIT_TEXT_MAX, "write '%s' for '%s'", found->instead,
            found->sign);
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
