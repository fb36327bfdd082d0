/*
 * documents_fixture: who is in a small federation, and the documents that they
 * sign, as JSON to be changed before it is signed. Everything here fails the
 * test on trouble, so that a test says only what it proves.
 */
#ifndef COHORTIUM_TESTS_UNIT_DOCUMENTS_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_DOCUMENTS_FIXTURE_H

#include <jansson.h>

#include "policy/admission.h"

#define COMMITTEE 3
#define CENTERS 5
#define NOW 1800000000 /* 2027-01-15T08:00:00Z */

/* A committee of three of whom two must sign, five centers, a coordinator, a
 * researcher and a stranger, all with real keys; a dictionary of age and sex.
 */
struct cast {
    struct keypair *committee[COMMITTEE], *centers[CENTERS];
    struct keypair *coordinator, *researcher, *stranger;
    struct dictionary *dictionary;
};

void cast_create(struct cast *cast);
void cast_destroy(struct cast *cast);

void must(enum status status);

/* Payloads; new references. Of the roster, centers from 0 to `centers`. */
json_t *cast_card(const struct keypair *keys);
json_t *cast_roster(const struct cast *cast, int version, size_t centers);
json_t *cast_study(const struct cast *cast, const char *name, int min_centers);
json_t *cast_approval(
    const struct digest *study_id, const char *decision, const char *date);
/* Of people from `age` years on, by sex: count and summary. */
json_t *cast_query(
    const struct cast *cast, const struct digest *study_id, int age);
json_t *cast_header(const struct digest *query_id,
    const struct digest *study_id, const struct digest *roster_id);

/* Puts JSON text at a path such as "committee/0/name"; NULL takes the member
 * away, and the last step "+" of a list appends. */
void document_change(json_t *document, const char *path, const char *value);
/* Signs; takes the payload over. The caller destroys the envelope. */
struct envelope *document_sign(const char *type, json_t *payload,
    struct keypair *const *signers, size_t count);

/* A change, and what must become of the document. */
struct change {
    const char *path, *value;
    enum status expected;
    const char *says; /* a part of the message; NULL: any */
};
typedef enum status document_reader(
    void *arg, struct view payload, struct diagnostic *diagnostic);
/* Makes each change alone to a copy of document and reads it. A refusal has a
 * position and a message. */
void check_changes(const json_t *document, document_reader *read, void *arg,
    const struct change *changes, size_t count);

#endif
