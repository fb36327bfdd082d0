/*
 * json_text: JSON values to text and back, whole or not at all.
 *
 * Who builds an object puts one member after the other into it and does not
 * look at each answer; a member that was lost for want of memory is noticed
 * here, because Jansson allocates through this module, which remembers for each
 * thread that an allocation failed. So no document leaves with a part missing.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_JSON_TEXT_H
#define COHORTIUM_PROTOCOL_WIRE_JSON_TEXT_H

#include <jansson.h>

#include "protocol/wire/buffer.h"

/* Once, before the first value; keys_start does it. */
void json_text_start(void);
/* Appends the value's text (Jansson's flags), or nothing. STATUS_NO_MEMORY when
 * value is NULL or an allocation failed since the last text of this thread. */
enum status json_text_append(
    struct buffer *out, const json_t *value, size_t flags);
/* A new reference. STATUS_MALFORMED, or STATUS_NO_MEMORY; error may be NULL. */
enum status json_text_parse(
    json_t **out, struct view text, size_t flags, json_error_t *error);

#endif
