/*
 * catalog: the documents that questions are judged by, verified once and kept:
 * the roster chain, the dictionary, and the studies with their approvals and
 * the centers' opt-ins.
 *
 * Invariant: every study here is signed by an applicant and fits the
 * dictionary; `standing` says whether it is approved under the present roster.
 * A study never leaves, so pointers to it stay good. The ledger has all of it
 * as well. Not thread-safe.
 */
#ifndef COHORTIUM_COORDINATOR_CATALOG_H
#define COHORTIUM_COORDINATOR_CATALOG_H

#include "coordinator/ledger.h"
#include "coordinator/members.h"
#include "policy/admission.h"

#define CATALOG_STUDIES_MAX 1024

struct catalog_opt_in {
    struct public_key center; /* its identity */
    bool in;
    int64_t sequence;
    uint64_t left; /* refusals left there, plus one, when it refused last; 0:
                      not known */
};

/* Of one study, those that a member took back too. */
#define CATALOG_AMENDMENTS_MAX 20

struct catalog_study {
    struct study *study;
    struct buffer envelope; /* as it was submitted */
    size_t approval_count;
    /* Rejections as well, and amendments with theirs. */
    struct buffer approvals[MESSAGE_DOCUMENTS_MAX];
    /* The study as each amendment leaves it, in the order in which they came.
     */
    size_t amended_count;
    struct catalog_amended {
        struct digest id; /* of the amendment */
        struct study *study;
        enum status standing;
    } amended[CATALOG_AMENDMENTS_MAX];
    bool rejected;        /* a member's rejection is among them */
    enum status standing; /* STATUS_OK: approved by m of n */
    size_t opt_in_count;
    struct catalog_opt_in *opt_ins;
};

struct catalog {
    const struct dictionary *dictionary; /* borrowed */
    struct roster *roster;               /* the newest; NULL: none yet */
    size_t roster_count;                 /* the newest of the chain, oldest */
    struct buffer rosters[MESSAGE_DOCUMENTS_MAX]; /* first */
    size_t study_count;
    struct catalog_study **studies;
};

/* Loads everything from the ledger and verifies it again. A study that no
 * longer verifies is left out (and logged). Caller frees with
 * catalog_destroy (accepts NULL). */
enum status catalog_load(struct catalog **out, struct ledger *ledger,
    const struct dictionary *dictionary, int64_t now);
void catalog_destroy(struct catalog *catalog);
/* Reads the roster chain again and judges every study by it. */
enum status catalog_load_rosters(
    struct catalog *catalog, struct ledger *ledger, int64_t now);
struct catalog_study *catalog_find_study(
    const struct catalog *catalog, const struct digest *id);
/* A new roster version: verified against the newest, written, loaded. */
enum status catalog_add_roster(struct catalog *catalog, struct ledger *ledger,
    const struct envelope *envelope, int64_t now,
    struct diagnostic *diagnostic);

struct catalog_submission {
    struct view study; /* envelope */
    size_t approval_count;
    const struct view *approvals; /* and amendments */
};

/* A study that is not known must be approved, or rejected by somebody, or
 * nothing is kept and the reason is returned. To a known one approvals are
 * added (those that a member in good standing signed for it), and amendments,
 * each approved and following the last that stands. Written to the
 * ledger before it counts. Where rejections came all is well whatever they do
 * to the study: that is its standing. *index is its place among the studies. */
enum status catalog_submit_study(struct catalog *catalog, struct ledger *ledger,
    const struct catalog_submission *submission, int64_t now, size_t *index,
    struct diagnostic *diagnostic);
/* A center's signed decision. STATUS_REPLAYED: not newer than what is known
 * (nothing changes). center is the roster's entry of who sent it. */
enum status catalog_opt_in(struct catalog *catalog, struct ledger *ledger,
    const struct identity *center, struct view bytes, int64_t now);
bool catalog_study_has_center(
    const struct catalog_study *study, const struct public_key *center);
/* Refusals that are left at a center of the present roster before it locks the
 * study, plus one (1: it is locked), as it said last; 0: not known. */
uint64_t catalog_refusals_left(const struct catalog *catalog,
    const struct catalog_study *study, const char *center);
void catalog_note_refusals(struct catalog *catalog, struct ledger *ledger,
    const struct ledger_refusals *refusals);
/* Enrols everybody who may connect. Somebody whose keys are taken by another
 * user is left out (and logged). */
enum status catalog_enroll(
    const struct catalog *catalog, struct members *members);

/* A query that was found to be within its study. */
struct question {
    struct digest id;
    const struct catalog_study *study; /* borrowed from the catalog */
    struct study *text; /* as the query reads it: with its amendment */
    struct query *query;
    struct plan *plan;
    struct public_key researcher;
    struct buffer envelope; /* as it was submitted */
};

/* admission_check with a study that was verified when it came, for a query
 * that `researcher` signed. The nodes decide for themselves; this is to tell
 * the researcher early. */
enum status catalog_admit(const struct catalog *catalog, struct question *out,
    struct view bytes, const struct public_key *researcher, int64_t now,
    struct diagnostic *diagnostic);
/* The plan once more, where it depends on the centers that are asked. */
enum status question_plan_for(struct question *question,
    const struct center_list *centers, struct diagnostic *diagnostic);
void question_fini(struct question *question);

#endif
