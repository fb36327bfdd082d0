/*
 * result_words: the words of the dictionary, which go with a result
 * ("variables"), for its names: of variables, levels, terms of models and
 * groups. Where a result has no words, as old ones, names stay as they are.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_RESULT_WORDS_H
#define COHORTIUM_COORDINATOR_CLIENT_RESULT_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX 1023

/* UTF-8 that never ends in mid-character; what does not fit is left out. */
struct words {
    size_t size;
    char text[WORDS_MAX + 1];
};

/* The result's "variables"; NULL when it has none. */
const json_t *words_of_result(const json_t *result);

void words_add(struct words *out, const char *text);
__attribute__((format(printf, 2, 3))) void words_add_format(
    struct words *out, const char *format, ...);
/* Each of these appends.
 * A variable's label; with a unit: "LV ejection fraction (%)". */
void words_add_label(
    struct words *out, const json_t *variables, const char *name);
void words_add_variable(
    struct words *out, const json_t *variables, const char *name);
/* The label of a category's code; "yes" and "no" of a boolean. */
void words_add_level(struct words *out, const json_t *variables,
    const char *name, const char *code);
/* An expression with labels for names: "log(NT-proBNP)"; of one with many
 * names, what they are. */
void words_add_expression(
    struct words *out, const json_t *variables, const char *text);
/* A cohort's condition with labels for names and for the levels that follow
 * them: "Sex = Female and Age (years) >= 18". */
void words_add_cohort(
    struct words *out, const json_t *variables, const char *text);
/* "Sex: Female (reference: Male)", "Age (years) × Sex: Female". */
void words_add_term(struct words *out, const json_t *variables,
    const json_t *entry, const char *term);
/* What the entry's factors are compared with: "Sex: Female, Smoking: no";
 * nothing where it has no factor. */
void words_add_references(
    struct words *out, const json_t *variables, const json_t *entry);
/* "Sex: Female" of "sex=2"; "everyone" of "all". */
void words_add_group(
    struct words *out, const json_t *variables, const char *group);
/* "Sex: Female, Smoking: yes" of the entry's levels of `by`. */
void words_add_by(
    struct words *out, const json_t *variables, const json_t *entry);
/* What entry's table has under key, when that is a name or a code: appended,
 * and true. */
bool words_add_cell(struct words *out, const json_t *variables,
    const json_t *entry, const char *key, const char *text);

#endif
