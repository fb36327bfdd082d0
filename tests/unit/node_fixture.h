/*
 * node_fixture: one node's session over a store in a file, and the documents of
 * a study and a query that it is asked. It can be stopped and started again.
 */
#ifndef COHORTIUM_TESTS_UNIT_NODE_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_NODE_FIXTURE_H

#include "node/session.h"
#include "protocol/wire/message.h"

#include "documents_fixture.h"

struct node_scene {
    struct cast cast; /* the node is its first center */
    char path[64];
    struct buffer roster, study, approvals[2], query;
    struct buffer headers[2]; /* two sessions of the query */
    struct digest study_id, query_id, header_ids[2];
    size_t length, segment_count, value_count; /* of the query's plan */
    const struct session_worker *worker;       /* as in session_setup */
    size_t inline_max;
    int64_t wall; /* of what the node is told; NOW at first */
    uint64_t monotonic_ms;
    uint64_t reply_slot_ms; /* as in session_setup */
    const char *head_path;  /* as in session_setup */
    bool sandbox; /* of a study with privacy "open", whose questions are weighed
                   */
    struct store *store;
    struct session *session;
    struct outbox outbox;
};

/* Forty people, opted in to a study that allows count and summary, and the
 * analysis; the query asks for that, or as cast_query does where it is NULL.
 * Not started. */
void node_create(struct node_scene **out, const char *privacy,
    const char *analysis, const char *parameters);
void node_destroy(struct node_scene *scene);
void node_start(struct node_scene *scene);
void node_stop(struct node_scene *scene);
/* The reply number `at` that is in the outbox, decoded; NULL: there is none. */
const struct message *node_reply(const struct node_scene *scene, size_t at);
/* A message of the coordinator at NOW; the only reply, or NULL. */
const struct message *node_tell(
    struct node_scene *scene, const struct message *message);
/* WELCOME, with a heartbeat of 500 ms; what the node says is in the outbox. */
void node_welcome(struct node_scene *scene);
/* The work is done, or a slot has come, at monotonic_ms: the only reply, or
 * NULL. */
const struct message *node_release(struct node_scene *scene);
/* Sets the header's "remembered" to these names, one after the other. */
void node_list(json_t *header, struct view remembered);
/* OPEN of one of the two sessions. */
const struct message *node_ask(struct node_scene *scene, int header);

#endif
