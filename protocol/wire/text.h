/*
 * text: what a reader sees of a text that another party wrote.
 *
 * A character is hidden when it shows nothing or moves what stands around it:
 * controls (C0, DEL, C1), line and paragraph separators, bidirectional controls
 * and the characters that Unicode calls default ignorable (zero-width spaces
 * and joiners, soft hyphen, variation selectors, tags, fillers; Unicode
 * Standard, DerivedCoreProperties). Code points that are no characters, of
 * which XML (an SVG picture) takes some not at all, and bytes that are no UTF-8
 * (RFC 3629) are hidden too. Names hold none; elsewhere they are shown escaped,
 * so that what is printed is what was written.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_TEXT_H
#define COHORTIUM_PROTOCOL_WIRE_TEXT_H

#include <stdio.h>

#include "protocol/wire/buffer.h"

/* One byte of input becomes at most this many, a whole character at most
 * TEXT_SHOWN_MAX. */
#define TEXT_SHOWN_FACTOR 4
#define TEXT_SHOWN_MAX 10

/* Without NUL. */
bool utf8_valid(struct view text);
/* What the first bytes of a file say that it has instead of plain UTF-8: "a
 * byte order mark (BOM)", "the form UTF-16" or "the form UTF-32", found by its
 * mark or by the NULs between its letters; NULL when they say nothing of the
 * kind. */
const char *text_foreign_mark(struct view text);
/* The text without the byte order mark of UTF-8 that Windows' programs put in
 * front of it: for files that people write, never for bytes that are signed. */
struct view text_past_mark(struct view text);
#define TEXT_MARK_ADVICE "save it as UTF-8 without a byte order mark"
/* Valid UTF-8 and nothing hidden. */
bool text_is_plain(struct view text);
/* Where the first hidden character begins; text.size when there is none. */
size_t text_plain_size(struct view text);
/* Writes the text with hidden characters as \xNN (ASCII, and bytes of no
 * UTF-8), \uNNNN or \UNNNNNNNN (other code points) into out[room], room >= 1,
 * ended by NUL and cut after a whole character or escape when it is too long.
 * Returns its length. */
size_t text_show(char *out, size_t room, struct view text);
/* The same, appended whole. */
enum status text_append_shown(struct buffer *out, struct view text);
/* The same, but ends of lines (LF, CR LF) stay. */
enum status text_append_lines(struct buffer *out, struct view text);
/* To a terminal; LF stays. */
void text_print_lines(FILE *out, struct view text);
/* Text of a JSON value: it stays the same value, with hidden characters as
 * \uNNNN. For a terminal. */
void text_print_json(FILE *out, struct view json);

#endif
