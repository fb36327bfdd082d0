#include "node/connectors/csv.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "protocol/wire/text.h"

struct csv {
    FILE *file;
    char *line; /* of getline; the record's last line */
    size_t line_capacity, line_size;
    struct csv_parser parser;
    size_t next_line, record_line;
    struct buffer record; /* raw text of the record, to find columns */
    struct buffer texts;  /* its fields, each with a NUL */
    size_t offsets[CSV_FIELDS_MAX + 1];
    struct csv_field fields[CSV_FIELDS_MAX];
    size_t field_count;
    size_t records; /* ended since the line was fed */
    enum status failure;
    uint64_t bytes_read, bytes_total;
    crypto_generichash_state digest;
};

static void take_field(void *text, size_t size, void *arg)
{
    struct csv *csv = arg;
    static const char nul = '\0';
    if (csv->failure != STATUS_OK)
        return;
    if (csv->field_count == CSV_FIELDS_MAX) {
        csv->failure = STATUS_LIMIT_REACHED;
        return;
    }
    csv->offsets[csv->field_count++] = csv->texts.size;
    csv->failure = buffer_append(&csv->texts, text, size);
    if (csv->failure == STATUS_OK)
        csv->failure = buffer_append(&csv->texts, &nul, 1);
}

static void end_record(int terminator, void *arg)
{
    struct csv *csv = arg;
    (void)terminator;
    csv->records++;
}

enum status csv_open(
    struct csv **out, const char *path, struct diagnostic *diagnostic)
{
    *out = NULL;
    struct csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL)
        return STATUS_NO_MEMORY;
    buffer_init(&csv->record, CSV_RECORD_MAX);
    buffer_init(&csv->texts, CSV_RECORD_MAX + CSV_FIELDS_MAX);
    csv->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (csv->file == NULL) {
        diagnostic_set(
            diagnostic, 0, 0, "cannot be opened: %s", strerrordesc_np(errno));
        free(csv);
        return STATUS_NOT_FOUND;
    }
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        csv_close(csv);
        return STATUS_NO_MEMORY;
    }
    struct stat status;
    if (fstat(fileno(csv->file), &status) == 0 && S_ISREG(status.st_mode))
        csv->bytes_total = (uint64_t)status.st_size;
    crypto_generichash_init(&csv->digest, NULL, 0, DIGEST_BYTES);
    csv->next_line = 1;
    *out = csv;
    return STATUS_OK;
}

void csv_close(struct csv *csv)
{
    if (csv == NULL)
        return;
    csv_free(&csv->parser);
    if (csv->file != NULL && csv->file != stdin)
        fclose(csv->file);
    free(csv->line);
    buffer_fini(&csv->record);
    buffer_fini(&csv->texts);
    free(csv);
}

/* One more line into csv->line. STATUS_NOT_FOUND at the end of the file. */
static enum status read_line(struct csv *csv, struct diagnostic *diagnostic)
{
    ssize_t size = getline(&csv->line, &csv->line_capacity, csv->file);
    if (size < 0 && ferror(csv->file)) {
        diagnostic_set(diagnostic, csv->next_line, 0, "cannot be read: %s",
            strerrordesc_np(errno));
        return STATUS_IO;
    }
    if (size <= 0)
        return STATUS_NOT_FOUND;
    crypto_generichash_update(
        &csv->digest, (const uint8_t *)csv->line, (size_t)size);
    csv->bytes_read += (uint64_t)size;
    csv->line_size = (size_t)size;
    struct view line = {(const uint8_t *)csv->line, csv->line_size};
    const char *mark = csv->next_line == 1 ? text_foreign_mark(line) : NULL;
    const bool marked = mark != NULL && (uint8_t)csv->line[0] == 0xEF;
    if (mark != NULL && !marked) {
        diagnostic_set(
            diagnostic, 1, 1, "the file has %s; %s", mark, TEXT_MARK_ADVICE);
        return STATUS_MALFORMED;
    }
    const char *nul = memchr(csv->line, '\0', csv->line_size);
    if (nul != NULL) {
        diagnostic_set(diagnostic, csv->next_line,
            (size_t)(nul - csv->line) + 1,
            "a NUL byte; this is not a text file");
        return STATUS_MALFORMED;
    }
    if (!utf8_valid(line)) {
        diagnostic_set(diagnostic, csv->next_line, 1,
            "the line is not UTF-8; save the file as UTF-8");
        return STATUS_MALFORMED;
    }
    if (marked) { /* of a spreadsheet; it says nothing */
        csv->line_size -= 3;
        memmove(csv->line, csv->line + 3, csv->line_size);
    }
    csv->next_line++;
    return STATUS_OK;
}

/* Feeds the line. A record is complete when libcsv says so; a quoted field may
 * go on over more lines. */
static enum status feed_line(struct csv *csv, struct diagnostic *diagnostic)
{
    enum status status = buffer_append(&csv->record, csv->line, csv->line_size);
    if (status != STATUS_OK) {
        diagnostic_set(diagnostic, csv->record_line, 1,
            "a record of more than %zu bytes; is a quote not closed?",
            CSV_RECORD_MAX);
        return status;
    }
    csv->records = 0;
    size_t used = csv_parse(
        &csv->parser, csv->line, csv->line_size, take_field, end_record, csv);
    if (used != csv->line_size && csv->failure == STATUS_OK) {
        diagnostic_set(diagnostic, csv->next_line - 1, used + 1,
            "a quote inside a field; double it, or quote the whole field");
        return STATUS_MALFORMED;
    }
    if (csv->failure != STATUS_OK) {
        diagnostic_set(diagnostic, csv->record_line, 1,
            "a record of more than %d fields", CSV_FIELDS_MAX);
        return csv->failure;
    }
    if (csv->records > 1) {
        const char *mark = memchr(csv->line, '\r', csv->line_size);
        diagnostic_set(diagnostic, csv->next_line - 1,
            mark == NULL ? 1 : (size_t)(mark - csv->line) + 1,
            "a carriage return inside a line; save the file with line feeds");
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status finish_file(struct csv *csv, struct diagnostic *diagnostic)
{
    csv->records = 0;
    if (csv_fini(&csv->parser, take_field, end_record, csv) != 0) {
        diagnostic_set(diagnostic, csv->record_line, 1,
            "a quote that opens in this record is never closed");
        return STATUS_MALFORMED;
    }
    return csv->records > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status csv_next(struct csv *csv, const struct csv_field **fields,
    size_t *count, struct diagnostic *diagnostic)
{
    enum status status = STATUS_OK;
    csv->field_count = 0;
    csv->records = 0;
    buffer_clear(&csv->record);
    buffer_clear(&csv->texts);
    csv->record_line = csv->next_line;
    while (csv->records == 0) {
        status = read_line(csv, diagnostic);
        if (status == STATUS_NOT_FOUND)
            status = finish_file(csv, diagnostic);
        else if (status == STATUS_OK)
            status = feed_line(csv, diagnostic);
        if (status != STATUS_OK)
            return status;
        if (csv->records == 0 && csv->field_count == 0 &&
            strspn(csv->line, "\r\n") == csv->line_size) {
            buffer_clear(&csv->record);
            csv->record_line = csv->next_line;
        }
    }
    for (size_t i = 0; i < csv->field_count; i++) {
        size_t end =
            i + 1 < csv->field_count ? csv->offsets[i + 1] : csv->texts.size;
        csv->fields[i] =
            (struct csv_field){(const char *)csv->texts.data + csv->offsets[i],
                end - csv->offsets[i] - 1};
    }
    *fields = csv->fields;
    *count = csv->field_count;
    return STATUS_OK;
}

size_t csv_line(const struct csv *csv)
{
    return csv->record_line;
}

/* Walks the raw record: only ever for a message. */
size_t csv_column(const struct csv *csv, size_t field)
{
    size_t column = 1;
    bool quoted = false;
    for (size_t i = 0; i < csv->record.size && field > 0; i++) {
        uint8_t c = csv->record.data[i];
        if (c == '"')
            quoted = !quoted;
        if (c == ',' && !quoted)
            field--;
        if (c == '\n')
            column = 1;
        else if ((c & 0xC0) != 0x80)
            column++;
    }
    return column;
}

uint64_t csv_bytes_read(const struct csv *csv)
{
    return csv->bytes_read;
}

uint64_t csv_bytes_total(const struct csv *csv)
{
    return csv->bytes_total;
}

struct digest csv_digest(struct csv *csv)
{
    struct digest digest;
    crypto_generichash_final(&csv->digest, digest.bytes, DIGEST_BYTES);
    return digest;
}
