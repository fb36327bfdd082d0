/*
 * model_score: a roc that names a model of an earlier result,
 *
 *     {"roc": {"outcome": "death", "model": {"query_id": "<64 hex>", "entry":
 * 2}}}
 *
 * becomes one that holds the model's formula and released coefficients, and so
 * can be signed and answered by itself (protocol/analysis/roc_score.h). entry
 * counts the result's entries from 1. Without `outcome` it is the model's own.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_MODEL_SCORE_H
#define COHORTIUM_COORDINATOR_CLIENT_MODEL_SCORE_H

#include "policy/roster.h"
#include "protocol/wire/buffer.h"

struct model_source {
    const char *path;            /* of the result; NULL: none was given */
    const struct roster *roster; /* whose coordinator must have signed it; NULL:
                                    not checked */
    const char *study; /* the study of the question, whose result it must be;
                          NULL: what the query says, if it does */
};

/* text: a query as JSON, in place; untouched where it names no model. Says what
 * is wrong. */
enum status model_score_resolve(
    struct buffer *text, const struct model_source *source);

#endif
