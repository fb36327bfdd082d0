/*
 * members: who may connect, and who is connected. The enrolled table holds the
 * roster's centers, its committee members in good standing, and the
 * researchers of approved studies.
 *
 * A user is what ZAP calls a key: "center:<name>" or "person:<64 hex of the
 * Ed25519 key>". Each user has one CURVE key and each CURVE key one user, so
 * that nobody can be enrolled into another's name. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_MEMBERS_H
#define COHORTIUM_COORDINATOR_MEMBERS_H

#include "policy/roster.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/message.h"

#define MEMBERS_MAX 16384
#define MEMBER_ROOM_DEFAULT 8 /* of a center that does not say */

struct member {
    char user[CHANNEL_USER_MAX];
    struct identity identity;
    unsigned role;  /* SENDER_CENTER or SENDER_PERSON */
    bool committee; /* a committee member in good standing */
    /* of a center that said HELLO and is alive */
    bool connected;
    struct channel_route route; /* its latest connection */
    uint64_t heard_ms;          /* monotonic, of its last message */
    int64_t last_seen;          /* seconds since 1970; 0: never */
    uint64_t protocol;          /* as its HELLO said; 0: it said none */
    size_t studies_sent;        /* how many studies this connection was shown */
    size_t room;                /* questions that it takes at once */
    /* of a person: refusals of that day (since 1970), as the register has them
     */
    int64_t refusal_day;
    size_t refusals;
    uint64_t heads_told;    /* last change of heads.h that it was told */
    uint64_t heads_told_ms; /* monotonic */
    bool changed;           /* connection differs from what the ledger says */
    bool keep;              /* private to members_begin .. members_end */
};

struct members;

enum status members_create(struct members **out);
void members_destroy(struct members *members);
/* Rebuilds the table: whoever is not added again between members_begin and
 * members_end is gone, and who stays keeps the connection. */
void members_begin(struct members *members);
/* STATUS_EXISTS when the CURVE key belongs to another user, or the user has
 * another CURVE key; STATUS_LIMIT_REACHED; the table is unchanged then. */
enum status members_add_center(
    struct members *members, const struct identity *identity);
enum status members_add_person(
    struct members *members, const struct identity *identity, bool committee);
void members_end(struct members *members);
/* In the order of their users. Pointers are good until the next rebuild. */
size_t members_count(const struct members *members);
struct member *members_at(struct members *members, size_t index);
struct member *members_find(struct members *members, const char *user);
struct member *members_find_center(struct members *members, const char *name);
/* The table for channel_server_enroll; caller frees *out. */
enum status members_enrolled(
    const struct members *members, struct channel_member **out, size_t *count);

#endif
