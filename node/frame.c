#include "node/frame.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

struct frame {
    const struct dictionary *dictionary;
    int64_t generation; /* of the store; -1 before the first build */
    struct rows rows;
    struct column *columns;
    uint32_t *patients;
    size_t bytes;
};

/* Columns under construction, all of one capacity. */
struct builder {
    const struct dictionary *dictionary;
    size_t count, capacity, patient_count;
    void **data;
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
    for (size_t i = 0; status == STATUS_OK && i < dictionary->variable_count;
         i++) {
        size_t width = (size_t)dictionary->variables[i].width;
        status =
            grow(&builder->data[i], builder->count * width, capacity * width);
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
        ((int8_t *)data)[row] = missing ? INT8_MIN : (int8_t)code;
    else if (width == 2)
        ((int16_t *)data)[row] = missing ? INT16_MIN : (int16_t)code;
    else
        ((int32_t *)data)[row] = code;
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
    for (size_t i = 0; i < builder->dictionary->variable_count; i++)
        put(builder->data[i], builder->dictionary->variables[i].width,
            builder->count, codes[i]);
    builder->count++;
    return STATUS_OK;
}

static void release(struct frame *frame)
{
    for (size_t i = 0; i < frame->dictionary->variable_count; i++) {
        free((void *)frame->columns[i].data);
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
    for (size_t i = 0; i < frame->dictionary->variable_count; i++) {
        int width = frame->dictionary->variables[i].width;
        frame->columns[i] = (struct column){
            builder->data[i] == NULL ? 0 : width, builder->data[i]};
        builder->data[i] = NULL;
        frame->bytes += builder->capacity * (size_t)width;
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
        .columns = frame->columns};
}

static enum status build(struct frame *frame, struct store *store)
{
    size_t count = frame->dictionary->variable_count;
    struct builder builder = {.dictionary = frame->dictionary,
        .data = calloc(count, sizeof *builder.data)};
    if (builder.data == NULL)
        return STATUS_NO_MEMORY;
    enum status status = store_visit_rows(store, add_row, &builder);
    if (status == STATUS_OK)
        take(frame, &builder);
    for (size_t i = 0; i < count; i++)
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
    frame->columns = calloc(dictionary->variable_count, sizeof *frame->columns);
    if (frame->columns == NULL) {
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
    free(frame);
}

enum status frame_refresh(struct frame *frame, struct store *store)
{
    int64_t generation;
    enum status status = store_get_generation(store, &generation);
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
