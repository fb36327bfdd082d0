#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/masking/collector_internal.h"
#include "protocol/wire/defence.h"

static int compare_index(const void *a, const void *b)
{
    const struct collected *one = a, *other = b;
    return (one->index > other->index) - (one->index < other->index);
}

enum status collector_create(
    struct collector **out, const struct masking_terms *terms, size_t length)
{
    *out = NULL;
    struct collector *collector = calloc(1, sizeof *collector);
    if (collector == NULL)
        return STATUS_NO_MEMORY;
    collector->header = terms->header;
    if (!DEFENCE("query-binding"))
        memset(&collector->header, 0, sizeof collector->header);
    collector->min_centers = terms->min_centers;
    buffer_init(&collector->list, BUFFER_LIMIT_DEFAULT);
    collector->all = calloc(terms->party_count + 1, sizeof *collector->all);
    enum status status = collector->all == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        status = vector_init(&collector->sum, length);
    if (status != STATUS_OK) {
        collector_destroy(collector);
        return status;
    }
    collector->count = terms->party_count;
    for (size_t i = 0; i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        one->index = terms->parties[i].index;
        one->sign = terms->parties[i].sign;
        one->asked = true;
        buffer_init(&one->boxes, BUFFER_LIMIT_DEFAULT);
        buffer_init(&one->shares, BUFFER_LIMIT_DEFAULT);
    }
    qsort(collector->all, collector->count, sizeof *collector->all,
        compare_index);
    *out = collector;
    return STATUS_OK;
}

void collector_destroy(struct collector *collector)
{
    if (collector == NULL)
        return;
    for (size_t i = 0; i < collector->count; i++) {
        buffer_fini(&collector->all[i].boxes);
        buffer_wipe(&collector->all[i].shares);
        sodium_memzero(
            &collector->all[i].self_seed, sizeof collector->all[i].self_seed);
    }
    free(collector->all);
    buffer_fini(&collector->list);
    vector_fini(&collector->sum);
    free(collector);
}

/* ---- who ---- */

static struct collected *find(const struct collector *collector, uint32_t index)
{
    for (size_t i = 0; i < collector->count; i++) {
        if (collector->all[i].index == index)
            return &collector->all[i];
    }
    return NULL;
}

enum collector_step collector_step(const struct collector *collector)
{
    return collector->step;
}

size_t collector_waiting(const struct collector *collector)
{
    size_t waiting = 0;
    for (size_t i = 0; i < collector->count; i++)
        waiting += collector->all[i].asked && !collector->all[i].heard;
    return waiting;
}

size_t collector_heard(const struct collector *collector)
{
    size_t heard = 0;
    for (size_t i = 0; i < collector->count; i++)
        heard += collector->all[i].heard;
    return heard;
}

bool collector_waits_for(const struct collector *collector, uint32_t index)
{
    const struct collected *one = find(collector, index);
    return one != NULL && one->asked && !one->heard;
}

bool collector_survived(const struct collector *collector, uint32_t index)
{
    const struct collected *one = find(collector, index);
    return one != NULL && one->survives;
}

size_t collector_needed(const struct collector *collector)
{
    size_t threshold = masking_threshold(collector->members);
    switch (collector->step) {
    case COLLECT_KEYS: return collector->min_centers;
    case COLLECT_SHARES:
    case COLLECT_MASKED:
        return threshold > collector->min_centers ? threshold
                                                  : collector->min_centers;
    case COLLECT_VOTES:
    case COLLECT_REVEALS: return threshold;
    case COLLECT_ROUND: break;
    case COLLECT_OVER: return 0;
    }
    size_t all = 0;
    for (size_t i = 0; i < collector->count; i++)
        all += collector->all[i].survives;
    return all;
}

const struct vector *collector_sum(const struct collector *collector)
{
    return collector->opened ? &collector->sum : NULL;
}

/* ---- what they say ---- */

static enum status take_keys(
    struct collector *collector, struct collected *one, struct view body)
{
    if (body.size != sizeof one->keys)
        return STATUS_MALFORMED;
    memcpy(&one->keys, body.data, sizeof one->keys);
    if (step_index_get(&one->keys.index) != one->index)
        return STATUS_MALFORMED;
    const struct digest statement =
        steps_keys_statement(&collector->header, &one->keys);
    return steps_verify(&one->keys.signature, &statement, &one->sign)
               ? STATUS_OK
               : STATUS_BAD_SIGNATURE;
}

/* One box for every other member, in order. */
static enum status check_boxes(const struct collector *collector,
    const struct collected *one, struct view boxes)
{
    size_t count, at = 0;
    enum status status = steps_check_list(
        boxes, sizeof(struct step_box), collector->count, &count);
    if (status != STATUS_OK || count + 1 != collector->members)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < collector->count; i++) {
        struct step_index to;
        if (!collector->all[i].member || &collector->all[i] == one)
            continue;
        memcpy(&to, boxes.data + at++ * sizeof(struct step_box), sizeof to);
        if (step_index_get(&to) != collector->all[i].index)
            return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status take_shares(
    struct collector *collector, struct collected *one, struct view body)
{
    if (body.size < sizeof one->commit)
        return STATUS_MALFORMED;
    const struct view boxes = {
        body.data + sizeof one->commit, body.size - sizeof one->commit};
    memcpy(&one->commit, body.data, sizeof one->commit);
    const struct digest statement = steps_commit_statement(&collector->header,
        &collector->members_digest, one->index, &one->commit.seed);
    if (!steps_verify(&one->commit.signature, &statement, &one->sign))
        return STATUS_BAD_SIGNATURE;
    enum status status = check_boxes(collector, one, boxes);
    buffer_clear(&one->boxes);
    return status == STATUS_OK
               ? buffer_append(&one->boxes, boxes.data, boxes.size)
               : status;
}

static enum status add_vector(struct collector *collector, struct view bytes)
{
    struct vector vector = {.length = 0};
    enum status status = vector_decode(&vector, collector->sum.length, bytes);
    if (status == STATUS_OK)
        status = vector_add(&collector->sum, &vector);
    vector_fini(&vector);
    return status;
}

static enum status take_masked(struct collector *collector,
    struct collected *one, struct view body, struct view bytes)
{
    struct step_signature signature;
    if (body.size != sizeof signature)
        return STATUS_MALFORMED;
    memcpy(&signature, body.data, sizeof signature);
    const struct digest digest = digest_of(bytes);
    const struct digest statement = steps_masked_statement(
        &collector->header, &collector->givers_digest, &digest);
    if (!steps_verify(&signature.signature, &statement, &one->sign))
        return STATUS_BAD_SIGNATURE;
    one->masked = (struct step_masked){
        step_index_of(one->index), digest, signature.signature};
    return add_vector(collector, bytes);
}

static enum status take_round(struct collector *collector,
    const struct collected *one, struct view body, struct view bytes)
{
    const struct digest bound[] = {collector->header, collector->members_digest,
        collector->survivors_digest};
    struct step_tag said, right;
    if (body.size != sizeof said)
        return STATUS_MALFORMED;
    memcpy(&said, body.data, sizeof said);
    steps_tag(&right, &one->self_seed,
        (struct view){(const uint8_t *)bound, sizeof bound},
        (struct masking_round){collector->round, &collector->told}, bytes);
    return steps_tag_equal(&said, &right) ? add_vector(collector, bytes)
                                          : STATUS_BAD_SIGNATURE;
}

static enum status take_vote(
    struct collector *collector, struct collected *one, struct view body)
{
    if (body.size != sizeof one->vote)
        return STATUS_MALFORMED;
    memcpy(&one->vote, body.data, sizeof one->vote);
    const struct digest statement = steps_vote_statement(
        &collector->givers_digest, &collector->survivors_digest);
    return steps_verify(&one->vote, &statement, &one->sign)
               ? STATUS_OK
               : STATUS_BAD_SIGNATURE;
}

/* A share for each that gave, in order. */
static enum status take_reveal(
    struct collector *collector, struct collected *one, struct view body)
{
    size_t count, givers = 0;
    for (size_t i = 0; i < collector->count; i++)
        givers += collector->all[i].gives;
    enum status status = steps_check_list(
        body, sizeof(struct step_share), collector->count, &count);
    if (status != STATUS_OK || count != givers)
        return STATUS_MALFORMED;
    buffer_clear(&one->shares);
    return buffer_append(&one->shares, body.data, body.size);
}

static enum status take(struct collector *collector, struct collected *one,
    struct view body, struct view vector)
{
    switch (collector->step) {
    case COLLECT_KEYS: return take_keys(collector, one, body);
    case COLLECT_SHARES: return take_shares(collector, one, body);
    case COLLECT_MASKED: return take_masked(collector, one, body, vector);
    case COLLECT_ROUND: return take_round(collector, one, body, vector);
    case COLLECT_VOTES: return take_vote(collector, one, body);
    case COLLECT_REVEALS: return take_reveal(collector, one, body);
    case COLLECT_OVER: break;
    }
    return STATUS_NOT_ALLOWED;
}

enum status collector_take(struct collector *collector, uint32_t index,
    struct view body, struct view vector)
{
    struct collected *one = find(collector, index);
    if (one == NULL || !one->asked)
        return STATUS_NOT_ALLOWED;
    if (one->heard)
        return STATUS_EXISTS;
    enum status status = take(collector, one, body, vector);
    one->heard = status == STATUS_OK;
    one->asked = status == STATUS_OK;
    return status;
}

void collector_drop(struct collector *collector, uint32_t index)
{
    struct collected *one = find(collector, index);
    if (one != NULL && !one->heard)
        one->asked = false;
}

/* ---- from step to step ---- */

static enum status list_members(struct collector *collector)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        one->member = one->heard;
        collector->members += one->heard;
        if (one->heard)
            status =
                buffer_append(&collector->list, &one->keys, sizeof one->keys);
    }
    collector->members_digest =
        steps_digest_members(&collector->header, buffer_view(&collector->list));
    return status;
}

static enum status note_givers(struct collector *collector)
{
    uint32_t *indices = calloc(collector->count, sizeof *indices);
    struct digest *seeds = calloc(collector->count, sizeof *seeds);
    size_t count = 0;
    enum status status =
        indices == NULL || seeds == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        one->gives = one->heard;
        if (!one->gives)
            continue;
        indices[count] = one->index;
        seeds[count++] = one->commit.seed;
    }
    if (status == STATUS_OK)
        collector->givers_digest = steps_digest_givers(
            &collector->members_digest, indices, seeds, count);
    free(indices);
    free(seeds);
    collector->round = 1;
    return status;
}

static enum status list_survivors(struct collector *collector)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        one->survives = one->heard;
        if (one->heard)
            status = buffer_append(
                &collector->list, &one->masked, sizeof one->masked);
    }
    collector->survivors_digest = steps_digest_survivors(
        &collector->givers_digest, buffer_view(&collector->list));
    return status;
}

static enum status list_votes(struct collector *collector)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        const struct step_vote vote = {step_index_of(one->index), one->vote};
        one->voted = one->heard;
        if (one->heard)
            status = buffer_append(&collector->list, &vote, sizeof vote);
    }
    return status;
}

static enum status note_reveals(struct collector *collector)
{
    for (size_t i = 0; i < collector->count; i++)
        collector->all[i].reveals = collector->all[i].heard;
    return collector_open_sum(collector);
}

static enum status end_step(struct collector *collector)
{
    buffer_clear(&collector->list);
    switch (collector->step) {
    case COLLECT_KEYS: return list_members(collector);
    case COLLECT_SHARES: return note_givers(collector);
    case COLLECT_MASKED: return list_survivors(collector);
    case COLLECT_VOTES: return list_votes(collector);
    case COLLECT_REVEALS: return note_reveals(collector);
    case COLLECT_ROUND: collector->opened = true; return STATUS_OK;
    case COLLECT_OVER: break;
    }
    return STATUS_NOT_ALLOWED;
}

enum status collector_close_step(struct collector *collector)
{
    enum status status = STATUS_TOO_FEW_CENTERS;
    if (collector_heard(collector) >= collector_needed(collector))
        status = end_step(collector);
    if (status != STATUS_OK) {
        collector->step = COLLECT_OVER;
        return status;
    }
    collector->step =
        collector->step >= COLLECT_REVEALS ? COLLECT_OVER : collector->step + 1;
    for (size_t i = 0; i < collector->count; i++) {
        struct collected *one = &collector->all[i];
        /* Any survivor may reveal, also one whose vote came too late. */
        one->asked =
            collector->step == COLLECT_REVEALS ? one->survives : one->heard;
        one->heard = false;
    }
    return STATUS_OK;
}

/* All zero, and of that length. */
static enum status begin_sum(struct vector *sum, size_t length)
{
    struct vector other = {.length = 0};
    if (length == sum->length) {
        memset(sum->elements, 0, length * sizeof *sum->elements);
        return STATUS_OK;
    }
    enum status status = vector_init(&other, length);
    if (status == STATUS_OK) {
        vector_fini(sum);
        *sum = other;
    }
    return status;
}

enum status collector_start_round(struct collector *collector, uint32_t number,
    const struct digest *told, size_t length)
{
    if (collector->step != COLLECT_OVER || !collector->opened ||
        number != collector->round + 1)
        return STATUS_NOT_ALLOWED;
    const enum status status = begin_sum(&collector->sum, length);
    if (status != STATUS_OK)
        return status;
    collector->step = COLLECT_ROUND;
    collector->round = number;
    collector->told = *told;
    collector->opened = false;
    for (size_t i = 0; i < collector->count; i++) {
        collector->all[i].asked = collector->all[i].survives;
        collector->all[i].heard = false;
    }
    return STATUS_OK;
}

static enum status write_sealed(const struct collector *collector,
    const struct collected *to, struct buffer *out)
{
    enum status status = STATUS_OK;
    size_t rank = 0, own_rank = 0;
    for (const struct collected *one = collector->all; one < to; one++)
        own_rank += one->member;
    for (size_t i = 0; status == STATUS_OK && i < collector->count; i++) {
        const struct collected *from = &collector->all[i];
        struct step_box box;
        size_t place = own_rank - (rank < own_rank ? 1 : 0);
        rank += from->member;
        if (!from->gives || from == to)
            continue;
        memcpy(&box, from->boxes.data + place * sizeof box, sizeof box);
        struct step_sealed sealed = {
            .from = step_index_of(from->index), .commit = from->commit};
        memcpy(sealed.nonce, box.nonce, sizeof sealed.nonce);
        memcpy(sealed.box, box.box, sizeof sealed.box);
        status = buffer_append(out, &sealed, sizeof sealed);
    }
    return status;
}

enum status collector_write(
    const struct collector *collector, uint32_t index, struct buffer *out)
{
    const struct collected *to = find(collector, index);
    switch (collector->step) {
    case COLLECT_SHARES:
    case COLLECT_VOTES:
    case COLLECT_REVEALS:
        return buffer_append(out, collector->list.data, collector->list.size);
    case COLLECT_MASKED: return write_sealed(collector, to, out);
    default: return STATUS_OK;
    }
}
