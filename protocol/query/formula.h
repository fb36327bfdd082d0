/*
 * formula: a model in R's formula language, checked against the dictionary:
 *     lvedvi ~ ao_regurg_frac * sex + I(age^2) + log(bnp) + ns(bmi, 3)
 *     Surv(start, stop, death) ~ age + strata(center)
 *
 * Grammar ("^" binds tightest, then ":", "*", and "+" with "-"):
 *     formula   := [response] "~" sum
 *     response  := "Surv(" name "," [name ","] name ")" | expression
 *     sum       := ["-"] product (("+" | "-") product)*
 *     product   := cross ("*" cross)*
 *     cross     := power (":" power)*
 *     power     := primary ["^" whole number]
 *     primary   := "0" | "1" | "(" sum ")" | "(" "1" "|" "center" ")" | atom
 *     atom      := name | "factor(" name ")" | "I(" expression ")"
 *                | function "(" expression ")" | "ns(" name "," ["df ="] n ")"
 *                | "I(" name (">=" | ">" | "<" | "<=") number ")"
 *                | "strata(" name ("," name)* ")" | "offset(" expression ")"
 *     name      := a variable | a vector's element, "shape[3]"
 * An expression is arithmetic (+ - * / ^, parentheses, log log2 log10 log1p
 * sqrt) over numbers, of the forms that formula_form.h says. Its value is
 * missing where a variable is, and where it is not finite. Neither it nor a
 * product of a term has a total degree above FORMULA_DEGREE_MAX.
 *
 * Terms stand in R's order: main effects first, then interactions by how many
 * variables they have, each in the order written. Categories and booleans are
 * levels, the dictionary's first is the reference. factor(v) of a whole number
 * has a level for each value of its range. I(age >= 65) has the levels FALSE
 * and TRUE, and is cut at an edge of its number (edges.h). `center` alone is a
 * factor of the centers that answer, in the order of the session's header; the
 * first is the reference. ns() is R's natural cubic spline with the
 * dictionary's min and max as boundary knots, since quantiles of pooled data
 * are not known before the question is asked, and df - 1 inner knots: of the
 * dictionary's K "knots" those at places i (K + 1) / df, rounded, so that
 * deciles give for df = 2 their fifth and for df = 5 every second. A variable
 * without knots takes df = 1 alone: knots that nobody chose could lie where
 * there are no values, and a column would be empty.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_FORMULA_H
#define COHORTIUM_PROTOCOL_QUERY_FORMULA_H

#include "protocol/query/expression.h"
#include "protocol/wire/keys.h"

#define FORMULA_TEXT_MAX 4096
#define FORMULA_ATOMS_MAX 60
#define FORMULA_TERMS_MAX 128
#define FORMULA_STRATA_MAX 8
#define FORMULA_DF_MAX 12

enum atom_kind {
    ATOM_NUMBER, /* one number a row: steps */
    ATOM_LEVELS, /* a category or boolean, factor() of a whole number, or the
                    centers */
    ATOM_CUT,    /* I(x >= edge): the levels FALSE and TRUE */
    ATOM_SPLINE  /* ns() */
};

/* In place of a LEVELS' variable: a row's level is its center's place in the
 * session. */
#define FORMULA_CENTER DICTIONARY_COLUMNS_MAX

/* The centers that answer, in the order of the session's header. */
struct center_list {
    size_t count;
    char (*names)[NAME_MAX_BYTES + 1]; /* borrowed */
};

struct formula_atom {
    enum atom_kind kind;
    const char *name; /* as R deparses it: "age", "I(age^2)", "ns(bmi, 3)" */
    size_t variable;  /* LEVELS, CUT, SPLINE, and NUMBER that is a plain name */
    bool plain;       /* a name and nothing else */
    struct expression expression; /* NUMBER */
    double degree;                /* NUMBER, SPLINE: 1 of x, 2 of x * y */
    size_t level_count;           /* LEVELS, CUT */
    int32_t first_level;          /* LEVELS: the code of level 0; CUT: the first
                                     code above it */
    bool below;                   /* CUT: TRUE is what is below */
    const char **centers;         /* FORMULA_CENTER: their names */
    size_t df;                    /* SPLINE */
};

struct formula_term {
    uint64_t atoms; /* bit i: formula->atoms[i] */
    size_t order;   /* number of bits */
};

enum response_kind {
    RESPONSE_NONE,
    RESPONSE_NUMBER, /* response.kind is NUMBER */
    RESPONSE_LEVELS, /* a category or boolean: response.kind is LEVELS */
    RESPONSE_SURVIVAL
};

/* Surv(stop, event) or Surv(start, stop, event). Times are numbers or days,
 * event is a boolean, a category or a whole number (0: censored). */
struct formula_survival {
    bool has_start;
    size_t start, stop, event;
};

struct formula {
    enum response_kind response_kind;
    struct formula_atom response;
    struct formula_survival survival;
    bool intercept;
    size_t atom_count; /* of the right side, in order of appearance */
    const struct formula_atom *atoms;
    size_t term_count;
    const struct formula_term *terms;
    bool strata_center; /* strata(center) */
    bool random_center; /* (1 | center) */
    bool center_term;   /* center is a term, or in one */
    size_t strata_count;
    size_t strata[FORMULA_STRATA_MAX]; /* categories or booleans */
    bool has_offset;
    struct formula_atom offset; /* NUMBER */
    void *storage;              /* private */
};

/* centers: NULL where they are not known yet; then `center` stands for two
 * without names. STATUS_MALFORMED (syntax, a kind of variable that does not fit
 * there), STATUS_UNKNOWN_NAME (the message names the nearest),
 * STATUS_LIMIT_REACHED, STATUS_TOO_FEW_CENTERS (`center` with one alone). */
enum status formula_parse(struct formula **out, const char *text,
    const struct dictionary *dictionary, const struct center_list *centers,
    struct formula_error *error);
void formula_destroy(struct formula *formula);
/* Every variable that the formula reads, response and strata too (may
 * repeat). */
void formula_visit_variables(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg);
/* The same of the response alone, and of all but the response. */
void formula_visit_left(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg);
void formula_visit_right(const struct formula *formula,
    void (*visit)(void *arg, size_t variable), void *arg);
/* The value of a NUMBER for codes[variable]; NaN when missing. */
double formula_atom_value(const struct formula_atom *atom,
    const struct dictionary *dictionary, const int32_t *codes);
/* A bound on |value|, as expression_bound. */
double formula_atom_bound(
    const struct formula_atom *atom, const struct dictionary *dictionary);
/* LEVELS or CUT. */
static inline bool formula_has_levels(const struct formula_atom *atom)
{
    return atom->kind == ATOM_LEVELS || atom->kind == ATOM_CUT;
}
/* The codes of a level, of centers their places. */
struct level_codes {
    int32_t first, last;
};
struct level_codes formula_level_codes(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level);
/* The name of a column of a LEVELS or CUT atom: "sexM", "I(age >= 65)TRUE".
 * Text of level `level`, as in variable_level_code. */
void formula_level_text(const struct formula_atom *atom,
    const struct dictionary *dictionary, size_t level, char *out,
    size_t capacity);

#endif
