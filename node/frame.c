#include "node/frame.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)

struct numbers { /* of one word each */
    uint32_t *items;
    size_t count;
    uint32_t end; /* above all of them */
};

struct frame {
    const struct dictionary *dictionary;
    struct store_view view;
    struct rows rows;
    struct column *columns;
    const uint8_t **refused; /* by column; NULL: none */
    uint32_t *patients;
    struct numbers numbers; /* by row */
    struct numbers erased;
    size_t bytes;
    size_t holders; /* in a cache of frames */
    uint64_t used;
};

/* Columns under construction, all of one capacity. */
struct builder {
    const struct dictionary *dictionary;
    struct frame *frame;
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

static enum status add_number(struct numbers *numbers, uint32_t number)
{
    if ((numbers->count & (numbers->count - 1)) == 0) {
        const size_t capacity = numbers->count == 0 ? 1 : numbers->count * 2;
        uint32_t *larger =
            reallocarray(numbers->items, capacity, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        numbers->items = larger;
    }
    numbers->items[numbers->count++] = number;
    if (number >= numbers->end)
        numbers->end = number + 1;
    return STATUS_OK;
}

static enum status add_erased(void *arg, uint32_t number)
{
    struct frame *frame = arg;
    return add_number(&frame->erased, number);
}

static enum status add_row(void *arg, const struct store_visited *row)
{
    struct builder *builder = arg;
    const int32_t *codes = row->codes;
    if (builder->count == UINT32_MAX - 1)
        return STATUS_LIMIT_REACHED;
    if (builder->count == builder->capacity) {
        enum status status = reserve(
            builder, builder->capacity == 0 ? 1024 : builder->capacity * 2);
        if (status != STATUS_OK)
            return status;
    }
    bool same = builder->count > 0 && row->pseudonym == builder->last_pseudonym;
    builder->several = builder->several || same;
    builder->patient_count += !same;
    builder->last_pseudonym = row->pseudonym;
    builder->patients[builder->count] = (uint32_t)builder->patient_count - 1;
    enum status status = add_number(&builder->frame->numbers, row->number);
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

static void take(struct frame *frame, struct builder *builder)
{
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
    frame->bytes += frame->numbers.count * sizeof(uint32_t);
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
        .frame = frame,
        .data = calloc(2 * count, sizeof *builder.data)};
    if (builder.data == NULL)
        return STATUS_NO_MEMORY;
    builder.refused = builder.data + count;
    enum status status =
        store_visit_rows(store, &frame->view, add_row, &builder);
    if (status == STATUS_OK)
        status = store_visit_erased(store, &frame->view, add_erased, frame);
    if (status == STATUS_OK)
        take(frame, &builder);
    for (size_t i = 0; i < 2 * count; i++)
        free(builder.data[i]);
    free(builder.data);
    free(builder.patients);
    return status;
}

enum status frame_create(struct frame **out,
    const struct dictionary *dictionary, struct store *store,
    const struct store_view *view)
{
    *out = NULL;
    struct frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL)
        return STATUS_NO_MEMORY;
    frame->dictionary = dictionary;
    frame->view = *view;
    frame->columns = calloc(dictionary->column_count, sizeof *frame->columns);
    frame->refused = calloc(dictionary->column_count, sizeof *frame->refused);
    enum status status = frame->columns == NULL || frame->refused == NULL
                             ? STATUS_NO_MEMORY
                             : build(frame, store);
    if (status != STATUS_OK) {
        frame_destroy(frame);
        return status;
    }
    *out = frame;
    return STATUS_OK;
}

void frame_destroy(struct frame *frame)
{
    if (frame == NULL)
        return;
    for (size_t i = 0; frame->columns != NULL && frame->refused != NULL &&
                       i < frame->dictionary->column_count;
         i++) {
        free((void *)frame->columns[i].data);
        free((void *)frame->refused[i]);
    }
    free(frame->patients);
    free(frame->numbers.items);
    free(frame->erased.items);
    free(frame->columns);
    free((void *)frame->refused);
    free(frame);
}

const struct rows *frame_rows(const struct frame *frame)
{
    return &frame->rows;
}

const struct store_view *frame_view(const struct frame *frame)
{
    return &frame->view;
}

const uint32_t *frame_numbers(const struct frame *frame)
{
    return frame->numbers.items;
}

uint32_t frame_number_end(const struct frame *frame)
{
    return frame->numbers.end > frame->erased.end ? frame->numbers.end
                                                  : frame->erased.end;
}

const uint32_t *frame_erased(const struct frame *frame, size_t *count)
{
    *count = frame->erased.count;
    return frame->erased.items;
}

size_t frame_bytes(const struct frame *frame)
{
    return frame->bytes;
}

/* ---- those that are kept ---- */

struct frames {
    const struct dictionary *dictionary;
    uint64_t clock;
    size_t count;
    struct frame **items;
};

enum status frames_create(
    struct frames **out, const struct dictionary *dictionary)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->dictionary = dictionary;
    return STATUS_OK;
}

void frames_destroy(struct frames *frames)
{
    if (frames == NULL)
        return;
    for (size_t i = 0; i < frames->count; i++)
        frame_destroy(frames->items[i]);
    free((void *)frames->items);
    free(frames);
}

/* The one that nobody holds and that was used longest ago; of those before the
 * last erasure any. NULL: all are held, or few. */
static struct frame **choose_old(struct frames *frames, int64_t erasures)
{
    struct frame **old = NULL;
    for (size_t i = 0; i < frames->count; i++) {
        struct frame **item = &frames->items[i];
        if ((*item)->holders > 0)
            continue;
        if ((*item)->view.erasures != erasures)
            return item;
        if (old == NULL || (*item)->used < (*old)->used)
            old = item;
    }
    return frames->count >= FRAMES_KEPT ? old : NULL;
}

static void drop_old(struct frames *frames, int64_t erasures)
{
    struct frame **old;
    while ((old = choose_old(frames, erasures)) != NULL) {
        frame_destroy(*old);
        *old = frames->items[--frames->count];
    }
}

static enum status add_frame(
    struct frames *frames, struct store *store, const struct store_view *view)
{
    drop_old(frames, view->erasures);
    struct frame **larger = reallocarray(
        (void *)frames->items, frames->count + 1, sizeof(struct frame *));
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    frames->items = larger;
    enum status status =
        frame_create(&larger[frames->count], frames->dictionary, store, view);
    frames->count += status == STATUS_OK;
    return status;
}

enum status frames_hold(struct frames *frames, struct frame **out,
    struct store *store, const struct store_view *view)
{
    size_t at = 0;
    enum status status = STATUS_OK;
    while (
        at < frames->count && !store_view_equal(&frames->items[at]->view, view))
        at++;
    if (at == frames->count) {
        status = add_frame(frames, store, view);
        at = frames->count - 1; /* others went to make room */
    }
    if (status != STATUS_OK)
        return status;
    *out = frames->items[at];
    (*out)->holders++;
    (*out)->used = ++frames->clock;
    return STATUS_OK;
}

void frames_release(struct frame *frame)
{
    if (frame != NULL)
        frame->holders--;
}
