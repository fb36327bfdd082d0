#include "node/frame.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)

struct frame {
    const struct dictionary *dictionary;
    int64_t generation; /* of the store; -1 before the first build */
    struct rows rows;
    struct column *columns;
    const uint8_t **refused; /* by column; NULL: none */
    uint32_t *patients;
    size_t bytes;
};

/* Columns under construction, all of one capacity. */
struct builder {
    const struct dictionary *dictionary;
    size_t count, capacity, patient_count;
    void **data;
    void **refused; /* of a variable without a refused value: NULL */
    uint32_t *patients;
    int64_t last_pseudonym;
    bool several; /* some patient has more than one row */
};

static size_t padded(size_t bytes)
{
    return (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* realloc for aligned memory */
static enum status grow(void **data, size_t used, size_t wanted)
{
    void *larger = aligned_alloc(ALIGNMENT, padded(wanted));
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    if (*data != NULL)
        memcpy(larger, *data, used);
    memset((char *)larger + used, 0, padded(wanted) - used);
    free(*data);
    *data = larger;
    return STATUS_OK;
}

static enum status reserve(struct builder *builder, size_t capacity)
{
    const struct dictionary *dictionary = builder->dictionary;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < dictionary->column_count;
         i++) {
        size_t width = (size_t)dictionary->variables[i].width;
        status =
            grow(&builder->data[i], builder->count * width, capacity * width);
        if (status == STATUS_OK && builder->refused[i] != NULL)
            status = grow(&builder->refused[i], builder->count, capacity);
    }
    void *patients = builder->patients;
    if (status == STATUS_OK)
        status = grow(&patients, builder->count * sizeof(uint32_t),
            capacity * sizeof(uint32_t));
    builder->patients = patients;
    if (status == STATUS_OK)
        builder->capacity = capacity;
    return status;
}

static void put(void *data, int width, size_t row, int32_t code)
{
    bool missing = code == VALUE_MISSING;
    if (width == 1)
        ((int8_t *)data)[row] = (int8_t)(missing ? INT8_MIN : code);
    else if (width == 2)
        ((int16_t *)data)[row] = (int16_t)(missing ? INT16_MIN : code);
    else
        ((int32_t *)data)[row] = code;
}

static enum status put_refused(struct builder *builder, size_t column)
{
    enum status status = STATUS_OK;
    if (builder->refused[column] == NULL)
        status = grow(&builder->refused[column], 0, builder->capacity);
    if (status == STATUS_OK)
        ((uint8_t *)builder->refused[column])[builder->count] = 1;
    return status;
}

static enum status add_row(void *arg, int64_t pseudonym, const int32_t *codes)
{
    struct builder *builder = arg;
    if (builder->count == UINT32_MAX - 1)
        return STATUS_LIMIT_REACHED;
    if (builder->count == builder->capacity) {
        enum status status = reserve(
            builder, builder->capacity == 0 ? 1024 : builder->capacity * 2);
        if (status != STATUS_OK)
            return status;
    }
    bool same = builder->count > 0 && pseudonym == builder->last_pseudonym;
    builder->several = builder->several || same;
    builder->patient_count += !same;
    builder->last_pseudonym = pseudonym;
    builder->patients[builder->count] = (uint32_t)builder->patient_count - 1;
    enum status status = STATUS_OK;
    for (size_t i = 0;
         status == STATUS_OK && i < builder->dictionary->column_count; i++) {
        const bool refused = codes[i] == VALUE_REFUSED;
        put(builder->data[i], builder->dictionary->variables[i].width,
            builder->count, refused ? VALUE_MISSING : codes[i]);
        if (refused)
            status = put_refused(builder, i);
    }
    builder->count++;
    return status;
}

static void release(struct frame *frame)
{
    for (size_t i = 0; i < frame->dictionary->column_count; i++) {
        free((void *)frame->columns[i].data);
        free((void *)frame->refused[i]);
        frame->refused[i] = NULL;
        frame->columns[i] = (struct column){0};
    }
    free(frame->patients);
    frame->patients = NULL;
    frame->rows = (struct rows){.columns = frame->columns};
}

static void take(struct frame *frame, struct builder *builder)
{
    release(frame);
    frame->bytes = 0;
    for (size_t i = 0; i < frame->dictionary->column_count; i++) {
        int width = frame->dictionary->variables[i].width;
        const bool refused = builder->refused[i] != NULL;
        frame->columns[i] = (struct column){
            builder->data[i] == NULL ? 0 : width, builder->data[i]};
        frame->refused[i] = builder->refused[i];
        builder->data[i] = builder->refused[i] = NULL;
        frame->bytes += builder->capacity * ((size_t)width + refused);
    }
    /* Where each row is a person of its own nothing else need be known. */
    if (builder->several) {
        frame->patients = builder->patients;
        builder->patients = NULL;
        frame->bytes += builder->capacity * sizeof(uint32_t);
    }
    frame->rows = (struct rows){.count = builder->count,
        .patient_count = builder->patient_count,
        .patients = frame->patients,
        .columns = frame->columns,
        .refused = frame->refused};
}

static enum status build(struct frame *frame, struct store *store)
{
    size_t count = frame->dictionary->column_count;
    struct builder builder = {.dictionary = frame->dictionary,
        .data = calloc(2 * count, sizeof *builder.data)};
    if (builder.data == NULL)
        return STATUS_NO_MEMORY;
    builder.refused = builder.data + count;
    enum status status = store_visit_rows(store, add_row, &builder);
    if (status == STATUS_OK)
        take(frame, &builder);
    for (size_t i = 0; i < 2 * count; i++)
        free(builder.data[i]);
    free(builder.data);
    free(builder.patients);
    return status;
}

enum status frame_create(
    struct frame **out, const struct dictionary *dictionary)
{
    *out = NULL;
    struct frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL)
        return STATUS_NO_MEMORY;
    frame->dictionary = dictionary;
    frame->generation = -1;
    frame->columns = calloc(dictionary->column_count, sizeof *frame->columns);
    frame->refused = calloc(dictionary->column_count, sizeof *frame->refused);
    if (frame->columns == NULL || frame->refused == NULL) {
        free(frame->columns);
        free((void *)frame->refused);
        free(frame);
        return STATUS_NO_MEMORY;
    }
    frame->rows.columns = frame->columns;
    *out = frame;
    return STATUS_OK;
}

void frame_destroy(struct frame *frame)
{
    if (frame == NULL)
        return;
    release(frame);
    free(frame->columns);
    free((void *)frame->refused);
    free(frame);
}

enum status frame_refresh(struct frame *frame, struct store *store)
{
    int64_t generation;
    enum status status = store_get_generation(store, &generation);
    if (status == STATUS_OK && generation < 0)
        status = STATUS_CORRUPT; /* it would pass for a frame never built */
    if (status != STATUS_OK || generation == frame->generation)
        return status;
    status = build(frame, store);
    if (status == STATUS_OK)
        frame->generation = generation;
    return status;
}

const struct rows *frame_rows(const struct frame *frame)
{
    return &frame->rows;
}

int64_t frame_generation(const struct frame *frame)
{
    return frame->generation;
}

size_t frame_bytes(const struct frame *frame)
{
    return frame->bytes;
}
