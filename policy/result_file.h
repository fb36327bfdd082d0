/*
 * result_file: a result as people keep it, one JSON document. It is the signed
 * payload, byte for byte, with its last "}" replaced by
 *     ,"signature":{"keyid":"<64 hex>","sig":"<128 hex>"}}
 * and a line feed. Taking that off again gives the bytes that were signed.
 */
#ifndef COHORTIUM_POLICY_RESULT_FILE_H
#define COHORTIUM_POLICY_RESULT_FILE_H

#include <jansson.h>

#include "protocol/wire/envelope.h"

/* STATUS_MALFORMED unless the envelope is a result with one signature. */
enum status result_file_write(
    struct buffer *out, const struct envelope *envelope);
/* The payload as JSON: a new reference, NULL when it is none. */
json_t *result_file_json(const struct envelope *envelope);
/* Back to the envelope. Checks no signature. Caller destroys it. */
enum status result_file_read(struct envelope **out, struct view text);

#endif
