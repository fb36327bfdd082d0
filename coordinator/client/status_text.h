/*
 * status_text: what the coordinator's STATUS says, as lines for a terminal. Its
 * words are the coordinator's: hidden characters are escaped.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_STATUS_TEXT_H
#define COHORTIUM_COORDINATOR_CLIENT_STATUS_TEXT_H

#include <jansson.h>
#include <stdio.h>

#include "protocol/wire/buffer.h"
#include "protocol/wire/digest.h"

#define STATUS_PROGRESS_MAX 128

/* A line a query, or a study. STATUS_MALFORMED, said, when it is no JSON
 * object. prefix: only queries whose id begins so; "": all.
 */
enum status status_print_queries(
    FILE *out, struct view json, const char *prefix);
/* The only query whose id begins so; says when there is none, or more. */
enum status status_find_query(
    struct view json, const char *prefix, struct digest *id);
/* Whether the study is approved; one that is not there is not. */
enum status status_find_approved(
    struct view json, const struct digest *study, bool *approved);
/* What the office counted of near cohorts of the study, a new reference; NULL:
 * nothing, or this person is not told. */
enum status status_find_near(
    struct view json, const struct digest *study, json_t **near);
/* Both questions of each pair that nobody has seen yet. */
void status_print_pairs(FILE *out, const json_t *near);
enum status status_print_studies(FILE *out, struct view json);
/* The bytes as they are, when they are a JSON object, and a line feed. */
enum status status_print_json(FILE *out, struct view json);

/* What a wait has said so far. */
struct status_progress {
    size_t told; /* how often the coordinator said where the query stands */
    char line[STATUS_PROGRESS_MAX];
};
/* Says where that query stands (its place in the queue, its step and round),
 * once it takes longer than a moment and when it is not what was said last. */
void status_show_progress(FILE *out, struct status_progress *progress,
    struct view json, const char *query_id);

#endif
