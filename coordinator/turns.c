#include "coordinator/turns.h"

#include <stdlib.h>

struct turns {
    size_t count, most, bytes;
    uint64_t arrivals;
    struct place {
        uint64_t arrival;
        struct waiting waiting;
    } * places; /* [most] */
};

enum status turns_create(struct turns **out, size_t most)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->most = most;
    (*out)->places = calloc(most + 1, sizeof *(*out)->places);
    if ((*out)->places != NULL)
        return STATUS_OK;
    free(*out);
    *out = NULL;
    return STATUS_NO_MEMORY;
}

void turns_destroy(struct turns *turns)
{
    if (turns == NULL)
        return;
    for (size_t i = 0; i < turns->count; i++)
        buffer_fini(&turns->places[i].waiting.envelope);
    free(turns->places);
    free(turns);
}

size_t turns_count(const struct turns *turns)
{
    return turns->count;
}

static size_t count_of(
    const struct turns *turns, const struct public_key *researcher)
{
    size_t count = 0;
    for (size_t i = 0; i < turns->count; i++)
        count +=
            public_key_equal(&turns->places[i].waiting.researcher, researcher);
    return count;
}

enum status turns_add(
    struct turns *turns, const struct waiting *waiting, struct view envelope)
{
    if (turns->count == turns->most ||
        envelope.size > TURNS_BYTES_MAX - turns->bytes ||
        count_of(turns, &waiting->researcher) >= TURNS_OF_PERSON_MAX)
        return STATUS_BUSY;
    struct place *place = &turns->places[turns->count];
    place->waiting = *waiting;
    place->arrival = turns->arrivals;
    buffer_init(&place->waiting.envelope, BUFFER_LIMIT_DEFAULT);
    enum status status =
        buffer_append(&place->waiting.envelope, envelope.data, envelope.size);
    if (status != STATUS_OK) {
        buffer_fini(&place->waiting.envelope);
        return status;
    }
    turns->arrivals++;
    turns->count++;
    turns->bytes += envelope.size;
    return STATUS_OK;
}

struct waiting *turns_find(struct turns *turns, const struct digest *id)
{
    for (size_t i = 0; i < turns->count; i++) {
        if (digest_equal(&turns->places[i].waiting.id, id))
            return &turns->places[i].waiting;
    }
    return NULL;
}

/* The others keep their order. */
bool turns_take(
    struct turns *turns, const struct digest *id, struct waiting *out)
{
    for (size_t i = 0; i < turns->count; i++) {
        if (!digest_equal(&turns->places[i].waiting.id, id))
            continue;
        *out = turns->places[i].waiting;
        turns->bytes -= out->envelope.size;
        turns->count--;
        for (; i < turns->count; i++)
            turns->places[i] = turns->places[i + 1];
        return true;
    }
    return false;
}

static int by_arrival(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

static int by_turn(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->waiting.ahead != b->waiting.ahead)
        return a->waiting.ahead < b->waiting.ahead ? -1 : 1;
    return by_arrival(left, right);
}

/* The person's last question before this one, or those that are open. */
static size_t count_ahead(const struct turns *turns, size_t at,
    size_t (*open)(void *arg, const struct public_key *researcher), void *arg)
{
    const struct public_key *researcher = &turns->places[at].waiting.researcher;
    for (size_t i = at; i-- > 0;) {
        const struct waiting *before = &turns->places[i].waiting;
        if (public_key_equal(&before->researcher, researcher))
            return before->ahead + 1;
    }
    return open(arg, researcher);
}

void turns_order(struct turns *turns,
    size_t (*open)(void *arg, const struct public_key *researcher), void *arg)
{
    qsort(turns->places, turns->count, sizeof *turns->places, by_arrival);
    for (size_t i = 0; i < turns->count; i++)
        turns->places[i].waiting.ahead = count_ahead(turns, i, open, arg);
    qsort(turns->places, turns->count, sizeof *turns->places, by_turn);
}

struct waiting *turns_at(struct turns *turns, size_t place)
{
    return place < turns->count ? &turns->places[place].waiting : NULL;
}
