#include "protocol/wire/codec.h"

#include <string.h>

#include <msgpack.h>

#include "protocol/wire/text.h"

/* ---- writing ---- */

static int write_to_buffer(void *data, const char *bytes, size_t size)
{
    return buffer_append(data, bytes, size) == STATUS_OK ? 0 : -1;
}

static msgpack_packer packer_for(struct buffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_to_buffer);
    return packer;
}

/* The only way that packing fails is a buffer that cannot grow. */
static enum status packed(const struct buffer *out, int result)
{
    if (result == 0)
        return STATUS_OK;
    return out->size + 16 >= out->limit ? STATUS_TOO_LARGE : STATUS_NO_MEMORY;
}

enum status codec_write_array(struct buffer *out, size_t count)
{
    msgpack_packer packer = packer_for(out);
    return packed(out, msgpack_pack_array(&packer, count));
}

enum status codec_write_uint(struct buffer *out, uint64_t value)
{
    msgpack_packer packer = packer_for(out);
    return packed(out, msgpack_pack_uint64(&packer, value));
}

enum status codec_write_int(struct buffer *out, int64_t value)
{
    msgpack_packer packer = packer_for(out);
    return packed(out, msgpack_pack_int64(&packer, value));
}

enum status codec_write_bool(struct buffer *out, bool value)
{
    msgpack_packer packer = packer_for(out);
    return packed(
        out, value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

enum status codec_write_nil(struct buffer *out)
{
    msgpack_packer packer = packer_for(out);
    return packed(out, msgpack_pack_nil(&packer));
}

enum status codec_write_bytes(struct buffer *out, struct view bytes)
{
    if (bytes.size > UINT32_MAX || bytes.size > out->limit - out->size)
        return STATUS_TOO_LARGE;
    msgpack_packer packer = packer_for(out);
    if (msgpack_pack_bin(&packer, bytes.size) != 0)
        return packed(out, -1);
    return buffer_append(out, bytes.data, bytes.size);
}

enum status codec_write_text(struct buffer *out, const char *text)
{
    size_t size = strlen(text);
    if (size > out->limit - out->size)
        return STATUS_TOO_LARGE;
    msgpack_packer packer = packer_for(out);
    if (msgpack_pack_str(&packer, size) != 0)
        return packed(out, -1);
    return buffer_append(out, text, size);
}

/* ---- reading ---- */

enum wire_kind { KIND_ARRAY, KIND_SCALAR, KIND_BYTES, KIND_TEXT, KIND_OTHER };

struct wire_head {
    enum wire_kind kind;
    size_t head;   /* bytes before the content */
    size_t length; /* elements of an array, content bytes of the others */
};

/* head bytes of the formats whose length follows in 1, 2 or 4 bytes */
static bool sized_format(uint8_t byte, enum wire_kind *kind, size_t *width)
{
    switch (byte) {
    case 0xc4:
        *kind = KIND_BYTES;
        *width = 1;
        return true;
    case 0xc5:
        *kind = KIND_BYTES;
        *width = 2;
        return true;
    case 0xc6:
        *kind = KIND_BYTES;
        *width = 4;
        return true;
    case 0xd9:
        *kind = KIND_TEXT;
        *width = 1;
        return true;
    case 0xda:
        *kind = KIND_TEXT;
        *width = 2;
        return true;
    case 0xdb:
        *kind = KIND_TEXT;
        *width = 4;
        return true;
    case 0xdc:
        *kind = KIND_ARRAY;
        *width = 2;
        return true;
    case 0xdd:
        *kind = KIND_ARRAY;
        *width = 4;
        return true;
    default: return false;
    }
}

static size_t scalar_length(uint8_t byte, bool *known)
{
    *known = true;
    if (byte <= 0x7f || byte >= 0xe0 || byte == 0xc0 || byte == 0xc2 ||
        byte == 0xc3)
        return 0;
    if (byte >= 0xcc && byte <= 0xcf)
        return (size_t)1 << (byte - 0xcc);
    if (byte >= 0xd0 && byte <= 0xd3)
        return (size_t)1 << (byte - 0xd0);
    *known = false;
    return 0;
}

static enum status fail(struct codec_reader *reader, enum status status)
{
    if (reader->failure == STATUS_OK)
        reader->failure = status;
    return reader->failure;
}

/* Reads the head of the next element and compares what it declares with the
 * bytes that are there, before anybody believes it. */
static enum status peek(struct codec_reader *reader, struct wire_head *head)
{
    if (reader->failure != STATUS_OK)
        return reader->failure;
    size_t left = reader->bytes.size - reader->offset;
    if (left == 0)
        return fail(reader, STATUS_TRUNCATED);
    const uint8_t *at = reader->bytes.data + reader->offset;
    size_t width = 0;
    bool known = false;
    *head = (struct wire_head){KIND_OTHER, 1, 0};
    if ((at[0] & 0xf0) == 0x90) {
        *head = (struct wire_head){KIND_ARRAY, 1, at[0] & 0x0f};
    } else if ((at[0] & 0xe0) == 0xa0) {
        *head = (struct wire_head){KIND_TEXT, 1, at[0] & 0x1f};
    } else if (sized_format(at[0], &head->kind, &width)) {
        if (left < 1 + width)
            return fail(reader, STATUS_TRUNCATED);
        for (size_t i = 0; i < width; i++)
            head->length = head->length << 8 | at[1 + i];
        head->head = 1 + width;
    } else {
        head->length = scalar_length(at[0], &known);
        head->kind = known ? KIND_SCALAR : KIND_OTHER;
    }
    if (head->kind == KIND_OTHER)
        return fail(reader, STATUS_MALFORMED);
    if (head->length > left - head->head)
        return fail(reader, STATUS_TRUNCATED);
    return STATUS_OK;
}

void codec_reader_init(struct codec_reader *reader, struct view bytes)
{
    *reader = (struct codec_reader){.bytes = bytes};
}

enum status codec_read_array(
    struct codec_reader *reader, size_t *count, size_t max)
{
    struct wire_head head;
    *count = 0;
    enum status status = peek(reader, &head);
    if (status != STATUS_OK)
        return status;
    if (head.kind != KIND_ARRAY)
        return fail(reader, STATUS_MALFORMED);
    if (head.length > max)
        return fail(reader, STATUS_TOO_LARGE);
    reader->offset += head.head;
    *count = head.length;
    return STATUS_OK;
}

enum status codec_expect_array(struct codec_reader *reader, size_t count)
{
    size_t found;
    enum status status = codec_read_array(reader, &found, SIZE_MAX);
    if (status == STATUS_OK && found != count)
        return fail(reader, STATUS_MALFORMED);
    return status;
}

/* A scalar of at most 9 bytes: msgpack-c allocates nothing for it. */
static enum status read_scalar(
    struct codec_reader *reader, msgpack_object *object)
{
    struct wire_head head;
    enum status status = peek(reader, &head);
    if (status != STATUS_OK)
        return status;
    if (head.kind != KIND_SCALAR)
        return fail(reader, STATUS_MALFORMED);
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    msgpack_unpack_return result = msgpack_unpack_next(&unpacked,
        (const char *)reader->bytes.data + reader->offset,
        head.head + head.length, &offset);
    *object = unpacked.data;
    msgpack_unpacked_destroy(&unpacked);
    if (result != MSGPACK_UNPACK_SUCCESS)
        return fail(reader, STATUS_MALFORMED);
    reader->offset += offset;
    return STATUS_OK;
}

enum status codec_read_uint(
    struct codec_reader *reader, uint64_t *value, uint64_t max)
{
    msgpack_object object;
    *value = 0;
    enum status status = read_scalar(reader, &object);
    if (status != STATUS_OK)
        return status;
    if (object.type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return fail(reader, STATUS_MALFORMED);
    if (object.via.u64 > max)
        return fail(reader, STATUS_OUT_OF_RANGE);
    *value = object.via.u64;
    return STATUS_OK;
}

enum status codec_read_int(struct codec_reader *reader, int64_t *value)
{
    msgpack_object object;
    *value = 0;
    enum status status = read_scalar(reader, &object);
    if (status != STATUS_OK)
        return status;
    if (object.type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        *value = object.via.i64;
        return STATUS_OK;
    }
    if (object.type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return fail(reader, STATUS_MALFORMED);
    if (object.via.u64 > INT64_MAX)
        return fail(reader, STATUS_OUT_OF_RANGE);
    *value = (int64_t)object.via.u64;
    return STATUS_OK;
}

enum status codec_read_bool(struct codec_reader *reader, bool *value)
{
    msgpack_object object;
    *value = false;
    enum status status = read_scalar(reader, &object);
    if (status != STATUS_OK)
        return status;
    if (object.type != MSGPACK_OBJECT_BOOLEAN)
        return fail(reader, STATUS_MALFORMED);
    *value = object.via.boolean;
    return STATUS_OK;
}

/* A byte string or a text: a view of its content. */
static enum status read_content(struct codec_reader *reader,
    enum wire_kind kind, size_t max, struct view *out)
{
    struct wire_head head;
    *out = (struct view){NULL, 0};
    enum status status = peek(reader, &head);
    if (status != STATUS_OK)
        return status;
    if (head.kind != kind)
        return fail(reader, STATUS_MALFORMED);
    if (head.length > max)
        return fail(reader, STATUS_TOO_LARGE);
    *out = (struct view){
        reader->bytes.data + reader->offset + head.head, head.length};
    reader->offset += head.head + head.length;
    return STATUS_OK;
}

enum status codec_read_bytes(
    struct codec_reader *reader, struct view *bytes, size_t max)
{
    return read_content(reader, KIND_BYTES, max, bytes);
}

enum status codec_read_fixed(
    struct codec_reader *reader, uint8_t *out, size_t size)
{
    struct view bytes;
    enum status status = read_content(reader, KIND_BYTES, size, &bytes);
    if (status == STATUS_OK && bytes.size != size)
        status = fail(reader, STATUS_MALFORMED);
    if (status == STATUS_OK)
        memcpy(out, bytes.data, size);
    else
        memset(out, 0, size);
    return status;
}

enum status codec_read_text(
    struct codec_reader *reader, char *out, size_t capacity)
{
    struct view text;
    out[0] = '\0';
    enum status status = read_content(reader, KIND_TEXT, capacity - 1, &text);
    if (status != STATUS_OK)
        return status;
    if (!utf8_valid(text))
        return fail(reader, STATUS_MALFORMED);
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return STATUS_OK;
}

enum status codec_read_end(struct codec_reader *reader)
{
    if (reader->failure == STATUS_OK && reader->offset != reader->bytes.size)
        return fail(reader, STATUS_TRAILING_BYTES);
    return reader->failure;
}
