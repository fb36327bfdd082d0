#include "tests/unit/masking_fixture.h"

#include <stdlib.h>

#include "tests/unit/test.h"

void crowd_init(
    struct crowd *crowd, size_t count, size_t length, size_t min_centers)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->count = count;
    crowd->length = length;
    memset(crowd->terms.header.bytes, 7, DIGEST_BYTES);
    crowd->terms.min_centers = min_centers;
    crowd->terms.party_count = count;
    crowd->terms.parties = crowd->parties;
    crowd->expected = calloc(length, sizeof *crowd->expected);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(keypair_create(&crowd->keys[i], "center"), STATUS_OK);
        crowd->parties[i] = (struct masking_party){
            (uint32_t)i + 1, keypair_identity(crowd->keys[i])->sign};
        crowd->present[i] = true;
        buffer_init(&crowd->out[i], BUFFER_LIMIT_DEFAULT);
        assert_int_equal(vector_init(&crowd->vectors[i], length), STATUS_OK);
        for (size_t k = 0; k < length; k++)
            crowd->vectors[i].elements[k] = 1000 * (int128)(i + 1) + k;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(member_create(&crowd->members[i], &crowd->terms,
                             (uint32_t)i + 1, crowd->keys[i]),
            STATUS_OK);
    }
    assert_int_equal(
        collector_create(&crowd->collector, &crowd->terms, length), STATUS_OK);
}

void crowd_fini(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        keypair_destroy(crowd->keys[i]);
        member_destroy(crowd->members[i]);
        buffer_fini(&crowd->out[i]);
        vector_fini(&crowd->vectors[i]);
    }
    collector_destroy(crowd->collector);
    free(crowd->expected);
}

enum status crowd_answer(enum collector_step step, struct member *member,
    struct view message, struct vector *vector, struct buffer *out)
{
    struct digest digest;
    enum status status;
    switch (step) {
    case COLLECT_KEYS: return member_write_keys(member, out);
    case COLLECT_SHARES: return member_take_peers(member, message, out);
    case COLLECT_MASKED:
        status = member_take_sealed(member, message);
        return status == STATUS_OK ? member_mask(member, vector, out) : status;
    case COLLECT_VOTES:
        status = member_take_survivors(member, message, &digest);
        return status == STATUS_OK ? member_write_vote(member, out) : status;
    case COLLECT_REVEALS: return member_take_votes(member, message, out);
    default: return STATUS_INTERNAL;
    }
}

static void note_vector(struct crowd *crowd, size_t i)
{
    for (size_t k = 0; k < crowd->length; k++)
        crowd->expected[k] += 1000 * (int128)(i + 1) + k;
}

enum status crowd_exchange(struct crowd *crowd)
{
    struct collector *collector = crowd->collector;
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < crowd->count; i++) {
        uint32_t index = (uint32_t)i + 1;
        if (!crowd->present[i] || !collector_waits_for(collector, index))
            continue;
        buffer_clear(&message);
        buffer_clear(&crowd->out[i]);
        enum status status = collector_write(collector, index, &message);
        if (status == STATUS_OK)
            status = crowd_answer(collector_step(collector), crowd->members[i],
                buffer_view(&message), &crowd->vectors[i], &crowd->out[i]);
        const struct vector *vector = &crowd->vectors[i];
        if (status == STATUS_OK) {
            status =
                collector_take(collector, index, buffer_view(&crowd->out[i]),
                    (struct view){(const uint8_t *)vector->elements,
                        vector->length * VECTOR_ELEMENT_BYTES});
        }
        if (status != STATUS_OK) {
            buffer_fini(&message);
            return status;
        }
        if (collector_step(collector) == COLLECT_MASKED)
            note_vector(crowd, i);
    }
    buffer_fini(&message);
    return STATUS_OK;
}

enum status crowd_step(struct crowd *crowd)
{
    enum status status = crowd_exchange(crowd);
    return status == STATUS_OK ? collector_close_step(crowd->collector)
                               : status;
}

enum status crowd_run(struct crowd *crowd)
{
    enum status status = STATUS_OK;
    while (
        status == STATUS_OK && collector_step(crowd->collector) != COLLECT_OVER)
        status = crowd_step(crowd);
    return status;
}

void crowd_expect_sum(const struct crowd *crowd)
{
    const struct vector *sum = collector_sum(crowd->collector);
    assert_non_null(sum);
    assert_memory_equal(
        sum->elements, crowd->expected, crowd->length * sizeof(int128));
}
