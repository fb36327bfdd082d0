/*
 * session: one open question. Whom it asks, what they said, the sum so far,
 * and when it is over. A step function: centers' replies and the clock in;
 * a verdict out. It sends nothing and writes nothing.
 *
 * Where a question is weighed first, its first sum is the weights, and what is
 * decided of them is told as the second round, whose sum is the figures.
 *
 * Invariant: `sum` is exactly the sum of the vectors of the centers whose
 * state is REPLY_ANSWERED, and each of them passed plan_check_alone. A
 * center's state leaves REPLY_ASKED once and never changes again.
 * Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_SESSION_H
#define COHORTIUM_COORDINATOR_SESSION_H

#include "coordinator/catalog.h"
#include "coordinator/families.h"
#include "protocol/analysis/fit.h"
#include "protocol/analysis/sets.h"
#include "protocol/masking/collector.h"

struct session_center {
    char name[NAME_MAX_BYTES + 1];
    enum reply_state state;
    const char *note;  /* why there is no answer of it: session.c; "" */
    bool sent;         /* OPEN went to its present connection */
    bool lost;         /* its connection went away since it was asked */
    bool busy;         /* it said so, when it was asked last */
    bool withdrew;     /* it refused; by its own word */
    uint64_t again_ms; /* monotonic: not asked before */
    bool saved;        /* the ledger has its reply */
    uint32_t index;    /* its place on the roster + 1 */
    bool told;         /* the present step went to its present connection */
    bool heard;        /* in the present round, where sums are not masked */
    uint8_t *bytes;    /* the vector as it came; NULL once it is saved */
    size_t size;
    struct digest digest; /* of these bytes */
};

/* Where a session stands. */
enum gathering {
    GATHER_SUMMARIES, /* figures that are not masked */
    GATHER_MASKED,    /* secure aggregation of the first round */
    GATHER_ROUND,     /* a later round */
    GATHER_CALCULATE, /* a sum is there, and what comes of it is not yet */
    GATHER_DONE,
    GATHER_FAILED
};

struct session {
    struct question question; /* owned */
    struct session_header *header;
    struct buffer header_envelope;
    struct buffer open_message; /* encoded once for all */
    uint64_t deadline_ms;       /* monotonic */
    size_t center_count;
    struct session_center *centers; /* in the header's order */
    size_t answered, refused;       /* by state */
    size_t unsaved_bytes;
    uint64_t retry_ms; /* the ledger failed at its end: not before this */
    struct vector sum;
    enum gathering gathering;
    enum status failure;           /* why gathering failed */
    struct collector *collector;   /* masked; NULL: not */
    struct fit *fit;               /* once the first sum was looked at */
    bool calculating;              /* somebody does */
    bool late;                     /* its first try came to nothing */
    struct buffer calculated;      /* result_calculate, once it is over */
    struct vector round_sum;       /* of a later round, not masked */
    struct buffer told;            /* the body of ROUND */
    uint64_t step_ms, step_end_ms; /* how long a step may take; monotonic */
    /* Of a question that is weighed before figures are told: */
    struct family *family; /* held; NULL: it is not weighed */
    struct sets *sets;
    uint8_t *weighed_only; /* [sets->count] */
    struct weighing_question weighing;
    struct vector weights;     /* the sum */
    struct buffer instruction; /* what comes of them; empty: not yet */
    bool has_submitter;
    struct channel_route submitter; /* where the answer goes */
};

struct session_setup {
    int64_t deadline;           /* wall clock, seconds since 1970 */
    uint64_t deadline_ms;       /* monotonic */
    uint8_t random[32];         /* names the session */
    const struct keypair *keys; /* the coordinator's */
    size_t center_count;
    const char *const *centers;
    const int64_t *freezes; /* that each is to answer from */
    const struct roster *roster;
    struct families *families;
    int64_t now; /* wall clock */
    uint64_t now_ms;
    struct diagnostic *diagnostic; /* why there is no plan for these centers;
                                      may be NULL */
};

/* Takes the question over (it is emptied) also when it fails. Signs the
 * header. Caller frees with session_destroy (accepts NULL). */
enum status session_create(struct session **out, struct question *question,
    const struct session_setup *setup);
/* A session from before a restart: the signed header as it was sent.
 * STATUS_CORRUPT when header and question do not belong together. */
enum status session_restore(struct session **out, struct question *question,
    struct view header, const struct keypair *keys);
void session_destroy(struct session *session);

/* NULL when that center was not asked. */
struct session_center *session_find(
    struct session *session, const char *center);
/* A center's vector. STATUS_OK: it is in the sum. STATUS_EXISTS: that center
 * has spoken already; nothing changes. Else the vector is not one that the
 * plan can give: the center counts as one that refused, with a note. */
enum status session_take_summary(
    struct session *session, struct session_center *center, struct view vector);
/* In whatever step it comes. Where the center's figures are in a sum already,
 * that sum is not used: the session has failed. STATUS_EXISTS: it has refused,
 * or given all that it was asked for. */
enum status session_take_refusal(
    struct session *session, struct session_center *center);

/* session_calculate.c: */
/* At GATHER_CALCULATE: what comes of the sum, by the rules and the fit. It
 * changes the session and appends the same to out, for a child process that has
 * a copy of it. What it takes a plan bounds. */
enum status session_calculate(struct session *session, struct buffer *out);
/* Takes in what a child's session_calculate appended. STATUS_TRUNCATED. */
enum status session_read_calculated(struct session *session, struct view bytes);

/* session_gather.c: */
/* The centers' places on the roster, and how their figures come. Called once,
 * after create or restore. */
enum status session_prepare_gathering(
    struct session *session, const struct roster *roster, uint64_t now_ms);
/* KEYS, SHARES, MASKED, VOTE, REVEAL. STATUS_EXISTS: it has spoken;
 * STATUS_NOT_ALLOWED: nobody asked; else the center is out. */
enum status session_take_step(struct session *session,
    struct session_center *center, const struct message *message);
/* The center will not speak in the present step. */
void session_drop(struct session *session, struct session_center *center);
/* Whether its figures are in the sum, or will be. */
bool session_holds(
    const struct session *session, const struct session_center *center);
/* The session cannot go on. */
void session_fail(struct session *session, enum status status);
/* Goes on as far as it can. True: a new step is open, to be told. */
bool session_progress(struct session *session, uint64_t now_ms);
/* What session_calculate returned and appended, here or in a child: the next
 * round, the results, or the end as failed. STATUS_BUSY: it is to be tried
 * again. */
void session_take_calculated(struct session *session, enum status status,
    struct view bytes, uint64_t now_ms);
/* The message of the present step for a center; false when there is none.
 * `body` holds what the message points to. */
bool session_write_step(const struct session *session,
    const struct session_center *center, struct message *message,
    struct buffer *body);

enum session_verdict {
    SESSION_WAIT,
    SESSION_FINISH, /* enough answered, and nobody else can or time is up */
    SESSION_FAIL    /* min_centers is out of reach */
};

enum session_verdict session_judge(const struct session *session);
/* Of figures that are not masked: whether the first round is over. */
enum session_verdict session_judge_summaries(
    const struct session *session, uint64_t now_ms);
/* The vector's bytes are in the ledger, or nobody needs them any more. */
void session_drop_bytes(struct session *session, struct session_center *center);
/* The step is over without it: notes why. */
void session_note_missing(struct session_center *center);
/* Whoever has not spoken is absent from now on, with a note of what it was. */
void session_end(struct session *session);
/* What stood in the way, in words: how many refused, were busy, not connected,
 * or not heard in time. */
void session_explain(const struct session *session, char *out, size_t capacity);
/* The step that it stands in, such as "masked figures". */
const char *session_step_name(const struct session *session);

#endif
