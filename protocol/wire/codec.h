/*
 * codec: the only place that knows msgpack (specification:
 * https://github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * A message is one flat msgpack array; elements are unsigned or signed
 * integers, booleans, byte strings, UTF-8 texts, nil, or arrays of these.
 * The reader is a cursor that owns every bounds check: it compares each
 * declared length with the bytes that are there and with the caller's cap
 * before anything is allocated, takes no map, float or extension type, and
 * codec_read_end refuses trailing bytes. After a first failure every later
 * read returns the same failure, so that callers may check once at the end.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_CODEC_H
#define COHORTIUM_PROTOCOL_WIRE_CODEC_H

#include "protocol/wire/buffer.h"

/* Writers append to the buffer; the first failure is returned. */
enum status codec_write_array(struct buffer *out, size_t count);
enum status codec_write_uint(struct buffer *out, uint64_t value);
enum status codec_write_int(struct buffer *out, int64_t value);
enum status codec_write_bool(struct buffer *out, bool value);
enum status codec_write_nil(struct buffer *out);
enum status codec_write_bytes(struct buffer *out, struct view bytes);
enum status codec_write_text(struct buffer *out, const char *text);

struct codec_reader {
    struct view bytes;
    size_t offset;
    enum status failure; /* the first one */
};

void codec_reader_init(struct codec_reader *reader, struct view bytes);
/* An array header; *count <= max or STATUS_TOO_LARGE. */
enum status codec_read_array(
    struct codec_reader *reader, size_t *count, size_t max);
/* An array header of exactly `count` elements. */
enum status codec_expect_array(struct codec_reader *reader, size_t count);
/* value <= max or STATUS_OUT_OF_RANGE */
enum status codec_read_uint(
    struct codec_reader *reader, uint64_t *value, uint64_t max);
enum status codec_read_int(struct codec_reader *reader, int64_t *value);
enum status codec_read_bool(struct codec_reader *reader, bool *value);
/* A view into the message (valid as long as it is); size <= max. */
enum status codec_read_bytes(
    struct codec_reader *reader, struct view *bytes, size_t max);
/* A byte string of exactly `size` bytes, copied to out. */
enum status codec_read_fixed(
    struct codec_reader *reader, uint8_t *out, size_t size);
/* Valid UTF-8 without NUL, copied with its NUL to out[capacity]. */
enum status codec_read_text(
    struct codec_reader *reader, char *out, size_t capacity);
/* The message must end here. Returns the first failure of all reads. */
enum status codec_read_end(struct codec_reader *reader);

#endif
