/*
 * session_internal: what the files of the session share.
 */
#ifndef COHORTIUM_NODE_SESSION_INTERNAL_H
#define COHORTIUM_NODE_SESSION_INTERNAL_H

#include "node/answering.h"
#include "node/freeze.h"
#include "node/session.h"
#include "node/slots.h"
#include "policy/admission.h"
#include "policy/disclosure.h"
#include "protocol/analysis/round_body.h"
#include "protocol/masking/member.h"

#define OPEN_MAX 8      /* questions that stay open at the same time */
#define DEFERRED_MAX 32 /* messages that wait for a job or a slot */

/* A scan of the rows: for the figures of a question, or for a later round of
 * its fits. */
struct session_job {
    struct question *question;
    struct rows rows;
    uint32_t number;        /* the round, as the coordinator said; 0: OPEN */
    struct round round;     /* number 0: the figures */
    struct round_body body; /* of a later one */
    struct digest told;     /* of the body of ROUND */
    struct contribution contribution;
    enum status status;
};

/* A message that waits, and the session it is of; zeros: none that is known. */
struct deferred {
    struct digest header;
    struct buffer bytes;
};

/* What members said of a study and of its amendments, and these: the documents
 * of a message, in its order, and then rejections that were kept. */
#define VOTES_SUBJECTS_MAX 21 /* the study, and amendments */
struct votes {
    size_t count;
    struct envelope *items[MESSAGE_DOCUMENTS_MAX +
                           VOTES_SUBJECTS_MAX * ROSTER_COMMITTEE_MAX];
};

/* One question, from its OPEN to its answer; a masked one until it is over. */
struct question {
    struct session *session;
    const struct message *message; /* OPEN */
    int64_t now;
    struct envelope *header, *query, *study;
    struct votes votes;
    struct digest header_id, query_id, study_id;
    struct digest study_bytes; /* of study and approvals, as they came */
    struct study *verified;    /* the session's, when it is this one */
    struct admission admission;
    struct limits limits; /* the stricter of study and center */
    bool own_limits;      /* the center has some */
    bool center_effects;  /* the study's */
    enum study_privacy privacy;
    int64_t min_centers;
    struct budget_terms noise;
    char study_name[STUDY_NAME_MAX + 1];
    int64_t study_from, study_until;
    int64_t decision; /* its sequence, when it was admitted */
    bool taken_back;  /* a member rejected the study since */
    bool changed;     /* why it is refused: not for what was asked */
    size_t center;    /* this one's place in the header's list */
    /* Its sets of rows; NULL: it is a stored answer, or noise protects. */
    struct asked *sets;
    bool weighed; /* weights leave first, and the instruction comes back */
    struct instruction instruction; /* no sets: not yet */
    struct answering *answering;    /* the rows that it says; NULL: not yet */
    struct vector cells;            /* of its fits; behind the figures */
    struct store_view view;         /* the rows that the study reads */
    bool settled;                   /* that it reads them */
    int64_t departures;             /* of the rows that the vector is of */
    struct frame *frame;            /* held; NULL: none yet */
    struct digest asked;            /* digest_of_question: no nonce, no dates */
    struct buffer vector;           /* what leaves; before masks */
    bool stored;                    /* it was computed earlier */
    struct disclosure_report report;
    struct diagnostic diagnostic;
    /* A masked one: */
    struct member *member;
    int64_t attempt;    /* at this query */
    struct buffer last; /* the message that was sent last */
    uint32_t rounds;    /* later ones */
    bool again;         /* its answer left in an earlier opening */
    uint64_t touched_ms;
    uint64_t received_ms;    /* when that came which it answers next */
    struct session_job *job; /* that runs; NULL: none */
    bool over;               /* closed while its job ran */
};

struct session {
    struct session_setup setup;
    struct roster *roster;
    struct frames *frames;
    struct remembered *remembered;
    bool welcomed;
    bool other_protocol; /* of the coordinator: nothing else is heard */
    uint64_t heartbeat_ms, heard_ms, pinged_ms, ping;
    int64_t decisions_sent; /* store_decision_count when they were sent last */
    int64_t settled_day;    /* refusals of the days before were told */
    int64_t freeze_looked;  /* when it was looked whether one is due */
    int64_t freezes_told;   /* store_freeze_count when they were; -1: not yet */
    int64_t freeze_told;    /* the latest then */
    struct past past;
    struct head told; /* what was last said of our own on this connection */
    /* The study that was verified last, under this roster: the digest is over
     * the exact bytes of study and approvals. */
    struct digest verified_bytes;
    struct study *verified;
    struct question *open[OPEN_MAX]; /* NULL: free */
    struct session_job *job;         /* that runs; NULL: none */
    size_t deferred_count;
    struct deferred deferred[DEFERRED_MAX]; /* in order */
    struct slots slots;
};

#define NODE_CLOCK "this center's clock"

enum status outbox_add(struct outbox *outbox, const struct message *message);
/* One that is encoded already. */
enum status outbox_add_bytes(struct outbox *outbox, struct view message);
/* Accepts NULL. */
void question_destroy(struct question *question);
/* session_record.c */
/* D15, and the lock after too many refusals in a day. It does not end with the
 * day: the data manager ends it. */
enum status question_check_counts(struct question *question);
/* The answer and its record, on disk before the reply may leave. */
enum status question_record(struct question *question);
/* Before masked figures or weights leave: that they did. */
enum status question_remember(struct question *question);
/* Before figures leave of a question that was weighed: the sets that they are
 * of. */
enum status question_record_told(struct question *question);
/* REFUSE, the same from outside whatever the reason; the log has it. */
enum status question_refuse(
    struct question *question, enum status reason, struct outbox *outbox);

/* session_open.c */
/* What comes of a step: a body and, where figures leave, a vector. */
struct step_reply {
    uint32_t round; /* of the vector */
    struct buffer body;
    struct vector vector;
};

void step_reply_init(struct step_reply *reply);
void step_reply_fini(struct step_reply *reply);
/* At once or, where noise protects, on its slot. */
enum status question_send(
    struct question *question, struct view message, struct outbox *outbox);
/* Sends it, and remembers it to be said again. */
enum status open_send(struct question *question, enum message_type type,
    const struct step_reply *reply, struct outbox *outbox);
/* A free place, NULL when there is none; an attempt at the same query, or one
 * that nobody has touched for long, makes room. */
struct question **open_place(struct session *session,
    const struct digest *query, struct session_time now);
/* No place is free: says BUSY, which is no refusal, and keeps nothing. */
enum status open_say_busy(const struct digest *header, struct outbox *outbox);
/* A question that is open already, asked again after a lost connection: says
 * again what it said last, if it still may. STATUS_NOT_FOUND: it is not open.
 */
enum status open_resume(struct session *session, const struct digest *header,
    struct session_time now, struct outbox *outbox);
/* PEERS, SEALED, SURVIVORS, VOTES, ROUND */
enum status session_take_step(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox);
/* On each tick: what nobody has touched for long is refused. */
enum status open_end_idle(
    struct session *session, struct session_time now, struct outbox *outbox);
/* CLOSE: seeds and vectors are wiped. */
enum status open_close(struct session *session, const struct digest *header);
void open_close_all(struct session *session);

/* session_masked.c */
/* Admitted and computed: joins the aggregation. The question is the session's
 * now unless it fails. */
enum status masked_open(
    struct question *question, struct session_time now, struct outbox *outbox);
enum status masked_take_peers(struct question *question,
    const struct message *message, struct step_reply *reply);
enum status masked_take_sealed(struct question *question,
    const struct message *message, struct step_reply *reply);
enum status masked_take_survivors(struct question *question,
    const struct message *message, struct step_reply *reply);
enum status masked_take_votes(struct question *question,
    const struct message *message, struct step_reply *reply);

/* The scan is done: answers or refuses. The question is taken over. */
enum status question_finish(struct question *question, struct session_job *job,
    struct session_time now, struct outbox *outbox);
/* A scan of a later round is done: sends what comes of it. */
enum status open_finish_round(struct question *question,
    const struct session_job *job, struct outbox *outbox);

/* session_scan.c */
/* The rows of the frame that it holds, as this center's of the question. */
struct rows question_rows(const struct question *question);
/* Whether it stays open for rounds after its first answer. */
bool question_has_rounds(const struct question *question);
/* The rows that its instruction says: a later scan counts these. */
enum status question_take_answering(struct question *question);
/* The scan of a first round and this center's rules: of the job's thread. */
enum status question_scan(struct question *question, const struct rows *rows,
    struct contribution *contribution);

/* session_job.c */
/* Accepts NULL; the question stays. */
void session_job_destroy(struct session_job *job);
/* Runs it, and *done, or gives it to the worker, whose it is then. */
enum status job_start(struct session_job *job, bool *done);
/* Keeps a message for when the job that runs is done, or a slot has come. Too
 * many wait: an OPEN is answered BUSY. */
enum status job_defer(struct session *session, const struct message *message,
    struct view bytes, struct outbox *outbox);
/* Its session is over: what waits of it never has its turn. */
void job_drop_deferred(struct session *session, const struct digest *header);
/* Nothing runs, and nothing waits for its slot: what was kept has its turn. */
enum status job_take_deferred(
    struct session *session, struct session_time now, struct outbox *outbox);
void job_forget_all(struct session *session);

/* session_allowed.c */
/* Before each step that lets something out: roster, rejections, dates, opt-in,
 * as they are now. The diagnostic says what changed. */
enum status question_still_allowed(struct question *question);

/* session_votes.c */
void votes_fini(struct votes *votes);
struct envelope_list votes_list(const struct votes *votes);
/* Appends the message's documents; some are there when it fails. */
enum status votes_decode(struct votes *votes, const struct message *message);
/* Of those, each valid rejection of the study or of one of the amendments is on
 * disk, and questions that rest on it end. */
enum status votes_keep(struct session *session, const struct votes *votes,
    const struct message *message, const struct digest *study, int64_t now);
/* Appends the rejections of all these that were kept. STATUS_TOO_LARGE: there
 * are more amendments than a coordinator takes. */
enum status votes_gather(struct votes *votes, const struct session *session,
    const struct digest *study);

/* session_progress.c */
/* Before a masked question is begun: sets its attempt. STATUS_REPLAYED when an
 * earlier one had this center's vote, STATUS_LIMIT_REACHED when too many of the
 * study never came to one. */
enum status progress_check(struct question *question);
/* Before the reply of that stage: outlives the process. */
enum status progress_note(
    const struct question *question, enum store_stage stage);
/* The same, on disk with the caller's transaction. */
enum status progress_put(
    const struct question *question, enum store_stage stage);
/* A step of a session that is not open here: refused, once. */
enum status progress_refuse_step(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox);
/* Within a transaction: the question ends here, and no later step of it is
 * written down. */
enum status progress_end(const struct question *question);

/* session_rounds.c */
/* An answer that was not masked, whose analyses take more rounds: kept for them
 * (true), with nothing to mask. */
bool rounds_keep(struct question *question, struct session_time now);
enum status rounds_take(struct question *question,
    const struct message *message, struct step_reply *reply);
enum status rounds_scan(struct question *question, const struct rows *rows,
    const struct round *told, struct contribution *out);
enum status rounds_finish(struct question *question,
    const struct session_job *job, struct step_reply *reply);

/* session_reading.c */
/* FREEZES, when a freeze or a reading came since they were told. */
enum status reading_tell(struct session *session, struct outbox *outbox);
/* Sets view and settled; of a study that was not asked yet nothing.
 * STATUS_REFUSED: the session names another freeze. */
enum status reading_find(struct question *question);
/* The study reads the freeze that the session names from now on, if it read
 * none. STATUS_REFUSED: it cannot. */
enum status reading_settle(struct question *question);
/* The frame of the view, until the question is destroyed. */
enum status reading_hold(struct question *question);
/* Whether people left since the vector was made that the view no longer has. */
bool reading_moved(const struct question *question);
/* Before a later round: STATUS_REFUSED when the rows are not those of the
 * first any more. */
enum status reading_go_on(struct question *question);

/* session_past.c */
/* HEADS: our own and, if all, those that we carry for others. */
enum status past_tell(struct session *session, bool all, struct outbox *outbox);
/* Our own, when it has changed since it was told. */
enum status past_tell_change(struct session *session, struct outbox *outbox);
enum status session_take_heads(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox);
/* A question, or a step of one, while the database is behind: refused, and
 * nothing is written. */
enum status past_refuse(struct session *session, const struct message *message,
    struct outbox *outbox);
/* After whatever may have written: the file has the head before the messages
 * from `before` on may leave; they are dropped when it could not be written. */
enum status past_seal(struct session *session, enum status status,
    struct outbox *outbox, size_t before);

/* Disk, memory, a defect: nothing that the coordinator sent. */
bool session_is_own_failure(enum status status);
/* OPEN: decides, records, answers or refuses. */
enum status session_open_question(struct session *session,
    const struct message *message, struct session_time now,
    struct outbox *outbox);
/* One roster of the chain: the next must be signed by the thresholds of both.
 * *out NULL: it is known. */
enum status session_read_roster(
    const struct session *session, struct roster **out, struct view bytes);
/* Those that the roster command wrote beside this process. */
enum status session_follow_rosters(struct session *session);
/* ROSTER and STUDY: believed only as far as their signatures go. */
enum status session_take_rosters(struct session *session,
    const struct message *message, struct session_time now);
enum status session_take_study(struct session *session,
    const struct message *message, struct session_time now);
void session_forget_verified(struct session *session);

#endif
