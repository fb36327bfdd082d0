#include "protocol/analysis/cox_records.h"

#include <string.h>

/* A record: its place, then the codes as wide as their columns. */

static size_t width_of(const struct cox *cox, size_t v)
{
    const struct design *design = cox->design;
    return (size_t)design->dictionary->variables[design->variables[v]].width;
}

size_t cox_record_size(const struct cox *cox)
{
    size_t size = sizeof(uint32_t);
    for (size_t v = 0; v < cox->design->right_count; v++)
        size += width_of(cox, v);
    return (size + sizeof(uint32_t) - 1) / sizeof(uint32_t) * sizeof(uint32_t);
}

/* ---- in order of time ---- */

#define WRITE(name, type)                                                      \
    static void name(const struct column *column,                              \
        const struct cox_move *moves, size_t count, size_t offset,             \
        uint8_t *const *records)                                               \
    {                                                                          \
        const type *codes = column->data;                                      \
        for (size_t i = 0; i < count; i++)                                     \
            memcpy(records[i] + offset, &codes[moves[i].row], sizeof(type));   \
    }
WRITE(write_8, int8_t)
WRITE(write_16, int16_t)
WRITE(write_32, int32_t)

static void write_codes(const struct cox *cox, const struct rows *rows,
    const struct cox_move *moves, size_t count, uint8_t *const *records)
{
    size_t offset = sizeof(uint32_t);
    for (size_t v = 0; v < cox->design->right_count; v++) {
        const size_t width = width_of(cox, v);
        const struct column *column = &rows->columns[cox->design->variables[v]];
        if (width == 1)
            write_8(column, moves, count, offset, records);
        else if (width == 2)
            write_16(column, moves, count, offset, records);
        else
            write_32(column, moves, count, offset, records);
        offset += width;
    }
}

/* A counting sort: where the records of each place begin. */
static void find_starts(
    const struct cox_move *moves, size_t count, size_t places, uint32_t *starts)
{
    memset(starts, 0, (places + 1) * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[places - moves[i].place / 4]++;
    for (size_t i = 1; i <= places; i++)
        starts[i] += starts[i - 1];
}

void cox_records_sort(const struct cox *cox, const struct rows *rows,
    const struct cox_move *moves, size_t count, uint32_t *starts,
    uint8_t *records)
{
    static const uint32_t end = UINT32_MAX;
    const size_t places = cox_places(cox);
    const size_t size = cox_record_size(cox);
    find_starts(moves, count, places, starts);
    for (size_t at = 0; at < count; at += DESIGN_ROWS) {
        const size_t some = count - at < DESIGN_ROWS ? count - at : DESIGN_ROWS;
        uint8_t *here[DESIGN_ROWS];
        for (size_t i = 0; i < some; i++) {
            const uint32_t place = moves[at + i].place;
            /* Where the place before ends, this one begins. */
            here[i] = records + size * starts[places - 1 - place / 4]++;
            memcpy(here[i], &place, sizeof place);
        }
        write_codes(cox, rows, moves + at, some, here);
    }
    memcpy(records + size * count, &end, sizeof end);
}

/* ---- and back ---- */

/* An expression may make a number of what is missing. */
#define READ(name, type, missing)                                              \
    static void name(                                                          \
        const uint8_t *records, size_t size, size_t count, int32_t *codes)     \
    {                                                                          \
        for (size_t i = 0; i < count; i++, records += size) {                  \
            type code;                                                         \
            memcpy(&code, records, sizeof code);                               \
            codes[i] = code == (missing) ? VALUE_MISSING : code;               \
        }                                                                      \
    }
READ(read_8, int8_t, INT8_MIN)
READ(read_16, int16_t, INT16_MIN)
READ(read_32, int32_t, VALUE_MISSING)

void cox_records_read(const struct cox *cox, const uint8_t *records,
    size_t count, uint32_t *places, int32_t (*codes)[DESIGN_ROWS])
{
    const size_t size = cox_record_size(cox);
    for (size_t i = 0; i <= count; i++)
        memcpy(&places[i], records + i * size, sizeof *places);
    records += sizeof *places;
    for (size_t v = 0; v < cox->design->right_count; v++) {
        const size_t width = width_of(cox, v);
        if (width == 1)
            read_8(records, size, count, codes[v]);
        else if (width == 2)
            read_16(records, size, count, codes[v]);
        else
            read_32(records, size, count, codes[v]);
        records += width;
    }
}
