/*
 * position: where a field stands in the text of a valid JSON document. Only
 * document.c uses it, and only when there is something to complain about.
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_POSITION_H
#define COHORTIUM_PROTOCOL_QUERY_POSITION_H

#include "protocol/query/document.h"

/* Byte offset of the field's value (of its key when the field has no value). */
size_t position_of_field(const struct field *field);
/* Byte offset of the decoded byte `offset` of the string that starts (with its
 * quote) at `start`; escapes are longer in the text than in the value. */
size_t position_inside_string(struct view text, size_t start, size_t offset);
/* Line and column from 1; a column is a character, not a byte. */
void position_of_offset(
    struct view text, size_t offset, size_t *line, size_t *column);

#endif
