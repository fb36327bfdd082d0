/*
 * office_internal: what the files of the office share. The parts are: office.c
 * (dispatch and time), office_centers.c (what a center says), office_heads.c
 * (how far the centers' audit logs have come), office_people.c (what a person
 * says), office_opening.c (a question until it is open), office_questions.c
 * (from then on), office_restore.c (questions after a restart).
 */
#ifndef COHORTIUM_COORDINATOR_OFFICE_INTERNAL_H
#define COHORTIUM_COORDINATOR_OFFICE_INTERNAL_H

#include "coordinator/families.h"
#include "coordinator/freezes.h"
#include "coordinator/heads.h"
#include "coordinator/office.h"
#include "coordinator/session.h"
#include "coordinator/turns.h"

#define OFFICE_SOFTWARE "cohortium-coordinator " COHORTIUM_VERSION
#define OFFICE_REPORT_QUERIES 200
#define OFFICE_FAILED_A_DAY 500 /* of one person; more are not taken */
#define OFFICE_FAILED_A_DAY 500 /* of one person; more are not taken */
/* Vectors that wait in memory to be written; past it they are at once. */
#define OFFICE_UNSAVED_MAX ((size_t)8 * 1024 * 1024)

struct office {
    const struct config *config;
    const struct keypair *keys;
    struct ledger *ledger;
    struct office_ports ports;
    struct catalog *catalog;
    struct members *members;
    struct heads *heads;
    struct families *families;
    struct freezes *freezes;
    int64_t roster_version; /* as loaded */
    size_t session_count;
    struct session **sessions; /* [config->max_open_sessions] */
    struct turns *turns;       /* questions that wait for room */
    bool turns_due;            /* there may be room for one */
    uint64_t now_ms;           /* of the call that runs; monotonic */
    struct buffer scratch;     /* a message on its way out */
    struct message outgoing, incoming;
    uint64_t next_slow_tick_ms;
};

/* One message being answered. */
struct office_call {
    struct member *member; /* who speaks */
    const struct channel_route *route;
    const struct message *message;
    struct office_clock now;
};

/* office.c. office->outgoing is cleared by office_message and sent by
 * office_send. */
struct message *office_message(struct office *office, enum message_type type);
enum status office_send(
    struct office *office, const struct channel_route *route);
/* text NULL or "": the status' own text. */
void office_send_failure(struct office *office,
    const struct channel_route *route, enum status status,
    const struct digest *query_id, const char *text);
/* Enrols again after studies or roster changed. */
enum status office_enroll(struct office *office);

/* office_centers.c */
void office_on_hello(struct office *office, const struct office_call *call);
void office_on_ping(struct office *office, const struct office_call *call);
void office_on_opt_in(struct office *office, const struct office_call *call);
void office_on_summary(struct office *office, const struct office_call *call);
void office_on_refuse(struct office *office, const struct office_call *call);
void office_on_busy(struct office *office, const struct office_call *call);
/* KEYS, SHARES, MASKED, VOTE, REVEAL */
void office_on_step(struct office *office, const struct office_call *call);
/* The roster chain to one center. */
enum status office_send_rosters(
    struct office *office, const struct channel_route *route);
/* Studies that its connection was not shown yet, as far as its queue takes
 * them. */
void office_send_studies(
    struct office *office, struct member *center, int64_t now);
/* One study to every connected center, whatever they were shown. */
void office_push_study(struct office *office, size_t index);
/* What a center says of the refusals that it has left for a study. */
void office_note_refusals(struct office *office, const struct session *session,
    const struct session_center *center, uint64_t left);
/* Its connection is gone: sessions know, and ask it again when it is back. */
void office_lose_center(struct office *office, struct member *center);

/* office_heads.c */
void office_on_freezes(struct office *office, const struct office_call *call);
void office_on_heads(struct office *office, const struct office_call *call);
/* What the center was not told on this connection. */
enum status office_tell_heads(
    struct office *office, struct member *center, uint64_t now_ms);
/* Now and then, to all; and the ledger keeps them. */
void office_spread_heads(struct office *office, uint64_t now_ms);

/* office_people.c */
void office_on_submit_study(
    struct office *office, const struct office_call *call);
void office_on_submit_query(
    struct office *office, const struct office_call *call);
void office_on_ask_status(
    struct office *office, const struct office_call *call);
void office_on_ask_result(
    struct office *office, const struct office_call *call);
void office_on_ask_documents(
    struct office *office, const struct office_call *call);

/* Who looks: copied, because enrolling moves the members. */
struct office_viewer {
    struct channel_route route;
    struct public_key key;
    bool committee; /* sees everything */
};

struct office_viewer office_viewer_of(const struct office_call *call);
/* STATUS with that query alone; NULL: with everything. */
void office_send_status(struct office *office,
    const struct office_viewer *viewer, const struct digest *query_id,
    int64_t now);

/* Into the register; of one person and day not more than some. */
void office_record_refusal(struct office *office, const char *kind,
    const struct digest *subject, enum status status,
    const struct public_key *person, int64_t now);
/* The day is over: how many refusals the register does not have one by one. */
void office_sum_refusals(struct office *office, int64_t now);

/* office_opening.c */
/* An admitted question: opened, or it waits, or the person is told that the
 * queue is full. */
enum status office_queue_question(struct office *office,
    const struct question *question, const struct office_call *call, char *text,
    size_t capacity);
/* Opens what there is room for. */
void office_serve_turns(struct office *office, struct office_clock now);

/* office_questions.c, office_restore.c */
struct session *office_find_session(
    struct office *office, const struct digest *query_id);
struct session *office_find_header(
    struct office *office, const struct digest *header_id);
/* OPEN to the centers of this session that have not got it. */
void office_send_open(struct office *office, struct session *session);
/* The present step of an aggregation or a fit, to whom it concerns. */
void office_send_steps(struct office *office, struct session *session);
/* Ends the session when its verdict says so; it is gone then. */
void office_settle(
    struct office *office, struct session *session, struct office_clock now);
/* Replies that only memory has, into the ledger. */
enum status office_save_replies(
    struct office *office, struct session *session, int64_t now);
/* Sessions that the ledger calls open, at start. */
enum status office_restore_questions(
    struct office *office, struct office_clock now);

/* Copies with hidden characters escaped (text.h), cut after a whole one. */
void office_copy_text(char *out, size_t capacity, const char *text);

#endif
