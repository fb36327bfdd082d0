/*
 * store: a center's record, one SQLite file. WAL, STRICT tables, migrations; a
 * commit is on disk (synchronous = FULL) when store_commit returns.
 *
 * Patients that come with an identifier of the center's own have a row in the
 * key table, which stays here: a random 63-bit pseudonym that is not derived
 * from anything. Patients without one get a pseudonym and no such row.
 *
 * One thread owns a store; other processes may have the same file open.
 */
#ifndef COHORTIUM_NODE_STORE_H
#define COHORTIUM_NODE_STORE_H

#include "protocol/query/dictionary.h"
#include "protocol/wire/digest.h"
#include "protocol/wire/head.h"

struct store;

/* Creates the file (mode 0600) or brings an older one up to date, all or
 * nothing, and leaves a copy of the older one beside
 * (protocol/store/README.md).
 * ":memory:" keeps it in memory. STATUS_WRONG_DICTIONARY when the registry was
 * made with another dictionary, STATUS_UNSUPPORTED_VERSION when a newer program
 * wrote it or it is no registry. dictionary is borrowed. */
enum status store_open(
    struct store **out, const char *path, const struct dictionary *dictionary);
void store_close(struct store *store);
/* The version that this program writes. */
int64_t store_version(void);
enum status store_begin(struct store *store);
/* One view for several reads, without a lock for each: nothing is written
 * before store_rollback ends it. */
enum status store_begin_reading(struct store *store);
enum status store_commit(struct store *store);
/* Does nothing outside a transaction. */
void store_rollback(struct store *store);

/* ---- registry ---- */

struct store_row {
    const char
        *patient;     /* the center's identifier; NULL: a person of its own */
    const char *exam; /* the center's identifier; NULL: always a new exam */
    const int32_t *codes; /* one a column of the dictionary; VALUE_REFUSED
                             where a value was out of range; a date is
                             VALUE_DATED + days. No date is stored: a random
                             shift of the patient, which stays in the key table,
                             is added to it, so that exams that come later
                             still stand in their order */
};

/* Adds the exam, or replaces the one with the same identifier: *replaced is its
 * id, 0 when there was none. Ids grow. */
enum status store_put_row(
    struct store *store, const struct store_row *row, int64_t *replaced);
/* The id of the exam that came last; 0: there is none. */
enum status store_last_exam(struct store *store, int64_t *id);
/* Forgets every exam; keeps the key table, so that pseudonyms stay. */
enum status store_clear_registry(struct store *store);
enum status store_note_import(struct store *store, const struct digest *file,
    int64_t rows, int64_t now, const char *report);
/* Whether a file with these bytes was imported since the last clearing. */
enum status store_import_seen(
    struct store *store, const struct digest *file, bool *seen);
struct store_counts { /* of the record as it is now */
    int64_t exams, identified, opted_out, imports;
};
enum status store_get_counts(struct store *store, struct store_counts *counts);

/* Which rows: the record as it stood in an edition, without those who were
 * absent when so many had left or come back. */
struct store_view {
    int64_t freeze; /* its number; 0: none */
    int64_t edition, absences;
    int64_t erasures; /* that were made: they change every view */
};
/* The record as it is now. */
enum status store_view_now(struct store *store, struct store_view *view);
/* Of that freeze alone; 0 holds nobody. STATUS_NOT_FOUND. */
enum status store_view_freeze(
    struct store *store, int64_t number, struct store_view *view);
/* Whether the rows are the same. */
bool store_view_equal(const struct store_view *a, const struct store_view *b);
/* Grows when somebody is no longer among the rows of the same freeze. */
int64_t store_view_departures(const struct store_view *view);

struct store_visited {
    int64_t pseudonym;
    uint32_t number; /* the exam's, from 1: it keeps it when it is replaced, and
                        no other exam ever has it */
    const int32_t *codes;
};
/* Every row of the view, a patient's rows together: in the
 * order of the dictionary's exam_time, then of the exams' identifiers (the
 * shorter first, so that e9 stands before e10), then as they came. Codes as in
 * struct store_row, but for dates: they are days since the patient's first
 * exam, and what is derived from them is there. */
typedef enum status store_row_visit(void *arg, const struct store_visited *row);
enum status store_visit_rows(struct store *store, const struct store_view *view,
    store_row_visit *visit, void *arg);
/* The numbers of exams that the view held and that were erased since, in order.
 */
typedef enum status store_erased_visit(void *arg, uint32_t number);
enum status store_visit_erased(struct store *store,
    const struct store_view *view, store_erased_visit *visit, void *arg);

/* ---- freezes ---- */

#define STORE_SECRET_BYTES 32

struct store_freeze {
    int64_t number, time;
    uint8_t secret[STORE_SECRET_BYTES]; /* what its digest is keyed by */
    struct view envelope;               /* empty in what is found */
};
/* 0: there is none. */
enum status store_last_freeze(struct store *store, int64_t *number);
/* Appends the envelope unless it is NULL. STATUS_NOT_FOUND. */
enum status store_find_freeze(struct store *store, int64_t number,
    struct store_freeze *freeze, struct buffer *envelope);
/* Of the record as it is now; the caller counts. Within the caller's
 * transaction. */
enum status store_put_freeze(
    struct store *store, const struct store_freeze *freeze);
/* Whether rows changed, or somebody left or came back, since the last one. */
enum status store_freeze_due(struct store *store, bool *changed);
/* BLAKE2b-256 of the rows, the absent named, keyed by the secret. */
enum status store_digest_rows(struct store *store,
    const struct store_view *view, const uint8_t secret[STORE_SECRET_BYTES],
    struct digest *digest);

/* Research opt-out of one patient, or its end. STATUS_NOT_FOUND. */
enum status store_set_opt_out(
    struct store *store, const char *identifier, bool out);
/* Deletes a patient's rows in all versions and his place in the key table; the
 * numbers of his exams are never given again. STATUS_NOT_FOUND. */
enum status store_erase(struct store *store, const char *identifier);
/* Around the transaction of an erasure: what is deleted is written over, and
 * the write-ahead log does not keep it. */
enum status store_scrub(struct store *store, bool begin);

/* What a study reads, for ever: its freeze, and who had left when that was
 * settled. move: how often its researcher asked for the latest. */
struct store_reading {
    struct digest study;
    int64_t move, freeze, absences;
};
/* STATUS_EXISTS */
enum status store_put_reading(
    struct store *store, const struct store_reading *reading);
enum status store_visit_readings(struct store *store,
    enum status (*visit)(void *arg, const struct store_reading *reading),
    void *arg);
/* The freezes that a study reads after the moves beside one: at most that
 * before it (below), at least that after it (above); 0: none. */
struct store_span {
    int64_t below, above;
};
enum status store_find_span(struct store *store, const struct digest *study,
    int64_t move, struct store_span *span);
/* Grows with every freeze and every reading. */
enum status store_freeze_count(struct store *store, int64_t *count);
/* The rows that the study reads after so many moves: its freeze, without those
 * who had left when the study last settled on one or when the center last made
 * one. STATUS_NOT_FOUND: not settled yet. */
enum status store_view_study(struct store *store, const struct digest *study,
    int64_t move, struct store_view *view);

/* ---- documents ---- */

typedef enum status store_document_visit(
    void *arg, const struct digest *id, struct view envelope);

/* The version of the protocol that the coordinator's last WELCOME said, for the
 * status command; 0: it never said one. */
enum status store_put_coordinator_protocol(struct store *store, uint64_t said);
enum status store_get_coordinator_protocol(struct store *store, int64_t *said);
enum status store_put_roster(
    struct store *store, int64_t version, struct view envelope);
/* Of the newest; 0: there is none. */
enum status store_roster_version(struct store *store, int64_t *version);
/* Oldest first. */
enum status store_visit_rosters(
    struct store *store, store_document_visit *visit, void *arg);
/* STATUS_EXISTS when it is there. */
enum status store_put_study(struct store *store, const struct digest *id,
    const char *name, struct view envelope, int64_t now);
enum status store_study_known(
    struct store *store, const struct digest *id, bool *known);
#define STORE_APPROVALS_MAX 64 /* of a study; more are not kept */
enum status store_put_approval(
    struct store *store, const struct digest *study, struct view envelope);
enum status store_visit_studies(
    struct store *store, store_document_visit *visit, void *arg);
/* Appends the envelope. By full name, or by at least 6 digits of the id.
 * STATUS_NOT_FOUND; STATUS_EXISTS when more than one fits. */
enum status store_find_study(struct store *store, const char *text,
    struct digest *id, struct buffer *envelope);
enum status store_visit_approvals(struct store *store,
    const struct digest *study, store_document_visit *visit, void *arg);
/* One a member and study; for ever where the study is known here. Of those
 * that are not, the STORE_REJECTIONS_MAX latest of each member stay.
 * STATUS_EXISTS. */
#define STORE_REJECTIONS_MAX 256
enum status store_put_rejection(struct store *store, const struct digest *study,
    const struct public_key *signer, struct view envelope);
enum status store_visit_rejections(struct store *store,
    const struct digest *study, store_document_visit *visit, void *arg);

struct store_decision {
    struct digest study;
    bool in;
    int64_t sequence;
    struct view envelope; /* borrowed during a visit; else empty */
    char limits[1024];    /* JSON of stricter limits; "" */
};

/* STATUS_NOT_FOUND: nothing was decided, which is a no. */
enum status store_get_decision(struct store *store, const struct digest *study,
    struct store_decision *decision);
enum status store_put_decision(
    struct store *store, const struct store_decision *decision, int64_t now);
enum status store_visit_decisions(struct store *store,
    enum status (*visit)(void *arg, const struct store_decision *decision),
    void *arg);
/* Grows with every decision: the daemon sees what a command did. */
enum status store_decision_count(struct store *store, int64_t *count);

/* ---- what was answered ---- */

struct store_answer {
    struct digest query, header, study, question;
    struct view vector;
    int64_t time;
    int64_t freeze;     /* of the rows that it is of */
    int64_t departures; /* store_view_departures of them */
};

enum status store_put_answer(
    struct store *store, const struct store_answer *answer);
/* By the query; appends the vector and sets header, freeze and departures.
 * STATUS_NOT_FOUND; STATUS_CORRUPT when it is not the one that was put. */
enum status store_find_answer(struct store *store, const struct digest *query,
    struct store_answer *answer, struct buffer *vector);
/* By the question within a study, on that freeze. STATUS_NOT_FOUND. */
struct store_asked {
    const struct digest *study, *question;
    int64_t freeze;
};
enum status store_find_question(struct store *store,
    const struct store_asked *asked, struct store_answer *answer,
    struct buffer *vector);
/* Of a study: those since a time, and all. */
enum status store_count_answers(struct store *store, const struct digest *study,
    int64_t since, int64_t *recent, int64_t *total);
/* reason: a status' name. */
enum status store_put_refusal(struct store *store, const struct digest *study,
    const char *reason, int64_t now);
struct store_lock {
    bool locked;       /* `many` refusals came within some `seconds` */
    int64_t since;     /* when the last of those came; -1: it is not locked */
    int64_t recent;    /* refusals in the `seconds` before now */
    char reasons[256]; /* of all: "8 EXPIRED, 2 BAD_SIGNATURE" */
};
/* Of the refusals since the data manager last looked. */
enum status store_find_lock(struct store *store, const struct digest *study,
    int64_t many, int64_t seconds, int64_t now, struct store_lock *lock);
enum status store_clear_refusals(
    struct store *store, const struct digest *study);
/* Those of the study before that time. */
enum status store_drop_refusals(
    struct store *store, const struct digest *study, int64_t before);

struct store_counted { /* one kind of refusal on one day */
    int64_t day;       /* since 1970 */
    struct digest study;
    struct public_key person;
    enum status reason;
    int64_t times;
};

/* One more of this kind; *times: with it. */
enum status store_count_refusal(
    struct store *store, const struct store_counted *kind, int64_t *times);
/* One kind of another day than today, forgotten here. STATUS_NOT_FOUND. */
enum status store_take_counted(
    struct store *store, int64_t today, struct store_counted *out);

/* ---- sets of rows that were asked (remembered.h) ---- */

struct store_set {
    struct digest id, header, study; /* header: of the question's session */
    int64_t until;                   /* when it is forgotten */
    bool released;    /* the question's result was, as far as is known */
    struct view told; /* as this center decided alone; empty: it did not */
    struct view rows; /* sealed */
};

enum status store_put_set(struct store *store, const struct store_set *set);
/* The number that the next set gets. */
enum status store_next_set(struct store *store, int64_t *number);
/* Those after that number, in the order in which they were put. The views are
 * good during a visit. */
typedef enum status store_set_visit(
    void *arg, int64_t number, const struct store_set *set);
enum status store_visit_sets(
    struct store *store, int64_t after, store_set_visit *visit, void *arg);
/* Of that question. */
enum status store_release_sets(
    struct store *store, const struct digest *header);
/* Those whose time is over. */
enum status store_drop_sets(struct store *store, int64_t now, bool *dropped);
/* Who may ask in a study. Once is enough. */
enum status store_put_researcher(struct store *store,
    const struct digest *study, const struct public_key *researcher);
/* Sets that were released, of studies which share a researcher with this one,
 * in the order in which they were put. */
enum status store_visit_family(struct store *store, const struct digest *study,
    enum status (*visit)(void *arg, const struct digest *id), void *arg);

/* ---- masked questions, step by step ---- */

enum store_stage { /* what left, or is about to */
    STAGE_KEYS_LEFT = 1,
    STAGE_SHARES_LEFT,
    STAGE_MASKED_LEFT,
    STAGE_VOTE_LEFT,
    STAGE_REVEAL_LEFT
};

/* One a query. It stays for ever once figures have left, and one that had a
 * vote is not taken back; of others the STORE_EARLY_MAX latest stay. */
#define STORE_EARLY_MAX 1000
struct store_progress {
    struct digest query, header, study;
    int64_t attempt; /* from 1; one more each time it was begun again */
    enum store_stage stage;
    struct digest members, givers, survivors; /* zeros: not chosen yet */
    bool revealed;
    int64_t refused; /* a step after the end was written to the audit log */
    int64_t time;
};

/* On disk with the caller's transaction. */
enum status store_put_progress(
    struct store *store, const struct store_progress *progress);
/* A transaction of its own that outlives the process and may not outlive the
 * power: enough for a step before the vote, whose secrets are gone with the
 * process in any case. */
enum status store_note_progress(
    struct store *store, const struct store_progress *progress);
/* STATUS_NOT_FOUND */
enum status store_find_progress(struct store *store, const struct digest *query,
    struct store_progress *progress);
enum status store_find_progress_of_session(struct store *store,
    const struct digest *header, struct store_progress *progress);
/* How often masked figures left for a study in questions, or attempts at one,
 * that never had this center's vote. */
enum status store_count_unvoted(
    struct store *store, const struct digest *study, int64_t *count);
const char *store_stage_name(enum store_stage stage);

/* ---- the budget of noise ---- */

enum status store_put_charge(struct store *store, const struct digest *study,
    const struct digest *query, int64_t nano, int64_t now);
/* study NULL: of all, since then. */
enum status store_sum_charges(struct store *store, const struct digest *study,
    int64_t since, int64_t *nano);

/* ---- audit ---- */

struct store_record {
    int64_t sequence, time;
    const char *event, *subject, *detail;
    struct digest previous, digest;
    struct signature signature;
};

/* Head of the chain: sequence 0 and zeros when there is none. */
enum status store_audit_head(
    struct store *store, int64_t *sequence, struct digest *digest);
/* How long the log was when it was last written: a cut end shows. */
enum status store_audit_length(struct store *store, int64_t *length);
/* Of that record; zeros for 0. STATUS_NOT_FOUND. */
enum status store_audit_digest(
    struct store *store, int64_t sequence, struct digest *digest);
/* Within the caller's transaction, or one of its own. */
enum status store_audit_append(
    struct store *store, const struct store_record *record);
enum status store_audit_visit(struct store *store, int64_t from,
    enum status (*visit)(void *arg, const struct store_record *record),
    void *arg);

/* ---- what this node signed, and what it carries for others (past.h) ---- */

/* From 1; grows when the node goes on after a loss. */
enum status store_get_era(struct store *store, int64_t *era);
enum status store_put_era(struct store *store, int64_t era);
/* Whether a file with the signed head was ever written beside the database. */
enum status store_head_kept(struct store *store, bool *kept);
enum status store_note_head_kept(struct store *store);
enum status store_put_witnessed(struct store *store, const struct head *head);
/* STATUS_NOT_FOUND */
enum status store_find_witnessed(
    struct store *store, const struct public_key *signer, struct head *head);
enum status store_visit_witnessed(struct store *store,
    enum status (*visit)(void *arg, const struct head *head), void *arg);

#endif
