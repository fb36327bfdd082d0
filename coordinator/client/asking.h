/*
 * asking: a query from file to signed result, shared by `query submit` and the
 * sandbox.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_ASKING_H
#define COHORTIUM_COORDINATOR_CLIENT_ASKING_H

#include "coordinator/client/client.h"
#include "coordinator/client/model_score.h"
#include "protocol/analysis/plan.h"

/* A query that was checked against the dictionary. */
struct checked_query {
    struct buffer text;
    struct query *query;
    struct plan *plan;
};

/* model: where a model that it names comes from (model_score.h). */
enum status checked_query_load(struct checked_query *out, const char *path,
    const struct dictionary *dictionary, const struct model_source *model);
void checked_query_fini(struct checked_query *checked);

/* Seals the query with the study, and with the amendment that names its cohort;
 * signs it, encodes its envelope. */
enum status query_sign(struct buffer *out, struct digest *query_id,
    const struct checked_query *checked, const struct study *study,
    const struct keypair *keys, int64_t expires);
/* Sends the question (SUBMIT_QUERY or ASK_RESULT), waits for the result of that
 * very query and checks the coordinator's signature. The question is sent again
 * from time to time and after a lost connection: asking twice is the same as
 * asking once. STATUS_TIMED_OUT says how to come back. Caller destroys *result.
 */
enum status query_await(struct connection *connection,
    const struct message *question, const struct digest *query_id,
    int timeout_ms, struct envelope **result);
/* The result's envelope, from the bytes of a RESULT message. STATUS_WRONG_QUERY
 * when it is signed and answers another query. Says nothing. */
enum status result_take(struct envelope **out, struct view bytes,
    const struct digest *query_id, const struct roster *roster);
/* As one JSON document (the result file), or as tables. */
enum status result_print(const struct envelope *result, bool json);

#endif
