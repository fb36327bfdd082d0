/*
 * message: every message of the wire, who may send it, and how large it may be.
 *
 * A message is one msgpack array: [type, field, ...]. Documents travel as the
 * JSON bytes of their envelope. The byte-level table is protocol/README.md; it
 * and MESSAGE_LIST below say the same.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_MESSAGE_H
#define COHORTIUM_PROTOCOL_WIRE_MESSAGE_H

#include "protocol/wire/digest.h"

/* The newest and the oldest version of the protocol that this program speaks;
 * what each version brought stands in protocol/README.md. */
#define PROTOCOL_VERSION 3
#define PROTOCOL_OLDEST 3
#define MESSAGE_VECTOR_MAX                                                     \
    ((size_t)3 << 16) /* 128-bit elements in a message                         \
                       */
#define MESSAGE_DOCUMENTS_MAX 64
#define MESSAGE_TEXT_MAX 256

enum message_sender {
    SENDER_CENTER = 1,
    SENDER_COORDINATOR = 2,
    SENDER_PERSON = 4 /* committee member or researcher */
};

/* X(NAME, number, senders, largest message in bytes)
 *
 * HELLO        center, person: version (protocol_said), software text, roster
 *                        id (zeros: none yet), how many questions it takes at
 *                        once
 * WELCOME      coord.    version (protocol_said), heartbeat_ms
 * PING, PONG   center/person -> coordinator and back: sequence number
 * ROSTER       coord.    roster envelopes, oldest first (the chain)
 * STUDY        coord.    study envelope, its approval envelopes
 * OPT_IN       center    opt-in envelope
 * OPEN         coord.    session header envelope, query envelope, study
 *                        envelope, its approval envelopes, body: the sets of
 *                        rows that are remembered, 32 bytes each
 * SUMMARY      center    header id, vector (128-bit little-endian elements)
 * REFUSE       center    header id (no reason: it is in the center's log), 1 +
 *                        how many refusals are left before a lock (1: locked)
 * BUSY         center    header id, milliseconds: no refusal; ask again then
 * CLOSE        coord.    header id, result id (zeros: failed)
 * SUBMIT_STUDY person    study envelope, approval envelopes
 * SUBMIT_QUERY person    query envelope
 * ASK_STATUS   person    query id (zeros: everything)
 * STATUS       coord.    JSON text
 * ASK_RESULT   person    query id
 * RESULT       coord.    result envelope
 * ASK_DOCUMENTS person   (no field): roster chain and dictionary
 * DOCUMENTS    coord.    roster envelopes, dictionary bytes
 * FAILURE      coord.    status name, text, query id (zeros: none),
 *                        milliseconds after which to ask again
 * KEYS to REVEAL         header id, body: protocol/masking/steps.h
 * MASKED       center    header id, round, body, vector
 * ROUND        coord.    header id, round, what every center is told
 * HEADS        both      body: signed heads of audit logs (head.h)
 * FREEZES      center    its latest freeze's envelope (empty: none yet), body:
 *                        what studies read (policy/freeze.h)
 */
#define MESSAGE_LIST(X)                                                        \
    X(HELLO, 1, SENDER_CENTER | SENDER_PERSON, 1024)                           \
    X(WELCOME, 2, SENDER_COORDINATOR, 1024)                                    \
    X(PING, 3, SENDER_CENTER | SENDER_PERSON, 64)                              \
    X(PONG, 4, SENDER_COORDINATOR, 64)                                         \
    X(ROSTER, 5, SENDER_COORDINATOR, 4194304)                                  \
    X(STUDY, 6, SENDER_COORDINATOR, 1048576)                                   \
    X(OPT_IN, 7, SENDER_CENTER, 65536)                                         \
    X(OPEN, 8, SENDER_COORDINATOR, 2097152)                                    \
    X(SUMMARY, 9, SENDER_CENTER, 4194304)                                      \
    X(REFUSE, 10, SENDER_CENTER, 256)                                          \
    X(CLOSE, 11, SENDER_COORDINATOR, 256)                                      \
    X(SUBMIT_STUDY, 12, SENDER_PERSON, 1048576)                                \
    X(SUBMIT_QUERY, 13, SENDER_PERSON, 1048576)                                \
    X(ASK_STATUS, 14, SENDER_PERSON, 256)                                      \
    X(STATUS, 15, SENDER_COORDINATOR, 1048576)                                 \
    X(ASK_RESULT, 16, SENDER_PERSON, 256)                                      \
    X(RESULT, 17, SENDER_COORDINATOR, 4194304)                                 \
    X(ASK_DOCUMENTS, 18, SENDER_PERSON, 64)                                    \
    X(DOCUMENTS, 19, SENDER_COORDINATOR, 4194304)                              \
    X(FAILURE, 20, SENDER_COORDINATOR, 1024)                                   \
    X(KEYS, 21, SENDER_CENTER, 512)                                            \
    X(PEERS, 22, SENDER_COORDINATOR, 262144)                                   \
    X(SHARES, 23, SENDER_CENTER, 262144)                                       \
    X(SEALED, 24, SENDER_COORDINATOR, 262144)                                  \
    X(MASKED, 25, SENDER_CENTER, 4194304)                                      \
    X(SURVIVORS, 26, SENDER_COORDINATOR, 262144)                               \
    X(VOTE, 27, SENDER_CENTER, 256)                                            \
    X(VOTES, 28, SENDER_COORDINATOR, 262144)                                   \
    X(REVEAL, 29, SENDER_CENTER, 65536)                                        \
    X(ROUND, 30, SENDER_COORDINATOR, 1048576)                                  \
    X(BUSY, 31, SENDER_CENTER, 256)                                            \
    X(HEADS, 32, SENDER_CENTER | SENDER_COORDINATOR, 262144)                   \
    X(FREEZES, 33, SENDER_CENTER, 65536)

#define MESSAGE_ENUM(name, number, senders, size) MESSAGE_##name = (number),
enum message_type { MESSAGE_LIST(MESSAGE_ENUM) };
#undef MESSAGE_ENUM

/* One plain struct for all types: a type uses the fields its row names, the
 * others are zero. Views point into the message bytes. */
struct message {
    enum message_type type;
    uint64_t version; /* HELLO, WELCOME */
    uint64_t number;  /* PING, PONG: sequence; WELCOME: heartbeat_ms; MASKED,
                         ROUND: the round, from 1; HELLO: questions at once;
                         REFUSE: refusals left, plus one; FAILURE, BUSY:
                         milliseconds; 0 where the first two or FAILURE do not
                         say */
    struct digest id; /* roster, header or query id */
    struct digest result;        /* CLOSE */
    char name[MESSAGE_TEXT_MAX]; /* HELLO: software; FAILURE: status name */
    char text[MESSAGE_TEXT_MAX]; /* FAILURE: text */
    struct view header;          /* OPEN */
    struct view query;           /* OPEN, SUBMIT_QUERY */
    struct view study;           /* STUDY, OPEN, SUBMIT_STUDY */
    struct view document; /* OPT_IN, RESULT, STATUS text, DOCUMENTS dictionary,
                             FREEZES */
    size_t document_count; /* approvals, or roster envelopes */
    struct view documents[MESSAGE_DOCUMENTS_MAX];
    struct view vector; /* SUMMARY, MASKED: 16 bytes an element */
    struct view body;   /* OPEN, KEYS to FREEZES */
};

/* Appends the encoded message to out. */
enum status message_encode(const struct message *message, struct buffer *out);
/* Strict: wrong count, type, range, size for its type, or trailing bytes
 * fail. `senders`: the roles the peer has (enum message_sender); a message
 * that none of them may send is STATUS_NOT_ALLOWED. Of a HELLO or WELCOME whose
 * version does not fit the version alone is read. */
enum status message_decode(
    struct message *message, struct view bytes, unsigned senders);
const char *message_name(enum message_type type);

/* Versions, as HELLO and WELCOME say them: the newest that the sender speaks,
 * plus 65536 times the oldest where that is another. The two messages keep
 * their first field for ever, so that any two versions can say this much. */
uint64_t protocol_said(void);
enum protocol_fit {
    PROTOCOL_FITS,
    PROTOCOL_PEER_OLDER, /* the peer must upgrade */
    PROTOCOL_PEER_NEWER  /* this program must */
};
enum protocol_fit protocol_compare(uint64_t said);
/* "2" or "2 to 4". */
#define PROTOCOL_TEXT 32
void protocol_text(char out[PROTOCOL_TEXT], uint64_t said);

#endif
