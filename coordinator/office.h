/*
 * office: the coordinator's half of the protocol as a step function. A
 * message, who sent it, the time and random bytes in; messages out, writes to
 * the ledger. No sockets, no clock: one process can run many of them in
 * memory, with faults and with lying centers.
 *
 * Only the user that ZAP named says who speaks; a route only says where to
 * answer. What a center says about others is never believed, and what is said
 * here nodes check themselves. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_OFFICE_H
#define COHORTIUM_COORDINATOR_OFFICE_H

#include "coordinator/catalog.h"
#include "coordinator/config.h"

struct office;
struct session;

struct office_clock {
    int64_t wall;          /* seconds since 1970 UTC */
    uint64_t monotonic_ms; /* for deadlines and heartbeats */
};

/* Where messages and enrolments go, and where randomness comes from. */
struct office_ports {
    void *arg;
    /* STATUS_OK, STATUS_NO_PEER (gone) or STATUS_BUSY (queue full). */
    enum status (*send)(
        void *arg, const struct channel_route *route, struct view body);
    enum status (*enroll)(
        void *arg, const struct channel_member *members, size_t count);
    void (*random)(void *arg, uint8_t *out, size_t size);
    /* Runs session_calculate on a copy of the session and says what came of it
     * by office_calculated. STATUS_BUSY: not now, it is asked again. NULL: it
     * is done in place. */
    enum status (*calculate)(void *arg, struct session *session);
};

/* All borrowed, and must outlive the office. */
struct office_setup {
    const struct config *config;
    const struct keypair *keys;
    const struct dictionary *dictionary;
    struct ledger *ledger;
    struct office_ports ports;
};

/* Loads the ledger, enrols, and opens again what was open at the last stop.
 * STATUS_NOT_FOUND: no roster yet; STATUS_WRONG_ROSTER: the roster's
 * coordinator has other keys. Caller frees with office_destroy (accepts NULL).
 */
enum status office_create(struct office **out, const struct office_setup *setup,
    struct office_clock now);
void office_destroy(struct office *office);
/* One message from a user of the enrolled table. */
void office_receive(struct office *office, const char *user,
    const struct channel_route *route, struct view body,
    struct office_clock now);
/* What came of a session's calculation: its status, and what was appended. */
void office_calculated(struct office *office, const struct digest *header_id,
    enum status status, struct view bytes, struct office_clock now);
/* Time has passed: deadlines, lost centers, unsent messages, a new roster in
 * the ledger. Call it about every OFFICE_TICK_MS. STATUS_OK, or why the office
 * cannot go on. */
#define OFFICE_TICK_MS 50
enum status office_tick(struct office *office, struct office_clock now);
/* Where the roster says that it is. */
const char *office_endpoint(const struct office *office);
size_t office_open_sessions(const struct office *office);

#endif
