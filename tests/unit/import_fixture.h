/*
 * import_fixture: a store in memory, and files that are imported into it.
 */
#ifndef COHORTIUM_TESTS_UNIT_IMPORT_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_IMPORT_FIXTURE_H

#include "node/frame.h"
#include "node/import.h"
#include "tests/unit/test.h"

struct importing {
    struct dictionary *dictionary;
    struct store *store;          /* from open_store to close_store */
    struct diagnostic diagnostic; /* of the last import */
};

extern struct importing importing;

#define WITH_STORE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_store, close_store)

/* For a group's setup: 0, or -1 when there is no such dictionary. */
int import_begin(const char *dictionary);
int import_end(void **state);
int open_store(void **state);
int close_store(void **state);
/* The record as it is now. The caller destroys it. */
struct frame *frame_now(void);
/* The text as a file, imported at second 1. */
enum status import_text(const char *text, const struct import_options *options,
    struct import_report *report);

#endif
