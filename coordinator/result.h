/*
 * result: the signed answer. Provenance (query, study, roster, dictionary,
 * session, centers) and the finished sums, as one compact JSON text whose
 * members stand in a fixed order, in an envelope of the coordinator.
 *
 * The "results" member depends on the sum alone: the same bytes for every
 * split of the patients over centers. Pure; time is an argument.
 */
#ifndef COHORTIUM_COORDINATOR_RESULT_H
#define COHORTIUM_COORDINATOR_RESULT_H

#include "coordinator/families.h"
#include "protocol/analysis/fit.h"
#include "protocol/wire/json_text.h"

#define RESULT_JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(17))

struct result_center {
    const char *name;
    enum reply_state state;
    int64_t freeze; /* of its registry; 0: it had none */
};

struct result_facts {
    const struct question *question;
    const struct digest *roster_id, *header_id;
    const char *software;
    int64_t created; /* seconds since 1970 */
    size_t center_count;
    const struct result_center *centers; /* all that were asked */
    struct view calculated;              /* of result_calculate */
};

/* What comes of a fit that is over, and of the sum that its rules left: what
 * was withheld and the results, as texts for result_sign. */
struct result_figures {
    const struct question *question;
    const struct fit *fit;
    const struct vector *sum;
    /* How its sets were answered; NULL: it was not weighed. */
    const struct sets *sets;
    const struct instruction *instruction;
    const struct family *family;
};

enum status result_calculate(
    struct buffer *out, const struct result_figures *figures);
/* The payload in a signed envelope; *id is the payload's digest. */
enum status result_sign(struct buffer *out, struct digest *id,
    const struct result_facts *facts, const struct keypair *keys);

/* {"asked": [], "answered": [], "refused": [], "absent": []}; NULL without
 * memory. */
json_t *center_report_create(void);
enum status center_report_add(
    json_t *report, const char *name, enum reply_state state);
/* A digest as hexadecimal text; NULL without memory. */
json_t *json_digest(const struct digest *digest);
/* A time as text; null for 0. NULL without memory. */
json_t *json_time(int64_t seconds);

#endif
