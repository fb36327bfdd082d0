#include "coordinator/freezes.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/wire/envelope.h"

struct entry {
    struct public_key center;
    int64_t latest;
    size_t count;
    struct freeze_reading *readings;
};

struct freezes {
    size_t count;
    struct entry *entries;
};

enum status freezes_create(struct freezes **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void freezes_destroy(struct freezes *freezes)
{
    if (freezes == NULL)
        return;
    for (size_t i = 0; i < freezes->count; i++)
        free(freezes->entries[i].readings);
    free(freezes->entries);
    free(freezes);
}

static struct entry *find(
    const struct freezes *freezes, const struct public_key *center)
{
    for (size_t i = 0; i < freezes->count; i++) {
        if (public_key_equal(&freezes->entries[i].center, center))
            return &freezes->entries[i];
    }
    return NULL;
}

static enum status get(struct freezes *freezes, const struct public_key *center,
    struct entry **out)
{
    *out = find(freezes, center);
    if (*out != NULL)
        return STATUS_OK;
    struct entry *larger =
        reallocarray(freezes->entries, freezes->count + 1, sizeof *larger);
    if (larger == NULL)
        return STATUS_NO_MEMORY;
    freezes->entries = larger;
    *out = &larger[freezes->count++];
    **out = (struct entry){.center = *center};
    return STATUS_OK;
}

/* An empty one: there is none yet. */
static enum status read_latest(
    int64_t *latest, const struct identity *center, struct view bytes)
{
    struct envelope *envelope = NULL;
    struct freeze freeze;
    struct diagnostic diagnostic;
    diagnostic_init(&diagnostic, "freeze");
    *latest = 0;
    if (bytes.size == 0)
        return STATUS_OK;
    enum status status = envelope_decode(&envelope, bytes);
    if (status == STATUS_OK)
        status = envelope_verify(envelope, TYPE_FREEZE, &center->sign);
    if (status == STATUS_OK)
        status =
            freeze_parse(&freeze, buffer_view(&envelope->payload), &diagnostic);
    if (status == STATUS_OK)
        *latest = freeze.number;
    envelope_destroy(envelope);
    return status;
}

enum status freezes_take(struct freezes *freezes, const struct identity *center,
    const struct message *message, int64_t *latest)
{
    struct entry *entry;
    size_t count = 0;
    struct freeze_reading *readings =
        calloc(FREEZE_READINGS_MAX, sizeof *readings);
    enum status status = readings == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK)
        status = read_latest(latest, center, message->document);
    if (status == STATUS_OK)
        status = freeze_read_readings(readings, &count, message->body);
    if (status == STATUS_OK)
        status = get(freezes, &center->sign, &entry);
    if (status != STATUS_OK) {
        free(readings);
        return status;
    }
    struct freeze_reading *fitted =
        reallocarray(readings, count + 1, sizeof *readings);
    free(entry->readings);
    entry->latest = *latest;
    entry->count = count;
    entry->readings = fitted == NULL ? readings : fitted;
    return STATUS_OK;
}

bool freezes_known(
    const struct freezes *freezes, const struct public_key *center)
{
    return find(freezes, center) != NULL;
}

int64_t freezes_of_study(const struct freezes *freezes,
    const struct public_key *center, const struct digest *study, int64_t move)
{
    const struct entry *entry = find(freezes, center);
    if (entry == NULL)
        return 0;
    return freeze_of_study(entry->readings, entry->count,
        &(struct freeze_reading){*study, move, entry->latest});
}
