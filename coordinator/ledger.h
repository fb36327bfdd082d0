/*
 * ledger: what the registry office must not forget, in one SQLite file.
 * Rosters, studies, approvals, opt-ins, queries, sessions, replies, results,
 * and a register: a chain of hashes over everything that was accepted, refused
 * or released.
 *
 * A write is durable (fsync) when the transaction that holds it is committed;
 * outside ledger_begin and ledger_commit each write is a transaction of its
 * own. A visit function must not start another visit of the same kind.
 * Not thread-safe; other processes may have the same file open.
 */
#ifndef COHORTIUM_COORDINATOR_LEDGER_H
#define COHORTIUM_COORDINATOR_LEDGER_H

#include "protocol/wire/digest.h"
#include "protocol/wire/head.h"

#define LEDGER_NAME_MAX 64
#define LEDGER_TEXT_MAX 256
#define LEDGER_NOTE_MAX 32

struct ledger;

/* Creates the file (mode 0600) or brings an older one up to date, all or
 * nothing, and leaves a copy of the older one beside
 * (protocol/store/README.md).
 * ":memory:" keeps it in memory. STATUS_UNSUPPORTED_VERSION: written by a newer
 * program. */
enum status ledger_open(struct ledger **out, const char *path);
void ledger_close(struct ledger *ledger);
/* The version that this program writes. */
int64_t ledger_version(void);
/* Transactions do not nest. A commit that fails has rolled back. */
enum status ledger_begin(struct ledger *ledger);
enum status ledger_commit(struct ledger *ledger);
/* Does nothing outside a transaction. */
void ledger_rollback(struct ledger *ledger);

/* Documents: the bytes of an envelope, and the id of its payload. A visit
 * stops at the first status that is not STATUS_OK and returns it. */
typedef enum status ledger_document_visit(
    void *arg, const struct digest *id, struct view envelope);

struct ledger_document {
    struct digest id;
    struct view envelope;
    int64_t added; /* seconds since 1970 */
};

/* STATUS_EXISTS when that version is there. */
enum status ledger_add_roster(struct ledger *ledger, int64_t version,
    const struct ledger_document *document);
/* Oldest first. */
enum status ledger_visit_rosters(
    struct ledger *ledger, ledger_document_visit *visit, void *arg);
/* The newest version; 0 when there is none. */
enum status ledger_roster_version(struct ledger *ledger, int64_t *version);
enum status ledger_add_study(
    struct ledger *ledger, const struct ledger_document *document);
enum status ledger_visit_studies(
    struct ledger *ledger, ledger_document_visit *visit, void *arg);
/* An approval that is there already is left as it is. */
enum status ledger_add_approval(struct ledger *ledger,
    const struct digest *study_id, const struct ledger_document *document);
enum status ledger_visit_approvals(struct ledger *ledger,
    const struct digest *study_id, ledger_document_visit *visit, void *arg);

struct ledger_opt_in {
    struct digest study_id;
    struct public_key center; /* its identity: a name may pass to another */
    bool in;
    int64_t sequence;
};

/* Replaces the center's earlier decision on that study. */
enum status ledger_put_opt_in(struct ledger *ledger,
    const struct ledger_opt_in *opt_in, struct view envelope, int64_t now);
enum status ledger_visit_opt_ins(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_opt_in *opt_in),
    void *arg);

/* What a center said of a study when it refused last: refusals left until it
 * locks it, plus one; 0: nothing. */
struct ledger_refusals {
    struct digest study_id;
    char center[LEDGER_NAME_MAX + 1];
    int64_t left;
};

enum status ledger_put_refusals(
    struct ledger *ledger, const struct ledger_refusals *refusals);
enum status ledger_visit_refusals(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_refusals *refusals),
    void *arg);

enum query_state { QUERY_OPEN, QUERY_ANSWERED, QUERY_FAILED };

struct ledger_query {
    struct digest id, study_id, question;
    char study[LEDGER_NAME_MAX + 1]; /* the study's name */
    struct public_key researcher;
    enum query_state state;
    int64_t submitted, finished;       /* finished 0: not yet */
    char failure[LEDGER_NOTE_MAX + 1]; /* a status name; "" */
    char reason[LEDGER_TEXT_MAX];
    struct view envelope; /* borrowed; during a visit only */
};

typedef enum status ledger_query_visit(
    void *arg, const struct ledger_query *query);

/* STATUS_EXISTS when that id is there. */
enum status ledger_add_query(
    struct ledger *ledger, const struct ledger_query *query);
/* Sets state, finished, failure and reason of query->id. */
enum status ledger_end_query(
    struct ledger *ledger, const struct ledger_query *query);
/* STATUS_NOT_FOUND */
enum status ledger_find_query(struct ledger *ledger, const struct digest *id,
    ledger_query_visit *visit, void *arg);
/* Newest first. researcher NULL: everybody's. */
enum status ledger_visit_queries(struct ledger *ledger,
    const struct public_key *researcher, int64_t limit,
    ledger_query_visit *visit, void *arg);
/* Of one person: failed queries that came after `since`. */
enum status ledger_count_failed(struct ledger *ledger,
    const struct public_key *researcher, int64_t since, int64_t *count);
/* Of one person: failed queries that came after `since`. */
enum status ledger_count_failed(struct ledger *ledger,
    const struct public_key *researcher, int64_t since, int64_t *count);
enum status ledger_visit_open_queries(
    struct ledger *ledger, ledger_query_visit *visit, void *arg);
const char *query_state_name(enum query_state state);

/* The session of a query: its signed header, exactly as it was sent. */
enum status ledger_add_session(struct ledger *ledger,
    const struct digest *query_id, const struct digest *header_id,
    struct view header, int64_t deadline);
/* Appends the header. STATUS_NOT_FOUND. */
enum status ledger_get_session(struct ledger *ledger,
    const struct digest *query_id, struct buffer *header);

enum reply_state { REPLY_ASKED, REPLY_ANSWERED, REPLY_REFUSED, REPLY_ABSENT };

struct ledger_reply {
    char center[LEDGER_NAME_MAX + 1];
    enum reply_state state;
    char note[LEDGER_NOTE_MAX + 1]; /* "bad_reply"; "" */
    struct view vector;             /* empty: none is kept */
    struct digest digest;           /* of the vector's bytes */
};

/* Adds or replaces what one center said. */
enum status ledger_put_reply(struct ledger *ledger,
    const struct digest *query_id, const struct ledger_reply *reply,
    int64_t now);
/* In the order of the centers' names. */
enum status ledger_visit_replies(struct ledger *ledger,
    const struct digest *query_id,
    enum status (*visit)(void *arg, const struct ledger_reply *reply),
    void *arg);
/* Forgets the centers' vectors and keeps their digests: a question that is
 * over needs only the sum. */
enum status ledger_drop_vectors(
    struct ledger *ledger, const struct digest *query_id);

enum status ledger_add_result(struct ledger *ledger,
    const struct digest *query_id, const struct ledger_document *document);
/* Appends the envelope. STATUS_NOT_FOUND. */
enum status ledger_get_result(struct ledger *ledger,
    const struct digest *query_id, struct digest *id, struct buffer *envelope);

struct ledger_presence {
    char center[LEDGER_NAME_MAX + 1];
    bool connected;
    int64_t last_seen; /* seconds since 1970; 0: never */
    int64_t protocol;  /* as its last HELLO said; 0: none yet */
};

enum status ledger_put_presence(
    struct ledger *ledger, const struct ledger_presence *presence);
/* All zeros when the center never came. */
enum status ledger_get_presence(struct ledger *ledger, const char *center,
    struct ledger_presence *presence);
/* Nobody is connected to a daemon that is not running. */
enum status ledger_clear_presence(struct ledger *ledger);

/* A set of rows that figures were asked of (policy/memory.h). */
struct ledger_set {
    int64_t sequence; /* from 1, in the order in which they were asked */
    struct digest id, study_id, query_id;
    int64_t weight;
    struct view shared; /* of each earlier set that it was held against, in
                           order: sequence 8, weight 8, little-endian */
    struct view told;   /* an instruction of this one set, whose places are
                           those of `shared` */
    char words[LEDGER_TEXT_MAX];
};

enum status ledger_add_set(struct ledger *ledger, const struct ledger_set *set);
/* In the order in which they were asked. The views are good during a visit. */
enum status ledger_visit_sets(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_set *set), void *arg);

/* What a question weighed, as it was opened, and what was decided of it. */
struct ledger_weighing {
    struct digest query_id;
    struct digest study_id; /* when it is visited */
    struct view remembered; /* the ids of the sets, 32 bytes each, in order */
    struct view sets;    /* of the question, a byte each: it is weighed only */
    int64_t people;      /* the limit */
    struct view weights; /* 16 bytes an element */
    struct view instruction;
    int64_t heads; /* of the sets: cohort and levels */
};

enum status ledger_add_weighing(
    struct ledger *ledger, const struct ledger_weighing *weighing);
/* In the order of the questions. The views are good during a visit. */
enum status ledger_visit_weighings(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_weighing *weighing),
    void *arg);

/* A cohort that is near to an earlier one and was told otherwise (memory.h). */
struct ledger_near {
    struct digest study_id, query_id;
    int64_t number;        /* from 1, in its study */
    struct digest earlier; /* the set's id */
    int64_t weight, shared;
    char words[LEDGER_TEXT_MAX]; /* of the later cohort */
    /* When it is the one after which the study waits: of the study's questions
     * the first that does. */
    int64_t stops_at;
    /* When it is visited: */
    struct digest earlier_query;
    char earlier_words[LEDGER_TEXT_MAX];
    struct public_key researcher, earlier_researcher;
    int64_t submitted, earlier_submitted;
};

/* number is set. */
enum status ledger_add_near(struct ledger *ledger, struct ledger_near *near);
/* Whether the study has that pair. */
enum status ledger_has_near(
    struct ledger *ledger, const struct ledger_near *near, bool *has);
/* In the order in which they were found. study NULL: of all. */
enum status ledger_visit_near(struct ledger *ledger, const struct digest *study,
    enum status (*visit)(void *arg, const struct ledger_near *near), void *arg);
/* One more question of the study was weighed. */
enum status ledger_count_question(
    struct ledger *ledger, const struct digest *study);

struct ledger_counter {
    int64_t found;     /* pairs */
    int64_t seen;      /* of these, by who said last that it goes on */
    int64_t questions; /* that were weighed */
};

enum status ledger_get_counter(struct ledger *ledger,
    const struct digest *study, struct ledger_counter *out);
/* Whether the next question waits: `limit` pairs were found since. */
enum status ledger_counter_waits(struct ledger *ledger,
    const struct digest *study, int64_t limit, bool *waits);
/* A member's word (policy/continuation.h). STATUS_EXISTS. */
enum status ledger_add_continued(struct ledger *ledger,
    const struct digest *study, int64_t seen, struct view envelope,
    int64_t now);

/* What the tables of a question told (cells.h), and of all questions, in their
 * order; the view is good during a visit. */
enum status ledger_add_cells(
    struct ledger *ledger, const struct digest *query_id, struct view cells);
enum status ledger_visit_cells(struct ledger *ledger,
    enum status (*visit)(void *arg, struct view cells), void *arg);

/* Replaces the center's earlier head. */
enum status ledger_put_head(struct ledger *ledger, const struct head *head);
enum status ledger_visit_heads(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct head *head), void *arg);

/*
 * The register. digest = BLAKE2b-256 of the text
 *     SEQUENCE LF TIME LF KIND LF SUBJECT LF DETAIL LF PREVIOUS
 * where SUBJECT and PREVIOUS are hexadecimal and PREVIOUS is the digest of the
 * entry before (zeros at first). A cut at the end is not visible in the chain
 * itself: note its length and last digest elsewhere.
 */
struct ledger_entry {
    int64_t sequence; /* from 1 */
    int64_t time;
    char kind[LEDGER_NOTE_MAX + 1]; /* "study_accepted" */
    struct digest subject;          /* id of what it is about */
    char detail[LEDGER_TEXT_MAX];
    struct digest previous, digest;
};

/* Appends; hidden characters in detail are escaped. Part of the caller's
 * transaction. */
enum status ledger_record(struct ledger *ledger, int64_t now, const char *kind,
    const struct digest *subject, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
enum status ledger_visit_register(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct ledger_entry *entry),
    void *arg);
/* Recomputes every digest. *last is the last good entry (sequence 0: none);
 * STATUS_CORRUPT when the one after it does not follow from it. */
enum status ledger_verify_register(
    struct ledger *ledger, struct ledger_entry *last);

#endif
