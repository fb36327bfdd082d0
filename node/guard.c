#include "node/guard.h"

#include <roaring/roaring.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/guard_pairs.h"
#include "protocol/analysis/people.h"
#include "protocol/wire/defence.h"

#define NONCE_BYTES_SEAL crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

struct guard {
    uint8_t *key;   /* guarded memory */
    int64_t loaded; /* last row of the store that is in `cohorts` */
    size_t count, capacity;
    roaring_bitmap_t **cohorts; /* oldest first */
    struct guard_pairs *pairs;  /* the last of them; NULL: none yet */
    size_t paired;              /* of `cohorts`, so many were given to it */
    int64_t generation;
    size_t number_count;
    uint32_t *numbers; /* of the frame's patients */
};

struct guard_people {
    int64_t compared; /* with the store's rows up to this one */
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
    guard_pairs_destroy(guard->pairs);
    guard->pairs = NULL;
    guard->count = guard->paired = 0;
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

static bool is_few(uint64_t people, int64_t limit)
{
    return people > 0 && people < (uint64_t)limit;
}

/* D13 */
static bool is_close_to_one(
    const struct guard *guard, const roaring_bitmap_t *a, int64_t limit)
{
    const uint64_t people = roaring_bitmap_get_cardinality(a);
    for (size_t i = 0; i < guard->count; i++) {
        const roaring_bitmap_t *b = guard->cohorts[i];
        uint64_t both = roaring_bitmap_and_cardinality(a, b);
        if (is_few(people - both, limit) ||
            is_few(roaring_bitmap_get_cardinality(b) - both, limit))
            return true;
    }
    return false;
}

/* The numbers in it; NULL: no memory. Caller frees. */
static uint32_t *list_numbers(const roaring_bitmap_t *cohort, size_t *count)
{
    *count = roaring_bitmap_get_cardinality(cohort);
    uint32_t *numbers = calloc(*count + 1, sizeof *numbers);
    if (numbers != NULL)
        roaring_bitmap_to_uint32_array(cohort, numbers);
    return numbers;
}

/* Room for half as many people again, so that it is seldom made anew. */
static enum status make_pairs(struct guard *guard, size_t first)
{
    uint32_t largest = 0;
    for (size_t i = first; i < guard->count; i++) {
        uint32_t last = roaring_bitmap_maximum(guard->cohorts[i]);
        largest = last > largest ? last : largest;
    }
    if (guard->pairs != NULL && largest < guard_pairs_people(guard->pairs))
        return STATUS_OK;
    guard_pairs_destroy(guard->pairs);
    guard->paired = 0;
    return guard_pairs_create(&guard->pairs, largest + largest / 2 + 64);
}

/* The last cohorts into `pairs`, as far as they are not there. */
static enum status catch_up_pairs(struct guard *guard)
{
    const size_t first =
        guard->count < GUARD_PAIRS ? 0 : guard->count - GUARD_PAIRS;
    enum status status = make_pairs(guard, first);
    size_t i = guard->paired > first ? guard->paired : first;
    for (; status == STATUS_OK && i < guard->count; i++) {
        size_t count;
        uint32_t *numbers = list_numbers(guard->cohorts[i], &count);
        if (numbers == NULL)
            return STATUS_NO_MEMORY;
        guard_pairs_add(guard->pairs, numbers, count);
        guard->paired = i + 1;
        free(numbers);
    }
    return status;
}

/* D14 */
static enum status find_close_pair(
    struct guard *guard, const roaring_bitmap_t *a, int64_t limit, bool *close)
{
    size_t count;
    uint32_t *numbers = list_numbers(a, &count);
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    *close = guard_pairs_are_close(guard->pairs, numbers, count, limit);
    free(numbers);
    return STATUS_OK;
}

enum status guard_compare(struct guard *guard,
    const struct guard_people *people, int64_t limit, bool *close)
{
    *close = false;
    enum status status = catch_up_pairs(guard);
    for (size_t p = 0; status == STATUS_OK && !*close && p < people->count;
         p++) {
        const roaring_bitmap_t *a = people->cohorts[p];
        if (roaring_bitmap_is_empty(a))
            continue;
        *close = is_close_to_one(guard, a, limit);
        if (!*close && DEFENCE("pairs"))
            status = find_close_pair(guard, a, limit, close);
    }
    return status;
}

/* With a limit of 1 nothing is too close. */
static enum status refuse_close(
    struct guard *guard, struct guard_people *people, int64_t limit)
{
    bool close = false;
    enum status status = STATUS_OK;
    if (limit > 1 && DEFENCE("differencing"))
        status = guard_compare(guard, people, limit, &close);
    people->compared = guard->loaded;
    return status == STATUS_OK && close ? STATUS_TOO_CLOSE : status;
}

enum status guard_check(struct guard *guard, struct guard_people **out,
    struct store *store, const struct frame *frame, const struct plan *plan,
    int64_t min_cell, int64_t now)
{
    *out = NULL;
    enum status status = load_numbers(guard, store, frame);
    if (status == STATUS_OK)
        status = load(guard, store, now);
    if (status == STATUS_OK)
        status = gather(guard, out, frame, plan);
    if (status == STATUS_OK)
        status = refuse_close(guard, *out, min_cell);
    if (status != STATUS_OK) {
        guard_people_destroy(*out);
        *out = NULL;
    }
    return status;
}

enum status guard_check_again(struct guard *guard, struct guard_people *people,
    struct store *store, int64_t min_cell, int64_t now)
{
    enum status status = load(guard, store, now);
    return status == STATUS_OK && people->compared != guard->loaded &&
                   DEFENCE("compared-again")
               ? refuse_close(guard, people, min_cell)
               : status;
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

enum status guard_people_digest(const struct guard *guard,
    const struct guard_people *people, struct digest *out, bool *nobody)
{
    size_t count;
    uint32_t *numbers = list_numbers(people->cohorts[0], &count);
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    crypto_generichash(out->bytes, DIGEST_BYTES, (const uint8_t *)numbers,
        count * sizeof *numbers, guard->key, KEY_BYTES);
    *nobody = count == 0;
    free(numbers);
    return STATUS_OK;
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
