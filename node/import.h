/*
 * import: a table of exams into the store, checked against the dictionary, in
 * one transaction: either the whole file is in, or nothing is.
 *
 * What is wrong with the file itself (quotes, number of fields, header) stops
 * it with file, line and column. A single value that cannot be accepted is
 * refused, counts as missing, and is reported with its place; `strict` stops at
 * the first. Columns: the dictionary's names, `patient`, `exam`; a vector's
 * elements in one field, with blanks or ';' between them, or in columns of
 * their own, "shape[1]" and so on. One bad element refuses its vector.
 */
#ifndef COHORTIUM_NODE_IMPORT_H
#define COHORTIUM_NODE_IMPORT_H

#include "node/store.h"

#define IMPORT_PROBLEMS_KEPT 50

struct import_options {
    bool dry_run; /* check and report, change nothing */
    bool strict;  /* a refused value refuses the file */
    bool replace; /* the file is the whole registry */
    bool again;   /* take a file that was imported before */
    int64_t now;  /* seconds since 1970 */
};

struct import_problem {
    size_t line, column, variable;
    size_t element; /* of a vector, from 1; of a wrong length: how many */
    enum value_verdict verdict;
    char text[40]; /* the value, as it is shown, cut */
};

struct import_report {
    int64_t rows, added, replaced;
    int64_t (*counts)[VALUE_VERDICT_COUNT]; /* by variable */
    bool *present;                          /* variable has a column */
    size_t left_out_count;                  /* columns not in the dictionary */
    char (*left_out)[VARIABLE_NAME_MAX + 1];
    int64_t refused; /* values, in all */
    size_t problem_count;
    struct import_problem problems[IMPORT_PROBLEMS_KEPT];
};

/* report is initialised here; import_report_fini frees it also after failure.
 * STATUS_EXISTS: this file was imported before. */
enum status import_file(struct store *store,
    const struct dictionary *dictionary, const char *path,
    const struct import_options *options, struct import_report *report,
    struct diagnostic *diagnostic);
void import_report_fini(struct import_report *report);
/* The report as JSON (a new reference) and as text for people. */
json_t *import_report_json(const struct import_report *report,
    const struct dictionary *dictionary, const char *file);
enum status import_report_text(struct buffer *out,
    const struct import_report *report, const struct dictionary *dictionary,
    const char *file);

#endif
