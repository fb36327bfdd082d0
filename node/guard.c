#include "node/guard.h"

#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/analysis/people.h"
#include "protocol/masking/steps.h"
#include "protocol/wire/defence.h"

#define NONCE_BYTES_SEAL crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

struct guard {
    uint8_t *key;   /* guarded memory */
    int64_t loaded; /* last row of the store that is in `cohorts` */
    size_t count, capacity;
    roaring_bitmap_t **cohorts; /* oldest first */
    int64_t generation;
    size_t number_count;
    uint32_t *numbers; /* of the frame's patients */
};

struct guard_people {
    size_t count;
    roaring_bitmap_t *cohorts[GUARD_LEVELS_MAX + 1]; /* [0]: the whole */
};

enum status guard_create(struct guard **out, const struct keypair *keys)
{
    static const char label[] = "cohortium/guard/1";
    *out = NULL;
    struct guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return STATUS_NO_MEMORY;
    guard->generation = -1;
    guard->key = sodium_malloc(32);
    if (guard->key == NULL) {
        free(guard);
        return STATUS_NO_MEMORY;
    }
    crypto_generichash(guard->key, 32, (const uint8_t *)label, sizeof label,
        keypair_curve_secret(keys), KEY_BYTES);
    *out = guard;
    return STATUS_OK;
}

static void forget_cohorts(struct guard *guard)
{
    for (size_t i = 0; i < guard->count; i++)
        roaring_bitmap_free(guard->cohorts[i]);
    guard->count = 0;
    guard->loaded = 0;
}

void guard_destroy(struct guard *guard)
{
    if (guard == NULL)
        return;
    forget_cohorts(guard);
    free(guard->cohorts);
    free(guard->numbers);
    sodium_free(guard->key);
    free(guard);
}

void guard_people_destroy(struct guard_people *people)
{
    if (people == NULL)
        return;
    for (size_t i = 0; i < people->count; i++)
        roaring_bitmap_free(people->cohorts[i]);
    free(people);
}

/* ---- at rest ---- */

static enum status seal(const struct guard *guard, struct buffer *out,
    const roaring_bitmap_t *cohort)
{
    size_t size = roaring_bitmap_portable_size_in_bytes(cohort);
    uint8_t *box;
    char *plain = malloc(size + 1);
    enum status status =
        buffer_extend(out, &box, NONCE_BYTES_SEAL + size + TAG_BYTES);
    if (plain == NULL || status != STATUS_OK) {
        free(plain);
        return STATUS_NO_MEMORY;
    }
    roaring_bitmap_portable_serialize(cohort, plain);
    randombytes_buf(box, NONCE_BYTES_SEAL);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE_BYTES_SEAL, NULL,
        (const uint8_t *)plain, size, NULL, 0, NULL, box, guard->key);
    sodium_memzero(plain, size);
    free(plain);
    return STATUS_OK;
}

static enum status unseal(
    const struct guard *guard, roaring_bitmap_t **out, struct view box)
{
    *out = NULL;
    if (box.size < NONCE_BYTES_SEAL + TAG_BYTES)
        return STATUS_CORRUPT;
    size_t size = box.size - NONCE_BYTES_SEAL - TAG_BYTES;
    char *plain = malloc(size + 1);
    if (plain == NULL)
        return STATUS_NO_MEMORY;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain, NULL, NULL,
            box.data + NONCE_BYTES_SEAL, box.size - NONCE_BYTES_SEAL, NULL, 0,
            box.data, guard->key) == 0)
        *out = roaring_bitmap_portable_deserialize_safe(plain, size);
    sodium_memzero(plain, size);
    free(plain);
    return *out == NULL ? STATUS_CORRUPT : STATUS_OK;
}

/* ---- loading ---- */

static enum status keep(struct guard *guard, roaring_bitmap_t *cohort)
{
    if (guard->count == guard->capacity) {
        size_t capacity = guard->capacity == 0 ? 64 : guard->capacity * 2;
        roaring_bitmap_t **larger =
            reallocarray(guard->cohorts, capacity, sizeof(roaring_bitmap_t *));
        if (larger == NULL) {
            roaring_bitmap_free(cohort);
            return STATUS_NO_MEMORY;
        }
        guard->cohorts = larger;
        guard->capacity = capacity;
    }
    guard->cohorts[guard->count++] = cohort;
    return STATUS_OK;
}

static enum status load_cohort(void *arg, int64_t row, struct view box)
{
    struct guard *guard = arg;
    roaring_bitmap_t *cohort;
    enum status status = unseal(guard, &cohort, box);
    if (status == STATUS_OK)
        status = keep(guard, cohort);
    guard->loaded = row;
    return status;
}

static enum status take_number(void *arg, uint32_t number)
{
    struct guard *guard = arg;
    if ((guard->number_count & (guard->number_count - 1)) == 0) {
        size_t capacity =
            guard->number_count == 0 ? 1 : guard->number_count * 2;
        uint32_t *larger =
            reallocarray(guard->numbers, capacity, sizeof *larger);
        if (larger == NULL)
            return STATUS_NO_MEMORY;
        guard->numbers = larger;
    }
    guard->numbers[guard->number_count++] = number;
    return STATUS_OK;
}

/* Patients have one number for ever; their places in the frame change. */
static enum status load_numbers(
    struct guard *guard, struct store *store, const struct frame *frame)
{
    if (guard->generation == frame_generation(frame))
        return STATUS_OK;
    guard->number_count = 0;
    enum status status = store_number_patients(store);
    if (status == STATUS_OK)
        status = store_visit_numbers(store, take_number, guard);
    if (status == STATUS_OK &&
        guard->number_count != frame_rows(frame)->patient_count)
        status = STATUS_BUSY; /* changed while it was read: ask again */
    if (status == STATUS_OK)
        guard->generation = frame_generation(frame);
    return status;
}

static enum status load(struct guard *guard, struct store *store, int64_t now)
{
    bool dropped = false;
    enum status status = store_drop_cohorts(store, now, &dropped);
    if (dropped)
        forget_cohorts(guard);
    return status == STATUS_OK
               ? store_visit_cohorts(store, guard->loaded, load_cohort, guard)
               : status;
}

/* ---- the people of a question ---- */

struct gathering {
    const struct guard *guard;
    struct guard_people *people;
};

static void add_person(void *arg, uint32_t patient, size_t level)
{
    struct gathering *gathering = arg;
    uint32_t number = gathering->guard->numbers[patient];
    roaring_bitmap_add(gathering->people->cohorts[0], number);
    if (level + 1 < gathering->people->count)
        roaring_bitmap_add(gathering->people->cohorts[level + 1], number);
}

static enum status gather(const struct guard *guard, struct guard_people **out,
    const struct frame *frame, const struct plan *plan)
{
    struct guard_people *people = calloc(1, sizeof *people);
    size_t levels = plan->query->by_count == 0 ? 0 : plan->level_count;
    enum status status = people == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (levels > GUARD_LEVELS_MAX)
        levels = 0;
    for (size_t i = 0; status == STATUS_OK && i < levels + 1; i++) {
        people->cohorts[i] = roaring_bitmap_create();
        people->count = i + 1;
        if (people->cohorts[i] == NULL)
            status = STATUS_NO_MEMORY;
    }
    struct gathering gathering = {guard, people};
    if (status == STATUS_OK)
        status =
            plan_visit_people(plan, frame_rows(frame), add_person, &gathering);
    if (status != STATUS_OK) {
        guard_people_destroy(people);
        return status;
    }
    *out = people;
    return STATUS_OK;
}

/* ---- D13, D14 ---- */

static void note_difference(int64_t *closest, uint64_t difference)
{
    if (difference > 0 && (int64_t)difference < *closest)
        *closest = (int64_t)difference;
}

static void compare(
    int64_t *closest, const roaring_bitmap_t *a, const roaring_bitmap_t *b)
{
    uint64_t both = roaring_bitmap_and_cardinality(a, b);
    note_difference(closest, roaring_bitmap_get_cardinality(a) - both);
    note_difference(closest, roaring_bitmap_get_cardinality(b) - both);
}

/* A set that two earlier ones make: its size, and how much of it is in A. */
static void note_made(
    int64_t *closest, uint64_t people, uint64_t made, uint64_t both)
{
    if (made == 0)
        return;
    note_difference(closest, people - both);
    note_difference(closest, made - both);
}

/* Sizes alone: nothing is made. x holds A with each earlier one in common. */
static void compare_pair(int64_t *closest, const roaring_bitmap_t *a,
    roaring_bitmap_t *const *x, const roaring_bitmap_t *const *earlier)
{
    uint64_t people = roaring_bitmap_get_cardinality(a);
    uint64_t b = roaring_bitmap_get_cardinality(earlier[0]);
    uint64_t c = roaring_bitmap_get_cardinality(earlier[1]);
    uint64_t ab = roaring_bitmap_get_cardinality(x[0]);
    uint64_t ac = roaring_bitmap_get_cardinality(x[1]);
    uint64_t bc = roaring_bitmap_and_cardinality(earlier[0], earlier[1]);
    uint64_t abc = roaring_bitmap_and_cardinality(x[0], earlier[1]);
    note_made(closest, people, b + c - bc, ab + ac - abc);
    note_made(closest, people, bc, abc);
    note_made(closest, people, b - bc, ab - abc);
    note_made(closest, people, c - bc, ac - abc);
}

static enum status compare_pairs(
    const struct guard *guard, int64_t *closest, const roaring_bitmap_t *a)
{
    roaring_bitmap_t *common[GUARD_PAIRS] = {NULL};
    size_t count = guard->count < GUARD_PAIRS ? guard->count : GUARD_PAIRS;
    roaring_bitmap_t *const *last = guard->cohorts + guard->count - count;
    for (size_t i = 0; i < count; i++)
        common[i] = roaring_bitmap_and(a, last[i]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; common[i] != NULL && j < i; j++) {
            roaring_bitmap_t *const x[2] = {common[i], common[j]};
            const roaring_bitmap_t *const earlier[2] = {last[i], last[j]};
            if (common[j] != NULL)
                compare_pair(closest, a, x, earlier);
        }
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (common[i] == NULL)
            status = STATUS_NO_MEMORY;
        else
            roaring_bitmap_free(common[i]);
    }
    return status;
}

enum status guard_closest(const struct guard *guard,
    const struct guard_people *people, int64_t *closest)
{
    enum status status = STATUS_OK;
    *closest = INT64_MAX;
    for (size_t p = 0; status == STATUS_OK && p < people->count; p++) {
        const roaring_bitmap_t *a = people->cohorts[p];
        if (roaring_bitmap_is_empty(a))
            continue;
        for (size_t i = 0; i < guard->count; i++)
            compare(closest, a, guard->cohorts[i]);
        if (p == 0 && DEFENCE("pairs"))
            status = compare_pairs(guard, closest, a);
    }
    return status;
}

enum status guard_check(struct guard *guard, struct guard_people **out,
    struct store *store, const struct frame *frame, const struct plan *plan,
    int64_t min_cell, int64_t now)
{
    int64_t closest = INT64_MAX;
    *out = NULL;
    enum status status = load_numbers(guard, store, frame);
    if (status == STATUS_OK)
        status = load(guard, store, now);
    if (status == STATUS_OK)
        status = gather(guard, out, frame, plan);
    if (status == STATUS_OK && min_cell > 1) /* with 1 nothing is too close */
        status = guard_closest(guard, *out, &closest);
    if (status == STATUS_OK && closest < min_cell && DEFENCE("differencing"))
        status = STATUS_TOO_CLOSE;
    if (status != STATUS_OK) {
        guard_people_destroy(*out);
        *out = NULL;
    }
    return status;
}

enum status guard_record(struct guard *guard, struct store *store,
    const struct guard_people *people, const struct digest *study,
    int64_t until)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < people->count; i++) {
        struct buffer box;
        if (roaring_bitmap_is_empty(people->cohorts[i]))
            continue;
        buffer_init(&box, BUFFER_LIMIT_DEFAULT);
        status = seal(guard, &box, people->cohorts[i]);
        if (status == STATUS_OK)
            status = store_put_cohort(store, study, until, buffer_view(&box));
        buffer_fini(&box);
    }
    return status;
}

enum status guard_people_create(
    struct guard_people **out, const uint32_t *numbers, size_t count)
{
    struct guard_people *people = calloc(1, sizeof *people);
    *out = people;
    if (people == NULL)
        return STATUS_NO_MEMORY;
    people->count = 1;
    people->cohorts[0] = roaring_bitmap_of_ptr(count, numbers);
    return people->cohorts[0] == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status guard_remember(
    struct guard *guard, const struct guard_people *people)
{
    roaring_bitmap_t *copy = roaring_bitmap_copy(people->cohorts[0]);
    return copy == NULL ? STATUS_NO_MEMORY : keep(guard, copy);
}

/* ---- centers ---- */

struct center_sets {
    const uint32_t *centers;
    size_t count;
    bool close, known;
};

static size_t count_missing(
    const uint8_t *in, size_t in_size, const uint32_t *centers, size_t count)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; !found && k + 4 <= in_size; k += 4)
            found = memcmp(in + k, &centers[i], 4) == 0;
        missing += !found;
    }
    return missing;
}

static enum status compare_centers(void *arg, struct view earlier)
{
    struct center_sets *sets = arg;
    size_t only_new =
        count_missing(earlier.data, earlier.size, sets->centers, sets->count);
    size_t only_old = earlier.size / 4 - (sets->count - only_new);
    sets->known = sets->known || (only_new == 0 && only_old == 0);
    sets->close = sets->close ||
                  (only_new > 0 && only_new < MASKING_CENTERS_MIN) ||
                  (only_old > 0 && only_old < MASKING_CENTERS_MIN);
    return STATUS_OK;
}

enum status guard_check_centers(struct store *store,
    const struct digest *people, const uint32_t *centers, size_t count,
    int64_t until)
{
    struct center_sets sets = {.centers = centers, .count = count};
    enum status status =
        store_visit_center_sets(store, people, compare_centers, &sets);
    if (status == STATUS_OK && sets.close && DEFENCE("center-sets"))
        return STATUS_TOO_CLOSE;
    if (status != STATUS_OK || sets.known)
        return status;
    return store_put_center_set(store, people, until,
        (struct view){(const uint8_t *)centers, count * sizeof *centers});
}
