/*
 * session: the node's half of the protocol as a step function. In: a message,
 * the time. Out: messages, in an outbox; writes, in the store. No socket, no
 * clock, no thread of its own; with a store in memory a thousand of them run in
 * one process.
 *
 * The coordinator is believed for nothing that can be checked here. Whatever is
 * decided is on disk before the reply is in the outbox.
 */
#ifndef COHORTIUM_NODE_SESSION_H
#define COHORTIUM_NODE_SESSION_H

#include "node/past.h"
#include "node/store.h"
#include "policy/roster.h"
#include "protocol/wire/message.h"

#define OUTBOX_MAX 64
#define SESSION_TICK_MS 250
#define HEARTBEAT_MS_DEFAULT 20000
#define HEARTBEATS_LOST_MAX 3

struct outbox {
    size_t count;
    struct buffer messages[OUTBOX_MAX];
};

/* Empties it; the memory of the messages is freed. */
void outbox_clear(struct outbox *outbox);

/* Work on many rows, for a session that may not do it in its caller's thread.
 * submit takes a job to another thread, which calls session_job_run; the caller
 * gives it back with session_finish_job. */
struct session_job;
struct session_worker {
    void *arg;
    enum status (*submit)(void *arg, struct session_job *job);
};

struct session_setup { /* all borrowed; they outlive the session */
    const struct keypair *keys;
    const struct dictionary *dictionary;
    struct store *store;
    int threads;
    int64_t refusals_to_lock;
    int64_t freeze_days;     /* after which what changed is frozen; 0: never */
    int64_t yearly_rho_nano; /* of all studies with noise together */
    bool sandbox;            /* answers studies whose sums are open */
    const struct session_worker *worker; /* NULL: all is done at once */
    size_t inline_max; /* rows times segments that are done at once; 0: as is
                          usual */
    uint64_t reply_slot_ms; /* where noise protects; 0: as is usual */
    const char *head_path;  /* of the signed head (past.h); NULL: no file */
};

struct session_time {
    int64_t wall_seconds; /* since 1970 */
    uint64_t monotonic_ms;
};

struct session;

/* Loads the newest roster from the store: STATUS_NOT_FOUND when the data
 * manager has not installed one yet. */
enum status session_create(
    struct session **out, const struct session_setup *setup);
/* A job that was submitted must have ended. */
void session_destroy(struct session *session);
/* The one of now: a newer one may come with any call. */
const struct roster *session_roster(const struct session *session);
/* As roster_check_center. */
enum status session_check_standing(
    const struct session *session, struct diagnostic *diagnostic);
/* A connection is there (again): says HELLO. */
enum status session_connected(
    struct session *session, struct session_time now, struct outbox *outbox);
/* One message of the coordinator. Bad ones are logged and dropped: the status
 * is not OK only when the node itself failed (disk, memory). */
enum status session_receive(struct session *session, struct view bytes,
    struct session_time now, struct outbox *outbox);
/* Any thread; touches nothing but the job and its question. */
void session_job_run(struct session_job *job);
/* The job has run: its question goes on, and then what waited for it. */
enum status session_finish_job(struct session *session, struct session_job *job,
    struct session_time now, struct outbox *outbox);
/* Where noise protects, a reply waits for its slot (slots.h), and what would be
 * answered waits for that reply. Called after each of the others, once its work
 * is done, and when session_release_ms has come (SLOTS_NONE: nothing waits). */
enum status session_release(
    struct session *session, struct session_time now, struct outbox *outbox);
uint64_t session_release_ms(const struct session *session);
/* Four times a second: heartbeats, decisions and rosters that a command wrote,
 * questions that are idle. */
enum status session_tick(
    struct session *session, struct session_time now, struct outbox *outbox);
/* Whether the database lacks what this node signed: nothing is answered. */
bool session_is_behind(const struct session *session);
/* Whether WELCOME has come on this connection, and whether the coordinator
 * has been silent for too long. */
bool session_welcomed(const struct session *session);
bool session_lost(const struct session *session, struct session_time now);

/* Shared with the commands: whether a study is locked here, after too many
 * refusals within a day, and how many there are. */
enum status session_find_lock(const struct session_setup *setup,
    const struct digest *study, int64_t now, struct store_lock *lock);
/* Shared with the commands: a decision on a study, signed and recorded in one
 * transaction with the audit log. limits "" or JSON. */
enum status decision_record(const struct session_setup *setup,
    const struct digest *study, const char *federation, bool in,
    const char *limits, int64_t now);
/* The same within the caller's transaction, without limits. */
enum status decision_put(const struct session_setup *setup,
    const struct digest *study, const char *federation, bool in, int64_t now);

#endif
