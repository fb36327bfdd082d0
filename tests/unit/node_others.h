/*
 * node_others: the other two centers of a masked question, and the coordinator,
 * as real halves of the aggregation, for whoever tests one node through its
 * steps.
 */
#ifndef COHORTIUM_TESTS_UNIT_NODE_OTHERS_H
#define COHORTIUM_TESTS_UNIT_NODE_OTHERS_H

#include "tests/unit/masking_fixture.h"
#include "tests/unit/node_fixture.h"

#define NODE_OTHERS 2

struct node_others {
    struct collector *collector;
    struct member *members[NODE_OTHERS];
};

void node_others_begin(struct node_others *others, struct node_scene *scene);
void node_others_end(struct node_others *others);
/* They answer the collector's present step. */
void node_others_step(struct node_others *others, struct node_scene *scene);
/* What the node answers to the message of a step (OPEN of that session for
 * COLLECT_KEYS), or NULL. */
const struct message *node_tell_step(struct node_scene *scene,
    enum collector_step step, struct view body, int header);
/* Records of the audit log of that kind, with that text. */
int node_count_records(
    const struct node_scene *scene, const char *event, const char *text);

#endif
