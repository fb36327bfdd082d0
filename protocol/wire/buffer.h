/*
 * buffer: bytes that grow up to a limit fixed at birth, and views of bytes.
 *
 * A view borrows; a buffer owns. No function here keeps a pointer it is given.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_BUFFER_H
#define COHORTIUM_PROTOCOL_WIRE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/wire/status.h"

struct view {
    const uint8_t *data;
    size_t size;
};

struct buffer {
    uint8_t *data; /* NULL until the first byte */
    size_t size;
    size_t capacity;
    size_t limit; /* size never exceeds this */
};

#define BUFFER_LIMIT_DEFAULT ((size_t)64 * 1024 * 1024)

/* Starts empty; nothing is allocated yet. limit in bytes. */
void buffer_init(struct buffer *buffer, size_t limit);
/* Frees; a later buffer_init makes it usable again. A zeroed struct is fine. */
void buffer_fini(struct buffer *buffer);
/* As buffer_fini, after wiping every byte (secrets). */
void buffer_wipe(struct buffer *buffer);
/* Room for `size` bytes in all, and one more for a terminating NUL: until then
 * nothing is copied to another place (which matters for secrets). */
enum status buffer_reserve(struct buffer *buffer, size_t size);
/* Sets size to 0, keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Appends. STATUS_TOO_LARGE past the limit, STATUS_NO_MEMORY; unchanged then.
 */
enum status buffer_append(struct buffer *buffer, const void *data, size_t size);
enum status buffer_append_text(struct buffer *buffer, const char *text);
/* little.h: the lowest `size` bytes of a number; size <= 8. */
enum status buffer_append_little(
    struct buffer *buffer, uint64_t number, size_t size);
/* printf onto the end (no terminating NUL is counted in size). */
enum status buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes room for `size` more bytes, sets *out to them and counts them in. */
enum status buffer_extend(struct buffer *buffer, uint8_t **out, size_t size);
/* A NUL-terminated pointer to the contents (the NUL is not part of size);
 * NULL without memory. Valid until the next change. */
const char *buffer_text(struct buffer *buffer);
struct view buffer_view(const struct buffer *buffer);
struct view view_of_text(const char *text);
bool view_equal(struct view a, struct view b);

/* The whole file into an empty buffer. STATUS_NOT_FOUND, STATUS_IO, or
 * STATUS_TOO_LARGE past the buffer's limit. "-" is standard input. */
enum status buffer_read_file(struct buffer *buffer, const char *path);
/* Writes path atomically: a temporary file beside it, fsync, rename, fsync of
 * the folder. mode as in open(2). */
enum status file_write_atomic(const char *path, struct view bytes, int mode);

#endif
