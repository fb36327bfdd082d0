/*
 * file_kind: what a file is that was given where another belongs: a card for a
 * key, a key for a card, an approval for a roster. For messages only; who reads
 * the file for what is in it checks all of it.
 */
#ifndef COHORTIUM_PROTOCOL_PROGRAM_FILE_KIND_H
#define COHORTIUM_PROTOCOL_PROGRAM_FILE_KIND_H

#include "protocol/wire/status.h"

enum file_form {
    FILE_UNKNOWN, /* no such file, or one that cannot be read */
    FILE_NO_JSON,
    FILE_KEY,      /* secret keys */
    FILE_CARD,     /* the public ones */
    FILE_ENVELOPE, /* signed, or to be signed */
    FILE_JSON      /* anything else */
};

struct file_kind {
    enum file_form form;
    char text[256]; /* "the card (public keys) of 'carol'"; "" when unknown */
};

void file_kind_read(struct file_kind *out, const char *path);
/* "PATH is the card (public keys) of 'carol'; a person's key is expected, see
 * carol.key" on standard error, and status; of a file of no kind what the
 * status says. */
enum status file_kind_fail(
    enum status status, const char *path, const char *expected);

#endif
