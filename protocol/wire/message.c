#include "protocol/wire/message.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "protocol/wire/codec.h"

/* What a message is made of, in this order; one letter a field. A number after
 * '|' is left out while it is zero, and need not be there: who does not know it
 * yet says nothing else. */
/* NOLINTNEXTLINE(*.performance.Padding): in the order of its table */
struct message_row {
    enum message_type type;
    const char *name;
    unsigned senders;
    size_t size_max;
    /* v version, n number, t name, x text, i id, r result, h header, q query,
     * s study, o document, l documents, e vector, b body */
    const char *fields;
};

#define MESSAGE_ROW(name, number, senders, size)                               \
    {MESSAGE_##name, #name, senders, size, FIELDS_##name},
#define FIELDS_HELLO "vti|n"
#define FIELDS_WELCOME "vn"
#define FIELDS_PING "n"
#define FIELDS_PONG "n"
#define FIELDS_ROSTER "l"
#define FIELDS_STUDY "sl"
#define FIELDS_OPT_IN "o"
#define FIELDS_OPEN "hqslb"
#define FIELDS_SUMMARY "ie"
#define FIELDS_REFUSE "i|n"
#define FIELDS_CLOSE "ir"
#define FIELDS_SUBMIT_STUDY "sl"
#define FIELDS_SUBMIT_QUERY "q"
#define FIELDS_ASK_STATUS "i"
#define FIELDS_STATUS "o"
#define FIELDS_ASK_RESULT "i"
#define FIELDS_RESULT "o"
#define FIELDS_ASK_DOCUMENTS ""
#define FIELDS_DOCUMENTS "lo"
#define FIELDS_FAILURE "txi|n"
#define FIELDS_KEYS "ib"
#define FIELDS_PEERS "ib"
#define FIELDS_SHARES "ib"
#define FIELDS_SEALED "ib"
#define FIELDS_MASKED "inbe"
#define FIELDS_SURVIVORS "ib"
#define FIELDS_VOTE "ib"
#define FIELDS_VOTES "ib"
#define FIELDS_REVEAL "ib"
#define FIELDS_ROUND "inb"
#define FIELDS_BUSY "in"
#define FIELDS_HEADS "b"
#define FIELDS_FREEZES "ob"
static const struct message_row rows[] = {MESSAGE_LIST(MESSAGE_ROW)};

static const struct message_row *find_row(uint64_t type)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((uint64_t)rows[i].type == type)
            return &rows[i];
    }
    return NULL;
}

const char *message_name(enum message_type type)
{
    const struct message_row *row = find_row((uint64_t)type);
    return row == NULL ? "UNKNOWN" : row->name;
}

/* How many fields of the row there are, all or without the last. */
static size_t count_fields(const struct message_row *row, bool all)
{
    const char *rest = strchr(row->fields, '|');
    const size_t must =
        rest == NULL ? strlen(row->fields) : (size_t)(rest - row->fields);
    return rest == NULL || !all ? must : must + 1;
}

/* The letter of a row's field, from 0. */
static char field_at(const struct message_row *row, size_t at)
{
    return row->fields[at < count_fields(row, false) ? at : at + 1];
}

static enum status write_documents(
    const struct message *message, struct buffer *out)
{
    if (message->document_count > MESSAGE_DOCUMENTS_MAX)
        return STATUS_TOO_LARGE;
    enum status status = codec_write_array(out, message->document_count);
    for (size_t i = 0; status == STATUS_OK && i < message->document_count; i++)
        status = codec_write_bytes(out, message->documents[i]);
    return status;
}

static enum status write_field(
    const struct message *message, char field, struct buffer *out)
{
    switch (field) {
    case 'v': return codec_write_uint(out, message->version);
    case 'n': return codec_write_uint(out, message->number);
    case 't': return codec_write_text(out, message->name);
    case 'x': return codec_write_text(out, message->text);
    case 'i':
        return codec_write_bytes(
            out, (struct view){message->id.bytes, DIGEST_BYTES});
    case 'r':
        return codec_write_bytes(
            out, (struct view){message->result.bytes, DIGEST_BYTES});
    case 'h': return codec_write_bytes(out, message->header);
    case 'q': return codec_write_bytes(out, message->query);
    case 's': return codec_write_bytes(out, message->study);
    case 'o': return codec_write_bytes(out, message->document);
    case 'l': return write_documents(message, out);
    case 'e': return codec_write_bytes(out, message->vector);
    case 'b': return codec_write_bytes(out, message->body);
    default: return STATUS_INTERNAL;
    }
}

enum status message_encode(const struct message *message, struct buffer *out)
{
    const struct message_row *row = find_row((uint64_t)message->type);
    if (row == NULL)
        return STATUS_INTERNAL;
    size_t start = out->size;
    const size_t count = count_fields(row, message->number != 0);
    enum status status = codec_write_array(out, 1 + count);
    if (status == STATUS_OK)
        status = codec_write_uint(out, (uint64_t)row->type);
    for (size_t at = 0; status == STATUS_OK && at < count; at++)
        status = write_field(message, field_at(row, at), out);
    if (status == STATUS_OK && out->size - start > row->size_max)
        status = STATUS_TOO_LARGE;
    if (status != STATUS_OK)
        out->size = start;
    return status;
}

static void read_documents(
    struct message *message, struct codec_reader *reader, size_t max)
{
    codec_read_array(reader, &message->document_count, MESSAGE_DOCUMENTS_MAX);
    for (size_t i = 0; i < message->document_count; i++)
        codec_read_bytes(reader, &message->documents[i], max);
}

static void read_vector(struct message *message, struct codec_reader *reader)
{
    codec_read_bytes(reader, &message->vector, MESSAGE_VECTOR_MAX * 16);
    if (message->vector.size % 16 != 0 && reader->failure == STATUS_OK)
        reader->failure = STATUS_MALFORMED;
}

static void read_field(struct message *message, char field, size_t max,
    struct codec_reader *reader)
{
    switch (field) {
    case 'v': codec_read_uint(reader, &message->version, UINT32_MAX); break;
    case 'n': codec_read_uint(reader, &message->number, UINT64_MAX); break;
    case 't':
        codec_read_text(reader, message->name, sizeof message->name);
        break;
    case 'x':
        codec_read_text(reader, message->text, sizeof message->text);
        break;
    case 'i': codec_read_fixed(reader, message->id.bytes, DIGEST_BYTES); break;
    case 'r':
        codec_read_fixed(reader, message->result.bytes, DIGEST_BYTES);
        break;
    case 'h': codec_read_bytes(reader, &message->header, max); break;
    case 'q': codec_read_bytes(reader, &message->query, max); break;
    case 's': codec_read_bytes(reader, &message->study, max); break;
    case 'o': codec_read_bytes(reader, &message->document, max); break;
    case 'l': read_documents(message, reader, max); break;
    case 'e': read_vector(message, reader); break;
    case 'b': codec_read_bytes(reader, &message->body, max); break;
    default: reader->failure = STATUS_INTERNAL;
    }
}

/* HELLO and WELCOME of a version that does not fit: nothing but their first
 * field is sure to be where it was. */
static bool is_other_version(struct message *message,
    const struct message_row *row, struct codec_reader reader)
{
    uint64_t version;
    if ((row->type != MESSAGE_HELLO && row->type != MESSAGE_WELCOME) ||
        codec_read_uint(&reader, &version, UINT32_MAX) != STATUS_OK ||
        protocol_compare(version) == PROTOCOL_FITS)
        return false;
    message->type = row->type;
    message->version = version;
    return true;
}

enum status message_decode(
    struct message *message, struct view bytes, unsigned senders)
{
    struct codec_reader reader;
    size_t count;
    uint64_t type;
    memset(message, 0, sizeof *message);
    codec_reader_init(&reader, bytes);
    codec_read_array(&reader, &count, 16);
    enum status status = codec_read_uint(&reader, &type, UINT8_MAX);
    if (status != STATUS_OK)
        return status;
    const struct message_row *row = find_row(type);
    if (row != NULL && (row->senders & senders) != 0 && count > 1 &&
        is_other_version(message, row, reader))
        return STATUS_OK;
    if (row == NULL || (count != 1 + count_fields(row, false) &&
                           count != 1 + count_fields(row, true)))
        return STATUS_MALFORMED;
    if ((row->senders & senders) == 0)
        return STATUS_NOT_ALLOWED;
    if (bytes.size > row->size_max)
        return STATUS_TOO_LARGE;
    message->type = row->type;
    for (size_t at = 0; at + 1 < count; at++)
        read_field(message, field_at(row, at), row->size_max, &reader);
    status = codec_read_end(&reader);
    if (status == STATUS_OK && count > 1 + count_fields(row, false) &&
        message->number == 0)
        status = STATUS_MALFORMED; /* a zero is left out */
    if (status != STATUS_OK)
        memset(message, 0, sizeof *message);
    return status;
}

#define OLDEST_UNIT ((uint64_t)1 << 16)

static uint64_t newest_of(uint64_t said)
{
    return said % OLDEST_UNIT;
}

static uint64_t oldest_of(uint64_t said)
{
    return said < OLDEST_UNIT ? said : said / OLDEST_UNIT;
}

uint64_t protocol_said(void)
{
    const uint64_t newest = PROTOCOL_VERSION, oldest = PROTOCOL_OLDEST;
    return oldest == newest ? newest : oldest * OLDEST_UNIT + newest;
}

enum protocol_fit protocol_compare(uint64_t said)
{
    if (newest_of(said) < PROTOCOL_OLDEST)
        return PROTOCOL_PEER_OLDER;
    return oldest_of(said) > PROTOCOL_VERSION ? PROTOCOL_PEER_NEWER
                                              : PROTOCOL_FITS;
}

void protocol_text(char out[PROTOCOL_TEXT], uint64_t said)
{
    const unsigned newest = (unsigned)newest_of(said);
    const unsigned oldest = (unsigned)oldest_of(said);
    if (oldest == newest)
        snprintf(out, PROTOCOL_TEXT, "%u", newest);
    else
        snprintf(out, PROTOCOL_TEXT, "%u to %u", oldest, newest);
}
