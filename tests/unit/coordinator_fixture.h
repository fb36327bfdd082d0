/*
 * coordinator_fixture: a registry office in memory, for a small federation with
 * real keys. What the office sends is kept and looked at.
 */
#ifndef COHORTIUM_TESTS_UNIT_COORDINATOR_FIXTURE_H
#define COHORTIUM_TESTS_UNIT_COORDINATOR_FIXTURE_H

#include "coordinator/office.h"
#include "coordinator/session.h"
#include "protocol/wire/message.h"

#include "documents_fixture.h"

#define SENT_MAX 512

/* Whom a route belongs to: its first byte. */
enum { ROUTE_CENTER = 10, ROUTE_MEMBER = 100, ROUTE_RESEARCHER = 200 };

struct sent {
    struct channel_route route;
    struct buffer body;
};

struct fixture {
    struct cast cast;
    struct buffer roster, study, approvals[COMMITTEE];
    struct digest roster_id, study_id;
    struct ledger *ledger;
    struct config config;
    struct office *office;
    struct office_clock now;
    bool gone[256];  /* by first byte of the route: NO_PEER */
    bool busy[256];  /* BUSY */
    size_t enrolled; /* size of the last table */
    size_t sent_count;
    struct sent sent[SENT_MAX];
    uint64_t random;
    /* NULL: results are worked out in place */
    enum status (*calculate)(void *arg, struct session *session);
};

/* Makes everything but the office; fixture_open opens that. */
void fixture_create(struct fixture *fixture);
void fixture_destroy(struct fixture *fixture);
/* Opens the office on the same ledger (again, as after a restart). */
void fixture_open(struct fixture *fixture);
enum status fixture_try_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* Office open, study approved, every center connected and opted in, and
 * nothing in the list of what was sent. */
void fixture_open_ready(struct fixture *fixture);

/* A roster of `version`, signed by `signers` committee members; centers from
 * 0 to `centers` are on it. */
void fixture_make_roster(struct fixture *fixture, struct buffer *out,
    int version, size_t centers, size_t signers);
void fixture_make_study(struct fixture *fixture, struct buffer *out,
    const char *name, int min_centers);
void fixture_make_approval(struct fixture *fixture, struct buffer *out,
    const struct digest *study_id, const struct keypair *member, bool approve);
/* A signed query: the question differs with `number`. */
void fixture_make_query(
    struct fixture *fixture, struct buffer *out, struct digest *id, int number);
/* Any question, by its text; it is another one with another `number`. */
void fixture_make_query_of(struct fixture *fixture, struct buffer *out,
    struct digest *id, const char *text, int number);
void fixture_sign(struct buffer *out, struct digest *id, const char *type,
    const char *payload, const struct keypair *keys);

struct channel_route fixture_route(int first);
/* Hands a message to the office, by its sender; a person says HELLO before. */
void fixture_from_center(
    struct fixture *fixture, size_t center, const struct message *message);
void fixture_from_person(struct fixture *fixture, const struct keypair *keys,
    int route, const struct message *message);
void fixture_hello(struct fixture *fixture, size_t center);
void fixture_opt_in(
    struct fixture *fixture, size_t center, bool in, int sequence);
void fixture_submit_study(
    struct fixture *fixture, const struct buffer *study, size_t approvals);
void fixture_submit_query(struct fixture *fixture, const struct buffer *query);
/* An honest center's SUMMARY, encoded; the caller frees it. */
void fixture_summary(struct fixture *fixture, const struct message *open,
    uint32_t rows, struct buffer *out);
/* Answers the last OPEN that this center got, with `rows` people. */
void fixture_answer(struct fixture *fixture, size_t center, uint32_t rows);
void fixture_refuse(struct fixture *fixture, size_t center);
/* Time passes and the office ticks. */
void fixture_wait(struct fixture *fixture, uint64_t milliseconds);

/* The last message of that type to that route; NULL when there is none. Good
 * until the next call. */
const struct message *fixture_last(
    struct fixture *fixture, int route, enum message_type type);
size_t fixture_count(
    struct fixture *fixture, int route, enum message_type type);
void fixture_forget(struct fixture *fixture);
/* The payload of the last RESULT to the researcher, as JSON: a new reference;
 * its signature was checked. */
json_t *fixture_result(struct fixture *fixture);
/* The last STATUS to that route, as JSON: a new reference. */
json_t *fixture_status(struct fixture *fixture, int route);

#endif
