/* One question's sets of rows at this center: what they weigh beside those of
 * earlier ones, what is remembered of them, and which rows answer them. */
#include <stdlib.h>
#include <string.h>

#include "node/people_box.h"
#include "node/remembered_internal.h"

/* A set of this center that a question is held against. */
struct earlier {
    struct digest id;
    const uint64_t *bits; /* NULL: it is not known here, and holds nobody */
    int64_t number;       /* of the kept set; 0 */
};

struct asked {
    const struct remembered *remembered;
    struct arrangement *arrangement; /* held */
    struct sets *sets;
    struct weighing_shape shape;
    uint8_t *weighed_only; /* [sets->count] */
    uint64_t *own;         /* [sets * words] */
    struct earlier *earlier;
    const uint32_t *numbers; /* of the frame's rows, borrowed */
    struct digest header, study;
    int64_t until;
    bool alone;
};

void asked_destroy(struct asked *asked)
{
    if (asked == NULL)
        return;
    arrangement_release(asked->arrangement);
    sets_destroy(asked->sets);
    free(asked->weighed_only);
    free(asked->own);
    free(asked->earlier);
    free(asked);
}

const struct weighing_shape *asked_shape(const struct asked *asked)
{
    return &asked->shape;
}

const struct sets *asked_sets(const struct asked *asked)
{
    return asked->sets;
}

const struct row_order *asked_order(const struct asked *asked)
{
    return &asked->arrangement->order;
}

static enum status mark_own(struct asked *asked, const struct rows *rows)
{
    const struct row_order *order = &asked->arrangement->order;
    const size_t sets = asked->sets->count;
    struct set_marker marker;
    if (sets > WEIGHING_SETS_MAX)
        return STATUS_TOO_LARGE;
    uint8_t *mask = malloc(rows->count + 1);
    asked->own = calloc(sets * order->word_count + 1, sizeof *asked->own);
    asked->weighed_only = calloc(sets + 1, 1);
    enum status status =
        mask == NULL || asked->own == NULL || asked->weighed_only == NULL
            ? STATUS_NO_MEMORY
            : set_marker_init(&marker, asked->sets, rows);
    for (size_t s = 0; status == STATUS_OK && s < sets; s++) {
        asked->weighed_only[s] = asked->sets->list[s].weighed_only;
        set_marker_mark(&marker, s, mask);
        row_bits_set(order, mask, asked->own + s * order->word_count);
    }
    if (status == STATUS_OK)
        set_marker_fini(&marker);
    free(mask);
    return status;
}

static enum status add_earlier(struct asked *asked, const struct digest *id)
{
    const struct remembered *remembered = asked->remembered;
    const size_t at = remembered_find(remembered, id);
    struct earlier *earlier = &asked->earlier[asked->shape.remembered];
    for (size_t i = 0; i < asked->shape.remembered; i++) {
        if (digest_equal(&asked->earlier[i].id, id))
            return STATUS_MALFORMED;
    }
    *earlier = (struct earlier){.id = *id};
    if (at < remembered->count) {
        earlier->bits = asked->arrangement->bits[at];
        earlier->number = remembered->sets[at].number;
    }
    asked->shape.remembered++;
    return STATUS_OK;
}

static enum status take_list(struct asked *asked, struct view ids)
{
    enum status status =
        ids.size % DIGEST_BYTES != 0 ? STATUS_MALFORMED : STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < ids.size;
         at += DIGEST_BYTES) {
        struct digest id;
        memcpy(id.bytes, ids.data + at, DIGEST_BYTES);
        status = add_earlier(asked, &id);
    }
    return status;
}

/* Of what was told to these researchers: all of it is listed. */
static enum status check_listed(void *arg, const struct digest *id)
{
    const struct asked *asked = arg;
    for (size_t i = 0; i < asked->shape.remembered; i++) {
        if (digest_equal(&asked->earlier[i].id, id))
            return STATUS_OK;
    }
    const size_t at = remembered_find(asked->remembered, id);
    const bool alone =
        at < asked->remembered->count && asked->remembered->sets[at].alone;
    return alone ? STATUS_OK : STATUS_WRONG_QUERY;
}

static enum status add_alone(void *arg, const struct digest *id)
{
    struct asked *asked = arg;
    const size_t at = remembered_find(asked->remembered, id);
    return at < asked->remembered->count && asked->remembered->sets[at].alone
               ? add_earlier(asked, id)
               : STATUS_OK;
}

static enum status find_earlier(struct asked *asked, struct store *store,
    const struct asked_question *question)
{
    const size_t most = question->alone ? asked->remembered->count
                                        : question->earlier.size / DIGEST_BYTES;
    const struct study *study = question->study;
    enum status status = STATUS_OK;
    if (most > WEIGHING_REMEMBERED_MAX)
        return STATUS_TOO_LARGE;
    asked->earlier = calloc(most + 1, sizeof *asked->earlier);
    if (asked->earlier == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < study->researcher_count; i++)
        status = store_put_researcher(
            store, &study->id, &study->researchers[i].sign);
    if (status == STATUS_OK && !question->alone)
        status = take_list(asked, question->earlier);
    if (status == STATUS_OK)
        status = store_visit_family(store, &study->id,
            question->alone ? add_alone : check_listed, asked);
    return status;
}

enum status asked_create(struct asked **out, struct remembered *remembered,
    struct store *store, const struct asked_question *question, int64_t now)
{
    const struct study *study = question->study;
    *out = NULL;
    struct asked *asked = calloc(1, sizeof *asked);
    if (asked == NULL)
        return STATUS_NO_MEMORY;
    asked->remembered = remembered;
    asked->numbers = frame_numbers(question->frame);
    asked->header = *question->header;
    asked->study = study->id;
    asked->until = study_remembered_until(study);
    asked->alone = question->alone;
    enum status status = remembered_load(remembered, store, now);
    if (status == STATUS_OK)
        status = remembered_arrange(remembered, question->frame);
    if (status == STATUS_OK) {
        asked->arrangement = remembered->arrangement;
        asked->arrangement->holders++;
        status = sets_create(&asked->sets, question->plan);
    }
    if (status == STATUS_OK)
        status = find_earlier(asked, store, question);
    if (status == STATUS_OK) {
        asked->shape.sets = asked->sets->count;
        status = mark_own(asked, frame_rows(question->frame));
    }
    if (status == STATUS_OK && weighing_length(&asked->shape) > PLAN_VECTOR_MAX)
        status = STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        asked_destroy(asked);
        return status;
    }
    *out = asked;
    return STATUS_OK;
}

/* ---- weights ---- */

static const uint64_t *own_bits(const struct asked *asked, size_t set)
{
    return asked->own + set * asked->arrangement->order.word_count;
}

static int64_t weigh_common(
    const struct asked *asked, const uint64_t *a, const uint64_t *b)
{
    return a == NULL || b == NULL
               ? 0
               : row_bits_weigh_common(&asked->arrangement->order, a, b);
}

enum status asked_weigh(const struct asked *asked, struct vector *out)
{
    const struct weighing_shape *shape = &asked->shape;
    const struct row_order *order = &asked->arrangement->order;
    enum status status = vector_init(out, weighing_length(shape));
    if (status != STATUS_OK)
        return status;
    int128 *elements = out->elements;
    for (size_t t = 0; t < shape->remembered; t++)
        elements[weighing_now(shape, t)] =
            weigh_common(asked, asked->earlier[t].bits, asked->earlier[t].bits);
    for (size_t s = 0; s < shape->sets; s++) {
        const uint64_t *own = own_bits(asked, s);
        elements[weighing_weight(shape, s)] = row_bits_weigh(order, own);
        for (size_t t = 0; t < shape->remembered; t++)
            elements[weighing_shared(shape, s, t)] =
                weigh_common(asked, own, asked->earlier[t].bits);
        for (size_t r = 0; r < s; r++)
            elements[weighing_pair(shape, s, r)] =
                weigh_common(asked, own, own_bits(asked, r));
    }
    return STATUS_OK;
}

/* ---- a decision of this center's own ---- */

/* The places of what was told are those of the list now. */
static bool place_terms(const struct asked *asked, struct weighed_set *told)
{
    for (size_t i = 0; i < told->term_count; i++) {
        size_t at = 0;
        while (at < asked->shape.remembered &&
               asked->earlier[at].number != (int64_t)told->terms[i].anchor)
            at++;
        if (at == asked->shape.remembered)
            return false;
        told->terms[i].anchor = at;
    }
    return true;
}

static enum status add_remembered(
    const struct asked *asked, struct memory *memory, size_t at)
{
    const struct remembered *remembered = asked->remembered;
    const struct earlier *earlier = &asked->earlier[at];
    struct remembered_set set = {
        .weight = weigh_common(asked, earlier->bits, earlier->bits),
        .told =
            remembered->sets[remembered_find(remembered, &earlier->id)].told};
    int64_t *shared = calloc(at + 1, sizeof *shared);
    if (shared == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < at; i++)
        shared[i] = weigh_common(asked, earlier->bits, asked->earlier[i].bits);
    set.shared = shared;
    if (!place_terms(asked, &set.told))
        set.told = (struct weighed_set){.answer = WEIGHED_FEW};
    enum status status = memory_add(memory, &set);
    free(shared);
    return status;
}

enum status asked_decide(
    const struct asked *asked, int64_t people, struct instruction *out)
{
    struct memory *memory = NULL;
    struct vector weights = {.length = 0};
    enum status status = memory_create(&memory);
    for (size_t i = 0; status == STATUS_OK && i < asked->shape.remembered; i++)
        status = add_remembered(asked, memory, i);
    if (status == STATUS_OK)
        status = asked_weigh(asked, &weights);
    if (status == STATUS_OK) {
        const struct weighing_question question = {.people = people,
            .shape = asked->shape,
            .weighed_only = asked->weighed_only,
            .weights = weights.elements};
        status = memory_decide(memory, &question, out);
    }
    vector_fini(&weights);
    memory_destroy(memory);
    return status;
}

/* ---- what is remembered ---- */

/* The rows' numbers, whatever frame they are in. */
static enum status seal_rows(
    const struct asked *asked, size_t set, struct buffer *out)
{
    const struct arrangement *arrangement = asked->arrangement;
    const uint64_t *own = own_bits(asked, set);
    struct people rows = {0};
    enum status status = people_init(&rows, arrangement->number_end);
    for (size_t i = 0; status == STATUS_OK && i < arrangement->row_count; i++) {
        const uint32_t bit = arrangement->order.bits[i];
        if ((own[bit / 64] >> (bit % 64) & 1) != 0)
            people_add(&rows, asked->numbers[i]);
    }
    if (status == STATUS_OK) {
        people_count(&rows);
        status = people_seal(out, &rows, asked->remembered->key);
    }
    people_fini(&rows);
    return status;
}

/* As an instruction of one set, whose places are numbers of kept sets. `first`:
 * the number that the question's first new set gets. */
static enum status write_told(const struct asked *asked,
    const struct instruction *instruction, size_t set, int64_t first,
    struct buffer *out)
{
    struct weighed_set told = instruction->sets[set];
    const struct instruction one = {.set_count = 1, .sets = &told};
    if (!asked->alone)
        return STATUS_OK;
    for (size_t i = 0; i < told.term_count; i++) {
        const size_t place = told.terms[i].anchor;
        if (place < asked->shape.remembered) {
            told.terms[i].anchor = (size_t)asked->earlier[place].number;
            continue;
        }
        told.terms[i].anchor =
            (size_t)first + instruction_new_before(
                                instruction, place - asked->shape.remembered);
    }
    return instruction_write(&one, out);
}

static enum status remember_set(const struct asked *asked, struct store *store,
    const struct instruction *instruction, size_t set, int64_t first)
{
    struct buffer rows, told;
    buffer_init(&rows, BUFFER_LIMIT_DEFAULT);
    buffer_init(&told, BUFFER_LIMIT_DEFAULT);
    enum status status = seal_rows(asked, set, &rows);
    if (status == STATUS_OK)
        status = write_told(asked, instruction, set, first, &told);
    if (status == STATUS_OK) {
        const struct store_set new = {
            .id = weighing_name_set(&asked->header, set),
            .header = asked->header,
            .study = asked->study,
            .until = asked->until,
            .released = asked->alone,
            .told = buffer_view(&told),
            .rows = buffer_view(&rows)};
        status = store_put_set(store, &new);
    }
    buffer_wipe(&rows);
    buffer_fini(&told);
    return status;
}

enum status asked_remember(struct asked *asked, struct store *store,
    const struct instruction *instruction)
{
    int64_t first = 0;
    enum status status = store_next_set(store, &first);
    for (size_t s = 0; status == STATUS_OK && s < instruction->set_count; s++) {
        if (instruction->sets[s].is_new)
            status = remember_set(asked, store, instruction, s, first);
    }
    return status;
}

/* ---- rows ---- */

static void add_rows(const struct asked *asked, const uint64_t *bits,
    int coefficient, int16_t *counts)
{
    if (bits != NULL)
        row_bits_add(&asked->arrangement->order, bits, coefficient, counts);
}

void asked_count(const struct asked *asked,
    const struct instruction *instruction, size_t set, int16_t *counts)
{
    const struct weighed_set *told = &instruction->sets[set];
    const size_t remembered = asked->shape.remembered;
    memset(counts, 0, asked->arrangement->row_count * sizeof *counts);
    if (told->answer == WEIGHED_EXACT)
        add_rows(asked, own_bits(asked, set), 1, counts);
    for (size_t i = 0; i < told->term_count; i++) {
        const struct span_term *term = &told->terms[i];
        add_rows(asked,
            term->anchor < remembered
                ? asked->earlier[term->anchor].bits
                : own_bits(asked, term->anchor - remembered),
            term->coefficient, counts);
    }
}
