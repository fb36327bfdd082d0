/*
 * session_internal: what the files of the session share.
 */
#ifndef COHORTIUM_NODE_SESSION_INTERNAL_H
#define COHORTIUM_NODE_SESSION_INTERNAL_H

#include "node/session.h"
#include "policy/admission.h"

struct session {
    struct session_setup setup;
    struct roster *roster;
    struct frame *frame;
    bool welcomed;
    uint64_t heartbeat_ms, heard_ms, pinged_ms, ping;
    int64_t decisions_sent; /* store_decision_count when they were sent last */
    /* The study that was verified last, under this roster: the digest is over
     * the exact bytes of study and approvals. */
    struct digest verified_bytes;
    struct study *verified;
};

enum status outbox_add(struct outbox *outbox, const struct message *message);
/* OPEN: decides, records, answers or refuses. */
enum status session_open_question(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox);
/* ROSTER and STUDY: believed only as far as their signatures go. */
enum status session_take_rosters(struct session *session,
    const struct message *message, struct session_time now);
enum status session_take_study(struct session *session,
    const struct message *message, struct session_time now);
void session_forget_verified(struct session *session);

#endif
