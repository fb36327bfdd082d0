/*
 * dictionary: the variables that all centers agree on.
 *
 * A value is stored and computed with as a 32-bit integer, its code: for
 * numbers and days the decimal value divided by the variable's resolution, for
 * a category its position in the list of categories (0 is the reference
 * level), for a boolean 0 or 1. Missing is VALUE_MISSING.
 *
 * A vector is a fixed number of numbers, all there or missing as a whole. Each
 * element is a variable as well, "shape[1]" to "shape[16]", behind those that
 * the file names. The vector's own code only says whether it is there: 0.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_DICTIONARY_H
#define COHORTIUM_PROTOCOL_QUERY_DICTIONARY_H

#include "protocol/query/decimal.h"
#include "protocol/query/document.h"
#include "protocol/wire/digest.h"

#define DICTIONARY_VARIABLES_MAX 1024
#define DICTIONARY_CATEGORIES_MAX 120 /* codes fit 8 bits */
#define DICTIONARY_ELEMENTS_MAX 8192  /* of all vectors */
#define DICTIONARY_COLUMNS_MAX                                                 \
    (DICTIONARY_VARIABLES_MAX + DICTIONARY_ELEMENTS_MAX)
#define VECTOR_LENGTH_MAX 4096
#define VARIABLE_NAME_MAX 63
#define VARIABLE_KNOTS_MAX 64
#define VARIABLE_EDGES_MAX 4096
#define VALUE_MISSING INT32_MIN
/* In the store only: a value came, was out of range, and counts as missing. */
#define VALUE_REFUSED (INT32_MIN + 1)
/* Between a file and the store only: a date is VALUE_DATED + the days since
 * 1850-01-01; in the store the patient's secret shift is added (node/store.h).
 * Nobody else meets one. */
#define VALUE_DATED 1000000000
#define DATE_YEAR_MIN 1850
#define DATE_YEAR_MAX 2199

enum variable_type {
    VARIABLE_INTEGER,
    VARIABLE_REAL,
    VARIABLE_CATEGORY,
    VARIABLE_BOOLEAN,
    VARIABLE_DAYS, /* and date_offset */
    VARIABLE_VECTOR
};

enum variable_entity { ENTITY_PATIENT, ENTITY_EXAM, ENTITY_EVENT };

struct category {
    const char *code;
    const char *label; /* never NULL: the code when none is given */
};

struct derivation;     /* derivation.h */
struct terms;          /* terms.h */
struct plausible_rule; /* plausible.h */

/* All texts are owned by the dictionary. */
struct variable {
    const char *name;  /* a letter, then letters, digits, '_' ; <= 63 */
    const char *label; /* never NULL: the name when none is given */
    const char *unit;  /* UCUM; NULL when there is none */
    enum variable_entity entity;
    enum variable_type type;
    struct decimal resolution; /* 1 unless the type is real or it is given */
    int32_t grid;         /* quantiles, ranks and scores stand on multiples of
                             this many steps of the resolution; 1 unless the
                             dictionary's "grid" (in the variable's unit, a
                             multiple of the resolution) */
    int32_t min, max;     /* codes; values outside are refused on import */
    size_t edge_count;    /* D16: where a question may cut it (edges.h) */
    const int32_t *edges; /* [edge_count] codes, increasing, in min..max */
    size_t knot_count;    /* of splines (formula.h); 0: none are given */
    const int32_t *knots; /* [knot_count] codes, increasing, in min..max */
    size_t category_count;
    const struct category *categories;
    size_t missing_count;
    const char *const *missing; /* texts that mean missing, as in the file */
    const struct derivation *derived; /* NULL: comes from the data */
    bool is_offset;   /* date_offset: days since the patient's first exam */
    bool takes_dates; /* is_offset, and the dictionary knows when exams are */
    size_t year_of;   /* of an integer: 1 + the place of the date_offset whose
                         date's year it takes when a file has none; 0: none */
    size_t length;    /* elements of a vector; else 0 */
    size_t first_element; /* of a vector: place of its first element, among the
                             dictionary's columns */
    size_t owner;         /* its own place; of an element: its vector's */
    int width; /* bytes of the narrowest signed integer for min..max and one
                  sentinel below them (its lowest value): 1, 2 or 4; of a
                  vector 1, its elements have their own */
};

struct dictionary {
    const char *id;
    int64_t version;
    struct digest digest;  /* BLAKE2b-256 of the file's bytes */
    size_t variable_count; /* that the file names */
    size_t column_count;   /* with the elements of vectors behind them */
    const struct variable *variables; /* [column_count] */
    size_t exam_time; /* 1 + the place of the variable that says when an exam
                         was done: a patient's exams stand in its order; 0: in
                         that of their identifiers */
    size_t rule_count;
    const struct plausible_rule *rules; /* between the values of a row */
    const struct terms *terms; /* of a study, by which queries are read; NULL:
                                  the dictionary by itself */
    struct document *document;
    void *storage; /* private */
};

enum status dictionary_parse(
    struct dictionary **out, struct view text, struct diagnostic *diagnostic);
enum status dictionary_load(
    struct dictionary **out, const char *path, struct diagnostic *diagnostic);
void dictionary_destroy(struct dictionary *dictionary);
/* Position of the variable, or of a vector's element by "shape[3]"; false when
 * there is none. */
bool dictionary_find(
    const struct dictionary *dictionary, const char *name, size_t *index);
/* The variable of that name, size bytes, or STATUS_UNKNOWN_NAME and in message
 * what to say: with the nearest name where there is one. */
#define DICTIONARY_MESSAGE_MAX 512
enum status dictionary_resolve(const struct dictionary *dictionary,
    size_t *variable, char message[DICTIONARY_MESSAGE_MAX], struct view name);

enum value_verdict {
    VALUE_ACCEPTED,
    VALUE_ROUNDED,    /* to the resolution */
    VALUE_IS_MISSING, /* empty, NA, or one of the missing codes */
    VALUE_NOT_NUMBER,
    VALUE_OUT_OF_RANGE,
    VALUE_UNKNOWN_CATEGORY,
    VALUE_WRONG_LENGTH, /* a vector of more or fewer elements than it has */
    VALUE_VERDICT_COUNT
};

/* One cell of a table, text[size] without surrounding blanks: its code (or
 * VALUE_MISSING) and what happened. A category is given by its code or its
 * label (also "1.0" for code "1"); a boolean by 0/1, true/false, yes/no. */
enum value_verdict variable_read_value(const struct variable *variable,
    const char *text, size_t size, int32_t *code);
/* A cell that holds a vector: numbers with blanks or one ';' between them.
 * codes[length] of its elements, all VALUE_MISSING unless it is accepted. What
 * is wrong is at *element, from 1, the text of size *bad_size at *bad; of a
 * wrong length *element is how many there are. */
enum value_verdict variable_read_vector(const struct dictionary *dictionary,
    size_t vector, struct view text, int32_t *codes, size_t *element,
    struct view *bad);
/* The calendar year of a date as it comes from a file (VALUE_DATED). */
int32_t variable_date_year(int32_t code);
/* The code as text: number in its unit, or the category's code. */
#define VARIABLE_TEXT_MAX 513 /* of any variable, with the 0 at its end */
void variable_value_text(
    const struct variable *variable, int32_t code, char *out, size_t capacity);
/* The code as a number in the variable's unit. */
double variable_value(const struct variable *variable, int64_t code);
/* Number of levels of a category (its categories) or a boolean (2); else 0. */
size_t variable_level_count(const struct variable *variable);
/* Cells of a table of a variable: its levels, or of an integer each value from
 * min to max where they are at most VARIABLE_CELLS_MAX; else 0. Cell i counts
 * the code min + i. */
#define VARIABLE_CELLS_MAX 128
size_t variable_cell_count(const struct variable *variable);
/* Why it has no cells, after "'NAME' ". */
const char *variable_no_cells(const struct variable *variable);
/* The level's code text: "F"; "false" and "true" for a boolean. */
const char *variable_level_code(const struct variable *variable, size_t level);

#endif
