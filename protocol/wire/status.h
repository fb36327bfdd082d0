/*
 * status: the one flat list of everything that can go wrong.
 *
 * Functions return enum status; 0 is success. The category of a code decides
 * the reply to a peer and the exit code of a program. Foreign codes (SQLite,
 * libzmq, Jansson) are translated in the one file that wraps their library.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_STATUS_H
#define COHORTIUM_PROTOCOL_WIRE_STATUS_H

enum status_category {
    CATEGORY_NONE,        /* success */
    CATEGORY_MALFORMED,   /* bytes or text that are not what they should be */
    CATEGORY_DENIED,      /* understood, and not allowed */
    CATEGORY_UNAVAILABLE, /* a file, peer or service did not answer */
    CATEGORY_EXHAUSTED,   /* memory or a limit ran out */
    CATEGORY_INTERNAL,    /* our own fault */
    CATEGORY_USAGE        /* the command line is wrong */
};

/* X(NAME, category, text) */
#define STATUS_LIST(X)                                                         \
    X(OK, NONE, "ok")                                                          \
    X(MALFORMED, MALFORMED, "not in the expected form")                        \
    X(TRUNCATED, MALFORMED, "cut short")                                       \
    X(TRAILING_BYTES, MALFORMED, "followed by bytes that do not belong")       \
    X(TOO_LARGE, MALFORMED, "larger than allowed")                             \
    X(UNSUPPORTED_VERSION, MALFORMED, "of a version this program lacks")       \
    X(OUT_OF_RANGE, MALFORMED, "outside its range")                            \
    X(UNKNOWN_NAME, MALFORMED, "a name that is not known")                     \
    X(BAD_SIGNATURE, DENIED, "a signature does not match")                     \
    X(TOO_FEW_SIGNATURES, DENIED, "fewer signatures than the threshold")       \
    X(UNKNOWN_SIGNER, DENIED, "signed by a key that is not on the roster")     \
    X(REVOKED_SIGNER, DENIED, "signed by a member who was revoked")            \
    X(NOT_YET_VALID, DENIED, "not valid yet")                                  \
    X(EXPIRED, DENIED, "expired")                                              \
    X(LATE, DENIED, "its turn came after its deadline")                        \
    X(WRONG_ROSTER, DENIED, "made under another roster")                       \
    X(WRONG_STUDY, DENIED, "made for another study")                           \
    X(WRONG_DICTIONARY, DENIED, "made with another dictionary")                \
    X(WRONG_QUERY, DENIED, "not the query that was announced")                 \
    X(STUDY_UNKNOWN, DENIED, "a study that is not known here")                 \
    X(AMENDMENT_UNKNOWN, DENIED, "an amendment that is not known here")        \
    X(RESEARCHER_NOT_IN_STUDY, DENIED, "the researcher is not in the study")   \
    X(VARIABLE_NOT_IN_STUDY, DENIED, "a variable that the study lacks")        \
    X(ANALYSIS_NOT_IN_STUDY, DENIED, "an analysis that the study lacks")       \
    X(CENTERS_NOT_IN_STUDY, DENIED, "effects of single centers")               \
    X(COHORT_NOT_IN_STUDY, DENIED, "a cohort that the study does not declare") \
    X(NOT_PLAIN, DENIED, "a cohort with more than one condition a variable")   \
    X(THRESHOLD_OFF_GRID, DENIED, "a threshold where nothing is cut")          \
    X(NOT_OPTED_IN, DENIED, "the center has not opted in")                     \
    X(REPLAYED, DENIED, "seen before")                                         \
    X(BEHIND, DENIED, "the database lacks what this node signed")              \
    X(TOO_FEW_CENTERS, DENIED, "fewer centers than the study requires")        \
    X(COHORT_TOO_SMALL, DENIED, "too few people to answer")                    \
    X(TOO_CLOSE, DENIED, "too close to a question answered before")            \
    X(LOCKED, DENIED, "locked after too many refusals")                        \
    X(STRANGER, DENIED, "a peer that is not enrolled")                         \
    X(NOT_ALLOWED, DENIED, "not allowed for this peer")                        \
    X(FILE_TOO_OPEN, DENIED, "a key file that others can read")                \
    X(BAD_PASSPHRASE, DENIED, "the passphrase does not open the key")          \
    X(REFUSED, DENIED, "refused")                                              \
    X(NOT_FOUND, UNAVAILABLE, "not found")                                     \
    X(EXISTS, UNAVAILABLE, "already there")                                    \
    X(IO, UNAVAILABLE, "reading or writing failed")                            \
    X(BUSY, UNAVAILABLE, "in use by another process")                          \
    X(NO_PEER, UNAVAILABLE, "the peer is not connected")                       \
    X(TIMED_OUT, UNAVAILABLE, "no answer in time")                             \
    X(NO_MEMORY, EXHAUSTED, "out of memory")                                   \
    X(LIMIT_REACHED, EXHAUSTED, "a limit was reached")                         \
    X(CORRUPT, INTERNAL, "stored data are damaged")                            \
    X(INTERNAL, INTERNAL, "internal error")                                    \
    X(USAGE, USAGE, "wrong usage")

#define STATUS_ENUM(name, category, text) STATUS_##name,
enum status { STATUS_LIST(STATUS_ENUM) STATUS_COUNT };
#undef STATUS_ENUM

/* The code's name, for logs: "BAD_SIGNATURE". */
const char *status_name(enum status status);
/* The code of a name that somebody else wrote; STATUS_REFUSED when there is no
 * such code here. */
enum status status_of_name(const char *name);
/* A short English text that fits after a colon. */
const char *status_text(enum status status);
enum status_category status_category(enum status status);
/* 0 ok, 1 failed, 2 usage, 3 denied by policy. */
int status_exit_code(enum status status);

#endif
